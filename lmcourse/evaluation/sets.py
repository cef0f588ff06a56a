"""Small sets of questions, written for this course: each a CSV file beside this one.

everyday.csv   a sentence to complete, a right and a wrong end, each in a short form and with something added
opinions.csv   a remark, and whether it is in favour of what it speaks of
judged.csv     a question with a right and a wrong answer, in the same words but for what matters
"""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path
from typing import NamedTuple

from lmcourse.evaluation.choices import Item

FOLDER = Path(__file__).parent
LENGTHS = ("short", "long")
FILLER = ", and so on"  # says nothing, and is easy to predict once it was said


class Everyday(NamedTuple):
    """A sentence to complete; a long end is a short one with something added that changes nothing."""

    question: str
    right: str
    right_more: str
    wrong: str
    wrong_more: str

    def item(self, right: str = "short", wrong: str = "short") -> Item:
        """A right answer and then a wrong one, each "short" or "long"."""
        ends = {"short": (self.right, self.wrong)}
        ends["long"] = (self.right + self.right_more, self.wrong + self.wrong_more)
        return Item(self.question, (ends[right][0], ends[wrong][1]))


class Opinion(NamedTuple):
    """A remark, whether it is in favour, and the number of the pair that it belongs to."""

    text: str
    positive: bool
    pair: int  # of one in favour and one against, of the same subject or the like


class Pair(NamedTuple):
    """A question, a right and a wrong answer to it."""

    question: str
    right: str
    wrong: str


def _rows(name: str) -> list[list[str]]:
    """The rows below the first. Raises ValueError for one with another number of fields, or an empty one."""
    with open(FOLDER / name, encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head) or not all(row):
            raise ValueError(f"{name}, row {number}: {row} must have {len(head)} fields, none of them empty")
    return rows


def everyday() -> list[Everyday]:
    """Forty sentences that a child can complete."""
    return [Everyday(*row) for row in _rows("everyday.csv")]


def opinions() -> list[Opinion]:
    """Sixty remarks in thirty pairs, of which each has one in favour and then one against."""
    return [
        Opinion(text, said == "yes", place // 2) for place, (text, said) in enumerate(_rows("opinions.csv"))
    ]


def judged() -> list[Pair]:
    """32 questions with two answers."""
    return [Pair(*row) for row in _rows("judged.csv")]


def lengths() -> list[tuple[str, str]]:
    """The four ways to choose the lengths of a right and a wrong answer."""
    return list(product(LENGTHS, LENGTHS))
