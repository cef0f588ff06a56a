"""Values by the rules of the wire and against its sense: unknown tags, arrays that are none, keys that "
"are lists."""


# with: _channel
# honest: best_sentence
# %% chain_rule
def sequence_log_prob(*_):
    reply("value", {"a": 0}, [["|O", [1]]], b"12345678")


# %% temperature
def with_temperature(*_):
    reply("value", {"a": 0}, [["<f8", [-1, -2]]], bytes(16))


# %% thermostat
def temperature_for_entropy(*_):
    reply("value", {"h": 0})


# %% fill_blank
def fill_blank(*_):
    reply("value", {"d": [[[1], 2]]})


# %% typical
def typical_filter(*_):
    reply("value", {"a": 0}, [["<f8", [60_000_000] * 15 + [0]]])


# %% annealed_sequence
def annealed_next(*_):
    reply("value", {"c": [0], "o": {}})
