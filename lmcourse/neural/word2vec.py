"""word2vec: vectors of words that are learned by telling a word's true neighbours from random ones.

Skip-gram asks of each word which words stand near it; CBOW (a "continuous bag of words") asks of the mean of
the neighbours which word stands among them. Both are trained with negative sampling: a pair that stands in
the text should get a high scalar product, pairs with k words drawn at random low ones. The gradients are
written out, and are those of whole stretches of text at once: each word is looked up once, and the scores of
a piece of text, each word with each that stands near and each random one, are one product of matrices.

Departures from the original program: the random words are shared by a piece of text, each with a weight, so
that their expected sum stays that of k for each pair; and the steps are AdaGrad's. Frequent words are skipped
by the rule of the second paper, from which the program's own differs a little. Sources: Mikolov et al.
(2013a, 2013b); shared negatives: Ji et al. (2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, logsigmoid, pad, softplus
from tqdm import tqdm

from lmcourse.model import check_whole


@dataclass(frozen=True)
class Gradients:
    """The summed loss of a stretch, and its gradients with respect to the rows that were looked up."""

    loss: float
    inputs: Tensor  # (T, D)
    outputs: Tensor  # (T, D)
    noise: Tensor  # (B, K, D)


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
        noise: output vectors of random words, (B, K, D): of B pieces of the stretch each has its own K.
        reach: how many neighbours to either side each word has, (T,).
        k: how many random words there are to a pair.

    Raises ValueError if pieces are shorter than the farthest reach.
    """
    cut = _Cut(len(inputs), len(noise), int(reach.max()))
    asking, near, true = cut.pieces(inputs), cut.pieces(outputs, margin=True), cut.neighbours(reach)
    asked = torch.cat([near, noise], dim=1)
    loss, slope = _judged(asking @ asked.mT, true.to(inputs.dtype), k)
    d_asked, n_near = slope.mT @ asking, near.shape[1]
    d_outputs = cut.joined(d_asked[:, :n_near], margin=True)
    return Gradients(loss, cut.joined(slope @ asked), d_outputs, d_asked[:, n_near:])


def cbow(inputs: Tensor, outputs: Tensor, noise: Tensor, reach: Tensor, k: float) -> Gradients:
    """The mean of a word's neighbours, the farthest `reach` places away, is paired with the word.

    Arguments as those of `skip_gram`: inputs are now the neighbours', outputs those of the word between them.
    """
    cut = _Cut(len(inputs), len(noise), int(reach.max()))
    words, near = cut.pieces(outputs), cut.pieces(inputs, margin=True)
    share = cut.neighbours(reach).to(inputs.dtype)
    number = share.sum(2, keepdim=True)
    share /= number.clamp(min=1)
    means = share @ near
    scores = torch.cat([(means * words).sum(2, keepdim=True), means @ noise.mT], dim=2)
    loss, slope = _judged(scores, number.clamp(max=1), k)
    by_true, by_noise = slope[..., :1], slope[..., 1:]
    d_inputs = cut.joined(share.mT @ (by_true * words + by_noise @ noise), margin=True)
    return Gradients(loss, d_inputs, cut.joined(by_true * means), by_noise.mT @ means)


def _judged(scores: Tensor, true: Tensor, k: float) -> tuple[float, Tensor]:
    """The summed loss, and how fast it grows with each score.

    Args:
        scores: of each word with N others and with K random ones, (B, L, N + K).
        true: 1 where one of the N is true, 0 where it does not count, (B, L, N).
        k: how often the random ones count, all together, for each that is true.
    """
    n_near = true.shape[2]
    n_random = scores.shape[2] - n_near
    random = (true.sum(2, keepdim=True) * (k / n_random)).expand(-1, -1, n_random)
    weights = torch.cat([true, random], dim=2)
    # -log s(-x) is softplus(x), and -log s(x) is softplus(x) - x
    loss = (weights * softplus(scores)).sum() - (true * scores[..., :n_near]).sum()
    slope = weights * torch.sigmoid(scores)
    slope[..., :n_near] -= true
    return float(loss), slope


class _Cut:
    """How T words fall into B pieces of L, with margins of W words that belong to the neighbouring pieces."""

    def __init__(self, n_words: int, n_pieces: int, margin: int):
        self.n_words, self.length, self.margin = n_words, -(-n_words // n_pieces), min(margin, n_words)
        if n_pieces > 1 and self.length < self.margin:
            raise ValueError(
                f"pieces of {self.length} words are shorter than a reach of {margin}: take fewer"
            )
        self.filled = n_pieces * self.length - n_words

    def pieces(self, rows: Tensor, margin: bool = False) -> Tensor:
        """(T, D) → (B, L, D), or with margins (B, W + L + W, D); there are zeros where the text has ended."""
        wide = self.margin if margin else 0
        filled = pad(rows, (0, 0, wide, wide + self.filled))
        return filled.unfold(0, self.length + 2 * wide, self.length).mT

    def joined(self, pieces: Tensor, margin: bool = False) -> Tensor:
        """The rows of pieces as rows of the text, (T, D), what is in margins added where it belongs."""
        if margin:
            wide, margins = self.margin, pieces
            pieces = margins[:, wide : wide + self.length].clone()
            pieces[:-1, self.length - wide :] += margins[1:, :wide]
            pieces[1:, :wide] += margins[:-1, wide + self.length :]
        return pieces.reshape(-1, pieces.shape[2])[: self.n_words]

    def neighbours(self, reach: Tensor) -> Tensor:
        """Which rows of its piece with margins each word has for neighbours, (B, L, W + L + W)."""
        here, wide = torch.arange(self.length), torch.arange(-self.margin, self.length + self.margin)
        distance = (wide - here[:, None]).abs()
        there_is = self.pieces(torch.ones(self.n_words, 1, dtype=torch.bool), margin=True).mT
        return (distance > 0) & (distance <= self.pieces(reach[:, None])) & there_is


PIECE, NOISE = 64, 32  # words that share random ones, and how many
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
            n_pieces = max(1, len(words) // max(PIECE, window))
            drawn = torch.from_numpy(np.searchsorted(noise_shares, rng.random(n_pieces * NOISE)))
            reach = torch.from_numpy(rng.integers(1, window + 1, size=len(words)))
            inputs, outputs = (table.index_select(0, words) for table in tables)
            noise = tables[1].index_select(0, drawn).view(n_pieces, NOISE, d_model)
            found = OBJECTIVES[objective](inputs, outputs, noise, reach, k)
            losses.append(found.loss / len(words))
            _adagrad(tables[0], squares[0], words, found.inputs, learning_rate)
            asked, slopes = torch.cat([words, drawn]), torch.cat([found.outputs, found.noise.flatten(0, 1)])
            _adagrad(tables[1], squares[1], asked, slopes, learning_rate)
    return Word2Vec(tables[0].numpy(), tables[1].numpy(), losses)


def _adagrad(table: Tensor, squares: Tensor, rows: Tensor, slopes: Tensor, learning_rate: float) -> None:
    """A step of the rows (N,) of a table by their gradients (N, D), added up where a row is named twice."""
    order = rows.argsort(stable=True)
    touched, times = rows[order].unique_consecutive(return_counts=True)
    total = embedding_bag(order, slopes, times.cumsum(0) - times, mode="sum")  # a bag for each row touched
    square = squares.index_select(0, touched) + total**2
    squares.index_copy_(0, touched, square)
    table.index_add_(0, touched, total / square.sqrt(), alpha=-learning_rate)
