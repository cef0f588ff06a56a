"""A hidden Markov model that cuts text without a dictionary, by labelling each character's place in its word.

B begins a word of several characters, M is inside it, E ends it, S is a word by itself. The labels follow
each other as a Markov chain, and each label has its own distribution over characters. Only the characters
are seen; Viterbi's algorithm finds the most probable labels, and the labels say where to cut. (Xue 2003
introduced the labelling; Rabiner 1989 is the classic on hidden Markov models.)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LABELS = "BMES"
FOLLOWERS = {"B": "ME", "M": "ME", "E": "BS", "S": "BS"}  # a word that began must end


def labels_of(words: Iterable[str]) -> str:
    """The labels of a text that is already cut. Raises ValueError for an empty word, which has no label.

    >>> labels_of(["南京市", "长江", "大桥"])
    'BMEBEBE'
    """
    words = list(words)
    if "" in words:
        raise ValueError(f"word {words.index('')} of {len(words)} is empty; leave it out")
    return "".join("S" if len(word) == 1 else "B" + "M" * (len(word) - 2) + "E" for word in words)


def words_of(text: str, labels: str) -> list[str]:
    """The words of a text, given its labels: a word ends after each E and each S.

    >>> words_of("南京市长江大桥", "BMEBEBE")
    ['南京市', '长江', '大桥']
    """
    found, start = [], 0
    for end, label in enumerate(labels, 1):
        if label in "ES":
            found.append(text[start:end])
            start = end
    return found + ([text[start:]] if start < len(text) else [])


def viterbi(
    observed: Sequence[str],
    log_start: Mapping[str, float],
    log_transition: Mapping[str, Mapping[str, float]],
    log_emission: Mapping[str, Mapping[str, float]],
    log_unseen: float,
    final: Iterable[str],
) -> tuple[list[str], float]:
    """The most probable states behind what is observed, and the log-probability of both together.

    Args:
        observed: L observations.
        log_start: of the first state; a state that is missing cannot begin.
        log_transition: of the next state given the present one; what is missing is impossible.
        log_emission: of an observation given the state.
        log_unseen: of an observation that a state has never shown.
        final: the states that may come last.

    Raises ValueError if nothing is observed, or if no row of states is possible.
    """
    if not observed:
        raise ValueError("nothing is observed, so there are no states behind it")
    best = {s: log + log_emission[s].get(observed[0], log_unseen) for s, log in log_start.items()}
    back: list[dict[str, str]] = []  # for each later observation: state -> the best state before it
    for symbol in observed[1:]:
        before, best, came = best, {}, {}
        for state, emission in log_emission.items():
            ways = [
                (log + log_transition[b][state], b) for b, log in before.items() if state in log_transition[b]
            ]
            if ways:
                log, came[state] = max(ways, key=lambda way: way[0])
                best[state] = log + emission.get(symbol, log_unseen)
        back.append(came)
    ends = [state for state in final if best.get(state, -math.inf) > -math.inf]
    if not ends:
        raise ValueError(f"no row of {len(observed)} states is possible that ends in one of {list(final)}")
    state = max(ends, key=best.__getitem__)
    log, path = best[state], [state]
    for came in reversed(back):
        path.append(came[path[-1]])
    return path[::-1], log


@dataclass(frozen=True)
class HMM:
    """Log-probabilities of labels and characters; `cut` segments a text.

    Attributes:
        log_start: of the first label, B or S.
        log_transition: of the next label given the present one.
        log_emission: of a character given the label.
        log_unseen: of a character that a label has never shown; the same for all, so that a character which
            none has shown votes for none.
    """

    log_start: Mapping[str, float]
    log_transition: Mapping[str, Mapping[str, float]]
    log_emission: Mapping[str, Mapping[str, float]]
    log_unseen: float = -30.0

    @classmethod
    def fit(cls, sentences: Iterable[Sequence[str]]) -> HMM:
        """Count labels and characters in sentences that people have cut; each count grows by one half,
        so that nothing which the labels allow is impossible.
        """
        starts, moves, shown = Counter(), Counter(), Counter()
        for words in sentences:
            labels = labels_of(words)
            starts[labels[:1]] += 1
            moves.update(zip(labels, labels[1:]))
            shown.update(zip(labels, "".join(words)))
        characters = {character for _, character in shown}
        totals = {label: sum(shown[label, c] for c in characters) for label in LABELS}
        size = {label: totals[label] + 0.5 * (len(characters) + 1) for label in LABELS}
        starting = sum(starts[label] + 0.5 for label in "BS")
        return cls(
            {label: math.log((starts[label] + 0.5) / starting) for label in "BS"},
            {
                label: {
                    after: math.log((moves[label, after] + 0.5) / sum(moves[label, a] + 0.5 for a in allowed))
                    for after in allowed
                }
                for label, allowed in FOLLOWERS.items()
            },
            {
                label: {c: math.log((shown[label, c] + 0.5) / size[label]) for c in characters}
                for label in LABELS
            },
            math.log(0.5 / max(size.values())),
        )

    def labels(self, text: str) -> str:
        """The most probable labels of a text, one for each character."""
        if not text:
            return ""
        path, _ = viterbi(
            text, self.log_start, self.log_transition, self.log_emission, self.log_unseen, final="ES"
        )
        return "".join(path)

    def cut(self, text: str) -> list[str]:
        """The words of a text, by its most probable labels."""
        return words_of(text, self.labels(text))
