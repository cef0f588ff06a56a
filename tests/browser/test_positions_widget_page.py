"""The position explorer in a real browser: its numbers are Python's, by mouse and by keyboard."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest
from widget_pages import call_each, check_looks, move, open_widgets, set_theme

from lmcourse.transformer.positions import alibi_slopes
from lmcourse.widgets import PositionExplorer

ROOT = ".lmc-positions"
STATUS = f"{ROOT} .lmc-po-status"
NAMES = ["kind", "size", "base", "query", "distance", "pair", "vectors", "n_heads", "head", "seed"]
SETTINGS = [
    {"kind": k, "size": s, "base": b, "query": q, "distance": 5, "pair": s // 3, "vectors": v, "seed": s}
    for k, (s, b), q, v in product(
        ["rope", "sinusoidal", "learned"], [(2, 10.0), (8, 1e4), (32, 5e5)], [0, 127], ["ones", "random"]
    )
] + [
    {"kind": "alibi", "query": q, "n_heads": n, "head": h}
    for q, (n, h) in product([0, 77], [(1, 0), (6, 5), (8, 3), (12, 15)])
]


def test_the_page_computes_what_python_computes(page):
    widgets = [PositionExplorer(**setting) for setting in SETTINGS]
    labs = [[{name: getattr(w, name) for name in NAMES}] for w in widgets]
    for widget, found in zip(widgets, call_each(page, "positions.js", "measures", labs)):
        expected = widget.measures
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, atol=1e-9, err_msg=f"{name} {widget.kind}")


def test_slopes_are_those_of_the_package(page):
    heads = range(1, 17)
    for n, found in zip(heads, call_each(page, "positions.js", "slopes", [[n] for n in heads])):
        assert found == alibi_slopes(n)


def check(page, **setting) -> None:
    """The page shows what Python makes of a setting."""
    widget = PositionExplorer(**setting)
    shown = [float(x) for x in page.get_attribute(ROOT, "data-scores").split()]
    assert shown == pytest.approx(widget.measures["scores"], abs=1e-9)
    distance = min(widget.distance, widget.query)
    said = page.locator(STATUS).inner_text()
    assert f"key at {widget.query - distance}, distance {distance}" in said


def test_all_choices_by_mouse_and_by_keyboard(page, tmp_path):
    open_widgets(page, tmp_path, PositionExplorer())
    check(page)
    move(page, page.locator("[data-slider=query]"), 60)
    check(page, query=60)
    page.locator("[data-slider=query]").press("ArrowRight")
    page.locator("[data-slider=distance]").press("End")
    setting: dict = {"query": 61, "distance": 61}
    check(page, **setting)
    page.locator("[data-slider=size]").press("ArrowRight")
    page.locator("[data-slider=base]").press("ArrowLeft")
    page.locator("[data-choice=vectors]").select_option("random")
    setting |= {"size": 10, "base": 3000.0, "vectors": "random"}
    check(page, **setting)
    page.get_by_role("button", name="Other numbers").press("Enter")
    setting["seed"] = 1
    check(page, **setting)
    for kind in ("sinusoidal", "learned", "alibi"):
        page.locator("[data-choice=kind]").select_option(kind)
        check(page, kind=kind, **setting)
    page.locator("[data-slider=n_heads]").press("Home")
    assert page.locator("[data-slider=head]").get_attribute("max") == "0"
    check(page, kind="alibi", n_heads=1, **setting)
    assert not page.locator("[data-slider=base]").is_visible()
    page.locator("[data-slider=query]").press("Home")  # nothing stands before it
    check(page, kind="alibi", n_heads=1, query=0)


def exact(x: float) -> str:
    """As the page writes it: four digits, a true minus."""
    return f"{x:.4g}".replace("-", "\u2212")


def test_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, PositionExplorer())
    task = page.locator(".lmc-task >> visible=true")
    seen, query = task.locator("[role=status]"), page.locator("[data-slider=query]")
    page.locator("[data-slider=distance]").press("ArrowRight")
    page.locator("[data-slider=base]").press("ArrowLeft")  # moves the curve, and is not the query
    assert seen.inner_text() == ""
    move(page, query, 60)
    score = PositionExplorer(base=3000.0, query=60).measures["scores"][4]
    text = re.match(
        r"It stands still: seen from (\d+) as from 100, a key 4 back scores (.*), and", seen.inner_text()
    )
    assert text
    assert 60 <= int(text[1]) < 100  # the first stop on the way there
    assert text[2] == exact(score)
    assert task.count() == 1

    page.locator("[data-choice=kind]").select_option("learned")
    assert seen.inner_text() == ""
    query.press("ArrowLeft")
    before, after = (PositionExplorer(kind="learned", query=q).measures["scores"] for q in (60, 59))
    at = int(np.argmax(np.abs(np.subtract(before[:60], after))))
    assert seen.inner_text() == (
        f"It is another curve: a key {at} back scored {exact(before[at])}, seen from 60, and scores "
        f"{exact(after[at])}, seen from 59."
    )
    page.locator("[data-choice=kind]").select_option("rope")
    assert seen.inner_text().startswith("It stands still")  # what was seen stays


def test_what_is_said_of_two_curves(page):
    curves = [[100, list(range(101))], [3, [0, 1, 2, 3]], [2, [0, 1, 5]], [1, [0, 1]]]
    pairs = [(0, 1), (1, 2), (0, 3), (0, 0)]
    still, other, few, same = call_each(
        page, "positions.js", "comparison", [[curves[a], curves[b], 9] for a, b in pairs]
    )
    assert still.startswith("It stands still: seen from 3 as from 100, a key 3 back scores 3,")
    assert other == "It is another curve: a key 2 back scored 2, seen from 3, and scores 5, seen from 2."
    assert few == same == ""


def test_the_marks_of_query_and_key_are_seen_in_high_contrast(page, tmp_path):
    page.emulate_media(forced_colors="active")
    open_widgets(page, tmp_path, PositionExplorer())
    edge = "e => { const s = getComputedStyle(e); return [s.borderLeftWidth, s.borderLeftStyle]; }"
    marks = [page.locator(f"{ROOT} .lmc-po-mark.lmc-po-{name}").evaluate(edge) for name in ("query", "key")]
    assert marks == [["2px", "solid"], ["2px", "dashed"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, PositionExplorer(), PositionExplorer(kind="alibi"))
    set_theme(page, theme)
    check_looks(page)


def test_the_parser_is_asked_for_the_drawings_namespace_once(page, tmp_path):
    page.add_init_script(
        "window.parsed = 0; const Parser = DOMParser;"
        "window.DOMParser = class extends Parser { constructor() { super(); window.parsed++; } };"
    )
    open_widgets(page, tmp_path, PositionExplorer())
    assert page.locator(".lmc svg *").count() > 5
    assert page.evaluate("parsed") == 1
