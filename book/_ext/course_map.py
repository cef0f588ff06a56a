"""Sphinx directive `course-map`: all chapters of the course, those that `_toc.yml` lacks marked as planned.

Its content has one line for each chapter, in order, `TITLE: what it is about`. A chapter is there when a part
of the table of contents is called `NUMBER. TITLE`; its title then links to the first page of that part. One
that is planned can be linked to as `index.md#planned-NUMBER`. When it arrives, such links lead nowhere and
fail the build, so that whoever adds the chapter mends the pages that called it planned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective


def first_pages(toc: dict[str, Any]) -> dict[str, str]:
    """The first page of each numbered part of a table of contents, by the part's caption."""
    parts = toc.get("parts", [])
    return {p["caption"]: p["chapters"][0]["file"] for p in parts if p["caption"][:1].isdigit()}


def chapter_lines(content: list[str], toc: dict[str, Any]) -> tuple[list[str], list[int]]:
    """The map as a numbered list in Markdown, and the numbers of the planned chapters.

    Raises ValueError for a line that is not `TITLE: what it is about`, and if the table of contents has a
    chapter that the map lacks.
    """
    there = first_pages(toc)
    lines, planned = [], []
    for number, line in enumerate(filter(None, content), 1):
        title, colon, about = line.partition(": ")
        if not colon:
            raise ValueError(f"course map: {line!r} should read `TITLE: what it is about`")
        page = there.pop(f"{number}. {title}", None)
        name = f"[{title}](/{page})" if page else f"{title} *(planned)*"
        lines.append(f"{number}. {name}. {about}")
        planned += [] if page else [number]
    if there:
        raise ValueError(f"the course map lacks {', '.join(map(repr, there))}, which _toc.yml has")
    return lines, planned


class CourseMap(SphinxDirective):
    """The list of chapters; a fault in it is a warning, which fails the build."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Write the list as Markdown and have it parsed where the directive stands."""
        toc = Path(self.env.srcdir) / "_toc.yml"
        self.env.note_dependency(str(toc))
        try:
            lines, planned = chapter_lines(
                list(self.content), yaml.safe_load(toc.read_text(encoding="utf-8"))
            )
        except ValueError as error:
            return [self.state.document.reporter.warning(str(error), line=self.lineno)]
        parsed = self.parse_text_to_nodes("\n".join(lines))
        for number in planned:
            parsed[0][number - 1]["ids"].append(f"planned-{number}")
        self.env.metadata[self.env.docname]["planned"] = planned
        return parsed


def add_link_targets(_app: Sphinx, env: BuildEnvironment) -> None:
    """Let `page.md#planned-NUMBER` reach the planned chapters; MyST by itself knows headings only."""
    for metadata in env.metadata.values():
        for number in metadata.get("planned", []):
            name = f"planned-{number}"
            metadata.setdefault("myst_slugs", {})[name] = (0, name, name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and its link targets."""
    app.add_directive("course-map", CourseMap)
    app.connect("env-updated", add_link_targets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
