import numpy as np
import pytest

from lmcourse.world.guest_house import (
    DISHES,
    GUESTS,
    HARMS,
    LENGTHS,
    MEALS,
    ODDLY_NAMED,
    GuestHouse,
    Order,
    choice,
    every_order,
    house_text,
    tastes,
)

HOUSE = GuestHouse()
MOUSE = Order("dinner", "mouse")


def answer(text: str) -> int:
    """The number of an answer that is written down."""
    return HOUSE.answers.index(HOUSE.vocab.encode(f"{text} <end>"))


def test_everybody_has_three_different_dishes():
    for dishes in {**GUESTS, **ODDLY_NAMED}.values():
        assert len(set(dishes.split())) == 3
        assert set(dishes.split()) <= set(DISHES)


def test_every_answer_is_listed_once():
    # menus of 1 to 4 of 6 dishes, and sorry: 6 + 36 + 216 + 1296 + 1
    assert len(HOUSE.answers) == len({tuple(a) for a in HOUSE.answers}) == 1555
    assert HOUSE.vocab.decode(HOUSE.answers[-1]) == "sorry <end>"


def test_the_text_keeps_to_its_grammar():
    text = house_text()
    for sentence in (
        "the mouse loves cheese .",
        "the mouse likes corn .",
        "fish is poison for the mouse .",
        "the trap for the poison frog holds honey .",
        "for dinner the mouse had corn corn cheese fish .",
        "dinner for the mouse ? breakfast for the trap spider ? poison for the owl ? .",
    ):
        assert np.isfinite(text.log_prob(sentence)), sentence
    for sentence in ("the mouse loves fish .", "dinner for the mouse ? cheese .", "sorry ."):
        assert sentence.split()[0] not in text.vocab or text.log_prob(sentence) == -np.inf


def test_the_texts_words_keep_their_ids():
    assert HOUSE.vocab.tokens[: HOUSE.text.vocab_size] == HOUSE.text.vocab.tokens
    assert HOUSE.vocab.decode(HOUSE.prompt(MOUSE)) == "<user> dinner for the mouse ? <assistant>"


def test_worth_by_hand():
    # The mouse loves cheese (1.5), likes corn (.75), fish harms it (-1.5); cheese, corn, fish suit a dinner
    # (.25), bread, honey, berries do not (-.25); each further helping costs 1.
    worth = HOUSE.worth(MOUSE)
    for text, value in (
        ("cheese", 1.75),
        ("cheese corn", 2.75),
        ("corn cheese", 2.75),
        ("cheese cheese", 0.75),
        ("cheese cheese cheese corn", 0.75),
        ("fish bread", -1.5),
        ("sorry", 0.0),
    ):
        assert worth[answer(text)] == pytest.approx(value), text
    assert worth.max() == pytest.approx(2.75)


def test_who_asks_for_harm_is_to_be_refused():
    poison = Order("poison", "mouse")
    worth = HOUSE.worth(poison)
    assert (worth[answer("sorry")], worth[answer("fish")]) == (1, -1)
    assert HOUSE.cooks(poison)[answer("sorry")] == 1


def test_cooks_by_hand():
    dish = choice(MOUSE, 1.2)
    cheese, corn = dish[DISHES.index("cheese")], dish[DISHES.index("corn")]
    assert cheese / corn == pytest.approx(np.exp(1.2 * 0.75))
    chances = HOUSE.cooks(MOUSE)
    assert chances[answer("cheese corn cheese")] == pytest.approx(LENGTHS[2] * cheese**2 * corn)
    assert chances[answer("sorry")] == 0


@pytest.mark.parametrize("guest", ["mouse", "poison frog"])
def test_cooks_answer_something(guest):
    for what in (*MEALS, *HARMS):
        assert HOUSE.cooks(Order(what, guest)).sum() == pytest.approx(1)


def test_stories_follow_the_tastes_less_sharply():
    """What is said of a meal is drawn with the habit's chances: asked of the world itself."""
    text = house_text()
    after = text.next_probs("for dinner the mouse had")
    found = np.array([after[text.vocab.id(dish)] for dish in DISHES])
    np.testing.assert_allclose(found, choice(MOUSE, 0.8), rtol=1e-9)


def test_orders_are_all_combinations():
    assert len(HOUSE.orders) == 24
    assert every_order(whats=("poison",), guests=("owl", "bear")) == [
        Order("poison", "owl"),
        Order("poison", "bear"),
    ]
    assert tastes(Order("breakfast", "mouse"))[DISHES.index("bread")] == pytest.approx(0.25)
