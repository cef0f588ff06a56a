"""Notebooks: a student's, read from whatever file it is in, and the released one it should be.

Nothing of a student's file is believed or kept but cells, their text and the ids they may still carry.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from lmcourse.grading.course import GradingError, release_notebook

MAX_BYTES = 50_000_000
MAX_VALUES = 5_000_000  # commas and brackets in the file: what it can grow to in memory
MAX_CELLS = 2_000
MAX_SOURCE = 2_000_000  # characters in all cells


def read_notebook(path: Path) -> NotebookNode:
    """The notebook in a file, in format 4. GradingError, saying what the file is instead, if it is none."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise GradingError(f"{path}: there is no such file") from None
    if path.is_dir():
        raise GradingError(f"{path} is a folder, not a notebook")
    _require_size(size, str(path))
    return parse_notebook(path.read_bytes(), str(path))


def parse_notebook(data: bytes, name: str) -> NotebookNode:
    """The notebook in the bytes of a file, in format 4, with nothing but its cells.

    Args:
        data: in UTF-8, or any encoding that JSON may have.
        name: of the file, for messages.

    Raises GradingError, saying what the file is instead, if it is no notebook or out of all measure.
    """
    _require_size(len(data), name)
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise GradingError(
            f"{name} has more than {MAX_VALUES} values in it: clear its outputs and save it again"
        )
    try:
        # Huge numbers would take forever to read, and none of a notebook's numbers matters here.
        content = json.loads(
            data.decode(json.detect_encoding(data)), parse_int=lambda digits: int(digits[:9])
        )
    except UnicodeDecodeError:
        raise GradingError(f"{name} is not a notebook: it is no text in UTF-8") from None
    except (ValueError, RecursionError, MemoryError) as error:
        where = f" (line {error.lineno}: {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
        raise GradingError(
            f"{name} is not a notebook: it is no JSON{where}. Was it cut off or merged?"
        ) from None
    if not isinstance(content, dict) or not ("cells" in content or "worksheets" in content):
        raise GradingError(f"{name} is not a notebook: it is JSON, but has no cells")
    try:
        return _cleaned(_cells_of(content), name)
    except GradingError:
        raise
    except Exception:
        raise GradingError(f"{name} is not a notebook: its cells are not as a notebook's should be") from None


def _require_size(size: int, name: str) -> None:
    if size == 0:
        raise GradingError(f"{name} is empty: save the notebook again, or download it again")
    if size > MAX_BYTES:
        raise GradingError(f"{name} has {size / 1e6:.0f} MB: clear its outputs and save it again")


def _cells_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of a file in format 4, or in format 3, which calls some things differently."""
    if "cells" in content:
        return list(content["cells"])
    cells = [dict(cell) for sheet in content["worksheets"] for cell in sheet["cells"]]
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["source"] = cell["input"]
        elif cell["cell_type"] == "heading":
            cell["cell_type"] = "markdown"
            cell["source"] = ["#" * min(cell["level"], 6), " ", *cell["source"]]
    return cells


def _cleaned(cells: list[dict[str, Any]], name: str) -> NotebookNode:
    """Cells with type, source and whatever ids they have, empty where there is none.

    Nothing else of the file is needed, so the result is not held to the format's rules about ids.
    """
    if len(cells) > MAX_CELLS:
        raise GradingError(
            f"{name} has {len(cells)} cells, more than {MAX_CELLS}: delete those that you added"
        )
    clean = []
    for cell in cells:
        source = _text(cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"]))
        metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
        grading = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
        clean.append(
            NotebookNode(
                cell_type="code" if cell["cell_type"] == "code" else "markdown",  # raw: words in a wrong cell
                id=_text(str(cell.get("id") or metadata.get("id") or ""))[:100],
                metadata=NotebookNode(grade_id=_text(str(grading.get("grade_id") or ""))[:100]),
                source=source.replace("\r\n", "\n"),
            )
        )
    size = sum(len(cell.source) for cell in clean)
    if size > MAX_SOURCE:
        raise GradingError(
            f"{name} has {size} characters in its cells, more than {MAX_SOURCE}: shorten the longest"
        )
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=clean)


def _text(text: str) -> str:
    """`text` without halves of characters, which JSON can hold and no file."""
    return text.encode("utf-8", "replace").decode("utf-8")


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

    def worth(self) -> dict[str, str]:
        """Of each exercise what its heading says in brackets: `15 minutes, 2 points`."""
        headings = {cell.id: cell.source.partition("\n")[0] for cell in self.notebook.cells}
        found = {name: re.search(r"\(([^()]* points?)\)$", text) for name, text in headings.items()}
        return {name.removeprefix("intro-"): said[1] for name, said in found.items() if said}


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
