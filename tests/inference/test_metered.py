"""A decoder whose passes have a price: what it says does not depend on how it is asked, the price does."""

import numpy as np
import pytest

from lmcourse.inference.metered import FETCH, LONGEST, MOST_SLOTS, TOKEN, VOCAB_SIZE, Metered

TEXT = np.random.default_rng(5).integers(VOCAB_SIZE, size=20).tolist()


def whole(seed=3, text=TEXT):
    return Metered(seed).read([(0, 0, text)])[0]


@pytest.mark.parametrize("cuts", [[1], [7, 8], list(range(1, 20))])
def test_a_text_in_pieces_is_read_as_the_whole(cuts):
    machine, said = Metered(3), []
    for start, end in zip([0, *cuts], [*cuts, len(TEXT)]):
        said += machine.read([(2, start, TEXT[start:end])])[0]
    assert said == whole()


def test_what_is_written_over_is_forgotten():
    machine = Metered(3)
    machine.read([(0, 0, [*TEXT[:10], 1, 2, 3])])
    assert machine.read([(0, 10, TEXT[10:])])[0] == whole()[10:]


def test_texts_of_one_pass_know_nothing_of_each_other():
    others = [TEXT[::-1], TEXT[3:]]
    parts = [(1, 0, others[0]), (0, 0, TEXT), (15, 0, others[1])]
    assert Metered(3).read(parts) == [whole(text=text) for text in (others[0], TEXT, others[1])]


def test_no_token_sees_those_behind_it():
    assert whole(text=TEXT[:12] + [5] * 8)[:12] == whole()[:12]


def test_all_that_stands_before_matters_and_so_does_its_order():
    """Else a table of pairs would be the model, and a guess no guess."""
    said = {tuple(whole(text=[*start, *TEXT[1:8]])[1:]) for start in ([0], [1], [2], [3])}
    assert len(said) > 1
    swapped = [TEXT[1], TEXT[0], *TEXT[2:]]
    assert whole(text=swapped)[2:] != whole()[2:]


def test_the_seed_makes_the_weights():
    assert whole(4) != whole(3) == whole(3)


def test_a_pass_costs_once_and_each_token_again():
    machine = Metered(0)
    assert machine.milliseconds == 0
    machine.read([(0, 0, [1, 2, 3]), (1, 0, [4])])
    machine.read([(1, 1, [4])])
    assert (machine.passes, machine.tokens) == (2, 5)
    assert machine.milliseconds == 2 * FETCH + 5 * TOKEN


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ([], "must read something"),
        ([(0, 0, [])], "the number of a part's tokens must be a whole number from 1"),
        ([(0, 0, [VOCAB_SIZE])], "a token must be a whole number from 0 to 63, not 64"),
        ([(0, 0, [0.5])], "not 0.5"),
        ([(MOST_SLOTS, 0, [1])], "a slot must be a whole number from 0 to 15, not 16"),
        ([(0, 3, [1])], "slot 0, which holds 2 tokens, must be a whole number from 0 to 2, not 3"),
        ([(1, 1, [1])], "slot 1, which holds 0 tokens"),
        ([(0, -1, [1])], "not -1"),
        ([(0, 0, [1] * (LONGEST + 1))], "not 257"),
        ([(0, 2, [1]), (0, 1, [1])], "each text may be read once in a pass"),
    ],
)
def test_what_cannot_be_read_is_refused_and_costs_nothing(parts, what):
    machine = Metered(0)
    machine.read([(0, 0, [1, 2])])
    paid = machine.milliseconds
    with pytest.raises(ValueError, match=what):
        machine.read(parts)
    assert machine.milliseconds == paid
    assert machine.read([(0, 2, [3])]) == [Metered(0).read([(0, 0, [1, 2, 3])])[0][-1:]]
