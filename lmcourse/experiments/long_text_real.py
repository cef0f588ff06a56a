"""Needles in a haystack for the real model: secret words in an invented README, asked for at its end.

The README is put together by rule from a dozen patterns of sentences, so that it can be of any length and
stands on no web page. At five depths a sentence like *The secret word of the garden is maple.* is hidden.
The text is read once, in parts of `PART` tokens that go on from the keys and values of those before; then
one question after another is put to these, each forgotten before the next. An answer is that of the `WORDS`
whose first token has the most probability; noted is at which depth it stands. The surprise at the README's
own tokens is noted on the way, by place. *interpolated* and *ntk* have other places and another base, as if
for `BEYOND` tokens, whatever the length.

*windows*: a shorter text in one pass, of which each token sees all, or the last `WINDOW`, or as many of
which four are the first of the text; and read anew for every `STEP` tokens, from the `WINDOW` - `STEP` tokens
before them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.inference.finding import WAYS, Way
from lmcourse.inference.long_text import sliding_window
from lmcourse.transformer.cache import Cache
from lmcourse.transformer.network import Transformer

START = "<|endoftext|>"
OWNERS = ("garden", "kitchen", "library", "harbour", "station")
WORDS = tuple(
    "maple river copper tiger violin cotton stone lamp pepper silver castle rabbit ocean candle mirror "
    "button lemon forest needle window".split()
)
DEPTHS = (0.1, 0.3, 0.5, 0.7, 0.9)
PART = 512
WINDOW, SINKS, WINDOWS, STEP = 128, 4, 768, 16
MODULES = (
    "pump valve tank sensor lamp motor belt oven clock router camera printer heater fan mixer scale".split()
)
DOES = "reads checks counts cleans sorts measures compares copies".split()
THINGS = (
    "the water level|old messages|all open orders|the temperature|broken parts|the night shift's notes".split(
        "|"
    )
)
PATTERNS = (
    "## {Module} {n}\n\nThe {module} {does} {thing} every {n} minutes.",
    "It writes what it finds to `{module}-{m}.log`.",
    "If the {other} is busy, it waits for {m} seconds and tries again.",
    "Its settings stand in `{module}.toml`; the one that is changed most often is `{does}_{m}`.",
    "Before version {n}.{m} it also {does} {thing}, which was slow.",
    "To start it by hand, type `run {module} --every {m}`.",
    "A broken {module} is replaced within {n} days, unless the {other} has been ordered first.",
    "Nobody has yet asked for more than {m} of them in one building.",
    "Tests for it are in `tests/{module}_{n}.txt`, and take {m} seconds.",
    "We thank the people of the {other} team, who found {m} mistakes in this part.",
)
LENGTHS = {512: 12, 2048: 3, 8192: 1}  # tokens of a README -> how many of them
FEW = 5  # texts
SEVERAL = 6  # texts of those that are read in several ways
BEYOND = 12_288
_KEYS = ("way", "length", "seed")
AGAIN = dict(zip(_KEYS, ("text", 512, 0)))  # a quick one without the model, measured anew by every test
SETTINGS = [
    AGAIN,
    *(dict(zip(_KEYS, ("windows", WINDOWS, seed))) for seed in range(SEVERAL)),
    *(dict(zip(_KEYS, ("whole", length, seed))) for length, n in LENGTHS.items() for seed in range(n)),
    *(dict(zip(_KEYS, (way, 512, seed))) for way in ("interpolated", "ntk") for seed in range(SEVERAL)),
    *(dict(zip(_KEYS, (way, BEYOND, seed))) for seed in range(2) for way in ("ntk", "whole", "interpolated")),
]


def readme(sentences: int, rng: np.random.Generator) -> list[str]:
    """So many sentences of an invented README."""
    found = []
    module = ""
    for i in range(sentences):
        pattern = PATTERNS[0] if i % 8 == 0 else PATTERNS[rng.integers(1, len(PATTERNS))]
        module = str(rng.choice(MODULES)) if i % 8 == 0 else module
        named = {
            "module": module,
            "Module": module.capitalize(),
            "does": rng.choice(DOES),
            "thing": rng.choice(THINGS),
            "other": rng.choice(MODULES),
            "n": rng.integers(2, 60),
            "m": rng.integers(2, 900),
        }
        found.append(("\n\n" if i % 8 == 0 and i else " " if i else "") + pattern.format(**named))
    return found


def hidden_words(rng: np.random.Generator) -> dict[str, str]:
    """A secret word for each of the owners."""
    return dict(zip(OWNERS, rng.permutation(WORDS).tolist()))


def haystack(length: int, seed: int, count) -> tuple[str, dict[str, str]]:
    """A README of at most so many tokens, by a function that counts a text's, with all secret words in it."""
    rng = np.random.default_rng([length, seed])
    secrets = hidden_words(rng)
    parts = readme(length // 15, rng)
    sizes = np.cumsum([count(part) for part in parts])
    needles = [f" The secret word of the {owner} is {word}." for owner, word in secrets.items()]
    room = length - sum(map(count, needles)) - 2
    parts = parts[: int(np.searchsorted(sizes, room))]
    order = rng.permutation(len(needles))  # so that no owner is always the first
    for depth, i in sorted(zip(DEPTHS, order), reverse=True):
        parts.insert(round(depth * len(parts)), needles[i])
    return "".join(parts), {OWNERS[i]: secrets[OWNERS[i]] for i in order}


def places(begin: int, end: int, way: Way, factor: float) -> torch.Tensor:
    """Where tokens stand, (1, T)."""
    found = way.positions(end, factor)
    return (torch.arange(end) if found is None else found)[None, begin:]


def read(network: Transformer, ids: list[int], way: Way, factor: float) -> tuple[Cache, list[float]]:
    """Keys and values of a text read part by part, and the mean surprise in each part, in bits."""
    cache, bits = Cache(network.config.n_layers), []
    for begin in range(0, len(ids), PART):
        part = torch.tensor([ids[begin : begin + PART]])
        hidden = network.hidden(
            part, positions=places(begin, begin + part.shape[1], way, factor), cache=cache
        )
        wanted = torch.tensor(ids[begin + 1 : begin + part.shape[1] + 1])
        said = network.logits(hidden[0, : len(wanted)])
        bits.append(round(float(cross_entropy(said, wanted)) / np.log(2), 3))
    return cache, bits


def ask(network, cache: Cache, n: int, query: list[int], way: Way, factor: float) -> torch.Tensor:
    """Log-probabilities of what follows a question behind a text that was read, (V,)."""
    at = places(n, n + len(query), way, factor)
    hidden = network.hidden(torch.tensor([query]), positions=at, cache=cache)
    cache.crop(n)
    return network.logits(hidden[0, -1]).log_softmax(-1)


def needles(length: int, seed: int, way: str) -> dict:
    """Answers by depth, and the surprise by place."""
    from lmcourse.pretrained.model import load

    model = load(START)
    vocab, context = model.vocab, model.module.config.context_length
    how, factor = WAYS[way], BEYOND / context
    network = how.with_base(model.module, factor)
    text, secrets = haystack(length, seed, lambda part: len(vocab.encode(part)))
    ids = [*model.before, *vocab.encode(text)]
    options = torch.tensor([vocab.encode(f" {word}")[0] for word in WORDS])
    found = []
    with torch.no_grad():
        cache, bits = read(network, ids, how, factor)
        for owner in secrets:
            query = vocab.encode(f"\n\nThe secret word of the {owner} is")
            found.append(ask(network, cache, len(ids), query, how, factor))
    said = [WORDS[int(logs[options].argmax())] for logs in found]
    hidden = list(secrets.values())
    chance = [float(logs[options[WORDS.index(word)]].exp()) for logs, word in zip(found, hidden)]
    row = {
        "tokens": len(ids),
        "right": [int(one == word) for one, word in zip(said, hidden)],
        "probability": [round(p, 3) for p in chance],
        "bits": bits,
    }
    if length in LENGTHS and LENGTHS[length] > FEW:  # enough of them for a table of what is said instead
        row["said"] = [hidden.index(one) if one in hidden else -1 for one in said]  # -1: none of the hidden
    return row


def anew(network: Transformer, ids: torch.Tensor) -> torch.Tensor:
    """Surprise at whole steps of tokens from the place `WINDOW` on, each step behind a text of its own."""
    begins = range(STEP, ids.shape[1] - WINDOW + 1, STEP)
    found = []
    for begin in begins:
        part = ids[:, begin : begin + WINDOW]
        said = network.logits(network.hidden(part)[0, -STEP - 1 : -1])
        found.append(cross_entropy(said, part[0, -STEP:], reduction="none"))
    return torch.cat(found)


def windows(length: int, seed: int) -> dict:
    """Mean surprise at tokens behind the first `WINDOW`, in bits, with three masks and read anew."""
    from lmcourse.pretrained.model import load

    model = load(START)
    text, _ = haystack(length, seed, lambda part: len(model.vocab.encode(part)))
    ids = torch.tensor([[*model.before, *model.vocab.encode(text)]])
    n = ids.shape[1]
    masks = {
        "whole": None,
        "window": sliding_window(n, WINDOW),
        "window and sinks": sliding_window(n, WINDOW - SINKS, SINKS),
    }
    with torch.no_grad():
        each = {"read anew": anew(model.module, ids)}
        m = len(each["read anew"])
        for name, mask in masks.items():
            said = model.module.logits(model.module.hidden(ids, mask)[0, WINDOW - 1 : WINDOW - 1 + m])
            each[name] = cross_entropy(said, ids[0, WINDOW : WINDOW + m], reduction="none")
    return {
        "tokens": n,
        "bits": {name: round(float(part.mean()) / np.log(2), 3) for name, part in each.items()},
    }


def measure(setting: Mapping, _: np.random.Generator) -> dict:
    """See the parts of the module."""
    way, length, seed = (setting[key] for key in _KEYS)
    if way == "text":
        text, secrets = haystack(length, seed, lambda part: len(part.split()))
        return {"words": len(text.split()), "secrets": secrets, "end": text[-60:]}
    return windows(length, seed) if way == "windows" else needles(length, seed, way)


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("long_text_real", SETTINGS, measure)
