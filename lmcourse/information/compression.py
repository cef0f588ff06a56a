"""Files compressed by a language model: a header, then the code of `arithmetic`.

Only the same model, on a machine that computes the same numbers, can restore one; the header tells.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import NamedTuple

from lmcourse.information.arithmetic import CorruptError, decode, encode
from lmcourse.model import LanguageModel

MAGIC = b"LMC3"
# magic, model's fingerprint, tokens, checksums of the text and of the file
HEADER = struct.Struct(">4s8sQII")
TOKENS_PER_BYTE = 1024  # of the code, at most: so a short file cannot claim a long text


class Head(NamedTuple):
    """What a file says about its code."""

    made_by: bytes  # the model's fingerprint
    length: int  # tokens
    checksum: int  # of the text


def fingerprint(model: LanguageModel) -> bytes:
    """8 bytes that tell models apart: a hash of the tokens, and of 16 predictions on the likeliest text."""
    name = repr((type(model).__name__, model.vocab.tokens))
    hashed = hashlib.sha256(name.encode("utf-8", "surrogatepass"))
    reader = model.reader()
    for _ in range(16):
        log_probs = reader.log_probs()[0].astype(float)
        hashed.update(log_probs.tobytes())
        reader.read([int(log_probs.argmax())])
    return hashed.digest()[:8]


def pack(head: Head, code: bytes) -> bytes:
    """A file: the header, a checksum of all of it, the code. A very short code is filled up with zeros."""
    code = code.ljust(-(-head.length // TOKENS_PER_BYTE), b"\0")
    start = HEADER.pack(MAGIC, *head, 0)[:-4]
    return start + struct.pack(">I", zlib.crc32(code, zlib.crc32(start))) + code


def unpack(data: bytes, max_tokens: int) -> tuple[Head, bytes]:
    """What `pack` put into a file. Raises CorruptError unless it is whole and its claims can be true."""
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise CorruptError("this is no file of lmcourse.information.compress, or its beginning is missing")
    _, made_by, length, checksum, file_checksum = HEADER.unpack_from(data)
    code = data[HEADER.size :]
    if zlib.crc32(code, zlib.crc32(data[: HEADER.size - 4])) != file_checksum:
        raise CorruptError("the compressed data were changed on their way, or some of them are missing")
    most = min(max_tokens, TOKENS_PER_BYTE * len(code))
    if length > most:
        why = f"max_tokens={max_tokens:,}" if most == max_tokens else f"{len(code):,} bytes can hold {most:,}"
        raise CorruptError(f"the data claim to be {length:,} tokens, too many: {why}")
    return Head(made_by, length, checksum), code


def compress(model: LanguageModel, text: str) -> bytes:
    """A text as a file's bytes: a header of 28 bytes, then the code of `encode`.

    Only the same model, on a machine that computes the same numbers, can restore it.
    Raises ValueError if the model has no tokens for it, or calls it impossible.
    """
    ids = model.ids(text)
    if model.vocab.decode(ids) != text:
        raise ValueError(
            "the model's tokens do not bring this text back (white space, perhaps, or an unknown word), so "
            "it could not be restored; use characters or bytes as tokens"
        )
    return pack(Head(fingerprint(model), len(ids), _checksum(text)), encode(model, ids))


def decompress(model: LanguageModel, data: bytes, max_tokens: int = 100_000_000) -> str:
    """The text that `compress` was given, with the same model.

    Args:
        model: with which it was compressed.
        data: what `compress` returned.
        max_tokens: refuse to restore more than this.

    The file's checksum is looked at first, so that damage is found before anything is decoded. Whoever forges
    it can claim a longer text, but no more tokens than `TOKENS_PER_BYTE` for each byte of code: what was
    received bounds the work, even where the model is so sure of a text that its tokens cost next to nothing.

    Raises CorruptError if the data are not `compress`'s, not whole, or changed; ValueError for another model.
    """
    head, code = unpack(data, max_tokens)
    if head.made_by != fingerprint(model):
        raise ValueError("the data were compressed with another model; restore them with the same one")
    text = model.vocab.decode(decode(model, code, head.length))
    if _checksum(text) != head.checksum:
        raise CorruptError(
            "the restored text does not have the checksum of the one that was compressed: the model is not "
            "quite the same, or this machine computes other numbers with it"
        )
    return text


def _checksum(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
