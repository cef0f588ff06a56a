"""Weights as whole numbers from -127 to 127: one byte each, and one scale for every row of a matrix.

A row's largest weight becomes ±127, the others the nearest whole number: w ≈ q · s with s = max |w| / 127, so
that no weight is off by more than s / 2. What is no matrix (the scales of norms) stays as it is. What fewer
bits would make of a matrix, `round_to_bits` says, without storing them. Left out: activations as whole
numbers, and choosing the roundings with some text at hand.

Source: Dettmers et al. (2022), LLM.int8(), section 2 ("absmax", and its form for each row).
"""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from lmcourse.files import write_whole
from lmcourse.neural.weights import give_weights, read_weights
from lmcourse.transformer.model import TransformerModel

LARGEST = 127
SCALE = ".scale"  # what the name of a matrix gets for the name of its scales


def quantise(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers (R, C) in int8 and a scale (R,) for each row of weights (R, C).

    Raises ValueError for weights that are no matrix of finite numbers.

    >>> whole, scales = quantise(torch.tensor([[0.5, -1.27], [0.0, 0.0]]))
    >>> whole.tolist(), [round(scale, 4) for scale in scales.tolist()]
    ([[50, -127], [0, 0]], [0.01, 1.0])
    """
    if weights.dim() != 2 or not torch.isfinite(weights).all():
        raise ValueError(f"weights of the shape {tuple(weights.shape)} must be a matrix of finite numbers")
    most = weights.float().abs().amax(dim=1)
    scales = torch.where(most > 0, most / LARGEST, 1.0)  # a row of zeros has any scale
    return (weights / scales[:, None]).round().to(torch.int8), scales


def dequantise(whole: Tensor, scales: Tensor) -> Tensor:
    """The weights (R, C) that whole numbers (R, C) and scales (R,) stand for."""
    return whole.float() * scales[:, None]


def round_to_bits(weights: Tensor, bits: int, group: int | None = None) -> Tensor:
    """Weights (R, C), each replaced by the nearest of 2^bits evenly spaced levels of its group.

    The levels go from the least weight of the group to the largest. With these two in 16 bits, a weight costs
    bits + 32 / group.

    Args:
        weights: a matrix.
        bits: at least 1.
        group: so many neighbours in a row, a divisor of C; None: the whole row.

    Raises ValueError for weights that are no matrix, or bits or a group that do not fit.

    >>> round_to_bits(torch.tensor([[-1.0, 0.05, 0.4, 2.0]]), bits=2).tolist()
    [[-1.0, 0.0, 0.0, 2.0]]
    """
    if weights.dim() != 2 or bits < 1 or weights.shape[1] % (group or 1):
        raise ValueError(
            f"{bits} bits in groups of {group} for weights {tuple(weights.shape)}: give a matrix, "
            "at least 1 bit, and a group that divides the columns"
        )
    groups = weights.unflatten(1, (-1, group or weights.shape[1]))
    least, most = groups.aminmax(dim=2, keepdim=True)
    step = (most - least) / (2**bits - 1)
    step = torch.where(step > 0, step, torch.ones_like(step))  # a group of equal weights has any step
    return (((groups - least) / step).round() * step + least).flatten(1)


def quantised(module: nn.Module) -> dict[str, Tensor]:
    """All of a module's weights by name: matrices in int8, each with its scales, the rest in float32."""
    state: dict[str, Tensor] = {}
    for name, tensor in module.state_dict().items():
        tensor = tensor.detach().cpu()
        if tensor.dim() == 2:
            state[name], state[name + SCALE] = quantise(tensor)
        else:
            state[name] = tensor.float()
    return state


def dequantised(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `quantised` gave, as weights again."""
    return {
        name: dequantise(tensor, state[name + SCALE]) if name + SCALE in state else tensor
        for name, tensor in state.items()
        if not name.endswith(SCALE)
    }


def with_rounded_weights(model: TransformerModel) -> TransformerModel:
    """A copy of a model that has the weights which remain of its own when they are quantised."""
    rounded = copy.deepcopy(model)
    rounded.module.load_state_dict(dequantised(quantised(model.module)))
    return rounded


def to_bytes(module: nn.Module) -> bytes:
    """A module's weights, quantised, as the content of a safetensors file."""
    return save(quantised(module))


def save_quantised(module: nn.Module, path: Path) -> None:
    """Write a module's weights quantised, and round those of the module to what was written."""
    state = quantised(module)
    write_whole(path, save(state))
    module.load_state_dict(dequantised(state))


def load_quantised(module: nn.Module, path: Path) -> None:
    """Give a module the weights of a file that `save_quantised` wrote.

    Raises ValueError, and changes nothing, if the file is not whole or of another module.
    """
    give_weights(module, dequantised(read_weights(path)), path.name)
