"""Where the course's own files are (beside the package in a checkout, inside it in a wheel); safe writing."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def course_file(relative: str) -> Path:
    """Path of a course file such as `"notebooks/assignments"`, given relative to the repository's top.

    Raises FileNotFoundError if neither the wheel nor a checkout around the package has it.
    """
    for root in (_PACKAGE / "_course", _PACKAGE.parent):
        if (root / relative).exists():
            return root / relative
    raise FileNotFoundError(
        f"{relative!r} is not part of this installation of lmcourse; "
        "it is in the course's repository: clone it and run `pip install -e .` there"
    )


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the power fails. Makes its folder.

    A program that is killed may leave the scratch file; the next to write the same file takes its name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.part")
    scratch.unlink(missing_ok=True)
    try:
        with open(scratch, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
