"""The page on limits builds a suffix array and searches it; its open cells are run here as they stand."""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

PAGE = Path(__file__).resolve().parents[2] / "notebooks/03_ngrams/limits.ipynb"
WANTED = ("suffix_array", "as_bytes", "occurrences", "longest_matches")


LINES = 20_000  # of the page's code in one call; the longest call here takes a few hundred


def bounded(function):
    """The function, but a loop that would never end fails instead of hanging."""

    def run(*arguments):
        left = LINES

        def trace(frame, event, _):
            nonlocal left
            if frame.f_code.co_filename != "<string>":  # a library's
                return None
            left -= event == "line"
            assert left > 0, f"more than {LINES:,} lines: a loop does not end"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            return function(*arguments)
        finally:
            sys.settrace(before)

    return run


def test_a_loop_without_an_end_fails():
    names = {}
    exec("def spin(n):\n    while n:\n        n += 1\n    return n", names)
    assert bounded(names["spin"])(0) == 0
    with pytest.raises(AssertionError, match="does not end"):
        bounded(names["spin"])(1)


@pytest.fixture(scope="module")
def page():
    """The functions of the page, from the cells that define them, without what the cells do with them."""
    names = {"np": np, "cache": cache}
    for cell in json.loads(PAGE.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if any(f"def {name}(" in source for name in WANTED):
            exec(source[source.index("def ") :].split("\n\n\nmatches =")[0], names)
    assert set(WANTED) <= set(names)
    return {name: bounded(names[name]) for name in WANTED}


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


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=20), st.lists(st.integers(0, 3), min_size=2, max_size=12)
)
def test_longest_matches_are_those_of_a_search_through_all_places(page, read, new):
    length, right, places = page["longest_matches"](np.array(read), np.array(new))
    for i in range(1, len(new)):
        matches = [
            [j for j in range(len(read) - n + 1) if j < len(read) and read[j : j + n] == new[i - n : i]]
            for n in range(i + 1)
        ]
        n = max(n for n, found in enumerate(matches) if found)
        after = [read[(j + n) % len(read)] for j in matches[n]]
        guess = max(sorted(set(after)), key=after.count)  # of equals, the smallest
        assert (length[i - 1], places[i - 1]) == (n, len(matches[n]))
        assert right[i - 1] == (guess == new[i])
