"""Models of which a check knows everything, for students' code to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
