"""Neural language models: what they learn, how they are trained, what keeps a gradient alive.

In reading order; those marked * need only NumPy, the others torch.

autodiff.py       * gradients by automatic differentiation, over NumPy arrays
feed_forward.py     Bengio's network of the last n - 1 tokens
word2vec.py         vectors of words from their neighbours, drawn against random ones
glove.py          * vectors of words from counts of their neighbours
vectors.py        * neighbours and analogies among vectors, ours and others'
word_map.py       * vectors rounded, and laid out in a plane
training.py         the training loop: rate, clipping, early stopping, a checkpoint to go on from
batches.py          windows of a text, and rows that are read on from batch to batch
initial.py          first weights, from NumPy's generator
recurrent.py        recurrent networks: the plain cell and the GRU, layers, a model and its reader
lstm.py             the LSTM, and its way back through a text written out
torch_model.py      a torch module as a `LanguageModel`
gradient_lab.py   * the laboratory: a gradient's way back through an untrained network
bells.py          * its random numbers, the same in Python and in the page
gradient_tasks.py   two small tasks that vanishing gradients spoil, and networks trained side by side
bidirectional.py    reading from both sides: a layer, a pair of language models, a mixture of layers
probe.py            what can be read off a vector by a weighted sum
number_words.py     numbers in words, a small language to translate from
seq2seq.py          an encoder, a decoder, and attention between them
weights.py          trained weights in a file
"""
