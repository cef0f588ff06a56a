"""How long are the runs that an n-gram model copies from what it has read?

Texts are drawn from models of Shakespeare, with and without smoothing, in characters and in words; of each
the longest run is measured that stands in the training text. The held-out plays are the yardstick, since
Shakespeare says again what he has said before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from lmcourse import ngram
from lmcourse.decoding import generate_batch, longest_copied
from lmcourse.experiments import run
from lmcourse.ngram import NgramCounts, NgramModel, count_ngrams
from lmcourse.text import shakespeare_split
from lmcourse.vocabulary import Vocabulary

SAMPLES = 40
LENGTH = {"characters": 300, "words": 150}  # tokens of each text
ORDERS = {"characters": 7, "words": 5}
METHODS = ("maximum_likelihood", "modified_kneser_ney")
SETTINGS = [
    {"unit": unit, "source": source, "n": n}
    for unit, longest in ORDERS.items()
    for source, orders in {**dict.fromkeys(METHODS, range(1, longest + 1)), "held-out plays": [0]}.items()
    for n in orders
]
AGAIN = {"unit": "words", "source": "maximum_likelihood", "n": 5}  # a quick one, measured anew by every test


def tokens_of(text: str, unit: str) -> list[str]:
    """The characters of a text, or its words and punctuation marks."""
    return list(text) if unit == "characters" else re.findall("[A-Za-z']+|[.,;:!?]", text)


@lru_cache(maxsize=1)
def corpus(unit: str) -> tuple[Vocabulary, np.ndarray, NgramCounts, np.ndarray]:
    """The vocabulary, what is learned from (ids), its n-grams, and the held-out plays (ids).

    Of the characters the first 1.5 million are read, as on the ladder; of the words all.
    """
    training_text, held_out = shakespeare_split()
    train, fresh = tokens_of(training_text, unit), tokens_of(held_out, unit)
    unknown = "<unk>" if unit == "words" else None
    vocab = Vocabulary(([unknown] if unknown else []) + sorted(set(train)), unknown=unknown)
    ids = np.array(vocab.encode(train[:1_500_000] if unit == "characters" else train))
    return vocab, ids, count_ngrams([ids], len(vocab), ORDERS[unit]), np.array(vocab.encode(fresh))


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """The longest copied run of each sample, in tokens."""
    unit, source, n = setting["unit"], setting["source"], setting["n"]
    vocab, ids, counts, fresh = corpus(unit)
    if n:
        model = NgramModel(vocab, counts.up_to(n), getattr(ngram, source))
        rngs = [np.random.default_rng(seed) for seed in rng.integers(2**63, size=SAMPLES)]
        texts = generate_batch(model, [[]] * SAMPLES, LENGTH[unit], rngs=rngs)
    else:
        starts = rng.integers(len(fresh) - LENGTH[unit], size=SAMPLES)
        texts = [fresh[start : start + LENGTH[unit]].tolist() for start in starts]
    return {"longest_runs": [longest_copied(text, ids) for text in texts]}


if __name__ == "__main__":
    run("copied_runs", SETTINGS, measure)
