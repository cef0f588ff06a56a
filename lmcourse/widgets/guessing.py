"""Shannon's guessing game of 1951 in the page: guess a text letter by letter, and see what each tells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import traitlets

from lmcourse.information.shannon import LETTERS, figures, guess_bounds, guess_ranks, letters
from lmcourse.model import LanguageModel, check_whole
from lmcourse.widgets.base import HERE, Widget, script

LONGEST = 2000  # symbols of all passages; each costs a few numbers per model in the page
GIVEN_UP = len(LETTERS)  # a letter that the reader gives up counts as found at the last possible guess


class GuessingGame(Widget):
    """The reader guesses the next letter until it is right; bounds of the entropy follow from how often.

    Beside them stand, for the same letters, what each model pays (its cross-entropy) and the bounds that its
    own guesses would give, the most probable letter first; and what Shannon found.

    Args:
        text: one passage a line, or a sequence of passages; reduced to 27 symbols by `letters`.
        models: by name, any models whose tokens are those symbols (they may have more).
        given: how many symbols at the start of each passage are shown, not guessed.

    Raises:
        ValueError: if no passage has a symbol to guess, or a model does not take each symbol as one token.
    """

    _esm = script("guessing.js")
    _css = HERE / "guessing.css"

    passages = traitlets.List(traitlets.Unicode()).tag(sync=True)
    given = traitlets.Int().tag(sync=True)
    models = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # [model][passage][position]: what the model pays for the symbol in bits, None for infinity; its guess
    bits = traitlets.List().tag(sync=True)
    ranks = traitlets.List().tag(sync=True)
    shannon = traitlets.List().tag(sync=True)
    # what the reader has done
    passage = traitlets.Int(0).tag(sync=True)
    # for each passage, for each symbol after the given ones: n, found at the n-th guess; 0, only read;
    # -m, played by model m - 1
    guesses = traitlets.List().tag(sync=True)
    tried = traitlets.Unicode().tag(sync=True)  # wrong symbols so far, for the one that is sought

    def __init__(self, text: str | Sequence[str], models: Mapping[str, LanguageModel], given: int = 20):
        given = check_whole(given, "given", least=0)
        lines = text.split("\n") if isinstance(text, str) else text
        passages = [found for found in map(letters, lines) if found]
        if not passages:
            raise ValueError("text holds no letter of the English alphabet: there is nothing to guess")
        for passage in passages:
            if len(passage) <= given:
                raise ValueError(
                    f"given={given} leaves nothing to guess of the {len(passage)} symbols {passage!r}"
                )
        total = sum(map(len, passages))
        if total > LONGEST:
            raise ValueError(f"the passages have {total} symbols together; the page takes up to {LONGEST}")
        scores = [[score(model, passage) for passage in passages] for model in models.values()]
        super().__init__(
            passages=passages,
            given=given,
            models=list(models),
            bits=[[_for_json(paid) for paid, _ in row] for row in scores],
            ranks=[[ranks for _, ranks in row] for row in scores],
            shannon=[[f.symbols, f.counted, f.guessed_at_least, f.guessed_at_most] for f in figures()],
            guesses=[[] for _ in passages],
        )

    @traitlets.validate("passage")
    def _check_passage(self, proposal: dict) -> int:
        if not 0 <= proposal["value"] < len(self.passages):
            raise ValueError(f"passage={proposal['value']} must lie between 0 and {len(self.passages) - 1}")
        return proposal["value"]

    @traitlets.validate("guesses")
    def _check_guesses(self, proposal: dict) -> list[list[int]]:
        rows = proposal["value"]
        room = [len(passage) - self.given for passage in self.passages]
        if len(rows) != len(room) or any(len(row) > n for row, n in zip(rows, room)):
            raise ValueError(f"guesses={rows!r} must hold a list for each passage, of up to {room} numbers")
        if any(not -len(self.models) <= n <= GIVEN_UP for row in rows for n in row):
            raise ValueError(f"a number of guesses must lie between 0 and {GIVEN_UP}")
        return rows

    @property
    def counted(self) -> list[tuple[int, int]]:
        """(passage, position) of each symbol that counts: those the reader guessed; if none, all seen."""
        seen = [(k, self.given + i, n) for k, row in enumerate(self.guesses) for i, n in enumerate(row)]
        guessed = [(k, i) for k, i, n in seen if n > 0]
        return guessed or [(k, i) for k, i, _ in seen]

    @property
    def reader(self) -> Estimate | None:
        """The bounds of the reader's guesses; None before the first."""
        found = [n for row in self.guesses for n in row if n > 0]
        return estimate(found) if found else None

    def of_model(self, name: str) -> tuple[float, Estimate] | None:
        """A model's cross-entropy in bits and the bounds of its guesses, on the symbols that count."""
        row = self.models.index(name)
        bits = [self.bits[row][k][i] for k, i in self.counted]
        if not bits:
            return None
        mean = sum(math.inf if b is None else b for b in bits) / len(bits)
        return mean, estimate([self.ranks[row][k][i] for k, i in self.counted])


@dataclass(frozen=True)
class Estimate:
    """Bounds of the entropy per symbol in bits, from guesses, and how little they are to be trusted."""

    lower: float
    upper: float
    lower_error: float  # standard errors, as if the symbols were independent; 0 for a single symbol
    upper_error: float
    bias: float  # by how much the upper bound is too low on average: numbers of guesses not yet seen


def estimate(guesses: Iterable[int]) -> Estimate:
    """Shannon's bounds (`lmcourse.information.guess_bounds`) from the number of guesses of each symbol.

    Both are means over the symbols: the upper one of -log2 q_i, the lower one of i log2 i - (i-1) log2 (i-1),
    where q_i is the share of the i-th commonest number of guesses. So the spread of these scores gives
    standard errors. The bias is that of an entropy of shares, (K - 1) / (2 N ln 2) for K different numbers
    among N symbols (Miller 1955).

    >>> estimate([1, 1, 1, 2]).upper.__round__(4)
    0.8113
    """
    guesses = list(guesses)
    counts = [guesses.count(n) for n in set(guesses)]
    lower, upper = guess_bounds(counts)
    n, ranked = len(guesses), sorted(counts, reverse=True)
    low = np.repeat([i * math.log2(i) - (i - 1) * math.log2(max(i - 1, 1)) for i in _places(ranked)], ranked)
    high = np.repeat([-math.log2(c / n) for c in ranked], ranked)
    errors = [float(np.std(scores, ddof=1)) / math.sqrt(n) if n > 1 else 0.0 for scores in (low, high)]
    return Estimate(lower, upper, *errors, bias=(len(counts) - 1) / (2 * n * math.log(2)))


def _places(ranked: Sequence[int]) -> range:
    """1, 2, … for each of the counts."""
    return range(1, len(ranked) + 1)


def score(model: LanguageModel, passage: str) -> tuple[list[float], list[int]]:
    """What a model pays for each symbol, in bits, and at which guess it would find it.

    Raises ValueError if the model's tokens are not the symbols, or it has no guess (`guess_ranks`).
    """
    try:
        ids = model.ids(passage)
    except ValueError as error:
        raise ValueError(f"the model must know the 27 symbols of `letters`: {error}") from None
    if len(ids) != len(passage):
        raise ValueError(
            f"the model cuts {len(passage)} symbols into {len(ids)} tokens; each symbol must be one token"
        )
    bits = -model.token_log_probs(ids) / math.log(2) + 0.0
    return bits.tolist(), guess_ranks(model, ids)


def _for_json(bits: Iterable[float]) -> list[float | None]:
    """Rounded, so that the page stays small; None for infinity."""
    return [round(b, 4) if math.isfinite(b) else None for b in bits]
