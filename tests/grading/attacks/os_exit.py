"""End the process at once: in a cell, in an exercise, when an object is deleted."""

# honest: typical, chain_rule
# says: ended its Python process \(exit status 0\)
# %% extra
import os

os._exit(0)


# %% temperature
def with_temperature(*_):
    os._exit(0)


# %% best_sentence
def most_probable(*_):
    import ctypes

    ctypes.string_at(0)
