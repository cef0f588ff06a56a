"""Numbers out of all measure: huge, not a number, complex, with units of their own."""


# %% chain_rule
def sequence_log_prob(*_):
    return 10**3000


# %% temperature
def with_temperature(*_):
    return [float("nan")] * 2


# %% thermostat
def temperature_for_entropy(*_):
    return 7**10_000_000


# %% fill_blank
def fill_blank(*_):
    return dict.fromkeys(("mouse", "cheese", "ball", "the", ".", "x", "z", "a", "b", "c"), float("inf"))


# %% typical
def typical_filter(*_):
    return [complex(0.5, 1e300), -(10**3000)]


# %% best_sentence
def most_probable(*_):
    return [10**3000] * 3


# %% annealed_sequence
def annealed_next(*_):
    return {"a": 1e308, "b": 1e308}
