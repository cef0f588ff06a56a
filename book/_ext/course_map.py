"""Sphinx directives `course-start` and `course-map`: what there is of the course, and where it begins.

`course-map` has one line for each chapter, in order, `TITLE: a question? what it is about`, and makes a card
of each. A chapter is there when a part of the table of contents is called `NUMBER. TITLE`; its card then
names its pages, how long they take, where they begin and the assignments, and shows what the page has glued
as `chapter-NUMBER`. One that is planned says so, and can be linked to as `index.md#planned-NUMBER`. When it
arrives, such links lead nowhere and fail the build, so that whoever adds the chapter mends the pages that
called it planned.

`course-start` says how much is there of how many chapters, and has the button that leads to the first page.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from docutils import nodes
from myst_nb.core.variables import RetrievalError
from myst_nb.ext.glue.utils import retrieve_glue_data
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

MAP = re.compile(r"```\{course-map\}\n(.*?)\n```", re.S)  # in the text of a page
WORDS_A_MINUTE, MINUTES_A_CELL = 130, 1  # of reading; a guess, which the map states
STATED = re.compile(r"^#+ .*\((\d+) minutes\b", re.M)  # what an exercise says of itself
NOT_READ = re.compile(r"```.*?```|<[^>]+>|\]\([^)]*\)", re.S)


def minutes(path: Path) -> float:
    """How long a page takes: the times that its exercises state, or else its words and cells of code."""
    text, cells = path.read_text(encoding="utf-8"), 0
    if path.suffix == ".ipynb":
        listed = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in listed if c["cell_type"] == "markdown")
        shown = [c for c in listed if "remove-cell" not in c["metadata"].get("tags", [])]
        cells = sum(c["cell_type"] == "code" for c in shown)
    if stated := STATED.findall(text):
        return sum(map(int, stated))
    words = re.findall(r"\w\S*", NOT_READ.sub(" ", text))
    return len(words) / WORDS_A_MINUTE + cells * MINUTES_A_CELL


class Chapter(NamedTuple):
    """What the table of contents has of a chapter, and how many minutes it takes."""

    first: str  # its first page
    pages: int  # those that are not optional
    optional: int
    reading: float  # of the former
    assignments: dict[str, str]  # title -> page
    practice: float


def chapter_of(pages: list[dict[str, str]], root: Path) -> Chapter:
    """A chapter from its entries in the table of contents; titles tell assignments and optional pages."""
    titles = {page["file"]: page.get("title", "") for page in pages}
    assignments = {title: file for file, title in titles.items() if title.startswith("Assignment")}
    optional = [file for file, title in titles.items() if title.endswith("(optional)")]
    read = [file for file in titles if file not in optional and file not in assignments.values()]

    def long(files: Any) -> float:
        return sum(minutes(next(root.glob(f"{file}.*"))) for file in files)

    return Chapter(
        pages[0]["file"], len(read), len(optional), long(read), assignments, long(assignments.values())
    )


def chapters(toc: dict[str, Any], root: Path) -> dict[str, Chapter]:
    """The numbered parts of a table of contents, by caption."""
    parts = (part for part in toc.get("parts", []) if part["caption"][:1].isdigit())
    return {part["caption"]: chapter_of(part["chapters"], root) for part in parts}


def counted(number: int, what: str) -> str:
    """A number of things, as in *1 page*, *2 pages*."""
    return f"{number} {what}{'s' * (number != 1)}"


def hours(of_minutes: float) -> str:
    """A time as one says it, in hours; never none.

    >>> hours(20), hours(70), hours(330)
    ('about 1 hour', 'about 1 hour', 'about 6 hours')
    """
    return "about " + counted(max(1, int(of_minutes / 60 + 0.5)), "hour")


def start_lines(there: dict[str, Chapter], planned_too: int) -> list[str]:
    """The button to the first page, and how much there is of how many chapters, in Markdown.

    Raises ValueError if no chapter is there, and if there are more than the course has.
    """
    if not 0 < len(there) <= planned_too:
        raise ValueError(
            f"_toc.yml has {len(there)} numbered chapters, the course map on this page {planned_too}"
        )
    every = list(there.values())
    tasks = sum(len(chapter.assignments) for chapter in every)
    facts = (
        f"{len(every)} of [{planned_too} chapters](#the-course-map) are ready: "
        f"{counted(sum(c.pages for c in every), 'page')}, {hours(sum(c.reading for c in every))} of reading"
    )
    if tasks:
        facts += f", and {counted(tasks, 'assignment')}, {hours(sum(c.practice for c in every))} of practice"
    button = [f":::{{button-ref}} /{every[0].first}", ":ref-type: doc", ":color: primary"]
    return [*button, ":class: course-start", "Start with chapter 1", ":::", "", f"{facts}."]


def chapter_cards(
    content: list[str], there: dict[str, Chapter], pictures: set[int]
) -> tuple[list[str], list[int]]:
    """The map as cards in Markdown, and the numbers of the planned chapters.

    Args:
        content: one line for each chapter, `TITLE: a question? what it is about`.
        there: the chapters that can be read, by caption.
        pictures: the numbers of those that have one, glued as `chapter-NUMBER`.

    Raises ValueError for a line of another form, and if one of `there` is lacking.
    """
    missing, planned = dict(there), []
    lines = ["::::{grid} 1 1 2 2", ":gutter: 3", ":class-container: course-cards", ""]
    for number, line in enumerate(content, 1):
        form = re.fullmatch(r"(?P<title>[^:]+): (?P<question>.*?\?) (?P<about>.+)", line)
        if not form:
            raise ValueError(f"course map: {line!r} should read `TITLE: a question? what it is about`")
        chapter = missing.pop(f"{number}. {form['title']}", None)
        text = f"**{form['question']}** {form['about']}"
        picture = [f"```{{glue}} chapter-{number}", "```"] if number in pictures else []
        if chapter:
            title, note = f"{number}. [{form['title']}](/{chapter.first})", _footer(chapter)
        else:
            title, note = f"{number}. {form['title']} *(planned)*", []
            planned.append(number)
        state = ":class-card: planned" if chapter is None else ":class-card: ready"
        footer = ["```{card-footer}", *note, "```"] if note else []
        lines += [f":::{{grid-item-card}} {title}", state, "", *picture, "", text, "", *footer, ":::", ""]
    if missing:
        raise ValueError(f"the course map lacks {', '.join(map(repr, missing))}, which _toc.yml has")
    return [*lines, "::::"], planned


def _footer(chapter: Chapter) -> list[str]:
    """Where a chapter begins, what it asks of its reader, and where it is practised; a paragraph each."""
    also = f" and {chapter.optional} optional" if chapter.optional else ""
    paragraphs = [
        f"Begin with [](/{chapter.first})",
        f"{counted(chapter.pages, 'page')}{also}, {hours(chapter.reading)}",
    ]
    if chapter.assignments:
        links = " and ".join(f"[{title}](/{page})" for title, page in chapter.assignments.items())
        paragraphs.append(f"{links}, {hours(chapter.practice)}")
    return "\n\n".join(paragraphs).splitlines()


class _OfTheCourse(SphinxDirective):
    """A directive that reads the table of contents; a fault is a warning, which fails the build."""

    def there(self) -> dict[str, Chapter]:
        """The chapters that can be read."""
        root = Path(self.env.srcdir)
        toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
        self.env.note_dependency(str(root / "_toc.yml"))
        for part in toc.get("parts", []):
            for page in part["chapters"]:
                self.env.note_dependency(str(next(root.glob(f"{page['file']}.*"))))
        return chapters(toc, root)

    def run(self) -> list[nodes.Node]:
        """Write Markdown and have it parsed where the directive stands."""
        try:
            return self.made()
        except ValueError as error:
            return [self.state.document.reporter.warning(str(error), line=self.lineno)]


class CourseStart(_OfTheCourse):
    """The button to the first page, and how much there is."""

    def made(self) -> list[nodes.Node]:
        """Its nodes."""
        page = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
        map_ = MAP.search(page)
        lines = start_lines(self.there(), len(map_[1].splitlines()) if map_ else 0)
        return self.parse_text_to_nodes("\n".join(lines))


class CourseMap(_OfTheCourse):
    """The chapters as cards, and on what their hours rest."""

    has_content = True

    def made(self) -> list[nodes.Node]:
        """Its nodes; what is planned gets an id to link to."""
        listed = [line for line in self.content if line]
        pictures = {n for n in range(1, len(listed) + 1) if self._is_glued(f"chapter-{n}")}
        lines, planned = chapter_cards(listed, self.there(), pictures)
        parsed = self.parse_text_to_nodes("\n".join(lines))
        cards = [node for node in parsed[0].findall(nodes.Element) if "sd-col" in node.get("classes", [])]
        for number in planned:
            cards[number - 1]["ids"].append(f"planned-{number}")
        self.env.metadata[self.env.docname]["planned"] = planned
        basis = (
            f"The hours of reading are an estimate: {WORDS_A_MINUTE} words a minute, and "
            f"{counted(MINUTES_A_CELL, 'minute')} for each cell of code. "
            "Those of the assignments are what their exercises state."
        )
        return [*parsed, *self.parse_text_to_nodes(basis)]

    def _is_glued(self, key: str) -> bool:
        try:
            retrieve_glue_data(self.state.document, key)
        except RetrievalError:
            return False
        return True


def add_link_targets(_app: Sphinx, env: BuildEnvironment) -> None:
    """Let `page.md#planned-NUMBER` reach the planned chapters; MyST by itself knows headings only."""
    for metadata in env.metadata.values():
        for number in metadata.get("planned", []):
            name = f"planned-{number}"
            metadata.setdefault("myst_slugs", {})[name] = (0, name, name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and the link targets."""
    app.add_directive("course-start", CourseStart)
    app.add_directive("course-map", CourseMap)
    app.connect("env-updated", add_link_targets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
