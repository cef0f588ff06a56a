"""Functions that a check hands to a student's code: in a graded run there is nothing behind them.

In the notebook a check's function is the function itself, and from its closure one gets to whatever it uses:
the machine whose meter decides the grade of assignment 6, say. Who does that betrays nobody but themselves.
Where work is graded, the function is a stub that sends each call to the grader's process.
"""

import nbformat

from lmcourse.grading import course
from lmcourse.grading.course import release_notebook
from lmcourse.grading.exam import Exam
from lmcourse.grading.local import run_checks
from lmcourse.grading.pool import grade_all
from lmcourse.grading.worker import Job, Rules, digest_of

NAME, EXERCISE = "06-inference", "fast"
BEHIND = '''
def behind(function):
    """The machine that a function reads with, if it can be got at from here."""
    import gc

    waiting, seen = [function], set()
    while waiting:
        thing = waiting.pop()
        if hasattr(thing, "_run") and hasattr(thing, "milliseconds"):
            return thing
        if id(thing) in seen or len(seen) > 2000:
            continue
        seen.add(id(thing))
        waiting += [cell.cell_contents for cell in getattr(thing, "__closure__", None) or ()]
        names = ("__self__", "__func__", "__wrapped__")
        waiting += [getattr(thing, name) for name in names if hasattr(thing, name)]
        if callable(thing):
            waiting += [one for one in gc.get_referents(thing) if callable(one) or type(one) is tuple]
    return None


def write(read, prompts, n_tokens):
    machine, written = behind(read), []
    read([(0, 0, prompts[0])])
    for prompt in prompts:
        text, new = list(prompt), list(prompt)
        for _ in range(n_tokens):
            start = len(text) - len(new)
            new = (machine._run(0, start, new) if machine else read([(0, start, new)])[0])[-1:]
            text += new
        written.append(text[len(prompt) :])
    return written
'''


def handed_in(source):
    """The released notebook with one exercise done, as bytes."""
    notebook = nbformat.read(release_notebook(NAME), as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == EXERCISE:
            cell.source = source
    return nbformat.writes(notebook).encode()


def test_in_the_notebook_the_machine_is_behind_the_function():
    """The attack works where it can: else the other test shows nothing."""
    namespace = {}
    exec(BEHIND, namespace)
    checks = [check for check in course.load_checks(NAME) if check.exercise == EXERCISE]
    assert [outcome.score for outcome in run_checks(checks, namespace, 3)] == [1.0] * len(checks)


def test_in_a_graded_run_nothing_is_behind_it(bubblewrap):  # noqa: ARG001
    """What is earned is what reading text by text earns: the same text, and three times as fast."""
    data = handed_in(BEHIND)
    (graded,) = grade_all([Job("eve", "eve.ipynb", data, digest_of(data))], Rules(Exam.of(NAME), seed=3), 1)
    (report,) = (one for one in graded.result.reports if one.exercise == EXERCISE)
    assert [outcome.score for outcome in report.outcomes] == [1, 1, 0, 0, 0]
    assert graded.result.points == 0.67  # of 2: a third, for both public checks
