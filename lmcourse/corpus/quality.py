"""Which pages are worth reading? Rules that look at a page's form, and the likelihood under a trusted model.

Each rule names what is wrong with a text, or says nothing; the limits are those of the papers.

Sources: Raffel et al. (2020), section 2.2, for C4, as its journal version has it;
Rae et al. (2021), appendix A, for Gopher; for the
likelihood Wenzek et al. (2020), *CCNet*, who sort pages by their perplexity under a model of Wikipedia.
Left out: lists of bad words, language identification, and rules on how a page repeats itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from lmcourse.model import LanguageModel, Tokens

STOP_WORDS = frozenset("the be to of and that have with".split())
MARKS = (".", "!", "?", '"', "”", "'")  # that a line of C4 ends with


def c4_lines(text: str) -> list[str]:
    """The lines that C4 would keep: five words or more, a mark at the end, not asking for JavaScript.

    >>> c4_lines("Home | About\\nThe mouse ate the cheese.\\nPlease enable Javascript to see the mouse.")
    ['The mouse ate the cheese.']
    """
    lines = (line.strip() for line in text.splitlines())
    return [
        line
        for line in lines
        if len(line.split()) >= 5 and line.endswith(MARKS) and "javascript" not in line.lower()
    ]


def c4_complaint(text: str) -> str | None:
    """Why C4 would drop a page of which the lines that it keeps are left; None if it would not.

    Three sentences or more, no curly bracket, no "lorem ipsum".
    """
    kept = "\n".join(c4_lines(text))
    if "{" in text or "}" in text:
        return "curly bracket"
    if "lorem ipsum" in text.lower():
        return "lorem ipsum"
    n_sentences = len(re.findall(r"[.!?]+(?=\s|[\"'”]|$)", kept))
    return f"{n_sentences} sentences" if n_sentences < 3 else None


def gopher_complaint(text: str) -> str | None:
    """Why Gopher's rules would drop a page; None if they would not.

    50 to 100,000 words, of 3 to 10 letters in the mean; at most a tenth as many hash signs or ellipses as
    words; at most nine lines in ten with a bullet in front, three in ten with an ellipsis at the end; four
    words in five with a letter; two different stop words at least.
    """
    words, lines = text.split(), [line.strip() for line in text.splitlines() if line.strip()]
    if not 50 <= len(words) <= 100_000:
        return f"{len(words)} words"
    length = float(np.mean([len(word) for word in words]))
    if not 3 <= length <= 10:
        return f"words of {length:.1f} letters"
    shares = (
        ("symbols", (text.count("#") + len(re.findall(r"\.\.\.|…", text))) / len(words), 0.1),
        ("lines with bullets", np.mean([line.startswith(("•", "-", "*")) for line in lines]), 0.9),
        ("lines with ellipses", np.mean([line.endswith(("...", "…")) for line in lines]), 0.3),
        ("words without a letter", np.mean([not re.search(r"[^\W\d_]", word) for word in words]), 0.2),
    )
    for name, share, limit in shares:
        if share > limit:
            return f"{share:.0%} {name}"
    n_stop = len(STOP_WORDS & set(re.findall(r"[a-z]+", text.lower())))
    return f"{n_stop} stop words" if n_stop < 2 else None


def mean_log_probs(model: LanguageModel, texts: Sequence[Tokens]) -> np.ndarray:
    """Natural log-probability per token of each text, (n,), under a model of text that is trusted.

    Raises ValueError for a text without a token.
    """
    found = [model.token_log_probs(text) for text in texts]
    if not all(map(len, found)):
        raise ValueError(f"text {[len(x) for x in found].index(0)} has no token; leave it out")
    return np.array([each.mean() for each in found])


def keep_likely(scores: np.ndarray, share: float) -> np.ndarray:
    """The places of the best share of texts by their scores (n,), in the order of the texts.

    Raises ValueError for a share that is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share={share} must be above 0 and at most 1")
    n = max(1, round(share * len(scores)))
    return np.sort(np.argsort(-np.asarray(scores), kind="stable")[:n])
