"""Instructions that say which words of a list are to be repeated, and in what order.

`second fifth second : mouse cat cheese dog ball = cat ball cat`. Lists are drawn anew for each text; of the
instructions some are never read in training. Who has learned what *second* asks for follows those as well;
who has learned each instruction as a whole does not. Left out: instructions in other words, and refusals.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from torch import Tensor

from lmcourse.model import check_whole
from lmcourse.transformer.network import Transformer

NOUNS = "mouse cat dog cheese ball bird cup tree house moon fish boy girl apple chair horse".split()
PLACES = "first second third fourth fifth".split()
WORDS = [*NOUNS, *PLACES, ":", "="]
ASKED = 3  # words that an instruction asks for
LENGTH = 2 * ASKED + len(PLACES) + 2  # tokens of a text
COLON, EQUALS = len(WORDS) - 2, len(WORDS) - 1


def every_instruction() -> np.ndarray:
    """All instructions, each the places that it asks for, from 0: (125, 3)."""
    return np.array(list(product(range(len(PLACES)), repeat=ASKED)))


def split(n_read: int, n_new: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Instructions to learn from (n_read, 3), and others that are new (n_new, 3).

    The new ones are drawn first, so that they do not depend on `n_read`, and of two numbers the larger one's
    contain the smaller one's. Raises ValueError if there are not so many.
    """
    check_whole(n_read, "n_read")
    check_whole(n_new, "n_new")
    every = every_instruction()
    if n_read + n_new > len(every):
        raise ValueError(f"n_read={n_read} and n_new={n_new} are more than all {len(every)} instructions")
    order = rng.permutation(len(every))
    return every[order[n_new : n_new + n_read]], every[order[:n_new]]


def texts(instructions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Token ids (B, 13) of instructions (B, 3), each with a list of five different nouns drawn for it."""
    lists = rng.random((len(instructions), len(NOUNS))).argsort(axis=1)[:, : len(PLACES)]
    colon, equals = (np.full((len(lists), 1), sign) for sign in (COLON, EQUALS))
    answers = np.take_along_axis(lists, instructions, axis=1)
    return np.concatenate([len(NOUNS) + instructions, colon, lists, equals, answers], axis=1)


def log_probs(network: Transformer, token_ids: np.ndarray) -> Tensor:
    """What the network says at each word of the answer, the right ones before it being written; (B, 3, V)."""
    return network(torch.from_numpy(token_ids[:, :-1]))[:, -ASKED:].log_softmax(dim=-1)


def surprise(network: Transformer, token_ids: np.ndarray) -> Tensor:
    """The mean surprise at the words of the answer, nats: the loss."""
    targets = torch.from_numpy(token_ids[:, -ASKED:])
    return torch.nn.functional.nll_loss(log_probs(network, token_ids).flatten(0, 1), targets.flatten())


@torch.no_grad()
def score(network: Transformer, token_ids: np.ndarray) -> dict[str, float]:
    """The same answers in three metrics: share of words right, of whole answers right, mean surprise."""
    said = log_probs(network, token_ids).numpy()
    targets = token_ids[:, -ASKED:]
    right = said.argmax(axis=-1) == targets
    found = np.take_along_axis(said, targets[..., None], axis=2)
    return {
        "words": float(right.mean()),
        "whole": float(right.all(axis=1).mean()),
        "surprise": float(-found.mean()),
    }
