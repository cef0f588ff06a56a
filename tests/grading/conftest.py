"""What several tests of grading need: a sandbox, and one course, graded once by stock nbgrader."""

import copy
import os
import shutil

import nbformat
import pytest

from lmcourse.grading import demo
from lmcourse.grading.course import release_notebook, source_notebook


@pytest.fixture(scope="session")
def bubblewrap():
    """What shuts students' code in: without it a test is skipped, or fails where `CI` is set."""
    if not shutil.which("bwrap"):
        stop = pytest.fail if os.environ.get("CI") else pytest.skip
        stop("there is no bubblewrap: apt-get install bubblewrap")


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """The instructor's demonstration: (its folder, its outcome)."""
    folder = tmp_path_factory.mktemp("course")
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
