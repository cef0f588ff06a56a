"""Choices are checked, and parameters counted as those who published a model count them."""

from dataclasses import replace
from itertools import product

import pytest
import torch

from lmcourse.transformer.config import FEED_FORWARDS, NORMS, PLACES, POSITIONS, Config
from lmcourse.transformer.network import EncoderDecoder, Transformer

SMALL = Config(vocab_size=11, d_model=12, n_heads=4, n_layers=3, context_length=7)
GPT2 = Config(vocab_size=50_257, d_model=768, n_heads=12, n_layers=12, context_length=1024)
BERT = Config(30_522, 768, 12, 12, 512, norm_place="post")
SMOLLM2 = Config(
    vocab_size=49_152,
    d_model=576,
    n_heads=9,
    n_layers=30,
    context_length=8192,
    n_kv_heads=3,
    d_ff=1536,
    position="rope",
    norm="rms",
    feed_forward="swiglu",
    bias=False,
    rope_base=100_000,
)
T5 = Config(32_128, 512, 8, 6, 512, d_ff=2048, position="none", norm="rms", feed_forward="relu", bias=False)


def in_torch(module, config):
    """How many parameters the module has, without room for their numbers."""
    with torch.device("meta"):
        return sum(p.numel() for p in module(config).parameters())


def test_gpt_2_small():
    count = GPT2.count_parameters()
    # a block: 768 · 2304 + 2304 + 768 · 768 + 768 of attention, 2 · 768 · 3072 + 3072 + 768, 4 · 768 of norms
    assert count["total"] == 50_257 * 768 + 1024 * 768 + 12 * 7_087_872 + 2 * 768 == 124_439_808
    assert in_torch(Transformer, GPT2) == 124_439_808


@pytest.mark.parametrize(
    ("d_model", "n_heads", "n_layers", "total"),
    [(1024, 16, 24, 354_823_168), (1280, 20, 36, 774_030_080), (1600, 25, 48, 1_557_611_200)],
)
def test_the_larger_gpt_2(d_model, n_heads, n_layers, total):
    """As Hugging Face's models gpt2-medium, -large and -xl count them."""
    larger = replace(GPT2, d_model=d_model, n_heads=n_heads, n_layers=n_layers)
    assert larger.count_parameters()["total"] == total


def test_bert_base_but_for_its_own_parts():
    # two segments of 768, a LayerNorm of the embeddings, and a pooler of 768 · 768 + 768
    own = 2 * 768 + 2 * 768 + 768 * 769
    assert BERT.count_parameters()["total"] + own == 109_482_240
    assert in_torch(Transformer, BERT) + own == 109_482_240


def test_smollm2():
    assert SMOLLM2.count_parameters()["total"] == 134_515_008
    assert in_torch(Transformer, SMOLLM2) == 134_515_008


def test_t5_small_but_for_its_relative_positions():
    own = 2 * 32 * 8  # 32 distances for 8 heads, once in the encoder and once in the decoder
    encoder, decoder = (replace(T5, cross=cross).count_parameters() for cross in (False, True))
    shared = encoder["embedding"]
    assert encoder["total"] + decoder["total"] - shared + own == 60_506_624
    assert in_torch(EncoderDecoder, T5) + own == 60_506_624


@pytest.mark.parametrize("norm_place", PLACES)
def test_the_count_is_what_torch_holds(norm_place):
    for position, norm, feed_forward, bias, tied, kv, cross in product(
        POSITIONS, NORMS, FEED_FORWARDS, (True, False), (True, False), (None, 2), (True, False)
    ):
        config = replace(
            replace(SMALL, d_model=16),
            norm_place=norm_place,
            position=position,
            norm=norm,
            feed_forward=feed_forward,
            n_experts=3 if feed_forward == "experts" else None,
            bias=bias,
            tied=tied,
            n_kv_heads=kv,
            cross=cross,
        )
        assert config.count_parameters()["total"] == in_torch(Transformer, config), config


def test_parts_make_up_the_whole():
    count = replace(SMALL, tied=False).count_parameters()
    total = count.pop("total")
    assert sum(count.values()) == total
    assert count["output"] == 11 * 12


def test_feed_forward_layers_cost_alike_unless_told_otherwise():
    gelu, swiglu = (
        replace(GPT2, feed_forward=kind, bias=False).count_parameters()["feed-forward"]
        for kind in ("gelu", "swiglu")
    )
    assert gelu == swiglu == 12 * 8 * 768**2
    assert replace(GPT2, feed_forward="swiglu", d_ff=5).d_inner == 5


def test_deepnorms_constant():
    # the source, figure 2: (2 N)^(1/4), of 8 layers 2; in a decoder beside an encoder (3 M)^(1/4), of 27: 3
    assert replace(SMALL, norm_place="deep", n_layers=8).residual_scale == pytest.approx(2)
    assert replace(SMALL, norm_place="deep", n_layers=27, cross=True).residual_scale == pytest.approx(3)
    assert SMALL.residual_scale == replace(SMALL, norm_place="post").residual_scale == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"d_model": 65}, "d_model=65 must be divisible by n_heads=4"),
        ({"n_kv_heads": 3}, "n_heads=4 must be divisible by n_kv_heads=3"),
        ({"n_layers": 0}, "n_layers=0 must be a whole number, 1 or more"),
        ({"d_ff": 2.5}, "d_ff=2.5 must be a whole number"),
        ({"n_kv_heads": 0}, "n_kv_heads=0 must be a whole number, 1 or more"),
        ({"position": "relative"}, "position='relative' must be one of 'none', 'learned', 'sinusoidal'"),
        ({"norm": "batch"}, "norm='batch' must be one of 'layer', 'rms'"),
        ({"norm_place": "between"}, "norm_place='between' must be one of 'pre', 'post', 'deep'"),
        ({"feed_forward": "tanh"}, "feed_forward='tanh' must be one of 'relu', 'gelu', 'swiglu'"),
        ({"position": "rope"}, "a head has 3; let d_model / n_heads be even"),
        ({"position": "sinusoidal", "d_model": 15, "n_heads": 5}, "d_model=15 must be even"),
        ({"dropout": 1.0}, "dropout=1.0 must be from 0 to below 1"),
        ({"rope_base": 1}, "rope_base=1 must be above 1"),
    ],
)
def test_bad_choices_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **wrong)
