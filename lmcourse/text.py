"""Real text: the works of Shakespeare, and their split into text to learn from and text to be judged on."""

from __future__ import annotations

from lmcourse.data import fetch

# Never trained on. A comedy, a tragedy and a late romance, so that no one style decides; 6 % of the whole.
HELD_OUT = ("macbeth", "tempest", "twelfth_night")


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
