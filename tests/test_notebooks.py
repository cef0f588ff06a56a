"""Notebooks as text and back: nothing is lost on the way, and what would be lost is refused."""

import shutil
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import notebooks  # noqa: E402

ASSIGNMENTS = sorted(ROOT.glob("solutions/*/*.ipynb"))
PAGE = ROOT / "notebooks/03_ngrams/summary.ipynb"


def moved(path, folder, change=lambda text: text):
    """A copy of a notebook after an export, a change of its text, and an import; with the exit status."""
    rules = ROOT / ("notebooks/.ruff.toml" if path in notebooks.chapters() else "pyproject.toml")
    extended = rules.read_text(encoding="utf-8").replace("../", f"{ROOT}/")
    (folder / rules.name).write_text(extended, encoding="utf-8")
    copy = folder / path.name
    shutil.copy(path, copy)
    assert notebooks.main(["export", str(copy), str(folder)]) == 0
    text = folder / f"{path.stem}.md"
    changed = change(text.read_text(encoding="utf-8"))
    text.write_text(changed, encoding="utf-8")
    return copy, notebooks.main(["import", str(text), str(copy)])


@pytest.mark.parametrize("path", [*notebooks.chapters(), *ASSIGNMENTS], ids=lambda path: path.stem)
def test_there_and_back_nothing_has_changed(path, tmp_path):
    copy, status = moved(path, tmp_path)
    assert status == 0
    assert copy.read_text(encoding="utf-8") == path.read_text(encoding="utf-8")


def test_outputs_are_kept_of_cells_whose_code_is_as_it_was(tmp_path, capsys):
    """Twice the same code: each has its own output. Of changed code there is no output yet."""
    kept = {"tags": ["keep_output"]}
    cells = [nbformat.v4.new_markdown_cell("# Title")]
    for source, said in [("f()", "1"), ("f()", "2"), ("g()", "3")]:
        output = nbformat.v4.new_output("stream", name="stdout", text=said)
        cells.append(nbformat.v4.new_code_cell(source, metadata=kept, outputs=[output]))
    path = tmp_path / "page.ipynb"
    notebooks.write(notebooks.tidied(nbformat.v4.new_notebook(cells=cells)), path)
    (tmp_path / "there").mkdir()
    copy, status = moved(path, tmp_path / "there", lambda text: text.replace("g()", "h( 1 )"))
    code = [c for c in nbformat.read(copy, as_version=4).cells if "keep_output" in c.metadata.get("tags", [])]
    assert [(c.source, [o.text for o in c.outputs]) for c in code] == [
        ("f()", ["1"]),
        ("f()", ["2"]),
        ("h(1)", []),  # and formatted
    ]
    assert status == 0
    assert "1 of 3 outputs to be kept are missing: tools/notebooks.py run" in capsys.readouterr().out


def test_an_assignment_is_edited_as_text(tmp_path):
    copy, status = moved(
        ASSIGNMENTS[-1],
        tmp_path,
        lambda text: text.replace("# Assignment 3: n-gram", "# Assignment 3: N-gram").replace(
            "import math\n", "import  math\n"
        ),
    )
    before, after = (nbformat.read(p, as_version=4).cells for p in (ASSIGNMENTS[-1], copy))
    assert status == 0
    assert after[0].source == before[0].source.replace("n-gram", "N-gram", 1)
    assert after[1:] == before[1:]


def test_a_run_renews_what_is_kept_and_makes_no_noise(capfd):
    cells = [nbformat.v4.new_markdown_cell("# Title")]
    cells.append(nbformat.v4.new_code_cell("print(6 * 7)", metadata={"tags": ["keep_output"]}))
    executed = notebooks.execute(nbformat.v4.new_notebook(cells=cells))
    assert executed.cells[1].outputs[0].text == "42\n"
    assert capfd.readouterr() == ("", "")


def without_marks(text):
    """The text of an assignment as an export that knows of no marks would have written it."""
    notebook = notebooks.from_text(text)
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    return notebooks.to_text(notebook)


def test_an_assignment_does_not_lose_its_marks(tmp_path, capsys):
    copy, status = moved(ASSIGNMENTS[-1], tmp_path, without_marks)
    assert status == 1
    assert "is an assignment, and the text has none of its cells' marks (assignment, " in (
        capsys.readouterr().err
    )
    assert copy.read_bytes() == ASSIGNMENTS[-1].read_bytes()


def test_code_that_cannot_be_read_is_not_imported(tmp_path, capsys):
    copy, status = moved(PAGE, tmp_path, lambda text: text.replace("\nfrom lmcourse", "\nfrom from it", 1))
    assert status == 1
    assert "summary.ipynb: cell 3, line 7: Expected a module name" in capsys.readouterr().err
    assert copy.read_bytes() == PAGE.read_bytes()


@pytest.mark.parametrize("command", ["tidy", "run"])
def test_an_assignment_is_not_tidied_as_a_page_is(command, tmp_path, capsys):
    copy = tmp_path / "ngrams.ipynb"
    shutil.copy(ASSIGNMENTS[-1], copy)
    assert notebooks.main([command, str(copy)]) == 1
    assert "is an assignment, which `make release` keeps in form" in capsys.readouterr().err
    assert copy.read_bytes() == ASSIGNMENTS[-1].read_bytes()


def test_what_is_released_is_not_imported(tmp_path, capsys):
    (released,) = ROOT.glob("notebooks/assignments/03-ngrams/*.ipynb")
    text = tmp_path / "ngrams.md"
    text.write_text(notebooks.to_text(nbformat.read(released, as_version=4)), encoding="utf-8")
    before = released.read_bytes()
    assert notebooks.main(["import", str(text), str(released)]) == 1
    assert "is made by `make release`; import into solutions/" in capsys.readouterr().err
    assert released.read_bytes() == before
