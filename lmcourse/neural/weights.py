"""Weights in a file that others can read: the safetensors format, written out.

A file is the length of its head (8 bytes, the lowest first), the head (JSON: for each tensor its type, shape
and place), and the numbers one after another. Nothing in it can be run, unlike in Python's own pickle.
Weights are stored in half precision, at two bytes each.

Source: the format's description at https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import torch

from lmcourse.files import write_whole

LONGEST_HEAD = 100_000_000  # bytes; the format's own limit


def save_weights(module: torch.nn.Module, path: Path) -> None:
    """Write a module's weights in half precision, and round those of the module to what was written.

    Raises ValueError for a weight that is no finite number in half precision.
    """
    head: dict[str, object] = {}
    numbers = bytearray()
    rounded = {name: tensor.detach().cpu().half() for name, tensor in module.state_dict().items()}
    for name, tensor in rounded.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name} is not finite in half precision, so {path.name} was not written")
        data = tensor.numpy().astype("<f2").tobytes()
        place = [len(numbers), len(numbers) + len(data)]
        head[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": place}
        numbers += data
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers begin at a multiple of 8
    write_whole(path, struct.pack("<Q", len(text)) + text + bytes(numbers))
    module.load_state_dict(rounded)


def load_weights(module: torch.nn.Module, path: Path) -> None:
    """Give a module the weights of a file.

    Raises ValueError, and changes nothing, if the file is not whole or of another module.
    """
    head, numbers = _parts(path)
    wanted = {name: list(tensor.shape) for name, tensor in module.state_dict().items()}
    found = {name: entry["shape"] for name, entry in head.items()}
    for name in [*wanted, *found]:
        if wanted.get(name) != found.get(name):
            raise ValueError(
                f"{path.name} is of another network: {name} has the shape {found.get(name)} there and "
                f"{wanted.get(name)} here; build the network as it was when the file was written"
            )
    state = {}
    for name, entry in head.items():
        begin, end = entry["data_offsets"]
        array = np.frombuffer(numbers[begin:end], "<f2").astype(np.float32).reshape(entry["shape"])
        state[name] = torch.from_numpy(array)
    module.load_state_dict(state)


def _parts(path: Path) -> tuple[dict, bytes]:
    """Head and numbers of a file. Raises ValueError unless it is whole, and all of it half precision."""
    data = path.read_bytes()
    try:
        (size,) = struct.unpack_from("<Q", data)
        if size > LONGEST_HEAD:
            raise ValueError("its head is too long")
        head, numbers = json.loads(data[8 : 8 + size]), data[8 + size :]
        head.pop("__metadata__", None)
        if {entry["dtype"] for entry in head.values()} != {"F16"}:
            raise ValueError("it has numbers that are not in half precision")
        if max(entry["data_offsets"][1] for entry in head.values()) != len(numbers):
            raise ValueError("it ends too early or too late")
    except (struct.error, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{path} holds no weights that can be read ({error}); get the file anew") from None
    return head, numbers
