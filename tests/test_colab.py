"""What only Colab can break: ipywidgets 7, and only what the package asks for, the package from its wheel.

That all pages print what they keep, in their time, is shown by their one execution (tests/test_kept.py). Here
the assignments and a light page of each chapter run to their end; what the other pages import is imported,
and each widget is shown.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from samples import SAMPLES

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import cache  # noqa: E402

ASSIGNMENTS = sorted(ROOT.glob("notebooks/assignments/*/*.ipynb"))
# Pages that take seconds; of a chapter that is not named, the first.
LIGHT = {
    "01_language_models": ["words"],
    "02_information_theory": ["compression"],
    "03_ngrams": ["smoothing"],
    "04_neural": ["seq2seq"],
    "05_transformers": ["live", "masks"],
}
PAGES = [path for path in cache.pages() if path.suffix == ".ipynb"]  # the front page is not opened there
CHAPTERS = {path.parent: path for path in reversed(PAGES)}
WHOLE = [f / f"{name}.ipynb" for f, first in CHAPTERS.items() for name in LIGHT.get(f.name, [first.stem])]

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
    # What is imported will be compiled; to compile all of torch takes longer than the tests.
    install = ["-m", "pip", "-q", "--disable-pip-version-check", "install", "--no-compile", "-c", pins]
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


def run(colab, notebook, folder, torch=True):
    """Run a notebook there, and compare what it keeps. Fails with what is said of each bad cell."""
    python, env = colab
    if not torch:
        env = env | {"PYTHONPATH": f"{without_torch(folder)}:{env['PYTHONPATH']}"}
    nbformat.write(notebook, folder / "page.ipynb")
    done = subprocess.run(
        [python, *NBVAL, "page.ipynb"], env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout.decode()[-5000:]


@pytest.mark.parametrize("path", [*WHOLE, *ASSIGNMENTS], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_notebook_runs_there_to_its_end(path, colab, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    if any("lmcourse.widgets" in cell.source for cell in notebook.cells):
        notebook.cells.append(new_code_cell(SWITCHED_ON))
    run(colab, notebook, tmp_path, torch=not needs_no_torch(path))


def import_statements(source):
    """The statements of some Python that import something, each as a line."""
    nodes = ast.walk(ast.parse(source))
    return [ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]


def imports_of(page):
    """A cell with all that the cells of a page import."""
    code = [cell.source for cell in cache.read(page).cells if cell.cell_type == "code"]
    lines = [line for cell in code for line in import_statements(cache.without_magics(cell))]
    return new_code_cell("\n".join([f"# {page.relative_to(ROOT)}", *lines]))


FOUND = """
from importlib.util import find_spec

missing = [name for name in {} if find_spec(name) is None]
assert not missing, missing
"""


def test_whatever_pages_import_is_there(colab, tmp_path):
    """Also what the package imports for them later, inside of a function."""
    cells = [imports_of(page) for page in PAGES]
    names = {name for cell in cells for name in cache.imported(cell.source)}
    package = [path.read_text(encoding="utf-8") for path in cache.modules(names, ROOT)]
    assert len(package) > 100
    tops = {name.partition(".")[0] for text in package for name in cache.imported(text)}
    run(colab, new_notebook(cells=[*cells, new_code_cell(FOUND.format(sorted(tops)))]), tmp_path)


SHOWN = """
with capture_output() as shown:
    display(SAMPLES[{!r}]())
assert any("application/vnd.jupyter.widget-view+json" in output.data for output in shown.outputs)
"""


def test_every_widget_is_shown_there(colab, tmp_path):
    (tmp_path / "samples.py").write_bytes((ROOT / "tests/samples.py").read_bytes())
    first = "from IPython.utils.capture import capture_output\nfrom samples import SAMPLES"
    cells = [new_code_cell(source) for source in [first, *map(SHOWN.format, SAMPLES), SWITCHED_ON]]
    run(colab, new_notebook(cells=cells), tmp_path)


def needs_no_torch(path):
    """Whether it is a page or an assignment of chapters 1 to 3 that does not ask the real model."""
    chapter = path.relative_to(ROOT / "notebooks").as_posix().removeprefix("assignments/")[:2]
    return chapter < "04" and "lmcourse.pretrained" not in path.read_text(encoding="utf-8")


def without_torch(folder):
    """A folder for PYTHONPATH that makes torch one that is not installed."""
    package = folder / "no torch" / "torch"
    package.mkdir(parents=True)
    told = "No module named 'torch'"
    (package / "__init__.py").write_text(f"raise ModuleNotFoundError({told!r}, name='torch')\n")
    return package.parent


def test_what_the_first_three_chapters_import_needs_no_torch(colab, tmp_path):
    """And where their pages run in whole, torch cannot be imported either."""
    early = [path for path in [*PAGES, *ASSIGNMENTS] if path.parent.name[:2] < "04"]
    free = [path for path in early if needs_no_torch(path)]
    assert len(early) - len(free) <= 2
    cells = [imports_of(path) for path in free]
    refused = "import pytest\n\nwith pytest.raises(ModuleNotFoundError, match=\"'torch'\"):\n    import torch"
    run(colab, new_notebook(cells=[*cells, new_code_cell(refused)]), tmp_path, torch=False)
