"""What students get wrong in assignment 3, and what a check tells them. The tests run all of them."""

from __future__ import annotations

from lmcourse.grading.course import Mistake

# A model of Kneser and Ney with places to go wrong: how the counts of each length are made, its discount, how
# the probabilities of one length follow from those of the next shorter one, and what lies at the bottom.
SMOOTHER = """
def smoother(counts, vocab, lower=continuations, discount=None, step=discounted, bottom=None):
    levels = [counts]
    while () not in levels[0]:
        levels.insert(0, lower(levels[0]))

    def model(context):
        probs = bottom or {token: 1 / len(vocab) for token in vocab}
        for size, level in enumerate(levels):
            followers = level.get(context[len(context) - size :], {})
            probs = step(followers, probs, discount or best_discount(level))
        return probs

    return model
"""

SPEAKER = """
def generate(model, n, random, longest=100):
    tokens = [START] * (n - 1)
    while len(tokens) < n - 1 + longest:
        token = draw(model(tuple(tokens[len(tokens) - n + 1 :])), random())
        if token == END:
            break
        tokens.append(token)
    return tokens[n - 1 :]
"""

MISTAKES = [
    Mistake(
        "counting",
        "forgets the end",
        """
def count(sentences, n):
    counts = {}
    for sentence in sentences:
        tokens = [START] * (n - 1) + sentence
        for i in range(n - 1, len(tokens)):
            followers = counts.setdefault(tuple(tokens[i - n + 1 : i]), {})
            followers[tokens[i]] = followers.get(tokens[i], 0) + 1
    return counts
""",
        "To stop is a decision as well",
    ),
    Mistake(
        "counting",
        "puts one start token whatever n is",
        """
def count(sentences, n):
    counts = {}
    for sentence in sentences:
        tokens = [START, *sentence, END]
        for i in range(n - 1, len(tokens)):
            followers = counts.setdefault(tuple(tokens[i - n + 1 : i]), {})
            followers[tokens[i]] = followers.get(tokens[i], 0) + 1
    return counts
""",
        "it takes n - 1 start tokens",
    ),
    Mistake(
        "counting",
        "counts across sentences",
        """
def count(sentences, n):
    counts, tokens = {}, [START] * (n - 1) + [token for sentence in sentences for token in sentence] + [END]
    for i in range(n - 1, len(tokens)):
        followers = counts.setdefault(tuple(tokens[i - n + 1 : i]), {})
        followers[tokens[i]] = followers.get(tokens[i], 0) + 1
    return counts
""",
        "reaches from one sentence into the next",
    ),
    Mistake(
        "counting",
        "takes tokens[-0:] for nothing",
        """
def count(sentences, n):
    counts = {}
    for sentence in sentences:
        said = [START] * (n - 1)
        for token in [*sentence, END]:
            followers = counts.setdefault(tuple(said[-(n - 1) :]), {})
            followers[token] = followers.get(token, 0) + 1
            said.append(token)
    return counts
""",
        "tokens[-0:] is everything, not nothing",
    ),
    Mistake(
        "likelihood",
        "divides by all counts",
        """
def maximum_likelihood(counts):
    total = sum(sum(followers.values()) for followers in counts.values())
    return lambda context: {token: c / total for token, c in counts.get(context, {}).items()}
""",
        "divide by how often anything followed a",
    ),
    Mistake(
        "likelihood",
        "raises KeyError after a context that was not seen",
        """
def maximum_likelihood(counts):
    return lambda context: {t: c / sum(counts[context].values()) for t, c in counts[context].items()}
""",
        "think of a context after which nothing was seen",
    ),
    Mistake(
        "likelihood",
        "returns a dictionary instead of a function",
        """
def maximum_likelihood(counts):
    return {h: {t: c / sum(f.values()) for t, c in f.items()} for h, f in counts.items()}
""",
        "should return a function of the context",
    ),
    Mistake(
        "likelihood",
        "lets the product stop at L",
        """
def log_prob(model, sentence, n):
    total = 0.0
    for context, token in ngrams(sentence, n)[:-1]:
        p = model(context).get(token, 0.0)
        if p == 0:
            return -math.inf
        total += math.log2(p)
    return total
""",
        "the factor for </s>",
    ),
    Mistake(
        "likelihood",
        "multiplies probabilities",
        """
def log_prob(model, sentence, n):
    product = math.prod(model(context).get(token, 0.0) for context, token in ngrams(sentence, n))
    return math.log(product) if product else -math.inf
""",
        "that is in nats",
    ),
    Mistake(
        "likelihood",
        "multiplies first, and takes the logarithm then",
        """
def log_prob(model, sentence, n):
    product = 1.0
    for context, token in ngrams(sentence, n):
        product *= model(context).get(token, 0.0)
    return math.log2(product) if product else -math.inf
""",
        "a product of thousands of factors underflows to 0",
    ),
    Mistake(
        "likelihood",
        "asks with all tokens before, whatever n is",
        """
def log_prob(model, sentence, n):
    said, total = [START] * (n - 1), 0.0
    for token in [*sentence, END]:
        p = model(tuple(said)).get(token, 0.0)
        if p == 0:
            return -math.inf
        total += math.log2(p)
        said.append(token)
    return total
""",
        "ask the model with a tuple of the last 1 token(s)",
    ),
    Mistake(
        "likelihood",
        "takes tokens[-0:] for nothing",
        """
def log_prob(model, sentence, n):
    said, total = [START] * (n - 1), 0.0
    for token in [*sentence, END]:
        p = model(tuple(said[-(n - 1) :])).get(token, 0.0)
        if p == 0:
            return -math.inf
        total += math.log2(p)
        said.append(token)
    return total
""",
        "is it tokens[-0:], which is everything?",
    ),
    Mistake(
        "add_k",
        "adds k below once",
        """
def add_k(counts, vocab, k):
    def model(context):
        followers = counts.get(context, {})
        return {t: (followers.get(t, 0) + k) / (sum(followers.values()) + k) for t in vocab}

    return model
""",
        "k is added once for each of the V tokens",
    ),
    Mistake(
        "add_k",
        "takes what was seen after the context for the vocabulary",
        """
def add_k(counts, vocab, k):
    def model(context):
        followers = counts.get(context, {})
        total = sum(followers.values()) + k * len(followers)
        return {t: (c + k) / total for t, c in followers.items()}

    return model
""",
        "V is the size of the vocabulary, all that can be said",
    ),
    Mistake(
        "add_k",
        "gives k only to what was not seen",
        """
def add_k(counts, vocab, k):
    def model(context):
        followers = counts.get(context, {})
        return {t: followers.get(t, k) / (sum(followers.values()) + k * len(vocab)) for t in vocab}

    return model
""",
        "those that were seen get k more as well",
    ),
    Mistake(
        "add_k",
        "chooses k on the counted text",
        """
def best_k(counts, vocab, held_out, n, candidates):
    def score(k):
        model = add_k(counts, vocab, k)
        return sum(c * math.log2(model(h)[t]) for h, row in counts.items() for t, c in row.items())

    return max(candidates, key=score)
""",
        "the smallest k is what the counted text itself would choose",
    ),
    Mistake(
        "add_k",
        "multiplies the probabilities of all sentences",
        """
def best_k(counts, vocab, held_out, n, candidates):
    def score(k):
        model = add_k(counts, vocab, k)
        return math.prod(2 ** log_prob(model, sentence, n) for sentence in held_out)

    return max(candidates, key=score)
""",
        "A product of many probabilities underflows to 0",
    ),
    Mistake(
        "continuation",
        "adds up how often each occurred",
        """
def continuations(counts):
    shorter = {}
    for context, followers in counts.items():
        for token, c in followers.items():
            kinds = shorter.setdefault(context[1:], {})
            kinds[token] = kinds.get(token, 0) + c
    return shorter
""",
        "Each different token before it adds one",
    ),
    Mistake(
        "continuation",
        "counts what comes after, not what comes before",
        """
def continuations(counts):
    shorter = {}
    for context, followers in counts.items():
        kinds = shorter.setdefault(context[:-1], {})
        kinds[context[-1]] = kinds.get(context[-1], 0) + len(followers)
    return shorter
""",
        "Count those that came before",
    ),
    Mistake(
        "continuation",
        "drops the last token of the context",
        """
def continuations(counts):
    shorter = {}
    for context, followers in counts.items():
        for token in followers:
            kinds = shorter.setdefault(context[:-1], {})
            kinds[token] = kinds.get(token, 0) + 1
    return shorter
""",
        "What stood before the pair is its first one",
    ),
    Mistake(
        "continuation",
        "does not take <s> for company",
        """
def continuations(counts):
    shorter = {}
    for context, followers in counts.items():
        for token in followers if context[0] != START else ():
            kinds = shorter.setdefault(context[1:], {})
            kinds[token] = kinds.get(token, 0) + 1
    return shorter
""",
        "<s> is a token that a was seen after",
    ),
    Mistake(
        "discounting",
        "forgets the two below",
        """
def best_discount(counts):
    n = Counter(c for followers in counts.values() for c in followers.values())
    return n[1] / (n[1] + n[2]) if n[1] and n[2] else 0.5
""",
        "the n-grams seen twice count double below",
    ),
    Mistake(
        "discounting",
        "divides by zero where no n-gram was seen once or twice",
        """
def best_discount(counts):
    n = Counter(c for followers in counts.values() for c in followers.values())
    return n[1] / (n[1] + 2 * n[2])
""",
        "none was seen exactly twice",
    ),
    Mistake(
        "discounting",
        "gives on one discount, however many tokens gave",
        """
def discounted(followers, shorter, discount):
    if not followers:
        return shorter
    d, total = discount, sum(followers.values())
    return {t: max(followers.get(t, 0) - d, 0) / total + d / total * p for t, p in shorter.items()}
""",
        "D was taken from each of the tokens that were seen",
    ),
    Mistake(
        "discounting",
        "gives only to what was not seen",
        """
def discounted(followers, shorter, discount):
    if not followers:
        return shorter
    total = sum(followers.values())
    gamma = discount * len(followers) / total
    return {t: (followers[t] - discount) / total if t in followers else gamma * p for t, p in shorter.items()}
""",
        "that is what interpolation means",
    ),
    Mistake(
        "discounting",
        "divides by the sum of no counts",
        """
def discounted(followers, shorter, discount):
    total = sum(followers.values())
    gamma = discount * len(followers) / total
    return {t: max(followers.get(t, 0) - discount, 0) / total + gamma * p for t, p in shorter.items()}
""",
        "what the shorter context says is all there is",
    ),
    Mistake(
        "kneser_ney",
        "uses the counts as they are at all lengths",
        SMOOTHER
        + """
def as_they_are(counts):
    shorter = {}
    for context, followers in counts.items():
        for token, c in followers.items():
            sums = shorter.setdefault(context[1:], {})
            sums[token] = sums.get(token, 0) + c
    return shorter


def kneser_ney(counts, vocab):
    return smoother(counts, vocab, lower=as_they_are)
""",
        "What matters there is after how many different tokens each was seen",
    ),
    Mistake(
        "kneser_ney",
        "has one discount for all lengths",
        SMOOTHER
        + """
def kneser_ney(counts, vocab):
    return smoother(counts, vocab, discount=best_discount(counts))
""",
        "each length of n-gram has its own discount",
    ),
    Mistake(
        "kneser_ney",
        "has nothing below the single tokens",
        SMOOTHER
        + """
def kneser_ney(counts, vocab):
    return smoother(counts, vocab, bottom=dict.fromkeys(vocab, 0.0))
""",
        "what was taken from them is lost",
    ),
    Mistake(
        "kneser_ney",
        "gives up the whole context when it was not seen",
        """
def kneser_ney(counts, vocab):
    levels = [counts]
    while () not in levels[0]:
        levels.insert(0, continuations(levels[0]))

    def model(context):
        probs = {token: 1 / len(vocab) for token in vocab}
        for size, level in enumerate(levels):
            if size == 0 or context in counts:
                followers = level.get(context[len(context) - size :], {})
                probs = discounted(followers, probs, best_discount(level))
        return probs

    return model
""",
        "drop its first token: a alone was seen",
    ),
    Mistake(
        "kneser_ney",
        "returns uniform probabilities where the context was not seen",
        SMOOTHER
        + """
def kneser_ney(counts, vocab):
    seen, flat = smoother(counts, vocab), {token: 1 / len(vocab) for token in vocab}
    return lambda context: seen(context) if context in counts else flat
""",
        "drop the first token of the context, and ask again",
    ),
    Mistake(
        "kneser_ney",
        "skips from the longest to single tokens",
        """
def kneser_ney(counts, vocab):
    single = counts
    while () not in single:
        single = continuations(single)
    base = discounted(single[()], {token: 1 / len(vocab) for token in vocab}, best_discount(single))
    discount = best_discount(counts)
    return lambda context: discounted(counts.get(context, {}), base, discount) if context else base
""",
        "from triples go to pairs first",
    ),
    Mistake(
        "judging",
        "does not count the ends",
        """
def perplexity(model, sentences, n, vocab, others=1):
    bits = tokens = 0
    for sentence in sentences:
        read = [token if token in vocab else UNKNOWN for token in sentence]
        bits += read.count(UNKNOWN) * math.log2(others) - log_prob(model, read, n)
        tokens += len(read)
    return 2 ** (bits / tokens) if tokens else 1.0
""",
        "the ends are predicted too",
    ),
    Mistake(
        "judging",
        "takes the mean of the sentences' perplexities",
        """
def perplexity(model, sentences, n, vocab, others=1):
    each = []
    for sentence in sentences:
        read = [token if token in vocab else UNKNOWN for token in sentence]
        bits = read.count(UNKNOWN) * math.log2(others) - log_prob(model, read, n)
        each.append(2 ** (bits / (len(read) + 1)))
    return sum(each) / len(each)
""",
        "divide all bits by all tokens",
    ),
    Mistake(
        "judging",
        "leaves unknown words as they are",
        """
def perplexity(model, sentences, n, vocab, others=1):
    bits = -sum(log_prob(model, sentence, n) for sentence in sentences)
    return 2 ** (bits / sum(len(sentence) + 1 for sentence in sentences))
""",
        "it must be read as <unk>",
    ),
    Mistake(
        "judging",
        "leaves unknown words in the context",
        """
def perplexity(model, sentences, n, vocab, others=1):
    bits = tokens = 0
    for sentence in sentences:
        for context, token in ngrams(sentence, n):
            unknown = token not in vocab
            p = model(context).get(UNKNOWN if unknown else token, 0.0)
            bits += (-math.log2(p) if p else math.inf) + unknown * math.log2(others)
            tokens += 1
    return 2 ** (bits / tokens)
""",
        "in contexts as well",
    ),
    Mistake(
        "judging",
        "does not ask which word it was",
        """
def perplexity(model, sentences, n, vocab, others=1):
    bits = tokens = 0
    for sentence in sentences:
        read = [token if token in vocab else UNKNOWN for token in sentence]
        bits -= log_prob(model, read, n)
        tokens += len(read) + 1
    return 2 ** (bits / tokens)
""",
        "without the bits that it takes to say which words they were",
    ),
    Mistake(
        "judging",
        "charges for each unknown word once only",
        """
def perplexity(model, sentences, n, vocab, others=1):
    bits = tokens = 0
    for sentence in sentences:
        read = [token if token in vocab else UNKNOWN for token in sentence]
        bits -= log_prob(model, read, n)
        tokens += len(read) + 1
    strange = {token for sentence in sentences for token in sentence} - {*vocab}
    return 2 ** ((bits + len(strange) * math.log2(others)) / tokens)
""",
        "each *occurrence* of an unknown word takes log2 M bits",
    ),
    Mistake(
        "generation",
        "takes the most probable token",
        """
def generate(model, n, random, longest=100):
    tokens = [START] * (n - 1)
    while len(tokens) < n - 1 + longest:
        probs = model(tuple(tokens[len(tokens) - n + 1 :]))
        if (token := max(probs, key=probs.get)) == END:
            break
        tokens.append(token)
    return tokens[n - 1 :]
""",
        "a random one is to be drawn",
    ),
    Mistake(
        "generation",
        "says the end",
        """
def generate(model, n, random, longest=100):
    tokens = [START] * (n - 1)
    while len(tokens) < n - 1 + longest and tokens[-1:] != [END]:
        tokens.append(drawn(model(tuple(tokens[len(tokens) - n + 1 :])), random()))
    return tokens[n - 1 :]
""",
        "</s> ends the sentence and is not part of it",
    ),
    Mistake(
        "generation",
        "lets a part hold its high end",
        SPEAKER
        + """
def draw(probs, u):
    end = 0.0
    for token, p in probs.items():
        end += p
        if u <= end:
            return token
    return token
""",
        "a part holds its low end, and not its high one",
    ),
    Mistake(
        "generation",
        "takes tokens[-0:] for nothing",
        """
def generate(model, n, random, longest=100):
    tokens = [START] * (n - 1)
    while len(tokens) < n - 1 + longest:
        token = drawn(model(tuple(tokens[-(n - 1) :])), random())
        if token == END:
            break
        tokens.append(token)
    return tokens[n - 1 :]
""",
        "is it tokens[-0:], which is everything?",
    ),
    Mistake(
        "generation",
        "finds no token where rounding leaves a gap",
        SPEAKER
        + """
def draw(probs, u):
    ends = np.cumsum(list(probs.values()))
    return list(probs)[int(np.searchsorted(ends, u, side="right"))]
""",
        "Take the last possible token",
    ),
    Mistake(
        "new_words",
        "forgets the signs",
        """
def new_words(words, t):
    return sum(t**r * n for r, n in Counter(Counter(words).values()).items())
""",
        "the signs alternate",
    ),
    Mistake(
        "new_words",
        "stops after the words that occur once",
        """
def new_words(words, t):
    return t * sum(c == 1 for c in Counter(words).values())
""",
        "right for a very short text only",
    ),
    Mistake(
        "new_words",
        "counts occurrences instead of words",
        """
def new_words(words, t):
    return sum((-1) ** (r + 1) * t**r * r * n for r, n in Counter(Counter(words).values()).items())
""",
        "n_r is how many words occur r times",
    ),
]
