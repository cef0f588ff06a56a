"""What one finds in the built book: by the search, in the index of concepts, beside a term."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

PAGE = "notebooks/02_information_theory/surprise.html"


def results(page, address: str, question: str) -> list[tuple[str, str]]:
    """Title and address, from the book's top, of what the search finds, the best first."""
    page.goto(f"{address}/search.html?q={quote(question)}")
    page.wait_for_function("() => /finished|did not match/.test(document.body.innerText)")
    found = page.eval_on_selector_all(
        "#search-results li > a", "links => links.map(a => [a.textContent, a.getAttribute('href')])"
    )
    return [tuple(each) for each in found]


@pytest.mark.parametrize(
    ("question", "title", "place"),
    [
        # A page, a term, and a word of many pages.
        ("Smoothing", "Smoothing", "notebooks/03_ngrams/smoothing.html"),
        ("perplexity", "perplexity", "book/concepts.html#concept-perplexity"),
        ("kneser-ney", "Kneser\N{EN DASH}Ney", "book/concepts.html#concept-kneser-ney"),
        ("perplexities", "perplexity", "book/concepts.html#concept-perplexity"),
        ("N-grams", "n-gram", "book/concepts.html#concept-n-gram"),
        ("AR(p)", "AR(p), autoregressive process", "book/concepts.html#concept-ar-p-autoregressive-process"),
        (
            "\uff22\uff30\uff25",
            "byte-pair encoding (BPE)",
            "book/concepts.html#concept-byte-pair-encoding-bpe",
        ),
        ("BPE", "byte-pair encoding (BPE)", "book/concepts.html#concept-byte-pair-encoding-bpe"),
        (
            "absolute_discounting",
            "lmcourse.ngram.smoothing.absolute_discounting",
            "book/concepts.html#lmcourse.ngram.smoothing.absolute_discounting",
        ),
        (
            "NgramModel",
            "lmcourse.ngram.model.NgramModel",
            "book/concepts.html#lmcourse.ngram.model.NgramModel",
        ),
        ("The block", "The block", "notebooks/05_transformers/block.html"),
    ],
)
def test_what_is_called_as_asked_stands_first(page, base_url, question, title, place):
    assert results(page, base_url, question)[0] == (title, place)


@pytest.mark.parametrize("question", ["南京", "南京市", "京", "长江大桥"])
def test_chinese_is_found_by_its_characters(page, base_url, question):
    places = [place for _, place in results(page, base_url, question)]
    assert "notebooks/01_language_models/chinese_segmentation.html" in places
    assert len(places) < 10


def test_chinese_that_stands_nowhere_is_not_found(page, base_url):
    assert results(page, base_url, "桥京") == []  # its characters stand in the book, side by side they do not


def test_the_search_works_from_disk(page, book_dir):
    page.goto(f"{book_dir.as_uri()}/search.html?q=perplexity")
    page.wait_for_selector("#search-results li > a")
    assert page.text_content("#search-results li > a") == "perplexity"


def test_no_more_than_the_first_ten_results_are_read_for_a_summary(page, base_url):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    found = results(page, base_url, "token")
    page.wait_for_load_state("networkidle")
    assert len(found) > 20
    assert 0 < len([url for url in asked if re.search("/(book|notebooks)/.*html", url)]) <= 10


def test_one_letter_is_too_little_to_search_for(page, base_url):
    page.goto(f"{base_url}/search.html?q=n")
    page.get_by_text("please give at least two").wait_for()
    assert page.locator("#search-results li").count() == 0


def row(book_dir, anchor: str) -> str:
    """An entry of the index of concepts, its white space aside."""
    text = (book_dir / "book/concepts.html").read_text(encoding="utf-8")
    found = re.search(rf'<dt[^>]* id="{re.escape(anchor)}".*?</dd>', text, re.S)
    return re.sub(r"\s+", " ", found[0])


def test_the_index_leads_from_a_concept_to_pages_functions_and_exercises(book_dir):
    found = row(book_dir, "concept-surprisal")
    assert 'href="glossary.html#term-surprisal"' in found
    assert 'href="../notebooks/02_information_theory/surprise.html#explained-surprisal"' in found
    assert 'href="#lmcourse.information.measures.surprisal"' in found
    assert re.search(r'02-information/information.html#what-a-text-costs[^"]*">2.1 What a text costs', found)
    function = row(book_dir, "lmcourse.information.measures.surprisal")
    assert 'href="../notebooks/02_information_theory/surprise.html"' in function
    assert "2.1 What a text costs" in function


def test_every_concept_leads_to_a_page(book_dir):
    text = (book_dir / "book/concepts.html").read_text(encoding="utf-8")
    entries = re.findall(r'<dt[^>]* id="(concept-[^"]*)".*?</dt>\s*<dd>(.*?)</dd>', text, re.S)
    glossary = (book_dir / "book/glossary.html").read_text(encoding="utf-8")
    assert len(entries) == glossary.count('<dt id="term-')
    assert [name for name, lines in entries if "notebooks/" not in lines and "index.html" not in lines] == []


def open_term(page, base_url, *, width: int = 1280):
    """A page with a term that the glossary has, and the term in view."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{base_url}/{PAGE}", wait_until="load")
    link = page.locator("a.term", has_text="Perplexity").first
    link.scroll_into_view_if_needed()
    return link


def is_shown(page) -> bool:
    """Whether a definition is there."""
    return page.evaluate("() => document.querySelector('#definition')?.checkVisibility() ?? false")


def test_a_definition_comes_to_the_pointer_and_stays_until_it_leaves(page, base_url):
    link, box = open_term(page, base_url), page.locator("#definition")
    link.hover()
    box.wait_for(state="visible")
    assert "equally likely" in box.text_content()
    assert link.get_attribute("aria-describedby") == "definition"
    box.hover()
    page.wait_for_timeout(400)  # longer than it takes to go
    assert is_shown(page)
    page.keyboard.press("Escape")
    assert not is_shown(page)
    link.hover(position={"x": 2, "y": 2})
    page.locator("article h1").hover()
    box.wait_for(state="hidden")


def test_a_definition_comes_to_the_keyboard(page, base_url):
    link = open_term(page, base_url)
    page.keyboard.press("Tab")
    link.focus()
    assert is_shown(page)
    page.keyboard.press("Escape")
    assert not is_shown(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary.html#term-perplexity")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_finger_sees_the_definition_first_and_follows_the_link_then(browser, base_url, mode):
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True, color_scheme=mode
    )
    page = context.new_page()
    link = open_term(page, base_url, width=390)
    link.tap()
    page.locator("#definition").wait_for(state="visible")
    assert page.url.endswith("surprise.html")
    inside = page.evaluate(
        "() => { const r = document.querySelector('#definition').getBoundingClientRect();"
        " return r.left >= 0 && r.right <= document.documentElement.clientWidth; }"
    )
    assert inside
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    colours = page.evaluate(
        "() => { const s = getComputedStyle(document.querySelector('#definition'));"
        " return [s.color, s.backgroundColor]; }"
    )
    bright = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours]
    assert abs(bright[0] - bright[1]) > 400
    link.tap()
    page.wait_for_url("**/glossary.html#term-perplexity")
    context.close()


def test_folded_code_with_nothing_between_shares_one_bar(book_dir):
    fold = r'<details class="[^"]*above-input[^"]*">(?:(?!</details>).)*</details>\s*'
    between = r'</div>\s*<div class="cell[^>]*>\s*'
    for path in sorted(book_dir.glob("notebooks/*/*.html")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(fold + between + r'<details class="[^"]*above-input', text, re.S), path


def test_a_table_that_scrolls_says_so(page, base_url):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{base_url}/book/notation.html", wait_until="load")
    box = page.locator(".pst-scrollable-table-container").first
    page.wait_for_selector('.pst-scrollable-table-container[data-more="right"]')
    assert box.get_attribute("role") == "group"
    assert box.get_attribute("aria-label") == "Table, scrolls sideways"
    box.evaluate("box => { box.scrollLeft = 40; }")
    page.wait_for_selector('.pst-scrollable-table-container[data-more="left right"]')
    page.set_viewport_size({"width": 1600, "height": 800})
    page.wait_for_function("() => !document.querySelector('[data-more]')")
    assert box.get_attribute("role") is None
    assert box.get_attribute("aria-label") is None


def test_a_formula_that_scrolls_says_so(page, base_url):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{base_url}/notebooks/04_neural/word_vectors.html", wait_until="load")
    box = page.locator("mjx-container[tabindex='0']").first
    box.wait_for()
    assert box.get_attribute("role") == "group"
    assert box.get_attribute("aria-label") == "Formula, scrolls sideways"


def focused(page, within: str) -> bool:
    """Whether what has the focus lies in an element, or is it."""
    return page.evaluate("within => !!document.activeElement.closest(within)", within)


def test_the_first_widget_is_a_few_keys_away(page, base_url):
    page.goto(f"{base_url}/notebooks/05_transformers/masks.html", wait_until="load")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the first widget"
    page.keyboard.press("Enter")
    page.wait_for_selector(".lmc-place .lmc")
    page.keyboard.press("Tab")
    assert focused(page, ".lmc-place .lmc :is(button, input, select, textarea)")


def test_the_text_is_a_few_keys_away_and_copy_buttons_are_one_stop(page, base_url):
    page.goto(f"{base_url}/{PAGE}", wait_until="load")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page, "article")
    buttons = page.locator("button.copybtn")
    assert buttons.count() > 5
    assert page.locator("button.copybtn[tabindex='0']").count() == 1
    buttons.first.focus()
    page.keyboard.press("ArrowDown")
    assert buttons.nth(1).evaluate("one => one === document.activeElement && one.tabIndex === 0")
    assert page.locator("button.copybtn[tabindex='0']").count() == 1


def test_words_of_a_phones_table_stay_whole(page, base_url):
    page.set_viewport_size({"width": 390, "height": 800})
    for name in ("deployment", "licences", "notation"):
        page.goto(f"{base_url}/book/{name}.html", wait_until="load")
        broken = page.evaluate(
            r"""() => [...document.querySelectorAll('article :is(th, td)')].flatMap(cell => {
                const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), found = [];
                for (let node; (node = walker.nextNode());) {
                    if (node.parentElement.closest('mjx-container')) continue;
                    for (const word of node.data.matchAll(/\p{L}{2,}/gu)) {
                        const range = document.createRange();
                        range.setStart(node, word.index);
                        range.setEnd(node, word.index + word[0].length);
                        const lines = new Set([...range.getClientRects()].map(rect => Math.round(rect.top)));
                        if (lines.size > 1) found.push(word[0]);
                    }
                }
                return found;
            })"""
        )
        assert broken == [], name
