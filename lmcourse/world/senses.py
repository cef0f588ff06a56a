"""A level of the mouse world with an ambiguous word, and what its neighbours tell of its sense, exactly.

The rules say `bat/animal` and `bat/thing`; whoever reads the text sees *bat*. What a reader can know of the
sense is then a question of counting sentences, whose probabilities are known. Left out: words with more than
one ambiguous place in a sentence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from lmcourse.vocabulary import Vocabulary
from lmcourse.world.world import World

SENSES = ("bat/animal", "bat/thing")
Told = dict[tuple[str, ...], np.ndarray]  # what stands on a side -> its probability together with each sense


def two_senses() -> World:
    """Animals and things with one word in common; places and adjectives before, verbs after it tell of them.

    *in the cave the old bat that the child held fell .* No clue is certain, and given the sense, the clues
    are independent of each other.
    """
    rules = {"S": "0.5 in the PLACE_a the ADJECTIVE_a NOUN_a . | 0.5 in the PLACE_t the ADJECTIVE_t NOUN_t ."}
    rules["PLACE_a"] = "0.5 cave | 0.3 garden | 0.2 hall"
    rules["PLACE_t"] = "0.2 cave | 0.3 garden | 0.5 hall"
    rules["ADJECTIVE_a"] = "0.35 hungry | 0.3 small | 0.2 old | 0.15 heavy"
    rules["ADJECTIVE_t"] = "0.05 hungry | 0.2 small | 0.35 old | 0.4 heavy"
    rules["NOUN_a"] = "0.4 bat/animal REST_a | 0.3 owl REST_a | 0.3 mouse REST_a"
    rules["NOUN_t"] = "0.4 bat/thing REST_t | 0.3 ball REST_t | 0.3 stick REST_t"
    for kind in "at":
        rules[f"REST_{kind}"] = f"0.5 VERB_{kind} | 0.5 that the PERSON HELD_{kind} VERB_{kind}"
    rules["PERSON"] = "0.5 child | 0.3 girl | 0.2 king"
    rules["HELD_a"] = "0.5 feared | 0.3 saw | 0.2 held"
    rules["HELD_t"] = "0.05 feared | 0.3 saw | 0.65 held"
    rules["VERB_a"] = "0.4 flew | 0.3 slept | 0.25 fell | 0.05 broke"
    rules["VERB_t"] = "0.2 flew | 0.05 slept | 0.4 fell | 0.35 broke"
    return World(rules, name="two senses")


def merge(vocab: Vocabulary) -> tuple[Vocabulary, np.ndarray]:
    """The words as they are read, without the sense behind the stroke, and for each old id the new one, (V,).

    >>> read, new_ids = merge(Vocabulary(["bat/animal", "bat/thing", "owl"]))
    >>> read.tokens, new_ids.tolist()
    (('bat', 'owl'), [0, 0, 1])
    """
    said = [token.partition("/")[0] for token in vocab.tokens]
    read = Vocabulary(dict.fromkeys(said))
    return read, np.array(read.encode(said))


def told_by_sides(world: World, senses: Sequence[str] = SENSES) -> tuple[Told, Told, Told]:
    """Joint probabilities of each sense with what stands on the left of its word, on the right, on both.

    They are sums over the world's sentences, each (number of senses,), of sentences that have the word; all
    together are one. For both sides the key is the left, the bare word and the right.
    """
    ids = [world.vocab.id(sense) for sense in senses]
    bare = senses[0].partition("/")[0]
    left, right, both = (defaultdict(lambda: np.zeros(len(senses))) for _ in range(3))
    for sentence, p in world.automaton.sentences():
        for k, sense in enumerate(ids):
            if sense in sentence:
                place = sentence.index(sense)
                words = [world.vocab.tokens[i] for i in sentence]
                before, after = tuple(words[:place]), tuple(words[place + 1 :])
                for told, key in ((left, before), (right, after), (both, (*before, bare, *after))):
                    told[key][k] += p
    total = sum(left.values()).sum()
    return tuple({key: row / total for key, row in told.items()} for told in (left, right, both))


def best_accuracy(told: Told) -> float:
    """How often the best possible guess of the sense is right: the likelier one, whatever was told."""
    return float(sum(row.max() for row in told.values()))
