"""A panel's state as code and as a link: both lead back to it with all digits."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import explorer
import explorer.core
from explorer.core import (
    Bernoulli,
    Beta,
    Categorical,
    Laplace,
    Mixture,
    Normal,
    StudentT,
)
from explorer.scene import Choice
from explorer.stage import links
from explorer.stage.session import Session
from explorer.stage.settings import controls_of, with_entries

FISH = pd.Series([1.25, 2.5, 2.75, 4.0, 4.5], name="length *in* m")
CALLS = [
    *((name, {}) for name in explorer.PANELS),
    ("beta_loss", {"observations": [0.2, 0.5, 1 / 3]}),
    ("beta_loss", {"a": 300, "limits": {"b": (0.3, 77.7)}}),
    ("bernoulli_loss", {"x": FISH, "y": [False, False, True, False, True]}),
    ("categorical_loss", {"logits": [0, 1, 2, 3], "names": ["a,b", "1", '"', "true: é&=#"]}),
    ("categorical_loss", {"observations": [0, 1, 1]}),
    ("least_squares", {"x": np.arange(12), "y": np.arange(12) ** 2}),
    ("heteroscedastic", {"x": [1, 2, 3], "y": [3, 1, 2], "link": "softplus"}),
    ("heteroscedastic", {"x": np.arange(40), "y": 100.0 * np.arange(40)}),
    *(("likelihood", {"family": name}) for name in ("beta", "laplace", "student_t")),
    ("likelihood", {"observations": FISH, "family": StudentT(3, 0, 1)}),
    ("likelihood", {"observations": [0.25]}),
    *(("empirical_kl", {"family": name}) for name in ("beta", "laplace", "student_t")),
    ("empirical_kl", {"observations": [1, 2, 2.5], "spikes": "box"}),
    ("point_estimate", {"distribution": Beta(2, 5)}),
    ("point_estimate", {"distribution": StudentT(1.5, 0, 1)}),
    ("point_estimate", {"distribution": "normal", "observations": FISH}),
    ("kl_anatomy", {"p": Beta(2, 3), "q": Beta(1, 1)}),
    ("kl_anatomy", {"p": Laplace(0.1, 2), "q": StudentT(3, 0, 1), "direction": "reverse"}),
    ("kl_anatomy", {"p": Mixture([0.3, 0.7], (Normal(-2, 1), Normal(2, 1))), "q": Normal(0, 2)}),
    ("kl_anatomy", {"p": Categorical([0.2, 0.3, 0.5]), "q": Categorical([1, 0, 2])}),
    ("kl_anatomy", {"p": Bernoulli(0.3), "q": Bernoulli(1 / 7)}),
    ("kl_fit", {"means": [0.0], "fixed_sigma": 1.5, "method": "newton"}),
    ("kl_fit", {"means": [190.9, 216.0, 230.1], "weights": [3, 1, 1]}),
    ("alpha_fit", {"means": [-3.0, 0.0, 3.0], "sigmas": [1, 1, 2], "weights": [0, 0.2, 1]}),
    *(
        ("training", {"family": name, "steps": 100})
        for name in ("normal", "heteroscedastic", "student_t", "bernoulli", "categorical")
    ),
    ("training", {"x": FISH, "y": FISH / 7, "held_out": [True, False, False, False, False]}),
    (
        "training",
        {"x": FISH, "y": pd.Categorical(list("babab"), ["b", "a"]), "family": "bernoulli"},
    ),
    ("training", {"x": FISH, "y": [10, 2, 2, 10, 2], "family": "categorical", "held_out": 0}),
]


def blueprint(name, options):
    return links._function(name)(**options)


def assert_both_lead_to(name, state):
    panel = eval(links.code(name, state), {"explorer": explorer})
    assert panel.state == state
    panel.close()
    text = links.query(name, state)
    assert text.isascii()
    assert not set(text) & set(" \"<>\\^`{|}#'")
    found, problems = links.opened(name, text)
    assert problems == []
    assert found.state == state
    assert links.query(name, found.state) == text


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_code_and_link_give_the_state_that_a_panel_begins_with_and_those_of_its_buttons(
    name, options
):
    start = blueprint(name, options)
    assert_both_lead_to(name, start.state)
    for i, preset in enumerate(start.view(start.state).presets):
        session = Session(start, lambda message, buffers: None)
        if preset.values and not any(v != v for v in preset.values.values()):
            session.press(i)
            assert_both_lead_to(name, session.state)


def settings_of(control):
    if isinstance(control, Choice):
        return st.sampled_from([value for value, _ in control.options])
    if control.log:
        return st.floats(math.log(control.low), math.log(control.high)).map(
            lambda x: min(max(math.exp(x), control.low), control.high)
        )
    anywhere = st.floats(control.low, control.high)
    return st.one_of(anywhere, anywhere.map(control.nearest))


@pytest.mark.parametrize(("name", "options"), CALLS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_code_and_link_give_every_position_of_every_control(name, options, data):
    start = blueprint(name, options)
    changes = {c.name: data.draw(settings_of(c)) for c in start.state.controls()}
    try:
        state = with_entries(start.state, changes)
        controls_of(state)
        start.view(state)
    except ValueError:
        return  # sliders may allow a little more than the state
    assert_both_lead_to(name, state)


def test_code_and_link_are_as_short_as_one_would_type_them():
    def both(name, **options):
        state = blueprint(name, options).state
        return links.code(name, state), links.query(name, state)

    assert both("beta_loss", a=8, b=4) == (
        "explorer.beta_loss(a=8, b=4, y=0.7)",
        "a=8&b=4&y=0.7",
    )
    assert both("beta_loss", a=30, b=1 / 3, loss="kernel", limits={"a": (0.5, 90)}) == (
        "explorer.beta_loss(a=30, b=0.3333333333333333, y=0.7, loss='kernel', "
        "limits={'a': (0.5, 90)})",
        "a=30&b=0.3333333333333333&y=0.7&loss=kernel&limits.a=0.5,90",
    )
    assert both("kl_anatomy", p=Beta(2, 5), q=Beta(1, 1), x=0.5) == (
        "explorer.kl_anatomy(p=explorer.core.Beta(2, 5), q=explorer.core.Beta(1, 1), x=0.5)",
        "p=beta:2,5&q=beta:1,1&x=0.5",
    )


def test_a_dragged_point_of_a_panels_own_data_travels_alone():
    start = blueprint("likelihood", {})
    text = links.query("likelihood", with_entries(start.state, {"observations.2": 3.5}))
    assert text == "n=8&mu=0&sigma=1&observations.2=3.5"


def test_data_that_do_not_fit_into_a_link_are_named():
    state = blueprint("beta_loss", {"observations": np.linspace(0, 1, 2000)}).state
    with pytest.raises(ValueError, match=r"observations = .*2000 characters"):
        links.query("beta_loss", state)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a=-1", r"a = -1"),
        ("a=nan", r"a = 'nan'"),
        ("a=__import__('os')", r"a = "),
        ("a=1,2", r"a = \(1, 2\)"),
        ("A=3", r"A = 3: allowed is one of the parameters a, b"),
        ("=3", r" = 3"),
        ("&&a", r"a = ''"),
        ("loss=best", r"loss = 'best'"),
        ("limits.c=0,1", r"limits = "),
        ("limits.a=3", r"limits = "),
        ("limits=3", r"limits = "),
        ("limits.a=3,4", r"a = 2.0"),
        ("observations=0.1,x", r"observations = "),
        ("y.0=3", r"y.0 = 3"),
        ("y=0.4&y=0.5", r"y is there twice"),
        ("a=normal:0,1", r"a = "),
        (f"a={'9' * 5000}", r"a = "),
        ("%ff%00=%ff", r".\x00 = "),
    ],
)
def test_what_a_link_says_wrongly_is_told_and_ignored(text, problem):
    found, (told,) = links.opened("beta_loss", f"#b=4&{text}")
    assert re.match(problem, told)
    assert found.state.b == 4
    assert found.state.a == 2


def test_of_two_that_need_each_other_both_are_ignored_where_one_is_bad():
    found, problems = links.opened("least_squares", "x=1,2,3&y=1,2,z&w=0.5")
    assert len(problems) == 2
    assert found.state.w == 0.5
    assert found.state.x == blueprint("least_squares", {}).state.x


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(explorer.PANELS), st.data())
def test_any_text_opens_a_panel(name, data):
    names = [*blueprint(name, {}).state.arguments(), "observations", "limits.x", "limits", "zzz"]
    value = st.text("0123456789.,:-+e\"'%[](){}nta\u00e9\x00", max_size=12)
    part = st.tuples(st.sampled_from(names), value).map("=".join)
    found, _ = links.opened(name, "&".join(data.draw(st.lists(part, max_size=4))))
    assert found.state is not None


def test_names_are_only_those_of_panels():
    with pytest.raises(ValueError, match="name = 'os'"):
        links.opened("os", "")
