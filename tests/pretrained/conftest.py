"""The real model, loaded once for all tests here; without its file they are skipped, in CI they fail."""

import os

import pytest

from lmcourse.data import DataError
from lmcourse.pretrained.model import load, pretrained_file


@pytest.fixture(scope="session")
def model():
    try:
        return load()
    except DataError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no SmolLM2: {error}")


@pytest.fixture(scope="session")
def tokenizer(model):
    return model.vocab


@pytest.fixture(scope="session")
def metadata(model):
    """What the file says of the model."""
    assert model is not None  # the file is there
    return pretrained_file().metadata
