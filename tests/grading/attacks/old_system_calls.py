"""Use the numbers of 32-bit system calls, which a careless filter does not know. It costs the process."""

# honest: typical
# says: SIGSYS
# %% extra
import ctypes

ctypes.CDLL(None).syscall(0x40000000 + 41, 2, 1, 0)  # socket, x32
