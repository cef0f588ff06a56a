"""Consoles with few characters, as on Windows: what they lack is written in others, and nothing breaks."""

from __future__ import annotations

import codecs
import sys
import unicodedata

PLAIN = dict(zip("✓✗→−–’“”×·", ["+", "x", "->", "-", "-", "'", '"', '"', "x", "*"]))  # noqa: RUF001
PLAIN |= {"≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "‖": "||"}


def plain(error: UnicodeError) -> tuple[str | bytes, int]:
    r"""What stands for characters that cannot be written, as a handler of such errors.

    >>> "✗ 2 ≤ é ½ 中".encode("cp1252", "lmcourse").decode("cp1252")
    'x 2 <= é ½ \\u4e2d'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    said = ""
    for character in error.object[error.start : error.end]:
        letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
        said += (
            PLAIN.get(character) or letters or character.encode("ascii", "backslashreplace").decode("ascii")
        )
    return said, error.end


codecs.register_error("lmcourse", plain)


def widen() -> None:
    """Let standard output and error take every character from now on, where they are ordinary streams."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="lmcourse")
