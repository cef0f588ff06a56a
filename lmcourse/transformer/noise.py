"""How texts are spoilt for a network to mend: replaced tokens, and spans cut out.

Pure functions of a text and a generator; `objectives` makes batches of them. Left out: sentences in another
order, as BART reads them; deleted tokens and rotated documents, which its authors tried and did not keep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def random_replacements(
    ids: np.ndarray,
    chosen: np.ndarray,
    mask: int,
    vocab_size: int,
    masked: float,
    random: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Chosen tokens become `mask`, or a word drawn evenly from all, or stay: a new array like `ids`.

    Args:
        ids: token ids, of any shape.
        chosen: True where a token may be replaced, of the same shape.
        mask: the id that hides.
        vocab_size: V; words are 0 … V - 1.
        masked: share of the chosen that are hidden.
        random: share that become a word; it may be the same one.
        rng: decides.
    """
    fate = rng.random(ids.shape)
    words = rng.integers(vocab_size, size=ids.shape)
    replaced = np.where(fate < masked, mask, np.where(fate < masked + random, words, ids))
    return np.where(chosen, replaced, ids)


def span_numbers(length: int, rate: float, mean_span: float) -> tuple[int, int]:
    """How many tokens `even_spans` cuts out of a text, in how many spans. Raises ValueError as it does."""
    _check(rate, mean_span, least=1)
    if length < 2:
        raise ValueError(f"of a text of length={length} no span can be cut with a token left; two are needed")
    noise = min(max(round(rate * length), 1), length - 1)
    return noise, min(max(round(noise / mean_span), 1), length - noise + 1)


def even_spans(length: int, rate: float, mean_span: float, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Spans to cut out of a text: (first place, place after the last) of each, from left to right.

    The number of tokens is `rate * length`, rounded, that of spans is theirs over `mean_span`, rounded, both
    at least one; one token at least is left, and one between two spans. Of all ways to do so each is equally
    likely.

    Source: Raffel et al. 2020, and the authors' `random_spans_noise_mask` for the numbers. There, a text
    begins with a token that is kept and ends with a span; where there is one span, as in a short sentence,
    it would always be the end. Here a span may stand anywhere.

    Raises ValueError for a text of one token, a rate not between 0 and 1, spans shorter than 1 on average.
    """
    noise, n_spans = span_numbers(length, rate, mean_span)
    cuts = 1 + np.sort(rng.choice(noise - 1, n_spans - 1, replace=False))
    return spread(np.diff([0, *cuts, noise]), length, rng)


def poisson_spans(length: int, rate: float, mean_span: float, rng: np.random.Generator) -> list[int]:
    """Lengths of spans, `rate * length` tokens in all, rounded up; a length may be 0.

    They are drawn from a Poisson distribution until that number is reached; the last is cut to fit. The order
    is random. A text of so many tokens has room for them, see `spread`.

    Source: Lewis et al. 2020 (BART), section 2.2; mean 3.
    """
    _check(rate, mean_span, least=0)
    left = math.ceil(rate * length)
    room = length - left + 1
    lengths: list[int] = []
    while left:
        # where only one more span has room, it takes all that is left
        drawn = int(rng.poisson(mean_span)) if len(lengths) + 1 < room else left
        lengths.append(min(drawn, left))
        left -= lengths[-1]
    return rng.permutation(lengths).tolist()


def spread(lengths: Sequence[int], length: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Places for spans of these lengths, in this order: (first place, place after the last) of each.

    What is kept has a gap before, between and after its tokens; each span gets a gap of its own, all choices
    equally likely. Raises ValueError if there are too few.
    """
    kept = length - int(sum(lengths))
    if len(lengths) > kept + 1:
        raise ValueError(
            f"{len(lengths)} spans cannot stand apart among {kept} tokens; use longer spans, or fewer"
        )
    gaps = np.sort(rng.choice(kept + 1, len(lengths), replace=False))
    ends = np.cumsum(lengths, dtype=int) + gaps
    return [(int(end - size), int(end)) for end, size in zip(ends, lengths)]


def infill(
    text: Sequence[int], mask: int, rng: np.random.Generator, rate: float = 0.3, mean_span: float = 3.0
) -> list[int]:
    """Each of some spans becomes one `mask`, however long it was; where it had no token, a mask is put in.

    How many tokens are missing at a mask is to be found out, too.

    Source: Lewis et al. 2020, section 2.2, "text infilling", lengths Poisson(3); section 5.1: 30 % of tokens.

    Args:
        text: token ids.
        mask: the id that stands for a span.
        rng: draws the spans.
        rate: share of tokens in spans, rounded up, above 0 and below 1.
        mean_span: the Poisson distribution's mean.
    """
    spoilt: list[int] = []
    end = 0
    for begin, after in spread(poisson_spans(len(text), rate, mean_span, rng), len(text), rng):
        spoilt += [*text[end:begin], mask]
        end = after
    return [*spoilt, *text[end:]]


def _check(rate: float, mean_span: float, least: float) -> None:
    if not 0 < rate < 1:
        raise ValueError(f"rate={rate} is the share of tokens cut out; it must lie between 0 and 1")
    if not (mean_span >= least and mean_span > 0):
        raise ValueError(f"mean_span={mean_span} is too short; use {least or 'more than 0'} at least")
