"""Parallelism planner: how a training is spread over devices, and what each keeps, sends and waits."""

from __future__ import annotations

import math
from collections.abc import Mapping

import traitlets

from lmcourse.parallel.plan import Plan, block_parameters, load, step_seconds
from lmcourse.scaling.costs import forward_flops
from lmcourse.transformer.config import Config
from lmcourse.widgets.base import HERE, Widget, script

MOST = 2**14  # groups that read texts, and batches of each


class ParallelPlanner(Widget):
    """What each device keeps, sends and waits if a training is spread over many, by the course's formulas.

    Args:
        shapes: name -> configuration of a network.
        model: the name of the one shown first.
        n_tokens: of a text.
        card: bytes of a device.
        speed: operations a second of a device, of which half are used.
        plan: how the training is spread, to begin with; else over one device.

    Raises:
        ValueError: for a name that is not in `shapes`, a plan that does not divide its network, numbers that
            are not above 0.

    >>> small = Config(vocab_size=10, d_model=8, n_heads=2, n_layers=4, context_length=16)
    >>> widget = ParallelPlanner({"small": small}, "small", n_tokens=16, plan=Plan(stages=4, batches=4))
    >>> round(widget.measures["idle"], 3)
    0.429
    """

    _esm = script("planner.js")
    _css = HERE / "planner.css"

    shapes = traitlets.Dict().tag(sync=True)
    model = traitlets.Unicode().tag(sync=True)
    n_tokens = traitlets.Int(2048).tag(sync=True)
    card = traitlets.Float(80e9).tag(sync=True)
    speed = traitlets.Float(312e12).tag(sync=True)
    data = traitlets.Int(1).tag(sync=True)
    tensor = traitlets.Int(1).tag(sync=True)
    stages = traitlets.Int(1).tag(sync=True)
    batches = traitlets.Int(1).tag(sync=True)
    shard = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        shapes: Mapping[str, Config],
        model: str,
        n_tokens: int = 2048,
        card: float = 80e9,
        speed: float = 312e12,
        plan: Plan | None = None,
    ):
        plan = plan or Plan()
        if model not in shapes:
            raise ValueError(f"model={model!r} must be one of {', '.join(map(repr, shapes))}")
        for name, value in (("card", card), ("speed", speed)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name}={value} must be above 0, and finite")
        load(shapes[model], plan, n_tokens)  # which says what does not divide
        self._configs = dict(shapes)
        super().__init__(
            shapes={name: _sizes(config, n_tokens) for name, config in shapes.items()},
            model=model,
            n_tokens=n_tokens,
            card=float(card),
            speed=float(speed),
            **plan._asdict(),
        )

    @traitlets.validate("data", "batches")
    def _check_counts(self, proposal: dict) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        if not 1 <= value <= MOST:
            raise ValueError(f"{name}={value} must be from 1 to {MOST}")
        return value

    @property
    def measures(self) -> dict:
        """Bytes that each device keeps and sends in a step, "idle", "memory", "devices" and "seconds"."""
        plan = Plan(**{name: getattr(self, name) for name in Plan._fields})
        config = self._configs[self.model]
        found = load(config, plan, self.n_tokens)
        seconds = step_seconds(config, plan, self.n_tokens, self.speed)
        return {**found._asdict(), "memory": found.memory, "devices": plan.devices, "seconds": seconds}

    def as_rows(self) -> list[tuple]:
        """Each of the measures with its value."""
        return [("of each device, in a step", "value"), *self.measures.items()]


def _sizes(config: Config, n_tokens: int) -> dict[str, float]:
    """What the page has to know of a network."""
    return {
        "parameters": config.count_parameters()["total"],
        "block": block_parameters(config),
        "layers": config.n_layers,
        "heads": math.gcd(config.kv_heads, config.d_inner),  # what may share a block divides both
        "width": config.d_model,
        "inner": config.d_inner,
        "flops": float(sum(forward_flops(config, n_tokens).values())),  # of a text, forwards
    }
