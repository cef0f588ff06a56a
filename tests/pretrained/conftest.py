"""Parts of the real model that several tests here ask."""

import pytest

from lmcourse.pretrained.model import pretrained_file


@pytest.fixture(scope="session")
def tokenizer(real):
    return real.vocab


@pytest.fixture(scope="session")
def metadata(real):
    """What the file says of the model."""
    assert real is not None  # the file is there
    return pretrained_file().metadata
