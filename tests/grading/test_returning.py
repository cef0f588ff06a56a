"""Feedback that goes back, and the LMSs' own tables as rosters."""

import zipfile

import pytest
from handed_in import NAME, lay, packed
from nbgrader.api import Gradebook
from test_gradebook import EXAM, work

from lmcourse.grading import commands
from lmcourse.grading.course import GradingError
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.intake import find_submissions
from lmcourse.grading.lms import export_grades
from lmcourse.grading.naming import said_by
from lmcourse.grading.returning import name_for, write_zip
from lmcourse.grading.roster import Roster, Student, Table

PAGE = "language-models.html"
EXAM_POINTS = sum(EXAM.points().values())  # that checks give; the other points are a person's


def returned(course, inbox, kind="", roster=None):
    found = find_submissions([inbox], NAME, roster, kind)
    for one in found.handed:
        lay(course / "feedback" / one.student / NAME, PAGE, content=one.student.encode())
    done = write_zip(found, NAME, course)
    with zipfile.ZipFile(done.path) as archive:
        names = {info.filename: archive.read(info).decode() for info in archive.infolist()}
    assert done.pages == len(names)
    return names, done.where


def test_canvas_gets_names_with_the_numbers_of_user_and_file(tmp_path):
    lay(tmp_path / "in", "lovelaceada_1001_2001_hw.ipynb", "lovelaceada_1001_2002_hw-1.ipynb")
    lay(tmp_path / "in", "bo_LATE_1003_2020_x_1_2_hw.zip")
    names, where = returned(tmp_path, tmp_path / "in")
    assert names == {
        "lovelaceada_1001_2002_hw-1.html": "lovelaceada",
        "bo_LATE_1003_2020_x_1_2_hw.html": "bo",
    }
    for name in names:  # Canvas takes the first two numbers
        assert [part for part in name.split("_") if part.isdigit()][:2] in (
            ["1001", "2002"],
            ["1003", "2020"],
        )
    assert "Canvas" in where


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("tail", ["_file_/hw.ipynb", "_file/sub/hw.ipynb", "_file_hw.ipynb"])
def test_moodle_gets_name_number_and_plugin(tmp_path, tail, zipped):
    name = f"Ada Lovelace_501_assignsubmission{tail}"
    lay(tmp_path / "in", name)
    (tmp_path / "all.zip").write_bytes(packed({name: b"x"}))
    roster = Roster({"s1": Student("s1", "Ada Lovelace", lms_id="501")})
    inbox = tmp_path / ("all.zip" if zipped else "in")
    names, where = returned(tmp_path, inbox, "moodle", roster)
    assert names == {f"Ada Lovelace_501_assignsubmission_file_{PAGE}": "s1"}
    assert said_by("moodle", next(iter(names)))[0].lms_id == "501"
    assert "Moodle" in where


def test_who_has_no_page_is_left_out_and_plain_folders_come_back_as_such(tmp_path):
    lay(tmp_path / "in", "ada.ipynb", "bo.ipynb")
    lay(tmp_path / "feedback" / "ada" / NAME, PAGE)
    done = write_zip(find_submissions([tmp_path / "in"], NAME), NAME, tmp_path)
    assert (done.path.name, done.pages, done.where) == (f"{NAME}-folder.zip", 1, "")
    assert zipfile.ZipFile(done.path).namelist() == [f"ada/{PAGE}"]
    assert name_for("gradescope", "submission_7", PAGE) == f"submission_7/{PAGE}"


def test_a_class_that_was_graded_under_other_names_is_not_packed(tmp_path):
    """Graded with a roster, and packed without: one page of three would be in the zip."""
    lay(tmp_path / "in", "ada.ipynb", "bo.ipynb", "cy.ipynb")
    lay(tmp_path / "feedback" / "ada" / NAME, PAGE)
    lay(tmp_path / "return", f"{NAME}-folder.zip", content=b"the good one")
    with pytest.raises(GradingError, match=r"2 of 3 files are of nobody who has a page.*--roster"):
        write_zip(find_submissions([tmp_path / "in"], NAME), NAME, tmp_path)
    assert (tmp_path / "return" / f"{NAME}-folder.zip").read_bytes() == b"the good one"


def test_what_is_returned_is_the_newest_result_and_what_has_changed_is_said(prepared, tmp_path, capsys):
    (tmp_path / "gradebook.db").write_bytes(prepared.read_bytes())
    book = GradebookWriter(tmp_path / "gradebook.db")
    lay(tmp_path / "in", "ada.ipynb", "bo.ipynb", "cy.ipynb")
    # of an earlier name of the notebook, before the right one in the alphabet
    lay(tmp_path / "feedback" / "ada" / NAME, "a.html", content=b"of last year")

    def give_back():
        commands.feedback(NAME, [tmp_path / "in"], course=str(tmp_path))
        with zipfile.ZipFile(tmp_path / "return" / f"{NAME}-folder.zip") as archive:
            pages = {name: archive.read(name).decode() for name in archive.namelist()}
        return pages, capsys.readouterr().out.split(".zip\n", 1)[1].splitlines()

    book.write([work("ada", 0.0), work("bo", 1.0)])
    first, said = give_back()
    assert said == []
    assert sorted(first) == [f"ada/{PAGE}", f"bo/{PAGE}"]
    assert "0 of 20 points" in first[f"ada/{PAGE}"]
    assert give_back() == (first, ["since the last zip: 2 pages are the same, 0 have changed"])

    book.write([work("ada", 1.0), work("cy", 1.0)])  # ada was graded again, cy has come
    second, said = give_back()
    assert f"{EXAM_POINTS:g} of 20 points" in second[f"ada/{PAGE}"]
    assert second[f"bo/{PAGE}"] == first[f"bo/{PAGE}"]
    assert said == [
        "since the last zip: 1 pages are the same, 1 have changed",
        f"ada/{PAGE}: 0 of 20 points before, now {EXAM_POINTS:g} of 20",
        f"cy/{PAGE}: new",
    ]
    (tmp_path / "in" / "bo.ipynb").unlink()
    assert give_back()[1] == [
        "since the last zip: 2 pages are the same, 0 have changed",
        f"bo/{PAGE}: in the last zip, not in this",
    ]


def test_a_zip_of_which_nothing_can_be_read_is_replaced(tmp_path):
    lay(tmp_path / "return", f"{NAME}-folder.zip", content=b"cut off")
    lay(tmp_path / "in", "ada.ipynb")
    lay(tmp_path / "feedback" / "ada" / NAME, PAGE)
    assert write_zip(find_submissions([tmp_path / "in"], NAME), NAME, tmp_path).changes == []


ROSTERS = {
    "gradescope": (
        "First Name,Last Name,SID,Email,Sections\nAda,Lovelace,1001,ada@x.org,One\n",
        ("submission_7/x.ipynb", "submission_metadata.yml"),
        "1001",
    ),
    "brightspace": (
        "OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator\n"
        "#1001,ada,Lovelace,Ada,ada@x.org,#\n",
        ("10-20 - Ada Lovelace - Nov 1, 2026 906 AM/x.ipynb",),
        "1001",
    ),
    "blackboard": (
        '"Last Name","First Name","Username","Student ID","Last Access","Availability"\n'
        "Lovelace,Ada,ada,1001,2026-11-01,Yes\n",
        ("HW_ada_attempt_2026-11-01-09-00-00_x.ipynb",),
        "1001",
    ),
}
METADATA = b"---\nsubmission_7:\n  :submitters:\n  - :name: Ada Lovelace\n    :email: ada@x.org\n"


@pytest.mark.parametrize("kind", ROSTERS)
def test_the_tables_of_other_lmss_are_rosters(tmp_path, kind):
    text, names, student = ROSTERS[kind]
    (tmp_path / "roster.csv").write_text(text)
    for name in names:
        lay(tmp_path / "in", name, content=METADATA if name.endswith("yml") else b"x")
    roster = Roster.read(tmp_path / "roster.csv")
    [one] = find_submissions([tmp_path / "in"], NAME, roster, kind).handed
    assert (one.student, one.known) == (student, True)
    assert roster.students[student].name == "Ada Lovelace"


GERMAN = (
    "\ufeffID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert werden,"
    '"Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"\n'
    'Teilnehmer/in501,Ada Lovelace,ada@x.org,Zur Bewertung abgegeben,,"20,00",Ja,-,-,\n'
    'Teilnehmer/in502,Grace Hopper,grace@x.org,Zur Bewertung abgegeben,,"20,00",Nein,-,-,\n'
)


def test_a_german_moodles_worksheet_is_a_roster_and_is_filled(tmp_path):
    (tmp_path / "bewertung.csv").write_text(GERMAN, encoding="utf-8")
    roster = Roster.read(tmp_path / "bewertung.csv")
    assert [(s.id, s.lms_id) for s in roster.students.values()] == [
        ("ada@x.org", "501"),
        ("grace@x.org", "502"),
    ]
    lay(tmp_path / "in", "Ada Lovelace_501_assignsubmission_file_/x.ipynb")
    assert [one.student for one in find_submissions([tmp_path / "in"], NAME, roster).handed] == ["ada@x.org"]
    grades = {"ada@x.org": (17.5, 20.0, ""), "grace@x.org": (3.0, 20.0, "")}
    done = export_grades("moodle", grades, Table.read(tmp_path / "bewertung.csv"))
    assert done.problems == ["grace@x.org: Moodle says that the grade cannot be changed"]
    assert 'ada@x.org,Zur Bewertung abgegeben,17.5,"20,00",Ja' in done.text


def test_a_worksheet_in_a_language_that_nobody_here_reads_says_what_to_do(tmp_path):
    text = "Identifiant,Nom complet,Adresse de courriel,Note\nParticipant501,Ada,a@x.org,\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(GradingError, match="switch your Moodle to English"):
        export_grades("moodle", {"a": (1.0, 2.0, "")}, Table.read(tmp_path / "t.csv"))
    with pytest.raises(GradingError, match="switch your LMS to English"):
        Roster.read(tmp_path / "t.csv")


def test_formgrader_knows_the_names_of_the_roster(prepared, tmp_path):
    (tmp_path / "gradebook.db").write_bytes(prepared.read_bytes())
    url = f"sqlite:///{tmp_path}/gradebook.db"
    people = [Student("s1", "Lovelace, Ada", "ada@x.org", "501"), Student("s2", "Grace B. Hopper")]
    GradebookWriter(url).introduce(people)
    GradebookWriter(url).introduce([*people, Student("s3", first_name="Emmy", last_name="Noether")])
    with Gradebook(url) as book:
        known = {one.id: (one.first_name, one.last_name, one.email, one.lms_user_id) for one in book.students}
    assert known == {
        "s1": ("Ada", "Lovelace", "ada@x.org", "501"),
        "s2": ("Grace B.", "Hopper", None, None),
        "s3": ("Emmy", "Noether", None, None),
    }
