"""The least squares panel: the sum of squares, the loss, and that they share their minimum."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from explorer.core import fit_line
from explorer.panels.least_squares import SQUARES, TICKS, least_squares
from explorer.scene import Area, Landscape, Line, Points, Rug, Squares

POINTS = st.lists(
    st.tuples(st.integers(-30, 30), st.integers(-500, 500).map(lambda v: v / 10)),
    min_size=1,
    max_size=20,
)


def seen(*args, **options):
    """A state and its scene."""
    blueprint = least_squares(*args, **options)
    return blueprint.state, blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return seen(*args, **options)[1].named


def mark(plot, kind, role=None):
    """The first mark of a kind in a plot."""
    return next(m for m in plot.marks if isinstance(m, kind) and role in (None, m.role))


# The numbers


@settings(deadline=None)
@given(POINTS, st.floats(-5, 5), st.floats(-30, 30), st.floats(0.1, 30))
def test_the_two_losses_are_as_they_are_written(points, w, c, sigma):
    x, y = np.array(points, dtype=float).T
    _, scene = seen(x, y, w=w, c=c, sigma=sigma)
    frame, residuals = scene.named, y - w * x - c
    np.testing.assert_allclose(frame["residuals"], residuals, atol=1e-12)
    assert frame["sum_of_squares"] == pytest.approx(np.sum(residuals**2))
    assert frame["root_mean_square"] == pytest.approx(np.sqrt(np.mean(residuals**2)))
    assert frame["loss"] == pytest.approx(-stats.norm.logpdf(residuals, 0, sigma).sum(), rel=1e-9)
    (total,) = scene.sums
    assert total.total.value == frame["loss"]
    terms = [term.value for term in total.terms]
    assert sum(terms) == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)
    assert terms[0] == pytest.approx(len(x) * math.log(sigma))
    assert terms[2] == pytest.approx(frame["sum_of_squares"] / (2 * sigma**2))


@settings(deadline=None, max_examples=50)
@given(POINTS.filter(lambda points: len({x for x, _ in points}) > 1))
def test_the_best_is_the_fit_of_the_core(points):
    x, y = np.array(points, dtype=float).T
    fit = fit_line(x, y)
    assert frame_of(x, y)["best"] == {"w": fit.w, "c": fit.c, "sigma": fit.sigma}


@pytest.mark.parametrize("sigma", [0.2, 0.7, 1.0, 2.5])
def test_both_landscapes_are_lowest_at_the_same_line_for_every_sigma(sigma):
    state, scene = seen(sigma=sigma)
    squares, losses = (mark(plot, Landscape).values for plot in scene.plots[3:5])
    assert squares is scene.named["squares_landscape"]
    assert losses is scene.named["loss_landscape"]
    assert squares.argmin() == losses.argmin()
    rows, columns = squares.shape
    row, column = np.unravel_index(squares.argmin(), squares.shape)
    w, c = np.linspace(*state.limits["w"], columns), np.linspace(*state.limits["c"], rows)
    best, x, y = scene.named["best"], np.array(state.x), np.array(state.y)
    for j, i in ((row, column), (3, 5), (20, 30)):
        residuals = y - w[i] * x - c[j]
        assert squares[j, i] == pytest.approx(np.sum(residuals**2))
        exact = -stats.norm.logpdf(residuals, 0, sigma).sum()
        assert losses[j, i] == pytest.approx(min(exact, losses.max()))
    least = best["sigma"] ** 2 * x.size
    assert least <= squares.min()
    bottom = -stats.norm.logpdf(y - best["w"] * x - best["c"], 0, sigma).sum()
    levels = mark(scene.plots[4], Landscape).levels
    assert levels[0] == pytest.approx(bottom + 0.5)
    assert mark(scene.plots[3], Points, "optimum").label == f"least {least:.3f}"
    assert mark(scene.plots[4], Points, "optimum").label == f"least {bottom:.3f}"


def test_the_curve_over_sigma_is_the_loss_and_least_at_the_root_mean_square():
    state, scene = seen()
    plot, frame = scene.plots[5], scene.named
    curve, best = mark(plot, Line), mark(plot, Points, "optimum")
    for i in (0, 40, 100):
        there = least_squares().view(replace(state, sigma=float(curve.x[i]))).named
        assert there["loss"] == pytest.approx(curve.y[i])
    root = math.sqrt(frame["sum_of_squares"] / len(state.x))
    assert best.x == frame["root_mean_square"] == pytest.approx(root)
    assert abs(curve.x[curve.y.argmin()] - root) < 0.05
    assert best.y <= curve.y.min() + 1e-9
    assert frame_of(sigma=root)["loss"] == pytest.approx(best.y)


# What is drawn


def test_the_squares_stand_on_the_residuals():
    state, scene = seen()
    squares = mark(scene.plots[0], Squares)
    np.testing.assert_array_equal(squares.y, state.y)
    np.testing.assert_allclose(squares.to, state.w * np.array(state.x) + state.c)
    sides = squares.y - squares.to
    assert np.sum(sides**2) == pytest.approx(scene.named["sum_of_squares"])


def test_the_line_and_its_bands():
    _, scene = seen(w=0.5, c=1.5, sigma=0.8)
    for plot in scene.plots[:2]:
        line = mark(plot, Line, "model")
        np.testing.assert_allclose(line.y, 0.5 * line.x + 1.5)
    wide, narrow = (m for m in scene.plots[1].marks if isinstance(m, Area))
    np.testing.assert_allclose(wide.y - wide.base, 4 * 0.8)
    np.testing.assert_allclose(narrow.y - narrow.base, 2 * 0.8)


def test_the_residuals_stand_under_their_density():
    _, scene = seen(sigma=0.7)
    curve, ticks = mark(scene.plots[2], Line), mark(scene.plots[2], Rug)
    np.testing.assert_allclose(curve.y, stats.norm.pdf(curve.x, 0, 0.7))
    np.testing.assert_array_equal(ticks.x, scene.named["residuals"])


def test_of_many_points_few_have_squares_and_ticks():
    x = np.linspace(0, 9, 700)
    _, scene = seen(x, 3 * x + np.sin(9 * x))
    assert mark(scene.plots[0], Squares).x.size == SQUARES
    assert f"with {SQUARES} squares" in scene.plots[0].description
    assert mark(scene.plots[2], Rug).x.size == TICKS
    assert scene.named["residuals"].size == 700


def test_limits_stay_put_while_the_line_moves():
    scenes = [seen(w=w)[1] for w in np.linspace(-0.4, 1.4, 60)]
    assert len({scene.plots[2].x.limits for scene in scenes}) == 1
    assert len({scene.plots[2].y.limits for scene in scenes}) == 1
    assert len({scene.plots[5].y.limits for scene in scenes}) <= 6
    for scene in scenes:
        low, high = scene.plots[5].y.limits
        assert not mark(scene.plots[5], Points, "optimum").y < low
        assert scene.named["loss"] <= high


# The words


@settings(deadline=None)
@given(st.floats(-0.4, 1.4), st.floats(-0.9, 4.9), st.floats(0.05, 3))
def test_the_sentence_is_true(w, c, sigma):
    _, scene = seen(w=w, c=c, sigma=sigma)
    frame, text = scene.named, scene.sentence
    total = float(re.search(r"add up to (\d+\.\d{3})", text)[1])
    assert total == pytest.approx(frame["sum_of_squares"], abs=5.1e-4)
    loss = float(re.search(r"a loss of (−?\d+\.\d{3})", text)[1].replace("−", "-"))
    assert loss == pytest.approx(frame["loss"], abs=5.1e-4)
    better = re.search(r"a (smaller|larger) \*σ\* is better: (\d+\.\d+)", text)
    root = float(better[2])
    assert (root < sigma) == (better[1] == "smaller")
    assert frame_of(w=w, c=c, sigma=root)["loss"] < frame["loss"] + 1e-6
    least = float(re.search(r"The least sum, (\d+\.\d{3})", text)[1])
    assert least <= total


def test_at_the_best_line_the_sentence_says_so():
    text = seen(**frame_of()["best"])[1].sentence
    assert "No line has a smaller sum, and so none a smaller loss" in text
    assert "no other *σ* is better" in text


def test_a_huge_loss_is_written_by_powers_of_ten():
    _, scene = seen(w=1e6, sigma=0.1)  # 10^12 Σ x^2 / (2 · 0.01)
    assert scene.plots[1].title == "Loss 4.300·10¹⁵ nats"
    assert "that is a loss of 4.300·10¹⁵ nats." in scene.sentence


def test_a_perfect_line_has_no_best_sigma():
    _, scene = seen([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], w=2, c=1)
    assert scene.named["sum_of_squares"] == 0
    assert "the loss falls without end" in scene.sentence
    assert math.isnan(mark(scene.plots[5], Points, "optimum").x)
    presets = {preset.label: preset.values for preset in scene.presets}
    assert math.isnan(presets["best σ"]["sigma"])


def test_points_above_each_other_have_no_best_line():
    _, scene = seen([1.0, 1.0], [2.0, 3.0])
    assert scene.named["best"] == {}
    assert "infinitely many lines are equally good" in scene.sentence
    presets = {preset.label: preset.values for preset in scene.presets}
    assert math.isnan(presets["least squares"]["w"])
    assert "least" not in scene.plots[3].description


# Controls


def test_presets_go_where_they_say():
    state, scene = seen()
    best, view = scene.named["best"], least_squares().view
    presets = {preset.label: preset.values for preset in scene.presets}
    assert presets["least squares"] == {"w": best["w"], "c": best["c"]}
    assert presets["best σ"] == {"sigma": scene.named["root_mean_square"]}
    assert presets["maximum likelihood"] == best
    there = view(replace(state, **best)).named
    assert there["root_mean_square"] == pytest.approx(best["sigma"])
    assert there["sum_of_squares"] <= scene.named["sum_of_squares"]
    assert presets["flat line"]["w"] == 0
    assert presets["flat line"]["c"] == pytest.approx(np.mean(state.y), abs=0.01)
    far = presets["an outlier"]["y.1"]
    assert far > max(state.y)
    moved = replace(state, y=(state.y[0], far, *state.y[2:]))
    assert view(moved).named["best"]["w"] < best["w"]


def test_a_best_line_out_of_reach_disables_its_buttons():
    _, scene = seen(limits={"w": (-1, 0.3)}, w=0.1)
    presets = {preset.label: preset.values for preset in scene.presets}
    assert math.isnan(presets["maximum likelihood"]["w"])
    assert math.isnan(mark(scene.plots[3], Points, "optimum").x)
    assert scene.named["best"]["w"] > 0.3


@pytest.mark.parametrize("sigma", [0, -1.0, math.nan])
def test_sigma_is_positive(sigma):
    with pytest.raises(ValueError, match=f"^sigma = {sigma}: allowed is a number from 1e-15"):
        least_squares(sigma=sigma)
