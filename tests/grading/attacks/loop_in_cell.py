"""An endless loop in a cell; the cells behind it are graded without it."""

# honest: typical
# says: stopped after 2 s; the other cells were run without this one
# %% extra
while True:
    pass
