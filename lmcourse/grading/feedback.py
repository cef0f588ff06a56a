"""What a graded submission looks like: a page for the student, a notebook for the instructor's formgrader.

Both show what a student wrote, and both are opened in a browser where somebody is logged in: nothing that a
student wrote reaches them as HTML.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from nbformat import NotebookNode

from lmcourse.grading.course import Model, cell_of
from lmcourse.grading.notebooks import grade_id, role
from lmcourse.grading.report import MIME, Report
from lmcourse.grading.result import Late, Mark, Result

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.1em; margin: 2em 0 .5em; }
pre { overflow-x: auto; background: #8881; padding: .6em .9em; border-radius: 4px; font-size: .85em; }
summary { cursor: pointer; margin-top: .5em; } .quiet { opacity: .75; font-size: .9em; }
pre.model { white-space: pre-wrap; }
.remark { white-space: pre-wrap; border-left: 3px solid #8888; padding-left: .8em; }
.alarm { border: 2px solid #c8553d; padding: .5em 1em; border-radius: 4px; }
"""


LEFT_OVER = (
    "That costs nothing by itself: points come from the checks alone, and the cells behind it were run. Only "
    "where one of your functions needs what such a cell was to define, that function's own checks say so."
)


def page(
    result: Result,
    titles: Mapping[str, str],
    marks: Mapping[str, Mark] | None = None,
    late: Late | None = None,
    models: Mapping[str, Model] | None = None,
    best: Mapping[str, Sequence[float]] | None = None,
) -> str:
    """A student's feedback as HTML that needs nothing else: what passed, what did not, a hint in words.

    Args:
        result: of the student.
        titles: exercise or answer -> its heading.
        marks: exercise or answer -> what the gradebook counts for it; None before a person has read it.
        late: how late it was; None if it was not.
        models: exercise or answer -> its model solution and rubric. The rubric is shown with a person's
            points, the solution if it has been released.
        best: open task -> the best scores of the class, from 0 to 1, best first; see `best_scores`.
    """
    models = models or {}
    parts = [(report.exercise, report.as_html()) for report in result.reports]
    parts += [(name, f"<p>{_status(what)}</p>") for name, what in result.written.items()]
    remarks = {name: _remark(mark) for name, mark in (marks or {}).items()}
    parts += [(name, "") for name in remarks if remarks[name] and name not in dict(parts)]
    places = {name: place for place, name in enumerate(titles)}  # in the order of the notebook
    parts.sort(key=lambda part: places.get(part[0], len(places)))
    if result.refused:  # the reason is said once, above; a person may have had something to say
        parts = [(name, "") for name, _ in parts if remarks.get(name)]
    exercises = "".join(
        f"<section><h2>{_text(titles.get(name, name))}</h2>{said}{_best(best, name)}{remarks.get(name, '')}"
        f"{_answer(result, name)}{_model(models.get(name), (marks or {}).get(name))}</section>"
        for name, said in parts
    )
    title = f"{_text(result.assignment)}: {_total(result, marks, late)} points"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        f'<h1>{title}</h1><p class="quiet">{_text(result.student)}. {_standing(result, marks)}</p>'
        f"{_lateness(late)}"
        f"{_alarm(result)}{exercises}"
        f"{_listed('On the way', result.notes)}"
        f"{_listed('Cells that did not run through', result.failures, LEFT_OVER)}"
        f"{_footer(result)}</body></html>\n"
    )


def _lateness(late: Late | None) -> str:
    return f"<p>Handed in {_text(str(late))}.</p>" if late else ""


def _total(result: Result, marks: Mapping[str, Mark] | None, late: Late | None) -> str:
    off = late.penalty if late else 0.0
    if marks is None:
        return f"{round(max(0.0, result.points - off), 2):g} of {result.max_points:g}"
    earned, most = sum(m.score for m in marks.values()), sum(m.max_score for m in marks.values())
    return f"{round(max(0.0, earned - off), 2):g} of {most:g}"


def _standing(result: Result, marks: Mapping[str, Mark] | None) -> str:
    if result.refused:
        return ""
    if marks is None:
        return "What a person reads is not counted yet." if result.written else ""
    waiting = sum(mark.waits for mark in marks.values())
    if not waiting:
        return "All of it counts."
    return f"{waiting} answer{' still waits' if waiting == 1 else 's still wait'} for a person."


def _remark(mark: Mark) -> str:
    """What a person said to an answer."""
    given = f"<p>A person gave {mark.score:g} of {mark.max_score:g} points.</p>" if mark.by_hand else ""
    return given + (f'<p class="remark">{_text(mark.comment)}</p>' if mark.comment else "")


def _alarm(result: Result) -> str:
    said = f"<p><strong>Not graded:</strong> {_text(result.refused)}</p>" if result.refused else ""
    unsafe = "<p>Graded without a sandbox (<code>--unsafe</code>).</p>" if result.unsafe else ""
    return f'<div class="alarm">{said}{unsafe}</div>' if said or unsafe else ""


def _status(written: dict) -> str:
    if written["answered"]:
        return f"Read by a person: up to {written['points']:g} points."
    return f"No answer: 0 of {written['points']:g} points."


def _answer(result: Result, name: str) -> str:
    source = result.answers.get(name, "")
    source = "\n".join(map(_cut, source.split("\n")))
    return f"<details><summary>What you wrote</summary><pre>{_text(source)}</pre></details>" if source else ""


def _cut(line: str, longest: int = 400) -> str:
    """A line without what nobody would read: weights as text, for example."""
    return line if len(line) <= longest else f"{line[:longest]}… ({len(line):,} characters)"


def _model(model: Model | None, mark: Mark | None) -> str:
    """The rubric, to whom a person has given points; the model solution, once it is released."""
    if model is None:
        return ""
    parts = [("How points are given", model.rubric)] if (mark and mark.by_hand) or model.released else []
    parts += [("A model solution", model.solution)] if model.released else []
    return "".join(
        f'<details><summary>{title}</summary><pre class="model">{_text(text)}</pre></details>'
        for title, text in parts
        if text
    )


def _best(best: Mapping[str, Sequence[float]] | None, name: str) -> str:
    """The best scores of the class in an open task: no names, and nothing that tells who is who."""
    scores = (best or {}).get(name, ())
    if not scores:
        return ""
    said = ", ".join(f"{score:.0%}" for score in scores)
    return f'<p class="quiet">The best scores of the class here: {said} of the points.</p>'


def best_scores(results: Iterable[Result], most: int = 5) -> dict[str, list[float]]:
    """Open task -> the best scores of a class, best first: parts of the task's points, without names.

    An open task is an exercise in which somebody has earned a part of a check's points (see `Score`).
    """
    earned: dict[str, list[float]] = {}
    is_open = set()
    for result in results:
        for report in [] if result.refused else result.reports:
            earned.setdefault(report.exercise, []).append(report.points / (report.max_points or 1.0))
            if any(0 < outcome.score < 1 for outcome in report.outcomes):
                is_open.add(report.exercise)
    return {name: sorted(scores, reverse=True)[:most] for name, scores in earned.items() if name in is_open}


def _listed(title: str, lines: list[str], why: str = "") -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    told = f'<p class="quiet">{why}</p>' if why else ""
    return f"<section><h2>{title}</h2>{told}<ul>{items}</ul></section>" if items else ""


def _footer(result: Result) -> str:
    versions = ", ".join(f"{name} {version[:12]}" for name, version in result.versions.items())
    return f'<hr><p class="quiet">Inputs from seed {result.seed}; {_text(versions)}.</p>'


def _text(text: str) -> str:
    return html.escape(text, quote=True)


def notebook(repaired: NotebookNode, result: Result) -> str:
    """The graded notebook as JSON: the release's cells with the student's work, and reports as outputs."""
    reports = {cell_of(report.exercise): report for report in result.reports}
    cells = []
    for cell in repaired.cells:
        shown = dict(cell)
        if cell.cell_type == "code":
            report = reports.get(grade_id(cell))
            shown |= {"execution_count": None, "outputs": [_output(report)] if report else []}
        elif role(cell) in ("", "solution"):
            shown["source"] = harmless(cell.source)
        cells.append(shown)
    graded = {"cells": cells, "metadata": repaired.metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(graded) + "\n"


def _output(report: Report) -> dict:
    data = {"text/html": report.as_html(), "text/plain": report.as_text(), MIME: report.as_json()}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def harmless(markdown: str) -> str:
    """Markdown with no HTML and no link that a browser would obey: `<` and `]` are written out.

    Left are the bare tags in which the release's hints unfold, `<details>` and `<summary>`: nothing but these
    characters, so that no attribute can come along.
    """
    tagless = re.sub(r"<(?!/?(?:details|summary)>)(?=[a-zA-Z/!?])", "&lt;", markdown)
    return re.sub(r"\](?=[(:])", "&#93;", tagless)
