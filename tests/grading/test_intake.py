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
from lmcourse.grading.attempts import remarks
from lmcourse.grading.course import GradingError
from lmcourse.grading.graft import repair
from lmcourse.grading.intake import find_submissions
from lmcourse.grading.late import deadline_of
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
    # names so long that they look alike where they are shown
    long = "x" * 60
    lay(tmp_path / long, *(f"{who}_90{who[-1]}_{long}.ipynb" for who in ("ada_1", "bo_2")))
    before, now = (find_submissions([tmp_path / long], NAME, who).handed for who in (None, known))
    assert len({one.place for one in before}) == 1
    assert renamed(before, now, {"ada", "bo"}) == {"ada": "s1", "bo": "s2"}
    require_same_names({"ada": "1", "bo": "2"}, {"ada": "1"})
    with pytest.raises(GradingError, match="2 of these files were graded under other names, for example ada"):
        require_same_names({"ada": "1", "bo": "2", "cy": "3"}, {"s1": "1", "s2": "2"})
    require_same_names({"ada": "1", "bo": "2"}, {"s1": "1"})  # one copy among two is no change of names
    # nor is one who has another name now, however few are new: he would stop everybody's run
    require_same_names({"ada": "1", "bo": "2", "cy2": "3"}, {"ada": "1", "bo": "2", "cy": "3"})


# --- several attempts ------------------------------------------------------------------------------------


def due(folder, time="2026-11-20 23:59 UTC", more=""):
    """A course whose assignment is due, with a cut-off after seven days."""
    text = f"c.LatePolicy.due = {{{NAME!r}: {time!r}}}\nc.LatePolicy.cut_off_days = 7\n"
    (folder / "nbgrader_config.py").write_text(
        'c = get_config()\nc.AssignLatePenalties.plugin_class = "lmcourse.grading.late.LatePolicy"\n'
        f"c.LatePolicy.per_day = 0.1\n{text}{more}"
    )
    return deadline_of(folder, NAME)


def attempts(folder, *days):
    for day in days:
        lay(folder / "all", f"HW_ada_attempt_2026-11-{day}-12-00-00_a.ipynb", content=day.encode())
    lay(folder / "all", "HW_bo_attempt_2026-11-01-09-00-00_a.ipynb")
    return folder / "all"


@pytest.mark.parametrize(
    ("days", "counts", "said"),
    [
        (("18", "20"), "20", ""),  # both in time: the latest
        (("18", "20", "29"), "20", "handed in in time, and again late"),
        (("22", "24"), "24", ""),  # both late: the latest
        (("22", "29"), "22", "handed in late, and again when nothing counts any more"),
        (("28", "29"), "29", ""),  # neither counts
    ],
)
def test_the_latest_attempt_in_time_counts_whatever_comes_late(tmp_path, days, counts, said):
    found = find_submissions([attempts(tmp_path, *days)], NAME, deadline=due(tmp_path)).handed
    ada = next(one for one in found if one.student.startswith("ada"))
    assert ada.read() == counts.encode()
    assert said in ada.again
    assert bool(ada.again) == bool(said)
    assert not said or any(ada.again in note for note in ada.notes)


def test_with_an_extension_the_later_attempt_is_in_time(tmp_path):
    later = f'c.LatePolicy.extensions = {{{NAME!r}: {{"ada": "2026-11-30 12:00 UTC"}}}}\n'
    [ada, _] = find_submissions(
        [attempts(tmp_path, "20", "29")], NAME, deadline=due(tmp_path, more=later)
    ).handed
    assert ada.read() == b"29"


def test_canvas_mark_tells_the_late_attempt_where_nobody_knows_when(tmp_path):
    lay(tmp_path / "in", "lovelaceada_1_900_hw.ipynb", content=b"in time")
    lay(
        tmp_path / "in",
        "lovelaceada_LATE_1_910_hw-1.ipynb",
        "hoppergrace_LATE_2_911_hw.ipynb",
        content=b"late",
    )
    found = find_submissions([tmp_path / "in"], NAME, deadline=due(tmp_path))
    [grace, ada] = found.handed
    assert (ada.read(), ada.late) == (b"in time", False)
    assert (grace.read(), grace.late) == (b"late", True)
    told = "\n".join(remarks(found.handed, due(tmp_path), ["lovelaceada", "hoppergrace"]))
    assert "Canvas marks 1 as late, but nothing is taken off (hoppergrace): give their submitted_at" in told
    assert "lovelaceada: handed in in time, and again late (hw-1.ipynb)" in told
    known = Roster(
        {"s2": Student("s2", "Grace Hopper", lms_id="2", submitted_at="2026-11-20T20:00:00+00:00")}
    )
    found = find_submissions([tmp_path / "in"], NAME, known, deadline=due(tmp_path))
    told = "\n".join(remarks(found.handed, due(tmp_path), ["s2"]))
    assert "s2: Canvas marks the file as late, submitted_at is in time" in told


def test_an_extension_for_nobody_is_told_with_the_name_that_is_meant(tmp_path):
    more = f'c.LatePolicy.extensions = {{{NAME!r}: {{"u017": "2026-11-30 12:00 UTC"}}}}\n'
    deadline = due(tmp_path, more=more)
    known = Roster({"S017": Student("S017", "Smith, John", login="u017")})
    assert deadline.nobodys(["u017"]) == []
    [line] = deadline.nobodys(["S001"], known)
    assert "extensions names u017" in line
    assert line.endswith("did you mean S017?")
    [line] = remarks([], due(tmp_path, more=more.replace("u017", "S0I7")), ["S017"])
    assert line.endswith("did you mean S017?")
    assert deadline.nobodys([], Roster({"u017": Student("u017")})) == []
