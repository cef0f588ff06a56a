import cmath
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from lmcourse.emergence.grokking import (
    RECIPE,
    Adder,
    filtered,
    first_step,
    frequency_power,
    learn,
    rule_means,
    rule_share,
    score,
    split,
    table,
    waves,
)


def test_the_table_holds_every_sum_once():
    whole = table(5)
    assert len(set(map(tuple, whole.pairs.tolist()))) == 25
    assert whole.pairs[3 * 5 + 4].tolist() == [3, 4]
    assert whole.sums[3 * 5 + 4] == 2  # 7 - 5
    seen, unseen = split(whole, 0.4, np.random.default_rng(0))
    assert len(seen.sums) == 10
    both = [*map(tuple, seen.pairs.tolist()), *map(tuple, unseen.pairs.tolist())]
    assert sorted(both) == [(a, b) for a in range(5) for b in range(5)]
    for part in (seen, unseen):
        assert all((a + b) % 5 == s for (a, b), s in zip(part.pairs.tolist(), part.sums.tolist()))


def test_the_network_by_hand():
    # D = 1, one hidden number: logits = w (u e[a] + v e[b])²; e = (1, 2, 3), u = 1, v = -2, w = (1, 0, 2)
    network = Adder(3, 1, 1)
    with torch.no_grad():
        network.embedding.weight.copy_(torch.tensor([[1.0], [2.0], [3.0]]))
        network.hidden.weight.copy_(torch.tensor([[1.0, -2.0]]))
        network.output.weight.copy_(torch.tensor([[1.0], [0.0], [2.0]]))
    logits = network(torch.tensor([[0, 1], [2, 0]]))  # 1 - 4 = -3, squared 9; 3 - 2 = 1
    np.testing.assert_allclose(logits.detach(), [[9, 0, 18], [1, 0, 2]])
    seen = type(table(3))(torch.tensor([[0, 1], [2, 0]]), torch.tensor([1, 2]))
    found = score(network, seen)
    assert found.accuracy == 0.5
    losses = [math.log(math.exp(9) + 1 + math.exp(18)), math.log(math.e + 1 + math.e**2) - 2]
    assert found.loss == pytest.approx(sum(losses) / 2, rel=1e-5)
    other = score(network, seen, torch.zeros(3, 1))  # all logits 0: ln 3, and the first answer is said
    assert other.loss == pytest.approx(math.log(3))


def test_frequencies_are_those_of_a_transform_by_hand():
    rng = np.random.default_rng(0)
    p, vectors = 7, rng.normal(size=(7, 3))
    # X_k = Σ_a x_a e^(-2πi k a / p), one column and one frequency at a time
    power = np.array(
        [
            sum(
                abs(sum(x * cmath.exp(-2j * cmath.pi * k * a / p) for a, x in enumerate(col))) ** 2
                for col in vectors.T
            )
            for k in (1, 2, 3)
        ]
    )
    np.testing.assert_allclose(frequency_power(vectors), power / power.sum())
    np.testing.assert_allclose(waves(7) @ waves(7).T, np.eye(7), atol=1e-12)
    angle = 2 * math.pi * 2 * np.arange(7) / 7
    np.testing.assert_allclose(frequency_power(np.sin(angle + 0.3)[:, None] + 5), [0, 1, 0], atol=1e-12)


def test_filtering_keeps_or_takes_away():
    vectors = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    kept, rest = filtered(vectors, [2]), filtered(vectors, [2], keep=False)
    np.testing.assert_allclose(frequency_power(kept), [0, 1, 0], atol=1e-6)
    assert frequency_power(rest)[1] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(kept + rest, vectors + vectors.mean(dim=0), rtol=1e-3, atol=1e-5)  # mean twice
    np.testing.assert_allclose(filtered(vectors, [1, 2, 3]), vectors, rtol=1e-3, atol=1e-6)


def test_the_share_of_the_rule():
    p, rng = 11, np.random.default_rng(0)
    a, b, c = np.ogrid[:p, :p, :p]
    rule = rng.normal(size=p)[(a + b - c) % p]
    assert rule_share(rule) == pytest.approx(1)
    assert rule_share(rule + rng.normal(size=(p, p, 1))) == pytest.approx(1)  # a shift says nothing
    noise = rng.normal(size=(p, p, p))
    assert rule_share(noise) < 5 / p**2
    # independent parts of the same variance within pairs: half
    mixed = rule / rule.std() + (noise - noise.mean(axis=2, keepdims=True)) / noise.std()
    assert rule_share(mixed) == pytest.approx(0.5, abs=0.05)


def test_a_list_known_by_heart_shares_the_rule_where_it_was_shown_and_not_elsewhere():
    whole = table(11)
    seen, unseen = split(whole, 0.4, np.random.default_rng(0))
    logits = np.zeros((11, 11, 11))
    logits[seen.pairs[:, 0], seen.pairs[:, 1], seen.sums] = 1
    a, b = unseen.pairs.T
    logits[a, b, (unseen.sums + 3) % 11] = 1  # answers that are 3 too large: c = a + b + 3
    assert rule_share(logits, seen.pairs) == pytest.approx(1)
    assert rule_means(logits, seen.pairs).argmax() == 0
    assert rule_means(logits, unseen.pairs).argmax() == 11 - 3
    n, m = len(seen.sums), len(unseen.sums)  # together: n ones at difference 0, m at 8
    means = np.zeros(11)
    means[[0, 8]] = n / 121, m / 121
    each = 1 - 1 / 11  # squares of a row with one 1, its mean taken off
    assert rule_share(logits) == pytest.approx(121 * ((means - 1 / 11) ** 2).sum() / (121 * each))


def test_a_small_one_groks_and_its_frequencies_carry_it():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    seen, unseen = split(table(17), 0.8, rng)
    network = Adder(17, 32, 64).draw(rng)
    looks = learn(network, seen, unseen, replace(RECIPE, steps=400, learning_rate=1e-2, judge_every=50))
    assert [look.step for look in looks[:3]] == [0, 50, 100]
    by_heart, rule = (first_step(looks, part, 0.97) for part in ("seen", "unseen"))
    assert by_heart is not None
    assert rule is not None
    assert by_heart < rule
    power = frequency_power(looks[-1].vectors)
    assert power.max() > 2 * frequency_power(looks[0].vectors).max() > 0
    every = list(range(1, 9))
    assert score(network, unseen, filtered(looks[-1].vectors, every)).accuracy == looks[-1].unseen.accuracy
    assert score(network, unseen, filtered(looks[-1].vectors, every, keep=False)).accuracy < 0.3
    network.load_state_dict(looks[0].weights)
    assert score(network, seen) == looks[0].seen
    assert first_step(looks, "unseen", 1.1) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split(table(5), 0.0, np.random.default_rng(0)), "share=0.0 of 25 sums"),
        (lambda: split(table(5), 1.0, np.random.default_rng(0)), "share=1.0 of 25 sums"),
        (lambda: waves(8), "p=8 must be odd"),
        (lambda: filtered(torch.zeros(7, 2), [4]), "frequency 4 is not from 1 to 3"),
        (lambda: table(1), "p"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
