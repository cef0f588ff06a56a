"""Settings for all tests, the course's wheel, and the real model."""

import subprocess
import sys
from pathlib import Path

import needed
import pytest
from hypothesis import settings

# A busy machine is no failure (no deadline), and every machine tries the same examples (derandomize).
settings.register_profile("lmcourse", deadline=None, derandomize=True)
settings.load_profile("lmcourse")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel that pip builds of this checkout: its path."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(Path(__file__).resolve().parent.parent), "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--disable-pip-version-check", "--wheel-dir", folder]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = folder.glob("lmcourse-*.whl")
    return archive


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
