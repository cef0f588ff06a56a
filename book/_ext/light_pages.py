"""Sphinx extension: what all pages share is one style sheet and one script, with no more than the book uses.

The theme and the other extensions bring a score of files, which are joined here. Of the style sheets stays
what some page or script can use. The icons are those of Font Awesome, drawn by the style sheet with a font
that is cut down to the icons in use: the theme's script for them, a third of a megabyte and more, is left
out. Figures are loaded when they come near, and their places are kept until then.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image
from sphinx.application import Sphinx
from sphinx.builders.html._assets import _CascadingStyleSheet, _JavaScript
from sphinx.config import Config

HERE = Path(__file__).resolve().parent
OURS = ["static_pages.css", "widgets.css", "course.css"]  # these hold nothing that is not used
THEME_STYLES = ["basic.css", "styles/pydata-sphinx-theme.css"]
THEME_SCRIPTS = ["scripts/bootstrap.js", "scripts/pydata-sphinx-theme.js"]
# Files of some pages only, which stand for themselves.
APART = {"formulas.css", "scrolling_formulas.js", "static_widgets.js"}
WEBFONTS = "vendor/fontawesome/webfonts"
ICONS = range(0xE000, 0xF900)  # Unicode's private use area, where an icon has its place
COMPUTED = re.compile(r"bs-|kind-")  # classes whose names a script puts together: Bootstrap's, the search's


def copy_style(app: Sphinx) -> None:
    """Put our own style sheet beside those that it is joined with."""
    static = Path(app.outdir, "_static")
    static.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "static_pages.css", static)


def use_templates(_app: Sphinx, config: Config) -> None:
    """Let our template stand in for the theme's, which would load each of its files by itself."""
    config.templates_path.append(str(HERE / "templates"))


# ---------- one file in place of many ----------


def join_files(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Let a page load the joined files; those that only some pages have stay beside them."""
    styles, scripts = context["css_files"], context["script_files"]
    sheets = [*THEME_STYLES, *(name for each in styles if (name := joined(each)))]
    names = [name for each in scripts if (name := joined(each))]
    # A search page's own scripts do not wait for the document, nor may what they build upon.
    waits = {} if page == "search" else {"defer": "defer"}
    book = _CascadingStyleSheet(f"_static/{bundle(app, sheets, '.css')}", priority=0)
    script = _JavaScript(f"_static/{bundle(app, [*names, *THEME_SCRIPTS], '.js')}", priority=999, **waits)
    styles[:] = [book, *(each for each in styles if not joined(each))]
    apart = [each for each in scripts if not joined(each)]
    # Only the theme's menu of versions would ask for the page's name.
    scripts[:] = [s for s in apart if "OPTIONS.pagename" not in s.attributes.get("body", "")] + [script]


def joined(file: Any) -> str:
    """The name below `_static` of a style sheet or script that is joined with the others, else ""."""
    folder, _, name = str(file.filename or "").partition("/")
    return name if folder == "_static" and name not in APART else ""


def bundle(app: Sphinx, names: list[str], ending: str) -> str:
    """The name of the file that the files `names` of `_static` are joined into, at the end of the build."""
    static = Path(app.outdir, "_static")
    total = hashlib.sha256("\n".join(names).encode())
    for file in map(static.joinpath, names):
        total.update(file.read_bytes() if file.exists() else b"")  # MyST-NB's has its digest in its name
    name = f"book-{total.hexdigest()[:8]}{ending}"
    app.light_bundles[name] = names
    return name


def write_bundles(app: Sphinx, error: Exception | None) -> None:
    """Write the joined files, when all pages are there whose words say what of the styles is used."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for name, parts in app.light_bundles.items():
        texts = [static.joinpath(part).read_text(encoding="utf-8") for part in parts]
        if name.endswith(".js"):
            texts = [re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.M).strip() for text in texts]
            static.joinpath(name).write_text("\n;\n".join(texts) + "\n", encoding="utf-8")
    known = words_of(Path(app.outdir), scripts_of(app))
    for name, parts in app.light_bundles.items():
        if name.endswith(".css"):
            texts = {part: static.joinpath(part).read_text(encoding="utf-8") for part in parts}
            used = (t if part in OURS else purged(moved(t, part), known) for part, t in texts.items())
            css = "\n".join(used)
            static.joinpath(name).write_text(with_icons(css, static), encoding="utf-8")


def moved(css: str, name: str) -> str:
    """A style sheet of `_static/NAME` as it must read in `_static`, where its relative addresses differ.

    >>> moved("a { b: url(../c.png) url('data:d') }", "styles/e.css")
    "a { b: url(c.png) url('data:d') }"
    """

    def address(found: re.Match[str]) -> str:
        if found[1].startswith(("data:", "/", "#")) or ":" in found[1][:8]:
            return found[0]
        return f"url({posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1]))})"

    return re.sub(r"url\(([^'\"()]+)\)", address, css.removeprefix('@charset "UTF-8";'))


# ---------- what is used ----------


def scripts_of(app: Sphinx) -> Iterator[Path]:
    """The scripts that a page of the book can load."""
    static = Path(app.outdir, "_static")
    yield from (static / name for name in app.light_bundles if name.endswith(".js"))
    yield from (static / name for name in [*sorted(APART), "searchtools.js"] if name.endswith(".js"))
    yield from static.glob("widgets/*.js")


def words_of(folder: Path, scripts: Iterable[Path]) -> set[str]:
    """The classes and ids of all pages in a folder, and all that scripts could add: every word in them."""
    words: set[str] = set()
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for value in re.findall(r"""\s(?:class|id)=(?:"([^"]*)"|'([^']*)')""", text):
            words.update("".join(value).split())
    for script in scripts:
        if script.exists():
            words.update(re.findall(r"[\w-]+", script.read_text(encoding="utf-8")))
    return words


def purged(css: str, known: set[str]) -> str:
    """A style sheet without the selectors that need a class or an id which is not among the known words.

    >>> purged("a.b, .c:not(.d) { e: f } @media print { .g { h: i } } .c { j: k }", {"c"})
    '.c:not(.d) { e: f }\\n.c { j: k }'
    """
    rules = tinycss2.parse_stylesheet(css, skip_whitespace=True)
    return "\n".join(filter(None, (purged_rule(rule, known) for rule in rules)))


def purged_rule(rule: Any, known: set[str]) -> str:
    """One rule of a style sheet as text, without what cannot apply; "" if nothing is left."""
    if rule.type == "comment":
        return rule.serialize() if rule.value.startswith("!") else ""  # licences
    if rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports", "layer", "container"):
        if rule.content is None:
            return rule.serialize()
        inside = purged(tinycss2.serialize(rule.content), known)
        return f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inside}}}" if inside else ""
    if rule.type != "qualified-rule":
        return rule.serialize()
    selectors = [s for s in split(rule.prelude) if needs(s) <= known]
    if not selectors:
        return ""
    head = ",".join(tinycss2.serialize(s).strip() for s in selectors)
    body = tinycss2.serialize(t for t in rule.content if t.type != "comment")
    return f"{head} {{{body}}}"


def split(tokens: list[Any]) -> Iterator[list[Any]]:
    """The selectors of a list that has commas between them."""
    part: list[Any] = []
    for token in tokens:
        if token == ",":
            yield part
            part = []
        elif token.type != "comment":
            part.append(token)
    yield part


def needs(selector: list[Any]) -> set[str]:
    """The classes and ids without which a selector finds nothing; those within :is(), :not() do not count."""
    named = {b.value for a, b in zip(selector, selector[1:]) if a == "." and b.type == "ident"}
    named |= {token.value for token in selector if token.type == "hash"}
    return {name for name in named if not COMPUTED.match(name)}


# ---------- icons ----------


def with_icons(css: str, static: Path) -> str:
    """A style sheet whose icon fonts hold the icons that it names; they are written into `static`."""
    named = re.findall(r"content:\s*(?:\"|')\\?([0-9a-f]{4,6}|.)(?:\"|')", css)
    codes = {int(c, 16) if len(c) > 1 else ord(c) for c in named}

    def face(found: re.Match[str]) -> str:
        font = re.search(rf"{WEBFONTS}/([\w-]+)\.ttf", found[0])
        if font is None:
            return found[0]
        name = write_icons(static / WEBFONTS / f"{font[1]}.ttf", static / "icons", codes)
        if not name:
            return ""
        source = f'src:url(icons/{name}) format("woff")'
        return re.sub(r"src:.*?(?=[;}])", source, found[0], flags=re.S)

    return re.sub(r"@font-face\s*\{[^}]*\}", face, css)


def write_icons(font: Path, folder: Path, codes: set[int]) -> str:
    """Write those characters of a font that are icons and in use; gives the file's name, "" without any."""
    part = TTFont(font)
    used = {code for code in codes & part.getBestCmap().keys() if code in ICONS}
    if not used:
        return ""
    options = subset.Options(flavor="woff", name_IDs=["*"], hinting=False, layout_features=[])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=used)
    subsetter.subset(part)
    folder.mkdir(exist_ok=True)
    name = font.with_suffix(".woff").name
    subset.save_font(part, folder / name, options)
    return name


# ---------- figures ----------


def place_figures(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Keep the place of each figure, and let the browser load it when it comes near."""
    sources = {name: Path(app.srcdir, uri) for uri, name in app.builder.images.items()}
    if context.get("body"):
        image = r'<img (?=[^>]*?src="[^"]*?_images/([^"/]+)")'
        context["body"] = re.sub(image, placed_by(sources), context["body"])


NARROW = 500  # CSS pixels: figures up to this width are scaled to a phone's, wider ones scroll there


def placed_by(sources: dict[str, Path]) -> Any:
    """What writes the beginning of an image's element, from the name of its file."""

    def placed(found: re.Match[str]) -> str:
        size = size_of(sources[found[1]]) if found[1] in sources else None
        given = 'width="{}" height="{}" '.format(*size) if size else ""
        if size and size[0] <= NARROW:
            given += "data-narrow "
        return f'<img loading="lazy" decoding="async" {given}'

    return placed


def size_of(image: Path) -> tuple[int, int] | None:
    """Width and height of an image, in CSS pixels; None if the file does not say."""
    if image.suffix != ".svg":
        with Image.open(image) as opened:
            return opened.size
    _, root = next(ElementTree.iterparse(image, events=["start"]))
    sides = [re.fullmatch(r"([\d.]+)(pt|px|)", root.get(side, "")) for side in ("width", "height")]
    if not all(sides):
        return None
    width, height = (round(float(side[1]) * (4 / 3 if side[2] == "pt" else 1)) for side in sides)
    return width, height


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the functions above to the moments of the build they belong to."""
    app.light_bundles = {}
    app.add_css_file("static_pages.css")
    app.connect("config-inited", use_templates)
    app.connect("builder-inited", copy_style)
    app.connect("html-page-context", place_figures, priority=980)
    app.connect("html-page-context", join_files, priority=990)  # after all that add files
    app.connect("build-finished", write_bundles, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
