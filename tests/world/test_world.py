"""The mouse world: exact figures against an enumeration written apart, the sampler against the figures."""

import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from lmcourse.model import LanguageModel, TableModel, UniformModel
from lmcourse.world import World, agreement, five_words, knowledge

LEVELS = {
    "five words": five_words(),
    "agreement 0": agreement(0),
    "agreement 1": agreement(1),
    "agreement 2": agreement(2),
    "knowledge": knowledge(),
}
every_level = pytest.mark.parametrize("level", LEVELS)


@cache
def enumerated(level):
    """{words: probability} by expanding the rules bottom up, without the automaton."""
    rules = LEVELS[level].rules

    @cache
    def expand(symbol):
        if symbol not in rules:
            return {(symbol,): 1.0}
        found = {}
        for alternative in rules[symbol].split("|"):
            weight, *symbols = alternative.split()
            partial = {(): float(weight)}
            for part in map(expand, symbols):
                partial = {a + b: p * q for a, p in partial.items() for b, q in part.items()}
            for words, p in partial.items():
                found[words] = found.get(words, 0.0) + p
        return found

    return expand("S")


@every_level
def test_sentences_are_those_of_the_enumeration_and_sum_to_one(level):
    listed, oracle = LEVELS[level].sentences(), enumerated(level)
    assert listed.keys() == {" ".join(words) for words in oracle}
    for words, p in oracle.items():
        assert listed[" ".join(words)] == pytest.approx(p, rel=1e-12)
    assert math.fsum(listed.values()) == pytest.approx(1, abs=1e-12)
    assert list(listed.values()) == sorted(listed.values(), reverse=True)
    assert LEVELS[level].automaton.count_sentences() == len(oracle)


@every_level
def test_entropy_length_and_rate_equal_the_enumeration(level):
    world, probs = LEVELS[level], enumerated(level)
    entropy = -math.fsum(p * math.log(p) for p in probs.values())
    length = math.fsum(p * len(words) for words, p in probs.items())
    assert world.sentence_entropy() == pytest.approx(entropy, abs=1e-9)
    assert world.expected_length() == pytest.approx(length, abs=1e-9)
    assert world.entropy_rate() == pytest.approx(entropy / length, abs=1e-9)


@every_level
def test_divergence_from_a_model_is_the_enumeration_s(level):
    world, probs = LEVELS[level], enumerated(level)
    assert world.kl_divergence(world) == pytest.approx(0, abs=1e-12)
    # the uniform guess gives log V to each token: its cross-entropy is log V times the mean length
    uniform = UniformModel(world.vocab)
    length = math.fsum(p * len(words) for words, p in probs.items())
    entropy = -math.fsum(p * math.log(p) for p in probs.values())
    expected = math.log(world.vocab_size) * length - entropy
    assert world.kl_divergence(uniform) == pytest.approx(expected, rel=1e-9)


def test_divergence_from_a_model_by_hand_and_where_it_excludes():
    world = World({"S": "0.5 a . | 0.5 b ."})
    model = TableModel(world.vocab, {"a .": 0.25, "b .": 0.75})
    # 1/2 log(0.5/0.25) + 1/2 log(0.5/0.75) = 1/2 log 4/3
    assert world.kl_divergence(model) == pytest.approx(math.log(4 / 3) / 2)
    assert world.kl_divergence(TableModel(world.vocab, {"a .": 1.0})) == math.inf
    with pytest.raises(ValueError, match="2 sentences, over limit=1"):
        world.kl_divergence(model, limit=1)


@pytest.mark.parametrize("world", [*LEVELS.values(), agreement(4, nesting=0.5)], ids=lambda w: w.name)
def test_entropy_rate_by_monte_carlo(world):
    sentences = world.sample(4000, np.random.default_rng(1))
    nats = np.array([-world.log_prob(sentence) for sentence in sentences])
    lengths = np.array([len(sentence) for sentence in sentences])
    rate = nats.sum() / lengths.sum()
    # Standard error of a ratio of means (delta method); 4 of them
    error = np.std(nats - rate * lengths, ddof=1) / math.sqrt(len(nats)) / lengths.mean()
    assert abs(rate - world.entropy_rate()) < 4 * error
    assert error < 0.02  # else the line above would say nothing


@every_level
def test_sampler_draws_each_sentence_as_often_as_it_should(level):
    world, n = LEVELS[level], 12_000
    drawn = {}
    for ids in world.sample(n, np.random.default_rng(2)):
        drawn[world.vocab.decode(ids)] = drawn.get(world.vocab.decode(ids), 0) + 1
    expected = {" ".join(words): n * p for words, p in enumerated(level).items()}
    assert drawn.keys() <= expected.keys()
    common = [s for s, count in expected.items() if count >= 5]  # the rare ones make one cell together
    observed = [drawn.get(s, 0) for s in common] + [n - sum(drawn.get(s, 0) for s in common)]
    wanted = [expected[s] for s in common] + [n - sum(expected[s] for s in common)]
    cells = [(o, e) for o, e in zip(observed, wanted) if e > 1e-6]
    chi_square = sum((o - e) ** 2 / e for o, e in cells)
    freedom = len(cells) - 1
    # Its mean is the degrees of freedom k, its variance 2k: within 4 sigma on both sides
    assert abs(chi_square - freedom) < 4 * math.sqrt(2 * freedom)


@every_level
def test_next_token_probabilities_are_ratios_of_prefix_masses(level):
    world, mass = LEVELS[level], {}
    for words, p in enumerated(level).items():
        for i in range(len(words) + 1):
            mass[words[:i]] = mass.get(words[:i], 0.0) + p
    prefixes = sorted(prefix for prefix in mass if prefix[-1:] != (".",))
    chosen = [prefixes[i] for i in np.random.default_rng(3).permutation(len(prefixes))[:300]]
    rows = np.exp(world.next_log_probs([world.vocab.encode(prefix) for prefix in chosen]))
    for prefix, row in zip(chosen, rows):
        oracle = [mass.get((*prefix, token), 0.0) / mass[prefix] for token in world.vocab.tokens]
        np.testing.assert_allclose(row, oracle, rtol=1e-9, atol=1e-15)


@every_level
def test_sentence_probability_is_that_of_the_enumeration_by_either_route(level):
    world, probs = LEVELS[level], enumerated(level)
    every = list(probs)
    for i in np.random.default_rng(4).permutation(len(every))[:200]:
        ids = world.vocab.encode(every[i])
        assert world.log_prob(ids) == pytest.approx(math.log(probs[every[i]]), abs=1e-9)
        np.testing.assert_allclose(
            world.token_log_probs(ids), LanguageModel.token_log_probs(world, ids), rtol=1e-12, atol=1e-12
        )


@every_level
def test_sentences_are_independent_of_those_before(level):
    world = LEVELS[level]
    first, second = world.sample(2, np.random.default_rng(5))
    assert world.log_prob(first + second) == pytest.approx(world.log_prob(first) + world.log_prob(second))
    np.testing.assert_allclose(world.next_probs(first + second[:2]), world.next_probs(second[:2]), rtol=1e-12)


@every_level
def test_what_is_never_said_stays_impossible(level):
    world = LEVELS[level]
    impossible = world.vocab.encode("the the")
    for context in (impossible, [*impossible, world.end], [*impossible, world.end, *impossible[:1]]):
        assert np.all(world.next_log_probs([context]) == -np.inf)
        assert world.log_prob(context) == -math.inf


@every_level
def test_no_level_is_ambiguous(level):
    assert LEVELS[level].automaton.is_unambiguous()


def test_levels_too_large_to_list_are_unambiguous_too():
    assert agreement(4).automaton.is_unambiguous()


def test_the_sampler_follows_its_generator():
    world = LEVELS["agreement 2"]
    draw = lambda seed: world.sample(50, np.random.default_rng(seed))  # noqa: E731
    assert draw(0) == draw(0)
    assert draw(0) != draw(1)
    assert world.sample(0, np.random.default_rng(0)) == []


# Level 1 ---------------------------------------------------------------------------------------------------


def test_grammar_and_sense_both_show_in_the_five_words():
    world = five_words()
    assert set(world.vocab.tokens) == {"ate", "ball", "cheese", "mouse", "the", "."}
    assert len(world.sentences()) == 12
    sense, nonsense = (
        math.exp(world.log_prob(s)) for s in ("the mouse ate the cheese .", "the cheese ate the mouse .")
    )
    assert sense == pytest.approx(0.70 * 0.65)
    assert nonsense == pytest.approx(0.20 * 0.40)
    assert sense > nonsense > 0
    assert world.log_prob("mouse the the cheese ate") == -math.inf


# Level 2 ---------------------------------------------------------------------------------------------------

SINGULAR = {"mouse", "cat", "dog", "bird", "sleeps", "runs", "hides", "chases", "sees"}
PLURAL = {"mice", "cats", "dogs", "birds", "sleep", "run", "hide", "chase", "see"}


def number(word):
    """1 for a singular form, 2 for a plural one."""
    return 1 if word in SINGULAR else 2 if word in PLURAL else None


def noun_phrase(words, i=0):
    """Read `the N [near NP | that NP V]` at position i: (its number, where it ends, how deep it nests)."""
    assert words[i] == "the"
    head, i, depth = number(words[i + 1]), i + 2, 0
    if words[i] == "near":
        _, i, inner = noun_phrase(words, i + 1)
        depth = inner + 1
    elif words[i] == "that":
        subject, i, inner = noun_phrase(words, i + 1)
        assert number(words[i]) == subject
        i, depth = i + 1, inner + 1
    return head, i, depth


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_every_verb_agrees_with_its_noun(depth):
    deepest = 0
    for words in enumerated(f"agreement {depth}"):
        subject, i, nested = noun_phrase(words)
        assert number(words[i]) == subject
        assert words[i + 1 :] == (".",)
        deepest = max(deepest, nested)
    assert deepest == depth


def test_the_last_verb_obeys_the_far_noun_not_the_near_one():
    world = agreement(2)
    assert world.log_prob("the mice that the cat near the dogs chases sleep .") > -math.inf
    assert world.log_prob("the mice that the cat near the dogs chases sleeps .") == -math.inf
    assert world.log_prob("the mice that the cat near the dogs chase sleep .") == -math.inf
    verbs = world.next_probs("the mice near the cat")
    assert sum(verbs[world.vocab.id(v)] for v in ("sleep", "run", "hide")) > 0.5
    assert not any(verbs[world.vocab.id(v)] for v in ("sleeps", "runs", "hides"))


def test_nesting_is_the_probability_of_a_second_phrase():
    for nesting in (0.2, np.float64(0.7)):  # NumPy's floats have a repr of their own, which is no number
        near_or_that = agreement(1, nesting=nesting).next_probs("the cat")
        vocab = agreement(1).vocab
        assert near_or_that[vocab.id("near")] == pytest.approx(nesting / 2)
        assert near_or_that[vocab.id("that")] == pytest.approx(nesting / 2)
    assert agreement(np.int64(1), np.float64(0.4)).rules == agreement(1, 0.4).rules


# Level 3 ---------------------------------------------------------------------------------------------------

FOREST = {"fox", "owl", "bear", "wolf", "vole", "bee", "squirrel", "otter"}


def test_the_forest_is_talked_about_as_seldom_as_asked():
    for share in (0.1, np.float64(0.3)):
        world = knowledge(forest_share=share)
        subjects = world.next_probs("the")
        assert sum(subjects[world.vocab.id(animal)] for animal in FOREST) == pytest.approx(share)


def test_favourites_and_surprises_by_hand():
    world = knowledge(surprise=0.02)
    objects = {words[4] for words in enumerated("knowledge")}
    eaten = world.next_probs(
        "the mouse eats the"
    )  # cheese, bread, corn with weights 1, 1/2, 1/3: cheese 6/11
    even = 0.02 / len(objects)
    assert eaten[world.vocab.id("cheese")] == pytest.approx(0.98 * 6 / 11 + even)
    assert eaten[world.vocab.id("corn")] == pytest.approx(0.98 * 2 / 11 + even)
    assert eaten[world.vocab.id("mouse")] == pytest.approx(even)
    assert all(eaten[world.vocab.id(thing)] > 0 for thing in objects)


def test_who_eats_whom_is_knowledge_not_grammar():
    world = knowledge()
    assert world.log_prob("the cat eats the mouse .") > world.log_prob("the mouse eats the cat .") > -math.inf
    assert world.log_prob("the cat the eats mouse .") == -math.inf


# Bad input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: agreement(-1), "depth=-1 must be a whole number, 0 or more"),
        (lambda: agreement(1.5), "depth=1.5 must be a whole number, 0 or more"),
        (lambda: agreement(1, nesting=1.0), "nesting=1.0 must lie strictly between 0 and 1"),
        (lambda: knowledge(forest_share=0), "forest_share=0 must lie strictly between 0 and 1"),
        (lambda: knowledge(surprise=math.nan), "surprise=nan must lie strictly between 0 and 1"),
        (
            lambda: agreement(2).sentences(limit=14_423),
            "agreement, depth 2 has 14,424 sentences, over limit=14,423",
        ),
        (
            lambda: World({"S": "0.5 a S | 0.5 ."}).sentences(),
            "has inf sentences, over limit=100,000; sample it",
        ),
        (lambda: World({"S": "0.5 a . | 0.4 b ."}), "rule 'S': the probabilities .* sum to 0.9, not 1"),
        (
            lambda: World({"S": "0.5 a X . | 0.5 a Y .", "X": "1 b", "Y": "1 b"}, name="twins"),
            "the rules of twins are ambiguous: they make some sentence in two ways",
        ),
        (lambda: five_words().log_prob("the cat"), "unknown token 'cat'"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_world_that_may_go_on_for_ever():
    world = World({"S": "0.5 a S | 0.5 ."})  # n times a with probability 1/2^(n+1)
    assert world.log_prob("a a a .") == pytest.approx(4 * math.log(0.5))
    assert world.entropy_rate() == pytest.approx(math.log(2))  # one fair coin for each token
    assert world.log_prob("a " * 5000 + ".") == pytest.approx(5001 * math.log(0.5))  # no underflow


@pytest.mark.parametrize("world", [five_words(), agreement(1), knowledge()])
def test_exact_probabilities_are_those_of_the_rules(world):
    rng = np.random.default_rng(5)
    said = [token for sentence in world.sample(5, rng) for token in sentence]
    for i in range(len(said)):
        exact = world.exact_probs(said[:i])
        assert all(isinstance(p, Fraction) for p in exact)
        assert [float(p) for p in exact] == pytest.approx(world.next_probs(said[:i]).tolist(), abs=1e-12)
        assert abs(sum(exact) - 1) < Fraction(1, 10**12)


def test_exact_probabilities_by_hand():
    # vocabulary b c y z . ; after z the rule of X decides, after . a new sentence begins
    world = World({"S": "0.1 z X . | 0.9 y .", "X": "0.6 b | 0.4 c"})
    row = dict(zip(world.vocab.tokens, world.exact_probs("z")))
    assert row == {"b": Fraction(3, 5), "c": Fraction(2, 5), "y": 0, "z": 0, ".": 0}
    assert world.exact_probs("z c . ") == world.exact_probs("") == [0, 0, Fraction(9, 10), Fraction(1, 10), 0]
    assert world.exact_probs("y b") == [0] * 5  # it never says that
