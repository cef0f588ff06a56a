"""Execute the book's pages, each once: the book shows what they gave, and the tests judge it.

    python tools/pages.py          execute the pages whose cells, modules, data or packages have changed
    python tools/pages.py PATH …   the same for these pages alone: so is a page checked without the book

Says of each page what it prints otherwise than it keeps, and how many seconds of one core its kernel worked;
exit status 1 if a page differs, fails or takes too long. A page runs in an empty folder, as on Colab: what it
needs must come with the package. Outputs and seconds go to Jupyter Book's cache (see tools/cache.py); a page
that fails is not in it.
"""

from __future__ import annotations

import copy
import difflib
import multiprocessing
import os
import re
import resource
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import cache
import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbval.plugin import coalesce_streams

import notebooks

# Seconds of one core that a page may take, its kernel's start included: it is time that was worked, not
# waited. Yet a core works longer on the same where others share its caches and memory, as they do while the
# parts of the tests run side by side: up to twice as long, as far as was seen.
BUDGET = 60
SHARED = 2
RENEW = ".venv/bin/python tools/notebooks.py run"
AT_ONCE = 2  # pages that are executed at the same time

# What nbval does not compare either: pictures differ from one version of a library to the next, views have
# random names.
UNCOMPARED = {"image/png", "image/jpeg", "application/vnd.jupyter.widget-view+json"}


def store(root: Path = cache.ROOT) -> JupyterCacheAbstract:
    """Jupyter Book's cache of executed pages."""
    return get_cache(str(root / "_build" / ".jupyter_cache"))


def processor_seconds() -> float:
    """Seconds that this process's children have worked, and theirs, of those that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def execute(page: Path) -> tuple[nbformat.NotebookNode, float, str]:
    """A page executed, the seconds its kernel worked, and what went wrong, if anything did."""
    notebook, before, error = cache.read(page), processor_seconds(), ""
    try:
        notebooks.execute(notebook)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as raised:
        error = re.sub(r"\x1b\[[\d;]*m", "", str(raised))  # without the kernel's colours
    return notebook, processor_seconds() - before, error


def end_with_parent() -> None:
    """End this worker when the process that began it does, even if killed: it would keep the book's lock."""

    def wait() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)  # its kernel sees that, and ends too

    threading.Thread(target=wait, daemon=True).start()


def execute_all(paths: list[Path], root: Path = cache.ROOT) -> Iterator[tuple[Path, str]]:
    """Execute pages, some at once, and keep them in the cache; gives each with its error as it is done."""
    kept = store(root)
    with ProcessPoolExecutor(AT_ONCE, initializer=end_with_parent) as pool:
        running = {pool.submit(execute, path): path for path in paths}
        for done in as_completed(running):
            path, (notebook, seconds, error) = running[done], done.result()
            if not error:
                data = {"execution_seconds": seconds}
                bundle = CacheBundleIn(notebook, str(path), data=data)
                kept.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            yield path, error


def executed(page: Path, root: Path = cache.ROOT) -> tuple[nbformat.NotebookNode, float]:
    """A page with the outputs in the cache, and the seconds it took. KeyError if it is not there."""
    key, notebook = store(root).merge_match_into_notebook(cache.read(page))
    return notebook, store(root).get_cache_record(key).data["execution_seconds"]


def shown(outputs: list[nbformat.NotebookNode]) -> dict[str, list[str]]:
    """What outputs say, by kind, as nbval compares it: each stream whole, its overwritten lines gone."""
    said = defaultdict(list)
    for output in coalesce_streams(copy.deepcopy(outputs)):
        if output.output_type == "stream":
            said[output.name].append(output.text)
        elif output.output_type == "error":
            said["error"].append(f"{output.ename}: {output.evalue}")
        else:
            for kind in output.data.keys() - UNCOMPARED:
                said[kind].append(output.data[kind])
    return dict(said)


def lines_of(said: dict[str, list[str]]) -> list[str]:
    """The lines of what outputs say, for a reader; ordinary printing goes without its name."""
    lines = []
    for kind in sorted(said, key=lambda kind: (kind != "stdout", kind)):
        lines += [f"[{kind}]"] if kind != "stdout" else []
        lines += [line for text in said[kind] for line in str(text).splitlines()]
    return lines


def differences(page: nbformat.NotebookNode, ran: nbformat.NotebookNode) -> list[str]:
    """Of each cell of a page that keeps its output and printed another when it `ran`: which, and how."""
    found = []
    cells = [[cell for cell in each.cells if cell.cell_type == "code"] for each in (page, ran)]
    for number, (kept, now) in enumerate(zip(*cells, strict=True), start=1):
        if "keep_output" not in kept.metadata.get("tags", []):
            continue
        said = shown(kept.outputs), shown(now.outputs)
        if said[0] != said[1]:
            change = difflib.unified_diff(*map(lines_of, said), "kept", "printed", lineterm="", n=1)
            found.append("\n".join([f"code cell {number}: {kept.source.strip().splitlines()[0]}", *change]))
    return found


def faults(page: Path, root: Path = cache.ROOT) -> Iterator[str]:
    """What is wrong with an executed page."""
    name = page.relative_to(root)
    ran, seconds = executed(page, root)
    for difference in differences(cache.read(page), ran):
        yield f"{name}, {difference}\nIf that is right, keep it: {RENEW} {name}"
    if seconds > BUDGET * SHARED:
        yield f"{name} takes {seconds:.0f} s of one core, and may take {BUDGET} of a quiet one"


def chosen(paths: Iterable[str], root: Path = cache.ROOT) -> list[Path]:
    """The pages that are meant: all, if none is named. ValueError for what is no page that is executed."""
    every = cache.pages(root)
    pages = [Path(path).resolve() for path in paths]
    for page in pages:
        if page not in every:
            raise ValueError(f"{page} is no page that the book executes: notebooks/NN_chapter/page.ipynb")
    return pages or every


def main(arguments: list[str], root: Path = cache.ROOT) -> int:
    """Execute what has changed and say what is wrong; returns the exit status."""
    try:
        pages = chosen(arguments, root)
    except ValueError as error:
        print(f"pages: {error}", file=sys.stderr)
        return 2
    missing = [page for page in cache.refresh(root) if page in pages]
    print(f"Pages to execute: {len(missing)} of {len(pages)}", flush=True)
    failed = set()
    for page, error in execute_all(missing, root):
        failed |= {page} if error else set()
        print(f"  {page.relative_to(root)}: " + (error or f"{executed(page, root)[1]:.1f} s"), flush=True)
    for page in pages if arguments else []:
        if page not in missing:
            print(f"  {page.relative_to(root)}: {executed(page, root)[1]:.1f} s, and not changed since")
    wrong = [fault for page in pages if page not in failed for fault in faults(page, root)]
    if wrong:
        print("", *wrong, sep="\n\n")
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the budget is of one core
    sys.exit(main(sys.argv[1:]))
