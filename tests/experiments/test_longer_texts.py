"""Longer texts: what is wanted is true, and the ways of reading see what they say they see."""

import numpy as np
import pytest
import torch

from lmcourse.experiments import longer_texts
from lmcourse.experiments.longer_texts import ALPHABET, BACK, BAR, LENGTH, LETTERS
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer


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


def test_half_and_mixed_see_as_many_near_and_far_tokens_as_they_say():
    half, mixed = (longer_texts.sight(how, 100) for how in ("half", "mixed"))
    distance = np.arange(100)[:, None] - np.arange(100)
    assert (half == ((distance >= 0) & (distance < LENGTH // 2))).all()
    far = mixed & ~half
    assert (distance[far] >= LENGTH).all()  # none between half and the whole of what was learned
    assert (mixed[60:].sum(1) == LENGTH).all()
    assert (mixed[:LENGTH] == half[:LENGTH]).all()
    # at first there are no more far ones than are seen: all that were out of reach
    for place in range(LENGTH, LENGTH + LENGTH // 2):
        assert np.flatnonzero(far[place]).tolist() == [*range(place - LENGTH + 1)]


def test_who_is_crowded_meets_no_new_distance(rng):
    ids = rng.integers(LETTERS, size=(2, 80))
    module = Transformer(Config(LETTERS, 16, 2, 1, 80, position="rope")).draw(rng).eval()
    short = longer_texts.read(module, ids[:, :LENGTH], "whole")[:, -1]
    np.testing.assert_allclose(longer_texts.crowded(module, ids, LENGTH - 1), short, atol=1e-5)
    # What is further back stands at one place, in whatever order: one block cannot tell which.
    other = ids.copy()
    other[:, : 80 - LENGTH] = ids[:, : 80 - LENGTH][:, ::-1]
    one, two = (longer_texts.crowded(module, rows, 79) for rows in (ids, other))
    np.testing.assert_allclose(one, two, atol=1e-5)
    one, two = (longer_texts.read(module, rows, "whole")[:, 79] for rows in (ids, other))
    assert np.abs(one - two).max() > 1e-3


def test_the_longest_distance_of_who_is_crowded_is_the_longest_that_was_learned(rng, monkeypatch):
    module, given = network("rope", rng), []
    hidden = module.hidden
    monkeypatch.setattr(module, "hidden", lambda *args: (given.append(args[2]), hidden(*args))[1])
    longer_texts.crowded(module, rng.integers(LETTERS, size=(1, 80)), 79)
    distance = 79 - given[0]
    assert distance.tolist() == [LENGTH - 1] * (80 - LENGTH) + [*range(LENGTH - 1, -1, -1)]


@pytest.mark.parametrize(("small", "by"), [("tokens small", 1.0), ("all small", 32**-0.5)])
def test_small_sinusoids_begin_with_what_they_say(small, by):
    usual, other = (
        longer_texts.network("copy", name, np.random.default_rng(1)).eval()
        for name in ("sinusoidal", f"sinusoidal, {small}")
    )
    ids, places = torch.tensor([[5, 7]]), torch.arange(2)
    token = usual.embedding(ids)  # the usual stream: √D times that, and the sinusoids
    expected = token + by * (usual.embed(ids, places) - 32**0.5 * token)
    torch.testing.assert_close(other.embed(ids, places), expected)


class Oracle:
    """Says, by content or by place, what a copy goes on with; or the letter that a slip left out.

    By content if *far*: only after the letters from number 8 on.
    """

    def __init__(self, by: str):
        self.by = by

    def __call__(self, ids: torch.Tensor, *_: object) -> torch.Tensor:
        bar = int((ids[0] == BAR).nonzero()[0, 0])
        said = ids.shape[1] - bar - 1
        if self.by == "place":
            found = ids[:, said]
        elif self.by == "left out":
            found = ids[:, said - 1]
        else:
            at = (ids[:, :bar] == ids[:, -1:]).int().argmax(1)
            found = ids[torch.arange(len(ids)), at + 1]
            found = torch.where(at < 8, BAR, found) if self.by == "content if far" else found
        return torch.nn.functional.one_hot(found, ALPHABET + 1)[:, None].float().expand(-1, ids.shape[1], -1)


def test_clues_tell_who_copies_by_content_from_who_copies_by_place():
    # The letter after the slip's is by content; by place the slip's own place counts, and it is passed.
    assert longer_texts.clues(Oracle("content"), rows=20) == {"slip": [1, 0, 0], "late": [[1, 0], [1, 0]]}
    assert longer_texts.clues(Oracle("place"), rows=20) == {"slip": [0, 1, 0], "late": [[0, 1], [0, 1]]}
    assert longer_texts.clues(Oracle("left out"), rows=20) == {"slip": [0, 0, 1], "late": [[0, 0], [0, 0]]}
    far = longer_texts.clues(Oracle("content if far"), rows=20)
    assert far == {"slip": [1, 0, 0], "late": [[0, 0], [1, 0]]}  # from number 4 on, and from number 8 on
