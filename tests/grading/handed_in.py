"""What the tests of intake share: submissions made up on disk and in memory."""

import io
import json
import zipfile

import nbformat

from lmcourse.grading.graft import repair
from lmcourse.grading.intake import find_submissions
from lmcourse.grading.notebooks import Release
from lmcourse.grading.roster import Roster
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


def listed(*paths, roster=None, kind=""):
    return {one.student: one for one in find_submissions(paths, NAME, roster, kind).handed}


def roster(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    return Roster.read(path)


def code(*sources):
    """A notebook of these code cells."""
    return json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources]}).encode()


def answered(data, name="x.zip"):
    """How many answers are found in the bytes handed in, and what is noted on the way."""
    notebook, notes = notebook_in(data, name, RELEASE)
    return len(repair(RELEASE, notebook).answered), notes
