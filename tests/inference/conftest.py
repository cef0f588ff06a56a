"""A small network of Llama's kind, drawn."""

import numpy as np
import pytest

from lmcourse.transformer.config import Config
from lmcourse.transformer.network import Transformer


@pytest.fixture(scope="session")
def small():
    config = Config(
        64,
        64,
        4,
        2,
        64,
        n_kv_heads=2,
        d_ff=96,
        position="rope",
        norm="rms",
        feed_forward="swiglu",
        bias=False,
    )
    network = Transformer(config).draw(np.random.default_rng(0)).requires_grad_(False).eval()
    for parameter in network.parameters():  # so that what it says depends on what it has read
        if parameter.dim() == 2:
            parameter *= 3
    return network
