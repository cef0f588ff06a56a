"""Checks of assignment 3, n-gram models.

Counts are a dictionary from context, a tuple of tokens, to a dictionary from token to count. A model is a
function from a context to a dictionary from token to probability.
"""

from __future__ import annotations

import math

import numpy as np

from lmcourse.grading.checks import (
    CheckFailed,
    StudentError,
    check,
    close,
    describe,
    expect,
    expect_close,
    expect_number,
    with_answers,
)

START, END, UNKNOWN = "<s>", "</s>", "<unk>"
INF = math.inf

# What students return, looked at


def expect_counts(got, expected, what, mistakes=()):
    """Counts equal to `expected`; `mistakes` are pairs of wrong ones and the reason."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(isinstance(got, dict), f"{what}: return a dictionary of dictionaries, not {describe(got)}")
    for context, followers in got.items():
        expect(
            isinstance(context, tuple),
            f"{what}: each context is a tuple of tokens; yours has the key {context!r} (a tuple of one token "
            "is written with a comma: (token,))",
        )
        expect(
            isinstance(followers, dict),
            f"{what}: after the context {context!r} there should be a dictionary from token to count, not "
            f"{describe(followers)}",
        )
    if got == expected:
        return
    for wrong, why in mistakes:
        expect(got != wrong, f"{what}: yours are {_short(got)}: {why}")
    size = len(next(iter(expected)))
    for context in got:
        expect(
            len(context) == size,
            f"{what}: yours has the context {_short(context)}; here a context has {size} token(s)"
            + (" (tokens[-0:] is everything, not nothing)" if size == 0 else ""),
        )
    for context in [*expected, *got]:
        mine, yours = expected.get(context), got.get(context)
        expect(yours is not None, f"{what}: the context {context!r} is missing from yours")
        expect(
            mine is not None,
            f"{what}: yours has the context {_short(context)}, which does not occur",
        )
        for token in [*mine, *yours]:
            right, count = mine.get(token), yours.get(token)
            expect(
                right is not None,
                f"{what}: after {context!r} yours has {_short(token)}, with {_short(count)}, which did not "
                "occur there: leave it out",
            )
            expect(
                right == count,
                f"{what}: after {context!r}, {token!r} should have {right}, yours has "
                + ("none" if count is None else _short(count)),
            )


def expect_probs(got, expected, what, mistakes=()):
    """Probabilities equal to `expected`; `mistakes` are pairs of wrong ones and the reason."""
    expect(got is not None, f"{what}: your model returned None; is a `return` missing?")
    expect(
        isinstance(got, dict),
        f"{what}: a model returns a dictionary from token to probability, not {describe(got)}",
    )
    for token in got:
        expect(token != START, f"{what}: yours has an entry for <s>, which is never said")
        expect(token in expected, f"{what}: yours has an entry for {_short(token)}, which should have none")
    yours = {
        token: expect_number(got.get(token, 0.0), f"{what}: the probability of {token!r}")
        for token in expected
    }
    left_out = [token for token, p in expected.items() if p > 0 and token not in got]
    if all(close(yours[token], expected[token]) for token in expected):
        return
    both = f"{what}: expected {_row(expected)}, yours is {_row(yours)}"
    for wrong, why in mistakes:
        if all(close(yours[token], wrong.get(token, 0.0), 1e-6) for token in expected):
            raise CheckFailed(f"{both}: {why}")
    total = sum(yours.values())
    if left_out:
        both += f". Yours has no entry for {_short(left_out)}"
    raise CheckFailed(both + (f". Yours sum to {total:.4g}" if abs(total - 1) > 1e-6 else ""))


def made(student, maker, *arguments):
    """The model that a student's function makes; a handle."""
    model = student.create(maker, *arguments)
    expect(
        "NoneType" not in repr(model), f"{maker} returned None: return the function that you defined in it"
    )
    return model


def asked(model, context, maker):
    """What a student's model says after a context."""
    try:
        return model(context)
    except StudentError as error:
        expect(
            "not callable" not in error.message,
            f"{maker} should return a function of the context: define one inside, and return it without "
            "calling it",
        )
        where = f" ({error.where})" if error.where else ""
        expect(
            not {"KeyError", "ZeroDivisionError"} & {*error.kinds},
            f"after the context {context!r}, the model of {maker} raised {error.kinds[0]}{where}: "
            "think of a context after which nothing was seen, or of a token that was not seen there",
        )
        raise


def only_after(table, n, otherwise=""):
    """The model of a table from context to probabilities, its answers sent along.

    Asked about a context that is not there it says nothing, or, with `otherwise`, fails and says that.
    """

    def model(context):
        expect(
            isinstance(context, tuple) and len(context) == n - 1,
            f"the order is {n}: ask the model with a tuple of the last {n - 1} token(s); you asked it with "
            f"{_short(context)}" + (" (is it tokens[-0:], which is everything?)" if n == 1 else ""),
        )
        expect(
            not otherwise or context in table,
            f"you asked the model about the context {_short(context)}: {otherwise}",
        )
        return dict(table.get(context, {}))

    return with_answers(model, {(context,): probs for context, probs in table.items()})


def _row(probs):
    text = ", ".join(f"{token!r}: {p:.4g}" for token, p in probs.items())
    return "{" + (text if len(text) <= 140 else text[:137] + "…") + "}"


def _short(value):
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "…"


# What hidden checks compute for themselves


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


def companies(counts):
    """Of the n-grams that are shorter by one: the number of different tokens before each."""
    before = {}
    for context, followers in counts.items():
        for token in followers:
            before.setdefault((context[1:], token), set()).add(context[0])
    found = {}
    for (context, token), kinds in before.items():
        found.setdefault(context, {})[token] = len(kinds)
    return found


def discount_of(counts):
    """n1 / (n1 + 2 n2), or a half."""
    values = [c for followers in counts.values() for c in followers.values()]
    ones, twos = values.count(1), values.count(2)
    return ones / (ones + 2 * twos) if ones and twos else 0.5


def smoothed(levels, vocab, context):
    """Interpolated Kneser-Ney from the counts of all lengths, longest last."""
    if not levels:
        return dict.fromkeys(vocab, 1 / len(vocab))
    shorter = smoothed(levels[:-1], vocab, context[1:])
    followers, d = levels[-1].get(context, {}), discount_of(levels[-1])
    total = sum(followers.values())
    if not total:
        return shorter
    rest = d * len(followers) / total
    return {w: max(followers.get(w, 0) - d, 0) / total + rest * shorter[w] for w in vocab}


def all_levels(counts, n):
    """Counts of the lengths 1 to n."""
    levels = [counts]
    for _ in range(n - 1):
        levels.insert(0, companies(levels[0]))
    return levels


def random_text(rng, tokens="abcdefgh", number=40, longest=9):
    """Sentences in which some tokens are frequent, and each has its favourite followers."""
    tokens = list(tokens)
    share = 1 / np.arange(1, len(tokens) + 1)
    favourite = {token: rng.permutation(tokens)[:2].tolist() for token in tokens}
    sentences = []
    for _ in range(number):
        sentence = []
        for _ in range(int(rng.integers(longest + 1))):
            old = sentence and rng.random() < 0.7
            new = rng.choice(
                favourite[sentence[-1]] if old else tokens, p=None if old else share / share.sum()
            )
            sentence.append(str(new))
        sentences.append(sentence)
    return [*sentences, [], tokens[:3], tokens[:3], [tokens[0]] * 4]


def random_model(rng, tokens, n, zeros=0.0):
    """A table from every context of n - 1 tokens to random probabilities; some are zero, two never are."""
    tokens, contexts = list(tokens), [()]
    for _ in range(n - 1):
        contexts = [(*c, t) for c in contexts for t in [START, *tokens] if t != START or {*c} <= {START}]
    table = {}
    for context in contexts:
        weights = rng.gamma(1.0, size=len(tokens) + 1) + 0.05
        weights[1:-1] *= rng.random(len(tokens) - 1) >= zeros
        order = rng.permutation(len(weights))
        said = [*tokens, END]
        table[context] = {said[i]: float(weights[i] / weights.sum()) for i in order}
    return table


def log2_prob(table, sentence, n):
    """The base-2 log-probability of a sentence and its end."""
    probs = [table.get(context, {}).get(token, 0.0) for context, token in all_ngrams(sentence, n)]
    return sum(math.log2(p) for p in probs) if all(probs) else -INF


# 1. counting


@check("counting")
def pairs_of_two_sentences(student):
    """Of 'a b' and 'a', n = 2: a starts both, and each ends with </s>."""
    expect_counts(
        student.count([["a", "b"], ["a"]], 2),
        {(START,): {"a": 2}, ("a",): {"b": 1, END: 1}, ("b",): {END: 1}},
        "n = 2, the sentences 'a b' and 'a'",
        [
            (
                {(START,): {"a": 2}, ("a",): {"b": 1}},
                "the end is missing. To stop is a decision as well: </s> is said after the last token",
            ),
            (
                {("a",): {"b": 1, END: 1}, ("b",): {END: 1}},
                "the first token of a sentence has no context; put <s> before it",
            ),
            (
                {("a",): {"b": 1}},
                "without <s> and </s> the model cannot tell where a sentence begins or ends",
            ),
            (
                {(START,): {"a": 1}, ("a",): {"b": 1, END: 1}, ("b",): {"a": 1}},
                "an n-gram reaches from one sentence into the next; each sentence has its own <s> and </s>",
            ),
            (
                {(START,): {"a": 2}, ("a",): {"b": 1, END: 1}, ("b",): {END: 1}, (END,): {START: 1}},
                "an n-gram reaches from one sentence into the next; and <s> is never said",
            ),
        ],
    )
    expect_counts(
        student.count([["a", "b"]] * 3, 2),
        {(START,): {"a": 3}, ("a",): {"b": 3}, ("b",): {END: 3}},
        "n = 2, three times the sentence 'a b'",
    )


@check("counting")
def triples(student):
    """With n = 3 the first token, too, has a context of two tokens."""
    expect_counts(
        student.count([["a", "b"]], 3),
        {(START, START): {"a": 1}, (START, "a"): {"b": 1}, ("a", "b"): {END: 1}},
        "n = 3, the sentence 'a b'",
        [
            (
                {(START, "a"): {"b": 1}, ("a", "b"): {END: 1}},
                "the first token was not counted: it takes n - 1 start tokens to give it a context",
            ),
            (
                {(START,): {"a": 1}, (START, "a"): {"b": 1}, ("a", "b"): {END: 1}},
                "the first context is too short: put n - 1 start tokens before each sentence",
            ),
            (
                {
                    (START, START): {"a": 1},
                    (START, "a"): {"b": 1},
                    ("a", "b"): {END: 1},
                    ("b", END): {END: 1},
                },
                "one </s> is enough: after it nothing is said",
            ),
        ],
    )


@check("counting")
def single_tokens(student):
    """With n = 1 there is one context, the empty one, and no <s>."""
    ends = {(): {"a": 2, "b": 1, END: 2}}
    expect_counts(
        student.count([["a", "b"], ["a"]], 1),
        ends,
        "n = 1, the sentences 'a b' and 'a'",
        [
            ({(): {START: 2, **ends[()]}}, "<s> is context only and is never said; with n = 1 there is none"),
            (
                {(): {"a": 2, "b": 1}},
                "the end is missing: </s> is said after the last token of each sentence",
            ),
            ({(): {"a": 2, "b": 1, END: 1}}, "each sentence has its own end"),
        ],
    )


@check("counting", weight=0.5)
def sentence_of_nothing(student):
    """An empty sentence still ends: one </s>, after <s>."""
    expect_counts(student.count([[]], 2), {(START,): {END: 1}}, "n = 2, one empty sentence")
    expect_counts(student.count([["a"], []], 1), {(): {"a": 1, END: 2}}, "n = 1, 'a' and an empty sentence")


@check(
    "counting",
    hidden=True,
    weight=1.5,
    hint="random sentences, short and long, with n from 1 to 5: how many start tokens, and which tokens are "
    "said?",
)
def random_counts(student, rng):
    """Random texts, all orders."""
    for n in (1, 2, 3, 4, 5):
        sentences = random_text(rng, number=12)
        expect_counts(student.count(sentences, n), counted(sentences, n), "some text")


# 2. likelihood

SEEN = {("a",): {"b": 3, "a": 1}, ("b",): {END: 2}}


@check("likelihood")
def shares_after_a_context(student):
    """After a came b three times and a once: 3/4 and 1/4, whatever came after b."""
    model = made(student, "maximum_likelihood", SEEN)
    expect_probs(
        asked(model, ("a",), "maximum_likelihood"),
        {"b": 0.75, "a": 0.25},
        f"after ('a',), with the counts {SEEN}",
        [
            (
                {"b": 0.5, "a": 1 / 6},
                "you divided by all the counts. That is how probable the pair is; after a, divide by how "
                "often anything followed a",
            ),
            ({"b": 3, "a": 1}, "those are the counts; divide by their sum"),
            ({"b": 1.5, "a": 0.5}, "you divided by the number of different tokens, not by the counts' sum"),
        ],
    )
    expect_probs(asked(model, ("b",), "maximum_likelihood"), {END: 1.0}, "after ('b',)")


@check("likelihood", weight=0.5)
def nothing_follows(student):
    """After a context that was never seen the model says nothing: its dictionary is empty."""
    model = made(student, "maximum_likelihood", SEEN)
    for context in (("z",), (END,)):
        got = asked(model, context, "maximum_likelihood")
        expect(
            got == {},
            f"after {context!r}, of which {SEEN} know nothing, expected {{}}; yours is {_short(got)}",
        )
    got = asked(model, ("b",), "maximum_likelihood")
    expect_probs(got, {END: 1.0}, "after ('b',), asked once an unseen context had been asked")


HALVES = {
    (START,): {"a": 0.5, "b": 0.5},
    ("a",): {"a": 0.25, "b": 0.25, END: 0.5},
    ("b",): {"a": 0.875, END: 0.125},
}


@check("likelihood")
def factor_by_factor(student):
    """1/2 for a, 1/4 for b after it, 1/8 for the end after b: -6 in base 2."""
    expect_close(
        student.log_prob(only_after(HALVES, 2), ["a", "b"], 2),
        -6.0,
        "the log-probability of 'a b', 1/2 · 1/4 · 1/8",
        mistakes={
            -3.0: "the end was not scored; </s> is the last token of the product",
            -5.0: "the first token was not scored; its context is <s>",
            -2.0: "neither the first token nor the end was scored",
            6.0: "the sign is turned: the logarithm of a probability is not positive",
            -6 * math.log(2): "that is in nats; take the logarithm to base 2",
            -3 * math.log(2): "that is in nats, and the end was not scored",
            1 / 64: "that is the probability itself; its logarithm is asked for",
        },
    )
    expect_close(
        student.log_prob(only_after(HALVES, 2), ["a"], 2), -2.0, "the log-probability of 'a', 1/2 · 1/2"
    )


@check("likelihood", weight=0.5)
def thousands_of_halves(student):
    """2,000 factors of 1/2: the product is 0 to a computer, the sum of the logarithms is -2,000."""
    coin = only_after({(START,): {"a": 0.5}, ("a",): {"a": 0.5, END: 0.5}}, 2)
    what = "the log-probability of 1,999 times 'a', each of whose 2,000 factors is 1/2"
    underflow = "a product of thousands of factors underflows to 0; add up their logarithms"
    try:
        expect_close(student.log_prob(coin, ["a"] * 1999, 2), -2000.0, what, mistakes={-INF: underflow})
    except StudentError as error:
        expect("ValueError" not in error.kinds, f"{what}: math domain error: {underflow}")
        raise


@check("likelihood")
def all_sentences_together(student):
    """The probabilities of 'ha', 'ha ha', 'ha ha ha', … sum to one, if each sentence has its end."""
    model = only_after({(START,): {"ha": 1.0}, ("ha",): {"ha": 0.75, END: 0.25}}, 2)
    total = 0.0
    for size in range(1, 101):
        said = expect_number(
            student.log_prob(model, ["ha"] * size, 2), f"the log-probability of {size} times ha"
        )
        total += 2 ** min(said, 100.0)
    expect_close(
        total,
        1.0,
        "the sum of the probabilities of 1 to 100 times 'ha', where another ha follows with 3/4 and the end "
        "with 1/4",
        tolerance=1e-6,
        mistakes={
            4.0: "sentences of one length alone have the sum one, so all lengths have more. What makes it a "
            "distribution over sentences is the factor for </s>"
        },
    )


@check("likelihood")
def contexts_of_every_order(student):
    """The model of order n is asked with n - 1 tokens: with n = 1 nothing, with n = 3 two."""
    single = only_after({(): {"a": 0.5, "b": 0.25, END: 0.25}}, 1)
    expect_close(student.log_prob(single, ["a", "b", "a"], 1), -6.0, "n = 1, the log-probability of 'a b a'")
    table = {(START, START): {"a": 0.5}, (START, "a"): {"b": 0.25}, ("a", "b"): {END: 0.5, "a": 0.5}}
    expect_close(
        student.log_prob(only_after(table, 3), ["a", "b"], 3), -4.0, "n = 3, the log-probability of 'a b'"
    )


@check("likelihood")
def impossible_sentences(student):
    """A token that is not in the dictionary, or is there with 0, makes the sentence impossible: -inf."""
    zero = {(START,): {"a": 1.0}, ("a",): {"a": 0.5, "b": 0.0, END: 0.5}, ("b",): {END: 1.0}}
    for sentence in (["c"], ["a", "b"], []):
        said = (
            f"{' '.join(sentence)!r}, which has a token" if sentence else "the empty sentence, whose end is"
        )
        what = f"the log-probability of {said} of probability 0"
        try:
            got = student.log_prob(only_after(zero, 2), sentence, 2)
        except StudentError as error:
            expect(
                not {"KeyError", "ValueError", "TypeError"} & {*error.kinds},
                f"{what}: your code raised {error.kinds[0]} ({error.message}); the answer is -math.inf",
            )
            raise
        expect_close(got, -INF, what)


@check(
    "likelihood",
    hidden=True,
    hint="models of random texts: the shares after every context that was seen",
)
def random_likelihood(student, rng):
    """Random texts."""
    for n in (1, 2, 3):
        counts = counted(random_text(rng, number=10), n)
        model = made(student, "maximum_likelihood", counts)
        for context, followers in counts.items():
            total = sum(followers.values())
            expect_probs(model(context), {w: c / total for w, c in followers.items()}, "after some context")


@check(
    "likelihood",
    hidden=True,
    weight=1.5,
    hint="random models of orders 1 to 4, sentences from none to a thousand tokens (does a product "
    "underflow?), and some that are impossible",
)
def random_sentences(student, rng):
    """Scores."""
    for n in (1, 2, 3, 4):
        table = random_model(rng, "abc", n, zeros=0.2)
        for size in (0, 1, 2, 3, 5):
            sentence = ["abc"[i] for i in rng.integers(3, size=size)]
            right = log2_prob(table, sentence, n)
            expect_close(student.log_prob(only_after(table, n), sentence, n), right, "some sentence")
    table = random_model(rng, "abc", 2)
    sentence = ["abc"[i] for i in rng.integers(3, size=1500)]
    expect_close(
        student.log_prob(only_after(table, 2), sentence, 2), log2_prob(table, sentence, 2), "a long one"
    )
    expect_close(student.log_prob(only_after(table, 2), [*sentence, "d"], 2), -INF, "an impossible one")


# 3. add_k

FEW = {("a",): {"a": 3, "b": 1}}
LETTERS = ["a", "b", "c", END]


@check("add_k")
def half_a_count_more(student):
    """Counts of 3, 1, 0, 0 with k = 1/2: 3.5, 1.5, 0.5 and 0.5 of 6."""
    model = made(student, "add_k", FEW, LETTERS, 0.5)
    expect_probs(
        asked(model, ("a",), "add_k"),
        {"a": 3.5 / 6, "b": 1.5 / 6, "c": 0.5 / 6, END: 0.5 / 6},
        "k = 1/2, counts of 3 for a and 1 for b, a vocabulary of four",
        [
            (
                {"a": 3.5 / 4, "b": 1.5 / 4, "c": 0.5 / 4, END: 0.5 / 4},
                "what is added above must be added below: each of the V tokens has k more",
            ),
            (
                {"a": 3.5 / 4.5, "b": 1.5 / 4.5, "c": 0.5 / 4.5, END: 0.5 / 4.5},
                "below, k is added once for each of the V tokens, not once",
            ),
            (
                {"a": 3.5 / 5, "b": 1.5 / 5},
                "V is the size of the vocabulary, all that can be said, and not only what was seen after a",
            ),
            (
                {"a": 3.5 / 5, "b": 1.5 / 5, "c": 0.5 / 5, END: 0.5 / 5},
                "V is the size of the vocabulary, and not the number of tokens that were seen after a",
            ),
            (
                {"a": 3 / 6, "b": 1 / 6, "c": 0.5 / 6, END: 0.5 / 6},
                "those that were seen get k more as well",
            ),
            (
                {"a": 4 / 8, "b": 2 / 8, "c": 1 / 8, END: 1 / 8},
                "that is k = 1",
            ),
        ],
    )


@check("add_k")
def phantoms_alone(student):
    """After a context that was never seen there are only the phantoms: all tokens are equally likely."""
    model = made(student, "add_k", FEW, LETTERS, 0.1)
    expect_probs(
        asked(model, ("z",), "add_k"), dict.fromkeys(LETTERS, 0.25), "after an unseen context, k = 0.1"
    )


# a came before b three times in four; of the held-out sentences one in four has something new
TAUGHT = {
    (START,): {"a": 4},
    ("a",): {"b": 3, END: 1},
    ("b",): {END: 3},
}
SET_ASIDE = [["a", "b"], ["a", "b"], ["a"], ["a", "c"]]


@check("add_k")
def judged_on_what_was_held_out(student):
    """Of 1, 0.001, 0.1 and 10 the held-out sentences prefer 0.1; the counted ones would prefer 0.001."""
    candidates = [1.0, 0.001, 0.1, 10.0]
    expect_k(student, TAUGHT, LETTERS, SET_ASIDE, candidates, 0.1, "four held-out sentences")


def expect_k(student, counts, vocab, held_out, candidates, best, what):
    """The best of the candidates."""
    got = expect_number(student.best_k(counts, vocab, held_out, 2, candidates), f"{what}: the best k")
    expect(
        any(close(got, k) for k in candidates),
        f"{what}: return one of the candidates {_short(candidates)}; yours is {got:.6g}",
    )
    hints = {
        min(candidates): ": the smallest k is what the counted text itself would choose. Score the held-out "
        "sentences, and add up their logarithms: a sum of probabilities is ruled by the likeliest one",
        max(candidates): ": is it the least probable that you chose?",
        candidates[
            0
        ]: ": is it the first because all were equal? A product of many probabilities underflows to "
        "0; add up logarithms",
    }
    if not close(got, best):
        if len(held_out) > 100:
            hints = {candidates[0]: hints[candidates[0]], **hints}
        raise CheckFailed(
            f"{what}: the best of {_short(candidates)} is {best:g}, yours is {got:g}{hints.get(got, '')}"
        )


@check("add_k")
def thousands_of_factors(student):
    """Of 400 held-out sentences the product of probabilities underflows; the sum of logarithms does not."""
    expect_k(
        student, TAUGHT, LETTERS, SET_ASIDE * 100, [3.0, 0.001, 0.1, 20.0], 0.1, "400 held-out sentences"
    )


@check(
    "add_k",
    hidden=True,
    hint="models of random texts with k from 0.001 to 5: every token of the vocabulary, after contexts that "
    "were seen and contexts that were not",
)
def random_add_k(student, rng):
    """Random texts."""
    vocab = [*"hgfedcba", "never", END]
    for n in (1, 2, 3):
        counts, k = counted(random_text(rng, number=8), n), float(10 ** rng.uniform(-3, 0.7))
        model = made(student, "add_k", counts, vocab, k)
        for context in [*counts, ("never",) * (n - 1)]:
            followers = counts.get(context, {})
            total = sum(followers.values()) + k * len(vocab)
            expect_probs(
                model(context), {w: (followers.get(w, 0) + k) / total for w in vocab}, "after some context"
            )


@check(
    "add_k",
    hidden=True,
    hint="random held-out texts, and candidates in no order: which makes the whole held-out text most "
    "probable?",
)
def random_held_out(student, rng):
    """The best of random candidates is none of the extremes."""
    vocab = [*"abcdefgh", END]
    for number in (15, 30):
        counts = counted(random_text(rng, number=number), 2)
        held_out = random_text(rng, number=number)

        def score(k, counts=counts, held_out=held_out):
            rows = [(counts.get(h, {}), w) for s in held_out for h, w in all_ngrams(s, 2)]
            return sum(math.log2((f.get(w, 0) + k) / (sum(f.values()) + k * len(vocab))) for f, w in rows)

        candidates = rng.permutation([1e-9, *(10 ** rng.uniform(-3, 1.5, size=5)), 1e7]).tolist()
        best = sorted(map(score, candidates))[-1]
        got = expect_number(student.best_k(counts, vocab, held_out, 2, candidates), "the best k")
        expect(got in candidates and score(got) >= best - 1e-6, "some other k is better")


# 4. continuation


@check("continuation")
def san_francisco(student):
    """Francisco was seen five times, after San only; glasses twice, after two different words."""
    counts = {
        ("san",): {"francisco": 5, "diego": 1},
        ("new",): {"glasses": 1},
        ("old",): {"glasses": 1, "san": 2},
    }
    expect_counts(
        student.continuations(counts),
        {(): {"francisco": 1, "diego": 1, "glasses": 2, "san": 1}},
        f"the continuation counts of {counts}",
        [
            (
                {(): {"francisco": 5, "diego": 1, "glasses": 2, "san": 2}},
                "that is how often each was seen. Each different token before it adds one, however often "
                "they met",
            ),
            (
                {(): {"san": 2, "new": 1, "old": 2}},
                "that is how many different tokens came *after* each. Count those that came before",
            ),
            (
                {(): {"san": 6, "new": 1, "old": 3}},
                "that is how often something came after each. Count the different tokens that came before",
            ),
        ],
    )


@check("continuation")
def of_triples(student):
    """From triples to pairs: the first token is dropped, and counted as company of the other two."""
    counts = {("a", "b"): {"c": 2}, ("d", "b"): {"c": 1, "a": 4}, ("b", "c"): {"a": 1}}
    expect_counts(
        student.continuations(counts),
        {("b",): {"c": 2, "a": 1}, ("c",): {"a": 1}},
        f"the continuation counts of {counts}",
        [
            (
                {("b",): {"c": 3, "a": 4}, ("c",): {"a": 1}},
                "that is how often each pair was seen. Each different token before it adds one",
            ),
            (
                {("a",): {"c": 1}, ("d",): {"c": 1, "a": 1}, ("b",): {"a": 1}},
                "you dropped the last token of the context. What stood before the pair is its first one",
            ),
            (
                {(): {"c": 2, "a": 2}},
                "only the first token of the context is dropped; the rest remains the context",
            ),
        ],
    )


@check("continuation")
def start_is_company(student):
    """A start token is company like any other: a was seen after <s> and after a."""
    counts = {(START,): {"a": 9}, ("a",): {"a": 1, END: 9}}
    expect_counts(
        student.continuations(counts),
        {(): {"a": 2, END: 1}},
        f"the continuation counts of {counts}",
        [
            ({(): {"a": 1, END: 1}}, "<s> is a token that a was seen after, like any other"),
            ({(): {"a": 10, END: 9}}, "that is how often each was seen"),
        ],
    )


@check(
    "continuation",
    hidden=True,
    weight=1.5,
    hint="counts of random texts with n from 2 to 5: for each shorter n-gram, list the tokens before it",
)
def random_companies(student, rng):
    """Random texts, with repetitions."""
    for n in (2, 3, 4, 5):
        counts = counted(random_text(rng, number=15), n)
        expect_counts(student.continuations(counts), companies(counts), "some text")


@check(
    "continuation",
    hidden=True,
    hint="applied to its own result: from triples to single tokens",
)
def down_to_single_tokens(student, rng):
    """Twice over is the same as from the pairs."""
    sentences = random_text(rng, number=15)
    once = student.continuations(counted(sentences, 3))
    expect_counts(student.continuations(once), companies(counted(sentences, 2)), "single tokens")


# 5. discounting


@check("discounting")
def from_counts_of_counts(student):
    """Four n-grams seen once, three seen twice: D = 4/10."""
    counts = {("a",): {"a": 1, "b": 2, "c": 1}, ("b",): {"a": 2, "c": 7, END: 1}, ("c",): {"a": 1, "b": 2}}
    expect_close(
        student.best_discount(counts),
        0.4,
        "the discount where four n-grams were seen once, three twice and one seven times",
        mistakes={
            4 / 7: "n1 / (n1 + n2): the n-grams seen twice count double below",
            0.25: "n_r is how many n-grams were seen r times, not how many times in all",
            4 / 8: "n1 over the number of all n-grams is something else",
            4 / 17: "n1 over the sum of all counts is what Good and Turing give to the unseen; another thing",
            6 / 10: "that is 1 - D, what is left of a count",
            1.0: "did you look at one context only? All n-grams count together",
        },
    )


@check("discounting", weight=0.5)
def formula_without_sense(student):
    """No n-gram seen once, or none seen twice: D = 1/2."""
    for counts, what in (
        ({("a",): {"a": 1, "b": 1}}, "none was seen exactly twice (the formula would take all there is)"),
        ({("a",): {"a": 2, "b": 3}}, "none was seen exactly once (the formula would take nothing)"),
        ({("a",): {"a": 5}}, "all were seen more than twice (the formula is 0/0)"),
    ):
        try:
            got = student.best_discount(counts)
        except StudentError as error:
            expect(
                "ZeroDivisionError" not in error.kinds,
                f"your code divides by zero where {what}: D is 0.5 there",
            )
            raise
        expect_close(got, 0.5, f"the discount where {what}")
    expect_close(student.best_discount({("a",): {"a": 1, "b": 2}}), 1 / 3, "the discount where n1 = n2 = 1")


@check("discounting")
def taken_and_given(student):
    """Counts of 5 and 1, D = 1/2: of 6, 4.5 and 0.5 are kept, and 1 is given to the shorter context."""
    shorter = {"a": 0.1, "b": 0.3, "c": 0.4, END: 0.2}
    kept, share = {"a": 4.5 / 6, "b": 0.5 / 6}, 1 / 6  # two tokens gave half a count each

    def mixed(gamma, kept=kept):
        return {w: kept.get(w, 0.0) + gamma * p for w, p in shorter.items()}

    expect_probs(
        student.discounted({"a": 5, "b": 1}, shorter, 0.5),
        mixed(share),
        "counts of 5 for a and 1 for b, D = 1/2, after the shorter context 0.1, 0.3, 0.4, 0.2",
        [
            (mixed(0.5 / 6), "D was taken from each of the tokens that were seen, here from two"),
            (mixed(0.5), "what was taken is D from each token seen, as a share of all counts"),
            (
                mixed(4 * 0.5 / 6),
                "D was taken from the tokens that were seen, not from all of the vocabulary",
            ),
            (
                mixed(6 * 0.5 / 6),
                "D was taken once from each *different* token, not once for each occurrence",
            ),
            (
                {**mixed(share), **kept},
                "those that were seen are given their part of it too, as everybody is: that is what "
                "interpolation means",
            ),
            (mixed(0.0), "what was taken must be given to the shorter context"),
            (mixed(share, {"a": 5 / 6, "b": 1 / 6}), "nothing was taken from the counts"),
        ],
    )


@check("discounting", weight=0.5)
def nothing_to_take(student):
    """Where nothing was seen, the shorter context has its way."""
    shorter = {"a": 0.5, "b": 0.125, END: 0.375}
    what = "where nothing was seen after the context"
    try:
        got = student.discounted({}, shorter, 0.75)
    except StudentError as error:
        expect(
            "ZeroDivisionError" not in error.kinds,
            f"{what}: your code divides by 0, the sum of no counts; what the shorter context says is all "
            "there is",
        )
        raise
    expect_probs(got, shorter, what)


@check(
    "discounting",
    hidden=True,
    hint="counts of counts of random texts: n1 and n2 of all contexts together",
)
def random_discounts(student, rng):
    """Random texts."""
    for n in (1, 2, 3):
        counts = counted(random_text(rng, number=25), n)
        counts[("x",) * (n - 1)] = {
            "x": 1,
            "y": 2,
            "z": 2,
            "u": 3,
            "v": 4,
            **counts.get(("x",) * (n - 1), {}),
        }
        expect_close(student.best_discount(counts), discount_of(counts), "some discount")


@check(
    "discounting",
    hidden=True,
    weight=1.5,
    hint="random counts and discounts: the probabilities sum to one whatever D is, 0 and 1 included",
)
def random_steps(student, rng):
    """One step of discounting."""
    vocab = [*"abcdefg", END]
    for d in (0.0, 1.0, *rng.uniform(0.1, 0.9, size=4)):
        shorter = dict(zip(vocab, rng.dirichlet(np.ones(len(vocab))).tolist()))
        followers = {w: int(c) for w, c in zip("gbdce", [*rng.integers(1, 9, size=4), 1])}
        total = sum(followers.values())
        right = {w: max(followers.get(w, 0) - d, 0) / total + d * 5 / total * p for w, p in shorter.items()}
        expect_probs(student.discounted(followers, shorter, float(d)), right, "one step")
        expect_probs(student.discounted({}, shorter, float(d)), shorter, "no counts")


# 6. kneser_ney

# the sentences 'a b', 'a b' and 'a c b', in pairs: n1 = 2, n2 = 1, so D = 1/2
PAIRS = {(START,): {"a": 3}, ("a",): {"b": 2, "c": 1}, ("b",): {END: 3}, ("c",): {"b": 1}}
TRIPLES = {
    (START, START): {"a": 3},
    (START, "a"): {"b": 2, "c": 1},
    ("a", "b"): {END: 2},
    ("a", "c"): {"b": 1},
    ("c", "b"): {END: 1},
}
WORDS = ["a", "b", "c", "d", END]
# Single tokens come after 1 (a), 2 (b), 1 (c) and 1 (</s>) different ones: 5 in all, D = 3/5. Taken from four
# of them it makes 4 · 0.6 / 5 = 0.48, which is given to 1/V = 1/5: 0.48 · 0.2 = 0.096 for each.
SINGLE = {"a": 0.4 / 5 + 0.096, "b": 1.4 / 5 + 0.096, "c": 0.4 / 5 + 0.096, "d": 0.096, END: 0.4 / 5 + 0.096}


def mixed_with(kept, gamma, shorter):
    """What is kept of the counts, and gamma times the shorter context's probabilities."""
    return {w: kept.get(w, 0.0) + gamma * p for w, p in shorter.items()}


# After a: 2 - 1/2 and 1 - 1/2 of 3, and a third is given on.
AFTER_A = mixed_with({"b": 1.5 / 3, "c": 0.5 / 3}, 1 / 3, SINGLE)
SENTENCES = "the sentences 'a b', 'a b', 'a c b'"
# What comes out below, in place of SINGLE, where shorter contexts go wrong.
BY_FREQUENCY = {"a": 0.25 + 0.04, "b": 0.25 + 0.04, "c": 0.05 + 0.04, "d": 0.04, END: 0.25 + 0.04}
ONE_DISCOUNT = {"a": 0.18, "b": 0.38, "c": 0.18, "d": 0.08, END: 0.18}
NO_UNIFORM = {"a": 0.2, "b": 0.4, "c": 0.2, "d": 0.0, END: 0.2}
ONLY_DISCOUNTED = {"a": 0.08, "b": 0.28, "c": 0.08, "d": 0.0, END: 0.08}
ASTRAY = (
    (
        BY_FREQUENCY,
        "below the longest n-grams you used the counts as they are. What matters there is after how many "
        "different tokens each was seen",
    ),
    (ONE_DISCOUNT, "each length of n-gram has its own discount, from its own counts"),
    (
        NO_UNIFORM,
        "below the single tokens comes the uniform distribution, and they are discounted like all others: "
        "d was never said, and must be possible",
    ),
    (
        ONLY_DISCOUNTED,
        "the single tokens are discounted, but what was taken from them is lost: it belongs to the uniform "
        "distribution",
    ),
    (dict.fromkeys(WORDS, 0.2), "the shorter context is skipped: only the uniform distribution lies below"),
)


@check("kneser_ney")
def pairs_by_hand(student):
    """After a came b twice and c once. D = 1/2: 1.5/3, 0.5/3, and a third for the shorter context."""
    model = made(student, "kneser_ney", PAIRS, WORDS)
    expect_probs(
        asked(model, ("a",), "kneser_ney"),
        AFTER_A,
        f"after ('a',), n = 2, {SENTENCES}",
        [(mixed_with({"b": 1.5 / 3, "c": 0.5 / 3}, 1 / 3, wrong), why) for wrong, why in ASTRAY],
    )


@check("kneser_ney")
def unseen_context_asks_the_shorter(student):
    """After d, which was never seen, the single tokens decide: b, seen after a and c, before the others."""
    model = made(student, "kneser_ney", PAIRS, WORDS)
    expect_probs(
        asked(model, ("d",), "kneser_ney"),
        SINGLE,
        f"after ('d',), which was never seen, n = 2, {SENTENCES}",
        ASTRAY,
    )


@check("kneser_ney")
def triples_by_hand(student):
    """Three lengths, three discounts: 3/7 for triples, 2/3 for pairs, 3/5 for single tokens."""
    # The pairs a b and a c were each seen after one token, <s>. Of 2, a third each is kept, 2/3 is given.
    pair = mixed_with({"b": 1 / 6, "c": 1 / 6}, 2 / 3, SINGLE)
    kept = {"b": 11 / 21, "c": 4 / 21}  # (2 - 3/7) / 3 and (1 - 3/7) / 3; 2 · 3/7 / 3 = 2/7 is given
    # With the counts as they are, 2 for a b and 1 for a c: n1 = 2, n2 = 1, D = 1/2.
    raw = mixed_with({"b": 1.5 / 3, "c": 0.5 / 3}, 1 / 3, BY_FREQUENCY)
    half_raw = mixed_with({"b": 1.5 / 3, "c": 0.5 / 3}, 1 / 3, SINGLE)
    used = ASTRAY[0][1]
    model = made(student, "kneser_ney", TRIPLES, WORDS)
    expect_probs(
        asked(model, (START, "a"), "kneser_ney"),
        mixed_with(kept, 2 / 7, pair),
        f"after ('<s>', 'a'), n = 3, {SENTENCES}",
        [
            (mixed_with(kept, 2 / 7, raw), used),
            (mixed_with(kept, 2 / 7, half_raw), used + ". That holds for pairs, too"),
            (
                mixed_with(kept, 2 / 7, SINGLE),
                "the shorter context has one token: from triples go to pairs first",
            ),
        ],
    )
    expect_probs(
        asked(model, ("d", "a"), "kneser_ney"),
        pair,
        f"after ('d', 'a'), which was never seen, though a was; n = 3, {SENTENCES}",
        [
            (SINGLE, "before you give up the context altogether, drop its first token: a alone was seen"),
            (dict.fromkeys(WORDS, 0.2), "drop the first token of the context, and ask again"),
            (raw, used),
        ],
    )
    expect_probs(
        asked(model, ("a", "d"), "kneser_ney"),
        SINGLE,
        f"after ('a', 'd'), d was never seen; n = 3, {SENTENCES}",
    )


@check("kneser_ney", weight=0.5)
def single_tokens_alone(student):
    """With n = 1 the single tokens are the longest n-grams, and keep their counts."""
    # counts 3, 3, 1, 3: none was seen twice, so D = 1/2; 4 · 1/2 of 10 goes to the uniform distribution
    counts = {(): {"a": 3, "b": 3, "c": 1, END: 3}}
    model = made(student, "kneser_ney", counts, WORDS)
    expect_probs(asked(model, (), "kneser_ney"), BY_FREQUENCY, f"n = 1, {SENTENCES}")


@check("kneser_ney")
def every_context_sums_to_one(student):
    """Seen, seen in part or never: after every context of two tokens the probabilities sum to one."""
    model = made(student, "kneser_ney", TRIPLES, WORDS)
    for first in (START, "a", "c", "d"):
        for second in ("a", "b", "c", "d"):
            got = asked(model, (first, second), "kneser_ney")
            what = f"after {(first, second)!r}, n = 3"
            expect(isinstance(got, dict), f"{what}: a model returns a dictionary, not {describe(got)}")
            missing = [w for w in WORDS if w not in got]
            expect(not missing, f"{what}: {missing[:1]} of the vocabulary is missing: nothing is impossible")
            probs = [expect_number(got[w], f"{what}: the probability of {w!r}") for w in WORDS]
            expect(
                min(probs) > 0, f"{what}: {WORDS[int(np.argmin(probs))]!r} has {min(probs):.4g}, not above 0"
            )
            expect(
                abs(sum(probs) - 1) < 1e-9,
                f"{what}: the probabilities sum to {sum(probs):.6g}. Is exactly what was taken given on?",
            )


@check(
    "kneser_ney",
    hidden=True,
    weight=2,
    hint="random texts, n from 1 to 5, contexts that were seen, seen in part and never seen: counts as they "
    "are for the longest n-grams only, a discount for each length, and uniform at the bottom",
)
def random_kneser_ney(student, rng):
    """Random texts and contexts."""
    vocab = [*"abcdefgh", "never", END]
    for n in (1, 2, 3, 4, 5):
        sentences = random_text(rng, number=30)
        counts = counted(sentences, n)
        levels = all_levels(counts, n)
        model = made(student, "kneser_ney", counts, vocab)
        contexts = [*counts][:: max(1, len(counts) // 6)]
        contexts += [("never", *context[1:]) for context in contexts[:4] if n > 1]
        contexts += [tuple(rng.choice([*"abcdefgh", "never"], size=n - 1).tolist()) for _ in range(4)]
        for context in contexts:
            expect_probs(model(context), smoothed(levels, vocab, context), "after some context")


@check(
    "kneser_ney",
    hidden=True,
    hint="a text in which a frequent token always comes after the same one: what is it worth elsewhere?",
)
def tokens_of_one_company(student, rng):
    """Francisco, far more often than anything else."""
    often = int(rng.integers(20, 60))
    sentences = [["san", "francisco"]] * often + [[str(w), "glasses"] for w in rng.permutation([*"abcdef"])]
    counts, vocab = counted(sentences, 2), ["san", "francisco", "glasses", *"abcdefg", END]
    model = made(student, "kneser_ney", counts, vocab)
    got = model(("g",))
    expect_probs(got, smoothed(all_levels(counts, 2), vocab, ("g",)), "after an unseen context")
    expect(got["glasses"] > 3 * got["francisco"], "glasses have more company")


# 7. judging

KNOWN = "it does not arise here if a word that is not in the vocabulary is read as <unk>, in contexts as well"


@check("judging")
def bits_over_tokens(student):
    """Seven bits for five tokens, ends included: 2^(7/5)."""
    table = {(): {"a": 0.5, END: 0.25, UNKNOWN: 0.25}}
    expect_close(
        student.perplexity(only_after(table, 1, KNOWN), [["a"], ["a", "a"]], 1, ["a", END, UNKNOWN]),
        2**1.4,
        "the perplexity of 'a' and 'a a', where a has 1/2 and </s> has 1/4",
        mistakes={
            2 ** (7 / 3): "the ends are predicted too, so they count as tokens: there are five",
            2.0: "the ends are tokens of the text too, in the bits as in the number of tokens",
            2**3.5: "that is per sentence, not per token",
            2.0**7: "that is for the whole text; perplexity is per token",
            (2**1.5 + 2 ** (4 / 3))
            / 2: "that is the mean of the sentences' perplexities; divide all bits by all tokens",
            2
            ** ((1.5 + 4 / 3) / 2): "that gives each sentence the same weight; divide all bits by all tokens",
            1.4: "that is the number of bits per token; perplexity is 2 to it",
            2**-1.4: "the sign is turned: perplexity is at least one",
            math.exp(1.4): "e to bits: use one base for both",
        },
    )


@check("judging")
def unknown_words_are_read_as_one(student):
    """A word outside of the vocabulary is read as <unk>, and so it stands in the next word's context."""
    table = {
        (START,): {"a": 0.5, UNKNOWN: 0.25, END: 0.25},
        (UNKNOWN,): {"a": 0.5, END: 0.5},
        ("a",): {UNKNOWN: 0.75, END: 0.25},
    }
    what = "the perplexity of 'hey a', where only a is known (1/4 · 1/2 · 1/4: five bits, three tokens)"
    got = student.perplexity(only_after(table, 2, KNOWN), [["hey", "a"]], 2, ["a", END, UNKNOWN])
    expect_close(
        got,
        2 ** (5 / 3),
        what,
        mistakes={INF: "hey is not in the vocabulary; it must be read as <unk>, which has 1/4"},
    )


@check("judging")
def which_word_was_it(student):
    """Where <unk> stands for any of 16 words, each unknown word takes four bits more."""
    table = {(): {"a": 0.5, UNKNOWN: 0.25, END: 0.25}}
    vocab = ["a", END, UNKNOWN]
    # 'x a', 'y': 2 + 1 + 2 and 2 + 2 bits, and 2 · 4 for the two unknown words; five tokens
    expect_close(
        student.perplexity(only_after(table, 1, KNOWN), [["x", "a"], ["y"]], 1, vocab, 16),
        2 ** (17 / 5),
        "the perplexity of 'x a' and 'y', where <unk> has 1/4 and may be any of 16 words (9 bits and 2 · 4, "
        "five tokens)",
        mistakes={
            2 ** (9 / 5): "that is without the bits that it takes to say which words they were",
            2 ** (13 / 5): "each unknown word takes log2 of 16 bits more, not only the first",
            2 ** (1 / 5): "an unknown word is *less* probable if it may be any of 16: the bits are added",
            2 ** (29 / 5): "log2 of 16 is asked for only where the word is unknown",
            2 ** (41 / 5): "it is log2 of 16, four bits, not 16",
            2 ** (17 / 3): "the ends count as tokens",
        },
    )


@check("judging")
def knowing_nothing_is_no_merit(student):
    """A model that knows no word at all looks good in the usual figure, and not in the fair one."""
    table = {(): {UNKNOWN: 0.875, END: 0.125}}
    sentences, vocab = [[*"to be or not to".split(), "be", "then"]], [UNKNOWN, END]
    bits = 3 - 7 * math.log2(0.875)
    model = only_after(table, 1, KNOWN)
    expect_close(
        student.perplexity(model, sentences, 1, vocab), 2 ** (bits / 8), "the usual perplexity, others = 1"
    )
    expect_close(
        student.perplexity(model, sentences, 1, vocab, 1024),
        2 ** ((bits + 70) / 8),
        "the fair perplexity of seven unknown words that may be any of 1024",
        mistakes={
            2
            ** ((bits + 50) / 8): "each *occurrence* of an unknown word takes log2 M bits, also a second one"
        },
    )


@check("judging", weight=0.5)
def infinitely_surprised(student):
    """What the model finds impossible makes the perplexity infinite, and no error."""
    table = {(START,): {"a": 1.0}, ("a",): {END: 1.0}}
    model = only_after(table, 2, KNOWN)
    got = student.perplexity(model, [["a"], ["a", "a"]], 2, ["a", END])
    expect_close(got, INF, "the perplexity of 'a' and 'a a', where no a follows an a")
    got = student.perplexity(model, [["a"]], 2, ["a", END])
    expect_close(got, 1.0, "the perplexity of 'a', which is certain")


@check(
    "judging",
    hidden=True,
    weight=1.5,
    hint="random models of orders 1 to 3, sentences with known and unknown words and empty ones, and several "
    "numbers of others",
)
def random_perplexity(student, rng):
    """Random models and sentences."""
    for n in (1, 2, 3):
        table = random_model(rng, ["a", "b", UNKNOWN], n)
        sentences = random_text(rng, "abxyz", number=6, longest=6)
        sentences.append([*"xayyb"])
        read = [[w if w in "ab" else UNKNOWN for w in s] for s in sentences]
        bits = -sum(log2_prob(table, s, n) for s in read)
        unknown, tokens = sum(s.count(UNKNOWN) for s in read), sum(len(s) + 1 for s in read)
        for others in (1, 1000, int(rng.integers(2, 100))):
            got = student.perplexity(
                only_after(table, n, KNOWN), sentences, n, ["a", "b", UNKNOWN, END], others
            )
            expect_close(got, 2 ** ((bits + unknown * math.log2(others)) / tokens), "some perplexity")


@check(
    "judging",
    hidden=True,
    hint="a sentence of some thousand tokens, whose probability is too small for a float; and an impossible "
    "one among many",
)
def long_sentences_judged(student, rng):
    """Long, and impossible."""
    table = random_model(rng, ["a", UNKNOWN], 2)
    sentence = ["ax"[i] for i in rng.integers(2, size=2000)]
    read = [w if w == "a" else UNKNOWN for w in sentence]
    vocab = ["a", UNKNOWN, END]
    bits = -log2_prob(table, read, 2) + read.count(UNKNOWN) * 3
    got = student.perplexity(only_after(table, 2, KNOWN), [sentence], 2, vocab, 8)
    expect_close(got, 2 ** (bits / 2001), "a long sentence")
    table["a",]["a"] = 0.0
    got = student.perplexity(only_after(table, 2, KNOWN), [["x"], ["a", "a"], []], 2, vocab)
    expect_close(got, INF, "an impossible sentence")


# 8. generation


def scripted(numbers):
    """A function that returns these numbers, one each time, and how many were taken."""
    left = list(numbers)

    def random():
        expect(
            bool(left),
            f"you asked for more than the {len(numbers)} random number(s) needed: one for each token drawn, "
            "</s> included",
        )
        return left.pop(0)

    return random, lambda: len(numbers) - len(left)


def expect_said(student, table, n, numbers, tokens, what, mistakes=(), longest=100):
    """The tokens that these numbers draw; `mistakes` are pairs of wrong ones and the reason."""
    random, taken = scripted(numbers)
    model = only_after(table, n, "that does not arise with these random numbers")
    got = student.generate(model, n, random, longest)
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(isinstance(got, (list, tuple)), f"{what}: return a list of tokens, not {describe(got)}")
    got = list(got)
    if got != tokens:
        for wrong, why in mistakes:
            expect(got != list(wrong), f"{what}: yours is {_short(got)}: {why}")
        expect(
            END not in got, f"{what}: yours is {_short(got)}: </s> ends the sentence and is not part of it"
        )
        expect(
            START not in got, f"{what}: yours is {_short(got)}: <s> is context and not part of the sentence"
        )
        raise CheckFailed(f"{what}: it should be {_short(tokens)}, yours is {_short(got)}")
    expect(
        taken() == len(numbers),
        f"{what}: the tokens are right, but you asked for {taken()} random number(s) and not for "
        f"{len(numbers)}: one for each token drawn, </s> included",
    )


SPEAKER = {
    (START,): {"a": 0.5, "b": 0.5},
    ("a",): {"a": 0.25, "b": 0.25, END: 0.5},
    ("b",): {"a": 1.0},
}


@check("generation")
def where_it_lies(student):
    """0.3 lies in a's half and, after a, in b's quarter; 0.5 is where the second half begins."""
    greedy = "it is always the most probable token that you took; a random one is to be drawn"
    expect_said(
        student,
        SPEAKER,
        2,
        [0.5, 0.0, 0.25, 0.0, 0.75],
        ["b", "a", "b", "a"],
        "with the random numbers 0.5, 0, 0.25, 0, 0.75",
        [
            (["a"], greedy),
            (["a", "a", "a", "a"], "a part holds its low end, and not its high one: 0.5 is b's"),
        ],
    )
    expect_said(
        student,
        SPEAKER,
        2,
        [0.3, 0.3, 0.9, 0.5],
        ["a", "b", "a"],
        "with the random numbers 0.3, 0.3, 0.9, 0.5",
        [
            (["a"], greedy),
            (["a", "b", "a", END], "</s> ends the sentence and is not part of it"),
            ([START, "a", "b", "a"], "<s> is context and not part of the sentence"),
        ],
    )


@check("generation")
def context_moves_on(student):
    """The model is asked with the last n - 1 tokens, for n = 1, 2 and 3, and with start tokens at first."""
    expect_said(
        student, {(): {"a": 0.5, "b": 0.25, END: 0.25}}, 1, [0.1, 0.6, 0.1, 0.9], ["a", "b", "a"], "n = 1"
    )
    table = {
        (START, START): {"a": 1.0},
        (START, "a"): {"a": 0.5, "b": 0.5},
        ("a", "b"): {"b": 0.5, END: 0.5},
        ("b", "b"): {"a": 0.25, END: 0.75},
    }
    expect_said(student, table, 3, [0.2, 0.7, 0.1, 0.6], ["a", "b", "b"], "n = 3")


@check("generation")
def long_enough(student):
    """A sentence that does not end is cut off after `longest` tokens, and nothing more is drawn."""
    for size in (1, 4):
        expect_said(
            student,
            {(START,): {"ha": 1.0}, ("ha",): {"ha": 0.75, END: 0.25}},
            2,
            [0.5] * size,
            ["ha"] * size,
            f"longest = {size}, where each number draws 'ha'",
            longest=size,
        )
    expect_said(
        student, SPEAKER, 2, [0.1, 0.9], ["a"], "longest = 2, and the sentence ends by itself", longest=2
    )


@check("generation")
def never_what_is_impossible(student):
    """A token of probability 0 is not drawn by u = 0; and rounding leaves no gap before 1."""
    table = {(): {"never": 0.0, "a": 0.5, END: 0.5}}
    expect_said(student, table, 1, [0.0, 0.5], ["a"], "u = 0, where the first token listed has probability 0")
    tenths = {**{f"t{i}": 0.1 for i in range(9)}, END: 0.1, "never": 0.0}
    beyond = 1 - 2.0**-53
    what = "u just below 1, where ten times 0.1 is, by rounding, not above u"
    try:
        expect_said(
            student,
            {(): tenths},
            1,
            [0.05, beyond],
            ["t0"],
            what,
            [
                (
                    ["t0", "never"],
                    "that is the last token listed, of probability 0. Take the last possible one",
                )
            ],
            longest=2,
        )
    except StudentError as error:
        lost = {"UnboundLocalError", "IndexError", "TypeError", "StopIteration"}
        expect(
            not lost & {*error.kinds},
            f"{what}: your code raised {error.kinds[0]}: no part was found. Take the last possible token",
        )
        raise


@check(
    "generation",
    hidden=True,
    weight=1.5,
    hint="random models of orders 1 to 4 and random numbers: work out by hand in whose part each lies",
)
def random_speech(student, rng):
    """Random models, deterministic numbers."""
    for n in (1, 2, 3, 4):
        table = random_model(rng, "abc", n, zeros=0.2)
        said, numbers = [START] * (n - 1), []
        while len(numbers) < 12:
            probs, u = table[tuple(said[len(said) - n + 1 :])], float(rng.random())
            ends = np.cumsum(list(probs.values()))
            token = list(probs)[int(np.searchsorted(ends, u, side="right"))]
            if token == END and len(numbers) < 4:
                continue
            numbers.append(u)
            if token == END:
                break
            said.append(token)
        expect_said(student, table, n, numbers, said[n - 1 :], "some sentence", longest=12)


@check(
    "generation",
    hidden=True,
    hint="numbers at the ends of the parts, parts without width, and the very last number before 1",
)
def edges_of_parts(student, rng):
    """Exact borders, in sixteenths."""
    exact = {"zero": 0.0, "a": 3 / 16, "none": 0.0, "b": 5 / 16, "c": 4 / 16, END: 4 / 16, "never": 0.0}
    numbers = [0.0, 3 / 16, 8 / 16, 0.0, 3 / 16 - 2.0**-54, 12 / 16 - 2.0**-53, 12 / 16]
    expect_said(student, {(): exact}, 1, numbers, ["a", "b", "c", "a", "a", "c"], "borders")
    size = int(rng.integers(3, 8))
    short = {**{f"t{i}": 1 / size - 1e-9 for i in range(size)}, END: 0.0}
    expect_said(student, {(): short}, 1, [1 - 1e-12], [f"t{size - 1}"], "a sum below one", longest=1)


# The one for the joy of it


@check("new_words")
def by_alternating_sums(student):
    """Three words once, two twice, one four times; half as long again: 3/2 - 2/4 - 1/16."""
    words = "a b c d d e e f f f f".split()
    expect_close(
        student.new_words(words, 0.5),
        1.5 - 0.5 - 1 / 16,
        "the new words of half as much text, where n1 = 3, n2 = 2, n4 = 1",
        mistakes={
            1.5 - 0.5 / 2 - 1 / 16 / 24: "the terms are n_r t^r as they are, without a division by r!",
            1.5 + 0.5 + 1 / 16: "the signs alternate",
            1.5: "that is n1 t, right for a very short text only; go on with - n2 t² + n3 t³ - …",
            -1.5 + 0.5 + 1 / 16: "the signs are turned: n1 t comes with a plus",
            1.5 - 1 - 1 / 4: "n_r is how many words occur r times, not how many times in all",
            0.0: "t is raised to the power r",
        },
    )


@check("new_words")
def as_much_again(student):
    """t = 1: n1 - n2 + n3 - …; and no further text brings no new words."""
    words = "a b b c c c d e".split()
    expect_close(student.new_words(words, 1), 3 - 1 + 1, "as much text again, n1 = 3, n2 = 1, n3 = 1")
    expect_close(student.new_words(words, 0), 0.0, "no further text")
    expect_close(student.new_words(["x"] * 3, 0.5), 0.125, "half a text more, after 'x x x'")
