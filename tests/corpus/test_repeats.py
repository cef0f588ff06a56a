"""The data-limited law: its limits, and that a fit finds what made the numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.corpus import repeats
from lmcourse.corpus.repeats import DataLaw, effective_tokens


def test_it_is_the_sum_of_readings_that_are_worth_less_and_less():
    # by hand, R* = 2: 100 + 200 (1 - e^-1) after two repeats
    assert effective_tokens(100, 2, 2) == pytest.approx(100 + 200 * (1 - np.exp(-1)))
    assert effective_tokens(100, 0, 2) == 100
    assert effective_tokens(100, 1e9, 2) == pytest.approx(300)  # never more than U (1 + R*)
    assert effective_tokens(100, 7, np.inf) == 800  # as fresh
    worth = np.diff(effective_tokens(100, np.arange(6), 2))  # of each further reading
    np.testing.assert_allclose(worth[1:] / worth[:-1], np.exp(-0.5))


def test_after_r_star_repeats_they_were_worth_two_thirds_of_fresh_ones():
    """As Muennighoff et al. say it: 1 - 1/e on average."""
    assert (effective_tokens(1.0, 15.4, 15.4) - 1) / 15.4 == pytest.approx(1 - 1 / np.e)


@given(st.floats(1, 1e9), st.floats(0, 100), st.floats(0.1, 100))
def test_repeats_are_worth_something_and_never_more_than_fresh_text(unique, n_repeats, r_star):
    worth = float(effective_tokens(unique, n_repeats, r_star))
    assert unique <= worth <= unique * (1 + n_repeats) * (1 + 1e-9)


def test_a_fit_finds_the_law_that_made_the_numbers():
    truth = DataLaw(floor=0.05, scale=40.0, slope=0.5, r_star=float(repeats.STARS[60]))
    d = np.array([1e4, 2e4, 4e4, 8e4, 1.6e5])
    fresh = repeats.fit_fresh(d, truth.excess(d))
    assert (fresh.floor, fresh.scale, fresh.slope) == pytest.approx(truth[:3], rel=1e-6)
    u, r = np.repeat([1e4, 2e4], 4), np.tile([1, 3, 7, 15], 2)
    assert repeats.fit_repeats(fresh, u, r, truth.excess(u, r)).r_star == pytest.approx(truth.r_star)


def test_a_floor_is_never_below_nothing():
    d = np.array([1e4, 2e4, 4e4, 8e4])
    assert repeats.fit_fresh(d, 1e5 / d - 0.5 * 1e5 / d[-1]).floor == 0


def test_bad_input_is_named():
    d = np.array([1e4, 2e4, 4e4, 8e4])
    law = DataLaw(0.1, 1.0, 0.5, np.inf)
    for call, message in (
        (lambda: effective_tokens(1, 1, 0), "r_star=0 must be above 0"),
        (lambda: effective_tokens(1, -1, 1), "repeats=-1 must be 0 or more"),
        (lambda: repeats.fit_fresh(d[:3], d[:3]), "3 runs of 3 numbers of tokens"),
        (lambda: repeats.fit_fresh(d, d[:3]), "give one of each a run"),
        (lambda: repeats.fit_fresh(d, -d), "each excess must be above 0"),
        (lambda: repeats.fit_repeats(law, d, np.zeros(4), d), "no run has repeats"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
