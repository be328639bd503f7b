"""Networks that predict a distribution: their gradients, and what training is known to reach."""

import time
from decimal import Decimal, localcontext

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from explorer.core import (
    HEADS,
    Bernoulli,
    Beta,
    Categorical,
    Network,
    Normal,
    fit_line,
    fit_logistic,
    head,
    kl,
    train,
    training,
)
from explorer.data import engel, penguins, weather

HOMES = engel()
INCOME = HOMES["income"]
SHARE = HOMES["food"] / INCOME
ENTRIES = st.floats(-1.5, 1.5)


def observations(family, rng, n=12):
    kind = HEADS[family].family.data
    if kind == "classes":
        return rng.integers(0, 3, n)
    if kind == "binary":
        return rng.integers(0, 2, n).astype(float)
    return rng.uniform(0.05, 0.95, n) if family == "beta" else rng.normal(1.0, 2.0, n)


def made(family, hidden, rng, **options):
    """A network, its head, phi with the constants, x and y, all of them drawn."""
    to = head(family, classes=3 if family == "categorical" else 2, **options)
    net = Network(hidden, to.outputs, 1.0, 2.0)
    phi = rng.uniform(-1, 1, net.count() + to.constants)
    x = rng.normal(size=12)
    return net, to, phi, x, observations(family, rng)


def split(net, phi):
    return phi[: net.count()], phi[net.count() :]


# Gradients ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["full", "kernel"])
@pytest.mark.parametrize("link", ["exp", "softplus"])
@pytest.mark.parametrize("family", HEADS)
@settings(max_examples=15, deadline=None)
@given(hidden=st.integers(0, 64), seed=st.integers(0, 2**32 - 1))
def test_gradients_are_the_differences_of_the_loss(family, link, loss, hidden, seed):
    rng = np.random.default_rng(seed)
    net, to, phi, x, y = made(family, hidden, rng, link=link, loss=loss, center=0.5, unit=1.5)

    def total(phi):
        own, constants = split(net, phi)
        return to.losses(net(own, x), constants, y).sum()

    own, constants = split(net, phi)
    d_eta, d_constants = to.gradient(net(own, x), constants, y)
    gradient = np.append(net.backward(own, x, d_eta), d_constants.sum(axis=0))
    assert d_eta.shape == (12, to.outputs)
    assert d_constants.shape == (12, to.constants)
    for direction in (rng.normal(size=phi.size), np.eye(phi.size)[rng.integers(phi.size)]):
        direction /= np.linalg.norm(direction)
        h = 3e-4  # the error is of order h^4
        if family == "laplace":  # whose loss has a kink where mu is y: none must lie between
            near = [phi + k * h * direction for k in (-2, 2)]
            theta = [to.theta(net(split(net, one)[0], x), split(net, one)[1]) for one in near]
            if np.any((y > theta[0]["mu"]) != (y > theta[1]["mu"])):
                continue
        a, b = (
            (total(phi + k * h * direction) - total(phi - k * h * direction)) / (2 * k * h)
            for k in (1, 2)
        )
        differences = (4 * a - b) / 3
        size = 1 + abs(differences)
        assert gradient @ direction == pytest.approx(differences, abs=1e-6 * size)


@pytest.mark.parametrize("link", ["exp", "softplus"])
@pytest.mark.parametrize("family", HEADS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.floats(0.1, 3))
def test_losses_are_those_of_the_family(family, link, seed, size):
    rng = np.random.default_rng(seed)
    net, to, phi, x, y = made(family, 4, rng, link=link, center=-1.0, unit=2.0)
    own, constants = split(net, size * phi)
    eta = net(own, x)
    member = to.member(eta, constants)
    np.testing.assert_allclose(to.nlls(eta, constants, y), member.nll(y), rtol=1e-9, atol=1e-9)
    kernel = head(family, classes=to.names or 2, link=link, loss="kernel", center=-1.0, unit=2.0)
    np.testing.assert_allclose(
        kernel.losses(eta, constants, y), -member.log_kernel(y), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_array_equal(kernel.nlls(eta, constants, y), to.losses(eta, constants, y))


def test_theta_is_what_the_links_make_of_the_outputs():
    eta = np.array([[0.0, 1.0], [-2.0, 3.0]])
    beta = head("beta").theta(eta)
    np.testing.assert_allclose(beta["a"], np.exp([0, -2]))
    np.testing.assert_allclose(beta["b"], np.exp([1, 3]))
    soft = head("heteroscedastic", link="softplus", center=10, unit=4).theta(eta)
    np.testing.assert_allclose(soft["mu"], [10, 2])
    np.testing.assert_allclose(soft["sigma"], 4 * np.log1p(np.exp([1, 3])))
    one = head("normal", center=10, unit=4).theta(eta[:, :1], [0.5])
    np.testing.assert_allclose(one["sigma"], 4 * np.exp([0.5, 0.5]))
    t = head("student_t").theta(eta, np.log([3.0]))
    assert list(t) == ["nu", "mu", "sigma"]
    np.testing.assert_allclose(t["nu"], [3, 3])
    np.testing.assert_allclose(
        head("bernoulli").theta(eta[:, :1])["probability"], 1 / (1 + np.exp([0, 2]))
    )
    both = head("categorical").theta(eta)["probabilities"]
    np.testing.assert_allclose(both[:, 1], 1 / (1 + np.exp([-1, -5])))


def test_a_parameter_that_leaves_float64_is_the_last_inside_it():
    member = head("beta").member(np.array([[-800.0, 800.0]]))
    assert 0 < member.a[0] < 1e-300
    assert 1e300 < member.b[0] < np.inf


@given(hidden=st.integers(0, 64), outputs=st.integers(1, 5), seed=st.integers(0, 1000))
def test_many_networks_at_once_are_each_of_them(hidden, outputs, seed):
    net = Network(hidden, outputs, 2.0, 3.0)
    many = np.random.default_rng(seed).normal(size=(2, 3, net.count()))
    x = np.array([0.0, 1.0, 5.0, 2.0])
    eta = net(many, x)
    assert eta.shape == (2, 3, 4, outputs)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(eta[i, j], net(many[i, j], x), rtol=1e-12, atol=1e-12)


def test_a_network_is_the_formula():
    net = Network(2, 2, 1.0, 2.0)
    w1, b1, w2, b2 = np.array([1.0, -2]), np.array([0.5, 0.25]), np.eye(2) + 1, np.array([3.0, 4])
    x = np.array([-1.0, 0.0, 2.0])
    hidden = np.tanh(np.outer((x - 1) / 2, w1) + b1)
    phi = np.concatenate([w1, b1, w2.ravel(), b2])
    assert phi.size == net.count()
    np.testing.assert_allclose(net(phi, x), hidden @ w2.T + b2)
    line = Network(0, 1, 1.0, 2.0)
    np.testing.assert_allclose(line(np.array([3.0, 4.0]), x)[:, 0], 3 * (x - 1) / 2 + 4)


# The run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", HEADS)
def test_the_start_is_the_same_at_every_x(family):
    labels = np.array(["x", "y", "z"])[np.arange(235) % 3]
    y = {"beta": SHARE, "categorical": labels, "bernoulli": SHARE > 0.6}.get(family, HOMES["food"])
    start = train(INCOME, y, family, steps=1, seed=3)
    assert not start.eta(0, INCOME).any()
    expected = {"beta": 0.0, "categorical": np.log(3), "bernoulli": np.log(2)}.get(family)
    if expected is not None:
        assert start.nlls[0] == pytest.approx(expected, abs=1e-12)
    if family in ("normal", "heteroscedastic"):
        fitted = Normal(HOMES["food"].mean(), HOMES["food"].std())
        assert start.nlls[0] == pytest.approx(fitted.entropy())


@pytest.mark.parametrize("batch", [0, 32])
@pytest.mark.parametrize("method", ["adam", "gradient", "l-bfgs"])
def test_the_same_seed_gives_the_same_path(method, batch):
    options = {"method": method, "batch": batch, "steps": 200}
    first = train(INCOME, SHARE, seed=5, **options)
    again = train(INCOME, SHARE, seed=5, **options)
    other = train(INCOME, SHARE, seed=6, **options)
    np.testing.assert_array_equal(first.path, again.path)
    assert not np.array_equal(first.path[0], other.path[0])


# By numpy's own promise the bits of PCG64 are the same everywhere; the rest is one product.
def test_the_start_is_known():
    drawn = np.random.Generator(np.random.PCG64(7)).random((2, 2))
    start = Network(2, 1).start(7)
    np.testing.assert_array_equal(start[:2], 4 * drawn[0] - 2)
    assert start[2] == -start[0] * (3 * drawn[1, 0] - 1.5)
    assert not start[4:].any()


@pytest.mark.parametrize("family", HEADS)
@pytest.mark.parametrize(
    "options",
    [
        {"method": "adam"},
        {"method": "adam", "batch": 8},
        {"method": "gradient"},
        {"method": "l-bfgs", "hidden": 0},
    ],
    ids=str,
)
def test_rounding_does_not_grow_beyond_1e_9_in_200_steps(family, options, monkeypatch):
    """As on another platform: all that exp, tanh and sums return differs in the last bits."""
    y = {"beta": SHARE, "bernoulli": SHARE > 0.6, "categorical": np.arange(235) % 3}
    y, options = y.get(family, HOMES["food"]), {"family": family, "steps": 200, **options}
    first = train(INCOME, y, **options)
    rng = np.random.default_rng(0)
    forward, backward = Network._forward, Network._backward

    def rounded(values):
        return values * (1 + 4e-16 * rng.uniform(-1, 1, np.shape(values)))

    monkeypatch.setattr(Network, "_forward", lambda *args: tuple(map(rounded, forward(*args))))
    monkeypatch.setattr(Network, "_backward", lambda *args: rounded(backward(*args)))
    second = train(INCOME, y, **options)
    assert not np.array_equal(first.path, second.path)
    if options["method"] == "l-bfgs":  # it may take a step more or fewer at the end
        np.testing.assert_allclose(second.losses[-1], first.losses[-1], rtol=1e-9)
        return
    np.testing.assert_allclose(second.path, first.path, rtol=1e-9, atol=1e-9)


def test_what_is_recorded_is_what_the_path_gives():
    held_out = np.arange(235) % 5 == 0
    run = train(INCOME, SHARE, loss="kernel", steps=50, batch=8, held_out=held_out)
    assert run.path.shape == (51, run.network.count())
    assert run.steps == 50
    assert run.stopped is None
    for step in (0, 1, 17, 50):
        member = run.member(step, INCOME)
        nll, kernel = member.nll(SHARE), -member.log_kernel(SHARE)
        assert run.losses[step] == pytest.approx(kernel[~held_out].mean(), abs=1e-12)
        assert run.nlls[step] == pytest.approx(nll[~held_out].mean(), abs=1e-12)
        assert run.held_out[step] == pytest.approx(nll[held_out].mean(), abs=1e-12)
    np.testing.assert_allclose(run.mean_loss(run.path), run.losses, atol=1e-12)
    np.testing.assert_array_equal(run.at(51), run.path[-1])
    assert np.isnan(train(INCOME, SHARE, steps=3).held_out).all()


def test_held_out_data_take_no_part():
    held_out = np.arange(235) % 5 == 0
    changed = np.where(held_out, 0.5, SHARE)
    far = np.where(held_out, 1e6, INCOME)
    first = train(INCOME, SHARE, steps=30, held_out=held_out)
    second = train(far, changed, steps=30, held_out=held_out)
    third = train(INCOME[~held_out], SHARE[~held_out], steps=30)
    np.testing.assert_array_equal(first.path, second.path)
    np.testing.assert_allclose(first.path, third.path, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("family", HEADS)
def test_a_step_of_descent_is_rate_times_gradient(family):
    y = {"beta": SHARE, "categorical": np.arange(235) % 3, "bernoulli": SHARE > 0.6}
    run = train(
        INCOME, y.get(family, HOMES["food"]), family, method="gradient", rate=0.05, steps=20
    )
    for step in (0, 7, 19):
        move = run.path[step + 1] - run.path[step]
        np.testing.assert_allclose(move, -0.05 * run.gradient(run.path[step]), atol=1e-12)


def test_adam_is_as_published():
    """Kingma and Ba (2015), algorithm 1, line by line."""
    run = train(INCOME, SHARE, rate=0.03, steps=40)
    m, v, phi = 0.0, 0.0, run.path[0]
    for t in range(1, 41):
        g = run.gradient(phi)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        phi = phi - 0.03 * m_hat / (np.sqrt(v_hat) + 1e-8)
        np.testing.assert_allclose(run.path[t], phi, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["gradient", "l-bfgs"])
def test_weight_decay_draws_the_weights_alone(method):
    decay = 0.1
    run = train(INCOME, SHARE, hidden=2, method=method, decay=decay, rate=0.05, steps=4000)
    assert run.network.weights().tolist() == [True] * 2 + [False] * 2 + [True] * 4 + [False] * 2
    end = run.path[-1]
    pull = decay * np.where(run.network.weights(), end, 0.0)
    np.testing.assert_allclose(run.gradient(end) + pull, 0, atol=1e-4)
    free = train(INCOME, SHARE, hidden=2, method=method, rate=0.05, steps=4000)
    assert np.abs(end[4:8]).sum() < np.abs(free.path[-1][4:8]).sum()


@pytest.mark.parametrize("family", ["beta", "heteroscedastic", "student_t", "bernoulli"])
@pytest.mark.parametrize("hidden", [0, 2])
def test_l_bfgs_rests_where_that_of_scipy_does(family, hidden):
    y = {"beta": SHARE, "bernoulli": SHARE > 0.6}.get(family, HOMES["food"])
    run = train(INCOME, y, family, hidden=hidden, method="l-bfgs", decay=0.01)
    decay = np.zeros(run.path.shape[1])
    decay[: run.network.count()][run.network.weights()] = 0.01

    def penalized(phi):
        return run.mean_loss(phi) + 0.5 * decay @ phi**2, run.gradient(phi) + decay * phi

    options = {"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-9}
    other = optimize.minimize(penalized, run.path[0], jac=True, method="L-BFGS-B", options=options)
    value, gradient = penalized(run.path[-1])
    assert run.steps < 1000
    assert value == pytest.approx(other.fun, abs=1e-9)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)
    assert (np.diff([penalized(phi)[0] for phi in run.path]) < 0).all()


def test_every_round_of_batches_takes_each_point_once():
    points = np.arange(10, 45)
    batches = training._batches(points, 8, 0)
    first, second = ([next(batches) for _ in range(5)] for _ in range(2))
    assert [batch.size for batch in first] == [8, 8, 8, 8, 3]
    np.testing.assert_array_equal(np.sort(np.concatenate(first)), points)
    np.testing.assert_array_equal(np.sort(np.concatenate(second)), points)
    assert np.concatenate(first).tolist() != np.concatenate(second).tolist()


# What is known in closed form --------------------------------------------------------------------


@pytest.mark.parametrize("link", ["exp", "softplus"])
def test_a_line_with_a_normal_is_least_squares(link):
    food = HOMES["food"]
    run = train(INCOME, food, "normal", hidden=0, method="l-bfgs", link=link)
    fit = fit_line(INCOME, food)
    mu = run.theta(run.steps, [0.0, 1.0])["mu"]
    assert (mu[1] - mu[0], mu[0]) == pytest.approx((fit.w, fit.c), rel=1e-6)
    assert run.theta(run.steps, [0.0])["sigma"][0] == pytest.approx(fit.sigma, rel=1e-6)
    assert run.steps < 100
    assert run.stopped is None


def test_a_line_with_a_bernoulli_is_logistic_regression():
    birds = penguins()
    known = birds["sex"] != "unknown"
    mass, sex = birds["body_mass"][known], birds["sex"][known]
    run = train(mass, sex, "bernoulli", hidden=0, method="l-bfgs")
    fit = fit_logistic(mass, (sex == "male") * 1.0)
    offset, next_one = run.eta(run.steps, [0.0, 1.0])[:, 0]
    assert (next_one - offset, offset) == pytest.approx((fit.slope, fit.offset), rel=1e-6)
    assert run.losses[-1] * mass.size == pytest.approx(fit.value, rel=1e-9)
    assert run.head.names == ("female", "male")


def test_two_classes_are_a_bernoulli():
    y = (SHARE > 0.65) * 1
    one = train(INCOME, y, "bernoulli", hidden=0, method="l-bfgs")
    two = train(INCOME, y, "categorical", hidden=0, method="l-bfgs")
    grid = np.linspace(300, 5000, 9)
    np.testing.assert_allclose(
        two.theta(two.steps, grid)["probabilities"][:, 1],
        one.theta(one.steps, grid)["probability"],
        rtol=1e-6,
    )


@pytest.mark.parametrize("family", ["beta", "laplace", "student_t"])
def test_without_x_it_is_maximum_likelihood(family):
    """Where x says nothing, theta is the fitted one."""
    y = SHARE if family == "beta" else HOMES["food"]
    run = train(np.tile([1.0, 2.0], 235), np.repeat(y, 2), family, hidden=0, method="l-bfgs")
    fitted = HEADS[family].family._fit_mle(y)
    rel = 1e-4 if family == "laplace" else 1e-6
    for name, values in run.theta(run.steps, [1.0, 2.0]).items():
        assert values == pytest.approx(getattr(fitted, name), rel=rel)


def test_minimising_kl_from_the_data_is_the_same_run():
    """KL(data || model) and the mean NLL differ by the data's entropy, at every step."""
    rng = np.random.default_rng(4)
    x = np.repeat([1.0, 2.0, 4.0, 5.0], 30)
    y = rng.integers(0, 3, 120)
    y[:3] = y[30:33] = y[60:63] = y[90:93] = [0, 1, 2]
    run = train(x, y, "categorical", hidden=4, steps=200)
    places = np.unique(x)
    shares = np.array([np.bincount(y[x == place], minlength=3) / 30 for place in places])
    data = Categorical.from_probabilities(shares)
    apart = [kl(data, run.member(step, places)).mean() for step in range(201)]
    np.testing.assert_allclose(run.nlls - apart, data.entropy().mean(), atol=1e-12)
    assert apart[-1] < apart[0]


# What the chapter shows --------------------------------------------------------------------------


def test_shares_are_learned():
    run = train(INCOME, SHARE)
    assert run.nlls[0] == 0
    assert run.nlls[-1] == pytest.approx(-1.06, abs=0.005)
    np.testing.assert_array_equal(run.losses, run.nlls)
    mode = run.member(2000, np.linspace(400, 2500, 22)).mode()
    assert mode[-1] < mode[0] - 0.05


@pytest.mark.parametrize("link", ["exp", "softplus"])
@pytest.mark.parametrize("seed", range(3))
def test_a_loss_without_log_b_cannot_train(link, seed):
    run = train(INCOME, SHARE, loss="kernel", link=link, seed=seed)
    assert run.losses[-1] < -1.5
    assert run.nlls[-1] > 8.5
    assert (np.diff(run.losses[::100]) < 0).all()
    assert (np.diff(run.nlls[200::100]) > 0).all()
    theta = run.theta(2000, INCOME)
    assert max(theta["a"].max(), theta["b"].max()) < 1e-3


@pytest.fixture(scope="module")
def afternoons():
    """Days and their temperatures at 14:00."""
    air = weather()
    chosen = air["hour"] == 14
    return air["day"][chosen], air["temperature"][chosen]


def test_the_spread_of_the_seasons_is_learned(afternoons):
    day, temperature = afternoons
    run = train(day, temperature, "heteroscedastic", method="l-bfgs", steps=200)
    sigma = run.theta(run.steps, [15, 228])["sigma"]
    assert sigma[0] > 1.5 * sigma[1]
    z = (temperature - run.theta(run.steps, day)["mu"]) / run.theta(run.steps, day)["sigma"]
    assert z.std() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_where_no_data_are_it_is_as_sure_as_it_likes(afternoons, seed):
    day, temperature = afternoons
    gap = (day > 60) & (day < 120)
    run = train(day, temperature, "heteroscedastic", held_out=gap, seed=seed)
    sigma = run.theta(2000, day)["sigma"]
    assert sigma[gap].min() < 0.9 * sigma[~gap].min()
    assert run.nlls[-1] < 2.7
    assert run.held_out[-1] > 10


def test_a_network_learns_few_data_by_heart_unless_it_stops_early_or_its_weights_decay(afternoons):
    day, temperature = afternoons
    held_out = np.ones(day.size, dtype=bool)
    held_out[np.random.default_rng(0).permutation(day.size)[:60]] = False
    options = {"family": "heteroscedastic", "hidden": 32, "held_out": held_out}
    free = train(day, temperature, **options)
    assert free.losses[-1] < 2.6
    best = int(free.held_out.argmin())
    assert best < 200
    assert free.held_out[best] < 2.9 < 4 < free.held_out[-1]
    assert train(day, temperature, **options, decay=0.01).held_out[-1] < 2.9


def test_classes_are_told_apart():
    birds = penguins()
    run = train(birds["flipper_length"], birds["species"], "categorical")
    assert run.head.names == ("Adelie", "Chinstrap", "Gentoo")
    assert run.losses[0] == pytest.approx(np.log(3))
    assert run.losses[-1] < 0.5
    p = run.theta(2000, [180.0, 225.0])["probabilities"]
    assert p.argmax(axis=1).tolist() == [0, 2]


# Labels ------------------------------------------------------------------------------------------

X6 = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
WORDS = ["low", "mid", "high", "low", "mid", "high"]


@pytest.mark.parametrize(
    ("y", "names", "numbers"),
    [
        (WORDS, ("high", "low", "mid"), [1, 2, 0, 1, 2, 0]),
        (np.array(WORDS), ("high", "low", "mid"), [1, 2, 0, 1, 2, 0]),
        (pd.Series(WORDS), ("high", "low", "mid"), [1, 2, 0, 1, 2, 0]),
        (
            pd.Categorical(WORDS, ["never", "low", "mid", "high"]),
            ("low", "mid", "high"),
            [0, 1, 2, 0, 1, 2],
        ),
        (
            pd.Series(pd.Categorical(WORDS, ["low", "mid", "high"])),
            ("low", "mid", "high"),
            [0, 1, 2, 0, 1, 2],
        ),
        (
            pd.Series([30, 10, 20, 30, 10, 20], dtype="category"),
            ("10", "20", "30"),
            [2, 0, 1, 2, 0, 1],
        ),
        ([7, 3, 7, 3, 7, 9], ("3", "7", "9"), [1, 0, 1, 0, 1, 2]),
        ([7.0, 3.0, 7.0, 3.0, 7.0, 9.0], ("3", "7", "9"), [1, 0, 1, 0, 1, 2]),
        ([True, False, True, False, True, True], ("False", "True"), [1, 0, 1, 0, 1, 1]),
    ],
)
def test_labels_become_class_numbers_with_names(y, names, numbers):
    run = train(X6, y, "categorical", steps=2)
    assert run.head.names == names
    assert run.y.tolist() == numbers


def test_two_labels_make_a_bernoulli():
    run = train(X6, list("bababb"), "bernoulli", steps=2)
    assert run.head.names == ("a", "b")
    assert run.y.tolist() == [1, 0, 1, 0, 1, 1]
    soft = train(X6, [0, 0.5, 1, 0.2, 0.3, 1], "bernoulli", steps=2)
    assert soft.head.names == ("0", "1")
    assert soft.losses[0] == pytest.approx(np.log(2))


# Where it ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["beta", "heteroscedastic"])
def test_a_rate_that_diverges_stops_the_run(family):
    y = SHARE if family == "beta" else HOMES["food"]
    run = train(INCOME, y, family, method="gradient", rate=1e4, steps=500)
    assert run.stopped is not None
    assert 1 <= run.stopped < 500
    assert run.steps == run.stopped - 1
    for values in (run.path, run.losses, run.nlls, run.held_out):
        assert len(values) == run.stopped
    assert np.isfinite(run.losses).all()
    after = run.path[-1] - 1e4 * run.gradient(run.path[-1])
    with np.errstate(all="ignore"):
        assert not np.isfinite(run.mean_loss(after))


@pytest.mark.parametrize("end", [0.0, 1.0])
@pytest.mark.parametrize("method", ["adam", "gradient", "l-bfgs"])
def test_a_share_at_an_end_is_allowed_and_stops_the_run(end, method):
    """At a = b = 1 its loss is 0 and the slope infinite: a and b below 1 are rewarded for ever."""
    y = np.append(SHARE[:20], end)
    run = train(INCOME[:21], y, method=method, steps=50)
    assert run.nlls[0] == pytest.approx(0, abs=1e-12)
    assert np.isfinite(run.losses).all()
    assert (run.stopped, run.steps) == (1, 0)
    soft = train(INCOME[:21], y, method=method, steps=50, link="softplus")
    assert (soft.stopped, soft.steps) == (0, 0)
    assert soft.losses[0] == -np.inf


def test_where_the_loss_has_no_bottom_nothing_breaks():
    x = np.arange(6.0)
    for method in ("adam", "gradient", "l-bfgs"):
        run = train(x, x > 2, "bernoulli", hidden=0, method=method, steps=300)
        assert (np.diff(run.losses) < 0).all()
        alone = train(x, x > 2, "bernoulli", hidden=0, method=method, loss="kernel", steps=300)
        assert alone.losses[-1] < alone.losses[0]


# Bad input ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("x", {"x": X6[:2], "y": [0.1, 0.2]}),
        ("x", {"held_out": [True] * 4 + [False] * 2}),
        ("x", {"x": [1, 2, 3, 4, 5, np.nan]}),
        ("x", {"x": list("abcdef")}),
        ("x", {"x": []}),
        ("y", {"y": [0.1, 0.2, 0.3]}),
        ("y", {"y": [0.1, 0.2, 0.3, 0.4, 0.5, np.nan]}),
        ("y", {"y": [0.1, 0.2, 0.3, 0.4, 0.5, 1.01]}),
        ("y", {"y": [0.1, 0.2, 0.3, 0.4, 0.5, np.inf], "family": "normal"}),
        ("y", {"y": [1, 1, 1, 1, 1, 1], "family": "bernoulli"}),
        ("y", {"y": [0, 0, 0, 0, 0, 0], "family": "bernoulli"}),
        ("y", {"y": [0, 0, 0, 0, 0, 2], "family": "bernoulli"}),
        ("y", {"y": list("aaaaaa"), "family": "bernoulli"}),
        ("y", {"y": list("abcabc"), "family": "bernoulli"}),
        ("y", {"y": list("aaaaaa"), "family": "categorical"}),
        ("y", {"y": list("aaaaab"), "family": "categorical", "held_out": [False] * 5 + [True]}),
        ("y", {"y": [0, 1, 2, 0, 1, np.nan], "family": "categorical"}),
        ("y", {"y": [0.5, 1, 2, 0, 1, 1], "family": "categorical"}),
        ("y", {"y": ["a", None, "b", "a", "b", "b"], "family": "categorical"}),
        ("y", {"y": ["a", 1.5, object(), "a", "b", "b"], "family": "categorical"}),
        ("y", {"y": pd.Categorical(["a", None, "b", "a", "b", "b"]), "family": "categorical"}),
        ("y", {"y": list("abcab"), "family": "categorical"}),
        ("y", {"y": [], "family": "categorical"}),
        ("y", {"y": [1j] * 6, "family": "categorical"}),
        ("family", {"family": "gamma"}),
        ("family", {"family": Normal}),
        ("hidden", {"hidden": 65}),
        ("hidden", {"hidden": -1}),
        ("hidden", {"hidden": 8.5}),
        ("hidden", {"hidden": True}),
        ("steps", {"steps": 5001}),
        ("steps", {"steps": 0}),
        ("steps", {"steps": 10.5}),
        ("rate", {"rate": 0}),
        ("rate", {"rate": np.nan}),
        ("rate", {"rate": "fast"}),
        ("decay", {"decay": -0.1}),
        ("decay", {"decay": np.inf}),
        ("batch", {"batch": -1}),
        ("batch", {"batch": 2.5}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": None}),
        ("method", {"method": "sgd"}),
        ("loss", {"loss": "nll"}),
        ("link", {"link": "identity"}),
        ("link", {"link": ["exp"]}),
        ("held_out", {"held_out": [True, False]}),
        ("held_out", {"held_out": [1, 0, 0, 0, 0, 0]}),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(name, options):
    options = {"x": X6, "y": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], **options}
    with pytest.raises(ValueError, match=rf"(?s)^{name} = .*: allowed is "):
        train(**options)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("classes", lambda: head("categorical", classes=1)),
        ("classes", lambda: head("bernoulli", classes=3)),
        ("unit", lambda: head("normal", unit=0)),
        ("family", lambda: head("uniform")),
        ("outputs", lambda: Network(2, 0)),
        ("scale", lambda: Network(2, 1, 0.0, 0.0)),
    ],
)
def test_a_bad_part_is_named(name, wrong):
    with pytest.raises(ValueError, match=rf"(?s)^{name} = .*: allowed is "):
        wrong()


def test_one_value_of_x_or_of_y_is_no_obstacle():
    flat = train([2.0] * 6, X6, "heteroscedastic", steps=50)
    assert flat.losses[-1] == pytest.approx(flat.losses[0], abs=1e-3)  # it starts at the best
    same = train(X6, [3.0] * 6, "normal", steps=50)
    assert same.theta(50, X6)["mu"] == pytest.approx(3, abs=1e-6)
    assert same.losses[-1] < same.losses[0]


def test_data_are_the_runs_own():
    x, y = INCOME.copy(), SHARE.copy()
    run = train(x, y, steps=3)
    x[:], y[:] = 0, 0.5
    np.testing.assert_array_equal(run.x, INCOME)
    np.testing.assert_array_equal(run.y, SHARE)


def test_2000_steps_take_at_most_0_3_seconds():
    def seconds():
        start = time.process_time()
        run = train(INCOME, SHARE, hidden=8, method="adam", steps=2000)
        assert run.steps == 2000
        return time.process_time() - start

    assert min(seconds() for _ in range(3)) < 0.3


def test_the_family_is_that_of_the_head():
    for name, kind in (("beta", Beta), ("normal", Normal), ("bernoulli", Bernoulli)):
        assert HEADS[name].family is kind


def stirling(x):
    """log Gamma(x) with 60 digits at work, for x > 1000: the next term is below 1e-24."""
    half_log_2_pi = Decimal("0.918938533204672741780329736405617639861397473637783")
    rest = 1 / (12 * x) - 1 / (360 * x**3) + 1 / (1260 * x**5)
    return (x - Decimal("0.5")) * x.ln() - x + half_log_2_pi + rest


def test_a_beta_that_narrows_without_end_keeps_the_digits_of_its_loss():
    """The same share three times: a = b grows without end, and the loss falls like -log(a) / 2."""
    run = train([1, 2, 3], [0.5, 0.5, 0.5], "beta")
    assert run.nlls[0] == 0
    for step in (500, 1000, run.steps):
        theta = run.theta(step, run.x)
        assert theta["a"].min() > 1000
        with localcontext(prec=60):
            exact = []
            for a, b in zip(
                *(map(Decimal, values.tolist()) for values in theta.values()), strict=True
            ):
                log_beta = stirling(a) + stirling(b) - stirling(a + b)
                exact.append(float(log_beta + (a + b - 2) * Decimal(2).ln()))
        np.testing.assert_allclose(run.nlls[step], np.mean(exact), rtol=1e-9)
    assert theta["a"].min() > 1e6
    assert -100 < run.losses[-1] < -5
