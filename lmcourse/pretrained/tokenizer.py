"""A real model's tokenizer: chapter 1's byte-pair encoding, with the vocabulary and the merges of a file.

A number is as many tokens as it has digits. *Special* tokens are no text: they say where a text, or a
speaker's part of it, begins and ends. So a text that merely looks like one is cut like any other, unless that
is asked for.

Left out: the ways in which other models cut a text into pieces, and vocabularies of other kinds.

Source: the tokenizer of SmolLM2 in Hugging Face's library `tokenizers`, whose steps are Digits and ByteLevel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import regex

from lmcourse.tokenization.bpe import BPE, Pair

# A digit is a piece; what stands between digits is cut by GPT-2's pattern. So white space before a digit is
# like white space at the end of a text: no blank of it is left to what follows.
SINGLE_DIGITS = r"\p{N}|'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"
NORMAL = 1  # the type of a token that is no special one


def byte_of_sign() -> dict[str, int]:
    """Which byte a sign of the file's vocabulary stands for: itself if it is visible, others from U+0100 on.

    Source: GPT-2's `bytes_to_unicode` (Radford et al. 2019).

    >>> [sign for sign, byte in byte_of_sign().items() if byte in (65, 32, 10)]
    ['A', 'Ċ', 'Ġ']
    """
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(256 + i): byte for i, byte in enumerate(others)}


class PretrainedTokenizer(BPE):
    """Byte-pair encoding with special tokens, which have the first ids, and with bytes that have no token.

    A byte that never occurred in training has no token; it is left out of what is encoded, as the original
    does. Of those that occur in UTF-8 these are six control characters, and the first bytes of the characters
    from U+40000 to U+BFFFF, none of which Unicode has assigned.

    Args:
        special: the special tokens.
        alphabet: single bytes.
        merges: pairs of ids.
    """

    def __init__(self, special: Iterable[str], alphabet: Iterable[bytes], merges: Iterable[Pair]):
        self.special = tuple(special)
        # To BPE they are letters like any other, but none that a text is spelled in: that has single bytes.
        letters = [*(token.encode() for token in self.special), *alphabet]
        super().__init__(letters, merges, SINGLE_DIGITS)
        self._letter = [self._ids.get(bytes([byte])) for byte in range(256)]
        self._cut = regex.compile("(" + "|".join(map(regex.escape, self.special)) + ")")

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> PretrainedTokenizer:
        """The tokenizer that a GGUF file describes. Raises ValueError for one of another kind."""
        for name, known in (("model", "gpt2"), ("pre", "smollm")):
            found = metadata.get(f"tokenizer.ggml.{name}")
            if found != known:
                raise ValueError(f"tokenizer.ggml.{name} is {found!r}; this tokenizer knows {known!r} only")
        tokens, types = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"]
        merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
        n_special, n_letters = types.index(NORMAL), len(tokens) - len(merges)
        bytes_of, ids = byte_of_sign(), {token: i for i, token in enumerate(tokens)}
        letters = tokens[n_special:n_letters]
        in_order = set(types[n_special:]) == {NORMAL} and set(letters) <= set(bytes_of)
        if not in_order or ["".join(pair) for pair in merges] != tokens[n_letters:]:
            raise ValueError(
                "the file's tokens are not special ones, then bytes, then those that merges make"
            )
        return cls(
            tokens[:n_special],
            [bytes([bytes_of[sign]]) for sign in letters],
            [(ids[left], ids[right]) for left, right in merges],
        )

    def special_id(self, token: str) -> int:
        """The id of a special token. Raises ValueError for what is none."""
        if token not in self.special:
            raise ValueError(f"{token!r} is no special token; there are {', '.join(self.special)}")
        return self._ids[token.encode()]

    def _spell(self, piece: str) -> list[int]:
        letters = [self._letter[byte] for byte in piece.encode("utf-8", "surrogatepass")]
        return [letter for letter in letters if letter is not None]

    def encode(self, text: str, special: bool = False) -> list[int]:
        """Token ids of a text.

        Args:
            text: any string.
            special: whether what looks like a special token becomes one. Never with a text by somebody else:
                it could end its own part, and speak as another.
        """
        if not special:
            return super().encode(text)
        ids: list[int] = []
        for part in self._cut.split(text):
            ids += [self.special_id(part)] if part in self.special else super().encode(part)
        return ids
