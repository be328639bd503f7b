"""What the two panels share that fit one Normal to a mixture: p, its ranges, and its buttons."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core import Mixture, Normal, fit_mle
from explorer.data import penguins
from explorer.panels.alpha_fit import alpha_fit
from explorer.panels.kl_fit import kl_fit
from explorer.parts.mixtures import EXAMPLES
from explorer.scene import Area, Landscape, Line, Points, values
from explorer.stage.session import Session
from explorer.stage.wire import encode

PANELS = {"kl_fit": kl_fit, "alpha_fit": alpha_fit}
both = pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)


def opened(blueprint):
    return Session(blueprint, lambda message, buffers: None)


def pressed(session, label):
    """Press the button of this label."""
    labels = [preset.label for preset in session.scene.presets]
    session.press(labels.index(label))
    return session.state


# p


@both
def test_sigmas_and_weights_have_a_default_for_any_number_of_means(panel):
    state = panel([0, 1, 5]).state
    assert state.means == (0.0, 1.0, 5.0)
    assert state.sigmas == (1.0, 1.0, 1.0)
    assert state.truth[0] == pytest.approx((1 / 3,) * 3)
    assert panel().state.weights == (0.5, 0.5)


@both
def test_sigmas_can_be_given_by_their_older_name_and_be_set_by_it(panel):
    assert panel((0, 1), widths=(1, 2)).state == panel((0, 1), (1, 2)).state
    with pytest.raises(ValueError, match=r"^widths = \(1, 2\): allowed is None where sigmas is"):
        panel((0, 1), sigmas=(1, 2), widths=(1, 2))
    session = opened(panel())
    session.set(widths=(0.5, 2))
    assert session.state.sigmas == (0.5, 2.0)
    assert session.state.widths is None


@both
def test_weights_are_shares_of_their_sum(panel):
    assert panel(weights=(3, 1)).state.weights == (0.75, 0.25)
    assert panel(weights=(0.2, 0.3)).state.weights == pytest.approx((0.4, 0.6))
    assert panel(weights=(0.3, 0.7)).state.weights == (0.3, 0.7)  # as they are
    session = opened(panel([-4, -2, 0, 2, 4]))
    assert session.state.weights == (0.2,) * 5  # what their sliders read
    session.set(weights=(1, 2, 3, 2, 2))
    assert session.state.weights == pytest.approx((0.1, 0.2, 0.3, 0.2, 0.2))


@both
def test_one_share_that_is_set_makes_the_others_smaller_in_proportion(panel):
    session = opened(panel([-3, 0, 3], weights=(0.2, 0.5, 0.3)))
    session.set(**{"weights.0": 0.6})
    assert session.state.weights == pytest.approx((0.6, 0.25, 0.15))
    session.set(**{"weights.0": 0.1, "weights.2": 0.8})
    assert session.state.weights == pytest.approx((0.1, 0.1, 0.8))
    session.set(**{"weights.1": 1})
    assert session.state.weights == (0, 1, 0)
    session.set(**{"weights.1": 0.2})  # of nothing there are no proportions
    assert session.state.weights == pytest.approx((0.4, 0.2, 0.4))
    assert sum(session.state.weights) == pytest.approx(1, abs=1e-11)
    assert panel(weights=session.state.weights, means=(0, 1, 2)).state.weights == (
        session.state.weights
    )


@both
@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-7, 7), st.floats(0.4, 3.5), st.floats(0.05, 1)),
        min_size=1,
        max_size=4,
    )
)
def test_p_is_drawn_with_handles_at_the_top_and_beside_each_hill(panel, components):
    means, sigmas, weights = zip(*components, strict=True)
    blueprint = panel(means, sigmas, weights=weights)
    scene = blueprint.view(blueprint.state)
    shares = np.array(blueprint.state.weights)
    np.testing.assert_allclose(shares, np.array(weights) / sum(weights), rtol=1e-11)
    p = Mixture(shares, tuple(map(Normal, means, sigmas)))
    plot = scene.plots[0]
    for mark in plot.marks:
        if isinstance(mark, Area | Line) and mark.role == "truth" and mark.x.size == 221:
            np.testing.assert_allclose(mark.y, np.exp(p.log_prob(mark.x)), rtol=1e-12)
            assert np.max(mark.y) <= plot.y.limits[1]
    flanks, tops = (m for m in plot.marks if isinstance(m, Points) and m.role == "truth")
    hills = [(float(w), Normal(m, s)) for w, m, s in zip(shares, means, sigmas, strict=True)]
    np.testing.assert_array_equal(tops.x, means)
    for handles in (flanks, tops):
        height = [w * np.exp(q.log_prob(x)) for (w, q), x in zip(hills, handles.x, strict=True)]
        np.testing.assert_allclose(handles.y, height, rtol=1e-9)
    np.testing.assert_allclose(abs(flanks.x - means), sigmas, rtol=1e-9)
    assert (tops.drag.x, tops.drag.wheel) == ("means.{i}", "sigmas.{i}")
    assert tops.drag.y == ("weights.{i}" if len(means) > 1 else "")
    np.testing.assert_allclose(tops.y / tops.drag.rise, shares, rtol=1e-9)
    np.testing.assert_allclose(flanks.drag.origin + flanks.drag.sign * flanks.x, sigmas, rtol=1e-9)
    assert (flanks.drag.x, flanks.quiet) == ("sigmas.{i}", True)
    assert len(tops.label) == len(means)
    low, high = plot.x.limits
    assert low <= min(means) <= max(means) <= high


@both
def test_what_depends_on_p_alone_is_the_same_object_while_all_else_moves(panel):
    """So that a drag neither computes nor sends it again."""
    blueprint = panel()
    control = blueprint.state.controls()[-3 if panel is kl_fit else 0].name
    scenes = (blueprint.view(replace(blueprint.state, **{control: v})) for v in (0, 1))
    one, other = ([m for plot in s.plots for m in plot.marks] for s in scenes)
    for a, b in zip(one, other, strict=True):
        if getattr(a, "role", "") == "truth" and isinstance(a, Area | Line):
            assert a.y is b.y
        if isinstance(a, Landscape) and panel is kl_fit:
            assert a.values is b.values


# Ranges


def ranges(state):
    return {c.name: (c.low, c.high) for c in state.controls() if hasattr(c, "low")}


@both
@pytest.mark.parametrize("unit", [1e-3, 1.0, 50.0])
def test_ranges_suit_p_in_any_unit(panel, unit):
    state = panel((-3 * unit, 3 * unit), (unit, unit)).state
    assert ranges(state)["means.0"] == pytest.approx((-8 * unit, 8 * unit))
    assert ranges(state)["sigmas.1"] == pytest.approx((0.3 * unit, 4 * unit))
    assert ranges(state)["weights.0"] == (0, 1)


@both
@settings(max_examples=50, deadline=None)
@given(st.floats(-1e4, 1e4), st.floats(0, 1e3), st.floats(1e-3, 1e3))
def test_the_window_holds_means_that_are_many_sigmas_apart(panel, low, apart, sigma):
    low, high = min(low, low + apart), max(low, low + apart)
    left, right = panel((low, high), (sigma, sigma)).state.limits["mu"]
    assert left <= low <= high <= right


@both
def test_the_window_holds_means_close_to_its_edge(panel):
    assert panel((0.3, 16.2), (0.01, 0.01)).state.limits["mu"] == (-8, 24)


def test_the_window_holds_a_q_close_to_its_edge():
    assert kl_fit((-3, 3.5), forward_q=(8.25, 1)).state.limits["mu"] == (-16, 16)


@both
def test_ranges_stay_while_p_is_inside_and_follow_when_it_leaves(panel):
    session = opened(panel())
    session.set(means=(-7.5, 1))
    assert session.state.limits["mu"] == (-8, 8)
    session.set(means=(100, 103))
    low, high = session.state.limits["mu"]
    assert low <= 97 < 106 <= high
    session.set(sigmas=(0.1, 1))
    assert session.state.limits["sigmas"][0] == 0.1


@both
def test_limits_set_the_ranges_and_the_scale_of_all_plots(panel):
    blueprint = panel(limits={"mu": (-24, 8)})
    state, plots = blueprint.state, blueprint.view(blueprint.state).plots
    assert ranges(state)["means.1"] == (-24, 8)
    assert ranges(state)["sigmas.0"] == pytest.approx((0.6, 8))
    assert plots[0].x.limits == (-24, 8)
    landscape = next(p for p in plots if isinstance(p.marks[0], Landscape))
    assert landscape.x.limits == (-24, 8)
    assert landscape.y.limits == pytest.approx((math.log(0.6), math.log(20)))
    both_given = panel(limits={"mu": (-24, 8), "sigmas": (0.5, 2)})
    assert ranges(both_given.state)["sigmas.0"] == (0.5, 2)
    session = opened(panel())
    session.set(limits={"sigmas": (0.1, 9)})
    assert ranges(session.state)["sigmas.0"] == (0.1, 9)
    assert ranges(session.state)["means.0"] == (-8, 8)


@both
@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"mu": (-1, 1)}, r"limits = .*: allowed is what holds all means, sigmas and q"),
        ({"sigmas": (2, 4)}, "limits = .*: allowed is what holds"),
        ({"mu": (1, -1)}, "limits = .* low < high"),
        ({"mu": 3}, "limits = .* low < high"),
        ({"nu": (0, 1)}, "limits = .* a name of mu, weights, sigmas"),
        ({"sigmas": (0, 4)}, r"limits\['sigmas'\] = 0: allowed"),
        (3, "limits = 3"),
        (0, "limits = 0"),
    ],
)
def test_limits_that_cannot_be_are_refused(panel, limits, message):
    with pytest.raises(ValueError, match=message):
        panel(limits=limits)
    session = opened(panel())
    before = session.state
    with pytest.raises(ValueError, match=message):
        session.set(limits=limits)
    assert session.state == before


# Buttons


@both
def test_every_example_is_reached_from_every_other(panel):
    session = opened(panel())
    for start in EXAMPLES:
        for label, _, means, sigmas, weights, _ in EXAMPLES:
            pressed(session, start[0])
            state = pressed(session, label)
            assert (state.means, state.sigmas, state.weights) == (means, sigmas, weights)
            assert all(
                low <= getattr(state, name)[int(k)] <= high
                for (name, _, k), (low, high) in (
                    (name.partition("."), ends)
                    for name, ends in ranges(state).items()
                    if "." in name
                )
            )


@both
def test_an_example_of_as_many_components_needs_no_kernel(panel):
    """Its values are those of sliders, so a page can set them alone."""
    blueprint = panel()
    names = {control.name for control in blueprint.state.controls()}
    presets = {p.label: p.values for p in blueprint.view(blueprint.state).presets}
    assert set(presets["unequal"]) <= names
    assert not set(presets["three modes"]) <= names
    assert not set(presets["penguins"]) <= names
    narrow = panel(limits={"sigmas": (0.6, 2)})
    presets = {p.label: p.values for p in narrow.view(narrow.state).presets}
    assert not set(presets["broad, narrow"]) <= names


def test_the_penguins_are_two_normals_by_maximum_likelihood():
    p = fit_mle(Mixture, penguins()["flipper_length"])
    _, _, means, sigmas, weights, _ = EXAMPLES[-1]
    np.testing.assert_allclose([float(c.mu) for c in p.components], means, atol=0.05)
    np.testing.assert_allclose([float(c.sigma) for c in p.components], sigmas, atol=0.05)
    np.testing.assert_allclose(p.weights, weights, atol=0.005)


@both
def test_components_are_added_in_the_widest_gap_and_removed(panel):
    session = opened(panel())
    assert pressed(session, "+ mode").means == (-3.0, 3.0, 0.0)
    wide = opened(panel((-3, 4.13), limits={"mu": (-20, 20)}))
    slider = wide.state.slider("means.0")
    assert pressed(wide, "+ mode").means[2] == slider.nearest(wide.state.means[2])
    assert "means.2" in session.controls
    for _ in range(2):
        pressed(session, "+ mode")
    more = session.scene.presets[[p.label for p in session.scene.presets].index("+ mode")]
    assert not more.values  # there are five
    for count in (4, 3, 2, 1):
        assert len(pressed(session, "− mode").means) == count
    assert not session.scene.presets[
        [p.label for p in session.scene.presets].index("− mode")
    ].values
    session.set(means=(-3, 3), sigmas=(1, 1), weights=(0, 1))
    assert pressed(session, "− mode").truth[0] == (1.0,)


# Size and bad input


@both
def test_a_tick_is_small(panel):
    blueprint = panel()
    base = values(blueprint.view(blueprint.state))
    for moved in ({"means": (-3.0, 4.0)}, {"weights": (0.5, 0.9)}):
        header, buffer = encode(values(blueprint.view(replace(blueprint.state, **moved))), base)
        assert len(json.dumps(header)) + len(buffer) <= 15_000


@both
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"weights": (0.5, -0.5)}, r"weights\[1\] = -0.5: allowed"),
        ({"weights": (0.0, 0.0)}, "weights = .* sum above 0"),
        ({"weights": (1.0,)}, "weights = .* as many as the 2 means"),
        ({"sigmas": (1, 0)}, r"sigmas\[1\] = 0: allowed"),
        ({"widths": (1, 0)}, r"widths\[1\] = 0: allowed"),
        ({"sigmas": 1.0}, r"sigmas = 1.0: allowed"),
        ({"means": (0, np.nan)}, r"means\[1\] = nan: allowed"),
        ({"means": (0, 1, 2), "sigmas": (1, 1)}, "sigmas = .* as many as the 3 means"),
        ({"means": range(6), "sigmas": [1] * 6, "weights": [1] * 6}, "6 values: .* at most 5"),
        ({"means": "ab"}, "means = 'ab'"),
        ({"means": []}, "means = "),
    ],
)
def test_bad_input_is_named_and_the_panel_stays(panel, bad, message):
    with pytest.raises(ValueError, match=message):
        panel(**bad)
    session = opened(panel())
    before = session.state
    with pytest.raises(ValueError, match=message):
        session.set(**bad)
    assert session.state == before


@both
def test_components_that_come_and_go_leave_no_noise_in_the_weights(panel):
    session = opened(panel((190.9, 216.0), (6.5, 7.3), weights=(0.6, 0.4)))
    labels = [preset.label for preset in session.scene.presets]
    for label in ("+ mode", "+ mode", "− mode", "− mode"):
        session.press(labels.index(label))
    assert session.state.weights == (0.6, 0.4)
