"""Small examinations for a model of English: capitals, sums, and verbs that obey a noun far away.

The capitals are a list of our own, the others are drawn by rule. Left out: whatever needs a judge.
"""

from __future__ import annotations

from math import perm
from typing import NamedTuple

import numpy as np

from lmcourse.model import check_whole


class Country(NamedTuple):
    """A country, its capital in English, and whether another of its cities is larger."""

    name: str
    capital: str
    another_is_larger: bool


def _listed(text: str) -> tuple[Country, ...]:
    """From `country:capital`, with `_` for a blank and `*` where another city is larger."""
    pairs = (item.replace("_", " ").split(":") for item in text.split())
    return tuple(Country(name, city.rstrip("*"), city.endswith("*")) for name, city in pairs)


FORTY = _listed(
    "France:Paris Japan:Tokyo Italy:Rome Egypt:Cairo Spain:Madrid Germany:Berlin Russia:Moscow Greece:Athens "
    "Norway:Oslo Peru:Lima Cuba:Havana Portugal:Lisbon Ireland:Dublin Poland:Warsaw Austria:Vienna "
    "Hungary:Budapest Sweden:Stockholm Finland:Helsinki Thailand:Bangkok Kenya:Nairobi Iraq:Baghdad "
    "Iran:Tehran Chile:Santiago Canada:Ottawa* Australia:Canberra* Turkey:Ankara* Vietnam:Hanoi* Ghana:Accra "
    "Senegal:Dakar Nepal:Kathmandu Mongolia:Ulaanbaatar Bulgaria:Sofia Romania:Bucharest Denmark:Copenhagen "
    "Belgium:Brussels Ukraine:Kyiv Brazil:Brasília* China:Beijing* Morocco:Rabat* Switzerland:Bern*"
)
FRESH = _listed(  # half of them of each kind
    "Nigeria:Abuja* Pakistan:Islamabad* New_Zealand:Wellington* Kazakhstan:Astana* Tanzania:Dodoma* "
    "Myanmar:Naypyidaw* Belize:Belmopan* the_United_States:Washington* the_Ivory_Coast:Yamoussoukro* "
    "the_United_Arab_Emirates:Abu_Dhabi* the_Gambia:Banjul* Benin:Porto-Novo* the_Netherlands:Amsterdam "
    "the_Czech_Republic:Prague Algeria:Algiers Argentina:Buenos_Aires Croatia:Zagreb Serbia:Belgrade "
    "Estonia:Tallinn Latvia:Riga Iceland:Reykjavik Jordan:Amman Lebanon:Beirut Ethiopia:Addis_Ababa"
)

LARGER = {  # cities larger than the capital; not all of them
    "Canada": "Toronto Montreal",
    "Australia": "Sydney Melbourne Brisbane Perth Adelaide",
    "Turkey": "Istanbul",
    "Vietnam": "Ho_Chi_Minh_City",
    "Brazil": "São_Paulo Rio_de_Janeiro",
    "China": "Shanghai",
    "Morocco": "Casablanca",
    "Switzerland": "Zurich Zürich Geneva Basel",
    "Nigeria": "Lagos Kano",
    "Pakistan": "Karachi Lahore Faisalabad",
    "New Zealand": "Auckland Christchurch",
    "Kazakhstan": "Almaty",
    "Tanzania": "Dar_es_Salaam Mwanza",
    "Myanmar": "Yangon Mandalay",
    "Belize": "Belize_City",
    "the United States": "New_York Los_Angeles Chicago Houston Philadelphia",
    "the Ivory Coast": "Abidjan Bouaké",
    "the United Arab Emirates": "Dubai",
    "the Gambia": "Serekunda Serrekunda Brikama",
    "Benin": "Cotonou",
}


def names_larger(country: Country, answer: str) -> bool:
    """Whether an answer begins with a city of the country that is larger than its capital.

    >>> names_larger(Country("Turkey", "Ankara", True), "Istanbul. The")
    True
    """
    cities = LARGER.get(country.name, "").split()
    return any(answer.startswith(city.replace("_", " ")) for city in cities)


def sums(digits: int, n: int, rng: np.random.Generator, examples: int = 3) -> list[tuple[str, str]]:
    """Prompts with a few sums worked out and one to do, and its answer, for numbers of so many digits.

    >>> sums(1, 1, np.random.default_rng(0), examples=1)
    [('8 + 6 = 14\\n5 + 3 =', '8')]
    """
    least = 1 if digits == 1 else 10 ** (digits - 1)
    shown, asked = (rng.integers(least, 10**digits, (size, 2)).tolist() for size in (examples, n))
    before = "".join(f"{a} + {b} = {a + b}\n" for a, b in shown)
    return [(f"{before}{a} + {b} =", str(a + b)) for a, b in asked]


ONE = ("mouse", "cat", "dog", "bird", "king", "teacher", "doctor", "farmer", "child", "girl")
MANY = ("mice", "cats", "dogs", "birds", "kings", "teachers", "doctors", "farmers", "children", "girls")
LINKS = ("near", "behind", "beside")


class Phrase(NamedTuple):
    """A noun phrase in two forms: its last noun in the number of the first, and in the other number."""

    same: str
    other: str
    plural: bool  # the first noun, which the verb after the phrase obeys


def phrases(nouns: int, n: int, rng: np.random.Generator) -> list[Phrase]:
    """n different noun phrases of so many nouns, such as *The mice near the king behind the doctors*.

    Of nouns d there are 2**(d - 1) * 10! / (10 - d)! * 3**(d - 1), for each form: 540 of two.

    Raises ValueError for fewer than two nouns or more than ten, and if there are not n such phrases.
    """
    if not 2 <= check_whole(nouns, "nouns") <= len(ONE):
        raise ValueError(f"nouns={nouns} must be 2 to {len(ONE)}, of which no two are the same")
    there_are = 2 ** (nouns - 1) * perm(len(ONE), nouns) * len(LINKS) ** (nouns - 1)
    if n > there_are:
        raise ValueError(f"n={n} must be at most {there_are}; there are no more phrases of {nouns} nouns")
    found: dict[str, Phrase] = {}
    while len(found) < n:
        many, order = rng.integers(2, size=nouns), rng.permutation(len(ONE))
        links = rng.choice(LINKS, nouns - 1)
        forms = []
        for last in (many[0], 1 - many[0]):
            numbers = [*many[:-1], last]
            words = [(ONE, MANY)[number][noun] for number, noun in zip(numbers, order)]
            rest = "".join(f" {link} the {word}" for link, word in zip(links, words[1:]))
            forms.append(f"The {words[0]}{rest}")
        found[forms[0]] = Phrase(*forms, bool(many[0]))
    return list(found.values())
