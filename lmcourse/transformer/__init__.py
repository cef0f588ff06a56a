"""The Transformer: attention, one stack of blocks for all its families, and the model behind the interface.

In reading order; those marked * need only NumPy, the others torch.

attention.py     soft look-up: in NumPy, in torch, and with several heads
masks.py       * what each place may see
positions.py     how a model knows where a token stands: sinusoids, rotations, slopes
config.py      * all choices of a Transformer in one place, and its number of parameters
cache.py         keys and values of what was read
feed_forward.py  what is done at each token with what has arrived there
experts.py       several feed-forward layers, and a router that chooses
blocks.py        normalisation, and the block: attention and feed-forward, added to what was there
network.py       the stack; the mask makes it an encoder, a decoder or a prefix model; encoder and decoder
model.py         a decoder as a `LanguageModel`, which reads on from its keys and values
quantise.py      weights as whole numbers of one byte, with a scale for each row
batches.py     * what an objective asks for, and the special tokens it needs
noise.py       * spans, infilling, random words
inside.py        what stands in the residual stream, what it would say, and what depends on it
objectives.py  * what BERT, RoBERTa, GPT, T5, BART, XLNet and prefix models are asked to foretell
optimum.py     * the best answers there are to these questions, in a world that can be listed
linear.py        an aside, about speed alone: torch's nn.Linear, on some CPUs twice as fast
"""
