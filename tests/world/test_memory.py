"""A world through a window: against listed windows, divergence by sentences, and counts in the limit."""

import math
from collections import defaultdict

import numpy as np
import pytest

from lmcourse.ngram import NgramModel, maximum_likelihood
from lmcourse.world import (
    ShortMemory,
    World,
    agreement,
    every_window,
    five_words,
    knowledge,
    memory_entropies,
    stationary,
)

# Two sentences, "a ." and "b c .", equally likely: 5 tokens for two sentences.
TINY = World({"S": "0.5 a . | 0.5 b c ."}, name="tiny")


def windows(world, n):
    """{n tokens: share of the stream's windows}, from lists of sentences end to end; no automaton."""
    found, sentences = defaultdict(float), list(world.sentences().items())
    length = sum(p * len(s.split()) for s, p in sentences)

    def grow(tokens, offset, p):
        if len(tokens) >= offset + n:
            found[tuple(tokens[offset : offset + n])] += p / length
            return
        for s, q in sentences:
            grow([*tokens, *s.split()], offset, p * q)

    for s, p in sentences:
        for offset in range(len(s.split())):
            grow(s.split(), offset, p)
    return found


def conditional_entropy(world, n):
    """H(X_n | X_1 … X_{n-1}) in nats, as a difference of two entropies of blocks."""
    blocks = [0.0, 0.0]
    for i, size in enumerate((n - 1, n)):
        blocks[i] = -sum(p * math.log(p) for p in windows(world, size).values()) if size else 0.0
    return blocks[1] - blocks[0]


def test_the_tiny_world_by_hand():
    # A sentence begins at 2 tokens of 5; after a or c (2 of 5) only "." can come; after b (1 of 5) only c.
    assert sorted(stationary(TINY)) == pytest.approx([0.2, 0.4, 0.4])
    # F_1: a, b, c a fifth each, "." two fifths. F_2: only after "." (2 of 5) is there a choice, of one bit.
    f1, f2, f3 = memory_entropies(TINY, 3)
    assert f1 == pytest.approx(-3 * 0.2 * math.log(0.2) - 0.4 * math.log(0.4))
    assert f2 == f3 == pytest.approx(0.4 * math.log(2)) == pytest.approx(TINY.entropy_rate())
    model = ShortMemory(TINY, 1)
    assert dict(zip("abc.", model.next_probs("a"))) == pytest.approx({"a": 0.2, "b": 0.2, "c": 0.2, ".": 0.4})


@pytest.mark.parametrize("world", [TINY, five_words(), agreement(0)], ids=lambda world: world.name)
def test_entropies_equal_those_of_listed_windows(world):
    found = memory_entropies(world, 3)
    for n in (1, 2, 3):
        assert found[n - 1] == pytest.approx(conditional_entropy(world, n), abs=1e-10)


@pytest.mark.parametrize("world", [five_words(), agreement(1), knowledge()], ids=lambda world: world.name)
def test_divergence_by_sentences_is_the_excess_entropy(world):
    entropies = memory_entropies(world, 5)
    assert all(a >= b - 1e-12 for a, b in zip(entropies, entropies[1:]))  # more memory never hurts
    for n in (1, 2, 4):
        kl = world.kl_divergence(ShortMemory(world, n)) / world.expected_length()
        assert kl == pytest.approx(entropies[n - 1] - world.entropy_rate(), abs=1e-10)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_four_more_tokens_of_memory_for_each_level_of_nesting(depth):
    world = agreement(depth)
    gaps = np.array(memory_entropies(world, 4 * depth + 2)) - world.entropy_rate()
    assert gaps[-1] == pytest.approx(0, abs=1e-9)
    assert np.all(gaps[:-1] > 1e-4)


def test_rows_are_the_shares_in_listed_windows():
    world = five_words()
    shares, model = windows(world, 3), ShortMemory(world, 3)
    context = world.vocab.encode("ate the cheese the ball")  # only "the ball" is in the window
    after = {w: shares.get(("the", "ball", w), 0.0) for w in world.vocab.tokens}
    total = sum(after.values())
    expected = [after[w] / total for w in world.vocab.tokens]
    assert model.next_probs(context) == pytest.approx(expected)
    assert np.all(np.isneginf(model.next_log_probs([world.vocab.encode("ate ate")])))


def test_the_text_is_read_as_the_interface_says():
    world = agreement(1)
    model = ShortMemory(world, 4)
    ids = [t for s in world.sample(5, np.random.default_rng(0)) for t in s]
    rows = model.next_log_probs([ids[:i] for i in range(len(ids))])
    assert np.exp(rows).sum(1) == pytest.approx(np.ones(len(ids)))
    assert model.token_log_probs(ids) == pytest.approx(rows[np.arange(len(ids)), ids])


def test_counts_go_there_in_the_limit_of_data():
    world = five_words()
    lesson = [t for s in world.sample(40_000, np.random.default_rng(1)) for t in s]
    counted = NgramModel.fit(world.vocab, 3, [lesson], maximum_likelihood, start=world.end)
    limit = ShortMemory(world, 3)
    for context in ("the mouse", "ate the", "the cheese", ". the"):
        ids = world.vocab.encode(context)
        # at least 30,000 of each context: three standard errors are below 0.01
        assert counted.next_probs(ids) == pytest.approx(limit.next_probs(ids), abs=0.01)


def test_a_window_holds_at_least_the_token_itself():
    with pytest.raises(ValueError, match="order=0"):
        ShortMemory(TINY, 0)
    with pytest.raises(ValueError, match="longest=0"):
        memory_entropies(TINY, 0)


def test_every_window_by_hand():
    # the sentences "a ." and "b a ." equally often: tokens before which each window stands, of 2½ a sentence
    world = World({"S": "0.5 a . | 0.5 b a ."})
    found = every_window(world, 2)
    ids = {token: world.vocab.id(token) for token in "ab."}
    shares = dict(zip(found.contexts[:, 0].tolist(), found.shares))
    assert shares == pytest.approx({ids["."]: 1 / 2.5, ids["a"]: 1 / 2.5, ids["b"]: 0.5 / 2.5})
    rows = dict(zip(found.contexts[:, 0].tolist(), found.probs))
    assert rows[ids["."]][[ids["a"], ids["b"]]].tolist() == [0.5, 0.5]
    assert rows[ids["a"]][ids["."]] == rows[ids["b"]][ids["a"]] == 1


@pytest.mark.parametrize("world", [five_words(), agreement(2), knowledge()], ids=lambda w: w.name)
def test_every_window_has_the_entropy_that_memory_leaves(world):
    for n, entropy in enumerate(memory_entropies(world, 5), 1):
        if n > 1:
            contexts, shares, probs = every_window(world, n)
            assert len(np.unique(contexts, axis=0)) == len(contexts)
            own = -np.sum(shares[:, None] * probs * np.log(np.where(probs > 0, probs, 1)))
            assert own == pytest.approx(entropy, abs=1e-9)
            truth = np.exp(ShortMemory(world, n).next_log_probs([_said(c, world) for c in contexts.tolist()]))
            np.testing.assert_allclose(probs, truth, atol=1e-9)


def _said(window, world):
    """The tokens of a window without the end tokens that fill it."""
    return [token for token in window if token != world.end]
