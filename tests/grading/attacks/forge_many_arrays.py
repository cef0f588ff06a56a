"""One array said to be everywhere: a sentence whose words are hundreds of times the same large array."""


# with: _channel
# %% best_sentence
def most_probable(*_):
    reply("value", [{"a": 0}] * 200, [["<f8", [900]]], np.random.random(900).tobytes())
    raise SystemExit
