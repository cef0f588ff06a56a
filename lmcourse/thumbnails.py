"""Small pictures in SVG that take a page's colours: bars, a curve with points on it, a table of shades.

Each is a text of a kilobyte or two to stand in a page's HTML, with a description for those who do not see it.
Figures that are to be read, with axes and numbers, are matplotlib's (`lmcourse.plotting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT = 160, 72  # of every picture; a page stretches it


def _picture(parts: Sequence[str], alt: str) -> str:
    """The parts as a picture, drawn in the colour of the text around it."""
    return (
        f'<svg class="thumbnail" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alt)}" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )


def _number(x: float) -> str:
    """A number with a decimal at most."""
    return f"{x:.1f}".removesuffix(".0")


def bars(groups: Sequence[Sequence[float]], alt: str) -> str:
    """Groups of bars beside one another, each group scaled by the highest of all.

    Args:
        groups: heights, from 0 up.
        alt: what is to be seen.

    Raises ValueError if there is no bar, or one that is negative or not finite.
    """
    heights = [float(h) for group in groups for h in group]
    if not heights or not np.isfinite(heights).all() or min(heights) < 0 or not max(heights):
        raise ValueError(f"groups={groups!r} must hold heights from 0 up, one of them above it")
    step = WIDTH / (len(heights) + len(groups) - 1)
    parts, x = [], 0.0
    for group in groups:
        for h in group:
            high = max(1.0, h / max(heights) * HEIGHT)
            place = f'x="{_number(x)}" y="{_number(HEIGHT - high)}"'
            parts.append(f'<rect {place} width="{_number(step * 0.8)}" height="{_number(high)}"/>')
            x += step
        x += step
    return _picture(parts, alt)


def curve(xs: Sequence[float], ys: Sequence[float], points: Sequence[tuple[float, float]], alt: str) -> str:
    """A line through (x, y), and points; the box holds both, from zero up.

    Args:
        xs: places of the line, from 0 up.
        ys: its heights, as many, from 0 up.
        points: (x, y) of each.
        alt: what is to be seen.

    Raises ValueError if the line has fewer than two places, or another number of heights.
    """
    if len(xs) != len(ys) or len(xs) < 2:
        raise ValueError(f"a line of {len(xs)} places and {len(ys)} heights; it takes two or more, as many")
    right, top = (
        max([*values, *more]) for values, more in zip((xs, ys), zip(*points) if points else ((), ()))
    )
    edge = 4  # for half a point, and half the line

    def at(x: float, y: float) -> tuple[str, str]:
        across, up = x / right * (WIDTH - 2 * edge), y / top * (HEIGHT - 2 * edge)
        return _number(edge + across), _number(HEIGHT - edge - up)

    line = " ".join(",".join(at(x, y)) for x, y in zip(xs, ys))
    parts = [f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="2"/>']
    parts += [f'<circle cx="{cx}" cy="{cy}" r="4"/>' for cx, cy in (at(x, y) for x, y in points)]
    return _picture(parts, alt)


def shades(table: np.ndarray, alt: str) -> str:
    """A table of numbers as cells, the darker the further from 0; what is less than a fiftieth is left out.

    Args:
        table: (rows, columns), with something other than zeros in it.
        alt: what is to be seen.

    Raises ValueError for a table of another rank, of zeros, or with what is not finite.
    """
    table = np.abs(np.asarray(table, dtype=float))
    if table.ndim != 2 or not np.isfinite(table).all() or not table.any():
        raise ValueError(f"table of shape {table.shape} must have rows and columns, and finite numbers")
    side = min(HEIGHT / len(table), WIDTH / table.shape[1])
    left, top = (WIDTH - side * table.shape[1]) / 2, (HEIGHT - side * len(table)) / 2
    gap = side * 0.06
    parts = [
        f'<rect x="{_number(left + column * side)}" y="{_number(top + row * side)}" '
        f'width="{_number(side - gap)}" height="{_number(side - gap)}" opacity="{share:.2f}"/>'
        for (row, column), share in np.ndenumerate(table / table.max())
        if share >= 0.02
    ]
    return _picture(parts, alt)
