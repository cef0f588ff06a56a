"""What a check says, and that it sees plain values only."""

import math
import re

import numpy as np
import pytest

from lmcourse.grading.checks import (
    CheckFailed,
    StudentError,
    check,
    expect_close,
    expect_distribution,
    expect_number,
    expect_raises,
)


def failing(kind):
    def call():
        raise StudentError([kind, "Exception"], "oh")

    return call


def test_close_numbers_pass_and_others_are_explained():
    assert expect_close(np.array(2.0), 2 + 1e-12, "it") == 2
    assert expect_close(-math.inf, -math.inf, "it") == -math.inf
    assert expect_close(1e12 + 1, 1e12, "it") == 1e12 + 1  # relative above one
    with pytest.raises(CheckFailed, match=r"^it should be -inf, yours is 3$"):
        expect_close(3.0, -math.inf, "it")
    with pytest.raises(CheckFailed, match=r"^it should be 2, yours is 3$"):
        expect_close(3.0, 2.0, "it")
    with pytest.raises(CheckFailed, match=r"^it should be 2, yours is 3: you counted the end$"):
        expect_close(3, 2.0, "it", mistakes={4: "no", 3: "you counted the end"})
    with pytest.raises(CheckFailed, match=r"^it should be 0.6, yours is 0.59999988; that is near"):
        expect_close(0.59999988, 0.6, "it")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "is a `return` missing"),
        ("2", "one number; you returned the text '2'"),
        (True, "one number; you returned True"),
        ([2.0], r"one number; you returned the list \[2\.0\]"),
        (np.array([2.0]), r"an array of shape \(1,\)"),
        (math.nan, "nan"),
    ],
)
def test_what_is_no_number_is_named(value, said):
    with pytest.raises(CheckFailed, match=said):
        expect_number(value, "it")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([0.5, 0.43], r"sum to 0\.93, not 1: did you renormalise"),
        ([1.5, -0.5], r"contain -0\.5; none may be negative"),
        ([math.nan, 1], "contain nan"),
        ([[0.5], [0.5]], r"an array of shape \(2, 1\)"),
        (None, "is a `return` missing"),
        ("half", "a row of probabilities, got the text 'half'"),
    ],
)
def test_what_is_no_distribution_is_explained(value, said):
    with pytest.raises(CheckFailed, match=said):
        expect_distribution(value)


def test_dictionaries_may_leave_out_zeros_but_invent_no_words():
    assert expect_distribution({"a": 1.0}, ["a", "b"]).tolist() == [1, 0]
    with pytest.raises(CheckFailed, match="the entry 'c', which is no possible word"):
        expect_distribution({"a": 0.5, "c": 0.5}, ["a", "b"])
    with pytest.raises(CheckFailed, match="a dictionary from word to probability, got the list"):
        expect_distribution([1.0], ["a"])


def test_the_right_exception_passes_and_only_that():
    expect_raises(failing("ValueError"), "ValueError", "here")
    expect_raises(failing("ValueError"), "Exception", "here")
    with pytest.raises(CheckFailed, match="here, your code should raise ValueError; it raised KeyError: oh"):
        expect_raises(failing("KeyError"), "ValueError", "here")
    with pytest.raises(CheckFailed, match="it returned as if all were well"):
        expect_raises(lambda: 1, "ValueError", "here")


def test_an_unwritten_function_passes_no_check_for_exceptions():
    with pytest.raises(StudentError):
        expect_raises(failing("NotImplementedError"), "Exception", "here")


def test_a_check_must_have_a_title_and_a_hidden_one_a_hint():
    with pytest.raises(ValueError, match="needs a docstring"):
        check("x")(lambda _: None)
    with pytest.raises(ValueError, match="a hidden check needs a hint"):
        check("x", hidden=True)
    with pytest.raises(ValueError, match="a hidden check needs a hint"):
        check("x", hint="look there")


def test_a_right_answer_in_single_precision_is_told_so():
    value = float(np.float32(math.log(1 / 8)))
    with pytest.raises(CheckFailed) as failure:
        expect_close(value, math.log(1 / 8), "the log-probability")
    right, yours = re.search(r"should be (\S+), yours is ([^;\s]+)", str(failure.value)).groups()
    assert right != yours
    assert "computed in single precision (then use float64)" in str(failure.value)
