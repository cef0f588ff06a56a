"""The best answers: by hand where it is short, by counting many spoilt texts where it is not."""

from collections import Counter

import numpy as np
import pytest

from lmcourse.transformer import noise, objectives, optimum
from lmcourse.transformer.batches import Specials
from lmcourse.world import World, five_words

# a and b in any order: where a word stood, once others are gone, can only be guessed
LETTERS = World({"S": "0.6 L L L L . | 0.4 L L L L L L .", "L": "0.7 a | 0.3 b"})
TWO = World({"S": "0.5 the dog sleeps . | 0.5 the dog near the cat sleeps ."})
DRAWS = 30_000


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def specials_of(world):
    return Specials(world.vocab_size, n_sentinels=5)


def words(world, text):
    return world.vocab.encode(text)


def test_the_sentences_are_all_there_with_their_probabilities():
    sentences = optimum.Sentences(five_words())
    assert sum(len(probs) for _, probs in sentences.by_length.values()) == 12
    ids, probs = sentences.padded(99)
    assert probs.sum() == pytest.approx(1)
    assert (
        (ids != 99).sum(axis=1) == np.argmax(np.pad(ids, ((0, 0), (0, 1)), constant_values=99) == 99, 1)
    ).all()


def test_where_a_prefix_ends_tells_of_the_length():
    """1/2 · 1/3 against 1/2 · 1/6: of four tokens there are three cuts, of seven six."""
    sp = specials_of(TWO)
    text = words(TWO, "the dog sleeps .")
    inputs, targets, counts, visible = objectives.causal_lm([text], sp)
    counts = counts & (np.arange(4) >= 2)  # the prefix: begin, the, dog
    found = optimum.prefix_optimum(
        objectives.Batch(inputs, targets, counts, visible), optimum.Sentences(TWO), sp
    )
    sleeps, near = words(TWO, "sleeps near")
    assert found[0][[sleeps, near]] == pytest.approx([2 / 3, 1 / 3])
    assert found[1][TWO.end] == pytest.approx(1)


def test_the_causal_optimum_is_the_world(rng):
    world = five_words()
    sp = specials_of(world)
    texts = world.sample(20, rng)
    found = optimum.causal_optimum(objectives.causal_lm(texts, sp), optimum.Sentences(world), sp)
    contexts = [text[:t] for text in texts for t in range(len(text))]
    np.testing.assert_allclose(
        found[:, : world.vocab_size], np.exp(world.next_log_probs(contexts)), atol=1e-12
    )


def test_an_order_in_which_all_else_was_seen():
    """Of five words' sentences only those of four or six tokens: three or five seen tell the length."""
    world = five_words()
    sp = specials_of(world)
    text = words(world, "the mouse ate the cheese .")
    batch = objectives.permutation_lm([text] * 40, sp, np.random.default_rng(0))
    found = optimum.permutation_optimum(batch, optimum.Sentences(world), sp)
    for row, place in enumerate(np.nonzero(batch.counts)[1]):
        if place == 1:  # mouse .7 · .65, cheese .2 · .1, ball .1 · .15 before "ate the cheese ."
            said = found[row][words(world, "mouse cheese ball")]
            assert said == pytest.approx(np.array([0.455, 0.02, 0.015]) / 0.49)
            return
    pytest.fail("no order asked for place 1")


@pytest.mark.parametrize("rate", [0.2, 0.4, 0.6])
def test_spans_are_as_likely_as_in_many_draws(rng, rate):
    chances = optimum.span_lengths(6, rate, 2.0)
    assert sum(chances.values()) == pytest.approx(1)
    drawn = Counter(tuple(noise.poisson_spans(6, rate, 2.0, rng)) for _ in range(DRAWS))
    assert set(drawn) <= set(chances)
    for lengths, n in drawn.most_common(8):
        error = (chances[lengths] * (1 - chances[lengths]) / DRAWS) ** 0.5
        assert n / DRAWS == pytest.approx(chances[lengths], abs=5 * error)


def test_how_many_were_seen_tells_the_length():
    """Three seen before one is asked for: four tokens, so that after "the mouse ate" comes the end."""
    world = five_words()
    sp = specials_of(world)
    batch = objectives.permutation_lm([words(world, "the mouse ate .")] * 40, sp, np.random.default_rng(0))
    found = optimum.permutation_optimum(batch, optimum.Sentences(world), sp)
    (rows,) = np.nonzero(np.nonzero(batch.counts)[1] == 3)
    assert len(rows)
    np.testing.assert_allclose(found[rows, world.end], 1)


SPOILERS = {
    "spans": (
        lambda texts, sp, rng: objectives.span_corruption(texts, sp, rng, 0.5, 1.5),
        lambda batch, sentences, sp: optimum.span_optimum(batch, sentences, sp, 0.5, 1.5),
    ),
    "infilling": (
        lambda texts, sp, rng: objectives.denoising(texts, sp, rng, 0.4, 2.0),
        lambda batch, sentences, sp: optimum.infill_optimum(batch, sentences, sp, 0.4, 2.0),
    ),
}


@pytest.mark.parametrize("kind", SPOILERS)
def test_the_optimum_is_what_one_counts_in_many_spoilt_texts(rng, kind):
    """Of frequent sources: how often each answer came, against the product along the optimum."""
    make, best = SPOILERS[kind]
    world = LETTERS
    sp, sentences = specials_of(world), optimum.Sentences(world)
    batch = make(world.sample(DRAWS, rng), sp, rng)
    both = [
        (tuple(s[s != sp.pad].tolist()), tuple(t[t != sp.pad].tolist()))
        for s, t in zip(batch.sources, batch.targets)
    ]
    answers: dict[tuple, Counter] = {}
    for source, target in both:
        answers.setdefault(source, Counter())[target] += 1
    frequent = sorted(answers.items(), key=lambda item: -item[1].total())[:40]
    ambiguous = 0
    for source, found in frequent:
        n = found.total()
        for target, m in found.most_common(8):
            one = objectives.pairs([source], [target], sp)
            rows = best(one, sentences, sp)
            p = np.prod(rows[np.arange(len(target)), list(target)])
            ambiguous += 0.05 < p < 0.95
            assert m == pytest.approx(n * p, abs=4 + 5 * (n * p * (1 - p)) ** 0.5)
    assert ambiguous > 20


def test_an_impossible_target_is_named():
    with pytest.raises(ValueError, match="token 1 is impossible"):
        optimum.along(np.array([[0, 1]]), np.ones(1), [0, 0], 2)
