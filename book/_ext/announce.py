"""Sphinx extension: what those see who are not on a page yet.

A search engine gets the sentence that `_descriptions.yml` has for a page, and `sitemap.xml` with the
addresses of all. A site that links here gets the same sentence, and the picture that the front page has glued
as `social-image`, with words for it. The site's own address, which only leads on to the front page, says of
itself what that says, for what makes previews does not follow. Who follows a dead link gets `404.html`, which
hosts like GitHub Pages show for every address that they do not have; it stands alone, for it cannot know how
deep that address was.

All addresses begin with `html_baseurl`, which `offline_book` derives from the repository's one setting.
"""

from __future__ import annotations

from base64 import b64decode
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import yaml
from myst_nb.ext.glue.crossref import read_glue_cache
from sphinx.application import Sphinx
from sphinx.config import Config

DESCRIPTIONS, IMAGE, GLUED = "_descriptions.yml", "_static/social-image.png", "social-image"
LOST, ROOT = Path(__file__).with_name("404.html"), Path(__file__).with_name("root.html")


def read_descriptions(app: Sphinx, _config: Config) -> None:
    """Keep the pages' descriptions, by page; a book may have none."""
    path = Path(app.srcdir) / DESCRIPTIONS
    app.course_descriptions = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


@lru_cache(maxsize=1)
def social_image(app: Sphinx) -> tuple[bytes, str] | None:
    """The picture that the front page has glued, a PNG, and what it shows; None if it has glued none."""
    glued = read_glue_cache(str(app.env.mystnb_config.output_folder), app.config.root_doc).get(GLUED, {})
    data = glued.get("data", {}).get("image/png")
    said = glued.get("metadata", {}).get("image/png", {})
    return (b64decode(data), said.get("alt", "")) if data else None


def announced(app: Sphinx, page: str) -> dict[str, str]:
    """What other sites are told of a page, besides its title and address: properties of Open Graph."""
    said = app.course_descriptions.get(page)
    told = {"og:description": said} if said else {}
    if picture := social_image(app):
        told |= {
            "og:image": app.config.html_baseurl + IMAGE,
            "og:image:width": "1200",
            "og:image:height": "630",
            "og:image:alt": picture[1],
        }
    return {name: escape(text) for name, text in told.items()}


def meta(app: Sphinx, page: str) -> str:
    """The same as it is told to search engines, and to a site that has a form of its own."""
    said = app.course_descriptions.get(page)
    lines = [f'<meta name="description" content="{escape(said)}" />'] if said else []
    if social_image(app):
        lines.append('<meta name="twitter:card" content="summary_large_image" />')
    return "\n".join(lines)


def describe(app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: object) -> None:
    """Put a page's description, and the picture, where search engines and other sites look for them."""
    if not doctree:
        return
    context["meta"] = {**(context["meta"] or {}), **announced(app, page)}
    context["metatags"] += f"\n{meta(app, page)}\n"


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
    root, title = app.config.root_doc, escape(app.config.html_title or app.config.project)
    front = app.builder.get_target_uri(root)
    lost = LOST.read_text(encoding="utf-8").replace("/BASE/", escape(urlsplit(base).path))
    (folder / "404.html").write_text(lost.replace("TITLE", title).replace("FRONT", front), encoding="utf-8")
    if root != "index":
        (folder / "index.html").write_text(leading_to(app, front, title), encoding="utf-8")
    if picture := social_image(app):
        (folder / IMAGE).write_bytes(picture[0])


def leading_to(app: Sphinx, front: str, title: str) -> str:
    """The page at the site's own address, which leads on to the front page."""
    root, address = app.config.root_doc, app.config.html_baseurl + front
    told = {"og:title": title, "og:type": "website", "og:url": escape(address), **announced(app, root)}
    lines = [f'<meta property="{name}" content="{text}" />' for name, text in told.items()]
    head = "\n".join([meta(app, root), *lines]).strip().replace("\n", "\n    ")
    text = ROOT.read_text(encoding="utf-8").replace("META", head)
    return text.replace("ADDRESS", escape(address)).replace("TITLE", title).replace("FRONT", front)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to the moments of the build they belong to."""
    app.connect("config-inited", read_descriptions)
    app.connect("html-page-context", describe, priority=400)  # before sphinxext.opengraph
    app.connect(
        "build-finished", write_files, priority=600
    )  # after the contents' own, which leads on and says nothing
    return {"parallel_read_safe": True, "parallel_write_safe": True}
