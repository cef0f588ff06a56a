"""What the text of an exception tells: whose it is, and what mostly lies behind it."""

from __future__ import annotations

import re

DEFINED = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
NEITHER = re.compile("truth value of an (empty )?array|Boolean value of Tensor")
MISFIT = re.compile("could not be broadcast together|matmul: Input operand|not aligned:")
ONE_NUMBER = re.compile("only (0-dimensional|length-1|size-1) arrays can be converted")
MIXED = re.compile("not implemented for NumPy arrays|got (an instance of )?numpy.ndarray|but got ndarray")
OF_A_BYTE = re.compile("out of bounds for u?int8")
ONE_ANSWER = (
    ": an array has many entries, so it is neither true nor false. Whether there is one at all, `x is not "
    "None` says; the larger of two, entry by entry, is `np.maximum(a, b)`; a choice for each is `np.where`"
)

KNOWN = (
    (ONE_NUMBER, ": a function of `math` takes one number; NumPy's of the same name takes arrays: `np.tanh`"),
    (
        MIXED,
        ": torch's tensors and NumPy's arrays do not mix; `torch.as_tensor(array)` and `tensor.numpy()` make "
        "the one of the other",
    ),
    (OF_A_BYTE, ": a byte holds numbers up to 255; compute with larger ones, `.astype(int)`, first"),
)


def defined_in(source: str) -> list[str]:
    """The names of the functions and classes that a cell defines, whether it runs or not."""
    return DEFINED.findall(source)


def told_of(error: BaseException) -> str:
    """An exception's own words, without the name that Python has for a cell; empty if it has none."""
    try:
        return str(error.msg if isinstance(error, SyntaxError) else error)
    except BaseException:  # a student's exception may do anything
        return ""


def stopped_at(source: str, error: BaseException, line: int) -> str:
    """What stopped a cell, in a phrase: `IndentationError: unexpected indent, line 18: …`.

    Args:
        source: of the cell.
        error: what it raised.
        line: on which the cell failed, from 1; 0 if unknown.
    """
    lines = source.splitlines()
    code = lines[line - 1].strip()[:60] if 0 < line <= len(lines) else ""
    text = f"{type(error).__name__}: {told_of(error)[:300]}"
    return text + (f", line {line}" if line else "") + (f": `{code}`" if code else "")


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
    for pattern, said in KNOWN:
        if pattern.search(message):
            return said
    of_zero = "math domain error" in message or "expected a positive input" in message
    return ": is it the logarithm of 0?" if of_zero else ""
