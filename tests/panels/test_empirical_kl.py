"""From Diracs to the mean loss: the numbers, what is drawn, and every sentence."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from explorer.core import (
    Beta,
    Boxes,
    Empirical,
    Laplace,
    Mixture,
    Normal,
    StudentT,
    cross_entropy,
    entropy,
    fit_cross_entropy,
    fit_mle,
    kl,
)
from explorer.data import penguins
from explorer.panels.empirical_kl import empirical_kl
from explorer.scene import Area, Landscape, Line, Note, Points, number, structure, values
from explorer.stage.wire import encode

DATA = st.lists(st.integers(-5000, 5000).map(lambda y: y / 1000), min_size=2, max_size=8).filter(
    lambda y: np.ptp(y) > 0.1
)
SPIKES = st.sampled_from(["normal", "box"])
WIDTH = st.floats(1e-4, 1)
EVERY = [
    {},
    {"spikes": "box"},
    {"family": "laplace"},
    {"family": "laplace", "spikes": "box"},
    {"family": "student_t"},
    {"family": "student_t", "spikes": "box", "nu": 1.5},
    {"family": "beta", "spikes": "box"},
]


def scene_of(*args, **options):
    blueprint = empirical_kl(*args, **options)
    return blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return scene_of(*args, **options).named


def data_as(p, width, spikes):
    return Empirical(p).smoothed(width) if spikes == "normal" else Boxes(p, width)


def marks(plot, kind, role=None):
    """The marks of a kind in a plot."""
    return [m for m in plot.marks if isinstance(m, kind) and role in (None, m.role)]


def curves(scene):
    """The curves over the width by what they are."""
    (entropy,), (crossed,) = (marks(scene.plots[1], Line, role) for role in ("truth", "model"))
    excess, kl = marks(scene.plots[1], Line, "loss")
    assert (excess.dashed, kl.dashed) == (True, False)
    return {"entropy": entropy, "cross_entropy": crossed, "kl": kl, "excess": excess}


def presets_of(blueprint):
    return {p.label: p.values for p in blueprint.view(blueprint.state).presets}


# The numbers


@settings(deadline=None)
@given(DATA, WIDTH, st.floats(-3, 3), st.floats(0.2, 4), SPIKES)
def test_the_numbers_are_those_of_the_core(y, width, mu, sigma, spikes):
    scene = scene_of(y, width, mu=mu, sigma=sigma, spikes=spikes)
    frame, p, q = scene.named, data_as(y, width, spikes), Normal(mu, sigma)
    assert frame["cross_entropy"] == float(cross_entropy(p, q))
    assert frame["entropy"] == float(entropy(p))
    assert frame["mean_nll"] == float(q.nll(y).mean())
    assert frame["kl"] == pytest.approx(float(kl(p, q)), rel=1e-9, abs=1e-9)
    nearest = Normal(p.mean(), np.sqrt(p.variance()))
    assert frame["excess"] == pytest.approx(float(kl(p, q) - kl(p, nearest)), abs=1e-9)
    assert frame["best"] == {"mu": nearest.mu, "sigma": nearest.sigma}
    for total in scene.sums:
        assert sum(term.value for term in total.terms) == pytest.approx(total.total.value, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(DATA, WIDTH, st.floats(-3, 3), st.floats(0.2, 4), SPIKES)
def test_a_laplace_model_is_nearest_at_the_median_and_mean_distance(y, width, mu, scale, spikes):
    frame = frame_of(y, width, family="laplace", mu=mu, scale=scale, spikes=spikes)
    p, q = data_as(y, width, spikes), Laplace(mu, scale)
    u = (np.arange(20_000) + 0.5) / 20_000
    z = stats.norm.ppf(u) if spikes == "normal" else u - 0.5
    x = np.add.outer(y, width * z)
    assert frame["cross_entropy"] == pytest.approx(q.nll(x).mean(), abs=1e-4)
    assert frame["kl"] == frame["cross_entropy"] - frame["entropy"]
    assert p.cdf(frame["best"]["mu"]) == pytest.approx(0.5, abs=1e-9)
    assert frame["best"]["scale"] == pytest.approx(np.abs(x - frame["best"]["mu"]).mean(), rel=1e-4)
    least = float(cross_entropy(p, Laplace(**frame["best"])))
    assert frame["excess"] == pytest.approx(float(cross_entropy(p, q)) - least)
    assert frame["excess"] >= -1e-12


@settings(deadline=None, max_examples=25)
@given(DATA, WIDTH, st.floats(0.5, 20), st.floats(-3, 3), st.floats(0.2, 4), SPIKES)
def test_a_student_t_model_is_nearest_with_its_own_nu(y, width, nu, mu, sigma, spikes):
    frame = frame_of(y, width, family="student_t", nu=nu, mu=mu, sigma=sigma, spikes=spikes)
    p, q = data_as(y, width, spikes), StudentT(nu, mu, sigma)
    assert frame["cross_entropy"] == float(cross_entropy(p, q))
    best = frame["best"]
    assert best["nu"] == nu
    least = float(cross_entropy(p, StudentT(**best)))
    assert frame["excess"] == pytest.approx(frame["cross_entropy"] - least, abs=1e-12)
    for change in ({"mu": best["mu"] + 0.01}, {"mu": best["mu"] - 0.01}):
        assert float(cross_entropy(p, StudentT(**{**best, **change}))) > least
    for factor in (0.99, 1.01):
        near = StudentT(**{**best, "sigma": factor * best["sigma"]})
        assert float(cross_entropy(p, near)) > least


@settings(deadline=None)
@given(DATA, WIDTH, st.floats(-3, 3), st.floats(0.2, 4))
def test_normal_spikes_add_half_their_variance_in_units_of_the_models(y, width, mu, sigma):
    """DESIGN section 3: exactly mean NLL + width^2 / (2 sigma^2)."""
    frame = frame_of(y, width, mu=mu, sigma=sigma)
    added = width**2 / (2 * sigma**2)
    assert frame["cross_entropy"] == pytest.approx(frame["mean_nll"] + added, rel=1e-12, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.5, 8), st.floats(0.5, 8), st.floats(1e-4, 0.16))
def test_boxes_in_the_interval_against_a_beta(a, b, width):
    blueprint = empirical_kl(family="beta", spikes="box", a=a, b=b, width=width)
    frame = blueprint.view(blueprint.state).named
    p = Boxes(blueprint.state.observations, width)
    assert frame["kl"] == pytest.approx(float(kl(p, Beta(a, b))), abs=1e-9)
    best = Beta(**frame["best"])
    assert frame["excess"] == pytest.approx(float(kl(p, Beta(a, b)) - kl(p, best)), abs=1e-9)
    assert frame["excess"] >= -1e-12


@pytest.mark.parametrize("options", EVERY[:6], ids=str)
def test_kl_grows_without_end_while_the_excess_and_the_nearest_model_stand_still(options):
    limits = {"width": (1e-9, 1)}
    blueprint = empirical_kl(limits=limits, **options)
    state = blueprint.state
    frames = [blueprint.view(replace(state, width=10.0**-k)).named for k in range(4, 9)]
    growth = np.diff([frame["kl"] for frame in frames])
    np.testing.assert_allclose(growth, math.log(10), atol=1e-3)
    last = frames[-1]
    for frame in frames:
        assert frame["excess"] == pytest.approx(last["excess"], abs=1e-3)
        assert frame["cross_entropy"] == pytest.approx(frame["mean_nll"], abs=1e-3)
    fixed = dict(state.fixed)
    likeliest = fit_mle(state.family, np.array(state.observations), **fixed)
    assert last["excess"] == pytest.approx(
        float(
            state.model.nll(state.observations).mean() - likeliest.nll(state.observations).mean()
        ),
        abs=1e-6,
    )
    for name, value in last["best"].items():
        assert value == pytest.approx(getattr(likeliest, name), abs=1e-6)


def test_a_beta_model_becomes_maximum_likelihood_too():
    blueprint = empirical_kl(family="beta", spikes="box", width=1e-4)
    best = blueprint.view(blueprint.state).named["best"]
    likeliest = fit_mle(Beta, blueprint.state.observations)
    assert best["a"] == pytest.approx(likeliest.a, rel=1e-6)
    assert best["b"] == pytest.approx(likeliest.b, rel=1e-6)


@pytest.mark.parametrize("width", [1e-4, 1e-2, 1])
@pytest.mark.parametrize("spikes", ["normal", "box"])
def test_where_spikes_leave_the_interval_every_beta_is_infinitely_far(width, spikes):
    scene = scene_of(family="beta", width=width, spikes=spikes)
    frame, plot = scene.named, scene.plots[2]
    leaks = spikes == "normal" or width > 0.16
    assert (frame["kl"] == frame["cross_entropy"] == math.inf) == leaks
    assert np.isnan(frame["excess"]) == leaks
    assert (frame["best"] == {}) == leaks
    assert frame["leak"] >= 0
    assert leaks or frame["leak"] == 0
    assert np.isfinite(frame["entropy"])
    assert np.isinf(marks(plot, Landscape)[0].values).all() == leaks
    assert marks(plot, Note)[0].text == ("KL = ∞ everywhere" if leaks else "")
    assert math.isnan(marks(plot, Points, "optimum")[0].x) == leaks
    assert number(frame["excess"]) == ("–" if leaks else number(frame["excess"], 3))


@pytest.mark.parametrize("options", EVERY, ids=str)
def test_the_curves_against_the_width_are_the_numbers_there(options):
    blueprint = empirical_kl(**options)
    found = curves(blueprint.view(blueprint.state))
    widths = found["kl"].x
    assert widths[[0, -1]].tolist() == pytest.approx(blueprint.state.limits["width"])
    # exact for Normal models; what is drawn of others is within a pixel, some 0.03 nats
    near = {"laplace": 0.02, "student_t": 0.01, "beta": 1e-4}.get(options.get("family"), 1e-9)
    for k in (0, 11, 30, -1):
        there = blueprint.view(replace(blueprint.state, width=float(widths[k]))).named
        for name, curve in found.items():
            expected = pytest.approx(
                there[name], abs=1e-9 if name == "entropy" else near, nan_ok=True
            )
            assert curve.y[k] == expected, (name, k)


@pytest.mark.parametrize("options", EVERY, ids=str)
@pytest.mark.parametrize("width", [1e-3, 0.1])
def test_the_landscape_at_its_nodes_is_the_excess_there(options, width):
    blueprint = empirical_kl(width=width, **options)
    scene, state = blueprint.view(blueprint.state), blueprint.state
    (landscape,) = marks(scene.plots[2], Landscape)
    rows, columns = landscape.values.shape
    names = state.plane()
    first, second = (
        np.linspace(*state.limits[names[0]], columns),
        np.linspace(*state.limits[names[1]], rows),
    )
    exact = options.get("family") != "student_t"
    for row, column in ((0, 0), (7, 20), (20, 20), (rows - 1, columns - 1)):
        model = dict(zip(names, (first[column], second[row]), strict=True))
        there = blueprint.view(replace(state, **model)).named["excess"]
        expected = min(there, 2 * landscape.levels[-1])
        near = 1e-9 if exact else 1e-3
        assert landscape.values[row, column] == pytest.approx(expected, abs=near)
    assert landscape.values.min() >= (0 if exact else -1e-3)


def test_the_landscape_of_many_observations_is_right_too():
    y = penguins()["flipper_length"]
    blueprint = empirical_kl(y, family="student_t", width=2.0)
    state = blueprint.state
    values = marks(blueprint.view(state).plots[2], Landscape)[0].values
    p = Empirical(state.observations).smoothed(2.0)
    least = float(cross_entropy(p, fit_cross_entropy(StudentT, p, nu=state.nu)))
    mu, sigma = (np.linspace(*state.limits[name], 40) for name in ("mu", "sigma"))
    for row, column in ((10, 15), (25, 30)):
        q = StudentT(state.nu, mu[column], sigma[row])
        assert values[row, column] == pytest.approx(float(cross_entropy(p, q)) - least, abs=1e-3)


# What is drawn


@settings(deadline=None, max_examples=30)
@given(DATA, st.floats(1e-3, 0.5), SPIKES)
def test_the_drawn_spikes_hold_the_mass_however_narrow_they_are(y, width, spikes):
    plot = scene_of(y, width, spikes=spikes).plots[0]
    (area,) = marks(plot, Area, "truth")
    p = data_as(y, width, spikes)
    np.testing.assert_allclose(area.y, np.exp(p.log_prob(area.x)))
    assert (np.diff(area.x) >= 0).all()
    assert area.x[[0, -1]].tolist() == list(plot.x.limits)
    inside = np.diff(p.cdf(area.x[[0, -1]]))[0]
    assert np.trapezoid(area.y, area.x) == pytest.approx(inside, abs=0.03)


def test_many_observations_are_drawn_as_smoothly():
    y = penguins()["flipper_length"]
    for width in (0.5, 2.0, 10.0):
        (area,) = marks(scene_of(y, width).plots[0], Area, "truth")
        assert np.trapezoid(area.y, area.x) == pytest.approx(1, abs=0.03)


def test_spikes_that_are_too_high_are_marked_at_the_edge_and_their_height_is_in_the_title():
    blueprint = empirical_kl(width=0.001)
    state, plot = blueprint.state, blueprint.view(blueprint.state).plots[0]
    (over,) = marks(plot, Points, "truth")
    assert over.x.tolist() == sorted(state.observations)
    assert np.isinf(over.y).all()
    height = np.exp(Empirical(state.observations).smoothed(0.001).log_prob(1.9))
    assert plot.title == f"Spikes up to {number(height, 1)} high, and the model *q*"
    wide = scene_of(width=0.3).plots[0]
    assert marks(wide, Points, "truth")[0].x.size == 0
    assert "high" not in wide.title


def test_what_leaks_out_is_coloured_apart_and_adds_up():
    blueprint = empirical_kl(family="beta", width=0.1)
    scene = blueprint.view(blueprint.state)
    (spikes,), (leaked,) = (marks(scene.plots[0], Area, role) for role in ("truth", "observation"))
    outside = (spikes.x < 0) | (spikes.x > 1)
    np.testing.assert_array_equal(leaked.y, np.where(outside, spikes.y, 0))
    p = Empirical(blueprint.state.observations).smoothed(0.1)
    assert scene.named["leak"] == pytest.approx(p.cdf(0.0) + 1 - p.cdf(1.0))
    inside = p.cdf(0.0) - p.cdf(-0.15) + p.cdf(1.15) - p.cdf(1.0)
    assert np.trapezoid(leaked.y, leaked.x) == pytest.approx(inside, abs=0.003)
    assert frame_of(family="beta", width=0.1, spikes="box")["leak"] == 0


def test_limits_stay_while_the_width_moves():
    blueprint = empirical_kl()
    scenes = [blueprint.view(replace(blueprint.state, width=10.0**-k)) for k in range(5)]
    for axes in zip(*(plot_limits(scene) for scene in scenes), strict=True):
        assert len(set(axes)) == 1


def plot_limits(scene):
    return [axis.limits for plot in scene.plots for axis in (plot.x, plot.y)]


@settings(deadline=None, max_examples=40)
@given(st.floats(-3, 3), st.floats(0.2, 4), WIDTH, st.sampled_from(["normal", "laplace"]))
def test_limits_hold_the_numbers_and_the_model(mu, scale, width, family):
    name = "sigma" if family == "normal" else "scale"
    scene = scene_of(width=width, family=family, mu=mu, **{name: scale})
    low, high = scene.plots[1].y.limits
    found = curves(scene)
    assert low <= found["entropy"].y.min()
    assert max(found["kl"].y.max(), found["cross_entropy"].y.max()) <= high
    (top,) = marks(scene.plots[0], Points, "model")
    assert top.x == mu
    assert top.drag.wheel == name
    assert top.y == pytest.approx(marks(scene.plots[0], Line, "model")[0].y.max())
    assert top.y <= scene.plots[0].y.limits[1]


def test_the_slider_of_nu_changes_no_structure_and_the_text_tells_that_it_is_fixed():
    blueprint = empirical_kl(family="student_t")
    scenes = [blueprint.view(replace(blueprint.state, nu=nu)) for nu in (0.5, 4.0, 20.0)]
    assert all(structure(scene) == structure(scenes[0]) for scene in scenes)
    for scene in scenes:
        assert scene.plots[2].title == "KL less its minimum with this *ν*"
        assert "the best model with this *ν*" in scene.sentence


# The sentence


def numbers_in(text):
    return [float(n.replace("−", "-")) for n in re.findall(r"−?\d+\.\d{3}(?!\d)", text)]


@settings(deadline=None, max_examples=40)
@given(DATA, st.floats(0.001, 0.9), st.floats(-3, 3), st.floats(0.3, 4), SPIKES)
def test_the_sentence_says_the_numbers_now_and_at_a_tenth_of_the_width(y, width, mu, sigma, spikes):
    scenes = [scene_of(y, w, mu=mu, sigma=sigma, spikes=spikes) for w in (width, width / 10)]
    frame, then = (scene.named for scene in scenes)
    text = scenes[0].sentence.split(" have KL(data ‖ *q*) = ")[1]
    expected = [frame["kl"], frame["excess"], then["kl"], then["excess"]]
    if "as little as for any model" in text:
        assert frame["excess"] < 5.1e-4
        expected.pop(1)
    expected.append(frame["entropy"] - then["entropy"])
    np.testing.assert_allclose(numbers_in(text), expected, atol=5.1e-4)


def test_the_sentence_in_full():
    assert scene_of().sentence == (
        "Widened to Normal spikes of width 0.100, the 5 observations have KL(data ‖ *q*) = 1.007 "
        "nats, 0.183 more than for the best model. Ten times narrower, KL would be 3.283, and the "
        "excess 0.185: the entropy would fall by 2.278, whatever the model."
    )


def test_the_sentence_on_one_observation():
    assert scene_of([3.0], 0.1, mu=3.0, sigma=0.1).sentence.startswith(
        "Widened to a Normal spike of width 0.100, the one observation has KL(data ‖ *q*) = 0.000 "
        "nats, as little as for any model."
    )


def test_the_sentence_on_a_leak_offers_boxes_that_are_narrow_enough():
    text = scene_of(family="beta", width=0.1).sentence
    assert "KL is infinite, for every model and at every width" in text
    room = float(re.search(r"Boxes no wider than (\d\.\d+) stay inside", text)[1])
    assert room == 0.16
    assert np.isfinite(frame_of(family="beta", spikes="box", width=room)["kl"])
    wide = scene_of(family="beta", spikes="box", width=room + 1e-6)
    assert wide.named["kl"] == math.inf
    assert wide.sentence.startswith("Boxes of width 0.160 reach out of (0, 1)")


def test_the_share_that_leaks_is_true():
    scene = scene_of([0.5, 0.9], 0.1, family="beta")
    share = float(re.search(r"([\d.]+) % of their mass", scene.sentence)[1])
    assert share == pytest.approx(100 * scene.named["leak"], abs=0.051)
    narrow = scene_of(family="beta", width=1e-3)
    assert "less than 0.1 % of their mass" in narrow.sentence


# Data and controls


@pytest.mark.parametrize(
    "observations",
    [[1, 2.5, 4], (1, 2.5, 4), np.array([1, 2.5, 4]), pd.Series([1, 2.5, 4], index=[7, 3, 5])],
    ids=["list", "tuple", "array", "Series"],
)
def test_observations_of_any_common_kind(observations):
    assert empirical_kl(observations).state.observations == (1, 2.5, 4)


@pytest.mark.parametrize("scale", [1e-3, 1, 3e5])
@pytest.mark.parametrize("family", ["normal", "laplace", "student_t"])
def test_data_of_any_scale_get_a_window_and_a_model_of_their_own(scale, family):
    blueprint = empirical_kl(scale * np.array([1.0, 1.4, 2.0]), family=family)
    frame, state = blueprint.view(blueprint.state).named, blueprint.state
    low, high = state.limits["mu"]
    assert low < scale < 2 * scale < high < 5 * scale
    _, name = state.plane()
    assert state.limits[name][0] < frame["best"][name] < state.limits[name][1]
    assert 0 < frame["excess"] < 2


def test_repeated_observations_are_one_heavier_spike():
    frame = frame_of([0.0, 1.0, 1.0], 0.01)
    expected = Mixture([1 / 3, 2 / 3], (Normal(0, 0.01), Normal(1, 0.01)))
    assert frame["entropy"] == pytest.approx(float(entropy(expected)), abs=1e-12)


def test_a_family_as_an_object_and_its_parameters_by_name():
    assert empirical_kl(family=StudentT(3.0, 0.5, 2.0)).state.model == StudentT(3.0, 0.5, 2.0)
    assert empirical_kl(family="laplace", scale=0.7).state.model == Laplace(0.8, 0.7)
    assert empirical_kl(limits={"y": (-9, 9)}).state.limits["y"] == (-9, 9)


@pytest.mark.parametrize("family", ["normal", "beta", "laplace", "student_t"])
def test_every_button_goes_to_a_state_that_the_sliders_reach(family):
    blueprint = empirical_kl(family=family, spikes="box")
    for label, values_of in presets_of(blueprint).items():
        state = replace(blueprint.state, **values_of)
        for name in set(values_of) & set(state.limits):
            low, high = state.limits[name]
            assert low <= values_of[name] <= high
        frame = blueprint.view(state).named
        if label == "nearest model":
            assert frame["excess"] == pytest.approx(0, abs=1e-12)
        if label == "boxes that stay inside":
            assert np.isfinite(frame["kl"])


@pytest.mark.parametrize("options", EVERY, ids=str)
def test_a_frame_is_small_on_the_wire(options):
    blueprint = empirical_kl(**options)
    first, *others = (
        values(blueprint.view(replace(blueprint.state, width=w))) for w in (0.1, 1.0, 0.01, 1e-4)
    )
    for found in others:
        header, buffer = encode(found, first)
        assert len(buffer) + len(str(header)) < 10_000


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
        ({"family": "student_t", "nu": 0}, "nu", "0"),
        ({"family": "gamma"}, "family", "'gamma'"),
        ({"family": "bernoulli"}, "family", "'bernoulli'"),
        ({"spikes": "triangle"}, "spikes", "'triangle'"),
        ({"a": 2.0}, "a", "the Normal model has mu and sigma"),
        ({"family": "beta", "mu": 2.0}, "mu", "the Beta model has a and b"),
        ({"family": Normal(0, 1), "mu": 2.0}, "mu", "its parameters already"),
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


def test_the_state_keeps_observations_inside_of_the_interval():
    with pytest.raises(ValueError, match=r"observations\[0\] = 1.0: allowed"):
        replace(empirical_kl(family="beta").state, observations=(1.0,))


@pytest.mark.parametrize(
    "y", [[0.3, 0.7], [0.011, 0.5], [1 / 120, 0.5], [0.4, 0.9917], [0.123, 0.8]]
)
def test_the_boxes_that_are_offered_do_stay_inside(y):
    blueprint = empirical_kl(y, family="beta")
    inside = presets_of(blueprint)["boxes that stay inside"]
    assert np.isfinite(blueprint.view(replace(blueprint.state, **inside)).named["kl"])
    text = blueprint.view(blueprint.state).sentence
    room = float(re.search(r"no wider than (\d\.\d+)", text)[1])
    assert np.isfinite(frame_of(y, room, family="beta", spikes="box")["kl"])
