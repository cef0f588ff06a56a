"""What the names of files say of whose they are and when they came."""

import pytest
from handed_in import lay, listed

from lmcourse.grading.naming import moment


def test_canvas_names(tmp_path):
    lay(
        tmp_path / "all",
        "lovelaceada_12345_100_my notebook.ipynb",
        "hopper_grace_LATE_12346_101_x_1_2_y.zip",
        "anon_Ab3xY_102_x.ipynb",
        "noethere_12347_text.html",
    )
    found = listed(tmp_path / "all")
    assert {s: one.name for s, one in found.items()} == {
        "lovelaceada": "my notebook.ipynb",
        "hopper_grace": "x_1_2_y.zip",
        "anon_Ab3xY": "x.ipynb",
        "noethere": "text.html",
    }
    assert all(one.submitted == "" for one in found.values())  # a file's own date is nobody's word


def test_canvas_resubmissions_the_largest_number_counts(tmp_path):
    lay(tmp_path, "lovelaceada_1_900_hw.ipynb", content=b"old")
    lay(tmp_path, "lovelaceada_1_1000_hw-1.ipynb", content=b"new")  # 1000 > 900, not so as text
    one = listed(tmp_path)["lovelaceada"]
    assert one.read() == b"new"
    assert "handed in 2 times; the latest counts: hw-1.ipynb" in one.notes


@pytest.mark.parametrize(
    "tail",
    ["_assignsubmission_file_/x.zip", "_assignsubmission_file/a/b/x.zip", "_assignsubmission_file_x.zip"],
)
def test_moodle_names(tmp_path, tail):
    lay(tmp_path, f"Ada Lovelace_123{tail}", f"José Ñandú_124{tail}", f".Dot Name_125{tail}")
    assert set(listed(tmp_path)) == {"Ada-Lovelace", "José-Ñandú", "Dot-Name"}


def test_blackboard_names_and_times(tmp_path):
    lay(tmp_path, "HW_1_ada_attempt_2026-11-01-09-00-00_a.ipynb", content=b"old")
    lay(tmp_path, "HW_1_ada_attempt_2026-11-02-10-30-00_a.ipynb", content=b"new")
    lay(tmp_path, "HW_1_ada_attempt_2026-11-02-10-30-00.txt", "HW_1_bela_attempt_2026-11-01-09-00-00.txt")
    found = listed(tmp_path)
    assert set(found) == {"ada", "bela"}
    assert found["ada"].read() == b"new"
    assert found["ada"].submitted.startswith("2026-11-02T10:30:00")
    assert found["ada"].submitted[19:]  # with a time zone


def test_brightspace_names_and_times(tmp_path):
    lay(tmp_path, "10-20 - Ada Lovelace - Nov 1, 2026 906 AM/x.ipynb", content=b"old")
    lay(tmp_path, "10-20 - Ada Lovelace - Nov 1, 2026 1206 PM/x.ipynb", content=b"new")
    lay(tmp_path, "11-20 - Mary-Ann Smith- Nov 2, 2026 1106 PM - my - file.ipynb", "index.html")
    found = listed(tmp_path)
    assert set(found) == {"Ada-Lovelace", "Mary-Ann-Smith"}
    assert found["Ada-Lovelace"].read() == b"new"
    assert found["Ada-Lovelace"].submitted.startswith("2026-11-01T12:06:00")
    assert found["Mary-Ann-Smith"].name == "my - file.ipynb"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01 12:00:00.5 UTC", "2026-11-01T12:00:00.500000+00:00"),
        ("2026-11-01T12:00:00Z", "2026-11-01T12:00:00+00:00"),
        ("2026-11-01 12:00 +01:00", "2026-11-01T12:00:00+01:00"),
        ("2026-11-01 12:00:00", "2026-11-01T12:00:00+00:00"),  # nbgrader's reading
        ("2026-07-01 12:00:00 Europe/Berlin", "2026-07-01T12:00:00+02:00"),
        *[
            (bad, "")
            for bad in ("", "5", "soon", "2026-13-01 12:00", "2026-11-01 12:00 ../../etc/passwd", "9" * 10**5)
        ],
    ],
)
def test_times(text, expected):
    assert moment(text) == expected
