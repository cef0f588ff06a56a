"""Real text: Shakespeare, to learn from and be judged on; parallel messages; counts of words on the web."""

from __future__ import annotations

import re
import struct
from collections import Counter

from lmcourse.data import DataError, fetch

# Never trained on. A comedy, a tragedy and a late romance, so that no one style decides; 6 % of the whole.
HELD_OUT = ("macbeth", "tempest", "twelfth_night")

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")  # letters, and 's or o'er


def shakespeare() -> dict[str, str]:
    """All 42 works by name, for example `"hamlet"`, as the plain text of Project Gutenberg's first editions.

    Line ends are single newlines; blanks at the end of a line and blank lines at either end of a work are
    dropped; nothing else is changed.
    """
    works = {}
    for path in sorted(fetch("shakespeare").glob("*_gut.txt")):
        lines = path.read_text(encoding="latin-1").split("\n")
        works[path.name[: -len("_gut.txt")]] = "\n".join(line.rstrip() for line in lines).strip() + "\n"
    return works


def shakespeare_split() -> tuple[str, str]:
    """(training text, held-out text): the works not in `HELD_OUT` and those in it, each in order of name."""
    works = shakespeare()
    return (
        "\n".join(text for name, text in works.items() if name not in HELD_OUT),
        "\n".join(works[name] for name in HELD_OUT),
    )


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence in lower case, and at its end one token `"."` for a full stop, ? or !.

    Everything else is left out: commas, digits, hyphens. What follows the last mark is a sentence too.

    >>> sentences("O'er hill! I know a bank")
    [["o'er", 'hill', '.'], ['i', 'know', 'a', 'bank', '.']]
    """
    parts = map(WORD.findall, re.split(r"[.?!]", text.lower()))
    return [[*words, "."] for words in parts if words]


def translations() -> dict[str, dict[str, str]]:
    """The messages of a program's user interface in about a hundred languages: the same, said in each.

    Left out: messages with a plural form or a note on their context, which depend on more than the text.

    Returns:
        For each language code (such as `"de"`, `"zh_Hans"`) the messages that are translated: from the
        English text to the text in that language.
    """
    found = {}
    for path in sorted(fetch("django").glob("*/LC_MESSAGES/django.mo")):
        messages = read_catalogue(path.read_bytes())
        if messages:
            found[path.parent.parent.name] = messages
    return found


def web_counts() -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """How often 333 thousand words and 258 thousand pairs of words stood on the web of 2006: (words, pairs).

    The pairs are a selection of frequent ones; `"<s>"` is the beginning of a sentence. All are in lower case;
    pairs that differed only in case stand twice in the file, and are added up here.
    Source: the Web 1T corpus of Google (Brants and Franz 2006), as cut down by Norvig (2009).
    """
    folder = fetch("wordsegment")

    def lines(name: str) -> list[list[str]]:
        text = (folder / name).read_text(encoding="utf-8")
        return [line.split("\t") for line in text.splitlines()]

    words = {word: int(count) for word, count in lines("unigrams.txt")}
    pairs: Counter[tuple[str, str]] = Counter()
    for pair, count in lines("bigrams.txt"):
        pairs[tuple(pair.split(" "))] += int(count)
    return words, dict(pairs)


def read_catalogue(data: bytes) -> dict[str, str]:
    """The plain messages of a compiled catalogue of GNU gettext, without its header.

    Source: "The Format of GNU MO Files", in the manual of gettext. A magic number, a version, how many
    strings, and where the two tables begin that hold length and position of each original and translation.

    Raises lmcourse.data.DataError if it is no such catalogue.
    """
    order = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}.get(data[:4])
    try:
        if order is None:
            raise ValueError("it does not begin as one")
        _, count, originals, targets = struct.unpack_from(f"{order}4I", data, 4)
        found = {}
        for i in range(count):
            texts = []
            for table in (originals, targets):
                length, start = struct.unpack_from(f"{order}2I", data, table + 8 * i)
                if start + length > len(data):
                    raise ValueError("it ends too early")
                texts.append(data[start : start + length].decode("utf-8"))
            original, target = texts
            if original and target and "\0" not in original and "\4" not in original:
                found[original] = target
    except (ValueError, struct.error) as error:
        raise DataError(f"this is no catalogue of gettext: {error}") from None
    return found
