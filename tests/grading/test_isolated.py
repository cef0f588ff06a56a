"""The isolated transport: the same checks and outcomes as in the student's own kernel, over a channel."""

import math
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from lmcourse.grading import sandbox as sandboxes
from lmcourse.grading.checks import (
    Check,
    CheckFailed,
    Score,
    StudentError,
    expect,
    expect_raises,
    with_answers,
)
from lmcourse.grading.confine import Limits
from lmcourse.grading.isolated import Times, examine
from lmcourse.grading.local import run_checks
from lmcourse.grading.sandbox import Sandbox
from lmcourse.grading.values import AsTensor

PATIENT = Times()
QUICK = Times(cell=2.0, checks=2.0, notebook=60.0)  # where a loop has to end


@pytest.fixture(scope="module")
def sandbox():
    box = Sandbox(["numpy"], Limits(memory=1_500_000_000))
    yield box
    box.close()


def code(source):
    return nbformat.v4.new_code_cell(source)


def test_cell(exercise):
    cell = code(f'assignment.check("{exercise}")')
    cell.metadata = {"nbgrader": {"grade": True, "grade_id": f"test_{exercise}", "solution": False}}
    return cell


test_cell.__test__ = False


def a_check(function, exercise="e", **options):
    return Check(exercise, function.__name__, "a title", function, **options)


def examined(sandbox, cells, *checks, times=PATIENT, seed=0):
    cells = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return examine(nbformat.v4.new_notebook(cells=cells), checks, seed, sandbox, times)


def messages(sandbox, source, *functions, **options):
    done = examined(sandbox, [source, test_cell("e")], *map(a_check, functions), **options)
    return [outcome.message for outcome in done.outcomes.values()]


def both(sandbox, source, function):
    """What a check says of the code here and there: it must be the same."""
    namespace = {}
    exec(source, namespace)
    (local,) = run_checks([a_check(function)], namespace, 0)
    (isolated,) = messages(sandbox, source, function)
    assert isolated.partition(" (line ")[0] == local.message.partition(" (line ")[0]
    return isolated


def equals(expected, *args, name="f"):
    def check(student):
        got = getattr(student, name)(*args)
        expect(type(got) is type(expected) and got == expected, f"got {got!r}")

    return check


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f = lambda: 3", 3),
        ("f = lambda: (1, [None, 2.5], {'a': True, 2: 'x'})", (1, [None, 2.5], {"a": True, 2: "x"})),
        ("import numpy as np\nf = lambda: np.float32(0.5)", 0.5),
        ("f = lambda: -10**30", -(10**30)),
        ("f = lambda: '\\ud800\\x00é'", "\ud800\x00é"),
        ("f = lambda: float('inf')", math.inf),
        ("class f(int): pass", 0),
    ],
)
def test_values_come_back_as_they_are(sandbox, source, expected):
    assert both(sandbox, source, equals(expected)) == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "there is no function f: run the cell that defines it, and keep its name"),
        ("f = 3", "there is no function f: run the cell that defines it, and keep its name"),
        ("def f(): return {1}", "f returned a set; wrap it in list(…) before you return it"),
        ("def f(): return object()", "f returned a object; expected plain numbers, text, lists or arrays"),
        ("def f():\n    raise NotImplementedError", "not written yet: put your code where"),
        ("def f():\n    raise SystemExit(3)", "your code raised SystemExit: 3"),
        ("f = lambda x: x", "your code raised TypeError: <lambda>() missing 1 required positional argument"),
        ("def f():\n    x = []\n    x.append(x)\n    return x", "contains itself"),
    ],
)
def test_what_goes_wrong_is_told_in_the_same_words(sandbox, source, said):
    assert said in both(sandbox, source, lambda student: student.f())


def test_an_exception_is_told_with_the_students_line(sandbox):
    source = "def f(x):\n    y = x - 1\n    return 1 / y"
    assert messages(sandbox, source, lambda student: student.f(1)) == [
        "your code raised ZeroDivisionError: division by zero (line 3 of its cell: `return 1 / y`)"
    ]


def test_exceptions_can_be_wanted(sandbox):
    source = "class Odd(ValueError): pass\ndef f():\n    raise Odd('no')"
    assert both(sandbox, source, lambda s: expect_raises(s.f, "ValueError", "then")) == ""
    assert "raised Odd" in both(sandbox, source, lambda s: expect_raises(s.f, "KeyError", "then"))


def test_arrays_go_in_and_out(sandbox):
    def check(student):
        got = student.f(np.arange(6.0).reshape(2, 3), scale=np.float64(2))
        np.testing.assert_array_equal(got, 2 * np.arange(6.0).reshape(2, 3))

    assert both(sandbox, "f = lambda x, scale: x * scale", check) == ""


def test_tensors_go_in_and_out_and_modules_stay(sandbox):
    source = """
import torch
class Double(torch.nn.Module):
    def forward(self, x):
        return 2 * x
"""

    def check(student):
        got = student.create("Double")(AsTensor(np.ones(2, np.float32)))
        np.testing.assert_array_equal(got, np.full(2, 2, np.float32))

    assert messages(sandbox, source, check, times=Times()) == [""]


def test_objects_stay_with_the_student_and_keep_their_state(sandbox):
    source = """
class Counter:
    def __init__(self, start): self.total = start
    def add(self, n): self.total += n
    def copy(self): return Counter(self.total)
    def __call__(self): return self.total
def count_down(n):
    while n:
        yield n
        n -= 1
def read(counters): return [c.total for c in counters]
"""

    def check(student):
        counter = student.create("Counter", 5)
        counter.add(2)
        twin = counter.create("copy")
        twin.add(1)
        expect((counter(), twin.value("total")) == (7, 8), "state")
        expect(student.read([counter, twin]) == [7, 8], "as arguments")
        expect(list(student.create("count_down", 3)) == [3, 2, 1], "a generator")
        expect(repr(counter) == "an object of class Counter", repr(counter))
        counter.fly()

    assert both(sandbox, source, check) == "your Counter has no fly"


def test_functions_of_the_check_are_called_from_there(sandbox):
    asked = []

    def model(context):
        asked.append(context)
        if context == ("stop",):
            raise ValueError("nothing follows")
        return {"a": 0.5, "b": 0.5}

    source = """
def f(model):
    first = model(("x",))
    first["a"] = 9
    try:
        model(("stop",))
    except ValueError as error:
        return [model(("x",)), str(error)]
"""

    def check(student):
        expect(student.f(model) == [{"a": 0.5, "b": 0.5}, "nothing follows"], "wrong")

    assert messages(sandbox, source, check) == [""]
    assert asked == [("x",), ("stop",), ("x",)]


def test_answers_sent_along_save_the_way_and_change_nothing(sandbox):
    asked = []

    def square(x):
        asked.append(x)
        return [x * x]

    known = with_answers(square, {(2,): [4]})
    default = with_answers(lambda _: "never asked", {(1,): "one"}, otherwise="other")
    source = "def f(g, h):\n    g(2)[0] = 7\n    return [g(2), g(3), g(2), h(1), h(5), h(1)]"

    def check(student):
        got = student.f(known, default)
        expect(got == [[4], [9], [4], "one", "other", "one"], f"{got}")

    assert messages(sandbox, source, check) == [""]
    assert asked == [3]


def test_a_failure_in_a_function_of_the_check_cannot_be_swallowed(sandbox):
    def model(_):
        raise CheckFailed("you asked too often")

    source = (
        "def f(model):\n    try:\n        model(1)\n    except BaseException:\n        pass\n    return 1"
    )
    assert messages(sandbox, source, lambda student: student.f(model)) == ["you asked too often"]


def test_what_a_hidden_check_asks_is_known_to_nothing_that_is_shown(sandbox):
    """The student's code remembers all it was asked, and tries every way to say it."""
    source = """
import os
asked = []
def f(x):
    asked.append(x)
    if x == 424242:
        raise type(f"Asked{x}", (ValueError,), {})(x)
def g():
    print(asked)
    raise ValueError(asked)
"""

    def secret(student):
        student.f(424242)

    def public(student):
        student.g()

    checks = [a_check(secret, "one", hidden=True, hint="mind the size"), a_check(public, "two")]
    done = examined(sandbox, [source, test_cell("one"), "raise ValueError(asked)", test_cell("two")], *checks)
    assert done.outcomes[checks[0]].message == "mind the size (your code raised an exception)"
    assert "424242" not in repr(done.failures) + repr(done.outcomes.values())
    assert "line 1: ValueError: []" in done.failures.values()


@pytest.mark.parametrize("deed", ["os._exit(x % 256)", "raise SystemExit(x)"])
def test_how_a_process_ends_in_a_hidden_check_is_not_told(sandbox, deed):
    check = a_check(lambda student: student.f(77), hidden=True, hint="mind the size")
    done = examined(sandbox, [f"import os\ndef f(x):\n    {deed}", test_cell("e")], check)
    assert not done.outcomes[check].passed
    assert "77" not in done.outcomes[check].message


def test_a_score_between_nothing_and_all_is_kept(sandbox):
    check = a_check(lambda student: Score(student.f(), "a little more"))
    done = examined(sandbox, ["def f():\n    return 0.4", test_cell("e")], check)
    assert (done.outcomes[check].score, done.outcomes[check].message) == (0.4, "a little more")


def test_what_is_printed_is_kept_for_the_check_in_which_it_was(sandbox):
    source = "import sys\nprint('in the cell')\ndef f(x):\n    print('given', x, file=sys.stderr)"

    def one(student):
        student.f(1)
        raise CheckFailed("no")

    def two(student):
        student.f(2)

    checks = [a_check(one), a_check(two, hidden=True, hint="h"), a_check(two)]
    done = examined(sandbox, [source, test_cell("e")], *checks)
    assert [done.outcomes[check].printed for check in checks] == ["given 1\n", "", "given 2\n"]


def test_a_later_cell_changes_no_earlier_exercise(sandbox):
    cells = ["f = lambda: 1", test_cell("one"), "f = lambda: 2", test_cell("two")]
    done = examined(sandbox, cells, a_check(equals(1), "one"), a_check(equals(2), "two"))
    assert [outcome.message for outcome in done.outcomes.values()] == ["", ""]


@pytest.mark.parametrize(
    ("deadly", "said"),
    [
        ("while True:\n    pass", "stopped after 2 s"),
        ("import os\nos._exit(3)", "exit status 3"),
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    ],
)
def test_a_cell_that_kills_its_process_is_left_out(sandbox, deadly, said):
    cells = ["x = 1", deadly, "f = lambda: x", test_cell("e")]
    done = examined(sandbox, cells, a_check(equals(1)), times=QUICK)
    assert list(done.failures) == [1]
    assert said in done.failures[1]
    assert [outcome.message for outcome in done.outcomes.values()] == [""]


def test_an_exercise_that_kills_its_process_costs_no_other(sandbox):
    cells = [
        "import os\nn = 0",
        "def f():\n    os._exit(0)",
        test_cell("one"),
        "g = lambda: 2",
        test_cell("two"),
    ]
    checks = [a_check(equals(1), "one"), a_check(equals(3), "one"), a_check(equals(2, name="g"), "two")]
    done = examined(sandbox, cells, *checks)
    first, second, third = (done.outcomes[check] for check in checks)
    assert "exit status 0" in first.message
    assert "not tried" in second.message
    assert third.passed


def test_the_process_that_goes_on_has_seen_no_check_twice(sandbox):
    calls = []

    def counts(student):
        calls.append(student.f())

    cells = ["n = 0\ndef f():\n    global n\n    n += 1\n    return n", test_cell("one"), "h = 1"]
    cells += ["def g():\n    while True: pass", test_cell("two"), test_cell("three")]
    loop = a_check(lambda student: student.g(), "two")
    examined(sandbox, cells, a_check(counts, "one"), loop, a_check(counts, "three"), times=QUICK)
    assert calls == [1, 1]


def test_a_cell_that_fails_is_told_and_the_rest_runs(sandbox):
    cells = ["f = lambda: 1\n1 / 0", "def broken(:", "f2 = f", test_cell("e")]
    check = a_check(equals(1, name="f2"))
    done = examined(sandbox, cells, check)
    assert done.failures[0] == "line 2: ZeroDivisionError: division by zero"
    assert "SyntaxError" in done.failures[1]
    assert done.outcomes[check].passed


@pytest.mark.parametrize(
    "line", ["%matplotlib inline", "!pip install x", "%%time", "import asyncio; await asyncio.sleep(0)"]
)
def test_notebook_habits_do_no_harm(sandbox, line):
    assert messages(sandbox, f"{line}\nf = lambda: 1", equals(1)) == [""]


def test_the_whole_notebook_has_a_deadline(sandbox):
    cells = ["import time", *["time.sleep(60)"] * 8, test_cell("e")]
    done = examined(sandbox, cells, a_check(equals(1)), times=Times(cell=1.0, checks=1.0, notebook=3.0))
    assert done.outcomes == {}
    assert "the time allowed for the whole notebook was over" in str(done.failures)


def test_time_is_the_students_own_computing(sandbox):
    """A check that is slow itself costs the student nothing."""

    def slow(student):
        student.f()
        time.sleep(3.3)
        student.f()

    assert messages(sandbox, "f = lambda: 1", slow, times=Times(checks=3.0)) == [""]


@pytest.mark.parametrize(
    ("now", "computed", "waited", "said"),
    [
        (1.9, 0.9, 0.0, ""),
        (1.5, 1.1, 0.0, "stopped after 1 s"),  # it has computed
        (2.1, 0.0, 0.0, "stopped after 1 s"),  # it has slept
        (6.5, 0.9, 4.6, ""),  # it was kept waiting
        (6.5, 0.9, 4.4, "stopped after 1 s"),  # so it has slept for 1.2 s
        (8.1, 0.9, 7.2, "stopped after 1 s"),  # the last resort: 8 s, whatever it has waited
        (14.0, 0.9, 13.1, "the time allowed for the whole notebook was over"),  # its own last resort
        (12.0, 0.9, 1.0, "the time allowed for the whole notebook was over"),  # 10 s and the waiting
    ],
)
def test_a_step_may_compute_and_sleep_so_long_and_waiting_does_not_count(
    monkeypatch, now, computed, waited, said
):
    used = {"computed": 5.0, "waited": 0.0}  # before the step
    clocks = SimpleNamespace(monotonic=lambda: used.get("now", 0.0))
    monkeypatch.setattr(sandboxes, "time", clocks)
    for name in ("computed", "waited"):
        monkeypatch.setattr(sandboxes, name, lambda _, name=name: used[name])
    clock = sandboxes.Clock(1.0, deadline=10.0, last=13.0)
    assert clock.patience(1) == 1.0
    used.update(now=now, computed=5.0 + computed, waited=waited)
    assert (clock.patience(1) > 0) == (said == "")
    assert said in clock.over


BUSY = """
import os, time
os.sched_setaffinity(0, {%d})
end = time.process_time() + 0.8
while time.process_time() < end:
    pass
f = lambda: 1
"""


def test_a_busy_machine_costs_nobody_marks(sandbox):
    """Six share a processor: 0.8 s of computing take nearly five on the clock, where two are allowed."""
    processor = min(os.sched_getaffinity(0))
    loop = f"import os\nos.sched_setaffinity(0, {{{processor}}})\nwhile True: pass"
    others = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(5)]
    try:
        begun = time.monotonic()
        check = a_check(equals(1))
        cells = [BUSY % processor, test_cell("e")]
        done = examined(sandbox, cells, check, times=Times(cell=1.0, checks=5.0, notebook=60.0))
        took = time.monotonic() - begun
    finally:
        for other in others:
            other.kill()
            other.wait()
    assert done.failures == {}
    assert done.outcomes[check].passed
    assert took > 2  # or this has shown nothing


def test_each_check_has_its_own_inputs_whatever_ran_before(sandbox):
    drawn = {}

    def one(_, rng):
        drawn.setdefault("one", []).append(rng.random())

    def two(_, rng):
        drawn.setdefault("two", []).append(rng.random())

    for checks, seed in (((one, two), 1), ((two, one), 1), ((one,), 2)):
        messages(sandbox, "", *checks, seed=seed)
    assert drawn["one"][0] == drawn["one"][1] != drawn["one"][2]
    assert len(set(drawn["two"])) == 1


def test_memory_is_limited_and_the_next_seat_is_free(sandbox):
    (message,) = messages(sandbox, "def f(): return len(bytearray(2 * 10**9))", equals(2 * 10**9))
    assert "MemoryError" in message
    assert messages(sandbox, "def f(): return len(bytearray(10**8))", equals(10**8)) == [""]


def test_one_seat_leaves_nothing_to_the_next(sandbox):
    scratch = "import builtins, os, tempfile\npath = os.path.join(tempfile.gettempdir(), 'left')\n"
    leave = scratch + "builtins.left = 1\nopen(path, 'w').write('x')\nf = lambda: 1"
    assert messages(sandbox, leave, equals(1)) == [""]
    look = scratch + "f = lambda: [hasattr(builtins, 'left'), os.path.exists(path), os.getpid()]"
    assert messages(sandbox, look, equals([False, False, 1])) == [""]


def test_a_student_error_is_not_made_by_its_name(sandbox):
    source = "class CheckFailed(Exception): pass\ndef f():\n    raise CheckFailed('passed')"
    assert "raised CheckFailed: passed" in messages(sandbox, source, lambda s: s.f())[0]
    with pytest.raises(StudentError):
        raise StudentError(["X"], "")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def f():\n    x = 1\n      return x", "IndentationError: unexpected indent, line 3: `return x`"),
        ("y = 1 / 0\n\ndef f():\n    return 1", "ZeroDivisionError: division by zero, line 1: `y = 1 / 0`"),
    ],
)
def test_of_a_function_whose_cell_stopped_the_reason_is_told(sandbox, source, why):
    said = f"the cell that defines `f` stopped: {why}"
    assert messages(sandbox, source, lambda student: student.f()) == [said]


def test_a_cell_that_ran_at_the_second_try_is_no_longer_a_reason(sandbox):
    cells = ["def f():\nreturn 1", "def f():\n    return 1", "del f", test_cell("e")]
    done = examined(sandbox, cells, a_check(lambda student: student.f()))
    (outcome,) = done.outcomes.values()
    assert outcome.message == "there is no function f: run the cell that defines it, and keep its name"
