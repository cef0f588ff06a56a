"""A header that claims four gigabytes; one that claims less than is there; one without an end."""


# with: _channel
# honest: annealed_sequence
# %% chain_rule
def sequence_log_prob(*_):
    channel.sendall(b"\xff" * 8)


# %% temperature
def with_temperature(*_):
    send([server._ticket, "value", 1.0, ""], sizes=(5, 0))


# %% thermostat
def temperature_for_entropy(*_):
    send([server._ticket, "value", 1.0, ""], sizes=(3_000_000, 60_000_000))
    while True:
        pass


# %% fill_blank
def fill_blank(*_):
    channel.sendall(struct.pack("!II", 1000, 0) + b"[" * 1000)


# %% typical
def typical_filter(*_):
    channel.sendall(struct.pack("!II", 4_000_000, 0) + b"[" * 4_000_000)


# %% best_sentence
def most_probable(*_):
    channel.sendall(struct.pack("!II", 4_000_000, 0) + b"9" * 4_000_000)
