"""The plain n-gram model: one text, one honest formula, one number to set."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lmcourse.model import Tokens, check_whole
from lmcourse.ngram.counts import NgramCounts
from lmcourse.ngram.model import NgramModel, count_texts
from lmcourse.ngram.smoothing import dirichlet
from lmcourse.vocabulary import Vocabulary


class CountModel(NgramModel):
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
        end: id of the token that closes every text, if there is one.
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
        end: int | None = None,
    ):
        counts, start = count_texts(vocab, order, [text], start, progress)
        self._smooth(vocab, counts, alpha, start, end)

    def _smooth(
        self, vocab: Vocabulary, counts: NgramCounts, alpha: float, start: int | None, end: int | None
    ) -> None:
        super().__init__(vocab, counts, partial(dirichlet, alpha=alpha), start, end)
        self.alpha = alpha
        self._counts = counts

    def followers(self, context: Sequence[int]) -> dict[int, int]:
        """What followed a context of up to `order - 1` tokens, and how often; nothing for one never seen."""
        node = self._number(context)
        if node < 0:
            return {}
        level, seen = self._counts.levels[len(context) + 1], self._seen_after(len(context), node)
        tokens = (level.keys[seen] % self.vocab_size).tolist()
        return {t: c for t, c in zip(tokens, level.counts[seen].tolist()) if c}

    def shorter(self, order: int) -> CountModel:
        """The model of a smaller order, from the same counts: nothing is counted again."""
        order = check_whole(order, "order")
        if order > self.order:
            raise ValueError(f"order={order} is above this model's {self.order}; count the text anew")
        model = object.__new__(CountModel)
        model._smooth(self.vocab, self._counts.up_to(order), self.alpha, self.start, self.end)
        return model
