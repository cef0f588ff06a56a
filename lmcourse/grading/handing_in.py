"""`assignment.submit()`: a notebook hands itself in, on Colab without a download and an upload in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from lmcourse.grading.course import GradingError

BY_HAND = (
    "download the notebook (File → Download → Download .ipynb), upload that file in the Files pane, and run "
    '!lmcourse submit "NAME.ipynb" in a new cell'
)


def hand_in(assignment: str, namespace: Mapping[str, Any]) -> None:
    """Run `lmcourse submit` on the notebook that this is called in, and print what it says.

    On Colab the notebook comes from the page as it is, saved or not, and the browser saves the zip. Elsewhere
    the file is read, as it was last saved.

    Args:
        assignment: its name.
        namespace: the notebook's variables.

    Raises GradingError if Colab does not hand the notebook over.
    """
    on_colab = "google.colab" in sys.modules
    with _of_colab(assignment) if on_colab else _saved(namespace) as path:
        command = [sys.executable, "-m", "lmcourse", "submit", str(path), "--assignment", assignment]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        )
    print(done.stdout)
    if on_colab and done.returncode == 0:
        from google.colab import files

        files.download(f"{assignment}.zip")


@contextmanager
def _of_colab(assignment: str) -> Iterator[Path]:
    """The notebook that Colab's page shows, in a file for as long as it is needed."""
    from google.colab import _message

    reply = _message.blocking_request("get_ipynb", request="", timeout_sec=60) or {}
    if not reply.get("ipynb"):
        raise GradingError(f"Colab did not hand over the notebook. Run this cell once more, or {BY_HAND}")
    path = Path(f"{assignment}-as-shown.ipynb")
    path.write_text(json.dumps(reply["ipynb"]), encoding="utf-8")
    try:
        yield path
    finally:
        path.unlink()


@contextmanager
def _saved(namespace: Mapping[str, Any]) -> Iterator[Path]:
    """The file of this notebook, where Jupyter or VS Code tell it; else the folder, which is searched."""
    told = os.environ.get("JPY_SESSION_NAME") or namespace.get("__vsc_ipynb_file__") or ""
    path = Path(str(told))
    if path.suffix == ".ipynb" and path.is_file():
        saved = datetime.fromtimestamp(path.stat().st_mtime)
        print(f"This is {path.name} as saved at {saved:%H:%M}; if that is old, save it and run this again.")
        yield path
    else:
        yield Path(".")
