"""The pages' weight has limits, their widgets are as high as their places, and what is far away waits."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "book/_ext"))
import page_weights  # noqa: E402

# Bytes as a server sends them, of all that a page names, however far down (see page_weights.py).
FRONT, HEAVIEST = 200_000, 600_000
HEIGHTS = ROOT / "book/_ext/widget_heights.json"
KNOWN = json.loads(HEIGHTS.read_text(encoding="utf-8"))
WITH_WIDGETS = sorted(
    path.relative_to(HTML).with_suffix("").as_posix()
    for folder in ("book", "notebooks")
    for path in (HTML / folder).rglob("*.html")
    if 'class="lmc-place"' in path.read_text(encoding="utf-8")
)
SHIFT = """
    window.shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => shift += entry.value))
        .observe({ type: "layout-shift", buffered: true });
"""
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))"
KEPT = """() => [...document.querySelectorAll('.lmc-place')].map(
    (place) => parseFloat(getComputedStyle(place).getPropertyValue('--kept')))"""
TALL = "() => [...document.querySelectorAll('.lmc-place')].map((place) => place.offsetHeight)"


def test_no_page_is_heavier_than_its_limit(book_dir):
    weights = {weight.page: weight for weight in page_weights.all_pages(book_dir.resolve())}
    over = {page: w.compressed for page, w in weights.items() if w.compressed > HEAVIEST}
    assert not over, f"heavier than {HEAVIEST} bytes: {over}"
    front = weights["book/index.html"]
    assert front.compressed <= FRONT, f"the front page: {front}"


def test_what_is_counted_is_what_a_browser_asks_for(page, base_url, book_dir):
    asked = set()
    page.on("request", lambda request: asked.add(request.url.removeprefix(f"{base_url}/").partition("?")[0]))
    name = next(n for n in WITH_WIDGETS if "01_language_models" in n)
    page.goto(f"{base_url}/{name}.html")
    everything(page)
    counted = page_weights.weigh(book_dir.resolve() / f"{name}.html", book_dir.resolve())
    assert asked <= set(counted.files)


def everything(page) -> None:
    """Have a page load what would wait until it is scrolled to."""
    page.evaluate(
        """() => {
            for (const image of document.images) image.loading = 'eager';
            dispatchEvent(new Event('beforeprint'));
        }"""
    )
    page.wait_for_function(
        "() => [...document.querySelectorAll('.lmc-place')].every((place) => place.childNodes.length)"
    )
    page.wait_for_load_state("networkidle")


def test_every_widget_has_a_place_of_known_height():
    assert sorted(KNOWN) == WITH_WIDGETS, "run `make weigh`"


@pytest.mark.parametrize("width", [390, 600, 1280])
@pytest.mark.parametrize("name", WITH_WIDGETS)
def test_widgets_are_as_high_as_their_places(page, base_url, name, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{base_url}/{name}.html")
    reserved = page.evaluate(KEPT)
    everything(page)
    # Some lines more or less: another font, another word.
    for kept, found in zip(reserved, page.evaluate(TALL)):
        assert abs(kept - found) <= max(80, 0.2 * found), f"{kept} kept, {found} needed: run `make weigh`"


@pytest.mark.parametrize("width", [390, 1280])
def test_the_front_page_stays_where_it_is_when_its_widget_comes(page, base_url, width):
    page.set_viewport_size({"width": width, "height": 2400})  # what follows the widget is in view
    page.add_init_script(SHIFT)
    held = []
    page.route("**/widgets/*.js", lambda route: held.append(route))
    page.goto(f"{base_url}/book/index.html", wait_until="domcontentloaded")
    page.evaluate(DRAWN)
    assert not page.locator(".lmc").count()
    for route in held:
        route.continue_()
    page.wait_for_selector(".lmc-place .lmc")
    page.evaluate(DRAWN)
    assert page.evaluate("shift") <= 0.02


def test_a_widget_far_down_is_loaded_when_it_comes_near(page, book_dir):
    """From disk, where a page may load scripts, but no other files."""
    name = next(n for n in WITH_WIDGETS if "01_language_models/subwords" in n)
    asked = []
    page.on("request", lambda request: asked.append(request.url.split("/")[-1]))
    page.goto((book_dir / f"{name}.html").as_uri())
    page.wait_for_load_state("networkidle")
    assert page.locator(".lmc-place").count() == 1
    assert page.evaluate("document.querySelector('.lmc-place').getBoundingClientRect().top") > 3000
    assert not [each for each in asked if each.startswith("TokenizerExplorer")]
    assert not page.locator(".lmc").count()
    page.locator(".lmc-place").scroll_into_view_if_needed()
    page.wait_for_selector(".lmc-place .lmc")
    assert len([each for each in asked if each.startswith("TokenizerExplorer")]) == 1


def test_a_widget_whose_file_is_lost_says_so(browser, base_url):
    page = browser.new_page()
    page.route("**/widgets/TemperatureExplorer-*.js", lambda route: route.abort())
    page.goto(f"{base_url}/book/index.html")
    said = page.locator(".lmc-place[role=alert]")
    said.wait_for()
    assert "could not be loaded" in said.inner_text()
    page.unroute("**/widgets/TemperatureExplorer-*.js")
    said.get_by_role("button", name="Try again").click()
    page.wait_for_selector(".lmc-place .lmc")
    assert said.count() == 0
    page.close()
