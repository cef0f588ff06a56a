"""Keep the chapters' notebooks in their committed form, and move them to and from plain text for editing.

    python tools/notebooks.py check            is every notebook in its committed form? exit 1 if not
    python tools/notebooks.py tidy             bring them into it
    python tools/notebooks.py run [PATH …]     execute, then tidy: renews the outputs of `keep_output` cells
    python tools/notebooks.py export PATH DIR  write a notebook as MyST Markdown into DIR, to edit it as text
    python tools/notebooks.py import FILE PATH make the notebook PATH from such a file, and tidy it

A committed notebook has the setup cell after its title, no outputs except those of `keep_output` cells, and
cell ids that depend on the cells' contents only, so that a diff shows what was changed and nothing else.
"""

from __future__ import annotations

import hashlib
import sys
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
    seen: dict[str, int] = {}
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {k: v for k, v in cell.metadata.items() if k in ("tags", "mystnb") and v}
        if cell.cell_type == "code":
            if "keep_output" in tags:  # what is kept is compared by nbval at every test
                cell.metadata["tags"] = sorted({*tags, "nbval-check-output"})
                cell.source = cell.source.removeprefix("# NBVAL_CHECK_OUTPUT\n")
            cell.outputs = _plain(cell.outputs) if "keep_output" in tags else []
            cell.execution_count = 1 if cell.outputs else None  # nbval compares only what has been run
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


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


def execute(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook from a clean kernel in `folder`; raises at the first failing cell."""
    from nbclient import NotebookClient

    return NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()


def main(arguments: list[str]) -> int:
    """Run one of the commands above; returns the exit status."""
    command, *rest = arguments or ["help"]
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
            if command == "run":
                print(f"running {path.relative_to(ROOT)}", flush=True)
                execute(notebook, path.parent)
            write(tidied(notebook), path)
        return 0
    if command == "export" and len(rest) == 2:
        import jupytext

        source, folder = Path(rest[0]), Path(rest[1])
        notebook = nbformat.read(source, as_version=4)
        folder.mkdir(parents=True, exist_ok=True)
        jupytext.write(notebook, folder / f"{source.stem}.md", fmt="md:myst")
        return 0
    if command == "import" and len(rest) == 2:
        import jupytext

        notebook = jupytext.read(rest[0], fmt="md:myst")
        write(tidied(notebook), Path(rest[1]))
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
