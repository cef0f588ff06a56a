"""The mask switcher in a real browser: its examples are Python's, by mouse and by keyboard."""

from __future__ import annotations

import json

import pytest
from widget_pages import call_each, check_looks, open_widgets, set_theme

from lmcourse.widgets import MaskSwitcher
from lmcourse.widgets.mask_switcher import FAMILIES

ROOT = ".lmc-mask_switcher"


def test_the_page_draws_what_python_draws(page):
    widgets = [MaskSwitcher(family=family, seed=seed) for family in FAMILIES for seed in range(100)]
    calls = [[w.family, w.sentences, w.seed] for w in widgets]
    for widget, found in zip(widgets, call_each(page, "mask_switcher.js", "example", calls)):
        assert found == widget.example._asdict()


def check(page, **setting) -> None:
    """The page shows what Python makes of a setting."""
    example = MaskSwitcher(**setting).example
    assert json.loads(page.get_attribute(ROOT, "data-example")) == example._asdict()
    assert page.locator(f"{ROOT} .lmc-ms-sees").count() == sum(map(sum, example.visible))
    shown = page.locator(f"{ROOT} .lmc-ms-row button").all_inner_texts()
    assert shown == example.inputs


def test_families_examples_and_places_by_mouse_and_by_keyboard(page, tmp_path):
    open_widgets(page, tmp_path, MaskSwitcher())
    check(page)
    for family in FAMILIES[1:]:
        page.locator(f"[data-family={family}]").click()
        check(page, family=family)
    page.get_by_role("button", name="New example").press("Enter")
    check(page, family="prefix", seed=1)
    page.locator("[data-family=decoder]").press("Space")
    check(page, family="decoder", seed=1)
    page.locator("[data-row='2'] button").focus()
    status = page.locator(f"{ROOT} [role=status]").inner_text()
    example = MaskSwitcher(family="decoder", seed=1).example
    assert status.startswith("Place 3,")
    assert f"should say “{example.targets[2]}”" in status
    page.locator("[data-row='0']").hover()
    assert page.locator(f"{ROOT} [role=status]").inner_text().startswith("Place 1,")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, *(MaskSwitcher(family=family) for family in FAMILIES))
    set_theme(page, theme)
    check_looks(page)
    page.screenshot(path=f"/tmp/masksx/widget_{theme}_{width}.png", full_page=True)
