import json
import math
import subprocess
import sys

import pytest
import traitlets

from lmcourse.neural.gradient_lab import Lab, norms
from lmcourse.widgets import GradientLaboratory


def test_measures_by_hand():
    # Orthogonal and linear: each step back multiplies by 2; the weights' gradient is 2^(steps left) times the
    # length of the state, and that doubles with each step forward: the same for every layer.
    found = GradientLaboratory(activation="linear", start="orthogonal", gain=2.0, steps=4).measures
    assert found["gradients"] == pytest.approx([16, 8, 4, 2, 1])
    assert found["weights"] == pytest.approx([found["weights"][0]] * 4)
    assert [b / a for a, b in zip(found["states"], found["states"][1:])] == pytest.approx([2] * 4)
    assert found["slopes"] == [1] * 4


def test_clipping_shortens_the_weights_gradient_only():
    widget = GradientLaboratory(gain=3.0)
    before = widget.measures
    widget.clipped = True
    after = widget.measures
    assert math.hypot(*after["weights"]) == pytest.approx(1)
    assert after["weights"][0] / after["weights"][9] == pytest.approx(
        before["weights"][0] / before["weights"][9]
    )
    assert after["gradients"] == before["gradients"]


def test_it_is_the_laboratory_of_24_units():
    widget = GradientLaboratory(way="time", activation="relu", gain=1.25, shortcut="gate", seed=3)
    expected = norms(Lab("time", "relu", 1.25, shortcut="gate", width=24, seed=3))
    assert widget.measures["gradients"] == pytest.approx(expected.gradients.tolist())
    assert widget.change == pytest.approx(expected.change)
    assert GradientLaboratory(gain=0.0).change == -math.inf


def test_state_is_json_and_the_page_can_set_it():
    widget = GradientLaboratory()
    assert json.loads(json.dumps(widget.get_state(), allow_nan=False))["gain"] == 0.5
    widget.set_state({"gain": 1.5, "shortcut": "residual"})
    assert widget.lab == Lab(gain=1.5, shortcut="residual", width=24)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("gain", -0.1, ValueError),
        ("gain", 4.5, ValueError),
        ("gain", math.nan, ValueError),
        ("steps", 1, ValueError),
        ("steps", 51, ValueError),
        ("seed", 100, ValueError),
        ("way", "width", traitlets.TraitError),
        ("activation", "gelu", traitlets.TraitError),
    ],
)
def test_a_bad_setting_is_named_and_leaves_the_widget_as_it_was(name, value, error):
    with pytest.raises(error, match=name):
        GradientLaboratory(**{name: value})
    widget = GradientLaboratory()
    before = getattr(widget, name)
    with pytest.raises(error, match=name):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_widgets_are_to_be_had_without_torch():
    code = "import sys, lmcourse.widgets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
