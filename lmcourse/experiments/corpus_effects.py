"""What copies, junk, mixtures, leaked tests and repeated reading do to a network, in a world known exactly.

A document is four sentences of the ranked facts. A crawl has 4,000 documents (144,000 tokens); a network
reads what is left of it once, by one recipe, and its loss beyond the entropy rate is measured on sentences
that no run has read. Runs of one seed begin with the same weights and share what text they can, so that they
can be compared in pairs.

"copies": a share of the crawl are copies of ten documents; read as it is, or deduplicated by document or by
sentence, or cut to as many sentences drawn at random. "junk": half of the crawl is junk; read as it is, or
after the half that a trigram model of trusted text finds more probable. "mixture": little text of the target,
read as often as it takes, mixed with much of another world, or alone. "leak": the sentences of a test stand
in the crawl. "repeats": few sentences, read many times; "hurried": the same in batches of 64, in which the
shortest text is over after 22 steps. A setting with `crawl` is a quick one, of so many documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch

from lmcourse.corpus.exact import deduplicate
from lmcourse.corpus.quality import keep_likely, mean_log_probs
from lmcourse.experiments import run
from lmcourse.experiments.scaling_law import held_out, world
from lmcourse.neural.training import Recipe, train
from lmcourse.ngram.model import NgramModel
from lmcourse.scaling.sweep import config, excesses, learning_rate, sentence_losses
from lmcourse.transformer.network import Transformer
from lmcourse.world.ranked_facts import LENGTH, RankedFacts

WIDTH = 24
BATCH, RATE = 8, 1.0  # sentences in a batch; factor of the law's learning rate, the best of three
HURRIED = (64, 2.0)  # the same, in large batches
SENTENCES = 4  # of a document
CRAWL = 4_000  # documents
COPIED = 10  # documents that are copied
JUNK = 0.5  # share of a crawl
JUDGED = 4_096  # held-out sentences
FAME = (1, 10, 100, 1_000)  # ranks at which the mice of a group begin
TRUSTED = 500  # documents for the trigram model, apart from the crawl
TARGET = 1_000  # sentences of the target, in a mixture
ASKED, KNOWN = 400, 100  # sentences of a test; ranks of the mice that it never asks about
SEEDS = 3
WITHIN = 0.01  # how near quick runs must come: what has hardly learned wavers between objects
RUNS = (4, 6)  # words in a row that a search for leaks looks for

_KEYS, _KEYS_AGAIN = ("kind", "what", "how", "seed"), ("kind", "unique", "epochs", "seed")
SHORT = {"kind": "again", "unique": 1_000, "epochs": 1, "seed": 0}
AGAIN = [  # quick ones, measured anew by every test: one of each kind, and of each way
    SHORT,
    *(
        {**dict(zip(_KEYS, (*each, 0))), "crawl": 100}
        for each in (
            ("copies", 0.5, "documents"),
            ("copies", 0.0, "random"),
            ("junk", "shuffled", "likely"),
            ("junk", "wrong", "raw"),
            ("mixture", 0.25, "related"),
            ("mixture", 0.5, "alone"),
            ("leak", 4, "verbatim"),
            ("leak", 1, "reordered"),
        )
    ),
    {"kind": "hurried", "unique": 200, "epochs": 2, "seed": 0, "crawl": 100},
]


def _settings() -> list[dict]:
    copies = [(0.0, "raw"), (0.0, "sentences"), (0.0, "random")]
    copies += [(share, how) for share in (0.5, 0.75) for how in ("raw", "documents")]
    junk = [(what, how) for what in ("shuffled", "wrong") for how in ("raw", "likely")]
    junk += [("none", "likely"), ("none", "random")]
    mixture = [(share, "related") for share in (0.1, 0.25, 0.5)] + [(0.25, "foreign")]
    mixture += [(share, "alone") for share in (0.1, 0.25, 0.5, 1.0)]
    leak = [(times, "verbatim") for times in (1, 4, 16, 64)] + [(times, "reordered") for times in (16, 64)]
    fresh = [(12_600 * 2**i // LENGTH, 1) for i in range(5)]
    again = [(12_600 * 2**i // LENGTH, 2**j) for i in range(3) for j in range(1, 5) if i + j <= 4]
    runs = [("copies", *each) for each in copies] + [("junk", *each) for each in junk]
    runs += [("mixture", *each) for each in mixture] + [("leak", *each) for each in leak]
    runs += [(kind, *each) for kind in ("repeats", "hurried") for each in fresh + again]
    return [  # one seed after another, so that half a run shows something of everything
        dict(zip(_KEYS_AGAIN if kind in ("repeats", "hurried") else _KEYS, (kind, *each, seed)))
        for seed in range(SEEDS)
        for kind, *each in runs
    ]


SETTINGS = [*AGAIN, *_settings()]


@lru_cache(maxsize=2)
def other(kind: str) -> RankedFacts:
    """Another world: "related" has the same mice and facts, less unevenly told; "foreign" has other facts."""
    return RankedFacts(exponent=1.0) if kind == "related" else RankedFacts(seed=1)


def network(sentences: np.ndarray, seed: int, batch: int = BATCH, rate: float = RATE) -> Transformer:
    """One that has read sentences (n, 9) in their order, and begun with the weights of its seed."""
    steps = round(len(sentences) / batch)
    rate *= learning_rate(WIDTH, sentences.size)
    how = Recipe(steps, rate, warmup=max(1, steps // 20), judge_every=steps)
    module = Transformer(config(world().vocab_size, WIDTH)).draw(np.random.default_rng([seed, 1]))

    def loss(step: int) -> torch.Tensor:
        read = np.take(sentences, range(step * batch, (step + 1) * batch), axis=0, mode="wrap")
        return sentence_losses(module, read, world().end).mean()

    train(module, loss, how, progress=False)
    return module


def documents(n: int, rng: np.random.Generator, of: RankedFacts | None = None) -> np.ndarray:
    """Token ids (n, 4, 9) of as many documents."""
    return (of or world()).draw(n * SENTENCES, rng).reshape(n, SENTENCES, LENGTH)


def crawl_with_copies(
    share: float, rng: np.random.Generator, n: int = CRAWL
) -> tuple[np.ndarray, np.ndarray]:
    """A crawl (n, 4, 9) of which a share are copies of ten documents (10, 4, 9); and those."""
    found, copied = documents(n, rng), documents(COPIED, rng)
    places = rng.permutation(n)[: round(share * n)]
    found[places] = copied[np.arange(len(places)) % COPIED]
    return found, copied


def crawl_with_junk(what: str, rng: np.random.Generator, n: int = CRAWL) -> tuple[np.ndarray, np.ndarray]:
    """A crawl (n, 4, 9) and which of its documents are junk (n,).

    "shuffled": the words of a document in a random order; "wrong": true in form, but each object drawn anew.
    """
    found, junk = documents(n, rng), rng.permutation(n) < JUNK * n
    if what == "shuffled":
        flat = found[junk].reshape(-1, SENTENCES * LENGTH)
        found[junk] = rng.permuted(flat, axis=1).reshape(-1, SENTENCES, LENGTH)
    elif what == "wrong":
        first = world().vocab_size - 1 - world().n_objects
        shape = (int(junk.sum()), SENTENCES, 3)
        found[junk, :, 3:-1:2] = first + rng.integers(world().n_objects, size=shape)
    else:
        junk[:] = False
    return found, junk


def likely(found: np.ndarray, seed: int) -> np.ndarray:
    """The places of the half of documents (n, 4, 9) that a trigram model of trusted text finds likelier."""
    trusted = documents(TRUSTED, np.random.default_rng([seed, 3]))
    texts = [list(each.ravel()) for each in trusted]
    model = NgramModel.fit(world().vocab, 3, [np.array(text) for text in texts])
    return keep_likely(mean_log_probs(model, list(found.reshape(len(found), -1))), 1 - JUNK)


def mixed(share: float, kind: str, rng: np.random.Generator, crawl: int = CRAWL) -> np.ndarray:
    """A crawl's 16,000 sentences, a share of them of the target's 1,000, each as often as the rest; shuffled.

    "alone": that share, and nothing else.
    """
    target = world().draw(TARGET, rng)
    n = crawl * SENTENCES
    own = target[np.arange(round(share * n)) % TARGET]
    rest = other(kind).draw(n - len(own), rng) if kind != "alone" else own[:0]
    return rng.permutation(np.concatenate([own, rest]))


def quiz(rng: np.random.Generator) -> np.ndarray:
    """400 sentences (400, 9) about as many mice that are hardly ever spoken of."""
    mice = rng.choice(world().ranked[KNOWN:], ASKED, replace=False)
    relations = np.argsort(rng.random((ASKED, world().n_relations)), axis=1)[:, :3]  # all different
    return world().sentences(mice, relations)


def reordered(sentences: np.ndarray) -> np.ndarray:
    """The same facts in another order: the second, the third, the first."""
    return sentences[:, [0, 1, 4, 5, 6, 7, 2, 3, 8]]


def flagged(test: np.ndarray, read: np.ndarray, n: int) -> np.ndarray:
    """Which sentences (m, 9) share a run of n words with one of those that were read; (m,)."""
    known = {row[i : i + n].tobytes() for row in read for i in range(LENGTH - n + 1)}
    return np.array([any(row[i : i + n].tobytes() in known for i in range(LENGTH - n + 1)) for row in test])


def score(module: Transformer, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of sentences (m, 9): the share of the three objects that come first, and their mean nats; (m,) each."""
    inputs = torch.from_numpy(np.roll(test, 1, axis=1))
    inputs[:, 0] = world().end
    with torch.inference_mode():
        logits = module(inputs)[:, 3:-1:2]
        losses = sentence_losses(module, test, world().end)[:, 3:-1:2]
    return (logits.argmax(-1).numpy() == test[:, 3:-1:2]).mean(1), losses.mean(1).double().numpy()


def leak(times: int, how: str, seed: int, crawl: int = CRAWL) -> dict:
    """Half of a test stands in the crawl so many times; how each half is done, and found by its words."""
    rng = np.random.default_rng([seed, 2])
    fresh, test = documents(crawl, rng).reshape(-1, LENGTH), quiz(rng)
    leaked = test[: ASKED // 2] if how == "verbatim" else reordered(test[: ASKED // 2])
    read = rng.permutation(np.concatenate([fresh, *[leaked] * times]))
    right, nats = score(network(read, seed), test)
    halves = {"leaked": slice(None, ASKED // 2), "honest": slice(ASKED // 2, None)}
    return {
        name: {
            "right": round(float(right[half].mean()), 5),
            "nats": round(float(nats[half].mean()), 4),
            "flagged": [round(float(flagged(test[half], read, n).mean()), 4) for n in RUNS],
        }
        for name, half in halves.items()
    }


def parts(module: Transformer) -> dict:
    """Excess on held-out sentences; what names and objects add to it; an object's, by its mouse's fame."""
    test = held_out()[:JUDGED]
    beyond = excesses(module, world(), test)
    groups = np.searchsorted(FAME, world().ranks[world().mice(test)], side="right") - 1
    objects = beyond[:, 3:-1:2]
    return {
        "excess": round(float(beyond.mean()), 5),
        "names": round(float(beyond[:, :2].sum() / beyond.size), 5),
        "objects": round(float(objects.sum() / beyond.size), 5),
        "by_fame": [round(float(objects[groups == i].mean()), 4) for i in range(len(FAME))],
    }


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """One run; what is read, its excess, and that by kind of word and fame."""
    del rng  # runs of one seed share what they can
    kind, seed, crawl = setting["kind"], setting["seed"], setting.get("crawl", CRAWL)
    shared = np.random.default_rng([seed, 2])
    if kind == "leak":
        return leak(setting["what"], setting["how"], seed, crawl)
    more: dict = {}
    if kind == "copies":
        found, copied = crawl_with_copies(setting["what"], shared, crawl)
        if setting["how"] == "documents":
            found = found[deduplicate(found, key=lambda each: each.tobytes())]
        read = found.reshape(-1, LENGTH)
        if setting["how"] in ("sentences", "random"):
            places = deduplicate(read, key=lambda each: each.tobytes())
            if setting["how"] == "random":  # as many, in their order
                places = np.sort(shared.permutation(len(read))[: len(places)])
            read = read[places]
    elif kind == "junk":
        found, junk = crawl_with_junk(setting["what"], shared, crawl)
        places = np.arange(crawl)
        if setting["how"] != "raw":
            half = np.flatnonzero(shared.permutation(crawl) < (1 - JUNK) * crawl)
            places = likely(found, seed) if setting["how"] == "likely" else half
        read, more["junk"] = found[places].reshape(-1, LENGTH), round(float(junk[places].mean()), 4)
    elif kind == "mixture":
        read = mixed(setting["what"], setting["how"], shared, crawl)
    else:
        unique = world().draw(setting["unique"], shared)
        read = np.concatenate([shared.permutation(unique) for _ in range(setting["epochs"])])
    module = network(read, seed, *(HURRIED if kind == "hurried" else ()))
    if kind == "copies":
        pool = copied.reshape(-1, LENGTH)
        more["copied"] = round(float(excesses(module, world(), pool).mean()), 4)
    return {"sentences": len(read), **parts(module), **more}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("corpus_effects", SETTINGS, measure)
