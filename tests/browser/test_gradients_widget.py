"""The gradient laboratory in a real browser: its numbers are Python's, by mouse and by keyboard."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from widget_pages import call, call_each, check_looks, move, open_widgets, set_theme

from lmcourse.neural.bells import bells
from lmcourse.widgets import GradientLaboratory

ROOT = ".lmc-gradients"
STATUS = f"{ROOT} .lmc-gr-status"
NAMES = ["way", "activation", "gain", "start", "shortcut", "normalise", "clipped", "steps", "seed"]
SETTINGS = [
    {
        "way": w,
        "activation": a,
        "gain": g,
        "start": s,
        "shortcut": c,
        "normalise": n,
        "clipped": g > 1,
        "seed": i % 100,
    }
    for i, (w, a, (g, s), c, n) in enumerate(
        product(
            ["depth", "time"],
            ["linear", "sigmoid", "tanh", "relu"],
            [(0.5, "gaussian"), (1.4, "orthogonal"), (3.0, "gaussian")],
            ["none", "residual", "gate"],
            [False, True],
        )
    )
] + [{"gain": 0.0}, {"gain": 4.0, "steps": 50}, {"steps": 2}]


def state(widget) -> dict:
    """What the arithmetic in the page is given."""
    return {name: getattr(widget, name) for name in NAMES}


@pytest.mark.parametrize(("seed", "begin"), [(0, 0), (7, 30_000), (99, 5)])
def test_chance_is_the_same_to_the_last_bit(page, seed, begin):
    assert call(page, "chance.js", "someBells", seed, begin, 500) == bells(seed, begin, 500).tolist()


def test_the_page_computes_what_python_computes(page):
    widgets = [GradientLaboratory(**setting) for setting in SETTINGS]
    for widget, found in zip(
        widgets, call_each(page, "gradients.js", "measures", [[state(w)] for w in widgets])
    ):
        expected = widget.measures
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_allclose(
                found[name], values, rtol=1e-6, atol=1e-300, err_msg=f"{name} {state(widget)}"
            )


def check(page, **setting) -> None:
    """The page shows what Python makes of a setting."""
    expected = GradientLaboratory(**setting)
    assert float(page.get_attribute(ROOT, "data-first")) == pytest.approx(
        expected.measures["gradients"][0], rel=1e-6
    )
    weights = [float(x) for x in page.get_attribute(ROOT, "data-weights").split()]
    assert weights == pytest.approx(expected.measures["weights"], rel=1e-6)
    assert page.locator(f"{ROOT} .lmc-gr-gradients i").count() == expected.steps + 1
    assert f"10^{expected.change:.1f}," in page.locator(STATUS).inner_text()


def test_all_choices_by_mouse_and_by_keyboard(page, tmp_path):
    open_widgets(page, tmp_path, GradientLaboratory())
    setting: dict = {}
    check(page)
    assert "vanishes" in page.locator(STATUS).inner_text()
    for name, value in [
        ("activation", "relu"),
        ("way", "time"),
        ("start", "orthogonal"),
        ("shortcut", "gate"),
    ]:
        page.locator(f"[data-choice={name}]").select_option(value)
        setting[name] = value
        check(page, **setting)
    for name in ("normalise", "clipped"):
        page.locator(f"[data-choice={name}]").press("Space")
        setting[name] = True
        check(page, **setting)
    slider = page.locator("[data-slider=gain]")
    move(page, slider, 40)
    check(page, gain=2.0, **setting)
    slider.press("ArrowRight")
    check(page, gain=2.05, **setting)
    page.locator("[data-slider=steps]").press("Home")
    check(page, gain=2.05, steps=2, **setting)
    page.get_by_role("button", name="Other weights").press("Enter")
    check(page, gain=2.05, steps=2, seed=1, **setting)


def test_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, GradientLaboratory())
    seen, gain = page.locator(".lmc-task [role=status]"), page.locator("[data-slider=gain]")
    page.locator("[data-slider=steps]").press("Home")  # over two layers anything arrives
    assert "the gradient arrives" in page.locator(STATUS).inner_text()
    assert seen.inner_text() == ""
    page.locator("[data-slider=steps]").press("End")
    move(page, page.locator("[data-slider=steps]"), 28)
    move(page, gain, 28)
    assert "the gradient arrives weaker" in page.locator(STATUS).inner_text()
    assert seen.inner_text() == ""
    first, now = GradientLaboratory(gain=0.5), GradientLaboratory(gain=1.45)
    assert abs(now.change) < math.log10(3) < abs(GradientLaboratory(gain=1.4).change)
    gain.press("ArrowRight")
    begin = f"At first it was {10 ** (first.change / 30):.3f}, and over 30 layers 10^{first.change:.1f}."

    def said(now: GradientLaboratory) -> str:
        factor, left = 10 ** (now.change / 30), now.measures["gradients"][0]
        shown = f"{left:#.3g}"
        return (
            f"About 1 per step is needed. Now it is {factor:#.3g}: over 30 layers that makes {shown}. {begin}"
        )

    assert seen.inner_text() == said(now)
    move(page, gain, 40)  # it follows what is shown
    assert seen.inner_text() == said(GradientLaboratory(gain=2.0))
    gain.press("Home")
    assert seen.inner_text() == f"About 1 per step is needed. Now nothing comes back. {begin}"
    assert page.locator(".lmc-task").get_attribute("class") == "lmc-task lmc-done"


def test_a_gradient_that_arrives_from_the_start_is_no_task(page, tmp_path):
    arrives = GradientLaboratory(start="orthogonal", gain=1.3)
    open_widgets(page, tmp_path, arrives, GradientLaboratory(gain=0.0))
    task = page.locator(".lmc-task")
    assert task.count() == 1  # the second widget's
    assert not task.inner_text().endswith("At first nothing came back.")
    move(page, page.locator("[data-slider=gain]").nth(1), 29)
    assert task.inner_text().endswith("At first nothing came back.")


def test_nothing_and_too_much_are_said(page, tmp_path):
    open_widgets(page, tmp_path, GradientLaboratory(gain=0.0))
    assert "Nothing comes back through 30 layers" in page.locator(STATUS).inner_text()
    assert GradientLaboratory(gain=0.0).change == -math.inf
    move(page, page.locator("[data-slider=gain]"), 80)
    assert "explodes" in page.locator(STATUS).inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, GradientLaboratory(), GradientLaboratory(gain=3.0, shortcut="residual"))
    set_theme(page, theme)
    check_looks(page)
