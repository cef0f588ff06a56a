"""Real model in a real browser: its numbers are Python's, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from widget_pages import call_each, check_looks, move, open_widgets, set_theme

from lmcourse.widgets import RealModel

ROOT = ".lmc-real_model"
PROBS = [0, 1e-12, 0.01, 0.25, 1 / 3, 0.5, 0.9, 1]


def test_the_page_computes_what_python_computes(page):
    for p, found in zip(PROBS, call_each(page, "real_model.js", "measures", [[p] for p in PROBS])):
        assert found == pytest.approx(RealModel(p).measures, abs=1e-9)


def check(page, p: float) -> None:
    """The page shows what Python makes of p."""
    for name, expected in RealModel(p).measures.items():
        assert float(page.get_attribute(ROOT, f"data-{name}")) == pytest.approx(expected, abs=1e-9)
    assert page.locator("[data-slider=p]").input_value() == f"{100 * p:.0f}"


def test_the_slider_by_mouse_and_by_keyboard(page, tmp_path):
    open_widgets(page, tmp_path, RealModel())
    check(page, 0.5)
    slider = page.locator("[data-slider=p]")
    move(page, slider, 20)
    check(page, 0.2)
    slider.press("ArrowRight")
    check(page, 0.21)
    slider.press("Home")
    check(page, 0)
    assert page.locator(f"{ROOT} [role=cell]").all_inner_texts() == ["0", "∞", "1.000", "0.000"]
    slider.press("End")
    check(page, 1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, RealModel(0.25), RealModel(0))
    set_theme(page, theme)
    check_looks(page)
