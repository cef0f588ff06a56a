"""A value held against the right one, and the difference in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lmcourse.grading.checks import describe
from lmcourse.grading.numbers import IS_NEAR, NEAR, close

MISSING = "your function returned None; is a `return` missing?"


def short(value: Any, limit: int = 120, figures: int = 6) -> str:
    """A value as Python writes it, numbers to so many figures, cut off where it is long.

    >>> short({"a": 1 / 3, "b": [1, 2.5]})
    "{'a': 0.333333, 'b': [1, 2.5]}"
    """
    text = ""
    for part in _written(value, figures):  # no further: it may have millions of entries
        text += part
        if len(text) > limit:
            return text[: limit - 1] + "…"
    return text


def _written(value: Any, figures: int) -> Iterator[str]:
    """The text, part by part."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if isinstance(value, float):
        yield f"{value:.{figures}g}"
    elif isinstance(value, dict):
        yield "{"
        for n, (key, item) in enumerate(value.items()):
            yield from ([", "] if n else [])
            yield from _written(key, figures)
            yield ": "
            yield from _written(item, figures)
        yield "}"
    elif isinstance(value, (list, tuple, np.ndarray)):
        yield "(" if isinstance(value, tuple) else "["
        for n, item in enumerate(value):
            yield from ([", "] if n else [])
            yield from _written(item, figures)
        yield ("," if len(value) == 1 else "") + ")" if isinstance(value, tuple) else "]"
    else:
        yield getattr(value, "__name__", None) or repr(value)


def _apart(right: Any, got: Any) -> tuple[str, str]:
    """Two values in short, to so many figures that one sees that they differ."""
    for figures in (6, 9, 12, 17):
        texts = short(right, figures=figures), short(got, figures=figures)
        if texts[0] != texts[1] or "…" in texts[0]:
            break
    return texts


def same(got: Any, right: Any, tolerance: float = 1e-9) -> bool:
    """Whether two plain values agree: numbers within `tolerance` (relative above one), all else exactly.

    Lists, tuples and arrays of the same entries agree, and nan with nan; a number and a truth value do not.
    An array in single precision is held to single precision, and one without axes is its number.
    """
    if isinstance(got, np.ndarray) and got.ndim == 0:
        tolerance = max(tolerance, NEAR) if got.dtype == np.float32 else tolerance
        got = got.item()
    if _is_number(right):
        return _is_number(got) and (close(got, right, tolerance) or (math.isnan(got) and math.isnan(right)))
    if isinstance(right, dict):
        return (
            isinstance(got, dict)
            and got.keys() == right.keys()
            and all(same(got[key], value, tolerance) for key, value in right.items())
        )
    if _is_row(right):
        if getattr(got, "dtype", None) == np.float32:  # torch's own, and right to about seven figures
            tolerance = max(tolerance, NEAR)
        return _is_row(got) and len(got) == len(right) and all(map(same, got, right, [tolerance] * len(got)))
    return type(got) is type(right) and got == right


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _is_row(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def told(what: str, got: Any, right: Any, tolerance: float = 1e-9) -> str:
    """The message on a wrong value: it and the right one, and where that is hard to see the first difference
    that is more than nearly right, if there is one.

    >>> told("`f(1)`", {"a": {"b": 2}}, {"a": {"b": 3}})
    "`f(1)` should be {'a': {'b': 3}}, yours is {'a': {'b': 2}}: at 'a', 'b' it should be 3, yours has 2"
    """
    unfit = _unfit(got, right)
    if unfit:
        return f"{what}: {unfit}"
    texts = _apart(right, got)
    shown = f"{what} should be {texts[0]}, yours is {texts[1]}"
    easy = _is_flat(right) and _is_flat(got) and "…" not in shown
    detail = "" if easy else _difference(got, right, _telling(got, right, tolerance), [])
    if detail.startswith("at ") and all(text.endswith("…") for text in texts):
        shown = what  # what is cut off tells less than the first place that differs
    return shown + "".join(
        f"{sign} {part}"
        for sign, part in ((":", detail), (";", _sum(got, right)), (";", _near(got, right)))
        if part
    )


def _telling(got: Any, right: Any, tolerance: float) -> float:
    """The tolerance at which to look for a difference: beside large ones, those of rounding tell nothing."""
    return tolerance if same(got, right, NEAR) else max(tolerance, NEAR)


def _is_flat(value: Any) -> bool:
    """Whether there is nothing in it that has parts."""
    parts = list(value.values()) if isinstance(value, dict) else list(value) if _is_row(value) else []
    return not any(isinstance(part, dict) or _is_row(part) for part in parts)


def _unfit(got: Any, right: Any) -> str:
    """What is wrong with the kind of a value, if anything is."""
    if got is None and right is not None:
        return MISSING
    if isinstance(got, np.ndarray) and got.ndim == 0:
        got = got.item()
    if isinstance(got, float) and math.isnan(got):
        return "yours is nan (not a number): look for 0/0, 0 · inf or inf - inf on the way"
    kinds = {_is_number: "one number", _is_row: "a list", _is_dict: "a dictionary", _is_text: "a text"}
    if _is_number(got) and _is_row(right) and all(map(_is_number, right)):
        return f"it should be {len(right)} number{'s' * (len(right) != 1)} in a row, not {describe(got)}"
    for is_kind, name in kinds.items():
        if is_kind(right) and not is_kind(got):
            return f"it should be {name}, not {describe(got)}"
    return ""


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _difference(got: Any, right: Any, tolerance: float, path: list[str]) -> str:
    """The first place where two values of the same kind differ; empty at the top, where both are shown."""
    at = f"at {', '.join(path)} " if path else ""
    if path and (unfit := _unfit(got, right)):
        return f"{at.rstrip()}: " + ("yours is None" if got is None else unfit)
    if isinstance(right, dict):
        return _in_keys(got, right, at) or _in_entries(list(right), got, right, tolerance, path)
    if _is_row(right):
        if len(got) != len(right):
            return f"{at}it should have {len(right)} entries, yours has {len(got)}"
        return _in_entries(range(len(right)), got, right, tolerance, path)
    texts = _apart(right, got)
    return f"{at}it should be {texts[0]}, yours has {texts[1]}" if path else ""


def _in_keys(got: dict, right: dict, at: str) -> str:
    """What is wrong with the keys of a dictionary."""
    if right and all(isinstance(key, tuple) for key in right):
        for key in got:
            if not isinstance(key, tuple):
                return f"{at}each key is a tuple, yours has {key!r} (a tuple of one has a comma: (x,))"
    missing = [key for key in right if key not in got]
    if missing:
        return f"{at}the entry {short(missing[0])} is missing"
    strange = [key for key in got if key not in right]
    return f"{at}there should be no entry {short(strange[0])}" if strange else ""


def _in_entries(keys: Sequence, got: Any, right: Any, tolerance: float, path: list[str]) -> str:
    """The difference in the first entry that differs; one alone at the top is not worth telling twice."""
    for key in keys:
        if not same(got[key], right[key], tolerance):
            return _difference(got[key], right[key], tolerance, [*path, short(key)])
    return ""


def _sum(got: Any, right: Any) -> str:
    """A word on probabilities that do not sum to one, and on rows that do not sum to what all should."""
    if _is_row(right):
        return _row_sums(got, right)
    if not (isinstance(right, dict) and right and all(isinstance(p, float) for p in right.values())):
        return ""
    total = math.fsum(p for p in got.values() if _is_number(p))
    is_distribution = close(math.fsum(right.values()), 1.0, 1e-6)
    return f"yours sum to {total:.4g}, not to 1" if is_distribution and not close(total, 1.0, 1e-6) else ""


def _row_sums(got: Any, right: Any) -> str:
    """The first row of a matrix that does not sum to what all should; empty if there is none.

    A common sum is told only where it is a property: of distributions, and of two or more rows around zero.
    """
    if not (_is_matrix(right) and _is_matrix(got) and any(map(any, right))):
        return ""
    wanted = {round(_total(row), 9) + 0.0 for row in right}
    numbers = [number for row in right for number in row]
    are_counted = all(isinstance(number, (int, np.integer)) for number in numbers)
    are_distributions = wanted == {1.0} and not are_counted and min(numbers) >= 0
    if are_distributions or (wanted == {0.0} and len(right) > 1):
        for i, row in enumerate(got):
            total = _total(row)
            if math.isfinite(total) and not close(total, *wanted, 1e-6):
                return f"your row {i} sums to {total:.4g}; each should sum to {short(*wanted)}"
    return ""


def _total(row: Any) -> float:
    """The sum of a row's numbers as Python's, which neither run over nor warn where NumPy's would."""
    return sum(map(float, row))


def _is_matrix(value: Any) -> bool:
    return all(_is_row(row) and len(row) and all(map(_is_number, row)) for row in value) and len(value) > 0


def _near(got: Any, right: Any) -> str:
    """A word on numbers that are nearly right: beside the largest of them, and not beside one."""
    largest = max(map(abs, _numbers(right)), default=1.0)
    apart = max((abs(a - b) for a, b in zip(_numbers(got), _numbers(right))), default=0.0)
    if not same(got, right, NEAR) or apart > NEAR * largest > 0:
        return ""
    return IS_NEAR


def _numbers(value: Any) -> Iterator[float]:
    """All finite numbers in a value, in order."""
    if _is_number(value) and math.isfinite(value):
        yield float(value)
    parts = value.values() if isinstance(value, dict) else value if _is_row(value) else ()
    for part in parts:
        yield from _numbers(part)
