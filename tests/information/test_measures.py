"""Measures of information against hand arithmetic, torch's functions and their identities."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcourse import information as info
from lmcourse.model import TableModel, UniformModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import agreement

weights = st.lists(st.integers(0, 50), min_size=2, max_size=8).filter(any)
tables = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 20), min_size=n, max_size=n), min_size=1, max_size=4).filter(
        lambda rows: any(map(any, rows))
    )
)


def normal(counts):
    counts = np.array(counts, dtype=float)
    return counts / counts.sum()


@pytest.mark.parametrize(
    ("p", "bits"), [(1, 0.0), (0.5, 1.0), (1 / 1024, 10.0), (0, math.inf), (1 / 3, 1.584962500721156)]
)
def test_surprisal_by_hand(p, bits):
    assert info.surprisal(p) == pytest.approx(bits)


def test_surprisal_is_additive_and_has_units():
    assert info.surprisal(0.3 * 0.2) == pytest.approx(info.surprisal(0.3) + info.surprisal(0.2))
    assert info.surprisal(0.3, math.e) == pytest.approx(info.surprisal(0.3) * math.log(2))
    assert info.surprisal([1, 0.5]).tolist() == [0.0, 1.0]
    assert math.copysign(1, info.surprisal(1)) == 1
    assert info.surprisal(sum([0.1] * 3 + [0.7]) + 2**-52) == 0  # 1.0000000000000002 is a sum, no mistake


def test_entropy_by_hand():
    assert info.entropy([1, 0]) == 0
    assert info.entropy([0.25] * 4) == 2
    # 0.9 log2(1/0.9) + 0.1 log2 10 = 0.1368 + 0.3322
    assert info.entropy([0.9, 0.1]) == pytest.approx(0.46899559358928)
    assert info.entropy([0.5, 0.5], base=math.e) == pytest.approx(math.log(2))


@given(weights)
def test_entropy_equals_torch_and_lies_between_zero_and_log_v(counts):
    p = normal(counts)
    peer = torch.distributions.Categorical(torch.tensor(p)).entropy().item() / math.log(2)
    assert info.entropy(p) == pytest.approx(peer, abs=1e-6)
    assert -1e-12 <= info.entropy(p) <= math.log2(len(p)) + 1e-12


@given(weights, st.randoms(use_true_random=False))
def test_cross_entropy_is_entropy_and_divergence(counts, chance):
    p = normal(counts)
    q = normal([chance.randint(1, 50) for _ in counts])
    assert info.cross_entropy(p, q) == pytest.approx(info.entropy(p) + info.kl_divergence(p, q))
    assert info.kl_divergence(p, q) >= 0
    assert info.kl_divergence(p, p) == 0
    peer = torch.nn.functional.kl_div(torch.tensor(q).log(), torch.tensor(p), reduction="sum").item()
    assert info.kl_divergence(p, q, math.e) == pytest.approx(peer, abs=1e-9)


def test_divergence_is_not_symmetric_and_infinite_where_q_excludes():
    # KL([1/2, 1/2] || [1, 0]) = inf; the other way it is log2 2
    assert info.kl_divergence([0.5, 0.5], [1, 0]) == math.inf
    assert info.kl_divergence([1, 0], [0.5, 0.5]) == 1
    assert info.cross_entropy([0.5, 0.5], [1, 0]) == math.inf


@given(tables)
def test_the_chain_rule_and_mutual_information(rows):
    joint = np.array(rows) / np.sum(rows)
    x, y = joint.sum(axis=1), joint.sum(axis=0)
    assert info.joint_entropy(joint) == pytest.approx(
        info.entropy(x) + info.conditional_entropy(joint), abs=1e-9
    )
    mutual = info.mutual_information(joint)
    assert mutual == pytest.approx(info.entropy(y) - info.conditional_entropy(joint), abs=1e-9)
    assert mutual == pytest.approx(info.mutual_information(joint.T), abs=1e-9)
    assert info.conditional_entropy(joint) <= info.entropy(y) + 1e-9


def test_what_is_independent_tells_nothing_and_a_copy_everything():
    independent = np.outer([0.3, 0.7], [0.2, 0.5, 0.3])
    assert info.mutual_information(independent) == pytest.approx(0, abs=1e-12)
    assert info.mutual_information([[0.5, 0], [0, 0.5]]) == 1
    assert info.conditional_entropy([[0.5, 0], [0, 0.5]]) == 0
    # a pair seen once in 10^200 tells 10^-200 log2(10^200) bits, although 10^-200 squared is zero to a float
    assert info.mutual_information([[1, 0], [0, 1e-200]]) == pytest.approx(1e-200 * 200 * math.log2(10))


def test_measures_of_a_model():
    vocab = Vocabulary(["é", "b"], separator="")
    # p(éb) = 1/8, p(bb) = 7/8: 3 bits over two tokens, three bytes
    model = TableModel(vocab, {"éb": 1 / 8, "bb": 7 / 8})
    assert info.bits_per_token(model, "éb") == pytest.approx(1.5)
    assert info.bits_per_byte(model, "éb") == pytest.approx(1)
    assert info.perplexity(model, "éb") == pytest.approx(2**1.5)
    assert info.bits_per_token(model, "éé") == info.perplexity(model, "éé") == math.inf
    hopeless = TableModel(vocab, {"é": 2.0**-1074, "b": 1.0})  # 1,074 bits: the smallest float there is
    assert info.bits_per_token(hopeless, "é") == pytest.approx(1074)
    assert info.perplexity(hopeless, "é") == math.inf
    uniform = UniformModel(Vocabulary("abcdefgh", separator=""))
    assert info.perplexity(uniform, "abba") == pytest.approx(8)


def test_a_rate_by_hand():
    # rate 6/4 = 1.5; residuals 1 - 1.5 = -.5, 5 - 4.5 = .5; their deviation √.5; over √2, over 2 tokens
    assert info.rate_estimate([1, 5], [1, 3]) == pytest.approx((1.5, math.sqrt(0.5) / math.sqrt(2) / 2))


def test_the_error_of_a_rate_covers_the_truth_as_often_as_stated():
    world, n, samples = agreement(1), 100, 600
    sentences = world.sample(n * samples, np.random.default_rng(0))
    nats = np.array([-world.log_prob(s) for s in sentences]).reshape(samples, n)
    lengths = np.array([len(s) for s in sentences]).reshape(samples, n)
    hits = 0
    for row in zip(nats, lengths):
        rate, error = info.rate_estimate(*row)
        hits += abs(rate - world.entropy_rate()) < 1.96 * error
    # 95 % of 600 is 570, with a standard deviation of 5.3
    assert abs(hits - 570) < 4 * 5.3


def test_shares():
    assert info.shares("abbb") == {"b": 0.75, "a": 0.25}
    assert list(info.shares("abbb")) == ["b", "a"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: info.surprisal(1.2), "between 0 and 1; got 1.2"),
        (lambda: info.surprisal([0.5, math.nan]), "got nan"),
        (lambda: info.entropy([0.5, 0.6]), "sum to 1.1, not 1"),
        (lambda: info.entropy([0.5, 0.5], base=1), "base=1 must be above 1"),
        (lambda: info.kl_divergence([1], [0.5, 0.5]), "p has 1 outcomes and q has 2"),
        (lambda: info.cross_entropy([0.5, 0.5], [2, -1]), "the probabilities q must be finite"),
        (lambda: info.mutual_information([0.5, 0.5]), "a table of rows"),
        (lambda: info.shares(""), "nothing was seen"),
        (lambda: info.bits_per_token(UniformModel(Vocabulary("ab", separator="")), ""), "holds no token"),
        (lambda: info.rate_estimate([1], [1]), "rows for two sentences or more"),
        (lambda: info.rate_estimate([1, 2], [1]), "rows for two sentences or more"),
        (lambda: info.rate_estimate([1, 2], [1, 0]), "lengths must be above 0"),
        (lambda: info.bits_per_byte(UniformModel(Vocabulary("ab", separator="")), ""), "has no bytes"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
