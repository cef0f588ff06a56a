"""Attention step by step in a real browser: its matrices are Python's, by mouse and by keyboard."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from widget_pages import call_each, check_looks, open_widgets, set_theme

from lmcourse.transformer.attention import attend
from lmcourse.transformer.masks import causal as causal_mask
from lmcourse.widgets import AttentionSteps

ROOT = ".lmc-attention_steps"
NAMES = ["x", "w_q", "w_k", "w_v", "scaled", "causal", "heads"]


def drawn(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    shapes = {"x": (5, 4), "w_q": (4, 4), "w_k": (4, 4), "w_v": (4, 4)}
    return {name: rng.integers(-9, 10, size=shape).tolist() for name, shape in shapes.items()}


def test_the_page_computes_what_python_and_the_library_compute(page):
    widgets = [
        AttentionSteps(scaled=scaled, causal=causal, heads=heads, **matrices)
        for scaled, causal, heads, matrices in product(
            [True, False], [False, True], [1, 2], [{}, drawn(0), drawn(1)]
        )
    ]
    states = [[{name: getattr(widget, name) for name in NAMES}] for widget in widgets]
    for widget, found in zip(widgets, call_each(page, "attention_steps.js", "matrices", states)):
        expected = widget.matrices
        assert found.keys() == expected.keys()
        for name, matrix in expected.items():
            np.testing.assert_allclose(found[name], matrix, atol=1e-12, err_msg=name)
        if widget.scaled:
            q, k, v = (np.stack(np.split(np.array(found[n]), widget.heads, axis=1)) for n in "qkv")
            right = attend(q, k, v, causal_mask(5) if widget.causal else None)
            np.testing.assert_allclose(found["output"], np.concatenate([*right], axis=1), atol=1e-12)


def cell(page, matrix: str, i: int, j: int):
    return page.locator(f"[data-matrix={matrix}] [role=gridcell]").nth(i * (5 if cells(matrix) else 4) + j)


def cells(matrix: str) -> bool:
    """Whether a matrix has a column for each of the five tokens."""
    return matrix in ("scores", "scaled", "masked", "weights")


def told(page) -> str:
    return page.locator(f"{ROOT} .lmc-at-told").inner_text()


def check(page, **setting) -> None:
    """The page's output is what Python makes of a setting."""
    found = [float(x) for x in page.get_attribute(ROOT, "data-output").split()]
    assert found == pytest.approx(AttentionSteps(**setting).matrices["output"].ravel(), abs=1e-12)


def test_each_number_tells_how_it_was_made(page, tmp_path):
    open_widgets(page, tmp_path, AttentionSteps())
    check(page)
    said = {
        ("x", 1, 3): "“mouse”, alive: 1",
        ("w_k", 3, 2): "W_k, from alive to number 3: \u22121",
        ("q", 2, 0): "Query of “ate”, number 1 = its row of X · column 1 of W_q = 0·0 + 0·0 + 1·2 + 0·0 = 2",
        ("scores", 2, 4): "its query · the other\u2019s key = 2·0 + 0·0 + 2·2 + 0·0 = 4",
        ("scaled", 2, 4): "Score / √d = 4 / √4 = 2",
        ("masked", 2, 4): "the score stays 2",
        ("weights", 2, 4): "e^2 / (e^0 + e^2 + e^0 + e^0 + e^2) = 0.42",
        ("output", 2, 0): "0.06·0 + 0.42·1 + 0.06·0 + 0.06·0 + 0.42·1 = 0.83",
    }
    for place, text in said.items():
        cell(page, *place).click()
        assert text in told(page)
        assert page.locator(f"{ROOT} .lmc-at-at").count() == 1
    # 5 weights and 5 values made the number of the output
    assert page.locator(f"{ROOT} .lmc-at-from").count() == 10
    cell(page, "scores", 0, 0).hover()  # a look, and back
    assert "“the” asks “the”" in told(page)
    page.mouse.move(1, 1)
    assert said["output", 2, 0] in told(page)


def test_settings_and_changes_by_keyboard(page, tmp_path):
    open_widgets(page, tmp_path, AttentionSteps())
    page.locator("[data-choice=causal]").press("Space")
    check(page, causal=True)
    assert cell(page, "masked", 2, 4).inner_text() == "\u2212∞"
    cell(page, "weights", 2, 4).focus()
    assert "“cheese” is hidden from “ate”" in told(page)
    page.locator("[data-choice=scaled]").press("Space")
    check(page, causal=True, scaled=False)
    page.locator("[data-choice=heads]").select_option("2")
    check(page, causal=True, scaled=False, heads=2)
    page.locator("[data-choice=head]").select_option("1")
    assert [cell(page, "scores", 4, j).inner_text() for j in range(5)] == ["0"] * 5
    assert cell(page, "scores", 2, 4).inner_text() == "4"
    cell(page, "w_q", 0, 0).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "+"):
        page.keyboard.press(key)
    matrix = [list(line) for line in AttentionSteps().w_q]
    matrix[2][2] += 1
    check(page, causal=True, scaled=False, heads=2, w_q=matrix)
    assert "from verb to number 3: 3" in told(page)
    page.get_by_role("button", name="One less").click()
    page.keyboard.press("Enter")
    matrix[2][2] -= 2
    check(page, causal=True, scaled=False, heads=2, w_q=matrix)
    page.get_by_role("button", name="As at first").click()
    check(page, causal=True, scaled=False, heads=2)
    cell(page, "q", 0, 0).focus()
    assert page.get_by_role("button", name="One more").is_disabled()


def test_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, AttentionSteps())
    task = page.locator(".lmc-task")
    seen = task.locator("[role=status]")
    assert "“ate” sees “mouse” and “cheese” alike" in task.inner_text()
    for tick in (1, 2):  # hides “cheese”, and shows it again
        page.locator("[data-choice=causal]").press("Space")
        assert seen.inner_text() == "", tick
    for heads in "21":
        page.locator("[data-choice=heads]").select_option(heads)
        assert seen.inner_text() == ""
    page.locator("[data-choice=scaled]").press("Space")
    assert seen.inner_text() == ""
    page.locator("[data-choice=scaled]").press("Space")
    cell(page, "w_q", 2, 2).click()
    page.get_by_role("button", name="One less").click()
    matrix = [list(line) for line in AttentionSteps().w_q]
    matrix[2][2] -= 1
    found = AttentionSteps(w_q=matrix).matrices
    (mouse, cheese), (first, second) = (
        [found[name][0][2][j] for j in (1, 4)] for name in ("weights", "scores")
    )
    assert seen.inner_text() == (
        f"“mouse” gets {mouse:.2f}, with a score of {first}, and “cheese” {cheese:.2f}, "
        f"with a score of {second}."
    )
    page.get_by_role("button", name="As at first").click()
    assert seen.inner_text().startswith("“mouse” gets")  # what was seen stays


ALIKE = [[0, 2, 0, 0], [1, 0, 1, 0], [0] * 4, [0] * 4]  # keys of nouns, be they alive or not


@pytest.mark.parametrize(
    "setting", [{"causal": True}, {"heads": 2, "w_k": ALIKE}, drawn(0)], ids=["mask", "heads", "drawn"]
)
def test_there_is_no_task_where_no_two_are_seen_alike(page, tmp_path, setting):
    open_widgets(page, tmp_path, AttentionSteps(**setting))
    assert page.locator(".lmc-task").is_hidden()


def test_which_two_are_seen_alike(page):
    rows = [[0.4, 0.1, 0.1, 0.4], [0.25] * 4, [0.5, 0.3, 0.2], [0.5, 0.5], [0.4, 0.4, 0.2, 0.0]]
    found = call_each(page, "attention_steps.js", "pairOf", [[row] for row in rows])
    assert found == [[0, 3], None, None, [0, 1], [0, 1]]


def test_high_contrast_tells_what_is_explained_from_what_made_it(page, tmp_path):
    page.emulate_media(forced_colors="active")
    open_widgets(page, tmp_path, AttentionSteps())
    edge = (
        "e => { const s = getComputedStyle(e); return [s.borderTopColor, s.borderTopStyle, s.outlineStyle]; }"
    )
    kinds = [
        cell(page, *place).evaluate(edge) for place in (("x", 0, 0), ("masked", 2, 0), ("weights", 2, 1))
    ]
    assert len({tuple(kind) for kind in kinds}) == 3
    long, none = (
        cell(page, *place).evaluate("e => getComputedStyle(e).backgroundSize.split('px')[0]")
        for place in (("weights", 2, 1), ("x", 0, 0))
    )
    assert long != none


def test_paper_shows_the_explanation_below_all_matrices(page, tmp_path):
    open_widgets(page, tmp_path, AttentionSteps())
    page.emulate_media(media="print")
    top = page.locator(f"{ROOT} .lmc-at-told").bounding_box()["y"]
    assert top > cell(page, "output", 4, 3).bounding_box()["y"]


def test_without_positions_equal_tokens_get_equal_things(page, tmp_path):
    open_widgets(page, tmp_path, AttentionSteps(heads=2))
    output = np.array(page.get_attribute(ROOT, "data-output").split(), dtype=float).reshape(5, 4)
    np.testing.assert_allclose(output[0], output[3])  # the two articles


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, AttentionSteps(), AttentionSteps(heads=2, causal=True, **drawn(2)))
    set_theme(page, theme)
    check_looks(page)


def test_three_columns_fit_where_a_page_of_1280_pixels_leaves_them_673(page, tmp_path):
    page.set_viewport_size({"width": 673 + 32 + 15, "height": 800})  # the page's margins, and a scroll bar
    open_widgets(page, tmp_path, AttentionSteps())
    assert page.locator(ROOT).bounding_box()["width"] == 673
    columns = page.locator(f"{ROOT} .lmc-at-three").first.locator("> *")
    assert columns.count() == 3
    assert len({round(each.bounding_box()["y"]) for each in columns.all()}) == 1
