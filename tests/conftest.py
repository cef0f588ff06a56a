"""Settings for all tests, and the real model."""

import needed
import pytest
from hypothesis import settings

# A busy machine is no failure (no deadline), and every machine tries the same examples (derandomize).
settings.register_profile("lmcourse", deadline=None, derandomize=True)
settings.load_profile("lmcourse")


@pytest.fixture(scope="session")
def real():
    """The real model, in PyTorch; without its file, what asks for it is skipped, and fails in CI."""
    from lmcourse.pretrained.model import load

    with needed.data():
        return load()


@pytest.fixture(scope="session")
def scorer(real):
    """The same, which can say how a text begins."""
    assert real is not None  # its file is there
    from lmcourse.pretrained.model import load

    return load("<|endoftext|>")
