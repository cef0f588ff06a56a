"""Models of which a check knows everything, for students' code to ask, and texts for it to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lmcourse.grading.checks import expect, with_answers
from lmcourse.grading.compare import short


def table_model(table: Mapping[tuple, Mapping], n: int, otherwise: str = "") -> Callable[[tuple], dict]:
    """The model of order n of a table from context to {token: probability}, its answers sent along.

    It fails, and says so, if it is not asked with a tuple of n - 1 tokens. Asked about a context that is not
    in the table it says nothing, {}; or, with `otherwise`, fails and says that.
    """

    def model(context: tuple) -> dict:
        expect(
            isinstance(context, tuple) and len(context) == n - 1,
            f"the order is {n}: ask the model with a tuple of the last {n - 1} token(s); you asked it with "
            f"{short(context)}",
        )
        expect(
            not otherwise or context in table,
            f"you asked the model about the context {short(context)}: {otherwise}",
        )
        return dict(table.get(context, {}))

    return with_answers(model, {(context,): dict(probs) for context, probs in table.items()})


def random_text(
    rng: np.random.Generator, tokens: str = "abcdefgh", number: int = 40, longest: int = 9
) -> list[list[str]]:
    """Sentences in which some tokens are frequent, and each has its favourite followers.

    To `number` of them come an empty one, one twice, and one that repeats a token. Tokens are letters.
    """
    letters = list(tokens)
    share = 1 / np.arange(1, len(letters) + 1)
    favourite = {token: rng.permutation(letters)[:2].tolist() for token in letters}
    sentences = []
    for _ in range(number):
        sentence = []
        for _ in range(int(rng.integers(longest + 1))):
            old = sentence and rng.random() < 0.7
            new = rng.choice(
                favourite[sentence[-1]] if old else letters, p=None if old else share / share.sum()
            )
            sentence.append(str(new))
        sentences.append(sentence)
    return [*sentences, [], letters[:3], letters[:3], [letters[0]] * 4]


def random_table(
    rng: np.random.Generator, tokens: Sequence[str], n: int, zeros: float = 0.0
) -> dict[tuple, dict[str, float]]:
    """A table from every context of n - 1 tokens, `<s>` at its start included, to random probabilities.

    A share of about `zeros` of them is zero, but never that of `</s>` or of the first token.
    """
    tokens, contexts = list(tokens), [()]
    for _ in range(n - 1):
        contexts = [(*c, t) for c in contexts for t in ["<s>", *tokens] if t != "<s>" or {*c} <= {"<s>"}]
    table = {}
    for context in contexts:
        weights = rng.gamma(1.0, size=len(tokens) + 1) + 0.05
        weights[1:-1] *= rng.random(len(tokens) - 1) >= zeros
        order = rng.permutation(len(weights))
        said = [*tokens, "</s>"]
        table[context] = {said[i]: float(weights[i] / weights.sum()) for i in order}
    return table
