"""The dial of KL and reward in a real browser: its numbers are Python's, by keyboard and by choice."""

from __future__ import annotations

import json

import numpy as np
import pytest
from widget_pages import check_looks, open_widgets, set_theme

from lmcourse.widgets import KLDial

ROOT = ".lmc-kl_dial"
RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(2, 40)) * 2
REFERENCE = SCORES - np.logaddexp.reduce(SCORES, axis=1, keepdims=True)
REWARDS = RNG.integers(-4, 8, size=(2, 40)) / 4
ARGUMENTS = (
    ["dinner for the mouse ?", "dinner for the owl ?"],
    [f"cheese corn honey berries {i}" for i in range(40)],
    REFERENCE,
    REWARDS,
)


def test_the_dial_the_order_and_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, KLDial(*ARGUMENTS))

    def check(dial: int, chosen: int) -> None:
        found, expected = (
            json.loads(page.get_attribute(ROOT, "data-found")),
            KLDial(*ARGUMENTS, dial, chosen).measures,
        )
        assert found.pop("probs") == pytest.approx(sorted(expected.pop("probs"))[:-9:-1])
        assert found == pytest.approx(expected)

    check(20, 0)
    slider = page.locator("[data-slider=dial]")
    slider.press("ArrowLeft")
    check(19, 0)
    assert page.locator(f"{ROOT} .lmc-task.lmc-done").count() == 0
    slider.press("Home")
    check(-30, 0)
    assert "will do" in page.locator(f"{ROOT} .lmc-task.lmc-done").inner_text()
    page.locator("[data-choice=chosen]").select_option(label="dinner for the owl ?")
    check(-30, 1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 1000})
    open_widgets(page, tmp_path, KLDial(*ARGUMENTS), KLDial(*ARGUMENTS, -8, 1))
    set_theme(page, theme)
    check_looks(page)
