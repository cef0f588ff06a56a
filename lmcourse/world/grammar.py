"""Probabilistic grammars with bounded recursion, compiled to weighted finite automata.

A grammar is a table of rules. Because its recursion is bounded, only finitely many "what is still to be said"
remainders can occur while a sentence is read from left to right; those remainders are the states of an
automaton whose arcs carry a token and a probability. Everything exact about the language follows from the
automaton by sums and small linear systems. Left out: nesting without a bound (it has no finite automaton)
and empty right-hand sides.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lmcourse.vocabulary import Vocabulary

START = "S"
Number = float | Fraction
Rules = dict[str, list[tuple[Number, tuple[str, ...]]]]


class Arc(NamedTuple):
    """One step of the automaton: say `token` with `probability`, then be in `state` (0 = a new sentence)."""

    token: int
    probability: Number
    state: int


def parse_rules(table: Mapping[str, str], number: Callable[[str], Number] = float) -> Rules:
    """Read a table such as `{"S": "0.9 the N ate . | 0.1 the N slept .", "N": "0.5 cat | 0.5 mouse"}`.

    Each alternative is a probability and the symbols it stands for; a symbol with a row of its own is
    expanded further, any other is a token. `number` reads a probability: `Fraction` takes it exactly as it is
    written. Raises ValueError naming the row where the probabilities do not sum to one or are no numbers.
    """
    rules: Rules = {}
    for symbol, row in table.items():
        alternatives = []
        for alternative in row.split("|"):
            weight, *symbols = alternative.split() or [""]
            try:
                probability = number(weight)
            except ValueError:
                raise ValueError(
                    f"rule {symbol!r}: {alternative.strip()!r} must begin with its probability"
                ) from None
            if not symbols or not probability > 0:
                raise ValueError(
                    f"rule {symbol!r}: {alternative.strip()!r} needs a positive probability and symbols"
                )
            alternatives.append((probability, tuple(symbols)))
        total = sum(p for p, _ in alternatives)
        if abs(total - 1) > 1e-9:
            raise ValueError(
                f"rule {symbol!r}: the probabilities of its alternatives sum to {float(total):.12g}, not 1"
            )
        rules[symbol] = alternatives
    return rules


class Automaton:
    """A weighted finite automaton for one sentence after another.

    State 0 is the start of a sentence; an arc with the end token leads back to it. `arcs[state]` lists the
    ways on, `remainders[state]` the symbols that are still to be said there, which may serve as its name.

    Args:
        table: the rules, as `parse_rules` reads them; `"S"` is the start symbol.
        end: the token that closes every sentence and occurs nowhere else.
        max_states: the limit at which nesting without a bound is reported.
        number: reads the probabilities; with `Fraction` they, and their products, stay exact.

    Raises ValueError, saying which rule is at fault, where `parse_rules` does, and if the start symbol or
    the end token is missing, the end token stands inside a sentence, a sentence cannot end, a rule begins
    with itself, nesting has no bound, or one state leads to another by the same token in two ways
    (`is_unambiguous` looks further than one step).
    """

    def __init__(
        self,
        table: Mapping[str, str],
        end: str = ".",
        max_states: int = 5_000,
        number: Callable[[str], Number] = float,
    ):
        rules = parse_rules(table, number)
        if START not in rules:
            raise ValueError(
                f"the grammar has no rule for its start symbol {START!r}; it has {', '.join(rules)}"
            )
        tokens = {s for row in rules.values() for _, symbols in row for s in symbols if s not in rules}
        if end not in tokens:
            raise ValueError(f"no rule produces the end token {end!r}")
        self.vocab = Vocabulary([*sorted(tokens - {end}), end])
        self.end = self.vocab.id(end)
        self.arcs, self.remainders = self._compile(rules, max_states, one=number("1"))

    def _compile(
        self, rules: Rules, max_states: int, one: Number
    ) -> tuple[list[list[Arc]], list[tuple[str, ...]]]:
        """Explore all remainders (tuples of symbols still to be said), breadth first."""
        states = {(START,): 0}
        queue = [(START,)]
        arcs: list[list[Arc]] = []
        while len(arcs) < len(queue):
            remainder = queue[len(arcs)]
            row: dict[tuple[int, int], Arc] = {}
            for token, probability, rest in _first_tokens(remainder, rules):
                token_id = self.vocab.id(token)
                if (token_id == self.end) != (not rest):
                    followed = repr(" ".join(rest)) if rest else "nothing"
                    raise ValueError(
                        f"the end token must close every sentence and stand nowhere else, "
                        f"but {token!r} is followed by {followed}"
                    )
                rest = rest or (START,)
                if rest not in states:
                    states[rest] = len(queue)
                    queue.append(rest)
                    if len(queue) > max_states:
                        raise ValueError(
                            f"over {max_states} states: does a rule nest inside itself without a bound? "
                            f"Still to be said at one point: {' '.join(remainder[:8])} …"
                        )
                arc = Arc(token_id, one * probability, states[rest])
                if (arc.token, arc.state) in row:
                    raise ValueError(
                        f"ambiguous grammar: {' '.join(remainder)!r} yields {token!r} in two ways"
                    )
                row[arc.token, arc.state] = arc
            arcs.append(list(row.values()))
        self._require_ends(arcs, queue)
        return arcs, queue

    def _require_ends(self, arcs: list[list[Arc]], remainders: list[tuple[str, ...]]) -> None:
        """ValueError, naming what has no end, unless the end token can be reached from every state."""
        can_end: set[int] = set()
        found = -1
        while found != len(can_end):  # until a pass finds no more; most are found in the first, from the back
            found = len(can_end)
            for state in reversed(range(len(arcs))):
                if any(arc.token == self.end or arc.state in can_end for arc in arcs[state]):
                    can_end.add(state)
        for state, remainder in enumerate(remainders):
            if state not in can_end:
                raise ValueError(f"what {' '.join(remainder)!r} begins never reaches the end token")

    def is_unambiguous(self) -> bool:
        """Whether every sentence has exactly one path (so that paths and sentences may be counted alike).

        Two different paths with the same tokens would show as a pair of different states, reached together
        from (0, 0) on equal tokens, from which both can return to 0 on equal tokens.
        """
        pairs, frontier = {(0, 0)}, [(0, 0)]
        before: dict[tuple[int, int], set[tuple[int, int]]] = {}
        while frontier:
            a, b = frontier.pop()
            for arc_a in self.arcs[a]:
                for arc_b in self.arcs[b]:
                    if arc_a.token == arc_b.token:
                        pair = (arc_a.state, arc_b.state)
                        before.setdefault(pair, set()).add((a, b))
                        if pair not in pairs:
                            pairs.add(pair)
                            frontier.append(pair)
        reaches_end, frontier = set(), [(0, 0)]
        while frontier:
            for pair in before.get(frontier.pop(), ()):
                if pair not in reaches_end:
                    reaches_end.add(pair)
                    frontier.append(pair)
        return all(a == b for a, b in reaches_end)

    def _solve(self, per_state: np.ndarray) -> float:
        """Expected sum of `per_state` (S,) over the states that one sentence visits.

        It solves x = per_state + P x, at state 0. P holds the arcs inside a sentence, not the closing ones.
        """
        inside = np.zeros((len(self.arcs), len(self.arcs)))
        for state, row in enumerate(self.arcs):
            for arc in row:
                if arc.token != self.end:
                    inside[state, arc.state] += arc.probability
        return float(np.linalg.solve(np.eye(len(self.arcs)) - inside, per_state)[0])

    def expected_length(self) -> float:
        """Mean number of tokens in a sentence, end token included."""
        return self._solve(np.ones(len(self.arcs)))

    def entropy(self) -> float:
        """Entropy of one sentence in nats: its choices' entropies, added up over the states it visits.

        This is the entropy of the path; it is that of the sentence where the automaton is
        unambiguous.
        """
        return self._solve(
            np.array([-sum(a.probability * np.log(a.probability) for a in row) for row in self.arcs])
        )

    def count_sentences(self) -> float:
        """The number of different sentences (of an unambiguous automaton): an exact int, or `math.inf`."""
        inside = [[arc.state for arc in row if arc.token != self.end] for row in self.arcs]
        missing = Counter(state for states in inside for state in states)  # arcs to it not yet followed
        ways = [1] + [0] * (len(self.arcs) - 1)  # ways to begin a sentence that lead to each state
        sentences, ready = 0, [0] if not missing[0] else []
        for state in ready:  # it grows: a state is ready when all that lead to it have had their turn
            sentences += ways[state] * (len(self.arcs[state]) - len(inside[state]))
            for after in inside[state]:
                ways[after] += ways[state]
                missing[after] -= 1
                if not missing[after]:
                    ready.append(after)
        return sentences if len(ready) == len(self.arcs) else math.inf  # the others lie on circles, or behind

    def sentences(self) -> Iterator[tuple[tuple[int, ...], float]]:
        """Each sentence as (token ids with the end token, probability), depth first; perhaps without end."""
        stack: list[tuple[tuple[int, ...], float, int]] = [((), 1.0, 0)]
        while stack:
            said, probability, state = stack.pop()
            for arc in reversed(self.arcs[state]):
                longer, p = (*said, arc.token), probability * arc.probability
                if arc.token == self.end:
                    yield longer, p
                else:
                    stack.append((longer, p, arc.state))


def _first_tokens(
    remainder: tuple[str, ...], rules: Rules, pending: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Number, tuple[str, ...]]]:
    """Each (token, probability, what remains) with which `remainder` can begin: its first symbol expanded."""
    first, *rest = remainder
    if first not in rules:
        yield first, 1, tuple(rest)
        return
    if first in pending:
        raise ValueError(
            f"rule {first!r} begins with itself (left recursion), so no first token is ever reached"
        )
    for probability, symbols in rules[first]:
        # Only the first symbol is being expanded on its way to a token: `pending` guards exactly that chain.
        for token, p, after in _first_tokens(symbols, rules, pending | {first}):
            yield token, probability * p, after + tuple(rest)
