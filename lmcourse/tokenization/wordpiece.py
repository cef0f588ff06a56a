"""WordPiece: merge the pair that makes the text most probable, then cut greedily, longest first.

Schuster and Nakajima (2012) invented it for Japanese and Korean, BERT (Devlin et al. 2019) made it famous.
Its trainer was never published; the paper's rule is to merge what raises the likelihood of the text most. The
language model that it is the likelihood of is here the simplest: each token is drawn independently. Left out:
BERT's lower-casing, stripping of accents and spaces around each Chinese character.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from lmcourse.model import check_whole
from lmcourse.tokenization.bpe import Pair, Words
from lmcourse.tokenization.pieces import BERT, words
from lmcourse.vocabulary import Vocabulary

UNKNOWN = "[UNK]"
INSIDE = "##"  # marks a token that does not begin a word


def spell(word: str) -> list[str]:
    """A word in single characters, all but the first marked.

    >>> spell("cat")
    ['c', '##a', '##t']
    """
    return [word[:1], *(INSIDE + character for character in word[1:])]


def likelihood_gain(left: int, right: int, pair: int, total: int, same: bool = False) -> float:
    """By how many nats the text's log-likelihood grows when a pair becomes one token.

    With n(x) occurrences of token x among N, the likelihood is the product of all (n(x)/N)^n(x), so its
    logarithm is the sum of n(x) log n(x) less N log N; only the terms of the pair, of its parts and of N
    change.

    Args:
        left: occurrences of the first token.
        right: occurrences of the second.
        pair: how often they are merged.
        total: occurrences of all tokens, N.
        same: the two tokens are the same one, so that each merge takes two of it.
    """

    def f(n: int) -> float:
        return n * math.log(n) if n > 0 else 0.0

    if same:
        parts = f(left - 2 * pair) - f(left)
    else:
        parts = f(left - pair) + f(right - pair) - f(left) - f(right)
    return f(pair) + parts - f(total - pair) + f(total)


def best_pair(tokens: Mapping[int, int], pairs: Mapping[Pair, int], total: int) -> tuple[Pair, float]:
    """The pair whose merge gains most, and its gain; of equally good ones the one with the smaller ids.

    Most pairs are so rare that they need no look. The more a pair's parts occur elsewhere, the smaller the
    gain; so it is at most that of a pair whose parts never do.

    Args:
        tokens: how often each token occurs.
        pairs: how often each pair occurs. Three equal tokens in a row count as two pairs though only one
            merge fits; in words that is so rare that it is let pass.
        total: occurrences of all tokens.
    """

    def gains(candidates: Iterable[Pair]) -> dict[Pair, float]:
        found = {}
        for a, b in candidates:
            times = min(pairs[a, b], tokens[a] // 2) if a == b else pairs[a, b]
            found[a, b] = likelihood_gain(tokens[a], tokens[b], times, total, a == b)
        return found

    found = gains(heapq.nlargest(20, pairs, key=pairs.__getitem__))
    mark, enough = max(found.values()), 1  # what has a count of `enough` or more may gain more than `mark`
    while 2 * enough < total and likelihood_gain(enough, enough, enough, total) < mark:
        enough += 1
    found.update(gains(pair for pair, n in pairs.items() if n >= enough))
    pair = max(found, key=lambda pair: (found[pair], -pair[0], -pair[1]))
    return pair, found[pair]


class WordPiece(Vocabulary):
    """A WordPiece tokenizer: `##` marks tokens that go on with a word, and `[UNK]` is a word that fails.

    White space only parts words; `decode` writes one space between any two, whatever stood there.

    Args:
        tokens: the vocabulary; `[UNK]` must be in it.
        pattern: what a word is; every sign between words is one too.

    >>> tokenizer = WordPiece(["[UNK]", "un", "##able", "##a", "##ble", "##s"])
    >>> tokenizer.split("unables able")
    ['un', '##able', '##s', '[UNK]']
    """

    def __init__(self, tokens: Iterable[str], pattern: str = BERT):
        super().__init__(tokens, separator=" ")
        self.id(UNKNOWN)
        self.pattern = pattern
        self._longest = max(map(len, self.tokens))
        self._known: dict[str, list[str]] = {}  # words that were met before

    @classmethod
    def train(cls, text: str, vocab_size: int, pattern: str = BERT) -> WordPiece:
        """Merge the pair of the largest gain until there are `vocab_size` tokens, or no pair gains.

        Args:
            text: what to learn from.
            vocab_size: `[UNK]` and single characters included.
            pattern: what a word is.
        """
        spelled = {tuple(spell(word)): n for word, n in Counter(words(text, pattern)).items()}
        tokens = [UNKNOWN, *sorted({character for word in spelled for character in word})]
        if check_whole(vocab_size, "vocab_size") < len(tokens):
            raise ValueError(f"vocab_size={vocab_size} is less than the {len(tokens)} tokens to start from")
        ids = {token: i for i, token in enumerate(tokens)}
        counted = Words({tuple(ids[c] for c in word): n for word, n in spelled.items()})
        total = sum(counted.tokens.values())
        while len(tokens) < vocab_size and counted.pairs:
            pair, gain = best_pair(counted.tokens, counted.pairs, total)
            if gain <= 0:
                break
            token = tokens[pair[0]] + tokens[pair[1]].removeprefix(INSIDE)
            if ids.setdefault(token, len(tokens)) == len(tokens):
                tokens.append(token)
            counted.merge(pair, ids[token])
            counted.pairs += Counter()  # forget pairs that are gone
            total = sum(counted.tokens.values())
        return cls(tokens, pattern)

    def split(self, text: str) -> list[str]:
        """The tokens of a text: of each word the longest known beginning, then the longest of the rest."""
        found = []
        for word in words(text, self.pattern):
            if word not in self._known:
                self._known[word] = self._cut(word)
            found += self._known[word]
        return found

    def _cut(self, word: str) -> list[str]:
        found, start = [], 0
        while start < len(word):
            mark = INSIDE if start else ""
            for end in range(min(len(word), start + self._longest), start, -1):
                if mark + word[start:end] in self:
                    found.append(mark + word[start:end])
                    start = end
                    break
            else:
                return [UNKNOWN]
        return found

    def decode(self, token_ids: Sequence[int]) -> str:
        """The words of a sequence of ids, with one space between them; what was unknown stays `[UNK]`."""
        return super().decode(token_ids).replace(f" {INSIDE}", "")
