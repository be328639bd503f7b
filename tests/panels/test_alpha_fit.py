"""The panel between the reverse and the forward fit, against the core, with no browser."""

import json
from dataclasses import replace

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
from explorer.spec import as_json, named
from explorer.stage import Panel
from explorer.stage.wire import encode

spot, width = st.floats(-7, 7), st.floats(0.4, 3.5)
components = st.lists(st.tuples(spot, width, st.floats(0.05, 1)), min_size=1, max_size=3)


def frame(blueprint):
    return blueprint.view(blueprint.state)


def mixture(state):
    weights, means, widths = state.truth
    return Mixture(np.array(weights), tuple(map(Normal, means, widths)))


@settings(max_examples=20, deadline=None)
@given(components, st.floats(0, 1))
def test_numbers_are_those_of_the_core(parts, alpha):
    blueprint = alpha_fit(*zip(*parts, strict=True), alpha=alpha)
    got, p = frame(blueprint), mixture(blueprint.state)
    want = fit_alpha_divergence(p, alpha)
    assert len(got["minima"]) == len(want.minima)
    np.testing.assert_allclose(got["minima"][:, 2], [f.value for f in want.minima], atol=1e-10)
    q = Normal(*got["best"][:2])
    assert got["value"] == got["best"][2]
    assert got["value"] == pytest.approx(float(alpha_divergence(p, q, alpha)), abs=1e-10)
    assert got["jensen_shannon"] == pytest.approx(float(jensen_shannon(p, q)), abs=1e-12)
    assert got["half_of_p"] + got["half_of_q"] == pytest.approx(got["jensen_shannon"], abs=1e-10)
    assert 0 <= got["jensen_shannon"] <= np.log(2)
    assert got["forward"] == float(kl(p, q))
    assert got["reverse"] == float(kl(q, p))


@settings(max_examples=10, deadline=None)
@given(components)
def test_the_ends_are_the_numbers_of_kl_fit_exactly(parts):
    given_p = list(zip(*parts, strict=True))
    reverse, forward = (frame(alpha_fit(*given_p, alpha=end)) for end in (0.0, 1.0))
    both = frame(kl_fit(*given_p))
    np.testing.assert_allclose(reverse["minima"], both["reverse_minima"], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(reverse["minima"][:, 2], both["reverse_minima"][:, 2], atol=1e-11)
    np.testing.assert_array_equal(forward["best"], both["forward_best"])


@pytest.mark.parametrize("alpha", [0.0, 0.002, 0.05, 0.3, 0.5, 0.8, 0.998, 1.0])
def test_the_landscape_shows_the_divergence(alpha):
    got = frame(alpha_fit((-3, 2), (1, 0.5), (0.3, 0.7), alpha))
    p = Mixture([0.3, 0.7], (Normal(-3.0, 1.0), Normal(2.0, 0.5)))
    values = got["landscape"]
    mus = np.linspace(*got["window"], values.shape[1])
    sigmas = np.exp(np.linspace(*got["log_sigmas"], values.shape[0]))
    for j, i in ((3, 5), (12, 30), (20, 18), (30, 40)):
        want = float(alpha_divergence(p, Normal(mus[i], sigmas[j]), alpha))
        assert values[j, i] == pytest.approx(want, rel=0.01, abs=0.01)


def test_far_modes_are_picked_near_the_reverse_and_covered_near_the_forward_end():
    recall = []
    for alpha in (0.0, 0.1, 0.15, 0.5, 1.0):
        mu, sigma, _ = frame(alpha_fit(alpha=alpha))["best"]
        recall.append((abs(mu) > 2, sigma > 2))
    assert recall == [(True, False)] * 2 + [(False, True)] * 3


def test_the_strip_holds_the_minima_of_the_present_alpha():
    got = frame(alpha_fit(weights=(0.6, 0.4), alpha=0.25))
    at = np.isclose(got["branch_x"], 0.25)
    np.testing.assert_allclose(
        np.sort(got["branch_value"][at]), np.sort(got["minima"][:, 2]), atol=1e-3
    )
    np.testing.assert_allclose(
        np.sort(got["branch_place"][at]), np.sort(got["minima"][:, 0]), atol=1e-2
    )


def test_the_curve_of_the_jensen_shannon_divergence_runs_through_the_number():
    for truth in ({}, {"widths": (0.1, 2.5)}, {"weights": (0.9, 0.1)}):
        for alpha in (0.0, 0.25, 1.0):
            got = frame(alpha_fit(**truth, alpha=alpha))
            shown = np.interp(alpha, got["alphas"], got["shared"])
            assert shown == pytest.approx(got["jensen_shannon"], abs=2e-3)


def test_the_best_fit_leaps_where_two_are_equally_good():
    got = frame(alpha_fit(weights=(0.6, 0.4)))
    (leap,) = got["alphas"][:-1][np.diff(got["alphas"]) == 0]
    p = Mixture([0.6, 0.4], (Normal(-3.0, 1.0), Normal(3.0, 1.0)))
    one, other, *_ = fit_alpha_divergence(p, float(leap)).minima
    assert one.value == pytest.approx(other.value, abs=1e-3)
    np.testing.assert_array_less(frame(alpha_fit())["best_low"], 0)  # of a tie always the left one


def test_the_sentence_tells_what_is_so():
    assert "the reverse KL, there are 3 minima, 2 of them equally" in frame(alpha_fit())["sentence"]
    assert "the forward KL, the one minimum" in frame(alpha_fit(alpha=1))["sentence"]
    assert "the best is at *μ* = 0.000" in frame(alpha_fit(alpha=0.3))["sentence"]


def test_a_frame_is_small():
    blueprint = alpha_fit()
    names = frozenset(named(as_json(blueprint.spec(blueprint.state))))
    moved = replace(blueprint.state, means=(-3.0, 4.0)), replace(blueprint.state, alpha=0.3)
    first, *later = (
        {k: v for k, v in blueprint.view(state).items() if k in names}
        for state in (blueprint.state, *moved)
    )
    for each in later:
        header, buffer = encode(each, first)
        assert len(json.dumps(header)) + len(buffer) <= 15_000


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"weights": (0.5, -0.5)}, r"weights\[1\] = -0.5: allowed"),
        ({"weights": (0.0, 0.0)}, "weights = .* sum above 0"),
        ({"widths": (1, 0)}, r"widths\[1\] = 0"),
        ({"means": (0, 1, 2)}, "widths = .* as many as the 3 means"),
        ({"alpha": -0.1}, "alpha = -0.1: allowed"),
        ({"alpha": np.nan}, "alpha = nan: allowed"),
    ],
)
def test_bad_input_is_named_and_the_panel_stays(bad, message):
    with pytest.raises(ValueError, match=message):
        alpha_fit(**bad)
    panel = Panel(alpha_fit())
    before = panel.state
    with pytest.raises(ValueError, match=message):
        panel.set(**bad)
    assert panel.state == before
    panel.close()


@pytest.mark.parametrize(
    "state",
    [
        {"means": (1, 1)},
        {"means": (-8, 8), "widths": (0.3, 0.3)},
        {"weights": (1, 0)},
        {"means": (0,), "widths": (2,), "weights": (1,)},
        {"means": (1e4, 1e4 + 3)},
    ],
)
@pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.5, 1.0])
def test_extremes_are_right(state, alpha):
    got = frame(alpha_fit(**state, alpha=alpha))
    assert np.isfinite([got["value"], got["jensen_shannon"], got["forward"], got["reverse"]]).all()


def test_buttons_change_the_number_of_components_and_the_scale():
    panel = Panel(alpha_fit(alpha=0.2))
    panel.set(**panel.state.with_one_more())
    assert len(panel.state.means) == 3
    panel.set(**panel.state.penguins())
    assert 185 < panel.state.means[0] < 195 < 210 < panel.state.means[1]
    assert panel.state.alpha == 0.2
    panel.close()
