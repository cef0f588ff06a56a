"""What the text of an exception tells: whose it is, and what mostly lies behind it."""

from __future__ import annotations

import re

NEITHER = re.compile("truth value of an (empty )?array|Boolean value of Tensor")
MISFIT = re.compile("could not be broadcast together|matmul: Input operand|not aligned:")
ONE_ANSWER = (
    ": an array has many entries, so it is neither true nor false. Whether there is one at all, `x is not "
    "None` says; the larger of two, entry by entry, is `np.maximum(a, b)`; a choice for each is `np.where`"
)


def asks_an_array(message: str) -> bool:
    """Whether an array was asked whether it is true."""
    return bool(NEITHER.search(message))


def is_of_arrays(message: str) -> bool:
    """Whether NumPy or torch raised it because arrays do not fit: no student has meant that ValueError."""
    return bool(NEITHER.search(message) or MISFIT.search(message))


def advice(message: str) -> str:
    """What to think of, to stand behind the message; empty if nothing is known."""
    if asks_an_array(message):
        return ONE_ANSWER
    of_zero = "math domain error" in message or "expected a positive input" in message
    return ": is it the logarithm of 0?" if of_zero else ""
