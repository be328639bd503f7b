"""What is true of every family in FAMILIES, as it describes itself: a new one is tested as it is.

Only what the description cannot say stands apart, below: reference values (mpmath, 60 digits) and
the cases without a mean, a variance or a maximum.
"""

import warnings
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import IntegrationWarning, quad

from explorer.core import (
    FAMILIES,
    Beta,
    Boxes,
    Categorical,
    Empirical,
    Family,
    Laplace,
    Mixture,
    NoMaximum,
    Normal,
    StudentT,
    alpha_divergence,
    best_answer,
    cross_entropy,
    entropy,
    excess,
    fit_cross_entropy,
    fit_mle,
    highest_density_region,
    jensen_shannon,
    kl,
    kl_parts,
    nll,
    renyi_divergence,
    risk,
    shortfall,
)

settings.register_profile("families", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("families")

RANGES = {
    "location": (-5.0, 5.0), "scale": (0.2, 4.0), "shape": (0.5, 30.0),
    "probability": (0.02, 0.98), "weight": (0.02, 1.0),
}  # fmt: skip
CONTINUOUS = [name for name, family in FAMILIES.items() if family.data == "continuous"]
SINGLE = [name for name, family in FAMILIES.items() if family is not Categorical]
every = pytest.mark.parametrize("name", FAMILIES)
continuous = pytest.mark.parametrize("name", CONTINUOUS)


@st.composite
def members(draw, name, ranges=RANGES):
    described = FAMILIES[name].described()
    return FAMILIES[name].from_numbers([draw(st.floats(*ranges[p.role])) for p in described])


def observations(member, count=9):
    """Values that the member makes likely, and not."""
    if member.data == "continuous":
        return member.quantile((np.arange(count) + 0.5) / count)
    return np.arange(count) % 2


def at(member, **changes):
    """The member with other parameters."""
    now = {f.name: getattr(member, f.name) for f in fields(member)}
    return type(member)(**now | changes)


def difference(f, x, h):
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


def expected(member, cost, low=1e-30):
    """E[cost(y)] between far quantiles, by scipy's quadrature."""
    levels = [low, 1e-15, 1e-10, 1e-6, 1e-3, 0.05, 0.3, 0.5, 0.7, 0.95, 0.999]
    levels += [1 - 1e-6, 1 - 1e-10, 1 - 1e-15]
    ends = np.unique(member.quantile(levels))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntegrationWarning)
        return sum(
            quad(lambda y: cost(y) * np.exp(member.log_prob(y)), *piece, limit=200)[0]
            for piece in pairwise(ends)
        )


# ------------------------------------------------------------------------- as it describes itself


@every
def test_the_parameters_are_the_fields_and_start_inside_their_domains(name):
    family = FAMILIES[name]
    assert [p.name for p in family.parameters] == [f.name for f in fields(family)]
    for p in (*family.parameters, *family.described()):
        assert p.checked(p.start) == p.start
        assert p.symbol
        assert p.label
    assert family.title


@pytest.mark.parametrize("name", SINGLE)
def test_a_value_outside_its_domain_is_refused_by_name(name):
    family = FAMILIES[name]
    start = {p.name: p.start for p in family.parameters}
    for p in family.parameters:
        bad = [np.nan, "1", None, True, 1j, [], [p.start, np.nan]]
        bad += [] if p.closed else [*p.domain, [p.start, p.domain[0]]]
        bad += [end + way for end, way in zip(p.domain, (-1, 1), strict=True) if np.isfinite(end)]
        for value in bad:
            with pytest.raises(ValueError, match=rf"^{p.name} = .*: allowed is "):
                family(**start | {p.name: value})


def test_a_message_is_cut_where_its_value_is_long():
    with pytest.raises(
        ValueError, match=r"\.\.\.: allowed is a positive and finite number$"
    ) as error:
        Normal(0.0, list(range(1000)))
    assert len(str(error.value)) < 400


@every
@given(data=st.data())
def test_the_numbers_are_the_member(name, data):
    member = data.draw(members(name))
    again = type(member).from_numbers(member.numbers)
    assert len(type(member).described(len(member.numbers))) == len(member.numbers)
    y = observations(member)
    np.testing.assert_allclose(again.nll(y), member.nll(y), rtol=1e-12, atol=1e-12)


def test_the_numbers_of_a_mixture_are_its_components_and_weights():
    p = Mixture([0.25, 0.75], (Normal(0, 1), Normal(3, 2)))
    assert p.numbers == (0, 3, 1, 2, 0.25, 0.75)
    assert Mixture.from_numbers((0, 3, 1, 2, 1, 3)) == p
    roles = [p.role for p in Mixture.described(6)]
    assert roles == ["location"] * 2 + ["scale"] * 2 + ["weight"] * 2
    assert [p.symbol for p in Mixture.described(3)] == ["μ₁", "σ₁", "w₁"]


@pytest.mark.parametrize(
    ("family", "numbers"),
    [(Normal, (0.0,)), (Mixture, (0, 1, 1, 1)), (Categorical, (1,)), (Categorical, (0, 0)),
     (Categorical, (-1, 2)), (FAMILIES["bernoulli"], (0.5, 0.5)), (FAMILIES["bernoulli"], (2.0,))],
)  # fmt: skip
def test_numbers_that_make_no_member_are_refused(family, numbers):
    with pytest.raises(ValueError, match="allowed is"):
        family.from_numbers(numbers)


def test_arrays_have_no_numbers():
    with pytest.raises(ValueError, match="single numbers"):
        _ = Normal([0.0, 1.0], 1.0).numbers


# ------------------------------------------------------------------------------------ the density


@continuous
@given(data=st.data())
def test_the_density_is_the_slope_of_the_cdf_and_its_whole_mass_is_one(name, data):
    member = data.draw(members(name))
    levels = [1e-4, 1e-3, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99]
    ends = member.quantile(levels)
    for (u, v), piece in zip(pairwise(levels), pairwise(ends), strict=True):
        mass = quad(lambda y: np.exp(member.log_prob(y)), *piece, limit=200)[0]
        assert mass == pytest.approx(v - u, abs=1e-8)
    np.testing.assert_array_equal(member.cdf(member.support), [0, 1])
    low, high = member.support
    if np.isfinite([low, high]).all():
        np.testing.assert_array_equal(member.log_prob([low - 1, high + 1]), -np.inf)


@continuous
@given(data=st.data())
def test_cdf_and_quantile_invert_each_other(name, data):
    member = data.draw(members(name))
    u = np.array([1e-9, 0.1, 0.5, 0.9, 0.99])
    np.testing.assert_allclose(member.cdf(member.quantile(u)), u, rtol=1e-8)
    np.testing.assert_array_equal(member.quantile([0, 1]), member.support)


@every
@given(data=st.data())
def test_the_gradient_equals_differences(name, data):
    member = data.draw(members(name))
    y = observations(member)
    gradient = member.nll_gradient(y)
    assert list(gradient) == [p.name for p in member.parameters]
    for p in member.parameters:
        value = getattr(member, p.name)
        if np.ndim(value):  # one of several logits after the other
            for k in range(value.size):
                units = np.arange(value.size) == k
                slope = difference(
                    lambda z, at_k=units, v=value: Categorical(np.where(at_k, z, v)).nll(y),
                    value[k],
                    1e-3,
                )
                np.testing.assert_allclose(gradient[p.name][..., k], slope, atol=1e-8)
            continue
        h = 1e-4 * (abs(value) if p.role in ("scale", "shape") else 1.0)
        slope = difference(lambda v, p=p: at(member, **{p.name: v}).nll(y), value, h)
        smooth = np.abs(y - value) > 3 * h if p.role == "location" else np.full(y.shape, True)
        np.testing.assert_allclose(gradient[p.name][smooth], slope[smooth], rtol=1e-6, atol=1e-6)


@every
@given(data=st.data())
def test_the_terms_add_up_to_the_loss(name, data):
    member = data.draw(members(name))
    y = observations(member, 20)
    assert sum(member.nll_terms(y).values()) == pytest.approx(nll(member, y), rel=1e-12, abs=1e-9)
    if name in CONTINUOUS:
        first = type(member).parameters[-1].name
        grid = at(member, **{first: getattr(member, first) * np.array([[0.5], [1.0], [2.0]])})
        terms = grid.nll_terms(y)
        assert {np.shape(term) for term in terms.values()} == {(3, 1)}
        want = grid.nll(y[:, None, None]).sum(axis=0)
        np.testing.assert_allclose(sum(terms.values()), want, rtol=1e-12, atol=1e-9)


@every
@given(data=st.data())
def test_the_terms_of_each_observation_are_those_of_its_own_member(name, data):
    few = [data.draw(members(name)) for _ in range(3)]
    columns = zip(*([getattr(m, f.name) for f in fields(m)] for m in few), strict=True)
    y = np.array([observations(member)[k] for k, member in enumerate(few)])
    terms = type(few[0])(*map(np.array, columns)).own_terms(y)
    for k, member in enumerate(few):
        alone = member.nll_terms(y[k : k + 1])
        assert {label: term[k] for label, term in terms.items()} == pytest.approx(alone, rel=1e-12)
        assert member.own_terms(y[k]) == pytest.approx(alone, rel=1e-12)


@every
@given(data=st.data())
def test_no_value_is_likelier_than_the_mode(name, data):
    member = data.draw(members(name))
    mode, y = member.mode(), observations(member, 101)
    assume(np.isfinite(mode))
    if name in CONTINUOUS:
        assert (member.log_prob(y) <= member.log_prob(mode) + 1e-12).all()
        assert (np.exp(member.log_prob(y)) <= member.peak() * (1 + 1e-12)).all()
        assert mode in member.modes()
    else:
        assert member.log_prob(int(mode)) >= member.log_prob(y).max()


@continuous
@settings(max_examples=10)
@given(data=st.data())
def test_the_moments_are_expectations(name, data):
    member = data.draw(members(name, RANGES | {"shape": (5.0, 30.0)}))
    assert member.mean() == pytest.approx(expected(member, lambda y: y), abs=1e-6)
    square = expected(member, lambda y: (y - member.mean()) ** 2)
    assert member.variance() == pytest.approx(square, rel=1e-6)


@continuous
@settings(max_examples=10)
@given(data=st.data())
def test_the_entropy_is_the_mean_loss(name, data):
    member = data.draw(members(name, RANGES | {"shape": (1.0, 30.0)}))
    assert entropy(member) == pytest.approx(expected(member, member.nll), abs=1e-8)


@every
@given(data=st.data())
def test_samples_are_spread_as_the_family_says(name, data):
    member = data.draw(members(name))
    y = member.sample(np.random.default_rng(0), (4000,))
    assert y.shape == (4000,)
    if name in CONTINUOUS:
        assert stats.kstest(member.cdf(y), "uniform").pvalue > 1e-6
    else:
        share = np.mean(y == 1)
        want = member.numbers[-1]
        assert abs(share - want) < 6 * np.sqrt(want * (1 - want) / y.size)


@pytest.mark.parametrize("name", SINGLE)
def test_parameters_that_are_arrays_broadcast(name):
    family = FAMILIES[name]
    first = family.parameters[0]
    start = {p.name: p.start for p in family.parameters}
    values = first.start + np.array([[0.5], [1.0], [2.0]])
    grid = family(**start | {first.name: values})
    y = np.array([0.25, 0.75])
    one = family(**start | {first.name: float(values[2, 0])})
    for method in ("nll", "log_kernel"):
        assert getattr(grid, method)(y).shape == (3, 2)
        assert getattr(grid, method)(y)[2, 1] == pytest.approx(getattr(one, method)(y[1]))
    for method in ("mean", "variance", "entropy", "mode"):
        assert np.shape(getattr(grid, method)()) == (3, 1)
    assert grid.sample(np.random.default_rng(0), (7,)).shape == (7, 3, 1)
    with pytest.raises(ValueError, match="broadcast"):
        family(**start | {first.name: np.ravel(values)}).nll([0.5, 0.5])


@every
@given(data=st.data())
def test_no_neighbour_of_the_fit_is_likelier(name, data):
    member = data.draw(members(name, RANGES | {"shape": (1.5, 6.0)}))
    y = observations(member, 41)
    if name not in CONTINUOUS:
        y = member.sample(np.random.default_rng(0), (41,))
        assume(np.unique(y).size > 1)
    fitted = fit_mle(FAMILIES[name], y)
    best = nll(fitted, y)
    for p in fitted.parameters:
        value = np.asarray(getattr(fitted, p.name))
        for step in (-1e-3, -1e-5, 1e-5, 1e-3):
            aside = value * (1 + step) if p.role in ("scale", "shape") else value + step
            if p.name == "logits":
                aside = np.where(np.arange(value.size) == 0, aside, value)
            assert nll(at(fitted, **{p.name: aside}), y) >= best - 1e-9 * max(1.0, abs(best))


# -------------------------------------------------------------------- Laplace and Student t alone


@pytest.mark.parametrize(
    ("nu", "mu", "sigma", "y", "want"),
    [
        (0.01, 0, 1, 3, -6.4383930752660531263),
        (0.3, 0.5, 2, -1e10, -31.980884506688132082),
        (1, 0, 1, 1e200, -922.17876708346767372),
        (4, 0, 1e-300, 1, -2760.6172049430668204),
        (4, 0.25, 1.5, 0.25, -1.3862943611198906188),
        (30, 0, 1, 5, -10.322375280718736571),
        (1e6, 0, 1, 3, -5.4189230333059220431),
        (1e12, 0, 1, 6, -18.918938532898922742),
        (1e300, 0, 1, 2, -2.9189385332046727418),
    ],
)
def test_the_log_density_of_student_t_at_its_extremes(nu, mu, sigma, y, want):
    assert StudentT(nu, mu, sigma).log_prob(y) == pytest.approx(want, rel=1e-14)


@pytest.mark.parametrize(
    ("nu", "want"),
    [
        (0.05, 22.537805391948705678), (0.5, 3.6667274161038544471), (1, np.log(4 * np.pi)),
        (3, 1.7734775718632909481), (25, 1.4593275780783929388), (1e5, 1.4189485332296725751),
        (1e10, 1.4189385333046727418), (1e200, 1.4189385332046727418),
    ],
)  # fmt: skip
def test_the_entropy_of_student_t(nu, want):
    assert StudentT(nu, 3.0, 1.0).entropy() == pytest.approx(want, rel=1e-14)


@pytest.mark.parametrize(
    ("nu", "mu", "sigma", "y", "want"),
    [
        (0.3, 0, 1, 2, -1.8428652376724669574),
        (2, 0, 1, 1e-8, -0.056852819440054703083),
        (4, 1, 0.5, 9, 1.4566228667898151468),
        (50, 0, 1, 1, -0.00019866636788302249541),
        (1e4, 0, 1, 2, 1.7486673076351860586e-8),
        (1e8, 0, 1, 3, 1.54999979750002096e-15),
        (1e8, 0, 1, 0.5, -3.5937499973958332147e-17),
    ],
)
def test_the_slope_in_nu_keeps_its_digits(nu, mu, sigma, y, want):
    assert StudentT(nu, mu, sigma).nll_gradient(y)["nu"] == pytest.approx(want, rel=1e-10)


def test_where_student_t_has_no_mean_or_no_variance():
    p = StudentT([0.5, 1.0, 1.5, 2.0, 2.5], 3.0, 2.0)
    np.testing.assert_array_equal(p.mean(), [np.nan, np.nan, 3, 3, 3])
    np.testing.assert_array_equal(p.variance(), [np.nan, np.nan, np.inf, np.inf, 20])
    np.testing.assert_array_equal(p.mode(), [3] * 5)


@pytest.mark.parametrize("nu", [0.3, 1, 2.5, 30, 1e4])
def test_student_t_and_laplace_equal_scipy(nu):
    y, u = (
        np.array([-100.0, -30, -3, 0, 0.3, 1, 8, 50]),
        np.array([1e-12, 1e-3, 0.3, 0.5, 0.6, 0.999]),
    )
    for ours, theirs in (
        (StudentT(nu, 0.3, 2.0), stats.t(nu, 0.3, 2.0)),
        (Laplace(0.3, nu), stats.laplace(0.3, nu)),
    ):
        np.testing.assert_allclose(ours.log_prob(y), theirs.logpdf(y), rtol=1e-11)
        np.testing.assert_allclose(ours.cdf(y), theirs.cdf(y), rtol=1e-10)
        np.testing.assert_allclose(ours.quantile(u), theirs.ppf(u), rtol=1e-10)


def test_a_laplace_fit_is_the_median_and_the_mean_distance():
    y = np.random.default_rng(1).laplace(2, 3, 101)
    fitted = fit_mle(Laplace, y)
    np.testing.assert_allclose(fitted.numbers, stats.laplace.fit(y))
    assert fit_mle(Laplace, [0.0, 4.0]) == Laplace(2.0, 2.0)
    assert fit_mle(Laplace, [1e308, -1e308]).scale == 1e308
    with pytest.raises(NoMaximum, match="the same"):
        fit_mle(Laplace, [3.0, 3.0])


@pytest.mark.parametrize("nu", [0.7, 1.0, 3.0, 12.0])
def test_a_student_t_fit_is_at_least_as_likely_as_that_of_scipy(nu):
    y = stats.t(nu, 1.0, 0.5).rvs(200, random_state=3)
    free = fit_mle(StudentT, y)
    theirs = stats.t.fit(y)
    np.testing.assert_allclose(free.numbers, theirs, rtol=1e-2)
    assert nll(free, y) <= nll(StudentT(*theirs), y)
    given = fit_mle(StudentT, y, nu=nu)
    theirs = stats.t.fit(y, fix_df=nu)
    assert given.nu == nu
    assert nll(given, y) <= nll(StudentT(*theirs), y) + 1e-10
    for fitted in (free, given):
        for name in ("mu", "sigma", "nu")[: 3 if fitted is free else 2]:
            assert abs(fitted.nll_gradient(y)[name].sum()) < 1e-8


@pytest.mark.parametrize("nu", [0.3, 1.0, 8.0])
def test_a_student_t_fit_finds_tails_however_heavy(nu):
    y = np.random.default_rng(0).standard_t(nu, 3000)
    free = fit_mle(StudentT, y)
    assert free.nu == pytest.approx(nu, rel=0.5)
    assert nll(free, y) <= nll(StudentT(nu, 0.0, 1.0), y)
    for slope in free.nll_gradient(y).values():
        assert abs(slope.sum()) < 1e-8


@pytest.mark.parametrize("fit", [fit_mle, fit_cross_entropy])
@pytest.mark.parametrize("family", [Normal, Beta, Laplace, StudentT])
def test_an_option_that_a_fit_does_not_have_is_refused(fit, family):
    with pytest.raises(ValueError, match=r"^classes = 3: allowed is .*option"):
        fit(family, Normal(0, 1) if fit is fit_cross_entropy else [0.2, 0.4, 0.5], classes=3)


@pytest.mark.parametrize(("shift", "factor"), [(0, 1e-200), (0, 1e290), (1e8, 1.0), (-1e3, 1e-3)])
def test_a_student_t_fit_moves_with_the_data(shift, factor):
    y = np.round(stats.t(3).rvs(60, random_state=0) * 1024) / 1024
    one, other = fit_mle(StudentT, y), fit_mle(StudentT, shift + factor * y)
    assert other.nu == pytest.approx(one.nu, rel=1e-6)
    assert other.sigma == pytest.approx(factor * one.sigma, rel=1e-6)
    assert other.mu == pytest.approx(shift + factor * one.mu, rel=1e-9, abs=1e-6 * factor)


@pytest.mark.parametrize(
    ("y", "nu", "reason"),
    [
        ([3.0], None, "one observation alone"),
        ([3.0, 3.0], 4, "the same"),
        ([0.0, 0, 0, 1, 5, -3], 1, "too many are the same for nu = 1"),
        ([0.0, 1.0, 2.0], 0.5, "too many are the same"),
        (np.linspace(-1, 1, 9), None, "a Normal, which fits better"),
        ([0.0] * 9 + [1.0], None, "as nu falls"),
    ],
)
def test_where_student_t_has_no_fit_it_says_why(y, nu, reason):
    with pytest.raises(NoMaximum, match=reason) as error:
        fit_mle(StudentT, y, nu=nu)
    assert reason in error.value.reason


# -------------------------------------------------------------------- one family beside another

MIX = Mixture([0.3, 0.7], (Normal(-1, 0.5), Normal(3, 1)))


@pytest.mark.parametrize(
    ("p", "q", "want"),
    [
        (Laplace(0.5, 2), StudentT(3, -1, 1), 0.62668259135798704998),
        (Normal(0.5, 2), StudentT(3, -1, 1), 0.58202957722893737013),
        (StudentT(5, -1, 1), StudentT(1, 2, 0.5), 2.2892508763253020118),
        (StudentT(1, 2, 0.5), StudentT(5, -1, 1), 2.7099757630318907758),
        (Normal(0, 1), Laplace(1, 0.5), 0.91432334914607245175),
        (Laplace(0.5, 2), MIX, 3.2948006923795814586),
        (StudentT(2, 0, 1), Normal(0, 1), np.inf),
        (StudentT(2, 0, 1), MIX, np.inf),
        (StudentT(1, 0, 1), Laplace(0, 1), np.inf),
        (StudentT(1, 0, 1), Beta(2, 3), np.inf),
        (Laplace(0, 1), Beta(2, 3), np.inf),
    ],
)
def test_divergences_of_heavy_tails(p, q, want):
    assert kl(p, q) == pytest.approx(want, abs=1e-12)
    assert cross_entropy(p, q) == pytest.approx(want + entropy(p), abs=1e-12)
    positive, negative = kl_parts(p, q)
    assert positive + negative == pytest.approx(want, abs=1e-12)
    assert positive > 0 > negative


on_the_line = [name for name in CONTINUOUS if FAMILIES[name].support == (-np.inf, np.inf)]
lines = st.one_of(
    st.just(MIX), *(members(name, RANGES | {"shape": (2.5, 9)}) for name in on_the_line)
)


@settings(max_examples=60)
@given(lines, lines)
def test_any_two_on_the_line_have_divergences(p, q):
    there, back = kl(p, q), kl(q, p)
    assert min(there, back) >= 0
    assert there == pytest.approx(cross_entropy(p, q) - entropy(p), rel=1e-11, abs=1e-11)
    js = jensen_shannon(p, q)
    assert 0 <= js <= min(np.log(2), 0.25 * (there + back)) + 1e-12
    assert js == pytest.approx(jensen_shannon(q, p), abs=1e-12)
    half = renyi_divergence(p, q, 0.5)
    assert half <= there + 1e-12
    assert half == pytest.approx(renyi_divergence(q, p, 0.5), rel=1e-9, abs=1e-12)
    positive, negative = kl_parts(p, q)
    assert positive + negative == pytest.approx(there, abs=1e-11)


@given(lines, st.floats(-50, 50), st.floats(0.02, 50))
def test_divergences_do_not_change_under_shift_and_scale(p, shift, scale):
    q = StudentT(3.0, 0.5, 1.5)
    assume(p is not MIX)
    numbers = [
        scale * n + shift if d.role == "location" else scale * n if d.role == "scale" else n
        for n, d in zip(p.numbers, type(p).described(), strict=True)
    ]
    p2, q2 = type(p).from_numbers(numbers), StudentT(3.0, shift + 0.5 * scale, 1.5 * scale)
    for divergence in (kl, jensen_shannon):
        assert divergence(p2, q2) == pytest.approx(divergence(p, q), rel=1e-9, abs=1e-11)


def test_nearly_equal_ones_are_nearly_no_distance_apart():
    for p, q in (
        (Laplace(0, 1), Laplace(1e-9, 1 + 1e-9)),
        (StudentT(4, 0, 1), StudentT(4, 1e-9, 1 + 1e-9)),
    ):
        assert kl(p, p) == 0
        assert 0 < kl(p, q) < 2e-18


def test_a_beta_beside_heavy_tails():
    p = Beta(2, 5)
    for q in (Laplace(0.3, 0.2), StudentT(3, 0.3, 0.2), StudentT(1, 2.0, 0.01)):
        want = quad(lambda y, q=q: np.exp(p.log_prob(y)) * q.nll(y), 0, 1, points=[0.3])[0]
        assert cross_entropy(p, q) == pytest.approx(want, abs=1e-9)
        assert sum(kl_parts(p, q)) == pytest.approx(kl(p, q), abs=1e-12)
    for divergence in (jensen_shannon, lambda p, q: alpha_divergence(p, q, 0.5)):
        with pytest.raises(ValueError, match=r"^q = .*a Beta beside a Beta"):
            divergence(p, Laplace(0, 1))


def test_between_heavy_tails_alpha_is_at_most_one():
    with pytest.raises(ValueError, match=r"^alpha = 2\.0: allowed is a number from 0 to 1"):
        alpha_divergence(Laplace(0, 1), StudentT(3, 0, 1), 2)


WIDE = [-1.4, -0.6, 0.1, 0.5, 1.9, 9.0]


@pytest.mark.parametrize("width", [1e-3, 0.05, 0.4, 3.0])
@pytest.mark.parametrize("spikes", ["smoothed", "boxed"])
@pytest.mark.parametrize("family", [Laplace(0.4, 1.3), StudentT(1.5, 0.4, 0.3), StudentT(9, 0, 4)])
def test_the_loss_of_observations_as_spikes(width, spikes, family):
    p = getattr(Empirical(WIDE), spikes)(width)
    ends = [y + k * width for y in WIDE for k in (-8, -3, -0.5, 0, 0.5, 3, 8)]
    ends = np.unique([*ends, *np.linspace(0.1, 0.7, 13)])
    want = sum(
        quad(lambda y: np.exp(p.log_prob(y)) * family.nll(y), a, b, epsabs=1e-13)[0]
        for a, b in pairwise(ends)
    )
    assert cross_entropy(p, family) == pytest.approx(want, abs=1e-10)
    grid = at(family, mu=np.array([[0.4], [family.mu]]))
    np.testing.assert_allclose(cross_entropy(p, grid)[1], want, atol=1e-10)
    assert cross_entropy(Empirical(WIDE), family) == pytest.approx(family.nll(WIDE).mean())


def test_many_wide_spikes_share_their_nodes():
    p = Empirical(np.random.default_rng(0).normal(size=200)).smoothed(1.0)
    one, many = StudentT(3.0, 0.2, 0.7), Mixture(p.weights, p.components)
    ends = np.linspace(-12, 12, 49)
    want = sum(
        quad(lambda y: np.exp(many.log_prob(y)) * one.nll(y), a, b)[0] for a, b in pairwise(ends)
    )
    assert cross_entropy(p, one) == pytest.approx(want, abs=1e-11)


@pytest.mark.parametrize("family", [Normal, Laplace, StudentT])
@pytest.mark.parametrize("p", [Empirical(WIDE).smoothed(0.3), Empirical(WIDE).boxed(0.8)], ids=repr)
def test_no_neighbour_of_the_fit_to_a_density_is_nearer(family, p):
    q = fit_cross_entropy(family, p)
    best = cross_entropy(p, q)
    for each in family.parameters:
        for step in (-1e-3, 1e-3):
            assert cross_entropy(p, at(q, **{each.name: getattr(q, each.name) + step})) > best
    assert sum(kl_parts(Normal(0, 1), q)) == pytest.approx(kl(Normal(0, 1), q), abs=1e-12)


def test_a_fit_to_narrow_spikes_is_that_to_the_observations():
    for family in (Laplace, StudentT):
        for p in (Empirical(WIDE).smoothed(1e-7), Empirical(WIDE).boxed(1e-7)):
            near, want = fit_cross_entropy(family, p), fit_mle(family, WIDE)
            assert cross_entropy(p, near) == pytest.approx(nll(want, WIDE) / 6, abs=1e-6)
    given = fit_cross_entropy(StudentT, Boxes(WIDE, 1e-7), nu=4)
    np.testing.assert_allclose(given.numbers, fit_mle(StudentT, WIDE, nu=4).numbers, rtol=1e-6)
    with pytest.raises(NoMaximum, match="a Normal"):
        fit_cross_entropy(StudentT, Boxes([0.0], 1.0))


@pytest.mark.parametrize("nu", [0.3, 0.5, 0.9, 1.0])
def test_a_student_t_fit_is_a_minimum_also_between_two_groups(nu):
    """For small nu the middle is a saddle: each group has a minimum of its own."""
    p = Mixture([0.5, 0.5], (Normal(0.0, 0.5), Normal(1.996, 0.5)))
    best = fit_cross_entropy(StudentT, p, nu=nu)
    least = cross_entropy(p, best)
    for shift, factor in ((0.02, 1), (-0.02, 1), (0, 0.98), (0, 1.02)):
        near = StudentT(nu, best.mu + shift, best.sigma * factor)
        assert cross_entropy(p, near) > least


def test_regions_and_answers_of_the_symmetric_are_about_their_middle():
    for p in (Laplace(1.0, 2.0), StudentT(0.8, 1.0, 2.0), Normal(1.0, 2.0)):
        region = highest_density_region(p, 0.9)
        assert region.shape == (1, 2)
        assert region.mean() == pytest.approx(1.0)
        assert np.diff(p.cdf(region[0])) == pytest.approx(0.9)
        assert best_answer(p, "zero_one", 0.1) == best_answer(p, "absolute") == 1.0
    assert np.isnan(best_answer(StudentT(1.0, 0.0, 1.0), "squared"))
    assert risk(StudentT(1.0, 0.0, 1.0), 0.5, "absolute") == np.inf
    assert risk(StudentT(2.0, 0.0, 1.0), 0.5, "squared") == np.inf
    assert np.isfinite(risk(StudentT(1.5, 0.0, 1.0), 0.5, "absolute"))


def test_the_u_shaped_beta_has_two_maxima_and_no_highest_density():
    np.testing.assert_array_equal(Beta(0.5, 0.9).modes(), [0, 1])
    assert Beta(0.5, 3.0).peak() == np.inf
    assert Beta(1.0, 1.0).peak() == 1


# ------------------------------------------------------------------------- a family of a stranger


@dataclass(frozen=True, eq=False)
class Gumbel(Family):
    """What the README asks for and `_ends`, no closed form beyond."""

    mu: float
    scale: float
    title = "Gumbel"
    parameters = Laplace.parameters

    def _z(self, y):
        return (self._observed(y) - self.mu) / self.scale

    def log_kernel(self, y):
        return -self._z(y) - np.exp(-self._z(y))

    def log_normalizer(self):
        return np.log(self.scale)

    def mode(self):
        return self._full(self.mu)

    def mean(self):
        return self._full(self.mu + self.scale * np.euler_gamma)

    def variance(self):
        return self._full(np.square(np.pi * self.scale) / 6)

    def entropy(self):
        return self._full(np.log(self.scale) + np.euler_gamma + 1)

    def cdf(self, y):
        return np.exp(-np.exp(-self._z(y)))

    def quantile(self, u):
        return self.mu - self.scale * np.log(-np.log(u))

    def sample(self, rng, shape=()):
        return rng.gumbel(self.mu, self.scale, (*shape, *self._shape()))

    def _ends(self):
        return self.mu + self.scale * np.array(
            [-4, -3, -2, -1, 0, 1, 2, 4, 7, 11, 16, 22, 30, 45.0]
        )


@pytest.mark.parametrize(
    "q", [Normal(1, 2), Laplace(0.2, 1.5), StudentT(3, 1, 2), MIX, Gumbel(0, 2)]
)
def test_panel_ends_are_enough_for_divergences_beside_all_others(q):
    p = Gumbel(0.5, 1.2)
    want = expected(p, q.nll)
    assert cross_entropy(p, q) == pytest.approx(want, rel=1e-9)
    assert kl(p, q) == pytest.approx(want - entropy(p), rel=1e-9)
    assert sum(kl_parts(p, q)) == pytest.approx(kl(p, q), abs=1e-11)
    assert 0 < jensen_shannon(p, q) < np.log(2)
    assert kl(p, p) == 0


@pytest.mark.parametrize("t", [48.0, 53.0])
@pytest.mark.parametrize("order", [1, 2])
def test_panel_ends_are_enough_for_risks(t, order):
    p = Gumbel(50.0, 2.0)
    below, above = (
        expected(p, lambda y, side=side: max(side * (t - y), 0) ** order) for side in (1, -1)
    )
    assert shortfall(p, [t, 0.0], order)[0] == pytest.approx(below, abs=1e-7)
    assert excess(p, [t, 0.0], order)[0] == pytest.approx(above, abs=1e-7)
    assert shortfall(p, 0.0, order) == 0


@pytest.mark.parametrize("tolerance", [0.1, 4.0])
def test_at_the_best_answer_for_hits_the_density_is_the_same_at_both_ends(tolerance):
    p = Gumbel(50.0, 2.0)
    best = best_answer(p, "zero_one", tolerance)
    low, high = p.log_prob([best - tolerance, best + tolerance])
    assert low == pytest.approx(high, abs=1e-5)
