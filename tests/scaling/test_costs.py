"""What training costs: against torch's own counter, tensors that autograd keeps, and published figures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from lmcourse.scaling.costs import activations, forward_flops, state_bytes, training_flops
from lmcourse.tables.families import families
from lmcourse.transformer.attention import shares_keys
from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer

GPT = Config(50, 32, 4, 2, 16)
OTHERS = [
    Config(40, 16, 4, 1, 8, n_kv_heads=2, d_ff=24, norm="rms", feed_forward="swiglu", position="rope"),
    Config(30, 24, 2, 3, 12, tied=False, bias=False, position="none"),
]


def read(config, n_texts=1):
    """A network that reads texts of its whole context: network, ids, loss."""
    network = Transformer(config).draw(np.random.default_rng(0))
    ids = torch.randint(config.vocab_size, (n_texts, config.context_length))
    return network, lambda: cross_entropy(network(ids).flatten(0, 1), ids.flatten())


@pytest.mark.parametrize("config", [GPT, *OTHERS])
def test_operations_are_those_that_torch_counts(config):
    _, loss = read(config)
    shares_keys()  # asks torch's kernel once in a process, which would be counted too
    counts = []
    for backwards in (False, True):
        # torch counts attention's products only where they are products of matrices, not a fused kernel
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            found = loss()
            if backwards:
                found.backward()
        counts.append(counter.get_total_flops())
    parts = forward_flops(config, config.context_length)
    assert sum(parts.values()) == counts[0]
    assert training_flops(config, 5 * config.context_length, config.context_length) == 5 * counts[1]


def test_operations_by_hand():
    # V = 10, D = 4, T = 2: four matrices of 16, two of 64, the output of 40; each weight costs 2 a token.
    # Looking: q · k and the mean, 2 · 4 operations each, with 2 tokens, for 2 tokens: 64.
    parts = forward_flops(Config(10, 4, 1, 1, 2), 2)
    assert parts == {"attention matrices": 256, "looking": 64, "feed-forward": 512, "output": 160}


def kept_by_autograd(config, n_texts):
    """Bytes of all tensors of floats that are kept for the way back, parameters left out."""
    network, loss = read(config, n_texts)
    own = {p.untyped_storage().data_ptr() for p in network.parameters()}
    kept = {}

    def pack(x):
        storage = x.untyped_storage()
        if x.is_floating_point() and x.dim() and storage.data_ptr() not in own:
            kept[storage.data_ptr()] = (storage.nbytes(), x)  # held, so that no other takes its place
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        loss()
    return sum(n for n, _ in kept.values())


@pytest.mark.parametrize("n_texts", [1, 3])
@pytest.mark.parametrize("config", [GPT, Config(300, 64, 2, 1, 24), Config(20, 24, 3, 4, 10)])
def test_activations_are_those_that_autograd_keeps(config, n_texts):
    numbers = activations(config, n_texts, config.context_length)
    assert 4 * sum(numbers.values()) == kept_by_autograd(config, n_texts)


def test_the_states_are_those_of_a_real_optimizer():
    network, loss = read(GPT)
    optimizer = torch.optim.AdamW(network.parameters())
    loss().backward()
    optimizer.step()
    n_params = GPT.count_parameters()["total"]

    def nbytes(tensors):
        return sum(t.numel() * t.element_size() for t in tensors)

    states = [t for state in optimizer.state.values() for name, t in state.items() if name != "step"]
    parts = [nbytes(network.parameters()), nbytes(p.grad for p in network.parameters()), nbytes(states)]
    assert list(state_bytes(n_params, "f32").values()) == parts


def test_published_figures():
    # Rajbhandari et al. (2020), section 3.1: GPT-2 with 1.5 billion parameters needs at least 24 GB.
    assert sum(state_bytes(1_500_000_000).values()) == 24e9
    # Brown et al. (2020), table D.1: 3.14e23 operations for GPT-3.
    gpt3 = next(row for row in families() if row.name == "GPT-3").config
    parts = forward_flops(gpt3, 2048)
    without = sum(parts.values()) - parts["looking"]
    assert 3 * without / 2048 * 300e9 == pytest.approx(3.14e23, rel=0.01)
    # Korthikanti et al. (2023): 34 bytes of 16 bits a token and D, of which 2 are masks of dropout.
    assert activations(gpt3, 1, 2048)["blocks"] == pytest.approx(16 * 96 * 2048 * 12288, rel=1e-3)


def test_half_a_text_is_refused():
    with pytest.raises(ValueError, match="n_tokens=7 is no multiple of context=4"):
        training_flops(GPT, 7, 4)


@pytest.mark.parametrize("config", [OTHERS[0], Config(9, 8, 2, 1, 4, norm="rms")])
def test_activations_of_another_kind_are_refused(config):
    with pytest.raises(ValueError, match="GPT's kind"):
        activations(config, 1, 4)


def test_other_bad_input():
    with pytest.raises(ValueError, match="experts"):
        forward_flops(Config(9, 8, 2, 1, 4, feed_forward="experts", n_experts=2), 4)
    with pytest.raises(ValueError, match="precision='f64' must be one of 'f32', 'mixed'"):
        state_bytes(10, "f64")
