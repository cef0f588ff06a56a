"""Shakespeare: how files become works, on invented files; what the works are, on the real ones."""

import os
import re

import pytest

from lmcourse.data import DataError, fetch, pins
from lmcourse.text import HELD_OUT, shakespeare, shakespeare_split

WORKS = ("hamlet", "macbeth", "sonnets", "tempest", "twelfth_night")


@pytest.fixture
def invented(tmp_path, monkeypatch):
    """A cache whose Shakespeare is five files of our own."""
    monkeypatch.setenv("LMCOURSE_CACHE", str(tmp_path))
    folder = tmp_path / f"shakespeare-{pins()['shakespeare'][0]}"
    folder.mkdir()
    for name in WORKS:
        content = f"\n{name.upper()}  \r\n\r\n  Act I \t\n\n\nÆneas\n\n\n"
        (folder / f"{name}_gut.txt").write_bytes(content.encode("latin-1"))


@pytest.mark.usefixtures("invented")
def test_line_ends_and_blanks_are_cleaned_and_nothing_else():
    works = shakespeare()
    assert tuple(works) == WORKS
    assert works["hamlet"] == "HAMLET\n\n  Act I\n\n\nÆneas\n"


@pytest.mark.usefixtures("invented")
def test_the_split_is_by_work():
    train, held_out = shakespeare_split()
    assert re.findall("[A-Z_]{3,}", train) == ["HAMLET", "SONNETS"]
    assert re.findall("[A-Z_]{3,}", held_out) == ["MACBETH", "TEMPEST", "TWELFTH_NIGHT"]
    assert train.count("Æneas") == 2


@pytest.fixture(scope="module")
def works():
    """The real works; without them the tests below are skipped, in CI they fail."""
    try:
        fetch("shakespeare")
    except DataError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Shakespeare: {error}")
    return shakespeare()


def test_all_works_are_there(works):
    assert len(works) == 42
    assert sum(len(text.split()) for text in works.values()) == 905_018  # blanks apart, nothing is lost
    assert "To be, or not to be," in works["hamlet"]


def test_no_blank_ends_a_line(works):
    for text in works.values():
        assert not re.search(r"[^\S\n]\n|\r", text)
        assert text.endswith("\n")
        assert not text[0].isspace()


def test_the_held_out_works_are_six_percent_and_unseen(works):
    train, held_out = shakespeare_split()
    assert len(held_out) / (len(train) + len(held_out)) == pytest.approx(0.06, abs=0.005)
    for name in HELD_OUT:
        assert works[name] in held_out
        assert works[name][1000:2000] not in train
    assert set(held_out) <= set(train)  # a model of characters meets no unknown one
