"""What an instructor wants to know after a run, in a few lines."""

from __future__ import annotations

import statistics
import textwrap
from collections import Counter

from lmcourse.grading.grade import Options, Run
from lmcourse.grading.result import Result
from lmcourse.grading.trial import outdated


def summary(outcome: Run, options: Options) -> str:
    """What an instructor wants to know after a run."""
    results = sorted([*outcome.graded, *outcome.kept], key=lambda result: result.student)
    rate = len(outcome.graded) / outcome.seconds if outcome.seconds else 0.0
    lines = [
        f"{len(outcome.graded)} graded in {outcome.seconds:.1f} s ({rate:.1f} a second), "
        f"{len(outcome.kept)} had a result already" + (f"; seed {outcome.seed}" if outcome.graded else "")
    ]
    lines += [said for said in (outcome.origin, outcome.deadline) if said]
    if options.unsafe:
        lines.append("UNSAFE: students' code ran without a sandbox, with your rights")
    points = [result.points for result in results if not result.refused]
    if points:
        worth = results[0].max_points
        lines.append(
            "points by checks alone, of those that could be graded: "
            f"mean {statistics.fmean(points):.2f} of {worth:g}, "
            f"median {statistics.median(points):g}, from {min(points):g} to {max(points):g}"
        )
    lines += _outliers(outcome.graded)
    lines += _reasons(results)
    lines += _troubles(results)
    lines += _people(outcome, results)
    lines += _outdated(outcome)
    lines += [f"gradebook  {outcome.gradebook}", f"feedback   {options.course / 'feedback'}"]
    return "\n".join(lines)


def _people(outcome: Run, results: list[Result]) -> list[str]:
    """Whom there is something to say of."""
    lines = []
    refused = [result for result in results if result.refused]
    if refused:
        lines.append(f"not graded, 0 points: {len(refused)}")
        lines += [f"  {result.student}: {result.refused}" for result in refused]
    if outcome.late:
        lines += ["late:", *(f"  {name}: {late}" for name, late in sorted(outcome.late.items()))]
    lines += [f"! {remark}" for remark in outcome.remarks]
    if outcome.timeless:
        who = textwrap.shorten(", ".join(outcome.timeless), 80, placeholder=" …")
        lines.append(
            f"nobody knows when {len(outcome.timeless)} handed in, so they are not late: {who}; a roster "
            "with submitted_at says it"
        )
    if outcome.missing:
        lines.append(f"did not hand in: {', '.join(outcome.missing)}")
    if outcome.unread:
        lines += ["could not be read this time, so their results stay:", *(f"  {x}" for x in outcome.unread)]
    if outcome.lowered:
        lines += ["fewer points than before:", *(f"  {x}" for x in outcome.lowered)]
    if outcome.unused:
        lines += ["not looked at:", *(f"  {x}" for x in outcome.unused)]
    if outcome.unknown:
        lines += ["not on the roster:", *(f"  {x}" for x in outcome.unknown)]
    if outcome.renamed:
        names = ", ".join(f"{old} is now {new}" for old, new in outcome.renamed.items())
        names = textwrap.shorten(names, 120, placeholder=" …")
        lines.append(f"graded before, under another name: {names}")
    return lines


def _outdated(outcome: Run) -> list[str]:
    """Whose results other checks have made, or another release or grader."""
    old = outdated(outcome.kept, outcome.versions)
    if not old:
        return []
    names = [n for n in outcome.versions if any(r.versions.get(n) != outcome.versions[n] for r in old)]
    return [
        f"{len(old)} of the results are of other checks: there is another version of {' and '.join(names)} "
        "since",
        "  the same command with --dry-run says how many would change; with --regrade all it grades anew",
    ]


def _outliers(graded: list[Result]) -> list[str]:
    """The fastest and the slowest."""
    timed = sorted(graded, key=lambda result: result.seconds)
    if len(timed) < 2:
        return []
    slow = ", ".join(f"{result.student} {result.seconds:.1f} s" for result in timed[:-4:-1])
    return [f"fastest: {timed[0].student} {timed[0].seconds:.1f} s; slowest: {slow}"]


def _troubles(results: list[Result]) -> list[str]:
    """What checks themselves raised: by a fault of theirs, or over an answer they were not ready for."""
    count = Counter(f"{name}: {what}" for result in results for name, what in result.troubles.items())
    lines = [textwrap.shorten(f"{n} times {what}", 140, placeholder=" …") for what, n in count.most_common(5)]
    return ["checks that raised an exception themselves:", *(f"  {x}" for x in lines)] if lines else []


def _reasons(results: list[Result], most: int = 5) -> list[str]:
    """What most students lost points for: the first reason of each exercise."""
    count = Counter(
        (report.exercise, reason)
        for result in results
        if not result.refused
        for report in result.reports
        for reason in report.reasons()
    )
    first = {}
    for (exercise, reason), n in count.most_common():
        told = textwrap.shorten(f"{n} times {exercise}: {reason}", 140, placeholder=" …")
        first.setdefault(exercise, told)
    lines = list(first.values())[:most]
    return ["most frequent reasons:", *(f"  {line}" for line in lines)] if lines else []
