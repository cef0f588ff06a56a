"""A language model made of n-gram counts and one of the smoothing methods: fast to fit, to ask and to score.

The model keeps no counts. It holds the sorted keys of the n-grams and the two tables of `smoothing`: the
probability of each n-gram that was seen, and each context's weight for the shorter one.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path

import numpy as np

from lmcourse.files import write_whole
from lmcourse.model import LanguageModel, Tokens, log
from lmcourse.ngram.counts import NgramCounts, count_ngrams, find, join
from lmcourse.ngram.rows import RowsReader
from lmcourse.ngram.smoothing import Independent, Smoothing, Tables, modified_kneser_ney
from lmcourse.reader import Reader
from lmcourse.vocabulary import Vocabulary

KEPT = 4_000_000  # probabilities that a reader keeps, 32 MB of them
SHORT = 12  # tokens: with fewer, one by one is faster than all at once
MANY = 8  # continuations that make a context's distribution worth keeping
Kept = dict[tuple[int, int], np.ndarray]  # (n, number of a context of n tokens) -> probabilities (V,)


class NgramModel(LanguageModel):
    """p(w|h) for the last N - 1 tokens h: its own where h w was seen, else what the shorter context says.

    Args:
        vocab: the tokens.
        counts: of the text; many models can share them.
        smoothing: one of `lmcourse.ngram.smoothing`, perhaps with its settings: `partial(add_k, k=0.1)`.
        start: id of the token that stood before each text when counting; the model then knows that a text
            begins.
        end: id of the token that closes a text, if its texts have one (`LanguageModel.end`).
    """

    def __init__(
        self,
        vocab: Vocabulary,
        counts: NgramCounts,
        smoothing: Smoothing = modified_kneser_ney,
        start: int | None = None,
        end: int | None = None,
    ):
        if counts.vocab_size != len(vocab):
            raise ValueError(f"the counts are of {counts.vocab_size} tokens, the vocabulary has {len(vocab)}")
        ends = [None if token is None else vocab.check_ids([token])[0] for token in (start, end)]
        keys, seen = [level.keys for level in counts.levels], counts.kinds_of_ngrams()
        self._set(vocab, keys, smoothing(counts), *ends, seen)

    def _set(
        self,
        vocab: Vocabulary,
        keys: list[np.ndarray],
        tables: Tables,
        start: int | None,
        end: int | None,
        seen: int,
    ) -> None:
        self.vocab = vocab
        self.start = start
        self.end = end
        self.order = len(keys) - 1
        self._keys = keys
        self._tables = tables
        self._seen = seen

    @classmethod
    def fit(
        cls,
        vocab: Vocabulary,
        order: int,
        texts: Iterable[Tokens],
        smoothing: Smoothing = modified_kneser_ney,
        start: int | None = None,
        progress: bool = False,
        end: int | None = None,
    ) -> NgramModel:
        """Count and smooth.

        Args:
            vocab: the tokens.
            order: N; the model sees N - 1 tokens of context.
            texts: what to learn from; no n-gram reaches from one text into the next.
            smoothing: one of `lmcourse.ngram.smoothing`.
            start: id of a token taken to stand before every text.
            progress: show a progress bar.
            end: id of the token that closes every text; the texts have it, it is not added.

        >>> from functools import partial
        >>> from lmcourse.ngram import add_k
        >>> model = NgramModel.fit(Vocabulary("ab", separator=""), 2, ["abab"], partial(add_k, k=1))
        >>> model.next_probs("a")  # after a came b, twice: (0 + 1) / (2 + 2) and (2 + 1) / (2 + 2)
        array([0.25, 0.75])
        """
        counts, start = count_texts(vocab, order, texts, start, progress)
        return NgramModel(vocab, counts, smoothing, start, end)

    def probability(self, token: int, context: Sequence[int] = ()) -> float:
        """p(w|h) by its definition: that of h w if h w was seen, else γ(h) times what the shorter h' says.

        Everything else here says the same, faster.

        Args:
            token: w.
            context: h, at most N - 1 tokens; a start token has to be given as its first.
        """
        number, probs, gammas = self._number, self._tables.probs, self._tables.gammas
        n, seen = len(context), number([*context, token])
        if seen >= 0:
            return float(probs[n + 1][seen])
        shorter = self.probability(token, context[1:]) if n else probs[0][0]
        return float(gammas[n][number(context)] * self._tables.handed_down(shorter))

    def _number(self, tokens: Sequence[int]) -> int:
        """The number of an n-gram among those of its length; -1 if it was not seen."""
        return reduce(lambda node, step: self._child(step[0], node, step[1]), enumerate(tokens), 0)

    def count_parameters(self) -> int:
        """How many numbers the model has learned: one count for each distinct n-gram of each length."""
        return self._seen

    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(a.nbytes for a in (*self._keys, *self._tables.probs, *self._tables.gammas))

    def window(self, context: Sequence[int]) -> Sequence[int]:
        """The last N - 1 tokens: no more of a context can matter."""
        return context[max(0, len(context) - self.order + 1) :]

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """Log-probabilities (B, V) of the next token."""
        return self.reader(contexts).log_probs()

    def reader(self, contexts: Sequence[Sequence[int]] = ((),)) -> Reader:
        """A reader that keeps the numbers of each row's last 0, 1, …, N - 1 tokens."""
        kept: Kept = {}
        windows = [self.window([*self._before(), *context]) for context in contexts]
        states = [reduce(self._longer, window, (0,)) for window in windows]
        ask = (lambda nodes: log(self._probs(nodes, kept))), self._longer
        return RowsReader(self._keys, self._tables, self.vocab_size, states, *ask)

    def _before(self) -> list[int]:
        return [] if self.start is None else [self.start]

    def _longer(self, nodes: tuple[int, ...], token: int) -> tuple[int, ...]:
        """The numbers after one more token: each n-gram grows by it, and the longest drops its first."""
        return (0, *(self._child(n, node, token) for n, node in enumerate(nodes[: self.order - 1])))

    def _child(self, n: int, node: int, token: int) -> int:
        """The number of the (n + 1)-gram that a token makes of an n-gram; -1 if it was not seen."""
        if node < 0:
            return -1
        keys, wanted = self._keys[n + 1], node * self.vocab_size + token
        place = int(keys.searchsorted(wanted))
        return place if place < len(keys) and keys[place] == wanted else -1

    def _seen_after(self, n: int, node: int) -> slice:
        """Which of the (n + 1)-grams go on from an n-gram."""
        first, end = self._keys[n + 1].searchsorted((node * self.vocab_size, (node + 1) * self.vocab_size))
        return slice(first, end)

    def _probs(self, nodes: Sequence[int], kept: Kept) -> np.ndarray:
        """`probability` of every token after one context, (V,).

        Rows of contexts with many continuations are kept, being dear and asked for again: write to none.

        Args:
            nodes: for n = 0, …, the length of h, the number of its last n tokens; -1 if they were not seen.
            kept: what was worked out before.
        """
        n, node = len(nodes) - 1, nodes[-1]
        if (n, node) in kept:
            return kept[n, node]
        shorter = self._probs(nodes[:-1], kept) if n else np.full(self.vocab_size, self._tables.probs[0][0])
        seen = self._seen_after(n, node) if node >= 0 else slice(0, 0)
        row = self._step(n, shorter, node, self._keys[n + 1][seen] % self.vocab_size, seen)
        if seen.stop - seen.start >= MANY:
            if len(kept) * self.vocab_size > KEPT:
                kept.clear()
            kept[n, node] = row
        return row

    def token_log_probs(self, tokens: Tokens) -> np.ndarray:
        """As the interface says, but without building whole distributions."""
        row = id_array(self.vocab, tokens)
        return log(self._one_by_one(row.tolist()) if len(row) < SHORT else self._at_once([row]))

    def token_log_probs_of(self, texts: Sequence[Tokens]) -> list[np.ndarray]:
        """As the interface says, but all texts at once."""
        rows = [id_array(self.vocab, text) for text in texts]
        said = log(self._at_once(rows))
        return np.split(said, np.cumsum([len(row) for row in rows]).astype(int))[:-1]

    def _one_by_one(self, ids: list[int]) -> np.ndarray:
        """Probabilities (L,) of a text's tokens."""
        probs, gammas, nodes, found = self._tables.probs, self._tables.gammas, (0,), []
        for token in (*self._before(), *ids):
            longer = [self._child(n, node, token) for n, node in enumerate(nodes)]
            p = probs[0][0]
            for n, (node, own) in enumerate(zip(nodes, longer)):
                p = probs[n + 1][own] if own >= 0 else gammas[n][node] * self._tables.handed_down(p)
            found.append(p)
            nodes = (0, *longer[: self.order - 1])
        return np.array(found[len(self._before()) :], dtype=float)

    def _at_once(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities (L,) of all texts' tokens, one text after another."""
        ids, age = join(rows, self.start)
        nodes = find(self._keys, self.vocab_size, ids, age)
        probs = np.full(len(ids), self._tables.probs[0][0])
        for n in range(self.order):
            here = np.flatnonzero(age > n)  # where n tokens of the text stand before
            own = nodes[n + 1][here]
            seen = np.flatnonzero(own >= 0)
            probs[here] = self._step(n, probs[here], nodes[n][here - 1], seen, own[seen])
        return probs[age > len(self._before())]

    def _step(
        self,
        n: int,
        shorter: np.ndarray,
        context: int | np.ndarray,
        where: np.ndarray,
        own: slice | np.ndarray,
    ) -> np.ndarray:
        """From p(w|h') to p(w|h), both (M,): of one context and M tokens, or of M contexts and a token each.

        Args:
            n: length of h.
            shorter: p(w|h').
            context: number of h, or (M,) of each.
            where: the places among the M where h w was seen.
            own: the numbers of those h w.
        """
        probs = self._tables.gammas[n][context] * self._tables.handed_down(shorter)
        probs[where] = self._tables.probs[n + 1][own]
        return probs

    def save(self, path: str | Path) -> None:
        """Write the model to a file, whole or not at all; numbers only, no code. `load` reads it."""
        tables = self._tables
        head = {"tokens": self.vocab.tokens, "separator": self.vocab.separator}
        head |= {"unknown": self.vocab.unknown, "start": self.start, "end": self.end}
        head |= {"order": self.order, "seen": self._seen, "independent": isinstance(tables, Independent)}
        arrays = {f"keys{n}": keys for n, keys in enumerate(self._keys)}
        arrays |= {f"probs{n}": probs for n, probs in enumerate(tables.probs)}
        arrays |= {f"gammas{n}": gammas for n, gammas in enumerate(tables.gammas)}
        content = io.BytesIO()
        np.savez_compressed(content, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), **arrays)
        write_whole(Path(path), content.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> NgramModel:
        """Read what `save` wrote. Raises ValueError if the file is not that."""
        try:
            with np.load(path, allow_pickle=False) as file:
                head = json.loads(file["head"].tobytes())
                order = head["order"]
                keys, probs = ([file[f"{name}{n}"] for n in range(order + 1)] for name in ("keys", "probs"))
                gammas = [file[f"gammas{n}"] for n in range(order)]
                kind = Independent if head["independent"] else Tables
                model = object.__new__(NgramModel)
                vocab = Vocabulary(head["tokens"], head["separator"], head["unknown"])
                tables = kind(tuple(probs), tuple(gammas))
                model._set(vocab, keys, tables, head["start"], head["end"], head["seen"])
                return model
        except (KeyError, TypeError, EOFError, zipfile.BadZipFile, ValueError) as error:
            raise ValueError(f"{path} is no file of NgramModel.save, or not all of it: {error}") from error


def count_texts(
    vocab: Vocabulary, order: int, texts: Iterable[Tokens], start: int | None = None, progress: bool = False
) -> tuple[NgramCounts, int | None]:
    """The n-grams of texts, and the checked id of the start token; arguments as in `NgramModel.fit`."""
    if isinstance(texts, str):
        raise ValueError("texts is one string; give a list of texts: [text]")
    start = None if start is None else vocab.check_ids([start])[0]
    ids = (id_array(vocab, text) for text in texts)
    return count_ngrams(ids, len(vocab), order, start, progress), start


def id_array(vocab: Vocabulary, tokens: Tokens) -> np.ndarray:
    """Checked token ids of a text or of ids, as an array; an array of whole numbers is checked at once."""
    if isinstance(tokens, np.ndarray) and tokens.dtype.kind in "iu" and tokens.ndim == 1:
        if tokens.size and not 0 <= tokens.min() <= tokens.max() < len(vocab):
            vocab.check_ids(tokens)  # names the id
        return tokens.astype(np.int64)
    ids = vocab.encode(tokens) if isinstance(tokens, str) else vocab.check_ids(tokens)
    return np.array(ids, dtype=np.int64)
