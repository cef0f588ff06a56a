"""Agreement at depths: the phrases are those of the grammar, and models whose numbers are known get them."""

import math

import numpy as np
import pytest
import torch

from lmcourse.experiments import depths
from lmcourse.experiments.contexts import Contexts
from lmcourse.experiments.memory_spans import excess
from lmcourse.model import UniformModel
from lmcourse.ngram import NgramModel
from lmcourse.world import ShortMemory, agreement


def test_phrases_are_what_the_grammar_says_before_a_main_verb():
    """Of `agreement(2)`: sentences by how often *near* and *that* stand in them, given that number."""
    for depth in (0, 1, 2):
        expected: dict[str, float] = {}
        for text, p in agreement(2).sentences().items():
            words = text.split()
            if words.count("near") + words.count("that") == depth:
                phrase = " ".join(words[:-2])
                expected[phrase] = expected.get(phrase, 0) + p
        total = sum(expected.values())
        asked = depths.phrases(depth)
        found = {depths.world().vocab.decode(list(t)): p for t, p in zip(asked.contexts.texts, asked.probs)}
        assert found == pytest.approx({phrase: p / total for phrase, p in expected.items()})


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_a_phrase_is_plural_if_its_first_noun_is(depth):
    asked = depths.phrases(depth)
    plural = set(depths.world().vocab.encode("mice cats dogs birds"))
    np.testing.assert_array_equal(asked.plural, [text[1] in plural for text in asked.contexts.texts])
    near, that = depths.world().vocab.encode("near that")
    assert {text.count(near) + text.count(that) for text in asked.contexts.texts} == {depth}
    assert asked.probs.sum() == pytest.approx(1)


def test_the_deeper_world_knows_the_number_and_a_guesser_pays_a_bit():
    asked = depths.phrases(3)
    few = np.random.default_rng(0).choice(len(asked.probs), 200, replace=False)
    some = depths.Phrases(
        Contexts([asked.contexts.texts[i] for i in few]), asked.probs[few], asked.plural[few]
    )
    assert depths.number_bits(agreement(3), some) == pytest.approx(0, abs=1e-9)
    assert depths.number_bits(UniformModel(depths.world().vocab), some) == pytest.approx(1)


def test_the_parts_add_up_to_the_excess():
    model = ShortMemory(depths.world(), 6)
    split = depths.parts(model)
    assert sum(split.values()) == pytest.approx(excess(model))
    assert min(split.values()) > -1e-12
    assert depths.parts(depths.world()) == pytest.approx({"kind": 0, "number": 0, "word": 0}, abs=1e-12)


def test_who_does_not_know_the_number_loses_in_that_part_alone():
    """The world, but singular and plural of main verbs evenly mixed: one bit at each sentence's main verb.

    Kind and word, given both, are untouched: the verbs of both numbers have the weights 1, 1/2, 1/3.
    """

    class Undecided(type(depths.world())):
        def next_log_probs(self, contexts):
            probs = np.exp(super().next_log_probs(contexts))
            pairs = np.array([depths.world().vocab.encode(words) for words in depths.FORMS["main verb"]])
            probs[:, pairs] = probs[:, pairs].mean(axis=1, keepdims=True)
            with np.errstate(divide="ignore"):
                return np.log(probs)

    split = depths.parts(Undecided(depths.world().rules))
    assert split["number"] == pytest.approx(1 / depths.world().expected_length())
    assert (split["kind"], split["word"]) == pytest.approx((0, 0), abs=1e-12)


def test_the_world_never_opens_a_third_level_and_a_uniform_model_does():
    assert depths.opens(depths.world()) == 0
    assert depths.opens(UniformModel(depths.world().vocab)) == pytest.approx(2 / 22)


@pytest.mark.parametrize(("model", "order"), [("lstm", 0), ("rnn", 0), ("window", 10)])
def test_contexts_that_begin_alike_are_asked_as_each_alone(model, order):
    network = depths.build(model, order, np.random.default_rng(0))
    asked = depths.learn(network, depths.world().sample(20, np.random.default_rng(0)), seed=0, steps=1)
    texts = [[], [20], [20, 11], [11, 20], [20, 11, 12], [20, 11, 12, 20, 10], [20, 10], [11], [20, 11]]
    found = Contexts(texts).log_probs(asked)
    np.testing.assert_allclose(found, asked.next_log_probs(texts), atol=1e-5)
    with torch.no_grad():
        logits = network(torch.tensor([[depths.world().end, *texts[5]]]))[0, -1]
    np.testing.assert_allclose(found[5], logits.log_softmax(-1).numpy(), atol=1e-5)


def test_contexts_of_counts_are_cut_to_their_window():
    sentences = depths.world().sample(200, np.random.default_rng(0))
    model = NgramModel.fit(depths.world().vocab, 3, sentences, start=depths.world().end)
    texts = depths.phrases(2).contexts.texts[:50]
    np.testing.assert_allclose(Contexts(texts).log_probs(model), model.next_log_probs(texts))


def test_operations_count_products_and_sums_forwards_and_twice_backwards():
    """A plain network of 60: W and U of 60 x 60, O of 22 x 60; six for each and each token."""
    network = depths.build("rnn", 0, np.random.default_rng(0))
    assert depths.operations(network, 10) == 6 * (2 * 60 * 60 + 22 * 60) * 10


def test_networks_of_the_experiment_have_about_as_many_parameters():
    for model, order in [*(("window", n) for n in depths.HIDDEN), *((cell, 0) for cell in depths.WIDTHS)]:
        network = depths.build(model, order, np.random.default_rng(0))
        assert sum(p.numel() for p in network.parameters()) == pytest.approx(10_000, rel=0.015)
        start = network(torch.tensor([[depths.world().end]])).log_softmax(-1)
        assert start.mean().item() == pytest.approx(-math.log(22), abs=0.5)
