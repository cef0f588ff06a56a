"""The wire: what is plain travels unchanged, what is not is named, and nonsense is refused."""

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.grading import values
from lmcourse.grading.values import NotPlain, ProtocolError, from_wire, pack, plain, to_wire, unpack

KEYS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
LEAVES = KEYS | st.floats() | st.binary()
PLAIN = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS | st.tuples(KEYS), inner)
    ),
    max_leaves=20,
)


def sent(value):
    """There and back through bytes."""
    arrays = []
    message = pack(to_wire(value, arrays), arrays)
    tree, arrays = unpack(message[:8], message[8:])
    return from_wire(tree, arrays, {})


def same(a, b):
    """Equal in value and in type, all the way down; NaN is NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(map(repr, a)) == list(map(repr, b)) and all(map(same, a.values(), b.values()))
    return a == b


@given(PLAIN)
def test_plain_values_travel_unchanged(value):
    assert same(sent(value), value)
    assert same(plain(value), value)


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "f2", "f4", ">f8", "c16"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)])
def test_arrays_travel_with_dtype_and_shape(dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    got = sent([array, {"x": array.T}])
    for before, after in ((array, got[0]), (array.T, got[1]["x"])):
        assert (after.dtype, after.shape) == (before.dtype, before.shape)
        np.testing.assert_array_equal(after, before)
        assert after.flags.writeable


def test_relatives_of_plain_values_become_plain():
    class Name(str):
        __slots__ = ()

    got = sent([np.float32(0.5), np.int64(3), np.bool_(True), Name("n"), np.array(["a", "b"])])
    assert got == [0.5, 3, True, "n", ["a", "b"]]
    assert [type(x) for x in got] == [float, int, bool, str, list]


def test_tensors_travel_as_arrays():
    torch = pytest.importorskip("torch")
    parameter = torch.nn.Parameter(torch.tensor([1.5, 2.0], dtype=torch.bfloat16))
    np.testing.assert_array_equal(sent(parameter), np.array([1.5, 2.0], np.float32))


def loop():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (object(), "a object"),
        ({1, 2}, "a set"),
        (iter([1]), "a list_iterator"),
        ([lambda: 1], "a function"),
        (1 << 20_000, "20,001 bits"),
        (np.array([object()]), "dtype object"),
        (np.zeros(2, "M8[s]"), "dtype datetime64"),
        (loop(), "contains itself"),
        (dict.fromkeys(range(values.MAX_ODD_KEYS + 1)), "20,001 entries"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_plain_is_named(value, said):
    with pytest.raises(NotPlain, match=said):
        plain(value)


def test_a_message_has_a_largest_size(monkeypatch):
    monkeypatch.setattr(values, "MAX_TEXT", 100)
    with pytest.raises(NotPlain, match="MB"):
        pack("a" * 200, [])
    with pytest.raises(ProtocolError, match="too large"):
        values.header(struct.pack("!II", 101, 0))
    with pytest.raises(ProtocolError, match="too large"):
        values.header(struct.pack("!II", 0, 2**32 - 1))


def forged(tree, about, blob=b""):
    text = json.dumps([tree, about]).encode()
    return struct.pack("!II", len(text), len(blob)), text + blob


@pytest.mark.parametrize(
    ("tree", "about", "blob"),
    [
        (0, [["|O", [1]]], bytes(8)),  # objects would be pointers of the sender's choice
        (0, [["<f8", [-1]]], bytes(8)),
        (0, [["<f8", [True]]], bytes(8)),
        (0, [["<f8", [10**9]]], bytes(8)),
        (0, [["<f8", [2**32, 2**32]]], bytes(8)),
        (0, [["<f8", [1] * 40]], bytes(8)),
        (0, [["nonsense", [1]]], bytes(8)),
        (0, [["V8", [1]]], bytes(8)),
        (0, [[5, [1]]], bytes(8)),
        (0, ["x"], b""),
        (0, 7, b""),
        (0, [], b"left over"),
        ({"a": 0}, [], b""),
        ({"a": -1}, [["|i1", [1]]], b"a"),
        ({"a": True}, [["|i1", [1]]], b"a"),
        ({"h": 0}, [], b""),  # a student has no handles to give, nor functions
        ({"c": [0]}, [], b""),
        ({"T": 0}, [["|i1", [1]]], b"a"),
        ({"x": 0}, [], b""),
        ({"o": {}, "t": []}, [], b""),
        ({}, [], b""),
        ({"o": 3}, [], b""),
        ({"t": "ab"}, [], b""),
        ({"d": [[[], 1]]}, [], b""),
        ({"d": [[1]]}, [], b""),
        ({"d": [[{"t": [[]]}, 1]]}, [], b""),
        ({"b": "\u0100"}, [], b""),
        ({"d": [[1, 1]] * 20_001}, [], b""),
    ],
)
def test_a_forged_message_is_refused(tree, about, blob):
    with pytest.raises(ProtocolError):
        from_wire(*unpack(*forged(tree, about, blob)), {})


def test_a_bool_that_is_neither_is_made_one():
    tree, arrays = unpack(*forged({"a": 0}, [["|b1", [2]]], b"\x02\x00"))
    assert from_wire(tree, arrays, {}).tobytes() == b"\x01\x00"


@pytest.mark.parametrize("text", [b"[" * 100_000, b"9" * 5_000, b"\xff", b"", b"[1]", b"[1,2,3]", b"{}"])
def test_text_that_is_no_message_is_refused(text):
    with pytest.raises(ProtocolError):
        unpack(struct.pack("!II", len(text), 0), text)


@settings(max_examples=300)
@given(st.binary(max_size=60), st.binary(max_size=20))
def test_arbitrary_bytes_are_a_message_or_refused(text, blob):
    head = struct.pack("!II", len(text), len(blob))
    try:
        from_wire(*unpack(head, text + blob), {})
    except ProtocolError:
        pass
