"""Exercises of assignment 4, neural language models.

Right values are small fractions: weights and logits are chosen as logarithms, so that sigmoids and softmaxes
can be worked out by hand.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lmcourse.grading.asking import ask, asking
from lmcourse.grading.checks import Score, check, describe, expect, on_a_curve
from lmcourse.grading.exercise import Exercise
from lmcourse.world import agreement

# What of the course's package students' code may use; see `lmcourse.grading.shelf`
IMPORTS = ("lmcourse.world.agreement", "lmcourse.world.World.sample")

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
        "Take one row. With $\\ln p_v = z_v - \\ln \\sum_w e^{z_w}$ its loss is "
        "$\\sum_v q_v (\\ln \\sum_w e^{z_w} - z_v)$. The first term in the brackets is the same for all $v$: "
        "what do the $q_v$ in front of it add up to? What does the mean over B rows change?",
        "The loss of a row is $\\ln \\sum_w e^{z_w} - \\sum_v q_v z_v$, and you know the derivative of the "
        "first term by $z_v$ from the chapter. Test your formula by hand with logits 0, 0, 0 and "
        "$\\varepsilon = 0.3$. For logits of 1,000: which number may you take off all logits of a row, so "
        "that no exponential is above 1? (`keepdims=True` keeps a column of such numbers beside its rows.)",
    ),
)
# 1/4, 1/2, 1/4 and 2/3, 1/6, 1/6
softmax_gradient.case(
    "Logits ln 1, ln 2, ln 1 are 1/4, 1/2, 1/4; the target has 1 less, and of two rows each has half a say.",
    ask.softmax_gradient(array([0, LN2, 0], [LN4, 0, 0]), np.array([0, 1])).gives(
        [[-3 / 8, 1 / 4, 1 / 8], [1 / 3, -5 / 12, 1 / 12]]
    ),
)
# With 0.3 the targets of three tokens are 0.8, 0.1, 0.1: 0.25 - 0.8, 0.5 - 0.1, 0.25 - 0.1. And e^z = 8, 1, 1
# are these very shares.
softmax_gradient.case(
    "Smoothed by 0.3 the target is 0.8, 0.1, 0.1; where the network says just that, the gradient is zero.",
    ask.softmax_gradient(array([0, LN2, 0]), np.array([0]), 0.3).gives([[-0.55, 0.4, 0.15]]),
    ask.softmax_gradient(array([3 * LN2, 0, 0]), np.array([0]), 0.3).gives([[0.0, 0.0, 0.0]]),
)
softmax_gradient.case(
    "Logits of 1,000 and more overflow in an exponential, and rows may lie far apart.",
    ask.softmax_gradient(array([1000, 1000 + LN3], [-1000, -1000]), np.array([0, 1])).gives(
        [[-0.375, 0.375], [0.25, -0.25]]
    ),
    ask.softmax_gradient(array([-1000, 1000]), np.array([0])).gives([[-1.0, 1.0]]),
    weight=0.5,
)
ODDS = "weights / weights.sum(axis=1, keepdims=True)"
SHARES = "shares[np.arange(len(targets)), targets] += 1 - smoothing"
RETURN = "return (probs - shares) / len(targets)"
softmax_gradient.slip(
    "those are the probabilities. The target's own logit stands in the loss as well: at the target there is "
    "1 less",
    {RETURN: "return probs / len(targets)"},
)
softmax_gradient.slip(
    "the sign is turned: that is the direction in which the loss falls",
    {RETURN: "return (shares - probs) / len(targets)"},
)
softmax_gradient.slip(
    "that is the gradient of the sum of the rows' losses; the loss is their mean", {" / len(targets)": ""}
)
softmax_gradient.slip(
    "you divided by the V columns; the mean is over the B rows", {"/ len(targets)": "/ logits.shape[1]"}
)
softmax_gradient.slip(
    "you divided by all the B · V entries; the mean is over the B rows",
    {"/ len(targets)": "/ logits.size"},
)
softmax_gradient.slip(
    "the softmax is along the wrong axis: each row, a place in the text, is a distribution over the tokens",
    {
        "logits.max(axis=1, keepdims=True)": "logits.max(axis=0, keepdims=True)",
        "weights.sum(axis=1": "weights.sum(axis=0",
    },
)
softmax_gradient.slip(
    "each row is divided by its own sum; you divided by the sum of all",
    {"weights.sum(axis=1, keepdims=True)": "weights.sum()"},
)
softmax_gradient.slip(
    "a row's largest logit, and its sum, are to stand beside the row, as a column: keepdims=True",
    {"logits.max(axis=1, keepdims=True)": "logits.max(axis=1)"},
    {"weights.sum(axis=1, keepdims=True)": "weights.sum(axis=1)"},
)
softmax_gradient.slip(
    "you took 1 from the target's column in every row; each row has its own target",
    {"shares[np.arange(len(targets)), targets]": "shares[:, np.unique(targets)]"},
)
softmax_gradient.slip(
    "1 is taken off the probability at the target; you put -1 in its place",
    {RETURN: "return np.where(shares > 0.5, -shares, probs - shares) / len(targets)"},
)
softmax_gradient.slip("there is no softmax; you took the logits for probabilities", {ODDS: "logits"})
softmax_gradient.slip("the exponentials are not divided by their sum", {ODDS: "np.exp(logits)"})
softmax_gradient.slip(
    "a softmax squashes by exponentials; you divided the logits themselves by their sum",
    {ODDS: "logits / logits.sum(axis=1, keepdims=True)"},
)
softmax_gradient.slip("that is in bits; the loss is in nats", {RETURN: f"{RETURN} / np.log(2)"})
softmax_gradient.slip(
    "p (1 - p) is the derivative of a probability by its logit; the loss is the logarithm of one",
    {RETURN: "return (probs * (1 - probs) - shares) / len(targets)"},
)
softmax_gradient.slip(
    "that is the gradient of -p at the target; the loss is -ln p, whose derivative by p is -1 / p",
    {RETURN: "return probs[np.arange(len(targets)), targets][:, None] * (probs - shares) / len(targets)"},
)
softmax_gradient.slip(
    "`smoothing` has no effect", {SHARES: f"shares[:] = 0\n    {SHARES.replace('1 - smoothing', '1')}"}
)
softmax_gradient.slip(
    "the smoothed share is for all V tokens, the target among them: it has 1 - ε and ε / V besides",
    {SHARES: SHARES.replace("+=", "=")},
    {SHARES: f"shares *= logits.shape[1] / (logits.shape[1] - 1)\n    {SHARES.replace('+=', '=')}"},
)
softmax_gradient.slip(
    "ε is shared out: each token has ε / V of it", {"smoothing / logits.shape[1]": "smoothing"}
)
softmax_gradient.slip(
    "the target's share is 1 - ε + ε / V; you left it at 1 and more", {"+= 1 - smoothing": "+= 1"}
)
softmax_gradient.slip(
    "it is the targets that are smoothed; you smoothed the network's probabilities",
    {
        RETURN: "probs = (1 - smoothing) * probs + smoothing / logits.shape[1]\n    shares = "
        "np.eye(logits.shape[1])[targets]\n    " + RETURN
    },
)
softmax_gradient.slip(
    "the whole gradient became 1 - ε times as long; the even share ε / V pulls as well",
    {RETURN: "return (1 - smoothing) * (probs - np.eye(logits.shape[1])[targets]) / len(targets)"},
)
softmax_gradient.slip(
    "exp(1000) is infinite, and inf / inf is no number; subtract each row's largest logit first",
    {"logits - logits.max(axis=1, keepdims=True)": "logits"},
)
softmax_gradient.slip(
    "you subtracted one number, the largest of all rows; in a row 2,000 lower every exponential becomes 0, "
    "and 0 / 0 is no number. Each row has a largest logit of its own",
    {"logits.max(axis=1, keepdims=True)": "logits.max()"},
)
softmax_gradient.slip(
    "`-=` changes the array that you were given; write logits - …",
    {"shifted = logits - logits.max(": "shifted = logits\n    shifted -= logits.max("},
)


@softmax_gradient.hidden(
    "random logits, small and large, batches of 1 to 9, smoothed and not: do all rows sum to zero?"
)
def random_logits(rng):
    for rows, size, spread, smoothing in ((1, 2, 1, 0.0), (4, 7, 3, 0.1), (9, 3, 300, 0.0), (3, 4, 1, 0.5)):
        logits = rng.normal(size=(rows, size)) * spread
        yield ask.softmax_gradient(logits, rng.integers(size, size=rows), smoothing)
    yield ask.softmax_gradient(array([800.0, 801.0], [-900.0, -900.0]), np.array([1, 0]))


softmax_gradient.another(
    "by log-probabilities, row by row",
    """
def softmax_gradient(logits, targets, smoothing=0.0):
    rows = []
    for z, y in zip(logits, targets):
        p = np.exp(z - np.logaddexp.reduce(z))
        rows.append([
            (p[v] - (1 - smoothing if v == y else 0.0) - smoothing / len(z)) / len(logits)
            for v in range(len(z))
        ])
    return np.array(rows)
""",
)


# 2. lookup

lookup = Exercise(
    "lookup",
    points=2,
    minutes=30,
    hints=(
        "Every method of `Tensor` has the same three parts: the data, a pull for each parent, and the list "
        "that pairs them. Here there is one parent. The gradient that arrives has the shape of what was "
        "looked up; the one that goes back has the shape of the table, zeros to begin with, and every place "
        "adds its part to its row.",
        "Try `a = np.zeros(3); a[np.array([1, 1])] += 1` and look at `a`: a row that is named twice is "
        "written once. Either go through the places one by one (for ids of several axes make them one row "
        "first, and the gradient likewise), or look up `np.add.at`, which adds every time.",
    ),
)
TABLE = array([1, 2], [3, 4], [5, 6])
lookup.case(
    "Rows 1 and 0 of the table, and their gradients in the places of these rows.",
    ask.looked_up(TABLE, np.array([1, 0]), array([1, 10], [100, 1000])).gives(
        ([[3, 4], [1, 2]], [[100, 1000], [1, 10], [0, 0]])
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
    "a row that is looked up several times receives the sum; back[ids] += g (or = g) writes it once only, "
    "with one of its gradients",
    {ADD: "back[ids] += g"},
    {ADD: "back[ids] = g"},
)
lookup.slip(
    "a row that is looked up several times receives the sum of its gradients; that is their mean",
    {
        ADD: "counts = np.bincount(ids.ravel(), minlength=len(back))\n        np.add.at(back, ids, g)\n"
        "        back /= np.maximum(counts, 1)[:, None]"
    },
)
lookup.slip(
    "the result has no parents, so no gradient finds its way back to the table", {"[(table, pull)]": "[]"}
)
lookup.slip(
    "pull counts how often each row was looked up; the gradient that arrives must be carried on",
    {ADD: "np.add.at(back, ids, 1.0)"},
)
lookup.slip(
    "g has a row for each place of `ids`: take its rows in their order, and add each to the row of the table "
    "that stood there",
    {ADD: "back[: len(g)] += g.reshape(-1, g.shape[-1])[: len(back)]"},
    {ADD: "np.add.at(back, ids, g[ids])"},
)
lookup.slip(
    "`ids` may have several axes; you went through the first only, and a row that comes twice behind it was "
    "written once",
    {ADD: "for place, part in zip(ids, g):\n            back[place] += part"},
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
    minutes=15,
    hints=(
        "Which of the four blocks of $a$ go through the sigmoid, and which through tanh? In which order "
        "must the new c and the new h be worked out, and which of the two does the other one need?",
        "One product gives all four blocks: put x and h side by side, multiply, add the bias, and cut the "
        "result into four along the columns; what are the shapes of $[x; h]$, of $a$ and of a block? Then "
        "work the first case by hand: of c = 2 a third remains, and 3/4 of the candidate 3/5 comes in. "
        "Only after that is there a new h, since it looks at the new c.",
    ),
)
# The sigmoids of ln 3, -ln 2 and ln 4 are 3/4, 1/3 and 4/5, and tanh(ln 2) = 3/5. With c = 2 therefore
# c' = 1/3 · 2 + 3/4 · 3/5 = 67/60.
GATES = array(LN3, -LN2, LN2, LN4)
SMALL = 67 / 60
lstm.case(
    "Gates i = 3/4, f = 1/3, o = 4/5, a candidate of 3/5: of c = 2 remains 2/3, and 9/20 comes in.",
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
lstm.slip("the order of the blocks is i, f, g, o; you took the forget gate first", {ORDER: "f, i, g, o ="})
lstm.slip("the order of the blocks is i, f, g, o; you took the output gate third", {ORDER: "i, f, o, g ="})
lstm.slip("the order of the blocks is i, f, g, o; you took the candidate second", {ORDER: "i, g, f, o ="})
lstm.slip("the order of the blocks is i, f, g, o; you took them as f, i, o, g", {ORDER: "f, i, o, g ="})
lstm.slip("the order of the blocks is i, f, g, o; you took the output gate first", {ORDER: "o, f, g, i ="})
lstm.slip("the candidate g goes through tanh, not through the sigmoid", {"np.tanh(g)": "sigmoid(g)"})
lstm.slip("the candidate g goes through tanh, as it is it has no bound", {"np.tanh(g)": "g"})
lstm.slip("h' is made of tanh(c'), not of c' itself", {"np.tanh(new_c)": "new_c"})
lstm.slip("h' is made of tanh(c'), not of its sigmoid", {"np.tanh(new_c)": "sigmoid(new_c)"})
lstm.slip("h' is made of the new c, not of the old one", {"np.tanh(new_c)": "np.tanh(c)"})
lstm.slip(
    "the gates i, f and o go through the sigmoid, which lies between 0 and 1; tanh may be negative",
    {"return (1 + np.tanh(a / 2)) / 2": "return np.tanh(a)"},
)
lstm.slip(
    "your sigmoid falls where it should rise: it is 1 / (1 + exp(-a)), with a minus",
    {"return (1 + np.tanh(a / 2)) / 2": "return (1 - np.tanh(a / 2)) / 2"},
)
lstm.slip("the forget gate is missing: c keeps f times what it had", {"sigmoid(f) * c": "c"})
lstm.slip("f is how much is *kept*; you kept 1 - f", {"sigmoid(f) * c": "(1 - sigmoid(f)) * c"})
lstm.slip(
    "you let in 1 - f, as a GRU does; an LSTM has an input gate of its own",
    {"sigmoid(i)": "(1 - sigmoid(f))"},
)
lstm.slip("the input gate multiplies the candidate; you added it", {"(i) * np.tanh(g)": "(i) + np.tanh(g)"})
lstm.slip("the input gate is missing: i times the candidate comes in", {"sigmoid(i) * np": "np"})
lstm.slip("the output gate is missing: h' is o times tanh(c')", {"sigmoid(o) * np": "np"})
lstm.slip("the output gate goes through the sigmoid, not through tanh", {"sigmoid(o)": "np.tanh(o)"})
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
    "the blocks stand side by side, in the columns; you cut along the first axis, the batch",
    {"np.split(a, 4, axis=1)": "np.split(a, 4)"},
)
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
    minutes=35,
    hints=(
        "Differentiate $-\\ln \\sigma(s)$ by $s$, with $\\sigma' = \\sigma (1 - \\sigma)$, and once more "
        "with $-s$ in the place of $s$, which brings a minus from inside. A score $s = v \\cdot u$ has the "
        "derivative $u$ by $v$, and $v$ by $u$; that of a drawn word likewise.",
        "Each gradient is a sum over the scores in which the vector stands: (derivative of the loss by the "
        "score) times (the other vector of the score). In how many scores does $v$ stand, in how many "
        "$u$, and in how many one drawn word? Which way should each vector be pulled: is the number before "
        "it negative for the neighbour, positive for the noise? For the loss, write $-\\ln \\sigma(s)$ as "
        "$\\ln(1 + e^{-s})$, a sum of exponentials $e^0 + e^{-s}$ in a logarithm: look up `np.logaddexp`.",
    ),
)
# v · u = ln 3, of which the sigmoid is 3/4: 1/4 is missing, which costs ln 4/3. v · n = -ln 4: the sigmoid is
# 1/5, too much by all of it, which costs -ln 4/5. Together ln 5/3.
V, U1 = array(LN3, LN2), array(1, 0)
negative_sampling.case(
    "With the neighbour a score of ln 3, so 3/4 and 1/4 too little; with the noise -ln 4, 1/5 too much.",
    ask.negative_sampling(V, U1, array([0, -2])).gives(
        (math.log(5 / 3), [-1 / 4, -2 / 5], [-LN3 / 4, -LN2 / 4], [[LN3 / 5, LN2 / 5]]), tolerance=1e-6
    ),
)
# v · n = ln 4 and ln 2: the sigmoids are 4/5 and 2/3, and 1/5 and 1/3 cost ln 5 and ln 3. By v the noise
# pulls with 4/5 · 2 + 2/3 · 1 = 34/15.
negative_sampling.case(
    "Two drawn words that v agrees with: they cost ln 5 and ln 3, and both pull.",
    ask.negative_sampling(V, U1, array([0, 2], [0, 1])).gives(
        (
            math.log(20),
            [-1 / 4, 34 / 15],
            [-LN3 / 4, -LN2 / 4],
            [[LN3 * 4 / 5, LN2 * 4 / 5], [LN3 * 2 / 3, LN2 * 2 / 3]],
        ),
        tolerance=1e-6,
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
BY = "return loss, by_v, d_yes * v, np.outer(d_no, v)"
negative_sampling.slip(
    "the sign of the noise's scores is missing: a drawn word is to score low",
    {"np.logaddexp(0, no)": "np.logaddexp(0, -no)", "sigmoid(no)": "sigmoid(no) - 1"},
)
negative_sampling.slip(
    "in the loss the noise's scores need a minus; your gradients have it",
    {"np.logaddexp(0, no)": "np.logaddexp(0, -no)"},
)
negative_sampling.slip(
    "the neighbour is to score high: its term is ln(1 + e^-s), with a minus",
    {"np.logaddexp(0, -yes)": "np.logaddexp(0, yes)"},
)
negative_sampling.slip(
    "the minus of the noise is there once: -ln sigmoid(-s) is ln(1 + e^s)",
    {"noise @ v\n": "-(noise @ v)\n"},
)
negative_sampling.slip(
    "the noise's terms are added up; you took their mean",
    {"np.logaddexp(0, no).sum()": "np.logaddexp(0, no).mean()", "sigmoid(no)": "sigmoid(no) / len(no)"},
    {"np.logaddexp(0, no).sum()": "np.logaddexp(0, no).mean()"},
)
negative_sampling.slip(
    "of the drawn words only the last one counts in your loss",
    {"np.logaddexp(0, no).sum()": "np.logaddexp(0, no)[-1]"},
)
negative_sampling.slip(
    "of the drawn words only the first one counts in your loss",
    {"np.logaddexp(0, no).sum()": "np.logaddexp(0, no)[0]"},
)
negative_sampling.slip("that is in bits; the loss is in nats", {LOSS: f"{LOSS} / np.log(2)"})
negative_sampling.slip("the loss has the sign turned: it is never below 0", {LOSS: f"-{LOSS}"})
negative_sampling.slip(
    "the noise is scored against v, the word, and not against its neighbour u",
    {"noise @ v\n": "noise @ u\n"},
)
negative_sampling.slip(
    "all gradients have their sign turned: these are the steps to take, not the gradient",
    {"sigmoid(yes) - 1, sigmoid(no)": "1 - sigmoid(yes), -sigmoid(no)"},
)
negative_sampling.slip(
    "by v: the noise pulls at v, too; its part of the gradient is missing", {" + d_no @ noise": ""}
)
negative_sampling.slip(
    "by v: the neighbour's part has its sign turned; the derivative of -ln sigmoid(s) is sigmoid(s) - 1",
    {"sigmoid(yes) - 1": "1 - sigmoid(yes)"},
    {"d_yes * u +": "-d_yes * u +"},
)
negative_sampling.slip(
    "the gradient of -ln sigmoid(s) is sigmoid(s) - 1: for the neighbour the 1 is missing",
    {"sigmoid(yes) - 1": "sigmoid(yes)"},
)
negative_sampling.slip(
    "by v: the noise's part has its sign turned; where v agrees with a drawn word the loss grows",
    {"sigmoid(no)\n": "-sigmoid(no)\n"},
    {"+ d_no @ noise": "- d_no @ noise"},
)
negative_sampling.slip(
    "by v: the noise's part is sigmoid(v · n) n, and not sigmoid(-v · n) n",
    {"sigmoid(no)\n": "sigmoid(-no)\n"},
)
negative_sampling.slip(
    "by v: the noise's part is that of a neighbour, with sigmoid - 1; the minus in the score turns it into "
    "the sigmoid itself",
    {"sigmoid(no)\n": "sigmoid(no) - 1\n"},
)
negative_sampling.slip(
    "by v and by u are exchanged: the order is loss, by v, by u, by noise",
    {BY: "return loss, d_yes * v, by_v, np.outer(d_no, v)"},
)
negative_sampling.slip(
    "by u comes before by noise: the order is loss, by v, by u, by noise",
    {BY: "return loss, by_v, np.outer(d_no, v), d_yes * v"},
)
negative_sampling.slip(
    "by v: a score v · u has the derivative u by v; you multiplied by v itself",
    {"d_yes * u + d_no @ noise": "d_yes * v + d_no.sum() * v"},
    {"d_yes * u +": "d_yes * v +"},
)
negative_sampling.slip(
    "by u: the sign is turned; u is pulled towards v, so the number before v is negative in the gradient",
    {BY: BY.replace("d_yes", "-d_yes")},
)
negative_sampling.slip(
    "by u: it is a multiple of v; you returned a multiple of u", {"d_yes * v, np": "d_yes * u, np"}
)
negative_sampling.slip(
    "by noise: the sign is turned; a drawn word is pushed away from v",
    {BY: BY.replace("d_no", "-d_no")},
)
negative_sampling.slip(
    "by noise: it is sigmoid(v · n) v, and not sigmoid(-v · n) v", {BY: BY.replace("d_no", "1 - d_no")}
)
negative_sampling.slip(
    "by noise: it is sigmoid(v · n) v; the minus in the score turns sigmoid - 1 into the sigmoid itself",
    {BY: BY.replace("d_no", "d_no - 1")},
)
negative_sampling.slip(
    "by noise: it is sigmoid(v · n) v, for each drawn word; you exchanged v for the drawn word",
    {"np.outer(d_no, v)": "d_no[:, None] * noise"},
)
negative_sampling.slip(
    "by noise: there is a row for each drawn word; you added them up",
    {"np.outer(d_no, v)": "d_no.sum() * v"},
)
negative_sampling.slip(
    "the sigmoid of -1,000 is 0 to a computer, and its logarithm infinite; work with ln(1 + e^-s), without "
    "making e^1000 on the way",
    {LOSS: "float(-np.log(sigmoid(yes)) - np.log(sigmoid(-no)).sum())"},
    {LOSS: "float(np.log(1 + np.exp(-yes)) + np.log(1 + np.exp(no)).sum())"},
)
negative_sampling.slip(
    "a small number added in the logarithm makes all losses above a limit equal; work with ln(1 + e^-s)",
    *(
        {LOSS: f"float(-np.log(sigmoid(yes) + {small}) - np.log(sigmoid(-no) + {small}).sum())"}
        for small in ("1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15", "1e-300")
    ),
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
        "Write all numbers of all arrays in one row and ask for its length. By what must each be "
        "multiplied so that the length becomes `most`? And in which of these cases is there nothing to "
        "do: a shorter row, one exactly as long, only zeros?",
        "The squares of all numbers in all arrays are added up; there is one root, and one factor for all "
        "of them. The factor is a quotient with that root below: ask whether the row is too long *before* "
        "you divide, and none of the three cases can divide by zero.",
    ),
)
# 9 + (16 + 64 + 64) + 16 = 169 = 13²: with most = 2.6 a fifth is left
THREE = [array(3), array([4, 8], [8, 0]), array(4)]
THREE_FOUR = [array([3, 0], [0, 0]), array(0, 4)]
clip.case(
    "Arrays with norms of 3, 12 and 4 have the norm 13 together; with most = 2.6 a fifth of each is left.",
    ask.clip(THREE, 2.6).gives([[0.6], [[0.8, 1.6], [1.6, 0]], [0.8]]),
)
clip.case(
    "Shorter than allowed, or exactly as long: nothing changes.",
    ask.clip(THREE_FOUR, 20).gives([[[3, 0], [0, 0]], [0, 4]]),
    ask.clip(THREE_FOUR, 5).gives([[[3, 0], [0, 0]], [0, 4]]),
    ask.clip(THREE_FOUR, 2.5).gives([[[1.5, 0], [0, 0]], [0, 2]]),
)
clip.case(
    "Where all gradients are zero they stay zero.",
    ask.clip([np.zeros(2), np.zeros((1, 1))], 1).gives([[0, 0], [[0]]]),
    ask.clip([np.zeros(2), np.full((1, 1), 4.0)], 1).gives([[0, 0], [[1]]]),
    weight=0.5,
)
SQUARES = "np.sqrt(sum((g**2).sum() for g in gradients))"
FACTOR = "most / norm if norm > most else 1.0"
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
    {FACTOR: "most / norm if norm else 1.0"},
    {FACTOR: "most / norm"},
)
clip.slip(
    "0 / 0: where the gradients are zero there is nothing to scale",
    {"[g * factor for": "[g / norm * min(norm, most) for"},
    {FACTOR: "min(1.0, most / float(norm))"},
)
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
    "you measured by the largest number; the norm counts all",
    {SQUARES: "max(abs(g).max() for g in gradients)"},
)
clip.slip(
    "you measured by the array with the largest norm; there is one norm, of all together",
    {SQUARES: "max(np.sqrt((g**2).sum()) for g in gradients)"},
)
clip.slip(
    "only one of the arrays was measured; there is one norm, of all together",
    {SQUARES: "np.sqrt((gradients[0] ** 2).sum())"},
    {SQUARES: "np.sqrt((gradients[-1] ** 2).sum())"},
)
clip.slip(
    "of an array of several rows only the first was measured; the norm counts all numbers",
    {SQUARES: "np.sqrt(sum((np.atleast_2d(g)[0] ** 2).sum() for g in gradients))"},
)
clip.slip(
    "the squares are added up, and not averaged",
    {"(g**2).sum()": "(g**2).mean()"},
    {SQUARES: "np.sqrt(np.mean([(g**2).sum() for g in gradients]))"},
    {SQUARES: "np.sqrt(sum((g**2).sum() for g in gradients) / sum(g.size for g in gradients))"},
)
clip.slip("too long gradients are shortened, not dropped", {"most / norm if": "0.0 if"})
clip.slip("nothing was shortened", {FACTOR: "1.0"}, {"norm > most": "norm < most"})
clip.slip(
    "a small number was added to the norm, as some libraries do: the result is a little shorter than `most`; "
    "here it is to be `most`, and where the norm is above it there is nothing to guard against",
    *({"most / norm if": f"most / (norm + {small}) if"} for small in ("1e-6", "1e-7")),
)
clip.slip(
    "`g *= …` changes the arrays that you were given; return others",
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
EVEN, SHARES_ALONE = 3.09, 2.38  # what 1/22 for each token loses, and the shares of single tokens
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
    least = probs.min()
    kind = (
        "logarithms of probabilities: take np.exp of them"
        if (probs <= 0).all()
        else "logits: is the softmax missing?"
    )
    expect(least >= 0, f"predict returned {least:.4g}, and no probability is below 0; those look like {kind}")
    sums = probs.sum(axis=1)
    worst = sums[np.argmax(abs(sums - 1))]
    expect(abs(worst - 1) < 1e-6, f"a row of predict should sum to 1; one sums to {worst:.4g}")
    expect(
        least > 0,
        "predict gave a token the probability 0; where that token comes, the loss is infinite. A softmax is "
        "never 0: was it rounded, or cut off?",
    )
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


@lru_cache(maxsize=32)  # many works are asked about the same text
def held_out_text(seed):
    """A text of this seed: its tokens, the context of each, and the world's own log-probabilities."""
    world = agreement(4)
    ids = [t for s in world.sample(800, np.random.default_rng([4, seed])) for t in s]
    padded = np.array([world.end] * MEMORY + ids)
    contexts = np.lib.stride_tricks.sliding_window_view(padded, MEMORY)[:-1]
    return ids, contexts, world.token_log_probs(ids)


def excess(student, weights, seed):
    """Bits per token above the world's own, on a text of this seed."""
    ids, contexts, own = held_out_text(seed)
    said = probabilities(student, weights, contexts.copy())[np.arange(len(ids)), ids]
    return float(np.mean(own - np.log(said)) / LN2)


def keeps_the_contract(student):
    """Whether the weights are few and the rows distributions; fails if not."""
    contexts = np.random.default_rng(0).integers(SIZE, size=(7, MEMORY))
    return probabilities(student, numbers(student), contexts).shape == (7, SIZE)


def learned_something(student):
    """Whether the network is better than shares of single tokens; fails if not."""
    lost = excess(student, numbers(student), 0)
    told = f"your network loses {lost:.2f} bits per token against the world"
    expect(
        lost < EVEN + 0.3,
        f"{told}, and 1/{SIZE} for every token only {EVEN}: it is sure of wrong tokens. Does predict read "
        "its contexts in the order in which the network was trained, the oldest token first, and are they 12 "
        "there, too?",
    )
    expect(
        lost < 1,
        f"{told}; 1/{SIZE} for every token loses {EVEN}, the tokens' shares {SHARES_ALONE}, and a table of "
        "pairs 0.30. Was it trained, and are these the weights after the training?",
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
    minutes=60,
    hints=(
        "The network of exercise 6 with 12 tokens of context will do. Two or three tokens of context cannot: "
        "the subject may stand further back. Begin small and quick, change one thing at a time, and judge by "
        "sentences that were not trained on. What becomes of the last hundredths of a bit if the learning "
        "rate falls towards the end?",
        "Learning rates lie far apart: try some by factors of three, in short runs, and go up until a run "
        "falls to pieces; plain steps take far larger ones than the chapter's Adam. The same network that "
        "lost 0.11 bits in one of our runs lost less than half of it with a rate three times as large. Then "
        "compare the loss on sentences that you train on with that on others: if they are apart, more text "
        "helps; if they are together, more steps or more units.",
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
    "those look like logits: is the softmax missing?",
    {PROBS: "logits"},
)
small_network.slip(
    "those look like logarithms of probabilities",
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
    "in the order in which the network was trained, the oldest token first",
    {"for name in NAMES], contexts)": "for name in NAMES], contexts[:, ::-1])"},
    {"for name in NAMES], contexts)": "for name in NAMES], np.roll(contexts, 1, axis=1))"},
)
small_network.slip(
    "Was it trained, and are these the weights after the training?",
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
small_network.slip(
    "where that token comes, the loss is infinite",
    {PROBS: f"np.where({PROBS} < 1e-3, 0.0, {PROBS})"},
    {PROBS: f"({PROBS}).round(3) * 1e3 / ({PROBS}).round(3).sum(axis=1, keepdims=True) / 1e3"},
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
    told = f"{lost:.3f} bits per token above the floor; {FULL} earn all points, {NONE} none"
    more = "longer training, a falling learning rate, a wider network, more text?"
    if lost > 1:
        more = "this is worse than a table of pairs; see the cases above first"
    return Score(on_a_curve(lost, none=NONE, full=FULL), told if lost <= FULL else f"{told}: {more}")


@check(
    "small_network",
    hidden=True,
    hint=f"bits per token above the floor, on a hidden text: {FULL} earn all points and {NONE} none",
    weight=2.5,
)
def bits_on_held_out_text(student, rng):
    """Bits per token above the floor, on a text that nobody has seen."""
    lost = excess(student, numbers(student), int(rng.integers(10**6, 10**9)))
    return Score(on_a_curve(lost, none=NONE, full=FULL))
