"""The student's work grafted into the release.

The repaired notebook is the release with the student's work in the place of its stubs (`recognise` has found
it); cells that the student added stay behind the cell they followed. Tests, points and what is locked are
always those of the release.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from lmcourse.grading.notebooks import Release, grade_id, role
from lmcourse.grading.recognise import Cell, match, trimmed

Cells = dict[int, list[NotebookNode]]


@dataclass
class Repaired:
    """A student's notebook in the release's form, and what was found on the way."""

    notebook: NotebookNode
    answered: list[str] = field(default_factory=list)  # grading ids of the cells the student has changed
    untouched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was repaired


def repair(release: Release, student: NotebookNode) -> Repaired:
    """The release with the student's work in it."""
    originals = release.notebook.cells
    pairs = match(release, student)
    result = Repaired(nbformat.v4.new_notebook())
    before, behind = _own_cells(release, student, pairs)
    for i, original in enumerate(originals):
        # Cells before the first one that was recognised come behind the title, which must stay first.
        if i == 1:
            result.notebook.cells += _as_extra(behind.get(-1, []), "first-extra")
        result.notebook.cells += _as_extra(before.get(i, []), f"{original.id[:40]}-before")
        cell = nbformat.from_dict({**original, "metadata": dict(original.metadata)})
        found = student.cells[pairs[i]] if i in pairs else None
        if role(original) == "solution":
            handed_out = trimmed(original.source)
            if original.cell_type == "markdown" and (found is None or trimmed(found.source) == handed_out):
                found = _words_nearby(release, student, pairs, i, behind) or found
            if found is None:
                result.missing.append(grade_id(original))
            elif trimmed(found.source) in ("", handed_out):
                result.untouched.append(grade_id(original))
            else:
                result.answered.append(grade_id(original))
                cell.source = found.source
        elif found is not None and not role(original) and original.cell_type == "code":
            cell.source = found.source  # for example an import the student added
        result.notebook.cells.append(cell)
        result.notebook.cells += _as_extra(behind.get(i, []), f"{original.id[:40]}-extra")
    result.notes += _notes(release, student, pairs)
    kept = sum(map(len, [*before.values(), *behind.values()]))
    if kept:
        result.notes.append(f"kept {kept} cell{'s' * (kept > 1)} of your own")
    result.notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return result


def _own_cells(release: Release, student: NotebookNode, pairs: dict[int, int]) -> tuple[Cells, Cells]:
    """The cells that the student added: those to put before a release cell, and those to put behind one.

    What leads up to a solution goes with it, wherever that was moved; all else stays behind what it followed.
    Stubs that were left standing beside the solution are no work of the student's.
    """
    originals = list(map(Cell, release.notebook.cells))
    handed_out = {original.plain for original in originals}
    tasks = {name for original in originals if original.role == "solution" for name in original.names}
    owner = _owners(pairs)
    before: Cells = {}
    behind: Cells = {}
    last, waiting = -1, []
    for j, cell in enumerate(student.cells):
        if j in owner:
            leads_up = last >= 0 and originals[owner[j]].role == "solution"
            place = before.setdefault(owner[j], []) if leads_up else behind.setdefault(last, [])
            place += waiting
            last, waiting = owner[j], []
            continue
        own = Cell(cell)
        left_over = own.names and own.names.keys() <= tasks and not any(own.names.values())
        if own.plain and own.plain not in handed_out and not left_over:
            waiting.append(cell)
    behind.setdefault(last, []).extend(waiting)
    return before, behind


def _owners(pairs: dict[int, int]) -> dict[int, int]:
    """Index of each of the student's cells that was recognised -> index of the first release cell it is."""
    owner: dict[int, int] = {}
    for i in sorted(pairs):
        owner.setdefault(pairs[i], i)
    return owner


def _words_nearby(
    release: Release, student: NotebookNode, pairs: dict[int, int], i: int, behind: Cells
) -> NotebookNode | None:
    """An answer in words that was not written into its cell but into new ones, or below the question."""
    added = [cell for cell in behind.get(i, []) if cell.cell_type == "markdown"]
    if added:
        behind[i] = [cell for cell in behind[i] if cell.cell_type != "markdown"]
        return NotebookNode(source="\n\n".join(cell.source for cell in added))
    question = Cell(release.notebook.cells[i - 1])
    said = Cell(student.cells[pairs[i - 1]]) if i - 1 in pairs else question
    if not question.role and said.plain != question.plain and said.plain.startswith(question.plain):
        return NotebookNode(source=said.plain[len(question.plain) :].strip())
    return None


def _notes(release: Release, student: NotebookNode, pairs: dict[int, int]) -> list[str]:
    """What had to be mended."""
    originals = release.notebook.cells
    owner = _owners(pairs)
    notes = []
    lost = [i for i in pairs if grade_id(originals[i]) and not student.cells[pairs[i]].metadata.grade_id]
    if lost:
        notes.append(f"{len(lost)} cells had lost their grading marks; restored from the course")
    gone = [
        grade_id(cell)
        for i, cell in enumerate(originals)
        if role(cell) in ("test", "locked") and i not in pairs
    ]
    if gone:
        notes.append(f"put back cells that were missing: {', '.join(gone)}")
    order = [owner[j] for j in sorted(owner)]
    if order != sorted(order):
        notes.append("cells had been moved; put back into the course's order")
    for i in sorted(pairs):
        first = originals[owner[pairs[i]]]
        if first is not originals[i]:
            notes.append(
                f"{grade_id(originals[i])} was answered in the cell of {grade_id(first) or first.id}"
            )
    return notes


def _as_extra(cells: list[NotebookNode], place: str) -> list[NotebookNode]:
    """Cells the student added, bare, with ids that depend on their place only."""
    bare = []
    for n, cell in enumerate(cells, 1):
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        bare.append(make(cell.source, id=f"{place}-{n}"))
    return bare
