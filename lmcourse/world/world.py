"""A world: a language model that is the truth, because we wrote it.

Its entropy is the best average loss any model can reach, so each model of the course is measured by its
distance from it. A world is made of a table of rules; those of the course are in `levels`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property, reduce

import numpy as np

from lmcourse.model import LanguageModel, Tokens, log
from lmcourse.reader import Reader, StateReader
from lmcourse.world.grammar import Arc, Automaton, Number

# The forward vector, normalised: P(state | everything said so far) for each possible state of the automaton.
Belief = dict[int, Number]
BEGINNING: Belief = {0: 1}


class World(LanguageModel):
    """A stream of independent sentences from a probabilistic grammar, with exact probabilities.

    A context is everything said since the last end token; what came before it does not matter.

    Args:
        rules: the grammar's table, see `lmcourse.world.parse_rules`.
        name: shown in tables and figures.

    Raises ValueError if the rules do not compile (see `lmcourse.world.Automaton`) or are ambiguous: the
    probabilities of sentences would still be right, their number and entropy would not.
    """

    def __init__(self, rules: Mapping[str, str], name: str = "world"):
        self.name = name
        self.rules = dict(rules)
        self.automaton = Automaton(rules)
        self.vocab = self.automaton.vocab
        self.end = self.automaton.end
        if not self.automaton.is_unambiguous():
            raise ValueError(
                f"the rules of {name} are ambiguous: they make some sentence in two ways; drop one of them"
            )

    def _step(self, belief: Belief, token: int, arcs: list[list[Arc]] | None = None) -> tuple[Number, Belief]:
        """Read one token: its probability, and the new belief; exact, if the arcs are.

        An end token leads to state 0 whatever came before; what was never possible leaves an empty belief.
        """
        after: Belief = {}
        for state, p in belief.items():
            for arc in (arcs or self.automaton.arcs)[state]:
                if arc.token == token:
                    after[arc.state] = after.get(arc.state, 0) + p * arc.probability
        total = sum(after.values())
        return total, {state: p / total for state, p in after.items()}

    def _after(self, belief: Belief, token: int) -> Belief:
        return self._step(belief, token)[1]

    def _next(self, belief: Belief) -> np.ndarray:
        """Log-probabilities (V,) of the next token under a belief."""
        row = np.zeros(self.vocab_size)
        for state, p in belief.items():
            for arc in self.automaton.arcs[state]:
                row[arc.token] += p * arc.probability
        return log(row)

    def next_log_probs(self, contexts: Sequence[Sequence[int]]) -> np.ndarray:
        """The true log-probabilities of the next token, (B, V); all -inf after what this world never says."""
        return self.reader(contexts).log_probs()

    def reader(self, contexts: Sequence[Sequence[int]] = ((),)) -> Reader:
        """A reader that keeps each row's belief, so that each token costs the same."""
        beliefs = [reduce(self._after, context, BEGINNING) for context in contexts]
        return StateReader(self.vocab_size, beliefs, self._next, self._after)

    @cached_property
    def _exact(self) -> Automaton:
        return Automaton(self.rules, number=Fraction)

    def exact_probs(self, context: Tokens = "") -> list[Fraction]:
        """Probabilities (V,) of the next token after one context, exactly as the rules write them.

        All are zero after what this world never says. Where a rule holds rounded decimals, of thirds for
        example, they are taken as they stand, and may sum to one only nearly.

        >>> from lmcourse.world import five_words
        >>> max(five_words().exact_probs("the"))
        Fraction(7, 10)
        """
        arcs, belief, row = self._exact.arcs, BEGINNING, [Fraction(0)] * self.vocab_size
        for token in self.ids(context):
            _, belief = self._step(belief, token, arcs)
        for state, p in belief.items():
            for arc in arcs[state]:
                row[arc.token] += p * arc.probability
        return row

    def token_log_probs(self, tokens: Tokens) -> np.ndarray:
        """As the interface says, but reading the text once, however many sentences it has."""
        ids = self.ids(tokens)
        probs = np.zeros(len(ids))
        belief = BEGINNING
        for i, token in enumerate(ids):
            probs[i], belief = self._step(belief, token)
        return log(probs)

    def sample(self, n: int, rng: np.random.Generator) -> list[list[int]]:
        """Draw `n` independent sentences, each a list of token ids with the end token."""
        arcs = self.automaton.arcs
        cumulative = [np.cumsum([arc.probability for arc in row]).tolist() for row in arcs]
        sentences = []
        for _ in range(n):
            sentence: list[int] = []
            state = 0
            while not sentence or sentence[-1] != self.end:
                # min() guards against a cumulative sum that rounding left just below one
                i = min(
                    int(np.searchsorted(cumulative[state], rng.random(), side="right")), len(arcs[state]) - 1
                )
                sentence.append(arcs[state][i].token)
                state = arcs[state][i].state
            sentences.append(sentence)
        return sentences

    def sentences(self, limit: int = 100_000) -> dict[str, float]:
        """Every sentence of the world with its probability, most probable first.

        Raises ValueError if there are more than `limit` of them.
        """
        count = self.automaton.count_sentences()
        if count > limit:
            raise ValueError(f"{self.name} has {count:,} sentences, over limit={limit:,}; sample it instead")
        listed = {self.vocab.decode(ids): p for ids, p in self.automaton.sentences()}
        return dict(sorted(listed.items(), key=lambda item: -item[1]))

    def sentence_entropy(self) -> float:
        """Entropy of one sentence, in nats."""
        return self.automaton.entropy()

    def expected_length(self) -> float:
        """Mean number of tokens in a sentence, end token included."""
        return self.automaton.expected_length()

    def entropy_rate(self) -> float:
        """Nats per token of the endless stream of sentences: H(sentence) / E[length].

        No model, however large, can have a smaller expected loss per token on this world.
        """
        return self.sentence_entropy() / self.expected_length()

    def kl_divergence(self, model: LanguageModel, limit: int = 100_000) -> float:
        """KL(world ‖ model) of one sentence, in nats: the model's mean surprise beyond the entropy; exact.

        The sum runs over every sentence, each read by the model from an empty context. It is infinite if the
        model excludes one of them. Raises ValueError if there are more than `limit` sentences.
        """
        listed = self.sentences(limit)
        said = model.token_log_probs_of(list(listed))
        terms = [p * (math.log(p) - float(row.sum())) for p, row in zip(listed.values(), said)]
        return max(0.0, math.fsum(terms))  # rounding may leave -1e-17 where the model is the world
