"""Assignment 2: what is particular to it. What every assignment owes is in `test_every_assignment.py`."""

import doctest
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from authored import CHECKS, defined, exercises, notebook, outcomes, wrong

from lmcourse import information
from lmcourse.grading import course
from lmcourse.model import TableModel
from lmcourse.ngram import CountModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import agreement, five_words

NAME = "02-information"

# Solutions that go about it in other ways than the authored ones, and are right.
OTHER_WAYS = [
    (
        "surprise",
        "in plain Python, with lists",
        """
def surprisal(probs):
    if isinstance(probs, (list, tuple)) or np.ndim(probs):
        return [surprisal(p) for p in probs]
    return math.log2(1 / probs) if probs else math.inf


def perplexity(probs):
    return math.inf if 0 in probs else math.exp(-sum(map(math.log, probs)) / len(probs))


def bits_per_byte(probs, text):
    return sum(surprisal(probs)) / len(text.encode())
""",
    ),
    (
        "divergence",
        "takes the entropy off the cross-entropy, row by row",
        """
def kl_divergence(p, q):
    if np.ndim(p) == 2:
        return [kl_divergence(a, b) for a, b in zip(p, q)]
    pairs = [(a, b) for a, b in zip(p, q) if a > 0]
    if any(b == 0 for _, b in pairs):
        return math.inf
    return -sum(a * math.log2(b) for a, b in pairs) + sum(a * math.log2(a) for a, _ in pairs)


def detour(factor):
    return np.array([[0.9, 0.1], [1e-3, 1 - 1e-3], [1e-300, 1]])
""",
    ),
    (
        "independence",
        "as H(X) + H(Y) - H(X, Y)",
        """
def fit_independent(counts):
    n = sum(map(sum, counts))
    rows, columns = [sum(row) for row in counts], [sum(column) for column in zip(*counts)]

    def bits(numbers):
        return -sum(k / n * math.log2(k / n) for k in numbers if k)

    excess = bits(rows) + bits(columns) - bits([k for row in counts for k in row])
    return [k / n for k in rows], [k / n for k in columns], excess
""",
    ),
    (
        "codewords",
        "grows a tree, and counts down",
        """
def prefix_code(lengths):
    free, words = [""], {}
    for length in sorted(set(lengths.values())):
        wanted = [s for s in lengths if lengths[s] == length]
        while len(free) < len(wanted) or any(len(word) < length for word in free[: len(wanted)]):
            short = next((w for w in sorted(free, key=len, reverse=True) if len(w) < length), None)
            if short is None:
                raise ValueError("no room")
            free.remove(short)
            free = [short + "1", short + "0", *free]
            free.sort(key=len, reverse=True)
        for symbol in wanted:
            words[symbol] = free.pop(0)
    return words
""",
    ),
    (
        "encoding",
        "in whole numbers, and the last of the shortest codes",
        """
def encode(next_counts, tokens):
    low, width, whole = 0, 1, 1
    for i, token in enumerate(tokens):
        counts = next_counts(tuple(tokens[:i]))
        if token not in counts:
            raise ValueError(token)
        names = list(counts)
        before = sum(counts[t] for t in names[: names.index(token)])
        total = sum(counts.values())
        low, width, whole = low * total + width * before, width * counts[token], whole * total
    size = 0
    while True:
        last = (low + width) * 2**size // whole - 1
        if last * whole >= low * 2**size and last >= 0:
            return format(last, "b").zfill(size) if size else ""
        size += 1
""",
    ),
    (
        "decoding",
        "narrows the interval instead of widening the number",
        """
def decode(next_counts, bits, n):
    number, low, width, tokens = Fraction(0), Fraction(0), Fraction(1), ()
    for i, bit in enumerate(bits):
        number += Fraction(int(bit), 2 ** (i + 1))
    for _ in range(n):
        counts = next_counts(tokens)
        total = sum(counts.values())
        for token, count in counts.items():
            part = width * Fraction(count, total)
            if number < low + part:
                break
            low += part
        tokens, width = (*tokens, token), part
    return tokens
""",
    ),
    (
        "entropy_rate",
        "adds up squares",
        """
def entropy_rate(sentences):
    n = len(sentences)
    pairs = [(-sum(map(math.log2, probs)), len(probs)) for probs in sentences]
    tokens = sum(length for _, length in pairs)
    h = sum(bits for bits, _ in pairs) / tokens
    squares = sum((bits - h * length) ** 2 for bits, length in pairs)
    half = 1.959964 * math.sqrt(squares * n / (n - 1)) / tokens
    return [h, h - half, h + half]
""",
    ),
    (
        "mixing",
        "the EM algorithm",
        """
def best_weight(a, b):
    a, b = np.asarray(a), np.asarray(b)
    w = 0.5
    for _ in range(5000):
        w = float(np.mean(w * a / (w * a + (1 - w) * b)))
    return w, float(-np.log2(w * a + (1 - w) * b).mean())
""",
    ),
]


def test_there_are_seven_graded_exercises_and_one_more():
    assert exercises(NAME) == [*course.points(NAME), "mixing"]
    assert sum(course.points(NAME).values()) == 17


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("exercise", "what", "code"), OTHER_WAYS, ids=[way[1] for way in OTHER_WAYS])
def test_other_right_ways_pass(exercise, what, code, seed):  # noqa: ARG001
    done = outcomes(NAME, exercise, wrong(NAME, code), seed)
    assert [outcome.message for outcome in done if not outcome.passed] == []


# What only the grade sees: mistakes that no public example shows.
SUBTLE = [
    (
        "codewords",
        "def code_lengths(probs):\n    return {s: math.ceil(-math.log(p) / math.log(2)) "
        "for s, p in probs.items() if p > 0}",
        "random_lengths",
    ),
    (
        "codewords",
        """
def prefix_code(lengths):
    if sum(2.0**-n for n in lengths.values()) > 1:
        raise ValueError("too short")
    words, start = {}, Fraction(0)
    for symbol in sorted(lengths, key=lengths.get):
        n = lengths[symbol]
        words[symbol] = f"{int(start * 2**n):0{n}b}" if n else ""
        start += Fraction(1, 2**n)
    return words
""",
        "by_ever_so_little",
    ),
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("exercise", "code", "name"), SUBTLE, ids=[case[2] for case in SUBTLE])
def test_a_rounded_logarithm_or_sum_costs_one_hidden_check(exercise, code, name, seed):
    done = outcomes(NAME, exercise, wrong(NAME, code), seed)
    checks = [check for check in CHECKS[NAME] if check.exercise == exercise]
    assert [check.name for check, outcome in zip(checks, done) if not outcome.passed] == [name]


def called(namespace, name, run):
    """The arguments of all calls of the function `name` while `run` uses the namespace: models as "model"."""
    function, calls = namespace[name], []

    def listening(*args):
        calls.append(
            repr(["model" if callable(a) else a.tolist() if isinstance(a, np.ndarray) else a for a in args])
        )
        return function(*args)

    run(namespace | {name: listening})
    return set(calls)


@pytest.mark.parametrize("exercise", exercises(NAME))
def test_each_example_of_a_docstring_is_a_public_check(exercise):
    names, runner = defined(NAME), doctest.DocTestRunner(verbose=False)
    cell = next(cell.source for cell in notebook(NAME).cells if cell.get("id") == exercise)
    tried = 0
    for name in re.findall(r"^def (\w+)", cell, re.MULTILINE):
        text = names[name].__doc__
        shown = called(
            names,
            name,
            lambda given, text=text, name=name: runner.run(
                doctest.DocTestParser().get_doctest(text, given, name, None, 0)
            ),
        )
        checked = called(names, name, lambda given: outcomes(NAME, exercise, given, 0, public_only=True))
        assert shown <= checked, name
        tried += len(shown)
    assert tried
    assert not runner.failures


def models():
    words = Vocabulary(["stop", "la", "li"])
    letters = Vocabulary.of_characters("abcdr")
    listed = {"la li stop": 0.5, "li stop": 0.25, "la stop": 0.25}
    return {
        "five words": (five_words(), "the mouse ate the cheese . the ball ate ."),
        "agreement": (agreement(1), "the mice that the cat sees sleep ."),
        "table": (TableModel(words, listed), "la li stop"),
        "counts": (CountModel(letters, 3, "abracadabra"), "abracadabracadabra"),
    }


@pytest.mark.parametrize("name", models())
def test_any_language_model_drives_the_coder(name):
    """There and back, in at most two bits more than the text's surprise, and a number of its interval."""
    model, text = models()[name]
    names = defined(NAME)
    counts, tokens = names["whole_numbers"](model), model.vocab.split(text)
    bits = names["encode"](counts, tokens)
    assert names["decode"](counts, bits, len(tokens)) == tokens
    surprise = -model.log_prob(text) / math.log(2)
    assert surprise - 1e-6 <= len(bits) <= surprise + 2
    low, high = information.intervals(model, text)[-1]
    nearly = Fraction(1, 2**50)  # whole numbers of sixty bits round the probabilities a little
    assert low - nearly <= Fraction(int(bits, 2), 2 ** len(bits)) < high + nearly


def test_what_is_written_by_hand_agrees_with_the_package():
    names, rng = defined(NAME), np.random.default_rng(3)
    p, q = rng.dirichlet(np.ones(4), size=2)
    assert names["kl_divergence"](p, q) == pytest.approx(information.kl_divergence(p, q))
    counts = rng.integers(1, 9, size=(3, 4))
    assert names["fit_independent"](counts)[2] == pytest.approx(
        information.mutual_information(counts / counts.sum())
    )
    probs = dict(zip("abcd", p.tolist()))
    words = names["prefix_code"](names["code_lengths"](probs))
    shannon = information.mean_length(words, probs)
    assert information.entropy(p) <= information.mean_length(information.huffman(probs), probs) <= shannon
    assert shannon < information.entropy(p) + 1
    text = list("abcdabba")
    assert information.read_code("".join(words[c] for c in text), words) == text


def test_no_other_model_of_independent_parts_is_as_likely():
    names, rng = defined(NAME), np.random.default_rng(4)
    counts = rng.integers(0, 9, size=(3, 4))
    shares = counts / counts.sum()
    q, r, excess = names["fit_independent"](counts)
    for _ in range(200):
        other = np.outer(*(0.9 * best + 0.1 * rng.dirichlet(np.ones(len(best))) for best in (q, r)))
        assert information.kl_divergence(shares.ravel(), other.ravel()) >= excess


def test_the_mouse_world_is_sent_within_two_bits(capsys):
    defined(NAME)["send"]()
    surprise, sent = (float(part.split()[0]) for part in capsys.readouterr().out.splitlines()[1].split(", "))
    assert surprise <= sent <= surprise + 2


def test_ninety_five_intervals_in_a_hundred_hold_the_truth():
    """Of 200 at 0.95, the share has a standard deviation of 0.015."""
    assert 0.9 <= defined(NAME)["coverage"]() <= 0.995


def test_the_figures_of_the_model_answer():
    """2 and log2 4/3 bits, half the time each; and 4 and 4/3, as the notes have it."""
    p, q = [0.5, 0.5], [0.25, 0.75]
    assert information.cross_entropy(p, q) == pytest.approx((2 + math.log2(4 / 3)) / 2)
    assert round(information.cross_entropy(p, q), 4) == 1.2075
    assert round(information.kl_divergence(p, q), 4) == 0.2075
    assert round(sum(a / b for a, b in zip(p, q)), 2) == 2.67
