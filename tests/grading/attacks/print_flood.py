"""Print a hundred million characters in a cell and in each call, honest otherwise."""

# honest: typical
# %% extra
for _ in range(100):
    print("flood " * 200_000)
from IPython.display import HTML, display

display(HTML("<script>alert(1)</script>" * 10_000))


# %% extra
def loud(function):
    def said(*args):
        print("flood " * 100_000)
        return function(*args)

    return said


# %% chain_rule
@loud
def sequence_log_prob(*_):
    return 1.0
