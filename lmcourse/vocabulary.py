"""Vocabularies: the finite list of tokens a model may say, and the way from text to token ids and back.

Tokens here are whole words or single characters. Learned subwords are vocabularies too, with a rule of their
own for cutting a text into tokens: see `lmcourse.tokenization`.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from numbers import Real


class Vocabulary:
    """An ordered set of tokens; a token's id is its position.

    Args:
        tokens: in the order of their ids.
        separator: how tokens make up a text: `" "` for words (any white space parts them), `""` for signs.
        unknown: one of the tokens, which takes the place of whatever has no id; None: that is an error.

    Raises ValueError for another separator, no tokens, a token given twice, an `unknown` that is not one.

    >>> vocab = Vocabulary(["ate", "ball", "cheese", "mouse", "the"])
    >>> vocab.encode("the mouse ate")
    [4, 3, 0]
    >>> vocab.decode([4, 2])
    'the cheese'
    """

    def __init__(self, tokens: Iterable[str], separator: str = " ", unknown: str | None = None):
        self.tokens = tuple(tokens)
        self.separator = separator
        self.unknown = unknown
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        if not self.tokens:
            raise ValueError("a vocabulary needs at least one token; got none")
        if len(self._ids) != len(self.tokens):
            twice = next(t for i, t in enumerate(self.tokens) if self._ids[t] != i)
            raise ValueError(
                f"token {twice!r} stands twice in the vocabulary; each token needs exactly one id"
            )
        if separator not in ("", " "):
            raise ValueError(f"separator={separator!r} must be ' ' (words) or '' (characters)")
        if unknown is not None and unknown not in self._ids:
            raise ValueError(f"unknown={unknown!r} must be one of the tokens; add it to them")

    @classmethod
    def of_words(cls, text: str, least: int = 1, unknown: str | None = None) -> Vocabulary:
        """The distinct space-separated words of `text`, in alphabetical order.

        Args:
            text: to take them from.
            least: how often a word must occur to be one of them.
            unknown: a token for all other words, which gets the first id.
        """
        words = sorted(word for word, count in Counter(text.split()).items() if count >= least)
        return cls(words if unknown is None else [unknown, *words], separator=" ", unknown=unknown)

    @classmethod
    def of_characters(cls, text: str) -> Vocabulary:
        """The distinct characters of `text`, in code-point order."""
        return cls(sorted(set(text)), separator="")

    def __len__(self) -> int:
        """The number of tokens."""
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        """Whether `token` has an id."""
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        """Equal tokens in equal order, joined alike, with the same one for what is unknown."""
        return isinstance(other, Vocabulary) and (self.tokens, self.separator, self.unknown) == (
            other.tokens,
            other.separator,
            other.unknown,
        )

    def __hash__(self) -> int:
        """Consistent with `==`."""
        return hash((self.tokens, self.separator, self.unknown))

    def __repr__(self) -> str:
        """For example `Vocabulary(5 tokens: 'ate', 'ball', 'cheese', …)`."""
        shown = ", ".join(map(repr, self.tokens[:3])) + (", …" if len(self) > 3 else "")
        return f"Vocabulary({len(self)} tokens: {shown})"

    def id(self, token: str) -> int:
        """The id of one token, or of `unknown`. Raises ValueError, naming near tokens, if none."""
        try:
            return self._ids[token]
        except (KeyError, TypeError):
            if self.unknown is not None and isinstance(token, str):
                return self._ids[self.unknown]
            near = difflib.get_close_matches(str(token), self.tokens, n=3)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {self!r}"
            raise ValueError(f"unknown token {token!r}: it is not in the vocabulary; {hint}") from None

    def split(self, text: str) -> list[str]:
        """The tokens of a text, in order; they need not be known."""
        return text.split() if self.separator else list(text)

    def encode(self, text: str | Iterable[str]) -> list[int]:
        """Token ids of a text, or of an iterable of tokens. Raises ValueError at a token that has none."""
        tokens = self.split(text) if isinstance(text, str) else list(text)
        try:
            return list(map(self._ids.__getitem__, tokens))  # the common case, quickly
        except (KeyError, TypeError):
            return [self.id(token) for token in tokens]

    def decode(self, token_ids: Sequence[int]) -> str:
        """The text of a sequence of ids. Raises ValueError at an id out of range."""
        return self.separator.join(self.tokens[i] for i in self.check_ids(token_ids))

    def check_ids(self, token_ids: Iterable[int]) -> list[int]:
        """The ids as plain ints. Raises ValueError if one is not an integer in `[0, len(self))`."""
        checked = []
        for i in token_ids:
            if isinstance(i, str):
                raise ValueError(
                    f"expected token ids, got the token {i!r}; encode text first: vocab.encode(…)"
                )
            if not isinstance(i, Real) or i % 1 != 0 or not 0 <= i < len(self):
                raise ValueError(f"token id {i} is not an integer from 0 to {len(self) - 1}")
            checked.append(int(i))
        return checked
