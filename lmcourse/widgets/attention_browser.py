"""Attention browser: the heads of a real model, what kind each is, and where it looks from any token."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import traitlets

from lmcourse.model import check_whole
from lmcourse.widgets.base import HERE, script
from lmcourse.widgets.real_model_kernel import START, KernelWidget, ids_of, seen, text_of

if TYPE_CHECKING:
    from lmcourse.transformer.model import TransformerModel

MAX_TEXT, MAX_TOKENS = 500, 70  # characters of a text; tokens of all prepared ones together
LENGTH, LISTS = 40, 5  # of the lists by which heads are told apart
OFTEN = 0.5  # of its weight: where it goes a head is called
LEVELS, LEAST = 31, 1 / 16  # in which weights travel; what is less is left out
KINDS = ["first token", "previous token", "induction", "same token", "itself"]

TEXTS = {
    "A name twice": (
        "Ms Quillfeather keeps a lighthouse on Ormsby Rock. In June Ms Quillfeather of Ormsby Rock"
    ),
    "A sentence": "The keys that the old man carries are heavy, because he has so many of them.",
    "A list": "red blue green seven red blue green seven red blue",
}


class AttentionBrowser(KernelWidget):
    """All 270 heads of SmolLM2, one of them chosen, and its attention from one token of a text to the others.

    What kind a head is was measured on random tokens said twice: where more than half of its weight goes
    throughout the second time. The page carries the weights of some texts, rounded to 1/31 and without those
    under 1/16. Any other text is read when the reader asks for it, by the notebook's kernel or the browser's
    model. Where the weights cannot be had, the widget says why.

    Args:
        texts: the prepared ones, by name.
        text: what stands in the field for a text of one's own at first.

    Raises:
        ValueError: for an empty text, one that is too long, too much of them; a block or head that is not.
    """

    _esm = script("attention_browser.js")
    _css = HERE / "attention_browser.css"

    texts = traitlets.List(traitlets.Dict()).tag(sync=True)  # each {name, tokens}
    # Of all texts, one after another, (blocks, heads, T (T + 1) / 2) whole numbers of a byte: of each place
    # the weights on those up to it, in LEVELS; by zlib.
    packed = traitlets.Bytes().tag(sync=True)
    kinds = traitlets.List(traitlets.Int()).tag(
        sync=True
    )  # of each head its kind's number; their count: none
    shares = traitlets.List().tag(sync=True)  # of each head's weight on what all kinds look at, in hundredths
    shape = traitlets.List([0, 0]).tag(sync=True)  # blocks, heads in each
    shown = traitlets.Int(0).tag(sync=True)  # which text; their number: the reader's own
    block = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)

    def __init__(self, texts: Mapping[str, str] = TEXTS, text: str = ""):
        for name, each in texts.items():
            if not each or len(each) > MAX_TEXT:
                raise ValueError(f"the text {name!r} has {len(each)} characters; take one of 1 to {MAX_TEXT}")
        super().__init__(text=text)
        if self.model is None:
            return
        vocab = self.model.vocab
        ids = {name: ids_of(vocab, each) for name, each in texts.items()}
        total = sum(map(len, ids.values()))
        if total > MAX_TOKENS:
            raise ValueError(f"the texts have {total} tokens together; a page carries {MAX_TOKENS} at most")
        shares = head_shares(self.model)
        self.shape = list(shares.shape[1:])
        self.shares = np.round(100 * shares.reshape(len(KINDS), -1).T).astype(int).tolist()
        self.kinds = kinds_of(shares).ravel().tolist()
        self.packed = zlib.compress(b"".join(levels(seen(self.model, each)) for each in ids.values()), 9)
        self.texts = [
            {"name": name, "tokens": [text_of(vocab, i) for i in each]} for name, each in ids.items()
        ]
        strongest = shares[KINDS.index("induction")].argmax()
        self.block, self.head = map(int, np.unravel_index(strongest, shares.shape[1:]))

    @traitlets.validate("text")
    def _check_text(self, proposal: dict) -> str:
        if len(proposal["value"]) > MAX_TEXT:
            raise ValueError(f"a text of {len(proposal['value'])} characters is too long for {MAX_TEXT}")
        return proposal["value"]

    @traitlets.validate("shown", "block", "head")
    def _check_choice(self, proposal: dict) -> int:
        name = proposal["trait"].name
        value = check_whole(proposal["value"], name, least=0)
        most = {"shown": len(self.texts), "block": self.shape[0] - 1, "head": self.shape[1] - 1}[name]
        if value > max(0, most):
            raise ValueError(f"{name}={value} must be at most {max(0, most)}")
        return value


def head_shares(model: TransformerModel, length: int = LENGTH, lists: int = LISTS) -> np.ndarray:
    """How much of its weight each head gives to what each kind of `KINDS` looks at, (kinds, blocks, heads).

    Asked are lists of random tokens said twice, throughout the second time: from the token at place t, which
    stood at s before, to the first token of all, to t - 1, s + 1, s, and t. An induction head looks at s + 1,
    which may come next again (Olsson et al. 2022).
    """
    vocab = model.vocab
    plain = len(vocab) - len(vocab.merges)  # from here on tokens that merges made
    t = np.arange(length + 1, 2 * length + 1)
    places = [np.zeros_like(t), t - 1, t - length + 1, t - length, t]
    found = []
    for seed in range(lists):
        drawn = np.random.default_rng(seed).integers(plain, len(vocab), length)
        weights = seen(model, [vocab.special_id(START), *drawn, *drawn])
        found.append([weights[:, :, t, s].mean(axis=-1) for s in places])
    return np.mean(found, axis=0)


def kinds_of(shares: np.ndarray) -> np.ndarray:
    """The kind of each head, (blocks, heads): its number in `KINDS`, or their count where none prevails."""
    return np.where(shares.max(axis=0) > OFTEN, shares.argmax(axis=0), len(KINDS))


def levels(weights: np.ndarray) -> bytes:
    """Weights (blocks, heads, T, T) as the page carries them."""
    T = weights.shape[-1]
    kept = weights[:, :, np.tri(T, dtype=bool)]
    return np.where(kept < LEAST, 0, np.round(kept * LEVELS)).astype(np.uint8).tobytes()
