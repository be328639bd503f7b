"""What is true of losses and divergences whatever the numbers, by hypothesis where universal."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import explorer.core as core
from explorer.core import Bernoulli, Beta, Categorical, Empirical, Mixture, Normal

settings.register_profile("core", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("core")


def numbers(low, high):
    return st.floats(low, high, allow_subnormal=False)


betas = st.builds(Beta, numbers(0.05, 50), numbers(0.05, 50))
normals = st.builds(Normal, numbers(-5, 5), numbers(0.2, 4))
bernoullis = st.builds(Bernoulli, numbers(-40, 40))
categoricals = st.lists(numbers(-30, 30), min_size=3, max_size=3).map(Categorical)


@st.composite
def mixtures(draw):
    k = draw(st.integers(2, 3))
    w = np.array([draw(numbers(0.05, 1)) for _ in range(k)])
    return Mixture(w / w.sum(), tuple(draw(normals) for _ in range(k)))


pairs = st.one_of(
    *(st.tuples(f, f) for f in (betas, normals, bernoullis, categoricals, mixtures()))
)
lines = st.one_of(normals, mixtures())


def difference(f, x, h):
    """A central difference of fourth order."""
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


@given(betas)
def test_a_beta_density_integrates_to_one(p):
    # In u = logit y, on which the density y (1-y) p(y) has no poles.
    u = np.linspace(-800, 800, 200_001)
    log_density = p.log_prob_logit(u) - np.logaddexp(0, u) - np.logaddexp(0, -u)
    assert np.exp(log_density).sum() * (u[1] - u[0]) == pytest.approx(1, abs=1e-9)


@given(mixtures())
def test_a_mixture_density_integrates_to_one_and_its_moments_are_right(p):
    y = np.linspace(-60, 60, 12_001)
    mass = np.exp(p.log_prob(y)) * (y[1] - y[0])
    mean = mass @ y
    np.testing.assert_allclose(
        [mass.sum(), mean, mass @ (y - mean) ** 2], [1, p.mean(), p.variance()], atol=1e-10
    )


@given(pairs)
def test_divergences_are_never_negative_and_zero_only_at_equality(pair):
    p, q = pair
    for divergence in (
        core.kl(p, q),
        core.alpha_divergence(p, q, 0.3),
        core.renyi_divergence(p, q, 0.7),
    ):
        assert divergence >= 0
        assert (divergence < 1e-15) <= (p == q or core.kl(q, p) < 1e-12)
    assert core.kl(p, p) == 0
    assert core.alpha_divergence(p, p, 0.3) < 1e-15
    assert core.renyi_divergence(p, p, 2.0) < 1e-15


@given(pairs)
def test_cross_entropy_is_entropy_plus_kl(pair):
    p, q = pair
    want = core.entropy(p) + core.kl(p, q)
    assert core.cross_entropy(p, q) == pytest.approx(want, rel=1e-11, abs=1e-11)


@given(pairs)
def test_the_alpha_divergence_reaches_both_kl_at_its_ends_and_mirrors(pair):
    p, q = pair
    assert core.alpha_divergence(p, q, 1) == core.kl(p, q)
    assert core.alpha_divergence(p, q, 0) == core.kl(q, p)
    for alpha in (0.2, 0.5, 0.9):
        there = core.alpha_divergence(p, q, alpha)
        assert there == pytest.approx(core.alpha_divergence(q, p, 1 - alpha), rel=1e-9, abs=1e-12)
        affinity = np.exp((alpha - 1) * core.renyi_divergence(p, q, alpha))
        assert there == pytest.approx((1 - affinity) / (alpha * (1 - alpha)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("end", [0, 1])
def test_the_alpha_divergence_is_continuous_at_its_ends(end):
    p = Mixture([0.3, 0.7], (Normal(-1, 1), Normal(2, 0.5)))
    for a, b in ((Normal(0, 1), Normal(1, 2)), (Beta(2, 5), Beta(8, 4)), (p, Normal(1, 2))):
        for step in (1e-7, 1e-11, 1e-15):
            near = core.alpha_divergence(a, b, abs(end - step))
            assert near == pytest.approx(core.alpha_divergence(a, b, end), rel=100 * step + 1e-12)


@given(st.tuples(lines, lines))
def test_jensen_shannon_is_symmetric_and_at_most_log_2(pair):
    p, q = pair
    there = core.jensen_shannon(p, q)
    assert 0 <= there <= np.log(2) + 1e-13
    assert there == pytest.approx(core.jensen_shannon(q, p), abs=1e-13)


@given(mixtures(), normals, numbers(-100, 100), numbers(0.01, 100))
def test_divergences_do_not_change_under_shift_and_scale(p, q, shift, scale):
    def moved(n):
        return Normal(shift + scale * n.mu, scale * n.sigma)

    p2, q2 = Mixture(p.weights, tuple(map(moved, p.components))), moved(q)
    for divergence in (core.kl, core.jensen_shannon):
        assert divergence(p2, q2) == pytest.approx(divergence(p, q), rel=1e-11, abs=1e-12)
        assert divergence(q2, p2) == pytest.approx(divergence(q, p), rel=1e-11, abs=1e-12)
    assert core.entropy(p2) == pytest.approx(core.entropy(p) + np.log(scale), abs=1e-12)


@given(categoricals, st.integers(0, 2))
def test_the_logit_gradients_equal_differences(p, y):
    def loss(k, z):
        return Categorical(np.where(np.arange(3) == k, z, p.logits)).nll(y)

    want = [difference(lambda z, k=k: loss(k, z), p.logits[k], 1e-3) for k in range(3)]
    np.testing.assert_allclose(p.nll_gradient(y)["logits"], want, atol=1e-9)
    two, one = Categorical([0.0, p.logits[0]]), Bernoulli(p.logits[0])
    for label in (0, 1):
        assert two.nll(label) == pytest.approx(one.nll(label), rel=1e-13)


@given(mixtures(), numbers(-10, 10))
@example(Mixture([2 / 3, 1 / 3], (Normal(0, 0.25), Normal(0, 0.25))), 6.0)
def test_the_mixture_gradients_equal_differences(p, y):
    gradient = p.nll_gradient(y)
    assert p.score(y) == pytest.approx(difference(p.log_prob, y, 1e-4), rel=1e-6, abs=1e-6)

    def moved(k, **to):
        parts = list(p.components)
        parts[k] = Normal(**{"mu": parts[k].mu, "sigma": parts[k].sigma} | to)
        return Mixture(p.weights, tuple(parts)).nll(y)

    for k, part in enumerate(p.components):
        d_mu = difference(lambda mu, k=k: moved(k, mu=mu), part.mu, 1e-3 * part.sigma)
        d_sigma = difference(lambda s, k=k: moved(k, sigma=s), part.sigma, 1e-4 * part.sigma)
        assert gradient["mu"][k] == pytest.approx(d_mu, rel=1e-6, abs=1e-6)
        assert gradient["sigma"][k] == pytest.approx(d_sigma, rel=1e-5, abs=1e-5)
    # Scaling all weights by c adds -log c to the loss.
    assert gradient["weights"] @ p.weights == pytest.approx(-1)


@given(mixtures(), numbers(-6, 6), numbers(-1.5, 2))
def test_the_divergence_surfaces_have_the_derivatives_they_claim(p, mu, t):
    for surface in (core.forward_kl, core.reverse_kl):
        at = surface(p, mu, t)
        scale = 1 + abs(at.value) + np.abs(at.hessian).max()
        for order, was in ((at.gradient, 0), (at.hessian, 1)):
            got = [
                difference(lambda m: surface(p, m, t)[was], mu, 1e-3),  # noqa: B023
                difference(lambda s: surface(p, mu, s)[was], t, 1e-3),  # noqa: B023
            ]
            np.testing.assert_allclose(got, order, atol=1e-6 * scale, rtol=1e-6)
    assert core.reverse_kl(p, mu, t).value == pytest.approx(
        core.kl(Normal(mu, np.exp(t)), p), rel=1e-12, abs=1e-12
    )


@given(betas)
def test_the_mode_maximises_the_density(p):
    mode = p.mode()
    y = np.linspace(0, 1, 1001)
    if np.isnan(mode):
        assert p.a == p.b == 1 or (p.a < 1 and p.b < 1)
    else:
        assert (p.log_prob(y) <= p.log_prob(mode) + 1e-12).all()


@given(mixtures())
def test_modes_are_maxima_and_quantiles_invert_the_cdf(p):
    for mode in p.modes():
        assert (p.log_prob(mode + np.array([-1e-4, 1e-4])) < p.log_prob(mode) + 1e-14).all()
    y = np.linspace(-8, 8, 2001)
    assert p.log_prob(p.modes()).max() >= p.log_prob(y).max() - 1e-12
    u = np.array([1e-9, 0.1, 0.5, 0.97])
    np.testing.assert_allclose(p.cdf(p.quantile(u)), u, rtol=1e-12)


def test_at_the_ends_the_beta_density_is_zero_finite_or_infinite():
    for a, want in ((1.5, -np.inf), (1.0, np.log(3)), (0.5, np.inf)):
        assert Beta(a, 3).log_prob(0) == pytest.approx(want)
        assert Beta(3, a).log_prob(1) == pytest.approx(want)


def test_the_kernel_loss_and_the_full_loss_rank_two_predictions_in_opposite_order():
    kernel = [-Beta(4.5, 2.5).log_kernel(0.7), -Beta(8, 4).log_kernel(0.7)]
    full = [Beta(4.5, 2.5).nll(0.7), Beta(8, 4).nll(0.7)]
    np.testing.assert_allclose(kernel, [3.0543, 6.1086], atol=5e-5)
    np.testing.assert_allclose(full, [-0.7865, -1.0767], atol=5e-5)


def test_along_the_mode_line_the_loss_falls_without_end_and_the_kernel_loss_rises():
    k = 10.0 ** np.arange(1, 12)
    ridge = Beta(1 + 0.7 * k, 1 + 0.3 * k)
    loss, kernel = ridge.nll(0.7), -ridge.log_kernel(0.7)
    np.testing.assert_allclose(ridge.mode(), 0.7)
    np.testing.assert_allclose(np.diff(loss)[3:], -0.5 * np.log(10), atol=1e-4)
    assert (np.diff(kernel) > 0).all()


def test_the_best_beta_of_a_given_size_does_not_have_its_mode_at_the_observation():
    best = Beta(4.71269, 7 - 4.71269)
    gradient = best.nll_gradient(0.7)
    assert gradient["a"] - gradient["b"] == pytest.approx(0, abs=1e-5)
    assert best.mode() == pytest.approx(0.7425, abs=5e-5)
    assert best.nll(0.7) < Beta(4.5, 2.5).nll(0.7)


@given(st.lists(numbers(-100, 100), min_size=2, max_size=20, unique=True))
def test_the_argmin_of_squared_error_is_the_mean_and_of_normal_loss_also_the_spread(y):
    fitted = core.fit_mle(Normal, y)
    assert fitted.mu == pytest.approx(np.mean(y), abs=1e-12 * 100)
    assert fitted.sigma == pytest.approx(np.std(y), rel=1e-9)
    gradient = {k: v.sum() * fitted.sigma for k, v in fitted.nll_gradient(y).items()}
    assert gradient["mu"] == pytest.approx(0, abs=1e-6)
    assert gradient["sigma"] == pytest.approx(0, abs=1e-9)
    squares = [np.square(np.array(y) - m).sum() for m in fitted.mu + np.array([-1e-3, 0, 1e-3])]
    assert squares[1] == min(squares)


@given(st.lists(numbers(0.001, 0.999), min_size=2, max_size=30, unique=True))
def test_the_beta_mle_solves_its_equations(y):
    fitted = core.fit_mle(Beta, y)
    for name, slope in fitted.nll_gradient(y).items():
        # Flat to rounding: relative to how steep it is 1 % aside.
        aside = Beta(**{"a": fitted.a, "b": fitted.b} | {name: 1.01 * getattr(fitted, name)})
        assert abs(slope.sum()) < 1e-8 * np.abs(slope).sum() + 1e-8 * abs(
            aside.nll_gradient(y)[name].sum()
        )


def test_the_beta_mle_of_tightly_packed_data_keeps_its_digits():
    # For data m + d z the size n = a + b tends to m (1-m) / (d^2 var z), which mean log y, taken
    # as it is, cannot tell any more.
    z = np.array([-1.0, 0.0, 1.0])
    for d in (2.0**-20, 2.0**-25):
        fitted = core.fit_mle(Beta, 0.5 + d * z)
        assert fitted.a == pytest.approx(fitted.b, rel=1e-12)
        assert fitted.a + fitted.b == pytest.approx(0.25 / (d * d * np.var(z)), rel=1e-9)


@pytest.mark.parametrize(
    ("y", "a", "b"),
    [  # mpmath, 70 digits
        ([0.5, 0.5 + 2.0**-53], 4.05648192073e31, 4.05648192073e31),
        ([1e-16, 1 - 2.0**-53], 0.0272252532893, 0.0272640139805),
        ([1 - 2.0**-53, 1 - 2.0**-52, 0.5], 0.426096210941, 0.0382759874675),
    ],
)
def test_the_beta_mle_at_the_limits_of_float64(y, a, b):
    fitted = core.fit_mle(Beta, y)
    np.testing.assert_allclose([fitted.a, fitted.b], [a, b], rtol=1e-11)


def test_quantiles_reach_the_ends():
    p = two(4)
    want = [-np.inf, 0, np.inf, np.nan]
    np.testing.assert_allclose(p.quantile([0, 0.5, 1, np.nan]), want, atol=1e-14)


def test_bernoulli_and_categorical_fit_the_shares():
    assert core.fit_mle(Bernoulli, [0, 1, 1, 1]).probability == pytest.approx(0.75)
    assert core.fit_mle(Bernoulli, [0.5, 0.7]).probability == pytest.approx(0.6)
    assert core.nll(core.fit_mle(Bernoulli, [1, 1]), [1, 1]) == 0
    assert core.fit_mle(Categorical, [0, 1], classes=4).probabilities.shape == (4,)
    np.testing.assert_allclose(
        core.fit_mle(Categorical, [0, 2, 2, 1]).probabilities, [0.25, 0.25, 0.5]
    )


def test_expectation_maximisation_finds_two_separate_groups():
    y = np.concatenate([Normal(0, 1).quantile((np.arange(200) + 0.5) / 200),
                        Normal(8, 2).quantile((np.arange(100) + 0.5) / 100)])  # fmt: skip
    fitted = core.fit_mle(Mixture, y)
    np.testing.assert_allclose(fitted.weights, [2 / 3, 1 / 3], atol=0.01)
    np.testing.assert_allclose([c.mu for c in fitted.components], [0, 8], atol=0.1)
    np.testing.assert_allclose([c.sigma for c in fitted.components], [1, 2], atol=0.1)
    assert len(core.fit_mle(Mixture, y, components=3).components) == 3
    slopes = fitted.nll_gradient(y)
    np.testing.assert_allclose(slopes["mu"].sum(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(slopes["weights"].sum(axis=0), -y.size, rtol=1e-5)


def test_spikes_at_the_data_turn_kl_into_the_mean_loss():
    y = [0.1, 0.3, 0.8, 1.5]
    data, q1, q2 = Empirical(y), Normal(0.5, 0.6), Normal(0, 1)
    assert core.kl(data, q1) == np.inf
    assert core.entropy(data) == -np.inf
    want = core.nll(q1, y) / 4 - core.nll(q2, y) / 4
    gaps = []
    for eps in (1e-1, 1e-2, 1e-3, 1e-4):
        p = data.smoothed(eps)
        gaps.append(core.kl(p, q1) - core.kl(p, q2) - want)
        exact = 0.5 * eps**2 * (1 / q1.sigma**2 - 1 / q2.sigma**2)
        assert gaps[-1] == pytest.approx(exact, abs=1e-12)
    # Once the spikes stand apart the entropy falls by log 10 a decade, whatever the model.
    entropies = [core.entropy(data.smoothed(eps)) for eps in (1e-3, 1e-4)]
    assert entropies[0] - entropies[1] == pytest.approx(np.log(10), abs=1e-12)


@given(mixtures())
def test_the_forward_fit_has_the_two_moments_and_is_a_minimum(p):
    fit = core.fit_forward_kl(p)
    np.testing.assert_allclose([fit.q.mean(), fit.q.variance()], [p.mean(), p.variance()])
    at = core.forward_kl(p, fit.q.mu, np.log(fit.q.sigma))
    np.testing.assert_allclose(at.gradient, 0, atol=1e-12)
    assert (np.linalg.eigvalsh(at.hessian) > 0).all()
    assert at.value == pytest.approx(fit.value, abs=1e-12)


@settings(max_examples=25)
@given(mixtures())
def test_the_reverse_fits_are_stationary_and_complete(p):
    fits = core.fit_reverse_kl(p)
    assert fits.converged
    assert len(fits.minima) == len(fits.saddles) + 1
    values = [fit.value for fit in fits.minima]
    assert (np.diff(values) >= -1e-12).all()
    for kind, sign in ((fits.minima, 1), (fits.saddles, -1)):
        for fit in kind:
            at = core.reverse_kl(p, fit.q.mu, np.log(fit.q.sigma))
            np.testing.assert_allclose(at.gradient, 0, atol=1e-8)
            assert np.sign(np.linalg.det(at.hessian)) == sign
            assert at.hessian[0, 0] == pytest.approx(1 / fit.q.sigma**2, rel=1e-7)
            assert at.value == pytest.approx(fit.value, rel=1e-12, abs=1e-12)
    # No descent may end anywhere else.
    for start in (*p.components, Normal(p.mean(), np.sqrt(p.variance()))):
        path = core.descend(p, start, "reverse", method="newton")
        if path.converged:
            ends = [(f.q.mu, f.q.sigma) for f in (*fits.minima, *fits.saddles)]
            assert np.abs(np.array(ends) - [path.mu[-1], path.sigma[-1]]).max(axis=1).min() < 1e-6


def two(distance, w=0.5):
    return Mixture([w, 1 - w], (Normal(-distance / 2, 1), Normal(distance / 2, 1)))


@pytest.mark.parametrize(
    ("distance", "minima", "best_is_broad"),
    [(1, 1, True), (4.8244, 1, True), (4.8246, 3, True), (5.6001, 3, True), (5.6003, 3, False),
     (10, 3, False), (40, 3, False), (400, 3, False)],
)  # fmt: skip
def test_two_equal_normals_have_one_or_three_reverse_fits(distance, minima, best_is_broad):
    fits = core.fit_reverse_kl(two(distance))
    assert fits.converged
    assert (len(fits.minima), len(fits.saddles)) == (minima, minima - 1)
    assert (abs(fits.minima[0].q.mu) < 1e-6) == best_is_broad
    if not best_is_broad:  # a tie, in the order of mu
        assert fits.minima[0].q.mu < 0 < fits.minima[1].q.mu
    if distance >= 10:
        assert fits.minima[0].value == pytest.approx(np.log(2), abs=1e-3)


def test_a_far_component_costs_minus_log_of_its_weight():
    p = Mixture([0.2, 0.5, 0.3], (Normal(-60, 1), Normal(0, 0.5), Normal(70, 3)))
    best = core.fit_reverse_kl(p).minima[:3]
    np.testing.assert_allclose([fit.value for fit in best], -np.log([0.5, 0.3, 0.2]), atol=1e-12)


@pytest.mark.parametrize(("distance", "minima"), [(2.9, 1), (2.92, 1), (2.93, 2), (6, 2), (40, 2)])
def test_with_sigma_fixed_at_one_the_centre_turns_unstable_at_2_92(distance, minima):
    fits = core.fit_reverse_kl(two(distance), fixed_sigma=1)
    assert fits.converged
    assert (len(fits.minima), len(fits.saddles)) == (minima, minima - 1)
    assert all(fit.q.sigma == 1 for fit in (*fits.minima, *fits.saddles))


def test_a_normal_is_its_own_and_only_reverse_fit():
    fits = core.fit_reverse_kl(Normal(3, 0.01))
    (best,) = fits.minima
    assert fits.converged
    assert fits.saddles == ()
    np.testing.assert_allclose([best.q.mu, best.q.sigma, best.value], [3, 0.01, 0], atol=1e-12)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("method", ["gradient", "adam", "newton"])
@pytest.mark.parametrize("fixed_sigma", [None, 1.5])
def test_descents_end_at_an_optimum(direction, method, fixed_sigma):
    p, start = two(6, 0.6), Normal(1, 2)
    path = core.descend(p, start, direction, method=method, fixed_sigma=fixed_sigma)
    assert path.converged
    assert (path.mu[0], path.sigma[0]) == (1, pytest.approx(fixed_sigma or 2))
    assert np.abs(path.gradient[-1]).max() < 1e-8
    if method != "adam":
        assert (np.diff(path.value) <= 1e-13).all()
    if direction == "forward":
        ends = [(p.mean(), fixed_sigma or np.sqrt(p.variance()))]
    else:
        ends = [(f.q.mu, f.q.sigma) for f in core.fit_reverse_kl(p, fixed_sigma).minima]
    gaps = np.abs(np.array(ends) - [path.mu[-1], path.sigma[-1]]).max(axis=1)
    assert gaps.min() < 1e-6


def test_a_descent_cut_short_does_not_claim_to_have_converged():
    path = core.descend(two(6), Normal(1, 2), "reverse", steps=3)
    assert not path.converged
    assert path.mu.shape == path.sigma.shape == path.value.shape == (4,)
    assert path.gradient.shape == (4, 2)


def test_kl_is_infinite_where_the_model_has_no_mass_and_only_there():
    assert core.kl(Bernoulli(0.0), Bernoulli.from_probability(1.0)) == np.inf
    assert core.kl(Bernoulli.from_probability(1.0), Bernoulli(0.0)) == pytest.approx(np.log(2))
    p, q = map(Categorical.from_probabilities, ([0.5, 0.5, 0.0], [0.0, 0.5, 0.5]))
    assert core.kl(p, q) == np.inf
    assert core.renyi_divergence(p, q, 2) == np.inf
    assert core.renyi_divergence(p, q, 0.5) == pytest.approx(2 * np.log(2))
    apart = Categorical.from_probabilities([0.0, 0.0, 1.0])
    assert core.renyi_divergence(p, apart, 0.5) == np.inf
    assert core.alpha_divergence(p, apart, 0.5) == pytest.approx(4)


def test_parameters_that_are_arrays_broadcast():
    a = np.array([[1.0], [3.0]])
    grid = Beta(a, [2.0, 5.0, 9.0])
    assert grid.nll(0.3).shape == (2, 3)
    assert grid.nll(0.3)[1, 2] == Beta(3, 9).nll(0.3)
    assert core.kl(grid, Beta(2, 2)).shape == (2, 3)
    assert core.kl(Normal(a, 1), Normal(0, [1.0, 2.0])).shape == (2, 2)
    table = Categorical(np.zeros((4, 3)))
    assert table.nll([0, 1, 2, 0]).shape == (4,)
    assert core.kl(table, Categorical([0.0, 1.0, 2.0])).shape == (4,)
    mu, t = np.meshgrid(np.linspace(-3, 3, 5), np.linspace(-1, 1, 4))
    surface = core.reverse_kl(two(4), mu, t)
    assert surface.hessian.shape == (4, 5, 2, 2)
    assert surface.value[1, 2] == pytest.approx(core.reverse_kl(two(4), mu[1, 2], t[1, 2]).value)


def test_samples_have_the_moments_of_their_family():
    rng = np.random.default_rng(0)
    for p in (Beta(2, 5), Normal(1, 3), Bernoulli(0.4), two(4), Empirical([1.0, 2.0, 6.0])):
        y = p.sample(rng, (20_000,))
        assert y.shape == (20_000,)
        error = np.sqrt(p.variance() / y.size)
        assert abs(y.mean() - p.mean()) < 4 * error
    drawn = Categorical.from_probabilities([0.2, 0.8]).sample(rng, (20_000,))
    assert drawn.mean() == pytest.approx(0.8, abs=0.012)
    assert Beta([1.0, 2.0], 3.0).sample(rng, (7,)).shape == (7, 2)
