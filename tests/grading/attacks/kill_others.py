"""Kill whatever can be named: everybody, the parent, the group, process 1, a thousand numbers."""

# honest: typical
# %% extra
import ctypes
import os
import signal

for number in (-1, 0, os.getppid(), 1, *range(2, 1000)):
    for sign in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        if number not in (0, os.getpid()):
            try:
                os.kill(number, sign)
            except OSError:
                pass
try:
    os.killpg(0, signal.SIGKILL)
except OSError:
    pass
ctypes.CDLL(None).syscall(424, -1, signal.SIGKILL, 0, 0)  # pidfd_send_signal
