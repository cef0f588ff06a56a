"""Beam search: several hypotheses side by side."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lmcourse.decoding.filters import Decoding
from lmcourse.decoding.generation import End, end_tokens, open_reader
from lmcourse.model import LanguageModel, Tokens, check_whole


class Hypothesis(NamedTuple):
    """What was said after the prompt, and its log-probability."""

    tokens: list[int]
    score: float


def beam_search(
    model: LanguageModel,
    prompt: Tokens = "",
    width: int = 4,
    max_tokens: int = 20,
    decoding: Decoding | None = None,
    length_penalty: float = 0.0,
    end: End = None,
) -> list[Hypothesis]:
    """Search for a probable continuation, keeping the `width` best unfinished hypotheses of each length.

    A hypothesis that says an end token is finished if it is then among the `width` best of its length, and
    dropped if not; so, without a length penalty, width 1 is greedy decoding, and a beam wide enough to drop
    nothing finds the most probable continuation. One after which the model says nothing is finished too; one
    that only `decoding` silences is dropped. Those cut off at `max_tokens` compete as they are.

    Args:
        model: any language model.
        prompt: text or token ids.
        width: hypotheses kept at each length.
        max_tokens: at most so many new tokens.
        decoding: reshapes each distribution first, for example blocks n-grams; scores are then sums of the
            reshaped log-probabilities.
        length_penalty: finished hypotheses are compared by score / length^length_penalty. At 0, whole
            log-probabilities, short ones have an advantage; at 1 the mean per token decides. (Wu et al. 2016
            divide by ((5 + length) / 6)^length_penalty instead.)
        end: the token or tokens that finish a hypothesis; by default the one that closes the model's texts.

    Returns:
        Up to `width` pairs (new token ids, score), the best first.
    """
    width = check_whole(width, "width")
    if not 0 <= length_penalty < math.inf:
        raise ValueError(f"length_penalty={length_penalty} must be 0 or more, and finite")
    check_whole(max_tokens, "max_tokens")
    ends = end_tokens(model, end)
    (start,), reader = open_reader(model, [prompt])
    beams, finished = [Hypothesis([], 0.0)], []

    def worth(hypothesis: Hypothesis) -> float:
        return hypothesis.score / len(hypothesis.tokens) ** length_penalty

    for left in reversed(range(max_tokens)):
        rows = reader.log_probs()  # (beams, V)
        finished += [beam for beam, row in zip(beams, rows) if np.all(np.isneginf(row))]
        if decoding is not None:
            rows = decoding.apply_rows(rows, [start + beam.tokens for beam in beams])
        parents, beams, ended = _extend(beams, rows, width, ends)
        finished = sorted(finished + ended, key=worth, reverse=True)[:width]
        # A score can only fall as a hypothesis grows, and no length divides it by more than the last one.
        best_to_come = beams[0].score / max_tokens**length_penalty if beams else -math.inf
        if not beams or (len(finished) == width and best_to_come <= worth(finished[-1])):
            return finished
        if left:
            reader.select(parents)
            reader.read([beam.tokens[-1] for beam in beams])
    return sorted(finished + beams, key=worth, reverse=True)[:width]


def _extend(
    beams: list[Hypothesis], rows: np.ndarray, width: int, ends: frozenset[int]
) -> tuple[list[int], list[Hypothesis], list[Hypothesis]]:
    """One token more: the row that each of the `width` best comes from, those that go on, and those that end.

    Args:
        beams: the hypotheses.
        rows: log-probabilities of their next tokens, (beams, V).
        width: as in `beam_search`.
        ends: ids of the tokens that finish one.
    """
    scores = np.array([beam.score for beam in beams])[:, None] + rows
    parents, longer, ended = [], [], []
    # Each row has at most one candidate for each end token, so that so many leave enough to go on with.
    candidates = np.argsort(-scores, axis=None, kind="stable")[: width * (1 + len(ends))]
    for place, (row, token) in enumerate(zip(*np.unravel_index(candidates, scores.shape))):
        if np.isneginf(scores[row, token]):
            break  # so are all that follow
        hypothesis = Hypothesis([*beams[row].tokens, int(token)], float(scores[row, token]))
        if token in ends:
            if place < width:
                ended.append(hypothesis)
        elif len(longer) < width:
            parents.append(int(row))
            longer.append(hypothesis)
    return parents, longer, ended
