"""Logistic regression: its minimum, and the data that have none."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import expit

from explorer.core import Bernoulli, fit_logistic

NUMBERS = st.integers(-30, 30).map(float)
HARD = st.sampled_from([0.0, 1.0])
SOFT = st.floats(0.05, 0.95)


def mean_gradient(fit, x, y):
    slopes = Bernoulli(fit.slope * x + fit.offset).nll_gradient(y)["logit"]
    return np.array([slopes @ x, slopes.sum()]) / x.size


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, HARD | SOFT), min_size=4, max_size=30))
def test_the_gradient_vanishes_at_the_fit_and_no_neighbour_costs_less(pairs):
    x, y = np.array(pairs).T
    zeros, ones = x[y < 1], x[y > 0]
    assume(x.min() < x.max() and zeros.size and ones.size)
    assume(zeros.max() > ones.min() and ones.max() > zeros.min())
    fit = fit_logistic(x, y)
    np.testing.assert_allclose(mean_gradient(fit, x, y), 0, atol=1e-7 * (1 + np.abs(x).max()))
    assert fit.value == pytest.approx(Bernoulli(fit.slope * x + fit.offset).nll(y).sum(), rel=1e-9)
    for d_slope, d_offset in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
        moved = Bernoulli((fit.slope + d_slope) * x + fit.offset + d_offset)
        assert moved.nll(y).sum() >= fit.value - 1e-12 * (1 + fit.value)


def test_two_places_have_a_closed_form():
    """At each of two places the fitted probability is the share of ones there."""
    x, y = np.repeat([-1.0, 3.0], 4), np.array([0, 0, 0, 1, 0, 1, 1, 1])
    fit = fit_logistic(x, y)
    assert fit.slope == pytest.approx(2 * np.log(3) / 4)
    assert fit.slope * 1.0 + fit.offset == pytest.approx(0, abs=1e-12)
    assert fit.decision == pytest.approx(1)


def test_a_soft_label_counts_as_shares_of_both_classes():
    soft = fit_logistic([0.0, 1.0, 2.0], [0.25, 0.5, 0.75])
    hard = fit_logistic(np.repeat([0.0, 1.0, 2.0], 4), [0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1])
    assert (soft.slope, soft.offset) == pytest.approx((hard.slope, hard.offset))


def test_units_and_origin_of_x_change_nothing_else():
    x, y = np.array([1.0, 2, 3, 4, 5, 6]), np.array([0, 0, 1, 0, 1, 1])
    near, far = fit_logistic(x, y), fit_logistic(2.0**20 + x / 1024, y)
    assert far.value == pytest.approx(near.value, rel=1e-9)
    assert (far.decision - 2.0**20) * 1024 == pytest.approx(near.decision, rel=1e-5)
    assert far.slope == pytest.approx(1024 * near.slope)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], "separate"),
        ([1, 2, 3, 4], [1, 1, 0, 0], "separate"),
        ([1, 2, 2, 3], [0, 0, 1, 1], "separate"),
        ([1, 2, 3], [1, 1, 1], "0 alone or 1 alone.*no maximum"),
        ([1, 2, 3], [0, 0, 0], "0 alone or 1 alone.*no maximum"),
        ([2, 2, 2], [0, 1, 1], "two different values"),
        ([1, 2, 3], [0, 1], "^y = .*as many values as x has, 3"),
        ([1, 2, 3], [0, 1, 2], "a number from 0 to 1"),
        ([1, np.nan, 3], [0, 1, 0], "^x = .*finite"),
        ([], [], "one finite number or more"),
    ],
)
def test_where_there_is_no_maximum_the_error_says_why(x, y, reason):
    with pytest.raises(ValueError, match=reason):
        fit_logistic(x, y)


@pytest.mark.parametrize("slope", [30.0, -300.0])
@pytest.mark.parametrize(("shift", "factor"), [(0.0, 1.0), (1e8, 1.0), (0.0, 1e-8), (0.0, 1e8)])
def test_steep_soft_labels_have_a_maximum(slope, shift, factor):
    """At logits up to 30 no label is rounded to 1, and the slope is the one they are made with."""
    x = np.linspace(-1, 1, 9) * 30 / abs(slope)
    fit = fit_logistic(shift + factor * x, expit(slope * x))
    assert fit.slope * factor == pytest.approx(slope, rel=1e-5)
    assert (fit.decision - shift) / factor == pytest.approx(0, abs=1e-7)


def test_labels_that_are_certain_far_away_do_not_stop_the_fit():
    x = np.linspace(-1, 1, 9)
    fit = fit_logistic(x, expit(300 * x))
    # Those on the right are 1 in float64: only those on the left hold the slope.
    assert fit.slope == pytest.approx(300 + 4 * np.log(2), rel=1e-9)


@pytest.mark.parametrize(
    ("x", "y"),
    [([1, 2, 3, 4], [0.3] * 4), ([0.1, 0.2, 0.3], [0.2, 0.9, 0.2]), ([5, 7], [1e-9] * 2)],
)
def test_without_a_slope_there_is_no_decision(x, y):
    for labels in (np.array(y), np.float32(y)):
        fit = fit_logistic(x, labels)
        assert fit.slope == 0
        assert np.isnan(fit.decision)
        assert expit(fit.offset) == pytest.approx(labels.mean(), rel=1e-6)
