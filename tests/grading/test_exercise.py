"""An exercise told as a table: what is asked, how answers are judged, and what is derived from slips."""

import math

import numpy as np
import pytest

from lmcourse.grading import derive
from lmcourse.grading.asking import ask, asking
from lmcourse.grading.checks import CheckFailed, StudentError, checks_in
from lmcourse.grading.compare import same, short, told
from lmcourse.grading.course import module_of
from lmcourse.grading.exercise import Exercise, Slip
from lmcourse.grading.local import local_student, run_checks

SOLUTION = """
def shares(counts):
    total = sum(counts.values())
    return {token: c / total for token, c in counts.items()}


def scaled(k):
    return lambda x: k * x


class Pile:
    def __init__(self, items):
        self.items = list(items)

    def top(self, skip=0):
        return self.items[-1 - skip]
"""


def student_of(code):
    return local_student(defined(code))


# Values held against each other

NEAR = (
    "that is near: is something rounded, or computed in single precision (then use float64), or is a small "
    "number added?"
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_numbers_that_run_over_are_told_without_a_warning(kind):
    """A student would read it as printed by their own code."""
    large = np.full((1, 2), np.finfo(kind).max, dtype=kind)
    assert not same(large[0], [-np.finfo(kind).max] * 2)
    assert not same(large[0], -large[0])
    assert "it should be 0.5" in told("`f()`", large, [[0.5, 0.5]])
    assert "it should be 0.5" in told("`f()`", np.array([[np.inf, -np.inf]], dtype=kind), [[0.5, 0.5]])


def test_small_whole_numbers_do_not_run_over():
    assert told("`f()`", np.array([200, 1], dtype=np.uint8), [-3, 1]) == (
        "`f()` should be [-3, 1], yours is [200, 1]"
    )
    assert "your row 0 sums to 300; " in told("`f()`", np.array([[200, 100]], dtype=np.uint8), [[0.5, 0.5]])
    assert not same(np.array([0], dtype=np.uint8), np.array([255], dtype=np.uint8), 1e-2)


@pytest.mark.parametrize(
    ("got", "right", "agree"),
    [
        (1, 1.0, True),
        (1 + 1e-12, 1, True),
        (1.001, 1, False),
        (True, 1, False),
        (math.inf, math.inf, True),
        (math.nan, 1.0, False),
        ((1, 2), [1, 2], True),
        (np.array([1.0, 2.0]), [1, 2], True),
        ([1, 2, 3], [1, 2], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1, "b": 0}, {"a": 1}, False),
        ({("a",): {"b": 0.1 + 0.2}}, {("a",): {"b": 0.3}}, True),
        ({"a": {}}, {"b": {}}, False),
        (math.nan, math.nan, True),
        (np.array([[1.0, math.nan]]), [[1.0, math.nan]], True),
        (np.array([[1.0, math.nan]]), [[math.nan, 1.0]], False),
        ("a", "a", True),
        ("a", "b", False),
        (True, False, False),
        (None, None, True),
        ("1", 1, False),
        ([], {}, False),
    ],
)
def test_plain_values_agree_or_not(got, right, agree):
    assert same(got, right) == agree


@pytest.mark.parametrize(
    ("got", "right", "said"),
    [
        (None, 2.0, "it: your function returned None; is a `return` missing?"),
        (math.nan, 2.0, "it: yours is nan (not a number): look for 0/0, 0 · inf or inf - inf on the way"),
        ("2", 2.0, "it: it should be one number, not the text '2'"),
        ([1], {"a": 1}, "it: it should be a dictionary, not the list [1]"),
        (3.0, 2.0, "it should be 2, yours is 3"),
        (
            {"a": 0.5, "b": 0.25},
            {"a": 0.5, "b": 0.5},
            "it should be {'a': 0.5, 'b': 0.5}, yours is {'a': 0.5, 'b': 0.25}; yours sum to 0.75, not to 1",
        ),
        (
            {"a": {"b": 1}},
            {("a",): {"b": 1}},
            "it should be {('a',): {'b': 1}}, yours is {'a': {'b': 1}}: each key is a tuple, yours has 'a' "
            "(a tuple of one has a comma: (x,))",
        ),
        (
            {"a": {"b": None}},
            {"a": {"b": 1}},
            "it should be {'a': {'b': 1}}, yours is {'a': {'b': None}}: at 'a', 'b': yours is None",
        ),
        (
            {"a": {}},
            {"a": {"b": 1}},
            "it should be {'a': {'b': 1}}, yours is {'a': {}}: at 'a' the entry 'b' is missing",
        ),
        (
            {"a": {}, "c": {}},
            {"a": {}},
            "it should be {'a': {}}, yours is {'a': {}, 'c': {}}: there should be no entry 'c'",
        ),
        (
            [[1, 2], [3, 5]],
            [[1, 2], [3, 4]],
            "it should be [[1, 2], [3, 4]], yours is [[1, 2], [3, 5]]: at 1, 1 it should be 4, yours has 5",
        ),
        (0.1, 0.3, "it should be 0.3, yours is 0.1"),
        (0.59999988, 0.6, f"it should be 0.6, yours is 0.59999988; {NEAR}"),
        (
            [0.5, 1 / 3],
            [0.5, 1 / 3 + 2e-9],
            f"it should be [0.5, 0.333333335], yours is [0.5, 0.333333333]; {NEAR}",
        ),
        (
            [[0.59999988], [2.0]],
            [[0.6], [2.0]],
            f"it should be [[0.6], [2]], yours is [[0.59999988], [2]]: at 0, 0 it should be 0.6, "
            f"yours has 0.59999988; {NEAR}",
        ),
        (  # 0.25 + 0.5
            np.array([[0.5, -0.5], [0.25, 0.5]]),
            [[0.5, -0.5], [0.5, -0.5]],
            "it should be [[0.5, -0.5], [0.5, -0.5]], yours is [[0.5, -0.5], [0.25, 0.5]]: at 1, 0 it should "
            "be 0.5, yours has 0.25; your row 1 sums to 0.75; each should sum to 0",
        ),
        (
            [[0.5, 0.75]],
            [[0.25, 0.75]],
            "it should be [[0.25, 0.75]], yours is [[0.5, 0.75]]: at 0, 0 it should be 0.25, yours has 0.5; "
            "your row 0 sums to 1.25; each should sum to 1",
        ),
        (  # beside the difference of 2 that of a rounding error is not worth a word
            [[0.5 + 1e-7, 3.0]],
            [[0.5, 5.0]],
            "it should be [[0.5, 5]], yours is [[0.5, 3]]: at 0, 1 it should be 5, yours has 3",
        ),
        (  # numbers of an array are told as Python's
            (np.array([[5, 6]]), np.array([[5, 6]])),
            ([[5, 6]], [[6, 7]]),
            "it should be ([[5, 6]], [[6, 7]]), yours is ([[5, 6]], [[5, 6]]): at 1, 0, 0 it should be 6, "
            "yours has 5",
        ),
        (
            {"a": [1.0, {"b": 2.0 + 1e-6}], "c": 1},
            {"a": [1.0, {"b": 2.0}], "c": 2},
            "it should be {'a': [1, {'b': 2}], 'c': 2}, yours is {'a': [1, {'b': 2}], 'c': 1}: "
            "at 'c' it should be 2, yours has 1",
        ),
    ],
)
def test_a_wrong_value_is_told(got, right, said):
    assert told("it", got, right) == said


def test_no_sum_of_rows_is_told_where_the_rows_have_no_common_one():
    for got, right in (
        ([[1, 2], [3, 5]], [[1, 2], [3, 4]]),
        ([[1, 4], [3, 1]], [[1, 3], [2, 2]]),  # each row sums to 4, but it is no property of theirs
        ([[1, 4]], [[1, 3]]),
        ([[-1, 1], [2, 0]], [[-1, 2], [2, -1]]),  # no distributions, though they sum to one
        ([[1, 4]], [[1, -1]]),
        ([[0, 1], [0, 0]], [[0, 0], [0, 0]]),
        ([[1, 0], [1, 1]], [[1, 0], [0, 1]]),  # which sees which: no shares
        ([[0.0, math.nan]], [[0.5, 0.5]]),
        ([[0.0, 2.0]], [[0.0, 1.0], [0.5]]),
        ([1.0, 2.0], [0.5, 0.5]),
        ([[], [1]], [[1], [1]]),
        ([np.ones(2), np.ones((1, 2))], [[0.5, 0.5], [[1.0, 0.0]]]),
    ):
        assert "sum" not in told("it", got, right)


def test_a_mistake_that_is_nearly_right_is_known_by_its_own_value_only():
    """1 / (5 + 1e-6) is 0.19999996."""
    known = [(("gives", 0.19999996), "you added 1e-6")]
    for value, named in (("1 / (5 + 1e-6)", True), ("0.2 + 1e-7", False), ("0.2 - 1e-7", False)):
        with pytest.raises(CheckFailed) as failure:
            ask.f().gives(0.2).expect(student_of(f"def f():\n    return {value}"), known)
        assert ("you added 1e-6" in str(failure.value)) == named


def test_an_error_about_shapes_is_known_by_the_sizes_that_it_names():
    """Otherwise whatever does not fit would be told the reason of the first thing that does not."""
    made = "import numpy as np\n\n\ndef f():\n    return {}"
    slips = {
        "np.ones((2, 3)) @ np.ones((2, 3))": "transpose it",
        "np.ones((2, 3)) @ np.ones(4)": "one row too many",
        "int('7 a')": "that is no number",
    }
    known = [(ask.f().gives(0).outcome(student_of(made.format(code))), why) for code, why in slips.items()]
    for code, why in {
        **slips,
        "np.zeros((7, 3)) @ np.ones((2, 3))": "transpose it",  # 3 against 2 as well
        "np.ones((2, 3)) @ np.ones(5)": "",
        "int('8 b')": "that is no number",
    }.items():
        with pytest.raises((CheckFailed, StudentError)) as failure:
            ask.f().gives(0).expect(student_of(made.format(code)), known)
        said = str(failure.value)
        assert [other for other in slips.values() if other in said] == [why] * bool(why), said


def test_values_are_shown_short():
    assert short({"a": 1 / 3, ("b",): np.array([1.0, 2.5])}) == "{'a': 0.333333, ('b',): [1, 2.5]}"
    assert short({"a": 1 / 3}, figures=9) == "{'a': 0.333333333}"
    assert short("x" * 200) == "'" + "x" * 118 + "…"
    assert short([(1,), [], np.float32(2)]) == "[(1,), [], 2]"

    class Long(list):
        def __iter__(self):
            yield from range(1000)
            raise AssertionError("nobody reads so much")

    assert short(Long()) == "[" + ", ".join(map(str, range(100)))[:118] + "…"
    assert short(np.empty((10**6, 0))).startswith("[[], [], ")


# Questions


def test_a_question_is_shown_as_code_and_asked_where_the_code_is():
    student = student_of(SOLUTION)
    for asked, shown, answer in (
        (ask.shares({"a": 1, "b": 3}), "shares({'a': 1, 'b': 3})", {"a": 0.25, "b": 0.75}),
        (ask.scaled(3)(2), "scaled(3)(2)", 6),
        (ask.Pile([1, 2]).top(skip=1), "Pile([1, 2]).top(skip=1)", 1),
        (asking("twice", lambda student: student.shares({"a": 2})["a"] * 2), "twice", 2.0),
    ):
        assert str(asked) == shown
        assert asked.answer(student) == answer


def test_a_wrong_answer_begins_with_the_question():
    student = student_of(SOLUTION)
    with pytest.raises(CheckFailed, match=r"^`scaled\(3\)\(2\)` should be 5, yours is 6$"):
        ask.scaled(3)(2).gives(5).expect(student)
    with pytest.raises(CheckFailed, match=r"^three times two should be 5, yours is 6: you multiplied$"):
        ask.scaled(3)(2).gives(5, "three times two").expect(
            student, [(("gives", 7), "no"), (("gives", 6.0), "you multiplied")]
        )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def scaled(k):\n    pass", r"`scaled\(3\)`: your function returned None; is a `return` missing\?"),
        ("def scaled(k):\n    return k", r"`scaled\(3\)` should return a function: define one inside"),
        ("scaled = 1", "there is no function scaled"),
    ],
)
def test_what_is_no_function_is_told(code, said):
    with pytest.raises(CheckFailed, match=said):
        ask.scaled(3)(2).gives(6).expect(student_of(code))


def test_arguments_must_stay_as_they_are():
    for code in (
        "def shares(c):\n    c.clear()\n    return {}",
        "def shares(c):\n    c['a'][0] = 2\n    return {}",
    ):
        with pytest.raises(CheckFailed, match="`shares` changes what it was given as `c`: work on a copy"):
            ask.shares({"a": [1]}).gives({}).expect(student_of(code))
    with pytest.raises(CheckFailed, match="`row` changes what it was given as `x`"):
        ask.row(np.zeros(2)).gives(0).expect(student_of("def row(x):\n    x += 1\n    return 0"))


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ("def f(kept, spoilt): spoilt.clear()", "`spoilt`"),
        ("def f(*both): both[1].clear()", "argument 2"),
        ("def f(kept, *others): others[0].clear()", "argument 2"),
        ("class f:\n    def __init__(self, kept, spoilt): spoilt.clear()", "`spoilt`"),
        ("def f(a, b): b.clear()\nf.__signature__ = 1", "argument 2"),
    ],
)
def test_the_argument_that_was_changed_is_named(definition, name):
    with pytest.raises(CheckFailed, match=f"^`f` changes what it was given as {name}: work on a copy"):
        ask.f([1], [2]).gives(0).expect(student_of(definition))


def test_an_argument_given_by_name_is_named():
    with pytest.raises(CheckFailed, match=r"^`f` changes what it was given as `spoilt`"):
        ask.f(spoilt=[1]).gives(0).expect(student_of("def f(**given): given['spoilt'].clear()"))


def test_what_a_made_function_is_given_must_stay_too():
    code = "def maker():\n    return lambda x: x.pop()"
    with pytest.raises(CheckFailed, match="changes what it was given"):
        ask.maker()([1]).gives(1).expect(student_of(code))


def test_an_exception_may_be_right_or_have_a_known_reason():
    student = student_of("def f(x):\n    raise KeyError(x)\ndef g():\n    raise NotImplementedError")
    ask.f(1).raises("LookupError").expect(student)
    with pytest.raises(StudentError):
        ask.f(1).raises("ValueError").expect(student)
    with pytest.raises(StudentError):
        ask.g().raises("Exception").expect(student)
    with pytest.raises(
        CheckFailed, match=r"`f\(1\)`: your code raised KeyError: 1 \(line 2 of its cell\): think of 1$"
    ):
        ask.f(1).gives(1).expect(student, [(("raises", "KeyError"), "think of 1")])
    with pytest.raises(CheckFailed, match=r"`shares\({}\)` should raise ValueError, but it returned {}"):
        ask.shares({}).raises("ValueError").expect(student_of(SOLUTION))


@pytest.mark.parametrize(
    ("failure", "reasons", "said"),
    [
        ("it sees the future", ["it sees the future"], "it sees the future"),
        ("it sees the future: why?", ["it sees the future"], "it sees the future: why?"),
        ("it sees the future: why?", ["it sees the future", "late"], "it sees the future: why? Or: late"),
        ("it sees the future", ["late", "it sees the future"], "it sees the future; or: late"),
        ("it is wrong", ["early", "late", "early"], "it is wrong: early; or: late"),
    ],
)
def test_a_reason_that_the_message_gives_already_is_not_told_twice(failure, reasons, said):
    def answer(_):
        raise CheckFailed(failure)

    with pytest.raises(CheckFailed) as caught:
        asking("it", answer).gives(1).expect(None, [(("fails", failure), why) for why in reasons])
    assert str(caught.value) == said


# Slips


def test_a_slip_edits_the_solution_or_adds_code():
    assert Slip("why", {"a": "b", "c": ""}).applied("a = c1") == "b = 1"
    assert Slip("why", "def f(): pass").applied("x").endswith("def f(): pass")
    for wrong in ({"zz": "b"}, {"a": "b"}):
        with pytest.raises(ValueError, match=r"slip 'why': '.*' is [02] times in the solution"):
            Slip("why", wrong).applied("a = a")


def test_an_exercise_has_two_hints():
    with pytest.raises(ValueError, match="'x' has 1 hints; write two"):
        Exercise("x", minutes=5, hints=("one",))


TABLE = """
from lmcourse.grading.asking import ask
from lmcourse.grading.exercise import Exercise

counting = Exercise("shares", points=2, minutes=5, hints=("divide", "by the sum"))
counting.case("Half and half.", ask.shares({"a": 1, "b": 1}).gives({"a": 0.5, "b": 0.5}))
counting.case(
    "All, and three to one.",
    ask.shares({"a": 3}).gives({"a": 1.0}),
    ask.shares({"a": 3, "b": 1}).gives({"a": 0.75, "b": 0.25}),
)
counting.case("Nothing.", ask.shares({}).gives({}), weight=0.5)
counting.slip("divide", {"c / total": "c"})
counting.slip("divide by the sum", {"sum(counts.values())": "len(counts)"})
counting.slip(
    "mind the empty",
    {"total = sum": "1 / len(counts); total = sum"},
    {"return {": "return {1, 2} if not counts else {"},
)


@counting.hidden("random counts")
def random_counts(rng):
    yield ask.shares({"a": int(rng.integers(2, 9)), "b": 1})


counting.another("by hand", "def shares(c):\\n    return {k: v / sum(c.values()) for k, v in c.items()}")
"""


def compiled(table, solution):
    """The exercise of a table, the reasons derived for it, and its checks with them."""
    (exercise,) = [value for value in vars(module_of("t", table)).values() if isinstance(value, Exercise)]
    found = derive.reasons_of(exercise, solution, solution)
    source = derive.reasons_source({exercise.name: found}) + f"SOLUTION = {solution!r}\n"
    return exercise, found, checks_in(module_of("t", table + source))


NO_SET = "shares returned a set; wrap it in list(…) before you return it"


def test_each_wrong_value_gets_the_reason_of_its_slip():
    _, reasons, _ = compiled(TABLE, SOLUTION)
    assert reasons == {
        "divide": [(0, 0, "gives", {"a": 1, "b": 1})],
        "divide by the sum": [(1, 0, "gives", {"a": 3.0})],  # and the case stops there: nothing of (1, 1)
        "mind the empty": [(2, 0, "raises", "ZeroDivisionError"), (2, 0, "fails", NO_SET)],
    }


def test_a_reason_is_told_only_where_its_slip_first_shows():
    """Whoever has passed that case has made another mistake, though the value may be the same later."""
    alone = "\n".join(line for line in TABLE.splitlines() if "divide by the sum" not in line)
    _, reasons, checks = compiled(alone, SOLUTION)
    assert reasons["divide"] == [(0, 0, "gives", {"a": 1, "b": 1})]  # and not {'a': 3} in the second case
    names = defined(SOLUTION.replace("sum(counts.values())", "len(counts)"))
    assert run_checks(checks, names, seed=0)[1].message.endswith("yours sum to 3, not to 1")


def test_the_reason_of_a_slip_that_no_case_shows_is_not_released():
    unseen = 'counting.slip("whole", {"c / total": "round(c / total, 3)"}, unseen=True)\n'
    _, reasons, _ = compiled(TABLE + unseen, SOLUTION)
    assert "whole" not in reasons


def faults(table, solution=SOLUTION):
    exercise = next(value for value in vars(module_of("t", table)).values() if isinstance(value, Exercise))
    return derive.faults(exercise, solution, solution)


def test_nothing_is_wrong_with_a_right_table():
    assert faults(TABLE) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '{"a": 1.0}',
            '{"a": 2.0}',
            "exercise 'shares', case 2 ('All, and three to one.'): `shares({'a': 3})` is to give {'a': 2}, "
            "but the authored solution gives {'a': 1}; mend the one or the other",
        ),
        (
            '.gives({"a": 1.0})',
            '.raises("KeyError")',
            "`shares({'a': 3})` is to raise KeyError, but the authored solution gives {'a': 1};",
        ),
        (
            'ask.shares({"a": 3}).gives',
            'ask.shares({"a": None}).gives',
            "`shares({'a': None})` is to give {'a': 1}, but the authored solution raises TypeError;",
        ),
        (  # they differ in the seventh figure
            '{"a": 1.0}',
            '{"a": 1.0000001}',
            "is to give {'a': 1.0000001}, but the authored solution gives {'a': 1.0};",
        ),
        (
            '{"c / total": "c"}',
            '{"c / total": "c / total + 0"}',
            "exercise 'shares', slip 'divide' ({'c / total': 'c / total + 0'}): no case shows it; write one",
        ),
        (
            '{"c / total": "c"}',
            '{"c / totals": "c"}',
            "slip 'divide': 'c / totals' is 0 times in the solution",
        ),
        ('{"c / total": "c"}', '"def ("', "it cannot be made: SyntaxError: "),
        (
            '{"c / total": "c"}',
            '{"c / total": "c"}, unseen=True',
            "slip 'divide' ({'c / total': 'c'}): it is marked unseen=True, but case 1 shows it; take",
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_named(old, new, said):
    assert TABLE.count(old) == 1
    (fault,) = faults(TABLE.replace(old, new))
    assert said in fault


def test_a_solution_that_does_not_run_is_named():
    (fault,) = faults(TABLE, "total = 1 / 0")
    assert fault == (
        "exercise 'shares': the authored notebook's code does not run: ZeroDivisionError: division by zero"
    )


def test_the_checks_of_a_table_tell_the_reasons():
    _, _, checks = compiled(TABLE, SOLUTION)
    assert [(c.name, c.title, c.weight, c.hidden) for c in checks] == [
        ("shares_1", "Half and half.", 1.0, False),
        ("shares_2", "All, and three to one.", 1.0, False),
        ("shares_3", "Nothing.", 0.5, False),
        ("random_counts", "random_counts", 1.0, True),
    ]
    names = {}
    exec(SOLUTION.replace("sum(counts.values())", "len(counts)"), names)
    done = run_checks(checks, names, seed=0)
    assert [outcome.passed for outcome in done] == [True, False, True, False]
    assert done[1].message == (
        "`shares({'a': 3})` should be {'a': 1}, yours is {'a': 3}; yours sum to 3, not to 1: "
        "divide by the sum"
    )
    assert done[3].message == "random counts"


def test_the_solution_answers_hidden_questions():
    _, _, checks = compiled(TABLE, SOLUTION)
    names = {}
    exec(SOLUTION, names)
    assert all(outcome.passed for seed in range(3) for outcome in run_checks(checks, names, seed))


def test_who_has_one_part_of_the_hidden_questions_right_earns_it():
    exercise = Exercise("both", minutes=1, hints=("", ""))

    @exercise.hidden("some numbers", parts={"`double`": 3, "`half`": 1})
    def numbers(rng):
        n = int(rng.integers(2, 100))
        yield "`double`", ask.double(n)
        yield "`half`", ask.half(n)

    right = "def double(n):\n    return 2 * n\n\n\ndef half(n):\n    return n / 2\n"
    namespace = defined(right) | {"half": lambda n: n // 3}
    checks = [*exercise.__checks__({"SOLUTION": right})]
    outcomes = run_checks(checks, namespace, 1)
    assert [(outcome.score, outcome.weight, outcome.tried) for outcome in outcomes] == [
        (1, 3, "`double`: some numbers"),
        (0, 1, "`half`: some numbers"),
    ]


def test_an_array_that_is_asked_whether_it_is_true_is_told_as_that_and_passes_for_no_other_error():
    student = student_of("import numpy as np\n\n\ndef f(x):\n    if x:\n        raise ValueError\n")
    known = [(("raises", "ValueError"), "you looked along the wrong axis")]
    with pytest.raises(CheckFailed, match=r"neither true nor false.*`x is not None`") as failed:
        ask.f(np.zeros(2)).raises("ValueError").expect(student, known)
    assert "wrong axis" not in str(failed.value)


def test_a_misfit_of_arrays_passes_for_no_error_that_is_asked_for():
    student = student_of("def f(x):\n    return x + x[1:]\n")
    with pytest.raises(StudentError, match="could not be broadcast"):
        ask.f(np.zeros(3)).raises("ValueError").expect(student)


def test_who_fails_in_an_earlier_case_is_not_told_of_a_slip_that_shows_later_only():
    exercise = Exercise("add", minutes=1, hints=("", ""))
    exercise.case("One and one.", ask.add(1, 1).gives(2))
    exercise.case("Two and three.", ask.add(2, 3).gives(5))
    exercise.case(
        "Thrice.",
        ask.add(2, 3).gives(5, "`thrice` cannot be right before `add` is: `add(2, 3)`"),
    )
    reasons = {"add": {"that is the product": [(1, 0, "gives", 6)]}}
    checks = [*exercise.__checks__({"REASONS": reasons})]
    only_later = run_checks(checks, {"add": lambda a, b: a + b + (a > 1)}, 0)
    both = run_checks(checks, {"add": lambda a, b: a + b + 1}, 0)
    assert [outcome.message for outcome in only_later] == [
        "",
        "`add(2, 3)` should be 5, yours is 6: that is the product",
        "first `add`, above; `thrice` needs it",
    ]
    assert both[1].message == "`add(2, 3)` should be 5, yours is 6"


def test_an_array_in_single_precision_is_held_to_single_precision():
    right = [[0.1, 21.0]]
    assert same(np.array([[0.1, 21.000002]], dtype=np.float32), right)
    assert not same(np.array([[0.1, 21.01]], dtype=np.float32), right)
    assert not same(np.array([[0.1, 21.000002]]), right)


def test_values_are_written_so_that_every_machine_reads_the_same():
    value = {("a", 1): [1 / 3, math.inf, -math.inf, None, True], "b": (np.float64(2.0),), "c": np.arange(2)}
    text = derive.literal({**value, "n": math.nan})
    assert text.startswith("{('a', 1): [0.333333333, float(\"inf\"), float(\"-inf\"), None, True], 'b': (2,)")
    assert math.isnan(eval(text)["n"])


def defined(code):
    namespace = {}
    exec(code, namespace)
    return namespace


def test_a_number_where_a_row_is_asked_for_is_told_and_an_array_without_axes_is_a_number():
    assert told("it", 0.6, [0.5, 0.7]) == "it: it should be 2 numbers in a row, not 0.6"
    assert same(np.array(0.6, dtype=np.float32), 0.6)
    assert told("it", np.array(0.5), 0.25) == "it should be 0.25, yours is 0.5"


def test_near_is_what_is_near_beside_the_largest_number():
    assert NEAR not in told("it", [7.99999e-07, 0.0], [1.25e-06, 0.0])
    assert NEAR in told("it", [1.25e-06, 21.0], [1.250001e-06, 21.000001])


def test_a_reason_that_is_known_needs_no_guess():
    student = student_of("def f():\n    return 2.000001\n")
    known = [(("gives", 2.000001), "epsilon is added under the root")]
    with pytest.raises(CheckFailed) as failed:
        ask.f().gives(2.0).expect(student, known)
    assert str(failed.value) == "`f()` should be 2, yours is 2.000001: epsilon is added under the root"


def test_of_what_is_cut_off_the_first_place_that_differs_is_told():
    right = [[*range(60)], [*range(60)]]
    got = [[*range(60)], [*range(59), 7]]
    assert told("`f()`", got, right) == "`f()`: at 1, 59 it should be 59, yours has 7"


def test_a_slip_that_students_are_to_find_is_caught_and_not_explained():
    exercise = Exercise("half", minutes=1, hints=("", ""))
    exercise.case("Half of two.", ask.half(2).gives(1.0))
    exercise.slip("that is the double", {"x / 2": "x * 2"}, untold=True)
    exercise.slip("that is one more", {"x / 2": "x + 1"})
    cell = "def half(x):\n    return x / 2\n"
    assert [*derive.reasons_of(exercise, cell, cell)] == ["that is one more"]
    assert derive.faults(exercise, cell, cell) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import math\ndef f(x):\n    return math.tanh(x)", "`math` takes one number; NumPy's"),
        ("import numpy as np\ndef f(x):\n    return np.uint8(7) * 1000", "a byte holds numbers up to 255"),
    ],
)
def test_common_errors_are_told_with_what_lies_behind_them(code, said):
    with pytest.raises(StudentError) as failed:
        ask.f(np.ones(2)).gives(1.0).expect(student_of(code))
    assert said in failed.value.explanation()
