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
from explorer.spec import number

SHAPES = st.floats(0.05, 50)
INSIDE = st.floats(0.001, 0.999)
LOSSES = st.sampled_from(["full", "kernel"])


def frame_of(*args, **options):
    blueprint = beta_loss(*args, **options)
    return blueprint.view(blueprint.state)


def sentence_of(*args, **options):
    return frame_of(*args, **options)["sentence"]


# The numbers


@pytest.mark.parametrize(
    ("a", "b", "kernel", "full"),
    [(2, 5, 5.1726, 1.7714), (4.5, 2.5, 3.0543, -0.7865), (8, 4, 6.1086, -1.0767)],
)
def test_reference_values_at_0_7(a, b, kernel, full):
    frame = frame_of(a, b, 0.7)
    assert frame["kernel"] == pytest.approx(kernel, abs=5e-5)
    assert frame["nll"] == pytest.approx(full, abs=5e-5)
    assert frame["loss"] == frame["nll"]
    assert frame_of(a, b, 0.7, loss="kernel")["loss"] == frame["kernel"]


def test_the_two_losses_rank_the_two_predictions_in_opposite_order():
    for loss, better in (("full", (8, 4)), ("kernel", (4.5, 2.5))):
        losses = {(a, b): frame_of(a, b, 0.7, loss=loss)["loss"] for a, b in ((4.5, 2.5), (8, 4))}
        assert min(losses, key=losses.get) == better


def test_the_defaults_are_those_of_the_story():
    state = beta_loss().state
    assert (state.a, state.b, state.y, state.loss) == (2.0, 5.0, 0.7, "full")


@settings(deadline=None)
@given(SHAPES, SHAPES, INSIDE, LOSSES)
def test_the_terms_sum_to_the_loss(a, b, y, loss):
    frame = frame_of(a, b, y, loss=loss)
    terms = frame["term_a"] + frame["term_b"] + (frame["log_beta"] if loss == "full" else 0)
    assert terms == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)
    assert frame["nll"] == float(Beta(a, b).nll(y))
    assert frame["kernel"] == -float(Beta(a, b).log_kernel(y))
    assert frame["without_log_b"] == (loss == "kernel")


@settings(deadline=None)
@given(SHAPES, SHAPES, st.lists(INSIDE, min_size=1, max_size=9), LOSSES)
def test_the_terms_of_several_observations_sum_to_the_sum_of_their_losses(a, b, y, loss):
    frame = frame_of(a, b, observations=y, loss=loss)
    terms = frame["term_a"] + frame["term_b"] + (frame["log_beta"] if loss == "full" else 0)
    assert terms == pytest.approx(frame["loss"], rel=1e-9, abs=1e-9)
    assert frame["losses"].sum() == pytest.approx(frame["loss"], rel=1e-12, abs=1e-12)
    assert frame["nll"] == pytest.approx(float(nll(Beta(a, b), y)), rel=1e-12, abs=1e-12)


@settings(deadline=None)
@given(SHAPES, SHAPES, INSIDE, LOSSES)
def test_the_curves_are_those_of_the_core(a, b, y, loss):
    frame, beta = frame_of(a, b, y, loss=loss), Beta(a, b)
    grid = frame["y_grid"]
    assert (grid[0], grid[-1]) == (0, 1)
    assert (np.diff(grid) > 0).all()
    np.testing.assert_array_equal(frame["density"], np.exp(beta.log_prob(grid)))
    expected = beta.nll(grid) if loss == "full" else -beta.log_kernel(grid)
    np.testing.assert_array_equal(frame["loss_curve"], expected)
    assert frame["density_at_y"] == pytest.approx(math.exp(-frame["nll"]))
    np.testing.assert_array_equal(frame["mode"], beta.mode())


@pytest.mark.parametrize("loss", ["full", "kernel"])
@pytest.mark.parametrize("data", [{"y": 0.7}, {"y": 0.0}, {"observations": [0.2, 0.5, 0.6]}])
def test_the_landscape_at_its_nodes_is_the_loss_of_the_core(loss, data):
    frame = frame_of(2, 5, loss=loss, **data)
    rows, columns = frame["landscape"].shape
    a, b = np.linspace(*frame["window_a"], columns), np.linspace(*frame["window_b"], rows)
    y = np.array(data.get("observations", [data.get("y")]))
    for row, column in ((0, 0), (5, 30), (rows - 1, 3), (rows - 1, columns - 1)):
        there = Beta(a[column], b[row])
        expected = (there.nll(y) if loss == "full" else -there.log_kernel(y)).sum()
        assert frame["landscape"][row, column] == pytest.approx(expected, rel=1e-12)


@settings(deadline=None)
@given(SHAPES, SHAPES, INSIDE)
def test_the_mode_line_has_its_mode_at_y_and_the_loss_falls_along_it(a, b, y):
    frame = frame_of(a, b, y)
    line_a, line_b = frame["mode_line_a"], frame["mode_line_b"]
    assert (line_a[0], line_b[0]) == (1, 1)
    assert line_a[-1] <= frame["window_a"][1] + 1e-9
    assert line_b[-1] <= frame["window_b"][1] + 1e-9
    share = np.array([0.05, 0.1, 0.3, 0.6, 1])
    along = Beta(
        *(line[0] + share * (line[-1] - line[0]) for line in (line_a, line_b)),
    )
    np.testing.assert_allclose(along.mode(), y, rtol=1e-9)
    assert (np.diff(along.nll(y)) < 0).all()


@pytest.mark.parametrize(("y", "end"), [(0.0, (1, 10)), (1.0, (10, 1))])
def test_the_mode_line_of_an_end_runs_along_the_edge(y, end):
    frame = frame_of(2, 5, y)
    assert (frame["mode_line_a"][-1], frame["mode_line_b"][-1]) == end


@pytest.mark.parametrize("loss", ["full", "kernel"])
def test_the_two_references_carry_their_losses(loss):
    frame = frame_of(2, 5, 0.7, loss=loss)
    assert list(zip(frame["reference_a"], frame["reference_b"], strict=True)) == [
        (4.5, 2.5),
        (8, 4),
    ]
    full, kernel = ("−0.787", "−1.077"), ("3.054", "6.109")
    assert frame["reference_labels"] == (full if loss == "full" else kernel)


# What is marked


@pytest.mark.parametrize(
    ("a", "b", "modes", "labels"),
    [
        (2, 5, [0.2], ("mode 0.200",)),
        (1, 3, [0.0], ("mode 0.000",)),
        (3, 1, [1.0], ("mode 1.000",)),
        (0.5, 2, [0.0], ("mode 0 (∞)",)),
        (2, 0.5, [1.0], ("mode 1 (∞)",)),
        (0.5, 0.5, [0.0, 1.0], ("mode 0 (∞)", "mode 1 (∞)")),
        (1, 1, [], ()),
    ],
)
def test_modes_are_marked_at_their_height(a, b, modes, labels):
    frame = frame_of(a, b, 0.7)
    assert frame["modes_x"].tolist() == modes
    assert frame["modes_labels"] == labels
    np.testing.assert_array_equal(frame["modes_y"], np.exp(Beta(a, b).log_prob(modes)))


def test_only_the_uniform_density_is_marked_as_a_mode_all_along():
    assert frame_of(1, 1)["flat_x"].tolist() == [0, 1]
    assert frame_of(1, 1)["flat_y"].tolist() == [1, 1]
    assert frame_of(1, 1.05)["flat_x"].size == 0


# Limits


@settings(deadline=None)
@given(SHAPES, SHAPES, INSIDE, LOSSES)
def test_limits_hold_what_is_drawn(a, b, y, loss):
    frame = frame_of(a, b, y, loss=loss)
    away = (frame["y_grid"] > 0.02) & (frame["y_grid"] < 0.98)
    low, high = frame["density_limits"]
    assert low == 0
    assert frame["density"][away].max() <= high
    assert all(height <= high for height in frame["modes_y"] if np.isfinite(height))
    low, high = frame["loss_limits"]
    assert low <= frame["loss_curve"][away].min()
    assert low <= frame["loss"] <= high
    for name, value in (("a", a), ("b", b)):
        low, high = frame[f"window_{name}"]
        assert low <= value <= high


def test_limits_move_in_steps_only():
    """Some hundred positions of a slider, and a handful of scales: curves can be compared."""
    for name, count in (("density_limits", 6), ("loss_limits", 6), ("window_a", 3)):
        ends = {tuple(frame_of(a, 5, 0.7)[name]) for a in np.linspace(0.05, 20, 200)}
        assert len(ends) <= count, name


def test_the_observation_alone_leaves_the_density_as_it_is():
    frames = [frame_of(2, 5, y) for y in (0.1, 0.5, 0.9)]
    assert len({tuple(frame["density_limits"]) for frame in frames}) == 1
    assert len({tuple(frame["loss_limits"]) for frame in frames}) == 1


# The sentence


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            (2, 5, 0.7),
            "The model expects *y* near 0.200, and saw 0.700, where its density is 0.170: "
            "a loss of 1.771 nats. Moving the mode to 0.700 would cost less; "
            "being surer of it, less still.",
        ),
        (
            (8, 4, 0.7),
            "The model expects *y* near 0.700, and saw 0.700, where its density is 2.935: "
            "a loss of −1.077 nats. It is below zero because a density may exceed 1. "
            "Its mode is at the observation; being surer of it would cost less still.",
        ),
        (
            (1, 3, 0.2),
            "The model expects *y* at 0, and saw 0.200, where its density is 1.920: a loss of "
            "−0.652 nats. It is below zero because a density may exceed 1.",
        ),
        (
            (1, 1, 0.7),
            "The model holds every *y* for equally likely: each point is a mode. "
            "It saw 0.700, where its density is 1.000: a loss of 0.000 nats.",
        ),
        (
            (0.5, 0.5, 0.7),
            "The model expects *y* at either end, 0 or 1, where its density is infinite, "
            "and saw 0.700, where its density is 0.695: a loss of 0.364 nats.",
        ),
        (
            (0.5, 1, 0.25),
            "The model expects *y* at 0, where its density is infinite, and saw 0.250, "
            "where its density is 1.000: a loss of 0.000 nats.",
        ),
    ],
)
def test_the_sentence_says_what_is_seen(state, expected):
    assert sentence_of(*state) == expected


def test_the_sentence_on_the_kernel_says_what_it_is_worth():
    assert sentence_of(8, 4, 0.7, loss="kernel") == (
        "The model expects *y* near 0.700, and saw 0.700, where its density is 2.935: a loss of "
        "−1.077 nats. Without log B(*a*, *b*) it reads 6.109, which cannot be compared between "
        "predictions."
    )


IMPOSSIBLE = "where its density is 0: the model held it for impossible, the loss is infinite."
UNBOUNDED = "just where its density is infinite: the loss is unbounded below."


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
    frame = frame_of(a, b, y, loss=loss)
    assert frame["loss"] == frame["nll"] == value
    assert frame["sentence"].endswith(ending)


@pytest.mark.parametrize(
    ("a", "b", "y", "value", "text"),
    [(1, 3, 0, -math.log(3), "−1.099"), (3, 1, 1, -math.log(3), "−1.099"), (1, 1, 0, 0.0, "0.000")],
)
def test_at_an_end_with_a_parameter_of_one_the_loss_is_finite(a, b, y, value, text):
    frame = frame_of(a, b, y)
    assert frame["loss"] == pytest.approx(value)
    assert f"a loss of {text} nats" in frame["sentence"]


@settings(deadline=None)
@given(SHAPES, SHAPES, st.floats(0, 1) | st.sampled_from([0.0, 1.0]), LOSSES)
def test_the_numbers_in_the_sentence_are_those_of_the_frame(a, b, y, loss):
    frame = frame_of(a, b, y, loss=loss)
    said = frame["sentence"]
    if not np.isfinite(frame["nll"]):
        assert ("infinite." in said) == (frame["nll"] > 0)
        assert ("unbounded below." in said) == (frame["nll"] < 0)
        return
    value = float(re.search(r"a loss of (−?\d+\.\d{3}) nats", said)[1].replace("−", "-"))
    assert value == pytest.approx(frame["nll"], abs=5.1e-4)
    if match := re.search(r"density is (\d+\.\d{3})", said):
        assert float(match[1]) == pytest.approx(frame["density_at_y"], abs=5.1e-4)
    if "below zero" in said:
        assert value < 0
        assert frame["density_at_y"] > 1
    if loss == "kernel":
        reads = float(re.search(r"it reads (−?\d+\.\d{3})", said)[1].replace("−", "-"))
        assert reads == pytest.approx(frame["loss"], abs=5.1e-4)


@settings(deadline=None, max_examples=300)
@given(SHAPES, SHAPES, INSIDE)
def test_the_advice_in_the_sentence_is_true(a, b, y):
    """What is said to cost less does cost less."""
    now, said = float(Beta(a, b).nll(y)), sentence_of(a, b, y)
    sureness = a + b - 2
    if "Moving the mode" in said:
        moved = [float(Beta(1 + y * k, 1 + (1 - y) * k).nll(y)) for k in (sureness, 1.5 * sureness)]
        assert now > moved[0] > moved[1]
    if "being surer of it would cost less" in said:
        mode = float(Beta(a, b).mode())
        assert mode == pytest.approx(y, abs=5.1e-4)
        surer = Beta(1 + mode * sureness * 1.01, 1 + (1 - mode) * sureness * 1.01)
        assert float(surer.nll(y)) < now


def test_a_loss_too_large_for_its_density_is_still_finite_in_words():
    frame = frame_of(5000, 5000, 0.001)
    assert frame["density_at_y"] == 0
    assert np.isfinite(frame["loss"])
    assert "less than 0.001" in frame["sentence"]
    assert "infinite" not in frame["sentence"]


def test_being_surer_is_advised_only_where_it_helps():
    """So sharp a prediction that 0.5004 is off its mode, though both read 0.500."""
    assert "surer of it would" not in sentence_of(1e6, 1e6, 0.5004)


def test_zero_is_not_called_below_zero():
    assert "below zero" not in sentence_of(1.0001, 1, 0.5)


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
    frame = frame_of(2, 5, observations=observations)
    assert frame["observations"].tolist() == [0.2, 0.5, 0.6]
    np.testing.assert_array_equal(frame["losses"], Beta(2, 5).nll([0.2, 0.5, 0.6]))


def test_whole_numbers_are_observations_too():
    assert frame_of(1, 1, observations=np.array([0, 1]))["observations"].tolist() == [0.0, 1.0]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.05, 0.95), min_size=3, max_size=20))
def test_maximum_likelihood_is_the_fit_of_the_core(y):
    assume(np.ptp(y) > 0.05)
    blueprint = beta_loss(observations=y)
    best = fit_mle(Beta, y)
    frame = blueprint.view(blueprint.state)
    assert frame["best_a"].tolist() == [best.a]
    assert frame["best_b"].tolist() == [best.b]
    preset = blueprint.spec(blueprint.state).presets[0]
    assert preset.values == {"a": best.a, "b": best.b}
    for name in "ab":
        assert blueprint.state.limits[name][0] <= getattr(best, name)
        assert getattr(best, name) <= blueprint.state.limits[name][1]
    there = replace(blueprint.state, a=best.a, b=best.b)
    assert "this is the maximum of the likelihood" in blueprint.view(there)["sentence"]


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        ([0.7], "all observations are the same"),
        ([0.3, 0.3, 0.3], "all observations are the same"),
        ([0.0, 0.3], "an observation lies at an end"),
        ([0.3, 1.0], "an observation lies at an end"),
    ],
)
def test_where_there_is_no_maximum_the_panel_says_why(y, reason):
    blueprint = beta_loss(observations=y)
    frame = blueprint.view(blueprint.state)
    assert frame["best_a"].size == frame["best_b"].size == 0
    assert frame["best_label"] == ""
    assert f"There is no maximum of the likelihood: {reason}" in frame["sentence"]
    preset = blueprint.spec(blueprint.state).presets[0]
    assert not preset.values
    assert reason in preset.note


def test_a_maximum_outside_the_limits_is_no_button():
    blueprint = beta_loss(observations=[0.50, 0.51], limits={"a": (0.05, 20), "b": (0.05, 20)})
    preset = blueprint.spec(blueprint.state).presets[0]
    assert not preset.values
    assert "outside" in preset.note


@pytest.mark.parametrize("kind", ["one", "several"])
def test_every_preset_is_within_the_limits(kind):
    data = {"y": 0.7} if kind == "one" else {"observations": [0.2, 0.3]}
    blueprint = beta_loss(2, 2, limits={"a": (1.5, 3), "b": (1.5, 3)}, **data)
    for preset in blueprint.spec(blueprint.state).presets:
        for name, value in preset.values.items():
            low, high = blueprint.state.limits[name]
            assert low <= value <= high


@pytest.mark.parametrize(
    ("a", "b", "y", "says"),
    [
        (2, 5, [0.0, 0.5], "is infinite: a density there is 0"),
        (0.5, 2, [0.0, 0.5], "is unbounded below: a density there is infinite"),
        (0.5, 2, [0.0, 1.0], "has no value: some have density 0, others an infinite one"),
    ],
)
def test_observations_at_an_end_say_what_the_sum_means(a, b, y, says):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = frame_of(a, b, observations=y)
    assert f"The loss of these 2 observations {says}" in frame["sentence"]
    assert not np.isnan(frame["loss_limits"]).any()


def test_the_sentence_of_several_names_total_average_dearest_and_best():
    y = [0.2, 0.5, 0.6]
    frame, losses = frame_of(2, 5, observations=y), Beta(2, 5).nll(y)
    best = float(nll(fit_mle(Beta, y), y))
    assert frame["sentence"] == (
        f"The model expects *y* near 0.200. These 3 observations cost {number(losses.sum())} nats "
        f"together, {number(losses.mean())} each on average; the dearest, 0.600, "
        f"{number(losses[2])}. At the maximum of the likelihood it would be {number(best)}."
    )


def test_one_observation_in_a_list_is_spoken_of_as_one():
    frame = frame_of(2, 5, observations=[0.7])
    assert "This one observation costs 1.771 nats." in frame["sentence"]
    assert "1 observations" not in " ".join(v for v in frame.values() if isinstance(v, str))


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
        ({"loss": "half"}, "loss", "'half'", "'full' or 'kernel'"),
        ({"loss": None}, "loss", "None", "'full' or 'kernel'"),
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
    presets = blueprint.spec(blueprint.state).presets
    assert [bool(preset.values) for preset in presets] == [True] * 3
    for low, high in blueprint.state.limits.values():
        assert low <= 1
        assert high > blueprint.view(blueprint.state)["best_a"]
