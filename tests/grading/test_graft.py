"""Correct work in an odd shape comes back whole."""

import hashlib
import json

import nbformat
import pytest
from handed_in import RELEASE, answered, as_bytes, code

from lmcourse.grading.graft import repair
from lmcourse.grading.notebooks import parse_notebook
from lmcourse.grading.recognise import defined_names


def shaped(notebook, *, strip=False):
    """The notebook as `repair` sees it, perhaps without marks and ids."""
    data = json.loads(nbformat.writes(notebook))
    for cell in data["cells"] if strip else ():
        cell.pop("id", None)
        cell["metadata"] = {}
    return repair(RELEASE, parse_notebook(json.dumps(data).encode(), "x"))


def defined(repaired):
    """What each function is once all cells have run in order: its last definition."""
    order = {}
    for n, cell in enumerate(repaired.notebook.cells):
        if cell.cell_type == "code":
            order.update({name: (n, cell.source) for name in defined_names(cell.source)})
    return order


def index(notebook, text):
    return next(i for i, cell in enumerate(notebook.cells) if text in cell.source)


def stub(released, text):
    return released.cells[index(released, text)].source


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("after", [0, 1, 20])
def test_a_stub_left_standing_never_takes_the_place_of_the_work(solved, released, strip, after):
    """The work is in a new cell before or behind the one handed out, which is still there."""
    for left in (
        stub(released, "def with_temperature"),
        "def with_temperature(probs, temperature):\n    pass",
    ):
        notebook = nbformat.from_dict(solved)
        at = index(notebook, "def with_temperature")
        own = nbformat.v4.new_code_cell(notebook.cells[at].source)
        notebook.cells[at] = nbformat.from_dict({**notebook.cells[at], "source": left})
        notebook.cells.insert(at + after, own)
        repaired = shaped(notebook, strip=strip)
        assert "raise NotImplementedError" not in defined(repaired)["with_temperature"][1]
        assert "BEGIN SOLUTION" in defined(repaired)["with_temperature"][1]
        assert "temperature" in repaired.answered


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("where", [0, 3, 20, 35])
def test_all_solutions_in_one_cell(solved, released, strip, where):
    notebook = nbformat.from_dict(released)
    work = [c.source for c in solved.cells if c.cell_type == "code" and "BEGIN SOLUTION" in c.source]
    notebook.cells.insert(where, nbformat.v4.new_code_cell("\n\n".join(work)))
    repaired = shaped(notebook, strip=strip)
    assert len(repaired.answered) == 8  # all but the answer in words
    assert not any("YOUR CODE HERE" in source for _, source in defined(repaired).values())
    tests = {c.source: n for n, c in enumerate(repaired.notebook.cells) if "assignment.check" in c.source}
    first = next(n for n, c in enumerate(repaired.notebook.cells) if "def sequence_log_prob" in c.source)
    assert first < tests['assignment.check("chain_rule")']  # stock nbgrader checks on the way


def test_all_solutions_in_the_cell_of_one_exercise(solved, released):
    notebook = nbformat.from_dict(released)
    work = [c.source for c in solved.cells if c.cell_type == "code" and "BEGIN SOLUTION" in c.source]
    notebook.cells[index(notebook, "def most_probable")].source = "\n\n".join(work)
    repaired = shaped(notebook)
    assert len(repaired.answered) == 8
    assert not any("YOUR CODE HERE" in source for _, source in defined(repaired).values())
    assert any("temperature was answered in the cell of" in note for note in repaired.notes)


def test_a_fresh_notebook_with_the_solutions_only(solved):
    work = [c.source for c in solved.cells if c.cell_type == "code" and "BEGIN SOLUTION" in c.source]
    assert answered(code(*work))[0] == 8
    assert answered(code("\n\n".join(work[:2])))[0] == 2


def test_solutions_in_each_others_cells(solved):
    a, b = index(solved, "def typical_filter"), index(solved, "def most_probable")
    solved.cells[a].source, solved.cells[b].source = solved.cells[b].source, solved.cells[a].source
    repaired = shaped(solved)
    assert len(repaired.answered) == 9
    cells = {
        c.metadata["nbgrader"]["grade_id"]: c.source
        for c in repaired.notebook.cells
        if "nbgrader" in c.metadata
    }
    assert "def typical_filter" in cells["typical"]
    assert "def most_probable" in cells["best_sentence"]


def test_a_helper_goes_with_the_solution_that_it_leads_up_to(solved):
    at = index(solved, "def with_temperature")
    moved = [nbformat.v4.new_code_cell("def helper():\n    return 1"), solved.cells.pop(at)]
    solved.cells += moved
    order = [c.source for c in shaped(solved).notebook.cells]
    place = order.index(moved[0].source)
    assert "def with_temperature" in order[place + 1]
    assert place < order.index('assignment.check("temperature")')


def test_a_magic_on_top_of_a_solution(solved):
    cell = solved.cells[index(solved, "def typical_filter")]
    cell.source = "%%time\n" + cell.source
    repaired = shaped(solved, strip=True)
    assert len(repaired.answered) == 9
    assert "%%time" in defined(repaired)["typical_filter"][1]


def test_a_solution_written_into_the_courses_import_cell(solved, released):
    notebook = nbformat.from_dict(released)
    cell = notebook.cells[index(notebook, "import heapq")]
    cell.source += "\n\n" + solved.cells[index(solved, "def typical_filter")].source
    repaired = shaped(notebook)
    assert repaired.answered == ["typical"]
    assert "BEGIN SOLUTION" in defined(repaired)["typical_filter"][1]


def test_a_solution_cell_turned_raw(solved):
    data = json.loads(nbformat.writes(solved))
    data["cells"][index(solved, "def typical_filter")]["cell_type"] = "raw"
    assert "typical" in repair(RELEASE, parse_notebook(json.dumps(data).encode(), "x")).answered


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("where", ["behind", "instead", "below the question"])
def test_an_answer_in_words_beside_its_cell(released, strip, where):
    at = index(released, "*Write your answer here.*")
    if where == "below the question":
        released.cells[at - 1].source += "\n\nBecause it listens to itself."
    else:
        released.cells.insert(at + 1, nbformat.v4.new_markdown_cell("Because it listens to itself."))
    if where == "instead":
        del released.cells[at]
    repaired = shaped(released, strip=strip)
    assert repaired.answered == ["parroting"]
    answer = next(c.source for c in repaired.notebook.cells if c.id == "parroting")
    assert answer == "Because it listens to itself."


def test_what_was_handed_out_is_nobodys_answer(released):
    for strip in (False, True):
        repaired = shaped(released, strip=strip)
        assert repaired.answered == []
        assert (
            hashlib.sha256(as_bytes(repaired.notebook)).hexdigest()
            == hashlib.sha256(as_bytes(shaped(released).notebook)).hexdigest()
        )
