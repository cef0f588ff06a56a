"""Recursion without a limit, until the stack is over."""


# honest: typical
# %% chain_rule
def sequence_log_prob(*_):
    import sys

    sys.setrecursionlimit(10**9)

    class Deep:
        __getattr__ = lambda self, name: getattr(self, name + "x")
        __eq__ = lambda self, other: self == other

    return Deep() == 1 or Deep().x
