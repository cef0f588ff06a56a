"""Attacks as text, made into what a student hands in.

An attack is a Python file in jupytext's percent format: a docstring, directives, cells.

    # honest: typical         exercises that it answers rightly, as the authors do; their points it must keep
    # earns: temperature=1    points that it gets besides
    # says: some words        a regular expression: what is found among the reasons and failures
    # with: _channel          cells of that file come first
    # %% chain_rule           a cell of the release, by grading id, with another source
    # %% extra                a cell that the release does not have; words: `# %% [markdown] extra`
    # %% parroting {…}        either with other metadata

Words in `@…@` stand for places of the machine that grades: an attacker may know them all.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lmcourse.grading.course import release_notebook
from lmcourse.grading.demo import answers

ASSIGNMENT = "01-language-models"
POINTS = {
    "chain_rule": 2,
    "temperature": 2,
    "thermostat": 3,
    "fill_blank": 2,
    "typical": 2,
    "best_sentence": 3,
    "annealed_sequence": 3,
}
RIGHT = answers()["ada-perfect"]
HERE = Path(__file__).parent
_CELL = re.compile(r"# %%(?: \[(markdown)\])? (\w+)(?: (\{.*\}))?")


@dataclass(frozen=True)
class Expected:
    """What an attack is allowed.

    Args:
        points: by exercise; the others earn nothing.
        refused: what the reason must match if nothing can be graded; empty if it must be graded.
        says: what must be found among reasons, failures and notes.
    """

    points: Mapping[str, float] = field(default_factory=dict)
    refused: str = ""
    says: str = ""


def attacks() -> list[str]:
    """The names of all attacks that are notebooks' cells."""
    helpers = ("archives", "loader")
    return sorted(p.stem for p in HERE.glob("*.py") if p.stem not in helpers and p.stem[0] != "_")


def expected(name: str) -> Expected:
    """What the attack of this name is allowed."""
    said = _directives((HERE / f"{name}.py").read_text(encoding="utf-8"))
    points = {exercise: POINTS[exercise] for exercise in _words(said.get("honest", ""))}
    for gain in _words(said.get("earns", "")):
        exercise, _, number = gain.partition("=")
        points[exercise] = float(number)
    return Expected(points, says=said.get("says", ""))


def notebook(name: str, places: Mapping[str, str]) -> NotebookNode:
    """The notebook of an attack."""
    text = (HERE / f"{name}.py").read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{name} does not say what it attempts"
    said = _directives(text)
    if "with" in said:
        text = (HERE / f"{said['with']}.py").read_text(encoding="utf-8") + text
    for word, place in places.items():
        text = text.replace(f"@{word}@", place)
    made = released({exercise: RIGHT[exercise] for exercise in _words(said.get("honest", ""))})
    at = 1 + next(i for i, cell in enumerate(made.cells) if cell.get("id") == "imports")
    for kind, place, metadata, source in _cells(text):
        if place == "extra":
            make = nbformat.v4.new_markdown_cell if kind else nbformat.v4.new_code_cell
            made.cells.insert(at, make(source, id=f"added-{at}"))
        else:
            at = next(i for i, cell in enumerate(made.cells) if _grade_id(cell) == place)
            made.cells[at].source = source
        for key, value in json.loads(metadata or "{}").items():
            cell = made.cells[at].metadata
            cell[key] = {**cell.get(key, {}), **value} if isinstance(value, dict) else value
        at += 1
    return made


def released(sources: Mapping[str, str] = RIGHT) -> NotebookNode:
    """The released notebook with some of its cells, by grading id, filled in."""
    made = nbformat.read(release_notebook(ASSIGNMENT), as_version=4)
    for cell in made.cells:
        cell.source = sources.get(_grade_id(cell), cell.source)
    return made


def as_bytes(made: NotebookNode) -> bytes:
    """The file of a notebook, whatever the format's rules say of it."""
    return json.dumps(made).encode()


def _grade_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s,]+", text)


def _directives(text: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^# (honest|earns|says|with): (.+)$", text))


def _cells(text: str) -> list[tuple[str, str, str, str]]:
    """Kind, place, metadata and source of each cell."""
    cells: list[tuple[str, str, str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("# %%"):
            kind, place, metadata = _CELL.fullmatch(line).groups("")
            cells.append((kind, place, metadata, []))
        elif line.startswith('"""') and line.endswith('"""') or not cells:
            continue  # the docstring, or a directive
        elif not re.match(r"# (honest|earns|says|with): ", line):
            cells[-1][3].append(re.sub(r"^# ?", "", line) if cells[-1][0] else line)
    return [(kind, place, metadata, "\n".join(lines).strip()) for kind, place, metadata, lines in cells]
