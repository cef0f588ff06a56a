"""Sphinx extension: what those see who are not on a page yet.

A search engine gets the sentence that `_descriptions.yml` has for a page, and `sitemap.xml` with the
addresses of all. A site that links here gets the same sentence, and the picture that the front page has glued
as `social-image`. Who follows a dead link gets `404.html`, which hosts like GitHub Pages show for every
address that they do not have; it stands alone, for it cannot know how deep that address was.

All addresses begin with `html_baseurl`, which `offline_book` derives from the repository's one setting.
"""

from __future__ import annotations

from base64 import b64decode
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import yaml
from myst_nb.ext.glue.crossref import read_glue_cache
from sphinx.application import Sphinx
from sphinx.config import Config

DESCRIPTIONS, IMAGE, GLUED = "_descriptions.yml", "_static/social-image.png", "social-image"
ALT = "The course's title, and bars: how four models and the truth go on with one beginning of a sentence."
LOST = Path(__file__).with_name("404.html")


def read_descriptions(app: Sphinx, _config: Config) -> None:
    """Keep the pages' descriptions, by page; a book may have none."""
    path = Path(app.srcdir) / DESCRIPTIONS
    app.course_descriptions = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


def social_image(app: Sphinx) -> bytes | None:
    """The picture that the front page has glued, a PNG; None if it has not."""
    glued = read_glue_cache(str(app.env.mystnb_config.output_folder), app.config.root_doc)
    data = glued.get(GLUED, {}).get("data", {}).get("image/png")
    return b64decode(data) if data else None


def describe(app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: object) -> None:
    """Put a page's description, and the picture, where search engines and other sites look for them."""
    if not doctree:
        return
    said = app.course_descriptions.get(page)
    context["meta"] = {**(context["meta"] or {})}
    if said:
        context["metatags"] += f'\n<meta name="description" content="{escape(said)}" />\n'
        context["meta"]["og:description"] = escape(said)
    if social_image(app):
        context["meta"] |= {
            "og:image": app.config.html_baseurl + IMAGE,
            "og:image:width": "1200",
            "og:image:height": "630",
            "og:image:alt": escape(ALT),
        }
        context["metatags"] += '<meta name="twitter:card" content="summary_large_image" />\n'


def sitemap(base: str, addresses: list[str]) -> str:
    """The addresses of pages, relative to the book's own, in the form of sitemaps.org."""
    urls = "".join(f"  <url><loc>{escape(base + quote(each))}</loc></url>\n" for each in addresses)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{schema}">\n{urls}</urlset>\n'


def write_files(app: Sphinx, fault: Exception | None) -> None:
    """Write the map of the site, the page for dead links and the picture beside the pages."""
    if fault or app.builder.format != "html":
        return
    folder, base = Path(app.outdir), app.config.html_baseurl
    pages = sorted(app.env.found_docs)
    text = sitemap(base, [app.builder.get_target_uri(page) for page in pages])
    (folder / "sitemap.xml").write_text(text, encoding="utf-8")
    lost = LOST.read_text(encoding="utf-8").replace("/BASE/", escape(urlsplit(base).path))
    title = escape(app.config.html_title or app.config.project)
    front = app.builder.get_target_uri(app.config.root_doc)
    (folder / "404.html").write_text(lost.replace("TITLE", title).replace("FRONT", front), encoding="utf-8")
    if picture := social_image(app):
        (folder / IMAGE).write_bytes(picture)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to the moments of the build they belong to."""
    app.connect("config-inited", read_descriptions)
    app.connect("html-page-context", describe, priority=400)  # before sphinxext.opengraph
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
