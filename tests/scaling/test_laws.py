"""Laws of loss: exact data give the law back, noisy ones cover it, and the advice is the cheapest."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from lmcourse.scaling.laws import Law, bootstrap, fit

TRUE = Law(E=1.2, A=30.0, B=50.0, alpha=0.6, beta=0.4)
N, D = (
    x.ravel() for x in np.meshgrid(1000 * 2.0 ** np.arange(6), 50_000 * 2.0 ** np.arange(6), indexing="ij")
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("spread", ["even", "loss", "excess"])
@pytest.mark.parametrize("law", [TRUE, Law(0.3, 500.0, 5.0, 0.9, 0.25), Law(2.0, 3.0, 900.0, 0.3, 0.6)])
def test_losses_that_follow_a_law_give_it_back(law, spread):
    assert fit(N, D, law.loss(N, D), spread) == pytest.approx(law, rel=1e-5)


def by_brute_force(y: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """The exponents with the smallest weighted squares, each pair's E, A and B by a linear regression."""
    grid = np.linspace(0.3, 0.8, 101)
    left = {}
    for alpha in grid:
        for beta in grid:
            columns = np.stack([np.ones_like(N), N**-alpha, D**-beta], axis=1) * weights[:, None] ** 0.5
            left[alpha, beta] = np.linalg.lstsq(columns, y * weights**0.5, rcond=None)[1][0]
    return min(left, key=left.get)


def test_a_fit_is_the_smallest_of_all_squares(rng):
    noisy = TRUE.loss(N, D) * np.exp(0.01 * rng.normal(size=N.shape))
    found = fit(N, D, noisy, "even")
    assert (found.alpha, found.beta) == pytest.approx(by_brute_force(noisy, np.ones_like(N)), abs=0.0051)


def test_weights_are_those_of_the_law_that_they_give(rng):
    noisy = TRUE.loss(N, D) + 0.05 * (TRUE.loss(N, D) - TRUE.E) * rng.normal(size=N.shape)
    found = fit(N, D, noisy)
    weights = (found.loss(N, D) - found.E) ** -2.0
    assert (found.alpha, found.beta) == pytest.approx(by_brute_force(noisy, weights), abs=0.0051)


@pytest.mark.parametrize("spread", ["even", "loss", "excess"])
def test_a_library_s_least_squares_end_at_the_same_law(rng, spread):
    """From the law that was found, with the weights that it gives: what is the least does not move."""
    noisy = TRUE.loss(N, D) + 0.03 * (TRUE.loss(N, D) - TRUE.E) * rng.normal(size=N.shape)
    found = fit(N, D, noisy, spread)
    error = {"even": 1.0, "loss": found.loss(N, D), "excess": found.loss(N, D) - found.E}[spread]

    def off(numbers: np.ndarray) -> np.ndarray:
        e, a, b, alpha, beta = numbers
        return (e + np.exp(a) * N**-alpha + np.exp(b) * D**-beta - noisy) / error

    start = np.array([found.E, np.log(found.A), np.log(found.B), found.alpha, found.beta])
    theirs = least_squares(off, start * 1.1, x_scale=start, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert theirs.x == pytest.approx(start, rel=2e-4)


def test_with_hubers_loss_a_library_ends_at_the_same_law(rng):
    """Some relative errors below the bend, some above: as Hoffmann et al. fit, but for logarithms."""
    noisy = TRUE.loss(N, D) * np.exp(0.01 * rng.standard_t(2, size=N.shape))
    found = fit(N, D, noisy, "loss", huber=0.01)
    error = found.loss(N, D)

    def off(numbers: np.ndarray) -> np.ndarray:
        e, a, b, alpha, beta = numbers
        return (e + np.exp(a) * N**-alpha + np.exp(b) * D**-beta - noisy) / error

    start = np.array([found.E, np.log(found.A), np.log(found.B), found.alpha, found.beta])
    assert 5 < (np.abs(off(start)) > 0.01).sum() < len(N) - 5
    theirs = least_squares(
        off, start * 1.05, loss="huber", f_scale=0.01, x_scale=start, xtol=1e-14, ftol=1e-14
    )
    assert theirs.x == pytest.approx(start, rel=1e-3)


def test_one_wild_run_moves_a_robust_fit_less():
    y = TRUE.loss(N, D)
    y[7] *= 1.3
    plain, robust = fit(N, D, y, "loss"), fit(N, D, y, "loss", huber=1e-3)
    assert abs(robust.E - TRUE.E) < 0.1 * abs(plain.E - TRUE.E)


def test_intervals_cover_the_truth_about_as_often_as_they_say(rng):
    excess = TRUE.loss(N, D) - TRUE.E
    covered = []
    for _ in range(25):
        noisy = TRUE.loss(N, D) + 0.03 * excess * rng.normal(size=N.shape)
        low, high = np.quantile(bootstrap(N, D, noisy, rng, repeats=40).alpha, [0.05, 0.95])
        covered.append(low <= TRUE.alpha <= high)
    assert 0.6 < np.mean(covered) < 1  # 0.9 is promised; samples of 36 runs are small


def test_many_fits_at_once_are_the_single_ones(rng):
    rows = TRUE.loss(N, D) * np.exp(0.01 * rng.normal(size=(3, len(N))))
    together = np.array(fit(N, D, rows))
    alone = np.array([fit(N, D, row) for row in rows]).T
    np.testing.assert_allclose(together, alone, rtol=1e-4)


@pytest.mark.parametrize("flops", [1e12, 1e18, 5.76e23])
def test_no_other_split_of_the_work_is_better(flops):
    best, tokens = TRUE.best_split(flops)
    assert 6 * best * tokens == pytest.approx(flops)
    others = best * np.array([0.5, 0.99, 1.01, 2])
    assert (TRUE.loss(others, flops / 6 / others) > TRUE.loss(best, tokens)).all()


@pytest.mark.parametrize(
    ("law", "ratio"),
    [
        (Law(1.69, 406.4, 410.7, 0.34, 0.28), 92.6),  # Hoffmann et al. (2022), as printed
        (Law(1.8172, 482.01, 2085.43, 0.3478, 0.3658), 18.4),  # Besiroglu et al. (2024), fitted anew
    ],
)
def test_published_constants_disagree_by_five(law, ratio):
    n_params, n_tokens = law.best_split(5.76e23)
    assert n_tokens / n_params == pytest.approx(ratio, abs=0.06)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((N[:5], D[:5], D[:5]), "5 runs are too few"),
        ((N, D, -D), "each loss must be above 0"),
        ((N * 0, D, D), "each size must be above 0"),
        ((N * 0 + 7, D, D), "one or two sizes"),
        ((N, D * 0 + 7, D), "one or two numbers of tokens"),
        ((N, D[:4], D), "one of each a run"),
        ((N, D, D, "wide"), "spread='wide' must be one of"),
    ],
)
def test_what_cannot_be_fitted_says_why(arguments, words):
    with pytest.raises(ValueError, match=words):
        fit(*arguments)


def test_runs_that_share_their_error_are_drawn_together(rng):
    """Each run written down four times tells no more than once: only groups know it."""
    noisy = TRUE.loss(N, D) + 0.03 * (TRUE.loss(N, D) - TRUE.E) * rng.normal(size=N.shape)
    once = bootstrap(N, D, noisy, np.random.default_rng(0), 100).E.std()
    n, d, y = (np.tile(x, 4) for x in (N, D, noisy))
    alone = bootstrap(n, d, y, np.random.default_rng(0), 100).E.std()
    together = bootstrap(n, d, y, np.random.default_rng(0), 100, groups=np.tile(np.arange(len(N)), 4)).E.std()
    assert together == pytest.approx(once, rel=1e-4)
    assert alone == pytest.approx(once / 2, rel=0.3)
    with pytest.raises(ValueError, match="3 labels of groups for 36 runs"):
        bootstrap(N, D, noisy, rng, 5, groups=[0, 1, 2])
