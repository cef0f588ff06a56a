"""Course files are found in a checkout and in an installed package."""

from pathlib import Path

import pytest

from lmcourse import files
from lmcourse.files import course_file

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
