"""A whole run: graded once, whatever happens; and what people get to read."""

import dataclasses
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbgrader.api import Gradebook

from lmcourse import cli
from lmcourse.files import course_file
from lmcourse.grading import demo, grade, gradebook, pool
from lmcourse.grading.course import GradingError, load_mistakes, points
from lmcourse.grading.exam import Exam
from lmcourse.grading.feedback import harmless
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.isolated import Times
from lmcourse.grading.notebooks import grade_id
from lmcourse.grading.result import Plan, Result
from lmcourse.grading.roster import Roster, Student
from lmcourse.grading.summary import summary
from lmcourse.grading.trial import try_again
from lmcourse.grading.worker import Job, Rules
from lmcourse.grading.worker import grade as grade_one

NAME = "01-language-models"
# What dora-wrong, who makes the last mistake of each exercise, is told of the temperature.
TOLD = [m.told for m in load_mistakes(NAME) if m.exercise == "temperature"][-1]
QUICK = Times(cell=3.0, checks=3.0, notebook=30.0)


def notebook(answers):
    """A student's notebook, as text."""
    filled = Exam.of(NAME).published().notebook.copy()
    filled = nbformat.from_dict(json.loads(json.dumps(filled)))
    for cell in filled.cells:
        cell.source = answers.get(grade_id(cell), cell.source)
    return nbformat.writes(filled)


@pytest.fixture(scope="module")
def people():
    """Invented students, as in the demonstration: name -> answers."""
    return demo.answers()


@pytest.fixture
def desk(tmp_path, people, prepared):
    """A folder with four submissions, and the course's folder."""
    handed, course = tmp_path / "handed in é", tmp_path / "Übung 課"  # names that must do for every command
    handed.mkdir()
    course.mkdir()
    shutil.copy(prepared, course)
    for name in ("ada-perfect", "bela-warns", "dora-wrong", "fred-unfinished"):
        (handed / f"{name}.ipynb").write_text(notebook(people[name]), encoding="utf-8")
    return handed, course


def options(course, **changes):
    base = {"course": course, "database": f"sqlite:///{course}/gradebook.db", "workers": 1, "times": QUICK}
    return grade.Options(**{**base, **changes})


def results(course):
    return GradebookWriter(f"sqlite:///{course}/gradebook.db").results(NAME)


def test_everybody_gets_the_grade_that_the_work_is_worth(desk, people):
    handed, course = desk
    for name in ("carl-partial", "emil-endless"):
        (handed / f"{name}.ipynb").write_text(notebook(people[name]), encoding="utf-8")
    (handed / "gina.ipynb").write_text("{", encoding="utf-8")
    with zipfile.ZipFile(handed / "zora.zip", "w") as archive:
        archive.write(handed / "ada-perfect.ipynb", "deep/in/here.ipynb")
    outcome = grade.run(NAME, [handed], options(course, workers=2))
    earned = {name: result.points for name, result in results(course).items()}
    assert earned["ada-perfect"] == earned["bela-warns"] == earned["zora"] == 17
    assert earned["fred-unfinished"] == earned["gina"] == 0
    assert 8 < earned["carl-partial"] < 17
    assert earned["emil-endless"] == 17 - points(NAME)["annealed_sequence"]
    assert "no JSON" in results(course)["gina"].refused
    page = (course / "feedback" / "gina" / NAME / "language-models.html").read_text(encoding="utf-8")
    assert page.count("no JSON") == 1
    assert "<h2>" not in page
    assert {r.student for r in outcome.graded} == set(earned)
    assert outcome.kept == []
    told = summary(outcome, options(course))
    assert f"8 graded in {outcome.seconds:.1f} s" in told
    assert "gina: " in told
    assert "times chain_rule: " in told


def test_a_run_leaves_pages_and_notebooks_that_reveal_nothing(desk):
    handed, course = desk
    grade.run(NAME, [handed], options(course))
    for name in ("dora-wrong", "ada-perfect"):
        page = (course / "feedback" / name / NAME / "language-models.html").read_text(encoding="utf-8")
        assert demo.revealed(page) == []
        assert not any(other in page for other in results(course) if other != name)
        graded = course / "autograded" / name / NAME / "language-models.ipynb"
        nbformat.validate(nbformat.read(graded, as_version=4))
        assert demo.revealed(graded.read_text(encoding="utf-8")) == []
    page = (course / "feedback" / "dora-wrong" / NAME / "language-models.html").read_text(encoding="utf-8")
    assert TOLD in page
    assert "Other cases, not shown" in page


def test_pages_are_written_anew_with_what_people_gave(desk):
    handed, course = desk
    with pytest.raises(GradingError, match="no result of 01-language-models: grade it first"):
        grade.write_feedback(NAME, course, f"sqlite:///{course}/gradebook.db")
    grade.run(NAME, [handed], options(course))
    place = course / "feedback" / "bela-warns" / NAME / "language-models.html"
    before = place.read_text(encoding="utf-8")
    assert "<h1>01-language-models: 17 of 17 points</h1>" in before
    assert "What a person reads is not counted yet." in before
    assert "<h2>7. Annealing what is meant</h2>" in before
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        mark = book.find_grade("parroting", "language-models", NAME, "bela-warns")
        mark.manual_score, mark.needs_manual_grade = 2.5, False
        remark = book.find_comment("parroting", "language-models", NAME, "bela-warns")
        remark.manual_comment = "Well said,\nbut <b>why</b>?"
        book.db.commit()
    (handed / "gina.ipynb").write_text("{", encoding="utf-8")
    grade.run(NAME, [handed], options(course))
    assert grade.write_feedback(NAME, course, f"sqlite:///{course}/gradebook.db") == 5
    refused = (course / "feedback" / "gina" / NAME / "language-models.html").read_text(encoding="utf-8")
    assert "0 of 20 points" in refused
    assert "counts." not in refused
    after = place.read_text(encoding="utf-8")
    assert "<h1>01-language-models: 19.5 of 20 points</h1>" in after
    assert "A person gave 2.5 of 3 points." in after
    assert "Well said,\nbut &lt;b&gt;why&lt;/b&gt;?" in after
    assert "All of it counts." in after
    other = (course / "feedback" / "ada-perfect" / NAME / "language-models.html").read_text(encoding="utf-8")
    assert "<h1>01-language-models: 17 of 20 points</h1>" in other
    assert "1 answer still waits for a person." in other
    assert "A person gave" not in other


def test_a_second_run_grades_only_what_is_new(desk):
    handed, course = desk
    first = grade.run(NAME, [handed], options(course))
    again = grade.run(NAME, [handed], options(course))
    assert (len(again.graded), len(again.kept)) == (0, 4)
    shutil.copy(handed / "ada-perfect.ipynb", handed / "fred-unfinished.ipynb")
    changed = grade.run(NAME, [handed], options(course))
    assert [result.student for result in changed.graded] == ["fred-unfinished"]
    assert changed.seed != first.seed


def test_whoever_has_fewer_points_than_before_is_named(desk, people):
    handed, course = desk
    assert grade.run(NAME, [handed], options(course)).lowered == []
    for name in ("ada-perfect", "dora-wrong"):
        answers = people["fred-unfinished" if name == "ada-perfect" else "ada-perfect"]
        (handed / f"{name}.ipynb").write_text(notebook(answers), encoding="utf-8")
    again = grade.run(NAME, [handed], options(course))
    assert [line.partition(",")[0] for line in again.lowered] == ["ada-perfect: 17 before"]
    said = summary(again, options(course))
    assert "fewer points than before:\n  ada-perfect: 17 before, now" in said
    assert "read as files and folders named after students; if that is wrong, say --from" in said


def test_chosen_students_or_all_are_graded_again(desk):
    handed, course = desk
    grade.run(NAME, [handed], options(course, seed=1))
    again = grade.run(NAME, [handed], options(course, seed=2, regrade=["ada-perfect"]))
    assert [result.student for result in again.graded] == ["ada-perfect"]
    assert {name: r.seed for name, r in results(course).items() if r.seed != 1} == {"ada-perfect": 2}
    everybody = grade.run(NAME, [handed], options(course, regrade=["all"]))
    assert len(everybody.graded) == 4
    with pytest.raises(GradingError, match="nothing was handed in by nobody"):
        grade.run(NAME, [handed], options(course, regrade=["nobody"]))


def test_a_seed_repeats_a_grading_exactly(desk):
    handed, course = desk
    grade.run(NAME, [handed], options(course, seed=5))
    first = results(course)
    grade.run(NAME, [handed], options(course, seed=5, regrade=["all"]))
    assert results(course) == first
    assert {tuple(sorted(r.versions)) for r in first.values()} == {("checks", "grader", "release")}


ONE_MORE = '''

@check("temperature", weight=1)
def one_more(student):
    """What nobody can do."""
    raise CheckFailed("it cannot be done")
'''


def test_results_of_other_checks_are_noticed_and_tried_and_nothing_is_recorded(desk, monkeypatch):
    handed, course = desk
    grade.run(NAME, [handed], options(course, seed=7))
    before, exam = results(course), Exam.of(NAME)
    assert "of other checks" not in summary(grade.run(NAME, [handed], options(course)), options(course))
    assert str(try_again(NAME, [handed], options(course))).startswith("0 results are of other checks; 0 ")
    changed = dataclasses.replace(exam, checks=exam.checks + ONE_MORE)
    monkeypatch.setattr(Exam, "of", lambda _: changed)
    said = summary(grade.run(NAME, [handed], options(course)), options(course))
    assert "4 of the results are of other checks: there is another version of checks since" in said
    shutil.copy(handed / "dora-wrong.ipynb", handed / "new.ipynb")
    pages = {path: path.read_bytes() for path in course.rglob("*.html")}
    trial = try_again(NAME, [handed], options(course))
    assert set(trial.tried) == {"ada-perfect", "bela-warns", "dora-wrong", "fred-unfinished"}
    assert {new.seed for _, new in trial.tried.values()} == {7}
    worth = points(NAME)["temperature"]
    mine = [check for check in exam.all_checks() if check.exercise == "temperature"]
    public, hidden = (sum(check.weight for check in mine if check.hidden is kind) for kind in (False, True))
    factor = min(1, hidden / 2 / (public + 1))  # public checks have a third of the points at most
    left = 1 - factor / (hidden + factor * (public + 1))
    assert trial.changed["ada-perfect"] == {"temperature": (worth, round(worth * left, 2))}
    assert "fred-unfinished" not in trial.changed
    assert "1 files have no result yet, and were not tried\nnothing was recorded" in str(trial)
    assert results(course) == before
    assert {path: path.read_bytes() for path in course.rglob("*.html")} == pages


def test_what_a_person_gave_stays_on_the_page_when_everybody_is_graded_again(desk):
    handed, course = desk
    grade.run(NAME, [handed], options(course))
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        theirs = "language-models", NAME, "ada-perfect"
        mark = book.find_grade("parroting", *theirs)
        mark.manual_score, mark.needs_manual_grade = 2.5, False
        book.find_comment("parroting", *theirs).manual_comment = "well said"
        book.find_comment("parrot", *theirs).manual_comment = "weiter so"  # it earns no points
        book.db.commit()
    page = course / "feedback" / "ada-perfect" / NAME / "language-models.html"

    def told():
        text = page.read_text(encoding="utf-8")
        return [said in text for said in ("gave 2.5 of 3 points", "well said", "weiter so", "19.5 of 20")]

    grade.write_feedback(NAME, course, f"sqlite:///{course}/gradebook.db")
    assert all(told())
    grade.run(NAME, [handed], options(course, regrade=["all"]))
    assert all(told())
    other = (course / "feedback" / "bela-warns" / NAME / page.name).read_text(encoding="utf-8")
    assert "well said" not in other


def test_a_trial_is_refused_where_grading_would_be(desk, monkeypatch):
    handed, course = desk
    grade.run(NAME, [handed], options(course))
    needed = gradebook.expected(Exam.of(NAME))
    more = {*needed, ("language-models", "one_more", "GradeCell", 1.0, "code", True, "")}
    monkeypatch.setattr(gradebook, "expected", lambda _: more)
    with pytest.raises(GradingError, match="since students' work was recorded: one_more"):
        try_again(NAME, [handed], options(course))


def test_mistakes_of_another_shape_are_refused_in_words(tmp_path, monkeypatch):
    (tmp_path / "mistakes.py").write_text("MISTAKES = [('chain_rule', 'code')]\n")
    monkeypatch.setattr("lmcourse.grading.course.course_file", lambda _: tmp_path / "mistakes.py")
    with pytest.raises(GradingError, match=r"mistakes.py: MISTAKES should be a list of Mistake\(exercise"):
        load_mistakes(NAME)


def command(handed, course):
    program = [sys.executable, "-m", "lmcourse", "grade", NAME, str(handed), "--course", str(course)]
    return subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def rows(course):
    """What a stranger reads in the database: (student, exercise) -> score."""
    database = sqlite3.connect(course / "gradebook.db")
    assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
    query = """
        select submitted_assignment.student_id, base_cell.name, grade.auto_score from grade
        join base_cell on base_cell.id = grade.cell_id
        join submitted_notebook on submitted_notebook.id = grade.notebook_id
        join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
    """
    found = database.execute(query).fetchall()
    database.close()
    assert len({row[:2] for row in found}) == len(found)
    return {row[:2]: row[2] for row in found}


def unchanged(before, now):
    """Nothing lost, and nothing graded again: that would hardly take the same thousandths of a second."""
    return all((now[name], now[name].seconds) == (old, old.seconds) for name, old in before.items())


def test_killed_at_any_moment_a_second_run_goes_on(tmp_path, people, prepared, left_running):
    handed, course = tmp_path / "in", tmp_path / "course"
    handed.mkdir()
    course.mkdir()
    shutil.copy(prepared, course)
    kinds = [people["ada-perfect"], people["carl-partial"], people["fred-unfinished"]]
    for n in range(12):
        (handed / f"s{n:02}.ipynb").write_text(notebook(kinds[n % 3]), encoding="utf-8")
    seen, partly, rng = {}, 0, random.Random(0)
    # By what is recorded, not by the clock: a run starts faster on one machine than on another.
    for until in (0, 1, 4, 7):
        process = command(handed, course)
        while len(results(course)) < until and process.poll() is None:
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = results(course)
        assert unchanged(seen, now)
        seen = now
        partly += 0 < len(seen) < 12
    assert partly
    assert command(handed, course).wait() == 0
    final = results(course)
    assert unchanged(seen, final)
    assert len(final) == 12
    assert len({result.seed for result in final.values()}) == 1
    scores = rows(course)
    assert len(scores) == 12 * 8
    for name, result in final.items():
        for report in result.reports:
            assert scores[name, f"test_{report.exercise}"] == report.points
    assert {result.points for name, result in final.items() if int(name[1:]) % 3 == 0} == {17}
    assert left_running() == set()
    assert not list(course.rglob("*.part"))


def test_what_a_killed_run_was_writing_is_taken_away(desk):
    handed, course = desk
    (handed / "ada.ipynb").write_text(notebook({}))
    left = course / "feedback" / "ada" / "01-language-models" / ".language-models.html.part"
    left.parent.mkdir(parents=True)
    left.write_text("half a pa")
    assert command(handed, course).wait() == 0
    assert not left.exists()
    assert "</html>" in (left.parent / "language-models.html").read_text(encoding="utf-8")


def test_a_grader_that_is_killed_leaves_no_student_asleep(desk, left_running):
    handed, course = desk
    (handed / "sleeper.ipynb").write_text(notebook({"chain_rule": "import time\ntime.sleep(10**6)"}))
    process = command(handed, course)
    while len(results(course)) < 3 and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert left_running() == set()


@pytest.mark.parametrize(
    ("change", "regrade", "graded_by", "kept"),
    [
        ({}, [], "an earlier run", True),
        ({"digest": "new"}, [], "an earlier run", False),
        ({}, ["ada"], "an earlier run", False),
        ({}, ["all"], "an earlier run", False),
        ({}, ["bela"], "an earlier run", True),
        ({}, ["all"], "this run", True),
        ({"digest": "new"}, ["all"], "this run", False),
    ],
)
def test_whose_result_stays(change, regrade, graded_by, kept):
    result = Result("ada", NAME, [], {}, {}, 1, {}, "old", run=graded_by)
    assert Plan("this run", 1, {}, regrade).keeps(result, change.get("digest", "old")) is kept


def test_an_interrupted_run_goes_on_by_its_plan_unless_the_checks_have_changed(desk):
    _, course = desk
    exam, book = Exam.of(NAME), GradebookWriter(f"sqlite:///{course}/gradebook.db")

    def plan(exam=exam, **changes):
        return grade._plan(book, exam, options(course, **changes))

    first = plan(regrade=["all"])
    assert plan() == plan(regrade=["all"]) == plan(seed=first.seed) == first
    assert plan(regrade=["ada"]) != first
    second = plan(seed=first.seed + 1)
    assert second.seed == first.seed + 1
    mended = dataclasses.replace(exam, checks=exam.checks + "\n")
    assert plan(mended).name != second.name
    assert plan(mended).seed != second.seed


def test_two_runs_at_once_are_one_too_many(desk):
    handed, course = desk
    with grade._alone(course), pytest.raises(GradingError, match="another run is grading"):
        grade.run(NAME, [handed], options(course))


def test_a_file_that_is_gone_when_its_turn_comes_keeps_its_result(desk, monkeypatch):
    handed, course = desk
    grade.run(NAME, [handed], options(course))

    def gone(_):
        raise GradingError("cannot be read")

    monkeypatch.setattr("lmcourse.grading.intake.Handed.read", gone)
    outcome = grade.run(NAME, [handed], options(course))
    assert (len(outcome.graded), len(outcome.kept), len(outcome.unread)) == (0, 4, 4)
    assert results(course)["ada-perfect"].points == 17
    assert "ada-perfect: cannot be read" in summary(outcome, options(course))


def test_what_came_late_does_not_replace_what_came_in_time(desk, people):
    handed, course = desk
    (course / "nbgrader_config.py").write_text(
        'c = get_config()\nc.AssignLatePenalties.plugin_class = "lmcourse.grading.late.LatePolicy"\n'
        f"c.LatePolicy.due = {{{NAME!r}: '2026-11-20 23:59 UTC'}}\nc.LatePolicy.per_day = 0.1\n"
    )
    [*others] = (path for path in handed.iterdir() if path.stem != "ada-perfect")
    for path in others:
        path.unlink()

    def run(time, **changes):
        known = Roster({"ada": Student("ada", "Ada Perfect", submitted_at=time)})
        outcome = grade.run(NAME, [handed], options(course, **changes), known)
        return outcome, results(course)["ada"]

    in_time, late = "2026-11-20T20:00:00+00:00", "2026-11-22T20:00:00+00:00"
    assert run(in_time)[1].points == 17
    (handed / "ada-perfect.ipynb").write_text(notebook(people["fred-unfinished"]), encoding="utf-8")
    for changes in ({}, {"regrade": ["all"]}):
        outcome, result = run(late, **changes)
        assert (result.points, result.submitted, dict(outcome.late)) == (17, in_time, {})
        assert "ada: graded in time, and now there is another file" in summary(outcome, options(course))
    outcome, result = run(late, regrade=["ada"])  # the instructor wants it so
    assert (result.points, result.submitted) == (0, late)
    assert [*outcome.late] == ["ada"]
    assert outcome.remarks == []


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_stops_the_run_and_the_next_goes_on(desk):
    handed, course = desk
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(course)], check=True)
    try:
        with pytest.raises(GradingError, match=r"(?i)no space|full"):
            grade.run(NAME, [handed], options(course))
        subprocess.run(["mount", "-o", "remount,size=50m", str(course)], check=True)
        grade.run(NAME, [handed], options(course))
        assert len(results(course)) == 4
        assert len(rows(course)) == 4 * 8
    finally:
        subprocess.run(["umount", str(course)], check=True)


def test_a_worker_that_dies_costs_nobody_else(desk, monkeypatch):
    """The file that kills whoever opens it is found out by opening the suspects alone."""
    handed, course = desk
    monkeypatch.setattr(pool, "grade", deadly)
    outcome = grade.run(NAME, [handed], options(course))
    refused = {result.student: result.refused for result in outcome.graded if result.refused}
    assert list(refused) == ["dora-wrong"]
    assert "the grader broke down over this notebook" in refused["dora-wrong"]
    assert results(course)["ada-perfect"].points == 17


def deadly(job, rules):
    if job.student == "dora-wrong" and not job.refused:
        os._exit(1)
    return grade_one(job, rules)


def test_without_a_sandbox_nothing_runs(desk, monkeypatch):
    handed, _ = desk
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(GradingError, match="install the package `bubblewrap`"):
        grade_one(
            Job("a", "a.ipynb", (handed / "ada-perfect.ipynb").read_bytes(), ""),
            Rules(Exam.of(NAME), 0, QUICK),
        )


def test_unsafe_is_marked_in_the_result_and_on_the_page(desk):
    handed, course = desk
    for path in handed.iterdir():
        if path.stem != "ada-perfect":
            path.unlink()
    outcome = grade.run(NAME, [handed], options(course, unsafe=True))
    assert [result.unsafe for result in outcome.graded] == [True]
    assert outcome.graded[0].points == 17
    assert "UNSAFE" in summary(outcome, options(course, unsafe=True))
    page = (course / "feedback" / "ada-perfect" / NAME / "language-models.html").read_text(encoding="utf-8")
    assert "without a sandbox" in page


def test_stock_nbgrader_goes_on_from_our_gradebook(desk):
    """Feedback of its own and the export of all grades, from what our run has left."""
    handed, course = desk
    grade.run(NAME, [handed], options(course))
    shutil.copy("nbgrader_config.py", course)
    for arguments in (("generate_feedback", NAME, "--force"), ("export", "--to", "grades.csv")):
        done = demo.nbgrader(course, *arguments)
        assert done.returncode == 0, done.stdout
    lines = (course / "grades.csv").read_text(encoding="utf-8").splitlines()
    scores = {line.split(",")[2]: line for line in lines}
    assert len(scores) >= 2
    page = (course / "feedback" / "dora-wrong" / NAME / "language-models.html").read_text(encoding="utf-8")
    assert TOLD in page


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("<img src=x onerror=y>", "&lt;img"),
        ("<!-- c -->", "&lt;!--"),
        ("a < b and <3", "a < b and <3"),
    ],
)
def test_a_students_markdown_cannot_speak_html(written, shown):
    assert shown in harmless(written)
    assert not re.search(r"<[a-zA-Z/!?]", harmless(written))


HINT = "<details><summary>A hint</summary>\n\nStart with *one*.\n\n</details>"


def test_hints_unfold_in_the_graded_notebook():
    """As nbgrader's formgrader, which is nbconvert's, shows it."""
    assert harmless(HINT) == HINT
    cells = [nbformat.v4.new_markdown_cell(harmless(HINT))]
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    assert re.search(r"<details>\s*<summary>A hint</summary>\s*<p>Start with <em>one</em>.</p>", page)


@pytest.mark.parametrize(
    "tag",
    [
        "<details ontoggle=alert(1)>",
        "<details open ontoggle=alert(1)>",
        "<details\nontoggle=alert(1) open>",
        "<details\tontoggle=alert(1) open>",
        "<details/ontoggle=alert(1) open>",
        "<details\x0contoggle=alert(1) open>",
        '<details"ontoggle=alert(1) open>',
        "<details <summary>>",
        "<DETAILS ONTOGGLE=alert(1)>",
        "<summary onclick=alert(1)>",
        "</details onclick=alert(1)>",
        "<details>x</details><script>alert(1)</script>",
        "<details><<details>script>alert(1)</details>",
    ],
)
def test_a_hints_tags_bring_nothing_along(tag):
    """All that is left of HTML are the four bare tags, also when nbconvert has read it."""
    said = re.sub("</?(details|summary)>", "·", harmless(f"{tag}\n\n{HINT}"))
    assert not re.search(r"<[a-zA-Z/!?]", said)
    cells = [nbformat.v4.new_markdown_cell(harmless(f"{tag}\n\n{HINT}"))]
    page, _ = HTMLExporter(exclude_input_prompt=True).from_notebook_node(
        nbformat.v4.new_notebook(cells=cells)
    )
    body = page.partition("<main>")[2]
    assert not re.search(r"(?i)<(details|summary|script)[^>]|<[^>]*\son\w+\s*=", body.partition("</main>")[0])


def test_the_commands_from_an_export_to_an_export(desk, monkeypatch, capfd):
    """Moodle's folders are collected, graded and brought back as a table of grades."""
    handed, course = desk
    monkeypatch.chdir(course)
    export = course / "from moodle"
    for n, name in enumerate(("ada-perfect", "fred-unfinished")):
        folder = export / f"{name.title()}_{n}_assignsubmission_file_"
        folder.mkdir(parents=True)
        shutil.copy(handed / f"{name}.ipynb", folder / "my work.ipynb")
    roster = course / "roster.csv"
    roster.write_text(
        "student_id,lms_id,name,submitted_at\nada,0,Ada-Perfect,2026-12-01 00:30 Europe/Berlin\n"
        "fred,1,Fred-Unfinished,2026-11-30 23:00 Europe/Berlin\nzoe,2,Zoe,\n"
    )
    policy = (
        f'c.LatePolicy.due = {{"{NAME}": "2026-11-30 23:59 Europe/Berlin"}}\nc.LatePolicy.per_day = 0.1\n'
    )
    (course / "nbgrader_config.py").write_text(course_file("nbgrader_config.py").read_text() + policy)

    def run(*words, failed=0):
        monkeypatch.setattr(sys, "argv", ["lmcourse", *words, "--course", str(course)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said, error = capfd.readouterr()
        assert (ended.value.code or 0) == failed, error
        return error if failed else said

    known = ("--roster", str(roster))
    said = run("collect", NAME, str(export), *known)
    assert "zoe: missing, did not hand in" in said
    assert (course / "submitted" / "ada" / NAME / "language-models.ipynb").exists()
    said = run("grade", NAME, str(course / "submitted"), "--workers", "1", *known)
    assert "2 graded in" in said
    assert f"\ngradebook  sqlite:///{course}/gradebook.db\n" in said
    assert "did not hand in: zoe" in said
    assert "late:\n  ada: 31 minutes late: 1.7 points off\n" in said
    page = course / "feedback" / "ada" / NAME / "language-models.html"
    assert "15.3 of 17 points" in page.read_text(encoding="utf-8")
    said = run("feedback", NAME, str(export), *known)
    assert "wrote 2 pages" in said
    assert "packed 2 of them into" in said
    assert "15.3 of 20 points" in page.read_text(encoding="utf-8")
    assert "statistics" in run("statistics", NAME, *known)
    assert "there is no gradebook at" in run("feedback", NAME, "--db", "sqlite:///none.db", failed=2)
    said = run("export", NAME, "--output", str(course / "grades.csv"), *known)
    assert "1 submissions still wait for a person" in said
    lines = (course / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1:] == ["ada,Ada-Perfect,,15.3,20,", "fred,Fred-Unfinished,,0,20,"]
