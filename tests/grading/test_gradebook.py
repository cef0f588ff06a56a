"""Grades in nbgrader's gradebook, on SQLite and a real PostgreSQL, read back with nbgrader's own tools."""

import csv
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import needed
import pytest
import sqlalchemy as sa
from nbgrader.api import Gradebook

from lmcourse import files
from lmcourse.files import course_file
from lmcourse.grading import adopt, database
from lmcourse.grading.course import GradingError, points
from lmcourse.grading.demo import ASSIGNMENT
from lmcourse.grading.exam import Exam
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.release import nbgrader
from lmcourse.grading.report import MIME, Outcome, Report
from lmcourse.grading.result import Mark, Plan, Result

EXAM = Exam.of(ASSIGNMENT)
ANSWERS = {  # the cells as they were handed out
    c.metadata.nbgrader.grade_id: c.source
    for c in nbformat.reads(EXAM.release, as_version=4).cells
    if c.metadata.get("nbgrader", {}).get("solution")
}
GRADES, COMMENTS = (
    8,
    9,
)  # rows of each student: 7 exercises and an answer in words; 8 answers and a cell to play in


# Databases --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of our own, without a network: makes databases, returns their addresses."""
    programs = [str(p.parent) for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    initdb = shutil.which("initdb", path=os.pathsep.join([*programs, os.environ.get("PATH", "")]))
    if not initdb:
        needed.missing("what needs PostgreSQL; apt-get install postgresql")
    place = Path(tempfile.mkdtemp(prefix="lmcourse-pg-"))  # a socket's path must be short
    user = "postgres" if os.getuid() == 0 else None  # initdb refuses to run as root
    if user:
        shutil.chown(place, user)

    def run(*command):
        done = subprocess.run(command, user=user, cwd=place, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        assert done.returncode == 0, (place / "log").read_text()

    with open(place / "log", "w") as log:
        control = [str(Path(initdb).with_name("pg_ctl")), "-w", "-D", f"{place}/data"]
        run(initdb, "-D", f"{place}/data", "-U", "teacher", "-A", "trust", "-E", "UTF8", "--no-sync")
        run(*control, "-o", f"-k {place} -c listen_addresses='' -c fsync=off", "start")
        engine = sa.create_engine(
            f"postgresql+psycopg://teacher@/postgres?host={place}", isolation_level="AUTOCOMMIT"
        )

        def create(name, template="template1"):
            with engine.connect() as db:
                db.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
            return f"postgresql+psycopg://teacher@/{name}?host={place}"

        yield create
        engine.dispose()
        run(*control, "-m", "immediate", "stop")
    shutil.rmtree(place)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/gradebook.db"
    return request.getfixturevalue("server")(f"d{tmp_path.name.replace('-', '_').lower()}"[:60])


@pytest.fixture(scope="session")
def prepared_postgresql(server):
    GradebookWriter(server("prepared")).prepare(EXAM)
    return "prepared"


@pytest.fixture
def url_sqlite(prepared, tmp_path):
    return f"sqlite:///{shutil.copy(prepared, tmp_path / 'gradebook.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The address of a gradebook that has the assignment and no students."""
    if request.param == "sqlite":
        return request.getfixturevalue("url_sqlite")
    template = request.getfixturevalue("prepared_postgresql")
    name = f"d{tmp_path.name.replace('-', '_').lower()}"[:60]
    return request.getfixturevalue("server")(name, template)


@contextmanager
def connected(url):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as db:
        yield db


def counts(url):
    """Rows of each table, nbgrader's and ours, that has to do with students."""
    names = "student submitted_assignment submitted_notebook grade comment lmcourse_result".split()
    with connected(url) as db:
        return [db.scalar(sa.text(f"SELECT count(*) FROM {name}")) for name in names]


def rows_of(n):
    """What `counts` should say with `n` students graded."""
    return [n, n, n, GRADES * n, COMMENTS * n, n]


def recorded(url, students=None):
    """All that nbgrader has to say of the submissions."""
    with Gradebook(url) as book:
        totals = {row.pop("student"): row for row in book.submission_dicts(ASSIGNMENT)}
        for submission in book.assignment_submissions(ASSIGNMENT):
            [notebook] = submission.notebooks
            row = totals[submission.student_id]
            del row["id"]
            row |= {key: round(value, 9) for key, value in row.items() if isinstance(value, float)}
            row["late"] = notebook.late_submission_penalty
            row["flagged"] = notebook.flagged
            row["grades"] = {
                g.name: (g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade, g.max_score)
                for g in notebook.grades
            }
            row["comments"] = {c.name: (c.auto_comment, c.manual_comment) for c in notebook.comments}
        return {name: row for name, row in totals.items() if students is None or name in students}


def scores(url):
    """What nbgrader adds up for each student."""
    return {student: round(row["score"], 2) for student, row in recorded(url).items()}


def by_hand(url, student, **scores):
    """A person grades in the formgrader."""
    with Gradebook(url) as book:
        for name, score in scores.items():
            grade = book.find_grade(name, "language-models", ASSIGNMENT, student)
            grade.manual_score, grade.needs_manual_grade = score, False
        book.db.commit()


# Results ----------------------------------------------------------------------------------------------------


def work(student, share=1.0, answered=True, exam=EXAM, **changes):
    """The result of a student who gets `share` of each exercise's points."""
    partly = Outcome("on a curve", share, "" if share == 1 else "why")
    reports = [Report(name, [partly], 7, worth) for name, worth in exam.points().items()]
    written = {name: {"points": worth, "answered": answered} for name, worth in exam.written().items()}
    answers = {name: f"{source}\n# mine" if answered else source for name, source in ANSWERS.items()}
    result = Result(student, ASSIGNMENT, reports, written, answers, 7, exam.versions, "abc")
    return replace(result, **changes)


def refused(student, **changes):
    """The result of a student whose file could not be graded."""
    return replace(work(student), reports=[], written={}, answers={}, refused="not a notebook", **changes)


def same(result):
    """A result as it comes back: JSON knows no tuples."""
    return Result.from_json(result.as_json())


def results_of(folder):
    """What stock nbgrader has graded, as our grader would hand it over."""
    results = []
    for path in sorted(folder.glob(f"autograded/*/{ASSIGNMENT}/*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        outputs = [o for cell in cells for o in cell.get("outputs", []) if MIME in o.get("data", {})]
        reports = [Report.from_json(o.data[MIME]) for o in outputs]
        marked = [(cell, cell.metadata.get("nbgrader", {})) for cell in cells]
        answers = {mark["grade_id"]: cell.source for cell, mark in marked if mark.get("solution")}
        written = {
            name: {"points": worth, "answered": answers[name] != ANSWERS[name]}
            for name, worth in EXAM.written().items()
        }
        graded = [report for report in reports if report.max_points]
        student = path.parent.parent.name
        results.append(Result(student, ASSIGNMENT, graded, written, answers, 0, EXAM.versions, ""))
    return results


# The assignment in the gradebook ----------------------------------------------------------------------------


def assignment_in(url):
    """All that nbgrader has to say of the assignments."""
    with Gradebook(url) as book:
        [assignment] = book.assignments
        [notebook] = assignment.notebooks
        cells = [
            *notebook.grade_cells,
            *notebook.solution_cells,
            *notebook.task_cells,
            *notebook.source_cells,
        ]
        plain = [{**cell.to_dict(), "id": type(cell).__name__} for cell in cells]
        plain += [{**notebook.to_dict(), "id": notebook.kernelspec, "num_submissions": 0}]
        plain += [{**assignment.to_dict(), "id": assignment.course_id, "num_submissions": 0}]
        return sorted(str({**thing, "needs_manual_grade": None}) for thing in plain)


def test_the_assignment_is_recorded_as_nbgrader_does(graded, url):
    stock = assignment_in(f"sqlite:///{graded[0]}/gradebook.db")
    assert len(stock) == 8 + 9 + 17 + 2  # cells with grades, with answers, all with their source; notebook, …
    assert sum("BEGIN HIDDEN TESTS" in line for line in stock) == 7
    assert assignment_in(url) == stock


def test_an_assignment_that_is_there_is_not_made_again(url, graded, tmp_path, monkeypatch):
    monkeypatch.setattr(adopt, "make_course", lambda *_: pytest.fail("made again"))
    GradebookWriter(url).prepare(EXAM)
    stock = shutil.copy(graded[0] / "gradebook.db", tmp_path / "stock.db")
    before = recorded(f"sqlite:///{stock}")
    GradebookWriter(f"sqlite:///{stock}").prepare(EXAM)
    assert recorded(f"sqlite:///{stock}") == before


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of the course to change: `change(edit)` has both its notebooks edited, and returns the exam."""
    root = tmp_path / "course"
    own = {place: course_file(place) for place in ("solutions", "notebooks/assignments")}
    for place, folder in own.items():
        shutil.copytree(folder / ASSIGNMENT, root / place / ASSIGNMENT)
    shutil.copy(course_file("nbgrader_config.py"), root)
    monkeypatch.setattr(files, "_PACKAGE", root / "lmcourse")

    def change(edit, places=("solutions", "notebooks/assignments")):
        for place in places:
            [path] = (own[place] / ASSIGNMENT).glob("*.ipynb")
            notebook = nbformat.read(path, as_version=4)
            edit(notebook.cells)
            nbformat.write(notebook, root / place / ASSIGNMENT / path.name)
        return Exam.of(ASSIGNMENT)

    return change


def marked(cells, grade_id):
    [cell] = [c for c in cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return cell


def worth_five(cells):
    marked(cells, "test_chain_rule").metadata.nbgrader.points = 5


def without_typical(cells):
    cells[:] = [c for c in cells if "typical" not in c.metadata.get("nbgrader", {}).get("grade_id", "")]


def test_points_that_were_changed_reach_the_gradebook_and_old_results_no_longer_fit(url, course):
    book = GradebookWriter(url)
    book.write([work("ada"), work("bela")])
    by_hand(url, "ada", test_chain_rule=1.5)
    before = recorded(url)["ada"]
    exam = course(worth_five)
    book.prepare(exam)
    after = recorded(url)["ada"]
    assert before["max_score"] == 20
    assert after["max_score"] == 23
    assert after["grades"].pop("test_chain_rule") == (2, 1.5, None, False, 5)
    assert before["grades"].pop("test_chain_rule") == (2, 1.5, None, False, 2)
    assert after["grades"] == before["grades"]
    with pytest.raises(GradingError, match="the assignment has changed; grade again"):
        book.write([work("carl", exam=exam), work("dora")])
    assert counts(url) == rows_of(2)
    book.write([work("ada", exam=exam)])
    assert recorded(url)["ada"]["grades"]["test_chain_rule"] == (5, 1.5, None, True, 5)


def test_a_release_that_is_not_made_from_the_solutions_is_refused(url_sqlite, course):
    before = assignment_in(url_sqlite)
    exam = course(worth_five, places=["notebooks/assignments"])
    with pytest.raises(GradingError, match="run `make release`"):
        GradebookWriter(url_sqlite).prepare(exam)
    assert assignment_in(url_sqlite) == before


def test_hidden_lines_that_were_changed_reach_the_gradebook(url_sqlite, course):
    def edit(cells):
        cell = marked(cells, "test_typical")
        cell.source = cell.source.replace("assignment.grade(", "assignment.grade( ")

    GradebookWriter(url_sqlite).prepare(course(edit, places=["solutions"]))
    assert sum('grade( "typical")' in line for line in assignment_in(url_sqlite)) == 1


def test_cells_may_go_until_work_is_handed_in(url, course):
    book, whole = GradebookWriter(url), assignment_in(url)
    with connected(url) as db:
        db.execute(sa.text("UPDATE assignment SET duedate = '2030-01-01 12:00:00'"))
    exam = course(without_typical)
    book.prepare(exam)
    fewer = assignment_in(url)
    assert len(fewer) == len(whole) - 4  # a grade, an answer, and the sources of both cells
    assert any("2030-01-01T12:00" in line for line in fewer)
    with connected(url) as db:  # nothing is left that belongs to nobody
        assert db.scalar(sa.text("SELECT count(*) FROM base_cell")) == 7 + 8
        assert db.scalar(sa.text("SELECT count(*) FROM grade_cells")) == 7
        assert db.scalar(sa.text("SELECT count(*) FROM solution_cells")) == 8
    book.write([work("ada", exam=exam)])
    with pytest.raises(GradingError, match=r"since students' work was recorded: test_typical, typical\."):
        book.prepare(course(list))
    assert assignment_in(url) == fewer


def test_what_nbgrader_says_when_it_fails_is_passed_on(empty, course):
    def edit(cells):
        marked(cells, "test_typical").metadata.nbgrader.grade_id = "test_chain_rule"

    exam = course(edit)
    with pytest.raises(GradingError, match=r"failed for 01-language-models:(.|\n)*Duplicate grade id"):
        GradebookWriter(empty).prepare(exam)
    with connected(empty) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM assignment")) == 0
    with pytest.raises(GradingError, match="is not in the gradebook: prepare it first"):
        GradebookWriter(empty).write([work("ada")])


# Grades -----------------------------------------------------------------------------------------------------


def test_grades_and_comments_are_those_of_stock_nbgrader(graded, url):
    results = results_of(graded[0])
    GradebookWriter(url).write(results)
    stock = recorded(f"sqlite:///{graded[0]}/gradebook.db", students={r.student for r in results})
    assert len(stock) == 6
    assert recorded(url) == stock
    some = [row["comments"]["parroting"] for row in stock.values()]
    assert {("No response.", None), (None, None)} == set(some)


def test_points_by_hand(url):
    GradebookWriter(url).write([work("ada", 0.5), work("fred", 0, answered=False)])
    ada, fred = recorded(url)["ada"], recorded(url)["fred"]
    exercises = points(ASSIGNMENT).items()
    assert ada["grades"] == {
        **{f"test_{name}": (worth / 2, None, None, False, worth) for name, worth in exercises},
        "parroting": (None, None, None, True, 3),  # a person must read it
    }
    assert ada["score"] == 8.5  # half of 2 + 2 + 3 + 2 + 2 + 3 + 3
    assert ada["needs_manual_grade"]
    assert fred["grades"]["parroting"] == (0, None, None, False, 3)
    assert set(fred["comments"].values()) == {("No response.", None)}
    assert set(ada["comments"].values()) == {(None, None)}
    assert not fred["needs_manual_grade"]


def test_times_are_in_utc_without_zone_as_nbgrader_has_them(url):
    book = GradebookWriter(url)
    book.write([work("ada", submitted="2024-05-01T10:30:00+02:00"), work("bela")])
    with Gradebook(url) as stock:
        times = {s.student_id: s.timestamp for s in stock.assignment_submissions(ASSIGNMENT)}
    assert times == {"ada": datetime(2024, 5, 1, 8, 30), "bela": None}
    book.write([work("ada"), work("bela", submitted="2024-12-24T23:59:59-01:00")])
    assert recorded(url)["bela"]["timestamp"] == datetime(2024, 12, 25, 0, 59, 59)
    assert recorded(url)["ada"]["timestamp"] is None


def test_what_people_gave_survives_a_regrade_and_is_to_be_looked_at_again(url):
    book = GradebookWriter(url)
    book.write([work("ada", 0.5), work("bela", 0.5)])
    by_hand(url, "ada", test_typical=1.75, parroting=2.5)
    with Gradebook(url) as stock:
        stock.find_comment("typical", "language-models", ASSIGNMENT, "ada").manual_comment = "Well tried."
        stock.find_grade("test_chain_rule", "language-models", ASSIGNMENT, "ada").extra_credit = 0.25
        stock.find_submission_notebook("language-models", ASSIGNMENT, "ada").flagged = True
        stock.db.commit()
    assert recorded(url)["ada"]["score"] == 8.5 - 1 + 1.75 + 2.5 + 0.25
    book.write([work("ada"), work("bela")])
    ada, bela = recorded(url)["ada"], recorded(url)["bela"]
    assert ada["grades"]["test_typical"] == (2, 1.75, None, True, 2)
    assert ada["grades"]["parroting"] == (None, 2.5, None, True, 3)
    assert ada["grades"]["test_chain_rule"] == (2, None, 0.25, False, 2)
    assert ada["comments"]["typical"] == (None, "Well tried.")
    assert ada["flagged"]
    assert ada["score"] == 17 - 2 + 1.75 + 2.5 + 0.25
    assert bela["grades"]["test_typical"] == (2, None, None, False, 2)
    assert counts(url) == rows_of(2)


def test_who_could_not_be_graded_has_nothing_and_waits_for_nobody(url):
    book = GradebookWriter(url)
    book.write([work("gina"), work("hugo")])
    by_hand(url, "hugo", parroting=2)
    book.write([refused("gina"), refused("hugo")])
    gina, hugo = recorded(url)["gina"], recorded(url)["hugo"]
    assert {grade[:4] for grade in gina["grades"].values()} == {(0, None, None, False)}
    assert set(gina["comments"].values()) == {(None, None)}
    assert (gina["score"], gina["needs_manual_grade"]) == (0, False)
    assert hugo["grades"]["parroting"] == (0, 2, None, True, 3)  # not lost; a person decides
    assert book.results(ASSIGNMENT)["gina"].refused == "not a notebook"


def test_results_come_back_and_the_last_of_a_student_counts(url):
    book = GradebookWriter(url)
    assert book.results(ASSIGNMENT) == {}
    zoë = work("zoë ✓ 'quoted'; --", 0.25, notes=["a\x00b \ud800"])
    book.write([work("ada"), zoë, work("ada", 0.5)])
    book.write([])
    assert book.results(ASSIGNMENT) == {"ada": same(work("ada", 0.5)), zoë.student: same(zoë)}
    assert book.results("another") == {}
    assert counts(url) == rows_of(2)


@pytest.mark.filterwarnings("ignore:Object of type")  # nbgrader's own
def test_who_is_graded_under_another_name_keeps_everything(url):
    book = GradebookWriter(url)
    book.write([work("lovelaceada", 0.5), work("bo"), work("s2", 0.25)])
    by_hand(url, "lovelaceada", parroting=2.0)
    before = recorded(url)["lovelaceada"]
    book.rename(ASSIGNMENT, {"lovelaceada": "s1", "bo": "s2", "nobody": "s3"})
    assert recorded(url)["s1"] == before
    assert set(recorded(url)) == {"s1", "s2", "bo"}  # s2 has a result of their own, so Bo stays
    assert book.results(ASSIGNMENT)["s1"] == same(work("s1", 0.5))
    with Gradebook(url) as theirs:
        assert "lovelaceada" not in {student.id for student in theirs.students}


def test_a_time_that_is_known_later_is_recorded_without_grading_again(url):
    book = GradebookWriter(url)
    book.write([work("ada", 0.5), work("bo")])
    book.set_times(ASSIGNMENT, {"ada": "2026-12-01T00:30:00+01:00", "nobody": "2026-12-01T00:30:00+01:00"})
    assert book.results(ASSIGNMENT)["ada"] == same(work("ada", 0.5, submitted="2026-12-01T00:30:00+01:00"))
    assert book.results(ASSIGNMENT)["bo"] == same(work("bo"))
    with Gradebook(url) as theirs:
        assert theirs.find_submission(ASSIGNMENT, "ada").timestamp == datetime(2026, 11, 30, 23, 30)
        assert theirs.find_submission(ASSIGNMENT, "bo").timestamp is None


def test_a_submission_removed_in_nbgrader_is_not_taken_for_graded(url):
    book = GradebookWriter(url)
    book.write([work("ada"), work("bela")])
    with Gradebook(url) as stock:
        stock.remove_submission(ASSIGNMENT, "ada")
        assert set(book.results(ASSIGNMENT)) == {"bela"}
        stock.add_submission(ASSIGNMENT, "ada")
    assert set(book.results(ASSIGNMENT)) == {"bela"}
    book.write([work("ada", 0.5)])
    assert book.results(ASSIGNMENT)["ada"] == same(work("ada", 0.5))


def test_a_run_has_a_plan_until_it_is_finished(url):
    first, second = Plan("x", 2**62, {"checks": "1"}, ["ada"]), Plan("y", 0, {})
    book = GradebookWriter(url)
    assert book.run_in_progress("a") is None
    book.begin_run("a", first)
    book.begin_run("b", second)
    assert GradebookWriter(url).run_in_progress("a") == first
    book.begin_run("a", second)
    assert book.run_in_progress("a") == second
    book.end_run("a")
    book.end_run("a")
    assert book.run_in_progress("a") is None
    assert book.run_in_progress("b") == second


# Nothing twice, nothing lost --------------------------------------------------------------------------------

CHILD = """
import os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.result import Plan, Result

url, file, where = sys.argv[1:]
results = [Result.from_json(line) for line in Path(file).read_text().splitlines()]
book = GradebookWriter(url)
batch = 0

@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def statement(connection, cursor, text, *_):
    if batch == 2 and text.startswith(f"INSERT INTO {where} "):
        os.kill(os.getpid(), signal.SIGKILL)

@sa.event.listens_for(sa.Engine, "commit")
def commit(connection):
    if batch == 2 and where == "commit":
        os.kill(os.getpid(), signal.SIGKILL)

for i in range(0, len(results), 5):
    batch += 1
    book.write(results[i : i + 5])
    print(i + 5, flush=True)
"""


def child(url, tmp_path, results, where=""):
    file = tmp_path / "results.jsonl"
    file.write_text("".join(f"{result.as_json()}\n" for result in results))
    command = [sys.executable, "-W", "ignore", "-c", CHILD, url, str(file), where]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def intact(url):
    if url.startswith("sqlite"):
        with connected(url) as db:
            assert db.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    return True


@pytest.mark.parametrize("where", ["student", "submitted_assignment", "grade", "lmcourse_result", "commit"])
def test_killed_within_a_batch_only_that_batch_is_missing(url, tmp_path, where):
    results = [work(f"s{i:02}", i / 15) for i in range(15)]
    process = child(url, tmp_path, results, where)
    said, failed = process.communicate()
    assert said == "5\n", failed
    assert process.returncode == -signal.SIGKILL
    assert intact(url)
    book = GradebookWriter(url)
    done = book.results(ASSIGNMENT)
    assert list(done.values()) == [same(r) for r in results[:5]]
    assert counts(url) == rows_of(5)
    book.write([r for r in results if r.student not in done])
    assert counts(url) == rows_of(15)
    assert scores(url) == {r.student: r.points for r in results}


def test_killed_at_any_moment_each_student_is_whole_or_not_there(url, tmp_path):
    results = [work(f"s{i:03}") for i in range(1000)]
    kills = 0
    for after in (1, 4, 9):
        done = set(GradebookWriter(url).results(ASSIGNMENT))
        process = child(url, tmp_path, [r for r in results if r.student not in done])
        said = [process.stdout.readline() for _ in range(after)]
        process.kill()
        said += process.stdout.readlines()
        process.wait()
        kills += process.returncode == -signal.SIGKILL
        assert intact(url)
        now = len(GradebookWriter(url).results(ASSIGNMENT))
        told = len([line for line in said if line.endswith("\n")]) * 5
        assert now - len(done) in (told, told + 5)  # it may have been killed before it could tell
        assert counts(url) == rows_of(now)
    assert kills == 3


TWO = """
import sys
from pathlib import Path
from lmcourse.grading.exam import Exam
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.result import Plan, Result

url, *given = sys.argv[1:]
exam = Exam.of("01-language-models")
results = [Result.from_json(line) for file in given for line in Path(file).read_text().splitlines()]
print("ready", flush=True)
input()
book = GradebookWriter(url)
book.prepare(exam)
for i in range(0, len(results), 4):
    book.write(results[i : i + 4])
"""


def at_once(*commands):
    """Run programs that start when told to, all at the same moment; what they said of errors."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    started = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", TWO, *map(str, c)], encoding="utf-8", **pipes)
        for c in commands
    ]
    assert [process.stdout.readline() for process in started] == ["ready\n"] * len(commands)
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    return "".join(process.communicate()[1] for process in started)


def test_writers_at_once_do_not_disturb_each_other(url, tmp_path):
    results = [work(f"s{i:02}", i / 40) for i in range(40)]
    orders = []
    for name, order in {"up": results, "down": results[::-1], "mixed": results[::3] + results}.items():
        orders.append(tmp_path / name)
        orders[-1].write_text("".join(f"{result.as_json()}\n" for result in order))
    assert at_once(*([url, order] for order in orders)) == ""
    assert intact(url)
    assert counts(url) == rows_of(40)
    assert scores(url) == {r.student: r.points for r in results}


def test_two_may_make_a_gradebook_at_once(empty):
    assert at_once([empty], [empty]) == ""
    assert len(assignment_in(empty)) == 36
    with connected(empty) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM alembic_version")) == 1


# Databases that fail ----------------------------------------------------------------------------------------


def test_a_gradebook_that_another_program_holds(url, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 1)
    book = GradebookWriter(url)
    book.write([work("ada")])
    hold = "UPDATE grade SET auto_score = 0" if url.startswith("sqlite") else "LOCK TABLE grade"
    with connected(url) as other:
        other.exec_driver_sql(hold)
        with pytest.raises(GradingError, match="Another program is writing to it: wait"):
            book.write([work("bela")])
        other.rollback()
    assert counts(url) == rows_of(1)
    book.write([work("bela")])
    assert counts(url) == rows_of(2)


def fill(book, url):
    """Write batches until it fails: the students that were written, the failure."""
    for i in range(0, 2000, 20):
        try:
            book.write([work(f"s{j:04}") for j in range(i, i + 20)])
        except GradingError as error:
            assert intact(url)
            assert len(book.results(ASSIGNMENT)) == i
            assert counts(url) == rows_of(i)
            return i, str(error)
    return pytest.fail("it never filled up")


def test_a_full_database_keeps_what_it_has_and_says_so(url_sqlite):
    book = GradebookWriter(url_sqlite)

    def limit(connection, _):
        connection.execute("PRAGMA max_page_count = 200")

    sa.event.listen(sa.Engine, "connect", limit)
    try:
        students, said = fill(book, url_sqlite)
    finally:
        sa.event.remove(sa.Engine, "connect", limit)
    assert students > 0
    assert "gradebook.db" in said
    assert "Free some space, then run this again." in said
    assert "nothing was half recorded" in said
    book.write([work("later")])
    assert counts(url_sqlite) == rows_of(students + 1)


def test_a_full_disk_keeps_what_it_has_and_says_so(prepared, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.getuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]).returncode
    ):
        pytest.skip("only root may mount a small disk")
    try:
        url = f"sqlite:///{shutil.copy(prepared, disk / 'gradebook.db')}"
        book = GradebookWriter(url)
        students, said = fill(book, url)
        assert students > 0
        assert "Free some space, then run this again." in said
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        book.write([work("later")])
        assert counts(url) == rows_of(students + 1)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_databases_that_are_no_gradebook(tmp_path):
    (tmp_path / "letter.db").write_text("Dear gradebook,\n" * 100)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    shop = sqlite3.connect(tmp_path / "old.db")
    shop.executescript(
        "CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE submitted_assignment (id TEXT)"
    )
    for address, said in {
        f"sqlite:///{tmp_path}/letter.db": "not a database\nName nbgrader's gradebook",
        f"sqlite:///{tmp_path}/other.db": "is a database, but no gradebook",
        f"sqlite:///{tmp_path}/old.db": "run `nbgrader db upgrade`",
        f"sqlite:///{tmp_path}/none/gradebook.db": "Is there such a folder",
        "sqlite://": "is an SQLite file or a PostgreSQL database",
        "mysql://me@host/grades": "is an SQLite file or a PostgreSQL database",
        "grades.db": "address is like sqlite:////path",
    }.items():
        with pytest.raises(GradingError, match=said):
            GradebookWriter(address)
    assert (tmp_path / "letter.db").read_text().startswith("Dear gradebook")
    with sqlite3.connect(tmp_path / "other.db") as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_server_that_does_not_answer_is_named_without_the_password(server, tmp_path):
    place = f"host={tmp_path}&password=hush2"
    with pytest.raises(GradingError, match="Is the server running") as caught:
        GradebookWriter(f"postgresql://me:hush1@/grades?{place}")
    assert "me:***@/grades" in str(caught.value)
    assert "hush" not in str(caught.value)
    there = server("there")
    with pytest.raises(GradingError, match='"nowhere" does not exist\nCreate it first'):
        GradebookWriter(there.replace("/there?", "/nowhere?"))
    GradebookWriter(there.replace("+psycopg", ""))  # its driver is our business


def test_marks_are_what_nbgrader_adds_up(url):
    book = GradebookWriter(url)
    book.write([work("ada"), work("bela", 0.5, answered=False), refused("carl")])
    assert book.marks(ASSIGNMENT)["ada"]["parroting"] == Mark(0.0, 3.0, waits=True)
    by_hand(url, "ada", parroting=2.5, test_typical=1.0)
    with Gradebook(url) as theirs:
        theirs.find_comment("parroting", "language-models", ASSIGNMENT, "ada").manual_comment = "well\nsaid"
        theirs.find_comment("chain_rule", "language-models", ASSIGNMENT, "ada").manual_comment = "neat"
        theirs.find_grade("test_thermostat", "language-models", ASSIGNMENT, "ada").extra_credit = 0.5
        theirs.db.commit()
    marks = book.marks(ASSIGNMENT)
    assert {name: round(sum(m.score for m in own.values()), 2) for name, own in marks.items()} == scores(url)
    assert marks["ada"]["parroting"] == Mark(2.5, 3.0, by_hand=True, comment="well\nsaid")
    assert marks["ada"]["typical"] == Mark(1.0, 2.0, by_hand=True)
    assert marks["ada"]["thermostat"] == Mark(3.5, 3.0, by_hand=True)
    assert marks["ada"]["chain_rule"] == Mark(2.0, 2.0, comment="neat")
    assert marks["bela"]["parroting"] == Mark(0.0, 3.0)
    assert marks["bela"]["chain_rule"] == Mark(1.0, 2.0)
    assert {mark.score for mark in marks["carl"].values()} == {0.0}
    assert book.marks("02-other") == {}


# nbgrader's own programs on the gradebook -------------------------------------------------------------------


def test_nbgrader_exports_the_grades(graded, url, tmp_path):
    results = results_of(graded[0])
    GradebookWriter(url).write(results)
    done = nbgrader(tmp_path, "export", "--db", url, "--to", str(tmp_path / "grades.csv"))
    assert done.returncode == 0, done.stdout
    assert exported(tmp_path / "grades.csv", results) == exported(graded[1].table, results)


def exported(table, results):
    """The lines of an exported table that are about some students, with numbers as numbers."""
    students = {result.student for result in results}
    with open(table, newline="", encoding="utf-8") as file:
        lines = {line["student_id"]: line for line in csv.DictReader(file)}
    for line in lines.values():
        line |= {key: round(float(line[key]), 9) for key in ("raw_score", "score", "max_score")}
    return {student: line for student, line in lines.items() if student in students}


def test_nbgrader_upgrades_the_database_and_leaves_ours_alone(url, tmp_path):
    book = GradebookWriter(url)
    book.write([work("ada")])
    before = recorded(url)
    done = nbgrader(tmp_path, "db", "upgrade", "--db", url)
    assert done.returncode == 0, done.stdout
    assert recorded(url) == before
    assert book.results(ASSIGNMENT) == {"ada": same(work("ada"))}


def test_nbgraders_own_autograder_and_feedback_go_on_from_there(graded, url, tmp_path):
    shutil.copy(course_file("nbgrader_config.py"), tmp_path)
    shutil.copytree(course_file(f"solutions/{ASSIGNMENT}"), tmp_path / "solutions" / ASSIGNMENT)
    one = f"carl-partial/{ASSIGNMENT}"
    shutil.copytree(graded[0] / "submitted" / one, tmp_path / "submitted" / one)
    stock = recorded(f"sqlite:///{graded[0]}/gradebook.db")["carl-partial"]
    GradebookWriter(url).write([work("carl-partial", 0), work("ada")])
    done = nbgrader(tmp_path, "autograde", ASSIGNMENT, "--student=carl-partial", "--db", url)
    assert done.returncode == 0, done.stdout
    # one of four public checks fails, which have a third of the points beside the hidden ones
    assert recorded(url)["carl-partial"] == stock
    assert stock["grades"]["test_chain_rule"][0] == round(2 * 11 / 12, 2)
    by_hand(url, "carl-partial", parroting=2.5)
    done = nbgrader(tmp_path, "generate_feedback", ASSIGNMENT, "--student=carl-partial", "--db", url)
    assert done.returncode == 0, done.stdout
    [page] = (tmp_path / "feedback" / one).glob("*.html")
    assert f"(Score: {round(stock['score'] + 2.5, 2)} / 20.0)" in page.read_text(encoding="utf-8")


def test_importing_the_grading_package_imports_no_database():
    code = "import sys, lmcourse.grading; print({'sqlalchemy', 'nbgrader', 'alembic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("folder", ["plain", "Übung 課", "100% a%20b?c=d#e"])
def test_a_gradebook_may_lie_in_a_folder_of_any_name_and_is_called_as_one_calls_it(
    tmp_path, prepared, folder
):
    path = tmp_path / folder / "gradebook.db"
    path.parent.mkdir()
    shutil.copy(prepared, path)
    book = GradebookWriter(path)
    assert book.results(ASSIGNMENT) == {}
    assert list(path.parent.iterdir()) == [path]
    if "%" not in folder:
        assert book.name == f"sqlite:///{path}"
    assert GradebookWriter(book.name).name == book.name  # what is said can be given
    assert sorted(p.name for p in tmp_path.iterdir()) == [folder]
