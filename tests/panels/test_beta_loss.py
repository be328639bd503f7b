"""The Beta loss panel as a function: every number and every sentence that it puts on screen."""

import math
import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explorer.core import Beta, fit_mle, nll
from explorer.data import penguins
from explorer.panels.beta_loss import beta_loss
from explorer.scene import Landscape, Line, Points, Rug, Rule, Stems, number

SHAPES = st.floats(0.05, 50)
INSIDE = st.floats(0.001, 0.999)
LOSSES = st.sampled_from(["full", "kernel"])


DENSITY, LOSS, PLANE = range(3)


def scene_of(*args, **options):
    blueprint = beta_loss(*args, **options)
    return blueprint.view(blueprint.state)


def frame_of(*args, **options):
    return scene_of(*args, **options).named


def sentence_of(*args, **options):
    return scene_of(*args, **options).sentence


def only(plot, kind, role, **attributes):
    """The one mark of this kind and role."""
    (found,) = (
        mark
        for mark in plot.marks
        if type(mark) is kind
        and mark.role == role
        and all(getattr(mark, name) == value for name, value in attributes.items())
    )
    return found


def terms_of(scene):
    """The values that count."""
    return sum(term.value for term in scene.sums[0].terms if not term.struck)


# The numbers


@pytest.mark.parametrize(
    ("a", "b", "kernel", "full"),
    [(2, 5, 5.1726, 1.7714), (4.5, 2.5, 3.0543, -0.7865), (8, 4, 6.1086, -1.0767)],
)
def test_reference_values_at_0_7(a, b, kernel, full):
    frame = frame_of(a, b, y=0.7)
    assert frame["kernel"] == pytest.approx(kernel, abs=5e-5)
    assert frame["nll"] == pytest.approx(full, abs=5e-5)
    assert frame["loss"] == frame["nll"]
    assert frame_of(a, b, y=0.7, loss="kernel")["loss"] == frame["kernel"]


def test_the_two_losses_rank_the_two_predictions_in_opposite_order():
    for loss, better in (("full", (8, 4)), ("kernel", (4.5, 2.5))):
        losses = {(a, b): frame_of(a, b, y=0.7, loss=loss)["loss"] for a, b in ((4.5, 2.5), (8, 4))}
        assert min(losses, key=losses.get) == better


def test_the_defaults_are_those_of_the_story():
    state = beta_loss().state
    assert (state.a, state.b, state.y, state.loss) == (2.0, 5.0, 0.7, "full")


def test_only_the_shapes_are_positional():
    with pytest.raises(TypeError, match="positional"):
        beta_loss(2, 5, 0.7)


@settings(deadline=None)
@given(SHAPES, SHAPES, INSIDE, LOSSES)
def test_the_terms_sum_to_the_loss(a, b, y, loss):
    scene = scene_of(a, b, y=y, loss=loss)
    frame = scene.named
    assert terms_of(scene) == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)
    assert scene.sums[0].total.value == frame["loss"]
    assert frame["nll"] == float(Beta(a, b).nll(y))
    assert frame["kernel"] == pytest.approx(-float(Beta(a, b).log_kernel(y)), rel=1e-12, abs=1e-12)
    assert [term.struck for term in scene.sums[0].terms] == [False, False, loss == "kernel"]


@settings(deadline=None)
@given(SHAPES, SHAPES, st.lists(INSIDE, min_size=1, max_size=9), LOSSES)
def test_the_terms_of_several_observations_sum_to_the_sum_of_their_losses(a, b, y, loss):
    scene = scene_of(a, b, observations=y, loss=loss)
    frame = scene.named
    assert terms_of(scene) == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)
    assert frame["losses"].sum() == pytest.approx(frame["loss"], rel=1e-12, abs=1e-12)
    assert frame["nll"] == pytest.approx(float(nll(Beta(a, b), y)), rel=1e-12, abs=1e-12)
    assert frame["log_beta"] == pytest.approx(len(y) * float(Beta(a, b).log_normalizer()))
    stems = only(scene.plots[LOSS], Stems, "observation")
    np.testing.assert_array_equal(stems.x, y)
    np.testing.assert_array_equal(stems.y, frame["losses"])
    np.testing.assert_array_equal(only(scene.plots[DENSITY], Rug, "observation").x, y)


@settings(deadline=None)
@given(SHAPES, SHAPES, INSIDE, LOSSES)
def test_the_curves_are_those_of_the_core(a, b, y, loss):
    scene, beta = scene_of(a, b, y=y, loss=loss), Beta(a, b)
    frame, grid = scene.named, scene.named["y_grid"]
    assert (grid[0], grid[-1]) == (0, 1)
    assert (np.diff(grid) > 0).all()
    np.testing.assert_array_equal(frame["density"], np.exp(beta.log_prob(grid)))
    drawn = only(scene.plots[DENSITY], Line, "model")
    np.testing.assert_array_equal((drawn.x, drawn.y), (grid, frame["density"]))
    drawn = only(scene.plots[LOSS], Line, "loss")
    expected = beta.nll(grid) if loss == "full" else -beta.log_kernel(grid)
    np.testing.assert_array_equal((drawn.x, drawn.y), (grid, expected))
    assert frame["density_at_y"] == pytest.approx(math.exp(-frame["nll"]))
    np.testing.assert_array_equal(frame["mode"], beta.mode())


def test_the_observation_is_dragged_in_both_plots_over_y_and_the_prediction_in_the_plane():
    density, loss, plane = scene_of(2, 5, y=0.3).plots
    rule = only(density, Rule, "observation")
    assert (rule.x, rule.label, rule.drag.x) == (0.3, "*y* = 0.300", "y")
    point = only(loss, Points, "loss", small=False)
    assert (point.x, point.y, point.drag.x) == (0.3, float(Beta(2, 5).nll(0.3)), "y")
    present = only(plane, Points, "model")
    assert (present.x, present.y, present.label) == (2, 5, "(2.00, 5.00)")
    assert (present.drag.x, present.drag.y) == ("a", "b")


@pytest.mark.parametrize("loss", ["full", "kernel"])
@pytest.mark.parametrize("data", [{"y": 0.7}, {"y": 0.0}, {"observations": [0.2, 0.5, 0.6]}])
def test_the_landscape_at_its_nodes_is_the_loss_of_the_core(loss, data):
    scene = scene_of(2, 5, loss=loss, **data)
    plane, values = scene.plots[PLANE], scene.named["landscape"]
    assert only(plane, Landscape, "loss").values is values
    rows, columns = values.shape
    a, b = np.linspace(*plane.x.limits, columns), np.linspace(*plane.y.limits, rows)
    y = np.array(data.get("observations", [data.get("y")]))
    for row, column in ((0, 0), (5, 30), (rows - 1, 3), (rows - 1, columns - 1)):
        there = Beta(a[column], b[row])
        expected = (there.nll(y) if loss == "full" else -there.log_kernel(y)).sum()
        assert values[row, column] == pytest.approx(expected, rel=1e-12)


@settings(deadline=None)
@given(SHAPES, SHAPES, INSIDE)
def test_the_mode_line_has_its_mode_at_y_and_the_loss_falls_along_it(a, b, y):
    plane = scene_of(a, b, y=y).plots[PLANE]
    line = only(plane, Line, "optimum")
    assert (line.x[0], line.y[0]) == (1, 1)
    assert line.x[-1] <= plane.x.limits[1] + 1e-9
    assert line.y[-1] <= plane.y.limits[1] + 1e-9
    share = np.array([0.05, 0.1, 0.3, 0.6, 1])
    along = Beta(*(ends[0] + share * (ends[-1] - ends[0]) for ends in (line.x, line.y)))
    np.testing.assert_allclose(along.mode(), y, rtol=1e-9)
    assert (np.diff(along.nll(y)) < 0).all()


@pytest.mark.parametrize(("y", "end"), [(0.0, (1, 10)), (1.0, (10, 1))])
def test_the_mode_line_of_an_end_runs_along_the_edge(y, end):
    line = only(scene_of(2, 5, y=y).plots[PLANE], Line, "optimum")
    assert (line.x[-1], line.y[-1]) == end


@pytest.mark.parametrize("loss", ["full", "kernel"])
def test_the_two_references_carry_their_losses(loss):
    references = only(scene_of(2, 5, y=0.7, loss=loss).plots[PLANE], Points, "muted")
    assert list(zip(references.x, references.y, strict=True)) == [(4.5, 2.5), (8, 4)]
    full, kernel = ("−0.787", "−1.077"), ("3.054", "6.109")
    assert references.label == (full if loss == "full" else kernel)


# What is marked


@pytest.mark.parametrize(
    ("a", "b", "modes", "labels"),
    [
        (2, 5, [0.2], ("mode 0.200",)),
        (1, 3, [0.0], ("mode 0.000",)),
        (3, 1, [1.0], ("mode 1.000",)),
        (0.5, 2, [0.0], ("mode 0.000 (∞)",)),
        (2, 0.5, [1.0], ("mode 1.000 (∞)",)),
        (0.5, 0.5, [0.0, 1.0], ("mode 0.000 (∞)", "mode 1.000 (∞)")),
    ],
)
def test_modes_are_marked_at_their_height(a, b, modes, labels):
    found = only(scene_of(a, b).plots[DENSITY], Points, "optimum")
    assert found.x.tolist() == modes
    assert found.label == labels
    np.testing.assert_array_equal(found.y, np.exp(Beta(a, b).log_prob(modes)))


def test_only_the_uniform_density_is_marked_as_a_mode_all_along():
    uniform, almost = (scene_of(1, b).plots[DENSITY] for b in (1, 1.05))
    assert np.isnan(only(uniform, Points, "optimum").x).all()
    flat = only(uniform, Line, "optimum")
    np.testing.assert_array_equal((flat.x, flat.y), ([0, 1], [1, 1]))
    assert np.isnan(only(almost, Line, "optimum").y).all()


@pytest.mark.parametrize(
    ("a", "b", "ends"), [(0.5, 2, [True, False]), (2, 0.5, [False, True]), (2, 5, [False, False])]
)
def test_where_the_loss_has_no_bottom_that_is_marked(a, b, ends):
    marked = only(scene_of(a, b).plots[LOSS], Points, "loss", small=True)
    assert (marked.y == -math.inf).tolist() == ends


# Limits


@settings(deadline=None)
@given(SHAPES, SHAPES, INSIDE, LOSSES)
def test_limits_hold_what_is_drawn(a, b, y, loss):
    scene = scene_of(a, b, y=y, loss=loss)
    density, losses, plane = scene.plots
    grid = scene.named["y_grid"]
    away = (grid > 0.02) & (grid < 0.98)
    low, high = density.y.limits
    assert low == 0
    assert scene.named["density"][away].max() <= high
    heights = only(density, Points, "optimum").y
    assert all(height <= high for height in heights if np.isfinite(height))
    low, high = losses.y.limits
    assert low <= only(losses, Line, "loss").y[away].min()
    assert low <= scene.named["loss"] <= high
    for axis, value in ((plane.x, a), (plane.y, b)):
        assert axis.limits[0] <= value <= axis.limits[1]


def test_limits_move_in_steps_only():
    """Some hundred positions of a slider, and a handful of scales: curves can be compared."""
    scenes = [scene_of(a, 5) for a in np.linspace(0.05, 20, 200)]
    for plot, axis, count in ((DENSITY, "y", 6), (LOSS, "y", 8), (PLANE, "x", 3)):
        ends = {getattr(scene.plots[plot], axis).limits for scene in scenes}
        assert len(ends) <= count, (plot, ends)


def test_the_observation_alone_leaves_the_density_as_it_is():
    scenes = [scene_of(2, 5, y=y) for y in (0.1, 0.5, 0.9)]
    for plot in (DENSITY, LOSS, PLANE):
        assert len({(s.plots[plot].x.limits, s.plots[plot].y.limits) for s in scenes}) == 1


# The sentence


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            (2, 5, 0.7),
            "The model expects *y* near 0.200. The loss of *y* = 0.700 is 1.771 nats, as the "
            "density there is 0.170. Moving the mode to 0.700 would cost less, and a narrower peak "
            "there even less.",
        ),
        (
            (8, 4, 0.7),
            "The model expects *y* near 0.700. The loss of *y* = 0.700 is −1.077 nats, as the "
            "density there is 2.935, above 1. A narrower peak at 0.700 would cost less.",
        ),
        (
            (1, 3, 0.2),
            "The model expects *y* at 0. The loss of *y* = 0.200 is −0.652 nats, as the density "
            "there is 1.920, above 1. A narrower peak at 0.200 would cost less.",
        ),
        (
            (1, 1, 0.7),
            "The model considers every *y* equally likely: each point is a mode. The loss of "
            "*y* = 0.700 is 0.000 nats, as the density there is 1.000. A narrower peak at 0.700 "
            "would cost less.",
        ),
        (
            (0.5, 0.5, 0.7),
            "The model expects *y* at either end, 0 or 1, where its density is infinite. The loss "
            "of *y* = 0.700 is 0.364 nats, as the density there is 0.695. A narrower peak at 0.700 "
            "would cost less.",
        ),
        (
            (0.5, 1, 0.25),
            "The model expects *y* at 0, where its density is infinite. The loss of *y* = 0.250 "
            "is 0.000 nats, as the density there is 1.000. A narrower peak at 0.250 would cost "
            "less.",
        ),
    ],
)
def test_the_sentence_says_what_is_seen(state, expected):
    a, b, y = state
    assert sentence_of(a, b, y=y) == expected


def test_the_sentence_on_the_kernel_says_what_it_is_worth():
    assert sentence_of(8, 4, y=0.7, loss="kernel") == (
        "The model expects *y* near 0.700. The loss of *y* = 0.700 is −1.077 nats, as the density "
        "there is 2.935, above 1. Without log B(*a*, *b*) it would be 6.109, which cannot be "
        "compared between predictions."
    )


IMPOSSIBLE = "is infinite: the model considers this impossible."
UNBOUNDED = "is unbounded below: the density there is infinite."


@pytest.mark.parametrize("loss", ["full", "kernel"])
@pytest.mark.parametrize(
    ("a", "b", "y", "ending", "value"),
    [
        (2, 5, 0, IMPOSSIBLE, math.inf),
        (2, 5, 1, IMPOSSIBLE, math.inf),
        (0.5, 5, 1, IMPOSSIBLE, math.inf),
        (0.5, 5, 0, UNBOUNDED, -math.inf),
        (5, 0.5, 1, UNBOUNDED, -math.inf),
        (0.5, 0.5, 1, UNBOUNDED, -math.inf),
    ],
)
def test_the_sentence_at_an_end_says_what_the_loss_means_there(a, b, y, ending, value, loss):
    scene = scene_of(a, b, y=y, loss=loss)
    assert scene.named["loss"] == scene.named["nll"] == value
    assert scene.named["density_at_y"] == math.exp(-value)
    assert scene.sentence.endswith(ending)


@pytest.mark.parametrize(
    ("a", "b", "y", "value", "text"),
    [(1, 3, 0, -math.log(3), "−1.099"), (3, 1, 1, -math.log(3), "−1.099"), (1, 1, 0, 0.0, "0.000")],
)
def test_at_an_end_with_a_parameter_of_one_the_loss_is_finite(a, b, y, value, text):
    scene = scene_of(a, b, y=y)
    assert scene.named["loss"] == pytest.approx(value)
    assert f"is {text} nats" in scene.sentence


@settings(deadline=None)
@given(SHAPES, SHAPES, st.floats(0, 1) | st.sampled_from([0.0, 1.0]), LOSSES)
def test_the_numbers_in_the_sentence_are_those_of_the_frame(a, b, y, loss):
    scene = scene_of(a, b, y=y, loss=loss)
    frame, text = scene.named, scene.sentence
    if not np.isfinite(frame["nll"]):
        assert ("considers this impossible." in text) == (frame["nll"] > 0)
        assert ("unbounded below" in text) == (frame["nll"] < 0)
        return
    value = float(re.search(r"is (−?\d+\.\d{3}) nats", text)[1].replace("−", "-"))
    assert value == pytest.approx(frame["nll"], abs=5.1e-4)
    if match := re.search(r"density there is (\d+\.\d{3})", text):
        assert float(match[1]) == pytest.approx(frame["density_at_y"], abs=5.1e-4)
    else:
        assert "less than 0.001" in text
        assert frame["density_at_y"] < 0.00051
    if "above 1" in text:
        assert value < 0
        assert frame["density_at_y"] > 1
    if loss == "kernel":
        kernel = float(re.search(r"it would be (−?\d+\.\d{3})", text)[1].replace("−", "-"))
        assert kernel == pytest.approx(frame["loss"], abs=5.1e-4)


@settings(deadline=None, max_examples=300)
@given(SHAPES, SHAPES, INSIDE | st.sampled_from([0.0, 1.0]))
def test_the_advice_in_the_sentence_is_true(a, b, y):
    """What is said to cost less does cost less."""
    now, text = float(Beta(a, b).nll(y)), sentence_of(a, b, y=y)

    def peak_at_y(k):
        return float(Beta(1 + y * k, 1 + (1 - y) * k).nll(y))

    if not np.isfinite(now):
        assert "less" not in text
    elif "Moving the mode" in text:
        k = a + b - 2
        assert now > peak_at_y(k) > peak_at_y(1.5 * k)
    else:
        assert "A narrower peak" in text
        assert peak_at_y(1e12) < now


def test_a_loss_too_large_for_its_density_is_still_finite_in_words():
    scene = scene_of(5000, 5000, y=0.001)
    assert scene.named["density_at_y"] == 0
    assert np.isfinite(scene.named["loss"])
    assert "less than 0.001" in scene.sentence
    assert "infinite" not in scene.sentence


def test_zero_is_not_called_above_one():
    assert "above 1" not in sentence_of(1.0001, 1, y=0.5)


# Several observations


@pytest.mark.parametrize(
    "observations",
    [
        [0.2, 0.5, 0.6],
        (0.2, 0.5, 0.6),
        np.array([0.2, 0.5, 0.6]),
        pd.Series([0.2, 0.5, 0.6], index=[7, 3, 5]),
    ],
    ids=["list", "tuple", "array", "Series"],
)
def test_observations_of_any_common_kind(observations):
    assert beta_loss(observations=observations).state.observations == (0.2, 0.5, 0.6)
    frame = frame_of(2, 5, observations=observations)
    np.testing.assert_array_equal(frame["losses"], Beta(2, 5).nll([0.2, 0.5, 0.6]))


def test_whole_numbers_are_observations_too():
    assert beta_loss(observations=np.array([0, 1])).state.observations == (0.0, 1.0)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.05, 0.95), min_size=3, max_size=20))
def test_maximum_likelihood_is_the_fit_of_the_core(y):
    assume(np.ptp(y) > 0.05)
    blueprint = beta_loss(observations=y)
    best = fit_mle(Beta, y)
    scene = blueprint.view(blueprint.state)
    assert scene.named["best"] == {"a": best.a, "b": best.b}
    marked = only(scene.plots[PLANE], Points, "optimum")
    assert (marked.x, marked.y) == (best.a, best.b)
    assert scene.presets[0].values == {"a": best.a, "b": best.b}
    for name in "ab":
        assert blueprint.state.limits[name][0] <= getattr(best, name)
        assert getattr(best, name) <= blueprint.state.limits[name][1]
    there = replace(blueprint.state, a=best.a, b=best.b)
    assert "this is the maximum of the likelihood" in blueprint.view(there).sentence


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        ([0.7], "there is one observation alone"),
        ([0.3, 0.3, 0.3], "all observations are the same"),
        ([0.0, 0.3], "an observation lies at an end"),
        ([0.3, 1.0], "an observation lies at an end"),
    ],
)
def test_where_there_is_no_maximum_the_panel_says_why(y, reason):
    blueprint = beta_loss(observations=y)
    scene = blueprint.view(blueprint.state)
    assert scene.named["best"] == {}
    marked = only(scene.plots[PLANE], Points, "optimum")
    assert np.isnan(marked.x)
    assert marked.label == ""
    assert f"There is no maximum of the likelihood: {reason}" in scene.sentence
    assert not scene.presets[0].values
    assert reason in scene.presets[0].note


def test_a_maximum_outside_the_limits_is_no_button():
    limits = {"a": (0.05, 20), "b": (0.05, 20)}
    for scene in (
        scene_of(observations=[0.50, 0.51], limits=limits),
        scene_of(observations=[0.5, 0.500001]),  # beyond all that a slider may stand for
    ):
        assert not scene.presets[0].values
        assert "outside" in scene.presets[0].note


@pytest.mark.parametrize("kind", ["one", "several"])
def test_every_preset_is_within_the_limits(kind):
    data = {"y": 0.7} if kind == "one" else {"observations": [0.2, 0.3]}
    blueprint = beta_loss(2, 2, limits={"a": (1.5, 3), "b": (1.5, 3)}, **data)
    for preset in blueprint.view(blueprint.state).presets:
        for name, value in preset.values.items():
            low, high = blueprint.state.limits[name]
            assert low <= value <= high


@pytest.mark.parametrize(
    ("a", "b", "y", "says"),
    [
        (2, 5, [0.0, 0.5], IMPOSSIBLE),
        (0.5, 2, [0.0, 0.5], UNBOUNDED),
        (0.5, 2, [0.0, 1.0], "is undefined: some have density 0, others an infinite one."),
    ],
)
def test_observations_at_an_end_say_what_the_sum_means(a, b, y, says):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scene = scene_of(a, b, observations=y)
    assert f"The loss of these 2 observations {says}" in scene.sentence
    assert not np.isnan(scene.plots[LOSS].y.limits).any()


def test_the_sentence_of_several_names_total_average_largest_and_best():
    y = [0.2, 0.5, 0.6]
    losses = Beta(2, 5).nll(y)
    best = float(nll(fit_mle(Beta, y), y))
    start = (
        f"The model expects *y* near 0.200. The loss of these 3 observations is "
        f"{number(losses.sum())} nats, {number(losses.mean())} each on average; the largest, at "
        f"0.600, is {number(losses[2])}."
    )
    assert sentence_of(2, 5, observations=y) == (
        f"{start} At the maximum of the likelihood it would be {number(best)}."
    )
    kernel = number(-float(Beta(2, 5).log_kernel(y).sum()))
    assert sentence_of(2, 5, observations=y, loss="kernel") == (
        f"{start} Without log B(*a*, *b*) it would be {kernel}, which cannot be compared between "
        "predictions."
    )


def test_one_observation_in_a_list_is_spoken_of_as_one():
    scene = scene_of(2, 5, observations=[0.7])
    assert "The loss of *y* = 0.700 is 1.771 nats" in scene.sentence
    assert scene.plots[PLANE].title == "Every (*a*, *b*), for *y* = 0.700"


def test_losses_far_below_zero_have_words_too():
    assert "−" in sentence_of(1e5, 1e5, observations=[0.5] * 500)


# Bad input


TOO_LARGE = 10**400


@pytest.mark.parametrize(
    ("options", "name", "value", "allowed"),
    [
        ({"a": -1}, "a", "-1", "1e-06 to 1e+06"),
        ({"a": 0}, "a", "0", "1e-06 to 1e+06"),
        ({"b": 2e6}, "b", "2000000.0", "1e-06 to 1e+06"),
        ({"a": math.nan}, "a", "nan", "1e-06 to 1e+06"),
        ({"a": math.inf}, "a", "inf", "1e-06 to 1e+06"),
        ({"a": "two"}, "a", "'two'", "1e-06 to 1e+06"),
        ({"a": None}, "a", "None", "1e-06 to 1e+06"),
        ({"a": True}, "a", "True", "1e-06 to 1e+06"),
        ({"a": 1 + 2j}, "a", "(1+2j)", "1e-06 to 1e+06"),
        ({"a": np.array([1.0, 2.0])}, "a", "array([1., 2.])", "1e-06 to 1e+06"),
        ({"b": TOO_LARGE}, "b", "1000", "1e-06 to 1e+06"),
        ({"y": 1.5}, "y", "1.5", "0 to 1"),
        ({"y": -0.1}, "y", "-0.1", "0 to 1"),
        ({"y": math.nan}, "y", "nan", "0 to 1"),
        ({"y": "half"}, "y", "'half'", "0 to 1"),
        ({"loss": "half"}, "loss", "'half'", "'full', 'kernel'"),
        ({"loss": None}, "loss", "None", "'full', 'kernel'"),
        ({"observations": []}, "observations", "[]", "non-empty"),
        ({"observations": 0.3}, "observations", "0.3", "list or array"),
        ({"observations": "abc"}, "observations", "'abc'", "list or array"),
        ({"observations": [[0.1, 0.2]]}, "observations", "[[0.1, 0.2]]", "list or array"),
        ({"observations": [[0.1], [0.2, 0.3]]}, "observations", "[[0.1]", "list or array"),
        ({"observations": [0.1, "x"]}, "observations", "[0.1, 'x']", "numbers"),
        ({"observations": [True, False]}, "observations", "[True, False]", "numbers"),
        ({"observations": [0.1j]}, "observations", "[0.1j]", "numbers"),
        ({"observations": [0.1, 1.2]}, "observations[1]", "1.2", "0 to 1"),
        ({"observations": [0.1, math.nan]}, "observations[1]", "nan", "0 to 1"),
        ({"observations": pd.Series([0.1, None])}, "observations[1]", "nan", "0 to 1"),
        ({"observations": [0.1], "y": 0.2}, "y", "0.2", "not both"),
        ({"limits": {"a": (5, 1)}}, "limits", "(5, 1)", "low < high"),
        ({"limits": {"a": (3, 3)}}, "limits", "(3, 3)", "low < high"),
        ({"limits": {"a": 3}}, "limits", "3", "(low, high)"),
        ({"limits": {"a": (1, 2, 3)}}, "limits", "(1, 2, 3)", "(low, high)"),
        ({"limits": {"a": (1, "x")}}, "limits['a']", "'x'", "1e-06 to 1e+06"),
        ({"limits": {"a": (0, 10)}}, "limits['a']", "0", "1e-06 to 1e+06"),
        ({"limits": {"y": (0, 2)}}, "limits['y']", "2", "0 to 1"),
        ({"limits": {"a": (math.nan, 2)}}, "limits['a']", "nan", "1e-06 to 1e+06"),
        ({"limits": {"c": (1, 2)}}, "limits", "'c'", "a, b, y"),
        ({"limits": [("a", (1, 2))]}, "limits", "[('a', (1, 2))]", "a, b, y"),
        ({"limits": {"y": (0, 1)}, "observations": [0.3]}, "limits", "'y'", "a name of a, b"),
    ],
)
def test_bad_input_names_the_parameter_its_value_and_what_is_allowed(options, name, value, allowed):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is tested
        beta_loss(**options)
    message = str(caught.value)
    assert message.startswith(f"{name} = ")
    assert value in message
    assert allowed in message
    assert "allowed" in message


@pytest.mark.parametrize("value", [np.float32(2), np.int64(2), 2, np.float64(2.0)])
def test_numbers_of_any_kind_are_the_same_state(value):
    assert beta_loss(a=value).state == beta_loss(a=2.0).state
    assert type(beta_loss(a=value).state.a) is float


def test_limits_widen_a_range_and_leave_the_others():
    limits = beta_loss(limits={"a": (0.05, 100)}).state.limits
    assert limits == {"a": (0.05, 100.0), "b": (0.05, 20.0), "y": (0.0, 1.0)}


def test_a_value_beyond_the_usual_range_widens_it():
    limits = beta_loss(a=300, b=0.01).state.limits
    assert limits["a"][1] >= 300
    assert limits["b"][0] <= 0.01


@pytest.mark.parametrize("species", ["Adelie", "Chinstrap", "Gentoo"])
def test_sharp_data_widen_the_ranges_around_all_presets(species):
    """Gentoo bills are so alike that the best a and b lie in the hundreds."""
    birds = penguins()
    shape = (birds["bill_depth"] / birds["bill_length"])[birds["species"] == species]
    blueprint = beta_loss(observations=shape)
    scene = blueprint.view(blueprint.state)
    assert [bool(preset.values) for preset in scene.presets] == [True] * 3
    for low, high in (blueprint.state.limits[name] for name in "ab"):
        assert low <= 1
        assert high > max(scene.named["best"].values())
