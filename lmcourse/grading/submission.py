"""The zip that is handed in: the repaired notebook without outputs, and a manifest with hashes.

The same notebook gives the same bytes, on every machine and at any time.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat

import lmcourse
from lmcourse.files import write_whole
from lmcourse.grading.course import GradingError
from lmcourse.grading.graft import Repaired, repair
from lmcourse.grading.notebooks import Release
from lmcourse.grading.recognise import find

FORMAT = 1


@dataclass(frozen=True)
class Submission:
    """What `submit` has done."""

    assignment: str
    source: Path  # the student's notebook
    archive: Path
    repaired: Repaired


def submit(path: Path, assignment: str = "", output: Path | None = None) -> Submission:
    """Find the notebook, repair it, and write the zip, all or nothing.

    Args:
        path: a notebook or a folder that holds it.
        assignment: its name; found out from the notebook if not given.
        output: the zip to write; `<assignment>.zip` here if not given. A file of that name is replaced.

    Raises GradingError, with nothing written, if there is nothing to submit or nowhere to write it.
    """
    release, source, student = find(path, assignment)
    output = output or Path(f"{release.assignment}.zip")
    if output.is_dir():
        raise GradingError(f"{output} is a folder; give the name of a zip file")
    if output.suffix.lower() != ".zip":
        raise GradingError(f"{output} should end in .zip")
    if not output.resolve().parent.is_dir():
        raise GradingError(f"the folder {output.resolve().parent} does not exist; create it first")
    repaired = repair(release, student)
    write_whole(output, _zip(pack(release, repaired)))
    return Submission(release.assignment, source, output, repaired)


def pack(release: Release, repaired: Repaired) -> dict[str, bytes]:
    """The files of the zip, by name."""
    notebook = (nbformat.writes(repaired.notebook, indent=1).rstrip("\n") + "\n").encode("utf-8")
    manifest = {
        "format": FORMAT,
        "assignment": release.assignment,
        "lmcourse": lmcourse.__version__,
        "release_sha256": hashlib.sha256(release.path.read_bytes()).hexdigest(),
        "answered": repaired.answered,
        "files": {release.path.name: hashlib.sha256(notebook).hexdigest()},
    }
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    return {release.path.name: notebook, "manifest.json": text.encode("utf-8")}


def _zip(files: dict[str, bytes]) -> bytes:
    """A zip whose bytes depend on `files` only."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:  # stored: no compressor's version matters
        for name in sorted(files):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return whole.getvalue()
