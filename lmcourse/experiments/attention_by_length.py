"""How much does a translator lose without attention, by the length of the text?

Numbers in words of up to 12 digits are to be written in digits, by three encoder-decoders that differ only in
what the decoder is told of the text. Two controls give the one without attention more: twice the steps, or
states of twice the size.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lmcourse.experiments import run
from lmcourse.neural.initial import draw_weights
from lmcourse.neural.number_words import DIGITS, END, PAD, START, WORDS, as_batch, draw_numbers, right
from lmcourse.neural.seq2seq import SUMMARIES, Seq2Seq, seq2seq_loss
from lmcourse.neural.training import History, Recipe, train

AGAIN = {"summary": "attention", "seed": 0, "digits": 3, "d_hidden": 8, "steps": 3}  # quick: every test's
USUAL = {"digits": 12, "d_hidden": 64, "steps": 1_500}
SETTINGS = [AGAIN] + [
    {"summary": summary, "seed": seed, **USUAL, **other}
    for summary, other in [
        *((summary, {}) for summary in SUMMARIES),
        ("last", {"steps": 3_000}),
        ("last", {"d_hidden": 128}),
    ]
    for seed in range(3)
]


def test_numbers(digits: int) -> list[int]:
    """1,000 numbers of 3 to so many digits to judge on; no training batch has one of them."""
    return draw_numbers(np.random.default_rng(digits), 1_000, range(3, digits + 1))


def train_translator(setting: Mapping, progress: bool = False) -> tuple[Seq2Seq, History]:
    """On fresh batches of 64 numbers of 1 to so many digits, all lengths alike."""
    seed, kept_out = setting["seed"], frozenset(test_numbers(setting["digits"]))
    module = Seq2Seq(len(WORDS), len(DIGITS), 32, setting["d_hidden"], setting["summary"])
    draw_weights(module, np.random.default_rng(seed))

    def loss(step: int) -> torch.Tensor:
        rng = np.random.default_rng([seed, step])
        words, lengths, answers = as_batch(
            draw_numbers(rng, 64, range(1, setting["digits"] + 1), kept_out), rng
        )
        return seq2seq_loss(module(words, lengths, answers[:, :-1])[0], answers[:, 1:], PAD)

    recipe = Recipe(setting["steps"], learning_rate=1e-2, warmup=20)
    return module, train(module, loss, recipe, progress=progress)


def judge(module: Seq2Seq, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each test number whether all its digits are right, and how many words it has."""
    words, lengths, answers = as_batch(test_numbers(digits), np.random.default_rng(0))
    return right(module.translate(words, lengths, START, END, digits + 1), answers), lengths.numpy()


def measure(setting: Mapping, _rng: np.random.Generator) -> dict:
    """Train, and judge number by number; the numbers are the same for all settings."""
    module, history = train_translator(setting)
    found, words = judge(module, setting["digits"])
    return {
        "loss": round(float(np.mean(history.losses[-20:])), 3),
        "right": "".join(map(str, found.astype(int))),
        "words": words.tolist(),
    }


if __name__ == "__main__":
    run("attention_by_length", SETTINGS, measure)
