"""The panel of a line whose width changes: its loss, the two parts, points met exactly."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import explorer.data
from explorer.core import fit_line, fit_scaled_line
from explorer.panels.heteroscedastic import NAMES, heteroscedastic
from explorer.scene import Area, Bars, Landscape, Line, Note, Points

LINKS = {"exp": np.exp, "softplus": lambda raw: np.logaddexp(0, raw)}
SLOPES = st.floats(-1, 1)
HEIGHTS = st.floats(-3, 3)


def seen(*args, **options):
    """A state and its scene."""
    blueprint = heteroscedastic(*args, **options)
    return blueprint.state, blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return seen(*args, **options)[1].named


def view(state):
    return heteroscedastic().view(state)


def mark(plot, kind, role=None):
    """The first mark of a kind in a plot."""
    return next(m for m in plot.marks if isinstance(m, kind) and role in (None, m.role))


def presets_of(scene):
    return {preset.label: preset.values for preset in scene.presets}


# The numbers


@settings(deadline=None)
@given(SLOPES, HEIGHTS, SLOPES, HEIGHTS, st.sampled_from(["exp", "softplus"]))
def test_losses_and_their_parts_are_those_of_scipy(w, c, v, d, link):
    state, scene = seen(w=w, c=c, v=v, d=d, link=link)
    frame, x, y = scene.named, np.array(state.x), np.array(state.y)
    sigma = LINKS[link](v * x + d)
    expected = -stats.norm.logpdf(y, w * x + c, sigma)
    np.testing.assert_allclose(frame["residuals"], y - w * x - c)
    np.testing.assert_allclose(frame["losses"], expected, rtol=1e-8)
    assert frame["loss"] == pytest.approx(expected.sum(), rel=1e-8)
    np.testing.assert_allclose(frame["log_sigmas"], np.log(sigma), atol=1e-9)
    parts = frame["log_sigmas"] + frame["half_squares"] + 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(parts, frame["losses"], rtol=1e-9, atol=1e-9)
    (total,) = scene.sums
    terms = [term.value for term in total.terms]
    assert terms[0] == pytest.approx(frame["log_sigmas"].sum())
    assert terms[2] == pytest.approx(frame["half_squares"].sum())
    assert sum(terms) == pytest.approx(total.total.value, rel=1e-9, abs=1e-9)
    assert total.total.value == frame["loss"]


@pytest.mark.parametrize("link", LINKS)
def test_the_landscape_at_its_nodes_is_the_loss(link):
    state, scene = seen(link=link)
    landscape = mark(scene.plots[2], Landscape)
    rows, columns = landscape.values.shape
    v, d = np.linspace(*state.limits["v"], columns), np.linspace(*state.limits["d"], rows)
    cut = landscape.values.max()
    assert cut > landscape.levels.max()
    for row, column in ((10, 20), (15, 17), (20, 12)):
        there = view(replace(state, v=float(v[column]), d=float(d[row]))).named
        assert landscape.values[row, column] == pytest.approx(min(there["loss"], cut))


@pytest.mark.parametrize("link", LINKS)
def test_no_step_from_the_best_is_better(link):
    state, scene = seen(link=link)
    best = scene.named["best"]
    fit = fit_scaled_line(state.x, state.y, link)
    assert best == {name: getattr(fit, name) for name in NAMES}
    assert presets_of(scene)["fitted width"] == best
    least = view(replace(state, **best)).named["loss"]
    assert least == pytest.approx(fit.loss)
    for name in NAMES:
        for step in (-0.01, 0.01):
            moved = replace(state, **{**best, name: best[name] + step})
            assert view(moved).named["loss"] > least


def test_the_best_constant_width_is_least_squares():
    state, scene = seen()
    line = fit_line(state.x, state.y)
    constant = presets_of(scene)["best constant width"]
    assert constant == {"w": line.w, "c": line.c, "v": 0.0, "d": math.log(line.sigma)}
    there = view(replace(state, **constant))
    expected = -stats.norm.logpdf(there.named["residuals"], 0, line.sigma).sum()
    assert there.named["loss"] == pytest.approx(expected)
    assert "as much as the best line of constant width" in there.sentence


# A point that is met exactly


def test_a_point_that_is_met_pays_log_sigma_alone():
    state, scene = seen()
    presets, last = presets_of(scene), int(np.argmax(state.x))
    met = view(replace(state, **presets["through the last point"]))
    assert met.named["half_squares"][last] == pytest.approx(0, abs=1e-20)
    assert f"Point {last + 1} is met exactly" in met.sentence
    assert "Only the other points prevent this" in met.sentence
    crosses = mark(met.plots[1], Points, "muted")
    assert crosses.shape == "cross"
    assert crosses.y[last] == -math.inf
    narrow = view(replace(state, **presets["narrow at the last point"]))
    assert narrow.named["losses"][last] < met.named["losses"][last] - 1
    assert narrow.named["loss"] > met.named["loss"]  # the others pay for it


def test_two_points_can_both_be_met():
    state, scene = seen([1.0, 3.0], [2.0, 1.0], w=-0.5, c=2.5)
    assert "All points are met exactly: the loss falls without end" in scene.sentence
    losses = [view(replace(state, d=d)).named["loss"] for d in (0.0, -1.0, -2.0)]
    assert np.diff(losses) == pytest.approx([-2, -2])
    assert scene.named["best"] == {}
    for label in ("fitted width", "best constant width"):
        assert all(math.isnan(value) for value in presets_of(scene)[label].values())


# What is drawn


def test_the_band_is_the_width_around_the_line():
    state, scene = seen()
    band, parts, _ = scene.plots
    mean, (wide, narrow) = mark(band, Line), [m for m in band.marks if isinstance(m, Area)]
    sigma = np.exp(state.v * mean.x + state.d)
    np.testing.assert_allclose(narrow.y - narrow.base, 2 * sigma)
    np.testing.assert_allclose(wide.y - wide.base, 4 * sigma)
    np.testing.assert_allclose(mean.y, state.w * mean.x + state.c)
    np.testing.assert_allclose(mark(parts, Line).y, np.log(sigma))
    height, slope = (m for m in parts.marks if isinstance(m, Points) and m.drag)
    assert (height.drag.y, height.x, height.y) == ("d", 0, pytest.approx(state.d))
    assert (slope.drag.y, slope.x, slope.y) == ("v", 1, pytest.approx(state.v + state.d))


def test_bars_stand_on_the_floor_of_log_sigma():
    _, scene = seen()
    plot, frame = scene.plots[1], scene.named
    bars, floor, crosses = mark(plot, Bars), mark(plot, Line), mark(plot, Points, "muted")
    np.testing.assert_array_equal(bars.base, frame["log_sigmas"])
    np.testing.assert_allclose(bars.y - bars.base, frame["half_squares"], rtol=1e-9)
    low, high = plot.y.limits
    assert low <= floor.y.min()
    assert bars.y.max() <= high
    alone = np.log(np.abs(frame["residuals"]))
    np.testing.assert_allclose(crosses.y, np.where(alone < low, -np.inf, alone))


def test_a_cross_is_the_least_that_a_loss_can_be_at_any_sigma():
    """log |r| is log sigma where the loss of a residual r is least: at sigma = |r|."""
    r, sigmas = 0.7, np.geomspace(0.05, 9, 100_001)
    best = sigmas[(-stats.norm.logpdf(r, 0, sigmas)).argmin()]
    assert math.log(best) == pytest.approx(math.log(r), abs=1e-4)


def test_many_points_are_dots():
    birds = explorer.data.penguins()
    _, scene = seen((birds["flipper_length"] - 200) / 10, birds["body_mass"])
    plot, frame = scene.plots[1], scene.named
    assert mark(plot, Bars).x.size == mark(plot, Points, "muted").x.size == 0
    dots = mark(plot, Points, "loss")
    np.testing.assert_allclose(dots.y, frame["log_sigmas"] + frame["half_squares"])
    assert dots.x.size == frame["losses"].size == 342
    assert mark(plot, Note).text == ""


# The words


AMOUNT = r"−?\d+\.\d+(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?"
LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def number_in(text):
    """The number that an amount in a sentence stands for."""
    return float(text.replace("−", "-").replace("·10", "e").translate(LOWERED))


@settings(deadline=None)
@given(SLOPES, HEIGHTS, SLOPES, HEIGHTS, st.sampled_from(["exp", "softplus"]))
def test_the_sentence_is_true(w, c, v, d, link):
    state, scene = seen(w=w, c=c, v=v, d=d, link=link)
    frame, text = scene.named, scene.sentence
    loss = number_in(re.search(rf"a loss of ({AMOUNT}) nats", text)[1])
    assert loss == pytest.approx(frame["loss"], rel=5.1e-4, abs=5.1e-4)
    constant = view(replace(state, **presets_of(scene)["best constant width"])).named["loss"]
    match = re.search(rf"({AMOUNT}) (less|more) than the best line", text)
    gap = frame["loss"] - constant
    assert (match is None) == ("as much as the best line" in text) == (abs(gap) < 0.0005)
    if match:
        assert number_in(match[1]) == pytest.approx(abs(gap), rel=5.1e-4, abs=5.1e-4)
        assert (match[2] == "less") == (gap < 0)
    left, right = LINKS[link](v * np.array(state.limits["x"]) + d)
    way = re.search(r"grows|shrinks|stays", text)[0]
    assert way == "stays" or (way == "grows") == (right > left)
    assert way != "stays" or right == pytest.approx(left, rel=0.01)
    if match := re.search(rf"Point (\d+), ({AMOUNT}) \*σ\* off the line, costs most", text):
        k, off = int(match[1]) - 1, number_in(match[2])
        assert k == frame["losses"].argmax()
        assert off == pytest.approx(math.sqrt(2 * frame["half_squares"][k]), rel=6e-4, abs=6e-3)


def test_a_tiny_sigma_is_not_called_0():
    _, scene = seen(v=-2.0, d=-8.0)
    assert "to 0.000" not in scene.sentence
    assert re.search(r"shrinks from 9.119·10⁻⁴ to \d\.\d{3}·10⁻⁹", scene.sentence)


def test_a_huge_loss_is_written_by_powers_of_ten():
    _, scene = seen(c=-3.0, v=-3.0, d=-5.0)
    assert scene.named["loss"] > 1e15
    assert re.fullmatch(r"Loss \d\.\d{3}·10[⁰¹²³⁴⁵⁶⁷⁸⁹]+ nats", scene.plots[0].title)
    assert not re.search(r"\d{7}", scene.sentence)


# Controls


def test_the_link_can_be_chosen_where_the_sliders_suit_both():
    names = [control.name for control in heteroscedastic().state.controls()]
    assert names[:5] == ["w", "c", "v", "d", "link"]
    for link in LINKS:
        grams = heteroscedastic([1.0, 2.0, 3.0], [3000.0, 4000.0, 6000.0], link=link).state
        assert "link" not in [control.name for control in grams.controls()]
        assert grams.link == link
        sigma = LINKS[link](grams.v * 2.0 + grams.d)
        assert sigma == pytest.approx(np.std([3000.0, 4000.0, 6000.0]), rel=0.05)


@pytest.mark.parametrize("spread", [1e-4, 0.01, 1.0, 15.0])
@pytest.mark.parametrize("link", LINKS)
def test_where_the_link_can_be_chosen_the_sliders_reach_every_sigma_with_it(spread, link):
    y = spread * np.array([-1.0, 1.0, 1.0, -1.0])
    state = heteroscedastic([0.0, 1.0, 2.0, 3.0], y, link=link).state
    assert "link" in [control.name for control in state.controls()]
    low, high = (LINKS[link](end) for end in state.limits["d"])
    assert low < 0.1 * spread
    assert high > 2.9 * spread


# Bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"link": "square"}, "link = 'square': allowed is one of 'exp', 'softplus'"),
        ({"d": "wide"}, "d = 'wide': allowed is a number"),
        ({"d": 800.0}, r"\(v, d\) = \(0.3, 800.0\): allowed is a pair for which sigma is positive"),
        ({"d": -800.0}, r"\(v, d\) = .*positive and finite all along the line"),
        ({"limits": {"sigma": (1, 2)}}, "limits = .*: allowed"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        heteroscedastic(**options)


def test_where_there_is_no_best_line_the_sentence_says_why():
    scene = view(explorer.heteroscedastic(x=[0, 100, 101, 102, 103], y=[1, 2, 7, 4, 1]).state)
    assert scene.named["best"] == {}
    assert "There is no best line: a line that meets the points on one side" in scene.sentence
    loose = view(explorer.heteroscedastic(link="softplus").state)
    assert loose.named["best"]
    assert "is a minimum, but the loss has no lower bound" in loose.sentence
    assert "lower bound" not in view(explorer.heteroscedastic().state).sentence
