"""Threads that compute for ever beside an honest answer, and one that keeps the lock of the interpreter."""

# honest: typical
# %% extra
import threading


def busy():
    while True:
        pass


for _ in range(3):
    threading.Thread(target=busy, daemon=False).start()
