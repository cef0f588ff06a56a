import json
import math

import pytest
import traitlets

from lmcourse.widgets import PositionExplorer


def test_rope_by_hand():
    # One pair, all ones, a radian a token: arrows of length √2 that are turned apart by d give 2 cos d.
    found = PositionExplorer(size=2, query=2, distance=1).measures
    assert found["scores"] == pytest.approx([2, 2 * math.cos(1), 2 * math.cos(2)])
    asks, answers = ([math.cos(t) - math.sin(t), math.sin(t) + math.cos(t)] for t in (2, 1))
    assert found["arrows"] == [pytest.approx(asks), pytest.approx(answers)]
    assert [row[2] for row in found["table"]] == pytest.approx(asks)


def test_sinusoids_by_hand():
    # p(3) · p(1) with frequencies 1 and 1/10: cos 2 + cos 0.2, as sin a sin b + cos a cos b = cos(a - b)
    widget = PositionExplorer(kind="sinusoidal", size=4, base=100.0, query=3, distance=2, pair=1)
    assert widget.measures["scores"][2] == pytest.approx(math.cos(2) + math.cos(0.2))
    assert widget.measures["arrows"][1] == pytest.approx([math.cos(0.1), math.sin(0.1)])


def test_alibi_by_hand_and_what_lies_beyond_the_last():
    found = PositionExplorer(kind="alibi", query=5, n_heads=2, head=9).measures
    assert found["scores"] == pytest.approx([-d / 256 for d in range(6)])  # slopes 1/16 and 1/256; the last
    assert [row[7] for row in found["table"]] == pytest.approx([-2 / 16, -2 / 256])
    assert found["arrows"] == []
    # a key before place 0 is the one at place 0; a pair beyond the last is the last
    whole = PositionExplorer(query=5, distance=99, pair=15).measures
    assert whole["arrows"] == PositionExplorer(query=5, distance=5, pair=3).measures["arrows"]


@pytest.mark.parametrize("kind", ["rope", "sinusoidal", "alibi"])
def test_where_the_query_stands_does_not_matter_but_for_a_table(kind):
    near, far = (PositionExplorer(kind=kind, vectors="random", query=q).measures["scores"] for q in (20, 99))
    assert near == pytest.approx(far[:21])
    near, far = (PositionExplorer(kind="learned", query=q).measures["scores"] for q in (20, 99))
    assert near != pytest.approx(far[:21], abs=1)


def test_state_is_json_and_the_page_can_set_it():
    widget = PositionExplorer()
    assert json.loads(json.dumps(widget.get_state(), allow_nan=False))["kind"] == "rope"
    widget.set_state({"kind": "learned", "query": 3})
    assert len(widget.measures["scores"]) == 4


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("size", 3, ValueError),
        ("size", 34, ValueError),
        ("base", 1.0, ValueError),
        ("base", math.inf, ValueError),
        ("query", 128, ValueError),
        ("distance", -1, ValueError),
        ("n_heads", 0, ValueError),
        ("head", 16, ValueError),
        ("seed", 100, ValueError),
        ("kind", "rotary", traitlets.TraitError),
    ],
)
def test_a_bad_setting_is_named_and_leaves_the_widget_as_it_was(name, value, error):
    with pytest.raises(error, match=name):
        PositionExplorer(**{name: value})
    widget = PositionExplorer()
    before = getattr(widget, name)
    with pytest.raises(error, match=name):
        setattr(widget, name, value)
    assert getattr(widget, name) == before
