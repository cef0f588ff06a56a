import json
import math

import numpy as np
import pytest

from lmcourse.widgets import EmergenceMetric

SIZES, SHARES = [100, 200, 400, 800], [0.1, 0.5, 0.9, 1.0]


def test_measures_by_hand():
    # two of two: .01, .25, .81, 1; a tenth lies .09/.24 of the way from 100 to 200 in logarithms, nine tenths
    # .09/.19 of that from 400 to 800: 2 + .4737 - .375 doublings
    found = EmergenceMetric(SIZES, SHARES, length=2).measures
    np.testing.assert_allclose(found["values"], [0.01, 0.25, 0.81, 1.0])
    assert found["needed"] == 2
    assert found["doublings"] == pytest.approx(2 + 0.09 / 0.19 - 0.09 / 0.24)
    # half of three, so two or more: 3 p² (1 - p) + p³
    found = EmergenceMetric(SIZES, SHARES, length=3, percent=50).measures
    assert found["needed"] == 2
    np.testing.assert_allclose(found["values"], [3 * 0.009 + 0.001, 0.5, 3 * 0.081 + 0.729, 1.0])


def test_at_nought_each_token_counts():
    found = EmergenceMetric(SIZES, SHARES, length=64, percent=0).measures
    assert found == {"needed": 0, "values": SHARES, "doublings": pytest.approx(2)}
    assert EmergenceMetric(SIZES, [0.2, 0.5, 0.9, 1.0], percent=0).measures["doublings"] is None


def test_state_is_json_and_the_page_can_set_it():
    widget = EmergenceMetric(SIZES, SHARES)
    state = json.loads(json.dumps(widget.get_state(), allow_nan=False))
    assert (state["length"], state["percent"]) == (8, 100)
    widget.set_state({"length": 1})
    assert widget.measures["values"] == pytest.approx(SHARES)
    assert widget.as_rows()[2] == (200, 0.5, pytest.approx(0.5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [0.5]), "2 sizes and 1 values"),
        (([2, 1], [0.1, 0.5]), "let sizes rise"),
        (([1], [0.5]), "1 sizes make no curve"),
        (([1, 2], [0.1, 1.5]), "accuracy holds 1.5"),
        (([1, 2], [0.1, math.nan]), "accuracy holds nan"),
        (([1, 2], [0.1, 0.5], 65), "length=65 must be from 1 to 64"),
        (([1, 2], [0.1, 0.5], 8, 101), "percent=101 must be from 0 to 100"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        EmergenceMetric(*arguments)
