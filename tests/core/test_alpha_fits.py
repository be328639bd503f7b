"""All Normals at which an alpha-divergence is stationary, and how they move with alpha."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from explorer.core import (
    Mixture,
    Normal,
    alpha_branches,
    alpha_divergence,
    alpha_fits,
    fit_alpha_divergence,
    fit_forward_kl,
    fit_reverse_kl,
    renyi_divergence,
)

PAIR = Mixture([0.6, 0.4], (Normal(-3.0, 1.0), Normal(3.0, 1.2)))
components = st.tuples(st.floats(-6, 6), st.floats(0.3, 2.5), st.floats(0.05, 1))
orders = st.sampled_from([1e-16, 0.01, 0.1, 0.3, 0.49, 0.5, 0.7, 0.9, 0.999, 1 - 1e-16])


def mixture(parts):
    means, widths, weights = map(np.array, zip(*parts, strict=True))
    return Mixture(weights / weights.sum(), tuple(map(Normal, means.tolist(), widths.tolist())))


def rows(fits):
    return np.array([(f.q.mu, f.q.sigma, f.value) for f in fits])


@settings(max_examples=60, deadline=None)
@given(st.lists(components, min_size=1, max_size=4), orders)
def test_at_every_fit_the_tilted_distribution_has_the_moments_of_q(parts, alpha):
    """Where D is stationary, p^alpha q^(1-alpha) has q's mean and variance (Minka 2005)."""
    p = mixture(parts)
    fits = fit_alpha_divergence(p, alpha)
    assert fits.converged
    assert len(fits.minima) == len(fits.saddles) + 1
    for fit in (*fits.minima, *fits.saddles):
        x = np.linspace(-80, 80, 400_001)
        log_r = alpha * p.log_prob(x) + (1 - alpha) * fit.q.log_prob(x)
        r = np.exp(log_r - log_r.max())
        r /= r.sum()
        assert r @ x == pytest.approx(fit.q.mu, abs=1e-7)
        assert r @ (x - fit.q.mu) ** 2 == pytest.approx(fit.q.sigma**2, rel=1e-7)
        assert fit.value == pytest.approx(float(alpha_divergence(p, fit.q, alpha)), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(components, min_size=2, max_size=3),
    st.sampled_from([0.05, 0.3, 0.6]),
    st.integers(0, 2**32 - 1),
)
def test_every_other_search_ends_in_one_of_the_minima(parts, alpha, seed):
    p = mixture(parts)
    minima = rows(fit_alpha_divergence(p, alpha).minima)
    rng = np.random.default_rng(seed)
    start = [rng.uniform(-6, 6), rng.uniform(-1, 1.5)]
    end = minimize(
        lambda at: float(renyi_divergence(p, Normal(at[0], np.exp(at[1])), alpha)),
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 2000},
    )
    value = alpha_divergence(p, Normal(end.x[0], np.exp(end.x[1])), alpha)
    assert value >= minima[0, 2] - 1e-10
    assert np.abs(minima[:, 2] - value).min() < 1e-8


@settings(max_examples=30, deadline=None)
@given(st.lists(components, min_size=1, max_size=3))
def test_the_ends_are_the_reverse_and_the_forward_fit(parts):
    p = mixture(parts)
    assert fit_alpha_divergence(p, 0.0) == fit_reverse_kl(p)
    (only,) = fit_alpha_divergence(p, 1.0).minima
    forward = fit_forward_kl(p)
    assert only.q == forward.q
    assert only.value == pytest.approx(forward.value, abs=1e-12)


def test_fits_go_over_into_those_of_both_ends():
    nearly = fit_alpha_divergence(PAIR, 1e-6), fit_alpha_divergence(PAIR, 1 - 1e-6)
    for fits, end in zip(nearly, (0.0, 1.0), strict=True):
        ends = fit_alpha_divergence(PAIR, end)
        np.testing.assert_allclose(rows(fits.minima), rows(ends.minima), rtol=1e-4)


def test_the_best_fit_changes_sides_once_on_the_way_and_the_others_die_out():
    branches = alpha_branches(PAIR)
    number = [len(points.minima) for points in branches.points]
    assert number[0] == 3
    assert number[-1] == 1
    assert sorted(number, reverse=True) == number
    best = [points.minima[points.minima[:, 2].argmin()] for points in branches.points]
    widths = [sigma for _, sigma, _ in best]
    jumps = np.abs(np.diff(np.log(widths))) > 0.5
    assert jumps.sum() == 1
    assert widths[0] < 1.2
    assert widths[-1] == pytest.approx(float(np.sqrt(PAIR.variance())))


@pytest.mark.parametrize("alpha", [0.0, 0.033, 0.21, 0.4567, 0.99, 1.0])
def test_a_point_on_the_branches_equals_a_search(alpha):
    got, want = alpha_branches(PAIR).at(alpha), fit_alpha_divergence(PAIR, alpha)
    np.testing.assert_allclose(rows(got.minima), rows(want.minima), atol=1e-8)
    np.testing.assert_allclose(rows(got.minima)[:, 2], rows(want.minima)[:, 2], atol=1e-12)


def test_with_sigma_held_only_mu_is_fitted():
    fits = fit_alpha_divergence(PAIR, 0.2, fixed_sigma=1.0)
    mu, sigma, value = rows(fits.minima).T
    assert (sigma == 1).all()
    assert len(mu) == 2
    for side in (-1e-3, 1e-3):
        for at, least in zip(mu, value, strict=True):
            assert float(alpha_divergence(PAIR, Normal(at + side, 1.0), 0.2)) > least


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan, [0.2, 0.3], "half"])
def test_an_alpha_that_is_none_is_named(bad):
    with pytest.raises(ValueError, match=r"^alpha "):
        fit_alpha_divergence(PAIR, bad)


@pytest.mark.parametrize("separation", [11.184, 11.204])
def test_three_zeros_close_to_each_other_on_one_valley_are_told_apart(separation):
    half = separation / 2
    parts = Normal(-half, 3.01090656), Normal(half, 0.81887627)
    fits = fit_reverse_kl(Mixture([0.30293521, 0.69706479], parts))
    assert fits.converged
    assert (len(fits.minima), len(fits.saddles)) == (3, 2)


@pytest.mark.parametrize("alpha", [0.0948, 0.0954, 0.0968])
def test_a_shallow_minimum_beside_another_is_found(alpha):
    shares = np.array([1.0, 0.5, 0.3125, 0.19140625, 0.09375])
    means, widths = (2.375, 0.0, -7.1875, -7.375, -4.0), (2.03125, 0.46875, 3.5, 2.625, 4.0)
    p = Mixture(shares / shares.sum(), tuple(map(Normal, means, widths)))
    fits = fit_alpha_divergence(p, alpha)
    assert fits.converged
    assert (len(fits.minima), len(fits.saddles)) == (2, 1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(components, min_size=2, max_size=5),
    st.sampled_from([0.0, 1e-80, 0.02, 0.1, 0.3, 0.5, 0.8, 0.95]),
)
def test_a_grid_finds_what_following_the_valleys_finds(parts, alpha):
    search = alpha_fits._Search.of(mixture(parts), alpha, None)
    on_grid, along = (
        search._searched(),
        search._polished(*alpha_fits._starts(search.table, alpha, 12)),
    )
    if on_grid.converged and along.converged:
        np.testing.assert_allclose(all_rows(on_grid), all_rows(along), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("beyond", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize(("weight", "sigma"), [(0.6, 1.2), (0.3, 0.8), (0.7, 2.0), (0.45, 1.0)])
def test_two_that_have_just_been_born_are_both_found(weight, sigma, beyond):
    def minima(separation):
        parts = Normal(-separation / 2, 1.0), Normal(separation / 2, sigma)
        return len(fit_reverse_kl(Mixture([weight, 1 - weight], parts)).minima)

    low, high = 2.0, 7.0  # with one minimum, and with more
    assert minima(low) == 1
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if minima(middle) == 1 else (low, middle)
    assert minima(high + beyond) == 2


@pytest.mark.parametrize("separation", [50, 1e3, 1e4])
def test_far_apart_there_are_three(separation):
    p = Mixture([0.5, 0.5], (Normal(0.0, 1.0), Normal(separation, 1.0)))
    fits = fit_reverse_kl(p)
    assert fits.converged
    assert (len(fits.minima), len(fits.saddles)) == (3, 2)
    # A wide q sees log p as a parabola of |x|: sigma = d sqrt(2 / pi) / 2, but for d^-2.
    assert fits.minima[2].q.mu == pytest.approx(separation / 2, rel=1e-8)
    assert fits.minima[2].q.sigma == pytest.approx(separation / np.sqrt(2 * np.pi), rel=3e-3)


@pytest.mark.parametrize("sigma", [5.0, 10.0, 100.0])
def test_a_wide_q_lies_between_two_narrow_peaks(sigma):
    p = Mixture((0.5, 0.5), (Normal(0, 1e-3), Normal(1, 1e-3)))
    fits = fit_reverse_kl(p, fixed_sigma=sigma)
    assert fits.converged
    assert [fit.q.mu for fit in fits.minima] == [pytest.approx(0.5, abs=1e-9)]


@pytest.mark.parametrize(("weight", "alpha", "fixed_sigma"), [
    (0.5, 0.0, None), (0.5, 0.1, None), (0.6, 0.0, None), (0.7, 0.1, None),
    (0.6, 0.0, 1.0), (0.7, 0.0, 1.0), (0.7, 0.3, 1.0),
])  # fmt: skip
def test_pairs_are_found_as_soon_as_they_are_born(weight, alpha, fixed_sigma):
    """Bisected down to 1e-6, the place of a fold is one place, with the pair on its one side."""

    def fits(separation):
        half = separation / 2
        p = Mixture([weight, 1 - weight], (Normal(-half, 1.0), Normal(half, 1.0)))
        found = fit_alpha_divergence(p, alpha, fixed_sigma)
        assert found.converged
        assert len(found.minima) == len(found.saddles) + 1
        return len(found.minima)

    low, high = 1.0, 6.5
    before, after = fits(low), fits(high)
    assert before < after
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) == before else (low, middle)
    for offset in (1e-6, 3e-6, 1e-5, 1e-4, 1e-3):
        assert fits(low - offset) == before
        assert fits(high + offset) > before


# Followed from a neighbour


def pair(separation, weight=0.5):
    half = separation / 2
    return Mixture([weight, 1 - weight], (Normal(-half, 1.0), Normal(half, 1.2)))


def all_rows(fits):
    return rows((*fits.minima, *fits.saddles))


@pytest.mark.parametrize("separation", [2.0, 4.9, 5.4, 6.0, 9.0])
@pytest.mark.parametrize("fixed_sigma", [None, 1.0])
def test_followed_fits_equal_searched_ones(separation, fixed_sigma):
    near = fit_reverse_kl(pair(separation + 0.1), fixed_sigma)
    p = pair(separation)
    followed, searched = fit_reverse_kl(p, fixed_sigma, near), fit_reverse_kl(p, fixed_sigma)
    np.testing.assert_allclose(all_rows(followed), all_rows(searched), atol=1e-8)
    assert followed.converged


def test_a_neighbour_with_other_fits_is_noticed():
    far, close = pair(8.0), pair(3.0)
    assert len(fit_reverse_kl(close, near=fit_reverse_kl(far)).minima) == 1
