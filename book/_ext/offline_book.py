"""Sphinx extension: what the published book needs beyond Jupyter Book's settings.

No page may ask another host for anything, so MathJax and the script that draws widgets without a kernel are copied
into the book. Plain links reach single works of the bibliography and terms of the glossary. Addresses that depend on
where the repository lives follow from its one setting.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

HERE = Path(__file__).resolve().parent
MATHJAX_FILES = ["tex-chtml.js", "output/chtml/fonts/woff-v2"]
MATHJAX_SHA256 = "0a6ded5abbce13331658dd239f34382abd06492c74b71b61e8caa8112ec55fa5"


def set_addresses(app: Sphinx, config: Config) -> None:
    """Derive the published book's address from the repository's: GitHub Pages serves OWNER/NAME at this place."""
    owner, name = config.html_theme_options["repository_url"].rstrip("/").split("/")[-2:]
    config.html_baseurl = config.ogp_site_url = f"https://{owner.lower()}.github.io/{name}/"


def copy_scripts(app: Sphinx) -> None:
    """Put MathJax, from the pinned package that carries it, and the widget script into the book's static folder.

    Only what a page loads is copied. Raises ExtensionError if the package is missing or is not the known MathJax.
    """
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    if spec is None:
        raise ExtensionError("the package sphinx-mathjax-offline is missing; run `make book`")
    mathjax = Path(spec.origin).parent / "static" / "mathjax"
    found = hashlib.sha256((mathjax / MATHJAX_FILES[0]).read_bytes()).hexdigest()
    if found != MATHJAX_SHA256:
        raise ExtensionError(f"{MATHJAX_FILES[0]} has sha256 {found}, expected {MATHJAX_SHA256} (MathJax 3.2.2)")
    static = Path(app.outdir) / "_static"
    for name in MATHJAX_FILES:
        source, target = mathjax / name, static / "mathjax" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    shutil.copy(HERE / "static_widgets.js", static)


def add_link_targets(app: Sphinx, env: BuildEnvironment) -> None:
    """Let `page.md#name` reach works and terms too; MyST by itself knows a page's headings only.

    A link to a work or a term that does not exist stays a warning, which fails the build.
    """
    targets = [(c.bibliography_key.docname, c.citation_id) for c in env.get_domain("cite").citations]
    targets += [(docname, id_) for _, _, kind, docname, id_, _ in env.get_domain("std").get_objects() if kind == "term"]
    for docname, id_ in targets:
        env.metadata[docname].setdefault("myst_slugs", {})[id_] = (0, id_, id_)


def drop_launch_buttons(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Offer Colab for notebooks only: it cannot open a Markdown page that runs code."""
    if not str(app.env.doc2path(page)).endswith(".ipynb"):
        buttons = context.get("header_buttons", [])
        context["header_buttons"] = [b for b in buttons if b.get("label") != "launch-buttons"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to the moments of the build they belong to."""
    app.add_config_value("comments_config", {}, "")  # Jupyter Book sets it for an extension that we do without
    app.connect("config-inited", set_addresses)
    app.connect("builder-inited", copy_scripts)
    app.connect("env-updated", add_link_targets, priority=900)  # after the bibliography's own
    app.connect("html-page-context", drop_launch_buttons, priority=900)  # after the theme's own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
