"""Grammars and their automata against hand arithmetic and an enumeration of derivations written apart."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.world import Automaton, parse_rules


def derivations(table):
    """Every derivation from S as (words, probability), with repeats: expanded bottom up, no automaton."""

    def expand(symbol):
        if symbol not in table:
            return [((symbol,), 1.0)]
        found = []
        for alternative in table[symbol].split("|"):
            weight, *symbols = alternative.split()
            partial = [((), float(weight))]
            for part in map(expand, symbols):
                partial = [(a + b, p * q) for a, p in partial for b, q in part]
            found += partial
        return found

    return expand("S")


def test_parse_rules_reads_probabilities_and_symbols():
    assert parse_rules({"S": "0.9 the N ate . | 0.1 the N slept .", "N": "1 cat"}) == {
        "S": [(0.9, ("the", "N", "ate", ".")), (0.1, ("the", "N", "slept", "."))],
        "N": [(1.0, ("cat",))],
    }


def test_a_small_automaton_by_hand():
    # a.  1/2,  b a.  1/4,  b b.  1/4
    automaton = Automaton({"S": "0.5 a . | 0.5 b X .", "X": "0.5 a | 0.5 b"})
    assert automaton.vocab.tokens == ("a", "b", ".")
    assert automaton.end == 2
    assert dict(automaton.sentences()) == {(0, 2): 0.5, (1, 0, 2): 0.25, (1, 1, 2): 0.25}
    assert automaton.count_sentences() == 3
    assert automaton.expected_length() == pytest.approx(0.5 * 2 + 0.5 * 3, abs=1e-12)
    assert automaton.entropy() == pytest.approx(1.5 * math.log(2), abs=1e-12)  # 1/2·1 + 2·(1/4·2) = 1.5 bits
    assert automaton.is_unambiguous()


def test_a_state_is_what_is_still_to_be_said():
    automaton = Automaton({"S": "0.5 a . | 0.5 b X c .", "X": "1 a"})
    assert automaton.remainders == [("S",), (".",), ("X", "c", "."), ("c", ".")]
    tokens = automaton.vocab.tokens
    after = {tokens[arc.token]: automaton.remainders[arc.state] for arc in automaton.arcs[0]}
    assert after == {"a": (".",), "b": ("X", "c", ".")}


def test_arcs_of_each_state_sum_to_one_and_the_end_leads_back():
    automaton = Automaton({"S": "0.3 a X . | 0.7 X b .", "X": "0.2 a | 0.8 b a"})
    for row in automaton.arcs:
        assert sum(arc.probability for arc in row) == pytest.approx(1, abs=1e-12)
        assert all((arc.token == automaton.end) == (arc.state == 0) for arc in row)


def test_long_sentences_are_counted():
    # one sentence of 1,200 tokens; then two choices at each of 1,200 places: 2^1200 sentences, exactly
    assert Automaton({"S": "1 " + "a " * 1_199 + "."}).count_sentences() == 1
    assert Automaton({"S": "1 " + "X " * 1_200 + ".", "X": "0.5 a | 0.5 b"}).count_sentences() == 2**1_200
    # "S" comes again within the sentence, which never ends but for its last choice
    assert Automaton({"S": "0.5 a S | 0.5 b ."}).count_sentences() == math.inf


def test_another_end_token():
    assert Automaton({"S": "1 a !"}, end="!").vocab.tokens == ("a", "!")


def test_right_recursion_has_infinitely_many_sentences_and_exact_figures():
    # n times "very" with probability 1/2^(n+1): mean 1, entropy 2 bits, as of a fair coin tossed until heads
    automaton = Automaton({"S": "1 a X .", "X": "0.5 very X | 0.5 good"})
    assert automaton.count_sentences() == math.inf
    assert automaton.expected_length() == pytest.approx(
        3 + 1, abs=1e-12
    )  # a … good . and one "very" on average
    assert automaton.entropy() == pytest.approx(2 * math.log(2), abs=1e-12)
    assert automaton.is_unambiguous()


def test_two_derivations_of_one_step_are_caught_at_once():
    with pytest.raises(ValueError, match="ambiguous grammar: 'S' yields 'a' in two ways"):
        Automaton({"S": "0.5 a b . | 0.5 X b .", "X": "1 a"})


@pytest.mark.parametrize(
    "table",
    [
        {"S": "0.5 a X . | 0.5 a Y .", "X": "1 b", "Y": "1 b"},
        {"S": "0.5 X c . | 0.5 a Y .", "X": "1 a b", "Y": "0.5 b c | 0.5 c c"},
        {"S": "1 X .", "X": "0.2 a X | 0.3 a a X | 0.5 a"},  # right recursion: a a a in many ways
        {
            "S": "1 the cat OF .",
            "OF": "0.5 MORE | 0.5 sleeps",
            "MORE": "0.5 of P MORE2 | 0.5 of P Q sleeps",
            "P": "1 it",
            "MORE2": "1 and sleeps",
            "Q": "1 and",
        },
    ],
)
def test_ambiguity_over_several_steps_slips_past_the_compiler_and_is_found(table):
    assert not Automaton(table).is_unambiguous()


@pytest.mark.parametrize(
    "table",
    [
        {
            "S": "0.5 a X . | 0.5 a Y .",
            "X": "1 b",
            "Y": "1 c",
        },  # two states after a, but b and c tell them apart
        {"S": "0.5 a X b . | 0.5 a X c .", "X": "1 x"},  # told apart at the very end only
        {"S": "0.4 a X . | 0.6 a a Y .", "X": "1 a", "Y": "1 a"},  # a a . and a a a .
        {"S": "0.5 a S | 0.5 ."},
    ],
)
def test_choices_that_the_words_tell_apart_are_not_ambiguous(table):
    assert Automaton(table).is_unambiguous()


def rows(symbols, closing=""):
    """Rule rows of one to three alternatives, each one or two symbols; weights 1..4, normalised."""
    alternative = st.tuples(st.integers(1, 4), st.lists(st.sampled_from(symbols), min_size=1, max_size=2))

    def as_row(alternatives):
        total = sum(weight for weight, _ in alternatives)
        return " | ".join(f"{weight / total!r} {' '.join(said)}{closing}" for weight, said in alternatives)

    return st.lists(alternative, min_size=1, max_size=3).map(as_row)


@settings(max_examples=200)
@given(
    st.fixed_dictionaries({"S": rows("abYZ", " ."), "Y": rows("abZ"), "Z": rows("ab")}),
)
def test_any_small_grammar_equals_the_list_of_its_derivations(table):
    listed = derivations(table)
    probability = Counter()
    for words, p in listed:
        probability[words] += p
    ambiguous = len(probability) < len(listed)
    try:
        automaton = Automaton(table)
    except ValueError:  # one step in two ways
        with pytest.raises(ValueError, match="ambiguous grammar"):
            Automaton(table)
        assert ambiguous
        return
    assert automaton.is_unambiguous() == (not ambiguous)
    said = Counter()
    for ids, p in automaton.sentences():
        said[tuple(automaton.vocab.tokens[i] for i in ids)] += p
    assert said.keys() == probability.keys()
    assert all(said[words] == pytest.approx(p, abs=1e-12) for words, p in probability.items())
    length = sum(p * len(words) for words, p in probability.items())
    assert automaton.expected_length() == pytest.approx(length, abs=1e-9)
    if not ambiguous:
        assert automaton.count_sentences() == len(probability)
        entropy = -sum(p * math.log(p) for p in probability.values())
        assert automaton.entropy() == pytest.approx(entropy, abs=1e-9)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"S": "the cat ."}, "rule 'S': 'the cat .' must begin with its probability"),
        ({"S": "1 a . |"}, "rule 'S': '' must begin with its probability"),
        ({"S": "1 a X .", "X": "0.5 | 0.5 b"}, "rule 'X': '0.5' needs a positive probability and symbols"),
        ({"S": "0 a . | 1 b ."}, "rule 'S': '0 a .' needs a positive probability"),
        ({"S": "-0.5 a . | 1.5 b ."}, "rule 'S': '-0.5 a .' needs a positive probability"),
        ({"S": "nan a ."}, "rule 'S': 'nan a .' needs a positive probability"),
        ({"S": "0.5 a . | 0.4 b ."}, "rule 'S': the probabilities of its alternatives sum to 0.9, not 1"),
        (
            {"S": "1 X .", "X": "0.7 a | 0.30000001 b"},
            "rule 'X': the probabilities .* sum to 1.00000001, not 1",
        ),
        ({"X": "1 a ."}, "no rule for its start symbol 'S'; it has X"),
        ({"S": "1 a b"}, "no rule produces the end token '.'"),
        (
            {"S": "0.5 a . | 0.5 b"},
            "must close every sentence and stand nowhere else, but 'b' is followed by nothing",
        ),
        ({"S": "1 a . b"}, "must close every sentence .* but '.' is followed by 'b'"),
        ({"S": "0.5 S a . | 0.5 ."}, r"rule 'S' begins with itself \(left recursion\)"),
        (
            {"S": "1 X .", "X": "0.5 Y a | 0.5 b", "Y": "1 X"},
            r"rule 'X' begins with itself \(left recursion\)",
        ),
        (
            {"S": "1 NP sleeps .", "NP": "0.5 the cat | 0.5 the cat that NP sees"},
            "over 5000 states: does a rule nest inside itself without a bound.*still to be said.*sees sees",
        ),
        ({"S": "0.5 a X . | 0.5 b .", "X": "1 c X"}, "what 'X .' begins never reaches the end token"),
    ],
)
def test_bad_rules_are_named(table, message):
    with pytest.raises(ValueError, match=f"(?i){message}"):
        Automaton(table)


def test_the_limit_of_states_is_a_setting():
    table = {"S": "1 a b c ."}  # remainders: S, b c ., c ., .
    assert len(Automaton(table, max_states=4).arcs) == 4
    with pytest.raises(ValueError, match="over 3 states"):
        Automaton(table, max_states=3)
