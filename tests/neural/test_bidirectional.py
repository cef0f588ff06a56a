"""Reading in both directions, against torch.nn, and who may see what."""

import numpy as np
import pytest
import torch

from lmcourse.neural.bidirectional import (
    BidirectionalLayer,
    BidirectionalLM,
    LayerMix,
    read_backward,
    reverse,
)
from lmcourse.neural.initial import draw_weights
from lmcourse.neural.recurrent import RecurrentLayer

RNG = np.random.default_rng(0)


def drawn(module):
    draw_weights(module, np.random.default_rng(1))
    return module


def torch_like(layer, kind):
    """torch's layer with the same weights."""
    theirs = kind(layer.ahead.weight_ih.shape[1], layer.ahead.d_hidden, bidirectional=True, batch_first=True)
    for ours, suffix in ((layer.ahead, ""), (layer.back, "_reverse")):
        for name, value in ours.named_parameters():
            getattr(theirs, f"{name}_l0{suffix}").data.copy_(value)
    return theirs


@pytest.mark.parametrize(
    ("cell", "kind"), [("rnn", torch.nn.RNN), ("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)]
)
def test_a_layer_is_torchs(cell, kind):
    layer = BidirectionalLayer(cell, 3, 5)
    inputs = torch.from_numpy(RNG.normal(size=(2, 7, 3))).float().requires_grad_()
    theirs = torch_like(layer, kind)
    ours, expected = layer(inputs), theirs(inputs)[0]
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)
    (grad,) = torch.autograd.grad(ours.square().sum(), inputs)
    (wanted,) = torch.autograd.grad(expected.square().sum(), inputs)
    torch.testing.assert_close(grad, wanted, rtol=1e-5, atol=1e-5)


def test_rows_of_different_lengths_are_torchs_packed_ones():
    layer = BidirectionalLayer("gru", 3, 5)
    inputs, lengths = torch.randn(3, 6, 3), torch.tensor([6, 2, 4])
    packed = torch.nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(torch_like(layer, torch.nn.GRU)(packed)[0], True)
    ours = layer(inputs, lengths)
    for row, length in enumerate(lengths):
        torch.testing.assert_close(ours[row, :length], expected[row, :length], rtol=1e-5, atol=1e-6)


def test_a_row_is_turned_round_within_its_length():
    rows = torch.tensor([[1, 2, 3, 9], [4, 9, 9, 9], [5, 6, 7, 8]])
    lengths = torch.tensor([3, 1, 4])
    assert reverse(rows, lengths).tolist() == [[3, 2, 1, 9], [4, 9, 9, 9], [8, 7, 6, 5]]
    assert torch.equal(reverse(reverse(rows, lengths), lengths), rows)
    assert torch.equal(reverse(rows), rows.flip(1))


def test_a_state_from_the_right_knows_its_own_token_and_what_follows():
    layer = RecurrentLayer("rnn", 1, 1)
    with torch.no_grad():
        for parameter, value in zip(layer.parameters(), (1.0, 1.0, 0.0, 0.0)):
            parameter.fill_(value)
    # with W = U = 1: h_2 = tanh 3, h_1 = tanh(2 + h_2), h_0 = tanh(1 + h_1)
    h2 = np.tanh(3)
    h1 = np.tanh(2 + h2)
    states = read_backward(layer, torch.tensor([[[1.0], [2.0], [3.0]]]))
    np.testing.assert_allclose(states[0, :, 0].detach(), [np.tanh(1 + h1), h1, h2], rtol=1e-6)


def test_neither_direction_sees_what_it_predicts():
    """A change at place 3 moves nothing before it from the left, and nothing behind it from the right."""
    module = drawn(BidirectionalLM(7, 4))
    text = torch.tensor([[1, 2, 3, 4, 5, 6]])
    other = text.clone()
    other[0, 3] = 0
    (ahead, back), (ahead_2, back_2) = module.directions(text), module.directions(other)
    for layer in range(3):
        assert torch.equal(ahead[layer][:, :3], ahead_2[layer][:, :3])
        assert torch.equal(back[layer][:, 4:], back_2[layer][:, 4:])
        assert not torch.equal(ahead[layer][:, 3], ahead_2[layer][:, 3])
        assert not torch.equal(back[layer][:, 3], back_2[layer][:, 3])
    assert not torch.equal(ahead[2][:, 5], ahead_2[2][:, 5])  # and what comes later knows of it
    assert not torch.equal(back[2][:, 0], back_2[2][:, 0])


def test_the_two_losses_are_each_directions_own():
    """Token by token: p(next) from the states of the left, p(last) from those of the right."""
    module = drawn(BidirectionalLM(5, 3))
    text = torch.tensor([[1, 4, 0, 2]])
    ahead, back = module.directions(text)
    nexts, lasts = module.output(ahead[-1]).log_softmax(-1), module.output(back[-1]).log_softmax(-1)
    expected_next = -(nexts[0, 0, 4] + nexts[0, 1, 0] + nexts[0, 2, 2]) / 3
    expected_last = -(lasts[0, 1, 1] + lasts[0, 2, 4] + lasts[0, 3, 0]) / 3
    torch.testing.assert_close(module.losses(text), (expected_next, expected_last))


def test_reading_from_the_right_is_reading_the_mirrored_text_from_the_left():
    """With the weights of the two stacks exchanged, the two losses of the mirrored text are exchanged."""
    module, mirrored = drawn(BidirectionalLM(5, 3)), drawn(BidirectionalLM(5, 3))
    state = {
        name.replace("ahead", "?").replace("back", "ahead").replace("?", "back"): value
        for name, value in module.state_dict().items()
    }
    mirrored.load_state_dict(state)
    text = torch.tensor([[1, 4, 0, 2, 2]])
    left, right = module.losses(text)
    torch.testing.assert_close(mirrored.losses(text.flip(1)), (right, left))


def test_layers_stand_side_by_side_and_the_second_is_added_to_the_first():
    module = drawn(BidirectionalLM(5, 3))
    text = torch.tensor([[1, 4, 0, 2]])
    layers = module.layers(text)
    assert layers.shape == (3, 1, 4, 6)
    vectors = module.embedding(text)
    torch.testing.assert_close(layers[0], torch.cat([vectors, vectors], -1))
    first, _ = module.ahead[0](vectors, module.ahead[0].start(1))
    second, _ = module.ahead[1](first, module.ahead[1].start(1))
    torch.testing.assert_close(layers[1][..., :3], first)
    torch.testing.assert_close(layers[2][..., :3], first + second)


def test_a_mixture_is_a_weighted_sum():
    mix = LayerMix(3)
    layers = torch.tensor([[1.0, 0.0], [4.0, 3.0], [7.0, 0.0]])
    torch.testing.assert_close(mix(layers), torch.tensor([4.0, 1.0]))  # (1 + 4 + 7)/3, 3/3
    with torch.no_grad():
        mix.scores.copy_(torch.tensor([1.0, 2.0, 1.0]).log())  # shares 1/4, 1/2, 1/4
        mix.gamma.fill_(2.0)
    torch.testing.assert_close(mix(layers), torch.tensor([8.0, 3.0]))  # 2 (1/4 + 2 + 7/4), 2 (3/2)
    with pytest.raises(ValueError, match="2 layers were given to a mixture of 3"):
        mix(layers[:2])
