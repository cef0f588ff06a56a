# Made from solutions/05-attention/checks.py: the checks that answer in the notebook. Do not edit.
"""Exercises of assignment 5, attention and the Transformer.

Right values are small numbers: scores are chosen as logarithms, so that weights can be worked out by hand.
"""

from __future__ import annotations

import math
from functools import (
    lru_cache,
)

import numpy as np

from lmcourse.grading.asking import (
    ask,
    asking,
)
from lmcourse.grading.checks import (
    Score,
    check,
    describe,
    expect,
    on_a_curve,
)
from lmcourse.grading.exercise import (
    Exercise,
)
from lmcourse.grading.values import (
    AsTensor,
)
from lmcourse.world import (
    agreement,
)

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
LOW, HIGH = "turned[:, 0::2]", "turned[:, 1::2]"


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


# What the checks of an exercise weigh that are asked only for the grade.
UNSEEN_WEIGHTS = {'attend': 3.0, 'rotary': 1.5, 'block': 1.5, 'corrupt': 1.0, 'leak': 1.5000000000000002, 'budget': 1.0, 'small_transformer': 2.5}


# Which wrong value is due to which mistake, as the authored mistakes show.
REASONS = {
    'attend': {
        'the root of d is missing under the scores': [
            (0, 0, 'gives', [[25.9090909, 15], [15, 15]]),
        ],
        'divide by the root of d, not by d itself': [
            (0, 0, 'gives', [[17.9422863, 15], [15, 15]]),
        ],
        'divide by the root of d; you multiplied by it': [
            (0, 0, 'gives', [[29.4578313, 15], [15, 15]]),
        ],
        'd is how many numbers a query has, q.shape[1]; you took the root of another length': [
            (0, 0, 'gives', [[21.9002948, 15], [15, 15]]),
            (0, 0, 'gives', [[23.3123335, 15], [15, 15]]),
            (0, 0, 'gives', [[23.3123335, 15], [15, 15]]),
        ],
        'the softmax is along the wrong axis: the weights of each *query*, a row, sum to one': [
            (0, 0, 'gives', [[30, 26.25], [15, 18.75]]),
            (0, 0, 'gives', [[18.75, 15], [26.25, 30]]),
        ],
        'each row is divided by its own sum; you divided by the sum of all': [
            (0, 0, 'gives', [[7.5, 5.35714286], [9.64285714, 9.64285714]]),
        ],
        "a row's sum is to stand beside the row, as a column: keepdims=True": [
            (0, 0, 'raises', 'ValueError 2 3 2'),
        ],
        'there is no softmax; you took the scores for weights': [
            (0, 0, 'gives', [[32.9583687, 16.4791843], [0, 0]]),
        ],
        'a softmax squashes by exponentials; you divided the scores by their sum': [
            (0, 0, 'gives', [[30, 15], [float("nan"), float("nan")]]),
        ],
        'the exponentials are not divided by their sum': [
            (0, 0, 'gives', [[35, 25], [45, 45]]),
            (0, 0, 'gives', [[105, 75], [45, 45]]),
        ],
        'a row of the scores belongs to a query, a column to a key: q @ k.T': [
            (0, 0, 'raises', 'ValueError 1 0 3 2'),
            (0, 0, 'raises', 'ValueError 1 0 3 2'),
        ],
        'those are the weights; the mean of the values is asked for': [
            (0, 0, 'gives', [[0.2, 0.6, 0.2], [0.333333333, 0.333333333, 0.333333333]]),
        ],
        'the mask is the wrong way round: true is what may be seen': [
            (1, 0, 'gives', [[100, 50], [7, 1]]),
        ],
        'a masked score of 0 still has the exponential 1; it must be -inf to weigh nothing': [
            (1, 0, 'gives', [[25.6, 10.8], [73.1428571, 36.2857143]]),
        ],
        'the mask comes before the softmax: you hid weights after it, and those that are left do not sum to one': [
            (1, 0, 'gives', [[3.11111111, 0.444444444], [55.5555556, 27.7777778]]),
        ],
        '`visible` has no effect': [
            (1, 0, 'gives', [[58.6666667, 28.2222222], [58.6666667, 28.2222222]]),
        ],
        'you added the mask as 0 and 1; what is masked must get the score -inf': [
            (1, 0, 'gives', [[36.2947943, 16.4348916], [78.8533143, 38.8581979]]),
        ],
        'a masked score became a number that some scores are below; -np.inf is below all': [
            (2, 2, 'gives', [[100]]),
            (2, 2, 'gives', [[100]]),
            (2, 2, 'gives', [[100]]),
            (2, 2, 'gives', [[100]]),
            (2, 2, 'gives', [[100]]),
            (2, 2, 'gives', [[100]]),
            (2, 2, 'gives', [[100]]),
            (2, 2, 'gives', [[100]]),
        ],
        "exp(1000) is infinite, and inf / inf is no number; subtract each row's largest score first": [
            (2, 0, 'gives', [[float("nan")], [4]]),
        ],
        'you subtracted one number, the largest of all rows; in a row 2,000 lower every exponential becomes 0. Each row has a largest score of its own': [
            (2, 0, 'gives', [[8], [float("nan")]]),
        ],
        'you subtracted the largest score of all keys, also of masked ones: beside it those that are seen vanish, and 0 / 0 is no number. Hide first': [
            (2, 1, 'gives', [[float("nan")]]),
        ],
        'a row of `visible` that is all false is not noticed: the softmax over nothing is 0 / 0': [
            (3, 0, 'gives', [[float("nan")]]),
        ],
        'one query that sees nothing is enough; you raise only where none sees anything': [
            (3, 1, 'gives', [[6.92423431], [float("nan")]]),
        ],
        'you looked along the wrong axis: a key that nobody sees does no harm, a query that sees nothing does': [
            (2, 1, 'raises', 'ValueError'),
        ],
        '`/=` changes the queries that you were given; make new ones': [
            (0, 0, 'fails', '`attend` changes what it was given as `q`: work on a copy, or make a new object'),
        ],
        'tokens are rows here, so a matrix comes behind them, transposed: x @ W.T': [
            (4, 2, 'raises', 'ValueError 1 0 6 2'),
            (4, 2, 'gives', [[135, 254], [135, 254]]),
        ],
        'a matrix is transposed, its rows made columns; a reshape to the same shape mixes them': [
            (4, 2, 'gives', [[117, 235], [117, 235]]),
        ],
        'what the heads found, H pieces (T, K), is laid side by side to (T, D); yours has another shape': [
            (4, 2, 'raises', 'ValueError 1 0 2 1'),
            (4, 2, 'raises', 'ValueError 1 0 2 1'),
        ],
        'the values are cut as well: each head fetches K columns of its own; yours fetch all D': [
            (4, 2, 'raises', 'ValueError 1 0 2 4'),
        ],
        'the layer has no sum with x in it; that comes in the block': [
            (4, 2, 'gives', [[129, 269], [133, 273]]),
        ],
        'the matrix `out` is missing': [
            (4, 2, 'gives', [[11, 8], [11, 8]]),
            (4, 2, 'gives', [[111, 208], [111, 208]]),
        ],
        'the bias of queries, keys and values is missing': [
            (4, 2, 'gives', [[122, 254], [122, 254]]),
        ],
        'the bias behind the heads is missing': [
            (4, 2, 'gives', [[27, 65], [27, 65]]),
        ],
        'the first D rows of `in` make queries, the next D keys, the last D values; yours are in another order': [
            (4, 2, 'gives', [[100, 200], [100, 200]]),
            (4, 2, 'gives', [[100, 200], [100, 200]]),
            (4, 2, 'gives', [[100, 200], [100, 200]]),
            (4, 2, 'gives', [[100, 200], [100, 200]]),
        ],
        'queries and keys are exchanged: the first D rows of `in` make queries, the next D keys, and a row of the scores belongs to a query': [
            (5, 2, 'gives', [[16.3636364, 6.66666667], [20, 5.45454545], [20, 6.66666667]]),
        ],
        '`in` makes the queries of all heads first, then all keys, then all values; you took query, key and value of head 0, then those of head 1': [
            (4, 2, 'gives', [[116, 232], [116, 232]]),
        ],
        'there is one head over all D numbers; each of the H heads has K of them, and weights of its own': [
            (5, 2, 'gives', [[27.142073, 6.79213698], [20.3764109, 9.04735767], [26.2963537, 8.76545122]]),
        ],
        'a score is divided by the root of K, the numbers in a head, not of D': [
            (5, 2, 'gives', [[31.2546031, 8.98838167], [26.965145, 10.418201], [38.3786227, 12.7928742]]),
        ],
        'a head has K neighbouring columns; you took every H-th': [
            (6, 2, 'gives', [[0.75, 4, 1.5, 7], [0.75, 4, 1.5, 7]]),
        ],
        'a reshape to (H, T, K) cuts along the text and mixes tokens: cut each row, (T, H, K), and exchange the axes then': [
            (4, 2, 'gives', [[131.5, 269.5], [131.5, 269.5]]),
        ],
        'what the heads found is laid side by side for each token; your reshape lays them one behind the other and mixes tokens': [
            (4, 2, 'gives', [[133, 277], [124, 256]]),
        ],
        'the heads come in their order, head 0 first': [
            (4, 2, 'gives', [[130, 268], [130, 268]]),
        ],
        'the heads are laid side by side, all of head 0 first; you took a number of each in turn': [
            (6, 2, 'gives', [[0.75, 5, 1.75, 7], [0.75, 5, 1.75, 7]]),
        ],
        'the heads are laid side by side; you added them up': [
            (4, 2, 'gives', [[157, 333], [157, 333]]),
        ],
        'the heads are laid side by side; you took their mean': [
            (4, 2, 'gives', [[128.5, 266.5], [128.5, 266.5]]),
        ],
        '`visible` is not handed on to `attend`': [
            (5, 3, 'gives', [[36, 10], [30, 12], [45, 15]]),
        ],
        'a reshape to (3, T, D) cuts along the text and mixes tokens: cut the columns into three': [
            (4, 2, 'gives', [[117.5, 242.5], [117.5, 242.5]]),
        ],
    },
    'rotary': {
        'you turn clockwise: the minus stands before the sine in the first line of the matrix': [
            (0, 0, 'gives', [[6.123234e-17, -1], [1, 6.123234e-17], [3, 4]]),
        ],
        'that is no rotation: of the two sines, the one in the first line has a minus': [
            (0, 0, 'gives', [[6.123234e-17, 1], [1, 6.123234e-17], [3, 4]]),
            (0, 0, 'gives', [[6.123234e-17, -1], [-1, 6.123234e-17], [3, 4]]),
        ],
        'both new numbers are made of the two *old* ones; you had already overwritten the first': [
            (0, 0, 'gives', [[6.123234e-17, 6.123234e-17], [-1, -1], [3, 4]]),
        ],
        'sine and cosine are exchanged: at position 0 nothing is turned': [
            (0, 0, 'gives', [[1, 6.123234e-17], [-6.123234e-17, 1], [-4, 3]]),
        ],
        '`positions` are what they are; at position 0 the angle is 0': [
            (0, 0, 'gives', [[-0.841470985, 0.540302306], [-0.540302306, -0.841470985], [-1.74497702, 4.68562218]]),
        ],
        'a token stands where `positions` says; you numbered the rows': [
            (0, 0, 'gives', [[1, 0], [-0.841470985, 0.540302306], [-4.88563022, 1.06330493]]),
            (2, 1, 'gives', [[6.49456224, 1.50543776], [5.50543776, 2.49456224]]),
        ],
        '`positions` are what they are; you counted them from the first': [
            (0, 0, 'gives', [[1, 0], [0, 1], [4, -3]]),
        ],
        'turned numbers are no whole numbers: the new array is to be one of floats': [
            (1, 0, 'gives', [[-1, -1, -4, 3]]),
        ],
        'angles are in radians': [
            (0, 0, 'gives', [[0.999624217, 0.0274121336], [-0.0274121336, 0.999624217], [3, 4]]),
        ],
        'the frequencies fall: base to the power of *minus* 2i / K': [
            (1, 0, 'gives', [[-1, -2, 3, 4]]),
        ],
        'the exponent of pair i is -2i / K; yours is -i / K': [
            (1, 0, 'gives', [[-1, -2, -4.99987241, -0.0357198636]]),
        ],
        'the exponent of pair i is -2i / K, with the K numbers of a vector; you divided by the K / 2 pairs': [
            (1, 0, 'gives', [[-1, -2, -0.707106781, 4.94974747]]),
        ],
        'pairs are counted from 0, and the first has the exponent 0': [
            (0, 0, 'gives', [[0.999999988, 0.000157079632], [-0.000157079632, 0.999999988], [3, 4]]),
        ],
        'every pair has a frequency of its own; yours all turn alike': [
            (1, 0, 'gives', [[-1, -2, -3, -4]]),
        ],
        '`base` has no effect': [
            (1, 0, 'gives', [[-1, -2, 2.87287664, 4.09225852]]),
        ],
        'a pair are neighbours, (0, 1), (2, 3), …; you paired a number with the one K / 2 further on, as Llama does': [
            (1, 0, 'gives', [[-1, -4, -3, 2]]),
        ],
        'a pair is turned where it stands; you laid the first numbers of all pairs before the second ones': [
            (1, 0, 'gives', [[-1, -4, -2, 3]]),
        ],
        'the values are not turned; only what is compared is': [
            (2, 1, 'gives', [[3.11252467, 4.03883525], [-2.72486205, 1.60472016]]),
        ],
        'what is *compared* is turned, queries and keys; you turned what is fetched, the values': [
            (2, 1, 'gives', [[0.193831311, 2.82177771], [0.193831311, 2.82177771]]),
        ],
        'the keys are to be turned as well': [
            (2, 1, 'gives', [[6, 2], [6, 2]]),
        ],
        'the queries are to be turned as well': [
            (2, 1, 'gives', [[7.29966638, 0.700333615], [7.29966638, 0.700333615]]),
        ],
        'queries and keys turn the same way, or the score depends on the sum of the positions': [
            (2, 1, 'gives', [[7.10122141, 0.898778586], [5.12515963, 2.87484037]]),
        ],
        'nothing is turned': [
            (2, 1, 'gives', [[6, 2], [6, 2]]),
        ],
        '`visible` is not handed on to `attend`': [
            (2, 3, 'gives', [[7, 1], [5, 3]]),
        ],
        'the turned numbers are written over those that you were given; make a new array': [
            (0, 0, 'fails', '`rotate` changes what it was given as `x`: work on a copy, or make a new object'),
        ],
        'positions stand in a column, frequencies in a row: `positions[:, None]`': [
            (0, 0, 'raises', 'ValueError 3 3 3 1'),
        ],
    },
    'block': {
        "mean and variance are of each token's own D numbers; yours run over the tokens, and so over the future": [
            (0, 0, 'gives', [[-0.999998889, -2.99999833, -0.999995, 1.000005], [2.99999889, 2.99999833, 0.999995, 2.999995]]),
            (0, 0, 'gives', [[-1.68327889, -4.02491833, -0.447213148, 1.55278685], [3.68327889, 4.02491833, 0.447213148, 2.44721315]]),
            (0, 0, 'gives', [[-1.82842005, -4.24263008, 1.41421003, 3.41421003], [1, 0, 0, 2]]),
            (0, 0, 'gives', [[-2.2659836, -4.8989754, 0, 2], [2.6329918, 2.4494877, 0.816495901, 2.8164959]]),
        ],
        'the variance is the mean of the D squares; you divided by D - 1': [
            (0, 0, 'gives', [[-0.732049184, -2.59807378, 0.866024592, 2.86602459], [1, 0, 0, 2]]),
        ],
        'the variance is the mean of the D squares; you took their sum': [
            (0, 0, 'gives', [[3.12499854e-07, -1.49999953, 0.499999844, 2.49999984], [1, 0, 0, 2]]),
        ],
        "a row's mean and variance are to stand beside the row, as columns: keepdims=True": [
            (0, 0, 'raises', 'ValueError 2 4 2'),
            (0, 0, 'raises', 'ValueError 2 4 2'),
            (0, 0, 'raises', 'ValueError 2 4 2'),
        ],
        'x less its mean is divided by the root of the variance; you divided x itself': [
            (0, 0, 'gives', [[1.99999875, 1.49999813, 2.49999688, 4.49999688], [4428.18872, 6640.78309, 2213.59436, 2215.59436]]),
        ],
        'ε is missing: of equal numbers the variance is 0': [
            (0, 0, 'gives', [[-1, -3, 1, 3], [float("nan"), float("nan"), float("nan"), float("nan")]]),
        ],
        'ε is added to the variance, under the root': [
            (0, 0, 'gives', [[-0.99999, -2.999985, 0.999995, 2.999995], [1, 0, 0, 2]]),
        ],
        '`epsilon` has no effect': [
            (0, 1, 'gives', [[-0.99999875, -0.99999875, 0.99999875, 0.99999875]]),
        ],
        'divide by the root of the variance; the root is missing': [
            (0, 0, 'gives', [[2.49999375e-06, -1.49999625, 0.49999875, 2.49999875], [1, 0, 0, 2]]),
        ],
        'the mean is not taken off: that is RMSNorm': [
            (0, 0, 'gives', [[1.55469998, 0.832049974, 1.38674996, 3.38674996], [2.9999998, 2.99999969, 0.999999898, 2.9999999]]),
        ],
        'the variance does not become 1: only the mean was taken off': [
            (0, 0, 'gives', [[-3, -6, 2, 4], [1, 0, 0, 2]]),
        ],
        'the shift is missing': [
            (0, 0, 'gives', [[-1.9999975, -2.99999625, 0.99999875, 0.99999875], [0, 0, 0, 0]]),
        ],
        'the gain is missing': [
            (0, 0, 'gives', [[1.24999766e-06, -0.99999875, 0.99999875, 2.99999875], [1, 0, 0, 2]]),
        ],
        'the gain comes before the shift; you multiplied the shift as well': [
            (0, 0, 'gives', [[2.49999531e-06, -2.99999625, 0.99999875, 2.99999875], [2, 0, 0, 2]]),
        ],
        "that is the exact gelu, with the error function; GPT-2's, with tanh, differs from it in the fourth figure": [
            (1, 0, 'gives', [-0, 0, 0.841344746, -0.158655254]),
        ],
        'that is ReLU': [
            (1, 0, 'gives', [0, 0, 1, 0]),
        ],
        'that is a sigmoid in place of the tanh': [
            (1, 0, 'gives', [-1.21081887e-72, 0, 0.845795766, -0.154204234]),
            (1, 0, 'gives', [-3.72007598e-42, 0, 0.731058579, -0.268941421]),
        ],
        'the cube is missing in gelu': [
            (1, 0, 'gives', [-0, 0, 0.831426231, -0.168573769]),
        ],
        'gelu takes the root of 2 / π, of the whole fraction': [
            (1, 0, 'gives', [-0, 0, 0.790869159, -0.209130841]),
            (1, 0, 'gives', [-0, 0, 0.71921558, -0.28078442]),
            (1, 0, 'gives', [-0, 0, 0.913541896, -0.0864581044]),
            (1, 0, 'gives', [-0, 0, 0.994714162, -0.00528583767]),
        ],
        'look at the brackets in gelu: √(2/π) multiplies both a and the cube': [
            (1, 0, 'gives', [-0, 0, 0.843591754, -0.156408246]),
        ],
        'the cube in gelu is that of a alone; 0.044715 stands before it': [
            (1, 0, 'gives', [-0, 0, 0.831446226, -0.168553774]),
        ],
        'gelu has a cube; yours is a square': [
            (1, 0, 'gives', [-100, 0, 0.841191991, -0.17881241]),
        ],
        'half of a, times 1 + tanh: the 1 is missing, or the half': [
            (1, 0, 'gives', [50, 0, 0.341191991, 0.341191991]),
            (1, 0, 'gives', [-0, 0, 1.68238398, -0.317616019]),
        ],
        'what a part finds is added to x; you left x out': [
            (2, 0, 'gives', [[0, 0], [0, 0]]),
            (2, 0, 'gives', [[0, 0], [0, 0]]),
        ],
        'x itself goes on, with nothing but what is added to it; you sent it through a norm (with norms behind the parts that would be post-norm)': [
            (2, 0, 'gives', [[-0.999995, 0.999995], [0.999995, -0.999995]]),
            (2, 0, 'gives', [[-0.99999875, 0.99999875], [0.999999444, -0.999999444]]),
        ],
        'attention reads norm₁(x), not x itself': [
            (3, 0, 'gives', [[2, 10], [9.5, 8.5], [15.6666667, 8.33333333]]),
        ],
        "the feed-forward layer reads norm₂(x'), not x' itself": [
            (5, 0, 'gives', [[3.84119199, 16.841192]]),
        ],
        'the norms are exchanged: attention reads norm₁, the feed-forward layer norm₂': [
            (3, 0, 'gives', [[2.49999531e-06, 7.99999625], [6.99999625, 4.00000562], [11.6666638, 3.00000431]]),
        ],
        '`n_heads` is not handed on to `multi_head`': [
            (4, 0, 'gives', [[1.24999766e-06, 5.99999875], [6.36999265, 3.63000735]]),
        ],
        'the second norm has a gain and a shift of its own': [
            (5, 0, 'gives', [[2.84119189, 7.84119251]]),
        ],
        'each token sees those before it only; there is no mask': [
            (3, 0, 'gives', [[1.3333319, 4.6666681], [6.3333319, 3.6666681], [10.3333319, 3.6666681]]),
        ],
        'the mask is off by one: each token sees the next one, too': [
            (3, 0, 'gives', [[0.999998125, 5.00000187], [6.3333319, 3.6666681], [10.3333319, 3.6666681]]),
        ],
        'the mask is off by one: a token sees itself, and the first has nothing else': [
            (2, 0, 'raises', 'ValueError'),
        ],
        'the mask is the wrong way round: a token sees those behind it': [
            (3, 0, 'gives', [[1.3333319, 4.6666681], [6.99999722, 3.00000278], [10.9999994, 3.00000056]]),
        ],
        'the feed-forward layer reads what attention has added; yours reads the x before it': [
            (6, 0, 'gives', [[18.8411818, 26.7957908]]),
        ],
        "the second sum is onto x', with what attention has added; yours is onto the x before it": [
            (3, 0, 'gives', [[1, 5], [6, 4], [10, 4]]),
        ],
        'there is no gelu between the two matrices': [
            (5, 0, 'gives', [[2.0000025, 9.00000375]]),
        ],
        'gelu bends what stands between the two matrices, not their result': [
            (5, 0, 'gives', [[1.8411947, 8.99993351]]),
            (5, 0, 'gives', [[2.84119178, 8.84119605]]),
        ],
        'the bias b₁ is inside gelu, before it bends': [
            (5, 0, 'gives', [[2.84119178, 9.68238513]]),
        ],
        'each matrix stands transposed behind the rows': [
            (5, 0, 'gives', [[7.99999477, 16.9999208]]),
            (5, 0, 'gives', [[4.79579083, 9.95459905]]),
        ],
        'a bias of the feed-forward layer is missing': [
            (5, 0, 'gives', [[2.84119178, 8.68238513]]),
            (5, 0, 'gives', [[0.841191783, 6.79579083]]),
        ],
        '`+=` changes the vectors that you were given; make new ones': [
            (3, 0, 'fails', '`block` changes what it was given as `x`: work on a copy, or make a new object'),
        ],
    },
    'corrupt': {
        'only where a word is chosen is the network judged; you judge it on every word': [
            (0, 2, 'gives', {'inputs': [4, 0, 2, 1, 3, 5], 'judged': [0, 1, 1, 1, 0, 0]}),
        ],
        'a chosen word that stays as it was, or becomes another, is judged like one that is masked': [
            (0, 1, 'gives', {'inputs': [4, 0, 2, 1, 3, 5], 'judged': [0, 0, 0, 0, 0, 0]}),
            (0, 1, 'gives', {'inputs': [4, 0, 2, 1, 3, 5], 'judged': [0, 0, 0, 0, 0, 0]}),
            (0, 0, 'gives', {'inputs': [4, 5, 5, 5, 3, 5], 'judged': [0, 1, 1, 1, 0, 1]}),
        ],
        'special tokens are never chosen': [
            (0, 0, 'gives', {'inputs': [5, 5, 5, 5, 5, 5], 'judged': [1, 1, 1, 1, 1, 1]}),
        ],
        '*all* ids from V on are special tokens, and never chosen; you left out the mask alone': [
            (0, 0, 'gives', {'inputs': [5, 5, 5, 5, 5, 5], 'judged': [1, 1, 1, 1, 1, 0]}),
        ],
        'words are the tokens 0 to V - 1; V itself is a special token': [
            (0, 0, 'gives', {'inputs': [4, 5, 5, 5, 5, 5], 'judged': [0, 1, 1, 1, 1, 0]}),
        ],
        'you never choose the word 0': [
            (0, 0, 'gives', {'inputs': [4, 0, 5, 5, 3, 5], 'judged': [0, 0, 1, 1, 0, 0]}),
        ],
        'special tokens are never drawn: a random *word* is below V': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 102, 'lowest and highest of them': [0, 101], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 102, 'lowest and highest of them': [0, 101], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 102, 'lowest and highest of them': [0, 101], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 101, 'lowest and highest of them': [0, 100], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
        ],
        'for each place a word is drawn anew; you drew one for all': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 1, 'lowest and highest of them': [44, 44], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
        ],
        'the word 0 may be drawn as well': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 99, 'lowest and highest of them': [1, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
        ],
        'the word V - 1 may be drawn as well: `integers` leaves out its end': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 99, 'lowest and highest of them': [0, 98], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
        ],
        'the fate of each chosen word is decided by itself; you decided it once for all': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 0, '% of these another word': 100, '% of these as they were': 0, 'different words put in': 100, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies too little'}),
        ],
        'the fate of each chosen word is decided by itself; you decided it once for each row': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 100, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies too much'}),
        ],
        'each word is chosen by itself, so that rows have more holes or fewer; yours have all the same number': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 100, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies too little', 'how many of these are masked': 'varies as by chance'}),
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 100, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies too little', 'how many of these are masked': 'varies as by chance'}),
        ],
        'each word is chosen by itself, so that a text has more holes or fewer; yours have all the same number': [
            (3, 0, 'gives', {'the same with the same seed': True, 'the same with another seed': False, 'all rows have the same holes': False, 'as many holes with each seed': True}),
        ],
        'each word is chosen by itself; you chose whole rows': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 100, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies too much', 'how many of these are masked': 'varies as by chance'}),
        ],
        'the drawn word may by chance be the one that was there; yours never is': [
            (2, 0, 'gives', {'% as they were': 0, 'judged': True}),
        ],
        'the drawn words cover masks: they are for numbers from `masked` to `masked + random`': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 70, '% of these another word': 10, '% of these as they were': 20, 'different words put in': 100, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
            (0, 0, 'gives', {'inputs': [4, 0, 1, 2, 3, 5], 'judged': [0, 1, 1, 1, 0, 0]}),
        ],
        '`masked` has no effect': [
            (0, 1, 'gives', {'inputs': [4, 5, 5, 5, 3, 5], 'judged': [0, 1, 1, 1, 0, 0]}),
        ],
        '`random` has no effect': [
            (0, 1, 'gives', {'inputs': [4, 0, 2, 2, 3, 5], 'judged': [0, 1, 1, 1, 0, 0]}),
        ],
        'the fate of a chosen word needs a new random number: those by which it was chosen are all below `rate`': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 100, '% of these another word': 0, '% of these as they were': 0, 'different words put in': 0, 'lowest and highest of them': [], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies too little'}),
        ],
        'the three shares are of the chosen words: fates from `masked` to `masked + random` become a random word': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 0, '% of these as they were': 20, 'different words put in': 0, 'lowest and highest of them': [], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
        ],
        'you drew once more among those that were not masked, and `random` became a share of these': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 0, '% of these as they were': 20, 'different words put in': 100, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
        ],
        'those that are left were to stay, and the random ones to change; yours are the other way round': [
            (0, 1, 'gives', {'inputs': [4, 0, 1, 2, 3, 5], 'judged': [0, 1, 1, 1, 0, 0]}),
        ],
        '`masked` and `random` are shares of the chosen words; you multiplied by `rate` once more': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 10, '% of these another word': 0, '% of these as they were': 85, 'different words put in': 99, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 10, '% of these another word': 75, '% of these as they were': 10, 'different words put in': 100, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies as by chance', 'how many of these are masked': 'varies as by chance'}),
        ],
        '`rate` has no effect': [
            (0, 0, 'gives', {'inputs': [4, 0, 5, 1, 3, 5], 'judged': [0, 0, 1, 0, 0, 0]}),
        ],
        'the token that hides is `mask`': [
            (0, 0, 'gives', {'inputs': [4, 3, 3, 3, 3, 5], 'judged': [0, 1, 1, 1, 0, 0]}),
        ],
        '`seed` has no effect': [
            (3, 0, 'gives', {'the same with the same seed': True, 'the same with another seed': True, 'all rows have the same holes': False, 'as many holes with each seed': True}),
        ],
        'the generator has no seed, so the same seed gives other holes': [
            (3, 0, 'gives', {'the same with the same seed': False, 'the same with another seed': False, 'all rows have the same holes': False, 'as many holes with each seed': False}),
        ],
        'each row has holes of its own': [
            (1, 0, 'gives', {'% of words judged': 15, '% of these masked': 80, '% of these another word': 10, '% of these as they were': 10, 'different words put in': 100, 'lowest and highest of them': [0, 99], 'places changed but not judged': 0, 'how many of a row are judged': 'varies too little', 'how many of these are masked': 'varies as by chance'}),
        ],
        'the pair is (inputs, judged)': [
            (0, 0, 'fails', 'corrupt should return a pair, (inputs, judged), of arrays of shape (1, 6), whole numbers and booleans; your inputs are an array of shape (1, 6) of bool'),
        ],
        'a place that is not chosen stays as it was': [
            (0, 0, 'gives', {'inputs': [5, 5, 5, 5, 5, 5], 'judged': [0, 1, 1, 1, 0, 0]}),
        ],
        'true is where the network is judged; yours are the wrong way round': [
            (0, 0, 'gives', {'inputs': [4, 5, 5, 5, 3, 5], 'judged': [1, 0, 0, 0, 1, 1]}),
        ],
        'the holes are in the very array that you were given; make a new one': [
            (0, 0, 'fails', '`corrupt` changes what it was given as `ids`: work on a copy, or make a new object'),
        ],
    },
    'leak': {
        'in row i stands what place i sees; yours is the other way round': [
            (0, 1, 'gives', [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]),
        ],
        'not every token is noticed: try all the others': [
            (0, 2, 'gives', [[0, 0, 0], [1, 0, 0], [0, 1, 0]]),
            (0, 2, 'gives', [[0, 0, 0], [0, 0, 0], [1, 1, 1]]),
            (0, 2, 'gives', [[1, 0, 0], [1, 1, 0], [0, 1, 1]]),
        ],
        'one token that is noticed is enough; a later one that is not overwrites it': [
            (0, 2, 'gives', [[0, 0, 0], [0, 0, 0], [1, 1, 1]]),
        ],
        'a logit may fall as well: compare the absolute difference': [
            (0, 0, 'gives', [[0, 0], [0, 0]]),
        ],
        'a leak is what you are hunting: look at the places before the changed token as well': [
            (0, 4, 'gives', [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
            (0, 4, 'gives', [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        ],
        'changes of several logits cancel in a sum: look at each logit by itself': [
            (0, 3, 'gives', [[0, 0, 0], [1, 0, 0], [0, 1, 0]]),
        ],
        'a logit may move while the largest one stays the same: compare the numbers themselves': [
            (0, 1, 'gives', [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]),
        ],
        'changes above 1e-6 count; you overlooked one of 1e-5': [
            (0, 3, 'gives', [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
            (0, 3, 'gives', [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ],
        'one token is changed at a time; you changed those behind it as well': [
            (0, 0, 'gives', [[1, 0], [1, 1]]),
        ],
        'the model takes texts as an array (B, T) of integers': [
            (0, 0, 'fails', 'the model takes texts as an array (B, T) of integers, for one text (1, T); you gave it one of shape (1, 2) and type float64'),
            (0, 0, 'fails', 'the model takes texts as an array (B, T) of integers, for one text (1, T); you gave it one of shape (2,) and type int64'),
        ],
        'tokens are 0 to V - 1': [
            (0, 0, 'fails', 'tokens are 0 to V - 1, for V = 3 up to 2; you asked the model about 3'),
        ],
        'the text to begin with is all zeros; yours is another': [
            (0, 3, 'gives', [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        ],
        'differences below 1e-6 are rounding errors of a network; you counted every one': [
            (0, 5, 'gives', [[0, 0, 1], [0, 0, 1], [1, 1, 1]]),
        ],
        'begin anew with zeros each time; what you changed before is still changed': [
            (0, 0, 'gives', [[1, 1], [0, 1]]),
        ],
        'any of the V logits may move; you looked at one': [
            (0, 1, 'gives', [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
            (0, 1, 'gives', [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]),
            (0, 1, 'gives', [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]),
        ],
        'one logit that moves is enough; in the mean of all of them a small change is lost': [
            (0, 6, 'gives', [[0, 0], [0, 0]]),
        ],
        'one logit that moves is enough; you asked for all': [
            (0, 1, 'gives', [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        ],
        'the network is asked for the token that it is reading; it is to say the next': [
            (1, 0, 'gives', ([[5, 6, 7]], [[5, 6, 7]])),
            (1, 0, 'gives', ([[5, 6, 7, 8]], [[5, 6, 7, 8]])),
        ],
        'inputs and targets are exchanged: that network says the token before': [
            (1, 0, 'gives', ([[6, 7, 8]], [[5, 6, 7]])),
        ],
        'the target is the next token, not the one after it': [
            (1, 0, 'gives', ([[5, 6]], [[7, 8]])),
        ],
        'mean and variance still run over several tokens, and so over the future; each token has its own': [
            (2, 0, 'gives', [[[-1.40556317, -0.156173686], [1.40840522, -0.128036838]]]),
            (2, 0, 'gives', [[[-0.784463937, 0.784463937], [1.17669591, -1.17669591]]]),
            (2, 0, 'gives', [[[-0.9999998, 0], [0.9999998, 0]]]),
        ],
        'mean and variance run over the texts of the batch; each token has its own': [
            (2, 0, 'gives', [[[0, 0], [0, 0]]]),
        ],
        "torch's `var` divides by D - 1 unless told otherwise; the variance is the mean of the squares": [
            (2, 0, 'gives', [[[-0.707106339, 0.707106339], [0.707106585, -0.707106585]]]),
        ],
        'the mask comes before the softmax: where a score that nobody may see is far above the others, these become 0, and 0 / 0 is no number': [
            (3, 3, 'gives', [[[float("nan"), float("nan")], [4, 0]]]),
        ],
        'now there is no mask at all': [
            (3, 0, 'gives', [[[16, 0], [16, 0], [16, 0]]]),
        ],
        'a masked score of 0 is not out of sight: its exponential is 1': [
            (3, 0, 'gives', [[[10.4, 0], [10.4, 0], [16, 0]]]),
        ],
        'what is *not* visible gets the score -inf; yours is the other way round': [
            (3, 0, 'gives', [[[-6.5, 0], [-26, 0], [float("nan"), float("nan")]]]),
        ],
        'a masked score became a number that some scores are below; -inf is below all': [
            (3, 3, 'gives', [[[4, 0], [4, 0]]]),
            (3, 3, 'gives', [[[4, 0], [4, 0]]]),
            (3, 3, 'gives', [[[4, 0], [4, 0]]]),
        ],
        'the matrix `output`, behind the mean of the values, is missing': [
            (3, 2, 'gives', [[[6, 0], [4, 2], [3, 4]]]),
        ],
        'the mask is the wrong way round: a place sees those behind it': [
            (3, 0, 'gives', [[[16, 0], [-6.5, 0], [-26, 0]]]),
            (3, 0, 'gives', [[[16, 0], [-6.5, 0], [-26, 0]]]),
        ],
        'the softmax is along the wrong axis: the weights of each place, a row, sum to one': [
            (3, 0, 'gives', [[[8.66666667, 0], [8.66666667, 0], [-17.3333333, 0]]]),
        ],
        'the root of d is missing under the scores': [
            (3, 0, 'gives', [[[26, 0], [21.4615312, 0], [19.7719312, 0]]]),
        ],
        'divide by the root of d, not by d itself': [
            (3, 0, 'gives', [[[26, 0], [17.8099439, 0], [12.2667571, 0]]]),
        ],
        'the first place sees nothing now: a place sees itself': [
            (3, 0, 'gives', [[[float("nan"), float("nan")], [26, 0], [19.5, 0]]]),
        ],
    },
    'budget': {
        'those are numbers; each takes two bytes': [
            (0, 0, 'gives', 644),
        ],
        'a number takes two bytes here, not four': [
            (0, 0, 'gives', 2576),
        ],
        'a number takes two bytes, also in the cache': [
            (1, 0, 'gives', 4236),
        ],
        'a number takes two bytes, also a weight': [
            (0, 0, 'gives', 644),
        ],
        'the output is the embedding once more, and costs nothing': [
            (0, 0, 'gives', 1368),
        ],
        'the embedding is missing': [
            (0, 0, 'gives', 1208),
        ],
        'there are N blocks, with weights of their own': [
            (0, 0, 'gives', 488),
        ],
        'keys and values have a matrix each': [
            (0, 0, 'gives', 1192),
        ],
        'the matrices of keys and values have G · K columns, for G heads': [
            (0, 1, 'gives', 1288),
            (0, 0, 'gives', 1480),
        ],
        'queries have all H heads; only keys and values have G': [
            (0, 1, 'gives', 1144),
        ],
        'attention has an output matrix, (D, D)': [
            (0, 0, 'gives', 1192),
        ],
        'the feed-forward layer has two matrices, up to 4D numbers and down again': [
            (0, 0, 'gives', 904),
            (0, 0, 'gives', 712),
            (0, 0, 'gives', 1672),
        ],
        'each block has the gains of two norms': [
            (0, 0, 'gives', 1240),
            (0, 0, 'gives', 1264),
            (0, 0, 'gives', 1336),
        ],
        'one more gain stands at the end': [
            (0, 0, 'gives', 1280),
        ],
        'the last gain stands once, behind all blocks; you counted it in each': [
            (0, 0, 'gives', 1304),
        ],
        'positions are rotated, so they cost nothing': [
            (1, 0, 'gives', 5160),
        ],
        'nothing has a bias here': [
            (0, 0, 'gives', 1504),
            (0, 0, 'gives', 1384),
            (0, 0, 'gives', 1360),
            (0, 0, 'gives', 1408),
            (0, 0, 'gives', 1504),
            (0, 0, 'gives', 1560),
        ],
        'the cache keeps keys and values; you counted one of them': [
            (1, 0, 'gives', 4236),
        ],
        'every block has a cache of its own': [
            (1, 0, 'gives', 3816),
        ],
        'the cache keeps the G heads of keys and values, not a full D for each token': [
            (1, 0, 'gives', 6756),
        ],
        'the cache keeps G heads, not one': [
            (1, 0, 'gives', 3956),
        ],
        'a head has D / H numbers': [
            (1, 0, 'gives', 13476),
            (1, 1, 'gives', 2128),
        ],
        'the cache keeps all texts that are being written': [
            (1, 0, 'gives', 3732),
        ],
        'the cache keeps all tokens of a text': [
            (1, 0, 'gives', 3636),
        ],
        '`length` tokens of a text are kept; you counted one more': [
            (1, 0, 'gives', 5316),
        ],
        'the weights stand once, for all texts; you counted them for each': [
            (1, 0, 'gives', 18660),
        ],
        'bytes are asked for, not thousands of them': [
            (0, 0, 'gives', 1.288),
            (0, 0, 'gives', 1.2578125),
        ],
        'the cache is missing': [
            (1, 0, 'gives', 3396),
        ],
        'G must divide H, so that each head is shared by equally many': [
            (2, 5, 'gives', 5),
        ],
        'G must divide H, not D': [
            (2, 8, 'gives', 8),
        ],
        'one head of keys and values is allowed as well; your loop ends before it': [
            (3, 3, 'raises', 'ValueError'),
        ],
        'exactly full fits': [
            (2, 3, 'gives', 4),
        ],
        'that is the smallest; the more heads, the better': [
            (2, 3, 'gives', 1),
        ],
        'you halved G each time; 12 has other divisors as well': [
            (2, 4, 'gives', 3),
        ],
        'G is the number of heads, not how many queries share one': [
            (2, 3, 'gives', 2),
        ],
        'not even one head fits, and nobody is told': [
            (3, 4, 'gives', 0),
            (3, 4, 'gives', 1),
            (3, 4, 'gives', None),
        ],
    },
    'small_transformer': {
        'The last axis is that of the tokens': [
            (0, 0, 'fails', 'a row of predict should sum to 1; one sums to 8.241. The last axis is that of the tokens'),
        ],
        'those look like logits: is the softmax missing?': [
            (0, 0, 'fails', 'predict returned -13.09, and no probability is below 0; those look like logits: is the softmax missing?'),
        ],
        'those look like logarithms of probabilities': [
            (0, 0, 'fails', 'predict returned -27.8, and no probability is below 0; those look like logarithms of probabilities: take their exponentials'),
        ],
        'the softmax is not divided by its sum': [
            (0, 0, 'fails', 'a row of predict should sum to 1; one sums to 3.871e+07. The last axis is that of the tokens'),
        ],
        'it sees the future': [
            (1, 0, 'fails', 'what your network says at the first 6 places changes with the tokens behind them: it sees the future. Is its mask causal, and does no norm or mean run over the text?'),
        ],
        'embeddings, matrices and biases all count, and those that are not used as well': [
            (0, 0, 'fails', 'your network has 2,536 parameters; at most 2,000 are allowed'),
        ],
        '`weights` returns the arrays; the text is to be unpacked': [
            (0, 0, 'fails', "weights should return a dictionary from name to array; you returned the text 'P)h>@EdT%j2mk;8Apjd`*u4M$|NsC0|Nj&K6aZyyVr67xX>MmOcV%g3X…"),
        ],
        'Was it trained, and are these the weights after the training?': [
            (2, 0, 'fails', "your network is 3.28 bits per token from the world; 1/22 for every token is 3.09 from it, the tokens' shares 2.38, and a table of pairs 0.30. Was it trained, and are these the weights after the training? And does `predict` build the very network that was trained, with its heads, blocks and positions?"),
        ],
        'does `predict` use its argument, or does it fetch the weights itself?': [
            (3, 0, 'fails', 'with all weights at zero your network is still only 0.00 bits per token from the world: does `predict` use its argument, or does it fetch the weights itself?'),
            (3, 0, 'fails', 'with all weights at zero your network is still only 0.00 bits per token from the world: does `predict` use its argument, or does it fetch the weights itself?'),
        ],
        'does `predict` build the very network that was trained': [
            (2, 0, 'fails', "your network is 1.44 bits per token from the world; 1/22 for every token is 3.09 from it, the tokens' shares 2.38, and a table of pairs 0.30. Was it trained, and are these the weights after the training? And does `predict` build the very network that was trained, with its heads, blocks and positions?"),
        ],
        'is a row for each place, not for the last one alone': [
            (0, 0, 'fails', 'predict should return an array of shape (B, T, 22), a row for each place of each text; yours has shape (3, 22), for ids of shape (3, 7)'),
        ],
        'at a place stand the probabilities of the token *behind* it; yours are one place late': [
            (1, 0, 'fails', 'what your network says at the first 6 places changes with the tokens behind them: it sees the future. Is its mask causal, and does no norm or mean run over the text?'),
        ],
        'a dictionary, so that `predict` can find each array by its name': [
            (0, 0, 'fails', 'weights should return a dictionary from name to array; you returned the list [array([[ 0.26196289, -0.1920166 ,  0.54638672, -0.803222…'),
        ],
        'where that token comes, the loss is infinite': [
            (0, 0, 'fails', 'predict gave a token the probability 0; where that token comes, the loss is infinite. A softmax is never 0: was it rounded, or cut off?'),
        ],
    },
}
