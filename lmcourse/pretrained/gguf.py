"""GGUF, the file format of llama.cpp: what is known about a model, and its weights, in one file.

Everything is little-endian, one thing after another:

    "GGUF", version; number of tensors, number of metadata
    metadata     name, type, value; a string is its length and then UTF-8, an array its type, length, values
    tensors      name, number of dimensions, each dimension (the one that runs fastest first), type, offset
    the weights  from the next multiple of `general.alignment` bytes on, each tensor at its offset from there

Weights stand in blocks, each of the numbers of one row that follow one another. `BLOCKS` says what a block
holds; NumPy reads it as a structured type, so that `tensor.blocks["scale"]` is a view of the file itself.

    F32, F16    one number
    Q8_0        32 numbers in 34 bytes:  scale (16 bit), 32 whole numbers q from -128 to 127;  w = scale q
    Q4_1        32 numbers in 20 bytes:  scale, least (16 bit each), 16 bytes of two whole numbers q from 0
                to 15 each: byte i holds number i in its low half, number i + 16 in its high;
                w = scale q + least

The file is mapped into memory, not read: only what is looked at is fetched. Left out: the many other types of
blocks, files in several parts, big-endian ones.

Source: the specification in ggml's repository, docs/gguf.md; for the blocks, ggml-common.h of the same.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = b"GGUF"
VERSIONS = (2, 3)  # 3 differs from 2 only in that it may be big-endian
SCALARS = {0: "u1", 1: "i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "?", 10: "<u8", 11: "<i8"}
SCALARS = {number: np.dtype(code) for number, code in {**SCALARS, 12: "<f8"}.items()}
STRING, ARRAY = 8, 9

TYPES = {0: "F32", 1: "F16", 3: "Q4_1", 8: "Q8_0"}  # of tensors, by the number in the file
BLOCKS = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "Q8_0": np.dtype([("scale", "<f2"), ("whole", "i1", 32)]),
    "Q4_1": np.dtype([("scale", "<f2"), ("least", "<f2"), ("pairs", "u1", 16)]),
}
SIZES = {"F32": 1, "F16": 1, "Q8_0": 32, "Q4_1": 32}  # numbers in a block


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as it lies in the file.

    Attributes:
        name: for example "blk.0.attn_q.weight".
        shape: its dimensions in NumPy's order, so that the last one runs fastest.
        type: one of `BLOCKS`.
        blocks: of the same shape, but for the last dimension, which counts blocks; a view of the file.
    """

    name: str
    shape: tuple[int, ...]
    type: str
    blocks: np.ndarray

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class GGUF:
    """What a file holds: `metadata` and `tensors`, each by name."""

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, StoredTensor]


def dequantise(tensor: StoredTensor, out: np.ndarray | None = None) -> np.ndarray:
    """The numbers (float32, of the tensor's shape) that the blocks stand for, if wished in `out`.

    Raises ValueError for an `out` of another shape or type.
    """
    out = np.empty(tensor.shape, dtype=np.float32) if out is None else out
    if out.shape != tensor.shape or out.dtype != np.float32:
        raise ValueError(
            f"out is {out.dtype} of shape {out.shape}; {tensor.name} needs float32 of shape {tensor.shape}"
        )
    blocks = tensor.blocks
    if blocks.dtype.names is None:
        out[...] = blocks
        return out
    numbers = out.reshape(*blocks.shape, 32)  # a view: only the last dimension is split
    scale = blocks["scale"].astype(np.float32)[..., None]
    if tensor.type == "Q8_0":
        np.multiply(blocks["whole"], scale, out=numbers)
    else:
        np.multiply(blocks["pairs"] & 15, scale, out=numbers[..., :16])
        np.multiply(blocks["pairs"] >> 4, scale, out=numbers[..., 16:])
        numbers += blocks["least"].astype(np.float32)[..., None]
    return out


class _Cursor:
    """Reads the file from the front. Raises ValueError where it ends too early or a type is unknown."""

    def __init__(self, path: Path, data: np.ndarray):
        self.path, self.data, self.at = path, memoryview(data), 0

    def take(self, length: int) -> memoryview:
        """So many bytes."""
        if self.at + length > len(self.data):
            raise ValueError(
                f"{self.path} ends at byte {len(self.data)}, but byte {self.at + length - 1} is needed: "
                "it is not whole; get it anew"
            )
        self.at += length
        return self.data[self.at - length : self.at]

    def whole(self, code: str) -> int:
        """A whole number of `struct`'s kind "I" (4 bytes) or "Q" (8)."""
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def string(self) -> str:
        data = self.take(self.whole("Q"))
        try:
            return str(data, "utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{self.path}: {bytes(data[:20])} before byte {self.at} is no UTF-8") from None

    def value(self, kind: int) -> str | int | float | bool | list:
        """One of metadata, of a type given by its number."""
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            kind, length = self.whole("I"), self.whole("Q")
            if kind not in SCALARS:
                return [self.value(kind) for _ in range(length)]
            return np.frombuffer(self.take(length * SCALARS[kind].itemsize), SCALARS[kind]).tolist()
        if kind in SCALARS:
            return np.frombuffer(self.take(SCALARS[kind].itemsize), SCALARS[kind])[0].item()
        raise ValueError(f"{self.path}: {kind} at byte {self.at} is no type of metadata that GGUF knows")


def read(path: str | Path) -> GGUF:
    """What a GGUF file holds; its weights are mapped into memory, and read when they are looked at.

    Raises ValueError if it is no GGUF file, of another version, not whole, or has blocks of other types.
    """
    path = Path(path)
    data = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.empty(0, np.uint8)
    cursor = _Cursor(path, data)
    magic = bytes(cursor.data[:4])
    if magic != MAGIC:
        raise ValueError(f"{path} begins with {magic!r}, a GGUF file with {MAGIC!r}; is it the right file?")
    cursor.at = 4
    version = cursor.whole("I")
    if version not in VERSIONS:
        raise ValueError(
            f"{path} is GGUF version {version}; this reader knows {' and '.join(map(str, VERSIONS))}, "
            "little-endian: convert it with llama.cpp"
        )
    n_tensors, n_metadata = cursor.whole("Q"), cursor.whole("Q")
    metadata = {}
    for _ in range(n_metadata):
        name = cursor.string()
        metadata[name] = cursor.value(cursor.whole("I"))
    described = [_description(cursor) for _ in range(n_tensors)]
    alignment = metadata.get("general.alignment", 32)
    begin = -(-cursor.at // alignment) * alignment
    stored = map(partial(_stored, cursor, begin), described)
    return GGUF(path, metadata, {tensor.name: tensor for tensor in stored})


def _description(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape, number of the type and offset of the next tensor."""
    name = cursor.string()
    shape = tuple(cursor.whole("Q") for _ in range(cursor.whole("I")))[::-1]
    return name, shape, cursor.whole("I"), cursor.whole("Q")


def _stored(cursor: _Cursor, begin: int, described: tuple[str, tuple[int, ...], int, int]) -> StoredTensor:
    name, shape, number, offset = described
    if number not in TYPES:
        known = ", ".join(f"{name} ({number})" for number, name in TYPES.items())
        raise ValueError(
            f"{cursor.path}: {name} is stored as type {number}; this reader knows {known}. "
            "Quantise the model to one of these"
        )
    kind = TYPES[number]
    if not shape or shape[-1] % SIZES[kind]:
        raise ValueError(
            f"{cursor.path}: {name} has shape {shape}; rows of {kind} are multiples of {SIZES[kind]}"
        )
    shape_in_blocks = (*shape[:-1], shape[-1] // SIZES[kind])
    cursor.at = begin + offset
    raw = cursor.take(int(np.prod(shape_in_blocks)) * BLOCKS[kind].itemsize)
    return StoredTensor(name, shape, kind, np.frombuffer(raw, BLOCKS[kind]).reshape(shape_in_blocks))
