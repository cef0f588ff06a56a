"""SmolLM2 with the matrices of its blocks rounded anew, to so many bits: its surprise at a page of *Macbeth*.

The file's own four bits come in groups of 32. Here the groups are moved by half their size, so that each lies
across two of the file's and has to be rounded really; "row": a whole row is one group. The embedding, which
is the output too, keeps the file's eight bits. The text is that of the page on evaluation; its surprises are
added up in `PIECES` of the same number of tokens.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.experiments import run
from lmcourse.inference.layouts import lay_out
from lmcourse.pretrained.model import load
from lmcourse.text import shakespeare_split
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.quantise import round_to_bits

START = "<|endoftext|>"
GROUP, MOVED, PIECES = 32, 16, 16
FILE_BITS, HEAD_BITS = 4, 8.5  # of a weight in the blocks; of the embedding, with a scale for each 32
_KEYS = ("bits", "group")
AGAIN = dict(zip(_KEYS, (4, "drawn")))  # a quick one without the model, measured anew by every test
SETTINGS = [
    AGAIN,
    {"bits": 0, "group": "file"},
    *(dict(zip(_KEYS, (bits, "32"))) for bits in (8, 6, 5, 4, 3, 2)),
    *(dict(zip(_KEYS, (bits, "row"))) for bits in (6, 5, 4)),
]


def excerpt() -> str:
    """3,000 characters of *Macbeth*."""
    return shakespeare_split()[1][2000:5000]


def rounded(weight: torch.Tensor, bits: int, group: str) -> torch.Tensor:
    """A matrix (R, C) on a grid of groups that are moved, or of rows."""
    if group == "row":
        return round_to_bits(weight, bits)
    return round_to_bits(weight.roll(MOVED, 1), bits, GROUP).roll(-MOVED, 1)


def bits_a_weight(module: torch.nn.Module, bits: int, group: str) -> float:
    """Mean over all matrices, least and most of each group with them."""
    spent = total = 0.0
    for name, weight in module.named_parameters():
        if weight.dim() == 2:
            each = bits + 32 / (weight.shape[1] if group == "row" else GROUP)
            spent += weight.numel() * (HEAD_BITS if name.startswith("embedding") else each)
            total += weight.numel()
    return spent / total


def drawn(bits: int, rng: np.random.Generator) -> dict:
    """Root of the mean square of what rounding changes in normal numbers, in units of their spread."""
    weight = torch.tensor(rng.standard_normal((64, 256)), dtype=torch.float32)
    moved = rounded(weight, bits, "32") - weight
    return {"error": round(float(moved.square().mean().sqrt()), 5)}


def changed(model: TransformerModel, bits: int, group: str) -> TransformerModel:
    """A copy of the model with other weights in its blocks."""
    network, changes = lay_out(model.module, "f32"), {}
    for name, weight in network.named_parameters():
        if weight.dim() == 2 and not name.startswith("embedding"):
            changes[name] = rounded(weight, bits, group)
    network.load_state_dict(changes, strict=False, assign=True)
    return TransformerModel(network, model.vocab, model.start, model.end)


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Bits of surprise in each piece of the text, and what a weight costs."""
    bits, group = setting["bits"], setting["group"]
    if group == "drawn":
        return drawn(bits, rng)
    model, text = load(start=START), excerpt()
    spent = bits_a_weight(model.module, bits or FILE_BITS, "row" if group == "row" else "32")
    if bits:
        model = changed(model, bits, group)
    surprises = -model.token_log_probs(text) / np.log(2)
    return {
        "bytes": len(text.encode()),
        "surprise": [round(float(part.sum()), 3) for part in np.array_split(surprises, PIECES)],
        "bits_a_weight": round(spent, 4),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("real_rounded", SETTINGS, measure)
