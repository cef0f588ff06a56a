"""Where a statistical tokenizer may not merge: a pattern cuts text into pieces, each tokenized alone.

Without it, *dog*, *dog.* and *dog!* would each become a token, and no count would be large.
"""

from __future__ import annotations

from functools import lru_cache

import regex

# GPT-2's pattern (Radford et al. 2019): an English ending, or letters, digits or other signs, each with the
# space before it; or white space, of which the last blank is left to the word that follows.
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

# GPT-4's (the encoding cl100k_base of OpenAI's library tiktoken): endings in capitals too; before letters any
# one sign; digits by three at most; line ends stay with the signs before them.
GPT4 = (
    r"(?i:'(?:[sdmt]|ll|ve|re))|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# GPT-4o's (o200k_base of the same library): small letters end a word, so that HelloWorld is two; marks belong
# to the letters; an English ending stays with its word; slashes stay with the line ends.
_BIG, _SMALL = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_BEFORE, _ENDING = r"[^\r\n\p{L}\p{N}]?", r"(?i:'(?:[sdmt]|ll|ve|re))?"
GPT4O = (
    f"{_BEFORE}{_BIG}*{_SMALL}+{_ENDING}|{_BEFORE}{_BIG}+{_SMALL}*{_ENDING}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# BERT's rule (Devlin et al. 2019): a word is what stands between white space and punctuation, with accents;
# each punctuation mark, and any other sign of ASCII, is a word too. Left out: the original deletes control
# characters and makes each Chinese character a word; here those in a row are one word, like letters.
BERT = r"[^\s\p{P}$+<=>^`|~]+|[\p{P}$+<=>^`|~]"


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


def words(text: str, pattern: str = BERT) -> list[str]:
    """The pieces of a text that are not white space.

    >>> words("It's 42 dogs  here.")
    ['It', "'", 's', '42', 'dogs', 'here', '.']
    """
    # Not str.isspace: it counts U+001C to U+001F, which are signs to the patterns, and they would vanish.
    return [piece for piece in pieces(text, pattern) if not compiled(r"\s+").fullmatch(piece)]
