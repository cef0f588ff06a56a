"""Knowledge in bits: facts that were drawn evenly, and how much of them a model holds.

The world is `RankedFacts` with all mice equally famous (exponent 0). Its n facts, each one of m objects drawn
evenly and independently, are n log2(m) bits. A model that gives the right object of a fact the probability p
makes it cheaper to tell: log2(1/p) bits instead of log2(m). What is saved over all facts must be in the
model, for together with what remains to be told it gives the facts back, and fewer bits than were drawn
cannot do that on average: Shannon's source coding theorem. So

    bits held = sum over facts of (log2(m) - log2(1/p))

is a lower bound for what the model stores. No term may be left out, a negative one least of all: a model that
guesses firmly and at random would seem to know a part of all facts.

Source: Allen-Zhu and Li (2024), *Physics of language models: part 3.3*, whose lower bound this is, without
their terms for names. Left out: facts that are told in several ways, and what else a text tells.
"""

from __future__ import annotations

import numpy as np

from lmcourse.world.ranked_facts import RankedFacts

SHARES = np.concatenate([[0.0], np.geomspace(1e-4, 1, 31)])  # of caution, tried by `bits_held`


def total_bits(world: RankedFacts) -> float:
    """Bits that were drawn for all facts of a world: n log2(m).

    >>> total_bits(RankedFacts(0, n_names=2, n_relations=3, n_objects=4))  # 12 facts of 2 bits
    24.0
    """
    return float(world.facts.size * np.log2(world.n_objects))


def questions(world: RankedFacts) -> tuple[np.ndarray, np.ndarray]:
    """All that can be asked, (n, 3): first name, family, relation, each from 0; and the objects (n,)."""
    mice, relations = np.divmod(np.arange(world.facts.size), world.n_relations)
    asked = np.stack([mice // world.n_names, mice % world.n_names, relations], axis=1)
    return asked, world.facts.ravel()


def bits_saved(log_probs: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """What each fact is cheaper to tell, in bits: log2(m) + log2(p), negative if p < 1/m.

    Args:
        log_probs: of all m objects as answers to n questions, in nats; (n, m).
        answers: the right ones, (n,).

    Raises ValueError for shapes that do not belong together, and for rows that are no distributions.
    """
    log_probs = np.asarray(log_probs, dtype=float)
    if log_probs.ndim != 2 or np.shape(answers) != log_probs.shape[:1]:
        raise ValueError(
            f"log_probs {log_probs.shape} and answers {np.shape(answers)} must be (n, m) and (n,)"
        )
    sums = np.exp(log_probs).sum(axis=1)
    if not np.allclose(sums, 1, atol=1e-3):
        worst = sums[np.abs(sums - 1).argmax()]
        raise ValueError(f"probabilities add up to {worst:.4g} in a row; normalise them over the objects")
    right = log_probs[np.arange(len(log_probs)), answers]
    return np.log2(log_probs.shape[1]) + right / np.log(2)


def bits_held(log_probs: np.ndarray, answers: np.ndarray) -> float:
    """Bits of knowledge: the sum of `bits_saved`, with as much caution as serves best.

    A model may be too sure of itself, above all after its weights were rounded: then the even distribution
    is mixed in, one share of 32 for all facts (`SHARES`). To tell which takes 5 bits, which are not counted.
    With all of it, nothing is held, so that the result is never negative.

    Raises ValueError as `bits_saved`.

    >>> with np.errstate(divide="ignore"):
    ...     sure = np.log(np.eye(4))  # object 0 to question 0, and so on
    >>> bits_held(sure, [0, 1, 2, 3]), bits_held(np.full((4, 4), np.log(1 / 4)), [0, 1, 2, 3])
    (8.0, 0.0)
    """
    with np.errstate(divide="ignore"):
        saved = bits_saved(log_probs, answers)
        ratios = 2.0**saved  # m p
        sums = [np.log2((1 - share) * ratios + share).sum() for share in SHARES]
    return max(0.0, float(max(sums)))


def clipped_bits(log_probs: np.ndarray, answers: np.ndarray) -> float:
    """What is *not* a bound: the sum of `bits_saved` without its negative terms."""
    return float(np.maximum(bits_saved(log_probs, answers), 0).sum())
