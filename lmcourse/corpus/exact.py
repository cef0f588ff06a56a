"""The same text twice, found in one pass: two texts are compared by their fingerprints, not by their letters.

Left out: repeated passages within texts that otherwise differ, for which Lee et al. (2022), *Deduplicating
training data makes language models better*, sort all suffixes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Hashable, Iterable
from hashlib import blake2b


def normalise(text: str) -> str:
    """A text in lower case, in Unicode's form NFKC, with one blank for each run of blanks and line ends.

    >>> normalise(" To be,\\n or NOT  to be")
    'to be, or not to be'
    """
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def fingerprint(text: str) -> bytes:
    """Eight bytes that stand for a text: equal for equal texts, and for others with probability 2^-64.

    Among n different texts some two share one with a probability of about n² / 2^65: 0.03 for a thousand
    million of them.
    """
    return blake2b(text.encode(), digest_size=8).digest()


def deduplicate(texts: Iterable[str], key: Callable[[str], Hashable] | None = None) -> list[int]:
    """The places of the first of each set of equal texts, in order.

    Args:
        texts: of any number; each is looked at once, and eight bytes of it are kept.
        key: what makes two texts equal; by default the fingerprint of the normalised text.

    >>> deduplicate(["To be", "or not", "to  be"])
    [0, 1]
    """
    seen: set[Hashable] = set()
    kept = []
    for place, text in enumerate(texts):
        mark = fingerprint(normalise(text)) if key is None else key(text)
        if mark not in seen:
            seen.add(mark)
            kept.append(place)
    return kept
