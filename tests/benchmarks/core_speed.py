"""Time the core against the obvious scipy.stats code for the same numbers, in the same run.

python tests/benchmarks/core_speed.py
"""

import timeit

import numpy as np
from scipy import integrate, optimize, stats

from explorer.core import Beta, Mixture, Normal, fit_reverse_kl, reverse_kl

Y = np.linspace(0, 1, 402)[1:-1]
A, B = np.ogrid[0.1:20:64j, 0.1:20:64j]
MEANS, SIGMAS, WEIGHTS = np.array([-3.0, 3.0]), np.array([1.0, 1.0]), np.array([0.5, 0.5])
P = Mixture(WEIGHTS, tuple(map(Normal, MEANS, SIGMAS)))


def beta_frame():
    p = Beta(2.0, 5.0)
    loss = p.nll(Y)
    return np.exp(-loss), loss, Beta(A, B).nll(0.7)


def beta_frame_scipy():
    return stats.beta.pdf(Y, 2, 5), -stats.beta.logpdf(Y, 2, 5), -stats.beta.logpdf(0.7, A, B)


def log_p_scipy(x):
    return np.log(sum(w * stats.norm.pdf(x, m, s) for w, m, s in zip(WEIGHTS, MEANS, SIGMAS)))  # noqa: B905


def value_scipy(mu, t):
    q = stats.norm(mu, np.exp(t))
    reach = 8 * np.exp(t)
    value, _ = integrate.quad(
        lambda x: q.pdf(x) * (q.logpdf(x) - log_p_scipy(x)), mu - reach, mu + reach, limit=200
    )
    return value


def surface():
    at = reverse_kl(P, 1.0, 0.5)
    return at.value, at.gradient, at.hessian


def surface_scipy():
    h = 1e-3
    v = {(i, j): value_scipy(1 + h * i, 0.5 + h * j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    gradient = [(v[1, 0] - v[-1, 0]) / (2 * h), (v[0, 1] - v[0, -1]) / (2 * h)]
    mixed = (v[1, 1] - v[1, -1] - v[-1, 1] + v[-1, -1]) / (4 * h * h)
    mm, tt = (v[1, 0] - 2 * v[0, 0] + v[-1, 0]), (v[0, 1] - 2 * v[0, 0] + v[0, -1])
    return v[0, 0], gradient, np.array([[mm / h**2, mixed], [mixed, tt / h**2]])


def optima():
    return [(fit.q.mu, fit.q.sigma) for fit in fit_reverse_kl(P).minima]


def optima_scipy():
    """The minima alone, from three starts; it finds no saddles and cannot tell if it missed any."""
    starts = [(-3, 0), (3, 0), (0, np.log(np.sqrt(10)))]
    found = [optimize.minimize(lambda x: value_scipy(*x), s, method="Nelder-Mead") for s in starts]
    return [(r.x[0], np.exp(r.x[1])) for r in found]


def milliseconds(function, repeat):
    function()
    number = max(1, int(0.1 / timeit.timeit(function, number=1))) if repeat > 1 else 1
    return 1e3 * min(timeit.repeat(function, number=number, repeat=repeat)) / number


def main():
    for ours, theirs, tolerance in (
        (beta_frame, beta_frame_scipy, 1e-11),
        (surface, surface_scipy, 1e-4),
    ):
        for mine, other in zip(ours(), theirs(), strict=True):
            np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(sorted(optima()), sorted(optima_scipy()), atol=1e-3)
    rows = (
        ("Beta frame: two 400-point curves, 64 x 64 landscape", beta_frame, beta_frame_scipy, 1),
        ("all reverse-KL optima of a two-component mixture", optima, optima_scipy, 25),
        ("one reverse-KL value with gradient and Hessian", surface, surface_scipy, 0.5),
    )
    print(f"{'ms, best of several':<54}{'core':>9}{'limit':>7}{'scipy.stats':>13}{'ratio':>8}")
    for name, ours, theirs, limit in rows:
        mine, other = milliseconds(ours, 7), milliseconds(theirs, 7 if limit == 1 else 1)
        print(f"{name:<54}{mine:9.3f}{limit:7g}{other:13.2f}{other / mine:8.0f}")


if __name__ == "__main__":
    main()
