"""A language model by counting: how often did each token follow this context?

Good enough to speak and to score with one honest formula. Left out, for a chapter of its own: the family of
smoothing methods and an implementation fast enough for millions of tokens.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import islice

import numpy as np

from lmcourse.model import LanguageModel, Reader, Tokens, check_whole
from lmcourse.vocabulary import Vocabulary

KEPT = 4_000_000  # probabilities that a reader keeps, 32 MB of them


class CountModel(LanguageModel):
    """Counts of what followed each context of up to `order - 1` tokens; long contexts lean on shorter ones.

    With c(h, w) the count of token w after context h, and h' the context without its first token,

        p(w | h) = (c(h, w) + alpha p(w | h')) / (c(h) + alpha),

    as if `alpha` more observations had been made after h, drawn from the shorter context's distribution;
    below the empty context lies the uniform distribution. So every distribution sums to one and nothing is
    impossible.
    Source: MacKay and Peto (1995), "A hierarchical Dirichlet language model"; here one alpha serves all.

    Args:
        vocab: the tokens.
        order: how many tokens an n-gram has; the model sees `order - 1` tokens of context.
        text: what to learn from, a text or token ids.
        alpha: the weight of the shorter context, in observations.
        start: id of a token taken to stand before every text, such as the end of an earlier sentence;
            without it the model does not know at an empty context that a text begins.
        progress: show a progress bar.
    """

    def __init__(
        self,
        vocab: Vocabulary,
        order: int,
        text: Tokens,
        alpha: float = 1.0,
        start: int | None = None,
        progress: bool = False,
    ):
        order = check_whole(order, "order")
        if not 0 < alpha < np.inf:
            raise ValueError(f"alpha={alpha} must be above 0 and finite")
        self.vocab = vocab
        self.order = order
        self.alpha = alpha
        self._before = [] if start is None else vocab.check_ids([start])
        ids = self._before + self.ids(text)
        # counts[k] maps a context of k tokens to the counts of the tokens that followed it
        self.counts: list[dict[tuple[int, ...], Counter]] = []
        for k in _with_progress(range(order), f"counting up to {order}-grams", progress):
            table: dict[tuple[int, ...], Counter] = defaultdict(Counter)
            ngrams = zip(*(ids[i:] for i in range(k + 1)))
            # the start token is context only: skip the n-gram that would count it as said
            for ngram, count in Counter(islice(ngrams, max(0, len(self._before) - k), None)).items():
                table[ngram[:-1]][ngram[-1]] = count
            self.counts.append(dict(table))
        self._totals = [{h: sum(row.values()) for h, row in table.items()} for table in self.counts]

    def count_parameters(self) -> int:
        """How many numbers the model stores: one count for each distinct n-gram of each length."""
        return sum(len(row) for table in self.counts for row in table.values())

    def shorter(self, order: int) -> CountModel:
        """The model of a smaller order, from the same counts: nothing is counted again."""
        order = check_whole(order, "order")
        if order > self.order:
            raise ValueError(f"order={order} is above this model's {self.order}; count the text anew")
        model = copy(self)
        model.order, model.counts, model._totals = order, self.counts[:order], self._totals[:order]
        return model

    def window(self, context: Sequence[int]) -> Sequence[int]:
        """The last `order - 1` tokens: no more of a context can matter."""
        return context[max(0, len(context) - self.order + 1) :]

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """Log-probabilities (B, V) of the next token; only the last `order - 1` tokens of a context count."""
        probs = np.full((len(contexts), self.vocab_size), 1 / self.vocab_size)
        for p, context in zip(probs, contexts):
            for row, total in self._rows([*self._before, *context]):
                self._learn(p, row, total)
        return np.log(probs)

    def _learn(self, p: np.ndarray, row: Counter, total: int) -> None:
        """From a shorter context's distribution to the next longer one's, in place."""
        p *= self.alpha
        p[list(row)] += list(row.values())
        p /= total + self.alpha

    def reader(self) -> Reader:
        """A reader that keeps the distributions it has worked out: most contexts come again."""
        return _CountReader(self)

    def token_log_probs(self, tokens: Tokens) -> np.ndarray:
        """As the interface says, but without building whole distributions: one number per token."""
        ids = [*self._before, *self.ids(tokens)]
        probs = []
        for i in range(len(self._before), len(ids)):
            p = 1 / self.vocab_size
            for row, total in self._rows(ids[max(0, i - self.order + 1) : i]):
                p = (row.get(ids[i], 0) + self.alpha * p) / (total + self.alpha)
            probs.append(p)
        return np.log(probs)

    def _rows(self, context: Sequence[int]) -> Iterator[tuple[Counter, int]]:
        """Counts and total after each suffix of the context, from the empty one to the longest seen."""
        for k in range(min(self.order - 1, len(context)) + 1):
            h = tuple(context[len(context) - k :])
            if h not in self.counts[k]:
                return  # then no longer suffix was seen either
            yield self.counts[k][h], self._totals[k][h]


class _CountReader(Reader):
    """Remembers the end of the text, and the distribution after each context that it has met."""

    def __init__(self, model: CountModel):
        self._model = model
        self._recent = tuple(model.window(model._before))
        self._kept: dict[tuple[int, ...], np.ndarray] = {}

    def log_probs(self) -> np.ndarray:
        return np.log(self._probs(self._recent))

    def read(self, token: int) -> None:
        self._recent = tuple(self._model.window((*self._recent, token)))

    def _probs(self, h: tuple[int, ...]) -> np.ndarray:
        """Probabilities (V,) after a context; they are kept, so do not write into them."""
        if h not in self._kept:
            if len(self._kept) * self._model.vocab_size > KEPT:
                self._kept.clear()
            size = self._model.vocab_size
            p = self._probs(h[1:]).copy() if h else np.full(size, 1 / size)
            if h in self._model.counts[len(h)]:
                self._model._learn(p, self._model.counts[len(h)][h], self._model._totals[len(h)][h])
            self._kept[h] = p
        return self._kept[h]


def _with_progress(items: range, description: str, show: bool) -> Iterable[int]:
    """The items, behind a progress bar if asked for."""
    if not show:
        return items
    from tqdm import tqdm

    return tqdm(items, desc=description)
