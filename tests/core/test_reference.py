"""Every quantity against values worked out with mpmath to 20 digits (numerics.json)."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import special

import explorer.core as core
from explorer.core import Bernoulli, Beta, Categorical, Empirical, Mixture, Normal

QUANTITIES = json.loads((Path(__file__).parent / "numerics.json").read_text())["quantities"]


def cases(name):
    return [pytest.param(c["inputs"], c["expected"], id=c["id"]) for c in QUANTITIES[name]["cases"]]


def close(got, want, tolerance=1e-12):
    """Relative or absolute error at most ``tolerance``; infinities must be equal."""
    got, want = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
    assert got.shape == want.shape
    with np.errstate(invalid="ignore"):
        error = np.abs(got - want) / np.maximum(1, np.abs(want))
    assert np.all((got == want) | (error <= tolerance)), f"{got} is not {want}"


def mixture(inputs):
    return Mixture(inputs["w"], tuple(map(Normal, inputs["m"], inputs["s"])))


@pytest.mark.parametrize(("i", "e"), cases("beta_logpdf"))
def test_beta_density(i, e):
    p = Beta(i["a"], i["b"])
    close(p.log_prob(i["y"]), e["logpdf"])
    close(p.nll(i["y"]), e["nll"])
    close(p.log_normalizer(), e["log_beta"])
    close(-p.log_kernel(i["y"]), np.inf if e["kernel"] is None else e["kernel"])


@pytest.mark.parametrize(("i", "e"), cases("beta_logpdf_logit"))
def test_beta_density_at_a_logit(i, e):
    close(Beta(i["a"], i["b"]).log_prob_logit(i["u"]), e["logpdf"])


@pytest.mark.parametrize(("i", "e"), cases("log_beta"))
def test_log_beta(i, e):
    close(core.log_beta(i["a"], i["b"]), e["value"], 1e-13)


@pytest.mark.parametrize(("i", "e"), cases("beta_mode"))
def test_beta_mode(i, e):
    p = Beta(i["a"], i["b"])
    if len(e["modes"]) == 1:
        close(p.mode(), e["modes"][0], 1e-15)
        if e["log_density_at_mode"] is not None:
            close(p.log_prob(p.mode()), e["log_density_at_mode"])
    else:
        assert np.isnan(p.mode())


@pytest.mark.parametrize(("i", "e"), cases("beta_ridge"))
def test_beta_along_the_line_of_one_mode(i, e):
    p = Beta(1 + i["m"] * i["k"], 1 + (1 - i["m"]) * i["k"])
    close(p.nll(i["m"]), e["nll"], 1e-9 if i["k"] > 1e6 else 1e-12)
    close(-p.log_kernel(i["m"]), e["kernel"])


@pytest.mark.parametrize(("i", "e"), cases("beta_nll_grad"))
def test_beta_gradient(i, e):
    gradient = Beta(i["a"], i["b"]).nll_gradient(i["y"])
    close(gradient["a"], e["d_a"])
    close(gradient["b"], e["d_b"])


@pytest.mark.parametrize(("i", "e"), cases("beta_mle"))
def test_beta_mle(i, e):
    fitted = core.fit_mle(Beta, i["data"])
    close([fitted.a, fitted.b], [e["a"], e["b"]], 1e-11)
    close(core.nll(fitted, i["data"]), e["nll"])


@pytest.mark.parametrize(("i", "e"), cases("beta_entropy"))
def test_beta_entropy(i, e):
    close(Beta(i["a"], i["b"]).entropy(), e["value"])


@pytest.mark.parametrize(("i", "e"), cases("normal_nll"))
def test_normal(i, e):
    p = Normal(i["mu"], i["sigma"])
    close(p.nll(i["y"]), e["nll"])
    gradient = p.nll_gradient(i["y"])
    close(gradient["mu"], e["d_mu"])
    close(gradient["sigma"], e["d_sigma"])


@pytest.mark.parametrize(("i", "e"), cases("sigma_links"))
def test_sigma_links(i, e):
    close(core.softplus(i["r"]), e["softplus"])
    close(core.log_softplus(i["r"]), e["log_softplus"])
    close(special.expit(i["r"]), e["derivative"])
    if float(e["softplus"]) > 0:
        close(core.softplus_inverse(core.softplus(i["r"])), i["r"])


@pytest.mark.parametrize(("i", "e"), cases("normal_mle"))
def test_normal_mle(i, e):
    fitted = core.fit_mle(Normal, i["data"])
    close([fitted.mu, fitted.sigma], [e["mu"], e["sigma"]])
    close(core.nll(fitted, i["data"]), e["nll"])


@pytest.mark.parametrize(("i", "e"), cases("bernoulli_nll_logits"))
def test_bernoulli(i, e):
    p = Bernoulli(i["z"])
    want = [float(e[name]) for name in ("nll", "grad", "prob")]
    got = [p.nll(i["y"]), p.nll_gradient(i["y"])["logit"], p.probability]
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-323)


@pytest.mark.parametrize(("i", "e"), cases("bernoulli_nll_prob"))
def test_bernoulli_from_probability(i, e):
    close(Bernoulli.from_probability(i["lam"]).nll(i["y"]), e["nll"])


@pytest.mark.parametrize(("i", "e"), cases("categorical_nll_logits"))
def test_categorical(i, e):
    p = Categorical(i["logits"])
    close(p.log_normalizer(), e["logsumexp"])
    close(p.probabilities, e["probs"])
    got = [p.nll(i["target"]), *p.nll_gradient(i["target"])["logits"]]
    want = [float(e["nll"]), *map(float, e["grad"])]
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-323)


def both_kl(p, q, e, tolerance=1e-12):
    close(core.kl(p, q), e["kl"], tolerance)
    close(core.kl(q, p), e["reverse"], tolerance)


@pytest.mark.parametrize(("i", "e"), cases("kl_normal"))
def test_kl_normal(i, e):
    both_kl(Normal(i["m1"], i["s1"]), Normal(i["m2"], i["s2"]), e)


@pytest.mark.parametrize(("i", "e"), cases("kl_beta"))
def test_kl_beta(i, e):
    both_kl(Beta(i["a1"], i["b1"]), Beta(i["a2"], i["b2"]), e)


@pytest.mark.parametrize(("i", "e"), cases("kl_bernoulli"))
def test_kl_bernoulli(i, e):
    both_kl(*map(Bernoulli.from_probability, (i["p"], i["q"])), e)


@pytest.mark.parametrize(("i", "e"), cases("kl_categorical"))
def test_kl_categorical(i, e):
    p, q = map(Categorical.from_probabilities, (i["p"], i["q"]))
    both_kl(p, q, e)
    close(core.entropy(p), e["entropy"])
    close(core.cross_entropy(p, q), e["cross_entropy"])
    close(core.jensen_shannon(p, q), e["js"])


@pytest.mark.parametrize(("i", "e"), cases("log_bound_gap"))
def test_log_bound_gap(i, e):
    np.testing.assert_allclose(core.log_bound_gap(i["z"]), float(e["gap"]), rtol=1e-14)


@pytest.mark.parametrize(("i", "e"), cases("renyi_normal"))
@pytest.mark.parametrize("as_mixture", [False, True])
def test_renyi_and_amari(i, e, as_mixture):
    p, q = Normal(i["m1"], i["s1"]), Normal(i["m2"], i["s2"])
    if as_mixture:
        p = Mixture([1.0], (p,))
    close(core.renyi_divergence(p, q, i["alpha"]), e["renyi"])
    close(core.alpha_divergence(p, q, i["alpha"]), e["amari"])


@pytest.mark.parametrize(("i", "e"), cases("mixture_logpdf"))
def test_mixture_density(i, e):
    p = mixture(i)
    close(p.log_prob(i["x"]), e["logpdf"])
    close(p.score(i["x"]), e["score"])
    close(p.responsibilities(i["x"]), e["resp"])


@pytest.mark.parametrize(("i", "e"), cases("dirac_smoothing"))
def test_smoothed_diracs(i, e):
    data = Empirical(i["data"])
    p, q = data.smoothed(i["eps"]), Normal(i["mu"], i["sigma"])
    close(core.cross_entropy(p, q), e["cross_entropy"])
    close(core.cross_entropy(data, q), e["mean_nll"])
    close(core.entropy(p), e["entropy"])
    close(core.kl(p, q), e["kl"])
    best = core.fit_forward_kl(p).q
    close([best.mu, best.sigma], [e["argmin_mu"], e["argmin_sigma"]])


@pytest.mark.parametrize(("i", "e"), cases("mixture_entropy"))
def test_mixture_entropy(i, e):
    close(core.entropy(mixture(i)), e["value"])


@pytest.mark.parametrize(("i", "e"), cases("kl_mixture_normal"))
def test_kl_mixture_normal(i, e):
    p, q = mixture(i), Normal(i["mu"], i["sigma"])
    close(core.kl(p, q), e["forward"])
    close(core.kl(q, p), e["reverse"])
    close(core.forward_kl(p, i["mu"], np.log(i["sigma"])).value, e["forward"])
    close(core.reverse_kl(p, i["mu"], np.log(i["sigma"])).value, e["reverse"])
    if e.get("js"):
        close(core.jensen_shannon(p, q), e["js"])


@pytest.mark.parametrize(("i", "e"), cases("reverse_kl_grad"))
def test_reverse_kl_gradient_and_hessian(i, e):
    at = core.reverse_kl(mixture(i), i["mu"], i["t"])
    close(at.value, e["value"])
    close(at.gradient, [e["d_mu"], e["d_t"]])
    close(at.hessian, [[e["h_mumu"], e["h_mut"]], [e["h_mut"], e["h_tt"]]])


@pytest.mark.parametrize(("i", "e"), cases("forward_kl_optimum"))
def test_forward_kl_optimum(i, e):
    fit = core.fit_forward_kl(mixture(i))
    close([fit.q.mu, fit.q.sigma, fit.value], [e["mu"], e["sigma"], e["value"]])


@pytest.mark.parametrize(("i", "e"), cases("reverse_kl_optima"))
def test_reverse_kl_optima(i, e):
    fits = core.fit_reverse_kl(mixture(i))
    for got, want in ((fits.minima, e["minima"]), (fits.saddles, e["saddles"])):
        got = sorted((round(f.q.mu, 6), f.q.sigma, f.q.mu, f.value) for f in got)
        want = [[float(at[k]) for k in ("mu", "sigma", "mu", "value")] for at in want]
        want = sorted((round(mu, 6), *rest) for mu, *rest in want)
        assert len(got) == len(want)
        close([x[3] for x in got], [x[3] for x in want])
        close([x[1:3] for x in got], [x[1:3] for x in want], 1e-8)
    best = min(fit.value for fit in fits.minima)
    ties = sum(fit.value <= best + 1e-12 for fit in fits.minima)
    assert ties == sum(at["global"] for at in e["minima"])
    assert fits.minima[0].value <= best + 1e-12
