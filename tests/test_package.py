"""The package as a whole: importing it is cheap, its wheel complete, its docstrings' examples are true."""

import ast
import doctest
import importlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lmcourse"
CORE = ["vocabulary", "model", "world", "information", "decoding", "ngram", "text", "ladder"]


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


def test_the_version_is_that_of_the_project_file():
    version = importlib.import_module("lmcourse").__version__
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


WITH_EXAMPLES = [p for p in sorted(PACKAGE.rglob("*.py")) if ">>>" in p.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_examples_in_docstrings(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_module_is_python_3_9(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Names of the files in the wheel that pip builds of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        str(ROOT),
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    command += ["--disable-pip-version-check", "--wheel-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = folder.glob("lmcourse-*.whl")
    with zipfile.ZipFile(archive) as z:
        return set(z.namelist())


def files_under(folder):
    """The files of a folder by name in the repository, without what Python and Jupyter leave behind."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }


def test_the_wheel_holds_the_whole_package(wheel):
    wanted = files_under(PACKAGE)
    assert {"lmcourse/widgets/temperature.js", "lmcourse/widgets/tree.js"} <= wanted
    assert wanted <= wheel


def test_the_wheel_holds_the_assignments_and_the_pins(wheel):
    assignments = files_under(ROOT / "notebooks" / "assignments")
    assert assignments
    assert {f"lmcourse/_course/{name}" for name in assignments} <= wheel
    assert "lmcourse/_course/requirements-data.txt" in wheel


def test_the_wheel_holds_nothing_else(wheel):
    strays = {n for n in wheel if not n.startswith("lmcourse/") and ".dist-info/" not in n}
    assert not strays
    assert not {n for n in wheel if "__pycache__" in n or n.startswith("lmcourse/_course/solutions")}
