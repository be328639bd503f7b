"""Round windows, steps and limits for data of any unit, and numbers in words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.parts.ranges import (
    ceiling,
    decimals,
    fine_step,
    limits_above,
    limits_around,
    rounded,
    spread,
    window,
)
from explorer.parts.words import amount, chance, compared, nats, subscript

SIZES = st.floats(1e-8, 1e8)


@given(SIZES)
def test_a_ceiling_is_at_least_the_value_and_not_far_above(value):
    assert value * (1 - 1e-11) <= ceiling(value) <= 1.51 * value


@pytest.mark.parametrize(
    ("value", "step"), [(0.99, 1), (1, 1), (1.01, 1.5), (7, 8), (0.03, 0.03), (850, 1000)]
)
def test_ceilings_are_round(value, step):
    assert ceiling(value) == step


@pytest.mark.parametrize(
    ("low", "high", "step", "places"),
    [(0, 1, 0.002, 3), (-2.5, 5, 0.02, 2), (0, 20, 0.05, 2), (2000, 7000, 10, 0)],
)
def test_a_slider_has_some_hundred_positions_of_few_decimals(low, high, step, places):
    assert fine_step(low, high) == step
    assert decimals(step) == places


def test_ceilings_hold_where_a_logarithm_rounds_down():
    for power in range(-12, 13):
        for value in (10.0**power, np.nextafter(10.0**power, np.inf), 10.0**power * (1 + 3e-12)):
            assert ceiling(value) >= value * (1 - 1e-11)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), SIZES)
def test_a_window_leaves_its_margin(values, margin):
    array = np.array(values)
    low, high = window(array, margin)
    slack = 1e-9 * max(1.0, np.abs(array).max(), margin)
    assert low - slack <= array.min() - margin
    assert high + slack >= array.max() + margin
    assert high - low <= np.ptp(array) + 4.1 * margin + slack


def test_the_spread_of_equal_values_is_not_nothing():
    assert spread(np.array([0.003] * 3)) == pytest.approx(0.0003)
    assert spread(np.zeros(2)) == 1
    assert spread(np.array([0.0, 2.0])) == 1


@given(st.floats(-1e6, 1e6), SIZES)
def test_limits_hold_both_values(low, width):
    high = low + width
    slack = 1e-9 * (abs(low) + width)
    around = limits_around(low, high)
    assert around[0] - slack <= min(low, 0)
    assert around[1] + slack >= high
    above = limits_above(low, high, width)
    assert above[0] - slack <= low < high <= above[1] + slack
    assert np.ptp(above) <= 3.1 * width + slack


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (7.1, "7.100"), (99999.0, "99999.000"), (-219308750.0, "−2.193·10⁸"),
     (math.inf, "∞")],
)  # fmt: skip
def test_amounts_in_words(value, text):
    assert amount(value) == text


def test_rounded_ends_are_multiples_of_a_round_number():
    assert rounded(-0.31, 7.2, 0.4) == (-0.5, 7.5)


def test_no_probability_is_called_0_or_1_that_is_not():
    assert [chance(p) for p in (0.0001, 0.5, 0.9999)] == ["below 0.001", "of 0.500", "above 0.999"]
    assert [compared(p) for p in (0.0001, 0.5, 0.9999)] == ["< 0.001", "= 0.500", "> 0.999"]
    assert [nats(loss) for loss in (0.0001, 0.2)] == ["below 0.001 nats", "0.200 nats"]


def test_a_subscript_stands_below():
    assert subscript(12) == "₁₂"
