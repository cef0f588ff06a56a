import math

import numpy as np
import pytest
import torch

from lmcourse.emergence.walks import Mice, answers, surprise
from lmcourse.experiments import walks_by_size
from lmcourse.neural.training import Recipe, train
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

FEW = Mice(np.array([[1, 2, 0], [0, 2, 1]]), np.array([2 / 3, 1 / 3]))


def test_walks_by_hand():
    # relation 0 leads on by one, relation 1 exchanges mice 1 and 2; mice are 0 1 2, relations 3 4, the sign 5
    relations = np.array([[0, 1], [1, 0]])
    assert FEW.visited(np.array([0, 2]), relations).tolist() == [[0, 1, 2], [2, 1, 2]]
    rows = FEW.walks(relations, np.random.default_rng(0))
    starts = rows.token_ids[:, 0]
    mice = FEW.visited(starts, relations)
    assert rows.token_ids.tolist() == [
        [m[0], 3 + r[0], m[1], 3 + r[1], m[2]] for m, r in zip(mice.tolist(), relations.tolist())
    ]
    assert rows.asked.tolist() == [[False, True, False, True]] * 2
    twice = FEW.at_once(relations, np.random.default_rng(0))
    assert twice.token_ids.tolist() == [
        [m[0], 3 + r[0], 3 + r[1], 5, m[2]] for m, r in zip(mice.tolist(), relations.tolist())
    ]
    assert twice.asked.tolist() == [[False, False, False, True]] * 2


def test_relations_come_as_often_as_they_should():
    mice = Mice.draw(5, 3, np.random.default_rng(0))
    np.testing.assert_allclose(mice.probs, [6 / 11, 3 / 11, 2 / 11])  # 1, 1/2, 1/3 over 11/6
    assert all(sorted(row) == list(range(5)) for row in mice.whose.tolist())
    drawn = mice.draw_relations(20_000, 3, np.random.default_rng(1))
    shares = np.bincount(drawn.ravel(), minlength=3) / drawn.size
    np.testing.assert_allclose(shares, mice.probs, atol=5 * 0.5 / 60_000**0.5)
    one = mice.draw_relations(100, 3, np.random.default_rng(1), one=True)
    assert (one == one[:, :1]).all()


def test_one_batch_by_heart_and_what_the_answers_say():
    rng = np.random.default_rng(0)
    rows = FEW.walks(FEW.draw_relations(12, 2, rng), rng)
    network = Transformer(Config(FEW.vocab_size, 16, 1, 2, 5)).draw(rng)
    right, log_probs = answers(network, rows)
    first = surprise(network, rows).item()
    assert first == pytest.approx(math.log(6), abs=1)
    targets = rows.token_ids[:, 2::2]
    picked = np.take_along_axis(log_probs, targets[..., None], axis=2)
    assert first == pytest.approx(-picked.mean(), rel=1e-5)
    train(network, lambda _: surprise(network, rows), Recipe(150, 0.02), progress=False)
    right, _ = answers(network, rows)
    assert right.all()
    assert surprise(network, rows).item() < 0.05
    alone = np.zeros_like(rows.asked)
    alone[0, 1] = True
    first_only = -answers(network, rows)[1][0, 0, rows.token_ids[0, 2]]
    assert surprise(network, rows, alone).item() == pytest.approx(first_only, rel=1e-3)


def test_what_the_experiment_measures_is_what_it_says():
    network = walks_by_size.build(4, 0)
    world = walks_by_size.mice()
    known = walks_by_size.facts_known(network)
    assert known.shape == (16, 64)
    with torch.no_grad():
        said = network(torch.tensor([[5, 64 + 3]]))[0, -1].argmax().item()
    assert known[3, 5] == (said == world.whose[3, 5])
    rng = np.random.default_rng(0)
    rows = world.walks(world.draw_relations(500, 8, rng), rng)
    found = walks_by_size.on_walks(network, rows)
    right, _ = answers(network, rows)
    assert found["all_right"][0] == pytest.approx(right[:, 0].mean())
    assert found["all_right"][-1] == pytest.approx(right.all(axis=1).mean())
    alone = [known[r, m] for r, m in zip(rows.relations[:, 0], rows.token_ids[:, 0])]
    assert found["by_facts"][0] == pytest.approx(np.mean(alone))
    assert found["surprise"] == pytest.approx(surprise(network, rows).item(), rel=1e-4)
    twice = world.at_once(world.draw_relations(50, 8, rng), rng)
    held = walks_by_size.kept_from_training(twice)
    r = twice.relations[7]
    assert held[7, 1] == walks_by_size.held_out()[twice.token_ids[7, 4], r[2], r[3]]


def test_an_odd_walk_cannot_be_taken_two_at_once():
    with pytest.raises(ValueError, match="3 steps cannot be taken two at once"):
        FEW.at_once(np.zeros((1, 3), dtype=int), np.random.default_rng(0))
