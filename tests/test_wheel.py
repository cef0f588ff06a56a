"""The installed package, from its wheel, on the oldest Python it is for and on newer ones.

Each Python has an environment of its own below `.stamps/`, filled once: what the package depends on, and
none of its extras. So all this is also what works without PyTorch and without nbgrader.
"""

import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lmcourse.grading.course import source_notebook
from lmcourse.grading.submission import submit

ROOT = Path(__file__).resolve().parent.parent
NAME = "01-language-models"
VERSIONS = ["3.10", "3.12", "3.13"]
PLACES = [Path.home() / ".pyenv/versions", Path.home() / ".local/share/uv/python"]
PLACES += [Path("/opt/hostedtoolcache/Python")]  # GitHub's machines


def interpreter(version):
    """A Python of this version that works, by its path; None if there is none."""
    found = [shutil.which(f"python{version}")]
    for place, below in itertools.product(PLACES, ("bin", "x64/bin")):
        found += sorted(place.glob(f"*{version}.*/{below}/python{version}"))
    for python in filter(None, found):
        code = "import ensurepip, ssl, sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([python, "-c", code], capture_output=True, text=True)
        if done.stdout.strip() == version:
            return python
    return None


@pytest.fixture(scope="module", params=VERSIONS)
def python(request, wheel):
    """A Python of this version that has the wheel: `python(*arguments)` runs it in a clean environment."""
    base = interpreter(request.param)
    if base is None:
        pytest.skip(f"NOT TESTED: the wheel on Python {request.param}, which is not on this machine")
    home = ROOT / ".stamps" / "pythons" / request.param
    program, stamp = home / "bin" / "python", home / "made-for"
    made_for = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(base).encode()).hexdigest()
    pip = [sys.executable, "-m", "pip", "--python", program, "-q", "--disable-pip-version-check", "install"]
    if not stamp.exists() or stamp.read_text() != made_for:
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([base, "-m", "venv", home], check=True)
        subprocess.run([*pip, "--no-compile", wheel], check=True)
        stamp.write_text(made_for)
    subprocess.run([*pip, "--no-deps", "--no-index", "--force-reinstall", wheel], check=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_"))}

    def run(*arguments, cwd, **env):
        return subprocess.run(
            [program, *arguments], env=clean | env, cwd=cwd, capture_output=True, encoding="utf-8"
        )

    return run


# Every module, and what those that cannot be imported are missing.
IMPORT_ALL = """
import importlib, pkgutil, lmcourse

missing = set()
for module in pkgutil.walk_packages(lmcourse.__path__, "lmcourse."):
    try:
        module.name.endswith("__main__") or importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing.add(error.name)
print(lmcourse.__file__, *sorted(missing), sep="\\n")
"""


def test_every_module_can_be_imported_but_for_those_of_the_extras(python, tmp_path):
    done = python("-c", IMPORT_ALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    where, *missing = done.stdout.splitlines()
    assert ".stamps" in where  # not the checkout
    assert missing == ["cloudpickle", "sqlalchemy", "torch"]


def test_check_and_submit(python, tmp_path):
    shutil.copy(source_notebook(NAME), tmp_path / "mine.ipynb")
    done = python("-m", "lmcourse", "check", "mine.ipynb", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n7 of 7 graded exercises pass all their public checks\n" in done.stdout
    done = python("-m", "lmcourse", "submit", "mine.ipynb", cwd=tmp_path)
    assert "wrote 01-language-models.zip: hand in this file" in done.stdout, done.stderr
    ours = submit(tmp_path / "mine.ipynb", output=tmp_path / "ours.zip").archive
    assert (tmp_path / "01-language-models.zip").read_bytes() == ours.read_bytes()


@pytest.mark.parametrize("arguments", [["grade", NAME, "."], ["export", NAME]], ids=lambda each: each[0])
def test_the_instructors_commands_say_what_to_install(python, tmp_path, arguments):
    done = python("-m", "lmcourse", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    told = (
        r"lmcourse: this needs \w+, which is not installed: pip install 'lmcourse\[grading\]'\. It also needs"
    )
    assert re.match(told, done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


FETCH = """
import sys
from lmcourse import cli, data

data.pins = lambda: {"sample": ("1.0", SHA256)}
data.WANTED = cli.WANTED = {"sample": data.Wanted("sample", "*.txt", 1, 5, DIGEST)}
sys.argv = ["lmcourse", "data", "sample"]
cli.main()
"""


def test_data_is_fetched_and_mended(python, tmp_path):
    """With the pip that this Python came with."""
    archive = tmp_path / "index" / "sample-1.0-py3-none-any.whl"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("sample/texts.txt", "to be")
        z.writestr("sample-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n")
        z.writestr(
            "sample-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        z.writestr("sample-1.0.dist-info/RECORD", "")
    digest = sha256(f"{sha256(b'to be')} texts.txt\n".encode())
    program = f"SHA256, DIGEST = {sha256(archive.read_bytes())!r}, {digest!r}{FETCH}"
    cache = tmp_path / "cache"
    (cache / "sample-1.0").mkdir(parents=True)
    (cache / "sample-1.0" / "texts.txt").write_text("to")
    env = {"LMCOURSE_CACHE": str(cache), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(archive.parent)}
    done = python("-c", program, cwd=tmp_path, **env)
    assert done.stdout.splitlines() == [
        "sample in the cache is damaged: 2 bytes in place of 5; fetching it again",
        f"sample-1.0: 1 files, 0.0 MB in {cache / 'sample-1.0'}",
    ], done.stderr
    assert done.returncode == 0
    assert (cache / "sample-1.0" / "texts.txt").read_text() == "to be"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


ROSTER = "student_id,name,lms_id,submitted_at\nada,Ada Lovelace,1001,2026-11-30 23:59 +01:00\n"
EXPORT = """
from pathlib import Path
from lmcourse.grading.lms import Roster, export_grades

print(export_grades("csv", {"ada": (3.5, 17.0, "")}, roster=Roster.read(Path("roster.csv"))).text, end="")
"""


def test_a_class_goes_through_an_lms(python, tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER)
    handed = tmp_path / "handed"
    handed.mkdir()
    shutil.copy(source_notebook(NAME), handed / "ada.ipynb")
    collect = ["collect", NAME, "handed", "--course", ".", "--roster", "roster.csv"]
    done = python("-m", "lmcourse", *collect, cwd=tmp_path)
    assert "\n1 collected, in " in done.stdout, done.stdout + done.stderr
    stamp = tmp_path / "submitted" / "ada" / NAME / "timestamp.txt"
    assert stamp.read_text() == "2026-11-30 22:59:00.000000 UTC"
    done = python("-c", EXPORT, cwd=tmp_path)
    assert done.stdout.splitlines()[1:] == ["ada,Ada Lovelace,,3.5,17,"], done.stderr
