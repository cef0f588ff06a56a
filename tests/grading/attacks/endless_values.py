"""Values without end: generators, iterators, lists that hold themselves, nesting, shared branches."""


# %% chain_rule
def sequence_log_prob(*_):
    while True:
        yield 1.0


# %% temperature
def with_temperature(*_):
    row = []
    row.append(row)
    return row


# %% thermostat
def temperature_for_entropy(*_):
    deep = 1.0
    for _ in range(100_000):
        deep = [deep]
    return deep


# %% fill_blank
def fill_blank(*_):
    table = {}
    table["mouse"] = table
    return table


# %% typical
def typical_filter(*_):
    row = [0.5]
    for _ in range(60):
        row = [row, row]
    return row


# %% best_sentence
def most_probable(*_):
    return iter(int, 1)


# %% annealed_sequence
def annealed_next(*_):
    class Cycle(dict):
        def values(self):
            while True:
                yield 1.0

    return Cycle(a=1.0)
