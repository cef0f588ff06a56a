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
    command = [
        program,
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]
    if os.getuid() == 0:  # the warm process becomes another user for each submission, and may do nothing else
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user"]
    command += ["--tmpfs", "/tmp"]  # first, for the checkout itself may be in there
    shown = visible()
    for parent in sorted({parent for path in [*shown, Path("/etc/passwd")] for parent in path.parents}):
        if parent != Path("/") and not any(parent == path or path in parent.parents for path in shown):
            command += ["--perms", "0755", "--dir", str(parent)]  # bubblewrap would make them for root alone
    for path in shown:
        command += ["--ro-bind-try", str(path), str(path)]
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


def scratch() -> str:
    """The folder to work in: /tmp, unless something that must be seen lies in there."""
    return "/scratch" if any(Path("/tmp") in path.parents for path in visible()) else "/tmp"


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
    package = Path(__file__).resolve().parents[1]
    python = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    ours = [*sorted(python), package, course_file("notebooks/assignments").resolve(), cache_dir()]
    home = Path(os.path.expanduser("~")).resolve()  # there is none where the user has no name
    private = [home, *([package.parent] if (package.parent / "solutions").exists() else [])]
    for path in ours:
        if any(path == secret or path in secret.parents for secret in private):
            raise NoSandbox(f"{path} would be shown to students' code whole; use a virtual environment")
    return [*map(Path, system), *ours]


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
