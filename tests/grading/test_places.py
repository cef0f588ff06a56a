"""Where submissions lie: nothing is followed, waited for or read that should not be."""

import os

import pytest
from handed_in import NAME, lay, listed, packed

from lmcourse.grading import places
from lmcourse.grading.course import GradingError
from lmcourse.grading.intake import find_submissions


def test_nbgraders_folder_with_its_times(tmp_path):
    lay(
        tmp_path,
        f"submitted/ada/{NAME}/x.ipynb",
        "submitted/ada/02-other/y.ipynb",
        "submitted/bela/02-other/y.ipynb",
    )
    (tmp_path / f"submitted/ada/{NAME}/timestamp.txt").write_text("2026-11-01 12:00:00.000001 UTC")
    for path in ("submitted", "submitted/ada", f"submitted/ada/{NAME}"):
        found = listed(tmp_path / path)
        assert {s: (one.name, one.submitted) for s, one in found.items()} == {
            "ada": ("x.ipynb", "2026-11-01T12:00:00.000001+00:00")
        }


@pytest.mark.parametrize(
    "place", [f"inbox/ada/{NAME}", f"Ada_1_assignsubmission_file/submitted/ada/{NAME}", "inbox/ada"]
)
def test_a_time_that_a_student_could_have_written_is_none(tmp_path, place):
    lay(tmp_path, f"{place}/x.ipynb")
    lay(tmp_path, f"{place}/timestamp.txt", content=b"1999-01-01 00:00:00 UTC")
    (one,) = listed(tmp_path / place.split("/")[0]).values()
    assert (one.student.casefold(), one.submitted) == ("ada", "")


@pytest.mark.parametrize("folder", ["", "bela"])
def test_links_pipes_and_the_unreadable_are_refused_and_stop_nobody(tmp_path, folder):
    inbox = lay(tmp_path / "inbox", "ada.ipynb")
    place = inbox / folder  # lying about, or in one student's folder
    place.mkdir(exist_ok=True)
    secret = lay(tmp_path, "secret.ipynb", content=b"secret") / "secret.ipynb"
    (place / "link.ipynb").symlink_to(secret)
    os.mkfifo(place / "pipe.ipynb")
    os.link(secret, place / "hard.ipynb")
    (place / "folder").symlink_to(tmp_path)
    with open(place / "huge.ipynb", "wb") as file:
        file.truncate(places.MAX_BYTES + 1)
    found = listed(inbox)
    assert found["ada"].read() == b"x"
    said = {
        "link": "is a link",
        "pipe": "no ordinary file",
        "hard": "has 2 names",
        "folder": "is a link",
        "huge": "has 60 MB, more than 60",
    }
    if folder:
        assert found["bela"].refused
    for name, reason in said.items() if not folder else ():
        assert reason in found[name].refused
        with pytest.raises(GradingError, match=reason):
            found[name].read()


def test_a_link_beside_the_work_costs_nothing(tmp_path):
    lay(tmp_path, "ada/x.ipynb", content=b"work")
    (tmp_path / "ada/y.ipynb").symlink_to("/etc/passwd")
    one = listed(tmp_path)["ada"]
    assert one.read() == b"work"
    assert "y.ipynb was left out: it is a link" in one.notes[0]


def test_a_student_folder_that_is_a_link_is_not_entered(tmp_path):
    lay(tmp_path, f"real/{NAME}/x.ipynb")
    (tmp_path / "submitted").mkdir()
    (tmp_path / "submitted/eve").symlink_to(tmp_path / "real")
    (tmp_path / "submitted/mallory").mkdir()
    (tmp_path / f"submitted/mallory/{NAME}").symlink_to(tmp_path / "real" / NAME)
    found = listed(tmp_path / "submitted")
    assert {s: "is a link" in one.refused for s, one in found.items()} == {"eve": True, "mallory": True}


def test_an_unreadable_file_is_refused(tmp_path, monkeypatch):
    lay(tmp_path, "ada.ipynb", "bela.ipynb")

    def forbid(path, *arguments, allowed=os.open):
        if str(path).endswith("ada.ipynb"):
            raise PermissionError(13, "Permission denied")
        return allowed(path, *arguments)

    monkeypatch.setattr(places.os, "open", forbid)
    found = listed(tmp_path)
    assert "cannot be read: Permission denied" in found["ada"].refused
    assert found["bela"].read() == b"x"


def test_a_file_that_is_exchanged_after_listing_is_not_read(tmp_path):
    one = listed(lay(tmp_path, "ada.ipynb"))["ada"]
    lay(tmp_path, "other.ipynb", content=b"secret")
    os.replace(tmp_path / "other.ipynb", tmp_path / "ada.ipynb")
    with pytest.raises(GradingError, match="was replaced"):
        one.read()


def test_a_path_that_is_missing_and_a_folder_without_submissions(tmp_path):
    with pytest.raises(GradingError, match=r"nowhere: there is no such file"):
        find_submissions([tmp_path / "nowhere"], NAME)
    lay(tmp_path, "readme.md")
    with pytest.raises(GradingError, match=rf"no submission of {NAME} in .*expected notebooks or zips named"):
        find_submissions([tmp_path], NAME)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "names",
    [
        ("lovelaceada_1_2_x.ipynb", "hoppergrace_LATE_3_4_y.zip"),
        ("Lovelaceada_1_assignsubmission_file_/x.ipynb", "Hoppergrace_3_assignsubmission_file_/sub/y.zip"),
        (
            "HW_lovelaceada_attempt_2026-11-01-09-00-00_x.ipynb",
            "HW_hoppergrace_attempt_2026-11-01-09-00-00_y.zip",
        ),
    ],
)
def test_the_zip_of_everybodys_files(tmp_path, names):
    (tmp_path / "submissions.zip").write_bytes(packed({names[0]: b"ada's", names[1]: b"grace's"}))
    found = listed(tmp_path / "submissions.zip")
    assert {s.casefold(): one.read() for s, one in found.items()} == {
        "lovelaceada": b"ada's",
        "hoppergrace": b"grace's",
    }


def test_a_students_zip_with_others_names_in_it_speaks_for_its_owner_only(tmp_path):
    forged = packed({"lovelaceada_1_2_x.ipynb": b"nonsense"})
    lay(tmp_path, "ada.zip")
    lay(tmp_path, "eve.zip", "evil_5_6_eve.zip", content=forged)
    assert set(listed(tmp_path)) == {"ada", "eve", "evil"}
    assert set(listed(*sorted(tmp_path.iterdir()))) == {"ada", "eve", "evil"}
    assert set(listed(tmp_path / "evil_5_6_eve.zip")) == {"evil"}


def test_a_bomb_in_the_zip_of_everybody_refuses_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "MAX_BYTES", 20_000_000)
    files = {"lovelaceada_1_2_x.ipynb": b"fine", "evil_3_4_x.zip": bytes(30_000_000)}
    (tmp_path / "all.zip").write_bytes(packed(files))
    found = listed(tmp_path / "all.zip")
    assert found["lovelaceada"].read() == b"fine"
    with pytest.raises(GradingError, match="unpacks to more than"):
        found["evil"].read()
