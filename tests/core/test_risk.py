"""Risks of answers and intervals: against quadrature, and by what makes an answer the best."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
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


# Peaks that a grid steps over, flats, and the ends of the line


def mixed(weights, *parts):
    return Mixture(weights, tuple(Normal(*part) for part in parts))


def test_a_narrow_peak_between_wide_ones_is_the_best_hit():
    p = mixed([0.3, 0.4, 0.3], (-10.0, 1.0), (0.1, 0.01), (10.0, 1.0))
    assert best_answer(p, "zero_one", 0.05) == pytest.approx(0.1, abs=1e-9)
    # Beyond a width that catches the wide ones as well, the middle of both is no answer any more.
    assert abs(best_answer(mixed([0.5, 0.5], (-10.0, 1.0), (10.0, 1.0)), "zero_one", 2.0)) == (
        pytest.approx(10.0, abs=1e-6)
    )


@settings(deadline=None, max_examples=30)
@given(st.floats(-9, 9), st.sampled_from([1e-6, 1e-3, 0.05]), st.sampled_from([1e-5, 0.01, 0.7]))
def test_no_component_is_stepped_over(at, sigma, tolerance):
    p = mixed([0.3, 0.4, 0.3], (-10.0, 2.0), (at, sigma), (10.0, 1.5))
    best = best_answer(p, "zero_one", tolerance)
    assert abs(best - at) < max(sigma, tolerance)
    others = np.concatenate([c.mu + c.sigma * np.linspace(-2, 2, 41) for c in p.components])
    least = risk(p, best, "zero_one", tolerance)
    assert least <= risk(p, others, "zero_one", tolerance).min() + 1e-12


@pytest.mark.parametrize("tolerance", [1e-14, 1e-9, 1e-5, 1e-4])
@pytest.mark.parametrize(("a", "b"), [(2.0, 5.0), (1e6, 2e6), (40.0, 3.0)])
def test_the_best_hit_of_a_narrow_beta_is_its_mode(a, b, tolerance):
    p = Beta(a, b)
    width = float(np.sqrt(p.variance()))
    near = 1e-9 + 2 * tolerance**2 / width
    assert best_answer(p, "zero_one", tolerance) == pytest.approx(float(p.mode()), abs=near)


def test_betas_that_are_highest_at_an_end_are_hit_there():
    for d in (1e-9, 0.1, 0.3):
        assert best_answer(Beta(0.5, 3.0), "zero_one", d) == pytest.approx(d)
        assert best_answer(Beta(3.0, 0.5), "zero_one", d) == pytest.approx(1 - d)
        assert best_answer(Beta(0.5, 0.9), "zero_one", d) == pytest.approx(d)


@pytest.mark.parametrize("apart", [1.0, 10.0, 40.0, 1000.0])
def test_the_median_of_two_alike_lies_between_them_however_far_they_are(apart):
    p = mixed([0.5, 0.5], (-apart, 1.0), (apart, 1.0))
    assert p.quantile(0.5) == pytest.approx(0, abs=1e-15 * apart)
    quarters = mixed([0.25, 0.25, 0.5], (-3 * apart, 2.0), (-apart, 2.0), (3 * apart, 2.0))
    # Beyond a sigma or so, both tails are as far from their means.
    if apart > 3:
        assert quarters.quantile(0.25) == pytest.approx(-2 * apart, rel=1e-3)
        assert quarters.quantile(0.5) == pytest.approx(apart, abs=0.3)


@pytest.mark.parametrize("p", [*PREDICTED, mixed([0.5, 0.5], (-30.0, 1.0), (30.0, 1.0))], ids=repr)
@pytest.mark.parametrize("u", [1e-300, 1e-20, 1e-6, 0.25, 0.4999])
def test_quantiles_mirror_each_other(p, u):
    if isinstance(p, Beta):
        rounding = np.exp(p.log_prob(p.quantile(u))) * 1e-16  # that of 1 - y
        got = Beta(p.b, p.a).cdf(1 - p.quantile(u))
        assert got == pytest.approx(1 - u, abs=1e-12 + min(rounding, 1e-9))
        return
    if isinstance(p, Mixture):
        flipped = mixed(p.weights, *((-c.mu, c.sigma) for c in p.components))
    else:
        flipped = type(p)(*p.numbers[:-2], -p.mu, p.numbers[-1])
    assert p.cdf(p.quantile(u)) == pytest.approx(u, rel=1e-11)
    if u > 1e-17:
        assert flipped.quantile(1 - u) == pytest.approx(-p.quantile(u), rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b"), [(1000.0, 1e12), (1e12, 1000.0), (2.0, 5.0), (30.0, 5.0), (1e6, 2e6), (0.8, 3.0)]
)
@pytest.mark.parametrize("u", [1e-200, 1e-20, 1e-3, 0.5, 0.9, 1 - 1e-9])
def test_the_quantiles_of_any_beta_are_where_its_cdf_says(a, b, u):
    p = Beta(a, b)
    y = float(p.quantile(u))
    assert 0 < y < 1
    mass, rounding = min(u, 1 - u), 4 * np.spacing(y) * np.exp(p.log_prob(y))
    left = 1 - u
    got, want = (special.betainc(a, b, y), u) if u < 0.5 else (special.betaincc(a, b, y), left)
    assert got == pytest.approx(want, rel=1e-9, abs=rounding + 1e-9 * mass)


@pytest.mark.parametrize("p", [*PREDICTED, StudentT(0.5, 0.0, 1.0)], ids=repr)
@pytest.mark.parametrize("far", [np.inf, -np.inf])
def test_an_infinite_answer_costs_infinitely_much(p, far):
    assert risk(p, far, "absolute") == np.inf
    assert risk(p, far, "squared") == np.inf
    assert risk(p, far, "zero_one", 0.5) == 1
    for order in (1, 2):
        costs = shortfall(p, far, order), excess(p, far, order)
        assert costs == ((np.inf, 0) if far > 0 else (0, np.inf))
    assert np.isnan(risk(p, np.nan, "absolute"))


@pytest.mark.parametrize("p", [p for p in PREDICTED if not isinstance(p, Beta)], ids=repr)
def test_a_very_far_answer_costs_its_distance(p):
    for far in (1e150, -1e150, 1e300):
        assert risk(p, far, "absolute") == pytest.approx(abs(far))
    assert risk(p, 1e150, "squared") == pytest.approx(1e300)


@pytest.mark.parametrize("shift", [0.0, 2.0**20, 2.0**30])
def test_risks_are_the_same_wherever_they_are_taken(shift):
    scale = 2.0**-15
    for p in (Normal(0.0, 1.0), Laplace(0.5, 1.0), mixed([0.5, 0.5], (0.0, 1.0), (2.0, 0.5))):
        parts = getattr(p, "components", (p,))
        moved = tuple(type(c)(shift + scale * c.mu, scale * c.numbers[1]) for c in parts)
        there = Mixture(p.weights, moved) if isinstance(p, Mixture) else moved[0]
        t = np.array([-1.0, 0.25, 3.0])
        for loss, unit in (("zero_one", 1.0), ("absolute", scale), ("squared", scale**2)):
            got = risk(there, shift + scale * t, loss, 0.375 * scale) / unit
            np.testing.assert_allclose(got, risk(p, t, loss, 0.375), rtol=1e-12)
        best = (best_answer(there, "zero_one", 0.375 * scale) - shift) / scale
        rounding = np.spacing(shift) / scale
        assert best == pytest.approx(best_answer(p, "zero_one", 0.375), abs=1e-6 + rounding)
