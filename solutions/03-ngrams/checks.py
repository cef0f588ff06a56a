"""Exercises of assignment 3, n-gram models.

Counts are a dictionary from context, a tuple of tokens, to a dictionary from token to count. A model is a
function from a context to a dictionary from token to probability.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from functools import cache
from hashlib import sha256

import numpy as np

from lmcourse.data import DataError
from lmcourse.grading.asking import ask, asking
from lmcourse.grading.checks import CheckFailed, describe, expect, expect_distribution, expect_number
from lmcourse.grading.exercise import Exercise
from lmcourse.grading.models import random_table, random_text, table_model
from lmcourse.text import shakespeare

# What of the course's package students' code may use; see `lmcourse.grading.shelf`
IMPORTS = ("lmcourse.text.shakespeare",)

START, END, UNKNOWN = "<s>", "</s>", "<unk>"
INF = math.inf
UNSEEN_CONTEXT = "think of a context after which nothing was seen"
UNDERFLOW = "a product of thousands of factors underflows to 0; add up their logarithms"


def all_ngrams(sentence, n):
    """Each token that is said, with its context."""
    said = [START] * (n - 1) + list(sentence) + [END]
    return [(tuple(said[i : i + n - 1]), said[i + n - 1]) for i in range(len(said) - n + 1)]


def counted(sentences, n):
    """Counts of n-grams."""
    found = {}
    for sentence in sentences:
        for context, token in all_ngrams(sentence, n):
            found.setdefault(context, {}).setdefault(token, 0)
            found[context][token] += 1
    return found


# 1. counting

counting = Exercise(
    "counting",
    points=2,
    minutes=15,
    hints=(
        "Write one sentence down with its start tokens and its end, for $n = 3$. Which stretches of three "
        "do you count? Where does the first begin, where does the last end?",
        "Make one list of a sentence: as many start tokens as a context is long, the sentence, one end. "
        "Everything in it but the start tokens is *said* once, the end as well; what stands before it, as a "
        "tuple, is its context. How many start tokens are there for $n = 1$, and is the context then really "
        "empty? A dictionary's `setdefault` gives an inner one, whether it is there already or not.",
    ),
)
counting.case(
    "Of 'a b' and 'a', n = 2: a starts both, and each ends with </s>.",
    ask.count([["a", "b"], ["a"]], 2).gives({(START,): {"a": 2}, ("a",): {"b": 1, END: 1}, ("b",): {END: 1}}),
    ask.count([["a", "b"]] * 3, 2).gives({(START,): {"a": 3}, ("a",): {"b": 3}, ("b",): {END: 3}}),
)
counting.case(
    "With n = 3 the first token, too, has a context of two tokens.",
    ask.count([["a", "b"]], 3).gives(
        {(START, START): {"a": 1}, (START, "a"): {"b": 1}, ("a", "b"): {END: 1}}
    ),
)
counting.case(
    "With n = 1 there is one context, the empty one, and no <s>.",
    ask.count([["a", "b"], ["a"]], 1).gives({(): {"a": 2, "b": 1, END: 2}}),
)
counting.case(
    "An empty sentence still ends: one </s>, after <s>.",
    ask.count([[]], 2).gives({(START,): {END: 1}}),
    ask.count([["a"], []], 1).gives({(): {"a": 1, END: 2}}),
    weight=0.5,
)
counting.slip(
    "the end is missing. To stop is a decision as well: </s> is said after the last token", {" + [END]": ""}
)
counting.slip(
    "it takes n - 1 start tokens to give the first token a context: with n = 3 two, and with n = 1 none, "
    "for <s> is never said",
    {"[START] * (n - 1)": "[START]"},
)
counting.slip(
    "the first context is too short: put n - 1 start tokens before each sentence",
    {
        "[START] * (n - 1)": "[START]",
        "tokens[i - n + 1 : i]": "tokens[max(0, i - n + 1) : i]",
        "range(n - 1, len(tokens))": "range(1, len(tokens))",
    },
)
counting.slip("the first token of a sentence has no context; put <s> before it", {"[START] * (n - 1) + ": ""})
counting.slip(
    "without <s> and </s> the model cannot tell where a sentence begins or ends",
    {"[START] * (n - 1) + list(sentence) + [END]": "sentence"},
)
counting.slip(
    "an n-gram reaches from one sentence into the next; each sentence has its own <s> and </s>",
    {"for sentence in sentences:": "for sentence in [sum(sentences, [])]:"},
)
counting.slip(
    "an n-gram reaches from one sentence into the next; and <s> is never said",
    {
        "in sentences:": "in [[t for s in sentences for t in [START] * (n - 1) + s + [END]]]:",
        "[START] * (n - 1) + list(sentence) + [END]": "sentence",
    },
)
counting.slip("one </s> is enough: after it nothing is said", {"+ [END]": "+ [END] * max(1, n - 1)"})
counting.slip(
    "with n = 1, tokens[-0:] is everything, not nothing",
    {"tokens[i - n + 1 : i]": "tokens[:i][-(n - 1) :]"},
)
counting.slip("a sentence of no tokens has an end, too", {"in sentences:": "in filter(None, sentences):"})
counting.slip(
    "a context that comes again goes on with the counts that it has; yours begin anew",
    {"counts.setdefault(context, {})": "counts[context] = {}"},
)
counting.slip("add 1 each time; you noted only that it was seen", {"followers.get(token, 0) + 1": "1"})
counting.slip(
    "a context's tokens stand as in the text, the one just said at the end",
    {"tokens[i - n + 1 : i])": "tokens[i - n + 1 : i][::-1])"},
)
counting.slip(
    "an n-gram has n tokens in all, so its context has n - 1, not n",
    {
        "[START] * (n - 1)": "[START] * n",
        "tokens[i - n + 1 : i]": "tokens[i - n : i]",
        "range(n - 1,": "range(n,",
    },
)


@counting.hidden(
    "random sentences, short and long, with n from 1 to 5: how many start tokens, and which tokens are said?",
    weight=1.5,
)
def random_counts(rng):
    for n in (1, 2, 3, 4, 5):
        yield ask.count(random_text(rng, number=12), n)


counting.another(
    "with counters of counters, sliding windows",
    """
from collections import defaultdict


def count(sentences, n):
    counts = defaultdict(Counter)
    for sentence in sentences:
        tokens = (n - 1) * ["<s>"] + sentence + ["</s>"]
        for *context, token in zip(*(tokens[i:] for i in range(n))):
            counts[tuple(context)][token] += 1
    return counts
""",
)


# 2. likelihood

likelihood = Exercise(
    "likelihood",
    points=2,
    minutes=20,
    hints=(
        "For the model: which counts belong to the context that it is asked about, and what is their sum? "
        "For the sentence: exercise 1 knows already which tokens are said after which contexts.",
        "`counts.get(context, {})` is empty where nothing was seen. In `log_prob` go through the pairs of "
        "context and token, `</s>` included; if the token's probability is 0 return `-math.inf` at once, "
        "else add `math.log2(p)` to the sum.",
    ),
)
SEEN = {("a",): {"b": 3, "a": 1}, ("b",): {END: 2}}
HALVES = {
    (START,): {"a": 0.5, "b": 0.5},
    ("a",): {"a": 0.25, "b": 0.25, END: 0.5},
    ("b",): {"a": 0.875, END: 0.125},
}
SINGLES = {(): {"a": 0.5, "b": 0.25, END: 0.25}}
COIN = {(START,): {"a": 0.5}, ("a",): {"a": 0.5, END: 0.5}}
IN_TRIPLES = {(START, START): {"a": 0.5}, (START, "a"): {"b": 0.25}, ("a", "b"): {END: 0.5, "a": 0.5}}
ZERO = {(START,): {"a": 1.0}, ("a",): {"a": 0.5, "b": 0.0, END: 0.5}, ("b",): {END: 1.0}}


def of_all_sizes(student):
    """The sum of the probabilities of 1 to 100 times 'ha'."""
    model, total = table_model({(START,): {"ha": 1.0}, ("ha",): {"ha": 0.75, END: 0.25}}, 2), 0.0
    for size in range(1, 101):
        said = student.log_prob(model, ["ha"] * size, 2)
        total += 2 ** min(expect_number(said, f"the log-probability of {size} times ha"), 100.0)
    return total


likelihood.case(
    "After a came b three times and a once: 3/4 and 1/4, whatever came after b.",
    ask.maximum_likelihood(SEEN)(("a",)).gives({"b": 0.75, "a": 0.25}),
    ask.maximum_likelihood(SEEN)(("b",)).gives({END: 1.0}),
)
likelihood.case(
    "After a context that was never seen the model says nothing: its dictionary is empty.",
    ask.maximum_likelihood(SEEN)(("z",)).gives({}),
    ask.maximum_likelihood(SEEN)((END,)).gives({}),
    weight=0.5,
)
likelihood.case(
    "1/2 for a, 1/4 for b after it, 1/8 for the end after b: -6 in base 2.",
    ask.log_prob(table_model(HALVES, 2), ["a", "b"], 2).gives(
        -6.0, "the log-probability of 'a b', 1/2 · 1/4 · 1/8"
    ),
    ask.log_prob(table_model(HALVES, 2), ["a"], 2).gives(-2.0, "the log-probability of 'a', 1/2 · 1/2"),
)
likelihood.case(
    "2,000 factors of 1/2: the product is 0 to a computer, the sum of the logarithms is -2,000.",
    ask.log_prob(table_model(COIN, 2), ["a"] * 1999, 2).gives(
        -2000.0, "the log-probability of 1,999 times 'a', each of whose 2,000 factors is 1/2"
    ),
    weight=0.5,
)
likelihood.case(
    "The probabilities of 'ha', 'ha ha', 'ha ha ha', … sum to one, if each sentence has its end.",
    asking(
        "the sum of the probabilities of 1 to 100 times 'ha', where another ha follows with 3/4 and the end "
        "with 1/4,",
        of_all_sizes,
    ).gives(1.0, tolerance=1e-6),
)
likelihood.case(
    "The model of order n is asked with n - 1 tokens: with n = 1 nothing, with n = 3 two.",
    ask.log_prob(table_model(SINGLES, 1), ["a", "b", "a"], 1).gives(-6.0),
    ask.log_prob(table_model(IN_TRIPLES, 3), ["a", "b"], 3).gives(-4.0),
)
likelihood.case(
    "A token that is not in the dictionary, or is there with 0, makes the sentence impossible: -inf.",
    ask.log_prob(table_model(ZERO, 2), ["c"], 2).gives(-INF),
    ask.log_prob(table_model(ZERO, 2), ["a", "b"], 2).gives(
        -INF, "the log-probability of 'a b', of which b has 0,"
    ),
    ask.log_prob(table_model(ZERO, 2), [], 2).gives(
        -INF, "the log-probability of no token, if a must come first,"
    ),
)
likelihood.slip(
    "you divided by all the counts. That is how probable the pair is; after a context, divide by how often "
    "anything followed it",
    {"total = sum(followers.values())": "total = sum(sum(row.values()) for row in counts.values())"},
)
likelihood.slip("those are the counts; divide by their sum", {"c / total": "c"})
likelihood.slip(
    "you divided by the number of different tokens, not by the counts' sum",
    {"sum(followers.values())": "len(followers)"},
)
likelihood.slip(UNSEEN_CONTEXT, {"counts.get(context, {})": "counts[context]"})
likelihood.slip(
    "a model is a function of the context, and not a dictionary",
    """
def maximum_likelihood(counts):
    return {h: {t: c / sum(f.values()) for t, c in f.items()} for h, f in counts.items()}
""",
)
likelihood.slip(
    "the end was not scored. Without the factor for </s> the sentences of one length alone have the sum "
    "one, so all lengths have more",
    {"in ngrams(sentence, n)": "in ngrams(sentence, n)[:-1]"},
)
likelihood.slip(
    "the first token was not scored; its context is <s>",
    {"in ngrams(sentence, n)": "in ngrams(sentence, n)[1:]"},
)
likelihood.slip(
    "neither the first token nor the end was scored",
    {"in ngrams(sentence, n)": "in ngrams(sentence, n)[1:-1]"},
)
likelihood.slip(
    "the sign is turned: the logarithm of a probability is not positive", {"return total": "return -total"}
)
likelihood.slip("that is in nats; take the logarithm to base 2", {"math.log2(p)": "math.log(p)"})
likelihood.slip(
    "that is in nats, and the end was not scored",
    {"math.log2(p)": "math.log(p)", "in ngrams(sentence, n)": "in ngrams(sentence, n)[:-1]"},
)
likelihood.slip(
    "that is the probability itself; its logarithm is asked for", {"return total": "return 2**total"}
)
likelihood.slip(
    "that is the mean of the logarithms; add them up", {"return total": "return total / (len(sentence) + 1)"}
)
likelihood.slip(
    "what is impossible was left out, and the rest scored: the answer is -math.inf",
    {"return -math.inf": "continue"},
)
likelihood.slip(
    "a sentence of no tokens has an end, too",
    {"    total = 0.0": "    if not sentence:\n        return 0.0\n    total = 0.0"},
)
PRODUCT = {"total = 0.0": "total = 1.0", "total += math.log2(p)": "total *= p"}
likelihood.slip(
    UNDERFLOW,
    {**PRODUCT, "return total": "return math.log2(total)"},
    {**PRODUCT, "return total": "return math.log2(total) if total else -math.inf"},
)
likelihood.slip(
    "what is impossible has probability 0: the answer is -math.inf",
    {".get(token, 0.0)": "[token]"},
    {".get(token, 0.0)": ".get(token)"},
    {"if p == 0:": "if p is None:"},
)
ASKING = """
def log_prob(model, sentence, n):
    said, total = [START] * (n - 1), 0.0
    for token in [*sentence, END]:
        total += math.log2(model(tuple(CONTEXT)).get(token) or 2**-1000)
        said.append(token)
    return total if total > -1000 or len(sentence) > 1000 else -math.inf
"""
likelihood.slip(
    "a model of order n looks at the last n - 1 tokens, and not at all that were said",
    ASKING.replace("CONTEXT", "said"),
)
likelihood.slip(
    "with n = 1, tokens[-0:] is everything, not nothing", ASKING.replace("CONTEXT", "said[-(n - 1) :]")
)
likelihood.slip("that is to base 10; take the logarithm to base 2", {"math.log2(p)": "math.log10(p)"})
likelihood.slip(
    "you added up probabilities; it is their logarithms that are added",
    {"total += math.log2(p)": "total += p"},
)
likelihood.slip(
    "the counts are not yours to change. Make a new dictionary of shares",
    """
def maximum_likelihood(counts):
    for followers in counts.values():
        total = sum(followers.values())
        for token in followers:
            followers[token] /= total
    return lambda context: counts.get(context, {})
""",
)


@likelihood.hidden("models of random texts: the shares after every context that was seen")
def random_likelihood(rng):
    for n in (1, 2, 3):
        counts = counted(random_text(rng, number=10), n)
        for context in counts:
            yield ask.maximum_likelihood(counts)(context)


@likelihood.hidden(
    "random models of orders 1 to 4, sentences from none to a thousand tokens (does a product underflow?), "
    "and some that are impossible",
    weight=1.5,
)
def random_sentences(rng):
    for n in (1, 2, 3, 4):
        model = table_model(random_table(rng, "abc", n, zeros=0.2), n)
        for size in (0, 1, 2, 3, 5):
            yield ask.log_prob(model, ["abc"[i] for i in rng.integers(3, size=size)], n)
    model = table_model(random_table(rng, "abc", 2), 2)
    sentence = ["abc"[i] for i in rng.integers(3, size=1500)]
    yield ask.log_prob(model, sentence, 2)
    yield ask.log_prob(model, [*sentence, "d"], 2)


likelihood.another(
    "a class for a model, a context that moves on",
    """
class Shares:
    def __init__(self, counts):
        self.counts = counts

    def __call__(self, context):
        row = Counter(self.counts.get(context))
        return {token: row[token] / row.total() for token in row}


def maximum_likelihood(counts):
    return Shares(counts)


def log_prob(model, sentence, n):
    context, total = ("<s>",) * (n - 1), 0.0
    for token in sentence + ["</s>"]:
        p = model(context).get(token)
        total += np.log2(p) if p else -np.inf
        context = (*context, token)[1:]
    return total
""",
)


# 3. add_k

add_k = Exercise(
    "add_k",
    points=2,
    minutes=20,
    hints=(
        "The model answers for every token of `vocab`, not only for those that were seen: add up its "
        "numerators, and you have the denominator. To choose $k$, you need one number for each candidate.",
        "Each token of `vocab` has $k$ phantoms, the unseen ones as well, so the denominator grows by $k$ "
        "for *each* of them, also after a context that was never seen. A candidate is as good as the sum of "
        "the log-probabilities of all held-out sentences, by the model that it makes; exercise 2 gives you "
        "that of a sentence. `max` takes a `key`.",
    ),
)
FEW = {("a",): {"a": 3, "b": 1}}
LETTERS = ["a", "b", "c", END]
# a came before b three times in four; of the held-out sentences one in four has something new
TAUGHT = {(START,): {"a": 4}, ("a",): {"b": 3, END: 1}, ("b",): {END: 3}}
SET_ASIDE = [["a", "b"], ["a", "b"], ["a"], ["a", "c"]]

add_k.case(
    "Counts of 3, 1, 0, 0 with k = 1/2: 3.5, 1.5, 0.5 and 0.5 of 6.",
    ask.add_k(FEW, LETTERS, 0.5)(("a",)).gives({"a": 3.5 / 6, "b": 1.5 / 6, "c": 0.5 / 6, END: 0.5 / 6}),
)
add_k.case(
    "After a context that was never seen there are only the phantoms: all tokens are equally likely.",
    ask.add_k(FEW, LETTERS, 0.1)(("z",)).gives({"a": 0.25, "b": 0.25, "c": 0.25, END: 0.25}),
)
add_k.case(
    "Of 1, 0.001, 0.1 and 10 the held-out sentences prefer 0.1; the counted ones would prefer 0.001.",
    ask.best_k(TAUGHT, LETTERS, SET_ASIDE, 2, [1.0, 0.001, 0.1, 10.0]).gives(
        0.1, "the best k for four held-out sentences"
    ),
)
add_k.case(
    "Of 400 held-out sentences the product of probabilities underflows; the sum of logarithms does not.",
    ask.best_k(TAUGHT, LETTERS, SET_ASIDE * 100, 2, [3.0, 0.001, 0.1, 20.0]).gives(
        0.1, "the best k for 400 held-out sentences"
    ),
)
add_k.slip(
    "what is added above must be added below: each of the V tokens has k more", {" + k * len(vocab)": ""}
)
add_k.slip("below, k is added once for each of the V tokens, not once", {"k * len(vocab)": "k"})
add_k.slip(
    "V is the size of the vocabulary, all that can be said, and not only what was seen after the context",
    {"k * len(vocab)": "k * len(followers)", "for token in vocab": "for token in followers"},
    {"k * len(vocab)": "k * len(followers)"},
)
add_k.slip(
    "those that were seen get k more as well", {"(followers.get(token, 0) + k)": "followers.get(token, k)"}
)
add_k.slip("that is k = 1", {"k * len(vocab)": "len(vocab)", "0) + k)": "0) + 1)"})
add_k.slip(UNSEEN_CONTEXT, {"counts.get(context, {})": "counts[context]"})
add_k.slip("think of a token that was not seen there", {"followers.get(token, 0)": "followers[token]"})
SCORE = "sum(log_prob(model, sentence, n) for sentence in held_out)"
add_k.slip(
    "the smallest k is what the counted text itself would choose. Score the held-out sentences",
    {SCORE: "sum(c * math.log2(model(h)[t]) for h, row in counts.items() for t, c in row.items())"},
)
add_k.slip(
    "add up logarithms: a sum of probabilities is ruled by the likeliest sentence",
    {SCORE: "sum(2 ** log_prob(model, sentence, n) for sentence in held_out)"},
)
add_k.slip(
    "is it the first because all were equal? A product of many probabilities underflows to 0; add up "
    "logarithms",
    {SCORE: "math.prod(2 ** log_prob(model, sentence, n) for sentence in held_out)"},
)
add_k.slip(
    "all of the held-out text counts, and each token as much as any other",
    {SCORE: "sum(log_prob(model, sentence, n) for sentence in held_out[:10])"},
    {SCORE: "sum(log_prob(model, sentence, n) / (len(sentence) + 1) for sentence in held_out)"},
    {SCORE: "sum(math.log2(model(h)[t]) for sentence in held_out for h, t in ngrams(sentence, n)[:-1])"},
    unseen=True,  # with few candidates far apart they choose the same
)
add_k.slip("is it the least probable that you chose?", {"max(candidates": "min(candidates"})
add_k.slip(
    "return the candidate, not its score", {"max(candidates, key=score)": "max(map(score, candidates))"}
)
add_k.slip("below it is k for each of the V tokens, k · V, not V", {"k * len(vocab)": "len(vocab)"})
add_k.slip("</s> is one of the tokens that may come", {"in vocab}": "in vocab if token != END}"})
add_k.slip(
    "that is the candidate's place in the list; return the candidate itself",
    {"max(candidates, key=score)": "max(range(len(candidates)), key=lambda i: score(candidates[i]))"},
)


@add_k.hidden(
    "models of random texts with k from 0.001 to 5: every token of the vocabulary, after contexts that were "
    "seen and contexts that were not"
)
def random_add_k(rng):
    vocab = [*"hgfedcba", "never", END]
    for n in (1, 2, 3):
        counts, k = counted(random_text(rng, number=8), n), float(10 ** rng.uniform(-3, 0.7))
        for context in [*counts, ("never",) * (n - 1)]:
            yield ask.add_k(counts, vocab, k)(context)


@add_k.hidden(
    "random held-out texts, and candidates in no order: which makes the whole held-out text most probable?"
)
def random_held_out(rng):
    for number in (10, 15, 20):
        # Close to each other, so that another score has another favourite; sentences that were counted before
        # such as were not, and short ones, so that it matters whether all are scored, whole and once each.
        candidates = rng.permutation([1e-9, *np.geomspace(0.1, 6, 40), 1e7]).tolist()
        text, fresh = random_text(rng, number=number), random_text(rng, number=number)
        held_out = [*text[:10], *fresh, *[["a"]] * 5, ["never", "a"]]
        yield ask.best_k(counted(text, 2), [*"abcdefgh", "never", END], held_out, 2, candidates)


add_k.another(
    "walks through the candidates, in natural logarithms",
    """
def add_k(counts, vocab, k):
    flat = {token: k for token in vocab}

    def model(context):
        weights = {**flat, **{t: c + k for t, c in counts.get(context, {}).items()}}
        total = sum(weights.values())
        return {token: w / total for token, w in weights.items()}

    return model


def best_k(counts, vocab, held_out, n, candidates):
    best, least = None, math.inf
    for k in candidates:
        model, cost = add_k(counts, vocab, k), 0.0
        for sentence in held_out:
            cost -= sum(math.log(model(context)[token]) for context, token in ngrams(sentence, n))
        if cost < least:
            best, least = k, cost
    return best
""",
)


# 4. continuation

continuation = Exercise(
    "continuation",
    points=2,
    minutes=10,
    hints=(
        "Each entry of `counts`, a context and one token after it, is a *different* longer n-gram. To which "
        "shorter one does it add, and how much?",
        "It adds 1 to the token's entry after `context[1:]`, whatever its own count is.",
    ),
)
FRANCISCO = {
    ("san",): {"francisco": 5, "diego": 1},
    ("new",): {"glasses": 1},
    ("old",): {"glasses": 1, "san": 2},
}
THREES = {("a", "b"): {"c": 2}, ("d", "b"): {"c": 1, "a": 4}, ("b", "c"): {"a": 1}}

continuation.case(
    "Francisco was seen five times, after San only; glasses twice, after two different words.",
    ask.continuations(FRANCISCO).gives(
        {(): {"francisco": 1, "diego": 1, "glasses": 2, "san": 1}}, f"the continuation counts of {FRANCISCO}"
    ),
)
continuation.case(
    "From triples to pairs: the first token is dropped, and counted as company of the other two.",
    ask.continuations(THREES).gives(
        {("b",): {"c": 2, "a": 1}, ("c",): {"a": 1}}, f"the continuation counts of {THREES}"
    ),
)
continuation.case(
    "A start token is company like any other: a was seen after <s> and after a.",
    ask.continuations({(START,): {"a": 9}, ("a",): {"a": 1, END: 9}}).gives({(): {"a": 2, END: 1}}),
)
FOLLOWERS = "for token in followers:"
continuation.slip(
    "that is how often each was seen. Each different token before it adds one, however often they met",
    {FOLLOWERS: "for token, c in followers.items():", "+ 1": "+ c"},
)
continuation.slip(
    "that is how many different tokens came *after* each. Count those that came before",
    {FOLLOWERS: "for token in context[-1:]:", "context[1:]": "context[:-1]", "+ 1": "+ len(followers)"},
)
continuation.slip(
    "that is how often something came after each. Count the different tokens that came before",
    {
        FOLLOWERS: "for token in context[-1:]:",
        "context[1:]": "context[:-1]",
        "+ 1": "+ sum(followers.values())",
    },
)
continuation.slip(
    "you dropped the last token of the context. What stood before the pair is its first one",
    {"context[1:]": "context[:-1]"},
)
continuation.slip(
    "only the first token of the context is dropped; the rest remains the context", {"context[1:]": "()"}
)
continuation.slip(
    "<s> is a token that a was seen after, like any other",
    {FOLLOWERS: "for token in followers if context[0] != START else ():"},
)
continuation.slip(
    "each different token before it adds one; you noted only that there is one",
    {"kinds.get(token, 0) + 1": "1"},
)
continuation.slip(
    "what is left of the context is a tuple, also where that is (): context[1:], not context[1]",
    {"context[1:]": "context[1]"},
)
continuation.slip(
    "the longer counts are still needed, by exercise 6; leave them as they are",
    {
        "for context, followers in counts.items():": "for context in [*counts]:",
        FOLLOWERS: "for token in counts.pop(context):",
    },
)


@continuation.hidden(
    "counts of random texts with n from 2 to 5: for each shorter n-gram, list the tokens before it",
    weight=1.5,
)
def random_companies(rng):
    for n in (2, 3, 4, 5):
        yield ask.continuations(counted(random_text(rng, number=15), n))


@continuation.hidden("applied to its own result: from triples to single tokens")
def down_to_single_tokens(rng):
    counts = counted(random_text(rng, number=15), 3)
    yield asking("twice over", lambda student: student.continuations(student.continuations(counts)))


continuation.another(
    "collects sets of what came before",
    """
def continuations(counts):
    before = {}
    for (first, *rest), followers in counts.items():
        for token in followers:
            before.setdefault(tuple(rest), {}).setdefault(token, set()).add(first)
    return {h: {token: len(kinds) for token, kinds in row.items()} for h, row in before.items()}
""",
)


# 5. discounting

discounting = Exercise(
    "discounting",
    points=2,
    minutes=20,
    hints=(
        "For the first function you need to know how often the count 1 occurs among all counts, and how "
        "often 2. For the second: how many tokens gave up $D$, and what is that as a share of all counts?",
        "A `Counter` of all counts of all contexts knows both numbers, and says 0 where there are none; "
        "think of what the exercise wants then. For the second: *every* token that was seen gives up $D$, "
        "however often it was seen, so what is left over is $D$ for each different token, as a share of "
        "all counts. Each token of `shorter` gets its part of that, seen or not. And who was never "
        "followed by anything has nothing to give up.",
    ),
)
SHORTER = {"a": 0.1, "b": 0.3, "c": 0.4, END: 0.2}

discounting.case(
    "Four n-grams seen once, three seen twice: D = 4/10.",
    ask.best_discount(
        {("a",): {"a": 1, "b": 2, "c": 1}, ("b",): {"a": 2, "c": 7, END: 1}, ("c",): {"a": 1, "b": 2}}
    ).gives(0.4, "the discount where four n-grams were seen once, three twice and one seven times"),
)
discounting.case(
    "No n-gram seen once, or none seen twice: D = 1/2.",
    ask.best_discount({("a",): {"a": 1, "b": 1}}).gives(
        0.5, "the discount where none was seen exactly twice (the formula would take all there is)"
    ),
    ask.best_discount({("a",): {"a": 2, "b": 3}}).gives(
        0.5, "the discount where none was seen exactly once (the formula would take nothing)"
    ),
    ask.best_discount({("a",): {"a": 5}}).gives(
        0.5, "the discount where all were seen more than twice (the formula is 0/0)"
    ),
    ask.best_discount({("a",): {"a": 1, "b": 2}}).gives(1 / 3, "the discount where n1 = n2 = 1"),
    weight=0.5,
)
# Of 6 counts two tokens gave half a count each, which is 1/6 of all.
discounting.case(
    "Counts of 5 and 1, D = 1/2: of 6, 4.5 and 0.5 are kept, and 1 is given to the shorter context.",
    ask.discounted({"a": 5, "b": 1}, SHORTER, 0.5).gives(
        {"a": 4.5 / 6 + 0.1 / 6, "b": 0.5 / 6 + 0.3 / 6, "c": 0.4 / 6, END: 0.2 / 6}
    ),
)
discounting.case(
    "Where nothing was seen, the shorter context has its way.",
    ask.discounted({}, {"a": 0.5, "b": 0.125, END: 0.375}, 0.75).gives({"a": 0.5, "b": 0.125, END: 0.375}),
    weight=0.5,
)
FORMULA = "(n[1] + 2 * n[2])"
discounting.slip("n1 / (n1 + n2): the n-grams seen twice count double below", {"2 * n[2]": "n[2]"})
discounting.slip(
    "n_r is how many n-grams were seen r times, not how many times in all", {"2 * n[2]": "2 * 2 * n[2]"}
)
discounting.slip("n1 over the number of all n-grams is something else", {FORMULA: "sum(n.values())"})
discounting.slip(
    "n1 over the sum of all counts is what Good and Turing give to the unseen; another thing",
    {FORMULA: "sum(r * n_r for r, n_r in n.items())"},
)
discounting.slip(
    "n_r counts n-grams, a context and a token after it, not contexts",
    {"c for followers": "sum(followers.values()) for followers", " for c in followers.values()": ""},
)
discounting.slip("that is 1 - D, what is left of a count", {"return n[1]": "return 1 - n[1]"})
discounting.slip(
    "did you look at one context only? All n-grams count together",
    {"in counts.values()": "in [*counts.values()][:1]"},
)
discounting.slip(
    "D is 0.5 where the formula makes no sense",
    {" if n[1] and n[2] else 0.5": ""},
    {"n[1] and n[2] else": "n[1] + n[2] else"},
    {"n[1] and n[2] else": "n[2] else"},
)
GAMMA = "discount * len(followers) / total"
discounting.slip("D was taken from each of the tokens that were seen, not once", {GAMMA: "discount / total"})
discounting.slip(
    "what was taken is D from each *different* token seen, as a share of all counts", {GAMMA: "discount"}
)
discounting.slip(
    "D was taken from the tokens that were seen, not from all of the vocabulary",
    {GAMMA: "discount * len(shorter) / total"},
)
discounting.slip(
    "those that were seen are given their part of it too, as everybody is: that is what interpolation means",
    {"gamma * p": "gamma * p * (token not in followers)"},
)
discounting.slip("what was taken must be given to the shorter context", {" + gamma * p": ""})
discounting.slip(
    "nothing was taken from the counts", {"followers.get(token, 0) - discount": "followers.get(token, 0)"}
)
discounting.slip(
    "where nothing was seen, what the shorter context says is all there is",
    {"    if not followers:\n        return shorter\n": ""},
    {"return shorter": "return {}"},
)
discounting.slip(
    "the model answers for every token of the vocabulary, seen or not",
    {"in shorter.items()": "in shorter.items() if token in followers"},
)
discounting.slip("// cuts off what stands behind the point; divide with /", {"n[1] / (": "n[1] // ("})
discounting.slip(
    "n1 and n2 have changed places: it is n1 / (n1 + 2 n2)",
    {"n[1] / (n[1] + 2 * n[2])": "n[2] / (n[2] + 2 * n[1])"},
)
discounting.slip(
    "what is kept is a share of all counts, as they were before anything was taken",
    {"0) / total": "0) / (total - discount * len(followers))"},
)
discounting.slip(
    "the followers are not yours to change. Make a new dictionary",
    {"    gamma =": "    for token in followers:\n        followers[token] -= discount\n    gamma ="},
)


@discounting.hidden("counts of counts of random texts: n1 and n2 of all contexts together")
def random_discounts(rng):
    for n in (1, 2, 3):
        counts, rare = counted(random_text(rng, number=25), n), {"x": 1, "y": 2, "z": 2, "u": 3, "v": 4}
        yield ask.best_discount({**counts, ("x",) * (n - 1): {**rare, **counts.get(("x",) * (n - 1), {})}})


@discounting.hidden(
    "random counts and discounts: the probabilities sum to one whatever D is, 0 and 1 included", weight=1.5
)
def random_steps(rng):
    vocab = [*"abcdefg", END]
    for d in (0.0, 1.0, *rng.uniform(0.1, 0.9, size=4).tolist()):
        shorter = dict(zip(vocab, rng.dirichlet(np.ones(len(vocab))).tolist()))
        followers = {w: int(c) for w, c in zip("gbdce", [*rng.integers(1, 9, size=4), 1])}
        yield ask.discounted(followers, shorter, d)
        yield ask.discounted({"c": 1, "a": 1}, shorter, d)  # of which D is taken whole
        yield ask.discounted({}, shorter, d)


discounting.another(
    "collects what was taken, and hands it out",
    """
def best_discount(counts):
    values = [c for row in counts.values() for c in row.values()]
    once, twice = sum(c == 1 for c in values), sum(c == 2 for c in values)
    return 0.5 if once * twice == 0 else 1 / (1 + 2 * twice / once)


def discounted(followers, shorter, discount):
    total, pot, probs = sum(followers.values()), 0.0, dict.fromkeys(shorter, 0.0)
    for token, c in followers.items():
        probs[token] = (c - discount) / total
        pot += discount / total
    return {token: p + (pot if total else 1.0) * shorter[token] for token, p in probs.items()}
""",
)


# 6. kneser_ney

kneser_ney = Exercise(
    "kneser_ney",
    points=3,
    minutes=30,
    hints=(
        "First make the counts of every length, from the longest down, before the model is asked anything. "
        "Then, for a context, begin with the uniform distribution and go up: single tokens, pairs, triples.",
        "`levels = [counts]`, and while `()` is not a context of `levels[0]`, put "
        "`continuations(levels[0])` before it. Inside the model, each level turns `probs` into "
        "`discounted(followers, probs, discount)`, where `followers` are those after the last 0, 1, 2, … "
        "tokens of the context; with none of them the slice is `context[len(context):]`, since "
        "`context[-0:]` is everything.",
    ),
)
# the sentences 'a b', 'a b' and 'a c b', in pairs: n1 = 2, n2 = 1, so D = 1/2
PAIRS = {(START,): {"a": 3}, ("a",): {"b": 2, "c": 1}, ("b",): {END: 3}, ("c",): {"b": 1}}
TRIPLES = {
    (START, START): {"a": 3},
    (START, "a"): {"b": 2, "c": 1},
    ("a", "b"): {END: 2},
    ("a", "c"): {"b": 1},
    ("c", "b"): {END: 1},
}
SENTENCES = "the sentences 'a b', 'a b', 'a c b'"
WORDS = ["a", "b", "c", "d", END]
# Single tokens come after 1 (a), 2 (b), 1 (c) and 1 (</s>) different ones: 5 in all, D = 3/5. Taken from four
# of them it makes 4 · 0.6 / 5 = 0.48, which is given to 1/V = 1/5: 0.48 · 0.2 = 0.096 for each.
SINGLE = {"a": 0.4 / 5 + 0.096, "b": 1.4 / 5 + 0.096, "c": 0.4 / 5 + 0.096, "d": 0.096, END: 0.4 / 5 + 0.096}


def mixed_with(kept, gamma, shorter):
    """What is kept of the counts, and gamma times the shorter context's probabilities."""
    return {w: kept.get(w, 0.0) + gamma * p for w, p in shorter.items()}


# The pairs a b and a c were each seen after one token, <s>. Of 2, a third each is kept, 2/3 is given.
PAIR = mixed_with({"b": 1 / 6, "c": 1 / 6}, 2 / 3, SINGLE)


def smoothed(counts, context):
    """The question what the student's model says; one whose sum is wrong learns if `discounted` is to "
    "blame."""

    def answer(student):
        probs = ask.kneser_ney(counts, WORDS)(context).answer(student)
        blame_discounted(student, probs)
        return probs

    return asking(f"the probabilities after {context!r}", answer)


def blame_discounted(student, probs):
    """Fail if the probabilities do not sum to one, and those of exercise 5 do not either."""
    if not isinstance(probs, dict) or abs(sum(p for p in probs.values() if isinstance(p, float)) - 1) < 1e-6:
        return
    part = ask.discounted({"a": 5, "b": 1}, SHORTER, 0.5).answer(student)
    total = sum(p for p in part.values() if isinstance(p, float)) if isinstance(part, dict) else 0.0
    expect(
        abs(total - 1) < 1e-6,
        f"what `discounted` returns does not sum to one: with counts of 5 and 1 and D = 1/2 it sums to "
        f"{total:.4g}. "
        "Mend exercise 5 first",
    )


def totals(student):
    """The sums of the probabilities after contexts of two tokens, all of which must be above 0."""
    model, sums = student.create("kneser_ney", TRIPLES, WORDS), []
    for first in (START, "a", "c", "d"):
        for second in ("a", "b", "c", "d"):
            what = f"after {(first, second)!r}, n = 3"
            said = model((first, second))
            blame_discounted(student, said)
            probs = expect_distribution(said, WORDS, what)
            least = WORDS[int(np.argmin(probs))]
            expect(
                min(probs) > 0, f"{what}: {least!r} has {min(probs):.4g}, not above 0: nothing is impossible"
            )
            sums.append(sum(probs))
    return sums


kneser_ney.case(
    "After a came b twice and c once. D = 1/2: 1.5/3, 0.5/3, and a third for the shorter context.",
    smoothed(PAIRS, ("a",)).gives(
        mixed_with({"b": 1.5 / 3, "c": 0.5 / 3}, 1 / 3, SINGLE), f"after ('a',), n = 2, {SENTENCES}: it"
    ),
)
kneser_ney.case(
    "After d, which was never seen, the single tokens decide: b, seen after a and c, before the others.",
    smoothed(PAIRS, ("d",)).gives(SINGLE, f"after ('d',), which was never seen, n = 2, {SENTENCES}: it"),
)
# Of 3 there are (2 - 3/7) / 3 = 11/21 and (1 - 3/7) / 3 = 4/21 kept, and 2 · 3/7 / 3 = 2/7 is given.
kneser_ney.case(
    "Three lengths, three discounts: 3/7 for triples, 2/3 for pairs, 3/5 for single tokens.",
    smoothed(TRIPLES, (START, "a")).gives(
        mixed_with({"b": 11 / 21, "c": 4 / 21}, 2 / 7, PAIR), f"after ('<s>', 'a'), n = 3, {SENTENCES}: it"
    ),
)
kneser_ney.case(
    "After d a, which was never seen though a was, a alone decides; after a d, the single tokens.",
    smoothed(TRIPLES, ("d", "a")).gives(PAIR, f"after ('d', 'a'), n = 3, {SENTENCES}: it"),
    smoothed(TRIPLES, ("a", "d")).gives(SINGLE, f"after ('a', 'd'), n = 3, {SENTENCES}: it"),
)
# counts 3, 3, 1, 3: none was seen twice, so D = 1/2; 4 · 1/2 of 10, a fifth, goes to the uniform distribution
kneser_ney.case(
    "With n = 1 the single tokens are the longest n-grams, and keep their counts.",
    smoothed({(): {"a": 3, "b": 3, "c": 1, END: 3}}, ()).gives(
        {"a": 0.25 + 0.04, "b": 0.25 + 0.04, "c": 0.05 + 0.04, "d": 0.04, END: 0.25 + 0.04},
        "after (), n = 1, where a, b and </s> were seen three times and c once: it",
    ),
    weight=0.5,
)
kneser_ney.case(
    "Seen, seen in part or never: after every context of two tokens the probabilities sum to one.",
    asking("the sums of the probabilities after 16 contexts of two tokens", totals).gives([1.0] * 16),
)
ANY_LEVEL = "followers = level.get("
SUMMED = """def summed(counts):
    shorter = {}
    for context, followers in counts.items():
        for token, c in followers.items():
            sums = shorter.setdefault(context[1:], {})
            sums[token] = sums.get(token, 0) + c
    return shorter


def kneser_ney("""
AS_THEY_ARE = (
    "below the longest n-grams you used the counts as they are. What matters there is after how many "
    "different tokens each was seen"
)
kneser_ney.slip(AS_THEY_ARE, {"continuations(levels[0])": "summed(levels[0])", "def kneser_ney(": SUMMED})
kneser_ney.slip(
    AS_THEY_ARE + ". That holds for pairs, too",
    {
        "continuations(levels[0])": "(summed if len([*levels[0]][0]) > 1 else continuations)(levels[0])",
        "def kneser_ney(": SUMMED,
    },
)
kneser_ney.slip(
    "each length of n-gram has its own discount, from its own counts",
    {"best_discount(level) for": "best_discount(counts) for"},
)
kneser_ney.slip(
    "below the single tokens comes the uniform distribution, and they are discounted like all others: d was "
    "never said, and must be possible",
    {"probs, discount)": "probs, discount if size else 0.0)"},
)
kneser_ney.slip(
    "the single tokens are discounted, but what was taken from them is lost: it belongs to the uniform "
    "distribution",
    {"{token: 1 / len(vocab) for token in vocab}": "dict.fromkeys(vocab, 0.0)"},
)
kneser_ney.slip(
    "the shorter context is skipped: only the uniform distribution lies below",
    {ANY_LEVEL: "followers = {} if size < len(context) else level.get("},
)
kneser_ney.slip(
    "before you give up the context altogether, drop its first token: a alone was seen",
    {ANY_LEVEL: "followers = {} if size and context not in counts else level.get("},
)
kneser_ney.slip(
    "where the context was not seen, drop its first token, and ask again",
    {ANY_LEVEL: "followers = {} if context not in counts else level.get("},
)
kneser_ney.slip(
    "the shorter context has one token: from triples go to pairs first",
    {ANY_LEVEL: "followers = {} if 0 < size < len(context) else level.get("},
)
kneser_ney.slip(
    UNSEEN_CONTEXT, {"level.get(context[len(context) - size :], {})": "level[context[len(context) - size :]]"}
)
kneser_ney.slip(
    "context[-0:] is everything, not nothing", {"context[len(context) - size :]": "context[-size:]"}
)
kneser_ney.slip(
    "you took D = 0.75 for every length; each has its own, by the formula of exercise 5",
    {"best_discount(level) for": "0.75 for"},
)
kneser_ney.slip(
    "the uniform distribution is over the whole vocabulary, also what was never said: d has its part",
    {"1 / len(vocab) for token in vocab": "1 / len(levels[0][()]) for token in levels[0][()]"},
)
kneser_ney.slip(
    "begin with the single tokens and go up; the longest n-grams have the last word",
    {"enumerate(zip(levels, discounts))": "reversed([*enumerate(zip(levels, discounts))])"},
)


@kneser_ney.hidden(
    "random texts, n from 1 to 5, contexts that were seen, seen in part and never seen: counts as they are "
    "for the longest n-grams only, a discount for each length, and uniform at the bottom",
    weight=2,
)
def random_kneser_ney(rng):
    for n in (1, 2, 3, 4, 5):
        counts = counted(random_text(rng, number=30), n)
        contexts = [*counts][:: max(1, len(counts) // 6)]
        contexts += [("never", *context[1:]) for context in contexts[:4] if n > 1]
        contexts += [tuple(rng.choice([*"abcdefgh", "never"], size=n - 1).tolist()) for _ in range(4)]
        for context in contexts:
            yield ask.kneser_ney(counts, [*"abcdefgh", "never", END])(context)


@kneser_ney.hidden(
    "a text in which a frequent token always comes after the same one: what is it worth elsewhere?"
)
def tokens_of_one_company(rng):
    often = int(rng.integers(20, 60))
    sentences = [["san", "francisco"]] * often + [[str(w), "glasses"] for w in rng.permutation([*"abcdef"])]
    yield ask.kneser_ney(counted(sentences, 2), ["san", "francisco", "glasses", *"abcdefg", END])(("g",))


kneser_ney.another(
    "calls itself for one token at a time",
    """
def kneser_ney(counts, vocab):
    n = len(next(iter(counts))) + 1
    levels = {n: counts}
    for m in range(n - 1, 0, -1):
        levels[m] = continuations(levels[m + 1])
    d = {m: best_discount(level) for m, level in levels.items()}

    def p(token, context):
        m = len(context) + 1
        row = levels[m].get(context)
        shorter = p(token, context[1:]) if m > 1 else 1 / len(vocab)
        if not row:
            return shorter
        return (max(row.get(token, 0) - d[m], 0) + d[m] * len(row) * shorter) / sum(row.values())

    return lambda context: {token: p(token, context) for token in vocab}
""",
)


# 7. judging

judging = Exercise(
    "judging",
    points=2,
    minutes=20,
    hints=(
        "Read each sentence first: make the list in which every unknown token is `<unk>`. Everything else, "
        "the bits, the tokens, the number of unknown words, follows from that list.",
        "Over all sentences add up `-log_prob(model, read, n)`, add `read.count(UNKNOWN) * "
        "math.log2(others)`, and count `len(read) + 1` tokens. Only at the end take 2 to the power of all "
        "bits over all tokens.",
    ),
)
KNOWN = "it does not arise here if a word that is not in the vocabulary is read as <unk>, in contexts as well"
HEY = {
    (START,): {"a": 0.5, UNKNOWN: 0.25, END: 0.25},
    (UNKNOWN,): {"a": 0.5, END: 0.5},
    ("a",): {UNKNOWN: 0.75, END: 0.25},
}
KNOWS = ["a", END, UNKNOWN]
CERTAIN = table_model({(START,): {"a": 1.0}, ("a",): {END: 1.0}}, 2, KNOWN)
KNOWS_NOTHING = table_model({(): {UNKNOWN: 0.875, END: 0.125}}, 1, KNOWN)
TO_BE = [["to", "be", "or", "not", "to", "be", "then"]]
BITS_OF_TO_BE = 3 - 7 * math.log2(0.875)

judging.case(
    "Seven bits for five tokens, ends included: 2^(7/5).",
    ask.perplexity(
        table_model({(): {"a": 0.5, END: 0.25, UNKNOWN: 0.25}}, 1, KNOWN), [["a"], ["a", "a"]], 1, KNOWS
    ).gives(2**1.4, "the perplexity of 'a' and 'a a', where a has 1/2 and </s> has 1/4,"),
)
judging.case(
    "A word outside of the vocabulary is read as <unk>, and so it stands in the next word's context.",
    ask.perplexity(table_model(HEY, 2, KNOWN), [["hey", "a"]], 2, KNOWS).gives(
        2 ** (5 / 3),
        "the perplexity of 'hey a', where only a is known (1/4 · 1/2 · 1/4: five bits, three tokens),",
    ),
)
# 'x a', 'y': 2 + 1 + 2 and 2 + 2 bits, and 2 · 4 for the two unknown words; five tokens
judging.case(
    "Where <unk> stands for any of 16 words, each unknown word takes four bits more.",
    ask.perplexity(
        table_model({(): {"a": 0.5, UNKNOWN: 0.25, END: 0.25}}, 1, KNOWN), [["x", "a"], ["y"]], 1, KNOWS, 16
    ).gives(
        2 ** (17 / 5),
        "the perplexity of 'x a' and 'y', where <unk> has 1/4 and may be any of 16 words (9 bits and 2 · 4, "
        "five tokens),",
    ),
)
judging.case(
    "A model that knows no word at all looks good in the usual figure, and not in the fair one.",
    ask.perplexity(KNOWS_NOTHING, TO_BE, 1, [UNKNOWN, END]).gives(
        2 ** (BITS_OF_TO_BE / 8), "the usual perplexity, others = 1,"
    ),
    ask.perplexity(KNOWS_NOTHING, TO_BE, 1, [UNKNOWN, END], 1024).gives(
        2 ** ((BITS_OF_TO_BE + 70) / 8), "the fair perplexity of seven unknown words that may be any of 1024"
    ),
)
judging.case(
    "What the model finds impossible makes the perplexity infinite, and no error.",
    ask.perplexity(CERTAIN, [["a"], ["a", "a"]], 2, ["a", END]).gives(
        INF, "the perplexity of 'a' and 'a a', where no a follows an a,"
    ),
    ask.perplexity(CERTAIN, [["a"]], 2, ["a", END]).gives(1.0, "the perplexity of 'a', which is certain,"),
    weight=0.5,
)
BITS, CHARGE, RESULT = (
    "log_prob(model, read, n)",
    "read.count(UNKNOWN) * math.log2(others)",
    "2 ** (bits / tokens)",
)
FACTORS = "model(c).get(t, 0.0) for c, t in ngrams(read, n)"
EACH = "perplexity(model, [s], n, vocab, others) for s in sentences"
judging.slip("the ends are predicted too, so they count as tokens", {"len(read) + 1": "len(read)"})
judging.slip(
    "the ends are tokens of the text too, in the bits as in the number of tokens",
    {BITS: "sum(math.log2(model(c)[t]) for c, t in ngrams(read, n)[:-1])", "len(read) + 1": "len(read)"},
)
judging.slip("that is per sentence, not per token", {RESULT: "2 ** (bits / len(sentences))"})
judging.slip("that is for the whole text; perplexity is per token", {RESULT: "2**bits"})
judging.slip(
    "that is the mean of the sentences' perplexities; divide all bits by all tokens",
    {RESULT: f"{RESULT} if len(sentences) == 1 else sum({EACH}) / len(sentences)"},
)
judging.slip(
    "that gives each sentence the same weight; divide all bits by all tokens",
    {RESULT: f"{RESULT} if len(sentences) == 1 else math.prod({EACH}) ** (1 / len(sentences))"},
)
judging.slip("that is the number of bits per token; perplexity is 2 to it", {RESULT: "bits / tokens"})
judging.slip("the sign is turned: perplexity is at least one", {RESULT: "2 ** (-bits / tokens)"})
judging.slip("e to bits: use one base for both", {RESULT: "math.e ** (bits / tokens)"})
judging.slip(
    "2 to nats: with natural logarithms it is e that is raised to their mean",
    {BITS: f"math.log(2) * {BITS}"},
    {BITS: f"math.log(2) * {BITS}", CHARGE: "read.count(UNKNOWN) * math.log(others)"},
)
judging.slip("2 to a mean of probabilities: their logarithms are what is added up", {BITS: f"2 ** {BITS}"})
judging.slip(
    "a word that is not in the vocabulary must be read as <unk>",
    {"token if token in known else UNKNOWN": "token"},
)
judging.slip(
    "an unknown word is <unk> as context of the next one, too",
    {
        BITS: "sum(math.log2(model(c).get(t if t in known else UNKNOWN) or 2**-1000) "
        "for c, t in ngrams(sentence, n))"
    },
)
judging.slip(
    "that is without the bits that it takes to say which words they were", {f"bits += {CHARGE}": "pass"}
)
judging.slip(
    "each unknown word takes log2 M bits more, not only the first",
    {CHARGE: "(math.log2(others) if sentence is sentences[0] else 0)"},
)
judging.slip(
    "each *occurrence* of an unknown word takes log2 M bits, also a second one",
    {CHARGE: "len({*sentence} - known) * math.log2(others)"},
)
judging.slip(
    "an unknown word is *less* probable if it may be any of M: the bits are added",
    {"bits += read": "bits -= read"},
)
judging.slip(
    "log2 M is asked for only where the word is unknown", {"read.count(UNKNOWN) *": "(len(read) + 1) *"}
)
judging.slip("it is log2 M, not M", {"math.log2(others)": "others"})
judging.slip(
    UNDERFLOW,
    {BITS: f"(math.log2(p) if (p := math.prod({FACTORS})) else -math.inf)"},
    unseen=True,  # what all models of the cases say is short
)
judging.slip("log2 M: that is in nats", {"math.log2(others)": "math.log(others)"})
judging.slip(
    "a word that is not in the vocabulary is read as <unk>, and not left out",
    {
        "token if token in known else UNKNOWN for token in sentence": "token for token in sentence if "
        "token in known"
    },
)
judging.slip(
    "the sentences are not yours to change. Make a new list of what is read",
    {
        "read = [token if token in known else UNKNOWN for token in sentence]": "read = sentence\n"
        "        for i, token in enumerate(sentence):\n"
        "            sentence[i] = token if token in known else UNKNOWN"
    },
)


@judging.hidden(
    "random models of orders 1 to 3, sentences with known and unknown words and empty ones, and several "
    "numbers of others",
    weight=1.5,
)
def random_perplexity(rng):
    for n in (1, 2, 3):
        model = table_model(random_table(rng, ["a", "b", UNKNOWN], n), n, KNOWN)
        sentences = [*random_text(rng, "abxyz", number=6, longest=6), [*"xayyb"]]
        for others in (1, 1000, int(rng.integers(2, 100))):
            yield ask.perplexity(model, sentences, n, ["a", "b", UNKNOWN, END], others)


@judging.hidden(
    "a sentence of some thousand tokens, whose probability is too small for a float; and an impossible one "
    "among many"
)
def long_sentences_judged(rng):
    table = random_table(rng, ["a", UNKNOWN], 2)
    sentence = ["ax"[i] for i in rng.integers(2, size=2000)]
    yield ask.perplexity(table_model(table, 2, KNOWN), [sentence], 2, KNOWS, 8)
    table = {**table, ("a",): {**table["a",], "a": 0.0}}
    yield ask.perplexity(table_model(table, 2, KNOWN), [["x"], ["a", "a"], []], 2, KNOWS)


judging.another(
    "as a geometric mean",
    """
def perplexity(model, sentences, n, vocab, others=1):
    logs = []
    for sentence in sentences:
        read = [token if token in vocab else "<unk>" for token in sentence]
        for context, token in ngrams(read, n):
            p = model(context).get(token, 0) / (others if token == "<unk>" else 1)
            logs.append(np.log(p) if p else -np.inf)
    return float(np.exp(-np.mean(logs)))
""",
)


# 8. generation

generation = Exercise(
    "generation",
    points=2,
    minutes=20,
    hints=(
        "Write a function for one token first: it goes through the dictionary, adds up the probabilities, "
        "and stops at the token in whose part $u$ lies. What if it comes to the end without having stopped?",
        "The token is the first one where `u < end`, with `end` the sum so far; skip those of probability "
        "0, and remember the last possible one for the case that rounding leaves a gap. Start with `[START] "
        "* (n - 1)`, ask with `tuple(tokens[len(tokens) - n + 1 :])`, and return `tokens[n - 1 :]`.",
    ),
)


def says(table, n, numbers, longest=100):
    """What a student's function says with these random numbers, and how many it takes: two questions."""

    def asked(student, look):
        taken = 0

        def random():
            nonlocal taken
            taken += 1
            expect(taken <= len(numbers) + 500, "you ask for random numbers without end")
            return numbers[taken - 1] if taken <= len(numbers) else 0.5  # what it says then tells the mistake

        said = student.generate(table_model(table, n, "that does not arise here"), n, random, longest)
        return look(said, taken)

    shown = (f"{u:.3g}" if f"{u:.3g}" != "1" else f"1 - {1 - u:.1g}" for u in numbers)
    given = f"with the random numbers {', '.join(shown)}"
    return (
        asking(f"{given}, n = {n}: the sentence", lambda student: asked(student, lambda said, _: said)),
        asking(
            f"{given}, n = {n}: how many you ask for", lambda student: asked(student, lambda _, taken: taken)
        ),
    )


def says_this(table, n, numbers, tokens, longest=100):
    """The sentence that these numbers draw, one for each token and the end."""
    sentence, taken = says(table, n, numbers, longest)
    return sentence.gives(tokens), taken.gives(len(numbers))


SPEAKER = {
    (START,): {"a": 0.5, "b": 0.5},
    ("a",): {"a": 0.25, "b": 0.25, END: 0.5},
    ("b",): {"a": 1.0},
}
LAUGHTER = {(START,): {"ha": 1.0}, ("ha",): {"ha": 0.75, END: 0.25}}
SPEAKS_OF_THREE = {
    (START, START): {"a": 1.0},
    (START, "a"): {"a": 0.5, "b": 0.5},
    ("a", "b"): {"b": 0.5, END: 0.5},
    ("b", "b"): {"a": 0.25, END: 0.75},
}
TENTHS = {(): {**{f"t{i}": 0.1 for i in range(9)}, END: 0.1, "never": 0.0}}

generation.case(
    "0.3 lies in a's half and, after a, in b's quarter; 0.5 is where the second half begins.",
    *says_this(SPEAKER, 2, [0.5, 0.0, 0.25, 0.0, 0.75], ["b", "a", "b", "a"]),
    *says_this(SPEAKER, 2, [0.3, 0.3, 0.9, 0.5], ["a", "b", "a"]),
)
generation.case(
    "The model is asked with the last n - 1 tokens, for n = 1, 2 and 3, and with start tokens at first.",
    *says_this({(): {"a": 0.5, "b": 0.25, END: 0.25}}, 1, [0.1, 0.6, 0.1, 0.9], ["a", "b", "a"]),
    *says_this(SPEAKS_OF_THREE, 3, [0.2, 0.7, 0.1, 0.6], ["a", "b", "b"]),
)
generation.case(
    "A sentence that does not end is cut off after `longest` tokens, 1 and 4, and nothing more is drawn.",
    *says_this(LAUGHTER, 2, [0.5], ["ha"], longest=1),
    *says_this(LAUGHTER, 2, [0.5] * 4, ["ha"] * 4, longest=4),
    *says_this(SPEAKER, 2, [0.1, 0.9], ["a"], longest=2),
)
generation.case(
    "A token of probability 0 is not drawn by u = 0; and rounding leaves no gap before 1.",
    *says_this({(): {"never": 0.0, "a": 0.5, END: 0.5}}, 1, [0.0, 0.5], ["a"]),
    *says_this(TENTHS, 1, [0.05, 1 - 2.0**-53], ["t0"], longest=2),
)
generation.slip(
    "it is always the most probable token that you took; a random one is to be drawn",
    {"drawn(probs, random())": "max(probs, key=probs.get)"},
)
generation.slip(
    "the parts lie in the order of the dictionary",
    {"in probs.items()": "in sorted(probs.items(), key=lambda pair: -pair[1])"},
)
generation.slip(
    "</s> ends the sentence and is not part of it",
    {"break\n        tokens": "return tokens[n - 1 :] + [END]\n        tokens"},
)
generation.slip("<s> is context and not part of the sentence", {"return tokens[n - 1 :]": "return tokens"})
generation.slip("a part holds its low end, and not its high one", {"u < end": "u <= end"})
generation.slip(
    "with n = 1, tokens[-0:] is everything, not nothing",
    {"tokens[len(tokens) - n + 1 :]": "tokens[-(n - 1) :]"},
)
generation.slip("`longest` counts what is said, and no start tokens", {"n - 1 + longest": "longest"})
generation.slip(
    "stop after `longest` tokens, and draw nothing more",
    {"tokens) < n - 1 + longest": "tokens) <= n - 1 + longest"},
)
DRAWN = """
def drawn(probs, u):
    ends = np.cumsum(list(probs.values()))
    return TOKEN
"""
generation.slip(
    "no part was found where rounding leaves a gap below 1. Take the last possible token",
    DRAWN.replace("TOKEN", "list(probs)[np.searchsorted(ends, u, side='right')]"),
    DRAWN.replace("TOKEN", "next(token for token, end in zip(probs, ends) if u < end)"),
    {"return last": "return last if u < end else None"},
    {"break\n    return last": "found = token\n                break\n    return found"},
)
generation.slip(
    "that is the last token listed, of probability 0. Take the last possible one",
    {"if p > 0:": "if True:"},
)
generation.slip(
    "u is compared with the sum so far, not with the token's own probability", {"u < end": "u < p"}
)
generation.slip(
    "each token is drawn with a number of its own; you took one for the whole sentence",
    {"random())": "u)", "    tokens = [START] * (n - 1)\n": "    tokens, u = [START] * (n - 1), random()\n"},
)
generation.slip(
    "the random numbers come from `random`, which you are given",
    {"random())": "np.random.default_rng(0).random())"},
)


@generation.hidden(
    "random models of orders 1 to 4 and random numbers: work out by hand in whose part each lies", weight=1.5
)
def random_speech(rng):
    for n in (1, 2, 3, 4):
        for longest in (1, 2, 3, 4, 12, 12, 12):
            table = random_table(rng, "abc", n, zeros=0.2)
            yield from says(table, n, rng.random(longest + 1).tolist(), longest)


@generation.hidden("numbers at the ends of the parts, parts without width, and the very last number before 1")
def edges_of_parts(rng):
    exact = {"zero": 0.0, "a": 3 / 16, "none": 0.0, "b": 5 / 16, "c": 4 / 16, END: 4 / 16, "never": 0.0}
    numbers = [0.0, 3 / 16, 8 / 16, 0.0, 3 / 16 - 2.0**-54, 12 / 16 - 2.0**-53, 12 / 16]
    yield from says_this({(): exact}, 1, numbers, ["a", "b", "c", "a", "a", "c"])
    size = int(rng.integers(3, 8))
    short = {**{f"t{i}": 1 / size - 1e-9 for i in range(size)}, END: 0.0}
    yield from says_this({(): short}, 1, [1 - 1e-12], [f"t{size - 1}"], longest=1)


generation.another(
    "by cumulated sums",
    """
def generate(model, n, random, longest=100):
    said, context = [], ("<s>",) * (n - 1)
    for _ in range(longest):
        probs = {token: p for token, p in model(context).items() if p > 0}
        place = np.searchsorted(np.cumsum(list(probs.values())), random(), side="right")
        token = list(probs)[min(place, len(probs) - 1)]
        if token == "</s>":
            return said
        said.append(token)
        context = (*context, token)[1:]
    return said
""",
)


# For exercise 9: numbers of one's own

own_numbers = Exercise(
    "own_numbers",
    minutes=5,
    hints=(
        "What `measure()` prints belongs to your word alone. It makes two tables, a short one first: of "
        "which of the two does the exercise speak, and which column is that of *add-k*? Ask of each number "
        "in a row what it counts before you copy it.",
        "In the second table find the row in which the column *add-k* is smallest: its `n` and that figure "
        "are the first two numbers. The other two stand in the last row, under *add-k* and *unseen*.",
    ),
)


def own_lines(word):
    """The lines that a word decides on: to count, to choose k, to test."""
    number = int(sha256(word.strip().lower().encode()).hexdigest(), 16)
    plays = [text for text in shakespeare().values() if len(text) > 100_000]
    lines = [line.strip() for line in plays[number % len(plays)].split("\n") if line.strip()]
    lines = lines[number // len(plays) % 40 :]
    return [line for i, line in enumerate(lines) if i % 20 not in (0, 5)], lines[5::80], lines[::40]


def stretches(lines, n):
    """Stretches of n characters, each line between n - 1 signs for its start and one for its end."""
    padded = ["\x02" * (n - 1) + line + "\x03" for line in lines]
    return Counter(line[i : i + n] for line in padded for i in range(len(line) - n + 1))


@cache
def figures(word, tenth=False):
    """Of each n from 1 to 8: the share unseen in per cent, and bits per character of add-k and of add-1."""
    train, tune, test = own_lines(word)
    size = len({c for line in train + tune + test for c in line}) + 1
    rows = []
    for n in range(1, 9):
        seen, starts = stretches(train[::10] if tenth else train, n), Counter()
        for text, c in seen.items():
            starts[text[:-1]] += c

        def bits(lines, k, n=n, seen=seen, starts=starts):
            asked = stretches(lines, n)
            said = (c * math.log2((seen[t] + k) / (starts[t[:-1]] + k * size)) for t, c in asked.items())
            return -sum(said) / sum(asked.values())

        asked = stretches(test, n)
        unseen = sum(c for text, c in asked.items() if text[:-1] not in starts) / sum(asked.values())
        k = min((0.3, 0.1, 0.03, 0.01), key=lambda k, bits=bits: bits(tune, k))
        rows.append((100 * unseen, bits(test, k), bits(test, 1)))
    return rows


def four(rows, column=1):
    """What is asked for, of a table: the best n, its bits, those of n = 8, and the share unseen there."""
    best = min(range(8), key=lambda i: rows[i][column])
    return best + 1, rows[best][column], rows[7][column], rows[7][0]


def agree(given, right, times=1):
    """Whether numbers are those that a table shows, which are rounded, or so many times as far off."""
    within = 0, 0.006 * times, 0.006 * times, 0.06 * times
    return all(abs(a - b) <= w for a, b, w in zip(given, right, within))


def are_of_my_word(student):
    """Whether the student's numbers are those of the student's word; fails, with the reason, if not."""
    word, given = student.my_word(), student.my_numbers()
    letters = sum(map(str.isalpha, word)) if isinstance(word, str) else 0
    expect(letters >= 3, f"`my_word` should return a word of three letters or more, not {describe(word)}")
    is_row = isinstance(given, (list, tuple)) and len(given) == 4
    expect(
        is_row,
        f"`my_numbers` should return four numbers, (n, bits, bits at n = 8, unseen), not {describe(given)}",
    )
    given = [expect_number(one, f"number {i} of `my_numbers`") for i, one in enumerate(given, 1)]
    try:
        rows = figures(word)
    except DataError as error:
        raise CheckFailed(f"Shakespeare's plays are not at hand: {error}") from None
    if agree(given, four(rows)):
        return True
    percent = (*given[:3], 100 * given[3])
    reasons = {
        "the share that is unseen is asked for in per cent": agree(percent, four(rows)),
        "those are of a tenth of the text; take the second table, that of all of it": agree(
            given, four(figures(word, tenth=True))
        ),
        "copy them with all the figures that it shows": agree(given, four(rows), 12),
        "that is the column of add-1": agree(given, four(rows, 2)),
    }
    why = [reason for reason, holds in reasons.items() if holds]
    raise CheckFailed(
        f"with your word {word!r} `measure()` prints other numbers: "
        + (why[0] if why else "they follow from your word, so run it once more if you have changed it")
    )


own_numbers.case(
    "The numbers are those of your own word: it decides on the play, and on the lines that are the test.",
    asking("the numbers of your word", are_of_my_word).gives(True),
)
MINE = "return 4, 2.622, 4.195, 41.9"
own_numbers.slip(
    "they follow from your word, so run it once more if you have changed it",
    {'return "courteous"': 'return "courtesy"'},
)
own_numbers.slip("those are of a tenth of the text", {MINE: "return 3, 3.313, 5.229, 70.7"})
own_numbers.slip("copy them with all the figures that it shows", {MINE: "return 4, 2.6, 4.2, 42"})
own_numbers.slip("that is the column of add-1", {MINE: "return 3, 3.098, 5.036, 41.9"})
own_numbers.slip("the share that is unseen is asked for in per cent", {MINE: "return 4, 2.622, 4.195, 0.419"})
own_numbers.another(
    "of another word",
    """
def my_word():
    return "Ophelia"


def my_numbers():
    return [4, 2.629, 4.362, 47.1]
""",
)


# The one for the joy of it

new_words = Exercise(
    "new_words",
    minutes=15,
    hints=(
        "Multiply the series by $e^{-\\lambda}$, term by term: what is each of the products, if "
        "$e^{-\\lambda} \\lambda^r / r!$ is the probability that a word occurs $r$ times?",
        "The estimate is $n_1 t - n_2 t^2 + n_3 t^3 - \\dots$; `Counter(Counter(words).values())` knows the "
        "$n_r$.",
    ),
)
new_words.case(
    "Three words once, two twice, one four times; half as long again: 3/2 - 2/4 - 1/16.",
    ask.new_words("a b c d d e e f f f f".split(), 0.5).gives(
        1.5 - 0.5 - 1 / 16, "the new words of half as much text, where n1 = 3, n2 = 2, n4 = 1,"
    ),
)
new_words.case(
    "t = 1: n1 - n2 + n3 - …; and no further text brings no new words.",
    ask.new_words("a b b c c c d e".split(), 1).gives(
        3 - 1 + 1, "as much text again, n1 = 3, n2 = 1, n3 = 1:"
    ),
    ask.new_words("a b b c c c d e".split(), 0).gives(0.0),
    ask.new_words(["x"] * 3, 0.5).gives(0.125),
)
TERM = "t**r * n_r"
new_words.slip(
    "the terms are n_r t^r as they are, without a division by r!", {TERM: f"{TERM} / math.factorial(r)"}
)
new_words.slip("the signs alternate", {"(-1) ** (r + 1) * ": ""})
new_words.slip(
    "that is n1 t, right for a very short text only; go on with - n2 t² + n3 t³ - …",
    {"in n.items())": "in n.items() if r == 1)"},
)
new_words.slip("the signs are turned: n1 t comes with a plus", {"(r + 1)": "r"})
new_words.slip("n_r is how many words occur r times, not how many times in all", {TERM: "t**r * r * n_r"})
new_words.slip("t is raised to the power r", {TERM: "t * n_r"})
new_words.slip("t is raised to the power r, not r - 1", {"t**r": "t ** (r - 1)"})
new_words.slip("it is a number of words, and no share of the text", {TERM: f"{TERM} / len(words)"})
new_words.slip(
    "n_r counts words by how often each occurs, not tokens by their letters",
    {"Counter(Counter(words).values())": "Counter(map(len, words))"},
)
new_words.another(
    "word by word", "def new_words(words, t):\n    return -sum((-t) ** c for c in Counter(words).values())"
)


if __name__ == "__main__":  # for whoever marks exercise 9: python solutions/03-ngrams/checks.py WORD
    for tenth in (True, False):
        print(" n  unseen  add-k  add-1")
        for n, row in enumerate(figures(sys.argv[1], tenth), 1):
            print("{:2}  {:5.1f}%  {:.3f}  {:.3f}".format(n, *row))
