"""Real model: SmolLM2 with its 135 million parameters in the reader's own browser, loaded when asked for."""

from __future__ import annotations

import traitlets

from lmcourse.decoding import Decoding
from lmcourse.model import check_whole
from lmcourse.widgets.base import HERE, TemperatureTrait, script
from lmcourse.widgets.real_model_kernel import START, ids_of, packed, real_model, scored
from lmcourse.widgets.real_model_page import MAX_TEXT, RealModelWidget
from lmcourse.widgets.writing import written

COUNTS = [20, 50, 100, 200, 400]  # tokens that may be asked for
MODES = ["text", "chat"]


class RealModel(RealModelWidget):
    """The real model of `lmcourse.pretrained.model.load` in the page: continues a text, or chats.

    Each token that it writes is shaded by its surprise, and shows what else could have stood in its place.
    The settings are those of a decoder. Its file stands beside the published pages and is loaded at a click;
    then it runs in the browser, and nothing that is typed leaves the machine. In a notebook there is no file
    beside the page: the widget says so.

    Args:
        text: what is to be continued at first.
        message: what is asked first in the chat.
        mode: "text" or "chat".
        begun: so many tokens have been written beforehand, where the weights can be had, so that there is
            something to see before they are loaded. By the same chance as in the page, where the last digits
            of a probability may lead to another text.

    Raises:
        ValueError: for a text that is too long, another mode, or a negative number.
    """

    _esm = script("real_model.js")
    _css = HERE / "real_model.css"

    mode = traitlets.Unicode("text").tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    temperature = TemperatureTrait(0.8)
    top_k = traitlets.Int(None, allow_none=True).tag(sync=True)
    top_p = traitlets.Float(None, allow_none=True).tag(sync=True)
    min_p = traitlets.Float(None, allow_none=True).tag(sync=True)
    penalty = traitlets.Float(1.0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    count = traitlets.Int(50).tag(sync=True)  # tokens at most
    begun = traitlets.List().tag(sync=True)  # tokens: text, bits, [text, probability] of the best

    def __init__(
        self,
        text: str = "The capital of France is",
        message: str = "What is gravity?",
        mode: str = "text",
        begun: int = 0,
    ):
        super().__init__(text=text, message=message, mode=mode)
        if check_whole(begun, "begun", least=0):
            self.begun = self._write(begun)

    def _write(self, count: int) -> list[list]:
        """The tokens that the page would write after its text, none where the model is missing."""
        model, _ = real_model()
        if model is None:
            return []
        ids = ids_of(model.vocab, self.text)
        said = written(
            model, ids, self.settings, self.seed, count, ends=(model.vocab.special_id(START), model.end)
        )
        return [packed(token) for token in scored(model, [*ids, *said])[-len(said) :]]

    @traitlets.validate("text", "message")
    def _check_text(self, proposal: dict) -> str:
        if len(proposal["value"]) > MAX_TEXT:
            raise ValueError(f"a text of {len(proposal['value']):,} characters is too long for {MAX_TEXT:,}")
        return proposal["value"]

    @traitlets.validate("mode")
    def _check_mode(self, proposal: dict) -> str:
        if proposal["value"] not in MODES:
            raise ValueError(f"mode={proposal['value']!r} is not known; choose one of {MODES}")
        return proposal["value"]

    @traitlets.validate("top_k", "top_p", "min_p", "penalty", "seed", "count")
    def _check_setting(self, proposal: dict) -> float | None:
        name, value = proposal["trait"].name, proposal["value"]
        if name == "count" and value not in COUNTS:
            raise ValueError(f"count={value} is not offered; choose one of {COUNTS}")
        if name in ("seed", "count"):
            return check_whole(value, name, least=0)
        Decoding(**{"repetition_penalty" if name == "penalty" else name: value})  # which says what is wrong
        return value

    @property
    def settings(self) -> Decoding:
        """What the page's decoder does, as the course's own."""
        return Decoding(
            repetition_penalty=self.penalty,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
        )
