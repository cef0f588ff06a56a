"""What executes the pages: each runs apart from the repository, and what it prints otherwise is told."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import pages  # noqa: E402

KEPT = {"tags": ["keep_output", "nbval-check-output"]}
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def result(**data):
    return new_output("execute_result", data={key.replace("_", "/"): value for key, value in data.items()})


def of(*outputs, metadata=KEPT):
    """A notebook of one cell that printed some outputs."""
    cell = new_code_cell("# a lead\nf()", metadata=metadata, outputs=list(outputs), execution_count=1)
    return new_notebook(cells=[cell])


@pytest.mark.parametrize(
    ("kept", "printed"),
    [
        ([stream("a\nb\n")], [stream("a\n"), stream("b\n")]),
        ([stream("100%\n")], [stream("50%\r"), stream("100%\n")]),
        ([stream("a\n"), result(text_plain="1")], [result(text_plain="1"), stream("a\n")]),
        ([result(image_png="x", text_plain="<Figure>")], [result(image_png="y", text_plain="<Figure>")]),
    ],
    ids=["pieces", "overwritten", "order of kinds", "pictures"],
)
def test_what_nbval_takes_for_the_same_is_the_same(kept, printed):
    assert pages.differences(of(*kept), of(*printed)) == []


@pytest.mark.parametrize(
    ("kept", "printed"),
    [
        ([stream("0.25\n")], [stream("0.26\n")]),
        ([stream("a\n")], [stream("a\n"), stream("late\n", "stderr")]),
        ([stream("a\n")], []),
        ([], [stream("a\n")]),  # nbval would let it pass: nothing was kept yet
        ([result(text_plain="1")], [result(text_plain="1", text_html="<b>1</b>")]),
        ([result(text_markdown="*1*")], [result(text_markdown="*2*")]),
        ([result(text_plain="1")], [result(text_plain="1"), result(text_plain="1")]),
        ([stream("a \n")], [stream("a\n")]),
    ],
    ids=["number", "warning", "nothing now", "nothing kept", "another kind", "markdown", "twice", "blank"],
)
def test_anything_else_is_told(kept, printed):
    (told,) = pages.differences(of(*kept), of(*printed))
    assert told.startswith("code cell 1: # a lead\n")


def test_a_difference_shows_the_lines_that_differ():
    (told,) = pages.differences(of(stream("a\nb\nc\nd\n")), of(stream("a\nb\nc\nD\n")))
    assert told.splitlines()[1:] == ["--- kept", "+++ printed", "@@ -3,2 +3,2 @@", " c", "-d", "+D"]


def test_what_is_not_kept_may_change():
    assert pages.differences(of(metadata={}), of(stream("a\n"), metadata={})) == []


@pytest.fixture
def book(tmp_path):
    """Writes a book of pages, each of one cell and the output that it keeps."""

    def write(**sources):
        (tmp_path / "book").mkdir(exist_ok=True)
        folder = tmp_path / "notebooks" / "01_words"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "beside.txt").write_text("here", encoding="utf-8")
        for name, (source, said) in sources.items():
            cell = new_code_cell(source, metadata=KEPT, outputs=[stream(said)] if said else [])
            nbformat.write(new_notebook(cells=[cell], metadata=KERNEL), folder / f"{name}.ipynb")
        return tmp_path

    return write


def test_a_page_is_executed_once_and_judged_each_time(book, capfd):
    root = book(right=("print(6 * 7)", "42\n"), wrong=("print(6 * 7)", "41\n"))
    assert pages.main([], root) == 1
    said = capfd.readouterr().out
    assert "Pages to execute: 2 of 2\n" in said
    assert "01_words/wrong.ipynb, code cell 1: print(6 * 7)\n--- kept\n+++ printed\n" in said
    assert "\n-41\n+42\nIf that is right, keep it: .venv/bin/python tools/notebooks.py run notebooks/" in said
    assert "right.ipynb, code cell" not in said
    page = root / "notebooks/01_words/wrong.ipynb"
    assert pages.main([str(page)], root) == 1  # it is in the cache, and as wrong as before
    assert "Pages to execute: 0 of 1\n" in capfd.readouterr().out
    book(wrong=("print(6 * 7)", "42\n"))
    assert pages.main([], root) == 0
    said = capfd.readouterr()
    assert "Pages to execute: 0 of 2\n" in said.out
    assert said.err == ""


@pytest.mark.parametrize("place", ["beside.txt", "notebooks/01_words/beside.txt", "../01_words/beside.txt"])
def test_a_page_finds_no_file_of_the_repository(book, capfd, place, monkeypatch):
    root = book(finds=(f"print(open({place!r}).read())", "here\n"), others=("print('here')", "here\n"))
    monkeypatch.chdir(root)
    assert pages.main([], root) == 1
    assert f"FileNotFoundError: [Errno 2] No such file or directory: '{place}'" in capfd.readouterr().out
    assert pages.executed(root / "notebooks/01_words/others.ipynb", root)[0].cells[0].outputs
    with pytest.raises(KeyError):
        pages.executed(root / "notebooks/01_words/finds.ipynb", root)


WORK = "import time\nwhile time.process_time() < {}:\n    pass"


def test_the_seconds_are_those_that_a_page_works(book, capfd, monkeypatch):
    root = book(sleeps=("import time\ntime.sleep(4)", ""), works=(WORK.format(4), ""))
    monkeypatch.setattr(pages, "AT_ONCE", 1)
    assert pages.main([], root) == 0
    sleeps, works = (
        pages.executed(root / f"notebooks/01_words/{n}.ipynb", root)[1] for n in ("sleeps", "works")
    )
    assert works > 4
    assert sleeps < works
    monkeypatch.setattr(pages, "BUDGET", (sleeps + works) / 2 / pages.SHARED)
    capfd.readouterr()
    assert pages.main([], root) == 1
    said = capfd.readouterr().out
    assert f"01_words/works.ipynb takes {works:.0f} s of one core, and may take" in said
    assert "sleeps.ipynb takes" not in said


ASLEEP = """import os, pathlib, time
pathlib.Path({!r}).write_text(f"{{os.getppid()}} {{os.getpid()}}")
time.sleep(600)"""


@pytest.mark.skipif(os.name != "posix", reason="NOT TESTED: a lock is held on POSIX systems alone")
def test_who_is_killed_leaves_no_worker_that_holds_the_lock(book, tmp_path):
    import fcntl

    begun = [tmp_path / f"begun {k}" for k in range(pages.AT_ONCE)]
    root = book(**{f"page_{k}": (ASLEEP.format(str(path)), "") for k, path in enumerate(begun)})
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); import pages; "
    program += f"from pathlib import Path; pages.main([], Path({str(root)!r}))"
    lock = tmp_path / "lock"
    command = [sys.executable, ROOT / "tools/alone.py", lock, sys.executable, "-c", program]
    parent = subprocess.Popen(command)
    try:
        while not all(path.exists() and path.read_text() for path in begun):
            assert parent.poll() is None
            time.sleep(0.05)
        parent.kill()
        parent.wait()
        with lock.open() as claim:
            for _ in range(600):
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                time.sleep(0.05)
        pytest.fail("the lock is still held: workers live on")
    finally:
        parent.kill()
        for pid in (int(pid) for path in begun if path.exists() for pid in path.read_text().split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_what_is_no_page_is_named(book, capsys):
    root = book(one=("1", ""))
    assert pages.main(["notebooks/01_words/two.ipynb"], root) == 2
    assert "two.ipynb is no page that the book executes" in capsys.readouterr().err
