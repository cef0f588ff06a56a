"""JavaScript of the widgets, run by deno: what needs no page is tested without a browser."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import needed
import pytest

from lmcourse.widgets.base import HERE


@pytest.fixture(scope="session")
def deno(tmp_path_factory) -> Callable[..., Any]:
    """A function that runs a script beside the widgets' files and returns what its `run` returns.

    The script is the text of a module with `export async function run(given)`; it may read files, and reach
    nothing else.
    """
    executable = Path(sys.executable).with_name("deno")
    if not executable.exists():
        needed.missing("the JavaScript of the real model; `make test` installs deno")
    folder = tmp_path_factory.mktemp("deno")

    def run(script: str, **given: Any) -> Any:
        main = folder / "main.js"
        main.write_text(
            script.replace('from "./', f'from "{HERE.as_uri()}/')
            + "\nconst given = JSON.parse(await new Response(Deno.stdin.readable).text());"
            + "\nconsole.log(JSON.stringify(await run(given)));",
            encoding="utf-8",
        )
        command = [executable, "run", "--quiet", "--no-remote", "--no-check", "--allow-read", main]
        done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
