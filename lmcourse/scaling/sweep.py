"""One run of a sweep: a Transformer of a given width reads so many tokens of a world, and is measured.

The recipe was tuned beforehand on runs that no law is fitted to; `lmcourse.experiments.scaling_law` runs it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lmcourse.evaluation.errors import Estimate, estimate
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer
from lmcourse.world.ranked_facts import LENGTH, RankedFacts

N_LAYERS = 2
D_HEAD = 16
HELD_OUT = 16_384  # sentences
READ_AT_ONCE = 4_096  # of them, when a network is measured
RATES = {6: 0.067, 8: 0.05, 12: 0.031, 16: 0.0125, 24: 0.0094, 32: 0.0063, 48: 0.0042, 64: 0.0031}
TUNED_AT = 200_000  # tokens


def config(vocab_size: int, d_model: int) -> Config:
    """Of a network of two blocks that reads one sentence at a time."""
    heads = max(1, d_model // D_HEAD)
    return Config(vocab_size, d_model, heads, N_LAYERS, context_length=LENGTH)


def sizes(config: Config) -> dict[str, int]:
    """Parameters: "all", and "inner": without the tables of embedding and positions.

    The inner ones are what Kaplan et al. count. (Each token is multiplied with these and with the output:
    `multiplied`.)
    """
    parts = config.count_parameters()
    return {"all": parts["total"], "inner": parts["total"] - parts["embedding"] - parts["positions"]}


def multiplied(config: Config) -> int:
    """Parameters with which each token is multiplied: the inner ones, and the table again as the output."""
    return sizes(config)["inner"] + config.vocab_size * config.d_model


def learning_rate(d_model: int, n_tokens: int) -> float:
    """The highest rate: tuned at 200,000 tokens for some widths, along a power of the width between them.

    For other numbers of tokens it goes with their -0.15th power; beyond the widest as 1 / width.
    """
    widths = np.array(list(RATES))
    rate = np.exp(np.interp(np.log(d_model), np.log(widths), np.log(list(RATES.values()))))
    return float(rate * min(1, widths[-1] / d_model) * (n_tokens / TUNED_AT) ** -0.15)


def batch_size(n_tokens: int) -> int:
    """Sentences in a batch: 8 up to 100,000 tokens, twice as many for each four times as many."""
    return 8 * 2 ** max(0, int(np.ceil(np.log2(n_tokens / 100_000) / 2)))


def recipe(
    d_model: int, n_tokens: int, rate: float = 1.0, warmup: float = 0.05, decay: bool = True
) -> Recipe:
    """How a network is trained.

    Args:
        d_model: its width.
        n_tokens: that it reads, each once.
        rate: factor of the tuned learning rate.
        warmup: share of the steps in which the rate rises.
        decay: whether it falls again.
    """
    steps = max(1, round(n_tokens / LENGTH / batch_size(n_tokens)))
    return Recipe(
        steps,
        learning_rate=rate * learning_rate(d_model, n_tokens),
        warmup=max(1, round(warmup * steps)),
        decay=decay,
        judge_every=steps,
    )


def network(
    world: RankedFacts, d_model: int, how: Recipe, batch: int, rng: np.random.Generator
) -> Transformer:
    """A Transformer that has read `how.steps` batches of fresh sentences."""
    return read(Transformer(config(world.vocab_size, d_model)).draw(rng), world, how, batch, rng)


def read(
    module: torch.nn.Module, world: RankedFacts, how: Recipe, batch: int, rng: np.random.Generator
) -> torch.nn.Module:
    """Train any network, of token ids (B, T) to logits (B, T, V), on fresh sentences; returns it."""

    def loss(_: int) -> torch.Tensor:
        return sentence_losses(module, world.draw(batch, rng), world.end).mean()

    train(module, loss, how, progress=False)
    return module


def sentence_losses(module: torch.nn.Module, sentences: np.ndarray, end: int) -> torch.Tensor:
    """Nats for each token of sentences (n, 9), each read from its beginning: (n, 9)."""
    targets = torch.from_numpy(sentences)
    inputs = torch.roll(targets, 1, dims=1)
    inputs[:, 0] = end  # the full stop of the sentence before
    logits = module(inputs)
    return cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape)


def excesses(module: torch.nn.Module, world: RankedFacts, sentences: np.ndarray) -> np.ndarray:
    """Nats for each token of sentences (n, 9) beyond those of the truth: (n, 9)."""
    with torch.inference_mode():
        parts = [
            sentence_losses(module, sentences[i : i + READ_AT_ONCE], world.end)
            for i in range(0, len(sentences), READ_AT_ONCE)
        ]
    return torch.cat(parts).double().numpy() + world.sentence_log_probs(sentences)


def excess(module: torch.nn.Module, world: RankedFacts, sentences: np.ndarray) -> Estimate:
    """Mean nats a token beyond the truth's, with the standard error from sentence to sentence."""
    return estimate(excesses(module, world, sentences).mean(1))
