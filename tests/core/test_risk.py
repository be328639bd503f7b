"""Risks of answers and intervals: against quadrature, and by what makes an answer the best."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from explorer.core import (
    LOSSES,
    Beta,
    Laplace,
    Mixture,
    Normal,
    StudentT,
    best_answer,
    excess,
    interval_risk,
    risk,
    shortfall,
)

TWO = Mixture([0.6, 0.4], (Normal(0.0, 1.0), Normal(5.0, 0.5)))
PREDICTED = [
    Beta(2.0, 5.0), Beta(0.5, 0.5), Normal(1.0, 2.0), Laplace(1.0, 0.8),
    StudentT(9.0, 1.0, 0.7), TWO,
]  # fmt: skip
ANSWERS = [-1.0, 0.0, 0.25, 0.9, 2.5, 5.0]


def expected(p, cost, *breaks):
    ends = (0, 1) if isinstance(p, Beta) else (-300, 300)
    knots = sorted({b for b in (*breaks, -30, 0.0, 1.0, 2.5, 5.0, 30) if ends[0] < b < ends[1]})
    edges = [ends[0], *knots, ends[1]]
    pairs = pairwise(edges)
    return sum(quad(lambda y: cost(y) * np.exp(p.log_prob(y)), *e, limit=200)[0] for e in pairs)


@pytest.mark.parametrize("p", PREDICTED, ids=repr)
@pytest.mark.parametrize("t", ANSWERS)
def test_risks_are_expectations(p, t):
    assert risk(p, t, "squared") == pytest.approx(expected(p, lambda y: (y - t) ** 2, t), abs=1e-7)
    assert risk(p, t, "absolute") == pytest.approx(expected(p, lambda y: abs(y - t), t), abs=1e-7)
    missed = expected(p, lambda y: abs(y - t) > 0.3, t - 0.3, t + 0.3)
    assert risk(p, t, "zero_one", 0.3) == pytest.approx(missed, abs=1e-7)


@pytest.mark.parametrize("p", PREDICTED, ids=repr)
def test_intervals_are_charged_for_the_distance(p):
    low, high = (float(p.quantile(u)) for u in (0.1, 0.8))

    def distance(y):
        return max(low - y, 0, y - high)

    assert interval_risk(p, low, high, "zero_one") == pytest.approx(0.3)
    one, two = (expected(p, lambda y, k=k: distance(y) ** k, low, high) for k in (1, 2))
    assert interval_risk(p, low, high, "absolute") == pytest.approx(one, abs=1e-7)
    assert interval_risk(p, low, high, "squared") == pytest.approx(two, abs=1e-7)


@pytest.mark.parametrize("p", PREDICTED, ids=repr)
@pytest.mark.parametrize("loss", ["absolute", "squared"])
def test_an_interval_of_no_width_is_a_point(p, loss):
    assert interval_risk(p, 0.4, 0.4, loss) == pytest.approx(float(risk(p, 0.4, loss)))


@pytest.mark.parametrize("p", PREDICTED, ids=repr)
@given(st.floats(-3, 7))
def test_shortfall_and_excess_are_two_sides_of_one_moment(p, t):
    assert shortfall(p, t) - excess(p, t) == pytest.approx(t - float(p.mean()), abs=1e-12)
    both = shortfall(p, t, 2) + excess(p, t, 2)
    assert both == pytest.approx(float(risk(p, t, "squared")), rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(PREDICTED), st.sampled_from(LOSSES), st.floats(0.01, 0.45), st.floats(-3, 7))
def test_no_answer_beats_the_best(p, loss, tolerance, other):
    best = risk(p, best_answer(p, loss, tolerance), loss, tolerance)
    assert best <= risk(p, other, loss, tolerance) + 1e-12


@pytest.mark.parametrize("p", [Beta(2.0, 5.0), TWO], ids=repr)
def test_the_best_for_zero_one_loss_tends_to_the_mode(p):
    far, near = (abs(best_answer(p, "zero_one", d) - p.mode()) for d in (0.1, 0.001))
    assert near < far
    assert near < 1e-5


def test_no_digits_are_lost_at_the_end_of_a_beta():
    p, t = Beta(0.5, 0.5), 1 - 2.0**-53
    assert shortfall(p, t) == pytest.approx(0.5, rel=1e-15)
    assert risk(p, t, "absolute") == pytest.approx(0.5, rel=1e-15)


def test_zero_one_loss_needs_a_tolerance():
    with pytest.raises(ValueError, match=r"^tolerance = 0\.0: allowed is a positive number"):
        best_answer(TWO, "zero_one", 0.0)


@settings(deadline=None)
@given(st.floats(0.001, 0.999), st.floats(0.05, 0.95), st.floats(0, 20), st.floats(0.01, 5))
def test_a_mixtures_quantile_is_where_its_cdf_says(u, weight, apart, sigma):
    p = Mixture([weight, 1 - weight], (Normal(0.0, 1.0), Normal(apart, sigma)))
    y = p.quantile(u)
    assert p.cdf(np.nextafter(y, -np.inf)) <= u + 1e-15
    assert p.cdf(y) >= u - 1e-15


def test_the_quantiles_of_zero_and_one_are_at_infinity():
    np.testing.assert_array_equal(TWO.quantile([0, 1, np.nan]), [-np.inf, np.inf, np.nan])
    assert TWO.cdf(TWO.quantile([0, 1, 0.5])) == pytest.approx([0, 1, 0.5])
