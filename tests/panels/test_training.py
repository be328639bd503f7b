"""The training panel: what it reads from a training, its plots, its words, and what it refuses."""

import json
import math
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, special, stats

from explorer.core import Bernoulli, Beta, Categorical, Normal, fit_line, fit_logistic, train
from explorer.panels.training import training
from explorer.parts.observations import apart, numbered
from explorer.parts.paths import along, corners
from explorer.parts.training import CELLS, landscape, trained
from explorer.scene import Area, Landscape, Line, Points, Rule, values
from explorer.stage.session import Session
from explorer.stage.wire import encode

RNG = np.random.default_rng(7)
X = np.sort(RNG.normal(10, 3, 60))
SHARES = RNG.beta(30 / (1 + np.exp(0.2 * (X - 10))), 30 / (1 + np.exp(0.2 * (10 - X))))
Y = 3 + 0.5 * X + RNG.normal(0, 0.3 + 0.1 * np.abs(X - 10))
COIN = (RNG.random(60) < 1 / (1 + np.exp(10 - X))).astype(int)
SPECIES = np.array(["ant", "bee", "cat"])[np.digitize(X + RNG.normal(0, 1, 60), [9, 12])]
DATA = {
    "beta": SHARES, "normal": Y, "heteroscedastic": Y, "laplace": Y, "student_t": Y,
    "bernoulli": COIN, "categorical": SPECIES,
}  # fmt: skip


def panel_of(family="beta", **options):
    blueprint = training(X, DATA[family], family=family, **{"steps": 60, **options})
    return blueprint.state, blueprint.view(blueprint.state)


def marks(plot, kind, role=None):
    return [m for m in plot.marks if isinstance(m, kind) and role in (None, m.role)]


# The numbers


@pytest.mark.parametrize("family", DATA)
def test_the_frame_is_that_of_the_training_at_the_step(family):
    state, scene = panel_of(family, step=45, held_out=0.25, seed=3)
    y = numbered(SPECIES, 8)[0] if family == "categorical" else DATA[family]
    run = train(X, y, family, rate=0.02, steps=60, seed=3, held_out=np.array(state.held_out))
    frame = scene.named
    assert frame["loss"] == run.losses[45]
    assert frame["nll"] == run.nlls[45]
    assert frame["held_out_loss"] == run.held_out[45]
    np.testing.assert_array_equal(frame["losses"], run.losses)
    np.testing.assert_array_equal(frame["held_out_losses"], run.held_out)
    theta = run.theta(45, frame["x_grid"])
    assert frame["theta"].keys() == theta.keys()
    for name, curve in theta.items():
        np.testing.assert_allclose(frame["theta"][name], curve, rtol=1e-12)
    assert frame["gradient_norm"] == pytest.approx(np.linalg.norm(run.gradient(run.path[45])))


def test_losses_are_means_over_their_own_observations():
    mask = X > 12
    state, scene = panel_of("beta", step=60, held_out=mask.tolist())
    run = trained(state.task)
    members = run.member(60, X)
    nll = -stats.beta(members.a, members.b).logpdf(SHARES)
    assert scene.named["loss"] == pytest.approx(nll[~mask].mean())
    assert scene.named["held_out_loss"] == pytest.approx(nll[mask].mean())


def by_hand(family, y, t):
    """The terms of -log p of each y, by their formulas."""
    if family == "beta":
        a, b = t["a"], t["b"]
        return (1 - a) * np.log(y), (1 - b) * np.log(1 - y), special.betaln(a, b)
    if family == "bernoulli":
        p = t["probability"]
        return -y * np.log(p), (y - 1) * np.log(1 - p)
    if family == "laplace":
        return np.log(t["scale"]), math.log(2), np.abs(y - t["mu"]) / t["scale"]
    squares = np.square((y - t["mu"]) / t["sigma"])
    if family != "student_t":
        return np.log(t["sigma"]), 0.5 * math.log(2 * math.pi), 0.5 * squares
    nu = t["nu"]
    constant = special.betaln(0.5, 0.5 * nu) + 0.5 * np.log(nu)
    return np.log(t["sigma"]), constant, 0.5 * (nu + 1) * np.log1p(squares / nu)


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("kind", [
    *((family, {}) for family in DATA), ("beta", {"loss": "kernel"}),
    *((family, {"link": "softplus"}) for family in ("beta", "heteroscedastic", "laplace")),
    ("beta", {"link": "softplus", "loss": "kernel"}), ("student_t", {"link": "softplus"}),
], ids=str)  # fmt: skip
def test_the_mean_loss_is_the_sum_of_the_means_of_its_terms(kind, decay):
    family, options = kind
    state, scene = panel_of(family, step=60, rate=0.1, decay=decay, held_out=0.3, **options)
    mean, own = scene.sums
    used, run = ~np.array(state.held_out), trained(state.task)
    x, y = X[used], np.array(state.y)[used]
    if family == "categorical":
        z = run.eta(60, x)
        expected = special.logsumexp(z, axis=1), -z[np.arange(y.size), y.astype(int)]
    else:
        expected = by_hand(family, y, run.theta(60, x))
    terms = [term.value for term in mean.terms]
    np.testing.assert_allclose(terms, [np.mean(term) for term in expected], rtol=1e-10, atol=1e-12)
    counted = sum(term.value for term in mean.terms if not term.struck)
    assert mean.total.value == scene.named["loss"] == pytest.approx(counted, rel=0, abs=1e-12)
    assert sum(terms) == pytest.approx(scene.named["nll"], rel=0, abs=1e-12)
    assert [t.label for t in mean.terms] == [f"mean of {t.label}" for t in own.terms]


def test_without_anything_held_out_its_loss_is_nan_and_is_not_mentioned():
    _, scene = panel_of(held_out=0, step=60)
    assert math.isnan(scene.named["held_out_loss"])
    assert "held" not in scene.sentence
    preset = next(p for p in scene.presets if p.label == "least held-out loss")
    assert math.isnan(preset.values["step"])


def test_the_loss_without_log_b_falls_while_the_true_loss_rises():
    _, scene = panel_of(loss="kernel", steps=2000, step=2000, held_out=0)
    frame = scene.named
    assert frame["loss"] < -1.2
    assert frame["nll"] > 5
    assert frame["theta"]["a"].max() < 0.01
    assert f"{frame['nll']:.3f}, more than before training" in scene.sentence
    for total in scene.sums:
        counted = [term.value for term in total.terms if not term.struck]
        assert [term.struck for term in total.terms] == [False, False, True]
        assert total.total.value == pytest.approx(sum(counted))


def test_a_line_trained_as_a_normal_is_least_squares():
    _, scene = panel_of("normal", hidden=0, method="l-bfgs", steps=500, step=500, held_out=0)
    line, frame = fit_line(X, Y), scene.named
    np.testing.assert_allclose(frame["theta"]["mu"], line.w * frame["x_grid"] + line.c, atol=1e-4)
    np.testing.assert_allclose(frame["theta"]["sigma"], line.sigma, rtol=1e-4)


def test_a_line_trained_as_a_bernoulli_is_logistic_regression():
    _, scene = panel_of("bernoulli", hidden=0, method="l-bfgs", steps=500, step=500, held_out=0)
    fit, frame = fit_logistic(X, COIN), scene.named
    expected = 1 / (1 + np.exp(-(fit.slope * frame["x_grid"] + fit.offset)))
    np.testing.assert_allclose(frame["theta"]["probability"], expected, atol=1e-4)


def test_three_classes_start_at_log_3():
    _, scene = panel_of("categorical")
    assert scene.named["loss"] == pytest.approx(math.log(3))
    np.testing.assert_allclose(scene.named["theta"]["probabilities"], 1 / 3)


def test_a_step_beyond_the_end_of_l_bfgs_shows_its_end():
    state, scene = panel_of("normal", hidden=0, method="l-bfgs", step=60, held_out=0)
    run = trained(state.task)
    assert run.steps < 60
    assert scene.named["loss"] == run.losses[-1]
    assert f"After {run.steps} steps" in scene.sentence
    assert "The training ended there: it had converged" in scene.sentence


@pytest.mark.parametrize("family", ["beta", "heteroscedastic"])
def test_a_diverging_run_stops_and_says_so(family):
    _, scene = panel_of(family, method="gradient", rate=50.0, step=60)
    assert scene.named["stopped"] is not None
    assert "the next loss is not finite; a lower rate may help" in scene.sentence
    assert math.isfinite(scene.named["loss"])
    assert 0 < scene.named["path_share"] <= 1
    assert all(abs(end) <= 1e9 for i in (2, 3) for end in scene.plots[i].y.limits)
    found = [term.value for total in scene.sums for term in (total.total, *total.terms)]
    assert all(abs(value) < 1e9 or math.isnan(value) for value in found)


def test_shares_of_0_and_1_are_allowed_and_explained():
    blueprint = training([1, 2, 3, 4], [0.0, 0.5, 1.0, 0.3], held_out=0, step=60, steps=60)
    assert "a share of 0 or 1 may cost infinitely much" in blueprint.view(blueprint.state).sentence


# The plots


def test_bands_hold_what_they_say():
    _, scene = panel_of("heteroscedastic", step=60)
    wide, narrow = marks(scene.plots[0], Area)
    theta = {name: curve[::2] for name, curve in scene.named["theta"].items()}
    normal = stats.norm(theta["mu"], theta["sigma"])
    np.testing.assert_allclose(wide.y, normal.ppf(0.95), rtol=1e-6)
    np.testing.assert_allclose(wide.base, normal.ppf(0.05), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(narrow.y, normal.ppf(0.75), rtol=1e-6)


def test_the_prediction_is_the_mode_or_the_mean():
    _, scene = panel_of(step=60)
    members = Beta(**scene.named["theta"])
    np.testing.assert_allclose(scene.named["prediction"], members.mode())
    mean = training(X, SHARES, steps=60, step=60)
    named = mean.view(replace(mean.state, what="mean")).named
    np.testing.assert_allclose(named["prediction"], members.mean())


@pytest.mark.parametrize(
    ("family", "member"),
    [
        ("beta", lambda t: Beta(t["a"], t["b"])),
        ("heteroscedastic", lambda t: Normal(t["mu"], t["sigma"])),
        ("bernoulli", lambda t: Bernoulli.from_probability(t["probability"])),
        ("categorical", lambda t: Categorical.from_probabilities(t["probabilities"])),
    ],
)
def test_the_observation_looked_at_costs_what_its_own_prediction_says(family, member):
    state, scene = panel_of(family, near=11.0, step=60)
    i = int(np.abs(X - 11.0).argmin())
    theta = trained(state.task).theta(60, X[i : i + 1])
    y = state.y[i]
    expected = float(np.ravel(member(theta).nll(int(y) if family == "categorical" else y))[0])
    total = scene.sums[1]
    assert total.total.value == pytest.approx(expected)
    assert sum(term.value for term in total.terms) == pytest.approx(expected)
    (rule,) = marks(scene.plots[0], Rule)
    assert rule.x == X[i]
    assert rule.drag.x == "near"


def test_classes_stand_in_bands_as_high_as_their_probabilities():
    _, scene = panel_of("categorical", step=60, held_out=0)
    p, x = scene.named["theta"]["probabilities"], scene.named["x_grid"]
    first, second, *names = marks(scene.plots[0], Line)
    np.testing.assert_allclose(second.y - first.y, p[:, 1])
    assert [line.label for line in names] == ["ant", "bee", "cat"]
    for line, row in zip(names, p.T, strict=True):
        assert line.x.size == 1  # a name without a stub of line
        assert np.interp(line.x[0], x, row) > 0.5 * row.max()
    (points, _, _) = marks(scene.plots[0], Points)
    ants = SPECIES == "ant"
    np.testing.assert_allclose(points.y[ants], np.interp(X[ants], x, 0.5 * p[:, 0]))


@pytest.mark.parametrize("family", DATA)
def test_curves_are_those_of_the_parameters_or_of_the_outputs(family):
    blueprint = training(X, DATA[family], family=family, steps=60, step=60)
    after = blueprint.view(blueprint.state)
    curves = np.array([line.y for line in marks(after.plots[3], Line)])
    theta = np.concatenate([np.atleast_2d(t.T) for t in after.named["theta"].values()])
    np.testing.assert_allclose(curves, theta)
    before = blueprint.view(replace(blueprint.state, shown="eta"))
    outputs = np.array([line.y for line in marks(before.plots[3], Line)])
    eta = trained(blueprint.state.task).eta(60, after.named["x_grid"]).T
    np.testing.assert_allclose(outputs[: len(eta)], eta)
    assert np.isnan(outputs[len(eta) :]).all()


def test_the_step_can_be_dragged_in_the_plot_of_the_losses():
    _, scene = panel_of(step=30)
    (rule,) = marks(scene.plots[2], Rule)
    assert (rule.x, rule.drag.x) == (30.0, "step")
    curve, name = marks(scene.plots[2], Line, "loss")
    np.testing.assert_array_equal(curve.y, scene.named["losses"])
    assert (name.label, name.y) == ("training", curve.y[30])


def test_the_landscape_is_the_loss_over_the_plane_of_the_path():
    state, scene = panel_of(step=60)
    path, run = landscape(state.task), trained(state.task)
    u, v = np.linspace(*path.x, CELLS), np.linspace(*path.y, CELLS)
    for i, j in ((0, 0), (10, 20), (27, 3)):
        value = float(run.mean_loss(path.plane.at(u[j], v[i])))
        assert path.values[i, j] == pytest.approx(min(value, path.values.max()))
    (bands,) = marks(scene.plots[4], Landscape)
    assert bands.values is path.values
    (here,) = marks(scene.plots[4], Points, "model")
    np.testing.assert_allclose((here.x, here.y), path.plane.seen(run.path[60]))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"family": "heteroscedastic", "seed": 1},
        {"family": "laplace", "hidden": 2},
    ],
    ids=repr,
)
def test_the_lowest_band_does_not_fall_apart_between_the_cells(options):
    task = training(**options).state.task
    path, run = landscape(task), trained(task)
    fine = np.meshgrid(np.linspace(*path.x, 82), np.linspace(*path.y, 82))  # 3 a cell
    true = np.array([run.mean_loss(row) for row in path.plane.at(*fine)])
    seen = ndimage.zoom(path.values, 82 / CELLS, order=1)
    for level in path.levels[:4]:
        assert ndimage.label(seen < level)[1] == ndimage.label(true < level)[1]


def test_the_path_is_drawn_by_its_corners():
    angle = np.linspace(0, 6, 2000)
    spiral = np.array([angle * np.cos(angle), 50 * angle * np.sin(angle)])
    some = corners(spiral, 81, 0.002)
    assert some[0] == 0
    assert some[-1] == 1999
    assert 10 < len(some) < 60
    drawn = np.array([np.interp(angle, angle[some], row[some]) for row in spiral])
    away = (drawn - spiral) / np.ptp(spiral, axis=1)[:, None]
    assert np.hypot(*away).max() < 0.01  # along the line too
    assert corners(np.zeros((2, 1)), 81, 0.002) == [0]
    assert corners(np.outer([1, 2], [0.0, 1, 0]), 81, 0.002) == [0, 1, 2]
    assert len(corners(RNG.normal(size=(2, 500)), 81, 0.002)) == 81


@pytest.mark.parametrize("family", DATA)
def test_a_picture_of_another_setting_is_small(family):
    blueprint = training(family=family, steps=400)
    base = values(blueprint.view(blueprint.state))
    for change in ({"batch": 8}, {"method": "l-bfgs", "hidden": 0}):
        moved = replace(blueprint.state, **change, step=200)
        header, buffer = encode(values(blueprint.view(moved)), base)
        assert len(json.dumps(header).encode()) + len(buffer) <= 10_000, change


def test_a_plane_holds_its_start_its_end_and_the_farthest_point():
    path = np.cumsum(np.random.default_rng(1).normal(size=(50, 6)), axis=0)
    plane = along(path)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)
    line = path[-1] - path[0]
    away = (path - path[0]) - np.outer((path - path[0]) @ line / (line @ line), line)
    farthest = int((away**2).sum(axis=1).argmax())
    for k in (0, -1, farthest):
        np.testing.assert_allclose(plane.at(*plane.seen(path[k])), path[k], atol=1e-9)
    inside = ((path - path[0]) @ plane.axes.T) ** 2
    assert plane.share == pytest.approx(inside.sum() / ((path - path[0]) ** 2).sum())


@pytest.mark.parametrize(
    "path", [np.zeros((1, 2)), np.zeros((5, 3)), np.outer([0.0, 1, 2], [1, 2.0]), np.eye(3)]
)
def test_a_path_that_is_a_point_or_a_line_has_a_plane_too(path):
    plane = along(path)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)
    assert plane.share == 1.0


# Data


def test_labels_keep_their_names_and_the_order_of_a_categorical():
    sizes = pd.Series(
        pd.Categorical(["large", "small", "large", "middle"], ["small", "middle", "large"])
    )
    assert numbered(sizes, 8) == ((2.0, 0.0, 2.0, 1.0), ("small", "middle", "large"))
    assert numbered(["b*", "a"], 2) == ((1.0, 0.0), ("a", r"b\*"))
    assert numbered([3, 1, 3], 2) == ((1.0, 0.0, 1.0), ("1", "3"))


def test_axes_are_named_after_series():
    table = pd.DataFrame({"income": X, "share*": SHARES})
    blueprint = training(table["income"], table["share*"], steps=5)
    plot = blueprint.view(blueprint.state).plots[0]
    assert (plot.x.label, plot.y.label) == ("income", r"share\*")


def test_a_share_of_the_observations_is_held_out():
    held = apart(0.25, 60)
    assert sum(held) == 15
    assert held == apart(0.25, 60)


# Settings


@pytest.mark.parametrize("family", DATA)
@settings(max_examples=10, deadline=None)
@given(
    hidden=st.sampled_from([0, 2, 16]),
    method=st.sampled_from(["adam", "gradient", "l-bfgs"]),
    rate=st.floats(-4, 0).map(lambda power: 10**power),
    batch=st.sampled_from([0, 8]),
    step=st.integers(0, 30),
)
def test_every_setting_has_a_picture(family, hidden, method, rate, batch, step):
    options = {"hidden": hidden, "method": method, "rate": rate, "batch": batch, "step": step}
    _, scene = panel_of(family, steps=30, **options)
    assert math.isfinite(scene.named["loss"])
    assert not any(isinstance(value, float) and math.isinf(value) for value in values(scene))


@pytest.mark.parametrize("family", DATA)
def test_presets_keep_to_the_sliders(family):
    state, scene = panel_of(family)
    for preset in scene.presets:
        if not any(value != value for value in preset.values.values()):
            replace(state, **preset.values)


def test_a_step_is_read_from_the_training_that_is_remembered():
    blueprint = training(X, SHARES)
    blueprint.view(blueprint.state)
    took = []
    for step in range(0, 2000, 100):
        state = replace(blueprint.state, step=step)
        start = time.perf_counter()
        values(blueprint.view(state))
        took.append(time.perf_counter() - start)
    assert min(took) < 0.02
    assert trained(state.task) is trained(blueprint.state.task)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "gamma"}, "family = 'gamma': allowed is one of 'beta', 'normal'"),
        ({"x": [1, 2, 3]}, r"x = \[1, 2, 3\]: allowed is x and y together"),
        ({"x": [1, 2, 3], "y": [0.5, 0.5]}, r"y = \[0.5, 0.5\]: allowed is as many values as x"),
        ({"x": [1, 2], "y": [0.5, 0.5]}, r"x = \[1, 2\]: allowed is at least 3 observations"),
        ({"x": [1, 2, math.nan], "y": [0.5] * 3}, r"x\[2\] = nan"),
        ({"x": [1, 2, 3], "y": [0.5, 1.5, 0.1]}, r"y\[1\] = 1.5: allowed"),
        ({"x": X, "y": SHARES, "hidden": 65}, "hidden = 65: allowed is one of 0, 2, 4"),
        ({"x": X, "y": SHARES, "steps": 5001}, "steps = 5001: allowed is a whole number from 1"),
        ({"x": X, "y": SHARES, "rate": 0}, "rate = 0: allowed is a number from"),
        ({"x": X, "y": SHARES, "method": "newton"}, "method = 'newton': allowed is one of"),
        ({"x": X, "y": SHARES, "held_out": 1.0}, "held_out = 1.0: allowed is a number"),
        ({"x": X, "y": SHARES, "held_out": [True]}, r"held_out = \[True\]: allowed is a share"),
        (
            {"x": X, "y": SHARES, "step": 3000},
            "step = 3000: allowed is a whole number from 0",
        ),
        ({"x": X, "y": Y, "family": "normal", "loss": "kernel"}, "loss = 'kernel': allowed is"),
        ({"x": X, "y": [1] * 60, "family": "bernoulli"}, "y = .*labels of two different classes"),
        ({"x": X, "y": SPECIES, "family": "bernoulli"}, "y = .*labels of two different classes"),
        ({"x": [1, 2, 3], "y": ["a", None, "b"], "family": "categorical"}, "y = .*labels"),
        (
            {"x": X, "y": COIN, "family": "bernoulli", "held_out": COIN > 0},
            "held_out = .*some of every class in training",
        ),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=f"(?s)^{message}"):
        Session(training(**options), print)


def test_an_int_beyond_its_options_and_data_of_another_length_are_refused():
    state, _ = panel_of()
    with pytest.raises(ValueError, match=r"^batch = 5: allowed is one of 0, 32, 8"):
        replace(state, batch=5)
    shorter = replace(state, y=(0.5, 0.6, 0.7))
    with pytest.raises(ValueError, match=r"^y = .*as many values as x has"):
        training(X, SHARES).view(shorter)
