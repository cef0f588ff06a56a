import json
import math

import numpy as np
import pytest

from lmcourse.widgets import EntropyExplorer
from lmcourse.widgets.entropy import certain, give_way, two_peaks, uniform


def test_measures_by_hand():
    explorer = EntropyExplorer([1 / 2, 1 / 4, 1 / 8, 1 / 8], [1 / 8, 1 / 8, 1 / 4, 1 / 2])
    found = explorer.measures
    assert found["H(p)"] == found["H(q)"] == 1.75
    # H(p, q) = 1/2 · 3 + 1/4 · 3 + 1/8 · 2 + 1/8 · 1 = 2.625, by symmetry H(q, p) = 1/8 + 2/8 + 3/4 + 3/2
    assert found["H(p, q)"] == found["H(q, p)"] == pytest.approx(2.625)
    assert found["KL(p ‖ q)"] == found["KL(q ‖ p)"] == pytest.approx(0.875)
    # powers of two: the words are as long as the surprisals
    assert explorer.words_p == {"A": "0", "B": "10", "C": "110", "D": "111"}
    assert {name: len(word) for name, word in explorer.words_q.items()} == {"A": 3, "B": 3, "C": 2, "D": 1}
    assert (found["words of p"], found["words of q"]) == (1.75, 2.625)
    assert found["perplexity of p"] == pytest.approx(2**1.75)
    assert found["perplexity of q on p"] == pytest.approx(2**2.625)


def test_believing_the_impossible_costs_infinitely_much_one_way_only():
    found = EntropyExplorer([0.5, 0.5], [1, 0]).measures
    assert found["H(p, q)"] == found["KL(p ‖ q)"] == found["perplexity of q on p"] == math.inf
    assert found["KL(q ‖ p)"] == 1
    assert found["words of q"] == 1  # Huffman gives even the impossible a word


def test_q_is_uniform_by_default():
    explorer = EntropyExplorer([0.7, 0.2, 0.1], outcomes=["sun", "rain", "snow"])
    assert explorer.q == [1 / 3] * 3
    found = explorer.measures
    assert found["H(p, q)"] == pytest.approx(math.log2(3))
    assert found["KL(p ‖ q)"] == pytest.approx(math.log2(3) - found["H(p)"])


def test_state_is_json_and_the_page_can_move_the_bars():
    explorer = EntropyExplorer([1, 0])
    state = json.loads(json.dumps(explorer.get_state(), allow_nan=False))
    assert state["start"] == [[1, 0], [0.5, 0.5]]
    explorer.set_state({"p": [0.25, 0.75]})
    assert explorer.p == [0.25, 0.75]
    assert explorer.start[0] == [1, 0]


def test_thirds_typed_by_hand_are_divided_by_their_sum():
    assert sum(EntropyExplorer([0.3333333] * 3).p) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.4],), "probabilities p sum to 0.9, not 1"),
        (([0.5, 0.5], [0.5, 0.6]), "probabilities q sum to 1.1"),
        (([1.5, -0.5],), "not negative"),
        (([1],), "p has 1 outcomes; the explorer shows 2 to 12"),
        (([1 / 13] * 13,), "p has 13 outcomes"),
        (([0.5, 0.5], [0.2, 0.3, 0.5]), "p speaks of 2 outcomes and q of 3"),
        (([0.5, 0.5], None, ["a"]), "p speaks of 2 outcomes and outcomes of 1"),
        (([0.5, 0.5], None, ["a", "a"]), "must be different names"),
        (([0.5, 0.5], None, ["a", " "]), "none of them empty"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        EntropyExplorer(*arguments)


def test_a_bad_distribution_later_leaves_the_widget_as_it_was():
    explorer = EntropyExplorer([0.5, 0.5])
    for bad in ([0.5, 0.6], [0.2, 0.3, 0.5]):
        with pytest.raises(ValueError, match=r"sum to|needs 2"):
            explorer.p = bad
    assert explorer.p == [0.5, 0.5]


def test_the_others_give_way_in_proportion():
    rng = np.random.default_rng(3)
    for size in range(2, 13):
        probs = rng.dirichlet(np.ones(size))
        index, value = int(rng.integers(size)), float(rng.random())
        found = np.array(give_way(probs.tolist(), index, value))
        assert found[index] == value
        assert found.sum() == pytest.approx(1)
        others = np.arange(size) != index
        np.testing.assert_allclose(found[others] / found[others].sum(), probs[others] / probs[others].sum())
        # the way does not matter, only where it ends (short of 1, where the proportions are lost)
        again = give_way(give_way(probs.tolist(), index, 0.9), index, value)
        np.testing.assert_allclose(again, found)


def test_zeros_stay_zero_unless_all_others_are():
    assert give_way([0.5, 0.5, 0], 0, 0.2) == [0.2, 0.8, 0]
    assert give_way([0, 1, 0], 0, 0.2) == [0.2, 0.8, 0]
    assert give_way([0, 1, 0], 1, 0.5) == [0.25, 0.5, 0.25]
    assert give_way([0.5, 0.5], 0, 1) == [1, 0]
    with pytest.raises(ValueError, match=r"value=1\.2 must be a probability"):
        give_way([0.5, 0.5], 0, 1.2)


@pytest.mark.parametrize("size", range(2, 13))
def test_presets_are_distributions(size):
    assert sum(uniform(size)) == pytest.approx(1)
    peaks = two_peaks(size)
    assert sum(peaks) == pytest.approx(1)
    assert peaks == pytest.approx(peaks[::-1])
    assert len([p for p in peaks if p == max(peaks)]) == 2
    assert certain(peaks) == [float(i == peaks.index(max(peaks))) for i in range(size)]


def test_two_peaks_by_hand():
    # distances 1 0 1 2 2 1 0 1 from the nearer peak: 1/4, 1, 1/4, 1/16 and mirrored, sum 2 · 25/16
    half = [4 / 50, 16 / 50, 4 / 50, 1 / 50]
    assert two_peaks(8) == pytest.approx(half + half[::-1])
