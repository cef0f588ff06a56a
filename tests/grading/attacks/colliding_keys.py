"""A dictionary whose keys all have the same hash: -1 and -2 have, and so have all tuples of them."""

# says: (?s)stopped after|expected a dictionary|no possible word
# %% extra
import itertools

keys = list(itertools.islice(itertools.product((-1, -2), repeat=12), 3000))


def fill_blank(*_):
    return dict.fromkeys(keys, 0.1)


annealed_next = fill_blank
