"""The mask switcher in a real browser: its examples are Python's, by mouse and by keyboard."""

from __future__ import annotations

import json

import pytest
from widget_pages import call_each, check_looks, open_widgets, set_theme

from lmcourse.widgets import MaskSwitcher
from lmcourse.widgets.mask_switcher import FAMILIES

ROOT = ".lmc-mask_switcher"
STATUS = f"{ROOT} .lmc-ms-status"


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
    status = page.locator(STATUS).inner_text()
    example = MaskSwitcher(family="decoder", seed=1).example
    assert status.startswith("Place 3,")
    assert f"should say “{example.targets[2]}”" in status
    page.locator("[data-row='0']").hover()
    assert page.locator(STATUS).inner_text().startswith("Place 1,")


def test_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, MaskSwitcher())
    seen = page.locator(".lmc-task [role=status]")
    page.locator("[data-family=prefix]").click()
    page.get_by_role("button", name="New example").click()
    assert seen.inner_text() == ""
    page.locator("[data-family=decoder]").click()
    judged = [MaskSwitcher(family=family, seed=1).example.judged for family in ("decoder", "encoder")]
    assert all(judged[0])
    few = f"{sum(judged[1])} of {len(judged[1])} would."
    assert seen.inner_text().startswith(f"All {len(judged[0])} answer; as an encoder\u2019s example, {few}")
    assert page.locator("[data-family][aria-pressed=true]").inner_text() == "Decoder (GPT)"


def test_what_is_done_from_the_start_is_no_task(page, tmp_path):
    open_widgets(page, tmp_path, MaskSwitcher(family="decoder"))
    assert page.locator(".lmc-task").is_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, *(MaskSwitcher(family=family) for family in FAMILIES))
    set_theme(page, theme)
    check_looks(page)
