"""The levels of the mouse world, each a readable table of rules.

Five words; agreement across a distance; knowledge of who eats, chases and likes what.
"""

from __future__ import annotations

from collections.abc import Mapping

from lmcourse.model import check_whole
from lmcourse.world.world import World


def _choice(weights: Mapping[str, float]) -> str:
    """One row of a rule table: the alternatives of `weights`, which are normalised."""
    total = sum(weights.values())
    return " | ".join(f"{float(weight / total)!r} {symbols}" for symbols, weight in weights.items())


def five_words() -> World:
    """Level 1: twelve sentences over {ate, ball, cheese, mouse, the}, few enough to list on a page.

    The words are those of the opening example of CS324 (Stanford 2022); rules and probabilities are our own.
    """
    return World(
        {
            "S": "0.70 the mouse ate MEAL_OF_MOUSE | 0.20 the cheese ate MEAL_OF_CHEESE"
            " | 0.10 the ball ate MEAL_OF_BALL",
            "MEAL_OF_MOUSE": "0.20 . | 0.65 the cheese . | 0.10 the ball . | 0.05 the mouse .",
            "MEAL_OF_CHEESE": "0.30 . | 0.10 the cheese . | 0.20 the ball . | 0.40 the mouse .",
            "MEAL_OF_BALL": "0.60 . | 0.15 the cheese . | 0.05 the ball . | 0.20 the mouse .",
        },
        name="five words",
    )


_NOUNS = {"sg": ["mouse", "cat", "dog", "bird"], "pl": ["mice", "cats", "dogs", "birds"]}
_SLEEP = {"sg": ["sleeps", "runs", "hides"], "pl": ["sleep", "run", "hide"]}
_CHASE = {"sg": ["chases", "sees"], "pl": ["chase", "see"]}


def agreement(depth: int = 2, nesting: float = 0.4) -> World:
    """Level 2: subject and verb agree in number across phrases nested up to `depth` deep.

    *the mice that the cat near the dogs chases sleep* : the last verb obeys a noun eight words back.

    Args:
        depth: how deep noun phrases may nest; 0 puts subject and verb side by side.
        nesting: probability that a noun phrase, where it may, takes a phrase of its own.
    """
    depth = check_whole(depth, "depth", least=0)
    if not 0 < nesting < 1:
        raise ValueError(f"nesting={nesting} must lie strictly between 0 and 1")
    nesting = float(nesting)  # its digits go into the table of rules
    rules = {"S": f"0.5 NP_sg:{depth} V_sg . | 0.5 NP_pl:{depth} V_pl ."}
    for number in ("sg", "pl"):
        # Zipf's law in small: the r-th noun or verb has weight 1/r
        rules[f"N_{number}"] = _choice({noun: 1 / r for r, noun in enumerate(_NOUNS[number], 1)})
        rules[f"V_{number}"] = _choice({verb: 1 / r for r, verb in enumerate(_SLEEP[number], 1)})
        rules[f"T_{number}"] = _choice({verb: 1 / r for r, verb in enumerate(_CHASE[number], 1)})
        for d in range(depth + 1):
            plain = f"the N_{number}"
            rules[f"NP_{number}:{d}"] = (
                f"{1 - nesting!r} {plain} | {nesting!r} {plain} MORE:{d}" if d else f"1 {plain}"
            )
    for d in range(1, depth + 1):
        inner_sg, inner_pl = f"NP_sg:{d - 1}", f"NP_pl:{d - 1}"
        rules[f"MORE:{d}"] = (
            f"0.25 near {inner_sg} | 0.25 near {inner_pl} "
            f"| 0.25 that {inner_sg} T_sg | 0.25 that {inner_pl} T_pl"
        )
    return World(rules, name=f"agreement, depth {depth}")


# Who eats, chases and likes what, the favourite first. The house is much talked about, the forest little.
_HOUSE = {
    "mouse": ("cheese bread corn", "ball beetle", "cheese straw"),
    "cat": ("fish mouse milk", "mouse bird ball", "milk pillow"),
    "dog": ("bone meat bread", "cat ball postman", "postman bone"),
    "child": ("bread apple cheese", "ball dog", "dog ball"),
    "bird": ("corn worm apple", "beetle worm", "tree corn"),
    "horse": ("hay apple corn", "dog fox", "child hay"),
    "goat": ("hay straw leaf", "child postman", "apple leaf"),
    "postman": ("bread fish apple", "hat", "letter cat"),
}
_FOREST = {
    "fox": ("hare bird berry", "hare goat", "moon berry"),
    "owl": ("vole beetle hare", "vole bat", "moon tree"),
    "bear": ("honey berry fish", "wolf bee", "honey river"),
    "wolf": ("hare goat meat", "goat hare", "moon wolf"),
    "vole": ("leaf berry seed", "beetle", "straw leaf"),
    "bee": ("honey", "bear bat", "flower honey"),
    "squirrel": ("nut seed berry", "squirrel bird", "nut tree"),
    "otter": ("fish frog", "fish frog", "river stone"),
}
_VERBS = {"eats": 0.5, "chases": 0.3, "likes": 0.2}


def knowledge(forest_share: float = 0.1, surprise: float = 0.02) -> World:
    """Level 3: every sentence is grammatical, but only some are what happens: grammar alone is not enough.

    Subjects of each group are drawn with Zipf weights 1, 1/2, 1/3 …; so are the things a subject eats,
    chases or likes, favourite first.

    Args:
        forest_share: share of sentences about forest animals; the house gets the rest. As many facts, less
            data.
        surprise: probability that the object is drawn evenly from all nouns, so that nothing is quite
            impossible.
    """
    for value, what in ((forest_share, "forest_share"), (surprise, "surprise")):
        if not 0 < value < 1:
            raise ValueError(f"{what}={value} must lie strictly between 0 and 1")
    facts = {**_HOUSE, **_FOREST}
    objects = sorted({thing for row in facts.values() for cell in row for thing in cell.split()} | set(facts))
    subjects: dict[str, float] = {}
    rules: dict[str, str] = {}
    for group, share in ((_HOUSE, 1 - forest_share), (_FOREST, forest_share)):
        zipf = sum(1 / r for r in range(1, len(group) + 1))
        for rank, (animal, cells) in enumerate(group.items(), 1):
            subjects[f"the {animal} DOES:{animal}"] = share / rank / zipf
            rules[f"DOES:{animal}"] = _choice(
                {f"{verb} the OBJECT:{animal}:{verb} .": p for verb, p in _VERBS.items()}
            )
            for verb, cell in zip(_VERBS, cells):
                favourites = cell.split()
                total = sum(1 / r for r in range(1, len(favourites) + 1))
                weights = dict.fromkeys(objects, surprise / len(objects))
                for r, thing in enumerate(favourites, 1):
                    weights[thing] += (1 - surprise) / r / total
                rules[f"OBJECT:{animal}:{verb}"] = _choice(weights)
    return World({"S": _choice(subjects), **rules}, name="knowledge")
