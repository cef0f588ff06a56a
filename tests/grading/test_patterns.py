"""No pattern of the grader takes forever on a text that somebody has made for it.

Every regular expression in the grader's modules is found in their source, and tried on long texts made of its
own pieces. What is linear takes a thousandth of a second there; what tries again from each place, or each
way of dividing a text, would take minutes, and is stopped after two seconds of computing.
"""

import ast
import re
import signal
from itertools import product
from pathlib import Path

import pytest

import lmcourse.grading

LENGTH = 60_000  # characters
LONGEST_NAME = 255  # what `naming` is given: `by_lms` looks at no longer one
SECONDS = 2.0
CALLS = {"compile", "search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split"}
PIECES = [
    *" \n\t\r_-.:/,0a=([{<>%#*+'\"\\]|é",
    "\r\n",
    "_0",
    "-0",
    ".a",
    ".zip",
    "a.",
    " a",
    "a\n",
    "\n ",
    "[(",
    "](",
]


def patterns(source):
    """(Line, pattern, flags) of each call of `re` in a module; None where the pattern is no literal."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if getattr(node.func.value, "id", "") != "re" or node.func.attr not in CALLS:
            continue
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        flags = named.get("flags") or (node.args[1:] if node.func.attr == "compile" else node.args[2:])
        parts = [part for one in ([flags] if isinstance(flags, ast.AST) else flags) for part in ast.walk(one)]
        names = {part.attr for part in parts if isinstance(part, ast.Attribute) and part.attr.isupper()}
        try:
            pattern = ast.literal_eval(node.args[0])
        except ValueError:
            pattern = None
        yield node.lineno, pattern, sum(re.RegexFlag[name] for name in names)


def all_patterns():
    folder = Path(lmcourse.grading.__file__).parent
    for path in sorted(folder.glob("*.py")):
        for line, pattern, flags in patterns(path.read_text(encoding="utf-8")):
            yield pytest.param(path.name, pattern, flags, id=f"{path.name}:{line}")


def texts(pattern, length):
    """Texts that begin and end in all ways, and are in between one piece of the pattern over and over."""
    own = re.findall(r"\w+|[^\w\s]", re.sub(r"\\[a-zA-Z]|\(\?\w+|[()\[\]?*+|]", " ", pattern))
    begins = ["", *dict.fromkeys(own)]
    for piece, begin, end in product([*PIECES, *own], begins[:6], ("", "\0", "!\n")):
        yield begin + piece * (length // len(piece)) + end


class TooSlow(Exception):
    pass


def seconds_are_over(*_):
    raise TooSlow


def time_out(pattern, flags, length):
    """The first text on which the pattern takes longer than it may, or None."""
    compiled = re.compile(pattern, flags)
    before = signal.signal(signal.SIGPROF, seconds_are_over)
    try:
        for text in texts(pattern, length):
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            for ask in (compiled.search, compiled.fullmatch, compiled.findall):
                try:
                    ask(text)
                except TooSlow:
                    return text[:40]
            signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return None


@pytest.mark.parametrize(("module", "pattern", "flags"), [*all_patterns()])
def test_no_pattern_is_slow_on_any_text(module, pattern, flags):
    assert pattern is not None, "write the pattern where it is used, so that it can be tried"
    assert time_out(pattern, flags, LONGEST_NAME if module == "naming.py" else LENGTH) is None


@pytest.mark.parametrize(
    "pattern",
    [r"^\s*(import|from)\s+torch\b", r"(\w+\.)*$", r"\s+$", r"(?:\.ipynb|\.zip)+$", r"(a|a)*b", "<[^>]*>"],
)
def test_the_patterns_that_were_slow_are_found(pattern):
    assert time_out(pattern, re.MULTILINE, LENGTH) is not None
