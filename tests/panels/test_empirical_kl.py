"""From Diracs to the mean loss: the four numbers, what is drawn, and every sentence."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core import (
    Beta,
    Boxes,
    Empirical,
    Mixture,
    Normal,
    cross_entropy,
    entropy,
    fit_mle,
    kl,
)
from explorer.panels.empirical_kl import empirical_kl
from explorer.spec import Note, as_json, named, number
from explorer.stage.wire import encode

DATA = st.lists(st.integers(-5000, 5000).map(lambda y: y / 1000), min_size=2, max_size=8).filter(
    lambda y: np.ptp(y) > 0.1
)
SPIKES = st.sampled_from(["normal", "box"])
WIDTH = st.floats(1e-4, 1)


def frame_of(*args, **options):
    blueprint = empirical_kl(*args, **options)
    return blueprint.view(blueprint.state)


def data_as(p, width, spikes):
    return Empirical(p).smoothed(width) if spikes == "normal" else Boxes(p, width)


# The numbers


@settings(deadline=None)
@given(DATA, WIDTH, st.floats(-3, 3), st.floats(0.2, 4), SPIKES)
def test_the_numbers_are_those_of_the_core(y, width, mu, sigma, spikes):
    frame = frame_of(y, width, mu, sigma, spikes=spikes)
    p, q = data_as(y, width, spikes), Normal(mu, sigma)
    assert frame["cross_entropy"] == float(cross_entropy(p, q))
    assert frame["entropy"] == float(entropy(p))
    assert frame["mean_nll"] == float(q.nll(y).mean())
    assert frame["kl"] == pytest.approx(float(kl(p, q)), rel=1e-9, abs=1e-9)
    nearest = Normal(p.mean(), np.sqrt(p.variance()))
    assert frame["excess"] == pytest.approx(float(kl(p, q) - kl(p, nearest)), abs=1e-9)
    assert (frame["best_mu"], frame["best_sigma"]) == (nearest.mu, nearest.sigma)
    assert frame["kl"] + frame["minus_minimum"] == pytest.approx(frame["excess"], abs=1e-9)
    assert frame["cross_entropy"] + frame["minus_entropy"] == frame["kl"]


@settings(deadline=None)
@given(DATA, WIDTH, st.floats(-3, 3), st.floats(0.2, 4))
def test_normal_spikes_add_half_their_variance_in_units_of_the_models(y, width, mu, sigma):
    """DESIGN section 3: exactly mean NLL + width^2 / (2 sigma^2)."""
    frame = frame_of(y, width, mu, sigma)
    added = width**2 / (2 * sigma**2)
    assert frame["cross_entropy"] == pytest.approx(frame["mean_nll"] + added, rel=1e-12, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.5, 8), st.floats(0.5, 8), st.floats(1e-4, 0.16))
def test_boxes_in_the_interval_against_a_beta(a, b, width):
    frame = frame_of(family="beta", spikes="box", a=a, b=b, width=width)
    p = Boxes(frame["observations"], width)
    assert frame["kl"] == pytest.approx(float(kl(p, Beta(a, b))), abs=1e-9)
    best = Beta(frame["best_a"], frame["best_b"])
    assert frame["excess"] == pytest.approx(float(kl(p, Beta(a, b)) - kl(p, best)), abs=1e-9)
    assert frame["excess"] >= -1e-12


@pytest.mark.parametrize("spikes", ["normal", "box"])
def test_kl_grows_without_end_while_the_excess_and_the_nearest_model_stand_still(spikes):
    frames = [
        frame_of(width=10.0**-k, spikes=spikes, limits={"width": (1e-9, 1)}) for k in range(2, 9)
    ]
    growth = np.diff([frame["kl"] for frame in frames])
    np.testing.assert_allclose(growth, math.log(10), atol=1e-3)
    for frame in frames[1:]:
        assert frame["excess"] == pytest.approx(frames[-1]["excess"], abs=1e-5)
        assert frame["cross_entropy"] == pytest.approx(frame["mean_nll"], abs=1e-5)
        assert frame["best_mu"] == pytest.approx(frames[-1]["best_mu"])
    likeliest = fit_mle(Normal, frames[0]["observations"])
    assert frames[-1]["best_sigma"] == pytest.approx(likeliest.sigma, abs=1e-9)


def test_a_beta_model_becomes_maximum_likelihood_too():
    frame = frame_of(family="beta", spikes="box", width=1e-4)
    likeliest = fit_mle(Beta, frame["observations"])
    assert frame["best_a"] == pytest.approx(likeliest.a, rel=1e-6)
    assert frame["best_b"] == pytest.approx(likeliest.b, rel=1e-6)


@pytest.mark.parametrize("width", [1e-4, 1e-2, 1])
@pytest.mark.parametrize("spikes", ["normal", "box"])
def test_where_spikes_leave_the_interval_every_beta_is_infinitely_far(width, spikes):
    frame = frame_of(family="beta", width=width, spikes=spikes)
    leaks = spikes == "normal" or width > 0.16
    assert (frame["kl"] == frame["cross_entropy"] == math.inf) == leaks
    assert np.isnan(frame["excess"]) == leaks
    assert np.isnan(frame["best_a"]) == leaks
    assert np.isfinite(frame["entropy"])
    assert np.isinf(frame["landscape"]).all() == leaks
    assert (frame["everywhere"] != "") == leaks
    assert number(frame["excess"]) == ("–" if leaks else number(frame["excess"], 3))


@pytest.mark.parametrize("options", [{}, {"spikes": "box"}, {"family": "beta", "spikes": "box"}])
def test_the_curves_against_the_width_are_the_numbers_there(options):
    blueprint = empirical_kl(**options)
    frame = blueprint.view(blueprint.state)
    assert frame["widths"][[0, -1]].tolist() == pytest.approx(blueprint.state.limits["width"])
    for k in (0, 11, 30, -1):
        there = blueprint.view(replace(blueprint.state, width=float(frame["widths"][k])))
        for curve, name in (
            ("kls", "kl"), ("cross_entropies", "cross_entropy"), ("entropies", "entropy"),
            ("excesses", "excess"),
        ):  # fmt: skip
            expected = pytest.approx(there[name], abs=1e-9, nan_ok=True)
            assert frame[curve][k] == expected, (curve, k)


@pytest.mark.parametrize(
    ("options", "family", "names"),
    [({}, Normal, ("mu", "sigma")), ({"family": "beta", "spikes": "box"}, Beta, ("a", "b"))],
)
def test_the_landscape_at_its_nodes_is_the_excess_there(options, family, names):
    blueprint = empirical_kl(**options)
    frame, limits = blueprint.view(blueprint.state), blueprint.state.limits
    rows, columns = frame["landscape"].shape
    first, second = np.linspace(*limits[names[0]], columns), np.linspace(*limits[names[1]], rows)
    for row, column in ((0, 0), (7, 20), (rows - 1, columns - 1)):
        model = dict(zip(names, (first[column], second[row]), strict=True))
        there = blueprint.view(replace(blueprint.state, **model))
        shown = min(there["excess"], 2 * frame["levels"][-1])
        assert frame["landscape"][row, column] == pytest.approx(shown, abs=1e-9)
    assert frame["landscape"].min() >= 0


# What is drawn


@settings(deadline=None, max_examples=30)
@given(DATA, st.floats(1e-3, 0.5), SPIKES)
def test_the_drawn_spikes_hold_the_mass_however_narrow_they_are(y, width, spikes):
    frame = frame_of(y, width, spikes=spikes)
    p = data_as(y, width, spikes)
    np.testing.assert_allclose(frame["p"], np.exp(p.log_prob(frame["x"])))
    assert (np.diff(frame["x"]) >= 0).all()
    shown = np.diff(p.cdf(frame["x"][[0, -1]]))[0]
    assert np.trapezoid(frame["p"], frame["x"]) == pytest.approx(shown, abs=0.03)


def test_spikes_that_are_too_high_are_marked_at_the_edge_and_their_height_is_said():
    frame = frame_of(width=0.001)
    assert frame["over_x"].tolist() == sorted(frame["observations"])
    assert np.isinf(frame["over_y"]).all()
    assert (
        f"{number(np.exp(Empirical(frame['observations']).smoothed(0.001).log_prob(1.9)), 1)} high"
        in frame["density_title"]
    )
    assert frame_of(width=0.3)["over_x"].size == 0
    assert "high" not in frame_of(width=0.3)["density_title"]


def test_what_leaks_out_is_coloured_apart_and_adds_up():
    frame = frame_of(family="beta", width=0.1)
    outside = (frame["x"] < 0) | (frame["x"] > 1)
    np.testing.assert_array_equal(frame["leaked"], np.where(outside, frame["p"], 0))
    p = Empirical(frame["observations"]).smoothed(0.1)
    assert frame["leak"] == pytest.approx(p.cdf(0.0) + 1 - p.cdf(1.0))
    assert frame_of(family="beta", width=0.1, spikes="box")["leak"] == 0


def test_limits_stay_while_the_width_moves():
    blueprint = empirical_kl()
    frames = [blueprint.view(replace(blueprint.state, width=10.0**-k)) for k in range(5)]
    for name in ("density_limits", "number_limits", "width_limits"):
        assert len({tuple(frame[name]) for frame in frames}) == 1, name


@settings(deadline=None, max_examples=40)
@given(st.floats(-3, 3), st.floats(0.2, 4), WIDTH)
def test_limits_hold_the_numbers_and_the_model(mu, sigma, width):
    frame = frame_of(width=width, mu=mu, sigma=sigma)
    low, high = frame["number_limits"]
    assert low <= frame["entropies"].min()
    assert max(frame["kls"].max(), frame["cross_entropies"].max()) <= high
    assert frame["q_peak"] <= frame["density_limits"][1]


# The sentence


def numbers_in(text):
    return [float(n.replace("−", "-")) for n in re.findall(r"−?\d+\.\d{3}(?!\d)", text)]


@settings(deadline=None, max_examples=40)
@given(DATA, st.floats(0.001, 0.9), st.floats(-3, 3), st.floats(0.3, 4), SPIKES)
def test_the_sentence_says_the_numbers_now_and_at_a_tenth_of_the_width(y, width, mu, sigma, spikes):
    frame, then = (frame_of(y, w, mu, sigma, spikes=spikes) for w in (width, width / 10))
    said = frame["sentence"].split(" have a KL of ")[1]
    expected = [frame["kl"], frame["excess"], then["kl"], then["excess"]]
    if "as little as any allows" in said:
        assert frame["excess"] < 5.1e-4
        expected.pop(1)
    expected.append(frame["entropy"] - then["entropy"])
    np.testing.assert_allclose(numbers_in(said), expected, atol=5.1e-4)


def test_the_sentence_in_full():
    assert frame_of()["sentence"] == (
        "Widened to Normal spikes of width 0.100, the 5 observations have a KL of 1.007 nats to "
        "the model, 0.183 more than to the best one. Ten times narrower, KL would be 3.283, and "
        "the excess 0.185: the entropy would fall by 2.278, whatever the model."
    )


def test_the_sentence_on_one_observation():
    assert frame_of([3.0], 0.1, 3.0, 0.1, limits={"sigma": (0.01, 2)})["sentence"].startswith(
        "Widened to a Normal spike of width 0.100, the one observation has a KL of 0.000 nats to "
        "the model, as little as any allows."
    )


def test_the_sentence_on_a_leak_offers_boxes_that_are_narrow_enough():
    said = frame_of(family="beta", width=0.1)["sentence"]
    assert "KL is infinite, for every width and every model" in said
    room = float(re.search(r"Boxes no wider than (\d\.\d+) stay inside", said)[1])
    assert room == 0.16
    assert np.isfinite(frame_of(family="beta", spikes="box", width=room)["kl"])
    wide = frame_of(family="beta", spikes="box", width=room + 1e-6)
    assert wide["kl"] == math.inf
    assert wide["sentence"].startswith("Boxes of width 0.160 reach out of (0, 1)")


def test_the_share_that_leaks_is_said_truly():
    frame = frame_of([0.5, 0.9], 0.1, family="beta")
    share = float(re.search(r"([\d.]+) % of their mass", frame["sentence"])[1])
    assert share == pytest.approx(100 * frame["leak"], abs=0.051)
    assert "less than 0.1 % of their mass" in frame_of(family="beta", width=1e-3)["sentence"]


# Data and controls


@pytest.mark.parametrize(
    "observations",
    [[1, 2.5, 4], (1, 2.5, 4), np.array([1, 2.5, 4]), pd.Series([1, 2.5, 4], index=[7, 3, 5])],
    ids=["list", "tuple", "array", "Series"],
)
def test_observations_of_any_common_kind(observations):
    assert frame_of(observations)["observations"].tolist() == [1, 2.5, 4]


@pytest.mark.parametrize("scale", [1e-3, 1, 3e5])
def test_data_of_any_scale_get_a_window_and_a_model_of_their_own(scale):
    blueprint = empirical_kl(scale * np.array([1.0, 1.4, 2.0]))
    frame, limits = blueprint.view(blueprint.state), blueprint.state.limits
    low, high = limits["mu"]
    assert low < scale < 2 * scale < high < 5 * scale
    assert limits["sigma"][0] < frame["best_sigma"] < limits["sigma"][1]
    assert 0 < frame["excess"] < 1


def test_repeated_observations_are_one_heavier_spike():
    frame = frame_of([0.0, 1.0, 1.0], 0.01)
    expected = Mixture([1 / 3, 2 / 3], (Normal(0, 0.01), Normal(1, 0.01)))
    assert frame["entropy"] == pytest.approx(float(entropy(expected)), abs=1e-12)


@pytest.mark.parametrize("family", ["normal", "beta"])
def test_every_button_goes_to_a_state_that_the_sliders_reach(family):
    blueprint = empirical_kl(family=family, spikes="box")
    frame = blueprint.view(blueprint.state)
    for preset in blueprint.spec(blueprint.state).presets:
        values = {
            name: frame[value[1:-1]] if str(value).startswith("{") else value
            for name, value in preset.values.items()
        }
        state = replace(blueprint.state, **values)
        for name in set(values) & set(state.limits):
            low, high = state.limits[name]
            assert low <= values[name] <= high
        if preset.label == "nearest model":
            assert blueprint.view(state)["excess"] == pytest.approx(0, abs=1e-12)
        if preset.label == "boxes that stay inside":
            assert np.isfinite(blueprint.view(state)["kl"])


@pytest.mark.parametrize("options", [{}, {"spikes": "box"}, {"family": "beta", "spikes": "box"}])
def test_a_frame_is_small_on_the_wire(options):
    blueprint = empirical_kl(**options)
    drawn = set(named(as_json(blueprint.spec(blueprint.state))))
    first, *others = (
        {k: v for k, v in blueprint.view(replace(blueprint.state, width=w)).items() if k in drawn}
        for w in (0.1, 1.0, 0.01, 1e-4)
    )
    for frame in others:
        header, buffer = encode(frame, first)
        assert len(buffer) + len(str(header)) < 10_000


def test_every_entry_that_the_spec_names_is_in_the_frame():
    for options in ({}, {"family": "beta"}):
        blueprint = empirical_kl(**options)
        frame, spec = blueprint.view(blueprint.state), blueprint.spec(blueprint.state)
        text = str(as_json(spec))
        assert set(re.findall(r"\{(\w+)\}", text)) <= set(frame)
        for axes in spec.axes:
            for mark in axes.marks:
                for name in () if isinstance(mark, Note) else (mark_x(mark), mark_y(mark)):
                    assert name in frame or not name


def mark_x(mark):
    return getattr(mark, "x", "")


def mark_y(mark):
    return getattr(mark, "y", "")


# Bad input


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ({"width": 0}, "width", "0"),
        ({"width": -1.0}, "width", "-1.0"),
        ({"width": math.nan}, "width", "nan"),
        ({"width": "wide"}, "width", "'wide'"),
        ({"mu": math.inf}, "mu", "inf"),
        ({"sigma": 0}, "sigma", "0"),
        ({"sigma": -2}, "sigma", "-2"),
        ({"family": "beta", "a": 0}, "a", "0"),
        ({"family": "beta", "b": "x"}, "b", "'x'"),
        ({"family": "gamma"}, "family", "'gamma'"),
        ({"spikes": "triangle"}, "spikes", "'triangle'"),
        ({"a": 2.0}, "a", "family='beta'"),
        ({"family": "beta", "mu": 2.0}, "mu", "family='normal'"),
        ({"observations": []}, "observations", "[]"),
        ({"observations": [1.0, math.nan]}, "observations[1]", "nan"),
        ({"observations": "abc"}, "observations", "'abc'"),
        ({"observations": [0.5, 1.0], "family": "beta"}, "observations[1]", "1.0"),
        ({"observations": np.arange(401)}, "observations", "400"),
        ({"limits": {"width": (1, 0.1)}}, "limits", "(1, 0.1)"),
        ({"limits": {"size": (1, 2)}}, "limits", "'size'"),
    ],
)
def test_bad_input_names_the_parameter_its_value_and_what_is_allowed(options, name, value):
    with pytest.raises(ValueError, match="allowed") as caught:
        empirical_kl(**options)
    assert str(caught.value).startswith(f"{name} ")
    assert value in str(caught.value)


@pytest.mark.parametrize(
    "y", [[0.3, 0.7], [0.011, 0.5], [1 / 120, 0.5], [0.4, 0.9917], [0.123, 0.8]]
)
def test_the_boxes_that_are_offered_do_stay_inside(y):
    blueprint = empirical_kl(y, family="beta")
    preset = next(
        p for p in blueprint.spec(blueprint.state).presets if p.label == "boxes that stay inside"
    )
    assert np.isfinite(blueprint.view(replace(blueprint.state, **preset.values))["kl"])
    room = float(
        re.search(r"no wider than (\d\.\d+)", blueprint.view(blueprint.state)["sentence"])[1]
    )
    assert np.isfinite(frame_of(y, room, family="beta", spikes="box")["kl"])
