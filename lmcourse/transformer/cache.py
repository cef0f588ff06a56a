"""What a Transformer keeps of the texts it has read, so that a further token costs no more than one.

Texts of different lengths share one tensor: a new token takes the next column in every text, and columns in
which a text holds nothing are not seen. Left out: columns kept in reserve; each token copies what is held.
"""

from __future__ import annotations

import torch
from torch import Tensor


class KeysValues:
    """The keys and values that one attention has worked out so far, each (B, H, S, K); at first none."""

    def __init__(self):
        self.held: tuple[Tensor, Tensor] | None = None

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append those of further tokens; returns all."""
        if self.held is not None:
            keys, values = (torch.cat(pair, dim=2) for pair in zip(self.held, (keys, values)))
        self.held = keys, values
        return self.held

    def select(self, rows: Tensor) -> None:
        """Go on with these rows."""
        if self.held is not None:
            self.held = self.held[0][rows], self.held[1][rows]


class Cache:
    """What a stack has read of B texts: keys and values of all its attentions, and where the tokens stand."""

    def __init__(self, n_layers: int):
        self.layers = [(KeysValues(), KeysValues()) for _ in range(n_layers)]
        self.positions: Tensor | None = None  # (B, S); -1 where a text holds nothing

    def extend_positions(self, positions: Tensor) -> Tensor:
        """Append where further tokens stand, (B, T); returns all."""
        if self.positions is not None:
            positions = torch.cat([self.positions, positions], dim=1)
        self.positions = positions
        return positions

    def forget(self, lengths: Tensor) -> None:
        """Of each text keep only so many of the tokens, (B,); what filled it up is no longer seen."""
        columns = torch.arange(self.positions.shape[1], device=lengths.device)
        self.positions = torch.where(columns < lengths[:, None], self.positions, -1)

    def select(self, rows: Tensor) -> None:
        """Go on with these rows, in this order."""
        self.positions = self.positions[rows]
        for layer in self.layers:
            for part in layer:
                part.select(rows)
