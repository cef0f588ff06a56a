"""The toys of `memory_spans`: the text is what it says, and models whose loss is known get that loss."""

import math

import numpy as np
import pytest

from lmcourse.experiments.memory_spans import (
    RECALL,
    excess,
    known,
    recall_bits,
    recall_stream,
    right_numbers,
    sentence_batches,
)
from lmcourse.neural.recurrent import RecurrentNetwork
from lmcourse.world import ShortMemory, memory_entropies


def test_the_answer_is_the_letter_so_many_tokens_before():
    ids, answers, backs = recall_stream((2, 5), 200, np.random.default_rng(0))
    assert len(ids) >= 200
    assert set(backs) == {2, 5}
    np.testing.assert_array_equal(ids[answers], ids[answers - backs])
    text = "".join(RECALL[i] for i in ids[: answers[0] + 1])
    assert text == text[0] + "." * (backs[0] - 2) + "?" + text[0]
    assert set(ids[answers]) == {0, 1}


def test_who_knows_nothing_pays_one_bit_at_an_answer():
    ids, answers, _ = recall_stream((4,), 100, np.random.default_rng(0))
    network = RecurrentNetwork(4, 3, cell="rnn")
    for parameter in network.parameters():
        parameter.data.zero_()
    assert recall_bits(network, ids, answers) == pytest.approx(np.ones(len(answers)))
    network.output.bias.data[0] = math.log(3)  # the letter a has 3/4, against b alone
    paid = recall_bits(network, ids, answers)
    assert paid[ids[answers] == 0] == pytest.approx(math.log2(4 / 3))
    assert paid[ids[answers] == 1] == pytest.approx(2)


def test_the_excess_of_the_best_window_is_its_entropy_above_the_floor():
    world = known()[0]
    gap = memory_entropies(world, 6)[-1] - world.entropy_rate()
    assert excess(ShortMemory(world, 6)) == pytest.approx(gap / math.log(2))
    assert excess(world) == pytest.approx(0, abs=1e-9)


def test_a_window_knows_the_number_if_the_noun_is_in_it():
    # n = 6 sees five tokens before the verb, so a noun at a distance of 5
    shares = right_numbers(ShortMemory(known()[0], 6))
    assert list(shares) == [1, 4, 5, 7, 8, 9]
    assert list(shares.values()) == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5])


def test_a_batch_ends_where_its_sentence_ends():
    inputs, targets = sentence_batches([[5, 6, 0], [7, 0]], end=0)
    assert targets.tolist() == [[5, 6, 0], [7, 0, -100]]
    assert inputs[0].tolist() == [0, 5, 6]
    assert inputs[1, :2].tolist() == [0, 7]  # what follows is never asked about
