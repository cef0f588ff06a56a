"""The file's format: small files made by hand, with values worked out by hand, and all that can be wrong."""

import struct

import handmade
import numpy as np
import pytest

from lmcourse.pretrained.gguf import dequantise, read

HALF, ONE, TWO = (struct.pack("<e", number) for number in (0.5, 1.0, 2.0))


@pytest.fixture
def written(tmp_path):
    """Writes a file of such bytes, and gives its path."""

    def write(data):
        path = tmp_path / "small.gguf"
        path.write_bytes(data)
        return path

    return write


def test_all_types_of_metadata(written):
    metadata = {
        "u8": (handmade.value(0, b"\xff"), 255),
        "i8": (handmade.value(1, b"\xff"), -1),
        "u16": (handmade.value(2, b"\x01\x02"), 513),  # 1 + 2 · 256
        "i16": (handmade.value(3, b"\xfe\xff"), -2),
        "u32": (handmade.value(4, b"\x00\x00\x00\x80"), 2**31),
        "i32": (handmade.value(5, b"\x00\x00\x00\x80"), -(2**31)),
        "f32": (handmade.value(6, struct.pack("<f", 0.75)), 0.75),
        "bool": (handmade.value(7, b"\x01"), True),
        "string": (handmade.value(8, handmade.string("Ġmouse 鼠")), "Ġmouse 鼠"),
        "u64": (handmade.value(10, struct.pack("<Q", 2**63)), 2**63),
        "i64": (handmade.value(11, struct.pack("<q", -3)), -3),
        "f64": (handmade.value(12, struct.pack("<d", 0.1)), 0.1),
        "numbers": (handmade.array(5, [struct.pack("<i", n) for n in (1, -2)]), [1, -2]),
        "strings": (handmade.array(8, [handmade.string(text) for text in ("a", "", "bc")]), ["a", "", "bc"]),
        "truths": (handmade.array(7, [b"\x00", b"\x01"]), [False, True]),
        "nothing": (handmade.array(8, []), []),
        "nested": (handmade.array(9, [struct.pack("<IQ", 0, 2) + b"\x05\x06"]), [[5, 6]]),
    }
    path = written(handmade.file([(name, content) for name, (content, _) in metadata.items()]))
    found = read(path).metadata
    assert found == {name: expected for name, (_, expected) in metadata.items()}
    assert {name: type(each) for name, each in found.items()} == {
        name: type(expected) for name, (_, expected) in metadata.items()
    }


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("alignment", [32, 64])
def test_blocks_are_what_the_formulas_say(written, version, alignment):
    # 32 whole numbers, scale 1/2: -128/2 = -64, 127/2 = 63.5, then zeros
    q8 = HALF + struct.pack("32b", -128, 127, *[0] * 30)
    # scale 2, least 1; byte 0 is 0xF3: number 0 is 2·3 + 1 = 7, number 16 is 2·15 + 1 = 31; the others 1
    q4 = TWO + ONE + b"\xf3" + bytes(15)
    # scale 1, least 1/2; byte 15 is 0x0A: number 15 is 10.5; number 31 and the others 0.5
    q4 += ONE + HALF + bytes(15) + b"\x0a"
    tensors = [
        ("f32", (2, 3), 0, struct.pack("<6f", *range(6))),  # two numbers in each of three rows
        ("f16", (3,), 1, HALF + ONE + TWO),
        ("q8", (32, 1), 8, q8),
        ("q4", (32, 2), 3, q4),
    ]
    metadata = [("general.alignment", handmade.whole_number(alignment))]
    found = read(written(handmade.file(metadata, tensors, version, alignment))).tensors
    assert {name: (tensor.type, tensor.shape, tensor.size) for name, tensor in found.items()} == {
        "f32": ("F32", (3, 2), 6),
        "f16": ("F16", (3,), 3),
        "q8": ("Q8_0", (1, 32), 32),
        "q4": ("Q4_1", (2, 32), 64),
    }
    values = {name: dequantise(tensor) for name, tensor in found.items()}
    assert {each.dtype for each in values.values()} == {np.dtype(np.float32)}
    assert values["f32"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert values["f16"].tolist() == [0.5, 1, 2]
    assert values["q8"].tolist() == [[-64, 63.5, *[0] * 30]]
    first, second = [1.0] * 32, [0.5] * 32
    first[0], first[16], second[15] = 7, 31, 10.5
    assert values["q4"].tolist() == [first, second]
    assert found["q4"].blocks.shape == (2, 1)
    assert found["q4"].blocks["least"].tolist() == [[1.0], [0.5]]
    assert not found["q4"].blocks.flags.owndata  # a view of the file


def test_random_blocks_number_by_number(written):
    rng = np.random.default_rng(0)
    rows, blocks = 3, 4
    scales, leasts = rng.normal(size=(2, rows * blocks)).astype(np.float16)
    q4 = rng.integers(256, size=(rows * blocks, 16), dtype=np.uint8)
    q8 = rng.integers(-128, 128, size=(rows * blocks, 32), dtype=np.int8)
    data4 = b"".join(s.tobytes() + m.tobytes() + q.tobytes() for s, m, q in zip(scales, leasts, q4))
    data8 = b"".join(s.tobytes() + q.tobytes() for s, q in zip(scales, q8))
    shape = (32 * blocks, rows)
    found = read(written(handmade.file([], [("four", shape, 3, data4), ("eight", shape, 8, data8)]))).tensors
    four, eight = dequantise(found["four"]), dequantise(found["eight"])
    for row in range(rows):
        for column in range(32 * blocks):
            block, place = row * blocks + column // 32, column % 32
            byte = int(q4[block, place % 16])
            nibble = byte % 16 if place < 16 else byte // 16
            scale, least = np.float32(scales[block]), np.float32(leasts[block])
            assert four[row, column] == scale * np.float32(nibble) + least
            assert eight[row, column] == scale * np.float32(q8[block, place])


def test_numbers_can_be_put_into_part_of_an_array(written):
    tensor = read(written(handmade.file([], [("x", (2, 1), 0, struct.pack("<2f", 1, 2))]))).tensors["x"]
    whole = np.zeros((3, 2), np.float32)
    assert dequantise(tensor, whole[1:2]).base is whole
    assert whole.tolist() == [[0, 0], [1, 2], [0, 0]]
    with pytest.raises(ValueError, match=r"float64 of shape \(1, 2\); x needs float32 of shape \(1, 2\)"):
        dequantise(tensor, np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"of shape \(2, 1\)"):
        dequantise(tensor, np.zeros((2, 1), np.float32))


WHOLE = handmade.file([("name", handmade.value(8, handmade.string("x")))], [("x", (32,), 8, bytes(34))])


@pytest.mark.parametrize("length", range(0, len(WHOLE) - 30))  # the last 30 bytes only fill up
def test_a_file_that_ends_too_early_says_so(written, length):
    with pytest.raises(ValueError, match=r"small.gguf (ends at byte|begins with)"):
        read(written(WHOLE[:length]))


def test_the_whole_file_is_read(written):
    assert read(written(WHOLE)).tensors["x"].size == 32


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04 a zip", r"small.gguf begins with b'PK\\x03\\x04', a GGUF file with b'GGUF'"),
        (handmade.file(version=1), "small.gguf is GGUF version 1; this reader knows 2 and 3"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "version 50331648"),  # big-endian
        (handmade.file([("x", handmade.value(13, b""))]), "small.gguf: 13 at byte .* is no type of metadata"),
        (
            handmade.file([], [("w", (256,), 14, bytes(210))]),
            r"small.gguf: w is stored as type 14; .*Q8_0 \(8\)",
        ),
        (
            handmade.file([], [("w", (33,), 8, bytes(34))]),
            r"w has shape \(33,\); rows of Q8_0 are multiples of 32",
        ),
        (handmade.file([], [("w", (), 0, bytes(4))]), r"w has shape \(\); rows of F32"),
        (handmade.file([("x", handmade.value(8, struct.pack("<Q", 2**60)))]), "ends at byte"),
        (handmade.file([("x", handmade.value(9, struct.pack("<IQ", 8, 2**60)))]), "ends at byte"),
        (
            handmade.file([("x", handmade.value(8, struct.pack("<Q", 1) + b"\xff"))]),
            "small.gguf: .* is no UTF-8",
        ),
    ],
)
def test_bad_files(written, data, message):
    with pytest.raises(ValueError, match=message):
        read(written(data))
