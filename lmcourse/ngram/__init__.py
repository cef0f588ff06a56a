"""n-gram models: count sequences of up to N tokens, and decide what to do about those that were never seen.

Read in this order:

    counts.py       all n-grams of a text, in sorted integer arrays
    smoothing.py    from counts to probabilities: add-k, Jelinek-Mercer, Witten-Bell, absolute discounting,
                    Kneser-Ney; one function each
    backoff.py      the other shape of smoothing: Katz, stupid backoff
    em.py           the weights of Jelinek-Mercer, by expectation-maximisation
    model.py        the language model that these make: batched, fast to score, saved and loaded
    rows.py         its reader, which asks for many texts at once
    simple.py       the plain model of the first chapters: one text, one number of smoothing
    adaptive.py     counts that go on learning from the text while they read it
"""

from lmcourse.ngram.adaptive import AdaptiveModel
from lmcourse.ngram.backoff import katz, stupid_backoff
from lmcourse.ngram.counts import NgramCounts, count_ngrams
from lmcourse.ngram.em import em_weights
from lmcourse.ngram.model import NgramModel
from lmcourse.ngram.simple import CountModel
from lmcourse.ngram.smoothing import (
    absolute_discounting,
    add_k,
    dirichlet,
    jelinek_mercer,
    kneser_ney,
    maximum_likelihood,
    modified_kneser_ney,
    witten_bell,
)

__all__ = [
    "AdaptiveModel",
    "CountModel",
    "NgramCounts",
    "NgramModel",
    "absolute_discounting",
    "add_k",
    "count_ngrams",
    "dirichlet",
    "em_weights",
    "jelinek_mercer",
    "katz",
    "kneser_ney",
    "maximum_likelihood",
    "modified_kneser_ney",
    "stupid_backoff",
    "witten_bell",
]
