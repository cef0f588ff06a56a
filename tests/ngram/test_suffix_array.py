"""The page on limits builds a suffix array and searches it; its open cells are run here as they stand."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

PAGE = Path(__file__).resolve().parents[2] / "notebooks/03_ngrams/limits.ipynb"
WANTED = ("suffix_array", "as_bytes", "occurrences", "longest_matches")


@pytest.fixture(scope="module")
def page():
    """The functions of the page, from the cells that define them, without what the cells do with them."""
    names = {"np": np}
    for cell in json.loads(PAGE.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if any(f"def {name}(" in source for name in WANTED):
            exec(source[source.index("def ") :].split("\n\n\nmatches =")[0], names)
    assert set(WANTED) <= set(names)
    return names


TEXTS = st.lists(st.integers(0, 2), min_size=1, max_size=30)
# two bytes for each token: 255, 256 and 257 tell the high one from the low one
WIDE = st.lists(st.sampled_from([0, 1, 255, 256, 257]), min_size=1, max_size=30)


@given(TEXTS | WIDE)
def test_the_places_stand_in_the_order_of_the_suffixes(page, text):
    order = page["suffix_array"](np.array(text))
    assert order.tolist() == sorted(range(len(text)), key=lambda i: text[i:])


@given(TEXTS | WIDE, TEXTS)
def test_search_finds_every_occurrence_and_no_other(page, text, run):
    run = [text[0], *run][: len(run)]  # so that it occurs now and then
    order = page["suffix_array"](np.array(text))
    found = page["occurrences"](page["as_bytes"](text), order, page["as_bytes"](run))
    assert sorted(found) == [i for i in range(len(text)) if text[i : i + len(run)] == run]


def test_longest_matches_by_hand(page):
    # read 0 1 2 0 1 3 0 1 3, new 0 1 3 3: before the 1 stands 0, seen at 3 places, each time with 1 after it;
    # before the first 3 stands 0 1, at 3 places, twice with 3; before the second 3 stands 0 1 3, at 2 places,
    # with 0 after the first and, round the end, with 0 after the second
    length, right, places = page["longest_matches"](
        np.array([0, 1, 2, 0, 1, 3, 0, 1, 3]), np.array([0, 1, 3, 3])
    )
    assert length.tolist() == [1, 2, 3]
    assert right.tolist() == [1, 1, 0]
    assert places.tolist() == [3, 3, 2]
