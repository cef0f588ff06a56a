"""Beliefs and fill-ins against enumeration: of paths, of all sentences, of all ways to be corrupted."""

import itertools
from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.world import World, agreement, five_words, knowledge
from lmcourse.world.belief import belief_states, corrupted_posteriors, given_the_rest, masked_posteriors

WORLDS = {
    "five words": five_words(),
    "agreement 0": agreement(0),
    "agreement 1": agreement(1),
    # "a a ." and "a b ." leave state 0 by two arcs with one token, so that beliefs are truly divided
    "forked": World({"S": "0.5 a X . | 0.3 a Y b . | 0.2 b .", "X": "0.6 a | 0.4 b", "Y": "1 c"}),
}
every_world = pytest.mark.parametrize("name", WORLDS)


@cache
def sentences(name):
    """[(ids, probability)], by expanding the rules bottom up, without the automaton."""
    world = WORLDS[name]

    @cache
    def expand(symbol):
        if symbol not in world.rules:
            return [((world.vocab.id(symbol),), 1.0)]
        found = []
        for alternative in world.rules[symbol].split("|"):
            weight, *symbols = alternative.split()
            partial = [((), float(weight))]
            for part in map(expand, symbols):
                partial = [(a + b, p * q) for a, p in partial for b, q in part]
            found += partial
        return found

    return expand("S")


def of_length(name, length):
    """All sentences of so many tokens that the world can say, with their probabilities."""
    return [(ids, p) for ids, p in sentences(name) if len(ids) == length]


def enumerated(candidates, weight, place, vocab_size):
    """P(token at the place), candidate texts weighed by `weight(ids) * probability`."""
    row = np.zeros(vocab_size)
    for ids, p in candidates:
        row[ids[place]] += p * weight(ids)
    return row / row.sum() if row.any() else row


def test_beliefs_by_hand():
    world = WORLDS["forked"]
    ids = world.vocab.encode("a b .")
    found = belief_states(world, [ids, ids[:1]])
    # after "a" the world is before X with 5/8, before Y b with 3/8; b then can only be X's
    assert sorted(found[0, 1][found[0, 1] > 0]) == pytest.approx([3 / 8, 5 / 8])
    assert found[0, 0, 0] == found[0, 3, 0] == 1
    assert found[0, 2].max() == 1
    assert np.array_equal(found[0, :2], found[1, :2])
    assert np.all(np.isnan(found[1, 2:]))


@every_world
def test_beliefs_are_shares_of_paths(name):
    """Every path of the automaton, one by one: how much of a prefix's probability has led to each state."""
    world, paths = WORLDS[name], [((), 0, 1.0)]
    led = defaultdict(lambda: np.zeros(len(world.automaton.arcs)))
    for said, state, p in paths:
        led[said][state] += p
        if not said or said[-1] != world.end:
            paths += [
                ((*said, arc.token), arc.state, p * arc.probability) for arc in world.automaton.arcs[state]
            ]
    prefixes = list(led)
    found = belief_states(world, prefixes)
    for row, prefix in zip(found, prefixes):
        np.testing.assert_allclose(row[len(prefix)], led[prefix] / led[prefix].sum(), atol=1e-12)


@every_world
def test_a_belief_tells_all_that_the_prefix_tells(name):
    """The next token from beliefs, by the arcs, equals the shares of listed sentences that begin so."""
    world = WORLDS[name]
    arcs = np.zeros((len(world.automaton.arcs), world.vocab_size))
    for state, row in enumerate(world.automaton.arcs):
        for arc in row:
            arcs[state, arc.token] += arc.probability
    after = defaultdict(lambda: np.zeros(world.vocab_size))
    for ids, p in sentences(name):
        for t in range(len(ids)):
            after[ids[:t]][ids[t]] += p
    found = belief_states(world, list(after))
    for row, (prefix, shares) in zip(found, after.items()):
        np.testing.assert_allclose(row[len(prefix)] @ arcs, shares / shares.sum(), atol=1e-12)


def test_a_new_sentence_begins_anew_and_the_impossible_leaves_nothing():
    world = agreement(1)
    first, second = world.sample(2, np.random.default_rng(0))
    found = belief_states(world, [first + second, second, [world.end, *second]])
    np.testing.assert_allclose(found[0, len(first) : len(first + second) + 1], found[1, : len(second) + 1])
    assert found[2, 0, 0] == 1
    assert np.all(found[2, 1 : len(second) + 2] == 0)


@every_world
def test_fill_ins_equal_the_enumeration_of_all_sentences(name):
    """Hidden places of all sorts in some sentences, against every sentence that fits what is shown."""
    world, rng = WORLDS[name], np.random.default_rng(1)
    texts = [ids for ids, _ in sentences(name)]
    chosen = [texts[i] for i in rng.permutation(len(texts))[:12]]
    cases = [(ids, hidden) for ids in chosen for hidden in itertools.product([False, True], repeat=len(ids))]
    cases = [cases[i] for i in rng.permutation(len(cases))[:400]]
    found = masked_posteriors(world, *zip(*cases))
    fitting = cache(lambda length: of_length(name, length))
    for row, (ids, hidden) in zip(found, cases):
        for place in range(len(ids)):
            shown = [t for t, hide in enumerate(hidden) if not hide and t != place]
            alike = [
                case for case in fitting(len(ids)) if all(case[0][t] == ids[t] for t in shown)
            ]  # the sentences that agree with what is shown
            expected = enumerated(alike, lambda _: 1.0, place, world.vocab_size)
            np.testing.assert_allclose(row[place], expected, atol=1e-12)
        assert np.all(np.isnan(row[len(ids) :]))


def test_the_end_may_be_hidden_and_its_place_tells_nothing_in_one_sentence():
    world = five_words()
    ids = world.vocab.encode("the mouse ate the cheese .")
    hidden = [False] * 5 + [True]
    assert masked_posteriors(world, [ids], [hidden])[0, 5, world.end] == 1
    # where all is hidden, sentences of six tokens are weighed by hand: 0.7·0.8, 0.2·0.7, 0.1·0.4
    row = masked_posteriors(world, [ids], [[True] * 6])[0, 1]
    weights = np.array([0.7 * 0.8, 0.2 * 0.7, 0.1 * 0.4])
    subjects = world.vocab.encode("mouse cheese ball")
    np.testing.assert_allclose(row[subjects], weights / weights.sum(), atol=1e-12)


def test_the_verb_is_known_from_both_sides():
    """Chapter 3's long distance, from the other end: a hidden subject's number is read off the verb."""
    world = agreement(1)
    ids = world.vocab.encode("the mice near the cat sleep .")
    row = masked_posteriors(world, [ids], [[t == 1 for t in range(len(ids))]])[0, 1]
    plural = world.vocab.encode("mice cats dogs birds")
    assert row[plural].sum() == pytest.approx(1)
    np.testing.assert_allclose(row[plural], np.array([1, 1 / 2, 1 / 3, 1 / 4]) / (25 / 12))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_evidence_is_weighed_as_bayes_says(data):
    name = data.draw(st.sampled_from(["five words", "agreement 0", "forked"]))
    world, length = WORLDS[name], data.draw(st.sampled_from([3, 4]))
    cells = st.integers(0, 3)
    evidence = np.array([[data.draw(cells) for _ in range(world.vocab_size)] for _ in range(length)])
    found = given_the_rest(world, evidence[None])[0]
    for place in range(length):

        def weight(ids, place=place):
            return np.prod([evidence[t, token] for t, token in enumerate(ids) if t != place])

        expected = enumerated(of_length(name, length), weight, place, world.vocab_size)
        np.testing.assert_allclose(found[place], expected, atol=1e-12)


@pytest.mark.parametrize("name", ["five words", "forked"])
def test_the_optimum_of_bert_is_bayes_over_all_corruptions(name):
    """By listing, for each sentence and each set of chosen places, how it may have been made of it."""
    world, mask = WORLDS[name], WORLDS[name].vocab_size
    rate, masked, random = 0.3, 0.6, 0.3
    v = world.vocab_size

    def shows(token, seen, chosen):
        if not chosen:
            return (1 - rate) * (seen == token)
        return rate * (
            masked * (seen == mask) + (seen != mask) * (random / v + (1 - masked - random) * (seen == token))
        )

    rng = np.random.default_rng(2)
    texts = [ids for ids, _ in sentences(name)]
    inputs = [
        [
            mask if u < 0.3 else int(rng.integers(v)) if u < 0.5 else token
            for token, u in zip(ids, rng.random(9))
        ]
        for ids in texts
    ]
    found = corrupted_posteriors(world, inputs, mask, rate, masked, random)
    for row, seen in zip(found, inputs):
        for place in range(len(seen)):
            expected = np.zeros(v)
            for ids, p in of_length(name, len(seen)):
                for chosen in itertools.product([False, True], repeat=len(ids)):
                    if chosen[place]:
                        expected[ids[place]] += p * np.prod([*map(shows, ids, seen, chosen)])
            np.testing.assert_allclose(row[place], expected / expected.sum(), atol=1e-12)


def test_without_random_tokens_seeing_is_believing():
    world = agreement(1)
    texts = world.sample(20, np.random.default_rng(3))
    hidden = [np.random.default_rng([4, i]).random(len(ids)) < 0.4 for i, ids in enumerate(texts)]
    inputs = [[22 if h else token for token, h in zip(ids, row)] for ids, row in zip(texts, hidden)]
    optimum = corrupted_posteriors(world, inputs, 22, masked=1, random=0)
    plain = masked_posteriors(world, texts, hidden)
    for a, b, row in zip(optimum, plain, hidden):
        np.testing.assert_allclose(a[: len(row)][row], b[: len(row)][row], atol=1e-12)


def test_large_batches_are_taken_in_parts(monkeypatch):
    world = knowledge()
    texts = world.sample(60, np.random.default_rng(5))
    hidden = [np.arange(len(ids)) == 1 for ids in texts]
    whole = masked_posteriors(world, texts, hidden), belief_states(world, texts)
    monkeypatch.setattr("lmcourse.world.belief.CELLS", 7 * 2289)
    np.testing.assert_array_equal(masked_posteriors(world, texts, hidden), whole[0])
    np.testing.assert_array_equal(belief_states(world, texts), whole[1])


def test_no_texts_and_empty_ones():
    world = five_words()
    assert belief_states(world, []).shape == (0, 1, 14)
    assert belief_states(world, [[]]).tolist() == [[[1.0] + [0.0] * 13]]
    assert masked_posteriors(world, [], []).shape == (0, 0, 6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: belief_states(w, [[6]]), "token id 6"),
        (
            lambda w: masked_posteriors(w, [[0, 1]], [[True]]),
            "hidden says it of 1 tokens of a text that has 2",
        ),
        (lambda w: masked_posteriors(w, [[0]], []), "hidden has 0 rows for 1 texts"),
        (lambda w: corrupted_posteriors(w, [[0]], 5), "mask=5 is one of the world's own tokens; use 6"),
        (lambda w: corrupted_posteriors(w, [[0]], 6, masked=0.8, random=0.3), "masked=0.8, random=0.3"),
        (lambda w: given_the_rest(w, np.ones((1, 2, 5))), r"must be \(B, T, 6\)"),
        (lambda w: given_the_rest(w, -np.ones((1, 2, 6))), "none below zero"),
        (lambda w: given_the_rest(w, np.ones((1, 2, 6)), [3]), r"lengths=\[3\]"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(five_words())
