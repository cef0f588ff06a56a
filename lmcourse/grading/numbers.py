"""Two numbers held against each other."""

from __future__ import annotations

import math

import numpy as np

NEAR = 1e-5  # up to which numbers, relative above one, are nearly right
IS_NEAR = (
    "that is near: is something rounded, or computed in single precision (then use float64), or is a small "
    "number added?"
)


def close(a: float, b: float, tolerance: float = 1e-9) -> bool:
    """Whether two numbers agree within `tolerance`, relative above one; infinities agree with themselves.

    NumPy's whole numbers count as Python's, which have no end to run over. And however far two numbers are
    apart, NumPy does not warn of it: students would take that for a fault of their own code.
    """
    if not isinstance(a, np.generic) and not isinstance(b, np.generic):
        return _close(a, b, tolerance)
    with np.errstate(over="ignore"):
        return bool(_close(*(int(x) if isinstance(x, np.integer) else x for x in (a, b)), tolerance))


def _close(a: float, b: float, tolerance: float) -> bool:
    return a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= tolerance * max(1.0, abs(b)))


def apart(a: float, b: float) -> tuple[str, str]:
    """Two different numbers to six figures, or to so many that one sees that they differ.

    >>> apart(0.5, 0.25), apart(0.6, 0.59999988)
    (('0.5', '0.25'), ('0.6', '0.59999988'))
    """
    for figures in (6, 9, 12, 17):
        texts = f"{a:.{figures}g}", f"{b:.{figures}g}"
        if texts[0] != texts[1]:
            break
    return texts
