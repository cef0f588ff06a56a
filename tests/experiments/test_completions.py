"""Completions: each kind of network is shown and asked what its name says, and the judge knows the truth."""

import math

import numpy as np
import pytest
import torch

from lmcourse.experiments import completions
from lmcourse.experiments.completions import Cuts, batch_of, build, effective_rank
from lmcourse.transformer.attention import Sight
from lmcourse.transformer.inside import looks
from lmcourse.transformer.masks import causal

SPECIALS = completions.SPECIALS
TEXT = [0, 5, 7, 9, 1]  # any five words
CUTS = Cuts([TEXT, [2, 3, 4]], np.array([2, 1]))


def test_the_specials_follow_the_words_of_the_world():
    assert SPECIALS.vocab_size == completions.world().vocab_size


def test_what_counts_is_the_completion_or_all():
    begin, pad = SPECIALS.begin, SPECIALS.pad
    every = batch_of("everything", CUTS)
    assert every.inputs.tolist() == [[begin, 0, 5, 7, 9], [begin, 2, 3, 4, pad]]
    assert every.counts.astype(int).tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    for kind in ("completion", "prefix"):
        batch = batch_of(kind, CUTS)
        np.testing.assert_array_equal(batch.inputs, every.inputs)
        np.testing.assert_array_equal(batch.targets, every.targets)
        assert batch.counts.astype(int).tolist() == [[0, 0, 1, 1, 1], [0, 1, 1, 0, 0]]


def test_a_sentence_that_is_over_with_its_prompt_has_nothing_to_complete():
    cuts = Cuts([TEXT, [2, 3, 4]], np.array([2, 3]))
    assert len(batch_of("everything", cuts).inputs) == 2
    for kind in ("completion", "prefix", "encoder-decoder"):
        batch = batch_of(kind, cuts)
        assert batch.targets[batch.counts].tolist() == [7, 9, 1]


def test_what_follows_a_prompt_is_distributed_as_in_the_world():
    """Of the sentences with a prompt *the mouse* most are over after four tokens; drawn evenly, more are."""
    world = completions.world()
    prompt = world.vocab.encode("the mouse")
    is_short = {}
    for name, draw in (("fixed", completions.draw), ("even", completions.draw_evenly)):
        cuts = completions.unfinished(draw(20_000, np.random.default_rng(0)))
        rests = [len(t) - 2 for t, n in zip(*cuts) if n == 2 and t[:2] == prompt]
        is_short[name] = np.mean(np.array(rests) == 2)
        error = math.sqrt(0.25 / len(rests))
    assert is_short["fixed"] == pytest.approx(0.3, abs=4 * error)  # one noun in 1 - 0.7 stays alone
    assert is_short["even"] > 0.3 + 8 * error


def test_the_prefix_sees_itself_and_nobody_sees_an_answer():
    visible = batch_of("prefix", CUTS).visible
    assert visible[0].astype(int).tolist() == [
        [1, 1, 1, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1],
    ]
    np.testing.assert_array_equal(batch_of("completion", CUTS).visible, causal(5)[None])


def test_the_encoder_reads_the_prompt_and_the_decoder_says_the_rest():
    batch = batch_of("encoder-decoder", CUTS)
    assert batch.sources.tolist() == [[0, 5], [2, SPECIALS.pad]]
    assert batch.targets[batch.counts].tolist() == [7, 9, 1, 3, 4]
    assert batch.inputs[:, 0].tolist() == [SPECIALS.begin] * 2


@pytest.mark.parametrize("kind", completions.KINDS)
def test_the_answers_of_all_kinds_are_the_same_places(kind):
    """So that their distances from the truth can be compared place by place."""
    cuts, truth = completions.judged()
    batch = batch_of("completion" if kind == "everything" else kind, cuts)
    expected = [token for text, n in zip(*cuts) for token in text[n:]]
    assert batch.targets[batch.counts].tolist() == expected
    assert len(truth) == len(expected)


def test_sizes_differ_by_less_than_two_per_cent():
    sizes = [
        sum(p.numel() for p in build(kind, np.random.default_rng(0)).parameters())
        for kind in completions.KINDS
    ]
    assert max(sizes) < 1.02 * min(sizes)


def test_excess_is_zero_for_the_truth_and_log_v_less_entropy_for_an_even_guess(monkeypatch):
    _, truth = completions.judged()
    entropy = -(truth * np.log2(np.where(truth > 0, truth, 1))).sum(axis=1)

    def even(_, batch):
        return torch.zeros((*batch.inputs.shape, SPECIALS.size))

    monkeypatch.setattr(completions, "logits_everywhere", even)
    network = build("prefix", np.random.default_rng(0))
    # an even guess gives words and specials the same
    np.testing.assert_allclose(completions.excess("prefix", network), math.log2(SPECIALS.size) - entropy)

    def knows(_, batch):
        logits = torch.full((*batch.inputs.shape, SPECIALS.size), -1e30, dtype=torch.float64)
        rows = torch.from_numpy(batch.counts)
        logits[rows, :] = torch.cat(
            [torch.from_numpy(truth).log().clamp(min=-1e30), logits[rows][:, truth.shape[1] :]], dim=1
        )
        return logits

    monkeypatch.setattr(completions, "logits_everywhere", knows)
    np.testing.assert_allclose(completions.excess("completion", network), 0, atol=1e-9)


def test_effective_rank_of_matrices_that_are_known():
    """Equal rows: one singular value. Identity: all alike. Two blocks of equal rows, 2 x 2: two alike."""
    blocks = np.kron(np.eye(2), np.full((2, 2), 0.5))
    assert effective_rank(np.full((4, 4), 0.25)) == pytest.approx(1)
    assert effective_rank(np.eye(4)) == pytest.approx(4)
    assert effective_rank(blocks) == pytest.approx(2)
    # shares 2/3 and 1/3: exp(ln 3 - 2/3 ln 2)
    assert effective_rank(np.diag([2.0, 1.0])) == pytest.approx(3 / 2 ** (2 / 3))


@pytest.mark.parametrize("kind", ["everything", "prefix", "masked"])
def test_the_attention_that_is_looked_at_is_the_network_s_own(kind):
    """Weights times values, through the output matrix, are what the first attention adds to the stream."""
    network = build(kind, np.random.default_rng(3)).eval()
    inputs = np.array([TEXT])
    visible = np.ones((1, 5, 5), dtype=bool) if kind == "masked" else causal(5)[None]
    weights = looks(network, torch.from_numpy(inputs), visible)[0]
    with torch.no_grad():
        block = network.blocks[0]
        x = block.attention_norm(network.embed(torch.from_numpy(inputs), torch.arange(5)))
        _, _, v = block.attention.heads(x)
        expected = block.attention(x, Sight(torch.from_numpy(visible)[:, None]))
        found = block.attention.output((weights @ v).transpose(1, 2).flatten(2))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_the_best_answer_to_even_cuts_by_hand():
    """After *the mouse*: of texts of T tokens those cut at 2 or before are 2 in T - 1, so short ones gain."""
    world, prompt = completions.world(), completions.world().vocab.encode("the mouse")
    said = {tuple(ids): p for ids, p in world.automaton.sentences() if list(ids[:2]) == prompt}
    weight = {ids: p / (len(ids) - 1) for ids, p in said.items()}
    cuts, _ = completions.judged()
    row = next(i for i, (text, n) in enumerate(zip(*cuts)) if n == 2 and text[:2] == prompt)
    at = sum(len(text) - n for text, n in list(zip(*cuts))[:row])
    expected = 0.0
    for word in {ids[2] for ids in said}:
        p = sum(w for ids, w in said.items() if ids[2] == word) / sum(said.values())
        q = sum(w for ids, w in weight.items() if ids[2] == word) / sum(weight.values())
        expected += p * math.log2(p / q)
    assert expected > 0.05
    assert completions.even_optimum()[at] == pytest.approx(expected)
