"""The notebooks as on Colab: no repository, ipywidgets 7, the package from its wheel.

They run, print what was committed with them, and take no longer than they may.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted([*ROOT.glob("notebooks/[0-9]*/*.ipynb"), *ROOT.glob("notebooks/assignments/*/*.ipynb")])

STAND_IN = {
    "google/__init__.py": "",
    "google/colab/__init__.py": "from . import output\n",
    "google/colab/output.py": """
from types import SimpleNamespace

enabled = []
_widgets = SimpleNamespace(_installed_url="https://widgets.invalid")  # anywidget asks for it


def enable_custom_widget_manager():
    enabled.append(True)
""",
    # On Colab the module is there before the first cell runs.
    "ipython/profile_default/startup/colab.py": "import google.colab\n",
}

# Showing a widget must have switched on Colab's custom widget manager.
SWITCHED_ON = "from google.colab import output\nassert output.enabled"
NBVAL = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env"]

# Seconds of one core that a notebook may take, its kernel's start included: it is time that was worked, not
# waited. Yet a core works longer on the same where others share its caches and memory, as they do while the
# parts of the tests run side by side: up to twice as long, as far as was seen.
BUDGET = 60
SHARED = 2


@pytest.fixture(scope="session")
def colab(tmp_path_factory):
    """A clean environment like Colab's: (python, environment variables)."""
    folder = tmp_path_factory.mktemp("colab")
    wheels = folder / "wheels"
    quiet = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*quiet, "wheel", "--no-deps", "--no-build-isolation", "-w", wheels, ROOT], check=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    # The course's own versions, but for the widgets: a new one elsewhere must not change what is compared.
    pins = folder / "pins.txt"
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins.write_text("\n".join(line for line in lines if "widgets" not in line), encoding="utf-8")
    (wheel,) = wheels.glob("lmcourse-*.whl")
    packages = ["ipywidgets==7.7.1", "ipykernel", "nbval", f"{wheel}[neural]"]  # Colab has a torch
    install = ["-m", "pip", "-q", "--disable-pip-version-check", "install", "-c", pins]
    subprocess.run([python, *install, *packages], check=True)
    for name, text in STAND_IN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    env = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("PYTHON", "VIRTUAL_ENV", "IPYTHON", "JUPYTER"))
    }
    env |= {
        "PYTHONPATH": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "PATH": f"{python.parent}:{env['PATH']}",
    }
    return python, env


def test_the_environment_is_not_the_repositorys(colab, tmp_path):
    python, env = colab
    code = "import ipywidgets, lmcourse; print(ipywidgets.__version__, lmcourse.__file__)"
    said = subprocess.run(
        [python, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    version, where = said.split()
    assert version == "7.7.1"
    assert str(ROOT / "lmcourse") not in where


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_notebook_runs_alone_and_prints_what_it_keeps_in_its_time(path, colab, tmp_path, record_property):
    python, env = colab
    notebook = nbformat.read(path, as_version=4)
    if needs_no_torch(path, notebook):
        env = env | {"PYTHONPATH": f"{without_torch(tmp_path)}:{env['PYTHONPATH']}"}
    if any("lmcourse.widgets" in cell.source for cell in notebook.cells):
        notebook.cells.append(nbformat.v4.new_code_cell(SWITCHED_ON))
    nbformat.write(notebook, tmp_path / path.name)
    before = processor_seconds()
    run = subprocess.run(
        [python, *NBVAL, path.name], env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    spent = processor_seconds() - before
    record_property("processor_seconds", f"{spent:.1f}")
    assert run.returncode == 0, run.stdout.decode()[-5000:]
    assert spent < BUDGET * SHARED, (
        f"{path.relative_to(ROOT)} takes {spent:.0f} s of one core, and may take {BUDGET} of a quiet one"
    )


def needs_no_torch(path, notebook):
    """Whether it is a page or an assignment of chapters 1 to 3 that does not ask the real model."""
    asks = any("lmcourse.pretrained" in cell.source for cell in notebook.cells)
    return (
        path.relative_to(ROOT / "notebooks").as_posix().removeprefix("assignments/")[:2] < "04" and not asks
    )


def without_torch(folder):
    """A folder for PYTHONPATH that makes torch one that is not installed."""
    package = folder / "no torch" / "torch"
    package.mkdir(parents=True)
    told = "No module named 'torch'"
    (package / "__init__.py").write_text(f"raise ModuleNotFoundError({told!r}, name='torch')\n")
    return package.parent


def test_most_of_the_first_three_chapters_run_without_torch(tmp_path):
    """And where they do, torch cannot be imported."""
    free = [path for path in NOTEBOOKS if needs_no_torch(path, nbformat.read(path, as_version=4))]
    early = [path for path in NOTEBOOKS if path.parent.name[:2] < "04"]
    assert len(early) - len(free) <= 2
    env = {**os.environ, "PYTHONPATH": str(without_torch(tmp_path))}
    done = subprocess.run([sys.executable, "-c", "import torch"], env=env, capture_output=True, text=True)
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'torch'\n")


def processor_seconds():
    """Seconds that this process's children have worked, and theirs, of those that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
