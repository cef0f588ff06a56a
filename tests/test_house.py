"""The rules of the house are true: limits of length, the README's tree, tests that mirror the package."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lmcourse"
MODULES = sorted(PACKAGE.rglob("*.py"))
CHAPTERS = [
    path for path in sorted(ROOT.glob("notebooks/[0-9]*/*.ipynb")) if ".ipynb_checkpoints" not in path.parts
]
MODULE_LINES, FUNCTION_LINES, OPEN_CELL_LINES, FOLDED_CELL_LINES = 300, 40, 25, 50
PAGE_WORDS, PAGE_CODE_CELLS = 3_500, 35
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def in_repository(path):
    return path.relative_to(ROOT).as_posix()


def own_lines(source, node):
    """How many lines of `source` a node's body has, without blank lines, docstrings and imports."""
    left_out = set()
    for part in ast.walk(node):
        if isinstance(part, (ast.Import, ast.ImportFrom)):
            left_out |= set(range(part.lineno, part.end_lineno + 1))
        elif isinstance(part, (*FUNCTIONS, ast.ClassDef)) and ast.get_docstring(part) is not None:
            left_out |= set(range(part.body[0].lineno, part.body[0].end_lineno + 1))
    if isinstance(node, FUNCTIONS):
        inside = range(node.body[0].lineno, node.end_lineno + 1)
    else:
        inside = range(1, len(source.splitlines()) + 1)
    lines = source.splitlines()
    return sum(bool(lines[n - 1].strip()) for n in inside if n not in left_out)


COUNTED = """\
import math

def f(
    x,
):
    '''Two
    lines.'''
    import os

    # a reason
    return x
"""


def test_lines_are_counted_as_the_rules_say():
    tree = ast.parse(COUNTED)
    assert own_lines(COUNTED, tree.body[1]) == 2  # the reason and the return
    assert own_lines(COUNTED, tree) == 5  # and the three lines of the signature


@pytest.mark.parametrize("path", MODULES, ids=in_repository)
def test_modules_and_functions_are_short(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MODULE_LINES
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, FUNCTIONS)]
    lengths = {f"{node.name}, line {node.lineno}": own_lines(source, node) for node in functions}
    assert {name: n for name, n in lengths.items() if n > FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", CHAPTERS, ids=in_repository)
def test_cells_are_short(path):
    """An open cell is read; a folded one (`hide-input`), which draws, may be twice as long."""
    too_long = {}
    for cell in nbformat.read(path, as_version=4).cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and "setup" not in tags:
            count = own_lines(cell.source, ast.parse(re.sub(r"(?m)^[%!].*", "pass", cell.source)))
            if count > (FOLDED_CELL_LINES if "hide-input" in tags else OPEN_CELL_LINES):
                too_long[cell.source[:60]] = count
    assert too_long == {}


def words_of(text):
    """How much there is in some Markdown: whatever stands between two blanks, formulas and code too."""
    return len(text.split())


def test_words_are_counted_strictly():
    # A, rule:, $p(x), <, 1$, of, `x, =, 1`, see, the name with its target, in which is no blank, and 1951.
    assert words_of("A <b>rule</b>: $p(x) < 1$ of `x = 1`,\nsee [Shannon](x.md) 1951.") == 12


def size(cells):
    """Words, and number of code cells."""
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return words_of(prose), sum(cell.cell_type == "code" for cell in cells)


@pytest.mark.parametrize("path", CHAPTERS, ids=in_repository)
def test_a_page_has_one_sitting(path):
    """A longer one is to be cut, or divided in two with a question each."""
    words, cells = size(nbformat.read(path, as_version=4).cells)
    assert words <= PAGE_WORDS, "cut, or divide it"
    assert cells <= PAGE_CODE_CELLS, "cut, or divide it"


def tree():
    """The paths that the README's tree names."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.partition("## What is where")[2].split("```")[1]
    paths, above = [], ""
    for line in block.strip("\n").splitlines():
        names = re.split(r"[,\s]+", re.split(r"\s{2,}", line.strip())[0])
        if line.startswith(" "):
            paths += [above + name for name in names]
        else:
            above = names[0]
            paths += names
    return paths


@pytest.mark.parametrize("path", CHAPTERS, ids=in_repository)
def test_a_link_has_words(path):
    # In the built page a formula is nothing that could be read out as a link's name.
    said = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")
    assert re.findall(r"\[\$[^$\]]*\$\]\([^)]*\)", said) == []


def test_every_entry_of_the_readmes_tree_exists():
    paths = tree()
    assert len(paths) > 25
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [path for path in paths if path.endswith("/") != (ROOT / path).is_dir()] == []


def rooms(folder):
    """The folders in a folder that hold the repository's own files."""
    ignored = {
        line.strip().rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    }
    found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return {path.name for path in found if path.name not in ignored and any(path.rglob("*.*"))}


def parts():
    """The package's own modules, without those that Python itself wants."""
    return {path.stem for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}


def test_the_readmes_tree_names_every_folder_and_every_part_of_the_package():
    named = set(tree())
    named |= {
        f"{path.split('/')[0]}/" for path in named if "/" in path
    }  # tools/notebooks.py names its folder
    wanted = {f"{name}/" for name in rooms(ROOT)} | {f"lmcourse/{name}/" for name in rooms(PACKAGE)}
    wanted |= {f"lmcourse/{name}.py" for name in parts()}
    assert wanted - named == set()


def test_tests_mirror_the_package():
    tests = ROOT / "tests"
    tested = rooms(tests) | {path.stem.removeprefix("test_") for path in tests.glob("test_*.py")}
    assert rooms(PACKAGE) - tested == set()
    assert rooms(tests) - rooms(PACKAGE) == {"assignments", "browser"}
    source = "\n".join(path.read_text(encoding="utf-8") for path in tests.rglob("test_*.py"))
    assert {
        name for name in parts() if not re.search(rf"\blmcourse(\.| import .*\b){name}\b", source)
    } == set()


def test_no_two_test_files_have_one_name():
    # pytest imports them by name alone, and would stop at the second one before any test is run.
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
