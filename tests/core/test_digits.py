"""Digits: where on the line something lies, and how narrow it is, costs no answer its accuracy.

References are exact by invariance (all numbers below are multiples of powers of 2, so that shifts
and scales do not round), or worked out with mpmath to 30 digits.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import explorer.core as core
from explorer.core import Boxes, Empirical, Laplace, Mixture, Normal, StudentT

SHIFTS = [0.0, 2.0**20, -(2.0**30)]
WIDTHS = [1.0, 2.0**-10, 2.0**-18]
steps = st.integers(-24, 24).map(lambda k: k / 8)
scales = st.integers(1, 16).map(lambda k: k / 4)
shares = st.integers(1, 8)


def mixed(weights, *parts):
    return Mixture(np.divide(weights, np.sum(weights)), tuple(Normal(*part) for part in parts))


@st.composite
def mixtures(draw):
    count = draw(st.integers(1, 3))
    weights = [draw(shares) for _ in range(count)]
    return mixed(weights, *((draw(steps), draw(scales)) for _ in range(count)))


densities = st.one_of(
    st.builds(Normal, steps, scales),
    st.builds(Laplace, steps, scales),
    st.builds(StudentT, st.sampled_from([0.75, 3.0, 40.0]), steps, scales),
    mixtures(),
)
boxes = st.builds(Boxes, st.lists(steps, min_size=1, max_size=4), scales)


def moved(p, shift, scale):
    """The distribution of shift + scale y."""
    if isinstance(p, Mixture):
        return Mixture(p.weights, tuple(moved(c, shift, scale) for c in p.components))
    if isinstance(p, Boxes):
        return Boxes(shift + scale * p.observations, scale * p.width)
    *shape, mu, width = p.numbers
    return type(p)(*shape, shift + scale * mu, scale * width)


def close(got, want, tolerance=1e-12):
    assert got == pytest.approx(want, rel=tolerance, abs=tolerance)


divergences = pytest.mark.parametrize(
    "divergence",
    [
        core.kl,
        core.jensen_shannon,
        lambda p, q: core.renyi_divergence(p, q, 0.3),
        lambda p, q: core.alpha_divergence(p, q, 0.5),
        lambda p, q: core.kl_parts(p, q)[0],
        lambda p, q: core.kl_parts(p, q)[1],
        core.cross_entropy,
    ],
)


@divergences
@settings(deadline=None, max_examples=25)
@given(densities, densities, st.sampled_from(SHIFTS), st.sampled_from(WIDTHS))
def test_divergences_are_the_same_wherever_and_however_narrow(divergence, p, q, shift, scale):
    want = divergence(p, q) + (np.log(scale) if divergence is core.cross_entropy else 0.0)
    # A cut between heavy tails is where they cross, to 2^-20 of a panel.
    close(divergence(moved(p, shift, scale), moved(q, shift, scale)), want, 1e-10)


@settings(deadline=None)
@given(st.one_of(densities, boxes), st.sampled_from(SHIFTS), st.sampled_from(WIDTHS))
def test_so_are_entropies_moments_and_what_is_fitted(p, shift, scale):
    there = moved(p, shift, scale)
    close(there.entropy(), p.entropy() + np.log(scale), 1e-13)
    close(there.variance() / scale**2, p.variance()) if np.isfinite(p.variance()) else None
    if not isinstance(p, StudentT | Laplace):
        for q in (Normal(0.5, 2.0), Laplace(0.5, 2.0), StudentT(3.0, 0.5, 2.0)):
            close(core.kl(there, moved(q, shift, scale)), core.kl(p, q), 1e-11)


@given(mixtures(), st.sampled_from(SHIFTS), st.sampled_from(WIDTHS), st.sampled_from([0.0, 0.4]))
@settings(deadline=None, max_examples=25)
def test_so_are_the_values_of_all_fits_and_their_order(p, shift, scale, alpha):
    fits = core.fit_alpha_divergence(p, alpha)
    there = core.fit_alpha_divergence(moved(p, shift, scale), alpha)
    rounded = np.spacing(abs(shift)) / scale  # q's mean is a float
    for was, now in ((fits.minima, there.minima), (fits.saddles, there.saddles)):
        close([fit.value for fit in now], [fit.value for fit in was], 1e-12 + 10 * rounded**2)
        at = [(fit.q.mu - shift) / scale for fit in now]
        close(at, [fit.q.mu for fit in was], 1e-7 + rounded)
    for surface in (core.forward_kl, core.reverse_kl):
        value = surface(p, 0.5, np.log(2.0)).value
        close(surface(moved(p, shift, scale), shift + scale * 0.5, np.log(scale * 2)).value, value)


@pytest.mark.parametrize("width", [1e-3, 1e-8, 1e-12, 1e-20, 1e-60])
def test_spikes_apart_have_the_entropy_of_one_and_the_log_of_their_number(width):
    data = Empirical([0.1, 0.3, 0.8, 1.5])
    p, q = data.smoothed(width), Normal(0.5, 0.6)
    entropy = np.log(4) + 0.5 * (1 + np.log(2 * np.pi)) + np.log(width)
    close(core.entropy(p), entropy, 1e-13)
    crossed = core.cross_entropy(data, q) + 0.5 * (width / 0.6) ** 2
    close(core.kl(p, q), crossed - entropy, 1e-13)
    close(sum(core.kl_parts(p, q)), crossed - entropy, 1e-13)
    with_boxes = core.kl(data.boxed(width), q)
    close(with_boxes, core.cross_entropy(data, q) + (width / 0.6) ** 2 / 24 - np.log(4 * width))
    # The integral of sqrt(p q) is that of the square roots of the spikes, sqrt(q) nearly constant.
    share = (8 * np.pi * width * width) ** 0.25 * np.exp(0.5 * q.log_prob(data.observations)).mean()
    close(core.alpha_divergence(p, q, 0.5), 4 - 8 * share, 100 * width**2 + 1e-12)
    close(core.renyi_divergence(p, q, 0.5), -2 * np.log(2 * share), 100 * width**2 + 1e-12)
    apart = np.log(2) - core.jensen_shannon(p, q)
    assert -1e-13 < apart < 1e-13 - 200 * width * np.log(width)


def test_two_components_at_1e6_that_overlap():
    p = mixed([1, 1], (1e6, 1e-3), (1e6 + 0.005, 1e-3))
    close(core.entropy(p), -4.812874168286, 1e-12)


@pytest.mark.parametrize("width", [1e-9, 1e-3, 0.05, 1.0, 30.0])
def test_a_thousand_spikes_are_as_exact_as_few(width):
    """A thousand spikes at ten places far apart are ten mixtures of a hundred."""
    y = np.arange(100) / 64
    one = Empirical(y).smoothed(width)
    many = Empirical(np.add.outer(2.0**14 * np.arange(10), y).ravel()).smoothed(width)
    close(many.entropy(), one.entropy() + np.log(10), 1e-13)
    x = np.linspace(-3, 5, 200)
    direct = np.logaddexp.reduce([c.log_prob(x) for c in one.components]) - np.log(100)
    close(one.log_prob(x), direct, 1e-13)


def test_components_whose_difference_underflows():
    tiny = np.finfo(float).tiny
    for gap in (tiny, 5e-324, 1e-310, 1e-200, 1e-100, 0.0):
        p = mixed([1, 1], (0.0, 1.0), (gap, 1.0))
        fits = core.fit_alpha_divergence(p, 0.05)
        assert fits.converged
        close(fits.minima[0].value, 0.0, 1e-15)
        close(core.kl(p, Normal(1.0, 2.0)), core.kl(Normal(0.0, 1.0), Normal(1.0, 2.0)))
        assert core.jensen_shannon(p, Normal(0.0, 1.0)) < 1e-15
    for small, large in itertools.combinations([1e-300, 1e-100, 1.0, 1e100, 1e300], 2):
        p = mixed([1, 1], (0.0, small), (0.0, large))
        want = 0.5 * (1 + np.log(2 * np.pi)) + 0.5 * np.log(small) + 0.5 * np.log(large) + np.log(2)
        close(core.entropy(p), want, 1e-10)


HOSTILE = [
    Normal(0.0, 1.0),
    Normal(1e6, 1e-3),
    Normal(0.0, 1e-8),
    Normal(3.0, 1e8),
    Laplace(1e6, 1e-3),
    Laplace(0.3, 1e-9),
    StudentT(0.5, 0.0, 1.0),
    StudentT(3.0, 1e6, 1e-3),
    StudentT(0.05, 0.0, 1.0),
    StudentT(1e8, 0.0, 1.0),
    mixed([1, 1], (0.0, 1.0), (3.0, 1e-6)),
    mixed([1, 1], (1e6, 1e-3), (1e6 + 0.005, 1e-3)),
    mixed([1, 1], (-1e8, 1.0), (1e8, 1.0)),
    mixed([1, 4], (0.0, 1e-100), (0.0, 1e100)),
]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE))
def test_what_is_far_apart_narrow_or_heavy_agrees_with_itself(p, q):
    divergence = float(core.kl(p, q))
    assert divergence >= 0
    close(float(core.cross_entropy(p, q)), divergence + float(core.entropy(p)), 1e-9)
    close(sum(core.kl_parts(p, q)), divergence, 1e-9)
    assert -1e-12 < core.jensen_shannon(p, q) < np.log(2) + 1e-12
    affinity = 1 - 0.3 * 0.7 * core.alpha_divergence(p, q, 0.3)
    assert -1e-12 < affinity < 1 + 1e-12
    if affinity > 0.01:
        close(core.renyi_divergence(p, q, 0.3), -np.log(affinity) / 0.7, 1e-9)


@pytest.mark.parametrize(
    ("nu", "u", "want"),
    [  # mpmath, 30 digits
        (0.05, 1e-9, -1.08760446760019543210903e173),
        (0.3, 1e-55, -6.47878542583085104982503e181),
        (0.3, 1e-60, -3.00718580879096909371574e198),
    ],
)
def test_the_quantiles_of_the_heaviest_tails(nu, u, want):
    assert StudentT(nu, 0.0, 1.0).quantile(u) == pytest.approx(want, rel=1e-12)
