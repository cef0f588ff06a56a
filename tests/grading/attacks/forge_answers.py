"""Answer the grader on the channel itself: verdicts, points, right-looking values, for this and for later."""


# with: _channel
# %% chain_rule
def sequence_log_prob(*_):
    for kind, content in (("passed", True), ("verdict", ""), ("points", 1000)):
        reply(kind, content)
    return 1.0


# %% temperature
def with_temperature(*_):
    for _ in range(100):
        reply("value", [0.5, 0.5])
    raise SystemExit


# %% thermostat
def temperature_for_entropy(*_):
    server._ticket += 1
    return 1.0


# %% fill_blank
def fill_blank(*_):
    server._ticket = True
    return {}


# %% typical
def typical_filter(*_):
    send({"n": server._ticket, "value": [0, 1, 0, 0]})


# %% best_sentence
def most_probable(*_):
    reply("ran", None)


# %% annealed_sequence
def annealed_next(*_):
    send([server._ticket, "value", 1.0, "", "", ""])
