"""From a student's notebook, whatever became of it, to the zip that is handed in."""

import hashlib
import json
import random
import zipfile

import nbformat
import pytest

from lmcourse.grading import submission
from lmcourse.grading.course import GradingError, release_notebook
from lmcourse.grading.graft import repair
from lmcourse.grading.notebooks import Release, read_notebook, role
from lmcourse.grading.submission import submit

NAME = "01-language-models"
GRADED = [
    "chain_rule",
    "temperature",
    "thermostat",
    "fill_blank",
    "typical",
    "best_sentence",
    "annealed_sequence",
    "parroting",
    "parrot",
]


def save(notebook, path):
    nbformat.write(notebook, path)
    return path


def sources(notebook):
    """Source of each graded cell, and its metadata."""
    return {
        cell.metadata["nbgrader"]["grade_id"]: (cell.cell_type, cell.source, dict(cell.metadata["nbgrader"]))
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    }


def through(notebook, folder):
    """What `repair` makes of a notebook after a journey through a file."""
    return repair(Release.of(NAME), read_notebook(save(notebook, folder / "x.ipynb")))


def without_metadata(notebook):
    """As other programs leave it: no grading marks, new cell ids."""
    for i, cell in enumerate(notebook.cells):
        cell.metadata = {}
        cell.id = f"other-{i}"
    return notebook


def test_the_zip_holds_the_notebook_and_a_manifest_that_vouches_for_it(solved, tmp_path):
    done = submit(save(solved, tmp_path / "x.ipynb"), output=tmp_path / "x.zip")
    with zipfile.ZipFile(done.archive) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        dates = {info.date_time for info in archive.infolist()}
    assert sorted(files) == ["language-models.ipynb", "manifest.json"]
    assert dates == {(1980, 1, 1, 0, 0, 0)}  # the clock does not show in the bytes
    manifest = json.loads(files["manifest.json"])
    assert manifest["assignment"] == NAME
    assert manifest["files"] == {
        "language-models.ipynb": hashlib.sha256(files["language-models.ipynb"]).hexdigest()
    }
    assert manifest["release_sha256"] == hashlib.sha256(release_notebook(NAME).read_bytes()).hexdigest()
    assert manifest["answered"] == GRADED
    notebook = nbformat.reads(files["language-models.ipynb"].decode(), as_version=4)
    nbformat.validate(notebook)
    assert sources(notebook) == sources(solved)


def test_outputs_and_other_traces_do_not_change_a_byte(solved, tmp_path):
    plain = submit(save(solved, tmp_path / "plain.ipynb"), output=tmp_path / "plain.zip").archive.read_bytes()
    for i, cell in enumerate(solved.cells):
        cell.metadata["collapsed"] = True
        if cell.cell_type == "code":
            cell.execution_count = i
            cell.outputs = [nbformat.v4.new_output("stream", name="stderr", text="!")]
    solved.metadata["kernelspec"] = {"name": "my-kernel", "display_name": "Mine", "language": "python"}
    used = submit(save(solved, tmp_path / "used.ipynb"), output=tmp_path / "used.zip").archive.read_bytes()
    assert used == plain


def test_lost_metadata_is_restored(solved, tmp_path):
    expected = sources(solved)
    repaired = through(without_metadata(solved), tmp_path)
    assert sources(repaired.notebook) == expected
    assert repaired.answered == GRADED
    assert any("lost their grading marks" in note for note in repaired.notes)


def test_moved_cells_come_back_to_their_places(solved, tmp_path):
    expected = [cell.source for cell in solved.cells]
    rest = solved.cells[1:]
    random.Random(0).shuffle(rest)
    solved.cells[1:] = rest
    repaired = through(solved, tmp_path)
    assert [cell.source for cell in repaired.notebook.cells] == expected
    assert any("had been moved" in note for note in repaired.notes)


def test_functions_are_found_by_their_names_when_all_else_is_lost(solved, tmp_path):
    expected = {name: cell for name, cell in sources(solved).items() if cell[0] == "code"}
    title, *rest = without_metadata(solved).cells
    random.Random(1).shuffle(rest)
    solved.cells = [title, *rest]
    found = sources(through(solved, tmp_path).notebook)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("strip", [False, True])
def test_cells_of_the_students_own_stay_where_they_were(solved, tmp_path, strip):
    at = next(i for i, cell in enumerate(solved.cells) if "def with_temperature" in cell.source)
    solved.cells.insert(at, nbformat.v4.new_code_cell("def helper(x):\n    return x"))
    solved.cells.insert(0, nbformat.v4.new_code_cell("import itertools"))
    solved.cells.append(nbformat.v4.new_markdown_cell("Good night."))
    if strip:
        without_metadata(solved)
    repaired = through(solved, tmp_path)
    order = [cell.source for cell in repaired.notebook.cells]
    assert order.index("def helper(x):\n    return x") + 1 == next(
        i for i, source in enumerate(order) if "def with_temperature" in source
    )
    assert order[0].startswith("# Assignment 1")
    assert order[1] == "import itertools"
    assert order[-1] == "Good night."
    assert "kept 3 cells of your own" in repaired.notes
    assert repaired.answered == GRADED


def test_missing_cells_are_put_back_and_named(solved, released, tmp_path):
    gone = ("temperature", "test_thermostat")
    solved.cells = [c for c in solved.cells if c.metadata.get("nbgrader", {}).get("grade_id") not in gone]
    repaired = through(solved, tmp_path)
    assert repaired.missing == ["temperature"]
    assert any("put back" in note and "test_thermostat" in note for note in repaired.notes)
    assert len(repaired.notebook.cells) == len(released.cells)
    assert sources(repaired.notebook)["temperature"] == sources(released)["temperature"]


def test_untouched_cells_are_named(released, tmp_path):
    repaired = through(released, tmp_path)
    assert repaired.untouched == GRADED
    assert repaired.answered == repaired.missing == []


def test_a_copied_cell_counts_once_and_an_empty_copy_not_at_all(solved, released, tmp_path):
    stub = next(cell for cell in released.cells if "def with_temperature" in cell.source)
    at = next(i for i, cell in enumerate(solved.cells) if "def with_temperature" in cell.source)
    solved.cells.insert(at + 1, stub)  # same id and grading id as the cell above it
    repaired = through(solved, tmp_path)
    assert len(repaired.notebook.cells) == len(solved.cells) - 1
    assert "BEGIN SOLUTION" in sources(repaired.notebook)["temperature"][1]


def test_tampered_tests_and_points_come_from_the_release(solved, tmp_path):
    expected = sources(solved)
    for cell in solved.cells:
        if role(cell) == "test":
            cell.source = "20.0"
            cell.metadata["nbgrader"]["points"] = 100
    assert sources(through(solved, tmp_path).notebook) == expected


def test_a_code_cell_turned_into_text_is_code_again(solved, tmp_path):
    expected = sources(solved)
    for i, cell in enumerate(solved.cells):
        if "def typical_filter" in cell.source:
            solved.cells[i] = nbformat.v4.new_markdown_cell(cell.source, id=cell.id, metadata=cell.metadata)
    assert sources(through(solved, tmp_path).notebook) == expected


def test_an_import_added_to_the_courses_cell_is_kept(solved, tmp_path):
    cell = next(cell for cell in solved.cells if cell.source.startswith("import heapq"))
    cell.source = "import bisect\n" + cell.source
    assert any(c.source.startswith("import bisect") for c in through(solved, tmp_path).notebook.cells)


def test_an_answer_in_words_is_found_by_its_place(solved, tmp_path):
    for cell in solved.cells:
        if cell.id == "parroting":
            cell.source = "Parrots repeat what they hear."
    repaired = through(without_metadata(solved), tmp_path)
    assert sources(repaired.notebook)["parroting"][1] == "Parrots repeat what they hear."


def test_an_old_format_3_notebook_is_read(solved, tmp_path):
    path = tmp_path / "old.ipynb"
    path.write_text(nbformat.writes(nbformat.convert(solved, 3), version=3))
    assert repair(Release.of(NAME), read_notebook(path)).answered == GRADED


@pytest.mark.parametrize(("minor", "kept"), [(4, 0), (5, 0), (5, 20)], ids=["4.4", "4.5", "4.5, some"])
@pytest.mark.filterwarnings("error")
def test_a_notebook_without_cell_ids_is_read_in_silence(solved, tmp_path, minor, kept):
    for cell in solved.cells[kept:]:
        del cell["id"]
    solved.nbformat_minor = minor
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps(solved))
    done = submit(path, output=tmp_path / "x.zip")
    assert done.repaired.answered == GRADED
    nbformat.validate(done.repaired.notebook)


@pytest.mark.filterwarnings("error")
def test_repeated_cell_ids_are_no_hindrance(solved, tmp_path):
    for cell in solved.cells:
        cell["id"] = "same"
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps(solved))
    assert repair(Release.of(NAME), read_notebook(path)).answered == GRADED


def test_the_notebook_is_found_among_others_whatever_its_name(solved, tmp_path):
    save(without_metadata(solved), tmp_path / "Untitled (3) copy.ipynb")
    save(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")]),
        tmp_path / "language-models.ipynb",
    )
    (tmp_path / "broken.ipynb").write_text("{")
    done = submit(tmp_path, output=tmp_path / "x.zip")
    assert done.source.name == "Untitled (3) copy.ipynb"


def broken(tmp_path, content):
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: save the notebook again"),
        (b'{"cells": [', "is no JSON .line 1: .* Was it cut off"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"[]", "JSON, but has no cells"),
        (b'{"a": 1}', "JSON, but has no cells"),
        (b'{"cells": 3}', "cells are not as a notebook's should be"),
        (b'{"cells": [{"cell_type": "code"}]}', "cells are not as a notebook's should be"),
        (b"[" * 100_000, "is no JSON"),
        (
            b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
            "is not a notebook of an assignment",
        ),
    ],
)
def test_a_file_that_is_no_notebook_is_refused_and_nothing_written(tmp_path, content, said):
    path = broken(tmp_path, content)
    with pytest.raises(GradingError, match=said):
        submit(path, output=tmp_path / "x.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["x.ipynb"]


def test_a_huge_file_is_refused(tmp_path):
    path = tmp_path / "x.ipynb"
    with open(path, "wb") as file:
        file.truncate(60_000_000)  # a sparse file
    with pytest.raises(GradingError, match="has 60 MB: clear its outputs"):
        read_notebook(path)


def test_two_candidates_are_listed(released, tmp_path):
    for name in ("one.ipynb", "two.ipynb"):
        save(released, tmp_path / name)
    with pytest.raises(GradingError, match=r"several notebooks(?s:.*)one\.ipynb(?s:.*)two\.ipynb"):
        submit(tmp_path, output=tmp_path / "x.zip")


def test_a_failure_while_writing_leaves_the_old_zip(solved, tmp_path, monkeypatch):
    output = tmp_path / "x.zip"
    output.write_bytes(b"the old one")
    path = save(solved, tmp_path / "x.ipynb")

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(submission.zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="no space"):
        submit(path, output=output)
    assert output.read_bytes() == b"the old one"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.ipynb", "x.zip"]
