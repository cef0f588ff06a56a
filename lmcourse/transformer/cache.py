"""What a Transformer keeps of the texts it has read, so that a further token costs no more than one.

Texts of different lengths share one tensor: a new token takes the next column in every text, and columns in
which a text holds nothing are not seen. Columns are kept in reserve, so that a token is written beside what
is held, which is seldom copied.
"""

from __future__ import annotations

import torch
from torch import Tensor


class KeysValues:
    """The keys and values that one attention has worked out so far, each (B, H, S, K); at first none.

    What is appended is written in place, into columns that are there already; when these are full, twice as
    many are taken, so that T tokens one by one cost 2 T copies of a column or so, and not T² / 2. Gradients
    do not survive it: a cache is for reading, not for training.
    """

    def __init__(self):
        self._columns: tuple[Tensor, Tensor] | None = None  # each (B, H, at least S, K)
        self._length = 0  # S

    @property
    def held(self) -> tuple[Tensor, Tensor] | None:
        """Keys and values; None before the first."""
        if self._columns is None:
            return None
        keys, values = self._columns
        return keys[:, :, : self._length], values[:, :, : self._length]

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append those of further tokens; returns all."""
        begin, self._length = self._length, self._length + keys.shape[2]
        if self._columns is None:
            self._columns = keys, values
        else:
            self._make_room(begin)
            for columns, new in zip(self._columns, (keys, values)):
                columns[:, :, begin : self._length] = new
        return self.held

    def _make_room(self, used: int) -> None:
        """See to it that there are `_length` columns, of which the first so many are used."""
        if self._columns[0].shape[2] < self._length:
            self._columns = tuple(
                torch.cat(
                    [old[:, :, :used], old.new_empty(*old.shape[:2], self._length, old.shape[3])], dim=2
                )
                for old in self._columns
            )

    def select(self, rows: Tensor) -> None:
        """Go on with these rows."""
        if self._columns is not None:
            self._columns = self._columns[0][rows], self._columns[1][rows]


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
