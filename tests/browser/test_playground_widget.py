"""The training playground in a real browser: trained in the page, to Python's numbers."""

from __future__ import annotations

import numpy as np
import pytest
from widget_pages import call, call_each, check_looks, move, open_widgets, set_theme

from lmcourse.neural.autodiff import Tensor, gradients
from lmcourse.widgets import TrainingPlayground
from lmcourse.widgets.playground import uniform
from lmcourse.world import five_words

ROOT = ".lmc-playground"
PLAIN = ["tokens", "end", "shares", "follows", "rows", "seed", "context", "width", "rate", "activation"]
SETTINGS = [
    {},
    {"context": 4, "width": 12, "rate": 1.0, "seed": 7},
    {"context": 3, "width": 3, "activation": "relu", "rate": 0.1},
    {"context": 1, "width": 1, "activation": "none", "seed": 2**31 - 1},
    {"world": five_words(), "sentences": 40, "context": 2, "width": 2},
]


def state(widget) -> dict:
    """What the arithmetic in the page is given."""
    plain = {name: getattr(widget, name) for name in PLAIN}
    return {**plain, "text": list(widget.text), "windows": list(widget.windows)}


def next_gradients(widget, parameters) -> list[np.ndarray]:
    """Those of the differentiator, after so much training, for the batch of the step to come."""
    tensors, (contexts, targets) = [Tensor(p) for p in parameters[0]], widget.examples()
    chosen = widget.batch(parameters[1])
    return gradients(widget.loss(tensors, contexts[chosen], targets[chosen]), tensors)


def test_random_numbers_equal_python(page):
    for case in [(0, 0, 50), (7, 1, 50), (2**31 - 1, 1999, 50)]:
        found = call(page, "decode.js", "uniform", *case)
        found = list(found.values()) if isinstance(found, dict) else found
        assert found == uniform(*case).tolist()


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: ", ".join(settings) or "as it opens")
def test_a_run_equals_python(page, settings):
    widget = TrainingPlayground(**settings)
    for steps, found in zip(
        (0, 60),
        call_each(page, "playground_training.js", "trainAll", [[state(widget), 0], [state(widget), 60]]),
    ):
        expected = widget.run(steps)
        np.testing.assert_allclose(found["losses"], expected.losses, rtol=1e-8)
        np.testing.assert_allclose(found["exact"], expected.exact, rtol=1e-8)
        for ours, theirs in zip(expected.parameters, found["parameters"]):
            np.testing.assert_allclose(theirs, ours.ravel(), rtol=1e-7, atol=1e-9)
        for ours, theirs in zip(next_gradients(widget, (expected.parameters, steps)), found["slopes"]):
            np.testing.assert_allclose(theirs, ours.ravel(), rtol=1e-7, atol=1e-9)


# ---------- in a page ----------


def check(page, widget, step: int) -> None:
    """The page shows what Python has after so many steps."""
    run = widget.run(step)
    root = page.locator(ROOT)
    assert root.get_attribute("data-step") == str(step)
    assert float(root.get_attribute("data-exact")) == pytest.approx(run.exact[-1][1], rel=1e-8)
    if step:
        assert float(root.get_attribute("data-loss")) == pytest.approx(run.losses[-1], rel=1e-8)


def test_training_by_mouse_and_by_keyboard(page, tmp_path):
    widget = TrainingPlayground()
    open_widgets(page, tmp_path, widget)
    check(page, widget, 0)
    page.get_by_role("button", name="One step on").click()
    check(page, widget, 1)
    page.get_by_role("button", name="A hundred steps on").press("Enter")
    check(page, widget, 101)
    page.get_by_role("button", name="Back to the start").click()
    check(page, widget, 0)


def test_the_first_task(page, tmp_path):
    widget = TrainingPlayground(context=2)
    exact, floors = dict(widget.run(600).exact), widget.floors
    open_widgets(page, tmp_path, widget)
    task = page.locator(".lmc-task")
    more = page.get_by_role("button", name="A hundred steps on")
    seen = task.locator("[role=status]")
    near = next(step for step in range(100, 700, 100) if exact[step] - floors[1] < 0.1)
    for _ in range(near // 100):
        assert seen.inner_text() == ""
        more.click()
    assert seen.inner_text() == (
        f"{exact[near] - floors[1]:.3f} bits are left after {near} steps. The floor of 2 tokens of context "
        f"is {floors[1]:.3f}; {floors[1] - floors[-1]:.3f} of that would go if it saw older tokens too."
    )
    page.get_by_role("button", name="Start").click()
    assert "lmc-done" in task.get_attribute("class")  # what was seen stays


def test_where_older_tokens_tell_nothing_the_task_does_not_promise_it(page, tmp_path):
    widget = TrainingPlayground(five_words(), 40, context=4, rate=1.0)
    assert widget.floors[3] == pytest.approx(widget.floors[-1], abs=1e-6)
    open_widgets(page, tmp_path, widget)
    for _ in range(4):
        page.get_by_role("button", name="A hundred steps on").click()
    assert page.locator(".lmc-task").inner_text().endswith("; older tokens would not lower it.")


def test_settings_begin_another_run(page, tmp_path):
    widget = TrainingPlayground()
    open_widgets(page, tmp_path, widget)
    page.get_by_role("button", name="A hundred steps on").click()
    move(page, page.locator("[data-slider=context]"), 3)
    widget.context = 4
    check(page, widget, 0)
    page.locator("[data-slider=width]").press("ArrowRight")
    page.locator("[data-slider=rate]").press("ArrowRight")
    page.get_by_label("Bend of the hidden layer").select_option("relu")
    page.get_by_role("button", name="Other weights").click()
    widget.width, widget.rate, widget.activation, widget.seed = 3, 1.0, "relu", 1
    page.get_by_role("button", name="A hundred steps on").click()
    # the text is the same, whatever the weights' seed
    check(page, widget, 100)


def test_a_step_is_opened_and_shows_its_gradients(page, tmp_path):
    widget = TrainingPlayground()
    open_widgets(page, tmp_path, widget)
    page.get_by_role("button", name="A hundred steps on").click()
    view = page.locator(".lmc-step-view")
    assert not view.is_visible()
    page.get_by_role("button", name="Open the next step").click()
    assert view.is_visible()
    found = [float(x) for x in page.get_attribute(ROOT, "data-norms").split()]
    expected = next_gradients(widget, (widget.run(100).parameters, 100))
    np.testing.assert_allclose(found, [np.linalg.norm(g) for g in expected], rtol=1e-7)
    page.locator("[data-slider=example]").press("ArrowRight")
    (contexts, targets), chosen = widget.examples(), widget.batch(100)
    seen, target = contexts[chosen[1]], targets[chosen[1]]
    words = " ".join(widget.tokens[token] for token in seen)
    assert page.locator(".lmc-said").inner_text() == f"After “{words}” came “{widget.tokens[target]}”."
    assert page.locator(".lmc-logits .lmc-row").count() == 7
    page.get_by_role("button", name="Close the step").click()
    assert not view.is_visible()


def test_it_plays_by_itself(page, tmp_path):
    page.clock.install()
    widget = TrainingPlayground()
    open_widgets(page, tmp_path, widget)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(8 * 40)
    page.get_by_role("button", name="Pause").click()
    step = int(page.get_attribute(ROOT, "data-step"))  # the clock also goes by itself
    assert step >= 40
    check(page, widget, step)
    page.clock.run_for(400)
    check(page, widget, step)


def test_a_loss_that_is_no_number_is_said(page, tmp_path):
    open_widgets(page, tmp_path, TrainingPlayground(rate=10.0, activation="none", context=4, width=12))
    for _ in range(3):
        more = page.get_by_role("button", name="A hundred steps on")
        if more.is_enabled():
            more.click()
    assert page.get_attribute(ROOT, "data-broken") == "true"
    assert "lower the learning rate" in page.locator(".lmc-status").inner_text()


OVERLAPS = """(texts) => {
    const boxes = texts.map((text) => text.getBBox());
    const meet = (a, b) => Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 1
        && Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 5; // letters, not lines
    return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => meet(a, b))).length;
}"""


def test_no_word_lies_on_another(page, tmp_path):
    widget = TrainingPlayground(context=2)
    open_widgets(page, tmp_path, widget)
    words = page.locator(".lmc-plot").nth(1).locator("text")
    for _ in range(6):
        assert words.evaluate_all(OVERLAPS) == 0
        page.get_by_role("button", name="A hundred steps on").click()
    # three words at one place: the second just below, the third above; a fourth elsewhere stays
    at = [{"x": 50, "y": 60, "half": 10}] * 3 + [{"x": 90, "y": 60, "half": 10}]
    assert call(page, "playground.js", "apart", at, 14, 200) == [60, 71, 49, 60]


def test_words_and_losses_are_drawn(page, tmp_path):
    widget = TrainingPlayground()
    open_widgets(page, tmp_path, widget)
    words = page.locator(".lmc-plot").nth(1).locator("text")
    assert words.count() == len(widget.tokens)
    before = [word.get_attribute("x") for word in words.all()]
    page.get_by_role("button", name="A hundred steps on").click()
    assert [word.get_attribute("x") for word in words.all()] != before
    assert page.locator(".lmc-batch").count() == 100
    assert len(page.locator(".lmc-exact").get_attribute("points").split()) == 11
    assert page.locator(".lmc-floor").count() == page.locator(".lmc-rate").count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, TrainingPlayground(), TrainingPlayground(context=4, width=8))
    set_theme(page, theme)
    for more in page.get_by_role("button", name="A hundred steps on").all():
        more.click()
    for _ in range(2):  # an opened one has another name
        page.get_by_role("button", name="Open the next step").first.click()
    check_looks(page)
