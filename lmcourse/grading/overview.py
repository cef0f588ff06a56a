"""A class's statistics as a page and as a table, for the instructor alone."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from lmcourse.files import write_whole
from lmcourse.grading.course import GradingError, cell_of
from lmcourse.grading.exam import Exam
from lmcourse.grading.feedback import STYLE
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.items import Item, items
from lmcourse.grading.lms import harmless
from lmcourse.grading.notebooks import grade_id
from lmcourse.grading.result import Result
from lmcourse.grading.roster import Roster, Table
from lmcourse.grading.similar import most_alike
from lmcourse.grading.trial import outdated

WIDE = """
body { max-width: 80em; } table { border-collapse: collapse; } th { text-align: left; }
td, th { padding: .2em .6em; border-bottom: 1px solid #8884; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; } tr.whole { font-weight: bold; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1em; } .pair pre { margin: 0; }
"""
HEADER = [
    *("exercise", "check", "hidden", "students", "share_passed", "mean_score", "discrimination"),
    *("median_seconds", "commonest_messages", "exceptions_in_the_check"),
]


def write_statistics(
    assignment: str, course: Path, database: str | Path, roster: Roster | None = None
) -> list[Path]:
    """Write `statistics/ASSIGNMENT.html` and `.csv` into a course's folder; the two paths.

    Raises GradingError if nobody has a result of today's checks.
    """
    exam, book = Exam.of(assignment), GradebookWriter(database)
    everybody = list(book.results(assignment).values())
    old = outdated(everybody, exam.versions)
    results = [result for result in everybody if result not in old]
    if not results:
        left = f"; {len(old)} are of other checks: --regrade all" if old else ""
        raise GradingError(f"{book.name} has no result of {assignment} by today's checks{left}")
    graded = [result for result in results if not result.refused]
    found = items(graded, exam.all_checks())
    released = {grade_id(cell): cell.source for cell in exam.published().notebook.cells if grade_id(cell)}
    released = {name: text for name, text in released.items() if name in results[0].answers}
    pairs = most_alike({one.student: one.answers for one in graded}, released)
    names = {one.id: one.name for one in roster.students.values()} if roster else {}
    files = {
        "html": page(exam, results, found, pairs, names, len(old)),
        "csv": Table("", HEADER, [_row(item) for item in found], []).text(),
    }
    paths = [course / "statistics" / f"{assignment}.{ending}" for ending in files]
    for path, text in zip(paths, files.values()):
        write_whole(path, text.encode("utf-8"))
    return paths


def _row(item: Item) -> list[str]:
    numbers = (item.passed, item.mean, item.discrimination, item.seconds)
    said = ["" if number is None else f"{number:.3f}" for number in numbers]
    lists = [" | ".join(f"{n} times {what}" for n, what in some) for some in (item.told, item.troubles)]
    start = [item.exercise, item.check, "yes" if item.hidden else "", str(item.students)]
    return [*map(harmless, start), *said, *map(harmless, lists)]


def page(
    exam: Exam,
    results: Sequence[Result],
    found: Sequence[Item],
    pairs: Sequence[tuple[float, str, str, str]],
    names: Mapping[str, str],
    old: int = 0,
) -> str:
    """The statistics as HTML that needs nothing else.

    Args:
        exam: the assignment.
        results: that are counted.
        found: exercises and checks.
        pairs: (share, exercise, one student, another), of submissions that are alike.
        names: student -> name, as far as they are known.
        old: how many results are of other checks, and not counted.
    """
    title = html.escape(f"{exam.assignment}: how the class did")
    refused = sum(bool(result.refused) for result in results)
    said = f"{len(results)} submissions, {refused} of which could not be graded and are not counted below."
    said += f" {old} more are of other checks, and left out." if old else ""
    head = "".join(
        f"<th>{name}</th>"
        for name in ("Check", "Passed", "Mean", "Discrimination", "Median time", "Commonest messages")
    )
    rows = "".join(_table_row(item, exam.titles()) for item in found)
    answers = {result.student: result.answers for result in results}
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}{WIDE}</style></head><body><h1>{title}</h1><p>{said}</p>"
        "<p class='quiet'>Discrimination is the correlation with the points in all other exercises: near 0 "
        "or below it, look at the exercise for a fault.</p>"
        f"<table><tr>{head}</tr>{rows}</table>{_pairs(pairs, answers, names)}</body></html>\n"
    )


def _table_row(item: Item, titles: Mapping[str, str]) -> str:
    from_test = titles.get(cell_of(item.exercise), item.exercise)
    name = f"{item.check}{' (hidden)' if item.hidden else ''}" if item.check else from_test
    told = [f"{n} times {what}" for n, what in item.told]
    told += [f"{n} times the check itself broke: {what}" for n, what in item.troubles]
    messages = "".join(f"<div>{html.escape(one)}</div>" for one in told)
    numbers = (
        f"{item.passed:.0%}",
        f"{item.mean:.0%}",
        "" if item.discrimination is None else f"{item.discrimination:.2f}",
        "" if item.seconds is None else f"{item.seconds:.2f} s",
    )
    cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
    whole = "" if item.check else ' class="whole"'
    return f"<tr{whole}><td>{html.escape(name)}</td>{cells}<td>{messages}</td></tr>"


def _pairs(
    pairs: Sequence[tuple[float, str, str, str]],
    answers: Mapping[str, Mapping[str, str]],
    names: Mapping[str, str],
) -> str:
    if not pairs:
        return "<h2>Alike</h2><p>No two submissions share much that others have not.</p>"
    parts = []
    for share, exercise, *students in pairs:
        called = [f"{one} ({names[one]})" if names.get(one) else one for one in students]
        title = html.escape(f"{exercise}: {called[0]} and {called[1]}, {share:.0%}")
        texts = "".join(f"<pre>{html.escape(answers[one][exercise])}</pre>" for one in students)
        parts.append(f'<details><summary>{title}</summary><div class="pair">{texts}</div></details>')
    return (
        "<h2>Alike</h2><p>Of what hardly anybody else wrote, these pairs share most. That is no verdict: a "
        "common source, work in pairs or a short exercise may be the reason.</p>" + "".join(parts)
    )
