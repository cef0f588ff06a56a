"""Memory without end: lists, NumPy, anonymous maps; in a cell and in an exercise."""

# honest: typical
# %% extra
import mmap

kept = []
try:
    while True:
        kept.append(bytearray(100_000_000))
except MemoryError:
    kept.clear()
try:
    kept = [mmap.mmap(-1, 1 << 40)]
except (OSError, MemoryError):
    pass


# %% chain_rule
def sequence_log_prob(*_):
    hoard = []
    while True:
        hoard.append(np.ones(10_000_000))
