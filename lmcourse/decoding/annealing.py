"""Two ways to lower the temperature of a whole sentence, which do not agree.

A sampler anneals each step: every conditional probability is raised to the power 1/T and renormalised, by a
sum of its own, before the factors are multiplied. Annealing the whole sentence raises the product itself to
the power 1/T and renormalises once. The two differ because the sums of the steps differ from context to
context. Both are exact here, so the language must be small enough to list. Source of the remark that they
differ: the introduction to CS324 (Stanford 2022).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lmcourse.decoding.filters import anneal
from lmcourse.model import LanguageModel, check_distribution, log

MAX_TOKENS = 1_000  # a sentence that has not ended by then is reported
Sentences = dict[
    tuple[int, ...], float
]  # token ids of a complete sentence, end token included -> probability


def enumerate_sentences(model: LanguageModel, end: int | None = None, limit: int = 200) -> Sentences:
    """Every complete sentence of a small language with its probability, the most probable first.

    Args:
        model: any language model.
        end: id of the token that closes a sentence; by default `model.end`.
        limit: how many sentences to list at most.

    Raises:
        ValueError: if there are more than `limit` sentences (perhaps infinitely many), if the model falls
            silent before the end token, if `end` is not a token id, or if there is none.
    """
    found = _walk(model, end, 1.0, limit)
    return dict(sorted(found.items(), key=lambda item: (-round(item[1], 12), item[0])))


def anneal_each_step(
    model: LanguageModel, temperature: float, end: int | None = None, limit: int = 200
) -> Sentences:
    """Probability of every sentence when each next-token distribution is annealed: what a sampler draws from.

    Same sentences, order and errors as `enumerate_sentences`; at T = 0 most of them have probability 0.
    """
    annealed = _walk(model, end, temperature, limit)
    return {ids: annealed[ids] for ids in enumerate_sentences(model, end, limit)}


def anneal_whole(sentences: Mapping[tuple[int, ...], float], temperature: float) -> Sentences:
    """Anneal the distribution over complete sentences: p^(1/T), divided by the sum over all sentences.

    Logarithms are rounded to 12 decimals first, so that equal products of different factors tie at T = 0.
    """
    probs = check_distribution(list(sentences.values()), "the sentences' probabilities")
    annealed = np.exp(anneal(np.round(log(probs), 12), temperature))
    return dict(zip(sentences, annealed.tolist()))


def total_variation(p: Mapping[tuple[int, ...], float], q: Mapping[tuple[int, ...], float]) -> float:
    """Half the sum of |p - q|: 0 for equal distributions, 1 for two that share no outcome.

    It is also the largest difference between the probabilities that p and q give to any one event.
    """
    return sum(abs(p.get(ids, 0.0) - q.get(ids, 0.0)) for ids in {**p, **q}) / 2


def _walk(model: LanguageModel, end: int | None, temperature: float, limit: int) -> Sentences:
    """All sentences with the product of their annealed conditionals, one level of the tree after another."""
    end = model.end if end is None else end
    if end is None:
        raise ValueError("this model has no end token of its own; say which one closes a sentence: end=…")
    model.vocab.check_ids([end])
    if int(limit) != limit or limit < 1:
        raise ValueError(f"limit={limit} must be a whole number, 1 or more")
    finished: Sentences = {}
    reader, open_prefixes = model.reader(), [((), 0.0)]
    for _ in range(MAX_TOKENS):
        parents, longer = [], []
        for place, ((prefix, score), row) in enumerate(zip(open_prefixes, reader.log_probs())):
            possible = np.flatnonzero(np.isfinite(row)).tolist()
            if not possible:
                said = model.vocab.decode(prefix)
                raise ValueError(f"the model falls silent after {said!r}, before its end token")
            annealed = anneal(row, temperature)
            for token in possible:
                said, worth = (*prefix, token), score + float(annealed[token])
                if token == end:
                    finished[said] = float(np.exp(worth))
                else:
                    parents.append(place)
                    longer.append((said, worth))
        if not longer:
            return finished
        # Each open prefix becomes at least one sentence, so this is a lower bound on their number.
        if len(finished) + len(longer) > limit:
            at_least = len(finished) + len(longer)
            raise ValueError(
                f"this language has over {limit} sentences (at least {at_least}); take a smaller one"
            )
        reader.select(parents)
        reader.read([said[-1] for said, _ in longer])
        open_prefixes = longer
    raise ValueError(
        f"a sentence of {MAX_TOKENS} tokens has not reached the end token {model.vocab.tokens[end]!r}"
    )
