"""Where am I? Decoders with five kinds of position read short texts, and are then asked in longer ones.

Three tasks, all learned from texts of `LENGTH` tokens at most. *agreement*: a stream of sentences of the
mouse world; the excess over its truth, exact at each place. *back*: random letters; at each place, say the
one `BACK` places before. *copy*: letters, all different, a bar, and the same letters again. In the last two a
place costs 0 bits for who knows.

Long texts are read in three ways. *whole*: all that came before is seen. *near*: only the last `LENGTH`
tokens are seen, by a mask, in each layer; the tokens keep their places. *window*: each prediction reads the
last `LENGTH` tokens anew, as a text of their own that begins at place 0. RoPE is read in four more:
*squeezed*, its places scaled into those that it has learned; *half*, with the last `HALF` tokens seen alone;
*mixed*, with as many far ones beside them (distances are new, the number of keys is not); *crowded*, with all
far tokens put at the longest distance that was learned (the number of keys is new, no distance is). All kinds
have the same learning rate, which was tuned for none.

Of copies it is also asked by what they are found: see `clues`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lmcourse.experiments import run
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import POSITIONS, Config
from lmcourse.transformer.network import Transformer
from lmcourse.transformer.positions import sinusoidal
from lmcourse.world import World, agreement

LENGTH, LONGEST = 32, 256  # tokens of a text, learned and asked
HALF = LENGTH // 2
BIN = 8  # neighbouring places whose mean is kept
ROWS, ASKED = 32, 32  # texts in a batch; that are asked
CROWDED = range(LONGEST // 2, LONGEST, BIN)  # places that are read so
BACK, LETTERS = 12, 8
ALPHABET, BAR = 64, 64  # letters of the copied strings, and the id of what stands between
COPIED, COPIED_LONGER = range(4, 16), (4, 8, 12, 15, 16, 20, 24, 31, 47, 63)
SMALL = {"sinusoidal, tokens small": False, "sinusoidal, all small": True}  # `shrunk` of `Small`
STEPS = {"agreement": 500, "back": 400, "copy": 1300}
RATE = 5e-3
_KEYS = ("task", "position", "seed", "steps")
AGAIN = dict(zip(_KEYS, ("copy", "rope", 0, 3)))  # a quick one, measured anew by every test
SETTINGS = [
    AGAIN,
    *(
        dict(zip(_KEYS, (task, position, seed, steps)))
        for seed in range(3)
        for task, steps in STEPS.items()
        for position in (*POSITIONS, *(SMALL if task == "copy" else ()))
    ),
]


# ---------- texts ----------


@lru_cache(maxsize=1)
def world() -> World:
    """The world that is read: phrases nest at most two deep."""
    return agreement(2)


def stream(tokens: int, rng: np.random.Generator) -> np.ndarray:
    """Sentences one after another, at least so many ids; before the first stands the end of one."""
    sentences = world().sample(math.ceil(tokens / world().expected_length() * 1.1) + 20, rng)
    return np.concatenate([[world().end], *sentences])


def truth(texts: np.ndarray) -> np.ndarray:
    """What follows each place in truth, (N, T, V); the texts (N, T) begin with the end of a sentence."""
    prefixes, contexts = [], {}
    for text in texts:
        said: tuple[int, ...] = ()
        for token in text.tolist():
            said = () if token == world().end else (*said, token)
            prefixes.append(contexts.setdefault(said, len(contexts)))
    known = np.exp(world().next_log_probs(list(contexts)))
    return known[prefixes].reshape(*texts.shape, -1)


def copies(length: int, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Strings of so many different letters, a bar, and the string again: (rows, 2 length + 1)."""
    strings = rng.permuted(np.tile(np.arange(ALPHABET), (rows, 1)), axis=1)[:, :length]
    return np.hstack([strings, np.full((rows, 1), BAR), strings])


class Small(Transformer):
    """Sinusoids beside embeddings that are not made √D times as large: as they are, or small as well."""

    shrunk = False  # whether the sinusoids are divided by √D

    def embed(self, token_ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """As of `Transformer`; ids are not checked."""
        x = self.embedding(token_ids)
        places = sinusoidal(positions, self.config.d_model).to(x.dtype)
        return x + (places / self.config.d_model**0.5 if self.shrunk else places)


def network(task: str, position: str, rng: np.random.Generator) -> Transformer:
    """Two layers of four heads. Learned positions have rows for the longest text, most of them never used."""
    size = {"agreement": world().vocab_size, "back": LETTERS, "copy": ALPHABET + 1}[task]
    kind = "sinusoidal" if position in SMALL else position
    module = (Small if position in SMALL else Transformer)(Config(size, 32, 4, 2, LONGEST, position=kind))
    if position in SMALL:
        module.shrunk = SMALL[position]
    return module.draw(rng)


def batches(task: str, seed: int) -> Callable[[int], tuple[np.ndarray, np.ndarray]]:
    """The function from a step to inputs and targets (B, T); where nothing is asked a target is -100."""
    if task == "agreement":
        ids = stream(200_000, np.random.default_rng([seed, 1]))

    def batch(step: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([seed, step])
        if task == "agreement":
            starts = rng.integers(len(ids) - LENGTH, size=ROWS)
            rows = ids[starts[:, None] + np.arange(LENGTH + 1)]
            return rows[:, :-1], rows[:, 1:]
        if task == "back":
            rows = rng.integers(LETTERS, size=(ROWS, LENGTH))
            return rows, backwards(rows)
        length = int(rng.choice(COPIED))
        rows = copies(length, ROWS, rng)
        targets = rows[:, 1:].copy()
        targets[:, :length] = -100
        return rows[:, :-1], targets

    return batch


def backwards(rows: np.ndarray) -> np.ndarray:
    """What stood `BACK` places before each, (B, T); -100 where nothing did."""
    return np.hstack([np.full((len(rows), BACK), -100), rows[:, :-BACK]])


def learn(task: str, position: str, seed: int, steps: int, rng: np.random.Generator) -> Transformer:
    """Train a network on texts of `LENGTH` tokens at most."""
    module, batch = network(task, position, rng), batches(task, seed)

    def loss(step: int) -> torch.Tensor:
        inputs, targets = map(torch.from_numpy, batch(step))
        return cross_entropy(module(inputs).flatten(0, 1), targets.flatten(), ignore_index=-100)

    train(module, loss, Recipe(steps, RATE, warmup=50, judge_every=steps), progress=False)
    return module


# ---------- ways to read, and what is measured ----------


def sight(how: str, length: int) -> np.ndarray | None:
    """What may be seen, (T, T): "near", "half" or "mixed"; None, all that came before."""
    places = np.arange(length)
    distance = places[:, None] - places
    if how == "near":
        return (distance >= 0) & (distance < LENGTH)
    if how not in ("half", "mixed"):
        return None
    visible = (distance >= 0) & (distance < HALF)
    if how == "mixed":
        rng = np.random.default_rng(11)
        for place in range(LENGTH, length):
            far = rng.permutation(place - LENGTH + 1)[: LENGTH - HALF]
            visible[place, far] = True
    return visible


def read(module: Transformer, ids: np.ndarray, how: str) -> np.ndarray:
    """Logits (N, T, V) at each place of texts (N, T), read in one of the ways, but for "crowded"."""
    n, length = ids.shape
    tokens = torch.from_numpy(ids)
    with torch.no_grad():
        if how == "window":
            first = module(tokens[:, :LENGTH])
            windows = tokens.unfold(1, LENGTH, 1)[:, 1:].flatten(0, 1)
            parts = [module.logits(module.hidden(part)[:, -1]) for part in windows.split(2048)]
            return torch.cat([first, torch.cat(parts).unflatten(0, (n, -1))], dim=1).double().numpy()
        positions = torch.arange(length) * (LENGTH / length) if how == "squeezed" else None
        return module(tokens, sight(how, length), positions).double().numpy()


def crowded(module: Transformer, ids: np.ndarray, place: int) -> np.ndarray:
    """Logits (N, V) at one place, what is further back than was learned put at the longest such distance."""
    positions = torch.arange(place + 1).clamp(min=place - LENGTH + 1)
    with torch.no_grad():
        hidden = module.hidden(torch.from_numpy(ids[:, : place + 1]), None, positions)
        return module.logits(hidden[:, -1]).double().numpy()


def log2_probs(logits: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities, to base 2."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))) / math.log(2)


def bits_lost(logits: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """At each place: KL of what is known to follow, (N, T, V); or the surprise at a target, (N, T)."""
    said = log2_probs(logits)
    if wanted.ndim == 2:
        return np.where(
            wanted < 0, np.nan, -np.take_along_axis(said, np.maximum(wanted, 0)[..., None], -1)[..., 0]
        )
    ratio = np.log2(wanted, out=np.zeros_like(wanted), where=wanted > 0) - said
    return (wanted * ratio).sum(axis=-1)


@lru_cache(maxsize=2)
def asked(task: str) -> tuple[np.ndarray, np.ndarray]:
    """The long texts that all are asked on, (N, LONGEST), and what is wanted there."""
    rng = np.random.default_rng(99)
    if task == "back":
        rows = rng.integers(LETTERS, size=(ASKED, LONGEST))
        return rows, backwards(rows)
    rows = np.stack([stream(LONGEST, rng)[:LONGEST] for _ in range(ASKED)])
    return rows, truth(rows)


def measure(setting: Mapping, rng: np.random.Generator) -> dict:
    """Bits lost: by place, in means of `BIN` places, or by the length of what is copied; for each reading."""
    task, position = setting["task"], setting["position"]
    module = learn(task, position, setting["seed"], setting["steps"], rng)
    if task == "copy":
        bits = [float(copy_bits(module, length).mean()) for length in COPIED_LONGER]
        digits = 2 if setting == AGAIN else 4
        return {"whole": np.round(bits, digits).tolist(), **({} if setting == AGAIN else clues(module))}
    ids, wanted = asked(task)
    hows = ["whole", "near", "window", *(["squeezed", "half", "mixed"] if position == "rope" else [])]
    found: dict = {}
    if position == "rope":
        lost = [bits_lost(crowded(module, ids, t)[:, None], wanted[:, t : t + 1]).mean() for t in CROWDED]
        found["crowded"] = round(float(np.mean(lost)), 4)
    for how in hows:
        lost = np.split(bits_lost(read(module, ids, how), wanted), LONGEST // BIN, axis=1)
        means = [part[np.isfinite(part)].mean() if np.isfinite(part).any() else None for part in lost]
        found[how] = [None if mean is None else round(float(mean), 4) for mean in means]
    return found


def copy_bits(module: Transformer, length: int) -> np.ndarray:
    """Surprise at each letter of the second string, (N, length)."""
    rows = copies(length, ASKED, np.random.default_rng([7, length]))
    return bits_lost(read(module, rows[:, :-1], "whole"), rows[:, 1:])[:, length:]


def clues(module: Transformer, length: int = max(COPIED), rows: int = 300) -> dict[str, list[float]]:
    """By what a copy is found: shares of what is said next after a slip, and after a late beginning.

    *slip*: the second string is right up to its letter number j and has a later letter, number k, there. Said
    is, by content, the letter after k; by place, the one after j; or j itself, which was left out.
    *late*: the second string begins with three letters from number k on. Said is, by content, the next; by
    place, the one that is the fourth of the string.
    """
    strings = copies(length, rows, np.random.default_rng(8))[:, : length + 1]

    def shares(begun: np.ndarray, numbers: list[int]) -> list[float]:
        said = read(module, np.hstack([strings, begun]), "whole")[:, -1].argmax(axis=-1)
        return [float((said == strings[:, number]).mean()) for number in numbers]

    slips = [
        shares(np.hstack([strings[:, :j], strings[:, k : k + 1]]), [k + 1, j + 1, j])
        for j in range(3, 10)
        for k in range(11, length - 1)
    ]
    lates = [shares(strings[:, k : k + 3], [k + 3, 3]) for k in (4, 8)]
    return {"slip": np.mean(slips, axis=0).round(3).tolist(), "late": np.round(lates, 3).tolist()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    run("longer_texts", SETTINGS, measure)
