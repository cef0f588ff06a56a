"""The calculator in a real browser: presets, single numbers, what does not go together; by keyboard."""

from __future__ import annotations

import json

import pytest
from widget_pages import check_looks, open_widgets, set_theme

from lmcourse.widgets import InferenceCalculator
from lmcourse.widgets.calculator import MACHINES, RATES

ROOT = ".lmc-calculator"
STATUS = f"{ROOT} .lmc-ca-status"


def field(page, name):
    return page.locator(f"[data-field={name}]")


def show_sizes(page) -> None:
    """Unfold the sizes of every calculator's model."""
    for each in page.get_by_text("Its sizes").all():
        each.click()


def check(page, widget: InferenceCalculator) -> None:
    """The page shows what Python makes of the widget's settings."""
    shown = json.loads(page.get_attribute(ROOT, "data-measures"))
    expected = widget.measures
    assert shown.keys() == expected.keys()
    for name, value in expected.items():
        assert shown[name] == (value and pytest.approx(value, rel=1e-12)), name
    said = page.locator(f"{ROOT} [role=row]").first.inner_text()
    assert f"{expected['parameters']:,}" in said
    assert field(page, "d_model").input_value() == str(widget.d_model)


def test_presets_machines_and_choices(page, tmp_path):
    open_widgets(page, tmp_path, InferenceCalculator())
    show_sizes(page)
    check(page, InferenceCalculator())
    page.locator("[data-choice=preset]").select_option("Llama 2 70B")
    check(page, InferenceCalculator("Llama 2 70B"))
    name = "NVIDIA A100, 80 GB"
    page.locator("[data-choice=machine]").select_option(name)
    setting = dict(zip(RATES, MACHINES[name]))
    check(page, InferenceCalculator("Llama 2 70B", **setting))
    page.locator("[data-choice=weights]").select_option("q4_0")
    page.locator("[data-choice=cache]").select_option("int8")
    check(page, InferenceCalculator("Llama 2 70B", weights="q4_0", cache="int8", **setting))
    assert not field(page, "context_length").is_visible()
    page.locator("[data-choice=preset]").select_option("GPT-2 small")
    assert field(page, "context_length").is_visible()  # its table of positions
    page.get_by_label("The output is the embedding").uncheck()
    widget = InferenceCalculator("GPT-2 small", weights="q4_0", cache="int8", tied=False, **setting)
    check(page, widget)
    assert page.locator("[data-choice=preset]").input_value() == "own numbers"
    page.get_by_label("The output is the embedding").press("Space")
    assert page.locator("[data-choice=preset]").input_value() == "GPT-2 small"


def test_numbers_by_keyboard_and_what_does_not_go_together(page, tmp_path):
    open_widgets(page, tmp_path, InferenceCalculator())
    show_sizes(page)
    field(page, "n_seen").fill("4096")
    field(page, "n_texts").press("ArrowUp")
    field(page, "bandwidth").fill("12.5")
    check(page, InferenceCalculator(n_seen=4096, n_texts=9, bandwidth=12.5e9))
    assert page.locator("[data-choice=machine]").input_value() == "own numbers"
    field(page, "d_model").fill("640")  # a width that 9 heads cannot share; ten can, and 5 of keys and values
    status = page.locator(STATUS)
    assert "A width of 640 cannot be shared out among 9 heads" in status.inner_text()
    assert field(page, "d_model").get_attribute("aria-invalid") == "true"
    field(page, "n_heads").fill("10")
    assert "10 heads cannot be shared out among 3" in status.inner_text()
    field(page, "n_kv_heads").fill("5")
    check(
        page,
        InferenceCalculator(n_seen=4096, n_texts=9, bandwidth=12.5e9, d_model=640, n_heads=10, n_kv_heads=5),
    )
    assert "decides" in status.inner_text()
    for text in ("", "0", "2.5", "1e9"):
        field(page, "n_layers").fill(text)
        assert "Layers must be a whole number from 1 to 1,000" in status.inner_text()
    field(page, "n_layers").fill("30")
    assert field(page, "n_layers").get_attribute("aria-invalid") == "false"


def test_the_first_task_is_to_double_the_texts(page, tmp_path):
    """What it says holds under the settings of that moment, whatever else was changed before."""
    for weights, cache, rate in (("f16", "f16", 1e11), ("q4_0", "int8", 1e10)):
        open_widgets(page, tmp_path, InferenceCalculator(weights=weights, cache=cache))
        task = page.locator(f"{ROOT} .lmc-task")
        field(page, "flops_per_second").fill(f"{rate / 1e9:g}")
        field(page, "n_texts").fill("15")
        assert "lmc-done" not in task.get_attribute("class")
        field(page, "n_texts").fill("17")
        settings = {"weights": weights, "cache": cache, "flops_per_second": rate}
        before, now = (InferenceCalculator(n_texts=n, **settings).measures for n in (8, 17))
        ratio = now["many_speed"] / before["many_speed"]
        assert f"With 17 texts instead of 8 it is {ratio:.3g} times as many a second." in task.inner_text()
        memory = now["many_fetching"] >= now["many_multiplying"]
        assert ("Memory decides" in task.inner_text()) == memory == (rate == 1e11)
        assert ("multiplying decides" in task.inner_text()) != memory


def test_a_size_that_does_not_fit_is_unfolded(page, tmp_path):
    open_widgets(page, tmp_path, InferenceCalculator("GPT-2 small"))
    assert not field(page, "n_heads").is_visible()
    show_sizes(page)
    field(page, "n_heads").fill("7")
    show_sizes(page)
    field(page, "n_texts").fill("9")
    assert field(page, "n_heads").is_visible()


def test_where_memory_always_decides_it_says_so(page, tmp_path):
    widget = InferenceCalculator("Llama 2 7B", n_seen=10_000, flops_per_second=1e14)
    open_widgets(page, tmp_path, widget)
    assert widget.measures["turn"] is None
    last = page.locator(f"{ROOT} [role=row]").last.inner_text()
    assert "always" in last


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    wide = InferenceCalculator("Llama 2 70B", n_seen=10**7, n_texts=10**6, bandwidth=2e12)
    open_widgets(page, tmp_path, InferenceCalculator(), wide, InferenceCalculator("GPT-2 small"))
    set_theme(page, theme)
    check_looks(page)
    show_sizes(page)
    field(page, "n_heads").first.fill("7")
    check_looks(page)
