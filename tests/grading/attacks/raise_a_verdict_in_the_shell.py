"""The shell raises what the grader itself would raise, when it is asked to run a cell."""

# %% extra
from lmcourse.grading.checks import CheckFailed


def run_cell(*_, **__):
    raise CheckFailed("all is well")


get_ipython().run_cell = run_cell

# %% extra
await None  # no plain Python: the shell is asked to run this
