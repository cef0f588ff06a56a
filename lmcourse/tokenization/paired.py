"""Is one way to cut a text better than another? The difference of two F1 scores, with its standard error.

Two segmenters that are tried on the same texts succeed and fail largely together, so the difference of their
scores is known better than either score. The standard error comes from the bootstrap: the texts are drawn
anew, with replacement, and the difference is computed for each draw.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmcourse.tokenization.chinese import spans

Cuts = Sequence[Sequence[str]]  # for each text, its words


def f1_difference(
    found: Cuts, other: Cuts, truth: Cuts, rng: np.random.Generator, draws: int = 1000
) -> tuple[float, float]:
    """By how much the F1 of `found` exceeds that of `other`, and the standard error of that difference.

    Args:
        found, other: two segmentations of each of n texts.
        truth: the right words of each.
        rng: for the draws.
        draws: how often the n texts are drawn anew; at least 2.

    Raises ValueError if the three are not segmentations of the same texts, or if there are too few draws.

    >>> difference, error = f1_difference(
    ...     [["ab", "c"]], [["a", "b", "c"]], [["ab", "c"]], np.random.default_rng(0)
    ... )
    >>> difference
    0.6
    """
    if draws < 2:
        raise ValueError(f"draws={draws} show no spread; draw at least twice")
    for name, cuts in (("found", found), ("other", other)):
        if ["".join(words) for words in cuts] != ["".join(words) for words in truth]:
            raise ValueError(
                f"`{name}` does not cut the texts that `truth` cuts; give the same texts, in order"
            )
    if not any(truth):
        raise ValueError("there are no words to find in `truth`; give at least one text that is not empty")
    # (n, 2) each
    tables = [np.array([_counts(a, b) for a, b in zip(cuts, truth)]) for cuts in (found, other)]
    times = rng.multinomial(len(truth), np.full(len(truth), 1 / len(truth)), size=draws)  # (draws, n)
    observed, drawn = (
        _f1(rows @ tables[0]) - _f1(rows @ tables[1]) for rows in (np.ones((1, len(truth)), int), times)
    )
    return round(float(observed[0]), 12), float(drawn.std(ddof=1))


def _counts(cut: Sequence[str], true: Sequence[str]) -> tuple[int, int]:
    """Words that are right, and words found and true together."""
    return len(spans(cut) & spans(true)), len(cut) + len(true)


def _f1(sums: np.ndarray) -> np.ndarray:
    """F1 from sums of the counts: precision r/f and recall r/t have the harmonic mean 2r/(f + t)."""
    return 2 * sums[..., 0] / np.maximum(sums[..., 1], 1)
