"""Surprise reader: a text as a heat map of what each of its tokens costs a real model, in bits."""

from __future__ import annotations

from collections.abc import Mapping

import traitlets

from lmcourse.model import check_whole
from lmcourse.widgets.base import HERE, script
from lmcourse.widgets.real_model_kernel import KernelWidget, ids_of, packed, scored
from lmcourse.widgets.real_model_page import MAX_TEXT

MAX_TOKENS = 600  # of all prepared texts; each takes about a hundred bytes of the page
TOP = 5  # candidates shown

TEXTS = {
    "A false word": (
        "The capital of France is Paris, the capital of Japan is Tokyo, and the capital of Italy is cheese."
    ),
    "A name twice": (
        "Ms Quillfeather keeps a lighthouse on Ormsby Rock. Nobody visits her in winter. In June the postman "
        "rows out, and Ms Quillfeather of Ormsby Rock gives him tea."
    ),
    "Plain prose": (
        "Rain falls on the hills and runs down in small streams. The streams meet, the river grows, and "
        "after many days the water comes back to the sea."
    ),
    "By heart": (
        "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to suffer\n"
        "The slings and arrows of outrageous fortune,\nOr to take arms against a sea of troubles"
    ),
    "Garden paths": (
        "The old man the boats. The horse raced past the barn fell. The cotton clothing is made of grows in "
        "Mississippi."
    ),
    "A program": (
        "def mean(numbers):\n    total = 0\n    for number in numbers:\n        total += number\n"
        "    return total / len(numbres)\n"
    ),
    "Three languages": "The mouse ate the cheese. Die Maus hat den Käse gegessen. 老鼠吃了奶酪。",
}


class SurpriseReader(KernelWidget):
    """A text, each of its tokens the warmer the more it surprises SmolLM2, and what was expected instead.

    Some texts are scored here, and the page carries the result. Any other is read when the reader asks for
    it: in a notebook by the kernel's model, in a published page by the browser's, which is loaded at a click.
    Where the weights cannot be had, there are no prepared texts, and the widget says why.

    Args:
        texts: the prepared ones, by name.
        text: what stands in the field for a text of one's own at first.

    Raises:
        ValueError: for an empty text, one that is too long, or too much of them.
    """

    _esm = script("surprise_reader.js")
    _css = HERE / "surprise_reader.css"

    # Each {name, text, tokens}; a token is its text, bits, and [text, probability] of the most probable.
    texts = traitlets.List(traitlets.Dict()).tag(sync=True)
    shown = traitlets.Int(0).tag(sync=True)  # which of them; their number: the reader's own
    text = traitlets.Unicode().tag(sync=True)

    def __init__(self, texts: Mapping[str, str] = TEXTS, text: str = ""):
        for name, each in texts.items():
            if not each or len(each) > MAX_TEXT:
                raise ValueError(
                    f"the text {name!r} has {len(each):,} characters; take one of 1 to {MAX_TEXT:,}"
                )
        super().__init__(text=text)
        if self.model is None:
            return
        ids = {name: ids_of(self.model.vocab, each, start=True) for name, each in texts.items()}
        total = sum(len(each) - 1 for each in ids.values())
        if total > MAX_TOKENS:
            raise ValueError(f"the texts have {total} tokens together; a page carries {MAX_TOKENS} at most")
        prepared = [(name, texts[name], scored(self.model, each, TOP)) for name, each in ids.items()]
        self.texts = [
            {"name": name, "text": each, "tokens": list(map(packed, tokens))}
            for name, each, tokens in prepared
        ]

    @traitlets.validate("text")
    def _check_text(self, proposal: dict) -> str:
        if len(proposal["value"]) > MAX_TEXT:
            raise ValueError(f"a text of {len(proposal['value']):,} characters is too long for {MAX_TEXT:,}")
        return proposal["value"]

    @traitlets.validate("shown")
    def _check_shown(self, proposal: dict) -> int:
        value = check_whole(proposal["value"], "shown", least=0)
        if value > len(self.texts):
            raise ValueError(
                f"shown={value} must be at most {len(self.texts)}, which is the reader's own text"
            )
        return value
