"""Byte-pair encoding: merge the most frequent pair of neighbours into a new token, again and again.

Gage (1994) compressed files so; Sennrich, Haddow and Birch (2016) gave it to translation; on bytes instead of
characters (Radford et al. 2019) it can write any string. Left out: special tokens, dropout of merges.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from lmcourse.model import check_whole
from lmcourse.tokenization.pieces import GPT2, pieces
from lmcourse.vocabulary import Vocabulary

Pair = tuple[int, int]
Token = bytes | str
BYTES = tuple(bytes([i]) for i in range(256))


def merge(ids: Sequence[int], pair: Pair, new: int) -> list[int]:
    """Replace each occurrence of `pair`, from left to right, by the token `new`.

    >>> merge([1, 2, 3, 1, 2], (1, 2), 4)
    [4, 3, 4]
    """
    merged, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def count_pairs(words: Mapping[Sequence[int], int]) -> Counter[Pair]:
    """How often each two tokens stand side by side, in words that occur so and so often.

    >>> count_pairs({(1, 2, 3, 1, 2): 10})
    Counter({(1, 2): 20, (2, 3): 10, (3, 1): 10})
    """
    pairs: Counter[Pair] = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    return pairs


class Words:
    """Words that are being merged, with the counts of their pairs kept up to date.

    Recounting everything after each merge would do: it is what `count_pairs` and `merge` spell out. But a
    merge changes few words, so only these are looked at again.

    Args:
        counts: how often each word occurs; a word is a tuple of ids.

    Attributes:
        tokens: how often each token occurs now.
        pairs: how often each pair occurs now; in "aaa" the pair (a, a) counts twice.
    """

    def __init__(self, counts: Mapping[tuple[int, ...], int]):
        self._spelled = [list(word) for word in counts]
        self._counts = list(counts.values())
        self.tokens: Counter[int] = Counter()
        for word, count in counts.items():
            for token in word:
                self.tokens[token] += count
        self.pairs = count_pairs(counts)
        self._where: dict[Pair, set[int]] = defaultdict(set)  # pair -> words in which it stands, or stood
        for i, word in enumerate(self._spelled):
            for pair in zip(word, word[1:]):
                self._where[pair].add(i)

    def merge(self, pair: Pair, new: int) -> set[Pair]:
        """Merge a pair everywhere. Returns the pairs that may have become more frequent: those with `new`."""
        grown = set()
        for i in self._where.pop(pair):
            before, after, count = self._spelled[i], merge(self._spelled[i], pair, new), self._counts[i]
            for old in zip(before, before[1:]):
                self.pairs[old] -= count
            for now in zip(after, after[1:]):
                self.pairs[now] += count
                if new in now:
                    self._where[now].add(i)
                    grown.add(now)
            self.tokens[new] += count * (len(before) - len(after))
            for part in pair:
                self.tokens[part] -= count * (len(before) - len(after))
            self._spelled[i] = after
        return grown


def learn_merges(
    counts: Mapping[tuple[int, ...], int], alphabet: Sequence[Token], vocab_size: int
) -> list[Pair]:
    """The merges of byte-pair encoding, in the order in which they are learned.

    A merge makes the token that the pair spells: usually a new one, and its id is the next that is free. Of
    equally frequent pairs the one with the smaller ids is merged.

    Args:
        counts: how often each word occurs; a word is a tuple of ids of the alphabet.
        alphabet: the tokens to start from.
        vocab_size: how many tokens to stop at; there are fewer if no pair is left.
    """
    words = Words(counts)
    tokens, ids = list(alphabet), {token: i for i, token in enumerate(alphabet)}
    merges: dict[Pair, None] = {}  # an ordered set
    # A count in the heap may be out of date, but only by being too large; it is put right when it comes up.
    heap = [(-count, pair) for pair, count in words.pairs.items()]
    heapq.heapify(heap)
    while heap and len(tokens) < vocab_size:
        count, pair = heapq.heappop(heap)
        if words.pairs[pair] != -count:
            if words.pairs[pair]:
                heapq.heappush(heap, (-words.pairs[pair], pair))
            continue
        token = tokens[pair[0]] + tokens[pair[1]]
        new = ids.setdefault(token, len(tokens))
        if new == len(tokens):
            tokens.append(token)
        merges[pair] = None
        for grown in words.merge(pair, new):
            heapq.heappush(heap, (-words.pairs[grown], grown))
    return list(merges)


def apply_merges(ids: Sequence[int], made: Mapping[Pair, tuple[int, int]]) -> list[int]:
    """Tokenize one word as training would have: of the pairs in it, merge the one learned first; repeat.

    Args:
        ids: the word in ids of the alphabet.
        made: for each pair that merges, its rank and the token it makes.

    >>> apply_merges([0, 1, 1], {(0, 1): (0, 2), (2, 1): (1, 3)})
    [3]
    """
    # To look at all pairs after each merge takes L² steps for L tokens; this takes about L log L. The tokens
    # form a chain: `after[i]` is where the next one stands; one merged into its neighbour becomes None. The
    # heap has rank and place of each pair that merges; what is there no more is passed over when it comes up.
    chain: list[int | None] = [*ids, None]  # the None also stands before the first token, as chain[-1]
    before, after = list(range(-1, len(ids))), list(range(1, len(ids) + 2))

    def entries(places: Iterable[int]) -> list[tuple[int, int]]:
        pairs = [(i, (chain[i], chain[after[i]])) for i in places]
        return [(made[pair][0], i) for i, pair in pairs if pair in made]

    heap = entries(range(len(ids)))
    heapq.heapify(heap)
    while heap:
        first, merged = heap[0][0], []
        # All occurrences of the pair, from left to right, before what they make is seen.
        while heap and heap[0][0] == first:
            i = heapq.heappop(heap)[1]
            rank, new = made.get((chain[i], chain[after[i]]), (None, None))
            if rank == first:
                chain[i], chain[after[i]] = new, None
                after[i] = after[after[i]]
                before[after[i]] = i
                merged.append(i)
        for entry in entries({place for i in merged for place in (before[i], i)} - {-1}):
            heapq.heappush(heap, entry)
    return [token for token in chain if token is not None]


class BPE(Vocabulary):
    """A byte-pair tokenizer: an alphabet, the merges in the order in which they were learned, a pattern.

    Args:
        alphabet: single bytes (`bytes`, in any order; with all 256 any string can be encoded), or single
            characters.
        merges: pairs of ids, in the order of learning. Each makes the token that the pair spells.
        pattern: cuts a text into pieces; no merge crosses from one into the next.

    Raises ValueError if a merge uses an id that is not there yet, or is listed twice.

    >>> tokenizer = BPE.train("low low low lower lowest", vocab_size=259)
    >>> tokenizer.split("slow lowlands")
    [b's', b'low', b' low', b'l', b'a', b'n', b'd', b's']
    """

    tokens: tuple[bytes, ...] | tuple[str, ...]

    def __init__(self, alphabet: Iterable[Token], merges: Iterable[Pair], pattern: str = GPT2):
        tokens = list(alphabet)
        ids = {token: i for i, token in enumerate(tokens)}
        self.byte_level = bool(tokens) and isinstance(tokens[0], bytes)
        self.alphabet_size = len(tokens)
        self._made: dict[Pair, tuple[int, int]] = {}  # pair -> its rank, and the token it makes
        for left, right in merges:
            if not (0 <= left < len(tokens) and 0 <= right < len(tokens)):
                raise ValueError(f"merge ({left}, {right}) comes when there are only {len(tokens)} tokens")
            if (left, right) in self._made:
                # It could be ignored, but if ids were counted by line, those that follow would be wrong.
                numbers = f"{self._made[left, right][0]} and {len(self._made)}"
                raise ValueError(
                    f"merge ({left}, {right}) is listed twice, as number {numbers}; list it once"
                )
            token = tokens[left] + tokens[right]
            self._made[left, right] = (len(self._made), ids.setdefault(token, len(tokens)))
            if len(ids) > len(tokens):
                tokens.append(token)
        super().__init__(tokens, separator="")
        self.pattern = pattern
        self._known: dict[str, list[int]] = {}  # pieces that were met before

    @property
    def merges(self) -> list[Pair]:
        """The pairs of ids that are merged, the first one first."""
        return list(self._made)

    @classmethod
    def train(cls, text: str, vocab_size: int, pattern: str = GPT2, byte_level: bool = True) -> BPE:
        """Learn merges from a text until there are `vocab_size` tokens, or no pair is left.

        Args:
            text: what to learn from.
            vocab_size: tokens of the alphabet included; bytes come in 256 kinds.
            pattern: cuts the text into pieces. The fewer different pieces, the faster.
            byte_level: start from the 256 bytes of UTF-8; otherwise from the characters of `text`, in
                code-point order, and other characters cannot be encoded.
        """
        alphabet = BYTES if byte_level else sorted(set(text))
        if check_whole(vocab_size, "vocab_size") < len(alphabet):
            raise ValueError(f"vocab_size={vocab_size} is less than the alphabet's {len(alphabet)} tokens")
        start = cls(alphabet, [], pattern)
        counts = {tuple(start._spell(piece)): n for piece, n in Counter(pieces(text, pattern)).items()}
        return cls(alphabet, learn_merges(counts, alphabet, vocab_size), pattern)

    @classmethod
    def from_ranks(cls, tokens: Sequence[bytes], pattern: str = GPT2) -> BPE:
        """The tokenizer of a list of tokens in the order of learning, such as the files of OpenAI's tiktoken.

        These files do not say which pair made a token. It is the one that the merges before it leave of it.

        Args:
            tokens: the single bytes first, in any order, then what the merges made.
            pattern: cuts a text into pieces.

        Raises ValueError if a token cannot be made by one merge from those before it.
        """
        alphabet = [token for token in tokens if len(token) == 1]
        ids = {token: i for i, token in enumerate(alphabet)}
        made: dict[Pair, tuple[int, int]] = {}
        for rank, token in enumerate(tokens[len(alphabet) :], start=len(alphabet)):
            parts = apply_merges([ids.get(bytes([byte]), -1) for byte in token], made)
            if len(parts) != 2 or -1 in parts:
                raise ValueError(f"{token!r} has rank {rank}, but no two tokens before it make it")
            made[parts[0], parts[1]] = (len(made), rank)
        return cls(alphabet, made, pattern)

    def _spell(self, piece: str) -> list[int]:
        """A piece in ids of the alphabet."""
        if not self.byte_level:
            return [self.id(character) for character in piece]
        data = piece.encode("utf-8", "surrogatepass")
        try:
            return [self._ids[BYTES[byte]] for byte in data]
        except KeyError:
            byte = next(byte for byte in data if BYTES[byte] not in self._ids)
            raise ValueError(
                f"byte {byte} (of {piece!r}) is not in the alphabet; begin with all 256 (BYTES)"
            ) from None

    def encode(self, text: str) -> list[int]:
        """Token ids of a text. Raises ValueError at a character that is not in the alphabet."""
        known, ids = self._known, []
        for piece in pieces(text, self.pattern):
            if piece not in known:
                known[piece] = apply_merges(self._spell(piece), self._made)
            ids += known[piece]
        return ids

    def split(self, text: str) -> list[bytes] | list[str]:
        """The tokens of a text."""
        return [self.tokens[i] for i in self.encode(text)]

    def decode(self, token_ids: Sequence[int]) -> str:
        """The text of a sequence of ids. Bytes that are no UTF-8 become the sign �."""
        parts = [self.tokens[i] for i in self.check_ids(token_ids)]
        return as_text(b"".join(parts)) if self.byte_level else "".join(parts)


def as_text(data: bytes) -> str:
    """Bytes as text: exactly the string they were made from, or with � where they are no UTF-8.

    A string of Python may hold half a surrogate pair, which UTF-8 proper refuses; it goes there and back.
    """
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
