"""From what an LMS exports, odd or hostile, to whose it is and to the notebook in it."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import stat
import tarfile
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lmcourse.grading import graft, intake, unpack
from lmcourse.grading.course import GradingError
from lmcourse.grading.graft import defined_names, match, repair
from lmcourse.grading.intake import find_submissions, moment, safe_id
from lmcourse.grading.notebooks import Release, parse_notebook
from lmcourse.grading.roster import Roster, Student
from lmcourse.grading.unpack import notebook_in

NAME = "01-language-models"
RELEASE = Release.of(NAME)
OTHER = json.dumps({"cells": [{"cell_type": "code", "source": "1 + 1"}]}).encode()


def packed(files, compression=zipfile.ZIP_DEFLATED):
    """A zip of `files`: name or ZipInfo -> bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def as_bytes(notebook):
    return nbformat.writes(notebook).encode()


def lay(folder, *names, content=b"x"):
    """Files in a folder, with the folders above them."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def listed(*paths, roster=None):
    return {one.student: one for one in find_submissions(paths, NAME, roster)}


def roster(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    return Roster.read(path)


# --- whose it is -----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "tail",
    ["_assignsubmission_file_/x.zip", "_assignsubmission_file/a/b/x.zip", "_assignsubmission_file_x.zip"],
)
def test_moodle_names(tmp_path, tail):
    lay(tmp_path, f"Ada Lovelace_123{tail}", f"José Ñandú_124{tail}", f".Dot Name_125{tail}")
    assert set(listed(tmp_path)) == {"Ada-Lovelace", "José-Ñandú", "Dot-Name"}


def test_moodle_text_beside_the_file_is_left_out(tmp_path):
    lay(tmp_path, "Ada Lovelace_1_assignsubmission_onlinetext/onlinetext.html")
    lay(tmp_path, "Ada Lovelace_1_assignsubmission_file/x.ipynb", content=b"work")
    assert listed(tmp_path)["Ada-Lovelace"].read() == b"work"


def test_blackboard_names_and_times(tmp_path):
    lay(tmp_path, "HW_1_ada_attempt_2026-11-01-09-00-00_a.ipynb", content=b"old")
    lay(tmp_path, "HW_1_ada_attempt_2026-11-02-10-30-00_a.ipynb", content=b"new")
    lay(tmp_path, "HW_1_ada_attempt_2026-11-02-10-30-00.txt", "HW_1_bela_attempt_2026-11-01-09-00-00.txt")
    found = listed(tmp_path)
    assert set(found) == {"ada", "bela"}
    assert found["ada"].read() == b"new"
    assert found["ada"].submitted.startswith("2026-11-02T10:30:00")
    assert found["ada"].submitted[19:]  # with a time zone


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
    found = find_submissions([tmp_path], NAME)
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
    people = {("", name): intake._Who(("", name), name, ()) for name in names}
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


# --- where it lies ---------------------------------------------------------------------------------------


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
        file.truncate(intake.MAX_BYTES + 1)
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

    monkeypatch.setattr(intake.os, "open", forbid)
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
    monkeypatch.setattr(intake, "MAX_BYTES", 20_000_000)
    files = {"lovelaceada_1_2_x.ipynb": b"fine", "evil_3_4_x.zip": bytes(30_000_000)}
    (tmp_path / "all.zip").write_bytes(packed(files))
    found = listed(tmp_path / "all.zip")
    assert found["lovelaceada"].read() == b"fine"
    with pytest.raises(GradingError, match="unpacks to more than"):
        found["evil"].read()


# --- what is in it ---------------------------------------------------------------------------------------


def link(name):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def answered(data, name="x.zip"):
    notebook, notes = notebook_in(data, name, RELEASE)
    return len(repair(RELEASE, notebook).answered), notes


def test_archives_of_all_kinds(solved):
    work = as_bytes(solved)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        info = tarfile.TarInfo("me/x.ipynb")
        info.size = len(work)
        archive.addfile(info, io.BytesIO(work))
    for data in (
        work,
        packed({"x.ipynb": work}),
        packed({"me/deep/Untitled (1).ipynb": work, "README.md": b"hello"}),
        packed({"x.ipynb.txt": work}),
        packed({"x.ipynb.json": work, "manifest.json": b"{}"}),
        packed({"x.zip": packed({"y.ipynb": work})}),
        packed({"x.zip": packed({"y.zip": packed({"z.ipynb": work})})}),
        gzip.compress(work),
        tar.getvalue(),
        gzip.compress(tar.getvalue()),
        b"\xef\xbb\xbf" + work,
        work.decode().encode("utf-16"),
        work.decode().encode("utf-32"),
    ):
        assert answered(data)[0] == 9


def test_what_leads_out_of_the_archive_is_never_used(solved, released):
    work, blank = as_bytes(solved), as_bytes(released)
    for name in (
        "../x.ipynb",
        "/x.ipynb",
        "C:/x.ipynb",
        "a\\..\\x.ipynb",
        "a/../../x.ipynb",
        link("x.ipynb"),
    ):
        data = packed({name: work, "blank.ipynb": blank})
        count, notes = answered(data)
        assert count == 0
        assert "not used from the zip" in notes[0]
        with pytest.raises(GradingError, match="not used from the zip"):
            answered(packed({name: work}))


def test_what_macs_and_jupyter_leave_behind_is_no_notebook(solved, released):
    work, blank = as_bytes(solved), as_bytes(released)
    clutter = "__MACOSX/._x.ipynb", ".ipynb_checkpoints/x-checkpoint.ipynb", "a/.x.ipynb"
    data = packed({**dict.fromkeys(clutter, blank), "a/x.ipynb": work})
    assert answered(data) == (9, [])


def test_of_several_notebooks_the_one_of_this_assignment_counts(solved, released):
    half = {**solved, "cells": solved.cells[:12]}
    work = as_bytes(solved)
    assert answered(packed({"language-models.ipynb": OTHER, "Untitled.ipynb": work}))[0] == 9
    count, notes = answered(packed({"a.ipynb": json.dumps(half).encode(), "z.ipynb": work}))
    assert (count, notes) == (9, ["2 notebooks belong to the assignment; z.ipynb, with most answers, counts"])
    count, notes = answered(packed({"zz.ipynb": as_bytes(released), "language-models.ipynb": work}))
    assert (count, notes) == (
        9,
        ["2 notebooks belong to the assignment; language-models.ipynb, with most answers, counts"],
    )


def encrypted(data):
    """The zip with the mark that its members are encrypted."""
    data = bytearray(data)
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + at] |= 1
    return bytes(data)


def overlapping(copies):
    """Many members that share one compressed body."""
    data = packed({"0.ipynb": bytes(9_000_000)})
    body, directory = data[: data.index(b"PK\1\2")], data[data.index(b"PK\1\2") : data.index(b"PK\5\6")]
    return body + directory * copies + (
        b"PK\5\6\0\0\0\0" + copies.to_bytes(2, "little") * 2
        + (len(directory) * copies).to_bytes(4, "little") + len(body).to_bytes(4, "little") + b"\0\0"
    )  # fmt: skip


def lying(data):
    """The zip, saying that its member has a hundred bytes."""
    data = bytearray(data)
    for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        start = data.index(signature) + at
        data[start : start + 4] = (100).to_bytes(4, "little")
    return bytes(data)


def nested(files, times):
    """A zip in a zip in a zip."""
    return packed(files if times == 1 else {"x.zip": nested(files, times - 1)})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty: save the notebook again"),
        (b"[]", "has no cells"),
        (OTHER, f"is a notebook, but not of {NAME}"),
        (b"%PDF-1.4", "is not a notebook"),
        (packed({}), "holds no notebook"),
        (packed({"report.pdf": b"x"}), "holds no notebook"),
        (packed({"x.ipynb": b"{"}), "is no JSON"),
        (encrypted(packed({"x.ipynb": b"{}"})), "protected by a password"),
        (packed({"x.ipynb": b"{}" * 99}, zipfile.ZIP_BZIP2), "packed in an unusual way"),
        (packed({"x.ipynb": bytes(40_000_000)}), "unpacks to more than"),
        (packed({"x.ipynb": bytes(60_000_000)}, zipfile.ZIP_STORED), "unpacks to more than 50 MB"),
        (lying(packed({"x.ipynb": bytes(40_000_000)})), "damaged|unpacks"),
        (overlapping(200), "damaged|no JSON|too much in it"),
        (gzip.compress(bytes(60_000_000)), "unpacks to more than 50 MB"),
        (packed({"x.ipynb": b"{}"})[:-9], "damaged"),
        (b"PK\3\4" + bytes(100), "damaged"),
        (packed({f"{n}.zip": packed({}) for n in range(300)}), "too much in it"),
        (nested({"d.ipynb": OTHER}, 4), "too many archives"),
    ],
    ids=lambda x: x[:25] if isinstance(x, str) else "",
)  # fmt: skip
def test_what_holds_no_notebook_is_refused_in_words(data, said):
    with pytest.raises(GradingError, match=said) as caught:
        notebook_in(data, "x", RELEASE)
    assert len(str(caught.value)) < 1000


def test_a_table_of_contents_without_end_is_not_read(monkeypatch):
    monkeypatch.setattr(unpack, "MAX_DIRECTORY", 10_000)
    with pytest.raises(GradingError, match="damaged"):
        notebook_in(packed({f"{n}.txt": b"" for n in range(300)}), "x", RELEASE)


def test_many_members_that_are_no_notebooks_do_not_matter(solved):
    files = {f"venv/{n}.py": b"pass" for n in range(3000)}
    assert answered(packed({**files, "x.ipynb": as_bytes(solved)}))[0] == 9


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\3\4", b"\x1f\x8b", b"{", b"\xff\xfe"]))
def test_arbitrary_bytes_are_refused_and_nothing_else(data, start):
    with pytest.raises(GradingError):
        notebook_in(start + data, "x", RELEASE)


WHOLE = packed({"a/x.ipynb": RELEASE.path.read_bytes(), link("l"): b"/etc/passwd"})


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_zip_gives_a_notebook_or_a_reason(changes):
    data = bytearray(WHOLE)
    for at, value in changes:
        data[-1 - at] = value  # the end, where the table of contents is, as well as the rest
    with contextlib.suppress(GradingError):
        notebook_in(bytes(data), "x", RELEASE)


KEYS = [
    "cells",
    "worksheets",
    "cell_type",
    "source",
    "input",
    "metadata",
    "id",
    "nbgrader",
    "grade_id",
    "level",
]
JSON = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(["code", "markdown", "heading", "def talk(): 1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=30,
)


@settings(deadline=None, max_examples=300)
@given(JSON)
def test_arbitrary_json_gives_a_notebook_or_a_reason(content):
    with contextlib.suppress(GradingError):
        repair(RELEASE, parse_notebook(json.dumps(content).encode(), "x"))


def code(*sources):
    return json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources]}).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (code(*["1"] * 3000), "3000 cells, more than 2000"),
        (code("x" * 2_000_001), "2000001 characters"),
        (b'{"cells": [' + b"0," * 5_000_001 + b"0]}", "more than 5000000 values"),
        (b'{"cells": [[], 1, null]}', "not as a notebook's should be"),
        (b'{"cells": [{"cell_type": "code", "source": [1, 2]}]}', "not as a notebook's should be"),
        (b'{"cells": [{"cell_type": "code", "source": null}]}', "not as a notebook's should be"),
        (b'{"cells": {"a": 1}}', "not as a notebook's should be"),
        (b'{"worksheets": [{"cells": [{"cell_type": "heading", "level": []}]}]}', "not as a notebook's"),
        (b'{"cells": ' + b"[" * 10**6, "is no JSON"),
        ("{'ä'".encode("latin-1"), "no text in UTF-8"),
    ],
)
def test_notebooks_out_of_all_measure_are_refused(data, said):
    with pytest.raises(GradingError, match=said):
        parse_notebook(data, "x")


def test_format_3_has_headings_of_its_own():
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Hand", " in"]},
        {"cell_type": "code", "input": "1"},
    ]
    notebook = parse_notebook(json.dumps({"worksheets": [{"cells": cells}]}).encode(), "x")
    assert [(c.cell_type, c.source) for c in notebook.cells] == [("markdown", "## Hand in"), ("code", "1")]


def test_numbers_and_halves_of_characters_are_no_hindrance(solved, tmp_path):
    solved.metadata["huge"] = "HUGE"
    solved.cells[1].source += "\n# \ud800"
    data = json.dumps(solved).replace('"HUGE"', f"[{'9' * 5000}, NaN, -Infinity, 1e999]").encode()
    repaired = repair(RELEASE, parse_notebook(data, "x"))
    assert len(repaired.answered) == 9
    nbformat.validate(repaired.notebook)
    (tmp_path / "x.ipynb").write_text(nbformat.writes(repaired.notebook), encoding="utf-8")


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000,
        "-" * 15_000 + "1",
        "x" + ".a" * 9000,
        "[" * 150 + "]" * 150,
        "a\0b",
        "\ud800",
        "lambda:" * 3000,
        "'\\d'",
        "1 is 1",
    ],
)
def test_names_are_found_in_any_code_in_silence(source):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        names = defined_names(f"def wanted(): return 1\n{source}")
    assert names == {"wanted": True}
    assert said == []


def test_what_is_a_stub():
    stubs = '"""Doc."""', "pass", "...", "raise NotImplementedError", 'raise NotImplementedError("soon")'
    for body in stubs:
        assert defined_names(f"%%time\ndef f():\n    '''Doc.'''\n    {body}") == {"f": False}
    assert defined_names("def f():\n    return 1\n    raise NotImplementedError") == {"f": True}


def test_likeness_is_counted_not_searched(monkeypatch):
    """The words of each cell are counted once: the work grows with the text, not with its square."""
    texts = [cell.source[::-1] for cell in RELEASE.notebook.cells if cell.cell_type == "markdown"] * 50
    cells = [{"cell_type": "markdown", "source": text} for text in texts]
    counted = []
    monkeypatch.setattr(graft, "Counter", lambda words: counted.append(1) or Counter(words))
    match(RELEASE, parse_notebook(json.dumps({"cells": cells}).encode(), "x"))
    assert 0 < len(counted) <= len(cells) + len(RELEASE.notebook.cells)


# --- correct work in an odd shape ------------------------------------------------------------------------


def shaped(notebook, *, strip=False):
    """The notebook as `repair` sees it, perhaps without marks and ids."""
    data = json.loads(nbformat.writes(notebook))
    for cell in data["cells"] if strip else ():
        cell.pop("id", None)
        cell["metadata"] = {}
    return repair(RELEASE, parse_notebook(json.dumps(data).encode(), "x"))


def defined(repaired):
    """What each function is once all cells have run in order: its last definition."""
    order = {}
    for n, cell in enumerate(repaired.notebook.cells):
        if cell.cell_type == "code":
            order.update({name: (n, cell.source) for name in defined_names(cell.source)})
    return order


def index(notebook, text):
    return next(i for i, cell in enumerate(notebook.cells) if text in cell.source)


def stub(released, text):
    return released.cells[index(released, text)].source


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("after", [0, 1, 20])
def test_a_stub_left_standing_never_takes_the_place_of_the_work(solved, released, strip, after):
    """The work is in a new cell before or behind the one handed out, which is still there."""
    for left in (
        stub(released, "def with_temperature"),
        "def with_temperature(probs, temperature):\n    pass",
    ):
        notebook = nbformat.from_dict(solved)
        at = index(notebook, "def with_temperature")
        own = nbformat.v4.new_code_cell(notebook.cells[at].source)
        notebook.cells[at] = nbformat.from_dict({**notebook.cells[at], "source": left})
        notebook.cells.insert(at + after, own)
        repaired = shaped(notebook, strip=strip)
        assert "raise NotImplementedError" not in defined(repaired)["with_temperature"][1]
        assert "BEGIN SOLUTION" in defined(repaired)["with_temperature"][1]
        assert "temperature" in repaired.answered


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("where", [0, 3, 20, 35])
def test_all_solutions_in_one_cell(solved, released, strip, where):
    notebook = nbformat.from_dict(released)
    work = [c.source for c in solved.cells if c.cell_type == "code" and "BEGIN SOLUTION" in c.source]
    notebook.cells.insert(where, nbformat.v4.new_code_cell("\n\n".join(work)))
    repaired = shaped(notebook, strip=strip)
    assert len(repaired.answered) == 8  # all but the answer in words
    assert not any("YOUR CODE HERE" in source for _, source in defined(repaired).values())
    tests = {c.source: n for n, c in enumerate(repaired.notebook.cells) if "assignment.check" in c.source}
    first = next(n for n, c in enumerate(repaired.notebook.cells) if "def sequence_log_prob" in c.source)
    assert first < tests['assignment.check("chain_rule")']  # stock nbgrader checks on the way


def test_all_solutions_in_the_cell_of_one_exercise(solved, released):
    notebook = nbformat.from_dict(released)
    work = [c.source for c in solved.cells if c.cell_type == "code" and "BEGIN SOLUTION" in c.source]
    notebook.cells[index(notebook, "def most_probable")].source = "\n\n".join(work)
    repaired = shaped(notebook)
    assert len(repaired.answered) == 8
    assert not any("YOUR CODE HERE" in source for _, source in defined(repaired).values())
    assert any("temperature was answered in the cell of" in note for note in repaired.notes)


def test_a_fresh_notebook_with_the_solutions_only(solved):
    work = [c.source for c in solved.cells if c.cell_type == "code" and "BEGIN SOLUTION" in c.source]
    assert answered(code(*work))[0] == 8
    assert answered(code("\n\n".join(work[:2])))[0] == 2


def test_solutions_in_each_others_cells(solved):
    a, b = index(solved, "def typical_filter"), index(solved, "def most_probable")
    solved.cells[a].source, solved.cells[b].source = solved.cells[b].source, solved.cells[a].source
    repaired = shaped(solved)
    assert len(repaired.answered) == 9
    cells = {
        c.metadata["nbgrader"]["grade_id"]: c.source
        for c in repaired.notebook.cells
        if "nbgrader" in c.metadata
    }
    assert "def typical_filter" in cells["typical"]
    assert "def most_probable" in cells["best_sentence"]


def test_a_helper_goes_with_the_solution_that_it_leads_up_to(solved):
    at = index(solved, "def with_temperature")
    moved = [nbformat.v4.new_code_cell("def helper():\n    return 1"), solved.cells.pop(at)]
    solved.cells += moved
    order = [c.source for c in shaped(solved).notebook.cells]
    place = order.index(moved[0].source)
    assert "def with_temperature" in order[place + 1]
    assert place < order.index('assignment.check("temperature")')


def test_a_magic_on_top_of_a_solution(solved):
    cell = solved.cells[index(solved, "def typical_filter")]
    cell.source = "%%time\n" + cell.source
    repaired = shaped(solved, strip=True)
    assert len(repaired.answered) == 9
    assert "%%time" in defined(repaired)["typical_filter"][1]


def test_a_solution_written_into_the_courses_import_cell(solved, released):
    notebook = nbformat.from_dict(released)
    cell = notebook.cells[index(notebook, "import heapq")]
    cell.source += "\n\n" + solved.cells[index(solved, "def typical_filter")].source
    repaired = shaped(notebook)
    assert repaired.answered == ["typical"]
    assert "BEGIN SOLUTION" in defined(repaired)["typical_filter"][1]


def test_a_solution_cell_turned_raw(solved):
    data = json.loads(nbformat.writes(solved))
    data["cells"][index(solved, "def typical_filter")]["cell_type"] = "raw"
    assert "typical" in repair(RELEASE, parse_notebook(json.dumps(data).encode(), "x")).answered


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize("where", ["behind", "instead", "below the question"])
def test_an_answer_in_words_beside_its_cell(released, strip, where):
    at = index(released, "*Write your answer here.*")
    if where == "below the question":
        released.cells[at - 1].source += "\n\nBecause it listens to itself."
    else:
        released.cells.insert(at + 1, nbformat.v4.new_markdown_cell("Because it listens to itself."))
    if where == "instead":
        del released.cells[at]
    repaired = shaped(released, strip=strip)
    assert repaired.answered == ["parroting"]
    answer = next(c.source for c in repaired.notebook.cells if c.id == "parroting")
    assert answer == "Because it listens to itself."


def test_what_was_handed_out_is_nobodys_answer(released):
    for strip in (False, True):
        repaired = shaped(released, strip=strip)
        assert repaired.answered == []
        assert (
            hashlib.sha256(as_bytes(repaired.notebook)).hexdigest()
            == hashlib.sha256(as_bytes(shaped(released).notebook)).hexdigest()
        )
