"""The training loop: resumed runs end at the same bits, faults stop it by name."""

import math

import numpy as np
import pytest
import torch

from lmcourse.neural.training import Diverged, Recipe, train

GENERATOR = np.random.default_rng(0)
INPUTS = torch.tensor(GENERATOR.standard_normal((64, 5)), dtype=torch.float32)
TARGETS = torch.tensor(GENERATOR.integers(3, size=64))


def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Dropout(0.3), torch.nn.Linear(8, 3)
    )


def loss_of(module, fatal=None):
    def loss(step):
        if step == fatal:
            raise KeyboardInterrupt
        rows = np.random.default_rng([0, step]).integers(64, size=16)
        return torch.nn.functional.cross_entropy(module(INPUTS[rows]), TARGETS[rows])

    return loss


def judge_of(module):
    return lambda: torch.nn.functional.cross_entropy(module(INPUTS), TARGETS).item()


def weights(module):
    return torch.cat([p.detach().reshape(-1) for p in module.parameters()])


RECIPE = Recipe(steps=30, learning_rate=0.05, warmup=5, judge_every=4, weight_decay=0.1)


@pytest.mark.parametrize("fatal", [0, 3, 4, 17, 29])
def test_a_run_that_was_killed_ends_at_the_same_bits(tmp_path, fatal):
    whole = network()
    expected = train(whole, loss_of(whole), RECIPE, judge_of(whole), progress=False)
    path = tmp_path / "run.pt"
    killed = network()
    with pytest.raises(KeyboardInterrupt):
        train(killed, loss_of(killed, fatal), RECIPE, judge_of(killed), path, progress=False)
    assert path.exists() == (fatal >= 4)
    torch.manual_seed(999)  # whatever the process has drawn meanwhile
    again = network()
    found = train(again, loss_of(again), RECIPE, judge_of(again), path, progress=False)
    assert found == expected
    assert torch.equal(weights(again), weights(whole))
    once_more = network()  # a run that is done is not done again
    assert train(once_more, loss_of(once_more, 0), RECIPE, judge_of(once_more), path, progress=False) == found
    assert torch.equal(weights(once_more), weights(whole))


def test_each_step_is_what_torch_does():
    module, other = network(), network()
    module[2].p = other[2].p = 0.0
    history = train(module, loss_of(module), RECIPE, progress=False)
    optimizer = torch.optim.AdamW(other.parameters(), betas=(0.9, 0.99), weight_decay=0.1)
    for step in range(30):
        rate = 0.01 * (step + 1) if step < 5 else 0.025 * (1 + math.cos(math.pi * (step - 5) / 25))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        value = loss_of(other)(step)
        value.backward()
        norm = math.sqrt(sum((p.grad**2).sum().item() for p in other.parameters()))
        for p in other.parameters():
            p.grad *= min(1.0, 1.0 / (norm + 1e-6))
        optimizer.step()
        assert history.losses[step] == pytest.approx(value.item(), rel=1e-5)
        assert history.norms[step] == pytest.approx(norm, rel=1e-5)
    torch.testing.assert_close(weights(module), weights(other), rtol=1e-4, atol=1e-6)


def test_what_goes_over_from_batch_to_batch_is_kept(tmp_path):
    class Carried:
        """A running sum that each loss depends on."""

        def __init__(self):
            self.total = 0.0

        def state_dict(self):
            return {"total": self.total}

        def load_state_dict(self, state):
            self.total = state["total"]

    def run(fatal, path):
        module, carried = network(), Carried()
        plain = loss_of(module, fatal)

        def loss(step):
            value = plain(step) * (1 + carried.total)
            carried.total = 0.5 * carried.total + 0.1 * value.item()
            return value

        train(module, loss, RECIPE, checkpoint=path, stateful=[carried], progress=False)
        return weights(module)

    with pytest.raises(KeyboardInterrupt):
        run(17, tmp_path / "run.pt")
    assert torch.equal(run(None, tmp_path / "run.pt"), run(None, None))


def test_who_only_looks_on_changes_nothing():
    watched, alone, seen = network(), network(), []
    recipe = Recipe(steps=9, judge_every=4)
    history = train(
        watched, loss_of(watched), recipe, lambda: seen.append(weights(watched).clone()), progress=False
    )
    assert train(alone, loss_of(alone), recipe, progress=False) == history
    assert torch.equal(weights(watched), weights(alone))
    assert len(seen) == 3  # after 4, 8 and 9 steps
    assert torch.equal(seen[-1], weights(watched))


def test_it_stops_when_nothing_gets_better_and_keeps_the_best():
    module = network()
    looks = iter([3.0, 2.0, 2.5, 2.0, 1.0])  # the fourth is no better than the second
    seen = []

    def judge():
        assert not module.training
        seen.append(weights(module).clone())
        return next(looks)

    recipe = Recipe(steps=50, judge_every=2, patience=2)
    history = train(module, loss_of(module), recipe, judge, progress=False)
    assert history.judged == [(2, 3.0), (4, 2.0), (6, 2.5), (8, 2.0)]
    assert len(history.losses) == 8
    assert history.best == (4, 2.0)
    assert torch.equal(weights(module), seen[1])


def test_nothing_outside_is_touched():
    module = network()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    train(module, loss_of(module), Recipe(steps=2), progress=False)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loss_that_is_no_number_stops_and_nothing_is_overwritten(tmp_path):
    path = tmp_path / "run.pt"
    module = network()
    plain = loss_of(module)
    for fault, said in (
        (math.nan, "step 9: the loss is nan; lower the"),
        (math.inf, "step 9: the loss is inf"),
    ):
        path.unlink(missing_ok=True)
        with pytest.raises(Diverged, match=said):
            train(
                module,
                lambda step, fault=fault: plain(step) * (fault if step == 9 else 1),
                RECIPE,
                checkpoint=path,
                progress=False,
            )
        assert len(torch.load(path, weights_only=True)["history"]["losses"]) == 8

    def flat():
        """The square root of 0, whose slope is infinite."""
        return (module[0].weight - module[0].weight.detach()).sum().sqrt()

    with pytest.raises(ValueError, match="step 0: the gradient's norm is"):
        train(module, lambda _: flat() + 1, RECIPE, progress=False)


def test_a_checkpoint_that_does_not_fit_is_left_alone(tmp_path):
    path = tmp_path / "run.pt"
    module = network()
    train(module, loss_of(module), Recipe(steps=4, judge_every=2), checkpoint=path, progress=False)
    content = path.read_bytes()

    def attempt(module, recipe):
        train(module, loss_of(module), recipe, checkpoint=path, progress=False)

    with pytest.raises(
        ValueError, match=r"another run: learning_rate is 0\.001 there and 0\.1 here; take another"
    ):
        attempt(network(), Recipe(steps=4, judge_every=2, learning_rate=0.1))
    wider = torch.nn.Sequential(torch.nn.Linear(5, 9), torch.nn.Linear(9, 3))
    with pytest.raises(ValueError, match=r"another run: 0\.weight is \[8, 5\] there and \[9, 5\] here"):
        attempt(wider, Recipe(steps=4, judge_every=2))
    assert path.read_bytes() == content
    for broken in (content[:-100], content[:50], b"", b"not a checkpoint"):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="is no checkpoint that can be read"):
            attempt(network(), Recipe(steps=4, judge_every=2))
        assert path.read_bytes() == broken


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 0}, "steps=0 must be"),
        ({"learning_rate": 0}, "learning_rate=0 must be above 0"),
        ({"clip": 0.0}, "clip=0.0 must be above 0; None does not clip"),
        ({"warmup": -1}, "warmup=-1"),
        ({"patience": 0}, "patience=0"),
        ({"judge_every": 1.5}, "judge_every=1.5"),
    ],
)
def test_settings_out_of_range_are_named(settings, said):
    with pytest.raises(ValueError, match=said):
        Recipe(**{"steps": 10, **settings})


def test_another_optimizer_takes_the_steps_at_the_recipes_rate():
    module, other = network(), network()
    module[2].p = other[2].p = 0.0
    recipe = Recipe(steps=3, learning_rate=0.5, warmup=2, clip=None)
    train(
        module,
        loss_of(module),
        recipe,
        progress=False,
        optimizer=lambda weights: torch.optim.SGD(weights, lr=99.0),
    )
    for step, rate in enumerate((0.25, 0.5, 0.5)):
        gradients = torch.autograd.grad(loss_of(other)(step), list(other.parameters()))
        with torch.no_grad():
            for weight, gradient in zip(other.parameters(), gradients):
                weight -= rate * gradient
    torch.testing.assert_close(weights(module), weights(other))


def test_a_checkpoint_of_another_optimizer_is_refused(tmp_path):
    module, path = network(), tmp_path / "run.pt"
    train(module, loss_of(module), RECIPE, checkpoint=path, progress=False)
    with pytest.raises(ValueError, match="optimizer is AdamW there and SGD here"):
        train(
            module,
            loss_of(module),
            RECIPE,
            checkpoint=path,
            progress=False,
            optimizer=lambda weights: torch.optim.SGD(weights, lr=1.0),
        )
