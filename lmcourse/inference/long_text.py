"""What to do with a text longer than a model was made for: cut it, narrow the view, squeeze the places.

Nothing here is learned, and nothing knows of a network: chunks are ranges, masks are boolean arrays as in
`lmcourse.transformer.masks`, places are numbers. Left out: YaRN, which treats each of RoPE's frequencies
in a way of its own; masks that are chosen by content; looking passages up by likeness.

Sources: Child et al. (2019), strided attention; Beltagy et al. (2020), Longformer, windows; Xiao et al.
(2023), the first tokens kept beside a window; Chen et al. (2023), position interpolation; Peng et al.
(2023), YaRN, which describes the changed base; Wu et al. (2021), summaries of summaries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from lmcourse.model import check_whole
from lmcourse.transformer.masks import causal

Token = TypeVar("Token")


def chunks(length: int, size: int, overlap: int = 0) -> list[tuple[int, int]]:
    """Ranges (begin, end) of at most `size` places that cover a text, neighbours sharing `overlap` of them.

    What is no longer than overlap + 1 lies whole in one of them, wherever it stands. All have full size but
    the last, which may be shorter.

    Raises ValueError for an overlap that is not below the size.

    >>> chunks(10, 4), chunks(10, 4, overlap=1)
    ([(0, 4), (4, 8), (8, 10)], [(0, 4), (3, 7), (6, 10)])
    """
    check_whole(length, "length"), check_whole(size, "size"), check_whole(overlap, "overlap", least=0)
    if overlap >= size:
        raise ValueError(
            f"overlap={overlap} must be less than size={size}, or no chunk would bring anything new"
        )
    begins = range(0, max(1, length - overlap), size - overlap)
    return [(begin, min(begin + size, length)) for begin in begins]


def sliding_window(length: int, size: int, sinks: int = 0) -> np.ndarray:
    """Each place sees the last `size`, itself among them, and the first `sinks` of the text, (T, T).

    >>> sliding_window(4, 2, sinks=1).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 1]]
    """
    check_whole(size, "size"), check_whole(sinks, "sinks", least=0)
    distance = _distances(length)
    return causal(length) & ((distance < size) | (np.arange(length) < sinks))


def strided(length: int, stride: int) -> np.ndarray:
    """Each place sees the last `stride`, itself among them, and all a multiple of `stride` back, (T, T).

    In two steps, one of each kind, it reaches every place before it. About 2 √T are seen if the stride is √T.

    >>> strided(5, 2).astype(int)[4].tolist()
    [1, 0, 1, 1, 1]
    """
    check_whole(stride, "stride")
    distance = _distances(length)
    return causal(length) & ((distance < stride) | (distance % stride == 0))


def _distances(length: int) -> np.ndarray:
    places = np.arange(check_whole(length, "length"))
    return places[:, None] - places


def reach(visible: np.ndarray, n_layers: int) -> np.ndarray:
    """Of which places something can come to a place through so many layers that see alike, (T, T).

    >>> reach(sliding_window(4, 2), 2).astype(int)[3].tolist()
    [0, 1, 1, 1]
    """
    check_whole(n_layers, "n_layers")
    step = visible.astype(np.float32)  # a product of booleans would not be fast
    found = step
    for _ in range(n_layers - 1):
        found = (found @ step > 0).astype(np.float32)
    return found > 0


def interpolated(length: int, factor: float) -> np.ndarray:
    """Places 0, 1, … of a text, divided by a factor of at least 1, (T,).

    With the factor length / trained length none is beyond those of the trained length.

    >>> interpolated(8, 2).tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    """
    check_whole(length, "length"), _check_factor(factor)
    return np.arange(length) / factor


def _check_factor(factor: float) -> None:
    if not factor >= 1:
        raise ValueError(f"factor={factor} must be at least 1; a shorter text is read as it is")


def ntk_base(base: float, factor: float, d_head: int) -> float:
    """RoPE's base with which its slowest rotation is `factor` times as slow, and its fastest as it was.

    Frequencies are base^(-2i / K) for i = 0 … K/2 - 1. The slowest is to be divided by the factor:
    base'^(-(K - 2) / K) = base^(-(K - 2) / K) / factor.

    >>> ntk_base(10_000.0, 8.0, 4)  # two rotations, of which the slower has the frequency base^(-1/2)
    640000.0
    """
    check_whole(d_head, "d_head", least=4), _check_factor(factor)
    return base * factor ** (d_head / (d_head - 2))


def condense(
    text: Sequence[Token],
    size: int,
    shorten: Callable[[Sequence[Token]], Sequence[Token]],
    overlap: int = 0,
) -> tuple[list[Token], int]:
    """A summary of summaries: chunks are shortened, put together, cut anew, until all fits into one.

    Args:
        text: tokens, or sentences, or whatever can be counted.
        size: of a chunk, and the most that is left at the end.
        shorten: makes something shorter of a chunk.
        overlap: of neighbouring chunks.

    Returns what is left, and how many rounds it took. Raises ValueError if a round shortens nothing.

    >>> condense("abcdefghij", 4, lambda part: part[:2])
    (['a', 'b', 'i', 'j'], 2)
    """
    left, rounds = list(text), 0
    while len(left) > size:
        parts = [shorten(left[begin:end]) for begin, end in chunks(len(left), size, overlap)]
        shorter = [token for part in parts for token in part]
        if len(shorter) >= len(left):
            raise ValueError(
                f"a round left {len(shorter)} of {len(left)}; `shorten` must shorten, beyond the overlap"
            )
        left, rounds = shorter, rounds + 1
    return left, rounds
