"""The attention browser in a browser: every head, every place, and any text by either model."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
import torch
import widget_pages
from widget_pages import LOAD, answer_as_kernel, check_looks, open_widgets, set_theme

from lmcourse.data import DataError
from lmcourse.pretrained.model import pretrained_file
from lmcourse.transformer.inside import looks
from lmcourse.widgets import AttentionBrowser, real_model_kernel
from lmcourse.widgets.attention_browser import KINDS, TEXTS

OPENS = "20"  # the place from which it looks first
ROOT = ".lmc-attention_browser"
TEXT = "one two three 今 one two"
SAID = f"{ROOT} .lmc-remark:not([role])"  # what is wrong
wait = functools.partial(widget_pages.wait, root=ROOT)
opened = functools.partial(widget_pages.load_model, root=ROOT)


@pytest.fixture(scope="module")
def widget(real):
    """A function that makes the widget with its texts anew."""
    assert real is not None  # its file is there
    return AttentionBrowser


def seen(model, text: str) -> np.ndarray:
    """The weights of all heads, (30, 9, T, T)."""
    return looks(model.module, torch.tensor([model.vocab.encode(text)]))[:, 0].numpy()


def hardest(weights: np.ndarray) -> int:
    """From where a head looks hardest at a place between the first token and the one it looks from."""
    weights = np.where(weights < 1 / 16, 0, np.round(31 * weights))
    most = [row[1:t].max(initial=0) for t, row in enumerate(weights)]
    return max(range(len(most)), key=lambda t: (most[t], t))


def shown(page) -> list[float]:
    """The weights from the place that is looked from."""
    return json.loads(page.get_attribute(ROOT, "data-weights"))


def head(page, block: int, head: int):
    """A head's button; both are counted from 1."""
    return page.locator(f"{ROOT} .lmc-ab-head[aria-label^='Block {block}, head {head}:']")


def test_heads_and_places_by_mouse(page, tmp_path, widget, real):
    browser = widget()
    open_widgets(page, tmp_path, browser)
    assert page.locator(f"{ROOT} .lmc-ab-head").count() == 270
    assert page.locator(f"{ROOT} .lmc-ab-head[aria-pressed=true]").get_attribute("aria-label") == (
        "Block 19, head 7: induction"
    )
    # From "ather": of the places where it does not look at what comes next, for that is what the task asks,
    # the one where it looks hardest.
    wait(page, looked=OPENS)
    before = (18, 6)
    for name, text, (block, which), place in (
        ("A name twice", TEXTS["A name twice"], (19, 7), 21),
        ("A sentence", TEXTS["A sentence"], (17, 1), 9),
        ("A list", TEXTS["A list"], (25, 4), 9),
    ):
        page.get_by_role("button", name=name, exact=True).click()
        weights = seen(real, text)
        at = OPENS if name == "A name twice" else str(hardest(weights[before]))
        wait(page, looked=at)  # no longer from where it was in the last text
        head(page, block, which).click()
        weights = weights[before := (block - 1, which - 1)]
        tokens = page.locator(f"{ROOT} .lmc-rm-token")
        tokens.nth(place).hover()
        wait(page, looked=str(place))
        expected = weights[place, : place + 1]
        expected = np.where(expected < 1 / 16, 0, expected)
        np.testing.assert_allclose(shown(page), expected, atol=0.5 / 31 + 1e-6)
        ground = tokens.nth(int(expected.argmax())).evaluate("e => e.style.getPropertyValue('--weight')")
        assert float(ground.rstrip("%")) == pytest.approx(100 * expected.max(), abs=2)
        rows = page.locator(f"{ROOT} [role=row]:not(.lmc-head)")
        assert sum(row.is_visible() and bool(row.inner_text().strip()) for row in rows.all()) == min(
            5, np.count_nonzero(shown(page))
        )
        row = rows.first.inner_text().split()
        token = real.vocab.decode([real.vocab.encode(text)[expected.argmax()]]).replace(" ", "␣")
        assert row[:2] == [token, f"({expected.argmax() + 1})"]
        assert int(row[-2]) == pytest.approx(100 * expected.max(), abs=2.2)
        told = page.locator(f"{ROOT} .lmc-told").inner_text()
        assert told.startswith("From “")
        assert told.endswith(f"”, place {place + 1}, it looks at:")
        about = page.locator(f"{ROOT} .lmc-remark[role=status]").inner_text()
        assert about.startswith(f"Block {block}, head {which}: ")
        most = max(browser.shares[9 * (block - 1) + which - 1])
        assert f" On random tokens said twice, {most} % of its weight is " in about
        if which == 7:
            assert about.endswith("is on the place after the same token's earlier occurrence.")
    head(page, 2, 3).click()
    wait(page, looked="9")  # another head, from the same place
    counts = page.locator(f"{ROOT} .lmc-ab-signs").inner_text().replace("\n", " ")
    for kind, name in enumerate([*KINDS, "mixed"]):
        assert f"{name} ({browser.kinds.count(kind)})" in counts


def test_the_first_task_is_to_see_a_head_look_at_what_comes_next(page, tmp_path, widget):
    """Not done where it opens, nor from a token that is new."""
    open_widgets(page, tmp_path, widget())
    wait(page, looked=OPENS)
    task, tokens = page.locator(f"{ROOT} .lmc-task"), page.locator(f"{ROOT} .lmc-rm-token")
    for place in (5, int(OPENS)):
        tokens.nth(place).click()
        wait(page, looked=str(place))
        assert "lmc-done" not in task.get_attribute("class")
    tokens.nth(18).click()
    wait(page, looked="18")
    here, then = (tokens.nth(i).inner_text() for i in (18, 19))
    weights = shown(page)
    most = int(np.argmax(weights))
    assert [tokens.nth(i).inner_text() for i in (most - 1, most)] == [here, then]
    assert task.inner_text().endswith(
        f"From “{here}”, place 19, {100 * max(weights):.0f} % of the weight is on “{then}”, "
        f"place {most + 1}: it stood after “{here}” there, and comes next here."
    )


@pytest.mark.parametrize("width", [375, 1280])
def test_heads_and_places_by_keyboard(page, tmp_path, widget, width):
    """Arrow keys go where they point, whether blocks stand beside or below one another."""
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, widget())
    wide = width > 1000
    keys = ("ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp")
    next_block, block_before, next_head, head_before = keys if wide else (*keys[2:], *keys[:2])
    head(page, 19, 7).focus()
    steps = [(next_block, 20, 7), (next_head, 20, 8), (head_before, 20, 7), (block_before, 19, 7)]
    steps += [(next_head, 19, 8), (next_head, 19, 9), (next_head, 19, 9)]  # there is no tenth
    for key, block, which in steps:
        page.keyboard.press(key)
        assert (
            page.locator(f"{ROOT} .lmc-ab-head[aria-pressed=true]")
            .get_attribute("aria-label")
            .startswith(f"Block {block}, head {which}:")
        )
        assert head(page, block, which).evaluate("e => e === document.activeElement")
    assert page.locator(f"{ROOT} .lmc-ab-head[tabindex='0']").count() == 1
    page.locator(f"{ROOT} .lmc-rm-token[tabindex='0']").focus()
    page.keyboard.press("Home")
    wait(page, looked="0")
    assert shown(page) == [1]
    page.keyboard.press("ArrowRight")
    wait(page, looked="1")


def test_a_text_of_ones_own_by_the_browsers_model(page, serve, widget, real):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    address = serve(widget(), pretrained_file().path)
    page.goto(address)
    page.wait_for_selector(f"{ROOT} .lmc-rm-token")
    assert not [url for url in asked if "_weights" in url]  # nothing before the click
    opened(page, address)
    area, go = page.get_by_label("A text of your own"), page.get_by_role("button", name="Read it")
    area.fill(TEXT)
    go.click()
    tokens = page.locator(f"{ROOT} .lmc-rm-token")
    expected = seen(real, TEXT)
    length = expected.shape[-1]
    wait(page, tokens=str(length), busy="")
    for block, which in ((19, 7), (1, 1), (30, 9)):
        head(page, block, which).click()
        tokens.nth(length - 1).hover()
        wait(page, looked=str(length - 1))
        np.testing.assert_allclose(shown(page), expected[block - 1, which - 1, -1], atol=0.03)
        tokens.nth(0).hover()
        wait(page, looked="0")
    area.fill("鼠" * 300)
    go.click()
    page.wait_for_selector(SAID)
    wait(page, busy="")
    assert page.locator(SAID).inner_text().startswith("That did not work: a text of ")
    assert page.locator(SAID).inner_text().endswith("tokens is too long: 128 fit in.")
    page.get_by_role("button", name="A list").click()
    wait(page, tokens="10")
    area.fill("to be " * 60)
    go.click()
    wait(page, tokens="121", busy="yes")  # it was cut into tokens, and their weights are asked for
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(SAID)
    wait(page, busy="")
    assert page.locator(SAID).inner_text() == "That did not work: it was stopped."
    assert page.get_by_role("button", name="Stop").is_disabled()


def test_a_text_of_ones_own_by_the_kernels_model(page, widget, real):
    """As in JupyterLab: Python answers what the page sends, one block at a time."""
    browser, asked = widget(), []
    browser.on_msg(lambda _widget, content, _buffers: asked.append(content))
    answer_as_kernel(page, browser, "attention_browser.js")
    wait(page, state="ready")
    assert not page.get_by_role("button", name=LOAD).is_visible()
    page.get_by_label("A text of your own").fill(TEXT)
    page.get_by_role("button", name="Read it").click()
    expected = seen(real, TEXT)
    length = expected.shape[-1]
    wait(page, tokens=str(length), busy="")
    tokens = page.locator(f"{ROOT} .lmc-rm-token")
    for block, which in ((19, 7), (19, 2), (1, 1)):
        head(page, block, which).click()
        wait(page, busy="")
        tokens.nth(length - 1).hover()
        wait(page, looked=str(length - 1))
        np.testing.assert_allclose(shown(page), expected[block - 1, which - 1, -1], atol=1e-5)
        tokens.nth(0).hover()
        wait(page, looked="0")
    assert [each["layers"] for each in asked if each["kind"] == "attention"] == [[18], [0]]
    assert (browser.block, browser.head) == (0, 0)  # which the notebook keeps


def test_without_weights_the_page_says_so(page, tmp_path, monkeypatch):
    def fails():
        raise DataError("could not download it. Check the network, then run: lmcourse data it")

    monkeypatch.setattr(real_model_kernel, "_load", fails)
    open_widgets(page, tmp_path, AttentionBrowser())
    assert (
        page.locator(SAID)
        .inner_text()
        .startswith(
            "There are no heads to show: where this page was made, the model was missing. could not download"
        )
    )
    assert page.get_by_role("button", name="Read it").is_disabled()
    check_looks(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, widget, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, widget())
    set_theme(page, theme)
    for name, (block, which) in {"A name twice": (17, 1), "A sentence": (25, 4), "Your own": (1, 1)}.items():
        page.get_by_role("button", name=name).click()
        head(page, block, which).click()
        check_looks(page)
