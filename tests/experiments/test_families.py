"""Wrong verbs: the world itself says which sentences are wrong; each reader sees what its name says."""

import math

import numpy as np
import pytest
import torch

from lmcourse.experiments import families, wrong_verbs
from lmcourse.experiments.families import READERS, SIZES, WordReader, build_equal
from lmcourse.experiments.fill_ins import specials, world
from lmcourse.experiments.wrong_verbs import by_likelihood, clauses, questions, words

SENTENCE = "the mice that the cat near the dogs sees hide ."


def plain(text):
    return [int(token) for token in text if token != specials().pad]


def test_each_verb_belongs_to_its_subject():
    # 0 the 1 mice 2 that 3 the 4 cat 5 near 6 the 7 dogs 8 sees 9 hide: dogs, after "near the", has no verb
    assert clauses(world().vocab.encode(SENTENCE)) == [(4, 8), (1, 9)]
    assert clauses(world().vocab.encode("the dog sleeps .")) == [(1, 2)]


def test_the_world_never_says_what_is_called_wrong_and_says_all_else():
    asked = questions(400, np.random.default_rng(0))
    assert abs(asked.wrong.mean() - 0.5) < 4 * 0.5 / math.sqrt(400)
    possible = np.array([world().log_prob(plain(text)) > -math.inf for text in asked.texts])
    np.testing.assert_array_equal(possible, ~asked.wrong)
    mended = asked.texts.copy()
    rows = np.flatnonzero(asked.wrong)
    mended[rows, asked.verbs[rows]] = [words()["verbs"][int(v)] for v in asked.texts[rows, asked.verbs[rows]]]
    assert all(world().log_prob(plain(text)) > -math.inf for text in mended)


def test_the_main_verb_is_the_last_word():
    ids = [world().vocab.encode(text) for text in (SENTENCE, "the dog sleeps .")]
    filled = [*ids[1], *[specials().pad] * (len(ids[0]) - len(ids[1]))]
    asked = wrong_verbs.Questions(
        np.array([ids[0], ids[0], filled]), np.zeros(3, dtype=bool), np.array([4, 1, 1]), np.array([8, 9, 2])
    )
    assert asked.main.tolist() == [False, True, True]


def test_shares_by_what_was_wrong():
    asked = families.judged()
    found = families.shares(np.ones(len(asked.texts), dtype=bool))  # who calls every sentence wrong
    assert found == {"right": round(asked.wrong.mean(), 4), "fine": 0, "main": 1, "inner": 1}


def test_an_answer_is_wanted_at_the_end_or_at_the_subject():
    asked = questions(20, np.random.default_rng(1))
    ends = asked.texts[np.arange(20), asked.places("sentence")]
    assert set(ends.tolist()) == {world().end}
    np.testing.assert_array_equal(asked.places("subject"), asked.subjects)
    with pytest.raises(ValueError, match="task='verb' must be one of 'sentence', 'subject'"):
        asked.places("verb")


def test_by_likelihood_whoever_knows_the_world_finds_each_wrong_verb(monkeypatch):
    """With the world's own chances in place of a network's."""
    monkeypatch.setattr(
        wrong_verbs,
        "_log_probs",
        lambda _, __, texts: np.array([max(world().log_prob(plain(text)), -99) for text in texts]),
    )
    asked = questions(60, np.random.default_rng(2))
    network = build_equal("causal", np.random.default_rng(0))
    np.testing.assert_array_equal(by_likelihood(network, "causal", asked), asked.wrong)


@pytest.mark.parametrize("objective", ["masked (BERT)", "causal", "prefix"])
def test_by_likelihood_does_not_ask_what_the_answer_is(objective):
    """A text and the same with its verb mended differ in the verdict of at least one, or in none's favour."""
    network = build_equal(objective, np.random.default_rng(0))
    text = np.array([world().vocab.encode("the dog sleeps ."), world().vocab.encode("the dog sleep .")])
    asked = wrong_verbs.Questions(text, np.array([False, True]), np.array([1, 1]), np.array([2, 2]))
    assert by_likelihood(network, objective, asked).sum() == 1  # one of the two forms is the likelier


@pytest.mark.parametrize("objective", ["masked (BERT)", "causal", "prefix"])
def test_by_likelihood_the_likelier_form_is_the_right_one(objective, monkeypatch):
    """With answers by hand: whatever is read, *sleeps* comes next, or is hidden, rather than another word."""
    said = torch.zeros(specials().size)
    said[world().vocab.id("sleeps")] = 1.0
    monkeypatch.setattr(
        wrong_verbs, "logits_of", lambda _, batch: said.expand(int(np.sum(batch.counts)), len(said))
    )
    text = np.array([world().vocab.encode("the dog sleeps ."), world().vocab.encode("the dog sleep .")])
    asked = wrong_verbs.Questions(text, np.array([False, True]), np.array([1, 1]), np.array([2, 2]))
    network = build_equal(objective, np.random.default_rng(0))
    assert by_likelihood(network, objective, asked).tolist() == [False, True]


def test_a_prefix_model_is_not_asked_for_what_it_sees(monkeypatch):
    asked = []

    def logits_of(_, batch):
        asked.append(batch)
        return torch.zeros(int(batch.counts.sum()), specials().size)

    monkeypatch.setattr(wrong_verbs, "logits_of", logits_of)
    text = np.array([world().vocab.encode("the dog sleeps .")])
    found = wrong_verbs._log_probs(build_equal("prefix", np.random.default_rng(0)), "prefix", text)
    assert asked[0].counts.tolist() == [[False, True, True, True]]  # the begin and "the" are seen by all
    assert asked[0].visible[0, 0, :3].tolist() == [True, True, False]
    assert found == pytest.approx(-3 * math.log(specials().size))


def test_the_networks_are_of_one_size():
    sizes = {
        reader.objective: sum(
            p.numel() for p in build_equal(reader.objective, np.random.default_rng(0)).parameters()
        )
        for reader in READERS.values()
    }
    assert max(sizes.values()) / min(sizes.values()) < 1.01


@pytest.mark.parametrize("name", READERS)
def test_who_sees_the_verb_from_its_subject(name):
    reader = READERS[name]
    model = WordReader(build_equal(reader.objective, np.random.default_rng(0)), reader).eval()
    right, wrong = (
        np.array([world().vocab.encode(f"the mice near the cat {verb} .")]) for verb in ("hide", "hides")
    )
    with torch.no_grad():
        change = (model.vectors(right) - model.vectors(wrong)).abs().amax(dim=2)[0]
        filled = np.pad(right, ((0, 0), (0, 3)), constant_values=specials().pad)
        again = model.vectors(filled)[:, : right.shape[1]]
    assert (change[1] > 1e-4) == (name != "decoder")
    assert change[6] > 1e-4  # at the end all have read it
    torch.testing.assert_close(again, model.vectors(right))


def test_before_it_is_taught_a_model_says_one_half_and_teaching_leaves_the_network_alone():
    reader = READERS["encoder"]
    network = build_equal(reader.objective, np.random.default_rng(0))
    before = [p.clone() for p in network.parameters()]
    model = WordReader(network, reader)
    asked = questions(8, np.random.default_rng(3))
    assert model(asked, "sentence").tolist() == [0.0] * 8
    model.output.weight.data.fill_(1.0)
    model(asked, "sentence").sum().backward()
    assert all(p.grad is None for p in network.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters()))


def test_a_seed_s_few_labels_are_among_its_many(monkeypatch):
    seen = []

    def forward(self, asked, _):
        seen.append(asked)
        return self.output.bias.expand(len(asked.texts))

    monkeypatch.setattr(WordReader, "forward", forward)
    model = WordReader(build_equal(None, np.random.default_rng(0)), READERS["untrained"])
    many = questions(max(SIZES), np.random.default_rng([1, 5]))
    families.tune(model, "sentence", 64, seed=1, steps=3)
    assert len(seen) == 3
    known = {tuple(text) for text in many.texts[:64].tolist()}
    assert all(tuple(text) in known for asked in seen for text in asked.texts.tolist())


def test_who_is_taught_that_all_is_wrong_calls_all_wrong(monkeypatch):
    taught = questions(max(SIZES), np.random.default_rng(4))._replace(wrong=np.ones(max(SIZES), dtype=bool))
    monkeypatch.setattr(families, "questions", lambda *_: taught)
    monkeypatch.setattr(families, "judged", lambda: questions(50, np.random.default_rng(8)))
    # all that it learns is a preference, from 0 on
    monkeypatch.setattr(
        WordReader, "forward", lambda self, asked, _: self.output.bias.expand(len(asked.texts))
    )
    model = WordReader(build_equal(None, np.random.default_rng(0)), READERS["untrained"])
    families.tune(model, "sentence", 64, seed=1, steps=3)
    found = families.judge(model, "sentence")
    assert (found["fine"], found["main"], found["inner"]) == (0, 1, 1)


def test_a_setting_says_how_long_it_is_taught(monkeypatch):
    steps = []
    monkeypatch.setattr(families, "train", lambda *given, **_: steps.append(given[2].steps))
    families.measure({**families.AGAIN, "reader": "untrained", "teaching": 7}, np.random.default_rng(0))
    assert steps == [7]
