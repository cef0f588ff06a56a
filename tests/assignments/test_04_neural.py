"""Assignment 4: what is particular to it. What every assignment owes is in `test_every_assignment.py`."""

import math
import re

import numpy as np
import pytest
import torch
from authored import checks_of, defined, exercises, notebook, outcomes, wrong

from lmcourse.grading import course
from lmcourse.neural import autodiff, recurrent
from lmcourse.neural.word2vec import negative_sampling_loss
from lmcourse.world import agreement

NAME = "04-neural"


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(0)


def tensors(*arrays):
    return [torch.tensor(a, requires_grad=True) for a in arrays]


def test_there_are_six_graded_exercises():
    assert exercises(NAME) == list(course.points(NAME))
    assert sum(course.points(NAME).values()) == 14


def test_the_gradient_of_the_cross_entropy_is_torchs(rng):
    logits, targets = rng.normal(size=(5, 7)), rng.integers(7, size=5)
    (z,) = tensors(logits)
    torch.nn.functional.cross_entropy(z, torch.tensor(targets)).backward()
    assert defined(NAME)["softmax_gradient"](logits, targets) == pytest.approx(z.grad.numpy())
    z.grad = None
    torch.nn.functional.cross_entropy(z, torch.tensor(targets), label_smoothing=0.3).backward()
    assert defined(NAME)["softmax_gradient"](logits, targets, 0.3) == pytest.approx(z.grad.numpy())


def test_the_differentiator_is_the_packages(rng):
    names = defined(NAME)
    x, y = rng.integers(5, size=(6, 2)), rng.integers(5, size=6)
    arrays = [t.data for t in names["new_weights"](rng, 5, 2, 3, 4)]
    mine = [names["Tensor"](a) for a in arrays]
    logits = names["network"](mine, x)
    loss = (logits * names["Tensor"](names["softmax_gradient"](logits.data, y))).sum()
    E, W, b, U, c = theirs = [autodiff.Tensor(a) for a in arrays]
    other = ((E[x].reshape(6, -1) @ W + b).tanh()) @ U + c
    right = autodiff.gradients(autodiff.cross_entropy(other, y), theirs)
    for got, expected in zip(names["gradients"](loss, mine), right):
        assert got == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(3, 1), (1, 2)])
def test_the_differentiator_refuses_a_gradient_that_does_not_fit(shape):
    Tensor, gradients = defined(NAME)["Tensor"], defined(NAME)["gradients"]
    parent, bias, rows = (Tensor(np.ones(size)) for size in (shape, 2, (3, 2)))
    loss = (rows * parent).sum()
    with pytest.raises(ValueError, match="pull returned an array of shape"):
        gradients(loss, [parent])
    (g,) = gradients((rows + bias).sum(), [bias])
    assert g.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("return table.data[ids]", "lookup should return a Tensor; it returned an object of type ndarray"),
        ("return Tensor(table.data[ids], (table, lambda g: g))", "parents is a list of pairs"),
        ("return Tensor(table.data[ids], [table])", "parents is a list of pairs"),
        (
            "return Tensor(table.data[:, ids], [(table, lambda g: g)])",
            "data of shape (3, 2) for ids of shape (2,)",
        ),
        (
            "return Tensor(table.data[ids], [(table, lambda g: g)])",
            "pull returned an array of shape (2, 2); its parent has shape (3, 2)",
        ),
        ("return Tensor(table.data[ids], [(table, lambda g: None)])", "pull returned nothing"),
    ],
)
def test_a_lookup_that_does_not_fit_into_the_differentiator_is_told_so(code, what):
    done = outcomes(NAME, "lookup", wrong(NAME, f"def lookup(table, ids):\n    {code}"), 0)
    assert what in done[0].message


def test_the_lstm_is_the_packages(rng):
    x, h, c = (rng.normal(size=(3, n)) for n in (2, 4, 4))
    W, b = rng.normal(size=(6, 16)), rng.normal(size=16)
    got = defined(NAME)["lstm_step"](x, h, c, W, b)
    inputs, state = torch.tensor(x @ W[:2] + b), (torch.tensor(h), torch.tensor(c))
    right = recurrent.lstm_step(inputs, state, torch.tensor(W[2:].T), torch.zeros(16, dtype=torch.double))
    assert got[0] == pytest.approx(right[0].numpy())
    assert got[1] == pytest.approx(right[1].numpy())


def test_the_loss_against_noise_and_its_gradients_are_torchs(rng):
    arrays = rng.normal(size=3), rng.normal(size=3), rng.normal(size=(4, 3))
    v, u, noise = tensors(*arrays)
    loss = -torch.nn.functional.logsigmoid(v @ u) - torch.nn.functional.logsigmoid(-noise @ v).sum()
    loss.backward()
    got = defined(NAME)["negative_sampling"](*arrays)
    assert got[0] == pytest.approx(loss.item())
    assert negative_sampling_loss(v[None], u[None], noise[None]).item() == pytest.approx(got[0])
    for mine, theirs in zip(got[1:], (v, u, noise)):
        assert mine == pytest.approx(theirs.grad.numpy())


def test_clipping_is_torchs(rng):
    arrays = [rng.normal(size=(3, 2)), rng.normal(size=4)]
    parameters = tensors(*arrays)
    for parameter, a in zip(parameters, arrays):
        parameter.grad = torch.tensor(a)
    torch.nn.utils.clip_grad_norm_(parameters, 0.7)
    for mine, parameter in zip(defined(NAME)["clip"](arrays, 0.7), parameters):
        assert mine == pytest.approx(parameter.grad.numpy(), rel=1e-5)


# The five curves, and what the model answer says of them.


@pytest.fixture(scope="module")
def runs():
    import matplotlib.pyplot as plt

    with plt.rc_context({"backend": "agg"}):
        found = defined(NAME)["curves"]()
    plt.close("all")
    return {name: (np.array(seen), np.array(held)) for name, (seen, held) in found.items()}


def answer():
    return next(cell.source for cell in notebook(NAME).cells if cell.id == "faults")


def test_the_figures_of_the_model_answer_are_those_of_the_runs(runs):
    parts = dict(zip(["", *"ABCDE"], answer().split("\n\n")))
    last = {name: (seen[-100:].mean(), held[-100:].mean()) for name, (seen, held) in runs.items()}
    assert last["well"] == pytest.approx((1.1, 1.1), abs=0.06)
    told = {
        "A": (last["A"][0],),
        "B": (runs["B"][0].min(), runs["B"][0].max(), last["B"][1]),
        "D": (last["D"][0],),
        "E": (last["E"][0], last["E"][1], runs["E"][1].min()),
    }
    for letter, figures in told.items():
        for figure in figures:  # a machine that rounds otherwise may be a hundredth off
            near = {f"{figure + off:.2f}" for off in (-0.01, 0.0, 0.01)}
            assert any(number in parts[letter] for number in near), (letter, figure)
    assert f"{runs['D'][0][0]:.1f}" in parts["D"]


def test_each_run_shows_its_fault(runs):
    world_alone = 2.594  # nats; 3.743 bits, the entropy of single tokens in agreement(4)
    (_, a_held), (b, b_held), (c, c_held), (_, d_held), (e, e_held) = (runs[x] for x in "ABCDE")
    assert abs(a_held[-100:] - world_alone).max() < 0.03
    assert np.mean(b < 0.1) > 0.3
    assert b.max() > 5
    assert b_held.min() > 2
    assert min(c[-200:].mean(), c_held[-200:].mean()) > 3.5
    assert np.all(np.diff(d_held) < 0)
    assert d_held[-1] > world_alone
    assert e[-1] < 0.5
    assert e_held[-1] > e_held.min() + 0.8


def test_of_weights_at_zero_only_the_output_bias_learns():
    names = defined(NAME)
    x, y = names["examples"](20, 1)
    weights = names["new_weights"](np.random.default_rng(0), 22, 3, 4, 5, 0.0)
    logits = names["network"](weights, x)
    loss = (logits * names["Tensor"](names["softmax_gradient"](logits.data, y))).sum()
    moved = [bool(np.any(g)) for g in names["gradients"](loss, weights)]
    assert moved == [False, False, False, False, True]


# The open task.


def test_the_authored_network_is_small_and_trained_in_less_than_a_minute():
    names = defined(NAME)
    assert sum(w.size for w in names["weights"]().values()) < 5_000
    again, pasted = names["trained"](), names["weights"]()
    x, y = names["examples"](300, 7, 12)
    costs = [
        -np.log2(names["predict"](weights, x)[np.arange(len(y)), y]).mean() for weights in (again, pasted)
    ]
    assert costs[0] == pytest.approx(costs[1], abs=0.03)


def said(code, what, seed=0):
    """What the checks of the open task say of other definitions."""
    done = outcomes(NAME, "small_network", wrong(NAME, code), seed)
    assert any(what in outcome.message for outcome in done if not outcome.passed), done
    return done


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("def weights():\n    return {'W': np.zeros((300, 200))}", "60,000 parameters; at most 50,000"),
        (
            "def predict(weights, contexts):\n    return np.eye(22)[contexts[:, -1]]",
            "gave a token the probability 0",
        ),
        ("def weights():\n    return [np.zeros(3)]", "a dictionary from name to array"),
        ("def weights():\n    unpacked(WEIGHTS)", "you returned None"),
        ("def predict(weights, contexts):\n    return np.full(22, 1 / 22)", "a row for each context"),
        (
            "def predict(weights, contexts):\n    return np.full((len(contexts), 22), 1.0)",
            "one sums to 22",
        ),
        (
            "def predict(weights, contexts):\n    return np.full((len(contexts), 22), np.nan)",
            "an overflow in exp",
        ),
        (
            "def predict(weights, contexts):\n    return np.log(np.full((len(contexts), 22), 1 / 22))",
            "no probability is below 0; those look like logarithms of probabilities",
        ),
        (
            "old = predict\n\n\ndef predict(weights, contexts):\n    return old(unpacked(WEIGHTS), contexts)",
            "with all weights at zero",
        ),
    ],
)
def test_a_network_that_breaks_the_contract_is_told_so(code, what):
    said(code, what)


def test_a_good_network_is_told_its_bits():
    done = outcomes(NAME, "small_network", defined(NAME), 0)
    assert [outcome.score for outcome in done] == [1.0] * len(done)
    told = [outcome.message for outcome in done if not outcome.hidden][-1]
    assert re.fullmatch(r"0\.0\d\d bits per token above the floor; 0\.07 earn all points, 0\.25 none", told)
    assert [outcome.message for outcome in done if outcome.hidden] == [""]


def test_the_floors_that_the_text_names():
    """Of models that know one, two or three tokens, as of shares and of none, by counting in a long text."""
    names, world = defined(NAME), agreement(4)
    x, y = names["examples"](30_000, 5, 3)
    floor = -world.token_log_probs(y[:60_000].tolist()).mean() / math.log(2)

    def above(n):
        context = (x[:, 3 - n :] * 22 ** np.arange(n)).sum(axis=1)
        joint, alone = (np.unique(a, return_counts=True)[1] for a in (context * 22 + y, context))
        return ((alone * np.log2(alone)).sum() - (joint * np.log2(joint)).sum()) / len(y) - floor

    assert [above(n) for n in range(4)] == pytest.approx([2.38, 0.30, 0.30, 0.15], abs=0.015)
    assert math.log2(22) - floor == pytest.approx(3.09, abs=0.015)


def test_more_bits_earn_fewer_points():
    """Of a mixture with the uniform distribution: 0.9 p + 0.1 / 22 costs log2(1 / 0.9) bits at most."""
    code = (
        "old = predict\n\n\ndef predict(weights, contexts):\n"
        "    return SHARE * old(weights, contexts) + (1 - SHARE) / 22"
    )
    scores = []
    for share in (1.0, 0.9, 0.5):
        done = outcomes(NAME, "small_network", wrong(NAME, code.replace("SHARE", str(share))), 0)
        scores.append([outcome.score for outcome in done][-1])
    assert scores[0] == 1
    assert 0 < scores[1] < 1
    assert scores[2] == 0
    assert -math.log2(0.9) < 0.25 - 0.055


def test_the_hidden_text_is_another_one_for_each_seed():
    check = [c for c in checks_of(NAME, "small_network") if c.hidden]
    assert len(check) == 1
    assert "hidden text" in check[0].hint
