"""Haystacks: what is hidden is there, where it is said to be; and ways to look for it lose what they must."""

import numpy as np
import pytest

from lmcourse.inference import finding, needles
from lmcourse.inference.needles import NAMES, UNKNOWN, fact, haystack, ids_of, question, sentences, vocabulary

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("length", [12, 40, 62, 300])
@pytest.mark.parametrize("told", [True, False])
def test_a_haystack_has_its_length_and_one_needle(length, told):
    rng = np.random.default_rng(length)
    for _ in range(30):
        one = haystack(length, rng, told=told)
        assert len(one.text) == length
        assert one.ids == [*one.text, *question(one.name)]
        named = [place for place, token in enumerate(one.text) if token == ids_of()[one.name]]
        assert named == ([one.begin] if told else [])
        place = vocabulary().tokens[one.answer]
        assert (place == UNKNOWN) != told
        if told:
            assert one.text[one.begin : one.begin + 3] == fact(one.name, place)
        told_of = [sentence[0] for sentence in one.facts]
        assert len(set(told_of)) == len(told_of)  # nobody lives in two places


def test_the_needle_stands_where_it_is_put():
    rng = np.random.default_rng(1)
    ends = [haystack(60, rng, depth=depth).begin for depth in (0, 1) for _ in range(20)]
    assert 1 <= min(ends[:20])  # no text begins with a fact
    assert max(ends[:20]) <= 10  # behind the end of a sentence
    assert set(ends[20:]) == {57}


def test_a_text_is_its_sentences():
    one = haystack(100, np.random.default_rng(2))
    parts = sentences(one.text)
    assert [token for part in parts for token in part] == one.text
    assert all(part[-1] == ids_of()["."] for part in parts)
    assert sentences([]) == []


def test_about_as_many_facts_as_are_asked_for():
    rng = np.random.default_rng(3)
    found = [
        [sum(map(needles.is_fact, parts)), len(parts)]
        for parts in (sentences(haystack(300, rng).text) for _ in range(200))
    ]
    facts, all_of_them = np.sum(found, axis=0)
    # one needle in each of 200 texts, and a share of .15 of the rest but for the one cut at the head
    assert (facts - 200) / (all_of_them - 400) == pytest.approx(0.15, abs=0.015)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="length"):
        haystack(11, np.random.default_rng(0))


def test_when_the_names_give_out_there_are_no_more_facts():
    one = haystack(600, np.random.default_rng(0), share=0.9)
    assert len(one.facts) == len(NAMES)


def finder(_, rows):
    """Answers as one would who finds each fact that he reads, whatever the length."""
    found = np.full((len(rows), len(vocabulary())), -9.0)
    for logs, row in zip(found, rows):
        text, name = row[:-2], row[-1]
        where = [i for i, token in enumerate(text[:-1]) if token == name]
        logs[text[where[0] + 1] if where else ids_of()[UNKNOWN]] = 0.0
    return found


@pytest.fixture
def reads(monkeypatch):
    monkeypatch.setattr(finding, "answers", finder)


def right(found, texts):
    return (found.argmax(axis=1) == [one.answer for one in texts]).mean()


@pytest.mark.usefixtures("reads")
@pytest.mark.parametrize("how", ["overlapping chunks", "carried", "summary for the question"])
@pytest.mark.parametrize("told", [True, False])
def test_what_loses_nothing_finds_all_for_a_reader_who_finds_what_he_reads(how, told):
    rng = np.random.default_rng(4)
    texts = [haystack(310, rng, told=told) for _ in range(60)]
    assert right(finding.OTHERS[how](None, texts), texts) == 1


@pytest.mark.usefixtures("reads")
def test_a_chunk_without_overlap_loses_what_is_cut():
    rng = np.random.default_rng(5)
    texts = [haystack(2 * finding.ROOM, rng, depth=0.5) for _ in range(2000)]
    for before, share in (
        (0, 1),
        (1, 0),
        (2, 1),
        (3, 1),
    ):  # the name alone on one side: it is cut from the place
        cut = [one for one in texts if one.begin == finding.ROOM - 1 - before]
        assert right(finding.OTHERS["chunks"](None, cut), cut) == share


@pytest.mark.parametrize("how", sorted(set(finding.OTHERS) - {"end"}))
def test_what_is_composed_begins_with_a_full_stop_and_is_no_longer_than_was_learned(how, monkeypatch):
    read = []

    def noting(module, rows):
        read.extend(rows)
        return finder(module, rows)

    monkeypatch.setattr(finding, "answers", noting)
    texts = [haystack(310, np.random.default_rng(6), depth=depth) for depth in (0.1, 0.5, 1.0)]
    finding.OTHERS[how](None, texts)
    beginnings = [one.text[:30] for one in texts]
    assert all(row[0] == ids_of()["."] or row[:30] in beginnings for row in read)
    assert max(map(len, read)) <= finding.LENGTH


@pytest.mark.usefixtures("reads")
@pytest.mark.parametrize("how", ["chunks", "carried"])
def test_texts_of_several_lengths_are_not_cut_alike(how):
    texts = [haystack(n, np.random.default_rng(n)) for n in (60, 70)]
    with pytest.raises(ValueError, match=r"lengths \[60, 70\]; cut texts of one length"):
        finding.OTHERS[how](None, texts)


def test_a_summary_is_as_short_as_it_is_to_be_and_has_facts_alone():
    rng = np.random.default_rng(6)
    for _ in range(50):
        one = haystack(380, rng)
        left = finding.summary(one, rng)
        assert len(left) <= finding.SUMMARY
        assert all(sentence in one.facts for sentence in left)


def test_ways_differ_beyond_the_trained_length_alone():
    from lmcourse.experiments.long_text import network

    module = network(np.random.default_rng(0)).eval()
    rng = np.random.default_rng(7)
    short, long = ([haystack(n - 2, rng).ids] for n in (finding.LENGTH, 2 * finding.LENGTH))
    whole = {n: finding.answers(module, rows) for n, rows in (("short", short), ("long", long))}
    for way in map(finding.WAYS.get, set(finding.WAYS) - {"whole", "strided", "window and sinks"}):
        np.testing.assert_allclose(finding.answers(module, short, way), whole["short"], atol=1e-5)
    for way in map(finding.WAYS.get, set(finding.WAYS) - {"whole"}):
        assert np.abs(finding.answers(module, long, way) - whole["long"]).max() > 1e-4


def test_answers_do_not_depend_on_what_is_asked_beside_them():
    from lmcourse.experiments.long_text import network

    module = network(np.random.default_rng(0)).eval()
    rng = np.random.default_rng(8)
    rows = [haystack(n, rng).ids for n in (40, 30, 40)]
    together = finding.answers(module, rows)
    for row, found in zip(rows, together):
        np.testing.assert_allclose(finding.answers(module, [row])[0], found, atol=1e-5)
