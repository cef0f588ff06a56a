"""How a Transformer that has been trained is run fast: fewer bytes to fetch, fewer times to fetch them.

In reading order; those marked * need only NumPy, the others torch.

memory.py      * arithmetic: what a network's weights, cache and multiplications cost, and the most tokens a second
bandwidth.py     how fast this machine reads its memory
kernels.py       products with weights of four and eight bits
layouts.py       a network's weights, laid out for reading
distance.py    * how far a variant has moved from the original
speculative.py * a small model guesses ahead, the large one checks several guesses at once
"""
