"""A frame a byte at a time, a little before patience ends; and a flood that nobody can read to its end."""


# with: _channel
# honest: typical
# says: stopped after
# %% chain_rule
def sequence_log_prob(*_):
    import time

    for byte in struct.pack("!II", 1000, 0) + b" " * 1000:
        channel.sendall(bytes([byte]))
        time.sleep(0.1)


# %% temperature
def with_temperature(*_):
    while True:
        reply("callback", [0, [[["a"]], {"o": {}}]])
