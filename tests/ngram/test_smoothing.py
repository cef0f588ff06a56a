"""Each smoothing method against its formula told slowly, hand arithmetic, nltk.lm, and what must hold."""

from __future__ import annotations

import math
import random
from collections import Counter
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.lm import MLE, KneserNeyInterpolated, Lidstone
from nltk.lm import Vocabulary as NltkVocabulary
from nltk.lm.models import InterpolatedLanguageModel
from nltk.lm.smoothing import KneserNey
from nltk.util import everygrams

from lmcourse.ngram import backoff
from lmcourse.ngram import smoothing as s
from lmcourse.ngram.counts import count_ngrams
from lmcourse.ngram.em import em_weights
from lmcourse.ngram.model import NgramModel
from lmcourse.vocabulary import Vocabulary

VOCAB = Vocabulary("abc?", separator="")
TEXT = "".join(random.Random(0).choices("abc", [5, 3, 1], k=300))
METHODS = {
    "maximum likelihood": s.maximum_likelihood,
    "add k": partial(s.add_k, k=0.3),
    "jelinek mercer": lambda counts: s.jelinek_mercer(counts, [0.9, 0.6, 0.3, 0.2][: counts.order]),
    "dirichlet": partial(s.dirichlet, alpha=2.5),
    "witten bell": s.witten_bell,
    "absolute discounting": s.absolute_discounting,
    "kneser ney": s.kneser_ney,
    "modified kneser ney": s.modified_kneser_ney,
    "katz": backoff.katz,
    "stupid backoff": backoff.stupid_backoff,
}
texts = st.lists(st.text("abc", max_size=30), min_size=1, max_size=3)
orders = st.integers(1, 4)
starts = st.sampled_from([None, "?", "a"])


class Slow:
    """The formulas as they are written, over dictionaries of strings, one probability at a time."""

    def __init__(self, texts: list[str], order: int, start: str | None):
        self.order, self.start = order, start
        self.texts = [(start or "") + text for text in texts]
        self.c: Counter[str] = Counter()  # of every n-gram whose last token was said
        for text in self.texts:
            for end in range(len(start or "") + 1, len(text) + 1):
                for n in range(1, min(order, end) + 1):
                    self.c[text[end - n : end]] += 1
        self.kn = {g: self.continuation(g) for g in self.c}

    def continuation(self, g: str) -> int:
        """Tokens that stood before g, plus the times that nothing could."""
        if len(g) == self.order:
            return self.c[g]
        before = {h[0] for h in self.c if len(h) == len(g) + 1 and h[1:] == g}
        return len(before) + sum(text.startswith(g) and len(g) > len(self.start or "") for text in self.texts)

    def after(self, h: str, counts: dict[str, int]) -> dict[str, int]:
        """Counts of the tokens that followed h."""
        return {g[-1]: n for g, n in counts.items() if len(g) == len(h) + 1 and g.startswith(h)}

    def prob(self, method: str, h: str, w: str) -> float:
        """p(w|h) of an interpolated method, h being the context that the model looks at."""
        counts = self.kn if "kneser" in method else self.c
        seen = self.after(h, counts)
        total, lower = sum(seen.values()), 1 / len(VOCAB)
        if h and method != "add k":
            lower = self.prob(method, h[1:], w)
        if method == "add k":
            return (seen.get(w, 0) + 0.3) / (total + 0.3 * len(VOCAB))
        if not total:
            return lower
        n = len(h) + 1
        if method == "jelinek mercer":
            weight = [0.9, 0.6, 0.3, 0.2][n - 1]
            return weight * seen.get(w, 0) / total + (1 - weight) * lower
        if method == "dirichlet":
            return (seen.get(w, 0) + 2.5 * lower) / (total + 2.5)
        if method == "witten bell":
            return (seen.get(w, 0) + len(seen) * lower) / (total + len(seen))
        same_length = [c for g, c in counts.items() if len(g) == n]
        n1, n2, n3, n4 = (same_length.count(r) for r in (1, 2, 3, 4))
        if method == "modified kneser ney":
            d = [0.5, 1, 1.5]
            if n1 and n2 and n3 and n4:
                y = n1 / (n1 + 2 * n2)
                found = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
                d = found if all(0 < x <= r for x, r in zip(found, (1, 2, 3))) else d
        else:
            d = [n1 / (n1 + 2 * n2) if n1 and n2 else 0.5] * 3
        taken = {token: d[min(c, 3) - 1] for token, c in seen.items()}
        return (seen.get(w, 0) - taken.get(w, 0)) / total + sum(taken.values()) / total * lower


@pytest.mark.parametrize(
    "method", [m for m in METHODS if m not in ("maximum likelihood", "katz", "stupid backoff")]
)
@given(texts=texts, order=orders, start=starts, context=st.text("abc", max_size=5))
@settings(max_examples=60)
def test_equals_the_formula(method, texts, order, start, context):
    model = NgramModel.fit(VOCAB, order, texts, METHODS[method], None if start is None else VOCAB.id(start))
    slow = Slow(texts, order, start)
    h = ((start or "") + context)[-(order - 1) :] if order > 1 else ""
    np.testing.assert_allclose(
        model.next_probs(context), [slow.prob(method, h, w) for w in VOCAB.tokens], rtol=1e-9
    )


@pytest.mark.parametrize("method", METHODS)
@given(texts=texts, order=orders, start=starts, context=st.text("abc?", max_size=5))
@settings(max_examples=60)
def test_every_distribution_sums_to_one(method, texts, order, start, context):
    probs = NgramModel.fit(
        VOCAB, order, texts, METHODS[method], None if start is None else VOCAB.id(start)
    ).next_probs(context)
    if method == "maximum likelihood" and not probs.any():
        return  # after what was never seen everything is impossible
    assert probs.sum() == pytest.approx(1, abs=1e-9)
    assert np.all(probs >= 0)
    if method not in ("maximum likelihood", "katz"):
        assert np.all(probs > 0)


def fitted(model, text):
    """An nltk model that has read the text as one sentence without padding."""
    model.fit([list(everygrams(text, max_len=model.order))])
    return model


def nltk_vocabulary():
    return NltkVocabulary(list("abc"), unk_label="?")


CONTEXTS = ["", "a", "b", "c", "ab", "ca", "bb", "cc", "ac"]


def test_maximum_likelihood_is_nltks():
    ours, theirs = (
        NgramModel.fit(VOCAB, 3, [TEXT], s.maximum_likelihood),
        fitted(MLE(3, vocabulary=nltk_vocabulary()), TEXT),
    )
    for context in CONTEXTS:
        expected = [theirs.score(token, list(context)) for token in VOCAB.tokens]
        np.testing.assert_allclose(ours.next_probs(context), expected, rtol=1e-12)


def test_add_k_is_nltks_lidstone():
    ours = NgramModel.fit(VOCAB, 3, [TEXT], partial(s.add_k, k=0.2))
    theirs = fitted(Lidstone(0.2, 3, vocabulary=nltk_vocabulary()), TEXT)
    for context in [*CONTEXTS, "??"]:
        expected = [theirs.score(token, list(context)) for token in VOCAB.tokens]
        np.testing.assert_allclose(ours.next_probs(context), expected, rtol=1e-12)


class NltkKneserNey(KneserNey):
    """nltk's own, but for two definitions.

    It leaves the single tokens unsmoothed, where ours discounts them too and gives what is taken to the
    uniform distribution; and it does not count the beginning of a text, where nothing stands before an
    n-gram, as one more thing that can stand there.
    """

    text = TEXT

    def unigram_score(self, word):
        counts = {w: self._continuation_counts(w)[0] for w in "abc"}
        total, d = sum(counts.values()), self.discount
        kinds = sum(c > 0 for c in counts.values())
        return max(counts.get(word, 0) - d, 0) / total + d * kinds / total / len(VOCAB)

    def _continuation_counts(self, word, context=()):
        count, total = super()._continuation_counts(word, context)
        begins = self.text.startswith("".join(context))
        return count + (begins and self.text[len(context)] == word), total + begins


def test_kneser_ney_is_nltks_but_for_two_definitions():
    ours = NgramModel.fit(VOCAB, 3, [TEXT], partial(s.kneser_ney, discount=0.1))
    theirs = InterpolatedLanguageModel(
        NltkKneserNey, 3, vocabulary=nltk_vocabulary(), params={"discount": 0.1, "order": 3}
    )
    stock = fitted(KneserNeyInterpolated(3, vocabulary=nltk_vocabulary()), TEXT)
    fitted(theirs, TEXT)
    for context in CONTEXTS[4:]:
        expected = [theirs.score(token, list(context)) for token in "abc"]
        np.testing.assert_allclose(ours.next_probs(context)[:3], expected, rtol=1e-9)
        # and nltk as it stands differs by little
        np.testing.assert_allclose(
            ours.next_probs(context)[:3], [stock.score(w, list(context)) for w in "abc"], atol=0.02
        )


def test_by_hand():
    # abab ac: after a: b twice, c once. Single tokens: a 3, b 2, c 1.
    vocab = Vocabulary("abc", separator="")

    def after_a(method):
        return NgramModel.fit(vocab, 2, ["ababac"], method).next_probs("a")

    np.testing.assert_allclose(after_a(s.maximum_likelihood), [0, 2 / 3, 1 / 3])
    np.testing.assert_allclose(after_a(s.add_k), [1 / 6, 3 / 6, 2 / 6])
    # Kneser-Ney, D = 1/2. Before a stood b, and the beginning: 2; before b only a: 1; before c only a: 1. Sum
    # 4.
    p = np.array([2 - 0.5, 1 - 0.5, 1 - 0.5]) / 4 + 3 * 0.5 / 4 / 3
    np.testing.assert_allclose(
        after_a(partial(s.kneser_ney, discount=0.5)), [0 + p[0] / 3, 1.5 / 3 + p[1] / 3, 0.5 / 3 + p[2] / 3]
    )
    # Absolute discounting: the same with the plain counts 3, 2, 1 of the single tokens.
    p = np.array([2.5, 1.5, 0.5]) / 6 + 1.5 / 6 / 3
    np.testing.assert_allclose(
        after_a(partial(s.absolute_discounting, discount=0.5)),
        [p[0] / 3, 1.5 / 3 + p[1] / 3, 0.5 / 3 + p[2] / 3],
    )
    # Stupid backoff: S(a|a) = .4 · 3/6 = .2, S(b|a) = 2/3, S(c|a) = 1/3, which sum to 1.2.
    np.testing.assert_allclose(after_a(backoff.stupid_backoff), [0.2 / 1.2, 2 / 3 / 1.2, 1 / 3 / 1.2])
    # Katz: too little text for Good and Turing, so half a count is taken from each: 1.5/3 and .5/3 stay, and
    # a, the only one left, takes the remaining third, whatever its share is.
    np.testing.assert_allclose(after_a(backoff.katz), [1 / 3, 1.5 / 3, 0.5 / 3])


def test_good_and_turing_by_hand():
    # n1..n6 = 100, 40, 20, 12, 8, 5; m = 6 · 5 / 100 = .3; d_1 = (2 · 40/100 - .3) / .7 = 5/7;
    # d_2 = (3 · 20/40/2 - .3) / .7 = .45/.7
    values = np.repeat([1, 2, 3, 4, 5, 6, 50], [100, 40, 20, 12, 8, 5, 3])
    found = backoff.katz_ratios(values)
    np.testing.assert_allclose(found[1:3], [5 / 7, 0.45 / 0.7])
    # the point of the formula: what is taken from the counts is n1, Good and Turing's estimate of the unseen
    # mass
    r = np.arange(6)
    assert (np.bincount(values[values < 6], minlength=6) * r * (1 - found)).sum() == pytest.approx(100)
    np.testing.assert_allclose(
        backoff.katz_ratios(np.array([1, 1, 7])), [0, 0.5, 0.75, 1 - 0.5 / 3, 1 - 0.5 / 4, 0.9]
    )


def test_katz_keeps_large_counts_and_shares_the_rest_as_the_shorter_context_would():
    text = "".join(random.Random(1).choices("abcdefgh", [9, 7, 5, 4, 3, 2, 1, 1], k=600))
    vocab = Vocabulary("abcdefgh?", separator="")
    counts = count_ngrams([vocab.encode(text)], len(vocab), 2)
    model = NgramModel(vocab, counts, backoff.katz)
    pairs, ratios = Counter(zip(text, text[1:])), backoff.katz_ratios(counts.levels[2].counts)
    for h in "abh":
        row, single = model.next_probs(h), model.next_probs("")
        total = sum(c for (first, _), c in pairs.items() if first == h)
        unseen = [i for i, w in enumerate(vocab.tokens) if not pairs[h, w]]
        for i, w in enumerate(vocab.tokens):
            if pairs[h, w]:
                kept = pairs[h, w] if pairs[h, w] > 5 else ratios[pairs[h, w]] * pairs[h, w]
                assert row[i] == pytest.approx(kept / total)
        np.testing.assert_allclose(row[unseen] / row[unseen].sum(), single[unseen] / single[unseen].sum())


def test_kneser_ney_keeps_the_shares_of_the_single_tokens():
    """What it was invented for: averaged over the contexts of the text, each token keeps its share."""
    ids = VOCAB.encode(TEXT)
    model = NgramModel.fit(VOCAB, 2, [TEXT], partial(s.kneser_ney, discount=0.4))
    mean = np.exp(model.next_log_probs([[i] for i in ids[:-1]])).mean(axis=0)
    shares = np.bincount(ids[1:], minlength=4) / (len(ids) - 1)
    # to within what the single tokens' own discount moves, at most .4 · 3 kinds · 3 kinds / 300 tokens
    np.testing.assert_allclose(mean, shares, atol=0.4 * 3 * 3 / 300)
    # absolute discounting expects u, which only q brings, too often
    vocab = Vocabulary("abcdefghqu", separator="")
    text = "".join(random.Random(0).choices(["qu", *"abcdefgh"], k=600))
    ids, u = vocab.encode(text), vocab.id("u")
    expected = {}
    for method in (s.absolute_discounting, s.kneser_ney):
        model = NgramModel.fit(vocab, 2, [text], partial(method, discount=0.9))
        expected[method] = np.exp(model.next_log_probs([[i] for i in ids[:-1]]))[:, u].sum()
    assert expected[s.absolute_discounting] > 1.05 * text.count("u")
    assert expected[s.kneser_ney] == pytest.approx(text.count("u"), rel=0.01)


@given(texts=texts, order=orders, start=starts, context=st.text("abc", max_size=5))
@settings(max_examples=60)
def test_stupid_backoff_equals_the_formula_over_its_sum(texts, order, start, context):
    slow = Slow(texts, order, start)

    def score(h, w):
        seen = slow.after(h, slow.c)
        if seen.get(w):
            return seen[w] / sum(seen.values())
        return 0.4 * (score(h[1:], w) if h else 1 / len(VOCAB))

    start_id = None if start is None else VOCAB.id(start)
    model = NgramModel.fit(VOCAB, order, texts, backoff.stupid_backoff, start_id)
    h = ((start or "") + context)[-(order - 1) :] if order > 1 else ""
    scores = np.array([score(h, w) for w in VOCAB.tokens])
    np.testing.assert_allclose(model.next_probs(context), scores / scores.sum(), rtol=1e-9)


@given(
    texts=texts,
    held_out=st.text("abc", min_size=1, max_size=20),
    order=orders,
    start=starts,
    nudge=st.integers(0, 3),
)
@settings(max_examples=60)
def test_no_other_weights_make_the_held_out_text_more_probable(texts, held_out, order, start, nudge):
    before = None if start is None else VOCAB.id(start)
    counts = count_ngrams([VOCAB.encode(text) for text in texts], len(VOCAB), order, before)
    weights = em_weights(counts, [VOCAB.encode(held_out)], before, tolerance=1e-9)
    assert all(0 <= weight <= 1 for weight in weights)

    def score(weights):
        return NgramModel(VOCAB, counts, partial(s.jelinek_mercer, weights=weights), before).log_prob(
            held_out
        )

    best = score(weights)
    for step in (-0.05, 0.05):
        other = list(weights)
        other[nudge % order] = min(1.0, max(0.0, other[nudge % order] + step))
        assert score(other) <= best + 1e-4 * len(held_out)


def test_weights_by_hand():
    # One length, seen: a a a b of a vocabulary of 4. Held out: one a and one ?. The likelihood
    # (λ 3/4 + (1 - λ)/4) (1 - λ)/4 = (1 + 2λ)(1 - λ)/16 is greatest at λ = 1/4.
    counts = count_ngrams([VOCAB.encode("aaab")], 4, 1)
    assert em_weights(counts, [VOCAB.encode("a?")], tolerance=1e-12) == pytest.approx([0.25], abs=1e-3)


def test_each_bucket_has_its_weight():
    # Something stood after a 3 times (a, b, b), after b twice (a, c), after c never. One edge, at 3: a is in
    # bucket 1, b in bucket 0. The empty context, 9 tokens (a 4, b 4, c 1), is in bucket 1, whose weight is 1.
    counts = count_ngrams([VOCAB.encode(text) for text in ("aab", "ab", "ba", "bc")], 4, 2)
    assert dict(zip("ab", counts.totals(2)[:2])) == {"a": 3, "b": 2}
    singles = np.array([4, 4, 1, 0]) / 9
    method = partial(s.jelinek_mercer, weights=[[0, 1], [0.25, 0.5]], edges=[3])
    model = NgramModel(VOCAB, counts, method)
    after_a, after_b = np.array([1, 2, 0, 0]) / 3, np.array([1, 0, 1, 0]) / 2
    np.testing.assert_allclose(model.next_probs("a"), 0.5 * after_a + 0.5 * singles)
    np.testing.assert_allclose(model.next_probs("b"), 0.25 * after_b + 0.75 * singles)
    np.testing.assert_allclose(model.next_probs("c"), singles)


def test_each_buckets_weight_is_fitted_to_its_own_tokens():
    # After a twice something (a, b), after b three times a. Edge at 3: a is in bucket 0, b in bucket 1.
    # The held-out text asks bucket 0 for a a, a c (new) and a b, bucket 1 for b a, which is sure.
    texts = [VOCAB.encode(text) for text in ("aa", "ab", "ba", "ba", "ba")]
    counts = count_ngrams(texts, 4, 2)
    held_out = [VOCAB.encode(text) for text in ("aac", "bab")] * 100
    both = em_weights(counts, held_out, tolerance=1e-13, edges=[3])
    assert np.shape(both) == (2, 2)

    def score(pairs_0, pairs_1):
        method = partial(s.jelinek_mercer, weights=[both[0], [pairs_0, pairs_1]], edges=[3])
        model = NgramModel(VOCAB, counts, method)
        return model.log_prob("aac") + model.log_prob("bab")

    best = score(*both[1])
    for step in (-0.02, 0.02):
        for other in ((both[1][0] + step, both[1][1]), (both[1][0], both[1][1] + step)):
            assert score(*np.clip(other, 0, 1)) <= best + 1e-9
    assert both[1][0] < 0.9
    assert both[1][1] == pytest.approx(1, abs=1e-4)
    # one token less in bucket 1, so that it has too few: it gets what its length has without buckets
    fewer = [*held_out[:-1], VOCAB.encode("aac")]
    shared = em_weights(counts, fewer, tolerance=1e-13)
    assert em_weights(counts, fewer, tolerance=1e-13, edges=[3])[1][1] == shared[1] < 0.99


@given(texts=texts, held_out=st.text("abc", min_size=1, max_size=20), order=orders)
@settings(max_examples=30)
def test_equal_weights_in_all_buckets_are_one_weight(texts, held_out, order):
    counts = count_ngrams([VOCAB.encode(text) for text in texts], len(VOCAB), order)
    weights, edges = [0.9, 0.6, 0.3, 0.2][:order], [1, 2, 7]
    one = NgramModel(VOCAB, counts, partial(s.jelinek_mercer, weights=weights))
    many = NgramModel(
        VOCAB, counts, partial(s.jelinek_mercer, weights=np.repeat(weights, 4).reshape(-1, 4), edges=edges)
    )
    np.testing.assert_array_equal(one.token_log_probs(held_out), many.token_log_probs(held_out))
    # and a bucket that holds every context is fitted as if there were none
    ids = [VOCAB.encode(held_out)]
    all_in_one = em_weights(counts, ids, edges=[10**9])
    np.testing.assert_allclose([row[0] for row in all_in_one], em_weights(counts, ids), rtol=1e-12)


def test_no_weights_on_a_fine_grid_are_better():
    """Two lengths, of which the shorter sees only the tokens that the longer passes on."""
    train, held_out = (
        "".join(random.Random(seed).choices(["ab", "ac", "bb", "c", "?"], shares, k=150))
        for seed, shares in ((2, [8, 4, 2, 1, 0]), (3, [4, 4, 4, 2, 1]))
    )
    counts = count_ngrams([VOCAB.encode(train)], len(VOCAB), 2)

    def score(weights):
        return NgramModel(VOCAB, counts, partial(s.jelinek_mercer, weights=weights)).log_prob(held_out)

    found = em_weights(counts, [VOCAB.encode(held_out)], tolerance=1e-10)
    grid = np.linspace(0.01, 0.99, 50)
    best = max(((a, b) for a in grid for b in grid), key=score)
    assert score(found) >= score(best)
    assert found == pytest.approx(best, abs=0.02)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (partial(s.add_k, k=-1), "k=-1 must be 0 or more"),
        (partial(s.add_k, k=math.nan), "k=nan must be 0 or more"),
        (partial(s.jelinek_mercer, weights=[0.5]), r"weights=\[0.5\] must be 2 numbers from 0 to 1"),
        (partial(s.jelinek_mercer, weights=[0.5, 1.5]), "must be 2 numbers from 0 to 1"),
        (partial(s.jelinek_mercer, weights=[0.5, math.nan]), "must be 2 numbers from 0 to 1"),
        (
            partial(s.jelinek_mercer, weights=[0.5, 0.5], edges=[3]),
            "must be 2 numbers from 0 to 1, one for each length, for each of 2 buckets",
        ),
        (partial(s.dirichlet, alpha=0), "alpha=0 must be above 0 and finite"),
        (partial(s.kneser_ney, discount=1), "discount=1 must lie between 0 and 1"),
        (partial(s.absolute_discounting, discount=0), "discount=0 must lie between 0 and 1"),
        (partial(backoff.stupid_backoff, penalty=0), "penalty=0 must be above 0 and at most 1"),
    ],
)
def test_bad_settings_are_named(method, message):
    with pytest.raises(ValueError, match=message):
        NgramModel.fit(VOCAB, 2, ["abc"], method)


def test_nothing_held_out():
    with pytest.raises(ValueError, match="held_out holds no token"):
        em_weights(count_ngrams([[0, 1]], 4, 2), [[]])
