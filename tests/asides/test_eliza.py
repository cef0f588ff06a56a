"""The rule program: what it catches, what it turns round, and what it says when no rule fits."""

from __future__ import annotations

import doctest

import pytest

from lmcourse.asides import eliza
from lmcourse.asides.eliza import DEFAULTS, RULES, Eliza, match, reflect, words


def test_docstring_examples():
    result = doctest.testmod(eliza)
    assert result.attempted >= 2
    assert result.failed == 0


def test_words_spell_out_contractions_and_both_apostrophes():
    assert words("I'm sure: you\u2019re LATE!") == ["i", "am", "sure", ":", "you", "are", "late", "!"]
    assert words("can't") == words("cannot") == ["can", "not"]


@pytest.mark.parametrize(
    ("said", "turned"),
    [
        ("i gave my cheese to you", "you gave your cheese to I"),  # the wrong "I" is the method's own failure
        ("your cat and mine", "my cat and yours"),
        ("the ball", "the ball"),
    ],
)
def test_reflection_exchanges_speaker_and_listener(said, turned):
    assert reflect(said.split()) == turned


@pytest.mark.parametrize("said", ["my mine myself am", "your yours yourself"])
def test_reflecting_twice_gives_back_the_possessives(said):
    back = reflect(reflect(said.split()).split())
    assert back == said.replace("am", "are")  # "am" becomes "are", and "are" stays


def test_the_first_rule_in_order_wins_not_the_first_in_the_sentence():
    rules = {"late *": ("A",), "my *": ("B",)}
    assert match("my train is late again", rules) == ("late *", "again")
    assert match("my train is late again", dict(reversed(rules.items()))) == ("my *", "train is late again")


def test_the_star_stops_at_the_next_mark():
    assert match("I am cold, my friend.") == ("i am *", "cold")


def test_a_star_needs_a_word_but_a_later_occurrence_may_have_one():
    assert match("I think so I am.", {"i am *": ("A",)}) == (None, "")
    assert match("I am. I am tired.", {"i am *": ("A",)}) == ("i am *", "tired")


def test_patterns_match_whole_words_only():
    assert match("Nothing known here", {"no": ("A",)}) == (None, "")


def test_replies_take_turns_and_each_rule_counts_for_itself():
    bot = Eliza({"i am *": ("One *?", "Two *?"), "no": ("Three.",)}, defaults=("D1", "D2"))
    said = ["I am cold", "what", "no", "I am old", "I am late", "eh"]
    assert [bot.reply(s) for s in said] == ["One cold?", "D1", "Three.", "Two old?", "One late?", "D2"]


@pytest.mark.parametrize("said", ["", "   ", "?!", "42", "\U0001f42d"])
def test_empty_or_wordless_input_gets_the_default(said):
    assert Eliza().reply(said) == DEFAULTS[0]


def test_transcript_of_the_table_itself():
    assert Eliza().transcript(["I'm afraid of my cat.", "Hello.", "I think you are a machine."]) == (
        "YOU    I'm afraid of my cat.\n"
        "ELIZA  Since when are you afraid of your cat?\n"
        "YOU    Hello.\n"
        "ELIZA  I see. Go on.\n"
        "YOU    I think you are a machine.\n"
        "ELIZA  How sure are you that I are a machine?"
    )


def test_every_rule_of_the_table_can_fire():
    for pattern in RULES:
        assert match(pattern.replace("*", "cheese")) == (pattern, "cheese" if "*" in pattern else ""), pattern


@pytest.mark.parametrize("pattern", ["", "*", "* is", "my * is *", "i * you"])
def test_a_pattern_the_matcher_cannot_read_is_an_error(pattern):
    with pytest.raises(ValueError, match="at most one"):
        match("my word", {pattern: ("A",)})


def test_a_rule_without_replies_is_an_error():
    with pytest.raises(ValueError, match="'my \\*' has no reply"):
        Eliza({"my *": ()})
    with pytest.raises(ValueError, match="default"):
        Eliza(defaults=())
