"""How far a count of right answers can be trusted, and whether one model is better than another.

Items are taken for a sample of all that might have been asked. Whoever answers the same items with two models
should compare them item by item: what is hard about an item is hard for both, and drops out.

Sources: Miller (2024), *Adding error bars to evals*, also for clusters; McNemar (1947) for the exact test.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, comb
from typing import NamedTuple

import numpy as np

from lmcourse.model import check_whole


class Estimate(NamedTuple):
    """A mean, and its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        """In per cent."""
        return f"{100 * self.mean:5.1f} ± {100 * self.error:.1f}"


def estimate(numbers: Sequence[float] | np.ndarray) -> Estimate:
    """The mean of n numbers and its standard error, s / sqrt(n); of right and wrong, 1 and 0, the accuracy.

    Raises ValueError for fewer than two, and for one that is not finite.

    >>> print(estimate([1, 1, 1, 0]))
     75.0 ± 25.0
    """
    numbers = np.asarray(numbers, dtype=float)
    if numbers.ndim != 1 or len(numbers) < 2:
        raise ValueError(f"numbers of shape {numbers.shape} have no standard error; give a list, two or more")
    if not np.isfinite(numbers).all():
        raise ValueError(f"{numbers[~np.isfinite(numbers)][0]} is among the numbers; all must be finite")
    return Estimate(float(numbers.mean()), float(numbers.std(ddof=1) / len(numbers) ** 0.5))


def _right(answers: Sequence[bool] | np.ndarray) -> np.ndarray:
    """Answers as booleans, (n,). Raises ValueError for none, and for one that is neither 1 nor 0."""
    answers = np.asarray(answers)
    if answers.ndim != 1 or not len(answers):
        raise ValueError(f"answers of shape {answers.shape} must be a list of at least one")
    if not np.isin(answers, (0, 1)).all():
        raise ValueError(f"{answers[~np.isin(answers, (0, 1))][0]} is no answer; each must be 1, right, or 0")
    return answers.astype(bool)


def _pairs(one: np.ndarray, other: np.ndarray) -> None:
    """Raises ValueError unless both are answers to the same number of items."""
    if one.shape != other.shape:
        raise ValueError(
            f"{one.size} and {other.size} answers cannot be paired; give the same items, in order"
        )


def clustered(answers: Sequence[float] | np.ndarray, groups: Sequence) -> Estimate:
    """The mean, with an error that allows items of one group to be right or wrong together.

    The deviations from the mean are added up within each group, then squared: sqrt(G / (G - 1) · sum of
    squares) / n, for G groups.

    Args:
        answers: numbers, as for `estimate`, or differences of two models' answers.
        groups: which group each item belongs to; with one item in each it is `estimate`.

    Raises ValueError unless each answer has a group, and there are two groups or more.

    >>> print(clustered([1, 1, 0, 0], "aabb"))
     50.0 ± 50.0
    """
    answers = np.asarray(answers, dtype=float)
    if len(answers) != len(groups):
        raise ValueError(f"{len(answers)} answers and {len(groups)} groups; each must have one")
    mean, sums = estimate(answers).mean, dict.fromkeys(groups, 0.0)
    for answer, group in zip(answers, groups):
        sums[group] += answer - mean
    if len(sums) < 2:
        raise ValueError("all answers are of one group, whose mean has no standard error; give two or more")
    spread = np.linalg.norm(list(sums.values())) * (len(sums) / (len(sums) - 1)) ** 0.5
    return Estimate(mean, float(spread / len(answers)))


def interval(answers: Sequence[bool] | np.ndarray, level: float = 1.96) -> tuple[float, float]:
    """Between which shares the true one may be: Wilson's interval, also for few items, or all right.

    Args:
        answers: right or wrong.
        level: how many standard errors; 1.96 for 95 per cent.

    Raises ValueError for an answer that is neither right nor wrong, for none, and for a level that is not
    above 0.

    >>> "{:.2f} {:.2f}".format(*interval([1] * 40))
    '0.91 1.00'
    """
    if not level > 0:
        raise ValueError(f"level={level} must be above 0; 1.96 standard errors are 95 per cent")
    p, n = float(_right(answers).mean()), len(answers)
    middle, width = p + level**2 / (2 * n), level * (p * (1 - p) / n + level**2 / (4 * n**2)) ** 0.5
    return (middle - width) / (1 + level**2 / n), (middle + width) / (1 + level**2 / n)


def difference(one: Sequence[float] | np.ndarray, other: Sequence[float] | np.ndarray) -> Estimate:
    """By how much `one` is better than `other` on the same items, with the paired standard error.

    Raises ValueError unless both answered the same number of items.
    """
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    _pairs(one, other)
    return estimate(one - other)


def mcnemar(one: Sequence[bool] | np.ndarray, other: Sequence[bool] | np.ndarray) -> float:
    """How probable a disagreement at least this one-sided is, if both are equally good: the exact test.

    Only items on which they differ count, b where `one` is right and c where `other` is. If both are equally
    good, b is the number of heads in b + c tosses.

    Raises ValueError unless both answered the same number of items, at least one, each right or wrong.

    >>> mcnemar([1, 1, 1, 1, 0], [0, 0, 0, 1, 0])  # three to none: 2 / 2**3
    0.25
    """
    one, other = _right(one), _right(other)
    _pairs(one, other)
    b, c = int((one & ~other).sum()), int((other & ~one).sum())
    tail = sum(comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)
    return min(1.0, 2 * tail)


def items_needed(gap: float, differing: float, level: float = 1.96, power: float = 0.84) -> int:
    """How many items it takes to see a difference between two models that answer the same ones.

    n = (level + power)**2 (d - gap**2) / gap**2, where an item's difference is 1 or -1 with probability d
    together and 0 otherwise, so that its variance is d - gap**2.

    Args:
        gap: the difference of their shares of right answers, such as 0.02.
        differing: d, the share of items of which only one is right; at least the gap. For two models that
            succeed independently of each other, p (1 - q) + q (1 - p).
        level: of the normal distribution, for a test that is wrong once in twenty where there is no gap.
        power: of the same, for a test that finds the gap four times in five.

    Raises ValueError for a gap that is not between 0 and `differing`, or `differing` above 1.

    >>> items_needed(0.02, 0.10), items_needed(0.02, 0.32)
    (1953, 6265)
    """
    if not 0 < gap <= differing <= 1:
        raise ValueError(f"gap={gap} must be above 0 and at most differing={differing}, and that at most 1")
    return ceil((level + power) ** 2 * (differing - gap**2) / gap**2)


def best_of(n_models: int, n_items: int, p: float, rng: np.random.Generator, draws: int = 2000) -> np.ndarray:
    """The best score among models that are all equally good, in each of many tests, (draws,).

    Args:
        n_models: how many are compared, each on items of its own.
        n_items: items a test has.
        p: the probability of a right answer, for all of them.
        rng: for the answers.
        draws: tests.
    """
    check_whole(n_models, "n_models")
    return rng.binomial(check_whole(n_items, "n_items"), p, size=(draws, n_models)).max(axis=1) / n_items
