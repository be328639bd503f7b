"""The bifurcation diagram of two Normals: where reverse fits are born, exchanged and lost."""

import numpy as np
import pytest

from explorer.core import Mixture, Normal, fit_reverse_kl, reverse_branches


def changes(branches):
    """The separations at which the number of minima changes, with the numbers on either side."""
    counts = [len(fits.minima) for fits in branches.fits]
    pairs = zip(branches.positions, branches.positions[1:], counts, counts[1:], strict=False)
    return [((a + b) / 2, m, n) for a, b, m, n in pairs if m != n]


def test_equal_unit_normals_fold_at_4_8245_and_keep_the_covering_fit():
    ((fold, before, after),) = changes(reverse_branches((0.5, 0.5), (1.0, 1.0), 16.0))
    assert (before, after) == (1, 3)
    assert fold == pytest.approx(4.8245, abs=0.006)


def test_the_single_modes_win_from_5_6002_on():
    branches = reverse_branches((0.5, 0.5), (1.0, 1.0), 8.0)
    below, above = (branches.at(5.6002 + side).minima[0].q for side in (-1e-4, 1e-4))
    assert abs(below.mu) < 1e-6
    assert abs(above.mu) > 2


def test_with_unequal_weights_the_covering_fit_dies_at_10_02():
    *_, (end, before, after) = changes(reverse_branches((0.6, 0.4), (1.0, 1.0), 14.0))
    assert (before, after) == (3, 2)
    assert end == pytest.approx(10.02, abs=0.01)


def test_at_fixed_sigma_the_centre_loses_its_stability_at_2_9217():
    ((fork, before, after),) = changes(reverse_branches((0.5, 0.5), (1.0, 1.0), 8.0, 1.0))
    assert (before, after) == (1, 2)
    assert fork == pytest.approx(2.9217, abs=0.004)


@pytest.mark.parametrize("separation", [0.3, 3.0, 5.55, 8.1, 13.9, 15.0])
@pytest.mark.parametrize("weight", [0.5, 0.7])
def test_a_point_on_the_branches_equals_a_search(separation, weight):
    branches = reverse_branches((weight, 1 - weight), (1.0, 0.8), 14.0)
    half = separation / 2
    p = Mixture([weight, 1 - weight], (Normal(-half, 1.0), Normal(half, 0.8)))
    for got, want in zip(branches.at(separation).minima, fit_reverse_kl(p).minima, strict=True):
        assert got.value == pytest.approx(want.value, abs=1e-11)
        assert got.q.mu == pytest.approx(want.q.mu, abs=1e-7)


@pytest.mark.parametrize("separation", [12.25, 14.0, 20.0, 40.0])
def test_far_covering_fits_are_found(separation):
    half = separation / 2
    fits = fit_reverse_kl(Mixture([0.5, 0.5], (Normal(-half, 1.0), Normal(half, 1.0))))
    assert (len(fits.minima), len(fits.saddles)) == (3, 2)
    assert abs(fits.minima[-1].q.mu) < 1e-9


def test_curves_hold_every_minimum_and_part_the_branches():
    branches = reverse_branches((0.5, 0.5), (1.0, 1.0), 8.0)
    separation, mu, value = branches.curves()
    assert np.isfinite(value).sum() == sum(len(fits.minima) for fits in branches.fits)
    assert np.isnan(separation).sum() == np.isnan(mu).sum() == 4  # one branch, then three
