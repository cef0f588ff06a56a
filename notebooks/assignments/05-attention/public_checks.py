# Made from solutions/05-attention/checks.py: the checks that answer in the notebook. Do not edit.
"""Exercises of assignment 5, attention."""

from __future__ import annotations

import math

from lmcourse.grading.asking import (
    ask,
)
from lmcourse.grading.exercise import (
    Exercise,
)

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


# Which wrong value is due to which mistake, as the authored mistakes show.
REASONS = {
    'surprise': {
        'that is in nats; take the logarithm to base 2': [
            (0, 0, 'gives', 1.38629436),
        ],
        'the sign is turned: no surprise is below 0': [
            (0, 0, 'gives', -2),
        ],
        'think of a token that is not in the dictionary': [
            (1, 1, 'raises', 'KeyError'),
        ],
        'of probability 0 there is no logarithm; the answer is math.inf': [
            (1, 0, 'raises', 'ValueError'),
        ],
    },
}
