"""What a Transformer keeps of the texts it has read, so that a further token costs no more than one.

Texts of different lengths share one tensor: a new token takes the next column in every text, and columns in
which a text holds nothing are not seen. Columns are kept in reserve, so that a token is written beside what
is held, which is seldom copied.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Columns:
    """A tensor that grows along one of its dimensions, at first none.

    What is appended is written in place, into columns that are there already; when these are full, twice as
    many are taken, so that T tokens one by one cost 2 T copies of a column or so, and not T² / 2. Gradients
    do not survive it: a cache is for reading, not for training.

    Args:
        dim: along which it grows; the first is that of the rows.
    """

    def __init__(self, dim: int):
        self._dim, self._all, self._length = dim, None, 0

    @property
    def held(self) -> Tensor | None:
        """All that was appended; None before the first."""
        return None if self._all is None else self._all.narrow(self._dim, 0, self._length)

    def extend(self, new: Tensor) -> Tensor:
        """Append; returns all."""
        begin, end = self._length, self._length + new.shape[self._dim]
        if self._all is None:
            self._all = new
        else:
            if self._all.shape[self._dim] < end:
                sizes = list(self._all.shape)
                sizes[self._dim] = end
                self._all = torch.cat([self.held, self._all.new_empty(sizes)], dim=self._dim)
            self._all.narrow(self._dim, begin, end - begin).copy_(new)
        self._length = end
        return self.held

    def crop(self, length: int) -> None:
        """Keep so many, the first."""
        self._length = min(self._length, length)

    def select(self, rows: Tensor) -> None:
        """Go on with these rows; with the reserve, without which the next token would copy all once more."""
        if self._all is not None:
            self._all = self._all[rows]


class KeysValues:
    """The keys and values that one attention has worked out so far, each (B, H, S, K); at first none."""

    def __init__(self):
        self._both = Columns(2)  # keys, then values, as further heads: (B, 2 H, S, K)

    @property
    def held(self) -> tuple[Tensor, Tensor] | None:
        """Keys and values; None before the first."""
        both = self._both.held
        return None if both is None else both.chunk(2, dim=1)

    def extend(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append those of further tokens; returns all."""
        return self.extend_both(torch.cat([keys, values], dim=1))

    def extend_both(self, both: Tensor) -> tuple[Tensor, Tensor]:
        """As `extend`, for whoever has them in one tensor, (B, 2 H, T, K)."""
        return self._both.extend(both).chunk(2, dim=1)

    def crop(self, length: int) -> None:
        """Keep so many of the columns, the first."""
        self._both.crop(length)

    def select(self, rows: Tensor) -> None:
        """Go on with these rows."""
        self._both.select(rows)


class Cache:
    """What a stack has read of B texts: keys and values of all its attentions, and where the tokens stand."""

    def __init__(self, n_layers: int):
        self.layers = [(KeysValues(), KeysValues()) for _ in range(n_layers)]
        self._positions = Columns(1)

    @property
    def positions(self) -> Tensor | None:
        """Where the tokens stand, (B, S), -1 where a text holds nothing; None before the first."""
        return self._positions.held

    def extend_positions(self, positions: Tensor) -> Tensor:
        """Append where further tokens stand, (B, T); returns all."""
        # not the caller's own tensor, into which would be written after `crop`
        return self._positions.extend(positions.clone() if self.positions is None else positions)

    def forget(self, lengths: Tensor) -> None:
        """Of each text keep only so many of the tokens, (B,); what filled it up is no longer seen."""
        if self.positions is not None:
            columns = torch.arange(self.positions.shape[1], device=lengths.device)
            kept, self._positions = self.positions, Columns(1)
            self._positions.extend(torch.where(columns < lengths[:, None], kept, -1))

    def crop(self, length: int) -> None:
        """Keep so many of the columns, as if no more had been read; of another text everything is kept."""
        self._positions.crop(length)
        for own, _ in self.layers:
            own.crop(length)

    def select(self, rows: Tensor) -> None:
        """Go on with these rows, in this order."""
        self._positions.select(rows)
        for layer in self.layers:
            for part in layer:
                part.select(rows)
