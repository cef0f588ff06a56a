"""How a class did, exercise by exercise and check by check: the numbers of an item analysis."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lmcourse.grading.checks import Check
from lmcourse.grading.result import Result


@dataclass(frozen=True)
class Item:
    """An exercise, or one check of it, in a class.

    Args:
        exercise: its name.
        check: the check's title; empty for the exercise as a whole.
        hidden: whether students do not see it.
        students: how many were asked.
        passed: share of them with all of it, 0 to 1.
        mean: share of its points that they earned on average, 0 to 1.
        discrimination: see `discrimination`.
        seconds: the median time that it took; None if it was not measured.
        told: (how often, what) of the commonest messages of those who did not pass.
        troubles: (how often, what) of the exceptions that the check itself raised.
    """

    exercise: str
    check: str
    hidden: bool
    students: int
    passed: float
    mean: float
    discrimination: float | None
    seconds: float | None
    told: Sequence[tuple[int, str]]
    troubles: Sequence[tuple[int, str]] = ()


def discrimination(scores: Sequence[float], rest: Sequence[float]) -> float | None:
    """Whether those who do well elsewhere do well here: the correlation, -1 to 1, of the scores in an item
    with those in all other exercises (corrected item-total correlation).

    About 0, or less, an item tells good from weak students in no way, and may have a fault. None where either
    does not vary.

    Args:
        scores, rest: one number for each student, in the same order.
    """
    if len(scores) < 2 or len({*scores}) == 1 or len({*rest}) == 1:
        return None
    mean, other = statistics.fmean(scores), statistics.fmean(rest)
    both = sum((a - mean) * (b - other) for a, b in zip(scores, rest))
    spread = sum((a - mean) ** 2 for a in scores) * sum((b - other) ** 2 for b in rest)
    return both / math.sqrt(spread)


def items(results: Sequence[Result], checks: Sequence[Check], most: int = 5) -> list[Item]:
    """Each exercise, and behind it each of its checks.

    Args:
        results: of all that could be graded, made with these checks.
        checks: of the assignment.
        most: how many messages of each are named.
    """
    found = []
    for exercise in dict.fromkeys(check.exercise for check in checks):
        graded = [(r, report) for r in results for report in r.reports if report.exercise == exercise]
        if not graded:
            continue
        mine = [check for check in checks if check.exercise == exercise]
        rest = [round(result.points - report.points, 6) for result, report in graded]
        shares = [report.points / report.max_points if report.max_points else 0.0 for _, report in graded]
        told = Counter(report.reasons()[0] for _, report in graded if report.reasons())
        times = [sum(result.times.get(exercise, ())) for result, _ in graded if result.times.get(exercise)]
        found.append(_item(exercise, "", False, shares, rest, told, times, most))
        for n, check in enumerate(mine):
            outcomes = [(result, report.outcomes[n]) for result, report in graded]
            told = Counter(o.message for _, o in outcomes if not o.passed and o.message)
            times = [t[n] for result, _ in outcomes if n < len(t := result.times.get(exercise, ()))]
            troubles = Counter(r.troubles[check.name] for r, _ in outcomes if check.name in r.troubles)
            scores = [outcome.score for _, outcome in outcomes]
            item = _item(exercise, check.title, check.hidden, scores, rest, told, times, most)
            found.append(_with_troubles(item, troubles, most))
    return found


def _item(
    exercise: str,
    title: str,
    hidden: bool,
    scores: Sequence[float],
    rest: Sequence[float],
    told: Counter[str],
    times: Sequence[float],
    most: int,
) -> Item:
    passed = sum(score == 1 for score in scores) / len(scores)
    return Item(
        exercise,
        title,
        hidden,
        len(scores),
        passed,
        statistics.fmean(scores),
        discrimination(scores, rest),
        statistics.median(times) if times else None,
        [(n, message) for message, n in told.most_common(most)],
    )


def _with_troubles(item: Item, troubles: Counter[str], most: int) -> Item:
    return replace(item, troubles=[(n, what) for what, n in troubles.most_common(most)])
