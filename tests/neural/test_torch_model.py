"""Torch modules behind the interface, beside torch's own arithmetic."""

import numpy as np
import pytest
import torch

from lmcourse.decoding import GREEDY, generate
from lmcourse.information import decode, encode
from lmcourse.model import LanguageModel
from lmcourse.neural import torch_model
from lmcourse.neural.torch_model import TorchModel
from lmcourse.vocabulary import Vocabulary

VOCAB = Vocabulary("abc.", separator="")
START = VOCAB.id(".")


class Recurrent(torch.nn.Module):
    """An embedding, a GRU, dropout (to be switched off when asked), an output layer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = torch.nn.Embedding(4, 6)
        self.gru = torch.nn.GRU(6, 8, batch_first=True)
        self.dropout = torch.nn.Dropout(0.5)
        self.out = torch.nn.Linear(8, 4)
        self.widest = self.passes = 0

    def forward(self, token_ids):
        self.widest = max(self.widest, token_ids.shape[1])
        self.passes += 1
        return self.out(self.dropout(self.gru(self.embedding(token_ids))[0]))


@pytest.fixture
def module():
    return Recurrent()


def by_hand(module, ids):
    """Log-probabilities (V,) after ids, in torch alone."""
    module.eval()
    with torch.no_grad():
        return torch.log_softmax(module(torch.tensor([ids]))[0, -1], dim=-1).numpy()


def test_contexts_of_many_lengths_are_asked_together(module):
    model = TorchModel(module, VOCAB, start=START)
    contexts = [[], [0, 1, 2, 1, 0], [2], [1, 1]]
    rows = model.next_log_probs(contexts)
    np.testing.assert_allclose(rows, [by_hand(module, [START, *c]) for c in contexts], atol=1e-6)
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1, atol=1e-12)
    assert model.next_log_probs([]).shape == (0, 4)


@pytest.mark.parametrize("context_length", [None, 1, 3, 9])
def test_scoring_in_one_pass_equals_the_interface(module, context_length):
    model = TorchModel(module, VOCAB, context_length, start=START)
    text = "abcabbaca."
    np.testing.assert_allclose(
        model.token_log_probs(text), LanguageModel.token_log_probs(model, text), atol=1e-6
    )
    assert module.widest <= (context_length or 10)
    assert model.token_log_probs("").shape == (0,)


def test_the_module_is_asked_without_dropout_and_left_as_it_was(module):
    module.train()
    model = TorchModel(module, VOCAB, start=START)
    first = model.next_log_probs([[0, 1]])
    assert module.training
    np.testing.assert_array_equal(first, model.next_log_probs([[0, 1]]))
    assert not any(p.grad_fn for p in module.parameters())
    module.eval()
    model.next_log_probs([[0]])
    assert not module.training
    module.train()
    module.embedding.eval()  # a part that is frozen stays so
    model.next_log_probs([[0]])
    assert [part.training for part in (module, module.embedding, module.gru)] == [True, False, True]


def test_windows_are_read_many_at_a_time(module, monkeypatch):
    model = TorchModel(module, VOCAB, context_length=3, start=START)
    text = "abcabbaca.bacb"
    whole = model.token_log_probs(text)
    assert module.passes == 1
    monkeypatch.setattr(torch_model, "LOGITS", 5 * 3 * len(VOCAB))  # of 12 windows, five at a time
    np.testing.assert_allclose(model.token_log_probs(text), whole, atol=1e-6)
    assert module.passes == 1 + 3
    contexts = [VOCAB.encode(text)[:n] for n in range(7)]
    np.testing.assert_allclose(
        model.next_log_probs(contexts), [by_hand(module, [START, *c][-3:]) for c in contexts], atol=1e-6
    )
    assert module.passes == 1 + 3 + 2 + 7  # the last 7 by hand


@pytest.mark.parametrize("context_length", [None, 3])
def test_many_texts_are_scored_in_one_pass_each_as_if_alone(module, context_length):
    model = TorchModel(module, VOCAB, context_length, start=START)
    texts = ["abcab.", "", "c", "bb.acbaabcca."]
    together = model.token_log_probs_of(texts)
    assert module.passes == 1
    for text, terms in zip(texts, together):
        np.testing.assert_allclose(terms, LanguageModel.token_log_probs(model, text), atol=1e-6)
    assert model.token_log_probs_of([]) == []


def test_a_subclass_may_spare_the_logits_of_other_places(module):
    class Sparing(TorchModel):
        """Puts through the output layer what is asked for."""

        asked = 0

        def logits(self, token_ids, rows, places):
            hidden = module.gru(module.embedding(token_ids))[0][rows, places]
            self.asked += len(hidden)
            return module.out(hidden)

    sparing, model = (kind(module, VOCAB, start=START) for kind in (Sparing, TorchModel))
    contexts = [[0, 1, 2, 1], [2], []]
    np.testing.assert_allclose(sparing.next_log_probs(contexts), model.next_log_probs(contexts), atol=1e-6)
    assert sparing.asked == 3


def test_everything_else_works_on_it(module):
    model = TorchModel(module, VOCAB, context_length=4, start=START, end=START)
    said = generate(model, max_tokens=8, decoding=GREEDY)
    for i, token in enumerate(said):  # the start token leaves the window as the text grows
        assert token == int(np.argmax(by_hand(module, [START, *said[:i]][-4:])))
    ids = VOCAB.encode("abcabcabcacb.")
    assert decode(model, encode(model, ids), len(ids)) == ids


def test_bad_input_is_named(module):
    model = TorchModel(module, VOCAB)
    for call in (lambda: model.next_log_probs([[0], []]), lambda: model.token_log_probs("ab")):
        with pytest.raises(ValueError, match=r"no start token, .* give start="):
            call()
    assert model.next_log_probs([[0]]).shape == (1, 4)
    with pytest.raises(ValueError, match="token id 4 is not an integer from 0 to 3"):
        TorchModel(module, VOCAB, start=4)
    with pytest.raises(ValueError, match=r"shape \(1, 1, 4\), not \(B, T, V\) = \(1, 1, 3\)"):
        TorchModel(module, Vocabulary("abc", separator="")).next_log_probs([[0]])
    with torch.no_grad():
        module.out.bias[0] = torch.nan
    with pytest.raises(ValueError, match=r"NaN.*diverge"):
        model.next_log_probs([[0]])
