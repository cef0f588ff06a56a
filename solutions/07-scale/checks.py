"""Exercises of assignment 7, scale.

Right values are small numbers, worked out by hand: widths of 2, powers of 4 with exponents of one half, rings
of two and three processes, stages that take one step forwards and two back.
"""

from __future__ import annotations

import math

import numpy as np

from lmcourse.grading.asking import ask, asking
from lmcourse.grading.checks import CheckFailed, Score, check, describe, expect, on_a_curve
from lmcourse.grading.exercise import Exercise
from lmcourse.scaling.simulated import Simulated


def array(*numbers):
    """An array of floats."""
    return np.array(numbers, dtype=float)


# 1. costs

costs = Exercise(
    "costs",
    points=2,
    minutes=25,
    hints=(
        "Write the numbers of one block down first, 4d² and 2d · d_inner, and keep that in a function of its "
        "own: three of the four functions need it. The table of vectors is one table, however often it is "
        "used; looked up, it costs nothing.",
        "A block and a token take 2 · (numbers of the block) operations forwards and 4dT for looking; a "
        "block "
        "that is trained takes three times that, a frozen one once. For `even_at` set 6 N with a cross equal "
        "to 12 L d T and solve for T.",
    ),
)
# a block: 4 · 4 + 2 · 2 · 8 = 48; three of them 144, and the output 5 · 2 = 10: 154; 7 positions: 168
TINY = {"d_model": 2, "n_layers": 3, "vocab_size": 5, "context_length": 7}
# a block: 16 + 2 · 2 · 3 = 28; 84 + 10 = 94; 108
NARROW = {"d_inner": 3, **TINY}  # in front, so that messages show it
costs.case(
    "Three blocks of width 2 have 48 numbers each, the output 10, the positions 14.",
    ask.multiplied(TINY).gives(154),
    ask.parameters(TINY).gives(168),
)
costs.case(
    "With an inside of 3 a block has 16 + 12 numbers.",
    ask.multiplied(NARROW).gives(94),
    ask.parameters(NARROW).gives(108),
    weight=0.5,
)
# looking: 4 · 2 · 7 = 56 forwards in a block, 168 in all; 6 · 154 + 3 · 168 = 1,428 a token
costs.case(
    "Six operations for each number and 12 · 3 · 2 · 7 for looking: with 154 numbers 1,428 a token, with 94 "
    "of them 1,068.",
    ask.multiplied(TINY).gives(
        154, "`training_flops` cannot be right before `multiplied` is: `multiplied(…)`"
    ),
    ask.training_flops(TINY, 10).gives(14_280),
    ask.training_flops(NARROW, 1).gives(6 * 94 + 504),
)
# two blocks that are trained: 2 (6 · 48 + 168) = 912; a frozen one 2 · 48 + 56 = 152; the output 60
costs.case(
    "With one block frozen: twice 288 + 168, once 96 + 56, and 60 for the output, 1,124.",
    ask.multiplied(TINY).gives(
        154, "`training_flops` cannot be right before `multiplied` is: `multiplied(…)`"
    ),
    ask.training_flops(TINY, 10, 1).gives(11_240),
    ask.training_flops(TINY, 1, 2).gives(456 + 304 + 60),
)
costs.case(
    "154 numbers are as dear as looking at 154 / 12 tokens in three blocks of width 2.",
    ask.multiplied(TINY).gives(154, "`even_at` cannot be right before `multiplied` is: `multiplied(…)`"),
    ask.even_at(TINY).gives(154 / 12),
    weight=0.5,
)
BLOCK, OUTPUT = (
    '4 * d * d + 2 * d * config.get("d_inner", 4 * d)',
    'config["vocab_size"] * config["d_model"]\n\n',
)
LOOKING, EACH = '2 * config["d_model"] * config["context_length"]', "2 * (in_block(config) + looking)"
EVEN = 'multiplied(config) / (2 * config["n_layers"] * config["d_model"])'
costs.slip("queries, keys, values and output: attention has four matrices", {"4 * d * d": "3 * d * d"})
costs.slip(
    "the feed-forward layer has two matrices, up and down",
    {BLOCK: BLOCK.replace("2 * d * config", "d * config")},
)
costs.slip("`d_inner` holds where it is written", {'config.get("d_inner", 4 * d)': "4 * d"})
costs.slip("each block has numbers of its own", {'config["n_layers"] * in_block(config)': "in_block(config)"})
costs.slip("the output is multiplied with as well", {f" + {OUTPUT}": "\n\n"})
costs.slip(
    "a row of the positions is looked up and added; nothing is multiplied with it",
    {OUTPUT: '(config["vocab_size"] + config["context_length"]) * config["d_model"]\n\n'},
)
costs.slip(
    "the table of vectors is one, at the beginning and at the end",
    {
        'return multiplied(config) + config["context_length"]': "return multiplied(config) + "
        '(config["context_length"] + config["vocab_size"])'
    },
)
costs.slip("the positions have a table, too", {' + config["context_length"] * config["d_model"]': ""})
costs.slip("forwards alone is a third of it: four more operations go backwards", {"(3 * each": "(1 * each"})
costs.slip(
    "looking is missing: in each block a token is compared with all T, 4dT operations forwards",
    {EACH: "2 * in_block(config)"},
)
costs.slip(
    "looking goes backwards, too, which is twice the way forwards: 12 L d T in all",
    {"return n_tokens * (3 * each": "return n_tokens * (-4 * looking * trained + 3 * each"},
)
costs.slip(
    "looking costs 4dT forwards in a block, once for the scores and once for the mean of the values; "
    "yours is half of it",
    {LOOKING: 'config["d_model"] * config["context_length"]'},
)
costs.slip("that is for one token; `n_tokens` are read", {"n_tokens * (3": "(3"})
costs.slip("the output is trained, too: six operations", {"output = 6 *": "output = 2 *"})
costs.slip(
    "what a token is multiplied with is counted, N with a cross; the positions are not",
    {"output = 6 *": 'output = 6 * config["context_length"] * config["d_model"] + 6 *'},
)
costs.slip("a frozen block works forwards as ever; it is missing in yours", {" + each * frozen": ""})
costs.slip("in a frozen block nothing goes backwards", {"each * frozen": "3 * each * frozen"})
costs.slip(
    "into a frozen block no gradient need go: nothing below it waits for one; you carried it through",
    {"each * frozen": "2 * each * frozen"},
)
costs.slip(
    "in a frozen block looking is done forwards only, 4dT",
    {"each * frozen": "(each + 4 * looking) * frozen"},
)
costs.slip(
    "`frozen` blocks are counted from all; you trained them all as well",
    {'config["n_layers"] - frozen': 'config["n_layers"]'},
)
costs.slip(
    "set 6 times what is multiplied equal to 12 L d T: each block looks",
    {EVEN: 'multiplied(config) / (2 * config["d_model"])'},
)
costs.slip(
    "set 6 times what is multiplied equal to 12 L d T; yours is a factor off",
    {EVEN: EVEN.replace("(2 *", "(")},
    {EVEN: EVEN.replace("(2 *", "(4 *")},
    {EVEN: EVEN.replace("(2 *", "(12 *")},
)
costs.slip(
    "that is the rule T = 6d, which holds where the output is small and the inside 4d; here both count",
    {EVEN: '6 * config["d_model"]'},
)
costs.slip("the positions' table is not multiplied with", {EVEN: EVEN.replace("multiplied", "parameters")})
costs.slip("a number of tokens in view need not be whole here", {EVEN: EVEN.replace(" / ", " // ")})


@costs.hidden(
    "sizes as of models from some millions to some hundred billions, with and without `d_inner` and "
    "frozen blocks",
    parts={
        "`multiplied` and `parameters`": 0.7,
        "`training_flops`": 0.5,
        "`training_flops` with frozen blocks": 0.5,
        "`even_at`": 0.3,
    },
)
def random_sizes(rng):
    for d, layers, vocab, context in (
        (64, 3, 1000, 128),
        (768, 12, 50_257, 1024),
        (12_288, 96, 50_257, 2048),
    ):
        sizes = {"d_model": d, "n_layers": layers, "vocab_size": vocab, "context_length": context}
        for config in (sizes, {**sizes, "d_inner": int(rng.integers(2 * d, 6 * d))}):
            n_tokens, frozen = int(rng.integers(10**6, 10**12)), int(rng.integers(1, layers))
            yield "`multiplied` and `parameters`", ask.multiplied(config)
            yield "`multiplied` and `parameters`", ask.parameters(config)
            yield "`training_flops`", ask.training_flops(config, n_tokens)
            yield "`training_flops` with frozen blocks", ask.training_flops(config, n_tokens, frozen)
            yield "`even_at`", ask.even_at(config)


costs.another(
    "matrix by matrix",
    """
def shapes(config):
    d = config["d_model"]
    inner = config["d_inner"] if "d_inner" in config else 4 * d
    return [(d, d)] * 4 + [(d, inner), (inner, d)]


def multiplied(config):
    total = config["vocab_size"] * config["d_model"]
    for _ in range(config["n_layers"]):
        total += sum(rows * columns for rows, columns in shapes(config))
    return total


def parameters(config):
    return multiplied(config) + config["d_model"] * config["context_length"]


def training_flops(config, n_tokens, frozen=0):
    total = 6 * config["vocab_size"] * config["d_model"]
    for number in range(config["n_layers"]):
        forwards = 2 * sum(rows * columns for rows, columns in shapes(config))
        forwards += 4 * config["d_model"] * config["context_length"]
        total += forwards if number < frozen else 3 * forwards
    return n_tokens * total


def even_at(config):
    a_token_in_view = 12 * config["n_layers"] * config["d_model"]
    return 6 * multiplied(config) / a_token_in_view
""",
)


# 2. floor

floor = Exercise(
    "floor",
    points=4,
    minutes=50,
    hints=(
        "For given exponents each run is one equation, 1 · E + N^(-alpha) · A + D^(-beta) · B = L. What "
        "must be "
        "done to an equation whose squared distance is to count 1 / σ² times as much? For the interval a "
        "sample is made by indexing: `sizes[row]` has a run as often as it stands in the row.",
        "Divide the whole equation, its three columns and its right side, by σ; `np.linalg.lstsq(columns, "
        "right, rcond=None)[0]` gives E, A and B. Which pair of exponents is best is judged by the same "
        "divided distances. A sample's runs bring along all that belongs to them, errors too; of all samples "
        "keep the floors, and ask `np.quantile` for 0.05 and 0.95.",
    ),
)
NEAR = 1e-6  # a regression is solved in several ways
PAIRS = [(0.5, 0.5), (0.5, 1.0), (1.0, 0.5), (1.0, 1.0)]
# E = 1, A = 2, B = 3, alpha 1/2, beta 1: sizes 1, 4, 16 leave 2, 1, 1/2, tokens 1, 2, 4 leave 3, 3/2, 3/4
SIZES, TOKENS = array(1, 4, 16, 1, 4, 16, 1), array(1, 1, 1, 2, 4, 2, 4)
LOSSES = array(6, 5, 4.5, 4.5, 2.75, 3, 3.75)
ONES = np.ones(7)
RIGHT = (1.0, 2.0, 3.0, 0.5, 1.0)
floor.case(
    "Seven runs without noise lie on 1 + 2 / √N + 3 / D.",
    ask.fit_law(SIZES, TOKENS, LOSSES, ONES, PAIRS).gives(RIGHT, tolerance=NEAR),
    ask.fit_law(SIZES, TOKENS, LOSSES, ONES, PAIRS[::-1]).gives(RIGHT, tolerance=NEAR),
    ask.fit_law(SIZES, TOKENS, LOSSES, ONES, PAIRS[:2]).gives(RIGHT, tolerance=NEAR),  # each is (alpha, beta)
)
# each run twice: with σ = 1 as above, with σ = 2 higher by 1; a mean by weights of 1 and 1/4 is 0.2 higher
TWICE = [np.tile(x, 2) for x in (SIZES, TOKENS)]
RAISED, UNEQUAL = np.concatenate([LOSSES, LOSSES + 1]), np.repeat([1.0, 2.0], 7)
floor.case(
    "Each run twice, the second higher by 1 with twice the error: it counts a fourth, and E is 1.2.",
    ask.fit_law(*TWICE, RAISED, UNEQUAL, PAIRS).gives((1.2, 2.0, 3.0, 0.5, 1.0), tolerance=NEAR),
)
# The first seven lie on the law of 1 + 2 / √N + 3 / D with σ = 0.001, the others on 1 + 2 / N + 3 / √D, but
# with σ = 100; without the errors that one, of ten times as many points, would be the better.
OTHER = [np.concatenate([x, np.tile(x, 10)]) for x in (SIZES, TOKENS)]
OTHER_LOSSES = np.concatenate([LOSSES, np.tile(1 + 2 / SIZES + 3 / np.sqrt(TOKENS), 10)])
SURE = np.concatenate([np.full(7, 0.001), np.full(70, 100.0)])
floor.case(
    "Runs with small errors decide about the exponents, however many others there are.",
    ask.fit_law(*OTHER, OTHER_LOSSES, SURE, PAIRS).gives(RIGHT, tolerance=1e-4),
    weight=0.5,
)
# 21 copies of the seven runs, copy k higher by k / 10: the samples' floors are 1, 1.1, …, 3. The middle 90 %
# of 21 equal steps begin at the second and end at the last but one.
COPIES = [np.tile(x, 21) for x in (SIZES, TOKENS)]
COPIED = np.concatenate([LOSSES + k / 10 for k in range(21)])
ROWS = np.arange(147).reshape(21, 7)
FITTED = ask.fit_law(SIZES, TOKENS, LOSSES, ONES, PAIRS).gives(
    RIGHT, "`floor_interval` cannot be right before `fit_law` is: `fit_law(…)`", NEAR
)
WEIGHED = ask.fit_law(*TWICE, RAISED, UNEQUAL, PAIRS).gives(
    (1.2, 2.0, 3.0, 0.5, 1.0), "`floor_interval` cannot be right before `fit_law` is: `fit_law(…)`", NEAR
)
floor.case(
    "Of floors at 1, 1.1, …, 3 the middle 90 % reach from 1.1 to 2.9.",
    FITTED,
    ask.floor_interval(*COPIES, COPIED, np.ones(147), PAIRS, ROWS).gives((1.1, 2.9), tolerance=NEAR),
)
# one sample, in which the runs with large errors come first: its floor is 1.2, whatever the order
TURNED = np.arange(14)[::-1][None]
floor.case(
    "A run's error goes with it into the sample: of one sample as in the second case both ends are 1.2.",
    FITTED,
    WEIGHED,
    ask.floor_interval(*TWICE, RAISED, UNEQUAL, PAIRS, TURNED).gives((1.2, 1.2), tolerance=NEAR),
    weight=0.5,
)
# the seven runs twice and those that are higher by 1 once: a third of 1 higher
OFTEN = np.concatenate([np.arange(7), np.arange(7), np.arange(7, 14)])[None]
floor.case(
    "A run that a sample has twice counts twice: with a third of the runs higher by 1 both ends are 4/3.",
    FITTED,
    ask.floor_interval(*TWICE, RAISED, np.ones(14), PAIRS, OFTEN).gives((4 / 3, 4 / 3), tolerance=NEAR),
    weight=0.5,
)
WEIGHTS, RIGHT_SIDE = "columns / errors[:, None]", "lstsq(weighed, losses / errors, rcond=None)"
OFF = "(losses / errors - weighed @ factors) @ (losses / errors - weighed @ factors)"
SAMPLE = "fit_law(sizes[runs], tokens[runs], losses[runs], errors[runs], exponents)[0]"
ENDS = "np.quantile(floors, [0.05, 0.95])"
floor.slip(
    "all runs count alike in yours; `errors` has no effect",
    {
        WEIGHTS: "columns",
        RIGHT_SIDE: "lstsq(columns, losses, rcond=None)",
        OFF: "((losses - columns @ factors) ** 2).sum()",
    },
)
floor.slip(
    "divide by the error itself, not by its root: its square is what counts",
    {
        WEIGHTS: "columns / np.sqrt(errors)[:, None]",
        RIGHT_SIDE: "lstsq(weighed, losses / np.sqrt(errors), rcond=None)",
        OFF: "((losses / np.sqrt(errors) - weighed @ factors) ** 2).sum()",
    },
)
floor.slip(
    "divide by the error itself: it is squared when distances are",
    {
        WEIGHTS: "columns / errors[:, None] ** 2",
        RIGHT_SIDE: "lstsq(weighed, losses / errors**2, rcond=None)",
        OFF: "((losses / errors**2 - weighed @ factors) ** 2).sum()",
    },
)
floor.slip(
    "a run with a *large* error counts little; you multiplied by it",
    {
        WEIGHTS: "columns * errors[:, None]",
        RIGHT_SIDE: "lstsq(weighed, losses * errors, rcond=None)",
        OFF: "((losses * errors - weighed @ factors) ** 2).sum()",
    },
)
floor.slip(
    "both sides of each equation are divided by the error, all three columns and the loss",
    {RIGHT_SIDE: "lstsq(weighed, losses, rcond=None)"},
)
floor.slip(
    "which exponents are best is judged by the distances over their errors, too",
    {OFF: "((losses - columns @ factors) ** 2).sum()"},
)
floor.slip(
    "the law has a floor: a column of ones is missing",
    {
        "np.stack([np.ones(len(sizes)), sizes**-alpha, tokens**-beta], axis=1)": "np.stack("
        "[sizes**-alpha, tokens**-beta], axis=1)",
        "(*map(float, factors), alpha, beta)": "(0.0, *map(float, factors), alpha, beta)",
    },
)
floor.slip(
    "each pair is (alpha, beta), in this order",
    {"for alpha, beta in exponents": "for beta, alpha in exponents"},
)
floor.slip(
    "a run that a sample has twice counts twice",
    {SAMPLE: SAMPLE.replace("[runs]", "[np.unique(runs)]")},
)
floor.slip(
    "alpha belongs to the sizes, beta to the tokens; yours are exchanged",
    {"sizes**-alpha, tokens**-beta": "sizes**-beta, tokens**-alpha"},
)
floor.slip(
    "A and B are divided by powers: the exponents are negative, or 1 over the power",
    {"sizes**-alpha, tokens**-beta": "sizes**alpha, tokens**beta"},
)
floor.slip(
    "the best pair is that with the *least* distance",
    {"best, found = np.inf": "best, found = -1.0", "off < best": "off > best"},
)
floor.slip("the last pair is returned, not the best", {"off < best": "True"})
floor.slip("the first pair is returned, not the best", {"off < best": "found is None"})
floor.slip(
    "the order is E, A, B, alpha, beta",
    {"(*map(float, factors), alpha, beta)": "(alpha, beta, *map(float, factors))"},
)
floor.slip(
    "the middle 90 % leave five of a hundred on either side",
    {ENDS: "np.quantile(floors, [0.1, 0.9])"},
    {ENDS: "np.quantile(floors, [0.025, 0.975])"},
    {ENDS: "np.quantile(floors, [0.1, 0.95])"},
)
floor.slip(
    "asked for are quantiles of the floors, not their mean and so many standard deviations",
    *(
        {ENDS: f"np.mean(floors) + np.std(floors) * np.array([-{k}, {k}])"}
        for k in ("1", "1.645", "1.64", "2")
    ),
)
floor.slip("asked for are quantiles, not the least and the largest", {ENDS: "(min(floors), max(floors))"})
floor.slip("the lower end comes first", {ENDS: "np.quantile(floors, [0.95, 0.05])"})
floor.slip(
    "each row of `drawn` is a sample of its own; you fitted all runs each time",
    {SAMPLE: "fit_law(sizes, tokens, losses, errors, exponents)[0]"},
)
floor.slip(
    "the errors belong to the runs: take those of the sample",
    {SAMPLE: SAMPLE.replace("errors[runs]", "errors[: len(runs)]")},
    {SAMPLE: SAMPLE.replace("errors[runs]", "np.ones(len(runs))")},
)
floor.slip(
    "sizes and tokens belong to the runs as losses do: take those of the sample",
    {SAMPLE: SAMPLE.replace("sizes[runs], tokens[runs]", "sizes[: len(runs)], tokens[: len(runs)]")},
)
floor.slip("the floor is the first of the law's five numbers", {SAMPLE: SAMPLE.replace("[0]", "[1]")})


def sweeps(rng):
    """Runs of drawn laws with noise of three per cent of the excess, exponents to try, and samples."""
    for _ in range(3):
        sizes, tokens = (x.ravel() for x in np.meshgrid(np.geomspace(0.5, 16, 4), np.geomspace(0.5, 8, 4)))
        alpha, beta = rng.uniform(0.4, 1.2, size=2)
        excess = rng.uniform(0.5, 2) * sizes**-alpha + rng.uniform(0.5, 2) * tokens**-beta
        losses = rng.uniform(1, 3) + excess * np.exp(0.03 * rng.normal(size=16))
        exponents = [(a, b) for a in alpha * array(0.6, 0.8, 1, 1.3) for b in beta * array(0.6, 0.8, 1, 1.3)]
        yield sizes, tokens, losses, 0.03 * excess * rng.uniform(0.5, 2, size=16), exponents


@floor.hidden(
    "sweeps of drawn laws, with noise and with errors of several sizes",
    parts={"`fit_law`": 1.2, "`floor_interval`": 0.8},
)
def random_sweeps(rng):
    for sweep in sweeps(rng):
        drawn = np.array(
            [np.concatenate([rng.permutation(16)[:12], rng.integers(16, size=4)]) for _ in range(21)]
        )
        yield "`fit_law`", ask.fit_law(*sweep)
        yield "`floor_interval`", ask.floor_interval(*sweep, drawn)
    yield "`fit_law`", ask.fit_law(*OTHER, OTHER_LOSSES, SURE, PAIRS)
    mixed = np.array([rng.permutation(14) for _ in range(5)])
    yield "`floor_interval`", ask.floor_interval(*TWICE, RAISED, UNEQUAL, PAIRS, mixed)


floor.another(
    "by the normal equations",
    """
def fit_law(sizes, tokens, losses, errors, exponents):
    weights = np.diag(1 / np.asarray(errors) ** 2)
    tried = []
    for alpha, beta in exponents:
        X = np.array([[1.0, n**-alpha, d**-beta] for n, d in zip(sizes, tokens)])
        factors = np.linalg.solve(X.T @ weights @ X, X.T @ weights @ losses)
        gaps = losses - X @ factors
        tried.append((gaps @ weights @ gaps, *factors, alpha, beta))
    return min(tried)[1:]


def floor_interval(sizes, tokens, losses, errors, exponents, drawn):
    floors = []
    for row in drawn:
        picked = [np.array([x[i] for i in row]) for x in (sizes, tokens, losses, errors)]
        floors.append(fit_law(*picked, exponents)[0])
    return np.percentile(floors, 5), np.percentile(floors, 95)
""",
)


# 3. ring

ring = Exercise(
    "ring",
    points=3,
    minutes=35,
    hints=(
        "Keep for each process a list of its n chunks. In each round write down first what everybody sends, "
        "then let it arrive. Which chunk does process r send in round t? It goes one chunk back with each "
        "round, in either half; `%` takes care of what is below 0.",
        "With rounds counted from 0 in either half, process r sends chunk (r - 1 - t) % n in reduce-scatter "
        "and chunk (r - t) % n in all-gather. The receiver is (r + 1) % n; it adds in the first half, in "
        "a new "
        "array, and replaces in the second. `-K % n` zeros fill K numbers up.",
    ),
)
TWO = [array(1, 2), array(10, 20)]
THREE = [array(1, 2, 3), array(10, 20, 30), array(100, 200, 300)]
# n = 3: 0 sends its chunk 2, 1 its chunk 0, 2 its chunk 1; then 0 has 2 + 200, 1 has 3 + 30, 2 has 10 + 100
REDUCED = [[[3.0], [10.0], [200.0]], [[202.0], [33.0], [110.0]]]
GATHERED = [[[111.0], [222.0], [333.0]], [[333.0], [111.0], [222.0]]]


def summed(*arrays):
    """What the student's processes end with."""

    def run(student):
        return answer(student, arrays)[0]

    return asking("the sums", run)


def sent(*arrays, first=0, last=None):
    """What is sent in some rounds."""

    def run(student):
        return answer(student, arrays)[1][first:last]

    return run


def answer(student, arrays):
    """The two things that the student's function returns, after their form was looked at."""
    found = student.ring_all_reduce(list(arrays))
    expect(
        isinstance(found, (tuple, list)) and len(found) == 2,
        f"`ring_all_reduce` should return two things, (sums, rounds); yours returned {describe(found)}",
    )
    sums, rounds = found
    n = len(arrays)
    expect(
        isinstance(sums, (tuple, list, np.ndarray)) and len(sums) == n,
        f"`sums` should have an array for each of {n} processes; yours is {describe(sums)}",
    )
    expect(
        isinstance(rounds, (tuple, list)) and len(rounds) == 2 * (n - 1),
        f"of {n} processes `rounds` should be a list of {2 * (n - 1)} rounds, n - 1 for reduce-scatter "
        f"and as many for all-gather; yours has "
        + (f"{len(rounds)}" if isinstance(rounds, (tuple, list)) else f"none, but {describe(rounds)}"),
    )
    expect(
        all(isinstance(each, (tuple, list, np.ndarray)) and len(each) == n for each in rounds),
        f"each round should have an entry for each of {n} processes: the numbers that it sends, all at once",
    )
    return sums, rounds


ring.case(
    "Two processes with (1, 2) and (10, 20) end with (11, 22).",
    summed(*TWO).gives([[11.0, 22.0]] * 2),
    asking("what two processes send", sent(*TWO)).gives([[[2.0], [10.0]], [[11.0], [22.0]]]),
)
ring.case(
    "Three processes end with (111, 222, 333), each of them.",
    summed(*THREE).gives([[111.0, 222.0, 333.0]] * 3),
    weight=0.5,
)
ring.case(
    "In the first half they send 3, 10 and 200, then the sums 202, 33 and 110.",
    asking("what three processes send in the first round", sent(*THREE, last=1)).gives(REDUCED[:1]),
    asking("what three processes send in reduce-scatter", sent(*THREE, last=2)).gives(REDUCED),
)
ring.case(
    "In the second half they send 111, 222 and 333, then what has arrived.",
    asking("what three processes send in the first round of all-gather", sent(*THREE, first=2, last=3)).gives(
        GATHERED[:1]
    ),
    asking("what three processes send in all-gather", sent(*THREE, first=2)).gives(GATHERED),
)
# K = 4 for n = 3: chunks of two, (1, 2), (3, 4), (0, 0)
FOUR = [array(1, 2, 3, 4), array(10, 20, 30, 40), array(0, 0, 0, 5)]
ring.case(
    "Four numbers are filled up to six for three processes; one process has nothing to send.",
    summed(*FOUR).gives([[11.0, 22.0, 33.0, 49.0]] * 3),
    asking("what three processes with four numbers send in the first round", sent(*FOUR, last=1)).gives(
        [[[0.0, 0.0], [10.0, 20.0], [0.0, 5.0]]]
    ),
    asking("what a single process sends", sent(array(1, 2))).gives([]),
    weight=0.5,
)
ring.case(
    "Eight numbers, four processes: six chunks of two, or three times eight; nine numbers make chunks of "
    "three.",
    ask.busiest(8, 4).gives((12, 24)),
    ask.busiest(9, 4).gives((18, 27)),
    ask.busiest(100, 1).gives((0, 0)),
)
FIRST, ARRIVES = (
    "turn - (n - 1) if gathering else turn + 1",
    "arrived if gathering else chunks[to][number] + arrived",
)
BUSIEST = "2 * (n - 1) * -(-n_numbers // n), (n - 1) * n_numbers"
ring.slip(
    "process r begins with chunk r - 1; yours begins with chunk r, and each finished sum ends at the "
    "wrong process",
    {FIRST: "turn - (n - 1) - 1 if gathering else turn"},
)
ring.slip(
    "process r begins with chunk r - 1; yours begins with chunk r + 1",
    {FIRST: "turn - (n - 1) - 2 if gathering else turn - 1"},
)
ring.slip(
    "what is sent goes to process r + 1; yours goes to r - 1",
    {"(r + 1) % n, (r - first) % n": "(r - 1) % n, (r - first) % n"},
)
ring.slip(
    "in reduce-scatter what arrives is added to the receiver's own chunk; yours replaces it",
    {ARRIVES: "arrived"},
)
ring.slip(
    "in all-gather what arrives replaces the receiver's own chunk, which is only a part of the sum; yours "
    "adds it",
    {ARRIVES: "chunks[to][number] + arrived"},
)
ring.slip(
    "in each later round of reduce-scatter the *sum* is sent on that has just been made, one chunk "
    "further back",
    {FIRST: "turn - (n - 1) if gathering else 1"},
)
ring.slip(
    "in each later round of all-gather a process sends on what has arrived in the round before; yours "
    "sends its "
    "own finished chunk again",
    {FIRST: "0 if gathering else turn + 1"},
)
ring.slip(
    "all-gather begins with the finished chunk, that of the process's own number",
    {FIRST: "turn - (n - 1) + 1 if gathering else turn + 1"},
)
ring.slip(
    "all send at the same time: note what is sent before anything arrives",
    """
def ring_all_reduce(arrays):
    n, size = len(arrays), len(arrays[0])
    chunks = [list(np.concatenate([x, np.zeros(-size % n)]).reshape(n, -1)) for x in arrays]
    rounds = []
    for turn in range(2 * (n - 1)):
        rounds.append([])
        for r in range(n):
            gathering = turn >= n - 1
            number = (r - 1 - (0 if not gathering else -1)) % n
            arrived = chunks[r][number]
            rounds[-1].append(arrived)
            old = chunks[(r + 1) % n]
            old[number] = arrived if gathering else old[number] + arrived
    return [np.concatenate(x)[:size] for x in chunks], rounds
""",
)
ring.slip(
    "the zeros with which you filled up are to be taken off again",
    {"np.concatenate(x)[:size]": "np.concatenate(x)"},
)
ring.slip("n need not divide K: fill up with zeros", {"np.zeros(-size % n)": "np.zeros(0)"})
ring.slip(
    "fill up at the end of the array, not at its beginning",
    {"[x, np.zeros(-size % n)]": "[np.zeros(-size % n), x]", "[:size] for x": "[-size:] for x"},
)
ring.slip(
    "and as many for all-gather; yours has 2",
    {"for x in chunks], rounds\n": "for x in chunks], rounds[: n - 1]\n"},
)
ring.slip(
    "the processes never send in yours: a sum is made of numbers that were sent",
    """
old = ring_all_reduce


def ring_all_reduce(arrays):
    sums, rounds = old(arrays)
    return sums, [[chunk * 0 for chunk in each] for each in rounds]
""",
)
ring.slip(
    "what is recorded is changed afterwards: put a new array in the place of a chunk instead of adding "
    "into it",
    """
def ring_all_reduce(arrays):
    n, size = len(arrays), len(arrays[0])
    chunks = [list(np.concatenate([x, np.zeros(-size % n)]).reshape(n, -1)) for x in arrays]
    rounds = []
    for turn in range(2 * (n - 1)):
        gathering = turn >= n - 1
        first = turn - (n - 1) if gathering else turn + 1
        rounds.append([chunks[r][(r - first) % n] for r in range(n)])
        copies = [x.copy() for x in rounds[-1]]
        for r, arrived in enumerate(copies):
            to, number = (r + 1) % n, (r - first) % n
            if gathering:
                chunks[to][number][:] = arrived
            else:
                chunks[to][number] += arrived
    return [np.concatenate(x)[:size] for x in chunks], rounds
""",
)
ring.slip(
    "there are n - 1 rounds in either half, so twice as many in all",
    {BUSIEST: BUSIEST.replace("2 * ", "", 1)},
)
ring.slip(
    "there are n - 1 rounds in either half, not n", {BUSIEST: BUSIEST.replace("2 * (n - 1)", "2 * n", 1)}
)
ring.slip(
    "in the ring a chunk is sent in each round, the nth part of the numbers",
    {BUSIEST: "2 * (n - 1) * n_numbers, (n - 1) * n_numbers"},
)
ring.slip(
    "chunks that are filled up are sent as they are, zeros too",
    {BUSIEST: BUSIEST.replace("-(-n_numbers // n)", "n_numbers // n")},
    {BUSIEST: BUSIEST.replace("-(-n_numbers // n)", "n_numbers / n")},
)
ring.slip(
    "asked for is what it sends, without what it receives",
    {BUSIEST: BUSIEST.replace("(n - 1) * n_numbers", "2 * (n - 1) * n_numbers")},
    {BUSIEST: BUSIEST.replace("2 * (n - 1) * -", "4 * (n - 1) * -")},
)
ring.slip(
    "the collector sends the sum to each of the other n - 1",
    {BUSIEST: BUSIEST.replace("(n - 1) * n_numbers", "n * n_numbers")},
)
ring.slip(
    "the busiest is the collector, not one of the others",
    {BUSIEST: BUSIEST.replace("(n - 1) * n_numbers", "n_numbers")},
)
ring.slip(
    "first the ring, then the collector", {BUSIEST: "(n - 1) * n_numbers, 2 * (n - 1) * -(-n_numbers // n)"}
)


@ring.hidden(
    "random numbers at two to five processes, with and without a remainder",
    parts={
        "the sums": 0.7,
        "what is sent in reduce-scatter": 0.7,
        "what is sent in all-gather": 0.6,
        "where n does not divide K": 0.3,
        "`busiest`": 0.4,
    },
)
def random_rings(rng):
    for n in (2, 5):
        arrays = rng.integers(100, size=(n, n * int(rng.integers(2, 5)))).astype(float)
        yield "the sums", summed(*arrays)
        yield "what is sent in reduce-scatter", asking("what is sent", sent(*arrays, last=n - 1))
        yield "what is sent in all-gather", asking("what is sent", sent(*arrays, first=n - 1))
    for n in (3, 4):
        arrays = rng.integers(1, 100, size=(n, 2 * n + int(rng.integers(1, n)))).astype(float)
        yield "where n does not divide K", summed(*arrays)
        yield "where n does not divide K", asking("what is sent", sent(*arrays))
    for n in (2, 3, 8, 100):
        yield "`busiest`", ask.busiest(n * int(rng.integers(10**6, 10**9)), n)
        yield "`busiest`", ask.busiest(n * int(rng.integers(10**6, 10**9)) + 1, n)


ring.another(
    "each process by itself, round after round",
    """
def ring_all_reduce(arrays):
    n, K = len(arrays), len(arrays[0])
    width = -(-K // n)
    table = np.zeros((n, n, width))
    for r, x in enumerate(arrays):
        table[r].flat[:K] = x
    rounds = []
    for t in range(n - 1):
        numbers = [(r - 1 - t) % n for r in range(n)]
        message = [table[r, numbers[r]].copy() for r in range(n)]
        rounds.append(message)
        for r in range(n):
            table[r, numbers[r - 1]] += message[r - 1]
    held = [table[r, r].copy() for r in range(n)]
    for t in range(n - 1):
        rounds.append(held)
        held = [held[r - 1] for r in range(n)]
        for r in range(n):
            table[r, (r - 1 - t) % n] = held[r]
    return [table[r].reshape(-1)[:K] for r in range(n)], rounds


def busiest(n_numbers, n):
    width = int(np.ceil(n_numbers / n))
    return (2 * n - 2) * width, n_numbers * n - n_numbers
""",
)


# 4. pipeline

pipeline = Exercise(
    "pipeline",
    points=3,
    minutes=40,
    hints=(
        "Draw the timetable of two stages and two batches on squared paper first. For the order: how many "
        "stages are behind this one? For the timetable keep when each task was done, by (way, batch, stage), "
        "and go over the stages again and again, each of which does its next task if what that needs is "
        "done.",
        "A task begins at the latest of two times: when the stage's last task ended, and when what it waits "
        "for ended. If a whole round over all stages does nothing, nobody ever will. For `least_batches` "
        "multiply (p - 1) / (m + p - 1) ≤ 1 / q out.",
    ),
)
F, B = "f", "b"
pipeline.case(
    "Of three stages and four batches the first runs two ahead, the second one, the last none.",
    ask.order_of_work(0, 3, 4).gives([(F, 0), (F, 1), (F, 2), (B, 0), (F, 3), (B, 1), (B, 2), (B, 3)]),
    ask.order_of_work(1, 3, 4).gives([(F, 0), (F, 1), (B, 0), (F, 2), (B, 1), (F, 3), (B, 2), (B, 3)]),
    ask.order_of_work(2, 3, 4).gives([(F, 0), (B, 0), (F, 1), (B, 1), (F, 2), (B, 2), (F, 3), (B, 3)]),
)
pipeline.case(
    "With fewer batches than stages behind, all of them go forwards first.",
    ask.order_of_work(0, 5, 2).gives([(F, 0), (F, 1), (B, 0), (B, 1)]),
    ask.order_of_work(0, 1, 1).gives([(F, 0), (B, 0)]),
    weight=0.5,
)
# Two stages, forwards 1, back 2. The first: f0 0-1, f1 1-2. The second: f0 1-2, b0 2-4, f1 4-5, b1 5-7. The
# first again: b0 4-6, b1 7-9.
ALTERNATE = [[(F, 0), (F, 1), (B, 0), (B, 1)], [(F, 0), (B, 0), (F, 1), (B, 1)]]
pipeline.case(
    "Two stages and two batches take 9: the second stage is busy from 1 to 7, the first waits from 2 to 4.",
    ask.timetable(ALTERNATE).gives([[(0, 1), (1, 2), (4, 6), (7, 9)], [(1, 2), (2, 4), (4, 5), (5, 7)]]),
)
# All forwards first: the second has f0 1-2, f1 2-3, b0 3-5, b1 5-7; the first b0 5-7, b1 7-9. Back in the
# other order: b1 3-5, b0 5-7, and the first b1 5-7, b0 7-9.
ALL_FIRST = [[(F, 0), (F, 1), (B, 0), (B, 1)]] * 2
BACKWARDS = [[(F, 0), (F, 1), (B, 1), (B, 0)]] * 2
pipeline.case(
    "Other orders: all forwards first, and the last batch back first.",
    ask.timetable(ALL_FIRST).gives([[(0, 1), (1, 2), (5, 7), (7, 9)], [(1, 2), (2, 3), (3, 5), (5, 7)]]),
    ask.timetable(BACKWARDS).gives([[(0, 1), (1, 2), (5, 7), (7, 9)], [(1, 2), (2, 3), (3, 5), (5, 7)]]),
    weight=0.5,
)
# Three stages, one batch, forwards 2, back 3: 0-2, 2-4, 4-6, then 6-9, 9-12, 12-15
ALONE = [[(F, 0), (B, 0)]] * 3
pipeline.case(
    "One batch through three stages, 2 forwards and 3 back: each waits for its neighbour.",
    ask.timetable(ALONE, 2, 3).gives([[(0, 2), (12, 15)], [(2, 4), (9, 12)], [(4, 6), (6, 9)]]),
    ask.timetable([[(F, 0), (B, 0)]], 2, 3).gives([[(0, 2), (2, 5)]]),
    weight=0.5,
)
pipeline.case(
    "A batch that is to go back before it came, and two that wait for each other, are no timetable.",
    ask.timetable([[(F, 0), (B, 0)], [(B, 0), (F, 0)]]).raises("ValueError"),
    ask.timetable([[(F, 0), (B, 0), (F, 1), (B, 1)], [(F, 0), (F, 1), (B, 0), (B, 1)]]).raises("ValueError"),
    weight=0.5,
)
pipeline.case(
    "A stage that reads all first keeps all; one that goes back at once keeps one.",
    ask.most_kept(ALTERNATE[0]).gives(2),
    ask.most_kept([(F, 0), (B, 0), (F, 1), (F, 2), (B, 1), (F, 3), (B, 2), (B, 3)]).gives(2),
    ask.most_kept([(F, i) for i in range(5)] + [(B, i) for i in range(5)]).gives(5),
    weight=0.5,
)
# 3 / (m + 3) ≤ 1 / 5: m = 12. 4 / (m + 4) ≤ 1 / 2: m = 4. One stage never waits, but needs a batch.
pipeline.case(
    "Four stages wait a fifth of the time with 12 batches, five half of it with 4.",
    ask.least_batches(4, 5).gives(12),
    ask.least_batches(5, 2).gives(4),
    ask.least_batches(1, 10).gives(1),
    weight=0.5,
)
AHEAD, STARTS = (
    "min(n_stages - stage - 1, n_batches)",
    "max([slots[-1][1] if slots else 0, *(done[task] for task in needed)])",
)
LEAST = "max(1, (n_stages - 1) * (q - 1))"
pipeline.slip(
    "a stage runs as many batches ahead as there are stages *behind* it, not with itself",
    {AHEAD: "min(n_stages - stage, n_batches)"},
)
pipeline.slip(
    "a stage runs as many batches ahead as there are stages *behind* it; you counted those before it",
    {AHEAD: "min(stage, n_batches)"},
)
pipeline.slip("every stage has another number of stages behind it", {AHEAD: "min(n_stages - 1, n_batches)"})
pipeline.slip(
    "that is the order in which all goes forwards first",
    """
def order_of_work(stage, n_stages, n_batches):
    return [("f", i) for i in range(n_batches)] + [("b", i) for i in range(n_batches)]
""",
)
pipeline.slip(
    "where there are fewer batches than stages behind, all of them go forwards, and no more",
    {AHEAD: "n_stages - stage - 1"},
)
pipeline.slip(
    "in each turn the next batch goes forwards first, and then the oldest backwards",
    {'[("f", i), ("b", i - ahead)]': '[("b", i - ahead), ("f", i)]'},
)
pipeline.slip("backwards goes the *oldest* batch that is kept", {'("b", i - ahead)]': '("b", i)]'})
pipeline.slip(
    "the batches that were read ahead have to go backwards at the end",
    {'return tasks + [("b", i) for i in range(n_batches - ahead, n_batches)]': "return tasks"},
)
pipeline.slip(
    "a batch goes forwards when the stage before has done with it",
    {'[("f", batch, stage - 1)] if stage > 0 else []': "[]"},
)
pipeline.slip(
    "a batch goes backwards when it has come back through the stage *behind*",
    {'("b", batch, stage + 1) if stage < last else': '("f", batch, last) if stage < last else'},
)
pipeline.slip(
    "on its way back a batch comes from the stage behind; yours comes from the one before",
    {'("b", batch, stage + 1) if stage < last else': '("b", batch, stage - 1) if stage > 0 else'},
)
pipeline.slip(
    "through the last stage, too, a batch goes back only when it has come forwards there",
    {
        '[("b", batch, stage + 1) if stage < last else ("f", batch, stage)]': '[("b", batch, stage + 1)] '
        "if stage < last else []"
    },
)
pipeline.slip(
    "a stage does one task at a time: it begins when its last one has ended",
    {STARTS: "max([0, *(done[task] for task in needed)])"},
)
pipeline.slip(
    "a stage that is free still waits for what its task needs",
    {STARTS: "slots[-1][1] if slots else max([0, *(done[task] for task in needed)])"},
)
pipeline.slip("a way back takes `backward`", {'(forward if way == "f" else backward)': "forward"})
pipeline.slip(
    "`forward` and `backward` have no effect",
    {'(forward if way == "f" else backward)': '(1 if way == "f" else 2)'},
)
pipeline.slip(
    "a slot is (start, end); yours is (start, how long)",
    {
        "slots.append((start, end))": "slots.append((start, end - start))",
        "slots[-1][1] if slots": "sum(slots[-1]) if slots",
    },
)
pipeline.slip(
    "where all wait for one another, raise ValueError; you returned what was done till then",
    {'raise ValueError("the tasks wait for one another")': "return times"},
)
pipeline.slip(
    "through the last stage a batch goes back when it has come forwards there, whatever the order says",
    {'else ("f", batch, stage)]': 'else ("f", batch, max(stage - 1, 0))]'},
)
pipeline.slip(
    "a batch is kept until its way back is done; all that were ever read is too many",
    {"int(kept.max())": 'sum(way == "f" for way, _ in tasks)'},
)
pipeline.slip("at the *same* time: at the end none is left", {"int(kept.max())": "int(kept[-1])"})
pipeline.slip(
    "count both ways: one more forwards, one fewer when it is back",
    {'1 if way == "f" else -1': '1 if way == "f" else 0'},
)
pipeline.slip("at least one batch is read, even by one stage", {LEAST: "(n_stages - 1) * (q - 1)"})
pipeline.slip(
    "multiply (p - 1) / (m + p - 1) ≤ 1 / q out: m + p - 1 is at least q (p - 1)",
    {LEAST: "max(1, (n_stages - 1) * q)"},
    {LEAST: "max(1, n_stages * (q - 1))"},
    {LEAST: "max(1, n_stages * q)"},
    {LEAST: "max(1, (n_stages - 1) * (q - 1) + 1)"},
)


@pipeline.hidden(
    "up to six stages and nine batches, in several orders and with other durations",
    parts={
        "`order_of_work`": 0.7,
        "`order_of_work` with few batches": 0.2,
        "`timetable`": 1.0,
        "`timetable` where tasks wait for ever": 0.3,
        "`most_kept`": 0.25,
        "`least_batches`": 0.4,
    },
)
def random_pipelines(rng):
    for p, m in ((2, 5), (4, 6), (6, 9)):
        ways = int(rng.integers(1, 5)), int(rng.integers(5, 9))
        alternate = [one_by_one(stage, p, m) for stage in range(p)]
        order = rng.permutation(m).tolist()
        other = [[(F, i) for i in order] + [(B, i) for i in order[::-1]]] * p
        for stage in range(p):
            yield "`order_of_work`", ask.order_of_work(stage, p, m).gives(alternate[stage])
            yield "`most_kept`", ask.most_kept(alternate[stage]).gives(p - stage)
        yield "`most_kept`", ask.most_kept(other[0]).gives(m)
        yield "`timetable`", ask.timetable(alternate)
        yield "`timetable`", ask.timetable(alternate, *ways)
        yield "`timetable`", ask.timetable(other, *ways)
        stuck = [[(F, 0), (B, 0), (F, 1), (B, 1)]] + [[(F, 0), (F, 1), (B, 0), (B, 1)]] * (p - 1)
        yield "`timetable` where tasks wait for ever", ask.timetable(stuck).raises("ValueError")
        early = [[(F, 0), (B, 0)]] * (p - 1) + [[(B, 0), (F, 0)]]
        yield "`timetable` where tasks wait for ever", ask.timetable(early).raises("ValueError")
        few = [(F, i) for i in range(m - 1)] + [(B, i) for i in range(m - 1)]
        yield "`order_of_work` with few batches", ask.order_of_work(0, p + m, m - 1).gives(few)
        q = int(rng.integers(2, 30))
        yield "`least_batches`", ask.least_batches(p, q).gives((p - 1) * (q - 1))
    yield "`least_batches`", ask.least_batches(1, q).gives(1)


def one_by_one(stage, p, m):
    """The order of a stage: a batch goes back behind the one that is ahead by the number of stages behind."""
    ahead = p - stage - 1
    keys = {(F, i): (i, 0) for i in range(m)} | {(B, i): (min(i + ahead, m - 1), 1 + i) for i in range(m)}
    return sorted(keys, key=keys.get)


pipeline.another(
    "by events, until nothing changes",
    """
def order_of_work(stage, n_stages, n_batches):
    tasks, forwards, backwards = [], 0, 0
    while backwards < n_batches:
        if forwards < n_batches and forwards - backwards < n_stages - stage:
            tasks.append(("f", forwards))
            forwards += 1
        else:
            tasks.append(("b", backwards))
            backwards += 1
    return tasks


def timetable(orders, forward=1, backward=2):
    p = len(orders)
    ends = {}
    left = sum(map(len, orders))
    places = [0] * p
    result = [[] for _ in range(p)]
    while left:
        for s in range(p):
            if places[s] == len(orders[s]):
                continue
            way, i = orders[s][places[s]]
            before = ("f", i, s - 1) if way == "f" else ("b", i, s + 1)
            if way == "b" and s == p - 1:
                before = ("f", i, s)
            if way == "f" and s == 0:
                ready = 0
            elif before in ends:
                ready = ends[before]
            else:
                continue
            begin = max(ready, result[s][-1][1]) if result[s] else ready
            ends[way, i, s] = begin + {"f": forward, "b": backward}[way]
            result[s].append((begin, ends[way, i, s]))
            places[s] += 1
            left -= 1
            break
        else:
            raise ValueError("stuck")
    return result


def most_kept(tasks):
    kept, most = set(), 0
    for way, i in tasks:
        kept.symmetric_difference_update({i})
        most = max(most, len(kept))
    return most


def least_batches(n_stages, q):
    m = 1
    while q * (n_stages - 1) > m + n_stages - 1:
        m += 1
    return m
""",
)


# 5. progress

progress = Exercise(
    "progress",
    points=3,
    minutes=30,
    hints=(
        "An answer is right if *all* of its tokens are, and drawn with the *product* of their probabilities: "
        "along which axis? For the size of a test write down the chance that n answers are all wrong, and "
        "solve for n with logarithms. NumPy has a logarithm of 1 + x for an x that is very small.",
        "`.all(axis=1)` and `.prod(axis=1)` work along an answer. n is log(chance) / log1p(-p**L), "
        "rounded up. "
        "For `progress` make one number of each question first, the sum over its tokens of log after - log "
        "before; what remains is a mean and its standard error.",
    ),
)
QUARTERS = array([1.0, 0.5], [0.5, 0.25], [0.25, 0.25], [1.0, 1.0])
TOP = np.array([[True, True], [True, False], [False, True], [True, True]])
# products 1/2, 1/8, 1/16 and 1: (8 + 2 + 1 + 16) / 64; halvings 0, 1, 1, 2, 2, 2, 0, 0: 8 of 8 tokens
FOUR_SCORES = {"tokens": 0.75, "answers": 0.5, "drawn": 27 / 64, "surprise": math.log(2)}


def score_of(name):
    """A question: one of the scores."""

    def run(student):
        found = student.scores(QUARTERS, TOP)
        expect(
            isinstance(found, dict) and set(found) == set(FOUR_SCORES),
            "`scores` should return a dictionary with the keys 'tokens', 'answers', 'drawn' and 'surprise'; "
            f"yours returned {describe(found)}",
        )
        return found[name]

    return asking(f"of four answers of two tokens, '{name}'", run).gives(FOUR_SCORES[name])


progress.case(
    "Of four answers six tokens of eight are on top, and two answers are right throughout.",
    score_of("tokens"),
    score_of("answers"),
)
progress.case(
    "Drawn, they are right with 1/2, 1/8, 1/16 and 1; the surprise is one halving a token.",
    score_of("drawn"),
    score_of("surprise"),
)
# 0.5³ = 1/8: (7/8)^n is 0.201 at 12 and 0.176 at 13. 0.9^10 = 0.349: 0.651^n is 0.076 at 6, 0.0497 at 7
progress.case(
    "Answers of three tokens, each right with 1/2: 13 are needed; of ten, each right with 0.9, seven.",
    ask.answers_needed(0.5, 3, 0.2).gives(13),
    ask.answers_needed(0.9, 10, 0.05).gives(7),
    ask.answers_needed(0.5, 1, 0.25).gives(2),
)
# 2^-64 is so small that n is ln 2 · 2^64 as exactly as a float can say; the chance is one half
progress.case(
    "With 64 tokens, each right with 1/2, it takes ln 2 · 2^64 answers for an even chance.",
    ask.answers_needed(0.5, 64, 0.5).gives(math.log(2) * 2**64),
    weight=0.5,
)
# ln 2, 2 ln 2 and 6 ln 2 less: mean 3 ln 2; squares of the distances 4, 1, 9: 14 / 2 = 7, the root of 7 / 3
BEFORE = array([0.5, 0.25], [0.25, 0.25], [0.125, 0.125])
AFTER = array([0.5, 0.5], [0.5, 0.5], [1.0, 1.0])
progress.case(
    "Three answers have become less surprising by 1, 2 and 6 halvings: 3 on average, give or take the "
    "root of 7/3.",
    ask.progress(BEFORE, AFTER).gives((3 * math.log(2), math.sqrt(7 / 3) * math.log(2))),
    ask.progress(AFTER, BEFORE).gives((-3 * math.log(2), math.sqrt(7 / 3) * math.log(2))),
)
TOKEN_SHARE, ANSWER_SHARE = "float(on_top.mean())", "float(on_top.all(axis=1).mean())"
DRAWN, SURPRISE = "float(probs.prod(axis=1).mean())", "float(-np.log(probs).mean())"
NEEDED = "int(np.ceil(np.log(chance) / np.log1p(-(accuracy**length))))"
GAINS, ERROR = (
    "np.log(after).sum(axis=1) - np.log(before).sum(axis=1)",
    "float(gains.std(ddof=1) / np.sqrt(len(gains)))",
)
progress.slip(
    "which tokens were on top is in `on_top`; their probabilities need not be above one half for that",
    {TOKEN_SHARE: "float((probs > 0.5).mean())"},
    {TOKEN_SHARE: "float((probs >= 0.5).mean())"},
)
progress.slip(
    "a share is asked for, not how many",
    {TOKEN_SHARE: "float(on_top.sum())"},
    {ANSWER_SHARE: "float(on_top.all(axis=1).sum())"},
)
progress.slip(
    "an answer is right if all of *its* tokens are: along a row",
    {ANSWER_SHARE: "float(on_top.all(axis=0).mean())"},
)
progress.slip(
    "one right token makes no answer: all must be on top", {ANSWER_SHARE: "float(on_top.any(axis=1).mean())"}
)
progress.slip(
    "count the answers; the power of the share of tokens is what one would expect if tokens were independent",
    {ANSWER_SHARE: "float(on_top.mean() ** on_top.shape[1])"},
)
progress.slip("all tokens of *one* answer, not of all of them", {ANSWER_SHARE: "float(on_top.all())"})
progress.slip(
    "the mean is that of the answers' products, not the product of means",
    {DRAWN: "float(probs.mean(axis=0).prod())"},
    {DRAWN: "float(probs.mean() ** probs.shape[1])"},
)
progress.slip(
    "a whole answer is drawn with the product of its tokens' probabilities", {DRAWN: "float(probs.mean())"}
)
progress.slip("along a row: the tokens of one answer", {DRAWN: "float(probs.prod(axis=0).mean())"})
progress.slip(
    "the geometric mean is another number: the mean of products is asked for",
    {DRAWN: "float(np.exp(np.log(probs).sum(axis=1).mean()))"},
)
progress.slip("nats are asked for, not bits", {SURPRISE: "float(-np.log2(probs).mean())"})
progress.slip("surprise is the *negative* logarithm", {SURPRISE: "float(np.log(probs).mean())"})
progress.slip(
    "that is for an answer; a token's surprise is asked for",
    {SURPRISE: "float(-np.log(probs).sum(axis=1).mean())"},
)
progress.slip(
    "the mean of the logarithms, not the logarithm of the mean", {SURPRISE: "float(-np.log(probs.mean()))"}
)
progress.slip(
    "at most this chance: round up",
    {NEEDED: NEEDED.replace("np.ceil", "np.floor")},
    {NEEDED: NEEDED.replace("np.ceil", "np.round")},
)
progress.slip(
    "of an answer all L tokens must be right: p to the power of L",
    {NEEDED: NEEDED.replace("accuracy**length", "accuracy")},
)
progress.slip(
    "an answer is right with p to the power of L, not wrong with it",
    {NEEDED: NEEDED.replace("np.log1p(-(accuracy**length))", "np.log(accuracy**length)")},
)
progress.slip(
    "(1 - p)^L is that all tokens are wrong; an answer is wrong as soon as one is",
    {NEEDED: NEEDED.replace("np.log1p(-(accuracy**length))", "(length * np.log1p(-accuracy))")},
)
progress.slip(
    "`chance` is that of *none* being right; you took one less it",
    {NEEDED: NEEDED.replace("np.log(chance)", "np.log(1 - chance)")},
)
progress.slip("one more than needed", {NEEDED: f"1 + {NEEDED}"})
progress.slip(
    "1 - p^L is 1 for a computer, and its logarithm 0; np.log1p(x) is the logarithm of 1 + x without that "
    "loss",
    """
def answers_needed(accuracy, length, chance):
    import math

    return math.ceil(math.log(chance) / math.log(1 - accuracy**length))
""",
    """
def answers_needed(accuracy, length, chance):
    with np.errstate(all="ignore"):
        found = np.ceil(np.log(chance) / np.log(1 - accuracy**length))
        return float(abs(found))
""",
)
progress.slip(
    "the chance that none is right is not 1 - n p^L",
    {NEEDED: "int(np.ceil((1 - chance) / accuracy**length))"},
)
progress.slip(
    "question by question: take each question's difference first; the two models' errors put together are "
    "larger or smaller",
    {
        ERROR: "float(np.sqrt((np.log(after).sum(axis=1).var(ddof=1) + "
        "np.log(before).sum(axis=1).var(ddof=1)) / len(gains)))"
    },
)
progress.slip("the standard deviation with n - 1", {ERROR: ERROR.replace("(ddof=1)", "()")})
progress.slip(
    "the error of a mean is the standard deviation over the *root* of n",
    {ERROR: ERROR.replace("np.sqrt(len(gains))", "len(gains)")},
)
progress.slip(
    "that is how far single questions scatter; the mean of n is better known, by the root of n",
    {ERROR: ERROR.replace(" / np.sqrt(len(gains))", "")},
)
progress.slip(
    "the error's square is no error: take the root", {ERROR: "float(gains.var(ddof=1) / len(gains))"}
)
progress.slip(
    "a gain is positive where the second model is *less* surprised",
    {GAINS: "np.log(before).sum(axis=1) - np.log(after).sum(axis=1)"},
)
progress.slip(
    "for a whole answer: the sum over its tokens, not their mean", {GAINS: GAINS.replace("sum", "mean")}
)
progress.slip("nats are asked for; yours are bits", {GAINS: GAINS.replace("np.log(", "np.log2(")})
progress.slip(
    "surprise is a matter of logarithms; the difference of the probabilities hides what happens to small "
    "ones",
    {GAINS: "(after - before).sum(axis=1)"},
    {GAINS: "after.prod(axis=1) - before.prod(axis=1)"},
)
progress.slip(
    "the tokens of one answer stand or fall together: n counts answers",
    {GAINS: "(np.log(after) - np.log(before)).ravel() * after.shape[1]"},
)


@progress.hidden(
    "random probabilities, and tests of many lengths",
    parts={
        "'tokens' and 'answers'": 0.6,
        "'drawn' and 'surprise'": 0.6,
        "`answers_needed`": 0.6,
        "`answers_needed` for long answers": 0.3,
        "`progress`": 0.8,
    },
)
def random_answers(rng):
    for n, length in ((5, 3), (40, 2), (100, 8)):
        before, after = rng.uniform(0.05, 1, size=(2, n, length))
        on_top = rng.random((n, length)) < 0.9
        on_top[0], on_top[1], on_top[2, 0] = True, [*[True] * (length - 1), False], False
        for part, names in (
            ("'tokens' and 'answers'", ("tokens", "answers")),
            ("'drawn' and 'surprise'", ("drawn", "surprise")),
        ):
            for name in names:
                yield part, asking(f"'{name}'", lambda s, a=before, b=on_top, k=name: s.scores(a, b)[k])
        yield "`progress`", ask.progress(before, after)
        yield "`answers_needed`", ask.answers_needed(float(rng.uniform(0.75, 0.85)), 20, 0.05)
        yield "`answers_needed`", ask.answers_needed(0.5, 2, 0.3).gives(5)
        yield "`answers_needed`", ask.answers_needed(0.9, 10, 0.05).gives(7)
        long = ask.answers_needed(float(rng.uniform(0.4, 0.5)), int(rng.integers(70, 200)), 0.5)
        yield "`answers_needed` for long answers", long


progress.another(
    "answer by answer",
    """
def scores(probs, on_top):
    import math

    probs, on_top = probs.tolist(), on_top.tolist()
    n, length = len(probs), len(probs[0])
    return {
        "tokens": sum(map(sum, on_top)) / (n * length),
        "answers": sum(all(row) for row in on_top) / n,
        "drawn": sum(map(math.prod, probs)) / n,
        "surprise": -sum(math.log(p) for row in probs for p in row) / (n * length),
    }


def answers_needed(accuracy, length, chance):
    import math

    return math.ceil(-math.log(chance) / -math.log1p(-math.pow(accuracy, length)))


def progress(before, after):
    ratios = np.prod(after / before, axis=1)
    gains = np.log(ratios)
    mean = sum(gains) / len(gains)
    spread = sum((x - mean) ** 2 for x in gains) / (len(gains) - 1)
    return mean, (spread / len(gains)) ** 0.5
""",
)


# 6. minhash

minhash = Exercise(
    "minhash",
    points=3,
    minutes=35,
    hints=(
        "All hashes of all shingles at once are a table, (k, m): `a[:, None] * x + b[:, None]`. Which "
        "axis is "
        "a hash's own? For the candidates put each band into a dictionary, as a tuple: which texts were "
        "there "
        "before? For the rows write down the chance with r rows and k / r bands, and try all r.",
        "`np.array(numbers, dtype=np.int64)` keeps products exact. One band at a time: `marks[:, first : "
        "first "
        "+ rows].tolist()`; texts whose bands agree make pairs, collected in a set and sorted at the end. A "
        "pair becomes a candidate with 1 - (1 - s**r) ** (k // r), and more rows always mean fewer "
        "candidates.",
    ),
)
# for p = 11: 3x + 5 of 1, 2, 4 is 8, 0, 6; of 2, 4, 7: 0, 6, 4. 7x + 1: 8, 4, 7 and 4, 7, 6. 5x: 5, 10, 9 and
# 10, 9, 2. 2x + 3: 5, 7, 0 and 7, 0, 6
A, SHIFT = np.array([3, 7, 5, 2]), np.array([5, 1, 0, 3])
minhash.case(
    "The sets 1, 2, 4 and 2, 4, 7 under four hashes modulo 11.",
    ask.signature([1, 2, 4], A, SHIFT, 11).gives([0, 4, 5, 0]),
    ask.signature([2, 4, 7], A, SHIFT, 11).gives([0, 4, 2, 0]),
    ask.signature([7], A, SHIFT, 11).gives([4, 6, 2, 6]),
)
# Modulo p a factor of p - 1 turns the sign: p - 1 becomes 1, p - 3 becomes 3; with a shift of 5, 6 and 8. By
# a factor of p - 2, that is -2, p - 1 becomes 2 and p - 3 becomes 6.
LARGE = 2**31 - 1
minhash.case(
    "Large numbers stay exact: p - 1 times p - 1 is 1.",
    ask.signature([LARGE - 1], np.array([LARGE - 1]), np.array([0]), LARGE).gives([1]),
    ask.signature([LARGE - 1, LARGE - 3], np.array([LARGE - 1, LARGE - 2]), np.array([5, 0]), LARGE).gives(
        [6, 2]
    ),
    weight=0.5,
)
minhash.case(
    "Three of four values agree: 0.75, give or take the root of 3/64; one of four the same.",
    ask.similarity(np.array([0, 4, 5, 0]), np.array([0, 4, 2, 0])).gives((0.75, math.sqrt(3 / 64))),
    ask.similarity(np.array([0, 4, 5, 0]), np.array([0, 5, 4, 3])).gives((0.25, math.sqrt(3 / 64))),
    ask.similarity(np.array([1, 2]), np.array([1, 2])).gives((1.0, 0.0)),
)
# bands of two: (1, 2) in 0 and 1; (3, 4) in 0 and 3; (5, 6) in 1 and 2, (1, 2) in 2 at another place
MARKS = np.array([[1, 2, 3, 4], [1, 2, 5, 6], [2, 1, 5, 6], [9, 2, 3, 4]])
minhash.case(
    "Four texts in bands of two: three pairs agree in one.",
    ask.candidates(MARKS, 2).gives([(0, 1), (0, 3), (1, 2)]),
    ask.candidates(MARKS, 4).gives([]),
    ask.candidates(np.array([[1, 2, 3, 4], [5, 2, 3, 6]]), 2).gives([]),
    ask.candidates(np.array([[1, 2, 3, 4], [1, 2, 5, 6], [1, 2, 7, 8]]), 2).gives([(0, 1), (0, 2), (1, 2)]),
)
# in bands of one: 0 and 1 (1, 2), 0 and 3 (2, 3, 4), 1 and 3 (2), 1 and 2 (5, 6). Values count at their
# place.
minhash.case(
    "In bands of one a single value is enough, at its own place; a pair that agrees twice is there once.",
    ask.candidates(MARKS, 1).gives([(0, 1), (0, 3), (1, 2), (1, 3)]),
    ask.candidates(np.array([[1, 2, 3, 4], [3, 4, 1, 2], [1, 2, 3, 4]]), 2).gives([(0, 2)]),
    weight=0.5,
)
# k = 12 at 1/2: 4 rows, 3 bands: 1 - (15/16)^3 = 0.18; 6 rows, 2 bands: 1 - (63/64)^2 = 0.031; 5 do not
# divide.
# 3 rows, 4 bands: 1 - (7/8)^4 = 0.41; 2 rows, 6 bands: 1 - (3/4)^6 = 0.82; 12 rows: 1/4,096
minhash.case(
    "Of 12 hashes, pairs of similarity 1/2 are found with 0.82, 0.41, 0.18 and 0.03 in bands of 2, 3, 4 "
    "and 6.",
    ask.best_rows(12, 0.5, 0.4).gives(3),
    ask.best_rows(12, 0.5, 0.5).gives(2),
    ask.best_rows(12, 0.5, 0.05).gives(4),
    ask.best_rows(12, 0.5, 0.0001).gives(12),
)
# one row each: 1 - (1/2)^2 = 0.75
minhash.case(
    "Two hashes find such a pair with 0.75 at best.",
    ask.best_rows(2, 0.5, 0.75).gives(1),
    ask.best_rows(2, 0.5, 0.76).raises("ValueError"),
    weight=0.5,
)
HASHED, LEAST_VALUE = "(a[:, None] * x + b[:, None]) % prime", ".min(axis=1)"
SHARE, BAND_ERROR = "float(np.mean(one == other))", "float(np.sqrt(share * (1 - share) / len(one)))"
BANDS = "marks[:, first : first + rows].tolist()"
FITS = "k % rows == 0 and 1 - (1 - alike**rows) ** (k // rows) >= wanted"
minhash.slip("the *least* value is kept, not the largest", {LEAST_VALUE: ".max(axis=1)"})
minhash.slip(
    "of each hash one value is kept: the least of all shingles'",
    {LEAST_VALUE: ".min(axis=0)"},
    {LEAST_VALUE: "[:, 0]"},
)
minhash.slip(
    "the remainder by p is taken before the least is looked for",
    {f"({HASHED}){LEAST_VALUE}": f"(a[:, None] * x + b[:, None]){LEAST_VALUE} % prime"},
)
minhash.slip("b is added before the remainder is taken", {HASHED: "a[:, None] * x % prime + b[:, None]"})
minhash.slip("b is missing in the hash", {HASHED: "(a[:, None] * x) % prime"})
minhash.slip("the remainder by p is missing", {HASHED: "(a[:, None] * x + b[:, None])"})
minhash.slip(
    "a multiplies and b is added; yours are exchanged", {HASHED: "(b[:, None] * x + a[:, None]) % prime"}
)
minhash.slip(
    "a float has 53 bits, and the product of two numbers of 31 bits needs 62: keep whole numbers",
    {"dtype=np.int64": "dtype=float"},
)
minhash.slip(
    "32 bits are too few for a product of two such numbers: it runs over",
    {HASHED: "((a[:, None] * x + b[:, None]).astype(np.int32).astype(np.int64)) % prime"},
)
minhash.slip(
    "the shingle that comes first in the order is not asked for, but its value",
    {f"({HASHED}){LEAST_VALUE}": f"x[({HASHED}).argmin(axis=1)]"},
)
minhash.slip(
    "compare the values place by place: each place is a hash of its own",
    {SHARE: "len(set(one.tolist()) & set(other.tolist())) / len(set(one.tolist()) | set(other.tolist()))"},
    {SHARE: "float(np.isin(one, other).mean())"},
)
minhash.slip(
    "a share is asked for, not how many agree", {SHARE: "float(np.sum(one == other))", BAND_ERROR: "0.25"}
)
minhash.slip("the root is missing", {BAND_ERROR: "share * (1 - share) / len(one)"})
minhash.slip("k is missing: more hashes know it better", {BAND_ERROR: "float(np.sqrt(share * (1 - share)))"})
minhash.slip("k stands under the root", {BAND_ERROR: "float(np.sqrt(share * (1 - share)) / len(one))"})
minhash.slip(
    "the formula has k, not k - 1", {BAND_ERROR: "float(np.sqrt(share * (1 - share) / (len(one) - 1)))"}
)
minhash.slip(
    "a band must agree as a whole, all of its values",
    {BANDS: "marks[:, first : first + 1].tolist()"},
)
minhash.slip(
    "one band is enough; yours asks for all, or for the first alone",
    {"range(0, marks.shape[1], rows)": "range(0, rows, rows)"},
    {BANDS: "marks.tolist()"},
)
minhash.slip(
    "bands stand side by side: the next begins where the last ends",
    {"range(0, marks.shape[1], rows)": "range(0, marks.shape[1] - rows + 1)"},
)
minhash.slip(
    "a band counts at its own place: each band has its own table",
    {
        "    for first in range": "    buckets = {}\n    for first in range",
        "        buckets = {}\n        for": "        for",
    },
)
minhash.slip(
    "which value belongs to which hash counts: do not sort within a band",
    {
        "enumerate(marks[:, first : first + rows].tolist())": "enumerate(map(sorted, marks[:, first : "
        "first + rows].tolist()))"
    },
)
minhash.slip(
    "the pairs are to be in ascending order, as `sorted` puts them",
    {"return sorted(found)": "return sorted(found, reverse=True)"},
    {"return sorted(found)": "return sorted(found, key=lambda pair: pair[::-1])"},
)
minhash.slip("i is the smaller, and comes first", {"{(other, text) for": "{(text, other) for"})
minhash.slip(
    "each pair once: one that agrees in two bands is one pair",
    {
        "found = set()": "found = []",
        "found |= {(other, text) for other in buckets.get(tuple(band), [])}": "found += [(other, text) "
        "for other in "
        "buckets.get(tuple(band), [])]",
    },
)
minhash.slip(
    "all texts with the same band are pairs, not each only with the one before",
    {"buckets.get(tuple(band), [])}": "buckets.get(tuple(band), [])[-1:]}"},
)
minhash.slip(
    "`rows` hashes make a band; you took `rows` for the number of bands",
    {"    found = set()\n": "    rows = marks.shape[1] // rows\n    found = set()\n"},
    unseen=False,
)
minhash.slip("only a number of rows that divides k will do", {FITS: FITS.removeprefix("k % rows == 0 and ")})
minhash.slip(
    "that finds pairs often, but lets the most of all others through: the largest such number",
    {"max(fitting)": "min(fitting)"},
)
minhash.slip(
    "there are k / r bands",
    {FITS: FITS.replace("(k // rows)", "k")},
    {FITS: FITS.replace("(k // rows)", "rows")},
)
minhash.slip(
    "in a band all r values must agree: s to the power of r",
    {FITS: FITS.replace("alike**rows", "alike")},
)
minhash.slip(
    "the chance that *some* band agrees: one less the chance that none does",
    {FITS: FITS.replace("1 - (1 - alike**rows) ** (k // rows)", "(1 - alike**rows) ** (k // rows)")},
    {FITS: FITS.replace("1 - (1 - alike**rows) ** (k // rows)", "alike**rows")},
)
minhash.slip("at least `wanted` is enough: exactly so often will do", {FITS: FITS.replace(">=", ">")})
minhash.slip("asked for are rows, hashes in a band; those are bands", {"max(fitting)": "k // max(fitting)"})
minhash.slip(
    "where no number of rows will do, raise ValueError; you returned something",
    *(
        {'raise ValueError("not even bands of one hash find such a pair often enough")': f"return {value}"}
        for value in (1, None, 0)
    ),
)


@minhash.hidden(
    "random sets of large numbers, signatures with planted pairs, and other demands",
    parts={
        "`signature`": 0.8,
        "`similarity`": 0.4,
        "`candidates`": 0.9,
        "`best_rows`": 0.6,
        "`best_rows` where none will do": 0.2,
    },
)
def random_marks(rng):
    for n, k in ((3, 5), (30, 12), (8, 40)):
        a, b = rng.integers(LARGE // 2, LARGE, size=k), rng.integers(1, LARGE, size=k)
        yield "`signature`", ask.signature(rng.integers(LARGE // 2, LARGE, size=n).tolist(), a, b, LARGE)
        yield "`signature`", ask.signature([1, 2, 4], A, SHIFT, 11).gives([0, 4, 5, 0])
        one = rng.permutation(1000)[:k]
        other = np.where(np.arange(k) < k // 2, one, one + 1000)
        other[-1] = one[-2]
        yield "`similarity`", ask.similarity(one, other)
    for n, k, rows in ((6, 6, 2), (12, 12, 3), (12, 8, 2)):
        marks = rng.permutation(10_000)[: n * k].reshape(n, k)
        marks[[1, 4, 5], :rows] = marks[0, :rows]  # four texts in one bucket
        marks[2, rows : 2 * rows] = marks[3, :rows]  # a band at another place
        marks[3, -rows:] = marks[2, -rows:]
        marks[4, -rows:] = marks[0, -rows:]  # a pair twice
        marks[5, -rows:] = marks[1, -rows:][::-1]  # in another order
        marks[2, 0] = marks[0, 0]  # one value alone
        marks[3, 1 : 1 + rows] = marks[5, 1 : 1 + rows]  # across two bands
        yield "`candidates`", ask.candidates(marks, rows)
    for k in (60, 84, 128):
        for wanted in (0.05, 0.5, 0.9):
            yield "`best_rows`", ask.best_rows(k, float(rng.uniform(0.6, 0.9)), wanted)
        yield "`best_rows`", ask.best_rows(12, 0.5, 0.05).gives(4)
        yield "`best_rows`", ask.best_rows(12, 0.5, 0.4).gives(3)
    yield "`best_rows`", ask.best_rows(2, 0.5, 0.75).gives(1)
    yield (
        "`best_rows` where none will do",
        ask.best_rows(4, float(rng.uniform(0.1, 0.2)), 0.9).raises("ValueError"),
    )


minhash.another(
    "one by one",
    """
def signature(numbers, a, b, prime):
    return [min((int(f) * x + int(c)) % prime for x in numbers) for f, c in zip(a, b)]


def similarity(one, other):
    agree = [u == v for u, v in zip(one, other)]
    J = sum(agree) / len(agree)
    return J, (J * (1 - J) / len(agree)) ** 0.5


def candidates(marks, rows):
    n, k = marks.shape
    return [
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if any((marks[i, s : s + rows] == marks[j, s : s + rows]).all() for s in range(0, k, rows))
    ]


def best_rows(k, alike, wanted):
    for rows in range(k, 0, -1):
        bands, rest = divmod(k, rows)
        missed = (1 - alike**rows) ** bands
        if not rest and 1 - missed >= wanted:
            return rows
    raise ValueError("none")
""",
)


# 7. budget, the open task

CHOICE_NONE, CHOICE_FULL = 0.3, 0.05  # of the best excess, by which that of the choice is above it
OFF_NONE, OFF_FULL = 0.9, 0.25  # of the choice's excess, by which the prediction is off
N_WORLDS, N_FEW = 24, 8


def planned(student, seed):
    """A student's plan in a world: the world, N, D and the predicted loss, after their form was looked at."""
    world = Simulated(int(seed))

    def train(*run):
        try:
            return world.train(*run)
        except (ValueError, TypeError) as error:
            raise CheckFailed(f"`train` cannot do what your `plan` asks: {error}") from None

    answer = student.plan(train, world.budget)
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    expect(
        isinstance(answer, (tuple, list))
        and len(answer) == 3
        and all(isinstance(x, (int, float, np.number)) and not isinstance(x, bool) for x in answer),
        f"`plan` should return three numbers, (N, D, loss); yours returned {describe(answer)}",
    )
    n_params, n_tokens, loss = map(float, answer)
    expect(
        math.isfinite(loss) and 0 < n_params < math.inf and 0 < n_tokens < math.inf,
        f"`plan` should return three finite numbers, N and D above 0; yours are {n_params}, {n_tokens}, "
        f"{loss}",
    )
    share = 6 * n_params * n_tokens / world.budget
    expect(
        share <= 1 + 1e-9,
        f"your training of N = {n_params:,.0f} and D = {n_tokens:,.0f} costs {share:.3g} times the "
        f"budget"
        + ("; each parameter and token takes six operations" if share > 2 else ": 99 to 100 per cent of it"),
    )
    expect(
        share >= 0.99,
        f"your training of N = {n_params:,.0f} and D = {n_tokens:,.0f} costs {share:.2g} of the budget; "
        f"spend "
        "99 to 100 per cent of it",
    )
    expect(
        bool(world.runs),
        "your `plan` has not called the function `train` that it was given, so it cannot know what this "
        "world "
        "is like",
    )
    return world, n_params, n_tokens, loss


def judged(student, seeds):
    """How far the choice is above the best excess, and the prediction below the truth: (worlds, 2)."""
    found = []
    for seed in seeds:
        world, n_params, n_tokens, loss = planned(student, seed)
        excess = world.excess(n_params, n_tokens)
        off = (world.loss(n_params, n_tokens) - loss) / excess
        found.append((excess / world.excess(*world.best()) - 1, min(1.0, max(-1.0, off))))
    return np.array(found)


def keeps_to_the_budget(student):
    """Whether all is as it was agreed, in a few worlds."""
    for seed in range(N_FEW):
        planned(student, seed)
    return True


def chooses_better(student):
    """Whether the choice is better than twenty tokens for each parameter."""
    mine, rule, exchanged = [], [], []
    for seed in range(N_FEW):
        world, n_params, n_tokens, _ = planned(student, seed)
        by_rule = math.sqrt(world.budget / 120)
        mine.append(world.excess(n_params, n_tokens))
        rule.append(world.excess(by_rule, 20 * by_rule))
        exchanged.append(world.excess(n_tokens, n_params))
    expect(
        np.mean(mine) < 0.95 * np.mean(rule),
        f"on average of {N_FEW} worlds the true excess of your choice is {np.mean(mine):.4f} nats, with "
        f"twenty "
        f"tokens for each parameter it is {np.mean(rule):.4f}: let the trial runs say how much of each is "
        f"best" + (". Are N and D exchanged?" if np.mean(exchanged) < 0.5 * np.mean(mine) else ""),
    )
    return True


def predicts_better(student):
    """Whether the prediction is nearer than the lowest loss of a trial run."""
    mine, lowest, floor_missing = [], [], []
    for seed in range(N_FEW):
        world, n_params, n_tokens, loss = planned(student, seed)
        truth = world.loss(n_params, n_tokens)
        mine.append(abs(loss - truth))
        lowest.append(abs(min(run[2] for run in world.runs) - truth))
        floor_missing.append(abs(loss - world.excess(n_params, n_tokens)))
    hint = ". Is E missing in yours?" if np.mean(floor_missing) < 0.2 * np.mean(mine) else ""
    expect(
        np.mean(mine) < 0.9 * np.mean(lowest),
        f"on average of {N_FEW} worlds your prediction is {np.mean(mine):.4f} nats off, the lowest loss "
        f"of your "
        f"trial runs {np.mean(lowest):.4f}: a law of the trial runs says how it goes on from there{hint}",
    )
    return True


budget = Exercise(
    "budget",
    points=4,
    minutes=60,
    imports=("lmcourse.scaling.simulated",),
    hints=(
        "Begin with a table of sizes and amounts of text, fit the law, and take its best split at the "
        "budget. "
        "`judge` will tell you that the choice is good already, and the prediction is not: the valley is "
        "flat, "
        "and the floor is not known. Which trial runs would say more about the end of the road?",
        "The law is a sum that the runs do not quite follow, so it holds best where it was fitted. Spend a "
        "small part of the trial runs on the table, take from its law the best splits of growing costs, and "
        "spend the rest on runs there, up to the largest that can be paid. Weigh each run by the excess that "
        "the law itself gives it (fit, weigh, fit again), and compare exponents on a grid that gets finer.",
    ),
)
budget.case(
    "It keeps to the budget, with its training and with its trial runs.",
    asking("the budget in eight worlds", keeps_to_the_budget).gives(True),
    weight=0.5,
)
budget.case(
    "Its choice is better than twenty tokens for each parameter.",
    asking("the choice in eight worlds", chooses_better).gives(True),
    weight=0.5,
)
budget.case(
    "Its prediction is nearer than the lowest loss of its trial runs.",
    asking("the prediction in eight worlds", predicts_better).gives(True),
    weight=0.5,
)
SAID, SPLIT = "return n, d, E + A / n**alpha + B / d**beta", "n, d = best_split(law, 0.999 * budget)"
budget.slip("each parameter and token takes six operations", {"return n, cost / 6 / n": "return n, cost / n"})
budget.slip("spend 99 to 100 per cent of it", {SPLIT: "n, d = best_split(law, 0.1 * budget)"})
budget.slip(
    "of the tenth of the budget that trial runs may cost",
    {"(0.999 - WIDE) * 0.1 * budget": "0.999 * 0.1 * budget"},
)
budget.slip(
    "there are no more",
    {
        "np.geomspace(1_000, 30_000, 4), np.geomspace(1 / 32, 1, 4)": "np.geomspace(1_000, 30_000, 6), "
        "np.geomspace(1 / 32, 1, 6)"
    },
)
budget.slip(
    "has not called the function `train`",
    """
def plan(train, budget):
    n = (budget / 3_000) ** 0.5
    return n, budget / 6 / n, 1.2
""",
)
budget.slip(
    "let the trial runs say how much of each is best",
    {SAID: "n = (budget / 120) ** 0.5\n    d = 20 * n\n    " + SAID},
)
budget.slip("Are N and D exchanged?", {SAID: SAID.replace("n, d,", "d, n,")})
budget.slip("Is E missing in yours?", {SAID: SAID.replace("E + ", "")})
budget.slip(
    "a law of the trial runs says how it goes on from there",
    {SAID: "return n, d, min(loss for _, _, loss in runs)"},
)
budget.slip(
    "that is the law's floor alone: what no training comes down to",
    {SAID: "return n, d, E - A / n**alpha - B / d**beta"},
)


budget.another(
    "a wider table, and a law by regressions one after the other",
    """
def law_by_steps(runs):
    N, D, L = np.array(runs).T
    n, d = N / 1e4, D / 1e6
    weights, alpha, beta = np.ones(len(L)), 1.2, 0.5
    for width in (0.6, 0.4, 0.25, 0.15, 0.08, 0.04):
        tried = []
        for a in alpha * np.exp(width * np.linspace(-1, 1, 5)):
            for b in beta * np.exp(width * np.linspace(-1, 1, 5)):
                X = np.column_stack([np.ones(len(L)), n**-a, d**-b])
                factors = np.linalg.lstsq(X * weights[:, None], L * weights, rcond=None)[0]
                if min(factors) > 0:
                    off = ((X @ factors - L) * weights) ** 2
                    tried.append((off.sum(), a, b, factors))
        _, alpha, beta, factors = min(tried, key=lambda row: row[0])
        above = factors[1] * n**-alpha + factors[2] * d**-beta
        weights = 1 / np.maximum(above, 1e-6)
    return factors[0], factors[1], factors[2], alpha, beta


def plan(train, budget):
    runs, spent = [], 0.0
    for n in (1e3, 3e3, 9e3, 27e3):
        for part in (1, 6, 36):
            d = part * budget * 0.02 / 6 / 4e4 / 43
            runs.append((n, d, train(n, d)))
            spent += 6 * n * d
    left = 0.0999 * budget - spent
    ratios = np.geomspace(1e-3, 1, 16)
    for i, cost in enumerate(left * ratios / ratios.sum()):
        if i in (0, 10):
            E, A, B, alpha, beta = law_by_steps(runs)
        sizes = np.geomspace(200, 1e6, 800)
        above = A * (sizes / 1e4) ** -alpha + B * (cost / 6 / sizes / 1e6) ** -beta
        n = sizes[above.argmin()]
        runs.append((n, cost / 6 / n, train(n, cost / 6 / n)))
    E, A, B, alpha, beta = law_by_steps(runs)
    sizes = np.geomspace(1e3, 1e7, 4000)
    losses = E + A * (sizes / 1e4) ** -alpha + B * (budget / 6 / sizes / 1e6) ** -beta
    best = losses.argmin()
    return sizes[best], 0.9999 * budget / 6 / sizes[best], losses[best]
""",
)


def share_of_points(student, seeds):
    """Half by the choice, half by the prediction, each along a straight line; and what is told."""
    found = judged(student, seeds)
    too_low = int((found[:, 1] > 0).sum())
    shares, chances = [], []
    (lost, lost_error), (off, off_error) = (
        (float(x.mean()), float(x.std(ddof=1) / math.sqrt(len(x)))) for x in np.abs(found).T
    )
    for mean, error, ends in (
        (lost, lost_error, (CHOICE_NONE, CHOICE_FULL)),
        (off, off_error, (OFF_NONE, OFF_FULL)),
    ):
        shares.append(on_a_curve(mean, *ends))
        low, high = (on_a_curve(mean + sign * math.sqrt(2) * error, *ends) for sign in (1, -1))
        chances.append((high - low) / 2)  # two sets of worlds differ by √2 times the error of one
    value = sum(shares) / 2
    told = (
        f"the true excess of your choice is {lost:.1%} ± {lost_error:.1%} above the best ({CHOICE_FULL:.0%} "
        f"earn all, {CHOICE_NONE:.0%} none): {shares[0]:.0%}. Your prediction is off by {off:.1%} ± "
        f"{off_error:.1%} of it ({OFF_FULL:.0%} earn all, {OFF_NONE:.0%} none), too low in {too_low} of "
        f"{len(found)} worlds: {shares[1]:.0%}. Together {value:.0%}; with {len(found)} other worlds it "
        f"would differ by chance (standard error {math.hypot(*chances) / 2:.0%})"
    )
    return Score(value, told if value == 1 else f"{told}. {_what_to_mend(*shares)}")


def _what_to_mend(choice, prediction):
    """What to look at first."""
    if choice <= prediction:
        return "The advice for the best split is as good as the law: let it be fitted to more sizes and texts"
    if prediction < 0.4:
        return (
            "Chance is a share of a run's excess, so the small runs' losses scatter most: weigh each run by "
            "1 over its excess, or they decide where the floor is"
        )
    return (
        "The law is a sum that runs do not quite follow: runs near the best splits, up to the largest that "
        "can be paid, say most about the end"
    )


@check("budget", weight=0.5)
def worlds_you_may_see(student):
    """Choice and prediction, in worlds that you may see; the grade takes others of the same kind."""
    return share_of_points(student, range(N_WORLDS))


@check(
    "budget",
    hidden=True,
    hint=(
        f"choice and prediction in other worlds: an excess {CHOICE_FULL:.0%} above the best and a "
        f"prediction that "
        f"is off by {OFF_FULL:.0%} of it earn all points, {CHOICE_NONE:.0%} and {OFF_NONE:.0%} none"
    ),
    weight=2,
)
def worlds_that_nobody_has_seen(student, rng):
    """Choice and prediction, in worlds whose laws nobody has seen."""
    return share_of_points(student, rng.integers(10**6, 10**9, size=N_WORLDS))
