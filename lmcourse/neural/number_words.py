"""Numbers in words, as a small language to translate from: seven hundred and four -> 704.

Written as people do it, with *and* or without, in English short scale. A number of more digits needs more
words, so the length of the text and what it says grow together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from lmcourse.vocabulary import Vocabulary

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = ["", "thousand", "million", "billion", "trillion"]
WORDS = Vocabulary(["<pad>", *ONES, *TENS, "hundred", "and", *SCALES[1:]])
DIGITS = Vocabulary(["<pad>", "<start>", "<end>", *"0123456789"])
PAD, START, END = range(3)


def spell(number: int, conjunction: bool = True) -> list[str]:
    """A number in words.

    >>> " ".join(spell(1_007_021))
    'one million seven thousand and twenty one'
    """
    if not 0 <= number < 10**15:
        raise ValueError(f"{number} must lie between 0 and 10**15 - 1, which are spelled here")
    words: list[str] = []
    for scale in reversed(range(len(SCALES))):
        group = number // 1000**scale % 1000
        if group:
            last = scale == 0 and bool(words)
            words += _below_thousand(group, conjunction, last) + SCALES[scale : scale + 1] * (scale > 0)
    return words or ["zero"]


def _below_thousand(number: int, conjunction: bool, follows: bool) -> list[str]:
    """One group of three digits; `follows`: others were said before, so a small one needs its *and* too."""
    hundreds, rest = divmod(number, 100)
    words = [ONES[hundreds], "hundred"] if hundreds else []
    if rest and conjunction and (hundreds or follows):
        words.append("and")
    if rest >= 20:
        words.append(TENS[rest // 10 - 2])
        rest %= 10
    return words + ([ONES[rest]] if rest else [])


def draw_numbers(rng: np.random.Generator, count: int, digits: Sequence[int], without=frozenset()):
    """Numbers, each with so many digits as one drawn from `digits`, none of them in `without`."""
    found: list[int] = []
    while len(found) < count:
        n_digits = int(rng.choice(digits))
        number = int(rng.integers(10 ** (n_digits - 1), 10**n_digits))
        if number not in without:
            found.append(number)
    return found


def as_batch(numbers: Iterable[int], rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Words (B, T), their lengths (B,), and digits (B, T') between start and end token; filled up with pad.

    Every second number or so, by chance, is spelled without *and*.
    """
    numbers = list(numbers)
    texts = [WORDS.encode(spell(n, bool(rng.random() < 0.5))) for n in numbers]
    answers = [[START, *DIGITS.encode(list(str(n))), END] for n in numbers]
    return _filled(texts), torch.tensor([len(text) for text in texts]), _filled(answers)


def _filled(rows: list[list[int]]) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def right(written: Tensor, answers: Tensor) -> np.ndarray:
    """Which rows of digits (B, T) are as the answers (B, T') say, behind their start token, to the end."""
    wanted = answers[:, 1:].masked_fill(answers[:, 1:] == PAD, END)
    size = max(written.shape[1], wanted.shape[1])
    fill = lambda rows: torch.nn.functional.pad(rows, (0, size - rows.shape[1]), value=END)  # noqa: E731
    return (fill(written) == fill(wanted)).all(dim=1).numpy()
