"""Parallelism planner in a real browser: its numbers are Python's, by mouse and by keyboard."""

from __future__ import annotations

import json

import pytest
from widget_pages import call_each, check_looks, open_widgets, set_theme

from lmcourse.parallel.plan import Plan
from lmcourse.tables.families import families
from lmcourse.widgets import ParallelPlanner

ROOT = ".lmc-planner"
SHAPES = {row.name: row.config for row in families() if row.name in ("GPT-2 small", "LLaMA-7B", "GPT-3")}
PLANS = [
    ("GPT-3", Plan()),
    ("GPT-3", Plan(data=24, tensor=8, stages=8, batches=64, shard=1)),
    ("GPT-3", Plan(data=16, tensor=96, stages=96, batches=7, shard=3)),
    ("LLaMA-7B", Plan(data=4, tensor=2, stages=4, batches=2, shard=2)),
    ("GPT-2 small", Plan(data=8, stages=12, batches=100)),
]


def planner(name: str, plan: Plan | None = None) -> ParallelPlanner:
    """The widget, for these networks."""
    return ParallelPlanner(SHAPES, name, plan=plan)


def test_the_page_computes_what_python_computes(page):
    widgets = [planner(name, plan) for name, plan in PLANS]
    machine = {"n_tokens": 2048, "speed": 312e12}
    asked = [[w.shapes[w.model], plan._asdict(), machine] for w, (_, plan) in zip(widgets, PLANS)]
    for widget, found in zip(widgets, call_each(page, "planner.js", "measures", asked), strict=True):
        assert found == pytest.approx(widget.measures)


@pytest.mark.parametrize(
    ("function", "number", "text"),
    [
        ("bytes", 2.79e12, "2.79 TB"),
        ("bytes", 31_000, "31 kB"),
        ("bytes", 7, "7 B"),
        ("bytes", 0, "nothing"),
        ("time", 25.2, "25 s"),
        ("time", 0.034, "34 ms"),
        ("time", 270_000, "3.1 days"),
    ],
)
def test_numbers_are_short(page, function, number, text):
    assert call_each(page, "planner.js", function, [[number]]) == [text]


def test_the_controls_and_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, planner("GPT-3"))

    def check(name: str, plan: Plan) -> None:
        found = json.loads(page.get_attribute(ROOT, "data-found"))
        assert found == pytest.approx(planner(name, plan).measures)

    check("GPT-3", Plan())
    assert "does not fit" in page.locator(f"{ROOT} .lmc-pp-said").inner_text()
    tensor, stages, batches = (page.locator(f"[data-slider={n}]") for n in ("tensor", "stages", "batches"))
    for _ in range(5):
        tensor.press("ArrowRight")  # 1, 2, 3, 4, 6, 8
        stages.press("ArrowRight")
    check("GPT-3", Plan(tensor=8, stages=8))
    assert page.locator(f"{ROOT} .lmc-task.lmc-done").count() == 0
    for _ in range(5):
        batches.press("ArrowRight")
    check("GPT-3", Plan(tensor=8, stages=8, batches=32))
    assert "64 devices" in page.locator(f"{ROOT} .lmc-task.lmc-done").inner_text()
    page.locator("[data-choice=shard]").select_option("1")
    check("GPT-3", Plan(tensor=8, stages=8, batches=32, shard=1))
    page.locator("[data-choice=model]").select_option("GPT-2 small")  # 12 heads, 12 blocks: 6 and 6
    check("GPT-2 small", Plan(tensor=6, stages=6, batches=32, shard=1))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 1200})
    open_widgets(page, tmp_path, planner("GPT-3"), planner(*PLANS[1]))
    set_theme(page, theme)
    check_looks(page)
