"""The sparsity map in a real browser: the same counts as Python's, by mouse, finger and keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from widget_pages import call, check_looks, move, open_widgets, set_theme

from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import SparsityMap
from lmcourse.widgets.base import script

RNG = np.random.default_rng(5)
LETTERS = "abcdefghijklmnopqrstuvwxyz "
TEXT = "".join(LETTERS[i] for i in np.minimum(RNG.zipf(1.3, 5000) - 1, 26))
ROOT = ".lmc-sparsity"


@pytest.mark.parametrize("size", [1, 2, 4, 100, 5000])
@pytest.mark.parametrize("tokens", [2, 27, 100])
def test_counts_equal_python(page, size, tokens):
    text = "".join(chr(200 + i) for i in RNG.integers(0, tokens, 5000))
    sparsity = SparsityMap(text, Vocabulary(map(chr, range(200, 200 + tokens)), separator=""))
    sparsity.size = size
    prefixes = [[], *(sparsity.ids[i : i + n].tolist() for n in (1, 2, 3) for i in (0, 50)), [tokens - 1] * 3]
    found = page.evaluate(
        """async ([source, ids, V, size, prefixes]) => {
            const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
            const text = Uint8Array.from(ids);
            return [
                module.firstMeetings(text, V).map((met) => module.upTo(met, size)),
                prefixes.map((prefix) => [...module.matrix(text, V, size, prefix)]),
            ];
        }""",
        [script("sparsity.js"), sparsity.ids.tolist(), tokens, size, prefixes],
    )
    assert found[0] == [sparsity.seen(n) for n in range(1, 6)]
    for prefix, counts in zip(prefixes, found[1]):
        sparsity.prefix = prefix
        assert counts == sparsity.matrix.ravel().tolist()


@pytest.mark.parametrize("length", [1, 2, 15, 100, 5000, 165_000])
def test_stops_grow_to_the_whole_text(page, length):
    stops = call(page, "sparsity.js", "stops", length)
    assert stops[-1] == length
    assert stops == sorted(set(stops))
    assert stops[0] == max(1, min(100, length // 10))


# ---------- in a page ----------


def test_the_first_task(page, tmp_path):
    sparsity = SparsityMap(TEXT)
    open_widgets(page, tmp_path, sparsity)
    seen, slider = page.locator(".lmc-task [role=status]"), page.locator("[data-slider=size]")
    assert seen.inner_text() == ""  # it opens at the end, and that is no answer
    slider.press("Home")
    assert seen.inner_text() == ""
    slider.press("End")
    shares = [sparsity.seen(n) / 27**n for n in (1, 5)]
    assert shares[0] == 1
    assert seen.inner_text().startswith("Single characters: 100 % of all are seen. Five in a row: 0.0")
    assert 0 < shares[1] < 0.001


@pytest.fixture
def sparsity():
    """A map of 27 tokens."""
    return SparsityMap(TEXT)


def check(page, sparsity: SparsityMap) -> None:
    """The page shows what Python counts."""
    matrix = sparsity.matrix
    root = page.locator(ROOT)
    assert root.get_attribute("data-size") == str(sparsity.size)
    assert root.get_attribute("data-prefix") == " ".join(map(str, sparsity.prefix))
    assert root.get_attribute("data-seen") == str((matrix > 0).sum())
    for n in range(1, 6):
        row = page.locator(f"{ROOT} [data-n='{n}']")
        assert row.get_attribute("data-seen") == str(sparsity.seen(n))
        assert ("lmc-on" in row.get_attribute("class")) == (n == len(sparsity.prefix) + 2)
    if root.get_attribute("data-row"):
        row, column, count = (int(root.get_attribute(f"data-{key}")) for key in ("row", "column", "count"))
        assert count == matrix[row, column]
        told = page.locator(".lmc-sp-told").inner_text()
        said = "".join(sparsity.tokens[i] for i in [*sparsity.prefix, row, column]).replace(" ", "␣")
        times = f"seen {count:,} time{'s' * (count != 1)}" if count else "never seen"
        assert f"“{said}” was {times}" == told


def middle(page, row: int, column: int, size: int = 27) -> tuple[float, float]:
    """Where on the screen a cell's middle is, by the canvas alone: the square ends right and below."""
    page.locator(".lmc-sp-map canvas").scroll_into_view_if_needed()
    box = page.locator(".lmc-sp-map canvas").bounding_box()
    side = box["height"] - 17  # the column's labels above take 16
    left = box["x"] + box["width"] - 1 - side
    return left + (column + 0.5) * side / size, box["y"] + 16 + (row + 0.5) * side / size


def colours_at(page, cells: list[tuple[int, int]]) -> list[list[int]]:
    """The canvas's red, green, blue and alpha in the middle of each cell."""
    return page.evaluate(
        """(places) => {
            const canvas = document.querySelector(".lmc-sp-map canvas");
            const [box, paint] = [canvas.getBoundingClientRect(), canvas.getContext("2d")];
            const scale = canvas.width / box.width;
            return places.map(([x, y]) =>
                [...paint.getImageData((x - box.x) * scale, (y - box.y) * scale, 1, 1).data]);
        }""",
        [middle(page, *cell) for cell in cells],
    )


def test_each_cell_is_shaded_as_it_was_seen(page, tmp_path, sparsity):
    open_widgets(page, tmp_path, sparsity)
    cells = [(row, column) for row in range(0, 27, 3) for column in range(0, 27, 4)]
    shades = [alpha for *_, alpha in colours_at(page, cells)]
    most = np.log(sparsity.matrix.max())
    for cell, alpha in zip(cells, shades):
        count = sparsity.matrix[cell]
        expected = 255 * (0.2 + 0.8 * np.log(count) / most) if count else 0
        assert alpha == pytest.approx(expected, abs=2)
    assert min(shades) == 0
    assert max(shades) > 200


def test_the_colour_follows_the_theme(page, tmp_path, sparsity):
    open_widgets(page, tmp_path, sparsity)
    most = np.unravel_index(sparsity.matrix.argmax(), (27, 27))
    assert colours_at(page, [most]) == [[0, 114, 178, 255]]
    set_theme(page, "dark")
    assert colours_at(page, [most]) == [[86, 180, 233, 255]]


def test_size_by_mouse_and_by_keyboard(page, tmp_path, sparsity):
    open_widgets(page, tmp_path, sparsity)
    check(page, sparsity)
    stops = call(page, "sparsity.js", "stops", len(TEXT))
    slider = page.locator("[data-slider=size]")
    for act, stop in [
        (lambda: move(page, slider, 30), 30),
        (lambda: slider.press("ArrowRight"), 31),
        (lambda: slider.press("Home"), 0),
        (lambda: slider.press("End"), -1),
    ]:
        act()
        sparsity.size = stops[stop]
        check(page, sparsity)


def test_play(page, tmp_path, sparsity):
    page.clock.install(time=0)
    open_widgets(page, tmp_path, sparsity)
    page.clock.pause_at(60_000)  # from here on, time passes only when told to
    stops = call(page, "sparsity.js", "stops", len(TEXT))
    page.get_by_role("button", name="Play").click()
    sparsity.size = stops[0]
    check(page, sparsity)
    page.clock.run_for(10 * 150)
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(10 * 150)
    sparsity.size = stops[10]
    check(page, sparsity)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(60 * 150)
    sparsity.size = len(TEXT)
    check(page, sparsity)
    assert page.get_by_role("button", name="Play").is_visible()


def test_short_texts_play_to_their_end(page, tmp_path):
    page.clock.install()
    sparsity = SparsityMap("abcab")
    open_widgets(page, tmp_path, sparsity)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(61 * 150)
    check(page, sparsity)
    assert page.get_by_role("button", name="Play").is_visible()


def test_mouse(page, tmp_path, sparsity):
    open_widgets(page, tmp_path, sparsity)
    page.mouse.move(*middle(page, 0, 2))
    assert [page.get_attribute(ROOT, f"data-{key}") for key in ("row", "column")] == ["0", "2"]
    check(page, sparsity)
    page.mouse.move(*middle(page, 26, 26))
    check(page, sparsity)
    page.mouse.click(*middle(page, 1, 0))
    sparsity.prefix = [1]
    check(page, sparsity)
    assert page.get_attribute(ROOT, "data-row") == "0"  # the row of what followed the pair that was clicked
    page.get_by_role("button", name="Back").click()
    sparsity.prefix = []
    check(page, sparsity)
    assert [page.get_attribute(ROOT, f"data-{key}") for key in ("row", "column")] == ["1", "0"]


def test_keyboard(page, tmp_path, sparsity):
    open_widgets(page, tmp_path, sparsity)
    page.locator(".lmc-sp-map").focus()
    where = [0, 0]
    for key, move_by in [
        ("ArrowUp", (0, 0)),
        ("ArrowRight", (0, 1)),
        ("ArrowDown", (1, 0)),
        ("ArrowDown", (1, 0)),
    ]:
        page.keyboard.press(key)
        where = [where[0] + move_by[0], where[1] + move_by[1]]
        assert [int(page.get_attribute(ROOT, f"data-{k}")) for k in ("row", "column")] == where
        check(page, sparsity)
    prefix = []
    for _ in range(3):
        prefix.append(int(page.get_attribute(ROOT, "data-row")))
        page.keyboard.press("Enter")
        sparsity.prefix = prefix
        check(page, sparsity)
        row = int(page.get_attribute(ROOT, "data-row"))
        best = int(page.get_attribute(ROOT, "data-count"))
        assert best == sparsity.matrix[row].max()
    page.keyboard.press("Enter")  # n = 5 is as deep as it goes
    check(page, sparsity)
    assert page.locator("[data-zoom=in]").is_disabled()
    for _ in range(4):
        page.keyboard.press("Escape")
    sparsity.prefix = []
    check(page, sparsity)
    assert page.locator("[data-zoom=out]").is_disabled()


def test_a_finger_taps_once_to_see_and_twice_to_go_in(browser, tmp_path, sparsity):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    page = context.new_page()
    open_widgets(page, tmp_path, sparsity)
    page.touchscreen.tap(*middle(page, 2, 1))
    assert page.get_attribute(ROOT, "data-row") == "2"
    check(page, sparsity)
    page.touchscreen.tap(*middle(page, 2, 1))
    sparsity.prefix = [2]
    check(page, sparsity)
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_looks(page, tmp_path, sparsity, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    words = SparsityMap(
        "the mouse ate the extraordinarily large cheese",
        Vocabulary.of_words("the mouse ate the extraordinarily large cheese"),
    )
    many = SparsityMap("".join(chr(200 + i) for i in RNG.integers(0, 100, 5000)))
    open_widgets(page, tmp_path, sparsity, words, many)
    set_theme(page, theme)
    page.locator(".lmc-sp-map").first.focus()
    page.keyboard.press("Enter")
    check_looks(page)
