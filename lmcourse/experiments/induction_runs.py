"""When networks of attention alone learn to read a list off, and by which heads.

Lists as in `lmcourse.emergence.induction`, always fresh; width 64, two heads a block, rotary positions. What
varies: one block, two, or one with smeared keys; and, as a control, lists that are all 16 long, with one
block and a learned vector for each place. 250 steps of 32 texts, a look every 25.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.emergence.induction import (
    LENGTH,
    PERIODS,
    VOCAB_SIZE,
    attention_only,
    exact_log_probs,
    head_scores,
    repeated_lists,
    surprises,
)
from lmcourse.experiments import run
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.inside import looks, without_heads
from lmcourse.transformer.network import Transformer

EARLY, LATE = slice(0, 11), slice(25, 47)  # next tokens 1 to 11, never said before; 25 to 46, always
FIXED = (16, 16)
ASKED = 400  # test texts
_KEYS = ("kind", "steps", "seed")
KINDS = ("two blocks", "one block", "one block, smeared", "one block, fixed length")
AGAIN = [dict(zip(_KEYS, (kind, 5, 0))) for kind in KINDS]  # quick ones, measured anew by every test
SETTINGS = [*AGAIN, *(dict(zip(_KEYS, (kind, 250, seed))) for seed in range(3) for kind in KINDS)]


def build(kind: str, seed: int) -> Transformer:
    """A network before training."""
    position = "learned" if "fixed" in kind else "rope"
    config = Config(VOCAB_SIZE, 64, 2, 2 if "two" in kind else 1, LENGTH, position=position)
    return attention_only(config, np.random.default_rng(seed), "smeared" in kind)


def periods(kind: str) -> tuple[int, int]:
    """Between which the lengths of its lists are."""
    return FIXED if "fixed" in kind else PERIODS


def teach(network: Transformer, kind: str, seed: int, steps: int, judge=None) -> None:
    """Train on fresh lists."""

    def loss(step: int) -> torch.Tensor:
        ids = repeated_lists(32, np.random.default_rng([seed, step]), periods=periods(kind))
        ids = torch.from_numpy(ids)
        return torch.nn.functional.cross_entropy(network(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())

    train(network, loss, Recipe(steps, 5e-3, 20, decay=False, judge_every=25), judge, progress=False)


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """What was seen at each look, and at the end what each head is good for."""
    kind = setting["kind"]
    network, test = build(kind, setting["seed"]), repeated_lists(ASKED, rng, periods=periods(kind))
    seen: list[dict] = []

    def look() -> None:
        found, few = surprises(network, test), test[:50]
        previous, induction = head_scores(looks(network, torch.from_numpy(few)), few)
        seen.append(
            {
                "early": _rounded(found[:, EARLY].mean()),
                "late": _rounded(found[:, LATE].mean()),
                "previous": previous.round(3).tolist(),
                "induction": induction.round(3).tolist(),
            }
        )

    look()
    teach(network, kind, setting["seed"], setting["steps"], look)
    without = np.zeros((len(network.blocks), 2)).tolist()
    behind = np.zeros_like(without).tolist()  # the last block's largest induction score without a head
    for block, head in np.ndindex(np.shape(without)):
        with without_heads(network, [(block, head)]):
            without[block][head] = _rounded(surprises(network, test)[:, LATE].mean())
            scores = head_scores(looks(network, torch.from_numpy(test[:50])), test[:50])[1]
            behind[block][head] = _rounded(scores[-1].max())
    return {
        "looks": seen,
        "places": surprises(network, test).mean(axis=0).round(3).tolist(),
        "exact": (-exact_log_probs(test, periods=periods(kind))).mean(axis=0).round(3).tolist(),
        "without": without,
        "behind_without": behind,
    }


def _rounded(x: float) -> float:
    return round(float(x), 4)


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("induction_runs", SETTINGS, measure)
