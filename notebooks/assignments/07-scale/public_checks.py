# Made from solutions/07-scale/checks.py: the checks that answer in the notebook. Do not edit.
"""Exercises of assignment 7, scale.

Right values are small numbers, worked out by hand: widths of 2, powers of 4 with exponents of one half, rings
of two and three processes, stages that take one step forwards and two back.
"""

from __future__ import annotations

import math

import numpy as np

from lmcourse.grading.asking import (
    ask,
    asking,
)
from lmcourse.grading.checks import (
    CheckFailed,
    Score,
    check,
    describe,
    expect,
    on_a_curve,
)
from lmcourse.grading.exercise import (
    Exercise,
)
from lmcourse.scaling.simulated import (
    Simulated,
)


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


# What the checks of an exercise weigh that are asked only for the grade.
UNSEEN_WEIGHTS = {'costs': 2.0, 'floor': 2.0, 'ring': 2.6999999999999997, 'pipeline': 2.8499999999999996, 'progress': 2.8999999999999995, 'minhash': 2.9000000000000004, 'budget': 2.0}


# Which wrong value is due to which mistake, as the authored mistakes show.
REASONS = {
    'costs': {
        'queries, keys, values and output: attention has four matrices': [
            (0, 0, 'gives', 142),
        ],
        'the feed-forward layer has two matrices, up and down': [
            (0, 0, 'gives', 106),
        ],
        '`d_inner` holds where it is written': [
            (1, 0, 'gives', 154),
        ],
        'each block has numbers of its own': [
            (0, 0, 'gives', 58),
        ],
        'the output is multiplied with as well': [
            (0, 0, 'gives', 144),
        ],
        'a row of the positions is looked up and added; nothing is multiplied with it': [
            (0, 0, 'gives', 168),
        ],
        'the table of vectors is one, at the beginning and at the end': [
            (0, 1, 'gives', 178),
        ],
        'the positions have a table, too': [
            (0, 1, 'gives', 154),
        ],
        'forwards alone is a third of it: four more operations go backwards': [
            (2, 1, 'gives', 5160),
        ],
        'looking is missing: in each block a token is compared with all T, 4dT operations forwards': [
            (2, 1, 'gives', 9240),
        ],
        'looking goes backwards, too, which is twice the way forwards: 12 L d T in all': [
            (2, 1, 'gives', 10920),
        ],
        'looking costs 4dT forwards in a block, once for the scores and once for the mean of the values; yours is half of it': [
            (2, 1, 'gives', 11760),
        ],
        'that is for one token; `n_tokens` are read': [
            (2, 1, 'gives', 1428),
        ],
        'the output is trained, too: six operations': [
            (2, 1, 'gives', 13880),
        ],
        'what a token is multiplied with is counted, N with a cross; the positions are not': [
            (2, 1, 'gives', 15120),
        ],
        'a frozen block works forwards as ever; it is missing in yours': [
            (3, 1, 'gives', 9720),
        ],
        'in a frozen block nothing goes backwards': [
            (3, 1, 'gives', 14280),
        ],
        'into a frozen block no gradient need go: nothing below it waits for one; you carried it through': [
            (3, 1, 'gives', 12760),
        ],
        'in a frozen block looking is done forwards only, 4dT': [
            (3, 1, 'gives', 12360),
        ],
        '`frozen` blocks are counted from all; you trained them all as well': [
            (3, 1, 'gives', 15800),
        ],
        'set 6 times what is multiplied equal to 12 L d T: each block looks': [
            (4, 1, 'gives', 38.5),
        ],
        'set 6 times what is multiplied equal to 12 L d T; yours is a factor off': [
            (4, 1, 'gives', 25.6666667),
            (4, 1, 'gives', 6.41666667),
            (4, 1, 'gives', 2.13888889),
        ],
        'that is the rule T = 6d, which holds where the output is small and the inside 4d; here both count': [
            (4, 1, 'gives', 12),
        ],
        "the positions' table is not multiplied with": [
            (4, 1, 'gives', 14),
        ],
        'a number of tokens in view need not be whole here': [
            (4, 1, 'gives', 12),
        ],
    },
    'floor': {
        'all runs count alike in yours; `errors` has no effect': [
            (1, 0, 'gives', (1.5, 2, 3, 0.5, 1)),
        ],
        'divide by the error itself, not by its root: its square is what counts': [
            (1, 0, 'gives', (1.33333333, 2, 3, 0.5, 1)),
        ],
        'divide by the error itself: it is squared when distances are': [
            (1, 0, 'gives', (1.05882353, 2, 3, 0.5, 1)),
        ],
        'a run with a *large* error counts little; you multiplied by it': [
            (1, 0, 'gives', (1.8, 2, 3, 0.5, 1)),
        ],
        'both sides of each equation are divided by the error, all three columns and the loss': [
            (1, 0, 'gives', (1.6, 2.4, 3.6, 0.5, 1)),
        ],
        'which exponents are best is judged by the distances over their errors, too': [
            (2, 0, 'gives', (-0.0609104262, 1.51215217, 4.51493482, 1, 0.5)),
        ],
        'the law has a floor: a column of ones is missing': [
            (0, 0, 'gives', (0, 1.49658972, 4.45094867, 1, 0.5)),
        ],
        'each pair is (alpha, beta), in this order': [
            (0, 2, 'gives', (-0.629358098, 2.01990125, 4.58348212, 0.5, 0.5)),
        ],
        'a run that a sample has twice counts twice': [
            (5, 1, 'gives', (1.5, 1.5)),
        ],
        'alpha belongs to the sizes, beta to the tokens; yours are exchanged': [
            (0, 0, 'gives', (1, 2, 3, 1, 0.5)),
        ],
        'A and B are divided by powers: the exponents are negative, or 1 over the power': [
            (0, 0, 'gives', (8.68611963, -0.535007131, -2.36840851, 0.5, 0.5)),
        ],
        'the best pair is that with the *least* distance': [
            (0, 0, 'gives', (-0.0609104272, 1.51215217, 4.51493483, 1, 0.5)),
        ],
        'the last pair is returned, not the best': [
            (0, 0, 'gives', (1.52354049, 1.51035782, 2.96892655, 1, 1)),
        ],
        'the first pair is returned, not the best': [
            (0, 0, 'gives', (-0.629358098, 2.01990125, 4.58348212, 0.5, 0.5)),
        ],
        'the order is E, A, B, alpha, beta': [
            (0, 0, 'gives', (0.5, 1, 1, 2, 3)),
        ],
        'the middle 90 % leave five of a hundred on either side': [
            (3, 1, 'gives', (1.2, 2.8)),
            (3, 1, 'gives', (1.05, 2.95)),
            (3, 1, 'gives', (1.2, 2.9)),
        ],
        'asked for are quantiles of the floors, not their mean and so many standard deviations': [
            (3, 1, 'gives', (1.39446993, 2.60553007)),
            (3, 1, 'gives', (1.00390303, 2.99609697)),
            (3, 1, 'gives', (1.00693068, 2.99306932)),
            (3, 1, 'gives', (0.788939858, 3.21106014)),
        ],
        'asked for are quantiles, not the least and the largest': [
            (3, 1, 'gives', (1, 3)),
        ],
        'the lower end comes first': [
            (3, 1, 'gives', (2.9, 1.1)),
        ],
        'each row of `drawn` is a sample of its own; you fitted all runs each time': [
            (3, 1, 'gives', (2, 2)),
        ],
        'the errors belong to the runs: take those of the sample': [
            (4, 2, 'gives', (1.8, 1.8)),
            (4, 2, 'gives', (1.5, 1.5)),
        ],
        'sizes and tokens belong to the runs as losses do: take those of the sample': [
            (4, 2, 'gives', (5.78709981, 5.78709981)),
        ],
        "the floor is the first of the law's five numbers": [
            (3, 1, 'gives', (2, 2)),
        ],
    },
    'ring': {
        'process r begins with chunk r - 1; yours begins with chunk r, and each finished sum ends at the wrong process': [
            (0, 1, 'gives', [[[1], [20]], [[22], [11]]]),
        ],
        'process r begins with chunk r - 1; yours begins with chunk r + 1': [
            (2, 0, 'gives', [[[2], [30], [100]]]),
        ],
        'what is sent goes to process r + 1; yours goes to r - 1': [
            (1, 0, 'gives', [[110, 220, 33], [110, 202, 303], [11, 202, 33]]),
        ],
        "in reduce-scatter what arrives is added to the receiver's own chunk; yours replaces it": [
            (0, 0, 'gives', [[10, 2], [10, 2]]),
        ],
        "in all-gather what arrives replaces the receiver's own chunk, which is only a part of the sum; yours adds it": [
            (0, 0, 'gives', [[11, 24], [21, 22]]),
        ],
        'in each later round of reduce-scatter the *sum* is sent on that has just been made, one chunk further back': [
            (1, 0, 'gives', [[1, 20, 300], [1, 20, 300], [1, 20, 300]]),
        ],
        'in each later round of all-gather a process sends on what has arrived in the round before; yours sends its own finished chunk again': [
            (1, 0, 'gives', [[111, 202, 333], [111, 222, 33], [110, 222, 333]]),
        ],
        "all-gather begins with the finished chunk, that of the process's own number": [
            (0, 0, 'gives', [[10, 2], [10, 2]]),
        ],
        'all send at the same time: note what is sent before anything arrives': [
            (1, 0, 'gives', [[1, 402, 300], [1, 20, 36], [120, 20, 300]]),
        ],
        'the zeros with which you filled up are to be taken off again': [
            (4, 0, 'gives', [[11, 22, 33, 49, 0, 0], [11, 22, 33, 49, 0, 0], [11, 22, 33, 49, 0, 0]]),
        ],
        'n need not divide K: fill up with zeros': [
            (4, 0, 'raises', 'ValueError 4 3'),
        ],
        'fill up at the end of the array, not at its beginning': [
            (4, 1, 'gives', [[[3, 4], [0, 0], [0, 0]]]),
        ],
        'and as many for all-gather; yours has 2': [
            (0, 0, 'fails', 'of 2 processes `rounds` should be a list of 2 rounds, n - 1 for reduce-scatter and as many for all-gather; yours has 1'),
        ],
        'the processes never send in yours: a sum is made of numbers that were sent': [
            (0, 1, 'gives', [[[0], [0]], [[0], [0]]]),
        ],
        'what is recorded is changed afterwards: put a new array in the place of a chunk instead of adding into it': [
            (0, 1, 'gives', [[[22], [11]], [[11], [22]]]),
        ],
        'there are n - 1 rounds in either half, so twice as many in all': [
            (5, 0, 'gives', (6, 24)),
        ],
        'there are n - 1 rounds in either half, not n': [
            (5, 0, 'gives', (16, 24)),
        ],
        'in the ring a chunk is sent in each round, the nth part of the numbers': [
            (5, 0, 'gives', (48, 24)),
        ],
        'chunks that are filled up are sent as they are, zeros too': [
            (5, 1, 'gives', (13, 27)),
            (5, 1, 'gives', (13.5, 27)),
        ],
        'asked for is what it sends, without what it receives': [
            (5, 0, 'gives', (12, 48)),
            (5, 0, 'gives', (24, 24)),
        ],
        'the collector sends the sum to each of the other n - 1': [
            (5, 0, 'gives', (12, 32)),
        ],
        'the busiest is the collector, not one of the others': [
            (5, 0, 'gives', (12, 8)),
        ],
        'first the ring, then the collector': [
            (5, 0, 'gives', (24, 12)),
        ],
    },
    'pipeline': {
        'a stage runs as many batches ahead as there are stages *behind* it, not with itself': [
            (0, 0, 'gives', [('f', 0), ('f', 1), ('f', 2), ('f', 3), ('b', 0), ('b', 1), ('b', 2), ('b', 3)]),
        ],
        'a stage runs as many batches ahead as there are stages *behind* it; you counted those before it': [
            (0, 0, 'gives', [('f', 0), ('b', 0), ('f', 1), ('b', 1), ('f', 2), ('b', 2), ('f', 3), ('b', 3)]),
        ],
        'every stage has another number of stages behind it': [
            (0, 1, 'gives', [('f', 0), ('f', 1), ('f', 2), ('b', 0), ('f', 3), ('b', 1), ('b', 2), ('b', 3)]),
        ],
        'that is the order in which all goes forwards first': [
            (0, 0, 'gives', [('f', 0), ('f', 1), ('f', 2), ('f', 3), ('b', 0), ('b', 1), ('b', 2), ('b', 3)]),
        ],
        'where there are fewer batches than stages behind, all of them go forwards, and no more': [
            (1, 0, 'gives', [('f', 0), ('f', 1), ('f', 2), ('f', 3), ('b', -2), ('b', -1), ('b', 0), ('b', 1)]),
        ],
        'in each turn the next batch goes forwards first, and then the oldest backwards': [
            (0, 0, 'gives', [('f', 0), ('f', 1), ('b', 0), ('f', 2), ('b', 1), ('f', 3), ('b', 2), ('b', 3)]),
        ],
        'backwards goes the *oldest* batch that is kept': [
            (0, 0, 'gives', [('f', 0), ('f', 1), ('f', 2), ('b', 2), ('f', 3), ('b', 3), ('b', 2), ('b', 3)]),
        ],
        'the batches that were read ahead have to go backwards at the end': [
            (0, 0, 'gives', [('f', 0), ('f', 1), ('f', 2), ('b', 0), ('f', 3), ('b', 1)]),
        ],
        'a batch goes forwards when the stage before has done with it': [
            (2, 0, 'gives', [[(0, 1), (1, 2), (3, 5), (6, 8)], [(0, 1), (1, 3), (3, 4), (4, 6)]]),
        ],
        'a batch goes backwards when it has come back through the stage *behind*': [
            (2, 0, 'gives', [[(0, 1), (1, 2), (2, 4), (5, 7)], [(1, 2), (2, 4), (4, 5), (5, 7)]]),
        ],
        'on its way back a batch comes from the stage behind; yours comes from the one before': [
            (2, 0, 'gives', [[(0, 1), (1, 2), (2, 4), (4, 6)], [(1, 2), (4, 6), (6, 7), (7, 9)]]),
        ],
        'through the last stage, too, a batch goes back only when it has come forwards there': [
            (5, 0, 'gives', [[(0, 1), (2, 4)], [(0, 2), (2, 3)]]),
        ],
        'a stage does one task at a time: it begins when its last one has ended': [
            (2, 0, 'gives', [[(0, 1), (0, 1), (4, 6), (4, 6)], [(1, 2), (2, 4), (1, 2), (2, 4)]]),
        ],
        'a stage that is free still waits for what its task needs': [
            (2, 0, 'gives', [[(0, 1), (1, 2), (2, 4), (4, 6)], [(1, 2), (2, 4), (4, 5), (5, 7)]]),
        ],
        'a way back takes `backward`': [
            (2, 0, 'gives', [[(0, 1), (1, 2), (3, 4), (5, 6)], [(1, 2), (2, 3), (3, 4), (4, 5)]]),
        ],
        '`forward` and `backward` have no effect': [
            (4, 0, 'gives', [[(0, 1), (7, 9)], [(1, 2), (5, 7)], [(2, 3), (3, 5)]]),
        ],
        'a slot is (start, end); yours is (start, how long)': [
            (2, 0, 'gives', [[(0, 1), (1, 1), (4, 2), (7, 2)], [(1, 1), (2, 2), (4, 1), (5, 2)]]),
        ],
        'where all wait for one another, raise ValueError; you returned what was done till then': [
            (5, 0, 'gives', [[(0, 1)], []]),
        ],
        'through the last stage a batch goes back when it has come forwards there, whatever the order says': [
            (5, 0, 'gives', [[(0, 1), (3, 5)], [(1, 3), (3, 4)]]),
        ],
        'a batch is kept until its way back is done; all that were ever read is too many': [
            (6, 1, 'gives', 4),
        ],
        'at the *same* time: at the end none is left': [
            (6, 0, 'gives', 0),
        ],
        'count both ways: one more forwards, one fewer when it is back': [
            (6, 1, 'gives', 4),
        ],
        'at least one batch is read, even by one stage': [
            (7, 2, 'gives', 0),
        ],
        'multiply (p - 1) / (m + p - 1) ≤ 1 / q out: m + p - 1 is at least q (p - 1)': [
            (7, 0, 'gives', 15),
            (7, 0, 'gives', 16),
            (7, 0, 'gives', 20),
            (7, 0, 'gives', 13),
        ],
    },
    'progress': {
        'which tokens were on top is in `on_top`; their probabilities need not be above one half for that': [
            (0, 0, 'gives', 0.375),
            (0, 0, 'gives', 0.625),
        ],
        'a share is asked for, not how many': [
            (0, 0, 'gives', 6),
            (0, 1, 'gives', 2),
        ],
        'an answer is right if all of *its* tokens are: along a row': [
            (0, 1, 'gives', 0),
        ],
        'one right token makes no answer: all must be on top': [
            (0, 1, 'gives', 1),
        ],
        'count the answers; the power of the share of tokens is what one would expect if tokens were independent': [
            (0, 1, 'gives', 0.5625),
        ],
        'all tokens of *one* answer, not of all of them': [
            (0, 1, 'gives', 0),
        ],
        "the mean is that of the answers' products, not the product of means": [
            (1, 0, 'gives', 0.34375),
            (1, 0, 'gives', 0.352539062),
        ],
        "a whole answer is drawn with the product of its tokens' probabilities": [
            (1, 0, 'gives', 0.59375),
        ],
        'along a row: the tokens of one answer': [
            (1, 0, 'gives', 0.078125),
        ],
        'the geometric mean is another number: the mean of products is asked for': [
            (1, 0, 'gives', 0.25),
        ],
        'nats are asked for, not bits': [
            (1, 1, 'gives', 1),
        ],
        'surprise is the *negative* logarithm': [
            (1, 1, 'gives', -0.693147181),
        ],
        "that is for an answer; a token's surprise is asked for": [
            (1, 1, 'gives', 1.38629436),
        ],
        'the mean of the logarithms, not the logarithm of the mean': [
            (1, 1, 'gives', 0.521296924),
        ],
        'at most this chance: round up': [
            (2, 0, 'gives', 12),
            (2, 0, 'gives', 12),
        ],
        'of an answer all L tokens must be right: p to the power of L': [
            (2, 0, 'gives', 3),
        ],
        'an answer is right with p to the power of L, not wrong with it': [
            (2, 0, 'gives', 1),
        ],
        '(1 - p)^L is that all tokens are wrong; an answer is wrong as soon as one is': [
            (2, 0, 'gives', 1),
        ],
        '`chance` is that of *none* being right; you took one less it': [
            (2, 0, 'gives', 2),
        ],
        'one more than needed': [
            (2, 0, 'gives', 14),
        ],
        '1 - p^L is 1 for a computer, and its logarithm 0; np.log1p(x) is the logarithm of 1 + x without that loss': [
            (3, 0, 'raises', 'ZeroDivisionError'),
            (3, 0, 'gives', float("inf")),
        ],
        'the chance that none is right is not 1 - n p^L': [
            (2, 0, 'gives', 7),
        ],
        "question by question: take each question's difference first; the two models' errors put together are larger or smaller": [
            (4, 0, 'gives', (2.07944154, 0.766303041)),
        ],
        'the standard deviation with n - 1': [
            (4, 0, 'gives', (2.07944154, 0.864506423)),
        ],
        'the error of a mean is the standard deviation over the *root* of n': [
            (4, 0, 'gives', (2.07944154, 0.611298354)),
        ],
        'that is how far single questions scatter; the mean of n is better known, by the root of n': [
            (4, 0, 'gives', (2.07944154, 1.83389506)),
        ],
        "the error's square is no error: take the root": [
            (4, 0, 'gives', (2.07944154, 1.12105703)),
        ],
        'a gain is positive where the second model is *less* surprised': [
            (4, 0, 'gives', (-2.07944154, 1.05879981)),
        ],
        'for a whole answer: the sum over its tokens, not their mean': [
            (4, 0, 'gives', (1.03972077, 0.529399904)),
        ],
        'nats are asked for; yours are bits': [
            (4, 0, 'gives', (3, 1.52752523)),
        ],
        'surprise is a matter of logarithms; the difference of the probabilities hides what happens to small ones': [
            (4, 0, 'gives', (0.833333333, 0.463980364)),
            (4, 0, 'gives', (0.432291667, 0.276630661)),
        ],
        'the tokens of one answer stand or fall together: n counts answers': [
            (4, 0, 'gives', (2.07944154, 0.693147181)),
        ],
    },
    'minhash': {
        'the *least* value is kept, not the largest': [
            (0, 0, 'gives', [8, 8, 10, 7]),
        ],
        "of each hash one value is kept: the least of all shingles'": [
            (0, 0, 'gives', [5, 0, 0]),
            (0, 0, 'gives', [8, 8, 5, 5]),
        ],
        'the remainder by p is taken before the least is looked for': [
            (0, 0, 'gives', [8, 8, 5, 5]),
        ],
        'b is added before the remainder is taken': [
            (0, 0, 'gives', [6, 4, 5, 5]),
        ],
        'b is missing in the hash': [
            (0, 0, 'gives', [1, 3, 5, 2]),
        ],
        'the remainder by p is missing': [
            (0, 0, 'gives', [8, 8, 5, 5]),
        ],
        'a multiplies and b is added; yours are exchanged': [
            (0, 0, 'gives', [1, 0, 5, 3]),
        ],
        'a float has 53 bits, and the product of two numbers of 31 bits needs 62: keep whole numbers': [
            (1, 0, 'gives', [2.14748364e+09]),
        ],
        '32 bits are too few for a product of two such numbers: it runs over': [
            (1, 0, 'gives', [4]),
        ],
        'the shingle that comes first in the order is not asked for, but its value': [
            (0, 0, 'gives', [2, 2, 1, 4]),
        ],
        'compare the values place by place: each place is a hash of its own': [
            (2, 0, 'gives', (0.5, 0.25)),
            (2, 1, 'gives', (1, 0)),
        ],
        'a share is asked for, not how many agree': [
            (2, 0, 'gives', (3, 0.25)),
        ],
        'the root is missing': [
            (2, 0, 'gives', (0.75, 0.046875)),
        ],
        'k is missing: more hashes know it better': [
            (2, 0, 'gives', (0.75, 0.433012702)),
        ],
        'k stands under the root': [
            (2, 0, 'gives', (0.75, 0.108253175)),
        ],
        'the formula has k, not k - 1': [
            (2, 0, 'gives', (0.75, 0.25)),
        ],
        'a band must agree as a whole, all of its values': [
            (3, 1, 'gives', [(0, 1)]),
        ],
        'one band is enough; yours asks for all, or for the first alone': [
            (3, 0, 'gives', [(0, 1)]),
            (3, 0, 'gives', []),
        ],
        'bands stand side by side: the next begins where the last ends': [
            (3, 2, 'gives', [(0, 1)]),
        ],
        'a band counts at its own place: each band has its own table': [
            (4, 0, 'gives', [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 0), (2, 1), (2, 3)]),
        ],
        'which value belongs to which hash counts: do not sort within a band': [
            (3, 0, 'gives', [(0, 1), (0, 2), (0, 3), (1, 2)]),
        ],
        'the pairs are to be in ascending order, as `sorted` puts them': [
            (3, 0, 'gives', [(1, 2), (0, 3), (0, 1)]),
            (3, 0, 'gives', [(0, 1), (1, 2), (0, 3)]),
        ],
        'i is the smaller, and comes first': [
            (3, 0, 'gives', [(1, 0), (2, 1), (3, 0)]),
        ],
        'each pair once: one that agrees in two bands is one pair': [
            (4, 0, 'gives', [(0, 1), (0, 1), (0, 3), (0, 3), (0, 3), (1, 2), (1, 2), (1, 3)]),
        ],
        'all texts with the same band are pairs, not each only with the one before': [
            (3, 3, 'gives', [(0, 1), (1, 2)]),
        ],
        '`rows` hashes make a band; you took `rows` for the number of bands': [
            (3, 1, 'gives', [(0, 1), (0, 3), (1, 2), (1, 3)]),
        ],
        'only a number of rows that divides k will do': [
            (5, 2, 'gives', 5),
        ],
        'that finds pairs often, but lets the most of all others through: the largest such number': [
            (5, 0, 'gives', 1),
        ],
        'there are k / r bands': [
            (5, 0, 'gives', 4),
            (5, 0, 'gives', 2),
        ],
        'in a band all r values must agree: s to the power of r': [
            (5, 0, 'gives', 12),
        ],
        'the chance that *some* band agrees: one less the chance that none does': [
            (5, 0, 'gives', 12),
            (5, 0, 'gives', 1),
        ],
        'at least `wanted` is enough: exactly so often will do': [
            (6, 0, 'raises', 'ValueError'),
        ],
        'asked for are rows, hashes in a band; those are bands': [
            (5, 0, 'gives', 4),
        ],
        'where no number of rows will do, raise ValueError; you returned something': [
            (6, 1, 'gives', 1),
            (6, 1, 'gives', None),
            (6, 1, 'gives', 0),
        ],
    },
    'budget': {
        'each parameter and token takes six operations': [
            (0, 0, 'fails', '`train` cannot do what your `plan` asks: a run of 27,031 parameters and 4,801,183 tokens costs 7.79e+11; of the tenth of the budget that trial runs may cost 7.71e+10 are left'),
        ],
        'spend 99 to 100 per cent of it': [
            (0, 0, 'fails', 'your training of N = 57,736 and D = 3,752,704 costs 0.1 of the budget; spend 99 to 100 per cent of it'),
        ],
        'of the tenth of the budget that trial runs may cost': [
            (0, 0, 'fails', '`train` cannot do what your `plan` asks: a run of 41,477 parameters and 2,422,791 tokens costs 6.03e+11; of the tenth of the budget that trial runs may cost 2.79e+11 are left'),
        ],
        'there are no more': [
            (0, 0, 'fails', '`train` cannot do what your `plan` asks: 30 trial runs have been made; there are no more'),
        ],
        'has not called the function `train`': [
            (0, 0, 'fails', 'your `plan` has not called the function `train` that it was given, so it cannot know what this world is like'),
        ],
        'let the trial runs say how much of each is best': [
            (1, 0, 'fails', 'on average of 8 worlds the true excess of your choice is 0.0334 nats, with twenty tokens for each parameter it is 0.0334: let the trial runs say how much of each is best'),
        ],
        'Are N and D exchanged?': [
            (1, 0, 'fails', 'on average of 8 worlds the true excess of your choice is 0.1769 nats, with twenty tokens for each parameter it is 0.0334: let the trial runs say how much of each is best. Are N and D exchanged?'),
        ],
        'Is E missing in yours?': [
            (2, 0, 'fails', 'on average of 8 worlds your prediction is 1.2330 nats off, the lowest loss of your trial runs 0.0505: a law of the trial runs says how it goes on from there. Is E missing in yours?'),
        ],
        'a law of the trial runs says how it goes on from there': [
            (2, 0, 'fails', 'on average of 8 worlds your prediction is 0.0505 nats off, the lowest loss of your trial runs 0.0505: a law of the trial runs says how it goes on from there'),
        ],
        "that is the law's floor alone: what no training comes down to": [
            (2, 0, 'fails', 'on average of 8 worlds your prediction is 0.0480 nats off, the lowest loss of your trial runs 0.0505: a law of the trial runs says how it goes on from there'),
        ],
    },
}
