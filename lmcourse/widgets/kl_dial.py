"""The dial of KL and reward: the best policy at each price of distance, and what it earns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets

from lmcourse.alignment import optimum as exact
from lmcourse.widgets.base import HERE, Widget, pack_numbers, script

STEP = 2**-6  # nats: log-probabilities travel in whole steps
LOWEST, HIGHEST = -30, 20  # twentieths of a power of ten: β from 0.03 to 10
TRIED = (1, 2, 4, 8, 16, 64)  # answers of best-of-n


class KLDial(Widget):
    """The optimum of E[r] - β KL for a prompt as β is turned: its most likely answers, and its place on the
    frontier of reward against distance, with best-of-n beside it.

    Args:
        prompts: texts.
        answers: texts, N, the same for all prompts.
        reference: log-probabilities (P, N); the page gets them in steps of 1/64 nat, renormalised.
        rewards: of each answer, (P, N).
        dial: twentieths of a power of ten: -8 is β = 10^(-0.4) = 0.4.
        chosen: the prompt, by its place.

    Raises:
        ValueError: for shapes that do not fit, numbers that are not finite, a setting out of range.

    >>> widget = KLDial(["?"], ["a", "b"], np.log([[0.5, 0.5]]), [[0.0, 1.0]], dial=0)
    >>> [round(p, 4) for p in widget.measures["probs"]]  # 1 : e
    [0.2689, 0.7311]
    """

    _esm = script("kl_dial.js")
    _css = HERE / "kl_dial.css"

    answers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    prompts = traitlets.List(traitlets.Dict()).tag(
        sync=True
    )  # `text`, packed `steps`, `rewards`, best-of-n `tried`
    dial = traitlets.Int(20).tag(sync=True)
    chosen = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        prompts: Sequence[str],
        answers: Sequence[str],
        reference: np.ndarray,
        rewards: np.ndarray,
        dial: int = 20,
        chosen: int = 0,
    ):
        reference, rewards = np.asarray(reference, dtype=float), np.asarray(rewards, dtype=float)
        shape = (len(prompts), len(answers))
        if reference.shape != shape or rewards.shape != shape or 0 in shape:
            raise ValueError(f"reference {reference.shape} and rewards {rewards.shape} must be {shape}")
        if not (np.isfinite(reference).all() and np.isfinite(rewards).all()):
            raise ValueError("log-probabilities and rewards must be finite")
        steps = np.rint(-reference / STEP).astype(int)
        if (steps < 0).any():
            raise ValueError("a log-probability is above 0")
        rows = -STEP * steps
        self._rows = rows - np.logaddexp.reduce(rows, axis=1, keepdims=True)
        self._rewards = rewards
        super().__init__(
            answers=list(answers),
            prompts=[
                {"text": text, "steps": pack_numbers(s), "rewards": r.tolist(), "tried": _tried(row, r)}
                for text, s, r, row in zip(prompts, steps.tolist(), rewards, self._rows)
            ],
            dial=dial,
            chosen=chosen,
        )

    @traitlets.validate("dial", "chosen")
    def _check_settings(self, proposal: dict) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = {"dial": (LOWEST, HIGHEST), "chosen": (0, len(self.prompts or [0]) - 1)}[name]
        if not low <= value <= high:
            raise ValueError(f"{name}={value} must be from {low} to {high}")
        return value

    @property
    def measures(self) -> dict:
        """At the present β: "probs" (N,), "reward", "kl", "answers" (e to the entropy), and "best", the
        probability of the answers with the most reward.
        """
        row, rewards = self._rows[self.chosen], self._rewards[self.chosen]
        policy = exact.optimum(row, rewards, 10 ** (self.dial / 20))
        return {
            "probs": np.exp(policy).tolist(),
            "reward": float(exact.expected(policy, rewards)),
            "kl": float(exact.kl(policy, row)),
            "answers": float(np.exp(exact.entropy(policy))),
            "best": float(np.exp(policy)[rewards == rewards.max()].sum()),
        }

    def as_rows(self) -> list[tuple]:
        """β, the distance and the reward of the optimum, and the probability of the best answers."""
        found = self.measures
        names = ("beta", "kl", "reward", "best")
        return [names, (10 ** (self.dial / 20), *(found[name] for name in names[1:]))]


def _tried(row: np.ndarray, rewards: np.ndarray) -> list[list[float]]:
    """n, distance and reward of best-of-n."""
    found = ((n, exact.best_of_n(row, rewards, n)) for n in TRIED)
    return [[n, float(exact.kl(p, row)), float(exact.expected(p, rewards))] for n, p in found]
