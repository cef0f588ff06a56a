"""Arithmetic of inference: by hand, and against what was published of known models."""

import math
from dataclasses import replace

import pytest
import torch
import transformers

from lmcourse.inference.memory import (
    attention_flops,
    bytes_of,
    cache_bytes,
    reading_cost,
    step_cost,
    turning_point,
    weight_bytes,
    weights_read,
)
from lmcourse.pretrained.model import pretrained_file
from lmcourse.transformer.config import Config

LLAMA = {"position": "rope", "norm": "rms", "feed_forward": "swiglu", "bias": False}
LLAMA_3_8B = Config(128_256, 4096, 32, 32, 8192, n_kv_heads=8, d_ff=14_336, tied=False, **LLAMA)
LLAMA_2_70B = Config(32_000, 8192, 64, 80, 4096, n_kv_heads=8, d_ff=28_672, tied=False, **LLAMA)
OPT_13B = Config(50_272, 5120, 40, 40, 2050, feed_forward="relu")
SMOLLM2 = Config(49_152, 576, 9, 30, 8192, n_kv_heads=3, d_ff=1536, rope_base=100_000.0, **LLAMA)
TINY = Config(10, 8, 4, 3, 16, n_kv_heads=2, d_ff=12, **LLAMA)


@pytest.mark.parametrize("config", [LLAMA_2_70B, LLAMA_3_8B, SMOLLM2], ids=["Llama 2", "Llama 3", "SmolLM2"])
def test_parameters_are_those_of_hugging_faces_class(config):
    theirs = transformers.LlamaConfig(
        vocab_size=config.vocab_size,
        hidden_size=config.d_model,
        intermediate_size=config.d_ff,
        num_hidden_layers=config.n_layers,
        num_attention_heads=config.n_heads,
        num_key_value_heads=config.kv_heads,
        tie_word_embeddings=config.tied,
    )
    with torch.device("meta"):
        counted = sum(p.numel() for p in transformers.LlamaForCausalLM(theirs).parameters())
    assert weight_bytes(config, "f16") == 2 * counted


def test_known_models():
    assert weight_bytes(LLAMA_3_8B, "int8") == 8_030_261_248  # as its card counts
    # Kwon et al. (2023), section 3: 2 · 5120 · 40 · 2 bytes, "800 KB", for a token of OPT-13B
    assert cache_bytes(OPT_13B) == 800 * 1024
    # 2 · 80 · 8 · 128 · 4096 · 2 bytes, as in draft-calabria-bmwg-ai-fabric-inference-bench
    assert cache_bytes(LLAMA_2_70B, 4096) == 1_342_177_280
    assert cache_bytes(replace(LLAMA_2_70B, n_kv_heads=None)) == 8 * cache_bytes(LLAMA_2_70B)
    assert cache_bytes(replace(LLAMA_2_70B, n_kv_heads=1)) == cache_bytes(LLAMA_2_70B) / 8
    assert weight_bytes(SMOLLM2) == 4 * 134_515_008


def test_the_file_of_the_real_model(real):
    """Its matrices are stored in Q4_1, its embedding in Q8_0, its 61 norms in 32 bits."""
    assert real.module.config == SMOLLM2
    stored = sum(tensor.blocks.nbytes for tensor in pretrained_file().tensors.values())
    assert stored == weight_bytes(SMOLLM2, "q4_1", "q8_0") + 61 * 576 * (4 - 20 / 32)


def test_what_a_token_reads():
    # 3 blocks of (8 · (8 + 2 · 4) + 8 · 8) + 3 · 8 · 12 weights and two norms; a norm, and the output
    blocks = 3 * (8 * 16 + 64 + 288 + 16) + 8
    assert weights_read(TINY) == blocks + 80
    assert weights_read(replace(TINY, tied=False)) == blocks + 80
    assert weights_read(replace(TINY, position="learned")) == blocks + 80
    assert TINY.count_parameters()["total"] == blocks + 80


def test_the_cost_of_a_step():
    read, cache = weights_read(TINY), 2 * 3 * 2 * 2 * 5  # keys, values; layers; 2 heads of 2; 5 tokens
    assert attention_flops(TINY, 5) == 3 * 4 * 8 * 5
    one = step_cost(TINY, 1, 5)
    assert one == (4 * read, 4 * cache, 2 * read + 480)
    many = step_cost(TINY, 7, 5)
    assert many == (4 * read, 4 * 7 * cache, 7 * (2 * read + 480))
    assert many.bytes == 4 * read + 28 * cache
    small = step_cost(TINY, 1, 5, "q4_1", "int8")
    assert small == ((read - 80) * 0.625 + 80, 2 * cache, one.flops)
    assert step_cost(TINY, 1, 5, "f16").cache_bytes == 2 * cache
    assert step_cost(TINY, 1, 5, "q4_1", cache_kind="int8").cache_bytes == cache


def test_bfloat16_has_as_many_bits_as_float16():
    assert step_cost(TINY, 2, 5, "bf16") == step_cost(TINY, 2, 5, "f16")


def test_the_roof():
    cost = step_cost(TINY, 1, 5)
    assert cost.seconds(bandwidth=cost.bytes) == 1
    assert cost.seconds(bandwidth=2 * cost.bytes, flops_per_second=cost.flops) == 1  # multiplying is slower
    assert cost.seconds(bandwidth=cost.bytes, flops_per_second=2 * cost.flops) == 1
    # many texts fetch the weights once: the roof bends where multiplying becomes the slower part
    assert step_cost(SMOLLM2, 8, 1).seconds(40e9) < 1.02 * step_cost(SMOLLM2, 1, 1).seconds(40e9)


def test_reading_is_all_tokens_for_the_weights_of_one():
    read, one = weights_read(TINY), reading_cost(TINY, 1, "f16")
    assert one == step_cost(TINY, 1, 1, "f16")
    many = reading_cost(TINY, 5, "f16")
    assert many.weight_bytes == one.weight_bytes
    assert many.cache_bytes == 5 * one.cache_bytes
    # the tokens compare themselves with 1, 2, 3, 4 and 5; each costs 3 · 4 · 8 operations
    assert many.flops == 5 * 2 * read + 96 * 15


def test_where_multiplying_becomes_as_slow_as_fetching():
    one = step_cost(TINY, 1, 5)
    # n texts: operations at ten a second take as long as bytes at one a second
    n = turning_point(TINY, 1.0, 10.0, 5)
    assert n * one.flops / 10 == pytest.approx(one.weight_bytes + n * one.cache_bytes)
    # a machine that multiplies as fast as this finds each text's cache slower than its product
    assert turning_point(TINY, 1.0, one.flops / one.cache_bytes, 5) == math.inf
    assert turning_point(TINY, 1.0, 0.99 * one.flops / one.cache_bytes, 5) < math.inf


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="'q5' must be one of 'f32', 'f16'"):
        bytes_of("q5")
    with pytest.raises(ValueError, match="n_texts=0 must be a whole number, 1 or more"):
        step_cost(TINY, 0)
    with pytest.raises(ValueError, match="n_seen=0 must be a whole number, 1 or more"):
        step_cost(TINY, 1, 0)
