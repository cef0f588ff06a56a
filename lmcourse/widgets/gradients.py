"""The gradient laboratory: a network of the reader's choice, and its gradient's way back."""

from __future__ import annotations

import math

import traitlets

from lmcourse.neural.gradient_lab import Lab, clip, norms
from lmcourse.widgets.base import HERE, Widget, script

WIDTH = 24
MOST_STEPS = 50
MOST_GAIN = 4.0
MOST_SEED = 99


class GradientLaboratory(Widget):
    """Lengths of gradients at each step of an untrained network, by depth or by time, with cures to choose.

    The page draws the weights itself, from the generator of `lmcourse.neural.bells`, and computes the way
    forward and the way back at each change. The settings are those of `lmcourse.neural.gradient_lab.Lab`.

    Args:
        way: "depth" or "time".
        activation: "linear", "sigmoid", "tanh" or "relu".
        gain: standard deviation of the weights times √24, from 0 to 4.
        start: "gaussian" or "orthogonal" matrices.
        shortcut: "none", "residual" or "gate".
        normalise: whether what goes into an activation is brought to mean 0 and variance 1.
        clipped: whether the gradient of all weights together is shortened to length 1.
        steps: layers, or steps of time, from 2 to 50.
        seed: of the weights, from 0 to 99.

    Raises:
        ValueError: for a setting out of range.
        TraitError: for one that is not among the choices.

    >>> widget = GradientLaboratory(activation="linear", start="orthogonal", gain=2.0, steps=3)
    >>> [round(length, 6) for length in widget.measures["gradients"]]
    [8.0, 4.0, 2.0, 1.0]
    """

    _esm = script("gradients.js")
    _css = HERE / "gradients.css"

    way = traitlets.Enum(["depth", "time"], "depth").tag(sync=True)
    activation = traitlets.Enum(["linear", "sigmoid", "tanh", "relu"], "tanh").tag(sync=True)
    gain = traitlets.Float(0.5).tag(sync=True)
    start = traitlets.Enum(["gaussian", "orthogonal"], "gaussian").tag(sync=True)
    shortcut = traitlets.Enum(["none", "residual", "gate"], "none").tag(sync=True)
    normalise = traitlets.Bool(False).tag(sync=True)
    clipped = traitlets.Bool(False).tag(sync=True)
    steps = traitlets.Int(30).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)

    @traitlets.validate("gain")
    def _check_gain(self, proposal: dict) -> float:
        if not 0 <= proposal["value"] <= MOST_GAIN:
            raise ValueError(f"gain={proposal['value']} must lie between 0 and {MOST_GAIN:g}")
        return proposal["value"]

    @traitlets.validate("steps")
    def _check_steps(self, proposal: dict) -> int:
        if not 2 <= proposal["value"] <= MOST_STEPS:
            raise ValueError(f"steps={proposal['value']} must lie between 2 and {MOST_STEPS}")
        return proposal["value"]

    @traitlets.validate("seed")
    def _check_seed(self, proposal: dict) -> int:
        if not 0 <= proposal["value"] <= MOST_SEED:
            raise ValueError(f"seed={proposal['value']} must lie between 0 and {MOST_SEED}")
        return proposal["value"]

    @property
    def lab(self) -> Lab:
        """The settings, as the laboratory takes them."""
        names = ["way", "activation", "gain", "start", "shortcut", "normalise", "steps", "seed"]
        return Lab(width=WIDTH, **{name: getattr(self, name) for name in names})

    @property
    def measures(self) -> dict[str, list[float]]:
        """All that the page shows: lengths of gradients of states and of weights, sizes of states, slopes."""
        found = norms(self.lab)
        weights = clip(found.weights, 1.0) if self.clipped else found.weights
        lists = {"gradients": found.gradients, "states": found.states, "slopes": found.slopes}
        return {name: values.tolist() for name, values in lists.items()} | {"weights": weights.tolist()}

    @property
    def change(self) -> float:
        """Powers of ten from the last gradient to the first; -inf if nothing arrives."""
        first = self.measures["gradients"][0]
        return math.log10(first) if first else -math.inf
