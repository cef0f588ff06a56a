"""Sphinx extension: what each page weighs, in a table that is made when the book is built.

Counted is all that a page names and a reader's browser may load of it: the page, its styles, scripts and
fonts, every figure and every widget's code and data, however far down they stand. Texts count as a server
sends them, compressed by gzip; fonts and pictures as they are. What waits for the reader's click (a
network's weights, a model) stands in a column of its own. The directive `page-weights` shows all pages, and
the times that `make weigh` measured in a browser (page_times.json).
"""

from __future__ import annotations

import functools
import gzip
import html
import json
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

TIMES = Path(__file__).with_name("page_times.json")
AIMS = {"paint": 2, "widget": 3, "shift": 0.02}  # seconds, seconds, share of the screen
NAMES = {"paint": "largest paint", "widget": "first widget", "shift": "layout shift"}
TEXTS = {".html", ".css", ".js", ".svg", ".json"}
FIGURES = {".svg", ".png", ".jpg", ".webp", ".gif"}
STATE = re.compile(r'<script type="application/vnd\.jupyter\.widget-state\+json">(.*?)</script>', re.S)
NUMBER = ' class="text-right"'  # the class that a column of numbers has in the book's other tables
PLACEHOLDER = '<div id="page-weights"></div>'


@dataclass(frozen=True)
class Weight:
    """What a page weighs: sizes in bytes."""

    page: str  # its address in the book
    title: str
    raw: int  # as the files lie on the disk
    compressed: int  # as a server sends them
    requests: int
    on_request: int  # compressed: what is loaded only if the reader wants it
    files: tuple[str, ...]


@functools.cache
def size(file: Path) -> tuple[int, int]:
    """The bytes of a file, as it is and as a server sends it."""
    content = file.read_bytes()
    return len(content), len(gzip.compress(content, 6)) if file.suffix in TEXTS else len(content)


def weigh(page: Path, root: Path) -> Weight:
    """What a page of the book in `root` weighs. FileNotFoundError if it names a file that is not there."""
    text = page.read_text(encoding="utf-8")
    now, later = named(text)
    now |= {f"{sheet}#{font}" for sheet in now if sheet.endswith(".css") for font in fonts(text, page, sheet)}
    files = {page.name: page} | {name: resolve(page, name) for name in sorted(now)}
    sizes = [size(file) for file in dict.fromkeys(files.values())]
    title = re.search(r"<title>(.*?)(?: &#8212;.*)?</title>", text, re.S)
    return Weight(
        page=page.relative_to(root).as_posix(),
        title=html.unescape(title[1]) if title else page.stem,
        raw=sum(raw for raw, _ in sizes),
        compressed=sum(sent for _, sent in sizes),
        requests=len(sizes),
        on_request=sum(size(resolve(page, name))[1] for name in later),
        files=tuple(file.relative_to(root).as_posix() for file in files.values()),
    )


def resolve(page: Path, name: str) -> Path:
    """The file that a page or, after a #, one of its style sheets names."""
    sheet, _, font = name.partition("#")
    path = posixpath.join(posixpath.dirname(sheet), font) if font else sheet
    return (page.parent / unquote(urlsplit(path).path)).resolve()


def named(text: str) -> tuple[set[str], set[str]]:
    """The addresses of the files that a page loads, and of those that it loads if the reader wants it."""
    now = set(re.findall(r'<link [^>]*?href="([^"#?:]+)[^">]*"[^>]*?rel="(?:stylesheet|icon)"', text))
    now |= set(re.findall(r'<link [^>]*?rel="(?:stylesheet|icon)"[^>]*?href="([^"#?:]+)', text))
    now |= set(re.findall(r'<(?:script|img) [^>]*?src="([^"#?:]+)', text))
    later = set()
    for state in STATE.findall(text):
        for widget in json.loads(state.replace("<\\/", "</"))["state"].values():
            now |= set(widget.get("files", []))
            later |= {widget["state"].get(name) for name in ("weights_at", "model_at")} - {None, ""}
    return now, later


@functools.cache
def faces(sheet: Path) -> tuple[list[tuple[str, str]], list[tuple[str, list[str]]]]:
    """The fonts of a style sheet: family and address of each, and selectors with the families they set."""
    css = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    found = []
    for body in re.findall(r"@font-face\s*\{([^}]*)\}", css):
        family = re.search(r"font-family:([^;}]*)", body)[1]
        urls = re.findall(r"url\([\"']?([^\"')]+)", body)
        found += [(plain(family), url) for url in urls if not url.startswith("data:")]
    rules = re.findall(r"([^{}]+)\{[^{}]*?font-family:([^;}]*)", css)
    return found, [(s, [plain(f) for f in f_.split(",")]) for s, f_ in rules if "@font-face" not in s]


def plain(family: str) -> str:
    """The name of a family of fonts without what CSS adds to it."""
    return family.replace("\\", "").replace("! important", "").replace("!important", "").strip(" \n\"'")


def fonts(text: str, page: Path, sheet: str) -> set[str]:
    """The fonts of a style sheet that a page with this text needs, by the classes and elements it has."""
    there = {w for value in re.findall(r'class="([^"]*)"', text) for w in value.split()}
    elements = set(re.findall(r"<([\w-]+)", text))
    found, rules = faces(resolve(page, sheet))
    used: set[str] = set()
    for selectors, families in rules:
        for selector in selectors.split(","):
            classes = set(re.findall(r"\.([\w-]+)", selector))
            tags = set(re.findall(r"(?:^|[\s>+~])([a-z][\w-]*)", selector.strip()))
            if classes <= there and tags <= elements and (classes or tags):
                used.update(families)
    return {url for family, url in found if family in used}


def all_pages(root: Path) -> list[Weight]:
    """All pages of the course in a built book, the heaviest first."""
    root = root.resolve()
    pages = [p for folder in ("book", "notebooks") for p in sorted((root / folder).rglob("*.html"))]
    return sorted((weigh(p, root) for p in pages), key=lambda weight: -weight.compressed)


class PageWeights(SphinxDirective):
    """The table; it is filled when all pages are there."""

    def run(self) -> list[nodes.Node]:
        """Keep its place."""
        return [nodes.raw("", PLACEHOLDER, format="html")]


def kilobytes(count: int) -> str:
    """A number of bytes as a cell of a table whose head names the unit."""
    return f"{count / 1000:,.0f}" if count else "—"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table whose first column says what a row is about; the others have numbers."""
    head = "".join(f"<th{NUMBER * (k > 0)}>{html.escape(each)}</th>" for k, each in enumerate(heads))
    body = "\n".join(
        "<tr>" + "".join(f"<td{NUMBER * (k > 0)}>{cell}</td>" for k, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return (
        '<div class="pst-scrollable-table-container"><table class="table">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>\n"
    )


def tables(weights: list[Weight], times: dict[str, Any] | None, here: str) -> str:
    """What takes the placeholder's place on the page `here`: bytes of all pages, times of some."""
    folder = posixpath.dirname(here)
    link = {
        w.page: f'<a href="{posixpath.relpath(w.page, folder)}">{html.escape(w.title)}</a>' for w in weights
    }
    rows = [
        [link[w.page], kilobytes(w.compressed), kilobytes(w.raw), str(w.requests), kilobytes(w.on_request)]
        for w in weights
    ]
    text = table(["page", "sent, kB", "raw, kB", "files", "later, kB"], rows)
    if times:
        said = "Measured on {date} with {browser} on {machine}, by <code>{command}</code>.".format(**times)
        timed = [row for row in times["rows"] if row["page"] in link]
        rows = [
            [link[row["page"]], seconds(row["paint"]), seconds(row["widget"]), f"{row['shift']:.3f}"]
            for row in timed
        ]
        met = sum(all((row[key] or 0) <= most for key, most in AIMS.items()) for row in timed)
        said += f" Of these {len(timed)} pages {met} keep within all three aims."
        for key, most in AIMS.items():
            late = [link[row["page"]] for row in timed if (row[key] or 0) > most]
            said += f" Over the aim for the {NAMES[key]}: {', '.join(late)}." if late else ""
        text += f"<p>{said}</p>\n" + table(["page", *NAMES.values()], rows)
    return text


def seconds(value: float | None) -> str:
    """A time as a cell of a table."""
    return "—" if value is None else f"{value:.1f} s"


def fill(app: Sphinx, error: Exception | None) -> None:
    """Put the tables where the directive stands."""
    if error or app.builder.format != "html":
        return
    root = Path(app.outdir)
    pages = [p for p in (root / "book").glob("*.html") if PLACEHOLDER in p.read_text(encoding="utf-8")]
    if pages:
        size.cache_clear()
        times = json.loads(TIMES.read_text(encoding="utf-8")) if TIMES.exists() else None
        weights = all_pages(root)
        for page in pages:
            text = page.read_text(encoding="utf-8")
            shown = tables(weights, times, page.relative_to(root).as_posix())
            page.write_text(text.replace(PLACEHOLDER, shown), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive, and fill it when everything else has been written."""
    app.add_directive("page-weights", PageWeights)
    app.connect("build-finished", fill, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
