"""`assignment.submit()`: on Colab, in Jupyter, and where a notebook is being run by somebody else."""

import json
import os
import shutil
import sys
import types
import zipfile

import nbformat
import pytest

from lmcourse.grading import Assignment
from lmcourse.grading.course import GradingError, release_notebook

NAME = "01-language-models"
MINE = "def sequence_log_prob(next_probs, tokens):\n    return 0.125  # mine"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    return tmp_path


def my_notebook():
    notebook = nbformat.read(release_notebook(NAME), as_version=4)
    next(cell for cell in notebook.cells if cell.id == "chain_rule").source = MINE
    return notebook


def colab(monkeypatch, reply):
    """A stand-in for Colab's page; the names of the files that the browser was given."""
    downloaded = []
    module = types.ModuleType("google.colab")
    module._message = types.SimpleNamespace(blocking_request=lambda what, **_: {"get_ipynb": reply}[what])
    module.files = types.SimpleNamespace(download=downloaded.append)
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", module)
    return downloaded


def packed(folder):
    with zipfile.ZipFile(folder / f"{NAME}.zip") as archive:
        return archive.read(release_notebook(NAME).name).decode()


def test_on_colab_one_cell_checks_and_hands_in_what_the_page_shows(folder, monkeypatch, capfd):
    downloaded = colab(monkeypatch, {"ipynb": json.loads(nbformat.writes(my_notebook()))})
    Assignment(NAME, {}).submit()
    said = capfd.readouterr().out
    assert "✗ chain_rule              15      0 of 0.67       2\n" in said
    assert f"wrote {NAME}.zip: hand in this file" in said
    assert downloaded == [f"{NAME}.zip"]
    assert "# mine" in packed(folder)
    assert os.listdir(folder) == [f"{NAME}.zip"]


def test_if_colab_says_nothing_there_is_another_way(folder, monkeypatch):
    downloaded = colab(monkeypatch, None)
    with pytest.raises(GradingError, match='in the Files pane, and run !lmcourse submit "NAME'):
        Assignment(NAME, {}).submit()
    assert (downloaded, os.listdir(folder)) == ([], [])


def test_elsewhere_it_is_the_file_that_the_server_names_and_when_it_was_saved(folder, monkeypatch, capfd):
    nbformat.write(my_notebook(), folder / "mine.ipynb")
    shutil.copy(folder / "mine.ipynb", folder / "copy.ipynb")  # a search would find two
    monkeypatch.setenv("JPY_SESSION_NAME", str(folder / "mine.ipynb"))
    Assignment(NAME, {}).submit()
    said = capfd.readouterr().out
    assert "This is mine.ipynb as saved at " in said
    assert "# mine" in packed(folder)
    assert f"wrote {NAME}.zip" in said


@pytest.mark.parametrize("variable", ["LMCOURSE_RUNNING", "NBGRADER_EXECUTION"])
def test_whoever_runs_a_notebook_does_not_hand_it_in(folder, monkeypatch, variable):
    monkeypatch.setenv(variable, "autograde")
    nbformat.write(my_notebook(), folder / "mine.ipynb")
    Assignment(NAME, {}).submit()
    assert os.listdir(folder) == ["mine.ipynb"]
