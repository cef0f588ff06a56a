"""Which files are whose, and which of them count."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from handed_in import NAME, OTHER, RELEASE, as_bytes, lay, listed, packed, roster
from hypothesis import example, given
from hypothesis import strategies as st

from lmcourse.grading import intake
from lmcourse.grading.course import GradingError
from lmcourse.grading.graft import repair
from lmcourse.grading.intake import find_submissions
from lmcourse.grading.naming import Who, safe_id
from lmcourse.grading.renaming import renamed, require_same_names
from lmcourse.grading.roster import Roster, Student
from lmcourse.grading.unpack import notebook_in


def test_canvas_files_beside_the_notebook_are_left_out(tmp_path):
    lay(tmp_path, "lovelaceada_1_900_hw.ipynb", content=b"work")
    lay(tmp_path, "lovelaceada_1_901_photo.png", "lovelaceada_1_902_thoughts.pdf")
    assert listed(tmp_path)["lovelaceada"].read() == b"work"


def test_two_students_of_the_same_name_stay_two(tmp_path):
    lay(tmp_path, "lovelaceada_1_900_hw.ipynb", "lovelaceada_2_901_hw.ipynb")
    found = listed(tmp_path)
    assert set(found) == {"lovelaceada-1", "lovelaceada-2"}
    assert "several could be called lovelaceada" in found["lovelaceada-1"].notes[0]


def test_dates_that_look_like_canvas_numbers_do_not_make_everybody_one(tmp_path):
    lay(tmp_path, "hw_2026_11_ada.ipynb", "hw_2026_11_bela.ipynb")
    assert set(listed(tmp_path)) == {"hw_2026_11_ada", "hw_2026_11_bela"}


def test_moodle_text_beside_the_file_is_left_out(tmp_path):
    lay(tmp_path, "Ada Lovelace_1_assignsubmission_onlinetext/onlinetext.html")
    lay(tmp_path, "Ada Lovelace_1_assignsubmission_file/x.ipynb", content=b"work")
    assert listed(tmp_path)["Ada-Lovelace"].read() == b"work"


def test_a_blackboard_login_with_an_underscore_is_known_from_the_roster(tmp_path):
    lay(
        tmp_path / "all",
        "HW_1_ada_l_attempt_2026-11-01-09-00-00_a.ipynb",
        "HW_1_bo_l_attempt_2026-11-01-09-00-00_a.ipynb",
    )
    assert set(listed(tmp_path / "all", roster=roster(tmp_path, "student_id,name\nada_l,A\nbo_l,B\n"))) == {
        "ada_l",
        "bo_l",
    }
    assert len(listed(tmp_path / "all")) == 2  # both end in l


def test_the_roster_knows_who_is_meant_and_when(tmp_path):
    known = roster(
        tmp_path,
        "student_id,name,lms_id,submitted_at\n"
        "s1,Ada Lovelace,12345,2026-11-01 12:00 +01:00\ns2,Grace Hopper,,\ns3,Emmy Noether,77,\n",
    )
    lay(
        tmp_path / "all",
        "whoever_12345_100_x.ipynb",
        "gracehopper_5_101_x.ipynb",
        "emmynoether_78_102_x.ipynb",
    )
    found = listed(tmp_path / "all", roster=known)
    # Emmy Noether has another number: this is somebody else of her name
    assert set(found) == {"s1", "s2", "emmynoether"}
    assert found["s1"].submitted == "2026-11-01T12:00:00+01:00"
    assert [s for s, one in found.items() if not one.known] == ["emmynoether"]
    assert "not on the roster" in found["emmynoether"].notes[-1]


def test_a_roster_that_knows_nobody_is_the_wrong_one(tmp_path):
    for n in range(5):
        (tmp_path / f"s{n}.ipynb").write_text("{}")
    with pytest.raises(GradingError, match=r"knows none of these 5 names, for example .*s0\.ipynb"):
        find_submissions([tmp_path], NAME, Roster({"ada": Student("ada")}))


def test_two_of_one_name_are_not_both_the_student_on_the_roster(tmp_path):
    lay(
        tmp_path / "all",
        "Ada Lovelace_1_assignsubmission_file/x.zip",
        "Ada Lovelace_2_assignsubmission_file/x.zip",
    )
    found = listed(tmp_path / "all", roster=roster(tmp_path, "student_id,name\ns1,Ada Lovelace\n"))
    assert set(found) == {"Ada-Lovelace-1", "Ada-Lovelace-2"}


def test_several_files_of_one_student_travel_together(tmp_path, solved):
    lay(tmp_path, "ada/notes.ipynb", content=OTHER)
    lay(tmp_path, "ada/work/answers.ipynb", content=as_bytes(solved))
    lay(
        tmp_path,
        "ada/.ipynb_checkpoints/answers-checkpoint.ipynb",
        "ada/__MACOSX/._answers.ipynb",
        "ada/data.csv",
    )
    one = listed(tmp_path)["ada"]
    assert one.name == "2 files"
    assert one.read() == one.read()
    notebook, _ = notebook_in(one.read(), one.name, RELEASE)
    assert len(repair(RELEASE, notebook).answered) == 9


def test_files_of_the_same_name_in_two_folders_are_two_students(tmp_path):
    lay(tmp_path, "monday/ada.zip", "tuesday/ada.zip")
    found = listed(tmp_path / "monday", tmp_path / "tuesday")
    assert len(found) == 2
    assert all("several could be called ada" in one.notes[0] for one in found.values())


def test_a_file_given_twice_is_one(tmp_path):
    lay(tmp_path, "ada.zip")
    assert listed(tmp_path, tmp_path / "ada.zip")["ada"].notes == ()


ODD = [
    "Ada Lovelace",
    "ada+x",
    "ADA",
    "ada",
    "..",
    "😀",
    "🙃",
    "x" * 200,
    "-rf",
    "a\nb",
    "Ада",
    "a/b"[0],
    "con*?[]",
    ".hidden",
    "é",
    "e\u0301",
]


def test_odd_names(tmp_path):
    for name in ODD:
        with contextlib.suppress(IsADirectoryError):
            lay(tmp_path, f"{name}.zip", content=name.encode())
    raw = os.fsencode(tmp_path) + b"/\xff\xfe.zip"
    Path(os.fsdecode(raw)).write_bytes(b"raw")
    found = find_submissions([tmp_path], NAME).handed
    assert len(found) == len(list(tmp_path.iterdir()))
    assert len({one.student.casefold() for one in found}) == len(found)
    assert {one.read() for one in found} == {p.read_bytes() for p in tmp_path.iterdir()}
    for one in found:
        assert (tmp_path / one.student).parent == tmp_path
        assert safe_id(one.student) == one.student
        json.dumps([one.name, one.place, one.notes], ensure_ascii=False).encode()
        assert one.place.isprintable()


@given(st.lists(st.text(min_size=1), unique=True, max_size=8), st.lists(st.text(min_size=1), max_size=3))
@example(["ada", "ADA", "ada-e5b7e5a6"], [])
def test_ids_are_safe_and_no_two_are_one(names, taken):
    people = {("", name): Who(("", name), name, ()) for name in names}
    ids = intake._distinct(people, map(safe_id, taken))
    assert set(ids) == set(people)
    folded = [one.casefold() for one in ids.values()]
    assert len(set(folded)) == len(folded)
    assert not set(folded) & {safe_id(name).casefold() for name in taken}
    for one in ids.values():
        assert one
        assert one[0].isalnum()
        assert safe_id(one) == one
        assert not set("/\\+*?[]\0 \n") & set(one)
        assert len(one.encode()) <= 200


def test_who_could_be_two_is_a_row_with_the_reason_and_no_guess(tmp_path):
    two = roster(tmp_path, "student_id,name\ns1,Lovelace Ada\ns2,LovelaceAda\n")
    lay(tmp_path / "a", "lovelaceada_1_900_hw.ipynb")
    [one] = listed(tmp_path / "a", roster=two).values()
    assert not one.known
    assert one.notes[-1] == "could be s1 or s2: the roster needs the LMS's numbers (lms_id)"
    logins = roster(tmp_path, "student_id,name\nada_l,Ada\nl,Lena\n")
    lay(tmp_path / "b", "HW_1_ada_l_attempt_2026-11-01-09-00-00_a.ipynb")
    [one] = listed(tmp_path / "b", roster=logins).values()
    assert not one.known
    assert one.notes[-1].startswith("could be ada_l or l: ")


@pytest.mark.parametrize("kind", ["", "canvas"])
def test_a_folder_around_all_is_looked_through(tmp_path, kind):
    lay(tmp_path / "outer" / "submissions", "ada_1_900_hw.ipynb", "bo_2_901_hw.ipynb")
    lay(tmp_path / "outer", ".DS_Store", "__MACOSX/x")
    assert set(listed(tmp_path / "outer", kind=kind)) == {"ada", "bo"}
    lay(tmp_path / "one" / "ada", "x.ipynb")
    assert set(listed(tmp_path / "one")) == {"ada"}
    files = {"submissions/ada_1_900_hw.ipynb": b"a", "submissions/bo_2_901_hw.ipynb": b"b", ".DS_Store": b""}
    (tmp_path / "all.zip").write_bytes(packed(files))
    assert set(listed(tmp_path / "all.zip", kind="canvas")) == {"ada", "bo"}


def test_the_same_files_with_and_without_a_roster_are_the_same_people(tmp_path):
    known = roster(tmp_path, "student_id,name,lms_id\ns1,Ada,1\ns2,Bo,2\nlovelace,Cy,3\n")
    lay(tmp_path / "a", "ada_1_900_x.ipynb", "bo_2_901_x.ipynb", "lovelace_9_902_x.ipynb", content=b"same")
    before = find_submissions([tmp_path / "a"], NAME).handed
    now = find_submissions([tmp_path / "a"], NAME, known).handed
    assert renamed(before, now, {"ada", "bo"}) == {"ada": "s1", "bo": "s2"}
    assert renamed(before, now, {"ada", "s1", "bo"}) == {"bo": "s2"}  # Ada has a result already, as s1
    assert renamed(before, now, set()) == {}
    require_same_names({"ada": "1", "bo": "2"}, {"ada": "1"})
    with pytest.raises(GradingError, match="2 of these files were graded under other names, for example ada"):
        require_same_names({"ada": "1", "bo": "2", "cy": "3"}, {"s1": "1", "s2": "2"})
    require_same_names({"ada": "1", "bo": "2"}, {"s1": "1"})  # one copy among two is no change of names
