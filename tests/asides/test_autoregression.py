"""AR models against hand arithmetic, matrices built another way, and processes whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lmcourse.asides.autoregression import (
    AutoRegression,
    NumberModel,
    autocorrelation,
    fit,
    forecast,
    impulse_response,
    nats_per_step,
    simulate,
    yule_walker,
)
from lmcourse.vocabulary import Vocabulary

TRUTH = AutoRegression(1.0, (1.2, -0.6), 0.5)


def test_fit_by_hand():
    # Pairs (x_{t-1}, x_t): (0,1), (1,3), (3,4). Means 4/3 and 8/3; Sxy = 15 - 3·(4/3)(8/3) = 13/3,
    # Sxx = 10 - 3·16/9 = 14/3, so phi = 13/14 and intercept = 8/3 - 13/14·4/3 = 10/7.
    # Residuals: 1 - 10/7 = -6/14, 3 - 33/14 = 9/14, 4 - 59/14 = -3/14; their squares sum to 126/196 = 9/14.
    model = fit([0, 1, 3, 4], 1)
    assert model.intercept == pytest.approx(10 / 7)
    assert model.coefficients == pytest.approx((13 / 14,))
    assert model.sigma == pytest.approx(math.sqrt(9 / 14 / 3))
    # standard error: sqrt(s² / Sxx) with s² = (9/14) / (3 - 2)
    assert model.errors == pytest.approx((math.sqrt((9 / 14) / (14 / 3)),))


def test_fit_solves_the_normal_equations_written_out_value_by_value():
    x = simulate(TRUTH, 60, np.random.default_rng(0))
    rows = [[1.0] + [x[t - k] for k in (1, 2, 3)] for t in range(3, len(x))]
    answers = [x[t] for t in range(3, len(x))]
    a, b = np.array(rows), np.array(answers)
    solution = np.linalg.solve(a.T @ a, a.T @ b)
    model = fit(x, 3)
    assert (model.intercept, *model.coefficients) == pytest.approx(tuple(solution), rel=1e-9)


def test_order_zero_is_the_mean_and_the_spread():
    model = fit([1, 2, 6], 0)
    assert (model.intercept, model.coefficients) == (pytest.approx(3), ())
    assert model.sigma == pytest.approx(math.sqrt((4 + 1 + 9) / 3))


@pytest.mark.parametrize("method", [fit, yule_walker])
def test_a_known_process_is_recovered(method):
    x = simulate(TRUTH, 4000, np.random.default_rng(1))
    model = method(x, 2)
    # standard error of an AR(2): sqrt((1 - phi_2²) / T) = sqrt(0.64 / 4000) = 0.0126; 4 of them
    assert model.coefficients == pytest.approx(TRUTH.coefficients, abs=4 * 0.0126)
    assert model.mean == pytest.approx(TRUTH.mean, abs=0.1)
    assert model.sigma == pytest.approx(0.5, rel=0.05)


def test_standard_errors_are_the_spread_over_repetitions():
    rng = np.random.default_rng(2)
    fits = [fit(simulate(TRUTH, 200, rng), 2) for _ in range(300)]
    spread = np.std([f.coefficients for f in fits], axis=0)
    claimed = np.mean([f.errors for f in fits], axis=0)
    assert claimed == pytest.approx(spread, rel=0.2)  # the spread of 300 itself wobbles by 1/sqrt(600) = 4 %


def test_yule_walker_by_hand():
    # x = 0 1 3 4, mean 2: deviations -2 -1 1 2, power 10, lag-1 product 2 - 1 + 2 = 3: phi = 0.3
    model = yule_walker([0, 1, 3, 4], 1)
    assert model.coefficients == pytest.approx((0.3,))
    assert model.mean == pytest.approx(2)
    assert model.sigma == pytest.approx(math.sqrt(2.5 * (1 - 0.3 * 0.3)))


def test_yule_walker_is_stationary_where_least_squares_explodes():
    x = 1.1 ** np.arange(40)
    assert fit(x, 1).coefficients[0] == pytest.approx(1.1)
    with pytest.raises(ValueError, match="no long-run mean"):
        _ = fit(x, 1).mean
    assert abs(yule_walker(x, 1).coefficients[0]) < 1
    assert math.isfinite(yule_walker(x, 1).mean)


def test_autocorrelation_of_an_ma1():
    # theta = 0.8: lag 1 is 0.8 / (1 + 0.64) = 0.488, all later ones 0
    white = AutoRegression(0.0, (), 1.0)
    r = autocorrelation(simulate(white, 20_000, np.random.default_rng(3), ma=[0.8]), 4)
    assert r[0] == 1
    assert r[1] == pytest.approx(0.8 / 1.64, abs=0.03)
    assert np.all(np.abs(r[2:]) < 0.04)


def test_training_cost_is_the_entropy_of_the_residual_bell():
    x = simulate(TRUTH, 300, np.random.default_rng(4))
    model = fit(x, 2)
    assert nats_per_step(model, x) == pytest.approx(0.5 * math.log(2 * math.pi * math.e * model.sigma**2))


def test_nats_per_step_by_hand_and_under_a_change_of_unit():
    # x = 1, 1, 3 under x_t = x_{t-1} + e, sigma 2: residuals 0 and 2, z² = 0 and 1
    model = AutoRegression(0.0, (1.0,), 2.0)
    assert nats_per_step(model, [1, 1, 3, 3]) == pytest.approx((1 / 6) + math.log(2 * math.sqrt(2 * math.pi)))
    x = simulate(TRUTH, 100, np.random.default_rng(5))
    metres, millimetres = fit(x, 2), fit(1000 * x, 2)
    difference = nats_per_step(millimetres, 1000 * x) - nats_per_step(metres, x)
    assert difference == pytest.approx(math.log(1000))
    assert nats_per_step(fit(x / 1000, 2), x / 1000) < 0


@pytest.mark.parametrize(
    ("ar", "ma", "expected"),
    [
        ((0.5,), (), [1, 0.5, 0.25, 0.125]),
        ((), (0.8, 0.3), [1, 0.8, 0.3, 0]),
        ((0.5,), (0.4,), [1, 0.9, 0.45, 0.225]),  # 0.5 + 0.4, then halved each time
        ((), (), [1, 0, 0, 0]),
    ],
)
def test_impulse_response_by_hand(ar, ma, expected):
    assert impulse_response(ar, ma, 4) == pytest.approx(expected)


def test_forecast_by_hand():
    # mean: 1 + 0.5·4 = 3, 1 + 0.5·3 = 2.5; variance: 4, then 4·(1 + 0.25)
    means, deviations = forecast(AutoRegression(1.0, (0.5,), 2.0), [9, 4], 2)
    assert means == pytest.approx([3, 2.5])
    assert deviations == pytest.approx([2, math.sqrt(5)])


def test_forecast_agrees_with_many_simulated_futures():
    rng = np.random.default_rng(6)
    past = [1.0, 4.0]
    futures = np.array([simulate(TRUTH, 6, rng, past=past) for _ in range(4000)])
    means, deviations = forecast(TRUTH, past, 6)
    assert futures.mean(axis=0) == pytest.approx(means, abs=4 * deviations.max() / math.sqrt(4000))
    assert futures.std(axis=0) == pytest.approx(deviations, rel=0.06)


def test_far_forecast_forgets_the_past():
    means, deviations = forecast(TRUTH, [100.0, -100.0], 200)
    assert means[-1] == pytest.approx(TRUTH.mean)
    # stationary variance of an AR(2): sigma² (1-b) / ((1+b) ((1-b)² - a²)) with a = 1.2, b = -0.6
    assert deviations[-1] ** 2 == pytest.approx(0.25 * 1.6 / (0.4 * (1.6**2 - 1.2**2)))


def test_simulation_repeats_with_its_seed_and_continues_the_past():
    a, b = (simulate(TRUTH, 5, np.random.default_rng(7)) for _ in range(2))
    assert a.tolist() == b.tolist()
    still = AutoRegression(0.0, (2.0,), 1e-9)
    assert simulate(still, 3, np.random.default_rng(0), past=[1.0]) == pytest.approx([2, 4, 8])


def number_model(order=1):
    """Bins below 0.5, 0.5 to 1.5, above 1.5, for the values 0, 1, 2."""
    ar = AutoRegression(0.5, (0.5,) * order, 1.0) if order == 1 else AutoRegression(1.0, (), 1.0)
    return NumberModel(ar, Vocabulary(["0", "1", "2"]), [0, 1, 2], [0.5, 1.5])


def test_number_model_gives_the_areas_under_the_bell():
    # after "2" the mean is 0.5 + 0.5·2 = 1.5; P(below 0.5) = Phi(-1) = 0.158655, P(0.5 to 1.5) = 0.341345
    assert number_model().next_probs("1 2") == pytest.approx([0.158655, 0.341345, 0.5], abs=1e-6)
    # an empty context: the long-run mean, 0.5 / (1 - 0.5) = 1, in the middle of the middle bin
    assert number_model().next_probs("") == pytest.approx([0.308538, 0.382925, 0.308538], abs=1e-6)


def test_number_model_takes_contexts_of_all_lengths_and_sums_to_one():
    model = number_model()
    rows = model.next_log_probs([[], [2], [0, 1, 2, 0]])
    assert np.exp(rows).sum(axis=1) == pytest.approx(np.ones(3))
    assert np.exp(number_model(order=0).next_log_probs([[0, 1]])).sum() == pytest.approx(1)


def test_number_model_keeps_both_tails_far_from_the_mean():
    # mean 0, sigma 1; areas by table: P(Z > 9) = 1.12859e-19, P(Z > 10) = 7.61985e-24
    model = NumberModel(
        AutoRegression(0.0, (), 1.0), Vocabulary("abcde"), [-10, -9, 0, 9, 10], [-10, -9, 9, 10]
    )
    tail, bin_ = math.log(7.61985e-24), math.log(1.12859e-19 - 7.61985e-24)
    assert model.next_log_probs([[]])[0] == pytest.approx([tail, bin_, 0, bin_, tail], abs=1e-5)


def test_number_model_needs_a_long_run_mean_only_for_what_is_missing():
    walk = AutoRegression(0.0, (1.0,), 1.0)  # a random walk has none
    model = NumberModel(walk, Vocabulary(["0", "1", "2"]), [0, 1, 2], [0.5, 1.5])
    # after "1" the mean is 1, in the middle of the middle bin
    assert model.next_probs("0 1") == pytest.approx([0.308538, 0.382925, 0.308538], abs=1e-6)
    with pytest.raises(ValueError, match="no long-run mean"):
        model.next_probs("")


def test_number_model_weighs_the_latest_value_first():
    ar = AutoRegression(0.0, (0.9, 0.0), 0.1)
    model = NumberModel(ar, Vocabulary(["0", "1", "2"]), [0, 1, 2], [0.5, 1.5])
    assert int(np.argmax(model.next_probs("2 0"))) == 0
    assert int(np.argmax(model.next_probs("0 2"))) == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AutoRegression(0.0, (), 0.0), "sigma=0.0 must be above 0"),
        (lambda: fit([1, 2, 3], 1), "order=1 needs at least 4 values, got 3"),
        (lambda: fit([1, 2, 3], -1), "order=-1 must be a whole number"),
        (lambda: fit([1, 2, 3], 0.5), "order=0.5 must be a whole number"),
        (lambda: fit([1, 2, math.nan, 4], 1), "finite"),
        (lambda: fit([[1, 2], [3, 4]], 0), "one row"),
        (lambda: fit([5, 5, 5, 5, 5, 5], 1), "collinear"),
        (lambda: autocorrelation([5, 5, 5, 5], 1), "constant"),
        (lambda: forecast(TRUTH, [1.0], 3), r"AR\(2\) needs 2 past values"),
        (lambda: simulate(AutoRegression(0, (1.0,), 1), 3, np.random.default_rng(0)), "no long-run mean"),
        (lambda: NumberModel(TRUTH, Vocabulary("ab"), [0, 1], [0.2, 0.5]), "one edge less"),
        (lambda: NumberModel(TRUTH, Vocabulary("abc"), [0, 1, 2], [0.5, 0.5]), "rise"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
