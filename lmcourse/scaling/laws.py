"""Laws of loss: E + A / N^α + B / D^β, fitted to measured losses, with intervals, and what they advise.

N is a model's size, D the tokens that it reads, C = 6 N D the work (multiplications and additions). Form and
advice: Hoffmann et al. (2022), "Training compute-optimal large language models", section 3.3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SPREADS = ("even", "loss", "excess")
STEPS = 200  # at most, of a descent
ROUNDS = 20  # at most, of weights and law in turn
STARTS = [(alpha, beta) for alpha in (0.2, 0.5, 1.0) for beta in (0.2, 0.5, 1.0)]


class Law(NamedTuple):
    """Loss of a model of N parameters that has read D tokens; each field a number, or an array (R,)."""

    E: float  # what no model goes below
    A: float
    B: float
    alpha: float
    beta: float

    def loss(self, n_params, n_tokens):
        """E + A / N^α + B / D^β."""
        return self.E + self.A * n_params**-self.alpha + self.B * n_tokens**-self.beta

    def best_split(self, flops):
        """The N and D with the least loss at C = 6 N D.

        N = G (C/6)^(β/(α+β)) and D = (C/6)/N, where G = (α A / β B)^(1/(α+β)): there the gain of a larger
        model, and of more text, for the last bit of work are the same.
        """
        total = self.alpha + self.beta
        g = (self.alpha * self.A / (self.beta * self.B)) ** (1 / total)
        n_params = g * (flops / 6) ** (self.beta / total)
        return n_params, flops / 6 / n_params


def fit(n_params, n_tokens, losses, spread: str = "excess", huber: float | None = None) -> Law:
    """The law whose weighted squared distance from the losses is the smallest.

    Args:
        n_params: N of each run, (n,).
        n_tokens: D of each run, (n,).
        losses: of each run, in nats, (n,); or (R, n), for R fits at once.
        spread: what the runs' errors are taken to be proportional to: "even": nothing, all are alike; "loss":
            the law's loss, nearly as where logarithms of losses are compared; "excess": its loss beyond E.
        huber: relative errors above this count in proportion, not as squares; None: all as squares.

    Returns the law; fields are arrays (R,) where losses are (R, n).

    Raises ValueError for fewer than six runs, sizes, tokens or losses that are not above 0, or if all models
    have one size or read the same number of tokens: then two terms cannot be told apart.
    """
    n, d, y = (np.asarray(x, dtype=float) for x in (n_params, n_tokens, losses))
    _check(n, d, y, spread)
    rows = np.atleast_2d(y)
    found = _descend(n, d, rows, np.ones_like(rows), spread, huber)
    return Law(*(x if y.ndim == 2 else float(x[0]) for x in found))


def bootstrap(
    n_params,
    n_tokens,
    losses,
    rng: np.random.Generator,
    repeats: int = 500,
    spread: str = "excess",
    huber: float | None = None,
    groups=None,
) -> Law:
    """The laws fitted to as many samples of the runs, drawn with replacement; each field (repeats,).

    Args:
        n_params, n_tokens, losses, spread, huber: as for `fit`; losses (n,).
        rng: for the draws.
        repeats: how many samples.
        groups: a label for each run, (n,): runs of one group are drawn together, as whatever they have in
            common is one draw (the misfit of a size and a text, the noise of one training curve). None: each
            run by itself.

    Raises ValueError as `fit`, and for labels that are not one a run.
    """
    n, d, y = (np.asarray(x, dtype=float) for x in (n_params, n_tokens, losses))
    _check(n, d, y, spread)
    of = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    if of.shape != y.shape:
        raise ValueError(f"{len(of)} labels of groups for {len(y)} runs; give one a run")
    n_groups = of.max() + 1
    counts = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=repeats)[:, of]
    return Law(*_descend(n, d, np.broadcast_to(y, counts.shape), counts.astype(float), spread, huber))


def _check(n: np.ndarray, d: np.ndarray, y: np.ndarray, spread: str) -> None:
    if spread not in SPREADS:
        raise ValueError(f"spread={spread!r} must be one of {', '.join(map(repr, SPREADS))}")
    if n.ndim != 1 or n.shape != d.shape or y.shape[-1:] != n.shape:
        raise ValueError(f"{n.shape} sizes, {d.shape} tokens and {y.shape} losses; give one of each a run")
    if len(n) < 6:
        raise ValueError(f"{len(n)} runs are too few for five numbers; give six or more")
    for name, x in (("size", n), ("number of tokens", d), ("loss", y)):
        if not (np.isfinite(x) & (x > 0)).all():
            raise ValueError(f"each {name} must be above 0, and finite; got {x.min()}")
    for name, x in (("sizes", n), ("numbers of tokens", d)):
        if len(np.unique(x)) < 3:
            raise ValueError(f"all runs have one or two {name}; an exponent needs three or more")


def _descend(n, d, y, counts, spread, huber) -> np.ndarray:
    """The best law for each row of losses (R, n): E, A, B, alpha, beta, each (R,).

    The weights depend on the law and the law on the weights, so they are found in turn; the first round takes
    all errors to be alike, and starts from several exponents, since one may lead to a law that is only better
    than its neighbours. `counts` (R, n) says how often each run counts.
    """
    x = np.log(n / n.mean()), np.log(d / d.mean())
    tried = [_levenberg(_linear(x, y, counts, *start), x, y, counts) for start in STARTS]
    thetas, costs = (np.stack(each) for each in zip(*tried))
    best = thetas[costs.argmin(0), np.arange(len(y))]
    for _ in range(ROUNDS if spread != "even" or huber else 0):
        before = best
        best, _ = _levenberg(best, x, y, counts * _weights(_terms(best, x), y, spread, huber))
        if np.abs(best - before).max() < 1e-6:
            break
    e, a, b, alpha, beta = best.T
    a, b = a + alpha * np.log(n.mean()), b + beta * np.log(d.mean())
    return np.stack([np.exp(e), np.exp(a), np.exp(b), alpha, beta])


def _terms(theta: np.ndarray, x: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """E, A / N^α and B / D^β at each run, (3, R, n), of log E, log A, log B, α and β, (R, 5)."""
    e, a, b, alpha, beta = theta.T[..., None]
    return np.exp(np.stack(np.broadcast_arrays(e, a - alpha * x[0], b - beta * x[1])))


def _weights(terms: np.ndarray, y: np.ndarray, spread: str, huber: float | None) -> np.ndarray:
    """How much each run counts, (R, n): by how far from the law it may be expected to lie, and does."""
    loss = terms.sum(0)
    size = {"even": np.ones_like(loss), "loss": loss, "excess": terms[1] + terms[2]}[spread]
    weights = size**-2
    if huber is not None:
        weights = weights * np.minimum(1, huber / np.maximum(np.abs(y - loss) / loss, 1e-300))
    return weights / weights.mean(axis=1, keepdims=True)


def _linear(x, y: np.ndarray, counts: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Once the exponents are known E, A and B are a linear regression: (R, 5), the three as logarithms."""
    columns = np.stack([np.ones_like(x[0]), np.exp(-alpha * x[0]), np.exp(-beta * x[1])], axis=1)
    gram = np.einsum("rn,ni,nj->rij", counts, columns, columns) + 1e-9 * np.eye(3)
    right = np.einsum("rn,ni->ri", counts * y, columns)
    found = np.linalg.solve(gram, right[..., None])[..., 0]
    logs = np.log(np.maximum(found, 1e-3 * y.min(axis=1, keepdims=True)))  # none may be below 0
    return np.concatenate([logs, np.broadcast_to([alpha, beta], (len(y), 2))], axis=1)


def _levenberg(theta: np.ndarray, x, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levenberg and Marquardt's descent of weighted squares, R at once: where it ends, and what is left.

    Each step solves the linear regression of the residuals on the slopes; where that made them larger, a
    damping grows that shortens the step, and where it did not it shrinks.
    """
    damping = np.full(len(y), 1e-3)
    terms = _terms(theta, x)
    cost = (weights * (y - terms.sum(0)) ** 2).sum(1)
    for _ in range(STEPS):
        slopes = np.stack([*terms, -terms[1] * x[0], -terms[2] * x[1]], axis=2)  # (R, n, 5)
        weighed = (slopes * weights[..., None]).swapaxes(1, 2)
        gram, pull = weighed @ slopes, (weighed @ (y - terms.sum(0))[..., None])[..., 0]
        scale = np.einsum("rii->ri", gram) * damping[:, None] + 1e-12
        step = np.linalg.solve(gram + scale[:, None] * np.eye(5), pull[..., None])[..., 0]
        tried = theta + np.clip(step, -2, 2)
        its_terms = _terms(tried, x)
        its_cost = (weights * (y - its_terms.sum(0)) ** 2).sum(1)
        better = its_cost < cost
        gained = (cost - its_cost)[better] > 1e-12 * cost[better]
        damping = np.clip(np.where(better, damping / 4, damping * 4), 1e-9, 1e9)
        theta = np.where(better[:, None], tried, theta)
        terms = np.where(better[:, None], its_terms, terms)
        cost = np.where(better, its_cost, cost)
        if not gained.any() and (better | (damping >= 1e9)).all():
            break
    return theta, cost
