"""The shell says of each cell what cannot be written: results that are no results, errors without an end."""


# %% extra
class Endless(Exception):
    __class__ = property(lambda self: int)
    __traceback__ = property(lambda self: 1)

    def __str__(self):
        return "x" * 10**9


class Result:
    error_before_exec = Endless()
    error_in_exec = None


get_ipython().run_cell = lambda *_, **__: Result()

# %% extra
await None  # no plain Python: the shell is asked to run this
