"""Submissions that are alike: which pairs of students share what few others have. No verdict.

Two who solve a short exercise write the same lines; so only those runs of words count that the release does
not have and that hardly anybody else wrote. The idea of fingerprints is that of MOSS (Schleimer, Wilkerson
and Aiken 2003); left out are its windows, since answers are short.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations

RUN = 6  # words and signs in a run
COMMON = 0.1  # share of a class from which on what they share is what one writes
FEWEST = 8  # runs of one's own that an answer must have to be compared
MAX_TEXT = 20_000  # characters of an answer that are looked at


def runs(text: str) -> set[tuple[str, ...]]:
    """The runs of words and signs in a text, without comments and whatever the blanks."""
    text = re.sub(r"#[^\n]{0,500}", "", text[:MAX_TEXT])
    words = re.findall(r"\w+|[^\w\s]", text)
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}


def alike(answers: Mapping[str, str], released: str = "") -> Iterator[tuple[float, str, str]]:
    """(Share of what is rare that both have, one student, another), of pairs that share any; unsorted.

    Args:
        answers: student -> what was written in one exercise, or in all.
        released: what stood there before.
    """
    given = runs(released)
    own = {student: runs(text) - given for student, text in answers.items()}
    count = Counter(run for found in own.values() for run in found)
    limit = max(2, COMMON * len(answers))
    rare = {student: {run for run in found if count[run] <= limit} for student, found in own.items()}
    where: dict[tuple[str, ...], list[str]] = {}
    for student in sorted(rare):
        for run in rare[student]:
            where.setdefault(run, []).append(student)
    shared = Counter(pair for students in where.values() for pair in combinations(students, 2))
    for (one, other), n in shared.items():
        least = min(len(rare[one]), len(rare[other]))
        if least >= FEWEST:
            yield n / least, one, other


def most_alike(
    answers: Mapping[str, Mapping[str, str]], released: Mapping[str, str], least: float = 0.5, most: int = 20
) -> list[tuple[float, str, str, str]]:
    """(Share, exercise, one student, another) of the pairs that are most alike, the likest first.

    Args:
        answers: student -> exercise -> what was written.
        released: exercise -> what stood there before.
        least: share from which on a pair is named.
        most: how many are.
    """
    found = []
    for exercise, before in released.items():
        written = {student: mine.get(exercise, "") for student, mine in answers.items()}
        found += [(share, exercise, *pair) for share, *pair in alike(written, before) if share >= least]
    return sorted(found, key=lambda one: (-one[0], *one[1:]))[:most]
