"""The LSTM: a step by hand, and the way back written out beside the way back that autograd finds."""

import numpy as np
import pytest
import torch

from lmcourse.neural.lstm import ReadLSTM, lstm_step


def test_an_lstm_by_hand():
    # one unit; i, f, g, o get 0, 0, 0 and a large number: half of c = 4 is kept, 0.5 · tanh 0 is written
    inputs = torch.tensor([[0.0, 0.0, 0.0, 50.0]])
    hidden, memory = lstm_step(
        inputs, (torch.zeros(1, 1), torch.full((1, 1), 4.0)), torch.zeros(4, 1), torch.zeros(4)
    )
    assert memory.item() == 2.0
    assert hidden.item() == pytest.approx(np.tanh(2.0))  # all of it is shown


def given():
    """W x + b (T, B, 4H), h, c and U for a text of 5 tokens in 3 rows, and 4 units."""
    torch.manual_seed(0)
    shapes = ((5, 3, 16), (3, 4), (3, 4), (16, 4))
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


def test_a_text_is_read_step_by_step():
    inputs, hidden, memory, weight_hh = given()
    hiddens, last = ReadLSTM.apply(inputs, hidden, memory, weight_hh)
    for t, said in enumerate(inputs):
        hidden, memory = lstm_step(said, (hidden, memory), weight_hh, torch.zeros(16, dtype=torch.float64))
        torch.testing.assert_close(hiddens[t], hidden)
    torch.testing.assert_close(last, memory)


def test_the_way_back_is_the_slope_of_the_way_forward():
    # each gradient, of hidden states and of the last memory, against differences of function values
    assert torch.autograd.gradcheck(ReadLSTM.apply, given())
