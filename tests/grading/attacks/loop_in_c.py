"""Loops that no Python code interrupts: a monstrous regular expression, a monstrous power."""

# honest: typical
# says: stopped after
# %% extra
import re

re.match(r"(a+)+$", "a" * 64 + "b")


# %% chain_rule
def sequence_log_prob(*_):
    return pow(7, 10**8)
