"""States with a family's parameters: any family that describes itself, and mixtures of two."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from explorer.core import FAMILIES, Beta, Laplace, Mixture, Normal, StudentT, fit_mle
from explorer.parts.families import (
    AND_TWO_NORMALS,
    CONTINUOUS,
    WithModel,
    fitted,
    given_family,
    member,
    observed,
    parameters_of,
    suited,
    theta_of,
    with_model,
)
from explorer.parts.parameters import one

MEMBERS = {
    "normal": Normal(1.0, 2.0),
    "beta": Beta(2.0, 3.0),
    "laplace": Laplace(-1.0, 0.5),
    "student_t": StudentT(3.0, 1.0, 2.0),
}
TWO = Mixture([0.25, 0.75], (Normal(0.0, 1.0), Normal(5.0, 2.0)))
Y = (1.0, 2.0, 2.5, 4.0, 9.0)
SHARES = (0.2, 0.5, 0.7)


@dataclass(frozen=True, kw_only=True)
class State(WithModel):
    """A model and one number more."""

    first: ClassVar = "t"
    level: float = one("level", "level")
    t: float = one("t", "place")


def state_of(family, **theta):
    names = [p.name for p in parameters_of(family)]
    limits = dict.fromkeys((*names, "level", "t"), (0.1, 0.9))
    return with_model(State, family)(limits=limits, level=1.0, t=1.0, **theta)


# States


@pytest.mark.parametrize("family", CONTINUOUS.values())
def test_a_state_has_a_slider_for_each_parameter_of_its_family(family):
    theta = {p.name: p.start for p in family.parameters}
    state = state_of(family, **theta)
    names = [p.name for p in family.parameters]
    assert [c.name for c in state.controls()] == ["t", *names, "level"]
    sliders = {c.name: c for c in state.controls()}
    for p in family.parameters:
        assert (sliders[p.name].symbol, sliders[p.name].label) == (p.symbol, p.label)
    assert state.theta == theta
    assert state.model == family(**theta)
    assert state.plane() == tuple(names[-2:])
    assert dict(state.fixed) == {name: theta[name] for name in names[:-2]}
    assert with_model(State, family) is type(state)


def test_a_new_family_needs_no_change_here():
    """All that is continuous in the core is known by its name."""
    assert set(CONTINUOUS) == {n for n, f in FAMILIES.items() if f.data == "continuous"}
    assert set(MEMBERS) == set(CONTINUOUS)


def test_symbols_in_italics():
    state = state_of(StudentT, nu=3.0, mu=0.0, sigma=1.0)
    assert state.symbols() == "*ν*, *μ*, *σ*"
    assert state.symbols("nu") == "*ν*"


@pytest.mark.parametrize(
    ("family", "theta", "bad"),
    [
        (Normal, {"mu": 0.0, "sigma": 1.0}, {"sigma": 0.0}),
        (Laplace, {"mu": 0.0, "scale": 1.0}, {"scale": -1}),
        (StudentT, {"nu": 1.0, "mu": 0.0, "sigma": 1.0}, {"nu": 0}),
        (Beta, {"a": 1.0, "b": 1.0}, {"a": math.nan}),
        (Mixture, theta_of(TWO), {"weight": 1.5}),
        (Mixture, theta_of(TWO), {"sigma_2": 0}),
    ],
)
def test_a_bad_parameter_is_named(family, theta, bad):
    ((name, value),) = bad.items()
    with pytest.raises(ValueError, match=f"^{name} = {value}: allowed is a number from"):
        replace(state_of(family, **theta), **bad)


def test_a_mixture_of_two_normals_has_five_parameters():
    theta = theta_of(TWO)
    assert theta == {"mu_1": 0.0, "sigma_1": 1.0, "mu_2": 5.0, "sigma_2": 2.0, "weight": 0.25}
    state = state_of(Mixture, **theta)
    assert state.names() == tuple(theta)
    assert state.model == TWO
    assert state.model is member(Mixture, theta)  # so that what it knows of itself is kept


# What is given


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_family_by_name_and_by_object(name):
    family, given = given_family(name, {})
    assert family is FAMILIES[name]
    assert given == {p.name: None for p in family.parameters}
    family, given = given_family(MEMBERS[name], {})
    assert member(family, given) == MEMBERS[name]


def test_what_is_given_beside_a_name():
    assert given_family("laplace", {"scale": 2.0, "a": None})[1] == {"mu": None, "scale": 2.0}
    known = AND_TWO_NORMALS
    assert given_family("mixture", {"mu_2": 2.0}, "p", known)[1]["mu_2"] == 2.0
    assert given_family(TWO, {}, "p", known) == (Mixture, theta_of(TWO))


@pytest.mark.parametrize(
    ("family", "given", "message"),
    [
        (
            "gamma",
            {},
            "family = 'gamma': allowed is one of 'normal', 'beta', 'laplace', 'student_t'",
        ),
        ("bernoulli", {}, "family = 'bernoulli': allowed"),
        ("mixture", {}, "family = 'mixture': allowed"),
        (TWO, {}, "family = Mixture"),
        (None, {}, "family = None"),
        (Normal, {}, "family = <class"),
        (
            "normal",
            {"a": 1.0},
            "a = 1.0: allowed is no such parameter: the Normal model has mu and",
        ),
        (Normal(0, 1), {"mu": 1.0}, "mu = 1.0: .*the Normal model has its parameters already"),
    ],
)
def test_other_families_and_parameters_are_named(family, given, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        given_family(family, given)


def test_a_mixture_of_three_is_refused_where_two_are_known():
    three = Mixture([0.2, 0.3, 0.5], (Normal(0, 1),) * 3)
    with pytest.raises(ValueError, match=r"^p = Mixture.*'mixture', 'normal'.*a mixture of two"):
        given_family(three, {}, "p", AND_TWO_NORMALS)


# Data


def test_observations_lie_in_the_support():
    assert observed([1, 2], Normal, 5) == (1.0, 2.0)
    assert observed([0, 1], Beta, 5) == (0.0, 1.0)
    with pytest.raises(ValueError, match=r"observations\[1\] = 1.5: allowed is .* from 0 to 1"):
        observed([0.5, 1.5], Beta, 5)
    with pytest.raises(ValueError, match="observations has 6 values: allowed are at most 5"):
        observed(np.zeros(6), Normal, 5)


@pytest.mark.parametrize(("name", "y"), [("normal", Y), ("laplace", Y), ("beta", SHARES)])
def test_the_fit_by_name(name, y):
    best, reason = fitted(FAMILIES[name], y)
    assert member(FAMILIES[name], best) == fit_mle(FAMILIES[name], y)
    assert reason == ""


def test_where_there_is_no_fit_it_is_told_why():
    best, reason = fitted(Normal, (3.0, 3.0))
    assert best == {}
    assert reason.startswith("There is no maximum of the likelihood: all observations are the same")
    assert fitted(Mixture, (1.0, 2.0))[0] == {}


def test_a_fit_of_two_normals_has_their_five_parameters():
    y = (0.0, 0.1, 0.3, 5.0, 5.2, 5.3)
    best, _ = fitted(Mixture, y)
    assert best == theta_of(fit_mle(Mixture, np.array(y)))
    assert best["mu_1"] == pytest.approx(0.4 / 3, abs=1e-6)


@pytest.mark.parametrize("family", CONTINUOUS.values())
@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e5])
def test_ranges_hold_the_start_the_best_and_the_data(family, unit):
    bounded = family is Beta
    y = SHARES if bounded else tuple(unit * v for v in Y)
    start, ranges = suited(family, y)
    assert set(start) == {p.name for p in family.parameters}
    low, high = ranges["y"]
    assert low <= min(y) < max(y) <= high
    best = fitted(family, y)[0]
    for p in family.parameters:
        low, high = ranges[p.name]
        assert low <= start[p.name] <= high
        if p.name in best and p.name != "nu":
            assert low < best[p.name] < high
        assert p.role != "scale" or low > 0
