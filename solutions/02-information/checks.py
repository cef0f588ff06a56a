"""Checks of assignment 2, Information.

All information is in bits. A model to encode with is a function from a context (a tuple of tokens) to a
dictionary from each possible next token to a whole number; probabilities are shares in their sum.
"""

from __future__ import annotations

import math
from fractions import Fraction

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
from lmcourse.grading.numbers import IS_NEAR, NEAR
from lmcourse.information import cross_entropy, frequencies
from lmcourse.information import kl_divergence as divergence
from lmcourse.world import agreement, five_words

# What of the course's package students' code may use; see `lmcourse.grading.shelf`
IMPORTS = (
    "lmcourse.information.frequencies",
    "lmcourse.world.five_words",
    "lmcourse.world.World.entropy_rate",
    "lmcourse.world.World.log_prob",
    "lmcourse.world.World.sample",
    "lmcourse.world.World.token_log_probs",
)

INF = math.inf

# What students return, looked at


def expect_array(got, expected, what, mistakes=()):
    """Numbers equal to the array `expected`; `mistakes` are pairs of a wrong one and its explanation."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    try:
        values = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise CheckFailed(f"{what}: expected an array of numbers, got {describe(got)}") from None
    expected = np.asarray(expected, dtype=float)
    expect(
        values.shape == expected.shape,
        f"{what}: the answer should have the shape {expected.shape}, yours has {values.shape}",
    )
    expect(
        not np.any(np.isnan(values)),
        f"{what}: yours is {_row(values)}, and nan is not a number: look for 0 · log 0, which is 0 times "
        "-inf for a computer, and for inf - inf",
    )
    if same(values, expected):
        return
    for wrong, why in mistakes:
        if same(values, np.asarray(wrong, dtype=float), 1e-6):
            raise CheckFailed(f"{what}: expected {_row(expected)}, yours is {_row(values)}: {why}")
    if same(values, expected, NEAR):
        raise CheckFailed(f"{what}: yours is nearly {_row(expected)}; {IS_NEAR}")
    raise CheckFailed(f"{what}: expected {_row(expected)}, yours is {_row(values)}")


def same(a, b, tolerance=1e-9):
    """Whether two arrays agree, infinities included."""
    return a.shape == b.shape and all(
        close(x, y, tolerance) for x, y in zip(a.ravel().tolist(), b.ravel().tolist())
    )


def expect_several(got, count, what, names):
    """The `count` things that a student's function returned."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(
        isinstance(got, (list, tuple)) or (isinstance(got, np.ndarray) and got.ndim > 0),
        f"{what}: return {names}, not {describe(got)}",
    )
    expect(len(got) == count, f"{what}: return {names}; you returned {len(got)} thing(s)")
    return list(got)


def expect_bits(got, what):
    """The string of 0 and 1 that a student returned."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(
        isinstance(got, str) and not set(got) - {"0", "1"},
        f"{what}: return a string of the characters 0 and 1; you returned {describe(got)}",
    )
    return got


def _row(values):
    values = np.asarray(values, dtype=float)
    if values.ndim == 0:
        return f"{float(values):.4g}"
    text = "(" + ", ".join(_row(value) for value in values) + ")"
    return text if len(text) <= 100 else text[:97] + "…"


def _short(value):
    text = repr(value)
    return text if len(text) <= 70 else text[:67] + "…"


def random_rows(rng, rows, size, zeros=0.0):
    """Random distributions, of whose entries about this share are zero, never all."""
    weights = rng.gamma(0.7, size=(rows, size)) + 1e-3
    weights = np.where(rng.random((rows, size)) < zeros, 0.0, weights)
    weights[np.arange(rows), rng.integers(size, size=rows)] += 0.5
    return weights / weights.sum(axis=1, keepdims=True)


def took_log_of_zero(error):
    """Whether the student's error is that of `math.log2(0.0)` or of 1/0, in the words of any Python."""
    said = ("math domain error", "expected a positive input", "division by zero")
    return any(words in error.message for words in said)


# 1. surprise


@check("surprise")
def surprise_of_each(student):
    """Half, an eighth, certain, impossible: 1, 3, 0 and infinitely many bits; an array keeps its shape."""
    expect_array(
        student.surprisal([0.5, 0.125, 1.0]),
        [1, 3, 0],
        "the surprisal of (1/2, 1/8, 1)",
        [
            ([math.log(2), math.log(8), 0], "that is in nats; take the logarithm to base 2"),
            ([-1, -3, 0], "the sign is turned: surprise is not negative"),
            ([2, 8, 1], "that is 1/p; surprisal is the logarithm of it"),
        ],
    )
    try:
        got = student.surprisal([0.0])
    except StudentError as error:
        expect(
            not took_log_of_zero(error),
            f"the surprisal of (0): your code raised {error.kinds[0]} at the logarithm of 0 (or at "
            f"1/0). What is "
            "impossible is infinitely surprising; np.log2 gives infinity there, with a warning",
        )
        raise
    value = got[0] if isinstance(got, (list, tuple, np.ndarray)) and np.shape(got) == (1,) else 0.0
    finite = isinstance(value, (int, float)) and math.isfinite(value)
    why = "what is impossible is infinitely surprising"
    why += ". Did you add a small number under the logarithm?" if value else ", and yours is not at all"
    expect_array(got, [INF], "the surprisal of (0)", [([value], why)] if finite else [])
    rows = "the surprisal of two rows, (1/4, 1/2) and (1, 1/16)"
    try:
        got = student.surprisal(np.array([[0.25, 0.5], [1.0, 0.0625]]))
    except StudentError as error:
        expect(
            not {"TypeError", "ValueError"} & {*error.kinds},
            f"{rows}: {error.explanation()}. The array may have any shape; NumPy's functions take it as "
            f"it is",
        )
        raise
    expect_array(got, [[2, 1], [0, 4]], rows)
    expect_array(
        student.surprisal([[0.5, 0.125], [1, 0]]),
        [[1, 3], [0, INF]],
        "the surprisal of a list of two rows, (1/2, 1/8) and (1, 0)",
    )


@check("surprise")
def mean_of_surprise(student):
    """Tokens of 1 bit and of 3 bits: 2 bits on average, so the perplexity is 4."""
    expect_close(
        student.perplexity([0.5, 0.125]),
        4.0,
        "the perplexity of tokens with probabilities 1/2 and 1/8",
        mistakes={
            5.0: "that is the mean of 1/p. Take the mean of the surprisals first, and raise 2 to it then",
            3.2: "that is one over the mean probability. Take the mean of the surprisals first",
            16.0: "that is for the whole text; perplexity is per token. Where is the 1/L?",
            2.0: "that is the mean surprisal; perplexity is 2 to it",
            math.exp(2): "e to bits: use one base for both, the logarithm and the power",
            2 ** math.log(4): "2 to nats: use one base for both, the logarithm and the power",
            2**0.875: "you weighed each surprisal by its p; here each token came once, so each counts alike",
            0.25: "that is 2 to minus the mean; the sign is turned",
        },
    )
    what = "the perplexity of a text with an impossible token"
    try:
        got = student.perplexity([0.5, 0.0, 0.5])
    except StudentError as error:
        expect(
            not took_log_of_zero(error),
            f"{what}: your code raised {error.kinds[0]} at the logarithm of 0 (or at 1/0). That token is "
            "infinitely surprising, and so is the text",
        )
        raise
    expect_close(got, INF, what)


WHOLE_TEXT = (
    "2 to the sum of the surprisals is too large for a computer; perplexity is per token: where is the 1/L?"
)


def of_whole_text(student):
    """Whether a perplexity is 2 to the sum of the surprisals, not to their mean."""
    got = student.perplexity([0.5, 0.125])
    return isinstance(got, (int, float)) and close(got, 16.0, 1e-6)


@check("surprise")
def no_underflow(student):
    """A thousand tokens at probability 0.1: their product underflows, the mean of surprisals does not."""
    underflow = "the product of so many probabilities underflowed to 0; add up surprisals instead"
    try:
        got = student.perplexity([0.1] * 1000)
    except StudentError as error:
        expect("OverflowError" not in error.kinds or not of_whole_text(student), WHOLE_TEXT)
        expect(not took_log_of_zero(error), underflow)
        raise
    if got == INF and of_whole_text(student):
        underflow = WHOLE_TEXT
    expect_close(got, 10.0, "the perplexity of 1,000 tokens of probability 0.1", mistakes={INF: underflow})


@check("surprise")
def per_byte(student):
    """Four bits for 'né', which is three bytes in UTF-8."""
    what = "the bits per byte of 'né', in two tokens of probabilities 1/2 and 1/8"
    expect_close(
        student.bits_per_byte([0.5, 0.125], "né"),
        4 / 3,
        what,
        mistakes={
            2.0: "é is one character of two bytes: 'né' has three. Or did you divide by the tokens?",
            4.0: "that is for the whole text, which is three bytes",
            4
            / 6: "that is the mean of the surprisals, divided by the bytes; it is their sum that is divided",
            0.75: "that is bytes per bit",
            math.log(16) / 3: "that is in nats; take the logarithm to base 2",
        },
    )
    expect_close(
        student.bits_per_byte([0.0625], "né"),
        4 / 3,
        "the bits per byte of 'né', in one token of probability 1/16",
        mistakes={4.0: "divide by the text's bytes, not by its tokens"},
    )
    expect_close(
        student.bits_per_byte([0.5, 0.125], "to be or not to be: "),
        0.2,
        "the bits per byte of 'to be or not to be: ', in two tokens of probabilities 1/2 and 1/8",
        mistakes={4 / 6: "divide by the bytes of the text, 20, not by the number of its words"},
    )


@check(
    "surprise",
    hidden=True,
    hint="random probabilities in arrays of one, two and three dimensions, zeros among them",
)
def random_surprisal(student, rng):
    """Shapes of all kinds."""
    for shape in ((6,), (3, 4), (2, 3, 2), (1,)):
        probs = rng.random(shape)
        probs.ravel()[0] = 0.0 if len(shape) > 1 else 1.0
        expected = [-math.log2(p) if p else INF for p in probs.ravel().tolist()]
        expect_array(student.surprisal(probs), np.reshape(expected, shape), "some surprisals")


@check(
    "surprise",
    hidden=True,
    weight=1.5,
    hint="the same text in few tokens and in many, in several scripts: the bits per byte stay, the "
    "perplexity does not; and one impossible token makes both infinite",
)
def random_texts(student, rng):
    """Perplexity by geometric mean, bits per byte by bytes; cuts that change the number of tokens."""
    for text in ("the mouse", "Käse", "奶酪, 奶酪", "🐭"):
        probs = rng.uniform(0.02, 0.9, size=6).tolist()
        pairs = [probs[i] * probs[i + 1] for i in (0, 2, 4)]
        bits = -sum(math.log2(p) for p in probs)
        for tokens in (probs, pairs):
            expect_close(student.perplexity(tokens), 2 ** (bits / len(tokens)), "some perplexity")
            expect_close(student.bits_per_byte(tokens, text), bits / len(text.encode()), "some bits per byte")
    expect_close(student.bits_per_byte([0.5, 0.0], "ab"), INF, "impossible text")
    probs = rng.uniform(0.001, 0.2, size=2000).tolist()
    bits = -sum(math.log2(p) for p in probs) / 2000
    expect_close(student.perplexity(probs), 2**bits, "a long text")


# 2. divergence

P, Q = [0.5, 0.5], [0.25, 0.75]


@check("divergence")
def one_pair(student):
    """KL((1/2, 1/2) ‖ (1/4, 3/4)) is 0.2075 bits."""
    kl = student.kl_divergence(P, Q)
    expect_array(
        kl,
        1 - 0.5 * math.log2(3),
        "KL((1/2, 1/2) ‖ (1/4, 3/4))",
        [
            (
                0.75 * math.log2(3) - 1,
                "that is KL(q ‖ p), or H(p) - H(q): the weights of both logarithms are p's, what is true",
            ),
            (0.5 * math.log(4 / 3), "that is in nats; take the logarithm to base 2"),
            (1.5 - 0.5 * math.log2(3) + 0.5, "that is the cross-entropy; take p's own entropy off"),
            (0.5 * math.log2(3) - 1, "the sign is turned: it is p over q in the logarithm"),
            ([0.5, 0.5 * math.log2(2 / 3)], "add the terms up"),
            (0.5 - 0.25 * math.log2(3), "that is the mean of the terms; add them up"),
            (0.5 + 0.5 * math.log2(1.5), "a term may be negative; leave its sign, and add up"),
            (1 + math.log2(2 / 3), "the terms are not weighed: each is multiplied by p"),
        ],
    )


@check("divergence")
def edges(student):
    """What never happens costs nothing; what happens although q excludes it costs infinitely much."""
    for p, q, expected, what, remedy in (
        ([1.0, 0.0], P, 1.0, "where the second never happens", "it adds 0, whatever q says of it"),
        ([*P, 0.0], [*Q, 0.0], 1 - 0.5 * math.log2(3), "where both exclude the third", "it adds 0"),
        (P, [1.0, 0.0], INF, "where the second happens and q excludes it", "it makes the sum infinite"),
    ):
        what = f"KL({_row(p)} ‖ {_row(q)}), {what}"
        try:
            got = student.kl_divergence(p, q)
        except StudentError as error:
            expect(
                not took_log_of_zero(error),
                f"{what}: your code raised {error.kinds[0]} ({error.message}): the formula has a 0 there "
                f"that Python cannot handle; {remedy}",
            )
            raise
        finite = isinstance(got, (int, float)) and math.isfinite(got)
        why = (
            "did you add a small number to q? Then the impossible is only improbable"
            if finite and got > 5
            else "a term may be left out only where p is 0, not where q is"
        )
        expect_array(got, expected, what, [(got, why)] if finite and expected == INF else [])


@check("divergence")
def many_pairs(student):
    """Two rows at once give two numbers, one for each row."""
    what = "KL(p ‖ q) with the rows (1/2, 1/2) and (1, 0) for p, (1/4, 3/4) and (1/2, 1/2) for q"
    try:
        got = student.kl_divergence(np.array([P, [1.0, 0.0]]), np.array([Q, P]))
        of_lists = student.kl_divergence([[1.0, 0.0], P], [P, [1.0, 0.0]])
    except StudentError as error:
        expect(
            not {"TypeError", "ValueError"} & {*error.kinds},
            f"{what}: your code raised {error.kinds[0]} ({error.message}). p and q may be arrays of many "
            "rows; NumPy's functions take them as they are, and add up along one axis",
        )
        raise
    expect(
        np.size(got) == 2 or np.ndim(got) > 0,
        f"{what}: one number came out. Each row is a distribution of its own and has its own number; "
        f"add up along "
        "the last axis",
    )
    expect_array(
        got,
        [1 - 0.5 * math.log2(3), 1.0],
        what,
        [([1.5, 0.5 * math.log2(2 / 3)], "you added up along the columns; each row is one distribution")],
    )
    expect_array(of_lists, [1.0, INF], "KL(p ‖ q) with p = [[1, 0], [0.5, 0.5]], q = [[0.5, 0.5], [1, 0]]")


def expect_detour(got, factor):
    """Three distributions with a detour that is so many times shorter."""
    names = "three lists of two probabilities, p, q and r"
    rows = expect_several(got, 3, f"detour({factor:g})", names)
    rows = [
        expect_distribution(row, what=f"in {name} of detour({factor:g})") for name, row in zip("pqr", rows)
    ]
    expect(
        all(len(row) == 2 for row in rows),
        f"detour({factor:g}): return {names}; one of yours has {max(map(len, rows))}",
    )
    expect(
        all(row.min() > 0 for row in rows),
        f"detour({factor:g}): one of your probabilities is zero; with zeros, infinities would do it, but "
        "here none is allowed. (Is it too small a number for float32? Then use float64)",
    )
    p, q, r = (row / row.sum() for row in rows)
    straight, legs = divergence(p, r), (divergence(p, q), divergence(q, r))
    expect(
        straight > factor * sum(legs),
        f"detour({factor:g}): with your three, going straight costs KL(p ‖ r) = {straight:.4g} bits, and "
        f"the detour {legs[0]:.4g} + {legs[1]:.4g} = {sum(legs):.4g} bits: that is not {factor:g} times as "
        "much. What r all but excludes should be common under p, and rare under q",
    )


@check("divergence")
def shorter_by_a_detour(student):
    """Three distributions where the way from p to r by q costs less than half, a tenth, a twentieth."""
    for factor in (2, 10, 20):
        expect_detour(student.detour(factor), factor)


@check(
    "divergence",
    hidden=True,
    weight=1.5,
    hint="many random rows at once, with zeros in p, in q and in both: where is a term 0, where infinite?",
)
def random_divergences(student, rng):
    """Zeros where p is zero; q excluding something; and one pair alone."""
    for size in (2, 3, 7):
        p, q = random_rows(rng, 12, size, 0.3), random_rows(rng, 12, size)
        q[3:6] = np.where(p[3:6] > 0, q[3:6], 0.0)
        q[6], p[6] = np.eye(size)[0], np.full(size, 1 / size)
        q[7] = p[7]
        q /= q.sum(axis=1, keepdims=True)
        expected = [divergence(a, b) for a, b in zip(p, q)]
        expect_array(student.kl_divergence(p, q), expected, "some rows")
        expect_array(student.kl_divergence(p[0].tolist(), q[0].tolist()), expected[0], "one pair")
        expect_array(student.kl_divergence(p[6:7], q[6:7]), [INF], "one row")


@check(
    "divergence",
    hidden=True,
    hint="factors up to twenty, which need not be whole numbers",
)
def far_shorter(student, rng):
    """Factors up to 20."""
    for factor in [*rng.uniform(12, 20, size=3).tolist(), 20]:
        expect_detour(student.detour(factor), factor)


# 3. independence


def independent(counts):
    """Marginals, and the divergence of the pairs' shares from their product."""
    shares = np.asarray(counts, dtype=float) / np.sum(counts)
    q, r = shares.sum(axis=1), shares.sum(axis=0)
    return q, r, divergence(shares.ravel(), np.outer(q, r).ravel())


def expect_model(student, counts, excess, what, mistakes=()):
    """The best distributions of rows and columns; `mistakes` are pairs of a wrong excess and the reason."""
    try:
        answer = student.fit_independent(counts)
    except StudentError as error:
        expect(
            "broadcast" not in error.message,
            f"{what}: {error.explanation()}. Two arrays that should have the table's shape do not: rows are "
            "x, columns are y, so q has an entry for each row, r one for each column, and the model is "
            "np.outer(q, r), not np.outer(r, q)",
        )
        raise
    got = expect_several(answer, 3, what, "three things, q, r and the excess")
    shares = np.asarray(counts, dtype=float) / np.sum(counts)
    q, r = (expect_distribution(row, what=f"in {name}, {what}") for name, row in zip(("q", "r"), got[:2]))
    sizes = (len(q), len(r))
    expect(
        sizes == shares.shape,
        f"{what}: q and r should have {' and '.join(map(str, shares.shape))} entries, yours have "
        f"{sizes[0]} and {sizes[1]}" + ": rows are x, columns are y" * (sizes == shares.shape[::-1]),
    )
    best = shares.sum(axis=1), shares.sum(axis=0)
    if not (same(q, best[0], 1e-7) and same(r, best[1], 1e-7)):
        yours = cross_entropy(shares.ravel(), np.outer(q, r).ravel() / np.outer(q, r).sum())
        least = cross_entropy(shares.ravel(), np.outer(*best).ravel())
        raise CheckFailed(
            f"{what}: with your q = {_row(q)} and r = {_row(r)} the data cost {yours:.4f} bits per pair, and "
            f"{least:.4f} would do: the model of greatest likelihood is the one of least cross-entropy. How "
            "often was each x seen, whatever came with it?"
        )
    expect(
        not isinstance(got[2], (list, tuple)) and np.ndim(got[2]) == 0,
        f"the excess of {what} should be one number; you returned {describe(got[2])}. A table is one joint "
        "distribution: flatten it (or sum over both axes)",
    )
    expect_close(got[2], excess, f"the excess of {what}", mistakes=dict(mistakes))


COUNTS = [[4, 0, 2], [1, 1, 0]]  # of 8 pairs


@check("independence")
def two_by_three(student):
    """Of a table of 2 rows and 3 columns: q of two entries, r of three, and what is lost."""
    shares = np.array(COUNTS) / 8
    q, r = shares.sum(axis=1), shares.sum(axis=0)
    terms = [(p, a * b) for row, a in zip(shares, q) for p, b in zip(row, r)]
    lost = sum(p * math.log2(p / m) for p, m in terms if p > 0)
    what = f"the table {COUNTS}"
    expect_model(
        student,
        COUNTS,
        lost,
        what,
        [
            (lost * math.log(2), "that is in nats"),
            (
                -sum(p * math.log2(m) for p, m in terms),
                "that is the whole cross-entropy; the excess is what lies above the entropy of the pairs",
            ),
            (8 * lost, "that is for all the pairs together; give it per pair"),
            (INF, "that is KL(q r ‖ p), the wrong way round: the pairs' shares p are what is true"),
            (-lost, "the sign is turned: a divergence is never negative"),
            (
                float(sum(math.log2(p / m) for p, m in terms if p > 0)),
                "the terms are not weighed: each is multiplied by the pair's share",
            ),
        ],
    )


@check("independence")
def nothing_lost(student):
    """Where one tells nothing of the other, nothing is lost; where it tells all, one entropy is."""
    # [[2, 0], [1, 1]]: q = (1/2, 1/2), r = (3/4, 1/4), so 1/2 log 4/3 + 1/4 log 2/3 + 1/4 log 2 are lost
    expect_model(student, [[2, 0], [1, 1]], 1.5 - 0.75 * math.log2(3), "the table [[2, 0], [1, 1]]")
    expect_model(student, [[1, 3], [2, 6]], 0.0, "the table [[1, 3], [2, 6]]")
    expect_model(student, [[3, 0], [0, 1]], 2 - 0.75 * math.log2(3), "the table [[3, 0], [0, 1]]")


@check(
    "independence",
    hidden=True,
    weight=2,
    hint="random tables of all shapes, with zeros and with whole rows that were never seen",
)
def random_tables(student, rng):
    """Sparse and dense tables."""
    for shape in ((2, 5), (4, 3), (6, 6), (1, 4)):
        counts = rng.integers(1, 30, size=shape) * (rng.random(shape) < 0.7)
        counts[0, 0] = 5
        counts[0, -1] = 0
        if shape[0] > 3:
            counts[2] = 0
            counts[1, 1] = 7
        expect_model(student, counts, independent(counts)[2], "some table")


# 4. codewords


def expect_lengths(got, probs, what, mistakes=()):
    """The rounded-up lengths; `mistakes` are pairs of wrong ones and the reason."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(isinstance(got, dict), f"{what}: return a dictionary from symbol to length, not {describe(got)}")
    expected = {s: -(math.frexp(p)[1] - 1) for s, p in probs.items() if p > 0}  # 2^-l is p, or the next below
    strange = [s for s in got if s not in expected]
    if strange:
        s = strange[0]
        never = f": it has probability 0, and gets no word (yours would be {got[s]!r} bits)"
        raise CheckFailed(f"{what}: your dictionary has the entry {s!r}{never if s in probs else ''}")
    missing = [s for s in expected if s not in got]
    expect(not missing, f"{what}: there is no length for {missing[0]!r}" if missing else "")
    lengths = {s: expect_number(value, f"{what}: the length of {s!r}") for s, value in got.items()}
    if lengths == expected:
        return
    for wrong, why in mistakes:
        if all(close(lengths[s], wrong[s], 1e-6) for s in expected):
            raise CheckFailed(f"{what}: {why}")
    s = next(s for s in expected if lengths[s] != expected[s])
    raise CheckFailed(
        f"{what}: the word of {s!r}, of probability {probs[s]:.4g}, should have {expected[s]} bits; yours "
        f"has {lengths[s]:g}"
    )


@check("codewords")
def rounded_up(student):
    """The length is the surprisal, rounded up: 2 bits each for 0.37, 0.37 and 0.26."""
    probs = {"a": 0.37, "b": 0.37, "c": 0.26}
    exact = {s: -math.log2(p) for s, p in probs.items()}
    expect_lengths(
        student.code_lengths(probs),
        probs,
        f"the lengths for {probs}",
        [
            (
                {"a": 1, "b": 1, "c": 2},
                "yours are 1, 1 and 2, rounded to the nearest (or do they come from natural "
                "logarithms?). Their Kraft sum is 1/2 + 1/2 + 1/4 = 1.25 "
                "> 1: no prefix code has them. Round up",
            ),
            (
                {"a": 1, "b": 1, "c": 1},
                "yours are 1, 1 and 1, rounded down. Their Kraft sum is 1.5 > 1: no prefix code has them. "
                "Round up",
            ),
            (
                {"a": 3, "b": 3, "c": 3},
                "yours are 3, 3 and 3, one more than it takes: rounding up is enough, and nothing is added",
            ),
            (exact, "yours are the surprisals themselves; a word has a whole number of bits, so round up"),
            (
                {s: math.ceil(1 / p) for s, p in probs.items()},
                "yours are 1/p, rounded up. What happens once in three times does not take three bits; take "
                "the logarithm",
            ),
            ({s: 1 / p for s, p in probs.items()}, "yours are 1/p; the length is the logarithm of that"),
        ],
    )


@check("codewords")
def nothing_to_round(student):
    """Powers of two need no rounding, a certain symbol no bits, an impossible one no word."""
    probs = {"a": 0.25, "b": 0.5, "c": 0.25, "d": 0.0}
    others = {"a": 0.5, "b": 0.3, "c": 0.2, "d": 0.0}
    try:
        got = student.code_lengths(probs)
    except StudentError as error:
        doubtful = {"ValueError", "OverflowError", "ZeroDivisionError"} & {*error.kinds}
        expect(
            not doubtful,
            f"the lengths for {probs}: your code raised {error.kinds[0]} ({error.message}). A symbol of "
            "probability 0 never comes: leave it out",
        )
        raise
    expect_lengths(
        got,
        probs,
        f"the lengths for {probs}",
        [({"a": 3, "b": 2, "c": 3}, "1/4 is 2 bits exactly and 1/2 is 1 bit: what is whole already stays")],
    )
    expect_lengths(student.code_lengths(others), others, f"the lengths for {others}")
    expect_lengths(student.code_lengths({"a": 1.0}), {"a": 1.0}, "the length of a symbol that is certain")


def expect_code(got, lengths, what):
    """A dictionary of words of these lengths, none the beginning of another."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(isinstance(got, dict), f"{what}: return a dictionary from symbol to word, not {describe(got)}")
    lost = [s for s in lengths if s not in got] + [s for s in got if s not in lengths]
    expect(not lost, f"{what}: the symbols should be those of the lengths; look at {lost[:1]!r}")
    for symbol, length in lengths.items():
        word = expect_bits(got[symbol], f"{what}: the word of {symbol!r}")
        expect(
            len(word) == length,
            f"{what}: the word of {symbol!r} should have {length} bits; yours is {word!r}"
            + (", which lost its leading zeros" if len(word) < length else ""),
        )
    ordered = sorted(got.items(), key=lambda item: item[1])
    for (first, word), (second, longer) in zip(ordered, ordered[1:]):
        expect(
            not longer.startswith(word),
            f"{what}: the word {_short(word)} of {first!r} is "
            + ("also the word" if word == longer else f"the beginning of {_short(longer)}, the word")
            + f" of {second!r}: a reader who has seen it cannot know which is meant",
        )


@check("codewords")
def words_of_these_lengths(student):
    """For lengths that satisfy Kraft's inequality, in any order, there are words."""
    for lengths in (
        {"a": 1, "b": 2, "c": 3, "d": 3},
        {"a": 1, "b": 2, "c": 3},
        {"a": 3, "b": 1, "c": 3, "d": 2},
        {"a": 4, "b": 2, "c": 2},
        {"a": 3, "b": 3, "c": 2, "d": 3, "e": 2},
    ):
        kraft = sum(Fraction(1, 2**n) for n in lengths.values())
        try:
            got = student.prefix_code(lengths)
        except StudentError as error:
            expect(
                "ValueError" not in error.kinds or kraft < 1,
                f"the lengths {lengths}: your code raised ValueError: {error.message}. Their Kraft sum "
                f"is exactly "
                "1, and that is allowed; refuse only what is more",
            )
            raise
        expect_code(got, lengths, f"lengths {lengths}")
    expect_code(student.prefix_code({"a": 0}), {"a": 0}, "one symbol alone, of length 0")


@check("codewords")
def too_short(student):
    """Lengths of 1, 2, 2 and 2 have the Kraft sum 1.25: no prefix code has them."""
    expect_code(student.prefix_code({"a": 1, "b": 1}), {"a": 1, "b": 1}, "two symbols of length 1")
    for lengths, total in (
        ({"a": 1, "b": 2, "c": 2, "d": 2}, 1.25),
        ({"a": 1, "b": 1, "c": 2}, 1.25),
        ({"a": 0, "b": 1}, 1.5),
    ):
        expect_raises(
            lambda lengths=lengths: student.prefix_code(lengths),
            "ValueError",
            f"for the lengths {lengths}, whose Kraft sum is {total:g} > 1, so that no prefix code has them",
        )


@check(
    "codewords",
    hidden=True,
    hint="random probabilities; powers of two down to 2^-60, each of which has a whole number of bits (which "
    "logarithm is exact for them?); and zeros",
)
def random_lengths(student, rng):
    """Powers of two exactly, and what lies between."""
    powers = {f"x{i}": 2.0**-i for i in range(1, 61)} | {"last": 2.0**-60, "never": 0.0}
    expect_lengths(student.code_lengths(powers), powers, "powers of two")
    for _ in range(6):
        row = random_rows(rng, 1, 8, 0.2)[0]
        probs = {f"s{i}": float(p) for i, p in enumerate(row)}
        expect_lengths(student.code_lengths(probs), probs, "some probabilities")


def random_tree(rng, splits):
    """The lengths of a random complete prefix code, in a random order: their Kraft sum is 1."""
    leaves = [0]
    for _ in range(splits):
        leaf = leaves.pop(int(rng.integers(len(leaves))))
        leaves += [leaf + 1, leaf + 1]
    return {f"s{i}": int(length) for i, length in enumerate(rng.permutation(leaves))}


@check(
    "codewords",
    hidden=True,
    weight=1.5,
    hint="random lengths that use up Kraft's sum, and some that leave room, in no order: is a word of yours "
    "the beginning of another?",
)
def random_codes(student, rng):
    """Complete codes, and codes with a hole."""
    for splits in (3, 6, 12, 30):
        lengths = random_tree(rng, splits)
        expect_code(student.prefix_code(lengths), lengths, "some lengths")
        lengths.pop("s0")
        expect_code(student.prefix_code(lengths), lengths, "some lengths")


@check(
    "codewords",
    hidden=True,
    hint="lengths up to 100 whose sum is 1 exactly, or exceeds 1 by one part in 2^100: floats cannot tell "
    "them apart; fractions or whole numbers can",
)
def by_ever_so_little(student):
    """A long chain of words, and one word too many."""
    chain = {f"s{i}": i for i in range(1, 101)} | {"last": 100}
    expect_code(student.prefix_code(chain), chain, "a chain")
    chain["more"] = 100
    expect_raises(lambda: student.prefix_code(chain), "ValueError", "one word too many")


# 5. encoding


def text_interval(next_counts, tokens, narrowed_first=False):
    """The interval of a text: two fractions; with a typical mistake, the low end moved by the new width."""
    low, width = Fraction(0), Fraction(1)
    for i, token in enumerate(tokens):
        counts = next_counts(tuple(tokens[:i]))
        total, before = sum(counts.values()), 0
        for other, count in counts.items():
            if other == token:
                break
            before += count
        narrow = width * Fraction(counts[token], total)
        low, width = low + (narrow if narrowed_first else width) * Fraction(before, total), narrow
    return low, low + width


def fewest(low, high):
    """How many digits it takes to stay in an interval, and the first number of so many that does."""
    size = 0
    while True:
        first = math.ceil(low * 2**size)
        if first + 1 <= high * 2**size:
            return size, first
        size += 1


def told(next_counts, tokens):
    """The model, with its answers along for all beginnings of a text that the student knows anyway."""
    known = {(c,): next_counts(c) for c in (tuple(tokens[:i]) for i in range(len(tokens) + 1))}
    return with_answers(next_counts, known)


def unchanging(counts):
    """The model that says the same at any time."""
    return with_answers(lambda _: dict(counts), otherwise=counts)


ABC = {"a": 2, "b": 1, "c": 1}


def after(table):
    """The model that looks at the last token only: counts by token, those at the start under the key ''."""

    def next_counts(context):
        expect(isinstance(context, tuple), "call next_counts with a tuple of tokens: next_counts(tuple(…))")
        expect(
            not context or context[-1] in table,
            f"you asked what follows {_short(context[-1:])}, which is no token of the model",
        )
        return dict(table[context[-1] if context else ""])

    return next_counts


def expect_encoded(student, next_counts, tokens, what, instead=None, why=""):
    """The fewest bits that stay in the text's interval; those right for the model `instead` learn `why`."""
    low, high = text_interval(next_counts, tokens)
    bits = expect_bits(student.encode(told(next_counts, tokens), list(tokens)), what)
    size, first = fewest(low, high)
    start = Fraction(int("0" + bits, 2), 2 ** len(bits))
    end = start + Fraction(1, 2 ** len(bits))
    # long fractions are not for reading
    brief = len(tokens) <= 3
    where = f", from {low} to {high}" if brief else f" of width 2^-{-_log2(high - low):.1f}"
    yours = f"{_short(bits)} ({len(bits)} bit{'s' * (len(bits) != 1)})"
    wrong_low, wrong_high = text_interval(next_counts, tokens, narrowed_first=True)
    expect(
        low <= start < end <= high or not wrong_low <= start < end <= wrong_high,
        f"{what}: your bits {yours} are wrong: the low end moves by a share of the *old* width. Did you "
        f"narrow the "
        "width first?",
    )
    if instead and not low <= start < end <= high:
        other_low, other_high = text_interval(instead, tokens)
        expect(not other_low <= start < end <= other_high, f"{what}: your bits {yours} are wrong: {why}")
    expect(
        not bits or int(bits, 2) != first or len(bits) >= size or (low <= start < end <= high),
        f"{what}: your bits {yours} should be {_short(f'{first:0{size}b}')}: leading zeros count",
    )
    expect(
        start != high or start == low,
        f"{what}: your bits {yours} name the high end of the text's interval{where}: it is where the next "
        "token's part begins, and no longer inside",
    )
    if start >= high or end <= low:
        raise CheckFailed(
            f"{what}: your bits {yours} name a number outside of the text's interval{where}"
            + (f": numbers that begin with 0.{bits} run from {start} to {end}" if brief else "")
            + ". Does each token get the part of the interval that its place in the dictionary says, and is "
            "the model asked with all tokens before it?" + " Only fractions are exact" * (not brief)
        )
    if start < low or end > high:
        inside = low <= start < high
        raise CheckFailed(
            f"{what}: the numbers that begin with your bits {yours} are not all in the text's interval{where}"
            + (f": they run from {start} to {end}" if brief else "")
            + (
                ". The number itself is inside, but if other bits follow it, the reader may land outside"
                if inside
                else ". Did you cut digits off? The number should be rounded up to so many digits, not down"
                + f", and it takes {size}: not one number is to be inside, but all that begin so"
                * (len(bits) < size)
            )
        )
    expect(
        len(bits) == size,
        f"{what}: your bits {yours} name the text, but {size} will do"
        + ("" if size >= 60 else f", for example {first:0{size}b}" if size else ": the empty string"),
    )


def _log2(fraction):
    return math.log2(fraction.numerator) - math.log2(fraction.denominator)


@check("encoding")
def single_tokens(student):
    """With a, b, c at 1/2, 1/4, 1/4, each token alone has the word of Huffman's code."""
    for token in "abc":
        expect_encoded(student, unchanging(ABC), [token], f"the text {token!r} with the counts {ABC}")
    for text in (["b", "a"], ["a", "c"]):
        expect_encoded(student, unchanging(ABC), text, f"the text {' '.join(text)!r} with the counts {ABC}")


@check("encoding")
def no_round_numbers(student):
    """Thirds: an interval from 1/3 to 5/9 holds 1/2, and yet takes three bits."""
    counts = {"x": 1, "y": 2}
    for text in ("y", "x", "yx", "yyx"):
        expect_encoded(student, unchanging(counts), list(text), f"the text {text!r} with the counts {counts}")


WEATHER = {"": {"s": 1, "r": 1}, "s": {"s": 7, "r": 1}, "r": {"r": 1, "s": 1}}


@check("encoding")
def context_counts(student):
    """The model is asked anew before each token: after s comes another s seven times in eight."""
    for text in ("ss", "sr", "rs", "sssssssssssr"):
        expect_encoded(
            student,
            after(WEATHER),
            list(text),
            f"the text {text!r}, s and r for sun and rain",
            unchanging(WEATHER[""]),
            "they follow from the counts after the empty context alone. Ask the model at each token, with "
            "all tokens before it",
        )


@check("encoding")
def certain_tokens_are_free(student):
    """What is certain takes no bits, and an empty text none at all."""
    model = after({"": {"q": 1, "z": 1}, "q": {"u": 3}, "u": {"q": 1, "z": 1}, "z": {"z": 1}})
    expect_encoded(student, model, ["q", "u"], "the text 'q u', where u is certain after q")
    expect_encoded(student, model, ["z"] * 9, "nine times z, of which all but the first are certain")
    expect_encoded(student, model, [], "the empty text")


@check("encoding")
def a_sentence_of_the_mouse_world(student):
    """A whole sentence of probability 0.455 takes two bits."""
    tokens = "the mouse ate the cheese .".split()
    expect_encoded(student, whole_numbers(five_words()), tokens, f"the sentence {' '.join(tokens)!r}")


@check("encoding", weight=0.5)
def impossible_token(student):
    """A token for which the model has no entry cannot be encoded: ValueError."""
    expect_encoded(student, unchanging(ABC), ["a"], "the token a alone")
    for tokens in (["a", "d"], ["d"]):
        expect_raises(
            lambda tokens=tokens: student.encode(unchanging(ABC), tokens),
            "ValueError",
            f"asked to encode {tokens} with the counts {ABC}",
        )


@check("encoding")
def hundreds_of_tokens(student):
    """Three hundred tokens: their interval is far narrower than a float can tell."""
    what = "'yyx' 100 times, y at 2/3"
    try:
        expect_encoded(student, unchanging({"x": 1, "y": 2}), list("yyx" * 100), what)
    except StudentError as error:
        expect(
            not {"OverflowError", "ZeroDivisionError"} & {*error.kinds},
            f"{what}: {error.explanation()}. A float cannot hold such numbers; only fractions are exact",
        )
        raise


def random_model(rng, tokens="abcd"):
    """A model that looks at the last token, with random counts; the first token is never ruled out."""
    table = {}
    for last in ["", *tokens]:
        weights = rng.integers(1, 40, size=len(tokens)) * (rng.random(len(tokens)) < 0.8)
        weights[0] = max(1, weights[0])
        order = rng.permutation(len(tokens))
        table[last] = {tokens[i]: int(weights[i]) for i in order if weights[i]}
    return after(table)


def random_walk(rng, next_counts, length):
    """A text that a model says."""
    tokens = []
    for _ in range(length):
        counts = next_counts(tuple(tokens))
        weights = np.array(list(counts.values()), dtype=float)
        tokens.append(list(counts)[rng.choice(len(counts), p=weights / weights.sum())])
    return tokens


def first_tokens(next_counts, length):
    """The text at the lower end of [0, 1): each time the first token that may come."""
    tokens = []
    for _ in range(length):
        tokens.append(next(iter(next_counts(tuple(tokens)))))
    return tokens


def whole_numbers(model):
    """A language model in whole numbers."""

    def next_counts(context):
        ids = [model.vocab.id(token) for token in context]
        try:
            counts = frequencies(model.next_log_probs([ids])[0]).tolist()
        except ValueError as error:
            raise ValueError(f"{error}. A context holds all tokens from the first one on") from None
        return {token: n for token, n in zip(model.vocab.tokens, counts) if n}

    return next_counts


@check(
    "encoding",
    hidden=True,
    weight=1.5,
    hint="texts of random models, whose dictionaries come in another order each time: work out the interval "
    "of a short one by hand, and try all strings of few bits",
)
def random_texts_encoded(student, rng):
    """Short and long texts."""
    for length in (1, 2, 3, 4, 8, 20, 150):
        model = random_model(rng)
        expect_encoded(student, model, random_walk(rng, model, length), "some text")
    first, second = rng.integers(1, 40, size=2).tolist()
    expect_encoded(student, unchanging({"x": first, "y": first + second}), ["x"] * 6, "a text of zeros")
    even = unchanging({"x": first, "y": first})  # the interval ends where its last number does
    expect_encoded(student, even, list("xyx"), "some text")


@check(
    "encoding",
    hidden=True,
    weight=1.5,
    hint="what language models of the course say, in whole numbers of sixty bits",
)
def worlds_encoded(student, rng):
    """Sentences of the mouse world."""
    for world in (five_words(), agreement(1)):
        for n in (1, 12):
            tokens = [world.vocab.tokens[i] for ids in world.sample(n, rng) for i in ids]
            expect_encoded(student, whole_numbers(world), tokens, "some sentences")
        model = whole_numbers(world)
        expect_encoded(student, model, first_tokens(model, 8), "some tokens")


# 6. decoding


def expect_decoded(student, next_counts, bits, tokens, what, mistakes=(), otherwise=""):
    """The tokens that bits name; `mistakes` are pairs of wrong ones and why, `otherwise` is for others."""
    try:
        got = student.decode(next_counts, bits, len(tokens))
    except StudentError as error:
        no_part = {"StopIteration", "UnboundLocalError", "IndexError"} & {*error.kinds}
        expect(
            not no_part or len(bits) > 50,
            f"{what}: {error.explanation()}. Is the number in no part? The bits are one from 0 to 1, "
            f"binary digits "
            "after the point; and a part holds its low end, not its high one: low <= number < high",
        )
        expect(
            bool(bits) or "ValueError" not in error.kinds,
            f"{what}: {error.explanation()}. Where there are no bits, the number is 0",
        )
        raise
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(isinstance(got, (list, tuple)), f"{what}: return a list of tokens, not {describe(got)}")
    if list(got) == list(tokens):
        return
    expect(
        len(got) == len(tokens),
        f"{what}: {len(tokens)} token(s) should come out, yours are {len(got)}: {_short(list(got))}",
    )
    border = on_the_wrong_side(next_counts, bits, len(tokens))
    expect(list(got) != border, f"{what}: yours are {_short(list(got))}: {BORDER}")
    for wrong, why in mistakes:
        expect(list(got) != list(wrong), f"{what}: yours are {_short(list(got))}: {why}")
    i = next(i for i, (a, b) in enumerate(zip(got, tokens)) if a != b)
    raise CheckFailed(
        f"{what}: token number {i + 1} should be {tokens[i]!r}, yours is {_short(got[i])}"
        + (" (all before it are right: is each number on the way exact?)" if i > 30 else otherwise)
    )


BORDER = (
    "the number is where one part ends and the next begins; a part holds its low end, not its high one: "
    "low <= number < high"
)


def on_the_wrong_side(next_counts, bits, n):
    """The tokens for somebody to whom a part holds its high end, not its low one; None without tokens."""
    number, tokens = Fraction(int("0" + bits, 2), 2 ** len(bits)), []
    for _ in range(n):
        counts = next_counts(tuple(tokens))
        total, before, parts = sum(counts.values()), 0, []
        for token, count in counts.items():
            parts.append((token, Fraction(before, total), Fraction(count, total)))
            before += count
        token, low, share = next(part for part in parts if number <= part[1] + part[2])
        tokens.append(token)
        number = (number - low) / share
    return tokens or None


@check("decoding")
def where_the_number_lies(student):
    """0.011 in binary is 3/8, in a's half, and there in the last quarter: a, then c."""
    again = (
        "after the first token you looked at the same number in the whole interval again; go into the "
        "token's part, and see where in it the number lies"
    )
    for bits, text, mistakes in (
        ("011", "ac", {"aa": again, "ca": "the bits are read from left to right: 0.011 is 1/4 + 1/8"}),
        (
            "10",
            "b",
            {"c": f"bits are a binary number after the point: 10 is 0.10, which is 1/2; or {BORDER}"},
        ),
        ("11", "c", {}),
        ("100", "ba", {"bb": again}),
    ):
        expect_decoded(
            student,
            unchanging(ABC),
            bits,
            list(text),
            f"the bits {bits} with the counts {ABC}",
            [(list(wrong), why) for wrong, why in mistakes.items()],
        )


@check("decoding")
def as_many_as_asked(student):
    """The bits 1 alone are b, b a, b a a, …: how many tokens there are must be said. And none is none."""
    for n in (3, 1, 0):
        expect_decoded(
            student,
            unchanging(ABC),
            "1",
            list("baa")[:n],
            f"{n} token(s) from the bits 1 with the counts {ABC}",
            otherwise=f": {BORDER}",
        )
    expect_decoded(student, unchanging(ABC), "", ["a", "a"], "2 tokens from no bits, the number 0")


@check("decoding")
def context_of_the_decoder(student):
    """The decoder asks the model with what it has decoded so far, as the encoder did."""
    model = after(WEATHER)
    for text in ("sssrrs", "rrrsss", "sr"):
        size, first = fewest(*text_interval(model, text))
        expect_decoded(
            student,
            model,
            f"{first:0{size}b}1",
            list(text),
            f"the code of {text!r}, some days of sun and rain, and a 1 behind it",
            otherwise=": if the first check passes, did you ask the model with all that was decoded so far?",
        )


@check("decoding")
def two_bits_are_a_sentence(student):
    """The bits 10, and the mouse world's probabilities: six words."""
    tokens = "the mouse ate the cheese .".split()
    expect_decoded(student, whole_numbers(five_words()), "10", tokens, "6 tokens of the mouse world from 10")


@check("decoding")
def other_bits_may_follow(student):
    """Bits of another message behind those of the text change nothing."""
    for rest in ("", "0", "1", "0110", "11111111"):
        expect_decoded(
            student,
            unchanging({"x": 1, "y": 2}),
            "011" + rest,
            ["y", "x"],
            f"the bits 011 and {rest or 'nothing'} behind them, with x at 1/3 and y at 2/3",
        )


@check("decoding")
def hundreds_decoded(student):
    """Three hundred tokens back from their bits: floats hold 53 bits, and these are far more."""
    tokens = list("yxyyyx" * 50)
    model = unchanging({"x": 1, "y": 2})
    size, first = fewest(*text_interval(model, tokens))
    try:
        expect_decoded(student, model, f"{first:0{size}b}", tokens, "the code of 300 tokens, y at 2/3")
    except StudentError as error:
        lost = {"UnboundLocalError", "OverflowError", "ZeroDivisionError"} & {*error.kinds}
        expect(
            not lost,
            f"the code of 300 tokens: your code raised {error.kinds[0]}: {error.message}. With floats, a "
            "number of hundreds of bits is rounded, and may fall into no part at all; use fractions",
        )
        raise


@check(
    "decoding",
    hidden=True,
    weight=1.5,
    hint="codes of random models' texts, short and long, with other bits behind them",
)
def random_decoding(student, rng):
    """There and back, the code made here."""
    for length in (1, 2, 3, 5, 20, 100):
        model = random_model(rng)
        tokens = random_walk(rng, model, length)
        size, first = fewest(*text_interval(model, tokens))
        bits = f"{first:0{size}b}" if size else ""
        bits += "".join(map(str, rng.integers(2, size=int(rng.integers(9)))))
        expect_decoded(student, model, bits, tokens, "some code")
    half = int(rng.integers(1, 40))
    even = unchanging({"x": half, "y": half})
    expect_decoded(student, even, "1", ["y", "x", "x"], "some code")  # on the border, and then at zero
    tokens = ["xy"[i] for i in rng.integers(2, size=200)]
    bits = "".join("01"["xy".index(token)] for token in tokens)
    expect_decoded(student, even, bits, tokens, "a long code")


@check(
    "decoding",
    hidden=True,
    weight=1.5,
    hint="codes of what language models of the course say, in whole numbers of sixty bits",
)
def worlds_decoded(student, rng):
    """Sentences of the mouse world."""
    for world in (five_words(), agreement(1)):
        for n in (1, 40):
            tokens = [world.vocab.tokens[i] for ids in world.sample(n, rng) for i in ids]
            model = whole_numbers(world)
            size, first = fewest(*text_interval(model, tokens))
            expect_decoded(student, model, f"{first:0{size}b}", tokens, "some sentences")
        expect_decoded(student, model, "", first_tokens(model, 8), "no bits")


# 7. entropy_rate


def rate_of(sentences):
    """Estimate and half-width of its interval; and half-widths one gets by typical mistakes."""
    bits = np.array([-sum(math.log2(p) for p in probs) for probs in sentences])
    lengths = np.array([len(probs) for probs in sentences])
    tokens = np.array([-math.log2(p) for probs in sentences for p in probs])
    n, rate = len(bits), bits.sum() / lengths.sum()
    s = np.std(bits - rate * lengths, ddof=1)
    per_token = math.sqrt(n) * lengths.mean()
    by_tokens = "you counted tokens as if they had been drawn independently; n is the number of sentences"
    by_bits = (
        "that is the spread of the sentences' bits alone. A long sentence has more bits and more tokens: "
    )
    by_bits += "what counts is bits beyond rate · length"
    wrong = [
        (1.96 * np.std(tokens) / math.sqrt(len(tokens)), by_tokens),
        (1.96 * s / math.sqrt(len(tokens)), by_tokens),
        (1.96 * s / math.sqrt(len(tokens)) / lengths.mean(), by_tokens),
        (1.96 * np.std(bits) / per_token, by_bits),
        (1.96 * np.std(bits, ddof=1) / per_token, by_bits),
        (
            1.96 * s / lengths.mean(),
            "that is how far single sentences spread; the mean of n of them has a standard error smaller by "
            "the square root of n",
        ),
        (1.96 * s / math.sqrt(n), "divide by the mean length as well: the interval is in bits per token"),
        (s / per_token, "that is one standard error to each side; for 95 % it takes 1.96"),
        (2 * 1.96 * s / per_token, "that is the whole width of the interval to each side"),
        (1.645 * s / per_token, "that is for 90 %; for 95 % it takes 1.96"),
        (2 * s / per_token, "for 95 % it takes 1.96 standard errors, not 2"),
        (1.96 * s**2 / per_token, "that is made of the variance; take its root"),
        (
            1.96 * np.std(bits / lengths) / math.sqrt(n),
            "that is the spread of the sentences' own bits per token; but long ones weigh more",
        ),
        (
            1.96 * np.std(bits - rate * lengths) / per_token,
            "you divided by n for the variance, as np.std does if it is not told ddof=1. Divide by n - 1",
        ),
        (
            1.96 * s / math.sqrt(n - 1) / lengths.mean(),
            "n - 1 belongs into the variance alone; under the root of the standard error stands n",
        ),
    ]
    return float(rate), float(1.96 * s / per_token), wrong


def expect_rate(student, sentences, what):
    """The rate, and its interval within one part in a hundred."""
    names = "three numbers, rate, low and high"
    got = expect_several(student.entropy_rate(sentences), 3, what, names)
    rate, half, wrong_halves = rate_of(sentences)
    each = [-sum(math.log2(p) for p in probs) / len(probs) for probs in sentences]
    bits = -sum(math.log2(p) for probs in sentences for p in probs)
    expect_close(
        got[0],
        rate,
        f"{what}: the rate",
        mistakes={
            float(np.mean(each)): "that is the mean of each sentence's own bits per token, in which the "
            "tokens of short sentences count more. Divide all bits by all tokens",
            bits / len(sentences): "that is bits per sentence, not per token",
            rate * math.log(2): "that is in nats",
            -rate: "the sign is turned",
            rate - half: "return the rate first, then the low and the high end",
        },
    )
    low, high = (
        expect_number(value, f"{what}: the {end} end") for value, end in zip(got[1:], ("low", "high"))
    )
    expect(low <= high, f"{what}: your low end {low:.5g} is above your high end {high:.5g}")
    yours = (high - low) / 2
    expect(
        close((low + high) / 2, rate, 1e-6),
        f"{what}: your interval, {low:.5g} to {high:.5g}, should have the rate {rate:.5g} in its middle",
    )
    if abs(yours - half) > 0.01 * half + 1e-9:
        reasons = dict.fromkeys(why for wrong, why in wrong_halves if abs(yours - wrong) <= 0.008 * wrong)
        raise CheckFailed(
            f"{what}: the interval should reach {half:.4g} to each side of the rate, yours does {yours:.4g}"
            + ": " * bool(reasons)
            + "; or ".join(reasons)  # in small samples two mistakes may come to the same
        )


# 40 sentences of one token and 60 of three: 400 bits in 220 tokens
HEARD = [[0.5]] * 40 + [[0.125, 0.125, 1.0]] * 60


@check("entropy_rate")
def all_bits_over_all_tokens(student):
    """40 sentences of 1 bit in 1 token and 60 of 6 bits in 3 tokens: 400 bits in 220 tokens, 1.82 each."""
    expect_rate(student, HEARD, "40 times (1/2) and 60 times (1/8, 1/8, 1)")


@check("entropy_rate")
def long_sentences_are_no_surprise(student):
    """If every token has exactly one bit, long sentences and short, the rate is one bit and beyond doubt."""
    expect_rate(student, [[0.5] * (1 + k % 5) for k in range(50)], "50 sentences of one bit a token")


@check("entropy_rate")
def longer_lists_narrow_it(student):
    """Four times as many sentences of the same kind: an interval half as wide."""
    expect_rate(student, HEARD * 4, "160 times (1/2) and 240 times (1/8, 1/8, 1)")


@check("entropy_rate")
def few_sentences(student):
    """Three sentences, of 3 bits in 2 tokens, 6 in 4 and 2 in 1: 1.571 bits a token, 1.388 to 1.755."""
    few = [[0.5, 0.25], [0.5, 0.5, 0.125, 0.5], [0.25]]  # no two of the typical mistakes come to the same
    expect_rate(student, few, "the sentences (1/2, 1/4), (1/2, 1/2, 1/8, 1/2) and (1/4)")


@check(
    "entropy_rate",
    hidden=True,
    weight=1.5,
    hint="sentences from the mouse world and worlds like it, of many lengths: all bits over all tokens; and "
    "the spread of what each sentence has beyond that",
)
def worlds_heard(student, rng):
    """True probabilities of what the worlds say."""
    for world in (five_words(), agreement(1, 0.3)):
        drawn = [np.exp(world.token_log_probs(ids)).tolist() for ids in world.sample(150, rng)]
        expect_rate(student, drawn, "some sentences")


@check(
    "entropy_rate",
    hidden=True,
    weight=1.5,
    hint="sentences whose surprise has little to do with their length, hundreds of them",
)
def random_sentences_heard(student, rng):
    """Random probabilities, one temper for a whole sentence, so that its tokens are not independent."""
    drawn = []
    for _ in range(300):
        temper = rng.uniform(0.2, 5)
        size = 1 + int(rng.integers(9))
        drawn.append((rng.uniform(0.05, 1.0, size=size) ** temper).tolist())
    expect_rate(student, drawn, "some sentences")


# The one for the joy of it


def mixture_bits(a, b, w):
    """Bits per token of a mixture."""
    with np.errstate(divide="ignore"):
        return float(-np.log2(w * np.asarray(a) + (1 - w) * np.asarray(b)).mean())


GRIDS = [n for k in (10, 100, 1000, 10**4, 10**5) for n in (k, k - 1, k + 1, 2 * k, 5 * k)]


def expect_mixture(student, a, b, least, what, mistakes=()):
    """A weight that is as good as `least`, and the bits it takes; `mistakes`: weights and reasons."""
    got = expect_several(student.best_weight(a, b), 2, what, "two numbers, the weight and the bits")
    w = expect_number(got[0], f"{what}: the weight")
    expect(0 <= w <= 1, f"{what}: a weight lies between 0 and 1; yours is {w:.6g}")
    bits = mixture_bits(a, b, w)
    if bits > least + 1e-9:
        reasons = [why for wrong, why in mistakes if close(w, wrong, 1e-4)]
        steps = next((n for n in GRIDS if w % 0.5 and close(w * n, round(w * n), 1e-9)), 0)
        if bits < least + 1e-2 and steps:
            reasons.append(
                f"is that the best of a grid, of {steps} steps perhaps? No grid is fine enough for 1e-9, and "
                "some leave out 0 and 1: follow the slope, or narrow the bracket"
            )
        elif bits < least + 1e-3:
            reasons.append(
                "that is near, and not there; go on until nothing changes, and look at the ends, 0 and 1"
            )
        raise CheckFailed(
            f"{what}: with your weight {w:.6g} the mixture takes {bits:.10g} bits per token, and "
            f"{least:.10g} can be had" + "".join(f": {why}" for why in reasons[:1])
        )
    expect_close(
        got[1],
        bits,
        f"{what}: the bits with your weight {w:.4g}",
        mistakes={
            bits * len(a): "that is for the whole text; give them per token",
            bits * math.log(2): "that is in nats",
            -bits: "the sign is turned",
        },
    )


@check("mixing")
def between_the_two(student):
    """One model is right twice, the other once: the best weight lies between, at 7/9."""
    a, b = [0.8, 0.8, 0.2], [0.2, 0.2, 0.8]
    expect_mixture(
        student,
        a,
        b,
        math.log2(3) - 2 / 3,  # p(7/9) is 2/3, 2/3, 1/3
        f"a = {a}, b = {b}",
        [
            (
                1.0,
                "that is the better of the two alone. Did you mix surprisals instead of probabilities? "
                "Or is the slope's sign turned?",
            ),
            (2 / 3, "that is how often a is the better one; how much better it is counts as well"),
            (0.5, "equal weights are a beginning, not the best"),
            (0.8, "a grid of tenths is too coarse: follow the slope, or narrow the bracket further"),
            (0.78, "a grid of hundredths is too coarse: follow the slope, or narrow the bracket further"),
            (0.6, "that is one step from equal weights; go on until nothing changes"),
            (2 / 9, "that is the weight of the second model; the first one's is asked for"),
        ],
    )


@check("mixing")
def at_the_ends(student):
    """If one model is better at every token, it gets all the weight."""
    for a, b in (([0.6, 0.5], [0.3, 0.4]), ([0.3, 0.4], [0.6, 0.5])):
        expect_mixture(student, a, b, mixture_bits([0.6, 0.5], [0.3, 0.4], 1.0), f"a = {a}, b = {b}")


@check("mixing")
def each_rules_something_out(student):
    """Where each model calls impossible what the other expects, both ends cost infinitely much."""
    expect_mixture(
        student,
        [0.5, 0.0, 0.5],
        [0.0, 0.5, 0.0],
        math.log2(3) - 2 / 3 + 1,
        "a = (1/2, 0, 1/2), b = (0, 1/2, 0)",
    )
