"""Four ways to complete a sentence, with the same number of parameters and from the same text.

A sentence of the mouse world is cut somewhere; what stands before the cut is the prompt, the rest is to be
said. A decoder that foretells every token, a decoder that foretells only the completion, a prefix model (the
prompt sees all of itself) and an encoder beside a decoder read the same sentences with the same cuts in the
same order, and are judged by their exact distance from the truth at the places of the completion. A masked
language model of the same shape joins them for its attention: how many directions its matrices have.

All learn at one rate; each kind is also tried once at half and at twice that rate.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.neural.torch_model import asking
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.batches import Batch, PairBatch, Specials, fill, pairs, shifted
from lmcourse.transformer.config import Config
from lmcourse.transformer.inside import looks
from lmcourse.transformer.masks import prefix
from lmcourse.transformer.network import EncoderDecoder, Transformer
from lmcourse.transformer.objectives import masked_lm
from lmcourse.transformer.optimum import Sentences, along
from lmcourse.world import World, agreement

NESTING = 0.7  # of the world's phrases: three sentences in four have more than the plain four tokens
STEPS, BATCH = 1000, 64
JUDGED = 3000  # sentences, of which those are judged that are not over with the prompt
LATEST = 6  # tokens of a prompt at most
RATE = 1e-2
KINDS = ("everything", "completion", "prefix", "encoder-decoder")
EVEN = "even cuts"  # as "completion", but with all cuts of a sentence equally likely
_KEYS = ("kind", "steps", "rate", "seed")
AGAIN = dict(zip(_KEYS, ("prefix", 20, RATE, 0)))  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(
        dict(zip(_KEYS, (kind, steps, RATE, seed)))
        for seed in range(4)
        for kind, steps in (
            *((kind, STEPS) for kind in (*KINDS, "masked", EVEN)),
            ("completion", 1700),  # foretells as many tokens as "everything"
        )
    ),
    *(dict(zip(_KEYS, (kind, STEPS, rate, 0))) for kind in KINDS for rate in (RATE / 2, 2 * RATE)),
]
Network = Transformer | EncoderDecoder


# ---------- the world, and what is to be completed ----------


@lru_cache(maxsize=1)
def world() -> World:
    """The world that is read."""
    return agreement(2, NESTING)


SPECIALS = Specials(world().vocab_size)


class Cuts(NamedTuple):
    """Sentences, and how many of their tokens are the prompt."""

    texts: list[list[int]]
    known: np.ndarray  # (B,), from 1 to a text's length less one


def draw(n: int, rng: np.random.Generator) -> Cuts:
    """So many sentences, each with a prompt of 1 to `LATEST` tokens, drawn without regard to the sentence.

    What follows a prompt is then distributed as the world has it. (A cut drawn evenly over a sentence tells
    something of the sentence's end.) A sentence that is over by then leaves nothing to be completed.
    """
    return Cuts(world().sample(n, rng), rng.integers(1, LATEST, size=n, endpoint=True))


def unfinished(cuts: Cuts) -> Cuts:
    """Those that go on after the prompt."""
    rows = [i for i, text in enumerate(cuts.texts) if len(text) > cuts.known[i]]
    return Cuts([cuts.texts[i] for i in rows], cuts.known[rows])


def draw_evenly(n: int, rng: np.random.Generator) -> Cuts:
    """So many sentences, cut anywhere but before the first token and after the last, evenly."""
    texts = world().sample(n, rng)
    return Cuts(texts, np.array([int(rng.integers(1, len(text))) for text in texts]))


def batch_of(kind: str, cuts: Cuts, rng: np.random.Generator | None = None) -> Batch | PairBatch:
    """What a kind of network reads, and what it is to foretell.

    All but the encoder-decoder read the same ids; what is seen, or what counts, makes the difference.
    """
    if kind not in ("everything", "masked"):
        cuts = unfinished(cuts)
    if kind == "encoder-decoder":
        prompts = [text[:n] for text, n in zip(cuts.texts, cuts.known)]
        return pairs(prompts, [text[n:] for text, n in zip(cuts.texts, cuts.known)], SPECIALS)
    if kind == "masked":
        return masked_lm(cuts.texts, SPECIALS, rng)
    inputs, targets, counts, visible = shifted(fill(cuts.texts, SPECIALS), SPECIALS)
    if kind != "everything":
        counts = counts & (np.arange(counts.shape[1]) >= cuts.known[:, None])
    if kind == "prefix":
        visible = prefix(inputs.shape[1], cuts.known + 1)  # `begin` stands before the prompt
    return Batch(inputs, targets, counts, visible)


# ---------- the networks ----------


def build(kind: str, rng: np.random.Generator) -> Network:
    """A network of a kind, its weights drawn: two blocks, or one beside one that also looks across."""
    size = {"vocab_size": SPECIALS.size, "d_model": 24, "n_heads": 2, "context_length": 14}
    if kind == "encoder-decoder":  # the second attention is paid for by the feed-forward layers
        return EncoderDecoder(Config(**size, n_layers=1, d_ff=65)).draw(rng)
    return Transformer(Config(**size, n_layers=2)).draw(rng)


def logits_everywhere(network: Network, batch: Batch | PairBatch) -> torch.Tensor:
    """Logits (B, T, V) of a batch."""
    if isinstance(batch, PairBatch):
        sources, inputs = torch.from_numpy(batch.sources), torch.from_numpy(batch.inputs)
        return network(sources, inputs, batch.sources_visible)
    return network(torch.from_numpy(batch.inputs), batch.visible)


def learn(kind: str, steps: int, seed: int, rng: np.random.Generator, rate: float = RATE) -> Network:
    """Train a network; sentences and cuts depend on seed and step alone, so all kinds read the same."""
    network = build(kind, rng)

    def loss(step: int) -> torch.Tensor:
        chance = np.random.default_rng([seed, step])
        cuts = draw_evenly(BATCH, chance) if kind == EVEN else draw(BATCH, chance)
        batch = batch_of(kind, cuts, chance)
        counts = torch.from_numpy(batch.counts)
        return cross_entropy(
            logits_everywhere(network, batch)[counts], torch.from_numpy(batch.targets)[counts]
        )

    train(network, loss, Recipe(steps, rate, warmup=20, judge_every=steps), progress=False)
    return network


# ---------- what is measured ----------


@lru_cache(maxsize=1)
def judged() -> tuple[Cuts, np.ndarray]:
    """What all are judged on, and the true distribution at each place of a completion, (N, V)."""
    cuts = unfinished(draw(JUDGED, np.random.default_rng([11, JUDGED])))
    contexts = [text[:i] for text, n in zip(*cuts) for i in range(n, len(text))]
    return cuts, np.exp(world().next_log_probs(contexts))


@lru_cache(maxsize=1)
def even_optimum() -> np.ndarray:
    """KL(truth ‖ best answer to `EVEN`) in bits at each place that is judged, (N,).

    At place i a text of T tokens counts if it was cut at i or before, i times in T - 1: its weight.
    """
    cuts, truth = judged()
    ids, probs = Sentences(world()).padded(SPECIALS.pad)
    weights = probs / ((ids != SPECIALS.pad).sum(axis=1) - 1)  # i is the same for all, and cancels
    rows = [along(ids, weights, text, SPECIALS.size)[n:] for text, n in zip(*cuts)]
    best = np.concatenate(rows)[:, : truth.shape[1]]
    return (truth * np.log2(np.where(truth > 0, truth, 1) / np.where(truth > 0, best, 1))).sum(axis=1)


def excess(kind: str, network: Network) -> np.ndarray:
    """KL(truth ‖ network) in bits at each place of the judged completions, (N,)."""
    cuts, truth = judged()
    batch = batch_of("completion" if kind == "everything" else kind, cuts)
    with asking(network):
        logits = logits_everywhere(network, batch)[torch.from_numpy(batch.counts)]
        said = logits.double().log_softmax(dim=-1)[:, : truth.shape[1]].numpy()
    return (truth * (np.log(np.where(truth > 0, truth, 1)) - said)).sum(axis=1) / math.log(2)


def effective_rank(weights: np.ndarray) -> np.ndarray:
    """exp(entropy of the singular values, made to sum to one), of matrices (..., T, T).

    Source: Roy and Vetterli (2007). One for a matrix whose rows are all the same, T for the identity.
    """
    sizes = np.linalg.svd(weights, compute_uv=False)
    shares = sizes / sizes.sum(axis=-1, keepdims=True)
    return np.exp(-(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=-1))


LONG = 11  # tokens of the sentences whose attention is looked at; one row before them


@lru_cache(maxsize=1)
def long_sentences() -> Cuts:
    """Sentences of one length, so that their matrices can be compared; half of each is the prompt."""
    texts = [text for text in world().sample(2000, np.random.default_rng(5)) if len(text) == LONG][:200]
    return Cuts(texts, np.full(len(texts), LONG // 2))


def directions(kind: str, network: Network) -> dict[str, float] | None:
    """Effective rank of a stack's attention, mean over sentences, layers and heads, and of its worst head."""
    if isinstance(network, EncoderDecoder):
        return None
    cuts = long_sentences()
    inputs, _, _, visible = batch_of("everything" if kind == "masked" else kind, cuts)
    if kind == "masked":
        inputs, visible = np.array(cuts.texts), np.ones((len(cuts.texts), LONG, LONG), dtype=bool)
    visible = np.broadcast_to(visible, (len(inputs), LONG, LONG)).copy()
    weights = looks(network, torch.from_numpy(inputs), visible).double().numpy()
    ranks = effective_rank(weights).mean(axis=1)  # of each layer and head
    return {"mean": round(float(ranks.mean()), 2), "least": round(float(ranks.min()), 2)}


def measure(setting: Mapping, _rng: np.random.Generator) -> dict:
    """Excess in bits per token of the completions; ranks before and after training; parameters and time."""
    kind = setting["kind"]
    begin = time.process_time()
    untrained = directions(kind, build(kind, np.random.default_rng([setting["seed"], 1])))
    drawn = np.random.default_rng([setting["seed"], 1])  # of the same shape, the same first weights
    network = learn(kind, setting["steps"], setting["seed"], drawn, setting["rate"])
    seconds = time.process_time() - begin
    costs = None if kind == "masked" else excess(kind, network)
    return {
        "excess": None if costs is None else float(f"{costs.mean():.3g}"),
        "rank": directions(kind, network),
        "untrained_rank": untrained,
        "parameters": sum(p.numel() for p in network.parameters()),
        "seconds": None if setting == AGAIN else round(seconds),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("completions", SETTINGS, measure)
