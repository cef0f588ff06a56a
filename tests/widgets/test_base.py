"""What all widgets share: their files, joined into one module and one style sheet each."""

import re
from pathlib import Path

import pytest

from lmcourse import widgets
from lmcourse.widgets.base import HERE, Widget, pack_numbers, script
from lmcourse.world import five_words

NAMES = sorted(path.stem for path in HERE.glob("*.css") if path.stem != "ui")
CLASSES = [getattr(widgets, name) for name in widgets.__all__]
SOURCES = sorted([*HERE.glob("*.js"), *HERE.glob("*.css")])


def text(path: Path) -> str:
    """What a file holds."""
    return path.read_text(encoding="utf-8")


def test_each_widget_has_its_three_files():
    assert len(NAMES) == len(CLASSES) >= 8
    for name in NAMES:
        assert (HERE / f"{name}.py").exists()
        assert (HERE / f"{name}.js").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_widget_is_one_module(name):
    joined = script(f"{name}.js")
    assert not re.search(r"^import |\bimport\(", joined, re.MULTILINE)
    assert joined.count("export default") == 1
    for part in ["ui.js", f"{name}.js"]:  # a file stands in it once
        assert joined.count(text(HERE / part).splitlines()[0]) == 1


def declared(code: str) -> list[str]:
    """The names of a script's own scope, those too that are taken out of a list or an object."""
    one = r"(?:export )?(?:default )?(?:async )?(?:function\*?|const|let|var|class) (\w+)"
    many = r"(?:export )?(?:const|let|var) [\[{]([^\]}]*)[\]}] ="
    names = []
    for found in re.finditer(rf"^(?:{one}|{many})", code, re.MULTILINE):
        parts = [found[1]] if found[1] else found[2].split(",")
        names += [re.split(r"\s*=", part)[0].split(":")[-1].strip(" .\n") for part in parts]
    return [name for name in names if name]


def test_names_are_found_however_they_are_declared():
    code = "export const a = 1;\nlet [b, c = 2] = d;\nconst { e: f, ...g } = h;\nasync function i() {}"
    assert declared(code) == ["a", "b", "c", "f", "g", "i"]


@pytest.mark.parametrize("path", sorted(HERE.glob("*.js")), ids=lambda path: path.name)
def test_joined_files_have_no_name_twice(path):
    """They share one scope, where a name that is declared twice keeps the whole widget from starting."""
    names = declared(script(path.name))
    assert [name for name in sorted(set(names)) if names.count(name) > 1] == []


@pytest.mark.parametrize("path", sorted(HERE.glob("*.js")), ids=lambda path: path.name)
def test_imports_have_the_form_that_joining_understands(path):
    """Names in braces, as they are called where they come from: `a as b` would leave no `b` behind."""
    for line in re.findall(r"^import\b.*?;", text(path), re.MULTILINE | re.DOTALL):
        assert re.fullmatch(r'import \{[\w\s,]*\} from "\./\w+\.js";', line), line
        assert " as " not in line


@pytest.mark.parametrize("path", sorted(HERE.glob("*.js")), ids=lambda path: path.name)
def test_what_is_imported_is_exported_and_used(path):
    code = text(path)
    for names, source in re.findall(r'^import \{([^}]*)\} from "\./(\w+\.js)";', code, re.MULTILINE):
        exported = set(
            re.findall(r"^export (?:const|class|function\*?) (\w+)", text(HERE / source), re.MULTILINE)
        )
        for name in filter(None, (each.strip() for each in names.split(","))):
            assert name in exported, f"{source} exports no {name}"


@pytest.mark.parametrize("name", NAMES)
def test_a_style_sheet_keeps_to_its_widget(name):
    # One block, named after the widget: nothing outside it, so that the order of the sheets does not matter.
    rules = re.sub(r"/\*.*?\*/", "", text(HERE / f"{name}.css"), flags=re.DOTALL).strip()
    root = re.match(r"(\.lmc-\w+) \{\n", rules).group(1)
    kind = re.search(r'section\(\s*"(\w+)"', text(HERE / f"{name}.js")).group(1)
    assert root == f".lmc-{kind}"
    assert re.findall(r"^\S.*", rules, re.MULTILINE) == [f"{root} {{", "}"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_is_asked_of_anybody(path):
    words = ["http:", "https:", "import(", "@import", "url("]
    words += (
        ["fetch("] if path.name != "real_model_worker.js" else []
    )  # the file that the page names, at a click
    assert not any(word in text(path) for word in words)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_line_is_longer_than_a_page_is_wide(path):
    # The formatter leaves long strings and comments as they are.
    assert [line for line in text(path).splitlines() if len(line) > 120] == []


def test_no_widget_carries_the_style_of_all():
    for each in CLASSES:
        assert str(each._css).startswith("/* ")
        assert ".lmc-slider-head" not in str(each._css)


def test_packed_numbers():
    # 128 = 1 · 128 + 0, 16384 = 1 · 128² + 0 · 128 + 0
    assert list(pack_numbers([0, 127, 128, 16384])) == [0, 127, 128, 1, 128, 128, 1]
    assert pack_numbers([]) == b""


def plain(widget):
    """What a place without a widget manager shows."""
    bundle = widget._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in bundle  # elsewhere it is the widget
    return bundle["text/plain"]


def test_where_no_widget_can_be_shown_it_is_a_sentence_and_a_table():
    # cheese 0.8, mouse 0.2 after these words; at T = 0.5 their squares count: 0.64 and 0.04 of 0.68.
    explorer = widgets.TemperatureExplorer(five_words(), "the mouse ate", temperature=0.5, shown=2)
    sentence, _, *rows = plain(explorer).splitlines()
    assert sentence == (
        "Bars of a next-token distribution before and after decoding settings, with draws from it. "
        "(TemperatureExplorer: to be used in Jupyter, Colab or the book.)"
    )
    assert [row.split()[1:] for row in rows] == [["model", "settings"], ["0.8", "0.9412"], ["0.2", "0.05882"]]
    entropy = plain(widgets.EntropyExplorer([0.5, 0.25, 0.25]))
    assert entropy.splitlines()[2:] == [
        "  outcome  p     q",
        "  A        0.5   0.3333",
        "  B        0.25  0.3333",
        "  C        0.25  0.3333",
    ]


def test_a_widget_without_a_table_of_its_own_shows_its_settings():
    said = plain(widgets.CodingInterval(five_words(), "the mouse ate"))
    assert said.startswith("How a text becomes a number: the interval [0, 1), divided among")
    assert re.search(r"^  setting +value$", said, re.MULTILINE)
    assert re.search(r"^  mode +\w+$", said, re.MULTILINE)
    assert "lmcourse.widgets" not in said


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.__name__)
def test_every_widget_has_a_sentence_and_settings_to_show(each):
    assert issubclass(each, Widget)
    assert each._repr_mimebundle_ is Widget._repr_mimebundle_
    assert each.__doc__.split("\n\n")[0].rstrip().endswith(".")
    assert each.own_traits()
    assert not each.own_traits() & {"layout", "comm", "model_at"}
