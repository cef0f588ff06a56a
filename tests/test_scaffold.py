"""What `tools/new.py` lays out is green at once, and what it cannot lay out it leaves alone."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import needed
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
NEW = {
    "section": "03_ngrams/try_section",
    "assignment": "03z-try-assignment",
    "widget": "try_widget",
    "experiment": "try_experiment",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the repository, with this environment."""
    folder = tmp_path_factory.mktemp("scaffold") / "course"
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()]
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", *ignored))
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / ".stamps").mkdir()
    (folder / ".stamps" / "environment").touch()
    return folder


def run(course, *command):
    """Run a command in the copy; returns its exit status and what it said."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    env |= {"PYTHONPATH": str(course), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=course, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode()


def passed(course, *arguments):
    """How many tests of the copy passed; none may fail."""
    status, said = run(course, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments)
    assert status == 0, said[-5000:]
    return int((re.search(r"(\d+) passed", said) or [0, 0])[1])


@pytest.fixture(scope="module")
def laid_out(course):
    """The copy with one new thing of each kind, and what was said of each."""
    said = {}
    for kind, name in NEW.items():
        status, said[kind] = run(course, "make", f"new-{kind}", f"NAME={name}")
        assert status == 0, said[kind]
    return course, said


def test_all_is_in_committed_form(laid_out):
    status, said = run(laid_out[0], "make", "lint")
    assert status == 0, said


def test_what_was_made_is_named_and_no_placeholder_is_left(laid_out):
    course, said = laid_out
    for kind, text in said.items():
        paths = [course / line for line in text.splitlines() if re.fullmatch(r"\S+/\S+\.\w+", line)]
        assert len(paths) == {"section": 1, "assignment": 4, "widget": 5, "experiment": 3}[kind]
        for path in paths:
            assert not re.search(r"new.?name|00.new|ssignment 0", path.read_text(encoding="utf-8"), re.I)


def test_the_contents_name_the_new_pages(laid_out):
    toc = yaml.safe_load((laid_out[0] / "_toc.yml").read_text(encoding="utf-8"))
    chapter = next(part["chapters"] for part in toc["parts"] if part["caption"] == "3. n-gram models")
    pages = [page["file"].rpartition("/")[2] for page in chapter]
    assert pages.index("try_section") + 1 == pages.index("summary")
    assert chapter[-1] == {
        "file": "notebooks/assignments/03z-try-assignment/try-assignment",
        "title": "Assignment 3z",
    }
    tests = ["tests/test_book.py", "tests/test_course_map.py"]
    assert passed(laid_out[0], *tests, "-k", "contents or page_names or description")


def commands(said):
    """The arguments of pytest in the commands that were named."""
    found = re.findall(r"^  \.venv/bin/python -m pytest (.*)$", said, re.MULTILINE)
    return [arguments.split() for arguments in found]


def test_the_tests_that_concern_a_section_are_named(laid_out):
    course, said = laid_out
    (of_the_form,) = commands(said["section"])
    assert passed(course, *of_the_form) > 50
    (check,) = re.findall(r"^  \.venv/bin/python (tools/pages.*)$", said["section"], re.MULTILINE)
    status, text = run(course, sys.executable, *check.split())
    assert (status, text.splitlines()[0]) == (0, "Pages to execute: 1 of 1")


def test_a_section_is_executed_and_described(laid_out):
    cells = nbformat.read(laid_out[0] / "notebooks/03_ngrams/try_section.ipynb", as_version=4).cells
    assert cells[0].source.startswith("# Try section\n")
    kept = [cell for cell in cells if "keep_output" in cell.metadata.get("tags", [])]
    assert all("different ones after" in cell.outputs[0].text for cell in kept)
    figures = [cell for cell in cells if "plt.subplots" in cell.source]
    assert all(len(cell.metadata.mystnb.image.alt) > 40 for cell in figures)
    assert kept
    assert figures


def test_an_assignment_passes_what_every_assignment_owes(laid_out):
    course, said = laid_out
    released = "notebooks/assignments/{}/{}.ipynb"
    made, other = (
        nbformat.read(course / released.format(*names), as_version=4)
        for names in [("03z-try-assignment", "try-assignment"), ("03-ngrams", "ngrams")]
    )
    assert made.metadata == other.metadata  # the book asks for the language
    slips = (course / "solutions/03z-try-assignment/checks.py").read_text(encoding="utf-8").count(".slip(")
    (command,) = commands(said["assignment"])
    assert "tests/assignments" in command
    *files, option, name = command
    assert "tests/grading/test_solutions.py" in files
    # the sandbox runs this repository's package, and the release was made a moment ago
    here = f"{name} and not earns_all_points and not up_to_date"
    assert passed(course, *files, option, here) > 25 + 5 * slips + 2 * 5


def test_one_assignment_is_released_alone(laid_out):
    status, said = run(laid_out[0], "make", "release", "NAME=03z-try-assignment")
    assert (status, said) == (
        0,
        "notebooks/assignments/03z-try-assignment; 1 graded exercises; 5 to 8 are usual\n",
    )


def test_an_experiment_is_that_of_its_command(laid_out):
    (command,) = commands(laid_out[1]["experiment"])
    assert passed(laid_out[0], *command) >= 3


def test_a_widget_computes_the_same_in_python_and_in_a_browser(laid_out):
    course, said = laid_out
    (command,) = commands(said["widget"])
    *in_python, test = command
    assert test == "tests/browser/test_try_widget_widget.py"
    assert passed(course, *in_python) > 40
    if not passed(course, test):
        needed.missing("a new widget in a browser, of which none is there")
    script = course / "lmcourse/widgets/try_widget.js"
    right = script.read_text(encoding="utf-8")
    script.write_text(right.replace("Math.log2(", "Math.log("), encoding="utf-8")
    broken = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test, "-k", "computes or slider"]
    status, said = run(course, *broken)
    script.write_text(right, encoding="utf-8")
    assert status == 1
    assert "2 failed" in said


# ---------- what cannot be laid out ----------


@pytest.fixture(scope="module")
def new(course):
    """The tool of the copy, as a module."""
    sys.path.insert(0, str(ROOT / "tools"))
    spec = importlib.util.spec_from_file_location("new", course / "tools" / "new.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def everything(course):
    """All files and folders of the copy."""
    paths = [path for path in course.rglob("*") if ".venv" not in path.parts]
    return {path: path.read_bytes() if path.is_file() else None for path in paths}


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("section", "", "NAME='' will not do; give one like NAME=03_ngrams/my_section"),
        ("section", "03_ngrams", "will not do"),
        ("section", "03_ngrams/My Page", "will not do"),
        ("section", "03_ngrams/counting", r"notebooks/03_ngrams/counting\.ipynb is there already"),
        (
            "section",
            "03_others/more",
            "3. n-gram models is in notebooks/03_ngrams, not in notebooks/03_others",
        ),
        ("section", "12_more/page", "no chapter 12: the course map in book/index.md has 8"),
        ("assignment", "ngrams", "give one like NAME=03b-caching"),
        ("assignment", "03-ngrams", r"solutions/03-ngrams/checks\.py is there already"),
        ("assignment", "19-risks", "there is no assignment 18 yet; the next one is"),
        ("widget", "tree", r"lmcourse/widgets/tree\.css is there already"),
        ("widget", "timings", r"tests/test_timings\.py is there already"),
        ("widget", "entropy_explorer", "there is a widget EntropyExplorer already"),
        ("widget", "slider", "has a class lmc-slider"),
        ("widget", "class", "'class' is a word of Python"),
        ("experiment", "copied_runs", r"lmcourse/experiments/copied_runs\.py is there already"),
    ],
)
def test_what_has_no_place_is_refused_and_nothing_is_touched(new, course, kind, name, said, capsys):
    before = everything(course)
    assert new.main([kind, name]) == 1
    assert re.search(said, capsys.readouterr().err)
    assert everything(course) == before


@pytest.mark.parametrize("kind", NEW)
def test_whatever_goes_wrong_nothing_half_written_is_left(new, course, kind, monkeypatch):
    def interrupted(paths):
        assert all(path.exists() for path in paths)
        raise KeyboardInterrupt

    monkeypatch.setattr(new, "tidy", interrupted)
    before = everything(course)
    with pytest.raises(KeyboardInterrupt):
        new.main([kind, NEW[kind].replace("try", "other").replace("03z", "03y")])
    assert everything(course) == before


TOC = """\
# The order of pages.
root: index
parts:
  - caption: Start here
    chapters:
      - file: book/students
  - caption: 1. Words
    chapters:
      - file: notebooks/01_words/words
  - caption: Teaching
    chapters:
      - file: book/instructors
"""


def test_a_new_chapter_comes_after_the_earlier_ones(new):
    page = "      - file: notebooks/02_counts/counting\n"
    toc = new.with_page(TOC, "2. Counts", page)
    assert toc.replace(f"  - caption: 2. Counts\n    chapters:\n{page}", "") == TOC
    captions = [part["caption"] for part in yaml.safe_load(toc)["parts"]]
    assert captions == ["Start here", "1. Words", "2. Counts", "Teaching"]
    first = new.with_page(TOC.replace("1. Words", "2. Words"), "1. First", page)
    assert [part["caption"] for part in yaml.safe_load(first)["parts"]][:3] == [
        "Start here",
        "1. First",
        "2. Words",
    ]
