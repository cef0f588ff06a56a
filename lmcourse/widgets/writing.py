"""What a page's decoder writes: the course's own, with the random numbers of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lmcourse.widgets.playground import uniform

if TYPE_CHECKING:
    from lmcourse.decoding import Decoding
    from lmcourse.model import LanguageModel


def written(
    model: LanguageModel,
    ids: Sequence[int],
    settings: Decoding,
    seed: int,
    count: int,
    ends: Sequence[int] = (),
) -> list[int]:
    """The ids that a page writes after some ids, up to `count` or one of the ends, as decode.js does."""
    reader, said = model.reader([list(ids)]), list(ids)
    for random in uniform(seed, 1, count):  # as there; stream 0 of seed 0 begins with 0
        row = settings.apply(reader.log_probs()[0], said)
        cumulative = np.cumsum(np.exp(row))
        greedy = settings.temperature == 0
        token = np.argmax(row) if greedy else np.searchsorted(cumulative, random * cumulative[-1], "right")
        said.append(int(token))
        if token in ends:
            break
        reader.read([int(token)])
    return said[len(ids) :]
