"""The coding interval in a real browser: its exact numbers are Python's, forth and back."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from widget_pages import call, check_looks, move, open_widgets, set_theme

from lmcourse.information import shortest_bits
from lmcourse.model import LanguageModel, TableModel, UniformModel
from lmcourse.ngram import AdaptiveModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import CodingInterval
from lmcourse.widgets.interval import certain_bits
from lmcourse.world import five_words

ROOT = ".lmc-interval"
SENTENCE = "the mouse ate the ball ."


class Faint(LanguageModel):
    """Probabilities that no short number writes, down to the smallest a computer knows."""

    vocab = Vocabulary("abcd", separator="")

    def next_log_probs(self, contexts):
        """The same row for each context."""
        row = np.array([1 / 3, 5e-324, 0.1, 1 - 1 / 3 - 0.1])
        return np.log(np.tile(row, (len(contexts), 1)))


LETTERS = Vocabulary.of_characters("A MOUSE ATE THE CHEESE")
HALVES = {"a": 0.5, "b": 0.25, "ca": 0.25}  # the ends of the intervals are short binary numbers
WIDGETS = {
    "five words": CodingInterval(five_words(), SENTENCE),
    "faint": CodingInterval(Faint(), "dbabc"),
    "letters": CodingInterval(AdaptiveModel(LETTERS, 2), "A MOUSE ATE THE CHEESE"),
    "halves": CodingInterval(TableModel(Vocabulary("abc", separator=""), HALVES), "b"),
    "uniform": CodingInterval(UniformModel(Vocabulary("abc", separator="")), "cab" * 20),
}


def state(widget) -> dict:
    """What the arithmetic in the page is given."""
    return {name: getattr(widget, name) for name in ["parents", "said", "rows", "end", "path"]}


@pytest.mark.parametrize("name", WIDGETS)
def test_intervals_and_bits_equal_python(page, name):
    widget = WIDGETS[name]
    found = call(page, "interval.js", "encodeAll", state(widget))
    assert len(found) == len(widget.path) + 1
    for step, (low, high) in zip(found, widget.intervals):
        a, b, whole = map(int, step["interval"])
        assert (Fraction(a, whole), Fraction(b, whole)) == (low, high)  # exactly
        assert step["shortest"] == shortest_bits(low, high)
        assert step["certain"] == certain_bits(low, high)
        width = high - low
        cost = np.log2(float(width)) if width > Fraction(1, 10**300) else None
        assert cost is None or step["cost"] == pytest.approx(-cost, abs=1e-9)


@pytest.mark.parametrize("name", WIDGETS)
def test_numbers_are_decoded_as_in_python(page, name):
    widget, rng = WIDGETS[name], np.random.default_rng(4)
    numbers = ["", "0", "1", "11111111", widget.code, widget.code[:-1], widget.code + "0110"]
    numbers += ["".join(map(str, rng.integers(0, 2, size))) for size in rng.integers(1, 30, 60)]
    known = 0
    for bits, found in zip(numbers, call(page, "interval.js", "decodeAll", state(widget), numbers)):
        text = widget.decode(bits)
        expected = widget._model.vocab.encode(text)
        known += found["known"]
        assert found["ids"] == (expected if found["known"] else expected[: len(found["ids"])])
        low, high, whole = map(int, found["interval"])
        assert Fraction(low, whole) <= Fraction(int(bits or "0", 2), 2 ** len(bits)) < Fraction(high, whole)
        # what is called certain comes with any bits that follow
        for more in ["1" * 80, "".join(map(str, rng.integers(0, 2, 80)))]:
            certain = found["certain"]
            assert widget._model.vocab.encode(widget.decode(bits + more))[:certain] == expected[:certain]
    assert known == len(numbers) or name in ("letters", "uniform")
    assert call(page, "interval.js", "decodeAll", state(widget), [widget.code])[0] == {
        "ids": widget.path,
        "interval": call(page, "interval.js", "encodeAll", state(widget))[-1]["interval"],
        "known": True,
        "certain": len(widget.path),
    }


def test_digits(page):
    assert call_digits(page, 1, 8, 5) == "0.125"
    assert call_digits(page, 1, 8, 2) == "0.12…"
    assert call_digits(page, 5, 8, 5, 2) == "0.101"
    assert call_digits(page, 8, 8, 5) == "1"
    assert call_digits(page, 0, 8, 5) == "0"


def call_digits(page, n: int, whole: int, count: int, base: int = 10) -> str:
    """The page's way to write n / whole: BigInt cannot travel, so it is made there."""
    from lmcourse.widgets.base import script

    return page.evaluate(
        """async ([text, n, whole, count, base]) => {
            const module = await import(URL.createObjectURL(new Blob([text], {type: "text/javascript"})));
            return module.digits(BigInt(n), BigInt(whole), count, base);
        }""",
        [script("interval.js"), n, whole, count, base],
    )


# ---------- in a page ----------


def check_step(page, widget, step: int) -> None:
    """The page shows the interval after so many tokens."""
    low, high = widget.intervals[step]
    root = page.locator(ROOT)
    assert root.get_attribute("data-step") == str(step)
    assert (Fraction(root.get_attribute("data-low")), Fraction(root.get_attribute("data-high"))) == (
        low,
        high,
    )
    assert root.get_attribute("data-certain") == certain_bits(low, high)
    assert root.get_attribute("data-code") == (widget.code if step == len(widget.path) else "")
    assert page.locator(".lmc-text-tokens .lmc-fresh").count() == step
    assert page.locator(".lmc-step-row").count() == min(step + 1, 7)
    assert page.locator(".lmc-part.lmc-on").count() == min(step, 6)
    assert f"{-np.log2(float(high - low)) + 0:.2f} bits" in page.locator(".lmc-facts").inner_text()


def test_encoding_by_mouse_and_by_keyboard(page, tmp_path):
    widget = WIDGETS["five words"]
    open_widgets(page, tmp_path, widget)
    check_step(page, widget, 2)  # the first choice is after “the”
    slider = page.locator("[data-slider=step]")
    move(page, slider, 4)
    check_step(page, widget, 4)
    for key, step in [("ArrowRight", 5), ("Home", 0), ("End", 6), ("ArrowLeft", 5)]:
        slider.press(key)
        check_step(page, widget, step)
    for name, step in [("No token", 0), ("One token on", 1), ("All tokens", 6), ("One token back", 5)]:
        page.get_by_role("button", name=name).press("Enter")
        check_step(page, widget, step)


def test_the_first_task(page, tmp_path):
    widget = WIDGETS["five words"]
    open_widgets(page, tmp_path, widget)
    seen = page.locator(".lmc-task [role=status]")
    for before in (2, 3, 4, 5):
        check_step(page, widget, before)
        assert seen.inner_text() == ""
        page.get_by_role("button", name="One token on").click()
    # .7 for the mouse, .8 for “the” after “ate”, .125 for the ball: .07, which takes 3.84 bits
    bits = len(widget.code)
    told = f"{bits} bits: the last interval is 0.070 wide, and \u2212log₂ of that 3.84; no interval that "
    assert seen.inner_text() == f"{told}{bits - 1} bits can name lies wholly inside it."
    low, high = widget.intervals[-1]
    width = Fraction(1, 2 ** (bits - 1))
    assert not any(low <= k * width and (k + 1) * width <= high for k in range(2 ** (bits - 1)))


def test_no_box_is_empty_and_nothing_moves(page, tmp_path):
    open_widgets(page, tmp_path, WIDGETS["five words"])
    heights = []
    for key in ("Home", "ArrowRight", "End"):
        page.locator("[data-slider=step]").press(key)
        rows = page.locator(".lmc-step-row, .lmc-ahead")
        assert rows.count() == 7  # what is still to come is told beneath
        top, facts = (page.locator(each).bounding_box()["y"] for each in (".lmc-zoom", ".lmc-facts"))
        heights.append(round(facts - top))
    assert len(set(heights)) == 1


def test_parts_are_as_wide_as_they_are_probable(page, tmp_path):
    widget = WIDGETS["five words"]
    open_widgets(page, tmp_path, widget)
    page.get_by_role("button", name="All tokens").click()
    row = page.locator(".lmc-parts").nth(1)  # after "the": ball .1, cheese .2, mouse .7
    widths = [part.bounding_box()["width"] for part in row.locator(".lmc-part").all()]
    np.testing.assert_allclose(np.array(widths) / sum(widths), [0.1, 0.2, 0.7], atol=2e-3)
    # the code's numbers lie within the last bar
    bar, code = page.locator(".lmc-parts").last.bounding_box(), page.locator(".lmc-dyadic").bounding_box()
    assert bar["x"] <= code["x"]
    assert code["x"] + code["width"] <= bar["x"] + bar["width"]


def test_it_plays_by_itself(page, tmp_path):
    page.clock.install()
    widget = WIDGETS["five words"]
    open_widgets(page, tmp_path, widget)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(2 * 1300)
    check_step(page, widget, 4)
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(1300)
    check_step(page, widget, 4)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(9 * 1300)
    check_step(page, widget, 6)


@pytest.mark.parametrize(("motion", "expected"), [("reduce", 0), ("no-preference", 2)])
def test_motion_only_where_it_is_wanted(page, tmp_path, motion, expected):
    page.emulate_media(reduced_motion=motion)
    open_widgets(page, tmp_path, WIDGETS["five words"])
    page.evaluate("""() => {
        const animate = Element.prototype.animate;
        window.begun = 0;  // a movement may be over before anybody looks
        Element.prototype.animate = function (...how) { begun += 1; return animate.apply(this, how); };
    }""")
    page.get_by_role("button", name="One token on").click()
    assert page.evaluate("begun") == expected


def check_number(page, widget, bits: str) -> None:
    """The page decodes 0.bits as Python does."""
    assert page.locator(".lmc-bits-field").input_value() == bits
    found = list(map(int, page.get_attribute(ROOT, "data-decoded").split()))
    assert widget._model.vocab.decode(found) == widget.decode(bits)


def test_decoding_by_mouse_and_by_keyboard(page, tmp_path):
    widget = WIDGETS["five words"]
    open_widgets(page, tmp_path, widget)
    page.get_by_role("button", name="Number → text").click()
    check_number(page, widget, widget.code)  # begins with the text's own code
    assert "That is the text, and no further bit can change it." in page.locator(".lmc-status").inner_text()
    slider = page.locator("[data-slider=number]")
    slider.press("Home")
    check_number(page, widget, "0000000000")
    slider.press("ArrowRight")
    check_number(page, widget, "0000000001")
    move(page, slider, 600)
    check_number(page, widget, page.locator(".lmc-bits-field").input_value())
    assert 0.57 < int(page.locator(".lmc-bits-field").input_value(), 2) / 1024 < 0.6
    for name, bits in [
        ("No bits", ""),
        ("Append a 1", "1"),
        ("Append a 0", "10"),
        ("Append a 1", "101"),
        ("Take the last bit away", "10"),
        ("Code of the text", widget.code),
    ]:
        page.get_by_role("button", name=name).press("Enter")
        check_number(page, widget, bits)
    page.locator(".lmc-bits-field").fill("01a2 1")
    check_number(page, widget, "011")
    # on the first bar itself: press at a quarter, drag to three quarters
    box = page.locator(".lmc-parts").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 10)
    page.mouse.down()
    assert 0.24 < int(page.locator(".lmc-bits-field").input_value(), 2) / 1024 < 0.26
    page.mouse.move(box["x"] + box["width"] * 3 / 4, box["y"] + 10, steps=3)
    page.mouse.up()
    check_number(page, widget, page.locator(".lmc-bits-field").input_value())
    assert 0.74 < int(page.locator(".lmc-bits-field").input_value(), 2) / 1024 < 0.76
    page.get_by_role("button", name="Text → number").click()
    check_step(page, widget, 2)


def test_where_the_tree_ends_the_page_says_so(page, tmp_path):
    open_widgets(page, tmp_path, WIDGETS["letters"])
    page.get_by_role("button", name="Number → text").click()
    assert page.get_attribute(ROOT, "data-known") == "true"
    page.locator(".lmc-bits-field").fill("0110101110110101011011010111")
    assert page.get_attribute(ROOT, "data-known") == "false"
    assert "there this page's copy of the model ends" in page.locator(".lmc-status").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, WIDGETS["five words"], WIDGETS["letters"], WIDGETS["faint"])
    set_theme(page, theme)
    for button in page.get_by_role("button", name="All tokens").all():
        button.click()
    page.get_by_role("button", name="Number → text").nth(1).click()
    check_looks(page)
