"""The difference of two F1 scores, against `agreement`, hand arithmetic and the jackknife."""

from __future__ import annotations

import numpy as np
import pytest

from lmcourse.tokenization.chinese import agreement
from lmcourse.tokenization.paired import f1_difference


def random_cuts(rng, texts, share):
    """Each text cut at each gap with the given probability."""
    cuts = []
    for text in texts:
        words = [text[0]]
        for character in text[1:]:
            if rng.random() < share:
                words.append(character)
            else:
                words[-1] += character
        cuts.append(words)
    return cuts


@pytest.fixture(scope="module")
def three_cuts():
    rng = np.random.default_rng(5)
    texts = ["abcdefgh"[: rng.integers(2, 9)] for _ in range(300)]
    return [random_cuts(rng, texts, share) for share in (0.5, 0.3, 0.5)]


def test_by_hand():
    # Text 1 is right in both words, text 2 in none of its two (one true): 2·2/(4 + 3) = 4/7.
    # The other finds nothing in text 1 (two found, two true) and text 2 whole: 2·1/(2 + 2 + 1 + 1) = 1/3.
    found, other = [["ab", "c"], ["d", "e"]], [["a", "bc"], ["de"]]
    truth = [["ab", "c"], ["de"]]
    difference, error = f1_difference(found, other, truth, np.random.default_rng(0), draws=4000)
    assert difference == pytest.approx(4 / 7 - 1 / 3)
    # Both texts once (half of the draws): 5/21; twice the first: 1 - 0; twice the second: 0 - 1.
    values, weights = np.array([5 / 21, 1, -1]), np.array([0.5, 0.25, 0.25])
    mean = weights @ values
    assert error == pytest.approx(np.sqrt(weights @ (values - mean) ** 2), rel=0.05)


def test_the_difference_is_that_of_agreement_and_changes_its_sign(three_cuts):
    found, other, truth = three_cuts
    expected = agreement(found, truth)[2] - agreement(other, truth)[2]
    difference, error = f1_difference(found, other, truth, np.random.default_rng(1))
    assert difference == pytest.approx(expected)
    assert f1_difference(other, found, truth, np.random.default_rng(1)) == pytest.approx((-difference, error))


def test_the_standard_error_is_that_of_the_jackknife(three_cuts):
    found, other, truth = three_cuts
    n = len(truth)

    def without(cuts, i):
        return agreement([*cuts[:i], *cuts[i + 1 :]], [*truth[:i], *truth[i + 1 :]])[2]

    left = np.array([without(found, i) - without(other, i) for i in range(n)])
    jackknife = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    _, error = f1_difference(found, other, truth, np.random.default_rng(2), draws=4000)
    assert error == pytest.approx(jackknife, rel=0.1)


def test_what_is_the_same_differs_by_nothing(three_cuts):
    found, _, truth = three_cuts
    assert f1_difference(found, found, truth, np.random.default_rng(3)) == (0, 0)


def test_what_cannot_be_compared_is_refused():
    rng = np.random.default_rng(4)
    with pytest.raises(ValueError, match="`other` does not cut the texts"):
        f1_difference([["ab"]], [["ac"]], [["a", "b"]], rng)
    with pytest.raises(ValueError, match="draws=1 show no spread"):
        f1_difference([["ab"]], [["ab"]], [["ab"]], rng, draws=1)
    with pytest.raises(ValueError, match="no words to find"):
        f1_difference([], [], [], rng)
