# Made from solutions/01-language-models/checks.py: the checks that answer in the notebook. Do not edit.
"""Checks of assignment 1, Language models.

A model is a function from a context (a tuple of words) to a dictionary from each possible next word to its
probability; a full stop ends a sentence.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from lmcourse.grading.checks import (
    CheckFailed,
    StudentError,
    check,
    close,
    describe,
    expect,
    expect_close,
    expect_distribution,
    expect_number,
    expect_raises,
    with_answers,
)
from lmcourse.grading.numbers import (
    IS_NEAR,
    NEAR,
)

# What of the course's package students' code may use; see `lmcourse.grading.shelf`
IMPORTS = ("lmcourse.world.five_words", "lmcourse.world.World.next_probs")

# Models to ask questions about, and the plain ways to the right answers


def model_of(sentences):
    """The language model of a dictionary from sentence to probability; what is impossible is a ValueError."""
    table = {}
    for sentence, p in sentences.items():
        words = _words(sentence)
        for n, word in enumerate(words):
            weights = table.setdefault(words[:n], {})
            weights[word] = weights.get(word, 0.0) + p
    table = {context: _shares(weights) for context, weights in table.items()}

    def next_probs(context):
        expect(isinstance(context, tuple), "call next_probs with a tuple of words: next_probs(tuple(words))")
        if context not in table:
            raise ValueError(
                f"the model never says {' '.join(context)!r}: it cannot tell what follows. A context "
                f"holds all "
                "words from the first one on, no impossible one, and no full stop"
            )
        return dict(table[context])

    return with_answers(next_probs, {(context,): probs for context, probs in table.items()})


def independent(rows):
    """The model that draws its i-th word from the i-th row, whatever came before, and then ends."""

    def next_probs(context):
        return dict(rows[len(context)]) if len(context) < len(rows) else {".": 1.0}

    contexts = [c for n in range(len(rows)) for c in itertools.product(*rows[:n])]
    return with_answers(next_probs, {(c,): rows[len(c)] for c in contexts}, otherwise={".": 1.0})


def unchanging(probs):
    """The model that says the same at any time."""
    return with_answers(lambda _: dict(probs), otherwise=probs)


def _shares(weights):
    total = sum(weights.values())
    return {word: w / total for word, w in weights.items()}


def _words(sentence):
    return tuple(sentence.split())


MOUSE = {
    "the mouse ate the cheese .": 0.455,
    "the mouse ate .": 0.14,
    "the cheese ate the mouse .": 0.08,
    "the mouse ate the ball .": 0.07,
    "the cheese ate .": 0.06,
    "the ball ate .": 0.06,
    "the cheese ate the ball .": 0.04,
    "the mouse ate the mouse .": 0.035,
    "the cheese ate the cheese .": 0.02,
    "the ball ate the mouse .": 0.02,
    "the ball ate the cheese .": 0.015,
    "the ball ate the ball .": 0.005,
}


def counted(next_probs, limit):
    """The same model, which gives up after `limit` questions."""
    asked = itertools.count(1)

    def careful(context):
        if next(asked) > limit:
            raise CheckFailed(
                f"you asked the model over {limit:,} times. Either the search never ends, or it looks at "
                "every sentence; extend the most probable beginning first, and stop at a finished sentence"
            )
        return next_probs(context)

    return careful


def annealed(probs, temperature):
    """p^(1/T), renormalised, without underflow."""
    logs = np.log(
        np.asarray(probs, dtype=float), out=np.full(len(probs), -np.inf), where=np.asarray(probs) > 0
    )
    if temperature == 0:
        weights = (logs == logs.max()).astype(float)
    else:
        weights = (
            np.exp((logs - logs.max()) / temperature)
            if math.isfinite(temperature)
            else (np.asarray(probs) > 0) * 1.0
        )
    return weights / weights.sum()


def entropy_of(probs):
    """Entropy in nats."""
    return float(-sum(p * math.log(p) for p in probs if p > 0))


def expect_probs(got, expected, what, mistakes=()):
    """A distribution (V,) equal to `expected`; `mistakes` are pairs of a wrong one and its explanation."""
    probs = expect_distribution(got, what=what)
    expect(
        len(probs) == len(expected), f"{what}: expected {len(expected)} probabilities, yours are {len(probs)}"
    )
    if np.allclose(probs, expected, rtol=0, atol=1e-9):
        return
    for wrong, why in mistakes:
        if np.allclose(probs, wrong, rtol=0, atol=1e-6):
            raise CheckFailed(f"{what}: expected {_row(expected)}, yours are {_row(probs)}: {why}")
    if np.allclose(probs, expected, rtol=0, atol=NEAR):
        raise CheckFailed(f"{what}: yours are nearly {_row(expected)}; {IS_NEAR}")
    raise CheckFailed(f"{what}: expected {_row(expected)}, yours are {_row(probs)}")


def expect_table(got, expected, what, mistakes=()):
    """As `expect_probs`, for dictionaries from word to probability."""
    tokens = list(expected)
    probs = expect_distribution(got, tokens, what)
    rows = [([wrong.get(t, 0.0) for t in tokens], why) for wrong, why in mistakes]
    expect_probs(probs, [expected[t] for t in tokens], f"{what}, for {', '.join(tokens)}", rows)


def took_log_of_zero(error):
    """Whether the student's error is that of `math.log(0.0)`, in the words of any version of Python."""
    return "math domain error" in error.message or "expected a positive input" in error.message


def has_nan(got):
    """Whether there is nan in a row of numbers."""
    return isinstance(got, (list, tuple, np.ndarray)) and any(value != value for value in np.ravel(got))


def _row(probs):
    return "(" + ", ".join(f"{p:.4g}" for p in probs) + ")"


# 1. chain_rule


@check("chain_rule")
def two_terms(student):
    """With p(a) = 1/2 and p(b | a) = 1/4, the log-probability of "a b" is log 1/8."""
    model = model_of({"a b .": 0.125, "a .": 0.375, "b .": 0.5})
    expect_close(
        student.sequence_log_prob(model, ["a", "b"]),
        math.log(1 / 8),
        "the log-probability of 'a b'",
        mistakes={
            0.125: "that is the probability itself; take its logarithm",
            -3.0: "that is in bits; this course takes natural logarithms",
            math.log(8): "the sign is turned: log p is not positive",
            math.log(1 / 2): "only the first word was scored",
            math.log(1 / 4): "the first word was not scored: it counts too, after the empty context ()",
            math.log(1 / 8) / 2: "that is the mean of the logarithms; add them up",
            math.log(
                3 / 4
            ): "that is the logarithm of a sum of probabilities. Probabilities are multiplied; it "
            "is their logarithms that are added up",
            -math.inf: "did you ask the model with a context that holds the word already? Only the "
            "words before",
        },
    )


@check("chain_rule")
def whole_context(student):
    """Each word is conditioned on all the words before it, not only on the last one."""
    model = model_of({"a x b .": 0.45, "a x c .": 0.05, "d x b .": 0.05, "d x c .": 0.45})
    expect_close(
        student.sequence_log_prob(model, ["a", "x", "b"]),
        math.log(0.45),
        "the log-probability of 'a x b'",
        mistakes={
            math.log(
                0.25
            ): "did you give the model only the last word? What follows x depends on the word before x"
        },
    )


@check("chain_rule")
def impossible(student):
    """A sequence with a word of probability zero gets -inf, and the model is not asked what follows it."""
    model = model_of({"a b .": 0.5, "b a .": 0.5})
    try:
        got = student.sequence_log_prob(model, ["a", "a", "b", "."])
    except StudentError as error:
        told = {
            "KeyError": "a word that is not in the model's dictionary has probability 0; look it up with "
            "`.get(word, 0.0)`",
            "ValueError": "the second a has probability 0. Return -math.inf there, at once",
        }
        expect(error.kinds[0] not in told, f"{error.explanation()}: {told.get(error.kinds[0])}")
        raise
    value = expect_number(got, "the log-probability of an impossible sequence")
    expect(
        value == -math.inf, f"the sequence is impossible: its log-probability is -inf, yours is {value:.6g}"
    )


@check("chain_rule")
def no_underflow(student):
    """A thousand words at probability 0.1 each: the product underflows, the sum of logarithms does not."""
    underflow = "the product of so many probabilities underflowed to 0; add up logarithms instead"
    try:
        got = student.sequence_log_prob(unchanging({"la": 0.1, "li": 0.9}), ["la"] * 1000)
    except StudentError as error:
        expect(not took_log_of_zero(error), underflow)
        raise
    expect_close(
        got,
        1000 * math.log(0.1),
        "the log-probability of 1,000 words",
        mistakes={
            -math.inf: underflow,
            999 * math.log(0.1): "the first word was not scored, or the last",
            math.log(0.1): "that is the mean of the logarithms; add them up",
            1000 * math.log2(0.1): "that is in bits; this course takes natural logarithms",
        },
    )


# 2. temperature


@check("temperature")
def colder_and_hotter(student):
    """(0.4, 0.6) becomes (0.31, 0.69) at T = 0.5 and moves towards (0.5, 0.5) at T = 2."""
    colder, hotter = [0.16 / 0.52, 0.36 / 0.52], [0.4494897428, 0.5505102572]
    upside_down = "the exponent is 1/T, not T"
    flat = "softmax wants logarithms: exp(log p / T), not exp(p / T)"
    unchanged = ([0.4, 0.6], "that is the distribution itself, as if T were 1")
    expect_probs(
        student.with_temperature([0.4, 0.6], 0.5),
        colder,
        "(0.4, 0.6) at T = 0.5",
        [(hotter, upside_down), ([0.4013123399, 0.5986876601], flat), unchanged],
    )
    expect_probs(
        student.with_temperature([0.4, 0.6], 2.0),
        hotter,
        "(0.4, 0.6) at T = 2",
        [(colder, upside_down), ([0.4750208125, 0.5249791875], flat), unchanged],
    )


@check("temperature")
def freezing(student):
    """At T = 0 all mass is on the most probable token; equal ones share it."""
    what, limit = "(0.2, 0.7, 0.1) at T = 0", "T = 0 is a case of its own, in which the limit is known"
    try:
        got = student.with_temperature([0.2, 0.7, 0.1], 0)
    except StudentError as error:
        expect("ZeroDivisionError" not in error.kinds, f"{what}: 1/T is 1/0, and that is no number; {limit}")
        raise
    expect(not has_nan(got), f"{what}: there is nan (not a number), as 0/0 would give; {limit}")
    expect_probs(got, [0, 1, 0], what)
    expect_probs(
        student.with_temperature([0.4, 0.4, 0.2], 0),
        [0.5, 0.5, 0],
        "(0.4, 0.4, 0.2) at T = 0",
        [([1, 0, 0], "argmax takes the first of equals, but the limit T → 0 treats them alike")],
    )


@check("temperature")
def boiling(student):
    """At T = inf all tokens that are possible at all become equally likely."""
    what, got = "(0.7, 0.3, 0) at T = inf", student.with_temperature([0.7, 0.3, 0.0], math.inf)
    expect(
        not has_nan(got),
        f"{what}: there is nan (not a number). The logarithm of 0 is -inf, and -inf/inf is no number; leave "
        "tokens of probability 0 out",
    )
    expect_probs(
        got,
        [0.5, 0.5, 0],
        what,
        [
            (
                [1 / 3] * 3,
                "0 to the power 0 is 1 for Python, but an impossible token stays impossible at every T",
            )
        ],
    )


@check("temperature", weight=0.5)
def no_such_temperature(student):
    """A negative temperature, or one that is not a number, raises ValueError."""
    expect_probs(student.with_temperature([0.8, 0.2], 1), [0.8, 0.2], "(0.8, 0.2) at T = 1")
    expect_raises(lambda: student.with_temperature([0.5, 0.5], -1), "ValueError", "at T = -1")
    expect_raises(
        lambda: student.with_temperature([0.5, 0.5], math.nan),
        "ValueError",
        "at T = nan (and nan < 0 is false)",
    )


# 3. thermostat


# Entropy wanted of (0.4, 0.3, 0.2, 0.1), the temperature, and the one for as many bits
TARGETS = ((0.5, 0.1693460, 0.1294820), (1.0, 0.4181014, 0.2351870), (1.35, 1.8236480, 0.3662701))


def expect_temperature(got, right, entropy, what, mistakes=()):
    """The temperature that gives the entropy; `mistakes`: wrong ones and why."""
    value = expect_number(got, what)
    wrong = {**dict(mistakes), math.log(right): "that is log T", entropy: "that is the entropy itself"}
    if value and 0 < abs(value / right - 1) < 0.1:
        wrong[value] = "that is near, not there. A grid is too coarse; halve the interval some fifty times"
    if value >= 50 * right or 0 <= value <= right / 50:
        wrong[value] = (
            "that looks like an end of your search. Where the entropy in the middle is too low, it is the "
            "warmer half that is to be searched on"
        )
    expect_close(value, right, what, tolerance=1e-4, mistakes=wrong)


@check("thermostat")
def as_it_is(student):
    """Asked for the entropy that the distribution already has, the thermostat says T = 1."""
    got = student.temperature_for_entropy([0.4, 0.3, 0.2, 0.1], 1.2798542258)
    what = "the temperature for the entropy of (0.4, 0.3, 0.2, 0.1) itself"
    expect_temperature(got, 1.0, 1.2798542258, what)


@check("thermostat")
def up_and_down(student):
    """Less entropy needs a lower temperature, more a higher one."""
    for entropy, t, bits in TARGETS:
        expect_temperature(
            student.temperature_for_entropy([0.4, 0.3, 0.2, 0.1], entropy),
            t,
            entropy,
            f"the temperature at which (0.4, 0.3, 0.2, 0.1) has {entropy} nats",
            {1 / t: "that is 1/T", bits: "you measured entropy in bits; here it is in nats"},
        )


@check("thermostat", weight=0.5)
def out_of_reach(student):
    """An entropy that no temperature gives raises ValueError."""
    expect_entropy(student, [0.4, 0.3, 0.2, 0.1], 1.25)
    for target in (1.5, -0.1):
        expect_raises(
            lambda target=target: student.temperature_for_entropy([0.4, 0.3, 0.2, 0.1], target),
            "ValueError",
            f"asked for {target} nats of four tokens, where 0 to log 4 = 1.386 can be had",
        )


@check("thermostat", weight=0.5)
def tie(student):
    """With two tokens tied for the first place, some chance is left at every temperature."""
    expect_entropy(student, [0.4, 0.4, 0.2], 1.0)
    expect_raises(
        lambda: student.temperature_for_entropy([0.4, 0.4, 0.2], 0.5),
        "ValueError",
        "asked for 0.5 nats of (0.4, 0.4, 0.2), where log 2 = 0.693 remain even as T → 0",
    )


def expect_entropy(student, probs, target):
    """At the temperature the student returns, `probs` has the entropy asked for."""
    t = expect_number(student.temperature_for_entropy(list(probs), target), "the temperature")
    expect(t >= 0, "a temperature is never negative")
    expect(abs(entropy_of(annealed(probs, t)) - target) < 1e-6, f"not {target:.6g} nats at T = {t:.6g}")


@check("fill_blank")
def who_ate_the_mouse(student):
    """The ___ ate the mouse: the words after the gap make it the cheese, though mice eat most of the time."""
    tokens = ["the", None, "ate", "the", "mouse", "."]
    candidates = ["mouse", "cheese", "ball"]
    expect_table(
        student.fill_blank(model_of(MOUSE), tokens, candidates),
        _shares({"mouse": 0.035, "cheese": 0.08, "ball": 0.02}),
        "the ___ ate the mouse",
        [
            (
                {"mouse": 0.7, "cheese": 0.2, "ball": 0.1},
                "that is p(word | words before the gap). The words after it are evidence too: "
                "how probable is the whole sentence with each word?",
            ),
            (
                _shares({"mouse": 0.05, "cheese": 0.4, "ball": 0.2}),
                "that is only how well each word explains what follows; they were not equally likely before",
            ),
            (
                _shares({w: math.log(p) for w, p in (("mouse", 0.035), ("cheese", 0.08), ("ball", 0.02))}),
                "you shared out the logarithms; exponentiate them first",
            ),
        ],
    )


@check("fill_blank")
def gap_at_the_end(student):
    """With nothing after the gap, the answer is the model's own next-word distribution."""
    tokens = ["the", "mouse", "ate", None]
    expect_table(
        student.fill_blank(model_of(MOUSE), tokens, ["the", "."]),
        {"the": 0.8, ".": 0.2},
        "the mouse ate ___",
    )


@check("fill_blank", weight=0.5)
def nothing_fits(student):
    """If no candidate makes a possible sentence, raise ValueError."""
    tokens = ["the", "mouse", "ate", None]
    got = student.fill_blank(model_of(MOUSE), tokens, ["the", "."])
    expect_table(got, {"the": 0.8, ".": 0.2}, "the mouse ate ___")
    expect_raises(
        lambda: student.fill_blank(model_of(MOUSE), ["the", None, "the"], ["mouse", "ball"]),
        "ValueError",
        "when no candidate fits",
    )


@check("typical")
def not_the_top(student):
    """Of (1/2, 1/4, 1/8, 1/8), the typical token is the second: its surprise is nearest to the entropy."""
    far = (
        "in nats the surprises are 0.69, 1.39, 2.08, 2.08 and the entropy is 1.21. Are yours both in "
        "nats, and "
        "do the smallest distances come first?"
    )
    expect_probs(
        student.typical_filter([0.5, 0.25, 0.125, 0.125], 0.2),
        [0, 1, 0, 0],
        "(1/2, 1/4, 1/8, 1/8) with mass 0.2",
        [
            (
                [1, 0, 0, 0],
                "that is the most probable token: rank by distance |surprise - entropy| instead (and if you "
                "did, put what is kept back in its place)",
            ),
            *((row, far) for row in ([0, 0, 0.5, 0.5], [0, 0, 1, 0], [0, 0, 0, 1])),
        ],
    )


@check("typical")
def the_one_that_crosses(student):
    """Tokens are kept until their mass reaches the mark; the one that crosses it is kept too."""
    probs = [0.5, 0.25, 0.125, 0.125]
    expect_probs(
        student.typical_filter(probs, 0.6),
        [2 / 3, 1 / 3, 0, 0],
        "(1/2, 1/4, 1/8, 1/8) with mass 0.6",
        [
            ([0, 1, 0, 0], "kept mass is 0.25, short of 0.6: keep the token that crosses the mark as well"),
            ([0.8, 0, 0.2, 0], "that does not keep the most typical token first"),
            (
                [1 / 3, 2 / 3, 0, 0],
                "the right two, but in the order of their distances; put each in its place",
            ),
            (
                probs,
                "the two of 1/8 came before that of 1/2. The entropy is a mean in which each surprise "
                "is weighed "
                "by its probability, 1.21 nats",
            ),
        ],
    )
    expect_probs(
        student.typical_filter(probs, 0.75),
        [2 / 3, 1 / 3, 0, 0],
        "(1/2, 1/4, 1/8, 1/8) with mass 0.75",
        [([4 / 7, 2 / 7, 1 / 7, 0], "0.25 + 0.5 reaches 0.75 exactly: no further token is needed")],
    )


@check("typical")
def equals(student):
    """Among equally typical tokens the one that stands first comes first."""
    probs = [0.5, 0.25, 0.125, 0.125]
    expect_probs(
        student.typical_filter(probs, 0.8),
        [4 / 7, 2 / 7, 1 / 7, 0],
        "(1/2, 1/4, 1/8, 1/8) with mass 0.8",
        [
            (
                probs,
                "one of the two equal tokens is enough to reach 0.8; keep the first of them only (if "
                "the order is "
                "right in the checks above)",
            ),
            ([0.5 / 0.875, 0.25 / 0.875, 0, 0.125 / 0.875], "of the two equal tokens keep the first"),
        ],
    )


# 6. best_sentence


def best_words(student, next_probs, limit=2000):
    """What the student takes for the most probable sentence, as words; with no limit it may ask for ever."""
    try:
        got = student.most_probable(counted(next_probs, limit) if limit else next_probs)
    except StudentError as error:
        told = {
            "RecursionError": "a search that goes down one path to its end may never come back. Keep all "
            "beginnings in a heap, and go on from the most probable one",
            "IndexError": "is the heap empty? The search starts from the beginning of no words, ()",
        }
        expect(error.kinds[0] not in told, f"{error.explanation()}: {told.get(error.kinds[0])}")
        raise
    expect(
        not (isinstance(got, (list, tuple)) and any(isinstance(part, (list, tuple)) for part in got)),
        f"return the words alone; you returned {describe(got)}",
    )
    expect(
        isinstance(got, (list, tuple)),
        f"return the words of the sentence as a tuple; you returned {describe(got)}",
    )
    return " ".join(map(str, got))


def expect_best(student, sentences, best, why):
    """The student's most probable sentence is `best`; `why` explains a wrong one."""
    said = best_words(student, model_of(sentences))
    p = sentences.get(said)
    expect(
        p is not None,
        f"{said!r} is no sentence of the model: it should begin at the start and end with a full stop",
    )
    expect(
        close(p, sentences[best]),
        f"{said!r} has probability {p:.3g}, {best!r} has {sentences[best]:.3g}: {why}",
    )


@check("best_sentence")
def greedy_trap(student):
    """The best first word does not lead to the best sentence."""
    expect_best(
        student,
        {"a c .": 0.2, "a d .": 0.2, "a e .": 0.2, "b f .": 0.4},
        "b f .",
        "taking the best word at each step (greedy decoding) overlooks it; what counts is the product of all "
        "words so far",
    )


@check("best_sentence")
def very_very_good(student):
    """A model with endless sentences: "very very very …" must not trap the search."""

    def effusive(context):
        return {".": 1.0} if context[-1:] == ("good",) else {"very": 0.6, "good": 0.4}

    said = best_words(student, effusive)
    expect(said == "good .", f"'good .' has probability 0.4 and nothing has more; you found {said[:60]!r}")


@check("best_sentence")
def met_is_not_picked(student):
    """The first full stop that the search meets need not end the best sentence."""
    expect_best(
        student,
        {".": 0.1, "a .": 0.9},
        "a .",
        "a sentence is found when you pick it as the most probable of all beginnings, not when you meet it. "
        "And is it the most probable that you pick? A heap hands you the smallest entry",
    )


@check("best_sentence")
def behind_many_others(student):
    """Twelve first words look better than the one that begins the best sentence."""
    sentences = {f"w{i} {word} .": 0.0195 for i in range(12) for word in "abcd"}
    expect_best(
        student,
        {**sentences, "x y .": 0.064},
        "x y .",
        "did you drop beginnings, as a beam does? Keep all of them, each with the product of all its words",
    )


# 7. annealed_sequence

FORKS = {"a x .": 0.3, "a y .": 0.3, "b z .": 0.4}


@check("annealed_sequence")
def forks(student):
    """Of sentences at 0.3, 0.3 and 0.4, at T = 1/2, a begins with probability 0.18/0.34, not 0.36/0.52."""
    what = "the first word at T = 0.5"
    try:
        got = student.annealed_next(model_of(FORKS), (), 0.5)
    except StudentError as error:
        expect(
            "ZeroDivisionError" not in error.kinds,
            f"{what}: {error.explanation()}. Are all your weights 0? After a full stop Z is 1, the one "
            f"way to say "
            "no more",
        )
        raise
    expect_table(
        got,
        {"a": 0.18 / 0.34, "b": 0.16 / 0.34},
        what,
        [
            (
                _shares({"a": 2 * 0.3**0.5, "b": 0.4**0.5}),
                "the exponent is 1/T, not T: the logarithms are divided by T",
            ),
            (
                {"a": 0.36 / 0.52, "b": 0.16 / 0.52},
                "that anneals this step alone; the ways to go on must be weighed in",
            ),
            ({"a": 0.6, "b": 0.4}, "that is the model at T = 1"),
        ],
    )


@check("annealed_sequence")
def one_and_infinity(student):
    """At T = 1 it is the model itself; at T = inf all sentences count alike, words by continuations."""
    expect_table(
        student.annealed_next(model_of(FORKS), (), 1.0), {"a": 0.6, "b": 0.4}, "the first word at T = 1"
    )
    expect_table(
        student.annealed_next(model_of(FORKS), (), math.inf),
        {"a": 2 / 3, "b": 1 / 3},
        "the first word at T = inf",
        [({"a": 0.5, "b": 0.5}, "that makes words equally likely; it is the three sentences that should be")],
    )


@check("annealed_sequence")
def further_on(student):
    """After a context, only the sentences that begin with it count."""
    expect_table(
        student.annealed_next(model_of(MOUSE), ("the", "mouse", "ate"), 2.0),
        {"the": 0.7506161290, ".": 0.2493838710},
        "after 'the mouse ate' at T = 2",
        [({"the": 1.0}, "that is how a sentence begins; begin with the words of the context")],
    )


@check("annealed_sequence")
def cold(student):
    """Three words, 2,023 sentences of about 1/2023 each, at T = 0.01: their hundredth powers underflow."""
    underflow = "p^(1/T) underflowed to 0: carry log p / T and log Z instead of p^(1/T) and Z"
    first = [1.02, 1.01, 1.0, 1.0, 1.0, 1.0, 1.0]
    rows = [_shares(dict(zip("abcdefghijklmnopq", weights))) for weights in (first, [1.0] * 17, [1.0] * 17)]
    try:
        got = student.annealed_next(independent(rows), (), 0.01)
    except StudentError as error:
        expect("ZeroDivisionError" not in error.kinds and not took_log_of_zero(error), underflow)
        raise
    if isinstance(got, dict):
        expect(any(got.values()) and not any(p != p for p in got.values()), underflow)
    expect_table(got, _shares({w: p**100 for w, p in zip("abcdefg", first)}), "the first word at T = 0.01")


@check("annealed_sequence")
def impossible_word(student):
    """A word that the model lists at probability 0 stays impossible; do not ask what follows it."""
    model = model_of(FORKS)

    def next_probs(context):
        return {"c": 0.0, **model(context)} if context == () else model(context)

    expect_table(
        student.annealed_next(next_probs, (), 0.5),
        {"a": 0.18 / 0.34, "b": 0.16 / 0.34, "c": 0.0},
        "the first word at T = 0.5",
    )


# Stretch


def expect_periods(student, periods):
    """The period of each text."""
    for text, period in periods.items():
        what = f"the period of {text!r}"
        got = expect_number(student.find_loop(text.split()), what)
        why = {
            got == 0: "are all lengths tried, up to a third of the text, and at its end?",
            0 < got < period: "the three must be equal to each other, the middle one as well",
            got == 3: "that is how often it is said; its length is asked for",
            period == 0 and got > 0: "it must be said three times, and the text must end with it",
        }
        reasons = [f": {reason}" for holds, reason in why.items() if holds]
        expect(got == period, f"{what} should be {period}, yours is {got:g}{''.join(reasons[:1])}")


@check("parrot")
def stuck(student):
    """A text that ends in a phrase said three times over is a loop; its period is the phrase's length."""
    periods = {"she said la la la": 1, "to be or not or not or not": 2, "and on and on we go": 0}
    expect_periods(student, {**periods, "a b c a b c a b c": 3, "la la": 0, "": 0})


@check("parrot")
def shortest(student):
    """Of several periods the shortest counts, and the last repetition must be complete."""
    periods = {"la la la la la la": 1, "x a b a b a b": 2, "a b a b a b a": 2, "a b a b a b c": 0}
    expect_periods(student, periods)


# What the checks of an exercise weigh that are asked only for the grade.
UNSEEN_WEIGHTS = {'chain_rule': 3.0, 'temperature': 2.0, 'thermostat': 2.5, 'fill_blank': 2.5, 'typical': 3.0, 'best_sentence': 3.5, 'annealed_sequence': 3.5}
