"""The pictures show every word once, nothing on top of another, and only the path is dark."""

import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from lmcourse.tokenization.lattice import word_graph
from lmcourse.tokenization.pictures import BEST, draw_lattice, draw_trellis, rows_of

SVG = "{http://www.w3.org/2000/svg}"
texts = st.text("ab", min_size=1, max_size=9)
dictionaries = st.sets(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=12)


@given(texts, dictionaries)
def test_every_word_has_a_place_of_its_own(text, words):
    graph = word_graph(text, words, 4)
    placed = rows_of(graph)
    assert sorted((s, e) for s, e, _ in placed) == [(s, e) for s, ends in enumerate(graph) for e in ends]
    taken = [(row, i) for start, end, row in placed for i in range(start, end)]
    assert len(taken) == len(set(taken))


def test_the_lattice_is_drawn_with_its_path_and_prices():
    text, words = "a<b", {"a<"}
    picture = draw_lattice(
        text, word_graph(text, words, 2), "1 < 2", note=str.upper, path=["a<", "b"], prices=[0, 1.25, 2, 3]
    )
    root = ElementTree.fromstring(picture.svg)
    dark = [brick.get("fill") == BEST for brick in root.iter(f"{SVG}polygon")]
    assert dark == [False, False, True, True]  # a, <, b, a<
    said = [t.text for t in root.iter(f"{SVG}text")]
    assert said[0] == "1 < 2"
    assert {"a", "A", "<", "a<", "A<", "1.2", "3.0"} <= set(said)
    assert picture._repr_svg_() == picture.svg


def test_the_trellis_is_drawn_with_its_path():
    table = [{"B": (1.0, None), "S": (2.0, None)}, {"E": (3.0, "B"), "S": (4.5, "S")}]
    root = ElementTree.fromstring(draw_trellis("ab", table, "t", "BE", notes=["x", "<"]).svg)
    boxes = [box.get("fill") == BEST for box in root.iter(f"{SVG}rect") if box.get("rx")]
    assert boxes == [True, False, True, False]
    assert [line.get("stroke") == BEST for line in root.iter(f"{SVG}line")] == [True, False]
    assert {"E  3.0", "x", "<"} <= {t.text for t in root.iter(f"{SVG}text")}
