"""Answer the request to run a cell with what only a check may hear."""

# with: _channel
# %% extra
reply("raised", [["ValueError"], "from a cell", ""])
# %% extra
reply("unfit", "from a cell")
# %% extra
reply("value", 1.0)
