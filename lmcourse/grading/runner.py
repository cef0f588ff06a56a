"""Run a student's notebook in a fresh process, past failing cells, and check what it defines.

    python -m lmcourse.grading.runner JOB.json RESULT.json

is the process itself; `run` starts it. It is for the student's own machine: nothing is isolated.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmcourse.grading.assignment import Assignment
from lmcourse.grading.course import RUNNING, GradingError
from lmcourse.grading.local import LAST_RESORT, OutOfTime, quiet, time_limit
from lmcourse.grading.raised import defined_in, stopped_at, told_of
from lmcourse.grading.report import Report


@dataclass(frozen=True)
class Run:
    """What running a notebook brought."""

    reports: list[Report]
    failures: list[str]  # one line for each cell that did not run through


def run(
    steps: list[tuple[str, str]], assignment: str, exercises: list[str], folder: Path, seconds: float = 120.0
) -> Run:
    """Execute code cells in a fresh process in `folder`, and run the public checks of `exercises` where the
    notebook has their tests, so that what a later cell redefines changes no earlier exercise.

    Args:
        steps: in order, each `("run", source)` of a code cell or `("check", exercise)`; exercises that are
            not among them are checked at the end.
        assignment: its name.
        exercises: their names; all if empty. ValueError (GradingError) at one that does not exist.
        folder: the working directory, where the notebook lies.
        seconds: of computing allowed for the cells, as `time_limit` counts; each exercise's checks have a
            limit of their own.
    """
    with tempfile.TemporaryDirectory() as scratch:
        job, result = Path(scratch) / "job.json", Path(scratch) / "result.json"
        job.write_text(
            json.dumps(
                {"steps": steps, "assignment": assignment, "exercises": exercises, "seconds": seconds}
            ),
            encoding="utf-8",
        )
        environment = {
            **os.environ,
            "IPYTHONDIR": scratch,
            "MPLBACKEND": "Agg",
            "PYTHONIOENCODING": "utf-8",
            RUNNING: "1",
        }
        most = LAST_RESORT * seconds + 240
        try:
            process = subprocess.run(
                [sys.executable, "-m", "lmcourse.grading.runner", str(job), str(result)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=most,
            )
        except subprocess.TimeoutExpired:
            raise GradingError(
                f"the notebook did not end within {most:g} s and could not be interrupted"
            ) from None
        if not result.exists():
            raise GradingError(f"the notebook ended its Python process (exit status {process.returncode})")
        said = json.loads(result.read_text(encoding="utf-8"))
    return Run([Report.from_json(report) for report in said["reports"]], said["failures"])


def main(job_path: str, result_path: str) -> None:
    """The fresh process: read the job, run cells and checks, write the result."""
    from IPython.core.interactiveshell import InteractiveShell  # here: only the fresh process needs it
    from traitlets.config import Config

    job = json.loads(Path(job_path).read_text(encoding="utf-8"))
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    failures: list[str] = []
    with quiet():
        shell = InteractiveShell.instance(config=config)
    sys.path.insert(0, os.getcwd())
    assignment, reports, left = Assignment(job["assignment"], shell.user_ns), {}, job["seconds"]
    wanted = job["exercises"] or assignment.exercises
    for kind, what in job["steps"] + [("check", exercise) for exercise in wanted]:
        if kind == "check" and what in wanted and what not in reports:
            reports[what] = assignment.report(what).as_json()
        elif kind == "run" and left > 0:
            begun = time.thread_time()
            try:
                failures += _failure(what, shell, left, assignment.stopped)
                left -= time.thread_time() - begun
            except OutOfTime:
                failures.append(
                    f"{first_line(what)} still ran after {job['seconds']:g} s; cells behind it were not run"
                )
                left = 0
    reports = [reports[exercise] for exercise in wanted]
    Path(result_path).write_text(json.dumps({"reports": reports, "failures": failures}), encoding="utf-8")


def _failure(source: str, shell: Any, seconds: float, stopped: dict[str, str]) -> list[str]:
    """Run a cell; one line on what stopped it, if anything did, which `stopped` keeps for each of the
    functions that the cell defines. Raises OutOfTime.
    """
    with quiet(), time_limit(seconds):
        outcome = shell.run_cell(source, store_history=False)
    error = outcome.error_before_exec or outcome.error_in_exec
    if isinstance(error, OutOfTime):
        raise error
    names = defined_in(source)
    for name in names:
        stopped.pop(name, None)
    if not error:
        return []
    line = _line(error, shell.user_ns)
    stopped.update(dict.fromkeys(names, stopped_at(source, error, line)))
    if isinstance(error, SyntaxError) and names:
        return [f"the cell that defines `{names[0]}`: {stopped[names[0]]}"]
    return [f"{_place(source, line)} {type(error).__name__}: {told_of(error)}"]


def _line(error: BaseException, namespace: dict) -> int:
    """The line of the cell that failed, from 1; 0 if it is not known."""
    number, trace = (
        getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None,
        error.__traceback__,
    )
    while number is None and trace is not None:
        if trace.tb_frame.f_globals is namespace:
            number = trace.tb_lineno
        trace = trace.tb_next
    return number or 0


def _place(source: str, number: int) -> str:
    """How a failure is named in a message: by the cell's line that failed, where that is known."""
    lines = source.splitlines()
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    return f"the line `{line[:60]}`:" if line else first_line(source)


def first_line(source: str) -> str:
    """How a cell is named in a message: by its first line of code."""
    lines = [line for line in source.splitlines() if line.strip() and not line.startswith("#")]
    return f"the cell `{(lines or [''])[0][:60]}`:"


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # a thread the notebook left behind must not keep this process alive
