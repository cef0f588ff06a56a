"""Sphinx extension: from each term to its glossary entry and back, and from each work to where it is cited.

A page sets a term in bold where it explains it. The first time a page does so the term becomes a link to its
entry in the glossary, and the entry names the first page of the course that explains the term. A quotation
that begins with such a term is a definition, and looks like one. A work's entry in the bibliography names the
pages that cite it. A term that no page explains, and a work that no page cites, is a warning, which fails the
build: it should leave the list, or the page has lost something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

logger = logging.getLogger(__name__)
BACK = "course-back-links"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower().replace("\u2019", "'")


def names(term: str) -> list[str]:
    """What a page may call a term of the glossary.

    >>> names("AR(p), autoregressive process")
    ['ar(p)', 'autoregressive process']
    >>> names("attraction (agreement)")
    ['attraction (agreement)', 'attraction']
    """
    term = _plain(term)
    parts = [term] if re.search(r"\([^)]*,", term) else term.split(", ")
    return [name for part in parts for name in dict.fromkeys([part, re.sub(r" \([^)]*\)$", "", part)])]


def singulars(text: str) -> Iterator[str]:
    """A bold text as it stands, and as the singular that a glossary lists."""
    text = _plain(text).strip(".:,;?!“”")
    yield text
    for ending, instead in (("ies", "y"), ("es", ""), ("s", ""), ("ae", "a"), ("a", "um")):
        if text.endswith(ending):
            yield text.removesuffix(ending) + instead


def note_terms_and_works(app: Sphinx, doctree: nodes.document) -> None:
    """Remember what a page sets in bold, each with an id to link to, and which works it cites."""
    places, cited = {}, {}
    for strong in doctree.findall(nodes.strong):
        anchor = nodes.make_id(f"explained-{strong.astext()}")  # without case, points and accents
        if anchor not in places or (begins_quotation(strong) and not begins_quotation(places[anchor])):
            places[anchor] = strong
    for anchor, strong in places.items():
        strong["ids"].append(anchor)
    bold = {strong.astext(): anchor for anchor, strong in places.items()}
    for link in doctree.findall(addnodes.pending_xref):
        if link.get("reftargetid"):
            cited[link["reftarget"], link["reftargetid"]] = None
    app.env.metadata[app.env.docname][BACK] = {"bold": bold, "cited": list(cited)}


def begins_quotation(strong: nodes.strong) -> bool:
    """Whether a bold text is what a quotation begins with, as a definition does."""
    paragraph = strong.parent
    first = not any(node.astext() for node in paragraph[: paragraph.index(strong)])
    return first and isinstance(paragraph.parent, nodes.block_quote)


def pages_in_order(env: BuildEnvironment) -> list[str]:
    """All pages, as the table of contents lists them."""
    order = [env.config.root_doc]
    for page in order:
        order += [p for p in env.toctree_includes.get(page, []) if p not in order]
    return order


def terms(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """The page and anchor of each name of a term."""
    found = {}
    for name, _, kind, page, anchor, _ in env.get_domain("std").get_objects():
        if kind == "term":
            found |= dict.fromkeys(names(name), (page, anchor))
    return found


def join_them(_app: Sphinx, env: BuildEnvironment) -> None:
    """Find out who explains which term first and who cites which work; warn where nobody does."""
    known, explained, cited = terms(env), {}, {}
    works = {(c.bibliography_key.docname, c.citation_id) for c in env.get_domain("cite").citations}
    for page in pages_in_order(env):
        noted = env.metadata[page].get(BACK, {"bold": {}, "cited": []})
        links = {}
        for text, anchor in noted["bold"].items():
            target = next((known[name] for name in singulars(text) if name in known), None)
            if target and target[0] != page and target not in links.values():
                links[text] = target
                explained.setdefault(target, (page, anchor))
        noted["links"] = links
        for work in works.intersection(map(tuple, noted["cited"])):
            cited.setdefault(work, []).append(page)
    for (page, anchor), where, fault in [
        *((term, explained, "no page explains (in bold)") for term in dict.fromkeys(known.values())),
        *((work, cited, "no page cites") for work in sorted(works)),
    ]:
        if (page, anchor) not in where:
            logger.warning("%s %s", fault, anchor, location=page, type="course")
    env.course_explained, env.course_cited = explained, cited


def write_links(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Put the links into a page: terms, definitions, and the entries of glossary and bibliography."""
    env = app.env
    for strong in list(doctree.findall(nodes.strong)):
        target = env.metadata[page].get(BACK, {}).get("links", {}).get(strong.astext())
        if target and strong["ids"] and not isinstance(strong.parent, nodes.reference):
            paragraph = strong.parent
            if begins_quotation(strong):
                paragraph.parent["classes"].append("definition")
            uri = f"{app.builder.get_relative_uri(page, target[0])}#{target[1]}"
            link = nodes.reference("", "", refuri=uri, internal=True, classes=["term"])
            paragraph.replace(strong, link)
            link += strong
    for item in doctree.findall(nodes.definition_list_item):
        for anchor in item[0]["ids"]:
            if (page, anchor) in env.course_explained:
                item[-1] += _back(app, page, "Explained in ", [env.course_explained[page, anchor]])
    for item in doctree.findall(nodes.list_item):
        for anchor in item["ids"]:
            if (page, anchor) in env.course_cited:
                item += _back(app, page, "Cited in ", [(p, "") for p in env.course_cited[page, anchor]])


def _back(app: Sphinx, page: str, text: str, targets: list[tuple[str, str]]) -> nodes.paragraph:
    """A line of links, from a page to places of others."""
    line = nodes.paragraph("", text, classes=["back"])
    for place, (target, anchor) in enumerate(targets):
        uri = app.builder.get_relative_uri(page, target) + (f"#{anchor}" if anchor else "")
        title = app.env.titles[target].astext()
        line += [nodes.Text(", ")] * bool(place)
        line += nodes.reference("", title, refuri=uri, internal=True)
    return line


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to the moments of the build they belong to."""
    app.connect("doctree-read", note_terms_and_works)
    app.connect("env-updated", join_them, priority=900)  # after the bibliography's own
    app.connect("doctree-resolved", write_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
