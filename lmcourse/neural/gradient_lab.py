"""The gradient laboratory: what a gradient goes through on its way back, step by step, by depth and by time.

One network of L steps, each as wide as the one before, that is never trained: it only has a way forward and a
way back. By depth each step is a layer with a matrix of its own; by time all steps share one matrix, and an
input joins in at each. Both ways are written out in NumPy, so that the chain rule is to be seen, and so that
the widget can do the same in the page: chance comes from a generator that is the same in both. Left out:
batches, biases, anything learned (`gradient_tasks` trains).

Sources: Hochreiter (1991); Glorot and Bengio (2010), Saxe et al. (2014) and He et al. (2015) for the scales;
Pascanu et al. (2013) for time and clipping; Schoenholz et al. (2017) for `mean_field`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lmcourse.neural.bells import bells

Array = np.ndarray

ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu")
WAYS = ("depth", "time")
STARTS = ("gaussian", "orthogonal")
SHORTCUTS = ("none", "residual", "gate")
MOST_STEPS, MOST_WIDTH = 100, 128
GATE_BIAS = -2.0  # a gate begins nearly closed, as Srivastava et al. (2015) advise
TINY = 1e-5  # added to a variance before it divides


@dataclass(frozen=True)
class Lab:
    """A network to send a gradient through.

    Args:
        way: "depth", a matrix for each step, or "time", one for all and an input at each step.
        activation: "linear", "sigmoid", "tanh" or "relu".
        gain: weights have the standard deviation gain / √width; an orthogonal matrix is multiplied by it.
        start: "gaussian" or "orthogonal" matrices.
        shortcut: "none", "residual" (h' = h + f), or "gate": h' = (1 - t) h + t f with t = sigmoid(V h - 2).
        normalise: bring W h to mean 0 and variance 1 before the activation.
        steps: L, up to 100.
        width: n, up to 128.
        drive: standard deviation of the inputs that join in by time.
        seed: of all that is random, 0 or more.

    Raises ValueError for a setting out of range.
    """

    way: str = "depth"
    activation: str = "tanh"
    gain: float = 1.0
    start: str = "gaussian"
    shortcut: str = "none"
    normalise: bool = False
    steps: int = 30
    width: int = 32
    drive: float = 0.3
    seed: int = 0

    def __post_init__(self):
        """Check all settings."""
        choices = {"way": WAYS, "activation": ACTIVATIONS, "start": STARTS, "shortcut": SHORTCUTS}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)!r} must be one of {', '.join(known)}")
        for name, least, most in (("steps", 1, MOST_STEPS), ("width", 2, MOST_WIDTH), ("seed", 0, 2**31)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise ValueError(f"{name}={value!r} must be a whole number from {least} to {most}")
        for name in ("gain", "drive"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name)!r} must be 0 or more, and finite")


@dataclass(frozen=True)
class Weights:
    """What chance gave to a network.

    Args:
        first: h_0, (n,).
        back: the gradient of the loss with respect to the last state, a direction of length 1, (n,).
        matrices: W of each step, (L, n, n); by time the same one L times.
        gates: V of each step, likewise; empty without gates.
        inputs: what joins in at each step, (L, n).
    """

    first: Array
    back: Array
    matrices: Array
    gates: Array
    inputs: Array


@dataclass(frozen=True)
class Trace:
    """What a way forward leaves behind for the way back.

    Args:
        states: h_0 … h_L, (L + 1, n).
        values: f, what the activation made at each step, (L, n).
        slopes: its derivative there, (L, n).
        open: t of each gate, (L, n); ones without gates.
        scales: what normalising divided by, (L,); ones without it.
        normals: W h after normalising, (L, n).
    """

    states: Array
    values: Array
    slopes: Array
    open: Array
    scales: Array
    normals: Array


def orthogonal(matrix: Array) -> Array:
    """Gram and Schmidt's way: rows of length 1 at right angles to each other, (n, n) to (n, n)."""
    rows = np.array(matrix, dtype=float)
    for i in range(len(rows)):
        for _ in range(2):  # the second time removes what rounding left
            rows[i] -= (rows[:i] @ rows[i]) @ rows[:i]
        rows[i] /= np.linalg.norm(rows[i])
    return rows


def draw(lab: Lab) -> Weights:
    """What chance gives to a network, in this order: h_0, the last gradient, W, V, the inputs."""
    n, taken = lab.width, 0

    def take(*shape: int) -> Array:
        nonlocal taken
        count = math.prod(shape)
        taken += count
        return bells(lab.seed, taken - count, count).reshape(shape)

    def matrices() -> Array:
        drawn = take(1 if lab.way == "time" else lab.steps, n, n)
        if lab.start == "orthogonal":
            scaled = lab.gain * np.array([orthogonal(matrix) for matrix in drawn])
        else:
            scaled = lab.gain / math.sqrt(n) * drawn
        return np.broadcast_to(scaled, (lab.steps, n, n))

    first, back = take(n), take(n)
    weights = matrices()
    gates = matrices() if lab.shortcut == "gate" else np.zeros((0, n, n))
    inputs = lab.drive * take(lab.steps, n) if lab.way == "time" else np.zeros((lab.steps, n))
    return Weights(first, back / np.linalg.norm(back), weights, gates, inputs)


def activate(name: str, x: Array) -> tuple[Array, Array]:
    """An activation and its slope, each with the shape of x.

    >>> activate("relu", np.array([-3.0, 2.0]))
    (array([0., 2.]), array([0., 1.]))
    """
    if name == "linear":
        return x, np.ones_like(x)
    if name == "relu":
        return np.maximum(x, 0), (x > 0).astype(float)
    if name == "tanh":
        value = np.tanh(x)
        return value, 1 - value**2
    value = np.exp(-np.logaddexp(0, -x))  # 1 / (1 + e^-x), where e^-x may be too large to write
    return value, value * (1 - value)


def forward(lab: Lab, weights: Weights) -> Trace:
    """h_0 to h_L: h = φ(W h + x), with the shortcut and the normalising that the laboratory asks for."""
    state, steps = weights.first, []
    states = [state]
    for i in range(lab.steps):
        normal, scale, opened = weights.matrices[i] @ state + weights.inputs[i], 1.0, np.ones(lab.width)
        if lab.normalise:
            scale = math.sqrt(normal.var() + TINY)
            normal = (normal - normal.mean()) / scale
        value, slope = activate(lab.activation, normal)
        if lab.shortcut == "gate":
            opened = activate("sigmoid", weights.gates[i] @ state + GATE_BIAS)[0]
            state = (1 - opened) * state + opened * value
        else:
            state = state + value if lab.shortcut == "residual" else value
        states.append(state)
        steps.append((value, slope, opened, scale, normal))
    return Trace(np.array(states), *map(np.array, zip(*steps)))


def inner(lab: Lab, trace: Trace, step: int, gradients: Array) -> Array:
    """From gradients with respect to the state after a step to those with respect to its W h + x, (K, n)."""
    gradients = gradients * trace.open[step] * trace.slopes[step]
    if lab.normalise:
        normal = trace.normals[step]
        mean = gradients.mean(axis=-1, keepdims=True)
        along = (gradients * normal).mean(axis=-1, keepdims=True)
        gradients = (gradients - mean - along * normal) / trace.scales[step]
    return gradients


def pull(lab: Lab, weights: Weights, trace: Trace, step: int, gradients: Array) -> Array:
    """One step back: gradients with respect to h_(step + 1), (K, n), become those with respect to h_step."""
    pulled = inner(lab, trace, step, gradients) @ weights.matrices[step]
    if lab.shortcut == "residual":
        return pulled + gradients
    if lab.shortcut == "gate":
        opened = trace.open[step]
        turned = gradients * (trace.values[step] - trace.states[step]) * opened * (1 - opened)
        return pulled + gradients * (1 - opened) + turned @ weights.gates[step]
    return pulled


def singular_values(lab: Lab, steps: int) -> Array:
    """Those of ∂h_L / ∂h_(L - steps), the product of the last Jacobians, (n,), the largest first."""
    weights = draw(lab)
    trace, product = forward(lab, weights), np.eye(lab.width)
    for step in reversed(range(lab.steps - steps, lab.steps)):
        product = pull(lab, weights, trace, step, product)
    return np.linalg.svd(product, compute_uv=False)


@dataclass(frozen=True)
class Norms:
    """Lengths on the way forward and back.

    Args:
        states: root mean square of each state h_0 … h_L, (L + 1,).
        gradients: length of the gradient with respect to each state, (L + 1,); the last is 1.
        weights: length of what each step adds to the gradient with respect to W, (L,).
        slopes: mean slope of the activation at each step, (L,).
    """

    states: Array
    gradients: Array
    weights: Array
    slopes: Array

    @property
    def change(self) -> float:
        """log10 of the first gradient's length over the last one's: below 0 it shrank, above it grew."""
        with np.errstate(divide="ignore"):
            return float(np.log10(self.gradients[0] / self.gradients[-1]))


def norms(lab: Lab) -> Norms:
    """One way forward and one way back."""
    weights = draw(lab)
    trace, gradient = forward(lab, weights), weights.back[None]
    lengths, of_weights = [1.0], []
    for step in reversed(range(lab.steps)):
        delta = inner(lab, trace, step, gradient)  # the gradient of W is the outer product of this and h
        of_weights.append(np.linalg.norm(delta) * np.linalg.norm(trace.states[step]))
        gradient = pull(lab, weights, trace, step, gradient)
        lengths.append(float(np.linalg.norm(gradient)))
    return Norms(
        np.sqrt((trace.states**2).mean(axis=1)),
        np.array(lengths[::-1]),
        np.array(of_weights[::-1]),
        trace.slopes.mean(axis=1),
    )


def mean_field(activation: str, gain: float, steps: int) -> tuple[Array, Array]:
    """What a very wide network of Gaussian matrices does on average, by depth, from h_0 with variance 1.

    Returns E[h²] of each state, (L + 1,), and what each step multiplies the squared length of a gradient by,
    χ = gain² E[φ'(a)²], (L,), both over a normal with the variance gain² E[h²].
    """
    points, shares = np.polynomial.hermite_e.hermegauss(
        200
    )  # an even number: none at 0, where relu has a corner
    shares = shares / shares.sum()
    squares, factors = [1.0], []
    for _ in range(steps):
        value, slope = activate(activation, gain * math.sqrt(squares[-1]) * points)
        squares.append(float(shares @ value**2))
        factors.append(gain**2 * float(shares @ slope**2))
    return np.array(squares), np.array(factors)


def clip(gradient: Array, most: float) -> Array:
    """A gradient shortened to a length of `most`, if it is longer; its direction stays.

    >>> clip(np.array([30.0, 40.0]), 5.0)
    array([3., 4.])

    Raises ValueError unless most is above 0.
    """
    if not most > 0:
        raise ValueError(f"most={most!r} must be above 0")
    return gradient * min(1.0, most / max(float(np.linalg.norm(gradient)), 1e-300))
