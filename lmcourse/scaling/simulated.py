"""Runs that cost nothing: a law of loss that is drawn, with what networks do besides, to plan with.

The excess of a run of N parameters and D tokens is

    ((A / N^α)^s + (B / D^β)^s)^(1/s) · exp(noise),

which for s = 1 is the law of Hoffmann et al. (2022), section 3.3. The middle of each range is what was fitted
to the 171 runs of `lmcourse.experiments.scaling_law` (a test fits it again): there s is about 0.6, and who
takes it to be 1 predicts too little where both terms are alike, and too much where one is far above the
other. Left out: sizes that cannot be trained, settings that do not suit a size, and whatever comes far
outside the range of those runs.
"""

from __future__ import annotations

import math

import numpy as np

NOISE = 0.04  # relative, of one run's excess, as runs differ that are alike but for chance
MOST_RUNS = 30
SHARE = 0.1  # of the budget, for trial runs
MIDDLE = (1.2, 1.33, 0.43, 0.62)  # E, α, β and s
SIZE, TOKENS = 10_000, 300_000  # a run in the middle of those, and what each term leaves to it:
AT_SIZE, AT_TOKENS = 0.027, 0.1


class Simulated:
    """A world in which runs are a formula, and what its trial runs have cost.

    Attributes:
        budget: operations that the training may take.
        runs: (N, D, loss) of each trial run.
        spent: operations of all of them.

    Args:
        seed: of its law, of its budget and of its noise.
    """

    def __init__(self, seed: int):
        self._rng = rng = np.random.default_rng(seed)
        e, alpha, beta, s = (middle * math.exp(rng.uniform(-0.2, 0.2)) for middle in MIDDLE)
        a = math.log(AT_SIZE) + rng.uniform(-0.4, 0.4) + alpha * math.log(SIZE)
        b = math.log(AT_TOKENS) + rng.uniform(-0.2, 0.2) + beta * math.log(TOKENS)
        self._law = e, a, b, alpha, beta, s
        self.budget = float(f"{10 ** rng.uniform(12.5, 13.5):.2g}")
        self.runs: list[tuple[float, float, float]] = []

    @property
    def spent(self) -> float:
        """Operations of all trial runs."""
        return sum(6 * n_params * n_tokens for n_params, n_tokens, _ in self.runs)

    def train(self, n_params: float, n_tokens: float) -> float:
        """One trial run: its loss, in nats a token, chance included; twice the same run gives two losses.

        Raises ValueError for sizes or tokens below 100, for more than MOST_RUNS runs, and if all of them cost
        more than SHARE of the budget; then nothing is run.
        """
        n_params, n_tokens = _number(n_params, "n_params"), _number(n_tokens, "n_tokens")
        if len(self.runs) >= MOST_RUNS:
            raise ValueError(f"{MOST_RUNS} trial runs have been made; there are no more")
        cost, left = 6 * n_params * n_tokens, SHARE * self.budget - self.spent
        if cost > left * (1 + 1e-9):
            raise ValueError(
                f"a run of {n_params:,.0f} parameters and {n_tokens:,.0f} tokens costs {cost:.2e}; of the "
                f"tenth of the budget that trial runs may cost {max(left, 0):.2e} are left"
            )
        e, noise = self._law[0], NOISE * self._rng.standard_normal()
        loss = e + (self.loss(n_params, n_tokens) - e) * math.exp(noise)
        self.runs.append((n_params, n_tokens, loss))
        return loss

    def loss(self, n_params: float, n_tokens: float) -> float:
        """What a run's loss is without chance."""
        e, a, b, alpha, beta, s = self._law
        by_size, by_text = a - alpha * math.log(n_params), b - beta * math.log(n_tokens)
        return e + math.exp(np.logaddexp(s * by_size, s * by_text) / s)

    def excess(self, n_params: float, n_tokens: float) -> float:
        """What of it could still be learned."""
        return self.loss(n_params, n_tokens) - self._law[0]

    def best(self) -> tuple[float, float]:
        """The N and D that cost the budget and leave the least loss.

        There the slopes agree, α x^s = β z^s, where x and z are the two terms: both are powers of N.
        """
        _, a, b, alpha, beta, s = self._law
        log_c = math.log(self.budget / 6)
        log_n = (a - b + beta * log_c + math.log(alpha / beta) / s) / (alpha + beta)
        return math.exp(log_n), math.exp(log_c - log_n)


def _number(value: float, name: str) -> float:
    """The value, if it is a number that can be trained. Raises ValueError."""
    if not isinstance(value, (int, float, np.integer, np.floating)) or not 100 <= value < math.inf:
        raise ValueError(f"{name} must be a number from 100 on, not {value!r}")
    return float(value)
