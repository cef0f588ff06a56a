"""The tokenizer explorer: any text, cut by several tokenizers at once, and BPE's merges one by one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import traitlets

from lmcourse.tokenization.bpe import BPE, BYTES, merge
from lmcourse.tokenization.pieces import BERT, GPT2, GPT4O, pieces
from lmcourse.tokenization.unigram import Unigram
from lmcourse.tokenization.wordpiece import WordPiece
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets.base import HERE, Widget, script

MAX_TEXT = 2_000  # characters; the page tokenizes all of them anew at each key
MAX_BYTES = 200_000  # of all tokenizers together, as they travel into the page
BUILT_IN = {"characters": "characters", "UTF-8 bytes": "bytes", "words": "words"}  # name -> kind
# Patterns that the page knows in its own dialect of regular expressions.
PATTERNS = {GPT2: "gpt2", GPT4O: "gpt4o", BERT: "bert", r" ?\S+|\s+": "words", r"(?s).+": "whole"}

Token = tuple[Any, "int | None"]  # a token, text or bytes, and its id; None: it has none


class TokenizerExplorer(Widget):
    """A text that the reader types, as tokens in each of several schemes, with how many each one needs.

    Characters, bytes of UTF-8 and words between white space stand beside the given tokenizers. A
    byte-pair tokenizer also shows its merges, one after another.

    Args:
        tokenizers: names, and tokenizers of `lmcourse.tokenization` (BPE, WordPiece, Unigram) or plain
            vocabularies; what they cannot spell is marked as unknown.
        text: what stands there at first.

    Raises:
        ValueError: for a text of over 2,000 characters, a tokenizer of another kind, a pattern that the page
            does not know, or tokenizers too large for a page.

    >>> tokenizer = BPE.train("low low low lower lowest", vocab_size=259)
    >>> TokenizerExplorer({"BPE": tokenizer}, "slow").tokens("BPE")
    [(b's', 115), (b'low', 257)]
    """

    _esm = script("tokenizer.js")
    _css = HERE / "tokenizer.css"

    schemes = traitlets.List(traitlets.Dict()).tag(sync=True)  # all that the page needs to tokenize
    text = traitlets.Unicode().tag(sync=True)
    scheme = traitlets.Unicode().tag(sync=True)  # the one that is shown at length
    step = traitlets.Int(None, allow_none=True).tag(sync=True)  # merges that are applied; None: all
    ids = traitlets.Bool(False).tag(sync=True)  # whether ids are shown

    def __init__(self, tokenizers: Mapping[str, Vocabulary], text: str):
        self._tokenizers = dict(tokenizers)
        for name in self._tokenizers:
            if name in BUILT_IN or not name:
                raise ValueError(f"the name {name!r} is taken or empty; call the tokenizer something else")
        schemes = [{"name": name, "kind": kind} for name, kind in BUILT_IN.items()]
        schemes += [_scheme(name, tokenizer) for name, tokenizer in self._tokenizers.items()]
        try:
            sizes = [len(json.dumps(s, ensure_ascii=False).encode()) for s in schemes]
        except UnicodeEncodeError:
            raise ValueError("a token holds half a surrogate pair, which no page can carry") from None
        if sum(sizes) > MAX_BYTES:
            each = ", ".join(
                f"{s['name']} {n:,}" for s, n in zip(schemes, sizes) if s["name"] not in BUILT_IN
            )
            raise ValueError(
                f"the tokenizers take {sum(sizes):,} bytes of the page ({each}), over {MAX_BYTES:,}; "
                "train smaller vocabularies, or show fewer"
            )
        chosen = next(iter(self._tokenizers), "characters")
        super().__init__(schemes=schemes, text=text, scheme=chosen)

    @traitlets.validate("text")
    def _check_text(self, proposal: dict) -> str:
        text = proposal["value"]
        if len(text) > MAX_TEXT:
            raise ValueError(f"a text of {len(text):,} characters is too long; show {MAX_TEXT:,} at most")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError("the text holds half a surrogate pair, which no page can carry")
        return text

    @traitlets.validate("scheme")
    def _check_scheme(self, proposal: dict) -> str:
        names = [*BUILT_IN, *self._tokenizers]
        if proposal["value"] not in names:
            raise ValueError(f"scheme={proposal['value']!r} must be one of {', '.join(map(repr, names))}")
        return proposal["value"]

    def tokens(self, name: str) -> list[Token]:
        """The text's tokens in a scheme, each with its id, or None if it has none."""
        if name in self._tokenizers:
            return tokenize(self._tokenizers[name], self.text)
        if name not in BUILT_IN:
            raise ValueError(f"{name!r} is none of the schemes: {', '.join([*BUILT_IN, *self._tokenizers])}")
        if name == "characters":
            return [(character, ord(character)) for character in self.text]
        if name == "words":
            return [(word, None) for word in self.text.split()]
        return [(BYTES[i], i) for i in self.text.encode("utf-8", "surrogatepass")]

    def merge_steps(self, name: str) -> list[tuple[int, list]]:
        """How a byte-pair tokenizer comes to its tokens: see `merge_steps`."""
        if not isinstance(self._tokenizers.get(name), BPE):
            raise ValueError(f"{name!r} is no byte-pair tokenizer here, so it merges nothing")
        return merge_steps(self._tokenizers[name], self.text)


def tokenize(tokenizer: Vocabulary, text: str) -> list[Token]:
    """Tokens and ids of any text. What the tokenizer cannot spell parts the text, and has no id.

    >>> tokenize(Vocabulary("ab", separator=""), "abc")
    [('a', 0), ('b', 1), ('c', None)]
    """
    if type(tokenizer) is Vocabulary:
        return [(t, tokenizer.id(t) if t in tokenizer else None) for t in tokenizer.split(text)]
    found = []
    for known, run in _runs(tokenizer, text):
        if known:
            found += [(tokenizer.tokens[i], i) for i in tokenizer.encode(run)]
        else:
            found += [(character, None) for character in run]
    return found


def merge_steps(tokenizer: BPE, text: str) -> list[tuple[int, list]]:
    """The merges that turn a text's alphabet into its tokens, in the order in which they happen.

    Returns:
        (rank in the table of merges, from 0; the whole text's tokens after it) for each.
    """
    alphabet, words = tokenizer.tokens[: tokenizer.alphabet_size], []
    made = {}
    for rank, (left, right) in enumerate(tokenizer.merges):
        made[left, right] = (rank, tokenizer.id(tokenizer.tokens[left] + tokenizer.tokens[right]))
    for known, run in _runs(tokenizer, text):
        if not known:
            words += [[character] for character in run]  # no ids, so no pair of them merges
            continue
        for piece in pieces(run, tokenizer.pattern):
            signs = piece.encode("utf-8", "surrogatepass") if tokenizer.byte_level else piece
            words.append([alphabet.index(bytes([s]) if tokenizer.byte_level else s) for s in signs])
    steps = []
    while True:
        present = {pair for word in words for pair in zip(word, word[1:]) if pair in made}
        if not present:
            return steps
        pair = min(present, key=made.__getitem__)
        rank, new = made[pair]
        words = [merge(word, pair, new) for word in words]
        tokens = [tokenizer.tokens[i] if isinstance(i, int) else i for word in words for i in word]
        steps.append((rank, tokens))


def _runs(tokenizer: Vocabulary, text: str) -> list[tuple[bool, str]]:
    """The text in runs of characters that the tokenizer can spell, or cannot."""
    if isinstance(tokenizer, WordPiece) or (isinstance(tokenizer, BPE) and tokenizer.byte_level):
        return [(True, text)]
    return [(known, "".join(run)) for known, run in groupby(text, key=tokenizer.__contains__)]


def _scheme(name: str, tokenizer: Vocabulary) -> dict:
    """A tokenizer as plain values. Raises ValueError if the page cannot follow it."""
    kinds = {
        BPE: ("bpe", _bpe),
        WordPiece: ("wordpiece", _vocabulary),
        Unigram: ("unigram", _unigram),
        Vocabulary: ("vocabulary", _vocabulary),
    }
    if type(tokenizer) not in kinds:
        raise ValueError(
            f"{name!r} is of type {type(tokenizer).__name__}; the page can follow a BPE, a WordPiece, a "
            "Unigram or a plain Vocabulary"
        )
    kind, describe = kinds[type(tokenizer)]
    scheme = {"name": name, "kind": kind, **describe(name, tokenizer)}
    if kind != "vocabulary":
        if tokenizer.pattern not in PATTERNS:
            known = ", ".join(map(repr, PATTERNS))
            raise ValueError(
                f"{name!r} cuts text by pattern={tokenizer.pattern!r}; the page knows {known} (the first "
                "three are GPT2, GPT4O and BERT of lmcourse.tokenization.pieces)"
            )
        scheme["pattern"] = PATTERNS[tokenizer.pattern]
    return scheme


def _bpe(name: str, tokenizer: BPE) -> dict:
    alphabet = tokenizer.tokens[: tokenizer.alphabet_size]
    if tokenizer.byte_level:
        if set(alphabet) != set(BYTES):
            raise ValueError(f"{name!r} must start from all 256 bytes")
        # in another order than theirs: a character for each, in the vocabulary's
        characters = "" if alphabet == BYTES else b"".join(alphabet).decode("latin-1")
    else:
        if any(len(character) != 1 for character in alphabet):
            raise ValueError(f"{name!r} must start from single characters")
        characters = "".join(alphabet)
    # One string, not a list: a page that is indented would give each number a line of its own.
    return {
        "alphabet": characters,
        "bytes": tokenizer.byte_level,
        "merges": " ".join(f"{a} {b}" for a, b in tokenizer.merges),
    }


def _vocabulary(name: str, tokenizer: Vocabulary) -> dict:
    tokens = {"tokens": list(tokenizer.tokens), "separator": tokenizer.separator}
    if not all(isinstance(token, str) for token in tokenizer.tokens):
        raise ValueError(f"the tokens of {name!r} must be text")
    return tokens


def _unigram(name: str, tokenizer: Unigram) -> dict:
    scores = [float(tokenizer.log_probs[token]) for token in tokenizer.tokens]
    if not all(map(math.isfinite, scores)):
        raise ValueError(f"the log-probabilities of {name!r} must be finite")
    return {"tokens": list(tokenizer.tokens), "scores": " ".join(map(repr, scores))}
