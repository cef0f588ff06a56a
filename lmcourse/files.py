"""Where the course's own files outside the package are: beside it in a checkout, inside it in a wheel."""

from __future__ import annotations

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
