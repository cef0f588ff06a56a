"""Name an array's kind in words that NumPy takes for a program with a mistake in it."""

# with: _channel
# %% extra
reply("ran", None, [[",", [1]]], bytes(8))


# %% chain_rule
def sequence_log_prob(*_):
    reply("value", {"a": 0}, [[",", [1]]], bytes(8))
