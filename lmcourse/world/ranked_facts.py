"""Level 5: facts about many mice, of whom a few are famous and most are hardly ever spoken of.

A sentence names a mouse and tells three facts about it: "mira longtail likes cheese fears owls owns boots .".
How often a mouse is spoken of falls as a power of its rank, so there is always a tail of mice that a reader
of any finite text has not met. That tail makes learning curves power laws (`lmcourse.scaling`); its facts,
each drawn once and evenly, can be counted in bits.

As an automaton it would have hundreds of thousands of states. Its probabilities are so simple that they are
written down here instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import product

import numpy as np

from lmcourse.model import LanguageModel, check_whole, log
from lmcourse.vocabulary import Vocabulary

FIRST = [
    start + end
    for start, end in product(
        "al be bru co da el fi ga ju li mi ne or pe ro ta".split(), "ba da lin mo na ra so vi".split()
    )
]
FAMILY = [
    start + end
    for start, end in product(
        "ash black bright brown dusk fern grey hazel light long moss quick silver soft straw white".split(),
        "back ear eye foot nose paw tail whisker".split(),
    )
]
RELATIONS = (
    "likes fears owns eats finds hides seeks sells wants draws guards brings knows hates trades keeps".split()
)
OBJECTS = (
    "acorns apples baskets bees bells berries birds books boots bread buttons cats cheese clocks coins "
    "corn cups dogs drums eggs feathers figs fish flowers foxes frogs hats hay honey jam keys kites "
    "lamps leaves letters lemons maps milk moons moths mugs nuts oats owls paint pearls pears peas pies "
    "plums ribbons rice rings ropes salt seeds shells snow soup spoons stars stones straw tea"
).split()
FACTS = 3  # told in a sentence
LENGTH = 2 + 2 * FACTS + 1  # tokens of a sentence, the full stop included


class RankedFacts(LanguageModel):
    """Sentences "first family (relation object)³ .", whose every probability is known.

    A mouse is a pair of names; the k-th most famous is spoken of with a probability proportional to
    k^-exponent. Which pair has which rank, and which object each mouse has by each relation, is drawn once,
    evenly. The three relations of a sentence are drawn evenly and independently; the objects follow.

    Args:
        exponent: of the ranks, 0 or more; above 1 a few mice are most of the text.
        n_names: of each kind; there are n_names² mice, and n_names² · n_relations facts.
        n_relations: how many.
        n_objects: how many.
        seed: of ranks and facts.

    Raises ValueError for a negative exponent, or more words than there are.
    """

    def __init__(
        self,
        exponent: float = 1.7,
        n_names: int = len(FIRST),
        n_relations: int = len(RELATIONS),
        n_objects: int = len(OBJECTS),
        seed: int = 0,
    ):
        if not exponent >= 0:
            raise ValueError(f"exponent={exponent} must be 0 or more")
        kinds = (("n_names", n_names, FIRST), ("n_relations", n_relations, RELATIONS))
        for name, n, words in (*kinds, ("n_objects", n_objects, OBJECTS)):
            if check_whole(n, name) > len(words):
                raise ValueError(f"{name}={n} is more than the {len(words)} words there are")
        self.exponent, self.n_names, self.n_relations, self.n_objects = (
            exponent,
            n_names,
            n_relations,
            n_objects,
        )
        words = [FIRST[:n_names], FAMILY[:n_names], RELATIONS[:n_relations], OBJECTS[:n_objects], ["."]]
        self.vocab = Vocabulary([word for kind in words for word in kind])
        self._begins = np.cumsum([0, *map(len, words)])  # ids at which each kind of word begins
        self.end = self.vocab_size - 1
        rng = np.random.default_rng(seed)
        weights = np.arange(1, n_names**2 + 1.0) ** -exponent
        self.rank_probs = weights / weights.sum()  # (n_names²,), the most famous first
        self.ranked = rng.permutation(n_names**2)  # the mouse at each rank: n_names · first + family
        self.pair_probs = np.empty(n_names**2)  # of each mouse
        self.pair_probs[self.ranked] = self.rank_probs
        self.facts = rng.integers(n_objects, size=(n_names**2, n_relations))  # the object of each

    @cached_property
    def ranks(self) -> np.ndarray:
        """How famous each mouse is, (n_names²,); the most famous has rank 1."""
        ranks = np.empty(len(self.ranked), dtype=int)
        ranks[self.ranked] = np.arange(1, len(ranks) + 1)
        return ranks

    @cached_property
    def _pairs(self) -> np.ndarray:
        return self.pair_probs.reshape(self.n_names, self.n_names)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Token ids (n, 9) of as many independent sentences."""
        edges = np.cumsum(self.rank_probs)
        ranks = np.searchsorted(edges, rng.random(n) * edges[-1], side="right")
        return self.sentences(self.ranked[ranks], rng.integers(self.n_relations, size=(n, FACTS)))

    def sentences(self, mice: np.ndarray, relations: np.ndarray) -> np.ndarray:
        """Token ids (n, 9) of sentences about mice (n,) by relations (n, 3)."""
        first, family, relation, thing, _ = self._begins[:5]
        ids = np.full((len(mice), LENGTH), self.end)
        ids[:, 0], ids[:, 1] = first + mice // self.n_names, family + mice % self.n_names
        ids[:, 2:-1:2] = relation + relations
        ids[:, 3:-1:2] = thing + self.facts[mice[:, None], relations]
        return ids

    def excess_by_heart(self, n_tokens: float) -> float:
        """Nats a token of who forgets nothing and knows all but the facts, after so many tokens.

        A fact is lost if it was told neither in what was read nor earlier in the same sentence.
        """
        others = 1 - 1 / self.n_relations
        told = 1 - others**FACTS  # that a sentence about the mouse tells a given fact
        unheard = self.rank_probs @ (1 - told * self.rank_probs) ** (n_tokens / LENGTH)
        new_here = sum(others**i for i in range(FACTS))
        return float(unheard * new_here * np.log(self.n_objects) / LENGTH)

    def mice(self, sentences: np.ndarray) -> np.ndarray:
        """The mouse (n,) that each sentence (n, 9) is about."""
        return (sentences[:, 0] - self._begins[0]) * self.n_names + sentences[:, 1] - self._begins[1]

    def sample(self, n: int, rng: np.random.Generator) -> list[list[int]]:
        """As many independent sentences, each a list of token ids with the full stop."""
        return self.draw(n, rng).tolist()

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """The true log-probabilities (B, V); all -inf after what this world never says."""
        rows = np.zeros((len(contexts), self.vocab_size))
        for row, context in zip(rows, contexts):
            ids = list(context)
            said = ids[len(ids) - ids[::-1].index(self.end) :] if self.end in ids else ids
            self._fill(row, said)
        return log(rows)

    def _fill(self, row: np.ndarray, said: list[int]) -> None:
        """Write the chances of what follows the beginning of a sentence; none, if no sentence begins so."""
        first, family, relation, thing, _ = self._begins[:5]
        if len(said) >= LENGTH:
            return
        for place, token in enumerate(said):  # each must be possible after those before it
            kind = place if place < 2 else 2 + place % 2
            if not self._begins[kind] <= token < self._begins[kind + 1]:
                return
        if not said:
            row[first:family] = self._pairs.sum(1)
            return
        if len(said) == 1:
            chances = self._pairs[said[0] - first]
            row[family:relation] = chances / chances.sum()
            return
        facts = self.facts[(said[0] - first) * self.n_names + said[1] - family]
        if any(facts[r - relation] != o - thing for r, o in zip(said[2::2], said[3::2])):
            return
        if len(said) == LENGTH - 1:
            row[self.end] = 1
        elif len(said) % 2:
            row[thing + facts[said[-1] - relation]] = 1
        else:
            row[relation:thing] = 1 / self.n_relations

    def sentence_log_probs(self, sentences: np.ndarray) -> np.ndarray:
        """Log-probabilities (n, 9) of each token of true sentences (n, 9), all in one step."""
        mice = self.mice(sentences)
        terms = np.zeros(sentences.shape)
        first = log(self._pairs.sum(1))[mice // self.n_names]
        terms[:, 0], terms[:, 1] = first, log(self.pair_probs)[mice] - first
        terms[:, 2:-1:2] = -np.log(self.n_relations)
        return terms

    def expected_length(self) -> float:
        """Tokens in a sentence: nine."""
        return float(LENGTH)

    def sentence_entropy(self) -> float:
        """Entropy of one sentence, in nats: of the mouse, and of three relations."""
        mouse = -float(self.rank_probs @ log(self.rank_probs))
        return mouse + FACTS * float(np.log(self.n_relations))

    def entropy_rate(self) -> float:
        """Nats per token, the least expected loss that any model can have."""
        return self.sentence_entropy() / LENGTH
