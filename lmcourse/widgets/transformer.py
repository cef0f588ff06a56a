"""Transformer live: a trained character model that reads, goes on and shows its inside, in the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import traitlets

from lmcourse.decoding import Decoding
from lmcourse.model import check_whole
from lmcourse.widgets.base import HERE, TemperatureTrait, Widget, script, worker_script
from lmcourse.widgets.writing import written

if TYPE_CHECKING:
    from lmcourse.transformer.model import TransformerModel

MAX_BYTES = 1_000_000  # of the weights, one for each number in a matrix
MAX_TEXT = 1_000  # characters
COUNTS = [50, 100, 200, 500]  # characters that may be asked for
# What the page's arithmetic knows; sizes are free.
BUILT = {
    "position": "rope",
    "norm": "layer",
    "norm_place": "pre",
    "feed_forward": "gelu",
    "bias": False,
    "tied": True,
    "cross": False,
    "rope_base": 10_000.0,
}


class TransformerLive(Widget):
    """A Transformer that runs in the reader's page: any text typed, each character's surprise under it.

    Beside it what each head looks at from a character, what the output would read off the residual stream
    after each block (the logit lens), and a continuation of the text with the settings of a decoder. The
    weights travel as whole numbers of one byte. In a published book they stand in a file of their own, which
    is loaded when the reader asks for it; until then the page shows what Python found for the first text.

    Args:
        model: a Transformer whose tokens are single characters, of the form that the page computes: norms
            before (LayerNorm), rotations, GELU, tied output, no biases. At most a million bytes.
        text: what it is shown at first.

    Raises:
        ValueError: for a model of another form, or a text that cannot be shown.
    """

    _esm = script("transformer.js")
    _css = HERE / "transformer.css"

    _worker = traitlets.Unicode(worker_script("transformer_worker.js")).tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)  # a safetensors file
    weights_at = traitlets.Unicode().tag(sync=True)  # where a published page finds them instead
    size = traitlets.Int().tag(sync=True)  # of the weights, in bytes
    parameters = traitlets.Int().tag(sync=True)
    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    shape = traitlets.Dict().tag(sync=True)  # heads, context, start, blocks
    opening = traitlets.Dict().tag(sync=True)  # what the first text costs, and its last character's inside
    text = traitlets.Unicode().tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)  # of the chosen character
    block = traitlets.Int(0).tag(sync=True)  # whose head is shown
    head = traitlets.Int(0).tag(sync=True)
    temperature = TemperatureTrait(0.8)
    top_k = traitlets.Int(None, allow_none=True).tag(sync=True)
    top_p = traitlets.Float(None, allow_none=True).tag(sync=True)
    min_p = traitlets.Float(None, allow_none=True).tag(sync=True)
    penalty = traitlets.Float(1.0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    count = traitlets.Int(100).tag(sync=True)  # characters to continue by

    def __init__(self, model: TransformerModel, text: str = "To be, or not to be"):
        from lmcourse.transformer.quantise import to_bytes, with_rounded_weights  # they need torch

        config = model.module.config
        for name, value in BUILT.items():
            if getattr(config, name) != value:
                raise ValueError(f"{name}={getattr(config, name)!r}, but the page computes {value!r} only")
        if config.kv_heads != config.n_heads:
            raise ValueError(f"n_kv_heads={config.n_kv_heads}, but the page has one for each of its heads")
        if long := [token for token in model.vocab.tokens if len(token) != 1]:
            raise ValueError(f"the token {long[0]!r} is no single character, which the page needs")
        weights = to_bytes(model.module)
        if len(weights) > MAX_BYTES:
            raise ValueError(f"the weights take {len(weights):,} bytes; a page takes {MAX_BYTES:,} at most")
        self.model = with_rounded_weights(model)
        super().__init__(
            weights=weights,
            size=len(weights),
            parameters=config.count_parameters()["total"],
            tokens=list(model.vocab.tokens),
            shape={
                "heads": config.n_heads,
                "context": model.context_length,
                "start": model.start,
                "blocks": config.n_layers,
            },
            text=text,
            place=max(0, len(text) - 1),
        )
        self.opening = self._opening() if self.known else {}

    def _opening(self) -> dict[str, object]:
        """What the page would find for the present text, seen from its last character."""
        attention, lens = self.look()
        heads = attention.reshape(-1, attention.shape[-1])  # (N H, S)
        return {
            "text": self.text,
            "bits": self.bits().round(4).tolist(),
            "begin": len(self.known) - heads.shape[1],
            "attention": heads.round(4).astype(float).round(4).tolist(),
            "lens": lens.astype(float).round(4).tolist(),
        }

    @traitlets.validate("text")
    def _check_text(self, proposal: dict) -> str:
        if len(proposal["value"]) > MAX_TEXT:
            raise ValueError(f"a text of {len(proposal['value']):,} characters is too long for {MAX_TEXT:,}")
        return proposal["value"]

    @traitlets.validate("top_k", "top_p", "min_p", "penalty", "seed", "count", "place", "block", "head")
    def _check_setting(self, proposal: dict) -> float | None:
        name, value = proposal["trait"].name, proposal["value"]
        if name in ("top_k", "top_p", "min_p"):
            Decoding(**{name: value})  # which says what is wrong
        elif name == "penalty":
            Decoding(repetition_penalty=value)
        elif name == "count" and value not in COUNTS:
            raise ValueError(f"count={value} is not offered; choose one of {COUNTS}")
        else:
            check_whole(value, name, least=0)
        limits = {"block": self.shape.get("blocks"), "head": self.shape.get("heads")}
        if name in limits and value and value >= limits[name]:
            raise ValueError(f"{name}={value} must be below {limits[name]}")
        return value

    @property
    def known(self) -> list[int]:
        """The ids of those characters of the text that the model knows; the page leaves out the others."""
        ids = {token: i for i, token in enumerate(self.tokens)}
        return [ids[character] for character in self.text if character in ids]

    def bits(self) -> np.ndarray:
        """What each character of the text costs, in bits, by the rounded weights."""
        return -self.model.token_log_probs(self.known) / np.log(2)

    def continuation(self) -> str:
        """What the page must write after the text under the present settings."""
        settings = Decoding(
            repetition_penalty=self.penalty,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
        )
        said = written(self.model, self.known, settings, self.seed, self.count)
        return self.model.vocab.decode(said)

    def look(self) -> tuple[np.ndarray, np.ndarray]:
        """From the chosen character: the weights of all heads (N, H, S), and the logit lens.

        S are the tokens of the window that ends there. The lens, (N + 1, V), has the log-probabilities that
        the output would read off the residual stream before the first block and after each.
        """
        import torch

        from lmcourse.transformer.inside import lens, looks

        ids = torch.tensor([self.model.window([self.model.start, *self.known[: self.place + 1]])])
        network = self.model.module
        return looks(network, ids)[:, 0, :, -1].numpy(), lens(network, ids)[:, 0, -1].numpy()
