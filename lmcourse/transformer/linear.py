"""Multiplication by a matrix, on a CPU by the faster of two libraries that torch brings along.

`torch.nn.functional.linear` calls Intel's MKL there. On the AMD processor where it was measured, oneDNN is
about twice as fast on large matrices, for it uses the wide registers (AVX-512) that MKL leaves alone there;
kept to AVX2, the two are equally fast. Small matrices, other devices and other precisions go torch's own way.
Most networks of the course are below that size: this file is for the few experiments that are not, and who
reads the package may take `Linear` for torch's. The operator is none of torch's public ones; where a torch
lacks it, its own way is gone. What comes out is the same up to rounding. Left out: gradients of gradients.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

LARGE = 4_000_000  # products from which on oneDNN is called; below, calling it costs more than it saves


@lru_cache(maxsize=1)
def has_onednn() -> bool:
    """Whether this torch multiplies by oneDNN."""
    try:
        onednn(torch.ones(1, 1), torch.ones(1, 1))
    except (AttributeError, NotImplementedError, RuntimeError):
        return False
    return True


def onednn(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W' + b by oneDNN, as of `linear`, without gradients; W may also be a transposed view."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


class _OneDNN(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.biased = bias is not None
        return onednn(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx, d_out: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        x, weight = ctx.saved_tensors
        rows = d_out.flatten(0, -2)
        d_x, d_weight = onednn(d_out, weight.T), onednn(rows.T, x.flatten(0, -2).T)
        return d_x, d_weight, rows.sum(0) if ctx.biased else None


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W' + b, (..., out) of x (..., in), W (out, in), b (out,)."""
    large = x.dim() > 1 and x.numel() * len(weight) >= LARGE and x.dtype == weight.dtype == torch.float32
    if large and x.device.type == weight.device.type == "cpu" and has_onednn():
        return _OneDNN.apply(x, weight, bias)
    return nn.functional.linear(x, weight, bias)


class Linear(nn.Linear):
    """torch's layer, by `linear`."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., out) of (..., in)."""
        return linear(x, self.weight, self.bias)
