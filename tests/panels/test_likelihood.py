"""The likelihood panel: the product and the sum, the shares, the landscape, the sentence."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

import explorer
from explorer.core import Beta, Normal, fit_mle
from explorer.panels.likelihood import DRAWN, HANDLES, likelihood, power
from explorer.spec import as_json, named
from explorer.stage.wire import encode

VALUES = st.lists(st.floats(-50, 50).map(lambda v: round(v, 2)), min_size=1, max_size=30)
SHARES = st.lists(st.floats(0.01, 0.99).map(lambda v: round(v, 3)), min_size=1, max_size=30)


def panel_of(*args, **options):
    blueprint = likelihood(*args, **options)
    return blueprint.state, blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return panel_of(*args, **options)[1]


# The numbers


@settings(deadline=None)
@given(VALUES, st.floats(-20, 20), st.floats(0.1, 30))
def test_normal_losses_are_those_of_scipy(y, mu, sigma):
    frame = frame_of(y, mu=mu, sigma=sigma)
    np.testing.assert_allclose(frame["losses"], -stats.norm.logpdf(y, mu, sigma), rtol=1e-10)
    assert frame["loss"] == pytest.approx(frame["losses"].sum())
    terms = frame["term_1"] + frame["term_2"] + frame["term_3"]
    assert terms == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(SHARES, st.floats(0.1, 30), st.floats(0.1, 30))
def test_beta_losses_are_those_of_scipy(y, a, b):
    frame = frame_of(y, family="beta", a=a, b=b)
    np.testing.assert_allclose(frame["losses"], -stats.beta.logpdf(y, a, b), rtol=1e-9, atol=1e-9)
    terms = frame["term_1"] + frame["term_2"] + frame["term_3"]
    assert terms == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)


def test_the_likelihood_is_the_product_of_the_densities():
    frame = frame_of([0.5, -1.0, 2.0], mu=0, sigma=1)
    expected = math.prod(stats.norm.pdf([0.5, -1.0, 2.0]))
    assert frame["likelihood"] == pytest.approx(expected)
    assert frame["loss"] == pytest.approx(-math.log(expected))
    assert math.isnan(frame["lost"])


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 1.0), (1.0, 0.8), (-2.0, 0.5)])
def test_the_product_of_a_thousand_is_lost_where_it_passes_the_smallest_number(mu, sigma):
    state, frame = panel_of(mu=mu, sigma=sigma, n=1000)
    exact = np.cumsum(Normal(mu, sigma).nll(np.array(state.observations)))
    lost = int(frame["lost"])
    assert frame["likelihood"] == 0
    assert exact[lost - 1] > 744.44 > exact[lost - 3]  # -log of 4.9e-324, the smallest there is
    assert frame["loss"] == pytest.approx(exact[-1])
    assert f"At observation {lost} " in frame["sentence"]
    assert "reads 0" in frame["sentence"]


def test_the_product_can_be_lost_upwards_too():
    frame = frame_of(np.linspace(0.0, 1e-4, 500), mu=5e-5, sigma=4e-5)
    assert frame["likelihood"] == math.inf
    assert "reads ∞" in frame["sentence"]
    assert frame["loss"] < -709.78
    assert frame["lost_y"] == -math.inf


def test_the_product_follows_the_sum_until_it_is_lost():
    frame = frame_of(n=1000)
    kept = frame["count"] < frame["lost"]
    np.testing.assert_allclose(frame["product_so_far"][kept], frame["sum_so_far"][kept], rtol=1e-3)
    assert np.isinf(frame["product_so_far"][~kept]).all()
    assert {frame["lost"], frame["lost"] - 1} <= set(frame["count"])


@settings(deadline=None, max_examples=40)
@given(VALUES)
def test_the_best_normal_is_the_fit_and_nothing_near_it_is_better(y):
    assume(np.ptp(y) > 0.1)
    state, frame = panel_of(y)
    best = frame["best"]
    fit = fit_mle(Normal, y)
    assert best == {"mu": fit.mu, "sigma": fit.sigma}
    least = Normal(**best).nll(y).sum()
    for d_mu, factor in ((0.01, 1), (-0.01, 1), (0, 1.01), (0, 0.99)):
        near = Normal(best["mu"] + d_mu * best["sigma"], best["sigma"] * factor)
        assert near.nll(y).sum() > least
    blueprint = likelihood(y)
    there = blueprint.view(replace(state, **best))
    assert "the likelihood is at its maximum" in there["sentence"]
    assert (frame["best_mu"], frame["best_sigma"]) == (best["mu"], best["sigma"])


def test_the_best_beta_is_the_fit():
    y = [0.2, 0.5, 0.6, 0.55]
    fit = fit_mle(Beta, y)
    assert frame_of(y, family="beta")["best"] == {"a": fit.a, "b": fit.b}


@pytest.mark.parametrize(
    ("y", "family", "reason"),
    [
        ([3.0], "normal", "one observation alone"),
        ([3.0, 3.0], "normal", "all observations are the same"),
        ([0.4], "beta", "one observation alone"),
        ([0.0, 0.5, 0.7], "beta", "an observation lies at an end"),
    ],
)
def test_where_there_is_no_maximum_the_panel_says_why(y, family, reason):
    frame = frame_of(y, family)
    assert frame["best"] == {}
    assert reason in frame["sentence"]
    first = "mu" if family == "normal" else "a"
    assert math.isnan(frame[f"best_{first}"])  # so that the button is disabled


@pytest.mark.parametrize("family", ["normal", "beta"])
@pytest.mark.parametrize("n", [1, 8, 300])
def test_the_landscape_at_its_nodes_is_the_sum_of_losses(family, n):
    state, frame = panel_of(family=family, n=n)
    rows, columns = frame["landscape"].shape
    first, second = (np.linspace(*state.limits[k], columns) for k in state.names)
    y = np.array(state.observations[:n])
    kind = Normal if family == "normal" else Beta
    cut = frame["landscape"].max()
    for row, column in ((20, 20), (rows - 1, 3), (9, 30), (0, 0)):
        expected = kind(first[column], second[row]).nll(y).sum()
        assert frame["landscape"][row, column] == pytest.approx(min(expected, cut), rel=1e-9)
    assert cut > frame["levels"].max()


# What is drawn


@pytest.mark.parametrize("family", ["normal", "beta"])
def test_every_observation_has_its_bar_and_the_first_are_handles(family):
    state, frame = panel_of(family=family, n=100)
    x = np.concatenate([frame["held_y"], frame["rest_y"]])
    bars = np.concatenate([frame["held_losses"], frame["rest_losses"]])
    np.testing.assert_array_equal(x, state.observations[:100])
    np.testing.assert_array_equal(bars, frame["losses"])
    np.testing.assert_allclose(frame["held_density"], np.exp(-frame["losses"][:HANDLES]))
    spec = likelihood(family=family).spec(state)
    names = [control.name for control in spec.controls]
    assert names[3:] == [f"observations.{i}" for i in range(HANDLES)]


def test_moving_one_observation_changes_its_loss_alone():
    state, before = panel_of()
    y = list(state.observations)
    y[2] = 3.0
    blueprint = likelihood()
    after = blueprint.view(replace(state, observations=tuple(y)))
    changed = np.flatnonzero(after["losses"] != before["losses"])
    assert changed.tolist() == [2]
    assert after["losses"][2] == pytest.approx(-stats.norm.logpdf(3.0, 0, 1))
    assert after["best"] != before["best"]


@settings(deadline=None)
@given(st.floats(-2.5, 5), st.floats(0.05, 2), st.integers(1, 1000))
def test_limits_hold_what_is_drawn(mu, sigma, n):
    frame = frame_of(mu=mu, sigma=sigma, n=n)
    assert frame["density"].max() <= frame["density_limits"][1]
    low, high = frame["loss_limits"]
    assert low <= frame["losses"].min()
    assert frame["losses"].max() <= high
    assert frame["count"][-1] == n <= frame["count_limits"][1]
    low, high = frame["growth_limits"]
    assert low <= frame["sum_so_far"].min()
    assert frame["sum_so_far"].max() <= high
    assert (np.diff(frame["y_grid"]) >= 0).all()


def test_limits_move_in_steps_only():
    for name, count in (("density_limits", 14), ("loss_limits", 25), ("growth_limits", 25)):
        limits = {tuple(frame_of(sigma=sigma)[name]) for sigma in np.linspace(0.05, 2, 150)}
        assert len(limits) <= count, name


def test_a_density_is_no_probability():
    """Its peak exceeds 1 while its area is 1."""
    frame = frame_of(mu=0, sigma=0.1)
    assert frame["peak"] > 1
    area = np.trapezoid(frame["density"], frame["y_grid"])
    assert area == pytest.approx(1, abs=1e-3)
    assert frame["peak_note"] == "area 1, peak 3.989"


@pytest.mark.parametrize(
    ("a", "b", "peak"), [(1, 1, 1.0), (2, 2, 1.5), (0.5, 2, math.inf), (1, 3, 3.0)]
)
def test_the_peak_of_a_beta_density(a, b, peak):
    assert frame_of([0.5], "beta", a=a, b=b)["peak"] == pytest.approx(peak)


@pytest.mark.parametrize(
    ("family", "numbers"), [("normal", {"n": 1000}), ("beta", {"n": 1000}), ("normal", {"n": 8})]
)
def test_a_frame_on_the_wire_is_small(family, numbers):
    blueprint = likelihood(family=family)
    drawn = set(named(as_json(blueprint.spec(blueprint.state))))

    def sent(frame):
        return {name: value for name, value in frame.items() if name in drawn}

    base = sent(blueprint.view(blueprint.state))
    first, second = blueprint.state.names
    moved = replace(blueprint.state, **numbers, **{first: 1.4, second: 0.4})
    header, buffer = encode(sent(blueprint.view(moved)), base)
    assert len(json.dumps(header).encode()) + len(buffer) <= 10_000
    assert DRAWN <= 300


# The words


@settings(deadline=None)
@given(st.floats(-2.5, 5), st.floats(0.05, 2), st.integers(1, 1000))
def test_the_numbers_of_the_sentence_are_those_of_the_frame(mu, sigma, n):
    state, frame = panel_of(mu=mu, sigma=sigma, n=n)
    said = frame["sentence"]
    value = re.search(r"(−?\d+\.\d{3}) nats", said)[1].replace("−", "-")
    assert float(value) == pytest.approx(frame["loss"], abs=5.1e-4)
    assert ("below zero" in said) == (frame["loss"] < -0.0005)
    if n > 1:
        assert f"alone costs {frame['losses'].max():.3f}".replace("-", "−") in said
        least = Normal(**frame["best"]).nll(np.array(state.observations[:n])).sum()
        assert least <= frame["loss"] + 1e-9
        if match := re.search(r"it would be least, (−?\d+\.\d{3})", said):
            assert float(match[1].replace("−", "-")) == pytest.approx(least, abs=5.1e-4)


@pytest.mark.parametrize(
    ("y", "a", "value", "words"),
    [
        ([0.0, 0.5], 2.0, math.inf, "has density 0"),
        ([0.0, 0.5], 0.5, -math.inf, "lies where the density is infinite"),
    ],
)
def test_an_observation_at_an_end_is_said_in_words(y, a, value, words):
    frame = frame_of(y, family="beta", a=a, b=2.0)
    assert frame["loss"] == value
    assert words in frame["sentence"]
    assert frame["sentence"].startswith("Observation 1, 0.000,")


def test_observations_at_both_ends_may_leave_no_loss_at_all():
    frame = frame_of([0.0, 1.0], family="beta", a=0.5, b=2.0)
    assert math.isnan(frame["loss"])
    assert "no value" in frame["sentence"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.5, "0.500"),
        (999.4, "999.400"),
        (1.89e-6, "1.890·10⁻⁶"),
        (-3.2e12, "−3.200·10¹²"),
        (math.inf, "∞"),
        (5e-324, "4.941·10⁻³²⁴"),
    ],
)
def test_powers_of_ten_in_words(value, text):
    assert power(value) == text


# Controls


def test_presets_go_where_they_say():
    blueprint = likelihood()
    state = blueprint.state
    presets = {preset.label: preset.values for preset in blueprint.spec(state).presets}
    assert presets["maximum likelihood"] == {"mu": "{best_mu}", "sigma": "{best_sigma}"}
    assert presets["the first 100"] == {"n": 100.0}
    assert blueprint.view(replace(state, n=presets["all 1000"]["n"]))["likelihood"] == 0
    close = presets["a loss below zero"]
    y = [close[f"observations.{i}"] for i in range(HANDLES)]
    moved = replace(
        state, observations=(*y, *state.observations[HANDLES:]), mu=close["mu"],
        sigma=close["sigma"], n=close["n"],
    )  # fmt: skip
    frame = blueprint.view(moved)
    assert frame["loss"] < 0
    assert "the likelihood is at its maximum" in frame["sentence"]


def test_data_in_coarse_units_offer_no_loss_below_zero():
    blueprint = likelihood([170.0, 180.0, 190.0, 210.0])
    assert "a loss below zero" not in [p.label for p in blueprint.spec(blueprint.state).presets]


@pytest.mark.parametrize("wrap", [list, tuple, np.array, lambda y: pd.Series(y, index=[5, 3, 4])])
def test_observations_of_any_common_kind(wrap):
    state, frame = panel_of(wrap([0.2, 0.5, 0.6]))
    assert state.observations == (0.2, 0.5, 0.6)
    assert state.n == len(frame["losses"]) == 3


@settings(deadline=None, max_examples=30)
@given(VALUES, st.sampled_from([1e-3, 1.0, 1e4]))
def test_the_start_is_inside_the_ranges_for_data_of_any_size(y, unit):
    blueprint = likelihood(np.array(y) * unit)
    for control in blueprint.spec(blueprint.state).controls:
        field, _, index = control.name.partition(".")
        value = getattr(blueprint.state, field)
        assert control.low <= (value[int(index)] if index else value) <= control.high


# Bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"observations": []}, "observations"),
        ({"observations": [1.0, math.nan]}, r"observations\[1\] = nan"),
        ({"observations": "data"}, "observations = 'data'"),
        ({"observations": [[1.0]]}, "observations"),
        ({"observations": [0.5, 1.5], "family": "beta"}, r"observations\[1\] = 1.5.*0 to 1"),
        ({"observations": np.zeros(1001)}, "1001 values: allowed are at most 1000"),
        ({"family": "gamma"}, "family = 'gamma': allowed is 'normal' or 'beta'"),
        ({"sigma": 0}, "sigma = 0.0: allowed"),
        ({"sigma": "wide"}, "sigma = 'wide'"),
        ({"mu": math.inf}, "mu = inf"),
        ({"a": 2.0}, "a = 2.0: the normal model has mu and sigma instead"),
        ({"mu": 0.0, "family": "beta"}, "mu = 0.0: the beta model has a and b instead"),
        ({"n": 0}, "n = 0.0: allowed is a number from 1 to 1000"),
        ({"observations": [1.0, 2.0], "n": 3}, "n = 3.0: allowed is a number from 1 to 2"),
        ({"limits": {"mu": (2, 1)}}, "limits"),
        ({"limits": {"y": (0, 0.5)}}, r"observations\[.*0 to 0.5"),
    ],
)
def test_bad_input_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        likelihood(**options)


def test_a_handle_keeps_its_observation():
    with pytest.raises(ValueError, match="allowed are 8 to 1000"):
        replace(likelihood().state, observations=(1.0, 2.0), n=2)


def test_a_slider_moves_the_state_and_the_frame():
    panel = explorer.likelihood()
    before = panel.frame["loss"]
    panel.controls["mu"].value = 0.7
    assert panel.state.mu == 0.7
    assert panel.frame["loss"] != before
    with pytest.raises(ValueError, match="mu = nan"):
        panel.set(mu=math.nan)
    assert panel.state.mu == 0.7
