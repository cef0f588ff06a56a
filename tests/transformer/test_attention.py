"""Attention beside torch's own kernel and module, and what it does to sets, heads and masks."""

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from lmcourse.transformer import attention
from lmcourse.transformer.attention import Attention, Sight, attend, attend_torch, attention_weights
from lmcourse.transformer.cache import Columns, KeysValues
from lmcourse.transformer.config import Config

RNG = np.random.default_rng(0)
Q, K, V = (RNG.normal(size=(2, 3, length, 4)) for length in (5, 6, 6))  # (B, H, T, d), (B, H, S, d)
SEEN = RNG.random((2, 1, 5, 6)) < 0.5
SEEN[..., 2] = True
BIAS = RNG.normal(size=(3, 5, 6))


def config(**named):
    return Config(
        **{"vocab_size": 7, "d_model": 12, "n_heads": 4, "n_layers": 1, "context_length": 9, **named}
    )


def test_a_lookup_by_hand():
    # scores of q = (2, 0) against keys (1, 0) and (0, 1): (2, 0) / √2; weights e^√2 : 1
    weights = attention_weights(np.array([[2.0, 0.0]]), np.eye(2))
    np.testing.assert_allclose(weights[0, 0] / weights[0, 1], np.exp(2**0.5))
    # equal scores: the mean of the values
    np.testing.assert_allclose(attend(np.zeros((1, 2)), np.eye(2), np.array([[10.0], [30.0]])), [[20.0]])
    # only the second may be seen: its value alone
    alone = attend(np.array([[9.0, 0.0]]), np.eye(2), np.array([[10.0], [30.0]]), np.array([[False, True]]))
    np.testing.assert_allclose(alone, [[30.0]])


@pytest.mark.parametrize("visible", [None, SEEN])
@pytest.mark.parametrize("bias", [None, BIAS])
def test_numpy_and_torch_are_torchs_kernel(visible, bias):
    q, k, v = map(torch.from_numpy, (Q, K, V))
    mask = torch.zeros(2, 3, 5, 6, dtype=torch.float64)
    if bias is not None:
        mask = mask + torch.from_numpy(bias)
    if visible is not None:
        mask = mask.masked_fill(~torch.from_numpy(visible), -torch.inf)
    right = scaled_dot_product_attention(q, k, v, attn_mask=mask)
    np.testing.assert_allclose(attend(Q, K, V, visible, bias), right, atol=1e-12)
    given = [None if part is None else torch.from_numpy(part) for part in (visible, bias)]
    torch.testing.assert_close(attend_torch(q, k, v, *given), right)


def test_causal_is_a_triangle():
    q, k, v = Q[..., :5, :], K[..., :5, :], V[..., :5, :]
    right = attend(q, k, v, np.tril(np.ones((5, 5), dtype=bool)))
    np.testing.assert_allclose(
        attend_torch(*map(torch.from_numpy, (q, k, v)), causal=True), right, atol=1e-12
    )


def test_huge_scores_stay_numbers():
    weights = attention_weights(1e4 * Q, 1e4 * K, SEEN)
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1)


def pair(bias=True):
    """Our attention and torch's module, with the same weights, in double precision."""
    torch.manual_seed(0)
    theirs = torch.nn.MultiheadAttention(12, 4, bias=bias, batch_first=True).double().eval()
    ours = Attention(config(bias=bias)).double().eval()
    with torch.no_grad():
        ours.qkv.weight.copy_(theirs.in_proj_weight)
        ours.output.weight.copy_(theirs.out_proj.weight)
        if bias:
            theirs.in_proj_bias.normal_()  # it begins with zeros, in which a mistake could hide
            ours.qkv.bias.copy_(theirs.in_proj_bias)
            ours.output.bias.copy_(theirs.out_proj.bias.normal_())
    return ours, theirs


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("other", [True, False])
def test_several_heads_are_those_of_torch(bias, other):
    ours, theirs = pair(bias)
    x = torch.randn(2, 5, 12, dtype=torch.float64, requires_grad=True)
    source = torch.randn(2, 6, 12, dtype=torch.float64) if other else None
    looked_at = x if source is None else source
    visible = torch.from_numpy(SEEN[0, 0, :, : looked_at.shape[1]])
    right, right_weights = theirs(
        x, looked_at, looked_at, attn_mask=~visible, average_attn_weights=False
    )  # torch's module marks what is hidden
    found = ours(x, Sight(visible), source=source)
    torch.testing.assert_close(found, right)
    weighting = torch.randn_like(found)
    for mine, other_one in zip(
        torch.autograd.grad((found * weighting).sum(), [x, ours.qkv.weight]),
        torch.autograd.grad((right * weighting).sum(), [x, theirs.in_proj_weight]),
    ):
        torch.testing.assert_close(mine, other_one)
    q, k, _ = (part.detach().numpy() for part in ours.heads(x, source=source))
    np.testing.assert_allclose(attention_weights(q, k, visible.numpy()), right_weights.detach(), atol=1e-12)


@pytest.mark.parametrize("n_kv_heads", [1, 2])
def test_a_group_shares_keys_and_values(n_kv_heads, monkeypatch):
    """It is attention with all heads, in which the rows of keys and values stand once for each of a group."""
    torch.manual_seed(1)
    few, all_heads = Attention(config(n_kv_heads=n_kv_heads)).double(), Attention(config()).double()
    state = few.state_dict()
    for name in ("qkv.weight", "qkv.bias"):
        q, k, v = state[name].split(few.sizes)
        k, v = (
            part.unflatten(0, (n_kv_heads, 3)).repeat_interleave(4 // n_kv_heads, dim=0).flatten(0, 1)
            for part in (k, v)
        )
        state[name] = torch.cat([q, k, v])
    all_heads.load_state_dict(state)
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    right = all_heads(x, Sight(causal=True))
    torch.testing.assert_close(few(x, Sight(causal=True)), right)
    for torch_can in [*{False, attention.shares_keys()}]:  # the kernel's own way, and that of an older torch
        monkeypatch.setattr(attention, "shares_keys", lambda torch_can=torch_can: torch_can)
        with torch.no_grad():
            torch.testing.assert_close(few(x, Sight(causal=True)), right)
            torch.testing.assert_close(few(x, Sight(torch.ones(5, 5, dtype=torch.bool).tril())), right)
    cache = KeysValues()
    few(x, cache=cache)
    assert cache.held[0].shape == (2, n_kv_heads, 5, 3)  # what is saved


def test_a_cache_holds_what_it_was_given_and_seldom_moves_it():
    generator = torch.Generator().manual_seed(5)
    parts = [torch.randn(2, 2, 1, n, 3, generator=generator) for n in (3, *[1] * 97)]
    cache, places = KeysValues(), set()
    assert cache.held is None
    for keys, values in parts:
        before = cache.held
        kept = None if before is None else before[0].clone()
        assert torch.equal(cache.extend(keys, values)[0], cache.held[0])
        assert before is None or torch.equal(before[0], kept)  # what was handed out stays as it was
        places.add(cache.held[0].data_ptr())
    for found, right in zip(cache.held, torch.cat(parts, dim=3)):
        assert torch.equal(found, right)
    assert len(places) <= 7  # 3 columns, 7 = 3 + 4, 15 = 7 + 8, 31, 63, 127: moved five times in 97


def test_forked_rows_of_a_cache_go_their_own_ways():
    cache = KeysValues()
    for place in range(3):
        cache.extend(torch.full((2, 1, 1, 1), float(place)), torch.zeros(2, 1, 1, 1))
    cache.select(torch.tensor([1, 1]))
    cache.extend(torch.tensor([7.0, 8.0]).reshape(2, 1, 1, 1), torch.zeros(2, 1, 1, 1))
    assert cache.held[0].flatten(1).tolist() == [[0, 1, 2, 7], [0, 1, 2, 8]]


def test_forked_rows_keep_the_reserve_so_that_the_next_token_moves_nothing():
    columns = Columns(1)
    columns.extend(torch.zeros(2, 3))
    columns.extend(torch.ones(2, 1))  # 7 = 3 + 4 are there
    columns.select(torch.tensor([1, 0]))
    before = columns.held.data_ptr()
    columns.extend(torch.ones(2, 3))
    assert columns.held.data_ptr() == before
    assert columns.held.shape == (2, 7)


def test_to_crop_to_more_than_is_held_changes_nothing():
    columns = Columns(1)
    columns.extend(torch.zeros(2, 3))
    columns.extend(torch.ones(2, 1))
    columns.crop(6)  # there are 7 columns, of which 4 are held
    assert columns.held.tolist() == [[0, 0, 0, 1]] * 2


def test_without_positions_attention_takes_a_set():
    ours, _ = pair()
    x, order = torch.randn(1, 5, 12, dtype=torch.float64), torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(ours(x[:, order]), ours(x)[:, order])


def test_dropout_is_for_training():
    torch.manual_seed(2)
    ours, x = Attention(config(dropout=0.5)), torch.randn(1, 9, 12)
    assert not torch.equal(ours(x), ours(x))
    ours.eval()
    assert torch.equal(ours(x), ours(x))


def test_bad_input_is_named():
    blind = np.ones((5, 6), dtype=bool)
    blind[3] = False
    with pytest.raises(ValueError, match="a query sees nothing"):
        attend(Q, K, V, blind)
    q, k, v = map(torch.from_numpy, (Q, K, V))
    with pytest.raises(ValueError, match=r"visible must be boolean, .* got torch\.float64"):
        attend_torch(q, k, v, torch.zeros(5, 6, dtype=torch.float64))


@pytest.mark.parametrize(
    "other", [{"visible": torch.ones(4, 4, dtype=torch.bool)}, {"bias": torch.zeros(4, 4)}]
)
def test_causal_is_instead_of_a_mask(other):
    x = torch.randn(1, 2, 4, 3)
    with pytest.raises(ValueError, match="causal=True stands for a triangular visible"):
        attend_torch(x, x, x, **other, causal=True)
