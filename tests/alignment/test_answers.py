import numpy as np
import pytest

from lmcourse.alignment.answers import Answers

END = 3
THREE = [[0, 1, END], [0, END], [2, END]]  # "ab", "a" and "c" of the tokens a, b, c and the end


def test_three_answers_by_hand():
    # node 0: nothing said, a or c may come; node 1: after a, b or the end; node 2: after ab; node 3: after c
    answers = Answers(THREE, 4, END)
    assert len(answers) == 3
    assert answers.tokens.tolist() == [[0, 1, END], [0, END, END], [2, END, END]]
    assert answers.said.tolist() == [[True, True, True], [True, True, False], [True, True, False]]
    assert answers.beginnings == [(), (0,), (0, 1), (2,)]
    assert answers.children.tolist() == [[1, -1, 3, -1], [-1, 2, -1, -3], [-1, -1, -1, -2], [-1, -1, -1, -4]]
    assert answers.nodes[0].tolist() == [0, 1, 2]
    assert answers.nodes[1, :2].tolist() == [0, 1]
    assert answers.nodes[2, :2].tolist() == [0, 3]


def some_answers(rng: np.random.Generator, count: int) -> list[list[int]]:
    """Different answers of up to three of three tokens."""
    found = {tuple(rng.integers(0, 3, size=rng.integers(1, 4)).tolist()) for _ in range(count)}
    return [[*words, END] for words in found]


@pytest.mark.parametrize("seed", range(5))
def test_what_may_follow_is_what_follows_in_some_answer(seed):
    listed = some_answers(np.random.default_rng(seed), 12)
    answers = Answers(listed, 4, END)
    for node, begun in enumerate(answers.beginnings):
        n = len(begun)
        expected = {answer[n] for answer in listed if tuple(answer[:n]) == begun}
        assert set(np.flatnonzero(answers.allowed[node])) == expected
    for row, answer in enumerate(listed):  # each answer's walk arrives at its own number
        node = 0
        for token in answer:
            node = answers.children[node, token]
        assert node == -2 - row


@pytest.mark.parametrize("seed", range(5))
def test_reading_covers_each_choice_once_and_no_row_twice(seed):
    answers = Answers(some_answers(np.random.default_rng(seed), 12), 4, END)
    texts, nodes, rows, places = answers.reading
    assert sorted(nodes) == np.flatnonzero(answers.allowed.sum(axis=1) > 1).tolist()
    for node, row, place in zip(nodes, rows, places):
        assert tuple(texts[row, :place]) == answers.beginnings[node]
    read = {row: max(places[rows == row]) for row in set(rows.tolist())}
    texts_read = [tuple(texts[row, :n]) for row, n in read.items()]
    assert not any(a != b and b[: len(a)] == a for a in texts_read for b in texts_read)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ([], "no answers are listed"),
        ([[0, 1]], r"\[0, 1\] must close with the end token 3"),
        ([[0, END, END]], "have it there alone"),
        ([[]], "must close"),
        ([[0, END], [1, END], [0, END]], r"\[0, 3\] is listed twice"),
    ],
)
def test_bad_lists(listed, message):
    with pytest.raises(ValueError, match=message):
        Answers(listed, 4, END)
