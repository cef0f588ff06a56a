"""Tell the grader, in its own protocol, of an exception with a message of four million letters."""


# with: _channel
# %% chain_rule
def sequence_log_prob(*_):
    reply("raised", [["ValueError"], "<b>" * 1_300_000, "w"])
    raise SystemExit


# %% temperature
def with_temperature(*_):
    reply("unfit", "<b>" * 1_300_000)
    raise SystemExit
