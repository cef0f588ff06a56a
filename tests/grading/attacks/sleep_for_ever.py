"""Do nothing at all, for ever, at no cost in processor time."""


# honest: typical
# says: stopped after
# %% best_sentence
def most_probable(*_):
    import time

    time.sleep(1e9)
