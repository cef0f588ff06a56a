import math
from itertools import product

import numpy as np
import pytest

from lmcourse.evaluation.errors import (
    best_of,
    clustered,
    difference,
    estimate,
    interval,
    items_needed,
    mcnemar,
)


def test_the_standard_error_is_that_of_a_proportion():
    """p (1 - p) / (n - 1), the root: 0.75, 0.25, 3."""
    found = estimate([1, 1, 1, 0])
    assert found.mean == 0.75
    assert found.error == pytest.approx(math.sqrt(0.75 * 0.25 / 3))


def test_the_standard_error_is_the_spread_of_repeated_tests():
    rng = np.random.default_rng(0)
    many = (rng.random((4000, 100)) < 0.8).mean(axis=1)
    assert estimate(np.arange(100) < 80).error == pytest.approx(many.std(), rel=0.05)


def test_pairs_drop_what_is_common():
    """Differences 1, 0, 0, 0: mean 1/4, variance (9/16 + 3/16) / 3 = 1/4, error 1/4."""
    found = difference([1, 1, 0, 0], [0, 1, 0, 0])
    assert found == pytest.approx((0.25, 0.25))
    assert difference([1, 0, 1], [1, 0, 1]) == (0, 0)


def test_copies_of_an_item_bring_nothing_where_they_are_one_group():
    answers, groups = np.array([1, 0, 1, 1, 0, 1, 1, 0]), np.arange(8)
    once = clustered(answers, groups)
    assert once == pytest.approx(estimate(answers))
    assert clustered(np.tile(answers, 3), np.tile(groups, 3)) == pytest.approx(once)
    assert estimate(np.tile(answers, 3)).error < 0.6 * once.error


def test_wilsons_interval_holds_what_it_should():
    """It ends where the observed share is just `level` standard errors of the true one away."""
    low, high = interval([1] * 19 + [0])
    for true in (low, high):
        assert abs(0.95 - true) == pytest.approx(1.96 * math.sqrt(true * (1 - true) / 20))


def test_mcnemar_is_what_all_tosses_give():
    """Of all ways in which the items that differ could fall, the share at least as uneven."""
    for b, c in ((3, 0), (5, 2), (4, 4), (1, 6), (0, 0)):
        one, other = [1] * b + [0] * c + [1, 0], [0] * b + [1] * c + [1, 0]
        tosses = [abs(2 * sum(t) - b - c) for t in product((0, 1), repeat=b + c)]
        assert mcnemar(one, other) == pytest.approx(np.mean(np.array(tosses) >= abs(b - c)))


def test_as_many_items_as_needed_find_a_gap_four_times_in_five():
    gap, differing = 0.10, 0.30
    n = items_needed(gap, differing)
    rng = np.random.default_rng(0)
    draws = rng.choice([1, -1, 0], size=(2000, n), p=[0.2, 0.1, 0.7])
    z = draws.mean(axis=1) / (draws.std(axis=1, ddof=1) / n**0.5)
    assert np.mean(z > 1.96) == pytest.approx(0.8, abs=0.04)


def test_the_best_of_several_is_better_than_they_are():
    """One: 0.8 itself. Two of one item each: best unless both fail, 1 - 0.2**2."""
    rng = np.random.default_rng(0)
    assert best_of(1, 60, 0.8, rng).mean() == pytest.approx(0.8, abs=0.01)
    assert best_of(2, 1, 0.8, rng, draws=20_000).mean() == pytest.approx(0.96, abs=0.01)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: estimate([1]), "no standard error"),
        (lambda: estimate([1, float("nan")]), "nan is among"),
        (lambda: interval([]), r"shape \(0,\)"),
        (lambda: interval([0.5, 1]), "0.5 is no answer"),
        (lambda: interval([1, 0], level=0), "level=0 must be above 0"),
        (lambda: interval([1, 0], level=float("nan")), "level=nan"),
        (lambda: mcnemar([], []), r"shape \(0,\)"),
        (lambda: mcnemar([1, 2], [1, 0]), "2 is no answer"),
        (lambda: mcnemar([1, 0], [0.3, 0]), "0.3 is no answer"),
        (lambda: difference([1, 0], [1]), "cannot be paired"),
        (lambda: mcnemar([1, 0], [1]), "cannot be paired"),
        (lambda: clustered([1, 0], "a"), "2 answers and 1 groups"),
        (lambda: clustered([1, 1, 0, 0], "aaaa"), "of one group"),
        (lambda: items_needed(0.2, 0.1), "gap=0.2"),
        (lambda: items_needed(0.0, 0.1), "gap=0.0"),
        (lambda: best_of(0, 10, 0.5, np.random.default_rng(0)), "n_models=0"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
