"""Settings for all tests."""

from hypothesis import settings

# A busy machine is no failure (no deadline), and every machine tries the same examples (derandomize).
settings.register_profile("lmcourse", deadline=None, derandomize=True)
settings.load_profile("lmcourse")
