"""What a score of the real model depends on: the wording, the examples and their order, the judge, and luck.

*wording*   sixty remarks: in favour or not? asked in twelve ways, without an example; log-odds of the two
            labels for each, a label of several tokens taken whole
*order*     the same with four examples, in each of their 24 orders, about the other 56 remarks and about none
*examples*  the same with twelve other sets of four examples
*without*   verbs that obey a noun which is not the nearest, 400 different phrases drawn by rule: the model
            whole, or without one of its blocks
*judge*     the model compares pairs of answers, in both orders: right and wrong ones; the same with the
            letters exchanged, so that A is read second, and with "B or A?" for "A or B?"; short and long ones
            of one content; its own and ours
*capitals*  twenty countries, forty capitals to choose from, by each normalisation, and by PMI with a
            premise, too
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import permutations

import numpy as np
from torch import nn

from lmcourse.decoding import GREEDY, generate_batch
from lmcourse.evaluation.choices import NORMALISATIONS, Item, choose, odds, scores
from lmcourse.evaluation.judging import verdicts
from lmcourse.evaluation.questions import FORTY, Phrase, phrases
from lmcourse.evaluation.sets import judged, opinions
from lmcourse.experiments import run
from lmcourse.pretrained.chat import chat_ids
from lmcourse.pretrained.model import load
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer

START = "<|endoftext|>"
WORDINGS = (  # how a remark is put, and what stands for "in favour" and "against"
    ("Review: {}\nSentiment:", " positive", " negative"),
    ("Review: {}\nSentiment (positive or negative):", " positive", " negative"),
    ("{}\nThis review is", " positive", " negative"),
    ("Text: {} Label:", " positive", " negative"),
    ("Is this review positive or negative?\n{}\nAnswer:", " positive", " negative"),
    ("SENTIMENT ANALYSIS\nTEXT: {}\nSENTIMENT:", " POSITIVE", " NEGATIVE"),
    ("{} In short, it was", " good", " bad"),
    ("{}\nHow was it?", " Good", " Bad"),
    ("{}\nDoes the writer like it? Answer:", " Yes", " No"),
    ("{}\nIs the writer unhappy? Answer:", " No", " Yes"),
    ("{} It made me", " happy", " sad"),
    ("Review: {}\nStars (1 to 5): ", "5", "1"),
)
ORDERS = list(permutations(range(4)))
SHOWN = (8, 21, 34, 47)  # places of the examples whose order is changed: two in favour, two against
N_PHRASES = 400
PREMISE = "The capital is"  # before a capital that is scored alone
MORE = " This is something that most people learn when they are young."

SETTINGS = [{"what": "wording", "which": i} for i in range(len(WORDINGS))]
SETTINGS += [{"what": "judge", "which": name} for name in ("right", "letters", "named", "long", "own")]
SETTINGS += [{"what": "without", "which": i} for i in (-1, 0, 5, 14, 20, 26, 29)]  # -1: the model whole
SETTINGS += [{"what": "capitals", "which": 0}]
SETTINGS += [{"what": "order", "which": i} for i in range(len(ORDERS))]
SETTINGS += [{"what": "examples", "which": i} for i in range(12)]
AGAIN = {"what": "wording", "which": 6}


def rounded(numbers: np.ndarray) -> list[float]:
    """To four decimals, as they are written."""
    return np.round(numbers, 4).tolist()


def few_shot(model: TransformerModel, shown: list[int]) -> dict:
    """Log-odds of the remarks that are not shown, in the first wording, and of "N/A" in their place.

    Raises ValueError unless half of those that are shown are in favour: otherwise not only the order of the
    labels could pull at the answers but also their share, and what is asked would not be balanced either.
    """
    form, yes, no = WORDINGS[0]
    remarks = opinions()
    positive = sum(remarks[i].positive for i in shown)
    if 2 * positive != len(shown):
        raise ValueError(f"shown={shown}: {positive} of {len(shown)} are in favour; take half of each kind")
    before = "".join(f"{form.format(remarks[i].text)}{(no, yes)[remarks[i].positive]}\n\n" for i in shown)
    asked = [i for i in range(len(remarks)) if i not in shown]
    found = odds(model, [before + form.format(remarks[i].text) for i in asked], yes, no)
    empty = odds(model, [before + form.format("N/A")], yes, no)
    return {"shown": shown, "asked": asked, "odds": rounded(found), "empty": rounded(empty)[0]}


def wording(model: TransformerModel, which: int) -> dict:
    """Log-odds of all remarks, and of none: the same prompt with "N/A" in its place."""
    form, yes, no = WORDINGS[which]
    found = odds(model, [form.format(text) for text in (*(o.text for o in opinions()), "N/A")], yes, no)
    return {"odds": rounded(found[:-1]), "empty": rounded(found[-1:])[0]}


def without(network: Transformer, block: int) -> Transformer:
    """A copy that lacks one block and shares the others."""
    shorter = copy.copy(network)
    shorter._modules = dict(network._modules)
    shorter.blocks = nn.ModuleList(part for i, part in enumerate(network.blocks) if i != block)
    return shorter


def examined() -> list[Phrase]:
    """The phrases of three nouns that are asked, all different."""
    return phrases(3, N_PHRASES, np.random.default_rng(0))


def agreement(model: TransformerModel) -> np.ndarray:
    """Whether *are* is more probable than *is* just where the first noun is many, (400,).

    All are asked the same phrases, whose last noun is in the other number than the first.
    """
    asked = examined()
    found = odds(model, [phrase.other for phrase in asked], " are", " is")
    return (found > 0) == np.array([phrase.plural for phrase in asked])


def judge(model: TransformerModel, which: str) -> dict:
    """Log-odds of A against B, of each pair in both orders."""
    pairs = [(pair.question, pair.right, pair.wrong) for pair in judged()]
    found = {}
    if which == "long":
        pairs = [(question, right + MORE, right) for question, right, _ in pairs]
    elif which == "own":
        asked = [[{"role": "user", "content": question}] for question, _, _ in pairs]
        written = generate_batch(model, [chat_ids(model.vocab, one) for one in asked], 24, GREEDY)
        texts = (model.vocab.decode([i for i in ids if i != model.end]) for ids in written)
        found["own"] = [text.strip().split("\n")[0] for text in texts]
        pairs = [(question, own, right) for (question, right, _), own in zip(pairs, found["own"])]
    labels, named = (("B", "A") if which == exchanged else ("A", "B") for exchanged in ("letters", "named"))
    odds_of = verdicts(model, pairs, labels, named)
    return {**found, "one_is_a": rounded(odds_of.one_is_a), "other_is_a": rounded(odds_of.other_is_a)}


def capitals(model: TransformerModel) -> dict:
    """The choice among all capitals for each country, by each normalisation, as places in the list."""
    names = tuple(country.capital for country in FORTY)
    items = [Item(f"The capital of {one.name} is", names, 2 * i) for i, one in enumerate(FORTY[::2])]
    scored, premised = scores(model, items), scores(model, items, PREMISE)
    found = {name: choose(scored, name).tolist() for name in NORMALISATIONS}
    return {**found, "PMI, premise": choose(premised, "PMI").tolist()}


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """What is said of each item."""
    what, which = setting["what"], setting["which"]
    model = load(None if what == "judge" else START)
    if what == "wording":
        return wording(model, which)
    if what == "order":
        return few_shot(model, [SHOWN[i] for i in ORDERS[which]])
    if what == "examples":
        sides = [rng.permutation(np.arange(side, 60, 2))[:2] for side in (0, 1)]
        return few_shot(model, rng.permutation(np.concatenate(sides)).tolist())
    if what == "without":
        shorter = TransformerModel(without(model.module, which), model.vocab, model.start)
        return {"right": agreement(shorter).astype(int).tolist()}
    return judge(model, which) if what == "judge" else capitals(model)


if __name__ == "__main__":
    run("scores", SETTINGS, measure)
