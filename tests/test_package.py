"""The package as a whole: importing it is cheap and goes one way, its wheel complete, its examples true."""

import ast
import doctest
import graphlib
import importlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lmcourse"
CORE = ["vocabulary", "model", "world", "information", "decoding", "ngram", "text", "ladder"]
CORE += [f"neural.{name}" for name in ("autodiff", "bells", "glove", "gradient_lab", "vectors")]
CORE += ["transformer.config", "inference.memory", "inference.distance", "inference.speculative"]
CORE += ["evaluation.questions"]


def loaded_by(statement):
    """Names of the modules that a fresh interpreter loads for `statement`."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_else():
    assert loaded_by("import lmcourse") == {"lmcourse"}


@pytest.mark.parametrize("module", CORE)
def test_the_core_needs_neither_torch_nor_matplotlib(module):
    loaded = loaded_by(f"import lmcourse.{module}")
    assert f"lmcourse.{module}" in loaded
    assert not loaded & {"torch", "matplotlib", "anywidget", "IPython", "nbformat"}


def test_the_widgets_need_no_torch():
    assert "torch" not in loaded_by("import lmcourse.widgets")


@pytest.mark.parametrize("room", ["inference", "neural", "transformer", "pretrained", "evaluation"])
def test_the_map_of_a_room_names_every_module(room):
    lines = importlib.import_module(f"lmcourse.{room}").__doc__.splitlines()
    named = [line.split()[0] for line in lines if line.partition(" ")[0].endswith(".py")]
    assert sorted(named) == sorted(p.name for p in (PACKAGE / room).glob("[!_]*.py"))


def test_the_version_is_that_of_the_project_file():
    version = importlib.import_module("lmcourse").__version__
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def dotted(path):
    """A file's name as a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {dotted(path): ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}


def imports(node):
    """The modules and names that are imported anywhere in a tree, but for type checkers alone."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return [name for part in node.orelse for name in imports(part)]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for part in ast.iter_child_nodes(node) for name in imports(part)]


def loaded(importer, name):
    """The modules of the package that are loaded when one of them imports a name: the one that it is or is
    in, and the packages around that, except those that are around the importer.
    """
    parts = name.split(".")
    above = {".".join(parts[:n]) for n in range(1, len(parts) + 1)} & MODULES.keys()
    innermost = max(above, key=len, default=None)
    return {module for module in above if module == innermost or not f"{importer}.".startswith(f"{module}.")}


def circle(graph):
    """The modules of one circle in a graph, module -> modules it imports; empty if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_by_way_of_others():
    """Not at the top, not inside a function: who reads a module need not read it again to understand it."""
    graph = {
        module: {other for name in imports(tree) for other in loaded(module, name)} - {module}
        for module, tree in MODULES.items()
    }
    assert "lmcourse.vocabulary" in graph["lmcourse.model"]
    assert "lmcourse.grading" in graph["lmcourse.cli"]  # by way of lmcourse.grading.commands
    assert circle(graph) == []
    assert set(circle(graph | {"lmcourse.vocabulary": {"lmcourse.world"}})) > {"lmcourse.model"}


def texts(tree):
    """The pieces of text in a tree."""
    return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def test_the_package_does_without_the_tools_of_the_repository():
    named = {module for module, tree in MODULES.items() if any("tools/" in text for text in texts(tree))}
    imported = {
        module for module, tree in MODULES.items() if any(n.startswith("tools") for n in imports(tree))
    }
    assert named | imported == set()


def test_the_ids_of_test_cells_have_one_home():
    assert {m for m, tree in MODULES.items() if "test_" in texts(tree)} == {"lmcourse.grading.course"}


WITH_EXAMPLES = [p for p in sorted(PACKAGE.rglob("*.py")) if ">>>" in p.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_examples_in_docstrings(path):
    result = doctest.testmod(importlib.import_module(dotted(path)))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_module_is_python_3_10(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))


@pytest.fixture(scope="module")
def in_wheel(wheel):
    """Names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def files_under(folder):
    """The files of a folder by name in the repository, without what Python and Jupyter leave behind."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }


def test_the_wheel_holds_the_whole_package(in_wheel):
    wanted = files_under(PACKAGE)
    assert {"lmcourse/widgets/temperature.js", "lmcourse/widgets/tree.js"} <= wanted
    assert wanted <= in_wheel


def test_the_wheel_holds_the_assignments_and_the_pins(in_wheel):
    assignments = files_under(ROOT / "notebooks" / "assignments")
    assert assignments
    assert {f"lmcourse/_course/{name}" for name in assignments} <= in_wheel
    assert "lmcourse/_course/requirements-data.txt" in in_wheel


def test_the_wheel_holds_nothing_else(in_wheel):
    strays = {n for n in in_wheel if not n.startswith("lmcourse/") and ".dist-info/" not in n}
    assert not strays
    assert not {n for n in in_wheel if "__pycache__" in n or n.startswith("lmcourse/_course/solutions")}
