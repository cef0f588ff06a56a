"""Pre-training objectives in the mouse world: the judges are exact, the results can be had again."""

import numpy as np
import pytest
import torch

from lmcourse.experiments import fill_ins, objectives, roberta
from lmcourse.transformer.objectives import next_sentences
from lmcourse.world.belief import masked_posteriors


def test_trying_all_words_with_the_worlds_own_chances_is_the_exact_posterior():
    """Bayes' rule by another way than forward and backward sums, see `fill_ins.by_text`."""
    asked, world = fill_ins.hidden(), objectives.world()
    for text, place, best in list(zip(asked.texts, asked.places, asked.best))[:20]:
        text = [int(token) for token in text if token != fill_ins.specials().pad]
        tried = [[*text[:place], word, *text[place + 1 :]] for word in range(world.vocab_size)]
        chance = np.exp([world.log_prob(t) for t in tried])
        np.testing.assert_allclose(chance / chance.sum(), best, atol=1e-12)


@pytest.mark.parametrize("name", objectives.OBJECTIVES)
def test_the_best_answers_are_distributions_and_cost_nothing_above_themselves(name):
    batch, best = objectives.judged(name)
    assert len(best) == batch.counts.sum()
    np.testing.assert_allclose(best.sum(axis=1), 1)
    with np.errstate(divide="ignore"):
        logits = torch.from_numpy(np.log(np.maximum(best, 1e-300)))
    assert fill_ins.above(best, logits) == pytest.approx(0, abs=1e-9)
    said = best[np.arange(len(best)), batch.targets[batch.counts]]
    assert said.min() > 0  # what was there is never impossible
    # calibrated: the mean surprise is the mean entropy, within five standard errors
    gap = -np.log2(said) + (best * np.log2(np.maximum(best, 1e-300))).sum(axis=1)
    assert abs(gap.mean()) < 5 * gap.std() / len(gap) ** 0.5


@pytest.mark.parametrize("name", objectives.OBJECTIVES)
def test_every_kind_answers_the_common_question(name):
    network = objectives.build(name, np.random.default_rng(0))
    asked = fill_ins.Hidden(*(array[:4] for array in fill_ins.hidden()))
    with torch.no_grad():
        found = objectives.OBJECTIVES[name].ask(network, asked)
        # the word that is hidden does not count
        other = asked.texts.copy()
        other[np.arange(4), asked.places] = 0
        again = objectives.OBJECTIVES[name].ask(network, asked._replace(texts=other))
    assert found.shape == (4, objectives.world().vocab_size)
    torch.testing.assert_close(found, again)


def batch_asked(monkeypatch, ask):
    """The batch that a way of asking makes."""
    found = []

    def logits(_, batch):
        found.append(batch)
        return torch.zeros((int(batch.counts.sum()), fill_ins.specials().size))

    monkeypatch.setattr(fill_ins, "logits_of", logits)
    ask(None, fill_ins.hidden())
    return found[0]


def test_two_streams_are_asked_in_an_order_that_ends_at_the_hidden_word(monkeypatch):
    batch, asked = batch_asked(monkeypatch, fill_ins.by_last), fill_ins.hidden()
    for row, place in enumerate(asked.places):
        text = set(np.flatnonzero(asked.texts[row] != fill_ins.specials().pad))
        assert set(np.flatnonzero(batch.query_visible[row, place])) == text - {place}
        sizes = batch.content_visible[row].sum(axis=1)
        assert sorted(sizes) == list(range(1, len(sizes) + 1))  # one order, as in training
        assert sizes[place] == len(text)


def test_the_prefix_model_is_asked_with_the_shortest_prefix_of_its_training(monkeypatch):
    batch = batch_asked(monkeypatch, fill_ins.by_prefix)
    assert batch.visible[0, :2].sum(axis=1).tolist() == [2, 2]
    assert not batch.counts[:, 0].any()
    assert batch.counts[:, 1].all()
    assert fill_ins.hidden().places.min() >= 1


def test_the_common_question_is_a_noun_or_a_verb_and_its_answer_possible():
    asked = fill_ins.hidden()
    rows = np.arange(len(asked.texts))
    said = asked.texts[rows, asked.places]
    vocab = objectives.world().vocab
    assert not {vocab.tokens[i] for i in said} & {"the", "near", "that", "."}
    assert (asked.best[rows, said] > 0).all()
    text = [asked.texts[0][asked.texts[0] != fill_ins.specials().pad]]
    hidden = [np.arange(len(text[0])) == asked.places[0]]
    alone = masked_posteriors(objectives.world(), text, hidden)
    np.testing.assert_allclose(asked.best[0], alone[0, asked.places[0]])


def test_the_best_accuracy_is_what_one_counts():
    rng = np.random.default_rng(0)
    pairs = next_sentences(roberta.documents(20_000, rng), fill_ins.specials(), rng)
    begins = pairs.segments.argmax(axis=1)
    same = pairs.inputs[:, 2] == pairs.inputs[np.arange(20_000), begins + 1]
    assert (same == pairs.is_next).mean() == pytest.approx(roberta.best_accuracy(), abs=5 * 0.0027)
    for a in roberta.subjects():  # and what may follow a sums to one
        total = sum(p * roberta.likelihood_ratio(a, b) for b, p in roberta.subjects().items())
        assert total == pytest.approx(1)
