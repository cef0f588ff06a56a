"""Networks that read examples of a line and foretell the next point, held against the closed forms.

Three inputs, eight pairs a prompt, noise 0.5, so that ridge with the penalty 0.25 is the best there is. Width
32, two heads; three blocks, or one; 1,000 steps of 64 fresh problems, or of problems whose weights are one
of eight. Errors are squared distances to the truth without noise, by the number of pairs read.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.emergence.regression import (
    Problems,
    Regressor,
    among_tasks,
    draw_problems,
    foretold,
    least_squares,
    ridge,
)
from lmcourse.experiments import run
from lmcourse.neural.training import Recipe, train

D, N, NOISE = 3, 8, 0.5
STEPS = 1000
ASKED = 2_000  # test problems
_KEYS = ("blocks", "tasks", "steps", "seed")
AGAIN = dict(zip(_KEYS, (1, None, 5, 0)))  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(dict(zip(_KEYS, (3, None, STEPS, seed))) for seed in range(3)),
    *(dict(zip(_KEYS, (*how, STEPS, 0))) for how in ((3, 8), (1, None))),
]
AWAY = {  # from what was trained: arguments of `draw_problems`
    "as trained": {},
    "inputs twice as large": {"x_scale": 2.0},
    "weights twice as large": {"w_scale": 2.0},
    "noise twice as large": {"noise": 2 * NOISE},
    "twice as many pairs": {"n": 2 * N},
}


def tasks_of(setting: Mapping) -> np.ndarray | None:
    """The weights that its problems have, or None."""
    if setting["tasks"] is None:
        return None
    return np.random.default_rng([8, setting["seed"]]).standard_normal((setting["tasks"], D))


def build(blocks: int, seed: int) -> Regressor:
    """A network before training."""
    return Regressor(D, 32, 2, blocks).draw(np.random.default_rng(seed))


def teach(network: Regressor, seed: int, steps: int, tasks: np.ndarray | None = None, judge=None) -> None:
    """Train on fresh problems, of any weights or of one of `tasks`."""

    def loss(step: int) -> torch.Tensor:
        problems = draw_problems(64, N, D, NOISE, np.random.default_rng([seed, step]), tasks)
        y = torch.from_numpy(problems.y.astype(np.float32))
        return ((foretold(network, problems.x, problems.y) - y) ** 2).mean()

    train(network, loss, Recipe(steps, 5e-3, warmup=50, judge_every=50), judge, progress=False)


def draw_away(name: str, rng: np.random.Generator, count: int = ASKED) -> Problems:
    """Test problems, as trained or away from it."""
    return draw_problems(**{"count": count, "n": N, "d": D, "noise": NOISE, "rng": rng, **AWAY[name]})


def distances(said: np.ndarray, other: np.ndarray) -> list[float]:
    """Mean squared distance at each place, at most 99.

    With as many pairs as numbers in x that of least squares has no finite mean: a few problems decide.
    """
    return np.minimum(np.mean((said - other) ** 2, axis=0), 99).round(5).tolist()


def errors(said: np.ndarray, problems: Problems) -> list[float]:
    """Mean squared distance to the truth at each place."""
    return distances(said, problems.truth)


@torch.no_grad()
def asked(network: Regressor, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`foretold` as numbers."""
    return foretold(network, x, y).double().numpy()


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Errors of the network and of the closed forms, as trained and away from it."""
    network, tasks = build(setting["blocks"], setting["seed"]), tasks_of(setting)
    teach(network, setting["seed"], setting["steps"], tasks)
    found: dict = {"parameters": sum(p.numel() for p in network.parameters()), "away": {}}
    for name in AWAY:
        problems = draw_away(name, rng)
        x, y = problems.x, problems.y
        said, best, squares = asked(network, x, y), ridge(x, y, NOISE**2), least_squares(x, y)
        gap = ((said - problems.truth) ** 2 - (best - problems.truth) ** 2)[:, 1:].mean(axis=1)
        found["away"][name] = {
            "network": errors(said, problems),
            "ridge": errors(best, problems),
            "least squares": errors(squares, problems),
            "to ridge": distances(said, best),
            "to least squares": distances(said, squares),
            "excess": [round(float(v), 5) for v in (gap.mean(), gap.std() / len(gap) ** 0.5)],
        }
    problems = draw_away("as trained", rng)
    swapped = problems.y.copy()
    swapped[:, :-1] = np.roll(swapped[:, :-1], 1, axis=1)  # each x with the y of another
    found["swapped"] = errors(asked(network, problems.x, swapped), problems)
    if tasks is not None:
        known = draw_problems(ASKED, N, D, NOISE, rng, tasks)
        found["known"] = {
            "network": errors(asked(network, known.x, known.y), known),
            "ridge": errors(ridge(known.x, known.y, NOISE**2), known),
            "among tasks": errors(among_tasks(known.x, known.y, tasks, NOISE), known),
            "new, among tasks": errors(among_tasks(problems.x, problems.y, tasks, NOISE), problems),
        }
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("regression_runs", SETTINGS, measure)
