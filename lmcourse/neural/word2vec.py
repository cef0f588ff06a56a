"""word2vec: vectors of words that are learned by telling a word's true neighbours from random ones.

Skip-gram asks of each word which words stand near it; CBOW (a "continuous bag of words") asks of the mean of
the neighbours which word stands among them. Both are trained with negative sampling: a pair that stands in
the text should get a high scalar product, pairs with k words drawn at random low ones. The gradients are
written out, and are those of whole stretches of text at once: each word is looked up once, and its pairs are
neighbouring rows.

Departures from the original program: the random words are shared by a stretch, each with a weight, so that
their expected sum stays that of k for each pair; and the steps are AdaGrad's. Frequent words are skipped by
the rule of the second paper, from which the program's own differs a little. Sources: Mikolov et al. (2013a,
2013b); shared negatives: Ji et al. (2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid
from tqdm import tqdm

from lmcourse.model import check_whole


@dataclass(frozen=True)
class Gradients:
    """The summed loss of a stretch, and its gradients with respect to the rows that were looked up."""

    loss: float
    inputs: Tensor  # (T, D)
    outputs: Tensor  # (T, D)
    noise: Tensor  # (K, D)


def negative_sampling_loss(inputs: Tensor, outputs: Tensor, noise: Tensor) -> Tensor:
    """-log s(u·v) - Σ log s(-u'·v), s the logistic function: surprise at who is true and who random.

    Args:
        inputs: v, (..., D).
        outputs: u of the word that stood there, (..., D).
        noise: u' of k words that did not, (..., k, D).

    Returns:
        (...), in nats.
    """
    true, random = (inputs * outputs).sum(-1), (noise @ inputs[..., None])[..., 0]
    return -logsigmoid(true) - logsigmoid(-random).sum(-1)


def skip_gram(inputs: Tensor, outputs: Tensor, noise: Tensor, reach: Tensor, k: float) -> Gradients:
    """Each word of a stretch is paired with its neighbours, the farthest `reach` places away.

    Args:
        inputs: vectors of the words as those that ask, (T, D).
        outputs: vectors of the same words as those that are asked about, (T, D).
        noise: output vectors of K random words, (K, D).
        reach: how many neighbours to either side each word has, (T,).
        k: how many random words there are to a pair.
    """
    loss, d_inputs, d_outputs = 0.0, torch.zeros_like(inputs), torch.zeros_like(outputs)
    pairs = torch.zeros(len(inputs), dtype=inputs.dtype)
    for distance in range(1, int(reach.max()) + 1):
        ahead, behind = slice(distance, None), slice(None, -distance)
        for here, there in ((behind, ahead), (ahead, behind)):
            there_is = (reach[here] >= distance).to(inputs.dtype)
            scores = (inputs[here] * outputs[there]).sum(1)
            loss -= float((logsigmoid(scores) * there_is).sum())
            slope = ((torch.sigmoid(scores) - 1) * there_is)[:, None]
            d_inputs[here] += slope * outputs[there]
            d_outputs[there] += slope * inputs[here]
            pairs[here] += there_is
    against = _against_noise(inputs, noise, pairs * k / len(noise))
    return Gradients(loss + against.loss, d_inputs + against.inputs, d_outputs, against.noise)


def cbow(inputs: Tensor, outputs: Tensor, noise: Tensor, reach: Tensor, k: float) -> Gradients:
    """The mean of a word's neighbours, the farthest `reach` places away, is paired with the word.

    Arguments as those of `skip_gram`: inputs are now the neighbours', outputs those of the word between them.
    """
    neighbours, number = torch.zeros_like(inputs), torch.zeros(len(inputs), dtype=inputs.dtype)
    steps = [
        (distance, *places)
        for distance in range(1, int(reach.max()) + 1)
        for places in (
            (slice(None, -distance), slice(distance, None)),
            (slice(distance, None), slice(None, -distance)),
        )
    ]
    for distance, here, there in steps:
        there_is = (reach[here] >= distance).to(inputs.dtype)
        neighbours[here] += there_is[:, None] * inputs[there]
        number[here] += there_is
    has = (number > 0).to(inputs.dtype)
    means = neighbours / number.clamp(min=1)[:, None]
    scores = (means * outputs).sum(1)
    slope = ((torch.sigmoid(scores) - 1) * has)[:, None]
    against = _against_noise(means, noise, has * k / len(noise))
    d_means = (slope * outputs + against.inputs) / number.clamp(min=1)[:, None]
    d_inputs = torch.zeros_like(inputs)
    for distance, here, there in steps:
        d_inputs[there] += (reach[here] >= distance).to(inputs.dtype)[:, None] * d_means[here]
    loss = against.loss - float((logsigmoid(scores) * has).sum())
    return Gradients(loss, d_inputs, slope * means, against.noise)


def _against_noise(vectors: Tensor, noise: Tensor, weights: Tensor) -> Gradients:
    """What the random words contribute, each as often as `weights` (T,) says for each vector."""
    scores = vectors @ noise.T  # (T, K)
    slope = torch.sigmoid(scores) * weights[:, None]
    loss = -float((logsigmoid(-scores).sum(1) * weights).sum())
    return Gradients(loss, slope @ noise, torch.empty(0), slope.T @ vectors)


NOISE = 256  # random words that a stretch shares
OBJECTIVES = {"skip-gram": skip_gram, "cbow": cbow}


@dataclass
class Word2Vec:
    """What was learned: two vectors for each word.

    `inputs` (V, D) are those that neighbours and analogies are looked up in; `losses` has the mean surprise,
    in nats, of each stretch's pairs with what was drawn for them.
    """

    inputs: np.ndarray
    outputs: np.ndarray
    losses: list[float]


def train_word2vec(
    token_ids: np.ndarray,
    vocab_size: int,
    d_model: int = 100,
    objective: str = "skip-gram",
    window: int = 5,
    k: float = 5,
    epochs: int = 5,
    learning_rate: float = 0.1,
    keep: float = 1e-3,
    stretch: int = 4096,
    seed: int = 0,
    progress: bool = True,
) -> Word2Vec:
    """Vectors of the words of a text.

    Args:
        token_ids: the text, (N,).
        vocab_size: V.
        d_model: D, numbers in a vector.
        objective: "skip-gram" or "cbow".
        window: the farthest neighbour; for each word the reach is drawn anew from 1 to `window`.
        k: random words to a pair, drawn by their frequency to the power 3/4.
        epochs: how often the text is read.
        learning_rate: AdaGrad's, for each number by the sum of its squared gradients.
        keep: a word of a share f of the text above this is kept with probability √(keep / f); 0 keeps all.
        stretch: words between two steps.
        seed: of all that is drawn.
        progress: whether to show a bar.

    Raises ValueError for an unknown objective, ids out of range, a text of fewer than two words, a window or
    stretch that holds no pair.
    """
    if objective not in OBJECTIVES:
        raise ValueError(f"objective={objective!r} must be one of {', '.join(map(repr, OBJECTIVES))}")
    text = np.asarray(token_ids, dtype=np.int64)
    if len(text) < 2 or text.min() < 0 or text.max() >= vocab_size:
        raise ValueError(f"token_ids must be two or more whole numbers from 0 to {vocab_size - 1}")
    window, stretch = check_whole(window, "window"), check_whole(stretch, "stretch", least=2)
    rng = np.random.default_rng(seed)
    counts = np.bincount(text, minlength=vocab_size)
    noise_shares = np.cumsum(counts**0.75 / np.sum(counts**0.75))
    shares = counts / len(text)
    kept = np.minimum(1, np.sqrt(keep / np.maximum(shares, 1e-12))) if keep else np.ones(vocab_size)
    begin = (rng.random((vocab_size, d_model), dtype=np.float32) - 0.5) / d_model
    tables = [torch.from_numpy(begin), torch.zeros(vocab_size, d_model)]
    squares = [torch.full_like(table, 1e-8) for table in tables]
    losses = []
    for _ in tqdm(range(check_whole(epochs, "epochs")), disable=not progress, unit="epoch"):
        read = text[rng.random(len(text)) < kept[text]]
        for place in range(0, len(read) - 1, stretch):
            words = torch.from_numpy(read[place : place + stretch])
            drawn = torch.from_numpy(np.searchsorted(noise_shares, rng.random(NOISE)))
            reach = torch.from_numpy(rng.integers(1, window + 1, size=len(words)))
            found = OBJECTIVES[objective](tables[0][words], tables[1][words], tables[1][drawn], reach, k)
            losses.append(found.loss / len(words))
            _adagrad(tables[0], squares[0], words, found.inputs, learning_rate)
            asked, slopes = torch.cat([words, drawn]), torch.cat([found.outputs, found.noise])
            _adagrad(tables[1], squares[1], asked, slopes, learning_rate)
    return Word2Vec(tables[0].numpy(), tables[1].numpy(), losses)


def _adagrad(table: Tensor, squares: Tensor, rows: Tensor, slopes: Tensor, learning_rate: float) -> None:
    """A step of the rows (N,) of a table by their gradients (N, D), added up where a row is named twice."""
    touched, which = torch.unique(rows, return_inverse=True)
    total = torch.zeros(len(touched), table.shape[1]).index_add_(0, which, slopes)
    squares[touched] += total**2
    table[touched] -= learning_rate * total / squares[touched].sqrt()
