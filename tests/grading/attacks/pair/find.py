"""Look for what an accomplice, graded earlier by the same worker, may have left."""

# %% extra
import ctypes
import glob
import os
import socket
import sys

found = (
    glob.glob("/**/left", recursive=False) + glob.glob("/*/left") + glob.glob("/dev/*/left") + glob.glob("*")
)
for number in range(300):
    try:
        found += [f"descriptor {number}"] if b"LEFT" in os.pread(number, 1 << 20, 0) else []
    except OSError:
        pass
libc = ctypes.CDLL(None)
if libc.shmget(4242, 4096, 0) >= 0:
    found.append("shared memory")
if libc.syscall(240, b"left", 0, 0, 0) >= 0:
    found.append("a message queue")
if libc.syscall(249, b"user", b"left", 0, 0) >= 0:
    found.append("a key")
if "LEFT" in os.uname().nodename or "LEFT" in os.environ:
    found.append("a name")
import lmcourse

if hasattr(lmcourse, "left") or hasattr(sys.modules["__main__"], "left"):
    found.append("a module")
try:
    line = socket.socket(socket.AF_UNIX)
    line.connect("\0left")
    found.append("a socket")
except OSError:
    pass
if found:
    raise RuntimeError(f"LOOT: {found}")
