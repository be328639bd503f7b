"""Reverse fits that are followed from a neighbour equal those that are searched afresh."""

import numpy as np
import pytest

from explorer.core import Mixture, Normal, fit_reverse_kl


def pair(separation, weight=0.5):
    half = separation / 2
    return Mixture([weight, 1 - weight], (Normal(-half, 1.0), Normal(half, 1.2)))


def rows(fits):
    return np.array([(f.q.mu, f.q.sigma, f.value) for f in (*fits.minima, *fits.saddles)])


@pytest.mark.parametrize("separation", [2.0, 4.9, 5.4, 6.0, 9.0])
@pytest.mark.parametrize("fixed_sigma", [None, 1.0])
def test_followed_fits_equal_searched_ones(separation, fixed_sigma):
    near = fit_reverse_kl(pair(separation + 0.1), fixed_sigma)
    p = pair(separation)
    followed, searched = fit_reverse_kl(p, fixed_sigma, near), fit_reverse_kl(p, fixed_sigma)
    np.testing.assert_allclose(rows(followed), rows(searched), atol=1e-8)
    assert followed.converged


def test_a_neighbour_with_other_fits_is_noticed():
    far, close = pair(8.0), pair(3.0)
    assert len(fit_reverse_kl(close, near=fit_reverse_kl(far)).minima) == 1
