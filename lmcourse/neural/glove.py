"""GloVe: vectors of words whose scalar products are the logarithms of counts.

How often two words stand near each other is counted once; then v·u + b + c = log X is fitted to the counts by
least squares, with a weight that is small for rare pairs and none for pairs that never occurred. Gradients
are written out, and are those of whole rows of the table of counts at once.

Departures from the original program, which goes through the non-zero cells one by one: a step takes a block
of rows. Source: Pennington, Socher and Manning (2014).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from lmcourse.model import check_whole


def co_occurrences(
    token_ids: np.ndarray, vocab_size: int, window: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """How often each word stands near each other one: X (V, V), symmetric, as float32.

    Args:
        token_ids: the text, (N,).
        vocab_size: V; the table has V² cells.
        window: the farthest neighbour that counts.
        weights: what a neighbour counts at the distances 1, 2, … (window,); None: 1, at each.

    Raises ValueError for ids out of range or another number of weights.
    """
    text, window = np.asarray(token_ids, dtype=np.int64), check_whole(window, "window")
    if len(text) and (text.min() < 0 or text.max() >= vocab_size):
        raise ValueError(f"token_ids must be whole numbers from 0 to {vocab_size - 1}")
    weights = np.ones(window) if weights is None else np.asarray(weights)
    if weights.shape != (window,):
        raise ValueError(f"weights has shape {weights.shape}; a window of {window} needs ({window},)")
    counts = np.zeros(vocab_size**2, dtype=np.float32)
    for distance, weight in enumerate(weights, start=1):
        pairs = text[:-distance] * vocab_size + text[distance:]
        cells, times = np.unique(pairs, return_counts=True)
        counts[cells] += np.float32(weight) * times
    counts = counts.reshape(vocab_size, vocab_size)
    return counts + counts.T


def importance(counts: np.ndarray, x_max: float = 100, alpha: float = 0.75) -> np.ndarray:
    """The weight f of each count: (x / x_max)^alpha, 1 from x_max on, 0 at a count of 0."""
    return np.minimum(counts / x_max, 1) ** alpha


@dataclass(frozen=True)
class Gradients:
    """The loss, summed over the cells of a block of rows, and its gradients."""

    loss: float
    inputs: np.ndarray  # (R, D)
    outputs: np.ndarray  # (V, D)
    input_biases: np.ndarray  # (R,)
    output_biases: np.ndarray  # (V,)


def glove_loss(
    inputs: np.ndarray,
    outputs: np.ndarray,
    input_biases: np.ndarray,
    output_biases: np.ndarray,
    log_counts: np.ndarray,
    weights: np.ndarray,
) -> Gradients:
    """Σ f(X) (v·u + b + c - log X)² over R rows of the table, and its gradients.

    Args:
        inputs: v, (R, D).
        outputs: u, (V, D).
        input_biases: b, (R,).
        output_biases: c, (V,).
        log_counts: log X, (R, V); what stands at pairs that never occurred does not matter.
        weights: f(X), (R, V), 0 at those pairs.
    """
    errors = inputs @ outputs.T + input_biases[:, None] + output_biases - log_counts  # (R, V)
    slope = 2 * weights * errors
    return Gradients(
        float((weights * errors**2).sum()),
        slope @ outputs,
        slope.T @ inputs,
        slope.sum(1),
        slope.sum(0),
    )


@dataclass
class Glove:
    """What was learned; `vectors` (V, D), the sum of each word's two, are those to look neighbours up in.

    `losses` has the mean loss of a pair that occurred, after each epoch.
    """

    inputs: np.ndarray
    outputs: np.ndarray
    input_biases: np.ndarray
    output_biases: np.ndarray
    losses: list[float]

    @property
    def vectors(self) -> np.ndarray:
        """(V, D)."""
        return self.inputs + self.outputs


def train_glove(
    counts: np.ndarray,
    d_model: int = 100,
    epochs: int = 25,
    learning_rate: float = 0.05,
    x_max: float = 100,
    alpha: float = 0.75,
    rows: int = 128,
    seed: int = 0,
    progress: bool = True,
) -> Glove:
    """Vectors whose scalar products, with a bias for each word, are the logarithms of counts.

    Args:
        counts: X, (V, V), as of `co_occurrences`.
        d_model: D, numbers in a vector.
        epochs: how often the table is gone through.
        learning_rate: AdaGrad's, for each number by the sum of its squared gradients.
        x_max: from this count on a pair has full weight.
        alpha: how fast the weight falls below it.
        rows: of the table, taken by a step.
        seed: of the first vectors and the order of rows.
        progress: whether to show a bar.

    Raises ValueError for a table that is not square, has a negative count or none above 0.
    """
    counts = np.asarray(counts, dtype=np.float32)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"counts has shape {counts.shape}; words by words must be square")
    if not (counts >= 0).all() or not counts.any():
        raise ValueError("counts must be 0 or more, with at least one above 0")
    vocab_size, d_model = len(counts), check_whole(d_model, "d_model")
    rng = np.random.default_rng(seed)
    tables = [
        (rng.random(shape, dtype=np.float32) - 0.5) / np.float32(d_model)
        for shape in ((vocab_size, d_model), (vocab_size, d_model), vocab_size, vocab_size)
    ]
    squares = [np.ones_like(table) for table in tables]
    log_counts, weights = np.log(np.maximum(counts, 1e-12)), importance(counts, x_max, alpha)
    losses = []
    for _ in tqdm(range(check_whole(epochs, "epochs")), disable=not progress, unit="epoch"):
        total, order = 0.0, rng.permutation(vocab_size)
        for begin in range(0, vocab_size, rows):
            here, every = order[begin : begin + rows], slice(None)
            v, u, b, c = tables
            found = glove_loss(v[here], u, b[here], c, log_counts[here], weights[here])
            total += found.loss
            gradients = (found.inputs, found.outputs, found.input_biases, found.output_biases)
            for table, square, place, gradient in zip(tables, squares, (here, every, here, every), gradients):
                square[place] += gradient**2
                table[place] -= learning_rate * gradient / np.sqrt(square[place])
        losses.append(total / np.count_nonzero(counts))
    return Glove(*tables, losses)
