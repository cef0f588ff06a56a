"""Where a statistical tokenizer may not merge: a pattern cuts text into pieces, each tokenized alone.

Without it, *dog*, *dog.* and *dog!* would each become a token, and no count would be large.
"""

from __future__ import annotations

from functools import lru_cache

import regex

# GPT-2's pattern (Radford et al. 2019): an English ending, or letters, digits or other signs, each with the
# space before it; or white space, of which the last blank is left to the word that follows.
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

# BERT's rule (Devlin et al. 2019): words and single signs; it drops the white space between them.
BERT = r"[\p{L}\p{N}]+|[^\s\p{L}\p{N}]"


@lru_cache
def compiled(pattern: str) -> regex.Pattern:
    """The pattern, ready for use. Raises ValueError if it is not a regular expression."""
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"pattern={pattern!r} is not a regular expression: {error}") from None


def pieces(text: str, pattern: str = GPT2) -> list[str]:
    """The pieces of a text; together they are the text again, whatever the pattern.

    >>> pieces("It's 42 dogs  here.")
    ['It', "'s", ' 42', ' dogs', ' ', ' here', '.']
    """
    found, end = [], 0
    for match in compiled(pattern).finditer(text):
        if match.start() > end:  # what the pattern leaves out is a piece too: nothing is lost
            found.append(text[end : match.start()])
        if match.end() > match.start():
            found.append(match[0])
        end = match.end()
    return [*found, text[end:]] if end < len(text) else found
