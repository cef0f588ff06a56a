"""What students get wrong in assignment 1, and what a check tells them.

Each entry: the exercise, what is wrong, code that is wrong in this way, and words that the explanation must
contain. The tests run all of them; `make grade-demo` builds its invented submissions from them.
"""

from __future__ import annotations

from lmcourse.grading.course import Mistake

MISTAKES = [
    Mistake(
        "chain_rule",
        "multiplies probabilities and takes the logarithm at the end",
        """
def sequence_log_prob(next_probs, tokens):
    p = 1.0
    for t, token in enumerate(tokens):
        p *= next_probs(tuple(tokens[:t])).get(token, 0.0)
        if p == 0:
            return -math.inf
    return math.log(p)
""",
        "underflowed to 0; add up logarithms",
    ),
    Mistake(
        "chain_rule",
        "multiplies probabilities and looks at nothing on the way",
        """
def sequence_log_prob(next_probs, tokens):
    p = 1.0
    for t, token in enumerate(tokens):
        p *= next_probs(tuple(tokens[:t])).get(token, 0.0)
    return math.log(p)
""",
        "underflowed to 0; add up logarithms",
    ),
    Mistake(
        "chain_rule",
        "gives the model only the word before",
        """
def sequence_log_prob(next_probs, tokens):
    total = 0.0
    for t, token in enumerate(tokens):
        p = next_probs(tuple(tokens[max(0, t - 1) : t])).get(token, 0.0)
        if p == 0:
            return -math.inf
        total += math.log(p)
    return total
""",
        "the model never says 'x'",
    ),
    Mistake(
        "chain_rule",
        "does not score the first word",
        """
def sequence_log_prob(next_probs, tokens):
    total = 0.0
    for t in range(1, len(tokens)):
        total += math.log(next_probs(tuple(tokens[:t])).get(tokens[t], 0.0))
    return total
""",
        "the first word was not scored",
    ),
    Mistake(
        "chain_rule",
        "takes the logarithm of zero",
        """
def sequence_log_prob(next_probs, tokens):
    return sum(math.log(next_probs(tuple(tokens[:t])).get(w, 0.0)) for t, w in enumerate(tokens))
""",
        "your code raised ValueError: math domain error",
    ),
    Mistake(
        "temperature",
        "raises to the power T instead of 1/T",
        """
def with_temperature(probs, temperature):
    if not temperature >= 0:
        raise ValueError("temperature must be 0 or more")
    weights = np.asarray(probs) ** temperature
    return weights / weights.sum()
""",
        "the exponent is 1/T, not T",
    ),
    Mistake(
        "temperature",
        "forgets to renormalise",
        """
def with_temperature(probs, temperature):
    return np.asarray(probs) ** (1 / temperature)
""",
        "sum to 0.52, not 1: did you renormalise",
    ),
    Mistake(
        "temperature",
        "takes argmax at T = 0 and counts impossible tokens at T = inf",
        """
def with_temperature(probs, temperature):
    if temperature != temperature or temperature < 0:
        raise ValueError("not a temperature")
    probs = np.asarray(probs, dtype=float)
    if temperature == 0:
        return np.eye(len(probs))[probs.argmax()]
    weights = probs ** (1 / temperature)
    return weights / weights.sum()
""",
        "argmax takes the first of equals",
    ),
    Mistake(
        "temperature",
        "softmax of probabilities instead of their logarithms",
        """
def with_temperature(probs, temperature):
    weights = np.exp(np.asarray(probs) / temperature)
    return weights / weights.sum()
""",
        "softmax wants logarithms",
    ),
    Mistake(
        "thermostat",
        "measures entropy in bits",
        """
def temperature_for_entropy(probs, entropy):
    probs = np.asarray(probs)[np.asarray(probs) > 0]
    if not 0 <= entropy <= math.log(len(probs)):
        raise ValueError("out of reach")
    cold, hot = 1e-3, 1e3
    for _ in range(200):
        t = math.sqrt(cold * hot)
        p = np.exp(np.log(probs / probs.max()) / t)
        p /= p.sum()
        h = -sum(x * math.log2(x) for x in p if x > 0)
        cold, hot = (t, hot) if h < entropy else (cold, t)
    return t
""",
        "you measured entropy in bits",
    ),
    Mistake(
        "thermostat",
        "thinks of neither ties nor impossible tokens",
        """
def temperature_for_entropy(probs, entropy):
    if not 0 <= entropy <= math.log(len(probs)):
        raise ValueError("out of reach")
    probs = np.asarray(probs)[np.asarray(probs) > 0]
    cold, hot = 1e-6, 1e6
    for _ in range(200):
        t = math.sqrt(cold * hot)
        p = np.exp(np.log(probs / probs.max()) / t)
        p /= p.sum()
        h = -sum(x * math.log(x) for x in p if x > 0)
        cold, hot = (t, hot) if h < entropy else (cold, t)
    return t
""",
        "where log 2 = 0.693 remain even as T → 0",
    ),
    Mistake(
        "thermostat",
        "searches between 0.1 and 10 only, and never refuses",
        """
def temperature_for_entropy(probs, entropy):
    probs = np.asarray(probs)[np.asarray(probs) > 0]
    cold, hot = 0.1, 10.0
    for _ in range(100):
        t = (cold + hot) / 2
        p = probs ** (1 / t)
        p /= p.sum()
        cold, hot = (t, hot) if -(p * np.log(p)).sum() < entropy else (cold, t)
    return t
""",
        "should raise ValueError, but it returned as if all were well",
    ),
    Mistake(
        "fill_blank",
        "looks at the words before the gap only",
        """
def fill_blank(next_probs, tokens, candidates):
    row = next_probs(tuple(tokens[: tokens.index(None)]))
    total = sum(row.get(word, 0.0) for word in candidates)
    if total == 0:
        raise ValueError("nothing fits")
    return {word: row.get(word, 0.0) / total for word in candidates}
""",
        "The words after it are evidence too",
    ),
    Mistake(
        "fill_blank",
        "returns joint probabilities that are not shared out anew",
        """
def fill_blank(next_probs, tokens, candidates):
    gap = tokens.index(None)
    scores = {}
    for word in candidates:
        whole, p = [*tokens[:gap], word, *tokens[gap + 1 :]], 1.0
        for t, token in enumerate(whole):
            p *= next_probs(tuple(whole[:t])).get(token, 0.0) if p else 0.0
        scores[word] = p
    return scores
""",
        "sum to 0.135, not 1",
    ),
    Mistake(
        "fill_blank",
        "forgets how likely each word was to begin with",
        """
def fill_blank(next_probs, tokens, candidates):
    gap = tokens.index(None)
    scores = {}
    for word in candidates:
        whole, p = [*tokens[:gap], word, *tokens[gap + 1 :]], 1.0
        for t in range(gap + 1, len(whole)):
            p *= next_probs(tuple(whole[:t])).get(whole[t], 0.0) if p else 0.0
        scores[word] = p
    return {word: p / sum(scores.values()) for word, p in scores.items()}
""",
        "they were not equally likely before",
    ),
    Mistake(
        "typical",
        "keeps the most probable tokens, as top-p does",
        """
def typical_filter(probs, mass):
    probs = np.asarray(probs, dtype=float)
    order = np.argsort(-probs, kind="stable")
    before = np.cumsum(probs[order]) - probs[order]
    kept = np.zeros(len(probs))
    kept[order] = np.where(before < mass - 1e-12, probs[order], 0.0)
    return kept / kept.sum()
""",
        "rank by distance |surprise - entropy| instead",
    ),
    Mistake(
        "typical",
        "drops the token that crosses the mark",
        """
def typical_filter(probs, mass):
    probs = np.asarray(probs, dtype=float)
    surprise = -np.log(probs)
    order = np.argsort(np.abs(surprise - (probs * surprise).sum()), kind="stable")
    reached = np.cumsum(probs[order]) <= mass
    reached[0] = True
    kept = np.zeros(len(probs))
    kept[order] = np.where(reached, probs[order], 0.0)
    return kept / kept.sum()
""",
        "keep the token that crosses the mark as well",
    ),
    Mistake(
        "typical",
        "keeps both of two equal tokens where one is enough",
        """
def typical_filter(probs, mass):
    probs = np.asarray(probs, dtype=float)
    possible = probs > 0
    surprise = np.where(possible, -np.log(np.where(possible, probs, 1.0)), np.inf)
    distance = np.abs(surprise - (probs[possible] * surprise[possible]).sum())
    order = np.argsort(distance, kind="stable")
    last = order[np.searchsorted(np.cumsum(probs[order]), mass - 1e-12)]
    kept = np.where(distance <= distance[last], probs, 0.0)
    return kept / kept.sum()
""",
        "keep the first of them only",
    ),
    Mistake(
        "best_sentence",
        "decodes greedily",
        """
def most_probable(next_probs, end="."):
    words = ()
    while not words or words[-1] != end:
        row = next_probs(words)
        words += (max(row, key=row.get),)
    return words
""",
        "greedy decoding",
    ),
    Mistake(
        "best_sentence",
        "lists every sentence",
        """
def most_probable(next_probs, end="."):
    best, stack = (0.0, ()), [((), 1.0)]
    while stack:
        words, p = stack.pop(0)
        if words and words[-1] == end:
            best = max(best, (p, words))
        else:
            stack += [((*words, word), p * q) for word, q in next_probs(words).items()]
    return best[1]
""",
        "you asked the model over 2,000 times",
    ),
    Mistake(
        "best_sentence",
        "keeps a beam of ten",
        """
def most_probable(next_probs, end="."):
    beams, finished = [(0.0, ())], []
    for _ in range(40):
        extended = []
        for score, words in beams:
            for word, p in next_probs(words).items():
                (finished if word == end else extended).append((score + math.log(p), (*words, word)))
        beams = sorted(extended, reverse=True)[:10]
        if not beams:
            break
    return max(finished)[1]
""",
        "did you drop beginnings, as a beam does",
    ),
    Mistake(
        "best_sentence",
        "returns the first sentence it meets, not the first it picks",
        """
def most_probable(next_probs, end="."):
    heap = [(0.0, ())]
    while True:
        cost, words = heapq.heappop(heap)
        for word, p in next_probs(words).items():
            if word == end:
                return (*words, word)
            heapq.heappush(heap, (cost - math.log(p), (*words, word)))
""",
        "not when you meet it",
    ),
    Mistake(
        "best_sentence",
        "always extends the least probable beginning",
        """
def most_probable(next_probs, end="."):
    heap = [(0.0, ())]
    while True:
        score, words = heapq.heappop(heap)
        if words and words[-1] == end:
            return words
        for word, p in next_probs(words).items():
            heapq.heappush(heap, (score + math.log(p), (*words, word)))
""",
        "A heap hands you the smallest entry",
    ),
    Mistake(
        "best_sentence",
        "keeps a beam of three",
        """
def most_probable(next_probs, end="."):
    beams, finished = [(0.0, ())], []
    for _ in range(40):
        extended = []
        for score, words in beams:
            for word, p in next_probs(words).items():
                (finished if word == end else extended).append((score + math.log(p), (*words, word)))
        beams = sorted(extended, reverse=True)[:3]
        if not beams:
            break
    return max(finished)[1]
""",
        "a beam that keeps only a few hypotheses throws it away",
    ),
    Mistake(
        "annealed_sequence",
        "looks six words ahead, and no further",
        """
def annealed_next(next_probs, context, temperature, end="."):
    def log_sum(words, left):
        if words[-1:] == (end,) or not left:
            return 0.0
        logs = list(ways_on(words, left).values())
        top = max(logs)
        return top + math.log(sum(math.exp(x - top) for x in logs))

    def ways_on(words, left):
        return {
            word: math.log(p) / temperature + log_sum((*words, word), left - 1)
            for word, p in next_probs(words).items()
            if p > 0
        }

    logs = ways_on(tuple(context), 6)
    top = max(logs.values())
    total = sum(math.exp(x - top) for x in logs.values())
    return {word: math.exp(x - top) / total for word, x in logs.items()}
""",
        "random models, contexts and temperatures",
        unseen=True,
    ),
    Mistake(
        "annealed_sequence",
        "anneals the step alone",
        """
def annealed_next(next_probs, context, temperature, end="."):
    row = {word: p for word, p in next_probs(context).items() if p > 0}
    weights = {word: p ** (1 / temperature) for word, p in row.items()}
    return {word: w / sum(weights.values()) for word, w in weights.items()}
""",
        "the ways to go on must be weighed in",
    ),
    Mistake(
        "annealed_sequence",
        "adds up powers, which underflow when it is cold",
        """
def annealed_next(next_probs, context, temperature, end="."):
    def z(words):
        if words[-1] == end:
            return 1.0
        return sum(p ** (1 / temperature) * z((*words, w)) for w, p in next_probs(words).items() if p > 0)

    weights = {w: p ** (1 / temperature) * z((*context, w)) for w, p in next_probs(context).items() if p > 0}
    return {word: w / sum(weights.values()) for word, w in weights.items()}
""",
        "underflowed to 0: carry log p / T",
    ),
    Mistake(
        "annealed_sequence",
        "asks the model what follows an impossible word",
        """
def annealed_next(next_probs, context, temperature, end="."):
    def z(words):
        if words[-1] == end:
            return 1.0
        return sum(p ** (1 / temperature) * z((*words, w)) for w, p in next_probs(words).items())

    weights = {w: p ** (1 / temperature) * z((*context, w)) for w, p in next_probs(context).items()}
    return {word: w / sum(weights.values()) for word, w in weights.items()}
""",
        "the model never says 'c'",
    ),
    Mistake(
        "annealed_sequence",
        "anneals the sentence but forgets how many ways lead on",
        """
def annealed_next(next_probs, context, temperature, end="."):
    def best(words):
        if words[-1] == end:
            return 1.0
        return max(p ** (1 / temperature) * best((*words, w)) for w, p in next_probs(words).items() if p > 0)

    weights = {w: p ** (1 / temperature) * best((*context, w)) for w, p in next_probs(context).items()}
    return {word: w / sum(weights.values()) for word, w in weights.items()}
""",
        "expected (0.5294, 0.4706), yours are (0.36, 0.64)",
    ),
    Mistake(
        "parrot",
        "is satisfied with two repetitions",
        """
def find_loop(tokens):
    for period in range(1, len(tokens) // 2 + 1):
        if tokens[-period:] == tokens[-2 * period : -period]:
            return period
    return 0
""",
        "the period of 'la la' should be 0, yours is 1",
    ),
    Mistake(
        "parrot",
        "looks for the longest phrase",
        """
def find_loop(tokens):
    for period in range(len(tokens) // 3, 0, -1):
        tail = list(tokens[len(tokens) - 3 * period :])
        if tail == 3 * tail[:period]:
            return period
    return 0
""",
        "the period of 'la la la la la la' should be 1, yours is 2",
    ),
    Mistake(
        "chain_rule",
        "asks with a context that holds the word already",
        """
def sequence_log_prob(next_probs, tokens):
    total = 0.0
    for i, token in enumerate(tokens):
        p = next_probs(tuple(tokens[: i + 1])).get(token, 0.0)
        if p == 0:
            return -math.inf
        total += math.log(p)
    return total
""",
        "a context that holds the word already",
    ),
    Mistake(
        "chain_rule",
        "gives the mean of the logarithms",
        """
def sequence_log_prob(next_probs, tokens):
    total = 0.0
    for i, token in enumerate(tokens):
        p = next_probs(tuple(tokens[:i])).get(token, 0.0)
        if p == 0:
            return -math.inf
        total += math.log(p)
    return total / len(tokens)
""",
        "that is the mean of the logarithms",
    ),
    Mistake(
        "chain_rule",
        "adds up probabilities",
        """
def sequence_log_prob(next_probs, tokens):
    total = 0.0
    for i, token in enumerate(tokens):
        p = next_probs(tuple(tokens[:i])).get(token, 0.0)
        if p == 0:
            return -math.inf
        total += p
    return math.log(total)
""",
        "that is the logarithm of a sum of probabilities",
    ),
    Mistake(
        "chain_rule",
        "goes on after a word of probability zero",
        """
def sequence_log_prob(next_probs, tokens):
    total = 0.0
    for i, token in enumerate(tokens):
        p = next_probs(tuple(tokens[:i])).get(token, 0.0)
        if p == 0:
            continue
        total += math.log(p)
    return total
""",
        "the second a has probability 0. Return -math.inf there",
    ),
    Mistake(
        "chain_rule",
        "looks up a word that the model does not list",
        """
def sequence_log_prob(next_probs, tokens):
    total = 0.0
    for i, token in enumerate(tokens):
        p = next_probs(tuple(tokens[:i]))[token]
        if p == 0:
            return -math.inf
        total += math.log(p)
    return total
""",
        "look it up with `.get(word, 0.0)`",
    ),
    Mistake(
        "chain_rule",
        "takes the words out of the list that it was given",
        """
def sequence_log_prob(next_probs, tokens):
    total, said = (0.0, ())
    while tokens:
        w = tokens.pop(0)
        p = next_probs(said).get(w, 0.0)
        if p == 0:
            return -math.inf
        total += math.log(p)
        said += (w,)
    return total
""",
        "`sequence_log_prob` changes what it was given as `tokens`",
    ),
    Mistake(
        "temperature",
        "divides by T = 0",
        """
def with_temperature(probs, temperature):
    if not temperature >= 0:
        raise ValueError
    w = np.asarray(probs) ** (1 / temperature)
    return w / w.sum()
""",
        "T = 0 is a case of its own",
    ),
    Mistake(
        "temperature",
        "divides the logarithm of 0 by infinity",
        """
def with_temperature(probs, temperature):
    if not temperature >= 0:
        raise ValueError
    p = np.asarray(probs)
    if temperature == 0:
        w = (p == p.max()) * 1.0
    else:
        w = np.exp(np.log(p) / temperature)
    return w / w.sum()
""",
        "-inf/inf is no number",
    ),
    Mistake(
        "temperature",
        "does not think of nan",
        """
def with_temperature(probs, temperature):
    if temperature < 0:
        raise ValueError(f"temperature={temperature} must be 0 or more")
    probs = np.asarray(probs, dtype=float)
    if temperature == 0:
        weights = (probs == probs.max()).astype(float)
    else:
        possible = probs > 0
        weights = np.zeros(len(probs))
        weights[possible] = np.exp((np.log(probs[possible]) - np.log(probs.max())) / temperature)
    return weights / weights.sum()
""",
        "nan < 0 is false",
    ),
    Mistake(
        "temperature",
        "takes a very small temperature for 0",
        """
def with_temperature(probs, temperature):
    if not temperature >= 0:
        raise ValueError
    w = np.asarray(probs) ** (1 / max(temperature, 1e-09))
    return w / w.sum()
""",
        "as 0/0 would give; T = 0 is a case of its own",
    ),
    Mistake(
        "thermostat",
        "tries hundredths only",
        """
def temperature_for_entropy(probs, entropy):
    H = lambda t: -sum((x * math.log(x) for x in with_temperature(probs, t) if x > 0))
    if not H(0) - 1e-06 <= entropy <= H(math.inf) + 1e-06:
        raise ValueError
    return min((k / 100 for k in range(1, 1000)), key=lambda t: abs(H(t) - entropy))
""",
        "A grid is too coarse",
    ),
    Mistake(
        "thermostat",
        "keeps the wrong half",
        """
def temperature_for_entropy(probs, entropy):

    def entropy_at(temperature):
        p = with_temperature(probs, temperature)
        return sum((-x * math.log(x) for x in p if x > 0))

    low, high = (entropy_at(0), entropy_at(math.inf))
    if not low - 1e-06 <= entropy <= high + 1e-06:
        raise ValueError(f"entropy={entropy} must lie between {low:.5g} and {high:.5g}")
    if entropy > high - 1e-09:
        return math.inf
    cold, hot = (math.log(1e-06), math.log(1000000.0))
    for _ in range(100):
        middle = (cold + hot) / 2
        if entropy_at(math.exp(middle)) > entropy:
            cold = middle
        else:
            hot = middle
    return math.exp(hot)
""",
        "that looks like an end of your search",
    ),
    Mistake(
        "thermostat",
        "returns the logarithm of the temperature",
        """
def temperature_for_entropy(probs, entropy):

    def entropy_at(temperature):
        p = with_temperature(probs, temperature)
        return sum((-x * math.log(x) for x in p if x > 0))

    low, high = (entropy_at(0), entropy_at(math.inf))
    if not low - 1e-06 <= entropy <= high + 1e-06:
        raise ValueError(f"entropy={entropy} must lie between {low:.5g} and {high:.5g}")
    if entropy > high - 1e-09:
        return math.inf
    cold, hot = (math.log(1e-06), math.log(1000000.0))
    for _ in range(100):
        middle = (cold + hot) / 2
        if entropy_at(math.exp(middle)) < entropy:
            cold = middle
        else:
            hot = middle
    return hot
""",
        "that is log T",
    ),
    Mistake(
        "fill_blank",
        "fills the gap in the list that it was given",
        """
def fill_blank(next_probs, tokens, candidates):
    gap, s = (tokens.index(None), {})
    for w in candidates:
        tokens[gap] = w
        s[w] = math.exp(sequence_log_prob(next_probs, tokens))
    if not sum(s.values()):
        raise ValueError
    return {w: p / sum(s.values()) for w, p in s.items()}
""",
        "`fill_blank` changes what it was given as `tokens`",
    ),
    Mistake(
        "fill_blank",
        "shares out logarithms",
        """
def fill_blank(next_probs, tokens, candidates):
    gap = tokens.index(None)
    scores = {
        w: sequence_log_prob(next_probs, [*tokens[:gap], w, *tokens[gap + 1 :]]) for w in candidates
    }
    best = max(scores.values())
    if best == -math.inf:
        raise ValueError("no candidate makes a possible text")
    weights = {word: score for word, score in scores.items()}
    return {word: weight / sum(weights.values()) for word, weight in weights.items()}
""",
        "you shared out the logarithms",
    ),
    Mistake(
        "fill_blank",
        "returns logarithms",
        """
def fill_blank(next_probs, tokens, candidates):
    gap = tokens.index(None)
    scores = {
        w: sequence_log_prob(next_probs, [*tokens[:gap], w, *tokens[gap + 1 :]]) for w in candidates
    }
    best = max(scores.values())
    if best == -math.inf:
        raise ValueError("no candidate makes a possible text")
    weights = {word: math.exp(score - best) for word, score in scores.items()}
    return scores
""",
        "Are they logarithms?",
    ),
    Mistake(
        "fill_blank",
        "divides by zero where nothing fits",
        """
def fill_blank(next_probs, tokens, candidates):
    gap, s = (tokens.index(None), {})
    for w in candidates:
        s[w] = math.exp(sequence_log_prob(next_probs, [*tokens[:gap], w, *tokens[gap + 1 :]]))
    return {w: p / sum(s.values()) for w, p in s.items()}
""",
        "should raise ValueError; it raised ZeroDivisionError",
    ),
    Mistake(
        "typical",
        "takes the entropy in bits and the surprise in nats",
        """
def typical_filter(probs, mass):
    probs = np.asarray(probs, dtype=float)
    possible = probs > 0
    surprise = np.full(len(probs), math.inf)
    surprise[possible] = -np.log(probs[possible])
    entropy = np.sum(probs[possible] * surprise[possible]) / np.log(2)
    order = np.argsort(np.abs(surprise - entropy), kind="stable")
    before = np.cumsum(probs[order]) - probs[order]
    kept = np.zeros(len(probs))
    kept[order] = np.where(before < mass - 1e-12, probs[order], 0.0)
    return kept / kept.sum()
""",
        "Are yours both in nats",
    ),
    Mistake(
        "typical",
        "sorts from large to small",
        """
def typical_filter(probs, mass):
    probs = np.asarray(probs, dtype=float)
    possible = probs > 0
    surprise = np.full(len(probs), math.inf)
    surprise[possible] = -np.log(probs[possible])
    entropy = np.sum(probs[possible] * surprise[possible])
    order = np.argsort(-np.abs(surprise - entropy), kind="stable")
    before = np.cumsum(probs[order]) - probs[order]
    kept = np.zeros(len(probs))
    kept[order] = np.where(before < mass - 1e-12, probs[order], 0.0)
    return kept / kept.sum()
""",
        "do the smallest distances come first",
    ),
    Mistake(
        "typical",
        "leaves the tokens in the order of their distances",
        """
def typical_filter(probs, mass):
    probs = np.asarray(probs, dtype=float)
    possible = probs > 0
    surprise = np.full(len(probs), math.inf)
    surprise[possible] = -np.log(probs[possible])
    entropy = np.sum(probs[possible] * surprise[possible])
    order = np.argsort(np.abs(surprise - entropy), kind="stable")
    before = np.cumsum(probs[order]) - probs[order]
    kept = np.zeros(len(probs))
    kept[:] = np.where(before < mass - 1e-12, probs[order], 0.0)
    return kept / kept.sum()
""",
        "put each in its place",
    ),
    Mistake(
        "typical",
        "takes a mean of surprises without weights",
        """
def typical_filter(probs, mass):
    probs = np.asarray(probs, dtype=float)
    possible = probs > 0
    surprise = np.full(len(probs), math.inf)
    surprise[possible] = -np.log(probs[possible])
    entropy = np.mean(surprise[possible])
    order = np.argsort(np.abs(surprise - entropy), kind="stable")
    before = np.cumsum(probs[order]) - probs[order]
    kept = np.zeros(len(probs))
    kept[order] = np.where(before < mass - 1e-12, probs[order], 0.0)
    return kept / kept.sum()
""",
        "a mean in which each surprise is weighed",
    ),
    Mistake(
        "best_sentence",
        "goes down each path to its end",
        """
def most_probable(next_probs, end="."):
    best = (0.0, ())

    def go(p, words):
        nonlocal best
        if words and words[-1] == end:
            best = max(best, (p, words))
            return
        for w, q in next_probs(words).items():
            go(p * q, (*words, w))

    go(1.0, ())
    return best[1]
""",
        "a search that goes down one path to its end may never come back",
    ),
    Mistake(
        "best_sentence",
        "gives up the search after a thousand questions, and is greedy from there",
        """
def most_probable(next_probs, end="."):
    heap, asked = [(0.0, ())], 0
    while True:
        cost, words = heapq.heappop(heap)
        if words and words[-1] == end:
            return words
        if asked == 1000:
            while words[-1:] != (end,):
                row = next_probs(words)
                words = (*words, max(row, key=row.get))
            return words
        asked += 1
        for word, p in next_probs(words).items():
            if p > 0:
                heapq.heappush(heap, (cost - math.log(p), (*words, word)))
""",
        "throws it away",
        unseen=True,
    ),
    Mistake(
        "best_sentence",
        "gives up the search after six words, and is greedy from there",
        """
def most_probable(next_probs, end="."):
    heap, asked = [(0.0, ())], 0
    while True:
        cost, words = heapq.heappop(heap)
        if words and words[-1] == end:
            return words
        if len(words) >= 6:
            while words[-1:] != (end,):
                row = next_probs(words)
                words = (*words, max(row, key=row.get))
            return words
        asked += 1
        for word, p in next_probs(words).items():
            if p > 0:
                heapq.heappush(heap, (cost - math.log(p), (*words, word)))
""",
        "sentences of thirty words",
        unseen=True,
    ),
    Mistake(
        "best_sentence",
        "returns the cost as well",
        """
def most_probable(next_probs, end="."):
    heap = [(0.0, ())]
    while True:
        cost, words = heapq.heappop(heap)
        if words and words[-1] == end:
            return (cost, words)
        for word, p in next_probs(words).items():
            if p > 0:
                heapq.heappush(heap, (cost - math.log(p), (*words, word)))
""",
        "return the words alone",
    ),
    Mistake(
        "best_sentence",
        "asks with the last word only",
        """
def most_probable(next_probs, end="."):
    heap = [(0.0, ())]
    while True:
        cost, words = heapq.heappop(heap)
        if words and words[-1] == end:
            return words
        for word, p in next_probs(words[-1:]).items():
            if p > 0:
                heapq.heappush(heap, (cost - math.log(p), (*words, word)))
""",
        "A context holds all words from the first one on",
    ),
    Mistake(
        "best_sentence",
        "starts with an empty heap",
        """
def most_probable(next_probs, end="."):
    heap = []
    while True:
        cost, words = heapq.heappop(heap)
        if words and words[-1] == end:
            return words
        for word, p in next_probs(words).items():
            if p > 0:
                heapq.heappush(heap, (cost - math.log(p), (*words, word)))
""",
        "is the heap empty?",
    ),
    Mistake(
        "annealed_sequence",
        "multiplies by T",
        """
def annealed_next(next_probs, context, temperature, end="."):

    def log_sum(logs):
        top = max(logs)
        return top + math.log(sum((math.exp(x - top) for x in logs)))

    def ways_on(words):
        return {
            word: math.log(p) * temperature + log_z((*words, word))
            for word, p in next_probs(words).items()
            if p > 0
        }

    def log_z(words):
        return 0.0 if words[-1] == end else log_sum(list(ways_on(words).values()))

    logs = ways_on(tuple(context))
    total = log_sum(list(logs.values()))
    return {word: math.exp(x - total) for word, x in logs.items()}
""",
        "the exponent is 1/T, not T",
    ),
    Mistake(
        "annealed_sequence",
        "begins at the beginning whatever the context",
        """
def annealed_next(next_probs, context, temperature, end="."):

    def log_sum(logs):
        top = max(logs)
        return top + math.log(sum((math.exp(x - top) for x in logs)))

    def ways_on(words):
        return {
            word: math.log(p) / temperature + log_z((*words, word))
            for word, p in next_probs(words).items()
            if p > 0
        }

    def log_z(words):
        return 0.0 if words[-1] == end else log_sum(list(ways_on(words).values()))

    logs = ways_on(())
    total = log_sum(list(logs.values()))
    return {word: math.exp(x - total) for word, x in logs.items()}
""",
        "that is how a sentence begins",
    ),
    Mistake(
        "annealed_sequence",
        "takes Z = 0 after a full stop",
        """
def annealed_next(next_probs, context, temperature, end="."):

    def z(words):
        if words[-1] == end:
            return 0.0
        return sum(
            (p ** (1 / temperature) * z((*words, w)) for w, p in next_probs(words).items() if p > 0)
        )

    w8 = {
        w: p ** (1 / temperature) * z((*context, w))
        for w, p in next_probs(context).items()
        if p > 0
    }
    return {w: x / sum(w8.values()) for w, x in w8.items()}
""",
        "After a full stop Z is 1",
    ),
    Mistake(
        "parrot",
        "stops one length too early",
        """
def find_loop(tokens):
    for period in range(1, len(tokens) // 3):
        tail = list(tokens[len(tokens) - 3 * period :])
        if tail == 3 * tail[:period]:
            return period
    return 0
""",
        "up to a third of the text",
    ),
    Mistake(
        "parrot",
        "finds a loop anywhere",
        """
def find_loop(tokens):
    for p in range(1, len(tokens) // 3 + 1):
        for i in range(len(tokens) - 3 * p + 1):
            t = tokens[i : i + 3 * p]
            if t == 3 * t[:p]:
                return p
    return 0
""",
        "the text must end with it",
    ),
    Mistake(
        "parrot",
        "compares the first and the last of the three only",
        """
def find_loop(tokens):
    for p in range(1, len(tokens) // 3 + 1):
        if tokens[-p:] == tokens[-3 * p : -2 * p]:
            return p
    return 0
""",
        "the middle one as well",
    ),
    Mistake(
        "parrot",
        "returns how often the phrase is said",
        """
def find_loop(tokens):
    for period in range(1, len(tokens) // 3 + 1):
        tail = list(tokens[len(tokens) - 3 * period :])
        if tail == 3 * tail[:period]:
            return len(tail) // period
    return 0
""",
        "that is how often it is said",
    ),
]
