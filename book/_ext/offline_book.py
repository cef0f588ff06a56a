"""Sphinx extension: what the published book needs beyond Jupyter Book's settings.

No page may ask another host for anything, so what draws widgets without a kernel is copied into the book.
Plain links reach single works of the bibliography and terms of the glossary. Addresses that depend on where
the repository lives follow from its one setting.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

HERE = Path(__file__).resolve().parent
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def set_addresses(_app: Sphinx, config: Config) -> None:
    """The published book's address, if `html: baseurl` is not set: GitHub Pages' OWNER.github.io/NAME."""
    owner, name = config.html_theme_options["repository_url"].rstrip("/").split("/")[-2:]
    base = config.html_baseurl or f"https://{owner.lower()}.github.io/{name}"
    config.html_baseurl = config.ogp_site_url = base.rstrip("/") + "/"


def copy_scripts(app: Sphinx) -> None:
    """Put what widgets need into the book."""
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "static_widgets.js", static)
    widgets = Path(importlib.util.find_spec("lmcourse.widgets").origin).parent
    shutil.copy(widgets / "ui.css", static / "widgets.css")


def add_link_targets(_app: Sphinx, env: BuildEnvironment) -> None:
    """Let `page.md#name` reach works and terms too; MyST by itself knows a page's headings only.

    A link to a work or a term that does not exist stays a warning, which fails the build.
    """
    works = [(c.bibliography_key.docname, c.citation_id) for c in env.get_domain("cite").citations]
    names = env.get_domain("std").get_objects()
    terms = [(docname, anchor) for _, _, kind, docname, anchor, _ in names if kind == "term"]
    for docname, anchor in works + terms:
        env.metadata[docname].setdefault("myst_slugs", {})[anchor] = (0, anchor, anchor)


def box_figures(_app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Give each figure of a notebook a box that scrolls; the theme lets the keyboard reach an `output`."""
    for image in list(doctree.findall(nodes.image)):
        if "cell_output" in image.parent.get("classes", []):
            box = nodes.container(classes=["output", "figure"])
            image.replace_self(box)
            box += image


def offer_colab(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Turn the theme's launch menu of one entry into a button, on notebooks only; Colab opens no others."""
    buttons = []
    for button in context.get("header_buttons", []):
        if button.get("label") != "launch-buttons":
            buttons.append(button)
        elif str(app.env.doc2path(page)).endswith(".ipynb"):
            buttons += [{**b, "tooltip": "Open in Colab", "label": "colab"} for b in button["buttons"]]
    context["header_buttons"] = buttons


def lighten_widgets(
    app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Take out of the widgets' states what a page need not carry.

    The style that all share is linked, and a network's weights stand in a script of their own.
    """
    for script in context["script_files"]:
        if script.attributes.get("type") == WIDGET_STATE:
            widgets = json.loads(script.attributes["body"])
            for each in widgets["state"].values():
                each["state"].pop("_ui", None)
                move_weights(each, Path(app.outdir) / "_static", context["pathto"]("_static", 1))
            script.attributes["body"] = json.dumps(widgets).replace("</", "<\\/")
            app.add_css_file("widgets.css")


def move_weights(widget: dict[str, Any], folder: Path, address: str) -> None:
    """Put the bytes of a widget's trait `weights` into a script in a folder, whose address it gets instead.

    A script, for a page that is opened from disk may load one, but may not read a file. It keeps the bytes,
    in base64, as `lmcWeights[its name]`, until the widget asks for them.
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
    # A progress bar is for the person who runs a notebook, not for its page.
    os.environ["TQDM_DISABLE"] = "1"
    # Jupyter Book always sets this option, which belongs to an extension that we do without.
    app.add_config_value("comments_config", {}, "")
    app.connect("config-inited", set_addresses)
    app.connect("builder-inited", copy_scripts)
    app.connect("env-updated", add_link_targets, priority=900)  # after the bibliography's own
    app.connect("doctree-resolved", box_figures)
    app.connect("html-page-context", offer_colab, priority=900)  # after the theme's own
    app.connect("html-page-context", lighten_widgets, priority=900)  # after MyST-NB's own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
