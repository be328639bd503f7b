"""The Beta family."""

import numpy as np
import pytest

from explorer.core import Beta, fit_mle


def test_the_kernel_loss_and_the_full_loss_rank_two_predictions_in_opposite_order():
    kernel = [-Beta(4.5, 2.5).log_kernel(0.7), -Beta(8, 4).log_kernel(0.7)]
    full = [Beta(4.5, 2.5).nll(0.7), Beta(8, 4).nll(0.7)]
    np.testing.assert_allclose(kernel, [3.0543, 6.1086], atol=5e-5)
    np.testing.assert_allclose(full, [-0.7865, -1.0767], atol=5e-5)


def test_one_observation_has_no_maximum():
    with pytest.raises(ValueError, match="no maximum"):
        fit_mle(Beta, [0.7])
