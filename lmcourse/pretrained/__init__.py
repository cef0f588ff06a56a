"""A real language model, read from its file into the course's own tokenizer and Transformer.

In reading order; those marked * need only NumPy, the others torch.

gguf.py      * the file: what is known about the model, and its weights in blocks of four and eight bits
tokenizer.py * chapter 1's byte-pair encoding with the model's vocabulary, and its special tokens
model.py       the weights in the same Transformer that the reader has built: `load()`
chat.py        a conversation as a text, and what the model answers
missing.py   * for pages: the model, or where it cannot be had, cells that say so instead of failing
page.py      * for pages: a text, the warmer the more surprising each token is
"""
