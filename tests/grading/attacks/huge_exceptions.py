"""Exceptions with endless messages, names and chains; results with endless representations."""

# honest: typical
# %% extra
raise ValueError("x" * 50_000_000)


# %% chain_rule
def sequence_log_prob(*_):
    raise type("E" * 1_000_000, (Exception,), {})("y" * 50_000_000)


# %% temperature
class Long(float):
    def __repr__(self):
        return "z" * 100_000_000


def with_temperature(*_):
    return [Long(1.0)] * 3


# %% thermostat
def temperature_for_entropy(*_):
    return "t" * 3_900_000


# %% fill_blank
def fill_blank(*_):
    return {"u" * 3_900_000: 1.0}
