"""Plain values, and how they travel between the checks and a student's process: JSON and raw arrays.

Nothing that arrives is evaluated, unpickled or trusted: a message is decoded by the rules below or refused.

    None, True, 1, 0.5, "a"   themselves (NaN and Infinity too, as Python's JSON writes them)
    [x, …]                    a list
    {"t": [x, …]}             a tuple
    {"o": {"a": x, …}}        a dictionary whose keys are all text
    {"d": [[k, x], …]}        any other dictionary
    {"b": "…"}                bytes, one character each
    {"a": i}  {"T": i}        the i-th array of the message; the same as a torch tensor
    {"h": i}  {"c": [i, …]}   an object kept in the student's process; a function kept by the checks
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

KINDS = "biufc"  # of arrays that may travel: bool, integers, floats, complex
MAX_TEXT = 4_000_000  # bytes of JSON in one message
MAX_ARRAYS = 64_000_000  # bytes of arrays in one message
MAX_BITS = 10_000  # of an integer
MAX_ODD_KEYS = 20_000  # of one dictionary: other keys than text can be chosen to collide
_SIMPLE, _TEXT = {float, str, bool, type(None)}, {str}
_HEADER = struct.Struct("!II")


class NotPlain(Exception):
    """A value that cannot travel; the message describes it: "a generator"."""


class ProtocolError(Exception):
    """What arrived is no message of ours."""


@dataclass(frozen=True)
class AsTensor:
    """An array that should reach the student's function as a torch tensor."""

    array: np.ndarray


def torch_tensor(array: np.ndarray) -> Any:
    """The torch tensor that an `AsTensor` becomes on arrival."""
    import torch

    return torch.from_numpy(array)


def to_wire(value: Any, arrays: list[np.ndarray], special: Callable[[Any], Any] | None = None) -> Any:
    """The JSON tree of a value; arrays are appended to `arrays`.

    Args:
        value: what should travel.
        arrays: grows by the arrays met on the way.
        special: gives the tree of a value that is not plain, or raises NotPlain. Without it, all such raise.

    Raises NotPlain.
    """
    kind = type(value)
    if kind is float or kind is str or value is None or kind is bool:
        return value
    if kind is int:
        if value.bit_length() > MAX_BITS:
            raise NotPlain(f"an integer of {value.bit_length():,} bits")
        return value
    if kind is tuple or kind is list:
        # the most frequent kinds are their own trees
        same = _SIMPLE.issuperset(map(type, value))
        trees = list(value) if same else [to_wire(item, arrays, special) for item in value]
        return trees if kind is list else {"t": trees}
    if kind is dict:
        if _TEXT.issuperset(map(type, value)):
            if _SIMPLE.issuperset(map(type, value.values())):
                return {"o": value}
            return {"o": {key: to_wire(item, arrays, special) for key, item in value.items()}}
        if len(value) > MAX_ODD_KEYS:
            raise NotPlain(f"a dictionary of {len(value):,} entries whose keys are no text")
        return {"d": [[to_wire(k, arrays), to_wire(v, arrays, special)] for k, v in value.items()]}
    return _rarer(value, arrays, special)


def _rarer(value: Any, arrays: list[np.ndarray], special: Callable[[Any], Any] | None) -> Any:
    """The same for what is not exactly of one of Python's own types."""
    if isinstance(value, np.generic):
        return to_wire(_usual(np.asarray(value)).item(), arrays, special)
    if isinstance(value, np.ndarray):
        value = _usual(value)
        if value.dtype.kind in "US":
            return value.tolist()
        if value.dtype.kind not in KINDS or value.dtype.itemsize > 16:
            raise NotPlain(f"an array of dtype {value.dtype}")
        return {"a": _stored(np.asarray(value), arrays)}
    if isinstance(value, AsTensor):
        return {"T": _stored(np.asarray(value.array), arrays)}
    if isinstance(value, (bytes, bytearray)):
        return {"b": bytes(value).decode("latin-1")}
    if type(value).__module__.split(".")[0] == "torch" and hasattr(value, "detach"):
        value = value.detach().cpu()
        return {"a": _stored((value.float() if "bfloat16" in str(value.dtype) else value).numpy(), arrays)}
    for kind in (int, float, str, dict, tuple, list):
        if isinstance(value, kind):
            return to_wire(kind(value), arrays, special)
    if special is None:
        raise NotPlain(f"a {type(value).__name__}")
    return special(value)


def _usual(array: np.ndarray) -> np.ndarray:
    """The array in double precision if it has more, for which Python and JSON have no numbers."""
    if array.dtype.kind in "fc" and array.dtype.itemsize > (8 if array.dtype.kind == "f" else 16):
        return array.astype(np.float64 if array.dtype.kind == "f" else np.complex128)
    return array


def _stored(array: np.ndarray, arrays: list[np.ndarray]) -> int:
    arrays.append(np.ascontiguousarray(array).reshape(array.shape))
    return len(arrays) - 1


def from_wire(tree: Any, arrays: list[np.ndarray], special: dict[str, Callable[[Any], Any]]) -> Any:
    """The value of a JSON tree.

    Args:
        tree: as `to_wire` makes it.
        arrays: of the same message.
        special: what the tags `T`, `h` and `c` mean on this side; one that is not here is refused.

    Raises ProtocolError.
    """
    kind = type(tree)
    if kind is list:
        return [x if type(x) in _SIMPLE else from_wire(x, arrays, special) for x in tree]
    if kind is not dict:
        return tree
    if len(tree) != 1:
        raise ProtocolError("a value with no single tag")
    ((tag, content),) = tree.items()
    if tag == "t" and type(content) is list:
        return tuple(from_wire(content, arrays, special))
    if tag == "o" and type(content) is dict:
        return {key: from_wire(item, arrays, special) for key, item in content.items()}
    if tag == "d" and type(content) is list and len(content) <= MAX_ODD_KEYS:
        return dict(_pair(pair, arrays, special) for pair in content)
    if tag == "b" and type(content) is str and content.isascii() | (max(content, default="") <= "\xff"):
        return content.encode("latin-1")
    if tag in "aT" and type(content) is int and 0 <= content < len(arrays):
        return arrays[content] if tag == "a" else _special(tag, arrays[content], special)
    if tag in "hc":
        return _special(tag, content, special)
    raise ProtocolError("a value with an unknown tag")


def _special(tag: str, content: Any, special: dict[str, Callable[[Any], Any]]) -> Any:
    if tag not in special:
        raise ProtocolError("a value that does not travel in this direction")
    return special[tag](content)


def _pair(pair: Any, arrays: list[np.ndarray], special: dict[str, Callable[[Any], Any]]) -> tuple[Any, Any]:
    if type(pair) is not list or len(pair) != 2:
        raise ProtocolError("an entry of a dictionary that is no pair")
    key, value = from_wire(pair[0], arrays, {}), from_wire(pair[1], arrays, special)
    try:
        hash(key)
    except TypeError:
        raise ProtocolError("a key that cannot be one") from None
    return key, value


def plain(value: Any) -> Any:
    """A copy of a value as it would arrive elsewhere; NotPlain if it cannot travel."""
    arrays: list[np.ndarray] = []
    try:
        return from_wire(to_wire(value, arrays), [array.copy() for array in arrays], {})
    except RecursionError:
        raise NotPlain("something that contains itself, or is nested without end") from None


def pack(tree: Any, arrays: list[np.ndarray]) -> bytes:
    """A whole message: its length, its JSON, its arrays' bytes. NotPlain if it is too large."""
    about = [[array.dtype.str, list(array.shape)] for array in arrays]
    text = json.dumps([tree, about], ensure_ascii=True, check_circular=False).encode("ascii")
    size = sum(array.nbytes for array in arrays)
    if len(text) > MAX_TEXT or size > MAX_ARRAYS:
        raise NotPlain(f"a value of {(len(text) + size) / 1e6:.0f} MB")
    return b"".join([_HEADER.pack(len(text), size), text, *(array.tobytes() for array in arrays)])


def header(data: bytes) -> int:
    """How many bytes follow the eight of a header; ProtocolError if they are too many."""
    text, size = _HEADER.unpack(data)
    if text > MAX_TEXT or size > MAX_ARRAYS:
        raise ProtocolError("a message that is too large")
    return text + size


def unpack(head: bytes, body: bytes) -> tuple[Any, list[np.ndarray]]:
    """Tree and arrays of a message. ProtocolError if it is none."""
    length = _HEADER.unpack(head)[0]
    try:
        tree, about = json.loads(body[:length])
        arrays, start = [], length
        for dtype, shape in about:
            array = _array(dtype, shape, body, start)
            start += array.nbytes
            arrays.append(array)
    except (ValueError, TypeError, RecursionError) as error:  # what json, struct and numpy raise at nonsense
        raise ProtocolError(f"a message that cannot be read ({type(error).__name__})") from None
    if start != len(body):
        raise ProtocolError("a message with bytes left over")
    return tree, arrays


def _array(dtype: str, shape: list[int], body: bytes, start: int) -> np.ndarray:
    """One array of a message; a writable copy."""
    if not re.fullmatch(r"[<>|][biufc]\d{1,2}", str(dtype)) or len(shape) > 16:
        raise ProtocolError("an array of an unknown kind")
    kind = np.dtype(dtype)
    if kind.kind not in KINDS or any(type(n) is not int or not 0 <= n <= MAX_ARRAYS for n in shape):
        raise ProtocolError("an array of an unknown kind")
    count = math.prod(shape)
    if count * kind.itemsize > len(body) - start:
        raise ProtocolError("an array that is not all there")
    if kind.kind == "b":  # a byte that is neither 0 nor 1 makes a bool that is neither
        return (np.frombuffer(body, np.uint8, count, start) != 0).reshape(shape)
    return np.frombuffer(body, kind, count, start).reshape(shape).copy()
