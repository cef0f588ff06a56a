"""Exercises of assignment 0, new name."""

from __future__ import annotations

import math

import numpy as np

from lmcourse.grading.asking import ask
from lmcourse.grading.exercise import Exercise

surprise = Exercise(
    "surprise",
    points=2,
    minutes=10,
    hints=(
        "How often must you halve 1 until you have the probability of the token?",
        "It is `-math.log2(p)`; and `math.inf` where `p` is 0 or the token is not in the dictionary.",
    ),
)
surprise.case(
    "1/4 is 1, halved twice: 2 bits.",
    ask.surprise({"a": 0.25, "b": 0.75}, "a").gives(2.0),
)
surprise.case(
    "What cannot happen is infinitely surprising.",
    ask.surprise({"a": 1.0, "b": 0.0}, "b").gives(math.inf),
    ask.surprise({"a": 1.0}, "c").gives(math.inf),
    weight=0.5,
)
surprise.slip("that is in nats; take the logarithm to base 2", {"math.log2(p)": "math.log(p)"})
surprise.slip("the sign is turned: no surprise is below 0", {"-math.log2": "math.log2"})
surprise.slip("think of a token that is not in the dictionary", {".get(token, 0.0)": "[token]"})
surprise.slip("of probability 0 there is no logarithm; the answer is math.inf", {" if p else math.inf": ""})


@surprise.hidden("random distributions, and tokens that are not in them")
def random_distributions(rng):
    probs = dict(zip("abcde", rng.dirichlet(np.ones(5)).tolist()))
    for token in "abcdex":
        yield ask.surprise(probs, token)


surprise.another(
    "with NumPy",
    """
def surprise(probs, token):
    import numpy as np

    with np.errstate(divide="ignore"):
        return -np.log2(probs.get(token, 0))
""",
)
