"""The temperature explorer: a next-token distribution, reshaped by temperature, top-k, top-p and min-p."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import traitlets

from lmcourse.decoding import Decoding, open_reader, rank
from lmcourse.model import LanguageModel, Tokens, check_distribution, log
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets.base import HERE, TemperatureTrait, Widget, finite_or_none, pack_numbers, script

EXACT = 100  # log-probabilities that travel into the page as they are, the largest first
STEP = 2**-7  # of all others: of them it travels how many lie how many steps down
MAX_TOKENS = 400_000


class TemperatureExplorer(Widget):
    """Bars of a next-token distribution before and after decoding settings, with draws from it.

    The settings act in the order of `lmcourse.decoding.Decoding`: temperature, top-k, top-p, min-p.

    Of a large vocabulary the page gets the hundred largest log-probabilities as they are, and of the others
    how many lie at each multiple of 2⁻⁷ below: 49,152 tokens weigh 6 kB, and less than half when compressed.
    So no probability shown at temperature T is off by more than 2⁻¹⁰ / T: an error of 2⁻⁸ changes the weight
    of the others by a factor of e^(2⁻⁸ / T) at most, hence their share p by p (1 - p) 2⁻⁸ / T, and
    p (1 - p) ≤ 1/4. Errors have both signs: with SmolLM2 a thousandth of that was
    not reached. A nucleus may end earlier or later by as much.

    Args:
        model: any language model of up to 400,000 tokens.
        prompt: the context, a text or token ids; empty is the start of a text. Or several texts, from which
            the reader chooses.
        temperature: from 0 (greedy) over 1 (the model) to `math.inf` (uniform).
        top_k: how many tokens stay; None: all.
        top_p: mass of the nucleus that stays; None: all.
        min_p: tokens stay that are at least this many times as probable as the most probable one; None: all.
        shown: how many of the most probable tokens get a bar, up to 100; the others share one.

    Raises:
        ValueError: for a prompt that the model cannot continue, a setting out of range, too many tokens.

    >>> from lmcourse.world import five_words
    >>> TemperatureExplorer(five_words(), "the mouse ate", temperature=0.5).probs.round(4).tolist()
    [0.0, 0.0, 0.0, 0.0, 0.9412, 0.0588]
    """

    _esm = script("temperature.js")
    _css = HERE / "temperature.css"

    # For each prompt: its `text`; a `heading`; `tokens`, those with a bar, by falling probability;
    # `log_probs`, the largest ones, falling, None for log 0; `tail`, the others: see `pack_tail`.
    prompts = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.Int(0).tag(sync=True)  # which of them is shown
    size = traitlets.Int().tag(sync=True)  # of the vocabulary
    temperature = TemperatureTrait()
    top_k = traitlets.Int(None, allow_none=True).tag(sync=True)
    top_p = traitlets.Float(None, allow_none=True).tag(sync=True)
    min_p = traitlets.Float(None, allow_none=True).tag(sync=True)
    # how often each bar was drawn under the present settings, all others last; empty before the first draw
    counts = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        model: LanguageModel,
        prompt: Tokens | Sequence[str] = "",
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        shown: int = 12,
    ):
        if model.vocab_size > MAX_TOKENS:
            raise ValueError(
                f"the explorer takes up to {MAX_TOKENS:,} tokens, this vocabulary has {model.vocab_size:,}"
            )
        if int(shown) != shown or not 1 <= shown <= EXACT:
            raise ValueError(f"shown={shown} must be a whole number from 1 to {EXACT}")
        several = not isinstance(prompt, str) and any(isinstance(text, str) for text in prompt)
        contexts, reader = open_reader(model, list(prompt) if several else [prompt])
        self.vocab = model.vocab
        self._rows = np.asarray(reader.log_probs(), dtype=float)
        decoding = Decoding(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
        decoding.apply(self._rows[0])
        super().__init__(
            prompts=[described(model.vocab, ids, row, int(shown)) for ids, row in zip(contexts, self._rows)],
            size=model.vocab_size,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
        )

    @classmethod
    def from_probs(
        cls, tokens: Iterable[str], probs: Iterable[float], temperature: float = 1.0, **settings
    ) -> TemperatureExplorer:
        """The explorer of a distribution given as a table; other arguments as in the constructor.

        Raises ValueError if a token stands twice, the lengths differ, or the probabilities do not sum to one.
        """
        explorer = cls(_Fixed(Vocabulary(tokens), probs), temperature=temperature, **settings)
        explorer.prompts = [{**explorer.prompts[0], "heading": "A distribution"}]
        return explorer

    @traitlets.validate("chosen")
    def _check_chosen(self, proposal: dict) -> int:
        chosen, last = proposal["value"], len(self._rows) - 1
        if not 0 <= chosen <= last:
            raise ValueError(f"chosen={chosen}: the prompts have the numbers from 0 to {last}")
        return chosen

    @traitlets.validate("top_k", "top_p", "min_p")
    def _check_setting(self, proposal: dict) -> float | None:
        Decoding(**{proposal["trait"].name: proposal["value"]}).apply(self._rows[0])
        return proposal["value"]

    @property
    def tokens(self) -> list[str]:
        """The tokens that have a bar, by falling probability in the model."""
        return self.prompts[self.chosen]["tokens"]

    @property
    def probs(self) -> np.ndarray:
        """Probabilities (V,) under the present settings, as `lmcourse.decoding` computes them."""
        settings = Decoding(
            temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, min_p=self.min_p
        )
        return np.exp(settings.apply(self._rows[self.chosen]))

    def as_rows(self) -> list[tuple]:
        """Each token that has a bar, with its probability in the model and under the present settings."""
        row, now = self._rows[self.chosen], self.probs
        bars = zip(self.tokens, rank(row))
        return [("token", "model", "settings"), *((t, float(np.exp(row[i])), float(now[i])) for t, i in bars)]


def described(vocab: Vocabulary, ids: list[int], row: np.ndarray, shown: int) -> dict[str, Any]:
    """What the page gets of a prompt, given as ids, and the log-probabilities (V,) after it."""
    order, text = rank(row), vocab.decode(ids)
    return {
        "text": _shorten(text),
        "heading": f"The next token after “{_shorten(text)}”" if ids else "The first token",
        "tokens": [_spelled(vocab.tokens[i]) for i in order[:shown]],
        "log_probs": finite_or_none(row[order[:EXACT]]),
        "tail": pack_tail(row[order]),
    }


def pack_tail(falling: np.ndarray) -> bytes:
    """Of (V,) falling log-probabilities the possible ones after the first `EXACT`, by `pack_numbers`.

    Pairs of numbers: so many `STEP`s further down lie so many tokens. All steps are counted and rounded from
    the last exact log-probability: so no errors add up, and equals stay equal.
    """
    tail = falling[EXACT:]
    below = np.rint((falling[EXACT - 1] - tail[np.isfinite(tail)]) / STEP) if len(tail) else tail
    places, counts = np.unique(below.astype(int), return_counts=True)
    return pack_numbers(np.stack([np.diff(places, prepend=0), counts], axis=1).ravel().tolist())


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


def _spelled(token: str | bytes) -> str:
    r"""A token as text; bytes that are none by themselves as `\xe4`."""
    return token if isinstance(token, str) else token.decode("utf-8", "backslashreplace")
