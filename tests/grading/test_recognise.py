"""A student's cells recognised: by the functions they define, by their words."""

import json
import warnings
from collections import Counter

import pytest
from handed_in import RELEASE

from lmcourse.grading import recognise
from lmcourse.grading.notebooks import parse_notebook
from lmcourse.grading.recognise import defined_names, match


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
