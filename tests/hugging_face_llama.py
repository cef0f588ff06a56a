"""Hugging Face's Llama class with the weights of one of our networks: a peer for `bench.py`."""

from __future__ import annotations

import torch
import transformers
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from lmcourse.transformer.network import Transformer


def in_halves(rows: torch.Tensor, d_head: int) -> torch.Tensor:
    """Rows of queries or keys in the order in which that class pairs them: i with i + K / 2."""
    return rows.unflatten(0, (-1, d_head // 2, 2)).transpose(1, 2).flatten(0, 2)


def llama(ours: Transformer) -> transformers.LlamaForCausalLM:
    """The peer, in float32. It shares what it can with `ours`, which has RMSNorm, RoPE and SwiGLU."""
    config = ours.config
    theirs = transformers.LlamaConfig(
        vocab_size=config.vocab_size,
        hidden_size=config.d_model,
        intermediate_size=config.d_inner,
        num_hidden_layers=config.n_layers,
        num_attention_heads=config.n_heads,
        num_key_value_heads=config.kv_heads,
        max_position_embeddings=config.context_length,
        rope_parameters={"rope_type": "default", "rope_theta": config.rope_base},
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
    )
    with torch.device("meta"):
        peer = transformers.LlamaForCausalLM(theirs)
    state = {"model.norm.weight": ours.norm.weight}
    state["model.embed_tokens.weight"] = state["lm_head.weight"] = ours.embedding.weight
    for i, block in enumerate(ours.blocks):
        q, k, v = block.attention.qkv.weight.split(block.attention.sizes)
        gates, inner = block.feed_forward.up.weight.chunk(2)
        parts = {
            "self_attn.q_proj": in_halves(q, config.d_head),
            "self_attn.k_proj": in_halves(k, config.d_head),
            "self_attn.v_proj": v,
            "self_attn.o_proj": block.attention.output.weight,
            "mlp.gate_proj": gates,
            "mlp.up_proj": inner,
            "mlp.down_proj": block.feed_forward.down.weight,
            "input_layernorm": block.attention_norm.weight,
            "post_attention_layernorm": block.feed_forward_norm.weight,
        }
        state |= {f"model.layers.{i}.{name}.weight": weight.detach() for name, weight in parts.items()}
    peer.load_state_dict(state, assign=True)
    peer.model.rotary_emb = LlamaRotaryEmbedding(theirs)
    peer.generation_config.eos_token_id = None  # it goes on for as long as it is asked to
    return peer.eval()


def continuation(peer: transformers.LlamaForCausalLM, prompt: list[int], n_tokens: int) -> list[int]:
    """So many tokens, greedily, with its cache of keys and values."""
    ids = torch.tensor([prompt])
    with torch.inference_mode():
        found = peer.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=n_tokens, do_sample=False, pad_token_id=0
        )
    return found[0, len(prompt) :].tolist()
