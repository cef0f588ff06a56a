"""Submissions that are alike: which pairs of students share what few others have. No verdict.

Two who solve a short exercise write the same lines; so only those runs of words count that the release does
not have and that hardly anybody else wrote. The idea of fingerprints is that of MOSS (Schleimer, Wilkerson
and Aiken 2003); left out are its windows, since answers are short.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations, count, product

RUN = 6  # words and signs in a run
COMMON = 0.1  # share of a class from which on what they share is what one writes
FEWEST = 8  # runs of one's own that an answer must have to be compared
MAX_TEXT = 20_000  # characters of an answer that are looked at


def runs(text: str) -> set[tuple[str, ...]]:
    """The runs of words and signs in a text, without comments and whatever the blanks."""
    text = re.sub(r"#[^\n]{0,500}", "", text[:MAX_TEXT])
    words = re.findall(r"\w+|[^\w\s]", text)
    return set(zip(*(words[i:] for i in range(RUN))))


def alike(
    answers: Mapping[str, str], released: str = "", least: float = 0.0
) -> Iterator[tuple[float, str, str]]:
    """(Share of what is rare that both have, one student, another), of pairs that share any; unsorted.

    Args:
        answers: student -> what was written in one exercise, or in all.
        released: what stood there before.
        least: share below which a pair is left out.
    """
    groups = {rare: who for rare, who in _who_wrote(answers, released).items() if len(rare) >= FEWEST}
    for who in groups.values():
        yield from ((1.0, *sorted(pair)) for pair in combinations(who, 2))
    for one, other in _candidates([*groups], least):
        n = _common(one, other)
        share = n / min(len(one), len(other))
        if n and share >= least:
            yield from ((share, *sorted(pair)) for pair in product(groups[one], groups[other]))


def _who_wrote(answers: Mapping[str, str], released: str) -> dict[frozenset[int], list[str]]:
    """What is rare in an answer, as numbers of runs -> all students who have just that."""
    number: dict[tuple[str, ...], int] = defaultdict(count().__next__)
    given = {number[run] for run in runs(released)}
    authors: dict[str, list[str]] = {}
    for student, text in answers.items():
        authors.setdefault(text, []).append(student)
    own = {text: {number[run] for run in runs(text)} - given for text in authors}
    written = Counter(chain.from_iterable(own.values()))
    for text, who in authors.items():
        for _ in who[1:]:
            written.update(own[text])
    limit = max(2, COMMON * len(answers))
    common = {run for run, n in written.items() if n > limit}
    groups: dict[frozenset[int], list[str]] = {}
    for text, who in authors.items():
        groups.setdefault(frozenset(own[text] - common), []).extend(who)
    return groups


def _candidates(
    sets: Sequence[frozenset[int]], least: float
) -> Iterator[tuple[frozenset[int], frozenset[int]]]:
    """Pairs of sets that may share so much of the smaller one, which comes first; each pair once.

    Whoever shares at least k of n runs has one of any n - k + 1 of them. So the smaller set is looked up by
    that many alone, those that fewest others have; and not at all if fewer than k are anybody else's.
    """
    sets = sorted(sets, key=len)
    where: dict[int, list[int]] = {}
    for place, runs_of_one in enumerate(sets):
        for run in runs_of_one:
            where.setdefault(run, []).append(place)
    for place, smaller in enumerate(sets):
        several = sorted((run for run in smaller if len(where[run]) > 1), key=lambda run: len(where[run]))
        needed = max(1, math.ceil(least * len(smaller) - 1e-9))
        found = {other for run in several[: max(0, len(several) - needed + 1)] for other in where[run]}
        yield from ((smaller, sets[other]) for other in sorted(found) if other > place)


def _common(one: frozenset[int], other: frozenset[int]) -> int:
    """How many runs both have."""
    return len(one & other)


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
        found += [(share, exercise, *pair) for share, *pair in alike(written, before, least)]
    return sorted(found, key=lambda one: (-one[0], *one[1:]))[:most]
