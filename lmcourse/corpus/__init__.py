"""What is in the data? Copies found exactly and nearly, pages judged by rules, text that is read again.

Read in this order:

    exact.py        the same text twice, found by its fingerprint
    minhash.py      nearly the same text: shingles, Jaccard, signatures, bands, clusters
    quality.py      rules of C4 and Gopher, and the likelihood under a model of trusted text
    repeats.py      what a text is worth that is read again: the data-limited law, and its fit

Whether a test stood in the training text: `lmcourse.evaluation.overlap`.
"""

from lmcourse.corpus.exact import deduplicate
from lmcourse.corpus.minhash import near_duplicates
from lmcourse.corpus.repeats import effective_tokens

__all__ = ["deduplicate", "effective_tokens", "near_duplicates"]
