"""All widgets in high contrast and on paper: what stands out on the screen does so there too."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from ipywidgets.embed import dependency_state
from PIL import Image
from samples import SAMPLES
from widget_pages import SHIM, open_widgets, set_theme, settle, write_page

from lmcourse import widgets
from lmcourse.tokenization.bpe import BPE

# The places, among all elements, of those drawn by their background alone: no words, nothing inside.
MARKS = """() => [...document.querySelectorAll(".lmc *")].flatMap((e, i) => {
    const { backgroundColor, backgroundImage } = getComputedStyle(e);
    const painted = backgroundImage !== "none" || !/^rgba\\(.*, 0\\)$/.test(backgroundColor);
    const control = e.matches("input, select, textarea, button");
    const alone = !e.textContent.trim() && !e.children.length && !control;
    return e.tagName === "CANVAS" || (alone && painted) ? [i] : [];
})"""
BOXES = """(marks) => {
    const all = document.querySelectorAll(".lmc *");
    return marks.map((i) => {
        const { left, top, width, height } = all[i].getBoundingClientRect();
        return [i, all[i].className, left + scrollX, top + scrollY, width, height];
    });
}"""
PRINTED = """() => {
    const { color, backgroundColor } = getComputedStyle(document.querySelector(".lmc"));
    const all = [...document.querySelectorAll(".lmc *")].map((e) => getComputedStyle(e).printColorAdjust);
    return [[color, backgroundColor], [...new Set(all)]];
}"""
MODES = [
    ("light", {"forced_colors": "active", "color_scheme": "dark"}),
    ("dark", {"forced_colors": "active", "color_scheme": "light"}),
    ("dark", {"forced_colors": "none", "media": "print"}),
]


def luminance(pixels: np.ndarray) -> np.ndarray:
    """WCAG's, of colours (..., 3) from 0 to 255."""
    linear = np.where(pixels <= 10, pixels / 12.92 / 255, ((pixels / 255 + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def standing_out(page, marks: list[int]) -> dict[int, tuple[str, float]]:
    """For each mark its class and the share of its pixels that stand out from the paper (contrast 1.25)."""
    settle(page)
    image = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    light = luminance(np.asarray(image).astype(float))
    root = page.locator(".lmc").bounding_box()
    paper = light[int(root["y"]) + 4, int(root["x"]) + 30]
    found = {}
    for mark, kind, *box in page.evaluate(BOXES, marks):
        left, top, width, height = map(round, box)
        part = light[max(0, top) : top + height, max(0, left) : left + width]
        if width < 3 or height < 3 or not part.size:
            continue
        contrast = (np.maximum(part, paper) + 0.05) / (np.minimum(part, paper) + 0.05)
        found[mark] = (kind, float((contrast > 1.25).mean()))
    return found


def test_every_widget_has_a_sample():
    assert sorted(SAMPLES) == sorted(widgets.__all__)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_stands_out_does_so_in_high_contrast_and_on_paper(page, tmp_path, name):
    sample = SAMPLES[name]()
    page.emulate_media(reduced_motion="reduce")
    open_widgets(page, tmp_path, sample)
    marks = page.evaluate(MARKS)
    plain = standing_out(page, marks)
    for theme, media in MODES:
        if "media" not in media:  # who prints has the page before him
            page.emulate_media(**media)
            open_widgets(page, tmp_path, sample)
        set_theme(page, theme)
        page.emulate_media(**media)
        found = standing_out(page, marks)
        lost = {
            (kind, share, found[mark][1])
            for mark, (kind, share) in plain.items()
            if share > 0.3 and mark in found and found[mark][1] < share / 3
        }
        assert not lost, f"{name}, {theme}, {media}: {lost}"
    # still as on paper: dark on white, whatever the page was, and fills are not left out to save ink
    colours, adjusted = page.evaluate(PRINTED)
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert adjusted == ["exact"]


@pytest.fixture
def late(page, tmp_path):
    """A page as the book has it: a widget far down, its code in a file that is loaded when it comes near."""
    widget = widgets.EntropyExplorer([0.5, 0.3, 0.2])
    states = dependency_state([widget], drop_defaults=False)
    entry = states[widget.model_id]
    entry["files"] = ["late.js"]
    part = {"state": {"_esm": entry["state"].pop("_esm")}}
    (tmp_path / "late.js").write_text(f"lmcShelf['late.js'] = {json.dumps(part)};", encoding="utf-8")
    address = write_page(tmp_path, states, [widget.model_id])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    text = text.replace("<h1>", '<div style="height: 4000px"></div><h1>')
    view = text.index("</script>", text.index("widget-view+json")) + len("</script>")
    text = f'{text[:view]}<div class="lmc-place"></div>{text[view:]}'
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    page.add_init_script(
        "window.printed = []; window.print = () => printed.push(document.querySelector('.lmc'));"
    )
    page.goto(address)
    page.add_style_tag(path=SHIM.with_name("static_pages.css"))
    return page


@pytest.mark.parametrize("ask", ["button", "keys"])
def test_what_is_printed_waits_for_widgets_far_down(late, ask):
    assert not late.locator(".lmc").count()
    if ask == "keys":
        late.keyboard.press("Control+p")
    else:
        late.evaluate("print()")
    late.wait_for_function("printed.length")
    assert late.evaluate("printed[0] === document.querySelector('.lmc')")
    assert late.locator(".lmc").count() == 1
    late.evaluate("print()")  # now at once
    assert late.evaluate("printed.length") == 2


def test_printing_waits_for_a_widget_that_never_comes_no_longer_than_five_seconds(late, tmp_path):
    late.clock.install()
    (tmp_path / "late.js").write_text("", encoding="utf-8")
    late.evaluate(
        "document.head.append = () => {}"  # its file is asked for, and nothing is heard of it
    )
    late.keyboard.press("Control+p")
    late.clock.run_for(4_900)
    assert late.evaluate("printed.length") == 0
    late.clock.run_for(200)
    late.wait_for_function("printed.length")


def test_what_the_browsers_menu_prints_at_once_says_what_is_lacking(late):
    said = "getComputedStyle(document.querySelector('.lmc-place'), '::after').content"
    assert late.evaluate(said) == "none"
    late.emulate_media(media="print")
    assert "Print once more" in late.evaluate(said)
    late.evaluate("dispatchEvent(new Event('beforeprint'))")
    late.wait_for_selector(".lmc")
    assert late.evaluate(said) == "none"


def test_what_texts_say_stands_in_its_own_direction(page, tmp_path):
    """Words from right to left do so in a page from left to right, and what stands beside them stays."""
    text = "שלום שלום לכם "
    explorer = widgets.NgramExplorer(text, order=2, context="ש")
    outcomes = widgets.EntropyExplorer([0.5, 0.5], outcomes=["שלום", "rain"])
    open_widgets(
        page, tmp_path, explorer, outcomes, widgets.TokenizerExplorer({"BPE": BPE.train(text, 262)}, text)
    )
    found = page.locator(".lmc-token, .lmc-face, .lmc-ng-strip span, bdi, textarea").evaluate_all(
        "all => all.map((e) => [e.value || e.textContent, getComputedStyle(e).direction])"
    )
    hebrew = [direction for words, direction in found if re.search("[א-ת]", words)]
    assert len(hebrew) > 40
    assert set(hebrew) == {"rtl"}
    assert {direction for words, direction in found if re.search("[a-z]", words)} == {"ltr"}


def test_names_of_buttons_hold_what_they_show(page, tmp_path):
    """WCAG 2.5.3: who says what stands on a button presses it. Signs alone are no words to say."""
    open_widgets(page, tmp_path, *(sample() for sample in SAMPLES.values()))
    labels = page.locator(".lmc button[aria-label], .lmc [role=button][aria-label]").evaluate_all(
        "all => all.map((e) => [e.innerText || e.textContent, e.getAttribute('aria-label')])"
    )
    plain = [[re.sub(r"\s+", " ", text).strip().lower() for text in label] for label in labels]
    assert len(plain) > 40
    assert not [label for label in plain if re.search(r"\w", label[0]) and label[0] not in label[1]]
