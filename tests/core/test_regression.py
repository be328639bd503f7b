"""The least sum of squares, against numpy and against the sum as it is written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from explorer.core import (
    NoMaximum,
    Normal,
    fit_line,
    fit_scaled_line,
    scale_of,
    sum_of_squares,
)

POINTS = st.lists(
    st.tuples(st.integers(-30, 30), st.floats(-50, 50)), min_size=2, max_size=20
).filter(lambda points: len({x for x, _ in points}) > 1)


@given(POINTS)
def test_the_line_is_that_of_numpy(points):
    x, y = np.array(points, dtype=float).T
    fit = fit_line(x, y)
    slope, offset = np.polynomial.Polynomial.fit(x, y, 1, domain=[-1, 1]).coef[::-1]
    assert (fit.w, fit.c) == pytest.approx((slope, offset), rel=1e-7, abs=1e-7)
    residuals = y - fit.w * x - fit.c
    assert fit.sigma == pytest.approx(np.sqrt(np.mean(residuals**2)), rel=1e-7, abs=1e-9)


@given(POINTS, st.floats(-20, 20), st.floats(-50, 50))
def test_the_sum_is_what_is_written_and_nowhere_below_the_best(points, w, c):
    x, y = np.array(points, dtype=float).T
    total = sum_of_squares(x, y, w, c)
    assert total == pytest.approx(np.sum((y - w * x - c) ** 2), rel=1e-9, abs=1e-9)
    fit = fit_line(x, y)
    assert sum_of_squares(x, y, fit.w, fit.c) <= total * (1 + 1e-12) + 1e-12


@given(POINTS, st.floats(0.1, 10))
def test_the_same_line_is_the_likeliest_for_every_width(points, sigma):
    x, y = np.array(points, dtype=float).T
    fit = fit_line(x, y)

    def loss(w, c):
        return Normal(w * x + c, sigma).nll(y).sum()

    least = loss(fit.w, fit.c)
    for dw, dc in ((0.1, 0), (-0.1, 0), (0, 0.1), (0, -0.1)):
        assert loss(fit.w + dw, fit.c + dc) > least - 1e-9


def test_many_lines_at_once():
    w, c = np.linspace(-1, 1, 5)[None, :], np.linspace(0, 3, 4)[:, None]
    x, y = [0.0, 1.0, 2.0], [1.0, 0.5, 3.0]
    table = sum_of_squares(x, y, w, c)
    assert table.shape == (4, 5)
    assert table[2, 1] == pytest.approx(sum_of_squares(x, y, w[0, 1], c[2, 0]))


def test_a_large_offset_costs_no_digits():
    x = 1e8 + np.array([0.0, 1.0, 2.0, 3.0])
    fit = fit_line(x, 2 * (x - 1e8) + 1e8)
    assert fit.w == pytest.approx(2, rel=1e-9)
    assert fit.sigma == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1.0, 1.0], [1.0, 2.0], "^x = .*: allowed is two different values"),
        ([1.0, 2.0], [1.0], "^y = .*: allowed is as many values as x has, 2"),
        ([], [], "^x = .*: allowed is one finite number or more"),
        ([1.0, np.nan], [1.0, 2.0], "^x = .*: allowed is one finite"),
    ],
)
def test_bad_points_are_named(x, y, words):
    with pytest.raises(ValueError, match=words):
        fit_line(x, y)


# A width that changes along the line

X = np.array([0.3, 0.8, 1.4, 1.9, 2.5, 3.0, 3.6, 4.2, 4.8, 5.5])
Y = np.array([1.3, 1.2, 1.9, 1.9, 3.0, 2.1, 3.7, 4.7, 2.4, 5.5])


def scaled_loss(at, link):
    w, c, v, d = at
    return Normal(w * X + c, scale_of(v * X + d, link)[0]).nll(Y).sum()


@pytest.mark.parametrize("link", ["exp", "softplus"])
def test_the_scaled_line_is_a_minimum_as_scipy_finds_it(link):
    fit = fit_scaled_line(X, Y, link)
    at = np.array([fit.w, fit.c, fit.v, fit.d])
    assert scaled_loss(at, link) == pytest.approx(fit.loss)
    found = minimize(scaled_loss, at + 0.1, args=(link,), method="Nelder-Mead", tol=1e-10,
                     options={"maxiter": 5000, "maxfev": 5000})  # fmt: skip
    assert found.fun == pytest.approx(fit.loss, abs=1e-8)
    np.testing.assert_allclose(found.x, at, atol=1e-3)


@pytest.mark.parametrize("last", [4.69, 4.7, 4.72])
def test_a_softplus_line_is_found_where_most_starts_lead_to_points_that_are_met(last):
    y = Y.copy()
    y[8] = last

    def loss(at):
        sigma, _ = scale_of(at[2] * X + at[3], "softplus")
        return Normal(at[0] * X + at[1], np.maximum(sigma, 1e-300)).nll(y).sum()

    fit = fit_scaled_line(X, y, "softplus")
    assert not fit.bounded
    at = np.array([fit.w, fit.c, fit.v, fit.d])
    assert loss(at) == pytest.approx(fit.loss, abs=1e-9)
    found = minimize(loss, at + 0.01, method="Nelder-Mead",
                     options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 4000})  # fmt: skip
    assert found.fun == pytest.approx(fit.loss, abs=1e-8)
    np.testing.assert_allclose(found.x, at, atol=1e-4)


def test_the_two_links():
    raw = np.array([-800.0, -1.0, 0.0, 5.0])
    sigma, log_sigma = scale_of(raw, "exp")
    np.testing.assert_allclose(sigma, np.exp(raw))
    np.testing.assert_array_equal(log_sigma, raw)
    sigma, log_sigma = scale_of(raw, "softplus")
    np.testing.assert_allclose(sigma, np.logaddexp(0, raw))
    assert log_sigma[0] == -800
    with pytest.raises(ValueError, match=r"^link = 'square': allowed is one of 'exp', 'softplus'"):
        scale_of(raw, "square")


@pytest.mark.parametrize(
    ("x", "y"), [([0.0, 1.0, 2.0], [1.0, 3.0, 5.0]), ([0.0, 1.0, 2.0, 6.0, 7.0], [0, 2, 0, 1, 1])]
)
def test_where_points_can_be_met_exactly_there_may_be_no_bottom(x, y):
    with pytest.raises(ValueError, match=r"^y = .*no maximum"):
        fit_scaled_line(x, y)


def test_the_slope_is_right_where_x_differs_in_its_last_bit_only():
    fit = fit_line([1, 1, 1 + 2**-52], [1, 2, 3])
    assert fit.w == pytest.approx(1.5 * 2.0**52, rel=1e-12)
    assert fit.sigma == pytest.approx(np.sqrt(1 / 6), rel=1e-12)
    far = fit_line(1e8 + np.array([0, 1, 2, 4]) * 2.0**-26, [0, 1, 2, 4])
    assert far.w == pytest.approx(2.0**26, rel=1e-12)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1, 2, 3], [1, 2, 3.5]),
        ([0, 0, 0, 1], [1, 2, 3, 5]),
        ([0, 100, 101, 102, 103, 104], [1, 2, 7, 4, 1, 3]),
        ([-1, 0, 0, 1], [0, -1, 1, 0]),
    ],
)
def test_a_loss_without_a_lower_bound_is_no_fit(x, y):
    """The last falls towards a limit, 2 log(1/2) + 2, that it does not reach."""
    for shift, factor in ((0, 1), (1e8, 1), (0, 1e-8), (0, 1e8)):
        with pytest.raises(NoMaximum, match="the smaller sigma is there"):
            fit_scaled_line(shift + factor * np.array(x, dtype=float), y)


def test_the_better_of_two_minima_and_no_saddle_between_them():
    x = np.linspace(-2, 2, 21)
    fit = fit_scaled_line(x, x * x)
    assert fit.loss == pytest.approx(34.4872, abs=1e-4)
    got = abs(fit.w), fit.c, abs(fit.v), fit.d
    assert got == pytest.approx((2.1446, -0.6357, 0.9509, 0.2233), abs=1e-4)
    assert fit.w * fit.v < 0


@pytest.mark.parametrize("link", ["exp", "softplus"])
@pytest.mark.parametrize("seed", range(8))
def test_no_start_leads_below_the_scaled_line(seed, link):
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.normal(size=8), [-3, -3, 3, 3]])
    y = rng.normal(size=x.size) * np.exp(rng.normal() * x)

    def loss(at):
        sigma, log_sigma = scale_of(at[2] * x + at[3], link)
        with np.errstate(all="ignore"):
            total = (log_sigma + 0.5 * ((y - at[0] * x - at[1]) / sigma) ** 2).sum()
        return total + 0.5 * x.size * np.log(2 * np.pi) if np.isfinite(total) else 1e300

    fit = fit_scaled_line(x, y, link)
    assert fit.bounded
    assert loss([fit.w, fit.c, fit.v, fit.d]) == pytest.approx(fit.loss, abs=1e-9)
    for _ in range(12):
        start = rng.normal(size=4) * [1, 1, 1, 0.5]
        with np.errstate(all="ignore"):
            assert minimize(loss, start).fun > fit.loss - 1e-7


def test_the_scaled_line_does_not_depend_on_units_and_origins():
    want = fit_scaled_line(X, Y)
    for shift, factor, height, unit in ((1e8, 1, 0, 1), (0, 1e-8, 1e8, 1e3), (3, 1e8, 0, 1e-8)):
        fit = fit_scaled_line(shift + factor * X, height + unit * Y)
        assert fit.loss - X.size * np.log(unit) == pytest.approx(want.loss, abs=1e-6)
        assert fit.w * factor / unit == pytest.approx(want.w, abs=1e-6)
        assert fit.v * factor == pytest.approx(want.v, abs=1e-6)
