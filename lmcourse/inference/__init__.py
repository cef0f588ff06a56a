"""How a Transformer that has been trained is run fast: fewer bytes to fetch, fewer times to fetch them.

In reading order; those marked * need only NumPy, the others torch.

memory.py      * arithmetic: what weights, cache and multiplications cost, and how fast it can be at best
measure.py       how fast this machine reads its memory, and models write on it
kernels.py       products with weights of four and eight bits
flat.py          a block in one function
layouts.py       a network's weights, laid out for reading
distance.py    * how far a variant has moved from the original
metered.py     * a small decoder whose passes have a price: what a loop costs, without a clock
speculative.py * a small model guesses ahead, the large one checks several guesses at once
long_text.py   * chunks, masks and places for texts longer than a model was made for
needles.py     * facts hidden in long texts of the mouse world
finding.py       ways to look for them
"""
