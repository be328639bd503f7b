"""Boxes, the divergences between families of different support, and the two parts of a KL."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from explorer.core import (
    Bernoulli,
    Beta,
    Boxes,
    Categorical,
    Empirical,
    Mixture,
    Normal,
    StudentT,
    cross_entropy,
    entropy,
    fit_cross_entropy,
    fit_mle,
    jensen_shannon,
    kl,
    kl_parts,
)

WIDTH = st.floats(1e-6, 0.3)
INSIDE = st.lists(st.floats(0.2, 0.8), min_size=1, max_size=6)
MIXTURE = Mixture([0.3, 0.7], (Normal(0.2, 0.1), Normal(0.9, 0.3)))


def by_quad(f, ends):
    return sum(
        integrate.quad(f, low, high, epsabs=1e-13, epsrel=1e-12, limit=200)[0]
        for low, high in itertools.pairwise(ends)
    )


def edges(p):
    return np.unique([p.observations - p.width / 2, p.observations + p.width / 2])


# Boxes


def test_the_density_counts_the_boxes():
    p = Boxes([0.0, 0.4, 3.0], 1.0)
    np.testing.assert_allclose(
        np.exp(p.log_prob([-0.6, -0.4, 0.2, 0.8, 3.5, 4])), [0, 1 / 3, 2 / 3, 1 / 3, 1 / 3, 0]
    )
    assert np.isnan(p.log_prob(np.nan))
    assert p.extent == (-0.5, 3.5)


@settings(deadline=None)
@given(INSIDE, WIDTH)
def test_box_moments_and_entropy_are_those_of_the_density(y, width):
    p = Boxes(y, width)
    ends = edges(p)
    middle, length = (ends[1:] + ends[:-1]) / 2, np.diff(ends)
    height = np.exp(p.log_prob(middle))
    assert height @ length == pytest.approx(1, abs=1e-8)
    assert p.mean() == pytest.approx(height @ (length * middle), abs=1e-8)
    assert p.variance() == pytest.approx(
        height @ (length * ((middle - p.mean()) ** 2 + length**2 / 12)), abs=1e-8
    )
    positive = height > 0
    assert p.entropy() == pytest.approx(
        -(height * length)[positive] @ np.log(height[positive]), abs=1e-6
    )


def test_the_entropy_of_boxes_apart_falls_like_the_log_of_their_width():
    y = [0.2, 0.5, 0.9]
    for width in (0.2, 1e-3, 1e-9):
        assert Boxes(y, width).entropy() == pytest.approx(np.log(3 * width), abs=1e-12)


def test_box_samples_follow_the_cdf():
    p = Boxes([0.0, 1.0, 1.0], 0.5)
    draws = p.sample(np.random.default_rng(0), (4000,))
    assert stats.kstest(draws, p.cdf).pvalue > 0.01
    assert p.cdf([-0.25, 0, 0.5, 1.25]).tolist() == pytest.approx([0, 1 / 6, 1 / 3, 1])


def test_boxed_is_the_way_there():
    p = Empirical([0.1, 0.3]).boxed(0.2)
    assert (p.observations.tolist(), p.width) == ([0.1, 0.3], 0.2)


@pytest.mark.parametrize("width", [0, -1, np.nan, np.inf, [1.0, 2.0], "a"])
def test_a_bad_width_is_named(width):
    with pytest.raises(ValueError, match="width"):
        Boxes([0.5], width)


# Cross-entropy and KL of boxes


@settings(deadline=None)
@given(INSIDE, WIDTH, st.floats(0.1, 30), st.floats(0.1, 30))
def test_cross_entropy_of_boxes_to_a_beta_is_its_integral(y, width, a, b):
    p, q = Boxes(y, width), Beta(a, b)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    at = np.array(y)[:, None] + width / 2 * nodes
    assert cross_entropy(p, q) == pytest.approx((q.nll(at) @ weights / 2).mean(), abs=1e-11)
    assert kl(p, q) == pytest.approx(cross_entropy(p, q) - entropy(p), abs=1e-12)


def test_a_box_may_touch_the_end_but_not_cross_it():
    q = Beta(2, 3)
    touching = cross_entropy(Boxes([0.1, 0.5], 0.2), q)
    expected = by_quad(lambda y: float(q.nll(y)) / 0.4, [0, 0.2]) + by_quad(
        lambda y: float(q.nll(y)) / 0.4, [0.4, 0.6]
    )
    assert touching == pytest.approx(expected, abs=1e-10)
    assert kl(Boxes([0.1, 0.5], 0.2001), q) == np.inf
    assert kl(Boxes([0.95], 0.2), Beta(1, 1)) == np.inf


@settings(deadline=None)
@given(INSIDE, WIDTH, st.floats(-2, 2), st.floats(0.1, 3))
def test_cross_entropy_of_boxes_to_a_normal_adds_a_twelfth_of_the_square(y, width, mu, sigma):
    q = Normal(mu, sigma)
    expected = q.nll(y).mean() + width**2 / (24 * sigma**2)
    assert cross_entropy(Boxes(y, width), q) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_boxes_do_not_go_with_every_model():
    for q in (MIXTURE, Bernoulli(0.0), Boxes([0.0], 1.0), Empirical([0.0])):
        with pytest.raises(ValueError, match=r"^q = "):
            kl(Boxes([0.5], 0.1), q)


# The fit


@pytest.mark.parametrize("family", [Normal, Beta])
def test_the_fit_to_boxes_has_the_least_cross_entropy_and_becomes_maximum_likelihood(family):
    y = [0.3, 0.35, 0.8]
    p = Boxes(y, 0.4)
    q = fit_cross_entropy(family, p)
    names = ("a", "b") if family is Beta else ("mu", "sigma")
    values = [getattr(q, name) for name in names]
    for i in (0, 1):
        for step in (0.99, 1.01):
            moved = family(*(v * step if i == k else v for k, v in enumerate(values)))
            assert cross_entropy(p, moved) > cross_entropy(p, q)
    narrow = fit_cross_entropy(family, Boxes(y, 1e-7))
    for name in names:
        assert getattr(narrow, name) == pytest.approx(getattr(fit_mle(family, y), name), rel=1e-9)


def test_one_narrow_box_is_fitted_by_a_beta_as_narrow():
    q = fit_cross_entropy(Beta, Boxes([0.3], 1e-4))
    assert q.mean() == pytest.approx(0.3, abs=1e-9)
    assert q.variance() == pytest.approx(1e-8 / 12, rel=1e-4)


def test_a_fit_to_what_leaves_the_interval_says_so():
    with pytest.raises(ValueError, match=r"inside \[0, 1\]"):
        fit_cross_entropy(Beta, Boxes([0.1], 0.3))
    with pytest.raises(ValueError, match=r"inside \[0, 1\] for a Beta"):
        fit_cross_entropy(Beta, Normal(0.5, 0.1))


# Divergences between different supports


@pytest.mark.parametrize("p", [Normal(0.5, 0.01), MIXTURE])
def test_what_leaves_the_interval_is_infinitely_far_from_a_beta(p):
    assert kl(p, Beta(2, 2)) == np.inf
    assert cross_entropy(p, Beta(2, 2)) == np.inf


@pytest.mark.parametrize("a", [0.3, 1, 2.5, 80])
@pytest.mark.parametrize("b", [0.2, 1, 6])
@pytest.mark.parametrize("q", [Normal(0.4, 0.2), Normal(3, 0.5), MIXTURE])
def test_a_beta_is_finitely_far_from_what_is_everywhere(a, b, q):
    """Both halves in t with y = t^k: that takes away the infinite density."""

    def half(a, b, loss):
        p, k = Beta(a, b), 8 / min(a, 1)

        def term(t):
            return float(np.exp(p.log_prob(t**k)) * loss(t**k)) * k * t ** (k - 1)

        return by_quad(term, [1e-6, 0.3, 0.6, 0.5 ** (1 / k)])

    expected = half(a, b, q.nll) + half(b, a, lambda rest: q.nll(1 - rest))
    assert cross_entropy(Beta(a, b), q) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert kl(Beta(a, b), q) == pytest.approx(expected - entropy(Beta(a, b)), rel=1e-9, abs=1e-9)


def test_a_beta_does_not_go_with_classes_or_diracs():
    for q in (Bernoulli(0.0), Boxes([0.5], 0.1)):
        with pytest.raises(ValueError, match="allowed is"):
            kl(Beta(2, 2), q)
    assert kl(Beta(2, 2), Empirical([0.5])) == np.inf


# The two parts


THREE = Categorical.from_probabilities([0.5, 0.3, 0.2])
PAIRS = [
    (Normal(0, 1), Normal(1, 1)),
    (Normal(0, 1), Normal(0, 3)),
    (Normal(0, 1), Normal(40, 0.5)),
    (MIXTURE, Normal(0.5, 0.4)),
    (Normal(0.5, 0.4), MIXTURE),
    (Beta(2, 5), Beta(3, 3)),
    (Beta(0.5, 0.5), Beta(4, 1.5)),
    (Beta(300, 200), Beta(2, 2)),
    (Beta(0.1, 3), Beta(2, 0.2)),
    (Beta(2, 5), Normal(0.4, 0.2)),
    (Beta(0.5, 2), MIXTURE),
    (THREE, Categorical.from_probabilities([0.2, 0.5, 0.3])),
    (Bernoulli.from_probability(0.2), Bernoulli.from_probability(0.7)),
]


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=repr)
def test_the_two_parts_add_up_to_the_divergence(p, q):
    positive, negative = kl_parts(p, q)
    assert positive > 0 > negative
    assert positive + negative == pytest.approx(float(kl(p, q)), rel=1e-11, abs=1e-11)


@settings(deadline=None)
@given(st.floats(-5, 5), st.floats(0.1, 9), st.floats(-5, 5), st.floats(0.1, 9))
def test_the_parts_of_two_normals_add_up_and_are_cut_where_they_cross(mu, sigma, other, width):
    p, q = Normal(mu, sigma), Normal(other, width)
    positive, negative = kl_parts(p, q)
    assert positive + negative == pytest.approx(float(kl(p, q)), rel=1e-10, abs=1e-11)
    mixture = Mixture([1.0], (p,))  # takes the way of all other pairs
    assert (positive, negative) == pytest.approx(kl_parts(mixture, q), rel=1e-10, abs=1e-11)


def test_the_parts_of_two_shifted_normals_are_known():
    """log(p/q) = 1/2 - y, positive below 1/2."""
    positive, negative = kl_parts(Normal(0, 1), Normal(1, 1))
    below = 0.5 * stats.norm.cdf(0.5) + stats.norm.pdf(0.5)
    assert positive == pytest.approx(below, abs=1e-13)
    assert negative == pytest.approx(0.5 - below, abs=1e-13)


@pytest.mark.parametrize("p", [Normal(0.5, 0.4), MIXTURE, Beta(2, 3), Bernoulli(0.3)])
def test_equal_distributions_have_no_parts(p):
    assert kl_parts(p, p) == (0, 0)


def test_missing_support_makes_the_positive_part_infinite_and_leaves_the_other():
    p, q = Normal(0.5, 0.4), Beta(2, 2)
    positive, negative = kl_parts(p, q)
    ratio = lambda y: float(np.exp(p.log_prob(y)) * min(p.log_prob(y) - q.log_prob(y), 0))  # noqa: E731
    assert positive == np.inf
    assert negative == pytest.approx(by_quad(ratio, [0.0, 0.2, 0.5, 0.8, 1.0]), abs=1e-8)


def test_a_class_that_q_leaves_out_is_infinite_and_one_that_p_leaves_out_costs_nothing():
    half, sure = (Categorical.from_probabilities(p) for p in ([0.5, 0.5], [1, 0]))
    assert kl_parts(half, sure) == (np.inf, pytest.approx(-0.5 * np.log(2)))
    assert kl_parts(sure, half) == (pytest.approx(np.log(2)), 0)


def test_boxes_beside_a_density_share_mass_on_the_boxes_alone():
    """m is half of q outside: JS = log 2 - what they share, here of a uniform and half of one."""
    one, wide = Boxes([0.25], 0.5), Boxes([0.5], 1.0)
    want = 0.5 * (np.log(2 / 1.5) + 0.5 * np.log(1 / 1.5) + 0.5 * np.log(2))
    assert jensen_shannon(one, wide) == pytest.approx(want, abs=1e-12)
    with pytest.raises(ValueError, match=r"^p = .*single numbers"):
        kl(Normal([0.0, 1.0], 1.0), StudentT(3, 0, 1))


# Small shapes and narrow boxes: mpmath, 40 to 80 digits


@pytest.mark.parametrize(
    ("a1", "b1", "a2", "b2", "want"),
    [
        (0.5, 1e-8, 1e7, 1e-8, 0.49348000615000317644),
        (1e-8, 3.0, 1e-8, 1e7, 0.039493242806631120331),
        (0.001, 1e-8, 1e7, 0.001, 199985.63464500778312),
        (1e-8, 1e7, 1e7, 1e-8, 1000000166953111.4732),
        (0.001, 1e7, 0.001, 1e12, 99.987492069435298517),
        (0.01, 1.0, 2.0, 3.0, 191.94258357828962091),
        (1e12, 1e-8, 1e7, 1e-8, 1.0512935514969228978e-7),
    ],
)
def test_the_divergence_of_betas_of_very_different_shapes(a1, b1, a2, b2, want):
    assert kl(Beta(a1, b1), Beta(a2, b2)) == pytest.approx(want, rel=1e-12, abs=1e-12)


SHAPES = [1e-8, 1e-3, 1.0, 3.0, 1e3, 1e7]


@settings(deadline=None)
@given(*(st.sampled_from(SHAPES) for _ in range(4)))
def test_the_parts_of_any_two_betas_are_finite_and_add_up(a1, b1, a2, b2):
    p, q = Beta(a1, b1), Beta(a2, b2)
    whole = float(kl(p, q))
    assert np.isfinite(kl_parts(p, q)).all()
    assert sum(kl_parts(p, q)) == pytest.approx(whole, rel=1e-10, abs=1e-10)
    assert 0 <= jensen_shannon(p, q) <= np.log(2) + 1e-12


@pytest.mark.parametrize(
    ("a", "b", "q", "want"),
    [
        (1e-4, 1e-4, Mixture([1.0], (Normal(0.5, 0.3),)), 1.10357689553429459),
        (1e-8, 1e-3, MIXTURE, 1.75842122621704041),
        (1e7, 1e-3, StudentT(3.0, 0.2, 0.1), 4.91046441759756459),
        (1e7, 1e-3, Normal(1.0, 1e-9), -14.7993278052426887),
        (0.3, 1e8, MIXTURE, 1.75843752815721947),
        (0.01, 1.0, StudentT(3.0, 0.2, 0.1), 0.384813125119313546),
    ],
)
def test_a_beta_of_any_shapes_beside_what_is_everywhere(a, b, q, want):
    assert cross_entropy(Beta(a, b), q) == pytest.approx(want, rel=1e-12, abs=1e-12)


def test_narrow_boxes_keep_the_digits_of_a_beta():
    got = cross_entropy(Boxes([1e-9, 0.5], 1e-9), Beta(2, 3))
    assert got == pytest.approx(8.9390614143040135878, rel=1e-14)
    got = cross_entropy(Boxes([0.3, 0.3 + 1e-7], 1e-8), Beta(3e12, 7e12))
    assert got == pytest.approx(-14.708942333579366151, abs=1e-9)
    fitted = fit_cross_entropy(Beta, Boxes([0.3, 0.3 + 1e-7, 0.3 + 2.5e-7], 1e-8))
    assert fitted.a == pytest.approx(5963716689666.9750202, rel=1e-12)
    assert fitted.b == pytest.approx(13915331211815.425597, rel=1e-12)
    fitted = fit_mle(Beta, [1e-8, 1e-9, 1e-10])
    assert fitted.a == pytest.approx(0.4874176442351280561, rel=1e-12)
    assert fitted.b == pytest.approx(131734498.09882570664, rel=1e-12)
