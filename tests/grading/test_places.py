"""Where submissions lie: nothing is followed, waited for or read that should not be."""

import os

import pytest
from handed_in import NAME, lay, listed, packed, roster

from lmcourse.grading import gather, places
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
    ("kind", "names"),
    [
        ("canvas", ("lovelaceada_1_2_x.ipynb", "hoppergrace_LATE_3_4_y.zip")),
        (
            "moodle",
            (
                "Lovelaceada_1_assignsubmission_file_/x.ipynb",
                "Hoppergrace_3_assignsubmission_file_/sub/y.zip",
            ),
        ),
        (
            "blackboard",
            (
                "HW_lovelaceada_attempt_2026-11-01-09-00-00_x.ipynb",
                "HW_hoppergrace_attempt_2026-11-01-09-00-00_y.zip",
            ),
        ),
        (
            "brightspace",
            (
                "10-20 - Lovelaceada - Nov 1, 2026 906 AM/x.ipynb",
                "11-21 - hoppergrace - Nov 2, 2026 1206 PM/y.zip",
            ),
        ),
    ],
)
def test_the_zip_of_everybodys_files(tmp_path, kind, names):
    files = {names[0]: b"ada's", names[1]: b"grace's", "notes.txt": b"of nobody"}
    (tmp_path / "submissions.zip").write_bytes(packed(files))
    found = find_submissions([tmp_path / "submissions.zip"], NAME, kind=kind)
    assert {one.student.casefold(): one.read() for one in found.handed} == {
        "lovelaceada": b"ada's",
        "hoppergrace": b"grace's",
    }
    assert found.unused == [f"notes.txt: its name is none of {kind}'s, so whose is it?"]
    assert found.origin == f"read as names given by {kind.capitalize()}"  # as was said
    with pytest.raises(GradingError, match=rf"looks like .* from {kind}: if it is, say --from {kind}; if"):
        listed(tmp_path / "submissions.zip")
    assert set(listed(tmp_path / "submissions.zip", kind="folder")) == {"submissions"}


METADATA = """---
submission_7:
  :submitters:
  - :name: Ada Lovelace
    :sid: '1001'
    :email: ada@uni.edu
  :created_at: 2026-11-01 12:00:00.000000000 Z
  :results:
    output: |
      submission_8:
        :submitters:
        - :name: Grace Hopper
  :history: []
submission_8:
  :submitters:
  - :name: Grace Hopper
    :sid: '1002'
  - :name: Emmy Noether
    :sid: '1003'
  :status: processed
"""


@pytest.mark.parametrize("zipped", [True, False])
def test_gradescope_says_beside_the_submissions_whose_they_are(tmp_path, zipped):
    files = {
        "submission_metadata.yml": METADATA.encode(),
        "submission_7/submission_8.ipynb": b"ada's",
        "submission_8/x.ipynb": b"of two",
        "submission_9/x.ipynb": b"of somebody",
    }
    for name, data in files.items():
        lay(tmp_path / "assignment_5_export", name, content=data)
    (tmp_path / "all.zip").write_bytes(
        packed({f"assignment_5_export/{n}": data for n, data in files.items()})
    )
    path = tmp_path / ("all.zip" if zipped else "assignment_5_export")
    found = listed(path, kind="gradescope")
    assert set(found) == {"1001", "submission_8", "submission_9"}
    assert found["1001"].read() == b"ada's"
    assert "handed in by several (Grace Hopper, Emmy Noether)" in found["submission_8"].refused
    people = roster(tmp_path, "student_id,email\nada,ada@uni.edu\nbo,b@uni.edu\n")
    assert "ada" in listed(path, kind="gradescope", roster=people)


def test_a_students_zip_with_others_names_in_it_speaks_for_its_owner_only(tmp_path):
    forged = packed({"lovelaceada_1_2_x.ipynb": b"nonsense"})
    lay(tmp_path, "ada.zip")
    lay(tmp_path, "eve.zip", "evil_5_6_eve.zip", content=forged)
    owners = {"ada", "eve", "evil_5_6_eve"}  # one name like Canvas's does not make the others Canvas's
    assert set(listed(tmp_path)) == owners
    assert set(listed(*sorted(tmp_path.iterdir()))) == owners
    assert set(listed(tmp_path / "evil_5_6_eve.zip")) == {"evil"}
    assert set(listed(tmp_path / "evil_5_6_eve.zip", kind="canvas")) == {"evil"}
    with pytest.raises(GradingError, match="if it is one student's, --from folder"):
        listed(tmp_path / "eve.zip")
    assert set(listed(tmp_path / "eve.zip", kind="folder")) == {"eve"}


def test_a_bomb_in_the_zip_of_everybody_refuses_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.setattr(gather, "MAX_BYTES", 20_000_000)
    files = {"lovelaceada_1_2_x.ipynb": b"fine", "evil_3_4_x.zip": bytes(30_000_000)}
    (tmp_path / "all.zip").write_bytes(packed(files))
    found = listed(tmp_path / "all.zip", kind="canvas")
    assert found["lovelaceada"].read() == b"fine"
    with pytest.raises(GradingError, match="unpacks to more than"):
        found["evil"].read()


FORGED = "x_ada_attempt_2020-01-01-10-00-00_hw.ipynb", "x_Ada Lovelace_1001_assignsubmission_file_hw.ipynb"
FORGED += ("11-21 - Ada - Nov 2, 2020 1206 PM - x.ipynb", "ada_1001_9999_hw.ipynb", "submission_1001")


@pytest.mark.parametrize("kind", ["", "canvas"])
def test_nothing_that_a_student_calls_a_file_makes_it_anothers(tmp_path, kind):
    lay(tmp_path, "ada_1001_2001_hw.ipynb", content=b"ada's")
    lay(tmp_path, "bo_1003_2020_hw.ipynb", "cy_1004_2021_hw.ipynb", "di_1005_2022_hw.ipynb")
    lay(tmp_path, "ed_1006_2023_hw.ipynb", "flo_1007_2024_hw.ipynb")
    for n, name in enumerate(FORGED):
        lay(tmp_path, f"mallory_1002_{2003 + n}_{name}", content=b"mallory's")
    found = find_submissions([tmp_path], NAME, kind=kind)
    handed = {one.student: one for one in found.handed}
    assert set(handed) == {"ada", "bo", "cy", "di", "ed", "flo", "mallory"}
    assert handed["ada"].read() == b"ada's"
    assert not any(one.submitted for one in found.handed)
    assert found.kinds == ("canvas",)


def test_one_who_hands_in_more_files_than_all_others_does_not_stop_them(tmp_path):
    lay(tmp_path, "ada_1001_2001_hw.ipynb", "bo_1003_2020_hw.ipynb")
    lay(tmp_path, *(f"mallory_1002_{2003 + n}_{n}{FORGED[0]}" for n in range(9)))
    found = find_submissions([tmp_path], NAME)
    assert {one.student for one in found.handed} == {"ada", "bo", "mallory"}
    assert found.kinds == ("canvas",)


def test_a_few_names_that_could_be_of_two_ask_the_instructor(tmp_path):
    lay(tmp_path, f"mallory_1002_2003_{FORGED[0]}")
    with pytest.raises(GradingError, match=r"could be of canvas or of blackboard.* say which, with --from"):
        listed(tmp_path)
    assert set(listed(tmp_path, kind="canvas")) == {"mallory"}
    with pytest.raises(GradingError, match="there are canvas, moodle"):
        listed(tmp_path, kind="canvass")


def test_whose_file_it_is_that_has_no_name_of_the_lms_nobody_guesses(tmp_path):
    lay(tmp_path, "ada_1001_2001_hw.ipynb", "bo_1003_2020_hw.ipynb", "ada.zip", "roster.csv", ".DS_Store")
    found = find_submissions([tmp_path], NAME, kind="canvas")
    assert [one.student for one in found.handed] == ["ada", "bo"]
    assert [line.partition(": ")[0] for line in found.unused] == [
        str(tmp_path / n) for n in ("ada.zip", "roster.csv")
    ]


def test_in_a_plain_folder_everything_that_students_hand_in_has_a_row(tmp_path):
    names = "a.ipynb", "b.ipynb.txt", "c.ipynb.json", "d.rar", "e.7z", "f.py", "g.html", "h.docx", "i.pdf"
    lay(tmp_path, *names, "roster.csv", "readme.md")
    found = find_submissions([tmp_path], NAME)
    assert [one.student for one in found.handed] == list("abcdefghi")
    assert len(found.unused) == 2
    assert all(line.endswith("it is neither a notebook nor an archive") for line in found.unused)
    assert found.origin.startswith("read as files and folders named after students")


def test_two_of_one_name_whom_the_lms_tells_apart_are_not_the_one_on_the_roster(tmp_path):
    times = "Nov 1, 2026 906 AM", "Nov 1, 2026 907 AM"
    lay(tmp_path / "all", *(f"1{n}-20 - Ada Lovelace - {time}/x.ipynb" for n, time in enumerate(times)))
    found = listed(tmp_path / "all", roster=roster(tmp_path, "student_id,name\ns1,Ada Lovelace\n"))
    assert len(found) == 2
    assert "s1" not in found
    for one in found.values():
        assert not one.known
        assert one.notes[-1] == "2 could be s1: the roster needs the LMS's numbers (lms_id)"
