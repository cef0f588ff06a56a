"""Small GGUF files, put together byte by byte as the specification says, not by the reader's own tables."""

import struct


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, data):
    """One value of metadata: the number of its type, and its bytes."""
    return struct.pack("<I", kind) + data


def array(kind, items):
    """An array of items of one type, each given in bytes."""
    return value(9, struct.pack("<IQ", kind, len(items)) + b"".join(items))


def whole_number(number):
    return value(4, struct.pack("<I", number))


def file(metadata=(), tensors=(), version=3, alignment=32):
    """A whole file.

    Args:
        metadata: pairs of a name and what `value` or `array` gives.
        tensors: (name, dimensions with the fastest first, number of the type, bytes).
    """
    data = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    data += b"".join(string(name) + content for name, content in metadata)
    offset, body = 0, b""
    for name, dimensions, kind, content in tensors:
        data += string(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        data += struct.pack("<IQ", kind, offset)
        padding = -len(content) % alignment
        body += content + bytes(padding)
        offset += len(content) + padding
    return data + bytes(-len(data) % alignment) + body
