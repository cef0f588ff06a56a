"""Adding long numbers: at once, backwards, with the steps written, or with something else in their place.

A text is a sum of two numbers, zeros in front of the shorter ones, `047+085=`, and what is to be said after
it. *Once* that is the answer from its first digit on, `0132`. *Backwards* the same digits from the last on,
`2310`. *Steps* adds column by column from the right before it answers, and writes of each column the digit
and what is carried: `21`, `31`, `10`, then `:0132`. *Dots* has as many signs as the steps, and each is a
dot. *After* has the steps behind the answer, `0132:213110`: said all the same, but too late to be read.
*Leftmost* has them in front, but begins with the leftmost column, `103121:0132`. Left out: numbers of unequal
lengths in one sum, and numbers as whole tokens.

Sources: Nye et al. (2021), the scratchpad; Lee et al. (2023), digits backwards and written steps; Pfau et al.
(2024), dots.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lmcourse.transformer.network import Transformer

SIGNS = "0123456789+=:."
PLUS, EQUALS, COLON, DOT = range(10, 14)
FORMS = ("once", "backwards", "steps", "dots", "after", "leftmost")
PER_COLUMN = 2  # signs that the steps of one column take


class Sums(NamedTuple):
    """Pairs of numbers, each written with N digits, the first digit first."""

    a: np.ndarray  # (B, N)
    b: np.ndarray  # (B, N)


class Texts(NamedTuple):
    """Sums as texts."""

    token_ids: np.ndarray  # (B, T)
    n_given: int  # signs of the question, the first of each text
    n_answer: int  # signs of the answer
    n_after: int = 0  # signs that come after it

    @property
    def answer(self) -> slice:
        """Where the answer stands in each text."""
        end = self.token_ids.shape[1] - self.n_after
        return slice(end - self.n_answer, end)


def draw_sums(n_digits: np.ndarray, width: int, rng: np.random.Generator) -> Sums:
    """Sums of two numbers of so many digits each, all such numbers equally probable.

    Args:
        n_digits: of both numbers of each sum, (B,); a number of one digit may be 0.
        width: N, digits that are written, with zeros in front.
        rng: draws the digits.

    Raises ValueError for a number of digits that is not from 1 to `width`.
    """
    n_digits = np.asarray(n_digits)
    if n_digits.size and not 1 <= n_digits.min() <= n_digits.max() <= width:
        raise ValueError(
            f"n_digits from {n_digits.min()} to {n_digits.max()} must be from 1 to width={width}"
        )
    least = 10 ** (n_digits - 1) * (n_digits > 1)
    numbers = rng.integers(least, 10**n_digits, size=(2, len(n_digits)))
    powers = 10 ** np.arange(width - 1, -1, -1)
    return Sums(*(numbers[..., None] // powers % 10))


def add_columns(sums: Sums) -> tuple[np.ndarray, np.ndarray]:
    """Digits of the answer and carries, column by column from the right: both (B, N).

    >>> digits, carries = add_columns(Sums(np.array([[4, 7]]), np.array([[8, 5]])))
    >>> digits.tolist(), carries.tolist()
    ([[2, 3]], [[1, 1]])
    """
    digits, carries = np.empty_like(sums.a), np.empty_like(sums.a)
    carry = np.zeros(len(sums.a), dtype=sums.a.dtype)
    for column in range(sums.a.shape[1]):
        total = sums.a[:, -1 - column] + sums.b[:, -1 - column] + carry
        carry, digits[:, column] = np.divmod(total, 10)
        carries[:, column] = carry
    return digits, carries


def longest_carry(sums: Sums) -> np.ndarray:
    """Over how many columns in a row a 1 is handed on, at most: (B,).

    >>> longest_carry(Sums(np.array([[4, 7], [4, 1]]), np.array([[8, 5], [1, 1]]))).tolist()
    [2, 0]
    """
    run = longest = np.zeros(len(sums.a), dtype=int)
    for carry in add_columns(sums)[1].T:
        run = (run + 1) * carry
        longest = np.maximum(longest, run)
    return longest


def written(sums: Sums, form: str) -> Texts:
    """Sums in one of the `FORMS`. Raises ValueError for another."""
    if form not in FORMS:
        raise ValueError(f"form={form!r} must be one of {', '.join(map(repr, FORMS))}")
    count, n = sums.a.shape
    digits, carries = add_columns(sums)
    backwards = np.concatenate([digits, carries[:, -1:]], axis=1)
    plus, equals, colon = (np.full((count, 1), sign) for sign in (PLUS, EQUALS, COLON))
    columns = np.stack([digits, carries], axis=2)
    if form == "leftmost":
        columns = columns[:, ::-1]
    steps = columns.reshape(count, -1)
    answer = backwards if form == "backwards" else backwards[:, ::-1]
    said = {
        "steps": [steps, colon, answer],
        "leftmost": [steps, colon, answer],
        "dots": [np.full_like(steps, DOT), colon, answer],
        "after": [answer, colon, steps],
    }.get(form, [answer])
    ids = np.concatenate([sums.a, plus, sums.b, equals, *said], axis=1)
    return Texts(ids, 2 * n + 2, n + 1, 1 + PER_COLUMN * n if form == "after" else 0)


def surprise(network: Transformer, texts: Texts, answer_only: bool = False) -> Tensor:
    """The mean surprise at what is to be said after the question, in nats: the loss.

    Args:
        network: of `SIGNS`.
        texts: right ones.
        answer_only: leave out what is said besides the answer.
    """
    ids = torch.from_numpy(texts.token_ids)
    begin, end = texts.answer.start, texts.answer.stop
    if not answer_only:
        begin, end = texts.n_given, ids.shape[1]
    logits = network(ids[:, : end - 1])[:, begin - 1 :]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, begin:end].flatten())


@torch.no_grad()
def continued(network: Transformer, token_ids: np.ndarray, n_given: int) -> np.ndarray:
    """The texts (B, T) with everything after the first `n_given` signs said by the network, at T = 0."""
    ids = torch.from_numpy(token_ids).clone()
    for place in range(n_given, ids.shape[1]):
        ids[:, place] = network(ids[:, :place])[:, -1].argmax(dim=-1)
    return ids.numpy()


def right(found: np.ndarray, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Whether the whole answer is right (B,), and which of its digits are (B, N + 1)."""
    digits = found[:, texts.answer] == texts.token_ids[:, texts.answer]
    return digits.all(axis=1), digits
