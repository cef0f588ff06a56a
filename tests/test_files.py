"""Course files are found in a checkout and in an installed package; what is written is written whole."""

import os
from pathlib import Path

import pytest

from lmcourse import files
from lmcourse.files import course_file, write_whole

ROOT = Path(__file__).resolve().parent.parent


def test_in_a_checkout_they_lie_beside_the_package():
    assert course_file("requirements-data.txt") == ROOT / "requirements-data.txt"


def test_in_a_wheel_they_lie_inside_the_package(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "lmcourse"
    inside = package / "_course" / "notebooks" / "assignments"
    inside.mkdir(parents=True)
    (package.parent / "notebooks" / "assignments").mkdir(
        parents=True
    )  # another package's folder of that name
    monkeypatch.setattr(files, "_PACKAGE", package)
    assert course_file("notebooks/assignments") == inside


def test_a_file_that_is_nowhere_is_named_with_the_way_to_get_it():
    with pytest.raises(FileNotFoundError, match=r"'solutions/99'.* clone it and run `pip install -e \.`"):
        course_file("solutions/99")


def test_a_file_is_replaced_whole_and_its_folder_made(tmp_path):
    place = tmp_path / "new" / "page.html"
    write_whole(place, b"first")
    write_whole(place, b"second")
    assert place.read_bytes() == b"second"
    assert place.stat().st_mode & 0o777 == 0o644
    assert list(place.parent.iterdir()) == [place]


def test_when_writing_fails_the_old_file_stays_and_no_scratch(tmp_path, monkeypatch):
    place = tmp_path / "page.html"
    place.write_text("old")

    def full(_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(place, b"new")
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


def test_scratch_of_a_killed_program_is_taken_over_and_a_planted_link_not_followed(tmp_path):
    place, precious = tmp_path / "page.html", tmp_path / "precious"
    precious.write_text("keep")
    (tmp_path / ".page.html.part").symlink_to(precious)
    write_whole(place, b"new")
    assert precious.read_text() == "keep"
    assert sorted(tmp_path.iterdir()) == [place, precious]
