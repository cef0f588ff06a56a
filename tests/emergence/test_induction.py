import math

import numpy as np
import pytest
import torch

from lmcourse.emergence.induction import (
    attention_only,
    exact_log_probs,
    head_scores,
    late_minus_early,
    repeated_lists,
    surprises,
)
from lmcourse.transformer.config import Config
from lmcourse.transformer.inside import looks

SMALL = Config(8, 16, 2, 2, 12, position="rope")


def test_lists_repeat_with_the_period_that_was_drawn():
    ids = repeated_lists(300, np.random.default_rng(0), 1000, 20, (3, 5))
    periods = [next(p for p in range(1, 20) if (row[p:] == row[:-p]).all()) for row in ids]
    assert set(periods) == {3, 4, 5}
    assert np.bincount(periods)[3:] == pytest.approx([100, 100, 100], abs=5 * (300 * 2 / 9) ** 0.5)


def test_the_exact_prediction_by_hand():
    # V = 2, period 1 or 2, text 0 0 1. After 0: period 1 says 0, period 2 a half each: P(0) = 3/4. After
    # 0 0 the weights are 1 to 1/2; both say 0 next, so P(1) = 0.
    with np.errstate(divide="ignore"):
        found = exact_log_probs(np.array([[0, 0, 1]]), 2, (1, 2))
    np.testing.assert_allclose(np.exp(found), [[0.75, 0.0]])


def test_the_exact_prediction_is_that_of_all_texts_counted():
    """V = 2, periods 2 and 3, every text of five tokens with its probability."""
    texts = {}
    for p in (2, 3):
        for bits in range(2**p):
            text = tuple((bits >> (t % p)) & 1 for t in range(5))
            texts[text] = texts.get(text, 0) + 0.5 / 2**p
    for text in texts:
        found = exact_log_probs(np.array([text]), 2, (2, 3))[0]
        for t in range(1, 5):
            before = sum(p for other, p in texts.items() if other[:t] == text[:t])
            with_next = sum(p for other, p in texts.items() if other[: t + 1] == text[: t + 1])
            assert math.exp(found[t - 1]) == pytest.approx(with_next / before)


def test_nobody_foretells_the_first_list():
    exact = exact_log_probs(repeated_lists(50, np.random.default_rng(1)))
    np.testing.assert_allclose(exact[:, :11], -math.log(32))
    np.testing.assert_allclose(exact[:, 26:], 0, atol=0.1)


def test_a_network_of_attention_alone_is_the_sum_of_its_heads():
    network = attention_only(SMALL, np.random.default_rng(0))
    ids = torch.from_numpy(repeated_lists(3, np.random.default_rng(1), 8, 12, (4, 5)))
    x = network.embedding(ids)
    sight = network.sight(torch.arange(12), torch.arange(12), None, x.dtype)
    for block in network.blocks:
        x = x + block.attention(block.attention_norm(x), sight)
    torch.testing.assert_close(network(ids), network.norm(x) @ network.embedding.weight.T)


def test_smeared_keys_see_the_token_before():
    """With all the weight on the key before, a smeared head looks one place further on, also without RoPE."""
    config = Config(8, 16, 2, 1, 12, position="none")
    plain, smeared = (attention_only(config, np.random.default_rng(0), s) for s in (False, True))
    smeared.load_state_dict(plain.state_dict(), strict=False)
    ids = torch.from_numpy(repeated_lists(3, np.random.default_rng(1), 8, 12, (4, 5)))
    with torch.no_grad():
        smeared.blocks[0].attention.own.fill_(100.0)
    torch.testing.assert_close(smeared(ids), plain(ids))
    with torch.no_grad():
        smeared.blocks[0].attention.own.fill_(-100.0)
    own, other = looks(plain, ids)[0], looks(smeared, ids)[0]
    last = torch.log(own[:, :, -1])  # scores of the last query, but for a constant
    wanted = torch.cat([last[..., :1], last[..., :-1]], dim=-1).softmax(dim=-1)
    torch.testing.assert_close(other[:, :, -1], wanted)
    with pytest.raises(ValueError, match="n_kv_heads=1 is not n_heads=2"):
        attention_only(Config(8, 16, 2, 1, 12, n_kv_heads=1), np.random.default_rng(0), smeared=True)


def test_scores_of_heads_by_hand():
    ids = np.array([[5, 6, 5, 6]])
    one_back = torch.eye(4).roll(-1, 1)  # row t has its weight at t - 1, row 0 somewhere
    one_back[0] = torch.tensor([1.0, 0, 0, 0])
    # at 2 the place behind the earlier 5 is 1, at 3 behind the earlier 6 it is 2: one place back is right
    weights = torch.stack([torch.eye(4).roll(-1, 1), torch.eye(4)])
    weights[0] = torch.tensor([[1.0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.5, 0.5]])
    previous, induction = head_scores(weights[None, None], ids)
    assert previous.tolist() == [[pytest.approx((1 + 1 + 0.5) / 3), 0.0]]
    assert induction.tolist() == [[0.75, 0.0]]


def test_surprise_and_the_score_of_learning_in_context():
    network = attention_only(SMALL, np.random.default_rng(0))
    ids = repeated_lists(5, np.random.default_rng(1), 8, 12, (4, 5))
    found = surprises(network, ids)
    logits = network(torch.from_numpy(ids))
    wanted = torch.nn.functional.cross_entropy(logits[2, 6], torch.tensor(ids[2, 7]))
    assert found[2, 6] == pytest.approx(wanted.item(), rel=1e-5)
    mean, error = late_minus_early(found, slice(0, 3), slice(6, 11))
    gaps = found[:, 6:11].mean(1) - found[:, :3].mean(1)
    assert (mean, error) == (pytest.approx(gaps.mean()), pytest.approx(gaps.std(ddof=1) / 5**0.5))


def test_periods_that_are_none_are_named():
    with pytest.raises(ValueError, match=r"periods=\(5, 3\) must be"):
        repeated_lists(1, np.random.default_rng(0), periods=(5, 3))
