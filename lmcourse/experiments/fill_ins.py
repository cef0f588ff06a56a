"""One hidden word, asked of a network of any kind, and how far its answer is from the exact one.

The world is that of agreement, nested up to two deep and more often than elsewhere. Whatever a network
was trained for, it can be asked for a word: a masked language model at the mask, a causal one by the chance
of the whole text with each word in turn.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lmcourse.transformer import objectives
from lmcourse.transformer.batches import Batch, PairBatch, Specials, TwoStreamBatch, pairs, seen
from lmcourse.transformer.masks import prefix, two_streams
from lmcourse.transformer.network import EncoderDecoder, Transformer
from lmcourse.transformer.optimum import Sentences
from lmcourse.world import World, agreement
from lmcourse.world.belief import masked_posteriors

NESTING, JUDGED = 0.7, 300
AnyBatch = Batch | PairBatch | TwoStreamBatch
Network = Transformer | EncoderDecoder


# ---------- the world ----------


@lru_cache(maxsize=1)
def world() -> World:
    """The world that is read."""
    return agreement(2, NESTING)


@lru_cache(maxsize=1)
def specials() -> Specials:
    """Its special tokens."""
    return Specials(world().vocab_size, n_sentinels=4)


@lru_cache(maxsize=1)
def sentences() -> Sentences:
    """All its sentences."""
    return Sentences(world())


def draw(n: int, rng: np.random.Generator) -> np.ndarray:
    """Sentences, filled up, (n, T)."""
    ids, probs = sentences().padded(specials().pad)
    return ids[rng.choice(len(ids), size=n, p=probs / probs.sum())]


# ---------- what a network is asked ----------


def logits_of(network: Network, batch: AnyBatch) -> Tensor:
    """What a network answers at the places that count, (n, size)."""
    positions = None
    if isinstance(batch, PairBatch):
        ids = map(torch.from_numpy, (batch.sources, batch.inputs))
        return network(*ids, batch.sources_visible)[batch.counts]
    if isinstance(batch, TwoStreamBatch):
        batch, places = objectives.one_stack(batch, specials())
        positions = torch.from_numpy(places)
    hidden = network.hidden(torch.from_numpy(batch.inputs), batch.visible, positions)
    return network.logits(hidden[batch.counts])


def loss_of(network: Network, batch: AnyBatch) -> Tensor:
    """One loss for all: the mean surprise at the places that count, in nats."""
    return cross_entropy(logits_of(network, batch), torch.from_numpy(batch.targets[batch.counts]))


def above(best: np.ndarray, logits: Tensor) -> np.ndarray:
    """Bits above the best answer at each place, (n,): the KL divergence of what is said from what is best."""
    log_q = logits.double().log_softmax(dim=-1).numpy() / math.log(2)
    log_p = np.log2(np.where(best > 0, best, 1.0))
    return (best * (log_p - log_q)).sum(axis=1)


# ---------- the common question ----------


class Hidden(NamedTuple):
    """Sentences with one noun or verb hidden."""

    texts: np.ndarray  # (N, T)
    places: np.ndarray  # (N,)
    best: np.ndarray  # (N, V), the exact posterior
    verbs: np.ndarray  # (N,), whether it is a verb


@lru_cache(maxsize=2)
def hidden(n: int = JUDGED, seed: int = 5) -> Hidden:
    """The same for all networks, of sentences of which `span_corruption` too would hide one token."""
    rng = np.random.default_rng(seed)
    texts = draw(4 * n, rng)
    texts = texts[(texts != specials().pad).sum(axis=1) <= 8][:n]
    other = world().vocab.encode("the near that .")
    places = []
    for text in texts:
        words = [t for t, token in enumerate(text) if token < world().vocab_size and token not in other]
        places.append(rng.choice(words))
    places = np.array(places)
    rows = [text[text != specials().pad] for text in texts]
    gone = [np.arange(len(row)) == place for row, place in zip(rows, places)]
    best = masked_posteriors(world(), rows, gone)[np.arange(len(rows)), places]
    verbs = world().vocab.encode("sleeps runs hides sleep run hide chases sees chase see")
    return Hidden(texts, places, best, np.isin(texts[np.arange(len(rows)), places], verbs))


def by_blank(network: Network, asked: Hidden) -> Tensor:
    """What a masked language model says at the mask, logits (N, V)."""
    inputs, rows = asked.texts.copy(), np.arange(len(asked.texts))
    inputs[rows, asked.places] = specials().mask
    batch = Batch(inputs, inputs, inputs == specials().mask, seen(inputs, specials()))
    return logits_of(network, batch)[:, : world().vocab_size]


def by_last(network: Network, asked: Hidden) -> Tensor:
    """What two streams say where the place comes last in an order, which is drawn, logits (N, V)."""
    real = asked.texts != specials().pad
    counts = np.arange(real.shape[1]) == asked.places[:, None]
    drawn = np.random.default_rng(7).random(real.shape)
    order = np.argsort(np.where(real, np.where(counts, 1.0, drawn), 2.0), axis=1, kind="stable")
    content, query = two_streams(order)
    query = np.where(counts[:, :, None], query, content)
    batch = TwoStreamBatch(asked.texts, asked.texts, counts, content, query)
    return logits_of(network, batch)[:, : world().vocab_size]


def by_text(network: Network, asked: Hidden) -> Tensor:
    """The chance of the whole text with each word in turn, from left to right, (N, V)."""
    return _chances(network, asked, objectives.causal_lm(_tried(asked), specials()))


def by_prefix(network: Network, asked: Hidden) -> Tensor:
    """The chance of what follows the first token with each word in turn, (N, V).

    That is the shortest prefix which `prefix_lm` leaves; the hidden word is never the first.
    """
    inputs, targets, counts, _ = objectives.causal_lm(_tried(asked), specials())
    counts = counts & (np.arange(inputs.shape[1]) > 0)
    return _chances(network, asked, Batch(inputs, targets, counts, prefix(inputs.shape[1], 2)[None]))


def by_span(network: Network, asked: Hidden) -> Tensor:
    """The chance of a decoder's writing each word after the sentinel that stands for it, (N, V)."""
    ends = [np.full(asked.best.size, specials().sentinel(i)) for i in (0, 1)]
    words = np.tile(np.arange(world().vocab_size), len(asked.texts))
    sources = _tried(asked, specials().sentinel(0))
    return _chances(network, asked, pairs(sources, np.stack([ends[0], words, ends[1]], axis=1), specials()))


def by_infilling(network: Network, asked: Hidden) -> Tensor:
    """The chance of a decoder's writing the text with each word, from one with a mask there, (N, V)."""
    return _chances(network, asked, pairs(_tried(asked, specials().mask), _tried(asked), specials()))


def _tried(asked: Hidden, shown: int | None = None) -> np.ndarray:
    """Each text once for each word of the world, with that word, or what is shown instead, (N V, T)."""
    size = world().vocab_size
    texts = np.repeat(asked.texts, size, axis=0)
    words = np.tile(np.arange(size), len(asked.texts))
    texts[np.arange(len(texts)), np.repeat(asked.places, size)] = words if shown is None else shown
    return texts


def _chances(network: Network, asked: Hidden, batch: AnyBatch) -> Tensor:
    """Log-probability of each row's answers together, (N, V)."""
    said = torch.from_numpy(batch.targets[batch.counts])
    log_p = -cross_entropy(logits_of(network, batch), said, reduction="none")
    row_of = torch.from_numpy(np.nonzero(batch.counts)[0])
    return torch.zeros(asked.best.size).index_add(0, row_of, log_p).reshape(asked.best.shape)
