import json

import numpy as np
import pytest

from lmcourse.alignment import optimum as exact
from lmcourse.widgets import KLDial
from lmcourse.widgets.kl_dial import STEP

RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(2, 30)) * 2
REFERENCE = SCORES - np.logaddexp.reduce(SCORES, axis=1, keepdims=True)
REWARDS = RNG.integers(-4, 8, size=(2, 30)) / 4
ARGUMENTS = (["one ?", "two ?"], [f"answer {i}" for i in range(30)], REFERENCE, REWARDS)


def test_two_answers_by_hand():
    # a half each, rewards 0 and 1, β = 1: e / (1 + e); all of it is the best answer's
    widget = KLDial(["?"], ["a", "b"], np.log([[0.5, 0.5]]), [[0.0, 1.0]], dial=0)
    p = np.e / (1 + np.e)
    assert widget.measures["reward"] == pytest.approx(p)
    assert widget.measures["best"] == pytest.approx(p)
    assert widget.measures["kl"] == pytest.approx(np.log(2) + p * np.log(p) + (1 - p) * np.log(1 - p))
    widget.dial = 20  # β = 10
    assert widget.measures["probs"][1] == pytest.approx(1 / (1 + np.exp(-0.1)))


def test_rounding_costs_no_more_than_a_step():
    widget = KLDial(*ARGUMENTS, dial=-8, chosen=1)
    whole = exact.optimum(REFERENCE[1], REWARDS[1], 10**-0.4)
    assert np.abs(np.log(widget.measures["probs"]) - whole).max() < 2 * STEP
    tried = widget.prompts[1]["tried"]
    assert tried[0] == pytest.approx([1, 0, exact.expected(REFERENCE[1], REWARDS[1])], abs=2 * STEP)
    assert [n for n, _, _ in tried] == [1, 2, 4, 8, 16, 64]


SCRIPT = """
import { fromSteps, measures } from "./kl_dial.js";
import { unpackNumbers } from "./ui.js";
export async function run({ packed, rewards, dials }) {
  const bytes = new Uint8Array(packed);
  const reference = fromSteps(unpackNumbers(new DataView(bytes.buffer)));
  return dials.map((dial) => measures(reference, rewards, dial));
}
"""


@pytest.mark.parametrize("chosen", [0, 1])
def test_the_page_computes_what_python_computes(deno, chosen):
    dials = [-30, -8, 0, 13, 20]
    widget = KLDial(*ARGUMENTS, chosen=chosen)
    packed = list(widget.prompts[chosen]["steps"])
    for dial, found in zip(dials, deno(SCRIPT, packed=packed, rewards=REWARDS[chosen].tolist(), dials=dials)):
        widget.dial = dial
        for name, value in widget.measures.items():
            assert found[name] == pytest.approx(value, abs=1e-12), name


def test_state_and_rows():
    widget = KLDial(*ARGUMENTS)
    state = widget.get_state()
    assert (state["dial"], state["answers"][3]) == (20, "answer 3")
    json.dumps([prompt["rewards"] for prompt in state["prompts"]], allow_nan=False)
    widget.set_state({"dial": -20, "chosen": 1})
    assert widget.as_rows()[1][0] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dial": 21}, "dial=21 must be from -30 to 20"),
        ({"chosen": 2}, "chosen=2 must be from 0 to 1"),
        ({"rewards": REWARDS[:1]}, r"rewards \(1, 30\) must be \(2, 30\)"),
        ({"rewards": np.full((2, 30), np.nan)}, "must be finite"),
        ({"reference": REFERENCE + 9}, "above 0"),
    ],
)
def test_bad_arguments(change, message):
    names = ("prompts", "answers", "reference", "rewards")
    with pytest.raises(ValueError, match=message):
        KLDial(**{**dict(zip(names, ARGUMENTS)), **change})
