# Made from solutions/04-neural/checks.py: the checks that answer in the notebook. Do not edit.
"""Exercises of assignment 4, neural language models.

Right values are small fractions: weights and logits are chosen as logarithms, so that sigmoids and softmaxes
can be worked out by hand.
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
from lmcourse.world import (
    agreement,
)

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


@check("small_network")
def bits_on_a_text_you_may_see(student):
    """Bits per token above the floor, on one text; the grade takes another."""
    lost = excess(student, numbers(student), 0)
    told = f"{lost:.3f} bits per token above the floor; {FULL} earn all points, {NONE} none"
    more = "longer training, a falling learning rate, a wider network, more text?"
    if lost > 1:
        more = "this is worse than a table of pairs; see the cases above first"
    return Score(on_a_curve(lost, none=NONE, full=FULL), told if lost <= FULL else f"{told}: {more}")


# What the checks of an exercise weigh that are asked only for the grade.
UNSEEN_WEIGHTS = {'softmax_gradient': 1.0, 'lookup': 1.5, 'lstm': 1.5, 'negative_sampling': 1.5, 'clip': 1.0, 'small_network': 2.5}


# Which wrong value is due to which mistake, as the authored mistakes show.
REASONS = {
    'softmax_gradient': {
        "those are the probabilities. The target's own logit stands in the loss as well: at the target there is 1 less": [
            (0, 0, 'gives', [[0.125, 0.25, 0.125], [0.333333333, 0.0833333333, 0.0833333333]]),
        ],
        'the sign is turned: that is the direction in which the loss falls': [
            (0, 0, 'gives', [[0.375, -0.25, -0.125], [-0.333333333, 0.416666667, -0.0833333333]]),
        ],
        "that is the gradient of the sum of the rows' losses; the loss is their mean": [
            (0, 0, 'gives', [[-0.75, 0.5, 0.25], [0.666666667, -0.833333333, 0.166666667]]),
        ],
        'you divided by the V columns; the mean is over the B rows': [
            (0, 0, 'gives', [[-0.25, 0.166666667, 0.0833333333], [0.222222222, -0.277777778, 0.0555555556]]),
        ],
        'you divided by all the B · V entries; the mean is over the B rows': [
            (0, 0, 'gives', [[-0.125, 0.0833333333, 0.0416666667], [0.111111111, -0.138888889, 0.0277777778]]),
        ],
        'the softmax is along the wrong axis: each row, a place in the text, is a distribution over the tokens': [
            (0, 0, 'gives', [[-0.4, 0.333333333, 0.25], [0.4, -0.333333333, 0.25]]),
        ],
        'each row is divided by its own sum; you divided by the sum of all': [
            (0, 0, 'gives', [[-0.428571429, 0.142857143, 0.0714285714], [0.142857143, -0.464285714, 0.0357142857]]),
        ],
        "a row's largest logit, and its sum, are to stand beside the row, as a column: keepdims=True": [
            (0, 0, 'raises', 'ValueError 2 3 2'),
            (0, 0, 'raises', 'ValueError 2 3 2'),
        ],
        "you took 1 from the target's column in every row; each row has its own target": [
            (0, 0, 'gives', [[-0.375, -0.25, 0.125], [-0.166666667, -0.416666667, 0.0833333333]]),
        ],
        '1 is taken off the probability at the target; you put -1 in its place': [
            (0, 0, 'gives', [[-0.5, 0.25, 0.125], [0.333333333, -0.5, 0.0833333333]]),
        ],
        'there is no softmax; you took the logits for probabilities': [
            (0, 0, 'gives', [[-0.5, 0.34657359, 0], [0.693147181, -0.5, 0]]),
        ],
        'the exponentials are not divided by their sum': [
            (0, 0, 'gives', [[0, 1, 0.5], [2, 0, 0.5]]),
        ],
        'a softmax squashes by exponentials; you divided the logits themselves by their sum': [
            (0, 0, 'gives', [[-0.5, 0.5, 0], [0.5, -0.5, 0]]),
        ],
        'that is in bits; the loss is in nats': [
            (0, 0, 'gives', [[-0.54101064, 0.36067376, 0.18033688], [0.480898347, -0.601122934, 0.120224587]]),
        ],
        'p (1 - p) is the derivative of a probability by its logit; the loss is the logarithm of one': [
            (0, 0, 'gives', [[-0.40625, 0.125, 0.09375], [0.111111111, -0.430555556, 0.0694444444]]),
        ],
        'that is the gradient of -p at the target; the loss is -ln p, whose derivative by p is -1 / p': [
            (0, 0, 'gives', [[-0.09375, 0.0625, 0.03125], [0.0555555556, -0.0694444444, 0.0138888889]]),
        ],
        '`smoothing` has no effect': [
            (1, 0, 'gives', [[-0.75, 0.5, 0.25]]),
        ],
        'the smoothed share is for all V tokens, the target among them: it has 1 - ε and ε / V besides': [
            (1, 0, 'gives', [[-0.45, 0.4, 0.15]]),
            (1, 0, 'gives', [[-0.45, 0.35, 0.1]]),
        ],
        'ε is shared out: each token has ε / V of it': [
            (1, 0, 'gives', [[-0.75, 0.2, -0.05]]),
        ],
        "the target's share is 1 - ε + ε / V; you left it at 1 and more": [
            (1, 0, 'gives', [[-0.85, 0.4, 0.15]]),
        ],
        "it is the targets that are smoothed; you smoothed the network's probabilities": [
            (1, 0, 'gives', [[-0.725, 0.45, 0.275]]),
        ],
        'the whole gradient became 1 - ε times as long; the even share ε / V pulls as well': [
            (1, 0, 'gives', [[-0.525, 0.35, 0.175]]),
        ],
        "exp(1000) is infinite, and inf / inf is no number; subtract each row's largest logit first": [
            (2, 0, 'gives', [[float("nan"), float("nan")], [float("nan"), float("nan")]]),
        ],
        'you subtracted one number, the largest of all rows; in a row 2,000 lower every exponential becomes 0, and 0 / 0 is no number. Each row has a largest logit of its own': [
            (2, 0, 'gives', [[-0.375, 0.375], [float("nan"), float("nan")]]),
        ],
        '`-=` changes the array that you were given; write logits - …': [
            (0, 0, 'fails', '`softmax_gradient` changes what it was given as `logits`: work on a copy, or make a new object'),
        ],
    },
    'lookup': {
        'a row that is looked up several times receives the sum; back[ids] += g (or = g) writes it once only, with one of its gradients': [
            (1, 0, 'gives', ([[3, 4], [3, 4], [3, 4]], [[0, 0], [4, 40], [0, 0]])),
            (1, 0, 'gives', ([[3, 4], [3, 4], [3, 4]], [[0, 0], [4, 40], [0, 0]])),
        ],
        'a row that is looked up several times receives the sum of its gradients; that is their mean': [
            (1, 0, 'gives', ([[3, 4], [3, 4], [3, 4]], [[0, 0], [2.33333333, 23.3333333], [0, 0]])),
        ],
        'the result has no parents, so no gradient finds its way back to the table': [
            (0, 0, 'gives', ([[3, 4], [1, 2]], [[0, 0], [0, 0], [0, 0]])),
        ],
        'pull counts how often each row was looked up; the gradient that arrives must be carried on': [
            (0, 0, 'gives', ([[3, 4], [1, 2]], [[1, 1], [1, 1], [0, 0]])),
        ],
        'g has a row for each place of `ids`: take its rows in their order, and add each to the row of the table that stood there': [
            (0, 0, 'gives', ([[3, 4], [1, 2]], [[1, 10], [100, 1000], [0, 0]])),
            (0, 0, 'gives', ([[3, 4], [1, 2]], [[1, 10], [100, 1000], [0, 0]])),
        ],
        '`ids` may have several axes; you went through the first only, and a row that comes twice behind it was written once': [
            (2, 0, 'gives', ([[[1, 2], [3, 4]], [[3, 4], [3, 4]]], [[1, 1], [2, 2], [0, 0]])),
        ],
        'begin with zeros; yours begin with the table itself': [
            (0, 0, 'gives', ([[3, 4], [1, 2]], [[101, 1002], [4, 14], [5, 6]])),
        ],
        'tokens are numbered from 0, and so are the rows': [
            (0, 0, 'gives', ([[1, 2], [5, 6]], [[100, 1000], [1, 10], [0, 0]])),
        ],
        'the result has all the axes of `ids`, and the columns behind; you made one row of numbers of them': [
            (2, 0, 'raises', 'ValueError 4 2 2 2 2 2 2'),
        ],
    },
    'lstm': {
        'the order of the blocks is i, f, g, o; you took the forget gate first': [
            (0, 0, 'gives', ([[0.748327256]], [[1.7]])),
        ],
        'the order of the blocks is i, f, g, o; you took the output gate third': [
            (0, 0, 'gives', ([[0.579243619]], [[1.32843137]])),
        ],
        'the order of the blocks is i, f, g, o; you took the candidate second': [
            (0, 0, 'gives', ([[0.566468238]], [[0.883333333]])),
        ],
        'the order of the blocks is i, f, g, o; you took them as f, i, o, g': [
            (0, 0, 'gives', ([[0.630795628]], [[1.79411765]])),
        ],
        'the order of the blocks is i, f, g, o; you took the output gate first': [
            (0, 0, 'gives', ([[0.612485102]], [[1.14666667]])),
        ],
        'the candidate g goes through tanh, not through the sigmoid': [
            (0, 0, 'gives', ([[0.658560516]], [[1.16666667]])),
        ],
        'the candidate g goes through tanh, as it is it has no bound': [
            (0, 0, 'gives', ([[0.663598929]], [[1.18652705]])),
        ],
        "h' is made of tanh(c'), not of c' itself": [
            (0, 0, 'gives', ([[0.893333333]], [[1.11666667]])),
        ],
        "h' is made of tanh(c'), not of its sigmoid": [
            (0, 0, 'gives', ([[0.602695915]], [[1.11666667]])),
        ],
        "h' is made of the new c, not of the old one": [
            (0, 0, 'gives', ([[0.771222064]], [[1.11666667]])),
        ],
        'the gates i, f and o go through the sigmoid, which lies between 0 and 1; tanh may be negative': [
            (0, 0, 'gives', ([[-0.544331738]], [[-0.72]])),
        ],
        'your sigmoid falls where it should rise: it is 1 / (1 + exp(-a)), with a minus': [
            (0, 0, 'gives', ([[0.180418127]], [[1.48333333]])),
        ],
        'the forget gate is missing: c keeps f times what it had': [
            (0, 0, 'gives', ([[0.788173534]], [[2.45]])),
        ],
        'f is how much is *kept*; you kept 1 - f': [
            (0, 0, 'gives', ([[0.756042026]], [[1.78333333]])),
        ],
        'you let in 1 - f, as a GRU does; an LSTM has an input gate of its own': [
            (0, 0, 'gives', ([[0.63056166]], [[1.06666667]])),
        ],
        'the input gate multiplies the candidate; you added it': [
            (0, 0, 'gives', ([[0.772149095]], [[2.01666667]])),
        ],
        'the input gate is missing: i times the candidate comes in': [
            (0, 0, 'gives', ([[0.682313317]], [[1.26666667]])),
        ],
        "the output gate is missing: h' is o times tanh(c')": [
            (0, 0, 'gives', ([[0.80640635]], [[1.11666667]])),
        ],
        'the output gate goes through the sigmoid, not through tanh': [
            (0, 0, 'gives', ([[0.711535015]], [[1.11666667]])),
        ],
        'the pair is (h, c), h first': [
            (0, 0, 'gives', ([[1.11666667]], [[0.64512508]])),
        ],
        "W's first D rows are for the input: put x before h": [
            (1, 0, 'gives', ([[0.387620891]], [[1.03333333]])),
        ],
        'each block has H columns side by side; you took every fourth column': [
            (2, 0, 'gives', ([[0.369693726, 0.346587868], [0, 0.571195617]], [[0.5, 0.5], [0, 1]])),
        ],
        'the bias is missing': [
            (0, 0, 'gives', ([[0.380797078]], [[1]])),
        ],
        'the blocks stand side by side, in the columns; you cut along the first axis, the batch': [
            (0, 0, 'raises', 'ValueError'),
        ],
        '`*=` changes the state that you were given; make a new one': [
            (0, 0, 'fails', '`lstm_step` changes what it was given as `c`: work on a copy, or make a new object'),
        ],
    },
    'negative_sampling': {
        "the sign of the noise's scores is missing: a drawn word is to score low": [
            (0, 0, 'gives', (1.89711998, [-0.25, 1.6], [-0.274653072, -0.173286795], [[-0.878889831, -0.554517744]])),
        ],
        "in the loss the noise's scores need a minus; your gradients have it": [
            (0, 0, 'gives', (1.89711998, [-0.25, -0.4], [-0.274653072, -0.173286795], [[0.219722458, 0.138629436]])),
        ],
        'the neighbour is to score high: its term is ln(1 + e^-s), with a minus': [
            (0, 0, 'gives', (1.60943791, [-0.25, -0.4], [-0.274653072, -0.173286795], [[0.219722458, 0.138629436]])),
        ],
        'the minus of the noise is there once: -ln sigmoid(-s) is ln(1 + e^s)': [
            (0, 0, 'gives', (1.89711998, [-0.25, -1.6], [-0.274653072, -0.173286795], [[0.878889831, 0.554517744]])),
        ],
        "the noise's terms are added up; you took their mean": [
            (1, 0, 'gives', (1.64170717, [-0.25, 1.13333333], [-0.274653072, -0.173286795], [[0.439444915, 0.277258872], [0.366204096, 0.23104906]])),
            (1, 0, 'gives', (1.64170717, [-0.25, 2.26666667], [-0.274653072, -0.173286795], [[0.878889831, 0.554517744], [0.732408192, 0.46209812]])),
        ],
        'of the drawn words only the last one counts in your loss': [
            (1, 0, 'gives', (1.38629436, [-0.25, 2.26666667], [-0.274653072, -0.173286795], [[0.878889831, 0.554517744], [0.732408192, 0.46209812]])),
        ],
        'of the drawn words only the first one counts in your loss': [
            (1, 0, 'gives', (1.89711998, [-0.25, 2.26666667], [-0.274653072, -0.173286795], [[0.878889831, 0.554517744], [0.732408192, 0.46209812]])),
        ],
        'that is in bits; the loss is in nats': [
            (0, 0, 'gives', (0.736965594, [-0.25, -0.4], [-0.274653072, -0.173286795], [[0.219722458, 0.138629436]])),
        ],
        'the loss has the sign turned: it is never below 0': [
            (0, 0, 'gives', (-0.510825624, [-0.25, -0.4], [-0.274653072, -0.173286795], [[0.219722458, 0.138629436]])),
        ],
        'the noise is scored against v, the word, and not against its neighbour u': [
            (0, 0, 'gives', (0.980829253, [-0.25, -1], [-0.274653072, -0.173286795], [[0.549306144, 0.34657359]])),
        ],
        'all gradients have their sign turned: these are the steps to take, not the gradient': [
            (0, 0, 'gives', (0.510825624, [0.25, 0.4], [0.274653072, 0.173286795], [[-0.219722458, -0.138629436]])),
        ],
        'by v: the noise pulls at v, too; its part of the gradient is missing': [
            (0, 0, 'gives', (0.510825624, [-0.25, -0], [-0.274653072, -0.173286795], [[0.219722458, 0.138629436]])),
        ],
        "by v: the neighbour's part has its sign turned; the derivative of -ln sigmoid(s) is sigmoid(s) - 1": [
            (0, 0, 'gives', (0.510825624, [0.25, -0.4], [0.274653072, 0.173286795], [[0.219722458, 0.138629436]])),
            (0, 0, 'gives', (0.510825624, [0.25, -0.4], [-0.274653072, -0.173286795], [[0.219722458, 0.138629436]])),
        ],
        'the gradient of -ln sigmoid(s) is sigmoid(s) - 1: for the neighbour the 1 is missing': [
            (0, 0, 'gives', (0.510825624, [0.75, -0.4], [0.823959217, 0.519860385], [[0.219722458, 0.138629436]])),
        ],
        "by v: the noise's part has its sign turned; where v agrees with a drawn word the loss grows": [
            (0, 0, 'gives', (0.510825624, [-0.25, 0.4], [-0.274653072, -0.173286795], [[-0.219722458, -0.138629436]])),
            (0, 0, 'gives', (0.510825624, [-0.25, 0.4], [-0.274653072, -0.173286795], [[0.219722458, 0.138629436]])),
        ],
        "by v: the noise's part is sigmoid(v · n) n, and not sigmoid(-v · n) n": [
            (0, 0, 'gives', (0.510825624, [-0.25, -1.6], [-0.274653072, -0.173286795], [[0.878889831, 0.554517744]])),
        ],
        "by v: the noise's part is that of a neighbour, with sigmoid - 1; the minus in the score turns it into the sigmoid itself": [
            (0, 0, 'gives', (0.510825624, [-0.25, 1.6], [-0.274653072, -0.173286795], [[-0.878889831, -0.554517744]])),
        ],
        'by v and by u are exchanged: the order is loss, by v, by u, by noise': [
            (0, 0, 'gives', (0.510825624, [-0.274653072, -0.173286795], [-0.25, -0.4], [[0.219722458, 0.138629436]])),
        ],
        'by u comes before by noise: the order is loss, by v, by u, by noise': [
            (0, 0, 'gives', (0.510825624, [-0.25, -0.4], [[0.219722458, 0.138629436]], [-0.274653072, -0.173286795])),
        ],
        'by v: a score v · u has the derivative u by v; you multiplied by v itself': [
            (0, 0, 'gives', (0.510825624, [-0.0549306144, -0.034657359], [-0.274653072, -0.173286795], [[0.219722458, 0.138629436]])),
            (0, 0, 'gives', (0.510825624, [-0.274653072, -0.573286795], [-0.274653072, -0.173286795], [[0.219722458, 0.138629436]])),
        ],
        'by u: the sign is turned; u is pulled towards v, so the number before v is negative in the gradient': [
            (0, 0, 'gives', (0.510825624, [-0.25, -0.4], [0.274653072, 0.173286795], [[0.219722458, 0.138629436]])),
        ],
        'by u: it is a multiple of v; you returned a multiple of u': [
            (0, 0, 'gives', (0.510825624, [-0.25, -0.4], [-0.25, -0], [[0.219722458, 0.138629436]])),
        ],
        'by noise: the sign is turned; a drawn word is pushed away from v': [
            (0, 0, 'gives', (0.510825624, [-0.25, -0.4], [-0.274653072, -0.173286795], [[-0.219722458, -0.138629436]])),
        ],
        'by noise: it is sigmoid(v · n) v, and not sigmoid(-v · n) v': [
            (0, 0, 'gives', (0.510825624, [-0.25, -0.4], [-0.274653072, -0.173286795], [[0.878889831, 0.554517744]])),
        ],
        'by noise: it is sigmoid(v · n) v; the minus in the score turns sigmoid - 1 into the sigmoid itself': [
            (0, 0, 'gives', (0.510825624, [-0.25, -0.4], [-0.274653072, -0.173286795], [[-0.878889831, -0.554517744]])),
        ],
        'by noise: it is sigmoid(v · n) v, for each drawn word; you exchanged v for the drawn word': [
            (0, 0, 'gives', (0.510825624, [-0.25, -0.4], [-0.274653072, -0.173286795], [[0, -0.4]])),
        ],
        'by noise: there is a row for each drawn word; you added them up': [
            (0, 0, 'gives', (0.510825624, [-0.25, -0.4], [-0.274653072, -0.173286795], [0.219722458, 0.138629436])),
        ],
        'the sigmoid of -1,000 is 0 to a computer, and its logarithm infinite; work with ln(1 + e^-s), without making e^1000 on the way': [
            (2, 0, 'gives', (float("inf"), [1], [-1000], [[0]])),
            (2, 0, 'gives', (float("inf"), [1], [-1000], [[0]])),
        ],
        'a small number added in the logarithm makes all losses above a limit equal; work with ln(1 + e^-s)': [
            (2, 0, 'gives', (16.1180956, [1], [-1000], [[0]])),
            (2, 0, 'gives', (18.4206807, [1], [-1000], [[0]])),
            (2, 0, 'gives', (20.7232658, [1], [-1000], [[0]])),
            (2, 0, 'gives', (23.0258509, [1], [-1000], [[0]])),
            (2, 0, 'gives', (27.6310211, [1], [-1000], [[0]])),
            (2, 0, 'gives', (34.5387764, [1], [-1000], [[0]])),
            (2, 0, 'gives', (690.775528, [1], [-1000], [[0]])),
        ],
    },
    'clip': {
        'each array was clipped by a norm of its own, which turns the step; there is one norm, of all together': [
            (0, 0, 'gives', [[2.6], [[0.866666667, 1.73333333], [1.73333333, 0]], [2.6]]),
        ],
        'each number was clipped, which turns the step; scale all by one factor': [
            (0, 0, 'gives', [[2.6], [[2.6, 2.6], [2.6, 0]], [2.6]]),
        ],
        'a gradient shorter than `most` is left as it is; you stretched it': [
            (1, 0, 'gives', [[[12, 0], [0, 0]], [0, 16]]),
            (1, 0, 'gives', [[[12, 0], [0, 0]], [0, 16]]),
        ],
        '0 / 0: where the gradients are zero there is nothing to scale': [
            (2, 0, 'gives', [[float("nan"), float("nan")], [[float("nan")]]]),
            (2, 0, 'raises', 'ZeroDivisionError'),
        ],
        'the norm is the root of the sum of squares; the root is missing': [
            (0, 0, 'gives', [[0.0461538462], [[0.0615384615, 0.123076923], [0.123076923, 0]], [0.0615384615]]),
        ],
        "that is the sum of the arrays' norms; add up the squares first, then take one root": [
            (0, 0, 'gives', [[0.410526316], [[0.547368421, 1.09473684], [1.09473684, 0]], [0.547368421]]),
        ],
        'the factor is most / norm; you divided by the norm alone': [
            (0, 0, 'gives', [[0.230769231], [[0.307692308, 0.615384615], [0.615384615, 0]], [0.307692308]]),
        ],
        'the norm is of squares; you added up absolute values': [
            (0, 0, 'gives', [[0.288888889], [[0.385185185, 0.77037037], [0.77037037, 0]], [0.385185185]]),
        ],
        'you measured by the largest number; the norm counts all': [
            (0, 0, 'gives', [[0.975], [[1.3, 2.6], [2.6, 0]], [1.3]]),
        ],
        'you measured by the array with the largest norm; there is one norm, of all together': [
            (0, 0, 'gives', [[0.65], [[0.866666667, 1.73333333], [1.73333333, 0]], [0.866666667]]),
        ],
        'only one of the arrays was measured; there is one norm, of all together': [
            (0, 0, 'gives', [[2.6], [[3.46666667, 6.93333333], [6.93333333, 0]], [3.46666667]]),
            (0, 0, 'gives', [[1.95], [[2.6, 5.2], [5.2, 0]], [2.6]]),
        ],
        'of an array of several rows only the first was measured; the norm counts all numbers': [
            (0, 0, 'gives', [[0.761202057], [[1.01493608, 2.02987215], [2.02987215, 0]], [1.01493608]]),
        ],
        'the squares are added up, and not averaged': [
            (0, 0, 'gives', [[0.998687663], [[1.33158355, 2.6631671], [2.6631671, 0]], [1.33158355]]),
            (0, 0, 'gives', [[1.03923048], [[1.38564065, 2.77128129], [2.77128129, 0]], [1.38564065]]),
            (0, 0, 'gives', [[1.46969385], [[1.95959179, 3.91918359], [3.91918359, 0]], [1.95959179]]),
        ],
        'too long gradients are shortened, not dropped': [
            (0, 0, 'gives', [[0], [[0, 0], [0, 0]], [0]]),
        ],
        'nothing was shortened': [
            (0, 0, 'gives', [[3], [[4, 8], [8, 0]], [4]]),
            (0, 0, 'gives', [[3], [[4, 8], [8, 0]], [4]]),
        ],
        'a small number was added to the norm, as some libraries do: the result is a little shorter than `most`; here it is to be `most`, and where the norm is above it there is nothing to guard against': [
            (0, 0, 'gives', [[0.599999954], [[0.799999938, 1.59999988], [1.59999988, 0]], [0.799999938]]),
            (0, 0, 'gives', [[0.599999995], [[0.799999994, 1.59999999], [1.59999999, 0]], [0.799999994]]),
        ],
        '`g *= …` changes the arrays that you were given; return others': [
            (0, 0, 'fails', '`clip` changes what it was given as `gradients`: work on a copy, or make a new object'),
        ],
    },
    'small_network': {
        'the softmax is along the wrong axis: each row is a distribution over the tokens': [
            (0, 0, 'fails', 'a row of predict should sum to 1; one sums to 7.733'),
        ],
        'those look like logits: is the softmax missing?': [
            (0, 0, 'fails', 'predict returned -9.987, and no probability is below 0; those look like logits: is the softmax missing?'),
        ],
        'those look like logarithms of probabilities': [
            (0, 0, 'fails', 'predict returned -16.06, and no probability is below 0; those look like logarithms of probabilities: take np.exp of them'),
        ],
        'the softmax is not divided by its sum': [
            (0, 0, 'fails', 'a row of predict should sum to 1; one sums to 5.25'),
        ],
        'embeddings, matrices and biases all count, and those that are not used as well': [
            (0, 0, 'fails', 'your network has 62,434 parameters; at most 50,000 are allowed'),
        ],
        '`weights` returns the arrays; the text is to be unpacked': [
            (0, 0, 'fails', "weights should return a dictionary from name to array; you returned the text 'P)h>@EdT%j2mk;8App34vz-6`|NsC0|NjL56aYmoZg6=401yC(0RR910…"),
        ],
        'in the order in which the network was trained, the oldest token first': [
            (1, 0, 'fails', 'your network loses 7.29 bits per token against the world, and 1/22 for every token only 3.09: it is sure of wrong tokens. Does predict read its contexts in the order in which the network was trained, the oldest token first, and are they 12 there, too?'),
            (1, 0, 'fails', 'your network loses 14.77 bits per token against the world, and 1/22 for every token only 3.09: it is sure of wrong tokens. Does predict read its contexts in the order in which the network was trained, the oldest token first, and are they 12 there, too?'),
        ],
        'Was it trained, and are these the weights after the training?': [
            (1, 0, 'fails', "your network loses 3.06 bits per token against the world; 1/22 for every token loses 3.09, the tokens' shares 2.38, and a table of pairs 0.30. Was it trained, and are these the weights after the training?"),
        ],
        'it knows something that is not in the weights it is given; `predict` is to use its argument': [
            (2, 0, 'fails', 'with all weights at zero your network still loses only 0.06 bits per token against the world'),
        ],
        'each context has a row, and each token a column; yours are exchanged': [
            (0, 0, 'fails', 'predict should return an array of shape (B, 22), a row for each context; yours has shape (22, 7)'),
        ],
        'all contexts are asked at once, and each has its row': [
            (0, 0, 'fails', 'predict should return an array of shape (B, 22), a row for each context; yours has shape (22,)'),
        ],
        'a dictionary, so that `predict` can find each array by its name': [
            (0, 0, 'fails', 'weights should return a dictionary from name to array; you returned the list [array([[-0.10272217,  0.35864258, -0.43994141, -0.046752…'),
        ],
        'where that token comes, the loss is infinite': [
            (0, 0, 'fails', 'a row of predict should sum to 1; one sums to 0.9968'),
            (0, 0, 'fails', 'predict gave a token the probability 0; where that token comes, the loss is infinite. A softmax is never 0: was it rounded, or cut off?'),
        ],
    },
}
