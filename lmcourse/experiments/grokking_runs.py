"""Grokking, again and again: when modular addition is known by heart, and when the rule of it is.

p = 53, the network and recipe of `lmcourse.emergence.grokking`. What varies: the weight decay, the share of
all sums that is learned from, and whether the decay changes after 800 steps (the optimiser begins anew there,
also in the runs in which it does not change). 2,000 steps, a look every 20. Two seeds of
the runs that matter most, one of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from lmcourse.emergence.grokking import (
    RECIPE,
    Adder,
    Look,
    first_step,
    frequency_power,
    learn,
    rule_share,
    split,
    table,
)
from lmcourse.experiments import run

TURN = 800  # steps after which the decay changes, where it does
_KEYS = ("decay", "share", "then", "steps", "seed")
AGAIN = [  # quick ones, measured anew by every test
    dict(zip(_KEYS, (1.0, 0.4, None, 100, 0))),
    {**dict(zip(_KEYS, (1.0, 0.4, 0.0, 100, 0))), "turn": 40},
]
VARIED = [  # the first five with two seeds
    (1.0, 0.4, None),
    (0.0, 0.4, None),
    (1.0, 0.2, None),
    (1.0, 0.4, 0.0),
    (1.0, 0.4, 1.0),
    (0.3, 0.4, None),
    (2.0, 0.4, None),
    (1.0, 0.3, None),
    (1.0, 0.6, None),
]
SETTINGS = [
    *AGAIN,
    *(dict(zip(_KEYS, (*how, 2000, 0))) for how in VARIED),
    *(dict(zip(_KEYS, (*how, 2000, 1))) for how in VARIED[:5]),
]


def looks_of(setting: Mapping) -> list[Look]:
    """Everything that was seen in one run."""
    rng = np.random.default_rng(setting["seed"])
    seen, unseen = split(table(), setting["share"], rng)
    network = Adder().draw(rng)
    recipe = replace(RECIPE, steps=setting["steps"], weight_decay=setting["decay"])
    if setting["then"] is None:
        return learn(network, seen, unseen, recipe)
    turn = setting.get("turn", TURN)
    looks = learn(network, seen, unseen, replace(recipe, steps=turn))
    rest = replace(recipe, steps=setting["steps"] - turn, weight_decay=setting["then"])
    later = learn(network, seen, unseen, rest)[1:]
    return looks + [replace(look, step=look.step + turn) for look in later]


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """When, and what the network is like in the end."""
    looks, network = looks_of(setting), Adder()
    last = looks[-1]
    network.load_state_dict(last.weights)
    with torch.no_grad():
        logits = network(table().pairs).reshape(network.p, network.p, network.p)
    power = np.sort(frequency_power(last.vectors))[::-1]
    return {
        "by_heart": first_step(looks, "seen", 0.99),
        "half": first_step(looks, "unseen", 0.5),
        "rule": first_step(looks, "unseen", 0.99),
        "best_unseen": round(max(look.unseen.accuracy for look in looks), 4),
        "last_seen": round(last.seen.accuracy, 4),
        "last_unseen": round(last.unseen.accuracy, 4),
        "norm": round(float(sum((w**2).sum() for w in last.weights.values())) ** 0.5, 2),
        "top_five": round(float(power[:5].sum()), 3),
        "rule_share": round(rule_share(logits), 4),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("grokking_runs", SETTINGS, measure)
