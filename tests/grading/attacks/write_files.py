"""Leave something in start-up files, in the package, in the cache, in other people's work."""

# %% extra
import glob
import os
import site
import sys

code = "open('@MARKS@/started', 'w').write('started')\n"
places = [
    "@HOME@/.bashrc",
    "@HOME@/.profile",
    "@HOME@/.ipython/profile_default/startup/0.py",
    "@HOME@/.gitconfig",
    "@HOME@/.jupyter/jupyter_server_config.py",
    "@HOME@/.local/lib/python3.11/site-packages/x.pth",
    "@COURSE@/nbgrader_config.py",
    "@COURSE@/feedback/x.html",
    "@HANDED@/ada.ipynb",
    "@MARKS@/written",
]
inside = [
    "@CACHE@/new",
    "@CACHE@/shakespeare.txt",
    "@REPO@/lmcourse/grading/checks.py",
    "@REPO@/lmcourse/x.py",
    "@REPO@/notebooks/assignments/01-language-models/public_checks.py",
    "/usr/lib/x",
    "/etc/passwd",
    "/x",
    "@OWNER@/x",
    "@REPO@/x",
    "/dev/x",
    sys.executable,
    *(f"{p}/x.pth" for p in site.getsitepackages()),
]
inside += [f"{folder}/__pycache__/x.pyc" for folder in ("@REPO@/lmcourse", os.path.dirname(np.__file__))]
loot = []
for place in places + inside:
    for mode in ("a", "r+", "w"):
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, mode) as file:
                file.write(code)
            loot += [place] if place in inside else []
        except OSError:
            pass
    for change in (
        os.unlink,
        lambda p: os.chmod(p, 0o777),
        lambda p: os.rename(p, p + ".old"),
        os.utime,
        lambda p: os.truncate(p, 0),
        lambda p: os.symlink("/etc", p + "2"),
        lambda p: os.link(p, "/tmp/l"),
    ):
        try:
            change(place)
            loot += [place] if place in inside else []
        except OSError:
            pass


# %% chain_rule
def sequence_log_prob(*_):
    if loot:
        raise RuntimeError(f"LOOT: {loot}")
    return 1.0
