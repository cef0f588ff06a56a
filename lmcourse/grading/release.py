"""Make the students' version of an assignment: `python -m lmcourse.grading.release [NAME …]`.

nbgrader's own `generate_assignment` does it, in a scratch course, so that no gradebook is left behind;
`finish` adds what students need besides: the public checks. The same input gives the same bytes.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from lmcourse.files import course_file
from lmcourse.grading.course import GradingError, source_notebook
from lmcourse.setup_cell import setup_source

HEADER = "# Made from solutions/{name}/checks.py: the checks that answer in the notebook. Do not edit.\n"


def public_part(source: str) -> str:
    """The source of a checks module without its hidden checks and what only they need, comments included.

    A comment belongs to the statement below it. Dropped are checks with `hidden=True`, then every
    definition and import that nothing left refers to; a class or function is wholly kept or wholly dropped.
    """
    tree = ast.parse(source)
    kept = [node for node in tree.body if not _is_hidden(node)]
    while True:
        used = set().union(*(_names_used(node) for node in kept))
        needed = [node for node in kept if _is_root(node) or _names_defined(node) & used]
        if len(needed) == len(kept):
            break
        kept = needed
    lines = source.split("\n")
    pieces, previous_end = [], 0
    for node in tree.body:
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        if node in kept:
            pieces.append(
                _with_names(node, used, "\n".join(lines[previous_end:start] + lines[start : node.end_lineno]))
            )
        previous_end = node.end_lineno
    return "\n".join(pieces).strip("\n") + "\n"


def _is_hidden(node: ast.stmt) -> bool:
    """Whether a statement is a function marked `@check(…, hidden=True)`."""
    return any(
        keyword.arg == "hidden" and keyword.value.value
        for call in _check_calls(node)
        for keyword in call.keywords
    )


def _check_calls(node: ast.stmt) -> list[ast.Call]:
    """The `check(…)` decorators of a statement."""
    calls = [d for d in getattr(node, "decorator_list", []) if isinstance(d, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "check"]


def _is_root(node: ast.stmt) -> bool:
    """Kept whatever refers to it: a check, the module's docstring, an import from the future."""
    is_check = bool(_check_calls(node))
    future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return is_check or future or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _names_used(node: ast.stmt) -> set[str]:
    """Every name a statement reads, but for its own."""
    read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return read - {getattr(node, "name", "")}


def _names_defined(node: ast.stmt) -> set[str]:
    """The names a top-level statement binds."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if hasattr(node, "name"):
        return {node.name}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _with_names(node: ast.stmt, used: set[str], text: str) -> str:
    """`text`, or for `from … import …` the statement with only the names that are used."""
    if not isinstance(node, ast.ImportFrom) or node.module == "__future__":
        return text
    node.names = [alias for alias in node.names if (alias.asname or alias.name) in used]
    names = "".join(f"    {ast.unparse(alias)},\n" for alias in node.names)
    return "\n" * (len(text) - len(text.lstrip("\n"))) + f"from {node.module} import (\n{names})"


def finish(assignment: str, release_directory: Path, **_: object) -> None:
    """Put the public checks beside a released notebook."""
    source = course_file(f"solutions/{assignment}/checks.py").read_text(encoding="utf-8")
    text = HEADER.format(name=assignment) + public_part(source)
    (release_directory / assignment / "public_checks.py").write_text(text, encoding="utf-8")


def after_generate_assignment(assignment: str, **_: object) -> None:
    """The same, as nbgrader's hook for those who run `nbgrader generate_assignment` themselves."""
    finish(assignment, Path("notebooks/assignments"))


def nbgrader(course: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run stock nbgrader in a course folder, untouched by the user's own Jupyter configuration."""
    programs = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )  # it calls alembic
    environment = {
        **os.environ,
        "PATH": programs,
        "JUPYTER_CONFIG_DIR": str(course / ".jupyter"),
        "PYTHONWARNINGS": "ignore",
    }
    environment.pop("NBGRADER_EXECUTION", None)
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def make_course(folder: Path, name: str) -> None:
    """A scratch course folder with nbgrader's configuration and one authored assignment in it, released.

    Raises GradingError with nbgrader's own words if that fails.
    """
    shutil.copy(course_file("nbgrader_config.py"), folder)
    authored = course_file(f"solutions/{name}")
    shutil.copytree(authored, folder / "solutions" / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    done = nbgrader(folder, "generate_assignment", name)
    released = folder / "notebooks" / "assignments"
    if done.returncode or not (released / name).is_dir():
        raise GradingError(f"nbgrader generate_assignment failed for {name}:\n{done.stdout}")
    finish(name, released)


def refresh_setup_cell(name: str) -> None:
    """Give an authored notebook the course's current setup cell, which holds the repository's address."""
    path = source_notebook(name)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []) and cell.source != setup_source():
            cell.source = setup_source()
            path.write_text(nbformat.writes(notebook, indent=1).rstrip("\n") + "\n", encoding="utf-8")


def release(name: str, destination: Path) -> None:
    """Write the students' version of an assignment to `destination`, replacing what is there."""
    with tempfile.TemporaryDirectory() as scratch:
        make_course(Path(scratch), name)
        made = Path(scratch) / "notebooks" / "assignments" / name
        shutil.rmtree(destination, ignore_errors=True)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, destination)


def main(names: list[str]) -> int:
    """Release the named assignments, or all; returns the exit status."""
    solutions = course_file("solutions")
    known = sorted(path.parent.name for path in solutions.glob("*/checks.py"))
    try:
        for name in names or known:
            if name not in known:
                raise GradingError(
                    f"there is no assignment {name!r} in solutions/; there are: {', '.join(known)}"
                )
            refresh_setup_cell(name)
            release(name, solutions.parent / "notebooks" / "assignments" / name)
            print(f"notebooks/assignments/{name}")
    except GradingError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
