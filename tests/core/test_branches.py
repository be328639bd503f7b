"""The bifurcation diagram of two Normals: where reverse fits are born, exchanged and lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core import (
    Mixture,
    Normal,
    alpha_branches,
    fit_alpha_divergence,
    fit_reverse_kl,
    reverse_branches,
)

weights = st.floats(0.02, 1)
widths = st.floats(0.3, 4)
components = st.tuples(weights, st.floats(-8, 8), widths)


def changes(branches):
    """The separations at which the number of minima changes, with the numbers on either side."""
    counts = [len(points.minima) for points in branches.points]
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
    separation, mu, sigma, value = branches.curves()
    assert np.isfinite(value).sum() == sum(len(points.minima) for points in branches.points)
    assert np.array_equal(np.isnan(mu), np.isnan(value))
    assert np.isnan(separation).sum() == np.isnan(sigma).sum() == 4  # one branch, then three


def rows(fits):
    return np.array(sorted((float(fit.q.mu), float(fit.q.sigma), fit.value) for fit in fits))


def assert_drawn_as_searched(branches, first, reach):
    """At every fifth of the positions that are not at an end of a branch."""
    ends = np.array([at for at, _, _ in changes(branches)])
    for at, points in list(zip(branches.positions, branches.points, strict=True))[first::5]:
        if not (np.abs(ends - at) < reach / 1000).any():
            fits = fit_alpha_divergence(*branches.problem(at))
            for drawn, searched in zip(points, (fits.minima, fits.saddles), strict=True):
                assert len(drawn) == len(searched)
                np.testing.assert_allclose(drawn.ravel(), rows(searched).ravel(), atol=1e-4)


@settings(max_examples=8, deadline=None)
@given(weights, weights, widths, widths, st.none() | st.floats(0.3, 4), st.integers(0, 4))
def test_what_is_drawn_of_two_equals_a_search(one, other, left, right, fixed_sigma, first):
    total = one + other
    shares = one / total, other / total
    branches = reverse_branches(shares, (left, right), 14.0, fixed_sigma)
    assert_drawn_as_searched(branches, first, 14.0)


@settings(max_examples=8, deadline=None)
@given(st.lists(components, min_size=1, max_size=5), st.integers(0, 4))
def test_what_is_drawn_along_alpha_equals_a_search(parts, first):
    shares, means, sigmas = map(np.array, zip(*parts, strict=True))
    p = Mixture(shares / shares.sum(), tuple(map(Normal, means.tolist(), sigmas.tolist())))
    assert_drawn_as_searched(alpha_branches(p), first, 1.0)


def test_two_fits_that_live_for_a_hundredth_of_the_range_are_found():
    branches = reverse_branches((0.31138369, 0.68861631), (0.71258653, 0.99554336), 14.0)
    assert [(before, after) for _, before, after in changes(branches)][:2] == [(1, 2), (2, 1)]
    assert len(branches.at(4.1).minima) == 2


@pytest.mark.parametrize("fixed_sigma", [None, 0.005, 1000.0])
def test_widths_and_weights_far_apart_are_no_obstacle(fixed_sigma):
    branches = reverse_branches((1.0, 0.0), (0.02, 3.0), 14.0, fixed_sigma)
    for at, points in zip(branches.positions, branches.points, strict=True):
        ((mu, sigma, _),) = points.minima
        assert mu == pytest.approx(-at / 2, abs=1e-6)
        assert sigma == pytest.approx(fixed_sigma or 0.02)
