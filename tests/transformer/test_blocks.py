"""Norms, feed-forward layers and blocks beside torch's own with the same weights."""

import pytest
import torch
from torch import nn
from torch.nn.functional import rms_norm

from lmcourse.transformer.attention import Sight
from lmcourse.transformer.blocks import Block, Norm
from lmcourse.transformer.config import Config
from lmcourse.transformer.feed_forward import FeedForward

ATTENTION = {
    "qkv.weight": "in_proj_weight",
    "qkv.bias": "in_proj_bias",
    "output.weight": "out_proj.weight",
    "output.bias": "out_proj.bias",
}


def config(**named):
    return Config(
        **{
            "vocab_size": 7,
            "d_model": 12,
            "n_heads": 4,
            "n_layers": 2,
            "context_length": 9,
            "d_ff": 20,
            **named,
        }
    )


def names(cross):
    """Our names of a block's weights and torch's."""
    parts = {"attention": "self_attn", **({"cross": "multihead_attn"} if cross else {})}
    pairs = {
        f"{mine}.{name}": f"{theirs}.{other}"
        for mine, theirs in parts.items()
        for name, other in ATTENTION.items()
    }
    norms = ["attention_norm", *(["cross_norm"] if cross else []), "feed_forward_norm"]
    for kind in ("weight", "bias"):
        pairs |= {f"{norm}.{kind}": f"norm{i + 1}.{kind}" for i, norm in enumerate(norms)}
        pairs |= {
            f"feed_forward.up.{kind}": f"linear1.{kind}",
            f"feed_forward.down.{kind}": f"linear2.{kind}",
        }
    return pairs


def copied(theirs, ours, cross=False):
    """Give ours the weights of theirs, which are made random first, since biases begin with zeros."""
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.randn_like(parameter) / 3)
        for mine, other in names(cross).items():
            ours.get_parameter(mine).copy_(theirs.get_parameter(other))
    assert len(names(cross)) == len(list(ours.parameters()))


def vectors(length):
    return torch.randn(2, length, 12, dtype=torch.float64)


TRIANGLE = torch.ones(5, 5, dtype=torch.bool).tril()


@pytest.mark.parametrize("norm_place", ["pre", "post"])
@pytest.mark.parametrize("bent", ["relu", "gelu"])
def test_a_block_is_torchs_encoder_layer(norm_place, bent):
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(
        12, 4, 20, dropout=0, activation=bent, norm_first=norm_place == "pre", batch_first=True
    ).double()
    ours = Block(config(norm_place=norm_place, feed_forward=bent)).double()
    copied(theirs, ours)
    x, visible = vectors(5), torch.rand(5, 5) < 0.5
    visible.fill_diagonal_(True)
    for sight, mask in [(Sight(), None), (Sight(visible), ~visible), (Sight(causal=True), ~TRIANGLE)]:
        torch.testing.assert_close(ours(x, sight), theirs(x, src_mask=mask), atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("norm_place", ["pre", "post"])
def test_a_block_with_cross_attention_is_torchs_decoder_layer(norm_place):
    torch.manual_seed(0)
    theirs = nn.TransformerDecoderLayer(
        12, 4, 20, dropout=0, activation="gelu", norm_first=norm_place == "pre", batch_first=True
    ).double()
    ours = Block(config(norm_place=norm_place, cross=True)).double()
    copied(theirs, ours, cross=True)
    x, source = vectors(5), vectors(6)
    held = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])  # the second text is filled up
    right = theirs(x, source, tgt_mask=~TRIANGLE, memory_key_padding_mask=~held)
    found = ours(x, Sight(causal=True), source, held[:, None, None])
    torch.testing.assert_close(found, right, atol=1e-9, rtol=1e-9)


def test_rms_norm_is_torchs():
    norm, x = Norm(config(norm="rms")).double(), vectors(3)
    torch.nn.init.normal_(norm.weight)
    torch.testing.assert_close(norm(x), rms_norm(x, (12,), norm.weight, eps=1e-5))
    assert norm.bias is None


def test_layer_norm_by_hand():
    norm = Norm(config(d_model=4, bias=False))
    # mean 4, variance (9 + 1 + 1 + 9) / 4 = 5
    found = norm(torch.tensor([1.0, 3.0, 5.0, 7.0]))
    torch.testing.assert_close(found, torch.tensor([-3.0, -1.0, 1.0, 3.0]) / 5**0.5, atol=1e-5, rtol=1e-5)


def test_swiglu_by_hand():
    layer = FeedForward(config(d_model=1, n_heads=1, d_ff=1, feed_forward="swiglu", bias=False))
    with torch.no_grad():
        layer.up.weight.copy_(torch.tensor([[2.0], [3.0]]))
        layer.down.weight.fill_(5.0)
    # x = 1: the gate silu(2) = 2 / (1 + e^-2) = 1.7615942, times 3, times 5
    assert float(layer(torch.ones(1)).detach()) == pytest.approx(1.7615942 * 15, rel=1e-6)


def test_deepnorm_is_the_norm_of_alpha_times_what_was_there_plus_what_is_added():
    torch.manual_seed(0)
    deep, x = Block(config(norm_place="deep", n_layers=8)).double(), vectors(5)
    # of 8 layers α is 16^(1/4) = 2
    middle = deep.attention_norm(2 * x + deep.attention(x))
    right = deep.feed_forward_norm(2 * middle + deep.feed_forward(middle))
    torch.testing.assert_close(deep(x, Sight()), right)
