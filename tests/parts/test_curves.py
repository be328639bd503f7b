"""Where curves are drawn: at the top of every peak, close to ends, and where they can stay."""

import numpy as np
import pytest

from explorer.core import Beta, Laplace, Mixture, Normal, StudentT
from explorer.parts.curves import inner, places, still

LIMITS = (-10.0, 10.0)
NARROW = [
    Normal(0.0123, 0.01),
    Laplace(0.0123, 0.01),
    StudentT(1.0, 0.0123, 0.01),
    Mixture([0.9, 0.1], (Normal(-3.0, 2.0), Normal(0.0123, 0.01))),
]


@pytest.mark.parametrize("model", NARROW, ids=repr)
def test_a_curve_meets_a_narrow_peak_at_its_top(model):
    x = places(model, LIMITS)
    assert (np.diff(x) >= 0).all()
    assert x[[0, -1]].tolist() == list(LIMITS)
    assert np.exp(model.log_prob(x)).max() == pytest.approx(float(model.peak()), rel=1e-3)


@pytest.mark.parametrize("model", [*NARROW, Normal(0.0, 2.0), Laplace(1.0, 1.0)], ids=repr)
def test_the_area_under_the_polygon_is_that_under_the_curve(model):
    x = places(model, LIMITS)
    area = np.trapezoid(np.exp(model.log_prob(x)), x)
    assert area == pytest.approx(float(np.diff(model.cdf(x[[0, -1]]))[0]), abs=0.02)


def test_a_peak_outside_of_the_axis_adds_nothing_beyond_it():
    x = places(Normal(50.0, 1.0), LIMITS)
    assert (x.min(), x.max()) == LIMITS


@pytest.mark.parametrize("model", [Beta(0.5, 0.5), Beta(2.0, 900.0)], ids=repr)
def test_on_an_interval_points_crowd_at_the_ends(model):
    x = places(model, (-0.15, 1.15))
    assert x is still(model, (-0.15, 1.15))
    assert x[[0, -1]].tolist() == [0.0, 1.0]
    assert np.diff(x)[0] < 0.02 * np.diff(x).max()


def test_the_inner_part_of_a_curve_leaves_out_ends_at_which_it_is_infinite():
    model = Beta(0.5, 0.5)
    curve = np.exp(model.log_prob(places(model, (0.0, 1.0))))
    assert np.isinf(curve[[0, -1]]).all()
    assert inner(model, curve).max() < np.exp(model.log_prob(0.02)) + 1e-9
    line = np.exp(Normal(0.0, 1.0).log_prob(places(Normal(0.0, 1.0), LIMITS)))
    assert inner(Normal(0.0, 1.0), line) is line


def test_points_that_stay_are_the_same_for_every_member_of_a_family():
    one, other = still(Normal(0.0, 1.0), LIMITS), still(Normal(3.0, 0.1), LIMITS)
    assert one is other
    assert still(Normal, LIMITS) is one
    assert one[[0, -1]].tolist() == list(LIMITS)
    assert not one.flags.writeable
