"""Whatever a file holds, there is a notebook in format 4 or a reason."""

import contextlib
import json

import nbformat
import pytest
from handed_in import RELEASE, code
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.grading.course import GradingError
from lmcourse.grading.graft import repair
from lmcourse.grading.notebooks import parse_notebook

KEYS = [
    "cells",
    "worksheets",
    "cell_type",
    "source",
    "input",
    "metadata",
    "id",
    "nbgrader",
    "grade_id",
    "level",
]


JSON = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(["code", "markdown", "heading", "def talk(): 1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=30,
)


@settings(deadline=None, max_examples=300)
@given(JSON)
def test_arbitrary_json_gives_a_notebook_or_a_reason(content):
    with contextlib.suppress(GradingError):
        repair(RELEASE, parse_notebook(json.dumps(content).encode(), "x"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (code(*["1"] * 3000), "3000 cells, more than 2000"),
        (code("x" * 2_000_001), "2000001 characters"),
        (b'{"cells": [' + b"0," * 5_000_001 + b"0]}", "more than 5000000 values"),
        (b'{"cells": [[], 1, null]}', "not as a notebook's should be"),
        (b'{"cells": [{"cell_type": "code", "source": [1, 2]}]}', "not as a notebook's should be"),
        (b'{"cells": [{"cell_type": "code", "source": null}]}', "not as a notebook's should be"),
        (b'{"cells": {"a": 1}}', "not as a notebook's should be"),
        (b'{"worksheets": [{"cells": [{"cell_type": "heading", "level": []}]}]}', "not as a notebook's"),
        (b'{"cells": ' + b"[" * 10**6, "is no JSON"),
        ("{'ä'".encode("latin-1"), "no text in UTF-8"),
    ],
)
def test_notebooks_out_of_all_measure_are_refused(data, said):
    with pytest.raises(GradingError, match=said):
        parse_notebook(data, "x")


def test_format_3_has_headings_of_its_own():
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Hand", " in"]},
        {"cell_type": "code", "input": "1"},
    ]
    notebook = parse_notebook(json.dumps({"worksheets": [{"cells": cells}]}).encode(), "x")
    assert [(c.cell_type, c.source) for c in notebook.cells] == [("markdown", "## Hand in"), ("code", "1")]


def test_numbers_and_halves_of_characters_are_no_hindrance(solved, tmp_path):
    solved.metadata["huge"] = "HUGE"
    solved.cells[1].source += "\n# \ud800"
    data = json.dumps(solved).replace('"HUGE"', f"[{'9' * 5000}, NaN, -Infinity, 1e999]").encode()
    repaired = repair(RELEASE, parse_notebook(data, "x"))
    assert len(repaired.answered) == 9
    nbformat.validate(repaired.notebook)
    (tmp_path / "x.ipynb").write_text(nbformat.writes(repaired.notebook), encoding="utf-8")
