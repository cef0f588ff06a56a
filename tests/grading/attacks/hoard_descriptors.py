"""Open as many files, terminals and pipes as there are, and lock files that everybody can see."""

# honest: typical
# %% extra
import fcntl
import os

kept = []
for make in (os.openpty, os.pipe, lambda: os.open("/dev/null", 0), lambda: os.eventfd(0)):
    try:
        for _ in range(60):
            kept.append(make())
    except OSError:
        pass
for path in ("/usr/bin/env", np.__file__, "@REPO@/lmcourse/__init__.py"):
    try:
        fcntl.flock(open(path), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pass
