"""A parameter is declared once: its check, its slider, its axis and its text follow."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from explorer.parts.inputs import column, hull, intervals, one_of, real, whole
from explorer.parts.parameters import POSITIVE, Parameters, choice, many, one
from explorer.scene import Choice, Slider


@dataclass(frozen=True, kw_only=True)
class State(Parameters):
    """Some points, a slope, a width on a logarithmic slider, and a choice."""

    y: tuple[float, ...] = many("y", "observation", axis="height", most=5)
    w: float = one("w", "slope w")
    width: float = one("ε", "width", POSITIVE, log=True, play=True)
    logits: tuple[float, ...] = many("z", "logit", steps=100, visible=True)
    link: str = choice("which link", {"exp": "exp(*x*)", "softplus": "softplus(*x*)"})


LIMITS = {"height": (0.0, 6.0), "w": (-0.5, 1.5), "width": (1e-4, 1.0), "logits": (-4.0, 4.0)}
STATE = State(
    y=(1.0, 2.0, 3.0), w=0.2, width=0.1, logits=(1.0, 0.0), link="exp", limits=LIMITS, handles=2
)


def test_controls_are_what_is_visible_and_then_what_is_dragged():
    assert STATE.controls() == (
        Slider("w", "w", "slope w", -0.5, 1.5, 0.005, 3),
        Slider("width", "ε", "width", 1e-4, 1.0, 0.02, 3, log=True, play=True),
        Slider("logits.0", "z₁", "logit 1", -4.0, 4.0, 0.1, 1),
        Slider("logits.1", "z₂", "logit 2", -4.0, 4.0, 0.1, 1),
        Choice("link", "which link", (("exp", "exp(*x*)"), ("softplus", "softplus(*x*)"))),
        Slider("y.0", "y₁", "observation 1", 0.0, 6.0, 0.02, 2, visible=False),
        Slider("y.1", "y₂", "observation 2", 0.0, 6.0, 0.02, 2, visible=False),
    )


def test_values_become_floats():
    state = replace(STATE, w=np.float32(1.0), y=pd.Series([1, 2]), logits=[0, 1])
    assert type(state.w) is float
    assert state.y == (1.0, 2.0)
    assert state.logits == (0.0, 1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"w": math.nan}, r"w = nan: allowed is a number from -1e\+15 to 1e\+15"),
        ({"w": True}, r"w = True: allowed is a number"),
        ({"w": "1"}, r"w = '1': allowed is a number"),
        ({"w": [1.0]}, r"w = \[1.0\]: allowed is a number"),
        ({"w": 10**400}, r"w = 10+\.\.\.: allowed is a number"),
        ({"width": 0.0}, r"width = 0.0: allowed is a number from 1e-15"),
        ({"y": (1.0, 7.0)}, r"y\[1\] = 7.0: allowed is a non-empty list"),
        ({"y": ()}, r"y = \(\): allowed is a non-empty list"),
        ({"y": 5}, r"y = 5: allowed is a non-empty list"),
        ({"y": [1.0] * 6}, r"y has 6 values: allowed are at most 5"),
        ({"y": ["a"]}, r"y = \['a'\]: allowed is a non-empty list"),
        ({"y": [True]}, r"y = \[True\]: allowed is a non-empty list"),
        ({"y": ([1.0], [2.0])}, r"y = \(\[1.0\], \[2.0\]\): allowed is a non-empty list"),
        ({"link": "tanh"}, r"link = 'tanh': allowed is one of 'exp', 'softplus'"),
        ({"link": []}, r"link = \[\]: allowed is one of 'exp', 'softplus'"),
        ({"link": np.array(["exp"])}, r"link = array\(\['exp'\].*: allowed is one of"),
    ],
)
def test_bad_values_are_named(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(STATE, **changes)


def test_an_option_may_be_a_whole_number():
    options = {0: "all", 8: "8"}
    assert type(one_of("batch", np.int64(8), options)) is int
    for value in (True, 8.0, "8", 3):
        with pytest.raises(ValueError, match=r"^batch = .*: allowed is one of 0, 8$"):
            one_of("batch", value, options)


def test_a_message_stays_short():
    with pytest.raises(ValueError, match=r"^y\[") as error:
        column("y", [math.nan] * 10**5, 0, 1)
    assert len(str(error.value)) < 600
    with pytest.raises(ValueError, match=r"^x = ") as error:
        real("x", [0.0] * 10**5, 0, 1)
    assert len(str(error.value)) < 600


def test_texts_have_the_decimals_of_the_slider():
    assert STATE.text("w") == "0.200"
    assert STATE.text("w", 1 / 3, 1) == "0.3333"
    assert STATE.text("y", 1 / 3) == "0.33"
    assert STATE.at("w", "width") == "(0.200, 0.100)"


def test_an_axis_has_symbol_and_limits():
    assert (STATE.axis("y").label, STATE.axis("y").limits) == ("*y*", (0.0, 6.0))


def test_a_goal_is_within_reach_or_nan():
    assert STATE.reached("w", 1.5) == 1.5
    assert math.isnan(STATE.reached("w", 1.6))
    assert math.isnan(STATE.reached("y.1", 6.1))
    assert STATE.within({"w": 0.0, "y.1": 6.0})
    assert not STATE.within({"w": 0.0, "y.1": math.nan})
    goal = STATE.goal({"w": 0.3, "width": 2.0}, "w", "width", "y.0")
    assert goal == pytest.approx({"w": 0.3, "width": math.nan, "y.0": math.nan}, nan_ok=True)


def start(given=None, limits=None):
    data = {"y": (1.0,), "logits": (0.0, 0.0), "link": "exp"}
    return State.start({"w": 0.2034, "width": 0.1}, LIMITS, given or {}, limits, **data)


def test_what_suits_the_data_stands_on_the_grid_and_what_is_given_where_it_is():
    assert start().w == 0.205
    assert start({"w": 0.2034}).w == 0.2034
    assert start({"w": None}).w == 0.205


def test_ranges_are_wide_enough_for_what_is_given():
    assert start({"w": 7.0}).limits["w"] == (-0.5, 7.0)
    assert start(limits={"w": (0.0, 1.0)}).limits["w"] == (0.0, 1.0)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (5, r"limits = 5: allowed is \{name: \(low, high\)\} with low < high and a name of height"),
        ({"v": (0, 1)}, r"limits = \{'v': \(0, 1\)\}: allowed"),
        ({"w": (1, 0)}, r"limits = \{'w': \(1, 0\)\}: allowed"),
        ({"w": 3}, r"limits = \{'w': 3\}: allowed"),
        ({"width": (0, 1)}, r"limits\['width'\] = 0: allowed is a number from 1e-15"),
    ],
)
def test_bad_limits_are_named(limits, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        start(limits=limits)


def test_whole_numbers_and_options():
    assert whole("k", 3.0, 0, 5) == 3
    for bad in (3.5, 6, None, math.inf):
        with pytest.raises(ValueError, match=r"^k = .*: allowed is a whole number from 0 to 5"):
            whole("k", bad, 0, 5)
    assert one_of("link", "exp", ["exp"]) == "exp"


def test_intervals_and_hulls():
    assert intervals({}, {"x": (0.0, 1.0)}, {"x": (-5.0, 5.0)}) == {"x": (0.0, 1.0)}
    assert hull((0.0, 1.0), -1.0, 0.5) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limits": 5}, r"limits = 5: allowed is \{name"),
        ({"limits": {"q": (0, 1)}}, r"limits = \{'q': \(0, 1\)\}: allowed"),
        ({"limits": {**LIMITS, "w": (9, 1)}}, r"limits = \{'w': \(9, 1\)\}: allowed"),
        ({"limits": {**LIMITS, "w": 5}}, r"limits = \{'w': 5\}: allowed"),
        ({"limits": {**LIMITS, "width": (0, 1)}}, r"limits\['width'\] = 0: allowed"),
        ({"handles": "a"}, r"handles = 'a': allowed is a whole number"),
    ],
)
def test_limits_of_a_state_are_checked_too(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(STATE, **changes)


def test_wider_limits_allow_more():
    wider = replace(STATE, limits={**STATE.limits, "height": (0.0, 9.0)}, y=(8.5, 1.0))
    assert wider.slider("y.0").high == 9.0
