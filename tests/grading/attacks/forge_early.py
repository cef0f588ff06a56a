"""Send answers before anything is asked, from a cell, with guessed tickets."""

# with: _channel
# %% extra
for ticket in range(200):
    send([ticket, "value", 1.0, ""])
    send([ticket, "ran", None, ""])
