"""Exercises of assignment 6, inference.

Right values are small numbers: scores are chosen as logarithms and angles as quarters of a turn, so that all
can be worked out by hand.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

import numpy as np

from lmcourse.grading.asking import ask, asking
from lmcourse.grading.checks import CheckFailed, Score, StudentError, check, describe, expect, on_a_curve
from lmcourse.grading.compare import short
from lmcourse.grading.exercise import Exercise
from lmcourse.inference.metered import FETCH, TOKEN, VOCAB_SIZE, Metered

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
TURNED, PLACES = "q, k = rotate(q, places), rotate(k, places)", "before + np.arange(len(x))"
KEYS, MASK = (
    "k, v = np.concatenate([cache[0], k]), np.concatenate([cache[1], v])",
    "np.tri(len(x), len(k), before, dtype=bool)",
)
kv_cache.slip(
    "the first new token stands behind all that were read; you counted its place from 0 again",
    {PLACES: "np.arange(len(x))"},
)
kv_cache.slip(
    "the first new token's place is the number of tokens that were read before it; yours is one off",
    {PLACES: "max(before - 1, 0) + np.arange(len(x))"},
    {PLACES: "before + len(x) + np.arange(len(x))"},
)
kv_cache.slip(
    "of several new tokens each has a place of its own; yours all stand at one",
    {PLACES: "np.full(len(x), before)"},
)
kv_cache.slip(
    "a new key stands where its query stands, behind all that were read; you counted the keys' places from 0 "
    "again",
    {TURNED: "q, k = rotate(q, places), rotate(k, np.arange(len(x)))"},
)
kv_cache.slip("keys are turned as queries are", {TURNED: "q = rotate(q, places)"})
kv_cache.slip("queries are turned as keys are", {TURNED: "k = rotate(k, places)"})
kv_cache.slip("nothing is turned: queries and keys are, by their places", {TURNED: "pass"})
kv_cache.slip(
    "the values are not turned; only what is compared is", {TURNED: f"{TURNED}\n    v = rotate(v, places)"}
)
kv_cache.slip(
    "keys from the cache had been turned already; you turned them once more",
    {
        TURNED: "q = rotate(q, places)",
        "    visible = ": "    k = rotate(k, np.arange(len(k)))\n    visible = ",
    },
)
kv_cache.slip(
    "a key stands at the place at which it was read; you turned all of them as if they stood at that of the "
    "newest",
    {
        TURNED: "q = rotate(q, places)\n    kept = k",
        "    visible = ": "    kept = k\n    k = rotate(k, np.full(len(k), places[-1]))\n    visible = ",
        ", (k, v)\n": ", (kept, v)\n",
    },
)
kv_cache.slip(
    "a new token sees those that were read, itself, and no new one behind it; yours sees more",
    {MASK: "np.ones((len(x), len(k)), dtype=bool)"},
    {MASK: "np.tri(len(x), len(k), before + 1, dtype=bool)"},
)
kv_cache.slip(
    "the mask is the wrong way round: a new token sees itself and what stands *before* it",
    {MASK: "np.triu(np.ones((len(x), len(k)), dtype=bool), before)"},
)
kv_cache.slip(
    "what a token does not see has the score minus infinity; 0 is a score like any other",
    {"-np.inf": "0.0"},
)
kv_cache.slip(
    "what a token does not see must be left out *before* the softmax: the weights that are left no longer "
    "sum to one",
    {
        "np.where(visible, q @ k.T / np.sqrt(q.shape[1]), -np.inf)": "q @ k.T / np.sqrt(q.shape[1])",
        "keepdims=True) @ v": "keepdims=True) * visible @ v",
    },
)
kv_cache.slip(
    "the mask's triangle begins behind the cache, of which every new token sees all: np.tri has a third "
    "argument",
    {MASK: "np.tri(len(x), len(k), dtype=bool)"},
)
kv_cache.slip(
    "a token sees itself as well; the triangle is one diagonal short",
    {MASK: "np.tri(len(x), len(k), before - 1, dtype=bool)"},
)
kv_cache.slip(
    "the cache that you return holds the newest tokens only; the older ones are wanted again next time",
    {
        "odds / odds": "odds / odds",
        "    if cache is not None:\n": "    new = (k, v)\n    if cache is not None:\n",
        ", (k, v)\n": ", new\n",
    },
)
kv_cache.slip(
    "the cache that you return is the one that you were given: what is new is missing in it",
    {", (k, v)\n": ", cache if cache is not None else (k, v)\n"},
)
kv_cache.slip(
    "how many tokens the cache holds is the number of its rows; the length of a pair is 2",
    {"len(cache[0])": "len(cache)"},
)
kv_cache.slip(
    "the mask is (T, S): a row for each new token, a column for each that there is, the cache's as well",
    {MASK: "np.tri(len(x), dtype=bool)"},
)
kv_cache.slip(
    "you kept keys as they were before they were turned; then all of them are to be turned at each call, "
    "not only the new ones",
    {
        TURNED: f"new = k\n    {TURNED}",
        "    visible = ": "    new = np.concatenate([*([] if cache is None else [cache[0]]), new])\n"
        "    visible = ",
        ", (k, v)\n": ", (new, v)\n",
    },
)
kv_cache.slip(
    "new keys and values stand *behind* the old ones, or places and mask fit no more",
    {KEYS: "k, v = np.concatenate([k, cache[0]]), np.concatenate([v, cache[1]])"},
)
kv_cache.slip(
    "keys and values come back from your cache exchanged",
    {", (k, v)\n": ", (v, k)\n"},
)
kv_cache.slip(
    "the values are to be kept like the keys, each beside its own",
    {KEYS: "k, v = np.concatenate([cache[0], k]), np.concatenate([v, cache[1]])"},
)
kv_cache.slip(
    "the new tokens must see themselves and each other, not only what is in the cache",
    {KEYS: "k, v = cache"},
)
kv_cache.slip(
    "a token is seen however far back it stands; yours forgets what is more than 64 tokens back",
    {MASK: f"{MASK} & ~np.tri(len(x), len(k), before - 64, dtype=bool)"},
    unseen=True,
)
kv_cache.slip("the root of K is missing under the scores", {" / np.sqrt(q.shape[1])": ""})
kv_cache.slip(
    "the scores are divided by the *root* of K",
    {"np.sqrt(q.shape[1])": "q.shape[1]"},
    {"/ np.sqrt(q.shape[1])": "* np.sqrt(q.shape[1])"},
)
kv_cache.slip(
    "divide by the root of K, the numbers in a query, not of D",
    {"np.sqrt(q.shape[1])": "np.sqrt(x.shape[1])"},
)
kv_cache.slip(
    "the softmax runs along a row: each new token's weights sum to one",
    {"odds / odds.sum(axis=1, keepdims=True)": "odds / odds.sum(axis=0, keepdims=True)"},
    {"odds / odds.sum(axis=1, keepdims=True)": "odds / odds.sum()"},
    {"odds / odds.sum(axis=1, keepdims=True)": "odds"},
)
kv_cache.slip(
    "tokens are rows, so a matrix stands behind them, transposed: x @ W.T",
    {"weights[name].T": "weights[name]"},
)
kv_cache.slip(
    "all vectors are read anew at each call, and kept for it: D numbers for each token, and no less work",
    """
old = attend_with_cache


def attend_with_cache(x, cache, weights):
    every = x if cache is None else np.concatenate([cache, x])
    return old(every, None, weights)[0][-len(x) :], every
""",
)
kv_cache.slip(
    "what was read is in a variable outside of the function, so two texts disturb each other",
    """
old, READ = attend_with_cache, {}


def attend_with_cache(x, cache, weights):
    if cache is None:
        READ.clear()
    found, READ["cache"] = old(x, READ.get("cache"), weights)
    return found, 1
""",
)


@kv_cache.hidden(
    "random vectors and weights",
    parts={
        "all tokens in one call": 0.3,
        "a token in each call": 0.4,
        "several tokens in each of several calls": 0.35,
        "150 tokens": 0.15,
        "what the cache holds after 50 tokens": 0.8,
    },
)
def random_cuts(rng):
    for K, D in ((2, 3), (4, 7), (6, 5)):
        weights = {name: rng.normal(size=(K, D)) for name in ("query", "key", "value")}
        x = rng.normal(size=(9, D))
        yield "all tokens in one call", in_calls("tokens in one call", x, weights=weights)
        each = in_calls("tokens one by one", *np.split(x, range(1, 9)), weights=weights)
        yield "a token in each call", each
        for cuts in ([4, 5], [1, 5], sorted(rng.choice(range(1, 9), 3, False))):
            parts = in_calls("tokens in several calls", *np.split(x, cuts), weights=weights)
            yield "several tokens in each of several calls", parts
    x = rng.normal(size=(150, D))  # none of which is so far back that it counts no more
    yield "150 tokens", in_calls("many tokens in several calls", *np.split(x, [90, 91, 140]), weights=weights)
    for K, D in ((2, 9), (4, 12)):
        weights = {name: rng.normal(size=(K, D)) for name in ("query", "key", "value")}
        x = rng.normal(size=(50, D))
        size = asking("the size", lambda student, x=x, w=weights: is_small(student, x, w))
        yield "what the cache holds after 50 tokens", size.gives(True)


kv_cache.another(
    "keys kept as they are and turned anew, token by token",
    """
def attend_with_cache(x, cache, weights):
    rows = list(cache or [])
    found = []
    for vector in x:
        rows.append([weights["key"] @ vector, weights["value"] @ vector])
        keys = rotate(np.array([key for key, _ in rows]), np.arange(len(rows)))
        query = rotate((weights["query"] @ vector)[None], [len(rows) - 1])[0]
        scores = keys @ query * len(query) ** -0.5
        odds = np.exp(scores - scores.max())
        found.append(sum(o * value for o, (_, value) in zip(odds / odds.sum(), rows)))
    return np.array(found), rows
""",
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
NUMBERS = '2 * config["block_count"] * kv_heads * size'
REST = "left // cache_bytes(config, length - shared, bytes_per_number)"
LEFT = "memory - weight_bytes - cache_bytes(config, shared, bytes_per_number)"
users.slip("a key *and* a value are kept of each token", {NUMBERS: NUMBERS.removeprefix("2 * ")})
users.slip(
    "that is twice too much: the 2 for a key and a value is there already", {NUMBERS: f"2 * {NUMBERS}"}
)
users.slip(
    "keys and values both have `head_count_kv` heads; only queries have `head_count`",
    {NUMBERS: NUMBERS.replace("2 * ", "").replace("kv_heads", "(heads + kv_heads)")},
)
users.slip("that is for one token; `n_tokens` are kept", {" * n_tokens": ""})
users.slip("bytes are asked for, not bits", {"* bytes_per_number": "* 8 * bytes_per_number"})
users.slip(
    "a value is as long as a key: `key_length` holds for both",
    {NUMBERS: 'config["block_count"] * kv_heads * (size + config["embedding_length"] // heads)'},
)
users.slip("every block has a cache of its own", {NUMBERS: "2 * kv_heads * size"})
users.slip(
    "kept are K numbers for each head of keys and values, with K = embedding_length / head_count; you kept "
    "the whole width",
    {NUMBERS: NUMBERS.replace("kv_heads", "heads")},
    {NUMBERS: NUMBERS.replace("kv_heads * size", 'config["embedding_length"]')},
    {'config["embedding_length"] // heads': 'config["embedding_length"] // kv_heads'},
    {'config["embedding_length"] // heads': 'config["embedding_length"]'},
)
users.slip(
    "`key_length` holds where it is written",
    {'config.get("key_length", config["embedding_length"] // heads)': 'config["embedding_length"] // heads'},
)
users.slip(
    "`head_count_kv` need not be written; then it is as many as there are heads",
    {'config.get("head_count_kv", heads)': 'config["head_count_kv"]'},
    {'config.get("head_count_kv", heads)': 'config.get("head_count_kv", 1)'},
)
users.slip("those are numbers; each takes `bytes_per_number` bytes", {" * bytes_per_number": ""})
users.slip("`bytes_per_number` has no effect", {"* bytes_per_number": "* 2"})
users.slip(
    "bytes are asked for, not thousands of them",
    *({"bytes_per_number * n_tokens": f"bytes_per_number * n_tokens / {k}"} for k in (1000, 1024)),
)
users.slip(
    "the embedding is no part of the cache",
    {NUMBERS: f'{NUMBERS} + config["vocab_size"] * config["embedding_length"]'},
)
users.slip(
    "a user who fits in part does not fit: round down",
    {REST: REST.replace("//", "/")},
    {REST: f"round({REST.replace('//', '/')})"},
    {REST: f"-(-{REST})"},
)
users.slip("one more than fits", {REST: f"{REST} + 1"})
users.slip(
    "who fits to the last byte fits: five users of 1,200 bytes are 6,000",
    {REST: REST.replace("left //", "(left - 1) //")},
)
users.slip(
    "the weights lie in the same memory",
    {LEFT: LEFT.replace(" - weight_bytes", "")},
)
users.slip(
    "the weights are kept once, for all users together",
    {REST: REST.replace("left // ", "memory // (weight_bytes + ") + ")"},
)
users.slip(
    "what is shared is kept once; you counted it for each user",
    {REST: REST.replace("length - shared", "length")},
    {LEFT: "memory - weight_bytes", REST: REST.replace("length - shared", "length")},
)
users.slip("what is shared is kept as well, once", {LEFT: "memory - weight_bytes"})
users.slip(
    "what is shared takes `cache_bytes` of its tokens; you took off their number",
    {LEFT: "memory - weight_bytes - shared"},
)
users.slip(
    "`length` has the shared tokens in it; each user's own are length - shared",
    {REST: REST.replace("length - shared", "length + shared")},
)
users.slip(
    "`bytes_per_number` is not handed on to `cache_bytes`",
    {LEFT: LEFT.replace(", bytes_per_number", ""), REST: REST.replace(", bytes_per_number", "")},
    {LEFT: LEFT.replace(", bytes_per_number", "")},
    {REST: REST.replace(", bytes_per_number", "")},
)
users.slip(
    "what does not fit is to raise ValueError", {"left < 0": "False"}, {"left < 0": "memory < weight_bytes"}
)
users.slip(
    "what does not fit is to raise ValueError; you returned something",
    *(
        {'raise ValueError("the weights and what is shared do not fit into the memory")': f"return {value}"}
        for value in (0, None)
    ),
)
users.slip("exactly full fits, with no user", {"left < 0": "left <= 0"})
users.slip(
    "who has room for no user serves 0; that is no error",
    {"left < 0": "left < cache_bytes(config, length, bytes_per_number)"},
)


@users.hidden(
    "sizes as of models from some millions to some hundred billions, with and without what may be missing",
    parts={
        "`cache_bytes`": 0.3,
        "`most_users`": 0.4,
        "`most_users` where the memory is full to the last byte": 0.15,
        "`most_users` where weights and prompt do not fit": 0.15,
    },
)
def random_machines(rng):
    for layers, heads, kv, size in ((30, 9, 3, 64), (80, 64, 8, 128), (6, 12, 4, 32)):
        config = {"block_count": layers, "head_count": heads, "embedding_length": heads * size}
        every = {}, {"head_count_kv": kv}, {"head_count_kv": kv, "key_length": 2 * size}
        for each, more in zip((1, 2, 4), every):
            sizes = {**config, **more}
            length, shared = int(rng.integers(500, 8000)), int(rng.integers(10, 400))
            a_token = 2 * layers * sizes.get("head_count_kv", heads) * sizes.get("key_length", size) * each
            weights, n = int(rng.integers(10**8, 10**11)), int(rng.integers(2, 50))
            full = weights + a_token * (shared + n * (length - shared))
            asked = sizes, length, shared, each
            some, brim = (
                a_token * (length - shared) // 2,
                "`most_users` where the memory is full to the last byte",
            )
            yield "`cache_bytes`", ask.cache_bytes(sizes, length, each).gives(a_token * length)
            yield "`most_users`", ask.most_users(full + some, weights, *asked).gives(n)
            yield "`most_users`", ask.most_users(full - some, weights, *asked).gives(n - 1)
            # room for half a user; three quarters shared, more than a user's own; nothing shared, 16 bits
            half = weights + a_token * shared + some
            yield "`most_users`", ask.most_users(half, weights, *asked).gives(0)
            most = 3 * length // 4
            half = weights + a_token * most + (2 * n + 1) * (a_token * (length - most) // 2)
            yield "`most_users`", ask.most_users(half, weights, sizes, length, most, each).gives(n)
            half = weights + (2 * n + 1) * (a_token // each * length)
            yield "`most_users`", ask.most_users(half, weights, sizes, length).gives(n)
            yield brim, ask.most_users(full, weights, *asked).gives(n)
            yield brim, ask.most_users(full - 1, weights, *asked).gives(n - 1)
            yield brim, ask.most_users(weights + a_token * shared, weights, *asked).gives(0)
            for memory in (weights + a_token * shared - 1, weights // 2):
                refused = ask.most_users(memory, weights, *asked).raises("ValueError")
                yield "`most_users` where weights and prompt do not fit", refused


users.another(
    "by trying",
    """
def cache_bytes(config, n_tokens, bytes_per_number=2):
    kv = config["head_count_kv"] if "head_count_kv" in config else config["head_count"]
    heads = config["head_count"]
    K = config["key_length"] if "key_length" in config else int(config["embedding_length"] / heads)
    return sum(2 * kv * K for _ in range(config["block_count"])) * n_tokens * bytes_per_number


def most_users(memory, weight_bytes, config, length, shared=0, bytes_per_number=2):
    def needed(n):
        return weight_bytes + cache_bytes(config, shared + n * (length - shared), bytes_per_number)

    if needed(0) > memory:
        raise ValueError("too little")
    low, high = 0, 1
    while needed(high) <= memory:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if needed(middle) <= memory else (low, middle)
    return low
""",
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
SQUEEZED = "positions[:, None] / factor * base ** (-np.arange(0, size, 2) / size)"
ANGLES = "    factor = max(1, longest / trained)\n    return positions"
BASES = "    factor = max(1, longest / trained)\n    return base"
NEW = "base * factor ** (size / (size - 2))"
longer.slip(
    "the places of the longer text become smaller, divided by longest / trained; yours become larger still",
    {SQUEEZED: SQUEEZED.replace("/ factor", "* factor")},
    {ANGLES: ANGLES.replace("max", "min").replace("longest / trained", "trained / longest")},
    {ANGLES: ANGLES.replace("max(1, longest / trained)", "trained / longest")},
)
longer.slip(
    "a text that is no longer than those of the training is left as it is",
    {ANGLES: ANGLES.replace("max(1, longest / trained)", "longest / trained")},
    {BASES: BASES.replace("max(1, longest / trained)", "longest / trained")},
)
longer.slip(
    "12 tokens for 8 are one and a half, no whole number",
    {ANGLES: ANGLES.replace("longest / trained", "longest // trained")},
    {BASES: BASES.replace("longest / trained", "longest // trained")},
    {SQUEEZED: SQUEEZED.replace("/ factor", "// factor")},
)
longer.slip(
    "where the text is longer the places must be squeezed; your factor stays 1",
    {ANGLES: ANGLES.replace("max", "min")},
    {ANGLES: ANGLES.replace("longest / trained", "trained / longest")},
    {SQUEEZED: SQUEEZED.replace(" / factor", "")},
)
longer.slip(
    "longest steps become trained steps: the factor is longest / trained; you counted from the first place "
    "to the last",
    {ANGLES: ANGLES.replace("longest / trained", "(longest - 1) / (trained - 1)")},
    {BASES: BASES.replace("longest / trained", "(longest - 1) / (trained - 1)")},
)
longer.slip(
    "only places behind the training's end are squeezed in yours; all are, by one factor",
    {
        SQUEEZED: SQUEEZED.replace(
            "positions[:, None] / factor",
            "np.where(positions < trained, positions, positions / factor)[:, None]",
        )
    },
)
longer.slip(
    "the factor is longest / trained, whichever places are asked for; you took the largest of them",
    {SQUEEZED: SQUEEZED.replace("/ factor", "/ max(1, positions.max() / trained)")},
)
longer.slip(
    "places behind the training's end are not cut off: all are squeezed",
    {SQUEEZED: SQUEEZED.replace("positions[:, None] / factor", "np.minimum(positions, trained)[:, None]")},
)
longer.slip("places are rows, pairs are columns", {SQUEEZED: f"({SQUEEZED}).T"})
longer.slip("a pair has one angle: K / 2 columns", {SQUEEZED: f"np.repeat({SQUEEZED}, 2, axis=1)"})
longer.slip(
    "pairs are counted from 0: the first turns by its place itself",
    {SQUEEZED: SQUEEZED.replace("np.arange(0, size, 2)", "np.arange(2, size + 2, 2)")},
)
longer.slip(
    "the exponent of pair i is -2i / K; with the last pair yours reaches -1",
    {SQUEEZED: SQUEEZED.replace("(-np.arange(0, size, 2) / size)", "-np.linspace(0, 1, size // 2)")},
    {SQUEEZED: SQUEEZED.replace("2) / size", "2) / (size // 2)")},
)
longer.slip(
    "the frequencies fall: base to the power of *minus* 2i / K", {SQUEEZED: SQUEEZED.replace("(-np", "(np")}
)
longer.slip(
    "the exponent of pair i is -2i / K; yours is -i / K",
    {SQUEEZED: SQUEEZED.replace("(-np.arange(0, size, 2)", "(-np.arange(size // 2)")},
)
longer.slip(
    "`base` has no effect",
    {SQUEEZED: SQUEEZED.replace("base", "10_000.0")},
    {NEW: NEW.replace("base", "10_000.0")},
)
longer.slip(
    "here the places are squeezed, all pairs alike; you changed the base",
    {SQUEEZED: SQUEEZED.replace("/ factor * base", f"* ({NEW})")},
)
longer.slip(
    "the base itself was multiplied by the factor, and so the last pair turns less slowly than it should: "
    "which power of the base is its frequency?",
    {NEW: "base * factor"},
)
longer.slip(
    "solve for the base: your exponent is upside down",
    {NEW: "base * factor ** ((size - 2) / size)"},
)
longer.slip(
    "solve for the base: the factor's exponent tends to 1 where K is large, and yours to 0",
    {NEW: "base * factor ** (2 / (size - 2))"},
    {NEW: "base * factor ** (1 / (size - 2))"},
    {NEW: "base * factor ** (2 / size)"},
)
longer.slip(
    "solve for the base: the factor's exponent tends to 1 where K is large, and yours grows",
    {NEW: "base * factor ** size"},
    {NEW: "base * factor ** (size - 2)"},
    {NEW: "base * factor ** (size / 2 - 1)"},
)
longer.slip(
    "the factor is taken to a power, not multiplied by the exponent",
    {NEW: "base * factor * size / (size - 2)"},
)
longer.slip(
    "the factor's exponent is no whole number",
    {NEW: "base * factor ** (size // (size - 2))"},
)
longer.slip(
    "the last pair has the number K/2 - 1: put that into the exponent of a pair, and solve once more",
    {NEW: "base * factor ** (size / 2)"},
    {NEW: "base * factor ** (size / (size - 1))"},
    {NEW: "base * factor ** ((size // 2) / (size // 2 - 2 + 1e-300))"},
    {NEW: "base * factor ** (size / 2 / (size - 2))"},
    {NEW: "base * factor ** (size / (size + 2))"},
    {NEW: "base * factor ** ((size - 1) / (size - 2))"},
)
longer.slip(
    "the factor is taken to a power, not the base",
    {NEW: "(base * factor) ** (size / (size - 2))"},
    {NEW: "factor * base ** (size / (size - 2))"},
)
longer.slip("the base need not be a whole number", {NEW: f"round({NEW})"}, {NEW: f"int({NEW})"})
longer.slip(
    "what is asked for is the base, not what it is multiplied by", {NEW: "factor ** (size / (size - 2))"}
)
longer.slip(
    "for slower turns the base must grow; yours becomes smaller",
    {NEW: "base * factor ** (-size / (size - 2))"},
    {NEW: NEW.replace("factor", "(1 / factor)")},
)


@longer.hidden(
    "other sizes, bases and lengths",
    parts={
        "`squeezed_angles`": 0.5,
        "`stretched_base`": 0.6,
        "`squeezed_angles` of a text that is not longer": 0.2,
        "`stretched_base` for a text that is not longer": 0.2,
    },
)
def random_lengths(rng):
    for size, base in ((4, 100.0), (8, 10_000.0), (64, 10_000.0), (6, 500_000.0)):
        trained = int(rng.integers(50, 300))
        for longest in (2 * trained, trained + int(rng.integers(20, 49)), trained, trained // 2):
            positions = np.sort(rng.choice(longest, size=5, replace=False))
            parts = (
                ("`squeezed_angles`", "`stretched_base`")
                if longest > trained
                else (
                    "`squeezed_angles` of a text that is not longer",
                    "`stretched_base` for a text that is not longer",
                )
            )
            yield parts[0], ask.squeezed_angles(positions, size, trained, longest, base)
            yield parts[1], ask.stretched_base(size, trained, longest, base)


longer.another(
    "pair by pair, and the base by logarithms",
    """
def squeezed_angles(positions, size, trained, longest, base=10_000.0):
    rows = []
    for p in positions:
        p = p * trained / longest if longest > trained else p
        rows.append([p / base ** (2 * i / size) for i in range(size // 2)])
    return np.array(rows)


def stretched_base(size, trained, longest, base=10_000.0):
    if longest <= trained:
        return base
    slowest = np.log(base ** (-(size - 2) / size) * trained / longest)
    return np.exp(slowest * -size / (size - 2))
""",
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
HEAD, PAIRS = (
    'np.ascontiguousarray(blocks[:, :4]).view("<f2").astype(float)',
    "np.concatenate([pairs & 15, pairs >> 4], axis=1)",
)
OUT, BACK = "head[:, :1] * whole + head[:, 1:]", "whole[:, :16] + 16 * whole[:, 16:]"
SCALE, WHOLE = (
    "(weights.max(axis=1, keepdims=True) - least) / 15",
    "np.rint((weights - least) / np.where(scale > 0, scale, 1)).astype(np.uint8)",
)
PACKED = 'np.concatenate([scale, least], axis=1).astype("<f2")'
four_bits.slip(
    "the lower half of a byte comes first, numbers 0 to 15; the upper halves are numbers 16 to 31",
    {PAIRS: "np.concatenate([pairs >> 4, pairs & 15], axis=1)"},
    {BACK: "whole[:, 16:] + 16 * whole[:, :16]"},
)
four_bits.slip(
    "a byte does not hold two neighbours: number i and number i + 16 share one",
    {PAIRS: "np.stack([pairs & 15, pairs >> 4], axis=2).reshape(len(pairs), 32)"},
    {PAIRS: "np.stack([pairs >> 4, pairs & 15], axis=2).reshape(len(pairs), 32)"},
    {BACK: "whole[:, 0::2] + 16 * whole[:, 1::2]"},
    {BACK: "16 * whole[:, 0::2] + whole[:, 1::2]"},
)
four_bits.slip(
    "the upper half is moved down by four bits; else it counts sixteen times as much",
    {PAIRS: "np.concatenate([pairs & 15, pairs & 240], axis=1)"},
)
four_bits.slip(
    "the upper four bits must be taken off: b & 15", {PAIRS: "np.concatenate([pairs, pairs >> 4], axis=1)"}
)
four_bits.slip(
    "four bits count from 0 to 15; b & 15 keeps four of them",
    {PAIRS: "np.concatenate([pairs & 7, pairs >> 4], axis=1)"},
    {PAIRS: "np.concatenate([pairs % 15, pairs // 15], axis=1)"},
    {PAIRS: "np.concatenate([pairs & 15, pairs // 15], axis=1)"},
    {PAIRS: "np.concatenate([pairs & 15, pairs >> 3], axis=1)"},
    {PAIRS: "np.concatenate([pairs & 15, pairs >> 4 & 7], axis=1)"},
)
four_bits.slip(
    "numbers 16 to 31 are in the upper halves; you took the lower ones twice",
    {PAIRS: "np.concatenate([pairs & 15, pairs & 15], axis=1)"},
)
four_bits.slip(
    "the whole numbers begin at byte 4, behind the scale and the least weight",
    {"blocks[:, 4:]": "blocks[:, 2:18]"},
)
four_bits.slip(
    "the scale comes first, then the least weight",
    {OUT: "head[:, 1:] * whole + head[:, :1]"},
    {PACKED: PACKED.replace("scale, least", "least, scale")},
)
four_bits.slip(
    "scale and least weight stand before the whole numbers",
    {"np.concatenate([head, " + BACK + "]": "np.concatenate([" + BACK + ", head]"},
)
four_bits.slip(
    "`view` reads the same bytes as other numbers; `astype` makes other bytes of the same numbers",
    {HEAD: 'blocks[:, :4].astype("<f2").astype(float)'},
    {PACKED + ".view(np.uint8)": PACKED + ".astype(np.uint8)"},
)
four_bits.slip(
    'a scale and a least weight have two bytes each: "<f2", not "<f4"',
    {PACKED: PACKED.replace("<f2", "<f4")},
)
four_bits.slip(
    'the lower byte of a number comes first: "<f2", not ">f2"',
    {HEAD: HEAD.replace("<f2", ">f2")},
    {PACKED: PACKED.replace("<f2", ">f2")},
)
four_bits.slip(
    "scale and least are floating-point numbers of 16 bits; you read them as whole ones",
    {HEAD: HEAD.replace("<f2", "<u2")},
    {HEAD: HEAD.replace("<f2", "<i2")},
    {HEAD: "blocks[:, 0:4:2] + 256.0 * blocks[:, 1:4:2]"},
)
four_bits.slip("`least` is added, not taken off", {OUT: OUT.replace("whole + head", "whole - head")})
four_bits.slip("the least weight is missing", {OUT: "head[:, :1] * whole"})
four_bits.slip(
    "s q + m: the least weight is added after the scaling", {OUT: "head[:, :1] * (whole + head[:, 1:])"}
)
four_bits.slip(
    "whole numbers are from 0 to 15, none below: no 8 is taken off here",
    {OUT: "head[:, :1] * (whole - 8.0) + head[:, 1:]"},
    {OUT: "head[:, :1] * np.where(whole > 7, whole - 16.0, whole) + head[:, 1:]"},
    {WHOLE: WHOLE.replace("np.where(scale > 0, scale, 1))", "np.where(scale > 0, scale, 1) - 8)")},
)
four_bits.slip(
    "16 bits are for keeping; you multiplied in them and lost the last figures. Make floats of 64 bits first",
    {HEAD: HEAD.removesuffix(".astype(float)")},
    {OUT: f"({OUT}).astype(np.float16)"},
)
four_bits.slip(
    "each block has a scale and a least weight of its own; you took those of the first for all",
    {OUT: "head[0, 0] * whole + head[0, 1]"},
)
four_bits.slip(
    "from 0 to 15 there are 15 steps, not 16",
    {SCALE: SCALE.replace("15", "16")},
    {
        SCALE: SCALE.replace("15", "16"),
        "np.rint(": "np.minimum(15, ",
        ".astype(np.uint8)\n    head": ".round().astype(np.uint8)\n    head",
    },
)
four_bits.slip(
    "the smallest of each *row* is meant; you took that of each column",
    {"weights.min(axis=1, keepdims=True)": "weights.min(axis=0, keepdims=True)"},
)
four_bits.slip(
    "the largest becomes 15: the scale is the whole range over 15",
    {SCALE: "weights.max(axis=1, keepdims=True) / 15"},
    {SCALE: "abs(weights).max(axis=1, keepdims=True) / 15"},
    {SCALE: "abs(weights).max(axis=1, keepdims=True) / 7"},
    {SCALE: SCALE.replace(" / 15", "")},
)
four_bits.slip(
    "to the *nearest* whole number; you cut off what is behind the point",
    {WHOLE: WHOLE.replace("np.rint(", "np.floor(")},
    {WHOLE: WHOLE.replace("np.rint(", "(")},
)
four_bits.slip("to the nearest whole number; you rounded up", {WHOLE: WHOLE.replace("np.rint(", "np.ceil(")})
four_bits.slip(
    "every row has a smallest and a largest weight of its own; yours are those of all",
    {
        "weights.min(axis=1, keepdims=True)": "np.full((len(weights), 1), weights.min())",
        SCALE: "(np.full((len(weights), 1), weights.max()) - least) / 15",
    },
)
four_bits.slip(
    "every row has a least weight of its own; you took that of all",
    {"weights.min(axis=1, keepdims=True)": "np.full((len(weights), 1), weights.min())"},
)
four_bits.slip(
    "the least weight is taken off before you divide", {WHOLE: WHOLE.replace("(weights - least)", "weights")}
)
four_bits.slip(
    "where all weights are equal the scale is 0, and 0 / 0 is no number",
    {WHOLE: "np.array([[round(w) for w in row] for row in (weights - least) / scale]).astype(np.uint8)"},
)
four_bits.slip(
    "where all weights are equal the scale is 0, and stays 0 in the block",
    {SCALE: f"{SCALE}\n    scale = np.where(scale > 0, scale, 1)"},
)
four_bits.slip(
    "a byte is 16 · upper + lower, not 10 · upper",
    {BACK: BACK.replace("16 *", "10 *")},
    {BACK: BACK.replace("16 *", "15 *")},
)


@four_bits.hidden(
    "random blocks, and weights that are near the steps of some block",
    parts={
        "`dequantise`": 0.6,
        "`quantise`": 0.65,
        "`quantise` of equal weights": 0.25,
    },
)
def random_blocks(rng):
    for n in (1, 3):
        head = (
            rng.choice([1, -1], (n, 2))
            * 2.0 ** rng.integers(-6, 1, (n, 2))
            * (1 + rng.integers(1, 1024, (n, 2)) / 1024)
        )
        given = np.concatenate(
            [head.astype("<f2").view(np.uint8), rng.integers(256, size=(n, 16)).astype(np.uint8)], axis=1
        )
        values = given[:, :4].copy().view("<f2").astype(float)
        low, high = given[:, 4:] % 16, given[:, 4:] // 16
        right = np.concatenate([low, high], axis=1) * values[:, :1] + values[:, 1:]
        yield "`dequantise`", ask.dequantise(given).gives(right, tolerance=1e-6)
        scales = 2.0 ** rng.integers(-8, 3, (n, 1))
        steps = rng.integers(1, 15, size=(n, 32))
        off = rng.uniform(-0.4, 0.4, size=(n, 32))
        steps[:, 5], steps[:, 20], off[:, [5, 20]] = 0, 15, 0
        yield "`quantise`", ask.quantise(scales * (steps + off - 6))
    # one of them a number that 16 · upper + lower shows where the least weight is not taken off
    equal = rng.permutation([2.0 ** rng.integers(4), -(2.0 ** rng.integers(-9, 9))])
    yield "`quantise` of equal weights", ask.quantise(np.repeat(equal[:, None], 32, axis=1))


four_bits.another(
    "byte by byte",
    """
import struct


def dequantise(blocks):
    rows = []
    for block in blocks:
        scale, least = struct.unpack("<2e", bytes(block[:4].tolist()))
        pairs = block[4:].tolist()
        rows.append([scale * q + least for q in [b % 16 for b in pairs] + [b // 16 for b in pairs]])
    return np.array(rows, dtype=np.float32)


def quantise(weights):
    rows = []
    for row in weights.tolist():
        least, scale = min(row), (max(row) - min(row)) / 15
        q = [int((w - least) / scale + 0.5) if scale else 0 for w in row]
        rows.append([*struct.pack("<2e", scale, least), *(q[i] | q[i + 16] << 4 for i in range(16))])
    return np.array(rows, dtype=np.uint8)
""",
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
LACK, STAYS = "np.maximum(p - q, 0)", "uniform[i] >= p[i, token] / q[i, token]"
INSTEAD, EXTRA = "draw(residual(p[i], q[i]), uniform[-1])", "[*guesses, draw(p[-1], uniform[-1])]"
speculation.slip("what *q* has too little of: p - q", {LACK: "np.maximum(q - p, 0)"})
speculation.slip("what q has too much of counts 0; you took its absolute value", {LACK: "abs(p - q)"})
NORMED = "left / left.sum() if left.sum() > 0 else p"
speculation.slip(
    "what q has too much of counts 0: max(p - q, 0). Without it the sum of p - q is 0, whatever they are",
    {LACK: "p - q"},
    {LACK: "p - q", NORMED: "left / left.sum()"},
    {LACK: "p - q", NORMED: "left / abs(left).sum()"},
    {LACK: "p - q", NORMED: "left / left[left > 0].sum()"},
    {LACK: "p - q", NORMED: "left"},
)
speculation.slip(
    "what is left must be divided by its sum, to be probabilities",
    {NORMED: "left if left.sum() > 0 else p"},
    {NORMED: "left / left.max() if left.sum() > 0 else p"},
    {NORMED: "np.exp(left) / np.exp(left).sum() if left.sum() > 0 else p"},
)
speculation.slip("that is what p and q have in common; asked for is what q lacks", {LACK: "np.minimum(p, q)"})
speculation.slip(
    "where p and q are equal, p is the answer",
    {NORMED: "left / left.sum() if left.sum() > 0 else left"},
    {NORMED: "left / left.sum() if left.sum() > 0 else np.full(len(p), 1 / len(p))"},
)
speculation.slip(
    "where p = q nothing is left, and 0 / 0 is no number",
    {NORMED: "left / left.sum()"},
)
speculation.slip(
    "a refused guess is replaced from the residual; p itself would count again what has stayed already",
    {NORMED: "p"},
    {INSTEAD: "draw(p[i], uniform[-1])"},
)
speculation.slip("p over q, not q over p", {STAYS: "uniform[i] >= q[i, token] / max(p[i, token], 1e-300)"})
speculation.slip(
    "it stays *below* p / q; yours stays above", {STAYS: "uniform[i] < p[i, token] / q[i, token]"}
)
speculation.slip(
    "a guess less likely than q says may stay as well, by its number; yours never does",
    {STAYS: "p[i, token] < q[i, token]"},
)
speculation.slip(
    "a guess stays with the probability p / q; yours with p", {STAYS: "uniform[i] >= p[i, token]"}
)
speculation.slip(
    "a guess stays with the probability p / q; yours with q", {STAYS: "uniform[i] >= q[i, token]"}
)
speculation.slip(
    "a guess stays with the probability p / q; yours with p - q",
    {STAYS: "uniform[i] >= p[i, token] - q[i, token]"},
)
speculation.slip(
    "it stays if its number is *below* p / q: what the model never says must not stay at the number 0",
    {STAYS: STAYS.replace(">=", ">")},
)
speculation.slip("every guess stays in yours; p has no say", {STAYS: "False"})
speculation.slip("every guess is refused in yours", {STAYS: "True"})
speculation.slip(
    "a guess stays by chance, not only if it is the likeliest token", {STAYS: "token != p[i].argmax()"}
)
speculation.slip(
    "guess i is judged by number i; you took the last one, which is for the draw",
    {STAYS: STAYS.replace("uniform[i]", "uniform[-1]")},
)
speculation.slip(
    "guess i is judged by number i; you took the first one for all",
    {STAYS: STAYS.replace("uniform[i]", "uniform[0]")},
)
speculation.slip(
    "row i of p and of q belongs to guess i; you took the first row for all",
    {STAYS: STAYS.replace("p[i,", "p[0,")},
    {STAYS: STAYS.replace("q[i,", "q[0,")},
)
speculation.slip(
    "the last number is for the token that is drawn; you took the guess's own again",
    {INSTEAD: "draw(residual(p[i], q[i]), uniform[i])"},
)
speculation.slip(
    "the last number is for the token that is drawn; you took that of the next guess",
    {INSTEAD: "draw(residual(p[i], q[i]), uniform[i + 1])"},
)
speculation.slip(
    "row i of p is what the model says *before* guess i; you took another row",
    {STAYS: STAYS.replace("p[i,", "p[i + 1,")},
    {STAYS: STAYS.replace("p[i,", "p[i - 1,")},
)
speculation.slip(
    "a refused guess is replaced by what stands in *its* row",
    {INSTEAD: "draw(residual(p[0], q[0]), uniform[-1])"},
    {INSTEAD: "draw(residual(p[i + 1], q[i]), uniform[-1])"},
    {INSTEAD: "draw(p[i + 1], uniform[-1])"},
    {INSTEAD: "draw(p[-1], uniform[-1])"},
)
speculation.slip(
    "a refused guess is replaced from the residual, not from q, which it was drawn from",
    {INSTEAD: "draw(q[i], uniform[-1])"},
)
speculation.slip(
    "a refused guess is replaced: one token is drawn in its place",
    {f"[*guesses[:i], {INSTEAD}]": "[*guesses[:i]]"},
)
speculation.slip(
    "the residual is that of p and q, in this order: what q has too little of",
    {INSTEAD: "draw(residual(q[i], p[i]), uniform[-1])"},
)
speculation.slip(
    "at the first refused guess all ends: no guess behind it is looked at",
    """
def verify(p, q, guesses, uniform):
    text = []
    for i, token in enumerate(guesses):
        stays = uniform[i] < p[i, token] / q[i, token]
        text.append(token if stays else draw(residual(p[i], q[i]), uniform[-1]))
    return [*text, draw(p[-1], uniform[-1])]
""",
)
speculation.slip(
    "behind a refused guess one token is drawn, not two",
    {f"[*guesses[:i], {INSTEAD}]": f"[*guesses[:i], {INSTEAD}, draw(p[i + 1], uniform[-1])]"},
    {f"[*guesses[:i], {INSTEAD}]": f"[*guesses[:i], {INSTEAD}, draw(p[-1], uniform[-1])]"},
)
speculation.slip(
    "the token behind the last guess is drawn from p itself, not from a residual",
    {EXTRA: "[*guesses, draw(residual(p[-1], q[-1]) if len(q) else p[-1], uniform[-1])]"},
)
speculation.slip(
    "the refused guess itself must go", {f"[*guesses[:i], {INSTEAD}]": f"[*guesses[: i + 1], {INSTEAD}]"}
)
speculation.slip(
    "what is behind a refused guess is dropped: it was guessed after a text that is not there",
    {f"[*guesses[:i], {INSTEAD}]": f"[*guesses[:i], {INSTEAD}, *guesses[i + 1 :]]"},
)
speculation.slip(
    "those that stayed before the refused guess are kept", {f"[*guesses[:i], {INSTEAD}]": f"[{INSTEAD}]"}
)
speculation.slip(
    "if all guesses stay, one token more is drawn, from the last row of p", {EXTRA: "[*guesses]"}
)
speculation.slip(
    "the token behind the last guess is drawn from the *last* row of p",
    {EXTRA: "[*guesses, draw(p[-2] if len(p) > 1 else p[0], uniform[-1])]"},
)
speculation.slip(
    "the token behind the last guess is drawn by the model, not by what guesses",
    {EXTRA: "[*guesses, draw(q[-1] if len(q) else p[-1], uniform[-1])]"},
)
speculation.slip(
    "the likeliest token is not drawn: take `draw` and the last number",
    {EXTRA: "[*guesses, int(p[-1].argmax())]"},
    {INSTEAD: "int(residual(p[i], q[i]).argmax())"},
)


@speculation.hidden(
    "random distributions, up to four guesses",
    parts={
        "`residual`": 0.4,
        "`verify`": 0.9,
        "`verify` without any guess": 0.2,
    },
)
def random_guesses(rng):
    for k, V in ((1, 3), (2, 5), (4, 6)):
        for _ in range(6):
            p, q = rng.dirichlet(np.full(V, 0.7), k + 1), rng.dirichlet(np.full(V, 0.7), k)
            p[0, 0], q[0, 0] = 0.0, max(q[0, 0], 0.1)
            p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
            yield "`residual`", ask.residual(p[0], q[0])
            guesses = [int(rng.choice(V, p=row)) for row in q]
            guesses = [guess or 1 for guess in guesses]  # token 0 the model rules out
            yield "`verify`", ask.verify(p, q, guesses, rng.random(k + 1))
            yield "`verify`", ask.verify(p, q, guesses, np.append(rng.random(k) / 10, rng.random()))
        for last in (0.02, 0.5, 0.98):
            yield "`verify`", ask.verify(p, q, [0, *guesses[1:]], np.append(np.zeros(k), last))
    for number in (0.05, 0.5, 0.95):
        row = rng.permutation([0.1, 0.2, 0.3, 0.4])[None]
        yield "`verify` without any guess", ask.verify(row, np.zeros((0, 4)), [], np.array([number]))
    order = rng.permutation(4)
    first, second = np.argsort(order)[[3, 0]].tolist()
    yield "`verify`", ask.verify(TWO_P[:, order], TWO_Q[:, order], [first, second], np.array([0.1, 0.3, 0.3]))


@speculation.hidden("what comes out over all guesses, distributed as the model says", weight=0.5)
def exact_shares(rng):
    for order in (np.arange(4)[::-1], np.array([0, 1, 3, 2]), rng.permutation(4)):

        def permuted(student, order=order):
            found = shares(
                student, lambda text: (NEXT if text else LESS)[order], lambda _: MORE[order], (5, 4)
            )
            return [found.get((token,), 0.0) for token in range(4)]

        yield asking("the shares of four tokens", permuted).gives(LESS[order].tolist())
    yield asking("the shares of pairs", two_guesses).gives([0.375, 0.375, 0.0625, 0.1875])


speculation.another(
    "with all ratios at once",
    """
def residual(p, q):
    lack = [a - b if a > b else 0.0 for a, b in zip(p, q)]
    return np.array(lack) / sum(lack) if any(lack) else np.array(p)


def verify(p, q, guesses, uniform):
    k = len(guesses)
    stay = [min(1.0, p[i][g] / q[i][g]) for i, g in enumerate(guesses)]
    refused = [i for i in range(k) if not uniform[i] < stay[i]]
    kept = refused[0] if refused else k
    row = residual(p[kept], q[kept]) if refused else p[k]
    total, token = row[0], 0
    while total <= uniform[k]:
        token += 1
        total += row[token]
    return list(guesses[:kept]) + [token]
""",
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
PER_BYTE = "np.sum(row) / len(a.encode())"
ERROR = "x.std(ddof=1) / np.sqrt(len(x))"
DIFFERENCE = "return _mean_and_error(first * 1.0 - second)"
ITSELF = "x = first * 1.0 - second\n    return float(x.mean()), "
APART = "(a, s), (b, t) = accuracy(first), accuracy(second)\n    return a - b, "
questions.slip("the sum is divided by the answer's length; else short answers win", {PER_BYTE: "np.sum(row)"})
questions.slip("divide by bytes, not by tokens", {PER_BYTE: "np.mean(row)"})
questions.slip("divide by bytes only, not by tokens as well", {PER_BYTE: "np.mean(row) / len(a.encode())"})
questions.slip(
    "the *logarithm* is divided by the length; you divided the probability, e to the power of the sum",
    {PER_BYTE: "np.exp(np.sum(row)) / len(a.encode())"},
)
questions.slip(
    "divide by bytes, not by characters: é and à have two each", {PER_BYTE: "np.sum(row) / len(a)"}
)
questions.slip(
    "the *largest* wins; logarithms of probabilities are below 0, and the nearest to it is the largest",
    {"np.argmax": "np.argmin"},
)
questions.slip("you multiplied by the length; divide", {PER_BYTE: "np.sum(row) * len(a.encode())"})
questions.slip("which one is asked for, not its score", {"int(np.argmax([": "float(np.max(["})
questions.slip(
    "the answer's number is asked for, not its text",
    {
        "return int(np.argmax(": "return answers[int(np.argmax(",
        " zip(log_probs, answers)]))": " zip(log_probs, answers)]))]",
    },
)
questions.slip(
    "the logarithms of the tokens are added; you looked at the first only", {"np.sum(row)": "row[0]"}
)
questions.slip(
    "the logarithms of the tokens are added; you looked at the last only", {"np.sum(row)": "row[-1]"}
)
questions.slip(
    "of two equal answers the first wins",
    {
        "int(np.argmax([": "(lambda s: max(range(len(s)), key=lambda i: (s[i], i)))([",
        ", a in zip(log_probs, answers)]))": ", a in zip(log_probs, answers)])",
    },
)
questions.slip(
    "the squared deviations are divided by n - 1, not by n",
    {ERROR: ERROR.replace("ddof=1", "ddof=0")},
    {ERROR: "np.sqrt(x.mean() * (1 - x.mean()) / len(x))"},
    {DIFFERENCE: f"{ITSELF}float(x.std() / np.sqrt(len(x)))"},
    {DIFFERENCE: f"{ITSELF}float(np.sqrt((x**2).sum()) / len(x))"},
)
questions.slip(
    "that is how far single answers scatter; the mean's error is that over the root of n",
    {ERROR: "x.std(ddof=1)"},
    {ERROR: "x.std()"},
    {DIFFERENCE: f"{ITSELF}float(x.std(ddof=1))"},
)
questions.slip(
    "the spread is divided by the root of n, not by n",
    {ERROR: "x.std(ddof=1) / len(x)"},
    {DIFFERENCE: f"{ITSELF}float(x.std(ddof=1) / len(x))"},
)
questions.slip(
    "that is the error's square; its root is missing",
    {ERROR: "x.var(ddof=1) / len(x)"},
    {ERROR: "x.mean() * (1 - x.mean()) / len(x)"},
    {DIFFERENCE: f"{ITSELF}float(x.var(ddof=1) / len(x))"},
)
questions.slip(
    "the root is of s² as well as of n: s / √n; you have s² / √n",
    {ERROR: "x.var(ddof=1) / np.sqrt(len(x))"},
)
questions.slip(
    "the root is of n, not of n - 1 once more",
    {ERROR: "x.std(ddof=1) / np.sqrt(len(x) - 1)"},
    {DIFFERENCE: f"{ITSELF}float(x.std(ddof=1) / np.sqrt(len(x) - 1))"},
)
questions.slip(
    "the share comes first, then its error",
    {"_mean_and_error(right * 1.0)": "_mean_and_error(right * 1.0)[::-1]"},
)
questions.slip("one standard error is asked for, not the 1.96 of an interval", {ERROR: f"1.96 * {ERROR}"})
questions.slip(
    "a share is from 0 to 1; no per cent",
    {"return float(x.mean()), float(x": "return 100 * float(x.mean()), 100 * float(x"},
)
questions.slip("how many were right is to be divided by n", {"float(x.mean())": "float(x.sum())"})
questions.slip(
    "those variances were added as if the models had been asked different questions; take the differences "
    "question by question",
    {DIFFERENCE: f"{APART}float(np.sqrt(s**2 + t**2))"},
    {DIFFERENCE: f"{APART}float(np.sqrt((first.var() + second.var()) / len(first)))"},
)
questions.slip(
    "two errors are not added, still less where the questions are the same",
    {DIFFERENCE: f"{APART}s + t"},
)
questions.slip(
    "the difference has an error of its own: that of the differences, question by question; you took that "
    "of one model, or a difference of two",
    {DIFFERENCE: f"{APART}s - t"},
    {DIFFERENCE: f"{APART}s"},
    {DIFFERENCE: f"{APART}max(s, t)"},
    {DIFFERENCE: f"{APART}(s + t) / 2"},
)
questions.slip(
    "what the two have in common is taken off, twice their covariance; you added it, or took it off once",
    *(
        {DIFFERENCE: f"{APART}float(np.sqrt(s**2 + t**2 {twice} * np.cov(first, second)[0, 1] / len(first)))"}
        for twice in ("+ 2", "- 1")
    ),
)
questions.slip(
    "how many more were right is to be divided by n",
    {DIFFERENCE: "x = first * 1.0 - second\n    return float(x.sum()), _mean_and_error(x)[1]"},
)
questions.slip(
    "one standard error is asked for, not the 1.96 of an interval",
    {DIFFERENCE: f"{ITSELF}1.96 * _mean_and_error(x)[1]"},
)
questions.slip(
    "a difference has a sign: 1 where only the first is right, -1 where only the second is",
    {"first * 1.0 - second": "abs(first * 1.0 - second)"},
    {"first * 1.0 - second": "(first != second) * 1.0"},
)
questions.slip(
    "the first less the second; yours is the other way round",
    {"first * 1.0 - second": "second * 1.0 - first"},
)
questions.slip(
    "booleans cannot be subtracted: make numbers of them first", {"first * 1.0 - second": "first - second"}
)
questions.slip(
    "questions on which both agree count as well, with a difference of 0",
    {"_mean_and_error(first * 1.0 - second)": "_mean_and_error((first * 1.0 - second)[first != second])"},
)


@questions.hidden(
    "random answers, and models of some hundred questions",
    parts={
        "`choose` among answers in English": 0.4,
        "`choose` among answers in several languages": 0.3,
        "`accuracy`": 0.4,
        "`difference`": 0.4,
    },
)
def random_questions(rng):
    english = ["no", "certainly not", "it is not known", "a", "yes", "the other one"]
    for texts, part in (
        (english, "`choose` among answers in English"),
        (
            [*english[:4], "être", "naïve", "是的", "不", "überall"],
            "`choose` among answers in several languages",
        ),
    ):
        for _ in range(8):
            n = int(rng.integers(2, 7))
            answers = [str(text) for text in rng.choice(texts, n, replace=False)]
            yield part, ask.choose([-rng.random(int(rng.integers(1, 6))) * 3 for _ in answers], answers)
    # -1 a byte against -1.8
    nearer = ask.choose([np.array([-1.0]), np.full(4, -0.9)], ["a", "ab"]).gives(0)
    yield "`choose` among answers in English", nearer
    yield part, ask.choose(LIKELY[::-1], ANSWERS[::-1]).gives(3)
    for n in (5, 300):
        first, second = rng.random(n) < 0.7, rng.random(n) < 0.4
        first[:2], second[:2] = (True, False), (False, False)
        yield "`accuracy`", ask.accuracy(first)
        yield "`difference`", ask.difference(first, second)
        yield "`difference`", ask.difference(second, first | second)


questions.another(
    "by loops and counts",
    """
def choose(log_probs, answers):
    best, where = -float("inf"), None
    for i, (tokens, answer) in enumerate(zip(log_probs, answers)):
        score = sum(tokens) / len(bytes(answer, "utf-8"))
        if score > best:
            best, where = score, i
    return where


def accuracy(right):
    n, share = len(right), sum(bool(r) for r in right) / len(right)
    return share, (share * (1 - share) / (n - 1)) ** 0.5


def difference(first, second):
    n = len(first)
    only, other = sum(first & ~second), sum(second & ~first)
    mean = (only - other) / n
    return mean, (((only + other) / n - mean**2) / (n - 1)) ** 0.5
""",
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
SAME = "(ids[:, None] == ids) & np.tri(len(ids), k=-1, dtype=bool)"
BEHIND, SUM = (
    "np.roll(earlier, 1, axis=1)",
    "(weights * behind).sum(axis=2)[:, earlier.any(axis=1)].mean(axis=1)",
)
EVEN = "visible / visible.sum(axis=1, keepdims=True)"
induction.slip(
    "the place *behind* the earlier token is meant; you looked at that token itself", {BEHIND: "earlier"}
)
induction.slip(
    "the place behind the earlier token; you took the one before it", {BEHIND: "np.roll(earlier, -1, axis=1)"}
)
induction.slip(
    "only places whose token has occurred *before* are averaged over, and no token occurs before itself; "
    "yours are all",
    {SUM: "(weights * behind).sum(axis=2).mean(axis=1)"},
    {SAME: SAME.replace("k=-1", "k=0")},
)
induction.slip(
    "the mean is over places, in each of which the weights in B are added; you took the mean of single "
    "weights",
    {SUM: "weights[:, behind].mean(axis=1)"},
)
induction.slip(
    "the weights at the places of B are added; you took their mean",
    {
        SUM: "((weights * behind).sum(axis=2) / np.maximum(behind.sum(axis=1), 1))[:, earlier.any(axis=1)]"
        ".mean(axis=1)"
    },
)
induction.slip(
    "only weights at the places of B count; you took the largest of the row, wherever it stands",
    {SUM: "weights.max(axis=2)[:, earlier.any(axis=1)].mean(axis=1)"},
    {SUM: "weights.max(axis=2).mean(axis=1)"},
)
induction.slip(
    "the mean over places is asked for; you took the largest",
    {SUM: SUM.replace("].mean", "].max")},
    {SUM: "(weights * behind).max(axis=(1, 2))"},
)
induction.slip(
    "the mean over places is missing: one number for each head", {SUM: SUM.removesuffix(".mean(axis=1)")}
)
induction.slip(
    "the place *right* behind the earlier token: one column further, not two",
    {BEHIND: "np.roll(earlier, 2, axis=1)"},
)
induction.slip("the token right before counts as earlier, too", {SAME: SAME.replace("k=-1", "k=-2")})
induction.slip(
    "earlier places are j < i, below the diagonal; yours are later ones",
    {SAME: SAME.replace("np.tri(len(ids), k=-1, dtype=bool)", "~np.tri(len(ids), dtype=bool)")},
)
induction.slip("the scores are added up; their mean is asked for", {SUM: SUM.replace("].mean", "].sum")})
induction.slip(
    "row i is who looks, column j what is looked at; yours are exchanged",
    {"weights * behind": "weights.transpose(0, 2, 1) * behind"},
)
induction.slip("each head has a score of its own; you took their mean", {SUM: f"{SUM}.mean(keepdims=True)"})
induction.slip(
    "only what is earlier counts; yours are all like it, later ones too",
    {SAME: "(ids[:, None] == ids) & ~np.eye(len(ids), dtype=bool)"},
)
induction.slip(
    "all earlier occurrences count; you took the last one only",
    {BEHIND: "np.roll(earlier & (np.cumsum(earlier[:, ::-1], axis=1)[:, ::-1] == 1), 1, axis=1)"},
)
induction.slip(
    "all earlier occurrences count; you took the first one only",
    {BEHIND: "np.roll(earlier & (np.cumsum(earlier, axis=1) == 1), 1, axis=1)"},
)
induction.slip(
    "a token right behind its own like counts as well, with its own place",
    {BEHIND: "np.roll(earlier, 1, axis=1) & np.tri(len(ids), k=-1, dtype=bool)"},
)
induction.slip(
    "that is the largest weight in B; their sum is asked for",
    {SUM: SUM.replace(".sum(axis=2)", ".max(axis=2)")},
)
induction.slip(
    "how *much* is looked there, not whether the most",
    {"weights * behind": "(weights == weights.max(axis=2, keepdims=True)) * behind"},
)
induction.slip(
    "the list need not be the same half twice; look for each token's earlier occurrences",
    {BEHIND: "np.eye(len(ids), k=1 - len(ids) // 2, dtype=bool)"},
)
induction.slip(
    "what is raised where no token occurs twice is ValueError",
    {"    if not earlier.any():": "    if False:"},
    {'raise ValueError("no token occurs twice")': "return np.zeros(len(weights))"},
)
induction.slip(
    "it may see itself and those before: i + 1 places from place i, not all T",
    {EVEN: "np.full((len(ids),) * 2, 1 / len(ids))"},
    {EVEN: "visible / len(ids)"},
)
induction.slip("each row of weights sums to one; yours are all 1", {EVEN: "visible"})
EVEN_SCORE = "return float(induction_scores((visible / visible.sum(axis=1, keepdims=True))[None], ids)[0])"
induction.slip(
    "only places whose token has occurred before are averaged over",
    {EVEN_SCORE: "return float(np.mean(1 / np.arange(1, len(ids) + 1)))"},
)
induction.slip(
    "of a token that stood there twice, both places behind it count",
    {EVEN_SCORE: "return float(np.mean([1 / (i + 1) for i in range(len(ids)) if ids[i] in ids[:i]]))"},
)
induction.slip("it sees itself as well", {"np.tri(len(ids))\n": "np.tri(len(ids), k=-1) + 1e-300\n"})
induction.slip(
    "the row's own sum divides it: i + 1 places from place i",
    {EVEN: "visible / visible.sum(axis=0, keepdims=True)"},
    {EVEN: "visible / np.arange(1, len(ids) + 1)"},
)
induction.slip(
    "one number is asked for",
    {"float(induction_scores((": "(induction_scores((", "[None], ids)[0])": "[None], ids))"},
)


@induction.hidden(
    "random lists, repeated or not, and random heads",
    parts={
        "`induction_scores`": 0.65,
        "`induction_scores` where no token occurs twice": 0.2,
        "`even_score`": 0.65,
    },
)
def random_lists(rng):
    for T, V, H in ((8, 4, 1), (12, 6, 3), (9, 3, 2)):
        ids = rng.integers(V, size=T)
        ids[1], ids[-1] = ids[0], ids[0]
        weights = np.tri(T) * rng.random((H, T, T))
        weights /= weights.sum(axis=2, keepdims=True)
        half = rng.permutation(50)[: T // 2]
        even = 2 * (T // 2)
        yield "`induction_scores`", ask.induction_scores(weights, ids)
        yield "`induction_scores`", ask.induction_scores(weights[:, :even, :even], np.tile(half, 2))
        yield "`even_score`", ask.even_score(ids)
        yield "`even_score`", ask.even_score(np.tile(half, 2))
    once = ask.induction_scores(weights, rng.permutation(T)).raises("ValueError")
    yield "`induction_scores` where no token occurs twice", once


induction.another(
    "by dictionaries and loops",
    """
def induction_scores(weights, ids):
    seen, scores = {}, []
    for i, token in enumerate(ids.tolist()):
        if token in seen:
            scores.append(sum(weights[:, i, j] for j in seen[token]))
        seen.setdefault(token, []).append(i + 1)
    if not scores:
        raise ValueError("nothing to look behind")
    return np.mean(scores, axis=0)


def even_score(ids):
    ids = ids.tolist()
    found = [ids[:i].count(t) / (i + 1) for i, t in enumerate(ids) if t in ids[:i]]
    return sum(found) / len(found)
""",
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
CERTAIN, LOOP = (
    "said = said[len(said) - len(guess) - 1 :]",
    "while any(len(text) < end for text, end in zip(texts, ends)):",
)
WRITTEN = "[text[len(prompt) :] for text, prompt in zip(texts, prompts)]"
FROM = "(slot, known[slot], text[known[slot] :] + guess)"
fast.slip(
    "your `write` has not called the function `read` that it was given",
    "old = write\nREAD = Metered(0).read\n\n\ndef write(read, prompts, n_tokens):\n"
    "    return old(READ, prompts, n_tokens)",
)
fast.slip("What the slot holds needs no second reading", {FROM: "(slot, 0, text + guess)"})
fast.slip(
    "do they share each pass?",
    "together = write\n\n\ndef write(read, prompts, n_tokens):\n    return [together(read, [prompt], "
    "n_tokens)[0] for prompt in prompts]",
)
fast.slip("of prompt 0 the continuation alone is to be returned", {WRITTEN: "texts"})
fast.slip(
    "the texts are to be returned in the prompts' order",
    {WRITTEN: f"{WRITTEN}[::-1]"},
)
fast.slip("Guesses must not go past the end", {"min(MOST, end - len(text) - 1)": "MOST"})
fast.slip("every guess was taken, right or wrong", {"guess[kept] == said[kept]": "True"})
fast.slip(
    "of several texts each has a slot of its own; else one is written over the other",
    {FROM: "(0, known[slot], text[known[slot] :] + guess)"},
)
fast.slip(
    "a slot holds its own text up to the guess that was right; what is read next begins there",
    {"known[slot] = len(texts[slot]) + kept": "known[slot] = len(texts[slot]) + len(guess)"},
)
fast.slip(
    "a token that the model has given is not yet read: its place is where the slot's text ends",
    {"known[slot] = len(texts[slot]) + kept": "known[slot] = len(texts[slot]) + kept + 1"},
)
fast.slip(
    "what is certain is the token behind the *newest*; you took the first of what came back",
    {CERTAIN: "pass"},
)
fast.slip(
    "all texts are as long as they should be, and your loop goes on",
    {LOOP: "while True:"},
)
fast.slip("`write` should return a list of 3 texts", {f"return {WRITTEN}": "texts"})
fast.slip(
    "a prompt was changed: work on copies", {"[list(prompt) for prompt in prompts], [0]": "prompts, [0]"}
)


fast.another(
    "one text at a time waits for none: rounds with what is new, guesses from a table of pairs",
    """
def write(read, prompts, n_tokens):
    texts = [list(p) for p in prompts]
    held = [[] for _ in prompts]
    after = {}
    for text in texts:
        for a, b, c in zip(text, text[1:], text[2:]):
            after[b], after[a, b] = c, c
    while unfinished := [i for i in range(len(texts)) if len(texts[i]) < len(prompts[i]) + n_tokens]:
        parts = []
        for i in unfinished:
            tail = list(texts[i])
            while len(tail) < min(len(texts[i]) + 2, len(prompts[i]) + n_tokens - 1):
                following = after.get(tuple(tail[-2:]), after.get(tail[-1]))
                if following is None:
                    break
                tail.append(following)
            parts.append((i, len(held[i]), tail[len(held[i]) :]))
        for (i, start, tokens), said in zip(parts, read(parts)):
            tail, at = held[i] + tokens, len(texts[i]) - 1
            while True:
                new = said[at - start]
                texts[i].append(new)
                after[texts[i][-2]] = after[tuple(texts[i][-3:-1])] = new
                at += 1
                if at >= len(tail) or tail[at] != new:
                    break
            held[i] = texts[i][:at]
    return [t[len(p) :] for t, p in zip(texts, prompts)]
""",
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


@check(
    "fast",
    hidden=True,
    hint=(
        f"milliseconds for each token, on other decoders and prompts: {FULL_AT} times as fast as "
        f"`slow_write` "
        f"earn all points, {NONE_AT} none"
    ),
    weight=2,
)
def price_of_hidden_texts(student, rng):
    """Milliseconds for each token, on decoders whose weights nobody has seen."""
    slow, paid = over_machines(student, rng.integers(10**6, 10**9, size=N_MACHINES), rng)
    return Score(part_of_points(slow / paid))
