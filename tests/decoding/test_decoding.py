"""Decoding: each rule against a loop written from its definition, the walks against enumeration."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcourse import decoding
from lmcourse.decoding import GREEDY, Decoding, beam_search, generate, generate_batch
from lmcourse.information import entropy
from lmcourse.model import LanguageModel, TableModel, UniformModel, log
from lmcourse.ngram import AdaptiveModel, CountModel, NgramModel, kneser_ney
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import agreement, five_words

WORLD = five_words()
# Small whole weights, so that ties and zeros are common
distributions = (
    st.lists(st.integers(0, 5), min_size=1, max_size=7).filter(any).map(lambda w: np.array(w) / sum(w))
)
temperatures = st.one_of(st.sampled_from([0.0, 1e-300, 0.5, 1.0, math.inf]), st.floats(0.05, 20))


def kept(log_probs):
    """The ids of the tokens that are still possible."""
    return {i for i, x in enumerate(log_probs) if x > -math.inf}


def renormalised(probs, keep):
    """The definition of truncation: drop what is not kept, divide by what is left."""
    left = sum(p for i, p in enumerate(probs) if i in keep)
    return [p / left if i in keep else 0.0 for i, p in enumerate(probs)]


# Temperature -----------------------------------------------------------------------------------------------


def test_temperature_of_the_curriculum():
    probs = np.log([0.4, 0.6])
    # .4²/(.4²+.6²) = .16/.52 and .4⁵/(.4⁵+.6⁵) = .01024/.088
    np.testing.assert_allclose(np.exp(decoding.anneal(probs, 0.5)), [0.16 / 0.52, 0.36 / 0.52])
    np.testing.assert_allclose(np.exp(decoding.anneal(probs, 0.2)), [0.01024 / 0.088, 0.07776 / 0.088])
    assert np.round(np.exp(decoding.anneal(probs, 0.5)), 2).tolist() == [0.31, 0.69]
    assert np.round(np.exp(decoding.anneal(probs, 0.2)), 2).tolist() == [0.12, 0.88]


@given(distributions, st.floats(0.05, 50))
def test_annealing_is_its_formula(probs, temperature):
    powers = [p ** (1 / temperature) for p in probs]
    if sum(powers) > 1e-200:
        oracle = [x / sum(powers) for x in powers]
        np.testing.assert_allclose(np.exp(decoding.anneal(log(probs), temperature)), oracle, rtol=1e-9)


@pytest.mark.filterwarnings("error")
@given(distributions)
def test_limits_of_temperature_are_exact(probs):
    best = {i for i, p in enumerate(probs) if p == max(probs)}
    possible = {i for i, p in enumerate(probs) if p > 0}
    with np.errstate(all="raise", under="ignore"):
        for cold in (0, 5e-324, 1e-300):
            annealed = np.exp(decoding.anneal(log(probs), cold))
            np.testing.assert_allclose(annealed, renormalised(np.ones(len(probs)), best))
        for hot in (math.inf, 1e300):
            annealed = np.exp(decoding.anneal(log(probs), hot))
            np.testing.assert_allclose(annealed, renormalised(np.ones(len(probs)), possible))
        np.testing.assert_allclose(np.exp(decoding.anneal(log(probs), 1)), probs, atol=1e-15)


@given(distributions, st.lists(temperatures, min_size=2, max_size=2).map(sorted))
def test_entropy_never_falls_as_temperature_rises(probs, pair):
    cold, hot = (entropy(np.exp(decoding.anneal(log(probs), t))) for t in pair)
    assert cold <= hot + 1e-9


@given(distributions, temperatures.filter(lambda t: t > 0))
def test_annealing_keeps_the_order(probs, temperature):
    annealed = decoding.anneal(log(probs), temperature)
    for i, j in itertools.combinations(range(len(probs)), 2):
        assert not (probs[i] > probs[j] and annealed[i] < annealed[j])
        assert not (probs[i] == probs[j] and annealed[i] != annealed[j])


# Truncation ------------------------------------------------------------------------------------------------


@given(distributions, st.integers(1, 9))
def test_top_k_is_its_definition(probs, k):
    order = sorted(range(len(probs)), key=lambda i: (-probs[i], i))
    np.testing.assert_allclose(
        np.exp(decoding.top_k(log(probs), k)), renormalised(probs, set(order[:k])), rtol=1e-12
    )


@given(distributions, st.sampled_from([0.1, 0.25, 0.3, 0.5, 0.9, 0.95, 1.0]))
def test_top_p_is_its_definition(probs, p):
    keep, mass = set(), 0.0
    for i in sorted(range(len(probs)), key=lambda i: (-probs[i], i)):
        if mass >= p - 1e-9:
            break
        keep.add(i)
        mass += probs[i]
    np.testing.assert_allclose(
        np.exp(decoding.top_p(log(probs), p)), renormalised(probs, keep), rtol=1e-12, atol=1e-15
    )


@given(distributions, st.sampled_from([0, 0.1, 0.25, 0.5, 0.75, 1]))
def test_min_p_is_its_definition(probs, p):
    keep = {i for i, x in enumerate(probs) if x >= p * max(probs) - 1e-9}
    np.testing.assert_allclose(np.exp(decoding.min_p(log(probs), p)), renormalised(probs, keep), rtol=1e-12)


def test_truncation_by_hand():
    probs = np.log([0.1, 0.4, 0.2, 0.3])
    assert kept(decoding.top_k(probs, 2)) == {1, 3}
    assert kept(decoding.top_p(probs, 0.7)) == {1, 3}  # .4 + .3 reaches .7
    assert kept(decoding.top_p(probs, 0.71)) == {1, 3, 2}
    assert kept(decoding.top_p(probs, 0.9)) == {1, 3, 2}  # in floats .4 + .3 + .2 is 0.8999…
    assert kept(decoding.top_p(probs, 1e-13)) == {1}  # one always stays
    assert kept(decoding.min_p(probs, 0.5)) == {1, 3, 2}  # at least half of .4
    np.testing.assert_allclose(np.exp(decoding.top_k(probs, 2)), [0, 4 / 7, 0, 3 / 7])
    assert kept(decoding.top_k(np.log([0.25] * 4), 2)) == {0, 1}  # among equals the smaller id wins


@given(distributions, st.data())
def test_keep_sets_are_nested(probs, data):
    for rule, values in (
        (decoding.top_k, st.integers(1, 8)),
        (decoding.top_p, st.floats(0.01, 1)),
        (lambda row, p: decoding.min_p(row, 1 - p), st.floats(0, 1)),
    ):
        small, large = sorted(data.draw(st.lists(values, min_size=2, max_size=2)))
        assert kept(rule(log(probs), small)) <= kept(rule(log(probs), large)) <= kept(log(probs))


@given(
    st.integers(1, 5).flatmap(
        lambda v: st.lists(st.lists(st.integers(1, 9), min_size=v, max_size=v), min_size=1)
    )
)
def test_a_batch_equals_its_rows_and_sums_to_one(weights):
    batch = decoding.normalise(np.log(np.array(weights, dtype=float)))
    rules = [
        lambda x: decoding.anneal(x, 0.7),
        lambda x: decoding.anneal(x, 0),
        lambda x: decoding.top_k(x, 2),
        lambda x: decoding.top_p(x, 0.6),
        lambda x: decoding.min_p(x, 0.4),
        lambda x: decoding.penalise_repeats(x, [0], 1.5),
    ]
    for rule in rules:
        together = rule(batch)
        np.testing.assert_allclose(together, [rule(row) for row in batch], rtol=1e-12)
        np.testing.assert_allclose(np.exp(together).sum(axis=-1), 1, rtol=1e-12)
        assert rule(batch[None]).shape == (1, *batch.shape)


# Repetition ------------------------------------------------------------------------------------------------


@given(distributions, st.lists(st.integers(0, 6), max_size=5), st.floats(1, 4))
def test_penalty_is_a_power(probs, context, penalty):
    context = [i for i in context if i < len(probs)]
    powers = [p**penalty if i in context else p for i, p in enumerate(probs)]
    np.testing.assert_allclose(
        np.exp(decoding.penalise_repeats(log(probs), context, penalty)),
        np.array(powers) / sum(powers),
        rtol=1e-9,
    )


def test_penalty_by_hand_leaves_its_argument_alone():
    probs = np.log([0.5, 0.25, 0.25])
    # .5² = .25, so all three are alike
    np.testing.assert_allclose(np.exp(decoding.penalise_repeats(probs, [0, 0], 2)), [1 / 3] * 3)
    np.testing.assert_allclose(np.exp(probs), [0.5, 0.25, 0.25])


@given(st.lists(st.integers(0, 2), max_size=9), st.integers(1, 4))
def test_blocking_forbids_just_what_would_repeat(context, n):
    def repeats(token):
        longer = [*context, token]
        ngrams = [tuple(longer[i : i + n]) for i in range(len(longer) - n + 1)]
        return len(ngrams) > 0 and ngrams[-1] in ngrams[:-1]

    allowed = {token for token in range(3) if not repeats(token)}
    row = np.log([0.5, 0.3, 0.2])
    blocked = np.exp(decoding.block_ngrams(row, context, n))
    np.testing.assert_allclose(blocked, renormalised([0.5, 0.3, 0.2], allowed) if allowed else [0, 0, 0])


@given(st.integers(0, 999), st.sampled_from([(1, 6), (2, 6), (3, 12)]))
def test_a_text_with_blocking_never_repeats_an_ngram(seed, setting):
    n, length = setting
    parrot = CountModel(WORLD.vocab, 2, "the mouse ate the mouse ate the mouse ate", alpha=0.01)
    said = generate(
        parrot, max_tokens=length, decoding=Decoding(no_repeat_ngram=n), rng=np.random.default_rng(seed)
    )
    assert len(said) == length
    assert decoding.distinct_n(said, n) == 1


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=12), st.integers(1, 3))
def test_repetition_rate_counts_what_was_said_before(tokens, n):
    if len(tokens) >= n:
        ngrams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
        old = sum(ngram in ngrams[:i] for i, ngram in enumerate(ngrams))
        assert decoding.repetition_rate(tokens, n) == pytest.approx(old / len(ngrams), abs=1e-12)
        assert decoding.distinct_n(tokens, n) == pytest.approx(1 - old / len(ngrams), abs=1e-12)


def test_repetition_by_hand():
    assert decoding.repetition_rate("a b c a b c a b c".split(), n=3) == pytest.approx(
        4 / 7
    )  # abc bca cab | 4 old
    assert decoding.distinct_n("a b a b".split()) == pytest.approx(2 / 3)  # ab ba ab


# The settings together -------------------------------------------------------------------------------------


@given(distributions.filter(lambda p: len(p) >= 3), st.lists(st.integers(0, 2), max_size=4))
def test_settings_apply_in_the_order_of_the_fields(probs, context):
    row = log(probs)
    settings = Decoding(repetition_penalty=1.5, temperature=0.8, top_k=3, top_p=0.9, min_p=0.2)
    step = decoding.penalise_repeats(row, context, 1.5)
    step = decoding.min_p(decoding.top_p(decoding.top_k(decoding.anneal(step, 0.8), 3), 0.9), 0.2)
    np.testing.assert_allclose(settings.apply(row, context), step, rtol=1e-12)


def test_the_order_matters():
    row = np.log([0.6, 0.25, 0.15])
    # hot first: thirds, of which two reach .5; truncation first: one token alone has .6
    assert kept(Decoding(temperature=math.inf, top_p=0.5).apply(row)) == {0, 1}
    assert kept(decoding.anneal(decoding.top_p(row, 0.5), math.inf)) == {0}


@given(distributions)
def test_defaults_change_nothing(probs):
    np.testing.assert_allclose(np.exp(Decoding().apply(log(probs))), probs, atol=1e-15)


# Walking token by token ------------------------------------------------------------------------------------


class Counting(LanguageModel):
    """Says 0 1 2 0 1 2 …, sees three tokens at most, and checks that it is never asked about more."""

    vocab = Vocabulary("abc", separator="")
    context_length = 3

    def next_log_probs(self, contexts):
        """Nearly sure of the next letter."""
        assert all(len(context) <= 3 for context in contexts)
        probs = np.full((len(contexts), 3), 0.05)
        probs[np.arange(len(contexts)), [len(context) % 3 for context in contexts]] = 0.9
        return np.log(probs)


def test_greedy_takes_the_most_probable_token_until_the_end():
    said = generate(WORLD, decoding=GREEDY)
    assert WORLD.vocab.decode(said) == "the mouse ate the cheese ."
    assert WORLD.vocab.decode(generate(WORLD, "the ball", decoding=GREEDY)) == "ate ."
    assert len(generate(WORLD, decoding=GREEDY, max_tokens=8, end=())) == 8  # told not to stop, it goes on
    verb_or_end = [WORLD.vocab.id("ate"), WORLD.end]
    assert WORLD.vocab.decode(generate(WORLD, decoding=GREEDY, end=verb_or_end)) == "the mouse ate"
    assert generate(UniformModel(WORLD.vocab), decoding=GREEDY, max_tokens=2) == [
        0,
        0,
    ]  # ties: the smaller id


def test_a_context_that_outgrows_the_model_slides():
    model = Counting()  # says the length of what it sees, modulo 3: a full window of 3 says 0
    assert generate(model, max_tokens=6, decoding=GREEDY) == [0, 1, 2, 0, 0, 0]
    (best, score), *_ = beam_search(model, max_tokens=6, width=2)
    assert best == [0, 1, 2, 0, 0, 0]
    assert score == pytest.approx(6 * math.log(0.9))
    with pytest.raises(ValueError, match="the prompt has 4 tokens, but the model sees at most 3; shorten it"):
        generate(model, "abca", decoding=GREEDY)


def test_at_infinite_temperature_the_cut_is_that_of_every_finite_one():
    row = log(np.array([0.1, 0.2, 0.3, 0.4]))
    for settings in ({"top_k": 2}, {"top_p": 0.5}):
        hot = Decoding(temperature=1e6, **settings).apply(row)
        boiling = Decoding(temperature=math.inf, **settings).apply(row)
        np.testing.assert_allclose(np.exp(boiling), [0, 0, 0.5, 0.5])
        np.testing.assert_allclose(np.exp(hot), np.exp(boiling), atol=1e-5)


def test_a_beam_may_be_blocked_and_its_lengths_penalised():
    # mode: "a ." 0.4 is the most probable; "b b c ." has 0.6 · 0.9³ by its mean per token the better one
    table = TableModel(
        Vocabulary(["a", "b", "c", "."]), {"a .": 0.4, "b b c .": 0.35, "b c c .": 0.15, "b c b .": 0.10}
    )
    say = table.vocab.decode

    def best(**settings):
        return say(beam_search(table, width=8, max_tokens=4, **settings)[0][0])

    assert best() == "a ."
    assert best(length_penalty=1) == "b b c ."  # log .4 / 2 = -.458, log .35 / 4 = -.262
    # unigrams may not recur: b b and c c fall away, and b c b too
    assert best(decoding=Decoding(no_repeat_ngram=1), length_penalty=1) == "a ."
    with pytest.raises(ValueError, match="length_penalty=-1 must be 0 or more"):
        best(length_penalty=-1)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_what_is_sampled_is_possible_and_ends_where_it_should(seed, max_tokens):
    rng = np.random.default_rng(seed)
    said = generate(WORLD, "the mouse", max_tokens=max_tokens, rng=rng)
    assert 1 <= len(said) <= max_tokens
    assert WORLD.end not in said[:-1]
    assert said[-1] == WORLD.end or len(said) == max_tokens
    assert WORLD.log_prob(WORLD.vocab.encode("the mouse") + said) > -math.inf
    again = generate(WORLD, "the mouse", max_tokens=max_tokens, rng=np.random.default_rng(seed))
    assert said == again


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Decoding(), [0.7, 0.2, 0.1]),
        (Decoding(temperature=0.5), [0.49 / 0.54, 0.04 / 0.54, 0.01 / 0.54]),  # squares
        (Decoding(temperature=math.inf), [1 / 3, 1 / 3, 1 / 3]),
        (Decoding(top_k=2), [7 / 9, 2 / 9, 0]),
    ],
)
def test_samples_come_as_often_as_they_should(settings, expected):
    rng, n = np.random.default_rng(6), 3000
    drawn = [generate(WORLD, "the", max_tokens=1, decoding=settings, rng=rng)[0] for _ in range(n)]
    for word, p in zip(("mouse", "cheese", "ball"), expected):
        share = drawn.count(WORLD.vocab.id(word)) / n
        assert abs(share - p) <= 4 * math.sqrt(p * (1 - p) / n)  # 4 sigma


def test_annealing_each_step_is_not_annealing_the_sentence():
    # two steps: a (.6) then x, y evenly; b (.4) then z. Squared and renormalised
    model = TableModel(Vocabulary(list("abxyz")), {"a x": 0.3, "a y": 0.3, "b z": 0.4})
    first = np.exp(decoding.anneal(log(model.next_probs("")), 0.5))
    assert first[0] == pytest.approx(0.36 / 0.52)  # step by step, a stays ahead
    assert 2 * 0.3**2 / (2 * 0.3**2 + 0.4**2) == pytest.approx(0.18 / 0.34)  # as a whole, hardly
    assert math.exp(decoding.anneal(np.log([0.3, 0.3, 0.4]), 0.5)[2]) == pytest.approx(0.16 / 0.34)


# Side by side ----------------------------------------------------------------------------------------------


class Anew(LanguageModel):
    """Another model, asked with the whole context at every step: its state is hidden."""

    def __init__(self, model):
        self.vocab, self.context_length, self.end, self._model = (
            model.vocab,
            model.context_length,
            model.end,
            model,
        )
        self.asked = []

    def window(self, context):
        """That of the model."""
        return self._model.window(context)

    def next_log_probs(self, contexts):
        """What the model says."""
        self.asked += [tuple(context) for context in contexts]
        return self._model.next_log_probs(contexts)


SPELLED = Vocabulary("abc.", separator="")
WALKED = {
    "world": agreement(2),
    "n-gram": NgramModel.fit(SPELLED, 4, ["abcab.cab.", "bbca.", "cc."], kneser_ney, start=3),
    "adaptive": AdaptiveModel(SPELLED, 3),
    "window": Counting(),
    "table": TableModel(SPELLED, {"ab.": 0.6, "ba.": 0.3, ".": 0.1}),
}
every_walk = pytest.mark.parametrize("model", WALKED.values(), ids=WALKED.keys())
SETTINGS = [
    Decoding(),
    GREEDY,
    Decoding(temperature=0.7, top_k=3),
    Decoding(temperature=1.5, top_p=0.8, min_p=0.05),
    Decoding(repetition_penalty=1.3, no_repeat_ngram=3),
]


@every_walk
@pytest.mark.parametrize("settings", SETTINGS)
def test_kept_work_changes_no_token(model, settings):
    for seed in range(4):
        kept, anew = (
            generate(m, max_tokens=30, decoding=settings, rng=np.random.default_rng(seed))
            for m in (model, Anew(model))
        )
        assert kept == anew


@every_walk
@pytest.mark.parametrize("settings", SETTINGS)
def test_side_by_side_each_says_what_it_says_alone(model, settings):
    prompts = [[]] * 4 + [generate(model, decoding=GREEDY, max_tokens=n) for n in (1, 2)] + [[]]
    ends = [0, (), None]  # texts stop at different times
    for end in ends:
        rngs = [np.random.default_rng(seed) for seed in range(len(prompts))]
        together = generate_batch(model, prompts, 12, settings, rngs, end)
        for seed, (prompt, said) in enumerate(zip(prompts, together)):
            assert said == generate(model, prompt, 12, settings, np.random.default_rng(seed), end)
    assert len({tuple(said) for said in together}) > 1 or settings is GREEDY


def test_a_prompt_is_read_once_and_no_step_is_asked_for_in_vain():
    model = Anew(Counting())
    said = generate(model, "ab", max_tokens=3, decoding=GREEDY)
    assert model.asked == [(0, 1), (0, 1, said[0]), (1, *said[:2])]
    model = Anew(UniformModel(Vocabulary("ab", separator="")))
    beam_search(model, "ab", width=2, max_tokens=3)
    assert len(model.asked) == 1 + 2 + 2  # the prompt, then two hypotheses after each of two tokens


@every_walk
@pytest.mark.parametrize("settings", [None, Decoding(no_repeat_ngram=2)])
@pytest.mark.parametrize("width", [1, 3])
def test_kept_work_changes_no_beam(model, settings, width):
    ways = [beam_search(m, width=width, max_tokens=9, decoding=settings) for m in (model, Anew(model))]
    assert [said for said, _ in ways[0]] == [said for said, _ in ways[1]]
    np.testing.assert_allclose([score for _, score in ways[0]], [score for _, score in ways[1]], rtol=1e-9)


# Beams -----------------------------------------------------------------------------------------------------

SENTENCES = [" ".join([*w, "."]) for n in range(4) for w in itertools.product("ab", repeat=n)]  # 15 of them
random_tables = (
    st.lists(st.integers(0, 50), min_size=15, max_size=15)
    .filter(any)
    .map(lambda w: TableModel(Vocabulary(["a", "b", "."]), {s: x / sum(w) for s, x in zip(SENTENCES, w)}))
)


def test_width_one_is_greedy_where_a_shorter_sentence_is_better():
    # greedy takes a (.6), then ends (.35 of 1); the best sentence is the empty one
    model = TableModel(Vocabulary(["a", "b", "."]), {".": 0.4, "a .": 0.35, "a a .": 0.15, "a b .": 0.1})
    assert beam_search(model, width=1) == [([0, 2], pytest.approx(math.log(0.35)))]
    assert beam_search(model, width=2)[0] == ([2], pytest.approx(math.log(0.4)))


def test_a_finished_hypothesis_makes_room_for_an_open_one():
    # at first . (.4) and a (.35) are best; with . finished, b (.25) goes on too and beats a a . (.2)
    model = TableModel(Vocabulary(["a", "b", "."]), {".": 0.4, "b .": 0.25, "a a .": 0.2, "a b .": 0.15})
    assert [said for said, _ in beam_search(model, width=2)] == [[2], [1, 2]]


def test_the_search_goes_on_while_an_open_hypothesis_may_win():
    # after two steps . (.3) and a . (.2) are finished, but a a (.4) is better than both
    model = TableModel(Vocabulary(["a", "b", "."]), {".": 0.3, "b .": 0.1, "a .": 0.2, "a a .": 0.4})
    assert [said for said, _ in beam_search(model, width=2)] == [[0, 0, 2], [2]]


@given(st.text("abc.", min_size=1, max_size=30), st.integers(1, 3), st.integers(1, 8))
def test_width_one_is_greedy(text, order, max_tokens):
    vocab = Vocabulary("abc.", separator="")
    model = CountModel(vocab, order, text, alpha=0.5)
    (said, score), *more = beam_search(model, "a", width=1, max_tokens=max_tokens, end=vocab.id("."))
    assert not more
    assert said == generate(model, "a", max_tokens=max_tokens, decoding=GREEDY, end=vocab.id("."))
    assert score == pytest.approx(model.log_prob([0, *said]) - model.log_prob("a"))


@given(random_tables)
def test_a_wide_beam_finds_the_most_probable_sentences(model):
    oracle = sorted((p for p in model.sequences.values() if p > 0), reverse=True)
    found = beam_search(model, width=15)
    np.testing.assert_allclose([math.exp(score) for _, score in found], oracle, rtol=1e-9)
    assert [model.sequences[tuple(said)] for said, _ in found] == oracle


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_a_beam_may_end_in_several_ways(seed, width):
    """Beside the definition: every continuation of the beams is looked at, and the best are kept."""
    rng = np.random.default_rng(seed)
    model = CountModel(Vocabulary("abc!?", separator=""), 2, "abc!abb?cab!a?", alpha=0.3 + rng.random())
    beams, finished = [([], 0.0)], []
    for _ in range(4):
        longer = [
            ([*said, token], score + model.log_prob([*said, token]) - model.log_prob(said))
            for said, score in beams
            for token in range(5)
        ]
        longer.sort(key=lambda hypothesis: -hypothesis[1])
        finished += [h for h in longer[:width] if h[0][-1] in (3, 4)]
        beams = [h for h in longer if h[0][-1] not in (3, 4)][:width]
    best = sorted(finished + beams, key=lambda hypothesis: -hypothesis[1])[:width]
    found = beam_search(model, width=width, max_tokens=4, end=(3, 4))
    np.testing.assert_allclose([score for _, score in found], [score for _, score in best])


@pytest.mark.parametrize("world", [five_words(), agreement(1)], ids=lambda w: w.name)
def test_a_wide_beam_finds_the_best_of_the_world(world):
    said, score = beam_search(world, width=600)[0]
    p = max(world.sentences().values())
    assert math.exp(score) == pytest.approx(p)
    assert world.sentences()[world.vocab.decode(said)] == pytest.approx(p)


@given(st.integers(1, 6), st.integers(1, 7), st.sampled_from(["", "the mouse", "the cheese ate the"]))
def test_beams_are_ordered_and_score_what_they_say(width, max_tokens, prompt):
    found = beam_search(WORLD, prompt, width=width, max_tokens=max_tokens)
    assert 1 <= len(found) <= width
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    start = WORLD.vocab.encode(prompt)
    for said, score in found:
        assert score == pytest.approx(WORLD.log_prob(start + said) - WORLD.log_prob(start))
        assert said[-1] == WORLD.end or len(said) == max_tokens
        assert WORLD.end not in said[:-1]


def test_a_hypothesis_after_which_nothing_follows_is_finished():
    table = TableModel(Vocabulary("ab.", separator=""), {"ab.": 0.6, "ba.": 0.4})
    found = beam_search(table, width=2, max_tokens=9, end=())  # the table itself falls silent
    assert [table.vocab.decode(said) for said, _ in found] == ["ab.", "ba."]
    assert [round(score, 3) for _, score in found] == [-0.511, -0.916]  # log .6, log .4


# Bad input -------------------------------------------------------------------------------------------------

ROW = np.log([0.5, 0.5])
NEVER = np.full(3, -np.inf)
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: decoding.anneal(ROW, -0.5),
            r"temperature=-0.5 must be 0 or more \(0 is greedy, 1 the model",
        ),
        (lambda: decoding.anneal(ROW, math.nan), "temperature=nan must be 0 or more"),
        (lambda: decoding.normalise(NEVER), "no token is left to choose from"),
        (lambda: decoding.anneal(NEVER, 0), "no token is left to choose from"),
        (lambda: decoding.anneal(NEVER, math.inf), "no token is left to choose from"),
        (lambda: decoding.top_k(ROW, 0), "k=0 must be a whole number, 1 or more"),
        (lambda: decoding.top_k(ROW, 1.5), "k=1.5 must be a whole number, 1 or more"),
        (lambda: decoding.top_p(ROW, 0), "p=0 must be above 0 and at most 1"),
        (lambda: decoding.top_p(ROW, 1.1), "p=1.1 must be above 0 and at most 1"),
        (lambda: decoding.min_p(ROW, -0.1), "p=-0.1 must lie between 0 and 1"),
        (lambda: decoding.min_p(ROW, math.nan), "p=nan must lie between 0 and 1"),
        (
            lambda: decoding.penalise_repeats(ROW, [0], 0.9),
            r"penalty=0.9 must be 1 \(none\) or more, and finite",
        ),
        (lambda: decoding.penalise_repeats(ROW, [0], math.inf), "penalty=inf must be 1 .* and finite"),
        (lambda: decoding.block_ngrams(ROW, [0], 0), "n=0 must be a whole number, 1 or more"),
        (
            lambda: decoding.distinct_n([1, 2], 3),
            "a sequence of 2 tokens has no 3-gram; use a smaller n or a longer text",
        ),
        (lambda: decoding.repetition_rate([1, 2], 0), "n=0 must be a whole number, 1 or more"),
        (lambda: Decoding(temperature=-1), "temperature=-1 must be 0 or more"),
        (lambda: Decoding(top_k=0), "k=0 must be a whole number"),
        (lambda: Decoding(top_p=2), "p=2 must be above 0 and at most 1"),
        (lambda: Decoding(min_p=2), "p=2 must lie between 0 and 1"),
        (lambda: Decoding(repetition_penalty=0.5), "penalty=0.5 must be 1"),
        (lambda: Decoding(no_repeat_ngram=-1), "n=-1 must be a whole number"),
        (
            lambda: generate(WORLD),
            r"sampling needs rng=np.random.default_rng\(seed\); only temperature=0 does without",
        ),
        (lambda: generate(WORLD, max_tokens=0, rng=RNG), "max_tokens=0 must be a whole number, 1 or more"),
        (lambda: generate(WORLD, "the cat", rng=RNG), "unknown token 'cat'"),
        (lambda: generate(WORLD, "the the", rng=RNG), "the model holds the prompt 'the the' for impossible"),
        (lambda: generate(WORLD, rng=RNG, end="."), r"expected token ids, got the token '\.'"),
        (lambda: generate(WORLD, rng=RNG, end=6), "token id 6 is not an integer from 0 to 5"),
        (
            lambda: generate(Counting(), "abca", rng=RNG),
            "the prompt has 4 tokens, but the model sees at most 3; shorten it",
        ),
        (lambda: generate_batch(WORLD, ["", ""], rngs=[RNG]), "1 generators for 2 prompts; each needs one"),
        (lambda: generate_batch(WORLD, ["", "the the"], rngs=[RNG, RNG]), "holds the prompt 'the the' for"),
        (lambda: beam_search(WORLD, width=0), "width=0 must be a whole number, 1 or more"),
        (lambda: beam_search(WORLD, max_tokens=2.5), "max_tokens=2.5 must be a whole number, 1 or more"),
        (lambda: beam_search(WORLD, "the the"), "the model holds the prompt 'the the' for impossible"),
        (lambda: beam_search(WORLD, end="."), r"expected token ids, got the token '\.'"),
        (lambda: beam_search(Counting(), "abca"), "the prompt has 4 tokens, but the model sees at most 3"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_finished_table_stops_by_itself():
    table = TableModel(Vocabulary(["a", "."]), {"a .": 1.0})
    for settings in (GREEDY, Decoding()):
        assert generate(table, decoding=settings, rng=RNG, end=()) == [0, 1]


@given(st.lists(st.integers(0, 2), max_size=6), st.lists(st.integers(0, 2), max_size=20))
def test_the_longest_copied_run_is_found(said, source):
    """Anywhere in the source, its very end included."""
    runs = {tuple(said[i:j]) for i in range(len(said) + 1) for j in range(i, len(said) + 1)}
    pieces = {tuple(source[i:j]) for i in range(len(source) + 1) for j in range(i, len(source) + 1)}
    assert decoding.longest_copied(said, np.array(source, dtype=int)) == max(map(len, runs & pieces))


@pytest.mark.parametrize("p", [1, 1.0])
def test_a_nucleus_of_all_the_mass_is_everything(p):
    """However little is left for the last ones, and however the sum before them is rounded."""
    probs = np.full(5000, 1e-18)
    probs[:3] = [0.1, 0.2, 0.7]
    np.testing.assert_array_equal(decoding.top_p(np.log(probs), p), decoding.normalise(np.log(probs)))


def test_a_prompt_of_many_samples_is_read_once():
    """By a model with a state and by one without; the samples are those of each prompt alone."""

    class Asked(UniformModel):
        contexts = 0

        def next_log_probs(self, contexts):
            self.contexts += len(contexts)
            return super().next_log_probs(contexts)

    model = Asked(WORLD.vocab)
    prompts = ["the mouse", "the", "the mouse"] * 4
    generate_batch(model, prompts, max_tokens=1, rngs=[np.random.default_rng(seed) for seed in range(12)])
    assert model.contexts == 2
    for other in (WORLD, AdaptiveModel(WORLD.vocab, 2), model):
        together = generate_batch(other, prompts, 5, rngs=[np.random.default_rng(n) for n in range(12)])
        alone = [generate(other, p, 5, rng=np.random.default_rng(n)) for n, p in enumerate(prompts)]
        assert together == alone
