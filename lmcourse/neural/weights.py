"""Trained weights in a file that others can read: safetensors, in half precision, at two bytes a number.

Nothing in such a file can be run, unlike in Python's own pickle. Left out: weights that two layers share.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from lmcourse.files import write_whole


def save_weights(module: torch.nn.Module, path: Path) -> None:
    """Write a module's weights in half precision, and round those of the module to what was written.

    Raises ValueError for a weight that is no finite number in half precision.
    """
    rounded = {name: tensor.detach().cpu().half() for name, tensor in module.state_dict().items()}
    for name, tensor in rounded.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name} is not finite in half precision, so {path.name} was not written")
    write_whole(path, save(rounded))
    module.load_state_dict(rounded)


def load_weights(module: torch.nn.Module, path: Path) -> None:
    """Give a module the weights of a file.

    Raises ValueError, and changes nothing, if the file is not whole or of another module.
    """
    give_weights(module, read_weights(path), path.name)


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file by name. Raises ValueError if it is not whole."""
    try:
        return load(path.read_bytes())
    except SafetensorError as error:
        raise ValueError(f"{path} holds no weights that can be read ({error}); get the file anew") from None


def give_weights(module: torch.nn.Module, state: Mapping[str, torch.Tensor], name: str) -> None:
    """Give a module the weights that came from the file `name`.

    Raises ValueError, and changes nothing, if they are of another module.
    """
    wanted, found = (
        {part: list(tensor.shape) for part, tensor in tensors.items()}
        for tensors in (module.state_dict(), state)
    )
    for part in [*wanted, *found]:
        if wanted.get(part) != found.get(part):
            raise ValueError(
                f"{name} is of another network: {part} has the shape {found.get(part)} there and "
                f"{wanted.get(part)} here; build the network as it was when the file was written"
            )
    module.load_state_dict(state)
