"""Small pictures: where their parts stand, by hand, and what they refuse."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from lmcourse.thumbnails import HEIGHT, WIDTH, bars, curve, shades


def parts(picture, tag):
    """The attributes of a picture's elements of one kind; it must be well-formed."""
    return [element.attrib for element in ElementTree.fromstring(picture).iter() if element.tag == tag]


def test_bars_share_the_width_and_stand_on_the_ground():
    # Three bars and a gap between the groups share 160: 40 each. The highest has 72, half of it 36.
    first, second, third = parts(bars([[1, 0.5], [0]], "Bars."), "rect")
    assert first == {"x": "0", "y": "0", "width": "32", "height": "72"}
    assert second == {"x": "40", "y": "36", "width": "32", "height": "36"}
    assert third == {"x": "120", "y": "71", "width": "32", "height": "1"}  # none, and yet to be seen


def test_a_curve_goes_from_corner_to_corner():
    picture = curve([0, 1, 2], [4, 2, 0], [(2, 4)], "A curve.")
    # Four from each edge: 4 to 156 across and 68 to 4 up.
    assert parts(picture, "polyline")[0]["points"] == "4,4 80,36 156,68"
    assert [(c["cx"], c["cy"]) for c in parts(picture, "circle")] == [("156", "4")]
    assert parts(curve([0, 1], [0, 1], [], "A line."), "circle") == []


def test_shades_are_shares_of_the_most_and_faint_ones_are_left_out():
    cells = parts(shades(np.array([[0.0, -4.0], [1.0, 0.05]]), "Cells."), "rect")
    # Two by two: 36 a side, in the middle of 160.
    assert [(c["x"], c["y"], c["opacity"]) for c in cells] == [("80", "0", "1.00"), ("44", "36", "0.25")]


@pytest.mark.parametrize("shape", [(3, 3), (2, 40), (40, 2)])
def test_shades_stay_inside(shape):
    for cell in parts(shades(np.ones(shape), "Cells."), "rect"):
        assert 0 <= float(cell["x"]) <= float(cell["x"]) + float(cell["width"]) <= WIDTH
        assert 0 <= float(cell["y"]) <= float(cell["y"]) + float(cell["height"]) <= HEIGHT + 0.1


def test_a_picture_says_what_is_to_be_seen():
    (root,) = parts(bars([[1]], 'Less than "one" & more.'), "svg")
    assert (root["role"], root["aria-label"]) == ("img", 'Less than "one" & more.')


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: bars([], "x"), "groups="),
        (lambda: bars([[0, 0]], "x"), "groups="),
        (lambda: bars([[1, -1]], "x"), "groups="),
        (lambda: bars([[np.nan]], "x"), "groups="),
        (lambda: curve([1], [1], [], "x"), "1 places and 1 heights"),
        (lambda: curve([1, 2], [1], [], "x"), "2 places and 1 heights"),
        (lambda: shades(np.zeros((2, 2)), "x"), "(2, 2)"),
        (lambda: shades(np.ones(2), "x"), "(2,)"),
        (lambda: shades(np.full((2, 2), np.inf), "x"), "(2, 2)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        draw()
