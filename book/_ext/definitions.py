"""Sphinx extension: a link to the glossary shows the definition, to a pointer, the keyboard and a finger.

Each page carries the definitions that it links to, in templates, which are neither drawn nor searched nor
read aloud; `definitions.js` shows them beside the link.
"""

from __future__ import annotations

import posixpath
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from concept_joins import CHINESE
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

SCRIPT = Path(__file__).with_suffix(".js")
LINK = re.compile(r'<a [^>]*?href="(?P<page>[^"#]+)\.html#(?P<anchor>term-[^"]+)"')


def copy_script(app: Sphinx) -> None:
    """Put the script where it is joined with the others."""
    static = Path(app.outdir, "_static")
    static.mkdir(parents=True, exist_ok=True)
    shutil.copy(SCRIPT, static)


def definitions(app: Sphinx, glossary: str) -> dict[str, str]:
    """The terms of a glossary by their anchors, each defined in HTML, without links and anchors."""
    found: dict[str, str] = {}
    for item in app.env.get_doctree(glossary).findall(nodes.definition_list_item):
        for anchor in item[0]["ids"]:
            found[anchor] = shown(app, item[-1])
    return found


def shown(app: Sphinx, definition: nodes.Element) -> str:
    """A definition as HTML that a page can have once more."""
    kept = [child for child in definition if not child.astext().startswith(CHINESE)]
    copy = nodes.container("", *(child.deepcopy() for child in kept))
    for link in [*copy.findall(addnodes.pending_xref), *copy.findall(nodes.reference)]:
        link.parent.replace(link, link.children)
    text = app.builder.render_partial(copy)["fragment"]
    text = re.sub(r'^\s*<div class="[^"]*">|</div>\s*$', "", text)
    return re.sub(r' id="[^"]*"', "", text).strip()


def add_definitions(app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: Any) -> None:
    """Give a page the definitions of the terms that it links to."""
    if not doctree or not context.get("body"):
        return
    wanted: dict[str, str] = {}
    for link in LINK.finditer(context["body"]):
        glossary = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(link["page"])))
        if glossary != page and glossary in app.env.found_docs:
            if glossary not in app.course_definitions:
                app.course_definitions[glossary] = definitions(app, glossary)
            anchor = link["anchor"]
            if anchor in app.course_definitions[glossary]:
                wanted[anchor] = app.course_definitions[glossary][anchor]
    context["body"] += "".join(
        f'<template class="definition" data-term="{anchor}">{text}</template>\n'
        for anchor, text in wanted.items()
    )
    if any("<mjx-container" in text for text in wanted.values()):
        app.env.get_domain("math").data["has_equations"][page] = True  # whereupon formulas.py adds the style


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to the moments of the build they belong to."""
    app.course_definitions = {}
    app.add_js_file(SCRIPT.name)
    app.connect("builder-inited", copy_script)
    app.connect("html-page-context", add_definitions, priority=450)  # before formulas.py's
    return {"parallel_read_safe": True, "parallel_write_safe": True}
