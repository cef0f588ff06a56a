"""What the page looks at: each beginning stands where it is said to stand, with its own belief."""

import numpy as np
import torch

from lmcourse.experiments import depths, inside


def test_places_hold_each_beginning_with_its_belief():
    at, world = inside.places(), depths.world()
    assert len(set(at.texts)) == len(at.texts) == len(at.rows)
    for i in np.random.default_rng(0).choice(len(at.texts), 30, replace=False):
        row, column = int(at.rows[i]), int(at.columns[i])
        assert at.token_ids[row, : column + 1].tolist() == [world.end, *at.texts[i]]
        said = sum(
            p * np.array([arc.token == t for t in range(world.vocab_size)]) * arc.probability
            for p, arcs in zip(at.beliefs[i], world.automaton.arcs)
            for arc in arcs
        )
        np.testing.assert_allclose(said, at.truth[i], atol=1e-12)
    # a sentence has one place for each of its tokens, the full stop included
    np.testing.assert_allclose(at.visits.sum(), world.expected_length())


def test_vectors_are_what_the_network_has_after_the_beginning_alone():
    at = inside.places()
    for model in inside.KEPT:
        network = inside.build(model, np.random.default_rng(0)).eval()
        found = inside.vectors(network)
        for i in (0, 5, 2000, 20_000):
            ids = torch.tensor([[depths.world().end, *at.texts[i]]])
            with torch.no_grad():
                if model == "lstm":
                    expected = [part[0] for part in network.read(ids, network.start(1))[1][0]]
                else:
                    layers: list = []
                    network.hidden(ids, stream=layers)
                    expected = [x[0, -1] for x in layers]
            assert len(found) == len(expected)
            for x, y in zip(found, expected):
                np.testing.assert_allclose(x[i], y, atol=1e-5)


def test_drawn_phrases_are_told_right():
    world = depths.world()
    drawn = inside.draw_phrases(2, 20)
    for ids, end, plural, others in zip(*drawn):
        words = world.vocab.decode(ids[1 : end + 1].tolist()).split()
        assert (words[1] in "mice cats dogs birds".split()) == plural
        nouns = [i for i, word in enumerate(words, 1) if word in " ".join(depths.FORMS["noun"]).split()]
        assert nouns[0] == 2
        assert np.flatnonzero(others).tolist() == nouns[1:]
        assert len(nouns) == 3


def test_networks_of_the_experiment_have_about_as_many_parameters():
    for model in inside.MODELS:
        network = inside.build(model, np.random.default_rng(0))
        assert abs(sum(p.numel() for p in network.parameters()) - 10_000) < 300
