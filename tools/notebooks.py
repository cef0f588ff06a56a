"""Keep the chapters' notebooks in their committed form; move notebooks to plain text and back for editing.

    python tools/notebooks.py check            is every notebook in its committed form? exit 1 if not
    python tools/notebooks.py tidy             bring them into it
    python tools/notebooks.py run [PATH …]     execute, then tidy: renews the outputs of `keep_output` cells
    python tools/notebooks.py export PATH DIR  write a notebook as MyST Markdown into DIR, to edit it as text
    python tools/notebooks.py import FILE PATH make the notebook PATH from such a file, formatted and tidied

An import keeps the outputs of cells whose code is as it was. An authored assignment (`solutions/`) travels
with its cells' ids and nbgrader's marks.

A committed notebook has the setup cell after its title, no outputs except those of `keep_output` cells, and
cell ids that depend on the cells' contents only, so that a diff shows what was changed and nothing else.
"""

from __future__ import annotations

import copy
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import nbformat

from lmcourse.setup_cell import SETUP_TAGS, setup_source

ROOT = Path(__file__).resolve().parent.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def chapters() -> list[Path]:
    """The authored notebooks, in order of path."""
    return [p for p in sorted(ROOT.glob("notebooks/[0-9]*/*.ipynb")) if ".ipynb_checkpoints" not in p.parts]


def tidied(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The committed form of a notebook."""
    cells = [c for c in notebook.cells if "setup" not in c.metadata.get("tags", [])]
    # The title stays the first cell: Jupyter Book takes the page's title from it.
    setup = nbformat.v4.new_code_cell(setup_source(), metadata={"tags": SETUP_TAGS})
    cells.insert(1, setup)
    seen: Counter[str] = Counter()
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {k: v for k, v in cell.metadata.items() if k in ("tags", "mystnb") and v}
        if cell.cell_type == "code":
            if "keep_output" in tags:  # what is kept is compared by nbval at every test
                cell.metadata["tags"] = sorted({*tags, "nbval-check-output"})
                cell.source = cell.source.removeprefix("# NBVAL_CHECK_OUTPUT\n")
            cell.outputs = _plain(cell.outputs) if "keep_output" in tags else []
            cell.execution_count = 1 if cell.outputs else None  # nbval compares only what has been run
        cell.id = _digest(cell, seen)
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def _digest(cell: nbformat.NotebookNode, seen: Counter[str]) -> str:
    """The id that a cell's contents give it, with a number if the same contents were `seen` before."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _plain(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Kept outputs without running numbers, and each stream in one piece, however the kernel had cut it."""
    kept: list[nbformat.NotebookNode] = []
    for output in outputs:
        if "execution_count" in output:
            output.execution_count = 1
        if kept and output.output_type == "stream" and output.name == kept[-1].get("name"):
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook with a final newline."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook, indent=1).rstrip("\n") + "\n", encoding="utf-8")


def execute(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run a notebook from a clean kernel in an empty folder; raises at the first failing cell."""
    from nbclient import NotebookClient
    from traitlets.config import Config

    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as scratch:
        resources = {"metadata": {"path": folder}}
        # through the file system, where that can be done: over TCP a kernel warns that others may listen
        through = {"transport": "ipc", "ip": f"{scratch}/kernel"} if os.name == "posix" else {}
        config = Config({"KernelManager": through})
        settings = {"timeout": 600, "record_timing": False, "resources": resources, "config": config}
        return NotebookClient(notebook, **settings).execute()


# ---------- notebooks as text ----------


def marks(notebook: nbformat.NotebookNode) -> list[str]:
    """The names of the cells that nbgrader has marked; a page of a chapter has none."""
    return [c.metadata["nbgrader"]["grade_id"] for c in notebook.cells if "nbgrader" in c.metadata]


def to_text(notebook: nbformat.NotebookNode) -> str:
    """A notebook as MyST Markdown; of an assignment with its cells' ids, which are not made from contents."""
    import jupytext

    if marks(notebook):
        notebook = copy.deepcopy(notebook)
        for cell in notebook.cells:
            cell.metadata["id"] = cell.id
    return jupytext.writes(notebook, fmt="md:myst")


def from_text(text: str) -> nbformat.NotebookNode:
    """A notebook from MyST Markdown, without outputs. A cell's id, if its metadata hold none, is digested."""
    import jupytext

    notebook = jupytext.reads(text, fmt="md:myst")
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = setup_source()
        cell.id = cell.metadata.pop("id", None) or _digest(cell, seen)
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def imported(text: str, path: Path) -> nbformat.NotebookNode:
    """What the notebook at `path`, which need not be there yet, becomes by the text of an export.

    ValueError if the text cannot stand for it: nbgrader's marks are not in it, or its code cannot be read.
    """
    if "notebooks/assignments" in path.resolve().as_posix():
        raise ValueError(f"{path} is made by `make release`; import into solutions/, and release")
    before = nbformat.v4.new_notebook()
    if path.exists():
        before = nbformat.read(path, as_version=4)
    notebook = from_text(text)
    if marks(before) and not marks(notebook):
        names = ", ".join(marks(before))
        raise ValueError(
            f"{path} is an assignment, and the text has none of its cells' marks ({names}); export it anew, "
            "and edit that"
        )
    notebook = formatted(notebook, path)
    if marks(notebook):
        return notebook
    outputs = defaultdict(list)
    for cell in before.cells:
        if cell.cell_type == "code":
            outputs[cell.source].append(cell.outputs)
    for cell in notebook.cells:
        if outputs[cell.source]:
            cell.outputs = outputs[cell.source].pop(0)
    return tidied(notebook)


def formatted(notebook: nbformat.NotebookNode, path: Path) -> nbformat.NotebookNode:
    """A notebook with its code formatted by the rules for `path`. ValueError if there is no reading it."""
    text = nbformat.writes(notebook)
    for command in (["check", "--fix-only"], ["format"]):
        ruff = [sys.executable, "-m", "ruff", *command]
        done = subprocess.run(
            [*ruff, "--stdin-filename", path.resolve(), "-"],
            input=text,
            capture_output=True,
            encoding="utf-8",
        )
        if done.returncode:
            place = re.search(r":(\d+):(\d+):\d+: (.*)", done.stderr)
            said = "cell {}, line {}: {}".format(*place.groups()) if place else done.stderr.strip()
            raise ValueError(f"{path}: {said}")
        text = done.stdout
    return nbformat.reads(text, as_version=4)


def main(arguments: list[str]) -> int:
    """Run one of the commands above; returns the exit status."""
    try:
        return _run(*arguments or ["help"])
    except ValueError as error:
        print(f"notebooks: {error}", file=sys.stderr)
        return 1


def _run(command: str, *rest: str) -> int:
    """`main`, where errors are raised."""
    if command == "check":
        stale = []
        for path in chapters():
            text = path.read_text(encoding="utf-8")
            notebook = nbformat.reads(text, as_version=4)
            if nbformat.writes(tidied(notebook), indent=1).rstrip("\n") + "\n" != text:
                stale.append(str(path.relative_to(ROOT)))
        if stale:
            print("not in committed form (run `make tidy`):", *stale, sep="\n  ")
        return len(stale) > 0
    if command in ("tidy", "run"):
        for path in [Path(p).resolve() for p in rest] or chapters():
            notebook = nbformat.read(path, as_version=4)
            if marks(notebook):
                raise ValueError(f"{path} is an assignment, which `make release` keeps in form")
            if command == "run":
                print(f"running {path.relative_to(ROOT)}", flush=True)
                execute(notebook)
            write(tidied(notebook), path)
        return 0
    if command == "export" and len(rest) == 2:
        source, folder = Path(rest[0]), Path(rest[1])
        folder.mkdir(parents=True, exist_ok=True)
        text = to_text(nbformat.read(source, as_version=4))
        (folder / f"{source.stem}.md").write_text(text, encoding="utf-8")
        return 0
    if command == "import" and len(rest) == 2:
        path = Path(rest[1])
        notebook = imported(Path(rest[0]).read_text(encoding="utf-8"), path)
        write(notebook, path)
        kept = [c for c in notebook.cells if "keep_output" in c.metadata.get("tags", [])]
        if missing := sum(not cell.outputs for cell in kept):
            print(f"{missing} of {len(kept)} outputs to be kept are missing: tools/notebooks.py run {path}")
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
