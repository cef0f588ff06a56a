"""The front page: what a newcomer sees first, and the beginning that models of every chapter go on with."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

FRONT = "book/index.html"


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desk", "phone"])
def test_who_opens_the_book_sees_where_to_start(page, base_url, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{base_url}/{FRONT}", wait_until="networkidle")
    start = page.locator(".course-start")
    box = start.bounding_box()
    assert box["y"] + box["height"] < size[1]
    facts = page.locator(".course-start >> xpath=following::p[1]")
    assert re.search(r"chapters are ready: \d+ pages, about \d+ hours of reading", facts.inner_text())
    start.click()
    assert page.locator("h1").first.inner_text().startswith("What is a language model?")


def test_each_chapter_has_a_card_with_its_state_and_a_picture(page, base_url):
    page.goto(f"{base_url}/{FRONT}", wait_until="networkidle")
    ready, planned = page.locator(".course-cards .ready"), page.locator(".course-cards .planned")
    for i in range(ready.count()):
        picture = ready.nth(i).locator("svg.thumbnail")
        assert picture.bounding_box()["height"] > 40
        assert len(picture.get_attribute("aria-label")) > 40
        assert re.search(r"Begin with .*\n+.*about \d+ hours?", ready.nth(i).inner_text())
        newest = i == ready.count() - 1  # its assignment may still be to come
        assert newest or ready.nth(i).locator("a", has_text="Assignment").count()
    for i in range(planned.count()):
        assert "(planned)" in planned.nth(i).inner_text()
        assert planned.nth(i).locator("a").count() == 0
    assert planned.count() == page.locator("[id^=planned-]").count()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_another_beginning_is_chosen_by_the_keyboard(page, base_url, mode):
    page.emulate_media(color_scheme=mode)
    page.goto(f"{base_url}/{FRONT}", wait_until="networkidle")
    shown = page.locator(".lmc-side .said:visible")
    assert shown.count() == 1
    assert shown.locator("table").count() == 5
    before = shown.inner_text()
    page.locator(".lmc-side input:checked").focus()
    page.keyboard.press("ArrowUp")
    assert shown.count() == 1
    assert shown.inner_text() != before
    # The longest bar of all panels has its room; the page's own ground lies behind it.
    widths = shown.locator("td span").evaluate_all(
        "bars => bars.map(bar => bar.getBoundingClientRect().width)"
    )
    assert max(widths) > 25
    ground = page.locator(".lmc-side").evaluate("e => getComputedStyle(e.parentElement).backgroundColor")
    assert ground == "rgba(0, 0, 0, 0)"


def test_other_sites_find_the_picture_and_all_pages(book_dir):
    html = (book_dir / FRONT).read_text(encoding="utf-8")
    base = re.search(r'<link rel="canonical" href="(.*?)book/index.html"', html)[1]
    image = re.search(r'property="og:image" content="(.*?)"', html)[1]
    assert image.startswith(base)
    assert (book_dir / image.removeprefix(base)).read_bytes().startswith(b"\x89PNG")
    addresses = [e.text for e in ElementTree.parse(book_dir / "sitemap.xml").iter() if e.tag.endswith("loc")]
    assert all((book_dir / address.removeprefix(base)).is_file() for address in addresses)
    assert base + FRONT in addresses
    assert len(addresses) >= 10


def test_a_dead_link_leads_on(page, base_url, book_dir):
    """Where the book stands at its own address, from however deep; here at the top of this machine's."""
    html = (book_dir / "404.html").read_text(encoding="utf-8")
    page.route(
        "**/nowhere/at/all",
        lambda route: route.fulfill(
            status=200,
            content_type="text/html",
            body=re.sub('<base href=".*?"', f'<base href="{base_url}/"', html),
        ),
    )
    page.goto(f"{base_url}/nowhere/at/all")
    page.get_by_role("link", name="front page").click()
    page.wait_for_selector(".course-start")
    page.wait_for_load_state("networkidle")
    page.goto(f"{base_url}/nowhere/at/all")
    page.get_by_role("searchbox").fill("arithmetic coder")
    page.get_by_role("button", name="Search").click()
    page.wait_for_selector("#search-results li a")
    page.wait_for_load_state("networkidle")
