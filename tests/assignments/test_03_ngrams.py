"""Assignment 3: what is particular to it. What every assignment owes is in `test_every_assignment.py`."""

import math
import re

import numpy as np
import pytest
from authored import defined, exercises, notebook, outcomes, wrong

from lmcourse.grading import course
from lmcourse.ngram import NgramModel, add_k
from lmcourse.ngram.counts import count_ngrams
from lmcourse.ngram.smoothing import discounted, discounts_of
from lmcourse.vocabulary import Vocabulary

NAME = "03-ngrams"
TEXT = "the mouse ate the cheese and the cat ate the mouse that ate the cheese the cat saw"


def test_there_are_eight_graded_exercises_and_two_more():
    assert exercises(NAME) == [*course.points(NAME), "own_numbers", "new_words"]
    assert sum(course.points(NAME).values()) == 17


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
    train, tune, test = defined(NAME)["own_lines"]()
    assert len({*"".join(train + tune + test)}) + 1 == 65


def test_the_word_of_the_authored_notebook_leads_to_hamlet():
    assert any("Claudius, King of Denmark." in part for part in defined(NAME)["own_lines"]())


def test_the_numbers_for_exercise_9_follow_from_the_students_word():
    """What is right for one word is wrong for another, and nobody has to be right by name."""
    for word, right in (("courteous", True), (" Courteous", True), ("good-natured", False), ("ada", False)):
        code = f"def my_word():\n    return {word!r}"
        (outcome,) = outcomes(NAME, "own_numbers", wrong(NAME, code), 0)
        assert outcome.passed is right
        assert right or "they follow from your word" in outcome.message
    (outcome,) = outcomes(NAME, "own_numbers", wrong(NAME, "def my_word():\n    return ''"), 0)
    assert "`my_word` should return a word of three letters or more" in outcome.message


def test_many_words_lead_to_many_plays():
    own_lines = {}
    names = wrong(NAME, "def my_word():\n    return WORD")
    for names["WORD"] in ("ada", "bob", "cleo", "dan", "eve", "fay", "gus", "hal"):
        own_lines[names["own_lines"]()[2][0]] = 1
    assert len(own_lines) >= 7


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


@pytest.mark.parametrize("lost", ["{GAMMA}", "{KEPT}"])
def test_where_exercise_5_is_to_blame_the_model_of_exercise_6_says_so(lost):
    code = """
def discounted(followers, shorter, discount):
    if not followers:
        return shorter
    total, gamma = sum(followers.values()), {GAMMA}
    return {t: max(followers.get(t, 0) - {KEPT}, 0) / total + gamma * p for t, p in shorter.items()}
"""
    right = {"{GAMMA}": "discount * len(followers) / total", "{KEPT}": "discount"}
    for place, text in {**right, lost: "0.0"}.items():
        code = code.replace(place, text.replace("total", "sum(followers.values())"))
    done = outcomes(NAME, "kneser_ney", wrong(NAME, code), 0, public_only=True)
    failed = [outcome.message for outcome in done if not outcome.passed]
    assert failed
    assert all("Mend exercise 5 first" in message for message in failed)
    assert not any("did you renormalise" in message for message in failed)
