"""The law of loss without a floor: ((A / N)^(α_N / α_D) + B / D)^α_D, fitted to measured losses.

Its two terms are joined inside of a power, and where both vanish nothing is left: no E. Left out: intervals,
and their law of training steps. Source: Kaplan et al. (2020), "Scaling laws for neural language models".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

TRIED_D = np.geomspace(0.02, 3, 80)  # α_D
RATIOS = np.geomspace(0.01, 4, 80)  # α_N / α_D


class KaplanLaw(NamedTuple):
    """Loss of a model of N parameters that has read D tokens."""

    alpha_n: float
    alpha_d: float
    a: float  # A^(α_N / α_D)
    b: float

    def loss(self, n_params, n_tokens):
        """(a / N^(α_N / α_D) + b / D)^α_D."""
        return (self.a * n_params ** (-self.alpha_n / self.alpha_d) + self.b / n_tokens) ** self.alpha_d


def fit_kaplan(n_params, n_tokens, losses) -> KaplanLaw:
    """The law whose logarithm is nearest to that of the losses, in squares.

    For given exponents loss^(1 / α_D) is a sum of two terms, so that their factors are a linear regression,
    relative to the losses; exponents are tried on a grid.

    Args:
        n_params: N of each run, (n,).
        n_tokens: D of each run, (n,).
        losses: of each run, in nats, (n,).

    Raises ValueError for losses, sizes or tokens that are not above 0, or if no exponents of the grid leave
    both factors above 0.
    """
    n, d, y = (np.asarray(x, dtype=float) for x in (n_params, n_tokens, losses))
    for name, x in (("size", n), ("number of tokens", d), ("loss", y)):
        if not (x > 0).all():
            raise ValueError(f"each {name} must be above 0; got {x.min()}")
    best, found = np.inf, None
    for alpha_d in TRIED_D:
        for ratio in RATIOS:
            columns = np.stack([n**-ratio, 1 / d]) / y ** (1 / alpha_d)
            scale = np.linalg.norm(columns, axis=1)
            factors = np.linalg.lstsq(columns.T / scale, np.ones(len(n)), rcond=None)[0] / scale
            if (factors > 0).all():
                off = alpha_d * np.log(factors @ columns)
                if off @ off < best:
                    best, found = off @ off, KaplanLaw(alpha_d * ratio, alpha_d, *factors)
    if found is None:
        raise ValueError("with none of the exponents both terms are above 0; give more sizes and texts")
    return found
