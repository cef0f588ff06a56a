"""The examinations: what the rules draw is what they say."""

import re
from importlib.resources import files

import numpy as np
import pytest

from lmcourse.evaluation.questions import FORTY, FRESH, LARGER, MANY, ONE, names_larger, phrases, sums


def test_the_lists_of_capitals_have_no_country_twice():
    names = [country.name for country in FORTY + FRESH]
    assert len(FORTY) == 40
    assert len(FRESH) == 24
    assert len(set(names)) == 64
    assert sum(country.another_is_larger for country in FRESH) == 12
    assert FRESH[2] == ("New Zealand", "Wellington", True)
    assert not any(set("_*:") & set(name + capital) for name, capital, _ in FORTY + FRESH)


def test_a_larger_city_is_known_where_there_is_one():
    for country in FORTY + FRESH:
        assert (country.name in LARGER) == country.another_is_larger, country
        assert not names_larger(country, country.capital)
    by_name = {country.name: country for country in FRESH}
    assert names_larger(by_name["the United States"], "New York City. The")
    assert not names_larger(by_name["Belize"], "Belize. The capital of")  # not its Belize City
    assert not names_larger(by_name["Jordan"], "Ammara")


OTHER_NAMES = {"Turkey": "TR", "Myanmar": "MM", "the Ivory Coast": "CI", "the Czech Republic": "CZ"}
NAMED_BY_CAPITAL = {"the Gambia", "Benin"}  # though Serekunda and Cotonou are larger


def test_the_capitals_agree_with_the_database_of_time_zones():
    """It names a zone by the most populous city in it: so by the capital, where no other city is larger."""
    territories = pytest.importorskip("babel").Locale("en").territories
    pytest.importorskip("tzdata")
    codes = {name: code for code, name in territories.items()} | OTHER_NAMES
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    zones = [line.split("\t") for line in lines if not line.startswith("#")]
    cities = {(code, zone.split("/")[-1].replace("_", " ")) for code, _, zone, *_ in zones}
    for country in FORTY + FRESH:
        code = codes.get(country.name) or codes[country.name.removeprefix("the ")]
        names_one = not country.another_is_larger or country.name in NAMED_BY_CAPITAL
        assert ((code, country.capital) in cities) == names_one, country


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_sums_are_right_and_of_so_many_digits(digits):
    for prompt, answer in sums(digits, 50, np.random.default_rng(0)):
        *shown, asked = prompt.split("\n")
        for line in [*shown, f"{asked} {answer}"]:
            a, b, c = map(int, re.fullmatch(r"(\d+) \+ (\d+) = (\d+)", line).groups())
            assert a + b == c
            assert len(str(a)) == len(str(b)) == digits
        assert len(shown) == 3


@pytest.mark.parametrize("nouns", [2, 4])
def test_phrases_differ_in_the_last_noun_only(nouns):
    found = phrases(nouns, 60, np.random.default_rng(0))
    for phrase in found:
        same, other = phrase.same.split(), phrase.other.split()
        assert len(same) == 3 * nouns - 1  # The mouse, near the cat
        assert same[:-1] == other[:-1]
        assert (same[1] in MANY) == phrase.plural == (same[-1] in MANY) == (other[-1] in ONE)
        heads = [ONE[MANY.index(word)] if word in MANY else word for word in same[1::3]]
        assert len(set(heads)) == nouns
    assert 15 < sum(phrase.plural for phrase in found) < 45


def test_phrases_are_all_different_up_to_the_last():
    """Of two nouns: 2 numbers of the first, 10 * 9 nouns, 3 links, 540 in all."""
    found = phrases(2, 540, np.random.default_rng(0))
    assert len({phrase.same for phrase in found}) == len({phrase.other for phrase in found}) == 540
    # and asking for fewer is asking for the first of them
    assert phrases(2, 100, np.random.default_rng(0)) == found[:100]


@pytest.mark.parametrize(
    ("nouns", "n", "said"), [(2, 541, "at most 540"), (1, 5, "nouns=1"), (11, 5, "nouns=11")]
)
def test_phrases_that_there_are_not_are_refused(nouns, n, said):
    with pytest.raises(ValueError, match=said):
        phrases(nouns, n, np.random.default_rng(0))
