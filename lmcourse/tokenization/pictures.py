"""Pictures of segmentations: a lattice of words as bricks, and the trellis of a hidden Markov model.

They are SVG with real text, so that the browser finds the glyphs of any script; matplotlib's own fonts have
no Chinese. Prices are in bits, -log2 of a probability: they add up along a path, and the cheapest path is the
most probable one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from lmcourse.plotting import COLOURS, GREY
from lmcourse.tokenization.chinese import spans
from lmcourse.tokenization.lattice import Graph

WIDTH = 700
MARGIN = 22
BRICK = 40  # height of a brick, in pixels like all lengths here
TITLE = 34
FONT = "font-family='system-ui, sans-serif'"
BEST, PALE, INK = COLOURS[0], "#e8eef2", "#1a1a1a"


class Picture:
    """A drawing that a notebook shows.

    Attributes:
        svg: the drawing, a whole SVG document.
    """

    def __init__(self, svg: str):
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg


def rows_of(graph: Graph) -> list[tuple[int, int, int]]:
    """Where each word of a graph is drawn: (start, end, row).

    Single characters lie in row 0; longer words above, short ones first, each in the lowest row with room.

    >>> rows_of([[1, 2], [2, 3], [3]])
    [(0, 1, 0), (1, 2, 0), (2, 3, 0), (0, 2, 1), (1, 3, 2)]
    """
    edges = sorted(
        ((start, end) for start, ends in enumerate(graph) for end in ends), key=lambda e: (e[1] - e[0], e)
    )
    placed: list[tuple[int, int, int]] = []
    for start, end in edges:
        row = 0 if end == start + 1 else 1
        while any(row == r and start < e and s < end for s, e, r in placed):
            row += 1
        placed.append((start, end, row))
    return placed


def draw_lattice(
    text: str,
    graph: Graph,
    title: str,
    note: Callable[[str], str] | None = None,
    path: Sequence[str] = (),
    prices: Sequence[float] = (),
) -> Picture:
    """The words of a graph as bricks over the characters that they cover.

    Args:
        text: L characters.
        graph: the words in it.
        title: what there is to see.
        note: the second line on each brick, such as its price or its meaning.
        path: words of one segmentation, drawn dark.
        prices: L + 1 numbers, written below the gaps between the characters.
    """
    placed, on_path = rows_of(graph), spans(path)
    step = (WIDTH - 2 * MARGIN) / len(text)
    top = TITLE + 8
    floor = top + (max((row for *_, row in placed), default=0) + 1) * (BRICK + 6)
    height = floor + (62 if len(prices) else 38)
    drawn = [_start(height, title)]
    for i in range(len(text) + 1):
        x = MARGIN + i * step
        drawn.append(
            f"<line x1='{x:.1f}' y1='{top}' x2='{x:.1f}' y2='{floor + 12}' stroke='{GREY}' opacity='.35'/>"
            f"<circle cx='{x:.1f}' cy='{floor + 14}' r='9' fill='white' stroke='{GREY}'/>"
            + _text(x, floor + 18, str(i), 11, INK)
        )
    for start, end, row in placed:
        x, y = MARGIN + start * step + 3, floor - (row + 1) * (BRICK + 6)
        word, dark = text[start:end], (start, end) in on_path
        drawn.append(_brick(x, y, (end - start) * step - 6, dark))
        middle, ink = x + ((end - start) * step - 6) / 2 - 3, "white" if dark else INK
        drawn.append(_text(middle, y + (17 if note else 25), word, 15, ink, bold=dark))
        if note:
            drawn.append(_text(middle, y + 33, note(word), 12, ink))
    for i, price in enumerate(prices):
        drawn.append(_text(MARGIN + i * step, floor + 42, f"{price:.1f}", 12, BEST, bold=True))
    return Picture("".join([*drawn, "</svg>"]))


def draw_trellis(
    text: str,
    table: Sequence[Mapping[str, tuple[float, str | None]]],
    title: str,
    path: str,
    notes: Sequence[str] = (),
) -> Picture:
    """The cells of Viterbi's table for a hidden Markov model, a column for each character.

    Args:
        text: L characters.
        table: for each character, state -> (price in bits of the cheapest way to it, the state before).
        title: what there is to see.
        path: the cheapest row of states, drawn dark.
        notes: what stands below each character, such as its meaning.
    """
    states = list(dict.fromkeys(state for column in table for state in column))
    states.sort(key=lambda state: "BMES".find(state))
    step, line = (WIDTH - 2 * MARGIN) / len(text), 56

    def centre(i: int, state: str) -> tuple[float, float]:
        return MARGIN + (i + 0.5) * step, TITLE + 76 + states.index(state) * line

    drawn = [_start(TITLE + 68 + len(states) * line, title)]
    for i, column in enumerate(table):
        drawn.append(_text(MARGIN + (i + 0.5) * step, TITLE + 24, text[i], 18, INK, bold=True))
        if len(notes):
            drawn.append(_text(MARGIN + (i + 0.5) * step, TITLE + 42, notes[i], 12, INK))
        for state, (_, before) in column.items():
            if before is not None:
                (x1, y1), (x2, y2) = centre(i - 1, before), centre(i, state)
                dark = path[i - 1 : i + 1] == before + state
                drawn.append(
                    f"<line x1='{x1 + 44:.1f}' y1='{y1}' x2='{x2 - 44:.1f}' y2='{y2}' "
                    f"stroke='{BEST if dark else GREY}' stroke-width='{4 if dark else 1.3}' "
                    f"stroke-dasharray='{'none' if dark else '5 4'}'/>"
                )
    for i, column in enumerate(table):
        for state, (price, _) in column.items():
            (x, y), dark = centre(i, state), path[i] == state
            drawn.append(_box(x - 44, y - 20, 88, 40, dark))
            drawn.append(_text(x, y + 5, f"{state}  {price:.1f}", 15, "white" if dark else INK, bold=dark))
    return Picture("".join([*drawn, "</svg>"]))


def _start(height: float, title: str) -> str:
    """The beginning of a drawing on a white card, with its title."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height:.0f}' width='{WIDTH}' "
        f"height='{height:.0f}' {FONT} xml:lang='zh-Hans'><title>{escape(title)}</title>"
        f"<rect width='100%' height='100%' fill='white'/>"
        f"<text x='{MARGIN - 6}' y='22' font-size='16' font-weight='bold' fill='{INK}'>{escape(title)}</text>"
    )


def _brick(x: float, y: float, width: float, dark: bool) -> str:
    """A brick that points to the right: a word leads from the gap before it to the gap behind it."""
    tip = 7
    points = [
        (x, y),
        (x + width - tip, y),
        (x + width, y + BRICK / 2),
        (x + width - tip, y + BRICK),
        (x, y + BRICK),
    ]
    corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return f"<polygon points='{corners}' fill='{BEST if dark else PALE}' stroke='{BEST if dark else GREY}'/>"


def _box(x: float, y: float, width: float, height: float, dark: bool) -> str:
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{width}' height='{height}' rx='6' "
        f"fill='{BEST if dark else PALE}' stroke='{BEST if dark else GREY}'/>"
    )


def _text(x: float, y: float, text: str, size: int, fill: str, bold: bool = False) -> str:
    weight = " font-weight='bold'" if bold else ""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' text-anchor='middle' fill='{fill}'{weight} "
        f"xml:space='preserve'>{escape(text)}</text>"
    )
