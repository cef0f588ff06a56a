"""Nearly normal numbers from whole-number arithmetic: the same, to the last bit, in Python and in JavaScript.

Left out: any claim to be more than a laboratory's chance. Source: the mixing is the finaliser of Appleby's
MurmurHash3, applied to a counter.
"""

from __future__ import annotations

import numpy as np


def _mix(z: np.ndarray) -> np.ndarray:
    """The finaliser of Appleby's MurmurHash3: 32 bits in, 32 bits out, each depending on all."""
    z = z ^ (z >> 16)
    z = z * 0x85EBCA6B & 0xFFFFFFFF
    z = z ^ (z >> 13)
    z = z * 0xC2B2AE35 & 0xFFFFFFFF
    return z ^ (z >> 16)


def uniforms(seed: int, begin: int, count: int) -> np.ndarray:
    """Numbers `begin` to `begin + count` of a seed's stream, (count,), uniform in [0, 1)."""
    at = np.arange(begin, begin + count, dtype=np.uint64)
    base = _mix(np.array([seed + 1], dtype=np.uint64))
    return _mix((base + at * np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)) / 2.0**32


def bells(seed: int, begin: int, count: int) -> np.ndarray:
    """Numbers `begin` to `begin + count` of a seed's stream, (count,): mean 0, variance 1, nearly normal.

    Each is the sum of twelve numbers uniform in [0, 1), minus 6: nothing but whole numbers and additions, so
    that JavaScript gets the very same ones. None lies beyond ±6.
    """
    return uniforms(seed, 12 * begin, 12 * count).reshape(count, 12).sum(axis=1) - 6
