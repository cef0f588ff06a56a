"""The student's notebook recognised: which of its cells is which of the release's, and which file it is.

A notebook comes back from other programs renamed, without its metadata, with cells added, moved, split or
gone. Each of the release's cells is looked for in it by grading id, by cell id, by the functions it defines,
by its text and by its place. Work counts wherever it stands, and what was handed out never takes its place.

Whatever the file holds, comparing it takes a second or two at most.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from lmcourse.grading.course import GradingError, assignments, update
from lmcourse.grading.notebooks import MAX_CELLS, Release, grade_id, read_notebook, role

MAX_PARSED = 20_000  # characters of one cell up to which Python's own parser is asked
SURE = 0.5  # share of an assignment's cells from which on nobody asks whether another one is meant
NAMED = re.compile(r"^[^#\n]{0,80}\bAssignment\([\"']([\w.-]{1,80})[\"']", re.MULTILINE)
ALIKE = 0.6  # least share of common words for a cell to count as an edited version of another


def trimmed(text: str) -> str:
    """The text without blanks at line ends and around."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


@lru_cache(MAX_CELLS)
def defined_names(source: str) -> dict[str, bool]:
    """Functions and classes that a cell defines at its top level -> whether they are more than a stub.

    If the cell does not parse, whatever looks like a definition is taken for a finished one.
    """
    found = re.findall(r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)", source, flags=re.MULTILINE)
    if not found or len(source) > MAX_PARSED:
        return dict.fromkeys(found, True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes and the like, in a student's code
            body = ast.parse(re.sub(r"^[%!].*", "", source, flags=re.MULTILINE)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return dict.fromkeys(found, True)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name: not all(map(_is_nothing, node.body)) for node in body if isinstance(node, kinds)}


def _is_nothing(statement: ast.stmt) -> bool:
    """Whether a statement is one of those that stand where something is yet to be written."""
    if isinstance(statement, ast.Raise):
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)  # docstring, ...
    return constant or isinstance(statement, ast.Pass)


class Cell:
    """A cell as it is compared with others, a released one or a student's."""

    def __init__(self, cell: NotebookNode) -> None:
        self.kind, self.id, self.role, self.source = cell.cell_type, cell.id, role(cell), cell.source
        self.grade_id = cell.metadata.get("grade_id") or grade_id(cell)

    @cached_property
    def plain(self) -> str:
        """The text as `trimmed` leaves it."""
        return trimmed(self.source)

    @cached_property
    def names(self) -> dict[str, bool]:
        """See `defined_names`; nothing in a cell of words."""
        return defined_names(self.source) if self.kind == "code" else {}

    @cached_property
    def words(self) -> Counter[str]:
        """How often each word and each sign occurs."""
        return Counter(re.findall(r"\w+|[^\w\s]", self.source))

    def progress(self, cell: Cell) -> int:
        """How much of this cell's task another cell does: 2 what was asked for, 1 something, 0 nothing."""
        wanted = self.names.keys() & cell.names.keys()
        if wanted:
            return 2 if any(cell.names[name] for name in wanted) else 0
        return int(cell.plain not in ("", self.plain))

    def likeness(self, cell: Cell) -> float:
        """Share of common words, 0 to 1, whatever their order; 0 at once if the lengths are far apart."""
        short, long = sorted((len(self.source), len(cell.source)))
        if self.kind != cell.kind or not short or long > 2.5 * short:
            return 0.0
        common = sum(min(n, cell.words[word]) for word, n in self.words.items())
        return 2 * common / max(1, sum([*self.words.values(), *cell.words.values()]))


def _same_mark(a: Cell, b: Cell) -> bool:
    return bool(a.grade_id) and a.grade_id == b.grade_id


def _same_id(a: Cell, b: Cell) -> bool:
    return bool(a.id) and a.id == b.id


def _same_text(a: Cell, b: Cell) -> bool:
    return a.kind == b.kind and a.plain == b.plain


def _same_names(a: Cell, b: Cell) -> bool:
    return not a.names.keys().isdisjoint(b.names)


def match(release: Release, student: NotebookNode) -> dict[int, int]:
    """Index of each release cell -> index of the student's version of it, for those that were found.

    A cell of the student's that does the task of several release cells is the version of each of them.
    """
    originals, cells = list(map(Cell, release.notebook.cells)), list(map(Cell, student.cells))
    solutions = [i for i, original in enumerate(originals) if original.role == "solution"]
    others = [i for i in range(len(originals)) if i not in solutions]
    pairs: dict[int, int] = {}
    free = dict.fromkeys(range(len(cells)))
    tests: dict[int, int] = {}  # where the student has the test that follows a solution

    def pair(i: int, candidates: list[int], before: int = len(cells)) -> None:
        if candidates and i not in pairs:
            # Of several (a cell was copied) the last one that is not just as handed out counts, as when run
            # in order; if there is one `before` a place, such as that of its test, none behind that.
            worked_on = [j for j in candidates if cells[j].plain != originals[i].plain]
            in_place = [j for j in worked_on if j < before]
            pairs[i] = (in_place or worked_on or candidates)[-1]
            del free[pairs[i]]

    def by(same: Callable[[Cell, Cell], Any], wanted: list[int], progress: int = 0) -> None:
        for i in wanted:
            found = [j for j in free if same(originals[i], cells[j])]
            before = tests.get(i, len(cells)) if same is _same_names else len(cells)
            pair(i, [j for j in found if originals[i].progress(cells[j]) >= progress], before)

    for same in (_same_mark, _same_id, _same_text):
        by(same, others)
    behind = {i: [k for k in pairs if k > i and originals[k].role == "test"] for i in solutions}
    tests.update({i: pairs[min(found)] for i, found in behind.items() if found})
    for progress in (2, 1, 0):
        for same in (_same_mark, _same_id, _same_names):
            by(same, solutions, progress)
    by(_same_text, solutions)
    for i in others:
        if not originals[i].role and i not in pairs:
            best, j = max(((originals[i].likeness(cells[j]), j) for j in free), default=(0.0, -1))
            pair(i, [j] if best >= ALIKE else [])
    for i in solutions:
        if i not in pairs and i - 1 in pairs:
            # An answer in words can look like anything: it is what stands where the answer should be.
            after = pairs[i - 1] + 1
            pair(i, [after] if after in free and cells[after].kind == originals[i].kind else [])
        if i not in pairs or originals[i].progress(cells[pairs[i]]) < 2:
            elsewhere = [j for j in range(len(cells)) if originals[i].progress(cells[j]) == 2]
            pairs.update({i: elsewhere[-1]} if elsewhere else {})
    return pairs


def recognised(release: Release, pairs: dict[int, int]) -> float:
    """Share of the release's cells to fill in or to test that a student's notebook has."""
    graded = [i for i, cell in enumerate(release.notebook.cells) if role(cell) in ("solution", "test")]
    return sum(i in pairs for i in graded) / max(1, len(graded))


def another(release: Release, student: NotebookNode) -> str:
    """The assignment that a student's notebook is of, if that is not the release's; else empty.

    The line `Assignment("02-information")` says it. Where it is gone, the assignment is meant of which the
    notebook has most cells.
    """
    code = [cell.source for cell in student.cells if cell.cell_type == "code"]
    named = {name for source in code for name in NAMED.findall(source)}
    known = [name for name in assignments() if name != release.assignment]
    if release.assignment in named:
        return ""
    if said := sorted(named & {*known}):
        return said[0]
    share = recognised(release, match(release, student))
    if share >= SURE:
        return ""
    others = {name: Release.of(name) for name in known}
    shares = {name: recognised(other, match(other, student)) for name, other in others.items()}
    best = max(shares, key=shares.get, default="")
    return best if best and shares[best] > max(share, SURE) else ""


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
    found, unreadable = [], []  # unreadable: what is wrong with the others
    for file in files:
        try:
            student = read_notebook(file)
        except GradingError as error:
            if not path.is_dir():
                raise
            unreadable.append(str(error))
            continue
        pairs = [match(release, student) for release in releases]
        # Exercises of two assignments may have the same name: the one of which it has most is meant.
        scores = [(len(p), recognised(r, p), i) for i, (r, p) in enumerate(zip(releases, pairs))]
        if likely := [score for score in scores if score[1] >= 0.3]:
            found.append((releases[max(likely)[-1]], file, student))
        elif (named := assignment_named(student)) and named not in assignments():
            unreadable.append(f"{file} is for the assignment {named}, which is not here: {update()}")
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


def assignment_named(notebook: NotebookNode) -> str:
    """The assignment whose checks a notebook's code asks for; empty if there is none."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    found = re.search(r"\bAssignment\(\s{0,9}[\"']([\w.-]{1,60})[\"']", code)
    return found[1] if found else ""


def _where(releases: list[Release]) -> str:
    """Where in the course's folder the assignments lie, for a message."""
    folders = ", ".join(f"notebooks/assignments/{release.assignment}" for release in releases)
    lie = "assignments lie" if len(releases) > 1 else "assignment lies"
    return f"\nin the course's folder the {lie} in {folders}: go there, or give the notebook's path"
