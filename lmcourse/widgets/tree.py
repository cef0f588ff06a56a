"""The sentence tree: walk through the sentences of a small language, or compare two ways of annealing."""

from __future__ import annotations

import traitlets

from lmcourse.decoding.annealing import Sentences, anneal_each_step, anneal_whole, enumerate_sentences
from lmcourse.model import LanguageModel
from lmcourse.widgets.base import HERE, TemperatureTrait, Widget, script
from lmcourse.world import five_words


class SentenceTree(Widget):
    """The tree of continuations of a small language: two ideas, of which the reader sees one at a time.

    "walk": probabilities multiply along a path. "anneal": at a temperature, the complete sentences have three
    probabilities: the model's own, annealed at each step, and annealed as a whole (see
    `lmcourse.decoding.annealing`). The reader first stands where there is a choice.

    Args:
        model: any language model with few sentences; by default the mouse world of five words.
        end: the token that closes a sentence, as text or id; by default `model.end`.
        temperature: from 0 over 1 (the model) to `math.inf`.
        max_sentences: how many sentences the tree may have.
        part: which idea is shown first, "walk" or "anneal".

    Raises:
        ValueError: if the language has more sentences, has no end token, or the temperature is out of range.
    """

    _esm = script("tree.js")
    _css = HERE / "tree.css"

    separator = traitlets.Unicode().tag(sync=True)
    # The tree: node 0 is the empty beginning, a parent comes before its children.
    parents = traitlets.List(traitlets.Int()).tag(sync=True)
    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    log_probs = traitlets.List(traitlets.Float()).tag(sync=True)  # of the node's token, given the path to it
    node = traitlets.Int(0).tag(sync=True)  # where the reader stands
    part = traitlets.Enum(["walk", "anneal"], "walk").tag(sync=True)
    temperature = TemperatureTrait()

    def __init__(
        self,
        model: LanguageModel | None = None,
        end: str | int | None = None,
        temperature: float = 1.0,
        max_sentences: int = 200,
        part: str = "walk",
    ):
        model = five_words() if model is None else model
        self._model, self._end = model, model.vocab.id(end) if isinstance(end, str) else end
        self._limit = max_sentences
        self._sentences = enumerate_sentences(model, self._end, max_sentences)
        prefixes = sorted({ids[:i] for ids in self._sentences for i in range(len(ids) + 1)})
        position = {prefix: i for i, prefix in enumerate(prefixes)}
        parents = [-1] + [position[prefix[:-1]] for prefix in prefixes[1:]]
        super().__init__(
            separator=model.vocab.separator,
            parents=parents,
            tokens=[""] + [model.vocab.tokens[prefix[-1]] for prefix in prefixes[1:]],
            log_probs=[0.0] + [float(model.next_log_probs([p[:-1]])[0, p[-1]]) for p in prefixes[1:]],
            temperature=temperature,
            node=first_choice(parents),
            part=part,
        )

    @traitlets.validate("node")
    def _check_node(self, proposal: dict) -> int:
        if not 0 <= proposal["value"] < len(self.parents):
            raise ValueError(f"node={proposal['value']} must lie between 0 and {len(self.parents) - 1}")
        return proposal["value"]

    @property
    def path(self) -> str:
        """The text said so far, where the reader stands."""
        said, node = [], self.node
        while node:
            said.append(self.tokens[node])
            node = self.parents[node]
        return self.separator.join(reversed(said))

    @property
    def sentences(self) -> Sentences:
        """Every sentence with the model's own probability, the most probable first."""
        return dict(self._sentences)

    @property
    def each_step(self) -> Sentences:
        """Probabilities of the sentences, annealed at each step at the present temperature."""
        return anneal_each_step(self._model, self.temperature, self._end, self._limit)

    @property
    def whole(self) -> Sentences:
        """Probabilities of the sentences, annealed as a whole at the present temperature."""
        return anneal_whole(self._sentences, self.temperature)


def first_choice(parents: list[int]) -> int:
    """The first node with more than one child on the way from the root; the last one, if there is none.

    >>> first_choice([-1, 0, 1, 1])  # one way to begin, two to go on
    1
    """
    node = 0
    while parents.count(node) == 1:
        node = parents.index(node)
    return node
