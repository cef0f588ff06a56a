"""Shannon's guessing game in a real browser, without a kernel: its bounds are Python's all along."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from widget_pages import call, call_each, check_looks, open_widgets, set_theme

from lmcourse.information import LETTERS, figures, guess_bounds
from lmcourse.ngram import CountModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import GuessingGame
from lmcourse.widgets.guessing import GIVEN_UP, estimate

VOCAB = Vocabulary(LETTERS, separator="")
TRAINING = "the mouse ate the cheese and the cheese was good "
MODELS = {"one letter": CountModel(VOCAB, 1, TRAINING), "3-gram": CountModel(VOCAB, 3, TRAINING)}
PASSAGES = ["The cheese ate the mouse", "A mouse was the good mouse"]


def game(given: int = 4) -> GuessingGame:
    """A game of two short passages and two models."""
    return GuessingGame(PASSAGES, MODELS, given=given)


# ---------- the arithmetic alone ----------


def test_bounds_equal_python(page):
    rng = np.random.default_rng(21)
    rows = [
        rng.multinomial(n, rng.dirichlet(np.full(k, 0.4))).tolist() for n in (1, 7, 200) for k in (1, 5, 27)
    ]
    for row, found in zip(rows, call_each(page, "guessing.js", "guessBounds", [[row] for row in rows])):
        assert found == pytest.approx(guess_bounds(row), abs=1e-9)


def test_estimates_equal_python(page):
    rng = np.random.default_rng(22)
    rows = [rng.geometric(0.5, n).tolist() for n in (1, 2, 3, 20, 100)] + [[3], [1, 1, 1], [1, GIVEN_UP]]
    for row, found in zip(rows, call_each(page, "guessing.js", "estimate", [[row] for row in rows])):
        expected = dataclasses.astuple(estimate(row))
        names = ["lower", "upper", "lowerError", "upperError", "bias"]
        assert [found[name] for name in names] == pytest.approx(expected, abs=1e-9)


def test_what_counts_and_models_equal_python(page):
    widget = game()
    for guesses in [[[], []], [[0, -1, -2], [0]], [[1, 0, 3, -1], [27, 0, 1]], [[2], []]]:
        widget.guesses = guesses
        places = call(page, "guessing.js", "counted", guesses, widget.given)
        assert [tuple(place) for place in places] == widget.counted
        for m, name in enumerate(widget.models if places else []):
            found = call(page, "guessing.js", "modelEstimate", widget.bits[m], widget.ranks[m], places)
            mean, bounds = widget.of_model(name)
            assert [found["bits"], found["lower"], found["upper"], found["upperError"]] == pytest.approx(
                [mean, bounds.lower, bounds.upper, bounds.upper_error], abs=1e-9
            )
    assert (
        call(page, "guessing.js", "modelEstimate", [[None, 1]], [[2, 1]], [[0, 0], [0, 1]])["bits"]
        == math.inf
    )


# ---------- in a page ----------


def numbers(page, who: str) -> dict[str, float]:
    """The numbers of one row of the chart."""
    data = page.locator(f".lmc-bounds [data-who='{who}']").evaluate("e => ({...e.dataset})")
    return {name: float(value) for name, value in data.items() if name != "who"}


def check(page, guesses: list[list[int]]) -> None:
    """The page shows what Python computes from these numbers of guesses."""
    widget = game()
    widget.guesses = guesses
    assert int(page.locator(".lmc-guessing").get_attribute("data-counted")) == len(widget.counted)
    mine = numbers(page, "you")
    if widget.reader is None:
        assert mine == {}
    else:
        assert (mine["lower"], mine["upper"]) == pytest.approx(
            (widget.reader.lower, widget.reader.upper), abs=1e-6
        )
    for name in widget.models:
        found, expected = numbers(page, name), widget.of_model(name)
        if expected is None:
            assert found == {}
        else:
            mean, bounds = expected
            assert (found["bits"], found["lower"], found["upper"]) == pytest.approx(
                (mean, bounds.lower, bounds.upper), abs=1e-6
            )


def seen(page) -> str:
    """The text on the page so far; what is sought is a question mark."""
    return page.locator(".lmc-strip b").evaluate_all("all => all.map(e => e.textContent).join('')")


def below(page) -> list[str]:
    """The numbers below the letters."""
    return [text for text in page.locator(".lmc-tile small").all_inner_texts() if text]


def test_typing(page, tmp_path):
    open_widgets(page, tmp_path, game())
    check(page, [[], []])
    assert seen(page) == "the␣?"
    assert "After 30 letters" in page.locator(".lmc-reading").inner_text()
    page.locator(".lmc-passage").focus()
    page.keyboard.press("m")
    page.keyboard.press("m")  # tried before: not counted again
    page.keyboard.press("Control+c")  # no guess
    assert "Not m. Wrong guesses so far: 1." in page.locator(".lmc-said").inner_text()
    assert page.locator("[data-key=m]").get_attribute("aria-disabled") == "true"
    page.keyboard.press("C")  # capitals are letters too
    assert seen(page) == "the␣c?"
    assert below(page) == ["2", "1"]
    assert "Right: c, at guess 2." in page.locator(".lmc-said").inner_text()
    assert page.locator("[aria-disabled=true]").count() == 0
    check(page, [[2], []])
    for key in "heese ":
        page.keyboard.press(key)
    assert seen(page) == "the␣cheese␣?"
    check(page, [[2, 1, 1, 1, 1, 1, 1], []])
    assert "You guessed 7 letters, 6 of them at the first guess" in page.locator(".lmc-reading").inner_text()
    assert "So far 7 letters. Bounds appear from 30 on" in page.locator(".lmc-note").inner_text()
    assert page.locator(".lmc-bounds .lmc-band").count() == 3  # Shannon's


def test_bounds_wait_for_thirty_letters(page, tmp_path):
    """Three letters at the first guess would be 0.00 bits."""
    widget = GuessingGame("the mouse ate the cheese " * 3, {"3-gram": MODELS["3-gram"]}, given=4)
    widget.guesses = [[1] * 29]
    open_widgets(page, tmp_path, widget)
    bands = page.locator(".lmc-bounds [data-who] .lmc-band")
    assert bands.count() == 0
    assert "bits a letter" not in page.locator(".lmc-reading").inner_text()
    page.locator(".lmc-passage").focus()
    page.keyboard.press(("the mouse ate the cheese " * 3)[4 + 29])
    assert bands.count() == 2  # the reader's and the model's
    assert ": 0.00 to 0.00 bits a letter." in page.locator(".lmc-reading").inner_text()
    assert "The standard error is about" in page.locator(".lmc-note").inner_text()


def test_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, game())
    seen = page.locator(".lmc-task [role=status]")
    page.locator(".lmc-passage").focus()
    for key in "xche":  # c is found at the second guess
        assert seen.inner_text() == ""
        page.keyboard.press(key)
    assert seen.inner_text() == (
        "2, 1, 1: their mean says little of English yet. From 30 letters on your bounds stand below."
    )


def test_the_model_that_plays_is_named_in_full(page, tmp_path):
    page.set_viewport_size({"width": 375, "height": 800})  # a small phone: 360 and the scroll bar
    open_widgets(page, tmp_path, GuessingGame(PASSAGES, {"2 letters of memory": MODELS["3-gram"]}, given=4))
    select = page.get_by_label("Model")
    shown = select.bounding_box()["width"]
    select.evaluate("e => { e.style.flex = 'none'; }")
    assert shown >= select.bounding_box()["width"] - 1


def test_keys_by_mouse_and_by_keyboard(page, tmp_path):
    open_widgets(page, tmp_path, game())
    page.locator("[data-key=x]").click()
    page.locator("[data-key=c]").click()
    assert seen(page) == "the␣c?"
    page.keyboard.press("h")  # after the mouse, typing goes on
    assert seen(page) == "the␣ch?"
    page.keyboard.press("Space")  # a guess
    assert page.locator("[data-key=' ']").get_attribute("aria-disabled") == "true"
    key = page.locator("[data-key=e]")
    key.press("Space")  # on a key of the board it presses that
    assert seen(page) == "the␣che?"
    assert page.locator(":focus").get_attribute("data-key") == "e"
    key.press("Enter")
    assert seen(page) == "the␣chee?"
    check(page, [[2, 1, 2, 1], []])


def test_giving_up_reading_on_and_letting_a_model_play(page, tmp_path):
    widget = game()
    open_widgets(page, tmp_path, widget)

    def act(name: str) -> None:
        page.locator(f"[data-act={name}]").click()

    page.get_by_label("Model").select_option("3-gram")
    act("play")  # before any guess, the models are judged on what they played
    check(page, [[-2] * 10, []])
    assert below(page) == [str(rank) for rank in widget.ranks[1][0][4:14]] + ["1"]
    assert "judged on the 10 letters" in page.locator(".lmc-reading").inner_text()
    act("reveal")
    check(page, [[-2] * 10 + [GIVEN_UP], []])
    page.locator("[data-key=z]").click()
    act("skip")  # the letter that was begun counts as given up; nine remain
    assert seen(page) == "the␣cheese␣ate␣the␣mouse"
    check(page, [[-2] * 10 + [GIVEN_UP] * 2 + [0] * 8, []])
    assert "The passage is over." in page.locator(".lmc-said").inner_text()
    assert page.locator("[aria-disabled=true]").count() == 27
    assert page.locator("[data-act=play]").is_disabled()
    act("next")
    assert seen(page) == "a␣mo?"
    assert "passage 2 of 2" in page.locator(".lmc-title").inner_text()
    page.keyboard.press("Tab")
    page.locator("[data-key=u]").click()
    check(page, [[-2] * 10 + [GIVEN_UP] * 2 + [0] * 8, [1]])
    act("restart")
    assert seen(page) == "a␣mo?"
    check(page, [[], []])
    assert page.locator("[data-act=restart]").is_disabled()


def test_what_is_sought_is_not_on_the_page(page, tmp_path):
    open_widgets(page, tmp_path, game())
    html = page.locator(".lmc-guessing").evaluate("e => e.outerHTML")
    assert "cheese" not in html
    assert "good" not in html


def test_shannons_figures_are_there(page, tmp_path):
    open_widgets(page, tmp_path, game())
    text = page.locator(".lmc-bounds").inner_text()
    by_length = {f.symbols: f for f in figures()}
    for n in range(4):
        assert f"{by_length[n].counted:.2f}" in text
    for n in (3, 10, 100):
        found = by_length[n]
        assert f"{found.guessed_at_least:.2f} \u2013 {found.guessed_at_most:.2f}" in text


def test_without_models_and_with_one_passage(page, tmp_path):
    open_widgets(page, tmp_path, GuessingGame("to be or not", {}, given=0))
    assert page.locator("select, [data-act=play], [data-act=next]").count() == 0
    page.locator("[data-key=t]").click()
    assert seen(page) == "t?"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    long = GuessingGame(
        "the mouse ate the cheese " * 20, {"a model with a rather long name": MODELS["3-gram"]}
    )
    long.guesses = [[1, 1, 2, 5, 1, 0, -1, 27] * 30]
    long.tried = "abe"
    open_widgets(page, tmp_path, game(), long)
    set_theme(page, theme)
    check_looks(page)
    # the place where the reader writes is in view, and a key is large enough for a finger
    strip = page.locator(".lmc-strip").last
    assert strip.evaluate(
        "e => e.lastChild.getBoundingClientRect().bottom <= e.getBoundingClientRect().bottom + 1"
    )
    boxes = [key.bounding_box() for key in page.locator(".lmc-guessing").last.locator(".lmc-key").all()]
    assert min(box["width"] for box in boxes) >= 24  # WCAG 2.5.8
    assert min(box["height"] for box in boxes) >= 40
