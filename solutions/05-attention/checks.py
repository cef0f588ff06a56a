"""Exercises of assignment 5, attention and the Transformer.

Right values are small numbers: scores are chosen as logarithms, so that weights can be worked out by hand.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lmcourse.grading.asking import ask, asking
from lmcourse.grading.checks import Score, check, describe, expect, on_a_curve
from lmcourse.grading.exercise import Exercise
from lmcourse.grading.values import AsTensor
from lmcourse.world import agreement

# What of the course's package students' code may use; see `lmcourse.grading.shelf`
IMPORTS = ("lmcourse.world.agreement", "lmcourse.world.World.entropy_rate", "lmcourse.world.World.sample")

LN2, LN3, LN5 = math.log(2), math.log(3), math.log(5)


def array(*rows):
    """An array of floats."""
    return np.array(rows, dtype=float)


def mask(*rows):
    """Booleans from rows of 0 and 1."""
    return np.array(rows, dtype=bool)


# 1. attend

attend = Exercise(
    "attend",
    points=4,
    minutes=45,
    hints=(
        "`attend`: which number must a masked score have so that its exponential is exactly 0, and must "
        "it have it before or after the softmax? Along which axis do a query's weights lie? `multi_head`: "
        "a token is a *row* of `x`; how must $W x + b$ be written for rows, and which of the 3D columns "
        "belong to one head?",
        "`attend`: the first case is worked by hand in its title, scores of 0, ln 3 and 0 as odds of 1 to "
        "3 to 1; print yours. Masked scores become minus infinity first, and only then is each row's "
        "largest score taken off it, which else may be a masked one. `multi_head`: behind rows a matrix "
        "stands transposed, `out` as well. Cut the 3D columns into queries, keys and values, and each of "
        "these into K columns a head; with D = 4 and H = 2, head 0 has columns 0 and 1. A `reshape` to "
        "(H, T, K) mixes tokens.",
    ),
)
# the product is 2 ln 3, over the root of 4: 0, ln 3 and 0, odds of 1 to 3 to 1. The second query likes all
# alike.
WEIGHED = ask.attend(
    array([2 * LN3, 0, 0, 0], [0, 0, 0, 0]),
    array([0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]),
    array([15, 0], [30, 15], [0, 30]),
)
attend.case(
    "Scores of 0, ln 3 and 0 weigh 1/5, 3/5 and 1/5, equal ones 1/3 each.",
    WEIGHED.gives([[21.0, 15.0], [15.0, 15.0]]),
)
# row 0: odds of 3 to 1 for the first and the last, 3/4 · 8 + 1/4 · 4 = 7; row 1 sees one key only
MASKED = ask.attend(
    array([1], [1]),
    array([LN3], [LN5], [0]),
    array([8, 0], [100, 50], [4, 4]),
    mask([1, 0, 1], [0, 1, 0]),
)
attend.case(
    "Of three keys the first query sees the outer two, 3 to 1, and the second one the inner.",
    MASKED.gives([[7.0, 1.0], [100.0, 50.0]]),
)
attend.case(
    "Scores of 1,000 overflow in an exponential, rows may lie far apart, and a masked key may fit far better "
    "than all that are seen.",
    ask.attend(array([1000], [-1000]), array([1], [0]), array([8], [4])).gives([[8.0], [4.0]]),
    ask.attend(array([1]), array([2000], [LN3], [0]), array([100], [8], [4]), mask([0, 1, 1])).gives([[7.0]]),
    ask.attend(array([1]), array([0], [-2e6], [-2e6]), array([100], [8], [4]), mask([0, 1, 1])).gives(
        [[6.0]]
    ),
    weight=0.5,
)
attend.case(
    "A query that sees nothing raises ValueError, whatever the others see.",
    ask.attend(array([1]), array([1], [0]), array([8], [4]), mask([0, 0])).raises("ValueError"),
    ask.attend(array([1], [1]), array([1], [0]), array([8], [4]), mask([1, 1], [0, 0])).raises("ValueError"),
    weight=0.5,
)
ROOT, HIDE = " / np.sqrt(q.shape[1])", "np.where(visible, scores, -np.inf)"
ODDS, SHARES = (
    "np.exp(scores - scores.max(axis=1, keepdims=True))",
    "weights / weights.sum(axis=1, keepdims=True)",
)
attend.slip("the root of d is missing under the scores", {ROOT: ""})
attend.slip("divide by the root of d, not by d itself", {ROOT: " / q.shape[1]"})
attend.slip("divide by the root of d; you multiplied by it", {ROOT: " * np.sqrt(q.shape[1])"})
attend.slip(
    "d is how many numbers a query has, q.shape[1]; you took the root of another length",
    {ROOT: " / np.sqrt(len(k))"},
    {ROOT: " / np.sqrt(len(q))"},
    {ROOT: " / np.sqrt(v.shape[1])"},
)
attend.slip(
    "the softmax is along the wrong axis: the weights of each *query*, a row, sum to one",
    {ODDS: ODDS.replace("axis=1", "axis=0"), SHARES: SHARES.replace("axis=1", "axis=0")},
    {SHARES: SHARES.replace("axis=1", "axis=0")},
)
attend.slip(
    "each row is divided by its own sum; you divided by the sum of all", {SHARES: "weights / weights.sum()"}
)
attend.slip(
    "a row's sum is to stand beside the row, as a column: keepdims=True",
    {SHARES: "weights / weights.sum(axis=1)"},
)
attend.slip(
    "there is no softmax; you took the scores for weights", {ODDS: "scores", f"weights = {SHARES}\n": "\n"}
)
attend.slip("a softmax squashes by exponentials; you divided the scores by their sum", {ODDS: "scores"})
attend.slip(
    "the exponentials are not divided by their sum",
    {f"    weights = {SHARES}\n": ""},
    {f"    weights = {SHARES}\n": "", ODDS: "np.exp(scores)"},
)
attend.slip(
    "a row of the scores belongs to a query, a column to a key: q @ k.T",
    {"q @ k.T": "k @ q.T"},
    {"return weights @ v": "return weights.T @ v"},
)
attend.slip(
    "those are the weights; the mean of the values is asked for", {"return weights @ v": "return weights"}
)
attend.slip(
    "the mask is the wrong way round: true is what may be seen", {HIDE: "np.where(visible, -np.inf, scores)"}
)
attend.slip(
    "a masked score of 0 still has the exponential 1; it must be -inf to weigh nothing",
    {HIDE: "np.where(visible, scores, 0.0)"},
)
LATE = "    if visible is not None:\n        weights = weights * visible\n"
attend.slip(
    "the mask comes before the softmax: you hid weights after it, and those that are left do not sum to one",
    {f"scores = {HIDE}": "pass", "    return weights": f"{LATE}    return weights"},
)
attend.slip("`visible` has no effect", {f"scores = {HIDE}": "pass"})
attend.slip(
    "you added the mask as 0 and 1; what is masked must get the score -inf", {HIDE: "scores + visible"}
)
attend.slip(
    "a masked score became a number that some scores are below; -np.inf is below all",
    *({HIDE: f"np.where(visible, scores, {low})"} for low in ("-100", "-1e3", "-1e4", "-1e5", "-1e6")),
    *({HIDE: f"scores + np.where(visible, 0, {low})"} for low in ("-1e4", "-1e5", "-1e6")),
)
attend.slip(
    "exp(1000) is infinite, and inf / inf is no number; subtract each row's largest score first",
    {ODDS: "np.exp(scores)"},
)
attend.slip(
    "you subtracted one number, the largest of all rows; in a row 2,000 lower every exponential becomes 0. "
    "Each row has a largest score of its own",
    {ODDS: "np.exp(scores - scores.max())"},
)
attend.slip(
    "you subtracted the largest score of all keys, also of masked ones: beside it those that are seen "
    "vanish, "
    "and 0 / 0 is no number. Hide first",
    {f"scores = {HIDE}": "pass", f"    weights = {SHARES}": f"{LATE}    weights = {SHARES}"},
)
attend.slip(
    "a row of `visible` that is all false is not noticed: the softmax over nothing is 0 / 0",
    {"if not visible.any(axis=1).all():": "if False:"},
)
attend.slip(
    "one query that sees nothing is enough; you raise only where none sees anything",
    {"visible.any(axis=1).all()": "visible.any()"},
)
attend.slip(
    "you looked along the wrong axis: a key that nobody sees does no harm, a query that sees nothing does",
    {"visible.any(axis=1)": "visible.any(axis=0)"},
)
attend.slip(
    "`/=` changes the queries that you were given; make new ones",
    {f"scores = q @ k.T{ROOT}": "q /= np.sqrt(q.shape[1])\n    scores = q @ k.T"},
)


@attend.hidden(
    "random queries, keys and values",
    parts={
        "`attend` without a mask": 0.5,
        "`attend` with a mask": 0.5,
        "`attend` where scores lie far apart": 0.3,
        "`attend` where a query sees nothing": 0.2,
    },
)
def random_look_ups(rng):
    # far apart with d = 1, whose root is 1: what a wrong root costs is left to the others, not to chance
    for T, S, d, e, spread in ((1, 3, 2, 1, 1), (4, 2, 5, 3, 1), (3, 6, 1, 2, 30)):
        arrays = [rng.normal(size=size) * spread for size in ((T, d), (S, d))]
        visible = rng.random((T, S)) < 0.5
        visible[np.arange(T), rng.integers(S, size=T)] = True
        visible[0, :2] = True, False
        for seen, how in (((), "without a mask"), ((visible,), "with a mask")):
            part = f"`attend` {how}" if spread == 1 else "`attend` where scores lie far apart"
            yield part, ask.attend(*arrays, rng.normal(size=(S, e)), *seen)
    low = rng.normal(size=(4, 1))
    far = (
        ask.attend(array([1.0]), low - [[0], [0], [0], [-900]], rng.normal(size=(4, 2)), mask([1, 1, 1, 0])),
        ask.attend(array([1.0]), low - [[3e6], [3e6], [3e6], [0]], low, mask([1, 1, 1, 0])),
        ask.attend(array([2.0], [-2.0]), 800 + low, low),
    )
    for asked in far:
        yield "`attend` where scores lie far apart", asked
    seen = mask([1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1])
    yield "`attend` where a query sees nothing", ask.attend(low, low, low, seen).raises("ValueError")


attend.another(
    "query by query, over what it sees",
    """
def attend(q, k, v, visible=None):
    rows = []
    for i, query in enumerate(q):
        seen = range(len(k)) if visible is None else [j for j in range(len(k)) if visible[i, j]]
        if not seen:
            raise ValueError(f"query {i} sees nothing")
        scores = [float(query @ k[j]) / len(query) ** 0.5 for j in seen]
        odds = [np.exp(s - max(scores)) for s in scores]
        rows.append(sum(o * v[j] for o, j in zip(odds, seen)) / sum(odds))
    return np.array(rows)
""",
)


# 1, the second function: multi_head


def heads_of(size, queries, values, bias):
    """Weights with queries and values by matrices, the tokens themselves as keys, and queries with a bias."""
    one = np.eye(size)
    return {
        "in": np.concatenate([queries, one, values]),
        "in_bias": np.concatenate([bias, np.zeros(2 * size)]),
        "out": one,
        "out_bias": np.zeros(size),
    }


# as in the first two cases, so that `multi_head` is not blamed for what `attend` does
ATTEND_FIRST = [
    call.gives(right, f"`multi_head` cannot be right before `attend` is: `{call}`")
    for call, right in (
        (WEIGHED, [[21.0, 15.0], [15.0, 15.0]]),
        (MASKED, [[7.0, 1.0], [100.0, 50.0]]),
    )
]
# no scores: each token gets the mean of the values, (2 + 4 + 1, 4 + 2) and (6 + 8 + 1, 8 + 2), which is
# (11, 8); then 11 + 2 · 8 + 100 and 3 · 11 + 4 · 8 + 200
attend.case(
    "Where all scores are 0 each token gets the values' mean, (11, 8), through the matrix `out`.",
    *ATTEND_FIRST,
    ask.multi_head(
        array([2, 4], [6, 8]),
        {
            "in": array([0, 0], [0, 0], [0, 0], [0, 0], [1, 1], [0, 1]),
            "in_bias": np.array([0.0, 0, 0, 0, 1, 2]),
            "out": array([1, 2], [3, 4]),
            "out_bias": np.array([100.0, 200]),
        },
        2,
    ).gives([[127.0, 265.0], [127.0, 265.0]]),
)
# The bias is ln 6, and (1, 0), (0, 1) and (0, 0) take ln 2, ln 3 and nothing off it for head 0: queries ln 3,
# ln 2, ln 6. The keys are 1, 0, 0, so the odds are 3, 2 and 6 to 1 to 1: 3/5, 2/4 and 6/8 of 60. Head 1 has
# the queries ln 2, ln 3, ln 6 and the keys 0, 1, 0: 2/4, 3/5 and 6/8 of 20. Under the mask the first token
# fetches its own value, 60 and 0, and the second weighs 2 to 1 and 1 to 3.
THREE = array([1, 0], [0, 1], [0, 0])
TWO_HEADS = heads_of(2, -array([LN2, LN3], [LN3, LN2]), np.diag([60.0, 20.0]), [LN2 + LN3] * 2)
attend.case(
    "Two heads of one number each: the first weighs the first token 3, 2 and 6 times as much as another, the "
    "second the second token 2, 3 and 6 times; and a mask holds for both.",
    *ATTEND_FIRST,
    ask.multi_head(THREE, TWO_HEADS, 2).gives([[36.0, 10.0], [30.0, 12.0], [45.0, 15.0]]),
    ask.multi_head(THREE, TWO_HEADS, 2, np.tri(3, dtype=bool)).gives(
        [[60.0, 0.0], [40.0, 15.0], [45.0, 15.0]]
    ),
)
# head 0, with two numbers: root of 2 · ln 3 · 1 over the root of 2 is ln 3, so 3/4 and 1/4; head 1: the mean
FOUR = heads_of(4, np.zeros((4, 4)), np.eye(4), [math.sqrt(2) * LN3, 0, 0, 0])
attend.case(
    "Four numbers in two heads: the first has columns 0 and 1 and weighs 3 to 1, the second weighs all "
    "alike.",
    *ATTEND_FIRST,
    ask.multi_head(array([1, 2, 3, 4], [0, 1, 7, 10]), FOUR, 2).gives([[0.75, 1.75, 5.0, 7.0]] * 2),
)
JOIN = "np.concatenate(heads, axis=1)"
attend.slip(
    "tokens are rows here, so a matrix comes behind them, transposed: x @ W.T",
    {'weights["in"].T': 'weights["in"]'},
    {'weights["out"].T': 'weights["out"]'},
)
attend.slip(
    "a matrix is transposed, its rows made columns; a reshape to the same shape mixes them",
    {'weights["in"].T': 'weights["in"].reshape(x.shape[1], -1)'},
)
attend.slip(
    "what the heads found, H pieces (T, K), is laid side by side to (T, D); yours has another shape",
    {JOIN: "np.concatenate(heads, axis=0)"},
    {"range(n_heads)": "range(size)"},
)
attend.slip(
    "the values are cut as well: each head fetches K columns of its own; yours fetch all D",
    {"v[:, part]": "v"},
)
attend.slip(
    "the layer has no sum with x in it; that comes in the block", {f"return {JOIN}": f"return x + {JOIN}"}
)
attend.slip(
    "the matrix `out` is missing",
    {f'{JOIN} @ weights["out"].T + weights["out_bias"]': JOIN},
    {f'{JOIN} @ weights["out"].T': JOIN},
)
attend.slip("the bias of queries, keys and values is missing", {' + weights["in_bias"]': ""})
attend.slip("the bias behind the heads is missing", {' + weights["out_bias"]': ""})
attend.slip(
    "the first D rows of `in` make queries, the next D keys, the last D values; yours are in another order",
    *(
        {"q, k, v = np.split": f"{order} = np.split"}
        for order in ("v, k, q", "q, v, k", "v, q, k", "k, v, q")
    ),
)
attend.slip(
    "queries and keys are exchanged: the first D rows of `in` make queries, the next D keys, and a row of "
    "the scores belongs to a query",
    {"q, k, v = np.split": "k, q, v = np.split"},
)
attend.slip(
    "`in` makes the queries of all heads first, then all keys, then all values; you took query, key and "
    "value of head 0, then those of head 1",
    {
        "q, k, v = np.split(": "q, k, v = (",
        ", 3, axis=1)": ").reshape(len(x), n_heads, 3, -1).transpose(2, 0, 1, 3).reshape(3, *x.shape)",
    },
)
attend.slip(
    "there is one head over all D numbers; each of the H heads has K of them, and weights of its own",
    {"range(n_heads)": "range(1)", "x.shape[1] // n_heads": "x.shape[1]"},
)
attend.slip(
    "a score is divided by the root of K, the numbers in a head, not of D",
    {"attend(q[:, part],": "attend(q[:, part] / np.sqrt(n_heads),"},
)
attend.slip(
    "a head has K neighbouring columns; you took every H-th",
    {"slice(h * size, (h + 1) * size)": "slice(h, None, n_heads)"},
)
attend.slip(
    "a reshape to (H, T, K) cuts along the text and mixes tokens: cut each row, (T, H, K), and exchange the "
    "axes then",
    {f"{part}[:, part]": f"{part}.reshape(n_heads, -1, size)[h]" for part in "qkv"},
)
attend.slip(
    "what the heads found is laid side by side for each token; your reshape lays them one behind the other "
    "and mixes tokens",
    {JOIN: "np.array(heads).reshape(x.shape)"},
)
attend.slip("the heads come in their order, head 0 first", {JOIN: "np.concatenate(heads[::-1], axis=1)"})
attend.slip(
    "the heads are laid side by side, all of head 0 first; you took a number of each in turn",
    {JOIN: "np.stack(heads, axis=2).reshape(x.shape)"},
)
attend.slip("the heads are laid side by side; you added them up", {JOIN: "np.tile(sum(heads), (1, n_heads))"})
attend.slip(
    "the heads are laid side by side; you took their mean", {JOIN: "np.tile(sum(heads) / 2, (1, n_heads))"}
)
attend.slip("`visible` is not handed on to `attend`", {", visible))": "))"})
attend.slip(
    "a reshape to (3, T, D) cuts along the text and mixes tokens: cut the columns into three",
    {"q, k, v = np.split(": "q, k, v = (", ", 3, axis=1)": ").reshape(3, *x.shape)"},
)


@attend.hidden(
    "random weights, one to four heads",
    parts={"`multi_head` without a mask": 0.9, "`multi_head` with a causal mask": 0.6},
)
def random_heads(rng):
    for T, H, K in ((3, 1, 4), (4, 2, 3), (5, 4, 2), (2, 3, 1)):
        D = H * K
        sizes = {"in": (3 * D, D), "in_bias": (3 * D,), "out": (D, D), "out_bias": (D,)}
        weights = {name: rng.normal(size=size) for name, size in sizes.items()}
        x = rng.normal(size=(T, D))
        yield "`multi_head` without a mask", ask.multi_head(x, weights, H)
        yield "`multi_head` with a causal mask", ask.multi_head(x, weights, H, np.tri(T, dtype=bool))


attend.another(
    "all heads at once",
    """
def multi_head(x, weights, n_heads, visible=None):
    T, D = x.shape
    qkv = (x @ weights["in"].T + weights["in_bias"]).reshape(T, 3, n_heads, D // n_heads)
    q, k, v = qkv.transpose(1, 2, 0, 3)
    scores = q @ k.transpose(0, 2, 1) * (D // n_heads) ** -0.5
    if visible is not None:
        scores = scores + np.where(visible, 0.0, -np.inf)
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found = odds / odds.sum(axis=-1, keepdims=True) @ v
    return found.transpose(1, 0, 2).reshape(T, D) @ weights["out"].T + weights["out_bias"]
""",
)


# 2. rotary

rotary = Exercise(
    "rotary",
    points=2,
    minutes=25,
    hints=(
        "For the derivation take vectors of two numbers: what is the product of two vectors of length 1, "
        "and does it change when both are turned alike? For `rotate` write down what becomes of the first "
        "number of a pair, and what of the second, at one place. In `attend_rotated`, is what is "
        "*fetched* to tell its place?",
        "Of a query turned by $\\alpha$ and a key turned by $\\beta$ the product is that of the query and "
        "the key turned by $\\beta - \\alpha$. The angles are a table (T, K/2): positions in a column "
        "(`positions[:, None]`), frequencies in a row. The first numbers of all pairs are the columns 0, "
        "2, 4, …, a slice with a step; so are the second ones. Work out both from the old numbers, and "
        "put them into a new array.",
    ),
)
rotary.case(
    "A quarter of a turn takes (1, 0) to (0, 1) and (0, 1) to (-1, 0); at position 0 nothing is turned.",
    ask.rotate(array([1, 0], [0, 1], [3, 4]), np.array([math.pi / 2, math.pi / 2, 0.0])).gives(
        [[0.0, 1.0], [-1.0, 0.0], [3.0, 4.0]]
    ),
)
# K = 4: the frequencies are 1 and base^(-1/2), 1/2 of base 4 and 1/100 of base 10,000
rotary.case(
    "With base 4, position π turns the first pair by half a turn, the second by a quarter; with 10,000, "
    "position 50π turns the first 25 times.",
    ask.rotate(array([1, 2, 3, 4]), np.array([math.pi]), 4.0).gives([[-1.0, -2.0, -4.0, 3.0]]),
    ask.rotate(array([1, 2, 3, 4]), np.array([50 * math.pi])).gives([[1.0, 2.0, -4.0, 3.0]]),
)
# the score of i and j is ln 3 · cos(p_i - p_j): ln 3 for the token itself, 0 a quarter of a turn away
LIKES_ITSELF = (array([math.sqrt(2) * LN3, 0], [math.sqrt(2) * LN3, 0]), array([1, 0], [1, 0]))
FAR = np.array([0.0, math.pi / 2])
SIXTH = ask.rotate(array([2, 0], [0, 2]), np.array([math.pi / 3] * 2))  # of a turn: 1/2 and the root of 3/4
ROTATE_FIRST = SIXTH.gives(
    [[1.0, math.sqrt(3)], [-math.sqrt(3), 1.0]],
    f"`attend_rotated` cannot be right before `rotate` is: `{SIXTH}`",
)
rotary.case(
    "Queries and keys are alike, a quarter of a turn apart: each weighs itself 3 to 1, also if all moves on.",
    ROTATE_FIRST,
    ask.attend_rotated(*LIKES_ITSELF, array([8, 0], [4, 4]), FAR + 7).gives([[7.0, 1.0], [5.0, 3.0]]),
    ask.attend_rotated(*LIKES_ITSELF, array([8, 0], [4, 4]), FAR).gives([[7.0, 1.0], [5.0, 3.0]]),
    ask.attend_rotated(*LIKES_ITSELF, array([8, 0], [4, 4]), FAR, mask([1, 0], [1, 1])).gives(
        [[8.0, 0.0], [5.0, 3.0]]
    ),
)
EXPONENTS = "(-np.arange(0, size, 2) / size)"
LOW, HIGH = "turned[:, 0::2]", "turned[:, 1::2]"
HALVES = {LOW: "turned[:, : size // 2]", HIGH: "turned[:, size // 2 :]"}
rotary.slip(
    "you turn clockwise: the minus stands before the sine in the first line of the matrix",
    {
        "even * cos - odd * sin": "even * cos + odd * sin",
        "even * sin + odd * cos": "odd * cos - even * sin",
    },
)
rotary.slip(
    "that is no rotation: of the two sines, the one in the first line has a minus",
    {"even * cos - odd * sin": "even * cos + odd * sin"},
    {"even * sin + odd * cos": "odd * cos - even * sin"},
)
rotary.slip(
    "both new numbers are made of the two *old* ones; you had already overwritten the first",
    {"even * sin + odd * cos": "turned[:, 0::2] * sin + odd * cos"},
)
rotary.slip(
    "sine and cosine are exchanged: at position 0 nothing is turned",
    {"cos, sin = np": "sin, cos = np"},
)
rotary.slip(
    "`positions` are what they are; at position 0 the angle is 0",
    {"positions[:, None]": "(positions[:, None] + 1)"},
)
rotary.slip(
    "a token stands where `positions` says; you numbered the rows",
    {"positions[:, None]": "np.arange(len(x))[:, None]"},
    {
        "rotate(q, positions)": "rotate(q, np.arange(len(q)))",
        "rotate(k, positions)": "rotate(k, np.arange(len(k)))",
    },
)
rotary.slip(
    "`positions` are what they are; you counted them from the first",
    {"positions[:, None]": "(positions[:, None] - positions[0])"},
)
rotary.slip(
    "turned numbers are no whole numbers: the new array is to be one of floats",
    {"np.zeros(x.shape)": "np.zeros(x.shape, dtype=int)"},
)
rotary.slip(
    "angles are in radians",
    {"np.cos(angles), np.sin(angles)": "np.cos(angles * np.pi / 180), np.sin(angles * np.pi / 180)"},
)
rotary.slip("the frequencies fall: base to the power of *minus* 2i / K", {"(-np.arange": "(np.arange"})
rotary.slip(
    "the exponent of pair i is -2i / K; yours is -i / K", {EXPONENTS: "(-np.arange(size // 2) / size)"}
)
rotary.slip(
    "the exponent of pair i is -2i / K, with the K numbers of a vector; you divided by the K / 2 pairs",
    {EXPONENTS: "(-np.arange(0, size, 2) / (size // 2))"},
)
rotary.slip(
    "pairs are counted from 0, and the first has the exponent 0",
    {EXPONENTS: "(-np.arange(2, size + 2, 2) / size)"},
)
rotary.slip(
    "every pair has a frequency of its own; yours all turn alike", {EXPONENTS: "(0 * np.arange(size // 2))"}
)
rotary.slip("`base` has no effect", {"base ** ": "10_000.0 ** "})
rotary.slip(
    "a pair are neighbours, (0, 1), (2, 3), …; you paired a number with the one K / 2 further on, as Llama "
    "does",
    {"x[:, 0::2], x[:, 1::2]": "x[:, : size // 2], x[:, size // 2 :]", **HALVES},
)
rotary.slip(
    "a pair is turned where it stands; you laid the first numbers of all pairs before the second ones", HALVES
)
rotary.slip(
    "the values are not turned; only what is compared is", {", v, visible": ", rotate(v, positions), visible"}
)
rotary.slip(
    "what is *compared* is turned, queries and keys; you turned what is fetched, the values",
    {
        "rotate(q, positions)": "q",
        "rotate(k, positions)": "k",
        ", v, visible": ", rotate(v, positions), visible",
    },
)
rotary.slip("the keys are to be turned as well", {"rotate(k, positions)": "k"})
rotary.slip("the queries are to be turned as well", {"rotate(q, positions)": "q"})
rotary.slip(
    "queries and keys turn the same way, or the score depends on the sum of the positions",
    {"rotate(k, positions)": "rotate(k, -positions)"},
)
rotary.slip("nothing is turned", {"rotate(q, positions)": "q", "rotate(k, positions)": "k"})
rotary.slip("`visible` is not handed on to `attend`", {", v, visible": ", v"})
rotary.slip(
    "the turned numbers are written over those that you were given; make a new array",
    {"turned = np.zeros(x.shape)": "turned = x"},
)


rotary.slip(
    "positions stand in a column, frequencies in a row: `positions[:, None]`",
    {"positions[:, None]": "positions"},
)


@rotary.hidden(
    "random vectors of 2 to 8 numbers at any positions",
    parts={"`rotate`": 0.6, "`attend_rotated` without a mask": 0.5, "`attend_rotated` with a mask": 0.4},
)
def random_turns(rng):
    for T, K, base in ((3, 2, 10_000.0), (4, 6, 100.0), (5, 8, 10_000.0)):
        q, k, v = rng.normal(size=(3, T, K))
        positions = rng.permutation(50)[:T] + 1.0
        yield "`rotate`", ask.rotate(q, positions, base)
        yield "`attend_rotated` without a mask", ask.attend_rotated(q, k, v, positions)
        visible = np.tri(T, dtype=bool)
        yield "`attend_rotated` with a mask", ask.attend_rotated(q, k, v, positions, visible)


rotary.another(
    "as products of complex numbers",
    """
def rotate(x, positions, base=10_000.0):
    pairs = x.reshape(len(x), -1, 2)
    steps = np.array([base ** (-i / pairs.shape[1]) for i in range(pairs.shape[1])])
    turned = (pairs[..., 0] + 1j * pairs[..., 1]) * np.exp(1j * np.outer(positions, steps))
    return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


def attend_rotated(q, k, v, positions, visible=None):
    first = positions - positions[0]
    return attend(rotate(q, first), rotate(k, first), v, visible)
""",
)


# 3. block

block = Exercise(
    "block",
    points=2,
    minutes=30,
    hints=(
        "Which axis does a token's own mean run over, and does a token's row know of any other row? In "
        "`block` the second of two like lines reads what the first has made. Who may see whom is a "
        "triangle of booleans with its diagonal.",
        "`layer_norm`: mean and variance with `axis=1` and `keepdims=True`; a row of equal numbers has "
        "the variance 0, and only $\\varepsilon$, under the root, saves the division. `gelu` takes arrays, "
        "so np.tanh, not math.tanh. `block`: both norms stand *inside*, x + part(norm(x)), and the second "
        "norm is taken of the sum, not of x; `np.tri` needs `dtype=bool`. Set all weights of one part to "
        "0 and see whether the other alone gives what it should.",
    ),
)
A, ONE, NONE = 2 / math.sqrt(4 + 1e-5), np.ones(2), np.zeros(2)
# (1, 1, 5, 5) has the mean 3 and the variance 4, equal numbers have the variance 0; and 4 + 5 is the square
# of 3
block.case(
    "layer_norm brings (1, 1, 5, 5) to about (-1, -1, 1, 1), equal numbers to 0; then come gain and shift.",
    ask.layer_norm(array([1, 1, 5, 5], [7, 7, 7, 7]), array(2, 3, 1, 1), array(1, 0, 0, 2)).gives(
        [[1 - 2 * A, -3 * A, A, A + 2], [1.0, 0.0, 0.0, 2.0]]
    ),
    ask.layer_norm(array([1, 1, 5, 5]), np.ones(4), np.zeros(4), 5.0).gives([[-2 / 3, -2 / 3, 2 / 3, 2 / 3]]),
)


def bent(a):
    """GPT-2's gelu of a number."""
    return a / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))


# far below 0 nothing is left, far above all; gelu(-a) = gelu(a) - a
block.case(
    "gelu(1) is 0.841192, and gelu(-1) one less.",
    ask.gelu(np.array([-100.0, 0.0, 1.0, -1.0])).gives([0.0, 0.0, 0.8411919906082768, -0.15880800939172324]),
)


def parts(values, out, up, down, down_bias, gain1=ONE, shift1=NONE, gain2=ONE, shift2=NONE):
    """Weights of a block of two numbers and one head, whose scores are all 0."""
    return {
        "in": np.concatenate([np.zeros((4, 2)), values]),
        "in_bias": np.zeros(6),
        "out": out,
        "out_bias": np.zeros(2),
        "up": up,
        "up_bias": np.array([0.0, 1.0]),
        "down": down,
        "down_bias": np.array(down_bias),
        "gain1": gain1,
        "shift1": shift1,
        "gain2": gain2,
        "shift2": shift2,
    }


OFF, I2 = np.zeros((2, 2)), np.eye(2)
block.case(
    "Where both parts give 0 the vectors go through as they are.",
    ask.block(array([1, 5], [10, 4]), parts(OFF, OFF, I2, OFF, [0.0, 0.0]), 1).gives(
        [[1.0, 5.0], [10.0, 4.0]]
    ),
    ask.layer_norm(array([1, 1, 5, 5]), np.ones(4), np.zeros(4), 5.0).gives([[-2 / 3, -2 / 3, 2 / 3, 2 / 3]]),
)
GAINS = {"gain2": np.array([2.0, 3]), "shift2": np.array([1.0, 0])}
# The norms of the rows are (-a, a), (b, -b), (c, -c); each token gets the mean of its own and those before.
B, C = 1 / math.sqrt(1 + 1e-5), 3 / math.sqrt(9 + 1e-5)
block.case(
    "Attention alone: each token gets the mean of its own norm and of those before it.",
    ask.block(array([1, 5], [6, 4], [10, 4]), parts(I2, I2, I2, OFF, [0.0, 0.0], **GAINS), 1).gives(
        [
            [1 - A, 5 + A],
            [6 + (B - A) / 2, 4 + (A - B) / 2],
            [10 + (B + C - A) / 3, 4 - (B + C - A) / 3],
        ]
    ),
)
# Keys are the norms, (-a, a) and (b, -b), and the queries of both tokens ln 3 / (a + b) for the first number:
# in head 0 the scores of the second token are ln 3 apart, in head 1 alike.
TWO = parts(I2, I2, I2, OFF, [0.0, 0.0])
TWO |= {"in": np.concatenate([OFF, I2, I2]), "in_bias": np.array([LN3 / (A + B), 0, 0, 0, 0, 0])}
block.case(
    "With two heads: in the first the second token weighs itself 3 to 1, in the second both alike.",
    ask.block(array([1, 5], [6, 4]), TWO, 2).gives([[1 - A, 5 + A], [6 + (3 * B - A) / 4, 4 + (A - B) / 2]]),
)
UP, DOWN = array([1, 0], [2, 1]), array([1, 0], [1, 1])
# the norm is (1 - 2a, 3a), and inside stand 1 - 2a and 2 - 4a + 3a + 1 = 3 - a
block.case(
    "The feed-forward layer alone, with gains and shifts.",
    ask.block(array([1, 5]), parts(OFF, OFF, UP, DOWN, [2.0, 3.0], **GAINS), 1).gives(
        [[3 + bent(1 - 2 * A), 8 + bent(1 - 2 * A) + bent(3 - A)]]
    ),
)
# Attention adds (8a, 0), which exchanges the larger number: (1 + 8a, 5) is 4a - 2 to both sides of its mean.
# Its norm is (d, -d), with gains and shifts (1 + 2d, -3d); inside stand 1 + 2d and 2 + 4d - 3d + 1 = 3 + d.
D = (4 * A - 2) / math.sqrt((4 * A - 2) ** 2 + 1e-5)
block.case(
    "The feed-forward layer reads what attention has added.",
    ask.block(array([1, 5]), parts(I2, array([-8, 0], [0, 0]), UP, DOWN, [10.0, 20.0], **GAINS), 1).gives(
        [[11 + 8 * A + bent(1 + 2 * D), 25 + bent(1 + 2 * D) + bent(3 + D)]]
    ),
)
MEAN, VARIANCE = "x.mean(axis=1, keepdims=True)", "(centred**2).mean(axis=1, keepdims=True)"
UNDER = "np.sqrt(variance + epsilon)"
GELU = "a / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3)))"
FIRST = 'layer_norm(x, weights["gain1"], weights["shift1"])'
SECOND = 'layer_norm(x, weights["gain2"], weights["shift2"])'
CAUSAL = "np.tril(np.ones((len(x), len(x)), dtype=bool))"
block.slip(
    "mean and variance are of each token's own D numbers; yours run over the tokens, and so over the future",
    {MEAN: MEAN.replace("1", "0"), VARIANCE: VARIANCE.replace("1", "0")},
    {MEAN: MEAN.replace("1", "0")},
    {VARIANCE: VARIANCE.replace("1", "0")},
    {MEAN: "x.mean()", VARIANCE: "(centred**2).mean()"},
)
block.slip(
    "the variance is the mean of the D squares; you divided by D - 1",
    {VARIANCE: "x.var(axis=1, ddof=1, keepdims=True)"},
)
block.slip(
    "the variance is the mean of the D squares; you took their sum",
    {VARIANCE: "(centred**2).sum(axis=1, keepdims=True)"},
)
block.slip(
    "a row's mean and variance are to stand beside the row, as columns: keepdims=True",
    {MEAN: "x.mean(axis=1)"},
    {VARIANCE: "(centred**2).mean(axis=1)"},
    {MEAN: "x.mean(axis=1)", VARIANCE: "x.var(axis=1)"},
)
block.slip(
    "x less its mean is divided by the root of the variance; you divided x itself",
    {"gain * centred": "gain * x"},
)
block.slip("ε is missing: of equal numbers the variance is 0", {UNDER: "np.sqrt(variance)"})
block.slip("ε is added to the variance, under the root", {UNDER: "(np.sqrt(variance) + epsilon)"})
block.slip("`epsilon` has no effect", {UNDER: "np.sqrt(variance + 1e-5)"})
block.slip("divide by the root of the variance; the root is missing", {UNDER: "(variance + epsilon)"})
block.slip("the mean is not taken off: that is RMSNorm", {MEAN: "0.0"})
block.slip("the variance does not become 1: only the mean was taken off", {f" / {UNDER}": ""})
block.slip("the shift is missing", {" + shift": ""})
block.slip("the gain is missing", {"gain * centred": "centred"})
block.slip(
    "the gain comes before the shift; you multiplied the shift as well",
    {f"gain * centred / {UNDER} + shift": f"gain * (centred / {UNDER} + shift)"},
)
block.slip(
    "that is the exact gelu, with the error function; GPT-2's, with tanh, differs from it in the fourth "
    "figure",
    'from math import erf\n\n\ndef gelu(a):\n    """Exact."""\n'
    "    return a / 2 * (1 + np.vectorize(erf)(a / np.sqrt(2)))",
)
block.slip("that is ReLU", {GELU: "np.maximum(a, 0)"})
block.slip(
    "that is a sigmoid in place of the tanh",
    {GELU: "a / (1 + np.exp(-1.702 * a))"},
    {GELU: "a / (1 + np.exp(-a))"},
)
block.slip("the cube is missing in gelu", {"a + 0.044715 * a**3": "a"})
ROOT = "np.sqrt(2 / np.pi)"
block.slip(
    "gelu takes the root of 2 / π, of the whole fraction",
    {ROOT: "(2 / np.pi)"},
    {ROOT: "(np.sqrt(2) / np.pi)"},
    {ROOT: "(2 / np.sqrt(np.pi))"},
    {ROOT: "np.sqrt(2 * np.pi)"},
)
block.slip(
    "look at the brackets in gelu: √(2/π) multiplies both a and the cube",
    {"(a + 0.044715 * a**3)": "a + 0.044715 * a**3"},
)
block.slip(
    "the cube in gelu is that of a alone; 0.044715 stands before it",
    {"0.044715 * a**3": "(0.044715 * a) ** 3"},
)
block.slip("gelu has a cube; yours is a square", {"a**3": "a**2"})
block.slip(
    "half of a, times 1 + tanh: the 1 is missing, or the half",
    {GELU: GELU.replace("1 + ", "")},
    {GELU: GELU.replace(" / 2 * (1", " * (1")},
)
block.slip(
    "what a part finds is added to x; you left x out",
    {"x = x + multi_head": "x = multi_head"},
    {"return x + gelu": "return gelu"},
)
block.slip(
    "x itself goes on, with nothing but what is added to it; you sent it through a norm (with norms behind "
    "the "
    "parts that would be post-norm)",
    'old = block\n\n\ndef block(x, weights, n_heads):\n    """Post-norm."""\n'
    "    x = x + multi_head(x, weights, n_heads, np.tri(len(x), dtype=bool))\n"
    f"    x = {FIRST}\n"
    '    x = x + gelu(x @ weights["up"].T + weights["up_bias"]) @ weights["down"].T + weights["down_bias"]\n'
    f"    return {SECOND}",
    {"    x = x + multi_head(": f"    x = {FIRST}\n    x = x + multi_head("},
)
block.slip("attention reads norm₁(x), not x itself", {FIRST: "x"})
block.slip("the feed-forward layer reads norm₂(x'), not x' itself", {SECOND: "x"})
block.slip(
    "the norms are exchanged: attention reads norm₁, the feed-forward layer norm₂",
    "old = block\n\n\ndef block(x, weights, n_heads):\n"
    '    """Each with the other\'s."""\n'
    '    other = {"gain1": "gain2", "shift1": "shift2", "gain2": "gain1", "shift2": "shift1"}\n'
    "    return old(x, {name: weights[other.get(name, name)] for name in weights}, n_heads)",
)
block.slip("`n_heads` is not handed on to `multi_head`", {", n_heads, visible)": ", 1, visible)"})
block.slip("the second norm has a gain and a shift of its own", {SECOND: FIRST})
block.slip("each token sees those before it only; there is no mask", {CAUSAL: "None"})
block.slip("the mask is off by one: each token sees the next one, too", {"dtype=bool))": "dtype=bool), 1)"})
block.slip(
    "the mask is off by one: a token sees itself, and the first has nothing else",
    {"dtype=bool))": "dtype=bool), -1)"},
)
block.slip(
    "the mask is the wrong way round: a token sees those behind it", {CAUSAL: CAUSAL.replace("tril", "triu")}
)
block.slip(
    "the feed-forward layer reads what attention has added; yours reads the x before it",
    {"    x = x + multi_head(": "    found = multi_head(", "return x + gelu": "return x + found + gelu"},
)
block.slip(
    "the second sum is onto x', with what attention has added; yours is onto the x before it",
    {
        "    x = x + multi_head(": "    first = x\n    x = x + multi_head(",
        "return x + gelu": "return first + gelu",
    },
)
block.slip("there is no gelu between the two matrices", {"gelu(inner)": "inner"})
block.slip(
    "gelu bends what stands between the two matrices, not their result",
    {"gelu(inner)": "gelu(inner", 'weights["down_bias"]': 'weights["down_bias"])'},
    {"gelu(inner)": "gelu(inner", 'weights["down"].T': 'weights["down"].T)'},
)
block.slip(
    "the bias b₁ is inside gelu, before it bends",
    {' + weights["up_bias"]': "", "gelu(inner)": '(gelu(inner) + weights["up_bias"])'},
)
block.slip(
    "each matrix stands transposed behind the rows",
    {'weights["up"].T': 'weights["up"]'},
    {'weights["down"].T': 'weights["down"]'},
)
block.slip(
    "a bias of the feed-forward layer is missing",
    {' + weights["up_bias"]': ""},
    {' + weights["down_bias"]': ""},
)
block.slip(
    "`+=` changes the vectors that you were given; make new ones",
    {"    x = x + multi_head(": "    x += multi_head("},
)


@block.hidden(
    "random weights of all parts, one to three heads, a wide and a narrow layer",
    parts={
        "`layer_norm`": 0.4,
        "`gelu`": 0.2,
        "`block` of large numbers, where ε and the bend of gelu make no difference": 0.5,
        "`block`": 0.4,
    },
)
def random_blocks(rng):
    for T, H, K, F in ((3, 1, 2, 5), (5, 2, 3, 24), (4, 3, 2, 4)):
        size = H * K
        sizes = {"in": (3 * size, size), "out": (size, size), "up": (F, size), "down": (size, F)}
        weights = {name: rng.normal(size=shape) for name, shape in sizes.items()}
        weights |= {f"{name}_bias": rng.normal(size=shape[0]) for name, shape in sizes.items()}
        weights |= {name: rng.normal(size=size) for name in ("gain1", "shift1", "gain2", "shift2")}
        x = 3 * rng.normal(size=(T, size))
        gain, shift = weights["gain1"], weights["shift1"]
        yield "`layer_norm`", ask.layer_norm(x, gain, shift, float(rng.uniform(0.1, 1)))
        yield "`layer_norm`", ask.layer_norm(np.ones((T, size)), gain, shift)
        yield "`gelu`", ask.gelu(x)
        # what is added grows with x, so that each part shows beside it, and only ε does not
        large = {name: 1e12 * weights[name] for name in ("out", "out_bias", "down", "down_bias")}
        large["up_bias"] = np.array([60, -60, *60 * rng.choice([-1, 1], size=F - 2)], dtype=float)
        yield (
            "`block` of large numbers, where ε and the bend of gelu make no difference",
            ask.block(1e12 * x, weights | large, H),
        )
        yield "`block`", ask.block(x, weights, H)


block.another(
    "token by token",
    """
def layer_norm(x, gain, shift, epsilon=1e-5):
    return np.array([(row - row.mean()) / (row.var() + epsilon) ** 0.5 * gain + shift for row in x])


def gelu(a):
    return a / (1 + np.exp(np.clip(-2 * (2 / np.pi) ** 0.5 * (a + 0.044715 * a**3), -700, 700)))


def block(x, weights, n_heads):
    rows = []
    for i in range(len(x)):
        past = layer_norm(x[: i + 1], weights["gain1"], weights["shift1"])
        y = x[i] + multi_head(past, weights, n_heads)[-1]
        (z,) = layer_norm(y[None], weights["gain2"], weights["shift2"])
        z = gelu(weights["up"] @ z + weights["up_bias"])
        rows.append(y + weights["down"] @ z + weights["down_bias"])
    return np.array(rows)
""",
)


# 4. corrupt

corrupt = Exercise(
    "corrupt",
    points=2,
    minutes=20,
    hints=(
        "Three arrays of random numbers in the shape of `ids` are enough: one decides who is chosen, one "
        "the fate of those who are, one holds the words that may be put in their place. `np.where` picks "
        "from arrays place by place.",
        "`rng.random(ids.shape) < rate` is true with that probability, at each place by itself. A second "
        "such array is below `masked`, or else below `masked + random`, or else neither: three fates from "
        "one number. `judged` is decided before any of this and does not ask what became of the word.",
    ),
)
V, MASK = 100, 102


def holes(student, ids, seed, vocab_size, mask_id, *rates):
    """What `corrupt` answers, (inputs, judged), after what can be wrong with the pair was looked for."""
    found = ask.corrupt(ids, seed, vocab_size, mask_id, *rates).answer(student)
    expect(
        isinstance(found, (tuple, list)) and len(found) == 2,
        f"corrupt should return a pair, (inputs, judged); you returned {describe(found)}",
    )
    inputs, judged = (np.array(part) if _is_table(part) else part for part in found)
    for what, part, kinds in (("inputs", inputs, "iu"), ("judged", judged, "b")):
        expect(
            isinstance(part, np.ndarray) and part.shape == ids.shape and part.dtype.kind in kinds,
            f"corrupt should return a pair, (inputs, judged), of arrays of shape {ids.shape}, whole numbers "
            "and "
            f"booleans; your {what} are {describe(part)}"
            + (f" of {part.dtype}" if isinstance(part, np.ndarray) else ""),
        )
    return inputs, judged


def _is_table(part):
    """Whether it is rows of equal length, which are as good as an array."""
    return isinstance(part, list) and {*map(type, part)} == {list} and len({*map(len, part)}) == 1


def corrupted(row, *rates):
    """A question: a row of three words, with special tokens from 3 on and the mask 5."""

    def answer(student):
        inputs, judged = holes(student, np.array([row]), 1, 3, 5, *rates)
        return {"inputs": inputs[0].tolist(), "judged": judged[0].astype(int).tolist()}

    told = ", ".join(f"{name}={rate}" for name, rate in zip(("rate", "masked", "random"), rates))
    return asking(f"`corrupt` of {row} with vocab_size=3, mask=5, {told}", answer)


def text(rows):
    """Random words, between a beginning (101) and padding (100)."""
    ids = np.random.default_rng(5).integers(V, size=(rows, 200))
    ids[:, 0], ids[:, -1] = 101, 100
    return ids


def by_chance(found, drawn):
    """Whether numbers `found` of so many `drawn` in each row vary as if each were decided by itself.

    The mean of their squared distances from the common share, each over its variance, is then 1, within 0.1
    for 500 rows.
    """
    share = found.sum() / drawn.sum()
    variance = share * (1 - share) * drawn.sum()
    ratio = ((found - share * drawn) ** 2).sum() / variance if variance > 0 else 0.0
    return (
        "varies as by chance" if 0.5 < ratio < 2 else "varies too little" if ratio < 1 else "varies too much"
    )


def of_two_words(student):
    """How many of the words of a text are there after all, where each gets a random one of two."""
    ids = text(200) % 2
    inputs, judged = holes(student, ids, 4, 2, 3, 1.0, 0.0, 1.0)
    return {"% as they were": 5 * round(20 * float((inputs == ids).mean())), "judged": bool(judged.all())}


def shares(rows, seed, *rates):
    """A question: what became of a long text, in steps of 5 %, which are seven standard errors or more."""

    def answer(student):
        ids = text(rows)
        inputs, judged = holes(student, ids, seed, V, MASK, *rates)
        words, changed = ids < V, inputs != ids
        expect(bool(judged.any()), "of a long text no word is chosen")
        covered = judged & (inputs == MASK)
        other = changed & (inputs != MASK)

        def percent(where, of):
            return 5 * round(20 * float(where[of].mean()))

        return {
            "% of words judged": percent(judged, words),
            "% of these masked": percent(covered, judged),
            "% of these another word": percent(other, judged),
            "% of these as they were": percent(~changed, judged),
            "different words put in": len(put_in := np.unique(inputs[other])),
            "lowest and highest of them": [int(word) for word in (*put_in[:1], *put_in[-1:])],
            "places changed but not judged": int((changed & ~judged).sum()),
            "how many of a row are judged": by_chance(judged.sum(axis=1), words.sum(axis=1)),
            "how many of these are masked": by_chance(covered.sum(axis=1), judged.sum(axis=1)),
        }

    told = f" and rate, masked, random = {rates}" if rates else ""
    return asking(
        f"a text of {V} different words, {200 * rows:,} in all, corrupted with seed {seed}{told}", answer
    )


def becomes(judged, masked, another, kept):
    """The right answer to `shares`."""
    names = "% of words judged", "% of these masked", "% of these another word", "% of these as they were"
    right = dict(zip(names, (judged, masked, another, kept)))
    right |= {"different words put in": V, "lowest and highest of them": [0, V - 1]}
    right["places changed but not judged"] = 0
    chance = "varies as by chance"
    return right | {"how many of a row are judged": chance, "how many of these are masked": chance}


def of_seeds(student):
    """Whether patterns are repeated that should be, and others are not."""
    ids = text(20)
    (first, where), (again, _), (other, _) = (holes(student, ids, seed, V, MASK) for seed in (7, 7, 8))
    numbers = {int(holes(student, ids, seed, V, MASK)[1].sum()) for seed in range(1, 6)}
    return {
        "the same with the same seed": bool((first == again).all()),
        "the same with another seed": bool((first == other).all()),
        "all rows have the same holes": bool((where[:, 1:-1] == where[0, 1:-1]).all()),
        "as many holes with each seed": len(numbers) == 1,
    }


PATTERNS = asking("twenty texts, corrupted with seeds 1 to 8", of_seeds).gives(
    {
        "the same with the same seed": True,
        "the same with another seed": False,
        "all rows have the same holes": False,
        "as many holes with each seed": False,
    }
)


corrupt.case(
    "With all words chosen: all masked, or all as they were and judged all the same; special tokens never.",
    corrupted([4, 0, 2, 1, 3, 5], 1.0, 1.0, 0.0).gives(
        {"inputs": [4, 5, 5, 5, 3, 5], "judged": [0, 1, 1, 1, 0, 0]}
    ),
    corrupted([4, 0, 2, 1, 3, 5], 1.0, 0.0, 0.0).gives(
        {"inputs": [4, 0, 2, 1, 3, 5], "judged": [0, 1, 1, 1, 0, 0]}
    ),
    corrupted([4, 0, 2, 1, 3, 5], 0.0, 1.0, 0.0).gives(
        {"inputs": [4, 0, 2, 1, 3, 5], "judged": [0, 0, 0, 0, 0, 0]}
    ),
)
corrupt.case(
    "Of a long text 15 % are chosen, and of these 80 % masked, 10 % replaced, 10 % left, within 2.5 % of it.",
    shares(1000, 6).gives(becomes(15, 80, 10, 10)),
)
corrupt.case(
    "Where there are two words and each place gets a drawn one, half of them are what they were.",
    asking(
        "39,600 words, 0 and 1, all chosen and all replaced by a drawn word (random=1)", of_two_words
    ).gives({"% as they were": 50, "judged": True}),
    weight=0.5,
)
corrupt.case(
    "The same seed gives the same holes, another one others, more or fewer, and each row has its own.",
    PATTERNS,
    weight=0.5,
)
BOTH, CHOSEN = "np.where(judged, shown, ids), judged", "rng.random(ids.shape) < rate"
DRAWN = "rng.integers(vocab_size, size=ids.shape)"
corrupt.slip(
    "only where a word is chosen is the network judged; you judge it on every word",
    {BOTH: "np.where(judged, shown, ids), ids < vocab_size"},
)
corrupt.slip(
    "a chosen word that stays as it was, or becomes another, is judged like one that is masked",
    {BOTH: f"{BOTH} & (shown != ids)"},
    {BOTH: f"{BOTH} & (shown == mask)"},
    {BOTH: "np.where(judged, shown, ids), np.where(judged, shown, ids) == mask"},
)
corrupt.slip("special tokens are never chosen", {" & (ids < vocab_size)": ""})
corrupt.slip(
    "*all* ids from V on are special tokens, and never chosen; you left out the mask alone",
    {"ids < vocab_size": "ids != mask"},
)
corrupt.slip(
    "words are the tokens 0 to V - 1; V itself is a special token", {"ids < vocab_size": "ids <= vocab_size"}
)
corrupt.slip("you never choose the word 0", {" & (ids < vocab_size)": " & (ids < vocab_size) & (ids > 0)"})
corrupt.slip(
    "special tokens are never drawn: a random *word* is below V",
    {DRAWN: "rng.integers(mask + 1, size=ids.shape)"},
    {DRAWN: "rng.integers(mask, size=ids.shape)"},
    {DRAWN: "rng.choice(ids.ravel(), size=ids.shape)"},
    {DRAWN: "rng.integers(vocab_size + 1, size=ids.shape)"},
)
corrupt.slip("for each place a word is drawn anew; you drew one for all", {DRAWN: "rng.integers(vocab_size)"})
corrupt.slip("the word 0 may be drawn as well", {DRAWN: "rng.integers(1, vocab_size, size=ids.shape)"})
corrupt.slip(
    "the word V - 1 may be drawn as well: `integers` leaves out its end",
    {DRAWN: "rng.integers(vocab_size - 1, size=ids.shape)"},
)
corrupt.slip(
    "the fate of each chosen word is decided by itself; you decided it once for all",
    {"fate = rng.random(ids.shape)": "fate = rng.random()"},
)
corrupt.slip(
    "the fate of each chosen word is decided by itself; you decided it once for each row",
    {"fate = rng.random(ids.shape)": "fate = rng.random((len(ids), 1))"},
)
ORDER = "rng.random(ids.shape).argsort(axis=1).argsort(axis=1)"
corrupt.slip(
    "each word is chosen by itself, so that rows have more holes or fewer; yours have all the same number",
    {CHOSEN: f"{ORDER} < round(rate * ids.shape[1])"},
    {
        f"judged = ({CHOSEN}) & (ids < vocab_size)": "judged = np.zeros(ids.shape, dtype=bool)\n"
        "    for row, there in zip(ids, judged):\n"
        "        words = np.flatnonzero(row < vocab_size)\n"
        "        there[rng.choice(words, round(rate * len(words)), replace=False)] = True"
    },
)
corrupt.slip(
    "each word is chosen by itself, so that a text has more holes or fewer; yours have all the same number",
    {
        f"judged = ({CHOSEN}) & (ids < vocab_size)": "judged = np.zeros(ids.shape, dtype=bool)\n"
        "    words = np.flatnonzero(ids < vocab_size)\n"
        "    judged.flat[rng.choice(words, round(rate * len(words)), replace=False)] = True"
    },
)
corrupt.slip(
    "each word is chosen by itself; you chose whole rows",
    {CHOSEN: "rng.random((len(ids), 1)) < rate"},
)
corrupt.slip(
    "the drawn word may by chance be the one that was there; yours never is",
    {DRAWN: "(ids + rng.integers(1, vocab_size, size=ids.shape)) % vocab_size"},
)
corrupt.slip(
    "the drawn words cover masks: they are for numbers from `masked` to `masked + random`",
    {
        "np.where(fate < masked, mask, np.where(fate < masked + random, words, ids))": "np.where("
        "fate < random, words, np.where(fate < masked, mask, ids))"
    },
    {
        "np.where(fate < masked, mask, np.where(fate < masked + random, words, ids))": "np.where("
        "fate < masked + random, words, np.where(fate < masked, mask, ids))"
    },
)
corrupt.slip(
    "`masked` has no effect", {"fate < masked, mask": "fate < 0.8, mask", "masked + random": "0.8 + random"}
)
corrupt.slip("`random` has no effect", {"masked + random": "masked + 0.1"})
corrupt.slip(
    "the fate of a chosen word needs a new random number: those by which it was chosen are all below `rate`",
    {"fate = rng.random(ids.shape)": "fate = np.random.default_rng(seed).random(ids.shape)"},
)
corrupt.slip(
    "the three shares are of the chosen words: fates from `masked` to `masked + random` become a random word",
    {"fate < masked + random": "fate < random"},
)
corrupt.slip(
    "you drew once more among those that were not masked, and `random` became a share of these",
    {"fate < masked + random": "rng.random(ids.shape) < random"},
)
corrupt.slip(
    "those that are left were to stay, and the random ones to change; yours are the other way round",
    {"words, ids))": "ids, words))"},
)
corrupt.slip(
    "`masked` and `random` are shares of the chosen words; you multiplied by `rate` once more",
    {"fate < masked, mask": "fate < masked * rate, mask", "masked + random": "(masked + random) * rate"},
    {"fate < masked, mask": "fate < masked * rate, mask"},
)
corrupt.slip("`rate` has no effect", {CHOSEN: "rng.random(ids.shape) < 0.15"})
corrupt.slip("the token that hides is `mask`", {"masked, mask,": "masked, vocab_size,"})
corrupt.slip("`seed` has no effect", {"default_rng(seed)": "default_rng(0)"})
corrupt.slip(
    "the generator has no seed, so the same seed gives other holes", {"default_rng(seed)": "default_rng()"}
)
corrupt.slip("each row has holes of its own", {CHOSEN: "rng.random(ids.shape[1]) < rate"})
corrupt.slip("the pair is (inputs, judged)", {BOTH: "judged, np.where(judged, shown, ids)"})
corrupt.slip("a place that is not chosen stays as it was", {BOTH: "shown, judged"})
corrupt.slip(
    "true is where the network is judged; yours are the wrong way round",
    {BOTH: "np.where(judged, shown, ids), ~judged"},
)
corrupt.slip(
    "the holes are in the very array that you were given; make a new one",
    {f"return {BOTH}": "ids[judged] = shown[judged]\n    return ids, judged"},
)


@corrupt.hidden(
    "other seeds, rates and shares: what is chosen, what becomes of it, and what is never touched"
)
def other_rates(rng):
    first, second = (int(seed) for seed in rng.integers(1, 10**6, size=2))
    yield shares(500, first, 0.3, 0.5, 0.25).gives(becomes(30, 50, 25, 25))
    yield shares(500, second, 0.4, 0.25, 0.6).gives(becomes(40, 25, 60, 15))
    yield shares(500, second).gives(becomes(15, 80, 10, 10))
    row = [int(t) for t in rng.permutation(6)]
    judged = [int(t < 3) for t in row]
    yield corrupted(row, 1.0, 1.0, 0.0).gives({"inputs": [5 if t < 3 else t for t in row], "judged": judged})
    yield corrupted(row, 1.0, 0.0, 0.0).gives({"inputs": row, "judged": judged})
    yield PATTERNS


corrupt.another(
    "place by place of those that are chosen",
    """
def corrupt(ids, seed, vocab_size, mask, rate=0.15, masked=0.8, random=0.1):
    rng = np.random.default_rng(seed)
    inputs, judged = ids.copy(), np.zeros(ids.shape, dtype=bool)
    for place in zip(*np.nonzero(ids < vocab_size)):
        if rng.random() < rate:
            judged[place] = True
            fate = rng.random()
            if fate < masked:
                inputs[place] = mask
            elif fate < masked + random:
                inputs[place] = rng.integers(vocab_size)
    return inputs, judged
""",
)


# 5. leak

leak = Exercise(
    "leak",
    points=4,
    minutes=40,
    hints=(
        "For `sees`: of which two texts, that differ in a single token, do you compare what the model "
        "says, and what does a row of the difference tell? How many such texts must be tried? Then look "
        "at the whole: `sees(lambda ids: logits_of(drawn(), ids, network), 4, 22)`. For one part as it "
        "was give `logits_of` another network, say `lambda w, ids: leaky_network(w, ids, leaky_normalise, "
        "attention)`; `trained` takes it, too.",
        "`sees`: for each place j every other token is tried, a fresh text of zeros each time, and one "
        "that is noticed is enough. The faults: ask of each sum and each mean over which axis it runs, "
        "and whether all that it runs over may be known here. A softmax is a sum, too, in its "
        "denominator. Write the triangle of `tril(1)` out for three tokens. And read what `leaky_batch` "
        "gives for the row 5, 6, 7, 8: which token is the network to say after 5?",
    ),
)


# Models for `sees`: what each says of a text is told in its docstring, which students read.


def falls(ids, logits):
    """all logits of a place fall with its token"""
    logits[:, :, 0] = 1.0 - 3 * ids
    logits[:, :, 1:] = -1.0 * ids[:, :, None]


def one_each(ids, logits):
    """of each place but the first one logit moves, another one for each, with the token before it"""
    for i in range(1, ids.shape[1]):
        logits[:, i, i - 1] = ids[:, i - 1]


def notices(ids, logits):
    """token 1 is noticed one place on, token 2 at its own place, token 3 at the last place"""
    logits[:, 1:, 1] = ids[:, :-1] == 1
    logits[:, :, 2] = ids == 2
    logits[:, -1, 3] = (ids == 3).sum(axis=1)


def reads_next(ids, logits):
    """each place is told the token behind it"""
    logits[:, :-1] = np.eye(logits.shape[2])[ids[:, 1:]]


def traces(ids, logits):
    """a token moves one logit of its place up and another down, and a logit one place on by 1e-5"""
    logits[:, :, 0], logits[:, :, 1] = ids, -1.0 * ids
    logits[:, 1:, 0] += 1e-5 * ids[:, :-1]


def faint(ids, logits):
    """of all logits a single one moves, at the first place, by 1e-5 with the last token"""
    logits[:, 0, 7] = 1e-5 * (ids[:, -1] > 0)


def adds_up(ids, logits):
    """the last place sums up all tokens, and all places have a rounding error with the last token, of 1e-9"""
    logits[:, -1, 0] = np.sum(ids, axis=1)
    logits[:, :, 1] += 1e-9 * ids[:, -1:]


def seen_by(fill, length, size):
    """A question: the matrix of `sees`, as whole numbers, of a model whose logits a function fills in."""

    def model(ids):
        ids = np.asarray(ids)
        expect(
            ids.ndim == 2 and ids.dtype.kind in "iu",
            "the model takes texts as an array (B, T) of integers, for one text (1, T); you gave it one of "
            f"shape {ids.shape} and type {ids.dtype}",
        )
        expect(
            ids.min() >= 0 and ids.max() < size,
            f"tokens are 0 to V - 1, for V = {size} up to {size - 1}; you asked the model about {ids.max()}",
        )
        logits = np.zeros((*ids.shape, size))
        fill(ids, logits)
        return logits

    def answer(student):
        found = student.sees(model, length, size)
        expect(
            isinstance(found, np.ndarray) and found.shape == (length, length) and found.dtype.kind in "biuf",
            f"sees should return an array of booleans of shape {(length, length)}; yours returned "
            f"{describe(found)}",
        )
        return (found != 0).astype(int).tolist()

    return asking(f"`sees(model, {length}, {size})`, where {fill.__doc__},", answer)


def tensors(name, *args, what=""):
    """A question to a function of tensors; arrays, also those in a dictionary, arrive as such."""

    def as_tensors(value):
        if isinstance(value, dict):
            return {key: AsTensor(part) for key, part in value.items()}
        return AsTensor(value)

    return asking(
        what or f"`{name}` of {args[0].tolist()}",
        lambda student: getattr(student, name)(*map(as_tensors, args)),
    )


def head(q, k, v, output):
    """Weights of `attention`."""
    return {"query": q, "key": k, "value": v, "output": output}


leak.case(
    "sees finds what each place notices, before it and behind it, whichever token and whichever logit does "
    "it.",
    seen_by(falls, 2, 3).gives([[1, 0], [0, 1]]),
    seen_by(one_each, 4, 3).gives([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]),
    seen_by(notices, 3, 4).gives([[1, 0, 0], [1, 1, 0], [1, 1, 1]]),
    seen_by(traces, 3, 2).gives([[1, 0, 0], [1, 1, 0], [0, 1, 1]]),
    seen_by(reads_next, 3, 3).gives([[0, 1, 0], [0, 0, 1], [0, 0, 0]]),
    seen_by(adds_up, 3, 2).gives([[0, 0, 0], [0, 0, 0], [1, 1, 1]]),
    seen_by(faint, 2, 12).gives([[0, 1], [0, 0]]),
)
leak.case(
    "batch: after 5 the network is to say 6.",
    tensors("batch", np.array([[5, 6, 7, 8]])).gives(([[5, 6, 7]], [[6, 7, 8]])),
)
# the mean is 3 and the variance 4; then mean 8 and variance 9: the numbers of the block's first case
SMALL, LARGE = 2 / math.sqrt(4 + 1e-5), 3 / math.sqrt(9 + 1e-5)
leak.case(
    "normalise: each token's own numbers have the mean 0 and the variance 1.",
    tensors("normalise", array([[1, 5], [11, 5]]), np.array([1.0, 1]), np.array([0.0, 0])).gives(
        [[[-SMALL, SMALL], [LARGE, -LARGE]]]
    ),
    tensors(
        "normalise",
        array([[1, 5]], [[11, 5]]),
        np.array([1.0, 2]),
        np.array([0.0, 5]),
        what="`normalise` of two texts",
    ).gives([[[-SMALL, 5 + 2 * SMALL]], [[LARGE, 5 - 2 * LARGE]]]),
)


# Scores of ln 3, 0 and -ln 3, so 3 to 1, and 9 to 3 to 1 of the values 26, 0 and -26, whatever stands behind.
# Then no scores: a token gets the mean of itself and those before it, (6, 0), (4, 2) and (3, 4), also through
# a matrix.
# `LOW`: scores of -3 million for the first token, and 0 for the second, which only the second may see.
def low(score, first, second):
    """The question with another score and other values."""
    return tensors(
        "attention",
        array([[1, 1], [0, 1]]),
        head(array([0, 0], [score * math.sqrt(2), 0]), I2, array([first, 0], [second, 0]), I2),
        what=f"`attention` where the only score that the first token may see is {score:,}, the masked one 0,",
    ).gives([[[first + second, 0.0], [second, 0.0]]])


LOW = low(-3_000_000, 8.0, 4.0)
leak.case(
    "attention: each token gets a mean of the values of itself and of those before it.",
    tensors(
        "attention",
        array([[1, 1], [0, 1], [-1, 1]]),
        head(array([0, 0], [math.sqrt(2) * LN3, 0]), I2, array([26, 0], [0, 0]), I2),
        what="`attention` with scores of ln 3, 0 and -ln 3 for the three tokens, values of 26, 0 and -26,",
    ).gives([[[26.0, 0.0], [19.5, 0.0], [16.0, 0.0]]]),
    tensors("attention", array([[6, 0], [2, 4], [1, 8]]), head(OFF, OFF, I2, I2)).gives(
        [[[6.0, 0.0], [4.0, 2.0], [3.0, 4.0]]]
    ),
    tensors(
        "attention",
        array([[6, 0], [2, 4], [1, 8]]),
        head(OFF, OFF, I2, array([1, 10], [0, 100])),
        what="the same, where `output` is [[1, 10], [0, 100]],",
    ).gives([[[6.0, 60.0], [4.0, 240.0], [3.0, 430.0]]]),
    LOW,
)


def whole(student):
    """What the mended network really sees, found by perturbation here; and whether it is what it is to be."""
    rng = np.random.default_rng(11)
    sizes = {"tokens": (5, 4), "places": (4, 4), "up": (4, 8), "down": (8, 4)}
    sizes |= dict.fromkeys(("query", "key", "value", "output"), (4, 4))
    sizes |= {f"{kind}{i}": (4,) for kind in ("gain", "shift") for i in (1, 2, 3)}
    w = {name: rng.normal(size=size) for name, size in sizes.items()}
    texts = np.zeros((5, 4), dtype=int)
    texts[1:][np.arange(4), np.arange(4)] = 3
    said = student.mended_logits(w, texts)
    expect(
        isinstance(said, np.ndarray) and said.shape == (5, 4, 5) and said.dtype.kind == "f",
        f"mended_logits should return logits of shape (5, 4, 5); it returned {describe(said)}",
    )
    return (abs(said[1:] - said[0]).max(axis=2) > 1e-9).T.astype(int).tolist()


NETWORK = "what each of four places of the whole network sees, found by perturbation"
leak.case(
    "The whole network: each place sees itself and those before it.",
    asking(NETWORK, whole).gives([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]),
)
ROWS = "found[:, j] |= moved.any(axis=1)"
leak.slip(
    "in row i stands what place i sees; yours is the other way round",
    {ROWS: "found[j] |= moved.any(axis=1)"},
)
leak.slip(
    "not every token is noticed: try all the others",
    {"range(1, vocab_size)": "range(1, 2)"},
    {"range(1, vocab_size)": "(vocab_size - 1,)"},
    {"range(1, vocab_size)": "range(1, vocab_size - 1)"},
)
leak.slip(
    "one token that is noticed is enough; a later one that is not overwrites it",
    {ROWS: "found[:, j] = moved.any(axis=1)"},
)
leak.slip(
    "a logit may fall as well: compare the absolute difference",
    {"abs(model(ids)[0] - before)": "(model(ids)[0] - before)"},
)
MOVED = "abs(model(ids)[0] - before) > 1e-6"
leak.slip(
    "a leak is what you are hunting: look at the places before the changed token as well",
    {ROWS: "found[j:, j] |= moved.any(axis=1)[j:]"},
    {"return found\n": "return np.tril(found)\n"},
)
leak.slip(
    "changes of several logits cancel in a sum: look at each logit by itself",
    {MOVED: "abs((model(ids)[0] - before).sum(axis=1, keepdims=True)) > 1e-6"},
)
leak.slip(
    "a logit may move while the largest one stays the same: compare the numbers themselves",
    {MOVED: "(model(ids)[0].argmax(axis=1) != before.argmax(axis=1))[:, None]"},
)
leak.slip(
    "changes above 1e-6 count; you overlooked one of 1e-5",
    *({"> 1e-6": f"> {low}"} for low in ("1e-3", "1e-4")),
)
leak.slip(
    "one token is changed at a time; you changed those behind it as well",
    {"ids[0, j] = token": "ids[0, j:] = token"},
)
leak.slip(
    "the model takes texts as an array (B, T) of integers",
    {"before = model(np.zeros((1, length), dtype=int))": "before = model(np.zeros((1, length)))"},
    {"before = model(np.zeros((1, length), dtype=int))": "before = model(np.zeros(length, dtype=int))"},
)
leak.slip("tokens are 0 to V - 1", {"range(1, vocab_size)": "range(1, vocab_size + 1)"})
leak.slip(
    "the text to begin with is all zeros; yours is another",
    {"before = model(np.zeros(": "before = model(np.ones(", "ids = np.zeros(": "ids = np.ones("},
)
leak.slip("differences below 1e-6 are rounding errors of a network; you counted every one", {"> 1e-6": "> 0"})
leak.slip(
    "begin anew with zeros each time; what you changed before is still changed",
    {
        "        for token": "        ids = ids if j else np.zeros((1, length), dtype=int)\n        for "
        "token",
        "            ids = np.zeros((1, length), dtype=int)\n": "",
    },
)
leak.slip(
    "any of the V logits may move; you looked at one",
    {"moved.any(axis=1)": "moved[:, 0]"},
    {"moved.any(axis=1)": "moved[:, 1]"},
    {"moved.any(axis=1)": "moved[:, -1]"},
)
leak.slip(
    "one logit that moves is enough; in the mean of all of them a small change is lost",
    {MOVED: "abs(model(ids)[0] - before).mean(axis=1, keepdims=True) > 1e-6"},
)
leak.slip("one logit that moves is enough; you asked for all", {"moved.any(axis=1)": "moved.all(axis=1)"})
PAIR = "ids[:, :-1], ids[:, 1:]"
CENTRE, SPREAD = "x.mean(dim=2, keepdim=True)", "(centred**2).mean(dim=2, keepdim=True)"
EARLIER = CENTRE.replace("2", "(1, 2)"), SPREAD.replace("=2", "=(1, 2)")
WITHHELD = "    scores = scores.masked_fill(~visible, -torch.inf)\n"
AFTER = {WITHHELD: "", "scores.softmax(dim=-1) @ v": "(scores.softmax(dim=-1) * visible) @ v"}
# as the functions were before they were mended: to find out what is wrong is the exercise
leak.slip(
    "the batch as it was: the network is asked for the token that it is reading",
    {PAIR: "ids[:, 1:], ids[:, 1:]"},
    untold=True,
)
leak.slip(
    "the norm as it was: over several tokens",
    {CENTRE: EARLIER[0], SPREAD: EARLIER[1]},
    {CENTRE: "x.mean()", SPREAD: "(centred**2).mean()"},
    untold=True,
)
leak.slip(
    "attention as it was: the mask comes too late and lets the next place through",
    {**AFTER, ".tril() == 1": ".tril(1) == 1"},
    untold=True,
)
leak.slip("attention with one fault of two", AFTER, {".tril() == 1": ".tril(1) == 1"}, untold=True)
leak.slip(
    "the network is asked for the token that it is reading; it is to say the next",
    {PAIR: "ids[:, :-1], ids[:, :-1]"},
    {PAIR: "ids, ids"},
)
leak.slip(
    "inputs and targets are exchanged: that network says the token before", {PAIR: "ids[:, 1:], ids[:, :-1]"}
)
leak.slip("the target is the next token, not the one after it", {PAIR: "ids[:, :-2], ids[:, 2:]"})
leak.slip(
    "mean and variance still run over several tokens, and so over the future; each token has its own",
    {CENTRE: EARLIER[0]},
    {SPREAD: EARLIER[1]},
    {CENTRE: "x.mean(dim=1, keepdim=True)", SPREAD: "(centred**2).mean(dim=1, keepdim=True)"},
)
leak.slip(
    "mean and variance run over the texts of the batch; each token has its own",
    {CENTRE: "x.mean(dim=0, keepdim=True)", SPREAD: "(centred**2).mean(dim=0, keepdim=True)"},
)
leak.slip(
    "torch's `var` divides by D - 1 unless told otherwise; the variance is the mean of the squares",
    {SPREAD: "x.var(dim=2, keepdim=True)"},
)
leak.slip(
    "the mask comes before the softmax: where a score that nobody may see is far above the others, these "
    "become 0, and 0 / 0 is no number",
    {
        WITHHELD: "",
        "return scores.softmax(dim=-1)": "kept = scores.softmax(dim=-1) * visible\n"
        "    return kept / kept.sum(dim=-1, keepdim=True)",
    },
)
leak.slip("now there is no mask at all", {WITHHELD: ""})
leak.slip("a masked score of 0 is not out of sight: its exponential is 1", {"-torch.inf": "0.0"})
leak.slip(
    "what is *not* visible gets the score -inf; yours is the other way round", {"(~visible,": "(visible,"}
)
leak.slip(
    "a masked score became a number that some scores are below; -inf is below all",
    *({"-torch.inf": low} for low in ("-100", "-1e4", "-1e6")),
)
leak.slip("the matrix `output`, behind the mean of the values, is missing", {' @ v @ w["output"]': " @ v"})
leak.slip(
    "the mask is the wrong way round: a place sees those behind it",
    {".tril() == 1": ".triu() == 1"},
    {"~visible,": "~visible.T,"},
)
leak.slip(
    "the softmax is along the wrong axis: the weights of each place, a row, sum to one",
    {"scores.softmax(dim=-1)": "scores.softmax(dim=1)"},
)
leak.slip("the root of d is missing under the scores", {" / q.shape[-1] ** 0.5": ""})
leak.slip("divide by the root of d, not by d itself", {" / q.shape[-1] ** 0.5": " / q.shape[-1]"})
leak.slip("the first place sees nothing now: a place sees itself", {".tril() == 1": ".tril(-1) == 1"})


@leak.hidden(
    "random texts, vectors and weights",
    parts={
        "`sees` of other models": 0.4,
        "`batch`": 0.2,
        "`normalise`": 0.35,
        "`attention`": 0.45,
        "`attention` where scores lie far apart": 0.1,
    },
)
def random_leaks(rng):
    def looks_back(ids, logits):
        """token 2 at the end is noticed everywhere, token 1 one place on"""
        logits[:, :, 2] = -2.0 * (ids[:, -1:] == 2)
        logits[:, 1:, 1] = ids[:, :-1] == 1
        logits[:, :, 0] += 1e-8 * ids

    others = "`sees` of other models"
    yield others, seen_by(faint, 3, 15).gives([[0, 0, 1], [0, 0, 0], [0, 0, 0]])
    yield others, seen_by(looks_back, 4, 3).gives([[0, 0, 0, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]])
    row = rng.permutation(20)[None, :6]
    yield "`batch`", tensors("batch", row).gives((row[:, :-1].tolist(), row[:, 1:].tolist()))
    x, gain, shift = rng.normal(size=(2, 3, 4)), rng.normal(size=4), rng.normal(size=4)
    deviation = x - x.mean(axis=2, keepdims=True)
    normal = gain * deviation / np.sqrt(deviation.var(axis=2, keepdims=True) + 1e-5) + shift
    yield "`normalise`", tensors("normalise", x, gain, shift, what="`normalise` of vectors").gives(normal)
    w = head(*rng.normal(size=(4, 4, 4)))
    found = []
    for text in x:
        scores = text @ w["query"] @ (text @ w["key"]).T / 2
        odds = np.exp(scores) * np.tri(3)
        found.append(odds / odds.sum(axis=1, keepdims=True) @ text @ w["value"] @ w["output"])
    yield "`attention`", tensors("attention", x, w, what="`attention` of vectors").gives(np.array(found))
    first, second = (float(number) for number in rng.integers(1, 50, size=2))
    yield "`attention` where scores lie far apart", low(-int(rng.integers(2e6, 5e6)), first, second)


leak.another(
    "all perturbations at once, torch's own parts",
    """
def sees(model, length, vocab_size):
    texts = np.zeros((length, vocab_size, length), dtype=int)
    for j in range(length):
        texts[j, :, j] = np.arange(vocab_size)
    said = np.asarray(model(texts.reshape(-1, length))).reshape(length, vocab_size, length, -1)
    return (abs(said - said[:, :1]) > 1e-6).any(axis=(1, 3)).T


def batch(ids):
    return ids[:, : ids.shape[1] - 1], torch.roll(ids, -1, dims=1)[:, :-1]


def normalise(x, gain, shift):
    return torch.nn.functional.layer_norm(x, gain.shape, gain, shift)


def attention(x, w):
    q, k, v = (x @ w[name] for name in ("query", "key", "value"))
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True) @ w["output"]
""",
)


# 7. budget

budget = Exercise(
    "budget",
    points=2,
    minutes=20,
    hints=(
        "Write down the shape of each matrix of a block, four of attention and two of the feed-forward "
        "layer; two of them have G · K columns. Then ask what is kept of one token in one block: a key and "
        "a value of each of the G heads.",
        "Count the small case by hand before you write: V = 10, D = 4, H = 2, N = 3 have 644 numbers with "
        "G = 2. What of it is in a block, what stands once, and what of it shrinks with G? The cache grows "
        "with blocks, heads, tokens and texts alike, and holds two vectors for each. Go through G from H "
        "downwards, skip what does not divide H, and return the first that fits; exactly full fits.",
    ),
)
# K = 2. A block with G = 2: 2 · 16 + 2 · 4 · 4 + 2 · 64 + 8 = 200; 10 · 4 + 3 · 200 + 4 = 644 numbers.
# With G = 1 keys and values have 2 · 4 · 2 = 16 numbers instead of 32: 644 - 3 · 16 = 596.
budget.case(
    "Weights alone: 644 numbers with two heads of keys and values, 596 with one, two bytes each.",
    ask.bytes_needed(2, 10, 4, 2, 3, 0, 0).gives(1288),
    ask.bytes_needed(1, 10, 4, 2, 3, 0, 0).gives(1192),
)
# D = H = 6, so K = 1, and G = 3: 60 + 4 · (2 · 36 + 2 · 6 · 3 + 8 · 36 + 12) + 6 = 1,698 numbers; kept are
# 2 · 4 · 3 numbers for each of 5 · 7 tokens, 840. Then K = 2: the 644 numbers, and 2 · 3 · 4 for each.
budget.case(
    "Weights and cache: 1,698 numbers, and 24 for each of 35 tokens; with fewer and wider heads 644, and 24.",
    ask.bytes_needed(3, 10, 6, 6, 4, 7, 5).gives(5076),
    ask.bytes_needed(2, 10, 4, 2, 3, 7, 5).gives(2968),
)
# K = 1: 12 + (10 · 144 + 24 · G + 24) + 12 weights and 2 · G numbers of one token: 2,976 + 52 · G bytes
# With D = 24 and K = 2: 24 + (10 · 576 + 96 · G + 48) + 24 weights and 4 · G numbers: 11,712 + 200 · G bytes,
# of which 8 heads need 13,312
FIRST_BYTES = [
    ask.bytes_needed(*sizes).gives(
        right, f"`most_kv_heads` cannot be right before `bytes_needed` is: `bytes_needed{sizes}`"
    )
    for sizes, right in (
        ((1, 1, 12, 12, 1, 1, 1), 3028),
        ((12, 1, 12, 12, 1, 1, 1), 3600),
        ((6, 1, 24, 12, 1, 1, 1), 12912),
    )
]
budget.case(
    "Needed are 2,976 + 52 G bytes, and G divides 12: 3,288 bytes are just enough for 6, 3,184 for 4, and "
    "3,236 not for 6. With D = 24 it is still H = 12 that G divides.",
    *FIRST_BYTES,
    ask.most_kv_heads(3288, 1, 12, 12, 1, 1, 1).gives(6),
    ask.most_kv_heads(3184, 1, 12, 12, 1, 1, 1).gives(4),
    ask.most_kv_heads(3236, 1, 12, 12, 1, 1, 1).gives(4),
    ask.most_kv_heads(3183, 1, 12, 12, 1, 1, 1).gives(3),
    ask.most_kv_heads(10**6, 1, 12, 12, 1, 1, 1).gives(12),
    ask.most_kv_heads(13312, 1, 24, 12, 1, 1, 1).gives(6),
)
budget.case(
    "One head needs 3,028 bytes: 3,050 are enough for it and for no more; with 3,020, ValueError.",
    *FIRST_BYTES,
    ask.most_kv_heads(3050, 1, 12, 12, 1, 1, 1).gives(1),
    ask.most_kv_heads(3020, 1, 12, 12, 1, 1, 1).raises("ValueError"),
    weight=0.5,
)
TOTAL, KEPT = "2 * (parameters + cache)", "2 * n_layers * d_kv * length * texts"
BLOCK = "2 * d_model**2 + 2 * d_model * d_kv + 8 * d_model**2 + 2 * d_model"
RAISE = 'raise ValueError("not even one head of keys and values fits into the memory")'
budget.slip("those are numbers; each takes two bytes", {TOTAL: "parameters + cache"})
budget.slip("a number takes two bytes here, not four", {TOTAL: f"2 * {TOTAL}"})
budget.slip("a number takes two bytes, also in the cache", {TOTAL: "2 * parameters + cache"})
budget.slip("a number takes two bytes, also a weight", {TOTAL: "parameters + 2 * cache"})
budget.slip(
    "the output is the embedding once more, and costs nothing",
    {"vocab_size * d_model": "2 * vocab_size * d_model"},
)
budget.slip("the embedding is missing", {"vocab_size * d_model + n": "n"})
budget.slip("there are N blocks, with weights of their own", {"n_layers * per_block": "per_block"})
budget.slip(
    "keys and values have a matrix each", {BLOCK: BLOCK.replace("2 * d_model * d_kv", "d_model * d_kv")}
)
budget.slip(
    "the matrices of keys and values have G · K columns, for G heads",
    {BLOCK: BLOCK.replace("2 * d_model * d_kv", "2 * d_model**2")},
    {BLOCK: BLOCK.replace("2 * d_model * d_kv", "2 * n_kv_heads * d_model**2")},
)
budget.slip(
    "queries have all H heads; only keys and values have G",
    {BLOCK: BLOCK.replace("2 * d_model**2 + 2 *", "d_model**2 + 3 *")},
)
budget.slip(
    "attention has an output matrix, (D, D)", {BLOCK: BLOCK.replace("2 * d_model**2 +", "d_model**2 +")}
)
budget.slip(
    "the feed-forward layer has two matrices, up to 4D numbers and down again",
    {BLOCK: BLOCK.replace("8 *", "4 *")},
    {BLOCK: BLOCK.replace("8 *", "2 *")},
    {BLOCK: BLOCK.replace("8 *", "12 *")},
)
budget.slip(
    "each block has the gains of two norms",
    {BLOCK: BLOCK.removesuffix(" + 2 * d_model")},
    {BLOCK: BLOCK.removesuffix("2 * d_model") + "d_model"},
    {BLOCK: BLOCK.removesuffix("2 * d_model") + "4 * d_model"},
)
budget.slip("one more gain stands at the end", {"per_block + d_model\n": "per_block\n"})
budget.slip(
    "the last gain stands once, behind all blocks; you counted it in each",
    {"n_layers * per_block + d_model\n": "n_layers * (per_block + d_model)\n"},
)
budget.slip(
    "positions are rotated, so they cost nothing",
    {"vocab_size * d_model": "(vocab_size + length) * d_model"},
)
budget.slip(
    "nothing has a bias here",
    *(
        {BLOCK: f"{BLOCK} + {biases} * d_model{of_kv}"}
        for biases, of_kv in ((7, " + 2 * d_kv"), (2, " + 2 * d_kv"), (1, " + 2 * d_kv"), (5, ""), (9, ""))
    ),
    {BLOCK: f"{BLOCK} + 9 * d_model + 2 * d_kv", "per_block + d_model\n": "per_block + 2 * d_model\n"},
)
budget.slip("the cache keeps keys and values; you counted one of them", {KEPT: KEPT.removeprefix("2 * ")})
budget.slip("every block has a cache of its own", {KEPT: KEPT.replace("n_layers * ", "")})
budget.slip(
    "the cache keeps the G heads of keys and values, not a full D for each token",
    {KEPT: KEPT.replace("d_kv", "d_model")},
)
budget.slip("the cache keeps G heads, not one", {KEPT: KEPT.replace("d_kv", "(d_model // n_heads)")})
budget.slip(
    "a head has D / H numbers",
    {KEPT: KEPT.replace("d_kv", "n_kv_heads * d_model")},
    {KEPT: KEPT.replace("d_kv", "n_kv_heads")},
)
budget.slip("the cache keeps all texts that are being written", {KEPT: KEPT.replace(" * texts", "")})
budget.slip("the cache keeps all tokens of a text", {KEPT: KEPT.replace(" * length", "")})
budget.slip(
    "`length` tokens of a text are kept; you counted one more", {KEPT: KEPT.replace("length", "(length + 1)")}
)
budget.slip(
    "the weights stand once, for all texts; you counted them for each",
    {TOTAL: "2 * (max(texts, 1) * parameters + cache)"},
)
budget.slip(
    "bytes are asked for, not thousands of them", {TOTAL: f"{TOTAL} / 1000"}, {TOTAL: f"{TOTAL} / 1024"}
)
budget.slip("the cache is missing", {TOTAL: "2 * parameters"})
SEARCH = "range(n_heads, 0, -1)"
budget.slip(
    "G must divide H, so that each head is shared by equally many", {"n_heads % n_kv_heads == 0 and ": ""}
)
budget.slip("G must divide H, not D", {"n_heads % n_kv_heads == 0": "d_model % n_kv_heads == 0"})
budget.slip(
    "one head of keys and values is allowed as well; your loop ends before it",
    {SEARCH: "range(n_heads, 1, -1)"},
)
budget.slip("exactly full fits", {"<= memory": "< memory"})
budget.slip("that is the smallest; the more heads, the better", {SEARCH: "range(1, n_heads + 1)"})
budget.slip(
    "you halved G each time; 12 has other divisors as well",
    {SEARCH: "[n_heads // 2**i for i in range(n_heads) if n_heads >= 2**i]"},
)
budget.slip(
    "G is the number of heads, not how many queries share one",
    {"return n_kv_heads": "return n_heads // n_kv_heads"},
)
budget.slip(
    "not even one head fits, and nobody is told", *({RAISE: f"return {value}"} for value in (0, 1, None))
)


@budget.hidden(
    "other sizes, from a toy to a model of some billions",
    parts={
        "`bytes_needed`": 0.4,
        "`most_kv_heads` of memories that are just enough or just not": 0.4,
        "`most_kv_heads` of a memory that is too small for any": 0.2,
    },
)
def random_budgets(rng):
    for H, K in ((6, 4), (32, 128), (12, 64)):
        sizes = (int(rng.integers(10, 50_000)), H * K, H, int(rng.integers(2, 40)))
        length, texts = int(rng.integers(100, 8_000)), int(rng.integers(2, 60))
        G = int(rng.choice([g for g in range(2, H) if H % g == 0]))

        def needed(heads, sizes=sizes, width=K, tokens=length * texts):
            (size, d, _, blocks), kv = sizes, heads * width
            return 2 * (size * d + blocks * (10 * d * d + 2 * d * kv + 2 * d + 2 * kv * tokens) + d)

        yield "`bytes_needed`", ask.bytes_needed(G, *sizes, length, texts)
        just = "`most_kv_heads` of memories that are just enough or just not"
        yield just, ask.most_kv_heads(needed(G), *sizes, length, texts).gives(G)
        yield just, ask.most_kv_heads(needed(G) - 1, *sizes, length, texts)
        yield just, ask.most_kv_heads(needed(1), *sizes, length, texts).gives(1)
        yield just, ask.most_kv_heads(10**15, *sizes, length, texts).gives(H)
        for memory in (needed(1) - 1, needed(1) // 9):
            yield (
                "`most_kv_heads` of a memory that is too small for any",
                ask.most_kv_heads(memory, *sizes, length, texts).raises("ValueError"),
            )
    yield just, ask.most_kv_heads(needed(5), *sizes, length, texts).gives(4)


budget.another(
    "matrix by matrix, and all divisors",
    """
def bytes_needed(n_kv_heads, vocab_size, d_model, n_heads, n_layers, length, texts):
    D, KV = d_model, n_kv_heads * d_model // n_heads
    matrices = [(D, D), (D, KV), (D, KV), (D, D), (D, 4 * D), (4 * D, D), (1, D), (1, D)]
    block = sum(rows * columns for rows, columns in matrices)
    return 2 * (vocab_size * D + n_layers * (block + length * texts * (KV + KV)) + D)


def most_kv_heads(memory, vocab_size, d_model, n_heads, *others):
    divisors = [g for g in range(1, n_heads + 1) if not n_heads % g]
    fit = [g for g in divisors if memory >= bytes_needed(g, vocab_size, d_model, n_heads, *others)]
    if not fit:
        raise ValueError("too little memory")
    return max(fit)
""",
)


# 8. small_transformer, the open task

PARAMETERS, SIZE, END = 2_000, 22, 21
NONE_AT, FULL_AT = 0.16, 0.0025  # bits per token, as a mean KL divergence from the world
EVEN, ALONE, PAIRS = (
    3.09,
    2.38,
    "0.30",
)  # what 1/22 for each token loses, the tokens' shares, and a table of pairs
SHAPED = f"predict should return an array of shape (B, T, {SIZE}), a row for each place of each text"


def sentences(m, seed):
    """Inputs (m, T), the world's own distributions (m, T, 22), and which places there are (m, T)."""
    return tuple(array.copy() for array in _sentences(m, seed))


@lru_cache(maxsize=32)  # many works are asked about the same sentences
def _sentences(m, seed):
    world = agreement(4)
    found = world.sample(m, np.random.default_rng([5, seed]))
    longest = max(map(len, found))
    ids = np.full((m, longest), END)
    truth, there = np.zeros((m, longest, SIZE)), np.zeros((m, longest), dtype=bool)
    for row, sentence in enumerate(found):
        reader = world.reader([[]])
        for place, token in enumerate(sentence):
            truth[row, place] = np.exp(reader.log_probs()[0])
            reader.read([token])
        ids[row, 1 : len(sentence)] = sentence[:-1]
        there[row, : len(sentence)] = True
    return ids, truth, there


def probabilities(student, weights, ids):
    """What the student's network says, (B, T, 22), after what can be wrong with it was looked for."""
    probs = ask.predict(weights, ids).answer(student)
    expect(isinstance(probs, np.ndarray), f"{SHAPED}; yours returned {describe(probs)}")
    expect(
        probs.shape == (*ids.shape, SIZE) and probs.dtype.kind == "f",
        f"{SHAPED}; yours has shape {probs.shape}, for ids of shape {ids.shape}",
    )
    expect(bool(np.isfinite(probs).all()), "predict returned nan or inf: is there an overflow in exp?")
    least = probs.min()
    kind = (
        "logarithms of probabilities: take their exponentials"
        if (probs <= 0).all()
        else "logits: is the softmax missing?"
    )
    expect(least >= 0, f"predict returned {least:.4g}, and no probability is below 0; those look like {kind}")
    sums = probs.astype(float).sum(axis=2)
    worst = sums.flat[np.argmax(abs(sums - 1))]
    expect(
        abs(worst - 1) < 1e-4,
        f"a row of predict should sum to 1; one sums to {worst:.4g}. The last axis is that of the tokens",
    )
    expect(
        least > 0,
        "predict gave a token the probability 0; where that token comes, the loss is infinite. A softmax is "
        "never 0: was it rounded, or cut off?",
    )
    return probs.astype(float) / sums[:, :, None]


def numbers(student):
    """The student's weights, which must be few enough."""
    found = student.weights()
    expect(
        isinstance(found, dict) and all(isinstance(w, np.ndarray) for w in found.values()) and bool(found),
        f"weights should return a dictionary from name to array; you returned {describe(found)}",
    )
    count = sum(w.size for w in found.values())
    expect(count <= PARAMETERS, f"your network has {count:,} parameters; at most {PARAMETERS:,} are allowed")
    return found


def looks_ahead(student, weights, seed):
    """Fails if what is said at a place changes with tokens behind it."""
    ids, _, _ = sentences(20, seed)
    cut = ids.shape[1] // 2
    other = ids.copy()
    other[:, cut:] = np.random.default_rng(seed).integers(SIZE, size=other[:, cut:].shape)
    moved = abs(probabilities(student, weights, ids) - probabilities(student, weights, other))
    expect(
        float(moved[:, :cut].max()) < 1e-5,
        f"what your network says at the first {cut} places changes with the tokens behind them: it sees the "
        "future. Is its mask causal, and does no norm or mean run over the text?",
    )


def divergence(student, weights, seed, m=300):
    """KL divergence from the world in bits, the mean over all places of m sentences."""
    looks_ahead(student, weights, seed)
    ids, truth, there = sentences(m, seed)
    said = probabilities(student, weights, ids)[there]
    truth = truth[there]
    logs = np.log2(np.where(truth > 0, truth, 1.0)) - np.log2(said)
    return float((truth * logs).sum(axis=1).mean())


def keeps_the_contract(student):
    """Whether the weights are few and the rows distributions; fails if not."""
    ids = np.random.default_rng(0).integers(SIZE, size=(3, 7))
    ids[:, 0] = END
    return probabilities(student, numbers(student), ids).shape == (3, 7, SIZE)


def hides_the_future(student):
    """Whether no place knows what comes; fails if one does."""
    looks_ahead(student, numbers(student), 2)
    return True


def learned_something(student):
    """Whether the network is better than shares of single tokens; fails if not."""
    lost = divergence(student, numbers(student), 0)
    told = f"your network is {lost:.2f} bits per token from the world"
    expect(
        lost < EVEN + 0.3,
        f"{told}, and 1/{SIZE} for every token only {EVEN}: it is sure of wrong tokens. Is the row at a "
        "place "
        "about the token *behind* it, and are positions counted as in the training?",
    )
    expect(
        lost < 1,
        f"{told}; 1/{SIZE} for every token is {EVEN} from it, the tokens' shares {ALONE}, and a table of "
        "pairs "
        f"{PAIRS}. Was it trained, and are these the weights after the training? And does "
        "`predict` build the very network that was trained, with its heads, blocks and positions?",
    )
    return True


def knows_by_its_weights(student):
    """Whether the network knows nothing without its weights; fails if it does."""
    zeros = {name: np.zeros_like(w) for name, w in numbers(student).items()}
    lost = divergence(student, zeros, 1, 50)
    expect(
        lost > 1.5,
        f"with all weights at zero your network is still only {lost:.2f} bits per token from the world: does "
        "`predict` use its argument, or does it fetch the weights itself?",
    )
    return True


small_transformer = Exercise(
    "small_transformer",
    points=4,
    minutes=60,
    imports=("lmcourse.transformer.config", "lmcourse.transformer.network", "lmcourse.neural.training"),
    hints=(
        "`Transformer(Config(…))` of `lmcourse.transformer` and `train` of `lmcourse.neural.training` do "
        "all the work; `config.count_parameters()` says what each part costs before you train. Two narrow "
        "blocks or a wide one? Begin with some hundred steps, change one thing at a time, and judge by "
        "sentences that were not trained on.",
        "Learning rates lie far apart: try them by factors of three, each for some hundred steps, and let "
        "the rate fall to 0 in the long run. Of one network in 1,500 steps of 64 sentences the best of the "
        "rates got to 0.005 bits, its neighbours to 0.009 and 0.017, a tenth of it to 0.04; one wider "
        "block instead of two got no further than 0.02 at two rates. A block has about 12 D² numbers and "
        "the embedding 22 D, which is also the output; and there are positions that cost none.",
    ),
)
small_transformer.case(
    "At most 2,000 numbers, and a row of 22 probabilities for each place.",
    asking("the network's contract", keeps_the_contract).gives(True),
    weight=0.5,
)
small_transformer.case(
    "No place sees the tokens behind it.",
    asking("the network's view", hides_the_future).gives(True),
    weight=0.5,
)
small_transformer.case(
    "It has learned something: it is less than one bit per token from the world.",
    asking("the network on a text that you may see", learned_something).gives(True),
    weight=0.5,
)
small_transformer.case(
    "With all weights at zero it knows nothing.",
    asking("the network without its weights", knows_by_its_weights).gives(True),
    weight=0.5,
)
PROBS = "logits.double().softmax(dim=-1)"
small_transformer.slip("The last axis is that of the tokens", {PROBS: "logits.double().softmax(dim=1)"})
small_transformer.slip("those look like logits: is the softmax missing?", {PROBS: "logits.double()"})
small_transformer.slip(
    "those look like logarithms of probabilities", {PROBS: "logits.double().log_softmax(dim=-1)"}
)
small_transformer.slip("the softmax is not divided by its sum", {PROBS: "logits.double().exp()"})
small_transformer.slip(
    "it sees the future",
    {"(torch.as_tensor(ids))": "(torch.as_tensor(ids), np.ones((ids.shape[1],) * 2, dtype=bool))"},
)
small_transformer.slip(
    "embeddings, matrices and biases all count, and those that are not used as well",
    {"return unpacked(WEIGHTS)": 'return {**unpacked(WEIGHTS), "spare": np.zeros((30, 20))}'},
)
small_transformer.slip(
    "`weights` returns the arrays; the text is to be unpacked", {"return unpacked(WEIGHTS)": "return WEIGHTS"}
)
small_transformer.slip(
    "Was it trained, and are these the weights after the training?",
    {
        "return unpacked(WEIGHTS)": "network = Transformer(CONFIG).draw(np.random.default_rng(5))\n"
        "    return {name: w.numpy() for name, w in network.state_dict().items()}"
    },
)
small_transformer.slip(
    "does `predict` use its argument, or does it fetch the weights itself?",
    {"in weights.items()": "in unpacked(WEIGHTS).items()"},
    "fetch, old = weights, predict\n\n\ndef predict(weights, ids):\n"
    '    """Without its argument."""\n'
    "    return old(fetch(), ids)",
)
small_transformer.slip("does `predict` build the very network that was trained", {"n_heads=2": "n_heads=4"})
small_transformer.slip(
    "is a row for each place, not for the last one alone",
    {"(torch.as_tensor(ids))": "(torch.as_tensor(ids))[:, -1]"},
)
small_transformer.slip(
    "at a place stand the probabilities of the token *behind* it; yours are one place late",
    {f"{PROBS}": f"{PROBS}.roll(1, dims=1)"},
)
small_transformer.slip(
    "a dictionary, so that `predict` can find each array by its name",
    {"return unpacked(WEIGHTS)": "return [*unpacked(WEIGHTS).values()]"},
)
small_transformer.slip(
    "where that token comes, the loss is infinite",
    {PROBS: f"({PROBS} > 1e-2) * {PROBS} / (({PROBS} > 1e-2) * {PROBS}).sum(dim=-1, keepdim=True)"},
)
small_transformer.another(
    "by NumPy, but for the error function",
    """
def predict(weights, ids):
    logits = np.array([logits_of_text(weights, row) for row in ids])
    return np.exp(logits - np.logaddexp.reduce(logits, axis=2, keepdims=True))


def logits_of_text(w, ids):
    x, visible = w["embedding.weight"][ids], np.tri(len(ids), dtype=bool)
    for i in range(2):
        b = {name.removeprefix(f"blocks.{i}."): a for name, a in w.items()}
        y = layer_norm(x, b["attention_norm.weight"], b["attention_norm.bias"])
        q, k, v = np.split(y @ b["attention.qkv.weight"].T + b["attention.qkv.bias"], 3, axis=1)
        heads = [
            attend_rotated(q[:, c : c + 4], k[:, c : c + 4], v[:, c : c + 4], np.arange(len(ids)), visible)
            for c in (0, 4)
        ]
        found = np.concatenate(heads, axis=1)
        x = x + found @ b["attention.output.weight"].T + b["attention.output.bias"]
        y = layer_norm(x, b["feed_forward_norm.weight"], b["feed_forward_norm.bias"])
        y = y @ b["feed_forward.up.weight"].T + b["feed_forward.up.bias"]
        y = y / 2 * (1 + torch.erf(torch.as_tensor(y / np.sqrt(2))).numpy())
        x = x + y @ b["feed_forward.down.weight"].T + b["feed_forward.down.bias"]
    return layer_norm(x, w["norm.weight"], w["norm.bias"]) @ w["embedding.weight"].T
""",
)


@check("small_transformer")
def bits_on_a_text_you_may_see(student):
    """Bits per token from the world, on one text; the grade takes another."""
    lost = divergence(student, numbers(student), 0)
    told = f"{lost:.4f} bits per token from the world; {FULL_AT} earn all points, {NONE_AT} none"
    more = "longer training, another learning rate that falls to 0, two blocks rather than one?"
    if lost > float(PAIRS):
        more = (
            f"this is worse than a table of pairs, {PAIRS}: was it trained long enough, and does `predict` "
            "build the very network that was trained, with its heads, blocks and positions?"
        )
    if lost > 1:
        more = "this is worse than a table of pairs; see the cases above first"
    return Score(halvings(lost), told if lost <= FULL_AT else f"{told}, each halving a sixth: {more}")


def halvings(lost):
    """The part of the points: each halving from 0.16 to 0.0025 bits earns a sixth."""
    return on_a_curve(math.log2(max(lost, 1e-9)), none=math.log2(NONE_AT), full=math.log2(FULL_AT))


@check(
    "small_transformer",
    hidden=True,
    hint=f"bits per token from the world, on a hidden text: {FULL_AT} earn all points, {NONE_AT} none",
    weight=2.5,
)
def bits_on_hidden_text(student, rng):
    """Bits per token from the world, on a text that nobody has seen."""
    return Score(halvings(divergence(student, numbers(student), int(rng.integers(10**6, 10**9)))))
