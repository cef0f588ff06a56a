"""A small decoder whose passes have a price, to see what a way of writing costs without a clock.

A pass fetches all weights once, whatever is read in it, and then computes each token: so many milliseconds
for the one, so many for each of the other. The prices are of the size of those of a model of some hundred
million weights on one core; the decoder behind them is small and its weights are drawn, not trained. It keeps
keys and values of several texts, each in a *slot*, and forgets what is written over. Left out: what looking
back costs, which grows with the text; training; several passes at once.

Source: the price of a pass is the roofline of `memory.py` with its two terms added.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FETCH = 40.0  # milliseconds of a pass, for the weights
TOKEN = 1.5  # milliseconds of each token that is read
VOCAB_SIZE, WIDTH, N_HEADS, N_BLOCKS = 64, 32, 2, 2
MOST_SLOTS, LONGEST = 16, 256  # texts, and tokens of one

Part = tuple[int, int, Sequence[int]]  # slot, place of the first token, tokens


class Metered:
    """A decoder, and what has been paid for its passes.

    Attributes:
        passes: how often it was asked.
        tokens: how many tokens it has read.
        milliseconds: the price of both.

    Args:
        seed: of its weights.
    """

    def __init__(self, seed: int):
        self._rng = np.random.default_rng(seed)
        D, V = WIDTH, VOCAB_SIZE
        self._embedding, self._output = self._rng.normal(size=(V, D)), self._drawn(D, V)
        shapes = {"query": (D, D), "key": (D, D), "value": (D, D), "mix": (D, D), "up": (D, 2 * D)}
        shapes["down"] = (2 * D, D)
        self._blocks = [
            {name: self._drawn(*shape) for name, shape in shapes.items()} for _ in range(N_BLOCKS)
        ]
        empty = np.zeros((2, N_BLOCKS, 0, D))
        self._slots = {slot: empty for slot in range(MOST_SLOTS)}
        self.passes = self.tokens = 0

    def _drawn(self, rows: int, columns: int) -> np.ndarray:
        return self._rng.normal(size=(rows, columns)) / np.sqrt(rows)

    @property
    def milliseconds(self) -> float:
        """What has been paid so far."""
        return FETCH * self.passes + TOKEN * self.tokens

    def read(self, parts: Sequence[Part]) -> list[list[int]]:
        """One pass: read tokens of some texts, and say after each which token is the likeliest next.

        Args:
            parts: of each text (slot, start, tokens): write these tokens into the text in this slot, the
                first of them at place `start`. What stood at `start` and behind is forgotten.

        Returns:
            For each part a list: the likeliest token after each of its tokens.

        Raises ValueError for no part, no token, a slot twice or out of range, a token that is none, a start
        behind the end of the slot's text, and a text that becomes too long. Then nothing is paid or changed.
        """
        parts = [(slot, start, list(tokens)) for slot, start, tokens in parts]
        self._check(parts)
        self.passes += 1
        self.tokens += sum(len(tokens) for _, _, tokens in parts)
        return [self._run(*part) for part in parts]

    def _check(self, parts: list[tuple[int, int, list[int]]]) -> None:
        """Raise ValueError for what cannot be read."""
        if not parts:
            raise ValueError("a pass must read something; parts is empty")
        for slot, start, tokens in parts:
            _expect(slot, "a slot", 0, MOST_SLOTS - 1)
            length = self._slots[slot].shape[2]
            _expect(start, f"the start of a part of slot {slot}, which holds {length} tokens,", 0, length)
            _expect(len(tokens), "the number of a part's tokens", 1, LONGEST - start)
            for token in tokens:
                _expect(token, "a token", 0, VOCAB_SIZE - 1)
        slots = [slot for slot, _, _ in parts]
        if len(set(slots)) < len(slots):
            raise ValueError(f"the slots of a pass are {slots}; each text may be read once in a pass")

    def _run(self, slot: int, start: int, tokens: list[int]) -> list[int]:
        """The likeliest token after each of one text's new tokens; its slot is brought up to date."""
        x, at = self._embedding[tokens], start + np.arange(len(tokens))
        visible = np.arange(start + len(tokens)) <= at[:, None]
        kept = []
        for block, old in zip(self._blocks, self._slots[slot].transpose(1, 0, 2, 3)):
            y = _normed(x)
            new = np.stack([_turned(y @ block["key"], at), y @ block["value"]])
            keys, values = both = np.concatenate([old[:, :start], new], axis=1)
            x = x + _attended(_turned(y @ block["query"], at), keys, values, visible) @ block["mix"]
            x = x + np.maximum(_normed(x) @ block["up"], 0) @ block["down"]
            kept.append(both)
        self._slots[slot] = np.stack(kept, axis=1)
        return (_normed(x) @ self._output).argmax(axis=1).tolist()


def _expect(value: object, name: str, least: int, most: int) -> None:
    """Raise ValueError unless the value is a whole number in a range."""
    if not isinstance(value, (int, np.integer)) or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, not {value!r}")


def _normed(x: np.ndarray) -> np.ndarray:
    """RMSNorm of each row, without a gain."""
    return x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)


def _turned(x: np.ndarray, positions: np.ndarray, base: float = 100.0) -> np.ndarray:
    """RoPE of vectors (T, D) in their heads, each pair of neighbours a complex number."""
    pairs = x.reshape(len(x), N_HEADS, -1, 2)
    frequencies = base ** (-np.arange(pairs.shape[2]) / pairs.shape[2])
    turned = (pairs[..., 0] + 1j * pairs[..., 1]) * np.exp(1j * positions[:, None] * frequencies)[:, None]
    return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


def _attended(q: np.ndarray, keys: np.ndarray, values: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """What all heads find, (T, D), of queries (T, D), keys and values (S, D) and a mask (T, S)."""
    q, k, v = (part.reshape(len(part), N_HEADS, -1).transpose(1, 0, 2) for part in (q, keys, values))
    scores = np.where(visible, q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[2]), -np.inf)
    odds = np.exp(scores - scores.max(axis=2, keepdims=True))
    found = odds / odds.sum(axis=2, keepdims=True) @ v
    return found.transpose(1, 0, 2).reshape(len(found[0]), -1)
