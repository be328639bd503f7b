"""The panel of forward and reverse fits, against the core and known values, with no browser."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core import Mixture, Normal, fit_reverse_kl, kl
from explorer.panels.kl_fit import kl_fit
from explorer.spec import as_json, named
from explorer.stage import Panel
from explorer.stage.wire import encode

REFERENCE = json.loads((Path(__file__).parents[1] / "core" / "numerics.json").read_text())


def frame(**arguments):
    blueprint = kl_fit(**arguments)
    return blueprint.view(blueprint.state)


def mixture(state):
    weights, means, widths = state.truth
    return Mixture(np.array(weights), tuple(map(Normal, means, widths)))


@pytest.mark.parametrize(
    "case", REFERENCE["quantities"]["reverse_kl_optima"]["cases"], ids=lambda case: case["id"]
)
def test_all_minima_and_saddles_are_those_of_the_reference(case):
    given_p, expected = case["inputs"], case["expected"]
    got = frame(means=given_p["m"], widths=given_p["s"], weights=given_p["w"])
    for name, wanted in (("reverse_minima", "minima"), ("reverse_saddles", "saddles")):
        rows = [(round(mu, 6), sigma, value) for mu, sigma, value in np.asarray(got[name])]
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
    means, widths, weights = zip(*components, strict=True)
    blueprint = kl_fit(means, widths, weights, (mu, sigma), (mu, sigma))
    got, p, q = blueprint.view(blueprint.state), mixture(blueprint.state), Normal(mu, sigma)
    assert got["forward"] == pytest.approx(float(kl(p, q)), abs=1e-10, rel=1e-10)
    assert got["reverse"] == pytest.approx(float(kl(q, p)), abs=1e-10, rel=1e-10)
    assert got["forward_best"][0] == pytest.approx(float(p.mean()), abs=1e-12)
    assert got["forward_best"][1] ** 2 == pytest.approx(float(p.variance()))
    assert got["forward_best"][2] <= got["forward"] + 1e-12
    assert got["reverse_minima"][0, 2] <= got["reverse"] + 1e-10
    assert len(got["reverse_minima"]) == len(got["reverse_saddles"]) + 1
    assert got["forward_cross"] + got["minus_entropy_p"] == pytest.approx(got["forward"], abs=1e-9)
    assert got["reverse_cross"] + got["minus_entropy_q"] == pytest.approx(got["reverse"], abs=1e-9)
    assert ((got["precision"] >= 0) & (got["precision"] <= 1)).all()
    assert ((got["recall"] >= 0) & (got["recall"] <= 1)).all()


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 13.9), st.sampled_from([(0.5, 0.5), (0.6, 0.4)]), st.booleans())
def test_fits_along_the_remembered_branches_equal_a_search(apart, weights, mirrored):
    means = (apart / 2 - 7, -apart / 2 - 7) if mirrored else (1 - apart / 2, 1 + apart / 2)
    blueprint = kl_fit(means, (1.0, 1.0), weights)
    got = np.asarray(blueprint.view(blueprint.state)["reverse_minima"])
    want = fit_reverse_kl(mixture(blueprint.state)).minima
    assert len(got) == len(want)
    np.testing.assert_allclose(got[:, 2], [fit.value for fit in want], atol=1e-10)


def test_the_landscapes_show_the_divergences():
    got = frame(means=(-3, 2), widths=(1, 0.5), weights=(0.3, 0.7))
    p = Mixture([0.3, 0.7], (Normal(-3.0, 1.0), Normal(2.0, 0.5)))
    for name in ("forward", "reverse"):
        values = got[f"{name}_landscape"]
        mus = np.linspace(*got["window"], values.shape[1])
        sigmas = np.exp(np.linspace(*got["log_sigmas"], values.shape[0]))
        for j, i in ((3, 5), (12, 30), (20, 18), (30, 40)):
            q = Normal(mus[i], sigmas[j])
            want = float(kl(p, q) if name == "forward" else kl(q, p))
            assert values[j, i] == pytest.approx(want, rel=0.01, abs=0.01)


def test_precision_and_recall_of_one_normal_are_its_95_percent():
    got = frame(means=(1,), widths=(2,), weights=(1,))
    np.testing.assert_allclose([*got["precision"], *got["recall"]], 0.95, atol=1e-9)
    assert got["separation"] == 0


def test_the_forward_fit_covers_and_the_reverse_fit_is_precise():
    got = frame()
    assert got["recall"][0] > 0.99 > 0.5 > got["recall"][1]
    assert got["precision"][1] > 0.9 > got["precision"][0]


@pytest.mark.parametrize("method", ["gradient", "newton"])
@pytest.mark.parametrize("start", [(1.2, 2.2), (-5.0, 0.5), (4.0, 4.0)])
def test_descents_end_in_a_marked_minimum(method, start):
    got = frame(weights=(0.6, 0.4), forward_q=start, reverse_q=start, method=method, step=160)
    assert got["forward"] == pytest.approx(got["forward_best"][2], abs=1e-5)
    assert np.abs(got["reverse_minima"][:, 2] - got["reverse"]).min() < 1e-5


def test_held_sigma_splits_the_centre_at_2_9217():
    near, far = (frame(means=(-d / 2, d / 2), fixed_sigma=1.0) for d in (2.9, 2.95))
    assert len(near["reverse_minima"]) == 1
    assert len(far["reverse_minima"]) == 2
    assert (far["reverse_minima"][:, 1] == 1).all()
    assert far["forward_best"][1] == far["sample_sigma"] == 1


def test_more_samples_come_closer_to_the_forward_fit():
    few, many = frame(n=10), frame(n=2000)
    off = [abs(f["sample_sigma"] - f["forward_best"][1]) for f in (few, many)]
    assert off[1] < 0.1 < off[0]


def test_the_sentence_tells_what_is_so():
    assert "Reverse there are 3 minima, 2 of them equally good" in frame()["sentence"]
    assert "Reverse there is one minimum too" in frame(means=(-1, 1))["sentence"]
    arrived = frame(weights=(0.6, 0.4), widths=(1, 1.2), step=5)
    assert "a minimum that is not the best, 0.675 nats" in arrived["sentence"]


def test_a_frame_is_small():
    blueprint = kl_fit()
    names = frozenset(named(as_json(blueprint.spec(blueprint.state))))
    first, moved, heavier = (
        {k: v for k, v in blueprint.view(state).items() if k in names}
        for state in (
            blueprint.state,
            replace(blueprint.state, means=(-3.0, 4.0)),
            replace(blueprint.state, weights=(0.5, 0.9)),
        )
    )
    for later in (moved, heavier):
        header, buffer = encode(later, first)
        assert len(json.dumps(header)) + len(buffer) <= 15_000


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"weights": (0.5, -0.5)}, r"weights\[1\] = -0.5: allowed"),
        ({"weights": (0.0, 0.0)}, "weights = .* sum above 0"),
        ({"widths": (1, 0)}, r"widths\[1\] = 0"),
        ({"means": (0, np.nan)}, r"means\[1\] = nan"),
        ({"means": (0, 1, 2)}, "widths = .* as many as the 3 means"),
        ({"means": range(6), "widths": [1] * 6, "weights": [1] * 6}, "at most 5 components"),
        ({"forward_q": (0.0, -1.0)}, r"forward_q\[1\] = -1.0"),
        ({"reverse_q": (0.0,)}, "reverse_q = .* pair"),
        ({"fixed_sigma": 0.0}, "fixed_sigma = 0.0"),
        ({"method": "magic"}, "method = 'magic'"),
        ({"means": "ab"}, "means = 'ab'"),
    ],
)
def test_bad_input_is_named_and_the_panel_stays(bad, message):
    with pytest.raises(ValueError, match=message):
        kl_fit(**bad)
    panel = Panel(kl_fit())
    before = panel.state
    with pytest.raises(ValueError, match=message):
        panel.set(**bad)
    assert panel.state == before
    panel.close()


@pytest.mark.parametrize(
    "state",
    [
        {"means": (1, 1)},
        {"widths": (0.3, 4)},
        {"means": (-8, 8), "widths": (0.3, 0.3)},
        {"weights": (1, 0)},
        {"forward_q": (40.0, 0.05)},
        {"means": (1e4, 1e4 + 3)},
    ],
)
def test_extremes_are_right_and_inside_the_window(state):
    blueprint = kl_fit(**state)
    got = blueprint.view(blueprint.state)
    assert np.isfinite([got["forward"], got["reverse"], *got["precision"], *got["recall"]]).all()
    low, high = got["window"]
    assert low <= got["forward_q_x"] <= high
    assert all(low <= m <= high for m in blueprint.state.means)


def test_buttons_change_the_number_of_components_and_the_scale():
    panel = Panel(kl_fit())
    panel.set(**panel.state.with_one_more())
    assert len(panel.state.means) == 3
    assert "means.2" in panel.controls
    panel.controls["means.2"].value = 2.5
    assert panel.state.means[2] == 2.5
    panel.set(**panel.state.with_one_less())
    assert "means.2" not in panel.controls
    panel.set(**panel.state.penguins())
    assert 185 < panel.state.means[0] < 195 < 210 < panel.state.means[1]
    assert panel.controls["means.0"].value == panel.state.means[0]
    panel.set(**panel.state.sigma_held_or_free())
    assert panel.state.fixed_sigma == 5
    panel.close()
