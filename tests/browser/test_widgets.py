"""The widgets in a real browser, without a kernel: the numbers are Python's, by mouse and by keyboard."""

from __future__ import annotations

import functools
import itertools
import math
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import anywidget
import numpy as np
import pytest
from widget_pages import (
    call,
    call_each,
    check_looks,
    contrast,
    move,
    open_widgets,
    set_theme,
    settle,
    write_page,
)

from lmcourse.decoding import Decoding, anneal_each_step, anneal_whole, enumerate_sentences, total_variation
from lmcourse.information import entropy
from lmcourse.model import TableModel, log
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import GradientLaboratory, SentenceTree, TemperatureExplorer
from lmcourse.world import five_words

TEMPERATURES = [0, 0.1, 0.5, 1, 2, 10, math.inf]
WORLD = five_words()


# ---------- errors ----------


@pytest.mark.parametrize(
    ("render", "said"),
    [
        ("throw new Error('no such slider')", "could not start here (no such slider)"),
        ("no such syntax", "could not start here (Unexpected identifier"),
        ("setTimeout(() => { throw new Error('drawn too late'); })", "Error: drawn too late"),
        ("Promise.reject(new Error('not to be had'))", "Error: not to be had"),
    ],
)
def test_what_goes_wrong_in_a_widget_is_told_at_once(browser, tmp_path, render, said):
    """And is no time-out of whatever waits for the widget."""

    class Broken(anywidget.AnyWidget):
        _esm = f"export default {{ render() {{ {render} }} }}"

    page = browser.new_page()
    try:
        with pytest.raises(AssertionError, match=f"(?s)the page has errors:\n.*{re.escape(said)}"):
            open_widgets(page, tmp_path, SentenceTree(), Broken())
    finally:
        page.close()


# ---------- the arithmetic alone ----------


def distributions():
    """Random distributions of 2 to 84 tokens, plain, with zeros, with ties; the most probable first."""
    rng = np.random.default_rng(1)
    for size in [2, 5, 12, 84]:
        probs = rng.dirichlet(np.full(size, 0.5))
        zeros = np.where(rng.random(size) < 0.4, 0, probs)
        zeros[0] += 0.1
        ties = rng.integers(1, 4, size).astype(float)
        for row in (probs, zeros, ties):
            yield log(np.sort(row / row.sum())[::-1])


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_decode_equals_python(page, temperature):
    cases = list(
        itertools.product(distributions(), [None, 1, 2, 5, 200], [None, 0.05, 0.5, 0.9, 1], [None, 0.3])
    )
    settings = [{"temperature": temperature, "topK": k, "topP": p, "minP": m} for _, k, p, m in cases]
    calls = [[case[0].tolist(), values] for case, values in zip(cases, settings)]
    found = call_each(page, "temperature.js", "decode", calls)
    entropies = call_each(page, "temperature.js", "entropyBits", [[row] for row in found])
    for (row, k, p, m), log_probs, bits in zip(cases, found, entropies):
        expected = np.exp(Decoding(temperature=temperature, top_k=k, top_p=p, min_p=m).apply(row))
        np.testing.assert_allclose(np.exp(log_probs), expected, atol=1e-6)
        assert bits == pytest.approx(entropy(expected), abs=1e-6)


def test_a_nucleus_of_all_the_mass_is_everything(page):
    """As in Python, however little is left for the last ones."""
    row = log(np.array([0.7, 0.2, 0.1, 1e-14, 1e-20])).tolist()
    settings = {"temperature": 1, "topK": None, "topP": 1, "minP": None}
    found = call(page, "temperature.js", "decode", row, settings)
    assert np.isfinite(np.array(found, dtype=float)).all()


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_annealed_sentences_equal_python(page, temperature):
    tree = SentenceTree()
    rows = call(
        page,
        "tree.js",
        "compareSentences",
        {"parents": tree.parents, "logProbs": tree.log_probs},
        temperature,
    )
    sentences = enumerate_sentences(WORLD)
    each_step = anneal_each_step(WORLD, temperature)
    whole = anneal_whole(sentences, temperature)
    assert len(rows) == len(sentences) == 12
    for row in rows:
        tree.node = row["node"]
        ids = tuple(WORLD.ids(tree.path))
        expected = [sentences[ids], each_step[ids], whole[ids]]
        assert [row["model"], row["step"], row["whole"]] == pytest.approx(expected, abs=1e-6)
    distance = call(page, "tree.js", "totalVariation", [r["step"] for r in rows], [r["whole"] for r in rows])
    assert distance == pytest.approx(total_variation(each_step, whole), abs=1e-6)


def test_draws_follow_the_distribution(page):
    probs, n = [0.5, 0.0, 0.3, 0.2], 20_000
    counts = call(page, "temperature.js", "draw", probs, n)
    assert sum(counts) == n
    assert counts[1] == 0
    # five standard deviations of a share: sqrt(.25 / 20000) = .0035
    np.testing.assert_allclose(np.array(counts) / n, probs, atol=5 * 0.0036)
    assert call(page, "temperature.js", "largestGap", [0.5, 0.5], [3, 1]) == 0.25


# ---------- in a page, through the script that stands in for the kernel ----------


def shown(page, attribute: str) -> dict[str, float]:
    """One number of each row of the temperature explorer, by token."""
    rows = page.locator(".lmc-temperature [data-token]").all()
    return {row.get_attribute("data-token"): float(row.get_attribute(f"data-{attribute}")) for row in rows}


def check_explorer(page, explorer) -> None:
    """The page shows what Python computes with the explorer's present settings."""
    expected = dict(zip(explorer.vocab.tokens, explorer.probs))
    found = shown(page, "now")
    assert list(found) == explorer.tokens
    assert {t: pytest.approx(expected[t], abs=1e-6) for t in found} == found
    bits = float(page.get_attribute(".lmc-temperature", "data-entropy-now"))
    assert bits == pytest.approx(entropy(explorer.probs), abs=1e-6)


@pytest.fixture(params=["file", "http"])
def explorer_page(request, page, tmp_path):
    """A temperature explorer in a page, from disk and from a server."""
    explorer = TemperatureExplorer(WORLD, "the mouse ate the")
    open_widgets(page, tmp_path, explorer)
    if request.param == "file":
        yield page, explorer
        return
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/page.html")
        page.wait_for_selector(".lmc")
        yield page, explorer
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line per request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_sliders_by_mouse_and_by_keyboard(explorer_page):
    page, explorer = explorer_page
    check_explorer(page, explorer)
    slider = page.locator("[data-slider=temperature]")
    move(page, slider, 10)
    explorer.temperature = 0.5
    check_explorer(page, explorer)
    move(page, slider, 30)
    explorer.temperature = 2
    check_explorer(page, explorer)
    for key, temperature in [("ArrowRight", 2.5), ("Home", 0), ("End", math.inf), ("ArrowLeft", 100)]:
        slider.press(key)
        explorer.temperature = temperature
        check_explorer(page, explorer)
    move(page, page.locator("[data-slider=top_k]"), 1)
    explorer.top_k = 2
    check_explorer(page, explorer)
    top_p = page.locator("[data-slider=top_p]")
    top_p.focus()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    explorer.top_p = 0.4
    check_explorer(page, explorer)
    assert sorted(shown(page, "now").values()) == [0, 0, 0, 0, 0, 1]
    for name in ("top_k", "top_p"):
        page.locator(f"[data-slider={name}]").press("End")
    explorer.top_k = explorer.top_p = None
    min_p = page.locator("[data-slider=min_p]")
    move(page, min_p, 6)  # at T = 100 all three possible tokens are about as probable
    explorer.min_p = 0.05
    check_explorer(page, explorer)
    min_p.press("End")
    explorer.min_p = 1
    check_explorer(page, explorer)
    assert page.get_attribute(".lmc-temperature", "data-kept") == "1"


def test_the_first_task(explorer_page):
    page, explorer = explorer_page
    task, slider = page.locator(".lmc-task"), page.locator("[data-slider=temperature]")
    move(page, slider, 5)  # T = 0.25
    assert task.locator("[role=status]").inner_text() == ""
    slider.press("ArrowLeft")
    explorer.temperature = 0.2
    seen = f"“cheese” has {explorer.probs.max():.3f} now, and 0.813 at T = 1."
    assert task.locator("[role=status]").inner_text() == seen
    slider.press("End")  # what was seen stays
    assert task.locator("[role=status]").inner_text() == seen
    assert "lmc-done" in task.get_attribute("class")


def test_a_task_that_is_done_from_the_start_is_none(page, tmp_path):
    open_widgets(page, tmp_path, TemperatureExplorer(WORLD, "the mouse ate the", temperature=0.1))
    assert page.locator(".lmc-task").is_hidden()


def test_bars_are_long_on_a_phone(page, tmp_path):
    page.set_viewport_size({"width": 375, "height": 800})  # 360 and the scroll bar
    open_widgets(page, tmp_path, TemperatureExplorer(WORLD, "the mouse ate the"))
    page.get_by_role("button", name="100", exact=True).click()
    width = page.locator(".lmc-temperature").bounding_box()["width"]
    assert page.locator("[data-token=cheese] .lmc-track").bounding_box()["width"] > 0.85 * width


def test_draws_add_up_and_are_forgotten_when_the_distribution_changes(explorer_page):
    page, _ = explorer_page
    root = page.locator(".lmc-temperature")
    for label, total in [("1", 1), ("10", 11), ("100", 111), ("1000", 1111)]:
        page.get_by_role("button", name=label, exact=True).press("Enter")
        counts = shown(page, "count")
        assert sum(counts.values()) == total == int(root.get_attribute("data-draws"))
    now = shown(page, "now")
    gap = max(abs(counts[t] / 1111 - now[t]) for t in now)
    assert float(root.get_attribute("data-gap")) == pytest.approx(gap, abs=1e-6)
    assert gap < 0.08  # over five standard deviations
    page.locator("[data-slider=temperature]").press("ArrowRight")
    assert sum(shown(page, "count").values()) == 0
    page.get_by_role("button", name="10", exact=True).click()
    page.get_by_role("button", name="Reset").click()
    assert sum(shown(page, "count").values()) == 0


def test_a_choice_of_prompts(page, tmp_path):
    texts = ["the mouse ate the", "the mouse", "the"]
    explorer = TemperatureExplorer(WORLD, texts, temperature=0.5)
    open_widgets(page, tmp_path, explorer)
    check_explorer(page, explorer)
    choice = page.get_by_label("The next token after")
    assert choice.locator("option").all_inner_texts() == texts
    for chosen in (2, 1):
        page.get_by_role("button", name="10", exact=True).click()
        assert sum(shown(page, "count").values()) == 10
        choice.select_option(str(chosen))
        explorer.chosen = chosen
        check_explorer(page, explorer)
        assert sum(shown(page, "count").values()) == 0  # those were draws from another distribution


def test_tokens_without_a_bar_of_their_own_share_one(page, tmp_path):
    probs = np.random.default_rng(2).dirichlet(np.ones(84))
    tokens = [chr(33 + i) for i in range(84)]
    explorer = TemperatureExplorer.from_probs(tokens, probs, temperature=2.0)
    open_widgets(page, tmp_path, explorer)
    check_explorer(page, explorer)
    own = shown(page, "now")
    assert len(own) == 12
    others = float(page.get_attribute(".lmc-others", "data-now"))
    assert others == pytest.approx(explorer.probs.sum() - sum(own.values()), abs=1e-6)
    assert page.locator(".lmc-others").inner_text().startswith("72 others")


BOUND = 2**-10  # of the error of a probability at T = 1, as TemperatureExplorer states it


@pytest.fixture(scope="module")
def large():
    """A vocabulary of 49,152 tokens under a distribution like a network's: a few tokens, and a long tail."""
    logits = np.random.default_rng(5).normal(0, 2.5, 49_152)
    logits[:5] += 14
    logits[-700:] = -np.inf  # tokens that are impossible
    tokens = [f"token {i}" for i in range(len(logits))]
    return TemperatureExplorer.from_probs(tokens, np.exp(logits) / np.exp(logits).sum())


def test_a_large_vocabulary_equals_python_within_its_bound(page, tmp_path, large):
    open_widgets(page, tmp_path, large)
    root, slider = page.locator(".lmc-temperature"), page.locator("[data-slider=temperature]")
    moves = {0: "Home", 0.05: "ArrowRight", 0.1: "ArrowRight", math.inf: "End", 100: "ArrowLeft"}
    settings = [{"temperature": t, "key": key} for t, key in moves.items()]
    for values in [*settings, {"temperature": 1, "stop": 20}, {"temperature": 1.8, "stop": 28}]:
        large.temperature = values["temperature"]
        if "key" in values:
            slider.press(values["key"])
        else:
            move(page, slider, values["stop"])
        found, expected = shown(page, "now"), dict(zip(large.vocab.tokens, large.probs))
        bound = max(1e-12, BOUND / large.temperature if large.temperature else 0)
        assert {t: pytest.approx(expected[t], abs=bound) for t in found} == found
        others = float(page.get_attribute(".lmc-others", "data-now"))
        rest = 1 - sum(expected[t] for t in large.tokens)
        assert others == pytest.approx(rest, abs=bound)
        assert float(root.get_attribute("data-entropy-now")) == pytest.approx(entropy(large.probs), abs=1e-3)
        assert int(root.get_attribute("data-kept")) == np.count_nonzero(
            np.isfinite(Decoding(temperature=large.temperature).apply(large._rows[0]))
        )


def test_what_a_large_vocabulary_keeps(page, tmp_path, large):
    large.temperature = 1.0
    open_widgets(page, tmp_path, large)
    root = page.locator(".lmc-temperature")
    k = page.locator("[data-slider=top_k]")
    stops = call(page, "temperature.js", "stopsTo", 49_152)
    assert stops[-1] == 49_152
    for name, at, value in [("top_k", stops.index(3000), 3000), ("top_p", 89, 0.9), ("min_p", 1, 0.001)]:
        slider = page.locator(f"[data-slider={name}]")
        slider.evaluate("(e, at) => { e.value = at; e.dispatchEvent(new Event('input')); }", at)
        setattr(large, name, value)
        kept = np.count_nonzero(large.probs)
        assert int(root.get_attribute("data-kept")) == pytest.approx(kept, rel=1e-2)
        assert f"of {49_152 - 700:,} possible tokens kept" in page.locator(".lmc-summary").inner_text()
        found, expected = shown(page, "now"), dict(zip(large.vocab.tokens, large.probs))
        assert {t: pytest.approx(expected[t], abs=3 * BOUND) for t in found} == found
        slider.press("Home" if name == "min_p" else "End")
        setattr(large, name, None)
    assert k.get_attribute("aria-valuetext") == "all"


def test_draws_of_a_large_vocabulary_say_what_they_do_not_tell_apart(page, tmp_path, large):
    large.temperature = 2.0
    open_widgets(page, tmp_path, large)
    page.get_by_role("button", name="1000", exact=True).click()
    others = page.locator(".lmc-others")
    assert others.inner_text().startswith("49,140 others")
    share, p = int(others.get_attribute("data-count")) / 1000, 1 - sum(np.sort(large.probs)[-12:])
    assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / 1000)  # five standard deviations
    assert sum(shown(page, "count").values()) + int(others.get_attribute("data-count")) == 1000


def test_the_tree_by_keyboard(page, tmp_path):
    tree = SentenceTree(temperature=0.5)
    open_widgets(page, tmp_path, tree)
    root, task = page.locator(".lmc-tree"), page.locator(".lmc-task >> visible=true")
    page.locator(".lmc-choices button").first.focus()  # mouse, after “the”
    page.keyboard.press("ArrowDown")  # from mouse to cheese
    page.keyboard.press("ArrowRight")
    said = page.locator(".lmc-path button").all_inner_texts()
    assert [text.split()[0] for text in said] == ["start", "the", "cheese"]
    assert float(root.get_attribute("data-path-model")) == pytest.approx(0.2, abs=1e-6)
    page.keyboard.press("ArrowLeft")
    for _ in range(4):  # the most probable way on
        page.keyboard.press("ArrowRight")
    assert task.locator("[role=status]").inner_text() == ""
    page.keyboard.press("ArrowRight")
    assert page.locator(".lmc-choices").inner_text() == "The sentence is complete."
    ids = tuple(WORLD.ids("the mouse ate the cheese ."))
    p = tree.sentences[ids]
    assert float(root.get_attribute("data-path-model")) == pytest.approx(p, abs=1e-6)
    factors = " \u00d7 ".join(["1", "0.7", "1", "0.8", "0.813", "1"])
    seen = f"“the mouse ate the cheese .” has {factors} = 0.4550: each step takes its share."
    assert task.locator("[role=status]").inner_text() == seen
    assert p == pytest.approx(0.7 * 0.8 * 0.8125)
    page.keyboard.press("ArrowLeft")
    assert page.locator(":focus").get_attribute("data-token") == "."


def test_the_second_idea_has_the_temperature(page, tmp_path):
    tree = SentenceTree(temperature=0.55)
    open_widgets(page, tmp_path, tree)
    root, slider = page.locator(".lmc-tree"), page.locator("[data-slider=temperature]")
    assert [root.get_attribute("data-part"), slider.is_visible()] == ["walk", False]
    now, own = (float(root.get_attribute(f"data-path-{name}")) for name in ("now", "model"))
    assert now == pytest.approx(own, abs=1e-9)
    page.get_by_role("button", name="Anneal").click()
    assert [slider.is_visible(), page.locator(".lmc-choices").is_visible()] == [True, False]
    path = page.locator(".lmc-path")
    path.locator("[aria-current]").focus()
    page.keyboard.press("ArrowRight")  # mouse, the most probable
    # .7² = .49, .2² = .04, .1² = .01
    seen = page.locator(".lmc-task >> visible=true").locator("[role=status]")
    assert seen.inner_text() == ""
    slider.press("ArrowLeft")
    tree.temperature = 0.5
    assert float(root.get_attribute("data-path-now")) == pytest.approx(0.49 / 0.54, abs=1e-6)
    ids = max(tree.sentences, key=lambda ids: abs(tree.each_step[ids] - tree.whole[ids]))
    told = f"has {tree.each_step[ids]:.3f} by steps and {tree.whole[ids]:.3f} as a whole."
    assert seen.inner_text() == f"They differ: “{WORLD.vocab.decode(ids)}” {told}"


def test_the_tree_by_mouse(page, tmp_path):
    tree = SentenceTree()
    open_widgets(page, tmp_path, tree)
    mouse = next(i for i in range(len(tree.parents)) if tree.parents[i] == 1 and tree.tokens[i] == "mouse")
    page.locator(f".lmc-icicle [data-node='{mouse}']").click()
    assert page.locator(".lmc-path button").count() == 3
    page.locator(".lmc-choices button").first.click()
    page.locator(".lmc-path button", has_text="the").first.click()
    found = [b.get_attribute("data-token") for b in page.locator(".lmc-choices button").all()]
    assert found == ["mouse", "cheese", "ball"]


def test_two_ways_of_annealing_follow_the_slider(page, tmp_path):
    tree = SentenceTree(part="anneal")
    open_widgets(page, tmp_path, tree)
    slider = page.locator("[data-slider=temperature]")
    for act, temperature in [
        (lambda: None, 1),
        (lambda: move(page, slider, 30), 2),
        (lambda: slider.press("End"), math.inf),
        (lambda: slider.press("Home"), 0),
    ]:
        act()
        tree.temperature = temperature
        rows = page.locator("[data-sentence]").all()
        assert len(rows) == 12
        for row in rows:
            ids = tuple(WORLD.ids(row.get_attribute("data-sentence")))
            for name, expected in [
                ("model", tree.sentences),
                ("step", tree.each_step),
                ("whole", tree.whole),
            ]:
                assert float(row.get_attribute(f"data-{name}")) == pytest.approx(expected[ids], abs=1e-6)
        distance = float(page.get_attribute(".lmc-tree", "data-tv"))
        assert distance == pytest.approx(total_variation(tree.each_step, tree.whole), abs=1e-6)


def test_many_sentences_are_listed_on_demand(page, tmp_path):
    vocab = Vocabulary("abcd.", separator="")
    sentences = {f"{x}{y}.": 1 / 16 for x in "abcd" for y in "abcd"}
    open_widgets(page, tmp_path, SentenceTree(TableModel(vocab, sentences), end=".", part="anneal"))
    rows = page.locator("[data-sentence]")
    assert rows.count() == 12 + 1
    assert rows.last.get_attribute("data-sentence") == "4 others"
    assert float(rows.last.get_attribute("data-step")) == pytest.approx(4 / 16, abs=1e-6)
    page.get_by_role("button", name="Show all 16").click()
    assert {row.get_attribute("data-sentence") for row in rows.all()} == set(sentences)


def test_a_narrow_tree_keeps_its_sentences(page, tmp_path):
    page.set_viewport_size({"width": 360, "height": 800})
    open_widgets(page, tmp_path, SentenceTree(part="anneal"))
    for row in page.locator("[data-sentence]").all():
        sentence, track = row.locator(".lmc-sentence"), row.locator(".lmc-track")
        assert sentence.inner_text() == row.get_attribute("data-sentence")  # what is hidden has no inner text
        assert sentence.bounding_box()["y"] < track.bounding_box()["y"]  # on a line of its own


@pytest.mark.parametrize(("theme", "paper"), [("light", "#fff"), ("dark", "#14181e")])
def test_boxes_of_the_tree_stand_out_from_the_page(page, tmp_path, theme, paper):
    open_widgets(page, tmp_path, SentenceTree())
    set_theme(page, theme)
    edge = page.locator(".lmc-icicle div").first.evaluate("e => getComputedStyle(e).borderBottomColor")
    assert contrast(page, edge, paper) >= 3  # WCAG 1.4.11


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width, large):
    page.set_viewport_size({"width": width, "height": 800})
    small = TemperatureExplorer(WORLD, ["the mouse ate", "the"])
    trees = [SentenceTree(), SentenceTree(temperature=0.5, part="anneal")]
    open_widgets(page, tmp_path, small, large, *trees)
    set_theme(page, theme)
    for button in page.locator("[data-draw='100']").all():
        button.click()
    check_looks(page)


def test_a_page_has_the_common_style_once(page, tmp_path):
    open_widgets(page, tmp_path, TemperatureExplorer(WORLD), SentenceTree(), SentenceTree())
    page.wait_for_selector(".lmc >> nth=2")
    sheets = page.locator("style").evaluate_all("all => all.map((e) => e.textContent)")
    assert sum(".lmc-slider-head" in sheet for sheet in sheets) == 1
    assert page.locator("style#lmc-ui").count() == 1


def test_motion_only_where_it_is_wanted(page, tmp_path):
    page.emulate_media(reduced_motion="reduce")
    open_widgets(page, tmp_path, TemperatureExplorer(WORLD))
    assert page.locator(".lmc-fill").first.evaluate("e => getComputedStyle(e).transitionProperty") == "none"


# ---------- the script that stands in for the kernel ----------


def test_static_script_serves_any_anywidget(page, tmp_path):
    esm = """
        export function render({ model, el }) {
          const [bytes, shown] = [model.get("data").x, document.createElement("output")];
          const listener = () => { shown.textContent = `${model.get("n")} ${bytes.getUint8(1)}`; };
          model.on("change:n", listener);
          model.set("n", 2); model.save_changes();
          model.off("change:n", listener);
          model.set("n", 3);
          model.send({});
          el.append(shown);
        }"""
    factory = """export default () => ({
          initialize({ model }) { model.set("ready", "ready"); },
          render({ model, el }) {
            el.append(Object.assign(document.createElement("p"), { textContent: model.get("ready") }));
          },
        })"""
    states = {
        "a": {
            "state": {"_esm": esm, "_css": "output { color: rgb(1, 2, 3) }", "n": 1, "data": {}},
            "buffers": [{"path": ["data", "x"], "encoding": "base64", "data": "AAf/"}],  # bytes 0, 7, 255
        },
        "b": {"state": {"_esm": factory}},
        "c": {"state": {"description": "an ipywidgets slider"}},
    }
    page.goto(write_page(tmp_path, states, ["a", "b", "c", "missing"]))
    page.wait_for_selector("[role=alert] >> nth=1")
    page.wait_for_selector("output")
    assert page.locator("output").inner_text() == "2 7"
    assert page.locator("output").evaluate("e => getComputedStyle(e).color") == "rgb(1, 2, 3)"
    assert page.locator("main p").inner_text() == "ready"
    for message in page.locator("[role=alert]").all_inner_texts():
        assert "could not start here (it carries no JavaScript of its own)" in message


# ---------- in the built book ----------


@pytest.mark.parametrize("scheme", ["file", "http"])
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("book/index.html", ["lmc-temperature"]),
        ("notebooks/01_language_models/decoding.html", ["lmc-temperature", "lmc-tree"]),
    ],
)
def test_widgets_of_the_book(page, book_dir, base_url, scheme, name, kinds):
    page.goto((book_dir / name).as_uri() if scheme == "file" else f"{base_url}/{name}")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")  # widgets are loaded when they come near
    for kind in kinds:
        page.wait_for_selector(f".{kind}")
    assert page.locator("[role=alert]").count() == 0
    # The style of all widgets is in the book's style sheet; no widget brings it along.
    assert page.locator("style#lmc-ui").count() == 0
    assert '"_ui"' not in page.content()
    assert page.locator(".lmc").first.evaluate("e => getComputedStyle(e).containerType") == "inline-size"
    # The first explorer's distribution, as the page carries it, decoded by Python at T = 0.05.
    found = page.locator(".lmc-temperature").first
    slider = found.locator("[data-slider=temperature]")
    slider.press("Home")
    slider.press("ArrowRight")
    rows = found.locator("[data-token]").all()
    model = np.array([float(row.get_attribute("data-model")) for row in rows])
    now = np.array([float(row.get_attribute("data-now")) for row in rows])
    np.testing.assert_allclose(now, np.exp(Decoding(temperature=0.05).apply(log(model))), atol=1e-6)


def test_an_answer_out_of_the_window_comes_to_its_edge_and_goes_home(page, tmp_path):
    page.set_viewport_size({"width": 390, "height": 280})
    open_widgets(page, tmp_path, TemperatureExplorer(WORLD, "the mouse ate the"), GradientLaboratory())
    page.evaluate("document.querySelector('main').style.paddingBottom = '2000px'")
    tasks = page.locator(".lmc-task")
    slider = page.locator("[data-slider=gain]")
    slider.evaluate("e => e.scrollIntoView({ block: 'end' })")
    assert tasks.nth(1).bounding_box()["y"] < 0
    before = slider.bounding_box()["y"]
    for _ in range(19):
        slider.press("ArrowRight")
    page.locator(".lmc-come").wait_for()
    settle(page)
    box = tasks.nth(1).bounding_box()
    assert 0 <= box["y"] < 2
    assert box["height"] <= 150
    assert abs(slider.bounding_box()["y"] - before) < 2  # nothing has moved under the finger
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")  # off the widget
    page.wait_for_function("() => !document.querySelector('.lmc-come')")
    # one that is in sight as it is answered stays where it is
    page.evaluate("scrollTo(0, 0)")
    page.locator("[data-slider=temperature]").first.press("Home")
    settle(page)
    assert page.locator(".lmc-come").count() == 0
