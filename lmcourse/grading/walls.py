"""The walls of the sandbox: what a program in it can see.

Bubblewrap gives it a file system with nothing in it but Python, the libraries and what every student has: no
home, no course folder, no checks, no other student, no network.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lmcourse.data import cache_dir
from lmcourse.files import course_file
from lmcourse.grading.confine import USER
from lmcourse.grading.course import RUNNING, GradingError
from lmcourse.grading.loan import RUNTIME

HERE = Path(__file__).resolve().parents[1]  # the course's package
EXCHANGE = "/usr/local/share/nbgrader"
MISSING = (
    "students' code runs in bubblewrap only, and there is no `bwrap` on this machine: install the package "
    "`bubblewrap` (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap). Only if you "
    "trust every student, or on a machine that holds nothing else, grade without it: --unsafe"
)


class NoSandbox(GradingError):
    """No sandbox can be had on this machine; the message says what to do about it."""


def environment() -> dict[str, str]:
    """The few variables that reach students' code."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": scratch(),
        "TMPDIR": scratch(),
        "IPYTHONDIR": f"{scratch()}/.ipython",
        "MPLCONFIGDIR": f"{scratch()}/.matplotlib",
        "MPLBACKEND": "Agg",
        "LANG": "C.UTF-8",
        "LMCOURSE_CACHE": str(cache_dir()),
        RUNNING: "1",
        **dict.fromkeys(threads, "1"),  # one submission has one core; and threads do not survive a fork
    }


def bubblewrap(users: int) -> list[str]:
    """The command that shuts a program in; NoSandbox if there is no bubblewrap.

    Args:
        users: a descriptor with the contents of /etc/passwd, which some libraries look into.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise NoSandbox(MISSING)
    spaces = ("pid", "ipc", "net", "uts", "cgroup-try")
    command = [program, *(f"--unshare-{space}" for space in spaces)]
    if os.getuid() == 0:  # the warm process becomes another user for each submission, and may do nothing else
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user"]
    command += ["--tmpfs", "/tmp"]  # first, for the checkout itself may be in there
    shown = visible()
    made = [*shown, *runtime(), Path("/etc/passwd")]
    folders = sorted({parent for path in made for parent in path.parents})
    for folder in folders:
        if folder != Path("/") and not any(folder == path or path in folder.parents for path in shown):
            command += ["--perms", "0755", "--dir", str(folder)]  # bubblewrap would make them for root alone
    for path in shown:
        command += ["--ro-bind-try", str(path), str(path)]
    command += _own(folders)
    command += [
        "--perms",
        "0644",
        "--ro-bind-data",
        str(users),
        "/etc/passwd",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
    ]
    if Path(EXCHANGE).exists():  # nbgrader's default one lies in /usr
        command += ["--tmpfs", EXCHANGE]
    if scratch() != "/tmp":
        command += ["--perms", "0755", "--tmpfs", scratch(), "--remount-ro", "/tmp"]
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    return [*command, "--hostname", "sandbox", "--"]


def _own(folders: list[Path]) -> list[str]:
    """Arguments that show, of the course's package, `runtime` alone."""
    command = ["--perms", "0755", "--tmpfs", str(HERE)]  # over the package, if it is in what is shown
    for folder in folders:
        if HERE in folder.parents:
            command += ["--perms", "0755", "--dir", str(folder)]
    for path in runtime():
        command += ["--ro-bind", str(path), str(path)]
    command += ["--remount-ro", str(HERE)]
    return command


def scratch() -> str:
    """The folder to work in: /tmp, unless something that must be seen lies in there."""
    return "/scratch" if any(Path("/tmp") in path.parents for path in [*visible(), HERE]) else "/tmp"


def visible() -> list[Path]:
    """What students' code can see of the file system: programs, libraries, Python, and what students have."""
    system = [
        "/usr",
        "/bin",
        "/lib",
        "/lib32",
        "/lib64",
        "/etc/ld.so.cache",
        "/etc/alternatives",
        "/etc/fonts",
    ]
    python = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    ours = [*sorted(python), cache_dir()]
    home = Path(os.path.expanduser("~")).resolve()  # there is none where the user has no name
    private = [home, *([HERE.parent] if (HERE.parent / "solutions").exists() else [])]
    for path in ours:
        if any(path == secret or path in secret.parents for secret in private):
            raise NoSandbox(f"{path} would be shown to students' code whole; use a virtual environment")
    return [*map(Path, system), *ours]


def runtime() -> list[Path]:
    """Of the course's package only the files that run students' code, and the list of the texts. The rest
    would be the solutions of many an exercise; what an assignment may use is handed over (`shelf`).
    """
    paths = [HERE.joinpath(*module.split(".")[1:]) for module in RUNTIME]
    files = [path / "__init__.py" if path.is_dir() else path.with_suffix(".py") for path in paths]
    return [*files, course_file("requirements-data.txt").resolve()]


@contextmanager
def passwd() -> Iterator[int]:
    """A descriptor to read an /etc/passwd with one user from."""
    reader, writer = os.pipe()
    os.write(writer, f"student:x:{USER}:{USER}::/tmp:/bin/sh\n".encode())
    os.close(writer)
    try:
        yield reader
    finally:
        os.close(reader)
