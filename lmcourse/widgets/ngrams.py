"""The n-gram explorer: what followed a context in a text, and what each smoothing method makes of that."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import traitlets

from lmcourse import ngram
from lmcourse.model import check_whole
from lmcourse.ngram import smoothing
from lmcourse.ngram.counts import NgramCounts, count_ngrams
from lmcourse.ngram.model import NgramModel
from lmcourse.ngram.smoothing import Independent, Tables
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets.base import HERE, Widget, pack_numbers, script

MAX_BYTES = 220_000  # of the counts and the tokens, as they travel into the page
MAX_CONTEXT = 1_000  # characters that are typed or drawn; the last N - 1 tokens matter
BACKED_OFF = ("katz", "stupid_backoff")  # the others interpolate
METHODS = (
    "maximum_likelihood",
    "add_k",
    "jelinek_mercer",
    "witten_bell",
    "absolute_discounting",
    "kneser_ney",
    "modified_kneser_ney",
    *BACKED_OFF,
)


class NgramExplorer(Widget):
    """A context that the reader types: its counts at each length, and nine ways to smooth them.

    The page holds the counts of all n-grams of the text, as a trie, and nothing else: it works out every
    method itself, as `lmcourse.ngram` does. One play of Shakespeare fits at order 5.

    Args:
        text: what to count.
        order: N, the longest n-grams; the reader can choose shorter ones.
        vocab: the tokens; None: the characters of the text.
        context: what stands there at first.
        method: the smoothing that is shown at length, a name from `lmcourse.ngram`.

    Raises:
        ValueError: for a text with fewer tokens than the order, counts that are too large for a page, or a
            setting out of range.

    >>> explorer = NgramExplorer("abracadabra", order=2, context="a", method="maximum_likelihood")
    >>> dict(zip(explorer.tokens, explorer.probs.round(2).tolist()))
    {'a': 0.0, 'b': 0.5, 'c': 0.25, 'd': 0.25, 'r': 0.0}
    """

    _esm = script("ngrams.js")
    _css = HERE / "ngrams.css"

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    separator = traitlets.Unicode().tag(sync=True)
    unknown = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    trie = traitlets.Bytes().tag(sync=True)  # see `pack`
    order = traitlets.Int().tag(sync=True)
    context = traitlets.Unicode().tag(sync=True)
    n = traitlets.Int().tag(sync=True)  # length of the n-grams in use
    method = traitlets.Unicode().tag(sync=True)
    k = traitlets.Float(1.0).tag(sync=True)  # of add_k
    weight = traitlets.Float(0.5).tag(sync=True)  # of jelinek_mercer, for each length
    discount = traitlets.Float(None, allow_none=True).tag(sync=True)  # of the two with one; None: estimated

    def __init__(
        self,
        text: str,
        order: int = 5,
        vocab: Vocabulary | None = None,
        context: str = "",
        method: str = "kneser_ney",
    ):
        check_whole(order, "order")
        self.vocab = Vocabulary.of_characters(text) if vocab is None and text else vocab
        ids = self.vocab.encode(text) if text else []
        if len(ids) < order:
            raise ValueError(
                f"a text of {len(ids)} tokens has no n-grams of order={order}; give a longer text"
            )
        self.counts = count_ngrams([ids], len(self.vocab), order)
        trie = pack(self.counts, ids[:order])
        size = len(b64encode(trie)) + len(json.dumps(self.vocab.tokens).encode())
        if size > MAX_BYTES:
            raise ValueError(
                f"the n-grams of {len(ids):,} tokens to order={order} take {size:,} bytes of the page, over "
                f"{MAX_BYTES:,}; give a shorter text or a smaller order"
            )
        super().__init__(
            tokens=list(self.vocab.tokens),
            separator=self.vocab.separator,
            unknown=self.vocab.unknown,
            trie=trie,
            order=order,
            context=context,
            n=order,
            method=method,
        )

    @traitlets.validate("context")
    def _check_context(self, proposal: dict) -> str:
        if len(proposal["value"]) > MAX_CONTEXT:
            raise ValueError(
                f"context of {len(proposal['value']):,} characters is too long; show {MAX_CONTEXT:,} at most"
            )
        return proposal["value"]

    @traitlets.validate("n")
    def _check_n(self, proposal: dict) -> int:
        if not 1 <= proposal["value"] <= self.counts.order:
            raise ValueError(f"n={proposal['value']} must be from 1 to order={self.counts.order}")
        return proposal["value"]

    @traitlets.validate("method")
    def _check_method(self, proposal: dict) -> str:
        if proposal["value"] not in METHODS:
            raise ValueError(f"method={proposal['value']!r} must be one of {', '.join(METHODS)}")
        return proposal["value"]

    @traitlets.validate("k")
    def _check_k(self, proposal: dict) -> float:
        if not 0 <= proposal["value"] < np.inf:
            raise ValueError(f"k={proposal['value']} must be 0 or more, and finite")
        return proposal["value"]

    @traitlets.validate("weight")
    def _check_weight(self, proposal: dict) -> float:
        if not 0 <= proposal["value"] <= 1:
            raise ValueError(f"weight={proposal['value']} must be from 0 to 1")
        return proposal["value"]

    @traitlets.validate("discount")
    def _check_discount(self, proposal: dict) -> float | None:
        smoothing.fixed_or_estimated(proposal["value"])
        return proposal["value"]

    @property
    def context_ids(self) -> list[int]:
        """Ids of the context's tokens after the last one that has none."""
        tokens = self.vocab.split(self.context)
        if self.vocab.unknown is None:
            known = next((i for i, t in enumerate(reversed(tokens)) if t not in self.vocab), len(tokens))
            tokens = tokens[len(tokens) - known :]
        return self.vocab.encode(tokens)

    @property
    def smoothing(self) -> Callable[[NgramCounts], Tables]:
        """The chosen method with its settings."""
        settings = {
            "add_k": {"k": self.k},
            "jelinek_mercer": {"weights": [self.weight] * self.n},
            "absolute_discounting": {"discount": self.discount},
            "kneser_ney": {"discount": self.discount},
        }
        return partial(getattr(ngram, self.method), **settings.get(self.method, {}))

    @property
    def model(self) -> NgramModel:
        """The n-gram model that the page shows, with the present settings."""
        return NgramModel(self.vocab, self.counts.up_to(self.n), self.smoothing)

    @property
    def probs(self) -> np.ndarray:
        """Probabilities (V,) of the next token; all 0 where maximum likelihood has seen nothing."""
        return self.model.next_probs(self.context_ids)

    @property
    def layers(self) -> np.ndarray:
        """How much of each token's probability comes from each length: see `layers`."""
        counts = self.counts.up_to(self.n)
        return layers(counts, self.smoothing(counts), self.context_ids, self.method in BACKED_OFF)


def layers(counts: NgramCounts, tables: Tables, context: Sequence[int], backed_off: bool) -> np.ndarray:
    """Which context pays for a probability?

    Interpolation adds α(w|h) of each length n, times the γ of all longer contexts. Backing off takes all of
    p(w|h) from the longest context after which w was seen. What no context pays for is the uniform part.

    Args:
        counts: of the text.
        tables: what smoothing made of them.
        context: token ids.
        backed_off: the method backs off; otherwise it interpolates.

    Returns:
        (1 + number of lengths, V): the uniform part, then that of n = 1, 2, …, as far as the context reaches.
        Summed over the first axis: p(w|h).
    """
    size = counts.vocab_size
    found = uniform = np.full((1, size), tables.probs[0][0])
    for n in range(1, min(counts.order, len(context) + 1) + 1):
        node = _number(counts, context[len(context) - n + 1 :])
        before = uniform if isinstance(tables, Independent) else found
        parts = tables.gammas[n - 1][node] * before
        shorter, own = parts.sum(axis=0), np.zeros(size)
        if node >= 0:
            first, end = np.searchsorted(counts.levels[n].keys, [node * size, (node + 1) * size])
            tokens, probs = counts.levels[n].keys[first:end] % size, tables.probs[n][first:end]
            if backed_off:
                parts[:, tokens] = 0
                own[tokens] = probs
            else:
                own[tokens] = np.maximum(0, probs - shorter[tokens])
        missing = np.zeros((len(found) - len(parts), size))
        found = np.vstack([parts, missing, own])
    return found


def _number(counts: NgramCounts, tokens: Sequence[int]) -> int:
    """The number of an n-gram on its level; -1 if it was not seen."""
    node = 0
    for n, token in enumerate(tokens, 1):
        keys, wanted = counts.levels[n].keys, node * counts.vocab_size + token
        node = int(keys.searchsorted(wanted))
        if node == len(keys) or keys[node] != wanted:
            return -1
    return node


def pack(counts: NgramCounts, opening: Sequence[int]) -> bytes:
    """The counts of one text as bytes, fewer than two for each n-gram.

    A row of numbers: the length of the text, its first N tokens, and then for each context, level by level
    and in the order of their numbers, what followed it:

        a context that was seen once    the token after it, or V if the text ended there
        any other context               how many tokens followed it, and for each its distance d from the one
                                        before: 2 d if it was seen once, else 2 d + 1 and its count
    """
    size = counts.vocab_size
    numbers = [int(counts.levels[0].counts[0]), *opening]
    for n in range(1, counts.order + 1):
        level = counts.levels[n]
        firsts = np.searchsorted(level.keys, np.arange(len(counts.levels[n - 1]) + 1) * size).tolist()
        tokens, times = (level.keys % size).tolist(), level.counts.tolist()
        for seen, first, end in zip(counts.levels[n - 1].counts.tolist(), firsts, firsts[1:]):
            if seen == 1:
                numbers.append(tokens[first] if end > first else size)
                continue
            numbers.append(end - first)
            before = -1
            for token, count in zip(tokens[first:end], times[first:end]):
                distance = 2 * (token - before - 1)
                numbers += (distance,) if count == 1 else (distance + 1, count)
                before = token
    return pack_numbers(numbers)
