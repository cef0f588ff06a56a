"""The law without a floor: its fit finds a law that made the losses, and refuses what cannot be."""

import numpy as np
import pytest

from lmcourse.scaling.kaplan import RATIOS, TRIED_D, KaplanLaw, fit_kaplan


def test_the_loss_by_hand():
    # (4 / 4^(1/2) + 8 / 4)^2 with α_N = 1 and α_D = 2: (2 + 2)^2
    assert KaplanLaw(1.0, 2.0, 4.0, 8.0).loss(4.0, 4.0) == pytest.approx(16)


def test_a_fit_finds_the_law_that_made_the_losses():
    n, d = (x.ravel() for x in np.meshgrid(np.geomspace(1e3, 1e5, 6), np.geomspace(1e4, 1e6, 6)))
    alpha_d, ratio = TRIED_D[40], RATIOS[50]
    made = KaplanLaw(alpha_d * ratio, alpha_d, 30.0, 2e4)
    found = fit_kaplan(n, d, made.loss(n, d))
    assert found == pytest.approx(made, rel=1e-6)
    assert found.loss(n, d) == pytest.approx(made.loss(n, d))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"each loss must be above 0; got -1.0"):
        fit_kaplan([1, 2], [1, 2], [1, -1])
