"""Every page of the built book in a browser: it works offline, on a phone, in the dark and for everyone.

The fixture `page` fails a test for any error on the console and any attempt to reach another host.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
PAGES = sorted(p.relative_to(HTML).as_posix() for p in HTML.rglob("*.html") if "_static" not in p.parts)
AXE = Axe().axe_script
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
OURS = [name for name in PAGES if name.startswith(("book/", "notebooks/"))]


def open_page(page, url: str, mode: str, width: int) -> None:
    """Load a page, unfold what is folded, and have it load its widgets, which else wait to be scrolled to."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=mode, reduced_motion="reduce")
    page.goto(url, wait_until="networkidle")
    page.evaluate("() => document.querySelectorAll('article details').forEach(d => { d.open = true; })")
    page.evaluate("() => { dispatchEvent(new Event('beforeprint')); }")
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.lmc-place')].some(e => !e.childNodes.length)"
    )
    assert page.evaluate("() => document.documentElement.dataset.theme") == mode
    # A reader who asks for less motion waits for nothing, and neither do these tests.
    assert page.evaluate("() => document.querySelector('article').getAnimations({subtree: true}).length") == 0


def not_typeset(page) -> list[str]:
    """Formulas that the build has not turned into something to read."""
    return page.evaluate(
        """() => [...document.querySelectorAll('article .math')]
            .filter(e => !e.querySelector('mjx-container') || e.querySelector('mjx-merror'))
            .map(e => e.outerHTML)"""
    )


def wrong_stops(page) -> list[str]:
    """Formulas that the keyboard should reach and does not, for they scroll, or does and should not."""
    return page.evaluate(
        """async () => {
            await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
            return [...document.querySelectorAll('mjx-container')]
                .filter(e => (e.tabIndex >= 0) !== (getComputedStyle(e).overflowX === 'auto'
                    && e.scrollWidth > e.clientWidth))
                .map(e => e.outerHTML.slice(0, 200));
        }"""
    )


def fonts_missing(page) -> list[str]:
    """Fonts of formulas that the page needs and did not get."""
    return page.evaluate(
        """async () => {
            await document.fonts.ready;
            return [...document.fonts].filter(font => font.status === 'error').map(font => font.family);
        }"""
    )


def bad_images(page) -> list[str]:
    """Images that are not there or that nobody has described."""
    return page.evaluate(
        """async () => {
            const images = [...document.querySelectorAll('article img')];
            for (const image of images) image.loading = 'eager';
            await Promise.all(images.map(image => image.decode().catch(() => null)));
            const undescribed = image => !image.alt.trim() || image.src.endsWith(image.alt);
            return images.filter(image => undescribed(image) || !image.naturalWidth).map(image => image.src);
        }"""
    )


def scrolls_sideways(page) -> bool:
    """Whether the page as a whole is wider than the window, its own scroll bar not counted."""
    return page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth")


def out_of_reach(page) -> list[str]:
    """Elements that stick out to the right and do not lie in a box that scrolls by itself."""
    return page.evaluate(
        """() => {
            const boxed = element => {
                for (let box = element.parentElement; box.tagName !== 'ARTICLE'; box = box.parentElement)
                    if (['auto', 'scroll'].includes(getComputedStyle(box).overflowX)) return true;
                return false;
            };
            const edge = document.documentElement.clientWidth;
            return [...document.querySelectorAll('article *')]
                .filter(e => !e.closest('mjx-assistive-mml, .visually-hidden'))
                .filter(e => e.getBoundingClientRect().right > edge + 1 && !boxed(e))
                .map(e => e.outerHTML.slice(0, 200));
        }"""
    )


def needless_scroll_bars(page) -> list[str]:
    """Boxes with a scroll bar although all in them can be seen, and formulas in a line that scroll."""
    return page.evaluate(
        """() => {
            const scrolls = element => {
                const { display, overflowX, overflowY } = getComputedStyle(element);
                const scrolling = value => value !== 'visible' && value !== 'clip';
                return display !== 'inline' && (scrolling(overflowX) || scrolling(overflowY));
            };
            // What is seen of a node: its text, or itself if there is nothing in it or if it clips what is.
            // One range for all texts: every range there is slows each later change to the page.
            const range = document.createRange();
            const seen = node => {
                if (node.nodeType === Node.TEXT_NODE) {
                    range.selectNodeContents(node);
                    return [...range.getClientRects()];
                }
                if (node.nodeType !== Node.ELEMENT_NODE) return [];
                if (node.matches('mjx-assistive-mml, .visually-hidden')) return [];
                return node.childNodes.length && !scrolls(node)
                    ? [...node.childNodes].flatMap(seen) : [...node.getClientRects()];
            };
            const needless = box => {
                const style = getComputedStyle(box), edge = box.getBoundingClientRect();
                const border = side => parseFloat(style[`border${side}Width`]);
                const below = box.offsetHeight - box.clientHeight - border('Top') - border('Bottom') > 1;
                const beside = box.offsetWidth - box.clientWidth - border('Left') - border('Right') > 1;
                if (!below && !beside) return false;
                const inside = [...box.childNodes].flatMap(seen).filter(rect => rect.width && rect.height);
                const wide = Math.max(...inside.map(rect => rect.right)) + box.scrollLeft
                    > edge.left + border('Left') + box.clientWidth;
                const high = Math.max(...inside.map(rect => rect.bottom)) + box.scrollTop
                    > edge.top + border('Top') + box.clientHeight;
                return (below && !wide) || (beside && !high);
            };
            const there = box => box.checkVisibility({ visibilityProperty: true });
            const boxes = [...document.querySelectorAll('body *')].filter(box => there(box) && scrolls(box));
            const inLine = box => box.matches('span.math, mjx-container:not([display="true"])');
            return boxes.filter(box => inLine(box) || needless(box)).map(box => box.outerHTML.slice(0, 200));
        }"""
    )


def leave_one_of_each(page) -> None:
    """Of the coloured words of code leave one of each look: thousands are alike, and axe takes long for each.

    Whether words can be read depends on their colour, size, weight, and the ground that they stand on.
    """
    page.evaluate(
        """() => {
            const seen = new Set();
            const ground = element => {
                while (getComputedStyle(element).backgroundColor === 'rgba(0, 0, 0, 0)'
                    && element.parentElement) element = element.parentElement;
                return getComputedStyle(element).backgroundColor;
            };
            const alike = word => {
                const { color, opacity, fontSize, fontWeight } = getComputedStyle(word);
                const look = [color, opacity, fontSize, fontWeight, ground(word)].join();
                return seen.has(look) || !seen.add(look);
            };
            // All are looked at before the first is taken out: each change has all styles computed anew.
            [...document.querySelectorAll('article pre span')]
                .filter(word => alike(word) && word.attributes.length <= 1)
                .forEach(word => word.replaceWith(...word.childNodes));
            document.querySelectorAll('article pre').forEach(code => code.normalize());
        }"""
    )


def serious_violations(page) -> list[str]:
    """What axe-core finds in our own content and rates serious or critical; the page is less afterwards."""
    leave_one_of_each(page)
    page.evaluate(AXE)
    # Without preloading: axe looks for style sheets that others import in the wrong folder.
    found = page.evaluate(
        """async () => {
            const options = { resultTypes: ["violations"], preload: false };
            return (await axe.run("article.bd-article", options)).violations;
        }"""
    )
    return [
        f"{violation['id']}: {node['html'][:200]}: {node.get('failureSummary')}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def test_the_book_is_there(book_dir):
    assert len(OURS) >= 10, f"only {len(OURS)} pages in {book_dir}"


@pytest.mark.parametrize("name", OURS)
def test_page_on_a_desk(page, base_url, name):
    open_page(page, f"{base_url}/{name}", mode="light", width=1280)
    assert not_typeset(page) == []
    assert fonts_missing(page) == []
    assert bad_images(page) == []
    assert not scrolls_sideways(page)
    assert needless_scroll_bars(page) == []
    assert serious_violations(page) == []


@pytest.mark.parametrize("name", OURS)
def test_page_on_a_phone_in_the_dark(page, base_url, name):
    open_page(page, f"{base_url}/{name}", mode="dark", width=360)
    assert not scrolls_sideways(page)
    assert out_of_reach(page) == []
    assert serious_violations(page) == []  # before the width changes: stops follow it a while later
    page.set_viewport_size({"width": 390, "height": 800})
    assert wrong_stops(page) == []
    assert not scrolls_sideways(page)
    assert needless_scroll_bars(page) == []


@pytest.mark.parametrize("name", OURS)
def test_page_opens_from_disk(page, book_dir, name):
    open_page(page, (book_dir / name).as_uri(), mode="light", width=1280)
    assert not_typeset(page) == []


@pytest.mark.parametrize("name", ["index.html", "genindex.html", "search.html"])
def test_page_of_the_theme(page, base_url, name):
    page.goto(f"{base_url}/{name}", wait_until="networkidle")
    assert page.title()


@pytest.mark.parametrize(
    "place",
    ["04_neural/gradients.html#the-laboratory", "01_language_models/decoding.html#the-parrot-problem"],
)
def test_a_link_to_a_heading_leads_to_it_on_a_slow_line(browser, base_url, place):
    """Also while figures, fonts and widgets above it are still on their way; thrice, since it is a race."""
    for _ in range(3):
        context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True)
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SLOW)
        page.goto(f"{base_url}/notebooks/{place}", wait_until="networkidle", timeout=90_000)
        off = page.evaluate(
            """() => document.querySelector(location.hash).querySelector('h2, h3').getBoundingClientRect().top
                - parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop)"""
        )
        assert abs(off) < 40
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        context.close()


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("notebooks/05_transformers/live.html", ".article-header-buttons"),
        ("book/notation.html", "article p:has(mjx-container)"),
    ],
)
def test_nothing_moves_when_icons_and_the_fonts_of_formulas_come(page, base_url, name, box):
    page.set_viewport_size({"width": 390, "height": 844})
    late = re.compile(r"\.woff")
    sizes = []
    page.route(late, lambda route: route.fulfill(body=b""))
    for _ in range(2):
        page.goto(f"{base_url}/{name}", wait_until="networkidle")
        size = page.locator(box).first.bounding_box()
        sizes.append((size["width"], size["height"]))
        page.unroute(late)
    assert sizes[0] == pytest.approx(sizes[1], abs=1)


def test_search_finds_a_page(page, base_url):
    page.goto(f"{base_url}/search.html?q=token")
    page.wait_for_selector("#search-results li a")


class Page(HTMLParser):
    """The anchors of a page, what it links to, and what it loads."""

    def __init__(self, text: str):
        """Read the text of a page."""
        super().__init__()
        self.ids: list[str] = []
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        values = {key: value or "" for key, value in attrs}
        self.ids += [values["id"]] if "id" in values else []
        self.anchors |= {values[key] for key in ("id", "name") if key in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") not in ("canonical", "next", "prev"):
            self.loads.append(values.get("href", ""))
        self.loads += [values[key] for key in ("src", "srcset", "poster", "data") if key in values]


def test_links_lead_somewhere_and_nothing_is_loaded_from_elsewhere(book_dir):
    pages = {name: Page((book_dir / name).read_text(encoding="utf-8")) for name in PAGES}
    wrong = []
    for name, page in pages.items():
        for url in page.links + page.loads:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                if url in page.loads and parts.scheme != "data":
                    wrong.append(f"{name} loads {url}")
                continue
            target = unquote(urlsplit(urljoin(f"/{name}", url)).path).lstrip("/") or "index.html"
            if not (book_dir / target).is_file():
                wrong.append(f"{name} links to {url}: no such file")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                wrong.append(f"{name} links to {url}: no such place on that page")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", OURS)
def test_no_dollar_is_left_of_a_formula(book_dir, name):
    """A formula whose dollars are read, since the Markdown around it did not let it be one."""
    text = (book_dir / name).read_text(encoding="utf-8")
    text = re.sub(r"(?s)<(pre|code|script|style|svg|title|mjx-container)\b.*?</\1>", "", text)
    assert re.findall(r".*\$.*", re.sub(r"(?s)<[^>]*>", "", text)) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_two_places_of_a_page_have_one_name(book_dir, name):
    ids = Page((book_dir / name).read_text(encoding="utf-8")).ids
    assert len(ids) == len(set(ids)), {each for each in ids if ids.count(each) > 1}


def test_every_notebook_page_offers_colab_and_a_download(book_dir):
    repository = yaml.safe_load((HTML.parents[1] / "_config.yml").read_text(encoding="utf-8"))["repository"]
    where = repository["url"].removeprefix("https://github.com/")
    for name in (n for n in OURS if n.startswith("notebooks/")):
        links = Page((book_dir / name).read_text(encoding="utf-8")).links
        notebook = re.sub(r"html$", "ipynb", name)
        assert (
            f"https://colab.research.google.com/github/{where}/blob/{repository['branch']}/{notebook}"
            in links
        )
        assert any(link.endswith(f"_sources/{notebook}") for link in links)
