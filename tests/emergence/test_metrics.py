from itertools import product

import numpy as np
import pytest

from lmcourse.emergence.metrics import at_least, brier, crossing, doublings, exact_match, product_of_skills


def test_all_right_is_the_product_if_tokens_are_independent():
    rng = np.random.default_rng(0)
    right = rng.random((40_000, 5)) < 0.8
    share = right.all(axis=1).mean()
    assert share == pytest.approx(exact_match(0.8, 5), abs=5 * (0.33 * 0.67 / 40_000) ** 0.5)  # five s.e.
    np.testing.assert_allclose(exact_match(np.array([0.0, 0.5, 1.0]), 3), [0, 0.125, 1])


@pytest.mark.parametrize("needed", [1, 2, 3, 4])
def test_at_least_is_the_sum_over_all_patterns(needed):
    p = 0.3
    expected = sum(
        np.prod([p if bit else 1 - p for bit in bits])
        for bits in product([0, 1], repeat=4)
        if sum(bits) >= needed
    )
    assert at_least(p, 4, needed) == pytest.approx(expected)
    assert at_least(p, 4, 4) == pytest.approx(exact_match(p, 4))
    assert at_least(1.0, 4, needed) == 1


def test_brier_by_hand():
    # (.7 - 1)² + .2² + .1² = .14; the other: .7² + .2² + (.1 - 1)² = 1.34
    probs = np.array([[0.7, 0.2, 0.1]] * 2)
    np.testing.assert_allclose(brier(probs, np.array([0, 2])), [0.14, 1.34])
    one_hot = np.eye(3)
    np.testing.assert_allclose(brier(one_hot, np.array([0, 1, 0])), [0, 0, 2])


def test_products_of_skills_against_drawn_ones():
    rng = np.random.default_rng(1)
    skills, weights = np.array([0.95, 0.6, 0.2]), np.array([0.5, 0.3, 0.2])
    drawn = rng.choice(3, size=(100_000, 4), p=weights)
    for one in (False, True):
        needed = np.repeat(drawn[:, :1], 4, axis=1) if one else drawn
        solved = (rng.random(needed.shape) < skills[needed]).all(axis=1).mean()
        assert product_of_skills(skills, weights, 4, one) == pytest.approx(solved, abs=5 * 0.5 / 100_000**0.5)
    same, mixed = (product_of_skills(skills, weights, 4, one) for one in (True, False))
    assert same > mixed


def test_where_and_how_wide_a_jump_is():
    # .1 lies half-way between 1 and 2 in logarithms, .9 is reached at 8
    sizes, values = [1, 2, 4, 8], [0.0, 0.2, 0.5, 0.9]
    assert crossing(sizes, values, 0.1) == pytest.approx(2**0.5)
    assert crossing(sizes, values, 0.9) == pytest.approx(8)
    assert doublings(sizes, values) == pytest.approx(2.5)
    assert crossing(sizes, values, 0.95) is None
    assert doublings(sizes, [0.0, 0.2, 0.5, 0.8]) is None
    assert doublings(sizes, [0.2, 0.3, 0.5, 0.9]) is None
    assert crossing(sizes, [0.2, 0.3, 0.5, 0.9], 0.1) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact_match(1.2, 3), "accuracy holds 1.2"),
        (lambda: exact_match(np.nan, 3), "accuracy holds nan"),
        (lambda: exact_match(0.5, 0), "length"),
        (lambda: at_least(0.5, 3, 4), "needed=4 must be from 1 to length=3"),
        (lambda: product_of_skills(np.ones(2), np.ones(2), 3, True), "weights that sum to 2"),
        (lambda: crossing([2, 1], [0, 1], 0.5), "let sizes rise"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
