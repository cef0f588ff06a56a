"""Recurrent cells beside torch's own with the same weights; recurrent models beside being asked anew."""

import numpy as np
import pytest
import torch

from lmcourse.decoding import Decoding, generate, generate_batch
from lmcourse.model import LanguageModel
from lmcourse.neural import recurrent
from lmcourse.neural.recurrent import RecurrentLayer, RecurrentModel, RecurrentNetwork
from lmcourse.vocabulary import Vocabulary

CELLS = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
VOCAB = Vocabulary("abc.", separator="")
START = VOCAB.id(".")
each_cell = pytest.mark.parametrize("cell", CELLS)


def pair(cell):
    """Our layer and torch's, with the same weights, in double precision."""
    torch.manual_seed(0)
    theirs = CELLS[cell](5, 7, batch_first=True).double()
    ours = RecurrentLayer(cell, 5, 7).double()
    ours.load_state_dict({name.removesuffix("_l0"): value for name, value in theirs.state_dict().items()})
    return ours, theirs


@each_cell
def test_outputs_and_gradients_are_those_of_torch(cell):
    ours, theirs = pair(cell)
    inputs = torch.randn(3, 6, 5, dtype=torch.float64, requires_grad=True)
    begin = [torch.randn(3, 7, dtype=torch.float64, requires_grad=True) for _ in ours.start(3)]
    given = tuple(part[None] for part in begin)
    found, last = ours(inputs, tuple(begin))
    right, right_last = theirs(inputs, given if cell == "lstm" else given[0])
    torch.testing.assert_close(found, right)
    for part, right_part in zip(last, right_last if cell == "lstm" else [right_last]):
        torch.testing.assert_close(part, right_part[0])
    weighting = torch.randn(3, 6, 7, dtype=torch.float64)
    for mine, other in zip(
        torch.autograd.grad((found * weighting).sum(), [inputs, *begin, *ours.parameters()]),
        torch.autograd.grad((right * weighting).sum(), [inputs, *begin, *theirs.parameters()]),
    ):
        torch.testing.assert_close(mine, other)


@each_cell
@pytest.mark.parametrize("vocab_size", [6, 60])  # fewer tokens than the text has, and more
def test_a_network_is_that_of_torch(cell, vocab_size):
    ours = RecurrentNetwork(vocab_size, 7, 2, cell).draw(np.random.default_rng(0)).double()
    theirs = CELLS[cell](7, 7, num_layers=2, batch_first=True).double()
    with torch.no_grad():
        for i, layer in enumerate(ours.layers):
            for name, value in layer.named_parameters():
                theirs.get_parameter(f"{name}_l{i}").copy_(value)
    token_ids = torch.from_numpy(np.random.default_rng(1).integers(6, size=(3, 5)))
    found, right = ours(token_ids), ours.output(theirs(ours.embedding(token_ids))[0])
    torch.testing.assert_close(found, right)
    weighting = torch.randn(found.shape, dtype=torch.float64)
    alike = [ours.embedding.weight, *ours.output.parameters()]
    of_ours, of_theirs = (
        torch.autograd.grad((logits * weighting).sum(), [*alike, *module.parameters()])
        for logits, module in ((found, ours.layers), (right, theirs))
    )
    for mine, other in zip(of_ours, of_theirs):
        torch.testing.assert_close(mine, other)


def test_what_is_dropped_differs_from_place_to_place():
    network = RecurrentNetwork(2, 20, cell="rnn", dropout=0.5)
    torch.nn.init.zeros_(network.layers[0].weight_hh)  # so that a state depends on its own input alone
    torch.manual_seed(0)
    hidden, _ = network.read(torch.zeros(1, 40, dtype=torch.int64), network.start(1))
    first = hidden[0, :, 0]  # of 40 places with the same token; where it is 0 it was itself dropped
    assert len(first[first != 0].unique()) > 10


def model_of(cell, n_layers=2, dropout=0.5):
    torch.manual_seed(1)
    network = RecurrentNetwork(len(VOCAB), 6, n_layers, cell, dropout)
    with torch.no_grad():
        for parameter in network.parameters():  # so that what it says depends on what it has read
            parameter *= 3
    return RecurrentModel(network, VOCAB, start=START, end=START)


@each_cell
def test_reading_on_is_the_same_as_being_asked_anew(cell):
    model = model_of(cell)
    contexts = [[0, 1], [], [2, 2, 1, 0], [1, 0]]
    reader = model.reader(contexts)
    rng = np.random.default_rng(0)
    for rows in ([0, 1, 2, 3], [3, 3, 0], [2, 1, 0, 0], [1]):
        reader.select(rows)
        contexts = [list(contexts[row]) for row in rows]
        np.testing.assert_allclose(reader.log_probs(), model.next_log_probs(contexts), atol=1e-6)
        tokens = rng.integers(4, size=len(rows)).tolist()
        reader.read(tokens)
        contexts = [[*context, token] for context, token in zip(contexts, tokens)]
        np.testing.assert_allclose(reader.log_probs(), model.next_log_probs(contexts), atol=1e-6)
    reader.select([])
    reader.read([])
    assert reader.log_probs().shape == (0, 4)
    assert model.reader([]).log_probs().shape == (0, 4)


@each_cell
def test_scores_are_those_of_the_interface(cell):
    model = model_of(cell)
    texts = ["abcab.cba", "", "b"]
    for text, terms in zip(texts, model.token_log_probs_of(texts)):
        np.testing.assert_allclose(terms, LanguageModel.token_log_probs(model, text), atol=1e-6)


@each_cell
def test_a_long_text_is_read_in_pieces(cell, monkeypatch):
    model = model_of(cell)
    texts = ["abcab.cba", "ab", "bccb"]
    whole = model.token_log_probs_of(texts)
    after = model.next_log_probs([[0, 1, 2, 2, 1], [2]])
    monkeypatch.setattr(recurrent, "PIECE", 3)
    for pieces, terms in zip(model.token_log_probs_of(texts), whole):
        np.testing.assert_allclose(pieces, terms, atol=1e-6)
    np.testing.assert_allclose(model.next_log_probs([[0, 1, 2, 2, 1], [2]]), after, atol=1e-6)


def test_weights_are_drawn_from_numpys_generator():
    network = RecurrentNetwork(50, 64, cell="gru")
    drawn = [p.clone() for p in network.draw(np.random.default_rng(5)).parameters()]
    torch.manual_seed(9)
    again = RecurrentNetwork(50, 64, cell="gru").draw(np.random.default_rng(5))
    assert all(torch.equal(a, b) for a, b in zip(drawn, again.parameters()))
    # uniform within 1/√64 = 0.125: standard deviation 0.125/√3; embeddings normal
    weights = again.layers[0].weight_hh.detach()
    assert weights.abs().max() <= 0.125
    assert float(weights.std()) == pytest.approx(0.125 / 3**0.5, rel=0.02)
    assert float(again.embedding.weight.detach().std()) == pytest.approx(1, rel=0.05)


def test_a_text_can_be_generated():
    model = model_of("gru")
    rngs = [np.random.default_rng(seed) for seed in range(8)]
    together = generate_batch(model, ["ab"] * 8, 20, Decoding(), rngs)
    alone = [generate(model, "ab", 20, Decoding(), np.random.default_rng(seed)) for seed in range(8)]
    assert together == alone
    assert any(said[-1] == START for said in together)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="cell='srnn' must be one of 'rnn', 'gru', 'lstm'"):
        RecurrentNetwork(4, 6, cell="srnn")
