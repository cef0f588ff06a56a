"""The page's decoder on a large vocabulary, where it sorts as little as it can."""

import numpy as np
import pytest

from lmcourse.decoding import Decoding

DECODE = """
import { decodeRow, largest } from "./decode.js";

export function run({ row, settings, counts }) {
  return {
    rows: settings.map((each) => Array.from(decodeRow(row, each, [0, 3, 5]), Math.exp)),
    largest: counts.map((count) => largest(row, count)),
  };
}
"""
NAMES = {"temperature": "temperature", "topK": "top_k", "topP": "top_p", "minP": "min_p"}
SETTINGS = [
    {"topK": 3},
    {"topK": 500, "temperature": 0.5},
    {"topK": 501, "penalty": 1.3},
    {"topP": 0.3},
    {"topP": 0.9},  # more than 500 tokens, and more than 5,000 of a flat row
    {"topP": 0.999, "temperature": 2},
    {"topP": 0.5, "topK": 800, "minP": 0.01},
    {"temperature": 0},
]


@pytest.mark.parametrize("sharpness", [0.3, 2, 8])
def test_it_is_chapter_ones(deno, sharpness):
    rng = np.random.default_rng(0)
    weights = sharpness * np.round(rng.standard_normal(12_000), 1)  # rounded, so that there are equals
    row = weights - np.log(np.exp(weights).sum())
    counts = [1, 10, 500, 501, 5_000, 12_000, 20_000]
    found = deno(DECODE, row=row.tolist(), settings=SETTINGS, counts=counts)
    for setting, probs in zip(SETTINGS, found["rows"]):
        decoding = Decoding(
            repetition_penalty=setting.get("penalty", 1.0),
            **{NAMES[name]: value for name, value in setting.items() if name in NAMES},
        )
        np.testing.assert_allclose(
            probs, np.exp(decoding.apply(row, [0, 3, 5])), atol=1e-12, err_msg=str(setting)
        )
    ranks = np.argsort(-row, kind="stable")
    for count, ids in zip(counts, found["largest"]):
        assert ids == ranks[:count].tolist()
