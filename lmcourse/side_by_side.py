"""One beginning, and the next word by a model of every chapter, beside the truth.

`readers` gives the models: all have read the same 20,000 sentences of the mouse world with agreement, and
nothing else. `next_words` is what they say after a beginning, how many bits that is from the truth, and how
often the beginning stood in what they read. `as_html` shows several beginnings, of which a reader of the page
chooses, without a script; `social_image` draws one as the picture by which other sites announce the book, and
`in_words` says what it shows.

The networks' weights are those that `lmcourse.experiments.inside` measured, with seed 0: nothing is trained
here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from io import BytesIO
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lmcourse.model import LanguageModel
from lmcourse.ngram import NgramModel, modified_kneser_ney
from lmcourse.plotting import COLOURS, GREY
from lmcourse.world import World

READ = 20_000  # sentences
TRUTH = "the truth"
LEAST = 0.05  # a word is shown if a model, or the truth, gives it so much


class Said(NamedTuple):
    """What follows a beginning, by each model and in truth."""

    text: str  # the beginning
    times: int  # how often it stood in what was read
    words: list[str]  # those shown, W: by falling truth, then by what the models make of them
    probs: dict[str, np.ndarray]  # by the name of a model, the truth last: of the words shown, (W,)
    bits: dict[str, float]  # Kullback-Leibler divergence of a model from the truth


@lru_cache(maxsize=1)
def lesson() -> list[list[int]]:
    """The sentences that all models have read, as token ids."""
    from lmcourse.experiments import depths  # torch; a page that only shows results does without

    return depths.world().sample(READ, np.random.default_rng([0, READ]))


@lru_cache(maxsize=1)
def readers() -> dict[str, LanguageModel]:
    """The models, by chapter and name."""
    from lmcourse.experiments import depths, inside

    world = depths.world()
    counts = {
        n: NgramModel.fit(world.vocab, n, lesson(), modified_kneser_ney, start=world.end, end=world.end)
        for n in (2, 10)
    }
    networks = {name: inside.as_model(inside.load_network(name, 0)) for name in ("lstm", "rope")}
    return {
        "1 · the last word, counted": counts[2],
        "3 · Kneser\u2013Ney, nine words": counts[10],
        "4 · an LSTM": networks["lstm"],
        "5 · a Transformer": networks["rope"],
    }


def next_words(
    text: str, models: Mapping[str, LanguageModel], world: World, read: Sequence[Sequence[int]] = ()
) -> Said:
    """The next word after a beginning by each model and in truth.

    Args:
        text: the beginning of a sentence of the world.
        models: by name, with the world's tokens.
        world: whose probabilities are the truth.
        read: sentences in which the beginning is counted.

    Raises ValueError for a text that begins no sentence of the world.
    """
    ids = world.vocab.encode(text)
    log_truth = world.next_log_probs([ids])[0]
    if not np.isfinite(log_truth).any():
        raise ValueError(f"text={text!r} begins no sentence of the world; give one that does")
    truth = np.exp(log_truth)
    said = {name: np.exp(model.next_log_probs([ids])[0]) for name, model in models.items()}
    may = truth > 0
    bits = {name: float(truth[may] @ np.log2(truth[may] / q[may])) for name, q in said.items()}
    most = np.max([truth, *said.values()], axis=0)
    shown = [i for i in np.lexsort((-most, -truth)) if most[i] >= LEAST]
    times = sum(list(sentence[: len(ids)]) == ids for sentence in read)
    probs = {name: q[shown] for name, q in {**said, TRUTH: truth}.items()}
    return Said(text, times, [world.vocab.decode([i]) for i in shown], probs, bits)


def as_html(several: Sequence[Said], first: int = 0) -> str:
    """The beginnings to choose from and, for the one that is chosen, a panel of bars for each model.

    The choice is a group of radio buttons and needs no script; how it looks stands in the book's style.
    """
    choices, rows = [], []
    for i, said in enumerate(several):
        checked = " checked" if i == first else ""
        choices.append(
            f'<label><input type="radio" name="lmc-beginning" id="lmc-beginning-{i}"{checked}>'
            f" {escape(said.text)} …</label>"
        )
        panels = "".join(_panel(said, name) for name in said.probs)
        rows.append(f'<div class="said" id="lmc-said-{i}">{panels}<p>{_read(said)}</p></div>')
    chosen = ",\n".join(
        f".lmc-side:has(#lmc-beginning-{i}:checked) #lmc-said-{i}" for i in range(len(several))
    )
    return (
        f"<style>{chosen} {{ display: grid; }}</style>"
        f'<div class="lmc-side"><fieldset><legend>The beginning</legend>{"".join(choices)}</fieldset>'
        f"{''.join(rows)}</div>"
    )


def _read(said: Said) -> str:
    known = {0: "none that begins", 1: "one that begins"}.get(said.times, f"{said.times:,} that begin")
    return f"Each of the four has read {READ:,} sentences, among them {known} like this."


def _panel(said: Said, name: str) -> str:
    """The bars of one model, as a table that can be read aloud."""
    longest = max(float(probs.max()) for probs in said.probs.values())
    rows = "".join(
        f'<tr{_wrong(p_true)}><th scope="row">{escape(word)}</th><td>'
        f'<span style="width: {100 * p / longest:.1f}%"></span><b>{_percent(p)}</b></td></tr>'
        for word, p, p_true in zip(said.words, said.probs[name], said.probs[TRUTH])
    )
    note = "known exactly" if name == TRUTH else f"{said.bits[name]:.2f} bits from the truth"
    kind = ' class="truth"' if name == TRUTH else ""
    return f"<table{kind}><caption>{escape(name)}<small>{note}</small></caption><tbody>{rows}</tbody></table>"


def _wrong(p_true: float) -> str:
    return "" if p_true else ' class="never"'


def _percent(p: float) -> str:
    r"""A probability in whole hundredths, or what it is below.

    >>> [_percent(p).replace("\u00a0", " ") for p in (0.545, 0.003, 0)]
    ['55 %', '< 1 %', '0']
    """
    return "0" if not p else "< 1\u00a0%" if p < 0.01 else f"{100 * p:.0f}\u00a0%"


def in_words(said: Said, title: str) -> str:
    """What `social_image` shows, for those who do not see it."""
    shown = "; ".join(_heading(name) for name in said.probs)
    return f"{title}. Bars: how a sentence that begins \u201c{said.text} \u2026\u201d goes on, by {shown}."


def _heading(name: str) -> str:
    return name.rpartition(" \u00b7 ")[2]


def social_image(said: Said, title: str, line: str) -> bytes:
    """One beginning as a picture, a PNG of 1,200 by 630 points, with a title and a line below it."""
    fig = Figure(figsize=(12, 6.3), dpi=100, layout="none", facecolor="white")
    fig.text(0.05, 0.88, title, fontsize=38, fontweight="bold", va="center")
    fig.text(0.05, 0.775, line, fontsize=19, color=GREY, va="center")
    fig.text(0.05, 0.645, f"{said.text} \u2026", fontsize=22, style="italic", va="center")
    colours = [COLOURS[0] if p else COLOURS[1] for p in said.probs[TRUTH]]
    width = 0.83 / len(said.probs)
    for i, (name, probs) in enumerate(said.probs.items()):
        axes = fig.add_axes((0.135 + i * width, 0.06, width - 0.03, 0.4))
        axes.barh(range(len(probs)), probs, color=colours, height=0.75)
        axes.set(xlim=(0, 0.6), ylim=(len(probs) - 0.4, -0.6), xticks=[])
        axes.set_yticks(range(len(probs)), [said.words, [""] * len(probs)][i > 0], fontsize=17)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.set_title(_heading(name).replace(", ", ",\n"), fontsize=15, fontweight="normal", loc="left")
    written = BytesIO()
    fig.savefig(written, format="png", facecolor="white")
    return written.getvalue()
