"""A student's cells recognised: by the functions they define, by their words."""

import copy
import json
import warnings
from collections import Counter

import nbformat
import pytest
from handed_in import RELEASE, code

from lmcourse.grading import course, recognise
from lmcourse.grading.course import GradingError
from lmcourse.grading.notebooks import Release, parse_notebook
from lmcourse.grading.recognise import another, defined_names, match
from lmcourse.grading.unpack import notebook_in


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000,
        "-" * 15_000 + "1",
        "x" + ".a" * 9000,
        "[" * 150 + "]" * 150,
        "a\0b",
        "\ud800",
        "lambda:" * 3000,
        "'\\d'",
        "1 is 1",
    ],
)
def test_names_are_found_in_any_code_in_silence(source):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        names = defined_names(f"def wanted(): return 1\n{source}")
    assert names == {"wanted": True}
    assert said == []


def test_what_is_a_stub():
    stubs = '"""Doc."""', "pass", "...", "raise NotImplementedError", 'raise NotImplementedError("soon")'
    for body in stubs:
        assert defined_names(f"%%time\ndef f():\n    '''Doc.'''\n    {body}") == {"f": False}
    assert defined_names("def f():\n    return 1\n    raise NotImplementedError") == {"f": True}


def test_likeness_is_counted_not_searched(monkeypatch):
    """The words of each cell are counted once: the work grows with the text, not with its square."""
    texts = [cell.source[::-1] for cell in RELEASE.notebook.cells if cell.cell_type == "markdown"] * 50
    cells = [{"cell_type": "markdown", "source": text} for text in texts]
    counted = []
    monkeypatch.setattr(recognise, "Counter", lambda words: counted.append(1) or Counter(words))
    match(RELEASE, parse_notebook(json.dumps({"cells": cells}).encode(), "x"))
    assert 0 < len(counted) <= len(cells) + len(RELEASE.notebook.cells)


ASSIGNMENTS = course.assignments()


@pytest.mark.parametrize("handed_in", ASSIGNMENTS)
def test_every_notebook_says_which_assignment_it_is(handed_in):
    student = Release.of(handed_in).notebook
    for name in ASSIGNMENTS:
        assert another(Release.of(name), student) == ("" if name == handed_in else handed_in)


def test_a_notebook_without_its_line_is_the_assignment_of_which_it_has_most():
    notebook = copy.deepcopy(Release.of("02-information").notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace("Assignment(", "print(")
    assert another(Release.of("01b-tokenization"), notebook) == "02-information"
    assert another(Release.of("02-information"), notebook) == ""
    one = parse_notebook(code("def temperature(probs, t):\n    return probs"), "x")
    assert another(RELEASE, one) == ""  # little of this one, nothing of another


def test_what_names_both_or_an_assignment_that_is_gone_is_what_it_is_handed_in_as():
    for line in (
        'Assignment("02-information")\nassignment = Assignment("01-language-models")',
        'Assignment("01-last-year")',
        '# not Assignment("02-information")',
    ):
        assert another(RELEASE, parse_notebook(code(line, "def temperature(): return 1"), "x")) == ""


def test_the_wrong_notebook_is_refused_by_its_name():
    wrong = nbformat.writes(Release.of("02-information").notebook).encode()
    with pytest.raises(GradingError, match=r"hw\.ipynb: this is 02-information, and not 01b-tokenization"):
        notebook_in(wrong, "hw.ipynb", Release.of("01b-tokenization"))
