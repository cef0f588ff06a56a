"""The calculator's two sides, Python's and the page's, on many networks; and what is known of a few."""

import json

import numpy as np
import pytest
import torch
import traitlets
import transformers

from lmcourse.inference.memory import BYTES
from lmcourse.widgets import InferenceCalculator
from lmcourse.widgets.calculator import BLOCKS, MOST, PRESETS, RATES

NAMES = ["blocks", "tied", "weights", "cache", *MOST, *RATES]

BOTH = """
import { measures, problem } from "./memory.js";

export function run({ labs, kinds, most }) {
  return labs.map((lab) => ({ wrong: problem(lab, most), found: measures(lab, kinds) }));
}
"""
TEXTS = """
import { duration, scaled } from "./memory.js";

export function run({ sizes, times }) {
  return [sizes.map((x) => scaled(x, "B")), times.map(duration)];
}
"""


def settings(widget):
    return {name: getattr(widget, name) for name in NAMES}


def drawn(rng):
    """Any network, of which every second or so goes together."""
    heads, kv_heads = int(rng.integers(1, 65)), int(rng.choice([1, 2, 4, 8]))
    return {
        "blocks": str(rng.choice([*BLOCKS])),
        "tied": bool(rng.integers(2)),
        "weights": str(rng.choice([*BYTES])),
        "cache": str(rng.choice([*BYTES])),
        "n_heads": heads * kv_heads if rng.integers(4) else heads,
        "n_kv_heads": kv_heads,
        "d_model": heads * kv_heads * int(rng.integers(1, 129)) + int(rng.integers(8) == 0),
        **{
            name: int(np.exp(rng.uniform(0, np.log(MOST[name]))))
            for name in ("n_layers", "d_ff", "vocab_size", "context_length", "n_seen", "n_texts")
        },
        "bandwidth": float(np.exp(rng.uniform(np.log(1e9), np.log(1e13)))),
        "flops_per_second": float(np.exp(rng.uniform(np.log(1e9), np.log(1e16)))),
    }


def test_the_page_computes_what_python_computes_and_refuses_what_python_refuses(deno):
    rng = np.random.default_rng(0)
    labs = [drawn(rng) for _ in range(400)]
    labs += [settings(InferenceCalculator(name)) for name in PRESETS]
    refused, endless = 0, 0
    for lab, page in zip(labs, deno(BOTH, labs=labs, kinds=BYTES, most=MOST)):
        try:
            expected = InferenceCalculator(**lab).measures
        except ValueError:
            assert page["wrong"], lab
            refused += 1
            continue
        assert page["wrong"] is None, lab
        assert page["found"].keys() == expected.keys()
        for name, value in expected.items():
            assert page["found"][name] == (value and pytest.approx(value, rel=1e-12)), (name, lab)
        endless += expected["turn"] is None
    assert 50 < refused < 350
    assert 20 < endless < 350


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("SmolLM2-135M", {"tie_word_embeddings": True}),
        ("Llama 2 7B", {}),
        ("Llama 2 70B", {}),
        ("Llama 3 8B", {}),
        ("GPT-2 small", None),  # as Hugging Face's class is without being told anything
    ],
)
def test_presets_have_the_parameters_of_hugging_faces_classes(name, config):
    sizes = PRESETS[name]
    with torch.device("meta"):
        if config is None:
            network = transformers.GPT2LMHeadModel(transformers.GPT2Config())
        else:
            network = transformers.LlamaForCausalLM(
                transformers.LlamaConfig(
                    vocab_size=sizes["vocab_size"],
                    hidden_size=sizes["d_model"],
                    intermediate_size=sizes["d_ff"],
                    num_hidden_layers=sizes["n_layers"],
                    num_attention_heads=sizes["n_heads"],
                    num_key_value_heads=sizes["n_kv_heads"],
                    **config,
                )
            )
    counted = sum(p.numel() for p in network.parameters())
    assert InferenceCalculator(name).measures["parameters"] == counted


def test_by_hand():
    # Two layers of 4 · (4 + 2 · 2) + 4 · 4 and 3 · 4 · 3 weights and two norms of 4; a norm; ten words of 4.
    widget = InferenceCalculator(
        n_layers=2, d_model=4, n_heads=2, n_kv_heads=1, d_ff=3, vocab_size=10, tied=False,
        weights="f16", cache="f32", n_seen=3, n_texts=5, bandwidth=1e6, flops_per_second=1e7,
    )  # fmt: skip
    found = widget.measures
    read = 2 * (32 + 16 + 36 + 8) + 4 + 40
    assert (found["parameters"], found["weight_bytes"]) == (read + 40, 2 * (read + 40))
    # a key and a value of 2 numbers of 4 bytes in either layer
    assert (found["cache_token"], found["cache_text"]) == (32, 96)
    assert found["memory"] == 2 * (read + 40) + 5 * 96
    # in either layer 2 · 4 operations to compare with each of 3, and as many for the mean
    assert (found["flops_weights"], found["flops_attention"]) == (2 * read, 2 * 16 * 3)
    assert found["one_fetching"] == pytest.approx((2 * read + 96) / 1e6)
    assert found["many_multiplying"] == pytest.approx(5 * (2 * read + 96) / 1e7)
    assert found["many_speed"] == pytest.approx(5e6 / (2 * read + 5 * 96))  # fetching is slower
    assert found["reading_multiplying"] == pytest.approx((3 * 2 * read + 2 * 16 * (1 + 2 + 3)) / 1e7)
    assert found["ridge"] == 10


def test_where_it_turns_both_are_equally_slow():
    widget = InferenceCalculator("Llama 3 8B", n_seen=100, bandwidth=2e12, flops_per_second=3e14)
    turn = widget.measures["turn"]
    for n_texts, slower in ((int(turn), "fetching"), (int(turn) + 1, "multiplying")):
        widget.n_texts = n_texts
        found = widget.measures
        both = found["many_fetching"], found["many_multiplying"]
        assert both == pytest.approx((max(both), max(both)), rel=0.02)
        assert found[f"many_{slower}"] == max(both)
    widget.n_seen = 1_000_000  # its keys and values alone take longer
    assert widget.measures["turn"] is None


def test_numbers_as_text(deno):
    sizes, times = deno(
        TEXTS, sizes=[1, 999, 1000, 22_118, 1.5e9, 999.96e6, 2.5e21], times=[2e-7, 0.0271, 3, 720]
    )
    assert sizes == ["1 B", "999 B", "1 kB", "22.1 kB", "1.5 GB", "1,000 MB", "2,500 EB"]
    assert times == ["0.2 µs", "27.1 ms", "3 s", "12 min"]


def test_state_is_json_and_the_page_can_set_it():
    widget = InferenceCalculator()
    assert json.loads(json.dumps(widget.get_state(), allow_nan=False))["n_layers"] == 30
    widget.set_state({**PRESETS["GPT-2 small"], "n_texts": 3})  # each alone would not go with the rest
    assert (widget.measures["parameters"], widget.n_texts) == (124_439_808, 3)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("n_layers", 0, ValueError),
        ("d_model", 577, ValueError),  # not for 9 heads
        ("n_heads", 8, ValueError),  # not for 3 of keys and values
        ("n_kv_heads", 2, ValueError),
        ("d_model", 9 * 65, ValueError),  # RoPE wants pairs
        ("vocab_size", 10**8, ValueError),
        ("n_seen", 0, ValueError),
        ("bandwidth", 0.0, ValueError),
        ("flops_per_second", float("nan"), ValueError),
        ("weights", "q5", traitlets.TraitError),
        ("blocks", "bert", traitlets.TraitError),
    ],
)
def test_a_bad_setting_is_named_and_leaves_the_widget_as_it_was(name, value, error):
    with pytest.raises(error, match=name):
        InferenceCalculator(**{name: value})
    widget = InferenceCalculator()
    before = getattr(widget, name)
    with pytest.raises(error, match=name):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_an_unknown_model_is_named():
    with pytest.raises(ValueError, match="model='GPT-5' must be one of 'SmolLM2-135M', 'GPT-2 small'"):
        InferenceCalculator("GPT-5")
