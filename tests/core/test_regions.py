"""Regions of highest density: their mass, and that no other region is smaller."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core import Laplace, Mixture, Normal, StudentT, highest_density_region

finite = st.floats(-6, 6)
width = st.floats(0.2, 3)
share = st.floats(0.02, 1)


@st.composite
def mixtures(draw):
    count = draw(st.integers(1, 4))
    weights = np.array([draw(share) for _ in range(count)])
    return Mixture(
        weights / weights.sum(), tuple(Normal(draw(finite), draw(width)) for _ in range(count))
    )


def mass(p, region):
    return float((p.cdf(region[:, 1]) - p.cdf(region[:, 0])).sum())


@settings(max_examples=60, deadline=None)
@given(mixtures(), st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_it_holds_its_mass_above_one_level(p, wanted):
    region = highest_density_region(p, wanted)
    assert mass(p, region) == pytest.approx(wanted, abs=1e-9)
    assert (np.diff(region.ravel()) > 0).all()
    level = p.log_prob(region.ravel())
    assert np.ptp(level) < 1e-5
    inside = region[:, :1] + (region[:, 1:] - region[:, :1]) * np.linspace(0.001, 0.999, 50)
    assert (p.log_prob(inside) > level.min() - 1e-5).all()


def test_one_normal_has_its_quantiles():
    expected = Normal(2.0, 3.0).quantile([0.025, 0.975])
    np.testing.assert_allclose(highest_density_region(Normal(2.0, 3.0))[0], expected, atol=1e-9)


def test_separate_modes_have_an_interval_each():
    p = Mixture([0.5, 0.5], (Normal(-5.0, 1.0), Normal(5.0, 1.0)))
    region = highest_density_region(p)
    assert region.shape == (2, 2)
    np.testing.assert_allclose(region, -region[::-1, ::-1], atol=1e-9)


@pytest.mark.parametrize("bad", [0.0, 1.0, -1.0, np.nan, [0.5, 0.6]])
def test_bad_mass_is_named(bad):
    with pytest.raises(ValueError, match=r"^mass = .*: allowed is a number between 0 and 1"):
        highest_density_region(Normal(0.0, 1.0), bad)


PEAKS = [
    Mixture([1.0], (Normal(0.0, 1.0),)),
    Mixture([0.5, 0.5], (Normal(-1.5, 1.0), Normal(1.5, 1.0))),
    Mixture([0.3, 0.7], (Normal(-0.125, 1.0), Normal(0.0, 0.25))),
    Mixture([0.5, 0.5], (Normal(-1.0, 1.0), Normal(1.0, 1.0))),  # flat at its top to fourth order
    Mixture([0.3, 0.4, 0.3], (Normal(-10.0, 1.0), Normal(0.0, 0.01), Normal(10.0, 1.0))),
]


@pytest.mark.parametrize("p", PEAKS, ids=repr)
@pytest.mark.parametrize("wanted", [1e-5, 1e-3, 0.2, 0.9, 0.9999, 1 - 1e-9])
def test_little_mass_is_as_exact_as_much_and_so_is_what_is_left(p, wanted):
    region = highest_density_region(p, wanted)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    if wanted < 0.5:
        middle, half = region.mean(axis=1)[:, None], np.diff(region, axis=1) / 2
        got = (np.exp(p.log_prob(middle + half * nodes)) @ weights * half[:, 0]).sum()
        assert got == pytest.approx(wanted, rel=1e-9)
    else:
        flipped = Mixture(p.weights, tuple(Normal(-c.mu, c.sigma) for c in p.components))
        gaps = p.cdf(region[1:, 0]) - p.cdf(region[:-1, 1])
        left = p.cdf(region[0, 0]) + flipped.cdf(-region[-1, 1]) + gaps.sum()
        assert left == pytest.approx(1 - wanted, rel=1e-6, abs=1e-15)
    level = p.log_prob(region.ravel())
    assert np.ptp(level) < 1e-8


@pytest.mark.parametrize(
    "p", [Normal(0.0, 1.0), Laplace(0.0, 1.0), StudentT(3.0, 0.0, 1.0), *PEAKS]
)
@pytest.mark.parametrize("wanted", [1e-300, 1e-12, 1e-8])
def test_the_least_mass_has_a_width_by_the_height_of_the_peaks(p, wanted):
    region = highest_density_region(p, wanted)
    modes = p.modes()
    tops = modes[p.log_prob(modes) > p.log_prob(modes).max() - 1e-12]
    np.testing.assert_allclose(region.mean(axis=1), tops, atol=1e-5)
    want = wanted / (tops.size * np.exp(p.log_prob(tops[0])))
    np.testing.assert_allclose(np.diff(region).ravel(), want, rtol=1e-7, atol=1e-15)


def test_one_normal_as_a_mixture_has_its_quantiles_too():
    for mass in (1e-8, 0.5, 1 - 1e-12):
        want = highest_density_region(Normal(0.0, 1.0), mass)
        np.testing.assert_allclose(highest_density_region(PEAKS[0], mass), want, rtol=1e-8)
    np.testing.assert_allclose(
        highest_density_region(Normal(0.0, 1.0), 1e-8),
        [[-1.2533141373155003e-8, 1.2533141373155003e-8]],
        rtol=1e-14,
    )  # sqrt(pi/2) mass
