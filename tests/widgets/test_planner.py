import json
import math

import pytest

from lmcourse.parallel.plan import Plan, block_parameters, load, step_seconds
from lmcourse.transformer.config import Config
from lmcourse.widgets import ParallelPlanner

SMALL = Config(vocab_size=10, d_model=8, n_heads=2, n_layers=4, context_length=16)
THREE = Config(vocab_size=10, d_model=12, n_heads=3, n_layers=3, context_length=16)
SHAPES = {"small": SMALL, "three": THREE}
PLAN = Plan(data=2, tensor=2, stages=4, batches=3, shard=1)


def test_measures_are_those_of_the_plan():
    widget = ParallelPlanner(SHAPES, "small", n_tokens=16, card=1e6, speed=1e9, plan=PLAN)
    found, expected = widget.measures, load(SMALL, PLAN, 16)
    assert {name: found[name] for name in expected._fields} == expected._asdict()
    assert found["memory"] == expected.memory
    assert found["devices"] == 16
    assert found["idle"] == 3 / 6
    assert found["seconds"] == step_seconds(SMALL, PLAN, 16, 1e9)
    widget.batches = 9
    assert widget.measures["idle"] == 3 / 12


def test_what_the_page_has_to_know():
    widget = ParallelPlanner(SHAPES, "three", n_tokens=16)
    sizes = widget.shapes["three"]
    assert (sizes["heads"], sizes["layers"], sizes["width"], sizes["inner"]) == (3, 3, 12, 48)
    assert sizes["parameters"] == THREE.count_parameters()["total"]
    assert sizes["block"] == block_parameters(THREE)
    grouped = Config(10, 16, 8, 2, 16, n_kv_heads=4)
    assert ParallelPlanner({"g": grouped}, "g").shapes["g"]["heads"] == 4


def test_state_is_json_and_the_page_can_set_it():
    widget = ParallelPlanner(SHAPES, "small", n_tokens=16)
    state = json.loads(json.dumps(widget.get_state(), allow_nan=False))
    assert (state["data"], state["shard"], state["card"]) == (1, 0, 80e9)
    widget.set_state({"stages": 4, "batches": 4})
    assert dict(widget.as_rows())["idle"] == pytest.approx(3 / 7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "large"}, "model='large' must be one of 'small', 'three'"),
        ({"model": "small", "card": 0}, "card=0 must be above 0"),
        ({"model": "small", "speed": math.inf}, "speed=inf must be above 0, and finite"),
        ({"model": "small", "plan": Plan(stages=3)}, "stages=3 does not divide 4"),
        ({"model": "small", "plan": Plan(shard=4)}, "shard=4 must be 0, 1, 2 or 3"),
        ({"model": "small", "plan": Plan(data=2**15)}, "data=32768 must be from 1 to 16384"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ParallelPlanner(SHAPES, **arguments)
