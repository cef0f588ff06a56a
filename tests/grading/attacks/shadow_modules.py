"""Put modules of the same names into the way: in the working folder, on sys.path, in sys.modules."""

# honest: typical
# %% extra
import os
import sys
import types

code = "open('@MARKS@/shadow', 'w').write('imported')\n"
os.makedirs("lmcourse/grading", exist_ok=True)
for name in (
    "numpy.py",
    "json.py",
    "sitecustomize.py",
    "usercustomize.py",
    "socket.py",
    "lmcourse/__init__.py",
    "lmcourse/grading/__init__.py",
    "lmcourse/grading/checks.py",
):
    with open(name, "w") as file:
        file.write(code)
sys.path[:0] = ["", "/tmp"]
os.environ["PYTHONPATH"] = os.environ["PYTHONSTARTUP"] = "/tmp"
fake = types.ModuleType("lmcourse.grading.checks")
fake.expect = lambda *_: None
sys.modules["lmcourse.grading.checks"] = sys.modules["lmcourse.grading.values"] = fake
