"""The word map in a real browser: its numbers are Python's, by mouse, finger and keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from widget_pages import check_looks, open_widgets, set_theme

from lmcourse.neural.vectors import WordVectors
from lmcourse.widgets import WordMap
from lmcourse.widgets.base import script

ROOT = ".lmc-wordmap"
MAP = f"{ROOT} .lmc-wm-map"
SEEN = ".lmc-task:visible [role=status]"
RNG = np.random.default_rng(8)
WORDS = ["man", "king", "woman", "queen", *(f"word{i}" for i in range(115)), "Paris"]


def vectors() -> WordVectors:
    """120 words in groups of four, whose first are like those of the example."""
    found = np.repeat(RNG.normal(size=(30, 50)), 4, axis=0) + 0.8 * RNG.normal(size=(120, 50))
    found[3] = found[1] - found[0] + found[2] + 0.2 * RNG.normal(size=50)
    return WordVectors(WORDS, found)


@pytest.fixture(scope="module")
def word_map():
    """A map of 120 words, as it is at first."""
    return WordMap(vectors(), [("man", "king", "woman")], of=200, credit="Ours.")


@pytest.fixture
def opened(page, tmp_path, word_map):
    """The page with the map, at its beginning."""
    word_map.set_state(
        {"mode": "analogy", "a": "man", "b": "king", "c": "woman", "exclude": True, "word": "king"}
    )
    open_widgets(page, tmp_path, word_map)
    page.wait_for_function(f"document.querySelector('{MAP}').dataset.zoom")
    return page


def check(page, expected: list[tuple[str, float]]) -> None:
    """The list shows these words with these cosines."""
    root = page.locator(ROOT)
    assert root.get_attribute("data-answers").split() == [word for word, _ in expected]
    cosines = [float(x) for x in root.get_attribute("data-cosines").split()]
    assert cosines == pytest.approx([cosine for _, cosine in expected], abs=1e-9)
    shown = page.locator(f"{ROOT} .lmc-wm-name button:visible").all_inner_texts()
    assert shown == [word for word, _ in expected]


def test_all_cosines_are_pythons(page, word_map):
    state = word_map.get_state()
    found = page.evaluate(
        """async ([source, codes, frame, gain, places, many]) => {
            const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
            const map = module.decode(Uint8Array.from(codes), Uint8Array.from(frame), gain, many);
            return [
                Array.from({ length: many }, (_, id) => [...module.cosines(map, id)]),
                [...module.analogy(map, 0, 1, 2)],
                [...module.analogy(map, 4, 4, 9)],
                [...module.mapRanks(places, 7)],
            ];
        }""",
        [
            script("wordmap.js"),
            list(state["codes"]),
            list(state["frame"]),
            word_map.gain,
            np.frombuffer(state["places"], "<u2").tolist(),
            len(WORDS),
        ],
    )
    np.testing.assert_allclose(found[0], word_map.rounded.cosines, atol=1e-12)
    for cosines, question in ((found[1], (0, 1, 2)), (found[2], (4, 4, 9))):
        expected = dict(word_map.analogy(*(WORDS[i] for i in question), n=120, exclude=False))
        np.testing.assert_allclose(cosines, [expected[word] for word in WORDS], atol=1e-12)
    places = np.frombuffer(state["places"], "<u2").reshape(-1, 2).astype(float)
    apart = ((places - places[7]) ** 2).sum(1)
    apart[7] = -1
    assert np.argsort(found[3]).tolist() == np.argsort(apart, kind="stable").tolist()


def test_the_first_task_by_mouse(opened, word_map):
    check(opened, word_map.analogy("man", "king", "woman", 8))
    seen = opened.locator(SEEN)
    opened.get_by_role("button", name="Nearest words").click()
    opened.get_by_role("button", name="Analogy").click()
    assert seen.inner_text() == ""
    opened.get_by_label("Leave the inputs out").uncheck()
    expected = word_map.analogy("man", "king", "woman", 8, exclude=False)
    check(opened, expected)
    put_in = expected[0][0] in ("man", "king", "woman")
    assert seen.inner_text() == (
        f"It is “{expected[0][0]}”" + (", one of the three that were put in." if put_in else " even so.")
    )
    assert opened.locator(f"{ROOT} .lmc-wm-input").count() == len(
        {"man", "king", "woman"} & {w for w, _ in expected}
    )
    opened.get_by_label("Leave the inputs out").check()
    assert seen.inner_text().startswith("It is")  # what was seen stays


def test_the_second_task_ends_with_the_word_farthest_off(opened, word_map):
    opened.get_by_role("button", name="Nearest words").press("Enter")
    seen = opened.locator(SEEN)
    check(opened, word_map.nearest("king"))
    places = np.frombuffer(word_map.places, "<u2").reshape(-1, 2).astype(float)
    near = [word for word, _ in word_map.nearest("king")]
    apart = {word: ((places[WORDS.index(word)] - places[1]) ** 2).sum() for word in near}
    least, most = min(near, key=apart.get), max(near, key=apart.get)
    assert least != most
    opened.get_by_role("button", name=least, exact=True).press("Enter")
    assert seen.inner_text() == ""
    opened.get_by_label("Word", exact=True).fill("king")
    opened.get_by_role("button", name=most, exact=True).press("Enter")
    all_apart = ((places - places[1]) ** 2).sum(1)
    closer = int((all_apart < all_apart[WORDS.index(most)]).sum()) - 1  # but for the word itself
    assert closer >= 10
    assert seen.inner_text() == (
        f"“{most}” is one of the ten nearest to “king”, yet {closer} words lie closer on the map. "
        "Two axes cannot hold 50."
    )
    check(opened, word_map.nearest(most))


def test_what_is_done_from_the_start_is_no_task(page, tmp_path, word_map):
    word_map.set_state({"mode": "analogy", "exclude": False})
    open_widgets(page, tmp_path, word_map)
    assert page.locator(SEEN).count() == 0
    page.get_by_role("button", name="Nearest words").click()
    assert page.locator(SEEN).count() == 1
    page.get_by_role("button", name="Analogy").click()
    assert page.locator(SEEN).count() == 0


def test_words_are_typed(opened, word_map):
    for label, word in (("a", "word3"), ("is to b", "word4"), ("as c", "paris")):
        opened.get_by_label(label, exact=True).fill(word)
        opened.get_by_label(label, exact=True).press("Enter")
    check(opened, word_map.analogy("word3", "word4", "Paris", 8))
    assert opened.get_by_label("as c", exact=True).input_value() == "Paris"
    opened.get_by_role("button", name="king \u2212 man + woman").click()
    check(opened, word_map.analogy("man", "king", "woman", 8))


def test_an_unknown_word_is_named_and_changes_nothing(opened, word_map):
    field = opened.get_by_label("is to b", exact=True)
    field.fill("kingfisher")
    field.press("Enter")
    problem = opened.locator(f"{ROOT} .lmc-wm-problem")
    assert problem.inner_text() == "“kingfisher” is not among the 120 words. There is king."
    check(opened, word_map.analogy("man", "king", "woman", 8))
    field.fill("queen")
    check(opened, word_map.analogy("man", "queen", "woman", 8))
    assert problem.inner_text() == ""


def zoom(page) -> float:
    """How close the map is looked at, once it has stopped."""
    page.wait_for_function(f"!('moving' in document.querySelector('{MAP}').dataset)")
    return float(page.get_attribute(MAP, "data-zoom"))


def test_the_map_by_keyboard(opened, word_map):
    opened.emulate_media(reduced_motion="reduce")
    before = zoom(opened)
    opened.locator(MAP).focus()
    opened.keyboard.press("+")
    assert zoom(opened) == pytest.approx(before * 1.6, rel=1e-3)
    opened.keyboard.press("0")
    assert zoom(opened) == 1
    opened.keyboard.press("ArrowLeft")
    told = opened.locator(f"{ROOT} .lmc-wm-told").inner_text()
    assert told.startswith("In the middle: ")
    opened.keyboard.press("Enter")
    check(opened, word_map.nearest(told.removeprefix("In the middle: ")))


def test_the_map_by_mouse(opened):
    opened.get_by_role("button", name="Whole map").click()
    assert zoom(opened) == 1
    opened.get_by_role("button", name="Zoom in").click()
    assert zoom(opened) == pytest.approx(1.8, rel=1e-3)
    for _ in range(2):  # the second while the map is still on its way, perhaps
        opened.get_by_role("button", name="Zoom in").click()
    assert zoom(opened) == pytest.approx(1.8**3, rel=1e-3)
    for _ in range(2):
        opened.get_by_role("button", name="Zoom out").click()
    assert zoom(opened) == pytest.approx(1.8, rel=1e-3)
    box = opened.locator(MAP).bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    opened.mouse.move(*middle)
    opened.mouse.down()
    opened.mouse.move(middle[0] + 80, middle[1] + 40, steps=4)
    opened.mouse.up()
    assert opened.get_attribute(ROOT, "data-mode") == "analogy"  # a drag is no click
    opened.locator(MAP).focus()
    opened.mouse.wheel(0, -200)
    opened.wait_for_function(f"document.querySelector('{MAP}').dataset.zoom > 2")


def test_a_finger_chooses_a_word(browser, tmp_path, word_map):
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, has_touch=True, reduced_motion="reduce"
    )
    page = context.new_page()
    open_widgets(page, tmp_path, word_map)
    page.locator(MAP).scroll_into_view_if_needed()
    page.get_by_role("button", name="Whole map").tap()
    box = page.locator(MAP).bounding_box()
    side = 0.94 * min(box["width"], box["height"])
    places = np.frombuffer(word_map.places, "<u2").reshape(-1, 2) / 65535
    at = (places - (places.min(0) + places.max(0)) / 2) * side * [1, -1]
    apart = np.hypot(*(at[:, None] - at).transpose(2, 0, 1)) + 1e9 * np.eye(len(at))
    alone = int(apart.min(1).argmax())  # the word that is easiest to hit
    page.touchscreen.tap(*(at[alone] + [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]))
    check(page, word_map.nearest(WORDS[alone]))
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, word_map, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, word_map)
    set_theme(page, theme)
    check_looks(page)
    page.get_by_role("button", name="Nearest words").click()
    check_looks(page)


def test_what_is_printed_is_dark_on_white(opened):
    set_theme(opened, "dark")
    opened.emulate_media(media="print")
    colours = opened.locator(ROOT).evaluate(
        "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    )
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    darkest = opened.locator(f"{MAP} canvas").evaluate(
        """async (canvas) => {
            for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let least = 765;
            for (let i = 0; i < data.length; i += 4) {
                if (data[i + 3] === 255) least = Math.min(least, data[i] + data[i + 1] + data[i + 2]);
            }
            return least;
        }"""
    )
    assert darkest < 60
