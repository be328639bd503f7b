"""Regions of highest density: their mass, and that no other region is smaller."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core import Mixture, Normal, highest_density_region

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
