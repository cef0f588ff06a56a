"""Metrics of one and the same answers: smooth ones, sharp ones, and how wide a jump they show.

Everything here is a function of numbers; what is measured are the answers of a network elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lmcourse.model import check_whole


def _check_share(values: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if not ((values >= 0) & (values <= 1)).all():
        bad = values[~((values >= 0) & (values <= 1))].flat[0]
        raise ValueError(f"{name} holds {bad}; shares and probabilities lie between 0 and 1")
    return values


def exact_match(accuracy: np.ndarray | float, length: int) -> np.ndarray:
    """Share of answers of `length` tokens that are right throughout, if all tokens are independent.

    >>> exact_match(0.9, 2).round(2).item()
    0.81
    """
    return _check_share(accuracy, "accuracy") ** check_whole(length, "length")


def at_least(accuracy: np.ndarray | float, length: int, needed: int) -> np.ndarray:
    """Share of answers with `needed` or more of `length` tokens right, if all are independent.

    The upper tail of the binomial distribution. `needed = length` is the exact match.

    Args:
        accuracy: of a token, of any shape.
        length: L, tokens of an answer.
        needed: from 1 to L.
    """
    p = _check_share(accuracy, "accuracy")
    check_whole(length, "length")
    if not 1 <= check_whole(needed, "needed") <= length:
        raise ValueError(f"needed={needed} must be from 1 to length={length}")
    terms = (math.comb(length, k) * p**k * (1 - p) ** (length - k) for k in range(needed, length + 1))
    return np.minimum(sum(terms), 1.0)


def brier(probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The squared distance between a forecast and what came, of each forecast: from 0 to 2.

    Args:
        probs: (…, V), each row a distribution.
        targets: (…,), the tokens that came.

    Source: Brier (1950).
    """
    probs, targets = np.asarray(probs), np.asarray(targets)
    right = np.take_along_axis(probs, targets[..., None], axis=-1)[..., 0]
    return (probs**2).sum(axis=-1) - 2 * right + 1


def product_of_skills(accuracies: np.ndarray, weights: np.ndarray, length: int, one: bool) -> float:
    """Share of tasks solved that need `length` skills, each an independent draw, from the skills' own shares.

    Args:
        accuracies: of each skill, measured alone; (R,).
        weights: how often each is needed, (R,), summing to one.
        length: how many a task needs.
        one: whether a task needs the same one each time; otherwise each is drawn anew.

    A task that needs one skill again and again has the *mean of powers*, another the *power of the mean*,
    which is never more (Jensen's inequality).

    >>> skills, weights = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    >>> [product_of_skills(skills, weights, 3, one) for one in (False, True)]
    [0.125, 0.5]
    """
    accuracies, weights = _check_share(accuracies, "accuracies"), np.asarray(weights, dtype=float)
    if accuracies.shape != weights.shape or not math.isclose(weights.sum(), 1, rel_tol=1e-6):
        raise ValueError(
            f"{len(accuracies)} skills and {len(weights)} weights that sum to {weights.sum():.6g}; give each "
            "skill a weight, and let them sum to one"
        )
    check_whole(length, "length")
    return float(weights @ accuracies**length) if one else float((weights @ accuracies) ** length)


def crossing(sizes: Sequence[float], values: Sequence[float], level: float) -> float | None:
    """The size at which a curve first reaches a level, in straight lines over log size; None: it never does.

    Args:
        sizes: rising, above 0.
        values: of the same length.
        level: what is to be reached.
    """
    sizes, values = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    if len(sizes) != len(values) or (np.diff(sizes) <= 0).any() or (sizes <= 0).any():
        raise ValueError(
            f"{len(sizes)} sizes and {len(values)} values; give as many of each, and let sizes rise"
        )
    reached = np.flatnonzero(values >= level)
    if not len(reached):
        return None
    i = int(reached[0])
    if i == 0:
        return float(sizes[0])
    share = (level - values[i - 1]) / (values[i] - values[i - 1])
    return float(sizes[i - 1] * (sizes[i] / sizes[i - 1]) ** share)


def doublings(sizes: Sequence[float], values: Sequence[float], low: float = 0.1, high: float = 0.9):
    """How often size has to double to bring a metric from `low` to `high`: the width of its jump.

    None if it does not reach `high`, or begins above `low`.
    """
    ends = [crossing(sizes, values, level) for level in (low, high)]
    if None in ends or np.asarray(values)[0] > low:
        return None
    return math.log2(ends[1] / ends[0])
