"""Exercises of assignment 4, neural language models.

Right values are small fractions: weights and logits are chosen as logarithms, so that sigmoids and softmaxes
can be worked out by hand.
"""

from __future__ import annotations

import math

import numpy as np

from lmcourse.grading.asking import ask, asking
from lmcourse.grading.checks import Score, check, describe, expect, on_a_curve
from lmcourse.grading.exercise import Exercise
from lmcourse.world import agreement

LN2, LN3, LN4 = math.log(2), math.log(3), math.log(4)


def array(*rows):
    """An array of floats."""
    return np.array(rows, dtype=float)


# 1. softmax_gradient

softmax_gradient = Exercise(
    "softmax_gradient",
    points=2,
    minutes=25,
    hints=(
        "Take one row first. Its loss is $\\ln \\sum_w e^{z_w} - z_y$; differentiate the two terms by $z_v$, "
        "once for $v = y$ and once for another $v$. What does the mean over B rows add?",
        "It is the probabilities, less 1 at the target, all divided by B. Subtract the largest logit of "
        "each row before you take exponentials: that changes no probability.",
    ),
)


def large_logits(logits, targets):
    """The question for the gradient, which says so if it is no number."""

    def answer(student):
        gradient = ask.softmax_gradient(logits, targets).answer(student)
        is_nan = isinstance(gradient, np.ndarray) and np.isnan(gradient).any()
        expect(not is_nan, f"for the logits {logits.tolist()} there is nan (not a number) in the gradient")
        return gradient

    return asking(f"the gradient for the logits {logits.tolist()} and the target {targets.tolist()}", answer)


softmax_gradient.case(
    "Logits ln 1, ln 2, ln 1 are 1/4, 1/2, 1/4; the target, the first, has 1 less.",
    ask.softmax_gradient(array([0, LN2, 0]), np.array([0])).gives([[-0.75, 0.5, 0.25]]),
)
softmax_gradient.case(
    "Of two rows each has half a say in the mean.",
    ask.softmax_gradient(array([0, LN3], [LN4, 0]), np.array([1, 1])).gives([[0.125, -0.125], [0.4, -0.4]]),
    ask.softmax_gradient(array([0, LN3], [LN4, 0]), np.array([0, 1])).gives([[-0.375, 0.375], [0.4, -0.4]]),
)
softmax_gradient.case(
    "Logits of 1,000 and more overflow in an exponential, but have probabilities like any others.",
    large_logits(array([1000, 1000 + LN3]), np.array([0])).gives([[-0.75, 0.75]]),
    large_logits(array([-1000, 1000]), np.array([0])).gives([[-1.0, 1.0]]),
    weight=0.5,
)
softmax_gradient.slip(
    "those are the probabilities. The target's own logit stands in the loss as well: at the target there is "
    "1 less",
    {"gradient[np.arange(len(targets)), targets] -= 1": "pass"},
)
softmax_gradient.slip(
    "the sign is turned: that is the direction in which the loss falls",
    {"return gradient": "return -gradient"},
)
softmax_gradient.slip(
    "that is the gradient of the sum of the rows' losses; the loss is their mean", {" / len(targets)": ""}
)
softmax_gradient.slip(
    "you divided by all the B · V entries; the mean is over the B rows", {"/ len(targets)": "/ gradient.size"}
)
softmax_gradient.slip(
    "the softmax is along the wrong axis: each row, a place in the text, is a distribution over the tokens",
    {
        "logits.max(axis=1, keepdims=True)": "logits.max(axis=0, keepdims=True)",
        "weights.sum(axis=1": "weights.sum(axis=0",
    },
)
softmax_gradient.slip(
    "you took 1 from the target's column in every row; each row has its own target",
    {"gradient[np.arange(len(targets)), targets]": "gradient[:, np.unique(targets)]"},
)
softmax_gradient.slip(
    "exp(1000) is infinite, and inf / inf is no number; subtract each row's largest logit first",
    {"logits - logits.max(axis=1, keepdims=True)": "logits"},
)
softmax_gradient.slip(
    "a softmax squashes by exponentials; you divided the logits themselves by their sum",
    {"np.exp(shifted)": "logits"},
)
softmax_gradient.slip(
    "p (1 - p) is the derivative of a probability by its logit; the loss is the logarithm of one",
    {"    gradient[np": "    gradient = gradient * (1 - gradient)\n    gradient[np"},
)
softmax_gradient.slip(
    "each row is divided by its own sum; you divided by the sum of all",
    {"weights.sum(axis=1, keepdims=True)": "weights.sum()"},
)
softmax_gradient.slip(
    "1 is taken off the probability at the target; you put -1 in its place",
    {"targets] -= 1": "targets] = -1"},
)
softmax_gradient.slip(
    "`-=` changes the array that you were given; write logits - …",
    {"shifted = logits - logits.max(": "shifted = logits\n    shifted -= logits.max("},
)


@softmax_gradient.hidden("random logits, small and large, batches of 1 to 9: do all rows sum to zero?")
def random_logits(rng):
    for rows, size, spread in ((1, 2, 1), (4, 7, 3), (9, 3, 300), (3, 3, 1)):
        logits = rng.normal(size=(rows, size)) * spread
        yield ask.softmax_gradient(logits, rng.integers(size, size=rows))
    yield ask.softmax_gradient(array([800.0, 801.0]), np.array([1]))


softmax_gradient.another(
    "by log-probabilities, row by row",
    """
def softmax_gradient(logits, targets):
    rows = []
    for z, y in zip(logits, targets):
        p = np.exp(z - np.logaddexp.reduce(z))
        rows.append((p - np.eye(len(z))[y]) / len(logits))
    return np.array(rows)
""",
)


# 2. lookup

lookup = Exercise(
    "lookup",
    points=2,
    minutes=20,
    hints=(
        "The gradient that arrives has the shape of what was looked up; the one that goes back has the "
        "shape of the table. Begin with zeros, and let every place add its part to its row.",
        "`back[ids] += g` writes each row once only, however often it occurs in `ids`. "
        "`np.add.at(back, ids, g)` adds every time. `reshape` in the class shows where a pull belongs.",
    ),
)
TABLE = array([1, 2], [3, 4], [5, 6])
lookup.case(
    "Rows 2 and 0 of the table, and their gradients in the places of these rows.",
    ask.looked_up(TABLE, np.array([2, 0]), array([1, 10], [100, 1000])).gives(
        ([[5, 6], [1, 2]], [[100, 1000], [0, 0], [1, 10]])
    ),
)
lookup.case(
    "Row 1 looked up three times receives three gradients, added up.",
    ask.looked_up(TABLE, np.array([1, 1, 1]), array([1, 10], [2, 20], [4, 40])).gives(
        ([[3, 4]] * 3, [[0, 0], [7, 70], [0, 0]])
    ),
)
lookup.case(
    "Numbers in two rows and two columns give data of three axes.",
    ask.looked_up(TABLE, np.array([[0, 1], [1, 1]]), np.ones((2, 2, 2))).gives(
        ([[[1, 2], [3, 4]], [[3, 4], [3, 4]]], [[1, 1], [3, 3], [0, 0]])
    ),
)
ADD = "np.add.at(back, ids, g)"
lookup.slip(
    "a row that is looked up several times receives the sum; back[ids] += g adds only once",
    {ADD: "back[ids] += g"},
)
lookup.slip(
    "a row that is looked up several times receives the sum; you kept one of its gradients only",
    {ADD: "back[ids] = g"},
)
lookup.slip(
    "the result has no parents, so no gradient finds its way back to the table", {"[(table, pull)]": "[]"}
)
lookup.slip(
    "pull counts how often each row was looked up; the gradient that arrives must be carried on",
    {ADD: "np.add.at(back, ids, 1.0)"},
)
lookup.slip(
    "what goes back must have the table's shape; you handed on the gradient as it came",
    {"return back": "return g"},
)
lookup.slip(
    "the gradient goes to the rows looked up, by number; you filed it by its place in `ids`",
    {ADD: "back[: len(g)] += g.reshape(-1, g.shape[-1])[: len(back)]"},
)
lookup.slip(
    "those are the numbers' places in the table's columns; a token is a row",
    {"table.data[ids]": "table.data.T[ids % 2]"},
)
lookup.slip(
    "begin with zeros; yours begin with the table itself", {"np.zeros(table.data.shape)": "table.data.copy()"}
)
lookup.slip("tokens are numbered from 0, and so are the rows", {"table.data[ids]": "table.data[ids - 1]"})
lookup.slip(
    "the result has all the axes of `ids`, and the columns behind; you made one row of numbers of them",
    {"table.data[ids]": "table.data[ids.ravel()]"},
)


@lookup.hidden("random tables and numbers, many of them repeated, of one, two and three axes", weight=1.5)
def random_lookups(rng):
    for shape in ((5,), (3, 4), (2, 2, 3)):
        table, ids = rng.normal(size=(4, 3)), rng.integers(4, size=shape)
        ids.flat[:2] = 2
        yield ask.looked_up(table, ids, rng.normal(size=(*shape, 3)))


lookup.another(
    "as a product with one-hot rows",
    """
def lookup(table, ids):
    one_hot = np.eye(len(table.data))[ids]

    def pull(g):
        return np.tensordot(one_hot, g, axes=(range(ids.ndim), range(ids.ndim)))

    return Tensor(one_hot @ table.data, [(table, pull)])
""",
)


# 3. lstm

lstm = Exercise(
    "lstm",
    points=2,
    minutes=20,
    hints=(
        "One product gives all four blocks: put x and h side by side, multiply, add the bias, and cut the "
        "result into four. Which of them go through the sigmoid, and which through tanh?",
        "`i, f, g, o = np.split(a, 4, axis=1)`, with `a = np.concatenate([x, h], axis=1) @ W + b`. The new "
        "h is made of the *new* c.",
    ),
)
# The sigmoids of ln 3, ln 4 and -ln 3 are 3/4, 4/5 and 1/4, and tanh(ln 2) = 3/5. With c = 2 therefore
# c' = 1/4 · 2 + 3/4 · 3/5 = 19/20.
GATES = array(LN3, -LN3, LN2, LN4)
SMALL = 19 / 20
lstm.case(
    "Gates of 3/4, 1/4 and 4/5, a candidate of 3/5: of c = 2 remains 1/2, and 9/20 comes in.",
    ask.lstm_step(array([5]), array([7]), array([2]), np.zeros((2, 4)), GATES).gives(
        ([[0.8 * math.tanh(SMALL)]], [[SMALL]])
    ),
)
# the input, ln 3, reaches only the input gate (3/4), and h, ln 2, only the candidate (3/5); f = o = 1/2
ROUTES = array([1, 0, 0, 0], [0, 0, 1, 0])
ROUTED = 0.5 * 1 + 0.75 * 0.6
lstm.case(
    "W's first rows are for x, the last ones for h: x opens the input gate, h makes the candidate.",
    ask.lstm_step(array([LN3]), array([LN2]), array([1]), ROUTES, np.zeros(4)).gives(
        ([[0.5 * math.tanh(ROUTED)]], [[ROUTED]])
    ),
)
# two units: the blocks are i i f f g g o o. Gates 3/4 and 1/2, forget 1/2 and 4/5, candidates 3/5 and 0.
TWO = array(LN3, 0, 0, LN4, LN2, 0, 0, LN3)
lstm.case(
    "With H = 2 each block has two columns.",
    ask.lstm_step(np.zeros((2, 1)), np.zeros((2, 2)), array([1, 1], [0, 2]), np.zeros((3, 8)), TWO).gives(
        (
            [
                [0.5 * math.tanh(0.95), 0.75 * math.tanh(0.8)],
                [0.5 * math.tanh(0.45), 0.75 * math.tanh(1.6)],
            ],
            [[0.95, 0.8], [0.45, 1.6]],
        )
    ),
)
NEW_C, NEW_H = "sigmoid(f) * c + sigmoid(i) * np.tanh(g)", "sigmoid(o) * np.tanh(new_c), new_c"
ORDER = "i, f, g, o ="
lstm.slip("the forget gate comes second, after the input gate", {ORDER: "f, i, g, o ="})
lstm.slip("the order of the blocks is i, f, g, o; you took the output gate third", {ORDER: "i, f, o, g ="})
lstm.slip("the candidate g goes through tanh, not through the sigmoid", {"np.tanh(g)": "sigmoid(g)"})
lstm.slip("the candidate g goes through tanh, as it is it has no bound", {"np.tanh(g)": "g"})
lstm.slip("h' is made of tanh(c'), not of c' itself", {"np.tanh(new_c)": "new_c"})
lstm.slip("h' is made of the new c, not of the old one", {"np.tanh(new_c)": "np.tanh(c)"})
lstm.slip(
    "the gates i, f and o go through the sigmoid, which lies between 0 and 1; tanh may be negative",
    {"return (1 + np.tanh(a / 2)) / 2": "return np.tanh(a)"},
)
lstm.slip("the forget gate is missing: c keeps f times what it had", {"sigmoid(f) * c": "c"})
lstm.slip("f is how much is *kept*; you kept 1 - f", {"sigmoid(f) * c": "(1 - sigmoid(f)) * c"})
lstm.slip(
    "you let in 1 - f, as a GRU does; an LSTM has an input gate of its own",
    {"sigmoid(i)": "(1 - sigmoid(f))"},
)
lstm.slip("the pair is (h, c), h first", {NEW_H: "new_c, sigmoid(o) * np.tanh(new_c)"})
lstm.slip(
    "W's first D rows are for the input: put x before h",
    {"np.concatenate([x, h], axis=1)": "np.concatenate([h, x], axis=1)"},
)
lstm.slip(
    "each block has H columns side by side; you took every fourth column",
    {"np.split(a, 4, axis=1)": "(a[:, k::4] for k in range(4))"},
)
lstm.slip("the bias is missing", {" @ W + b": " @ W"})
lstm.slip(
    "the blocks stand side by side, in the columns: np.split(a, 4, axis=1)",
    {"np.split(a, 4, axis=1)": "np.split(a, 4)"},
)
lstm.slip("the input gate multiplies the candidate; you added it", {"(i) * np.tanh(g)": "(i) + np.tanh(g)"})
lstm.slip("the output gate goes through the sigmoid, not through tanh", {"sigmoid(o)": "np.tanh(o)"})
lstm.slip(
    "`*=` changes the state that you were given; make a new one",
    {"new_c = sigmoid(f) * c +": "new_c = c\n    new_c *= sigmoid(f)\n    new_c +="},
)


@lstm.hidden(
    "random weights and states, of several widths, and weights so large that gates are shut", weight=1.5
)
def random_steps(rng):
    for B, D, H, spread in ((1, 2, 1, 1), (3, 2, 4, 1), (2, 5, 3, 200)):
        yield ask.lstm_step(
            rng.normal(size=(B, D)),
            rng.normal(size=(B, H)),
            rng.normal(size=(B, H)),
            rng.normal(size=(D + H, 4 * H)) * spread,
            rng.normal(size=4 * H),
        )


lstm.another(
    "with two products, and slices",
    """
def lstm_step(x, h, c, W, b):
    D, H = x.shape[1], h.shape[1]
    a = x @ W[:D] + h @ W[D:] + b
    with np.errstate(over="ignore"):
        i, f, o = (1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in (0, 1, 3))
    c = f * c + i * np.tanh(a[:, 2 * H : 3 * H])
    return np.tanh(c) * o, c
""",
)


# 4. negative_sampling

negative_sampling = Exercise(
    "negative_sampling",
    points=2,
    minutes=30,
    hints=(
        "The derivative of $-\\ln \\sigma(s)$ by $s$ is $\\sigma(s) - 1$. A score $s = v \\cdot u$ has the "
        "derivative $u$ by $v$, and $v$ by $u$. The noise has the same with a minus before its scores.",
        "$\\ln(1 + e^{-s})$ is `np.logaddexp(0, -s)`, which does not overflow. The gradient by $v$ is "
        "$(\\sigma(v \\cdot u) - 1)\\, u + \\sum_k \\sigma(v \\cdot n_k)\\, n_k$; row $k$ of that by the "
        "noise is $\\sigma(v \\cdot n_k)\\, v$.",
    ),
)
V3, U1 = array(LN3, 0), array(1, 0)
# v · u = ln 3, of which the sigmoid is 3/4; -v · n = ln 3 as well, so each term costs ln 4/3
negative_sampling.case(
    "Scores of ln 3 with the neighbour and -ln 3 with the noise: 3/4 each, and 1/4 is missing.",
    ask.negative_sampling(V3, U1, array([-1, 2])).gives(
        (2 * math.log(4 / 3), [-0.5, 0.5], [-LN3 / 4, 0.0], [[LN3 / 4, 0.0]])
    ),
)
# v · n = ln 3 now, twice: the sigmoid is 3/4, that of -ln 3 is 1/4, which costs ln 4 each
negative_sampling.case(
    "Two drawn words that v agrees with: each costs ln 4, and both pull.",
    ask.negative_sampling(V3, U1, array([1, 1], [1, -3])).gives(
        (math.log(4 / 3) + 2 * LN4, [1.25, -1.5], [-LN3 / 4, 0.0], [[LN3 * 0.75, 0.0]] * 2)
    ),
)
negative_sampling.case(
    "A neighbour at a score of -1,000 costs 1,000, a drawn word at 1,000 as well.",
    ask.negative_sampling(array(1000.0), array(-1.0), array([-1.0])).gives(
        (1000.0, [1.0], [-1000.0], [[0.0]])
    ),
    ask.negative_sampling(array(1000.0), array(1.0), array([1.0])).gives((1000.0, [1.0], [0.0], [[1000.0]])),
    weight=0.5,
)
LOSS = "float(np.logaddexp(0, -yes) + np.logaddexp(0, no).sum())"
negative_sampling.slip(
    "the sign of the noise's scores is missing: a drawn word is to score low",
    {"np.logaddexp(0, no)": "np.logaddexp(0, -no)", "sigmoid(no)": "sigmoid(no) - 1"},
)
negative_sampling.slip(
    "in the loss the noise's scores need a minus; your gradients have it",
    {"np.logaddexp(0, no)": "np.logaddexp(0, -no)"},
)
negative_sampling.slip(
    "the noise's terms are added up; you took their mean",
    {"np.logaddexp(0, no).sum()": "np.logaddexp(0, no).mean()", "sigmoid(no)": "sigmoid(no) / len(no)"},
    {"np.logaddexp(0, no).sum()": "np.logaddexp(0, no).mean()"},
)
negative_sampling.slip("that is in bits; the loss is in nats", {LOSS: f"{LOSS} / np.log(2)"})
negative_sampling.slip("the loss has the sign turned: it is never below 0", {LOSS: f"-{LOSS}"})
negative_sampling.slip(
    "the gradients' sign is turned: these are the steps to take, not the gradient",
    {"sigmoid(yes) - 1, sigmoid(no)": "1 - sigmoid(yes), -sigmoid(no)"},
)
negative_sampling.slip(
    "the noise pulls at v, too; its part of the gradient is missing", {" + d_no @ noise": ""}
)
negative_sampling.slip(
    "the gradient of -ln sigmoid(s) is sigmoid(s) - 1: for the neighbour the 1 is missing",
    {"sigmoid(yes) - 1": "sigmoid(yes)"},
)
negative_sampling.slip(
    "the noise's gradient is sigmoid(v · n) v, by each drawn word; you exchanged v for the drawn word",
    {"np.outer(d_no, v)": "d_no[:, None] * noise"},
)
negative_sampling.slip(
    "the gradient by u is a multiple of v; you returned a multiple of u", {"d_yes * v, np": "d_yes * u, np"}
)
negative_sampling.slip(
    "the sigmoid of -1,000 is 0 to a computer, and its logarithm infinite; work with ln(1 + e^-s), "
    "which is np.logaddexp(0, -s)",
    {LOSS: "float(-np.log(sigmoid(yes)) - np.log(sigmoid(-no)).sum())"},
)
negative_sampling.slip(
    "the gradient by the noise has a row for each drawn word; you added them up",
    {"np.outer(d_no, v)": "d_no.sum() * v"},
)
negative_sampling.slip(
    "the neighbour is to score high: its term is ln(1 + e^-s), with a minus",
    {"np.logaddexp(0, -yes)": "np.logaddexp(0, yes)"},
)
negative_sampling.slip(
    "the minus of the noise is there once: -ln sigmoid(-s) is ln(1 + e^s)",
    {"noise @ v\n": "-(noise @ v)\n"},
)


@negative_sampling.hidden("random vectors, one to six drawn words, small and very large scores", weight=1.5)
def random_pairs(rng):
    for K, D, spread in ((1, 1, 1), (2, 3, 1), (6, 4, 1), (3, 2, 30)):
        yield ask.negative_sampling(
            rng.normal(size=D) * spread, rng.normal(size=D) * spread, rng.normal(size=(K, D)) * spread
        )
    yield ask.negative_sampling(array(900.0), array(-1.0), array([1.0], [0.5]))


negative_sampling.another(
    "one loop over all words, the neighbour first",
    """
def negative_sampling(v, u, noise):
    loss, by_v, by_others = 0.0, np.zeros(len(v)), []
    for sign, w in [(1, u), *((-1, n) for n in noise)]:
        s = sign * float(w @ v)
        tail = float(np.exp(-abs(s)))
        loss += np.log1p(tail) + max(-s, 0)
        miss = (tail if s > 0 else 1.0) / (1 + tail)
        by_v = by_v - sign * miss * w
        by_others.append(-sign * miss * v)
    return loss, by_v, by_others[0], np.array(by_others[1:])
""",
)


# 5. clip

clip = Exercise(
    "clip",
    points=2,
    minutes=10,
    hints=(
        "The squares of all numbers in all arrays are added up; there is one root, and one factor.",
        "`norm = np.sqrt(sum((g**2).sum() for g in gradients))`. Only where `norm > most` is the factor "
        "`most / norm`, else 1.",
    ),
)
THREE_FOUR = [array([3, 0], [0, 0]), array(0, 4)]
clip.case(
    "Two arrays with 3 and 4 have the norm 5 together; with most = 1 a fifth of each is left.",
    ask.clip(THREE_FOUR, 1).gives([[[0.6, 0], [0, 0]], [0, 0.8]]),
    ask.clip([array(2, 3), array(6)], 3.5).gives([[1, 1.5], [3]]),
)
clip.case(
    "Shorter than allowed, or exactly as long: nothing changes.",
    ask.clip(THREE_FOUR, 20).gives([[[3, 0], [0, 0]], [0, 4]]),
    ask.clip(THREE_FOUR, 5).gives([[[3, 0], [0, 0]], [0, 4]]),
)
clip.case(
    "Where all gradients are zero they stay zero.",
    ask.clip([np.zeros(2), np.zeros((1, 1))], 1).gives([[0, 0], [[0]]]),
    weight=0.5,
)
SQUARES = "np.sqrt(sum((g**2).sum() for g in gradients))"
clip.slip(
    "each array was clipped by a norm of its own, which turns the step; there is one norm, of all together",
    "def clip(gradients, most):\n"
    "    return [g * min(1.0, most / max(np.sqrt((g**2).sum()), 1e-300)) for g in gradients]",
)
clip.slip(
    "each number was clipped, which turns the step; scale all by one factor",
    "def clip(gradients, most):\n    return [np.clip(g, -most, most) for g in gradients]",
)
clip.slip(
    "a gradient shorter than `most` is left as it is; you stretched it",
    {" if norm > most else 1.0": " if norm else 1.0"},
)
clip.slip("0/0: where the gradients are zero there is nothing to scale", {" if norm > most else 1.0": ""})
clip.slip("the norm is the root of the sum of squares; the root is missing", {SQUARES: SQUARES[7:]})
clip.slip(
    "that is the sum of the arrays' norms; add up the squares first, then take one root",
    {SQUARES: "sum(np.sqrt((g**2).sum()) for g in gradients)"},
)
clip.slip("the factor is most / norm; you divided by the norm alone", {"most / norm": "1 / norm"})
clip.slip(
    "the norm is of squares; you added up absolute values", {SQUARES: "sum(abs(g).sum() for g in gradients)"}
)
clip.slip(
    "you clipped the largest number; the norm counts all", {SQUARES: "max(abs(g).max() for g in gradients)"}
)
clip.slip("too long gradients are shortened, not dropped", {"most / norm if": "0.0 if"})
clip.slip("the long ones are shortened; you scaled the short ones", {"norm > most": "norm < most"})
clip.slip("the squares are added up, and not averaged", {"(g**2).sum()": "(g**2).mean()"})
clip.slip(
    "`g *= …` changes the arrays that you were given; return new ones",
    {
        "return [g * factor for g in gradients]": "for g in gradients:\n        g *= factor\n    return "
        "gradients"
    },
)


@clip.hidden("random arrays of several shapes, with norms just below and far above what is allowed")
def random_gradients(rng):
    for share in (0.01, 0.5, 0.99, 1.01, 50):
        arrays = [rng.normal(size=shape) for shape in ((3, 2), (4,), (1, 1), (2, 2, 2))]
        norm = math.sqrt(sum(float((a**2).sum()) for a in arrays))
        yield ask.clip(arrays, norm * share)


clip.another(
    "as one long vector",
    """
def clip(gradients, most):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in gradients]))
    return [g / max(1.0, norm / most) for g in gradients]
""",
)


# 7. small_network, the open task

PARAMETERS = 50_000
NONE, FULL = 0.25, 0.07  # bits per token above the floor
MEMORY, SIZE = 12, 22
ROWS = f"predict should return an array of shape (B, {SIZE}), a row for each context"


def probabilities(student, weights, contexts):
    """What the student's network says, (B, 22), after what can be wrong with it was looked for."""
    probs = ask.predict(weights, contexts).answer(student)
    expect(isinstance(probs, np.ndarray), f"{ROWS}; yours returned {describe(probs)}")
    expect(
        probs.shape == (len(contexts), SIZE) and probs.dtype.kind == "f",
        f"{ROWS}; yours has shape {probs.shape}",
    )
    expect(bool(np.isfinite(probs).all()), "predict returned nan or inf: is there an overflow in exp?")
    expect(bool((probs >= 0).all()), f"predict returned {probs.min():.4g}; no probability is below 0")
    sums = probs.sum(axis=1)
    worst = sums[np.argmax(abs(sums - 1))]
    expect(abs(worst - 1) < 1e-6, f"a row of predict should sum to 1; one sums to {worst:.4g}")
    return probs


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


def excess(student, weights, seed):
    """Bits per token above the world's own, on a text of this seed."""
    world = agreement(4)
    ids = [t for s in world.sample(800, np.random.default_rng([4, seed])) for t in s]
    padded = np.array([world.end] * MEMORY + ids)
    contexts = np.lib.stride_tricks.sliding_window_view(padded, MEMORY)[:-1].copy()
    said = probabilities(student, weights, contexts)[np.arange(len(ids)), ids]
    expect(bool((said > 0).all()), "a token that came had probability 0: none may be impossible")
    return float(np.mean(world.token_log_probs(ids) - np.log(said)) / LN2)


def keeps_the_contract(student):
    """Whether the weights are few and the rows distributions; fails if not."""
    contexts = np.random.default_rng(0).integers(SIZE, size=(7, MEMORY))
    return probabilities(student, numbers(student), contexts).shape == (7, SIZE)


def learned_something(student):
    """Whether the network is better than shares of single tokens; fails if not."""
    lost = excess(student, numbers(student), 0)
    expect(
        lost < 1,
        f"your network loses {lost:.2f} bits per token against the world; a table of pairs loses about 0.3",
    )
    return True


def knows_by_its_weights(student):
    """Whether the network knows nothing without its weights; fails if it does."""
    zeros = {name: np.zeros_like(w) for name, w in numbers(student).items()}
    lost = excess(student, zeros, 1)
    expect(
        lost > 1.5,
        f"with all weights at zero your network still loses only {lost:.2f} bits per token against the world",
    )
    return True


small_network = Exercise(
    "small_network",
    points=4,
    minutes=90,
    hints=(
        "The network of exercise 6 with 12 tokens of context will do, and plain steps along the gradient "
        "will be slow. What does Adam do differently, and what becomes of the last hundredths of a bit if "
        "the learning rate falls towards the end?",
        "24 units on 12 vectors of six numbers each, 2,500 steps of Adam with batches of 256 from "
        "8,000 sentences, and a learning rate that falls from 0.006 to 0 in a straight line, reach full "
        "points in seconds. A larger network needs more steps.",
    ),
)
small_network.case(
    "At most 50,000 numbers, and a row of 22 probabilities for each context.",
    asking("the network's contract", keeps_the_contract).gives(True),
    weight=0.5,
)
small_network.case(
    "It has learned something: less than one bit per token is lost against the world.",
    asking("the network on a text that you may see", learned_something).gives(True),
    weight=0.5,
)
small_network.case(
    "With all weights at zero it knows nothing.",
    asking("the network without its weights", knows_by_its_weights).gives(True),
    weight=0.5,
)
PROBS = "odds / odds.sum(axis=1, keepdims=True)"
small_network.slip(
    "the softmax is along the wrong axis: each row is a distribution over the tokens",
    {"odds.sum(axis=1": "odds.sum(axis=0"},
)
small_network.slip(
    "those are logits; the softmax is missing",
    {PROBS: "logits"},
)
small_network.slip(
    "those are logarithms of probabilities",
    {PROBS: f"np.log({PROBS})"},
)
small_network.slip("the softmax is not divided by its sum", {PROBS: "odds"})
small_network.slip(
    "embeddings, matrices and biases all count, and those that are not used as well",
    {"return unpacked(WEIGHTS)": 'return {**unpacked(WEIGHTS), "spare": np.zeros((300, 200))}'},
)
small_network.slip(
    "`weights` returns the arrays; the text is to be unpacked", {"return unpacked(WEIGHTS)": "return WEIGHTS"}
)
small_network.slip(
    "a context has the oldest token first and the last one at its end; is it read the other way round?",
    {"for name in NAMES], contexts)": "for name in NAMES], contexts[:, ::-1])"},
)
small_network.slip(
    "is that a network that has not been trained yet?",
    {
        "return unpacked(WEIGHTS)": "rng = np.random.default_rng(5)\n"
        "    return {n: t.data for n, t in zip(NAMES, new_weights(rng, 22, 12, 6, 24))}"
    },
)
small_network.slip(
    "it knows something that is not in the weights it is given; `predict` is to use its argument",
    {"Tensor(weights[name])": "Tensor(unpacked(WEIGHTS)[name])"},
)
small_network.slip(
    "each context has a row, and each token a column; yours are exchanged", {PROBS: f"({PROBS}).T"}
)
small_network.slip("all contexts are asked at once, and each has its row", {PROBS: f"({PROBS})[-1]"})
small_network.slip(
    "a dictionary, so that `predict` can find each array by its name",
    {"return unpacked(WEIGHTS)": "return [*unpacked(WEIGHTS).values()]"},
)
small_network.another(
    "by NumPy alone",
    """
def predict(weights, contexts):
    E, W, b, U, c = (weights[name] for name in "EWbUc")
    hidden = sum(E[contexts[:, i]] @ W[6 * i : 6 * i + 6] for i in range(12))
    logits = np.tanh(hidden + b) @ U + c
    return np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
""",
)


@check("small_network")
def bits_on_a_text_you_may_see(student):
    """Bits per token above the floor, on one text; the grade takes another."""
    lost = excess(student, numbers(student), 0)
    return Score(
        on_a_curve(lost, none=NONE, full=FULL),
        f"{lost:.3f} bits per token above the floor; {FULL} earn all points, {NONE} none: longer training, a "
        "falling learning rate, a wider network, more text?",
    )


@check(
    "small_network",
    hidden=True,
    hint=f"bits per token above the floor, on a hidden text: {FULL} earn all points and {NONE} none",
    weight=2.5,
)
def bits_on_hidden_text(student, rng):
    """Bits per token above the floor, on a text that nobody has seen."""
    lost = excess(student, numbers(student), int(rng.integers(10**6, 10**9)))
    return Score(on_a_curve(lost, none=NONE, full=FULL))
