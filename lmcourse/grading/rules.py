"""What an authored notebook must be like, so that it can be released, graded and understood.

`make release` says of each rule that is broken in which cell, and what to do. What needs the checks to be run
is found out by `derive` and by the tests.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from nbformat import NotebookNode

from lmcourse.grading.checks import Check
from lmcourse.grading.course import TEST_CELL
from lmcourse.grading.notebooks import grade_id, role

MOST, USUAL = 8, 5  # exercises
TOOLBARS = re.compile(r"cell-[0-9a-f]{8,40}")  # as nbgrader's toolbar in JupyterLab invents them
CALLS = re.compile(r"\bassignment\.(check|grade)\([\"']([\w-]{1,80})[\"']\)")
NAMED = re.compile(r"\bAssignment\([\"']([\w.-]{1,80})[\"']\)")


def broken_rules(
    name: str, notebook: NotebookNode, checks: Sequence[Check], mistaken: Collection[str]
) -> list[str]:
    """What is wrong with an authored notebook, each with its cell and what to do; empty if nothing is.

    Args:
        name: of the assignment.
        notebook: the authored one.
        checks: of the assignment, hidden ones included.
        mistaken: the exercises of which a typical mistake is told, in `mistakes.py` or as a slip.
    """
    cells = list(enumerate(notebook.cells, 1))
    faults = [*_frame(name, cells), *_ids(cells)]
    for number, cell in cells:
        if role(cell) == "test":
            faults += [f"{_place(number, cell)} {fault}" for fault in _test(cell, checks, mistaken)]
        elif role(cell) == "solution" and cell.metadata.nbgrader.get("grade"):
            faults += [f"{_place(number, cell)} {fault}" for fault in _by_hand(cell)]
    graded = sum(role(cell) == "test" for _, cell in cells)
    if graded > MOST:
        faults.append(f"{graded} graded exercises are too many for one sitting: at most {MOST}")
    if not graded:
        faults.append('no cell is marked "Autograder tests": nothing would earn points')
    return faults


def remarks(notebook: NotebookNode) -> list[str]:
    """What may be meant so, but is unusual."""
    graded = sum(role(cell) == "test" for cell in notebook.cells)
    return [f"{graded} graded exercises; {USUAL} to {MOST} are usual"] if 0 < graded < USUAL else []


def _place(number: int, cell: NotebookNode) -> str:
    return f"cell {number} (`{cell.source.strip().partition(chr(10))[0][:50]}`)"


def _frame(name: str, cells: Sequence[tuple[int, NotebookNode]]) -> Iterator[str]:
    """The setup cell, and the line that says which assignment this is."""
    code = [(number, cell) for number, cell in cells if cell.cell_type == "code"]
    if not code or "setup" not in code[0][1].metadata.get("tags", []):
        where = _place(*code[0]) if code else "the notebook"
        yield (
            f"{where}: the first code cell is to have the id and the tag `setup`; leave it empty, and it is "
            "filled in with what installs the course on Colab"
        )
    named = [(n, cell, found) for n, cell in code for found in NAMED.findall(cell.source)]
    if not named:
        yield f'a code cell before the first exercise must say assignment = Assignment("{name}")'
    for number, cell, found in named:
        if found != name:
            yield f'{_place(number, cell)} says Assignment("{found}"); say "{name}", as the folder is called'


def _ids(cells: Sequence[tuple[int, NotebookNode]]) -> Iterator[str]:
    """Ids by which a student's cells are recognised, and grades recorded."""
    marked = [(number, cell) for number, cell in cells if grade_id(cell)]
    count = Counter(grade_id(cell) for _, cell in marked)
    for number, cell in marked:
        mark = grade_id(cell)
        if TOOLBARS.fullmatch(mark):
            wanted = f"{TEST_CELL}EXERCISE" if role(cell) == "test" else "the exercise's name"
            yield (
                f"{_place(number, cell)} has the ID {mark} that nbgrader's toolbar made up: grades would "
                f"hang on it; write {wanted} there"
            )
        elif count[mark] > 1:
            yield f"{_place(number, cell)} has the nbgrader ID {mark!r}, and so has another cell: change one"


def _test(cell: NotebookNode, checks: Sequence[Check], mistaken: Collection[str]) -> Iterator[str]:
    """What is wrong with the cell that earns an exercise's points."""
    mark = grade_id(cell)
    if TOOLBARS.fullmatch(mark):
        return
    exercise = mark.removeprefix(TEST_CELL)
    mine = [check for check in checks if check.exercise == exercise]
    if not mark.startswith(TEST_CELL) or not mine:
        known = ", ".join(dict.fromkeys(TEST_CELL + check.exercise for check in checks))
        yield f"has the nbgrader ID {mark!r}, but checks.py tells no such exercise; it tells {known}"
        return
    calls: Mapping[str, str] = dict(CALLS.findall(cell.source))
    for call in ("check", "grade"):
        if calls.get(call) != exercise:
            hidden = " between ### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS" if call == "grade" else ""
            yield f'must say assignment.{call}("{exercise}"){hidden}'
    if "### BEGIN HIDDEN TESTS" not in cell.source:
        yield "has no ### BEGIN HIDDEN TESTS: students would be handed the line that grades"
    if not cell.metadata.nbgrader.get("points"):
        yield "earns no points: give it some"
    for hidden, what in ((False, "public"), (True, "hidden")):
        if not any(check.hidden is hidden for check in mine):
            yield f"tests the exercise {exercise!r}, which has no {what} check in checks.py: write one"
    if exercise not in mistaken:
        yield (
            f"tests the exercise {exercise!r}, of which no typical mistake is told: write one, as a slip in "
            "its table or in mistakes.py"
        )


def _by_hand(cell: NotebookNode) -> Iterator[str]:
    """What is wrong with an answer that a person reads."""
    if cell.cell_type == "markdown" and "**Rubric.**" not in cell.source:
        yield "is graded by a person: say how, in a paragraph that begins with **Rubric.**"
    if not cell.metadata.nbgrader.get("points"):
        yield "is graded by a person, and earns no points: give it some"
