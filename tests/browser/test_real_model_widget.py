"""The real model in a browser: loaded at a click, it writes what PyTorch writes, and says what hinders it."""

from __future__ import annotations

import functools
import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import widget_pages
from widget_pages import LOAD, check_looks, open_widgets, set_theme

from lmcourse.pretrained.chat import chat_ids
from lmcourse.pretrained.model import pretrained_file
from lmcourse.widgets import RealModel, real_model_kernel
from lmcourse.widgets.base import worker_script

ROOT = ".lmc-real_model"
wait = functools.partial(widget_pages.wait, root=ROOT)
opened = functools.partial(widget_pages.load_model, root=ROOT)


def written(page, button: str) -> list[int]:
    """The ids that the model writes when a button is pressed."""
    times = int(page.get_attribute(ROOT, "data-written") or 0)
    page.get_by_role("button", name=button).click()
    wait(page, written=str(times + 1), busy="")
    return [int(each) for each in page.get_attribute(ROOT, "data-ids").split()]


def greedy(model, ids: list[int], count: int) -> list[int]:
    """What PyTorch writes, without chance."""
    reader, said = model.reader([ids]), []
    while len(said) < count and said[-1:] != [model.end]:
        said.append(int(reader.log_probs()[0].argmax()))
        reader.read(said[-1:])
    return said


@pytest.mark.parametrize("vectors", [True, False], ids=["vectors", "plain"])
def test_it_writes_what_pytorch_writes(page, serve, real, vectors):
    """Continued, and in a chat of two turns; by WebAssembly, and without it."""
    widget = RealModel("Once upon a time there was a mouse who", "What is 2 + 2?")
    widget.temperature, widget.count = 0, 20
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    if not vectors:
        page.add_init_script("globalThis.lmcWithoutVectors = true")
    page.goto(serve(widget, pretrained_file().path))
    page.wait_for_selector(ROOT)
    assert not [url for url in asked if "_weights" in url]  # nothing before the click
    page.get_by_role("button", name=LOAD).click()
    wait(page, state="ready")
    assert ("without vectors" in page.locator(f"{ROOT} .lmc-status").inner_text()) != vectors
    found = written(page, "Continue")
    start = real.vocab.encode(widget.text)
    assert found == greedy(real, start, 20)[: len(found)]
    assert len(found) == 20
    assert page.get_by_label("Your text").input_value() == widget.text + real.vocab.decode(found)
    with torch.inference_mode():
        rows = real.module(torch.tensor([[*start, *found]]))[0, len(start) - 1 : -1].log_softmax(-1)
    costs = -rows[range(20), found].numpy() / np.log(2)
    np.testing.assert_allclose(json.loads(page.get_attribute(ROOT, "data-bits")), costs, atol=0.02)
    if not vectors:
        return
    page.get_by_label("Chat", exact=True).check()
    messages = []
    for question in ("What is 2 + 2?", "And who are you?"):
        messages.append({"role": "user", "content": question})
        page.get_by_label("Your message").fill(question)
        found = written(page, "Send")
        assert found == greedy(real, chat_ids(real.vocab, messages), 20)
        said = real.vocab.decode([each for each in found if each != real.end])
        messages.append({"role": "assistant", "content": said})
    assert page.locator(f"{ROOT} .lmc-rm-turn").count() == 4


PROTOCOL = """async ([code, url, size, asks]) => {
    const worker = new Worker(URL.createObjectURL(new Blob([code], {type: "text/javascript"})));
    const ask = (kind, given, also = () => {}) => new Promise((resolve) => {
        const answers = [];
        worker.onmessage = ({data}) => {
            answers.push(data);
            also(data);
            if (data.done) resolve(answers);
        };
        worker.postMessage({kind, job: 1, ...given});
    });
    const found = [await ask("score", {prompt: {text: "too early"}})];
    found.push(await ask("load", {url, size}));
    for (const [kind, given] of asks) found.push(await ask(kind, given));
    const long = {prompt: {text: "Once"}, settings: {count: 1000, seed: 0, temperature: 0}};
    const cancel = ({tokens}) => tokens && worker.postMessage({kind: "cancel", job: 1});
    found.push(await ask("generate", long, cancel));
    for (const answer of found.flat()) if (answer.attention) answer.attention = Array.from(answer.attention);
    return found;
}"""


def test_what_else_the_worker_is_asked(page, serve, real):
    """The protocol at the top of its file: tokens, scores, attention, refusals and an end."""
    page.goto(serve(RealModel(), pretrained_file().path))
    url, size = page.evaluate("new URL('_weights/model.gguf', document.baseURI).href"), RealModel().size
    text = "The cat sat on the mat 今"
    asks = [
        ("tokenize", {"prompt": {"text": text, "start": True}}),
        ("score", {"prompt": {"text": text, "start": True}}),
        ("attention", {"prompt": {"text": "one two three"}, "layers": [2], "places": [1, 2]}),
        ("tokenize", {"prompt": {"ids": [5] * 3000}}),
    ]
    arguments = [worker_script("real_model_worker.js"), url, size, asks]
    early, loaded, tokens, score, attention, long, cut = page.evaluate(PROTOCOL, arguments)
    assert early == [{"job": 1, "failed": "no model is loaded", "done": True}]
    ready = {"vocabulary": 49152, "layers": 30, "heads": 9, "context": 2048, "vectors": True}
    assert [each["ready"] for each in loaded if "ready" in each] == [ready]
    ids = [0, *real.vocab.encode(text)]
    assert tokens[0]["ids"] == ids
    assert tokens[0]["texts"][:3] == ["<|endoftext|>", "The", " cat"]
    assert tokens[0]["texts"][-1].startswith("⟨") or tokens[0]["texts"][-1] == "今"
    scored = [token for each in score for token in each.get("tokens", [])]
    assert [token["id"] for token in scored] == ids[1:]
    with torch.inference_mode():
        rows = real.module(torch.tensor([ids]))[0, :-1].log_softmax(-1)
    costs = -rows[range(len(ids) - 1), ids[1:]].numpy() / np.log(2)
    np.testing.assert_allclose([token["bits"] for token in scored], costs, atol=0.02)
    seen = next(each for each in attention if "attention" in each)
    assert (seen["layers"], seen["places"]) == ([2], [1, 2])
    weights = np.reshape(seen["attention"], (1, 9, 2, -1))
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    assert (weights[:, :, 0, 2:] == 0).all()
    assert long[-1]["failed"] == "a text of 3000 tokens is too long: 2048 fit in"
    assert cut[-1]["canceled"]
    assert 0 < len([token for each in cut for token in each.get("tokens", [])]) < 1000


def test_a_tokens_candidates_by_mouse_and_by_keyboard(page, serve, real):
    widget = RealModel("The capital of France is")
    widget.temperature, widget.count = 0, 20
    opened(page, serve(widget, pretrained_file().path))
    written(page, "Continue")
    tokens = page.locator(f"{ROOT} .lmc-rm-token")
    tokens.first.hover()
    wait(page, looked="0")
    rows = page.locator(f"{ROOT} [role=row]:not(.lmc-head)")
    expected = real.next_log_probs([real.vocab.encode(widget.text)])[0]
    best = np.argsort(-expected)[:10]
    shown = [text.replace("␣", " ") for text in page.locator(f"{ROOT} .lmc-token").all_inner_texts()]
    assert shown == [real.vocab.decode([i]) for i in best]
    p = float(rows.first.inner_text().split()[-1])
    assert p == pytest.approx(np.exp(expected[best[0]]), abs=0.003)
    tokens.first.focus()
    page.keyboard.press("ArrowRight")
    wait(page, looked="1")
    page.keyboard.press("End")
    wait(page, looked="19")
    page.get_by_role("button", name="Take it back").click()
    wait(page, tokens="0")
    assert page.get_by_label("Your text").input_value() == widget.text


def test_it_can_be_stopped_and_the_same_seed_writes_the_same(page, serve, real):
    widget = RealModel("Once upon a time")
    widget.count, widget.top_k, widget.seed = 400, 40, 3
    opened(page, serve(widget, pretrained_file().path))
    page.get_by_role("button", name="Continue").click()
    page.wait_for_function(f"Number(document.querySelectorAll('{ROOT} .lmc-rm-token').length) > 3")
    page.get_by_role("button", name="Stop").click()
    wait(page, busy="", written="1")
    first = [int(each) for each in page.get_attribute(ROOT, "data-ids").split()]
    assert 3 < len(first) < 400
    assert page.get_by_label("Your text").input_value() == widget.text + real.vocab.decode(first)
    page.get_by_role("button", name="Take it back").click()
    page.locator("[data-choice=count]").select_option("20")
    again = written(page, "Continue")
    shorter = min(len(again), len(first))
    assert again[:shorter] == first[:shorter]


@pytest.mark.usefixtures("real")
def test_the_widgets_of_a_page_share_the_model(page, serve):
    """It is loaded once, and who asks last is heard."""
    first, second = RealModel("Once upon a time"), RealModel("One, two,")
    first.count, second.count = 400, 20
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(serve(first, pretrained_file().path, second))
    widgets = page.locator(ROOT)
    widgets.nth(1).get_by_role("button", name=LOAD).click()
    both = f"[...document.querySelectorAll('{ROOT}')].every(({{ dataset }}) => dataset.state === 'ready')"
    page.wait_for_function(both)
    assert len([url for url in asked if "_weights" in url]) == 1
    widgets.nth(0).get_by_role("button", name="Continue").click()
    page.wait_for_function(f"document.querySelectorAll('{ROOT} .lmc-rm-token').length > 2")
    widgets.nth(1).get_by_role("button", name="Continue").click()
    page.wait_for_function(both.replace("state === 'ready'", "written === '1'"))
    counts = [len(widgets.nth(i).get_attribute("data-ids").split()) for i in (0, 1)]
    assert 2 < counts[0] < 400
    assert 0 < counts[1] <= 20


@pytest.mark.usefixtures("real")
def test_loading_can_be_cancelled_and_begun_again(browser, serve):
    page = browser.new_page()
    held = []  # the first request for the file, which is never answered
    page.route("**/*.gguf", lambda route: route.continue_() if held else held.append(route))
    page.goto(serve(RealModel(), pretrained_file().path))
    page.get_by_role("button", name=LOAD).click()
    wait(page, state="loading")
    page.get_by_role("button", name="Cancel").click()
    wait(page, state="waiting")
    page.get_by_role("button", name=LOAD).click()
    wait(page, state="ready")
    assert len(held) == 1
    page.close()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "The model could not be loaded: the file is not there (404)."),
        (b"GGUF", "The model could not be loaded: the file ended after 4 bytes of 98362432."),
        (bytes(98_362_432), "The model could not be loaded: the file is no GGUF."),
    ],
)
def test_what_is_wrong_with_the_file_is_said(browser, serve, tmp_path, content, said):
    if content:
        (tmp_path / "broken").write_bytes(content)
    page = browser.new_page()
    page.goto(serve(RealModel(), tmp_path / "broken" if content else None))
    page.get_by_role("button", name=LOAD).click()
    wait(page, state="failed")
    assert page.locator(f"{ROOT} .lmc-status").inner_text() == said
    assert page.get_by_role("button", name="Continue").is_disabled()
    page.close()


def test_what_was_written_beforehand_is_as_the_page_writes(page, serve, real):
    """It is there before the model, with a first task, which is done by who chooses the dearest token."""
    assert real is not None  # its file is there
    widget = RealModel("Once upon a time there was a mouse who", begun=20)
    widget.count = 20
    address = serve(widget, pretrained_file().path)
    page.goto(address)
    wait(page, tokens="20")
    tokens, task = page.locator(f"{ROOT} .lmc-rm-token"), page.locator(f"{ROOT} .lmc-task")
    bits = [bits for _, bits, _ in widget.begun]
    dearest, cheapest = int(np.argmax(bits)), int(np.argmin(bits))
    tokens.nth(cheapest).hover()
    wait(page, looked=str(cheapest))
    assert "lmc-done" not in task.get_attribute("class")
    tokens.nth(dearest).hover()
    page.wait_for_selector(f"{ROOT} .lmc-done")
    text, cost, [(best, p), *_] = widget.begun[dearest]
    assert best != text
    assert (
        task.inner_text()
        .replace("␣", " ")
        .endswith(
            f"“{text}” was written with probability {2**-cost:.3f}, where “{best}” had {p:.3f}."
            if 2**-cost >= 0.0005
            else f"“{text}” was written with probability <.001, where “{best}” had {p:.3f}."
        )
    )
    opened(page, address)
    # the same chance; further on the last digits of a sum over all tokens may decide
    found = written(page, "Continue")[:4]
    assert [real_model_kernel.text_of(real.vocab, i) for i in found] == [
        text for text, *_ in widget.begun[:4]
    ]


def test_where_there_is_no_file_the_page_says_so(page, tmp_path):
    open_widgets(page, tmp_path, RealModel())
    assert not page.locator(f"{ROOT} .lmc-task").is_visible()  # nobody could do it
    status = page.locator(f"{ROOT} .lmc-status").inner_text()
    assert status.startswith("There is no model beside this page.")
    assert page.get_by_role("button", name=LOAD).is_disabled()


def test_from_disk_the_page_says_how_to_serve_it(page, tmp_path):
    widget = RealModel()
    widget.model_at = "_weights/model.gguf"
    open_widgets(page, tmp_path, widget)
    status = page.locator(f"{ROOT} .lmc-status").inner_text()
    assert "python -m http.server -d _build/html" in status
    assert page.get_by_role("button", name=LOAD).is_disabled()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])  # a small phone: 360 and the scroll bar
@pytest.mark.usefixtures("real")
def test_looks(page, serve, theme, width):
    page.set_viewport_size({"width": width, "height": 800})
    widget = RealModel(message="Hello! Who are you?", mode="chat")
    widget.count, widget.temperature = 20, 0
    opened(page, serve(widget, pretrained_file().path))
    written(page, "Send")
    set_theme(page, theme)
    check_looks(page)


def test_the_build_copies_the_file_once_and_names_it(tmp_path, monkeypatch):
    extension = runpy.run_path(str(Path(__file__).parents[2] / "book/_ext/real_model.py"))
    source = tmp_path / "cache" / "some.gguf"
    source.parent.mkdir()
    source.write_bytes(b"weights")
    monkeypatch.setitem(extension["offer_model"].__globals__, "cached", lambda _: source.parent)

    class Script:
        def __init__(self, state: dict):
            body = json.dumps({"state": {"a": {"state": state}}})
            self.attributes = {"type": extension["WIDGET_STATE"], "body": body}

    class App:
        outdir = str(tmp_path / "html")

    def offered(state: dict) -> dict:
        script = Script(state)
        context = {"script_files": [script], "pathto": lambda path, _: f"../{path}"}
        extension["offer_model"](App, "page", "", context, None)
        return json.loads(script.attributes["body"])["state"]["a"]["state"]

    assert offered({"text": "x"}) == {"text": "x"}
    assert not (tmp_path / "html").exists()
    assert offered({"model_at": ""}) == {"model_at": "../_weights/some.gguf"}
    copy = tmp_path / "html" / "_weights" / "some.gguf"
    assert copy.read_bytes() == b"weights"
    shutil.rmtree(source.parent)
    monkeypatch.setitem(extension["offer_model"].__globals__, "cached", lambda _: None)
    assert offered({"model_at": ""}) == {"model_at": ""}
