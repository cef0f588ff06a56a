"""Assignment 3: what is particular to it. What every assignment owes is in `test_every_assignment.py`."""

import math
import re

import numpy as np
import pytest
from authored import CHECKS, defined, exercises, notebook, outcomes, wrong

from lmcourse.grading import course
from lmcourse.ngram import NgramModel, add_k
from lmcourse.ngram.counts import count_ngrams
from lmcourse.ngram.smoothing import discounted, discounts_of
from lmcourse.vocabulary import Vocabulary

NAME = "03-ngrams"
TEXT = "the mouse ate the cheese and the cat ate the mouse that ate the cheese the cat saw"

# Solutions that go about it in other ways than the authored ones, and are right.
OTHER_WAYS = [
    (
        "counting",
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
    ),
    (
        "likelihood",
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
    ),
    (
        "add_k",
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
    ),
    (
        "continuation",
        "collects sets of what came before",
        """
def continuations(counts):
    before = {}
    for (first, *rest), followers in counts.items():
        for token in followers:
            before.setdefault(tuple(rest), {}).setdefault(token, set()).add(first)
    return {h: {token: len(kinds) for token, kinds in row.items()} for h, row in before.items()}
""",
    ),
    (
        "discounting",
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
    ),
    (
        "kneser_ney",
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
    ),
    (
        "judging",
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
    ),
    (
        "generation",
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
    ),
    (
        "new_words",
        "word by word",
        """
def new_words(words, t):
    return -sum((-t) ** c for c in Counter(words).values())
""",
    ),
]


def test_there_are_eight_graded_exercises_and_one_more():
    assert exercises(NAME) == [*course.points(NAME), "new_words"]
    assert sum(course.points(NAME).values()) == 17


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("exercise", "what", "code"), OTHER_WAYS, ids=[way[1] for way in OTHER_WAYS])
def test_other_right_ways_pass(exercise, what, code, seed):  # noqa: ARG001
    done = outcomes(NAME, exercise, wrong(NAME, code), seed)
    assert [outcome.message for outcome in done if not outcome.passed] == []


def test_there_is_another_way_for_every_exercise():
    assert [exercise for exercise, _, _ in OTHER_WAYS] == exercises(NAME)


# What only the grade sees: mistakes that no public example shows.
SUBTLE = [
    (
        "judging",
        "def perplexity(model, sentences, n, vocab, others=1):\n"
        "    bits = tokens = 0\n"
        "    for sentence in sentences:\n"
        "        read = [token if token in vocab else UNKNOWN for token in sentence]\n"
        "        p = math.prod(model(c).get(t, 0.0) for c, t in ngrams(read, n))\n"
        "        bits += -math.log2(p) if p else math.inf\n"
        "        bits += read.count(UNKNOWN) * math.log2(others)\n"
        "        tokens += len(read) + 1\n"
        "    return 2 ** (bits / tokens)",
        "long_sentences_judged",
    ),
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("exercise", "code", "name"), SUBTLE, ids=[case[2] for case in SUBTLE])
def test_an_underflow_costs_one_hidden_check(exercise, code, name, seed):
    done = outcomes(NAME, exercise, wrong(NAME, code), seed)
    checks = [check for check in CHECKS[NAME] if check.exercise == exercise]
    assert [check.name for check, outcome in zip(checks, done) if not outcome.passed] == [name]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_model_written_by_hand_is_the_packages(order):
    """Of one text, in the package without a start token, here with n - 1: what comes before the text is one
    more kind of neighbour for both. Only the discounts differ a little, since n-grams with start tokens have
    a part in them here; so the package is given those from here.
    """
    names, words = defined(NAME), [*TEXT.split(), "</s>"]
    vocab = Vocabulary([*sorted({*words}), "never"])
    levels = [names["count"]([words[:-1]], order)]
    mine = names["kneser_ney"](levels[0], list(vocab.tokens))
    while () not in levels[0]:
        levels.insert(0, names["continuations"](levels[0]))
    discounts = iter([names["best_discount"](level) for level in levels])

    def smoothing(counts):
        return discounted(counts.continuations(), lambda _: np.full(3, next(discounts)))

    theirs = NgramModel(vocab, count_ngrams([ids(vocab, words)], len(vocab), order), smoothing)
    full = [words[i : i + order - 1] for i in range(len(words) - order + 1)]
    for context in [*full, ["never"] * (order - 1), ["never", *full[-1]][: order - 1]]:
        probs = mine(tuple(context))
        assert list(probs.values()) == pytest.approx(
            theirs.next_probs(ids(vocab, context)).tolist(), rel=1e-9
        )


def ids(vocab, words):
    return [vocab.id(word) for word in words]


def test_adding_k_and_the_discount_are_the_packages():
    names, words = defined(NAME), [*TEXT.split(), "</s>"]
    vocab = Vocabulary(sorted({*words}))
    theirs = count_ngrams([ids(vocab, words)], len(vocab), 2)
    counts = names["count"]([words[:-1]], 2)
    model = NgramModel(vocab, theirs, lambda c: add_k(c, 0.3))
    probs = names["add_k"](counts, list(vocab.tokens), 0.3)(("the",))
    assert list(probs.values()) == pytest.approx(model.next_probs("the").tolist())
    del counts["<s>",]
    assert names["best_discount"](counts) == pytest.approx(discounts_of(theirs.levels[2].counts, False)[0])


def test_sentences_of_a_smoothed_model_come_as_often_as_it_says():
    """Of 4,000 sentences, the share of each frequent one lies within 5 standard errors of its probability."""
    names, rng = defined(NAME), np.random.default_rng(0)
    model = names["kneser_ney"](names["count"]([["a", "b"], ["a", "b"], ["a"]], 2), ["a", "b", "</s>"])
    said = [tuple(names["generate"](model, 2, rng.random)) for _ in range(4000)]
    for sentence in (("a", "b"), ("a",), ("b",)):
        p = 2 ** names["log_prob"](model, list(sentence), 2)
        assert abs(said.count(sentence) / 4000 - p) < 5 * math.sqrt(p * (1 - p) / 4000)


def test_good_and_toulmin_foresee_the_new_words_of_a_text_without_memory():
    """Words at rates of their own, Poisson numbers: the mean of 200 forecasts is the mean of what comes."""
    names, rng = defined(NAME), np.random.default_rng(1)
    rates = rng.gamma(0.5, size=300)
    foreseen, found = [], []
    for _ in range(200):
        seen, more = rng.poisson(rates), rng.poisson(rates * 0.5)
        words = np.repeat(np.arange(300), seen).tolist()
        foreseen.append(names["new_words"](words, 0.5))
        found.append(int(((seen == 0) & (more > 0)).sum()))
    spread = np.std(np.subtract(foreseen, found)) / math.sqrt(200)
    assert abs(np.mean(foreseen) - np.mean(found)) < 4 * spread


# The table that the written answer is about, and what the model answer says of it.


def numbers(text):
    return [[float(x.strip("%").replace(",", "")) for x in line.split()] for line in text.splitlines()]


def answer():
    return next(cell.source for cell in notebook(NAME).cells if cell.id == "numbers")


def test_the_figures_of_the_model_answer_are_those_of_the_table(capsys):
    defined(NAME)["measure"]()
    rows = numbers(re.sub(r"(?m)^.*[a-z].*\n", "", capsys.readouterr().out))
    small, large = rows[:8], rows[8:]
    by_add_k, by_kneser_ney = (min(large, key=lambda row, i=i: row[i]) for i in (3, 5))
    assert by_add_k[0] == 4
    assert min(small, key=lambda row: row[3])[0] == 3
    assert by_kneser_ney[0] == 6
    assert all(row[4] >= row[3] - 0.002 for row in rows)  # add-1 is no better than the k that was chosen
    last = large[7]
    for figure in (large[3][3], last[3], last[5], by_kneser_ney[5], small[7][5], small[1][5], large[1][5]):
        assert f"{figure:.3f}" in answer()
    assert f"{last[3] - large[3][3]:.2f} bits more" in answer()
    assert f"{last[1]} %" in answer()
    assert f"{large[3][1]} %" in answer()
    train, tune, test = defined(NAME)["hamlet"]()
    assert len({*"".join(train + tune + test)}) + 1 == 65


def test_the_fair_figures_of_the_model_answer(capsys):
    defined(NAME)["vocabularies"]()
    rows = numbers(capsys.readouterr().out.split("\n", 1)[1])
    usual, fair = ([row[i] for row in rows] for i in (2, 3))
    assert usual == sorted(usual, reverse=True)
    assert rows[int(np.argmin(fair))][0] == 2
    assert all(f"{figure:,.0f}" in answer() for figure in fair)


def test_the_forecast_of_new_words_lies_below_the_truth(capsys):
    defined(NAME)["another_play"]()
    rows = numbers(capsys.readouterr().out.split("\n", 1)[1])
    assert all(0.7 * counted < foreseen < counted for _, foreseen, counted in rows)


def test_lines_are_written(capsys):
    defined(NAME)["verse"](4, lines=3)
    first = capsys.readouterr().out
    assert len(first.splitlines()) == 3
    defined(NAME)["verse"](4, lines=3)
    assert capsys.readouterr().out == first
