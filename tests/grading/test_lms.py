"""Rosters, submissions and grades between an LMS and the course, in the formats of the LMS."""

import csv
import io
import re
import zipfile

import nbformat
import pytest
from nbgrader.utils import parse_utc

from lmcourse.grading import collecting
from lmcourse.grading.course import GradingError, release_notebook
from lmcourse.grading.lms import export_grades
from lmcourse.grading.roster import Roster, Student, Table

NAME = "01-language-models"
NOTEBOOK = "language-models.ipynb"
# As lib/gradebook_exporter.rb writes it: a row of posting policies, a row of points, the test student last.
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Essay (7),Language models (8),Final Score
,,,,,,Manual Posting,
    Points Possible,,,,,10,20,(read only)
"Lovelace, Ada",12345,s1,ada@x.org,One,9,,45
"Hopper, Grace",12346,s2,grace@x.org,One,8,3,44
"Noether, Emmy",12347,s3,emmy@x.org,Two,7,EX,43
"Student, Test",99,,abc,One,,,
"""
MOODLE = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    "Participant 501,Ada Lovelace,ada@x.org,Submitted for grading - ,,20.00,Yes,"
    '"Sunday, 1 November 2026, 9:00 AM",-,\n'
    "Participant 502,Grace Hopper,grace@x.org,No submission - ,,20.00,Yes,-,-,\n"
    "Participant 503,Emmy Noether,emmy@x.org,Submitted for grading - ,15.00,20.00,No,-,-,\n"
)


def collect(*arguments, **named):
    return collecting.collect(*arguments, **named)[0]


def saved(tmp_path, text, encoding="utf-8", name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def cells(text):
    return list(csv.reader(io.StringIO(text, newline="")))


# --- rosters ---------------------------------------------------------------------------------------------


def test_canvas_gradebook_as_roster(tmp_path):
    roster = Roster.read(saved(tmp_path, CANVAS))
    assert list(roster.students) == ["s1", "s2", "s3"]
    assert roster.find("12345").id == "s1"
    assert roster.find("", "lovelaceada").id == "s1"  # as in names of files
    assert roster.find("", "adalovelace").id == "s1"
    assert roster.find("", "GRACE@x.org").id == "s2"
    assert roster.find("777", "lovelaceada") is None  # somebody else's number
    assert roster.find("", "") is None


def test_moodle_worksheet_as_roster(tmp_path):
    roster = Roster.read(saved(tmp_path, MOODLE))
    assert list(roster.students) == ["ada@x.org", "grace@x.org", "emmy@x.org"]
    assert roster.find("502", "Grace Hopper").name == "Grace Hopper"
    assert roster.find("", "Ada  Lovelace").lms_id == "501"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_our_own_roster_from_any_spreadsheet(tmp_path, encoding, separator):
    text = "Student_ID,name,first_name,last_name,submitted_at\r\ns1,,José,Ñandú,2026-11-01 12:00 +01:00\r\n"
    text += "s2,x,,,\r\n\r\n"
    roster = Roster.read(saved(tmp_path, text.replace(",", separator), encoding))
    assert roster.find("", "José Ñandú").id == roster.find("", "ñandújosé").id == "s1"
    assert roster.students["s1"].submitted_at == "2026-11-01T12:00:00+01:00"
    assert roster.students["s2"].submitted_at == ""


def test_a_name_that_two_share_is_nobodys(tmp_path):
    roster = Roster.read(saved(tmp_path, "student_id,name\na,Ada L\nb,Ada L\n"))
    assert roster.find("", "Ada L") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student_id,name\na,Ada\n,Bela\n", "line 3: Bela has no id; fill it in"),
        ("student_id,name\na,Ada\nA,Bela\n", "line 3: id a is in line 2 too"),
        ("student_id,lms_id\na,1\nb,1\n", "line 3: LMS id 1 is in line 2 too"),
        ("student_id,name\na/../b,Ada\n", r"line 2: 'a/../b' cannot be an id.*for example a-..-b"),
        ("student_id,name\n+,Ada\n", "for example student1"),
        ("student_id,submitted_at\na,soon\n", "line 2: 'soon' is no time; write it as 2026"),
        ("who,when\na,b\n", "has no column student_id; it has who, when"),
        ("a\nb\n", "is no table"),
        ("", "is no table"),
        ("a,b\n" + '"' + "x" * 200_000, "is no CSV"),
    ],
)
def test_a_roster_that_cannot_be_used_says_where_and_why(tmp_path, text, said):
    with pytest.raises(GradingError, match=said):
        Roster.read(saved(tmp_path, text))


def test_a_roster_that_is_not_there(tmp_path):
    with pytest.raises(GradingError, match="cannot be read: No such file"):
        Roster.read(tmp_path / "x.csv")


# --- submissions -----------------------------------------------------------------------------------------


@pytest.fixture
def inbox(tmp_path, solved, released):
    """What three students handed in through Blackboard, two of them well."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    with zipfile.ZipFile(folder / "HW_ada_attempt_2026-11-01-09-00-00_x.zip", "w") as archive:
        archive.writestr("Untitled.ipynb", nbformat.writes(solved))
    nbformat.write(released, folder / "HW_bela_attempt_2026-11-01-09-00-00_x.ipynb")
    (folder / "HW_carl_attempt_2026-11-01-09-00-00_x.ipynb").write_text("oops")
    return folder


def outcomes(rows):
    return {row.student: row.outcome for row in rows}


def test_collect_lays_out_what_nbgrader_reads(tmp_path, inbox):
    roster = Roster.read(
        saved(tmp_path, "student_id,submitted_at\nada,2026-11-01 09:30 +01:00\nbela,\ncarl,\ndora,\n")
    )
    home = tmp_path / "submitted"
    rows = collect(NAME, [inbox], home, roster)
    assert outcomes(rows) == {"ada": "collected", "bela": "collected", "carl": "refused", "dora": "missing"}
    assert "is no JSON" in rows[2].reason
    assert sorted(str(p.relative_to(home)) for p in home.rglob("*") if p.is_file()) == [
        f"{student}/{NAME}/{file}" for student in ("ada", "bela") for file in (NOTEBOOK, "timestamp.txt")
    ]
    notebook = nbformat.read(home / "ada" / NAME / NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    marked = [c.metadata["nbgrader"]["grade_id"] for c in notebook.cells if "nbgrader" in c.metadata]
    release = nbformat.read(release_notebook(NAME), as_version=4)
    assert marked == [c.metadata["nbgrader"]["grade_id"] for c in release.cells if "nbgrader" in c.metadata]
    # nbgrader keeps times in UTC, without saying so
    assert parse_utc((home / "ada" / NAME / "timestamp.txt").read_text()).isoformat() == "2026-11-01T08:30:00"


def test_collecting_again_replaces_only_what_is_older(tmp_path, inbox):
    home = tmp_path / "submitted"
    collect(NAME, [inbox], home)
    place = home / "ada" / NAME
    assert outcomes(collect(NAME, [inbox], home))["ada"] == "unchanged"
    (place / NOTEBOOK).write_text("edited by hand")
    assert outcomes(collect(NAME, [inbox], home))["ada"] == "kept"
    assert (place / NOTEBOOK).read_text() == "edited by hand"
    assert outcomes(collect(NAME, [inbox], home, replace=True))["ada"] == "replaced"
    assert (place / NOTEBOOK).read_text() != "edited by hand"
    (place / "timestamp.txt").write_text("2020-01-01 00:00:00 UTC")
    (place / "leftover.ipynb").write_text("{}")
    assert outcomes(collect(NAME, [inbox], home))["ada"] == "replaced"
    assert sorted(p.name for p in place.iterdir()) == [NOTEBOOK, "timestamp.txt"]


@pytest.mark.parametrize("fails", ["write_text", "replace"])
def test_a_failure_leaves_what_was_there_and_stops_nobody(tmp_path, inbox, monkeypatch, fails):
    home = tmp_path / "submitted"
    collect(NAME, [inbox], home)
    place = home / "ada" / NAME
    (place / NOTEBOOK).write_text("before")
    calls = []

    def full(*arguments, **_):
        calls.append(1)
        if fails == "write_text" or str(arguments[0]).endswith("new"):
            raise OSError("no space left on device")
        return replace(*arguments)

    replace = collecting.os.replace
    monkeypatch.setattr(
        *((collecting.Path, "write_text") if fails == "write_text" else (collecting.os, "replace")), full
    )
    rows = collect(NAME, [inbox], home, replace=True)
    assert outcomes(rows) == {"ada": "refused", "bela": "unchanged", "carl": "refused"}
    assert calls
    assert (place / NOTEBOOK).read_text() == "before"
    assert sorted(p.name for p in home.iterdir()) == ["ada", "bela"]


def test_nothing_is_written_through_a_link(tmp_path, inbox):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "submitted").mkdir()
    (tmp_path / "submitted/ada").symlink_to(tmp_path / "elsewhere")
    rows = collect(NAME, [inbox], tmp_path / "submitted")
    assert outcomes(rows)["ada"] == "refused"
    assert list((tmp_path / "elsewhere").iterdir()) == []


# --- grades ----------------------------------------------------------------------------------------------

GRADES = {"s1": (17.5, 20.0, "Well done."), "s2": (0.0, 20.0, ""), "s3": (3.0, 20.0, "")}


def test_canvas_gets_one_column_filled_and_all_else_back(tmp_path):
    table = Table.read(saved(tmp_path, CANVAS))
    done = export_grades("canvas", GRADES, table, column="Language models")
    before, after = cells(CANVAS), cells(done.text)
    changed = [(r, c) for r in range(len(before)) for c in range(8) if before[r][c] != after[r][c]]
    assert changed == [(3, 6), (4, 6)]
    assert (after[3][6], after[4][6]) == ("17.5", "0")
    assert done.problems == ["s3: Canvas has EX, left as it is"]
    assert export_grades("canvas", GRADES, table, column="Language models (8)") == done


def test_canvas_export_names_whom_it_left_out(tmp_path):
    european = io.StringIO()
    csv.writer(european, delimiter=";").writerows(cells(CANVAS))
    table = Table.read(saved(tmp_path, european.getvalue()))
    grades = {"lovelaceada": (None, 20.0, ""), "gracehopper": (1 / 3, 20.0, ""), "zoe": (1.0, 20.0, "")}
    done = export_grades("canvas", grades, table, column="Language models")
    assert list(csv.reader(io.StringIO(done.text), delimiter=";"))[4][6] == "0.33"
    assert sorted(done.problems) == [
        f"in {table.name}, but without a grade here (1): Noether, Emmy",
        f"in no row of {table.name}: zoe",
        "lovelaceada has no grade yet",
    ]


@pytest.mark.parametrize("kind", ["canvas", "moodle"])
def test_the_table_of_another_class_is_refused(tmp_path, kind):
    table = Table.read(saved(tmp_path, CANVAS if kind == "canvas" else MOODLE))
    with pytest.raises(GradingError, match="has nobody of those 2 who have grades, such as x1: is it of an"):
        export_grades(kind, {"x1": (1.0, 20.0, ""), "x2": (2.0, 20.0, "")}, table, column="Language models")


def test_who_could_be_in_several_rows_is_told_from_who_is_in_none(tmp_path):
    twins = CANVAS.replace("Hopper, Grace", "Lovelace, Ada")
    grades = {"adalovelace": (1.0, 20.0, ""), "s3": (2.0, 20.0, ""), "zoe": (2.0, 20.0, "")}
    table = Table.read(saved(tmp_path, twins))
    said = export_grades("canvas", grades, table, column="Language models").problems
    assert f"adalovelace could be in several rows of {table.name}" in said
    assert f"in no row of {table.name}: zoe" in said


def test_canvas_points_that_differ_are_reported(tmp_path):
    done = export_grades("canvas", GRADES, Table.read(saved(tmp_path, CANVAS)), column="Essay")
    assert "the LMS counts 10 points, the grades 20" in done.problems


def test_two_grades_never_share_a_row(tmp_path):
    grades = {"s1": (1.0, 20.0, ""), "lovelaceada": (2.0, 20.0, "")}
    done = export_grades("canvas", grades, Table.read(saved(tmp_path, CANVAS)), column="Language models")
    assert cells(done.text)[3][6] == "2"
    assert "s1 would be in the row of lovelaceada" in done.problems


def test_moodle_worksheet_is_filled(tmp_path):
    table = Table.read(saved(tmp_path, MOODLE))
    grades = {
        "ada@x.org": (17.5, 20.0, '=HYPERLINK("http://evil")'),
        "Grace-Hopper": (3.0, 20.0, "line\nline"),
        "emmy@x.org": (20.0, 20.0, ""),
    }
    done = export_grades("moodle", grades, table)
    before, after = cells(MOODLE.lstrip("\ufeff")), cells(done.text)
    changed = [(r, c) for r in range(len(before)) for c in range(10) if before[r][c] != after[r][c]]
    assert changed == [(1, 4), (1, 9), (2, 4), (2, 9)]
    assert after[1][4] == "17.5"
    assert after[1][9] == '\'=HYPERLINK("http://evil")'
    assert after[2][9] == "line\nline"
    assert done.problems == ["emmy@x.org: Moodle says that the grade cannot be changed"]


def test_the_roster_leads_from_our_ids_to_moodles(tmp_path):
    roster = Roster.read(saved(tmp_path, "student_id,lms_id\nx7,502\n", name="roster.csv"))
    done = export_grades("moodle", {"x7": (4.0, 20.0, "")}, Table.read(saved(tmp_path, MOODLE)), roster)
    assert cells(done.text)[2][4] == "4"


@pytest.mark.parametrize("kind", ["csv", "moodle"])
def test_a_plain_table_without_formulas(tmp_path, kind):
    roster = Roster.read(saved(tmp_path, 'student_id,name,email\ns1,"=cmd|x",@x\ns2,"\tGrace",-1\n'))
    grades = {"s1": (1.25, 20.0, " +1"), "s2": (None, 20.0, "ok")}
    done = export_grades(kind, grades, roster=roster)
    assert cells(done.text) == [
        ["student_id", "name", "email", "score", "max_score", "comment"],
        ["s1", "'=cmd|x", "'@x", "1.25", "20", "' +1"],
        ["s2", "Grace", "'-1", "", "20", "ok"],
    ]
    assert done.problems == ["s2 has no grade yet"]


@pytest.mark.parametrize(
    "name",
    [
        "\uff1dcmd|x",
        "\uff0b1",
        "\uff0d1",
        "\uff20x",
        "\ufe62+1",
        "\u22121",
        "\u200b=1",
        "\ufeff\u2060 =1",
        "\u00ad@x",
        "\u0301=1",
        "\x00=1",
    ],
)
def test_no_sign_is_taken_for_a_formulas_whatever_its_width_and_whatever_stands_before_it(name):
    students = {"s1": Student("s1", name=name)}
    done = export_grades("csv", {"s1": (1.0, 20.0, name)}, roster=Roster(students))
    assert [cells(done.text)[1][i] for i in (1, 5)] == [f"'{name}"] * 2
    plain = export_grades(
        "csv", {"s1": (1.0, 20.0, "a=b")}, roster=Roster({"s1": Student("s1", name="Zoë \uff1d")})
    )
    assert cells(plain.text)[1] == ["s1", "Zoë \uff1d", "", "1", "20", "a=b"]


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n", "; "])
def test_no_formula_begins_where_another_program_would_begin_a_cell(separator):
    done = export_grades("csv", {"s1": (1.0, 20.0, f"fine{separator}=HYPERLINK(1)")})
    found = cells(done.text)[1][5]
    assert not [part for part in re.split(r"[;\t\r\n]", found) if part.strip().startswith("=")]


@pytest.mark.parametrize(
    ("kind", "text", "column", "said"),
    [
        ("canvas", None, "x", "export the gradebook from Canvas"),
        (
            "canvas",
            CANVAS,
            "Nothing",
            r"one column 'Nothing'; its assignments are: Essay \(7\), Language models \(8\)",
        ),
        ("canvas", CANVAS, "", "one column ''"),
        ("canvas", MOODLE, "Grade", "should be the gradebook that Canvas exports"),
        ("moodle", CANVAS, "", "should be the grading worksheet that Moodle exports"),
        ("excel", None, "", "there are canvas, moodle and csv"),
    ],
)
def test_a_template_that_is_none_says_so(tmp_path, kind, text, column, said):
    table = Table.read(saved(tmp_path, text)) if text else None
    with pytest.raises(GradingError, match=said):
        export_grades(kind, GRADES, table, column=column)


@pytest.mark.parametrize("kind", ["csv", "moodle", "canvas"])
def test_points_above_the_maximum_are_named(tmp_path, kind):
    table = Table.read(saved(tmp_path, {"canvas": CANVAS, "moodle": MOODLE}.get(kind, "a,b\n")))
    grades = {"ada@x.org": (21.5, 20.0, ""), "grace@x.org": (20.0, 20.0, "")}
    said = export_grades(kind, grades, table, column="Language models").problems
    assert [line[:36] for line in said if " of 20 " in line] == ["ada@x.org has 21.5 of 20 points: Moo"]
