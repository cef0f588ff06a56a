from itertools import combinations, product

import numpy as np
import pytest

from lmcourse.evaluation.tries import naive, pass_at_k


def test_it_is_the_share_of_all_choices_of_k_tries_that_have_a_right_one():
    for n in range(1, 7):
        for c, k in product(range(n + 1), range(1, n + 1)):
            tries = [1] * c + [0] * (n - c)
            wanted = np.mean([any(some) for some in combinations(tries, k)])
            assert pass_at_k([c], n, k) == pytest.approx([wanted])


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_over_all_that_can_happen_it_is_right_on_average_and_the_naive_one_too_low(p):
    """All 2**5 outcomes of five tries, each with its probability; the truth is 1 - (1 - p)**k."""
    outcomes = np.array(list(product((0, 1), repeat=5))).sum(axis=1)
    weights = p**outcomes * (1 - p) ** (5 - outcomes)
    for k in range(1, 6):
        truth = 1 - (1 - p) ** k
        assert weights @ pass_at_k(outcomes, 5, k) == pytest.approx(truth)
        assert (weights @ naive(outcomes, 5, k) < truth - 0.01) == (k > 1)


def test_by_hand():
    """Two tries at 1/2, one right: 1 - C(1, 2) / C(2, 2) = 1, and 1 - (1/2)**2 = 3/4."""
    assert pass_at_k([1], 2, 2).tolist() == [1.0]
    assert naive([1], 2, 2).tolist() == [0.75]


def test_large_counts_do_not_overflow():
    assert pass_at_k([3], 2000, 1)[0] == pytest.approx(3 / 2000)
    assert pass_at_k([1, 1999], 2000, 1000).tolist() == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize(
    ("counts", "n", "k", "said"),
    [([1], 3, 4, "k=4"), ([4], 3, 1, "from 4 to 4"), ([-1], 3, 1, "from -1"), ([1], 3, 0, "k=0")],
)
def test_what_cannot_be_estimated_is_named(counts, n, k, said):
    with pytest.raises(ValueError, match=said):
        pass_at_k(counts, n, k)
