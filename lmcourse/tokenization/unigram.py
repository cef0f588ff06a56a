"""The unigram tokenizer: a probability for each token, and of all segmentations the most probable one.

Kudo (2018) turns byte-pair encoding round: start with far too many tokens, learn their probabilities by
expectation-maximisation over all segmentations, and drop those that the text would miss least, until as many
are left as are wanted. Since every segmentation has a probability, one can also draw them at random, which
makes models robust. Left out: the sparse prior on the probabilities that the reference implementation has.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from lmcourse.model import check_whole
from lmcourse.tokenization.lattice import best_path, expected_counts, sample_path, word_graph
from lmcourse.tokenization.pieces import GPT2, pieces
from lmcourse.vocabulary import Vocabulary


def seed_tokens(counts: Mapping[str, int], size: int, longest: int) -> dict[str, float]:
    """The substrings of pieces that cover most characters, count times length, and all single characters.

    Args:
        counts: how often each piece occurs.
        size: how many substrings of two characters and more.
        longest: of up to how many characters.

    Returns:
        Counts of the tokens.
    """
    found: Counter[str] = Counter()
    for piece, count in counts.items():
        for start in range(len(piece)):
            for end in range(start + 1, min(start + longest, len(piece)) + 1):
                found[piece[start:end]] += count
    singles = {token: float(n) for token, n in found.items() if len(token) == 1}
    several = [token for token, n in found.items() if len(token) > 1 and n > 1]
    several.sort(key=lambda token: (-found[token] * len(token), token))
    return {**singles, **{token: float(found[token]) for token in several[:size]}}


def log_shares(counts: Mapping[str, float]) -> dict[str, float]:
    """Logarithms of the shares that the counts have in their sum: the maximum-likelihood probabilities."""
    total = math.log(sum(counts.values()))
    return {token: math.log(count) - total for token, count in counts.items()}


def em_step(
    counts: Mapping[str, int], log_probs: Mapping[str, float], floor: float = 1e-6
) -> tuple[dict[str, float], float]:
    """One step of expectation-maximisation.

    Each piece is cut in all ways at once, weighted by their probabilities; the tokens' expected counts are
    the new probabilities, up to their sum. The likelihood of the text never falls, but for what the floor
    adds and drops.

    Args:
        counts: how often each piece occurs.
        log_probs: the tokens' log-probabilities.
        floor: a single character keeps at least this count, so that everything can still be spelled.

    Returns:
        (expected count of each token that is left, log-likelihood of the pieces before the step).
    """
    expected = {token: floor for token in log_probs if len(token) == 1}
    longest, likelihood = max(map(len, log_probs)), 0.0
    for piece, count in counts.items():
        graph = word_graph(piece, log_probs, longest, characters=False)
        shares, log_prob = expected_counts(piece, graph, log_probs.__getitem__)
        likelihood += count * log_prob
        for token, share in shares.items():
            expected[token] = expected.get(token, 0.0) + count * share
    return {token: n for token, n in expected.items() if n > floor or len(token) == 1}, likelihood


def losses(counts: Mapping[str, float], log_probs: Mapping[str, float]) -> dict[str, float]:
    """For each token of several characters, by how much the text's log-likelihood falls, about, without it.

    Wherever it stands it would be spelled by the best sequence of others.
    """
    longest = max(map(len, log_probs))
    lost = {}
    for token, log_prob in log_probs.items():
        if len(token) > 1:
            graph = word_graph(token, log_probs, longest, characters=False)
            graph[0] = [end for end in graph[0] if end < len(token)]
            lost[token] = counts[token] * (log_prob - best_path(token, graph, log_probs.__getitem__)[1])
    return lost


class Unigram(Vocabulary):
    """A unigram tokenizer: tokens with log-probabilities, most probable first, and a pattern.

    Args:
        log_probs: of each token, natural logarithms. A character that is no token cannot be encoded.
        pattern: cuts a text into pieces, each segmented alone.

    >>> tokenizer = Unigram({"a": -2.0, "b": -2.0, "ab": -1.0})
    >>> tokenizer.split("aab")
    ['a', 'ab']
    """

    def __init__(self, log_probs: Mapping[str, float], pattern: str = GPT2):
        super().__init__(sorted(log_probs, key=lambda token: (-log_probs[token], token)), separator="")
        self.log_probs = {token: log_probs[token] for token in self.tokens}
        self.pattern = pattern
        self._longest = max(map(len, self.tokens))
        self._known: dict[str, list[str]] = {}  # pieces that were met before

    @classmethod
    def train(
        cls,
        text: str,
        vocab_size: int,
        pattern: str = GPT2,
        seed_size: int = 20_000,
        longest: int = 12,
        kept: float = 0.75,
        progress: bool = False,
    ) -> Unigram:
        """Learn from a text: seed, then two EM steps and a pruning in turn, until `vocab_size` are left.

        Args:
            text: what to learn from.
            vocab_size: at least the number of different characters, which are never dropped.
            pattern: cuts the text into pieces.
            seed_size: substrings to start with.
            longest: the length of the longest token.
            kept: the share of tokens that survives a pruning.
            progress: show a bar.
        """
        from tqdm import tqdm

        counts = Counter(pieces(text, pattern))
        tokens = seed_tokens(counts, seed_size, longest)
        characters = sum(len(token) == 1 for token in tokens)
        if check_whole(vocab_size, "vocab_size") < characters:
            raise ValueError(f"vocab_size={vocab_size} is less than the text's {characters} characters")
        if not tokens:
            raise ValueError("text='' holds nothing to learn from")
        rounds = max(0, math.ceil(math.log(vocab_size / len(tokens)) / math.log(kept)))
        with tqdm(total=rounds + 1, desc="unigram", disable=not progress) as bar:
            while True:
                for _ in range(2):
                    tokens, _ = em_step(counts, log_shares(tokens))
                bar.update()
                if len(tokens) <= vocab_size:
                    bar.total = bar.n  # EM drops tokens too, so there may be fewer rounds than foreseen
                    return cls(log_shares(tokens), pattern)
                lost = losses(tokens, log_shares(tokens))
                size = max(vocab_size, int(kept * len(tokens))) - characters
                keep = set(sorted(lost, key=lambda token: (-lost[token], token))[:size])
                tokens = {token: n for token, n in tokens.items() if len(token) == 1 or token in keep}

    def _graph(self, piece: str) -> list[list[int]]:
        for character in piece:
            self.id(character)  # a clear error for what cannot be spelled
        return word_graph(piece, self.log_probs, self._longest, characters=False)

    def split(self, text: str) -> list[str]:
        """The most probable tokens of a text. Raises ValueError at a character that is no token."""
        found = []
        for piece in pieces(text, self.pattern):
            if piece not in self._known:
                self._known[piece], _ = best_path(piece, self._graph(piece), self.log_probs.__getitem__)
            found += self._known[piece]
        return found

    def sample(self, text: str, rng: np.random.Generator, sharpness: float = 1.0) -> list[str]:
        """A segmentation of a text drawn at random (Kudo 2018).

        Args:
            text: what to cut.
            rng: the source of chance.
            sharpness: probabilities of segmentations are raised to this power: 1 the model, 0 all
                segmentations alike, the larger the closer to the best one.
        """
        if not sharpness >= 0:
            raise ValueError(f"sharpness={sharpness} must be 0 or more")
        found = []
        for piece in pieces(text, self.pattern):
            found += sample_path(
                piece, self._graph(piece), lambda token: sharpness * self.log_probs[token], rng
            )
        return found
