"""Every assignment is told from the others, and its solution earns its points in the sandbox too, where only
plain values cross.
"""

import nbformat
import pytest

from lmcourse.files import course_file
from lmcourse.grading import course
from lmcourse.grading.exam import Exam
from lmcourse.grading.pool import grade_all
from lmcourse.grading.recognise import find
from lmcourse.grading.worker import Job, Rules, digest_of

NAMES = sorted(path.parent.name for path in course_file("solutions").glob("*/checks.py"))


def handed_in(name, solved):
    """The students' notebook, with the authored solutions in it if `solved`, as bytes."""
    authored = nbformat.read(course.source_notebook(name), as_version=4)
    sources = {
        c.metadata.nbgrader.grade_id: c.source for c in authored.cells if c.metadata.get("nbgrader", {})
    }
    notebook = nbformat.read(course.release_notebook(name), as_version=4)
    for cell in notebook.cells:
        if solved and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = sources[cell.metadata.nbgrader.grade_id]
    return nbformat.writes(notebook).encode()


@pytest.mark.parametrize("solved", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_each_notebook_is_recognised_among_all(name, solved, tmp_path):
    (tmp_path / "mine.ipynb").write_bytes(handed_in(name, solved))
    assert find(tmp_path)[0].assignment == name


@pytest.mark.usefixtures("bubblewrap")
@pytest.mark.parametrize("name", NAMES)
def test_the_solution_earns_all_points_and_the_release_none(name):
    jobs = []
    for student, solved in (("solved", True), ("untouched", False)):
        data = handed_in(name, solved)
        jobs.append(Job(student, "notebook.ipynb", data, digest_of(data)))
    graded = grade_all(jobs, Rules(Exam.of(name), seed=5), workers=1)
    points = {one.result.student: one.result.points for one in graded}
    assert points == {"solved": sum(course.points(name).values()), "untouched": 0}
