"""Ways to look for a needle with a network that has learned haystacks of `LENGTH` tokens.

In `WAYS` all of the text is read, with another mask or other places; in `OTHERS` something else is read
in its stead: its end, chunks of it, a summary. Each gives the log-probabilities of the answers.

No text that was learned from begins with a fact, and a network reads one badly in its very first place. So
what is composed here, a chunk behind the first, notes, a summary, begins with a full stop.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from lmcourse.inference.long_text import chunks, condense, interpolated, ntk_base, sliding_window, strided
from lmcourse.inference.needles import UNKNOWN, Haystack, ids_of, is_fact, question, sentences
from lmcourse.transformer.network import Transformer

LENGTH = 48  # tokens that the network has learned to read; the question is two of them
ROOM = LENGTH - 2  # for the text
NEEDLE, SINKS, STRIDE = 3, 4, 12  # tokens of a fact; first ones kept beside a window; between those seen
STOP = [ids_of()["."]]  # in front of what is composed
SUMMARY, KEPT = 6, 3  # sentences of a chunk, and the most that its summary has


class Way(NamedTuple):
    """How all of a text is read. None: each token sees all before it; stands at 0, 1, …; RoPE as it was."""

    mask: Callable[[int], np.ndarray] | None = None  # of a length
    places: Callable[[int, float], np.ndarray] | None = None  # of a length and a factor
    base: Callable[[float, float, int], float] | None = None  # of the base, a factor, and a head's numbers

    def positions(self, length: int, factor: float) -> torch.Tensor | None:
        """Where the tokens stand, (T,), if not at 0, 1, …"""
        return torch.from_numpy(self.places(length, factor)) if self.places else None

    def with_base(self, module: Transformer, factor: float) -> Transformer:
        """The network with the way's base; the weights are shared."""
        if not self.base:
            return module
        other = copy.copy(module)
        base = self.base(module.config.rope_base, factor, module.config.d_head)
        other.config = replace(module.config, rope_base=base)
        return other


WHOLE = Way()
WAYS = {
    "whole": WHOLE,
    "interpolated": Way(places=interpolated),
    "ntk": Way(base=ntk_base),
    "window": Way(mask=lambda length: sliding_window(length, LENGTH)),
    "window and sinks": Way(mask=lambda length: sliding_window(length, LENGTH - SINKS, SINKS)),
    "strided": Way(mask=lambda length: strided(length, STRIDE)),
}


def hidden(
    module: Transformer, tokens: torch.Tensor, way: Way = WHOLE, factor: float | None = None
) -> torch.Tensor:
    """What the output reads, (N, T, D); the factor is by itself as large as it must be."""
    length = tokens.shape[1]
    factor = max(1.0, length / LENGTH) if factor is None else factor
    with torch.no_grad():
        mask = way.mask(length) if way.mask else None
        return way.with_base(module, factor).hidden(tokens, mask, way.positions(length, factor))


def answers(
    module: Transformer, rows: list[list[int]], way: Way = WHOLE, factor: float | None = None
) -> np.ndarray:
    """Log-probabilities of what follows texts of any lengths, (N, V)."""
    found = np.zeros((len(rows), module.config.vocab_size))
    lengths = np.array(list(map(len, rows)))
    for length in sorted(set(lengths.tolist())):
        which = np.flatnonzero(lengths == length)
        last = hidden(module, torch.tensor([rows[i] for i in which]), way, factor)[:, -1]
        found[which] = module.logits(last).log_softmax(-1).detach().numpy()
    return found


def pieces(texts: list[Haystack], size: int, overlap: int) -> list[tuple[int, int]]:
    """Ranges of the chunks of texts of one length, which is one if it fits as it is.

    Raises ValueError for texts of several lengths.
    """
    lengths = {len(one.text) for one in texts}
    if len(lengths) != 1:
        raise ValueError(f"texts of lengths {sorted(lengths)}; cut texts of one length at a time")
    length = lengths.pop()
    return [(0, length)] if length <= ROOM else chunks(length, size, overlap)


def in_chunks(module: Transformer, texts: list[Haystack], overlap: int) -> np.ndarray:
    """Of each text the answer of the chunk that gives "unknown" the least probability, (N, V)."""
    cut = pieces(texts, ROOM - 1, overlap)
    parts = [
        [*(STOP if begin else []), *one.text[begin:end], *question(one.name)]
        for one in texts
        for begin, end in cut
    ]
    found = answers(module, parts).reshape(len(texts), len(cut), -1)
    return found[np.arange(len(texts)), found[:, :, ids_of()[UNKNOWN]].argmin(axis=1)]


def carried(module: Transformer, texts: list[Haystack]) -> np.ndarray:
    """The last answers of a reader who goes from chunk to chunk with a note of what was found, (N, V)."""
    notes: list[list[int]] = [[] for _ in texts]
    for begin, end in pieces(texts, ROOM - 1 - NEEDLE, NEEDLE - 1):
        parts = [
            [*(STOP if begin else []), *note, *one.text[begin:end], *question(one.name)]
            for note, one in zip(notes, texts)
        ]
        found = answers(module, parts)
        for i, best in enumerate(found.argmax(axis=1).tolist()):
            if best != ids_of()[UNKNOWN]:
                notes[i] = [ids_of()[texts[i].name], best, ids_of()["."]]
    return found


def summary(one: Haystack, rng: np.random.Generator, known: bool = False) -> list[list[int]]:
    """Facts that are left when chunks of six sentences are cut to three facts, until there are six.

    Which three is left to chance; if it is known what will be asked, what speaks of that mouse is kept.
    """

    def shorten(part):
        facts = [sentence for sentence in part if is_fact(sentence)]
        if known:
            return [sentence for sentence in facts if sentence[0] == ids_of()[one.name]]
        return [facts[i] for i in sorted(rng.permutation(len(facts))[:KEPT])]

    return condense(sentences(one.text), SUMMARY, shorten)[0]


def from_summaries(module: Transformer, texts: list[Haystack], known: bool) -> np.ndarray:
    """Answers of a reader of the summaries alone, (N, V)."""
    rng = np.random.default_rng(13)
    left = [[token for sentence in summary(one, rng, known) for token in sentence] for one in texts]
    return answers(module, [[*STOP, *text, *question(one.name)] for text, one in zip(left, texts)])


OTHERS = {  # ways that read something else than the text
    "end": lambda module, texts: answers(module, [one.ids[-LENGTH:] for one in texts]),
    "chunks": lambda module, texts: in_chunks(module, texts, 0),
    "overlapping chunks": lambda module, texts: in_chunks(module, texts, NEEDLE - 1),
    "carried": carried,
    "summary": lambda module, texts: from_summaries(module, texts, False),
    "summary for the question": lambda module, texts: from_summaries(module, texts, True),
}
