"""Lists that repeat themselves, networks of attention alone, and how well anyone could foretell the lists.

A text is a list of random tokens, of a length that is drawn for each text, said again and again. Nothing of
it can be learned beforehand but that it repeats. The network is the course's Transformer without its
feed-forward layers; with *smeared* keys a head compares a query with a mixture of a token and the one before.

Sources: Elhage et al. (2021), attention alone; Olsson et al. (2022), late minus early, and smeared keys.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from lmcourse.model import check_whole
from lmcourse.transformer.attention import Attention
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

VOCAB_SIZE, LENGTH, PERIODS = 32, 48, (12, 24)


class Nothing(nn.Module):
    """A layer that adds nothing."""

    def forward(self, x: Tensor) -> Tensor:
        """Zeros, (B, T, D)."""
        return torch.zeros_like(x)


class SmearedAttention(Attention):
    """Each head's key at a token is a learned mixture of the token's own and the one's before it."""

    def __init__(self, config: Config):
        super().__init__(config)
        self.own = nn.Parameter(
            torch.zeros(self.n_heads, 1, 1)
        )  # before the logistic function: half and half

    def heads(self, *args, **named) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, mixed keys and values, as `Attention.heads`; the first token's key is its own."""
        q, k, v = super().heads(*args, **named)
        before = torch.cat([k[:, :, :1], k[:, :, :-1]], dim=2)
        return q, torch.lerp(before, k, self.own.sigmoid()), v


def attention_only(config: Config, rng: np.random.Generator, smeared: bool = False) -> Transformer:
    """A Transformer without feed-forward layers, its weights drawn by NumPy; all its heads smeared, or none.

    Raises ValueError for smeared keys with fewer heads of keys than of queries.
    """
    network = Transformer(config)
    if smeared:
        if config.kv_heads != config.n_heads:
            raise ValueError(
                f"n_kv_heads={config.kv_heads} is not n_heads={config.n_heads}, as smeared keys need it; "
                "leave it None"
            )
        for block in network.blocks:
            block.attention = SmearedAttention(config)
    network.draw(rng)
    for block in network.blocks:
        block.feed_forward, block.feed_forward_norm = Nothing(), nn.Identity()
        if smeared:
            nn.init.zeros_(block.attention.own)
    return network


def repeated_lists(
    count: int,
    rng: np.random.Generator,
    vocab_size: int = VOCAB_SIZE,
    length: int = LENGTH,
    periods: tuple[int, int] = PERIODS,
) -> np.ndarray:
    """Texts of a random list said again and again, (count, length).

    Args:
        count: texts.
        rng: draws the tokens, and of each text the period.
        vocab_size: V, all tokens equally probable.
        length: T.
        periods: the shortest and the longest list; all between are equally probable.

    Raises ValueError for periods that are none.
    """
    shortest, longest = periods
    if not 1 <= shortest <= longest:
        raise ValueError(f"periods={periods} must be two whole numbers from 1 on, the shorter first")
    check_whole(length, "length")
    drawn = rng.integers(shortest, longest + 1, size=(count, 1))
    lists = rng.integers(vocab_size, size=(count, longest))
    return np.take_along_axis(lists, np.arange(length) % drawn, axis=1)


def exact_log_probs(
    token_ids: np.ndarray, vocab_size: int = VOCAB_SIZE, periods: tuple[int, int] = PERIODS
) -> np.ndarray:
    """What `repeated_lists` really give the next tokens, by Bayes' rule over periods; nats, (B, T - 1).

    A period p says 1/V for each of the first p tokens, then the token p places back. Given what was read it
    is as probable as it said that: V^-min(t, p), or 0 if a token contradicts it.
    """
    ids = np.asarray(token_ids)
    count, length = ids.shape
    lengths = np.arange(periods[0], periods[1] + 1)
    log_weight = np.zeros((count, len(lengths)))  # of each period, after the tokens read so far
    found = np.empty((count, length))
    for t in range(length):
        said = np.full((count, len(lengths)), 1 / vocab_size)
        for k, p in enumerate(lengths[lengths <= t]):
            said[:, k] = ids[:, t] == ids[:, t - p]
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        found[:, t] = np.log((weight * said).sum(axis=1) / weight.sum(axis=1))
        with np.errstate(divide="ignore"):
            log_weight += np.log(said)
    return found[:, 1:]


@torch.no_grad()
def surprises(network: Transformer, token_ids: np.ndarray) -> np.ndarray:
    """The network's surprise at each next token of texts (B, T), in nats: (B, T - 1)."""
    ids = torch.from_numpy(token_ids)
    log_probs = network(ids[:, :-1]).log_softmax(dim=-1)
    return -log_probs.gather(2, ids[:, 1:, None])[..., 0].double().numpy()


def late_minus_early(surprise: np.ndarray, early: slice, late: slice) -> tuple[float, float]:
    """The score of learning in context: mean surprise at late places minus that at early ones.

    Args:
        surprise: at each place of texts, (B, T - 1).
        early, late: which places.

    Returns the mean over texts, below 0 if the context helps, and its standard error.

    >>> surprise = np.array([[5.0, 5.0, 1.0], [4.0, 4.0, 2.0]])
    >>> [round(x, 3) for x in late_minus_early(surprise, slice(0, 2), slice(2, 3))]
    [-3.0, 1.0]
    """
    gaps = surprise[:, late].mean(axis=1) - surprise[:, early].mean(axis=1)
    return float(gaps.mean()), float(gaps.std(ddof=1) / len(gaps) ** 0.5)


def head_scores(weights: Tensor, token_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much each head looks one place back, and how much behind an earlier occurrence: both (N, H).

    Args:
        weights: of all heads, (N, B, H, T, T), as `looks` gives them.
        token_ids: the texts, (B, T).

    The first is the mean weight of place t - 1 over all t from 1. The second is the induction score: the
    weight of all places that follow an earlier occurrence of the token, as a mean over tokens with one.
    """
    ids = np.asarray(token_ids)
    length = ids.shape[1]
    t = torch.arange(1, length)
    previous = weights[..., t, t - 1].mean(dim=(1, 3)).numpy()
    behind = np.zeros((len(ids), length, length), dtype=bool)
    behind[:, :, 1:] = ids[:, :, None] == ids[:, None, :-1]
    behind &= np.tri(length, dtype=bool)  # a place behind an earlier occurrence is at t or before
    there = torch.from_numpy(behind)[:, None]
    met = there.any(dim=-1)  # (B, 1, T)
    on = (weights * there).sum(dim=-1) * met
    return previous, (on.sum(dim=(1, 3)) / met.sum()).numpy()
