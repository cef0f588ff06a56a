"""The same, a ready-made message: here no dictionary had to be built, there it must be."""


# with: _channel
# %% fill_blank
def fill_blank(*_):
    import itertools

    keys = itertools.islice(itertools.product((-1, -2), repeat=13), 5000)
    reply("value", {"d": [[{"t": list(key)}, 0.1] for key in keys]})
    raise SystemExit
