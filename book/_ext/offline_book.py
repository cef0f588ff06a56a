"""Sphinx extension: what the published book needs beyond Jupyter Book's settings.

Plain links reach single works of the bibliography and terms of the glossary. Addresses that depend on where
the repository lives follow from its one setting.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

SCRIPTS = [Path(__file__).with_name(name) for name in ("scrolling_boxes.js", "keyboard_stops.js")]


def set_addresses(_app: Sphinx, config: Config) -> None:
    """The published book's address, if `html: baseurl` is not set: GitHub Pages' OWNER.github.io/NAME."""
    owner, name = config.html_theme_options["repository_url"].rstrip("/").split("/")[-2:]
    base = config.html_baseurl or f"https://{owner.lower()}.github.io/{name}"
    config.html_baseurl = config.ogp_site_url = base.rstrip("/") + "/"


def copy_style(app: Sphinx) -> None:
    """Put the style that all widgets share into the book, and the scripts of all pages."""
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    for script in SCRIPTS:
        shutil.copy(script, static)
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


def is_fold(node: nodes.Node | None) -> bool:
    """Whether a node is a code cell whose code is folded."""
    cell = isinstance(node, nodes.container) and node.get("nb_element") == "cell_code" and node.children
    return bool(cell) and isinstance(node[0], HideCodeCellNode) and "above-input" in node[0]["classes"]


def join_folds(_app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Let folded cells of code with nothing between them share one bar, which unfolds them all."""
    for cell in [node for node in doctree.findall(nodes.container) if is_fold(node)]:
        following = cell.next_node(descend=False, siblings=True)
        if len(cell) == 1 and is_fold(following):
            following[0].insert(0, cell[0].children)
            cell.parent.remove(cell)


def offer_colab(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Turn the theme's launch menu of one entry into a button, on notebooks only; Colab opens no others."""
    buttons = []
    for button in context.get("header_buttons", []):
        if button.get("label") != "launch-buttons":
            buttons.append(button)
        elif str(app.env.doc2path(page)).endswith(".ipynb"):
            buttons += [{**b, "tooltip": "Open in Colab", "label": "colab"} for b in button["buttons"]]
    context["header_buttons"] = buttons


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to the moments of the build they belong to."""
    # A progress bar is for the person who runs a notebook, not for its page.
    os.environ["TQDM_DISABLE"] = "1"
    # Jupyter Book always sets this option, which belongs to an extension that we do without.
    app.add_config_value("comments_config", {}, "")
    app.add_css_file("widgets.css")
    for script in SCRIPTS:
        app.add_js_file(script.name)
    app.connect("config-inited", set_addresses)
    app.connect("builder-inited", copy_style)
    app.connect("env-updated", add_link_targets, priority=900)  # after the bibliography's own
    app.connect("doctree-resolved", box_figures)
    app.connect("doctree-resolved", join_folds)
    app.connect("html-page-context", offer_colab, priority=900)  # after the theme's own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
