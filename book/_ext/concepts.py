"""Sphinx directive `concept-index`: from each term of the glossary to pages, functions and exercises.

All of it is gathered when the book is built: what pages use of the package, what stands beside their bold
words and what the assignments ask for is noted here, and joined by `concept_joins.py`. Terms and functions
are objects of a domain of their own, so that the search knows them by name.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from concept_joins import CHINESE, NOTED, Concept, Exercise, joined
from concept_sources import Definition, asked_for, called, uses, words
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

FILTER = Path(__file__).with_name("concept_filter.js")
EXERCISE = re.compile(r"(?:(\d+)\. |For the joy of it: )?(.*) \(\d+ minutes\b.*\)")


# ---------- reading ----------


def code_of(node: nodes.Element) -> list[str]:
    """The code cells below a node of a page."""
    inputs = node.findall(lambda n: isinstance(n, nodes.container) and "cell_input" in n["classes"])
    return [block.astext() for each in inputs for block in each.findall(nodes.literal_block)]


def exercises_of(page: str, doctree: nodes.document) -> Iterator[Exercise]:
    """The exercises of an assignment."""
    numbers = re.search(r"Assignment (\w+)", next(doctree.findall(nodes.title), nodes.title()).astext())
    for section in doctree.findall(nodes.section) if numbers else ():
        form = EXERCISE.fullmatch(section[0].astext())
        if form:
            title = (
                f"{numbers[1]}.{form[1]} {form[2]}"
                if form[1]
                else f"{numbers[1]} (for the joy of it): {form[2]}"
            )
            asks = [name for cell in code_of(section) for name in asked_for(cell)]
            text = re.sub(r"# YOUR CODE HERE|NotImplementedError", "", section.astext())
            yield Exercise(page, section["ids"][0], title, text, asks)


def note(app: Sphinx, doctree: nodes.document) -> None:
    """Remember what a page uses of the package, what is at work beside its bold words, and its exercises."""
    page = app.env.docname
    taken = [use for cell in code_of(doctree) for use in uses(cell)]
    local = {name: (module, name) for module, name in taken}
    beside: dict[str, list[tuple[str, str]]] = {}
    for strong in doctree.findall(nodes.strong):
        section = strong.parent
        while section.parent and not isinstance(section, nodes.section):
            section = section.parent
        here = [n for part in section if not isinstance(part, nodes.section) for n in _called_in(part)]
        beside.setdefault(strong.astext(), [local[n] for n in dict.fromkeys(here) if n in local])
    app.env.metadata[page][NOTED] = {
        "uses": list(dict.fromkeys(taken)),
        "beside": beside,
        "exercises": list(exercises_of(page, doctree)),
        "chinese": chinese_names(doctree),
    }


def chinese_names(doctree: nodes.document) -> dict[str, str]:
    """The Chinese names that a glossary gives, by the anchors of its terms."""
    found = {}
    for item in doctree.findall(nodes.definition_list_item):
        said = re.search(rf"^{CHINESE} (.+)$", item[-1].astext(), re.M)
        if said:
            found |= {anchor: said[1] for term in item.findall(nodes.term) for anchor in term["ids"]}
    return found


def _called_in(part: nodes.Node) -> list[str]:
    cells = code_of(part) if isinstance(part, nodes.Element) else []
    return [name for cell in cells for name in called(cell)]


# ---------- the page ----------


class concept_index(nodes.General, nodes.Element):  # as docutils calls its nodes
    """Where the index will stand."""


class ConceptIndex(SphinxDirective):
    """Keeps the place of the index until all pages have been read."""

    def run(self) -> list[nodes.Node]:
        """The place."""
        return [concept_index()]


def write(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Put the index where the directive stands."""
    for place in list(doctree.findall(concept_index)):
        index, writer = app.env.course_concepts, _Writer(app, page)
        concepts = nodes.definition_list("", *map(writer.concept, index.concepts), classes=["concepts"])
        functions = nodes.definition_list(
            "", *(writer.function(*f, index.asked) for f in index.functions.items()), classes=["concepts"]
        )
        place.replace_self([writer.letters(index.concepts), concepts, writer.heading(), functions])


class _Writer:
    """Makes the nodes of the index."""

    def __init__(self, app: Sphinx, page: str) -> None:
        self.app, self.page = app, page

    def link(self, page: str, anchor: str, text: nodes.Node | str, *, code: bool = False) -> nodes.reference:
        """A link to a place of the book."""
        uri = "" if page == self.page else self.app.builder.get_relative_uri(self.page, page)
        inner = nodes.literal("", text) if code else nodes.Text(text)
        uri += f"#{anchor}" if anchor else ""
        return nodes.reference("", "", inner, refuri=uri, internal=True)

    def line(self, label: str, links: Iterable[nodes.Node]) -> list[nodes.Node]:
        """A line of links after what they are; none without any."""
        listed = list(links)
        line = nodes.paragraph("", f"{label} ")
        for place, link in enumerate(listed):
            line += [nodes.Text(", ")] * bool(place)
            line += link
        return [line] if listed else []

    def letters(self, concepts: list[Concept]) -> nodes.paragraph:
        """The first letters, each with a link to its first term."""
        first: dict[str, str] = {}
        for concept in concepts:
            first.setdefault(words(concept.name)[0][0].upper(), concept.anchor)
        line = nodes.paragraph(classes=["letters"])
        for letter, anchor in first.items():
            line += [self.link(self.page, anchor, letter), nodes.Text(" ")]
        line += self.link(self.page, "functions-and-classes", "functions")
        return line

    def heading(self) -> nodes.rubric:
        """What stands between the two lists."""
        return nodes.rubric(
            "", "Functions and classes", ids=["functions-and-classes"], **{"heading-level": 2}
        )

    def title(self, page: str) -> str:
        """The title of a page."""
        return self.app.env.titles[page].astext()

    def code(self, function: Definition) -> nodes.reference:
        """A link to a function; of those that share a name, with the module."""
        twice = sum(function.name == each.name for each in self.app.env.course_concepts.functions) > 1
        name = f"{function.module.rpartition('.')[2]}.{function.name}" if twice else function.name
        return self.link(self.page, _anchor(function), name, code=True)

    def exercises(self, exercises: Iterable[Exercise]) -> list[nodes.Node]:
        """The line of exercises."""
        return self.line("Exercise", (self.link(e.page, e.anchor, e.title) for e in exercises))

    def concept(self, concept: Concept) -> nodes.definition_list_item:
        """A term, and where it is at work."""
        term = nodes.term("", "", self.link(*concept.glossary, concept.name), ids=[concept.anchor])
        places = (self.link(page, anchor, self.title(page)) for page, anchor in concept.explained)
        lines = [
            *self.line("Page", places),
            *self.line("Code", map(self.code, concept.functions)),
            *self.line("Code beside it", map(self.code, concept.beside)),
            *self.exercises(concept.exercises),
        ]
        return nodes.definition_list_item("", term, nodes.definition("", *lines))

    def function(
        self, function: Definition, pages: list[str], asked: dict[str, list[Exercise]]
    ) -> nodes.definition_list_item:
        """A function, what it says of itself, and where it is at work."""
        term = nodes.term("", "", nodes.literal("", function.name), ids=[_anchor(function)])
        term += nodes.inline("", f" {function.module}", classes=["module"])
        lines = [nodes.paragraph("", function.summary)] if function.summary else []
        lines += self.line("Page", (self.link(page, "", self.title(page)) for page in pages))
        lines += self.exercises(asked.get(function.name, []))
        return nodes.definition_list_item("", term, nodes.definition("", *lines))


def _anchor(function: Definition) -> str:
    return f"{function.module}.{function.name}"


class CourseDomain(Domain):
    """What the search knows by name, besides titles: the terms and functions of the index."""

    name = "course"
    label = "Course"
    object_types = {  # noqa: RUF012  # as Sphinx has it
        "concept": ObjType("concept", searchprio=1),
        "function": ObjType("function or class", searchprio=1),
    }

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Name, name as shown, kind, page, anchor and priority of each, if the book has the page."""
        index = getattr(self.env, "course_concepts", None)
        page = next((p for p, has in self.env.metadata.items() if has.get("concept-index")), None)
        if index and page:
            for concept in index.concepts:
                shown = f"{concept.name} ({concept.chinese})" if concept.chinese else concept.name
                yield shown, shown, "concept", page, concept.anchor, 1
            for function in index.functions:
                name = _anchor(function)
                yield name, name, "function", page, name, 1

    def get_type_name(self, type: ObjType, primary: bool = False) -> str:  # noqa: ARG002  # Sphinx's
        """What the search calls a kind of object, without the name of this domain."""
        return type.lname

    def merge_domaindata(self, _pages: list[str], _other: dict[str, Any]) -> None:
        """Nothing is kept here."""


def note_page(app: Sphinx, doctree: nodes.document) -> None:
    """Remember which page has the index."""
    if any(doctree.findall(concept_index)):
        app.env.metadata[app.env.docname]["concept-index"] = True


def copy_script(app: Sphinx) -> None:
    """Put the script of the index where it is joined with the others."""
    static = Path(app.outdir, "_static")
    static.mkdir(parents=True, exist_ok=True)
    shutil.copy(FILTER, static)


def gather(_app: Sphinx, env: BuildEnvironment) -> None:
    """Join what has been noted."""
    env.course_concepts = joined(env)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive, and connect the functions above to the moments of the build they belong to."""
    app.add_node(concept_index)
    app.add_directive("concept-index", ConceptIndex)
    app.add_domain(CourseDomain)
    app.add_js_file(FILTER.name)
    app.connect("builder-inited", copy_script)
    app.connect("doctree-read", note)
    app.connect("doctree-read", note_page)
    app.connect("env-updated", gather, priority=950)  # after cross_links
    app.connect("doctree-resolved", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
