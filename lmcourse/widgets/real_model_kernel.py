"""What the real model says of a text: for a page to carry, or asked from a notebook that has a kernel.

The answers are those of real_model_worker.js, whose beginning says what may be asked; here it is `tokenize`,
`score`, `attention`, and `hello`, which is answered if there is a model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from lmcourse.pretrained.missing import or_why
from lmcourse.widgets.real_model_page import RealModelWidget

if TYPE_CHECKING:
    import numpy as np

    from lmcourse.pretrained.tokenizer import PretrainedTokenizer
    from lmcourse.transformer.model import TransformerModel

MOST, MOST_SEEN = 2048, 128  # tokens of a text; of one whose attention is wanted
TOP, BATCH = 10, 64  # candidates in a token's place; places at a time
START = "<|endoftext|>"


def text_of(vocab: PretrainedTokenizer, token_id: int) -> str:
    """A token for the eye: its text, or its bytes where they are only part of a character, as ⟨E4 BB⟩."""
    token = vocab.tokens[token_id]
    text = token.decode(errors="replace")
    return f"⟨{token.hex(' ').upper()}⟩" if "\ufffd" in text else text


def ids_of(vocab: PretrainedTokenizer, text: str, start: bool = False, most: int = MOST) -> list[int]:
    """Token ids of a text, with `start` after the token that stood between texts in training.

    Raises ValueError for a text of more tokens than `most`.
    """
    begin = [vocab.special_id(START)] if start or not text else []
    ids = [*begin, *vocab.encode(text)]
    if len(ids) > most:
        raise ValueError(f"a text of {len(ids)} tokens is too long: {most} fit in")
    return ids


def scored(model: TransformerModel, ids: Sequence[int], top: int = TOP) -> list[dict[str, Any]]:
    """Each token after the first: id, text, what it costs in bits, and the most probable in its place."""
    import torch

    from lmcourse.neural.torch_model import asking

    found = []
    with asking(model.module):
        hidden = model.module.hidden(torch.tensor([list(ids)]))[0, :-1]
        for begin in range(0, len(ids) - 1, BATCH):
            rows = model.module.logits(hidden[begin : begin + BATCH]).double().log_softmax(dim=-1)
            best = rows.topk(top)
            for row, values, candidates, i in zip(rows, best.values, best.indices, ids[begin + 1 :]):
                pairs = zip(candidates.tolist(), values.exp().tolist())
                those = [{"id": j, "text": text_of(model.vocab, j), "p": p} for j, p in pairs]
                bits = -float(row[i]) / math.log(2) + 0.0
                found.append({"id": int(i), "text": text_of(model.vocab, i), "bits": bits, "top": those})
    return found


def seen(
    model: TransformerModel,
    ids: Sequence[int],
    layers: Sequence[int] | None = None,
    places: Sequence[int] | None = None,
) -> np.ndarray:
    """Attention weights (layers, H, places, T), float32; all layers or places, if they are not given."""
    import torch

    from lmcourse.transformer.inside import looks

    weights = looks(model.module, torch.tensor([list(ids)]))[:, 0].numpy()
    weights = weights if layers is None else weights[list(layers)]
    return weights if places is None else weights[:, :, list(places)]


def answers(model: TransformerModel, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a page is told that asks so. Weights come as an array, which travels on its own."""
    kind, job = asked.get("kind"), asked.get("job")
    try:
        if kind == "hello":
            yield {"job": job, "ready": {"layers": len(model.module.blocks)}}
        else:
            ids = ids_of(model.vocab, **asked["prompt"], most=MOST_SEEN if kind == "attention" else MOST)
            yield {"job": job, "ids": ids, "texts": [text_of(model.vocab, i) for i in ids]}
        if kind == "score":
            yield {"job": job, "tokens": scored(model, ids)}
        elif kind == "attention":
            layers = asked.get("layers") or list(range(len(model.module.blocks)))
            places = asked.get("places") or list(range(len(ids)))
            weights = seen(model, ids, layers, places)
            yield {"job": job, "layers": layers, "places": places, "attention": weights}
    except ValueError as error:
        yield {"job": job, "failed": str(error), "done": True}
        return
    yield {"job": job, "done": True}


def _load() -> TransformerModel:
    from lmcourse.pretrained.model import load  # needs torch, which may be what is missing

    return load()


def real_model() -> tuple[TransformerModel | None, object]:
    """The model, or None and why it is missing."""
    return or_why(_load)


def packed(token: dict[str, Any]) -> list:
    """A token of `scored` as a page carries it: text, bits, [text, probability] of the best."""
    top = [[each["text"], float(f"{each['p']:.4g}")] for each in token["top"]]
    return [token["text"], round(token["bits"], 3), top]


class KernelWidget(RealModelWidget):
    """A widget that asks the real model: in a published page the browser's, in a notebook the kernel's."""

    missing = traitlets.Unicode().tag(sync=True)  # why the kernel has no model; "": it has

    def __init__(self, **traits: Any):
        self.model, why = real_model()
        super().__init__(missing=str(why or ""), **traits)
        self.on_msg(self._hear)

    def _hear(self, _widget: object, asked: dict[str, Any], _buffers: object) -> None:
        if self.model is None:
            return
        for answer in answers(self.model, asked):
            weights = answer.pop("attention", None)
            self.send(answer, None if weights is None else [weights.tobytes()])
