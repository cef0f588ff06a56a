"""The same network learns to add: at once, backwards, with the steps written, with others in their place.

Numbers of one to five digits, each length equally often, zeros in front. One block or two, width 32, four
heads, learned positions. Each form gets the same number of tokens to learn from, so that the shorter texts
come to more sums; steps and dots have the same sums in the same order, and dots are also taught as many sums
as the answer at once. Two more forms, with one block, teach the same signs as the steps in another order:
behind the answer, where it cannot read them, and in front of it, but from the leftmost column on. The loss
counts all that is said after the question, with dots the answer alone. The tests' sums are the same for all
forms.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.emergence.addition import (
    PER_COLUMN,
    SIGNS,
    Sums,
    Texts,
    continued,
    draw_sums,
    longest_carry,
    right,
    surprise,
    written,
)
from lmcourse.experiments import run
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

DIGITS, BATCH = 5, 64
STEPS = 500  # of the longest texts
ASKED = 200  # test sums of each length
LONGEST = (2 + PER_COLUMN) * DIGITS + 3 + DIGITS + 1  # tokens of a text with steps
_KEYS = ("form", "blocks", "steps", "seed")
WITHIN = 0.02  # how near it must come: a network that has hardly learned wavers between digits
FORMS = ("steps", "once", "dots", "backwards")
REORDERED = ("after", "leftmost")
AGAIN = [
    dict(zip(_KEYS, (form, 1, 3, 0))) for form in (*FORMS, *REORDERED)
]  # quick ones, measured anew by every test
MORE = 806  # steps with dots after which they have had as many sums as the answer at once
SEEDS = 3
SETTINGS = [
    *AGAIN,
    *(dict(zip(_KEYS, (form, n, STEPS, seed))) for seed in range(SEEDS) for n in (1, 2) for form in FORMS),
    *(dict(zip(_KEYS, ("dots", 1, MORE, seed))) for seed in range(SEEDS)),
    *(dict(zip(_KEYS, (form, 1, STEPS, seed))) for seed in range(SEEDS) for form in REORDERED),
]


def build(blocks: int, seed: int) -> Transformer:
    """A network before training."""
    return Transformer(Config(len(SIGNS), 32, 4, blocks, LONGEST)).draw(np.random.default_rng(seed))


def lesson(form: str, seed: int, step: int) -> Texts:
    """The batch of a step."""
    rng = np.random.default_rng([seed, step])
    return written(draw_sums(rng.integers(1, DIGITS + 1, size=BATCH), DIGITS, rng), form)


def steps_of(form: str, steps: int) -> int:
    """Steps with as many tokens as `steps` of the longest texts."""
    return round(steps * LONGEST / lesson(form, 0, 0).token_ids.shape[1])


def teach(network: Transformer, form: str, seed: int, steps: int, judge=None) -> None:
    """Train on fresh sums, with as many tokens for each form."""

    def loss(step: int) -> torch.Tensor:
        return surprise(network, lesson(form, seed, step), answer_only=form == "dots")

    recipe = Recipe(steps_of(form, steps), 1e-2, warmup=50, judge_every=100)
    train(network, loss, recipe, judge, progress=False)


def asked_sums(n_digits: int) -> Sums:
    """Those of one length, the same for all."""
    return draw_sums(np.full(ASKED, n_digits), DIGITS, np.random.default_rng([7, n_digits]))


def answered(network: Transformer, texts: Texts, form: str) -> np.ndarray:
    """The texts with what the network says; dots are given."""
    return continued(network, texts.token_ids, texts.answer.start if form == "dots" else texts.n_given)


def follows(network: Transformer, n_digits: int) -> dict[str, float]:
    """Into steps that are right a wrong digit is put; how often does the answer have it, or the right one?"""
    texts, rng = written(asked_sums(n_digits), "steps"), np.random.default_rng(8)
    ids, rows = texts.token_ids.copy(), np.arange(ASKED)
    columns = rng.integers(n_digits, size=ASKED)
    places = texts.n_given + PER_COLUMN * columns
    ids[rows, places] = (ids[rows, places] + rng.integers(1, 10, size=ASKED)) % 10
    wrong = ids[rows, places]
    found = continued(network, ids, texts.answer.start)[rows, -1 - columns]
    true = texts.token_ids[rows, -1 - columns]
    return {
        "written": round(float((found == wrong).mean()), 4),
        "true": round(float((found == true).mean()), 4),
    }


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """Which answers are right, by length; as a text of 0 and 1, sum by sum, so that forms can be paired."""
    form, network = setting["form"], build(setting["blocks"], setting["seed"])
    teach(network, form, setting["seed"], setting["steps"])
    found: dict = {
        "parameters": sum(p.numel() for p in network.parameters()),
        "sums": BATCH * steps_of(form, setting["steps"]),
        "right": [],
        "digits": [],
        "carries": [],
    }
    for n in range(1, DIGITS + 1):
        sums = asked_sums(n)
        texts = written(sums, form)
        whole, digits = right(answered(network, texts, form), texts)
        found["right"].append("".join(map(str, whole.astype(int))))
        found["digits"].append(round(float(digits.mean()), 4))
        found["carries"].append("".join(map(str, longest_carry(sums))))
    if form == "steps":
        found["follows"] = follows(network, DIGITS)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("written_steps", SETTINGS, measure)
