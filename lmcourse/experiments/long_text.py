"""Needles in haystacks of up to eight times the trained length, looked for in many ways.

A decoder of two blocks (RoPE, one head, 64 numbers) learns from texts of `LENGTH` tokens: at first to copy,
from random words said again and again, then haystacks with questions, a quarter of them about mice of whom
nothing is told. Its weights are kept as whole numbers of eight bits, and those are measured; where they are
kept, nothing is learned anew. The recipe is the first that learned, of several tried: what decided was
copying and needles at the trained length, though longer ones were looked at too.

All ways are asked on the same `TEXTS` haystacks of each length, and on as many that do not tell the answer.
*bits* are of the text without its question, and with "?" ruled out (*asking*: not ruled out): questions began
about the 48th place of what was learned from, and a network that waits for one there is surprised by the text
for another reason than its length. *after*: three tenths of `TUNED` more steps, and all, on texts of
`LONGER` tokens, a quarter as many of them in a batch, with the places as they are, or interpolated, or with
NTK's base; and on texts as long as before.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.experiments.frame import RESULTS
from lmcourse.inference.finding import (
    LENGTH,
    NEEDLE,
    OTHERS,
    ROOM,
    WAYS,
    WHOLE,
    Way,
    answers,
    hidden,
)
from lmcourse.inference.needles import NAMES, PLACES, UNKNOWN, Haystack, haystack, ids_of, vocabulary
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer
from lmcourse.transformer.quantise import load_quantised, save_quantised

LONGER = 192  # tokens of a text that is tuned on
LENGTHS = (48, 96, 192, 384)
HONEST = ("whole", "window", "end", "overlapping chunks", "carried")  # asked what is not told too
ROWS, TEXTS = 32, 200
COPIES, STEPS, TUNED = 300, 400, 100
RATE = 3e-3
SEEDS = range(6)
LEARNED = {"copies": COPIES, "steps": STEPS}
AGAIN = {"seed": 0, **LEARNED, "tuned": 10, "texts": 12}  # a quick one, measured by every test
SETTINGS = [AGAIN, *({"seed": seed, **LEARNED, "tuned": TUNED, "texts": TEXTS} for seed in SEEDS)]


# ---------- learning ----------


def network(rng: np.random.Generator) -> Transformer:
    """Before it has learned anything."""
    return Transformer(
        Config(len(vocabulary()), 64, 1, 2, LENGTH, d_ff=16, position="rope", tied=False)
    ).draw(rng)


def path(seed: int) -> Path:
    """Where a network's weights are kept."""
    return RESULTS / f"long_text_{seed}.safetensors"


def load_network(seed: int) -> Transformer:
    """A network as it was measured."""
    module = network(np.random.default_rng(0))
    load_quantised(module, path(seed))
    return module.eval()


def copies(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random names and places, again and again, (B, T + 1), and what was said before."""
    words = np.array([ids_of()[word] for word in NAMES + PLACES])
    rows = np.zeros((ROWS, LENGTH + 1), dtype=np.int64)
    again = np.zeros(rows.shape, dtype=bool)
    for row, seen in zip(rows, again):
        period = int(rng.integers(12, 25))
        row[:], seen[period + 1 :] = np.resize(rng.choice(words, period), LENGTH + 1), True
    return rows, again


def asked(rng: np.random.Generator, length: int = LENGTH) -> tuple[np.ndarray, np.ndarray]:
    """Haystacks with up to nine questions and answers, (B, T + 1), and which tokens are answers."""
    rows = np.zeros((ROWS * LENGTH // length, length + 1), dtype=np.int64)
    answers = np.zeros(rows.shape, dtype=bool)
    for row, wanted in zip(rows, answers):
        n = int(rng.integers(1, 10))
        found = haystack(
            length + 1 - 3 * n, rng, share=rng.choice([0.15, 0.5, 0.9]) if length == LENGTH else 0.15
        )
        told, text = {name: place for name, place, _ in found.facts}, list(found.text)
        for _ in range(n):
            name = rng.choice(list(told)) if rng.random() < 0.75 else ids_of()[rng.choice(NAMES)]
            text += [ids_of()["?"], int(name), told.get(int(name), ids_of()[UNKNOWN])]
        row[:], wanted[-3 * n + 2 :: 3] = text, True
    return rows, answers


def loss(module: Transformer, rows: np.ndarray, wanted: np.ndarray, places: torch.Tensor | None, text: float):
    """Mean surprise at what is wanted, and so much of that at all tokens."""
    tokens = torch.from_numpy(rows)
    logits = module(tokens[:, :-1], None, places)
    each = cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    return each[torch.from_numpy(wanted[:, 1:]).flatten()].mean() + text * each.mean()


def learn(seed: int, n_copies: int, steps: int, rng: np.random.Generator) -> Transformer:
    """Train a network on texts of `LENGTH` tokens: so many steps of copies, and of haystacks."""
    module = network(rng)

    def copying(step: int) -> torch.Tensor:
        return loss(module, *copies(np.random.default_rng([seed, 0, step])), None, 0.0)

    def asking(step: int) -> torch.Tensor:
        return loss(module, *asked(np.random.default_rng([seed, 1, step])), None, 1.0)

    first = Recipe(n_copies, RATE, warmup=20, decay=False, judge_every=n_copies)
    train(module, copying, first, progress=False)
    train(module, asking, Recipe(steps, RATE, warmup=20, judge_every=steps), progress=False)
    return module


def tune(module: Transformer, seed: int, steps: int, way: Way, length: int = LONGER) -> Transformer:
    """Train a copy on, on texts of so many tokens, with the places and the base of a way."""
    module = way.with_base(copy.deepcopy(module), LONGER / LENGTH)
    places = way.positions(length, LONGER / LENGTH)

    def step_loss(step: int) -> torch.Tensor:
        return loss(module, *asked(np.random.default_rng([seed, 7, step]), length), places, 1.0)

    train(module, step_loss, Recipe(steps, RATE / 5, warmup=10, judge_every=steps), progress=False)
    return module


# ---------- what is measured ----------


@cache
def haystacks(length: int, n: int, told: bool = True) -> list[Haystack]:
    """What all are asked on; the question counts."""
    rng = np.random.default_rng([11, length, told])
    return [haystack(length - 2, rng, told=told) for _ in range(n)]


def judged(found: np.ndarray, texts: list[Haystack]) -> dict[str, float]:
    """How often what is said is right, "unknown", or a wrong place; and the right answer's mean probability.

    What is left is some other word.
    """
    right, said = np.array([one.answer for one in texts]), found.argmax(axis=1)
    a_place = np.isin(said, [ids_of()[place] for place in PLACES])
    return {
        "right": round(float((said == right).mean()), 3),
        "unknown": round(float((said == ids_of()[UNKNOWN]).mean()), 3),
        "wrong place": round(float((a_place & (said != right)).mean()), 3),
        "probability": round(float(np.exp(found[np.arange(len(right)), right]).mean()), 3),
    }


def by_place(found: np.ndarray, texts: list[Haystack]) -> list[float | None]:
    """Share of right answers by where the needle begins, in eighths of the text."""
    right = found.argmax(axis=1) == [one.answer for one in texts]
    eighth = np.array([8 * one.begin // len(one.text) for one in texts])
    return [round(float(right[eighth == i].mean()), 3) if (eighth == i).any() else None for i in range(8)]


def bits(module: Transformer, way: Way, n: int, asking: bool = False) -> list[float]:
    """Surprise at a token of the longest texts, in bits, by place, in means of `LENGTH` places.

    The texts are without their questions, and "?", which does not occur in them, is ruled out unless
    `asking`.
    """
    tokens = torch.tensor([one.text for one in haystacks(LENGTHS[-1], n)])
    with torch.no_grad():
        logits = module.logits(hidden(module, tokens, way)[:, :-1])
        if not asking:
            logits[..., ids_of()["?"]] = -torch.inf
        each = cross_entropy(logits.transpose(1, 2), tokens[:, 1:], reduction="none").mean(dim=0)
    return [round(float(part.mean()) / np.log(2), 3) for part in each.split(LENGTH)]


def on_the_edge(module: Transformer, n: int) -> dict[str, list[float]]:
    """Share of right answers when 0, 1, 2 or 3 of the needle's tokens stand in the first of two chunks."""
    found: dict[str, list[float]] = {"chunks": [], "overlapping chunks": []}
    rng = np.random.default_rng(17)
    for before in range(NEEDLE + 1):
        texts: list[Haystack] = []
        while len(texts) < n:
            one = haystack(2 * ROOM, rng, depth=0.5)
            texts += [one] if one.begin == ROOM - 1 - before else []
        for how, shares in found.items():
            shares.append(judged(OTHERS[how](module, texts), texts)["right"])
    return found


def in_all_ways(module: Transformer, n: int) -> dict:
    """All ways at all lengths: of so many texts that tell, and that do not, what is said; and by depth."""
    found: dict = {"ways": {}, "places": {}, "untold": {}}
    for length in LENGTHS:
        for part, told, ways in (("ways", True, (*WAYS, *OTHERS)), ("untold", False, HONEST)):
            texts = haystacks(length, n, told)
            rows = [one.ids for one in texts]
            said = {
                how: OTHERS[how](module, texts) if how in OTHERS else answers(module, rows, WAYS[how])
                for how in ways
            }
            found[part][length] = {how: judged(logs, texts) for how, logs in said.items()}
            if told:
                found["places"][length] = {how: by_place(said[how], texts) for how in (*WAYS, "end")}
    return found


def after(module: Transformer, setting: Mapping) -> dict:
    """What is said after so many further steps, of each kind, by length; and of the longest untold ones."""
    found: dict = {}
    kinds = {kind: (WAYS[kind], LONGER) for kind in ("whole", "interpolated", "ntk")}
    kinds["as before"] = WHOLE, LENGTH
    for steps in (3 * setting["tuned"] // 10, setting["tuned"]):
        for kind, (way, longer) in kinds.items():
            tuned = tune(module, setting["seed"], steps, way, longer)
            way = way._replace(base=None)  # which the tuned network has already
            row = found.setdefault(str(steps), {}).setdefault(kind, {})
            for name, length in ((LONGER, LONGER), (LENGTHS[-1], LENGTHS[-1]), ("untold", LENGTHS[-1])):
                texts = haystacks(length, setting["texts"], name != "untold")
                logs = answers(tuned, [one.ids for one in texts], way, LONGER / LENGTH)
                row[name] = judged(logs, texts)
    return found


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """All ways at all lengths; at the edge of a chunk; bits by place; and after further steps."""
    seed, n = setting["seed"], setting["texts"]
    if not path(seed).exists():
        save_quantised(learn(seed, setting["copies"], setting["steps"], rng), path(seed))
    module = load_network(seed)
    return {
        **in_all_ways(module, n),
        "edge": on_the_edge(module, n // 4),
        "bits": {how: bits(module, way, n // 4) for how, way in WAYS.items()},
        "bits, asking": {how: bits(module, WAYS[how], n // 4, asking=True) for how in ("whole", "window")},
        "after": after(module, setting),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("long_text", SETTINGS, measure)
