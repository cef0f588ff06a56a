"""The entropy explorer: two distributions whose bars can be dragged, and what each measure makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets

from lmcourse.information.huffman import huffman, mean_length
from lmcourse.information.measures import cross_entropy, entropy, kl_divergence
from lmcourse.model import check_distribution
from lmcourse.widgets.base import HERE, Widget, script

MOST = 12  # outcomes, so that all bars are in view at once


class EntropyExplorer(Widget):
    """Two distributions over the same outcomes; drag a bar, and the others give way (`give_way`).

    Beside each bar stands its surprisal, which is the ideal length of a code word, and the word of Huffman's
    code; beneath, on one scale of bits, that H(p) + KL(p ‖ q) = H(p, q), and the same for q.

    Args:
        p: what is true; 2 to 12 probabilities.
        q: what is believed; None: that all outcomes are equally likely.
        outcomes: a name for each; None: A, B, C, …

    Raises:
        ValueError: if p or q is no distribution, or the numbers of outcomes differ or are out of range.

    >>> explorer = EntropyExplorer([1 / 2, 1 / 4, 1 / 8, 1 / 8])
    >>> {name: round(explorer.measures[name], 6) for name in ["H(p)", "H(p, q)", "KL(p ‖ q)"]}
    {'H(p)': 1.75, 'H(p, q)': 2.0, 'KL(p ‖ q)': 0.25}
    """

    _esm = script("entropy.js")
    _css = HERE / "entropy.css"

    outcomes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    p = traitlets.List(traitlets.Float()).tag(sync=True)
    q = traitlets.List(traitlets.Float()).tag(sync=True)
    start = traitlets.List().tag(sync=True)  # [p, q] as they were given, for "Reset"

    def __init__(
        self,
        p: Sequence[float],
        q: Sequence[float] | None = None,
        outcomes: Sequence[str] | None = None,
    ):
        p = _checked(p, "p")
        q = _checked(uniform(len(p)) if q is None else q, "q")
        names = [chr(ord("A") + i) for i in range(len(p))] if outcomes is None else list(outcomes)
        for what, found in [("q", q), ("outcomes", names)]:
            if len(found) != len(p):
                raise ValueError(f"p speaks of {len(p)} outcomes and {what} of {len(found)}; make them equal")
        if len(set(names)) < len(names) or not all(isinstance(name, str) and name.strip() for name in names):
            raise ValueError(f"outcomes={names!r} must be different names, none of them empty")
        super().__init__(outcomes=names, p=p, q=q, start=[p, q])

    @traitlets.validate("p", "q")
    def _check(self, proposal: dict) -> list[float]:
        name, values = proposal["trait"].name, _checked(proposal["value"], proposal["trait"].name)
        if self.outcomes and len(values) != len(self.outcomes):
            raise ValueError(f"{name} needs {len(self.outcomes)} probabilities, got {len(values)}")
        return values

    def as_rows(self) -> list[tuple]:
        """Each outcome, with its probability in either distribution."""
        return [("outcome", "p", "q"), *zip(self.outcomes, self.p, self.q)]

    @property
    def words_p(self) -> dict[str, str]:
        """Huffman's code for p."""
        return huffman(dict(zip(self.outcomes, self.p)))

    @property
    def words_q(self) -> dict[str, str]:
        """Huffman's code for q."""
        return huffman(dict(zip(self.outcomes, self.q)))

    @property
    def measures(self) -> dict[str, float]:
        """Everything that the page shows of the two distributions, in bits, and two perplexities."""
        p, q = self.p, self.q
        truth = dict(zip(self.outcomes, p))
        return {
            "H(p)": entropy(p),
            "H(q)": entropy(q),
            "H(p, q)": cross_entropy(p, q),
            "H(q, p)": cross_entropy(q, p),
            "KL(p ‖ q)": kl_divergence(p, q),
            "KL(q ‖ p)": kl_divergence(q, p),
            "words of p": mean_length(self.words_p, truth),
            "words of q": mean_length(self.words_q, truth),
            "perplexity of p": 2 ** entropy(p),
            "perplexity of q on p": 2 ** cross_entropy(p, q),
        }


def _checked(probs: Sequence[float], name: str) -> list[float]:
    """A distribution that sums to one as nearly as floats can, as a list."""
    values = check_distribution(probs, f"the probabilities {name}")
    if not 2 <= len(values) <= MOST:
        raise ValueError(f"{name} has {len(values)} outcomes; the explorer shows 2 to {MOST}")
    # what sums to one already stays as it is: the page must not get back another value than it sent
    return (values if abs(values.sum() - 1) < 1e-12 else values / values.sum()).tolist()


# ---------- what the handles and buttons of the page do ----------


def give_way(probs: Sequence[float], index: int, value: float) -> list[float]:
    """The distribution after one probability was set: the others keep their proportions and take the rest.

    What is zero stays zero, unless all others are: then they share the rest equally.

    >>> give_way([0.5, 0.25, 0.25], 0, 0.75)
    [0.75, 0.125, 0.125]
    >>> give_way([1, 0, 0], 0, 0.5)
    [0.5, 0.25, 0.25]
    """
    if not 0 <= value <= 1:
        raise ValueError(f"value={value} must be a probability, from 0 to 1")
    others = sum(p for i, p in enumerate(probs) if i != index)
    rest = max(0.0, 1 - value)
    shares = [p / others if others > 0 else 1 / (len(probs) - 1) for p in probs]
    return [value if i == index else rest * share for i, share in enumerate(shares)]


def uniform(size: int) -> list[float]:
    """Every outcome equally likely."""
    return [1 / size] * size


def certain(probs: Sequence[float]) -> list[float]:
    """The most probable outcome has become certain; of equals, the first."""
    top = int(np.argmax(probs))
    return [float(i == top) for i in range(len(probs))]


def two_peaks(size: int) -> list[float]:
    """Two peaks at a quarter and three quarters of the way; each step away from the nearer divides by four.

    >>> two_peaks(4)
    [0.4, 0.1, 0.1, 0.4]
    """
    left = (size - 1) // 4
    weights = [4.0 ** -min(abs(i - left), abs(i - (size - 1 - left))) for i in range(size)]
    return [w / sum(weights) for w in weights]
