"""The sparsity map: which of all possible n-grams were seen, as the text grows and as n grows."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence

import numpy as np
import traitlets

from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets.base import HERE, Widget, script

LONGEST = 5  # n up to which n-grams are told apart
MAX_TOKENS = 100  # of the vocabulary: each takes a row and a column
MAX_BYTES = 220_000  # of the text, as it travels into the page


class SparsityMap(Widget):
    """All pairs of tokens as a square: a row for the first, a column for the second, shaded where seen.

    The reader lets the text grow from a few tokens to all of it, and steps into a cell: then the rows are the
    second tokens after a given first one, and the columns the third ones. Beside it, how many of the possible
    n-grams were seen, for n from 1 to 5. The page counts the text itself; up to 165,000 tokens fit.

    Args:
        text: what to count.
        vocab: up to 100 tokens; None: the characters of the text.

    Raises:
        ValueError: for an empty text, one that is too long for a page, or too many tokens.

    >>> sparsity = SparsityMap("abracadabra")
    >>> sparsity.seen(2), sparsity.possible(2)  # ab br ra ac ca ad da
    (7, 25)
    """

    _esm = script("sparsity.js")
    _css = HERE / "sparsity.css"

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    separator = traitlets.Unicode().tag(sync=True)
    text = traitlets.Bytes().tag(sync=True)  # one byte for each token, its id
    size = traitlets.Int().tag(sync=True)  # how many tokens of the text are read
    prefix = traitlets.List(traitlets.Int()).tag(sync=True)  # ids of the tokens before row and column

    def __init__(self, text: str, vocab: Vocabulary | None = None):
        if not text:
            raise ValueError("text='' has no n-grams; give a text")
        self.vocab = Vocabulary.of_characters(text) if vocab is None else vocab
        if len(self.vocab) > MAX_TOKENS:
            raise ValueError(
                f"the map takes up to {MAX_TOKENS} tokens, this vocabulary has {len(self.vocab)}; "
                "give a text of fewer different characters, or a smaller vocabulary"
            )
        self.ids = np.array(self.vocab.encode(text), dtype=np.int64)
        if not self.ids.size:
            raise ValueError("the text has no tokens; give a longer one")
        data = self.ids.astype(np.uint8).tobytes()
        taken = len(b64encode(data)) + len(json.dumps(self.vocab.tokens).encode())
        if taken > MAX_BYTES:
            raise ValueError(
                f"a text of {len(data):,} tokens takes {taken:,} bytes of the page, over {MAX_BYTES:,}; "
                "give a shorter one"
            )
        super().__init__(
            tokens=list(self.vocab.tokens), separator=self.vocab.separator, text=data, size=len(data)
        )

    @traitlets.validate("size")
    def _check_size(self, proposal: dict) -> int:
        if not 1 <= proposal["value"] <= len(self.ids):
            raise ValueError(f"size={proposal['value']} must be from 1 to the text's {len(self.ids)} tokens")
        return proposal["value"]

    @traitlets.validate("prefix")
    def _check_prefix(self, proposal: dict) -> list[int]:
        if len(proposal["value"]) > LONGEST - 2:
            raise ValueError(
                f"a prefix of {len(proposal['value'])} tokens is too long; give {LONGEST - 2} at most"
            )
        return self.vocab.check_ids(proposal["value"])

    @property
    def matrix(self) -> np.ndarray:
        """(V, V) how often the prefix, a row's token and a column's token followed each other."""
        size = len(self.vocab)
        codes = _codes(self.ids[: self.size], size, len(self.prefix) + 2)
        before = sum(t * size ** (len(self.prefix) - 1 - i) for i, t in enumerate(self.prefix))
        here = codes[codes // size**2 == before] % size**2
        return np.bincount(here, minlength=size**2).reshape(size, size)

    def seen(self, n: int) -> int:
        """How many different n-grams stand in the part of the text that is read."""
        return len(np.unique(_codes(self.ids[: self.size], len(self.vocab), n)))

    def possible(self, n: int) -> int:
        """V to the power of n."""
        return len(self.vocab) ** n


def _codes(ids: Sequence[int], size: int, n: int) -> np.ndarray:
    """Each n-gram of a text as one number, its tokens being the digits.

    >>> _codes(np.array([1, 2, 3]), 10, 2)
    array([12, 23])
    """
    many = max(0, len(ids) - n + 1)
    return sum((ids[i : i + many] * size ** (n - 1 - i) for i in range(n)), np.zeros(many, dtype=np.int64))
