"""Emergence metric in a real browser: its numbers are Python's, by mouse and by keyboard."""

from __future__ import annotations

import json

import pytest
from widget_pages import call_each, check_looks, move, open_widgets, set_theme

from lmcourse.widgets import EmergenceMetric

ROOT = ".lmc-emergence_metric"
SIZES, SHARES = [888, 1620, 2544, 3660, 4968, 28608], [0.042, 0.46, 0.53, 0.67, 0.81, 1.0]
SETTINGS = [(1, 100), (2, 0), (7, 1), (8, 100), (8, 50), (64, 75), (64, 100), (33, 29)]


def test_the_page_computes_what_python_computes(page):
    asked = [
        [{"sizes": SIZES, "accuracies": SHARES, "length": length, "percent": percent}]
        for length, percent in SETTINGS
    ]
    for setting, found in zip(SETTINGS, call_each(page, "emergence_metric.js", "measures", asked)):
        expected = EmergenceMetric(SIZES, SHARES, *setting).measures
        assert found["values"] == pytest.approx(expected["values"], abs=1e-9)
        assert found["needed"] == expected["needed"]
        assert found["doublings"] == pytest.approx(expected["doublings"], abs=1e-9)


def check(page, length: int, percent: int) -> None:
    """The page shows what Python makes of the settings."""
    expected = EmergenceMetric(SIZES, SHARES, length, percent).measures
    values = json.loads(page.get_attribute(ROOT, "data-values"))
    assert values == pytest.approx(expected["values"], abs=1e-9)
    assert page.get_attribute(ROOT, "data-needed") == str(expected["needed"])


def test_the_sliders_by_mouse_and_by_keyboard_and_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, EmergenceMetric(SIZES, SHARES))
    check(page, 8, 100)
    length, percent = (page.locator(f"[data-slider={name}]") for name in ("length", "percent"))
    percent.press("Home")
    check(page, 8, 0)
    assert "Each token counts by itself" in page.locator(f"{ROOT} .lmc-em-said").inner_text()
    assert page.locator(f"{ROOT} .lmc-task.lmc-done").count() == 0
    length.press("End")
    move(page, percent, 75)
    check(page, 64, 75)
    assert "only the metric moved" in page.locator(f"{ROOT} .lmc-task.lmc-done").inner_text()
    length.press("ArrowLeft")
    check(page, 63, 75)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 1000})
    open_widgets(page, tmp_path, EmergenceMetric(SIZES, SHARES), EmergenceMetric(SIZES, SHARES, 64, 75))
    set_theme(page, theme)
    check_looks(page)
