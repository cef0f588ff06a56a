"""Words for a page: chosen, rounded, laid out."""

from statistics import NormalDist

import numpy as np
import pytest

from lmcourse.neural.vectors import WordVectors
from lmcourse.neural.word_map import (
    LEVELS,
    best_levels,
    closeness,
    common_words,
    lay_out,
    nearest_ids,
    principal_axes,
    round_off,
    share_kept,
)

SPELLED = WordVectors(["The", "the", "Paris", "king", "queen", "it's", "x", "zebra"], np.eye(8))


def groups(many: int = 12, of: int = 15, dimensions: int = 40, seed: int = 0) -> np.ndarray:
    """Vectors of length one in `many` groups of `of` that lie close together."""
    rng = np.random.default_rng(seed)
    middles = np.repeat(rng.normal(size=(many, dimensions)), of, axis=0)
    vectors = middles + 0.5 * rng.normal(size=middles.shape)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_commonest_words_in_one_spelling_each():
    counts = {"the": 9, "king": 5, "paris": 7, "queen": 5, "it's": 8, "x": 8}  # no zebra
    assert common_words(SPELLED, counts, 3) == ["the", "Paris", "king"]
    assert common_words(SPELLED, counts, 3, also=["zebra"]) == ["the", "Paris", "zebra"]
    assert common_words(SPELLED, counts, 2, also=["The"]) == ["The", "Paris"]
    assert common_words(SPELLED, counts, 3, without=["paris"]) == ["the", "king", "queen"]
    with pytest.raises(ValueError, match="n=5 must be from 0 to 4"):
        common_words(SPELLED, counts, 5)
    with pytest.raises(ValueError, match="n=1 must be from 2 to 5"):
        common_words(SPELLED, counts, 1, also=["zebra", "king"])
    with pytest.raises(ValueError, match="no vector for 'kin'"):
        common_words(SPELLED, counts, 2, also=["kin"])


def test_levels_by_hand_and_for_a_bell():
    # Two heaps: a level in the middle of each.
    assert best_levels(np.array([0.0, 1, 2, 10, 11, 12]), 2).tolist() == [1, 11]
    # A normal distribution and four levels ±u, ±v: the edges are 0 and m = (u + v) / 2, and each level is the
    # mean of its stretch, which between l and h is (φ(l) - φ(h)) / (Φ(h) - Φ(l)).
    bell = NormalDist()
    u, v = 0.5, 1.5
    for _ in range(200):
        m = (u + v) / 2
        u = (bell.pdf(0) - bell.pdf(m)) / (bell.cdf(m) - 0.5)
        v = bell.pdf(m) / (1 - bell.cdf(m))
    drawn = np.random.default_rng(0).normal(size=200_000)
    assert best_levels(drawn, 4, 100) == pytest.approx([-v, -u, u, v], abs=0.01)


def test_rounded_vectors_are_close_to_the_full_ones():
    unit = groups()
    rounded = round_off(unit)
    assert rounded.codes.shape == unit.shape
    assert rounded.codes.max() < LEVELS
    assert np.linalg.norm(rounded.vectors, axis=1) == pytest.approx(np.full(len(unit), rounded.gain**0.5))
    assert np.sqrt(np.mean((rounded.cosines - unit @ unit.T) ** 2)) < 0.04
    assert np.diag(rounded.cosines).tolist() == [1] * len(unit)


def test_rounding_shortens_no_cosine_of_close_words_on_the_whole():
    unit = groups()
    rounded, true = round_off(unit), unit @ unit.T
    rows, columns = np.arange(len(unit))[:, None], nearest_ids(true)
    error = (rounded.cosines - true)[rows, columns]
    assert abs(error.mean()) < 0.002
    without_gain = rounded.cosines / rounded.gain
    assert (without_gain - true)[rows, columns].mean() < -0.01  # which is what the gain is for


def test_each_code_names_the_nearest_level():
    unit = groups(3, 5, 6)
    found = round_off(unit)
    scaled = (unit - found.middle) / found.spread
    assert (np.abs(scaled[..., None] - found.levels).argmin(-1) == found.codes).all()


def test_nearest_and_shares_by_hand():
    places = np.array([[0, 0], [1, 0], [3, 0], [7, 0.0]])
    assert nearest_ids(closeness(places), 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert nearest_ids(closeness(places), 9).shape == (4, 3)  # there are only three others
    # of two each: both, one, none
    assert share_kept(np.array([[1, 2], [0, 2], [0, 1]]), np.array([[2, 1], [2, 3], [3, 4]])) == 0.5


def test_the_map_keeps_groups_together_and_more_than_two_axes_do():
    unit = groups()
    true, places = nearest_ids(unit @ unit.T), lay_out(unit)
    kept = share_kept(true, nearest_ids(closeness(places)))
    by_axes = share_kept(true, nearest_ids(closeness(principal_axes(unit))))
    assert kept > by_axes + 0.2
    group = np.arange(len(unit)) // 15
    assert np.mean(group[nearest_ids(closeness(places))] == group[:, None]) > 0.9
    assert (lay_out(unit) == places).all()
    assert (lay_out(unit, seed=1) != places).any()


def test_principal_axes_are_those_of_the_singular_values():
    unit = groups(4, 5, 7)
    centred = unit - unit.mean(0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    assert np.abs(principal_axes(unit)) == pytest.approx(np.abs(u[:, :2] * s[:2]))
