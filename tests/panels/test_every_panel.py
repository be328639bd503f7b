"""What holds for every panel: scenes that stand still where they should, and plain frames."""

import json
import math
import re
from dataclasses import fields, replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import explorer
from explorer.core import Beta, Categorical, Mixture, Normal
from explorer.scene import (
    Area,
    Bars,
    Choice,
    Landscape,
    Line,
    Slider,
    Stems,
    plain,
    structure,
    values,
)
from explorer.stage.session import Session

# A panel's name and arguments: each of them has a structure of its own.
CALLS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in explorer.PANELS),
    ("beta_loss", {"observations": [0.2, 0.5, 0.9]}),
    ("bernoulli_loss", {"x": [1, 2, 3, 4, 5], "y": [0, 0, 1, 0, 1]}),
    ("categorical_loss", {"logits": [0, 1, 2, 3]}),
    ("categorical_loss", {"observations": [0, 1, 1]}),
    ("least_squares", {"x": range(12), "y": range(12)}),
    ("heteroscedastic", {"x": [1, 2, 3], "y": [3, 1, 2], "link": "softplus"}),
    *(("likelihood", {"family": name}) for name in ("beta", "laplace", "student_t")),
    *(("empirical_kl", {"family": name}) for name in ("beta", "laplace", "student_t")),
    ("point_estimate", {"distribution": Beta(2, 5)}),
    ("point_estimate", {"distribution": Normal(1, 2)}),
    ("kl_anatomy", {"p": Beta(2, 3), "q": Beta(1, 1)}),
    ("kl_anatomy", {"p": Mixture([0.5, 0.5], (Normal(-2, 1), Normal(2, 1))), "q": Normal(0, 2)}),
    (
        "kl_anatomy",
        {
            "p": Categorical.from_probabilities([0.2, 0.3, 0.5]),
            "q": Categorical.from_probabilities([0.4, 0.4, 0.2]),
        },
    ),
    ("kl_fit", {"means": [0.0]}),
    ("kl_fit", {"means": [-3.0, 0.0, 3.0], "sigmas": [1, 1, 1], "weights": [1, 1, 1]}),
    ("alpha_fit", {"means": [-3.0, 0.0, 3.0], "sigmas": [1, 1, 1], "weights": [1, 1, 1]}),
    *(
        ("training", {"family": name, "steps": 100})
        for name in ("normal", "heteroscedastic", "student_t", "bernoulli", "categorical")
    ),
]


def blueprint(name, options):
    return getattr(import_module(f"explorer.panels.{name}"), name)(**options)


def positions(control):
    """The settings that a control can take."""
    if isinstance(control, Choice):
        return st.sampled_from([value for value, _ in control.options])
    if control.log:
        span = st.floats(math.log(control.low), math.log(control.high)).map(math.exp)
        return span.map(control.nearest)
    return st.floats(control.low, control.high).map(control.nearest)


def moved(state, settings):
    """The state with these settings of its controls."""
    changes: dict[str, Any] = {}
    for name, value in settings.items():
        field, _, index = name.partition(".")
        if index:
            entries = list(changes.get(field, getattr(state, field)))
            entries[int(index)] = value
            changes[field] = tuple(entries)
        else:
            changes[field] = value
    return replace(state, **changes)


@pytest.mark.parametrize(("name", "options"), CALLS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_structure_is_the_same_for_every_position_of_every_control(name, options, data):
    start = blueprint(name, options)
    before = structure(start.view(start.state))
    controls = start.state.controls()
    drawn = data.draw(st.fixed_dictionaries({c.name: positions(c) for c in controls}))
    try:
        state = moved(start.state, drawn)
    except ValueError:
        return  # sliders may allow a little more than the state: the page is told why
    scene = start.view(state)
    assert structure(scene) == before
    assert state.controls() == controls
    assert len(values(scene)) == len(values(start.view(start.state)))


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_all_that_moves_can_travel(name, options):
    start = blueprint(name, options)
    for value in values(start.view(start.state)):
        pair = isinstance(value, tuple) and all(isinstance(part, float | int) for part in value)
        texts = isinstance(value, tuple) and all(isinstance(part, str) for part in value)
        array = isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim in (1, 2)
        assert isinstance(value, float | str | bool | int) or texts or pair or array, value


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_a_structure_is_json_and_every_drag_moves_a_control(name, options):
    start = blueprint(name, options)
    outline = structure(start.view(start.state))
    assert json.loads(json.dumps(outline, allow_nan=False)) == outline
    names = {control.name for control in start.state.controls()}
    for plot in outline["plots"]:
        drags = [mark.get("drag") for mark in plot["marks"]] + [plot["click"]]
        for drag in filter(None, drags):
            for target in (drag["x"], drag["y"], drag["wheel"]):
                assert not target or target.replace("{i}", "0") in names, target


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_controls_stand_inside_their_ranges(name, options):
    start = blueprint(name, options)
    controls = start.state.controls()
    assert len({control.name for control in controls}) == len(controls)
    for control in controls:
        field, _, index = control.name.partition(".")
        value = getattr(start.state, field)
        value = value[int(index)] if index else value
        if isinstance(control, Slider):
            assert control.low <= value <= control.high
            assert (control.high - control.low) / control.step <= 2500 or control.log
        else:
            assert value in [option for option, _ in control.options]


@pytest.mark.parametrize("name", explorer.PANELS)
def test_a_frame_is_documented_entry_by_entry(name):
    """Every public entry stands in the docstring, and what stands there exists."""
    function = getattr(import_module(f"explorer.panels.{name}"), name)
    documented = function.__doc__
    for call, options in CALLS:
        if call == name:
            start = blueprint(name, options)
            for entry in start.view(start.state).named:
                assert f"``{entry}``" in documented, entry


@pytest.mark.parametrize("name", explorer.PANELS)
def test_a_panel_reads_as_a_page_and_no_panel_imports_another(name):
    module = import_module(f"explorer.panels.{name}")
    source = Path(module.__file__).read_text(encoding="utf-8")
    assert source.count("\n") <= 420
    assert "from explorer.panels" not in source


def every_mark(name, options):
    start = blueprint(name, options)
    for plot in start.view(start.state).plots:
        for mark in plot.marks:
            yield plot, mark


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_the_axis_of_a_loss_has_its_unit_and_a_landscape_says_which_way_is_lower(name, options):
    for plot, mark in every_mark(name, options):
        if isinstance(mark, Landscape):
            assert "colour is lower" in plot.description
        contour = plain(plot.y.label) == "p"  # it has its value in nats beside it
        place = "μ" in plot.y.label  # of minima
        if isinstance(mark, Line | Bars | Area) and mark.role == "loss" and not (contour or place):
            unit = {"point_estimate": "E|probability"}.get(name, "nats")
            assert re.match(f".*({unit})", plot.y.label), plot.title


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_a_colour_means_its_role(name, options):
    """An optimum is a place or a line of places, and a truth or an observation is no loss."""
    for plot, mark in every_mark(name, options):
        if isinstance(mark, Area | Bars | Stems | Landscape):
            assert mark.role != "optimum", plot.title
        if isinstance(mark, Landscape):
            assert mark.role == "loss", plot.title


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_every_button_says_what_it_does(name, options):
    start = blueprint(name, options)
    for preset in start.view(start.state).presets:
        assert preset.note, preset.label


TRIED = [call for i, call in enumerate(CALLS) if call[0] != "training" or i < len(explorer.PANELS)]
# What is thrown at every argument and at `set`.
ZOO: dict[str, Any] = {
    "none": None, "nan": math.nan, "inf": math.inf, "text": "abc", "no text": "", "bytes": b"1",
    "object": object(), "dict": {"a": 1}, "function": len, "nested": [[1.0, [2.0]], 3.0],
    "huge": 10**400, "1e300": 1e300, "minus 3": -3, "complex": 1j, "date": np.datetime64("2020"),
    "timedelta": np.timedelta64(3, "s"), "timedeltas": np.array([1, 2], "m8[s]"),
    "masked": np.ma.array([0.3, 0.5], mask=[False, True]), "all masked": np.ma.masked,
    "float16": np.float16(0.5), "float16s": np.float16([0.25, 0.5]), "scalar": np.array(0.5),
    "matrix": [[0.1, 0.9], [0.3, 0.7]], "empty": [], "objects": np.array([None, 1.0], object),
    "truths": [True, False], "long": list(range(20_000)), "texts": ["a"] * 100, "2.5": 2.5,
    "Normals": Normal([0.0, 1.0], 1.0), "family": Normal, "pair of texts": ("a", "b"),
}  # fmt: skip
NEVER_TAKEN = {"text", "bytes", "object", "dict", "function", "nested", "huge", "complex", "date",
               "timedelta", "timedeltas", "masked", "all masked", "matrix", "objects"}  # fmt: skip


def is_plain(error, names):
    """Whether an error is one short line that begins with one of these names."""
    told = str(error)
    named = re.split(r" = | has |\[|\.", told)[0]
    assert named in names, told
    assert len(told) <= 300, told
    assert "\n" not in told


@pytest.mark.parametrize(("name", "options"), TRIED)
def test_whatever_is_handed_to_a_panel_is_taken_or_refused_by_name(name, options):
    quick = {"steps": 5} if name == "training" else {}
    session = Session(blueprint(name, options | quick), lambda *_: None)
    began, limits = session.state, dict(session.state.limits)
    arguments = set(signature(getattr(import_module(f"explorer.panels.{name}"), name)).parameters)
    settable = {f.name for f in fields(began)} - {"p_family", "q_family"}
    names = arguments | settable | set(limits) | {"mu", "(v, d)"}
    for what, bad in ZOO.items():
        for argument in sorted(arguments - {"parameters"}):
            try:
                start = blueprint(name, options | quick | {argument: bad})
                start.view(start.state)
                assert what not in NEVER_TAKEN, (argument, what)
            except ValueError as error:
                is_plain(error, names)
        changes = [{f: bad} for f in sorted(settable)] + [{"limits": {f: bad}} for f in limits]
        for change in changes:
            try:
                session.set(**change)
                assert what not in NEVER_TAKEN, (change, what)
            except ValueError as error:
                assert session.state == began, change
                is_plain(error, names)
            else:
                session = Session(blueprint(name, options | quick), lambda *_: None)


def refusal(session, **changes):
    """Why these changes are refused, or nothing."""
    try:
        session.set(**changes)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("name", "options"), TRIED)
def test_advice_on_how_to_widen_a_slider_is_right(name, options):
    quick = {"steps": 5} if name == "training" else {}
    session = Session(blueprint(name, options | quick), lambda *_: None)
    for control in [c for c in session.controls.values() if isinstance(c, Slider)]:
        beyond = float(math.ceil(control.high + 0.5 * (control.high - control.low)))
        told = refusal(session, **{control.name: beyond})
        advised = re.search(r"widen them with limits=\{'(\w+)': \(low, high\)\}", told)
        assert advised or "limits" not in told
        if advised:
            assert advised[1] in session.state.limits
            assert not refusal(session, limits={advised[1]: (control.low, beyond)})
            assert "widen" not in refusal(session, **{control.name: beyond})
        if advised or not told:
            session = Session(blueprint(name, options | quick), lambda *_: None)


OFFSETS = [
    (0.0, 1e-12), (0.0, 1e-6), (0.0, 1e6), (0.0, 1e12), (1.7e9, 1e3), (-1.7e9, 1.0), (1e-3, 1e-9),
]  # fmt: skip
SHARES = np.linspace(0.0, 1.0, 12)
OF_DATA: list[tuple[str, dict[str, Any]]] = [
    *(("likelihood", {"family": f}) for f in ("normal", "laplace", "student_t")),
    *(("empirical_kl", {"family": f}) for f in ("normal", "laplace")),
    *(("point_estimate", {"distribution": f}) for f in ("normal", "mixture")),
    ("least_squares", {}), ("heteroscedastic", {}),
    ("bernoulli_loss", {"y": [0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1]}),
    ("training", {"family": "normal", "steps": 20}),
]  # fmt: skip


@pytest.mark.parametrize(("offset", "scale"), OFFSETS)
@pytest.mark.parametrize(("name", "options"), OF_DATA)
def test_data_of_any_unit_and_offset_are_shown(name, options, offset, scale):
    noise = np.random.default_rng(1).normal(size=12)
    values, others = offset + scale * SHARES, SHARES + 0.1 * noise
    cases = [{"observations": offset + scale * noise}]
    if name == "bernoulli_loss":
        cases = [{"x": values}]
    elif name in ("least_squares", "heteroscedastic", "training"):
        cases = [{"x": values, "y": others}, {"x": SHARES, "y": offset + scale * others}]
    for data in cases:
        start = blueprint(name, options | data)
        scene = start.view(start.state)
        assert math.isfinite(scene.named.get("loss", 0.0))
        for control in start.state.controls():
            if isinstance(control, Slider) and control.step != 1.0:
                positions = [control.nearest(x) for x in np.linspace(control.low, control.high, 11)]
                assert len(set(positions)) == 11, control
        for plot in scene.plots:
            for low, high in (plot.x.limits, plot.y.limits):
                assert low < high
                assert math.isfinite(high - low)


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e-15])
@pytest.mark.parametrize(("name", "options"), OF_DATA)
def test_data_whose_differences_no_axis_can_show_are_refused_by_name(name, options, scale):
    values = (scale * np.round(10 * SHARES)).tolist()
    by = "x" if name in ("least_squares", "heteroscedastic", "training", "bernoulli_loss") else ""
    given = {"x": values, "y": SHARES} | options if by else {"observations": values} | options
    with pytest.raises(ValueError, match=rf"^{by or 'observations'} = .*differ by 1e-12"):
        blueprint(name, given)


@pytest.mark.parametrize("value", [5e-324, 1e-300, -1e-16])
@pytest.mark.parametrize("name", ["likelihood", "empirical_kl"])
def test_one_observation_however_small_is_shown(name, value):
    start = blueprint(name, {"observations": [value]})
    assert math.isfinite(start.view(start.state).named.get("loss", 0.0))
