"""What each place may see: the masks that make an encoder, a decoder or a prefix model of one network.

A mask is a boolean array (..., T, S): row i is the place that looks, column j the place looked at, and True
means that it *may be seen*. Masks are combined with `&`, broadcasting as NumPy does. Left out: masks that are
added to the scores (0 and minus infinity), which say the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmcourse.model import check_whole


def everything(length: int) -> np.ndarray:
    """Each place sees all of them, (T, T): an encoder, as in BERT."""
    length = check_whole(length, "length")
    return np.ones((length, length), dtype=bool)


def causal(length: int) -> np.ndarray:
    """Each place sees itself and those before it, (T, T): a decoder, as in GPT.

    >>> causal(3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    return np.tril(everything(length))


def prefix(length: int, known: int | Sequence[int]) -> np.ndarray:
    """Causal, but the first `known` places are seen by all, also by each other: a prefix language model.

    Source: Dong et al. 2019 (UniLM), "sequence-to-sequence"; Raffel et al. 2020, figure 3.

    Args:
        length: T.
        known: the prefix's length, 0 to T; or one for each of B texts.

    Returns:
        (T, T), or (B, T, T). Raises ValueError for a prefix that does not fit.

    >>> prefix(3, 2).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    """
    seen = causal(length)
    return seen | _first(known, length, "known")[..., None, :]


def two_streams(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What XLNet's two streams see when the places are foretold in a given order.

    The content stream at a place sees those up to and including it *in the order*; the query stream, which is
    to foretell the token there, only those before it. Both look at the content stream's keys and values. The
    query of the first place in the order sees nothing.

    Source: Yang et al. 2019 (XLNet), section 2.3. The authors' code lets places that are not foretold
    see each other whatever the order (their issue 54); ours follows the paper.

    Args:
        order: (..., T), the place that comes first, second, …: a permutation of 0 … T - 1.

    Returns:
        Content and query masks, each (..., T, T). Raises ValueError if a row is no permutation.
    """
    order = np.asarray(order)
    if order.ndim < 1 or np.any(np.sort(order, axis=-1) != np.arange(order.shape[-1])):
        raise ValueError(f"an order holds each place 0 … T - 1 once; got {order.tolist()}")
    rank = np.argsort(order, axis=-1)
    looks, seen = rank[..., :, None], rank[..., None, :]
    return seen <= looks, seen < looks


def _first(counts: int | Sequence[int], length: int, name: str) -> np.ndarray:
    """True at the first so many of `length` places, (..., length)."""
    found = np.asarray(counts)
    if found.dtype.kind not in "iu" or found.min(initial=0) < 0 or found.max(initial=0) > length:
        raise ValueError(f"{name}={found.tolist()} must be whole numbers from 0 to {length}")
    return np.arange(length) < found[..., None]
