"""Answer the request to run a cell with an error nested as deep as JSON may be."""

# with: _channel
# %% extra
text = "[" * 950 + "]" * 950
raw = f'[[{server._ticket}, "ran", [{text}, {text}, 1], ""], []]'.encode()
channel.sendall(struct.pack("!II", len(raw), 0) + raw)
