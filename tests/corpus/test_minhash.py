"""MinHash against the similarity that it estimates, bands against their curve, clusters against all pairs."""

from itertools import combinations

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.corpus import minhash

WORDS = "a b c d e f g h i j k l m n o p q r s t u v w x y z".split()


def sets_of_similarity(shared: int, alone: int) -> tuple[set[int], set[int]]:
    """Two sets with `shared` items in both and `alone` in each only."""
    both = set(range(shared))
    return both | set(range(1_000, 1_000 + alone)), both | set(range(2_000, 2_000 + alone))


def test_shingles_are_runs_of_words():
    assert minhash.shingles("To be, or not to BE", 2) == {
        ("to", "be"),
        ("be", "or"),
        ("or", "not"),
        ("not", "to"),
    }
    assert minhash.shingles("O'er hill", 5) == {("o'er", "hill")}  # shorter than a shingle: one
    assert minhash.shingles(" ?! ") == set()


@pytest.mark.parametrize(("one", "other", "expected"), [("abc", "bcd", 2 / 4), ("a", "b", 0), ("", "", 1)])
def test_jaccard_by_hand(one, other, expected):
    assert minhash.jaccard(set(one), set(other)) == expected


@pytest.mark.parametrize(("shared", "alone"), [(10, 45), (50, 25), (90, 5)])  # J = .1, .5, .9
def test_an_estimate_is_right_in_the_mean_and_scatters_as_it_says(shared, alone):
    one, other = sets_of_similarity(shared, alone)
    exact, k = minhash.jaccard(one, other), 64
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        family = minhash.hash_family(k, rng)
        found.append(
            minhash.estimated_jaccard(minhash.signature(one, family), minhash.signature(other, family))
        )
    error = minhash.standard_error(exact, k)
    # hashes of the form a x + b are not quite random orders: a bias of a few thousandths is theirs
    assert np.mean(found) == pytest.approx(exact, abs=4 * error / 20 + 0.005)
    assert np.std(found) == pytest.approx(error, rel=0.15)  # of 400 draws: 3.5 %


def test_a_signature_is_the_least_of_each_hash_worked_out_one_by_one():
    """An independent way: Python's whole numbers, which never overflow."""
    items, family = {"mouse", "cheese", "owl"}, minhash.hash_family(50, np.random.default_rng(1))
    codes = [int(x) for x in minhash.numbers(items)]
    expected = [min((int(a) * x + int(b)) % minhash.PRIME for x in codes) for a, b in zip(*family)]
    assert minhash.signature(items, family).tolist() == expected
    assert set(minhash.signature([], family).tolist()) == {minhash.EMPTY}


def test_a_union_has_the_lesser_of_both_signatures():
    one, other = sets_of_similarity(30, 30)
    family = minhash.hash_family(128, np.random.default_rng(2))
    marks = minhash.signatures([one, other, one | other], family)
    assert (np.minimum(marks[0], marks[1]) == marks[2]).all()


@pytest.mark.parametrize(("rows", "bands"), [(5, 20), (8, 14), (1, 3)])
def test_the_curve_of_bands_is_what_a_simulation_gives(rows, bands):
    rng, n = np.random.default_rng(3), 4_000
    for similarity in (0.3, 0.6, 0.8):
        agree = rng.random((n, bands, rows)) < similarity
        share = agree.all(axis=2).any(axis=1).mean()
        chance = float(minhash.chance_of_candidate(similarity, rows, bands))
        assert share == pytest.approx(chance, abs=4 * (chance * (1 - chance) / n) ** 0.5 + 1e-3)


def test_candidates_are_pairs_that_share_a_band_and_come_as_often_as_the_curve_says():
    one, other = sets_of_similarity(60, 20)  # J = 0.6
    rng, hits = np.random.default_rng(4), 0
    for _ in range(300):
        marks = minhash.signatures([one, other], minhash.hash_family(20, rng))
        hits += len(minhash.candidates(marks, rows=4))
    chance = float(minhash.chance_of_candidate(0.6, rows=4, bands=5))  # 0.50
    assert hits / 300 == pytest.approx(chance, abs=4 * (chance * (1 - chance) / 300) ** 0.5 + 0.02)


def test_a_library_finds_the_same_candidates_and_estimates_among_the_same_signatures():
    rng = np.random.default_rng(7)
    family = minhash.hash_family(60, rng)
    sets = [set(rng.choice(40, size=25, replace=False).tolist()) for _ in range(40)]
    marks = minhash.signatures(sets, family)
    theirs = [MinHash(num_perm=60, hashvalues=row, scheme="legacy") for row in marks]
    index = MinHashLSH(num_perm=60, params=(15, 4))  # bands, hashes in each
    for place, each in enumerate(theirs):
        index.insert(place, each)
    found = {(i, j) for j, each in enumerate(theirs) for i in index.query(each) if i < j}
    assert minhash.candidates(marks, rows=4) == found
    assert 50 < len(found) < 40 * 39 / 2  # neither hardly any nor all
    for i, j in ((0, 1), (5, 9)):
        assert minhash.estimated_jaccard(marks[i], marks[j]) == theirs[i].jaccard(theirs[j])


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=12))
def test_clusters_are_what_walking_along_the_pairs_reaches(n, pairs):
    pairs = [(i % n, j % n) for i, j in pairs]
    near = {i: {i} for i in range(n)}
    for i, j in pairs:
        near[i].add(j)
        near[j].add(i)
    for _ in range(n):
        near = {i: set().union(*(near[j] for j in of)) for i, of in near.items()}
    expected = sorted({tuple(sorted(of)) for of in near.values()})
    assert [tuple(each) for each in minhash.clusters(n, pairs)] == expected


def test_near_duplicates_are_those_that_all_pairs_give():
    """Ten texts and an edited copy of each second one, in the end; compared two by two by their exact J."""
    rng = np.random.default_rng(5)
    texts = [" ".join(rng.choice(WORDS, 120)) for _ in range(10)]
    edited = [text.replace(" a ", " z ", 1) for text in texts[::2]]
    everything = texts + edited
    sets = [minhash.shingles(text) for text in everything]
    pairs = [(i, j) for i, j in combinations(range(len(sets)), 2) if minhash.jaccard(sets[i], sets[j]) >= 0.7]
    assert len(pairs) >= 5
    found = minhash.near_duplicates(everything, np.random.default_rng(6), rows=4, bands=30)
    assert found == minhash.clusters(len(everything), pairs)
    # a candidate that is not alike enough stays alone: no copy here is quite the same
    strict = minhash.near_duplicates(everything, np.random.default_rng(6), rows=4, bands=30, at_least=1)
    assert strict == [[i] for i in range(len(everything))]


def test_seven_tenths_alike_are_joined_and_less_are_not():
    """Runs of one word, 20 in both: J = 20 / 28 = 0.71, and 20 / 30 = 0.67."""
    shared = [f"w{i}" for i in range(20)]
    for alone, joined in ((4, True), (5, False)):
        one, other = (" ".join(shared + [f"{side}{i}" for i in range(alone)]) for side in "xy")
        found = minhash.near_duplicates([one, other], np.random.default_rng(0), n=1, rows=1, bands=100)
        assert (found == [[0, 1]]) is joined


def test_bad_input_is_named():
    marks = np.zeros((2, 10), dtype=np.uint64)
    with pytest.raises(ValueError, match="10 hashes are no whole number of bands of 4"):
        minhash.candidates(marks, rows=4)
    with pytest.raises(ValueError, match="signatures of 10 and 8 hashes"):
        minhash.estimated_jaccard(marks, marks[:, :8])
    with pytest.raises(ValueError, match="at_least=2 must be from 0 to 1"):
        minhash.near_duplicates(["a"], np.random.default_rng(0), at_least=2)
    for bad in (lambda: minhash.shingles("a", 0), lambda: minhash.standard_error(0.5, 0)):
        with pytest.raises(ValueError, match="must be a whole number"):
            bad()
