"""The panel of forward and reverse fits, against the core and known values, with no browser."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core import Mixture, Normal, fit_mle, fit_reverse_kl, kl
from explorer.panels.kl_fit import kl_fit
from explorer.scene import Landscape, Line, Note, Points, Rule
from explorer.stage.session import Session

REFERENCE = json.loads((Path(__file__).parents[1] / "core" / "numerics.json").read_text())


def seen(*args, **options):
    """A state and its scene."""
    blueprint = kl_fit(*args, **options)
    return blueprint.state, blueprint.view(blueprint.state)


def frame(*args, **options):
    return seen(*args, **options)[1].named


def marks(plot, kind, role):
    return [m for m in plot.marks if isinstance(m, kind) and m.role == role]


def handle(plot):
    """The present q, which can be dragged."""
    return marks(plot, Points, "model")[-1]  # the top of its hill


def mixture(state):
    weights, means, sigmas = state.truth
    return Mixture(np.array(weights), tuple(map(Normal, means, sigmas)))


# The fits


@pytest.mark.parametrize(
    "case", REFERENCE["quantities"]["reverse_kl_optima"]["cases"], ids=lambda case: case["id"]
)
def test_all_minima_and_saddles_are_those_of_the_reference(case):
    given_p, expected = case["inputs"], case["expected"]
    got = frame(given_p["m"], given_p["s"], weights=given_p["w"])
    for name, wanted in (("reverse_minima", "minima"), ("reverse_saddles", "saddles")):
        rows = [(round(mu, 6), sigma, value) for mu, sigma, value in got[name]]
        want = [
            (round(float(x["mu"]), 6), *map(float, (x["sigma"], x["value"])))
            for x in expected[wanted]
        ]
        rows, want = ([(mu + 0.0, *rest) for mu, *rest in each] for each in (rows, want))
        rows, want = sorted(rows), sorted(want)
        assert len(rows) == len(want)
        np.testing.assert_allclose(np.reshape(rows, (-1, 3)), np.reshape(want, (-1, 3)), atol=1e-7)


spot, width = st.floats(-7, 7), st.floats(0.4, 3.5)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(spot, width, st.floats(0.05, 1)), min_size=1, max_size=3), spot, width)
def test_numbers_are_those_of_the_core(components, mu, sigma):
    means, sigmas, weights = zip(*components, strict=True)
    qs = {"forward_q": (mu, sigma), "reverse_q": (mu, sigma)}
    state, scene = seen(means, sigmas, weights=weights, **qs)
    got, p, q = scene.named, mixture(state), Normal(mu, sigma)
    assert got["forward"] == pytest.approx(float(kl(p, q)), abs=1e-10, rel=1e-10)
    assert got["reverse"] == pytest.approx(float(kl(q, p)), abs=1e-10, rel=1e-10)
    best = got["best"]["forward"]
    assert best["mu"] == pytest.approx(float(p.mean()), abs=1e-12)
    assert best["sigma"] ** 2 == pytest.approx(float(p.variance()))
    assert best["value"] <= got["forward"] + 1e-12
    assert list(got["best"]["reverse"].values()) == got["reverse_minima"][0].tolist()
    assert got["best"]["reverse"]["value"] <= got["reverse"] + 1e-10
    assert len(got["reverse_minima"]) == len(got["reverse_saddles"]) + 1
    for total, name, entropy in zip(
        scene.sums, ("forward", "reverse"), (p.entropy(), q.entropy()), strict=True
    ):
        assert total.total.value == got[name]
        assert sum(term.value for term in total.terms) == pytest.approx(got[name], abs=1e-9)
        assert total.terms[1].value == pytest.approx(-float(entropy))
    assert ((got["precision"] >= 0) & (got["precision"] <= 1)).all()
    assert ((got["recall"] >= 0) & (got["recall"] <= 1)).all()
    assert got["separation"] == max(means) - min(means)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 13.9), st.sampled_from([(0.5, 0.5), (0.6, 0.4)]), st.booleans())
def test_fits_along_the_remembered_branches_equal_a_search(apart, weights, mirrored):
    means = (apart / 2 - 7, -apart / 2 - 7) if mirrored else (1 - apart / 2, 1 + apart / 2)
    state, scene = seen(means, (1.0, 1.0), weights=weights)
    got, want = scene.named["reverse_minima"], fit_reverse_kl(mixture(state)).minima
    assert len(got) == len(want)
    np.testing.assert_allclose(got[:, 2], [fit.value for fit in want], atol=1e-10)


def test_precision_and_recall_of_one_normal_are_its_95_percent():
    got = frame((1,), (2,))
    np.testing.assert_allclose([*got["precision"], *got["recall"]], 0.95, atol=1e-9)
    assert got["separation"] == 0


def test_the_forward_fit_covers_and_the_reverse_fit_is_precise():
    got = frame()
    assert got["recall"][0] > 0.99 > 0.5 > got["recall"][1]
    assert got["precision"][1] > 0.9 > got["precision"][0]
    notes = [marks(plot, Note, "optimum")[0].text for plot in seen()[1].plots[2:4]]
    assert notes == ["best: precision 0.63, recall 1.00", "best: precision 0.94, recall 0.48"]


def test_precision_and_recall_of_q_itself_stand_beside_q():
    at_best = frame()["best"]["reverse"]
    q = at_best["mu"], at_best["sigma"]
    got, scene = frame(reverse_q=q), seen(reverse_q=q)[1]
    assert got["q_precision"][1] == pytest.approx(got["precision"][1], abs=1e-9)
    assert got["q_recall"][1] == pytest.approx(got["recall"][1], abs=1e-9)
    assert abs(got["q_recall"][0] - got["recall"][0]) > 0.1
    notes = [marks(plot, Note, "model")[0].text for plot in scene.plots[:2]]
    assert notes[1] == "*q*: precision 0.94, recall 0.48"
    assert notes[0] != notes[1]


def test_a_fixed_sigma_splits_the_centre_at_2_9217():
    near, far = (frame((-d / 2, d / 2), fixed_sigma=1.0) for d in (2.9, 2.95))
    assert len(near["reverse_minima"]) == 1
    assert len(far["reverse_minima"]) == 2
    assert (far["reverse_minima"][:, 1] == 1).all()
    assert far["best"]["forward"]["sigma"] == far["maximum_likelihood"]["sigma"] == 1


def test_more_samples_come_closer_to_the_forward_fit():
    few, many = frame(n=10), frame(n=2000)
    off = [
        abs(f["maximum_likelihood"]["sigma"] - f["best"]["forward"]["sigma"]) for f in (few, many)
    ]
    assert off[1] < 0.1 < off[0]
    cross = marks(seen(n=2000)[1].plots[2], Points, "observation")[0]
    assert cross.x == many["maximum_likelihood"]["mu"]
    assert cross.label == "*n* = 2000"


# What is drawn


def test_the_landscapes_are_the_divergences():
    _, scene = seen((-3, 2), (1, 0.5), weights=(0.3, 0.7))
    p = Mixture([0.3, 0.7], (Normal(-3.0, 1.0), Normal(2.0, 0.5)))
    for plot, forward in zip(scene.plots[2:4], (True, False), strict=True):
        values = marks(plot, Landscape, "loss")[0].values
        mus = np.linspace(*plot.x.limits, values.shape[1])
        sigmas = np.exp(np.linspace(*plot.y.limits, values.shape[0]))
        for j, i in ((3, 5), (12, 30), (20, 18), (30, 40)):
            q = Normal(mus[i], sigmas[j])
            want = float(kl(p, q) if forward else kl(q, p))
            assert values[j, i] == pytest.approx(want, rel=0.01, abs=0.01)


def test_the_landscapes_hold_all_fits_and_the_present_q():
    state, scene = seen(forward_q=(2, 1.5), reverse_q=(-4, 0.7))
    for plot, (mu, sigma) in zip(scene.plots[2:4], (state.forward_q, state.reverse_q), strict=True):
        assert (handle(plot).x, handle(plot).y) == pytest.approx((mu, math.log(sigma)))
        assert handle(plot).drag.log == "y"
    minima, got = marks(scene.plots[3], Points, "optimum"), scene.named["reverse_minima"]
    saddles = marks(scene.plots[3], Points, "muted")[0]
    np.testing.assert_allclose(np.concatenate([m.x for m in minima[::-1]]), got[:, 0])
    np.testing.assert_allclose(np.exp(np.concatenate([m.y for m in minima[::-1]])), got[:, 1])
    np.testing.assert_allclose(saddles.x, scene.named["reverse_saddles"][:, 0])
    assert minima[1].label == "0.689"


@pytest.mark.parametrize("means", [(-3, 2), (2, -3)])
def test_a_drag_of_the_separation_moves_the_second_mean(means):
    _, scene = seen(means, weights=(0.6, 0.4))
    for plot in scene.plots[4:]:
        rule = marks(plot, Rule, "truth")[0]
        drag = rule.drag
        assert drag is plot.click
        assert rule.x == scene.named["separation"] == 5
        assert drag.x == "means.1"
        assert drag.origin + drag.sign * rule.x == means[1]
        rings, disc = marks(plot, Points, "optimum")
        assert [*rings.x, *disc.x] == [5] * len(scene.named["reverse_minima"])
    middle = -0.5
    got = scene.named["reverse_minima"]
    assert disc.y[0] == pytest.approx(got[0, 0] - middle)
    branch = marks(scene.plots[4], Line, "loss")[0]
    at = np.isclose(branch.x, 5)
    if at.any():
        np.testing.assert_allclose(np.sort(branch.y[at]), np.sort(got[:, 2]), atol=1e-3)


def test_there_are_strips_for_two_components_only():
    assert [len(seen(m)[1].plots) for m in ([0], [0, 1], [0, 1, 2])] == [4, 6, 4]


# The descent


@pytest.mark.parametrize("method", ["gradient", "newton"])
@pytest.mark.parametrize("start", [(1.2, 2.2), (-5.0, 0.5), (4.0, 4.0)])
def test_descents_end_in_a_marked_minimum(method, start):
    _, scene = seen(weights=(0.6, 0.4), forward_q=start, reverse_q=start, method=method, step=160)
    got = scene.named
    assert got["forward"] == pytest.approx(got["best"]["forward"]["value"], abs=1e-5)
    assert np.abs(got["reverse_minima"][:, 2] - got["reverse"]).min() < 1e-5
    for plot in scene.plots[2:4]:
        path = marks(plot, Line, "model")[0]
        assert (path.x[0], path.y[0]) == pytest.approx((start[0], math.log(start[1])))
        assert (path.x[-1], path.y[-1]) == pytest.approx((handle(plot).x, handle(plot).y))


def test_the_q_walks_along_its_path_and_the_densities_follow():
    path = marks(seen(step=160)[1].plots[3], Line, "model")[0]
    for step in (1, 7, 40):
        scene = seen(step=step)[1]
        at = handle(scene.plots[3])
        assert (at.x, at.y) == pytest.approx((path.x[step], path.y[step]))
        assert handle(scene.plots[1]).x == at.x
        assert handle(scene.plots[1]).y == pytest.approx(
            float(np.exp(Normal(0, np.exp(at.y)).log_prob(0)))
        )
    assert marks(seen()[1].plots[3], Line, "model")[0].x.size == 0


def test_fixed_sigma_holds_along_the_path():
    path = marks(seen(fixed_sigma=1.3, step=20)[1].plots[3], Line, "model")[0]
    np.testing.assert_allclose(np.exp(path.y), 1.3)
    button = seen()[1].presets[-1]
    assert (button.label, button.values) == ("fix σ", {"fixed_sigma": 1.0})
    session = Session(kl_fit(), lambda *_: None)
    session.press(len(session.scene.presets) - 1)
    assert session.state.fixed_sigma == 1
    session.press(len(session.scene.presets) - 1)
    assert session.state.fixed_sigma is None


# Words


def test_the_sentence_tells_what_is_so():
    assert "Reverse, there are 3 minima, 2 of them equally good" in seen()[1].sentence
    sentence = seen(means=(-1.5, 1.5), fixed_sigma=1.0)[1].sentence
    assert "Reverse, there are 2 minima, both of them equally good" in sentence
    assert "Reverse, there is one minimum, at *μ* = 0.000" in seen((-1, 1))[1].sentence
    sample = mixture(kl_fit().state).sample(np.random.default_rng(20240607), (2000,))[:100]
    fitted = fit_mle(Normal, sample)
    assert f"*n* = 100 of them give *μ* = {fitted.mu:.2f}, *σ* = {fitted.sigma:.2f}" in (
        seen()[1].sentence
    )
    arrived = seen(sigmas=(1, 1.2), weights=(0.6, 0.4), step=5)[1]
    assert "a minimum that is not the best, 0.675 nats" in arrived.sentence
    best = seen(weights=(0.6, 0.4), reverse_q=(-4, 1), step=1)[1]
    assert "leads to the best minimum, 0.507 nats" in best.sentence
    slow = seen(reverse_q=(8, 10), method="adam", step=1)[1]
    assert "After 160 steps the reverse descent is still on its way" in slow.sentence


def test_descriptions_tell_where_the_fits_are():
    plots = seen()[1].plots
    assert plots[2].description == (
        "KL(p ‖ q) over all q, with its one minimum, 0.462 at mu = 0.00, sigma = 3.16, and the "
        "maximum likelihood fit to samples of p. Less colour is lower."
    )
    assert "its 3 minima, 0.689 at mu = −2.98, sigma = 1.02; 0.689 at mu = 2.98" in (
        plots[3].description
    )
    assert plots[3].description.endswith(", and 2 saddles. Less colour is lower.")


# Input


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"forward_q": (0.0, -1.0)}, r"forward_q\[1\] = -1.0: allowed"),
        ({"reverse_q": (0.0,)}, "reverse_q = .* pair"),
        ({"reverse_q": 3.0}, "reverse_q = 3.0: allowed is a pair"),
        ({"forward_q": ([1], [2, 3])}, r"forward_q\[0\] = \[1\]: allowed"),
        ({"fixed_sigma": 0.0}, "fixed_sigma = 0.0: allowed"),
        ({"method": "magic"}, "method = 'magic': allowed is one of"),
        ({"step": 161}, "step = 161: allowed is a whole number from 0 to 160"),
        ({"step": 0.5}, "step = 0.5: allowed is a whole number"),
        ({"n": 9}, "n = 9: allowed is a whole number from 10 to 2000"),
    ],
)
def test_bad_input_is_named_and_the_panel_stays(bad, message):
    with pytest.raises(ValueError, match=message):
        kl_fit(**bad)
    session = Session(kl_fit(), lambda *_: None)
    before = session.state
    with pytest.raises(ValueError, match=message):
        session.set(**bad)
    assert session.state == before


@pytest.mark.parametrize(
    "options",
    [
        {"means": (1, 1)},
        {"sigmas": (0.3, 4)},
        {"means": (-8, 8), "sigmas": (0.3, 0.3)},
        {"weights": (1, 0)},
        {"forward_q": (40.0, 0.05)},
        {"means": (1e4, 1e4 + 3)},
        {"means": (-0.01, 0.01), "sigmas": (0.001, 0.001)},
        {"means": (-1e5, 1e5), "sigmas": (1e4, 1e-2)},
        {"means": (-1e6, 1e6), "sigmas": (1e5, 1e6)},
    ],
)
def test_extremes_are_right_and_inside_the_window(options):
    state, scene = seen(**options)
    got = scene.named
    assert np.isfinite([got["forward"], got["reverse"], *got["precision"], *got["recall"]]).all()
    low, high = scene.plots[0].x.limits
    assert low <= state.forward_q[0] <= high
    assert all(low <= m <= high for m in state.means)
    for control in state.controls():
        if control.name.startswith(("forward_q", "reverse_q")):
            name, _, i = control.name.partition(".")
            assert control.low <= getattr(state, name)[int(i)] <= control.high


def test_the_start_of_q_is_round_in_the_unit_of_p():
    assert kl_fit().state.forward_q == (1.2, 2.2)
    assert kl_fit((-0.01, 0.01), (0.001, 0.001)).state.reverse_q == (0.004, 0.0022)
    assert kl_fit((190, 217), (6.6, 6.5)).state.forward_q == (208.9, 14.41)
