import json

import numpy as np
import pytest

from lmcourse.neural.autodiff import Tensor, gradients
from lmcourse.widgets import TrainingPlayground
from lmcourse.widgets.playground import uniform
from lmcourse.world import World, agreement, memory_entropies

TINY = World({"S": "0.5 a . | 0.5 b a ."}, name="tiny")


def test_examples_by_hand():
    playground = TrainingPlayground(TINY, sentences=1, context=2)
    a, b, end = (playground.tokens.index(token) for token in "ab.")
    for text, expected in [((a, end), [[end, end], [end, a]]), ((b, a, end), [[end, end], [end, b], [b, a]])]:
        playground.text = bytes(text * 2)
        contexts, targets = playground.examples()
        assert contexts.tolist() == expected * 2
        assert targets.tolist() == list(text) * 2


def test_it_learns_and_stays_above_the_floor_of_its_context():
    for context in (1, 3):
        run = TrainingPlayground(context=context).run(200)
        floor = memory_entropies(agreement(1), context + 1)[-1] / np.log(2)
        steps, bits = np.array(run.exact).T
        assert steps.tolist() == list(range(0, 201, 10))
        assert floor < bits[-1] < bits[0] - 1
        assert len(run.losses) == 200


def test_floors_fall_to_the_rate():
    floors = TrainingPlayground().floors
    rate = agreement(1).entropy_rate() / np.log(2)
    assert len(floors) == 5
    assert (np.diff(floors) < 1e-9).all()
    assert floors[-1] == pytest.approx(rate)


def test_exact_loss_is_the_mean_over_many_sentences():
    playground = TrainingPlayground(context=2, seed=3)
    parameters = [Tensor(array) for array in playground.run(100).parameters]
    fresh = TrainingPlayground(context=2, seed=77, sentences=5_000)
    found = float(playground.loss(parameters, *fresh.examples()).data) / np.log(2)
    # about 26,000 tokens whose surprises have a spread of less than 2.5 bits: five standard errors are 0.08
    assert playground.exact(parameters) == pytest.approx(found, abs=0.08)


@pytest.mark.parametrize("activation", ["tanh", "relu", "none"])
def test_a_step_goes_against_the_gradient(activation):
    playground = TrainingPlayground(activation=activation, rate=0.1)
    before = [Tensor(array) for array in playground.initial()]
    contexts, targets = playground.examples()
    chosen = playground.batch(0)
    loss = playground.loss(before, contexts[chosen], targets[chosen])
    for old, new, g in zip(before, playground.run(1).parameters, gradients(loss, before)):
        np.testing.assert_allclose(new, old.data - 0.1 * g)


def test_random_numbers_are_even_and_their_own():
    numbers = uniform(5, 3, 20_000)
    assert 0 <= numbers.min() < numbers.max() < 1
    # a count of 2,000 in each tenth, give or take sqrt(2000 · 0.9) = 42; six of them
    np.testing.assert_allclose(np.histogram(numbers, bins=10, range=(0, 1))[0], 2_000, atol=255)
    # correlations of independent numbers: 1/sqrt(20000) = 0.007; six of them
    for other in (np.roll(numbers, 1), uniform(5, 4, 20_000), uniform(6, 3, 20_000)):
        assert abs(np.corrcoef(numbers, other)[0, 1]) < 0.042


def test_state_is_small_json_and_the_page_can_set_it():
    widget = TrainingPlayground()
    state = {name: value for name, value in widget.get_state().items() if not isinstance(value, bytes)}
    size = len(json.dumps(state, allow_nan=False)) - len(widget._esm) - len(widget._css) - len(widget._ui)
    assert size < 40_000
    widget.set_state({"context": 4, "rate": 1, "step": 7})
    assert (widget.context, widget.rate, widget.step) == (4, 1.0, 7)


def test_a_run_that_explodes_ends_there():
    run = TrainingPlayground(rate=10.0, activation="none", context=4, width=12).run(300)
    assert len(run.losses) < 300
    assert np.isfinite(run.losses).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"context": 5}, r"context=5 is not offered; choose one of \[1, 2, 3, 4\]"),
        ({"width": 5}, "width=5 is not offered"),
        ({"rate": 0.2}, "rate=0.2 is not offered"),
        ({"seed": -1}, "seed=-1 must be a whole number, 0 or more"),
        ({"sentences": 9_000}, "sentences=9,000 are too many for a page; 5,000 at most"),
        ({"world": agreement(4)}, "windows of 4 tokens, and a page takes 2,000; choose a smaller world"),
    ],
)
def test_bad_input_is_named(settings, said):
    with pytest.raises(ValueError, match=said):
        TrainingPlayground(**settings)


def test_a_setting_out_of_range_leaves_the_widget_as_it_was():
    widget = TrainingPlayground()
    with pytest.raises(ValueError, match="step=2001 must lie between 0 and 2000"):
        widget.step = 2001
    assert widget.step == 0
