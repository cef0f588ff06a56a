"""The surprise reader in a browser: prepared texts, and any text by the browser's model or the kernel's."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
import widget_pages
from widget_pages import LOAD, answer_as_kernel, check_looks, open_widgets, set_theme

from lmcourse.data import DataError
from lmcourse.pretrained.model import load, pretrained_file
from lmcourse.widgets import SurpriseReader, real_model_kernel

ROOT = ".lmc-surprise_reader"
TEXT = "Rome is the capital of Germany. 今"
wait = functools.partial(widget_pages.wait, root=ROOT)
opened = functools.partial(widget_pages.load_model, root=ROOT)


@pytest.fixture
def widget(real):
    """The widget with its texts."""
    assert real is not None  # its file is there
    return SurpriseReader()


@pytest.fixture
def bits():
    """What each token of the text costs, by the course's own way."""
    scorer = load("<|endoftext|>")
    return -scorer.token_log_probs(TEXT) / np.log(2)


def labels(page) -> list[tuple[str, float]]:
    """The tokens of the text that is shown, with what they cost, as they are said to who cannot see them."""
    found = page.locator(f"{ROOT} .lmc-rm-token").evaluate_all("all => all.map((e) => e.ariaLabel)")
    return [(text, float(bits)) for text, bits in (each[: -len(" bits")].rsplit(", ", 1) for each in found)]


def test_prepared_texts(page, tmp_path, widget):
    open_widgets(page, tmp_path, widget)
    for each in [*widget.texts[1:], widget.texts[0]]:
        page.get_by_role("button", name=each["name"], exact=True).click()
        wait(page, tokens=str(len(each["tokens"])))
        expected = [bits for _, bits, _ in each["tokens"]]
        np.testing.assert_allclose([bits for _, bits in labels(page)], expected, atol=0.006)
        assert float(page.get_attribute(ROOT, "data-bits")) == pytest.approx(sum(expected), abs=1e-3)
        per_byte = sum(expected) / len(each["text"].encode())
        assert float(page.get_attribute(ROOT, "data-per-byte")) == pytest.approx(per_byte, abs=1e-4)
    said = page.locator(f"{ROOT} .lmc-remark[role=status]").inner_text()
    assert said.startswith("22 tokens, 98 bytes: ")
    assert page.locator(f"{ROOT} [aria-pressed=true]").inner_text() == "A false word"


def test_the_first_task_is_to_see_what_it_costs_to_say_the_same_again(page, tmp_path, widget):
    open_widgets(page, tmp_path, widget)
    task = page.locator(f"{ROOT} .lmc-task")
    page.get_by_role("button", name="Plain prose").click()
    assert "lmc-done" not in task.get_attribute("class")
    page.get_by_role("button", name="A name twice").click()
    name = [" Qu", "ill", "fe", "ather"]
    tokens = widget.texts[1]["tokens"]
    starts = [i for i in range(len(tokens)) if [text for text, *_ in tokens[i : i + 4]] == name]
    once, again = (sum(bits for _, bits, _ in tokens[i : i + 4]) for i in starts)
    assert once > 5 * again
    assert task.inner_text().endswith(
        f"“␣Quillfeather” cost {once:.2f} bits the first time, {again:.2f} bits the second."
    )


def test_without_a_text_that_says_something_again_there_is_no_task(page, tmp_path, real):
    assert real is not None  # its file is there
    open_widgets(page, tmp_path, SurpriseReader({"one": "A mouse. A mouse.", "other": "The cheese ran."}))
    assert not page.locator(f"{ROOT} .lmc-task").is_visible()


def test_the_longest_run_that_is_said_again(page):
    """Runs do not overlap, have a letter, and of equals the first counts."""
    texts = ["ababab", "xabyab", ". . . a", "abcabd", "aaaa", "abc"]
    calls = [[[{"text": sign} for sign in text]] for text in texts]
    found = widget_pages.call_each(page, "surprise_reader.js", "saidAgain", calls)
    assert [each and (each["first"], each["second"], each["length"]) for each in found] == [
        (0, 2, 2),
        (1, 4, 2),
        None,
        (0, 3, 2),
        (0, 2, 2),
        None,
    ]


def test_a_tokens_expectations_by_mouse_and_by_keyboard(page, tmp_path, widget):
    open_widgets(page, tmp_path, widget)
    tokens = page.locator(f"{ROOT} .lmc-rm-token")
    wait(page, looked="20")  # the dearest one, at first
    assert page.locator(f"{ROOT} .lmc-told").inner_text().startswith("“␣cheese” cost 22.")
    tokens.nth(5).hover()
    wait(page, looked="5")
    rows = [row.inner_text().split() for row in page.locator(f"{ROOT} [role=row]:not(.lmc-head)").all()]
    _, _, top = widget.texts[0]["tokens"][5]
    assert [row[0].replace("␣", " ") for row in rows] == [text for text, _ in top]
    assert float(rows[0][-1]) == pytest.approx(top[0][1], abs=0.0006)
    assert page.locator(f"{ROOT} .lmc-rm-taken").inner_text().startswith("␣Paris")
    tokens.nth(5).focus()
    page.keyboard.press("ArrowLeft")
    wait(page, looked="4")
    page.keyboard.press("End")
    wait(page, looked="21")
    page.keyboard.press("Home")
    wait(page, looked="0")
    assert page.locator(f"{ROOT} .lmc-rm-token[tabindex='0']").count() == 1


def test_a_text_of_ones_own_by_the_browsers_model(page, serve, widget, bits, real):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    address = serve(widget, pretrained_file().path)
    page.goto(address)
    page.wait_for_selector(f"{ROOT} .lmc-rm-token")
    assert not [url for url in asked if "_weights" in url]  # nothing before the click
    opened(page, address)
    area, go = page.get_by_label("A text of your own"), page.get_by_role("button", name="Read it")
    assert go.is_disabled()
    area.fill(TEXT)
    go.click()
    wait(page, read="1", busy="")
    found = labels(page)
    shown = page.locator(f"{ROOT} .lmc-rm-token").evaluate_all("all => all.map((e) => e.textContent)")
    assert shown == [real_model_kernel.text_of(real.vocab, i) for i in real.vocab.encode(TEXT)]
    np.testing.assert_allclose([each for _, each in found], bits, atol=0.03)
    per_byte = bits.sum() / len(TEXT.encode())
    assert float(page.get_attribute(ROOT, "data-per-byte")) == pytest.approx(per_byte, abs=0.01)
    page.get_by_role("button", name="A program").click()
    wait(page, tokens=str(len(widget.texts[5]["tokens"])))
    page.get_by_role("button", name="Your own").click()
    wait(page, tokens=str(len(bits)))
    area.fill("one two three four " * 150)
    go.click()
    page.wait_for_function(f"document.querySelectorAll('{ROOT} .lmc-rm-token').length > 2")
    page.get_by_role("button", name="Stop").click()
    wait(page, read="2", busy="")
    assert page.locator(f"{ROOT} .lmc-remark[role=status]").inner_text().startswith("Stopped after ")
    area.fill("鼠" * 4_000)
    go.click()
    wait(page, read="3", busy="")
    said = page.locator(f"{ROOT} .lmc-remark[role=status]").inner_text()
    assert said.startswith("That did not work: a text of ")


def test_a_text_of_ones_own_by_the_kernels_model(page, widget, bits):
    """As in JupyterLab: no file beside the page, but Python answers what the page sends."""
    answer_as_kernel(page, widget, "surprise_reader.js")
    wait(page, state="ready")
    assert page.locator(f"{ROOT} .lmc-status").inner_text() == (
        "Ready: the model in this notebook's kernel is asked."
    )
    assert not page.get_by_role("button", name=LOAD).is_visible()
    page.get_by_label("A text of your own").fill(TEXT)
    page.get_by_role("button", name="Read it").click()
    wait(page, read="1", busy="")
    np.testing.assert_allclose([each for _, each in labels(page)], bits, atol=0.006)
    assert widget.text == TEXT  # which the notebook keeps
    assert widget.shown == len(widget.texts)


def test_without_weights_the_page_says_so(page, tmp_path, monkeypatch):
    def fails():
        raise DataError("could not download it. Check the network, then run: lmcourse data it")

    monkeypatch.setattr(real_model_kernel, "_load", fails)
    open_widgets(page, tmp_path, SurpriseReader())
    said = page.locator(ROOT).inner_text()
    assert "There are no prepared texts: where this page was made, the model was missing. could not" in said
    assert "There is no model beside this page." in said
    assert page.get_by_role("button", name="Read it").is_disabled()
    assert page.locator(f"{ROOT} .lmc-rm-token").count() == 0
    check_looks(page)


def test_the_page_asks_for_nothing_and_carries_little(widget):
    """Of the state what is the widget's own: its texts and its look."""
    state = widget.get_state()
    assert len(json.dumps([state["texts"], state["_css"]])) < 40_000


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, widget, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, widget)
    set_theme(page, theme)
    for name in ("Garden paths", "A program", "Three languages", "Your own"):
        page.get_by_role("button", name=name).click()
        check_looks(page)
