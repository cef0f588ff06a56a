"""Call functions of the check that there are not, with arguments that are none; change what they know."""


# with: _channel
# %% chain_rule
def sequence_log_prob(*_):
    reply("callback", [-1, [[], {"o": {}}]])


# %% thermostat
def temperature_for_entropy(*_):
    reply("callback", [0, [[], {"o": {}}]])


# %% fill_blank
def fill_blank(next_probs, *_):
    for arguments in (
        [1, 2],
        [[[]], {"o": {}}],
        [[{"t": [{"d": []}]}], {"o": {}}],
        [[], {"o": {"context": 1}}],
        [{"o": {}}, 7],
        [[], {"o": {"self": 1, "table": {"o": {}}}}],
    ):
        reply("callback", [0, arguments])
        server._receive()
    return {"cheese": 1.0}


# %% best_sentence
def most_probable(next_probs, *_):
    reply("callback", [True, [[{"t": []}], {"o": {}}]])


# %% annealed_sequence
def annealed_next(next_probs, *_):
    reply("callback", [10**30, [[{"t": []}], {"o": {}}]])
