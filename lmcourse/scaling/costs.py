"""What training a Transformer costs: multiplications and additions, and the memory that one step needs.

Everything here is a pure function of a `Config`; nothing is measured. Using a model is another matter
(`lmcourse.inference.memory`). Left out: experts, a second text to look at, norms and bending functions, and
whatever a program keeps around the network.

Sources: Kaplan et al. (2020), section 2.1, and Hoffmann et al. (2022), appendix F, operations; Rajbhandari et
al. (2020), section 3.1, weights and optimizer; Korthikanti et al. (2023), section 4, activations.
"""

from __future__ import annotations

from lmcourse.inference.memory import attention_flops
from lmcourse.model import check_whole
from lmcourse.transformer.config import Config

STATES = {  # bytes a parameter
    "f32": {"weights": 4, "gradients": 4, "optimizer": 8},  # Adam: a mean, and a mean of squares
    "mixed": {"weights": 2, "gradients": 2, "optimizer": 12},  # and a copy of the weights in 32 bits
}


def forward_flops(config: Config, n_tokens: int) -> dict[str, int]:
    """Multiplications and additions with which a text of T tokens is read, of each part.

    "looking": each token is compared with all T, as kernels do that compute what the mask then hides; one
    that leaves it out needs half. A token is looked up in the embedding, which costs nothing.

    >>> forward_flops(Config(vocab_size=10, d_model=4, n_heads=1, n_layers=1, context_length=2), 2)
    {'attention matrices': 256, 'looking': 64, 'feed-forward': 512, 'output': 160}
    """
    _check(config, n_tokens)
    d, layers = config.d_model, config.n_layers
    projections = d * (config.n_heads + 2 * config.kv_heads) * config.d_head + d * d
    matrices = (3 if config.feed_forward == "swiglu" else 2) * d * config.d_inner
    return {
        "attention matrices": 2 * n_tokens * layers * projections,
        "looking": n_tokens * attention_flops(config, n_tokens),
        "feed-forward": 2 * n_tokens * layers * matrices,
        "output": 2 * n_tokens * config.vocab_size * d,
    }


def training_flops(config: Config, n_tokens: int, context: int) -> int:
    """Multiplications and additions of training on D tokens, read as texts of `context` tokens.

    Backwards each product of two matrices becomes two: a gradient for either. Together three times the
    way forwards, of which the rule 6 N D keeps what is multiplied with N weights, and leaves out "looking".

    Raises ValueError for tokens that are not a whole number of such texts.
    """
    if n_tokens % check_whole(context, "context"):
        raise ValueError(f"n_tokens={n_tokens} is no multiple of context={context}; read whole texts")
    return 3 * sum(forward_flops(config, context).values()) * (n_tokens // context)


def state_bytes(n_params: int, precision: str = "mixed") -> dict[str, int]:
    """Bytes of "weights", "gradients" and "optimizer" (Adam), which a step needs whatever it reads.

    Args:
        n_params: N.
        precision: "f32": all numbers have 32 bits; "mixed": the network computes with 16, and the optimizer
            keeps the weights once more with 32, so that small steps are not lost. (Who adds gradients up
            in 32 bits, over many small batches, keeps two bytes more.)

    Raises ValueError for another precision.
    """
    if precision not in STATES:
        raise ValueError(f"precision={precision!r} must be one of {', '.join(map(repr, STATES))}")
    return {part: n * check_whole(n_params, "n_params") for part, n in STATES[precision].items()}


def activations(config: Config, n_texts: int, n_tokens: int) -> dict[str, int]:
    """Numbers that are kept on the way forwards because the way back needs them: "blocks" and "output".

    Of a block and a token: its input, normalised, as queries, keys and values, what was found, all that again
    between attention and feed-forward layer, and the 4 D inside before and after bending: 16 D in all. With
    them come a mean and a scale of each norm, and each head's normaliser (fused attention keeps no weights).
    The output keeps its input before and after the norm, and the logarithms of V probabilities.

    Raises ValueError for networks of another kind than GPT's: LayerNorms before each part, GELU, as many keys
    as queries, learned positions, no dropout.
    """
    _check(config, n_tokens)
    kind = (config.norm, config.norm_place, config.feed_forward, config.position, config.dropout)
    if kind != ("layer", "pre", "gelu", "learned", 0) or config.kv_heads != config.n_heads:
        raise ValueError(f"activations are counted for networks of GPT's kind alone; this is {config}")
    d, tokens = config.d_model, check_whole(n_texts, "n_texts") * n_tokens
    return {
        "blocks": tokens * config.n_layers * (8 * d + 2 * config.d_inner + 4 + config.n_heads),
        "output": tokens * (2 * d + 2 + config.vocab_size),
    }


def _check(config: Config, n_tokens: int) -> None:
    check_whole(n_tokens, "n_tokens")
    if config.n_experts is not None or config.cross:
        raise ValueError("experts and cross-attention are not counted; give a plain stack of blocks")
