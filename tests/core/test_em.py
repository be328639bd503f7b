"""Mixtures fitted to observations: maxima, the best that many starts know, or a reason why not."""

import numpy as np
import pytest

from explorer.core import Mixture, NoMaximum, Normal, fit_mle


def loglik(mixture, y):
    return float(mixture.log_prob(y).sum())


def slopes(mixture, y):
    """By each mean and log sigma, in units of sigma; and by each weight against the others."""
    gradient, sigma = mixture.nll_gradient(y), mixture.table.sigma
    by_weight = mixture.weights * (1 + gradient["weights"].mean(axis=0))
    return np.concatenate([gradient[name].sum(axis=0) * sigma for name in ("mu", "sigma")]) / (
        np.size(y)
    ), by_weight


def random_starts(y, components, rng, starts=40):
    """The best of plain expectation-maximisation from random starts, none of them collapsed."""
    w = np.full((starts, components, 1), 1 / components)
    mu = rng.choice(y, (starts, components, 1))
    sigma = np.full(w.shape, y.std()) * rng.choice([0.1, 0.3, 1], (starts, 1, 1))
    for _ in range(600):
        log_each = np.log(w / sigma) - 0.5 * ((y - mu) / sigma) ** 2
        total = np.logaddexp.reduce(log_each, axis=1)
        r = np.exp(log_each - total[:, None])
        mass = r.sum(axis=-1, keepdims=True)
        w, mu = mass / y.size, (r * y).sum(axis=-1, keepdims=True) / mass
        sigma = np.sqrt((r * (y - mu) ** 2).sum(axis=-1, keepdims=True) / mass)
        sigma = np.maximum(sigma, 1e-3 * y.std())
    proper = ((sigma > 0.05 * y.std()) & (mass > 5)).all(axis=(1, 2))
    return total.sum(axis=-1)[proper].max(initial=-np.inf) - 0.5 * y.size * np.log(2 * np.pi)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("components", [2, 3])
def test_no_random_start_leads_to_a_better_one(seed, components):
    rng = np.random.default_rng(seed)
    k = rng.choice(components, 80, p=rng.dirichlet(np.full(components, 2.0)))
    middle, width = rng.normal(0, 3, components), np.exp(rng.normal(0, 0.6, components))
    y = rng.normal(middle[k], width[k])
    fit = fit_mle(Mixture, y, components=components)
    assert loglik(fit, y) > random_starts(y, components, rng) - 1e-6
    np.testing.assert_allclose(np.concatenate(slopes(fit, y)), 0, atol=1e-7)


def test_groups_far_apart_keep_their_own_width():
    z = np.random.default_rng(0).normal(size=(2, 100))
    fit = fit_mle(Mixture, np.concatenate([z[0], 1e4 + z[1]]))
    np.testing.assert_allclose(fit.weights, 0.5)
    assert fit.numbers[:4] == pytest.approx(
        (z[0].mean(), 1e4 + z[1].mean(), z[0].std(), z[1].std()), rel=1e-7
    )
    narrow = fit_mle(Mixture, np.concatenate([z[0], 0.3 + 1e-5 * z[1]]))
    assert narrow.table.sigma.min() == pytest.approx(1e-5, rel=0.3)


def test_no_component_shrinks_to_an_outlier():
    y = np.append(np.random.default_rng(0).normal(size=100), 50.0)
    fit = fit_mle(Mixture, y)
    assert fit.table.sigma.min() > 0.01
    np.testing.assert_allclose(np.concatenate(slopes(fit, y)), 0, atol=1e-7)


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        ([0] * 30 + [5] * 20 + [6], "shrinks without end"),
        ([0.0, 1.0], "a value of its own"),
        ([1.0, 1.0, 1.0], "a value of its own"),
    ],
)
def test_where_a_component_shrinks_from_every_start_the_error_says_so(y, reason):
    with pytest.raises(NoMaximum, match=reason):
        fit_mle(Mixture, y)


@pytest.mark.parametrize(
    ("shift", "factor"), [(1e8, 1), (0, 1e-8), (0, 1e8), (0, 1e-300), (0, 1e300)]
)
def test_units_and_origin_change_nothing_else(shift, factor):
    rng = np.random.default_rng(1)
    y = np.concatenate([rng.normal(0, 1, 60), rng.normal(5, 0.5, 40)])
    near, far = fit_mle(Mixture, y), fit_mle(Mixture, shift + factor * y)
    np.testing.assert_allclose(far.weights, near.weights, rtol=1e-6)
    np.testing.assert_allclose((far.table.mu - shift) / factor, near.table.mu, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(far.table.sigma / factor, near.table.sigma, rtol=1e-6)


def test_one_component_is_the_normal():
    y = [1.0, 2.0, 4.0, 9.0]
    (normal,) = fit_mle(Mixture, y, components=1).components
    assert (normal.mu, normal.sigma) == pytest.approx(
        (fit_mle(Normal, y).mu, fit_mle(Normal, y).sigma)
    )
