"""Weights in a file: what is written is what is read, byte by byte as the format says, nothing else."""

import json
import struct

import pytest
import torch

from lmcourse.neural.weights import load_weights, save_weights


def layer(*rows):
    """Two inputs, with these weights and no bias."""
    module = torch.nn.Linear(2, len(rows), bias=False)
    with torch.no_grad():
        module.weight.copy_(torch.tensor(rows))
    return module


def test_a_file_is_what_the_format_says(tmp_path):
    save_weights(layer([1.0, -2.0]), tmp_path / "w.safetensors")
    data = (tmp_path / "w.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    head = json.loads(data[8 : 8 + size])
    assert head == {"weight": {"dtype": "F16", "shape": [1, 2], "data_offsets": [0, 4]}}
    assert size % 8 == 0
    # half precision: sign, 5 bits of exponent (15 is 2^0), 10 of fraction; 1 = 0 01111 0…, -2 = 1 10000 0…
    assert data[8 + size :] == bytes([0x00, 0x3C, 0x00, 0xC0])


def test_what_is_read_is_what_was_written_and_the_writer_has_it_too(tmp_path):
    torch.manual_seed(0)
    written = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    exact = [p.clone() for p in written.parameters()]
    save_weights(written, tmp_path / "w.safetensors")
    read = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    load_weights(read, tmp_path / "w.safetensors")
    for a, b, before in zip(written.parameters(), read.parameters(), exact):
        assert torch.equal(a, b)
        torch.testing.assert_close(a, before, rtol=2**-11, atol=0)  # half a step of 10 bits
        assert not torch.equal(a, before)


def test_a_comment_in_the_head_is_allowed(tmp_path):
    head = json.dumps(
        {
            "__metadata__": {"by": "another program"},
            "weight": {"dtype": "F16", "shape": [1, 2], "data_offsets": [0, 4]},
        }
    ).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(head)) + head + bytes([0x00, 0x3C, 0x00, 0xC0]))
    module = layer([0.0, 0.0])
    load_weights(module, path)
    assert module.weight.tolist() == [[1.0, -2.0]]


@pytest.mark.parametrize("kept", [0, 5, 20, -1])
def test_a_file_that_is_not_whole_changes_nothing(tmp_path, kept):
    path = tmp_path / "w.safetensors"
    save_weights(layer([1.0, -2.0]), path)
    path.write_bytes(path.read_bytes()[:kept])
    module = layer([3.0, 4.0])
    with pytest.raises(ValueError, match=r"w\.safetensors holds no weights that can be read"):
        load_weights(module, path)
    assert module.weight.tolist() == [[3.0, 4.0]]


def test_another_network_is_named_and_nothing_is_changed(tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(layer([1.0, -2.0]), path)
    module = layer([3.0, 4.0], [5.0, 6.0])
    with pytest.raises(ValueError, match=r"weight has the shape \[1, 2\] there and \[2, 2\] here"):
        load_weights(module, path)
    with pytest.raises(ValueError, match=r"of another network: bias has the shape None there"):
        load_weights(torch.nn.Linear(2, 1), path)
    assert module.weight.tolist() == [[3.0, 4.0], [5.0, 6.0]]


def test_a_weight_that_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(layer([1.0, -2.0]), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="weight is not finite in half precision"):
        save_weights(layer([1e6, 0.0]), path)  # the largest is 65,504
    assert path.read_bytes() == before
