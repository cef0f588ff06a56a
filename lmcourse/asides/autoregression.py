"""Autoregressive time series, a cousin of the language model: predict the next number from the last p.

    x_t = intercept + phi_1 x_{t-1} + … + phi_p x_{t-p} + e_t + theta_1 e_{t-1} + … ,  e_t ~ Normal(0, sigma²)

Fitting is for the autoregressive part (AR), by least squares or by the equations of Yule and Walker; the
moving-average part (MA, the thetas) can be simulated, not fitted. `NumberModel` turns a fitted AR into a
language model over bins of numbers, so that both kinds can be judged on one scale.
Source: Box and Jenkins (1970), "Time series analysis: forecasting and control".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmcourse.model import LanguageModel, log
from lmcourse.vocabulary import Vocabulary


@dataclass(frozen=True)
class AutoRegression:
    """An AR(p): the next value is Normal, its mean a weighted sum of the last p values, the latest first."""

    intercept: float
    coefficients: tuple[float, ...]  # phi_1 … phi_p, phi_1 for the latest value
    sigma: float  # standard deviation of the shocks
    errors: tuple[float, ...] = ()  # standard errors of the coefficients, where the fit gives them

    def __post_init__(self):
        """Check that sigma can be a standard deviation."""
        if not self.sigma > 0:
            raise ValueError(f"sigma={self.sigma} must be above 0")

    @property
    def order(self) -> int:
        """p, how many past values the model looks at."""
        return len(self.coefficients)

    @property
    def mean(self) -> float:
        """The long-run mean. Raises ValueError if the series has none because it is not stationary."""
        roots = np.roots([1.0, *(-phi for phi in self.coefficients)])
        if np.any(np.abs(roots) >= 1):
            raise ValueError(
                f"coefficients {self.coefficients} let shocks grow for ever: there is no long-run mean"
            )
        return self.intercept / (1 - sum(self.coefficients))


def _check_series(series: Sequence[float], order: int) -> np.ndarray:
    """The series as floats (T,), long enough to fit `order` coefficients, an intercept and a variance."""
    if int(order) != order or order < 0:
        raise ValueError(f"order={order} must be a whole number, 0 or more")
    x = np.asarray(series, dtype=float)
    if x.ndim != 1 or not np.all(np.isfinite(x)):
        raise ValueError(f"a series is one row of finite numbers; got shape {x.shape} or a value not finite")
    if len(x) < 2 * order + 2:
        raise ValueError(f"order={order} needs at least {2 * order + 2} values, got {len(x)}")
    return x


def _lagged(x: np.ndarray, order: int) -> np.ndarray:
    """Rows (1, x_{t-1}, …, x_{t-p}) for t = p … T-1: the questions, of which x_t is the answer. (T-p, 1+p)"""
    lags = [x[order - k : len(x) - k] for k in range(1, order + 1)]
    return np.column_stack([np.ones(len(x) - order), *lags])


def fit(series: Sequence[float], order: int) -> AutoRegression:
    """Least squares, which is maximum likelihood given the first p values.

    sigma² is the mean squared residual, the maximum-likelihood value; the standard errors divide by the
    degrees of freedom, T - 2p - 1, instead.
    """
    x = _check_series(series, order)
    questions, answers = _lagged(x, order), x[order:]
    solution, _, rank, _ = np.linalg.lstsq(questions, answers, rcond=None)
    if rank < order + 1:
        raise ValueError(
            f"order={order}: the past values are collinear (a constant series?); use a smaller order"
        )
    squares = float(np.sum((answers - questions @ solution) ** 2))
    freedom = max(1, len(answers) - order - 1)
    covariance = squares / freedom * np.linalg.inv(questions.T @ questions)
    errors = np.sqrt(np.diag(covariance))[1:]
    sigma = math.sqrt(squares / len(answers))
    return AutoRegression(float(solution[0]), tuple(solution[1:].tolist()), sigma, tuple(errors.tolist()))


def autocorrelation(series: Sequence[float], max_lag: int) -> np.ndarray:
    """Sample autocorrelations (max_lag + 1,) at lags 0, 1, …: how alike are values that far apart?"""
    x = _check_series(series, max_lag)
    x = x - x.mean()
    power = float(x @ x)
    if power == 0:
        raise ValueError("a constant series has no autocorrelation")
    return np.array([x[: len(x) - k] @ x[k:] / power for k in range(max_lag + 1)])


def yule_walker(series: Sequence[float], order: int) -> AutoRegression:
    """Choose the coefficients whose process has the sample's autocorrelations r up to lag p: R phi = r.

    R holds r_{|i-j|}; sigma² = variance (1 - r·phi). The result is always stationary.
    """
    x = _check_series(series, order)
    r = autocorrelation(x, order)
    lags = np.abs(np.subtract.outer(np.arange(order), np.arange(order)))
    phi = np.linalg.solve(r[lags], r[1:]) if order else np.zeros(0)
    sigma = math.sqrt(float(x.var()) * (1 - float(r[1:] @ phi)))
    return AutoRegression(float(x.mean() * (1 - phi.sum())), tuple(phi.tolist()), sigma)


def nats_per_step(model: AutoRegression, series: Sequence[float]) -> float:
    """Mean of -log density of each value given its past, from the (p+1)-th value on.

    A density is not a probability: this can be negative, and multiplying the series by c adds log c to it.
    """
    x = _check_series(series, model.order)
    means = _lagged(x, model.order) @ [model.intercept, *model.coefficients]
    z = (x[model.order :] - means) / model.sigma
    return float(np.mean(0.5 * z**2) + 0.5 * math.log(2 * math.pi * model.sigma**2))


def impulse_response(ar: Sequence[float], ma: Sequence[float], steps: int) -> np.ndarray:
    """What a shock of size 1 adds to the value now and at each of the next steps - 1. Returns (steps,).

    psi_0 = 1, psi_j = theta_j + sum_k phi_k psi_{j-k}.
    """
    psi = np.zeros(steps)
    for j in range(steps):
        psi[j] = 1.0 if j == 0 else (ma[j - 1] if j <= len(ma) else 0.0)
        psi[j] += sum(phi * psi[j - k] for k, phi in enumerate(ar, 1) if k <= j)
    return psi


def forecast(model: AutoRegression, past: Sequence[float], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (steps,) of each of the next values, given at least p past ones.

    The mean feeds itself back in; the variance after h steps is sigma² times the sum of the first h squared
    responses to a shock. The uncertainty of the coefficients themselves is left out.
    """
    known = _past(model, past)
    for _ in range(steps):
        known.append(model.intercept + sum(phi * known[-k] for k, phi in enumerate(model.coefficients, 1)))
    psi = impulse_response(model.coefficients, (), steps)
    return np.array(known[len(known) - steps :]), model.sigma * np.sqrt(np.cumsum(psi**2))


def simulate(
    model: AutoRegression,
    n: int,
    rng: np.random.Generator,
    past: Sequence[float] | None = None,
    ma: Sequence[float] = (),
) -> np.ndarray:
    """Generate n values (n,), each from the ones before it: sample, feed back, repeat.

    Args:
        model: the AR part and the size of the shocks.
        n: how many values.
        rng: the source of shocks.
        past: values to continue from; without them the run starts at the mean and drops its first 200 values.
        ma: theta_1 … theta_q, for an ARMA(p, q); the shocks before the start count as 0.
    """
    warm_up = 200 if past is None else 0
    known = [model.mean] * max(1, model.order) if past is None else _past(model, past)
    start = len(known) + warm_up
    shocks = rng.normal(0.0, model.sigma, n + warm_up)
    for t, shock in enumerate(shocks):
        value = model.intercept + shock
        value += sum(phi * known[-k] for k, phi in enumerate(model.coefficients, 1))
        value += sum(theta * shocks[t - k] for k, theta in enumerate(ma, 1) if k <= t)
        known.append(float(value))
    return np.array(known[start:])


def _past(model: AutoRegression, past: Sequence[float]) -> list[float]:
    """The past as a list; ValueError if it is shorter than p."""
    if len(past) < model.order:
        raise ValueError(f"an AR({model.order}) needs {model.order} past values to continue, got {len(past)}")
    return [float(value) for value in past]


class NumberModel(LanguageModel):
    """A fitted AR read as a language model: a token is a bin of numbers, with the area under the bell.

    The first and the last bin take the tails, so that the probabilities sum to one. Before p values are
    known, the long-run mean stands in for the missing ones; only there does the series need to have one.
    Areas are exact to float precision up to some 37 standard deviations from the mean, and 0 beyond.

    Args:
        ar: the fitted series model.
        vocab: one token per bin, in rising order.
        values: the number (V,) that stands for each token when it is part of the past.
        edges: the V - 1 borders between neighbouring bins, rising.
    """

    def __init__(
        self, ar: AutoRegression, vocab: Vocabulary, values: Sequence[float], edges: Sequence[float]
    ):
        if len(values) != len(vocab) or len(edges) != len(vocab) - 1:
            raise ValueError(
                f"{len(vocab)} tokens need as many values, one edge less; got {len(values)} and {len(edges)}"
            )
        if np.any(np.diff(edges) <= 0):
            raise ValueError("edges must rise from bin to bin")
        self.ar = ar
        self.vocab = vocab
        self.values = np.asarray(values, dtype=float)
        self.edges = np.asarray(edges, dtype=float)
        self._erfc = np.vectorize(math.erfc, otypes=[float])

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """Log of the bell curve's area over each bin, (B, V); only the last p tokens of a context count.

        Raises ValueError if a context is shorter than p and the series has no long-run mean.
        """
        p, weights = self.ar.order, np.array(self.ar.coefficients)
        past = np.zeros((len(contexts), p))  # the latest value first
        for row, context in zip(past, contexts):
            recent = self.values[list(context[max(0, len(context) - p) :])][::-1]
            row[: len(recent)] = recent
            if len(recent) < p:
                row[len(recent) :] = self.ar.mean
        means = self.ar.intercept + past @ weights  # (B,)
        z = (self.edges[None, :] - means[:, None]) / (self.ar.sigma * math.sqrt(2))  # (B, V-1)
        z = np.pad(z, ((0, 0), (1, 1)), constant_values=((0, 0), (-np.inf, np.inf)))  # (B, V+1)
        tail = 0.5 * self._erfc(np.abs(z))  # the area beyond z, on the side away from the mean
        below, above = np.where(z < 0, tail, 1 - tail), np.where(z < 0, 1 - tail, tail)
        # Far above the mean all areas below are 1 to float precision: there, subtract the areas above.
        area = np.where(z[:, :-1] > 0, above[:, :-1] - above[:, 1:], below[:, 1:] - below[:, :-1])
        return log(area)
