"""What the networks of the experiment read is what it says they read."""

from collections import Counter

import numpy as np

from lmcourse.experiments import corpus_effects as effects
from lmcourse.world.ranked_facts import LENGTH


def rng():
    return np.random.default_rng(0)


def test_a_crawl_has_its_share_of_copies_of_ten_documents():
    found, copied = effects.crawl_with_copies(0.5, rng())
    times = [(found == each).all(axis=(1, 2)).sum() for each in copied]
    assert times == [effects.CRAWL / 2 / 10] * 10


def test_shuffled_junk_has_the_words_and_wrong_junk_the_form():
    clean = effects.documents(effects.CRAWL, rng())
    for what in ("shuffled", "wrong"):
        found, junk = effects.crawl_with_junk(what, rng())
        assert junk.sum() == effects.CRAWL / 2
        assert (found[~junk] == clean[~junk]).all()
        assert (found[junk] != clean[junk]).any(axis=(1, 2)).all()
    assert (found[junk][..., [0, 1, 2, 4, 6, 8]] == clean[junk][..., [0, 1, 2, 4, 6, 8]]).all()
    found, junk = effects.crawl_with_junk("shuffled", rng())
    flat = (each[junk].reshape(int(junk.sum()), -1) for each in (found, clean))
    assert (np.sort(next(flat)) == np.sort(next(flat))).all()


def test_a_mixture_reads_the_target_as_often_as_its_share_says():
    target = Counter(each.tobytes() for each in effects.world().draw(effects.TARGET, rng()))
    found = effects.mixed(0.5, "foreign", rng())
    assert found.shape == (effects.CRAWL * effects.SENTENCES, LENGTH)
    assert sum(each.tobytes() in target for each in found) == len(found) / 2
    alone = effects.mixed(0.25, "alone", rng())
    assert Counter(each.tobytes() for each in alone) == {each: 4 * n for each, n in target.items()}


def read_by(monkeypatch, **setting):
    """The sentences that a network of this setting reads, in their order, and how."""
    seen = []
    monkeypatch.setattr(effects, "network", lambda read, _, *how: seen.append((read, how)))
    monkeypatch.setattr(effects, "parts", lambda _: {})
    monkeypatch.setattr(effects, "excesses", lambda *_: np.zeros(1))
    effects.measure({"seed": 0, **setting}, rng())
    return seen[0]


def test_the_control_of_deduplication_reads_as_many_of_the_same_sentences_and_some_twice(monkeypatch):
    whole, unlike, chosen = (
        [each.tobytes() for each in read_by(monkeypatch, kind="copies", what=0.0, how=how)[0]]
        for how in ("raw", "sentences", "random")
    )
    assert len(chosen) == len(unlike) == len(set(unlike)) == len(set(whole))
    assert len(set(chosen)) < len(chosen)
    assert Counter(chosen) <= Counter(whole)


def test_the_hurried_read_the_same_in_larger_batches(monkeypatch):
    calm, hurried = (read_by(monkeypatch, kind=kind, unique=50, epochs=3) for kind in ("repeats", "hurried"))
    assert (calm[0] == hurried[0]).all()
    assert sorted(Counter(each.tobytes() for each in calm[0]).values())[0] >= 3
    assert (calm[1], hurried[1]) == ((), effects.HURRIED)


def test_a_reordered_sentence_tells_the_same_facts_and_shares_four_words_in_a_row():
    test = effects.quiz(rng())
    other = effects.reordered(test)
    assert (effects.world().sentence_log_probs(other) == effects.world().sentence_log_probs(test)).all()
    assert [effects.flagged(test, other, n).mean() for n in (4, 5)] == [1, 0]
    assert not set(effects.world().mice(test)) & set(effects.world().ranked[: effects.KNOWN])
