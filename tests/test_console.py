"""On a console that has few characters everything can be said."""

import io
import os
import subprocess
import sys

import pytest

from lmcourse import console
from lmcourse.grading.course import release_notebook


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "✗ H ≤ 2 → “é” 中"),
        ("cp1252", "x H <= 2 -> “é” \\u4e2d"),
        ("cp437", 'x H ≤ 2 -> "é" \\u4e2d'),
        ("ascii", 'x H <= 2 -> "e" \\u4e2d'),
        ("gbk", "x H ≤ 2 → “é” 中"),
    ],
)
def test_what_a_console_lacks_is_written_in_other_characters(monkeypatch, encoding, shown):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    console.widen()
    print("✗ H ≤ 2 → “é” 中", end="", flush=True)
    assert written.getvalue().decode(encoding) == shown


ANSWER = """
from lmcourse.grading.assignment import Assignment

def most_probable(next_probs):
    return "cheese"

Assignment("01-language-models").check("parrot")
"""
PROGRAMS = {
    "the command": ["-m", "lmcourse", "check", release_notebook("01-language-models"), "parrot"],
    "a script": ["-c", ANSWER],
}


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_checks_speak_to_a_narrow_console(program, encoding, tmp_path):
    done = subprocess.run(
        [sys.executable, *PROGRAMS[program]],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        cwd=tmp_path,
        capture_output=True,
    )
    assert done.stderr == b""
    told = done.stdout.decode("utf-8" if program == "the command" and encoding == "ascii" else encoding)
    assert "0 of 2 checks passed" in told
    assert ("  x " in told) or ("  ✗ " in told)
