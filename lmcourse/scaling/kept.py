"""What autograd keeps on the way forwards, counted tensor by tensor."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def kept_by_autograd(network: nn.Module, forward: Callable[[], Tensor]) -> int:
    """Bytes of the numbers that are kept for the way back from what `forward` gives.

    Parameters are left out, and so is what is no number with a fraction (token ids).
    """
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept = {}

    def hand_over(x: Tensor) -> Tensor:
        storage = x.untyped_storage()
        if x.is_floating_point() and x.dim() and storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes(), x  # held, so that no other takes its place
        return x

    with torch.autograd.graph.saved_tensors_hooks(hand_over, lambda x: x):
        forward()
    return sum(nbytes for nbytes, _ in kept.values())
