import json
import math

import pytest

from lmcourse.widgets import RealModel


def test_measures_by_hand():
    # heads: 1 halved twice; tails: log2 4/3 = 2 - log2 3; 1/4 · 2 + 3/4 · (2 - log2 3) = 2 - 3/4 · log2 3
    found = RealModel(0.25).measures
    assert found["heads"] == 2
    assert found["tails"] == pytest.approx(2 - math.log2(3))
    assert found["entropy"] == pytest.approx(2 - 0.75 * math.log2(3))


def test_what_is_certain_tells_nothing_and_its_contrary_everything():
    assert RealModel(1).measures == {"heads": 0, "tails": math.inf, "entropy": 0}


def test_state_is_json_and_the_page_can_set_it():
    widget = RealModel()
    assert json.loads(json.dumps(widget.get_state(), allow_nan=False))["p"] == 0.5
    widget.set_state({"p": 0.125})
    assert widget.measures["heads"] == 3


@pytest.mark.parametrize("p", [-0.1, 1.2, math.nan])
def test_a_bad_probability_is_named_and_leaves_the_widget_as_it_was(p):
    with pytest.raises(ValueError, match=rf"lies between 0 and 1; got {p}"):
        RealModel(p)
    widget = RealModel(0.25)
    with pytest.raises(ValueError, match="lies between 0 and 1"):
        widget.p = p
    assert widget.p == 0.25
