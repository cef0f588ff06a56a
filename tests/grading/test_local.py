"""The local transport: copies in, plain values out, nothing on stderr, no endless loop."""

import logging
import math
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from lmcourse.grading.checks import (
    Check,
    CheckFailed,
    Score,
    StudentError,
    expect,
    expect_close,
    on_a_curve,
)
from lmcourse.grading.local import _left, local_student, run_checks
from lmcourse.grading.report import Report


def a_check(function, **options):
    return Check("exercise", function.__name__, "a title", function, **options)


def outcomes(function, seconds=10.0, **names):
    return run_checks([a_check(function)], names, seed=0, seconds=seconds)


def test_arguments_are_copied_and_who_changes_them_is_told():
    given = [3, 1, 2]
    student = local_student({"order": lambda x: x.sort(), "ordered": sorted})
    with pytest.raises(CheckFailed, match=r"^`order` changes what it was given as `x`: work on a copy"):
        student.order(given)
    assert given == [3, 1, 2]
    assert student.ordered(given) == [1, 2, 3]


def test_a_check_that_takes_too_long_has_its_own_word_on_it():
    checks = [a_check(lambda student: student.f(), slow="did you list them all?"), a_check(lambda _: None)]
    first, second = run_checks(checks, {"f": lambda: time.sleep(9)}, seed=0, seconds=0.2)
    assert first.message == "stopped after 0.2 s for all checks of this exercise: did you list them all?"
    assert second.message == "not tried, since the check before did not end"


def test_results_become_plain_values():
    class Liar(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

    def given(value):
        return local_student({"f": lambda: value}).f()

    assert type(given(np.float32(0.5))) is float
    assert type(given({"a": np.int64(1)})["a"]) is int
    assert given((1, [2, None])) == (1, [2, None])
    assert type(given(np.ones(2).view(np.matrix))) is np.ndarray
    assert type(given(Liar(1))) is float
    for value, said in (
        (object(), "f returned a object; expected plain"),
        (map(abs, [1]), r"wrap it in list\(…\)"),
        ({1}, r"wrap it in list\(…\)"),
    ):
        with pytest.raises(CheckFailed, match=said):
            given(value)


def test_a_missing_function_is_named():
    (outcome,) = outcomes(lambda student: student.entropy([1.0]))
    assert "there is no function entropy" in outcome.message


def test_an_exception_is_told_with_the_students_line(tmp_path):
    code = tmp_path / "cell.py"
    code.write_text("def f(x):\n    y = x + 1\n    return y / 0\n")
    names = {}
    exec(compile(code.read_text(), str(code), "exec"), names)
    (outcome,) = run_checks([a_check(lambda student: student.f(1))], names, seed=0)
    assert outcome.message == (
        "your code raised ZeroDivisionError: division by zero (line 3 of its cell: `return y / 0`)"
    )


def test_an_exception_in_another_function_is_told_with_that_and_its_caller(tmp_path):
    """One helper in a cell of its own, one beside the function; a comprehension is no function here."""
    names = {}
    for name, source in {
        "first": "def inverse(x):\n    return 1 / x\n",
        "second": "def half(x):\n    return x // 0\ndef f(x):\n    return [inverse(y) for y in x]\n"
        "def g(x):\n    return half(x)\n",
    }.items():
        code = tmp_path / f"{name}.py"
        code.write_text(source)
        exec(compile(source, str(code), "exec"), names)
    far, near = run_checks([a_check(lambda s: s.f([0])), a_check(lambda s: s.g(0))], names, seed=0)
    assert far.message.endswith(
        "(line 2 of another cell, in inverse: `return 1 / x`, "
        "called from line 4 of its cell, in f: `return [inverse(y) for y in x]`)"
    )
    assert near.message.endswith(
        "(line 2 of its cell, in half: `return x // 0`, "
        "called from line 6 of its cell, in g: `return half(x)`)"
    )


def test_sys_exit_in_a_students_function_is_an_error_like_others():
    with pytest.raises(StudentError) as caught:
        local_student({"f": lambda: sys.exit(3)}).f()
    assert caught.value.kinds[0] == "SystemExit"


def test_a_failure_raised_inside_a_model_given_to_the_student_is_kept():
    def model(_):
        raise CheckFailed("you asked too often")

    (outcome,) = outcomes(lambda student: student.f(model), f=lambda m: m(()))
    assert outcome.message == "you asked too often"


def test_an_endless_loop_ends_and_is_told():
    def loop():
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                pass

    checks = [
        a_check(lambda student: student.good()),
        a_check(lambda student: student.loop()),
        a_check(lambda _: None),
    ]
    first, second, third = run_checks(checks, {"good": lambda: 1, "loop": loop}, seed=0, seconds=0.3)
    assert first.passed
    assert "is there an endless loop?" in second.message
    assert "not tried" in third.message


@pytest.mark.parametrize(
    ("passed", "computed", "waited", "left"),
    [
        (1.0, 0.4, 0.0, 0.6),
        (1.5, 1.1, 0.0, -0.1),  # it has computed
        (2.1, 0.0, 0.0, -0.1),  # it has slept
        (6.5, 0.9, 4.6, 0.1),  # it was kept waiting
        (6.5, 0.9, 4.4, -0.1),  # so it has slept for 1.2 s
        (8.1, 0.9, 7.2, -0.1),  # the last resort: 8 s, whatever it has waited
    ],
)
def test_checks_may_compute_and_sleep_so_long_and_waiting_for_a_processor_does_not_count(
    passed, computed, waited, left
):
    """As in the sandbox."""
    assert _left(1.0, passed, computed, waited) == pytest.approx(left)


def test_only_computing_uses_up_the_time_of_checks():
    """Code that neither computes nor waits for long passes after its seconds on the clock."""

    def busy(seconds):
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass

    slept, computed, both = (
        outcomes(lambda student: student.f(), seconds=0.4, f=f)[0]
        for f in (lambda: time.sleep(0.6), lambda: busy(0.6), lambda: busy(0.2) or time.sleep(0.3))
    )
    assert [slept.message, both.message] == ["", ""]
    assert "stopped after 0.4 s" in computed.message


def test_a_hidden_check_shows_its_hint_and_the_kind_of_error_only():
    def secret(student):
        expect(student.f(424242) == 1, "for 424242 it is 1")

    for f, said in (
        (lambda x: x, "mind the size"),
        (lambda x: 1 / (x - x), "mind the size (your code raised an exception)"),
    ):
        (outcome,) = run_checks([a_check(secret, hidden=True, hint="mind the size")], {"f": f}, seed=0)
        report = Report("exercise", [outcome], 0, 1.0)
        assert outcome.message == said
        for shown in (report.as_text(), report.as_html(), str(report.as_json())):
            assert "424242" not in shown
            assert "secret" not in shown


def test_what_the_student_prints_in_a_hidden_check_is_not_kept():
    def secret(student):
        student.f(424242)

    checks = [
        a_check(secret, hidden=True, hint="h"),
        a_check(lambda student: expect(student.f(7) == 1, "no")),
    ]
    hidden, public = run_checks(checks, {"f": lambda x: print("given", x)}, seed=0)
    assert hidden.printed == ""
    assert public.printed == "given 7\n"
    assert "given 7" in Report("e", [public], 0).as_html()


def test_each_check_has_inputs_of_its_own_from_the_seed():
    drawn = []

    def one(_, rng):
        drawn.append(rng.random())

    def two(_, rng):
        drawn.append(rng.random())

    for checks, seed in (([one, two], 1), ([two], 1), ([one], 2)):
        run_checks([a_check(function) for function in checks], {}, seed=seed)
    first, second, again, other = drawn
    assert second == again  # whatever ran before it
    assert len({first, second, other}) == 3


def noisy():
    warnings.warn("a warning", stacklevel=1)
    print("on stdout")
    print("on stderr", file=sys.stderr)
    logging.getLogger("student").warning("through logging")
    os.write(1, b"on descriptor 1\n")
    os.write(2, b"on descriptor 2\n")
    return 1.0


def test_nothing_reaches_the_outside(capfd):
    handler = logging.StreamHandler(sys.stderr)  # holds the stream itself
    logging.getLogger().addHandler(handler)
    try:
        (outcome,) = outcomes(lambda student: expect_close(student.f(), 1.0, "it"), f=noisy)
    finally:
        logging.getLogger().removeHandler(handler)
    print("after", file=sys.stderr)
    assert outcome.passed
    assert capfd.readouterr() == ("", "after\n")
    assert "on stderr" in outcome.printed


def test_nothing_reaches_the_outside_of_a_plain_process():
    code = (
        "import test_local as t\n"
        "assert t.outcomes(lambda s: t.expect_close(s.f(), 1.0, 'it'), f=t.noisy)[0].passed\n"
        "print('after')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=os.path.dirname(__file__),
        check=True,
    )
    assert (done.stdout, done.stderr) == ("after\n", "")


def test_points_are_the_share_of_the_weights_that_passed():
    def passes(_):
        return None

    def fails(_):
        raise CheckFailed("no")

    checks = [a_check(passes, weight=2), a_check(fails, weight=0.5), a_check(passes, weight=0.5)]
    report = Report("exercise", run_checks(checks, {}, seed=0), 0, 4.0)
    assert report.points == 3.33  # 4 · 2.5 / 3
    assert report.headline() == "exercise: 2 of 3 checks passed, 3.33 of 4 points"
    assert Report.from_json(report.as_json()) == report


def test_a_score_earns_its_part_and_says_what_is_missing():
    def bits(student):
        value = student.bits()
        return Score(on_a_curve(value, none=2.5, full=1.9), f"{value} bits; 1.9 earn all points")

    checks = [a_check(bits), a_check(bits, hidden=True, hint="fewer bits")]
    report = Report("open", run_checks(checks, {"bits": lambda: 2.2}, seed=0), 0, 4.0)
    assert [outcome.score for outcome in report.outcomes] == pytest.approx([0.5, 0.5])
    assert (report.points, report.passed) == (2.0, False)
    assert report.reasons() == ["2.2 bits; 1.9 earn all points", "fewer bits"]
    assert "◐ a title (50% of its points)" in report.as_text()
    assert "(50% of its points)" in report.as_html()
    assert Report.from_json(report.as_json()) == report
    best = Report("open", run_checks(checks, {"bits": lambda: 1.0}, seed=0), 0, 4.0)
    assert (best.points, best.passed, best.reasons()) == (4.0, True, [])
    worst = Report("open", run_checks(checks, {"bits": lambda: 3.0}, seed=0), 0, 4.0)
    assert (worst.points, worst.reasons()) == (0.0, ["3.0 bits; 1.9 earn all points", "fewer bits"])


def test_that_nothing_is_written_yet_is_said_once_for_an_exercise():
    def f():
        raise NotImplementedError

    checks = [
        a_check(lambda student: student.f()),
        a_check(lambda student: student.f()),
        a_check(lambda _: None),
    ]
    report = Report("e", run_checks(checks, {"f": f}, seed=0), 0)
    for shown in (report.as_text(), report.as_html()):
        assert shown.count("not written yet: put your code where") == 1
        assert (shown.count("✗"), shown.count("✓")) == (2, 1)
    assert [outcome.message[:15] for outcome in report.outcomes] == ["not written yet", "not written yet", ""]
    assert report.outcomes[0].message.endswith("NotImplementedError, in `f`")  # a cell may have several


def test_a_reason_that_is_none_of_unwritten_code_is_said_wherever_it_holds():
    report = Report("e", run_checks([a_check(lambda student: student.f(1))] * 2, {"f": lambda: 1}, seed=0), 0)
    assert report.as_text().count("TypeError") == report.as_html().count("TypeError") == 2


def test_a_score_says_what_was_measured_even_where_all_is_earned_but_not_of_a_hidden_check():
    def measured(_):
        return Score(1.0, "1.5 bits")

    seen, unseen = a_check(measured), a_check(measured, hidden=True, hint="fewer bits")
    report = Report("e", run_checks([seen, unseen], {}, seed=0), 0, 4)
    assert [outcome.message for outcome in report.outcomes] == ["1.5 bits", ""]
    assert (report.points, report.passed, report.reasons()) == (4.0, True, [])
    assert report.as_text().count("→ 1.5 bits") == 1
    assert report.as_html().count("1.5 bits") == 1


def test_what_a_check_returns_besides_a_score_counts_for_nothing():
    (outcome,) = outcomes(lambda student: student.f(), f=lambda: 0.25)
    assert outcome.score == 1
    for value in (1.5, -0.1, math.nan):
        with pytest.raises(ValueError, match="a score is a number from 0 to 1"):
            Score(value)


def test_in_html_a_wrapped_line_keeps_its_indent():
    page = Report("e", outcomes(lambda _: expect(False, "no")), 0).as_html()
    assert "padding-left:1.6em;text-indent:-1.6em" in page


def test_html_is_escaped_and_code_marked():
    outcome = outcomes(lambda _: expect(False, "use `a < b` & <b>not</b> this"))
    page = Report("e", outcome, 0).as_html()
    assert "use <code>a &lt; b</code> &amp; &lt;b&gt;not&lt;/b&gt; this" in page
