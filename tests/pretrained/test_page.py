"""The heat of a text."""

import re

import numpy as np

from lmcourse.model import UniformModel
from lmcourse.pretrained import page
from lmcourse.pretrained.tokenizer import PretrainedTokenizer


def test_heat_is_the_text_with_its_surprise():
    vocab = PretrainedTokenizer(["<|x|>"], [bytes([b]) for b in b"a<b>\n\xe4\xba\xac"], [])
    found = page.heat(UniformModel(vocab), "a<b>\n京")
    np.testing.assert_allclose(found.bits, np.log2(9))
    assert found.pieces == ["a", "<", "b", ">", "\n", "«e4»", "«ba»", "«ac»"]
    html = found._repr_html_()
    assert re.sub(r"<[^>]+>", "", html).startswith("a&lt;b&gt;⏎«e4»«ba»«ac»bits:")
    assert html.count("title='3.2 bits'") == 8  # log2 9 = 3.17


def test_heat_has_a_range():
    html = page.Heat(["a", "b", "c"], [0.0, 99.0, np.nan])._repr_html_()
    assert re.findall(r"rgba\(213,94,0,(\d\.\d\d)\)", html)[:2] == ["0.00", "0.85"]
    assert "<span>c</span>" in html
