import json
import math

import numpy as np
import pytest

from lmcourse.scaling.laws import Law
from lmcourse.widgets import ScalingLaw

EVEN = Law(1.0, 1.0, 1.0, 0.5, 0.5)
STEEP = Law(0.5, 30.0, 40.0, 0.8, 0.4)
RUNS = [(1e5, 1e6, 1.1), (1e4, 1e7, 1.2), (1e5, 1e7, 1.0)]  # 6e11 twice, 6e12


def test_measures_by_hand():
    # 6 N D = 6e12 at N = D = 1e6: the loss 1 + 2 / 1000; twice the size, half the tokens: √2 + 1/√2 for 2
    widget = ScalingLaw({"even": EVEN}, RUNS, budget=120)
    size, tokens, loss = widget.measures["best"][0]
    assert (size, tokens) == (pytest.approx(math.sqrt(1e12 / 6)), pytest.approx(size))
    assert loss == pytest.approx(1 + 2 / math.sqrt(size))
    widget.quarters = 4
    mine, its_tokens, (its_loss,) = widget.measures["mine"]
    assert (mine, its_tokens) == (pytest.approx(2 * size), pytest.approx(tokens / 2))
    assert its_loss - 1 == pytest.approx((loss - 1) * (math.sqrt(2) + math.sqrt(0.5)) / 2)


def test_runs_near_the_budget():
    widget = ScalingLaw({"even": EVEN}, RUNS, budget=118)  # 6.3e11
    assert widget.measures["near"] == [list(RUNS[0]), list(RUNS[1])]
    widget.budget = 128
    assert widget.measures["near"] == [list(RUNS[2])]
    widget.budget = 150
    assert widget.measures["near"] == []


def test_the_best_is_better_than_its_neighbours():
    widget = ScalingLaw({"even": EVEN, "steep": STEEP}, chosen=1)
    losses = []
    for quarters in range(-24, 25):
        widget.quarters = quarters
        losses.append(widget.measures["mine"][2][1])
    assert np.argmin(losses) == 24
    assert losses[24] == pytest.approx(widget.measures["best"][1][2])


def test_state_is_json_and_the_page_can_set_it():
    widget = ScalingLaw({"even": EVEN, "steep": STEEP}, RUNS)
    state = json.loads(json.dumps(widget.get_state(), allow_nan=False))
    assert (state["budget"], state["names"], state["laws"][0]) == (110, ["even", "steep"], list(EVEN))
    widget.set_state({"budget": 120, "chosen": 1})
    assert widget.as_rows()[2][0] == "steep"
    assert widget.as_rows()[1][1] == pytest.approx(math.sqrt(1e12 / 6))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({},), "there is no law"),
        (({"a": Law(1, 0, 1, 1, 1)},), "a: factors and exponents must be above 0"),
        (({"a": Law(math.nan, 1, 1, 1, 1)},), "a: factors and exponents must be above 0"),
        (({"a": EVEN}, [(1, 2, math.inf)]), "each run is"),
        (({"a": EVEN}, [(0, 2, 1)]), "each run is"),
        (({"a": EVEN}, (), 59), "budget=59 must be from 60 to 270"),
        (({"a": EVEN}, (), 110, 25), "quarters=25 must be from -24 to 24"),
        (({"a": EVEN}, (), 110, 0, 1), "chosen=1 must be from 0 to 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ScalingLaw(*arguments)
