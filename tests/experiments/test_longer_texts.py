"""Longer texts: what is wanted is true, and the ways of reading see what they say they see."""

import numpy as np
import pytest
import torch

from lmcourse.experiments import longer_texts
from lmcourse.experiments.longer_texts import ALPHABET, BACK, BAR, LENGTH, LETTERS


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def network(position, rng):
    return longer_texts.network("back", position, rng).eval()


def test_the_truth_is_the_worlds_after_the_sentence_so_far(rng):
    world = longer_texts.world()
    texts = longer_texts.stream(40, rng)[None, :40]
    found = longer_texts.truth(texts)
    said = texts[0].tolist()
    for place in (0, 7, 39):
        begin = max(i for i in range(place + 1) if said[i] == world.end)
        expected = np.exp(world.next_log_probs([said[begin + 1 : place + 1]]))[0]
        np.testing.assert_allclose(found[0, place], expected)


def test_who_knows_the_truth_loses_nothing_and_who_guesses_loses_by_hand():
    truth = np.array([[[0.5, 0.5, 0.0, 0.0]]])
    with np.errstate(divide="ignore"):
        assert longer_texts.bits_lost(np.log(np.maximum(truth, 1e-300)), truth) == pytest.approx(0)
    assert longer_texts.bits_lost(np.zeros((1, 1, 4)), truth) == pytest.approx(1)  # 2 bits instead of 1
    lost = longer_texts.bits_lost(np.zeros((1, 2, 8)), np.array([[-100, 3]]))
    assert np.isnan(lost[0, 0])
    assert lost[0, 1] == pytest.approx(3)  # one of eight


def test_tasks_ask_for_what_they_say(rng):
    rows = rng.integers(LETTERS, size=(2, 20))
    found = longer_texts.backwards(rows)
    assert (found[:, :BACK] == -100).all()
    assert all(found[0, t] == rows[0, t - BACK] for t in range(BACK, 20))
    row = longer_texts.copies(5, 3, rng)[0]
    assert len(set(row[:5])) == 5
    assert max(row[:5]) < ALPHABET
    assert row[5] == BAR
    assert (row[:5] == row[6:]).all()
    inputs, targets = longer_texts.batches("copy", 0)(3)
    asked = targets >= 0
    assert (inputs[:, 1:][asked[:, :-1]] == targets[:, :-1][asked[:, :-1]]).all()  # what comes next
    assert asked.sum(1).tolist() == [(inputs.shape[1]) // 2] * len(inputs)  # the second string, whole
    inputs, targets = longer_texts.batches("agreement", 0)(3)
    assert (inputs[:, 1:] == targets[:, :-1]).all()
    assert inputs.shape[1] == LENGTH


@pytest.mark.parametrize("position", ["none", "learned", "sinusoidal", "alibi", "rope"])
def test_a_text_as_short_as_those_that_were_learned_is_read_alike(position, rng):
    module, ids = network(position, rng), rng.integers(LETTERS, size=(2, LENGTH))
    whole = longer_texts.read(module, ids, "whole")
    for how in ("near", "window", *(["squeezed"] if position == "rope" else [])):
        np.testing.assert_allclose(longer_texts.read(module, ids, how)[:, :LENGTH], whole, atol=1e-5)


def test_who_reads_near_sees_so_many_tokens_in_each_of_two_layers(rng):
    module, ids = network("sinusoidal", rng), rng.integers(LETTERS, size=(1, 80))
    other = ids.copy()
    other[0, 0] = (ids[0, 0] + 1) % LETTERS
    reach = 2 * (LENGTH - 1)  # the furthest place that the first token can matter to
    for how, last in (("whole", 79), ("near", reach), ("window", LENGTH - 1)):
        change = np.abs(longer_texts.read(module, other, how) - longer_texts.read(module, ids, how)).max(-1)[
            0
        ]
        assert np.flatnonzero(change > 1e-7).max() == last


def test_a_window_is_a_text_of_its_own(rng):
    module, ids = network("learned", rng), rng.integers(LETTERS, size=(2, 50))
    with torch.no_grad():
        alone = module(torch.from_numpy(ids[:, 41 - LENGTH : 41]))[:, -1]
    np.testing.assert_allclose(longer_texts.read(module, ids, "window")[:, 40], alone, atol=1e-5)
