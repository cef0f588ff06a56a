"""Reading, recognising and repairing a student's notebook.

A notebook comes back from other programs renamed, without its metadata, with cells added, moved, split or
gone. The release says what it should be: each of its cells is looked for in the student's notebook by
grading id, by cell id, by the functions it defines, by its text and by its place. The repaired notebook is
the release with the student's work grafted in; cells that the student added stay behind the cell they
followed.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from lmcourse.grading.course import GradingError, assignments, release_notebook

MAX_BYTES = 50_000_000
ALIKE = 0.6  # least share of common text for a cell to count as an edited version of another


def read_notebook(path: Path) -> NotebookNode:
    """The notebook in a file, in format 4. GradingError, saying what the file is instead, if it is none."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise GradingError(f"{path}: there is no such file") from None
    if path.is_dir():
        raise GradingError(f"{path} is a folder, not a notebook")
    if size == 0:
        raise GradingError(f"{path} is empty: save the notebook again, or download it again")
    if size > MAX_BYTES:
        raise GradingError(f"{path} has {size / 1e6:.0f} MB: clear its outputs and save it again")
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise GradingError(f"{path} is not a notebook: it is no text in UTF-8") from None
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" (line {error.lineno}: {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
        raise GradingError(
            f"{path} is not a notebook: it is no JSON{where}. Was it cut off or merged?"
        ) from None
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise GradingError(f"{path} is not a notebook: it is JSON, but has no cells")
    try:
        return _cleaned(nbformat.convert(nbformat.from_dict(data), 4) if "worksheets" in data else data)
    except Exception:
        raise GradingError(f"{path} is not a notebook: its cells are not as a notebook's should be") from None


def _cleaned(data: dict[str, Any]) -> NotebookNode:
    """Cells with type, source and whatever ids they have, empty where there is none.

    Nothing else of the file is needed, so the result is not held to the format's rules about ids.
    """
    cells = []
    for cell in data["cells"]:
        source = cell["source"]
        source = "".join(source) if isinstance(source, list) else str(source)
        make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}.get(
            cell["cell_type"]
        )
        if make is None:  # raw cells have no part in an assignment
            continue
        metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
        grading = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
        new = make(source.replace("\r\n", "\n"), metadata={"grade_id": str(grading.get("grade_id") or "")})
        new.id = str(cell.get("id") or metadata.get("id") or "")
        cells.append(new)
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=cells)


@dataclass(frozen=True)
class Release:
    """The students' version of an assignment's notebook: what a submission is compared with."""

    assignment: str
    path: Path
    notebook: NotebookNode

    @classmethod
    def of(cls, assignment: str) -> Release:
        """Read the release of an assignment."""
        path = release_notebook(assignment)
        return cls(assignment, path, nbformat.read(path, as_version=4))


@dataclass
class Repaired:
    """A student's notebook in the release's form, and what was found on the way."""

    notebook: NotebookNode
    answered: list[str] = field(default_factory=list)  # grading ids of the cells the student has changed
    untouched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was repaired


def role(cell: NotebookNode) -> str:
    """`solution` (the student's to fill in), `test`, `locked`, or empty for the rest."""
    grading = cell.metadata.get("nbgrader", {})
    if grading.get("solution"):
        return "solution"
    if grading.get("grade"):
        return "test"
    return "locked" if grading.get("locked") else ""


def grade_id(cell: NotebookNode) -> str:
    """The grading id of a release's cell, or empty."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def defined_names(source: str) -> set[str]:
    """Functions and classes that a cell defines at its top level, even if it does not parse."""
    try:
        return {n.name for n in ast.parse(source).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    except (SyntaxError, ValueError, RecursionError):
        return set(re.findall(r"^(?:def|class) (\w+)", source, flags=re.MULTILINE))


def match(release: Release, student: NotebookNode) -> dict[int, int]:
    """Index of each release cell -> index of the student's version of it, for those that were found."""
    originals, cells = release.notebook.cells, student.cells
    pairs: dict[int, int] = {}
    used: set[int] = set()

    def pair(i: int, candidates: list[int]) -> None:
        free = [j for j in candidates if j not in used]
        if i in pairs or not free:
            return
        # Of several (a cell was copied) the last one that is not just the empty one counts, as when run in
        # order.
        worked_on = [j for j in free if not _same(cells[j].source, originals[i].source)]
        pairs[i] = (worked_on or free)[-1]
        used.add(pairs[i])

    def everywhere(condition: Any) -> None:
        for i, original in enumerate(originals):
            pair(i, [j for j, cell in enumerate(cells) if condition(original, cell)])

    everywhere(lambda original, cell: grade_id(original) and cell.metadata.grade_id == grade_id(original))
    everywhere(lambda original, cell: cell.id and cell.id == original.id)
    everywhere(
        lambda original, cell: (
            original.cell_type == cell.cell_type == "code"
            and role(original) == "solution"
            and defined_names(original.source) & defined_names(cell.source)
        )
    )
    everywhere(
        lambda original, cell: cell.cell_type == original.cell_type and _same(cell.source, original.source)
    )
    for i, original in enumerate(originals):
        if i not in pairs and not role(original):
            likeness = [
                (_likeness(original.source, cell.source), j)
                for j, cell in enumerate(cells)
                if j not in used and cell.cell_type == original.cell_type
            ]
            best, j = max(likeness, default=(0.0, -1))
            if best >= ALIKE:
                pair(i, [j])
    # An answer in words can look like anything: it is what stands where the answer should be.
    for i, original in enumerate(originals):
        if i not in pairs and role(original) == "solution" and i - 1 in pairs:
            after = pairs[i - 1] + 1
            if after < len(cells) and cells[after].cell_type == original.cell_type:
                pair(i, [after])
    return pairs


def recognised(release: Release, pairs: dict[int, int]) -> float:
    """Share of the release's cells to fill in or to test that a student's notebook has."""
    graded = [i for i, cell in enumerate(release.notebook.cells) if role(cell) in ("solution", "test")]
    return sum(i in pairs for i in graded) / max(1, len(graded))


def repair(release: Release, student: NotebookNode) -> Repaired:
    """The release with the student's work in it."""
    originals = release.notebook.cells
    pairs = match(release, student)
    owner = {j: i for i, j in pairs.items()}
    result = Repaired(nbformat.v4.new_notebook())
    extras: dict[int, list[NotebookNode]] = {}
    last = -1
    for j, cell in enumerate(student.cells):
        if j in owner:
            last = owner[j]
        elif cell.source.strip() and not any(_same(cell.source, original.source) for original in originals):
            extras.setdefault(last, []).append(cell)
    for i, original in enumerate(originals):
        # Cells before the first one that was recognised come behind the title, which must stay first.
        if i == 1:
            result.notebook.cells += _as_extra(extras.get(-1, []), "first")
        cell = nbformat.from_dict({**original, "metadata": dict(original.metadata)})
        found = student.cells[pairs[i]] if i in pairs else None
        if role(original) == "solution":
            if found is None:
                result.missing.append(grade_id(original))
            elif _same(found.source, original.source):
                result.untouched.append(grade_id(original))
            else:
                result.answered.append(grade_id(original))
                cell.source = found.source
        elif found is not None and not role(original) and original.cell_type == "code":
            cell.source = found.source  # for example an import the student added
        result.notebook.cells.append(cell)
        result.notebook.cells += _as_extra(extras.get(i, []), original.id)
    lost = [i for i in pairs if grade_id(originals[i]) and not student.cells[pairs[i]].metadata.grade_id]
    if lost:
        result.notes.append(f"{len(lost)} cells had lost their grading marks; restored from the course")
    gone = [
        grade_id(cell)
        for i, cell in enumerate(originals)
        if role(cell) in ("test", "locked") and i not in pairs
    ]
    if gone:
        result.notes.append(f"put back cells that were missing: {', '.join(gone)}")
    moved = [j for _, j in sorted(pairs.items())]
    if moved != sorted(moved):
        result.notes.append("cells had been moved; put back into the course's order")
    kept = sum(map(len, extras.values()))
    if kept:
        result.notes.append(f"kept {kept} cell{'s' * (kept > 1)} of your own")
    result.notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return result


def _as_extra(cells: list[NotebookNode], after: str) -> list[NotebookNode]:
    """Cells the student added, bare, with ids that depend on their place only."""
    bare = []
    for n, cell in enumerate(cells, 1):
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        bare.append(make(cell.source, id=f"{after[:50]}-extra-{n}"))
    return bare


def find(path: Path, assignment: str = "") -> tuple[Release, Path, NotebookNode]:
    """The notebook of an assignment in a file or folder, recognised by its content, whatever it is called.

    Args:
        path: a notebook, or a folder with notebooks.
        assignment: look for this one only; otherwise for any of the course.

    Raises GradingError if there is none, or if there are several.
    """
    releases = [Release.of(name) for name in ([assignment] if assignment else assignments())]
    if not path.exists():
        raise GradingError(f"{path}: there is no such file or folder")
    files = (
        [path] if not path.is_dir() else sorted(p for p in path.glob("*.ipynb") if not p.name.startswith("."))
    )
    if not files:
        raise GradingError(f"there is no notebook (.ipynb) in {path.resolve()}{_where(releases)}")
    found, unreadable = [], []
    for file in files:
        try:
            student = read_notebook(file)
        except GradingError as error:
            if not path.is_dir():
                raise
            unreadable.append(str(error))
            continue
        scores = [(recognised(release, match(release, student)), i) for i, release in enumerate(releases)]
        score, best = max(scores, default=(0.0, 0))
        if score >= 0.3:
            found.append((releases[best], file, student))
    if len(found) == 1:
        return found[0]
    if found:
        listed = "\n".join(f"  {file} ({release.assignment})" for release, file, _ in found)
        raise GradingError(f"several notebooks could be meant; name one of them:\n{listed}")
    names = assignment or ", ".join(release.assignment for release in releases)
    if path.is_dir():
        said = f"no notebook in {path.resolve()} belongs to an assignment of the course{_where(releases)}"
    else:
        said = f"{path} is not a notebook of an assignment of the course ({names})"
    raise GradingError("\n".join([said, *unreadable]))


def _where(releases: list[Release]) -> str:
    """Where in the course's folder the assignments lie, for a message."""
    folders = ", ".join(f"notebooks/assignments/{release.assignment}" for release in releases)
    return f"\nin the course's folder the assignment lies in {folders}: go there, or give the notebook's path"


def _same(a: str, b: str) -> bool:
    """Equal but for blanks at line ends and around."""
    return [line.rstrip() for line in a.strip().splitlines()] == [
        line.rstrip() for line in b.strip().splitlines()
    ]


def _likeness(a: str, b: str) -> float:
    """Share of common text, 0 to 1; 0 at once if the lengths are far apart."""
    if not a or not b or len(a) > 2.5 * len(b) or len(b) > 2.5 * len(a):
        return 0.0
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= ALIKE else 0.0
