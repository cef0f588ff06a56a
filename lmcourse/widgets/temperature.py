"""The temperature explorer: a next-token distribution, reshaped by temperature, top-k and top-p."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import traitlets

from lmcourse.decoding import Decoding, open_reader
from lmcourse.model import LanguageModel, Tokens, check_distribution, log
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets.base import TemperatureTrait, Widget, finite_or_none, script

MAX_TOKENS = 100  # the whole distribution travels into the page, for exact sums


class TemperatureExplorer(Widget):
    """Bars of a next-token distribution before and after decoding settings, with draws from it.

    The settings act in the order of `lmcourse.decoding.Decoding`: temperature, then top-k, then top-p.

    Args:
        model: any language model of up to 100 tokens.
        prompt: the context, a text or token ids; empty is the start of a text.
        temperature: from 0 (greedy) over 1 (the model) to `math.inf` (uniform).
        top_k: how many tokens stay; None: all.
        top_p: mass of the nucleus that stays; None: all.
        shown: how many of the most probable tokens get a bar; the others share one.

    Raises:
        ValueError: for a prompt that the model cannot continue, a setting out of range, too many tokens.

    >>> from lmcourse.world import five_words
    >>> TemperatureExplorer(five_words(), "the mouse ate", temperature=0.5).probs.round(4).tolist()
    [0.0, 0.0, 0.0, 0.0, 0.9412, 0.0588]
    """

    _esm = script("temperature.js")

    heading = traitlets.Unicode().tag(sync=True)
    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    log_probs = traitlets.List().tag(sync=True)
    shown = traitlets.Int(12).tag(sync=True)
    temperature = TemperatureTrait()
    top_k = traitlets.Int(None, allow_none=True).tag(sync=True)
    top_p = traitlets.Float(None, allow_none=True).tag(sync=True)
    # how often each token was drawn under the present settings; empty before the first draw
    counts = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        model: LanguageModel,
        prompt: Tokens = "",
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        shown: int = 12,
    ):
        if model.vocab_size > MAX_TOKENS:
            raise ValueError(
                f"the explorer takes up to {MAX_TOKENS} tokens, this vocabulary has {model.vocab_size}; "
                "use TemperatureExplorer.from_probs with the most probable tokens"
            )
        if int(shown) != shown or shown < 1:
            raise ValueError(f"shown={shown} must be a whole number, 1 or more")
        (ids,), reader = open_reader(model, [prompt], max_tokens=1)
        self._log_probs = reader.log_probs()[0]
        Decoding(temperature=temperature, top_k=top_k, top_p=top_p).apply(self._log_probs)
        super().__init__(
            heading=f"The next token after “{_shorten(model.vocab.decode(ids))}”"
            if ids
            else "The first token",
            tokens=list(model.vocab.tokens),
            log_probs=finite_or_none(self._log_probs),
            shown=shown,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
        )

    @classmethod
    def from_probs(
        cls, tokens: Iterable[str], probs: Iterable[float], temperature: float = 1.0, **settings
    ) -> TemperatureExplorer:
        """The explorer of a distribution given as a table; other arguments as in the constructor.

        Raises ValueError if a token stands twice, the lengths differ, or the probabilities do not sum to one.
        """
        explorer = cls(_Fixed(Vocabulary(tokens), probs), temperature=temperature, **settings)
        explorer.heading = "A distribution"
        return explorer

    @traitlets.validate("top_k", "top_p")
    def _check_setting(self, proposal: dict) -> float | None:
        Decoding(**{proposal["trait"].name: proposal["value"]}).apply(self._log_probs)
        return proposal["value"]

    @property
    def probs(self) -> np.ndarray:
        """Probabilities (V,) under the present settings, as `lmcourse.decoding` computes them."""
        settings = Decoding(temperature=self.temperature, top_k=self.top_k, top_p=self.top_p)
        return np.exp(settings.apply(self._log_probs))


class _Fixed(LanguageModel):
    """The same next-token distribution after every context."""

    def __init__(self, vocab: Vocabulary, probs: Iterable[float]):
        self.vocab = vocab
        self._row = log(check_distribution(list(probs)))
        if len(self._row) != len(vocab):
            raise ValueError(f"{len(vocab)} tokens, but {len(self._row)} probabilities; each token needs one")

    def next_log_probs(self, contexts: Iterable) -> np.ndarray:
        """The one row for each context, (B, V)."""
        return np.array([self._row for _ in contexts])


def _shorten(text: str, limit: int = 60) -> str:
    """The end of a long text, the part next to what follows."""
    return text if len(text) <= limit else "…" + text[-limit:]
