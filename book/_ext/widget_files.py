"""Sphinx extension: what widgets need stands in files beside the pages, loaded when a widget is near.

MyST-NB writes the state of a page's widgets, their JavaScript in it, into the page's head. Here the head is
freed of it: the code of each class of widgets becomes one script for the whole book, and so does each long
text that several could share, as a worker's code; a widget's own data become a script beside them. In the
page stays where they are, and what is short. They are scripts that put their content on a shelf,
`lmcShelf[their name]`, for a page that is opened from disk may load a script, but may not read a file
(static_widgets.js). Where a widget will stand its height is kept free, if it was measured (`make weigh`).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
SHIM = "static_widgets.js"
HEIGHTS = HERE / "widget_heights.json"  # by page: of each of its widgets, in pixels: narrow, between, wide
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = re.compile(r'<script type="application/vnd\.jupyter\.widget-view\+json">(.*?)</script>', re.S)
CODE = ["_esm", "_css"]
SHARED = 4_000  # characters: texts from this length on are stored once, whoever has them
SHORT = 200  # characters: what is no longer stays in the page
LITTLE = 1_500  # characters: if all the rest is no more than that, it stays too


def copy_shim(app: Sphinx) -> None:
    """Put what draws widgets without a kernel into the book."""
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / SHIM, static)


def move_states(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Take the widgets' states out of a page's head, and leave at its end where to find them."""
    scripts = context["script_files"]
    heads = [each for each in scripts if each.attributes.get("type") == STATE]
    if not heads:
        return
    scripts[:] = [each for each in scripts if each not in heads]
    seen = [json.loads(view)["model_id"] for view in VIEW.findall(context["body"])]
    static, address = Path(app.outdir) / "_static", context["pathto"]("_static", 1)
    states = {}
    for head in heads:
        for name, widget in json.loads(head.attributes["body"])["state"].items():
            if name in seen:
                widget["state"].pop("_ui", None)  # the style that all share is in the pages' own
                move_weights(widget, static, address)
                states[name] = lightened(widget, static / "widgets", f"{address}/widgets")
    heights = json.loads(HEIGHTS.read_text(encoding="utf-8")).get(page, []) if HEIGHTS.exists() else []
    places = iter(heights)
    body = VIEW.sub(lambda view: view[0] + place(next(places, None)), context["body"])
    text = json.dumps({"version_major": 2, "version_minor": 0, "state": states}).replace("</", "<\\/")
    context["body"] = f'{body}\n<script type="{STATE}">{text}</script>\n'


def place(height: list[int] | None) -> str:
    """The element where a widget will stand, as high as it was when it was measured."""
    names = ("narrow", "middle", "wide")
    style = "; ".join(f"--{name}: {pixels}px" for name, pixels in zip(names, height or []))
    return f'<div class="lmc-place" style="{style}"></div>' if style else '<div class="lmc-place"></div>'


def lightened(widget: dict[str, Any], folder: Path, address: str) -> dict[str, Any]:
    """A widget's state with what is long replaced by the addresses of the scripts that it is put into."""
    state, buffers = dict(widget["state"]), widget.get("buffers", [])
    files = []
    kind = re.sub(r"\W", "", str(state.get("_anywidget_id", "")).rpartition(".")[2]) or "widget"
    code = {trait: state.pop(trait) for trait in CODE if trait in state}
    if code:
        files.append(shelve(kind, {"state": code}, folder))
    for trait in [t for t, value in state.items() if isinstance(value, str) and len(value) > SHARED]:
        files.append(shelve(trait.strip("_"), {"state": {trait: state.pop(trait)}}, folder))
    long = {trait: value for trait, value in state.items() if len(json.dumps(value)) > SHORT}
    rest = {"state": long, "buffers": buffers}
    if len(json.dumps(rest)) > LITTLE:
        state = {trait: value for trait, value in state.items() if trait not in long}
        files.append(shelve("data", rest, folder))
        buffers = []
    return {**widget, "state": state, "buffers": buffers, "files": [f"{address}/{file}" for file in files]}


def shelve(name: str, content: dict[str, Any], folder: Path) -> str:
    """Write a script that puts `content` on the shelf, unless it is there; gives the file's name."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    file = f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.js"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / file).exists():
        script = f'(globalThis.lmcShelf ??= {{}})["{file}"] = {text};\n'
        (folder / file).write_text(script, encoding="utf-8")
    return file


def move_weights(widget: dict[str, Any], folder: Path, address: str) -> None:
    """Put the bytes of a widget's trait `weights` into a script in a folder, whose address it gets instead.

    It keeps the bytes, in base64, as `lmcWeights[its name]`, until the widget asks for them.
    """
    for buffer in [b for b in widget.get("buffers", []) if b["path"] == ["weights"]]:
        name = f"weights-{hashlib.sha256(buffer['data'].encode()).hexdigest()[:12]}.js"
        shelf = "globalThis.lmcWeights = globalThis.lmcWeights || {}"
        text = f'({shelf})["{name}"] = "{"".join(buffer["data"].split())}";\n'
        (folder / name).write_text(text, encoding="ascii")
        widget["buffers"].remove(buffer)
        widget["state"]["weights_at"] = f"{address}/{name}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to the moments of the build they belong to."""
    app.connect("builder-inited", copy_shim)
    app.connect("html-page-context", move_states, priority=950)  # after MyST-NB's own and real_model's
    return {"parallel_read_safe": True, "parallel_write_safe": True}
