"""How much does a message tell? Surprisal, entropy, cross-entropy, divergence, and what models make of them.

Measures of distributions take probabilities and a `base`: 2, the default, gives bits; `math.e` gives nats.
The conventions 0 log 0 = 0 and p log(p/0) = ∞ make each of them right at the edges. Measures of models on a
text come in bits too, whatever the model's own logarithms are.
Source: Cover and Thomas (2006), chapter 2; Shannon (1948).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from lmcourse.model import LanguageModel, Tokens, check_distribution


def _base(base: float) -> float:
    """The natural logarithm of the base. Raises ValueError unless it is a finite number above 1."""
    if not 1 < base < math.inf:
        raise ValueError(f"base={base} must be above 1: 2 for bits, math.e for nats, 10 for decimal digits")
    return math.log(base)


def _terms(weights: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """weights · -log probs, term by term, with 0 · ∞ = 0: what never happens surprises nobody."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weights > 0, -weights * np.log(probs), 0.0)


def _pair(p: Sequence[float], q: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Two checked distributions over the same outcomes."""
    p, q = check_distribution(p, "the probabilities p"), check_distribution(q, "the probabilities q")
    if p.shape != q.shape:
        raise ValueError(f"p has {p.size} outcomes and q has {q.size}; both must speak of the same ones")
    return p, q


def surprisal(p: float | Sequence[float], base: float = 2) -> float | np.ndarray:
    """-log p: how much it tells that something of probability p has happened; ∞ for p = 0.

    Args:
        p: one probability, or an array of them.
        base: of the logarithm.

    >>> surprisal(1 / 8)
    3.0
    """
    values = np.asarray(p, dtype=float)
    possible = (values >= 0) & (values <= 1 + 1e-9)  # sums of floats may come out as 1.0000000000000002
    if not np.all(possible):
        raise ValueError(f"a probability lies between 0 and 1; got {values[~possible].flat[0]:g}")
    with np.errstate(divide="ignore"):
        bits = -np.log(np.minimum(values, 1)) / _base(base) + 0.0  # + 0.0: no minus sign before a zero
    return float(bits) if bits.ndim == 0 else bits


def entropy(probs: Sequence[float], base: float = 2) -> float:
    """The mean surprisal of a distribution (V,): H(p) = -Σ p log p, from 0 to log V.

    >>> entropy([1 / 2, 1 / 4, 1 / 8, 1 / 8])
    1.75
    """
    probs = check_distribution(probs)
    return float(_terms(probs, probs).sum() / _base(base)) + 0.0


def cross_entropy(p: Sequence[float], q: Sequence[float], base: float = 2) -> float:
    """The mean surprisal of one who believes q while p is true: -Σ p log q; ∞ if q excludes what happens.

    >>> round(cross_entropy([1 / 2, 1 / 2], [1 / 4, 3 / 4]), 4)  # (2 + log2 4/3) / 2
    1.2075
    """
    p, q = _pair(p, q)
    return float(_terms(p, q).sum() / _base(base)) + 0.0


def kl_divergence(p: Sequence[float], q: Sequence[float], base: float = 2) -> float:
    """KL(p ‖ q) = Σ p log(p/q): what believing q costs while p is true, beyond p's own entropy; never < 0.

    >>> round(kl_divergence([1 / 2, 1 / 2], [1 / 4, 3 / 4]), 4)  # the cross-entropy above, less 1 bit
    0.2075
    """
    p, q = _pair(p, q)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0)
    return max(0.0, float(terms.sum() / _base(base)))  # rounding may leave -1e-17 where p = q


def _joint(joint: Sequence[Sequence[float]]) -> np.ndarray:
    """A checked joint distribution, one row for each value of X, one column for each of Y."""
    table = np.asarray(joint, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"a joint distribution is a table of rows; got an array of shape {table.shape}")
    check_distribution(table.ravel(), "the joint probabilities")
    return table


def joint_entropy(joint: Sequence[Sequence[float]], base: float = 2) -> float:
    """H(X, Y): the mean surprisal of a pair. `joint` is p(x, y), a table (X, Y)."""
    return entropy(_joint(joint).ravel(), base)


def conditional_entropy(joint: Sequence[Sequence[float]], base: float = 2) -> float:
    """H(Y | X) = H(X, Y) - H(X): the surprise left in Y for one who knows X.

    Args:
        joint: p(x, y), a table (X, Y): the known one in the rows.
        base: of the logarithm.

    >>> conditional_entropy([[1 / 2, 0], [1 / 4, 1 / 4]])  # half the time nothing is open, else 1 bit
    0.5
    """
    table = _joint(joint)
    rows = np.broadcast_to(table.sum(axis=1, keepdims=True), table.shape)
    given = np.divide(table, rows, out=np.ones_like(table), where=rows > 0)
    return float(_terms(table, given).sum() / _base(base)) + 0.0


def mutual_information(joint: Sequence[Sequence[float]], base: float = 2) -> float:
    """I(X; Y) = H(Y) - H(Y | X): what one tells about the other; symmetric, and 0 if they are independent.

    Computed as KL(p(x, y) ‖ p(x) p(y)), so never < 0. `joint` is p(x, y), a table (X, Y).

    >>> mutual_information([[1 / 2, 0], [0, 1 / 2]])  # one is a copy of the other
    1.0
    """
    table = _joint(joint)
    with np.errstate(divide="ignore", invalid="ignore"):
        # the sum of two logarithms, since the product of two small probabilities may underflow
        independent = np.add.outer(np.log(table.sum(axis=1)), np.log(table.sum(axis=0)))
        terms = np.where(table > 0, table * (np.log(table) - independent), 0.0)
    return max(0.0, float(terms.sum() / _base(base)))


def shares(outcomes: Iterable[Hashable]) -> dict[Hashable, float]:
    """The empirical distribution of what was seen: each outcome's share, commonest first.

    >>> shares("abracadabra")["a"]  # 5 of 11
    0.45454545454545453
    """
    counts = Counter(outcomes)
    total = sum(counts.values())
    if not total:
        raise ValueError("nothing was seen: there are no shares of nothing")
    return {outcome: count / total for outcome, count in counts.most_common()}


def bits_per_token(model: LanguageModel, tokens: Tokens) -> float:
    """The cross-entropy of a model on a text, -log2 p(text) / L: its mean surprise per token, in bits."""
    ids = model.ids(tokens)
    if not ids:
        raise ValueError(f"tokens={tokens!r} holds no token: there is no mean over nothing")
    return -model.log_prob(ids) / len(ids) / math.log(2) + 0.0


def bits_per_byte(model: LanguageModel, text: str) -> float:
    """-log2 p(text) by the text's length in UTF-8: comparable whatever the model's tokens are.

    Raises ValueError for an empty text.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if not size:
        raise ValueError("text='' has no bytes: there is no mean over nothing")
    return -model.log_prob(text) / size / math.log(2) + 0.0


def perplexity(model: LanguageModel, tokens: Tokens) -> float:
    """2 to the bits per token: as surprised as one who guesses among so many equally likely tokens.

    Source: Jelinek et al. (1977). Comparable only between models with the same tokens.
    """
    with np.errstate(over="ignore"):  # above 1,024 bits per token a float has only infinity
        return float(np.exp2(bits_per_token(model, tokens)))


def rate_estimate(surprises: Sequence[float], lengths: Sequence[float]) -> tuple[float, float]:
    """A rate per token from a sample of independent sentences: Σ surprise / Σ length, and its standard error.

    The sentences' own rates must not be averaged: a short sentence would then count as much as a long one.
    The error is that of a ratio of two means to first order (the delta method): the standard deviation of
    surprise - rate · length, over √n and over the mean length. Source: Cochran (1977), chapter 6.

    Args:
        surprises: of each sentence (n,), in bits or nats.
        lengths: of each sentence (n,), in tokens.

    Returns:
        (rate, standard error), in the unit of `surprises` per token.

    >>> rate_estimate([2, 4, 6], [1, 2, 3])  # each token costs 2: nothing varies
    (2.0, 0.0)
    """
    surprises, lengths = np.asarray(surprises, dtype=float), np.asarray(lengths, dtype=float)
    if surprises.ndim != 1 or surprises.shape != lengths.shape or len(lengths) < 2:
        raise ValueError(
            f"surprises {surprises.shape} and lengths {lengths.shape} must be rows for two sentences or more"
        )
    if not np.all(lengths > 0):
        raise ValueError("every sentence must have a token at least; lengths must be above 0")
    rate = surprises.sum() / lengths.sum()
    spread = np.std(surprises - rate * lengths, ddof=1)
    return float(rate), float(spread / math.sqrt(len(lengths)) / lengths.mean())
