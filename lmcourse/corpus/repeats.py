"""What is a text worth that is read again? The data-limited law.

D tokens that are U different ones, read 1 + R times, are taken to be worth as much as

    D' = U + U R* (1 - e^(-R / R*))

fresh ones: each further reading is worth less than the one before by a factor of e^(-1 / R*), and all of them
together never more than R* times the first. The loss is that of a law of fresh text at D'.

Source: Muennighoff et al. (2023), *Scaling data-constrained language models*, section 3.1, who find R* = 15.4
for theirs. Left out: their second half, in which parameters beyond what U tokens can use decay alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

STARS = np.geomspace(0.05, 500, 161)  # of which the best R* is taken
SLOPES = np.linspace(0.05, 1.5, 146)  # and the best exponent


class DataLaw(NamedTuple):
    """Excess over the entropy rate, floor + scale · D'^-slope."""

    floor: float  # what more text alone does not take away from a network of one size
    scale: float
    slope: float
    r_star: float  # R*

    def excess(self, unique, repeats=0):
        """At U tokens read 1 + R times."""
        worth = effective_tokens(unique, repeats, self.r_star)
        return self.floor + self.scale * worth**-self.slope


def effective_tokens(unique, repeats, r_star):
    """D' = U + U R* (1 - e^(-R/R*)).

    Args:
        unique: U, tokens that differ.
        repeats: R, how often they are read after the first time: epochs less one.
        r_star: R*, above 0, may be infinite; after R* repeats another is worth 1 / e of a fresh reading.

    Raises ValueError for an R* that is not above 0, or an R below 0.

    >>> f"{effective_tokens(100.0, 1, 2.0):.1f}"  # 100 + 200 (1 - e^-0.5)
    '178.7'
    """
    if not np.all(np.asarray(r_star) > 0):
        raise ValueError(f"r_star={r_star} must be above 0")
    if not np.all(np.asarray(repeats) >= 0):
        raise ValueError(f"repeats={repeats} must be 0 or more: epochs less one")
    unique, repeats = np.asarray(unique, dtype=float), np.asarray(repeats, dtype=float)
    if np.isinf(r_star):
        return unique * (1 + repeats)
    return unique + unique * r_star * -np.expm1(-repeats / r_star)


def fit_fresh(n_tokens, excess) -> DataLaw:
    """The law of fresh text: floor, scale and slope with the least squared relative errors; R* is infinite.

    The slope is the best of a grid; for each of them floor and scale are a linear regression.

    Args:
        n_tokens: D of each run, (n,).
        excess: its loss beyond the entropy rate, (n,), above 0.

    Raises ValueError for fewer than four runs, or fewer than three numbers of tokens.
    """
    d, y = _checked(n_tokens, excess)
    if len(d) < 4 or len(np.unique(d)) < 3:
        raise ValueError(
            f"{len(d)} runs of {len(np.unique(d))} numbers of tokens; give four and three or more"
        )
    best = min((_line(d, y, slope) for slope in SLOPES), key=lambda found: found[0])
    return DataLaw(*best[1:], np.inf)


def _line(d: np.ndarray, y: np.ndarray, slope: float) -> tuple[float, float, float, float]:
    """Squared error, floor (0 or more), scale and slope of floor + scale · d^-slope, relative to y."""
    power = d**-slope
    columns = np.stack([1 / y, power / y], axis=1)
    floor, scale = np.linalg.lstsq(columns, np.ones_like(y), rcond=None)[0]
    if floor < 0:
        floor, scale = 0.0, float((power / y).sum() / ((power / y) ** 2).sum())
    error = float((((floor + scale * power) / y - 1) ** 2).sum())
    return error, float(floor), float(scale), float(slope)


def fit_repeats(law: DataLaw, unique, repeats, excess) -> DataLaw:
    """The same law with the R* that explains runs of repeated text best, by squared relative errors.

    Args:
        law: of fresh text.
        unique: U of each run, (n,).
        repeats: R of each, (n,).
        excess: of each, (n,), above 0.

    Raises ValueError if no run repeats anything.
    """
    u, y = _checked(unique, excess)
    r = np.asarray(repeats, dtype=float)
    if not (r > 0).any():
        raise ValueError("no run has repeats above 0, so R* cannot be told")
    errors = [((law._replace(r_star=star).excess(u, r) / y - 1) ** 2).sum() for star in STARS]
    return law._replace(r_star=float(STARS[int(np.argmin(errors))]))


def _checked(tokens, excess) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays. Raises ValueError unless they pair, and all are above 0."""
    tokens, excess = np.asarray(tokens, dtype=float), np.asarray(excess, dtype=float)
    if tokens.shape != excess.shape or tokens.ndim != 1:
        raise ValueError(f"{tokens.shape} tokens and {excess.shape} losses; give one of each a run")
    for name, x in (("number of tokens", tokens), ("excess", excess)):
        if not (np.isfinite(x) & (x > 0)).all():
            raise ValueError(f"each {name} must be above 0, and finite; got {x.min()}")
    return tokens, excess
