"""The panel between the reverse and the forward fit, against the core, with no browser."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core import (
    Mixture,
    Normal,
    alpha_divergence,
    fit_alpha_divergence,
    jensen_shannon,
    kl,
)
from explorer.panels.alpha_fit import alpha_fit
from explorer.panels.kl_fit import kl_fit
from explorer.scene import Area, Landscape, Line, Points, Rule
from explorer.stage.session import Session

spot, width = st.floats(-7, 7), st.floats(0.4, 3.5)
components = st.lists(st.tuples(spot, width, st.floats(0.05, 1)), min_size=1, max_size=3)


def seen(*args, **options):
    """A state and its scene."""
    blueprint = alpha_fit(*args, **options)
    return blueprint.state, blueprint.view(blueprint.state)


def frame(*args, **options):
    return seen(*args, **options)[1].named


def marks(plot, kind, role):
    return [m for m in plot.marks if isinstance(m, kind) and m.role == role]


def mixture(state):
    weights, means, sigmas = state.truth
    return Mixture(np.array(weights), tuple(map(Normal, means, sigmas)))


def given_p(parts):
    means, sigmas, weights = zip(*parts, strict=True)
    return {"means": means, "sigmas": sigmas, "weights": weights}


# The numbers


@settings(max_examples=20, deadline=None)
@given(components, st.floats(0, 1))
def test_numbers_are_those_of_the_core(parts, alpha):
    state, scene = seen(**given_p(parts), alpha=alpha)
    got, p = scene.named, mixture(state)
    want = fit_alpha_divergence(p, alpha)
    assert len(got["minima"]) == len(want.minima)
    np.testing.assert_allclose(got["minima"][:, 2], [f.value for f in want.minima], atol=1e-10)
    assert len(got["saddles"]) == len(got["minima"]) - 1
    assert list(got["best"]) == ["mu", "sigma", "value"]
    assert list(got["best"].values()) == got["minima"][0].tolist()
    q = Normal(got["best"]["mu"], got["best"]["sigma"])
    assert got["value"] == got["best"]["value"]
    assert got["value"] == pytest.approx(float(alpha_divergence(p, q, alpha)), abs=1e-10)
    assert got["jensen_shannon"] == pytest.approx(float(jensen_shannon(p, q)), abs=1e-12)
    least, shared = scene.sums
    assert least.total.value == got["value"]
    assert shared.total.value == got["jensen_shannon"]
    assert sum(t.value for t in shared.terms) == pytest.approx(got["jensen_shannon"], abs=1e-10)
    assert 0 <= got["jensen_shannon"] <= np.log(2)
    assert got["forward"] == float(kl(p, q))
    assert got["reverse"] == float(kl(q, p))


@settings(max_examples=10, deadline=None)
@given(components)
def test_the_ends_are_the_numbers_of_kl_fit_exactly(parts):
    reverse, forward = (frame(**given_p(parts), alpha=end) for end in (0.0, 1.0))
    both = kl_fit(**given_p(parts))
    both = both.view(both.state).named
    np.testing.assert_allclose(reverse["minima"], both["reverse_minima"], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(reverse["minima"][:, 2], both["reverse_minima"][:, 2], atol=1e-11)
    assert forward["best"] == both["best"]["forward"]


def test_far_modes_are_picked_near_the_reverse_and_covered_near_the_forward_end():
    recall = []
    for alpha in (0.0, 0.1, 0.15, 0.5, 1.0):
        best = frame(alpha=alpha)["best"]
        recall.append((abs(best["mu"]) > 2, best["sigma"] > 2))
    assert recall == [(True, False)] * 2 + [(False, True)] * 3


@pytest.mark.parametrize(
    "options",
    [
        {"means": (1, 1)},
        {"means": (-8, 8), "sigmas": (0.3, 0.3)},
        {"weights": (1, 0)},
        {"means": (0,), "sigmas": (2,), "weights": (1,)},
        {"means": (1e4, 1e4 + 3)},
        {"means": (-0.01, 0.01), "sigmas": (0.001, 0.001)},
    ],
)
@pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.5, 1.0])
def test_extremes_are_right(options, alpha):
    got = frame(**options, alpha=alpha)
    assert np.isfinite([got["value"], got["jensen_shannon"], got["forward"], got["reverse"]]).all()


# What is drawn


@pytest.mark.parametrize("alpha", [0.0, 0.002, 0.05, 0.3, 0.5, 0.8, 0.998, 1.0])
def test_the_landscape_is_the_divergence(alpha):
    plot = seen((-3, 2), (1, 0.5), weights=(0.3, 0.7), alpha=alpha)[1].plots[1]
    p = Mixture([0.3, 0.7], (Normal(-3.0, 1.0), Normal(2.0, 0.5)))
    (landscape,) = marks(plot, Landscape, "loss")
    mus = np.linspace(*plot.x.limits, landscape.values.shape[1])
    sigmas = np.exp(np.linspace(*plot.y.limits, landscape.values.shape[0]))
    for j, i in ((3, 5), (12, 30), (20, 18), (30, 40)):
        want = float(alpha_divergence(p, Normal(mus[i], sigmas[j]), alpha))
        assert landscape.values[j, i] == pytest.approx(want, rel=0.01, abs=0.01)


def test_the_densities_are_those_of_all_minima():
    _, scene = seen(weights=(0.6, 0.4), alpha=0.05)
    (best,) = marks(scene.plots[0], Line, "model")
    (others,) = marks(scene.plots[0], Line, "optimum")
    (mu, sigma, _), *rest = scene.named["minima"].tolist()
    np.testing.assert_allclose(best.y, np.exp(Normal(mu, sigma).log_prob(best.x)))
    curves = [
        np.exp(Normal(mu, sigma).log_prob(others.x)) == pytest.approx(others.y, nan_ok=True)
        for mu, sigma, _ in rest
    ]
    assert len(curves) == np.isnan(others.x).sum() - 1 > 0
    assert np.max(best.y) <= scene.plots[0].y.limits[1]


def test_the_curves_over_alpha_hold_the_present_minima():
    _, scene = seen(weights=(0.6, 0.4), alpha=0.25)
    for plot, column, tolerance in ((scene.plots[2], 2, 1e-3), (scene.plots[3], 0, 1e-2)):
        (branch,) = (line for line in marks(plot, Line, "loss") if not line.dashed)
        at = np.isclose(branch.x, 0.25)
        want = np.sort(scene.named["minima"][:, column])
        np.testing.assert_allclose(np.sort(branch.y[at]), want, atol=tolerance)
        rings, disc = marks(plot, Points, "optimum")
        np.testing.assert_array_equal([*disc.y, *rings.y], scene.named["minima"][:, column])
        (rule,) = marks(plot, Rule, "muted")
        assert (rule.x, rule.drag.x, plot.click.x) == (0.25, "alpha", "alpha")


def test_the_curve_of_the_jensen_shannon_divergence_runs_through_the_number():
    for truth in ({}, {"sigmas": (0.1, 2.5)}, {"weights": (0.9, 0.1)}):
        for alpha in (0.0, 0.25, 1.0):
            _, scene = seen(**truth, alpha=alpha)
            curve = next(m for m in scene.plots[2].marks if getattr(m, "label", "")[:6] == "Jensen")
            there = np.interp(alpha, curve.x, curve.y)
            assert there == pytest.approx(scene.named["jensen_shannon"], abs=2e-3)


def test_the_best_fit_leaps_where_two_are_equally_good():
    (band,) = marks(seen(weights=(0.6, 0.4))[1].plots[3], Area, "model")
    (leap,) = band.x[:-1][np.diff(band.x) == 0]
    p = Mixture([0.6, 0.4], (Normal(-3.0, 1.0), Normal(3.0, 1.0)))
    one, other, *_ = fit_alpha_divergence(p, float(leap)).minima
    assert one.value == pytest.approx(other.value, abs=1e-3)
    (tied,) = marks(seen()[1].plots[3], Area, "model")
    np.testing.assert_array_less(tied.base, 0)  # of a tie always the left one
    np.testing.assert_array_less(tied.base, tied.y)


# Words and input


def test_the_sentence_tells_what_is_so():
    assert "the reverse KL, there are 3 minima, 2 of them equally" in seen()[1].sentence
    assert "the forward KL, there is one minimum, at" in seen(alpha=1)[1].sentence
    assert "the best is at *μ* = 0.000" in seen(alpha=0.3)[1].sentence
    assert "of at most log 2 = 0.693" in seen()[1].sentence
    assert f"{math.log(2):.3f}" == "0.693"
    plots = seen(alpha=1)[1].plots
    assert "at alpha = 1.00, with its one minimum, 0.462 at mu = 0.00, sigma = 3.16." in (
        plots[1].description
    )
    assert plots[2].description.endswith("at alpha = 1.00, 0.462.")


@pytest.mark.parametrize("alpha", [-0.1, 1.1, np.nan, "half", None])
def test_bad_input_is_named_and_the_panel_stays(alpha):
    with pytest.raises(ValueError, match=r"alpha = .*: allowed is a number from 0 to 1"):
        alpha_fit(alpha=alpha)
    session = Session(alpha_fit(), lambda *_: None)
    before = session.state
    with pytest.raises(ValueError, match=r"alpha = .*: allowed is a number from 0 to 1"):
        session.set(alpha=alpha)
    assert session.state == before


def test_alpha_stays_when_p_changes():
    session = Session(alpha_fit(alpha=0.2), lambda *_: None)
    for index in range(len(session.scene.presets)):
        session.press(index)
        assert session.state.alpha == 0.2
