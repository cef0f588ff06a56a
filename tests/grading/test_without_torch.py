"""Assignments 1 to 3 are checked, handed in and graded where PyTorch is not installed."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from lmcourse.grading.course import source_notebook

NAME = "01-language-models"


@pytest.fixture
def lmcourse(tmp_path):
    """The command where importing torch fails: `lmcourse(*arguments)` gives what it says."""
    package = tmp_path / "no torch" / "torch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ModuleNotFoundError('No module named torch', name='torch')\n")
    env = {**os.environ, "PYTHONPATH": str(package.parent)}
    done = subprocess.run([sys.executable, "-c", "import torch"], env=env, capture_output=True, text=True)
    assert "ModuleNotFoundError: No module named torch" in done.stderr

    def run(*arguments):
        command = [sys.executable, "-m", "lmcourse", *map(str, arguments)]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("name", [NAME, "01b-tokenization", "02-information", "03-ngrams"])
def test_check_and_submit(lmcourse, tmp_path, name):
    shutil.copy(source_notebook(name), tmp_path / "mine.ipynb")
    said = lmcourse("check", "mine.ipynb")
    assert "graded exercises pass all their public checks" in said
    assert "torch" not in said
    assert f"wrote {name}.zip: hand in this file" in lmcourse("submit", "mine.ipynb")


@pytest.mark.usefixtures("bubblewrap")
def test_grade(lmcourse, tmp_path, prepared):
    """Nor does the sandbox load it: this solution gives up as soon as it finds it there."""
    notebook = nbformat.read(source_notebook(NAME), as_version=4)
    (cell,) = [cell for cell in notebook.cells if cell.id == "best_sentence"]
    begins = "    ### BEGIN SOLUTION\n"
    gives_up = '    import sys\n    assert "torch" not in sys.modules\n'
    cell.source = cell.source.replace(begins, begins + gives_up)
    assert gives_up in cell.source
    handed, course = tmp_path / "handed", tmp_path / "course"
    handed.mkdir()
    course.mkdir()
    shutil.copy(prepared, course)
    nbformat.write(notebook, handed / "ada.ipynb")
    said = lmcourse("grade", NAME, handed, "--course", course, "--workers", "1")
    assert "1 graded in " in said
    assert "mean 17.00 of 17" in said
    lmcourse("export", NAME, "--course", course)
    assert (tmp_path / f"{NAME}-csv.csv").read_text(encoding="utf-8").splitlines()[1].startswith("ada,")
