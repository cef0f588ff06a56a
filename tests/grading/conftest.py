"""What several tests of grading need: a sandbox, and one course, made and graded once by stock nbgrader."""

import contextlib
import copy
import ctypes
import hashlib
import shutil
import time

import nbformat
import needed
import psutil
import pytest

from lmcourse.grading import demo, release
from lmcourse.grading.course import release_notebook, source_notebook
from lmcourse.grading.exam import Exam
from lmcourse.grading.gradebook import GradebookWriter

PR_SET_CHILD_SUBREAPER = 36  # prctl(2): processes whose parent has died become ours


@pytest.fixture(scope="session")
def bubblewrap():
    """What shuts students' code in: without it a test is skipped, or fails where `CI` is set."""
    if not shutil.which("bwrap"):
        needed.missing("what needs bubblewrap; apt-get install bubblewrap")


@pytest.fixture(scope="session", autouse=True)
def made_once(tmp_path_factory):
    """Have nbgrader make the students' version of the same solutions once; after that, copy it."""
    kept, nbgrader = tmp_path_factory.mktemp("made"), release.nbgrader

    def copying(course, *arguments):
        if arguments[0] != "generate_assignment":
            return nbgrader(course, *arguments)
        files = sorted(path for path in course.rglob("*") if path.is_file())
        known = hashlib.sha256(repr([(str(f.relative_to(course)), f.read_bytes()) for f in files]).encode())
        made = kept / known.hexdigest()
        if made.exists():
            shutil.copytree(made, course, dirs_exist_ok=True)
            return done[made]
        done[made] = nbgrader(course, *arguments)
        if not done[made].returncode:
            shutil.copytree(course, made)
        return done[made]

    done = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release, "nbgrader", copying)
        yield


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A gradebook that has the first assignment and no students, to be copied."""
    path = tmp_path_factory.mktemp("prepared") / "gradebook.db"
    GradebookWriter(f"sqlite:///{path}").prepare(Exam.of(demo.ASSIGNMENT))
    return path


@pytest.fixture
def left_running():
    """Waits until no process runs that the test has started, or one that it started; says which still do."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    before = set(psutil.Process().children(recursive=True))

    def running():
        found = set()
        for process in set(psutil.Process().children(recursive=True)) - before:
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.add(" ".join(process.cmdline()))
        return found

    def wait(seconds=60):
        end = time.monotonic() + seconds
        while (found := running()) and time.monotonic() < end:
            time.sleep(0.1)
        return found

    return wait


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """The instructor's demonstration: (its folder, its outcome)."""
    folder = tmp_path_factory.mktemp("Übung 課")
    return folder, demo.run(folder)


@pytest.fixture
def released():
    """The students' notebook."""
    return nbformat.read(release_notebook("01-language-models"), as_version=4)


@pytest.fixture
def solved(released):
    """The students' notebook with the authored solutions in it."""
    authored = nbformat.read(source_notebook("01-language-models"), as_version=4)
    sources = {
        c.metadata["nbgrader"]["grade_id"]: c.source for c in authored.cells if "nbgrader" in c.metadata
    }
    notebook = copy.deepcopy(released)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = sources[cell.metadata["nbgrader"]["grade_id"]]
    return notebook
