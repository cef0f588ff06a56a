"""Bengio's model beside its equation, written out for one place."""

import numpy as np
import pytest
import torch

from lmcourse.neural.feed_forward import FeedForwardNetwork, examples
from lmcourse.neural.torch_model import TorchModel
from lmcourse.vocabulary import Vocabulary

VOCAB = Vocabulary("abc.", separator="")
START = VOCAB.id(".")


@pytest.mark.parametrize(("d_hidden", "direct"), [(5, False), (5, True), (0, True)])
def test_it_is_the_equation(d_hidden, direct):
    torch.manual_seed(0)
    network = FeedForwardNetwork(4, 4, 3, d_hidden, START, direct)
    text = [0, 2, 1, 1, 0]
    weights = {name: value.detach().numpy() for name, value in network.named_parameters()}
    logits = network(torch.tensor([text, text[::-1]])).detach().numpy()
    for place in range(len(text)):
        seen = [START, START, START, *text][place + 1 : place + 4]  # the last three, this one included
        x = np.concatenate([weights["embedding.weight"][token] for token in seen])
        y = 0.0
        if d_hidden:
            hidden = np.tanh(weights["hidden.bias"] + weights["hidden.weight"] @ x)
            y = weights["output.bias"] + weights["output.weight"] @ hidden
        if direct:
            y = y + weights["direct.weight"] @ x + weights.get("direct.bias", 0)
        np.testing.assert_allclose(logits[0, place], y, atol=1e-6)


def test_it_sees_as_far_as_an_n_gram_model():
    torch.manual_seed(0)
    model = TorchModel(FeedForwardNetwork(4, 3, 3, 5, START), VOCAB, start=START)
    same, other = model.next_log_probs([[0, 0, 1, 2], [1, 2]]), model.next_log_probs([[1, 2], [0, 2]])
    np.testing.assert_allclose(same[0], same[1], atol=1e-6)
    assert np.abs(other[0] - other[1]).max() > 1e-3


def test_examples_are_what_the_network_sees_of_a_text():
    torch.manual_seed(0)
    network = FeedForwardNetwork(4, 4, 3, 5, START)
    text = [0, 2, 1, 1, 3]
    contexts, targets = examples([text, [1]], 4, START)
    assert targets.tolist() == [*text, 1]
    before = network(torch.tensor([[START, *text[:-1]]]))[0]
    np.testing.assert_array_equal(network.after(torch.from_numpy(contexts))[:5].detach(), before.detach())
    assert contexts[5].tolist() == [START] * 3


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="the sentences have no token"):
        examples([[], []], 3, START)
    with pytest.raises(ValueError, match="d_hidden=0 without direct=True"):
        FeedForwardNetwork(4, 3, 3, 0, START)
    with pytest.raises(ValueError, match="order=1 must be a whole number, 2 or more"):
        FeedForwardNetwork(4, 1, 3, 5, START)
