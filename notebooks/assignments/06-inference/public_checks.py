# Made from solutions/06-inference/checks.py: the checks that answer in the notebook. Do not edit.
"""Exercises of assignment 6, inference.

Right values are small numbers: scores are chosen as logarithms and angles as quarters of a turn, so that all
can be worked out by hand.
"""

from __future__ import annotations

import math
import re
from functools import (
    lru_cache,
)

import numpy as np

from lmcourse.grading.asking import (
    ask,
    asking,
)
from lmcourse.grading.checks import (
    CheckFailed,
    Score,
    StudentError,
    check,
    describe,
    expect,
    on_a_curve,
)
from lmcourse.grading.compare import (
    short,
)
from lmcourse.grading.exercise import (
    Exercise,
)
from lmcourse.inference.metered import (
    FETCH,
    TOKEN,
    VOCAB_SIZE,
    Metered,
)

LN3 = math.log(3)


def array(*rows):
    """An array of floats."""
    return np.array(rows, dtype=float)


# 1. kv_cache

kv_cache = Exercise(
    "kv_cache",
    points=3,
    minutes=40,
    hints=(
        "What does a token that comes later still want of those before it? Not their queries. A cache that "
        "is a pair of arrays, keys and values, says by its length how many tokens have been read, and so at "
        "which place the first new one stands. The mask is (T, S): T new tokens in rows, all S that there "
        "are in columns.",
        "If you keep keys *after* they were turned, only new ones are turned, by the places S - T, …, S - "
        "1. New rows go behind the old ones, in a new array (`np.concatenate`). Write down the mask for two "
        "new tokens behind three: rows 1 1 1 1 0 and 1 1 1 1 1, a triangle that does not begin in the "
        "corner; `np.tri` has a third argument. Then compare all tokens at once with one after the other.",
    ),
)
# A token's vector has its query, key and value side by side. For a query at angle b and a key at angle a, the
# places i and j turn the score to ln 3 · cos(a + j - b - i).
PICK = np.eye(6)
PICKS = {"query": PICK[:2], "key": PICK[2:4], "value": PICK[4:]}


def token(query_angle, key_angle, *value):
    """The vector of a token (1, 6)."""
    a, b, long = key_angle, query_angle, math.sqrt(2) * LN3
    return array([long * math.cos(b), long * math.sin(b), math.cos(a), math.sin(a), *value])


# From place 1 the first token is at 2 + 0 - 1 - 1 = 0, score ln 3, and the second at 1 + π/2 + 1 - 1 - 1, a
# quarter of a turn away, score 0: 3/4 and 1/4 of (20, 0) and (0, 40). From place 2, with the query at 0, the
# first is at 2 - 2 = 0, the second at 1 + π/2 + 1 - 2, the third at π/2: 3/5, 1/5 and 1/5, with (10, 5).
# The other third token differs by its value, (0, 0). For the fourth, at place 3 with query and key at -1, the
# first is at 2 + 1 - 3 = 0 and its own key at 0, the second at 1 + π/2 + 1 + 1 - 3 and the third at
# π/2 + 2 + 1 - 3, both a quarter of a turn away: odds of 3, 1, 1 and 3.
FIRST, SECOND = token(0, 2, 20, 0), token(1, 1 + math.pi / 2, 0, 40)
THIRD, OTHER = token(0, math.pi / 2, 10, 5), token(0, math.pi / 2, 0, 0)
FOURTH = token(-1, -1, 8, 16)
ROWS = [[20.0, 0.0], [15.0, 10.0], [14.0, 9.0]]
# 3 (20, 0) + (0, 40) + (10, 5) + 3 (8, 16) are (94, 93), of 8; without the third's value (84, 88)
NEXT_ROWS = {"third": [94 / 8, 93 / 8], "other": [84 / 8, 88 / 8]}


def one_call(student, x, cache, weights=PICKS):
    """What the student's function returns for some new tokens, after its form was looked at."""
    try:
        answer = student.attend_with_cache(x, cache, weights)
    except StudentError as error:
        if cache is not None and re.search("[Tt]ensor|torch", error.message):
            raise CheckFailed(
                f"{error.explanation()}: a tensor that you put into the cache comes back as a NumPy array; "
                "keep arrays in it, or turn what comes back into tensors with `torch.as_tensor`"
            ) from None
        raise
    expect(answer is not None, "`attend_with_cache` returned None; is a `return` missing?")
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:  # described only then: a cache is long
        raise CheckFailed(
            f"`attend_with_cache` should return two things, (found, cache); yours returned {describe(answer)}"
        )
    found, cache = answer
    wanted = (len(x), len(weights["value"]))
    expect(
        isinstance(found, np.ndarray) and found.shape == wanted,
        f"of {len(x)} new tokens `found` should be an array of shape {wanted}, a row for each of the new "
        f"ones; "
        f"yours is {describe(found)}",
    )
    return found, cache


def in_calls(what, *parts, weights=PICKS):
    """All that is found if a text comes in these parts, one call after the other."""

    def run(student):
        cache, found = None, []
        for part in parts:
            new, cache = one_call(student, part, cache, weights)
            found.extend(new)
        return np.array(found)

    return asking(what, run)


# With the query at π/2, place 2 turns the first key to 2 + 0 - π/2 - 2 = -π/2, a quarter of a turn away, the
# second to 1 + π/2 + 1 - π/2 - 2 = 0, and its own, 0, to -π/2: odds of 1, 3 and 1. The fourth's are as above,
# but that the third's key is now at 0 + 2 + 1 - 3 = 0: 3, 1, 3 and 3, (60 + 30 + 24, 40 + 15 + 48) of 10.
LAST = token(math.pi / 2, 0, 10, 5)
kv_cache.case(
    "Two tokens behind two: the third weighs 1 to 3 to 1, the fourth 3 to 1 to 3 to 3.",
    in_calls(
        "what two tokens and then two more find",
        np.concatenate([FIRST, SECOND]),
        np.concatenate([LAST, FOURTH]),
    ).gives([*ROWS[:2], [6.0, 25.0], [11.4, 10.3]]),
    weight=0.5,
)
kv_cache.case(
    "Two tokens behind one: the second weighs the first 3 to 1, the third 3 to 1 to 1.",
    in_calls("what one token and then two find", FIRST, np.concatenate([SECOND, THIRD])).gives(ROWS),
)
kv_cache.case(
    "In one call three tokens find the same, and so do one behind two.",
    in_calls("what three tokens find in one call", np.concatenate([FIRST, SECOND, THIRD])).gives(ROWS),
    in_calls("what two tokens and then one find", np.concatenate([FIRST, SECOND]), THIRD).gives(ROWS),
)
kv_cache.case(
    "So do three tokens in three calls.",
    in_calls("what three tokens find in three calls", FIRST, SECOND, THIRD).gives(ROWS),
)


def forked(student):
    """What a fourth token finds behind two different third ones, the calls interleaved."""
    _, prompt = one_call(student, np.concatenate([FIRST, SECOND]), None)
    _, one = one_call(student, THIRD, prompt)
    _, other = one_call(student, OTHER, prompt)
    return [[*one_call(student, FOURTH, cache)[0][0]] for cache in (one, other)]


kv_cache.case(
    "Two continuations of one prompt do not disturb each other.",
    asking("what a fourth token finds behind two different third ones of one prompt", forked).gives(
        [NEXT_ROWS["third"], NEXT_ROWS["other"]]
    ),
)


def held(cache):
    """How many numbers there are in a cache."""
    if isinstance(cache, dict):
        return sum(map(held, cache.values()))
    if isinstance(cache, (list, tuple)):
        return sum(map(held, cache))
    return cache.size if isinstance(cache, np.ndarray) else 1


def is_small(student, x=None, weights=PICKS):
    """Whether 50 tokens leave no more than 2K numbers each in the cache, and some for the counting."""
    cache, K = None, len(weights["key"])
    for i in range(50):
        _, cache = one_call(student, THIRD if x is None else x[i : i + 1], cache, weights)
    expect(
        held(cache) <= 2 * K * 50 + 10,
        f"after 50 tokens, with K = {K}, your cache holds {held(cache)} numbers; 2K for each token are "
        f"{100 * K}. A key and a value is all that later tokens want of one that was read",
    )
    expect(
        held(cache) >= K * 50,
        f"after 50 tokens your cache holds {held(cache)} numbers: what was read must be in it, not in a "
        "variable outside",
    )
    return True


kv_cache.case(
    "After 50 tokens the cache holds 2K numbers for each.",
    asking("the size of the cache", is_small).gives(True),
    weight=1.5,
)


# 2. users

users = Exercise(
    "users",
    points=2,
    minutes=20,
    hints=(
        "A key and a value: two vectors for each token, block and head of keys and values. "
        "`config.get(name, otherwise)` asks a dictionary that may lack the entry. Then draw the memory as a "
        "bar: weights, what is shared, and one piece for each user.",
        "One token of three blocks with two heads of five numbers takes 2 · 3 · 2 · 5 = 60 numbers. Where "
        "`head_count_kv` is written, the size of a head is still `embedding_length` over `head_count`. What "
        "is left beside weights and shared tokens is divided among users who need `length - shared` tokens "
        "each; a user who fits in part does not fit.",
    ),
)
FEW = {
    "block_count": 5,
    "head_count": 10,
    "head_count_kv": 2,
    "embedding_length": 30,
    "vocab_size": 100,
}
ALL_OWN = {"block_count": 5, "head_count": 10, "embedding_length": 30, "vocab_size": 100}
WIDE = {**FEW, "key_length": 8}
# K = 30 / 10 = 3: 2 · 5 · 2 · 3 = 60 numbers, 120 bytes, for each of 7 tokens; with ten heads five times as
# many; with K = 8: 2 · 5 · 2 · 8 = 160 numbers
users.case(
    "Two heads of 3 numbers in 5 blocks: 60 numbers for each token, 480 bytes in 64 bits, 120 in 16.",
    ask.cache_bytes(FEW, 7, 8).gives(3360),
    ask.cache_bytes(FEW, 7).gives(840),
)
users.case(
    "Where heads of keys and values are not written there are ten; where the size of a head is written, it "
    "holds.",
    ask.cache_bytes(ALL_OWN, 7).gives(4200),
    ask.cache_bytes(WIDE, 7).gives(2240),
)
FIRST_CACHE = ask.cache_bytes(FEW, 10).gives(
    1200, "`most_users` cannot be right before `cache_bytes` is: `cache_bytes(…, 10)`"
)
# a user of 10 tokens needs 1,200 bytes, and 6,000 are left for five, exactly; with 8 bits half as much
users.case(
    "6,000 bytes are left, and a user needs 1,200: five fit exactly, with one byte less four, with 8 bits "
    "ten.",
    FIRST_CACHE,
    ask.most_users(10_000, 4_000, FEW, 10).gives(5),
    ask.most_users(9_999, 4_000, FEW, 10).gives(4),
    ask.most_users(10_000, 4_000, FEW, 10, 0, 1).gives(10),
    ask.most_users(5_000, 4_000, FEW, 10).gives(0),
)
# 4 shared tokens take 480 bytes once; 5,520 are left, and each user needs 6 · 120 = 720: 7.67. With 8 bits
# 240, 5,760 and 360: 16.
users.case(
    "Four of the ten tokens are shared: 480 bytes once, 720 for each of seven users.",
    FIRST_CACHE,
    ask.most_users(10_000, 4_000, FEW, 10, 4).gives(7),
    ask.most_users(10_000, 4_000, FEW, 10, 4, 1).gives(16),
)
users.case(
    "Weights of 4,000 bytes and 480 that are shared: 4,480 are enough for nobody, 4,479 are too few, and "
    "neither are 3,999.",
    FIRST_CACHE,
    ask.most_users(4_480, 4_000, FEW, 10, 4).gives(0),
    ask.most_users(4_479, 4_000, FEW, 10, 4).raises("ValueError"),
    ask.most_users(3_999, 4_000, FEW, 10).raises("ValueError"),
    weight=0.5,
)


# 3. longer

longer = Exercise(
    "longer",
    points=2,
    minutes=25,
    hints=(
        "Which distance has the model never seen, and what would make it one that it has? Where is "
        "nothing to be done at all? For the base: which pair cannot be changed by any base, and which "
        "exponent has the last one, number K/2 - 1?",
        "Write down the angle of the last pair at a place p twice, once with squeezed places and the old "
        "base, once with p itself and the new base, and let the two be equal: p drops out. Solve by hand "
        "for K = 4, where the exponent is -1/2: by how much must the base grow, so that the frequency is "
        "halved?",
    ),
)
# K = 4, base 400: frequencies 1 and 1/20; trained 8, longest 16: half of them. With K = 6, base 1,000: 1,
# 1/10 and 1/100; 12 for 8 are two thirds of them.
longer.case(
    "Twice as long as the training's: all angles are halved, 8 and 0.4 at place 16.",
    ask.squeezed_angles(np.array([0, 8, 16]), 4, 8, 16, 400.0).gives([[0, 0], [4, 0.2], [8, 0.4]]),
    ask.squeezed_angles(np.array([1, 12]), 6, 8, 12, 1000.0).gives(
        [[2 / 3, 2 / 30, 2 / 300], [8, 0.8, 0.08]]
    ),
    ask.squeezed_angles(np.array([0, 5]), 4, 8, 16, 400.0).gives([[0, 0], [2.5, 0.125]]),
)
longer.case(
    "A text that is shorter, or as long, is left as it is.",
    ask.squeezed_angles(np.array([0, 5]), 4, 16, 8, 100.0).gives([[0, 0], [5, 0.5]]),
    ask.squeezed_angles(np.array([0, 5]), 4, 8, 8, 100.0).gives([[0, 0], [5, 0.5]]),
    ask.stretched_base(4, 16, 8, 900.0).gives(900.0),
)
# K = 6: the last frequency is b^(-2/3); base 1,000 gives 1/100, and four times as slow is 1/400 =
# 8,000^(-2/3). K = 4: b^(-1/2), so 1/10 becomes 1/20 = 400^(-1/2). Three halves, K = 4: 10 · 3/2 = 15, root
# of 225. (K = 6 comes first: with K = 4 several wrong exponents, such as 2 / (K - 2) and 1, are one number.)
longer.case(
    "For a quarter of the slowest frequency the base grows eightfold if K is 6; for half of it fourfold if K "
    "is 4.",
    ask.stretched_base(6, 8, 32, 1000.0).gives(8000.0),
    ask.stretched_base(4, 8, 16, 100.0).gives(400.0),
    ask.stretched_base(4, 8, 12, 100.0).gives(225.0),
    ask.stretched_base(4, 8, 16).gives(40_000.0),
    ask.stretched_base(4, 8, 12, 5.0).gives(11.25),
)


# 4. four_bits

four_bits = Exercise(
    "four_bits",
    points=3,
    minutes=35,
    hints=(
        "Which bytes hold the scale, and how does NumPy read the same bytes as another kind of number? "
        "What is left of a byte if its lower four bits are taken off, and what if its upper four are? For "
        "`quantise`: how many steps are there from 0 to 15, and what is to be done where the largest "
        "weight is the smallest?",
        "The method `view` reads the same bytes as another type; `<f2` is a float of 16 bits whose lower "
        "byte comes first, and the slice must be whole in memory (`np.ascontiguousarray`). Make floats of "
        "64 bits of that before you multiply. Python's operators for single bits, `&` and `>>`, take a "
        "byte apart: one keeps some bits, the other moves them down. Take one block apart by hand, that of "
        "the example, and write `quantise` as the same steps backwards; round to whole numbers *before* you "
        "make bytes of them.",
    ),
)
# 16 bits: 0.5 is 0x3800, -1 is 0xBC00, 2 is 0x4000, 0.1 becomes 0x2E66, which is 0.0999755859375
HALF, MINUS_ONE, TWO, TENTH = [0, 0x38], [0, 0xBC], [0, 0x40], [0x66, 0x2E]
UP_AND_DOWN = [i + 16 * (15 - i) for i in range(16)]  # up from 0 to 15, then down from 15 to 0
STEPS = [*range(16), *range(15, -1, -1)]


def blocks(*rows):
    """Blocks from their bytes."""
    return np.array(rows, dtype=np.uint8)


four_bits.case(
    "A scale of 1/2 and a least weight of -1: whole numbers from 0 up to 15 and down again are -1, -0.5, … "
    "6.5, and back.",
    ask.dequantise(blocks([*HALF, *MINUS_ONE, *UP_AND_DOWN])).gives(
        array([-1 + q / 2 for q in STEPS]), tolerance=1e-6
    ),
)
four_bits.case(
    "Each of two blocks has a scale of its own, and its bits hold 0.0999755859375 where 0.1 was meant.",
    ask.dequantise(blocks([*TWO, 0, 0, *16 * [0x31]], [*TENTH, *MINUS_ONE, *16 * [0xF3]])).gives(
        array(16 * [2] + 16 * [6], 16 * [3 * 0.0999755859375 - 1] + 16 * [15 * 0.0999755859375 - 1]),
        tolerance=1e-6,
    ),
)
four_bits.case(
    "-1, -0.5, … 6.5 and back are packed into the bytes of the first case.",
    ask.quantise(array([-1 + q / 2 for q in STEPS])).gives([[*HALF, *MINUS_ONE, *UP_AND_DOWN]]),
)
# from 0 to 30: the scale is 2; 2.8 is 1.4 steps, 3.2 is 1.6. A row further on: its own scale.
NEAR = [0.0, 30, *8 * [2.8], *22 * [3.2]]
four_bits.case(
    "Weights between two steps become the nearer one: with steps of 2, 2.8 becomes 1 and 3.2 becomes 2; and "
    "every row has a scale of its own.",
    ask.quantise(array(NEAR, [w / 4 for w in NEAR])).gives(
        [
            [*TWO, 0, 0, 0 + 32, 15 + 32, *8 * [1 + 32], *6 * [2 + 32]],
            [*HALF, 0, 0, 0 + 32, 15 + 32, *8 * [1 + 32], *6 * [2 + 32]],
        ]
    ),
)
four_bits.case(
    "Of two rows, the second 3 more than the first, each keeps a least weight of its own, -1 and 2.",
    ask.quantise(array([-1 + q / 2 for q in STEPS], [2 + q / 2 for q in STEPS])).gives(
        [[*HALF, *MINUS_ONE, *UP_AND_DOWN], [*HALF, *TWO, *UP_AND_DOWN]]
    ),
    weight=0.5,
)
four_bits.case(
    "32 times 7 has a scale of 0, and 7 for the least: 7 is 0x4700 in 16 bits.",
    ask.quantise(array(32 * [7])).gives([[0, 0, 0, 0x47, *16 * [0]]]),
    weight=0.5,
)


# 5. speculation

speculation = Exercise(
    "speculation",
    points=3,
    minutes=35,
    hints=(
        "What must the probabilities of `residual` add up to, and what is there to divide by where p and "
        "q are equal? For `verify`: at which guess does all end, and what is returned there? What if no "
        "guess ends it? Which row of `p` belongs to which guess, and which one is left over?",
        "Take two tokens, p = (3/4, 1/4) and q = (1/2, 1/2). How often does token 0 come out because it "
        "was guessed and kept, how often in the place of token 1? The two must add up to 3/4. Then "
        "`verify` is one loop with two ways out, from within it and behind it; each of them returns the "
        "guesses that have stayed and one token that is drawn with the last number.",
    ),
)
LESS, MORE = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.2, 0.5])
# p - q is 0.3, 0.1, 0 and -0.4: three quarters and one quarter
speculation.case(
    "Of 0.4, 0.3, 0.2, 0.1 the guesses' 0.1, 0.2, 0.2, 0.5 have 0.3 and 0.1 too little: 3/4 and 1/4.",
    ask.residual(LESS, MORE).gives([0.75, 0.25, 0.0, 0.0]),
    ask.residual(MORE, LESS).gives([0.0, 0.0, 0.0, 1.0]),
)
speculation.case(
    "Where p and q are equal, p.",
    ask.residual(LESS, LESS).gives([0.4, 0.3, 0.2, 0.1]),
    ask.residual(LESS, MORE).gives([0.75, 0.25, 0.0, 0.0]),
    weight=0.5,
)
FIRST_RESIDUAL = ask.residual(LESS, MORE).gives(
    [0.75, 0.25, 0.0, 0.0], "`verify` cannot be right before `residual` is: `residual([0.4, …], [0.1, …])`"
)
NEXT = np.array([0.25, 0.25, 0.0, 0.5])
ONE_P, ONE_Q = np.stack([LESS, NEXT]), MORE[None]


def middles(n):
    """n numbers, evenly spread from 0 to 1."""
    return [(i + 0.5) / n for i in range(n)]


def shares(student, p, q, grids):
    """Text -> how often it comes out, over all guesses and evenly spread numbers.

    Where fewer tokens come out than there are guesses, the model goes on by itself. The probabilities of
    staying and of the tokens are whole multiples of the grids' steps, so that the sums are exact.

    Args:
        p: function from the tokens so far to what the model says then, (V,).
        q: the same of what guesses, drawn one after the other.
        grids: how many numbers for each guess, and for the last token.
    """
    found = {}

    def count(text, weight, length):
        if len(text) >= length:
            key = tuple(text[:length])
            found[key] = found.get(key, 0.0) + weight
        else:
            for token, share in enumerate(p(text)):
                count([*text, token], weight * float(share), length)

    def guess(guesses, rows, weight):
        if len(guesses) < len(grids) - 1:
            row = q(guesses)
            for token in np.flatnonzero(row):
                guess([*guesses, int(token)], [*rows, row], weight * row[token])
            return
        said = np.array([p(guesses[:i]) for i in range(len(grids))])
        for numbers in np.array(np.meshgrid(*map(middles, grids))).reshape(len(grids), -1).T:
            text = student.verify(said, np.array(rows), guesses, numbers)
            text = text.tolist() if isinstance(text, np.ndarray) else text
            whole = isinstance(text, list) and all(type(t) is int and 0 <= t < said.shape[1] for t in text)
            expect(
                whole and 1 <= len(text) <= len(grids),
                f"`verify` should return a list of 1 to {len(grids)} tokens, from 0 to "
                f"{said.shape[1] - 1}, after "
                f"{len(guesses)} guesses; yours returned {describe(text)}",
            )
            count(text, weight / math.prod(grids), len(grids) - 1)

    guess([], [], 1.0)
    return found


def one_guess(student):
    """The shares of the first token."""
    found = shares(student, lambda text: NEXT if text else LESS, lambda _: MORE, (5, 4))
    return [found.get((token,), 0.0) for token in range(4)]


# p = (3/4, 1/4) after nothing, (1/2, 1/2) after 0 and (1/4, 3/4) after 1; guesses (1/2, 1/2), then (1/4, 3/4)
# after 0 and (1/2, 1/2) after 1. They stay with 1 and 1/2; 1 and 2/3; 1/2 and 1.
CHAIN_P = {(): [0.75, 0.25], (0,): [0.5, 0.5], (1,): [0.25, 0.75]}
CHAIN_Q = {(): [0.5, 0.5], (0,): [0.25, 0.75], (1,): [0.5, 0.5]}


def two_guesses(student):
    """The shares of pairs of tokens, 0 0, 0 1, 1 0 and 1 1."""

    def p(text):
        return np.array(CHAIN_P.get(tuple(text), [0.5, 0.5]))

    found = shares(student, p, lambda text: np.array(CHAIN_Q[tuple(text)]), (2, 6, 4))
    return [found.get(pair, 0.0) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))]


speculation.case(
    "Over all guesses and numbers each token comes out as often as the model says, 0.4, 0.3, 0.2 and 0.1.",
    FIRST_RESIDUAL,
    asking(
        "the shares of the four tokens that come out, over all guesses and evenly spread numbers,", one_guess
    ).gives([0.4, 0.3, 0.2, 0.1]),
)
# 3/4 · 1/2, 3/4 · 1/2, 1/4 · 1/4 and 1/4 · 3/4
speculation.case(
    "And so does each pair of tokens, where two are guessed and the model's word depends on the first.",
    FIRST_RESIDUAL,
    asking(
        "the shares of the pairs 0 0, 0 1, 1 0 and 1 1, over all guesses and evenly spread numbers,",
        two_guesses,
    ).gives([0.375, 0.375, 0.0625, 0.1875]),
)
# token 3 stays with probability 0.1 / 0.5 = 0.2; then 0.9 draws token 3 from NEXT. Refused, 0.9 draws token 1
# from 3/4 and 1/4, and 0.6 token 0.
speculation.case(
    "A guess with p = 0.1 and q = 0.5 stays if its number is below 0.2, and one token more follows; else "
    "another stands in its place.",
    FIRST_RESIDUAL,
    ask.verify(ONE_P, ONE_Q, [3], np.array([0.19, 0.9])).gives([3, 3]),
    ask.verify(ONE_P, ONE_Q, [3], np.array([0.21, 0.9])).gives([1]),
    ask.verify(ONE_P, ONE_Q, [3], np.array([0.95, 0.6])).gives([0]),
    ask.verify(ONE_P, ONE_Q, [0], np.array([0.99, 0.3])).gives([0, 1]),
)
# NEXT - MORE is 0.15, 0.05, and then below 0: three quarters and one quarter
speculation.case(
    "A guess with p = 0 is refused even by the number 0.",
    FIRST_RESIDUAL,
    ask.verify(np.stack([NEXT, LESS]), ONE_Q, [2], np.array([0.0, 0.3])).gives([0]),
    weight=0.5,
)
TWO_P, TWO_Q = np.stack([LESS, MORE, NEXT]), np.stack([MORE, LESS])
# first guess 3 stays below 0.2; second guess 0, p = 0.1 and q = 0.4, stays below 0.25, else token 3 instead.
# Where the first is refused, 0.9, the number of a guess that nobody looks at, would draw token 1.
speculation.case(
    "Of two guesses the second is looked at only if the first has stayed.",
    FIRST_RESIDUAL,
    ask.verify(TWO_P, TWO_Q, [3, 0], np.array([0.1, 0.2, 0.3])).gives([3, 0, 1]),
    ask.verify(TWO_P, TWO_Q, [3, 0], np.array([0.1, 0.3, 0.3])).gives([3, 3]),
    ask.verify(TWO_P, TWO_Q, [3, 0], np.array([0.3, 0.1, 0.3])).gives([0]),
    ask.verify(TWO_P, TWO_Q, [3, 0], np.array([0.3, 0.9, 0.3])).gives([0]),
    ask.verify(TWO_P[2:], TWO_Q[:0], [], np.array([0.3])).gives([1]),
)


# 6. questions

questions = Exercise(
    "questions",
    points=3,
    minutes=30,
    hints=(
        "`answer.encode()` are the bytes of a text. A row of booleans times 1.0 is a row of numbers, and "
        "two rows of booleans cannot be subtracted. Write one function for mean and error, of any numbers. "
        "Of which numbers is the difference of two accuracies the mean?",
        "The formula for the standard error holds for the mean of any n numbers; `np.std` and `np.var` "
        "divide by n unless they are told `ddof=1`. Write down what each *question* adds to the difference "
        "of the two accuracies: there are three cases. Where both models are right or both are wrong, what "
        "does a question add, and does a formula for two independent rows know of that?",
    ),
)
# sums -1.8, -14.7, -2, -2.3, -1.7, -3.1 and -1.5, of 2, 4, 7, 9, 5, 1 and 5 bytes: per byte -0.9, -3.675,
# -0.286, -0.256, -0.34, -3.1 and -0.3. Per character, of which "déjà vu" has 7 and "être" 4, -0.329 and
# -0.375 for these two; per token -1.8, -7.35, -1, -0.767, -0.567, -3.1 and -1.5; e to the power of the
# sum, over the bytes, is largest for the first, 0.083.
ANSWERS = ["no", "xkcd", "perhaps", "déjà vu", "sorry", "I", "être"]
LIKELY = [
    np.array(row)
    for row in ([-1.8], [-4.2, -10.5], [-0.9, -1.1], [-0.2, -1.9, -0.2], [-0.4, -0.9, -0.4], [-3.1], [-1.5])
]
questions.case(
    "By bytes the fourth of seven answers is the likeliest: -2.3 over 9. (By sums it would be the last, by "
    "tokens the fifth, by characters the third.)",
    ask.choose(LIKELY, ANSWERS).gives(3),
    ask.choose([np.array([-0.1, -3.0]), np.array([-1.5, -1.0])], ["ab", "cd"]).gives(1),
    ask.choose([np.array([-3.0, -0.1]), np.array([-1.0, -1.5])], ["ab", "cd"]).gives(1),
    ask.choose([np.array([-1.8]), np.array([-1.0, -1.0])], ["ab", "cd"]).gives(0),
)
questions.case(
    "Of two equal ones the first.",
    ask.choose([np.array([-3.0]), np.array([-1.0, -1.0]), np.array([-2.0])], ["no", "ab", "cd"]).gives(1),
    weight=0.5,
)
# five of ten: the deviations are 1/2 and -1/2, squared 10/4, over 9: 5/18, over 10: 1/36, whose root is 1/6.
# Three of four: the deviations are 1/4 three times and -3/4, squared 12/16, over 3: 1/4, whose root over the
# root of 4 is 1/4. One of nine: 8 · 1/81 + 64/81 = 72/81, over 8: 1/9; root 1/3, over 3.
questions.case(
    "Five of ten: 1/2 with an error of 1/6; three of four: 3/4 with 1/4; one of nine: 1/9 with 1/9.",
    ask.accuracy(np.arange(10) < 5).gives((0.5, 1 / 6)),
    ask.accuracy(np.array([True, True, True, False])).gives((0.75, 0.25)),
    ask.accuracy(np.arange(9) == 4).gives((1 / 9, 1 / 9)),
)
# 1 six times, -1 twice and 0 twice: mean 2/5, squares 8 - 10 · 4/25 = 6.4 over 9, over 10: root of 16/225
questions.case(
    "Of ten questions the first alone answers six right, the second alone two, both one, and neither one: "
    "2/5, with an error of 4/15.",
    ask.difference(np.arange(10) < 7, np.isin(np.arange(10), [0, 7, 8])).gives((0.4, 4 / 15)),
)
A, B = np.array([1, 1, 1, 0], dtype=bool), np.array([0, 0, 1, 0], dtype=bool)
# the differences are 1, 1, 0 and 0: mean 1/2, squared deviations 4 · 1/4 over 3, and that over 4: 1/12
questions.case(
    "Of four questions both answer one right and one wrong, and the first alone two: 1/2, with an error of "
    "√(1/12).",
    ask.difference(A, B).gives((0.5, math.sqrt(1 / 12))),
    ask.difference(B, A).gives((-0.5, math.sqrt(1 / 12))),
)
# 1, -1, 0, …, 0 of nine: mean 0, squares 2 over 8, over 9: root 1/6
questions.case(
    "Each of two models is right alone on one of nine questions: 0, with an error of 1/6.",
    ask.difference(np.arange(9) < 4, np.isin(np.arange(9), [0, 1, 2, 8])).gives((0.0, 1 / 6)),
    weight=0.5,
)


# 7. induction

induction = Exercise(
    "induction",
    points=2,
    minutes=30,
    hints=(
        "At which places is a head at place i to look? Draw the table (T, T) for the list 1 2 3 1 2 3, a "
        "row for each i: where has the same token stood before, and where are the places behind those? "
        "Over which rows is the mean taken? And how does the attention look that knows nothing?",
        "Begin with the table of which tokens are alike, `ids[:, None] == ids`, and keep of it what is "
        "earlier (`np.tri` takes a diagonal). B is that table moved by one column. A head's weights have "
        "the same shape: multiplied by B, what is left in a row is what it reads there. For the second "
        "function make the weights of such a head, and ask the first function.",
    ),
)
TWICE = np.array([1, 2, 3, 1, 2, 3])


def look(*rows):
    """Attention of one head (T, T) from its rows without the zeros behind."""
    found = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        found[i, : len(row)] = row
    return found


# behind the earlier 1, 2 and 3 are the places 1, 2 and 3: (0.5 + 0.7 + 0.6) / 3. The first three have none.
ONE_HEAD = look(
    [1],
    [0.3, 0.7],
    [0.1, 0.6, 0.3],
    [0.1, 0.5, 0.2, 0.2],
    [0.05, 0.15, 0.7, 0.06, 0.04],
    [0, 0.1, 0.04, 0.6, 0.16, 0.1],
)
# the first head looks right behind, the second at the like itself, the third at the token before
THREE_HEADS = np.eye(6)[[[0, 1, 2, 1, 2, 3], [0, 1, 2, 0, 1, 2], [0, 0, 1, 2, 3, 4]]]
induction.case(
    "In the list 1 2 3 1 2 3 a head reads 0.5, 0.7 and 0.6 behind the earlier token: 0.6.",
    ask.induction_scores(ONE_HEAD[None], TWICE).gives([0.6]),
)
induction.case(
    "Of three heads the first looks behind the earlier token, the second at it, the third at its own "
    "neighbour: 1, 0, 0.",
    ask.induction_scores(THREE_HEADS, TWICE).gives([1.0, 0.0, 0.0]),
    ask.induction_scores(np.stack([ONE_HEAD, THREE_HEADS[0]]), TWICE).gives([0.6, 1.0]),
)
# 4 4 9 4 4: for place 1 it is 1 itself, 0.7; for place 3 the places 1 and 2, 0.2 + 0.25; for place 4 the
# places 1, 2 and 4, 0.25 + 0.3 + 0.1. Together 1.8, of three.
PAIR = look([1], [0.3, 0.7], [0.2, 0.5, 0.3], [0.15, 0.2, 0.25, 0.4], [0.1, 0.25, 0.3, 0.25, 0.1])
induction.case(
    "In 4 4 9 4 4 the second 4 finds itself behind the first, 0.7, and each later 4 the places behind all "
    "before it, 0.45 and 0.65.",
    ask.induction_scores(PAIR[None], np.array([4, 4, 9, 4, 4])).gives([0.6]),
)
induction.case(
    "Where no token occurs twice there is nothing to look behind: ValueError.",
    ask.induction_scores(PAIR[None], np.array([4, 5, 6, 7, 8])).raises("ValueError"),
    weight=0.5,
)
FIRST_SCORES = ask.induction_scores(ONE_HEAD[None], TWICE).gives(
    [0.6],
    "`even_score` cannot be right before `induction_scores` is: `induction_scores(…, [1, 2, 3, 1, 2, 3])`",
)
# 1/4, 1/5 and 1/6: 37/60, of three; and for 4 4 9 4 one of two places and two of four
induction.case(
    "Who weighs all alike scores (1/4 + 1/5 + 1/6) / 3 in 1 2 3 1 2 3, and 1/2 in 4 4 9 4.",
    FIRST_SCORES,
    ask.even_score(TWICE).gives(37 / 180),
    ask.even_score(np.array([4, 4, 9, 4])).gives(0.5),
)


# 8. fast, the open task

NONE_AT, FULL_AT = 10, 18  # times as fast as the loop that reads all anew; one pass for all texts gives 13.6
STOPPED_AT = 3  # who is not so many times as fast is not waited for
N_TOKENS, N_MACHINES = 64, 8


def given(rng, least=40, step=10, n=4):
    """Prompts of different lengths, in any order: one of each step, so that all draws are about as dear."""
    lengths = rng.permutation(least + step * np.arange(n) + rng.integers(step, size=n))
    return [rng.integers(VOCAB_SIZE, size=int(length)).tolist() for length in lengths]


def slow_price(prompts, n_tokens):
    """What the slow loop pays for all of it, in milliseconds."""
    return sum(FETCH + TOKEN * (len(prompt) + i) for prompt in prompts for i in range(n_tokens))


def continued(seed, prompts, n_tokens):
    """What the machine's likeliest tokens are, prompt by prompt."""
    return [list(text) for text in _continued(seed, tuple(map(tuple, prompts)), n_tokens)]


@lru_cache(maxsize=256)  # many works are asked about the same prompts
def _continued(seed, prompts, n_tokens):
    machine, written = Metered(seed), []
    for slot, prompt in enumerate(prompts):
        text, new = list(prompt), list(prompt)
        for _ in range(n_tokens):
            new = machine.read([(slot, len(text) - len(new), new)])[0][-1:]
            text += new
        written.append(text[len(prompt) :])
    return written


def bought(student, seed, prompts, n_tokens, share=1.5):
    """What the student's function writes, and the machine that it was written with.

    It is stopped when it has paid more than a share of what the slow loop pays.
    """
    machine, slow = Metered(seed), slow_price(prompts, n_tokens)

    def read(parts):
        if machine.milliseconds > share * slow:
            raise CheckFailed(
                f"after {machine.passes} passes and {machine.tokens:,} tokens your `write` has paid "
                f"{machine.milliseconds / slow:.2g} of what `slow_write` pays for all of it, and was "
                "stopped: is there an endless loop, or is something read over and over?"
            )
        try:
            return machine.read(parts)
        except ValueError as error:
            raise CheckFailed(f"`read` cannot do what your `write` asks: {error}") from None
        except TypeError:
            raise CheckFailed(
                "`read` takes a list of parts, each (slot, start, tokens) with a list of tokens; you gave it "
                f"{short(parts)}"
            ) from None

    written = student.write(read, prompts, n_tokens)
    expect(
        machine.passes > 0,
        "your `write` has not called the function `read` that it was given, so it cannot know what this "
        "model says",
    )
    return written, machine


def before(place):
    """How far two texts agree that differ at a place."""
    return f"tokens 0 to {place - 1} agree;" if place and place > 1 else "token 0 agrees;" if place else "its"


def told_apart(written, prompts, right):
    """Fails, in words, unless the texts are the right ones."""
    if isinstance(written, np.ndarray):
        written = list(written)
    expect(
        isinstance(written, (list, tuple)) and len(written) == len(prompts),
        f"`write` should return a list of {len(prompts)} texts, one for each prompt; yours returned "
        f"{describe(written)}",
    )
    for i, (text, wanted) in enumerate(zip(written, right)):
        text = text.tolist() if isinstance(text, np.ndarray) else text
        expect(
            isinstance(text, (list, tuple)) and all(type(t) is int for t in text),
            f"the continuation of prompt {i} should be a list of whole numbers; yours is {describe(text)}",
        )
        text, n = list(text), len(wanted)
        expect(
            text[: len(prompts[i])] != prompts[i] or len(text) == n,
            f"of prompt {i} the continuation alone is to be returned; yours begins with the prompt",
        )
        expect(
            len(text) == n,
            f"`write` should add {n} tokens to prompt {i}; yours added {len(text)}. Guesses must not go "
            f"past the "
            "end, and none may be missing",
        )
        place = next((t for t in range(n) if text[t] != wanted[t]), None)
        expect(
            place is None,
            f"the continuation of prompt {i} should be that of `slow_write`; {before(place)} token {place} "
            f"should be {wanted[place or 0]}, yours is {text[place or 0]}: is each token written where the "
            "one before it ends, and is a wrong guess followed by what the model said there?",
        )


def writes_the_same(seed, n_tokens, n=3):
    """A question: whether the texts are those of the slow loop."""

    def run(student):
        prompts = given(np.random.default_rng([7, seed]), 5, 8, n)
        written, _ = bought(student, seed, prompts, n_tokens)
        told_apart(written, prompts, continued(seed, prompts, n_tokens))
        return True

    return run


def prices(student, seed, rng, share=1.5):
    """What the slow loop and the student pay for the same texts."""
    prompts = given(rng)
    written, machine = bought(student, seed, prompts, N_TOKENS, share)
    told_apart(written, prompts, continued(seed, prompts, N_TOKENS))
    return slow_price(prompts, N_TOKENS), machine.milliseconds


def at_least(times, advice):
    """A question: whether it is so many times as fast."""

    def run(student):
        slow, paid = prices(student, 1, np.random.default_rng(71))
        ratio, each = slow / paid, 4 * N_TOKENS
        expect(
            ratio >= times,
            f"`slow_write` pays {slow / each:.1f} ms for each token, yours {paid / each:.1f}: {ratio:.1f} "
            f"times "
            f"as fast. {advice}",
        )
        return True

    return run


fast = Exercise(
    "fast",
    points=4,
    minutes=60,
    imports=("lmcourse.inference.metered",),
    hints=(
        "Which of the two prices does `slow_write` pay for nothing? Go in steps, and call `pay` after "
        "each. What must be read a second time, if a slot keeps what it holds? How many texts may share a "
        "pass? And what may be read behind the newest token, so that one pass settles more than one "
        "token?",
        "Keep for each text how much of it stands in its slot; a part begins there, with what is new and "
        "some guesses behind it. Work out by hand what `read` returns for a text with two guesses, the "
        "first right, the second wrong: which tokens are certain then, and how much of the slot still "
        "holds? `read` tells more than you asked for, what comes behind *every* token that it has read: "
        "remember that, and guess by the last tokens. Then try how many guesses pay.",
    ),
)
fast.case(
    "It writes what `slow_write` writes.",
    asking("what three prompts become", writes_the_same(1, 20)).gives(True),
    asking("what one prompt becomes", writes_the_same(2, 12, 1)).gives(True),
    asking("a single token for each prompt", writes_the_same(3, 1)).gives(True),
    weight=0.5,
)
fast.case(
    "It is three times as fast: what was read is not read again.",
    asking(
        "three times as fast",
        at_least(3, "Is everything read but once? What the slot holds needs no second reading"),
    ).gives(True),
    weight=0.5,
)
fast.case(
    "It is ten times as fast: one pass serves several texts.",
    asking(
        "ten times as fast",
        at_least(10, "Fetching costs 40 ms, for however many texts: do they share each pass?"),
    ).gives(True),
    weight=0.5,
)


def part_of_points(ratio):
    """Each doubling earns the same, from none to the whole."""
    return on_a_curve(math.log2(max(ratio, 1e-9)), none=math.log2(NONE_AT), full=math.log2(FULL_AT))


def over_machines(student, seeds, rng):
    """The milliseconds for a token, of the slow loop and of the student, on several decoders.

    What is not even STOPPED_AT times as fast is stopped.
    """
    both = np.array([prices(student, int(seed), rng, 1 / STOPPED_AT) for seed in seeds]).sum(axis=0)
    return both / (len(seeds) * 4 * N_TOKENS)


@check("fast", weight=0.5)
def price_of_texts_you_may_see(student):
    """Milliseconds for each token, on decoders that you may see; the grade takes others."""
    slow, paid = over_machines(student, range(N_MACHINES), np.random.default_rng(72))
    told = (
        f"{paid:.1f} ms for each token, `slow_write` {slow:.1f}: {slow / paid:.1f} times as fast; "
        f"{FULL_AT} times "
        f"earn all points, {NONE_AT} none"
    )
    more = "new tokens only, all texts in one pass, then guesses, and not too many of them"
    return Score(part_of_points(slow / paid), told if slow >= FULL_AT * paid else f"{told}: {more}")


# What the checks of an exercise weigh that are asked only for the grade.
UNSEEN_WEIGHTS = {'kv_cache': 1.9999999999999998, 'users': 1.0, 'longer': 1.5, 'four_bits': 1.5, 'speculation': 2.0, 'questions': 1.5, 'induction': 1.5, 'fast': 2.0}


# Which wrong value is due to which mistake, as the authored mistakes show.
REASONS = {
    'kv_cache': {
        'the first new token stands behind all that were read; you counted its place from 0 again': [
            (0, 0, 'gives', [[20, 0], [15, 10], [14.7887556, 6.97305093], [9.5212385, 11.1022443]]),
        ],
        "the first new token's place is the number of tokens that were read before it; yours is one off": [
            (0, 0, 'gives', [[20, 0], [15, 10], [11.3318824, 14.5224756], [10.9914618, 9.60983712]]),
            (1, 0, 'gives', [[20, 0], [12.8837355, 14.2325291], [12.1269415, 11.8095877]]),
        ],
        'of several new tokens each has a place of its own; yours all stand at one': [
            (0, 0, 'gives', [[20, 0], [12.8837355, 14.2325291], [7.87305848, 20.3173538], [10.2761649, 12.734976]]),
        ],
        "a new key stands where its query stands, behind all that were read; you counted the keys' places from 0 again": [
            (0, 0, 'gives', [[20, 0], [15, 10], [5.42151824, 27.8924088], [13.5574285, 10.1202143]]),
        ],
        'keys are turned as queries are': [
            (0, 0, 'gives', [[20, 0], [10.8686151, 18.2627697], [7.45034997, 23.3615257], [10.6349429, 16.8516792]]),
        ],
        'queries are turned as keys are': [
            (0, 0, 'gives', [[20, 0], [16.4049733, 7.19005342], [13.4340453, 6.41488665], [6.85789226, 22.1333859]]),
        ],
        'nothing is turned: queries and keys are, by their places': [
            (0, 0, 'gives', [[20, 0], [12.8837355, 14.2325291], [11.6377458, 14.0100352], [8.85556296, 13.0141564]]),
        ],
        'the values are not turned; only what is compared is': [
            (0, 0, 'gives', [[20, 0], [6.58529015, 5.40302306], [-17.9368947, 14.3697034], [-3.03162862, -0.148394715]]),
        ],
        'keys from the cache had been turned already; you turned them once more': [
            (0, 0, 'gives', [[20, 0], [15, 10], [7.87305848, 20.3173538], [12.1318548, 8.39332555]]),
        ],
        'a key stands at the place at which it was read; you turned all of them as if they stood at that of the newest': [
            (0, 0, 'gives', [[20, 0], [12.8837355, 14.2325291], [11.2372272, 8.77639478], [8.85556296, 13.0141564]]),
        ],
        'a new token sees those that were read, itself, and no new one behind it; yours sees more': [
            (0, 0, 'gives', [[12.6445339, 14.7109322], [15, 10], [6.33333333, 23.5], [11.4, 10.3]]),
            (0, 0, 'gives', [[12.6445339, 14.7109322], [15, 10], [6.33333333, 23.5], [11.4, 10.3]]),
        ],
        'the mask is the wrong way round: a new token sees itself and what stands *before* it': [
            (0, 0, 'gives', [[12.6445339, 14.7109322], [0, 40], [9, 10.5], [8, 16]]),
        ],
        'what a token does not see has the score minus infinity; 0 is a score like any other': [
            (0, 0, 'gives', [[7.75308126, 24.4938375], [15, 10], [6.33333333, 23.5], [11.4, 10.3]]),
        ],
        'what a token does not see must be left out *before* the softmax: the weights that are left no longer sum to one': [
            (0, 0, 'gives', [[12.6445339, 0], [15, 10], [5, 20.8333333], [11.4, 10.3]]),
        ],
        "the mask's triangle begins behind the cache, of which every new token sees all: np.tri has a third argument": [
            (0, 0, 'gives', [[20, 0], [15, 10], [20, 0], [15, 10]]),
        ],
        'a token sees itself as well; the triangle is one diagonal short': [
            (0, 0, 'gives', [[float("nan"), float("nan")], [20, 0], [5, 30], [12.8571429, 7.85714286]]),
        ],
        'the cache that you return holds the newest tokens only; the older ones are wanted again next time': [
            (3, 0, 'gives', [[20, 0], [15, 10], [7.1594803, 14.941819]]),
        ],
        'the cache that you return is the one that you were given: what is new is missing in it': [
            (3, 0, 'gives', [[20, 0], [15, 10], [16.4418677, 1.77906614]]),
        ],
        'how many tokens the cache holds is the number of its rows; the length of a pair is 2': [
            (1, 0, 'gives', [[20, 0], [12.1269415, 11.8095877], [12.1269415, 11.8095877]]),
        ],
        "the mask is (T, S): a row for each new token, a column for each that there is, the cache's as well": [
            (0, 0, 'raises', 'ValueError 2 2 2 4'),
        ],
        'you kept keys as they were before they were turned; then all of them are to be turned at each call, not only the new ones': [
            (0, 0, 'gives', [[20, 0], [15, 10], [7.87305848, 20.3173538], [9.89541885, 14.2198298]]),
        ],
        'new keys and values stand *behind* the old ones, or places and mask fit no more': [
            (0, 0, 'gives', [[20, 0], [15, 10], [12.6666667, 7], [11.4, 10.3]]),
        ],
        'keys and values come back from your cache exchanged': [
            (0, 0, 'gives', [[20, 0], [15, 10], [9.99999985, 4.99999993], [-0.909297427, -0.416146837]]),
        ],
        'the values are to be kept like the keys, each beside its own': [
            (0, 0, 'gives', [[20, 0], [15, 10], [10.8, 10.6], [9.8, 15.1]]),
        ],
        'the new tokens must see themselves and each other, not only what is in the cache': [
            (0, 0, 'gives', [[20, 0], [15, 10], [5, 30], [15, 10]]),
        ],
        'the root of K is missing under the scores': [
            (0, 0, 'gives', [[20, 0], [16.5088702, 6.9822597], [4.45844436, 28.8538891], [11.8325878, 9.17299501]]),
        ],
        'the scores are divided by the *root* of K': [
            (0, 0, 'gives', [[20, 0], [13.6999568, 12.6000863], [7.18634922, 22.0341269], [10.9831078, 11.386114]]),
            (0, 0, 'gives', [[20, 0], [18, 4], [2.72727273, 33.1818182], [12.2142857, 8.17857143]]),
        ],
        'divide by the root of K, the numbers in a query, not of D': [
            (0, 0, 'gives', [[20, 0], [13.0692047, 13.8615907], [7.72067284, 20.6983179], [10.763912, 11.9571767]]),
        ],
        "the softmax runs along a row: each new token's weights sum to one": [
            (0, 0, 'gives', [[10, 0], [10, 40], [7.5, 31.25], [30.5, 29.75]]),
            (0, 0, 'gives', [[8.57142857, 0], [8.57142857, 5.71428571], [2, 8.33333333], [7.6, 6.86666667]]),
            (0, 0, 'gives', [[20, 0], [20, 13.3333333], [10, 41.6666667], [38, 34.3333333]]),
        ],
        'tokens are rows, so a matrix stands behind them, transposed: x @ W.T': [
            (0, 0, 'raises', 'ValueError 1 0 2 6'),
        ],
        'all vectors are read anew at each call, and kept for it: D numbers for each token, and no less work': [
            (5, 0, 'fails', 'after 50 tokens, with K = 2, your cache holds 300 numbers; 2K for each token are 200. A key and a value is all that later tokens want of one that was read'),
        ],
        'what was read is in a variable outside of the function, so two texts disturb each other': [
            (4, 0, 'gives', [[7.87123021, 14.8756191], [5.84546292, 14.8685571]]),
        ],
    },
    'users': {
        'a key *and* a value are kept of each token': [
            (0, 0, 'gives', 1680),
        ],
        'that is twice too much: the 2 for a key and a value is there already': [
            (0, 0, 'gives', 6720),
        ],
        'keys and values both have `head_count_kv` heads; only queries have `head_count`': [
            (0, 0, 'gives', 10080),
        ],
        'that is for one token; `n_tokens` are kept': [
            (0, 0, 'gives', 480),
        ],
        'bytes are asked for, not bits': [
            (0, 0, 'gives', 26880),
        ],
        'a value is as long as a key: `key_length` holds for both': [
            (1, 1, 'gives', 1540),
        ],
        'every block has a cache of its own': [
            (0, 0, 'gives', 672),
        ],
        'kept are K numbers for each head of keys and values, with K = embedding_length / head_count; you kept the whole width': [
            (0, 0, 'gives', 16800),
            (0, 0, 'gives', 16800),
            (0, 0, 'gives', 16800),
            (0, 0, 'gives', 33600),
        ],
        '`key_length` holds where it is written': [
            (1, 1, 'gives', 840),
        ],
        '`head_count_kv` need not be written; then it is as many as there are heads': [
            (1, 0, 'raises', 'KeyError'),
            (1, 0, 'gives', 420),
        ],
        'those are numbers; each takes `bytes_per_number` bytes': [
            (0, 0, 'gives', 420),
        ],
        '`bytes_per_number` has no effect': [
            (0, 0, 'gives', 840),
        ],
        'bytes are asked for, not thousands of them': [
            (0, 0, 'gives', 3.36),
            (0, 0, 'gives', 3.28125),
        ],
        'the embedding is no part of the cache': [
            (0, 0, 'gives', 171360),
        ],
        'a user who fits in part does not fit: round down': [
            (2, 2, 'gives', 4.99916667),
            (2, 2, 'gives', 5),
            (2, 2, 'gives', 5),
        ],
        'one more than fits': [
            (2, 1, 'gives', 6),
        ],
        'who fits to the last byte fits: five users of 1,200 bytes are 6,000': [
            (2, 1, 'gives', 4),
        ],
        'the weights lie in the same memory': [
            (2, 1, 'gives', 8),
        ],
        'the weights are kept once, for all users together': [
            (2, 1, 'gives', 1),
        ],
        'what is shared is kept once; you counted it for each user': [
            (3, 1, 'gives', 4),
            (3, 1, 'gives', 5),
        ],
        'what is shared is kept as well, once': [
            (3, 1, 'gives', 8),
        ],
        'what is shared takes `cache_bytes` of its tokens; you took off their number': [
            (3, 1, 'gives', 8),
        ],
        "`length` has the shared tokens in it; each user's own are length - shared": [
            (3, 1, 'gives', 3),
        ],
        '`bytes_per_number` is not handed on to `cache_bytes`': [
            (2, 3, 'gives', 5),
            (3, 2, 'gives', 15),
            (2, 3, 'gives', 5),
        ],
        'what does not fit is to raise ValueError': [
            (4, 2, 'gives', -1),
            (4, 2, 'gives', -1),
        ],
        'what does not fit is to raise ValueError; you returned something': [
            (4, 2, 'gives', 0),
            (4, 2, 'gives', None),
        ],
        'exactly full fits, with no user': [
            (4, 1, 'raises', 'ValueError'),
        ],
        'who has room for no user serves 0; that is no error': [
            (2, 4, 'raises', 'ValueError'),
        ],
    },
    'longer': {
        'the places of the longer text become smaller, divided by longest / trained; yours become larger still': [
            (0, 0, 'gives', [[0, 0], [16, 0.8], [32, 1.6]]),
            (0, 0, 'gives', [[0, 0], [16, 0.8], [32, 1.6]]),
            (0, 0, 'gives', [[0, 0], [16, 0.8], [32, 1.6]]),
        ],
        'a text that is no longer than those of the training is left as it is': [
            (1, 0, 'gives', [[0, 0], [10, 1]]),
            (1, 2, 'gives', 225),
        ],
        '12 tokens for 8 are one and a half, no whole number': [
            (0, 1, 'gives', [[1, 0.1, 0.01], [12, 1.2, 0.12]]),
            (2, 2, 'gives', 100),
            (0, 1, 'gives', [[0, 0, 0], [8, 0.8, 0.08]]),
        ],
        'where the text is longer the places must be squeezed; your factor stays 1': [
            (0, 0, 'gives', [[0, 0], [8, 0.4], [16, 0.8]]),
            (0, 0, 'gives', [[0, 0], [8, 0.4], [16, 0.8]]),
            (0, 0, 'gives', [[0, 0], [8, 0.4], [16, 0.8]]),
        ],
        'longest steps become trained steps: the factor is longest / trained; you counted from the first place to the last': [
            (0, 0, 'gives', [[0, 0], [3.73333333, 0.186666667], [7.46666667, 0.373333333]]),
            (2, 0, 'gives', 9319.56155),
        ],
        "only places behind the training's end are squeezed in yours; all are, by one factor": [
            (0, 1, 'gives', [[1, 0.1, 0.01], [8, 0.8, 0.08]]),
        ],
        'the factor is longest / trained, whichever places are asked for; you took the largest of them': [
            (0, 2, 'gives', [[0, 0], [5, 0.25]]),
        ],
        "places behind the training's end are not cut off: all are squeezed": [
            (0, 0, 'gives', [[0, 0], [8, 0.4], [8, 0.4]]),
        ],
        'places are rows, pairs are columns': [
            (0, 0, 'gives', [[0, 4, 8], [0, 0.2, 0.4]]),
        ],
        'a pair has one angle: K / 2 columns': [
            (0, 0, 'gives', [[0, 0, 0, 0], [4, 4, 0.2, 0.2], [8, 8, 0.4, 0.4]]),
        ],
        'pairs are counted from 0: the first turns by its place itself': [
            (0, 0, 'gives', [[0, 0], [0.2, 0.01], [0.4, 0.02]]),
        ],
        'the exponent of pair i is -2i / K; with the last pair yours reaches -1': [
            (0, 0, 'gives', [[0, 0], [4, 0.01], [8, 0.02]]),
            (0, 0, 'gives', [[0, 0], [4, 0.01], [8, 0.02]]),
        ],
        'the frequencies fall: base to the power of *minus* 2i / K': [
            (0, 0, 'gives', [[0, 0], [4, 80], [8, 160]]),
        ],
        'the exponent of pair i is -2i / K; yours is -i / K': [
            (0, 0, 'gives', [[0, 0], [4, 0.894427191], [8, 1.78885438]]),
        ],
        '`base` has no effect': [
            (0, 0, 'gives', [[0, 0], [4, 0.04], [8, 0.08]]),
            (1, 2, 'gives', 10000),
        ],
        'here the places are squeezed, all pairs alike; you changed the base': [
            (0, 0, 'gives', [[0, 0], [8, 0.2], [16, 0.4]]),
        ],
        'the base itself was multiplied by the factor, and so the last pair turns less slowly than it should: which power of the base is its frequency?': [
            (2, 0, 'gives', 4000),
        ],
        'solve for the base: your exponent is upside down': [
            (2, 0, 'gives', 2519.8421),
        ],
        "solve for the base: the factor's exponent tends to 1 where K is large, and yours to 0": [
            (2, 0, 'gives', 2000),
            (2, 0, 'gives', 1414.21356),
            (2, 0, 'gives', 1587.40105),
        ],
        "solve for the base: the factor's exponent tends to 1 where K is large, and yours grows": [
            (2, 0, 'gives', 4096000),
            (2, 0, 'gives', 256000),
            (2, 0, 'gives', 16000),
        ],
        'the factor is taken to a power, not multiplied by the exponent': [
            (1, 2, 'gives', 1800),
        ],
        "the factor's exponent is no whole number": [
            (2, 0, 'gives', 4000),
        ],
        'the last pair has the number K/2 - 1: put that into the exponent of a pair, and solve once more': [
            (2, 0, 'gives', 64000),
            (2, 0, 'gives', 5278.03164),
            (2, 0, 'gives', 64000),
            (2, 0, 'gives', 2828.42712),
            (2, 0, 'gives', 2828.42712),
            (2, 0, 'gives', 5656.85425),
        ],
        'the factor is taken to a power, not the base': [
            (1, 2, 'gives', 810000),
            (1, 2, 'gives', 810000),
        ],
        'the base need not be a whole number': [
            (2, 4, 'gives', 11),
            (2, 4, 'gives', 11),
        ],
        'what is asked for is the base, not what it is multiplied by': [
            (1, 2, 'gives', 1),
        ],
        'for slower turns the base must grow; yours becomes smaller': [
            (2, 0, 'gives', 125),
            (2, 0, 'gives', 125),
        ],
    },
    'four_bits': {
        'the lower half of a byte comes first, numbers 0 to 15; the upper halves are numbers 16 to 31': [
            (0, 0, 'gives', [[6.5, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0, -0.5, -1, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5]]),
            (2, 0, 'gives', [[0, 56, 0, 188, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180, 195, 210, 225, 240]]),
        ],
        'a byte does not hold two neighbours: number i and number i + 16 share one': [
            (0, 0, 'gives', [[-1, 6.5, -0.5, 6, 0, 5.5, 0.5, 5, 1, 4.5, 1.5, 4, 2, 3.5, 2.5, 3, 3, 2.5, 3.5, 2, 4, 1.5, 4.5, 1, 5, 0.5, 5.5, 0, 6, -0.5, 6.5, -1]]),
            (0, 0, 'gives', [[6.5, -1, 6, -0.5, 5.5, 0, 5, 0.5, 4.5, 1, 4, 1.5, 3.5, 2, 3, 2.5, 2.5, 3, 2, 3.5, 1.5, 4, 1, 4.5, 0.5, 5, 0, 5.5, -0.5, 6, -1, 6.5]]),
            (2, 0, 'gives', [[0, 56, 0, 188, 16, 50, 84, 118, 152, 186, 220, 254, 239, 205, 171, 137, 103, 69, 35, 1]]),
            (2, 0, 'gives', [[0, 56, 0, 188, 1, 35, 69, 103, 137, 171, 205, 239, 254, 220, 186, 152, 118, 84, 50, 16]]),
        ],
        'the upper half is moved down by four bits; else it counts sixteen times as much': [
            (0, 0, 'gives', [[-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 119, 111, 103, 95, 87, 79, 71, 63, 55, 47, 39, 31, 23, 15, 7, -1]]),
        ],
        'the upper four bits must be taken off: b & 15': [
            (0, 0, 'gives', [[119, 111.5, 104, 96.5, 89, 81.5, 74, 66.5, 59, 51.5, 44, 36.5, 29, 21.5, 14, 6.5, 6.5, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0, -0.5, -1]]),
        ],
        'four bits count from 0 to 15; b & 15 keeps four of them': [
            (0, 0, 'gives', [[-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 6.5, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0, -0.5, -1]]),
            (0, 0, 'gives', [[-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 7, 6.5, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0, -0.5]]),
            (0, 0, 'gives', [[-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 6.5, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0, -0.5]]),
            (0, 0, 'gives', [[-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 14, 13, 12, 11, 10, 9, 8, 7, 6.5, 5.5, 4.5, 3.5, 2.5, 1.5, 0.5, -0.5]]),
            (0, 0, 'gives', [[-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 2.5, 2, 1.5, 1, 0.5, 0, -0.5, -1, 2.5, 2, 1.5, 1, 0.5, 0, -0.5, -1]]),
        ],
        'numbers 16 to 31 are in the upper halves; you took the lower ones twice': [
            (0, 0, 'gives', [[-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5]]),
        ],
        'the whole numbers begin at byte 4, behind the scale and the least weight': [
            (0, 0, 'gives', [[-1, 5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, -1, 4.5, 6.5, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0]]),
        ],
        'the scale comes first, then the least weight': [
            (0, 0, 'gives', [[0.5, -0.5, -1.5, -2.5, -3.5, -4.5, -5.5, -6.5, -7.5, -8.5, -9.5, -10.5, -11.5, -12.5, -13.5, -14.5, -14.5, -13.5, -12.5, -11.5, -10.5, -9.5, -8.5, -7.5, -6.5, -5.5, -4.5, -3.5, -2.5, -1.5, -0.5, 0.5]]),
            (2, 0, 'gives', [[0, 188, 0, 56, 240, 225, 210, 195, 180, 165, 150, 135, 120, 105, 90, 75, 60, 45, 30, 15]]),
        ],
        'scale and least weight stand before the whole numbers': [
            (2, 0, 'gives', [[240, 225, 210, 195, 180, 165, 150, 135, 120, 105, 90, 75, 60, 45, 30, 15, 0, 56, 0, 188]]),
        ],
        '`view` reads the same bytes as other numbers; `astype` makes other bytes of the same numbers': [
            (0, 0, 'raises', 'ValueError 1 32 1 3'),
            (2, 0, 'gives', [[0, 255, 240, 225, 210, 195, 180, 165, 150, 135, 120, 105, 90, 75, 60, 45, 30, 15]]),
        ],
        'a scale and a least weight have two bytes each: "<f2", not "<f4"': [
            (2, 0, 'gives', [[0, 0, 0, 63, 0, 0, 128, 191, 240, 225, 210, 195, 180, 165, 150, 135, 120, 105, 90, 75, 60, 45, 30, 15]]),
        ],
        'the lower byte of a number comes first: "<f2", not ">f2"': [
            (0, 0, 'gives', [[1.12056732e-05, 1.45435333e-05, 1.78813934e-05, 2.12192535e-05, 2.45571136e-05, 2.78949738e-05, 3.12328339e-05, 3.4570694e-05, 3.79085541e-05, 4.12464142e-05, 4.45842743e-05, 4.79221344e-05, 5.12599945e-05, 5.45978546e-05, 5.79357147e-05, 6.12735748e-05, 6.12735748e-05, 5.79357147e-05, 5.45978546e-05, 5.12599945e-05, 4.79221344e-05, 4.45842743e-05, 4.12464142e-05, 3.79085541e-05, 3.4570694e-05, 3.12328339e-05, 2.78949738e-05, 2.45571136e-05, 2.12192535e-05, 1.78813934e-05, 1.45435333e-05, 1.12056732e-05]]),
            (2, 0, 'gives', [[56, 0, 188, 0, 240, 225, 210, 195, 180, 165, 150, 135, 120, 105, 90, 75, 60, 45, 30, 15]]),
        ],
        'scale and least are floating-point numbers of 16 bits; you read them as whole ones': [
            (0, 0, 'gives', [[48128, 62464, 76800, 91136, 105472, 119808, 134144, 148480, 162816, 177152, 191488, 205824, 220160, 234496, 248832, 263168, 263168, 248832, 234496, 220160, 205824, 191488, 177152, 162816, 148480, 134144, 119808, 105472, 91136, 76800, 62464, 48128]]),
            (0, 0, 'gives', [[-17408, -3072, 11264, 25600, 39936, 54272, 68608, 82944, 97280, 111616, 125952, 140288, 154624, 168960, 183296, 197632, 197632, 183296, 168960, 154624, 140288, 125952, 111616, 97280, 82944, 68608, 54272, 39936, 25600, 11264, -3072, -17408]]),
            (0, 0, 'gives', [[48128, 62464, 76800, 91136, 105472, 119808, 134144, 148480, 162816, 177152, 191488, 205824, 220160, 234496, 248832, 263168, 263168, 248832, 234496, 220160, 205824, 191488, 177152, 162816, 148480, 134144, 119808, 105472, 91136, 76800, 62464, 48128]]),
        ],
        '`least` is added, not taken off': [
            (0, 0, 'gives', [[1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 8.5, 8, 7.5, 7, 6.5, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1]]),
        ],
        'the least weight is missing': [
            (0, 0, 'gives', [[0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 7.5, 7, 6.5, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0]]),
        ],
        's q + m: the least weight is added after the scaling': [
            (0, 0, 'gives', [[-0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7, 6.5, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0, -0.5]]),
        ],
        'whole numbers are from 0 to 15, none below: no 8 is taken off here': [
            (0, 0, 'gives', [[-5, -4.5, -4, -3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 2.5, 2, 1.5, 1, 0.5, 0, -0.5, -1, -1.5, -2, -2.5, -3, -3.5, -4, -4.5, -5]]),
            (0, 0, 'gives', [[-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, -5, -4.5, -4, -3.5, -3, -2.5, -2, -1.5, -1.5, -2, -2.5, -3, -3.5, -4, -4.5, -5, 2.5, 2, 1.5, 1, 0.5, 0, -0.5, -1]]),
            (2, 0, 'gives', [[0, 56, 0, 188, 104, 89, 74, 59, 44, 29, 14, 255, 240, 225, 210, 195, 180, 165, 150, 135]]),
        ],
        '16 bits are for keeping; you multiplied in them and lost the last figures. Make floats of 64 bits first': [
            (1, 0, 'gives', [[2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6], [-0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]]),
            (1, 0, 'gives', [[2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6], [-0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, -0.700195312, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719, 0.499511719]]),
        ],
        'each block has a scale and a least weight of its own; you took those of the first for all': [
            (1, 0, 'gives', [[2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6], [6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30]]),
        ],
        'from 0 to 15 there are 15 steps, not 16': [
            (2, 0, 'gives', [[128, 55, 0, 188, 0, 241, 226, 211, 196, 181, 166, 151, 121, 106, 91, 76, 61, 46, 31, 16]]),
            (2, 0, 'gives', [[128, 55, 0, 188, 240, 241, 226, 211, 196, 181, 166, 151, 121, 106, 91, 76, 61, 46, 31, 15]]),
        ],
        'the smallest of each *row* is meant; you took that of each column': [
            (2, 0, 'gives', [[0, 56, 119, 55, 239, 54, 102, 54, 222, 53, 85, 53, 205, 52, 68, 52, 119, 51, 102, 50, 85, 49, 68, 48, 102, 46, 68, 44, 68, 40, 0, 0, 0, 0, 68, 40, 68, 44, 102, 46, 68, 48, 85, 49, 102, 50, 119, 51, 68, 52, 205, 52, 85, 53, 222, 53, 102, 54, 239, 54, 119, 55, 0, 56, 0, 188, 0, 184, 0, 0, 0, 56, 0, 60, 0, 62, 0, 64, 0, 65, 0, 66, 0, 67, 0, 68, 128, 68, 0, 69, 128, 69, 0, 70, 128, 70, 128, 70, 0, 70, 128, 69, 0, 69, 128, 68, 0, 68, 0, 67, 0, 66, 0, 65, 0, 64, 0, 62, 0, 60, 0, 56, 0, 0, 0, 184, 0, 188, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]),
        ],
        'the largest becomes 15: the scale is the whole range over 15': [
            (2, 0, 'gives', [[239, 54, 0, 188, 16, 1, 242, 227, 213, 198, 167, 152, 137, 122, 108, 93, 62, 47, 32, 17]]),
            (2, 0, 'gives', [[239, 54, 0, 188, 16, 1, 242, 227, 213, 198, 167, 152, 137, 122, 108, 93, 62, 47, 32, 17]]),
            (2, 0, 'gives', [[110, 59, 0, 188, 128, 129, 113, 98, 98, 83, 83, 68, 68, 53, 53, 38, 38, 23, 24, 8]]),
            (2, 0, 'gives', [[128, 71, 0, 188, 16, 16, 16, 16, 16, 16, 16, 16, 1, 1, 1, 1, 1, 1, 1, 1]]),
        ],
        'to the *nearest* whole number; you cut off what is behind the point': [
            (3, 0, 'gives', [[0, 64, 0, 0, 16, 31, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17], [0, 56, 0, 0, 16, 31, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17]]),
            (3, 0, 'gives', [[0, 64, 0, 0, 16, 31, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17], [0, 56, 0, 0, 16, 31, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17]]),
        ],
        'to the nearest whole number; you rounded up': [
            (3, 0, 'gives', [[0, 64, 0, 0, 32, 47, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34], [0, 56, 0, 0, 32, 47, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34]]),
        ],
        'every row has a smallest and a largest weight of its own; yours are those of all': [
            (3, 0, 'gives', [[0, 64, 0, 0, 32, 47, 33, 33, 33, 33, 33, 33, 33, 33, 34, 34, 34, 34, 34, 34], [0, 64, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]),
        ],
        'every row has a least weight of its own; you took that of all': [
            (4, 0, 'gives', [[0, 56, 0, 188, 240, 225, 210, 195, 180, 165, 150, 135, 120, 105, 90, 75, 60, 45, 30, 15], [154, 57, 0, 188, 244, 229, 230, 214, 199, 184, 185, 169, 154, 155, 139, 124, 109, 110, 94, 79]]),
        ],
        'the least weight is taken off before you divide': [
            (2, 0, 'gives', [[0, 56, 0, 188, 206, 191, 176, 161, 146, 131, 116, 101, 86, 71, 56, 41, 26, 11, 252, 237]]),
        ],
        'where all weights are equal the scale is 0, and 0 / 0 is no number': [
            (5, 0, 'raises', 'ValueError'),
        ],
        'where all weights are equal the scale is 0, and stays 0 in the block': [
            (5, 0, 'gives', [[0, 60, 0, 71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]),
        ],
        'a byte is 16 · upper + lower, not 10 · upper': [
            (2, 0, 'gives', [[0, 56, 0, 188, 150, 141, 132, 123, 114, 105, 96, 87, 78, 69, 60, 51, 42, 33, 24, 15]]),
            (2, 0, 'gives', [[0, 56, 0, 188, 225, 211, 197, 183, 169, 155, 141, 127, 113, 99, 85, 71, 57, 43, 29, 15]]),
        ],
    },
    'speculation': {
        'what *q* has too little of: p - q': [
            (0, 0, 'gives', [0, 0, 0, 1]),
        ],
        'what q has too much of counts 0; you took its absolute value': [
            (0, 0, 'gives', [0.375, 0.125, 0, 0.5]),
        ],
        'what q has too much of counts 0: max(p - q, 0). Without it the sum of p - q is 0, whatever they are': [
            (0, 0, 'gives', [0.4, 0.3, 0.2, 0.1]),
            (0, 0, 'gives', [float("inf"), float("inf"), float("nan"), float("-inf")]),
            (0, 0, 'gives', [0.375, 0.125, 0, -0.5]),
            (0, 0, 'gives', [0.75, 0.25, 0, -1]),
            (0, 0, 'gives', [0.3, 0.1, 0, -0.4]),
        ],
        'what is left must be divided by its sum, to be probabilities': [
            (0, 0, 'gives', [0.3, 0.1, 0, 0]),
            (0, 0, 'gives', [1, 0.333333333, 0, 0]),
            (0, 0, 'gives', [0.302996588, 0.248072625, 0.224465393, 0.224465393]),
        ],
        'that is what p and q have in common; asked for is what q lacks': [
            (0, 0, 'gives', [0.166666667, 0.333333333, 0.333333333, 0.166666667]),
        ],
        'where p and q are equal, p is the answer': [
            (1, 0, 'gives', [0, 0, 0, 0]),
            (1, 0, 'gives', [0.25, 0.25, 0.25, 0.25]),
        ],
        'where p = q nothing is left, and 0 / 0 is no number': [
            (1, 0, 'gives', [float("nan"), float("nan"), float("nan"), float("nan")]),
        ],
        'a refused guess is replaced from the residual; p itself would count again what has stayed already': [
            (0, 0, 'gives', [0.4, 0.3, 0.2, 0.1]),
            (2, 1, 'gives', [0.3, 0.3, 0.3, 0.1]),
        ],
        'p over q, not q over p': [
            (2, 1, 'gives', [0.14, 0.16, 0.2, 0.5]),
        ],
        'it stays *below* p / q; yours stays above': [
            (2, 1, 'gives', [0.45, 0.15, 0, 0.4]),
        ],
        'a guess less likely than q says may stay as well, by its number; yours never does': [
            (2, 1, 'gives', [0.475, 0.325, 0.2, 0]),
        ],
        'a guess stays with the probability p / q; yours with p': [
            (2, 1, 'gives', [0.7, 0.26, 0.04, 0]),
        ],
        'a guess stays with the probability p / q; yours with q': [
            (2, 1, 'gives', [0.54, 0.22, 0.04, 0.2]),
        ],
        'a guess stays with the probability p / q; yours with p - q': [
            (2, 1, 'gives', [0.76, 0.24, 0, 0]),
        ],
        'it stays if its number is *below* p / q: what the model never says must not stay at the number 0': [
            (5, 1, 'gives', [2, 0]),
        ],
        'every guess stays in yours; p has no say': [
            (2, 1, 'gives', [0.1, 0.2, 0.2, 0.5]),
        ],
        'every guess is refused in yours': [
            (2, 1, 'gives', [0.75, 0.25, 0, 0]),
        ],
        'a guess stays by chance, not only if it is the likeliest token': [
            (2, 1, 'gives', [0.775, 0.225, 0, 0]),
        ],
        'guess i is judged by number i; you took the last one, which is for the draw': [
            (2, 1, 'gives', [0.35, 0.325, 0.2, 0.125]),
        ],
        'guess i is judged by number i; you took the first one for all': [
            (3, 1, 'gives', [0.4375, 0.3125, 0.125, 0.125]),
        ],
        'row i of p and of q belongs to guess i; you took the first row for all': [
            (3, 1, 'gives', [0.5, 0.25, 0.125, 0.125]),
            (3, 1, 'gives', [0.25, 0.5, 0.0625, 0.1875]),
        ],
        "the last number is for the token that is drawn; you took the guess's own again": [
            (4, 2, 'gives', [0]),
        ],
        'the last number is for the token that is drawn; you took that of the next guess': [
            (6, 4, 'gives', [1]),
        ],
        'row i of p is what the model says *before* guess i; you took another row': [
            (2, 1, 'gives', [0.25, 0.25, 0, 0.5]),
            (2, 1, 'gives', [0.25, 0.25, 0, 0.5]),
        ],
        'a refused guess is replaced by what stands in *its* row': [
            (3, 1, 'gives', [0.375, 0.375, 0.125, 0.125]),
            (3, 1, 'gives', [0.25, 0.25, 0.15625, 0.34375]),
            (2, 1, 'gives', [0.2, 0.3, 0.2, 0.3]),
            (2, 1, 'gives', [0.2, 0.3, 0.2, 0.3]),
        ],
        'a refused guess is replaced from the residual, not from q, which it was drawn from': [
            (2, 1, 'gives', [0.1, 0.3, 0.3, 0.3]),
        ],
        'a refused guess is replaced: one token is drawn in its place': [
            (2, 1, 'fails', '`verify` should return a list of 1 to 2 tokens, from 0 to 3, after 1 guesses; yours returned the list []'),
        ],
        'the residual is that of p and q, in this order: what q has too little of': [
            (2, 1, 'gives', [0.1, 0.2, 0.2, 0.5]),
        ],
        'at the first refused guess all ends: no guess behind it is looked at': [
            (3, 1, 'gives', [0.3125, 0.4375, 0.0625, 0.1875]),
        ],
        'behind a refused guess one token is drawn, not two': [
            (3, 1, 'gives', [0.3125, 0.4375, 0.0625, 0.1875]),
            (4, 2, 'gives', [1, 3]),
        ],
        'the token behind the last guess is drawn from p itself, not from a residual': [
            (4, 1, 'gives', [3, 1]),
        ],
        'the refused guess itself must go': [
            (2, 1, 'gives', [0.1, 0.2, 0.2, 0.5]),
        ],
        'what is behind a refused guess is dropped: it was guessed after a text that is not there': [
            (6, 3, 'gives', [0, 0]),
        ],
        'those that stayed before the refused guess are kept': [
            (3, 1, 'gives', [0.3125, 0.4375, 0.078125, 0.171875]),
        ],
        'if all guesses stay, one token more is drawn, from the last row of p': [
            (4, 1, 'gives', [3]),
        ],
        'the token behind the last guess is drawn from the *last* row of p': [
            (4, 4, 'gives', [0, 0]),
        ],
        'the token behind the last guess is drawn by the model, not by what guesses': [
            (6, 1, 'gives', [3, 0, 0]),
        ],
        'the likeliest token is not drawn: take `draw` and the last number': [
            (4, 4, 'gives', [0, 3]),
            (2, 1, 'gives', [0.5, 0.2, 0.2, 0.1]),
        ],
    },
    'questions': {
        "the sum is divided by the answer's length; else short answers win": [
            (0, 0, 'gives', 6),
        ],
        'divide by bytes, not by tokens': [
            (0, 0, 'gives', 4),
        ],
        'divide by bytes only, not by tokens as well': [
            (0, 3, 'gives', 1),
        ],
        'the *logarithm* is divided by the length; you divided the probability, e to the power of the sum': [
            (0, 0, 'gives', 0),
        ],
        'divide by bytes, not by characters: é and à have two each': [
            (0, 0, 'gives', 2),
        ],
        'the *largest* wins; logarithms of probabilities are below 0, and the nearest to it is the largest': [
            (0, 0, 'gives', 1),
        ],
        'you multiplied by the length; divide': [
            (0, 0, 'gives', 5),
        ],
        'which one is asked for, not its score': [
            (0, 0, 'gives', -0.255555556),
        ],
        "the answer's number is asked for, not its text": [
            (0, 0, 'gives', 'déjà vu'),
        ],
        'the logarithms of the tokens are added; you looked at the first only': [
            (0, 1, 'gives', 0),
        ],
        'the logarithms of the tokens are added; you looked at the last only': [
            (0, 2, 'gives', 0),
        ],
        'of two equal answers the first wins': [
            (1, 0, 'gives', 2),
        ],
        'the squared deviations are divided by n - 1, not by n': [
            (2, 0, 'gives', (0.5, 0.158113883)),
            (2, 0, 'gives', (0.5, 0.158113883)),
            (3, 0, 'gives', (0.4, 0.252982213)),
            (3, 0, 'gives', (0.4, 0.282842712)),
        ],
        "that is how far single answers scatter; the mean's error is that over the root of n": [
            (2, 0, 'gives', (0.5, 0.527046277)),
            (2, 0, 'gives', (0.5, 0.5)),
            (3, 0, 'gives', (0.4, 0.843274043)),
        ],
        'the spread is divided by the root of n, not by n': [
            (2, 0, 'gives', (0.5, 0.0527046277)),
            (3, 0, 'gives', (0.4, 0.0843274043)),
        ],
        "that is the error's square; its root is missing": [
            (2, 0, 'gives', (0.5, 0.0277777778)),
            (2, 0, 'gives', (0.5, 0.025)),
            (3, 0, 'gives', (0.4, 0.0711111111)),
        ],
        'the root is of s² as well as of n: s / √n; you have s² / √n': [
            (2, 0, 'gives', (0.5, 0.0878410461)),
        ],
        'the root is of n, not of n - 1 once more': [
            (2, 0, 'gives', (0.5, 0.175682092)),
            (3, 0, 'gives', (0.4, 0.281091348)),
        ],
        'the share comes first, then its error': [
            (2, 0, 'gives', (0.166666667, 0.5)),
        ],
        'one standard error is asked for, not the 1.96 of an interval': [
            (2, 0, 'gives', (0.5, 0.326666667)),
            (3, 0, 'gives', (0.4, 0.522666667)),
        ],
        'a share is from 0 to 1; no per cent': [
            (2, 0, 'gives', (50, 16.6666667)),
        ],
        'how many were right is to be divided by n': [
            (2, 0, 'gives', (5, 0.166666667)),
        ],
        'those variances were added as if the models had been asked different questions; take the differences question by question': [
            (3, 0, 'gives', (0.4, 0.21602469)),
            (3, 0, 'gives', (0.4, 0.204939015)),
        ],
        'two errors are not added, still less where the questions are the same': [
            (3, 0, 'gives', (0.4, 0.305505046)),
        ],
        'the difference has an error of its own: that of the differences, question by question; you took that of one model, or a difference of two': [
            (3, 0, 'gives', (0.4, 2.77555756e-17)),
            (3, 0, 'gives', (0.4, 0.152752523)),
            (3, 0, 'gives', (0.4, 0.152752523)),
            (3, 0, 'gives', (0.4, 0.152752523)),
        ],
        'what the two have in common is taken off, twice their covariance; you added it, or took it off once': [
            (3, 0, 'gives', (0.4, 0.149071198)),
            (3, 0, 'gives', (0.4, 0.24267033)),
        ],
        'how many more were right is to be divided by n': [
            (3, 0, 'gives', (4, 0.266666667)),
        ],
        'a difference has a sign: 1 where only the first is right, -1 where only the second is': [
            (3, 0, 'gives', (0.8, 0.133333333)),
            (3, 0, 'gives', (0.8, 0.133333333)),
        ],
        'the first less the second; yours is the other way round': [
            (3, 0, 'gives', (-0.4, 0.266666667)),
        ],
        'booleans cannot be subtracted: make numbers of them first': [
            (3, 0, 'raises', 'TypeError'),
        ],
        'questions on which both agree count as well, with a difference of 0': [
            (3, 0, 'gives', (0.5, 0.327326835)),
        ],
    },
    'induction': {
        'the place *behind* the earlier token is meant; you looked at that token itself': [
            (0, 0, 'gives', [0.0966666667]),
        ],
        'the place behind the earlier token; you took the one before it': [
            (0, 0, 'gives', [0.05]),
        ],
        'only places whose token has occurred *before* are averaged over, and no token occurs before itself; yours are all': [
            (0, 0, 'gives', [0.3]),
            (0, 0, 'gives', [0.3]),
        ],
        'the mean is over places, in each of which the weights in B are added; you took the mean of single weights': [
            (2, 0, 'gives', [0.3]),
        ],
        'the weights at the places of B are added; you took their mean': [
            (2, 0, 'gives', [0.380555556]),
        ],
        'only weights at the places of B count; you took the largest of the row, wherever it stands': [
            (1, 0, 'gives', [1, 1, 1]),
            (0, 0, 'gives', [0.683333333]),
        ],
        'the mean over places is asked for; you took the largest': [
            (0, 0, 'gives', [0.7]),
            (0, 0, 'gives', [0.7]),
        ],
        'the mean over places is missing: one number for each head': [
            (0, 0, 'gives', [[0.5, 0.7, 0.6]]),
        ],
        'the place *right* behind the earlier token: one column further, not two': [
            (0, 0, 'gives', [0.14]),
        ],
        'the token right before counts as earlier, too': [
            (2, 0, 'gives', [0.5]),
        ],
        'earlier places are j < i, below the diagonal; yours are later ones': [
            (0, 0, 'gives', [0.0333333333]),
        ],
        'the scores are added up; their mean is asked for': [
            (0, 0, 'gives', [1.8]),
        ],
        'row i is who looks, column j what is looked at; yours are exchanged': [
            (0, 0, 'gives', [0]),
        ],
        'each head has a score of its own; you took their mean': [
            (1, 0, 'gives', [0.333333333]),
        ],
        'only what is earlier counts; yours are all like it, later ones too': [
            (0, 0, 'gives', [0.316666667]),
        ],
        'all earlier occurrences count; you took the last one only': [
            (2, 0, 'gives', [0.35]),
        ],
        'all earlier occurrences count; you took the first one only': [
            (2, 0, 'gives', [0.383333333]),
        ],
        'a token right behind its own like counts as well, with its own place': [
            (2, 0, 'gives', [0.333333333]),
        ],
        'that is the largest weight in B; their sum is asked for': [
            (2, 0, 'gives', [0.416666667]),
        ],
        'how *much* is looked there, not whether the most': [
            (0, 0, 'gives', [1]),
        ],
        "the list need not be the same half twice; look for each token's earlier occurrences": [
            (2, 0, 'gives', [0.266666667]),
        ],
        'what is raised where no token occurs twice is ValueError': [
            (3, 0, 'gives', [float("nan")]),
            (3, 0, 'gives', [0]),
        ],
        'it may see itself and those before: i + 1 places from place i, not all T': [
            (4, 1, 'gives', 0.166666667),
            (4, 1, 'gives', 0.166666667),
        ],
        'each row of weights sums to one; yours are all 1': [
            (4, 1, 'gives', 1),
        ],
        'only places whose token has occurred before are averaged over': [
            (4, 1, 'gives', 0.408333333),
        ],
        'of a token that stood there twice, both places behind it count': [
            (4, 2, 'gives', 0.375),
        ],
        'it sees itself as well': [
            (4, 1, 'gives', 0.261111111),
        ],
        "the row's own sum divides it: i + 1 places from place i": [
            (4, 1, 'gives', 0.261111111),
            (4, 1, 'gives', 0.361111111),
        ],
        'one number is asked for': [
            (4, 1, 'gives', [0.205555556]),
        ],
    },
    'fast': {
        'your `write` has not called the function `read` that it was given': [
            (0, 0, 'fails', 'your `write` has not called the function `read` that it was given, so it cannot know what this model says'),
        ],
        'What the slot holds needs no second reading': [
            (1, 0, 'fails', '`slow_write` pays 177.2 ms for each token, yours 61.1: 2.9 times as fast. Is everything read but once? What the slot holds needs no second reading'),
        ],
        'do they share each pass?': [
            (2, 0, 'fails', '`slow_write` pays 177.2 ms for each token, yours 19.1: 9.3 times as fast. Fetching costs 40 ms, for however many texts: do they share each pass?'),
        ],
        'of prompt 0 the continuation alone is to be returned': [
            (0, 0, 'fails', 'of prompt 0 the continuation alone is to be returned; yours begins with the prompt'),
        ],
        "the texts are to be returned in the prompts' order": [
            (0, 0, 'fails', 'the continuation of prompt 0 should be that of `slow_write`; its token 0 should be 20, yours is 35: is each token written where the one before it ends, and is a wrong guess followed by what the model said there?'),
        ],
        'Guesses must not go past the end': [
            (0, 0, 'fails', '`write` should add 20 tokens to prompt 1; yours added 21. Guesses must not go past the end, and none may be missing'),
        ],
        'every guess was taken, right or wrong': [
            (0, 0, 'fails', 'the continuation of prompt 0 should be that of `slow_write`; tokens 0 to 2 agree; token 3 should be 21, yours is 35: is each token written where the one before it ends, and is a wrong guess followed by what the model said there?'),
        ],
        'of several texts each has a slot of its own; else one is written over the other': [
            (0, 0, 'fails', '`read` cannot do what your `write` asks: the slots of a pass are [0, 0, 0]; each text may be read once in a pass'),
        ],
        'a slot holds its own text up to the guess that was right; what is read next begins there': [
            (0, 0, 'fails', "`read` cannot do what your `write` asks: the number of a part's tokens must be a whole number from 1 to 241, not 0"),
        ],
        "a token that the model has given is not yet read: its place is where the slot's text ends": [
            (0, 0, 'fails', '`read` cannot do what your `write` asks: the start of a part of slot 0, which holds 28 tokens, must be a whole number from 0 to 28, not 29'),
        ],
        'what is certain is the token behind the *newest*; you took the first of what came back': [
            (0, 0, 'fails', 'the continuation of prompt 0 should be that of `slow_write`; its token 0 should be 20, yours is 30: is each token written where the one before it ends, and is a wrong guess followed by what the model said there?'),
        ],
        'all texts are as long as they should be, and your loop goes on': [
            (0, 0, 'fails', '`read` cannot do what your `write` asks: a pass must read something; parts is empty'),
        ],
        '`write` should return a list of 3 texts': [
            (0, 0, 'fails', '`write` should return a list of 3 texts, one for each prompt; yours returned None'),
        ],
        'a prompt was changed: work on copies': [
            (0, 0, 'fails', '`write` changes what it was given as `prompts`: work on a copy, or make a new object'),
        ],
    },
}
