"""Run a command while no other of its kind runs in this checkout; who comes second says so and waits.

    python tools/alone.py .stamps/book.lock make built

The command keeps the lock, and the kernel gives it up however that ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None


def main(lock: str, *command: str) -> int:
    """Wait for the lock, then become the command; its exit status, where that cannot be."""
    if fcntl is None:
        return subprocess.call(command)
    Path(lock).parent.mkdir(parents=True, exist_ok=True)
    claim = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(
            f"Another make is at work in this folder ({Path(lock).stem}): waiting until it is done",
            flush=True,
        )
        fcntl.flock(claim, fcntl.LOCK_EX)
    os.set_inheritable(claim, True)
    os.execvp(command[0], command)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
