"""Beam search: several hypotheses side by side."""

from __future__ import annotations

import math

import numpy as np

from lmcourse.decoding.filters import Decoding
from lmcourse.decoding.generation import check_prompt
from lmcourse.model import LanguageModel, Tokens, check_whole


def beam_search(
    model: LanguageModel,
    prompt: Tokens = "",
    width: int = 4,
    max_tokens: int = 20,
    decoding: Decoding | None = None,
    length_penalty: float = 0.0,
    end: int | None = None,
) -> list[tuple[list[int], float]]:
    """Search for a probable continuation, keeping the `width` best unfinished hypotheses of each length.

    A hypothesis that says `end` is finished if it is then among the `width` best of its length, and dropped
    if not; so width 1 is greedy decoding, and a beam wide enough to drop nothing finds the most probable
    continuation. Those cut off at `max_tokens` compete as they are.

    Args:
        model: any language model.
        prompt: text or token ids.
        width: hypotheses kept at each length.
        max_tokens: at most so many new tokens.
        decoding: reshapes each distribution first, for example blocks n-grams; scores are then sums of the
            reshaped log-probabilities.
        length_penalty: finished hypotheses are compared by score / length^length_penalty. At 0, whole
            log-probabilities, short ones have an advantage; at 1 the mean per token decides (Wu et al. 2016).
        end: the token that finishes a hypothesis.

    Returns:
        Up to `width` pairs (new token ids, score), the best first.
    """
    width = check_whole(width, "width")
    if not 0 <= length_penalty < math.inf:
        raise ValueError(f"length_penalty={length_penalty} must be 0 or more, and finite")
    prompt_ids = check_prompt(model, prompt, max_tokens, end)
    open_beams: list[tuple[list[int], float]] = [([], 0.0)]
    finished: list[tuple[list[int], float]] = []

    def worth(hypothesis: tuple[list[int], float]) -> float:
        return hypothesis[1] / len(hypothesis[0]) ** length_penalty

    for _ in range(max_tokens):
        contexts = [prompt_ids + said for said, _ in open_beams]
        rows = model.next_log_probs([model.window(context) for context in contexts])  # (beams, V)
        if decoding is not None:
            rows = np.array([decoding.apply(row, context) for row, context in zip(rows, contexts)])
        scores = np.array([score for _, score in open_beams])[:, None] + rows
        # At most `width` of the candidates say `end`, so that twice as many leave enough to go on with.
        candidates = np.argsort(-scores, axis=None, kind="stable")[: 2 * width]
        extended = []
        for place, (beam, token) in enumerate(zip(*np.unravel_index(candidates, scores.shape))):
            if np.isneginf(scores[beam, token]):
                break  # so are all that follow
            hypothesis = ([*open_beams[beam][0], int(token)], float(scores[beam, token]))
            if token != end:
                extended.append(hypothesis)
            elif place < width:
                finished.append(hypothesis)
        open_beams = extended[:width]
        finished = sorted(finished, key=worth, reverse=True)[:width]
        # A score can only fall as a hypothesis grows, and no length divides it by more than the last one.
        if not open_beams:
            break
        best_to_come = open_beams[0][1] / max_tokens**length_penalty
        if len(finished) == width and best_to_come <= worth(finished[-1]):
            break
    else:
        finished += open_beams  # cut off: unfinished hypotheses compete as they are
    return sorted(finished, key=worth, reverse=True)[:width]
