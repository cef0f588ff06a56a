"""Two numbers held against each other."""

from __future__ import annotations

import math

import numpy as np


def close(a: float, b: float, tolerance: float = 1e-9) -> bool:
    """Whether two numbers agree within `tolerance`, relative above one; infinities agree with themselves.

    However far they are apart, NumPy does not warn: students would take it for a fault of theirs.
    """
    if a == b:
        return True
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    with np.errstate(over="ignore"):
        return bool(abs(a - b) <= tolerance * max(1.0, abs(b)))


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
