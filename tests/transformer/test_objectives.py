"""Objectives: batches by hand and by property, shares by exact bounds, the optimum in a world."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from chances import is_likely
from hypothesis import given
from hypothesis import strategies as st

from lmcourse.transformer.batches import Specials
from lmcourse.transformer.masks import causal, prefix
from lmcourse.transformer.objectives import (
    causal_lm,
    denoising,
    masked_lm,
    masking_rng,
    next_sentences,
    one_stack,
    permutation_lm,
    prefix_lm,
    span_corruption,
)
from lmcourse.world import agreement
from lmcourse.world.belief import corrupted_posteriors, masked_posteriors

S = Specials(10, n_sentinels=12)
PAD, MASK, BEGIN, SEP = 10, 11, 12, 13
TEXTS = [[1, 2, 3], [4, 5, 6, 7, 8], [9, 0]]
texts = st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=12), min_size=1, max_size=5)
seeds = st.integers(0, 99).map(np.random.default_rng)


def stripped(row):
    return [token for token in row.tolist() if token != PAD]


def test_specials_follow_the_words():
    ids = [S.pad, S.mask, S.begin, S.separator, *map(S.sentinel, range(12))]
    assert ids == list(range(10, S.size))
    with pytest.raises(ValueError, match="n_sentinels=12 is too few; sentinel 12 needs 13"):
        S.sentinel(12)
    with pytest.raises(ValueError, match="vocab_size=0"):
        Specials(0)


def test_the_causal_batch_by_hand():
    batch = causal_lm(TEXTS, S)
    assert batch.inputs.tolist() == [[BEGIN, 1, 2, 3, PAD], [BEGIN, 4, 5, 6, 7], [BEGIN, 9, 0, PAD, PAD]]
    assert batch.targets.tolist() == [[1, 2, 3, PAD, PAD], [4, 5, 6, 7, 8], [9, 0, PAD, PAD, PAD]]
    assert batch.counts.sum(1).tolist() == [3, 5, 2]
    assert np.array_equal(batch.visible, causal(5)[None])
    filled = causal_lm(batch.targets, S)  # an array that is filled up already is read the same
    assert all(np.array_equal(a, b) for a, b in zip(batch, filled))


def test_a_masked_batch_keeps_its_targets_and_hides_no_special():
    rows = [[BEGIN, 1, 2, 3, SEP], [BEGIN, 4, SEP]]
    batch = masked_lm(rows, S, np.random.default_rng(0), rate=1, masked=1, random=0)
    assert batch.inputs.tolist() == [[BEGIN, MASK, MASK, MASK, SEP], [BEGIN, MASK, SEP, PAD, PAD]]
    assert batch.targets.tolist() == [[*rows[0]], [*rows[1], PAD, PAD]]
    assert batch.counts.astype(int).tolist() == [[0, 1, 1, 1, 0], [0, 1, 0, 0, 0]]
    assert batch.visible.astype(int).tolist() == [[[1, 1, 1, 1, 1]], [[1, 1, 1, 0, 0]]]


def test_the_shares_of_bert():
    """15 % are chosen; of these 80 % hidden, 10 % + 10 %/V unchanged, the rest other words."""
    rng = np.random.default_rng(1)
    ids = rng.integers(10, size=(100, 200))
    batch = masked_lm(ids, S, rng)
    n = int(batch.counts.sum())
    assert is_likely(n, ids.size, 0.15)
    assert np.array_equal(batch.inputs[~batch.counts], ids[~batch.counts])
    shown, said = batch.inputs[batch.counts], batch.targets[batch.counts]
    assert is_likely(int((shown == MASK).sum()), n, 0.8)
    assert is_likely(int((shown == said).sum()), n, 0.1 + 0.1 / 10)
    assert is_likely(int(((shown != said) & (shown != MASK)).sum()), n, 0.1 - 0.1 / 10)


def test_static_patterns_come_again_and_dynamic_ones_do_not():
    def pattern(epoch, copies):
        return masked_lm(np.ones((4, 30), int), S, masking_rng(7, epoch, copies)).inputs.tobytes()

    static = Counter(pattern(epoch, 10) for epoch in range(40))
    assert sorted(static.values()) == [4] * 10  # the paper's figures: 40 epochs, each pattern four times
    assert len({pattern(epoch, None) for epoch in range(40)}) == 40


def test_sentence_pairs_by_hand():
    pairs = next_sentences([[[1], [2, 3], [4]], [[5, 5, 5]]], S, np.random.default_rng(0))
    next_or_not = [
        [[BEGIN, 1, SEP, 2, 3, SEP], [BEGIN, 1, SEP, 5, 5, 5, SEP]],
        [[BEGIN, 2, 3, SEP, 4, SEP], [BEGIN, 2, 3, SEP, 5, 5, 5, SEP]],
    ]
    for row, label, (real, other) in zip(pairs.inputs, pairs.is_next, next_or_not):
        assert stripped(row) == (real if label else other)
    for row, segments, visible in zip(pairs.inputs, pairs.segments, pairs.visible):
        second = row.tolist().index(SEP) + 1
        assert segments.tolist() == [0] * second + [1] * (len(stripped(row)) - second) + [0] * (
            row.tolist().count(PAD)
        )
        assert np.array_equal(visible[0], row != PAD)


def test_half_of_the_pairs_are_next_and_the_others_come_from_anywhere_else():
    documents = [[[d], [d]] * 500 for d in range(4)]  # the words tell the document
    pairs = next_sentences(documents, S, np.random.default_rng(2))
    n = len(pairs.is_next)
    assert n == 4 * 999
    assert is_likely(int(pairs.is_next.sum()), n, 0.5)
    first, second = pairs.inputs[:, 1], pairs.inputs[:, 3]
    assert np.array_equal(first == second, pairs.is_next)
    apart = Counter(((second - first) % 4)[~pairs.is_next].tolist())
    assert all(is_likely(apart[k], sum(apart.values()), 1 / 3) for k in (1, 2, 3))


def test_pairs_need_somewhere_else():
    for documents in ([[[1], [2]]], [[[1]], [[2]]], [[[1], [2]], []]):
        with pytest.raises(ValueError, match="two documents or more"):
            next_sentences(documents, S, np.random.default_rng(0))


def mended(source, target):
    """The text from a source and a target of T5: each sentinel replaced by what follows it in the target."""
    spans, name = {}, None
    for token in target:
        if token >= S.sentinel(0):
            name = token
            spans[name] = []
        else:
            spans[name].append(token)
    return [token for shown in source for token in (spans[shown] if shown in spans else [shown])]


@given(texts, seeds, st.floats(0.05, 0.6), st.sampled_from([1, 2, 3]))
def test_spans_can_be_mended(rows, rng, rate, mean):
    batch = span_corruption(rows, S, rng, rate, mean)
    for i, text in enumerate(rows):
        source, target = stripped(batch.sources[i]), stripped(batch.targets[i])
        assert mended(source, target) == text
        names = [token for token in source if token >= S.sentinel(0)]
        assert names == [S.sentinel(k) for k in range(len(names))]
        assert [token for token in target if token >= S.sentinel(0)] == [*names, S.sentinel(len(names))]
        assert target[-1] == S.sentinel(len(names))
        # all tokens are on one side or the other, and the sentinels on both
        assert len(source) + len(target) == len(text) + 2 * len(names) + 1
        assert stripped(batch.inputs[i])[: len(target)] == [BEGIN, *target[:-1]]
        assert batch.counts[i].sum() == len(target)
    assert np.array_equal(batch.sources_visible[:, 0], batch.sources != PAD)
    assert np.array_equal(batch.visible, causal(batch.inputs.shape[1])[None])


def test_spans_need_sentinels_and_a_token_that_stays():
    with pytest.raises(ValueError, match="n_sentinels=1 is too few; sentinel 1 needs 2"):
        span_corruption([[1, 2]], Specials(10, 1), np.random.default_rng(0))
    with pytest.raises(ValueError, match="text 1 has 1 tokens, but needs 2"):
        span_corruption([[1, 2], [3]], S, np.random.default_rng(0))


@given(texts, seeds)
def test_denoising_asks_for_the_text_as_it_was(rows, rng):
    batch = denoising(rows, S, rng)
    for i, text in enumerate(rows):
        assert stripped(batch.targets[i]) == text
        source = stripped(batch.sources[i])
        assert not Counter(t for t in source if t != MASK) - Counter(text)
        assert sum(token != MASK for token in source) == len(text) - math.ceil(0.3 * len(text))
        assert batch.inputs[i, 0] == BEGIN


@given(texts, seeds)
def test_a_prefix_model_never_sees_what_it_is_to_say(rows, rng):
    batch = prefix_lm(rows, S, rng)
    for i, text in enumerate(rows):
        first = int(batch.counts[i].argmax())
        assert 1 <= first < len(text)
        assert batch.counts[i].tolist() == [first <= t < len(text) for t in range(batch.inputs.shape[1])]
        assert np.array_equal(batch.visible[i], prefix(batch.inputs.shape[1], first + 1))
        for t in np.flatnonzero(batch.counts[i]):
            assert batch.visible[i][t].tolist() == [p <= t for p in range(batch.inputs.shape[1])]


def test_all_cuts_of_a_prefix_are_equally_likely():
    n = 3_000
    batch = prefix_lm([[1, 2, 3, 4]] * n, S, np.random.default_rng(4))
    cuts = Counter(batch.counts.sum(axis=1).tolist())
    assert cuts.keys() == {1, 2, 3}
    assert all(is_likely(count, n, 1 / 3) for count in cuts.values())


def order_of(batch):
    """The order, found again: the n-th place sees n places in the content stream, itself included."""
    return batch.content_visible.sum(axis=2).argsort(axis=1)


@given(texts, seeds, st.sampled_from([2, 3, 6]))
def test_permutation_visibility_by_its_definition(rows, rng, one_in):
    batch = permutation_lm(rows, S, rng, one_in)
    for i, text in enumerate(rows):
        n, order = len(text), order_of(batch)[i].tolist()
        assert sorted(order[:n]) == list(range(n))
        asked = order[n - max(n // one_in, 1) : n]
        assert sorted(asked) == np.flatnonzero(batch.counts[i]).tolist()
        for place in range(n):
            before = set(order[: order.index(place)])
            assert set(np.flatnonzero(batch.content_visible[i, place])) == before | {place}
            seen = set(np.flatnonzero(batch.query_visible[i, place]))
            assert seen == (before if place in asked else before | {place})
    assert batch.content_visible.any(axis=-1).all()
    assert batch.query_visible.any(axis=-1).all()


def test_permutation_of_four_by_hand():
    class Order:
        """Gives the order 3, 2, 4, 1 of XLNet's figures, counted from 0."""

        def random(self, shape):
            assert shape == (1, 4)
            return np.array([[0.9, 0.2, 0.1, 0.5]])

    batch = permutation_lm([[5, 6, 7, 8]], S, Order(), one_in=2)
    assert order_of(batch).tolist() == [[2, 1, 3, 0]]
    assert batch.counts.astype(int).tolist() == [[1, 0, 0, 1]]  # the last two of the order
    assert batch.content_visible[0].astype(int).tolist() == [
        [1, 1, 1, 1],
        [0, 1, 1, 0],
        [0, 0, 1, 0],
        [0, 1, 1, 1],
    ]
    assert batch.query_visible[0].astype(int).tolist() == [
        [0, 1, 1, 1],  # asked: all but itself
        [0, 1, 1, 0],  # not asked: as above
        [0, 0, 1, 0],
        [0, 1, 1, 0],  # asked: the two before it
    ]


def test_all_orders_are_equally_likely():
    n = 6_000
    batch = permutation_lm([[1, 2, 3]] * n, S, np.random.default_rng(5))
    orders = Counter(map(tuple, order_of(batch).tolist()))
    assert orders.keys() == set(itertools.permutations(range(3)))
    assert all(is_likely(count, n, 1 / 6) for count in orders.values())


def test_bert_at_its_optimum_is_calibrated_in_the_mouse_world():
    """Objective and truth fit: what `masked_lm` asks for comes as often as the exact optimum says."""
    world, rng = agreement(1), np.random.default_rng(6)
    sentences = world.sample(3_000, rng)
    specials = Specials(world.vocab_size)
    batch = masked_lm(sentences, specials, rng, rate=0.3)
    inputs = [row[: len(ids)].tolist() for row, ids in zip(batch.inputs, sentences)]
    optimum = corrupted_posteriors(world, inputs, specials.mask, rate=0.3)[batch.counts]
    said = batch.targets[batch.counts]
    comes = np.eye(world.vocab_size)[said]
    for groups in (np.ones(len(said), bool), batch.inputs[batch.counts] != specials.mask):
        p, was = optimum[groups], comes[groups]
        deviation = np.sqrt((p * (1 - p)).sum(axis=0))
        z = (was - p).sum(axis=0) / np.where(deviation > 0, deviation, 1)
        assert np.abs(z).max() < 4.5
    # believing what is seen is worse: a random word in sight may even rule the truth out
    credulous = masked_posteriors(
        world,
        [[t if t < world.vocab_size else 0 for t in row] for row in inputs],
        [[t == specials.mask for t in row] for row in inputs],
    )[batch.counts]
    assert np.all(optimum[np.arange(len(said)), said] > 0)
    assert np.any(credulous[np.arange(len(said)), said] == 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: masked_lm(TEXTS, S, rng, rate=0), "rate=0"),
        (lambda rng: masked_lm(TEXTS, S, rng, masked=0.9, random=0.2), "masked=0.9, random=0.2"),
        (lambda rng: masked_lm([[1], []], S, rng), "text 1 has 0 tokens, but needs 1"),
        (lambda rng: masked_lm([[1, S.size]], S, rng), f"text 0 holds .*from 0 to {S.size - 1}"),
        (lambda rng: masked_lm([[0.5]], S, rng), "text 0 holds"),
        (lambda rng: causal_lm([], S), "at least one text"),  # noqa: ARG005
        (lambda rng: prefix_lm([[1]], S, rng), "text 0 has 1 tokens, but needs 2"),
        (lambda rng: permutation_lm(TEXTS, S, rng, one_in=1), "one_in=1"),
        (lambda rng: masking_rng(0, 0, copies=0), "copies=0"),  # noqa: ARG005
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))


def test_two_streams_in_one_stack_blanks_see_the_text_and_themselves_and_nobody_sees_a_blank():
    batch = permutation_lm([[0, 1, 2, 3]], S, np.random.default_rng(0), one_in=2)
    both, positions = one_stack(batch, S)
    visible = both.visible[0]
    np.testing.assert_array_equal(visible[:4, :4], batch.content_visible[0])
    np.testing.assert_array_equal(visible[4:, :4], batch.query_visible[0])
    np.testing.assert_array_equal(visible[4:, 4:], np.eye(4, dtype=bool))
    assert not visible[:4, 4:].any()
    assert both.inputs.tolist() == [[0, 1, 2, 3, *[MASK] * 4]]
    assert positions.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert both.targets[both.counts].tolist() == batch.targets[batch.counts].tolist()
    assert both.counts[0, :4].sum() == 0
