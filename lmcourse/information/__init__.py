"""Information: how much a message tells, and how short it can be made.

Read in this order:

    measures.py     surprisal, entropy, divergence, perplexity
    huffman.py      a word of bits for each symbol
    arithmetic.py   one number for a whole text, by any language model
    compression.py  files, compressed and restored
    shannon.py      the entropy of English, by counting and by guessing
"""

from lmcourse.information.arithmetic import (
    BitReader,
    CorruptError,
    decode,
    encode,
    frequencies,
    intervals,
    shortest_bits,
    steps_of,
    write,
)
from lmcourse.information.compression import HEADER, compress, decompress, fingerprint
from lmcourse.information.huffman import huffman, mean_length, read_code
from lmcourse.information.measures import (
    bits_per_byte,
    bits_per_token,
    conditional_entropy,
    cross_entropy,
    entropy,
    joint_entropy,
    kl_divergence,
    mutual_information,
    perplexity,
    rate_estimate,
    shares,
    surprisal,
)
from lmcourse.information.shannon import (
    LETTERS,
    Figure,
    figures,
    follow_ranks,
    guess_bounds,
    guess_ranks,
    letters,
    ngram_entropies,
)

__all__ = [
    "HEADER",
    "LETTERS",
    "BitReader",
    "CorruptError",
    "Figure",
    "bits_per_byte",
    "bits_per_token",
    "compress",
    "conditional_entropy",
    "cross_entropy",
    "decode",
    "decompress",
    "encode",
    "entropy",
    "figures",
    "fingerprint",
    "follow_ranks",
    "frequencies",
    "guess_bounds",
    "guess_ranks",
    "huffman",
    "intervals",
    "joint_entropy",
    "kl_divergence",
    "letters",
    "mean_length",
    "mutual_information",
    "ngram_entropies",
    "perplexity",
    "rate_estimate",
    "read_code",
    "shares",
    "shortest_bits",
    "steps_of",
    "surprisal",
    "write",
]
