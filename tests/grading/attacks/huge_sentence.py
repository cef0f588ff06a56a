"""A sentence of four million letters, which the message to the student would repeat."""


# %% best_sentence
def most_probable(*_):
    return ("x" * 3_900_000,)
