"""Answers that JSON allows and nobody expects: two to one question, keys that are doubled or equal."""


# with: _channel
# honest: typical
# earns: chain_rule=0.17
# %% chain_rule
def sequence_log_prob(*_):
    reply("value", -2.0794415416798357)
    reply("value", -2.0794415416798357)
    raise SystemExit


# %% temperature
def with_temperature(*_):
    reply("value", [float("inf"), -0.0])
    raise SystemExit


# %% fill_blank
def fill_blank(*_):
    doubled = '{"o": {"mouse": NaN, "mouse": 0.26, "cheese": 0.6, "ball": 0.15}}'
    text = f'[[{server._ticket}, "value", {doubled}, ""], []]'.encode()
    channel.sendall(struct.pack("!II", len(text), 0) + text)
    raise SystemExit


# %% annealed_sequence
def annealed_next(*_):
    reply("value", {"d": [[1, 0.5], [True, 0.2], [1.0, 0.3]]})
    raise SystemExit


# %% best_sentence
def most_probable(*_):
    reply("value", [0, "a", "b", {"t": []}])
    raise SystemExit
