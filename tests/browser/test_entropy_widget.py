"""The entropy explorer in a real browser, without a kernel: its numbers are Python's, however bars move."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from widget_pages import call, call_each, check_looks, contrast, move, open_widgets, set_theme, settle

from lmcourse.information import huffman
from lmcourse.widgets import EntropyExplorer
from lmcourse.widgets.entropy import certain, give_way, two_peaks, uniform


def distributions() -> list[list[float]]:
    """Random distributions of 2 to 12 outcomes, plain, with zeros, with ties; and the presets."""
    rng = np.random.default_rng(11)
    found = []
    for size in range(2, 13):
        plain = rng.dirichlet(np.full(size, 0.7))
        zeros = np.where(rng.random(size) < 0.5, 0, plain)
        zeros[rng.integers(size)] += 0.1
        ties = rng.integers(1, 4, size).astype(float)
        found += [(row / row.sum()).tolist() for row in (plain, zeros, ties)]
        found += [uniform(size), two_peaks(size), certain(uniform(size))]
    return found


# ---------- the arithmetic alone ----------


def test_measures_equal_python(page):
    rows = distributions()
    pairs = [(p, q) for p in rows for q in rows if len(p) == len(q)]
    found = call_each(page, "entropy.js", "measures", [list(pair) for pair in pairs])
    infinite = 0
    for (p, q), measures in zip(pairs, found):
        expected = EntropyExplorer(p, q).measures
        assert measures == pytest.approx(expected, abs=1e-9)
        infinite += math.isinf(expected["KL(p ‖ q)"])
    assert infinite > 20  # the sample holds beliefs that exclude what happens


def test_huffman_words_equal_python(page):
    rows = distributions()
    found = call_each(page, "entropy.js", "huffman", [[row] for row in rows])
    for row, words in zip(rows, found):
        assert words == list(huffman({str(i): p for i, p in enumerate(row)}).values())


def test_giving_way_and_presets_equal_python(page):
    rng = np.random.default_rng(12)
    calls = [[row, int(rng.integers(len(row))), x] for row in distributions() for x in (0, 0.3, 1)]
    for arguments, found in zip(calls, call_each(page, "entropy.js", "giveWay", calls)):
        assert found == pytest.approx(give_way(*arguments), abs=1e-12)
    for size in range(2, 13):
        assert call(page, "entropy.js", "twoPeaks", size) == pytest.approx(two_peaks(size), abs=1e-15)
        assert call(page, "entropy.js", "uniform", size) == uniform(size)
    for row in distributions():
        assert call(page, "entropy.js", "certain", row) == certain(row)


# ---------- in a page ----------


def shown(page, kind: str) -> list[float]:
    """The probabilities of p or q that the page shows."""
    return [
        float(row.get_attribute("data-prob")) for row in page.locator(f"[role=row][data-kind={kind}]").all()
    ]


def check(page, p: list[float], q: list[float]) -> EntropyExplorer:
    """The page shows p and q, and what Python makes of them."""
    explorer = EntropyExplorer(p, q, [chr(65 + i) for i in range(len(p))])
    root = page.locator(".lmc-entropies")
    assert shown(page, "p") == pytest.approx(explorer.p, abs=1e-9)
    assert shown(page, "q") == pytest.approx(explorer.q, abs=1e-9)
    found = json.loads(root.get_attribute("data-measures"))
    assert {k: float(v) for k, v in found.items()} == pytest.approx(explorer.measures, abs=1e-6)
    words = json.loads(root.get_attribute("data-words"))
    assert words == {
        "p": list(explorer.words_p.values()),
        "q": list(explorer.words_q.values()),
    }
    for name, value in explorer.measures.items():
        text = root.locator(f"[data-value='{name}']")
        if text.count():
            assert text.inner_text() == ("∞" if math.isinf(value) else f"{value:.3f}")
    return explorer


def bar(page, kind: str, outcome: str):
    """The handle of one bar."""
    return page.locator(f"[data-bar={kind}][data-outcome={outcome}]")


P = [0.5, 0.25, 0.125, 0.125]
Q = [0.25, 0.25, 0.25, 0.25]


def test_bars_by_mouse_and_by_keyboard(page, tmp_path):
    open_widgets(page, tmp_path, EntropyExplorer(P))
    check(page, P, Q)
    move(page, bar(page, "p", "A"), 80)
    check(page, [0.8, 0.1, 0.05, 0.05], Q)
    move(page, bar(page, "q", "D"), 10)
    check(page, [0.8, 0.1, 0.05, 0.05], [0.3, 0.3, 0.3, 0.1])
    handle = bar(page, "p", "B")
    handle.press("ArrowRight")
    p = give_way([0.8, 0.1, 0.05, 0.05], 1, 0.11)
    check(page, p, [0.3, 0.3, 0.3, 0.1])
    handle.press("End")
    check(page, [0, 1, 0, 0], [0.3, 0.3, 0.3, 0.1])
    handle.press("ArrowLeft")  # the others come back as they were
    check(page, give_way(p, 1, 0.99), [0.3, 0.3, 0.3, 0.1])
    handle.press("Home")
    check(page, give_way(p, 1, 0), [0.3, 0.3, 0.3, 0.1])
    assert handle.get_attribute("aria-valuetext") == "0"


def test_the_first_task(page, tmp_path):
    open_widgets(page, tmp_path, EntropyExplorer(P))
    seen = page.locator(".lmc-task [role=status]")
    bar(page, "q", "A").press("ArrowRight")
    assert seen.inner_text() == ""
    page.locator("[data-set=copy]").press("Enter")
    assert seen.inner_text() == "H(p, q) = 1.750 bits here; it gets no lower than H(p) = 1.750, where q is p."
    page.locator("[data-set=q-uniform]").press("Enter")  # what was seen stays
    assert "1.750 bits here" in seen.inner_text()


def test_a_finger_drags_a_bar(browser, tmp_path):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    page = context.new_page()
    open_widgets(page, tmp_path, EntropyExplorer(P))
    handle = bar(page, "p", "A")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    touch = page.context.new_cdp_session(page)
    x = [box["x"] + 9 + (box["width"] - 18) * share for share in (0.5, 0.6, 0.8)]
    y = box["y"] + box["height"] / 2
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x[0], "y": y}]})
    for at in x[1:]:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": at, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert shown(page, "p")[0] == pytest.approx(0.8, abs=0.02)
    assert sum(shown(page, "p")) == pytest.approx(1)
    context.close()


def test_presets(page, tmp_path):
    open_widgets(page, tmp_path, EntropyExplorer(P))

    def press(name: str) -> None:
        page.locator(f"[data-set={name}]").press("Enter")

    press("q-peaks")
    check(page, P, two_peaks(4))
    press("swap")
    check(page, two_peaks(4), P)
    press("copy")
    check(page, two_peaks(4), two_peaks(4))
    assert page.locator(".lmc-extra >> visible=true").count() == 2  # the swatches; no bar for a KL of zero
    press("p-uniform")
    press("q-certain")
    explorer = check(page, Q, [1, 0, 0, 0])
    assert explorer.measures["KL(p ‖ q)"] == math.inf
    assert page.locator(".lmc-endless >> visible=true").count() == 1
    assert "∞" in page.locator(".lmc-reading").inner_text()
    press("reset")
    check(page, P, Q)


def test_segments_add_up_on_one_scale(page, tmp_path):
    open_widgets(page, tmp_path, EntropyExplorer(P, [0.1, 0.2, 0.3, 0.4]))
    settle(page)
    explorer = EntropyExplorer(P, [0.1, 0.2, 0.3, 0.4])
    boxes = [e.bounding_box() for e in page.locator(".lmc-scale .lmc-bar").all()]
    p, kl_pq, q, kl_qp, words_p, words_q = boxes
    assert kl_pq["x"] == pytest.approx(p["x"] + p["width"], abs=1)
    assert kl_qp["x"] == pytest.approx(q["x"] + q["width"], abs=1)
    bit = p["width"] / explorer.measures["H(p)"]
    for box, name in [
        (kl_pq, "KL(p ‖ q)"),
        (q, "H(q)"),
        (kl_qp, "KL(q ‖ p)"),
        (words_p, "words of p"),
        (words_q, "words of q"),
    ]:
        assert box["width"] == pytest.approx(bit * explorer.measures[name], abs=1.5)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    names = [f"outcome {i}" for i in range(12)]
    skewed = [2.0**-i for i in range(1, 12)] + [2.0**-11]  # Huffman's words have up to 11 bits
    open_widgets(
        page,
        tmp_path,
        EntropyExplorer(P),
        EntropyExplorer(skewed, certain(uniform(12)), names),
        EntropyExplorer([0.5, 0.5]),
    )
    set_theme(page, theme)
    check_looks(page)
    tracks = page.locator("[data-bar]").all()
    assert min(track.bounding_box()["width"] for track in tracks) > 100


@pytest.mark.parametrize(("theme", "paper"), [("light", "#fff"), ("dark", "#14181e")])
def test_bars_stand_out_from_the_page(page, tmp_path, theme, paper):
    open_widgets(page, tmp_path, EntropyExplorer(P))
    set_theme(page, theme)
    for kind in "pq":
        colour = page.locator(f".lmc-track .lmc-of-{kind}").first.evaluate(
            "e => getComputedStyle(e).backgroundColor"
        )
        assert contrast(page, colour, paper) >= 3  # WCAG 1.4.11


def test_several_views_of_one_widget_move_together(page, tmp_path):
    explorer = EntropyExplorer(P)
    open_widgets(page, tmp_path, explorer, explorer)
    bar(page, "p", "A").first.press("End")
    assert [
        float(e.get_attribute("data-prob")) for e in page.locator("[data-kind=p][data-outcome=A]").all()
    ] == [1, 1]
