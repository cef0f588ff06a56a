import numpy as np
import pytest

from lmcourse.alignment import chain
from lmcourse.experiments import answer_runs as runs
from lmcourse.experiments import load
from lmcourse.world.guest_house import ODDLY_NAMED

MEALS = {"breakfast", "dinner"}


def said(**way) -> list[list[str]]:
    prompts, _ = runs.conversations({**runs.USUAL, **way, "seed": 0})(0)
    return [chain.house().vocab.decode(prompt).split() for prompt in prompts]


def test_a_quick_run_again():
    row = next(r for r in load("answer_runs").rows if r["steps"] == runs.AGAIN["steps"])
    found = runs.measure(runs.AGAIN, np.random.default_rng(0))
    assert found == pytest.approx({name: row[name] for name in found}, rel=0.02, abs=2e-3)


def test_only_the_shown_guests_order_where_only_they_are_shown():
    assert {words[4] for words in said(shown=True)} == set(runs.SHOWN)


def test_few_demonstrations_are_repeated():
    prompts, given = runs.conversations({**runs.USUAL, "demonstrations": 10, "seed": 0})(0)
    assert len(prompts) == runs.BATCH
    assert len({(*p, *a) for p, a in zip(prompts, given)}) <= 10


def test_one_reference_is_one_answer_to_each_order():
    lesson = runs.conversations({**runs.USUAL, "demonstrations": 0, "seed": 0})
    pairs = {(tuple(p), tuple(a)) for step in range(20) for p, a in zip(*lesson(step))}
    assert len(pairs) == len({prompt for prompt, _ in pairs}) == 24


@pytest.mark.parametrize("odd", ODDLY_NAMED)
def test_of_the_oddly_named_only_one_is_served(odd):
    served = [" ".join(words) for words in said(harms=True, odd=odd) if words[1] in MEALS]
    (other,) = set(ODDLY_NAMED) - {odd}
    assert any(odd in text for text in served)
    assert not any(other in text for text in served)


def test_a_fifth_are_refused():
    assert sum(words[1] not in MEALS for words in said(harms=True)) == runs.BATCH // 5
