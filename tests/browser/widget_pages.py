"""What tests of widgets share: their JavaScript called directly, widgets in a page, their looks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from ipywidgets.embed import dependency_state

from lmcourse.widgets.base import script

LOAD = "Load the model (98 MB, stays on your machine)"
SHIM = Path(__file__).resolve().parents[2] / "book" / "_ext" / "static_widgets.js"


def call_each(page, name: str, function: str, calls: list) -> list:
    """The results of an exported function of a widget's JavaScript, for each list of arguments in `calls`."""
    return page.evaluate(
        """async ([text, name, calls]) => {
            const module = await import(URL.createObjectURL(new Blob([text], {type: "text/javascript"})));
            return calls.map((args) => module[name](...args));
        }""",
        [script(name), function, calls],
    )


def call(page, name: str, function: str, *arguments):
    """The result of one call."""
    return call_each(page, name, function, [list(arguments)])[0]


PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Widgets</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>
  html {{ --pst-color-text-base: #222832; --pst-color-text-muted: #48566b; --pst-color-background: #fff; }}
  html[data-theme="dark"] {{
    --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af; --pst-color-background: #14181e; }}
  body {{ margin: 16px; font-family: sans-serif; color: var(--pst-color-text-base);
    background: var(--pst-color-background); }}
</style>
<script src="static_widgets.js" defer></script></head><body><main><h1>Widgets</h1>
{views}
<script type="application/vnd.jupyter.widget-state+json">{state}</script></main></body></html>"""


def write_page(folder: Path, states: dict, ids: list[str]) -> str:
    """Write a page as MyST-NB does; returns its file address."""
    view = '<script type="application/vnd.jupyter.widget-view+json">{}</script>'
    views = "\n".join(view.format(json.dumps({"version_major": 2, "model_id": i})) for i in ids)
    state = json.dumps({"version_major": 2, "version_minor": 0, "state": states}).replace("</", "<\\/")
    (folder / "page.html").write_text(PAGE.format(views=views, state=state), encoding="utf-8")
    shutil.copy(SHIM, folder)
    return (folder / "page.html").as_uri()


HEAR = """
    window.heard = [];
    addEventListener("error", (event) => heard.push(event.error?.stack || event.message));
    addEventListener("unhandledrejection", ({ reason }) => heard.push(String(reason?.stack || reason)));
"""
# Each widget is drawn, or says that it could not start; or something else has gone wrong.
DRAWN = """
    () => heard.length || [...document.querySelectorAll('script[type$="widget-view+json"]')].every(
        ({ nextElementSibling: place }) => place?.tagName === "DIV" && place.childNodes.length)
"""


def open_widgets(page, folder: Path, *widgets) -> None:
    """Show widgets in a page from disk. Fails at once, with the page's errors, if one cannot be drawn."""
    states = dependency_state(list(widgets), drop_defaults=False)
    page.add_init_script(HEAR)
    page.goto(write_page(folder, states, [w.model_id for w in widgets]))
    page.wait_for_function(DRAWN)
    errors = page.evaluate("heard") + page.locator("main [role=alert]").all_inner_texts()
    assert not errors, "the page has errors:\n" + "\n".join(errors)


def wait(page, root: str, **data: str) -> None:
    """Wait until the widget at `root` says of itself, in its data, what is wanted."""
    page.wait_for_function(
        "([root, data]) => Object.entries(data).every(([name, value]) => "
        "document.querySelector(root)?.dataset[name] === value)",
        arg=[root, data],
        timeout=120_000,
    )


def load_model(page, address: str, root: str) -> None:
    """Load the real model by the button of a widget on a served page."""
    page.goto(address)
    page.locator(root).get_by_role("button", name=LOAD).click()
    wait(page, root, state="ready")


# A widget's model as JupyterLab gives it, whose kernel is a function of this process.
KERNEL = """async ([text, state, bytes]) => {
    for (const name of bytes) state[name] = new DataView(Uint8Array.from(state[name]).buffer);
    const listeners = {};
    let set = {};
    const emit = (event, ...given) => (listeners[event] || []).forEach((listener) => listener(...given));
    const model = {
        get: (name) => state[name],
        set(name, value) {
            state[name] = set[name] = value;
            emit(`change:${name}`);
        },
        on: (event, listener) => (listeners[event] = listeners[event] || []).push(listener),
        off: (event, listener) => listeners[event] = listeners[event].filter((each) => each !== listener),
        save_changes() {
            kernelKeeps(set);
            set = {};
        },
        async send(content) {
            for (const { answer, floats } of await kernelAnswers(content)) {
                const odd = new Uint8Array(1 + 4 * (floats || []).length); // buffers begin anywhere
                odd.set(new Uint8Array(Float32Array.from(floats || []).buffer), 1);
                emit("msg:custom", answer, floats ? [new DataView(odd.buffer, 1)] : []);
            }
        },
    };
    const module = await import(URL.createObjectURL(new Blob([text], {type: "text/javascript"})));
    const style = document.head.appendChild(document.createElement("style"));
    style.textContent = state._css;
    const el = document.querySelector("main").appendChild(document.createElement("div"));
    module.default.render({ model, el });
}"""


def answer_as_kernel(page, widget, name: str) -> None:
    """Show a widget in a page, and let it answer what the page asks, as a notebook's kernel does."""
    sent: list[dict] = []
    widget.send = lambda answer, buffers=None: sent.append(
        {"answer": answer, "floats": buffers and np.frombuffer(buffers[0], "<f4").tolist()}
    )

    def answers(content: dict) -> list[dict]:
        sent.clear()
        widget._handle_custom_msg(content, [])
        return list(sent)

    page.expose_function("kernelAnswers", answers)
    page.expose_function("kernelKeeps", widget.set_state)
    page.set_content(
        PAGE.format(views="", state="{}").replace('<script src="static_widgets.js" defer>', "<script>")
    )
    state = widget.get_state()
    packed = [each for each, value in state.items() if isinstance(value, bytes)]
    state |= {each: list(state[each]) for each in packed}
    page.evaluate(KERNEL, [script(name), state, packed])


def move(page, slider, stop: int) -> None:
    """Drag a slider's thumb to one of its stops with the mouse (the thumb is 18 pixels wide)."""
    slider.scroll_into_view_if_needed()
    box, last = slider.bounding_box(), int(slider.get_attribute("max"))
    x = [box["x"] + 9 + (box["width"] - 18) * at / last for at in (int(slider.input_value()), stop)]
    y = box["y"] + box["height"] / 2
    page.mouse.move(x[0], y)
    page.mouse.down()
    page.mouse.move(x[1], y, steps=3)
    page.mouse.up()


def contrast(page, *colours: str) -> float:
    """The contrast of two CSS colours without transparency, from 1 to 21, as WCAG defines it."""
    luminances = []
    for colour in colours:
        rgb = page.evaluate(
            """colour => {
                const paint = new OffscreenCanvas(1, 1).getContext('2d');
                paint.fillStyle = colour;
                paint.fillRect(0, 0, 1, 1);
                return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
            }""",
            colour,
        )
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(rgb) / 255]
        luminances.append(np.dot([0.2126, 0.7152, 0.0722], linear))
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def settle(page) -> None:
    """Wait until what has changed is drawn and the bars' transitions are over."""
    page.evaluate(
        """async () => {
            for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
            await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
        }"""
    )


def set_theme(page, theme: str) -> None:
    """Show the page "light" or "dark"."""
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    settle(page)


def check_looks(page) -> None:
    """Nothing is wider than its place, and a tool for accessibility (axe) finds nothing serious."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    for widget in page.locator(".lmc").all():
        assert widget.evaluate("e => e.scrollWidth <= e.clientWidth")
    settle(page)
    violations = Axe().run(page).response["violations"]
    serious = [v for v in violations if v["impact"] in ("serious", "critical")]
    assert not serious, [(v["id"], node["html"]) for v in serious for node in v["nodes"]]
