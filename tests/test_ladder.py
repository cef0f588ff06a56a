"""The ladder: bits per token and per byte by hand, and the table."""

import math

import pytest

from lmcourse.ladder import Row, as_table, measure
from lmcourse.model import TableModel, UniformModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import five_words


def test_a_uniform_guess_costs_log2_v_bits_a_token():
    row = measure(UniformModel(Vocabulary("abcdefgh", separator="")), "uniform", "letters", "abca")
    assert row == Row("uniform", "letters", None, None, pytest.approx(3), pytest.approx(3))


def test_bytes_are_those_of_utf8():
    # 4 tokens of log2 4 = 2 bits each; a 1 byte, é 2, 中 3
    row = measure(UniformModel(Vocabulary("aé中b", separator="")), "uniform", "text", "aé中a", 7, 9)
    assert row.bits_per_token == pytest.approx(2)
    assert row.bits_per_byte == pytest.approx(8 / 7)
    assert (row.parameters, row.training_cost) == (7, 9)


def test_words_and_bytes_of_a_sentence():
    world = five_words()
    text = "the mouse ate the cheese ."  # p = .70 · .65, 6 tokens, 26 bytes
    row = measure(world, "world", "one sentence", text)
    assert row.bits_per_token == pytest.approx(-math.log2(0.70 * 0.65) / 6)
    assert row.bits_per_byte == pytest.approx(-math.log2(0.70 * 0.65) / 26)


def test_the_impossible_costs_infinitely_many_bits():
    row = measure(TableModel(Vocabulary(["a", "b"]), {"a": 1.0}), "table", "b", "b")
    assert row.bits_per_token == math.inf
    assert "| inf | inf |" in as_table([row])


@pytest.mark.parametrize("held_out", ["", "  \n"])
def test_nothing_to_measure(held_out):
    with pytest.raises(ValueError, match=r"held_out=.* holds no token: nothing to measure the model on"):
        measure(five_words(), "world", "empty", held_out)


def test_the_table_sorts_each_text_from_worst_to_best():
    rows = [
        Row("good", "B", 1_234_567, 89, 1.0, 0.25),
        Row("bad", "B", None, None, 2.0, 0.5),
        Row("longer tokens", "B", None, None, 3.0, 0.4),  # more bits for each, and fewer of them
        Row("only", "A", 5, 6, 1.5, 0.12345),
    ]
    header, rule, *body = as_table(rows).split("\n")
    assert header == "| model | text | parameters | training operations | bits per token | bits per byte |"
    assert rule.count("|") == header.count("|")
    assert body == [
        "| only | A | 5 | 6 | 1.500 | 0.123 |",
        "| bad | B |  |  | 2.000 | 0.500 |",
        "| longer\u00a0tokens | B |  |  | 3.000 | 0.400 |",
        "| good | B | 1,234,567 | 89 | 1.000 | 0.250 |",
    ]
