"""The memory and speed calculator: what a Transformer weighs, what it keeps, how fast it can be at most."""

from __future__ import annotations

import math
from typing import Any

import traitlets

from lmcourse.inference.memory import (
    BYTES,
    Cost,
    attention_flops,
    cache_bytes,
    reading_cost,
    step_cost,
    turning_point,
    weight_bytes,
    weights_read,
)
from lmcourse.transformer.config import Config
from lmcourse.widgets.base import HERE, Widget, script

BLOCKS = {  # of the two kinds: what `Config` calls their parts
    "llama": {"position": "rope", "norm": "rms", "feed_forward": "swiglu", "bias": False},
    "gpt2": {"position": "learned", "norm": "layer", "feed_forward": "gelu", "bias": True},
}
SIZES = ("n_layers", "d_model", "n_heads", "n_kv_heads", "d_ff", "vocab_size", "context_length")
MODEL = ("blocks", *SIZES, "tied")  # what a preset gives, in this order
PRESETS = {
    name: dict(zip(MODEL, values))
    for name, values in {
        "SmolLM2-135M": ("llama", 30, 576, 9, 3, 1536, 49_152, 8192, True),
        "GPT-2 small": ("gpt2", 12, 768, 12, 12, 3072, 50_257, 1024, True),
        "Llama 2 7B": ("llama", 32, 4096, 32, 32, 11_008, 32_000, 4096, False),
        "Llama 2 70B": ("llama", 80, 8192, 64, 8, 28_672, 32_000, 4096, False),
        "Llama 3 8B": ("llama", 32, 4096, 32, 8, 14_336, 128_256, 8192, False),
    }.items()
}
MACHINES = {  # bytes and operations a second
    "one core, in round numbers": (1e10, 1e11),
    "NVIDIA A100, 80 GB": (2.039e12, 3.12e14),  # its data sheet: SXM, 16 bits, dense
}
MOST = {"n_layers": 1000, "d_model": 10**5, "n_heads": 1000, "n_kv_heads": 1000, "d_ff": 10**6}
MOST |= {"vocab_size": 10**7, "context_length": 10**7, "n_seen": 10**7, "n_texts": 10**6}
RATES = ("bandwidth", "flops_per_second")
LEAST_RATE, MOST_RATE = 1e6, 1e18


class InferenceCalculator(Widget):
    """Parameters, memory, operations and the least time of a token, by `lmcourse.inference.memory`.

    The page computes everything itself; each number can be changed there.

    Args:
        model: whose sizes to begin with, one of `PRESETS`.
        settings: any of the traits, in place of the model's or the usual ones: *n_layers*, *d_model*,
            *n_heads*, *n_kv_heads*, *d_ff*, *vocab_size*, *context_length* (of a table of positions), *tied*;
            *blocks*, "llama" or "gpt2"; *weights* and *cache*, kinds of `memory.BYTES`; *n_seen*, tokens of a
            text; *n_texts*, side by side; *bandwidth*, bytes a second; *flops_per_second*.

    Raises:
        ValueError: for an unknown model, a number out of range, or numbers that do not go together.
        TraitError: for one that is not among the choices.

    >>> InferenceCalculator("GPT-2 small").measures["parameters"]
    124439808
    """

    _esm = script("calculator.js")
    _css = HERE / "calculator.css"

    presets = traitlets.Dict(PRESETS).tag(sync=True)
    machines = traitlets.Dict(MACHINES).tag(sync=True)
    kinds = traitlets.Dict(BYTES).tag(sync=True)
    most = traitlets.Dict(MOST).tag(sync=True)
    blocks = traitlets.Enum([*BLOCKS], "llama").tag(sync=True)
    n_layers = traitlets.Int(1).tag(sync=True)
    d_model = traitlets.Int(2).tag(sync=True)
    n_heads = traitlets.Int(1).tag(sync=True)
    n_kv_heads = traitlets.Int(1).tag(sync=True)
    d_ff = traitlets.Int(1).tag(sync=True)
    vocab_size = traitlets.Int(1).tag(sync=True)
    context_length = traitlets.Int(1).tag(sync=True)
    tied = traitlets.Bool(True).tag(sync=True)
    weights = traitlets.Enum([*BYTES], "f16").tag(sync=True)
    cache = traitlets.Enum([*BYTES], "f16").tag(sync=True)
    n_seen = traitlets.Int(1024).tag(sync=True)
    n_texts = traitlets.Int(8).tag(sync=True)
    bandwidth = traitlets.Float(MACHINES["one core, in round numbers"][0]).tag(sync=True)
    flops_per_second = traitlets.Float(MACHINES["one core, in round numbers"][1]).tag(sync=True)

    def __init__(self, model: str = "SmolLM2-135M", **settings: Any):
        if model not in PRESETS:
            raise ValueError(f"model={model!r} must be one of {', '.join(map(repr, PRESETS))}")
        super().__init__(**{**PRESETS[model], **settings})

    @traitlets.validate(*MOST)
    def _check_whole(self, proposal: dict) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        if not 1 <= value <= MOST[name]:
            raise ValueError(f"{name}={value} must be from 1 to {MOST[name]:,}")
        if name in SIZES:
            self._config(**{name: value})  # which says what does not go together
        return value

    @traitlets.validate("blocks")
    def _check_blocks(self, proposal: dict) -> str:
        self._config(blocks=proposal["value"])
        return proposal["value"]

    @traitlets.validate(*RATES)
    def _check_rate(self, proposal: dict) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        if not LEAST_RATE <= value <= MOST_RATE:
            raise ValueError(f"{name}={value:g} must be from {LEAST_RATE:g} to {MOST_RATE:g} a second")
        return value

    def _config(self, **changed: Any) -> Config:
        """The network, with some settings changed. Raises ValueError if they do not go together."""
        values = {name: getattr(self, name) for name in MODEL} | changed
        return Config(**BLOCKS[values.pop("blocks")], **values)

    @property
    def config(self) -> Config:
        """The network that is asked about."""
        return self._config()

    @property
    def measures(self) -> dict[str, float | None]:
        """All that the page shows, in bytes, operations, seconds and tokens a second; None: never."""
        config, kinds = self.config, {"kind": self.weights, "cache_kind": self.cache}
        parts = config.count_parameters()
        parameters = parts.pop("total")
        a_text = cache_bytes(config, self.n_seen, self.cache)
        weights = weight_bytes(config, self.weights)
        rates = self.bandwidth, self.flops_per_second
        turn = turning_point(config, *rates, self.n_seen, **kinds)
        return {
            "parameters": parameters,
            **parts,
            "weight_bytes": weights,
            "cache_token": cache_bytes(config, 1, self.cache),
            "cache_text": a_text,
            "memory": weights + self.n_texts * a_text,
            "flops_weights": 2 * weights_read(config),
            "flops_attention": attention_flops(config, self.n_seen),
            **self._timed("one", step_cost(config, 1, self.n_seen, **kinds), 1),
            **self._timed("many", step_cost(config, self.n_texts, self.n_seen, **kinds), self.n_texts),
            **self._timed("reading", reading_cost(config, self.n_seen, **kinds), self.n_seen),
            "turn": turn if math.isfinite(turn) else None,
            "ridge": self.flops_per_second / self.bandwidth,
        }

    def _timed(self, what: str, cost: Cost, tokens: int) -> dict[str, float]:
        """Least seconds of each resource, tokens a second that both allow, and operations for each byte."""
        return {
            f"{what}_fetching": cost.bytes / self.bandwidth,
            f"{what}_multiplying": cost.flops / self.flops_per_second,
            f"{what}_speed": tokens / cost.seconds(self.bandwidth, self.flops_per_second),
            f"{what}_intensity": cost.flops / cost.bytes,
        }
