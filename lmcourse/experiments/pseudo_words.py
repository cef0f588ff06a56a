"""What do the layers of a small ELMo know of a word's sense?

Two words of Shakespeare are merged into one that the networks read, so that the sense is known for every
occurrence (the trick of Gale, Church and Yarowsky 1992). A language model from each side is trained on the
39 works; probes are fitted on some labelled occurrences there and asked about those of the 3 plays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch

from lmcourse.experiments import run
from lmcourse.neural.batches import windows
from lmcourse.neural.bidirectional import BidirectionalLM
from lmcourse.neural.initial import draw_weights
from lmcourse.neural.probe import probe
from lmcourse.neural.training import Recipe, train
from lmcourse.text import shakespeare_split
from lmcourse.vocabulary import Vocabulary

PAIRS = (("king", "heart"), ("father", "death"), ("eyes", "sword"), ("night", "lady"), ("hand", "world"))
LABELLED = (10, 50, 250)  # occurrences of each of the two words
MARGIN, ROW = 16, 96  # tokens that are only read on either side, and tokens in a row
AGAIN = {"seed": 0, "d_model": 8, "vocab_size": 500, "steps": 3}  # a quick one, measured anew by every test
SETTINGS = [AGAIN] + [{"seed": seed, "d_model": 96, "vocab_size": 4_000, "steps": 1_500} for seed in range(2)]


def words(text: str) -> list[str]:
    """Words in small letters, and marks."""
    return re.findall(r"[a-z]+(?:'[a-z]+)*|[.,;:!?]", text.lower())


@lru_cache(maxsize=2)
def corpus(vocab_size: int) -> tuple[Vocabulary, list[np.ndarray], list[np.ndarray]]:
    """The vocabulary with merged words, and of both texts the ids as read and the words as written."""
    texts = [words(part) for part in shakespeare_split()]
    merged = {word: "/".join(pair) for pair in PAIRS for word in pair}
    read = [[merged.get(word, word) for word in text] for text in texts]
    common = [word for word, _ in Counter(read[0]).most_common(vocab_size - 1)]
    vocab = Vocabulary(["<unk>", *common], unknown="<unk>")
    return vocab, [np.array(vocab.encode(text)) for text in read], [np.array(text) for text in texts]


def train_bilm(setting: Mapping, progress: bool = False) -> BidirectionalLM:
    """Both language models, on windows of 32 tokens from the 39 works."""
    vocab, (ids, _), _ = corpus(setting["vocab_size"])
    module = BidirectionalLM(len(vocab), setting["d_model"])
    draw_weights(module, np.random.default_rng(setting["seed"]))
    batch = windows(ids, 32, 32, setting["seed"])

    def loss(step: int) -> torch.Tensor:
        inputs, targets = batch(step)
        return sum(module.losses(torch.cat([inputs, targets[:, -1:]], dim=1))) / 2

    train(module, loss, Recipe(setting["steps"], learning_rate=1e-2, warmup=50), progress=progress)
    return module


def rows_around(ids: np.ndarray, places: np.ndarray) -> torch.Tensor:
    """The tokens around places of a text, (N, 2 MARGIN + 1); the text is taken to be a circle."""
    return torch.from_numpy(ids[(places[:, None] + np.arange(-MARGIN, MARGIN + 1)) % len(ids)])


@torch.no_grad()
def vectors_of(module: BidirectionalLM, rows: torch.Tensor) -> dict[str, torch.Tensor]:
    """What is said of the token in the middle of each row: name -> vectors (N, D), or layers (L, N, D)."""
    ahead, back = module.directions(rows)
    around = ahead[0]
    near = [around[:, MARGIN - 3 : MARGIN].mean(1), around[:, MARGIN + 1 : MARGIN + 4].mean(1)]
    found = {
        "the word's own vector": around[:, MARGIN],
        "vectors of the two neighbours": torch.cat([around[:, MARGIN - 1], around[:, MARGIN + 1]], dim=1),
        "mean vectors of three each side": torch.cat(near, dim=1),
    }
    for layer in range(1, len(ahead)):
        left, right = ahead[layer][:, MARGIN], back[layer][:, MARGIN]
        found |= {f"layer {layer}, from the left": left, f"layer {layer}, from the right": right}
        found[f"layer {layer}, both"] = torch.cat([left, right], dim=1)
    found["mixture"] = torch.stack([torch.cat([a[:, MARGIN], b[:, MARGIN]], 1) for a, b in zip(ahead, back)])
    return found


def occurrences(text: np.ndarray, pair: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Places of either word of a pair in a text, and which of the two it is, 0 or 1."""
    places = np.flatnonzero(np.isin(text, pair))
    return places, (text[places] == pair[1]).astype(int)


def probes(module: BidirectionalLM, setting: Mapping, labelled: int, rng: np.random.Generator) -> dict:
    """For each pair and kind of vector, which occurrences of the test are judged rightly; mixtures' shares.

    As many occurrences of either word as `labelled` says are drawn to fit on, and as many of either as the
    scarcer one has to be judged, so that guessing is right half the time.
    """
    _, ids, texts = corpus(setting["vocab_size"])
    right, shares = {}, {}
    for pair in PAIRS:
        drawn = []
        for text in texts:
            places, labels = occurrences(text, pair)
            by_word = [rng.permutation(places[labels == k]) for k in (0, 1)]
            size = labelled if text is texts[0] else min(map(len, by_word))
            drawn.append((np.concatenate([x[:size] for x in by_word]), np.repeat([0, 1], size)))
        known, asked = (vectors_of(module, rows_around(i, places)) for i, (places, _) in zip(ids, drawn))
        for name in known:
            said = probe(known[name], drawn[0][1], asked[name])
            right.setdefault(name, {})["/".join(pair)] = "".join(
                map(str, said.right(drawn[1][1]).astype(int))
            )
            if name == "mixture":
                shares["/".join(pair)] = np.round(said.shares, 3).tolist()
    return {"right": right, "shares": shares}


@torch.no_grad()
def held_out_losses(module: BidirectionalLM, setting: Mapping) -> list[float]:
    """Nats per token of the 3 plays, from the left and from the right, in rows read from nothing."""
    _, (_, ids), _ = corpus(setting["vocab_size"])
    rows = torch.from_numpy(ids[: len(ids) // ROW * ROW].reshape(-1, ROW))
    losses = [[float(x) for x in module.losses(part)] for part in rows.split(100)]
    sizes = [len(part) for part in rows.split(100)]
    return np.average(losses, axis=0, weights=sizes).round(3).tolist()


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Train, judge as language models, probe with each number of labels."""
    module = train_bilm(setting)
    by_labels = {str(n): probes(module, setting, n, rng) for n in LABELLED}
    return {"nats": held_out_losses(module, setting), "labelled": by_labels}


if __name__ == "__main__":
    run("pseudo_words", SETTINGS, measure)
