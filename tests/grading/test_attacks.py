"""Hostile submissions: no unearned mark, and no damage.

`attacks/` holds one small notebook or archive per attack. All are graded in one run, honest students among
them; then everything that could have been damaged is compared with what it was before, and the honest
students' results with those of a run without any attacker.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import stat
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import sqlalchemy as sa
from attacks import archives, loader
from attacks.loader import ASSIGNMENT, POINTS, RIGHT, Expected, as_bytes, released

from lmcourse.grading import grade, worker
from lmcourse.grading.confine import Limits
from lmcourse.grading.exam import Exam
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.isolated import Times
from lmcourse.grading.result import Result

ROOT = Path(__file__).resolve().parents[2]
SEED = 11
TIMES = Times(cell=2, checks=2, notebook=15)
LIMITS = Limits(memory=1_000_000_000, disk=16_000_000, files=300, threads=32, cpu=60)
HONEST = {
    "b-honest-student": RIGHT,
    "m-honest-student": {**RIGHT, "chain_rule": "def sequence_log_prob(*_):\n    return 1 / 0"},
    "z-honest-student": {},
}
NAMES = [*loader.attacks(), *archives.SHAPES]


@dataclass
class Place:
    """A machine with files worth having, and people listening."""

    top: Path

    def __post_init__(self):
        self.home, self.course, self.handed, self.cache, self.marks = (
            self.top / name for name in ("home", "course", "handed", "cache", "marks")
        )
        for folder in (self.home, self.course, self.handed, self.cache, self.marks):
            folder.mkdir()
            folder.chmod(0o777)  # the sandbox alone keeps an attacker off
        for file in (".bashrc", ".gitconfig", ".ipython/profile_default/startup/00.py", ".ssh/id_rsa"):
            (self.home / file).parent.mkdir(parents=True, exist_ok=True)
            (self.home / file).write_text("hunter-twelve\n")
        (self.course / "nbgrader_config.py").write_text("c = get_config()\n")
        (self.cache / "shakespeare.txt").write_text("To be, or not to be\n")
        self.heard: list[str] = []
        self.lines = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
        self.port = self.lines[0].getsockname()[1]
        self.lines[1].bind(f"\0lmcourse-{self.port}")
        self.lines[1].listen()
        for line in self.lines:
            threading.Thread(target=self._listen, args=(line,), daemon=True).start()

    def _listen(self, line):
        while line.fileno() >= 0:
            try:
                line.accept()
            except OSError:
                return
            self.heard.append(str(line))

    def words(self) -> dict[str, str]:
        """What the attacks' words stand for."""
        places = {
            name.upper(): str(getattr(self, name)) for name in ("home", "course", "handed", "cache", "marks")
        }
        return {**places, "OWNER": str(Path.home()), "REPO": str(ROOT), "PORT": str(self.port)}

    def precious(self) -> dict[str, tuple]:
        """Everything that no submission may change."""
        ours = [
            ROOT / name for name in ("lmcourse", "solutions", "notebooks/assignments", "nbgrader_config.py")
        ]
        new = [self.course / name for name in ("autograded", "feedback", "gradebook.db")]
        return state([self.home, self.handed, self.cache, self.marks, self.course, *ours], new)

    def hand_in(self, names) -> None:
        """Write submissions of attackers."""
        for name in names:
            if name in archives.SHAPES:
                archives.SHAPES[name][0](self.handed)
            else:
                (self.handed / f"{name}.ipynb").write_bytes(as_bytes(loader.notebook(name, self.words())))

    def grade(self, folder: Path) -> grade.Run:
        """One run over a folder with submissions."""
        options = grade.Options(
            self.course, f"sqlite:///{self.course}/gradebook.db", 2, seed=SEED, times=TIMES, limits=LIMITS
        )
        return grade.run(ASSIGNMENT, [folder], options)


def state(roots: list[Path], new: list[Path]) -> dict[str, tuple]:
    """Path -> kind, size, time and content of all below some folders."""
    found = {}
    for path in (p for root in roots for p in [root, *root.rglob("*")]):
        if "__pycache__" in path.parts or any(path == one or one in path.parents for one in new):
            continue
        about = path.lstat()
        known = (stat.filemode(about.st_mode), about.st_size, about.st_uid)
        if stat.S_ISREG(about.st_mode):
            known += (about.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        found[str(path)] = known if not path.is_dir() else known[:1]
    return found


def our_processes(place: Place) -> set[str]:
    """Processes that were started with this place's environment, but for this one and its children."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(place.cache).encode() in environment and int(process.name) != os.getpid():
            found.add(f"{process.name} {command[:200]}")
    return {one for one in found if "resource_tracker" not in one}


def left_behind() -> list[str]:
    """Files outside of any sandbox that belong to the users that students' code runs as."""
    places = [entry for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run") for entry in os.scandir(folder)]
    found = [e.path for e in places if e.stat(follow_symlinks=False).st_uid >= 2_000_000_000]
    memory = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return found + [line for line in memory if int(line.split()[7]) >= 2_000_000_000]


@pytest.fixture(scope="module")
def place(bubblewrap):  # noqa: ARG001
    # not pytest's own folder, which keeps others out: here only the sandbox does
    top = Path(tempfile.mkdtemp(prefix="lmcourse-attacks-", dir="/var/tmp"))
    top.chmod(0o755)
    made = Place(top)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(made.home))
        patch.setenv("LMCOURSE_CACHE", str(made.cache))
        patch.setenv("LMCOURSE_TEST_PASSWORD", "hunter-twelve")
        yield made
    while worker._SANDBOXES:
        worker._SANDBOXES.popitem()[1].close()
    for line in made.lines:
        line.close()
    shutil.rmtree(top)


@dataclass
class Graded:
    """The run over all attacks and honest students, and the world before and after."""

    place: Place
    run: grade.Run
    before: dict
    after: dict
    processes: set[str]
    results: dict[str, Result]
    memory: int  # bytes in memory that no process holds, more than before


@pytest.fixture(scope="module")
def graded(place):
    place.hand_in(NAMES)
    for name, sources in HONEST.items():
        (place.handed / f"{name}.ipynb").write_bytes(as_bytes(released(sources)))
    before, shared = place.precious(), shared_memory()
    run = place.grade(place.handed)
    for _ in range(50):
        if not (processes := our_processes(place)):
            break
        time.sleep(0.1)
    results = {result.student: result for result in run.graded}
    return Graded(place, run, before, place.precious(), processes, results, shared_memory() - shared)


def shared_memory() -> int:
    """Bytes of memory that outlive their process: files in memory, shared segments."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["Shmem"].split()[0]) * 1024


def expected(name: str) -> Expected:
    return archives.SHAPES[name][1] if name in archives.SHAPES else loader.expected(name)


def assert_no_gain(name: str, result: Result, page: str, notebook: str) -> None:
    """The attack of this name earned what it may, learned nothing, and shows nothing that it should not."""
    wanted = expected(name)
    earned = {report.exercise: report.points for report in result.reports}
    assert earned == {**dict.fromkeys(POINTS, 0), **wanted.points}, result.failures
    assert {report.exercise: report.max_points for report in result.reports} == POINTS
    assert {key: answer["points"] for key, answer in result.written.items()} == {"parroting": 3}
    assert bool(result.refused) == bool(wanted.refused), result.refused
    reasons = [reason for report in result.reports for reason in report.reasons()]
    printed = [outcome.printed for report in result.reports for outcome in report.outcomes]
    said = "\n".join([result.refused, *result.failures, *result.notes, *reasons])
    assert re.search(wanted.refused, result.refused)
    assert re.search(wanted.says, said), said[:5000]
    assert "LOOT" not in said + "\n".join(printed), said[:5000]
    sources = sum(map(len, result.answers.values()))
    assert len(said) < 100_000
    assert max(len(page), len(result.as_json())) < 500_000 + 10 * sources
    assert len(notebook) < 3_000_000
    assert_harmless(page)
    assert_graded_form(notebook)


def assert_harmless(page: str) -> None:
    """Nothing in the page is HTML but what we write, and no character is a command to a terminal."""
    tags = set(re.findall(r"</?([a-zA-Z!?][^\s/>]*)", page))
    ours = (
        "!doctype html head meta title style body h1 h2 p section div span code pre details summary ul li hr"
    )
    assert tags <= {*ours.split(), "strong"}
    assert not re.search(r"(?i)<[^>]*\s(on\w+|href|src)\s*=", page)
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", re.sub(r"<pre>.*?</pre>", "", page)
    )


def assert_graded_form(text: str) -> None:
    """The graded notebook is a notebook, has the release's tests, and no HTML of a student's."""
    made = nbformat.reads(text, as_version=4)
    nbformat.validate(made)
    tests = [cell for cell in made.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    release = [cell for cell in released({}).cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert [(c.metadata, c.source) for c in tests if c.cell_type == "code"] == [
        (c.metadata, c.source) for c in release if c.cell_type == "code"
    ]
    assert [c.metadata for c in tests] == [c.metadata for c in release]
    assert made.metadata.keys() == {"kernelspec", "language_info"}
    assert made.metadata.kernelspec.name == "python3"
    own = {cell.source for cell in released({}).cells}
    for cell in made.cells:
        if cell.cell_type == "markdown" and cell.source not in own:
            assert not re.search(r"<(?!/?(details|summary)>)[a-zA-Z/!?]", cell.source)
        assert "attachments" not in cell
        for output in cell.get("outputs", []):
            assert_harmless(output.data["text/html"])


@pytest.mark.parametrize("name", NAMES)
def test_no_unearned_mark(graded, name):
    folder = Path(name) / ASSIGNMENT
    page = (graded.place.course / "feedback" / folder / "language-models.html").read_text(encoding="utf-8")
    notebook = (graded.place.course / "autograded" / folder / "language-models.ipynb").read_text("utf-8")
    assert_no_gain(name, graded.results[name], page, notebook)


def one(place: Place, name: str, data: bytes | None = None) -> worker.Graded:
    """Grade one attack here, without a pool and a database."""
    data = data or as_bytes(loader.notebook(name, place.words()))
    rules = worker.Rules(Exam.of(ASSIGNMENT), SEED, TIMES, LIMITS)
    return worker.grade(worker.Job(name, f"{name}.ipynb", data, worker.digest_of(data)), rules)


def test_every_submission_has_a_result(graded):
    assert graded.results.keys() == {*NAMES, *HONEST}


def test_no_file_is_touched(graded):
    assert graded.after == graded.before
    assert list(graded.place.marks.iterdir()) == []


def test_nothing_else_is_in_the_course_folder(graded):
    assert {path.name for path in graded.place.course.iterdir()} == {
        "nbgrader_config.py",
        "autograded",
        "feedback",
        "gradebook.db",
    }
    for kind, ending in (("autograded", "ipynb"), ("feedback", "html")):
        files = [p for p in (graded.place.course / kind).rglob("*") if not p.is_dir()]
        wanted = {
            graded.place.course / kind / n / ASSIGNMENT / f"language-models.{ending}" for n in graded.results
        }
        assert {*files} == wanted


def test_no_process_is_left(graded):
    assert graded.processes == set()


def test_nobody_called(graded):
    assert graded.place.heard == []


def test_nothing_is_left_in_memory_or_scratch_folders(graded):
    assert left_behind() == []
    assert graded.memory < 2_000_000_000


def test_honest_students_are_graded_as_if_there_were_no_attackers(graded, place, tmp_path):
    for name, sources in HONEST.items():
        (tmp_path / f"{name}.ipynb").write_bytes(as_bytes(released(sources)))
    alone = tmp_path / "gradebook.db"
    options = grade.Options(tmp_path, f"sqlite:///{alone}", 1, seed=SEED, times=TIMES, limits=LIMITS)
    run = grade.run(ASSIGNMENT, [tmp_path], options)
    assert {result.student: result for result in run.graded} == {
        name: graded.results[name] for name in HONEST
    }
    assert [graded.results[name].points for name in HONEST] == [17, 13, 0]  # the chain rule is used later on
    among = place.course / "gradebook.db"
    assert recorded(among, HONEST) == recorded(alone, HONEST)
    assert assignment_rows(among) == assignment_rows(alone)


def test_the_gradebook_says_what_the_grader_found(graded):
    book = f"sqlite:///{graded.place.course}/gradebook.db"
    assert GradebookWriter(book).results(ASSIGNMENT) == graded.results
    scores = recorded(graded.place.course / "gradebook.db", graded.results)
    for name, result in graded.results.items():
        points = {f"test_{report.exercise}": report.points for report in result.reports}
        assert {cell: s for cell, s, *_ in scores[name] if cell in points} == points
        assert all(row[2:] == (None, None) for row in scores[name])


def recorded(path: Path, students) -> dict[str, list]:
    """What nbgrader's gradebook has of some students: cell, score, score by hand, extra credit."""
    query = """
        SELECT s.student_id, c.name, g.auto_score, g.manual_score, g.extra_credit FROM grade g
        JOIN submitted_notebook n ON n.id = g.notebook_id
        JOIN submitted_assignment s ON s.id = n.assignment_id
        JOIN base_cell c ON c.id = g.cell_id ORDER BY 1, 2
    """
    rows: dict[str, list] = {student: [] for student in students}
    with sa.create_engine(f"sqlite:///{path}").connect() as db:
        for student, *row in db.execute(sa.text(query)):
            if student in rows:
                rows[student].append(tuple(row))
    return rows


def assignment_rows(path: Path) -> list[tuple]:
    """What a gradebook knows of the assignment's cells."""
    query = """
        SELECT b.name, b.type, g.max_score, s.source FROM base_cell b
        LEFT JOIN grade_cells g ON g.id = b.id LEFT JOIN source_cell s ON s.name = b.name ORDER BY 1, 2
    """
    with sa.create_engine(f"sqlite:///{path}").connect() as db:
        return [tuple(row) for row in db.execute(sa.text(query))]


def test_a_worker_passes_nothing_on_from_one_student_to_the_next(place):
    for name in ("leave", "find"):
        made = one(place, name, as_bytes(loader.notebook(f"pair/{name}", place.words())))
        assert made.result.points == 0
        assert "LOOT" not in "\n".join(made.result.failures)


def test_a_link_in_an_answer_runs_nothing_in_the_readers_browser(place):
    from nbconvert import HTMLExporter

    made = nbformat.reads(one(place, "links_in_answers").notebook, as_version=4)
    html, _ = HTMLExporter(template_name="basic").from_notebook_node(made)
    targets = re.findall(r'(?i)(?:href|src)\s*=\s*"([^"]*)"', html)
    assert not [
        target for target in targets if re.match(r"\s*(javascript|data|vbscript)", target, re.IGNORECASE)
    ]


@pytest.mark.parametrize("attack", ["magics_and_shells", "edit_startup_file", "call_home"])
def test_the_suite_sees_the_damage_where_there_is_no_sandbox(attack, tmp_path, monkeypatch):
    bare = Place(tmp_path)
    monkeypatch.setenv("HOME", str(bare.home))
    before = bare.precious()
    data = as_bytes(loader.notebook(attack, bare.words()))
    rules = worker.Rules(Exam.of(ASSIGNMENT), SEED, TIMES, LIMITS, unsafe=True)
    worker.grade(worker.Job(attack, "x.ipynb", data, worker.digest_of(data)), rules)
    assert bare.precious() != before or bare.heard
