"""Formulas set at build time: they say what they should, and their fonts have what they need."""

import runpy
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1]
FORMULAS = runpy.run_path(str(ROOT / "book/_ext/formulas.py"))


def test_what_sphinx_marks_is_set_and_the_rest_is_left():
    found = FORMULAS["set_all"](r'<span class="math">\(p &lt; 1\)</span> and \$5')
    assert found.startswith('<span class="math"><mjx-container')
    assert "<mi>p</mi><mo>&lt;</mo><mn>1</mn>" in found
    assert found.endswith(r"</mjx-container></span> and \$5")


def test_a_formula_on_lines_of_its_own_is_set_as_one():
    for marked in (r"\[\sum_i x_i\]", "\\begin{align}\n\\sum_i x_i\n\\end{align}"):
        found = FORMULAS["set_all"](marked)
        assert found.count("<mjx-container") == 1
        assert 'display="true"' in found
        assert "munder" in found  # the limit stands under the sign, not beside it


@pytest.mark.parametrize(
    ("tex", "said"), [(r"\unheard", "Undefined control sequence"), (r"\frac{1", "Missing close brace")]
)
def test_a_wrong_formula_is_said(tex, said):
    with pytest.raises(ValueError, match=said):
        FORMULAS["set_formula"](tex, display=False)


def test_a_font_keeps_what_is_used(tmp_path):
    FORMULAS["set_formula"](r"x \in \mathbb{R}", display=False)
    css = FORMULAS["ask"](fonts="formulas")["css"]
    codes = FORMULAS["characters"](css)
    assert {ord("x"), 0x2208, ord("R")} <= codes
    assert ord("z") not in codes
    font = FORMULAS["mathjax"]() / FORMULAS["FONTS"] / "MathJax_Main-Regular.woff"
    FORMULAS["write_font"](font, tmp_path / "part.woff", codes)
    kept = set(TTFont(tmp_path / "part.woff").getBestCmap())
    assert 0x2208 in kept
    assert ord("z") not in kept
    assert (tmp_path / "part.woff").stat().st_size < font.stat().st_size / 3


def test_a_font_without_characters_in_use_is_left_as_it_is(tmp_path):
    font = FORMULAS["mathjax"]() / FORMULAS["FONTS"] / "MathJax_Zero.woff"
    FORMULAS["write_font"](font, tmp_path / "zero.woff", {ord("x")})
    assert (tmp_path / "zero.woff").read_bytes() == font.read_bytes()


def test_the_font_for_nothing_but_height_is_in_the_style_sheet():
    css = FORMULAS["with_zero"](FORMULAS["ask"](fonts="formulas")["css"])
    assert "Zero.woff" not in css
    assert css.count("data:font/woff;base64,d09G") == 1  # WOFF files begin with wOFF


def test_the_usual_fonts_that_a_page_needs_are_fetched_early():
    body = FORMULAS["set_formula"]("a", display=False)
    asked = FORMULAS["preloads"](body, lambda name, _: f"../{name}")
    assert asked.count("../_static/formulas/MathJax_Math-Italic.woff") == 1
    assert "Size" not in asked
    large = FORMULAS["set_formula"](r"\sum_i 2", display=True)
    asked = FORMULAS["preloads"](large, lambda name, _: name)
    assert all(font in asked for font in ("Main-Regular", "Math-Italic", "Size2-Regular"))
    files = {font.name for font in (FORMULAS["mathjax"]() / FORMULAS["FONTS"]).glob("*.woff")}
    assert {f"MathJax_{font}.woff" for font in FORMULAS["USUAL"].values()} <= files
