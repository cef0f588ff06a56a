"""Sentences with a verb in the wrong number, and how to find it without being taught: by likelihood.

The truth is known, as the world's rules say which noun a verb obeys. What `families` asks of networks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lmcourse.experiments.fill_ins import Network, draw, logits_of, specials, world
from lmcourse.neural.torch_model import asking
from lmcourse.transformer.batches import Batch, seen
from lmcourse.transformer.masks import prefix
from lmcourse.transformer.objectives import causal_lm

PLACES = ("sentence", "subject")  # where an answer is wanted: at a sentence's end, or at a verb's subject


@lru_cache(maxsize=1)
def words() -> dict[str, dict[int, int]]:
    """Nouns and verbs, each with the same word in the other number."""
    forms = {
        "nouns": ("mouse cat dog bird", "mice cats dogs birds"),
        "verbs": ("sleeps runs hides chases sees", "sleep run hide chase see"),
    }
    found = {}
    for kind, both in forms.items():
        one, many = (world().vocab.encode(listed) for listed in both)
        found[kind] = dict(zip(one + many, many + one))
    return found


def clauses(text: list[int]) -> list[tuple[int, int]]:
    """(place of the subject, place of its verb) of each clause of a sentence, as the verbs come.

    A noun after *near the* has no verb; any other waits, and a verb belongs to the last one that waits.
    """
    near = world().vocab.id("near")
    waiting, found = [], []
    for place, token in enumerate(text):
        if token in words()["nouns"] and (place < 2 or text[place - 2] != near):
            waiting.append(place)
        elif token in words()["verbs"]:
            found.append((waiting.pop(), place))
    return found


class Questions(NamedTuple):
    """Sentences, in each of which one clause is asked about: is its verb in the wrong number?"""

    texts: np.ndarray  # (B, T), filled up
    wrong: np.ndarray  # (B,)
    subjects: np.ndarray  # (B,), where the clause's subject stands
    verbs: np.ndarray  # (B,), and its verb

    def places(self, task: str) -> np.ndarray:
        """Where the answer is wanted, (B,). Raises ValueError for another task."""
        if task not in PLACES:
            raise ValueError(f"task={task!r} must be one of {', '.join(map(repr, PLACES))}")
        return self.subjects if task == "subject" else (self.texts != specials().pad).sum(axis=1) - 1

    def some(self, rows: np.ndarray) -> Questions:
        """Those of some rows."""
        return Questions(*(array[rows] for array in self))

    @property
    def main(self) -> np.ndarray:
        """Whether the clause is the main one, whose verb is the sentence's last word, (B,)."""
        return self.verbs == self.places("sentence") - 1


def questions(n: int, rng: np.random.Generator) -> Questions:
    """So many sentences of the world, half of them with one verb, drawn evenly, in the wrong number."""
    texts, wrong = draw(n, rng), rng.random(n) < 0.5
    asked = []
    for text, is_wrong in zip(texts, wrong):
        found = clauses(text.tolist())
        asked.append(found[rng.integers(len(found))])
        if is_wrong:
            text[asked[-1][1]] = words()["verbs"][int(text[asked[-1][1]])]
    return Questions(texts, wrong, *np.array(asked).T)


def by_likelihood(network: Network, objective: str, asked: Questions) -> np.ndarray:
    """Whether the text were more probable with some verb in the other number, (B,).

    Of a masked language model: whether it says the other form rather than that which is shown, the verb being
    hidden; each verb in turn.
    """
    rows, places = np.nonzero(np.isin(asked.texts, list(words()["verbs"])))
    at = np.arange(len(rows))
    shown = asked.texts[rows]
    forms = np.stack([shown[at, places], [words()["verbs"][int(v)] for v in shown[at, places]]])
    with asking(network):
        if objective.startswith("masked"):
            shown[at, places] = specials().mask
            batch = Batch(shown, shown, shown == specials().mask, seen(shown, specials()))
            gain = logits_of(network, batch)[at, forms].diff(dim=0)[0].numpy()
        else:
            both = []
            for form in forms:
                shown[at, places] = form
                both.append(_log_probs(network, objective, shown))
            gain = both[1] - both[0]
    found = np.zeros(len(asked.texts), dtype=bool)
    found[rows[gain > 0]] = True
    return found


def _log_probs(network: Network, objective: str, texts: np.ndarray) -> np.ndarray:
    """Of texts from left to right, (B,); by a prefix model, of what follows the first token."""
    batch = causal_lm(texts, specials())
    if objective == "prefix":
        length = texts.shape[1]
        counts = batch.counts & (np.arange(length) > 0)
        batch = Batch(batch.inputs, batch.targets, counts, prefix(length, 2)[None])
    said = torch.from_numpy(batch.targets[batch.counts])
    log_p = -cross_entropy(logits_of(network, batch), said, reduction="none")
    row_of = torch.from_numpy(np.nonzero(batch.counts)[0])
    return torch.zeros(len(texts)).index_add(0, row_of, log_p).numpy()
