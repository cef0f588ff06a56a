"""The notebooks run as on Colab: no repository, ipywidgets 7, the package from its wheel."""

import os
import subprocess
import sys
from pathlib import Path

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

EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient

path, check_widgets = sys.argv[1], sys.argv[2] == "True"
notebook = nbformat.read(path, as_version=4)
if check_widgets:  # showing a widget must have switched on Colab's custom widget manager
    switched_on = "from google.colab import output\\nassert output.enabled"
    notebook.cells.append(nbformat.v4.new_code_cell(switched_on))
NotebookClient(notebook, timeout=600).execute()
"""


@pytest.fixture(scope="session")
def colab(tmp_path_factory):
    """A clean environment like Colab's: (python, environment variables)."""
    folder = tmp_path_factory.mktemp("colab")
    wheels = folder / "wheels"
    quiet = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*quiet, "wheel", "--no-deps", "--no-build-isolation", "-w", wheels, ROOT], check=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    packages = ["ipywidgets==7.7.1", "nbclient", "ipykernel", *wheels.glob("lmcourse-*.whl")]
    subprocess.run(
        [python, "-m", "pip", "-q", "--disable-pip-version-check", "install", *packages], check=True
    )
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs_alone(path, colab, tmp_path):
    python, env = colab
    copy = tmp_path / path.name
    copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "execute.py").write_text(EXECUTE)
    uses_widgets = "lmcourse.widgets" in path.read_text(encoding="utf-8")
    run = subprocess.run(
        [python, "execute.py", path.name, str(uses_widgets)],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
