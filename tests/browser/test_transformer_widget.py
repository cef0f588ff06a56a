"""Transformer live in a real browser: what it computes is torch's, and it loads when it is wanted."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from ipywidgets.embed import dependency_state
from widget_pages import call_each, check_looks, move, open_widgets, set_theme, write_page

from lmcourse.decoding import Decoding
from lmcourse.experiments.character_transformer import load_model
from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer
from lmcourse.vocabulary import Vocabulary
from lmcourse.widgets import TransformerLive
from lmcourse.widgets.base import script

ROOT = ".lmc-transformer"
VOCAB = Vocabulary.of_characters("\n abcdefgh.")
CONTEXT = 12
move_weights = runpy.run_path(str(Path(__file__).parents[2] / "book/_ext/widget_files.py"))["move_weights"]
TEXT = "bad cab\nfade"  # with the start one more than the context


def small(context: int = CONTEXT, blocks: int = 2, width: int = 16) -> TransformerModel:
    """A model with large random weights, whose predictions are sharp."""
    config = Config(len(VOCAB), width, 2, blocks, context, bias=False, position="rope")
    network = Transformer(config).draw(np.random.default_rng(3))
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(2.5)
    return TransformerModel(network.eval(), VOCAB, start=0)


@pytest.fixture
def widget() -> TransformerLive:
    """The widget of the small model."""
    return TransformerLive(small(), TEXT)


def ready(page, state: str = "ready") -> None:
    """Wait until the widget has done all that it was asked."""
    page.wait_for_function(
        "([root, state]) => { const { dataset: d } = document.querySelector(root); "
        "return d.state === state && !d.busy && "
        "(state !== 'ready' || d.ids.split(' ').filter(Boolean).length === JSON.parse(d.bits).length); }",
        arg=[ROOT, state],
    )


@pytest.fixture
def opened(page, tmp_path, widget):
    """The page with the widget, its text scored."""
    open_widgets(page, tmp_path, widget)
    ready(page)
    return page


def of_root(page, name: str):
    """A list that the widget leaves for the tests."""
    return json.loads(page.get_attribute(ROOT, f"data-{name}"))


def looked(page, place: int) -> None:
    """Wait until the worker has told of a place."""
    page.wait_for_function(f"document.querySelector('{ROOT}').dataset.looked === '{place}'")


ENGINE = """async ([source, weights, shape, texts]) => {
    const engine = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
    const net = engine.network(Uint8Array.from(weights), shape);
    return texts.map((ids) => {
        const reader = new engine.Reader(net, []);
        const read = ids.map((id) => (reader.read(id), Array.from(reader.logits())));
        return [read, Array.from(new engine.Reader(net, ids).logits()), [...engine.surprises(net, ids)]];
    });
}"""


@pytest.mark.parametrize("context", [CONTEXT, 5])
def test_logits_are_torchs_whatever_the_length(page, context):
    """Read token by token or all at once, also where the window slides; quantised on both sides."""
    live = TransformerLive(small(context, 3))
    texts = [
        np.random.default_rng(n).integers(len(VOCAB), size=n).tolist() for n in (1, 4, 5, 11, 12, 13, 30)
    ]
    arguments = [script("transformer_engine.js"), list(live.weights), live.shape, texts]
    page.goto("about:blank")
    for ids, (read, at_once, bits) in zip(texts, page.evaluate(ENGINE, arguments)):
        expected = []
        for n in range(1, len(ids) + 1):
            window = live.model.window([live.model.start, *ids[:n]])
            with torch.inference_mode():
                expected.append(live.model.module(torch.tensor([window]))[0, -1].numpy())
        assert np.ptp(expected) > 1
        np.testing.assert_allclose(read, expected, atol=1e-3)
        np.testing.assert_allclose(at_once, expected[-1], atol=1e-3)
        costs = -live.model.token_log_probs(ids) / np.log(2)
        np.testing.assert_allclose(bits, costs, atol=1e-3)


def test_the_kept_models_logits_are_torchs(page):
    """A text that fits into its context of 128, and one of 200 characters that does not."""
    live = TransformerLive(load_model())
    text = "MACBETH.\nIs this a dagger which I see before me,\nThe handle toward my hand?\n" * 3
    texts = [live.model.ids(text)[:n] for n in (40, 200)]
    page.goto("about:blank")
    found = page.evaluate(
        ENGINE.replace("new engine.Reader(net, []);", "{ read() {}, logits: () => [] };"),
        [script("transformer_engine.js"), list(live.weights), live.shape, texts],
    )
    for ids, (_, at_once, bits) in zip(texts, found):
        window = live.model.window([live.model.start, *ids])
        with torch.inference_mode():
            expected = live.model.module(torch.tensor([window]))[0, -1].numpy()
        np.testing.assert_allclose(at_once, expected, atol=1e-3)
        costs = -live.model.token_log_probs(ids) / np.log(2)
        np.testing.assert_allclose(bits, costs, atol=1e-3)


def test_gelu_is_torchs(page):
    values = np.linspace(-6, 6, 49).tolist()
    found = call_each(page, "transformer_engine.js", "gelu", [[x] for x in values])
    expected = torch.nn.functional.gelu(torch.tensor(values, dtype=torch.float64))
    np.testing.assert_allclose(found, expected, atol=1e-6)


NAMES = {
    "temperature": "temperature",
    "top_k": "topK",
    "top_p": "topP",
    "min_p": "minP",
    "repetition_penalty": "penalty",
}
CUTS = ((None, None, None), (3, None, None), (None, 0.9, None), (None, None, 0.2), (6, 0.7, 0.1))
SETTINGS = [
    dict(zip(NAMES, (temperature, *cut, penalty)))
    for temperature in (0, 0.3, 1, 2.5, np.inf)
    for cut in CUTS
    for penalty in (1.0, 1.5)
]


def test_the_decoder_is_chapter_ones(page):
    """On rows drawn at random, with equals, with what is impossible, and the nucleus that ends on a sum."""
    rng = np.random.default_rng(0)
    rows = [rng.dirichlet(np.full(8, 0.4)) for _ in range(3)]
    rows += [[0.4, 0.3, 0.2, 0.1, 0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1]]
    with np.errstate(divide="ignore"):
        rows = [np.log(row) for row in rows]
    said = [1, 1, 4, 0]
    cases = [(row, setting) for row in rows for setting in SETTINGS]
    calls = [
        [
            [float(x) if np.isfinite(x) else "-Infinity" for x in row],
            {NAMES[key]: ("Infinity" if value == np.inf else value) for key, value in setting.items()},
            said,
        ]
        for row, setting in cases
    ]
    found = page.evaluate(
        """async ([source, calls]) => {
            const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
            return calls.map(([row, settings, said]) => Array.from(module.decodeRow(
                row.map(Number), {...settings, temperature: Number(settings.temperature)}, said), Math.exp));
        }""",
        [script("decode.js"), calls],
    )
    for (row, setting), probs in zip(cases, found):
        expected = np.exp(Decoding(**setting).apply(row, said))
        np.testing.assert_allclose(probs, expected, atol=1e-12, err_msg=str(setting))


def test_each_characters_surprise(opened, widget):
    np.testing.assert_allclose(of_root(opened, "bits"), widget.bits(), atol=1e-3)
    signs = opened.locator(f"{ROOT} .lmc-tf-sign")
    assert signs.count() == len(TEXT)
    labels = [signs.nth(i).get_attribute("aria-label") for i in (0, 3, 7)]
    names = ["b", "space", "line end"]
    assert labels == [f"{name}, {widget.bits()[i]:.2f} bits" for name, i in zip(names, (0, 3, 7))]


def test_what_is_typed_is_read_and_what_is_unknown_named(opened, widget):
    area = opened.get_by_label("Your text")
    area.fill("éa €beZ é")
    opened.wait_for_function(f"document.querySelector('{ROOT}').dataset.ids.split(' ').length === 5")
    ready(opened)
    problem = opened.locator(f"{ROOT} .lmc-tf-problem")
    assert problem.inner_text() == "The model knows 11 characters, and not “é”, “€”, “Z”: left out."
    widget.text = "éa €beZ é"
    np.testing.assert_allclose(of_root(opened, "bits"), widget.bits(), atol=1e-3)
    area.fill("")
    opened.wait_for_function(f"document.querySelector('{ROOT}').dataset.ids === ''")
    ready(opened)
    assert opened.locator(f"{ROOT} .lmc-tf-inside").is_hidden()
    assert problem.inner_text() == ""


@pytest.mark.parametrize("place", [0, 5, 11])  # from the last the start is no more seen
def test_the_inside(opened, widget, place):
    opened.locator(f"{ROOT} .lmc-tf-sign").nth(place).click()
    looked(opened, place)
    widget.place = place
    attention, lens = widget.look()
    heads = attention.reshape(-1, attention.shape[-1])
    np.testing.assert_allclose(of_root(opened, "attention"), heads, atol=1e-4)
    np.testing.assert_allclose(of_root(opened, "lens"), lens, atol=1e-3)
    assert heads.shape[1] == min(place + 2, CONTEXT)
    best = opened.locator(f"{ROOT} .lmc-tf-lens .lmc-row:last-child .lmc-token").first.inner_text()
    assert best.replace("↵", "\n").replace("␣", " ") == VOCAB.tokens[lens[-1].argmax()]


def test_the_first_task_is_a_place_from_where_the_next_is_sure(page, tmp_path):
    live = TransformerLive(load_model(), "To be, or not to be: that is the ")
    open_widgets(page, tmp_path, live)
    ready(page)
    task = page.locator(f"{ROOT} .lmc-task")
    opened = live.place
    found = {}
    for place in range(opened):
        live.place = place
        _, lens = live.look()
        found[place] = (lens.argmax(axis=1), np.exp(lens[-1].max()))
    unsure = min(found, key=lambda place: found[place][1])
    page.locator(f"{ROOT} .lmc-tf-sign").nth(unsure).click()
    looked(page, unsure)
    assert "lmc-done" not in task.get_attribute("class")
    sure = max(found, key=lambda place: found[place][1])
    firsts, p = found[sure]
    assert p > 0.9
    page.locator(f"{ROOT} .lmc-tf-sign").nth(sure).click()
    page.wait_for_selector(f"{ROOT} .lmc-done")
    row = max((n + 1 for n, first in enumerate(firsts) if first != firsts[-1]), default=0)
    after, then = (each.replace(" ", "␣") for each in (live.text[sure], live.tokens[firsts[-1]]))
    assert task.inner_text().endswith(
        f"After “{after}” the last block gives “{then}” {p:.3f}. "
        f"It comes first from {f'block {row}' if row else 'the embedding'} on."
    )


def test_which_block_knows_it_first(page):
    """A token that came first earlier and was lost again is known from its last return on."""
    sure, unsure = [0.95, 0.03, 0.02], [0.5, 0.3, 0.2]
    other = unsure[::-1]
    lenses = [[sure, other, unsure, sure], [other, sure], [sure, sure], [sure, unsure]]
    calls = [[np.log(lens).tolist(), 0.9] for lens in lenses]
    found = call_each(page, "transformer.js", "sureFrom", calls)
    assert [each and (each["id"], round(each["p"], 6), each["row"]) for each in found] == [
        (0, 0.95, 2),
        (0, 0.95, 1),
        (0, 0.95, 0),
        None,
    ]


def test_a_head_is_chosen_and_the_characters_are_shaded(opened, widget):
    opened.get_by_role("button", name="Block 2, head 1").click()
    looked(opened, len(TEXT) - 1)
    weights = opened.locator(f"{ROOT} .lmc-tf-sign").evaluate_all(
        "all => all.map((e) => parseFloat(e.style.getPropertyValue('--weight')) / 100)"
    )
    widget.place = len(TEXT) - 1
    attention, _ = widget.look()
    np.testing.assert_allclose(weights[-CONTEXT:], attention[1, 0], atol=1e-4)


def test_arrow_keys_walk_through_the_text(opened):
    last = opened.locator(f"{ROOT} .lmc-tf-sign").last
    last.focus()
    opened.keyboard.press("ArrowLeft")
    looked(opened, len(TEXT) - 2)
    opened.keyboard.press("Home")
    looked(opened, 0)
    told = opened.locator(f"{ROOT} .lmc-told").inner_text()
    assert told.startswith("At “b”, which cost ")
    opened.locator("[data-slider=place]").press("ArrowRight")
    looked(opened, 1)


def generated(page) -> str:
    """What the page has written after the text."""
    times = int(page.get_attribute(ROOT, "data-continued") or 0)
    page.get_by_role("button", name="Continue the text").click()
    page.wait_for_function(f"document.querySelector('{ROOT}').dataset.continued === '{times + 1}'")
    ready(page)
    return page.get_by_label("Your text").input_value()


def test_it_goes_on_as_python_does(opened, widget):
    """Beyond the context, with each of the decoder's settings; and what was added can be taken back."""
    opened.locator("[data-choice=count]").select_option("50")
    widget.count = 50
    for slider, stop, setting in (
        ("temperature", 20, {"temperature": 1.0}),
        ("top_k", 3, {"top_k": 4}),
        ("top_p", 89, {"top_p": 0.9}),
        ("min_p", 3, {"min_p": 0.05}),
        ("penalty", 3, {"penalty": 1.2}),
        ("temperature", 0, {"temperature": 0.0}),
    ):
        move(opened, opened.locator(f"{ROOT} [data-slider={slider}]"), stop)
        for name, value in setting.items():
            setattr(widget, name, value)
        assert generated(opened) == TEXT + widget.continuation(), setting
        opened.get_by_role("button", name="Take it back").click()
        assert opened.get_by_label("Your text").input_value() == TEXT
        ready(opened)
    rate = opened.locator(f"{ROOT} .lmc-tf-rate")
    assert rate.inner_text() == ""


def test_another_seed_is_another_text_and_its_surprises_are_the_models_own(opened, widget):
    opened.get_by_label("Seed").fill("7")
    widget.seed = 7
    whole = generated(opened)
    assert whole == TEXT + widget.continuation()
    widget.text = whole
    np.testing.assert_allclose(of_root(opened, "bits"), widget.bits(), atol=1e-3)
    assert "a second" in opened.locator(f"{ROOT} .lmc-tf-rate").inner_text()


def test_it_can_be_stopped(page, tmp_path):
    """A character of a full window takes so long that 500 of them are never there before the button."""
    live = TransformerLive(small(100, 4, 128), "bad cab. " * 12)
    live.count = 500
    open_widgets(page, tmp_path, live)
    ready(page)
    page.get_by_role("button", name="Continue the text").click()
    page.wait_for_function(
        f"document.querySelector('{ROOT}').dataset.ids.split(' ').length > {len(live.text)}"
    )
    page.get_by_role("button", name="Stop").click()
    ready(page)
    said = page.get_by_label("Your text").input_value()[len(live.text) :]
    live.count = 50
    assert said[:50] == live.continuation()[: len(said)]
    assert 0 < len(said) < 500


@pytest.fixture
def far_down(tmp_path, widget) -> str:
    """The address of a page as the book has it: the widget far down, its weights in a script beside."""
    states = dependency_state([widget], drop_defaults=False)
    for state in states.values():
        move_weights(state, tmp_path, ".")
    address = write_page(tmp_path, states, [widget.model_id])
    page = tmp_path / "page.html"
    high = '<div style="height: 4000px"></div><h1>'
    page.write_text(page.read_text(encoding="utf-8").replace("<h1>", high), encoding="utf-8")
    return address


def test_weights_are_loaded_when_the_reader_asks_and_something_is_there_before(page, far_down, widget):
    asked = []
    page.on("request", lambda request: asked.append(request.url.split("/")[-1]))
    page.goto(far_down)
    page.locator(ROOT).scroll_into_view_if_needed()
    np.testing.assert_allclose(of_root(page, "bits"), widget.bits(), atol=1e-3)
    attention, lens = widget.look()
    np.testing.assert_allclose(
        of_root(page, "attention"), attention.reshape(-1, attention.shape[-1]), atol=1e-3
    )
    np.testing.assert_allclose(of_root(page, "lens"), lens, atol=1e-3)
    page.locator(f"{ROOT} .lmc-tf-sign").first.click()
    assert page.get_by_label("Your text").is_editable() is False
    page.get_by_role("button", name="Block 2, head 1").click()  # all heads of the place are there
    assert page.get_by_role("button", name="Block 2, head 1").get_attribute("aria-pressed") == "true"
    assert page.get_attribute(ROOT, "data-looked") == str(len(TEXT) - 1)
    page.wait_for_timeout(300)  # longer than an observer takes
    assert page.get_attribute(ROOT, "data-state") == "waiting"
    assert not [name for name in asked if name.startswith("weights")]
    page.get_by_role("button", name=f"Load it now ({round(widget.size / 1000)} kB)").click()
    ready(page)
    assert len([name for name in asked if name.startswith("weights")]) == 1
    page.locator(f"{ROOT} .lmc-tf-sign").first.click()
    looked(page, 0)


@pytest.mark.parametrize("broken", ["missing", "cut"])
def test_what_cannot_start_says_so(browser, tmp_path, far_down, broken):
    (weights,) = tmp_path.glob("weights-*.js")
    if broken == "missing":
        weights.unlink()
    else:
        weights.write_text(weights.read_text().replace(weights.read_text()[60:2000], ""))
    page = browser.new_page()
    page.goto(far_down)
    page.get_by_role("button", name="Load it now").click()
    ready(page, "failed")
    assert "could not start here" in page.locator(f"{ROOT} .lmc-status").inner_text()
    assert page.get_by_role("button", name="Continue the text").is_disabled()
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
def test_looks(page, tmp_path, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_widgets(page, tmp_path, TransformerLive(small(), "abcdefgh" * 20 + "\nbad. dad."))
    ready(page)
    set_theme(page, theme)
    check_looks(page)
