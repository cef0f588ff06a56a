"""What students get wrong in assignment 2, and what a check tells them. The tests run all of them."""

from __future__ import annotations

from lmcourse.grading.course import Mistake

CODER = """
def parts_of(counts):
    total, parts, before = sum(counts.values()), {}, 0
    for token, count in counts.items():
        parts[token] = Fraction(before, total), Fraction(count, total)
        before += count
    return parts


def ends_of(next_counts, tokens):
    low, width = Fraction(0), Fraction(1)
    for i, token in enumerate(tokens):
        if token not in next_counts(tuple(tokens[:i])):
            raise ValueError(token)
        start, share = parts_of(next_counts(tuple(tokens[:i])))[token]
        low, width = low + width * start, width * share
    return low, low + width
"""

MISTAKES = [
    Mistake(
        "surprise",
        "adds a small number under the logarithm",
        """
def surprisal(probs):
    return -np.log2(np.asarray(probs, dtype=float) + 1e-12)
""",
        "Did you add a small number under the logarithm?",
    ),
    Mistake(
        "surprise",
        "takes natural logarithms",
        """
def surprisal(probs):
    return -np.log(np.asarray(probs, dtype=float)) + 0.0
""",
        "that is in nats",
    ),
    Mistake(
        "surprise",
        "takes the mean of 1/p",
        """
def perplexity(probs):
    return float(np.mean(1 / np.asarray(probs, dtype=float)))
""",
        "Take the mean of the surprisals first",
    ),
    Mistake(
        "surprise",
        "multiplies probabilities",
        """
def perplexity(probs):
    product = math.prod(probs)
    return math.inf if product == 0 else product ** (-1 / len(probs))
""",
        "underflowed to 0; add up surprisals",
    ),
    Mistake(
        "surprise",
        "divides by characters",
        """
def bits_per_byte(probs, text):
    return float(surprisal(probs).sum() / len(text))
""",
        "é is one character of two bytes",
    ),
    Mistake(
        "surprise",
        "divides by tokens",
        """
def bits_per_byte(probs, text):
    return float(surprisal(probs).mean())
""",
        "Or did you divide by the tokens?",
    ),
    Mistake(
        "divergence",
        "weighs by q",
        """
def kl_divergence(p, q):
    p, q = np.asarray(q, dtype=float), np.asarray(p, dtype=float)
    return np.where(p > 0, p * (np.log2(p) - np.log2(q)), 0.0).sum(axis=-1)
""",
        "the weights of both logarithms are p's, what is true",
    ),
    Mistake(
        "divergence",
        "leaves out whatever is zero",
        """
def kl_divergence(p, q):
    p, q = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    return np.where((p > 0) & (q > 0), p * (np.log2(p) - np.log2(q)), 0.0).sum(axis=-1)
""",
        "left out only where p is 0, not where q is",
    ),
    Mistake(
        "divergence",
        "trusts the formula at its edges",
        """
def kl_divergence(p, q):
    p, q = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    return (p * np.log2(p / q)).sum(axis=-1)
""",
        "look for 0 · log 0",
    ),
    Mistake(
        "divergence",
        "adds up all rows",
        """
def kl_divergence(p, q):
    p, q = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    return np.where(p > 0, p * (np.log2(p) - np.log2(q)), 0.0).sum()
""",
        "one number came out",
    ),
    Mistake(
        "divergence",
        "shows a detour that is a little shorter",
        """
def detour(factor):
    return [0.5, 0.5], [0.25, 0.75], [0.1, 0.9]
""",
        "that is not 10 times as much",
    ),
    Mistake(
        "divergence",
        "uses an infinity",
        """
def detour(factor):
    return [0.5, 0.5], [0.25, 0.75], [0.0, 1.0]
""",
        "one of your probabilities is zero",
    ),
    Mistake(
        "independence",
        "takes columns for x",
        """
def fit_independent(counts):
    shares = np.asarray(counts) / np.sum(counts)
    q, r = shares.sum(axis=0), shares.sum(axis=1)
    return q, r, kl_divergence(shares.ravel(), np.outer(r, q).ravel())
""",
        "rows are x, columns are y",
    ),
    Mistake(
        "independence",
        "gives the cross-entropy, not what lies above the entropy",
        """
def fit_independent(counts):
    shares = np.asarray(counts) / np.sum(counts)
    q, r = shares.sum(axis=1), shares.sum(axis=0)
    return q, r, -(shares * np.log2(np.outer(q, r))).sum()
""",
        "the excess is what lies above the entropy of the pairs",
    ),
    Mistake(
        "independence",
        "measures the divergence the wrong way round",
        """
def fit_independent(counts):
    shares = np.asarray(counts) / np.sum(counts)
    q, r = shares.sum(axis=1), shares.sum(axis=0)
    return q, r, kl_divergence(np.outer(q, r).ravel(), shares.ravel())
""",
        "that is KL(q r ‖ p), the wrong way round",
    ),
    Mistake(
        "independence",
        "counts how many partners each had, not how often each was seen",
        """
def fit_independent(counts):
    shares, seen = np.asarray(counts) / np.sum(counts), (np.asarray(counts) > 0).astype(float)
    q, r = seen.sum(axis=1) / seen.sum(), seen.sum(axis=0) / seen.sum()
    return q, r, kl_divergence(shares.ravel(), np.outer(q, r).ravel())
""",
        "How often was each x seen, whatever came with it?",
    ),
    Mistake(
        "independence",
        "takes columns for x, and compares tables of different shapes",
        """
def fit_independent(counts):
    shares = np.asarray(counts) / np.sum(counts)
    q, r = shares.sum(axis=0), shares.sum(axis=1)
    return q, r, kl_divergence(shares, np.outer(q, r)).sum()
""",
        "Two arrays that should have the table's shape do not: rows are x, columns are y",
    ),
    Mistake(
        "independence",
        "gives a divergence for each row of the table",
        """
def fit_independent(counts):
    shares = np.asarray(counts) / np.sum(counts)
    q, r = shares.sum(axis=1), shares.sum(axis=0)
    return q, r, kl_divergence(shares, np.outer(q, r))
""",
        "A table is one joint distribution: flatten it (or sum over both axes)",
    ),
    Mistake(
        "codewords",
        "rounds to the nearest",
        """
def code_lengths(probs):
    return {s: round(-math.log2(p)) for s, p in probs.items() if p > 0}
""",
        "Their Kraft sum is 1/2 + 1/2 + 1/4 = 1.25 > 1: no prefix code has them",
    ),
    Mistake(
        "codewords",
        "takes 1/p for the length",
        """
def code_lengths(probs):
    return {s: math.ceil(1 / p) for s, p in probs.items() if p > 0}
""",
        "What happens once in three times does not take three bits",
    ),
    Mistake(
        "codewords",
        "adds a bit to what is whole already",
        """
def code_lengths(probs):
    return {s: int(-math.log2(p)) + 1 for s, p in probs.items() if p > 0}
""",
        "what is whole already stays",
    ),
    Mistake(
        "codewords",
        "does not think of impossible symbols",
        """
def code_lengths(probs):
    return {s: math.ceil(-math.log2(p)) for s, p in probs.items()}
""",
        "A symbol of probability 0 never comes",
    ),
    Mistake(
        "codewords",
        "gives out words in the order of the dictionary",
        """
def prefix_code(lengths):
    if sum(Fraction(1, 2**n) for n in lengths.values()) > 1:
        raise ValueError("too short")
    words, start = {}, Fraction(0)
    for symbol, n in lengths.items():
        words[symbol] = f"{int(start * 2**n):0{n}b}" if n else ""
        start += Fraction(1, 2**n)
    return words
""",
        "a reader who has seen it cannot know which is meant",
    ),
    Mistake(
        "codewords",
        "numbers the words of each length from zero",
        """
def prefix_code(lengths):
    if sum(Fraction(1, 2**n) for n in lengths.values()) > 1:
        raise ValueError("too short")
    words, used = {}, {}
    for symbol, n in lengths.items():
        words[symbol] = f"{used.get(n, 0):0{n}b}" if n else ""
        used[n] = used.get(n, 0) + 1
    return words
""",
        "is the beginning of",
    ),
    Mistake(
        "codewords",
        "loses leading zeros",
        """
def prefix_code(lengths):
    if sum(Fraction(1, 2**n) for n in lengths.values()) > 1:
        raise ValueError("too short")
    words, start = {}, Fraction(0)
    for symbol in sorted(lengths, key=lengths.get):
        words[symbol] = f"{int(start * 2**lengths[symbol]):b}" if lengths[symbol] else ""
        start += Fraction(1, 2 ** lengths[symbol])
    return words
""",
        "which lost its leading zeros",
    ),
    Mistake(
        "codewords",
        "never refuses",
        """
def prefix_code(lengths):
    words, start = {}, Fraction(0)
    for symbol in sorted(lengths, key=lengths.get):
        n = lengths[symbol]
        words[symbol] = f"{int(start * 2**n):0{n}b}" if n else ""
        start += Fraction(1, 2**n)
    return words
""",
        "whose Kraft sum is 1.25 > 1, so that no prefix code has them",
    ),
    Mistake(
        "encoding",
        "computes with floats",
        """
def encode(next_counts, tokens):
    low, width = 0.0, 1.0
    for i, token in enumerate(tokens):
        counts, before = next_counts(tuple(tokens[:i])), 0
        if token not in counts:
            raise ValueError(token)
        total = sum(counts.values())
        for other in counts:
            if other == token:
                break
            before += counts[other]
        low, width = low + width * before / total, width * counts[token] / total
    for size in range(2000):
        first = math.ceil(low * 2**size) if size < 1000 else 0
        if first + 1 <= (low + width) * 2.0 ** min(size, 1000):
            return f"{first:0{size}b}" if size else ""
""",
        "Only fractions are exact",
    ),
    Mistake(
        "encoding",
        "is content with a number inside",
        CODER
        + """
def encode(next_counts, tokens):
    low, high = ends_of(next_counts, tokens)
    size = 0
    while math.ceil(low * 2**size) >= high * 2**size:
        size += 1
    return f"{math.ceil(low * 2**size):0{size}b}" if size else ""
""",
        "The number itself is inside, but if other bits follow it, the reader may land outside",
    ),
    Mistake(
        "encoding",
        "cuts the digits of the low end off",
        CODER
        + """
def encode(next_counts, tokens):
    low, high = ends_of(next_counts, tokens)
    size = 0
    while Fraction(1, 2**size) > high - low:
        size += 1
    return f"{math.floor(low * 2**size):0{size}b}" if size else ""
""",
        "The number should be rounded up to so many digits, not down",
    ),
    Mistake(
        "encoding",
        "always takes two bits more than the surprisal, rounded up",
        CODER
        + """
def encode(next_counts, tokens):
    low, high = ends_of(next_counts, tokens)
    size = 2
    while Fraction(1, 2 ** (size - 2)) > high - low:
        size += 1
    return f"{math.ceil(low * 2**size):0{size}b}"
""",
        "name the text, but 1 will do",
    ),
    Mistake(
        "encoding",
        "loses leading zeros",
        CODER
        + """
def encode(next_counts, tokens):
    low, high = ends_of(next_counts, tokens)
    size = 0
    while math.ceil(low * 2**size) + 1 > high * 2**size:
        size += 1
    return f"{math.ceil(low * 2**size):b}" if size else ""
""",
        "leading zeros count",
    ),
    Mistake(
        "encoding",
        "asks the model once",
        CODER
        + """
def encode(next_counts, tokens):
    counts = next_counts(())
    low, high = ends_of(lambda context: counts, tokens)
    size = 0
    while math.ceil(low * 2**size) + 1 > high * 2**size:
        size += 1
    return f"{math.ceil(low * 2**size):0{size}b}" if size else ""
""",
        "Ask the model at each token, with all tokens before it",
    ),
    Mistake(
        "encoding",
        "shares the interval in alphabetical order",
        CODER
        + """
def encode(next_counts, tokens):
    low, high = ends_of(lambda c: dict(sorted(next_counts(c).items())), tokens)
    size = 0
    while math.ceil(low * 2**size) + 1 > high * 2**size:
        size += 1
    return f"{math.ceil(low * 2**size):0{size}b}" if size else ""
""",
        "its place in the dictionary",
    ),
    Mistake(
        "decoding",
        "does not go into the token's part",
        CODER
        + """
def decode(next_counts, bits, n):
    number, tokens = Fraction(int("0" + bits, 2), 2 ** len(bits)), []
    for _ in range(n):
        for token, (start, share) in parts_of(next_counts(tuple(tokens))).items():
            if start <= number < start + share:
                tokens.append(token)
                break
    return tokens
""",
        "you looked at the same number in the whole interval again",
    ),
    Mistake(
        "decoding",
        "lets a part hold its high end",
        CODER
        + """
def decode(next_counts, bits, n):
    number, tokens = Fraction(int("0" + bits, 2), 2 ** len(bits)), []
    for _ in range(n):
        for token, (start, share) in parts_of(next_counts(tuple(tokens))).items():
            if number <= start + share:
                break
        tokens.append(token)
        number = (number - start) / share
    return tokens
""",
        "a part holds its low end, not its high one",
    ),
    Mistake(
        "decoding",
        "computes with floats",
        """
def decode(next_counts, bits, n):
    number, tokens = sum(2.0 ** -(i + 1) for i, bit in enumerate(bits) if bit == "1"), []
    for _ in range(n):
        counts = next_counts(tuple(tokens))
        total, start = sum(counts.values()), 0.0
        for token, count in counts.items():
            share = count / total
            if number < start + share:
                break
            start += share
        tokens.append(token)
        number = (number - start) / share
    return tokens
""",
        "is each number on the way exact?",
    ),
    Mistake(
        "decoding",
        "asks the model without what was decoded",
        CODER
        + """
def decode(next_counts, bits, n):
    number, tokens = Fraction(int("0" + bits, 2), 2 ** len(bits)), []
    parts = parts_of(next_counts(()))
    for _ in range(n):
        for token, (start, share) in parts.items():
            if start <= number < start + share:
                break
        tokens.append(token)
        number = (number - start) / share
    return tokens
""",
        "did you ask the model with all that was decoded so far?",
    ),
    Mistake(
        "decoding",
        "stops when the number has come to zero",
        CODER
        + """
def decode(next_counts, bits, n):
    number, tokens = Fraction(int("0" + bits, 2), 2 ** len(bits)), []
    while number > 0 and len(tokens) < n:
        for token, (start, share) in parts_of(next_counts(tuple(tokens))).items():
            if start <= number < start + share:
                break
        tokens.append(token)
        number = (number - start) / share
    return tokens
""",
        "should come out, yours are 1",
    ),
    Mistake(
        "entropy_rate",
        "takes the mean of the sentences' own rates",
        """
def entropy_rate(sentences):
    each = np.array([np.mean([-math.log2(p) for p in probs]) for probs in sentences])
    error = np.std(each, ddof=1) / math.sqrt(len(each))
    return each.mean(), each.mean() - 1.96 * error, each.mean() + 1.96 * error
""",
        "Divide all bits by all tokens",
    ),
    Mistake(
        "entropy_rate",
        "takes tokens for independent",
        """
def entropy_rate(sentences):
    bits = np.array([-math.log2(p) for probs in sentences for p in probs])
    error = np.std(bits, ddof=1) / math.sqrt(len(bits))
    return bits.mean(), bits.mean() - 1.96 * error, bits.mean() + 1.96 * error
""",
        "n is the number of sentences",
    ),
    Mistake(
        "entropy_rate",
        "forgets that long sentences have more bits",
        """
def entropy_rate(sentences):
    bits = np.array([-sum(math.log2(p) for p in probs) for probs in sentences])
    lengths = np.array([len(probs) for probs in sentences])
    rate = bits.sum() / lengths.sum()
    error = np.std(bits, ddof=1) / math.sqrt(len(bits)) / lengths.mean()
    return rate, rate - 1.96 * error, rate + 1.96 * error
""",
        "what counts is bits beyond rate · length",
    ),
    Mistake(
        "entropy_rate",
        "gives the spread of single sentences",
        """
def entropy_rate(sentences):
    bits = np.array([-sum(math.log2(p) for p in probs) for probs in sentences])
    lengths = np.array([len(probs) for probs in sentences])
    rate = bits.sum() / lengths.sum()
    error = np.std(bits - rate * lengths, ddof=1) / lengths.mean()
    return rate, rate - 1.96 * error, rate + 1.96 * error
""",
        "smaller by the square root of n",
    ),
    Mistake(
        "entropy_rate",
        "divides by n for the variance",
        """
def entropy_rate(sentences):
    bits = np.array([-sum(math.log2(p) for p in probs) for probs in sentences])
    lengths = np.array([len(probs) for probs in sentences])
    rate = bits.sum() / lengths.sum()
    error = np.std(bits - rate * lengths) / math.sqrt(len(bits)) / lengths.mean()
    return rate, rate - 1.96 * error, rate + 1.96 * error
""",
        "as np.std does if it is not told ddof=1. Divide by n - 1",
    ),
    Mistake(
        "mixing",
        "mixes surprisals instead of probabilities",
        """
def best_weight(a, b):
    def bits(w):
        return float((w * surprisal(a) + (1 - w) * surprisal(b)).mean())

    w = min((0.0, 1.0), key=bits)
    return w, bits(w)
""",
        "Did you mix surprisals instead of probabilities?",
    ),
    Mistake(
        "mixing",
        "counts how often each model is the better one",
        """
def best_weight(a, b):
    a, b = np.asarray(a), np.asarray(b)
    w = float(np.mean(a > b))
    return w, float(surprisal(w * a + (1 - w) * b).mean())
""",
        "how much better it is counts as well",
    ),
    Mistake(
        "mixing",
        "tries tenths only",
        """
def best_weight(a, b):
    a, b = np.asarray(a), np.asarray(b)
    bits, w = min((float(surprisal(k / 10 * a + (1 - k / 10) * b).mean()), k / 10) for k in range(11))
    return w, bits
""",
        "a grid of tenths is too coarse",
    ),
    Mistake(
        "surprise",
        "forgets the 1/L of the perplexity",
        """
def perplexity(probs):
    return float(2 ** surprisal(probs).sum())
""",
        "where is the 1/L?",
    ),
    Mistake(
        "surprise",
        "forgets the 1/L, with Python's floats",
        """
def perplexity(probs):
    return 2.0 ** sum((-math.log2(p) if p else math.inf for p in probs))
""",
        "where is the 1/L?",
    ),
    Mistake(
        "surprise",
        "takes the logarithm of zero",
        """
def surprisal(probs):
    return np.array([-math.log2(p) for p in probs])
""",
        "np.log2 gives infinity there",
    ),
    Mistake(
        "surprise",
        "divides the mean surprisal by the bytes",
        """
def bits_per_byte(probs, text):
    return float(surprisal(probs).mean() / len(text.encode()))
""",
        "it is their sum that is divided",
    ),
    Mistake(
        "surprise",
        "weighs each surprisal by its probability",
        """
def perplexity(probs):
    p = np.asarray(probs)
    return float(2 ** np.nansum(p * surprisal(p)))
""",
        "you weighed each surprisal by its p",
    ),
    Mistake(
        "surprise",
        "takes flat lists only",
        """
def surprisal(probs):
    return [-math.log2(p) if p else math.inf for p in probs]
""",
        "The array may have any shape",
    ),
    Mistake(
        "divergence",
        "takes the mean of the terms",
        """
def kl_divergence(p, q):
    p, q = (np.asarray(p, dtype=float), np.asarray(q, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * (np.log2(p) - np.log2(q)), 0.0)
    return terms.mean(axis=-1)
""",
        "that is the mean of the terms",
    ),
    Mistake(
        "divergence",
        "forgets the weights",
        """
def kl_divergence(p, q):
    p, q = (np.asarray(p, dtype=float), np.asarray(q, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, np.log2(p) - np.log2(q), 0.0)
    return terms.sum(axis=-1)
""",
        "the terms are not weighed",
    ),
    Mistake(
        "divergence",
        "makes one row of all rows",
        """
def kl_divergence(p, q):
    p, q = (np.asarray(p, dtype=float), np.asarray(q, dtype=float))
    m = p > 0
    with np.errstate(divide="ignore"):
        return float((p[m] * np.log2(p[m] / q[m])).sum())
""",
        "one number came out",
    ),
    Mistake(
        "divergence",
        "takes absolute values",
        """
def kl_divergence(p, q):
    p, q = (np.asarray(p, dtype=float), np.asarray(q, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * (np.log2(p) - np.log2(q)), 0.0)
    return abs(terms).sum(axis=-1)
""",
        "a term may be negative",
    ),
    Mistake(
        "independence",
        "returns counts",
        """
def fit_independent(counts):
    shares = np.asarray(counts, dtype=float)
    pass
    q, r = (shares.sum(axis=1), shares.sum(axis=0))
    return (q, r, kl_divergence(shares.ravel(), np.outer(q, r).ravel()))
""",
        "sum to 8, not 1",
    ),
    Mistake(
        "independence",
        "forgets the weights of the excess",
        """
def fit_independent(counts):
    s = np.asarray(counts, dtype=float)
    s = s / s.sum()
    q, r = (s.sum(axis=1), s.sum(axis=0))
    m = s > 0
    return (q, r, np.log2(s[m] / np.outer(q, r)[m]).sum())
""",
        "each is multiplied by the pair's share",
    ),
    Mistake(
        "independence",
        "takes y for uniform",
        """
def fit_independent(counts):
    shares = np.asarray(counts, dtype=float)
    shares = shares / shares.sum()
    q, r = (shares.sum(axis=1), np.full(shares.shape[1], 1 / shares.shape[1]))
    return (q, r, kl_divergence(shares.ravel(), np.outer(q, r).ravel()))
""",
        "the model of greatest likelihood is the one of least cross-entropy",
    ),
    Mistake(
        "codewords",
        "adds one to what is rounded up",
        """
def code_lengths(probs):
    return {symbol: math.ceil(-math.log2(p)) + 1 for symbol, p in probs.items() if p > 0}
""",
        "one more than it takes",
    ),
    Mistake(
        "codewords",
        "refuses a Kraft sum of one",
        """
def prefix_code(lengths):
    kraft = sum((Fraction(1, 2**length) for length in lengths.values()))
    if kraft >= 1:
        raise ValueError(f"the lengths sum to {kraft}, more than 1")
    words, start = ({}, Fraction(0))
    for symbol in sorted(lengths, key=lengths.get):
        length = lengths[symbol]
        words[symbol] = f"{int(start * 2**length):0{length}b}" if length else ""
        start += Fraction(1, 2**length)
    return words
""",
        "exactly 1, and that is allowed",
    ),
    Mistake(
        "codewords",
        "lays the short stretches first",
        """
def prefix_code(lengths):
    kraft = sum((Fraction(1, 2**length) for length in lengths.values()))
    if kraft > 1:
        raise ValueError(f"the lengths sum to {kraft}, more than 1")
    words, start = ({}, Fraction(0))
    for symbol in sorted(lengths, key=lengths.get, reverse=True):
        length = lengths[symbol]
        words[symbol] = f"{int(start * 2**length):0{length}b}" if length else ""
        start += Fraction(1, 2**length)
    return words
""",
        "is the beginning of '00'",
    ),
    Mistake(
        "codewords",
        "takes natural logarithms",
        """
def code_lengths(probs):
    return {symbol: math.ceil(-math.log(p)) for symbol, p in probs.items() if p > 0}
""",
        "do they come from natural logarithms?",
    ),
    Mistake(
        "encoding",
        "narrows the width before it moves the low end",
        """
def interval(next_counts, tokens):
    low, width = (Fraction(0), Fraction(1))
    for i, token in enumerate(tokens):
        parts = shares(next_counts(tuple(tokens[:i])))
        if token not in parts:
            raise ValueError(token)
        start, share = parts[token]
        width *= share
        low += width * start
    return (low, low + width)
""",
        "the low end moves by a share of the *old* width",
    ),
    Mistake(
        "encoding",
        "writes 0 for the empty text",
        """
def encode(next_counts, tokens):
    low, high = interval(next_counts, tokens)
    size = 0
    while True:
        first = math.ceil(low * 2**size)
        if first + 1 <= high * 2**size:
            return f"{first:0{size}b}"
        size += 1
""",
        "0 will do: the empty string",
    ),
    Mistake(
        "encoding",
        "rounds down",
        """
def encode(next_counts, tokens):
    low, high = interval(next_counts, tokens)
    size = 0
    while True:
        first = math.floor(low * 2**size)
        if first + 1 <= high * 2**size:
            return f"{first:0{size}b}" if size else ""
        size += 1
""",
        "rounded up to so many digits, not down",
    ),
    Mistake(
        "decoding",
        "stops at the end of a part, that included",
        """
def decode(next_counts, bits, n):
    number, low, width, tokens = (
        Fraction(int("0" + bits, 2), 2 ** len(bits)),
        Fraction(0),
        Fraction(1),
        [],
    )
    for _ in range(n):
        counts = next_counts(tuple(tokens))
        total = sum(counts.values())
        for token, count in counts.items():
            part = width * Fraction(count, total)
            if number <= low + part:
                break
            low += part
        tokens.append(token)
        width = part
    return tokens
""",
        "a part holds its low end, not its high one",
    ),
    Mistake(
        "decoding",
        "finds a border in no part",
        """
def decode(next_counts, bits, n):
    number = Fraction(int("0" + bits, 2), 2 ** len(bits))
    tokens = []
    for _ in range(n):
        parts = shares(next_counts(tuple(tokens)))
        token = next((t for t, (start, share) in parts.items() if start < number < start + share))
        tokens.append(token)
        start, share = parts[token]
        number = (number - start) / share
    return tokens
""",
        "a part holds its low end, not its high one",
    ),
    Mistake(
        "decoding",
        "reads the bits as a whole number",
        """
def decode(next_counts, bits, n):
    number = Fraction(int("0" + bits, 2))
    tokens = []
    for _ in range(n):
        parts = shares(next_counts(tuple(tokens)))
        token = next((t for t, (start, share) in parts.items() if start <= number < start + share))
        tokens.append(token)
        start, share = parts[token]
        number = (number - start) / share
    return tokens
""",
        "binary digits after the point",
    ),
    Mistake(
        "decoding",
        "reads the bits from right to left",
        """
def decode(next_counts, bits, n):
    number = Fraction(int("0" + bits[::-1], 2), 2 ** len(bits))
    tokens = []
    for _ in range(n):
        parts = shares(next_counts(tuple(tokens)))
        token = next((t for t, (start, share) in parts.items() if start <= number < start + share))
        tokens.append(token)
        start, share = parts[token]
        number = (number - start) / share
    return tokens
""",
        "the bits are read from left to right",
    ),
    Mistake(
        "decoding",
        "does not think of no bits",
        """
def decode(next_counts, bits, n):
    number = Fraction(int(bits, 2), 2 ** len(bits))
    tokens = []
    for _ in range(n):
        parts = shares(next_counts(tuple(tokens)))
        token = next((t for t, (start, share) in parts.items() if start <= number < start + share))
        tokens.append(token)
        start, share = parts[token]
        number = (number - start) / share
    return tokens
""",
        "Where there are no bits, the number is 0",
    ),
    Mistake(
        "entropy_rate",
        "returns low, rate, high",
        """
def entropy_rate(sentences):
    bits = np.array([-sum((math.log2(p) for p in probs)) for probs in sentences])
    lengths = np.array([len(probs) for probs in sentences])
    rate = bits.sum() / lengths.sum()
    error = np.std(bits - rate * lengths, ddof=1) / math.sqrt(len(sentences)) / lengths.mean()
    return (rate - 1.96 * error, rate, rate + 1.96 * error)
""",
        "return the rate first",
    ),
    Mistake(
        "entropy_rate",
        "takes two standard errors",
        """
def entropy_rate(sentences):
    bits = np.array([-sum((math.log2(p) for p in probs)) for probs in sentences])
    lengths = np.array([len(probs) for probs in sentences])
    rate = bits.sum() / lengths.sum()
    error = np.std(bits - rate * lengths, ddof=1) / math.sqrt(len(sentences)) / lengths.mean()
    return (rate, rate - 2 * error, rate + 2 * error)
""",
        "it takes 1.96 standard errors, not 2",
    ),
    Mistake(
        "entropy_rate",
        "takes one standard error",
        """
def entropy_rate(sentences):
    bits = np.array([-sum((math.log2(p) for p in probs)) for probs in sentences])
    lengths = np.array([len(probs) for probs in sentences])
    rate = bits.sum() / lengths.sum()
    error = np.std(bits - rate * lengths, ddof=1) / math.sqrt(len(sentences)) / lengths.mean()
    return (rate, rate - error, rate + error)
""",
        "that is one standard error to each side",
    ),
    Mistake(
        "entropy_rate",
        "gives the interval per sentence",
        """
def entropy_rate(sentences):
    bits = np.array([-sum((math.log2(p) for p in probs)) for probs in sentences])
    lengths = np.array([len(probs) for probs in sentences])
    rate = bits.sum() / lengths.sum()
    error = np.std(bits - rate * lengths, ddof=1) / math.sqrt(len(sentences))
    return (rate, rate - 1.96 * error, rate + 1.96 * error)
""",
        "divide by the mean length as well",
    ),
    Mistake(
        "mixing",
        "returns the weight of the second model",
        """
def best_weight(a, b):
    a, b = (np.asarray(a, dtype=float), np.asarray(b, dtype=float))

    def bits(w):
        return surprisal(w * a + (1 - w) * b).mean()

    def falls(w):
        return np.mean((a - b) / (w * a + (1 - w) * b)) > 0

    left, right = (0.0, 1.0)
    for _ in range(100):
        middle = (left + right) / 2
        left, right = (middle, right) if falls(middle) else (left, middle)
    w = min((0.0, 1.0, left, right), key=bits)
    return (1 - w, bits(w))
""",
        "that is the weight of the second model",
    ),
    Mistake(
        "mixing",
        "gives the bits of the whole text",
        """
def best_weight(a, b):
    a, b = (np.asarray(a, dtype=float), np.asarray(b, dtype=float))

    def bits(w):
        return surprisal(w * a + (1 - w) * b).mean()

    def falls(w):
        return np.mean((a - b) / (w * a + (1 - w) * b)) > 0

    left, right = (0.0, 1.0)
    for _ in range(100):
        middle = (left + right) / 2
        left, right = (middle, right) if falls(middle) else (left, middle)
    w = min((0.0, 1.0, left, right), key=bits)
    return (w, bits(w) * len(a))
""",
        "that is for the whole text",
    ),
    Mistake(
        "mixing",
        "climbs instead of going down",
        """
def best_weight(a, b):
    a, b = (np.asarray(a, dtype=float), np.asarray(b, dtype=float))

    def bits(w):
        return surprisal(w * a + (1 - w) * b).mean()

    def falls(w):
        return np.mean((a - b) / (w * a + (1 - w) * b)) < 0

    left, right = (0.0, 1.0)
    for _ in range(100):
        middle = (left + right) / 2
        left, right = (middle, right) if falls(middle) else (left, middle)
    w = min((0.0, 1.0, left, right), key=bits)
    return (w, bits(w))
""",
        "is the slope's sign turned?",
    ),
    Mistake(
        "mixing",
        "stops too early",
        """
def best_weight(a, b):
    a, b = (np.asarray(a), np.asarray(b))
    w = 0.5
    for _ in range(20):
        w = float(np.mean(w * a / (w * a + (1 - w) * b)))
    return (w, float(-np.log2(w * a + (1 - w) * b).mean()))
""",
        "go on until nothing changes",
    ),
    Mistake(
        "encoding",
        "names the high end",
        CODER
        + """
def encode(next_counts, tokens):
    low, high = ends_of(next_counts, tokens)
    size = 0
    while Fraction(1, 2**size) > high - low:
        size += 1
    return f"{math.floor(high * 2**size):0{size}b}" if size else ""
""",
        "name the high end of the text's interval",
    ),
    Mistake(
        "entropy_rate",
        "takes n - 1 twice",
        """
def entropy_rate(sentences):
    bits = np.array([-sum(math.log2(p) for p in probs) for probs in sentences])
    lengths = np.array([len(probs) for probs in sentences])
    rate = bits.sum() / lengths.sum()
    error = np.std(bits - rate * lengths, ddof=1) / math.sqrt(len(bits) - 1) / lengths.mean()
    return rate, rate - 1.96 * error, rate + 1.96 * error
""",
        "n - 1 belongs into the variance alone",
    ),
    *(
        Mistake(
            "mixing",
            f"tries a grid of {steps} steps",
            f"""
def best_weight(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    weights = np.arange({steps} + 1) / {steps}
    bits = [float(surprisal(w * a + (1 - w) * b).mean()) for w in weights]
    return float(weights[np.argmin(bits)]), min(bits)
""",
            f"is that the best of a grid, of {steps} steps perhaps?",
        )
        for steps in (100, 1000, 10_000)
    ),
]
