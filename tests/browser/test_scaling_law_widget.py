"""Scaling law in a real browser: its numbers are Python's, by mouse and by keyboard."""

from __future__ import annotations

import json

import pytest
from widget_pages import call_each, check_looks, open_widgets, set_theme

from lmcourse.scaling.laws import Law
from lmcourse.widgets import ScalingLaw

ROOT = ".lmc-scaling_law"
LAWS = {"our own": Law(1.19, 1142.0, 48.9, 1.058, 0.492), "Chinchilla": Law(1.69, 406.4, 410.7, 0.34, 0.28)}
RUNS = [(11_984, 278_000, 1.4), (22_584, 1_180_000, 1.28), (36_256, 735_000, 1.276), (7836, 212_000, 1.4)]
SETTINGS = [(112, 0, 0), (112, -4, 1), (103, 24, 0), (60, -24, 1), (238, 1, 1), (270, 7, 0)]


def same(found: dict, expected: dict) -> None:
    """The page's numbers are Python's."""
    for ours, theirs in zip(found["best"], expected["best"], strict=True):
        assert ours == pytest.approx(theirs)
    *split, losses = found["mine"]
    assert split == pytest.approx(expected["mine"][:2])
    assert losses == pytest.approx(expected["mine"][2])
    assert found["near"] == expected["near"]


def test_the_page_computes_what_python_computes(page):
    laws = [list(law) for law in LAWS.values()]
    asked = [
        [{"laws": laws, "runs": RUNS, "budget": budget, "quarters": quarters, "chosen": chosen}]
        for budget, quarters, chosen in SETTINGS
    ]
    for setting, found in zip(SETTINGS, call_each(page, "scaling_law.js", "measures", asked)):
        same(found, ScalingLaw(LAWS, RUNS, *setting).measures)


@pytest.mark.parametrize(
    ("number", "text"),
    [(12, "12"), (9999, "10000"), (15.25, "15.3"), (10_600, "1.1·10⁴"), (3.2e11, "3.2·10¹¹")],
)
def test_numbers_are_short(page, number, text):
    assert call_each(page, "scaling_law.js", "about", [[number]]) == [text]


def test_the_sliders_the_law_and_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, ScalingLaw(LAWS, RUNS))

    def check(*setting: int) -> None:
        found = json.loads(page.get_attribute(ROOT, "data-found"))
        same(found, ScalingLaw(LAWS, RUNS, *setting).measures)

    check(110, 0, 0)
    budget, size = (page.locator(f"[data-slider={name}]") for name in ("budget", "quarters"))
    for _ in range(2):
        budget.press("ArrowRight")
    check(112, 0, 0)
    assert page.locator(f"{ROOT} .lmc-sl-dots i").count() == 2  # those that cost 1.6e11
    assert page.locator(f"{ROOT} .lmc-task.lmc-done").count() == 0
    for _ in range(4):
        size.press("ArrowLeft")
    check(112, -4, 0)
    assert "valley is flat" in page.locator(f"{ROOT} .lmc-task.lmc-done").inner_text()
    page.locator("[data-choice=chosen]").select_option(label="Chinchilla")
    check(112, -4, 1)
    assert "above the best" in page.locator(f"{ROOT} .lmc-sl-said").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 1000})
    open_widgets(page, tmp_path, ScalingLaw(LAWS, RUNS, 112), ScalingLaw(LAWS, RUNS, 238, 9, 1))
    set_theme(page, theme)
    check_looks(page)
