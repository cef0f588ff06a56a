"""What `make` does before there is an environment: it says what it will download, and does it once."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A Python that makes environments whose programs write down what they are asked for, pip slowly.
PYTHON = f"""#!/bin/sh
case "$1" in -c|tools/alone.py) exec {sys.executable} "$@";; esac
mkdir -p .venv/bin
printf '#!/bin/sh\\necho "$0 $@" >> asked\\nsleep 0.5\\n' > .venv/bin/python
chmod +x .venv/bin/python
cp .venv/bin/python .venv/bin/pip
cp .venv/bin/python .venv/bin/lmcourse
cp .venv/bin/python .venv/bin/jupyter-book
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout without an environment, in a folder whose name is no plain word."""
    folder = tmp_path / "Übung 課"
    (folder / "tools").mkdir(parents=True)
    for name in ("Makefile", "tools/alone.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return folder


def make(checkout, *arguments):
    """A `make` that has begun."""
    above = ("MAKEFLAGS", "MAKELEVEL", "ENVIRONMENT_HELD")  # of a `make test` around us
    env = {name: value for name, value in os.environ.items() if name not in above}
    command = ["make", f"PYTHON={checkout.parent / 'python'}", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=checkout, env=env, text=True, **pipes)


def asked(checkout):
    """What pip was asked to install, one line a time."""
    lines = (checkout / "asked").read_text().splitlines()
    return [line.partition(" install -q ")[2] for line in lines if " install -q " in line]


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: it is so on Linux alone")
def test_before_it_downloads_it_says_how_much(checkout):
    said, _ = make(checkout, "data").communicate()
    assert "some 2.6 GB more to download, and\n  more on disk." in said
    assert "make TORCH_INDEX=ADDRESS book" in said
    assert asked(checkout)[1:] == ["-r requirements.txt", "--no-deps --no-build-isolation -e ."]


def test_the_address_of_the_cpu_build_is_handed_to_pip_first(checkout):
    said, _ = make(checkout, "TORCH_INDEX=https://example.invalid/cpu", "data").communicate()
    assert "graphics cards" not in said
    (pin,) = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "torch==" in line]
    assert asked(checkout)[1] == f"--index-url https://example.invalid/cpu {pin}"
    assert asked(checkout)[2] == "-r requirements.txt"


def test_of_two_books_at_once_the_second_waits(checkout):
    first = make(checkout, "book")
    while not (checkout / "asked").exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.05)
    second = make(checkout, "book")
    said = [process.communicate()[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), said
    assert "waiting until it is done" not in said[0].partition("The book is built")[0].partition("(book)")[0]
    assert "Another make is at work in this folder (environment): waiting until it is done" in said[1]
    assert len(asked(checkout)) == 3  # one environment was made
    steps = [
        line
        for line in (checkout / "asked").read_text().splitlines()
        if "jupyter-book" in line or "tools/pages.py" in line
    ]
    built = ["jupyter-book" in step for step in steps]
    assert (built[0], built[-1], sum(built), len(built)) == (False, True, 2, 4)  # pages first, twice a book
    said_book = [text.count("in this folder (book): waiting until it is done") for text in said]
    assert sum(said_book) >= 1  # and one after the other


def test_a_checkout_has_the_same_line_ends_wherever_it_is_made(tmp_path):
    """As Git for Windows makes it, which is told to turn them round."""
    if not (ROOT / ".git").exists():
        pytest.skip("NOT TESTED: line ends, outside of a clone")
    clone = ["clone", "-q", "--no-hardlinks", "--depth=1", "-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    subprocess.run(["git", *clone, ROOT.as_uri(), tmp_path / "clone"], check=True)
    listed = ["git", "ls-files", "--eol"]
    said = subprocess.run(listed, cwd=tmp_path / "clone", capture_output=True, text=True, check=True).stdout
    assert "w/lf" in said
    assert [line for line in said.splitlines() if "crlf" in line.split("attr/")[0] or "mixed" in line] == []
