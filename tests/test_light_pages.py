"""What makes the book's pages light (style sheets joined and cut, icons, widgets' files), weights."""

import json
import re
import shutil
import sys
from pathlib import Path

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book/_ext"))
import light_pages  # noqa: E402
import page_weights  # noqa: E402
import widget_files  # noqa: E402

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"


@pytest.mark.parametrize(
    ("css", "left"),
    [
        ("a.b {c: d}", ""),
        (".used .b {c: d} .used {e: f}", ".used {e: f}"),
        (".b, a:hover, #id {c: d}", "a:hover {c: d}"),
        ("#here > p {c: d}", "#here > p {c: d}"),
        (".used:not(.b), .b:not(.used) {c: d}", ".used:not(.b) {c: d}"),
        ("@media print{.b {c: d} .used {e: f}}", "@media print{.used {e: f}}"),
        ("@media print{.b {c: d}}", ""),
        (
            "@font-face {src: url(b)} @keyframes b {to {c: d}}",
            "@font-face {src: url(b)}\n@keyframes b {to {c: d}}",
        ),
        ('/*! a licence */ /* a remark */ [class*="b"] {content: ".b{"}', None),
        (".bs-tooltip-auto {c: d}", ".bs-tooltip-auto {c: d}"),  # a name that Bootstrap puts together
        ('html[data-theme=dark] .used {c: url("data:x,<a class=b>")}', None),
    ],
)
def test_what_no_page_and_no_script_can_use_is_left_out(css, left):
    left = css.replace(" /* a remark */ ", "\n") if left is None else left
    assert light_pages.purged(css, {"used", "here"}) == left


def test_words_are_those_of_pages_and_scripts(tmp_path):
    (tmp_path / "a.html").write_text("<p class='one two' id=\"three\">four</p>", encoding="utf-8")
    (tmp_path / "b.js").write_text("e.classList.add('five-six')", encoding="utf-8")
    words = light_pages.words_of(tmp_path, [tmp_path / "b.js", tmp_path / "missing.js"])
    assert {"one", "two", "three", "five-six"} <= words
    assert "four" not in words


def test_addresses_follow_a_style_sheet_that_moves():
    css = "a{b:url(../c.png)} d{e:url(f.woff)} g{h:url(data:i)} j{k:url(#l)}"
    moved = "a{b:url(c.png)} d{e:url(styles/f.woff)} g{h:url(data:i)} j{k:url(#l)}"
    assert light_pages.moved(css, "styles/m.css") == moved


def test_icons_in_use_and_no_others_are_in_the_font(tmp_path):
    shutil.copytree(THEME / "vendor", tmp_path / "vendor")
    css = light_pages.moved(
        (THEME / "styles/pydata-sphinx-theme.css").read_text(encoding="utf-8"), "styles/theme.css"
    )
    used = light_pages.purged(css, {"fa-solid", "fas", "fa-bars", "fa-download"})
    light = light_pages.with_icons(used, tmp_path)
    assert "url(icons/fa-solid-900.woff)" in light
    assert "fa-brands" not in light  # none of the brands' signs is used: no font of them
    kept = TTFont(tmp_path / "icons/fa-solid-900.woff").getBestCmap().keys()
    assert {0xF0C9, 0xF019} <= kept  # bars and download, as Font Awesome lists them
    assert 0xF015 not in kept  # home
    assert len(light) < len(css) / 2


def test_the_size_of_a_figure_is_read_from_its_file(tmp_path):
    svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="{}" height="60pt"></svg>'
    (tmp_path / "a.svg").write_text(svg.format("90.3pt"), encoding="utf-8")
    assert light_pages.size_of(tmp_path / "a.svg") == (120, 80)  # 4/3 pixels a point
    (tmp_path / "b.svg").write_text(svg.format("100%"), encoding="utf-8")
    assert light_pages.size_of(tmp_path / "b.svg") is None
    assert light_pages.size_of(ROOT / "book/_static/front-page.png")[0] > 100


def test_a_narrow_figure_is_marked_so_that_a_phone_scales_it(tmp_path):
    sources = {f"{width}.svg": tmp_path / f"{width}.svg" for width in (360, 504)}
    for width, path in zip((360, 504), sources.values()):  # 480 and 672 CSS pixels
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="60pt"/>')
    placed = re.sub(
        r'<img src="(.*?)"', light_pages.placed_by(sources), '<img src="360.svg"><img src="504.svg">'
    )
    narrow, wide = placed.split(">")[:2]
    assert 'width="480"' in narrow
    assert "data-narrow" in narrow
    assert 'width="672"' in wide
    assert "data-narrow" not in wide


def widget(**state) -> dict:
    """A widget's entry as MyST-NB has it."""
    code = {"_esm": "export default {}", "_css": "a {}", "_anywidget_id": "lmcourse.widgets.coin.Coin"}
    return {"model_name": "AnyModel", "state": {**code, **state}}


def shelf(folder: Path, file: str) -> dict:
    """What a widget's script puts on the shelf."""
    text = (folder / file.rpartition("/")[2]).read_text(encoding="utf-8")
    name, _, content = text.removeprefix('(globalThis.lmcShelf ??= {})["').partition('"] = ')
    assert file.endswith(f"/{name}")
    return json.loads(content.removesuffix(";\n"))


def test_what_is_long_leaves_the_page_and_nothing_is_lost(tmp_path):
    numbers, buffers = list(range(2000)), [{"path": ["packed"], "encoding": "base64", "data": "AAAA"}]
    entry = widget(_worker="w" * 5000, numbers=numbers, short=1) | {"buffers": buffers}
    light = widget_files.lightened(entry, tmp_path, "../files")
    assert len(json.dumps(light)) < 400
    assert light["state"]["short"] == 1
    assert [file.partition("-")[0] for file in light["files"]] == [
        "../files/Coin",
        "../files/worker",
        "../files/data",
    ]
    parts = [shelf(tmp_path, file) for file in light["files"]]
    assert {k: v for part in (light, *parts) for k, v in part["state"].items()} == entry["state"]
    assert light["buffers"] + parts[2]["buffers"] == buffers


def test_code_is_stored_once_and_little_data_stay_in_the_page(tmp_path):
    one, two = (widget_files.lightened(widget(words=["mouse"] * n), tmp_path, ".") for n in (50, 51))
    assert one["files"] == two["files"] == [f"./{path.name}" for path in tmp_path.iterdir()]
    assert one["state"]["words"] == ["mouse"] * 50


def test_a_page_is_weighed_with_all_that_it_names(tmp_path):
    files = {
        "_static/book.css": "@font-face{font-family:A\\ B;src:url(a.woff)}"
        "@font-face{font-family:C;src:url(c.woff)}"
        ".used{font-family:A\\ B}.not{font-family:C}",
        "_static/a.woff": "a" * 100,
        "_static/c.woff": "c" * 1000,
        "_static/book.js": "1" * 5000,
        "_static/widgets/Coin-1.js": "2" * 5000,
        "_static/weights-1.js": "3" * 5000,
        "_images/a.svg": "4" * 5000,
    }
    state = {
        "a": {"state": {"weights_at": "../_static/weights-1.js"}, "files": ["../_static/widgets/Coin-1.js"]}
    }
    files["book/page.html"] = (
        '<title>A page &#8212; The book</title><link rel="canonical" href="elsewhere.html">'
        '<link rel="stylesheet" href="../_static/book.css?v=1">'
        '<script defer src="../_static/book.js"></script>'
        '<p class="used">1</p><img alt="" src="../_images/a.svg"><img alt="" src="../_images/a.svg">'
        f'<script type="{widget_files.STATE}">{json.dumps({"state": state})}</script>'
    )
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = page_weights.weigh(tmp_path / "book/page.html", tmp_path)
    loaded = set(files) - {"_static/c.woff", "_static/weights-1.js"}
    assert set(found.files) == loaded
    assert found.requests == len(loaded)
    assert found.raw == sum(len(files[name]) for name in loaded)
    assert 100 < found.compressed < 2000  # the font as it is
    assert 0 < found.on_request < 100
    assert found.title == "A page"


def test_a_page_that_names_a_file_which_is_not_there_is_no_page(tmp_path):
    (tmp_path / "page.html").write_text('<script src="lost.js"></script>', encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"lost\.js"):
        page_weights.weigh(tmp_path / "page.html", tmp_path)


@pytest.mark.parametrize(
    ("height", "style"),
    [
        (None, ""),
        ([900, 600, 500], ' style="--narrow: 900px; --middle: 600px; --wide: 500px"'),
    ],
)
def test_a_widgets_place_has_its_heights(height, style):
    assert widget_files.place(height) == f'<div class="lmc-place"{style}></div>'


def test_the_pages_that_miss_an_aim_are_named():
    weights = [page_weights.Weight(f"book/{n}.html", n.upper(), 1, 1, 1, 0, ()) for n in "ab"]
    rows = [
        {"page": "book/a.html", "paint": 1.0, "widget": 3.5, "shift": 0.0},
        {"page": "book/b.html", "paint": 1.0, "widget": None, "shift": 0.0},
    ]
    head = {"date": "1.1.2000", "browser": "B", "machine": "M", "command": "make weigh", "rows": rows}
    said = page_weights.tables(weights, head, "book/weight.html")
    assert "Of these 2 pages 1 keep within all three aims." in said
    assert 'Over the aim for the first widget: <a href="a.html">A</a>.' in said
    assert "aim for the largest paint" not in said
