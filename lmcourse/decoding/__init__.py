"""Decoding: turning next-token distributions into text.

Read in this order:

    filters.py      what reshapes a distribution: temperature, top-k, top-p, min-p, penalties, blocking
    generation.py   a prompt continued token by token
    beam.py         several hypotheses side by side
    repetition.py   how repetitive the outcome is
    annealing.py    annealing each step against annealing the whole sequence
"""

from lmcourse.decoding.annealing import (
    Sentences,
    anneal_each_step,
    anneal_whole,
    enumerate_sentences,
    total_variation,
)
from lmcourse.decoding.beam import Hypothesis, beam_search
from lmcourse.decoding.filters import (
    GREEDY,
    Decoding,
    anneal,
    block_ngrams,
    min_p,
    normalise,
    penalise_repeats,
    rank,
    top_k,
    top_p,
)
from lmcourse.decoding.generation import generate, generate_batch, open_reader
from lmcourse.decoding.repetition import distinct_n, longest_copied, repetition_rate

__all__ = [
    "GREEDY",
    "Decoding",
    "Hypothesis",
    "Sentences",
    "anneal",
    "anneal_each_step",
    "anneal_whole",
    "beam_search",
    "block_ngrams",
    "distinct_n",
    "enumerate_sentences",
    "generate",
    "generate_batch",
    "longest_copied",
    "min_p",
    "normalise",
    "open_reader",
    "penalise_repeats",
    "rank",
    "repetition_rate",
    "top_k",
    "top_p",
    "total_variation",
]
