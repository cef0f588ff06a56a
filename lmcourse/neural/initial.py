"""Where a network begins: its weights, drawn by NumPy, so that a seed means the same with every torch."""

from __future__ import annotations

import numpy as np
import torch


def draw_weights(module: torch.nn.Module, rng: np.random.Generator) -> None:
    """Give each matrix evenly drawn numbers up to 1/sqrt(its columns) in size, and each vector zeros.

    Vectors are biases, which need no symmetry broken; a learned factor or scale keeps what it was made with
    if it has no dimension.
    """
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() > 1:
                bound = parameter.shape[-1] ** -0.5
                parameter.copy_(torch.from_numpy(rng.uniform(-bound, bound, tuple(parameter.shape))))
            elif parameter.dim() == 1:
                parameter.zero_()
