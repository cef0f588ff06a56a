"""The mask switcher: four families of Transformers, what each of their places sees, and what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import traitlets

from lmcourse.neural.bells import uniforms
from lmcourse.transformer.masks import causal, everything, prefix
from lmcourse.widgets.base import HERE, Widget, script

FAMILIES = ["encoder", "encoder-decoder", "decoder", "prefix"]
BEGIN, MASK, SENTINELS = "<s>", "[MASK]", ["<x>", "<y>", "<z>"]
LONGEST, MOST_SEED = 8, 99
SENTENCES = [
    "the mice that the cat sees hide .",
    "the dog near the birds sleeps .",
    "the birds that the cat chases run .",
    "the cat near the mouse hides .",
    "the dogs that the mouse sees sleep .",
    "the mouse near the cats runs .",
]


class Example(NamedTuple):
    """What goes in at each of n places, what should come out there, whether that counts, who sees whom."""

    inputs: list[str]
    targets: list[str]  # empty where nothing is asked
    judged: list[bool]
    visible: list[list[bool]]  # (n, n)
    source: int  # places that belong to the encoder of an encoder-decoder; otherwise 0


class MaskSwitcher(Widget):
    """One sentence as each family reads it: the mask as a grid, the objective, and a batch of one row.

    The page draws each example itself, from the seed. *Encoder*: one word in seven is chosen, one at least;
    of these 80 % are hidden, 10 % replaced, 10 % kept (BERT). *Encoder-decoder*: two spans, three tokens in
    ten together, are cut out and said by the decoder (T5, whose rate of 15 % would take one word of these
    sentences). *Decoder*: each word from those before it (GPT). *Prefix*: the same after a beginning that is
    seen whole (UniLM).

    Args:
        sentences: each of four to eight tokens; one of them is drawn.
        family: "encoder", "encoder-decoder", "decoder" or "prefix".
        seed: of the draw, from 0 to 99.

    Raises:
        ValueError: for sentences of another length, or a seed out of range.
        TraitError: for another family.

    >>> MaskSwitcher(["the cat sleeps ."], "decoder").example.inputs
    ['<s>', 'the', 'cat', 'sleeps']
    """

    _esm = script("mask_switcher.js")
    _css = HERE / "mask_switcher.css"

    family = traitlets.Enum(FAMILIES, "encoder").tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    sentences = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)

    def __init__(self, sentences: Sequence[str] = SENTENCES, family: str = "encoder", seed: int = 0):
        words = [sentence.split() for sentence in sentences]
        for sentence in words:
            if not 4 <= len(sentence) <= LONGEST:
                raise ValueError(
                    f"{' '.join(sentence)!r} has {len(sentence)} tokens; take sentences of 4 to {LONGEST}"
                )
        if not words:
            raise ValueError("the switcher needs a sentence; got none")
        super().__init__(sentences=words, family=family, seed=seed)

    @traitlets.validate("seed")
    def _check_seed(self, proposal: dict) -> int:
        if not 0 <= proposal["value"] <= MOST_SEED:
            raise ValueError(f"seed={proposal['value']} must lie between 0 and {MOST_SEED}")
        return proposal["value"]

    @property
    def example(self) -> Example:
        """What the page shows."""
        chance = iter(uniforms(self.seed, 0, 100).tolist())
        words = self.sentences[_whole(chance, len(self.sentences))]
        if self.family == "encoder":
            vocabulary = sorted({word for sentence in self.sentences for word in sentence})
            return _masked(words, vocabulary, chance)
        if self.family == "encoder-decoder":
            return _spans(words, chance)
        known = 2 + _whole(chance, len(words) - 1) if self.family == "prefix" else 1
        visible = prefix(len(words), known) if self.family == "prefix" else causal(len(words))
        judged = [i >= known - 1 for i in range(len(words))]
        targets = [word if counts else "" for word, counts in zip(words, judged)]
        return Example([BEGIN, *words[:-1]], targets, judged, visible.tolist(), 0)


def _whole(chance: Iterator[float], below: int) -> int:
    return int(next(chance) * below)


def _chosen(chance: Iterator[float], of: int, n: int) -> list[int]:
    """So many of 0 … of - 1, in order: those with the smallest numbers."""
    drawn = [next(chance) for _ in range(of)]
    return sorted(np.argsort(drawn, kind="stable")[:n].tolist())


def _masked(words: list[str], vocabulary: list[str], chance: Iterator[float]) -> Example:
    places = _chosen(chance, len(words), max(1, int(0.15 * len(words) + 0.5)))
    inputs, targets = list(words), [""] * len(words)
    for place in places:
        fate, word = next(chance), vocabulary[_whole(chance, len(vocabulary))]
        inputs[place] = MASK if fate < 0.8 else word if fate < 0.9 else words[place]
        targets[place] = words[place]
    judged = [i in places for i in range(len(words))]
    return Example(inputs, targets, judged, everything(len(words)).tolist(), 0)


def _spans(words: list[str], chance: Iterator[float]) -> Example:
    noise = max(2, int(0.3 * len(words) + 0.5))
    first = 1 + _whole(chance, noise - 1)
    kept = len(words) - noise
    a, b = _chosen(chance, kept + 1, 2)  # gaps among the kept words
    ends = [(a, a + first), (b + first, b + noise)]
    source = [*words[:a], SENTINELS[0], *words[ends[0][1] : ends[1][0]], SENTINELS[1], *words[ends[1][1] :]]
    said = [SENTINELS[0], *words[slice(*ends[0])], SENTINELS[1], *words[slice(*ends[1])], SENTINELS[2]]
    n, m = len(source), len(said)
    visible = np.zeros((n + m, n + m), dtype=bool)
    visible[:, :n] = True
    visible[n:, n:] = causal(m)
    judged = [False] * n + [True] * m
    return Example([*source, BEGIN, *said[:-1]], [""] * n + said, judged, visible.tolist(), n)
