"""From text to tokens: with a dictionary in hand, or from counts alone.

Read in this order:

    matching.py     a dictionary, and greed: forward, backward and bidirectional maximum matching
    lattice.py      all segmentations at once, as a graph; the most probable one by Viterbi's algorithm
    hmm.py          no dictionary: a hidden Markov model that labels each character's place in its word
    chinese.py      real material: 349,045 Chinese words, a trained HMM, news that people have segmented
    pictures.py     both drawn: words as bricks over the text, and the trellis of labels
    pieces.py       where a statistical tokenizer may not merge: the pattern that cuts text into pieces
    bpe.py          byte-pair encoding: merge the most frequent pair, again and again
    wordpiece.py    the same with another score, and greedy longest matching
    unigram.py      start large and prune: EM over all segmentations, Viterbi and sampling

A tokenizer is a `lmcourse.vocabulary.Vocabulary` (`encode`, `decode`, `tokens`): any language model of the
course can be trained on its tokens.
"""
