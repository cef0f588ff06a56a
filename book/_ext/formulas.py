"""Sphinx extension: formulas are set when the book is built, so that pages carry no script for them.

MathJax runs in Deno (formulas.js) and gives the HTML that it would have made in the page, with MathML beside
it for screen readers. A page loads a style sheet, the fonts that its formulas use, and a line of script that
lets the keyboard scroll a formula that is too wide (scrolling_formulas.js).
"""

from __future__ import annotations

import base64
import contextlib
import functools
import html
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.ext.mathjax import html_visit_displaymath, html_visit_math
from sphinx.util import logging

logger = logging.getLogger(__name__)
SCRIPT = Path(__file__).with_suffix(".js")
SCROLLING = SCRIPT.with_name("scrolling_formulas.js")
FONTS = Path("output", "chtml", "fonts", "woff-v2")
ZERO = "MathJax_Zero.woff"
# Fonts that are fetched early where a page has characters of theirs, which the class tells.
USUAL = {"": "Main-Regular", "TEX-I": "Math-Italic"} | {f"TEX-S{n}": f"Size{n}-Regular" for n in (1, 2, 3, 4)}
# What Sphinx gives MathJax to find: \( … \) in a line, \[ … \] on lines of its own, or an environment.
MARKED = re.compile(
    r"\\\((?P<inline>.*?)\\\)|\\\[(?P<display>.*?)\\\]|(?P<raw>\\begin\{.*\\end\{[^}]*\})", re.S
)


def mathjax() -> Path:
    """The folder of MathJax in the package that carries it; ExtensionError if the package is missing."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None:
        raise ExtensionError("the package sphinx-mathjax-offline is missing; `make book` installs it")
    return Path(package.origin).parent / "static" / "mathjax"


@functools.cache
def process() -> subprocess.Popen[str]:
    """MathJax, waiting for formulas; it ends with the build."""
    deno = Path(sys.executable).with_name("deno")
    if not deno.exists():
        raise ExtensionError("the package deno is missing; `make book` installs it")
    command = [deno, "run", "--quiet", f"--allow-read={mathjax()}", SCRIPT, mathjax()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
    return subprocess.Popen(command, **pipes)


def ask(**question: Any) -> dict[str, str]:
    """Put a question to MathJax; see formulas.js."""
    running = process()
    running.stdin.write(json.dumps(question) + "\n")
    running.stdin.flush()
    line = running.stdout.readline()
    if not line:
        raise ExtensionError(f"MathJax ended (exit status {running.wait()}) when asked {question}")
    return json.loads(line)


@functools.cache
def set_formula(tex: str, *, display: bool) -> str:
    """A formula as HTML; ValueError for one that MathJax does not understand."""
    answer = ask(tex=tex, display=display)
    if "error" in answer:
        raise ValueError(f"a formula is wrong: {answer['error']}: {tex}")
    return answer["html"]


def set_all(text: str) -> str:
    r"""HTML with its formulas set that Sphinx has marked for MathJax.

    In it \( and the like stand in place of a formula's beginning and end, and its TeX is escaped.
    """

    def one(found: re.Match[str]) -> str:
        kind = found.lastgroup
        return set_formula(html.unescape(found[kind]), display=kind != "inline")

    return MARKED.sub(one, text)


def at_build(visit: Callable[..., None]) -> Callable[..., None]:
    """What writes a formula into a page, from what would leave it to a script there."""

    def visitor(self: Any, node: nodes.Element) -> None:
        before = len(self.body)
        try:
            visit(self, node)
        finally:  # it ends by raising SkipNode
            try:
                self.body[before:] = [set_all("".join(self.body[before:]))]
            except ValueError as error:
                logger.warning(str(error), location=node)  # which fails the build

    return visitor


def is_formula(node: nodes.Node) -> bool:
    """Whether a node is a formula."""
    return isinstance(node, (nodes.math, nodes.math_block))


def add_style(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Link what formulas need on pages with formulas."""
    if app.env.get_domain("math").data["has_equations"].get(page):
        app.add_css_file("formulas.css")
        app.add_js_file(SCROLLING.name, loading_method="defer")
        app.add_js_file(None, body=preloads(context["body"], context["pathto"]))


def preloads(body: str, path_to: Callable[[str, int], str]) -> str:
    """A line of script that fetches the usual fonts of a page's formulas beside its styles.

    A font is else asked for when a phone has laid out the page, and all formulas are laid out once more. A
    page that is opened as a file may not ask so, and waits for none.
    """
    used = [font for mark, font in USUAL.items() if re.search(rf'<mjx-c class="[^"]*{mark}"', body)]
    files = [path_to(f"_static/formulas/MathJax_{font}.woff", 1) for font in used]
    link = '{rel: "preload", as: "font", type: "font/woff", crossOrigin: "", href}'
    return (
        f"""if (location.protocol !== "file:") for (const href of {json.dumps(files)}) """
        f"""document.head.append(Object.assign(document.createElement("link"), {link}));"""
    )


def write_style(app: Sphinx, error: Exception | None) -> None:
    """Write the style sheet for all formulas of the book, also those of pages that were not built anew."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for page in app.env.found_docs:
        for node in app.env.get_doctree(page).findall(is_formula):
            with contextlib.suppress(ValueError):  # said where it stands
                set_formula(node.astext(), display=isinstance(node, nodes.math_block))
    css = with_zero(ask(fonts="formulas")["css"])
    (static / "formulas.css").write_text(css, encoding="utf-8")
    (static / "formulas").mkdir(exist_ok=True)
    shutil.copy(SCROLLING, static)
    for font in sorted((mathjax() / FONTS).glob("*.woff")):
        if font.name != ZERO:
            write_font(font, static / "formulas" / font.name, characters(css))


def with_zero(css: str) -> str:
    """A style sheet that carries the font MJXZERO itself, a kilobyte.

    All formulas have it, for the height of a line; if it came later, the page would move.
    """
    data = base64.b64encode((mathjax() / FONTS / ZERO).read_bytes()).decode("ascii")
    return re.sub(rf"url\([^()]*{re.escape(ZERO)}[^()]*\)", f'url("data:font/woff;base64,{data}")', css)


def characters(css: str) -> set[int]:
    r"""The code points that a style sheet puts into a page, as `content: "x"` or `content: "\22A4"`.

    >>> characters('content: "x"; content: "\\22A4"') == {0x78, 0x22A4}
    True
    """
    found = re.findall(r'content: "(?:\\([0-9A-F]+)|(.))"', css)
    return {int(code, 16) if code else ord(character) for code, character in found}


def write_font(font: Path, copy: Path, codes: set[int]) -> None:
    """Write a font with no more than the characters that are used; one without any of them as it is."""
    options = subset.Options(flavor="woff", notdef_outline=True, drop_tables=["FFTM"])
    part = TTFont(font)
    if not codes & part.getBestCmap().keys():
        shutil.copyfile(font, copy)
        return
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(part)
    subset.save_font(part, copy, options)


def setup(app: Sphinx) -> dict[str, Any]:
    """Make this the way in which HTML gets its formulas, if `html_math_renderer` is "at_build"."""
    app.add_html_math_renderer(
        "at_build", (at_build(html_visit_math), None), (at_build(html_visit_displaymath), None)
    )
    app.connect("html-page-context", add_style)
    app.connect("build-finished", write_style)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
