"""Encoder, decoder and attention: by hand, against loops, and what may depend on what."""

import numpy as np
import pytest
import torch

from lmcourse.neural.initial import draw_weights
from lmcourse.neural.seq2seq import SUMMARIES, Seq2Seq, additive_attention, seq2seq_loss


def drawn(summary="attention"):
    module = Seq2Seq(9, 6, 4, 5, summary)
    draw_weights(module, np.random.default_rng(1))
    return module


SOURCE, LENGTHS = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]]), torch.tensor([4, 2])
GIVEN = torch.tensor([[1, 3, 4], [1, 5, 2]])


def test_attention_by_hand():
    """Scores tanh(0 + k) = 0 and, for k = artanh(1/2), 1/2; times v = 2 ln 3: weights 1 : 3."""
    keys = torch.tensor([[[0.0], [np.arctanh(0.5)], [9.0]]])
    states = torch.tensor([[[4.0, 0.0], [8.0, 1.0], [100.0, 100.0]]])
    mask = torch.tensor([[True, True, False]])
    score = torch.tensor([2 * np.log(3.0)], dtype=torch.float32)
    summary, weights = additive_attention(torch.zeros(1, 1), keys.float(), states, score, mask)
    torch.testing.assert_close(weights, torch.tensor([[0.25, 0.75, 0.0]]))
    torch.testing.assert_close(summary, torch.tensor([[7.0, 0.75]]))  # (4 + 3 * 8)/4, 3/4


def test_a_step_is_bahdanaus_formulas():
    """One row, state by state, written out with loops and torch's GRU cell."""
    module = drawn()
    read = module.read(SOURCE[:1], LENGTHS[:1])
    state = torch.tanh(module.begin(read.last))
    logits, after, weights = module.write(torch.tensor([3]), state, read)
    scores = []
    for h in read.states[0]:
        s = module.query.weight @ state[0] + module.key.weight @ h
        scores.append((module.score.weight[0] @ torch.tanh(s)).item())
    expected = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(weights[0].detach(), expected, rtol=1e-5)
    told = sum(w * h for w, h in zip(expected.tolist(), read.states[0]))
    cell = torch.nn.GRUCell(4 + 10, 5)
    for name, value in (
        ("weight_ih", module.into.weight),
        ("bias_ih", module.into.bias),
        ("weight_hh", module.within.weight),
        ("bias_hh", module.within.bias),
    ):
        getattr(cell, name).data.copy_(value)
    new = cell(torch.cat([module.target.weight[3], told])[None], state)
    torch.testing.assert_close(after, new, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(logits, module.output(torch.cat([new, told[None]], 1)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("summary", SUMMARIES)
def test_what_fills_a_row_up_does_not_matter(summary):
    module = drawn(summary)
    alone, _ = module(SOURCE[1:, :2], LENGTHS[1:], GIVEN[1:])
    beside, weights = module(SOURCE, LENGTHS, GIVEN)
    torch.testing.assert_close(alone[0], beside[1], rtol=1e-5, atol=1e-6)
    assert not weights[1, :, 2:].any()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3))


@pytest.mark.parametrize("summary", SUMMARIES)
def test_the_decoder_does_not_see_ahead_and_the_source_matters(summary):
    module = drawn(summary)
    logits, _ = module(SOURCE, LENGTHS, GIVEN)
    later = GIVEN.clone()
    later[:, 2] = 0
    torch.testing.assert_close(module(SOURCE, LENGTHS, later)[0][:, :2], logits[:, :2])
    other = SOURCE.clone()
    other[0, 1] = 7
    changed, _ = module(other, LENGTHS, GIVEN)
    assert not torch.allclose(changed[0], logits[0])
    torch.testing.assert_close(changed[1], logits[1])


def test_summaries_are_what_they_are_called():
    read = drawn("mean").read(SOURCE, LENGTHS)
    torch.testing.assert_close(read.last[1], torch.cat([read.states[1, 1, :5], read.states[1, 0, 5:]]))
    module = drawn("mean")
    state = torch.tanh(module.begin(read.last))
    by_mean, *_ = module.write(torch.tensor([1, 1]), state, read)
    told = torch.stack([read.states[0].mean(0), read.states[1, :2].mean(0)])
    module.summary = "last"
    by_hand, *_ = module.write(torch.tensor([1, 1]), state, read._replace(last=told))
    torch.testing.assert_close(by_mean, by_hand)


@pytest.mark.parametrize("summary", SUMMARIES)
def test_it_writes_what_is_likeliest_step_by_step(summary):
    module = drawn(summary)
    written = module.translate(SOURCE, LENGTHS, start=1, end=2, longest=4)
    given = torch.cat([torch.tensor([[1], [1]]), written[:, :-1]], dim=1)
    logits, _ = module(SOURCE, LENGTHS, given)
    for row, said in zip(written.tolist(), logits.argmax(-1).tolist()):
        end = row.index(2) if 2 in row else len(row)
        assert row[: end + 1] == said[: end + 1]
        assert set(row[end:]) <= {2}


def test_the_loss_leaves_out_what_fills_up():
    logits = torch.zeros(1, 3, 4)
    logits[0, 2, 1] = 100.0
    assert seq2seq_loss(logits, torch.tensor([[1, 2, 0]]), pad=0) == pytest.approx(np.log(4))


def test_it_learns_a_few_texts_by_heart():
    module = drawn()
    targets = torch.tensor([[3, 4, 2], [5, 2, 0]])
    given = torch.tensor([[1, 3, 4], [1, 5, 2]])
    optimizer = torch.optim.Adam(module.parameters(), 0.03)
    for _ in range(60):
        optimizer.zero_grad()
        loss = seq2seq_loss(module(SOURCE, LENGTHS, given)[0], targets, pad=0)
        loss.backward()
        optimizer.step()
    assert loss < 0.05
    assert module.translate(SOURCE, LENGTHS, start=1, end=2, longest=3).tolist() == [[3, 4, 2], [5, 2, 2]]


def test_another_summary_is_refused():
    with pytest.raises(ValueError, match="'first' must be one of 'attention', 'last', 'mean'"):
        Seq2Seq(9, 6, 4, 5, "first")
