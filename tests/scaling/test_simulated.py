"""Runs that are a formula: the formula is that of the sweep, its best split the best, and its rules hold."""

import math
from collections import defaultdict

import numpy as np
import pytest

from lmcourse.experiments import load
from lmcourse.experiments.scaling_law import world as the_world
from lmcourse.scaling import simulated
from lmcourse.scaling.simulated import Simulated
from lmcourse.scaling.sweep import config, multiplied


@pytest.fixture(scope="module")
def rows():
    return [row for row in load("scaling_law").rows if row["kind"] != "again"]


def test_the_middle_is_what_fits_the_runs_of_the_sweep_best(rows):
    """No neighbour along any of the five numbers is nearer to the runs, and the plain sum is further off."""
    size = {r["d_model"]: multiplied(config(the_world().vocab_size, r["d_model"])) for r in rows}
    n, d, excess = np.array([(size[r["d_model"]], r["n_tokens"], r["excess"]) for r in rows], float).T
    _, alpha, beta, s = simulated.MIDDLE
    middle = np.array([math.log(simulated.AT_SIZE), math.log(simulated.AT_TOKENS), alpha, beta, s])

    def off(numbers):
        a, b, alpha, beta, s = numbers
        by_size = a - alpha * np.log(n / simulated.SIZE)
        by_text = b - beta * np.log(d / simulated.TOKENS)
        return np.sqrt(np.mean((np.logaddexp(s * by_size, s * by_text) / s - np.log(excess)) ** 2))

    world = Simulated(0)
    a, b = (
        middle[i] + x * math.log(y) for i, x, y in ((0, alpha, simulated.SIZE), (1, beta, simulated.TOKENS))
    )
    world._law = 1.0, a, b, alpha, beta, s
    gaps = [math.log(world.excess(*run) / y) for *run, y in zip(n, d, excess)]
    assert np.sqrt(np.mean(np.square(gaps))) == pytest.approx(off(middle))
    assert off(middle) < 0.046
    for step in np.diag([0.15, 0.06, 0.15, 0.04, 0.1]):
        assert min(off(middle + step), off(middle - step)) > off(middle)
    grid = np.array(
        np.meshgrid(np.linspace(-3.2, -2.2, 9), np.linspace(-2.5, -2, 9), np.linspace(0.8, 1.3, 9))
    )
    sums = [
        off([a, b, alpha, beta, 1]) for a, b, alpha in grid.reshape(3, -1).T for beta in (0.42, 0.45, 0.48)
    ]
    assert min(sums) > 1.3 * off(middle)


def test_chance_is_what_runs_differ_by_that_are_alike(rows):
    alike = defaultdict(list)
    for row in rows:
        alike[row["d_model"], row["n_tokens"]].append(row["excess"])
    shares = [np.std(ys, ddof=1) / np.mean(ys) for ys in alike.values() if len(ys) > 1]
    assert np.sqrt(np.mean(np.square(shares))) == pytest.approx(simulated.NOISE, abs=0.005)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_split_is_that_of_a_fine_grid(seed):
    world = Simulated(seed)
    n, d = world.best()
    assert 6 * n * d == pytest.approx(world.budget)
    sizes = n * np.geomspace(0.1, 10, 401)
    excesses = [world.excess(size, world.budget / 6 / size) for size in sizes]
    assert world.excess(n, d) == pytest.approx(min(excesses), rel=1e-6)


def test_with_s_of_one_it_is_the_law_of_loss():
    world = Simulated(0)
    world._law = 1.0, math.log(8), math.log(27), 0.5, 1 / 3, 1.0
    assert world.loss(16, 27) == pytest.approx(1 + 8 / 4 + 27 / 3)


def test_two_runs_alike_differ_by_chance_and_two_worlds_alike_do_not():
    one, other = Simulated(3), Simulated(3)
    losses = [[world.train(1000, 1e5) for _ in range(20)] for world in (one, other)]
    assert losses[0] == losses[1]
    assert len(set(losses[0])) == 20
    scatter = np.std(np.log(np.array(losses[0]) - one._law[0]), ddof=1)
    assert 0.6 * simulated.NOISE < scatter < 1.4 * simulated.NOISE
    assert one.spent == pytest.approx(20 * 6 * 1000 * 1e5)


def test_trial_runs_may_cost_a_tenth_and_there_are_thirty():
    world = Simulated(1)
    size = 10_000
    world.train(size, 0.09 * world.budget / 6 / size)
    with pytest.raises(ValueError, match="of the tenth of the budget that trial runs may cost"):
        world.train(size, 0.0115 * world.budget / 6 / size)
    assert len(world.runs) == 1
    world.train(size, 0.01 * world.budget / 6 / size)
    with pytest.raises(ValueError, match=r"0.00e\+00 are left"):
        world.train(100, 100)
    other = Simulated(1)
    for _ in range(30):
        other.train(100, 100)
    with pytest.raises(ValueError, match="30 trial runs have been made"):
        other.train(100, 100)


@pytest.mark.parametrize("value", [0, 99, math.inf, math.nan, "1000", None])
def test_what_cannot_be_trained_is_named(value):
    with pytest.raises(ValueError, match="n_tokens must be a number from 100 on, not"):
        Simulated(0).train(1000, value)
