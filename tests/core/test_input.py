"""What goes in: bad input is a ValueError that names it, good input of any real type works."""

import warnings

import numpy as np
import pytest

import explorer.core as core
from explorer.core import (
    Bernoulli,
    Beta,
    Categorical,
    Empirical,
    Laplace,
    Mixture,
    Normal,
    StudentT,
)

NO_NUMBERS = {
    "complex": 1 + 2j,
    "complex array": np.array([1j]),
    "text": "0.5",
    "texts": ["0.5"],
    "none": None,
    "object": object(),
    "objects": np.array([1.0, None], dtype=object),
    "bool": True,
    "bools": np.array([True, False]),
    "ragged": [[1.0], [1.0, 2.0]],
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
}
MAKE = {
    "a": lambda v: Beta(v, 2.0),
    "b": lambda v: Beta(2.0, v),
    "mu": lambda v: Normal(v, 1.0),
    "sigma": lambda v: Normal(0.0, v),
    "logit": Bernoulli,
    "p": Bernoulli.from_probability,
    "logits": Categorical,
    "weights": lambda v: Mixture(v, (Normal(0.0, 1.0),)),
    "components": lambda v: Mixture([1.0], v),
    "observations": Empirical,
    "width": lambda v: Empirical([1.0]).boxed(v),
    "fixed_sigma": lambda v: core.fit_reverse_kl(Normal(0.0, 1.0), fixed_sigma=v),
    "alpha": lambda v: core.renyi_divergence(Normal(0, 1), Normal(1, 1), v),
}


@pytest.mark.parametrize("bad", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize("name", [name for name in MAKE if name != "fixed_sigma"])
def test_a_parameter_that_is_no_number_is_named(name, bad):
    with pytest.raises(ValueError, match=rf"^{name} "):
        MAKE[name](bad)


@pytest.mark.parametrize("bad", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize(
    "family",
    [Beta(2, 5), Normal(0, 1), Bernoulli(0.3), Categorical([0, 1]), Mixture([1], (Normal(0, 1),)),
     Empirical([1.0])],
    ids=lambda family: type(family).__name__,
)  # fmt: skip
@pytest.mark.parametrize("method", ["log_prob", "nll", "log_kernel"])
def test_an_observation_that_is_no_number_is_named(family, method, bad):
    if family.data == "binary" and np.asarray(bad, dtype=object).ravel()[0] is True:
        return  # labels of two classes, as the next test says
    with pytest.raises(ValueError, match=r"^y "):
        getattr(family, method)(bad)


def test_true_and_false_are_the_labels_1_and_0_of_a_bernoulli():
    truths, numbers = [True, False, True, True], [1, 0, 1, 1]
    model = Bernoulli(0.3)
    np.testing.assert_array_equal(model.nll(truths), model.nll(numbers))
    assert core.nll(model, truths) == core.nll(model, numbers)
    assert model.nll_terms(truths) == model.nll_terms(numbers)
    assert core.fit_mle(Bernoulli, truths) == core.fit_mle(Bernoulli, numbers)
    assert core.fit_logistic([1, 2, 0, 3], truths) == core.fit_logistic([1, 2, 0, 3], numbers)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("a", 0.0), ("a", -1.0), ("a", np.nan), ("a", np.inf), ("a", []), ("a", [1.0, -1.0]),
        ("a", 10**400), ("b", 0), ("b", -np.inf), ("mu", np.nan), ("mu", np.inf), ("mu", []),
        ("sigma", 0.0), ("sigma", -1.0), ("sigma", np.nan), ("sigma", [1.0, 0.0]),
        ("logit", np.nan), ("logit", []), ("logits", 1.0), ("logits", [np.nan, 0.0]),
        ("logits", [np.inf, 0.0]), ("logits", [-np.inf, -np.inf]), ("logits", []),
        ("logits", np.empty((2, 0))), ("p", -0.1), ("p", 1.1), ("p", np.nan),
        ("weights", [0.9]), ("weights", [1.5, -0.5]), ("weights", []), ("weights", [np.nan]),
        ("weights", [1.0 + 1e-8]), ("weights", [[1.0]]), ("weights", 1.0),
        ("components", ()), ("components", (Beta(1, 1),)), ("components", Normal(0.0, 1.0)),
        ("components", (Normal([0.0, 1.0], 1.0),)), ("components", (Normal(0, 1), Normal(0, 1))),
        ("observations", []), ("observations", [np.nan]), ("observations", [np.inf]),
        ("width", 0.0), ("width", -1.0), ("width", np.nan), ("fixed_sigma", 0.0),
        ("fixed_sigma", "1"), ("alpha", 0.0), ("alpha", -1.0), ("alpha", np.nan), ("alpha", np.inf),
    ],
)  # fmt: skip
def test_a_parameter_out_of_its_domain_is_named(name, bad):
    with pytest.raises(ValueError, match=rf"^{name} "):
        MAKE[name](bad)


def test_the_message_gives_the_value_and_the_domain():
    with pytest.raises(ValueError, match=r"^a = -1\.5: allowed is a positive and finite number$"):
        Beta(-1.5, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Beta([1.0, 2.0], [1.0, 2.0, 3.0]),
        lambda: Normal([1.0, 2.0], [1.0, 2.0, 3.0]),
        lambda: Beta([1.0, 2.0], 1.0).log_prob([0.1, 0.2, 0.3]),
        lambda: Normal([1.0, 2.0], 1.0).nll([0.1, 0.2, 0.3]),
        lambda: Bernoulli([1.0, 2.0]).nll([0.0, 1.0, 0.0]),
        lambda: Categorical([[1.0, 2.0], [1.0, 2.0]]).nll([0, 1, 0]),
        lambda: core.kl(Categorical([0.0, 0.0, 0.0]), Categorical([0.0, 0.0])),
        lambda: core.reverse_kl(Normal(0, 1), [0.0, 1.0], [0.0, 1.0, 2.0]),
    ],
)
def test_shapes_that_do_not_go_together_are_told(wrong):
    with pytest.raises(ValueError, match=r"broadcast|as many classes"):
        wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: core.nll(Normal(0, 1), []),
        lambda: core.fit_mle(Normal, []),
        lambda: core.fit_mle(Beta, []),
        lambda: core.fit_mle(Bernoulli, []),
        lambda: core.fit_mle(Categorical, []),
        lambda: core.fit_mle(Mixture, []),
        lambda: core.fit_mle(Normal, [1.0, np.nan]),
        lambda: core.fit_mle(Beta, [0.5, np.inf]),
        lambda: core.fit_mle(Bernoulli, [0.5, 1.5]),
        lambda: core.fit_mle(Categorical, [0.5]),
        lambda: core.fit_mle(Categorical, [-1, 0]),
        lambda: Categorical([0.0, 1.0]).nll([0.5, 0.6]),
        lambda: Categorical([0.0, 1.0]).nll(0.5),
    ],
)
def test_bad_data_are_named(wrong):
    with pytest.raises(ValueError, match=r"^y "):
        wrong()


@pytest.mark.parametrize(
    ("family", "y", "reason"),
    [
        (Beta, [0.7], "no maximum"),
        (Beta, [0.7, 0.7], "no maximum"),
        (Beta, [0.0, 0.7], "no maximum"),
        (Beta, [0.3, 1.0], "no maximum"),
        (Normal, [3.0], "no maximum"),
        (Normal, [3.0, 3.0, 3.0], "no maximum"),
        (Normal, [0.0, 5e-324], "no maximum"),
        (core.Laplace, [0.0, 1e-310, 2e-310], "no maximum"),
        (Mixture, [3.0, 4.0], "no maximum"),
    ],
)
def test_a_fit_that_does_not_exist_says_why(family, y, reason):
    with pytest.raises(ValueError, match=reason):
        core.fit_mle(family, y)


def spike_in_plain(narrow, wide):
    return Mixture([0.5, 0.5], (Normal(0, narrow), Normal(0, wide)))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("p", lambda: core.kl("Normal", Normal(0, 1))),
        ("q", lambda: core.kl(Normal(0, 1), 3)),
        ("q", lambda: core.kl(Normal(0, 1), Bernoulli(0.0))),
        ("q", lambda: core.kl(Bernoulli(0.0), Normal(0, 1))),
        ("p", lambda: core.kl(Normal([0.0, 1.0], 1.0), Mixture([1], (Normal(0, 1),)))),
        ("p", lambda: core.fit_reverse_kl(Beta(1, 1))),
        ("p", lambda: core.fit_forward_kl(Empirical([1.0, 2.0]))),
        ("p", lambda: core.entropy(None)),
        ("family", lambda: core.nll("Beta", [0.5])),
        ("family", lambda: core.fit_mle("Beta", [0.5, 0.6])),
        ("p", lambda: core.fit_cross_entropy(core.StudentT, spike_in_plain(1e-200, 1e200))),
        ("p", lambda: core.fit_cross_entropy(core.StudentT, spike_in_plain(1e-100, 1.0))),
        ("start", lambda: core.descend(Normal(0, 1), 1.0, "forward")),
        ("direction", lambda: core.descend(Normal(0, 1), Normal(1, 1), "sideways")),
        ("method", lambda: core.descend(Normal(0, 1), Normal(1, 1), "forward", method="sgd")),
        ("steps", lambda: core.descend(Normal(0, 1), Normal(1, 1), "forward", steps=-1)),
        ("rate", lambda: core.descend(Normal(0, 1), Normal(1, 1), "forward", rate=0)),
    ],
)
def test_a_wrong_argument_is_named(name, wrong):
    with pytest.raises(ValueError, match=rf"^{name} "):
        wrong()


@pytest.mark.parametrize("kind", [int, np.int32, np.uint8, np.float32, np.float16, float])
def test_integers_and_small_floats_give_float64(kind):
    p = Beta(kind(2), np.array([5, 7], dtype=kind))
    out = p.nll(np.array([[0], [1]], dtype=kind))
    assert out.dtype == np.float64
    assert out.shape == (2, 2)
    assert p.b.dtype == np.float64
    assert type(p.a) is float
    assert isinstance(Normal(kind(1), kind(2)).nll(kind(3)), np.float64)


def test_families_keep_a_copy_that_cannot_be_changed():
    a = np.array([1.0, 2.0])
    p = Beta(a, 1.0)
    a[0] = -1.0
    assert p.a[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        p.a[0] = -1.0
    with pytest.raises(AttributeError):
        p.a = 3.0


def test_families_compare_and_hash_by_their_parameters():
    assert Beta(2, 5) == Beta(2.0, 5.0) != Beta(5, 2)
    assert Beta([1, 2], 3) == Beta([1.0, 2.0], 3.0)
    assert len({Beta([1, 2], 3), Beta([1.0, 2.0], 3.0), Normal(2, 3), Normal(2, 3)}) == 2
    p, q = (Mixture([0.5, 0.5], (Normal(0, 1), Normal(1, 1))) for _ in range(2))
    assert p == q
    assert hash(p) == hash(q)
    assert repr(Beta(2, 5)) == "Beta(a=2.0, b=5.0)"


NAN_FAMILIES = [
    Beta(2, 5), Beta(1, 1), Beta(1e8, 1e8), Normal(0, 1), Laplace(0, 1), StudentT(3, 0, 1),
    Bernoulli(0.3), Bernoulli(np.inf),
    Mixture([0.5, 0.5], (Normal(0, 1), Normal(3, 1))), Empirical([1.0]),
]  # fmt: skip


@pytest.mark.parametrize("family", NAN_FAMILIES, ids=repr)
def test_nan_goes_in_and_comes_out(family):
    out = family.log_prob([np.nan, 0.5])
    assert np.isnan(out[0])
    assert not np.isnan(out[1])


EXTREMES = [0.0, 1.0, -1.0, 2.0, 1e-323, -1e-323, 1e308, -1e308, np.inf, -np.inf, 1 - 1e-16, 0.5]
EXTREME_FAMILIES = [
    *(Beta(a, b) for a in (1e-300, 0.5, 1.0, 3.0, 1e6, 1e300) for b in (1e-300, 1.0, 1e6, 1e300)),
    *(Normal(mu, s) for mu in (0.0, 1e308, -1e308) for s in (5e-324, 1.0, 1e308)),
    *(Laplace(mu, s) for mu in (0.0, 1e308, -1e308) for s in (5e-324, 1.0, 1e308)),
    *(StudentT(nu, 1e308, s) for nu in (1e-300, 1.0, 1e300) for s in (5e-324, 1.0, 1e308)),
    *(StudentT(nu, 0.0, s) for nu in (1e-3, 3.0, 1e15) for s in (1e-300, 1.0)),
    *(Bernoulli(z) for z in (0.0, 1e308, -1e308, np.inf, -np.inf, 745.0)),
    Mixture([0.5, 0.5], (Normal(-40, 1), Normal(40, 1e-3))),
    Mixture([1.0, 0.0], (Normal(-1e300, 1e-300), Normal(1e300, 1e300))),
]  # fmt: skip


@pytest.mark.parametrize("family", EXTREME_FAMILIES, ids=repr)
def test_there_is_no_nan_and_no_warning_at_the_extremes(family):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not np.isnan(family.log_prob(EXTREMES)).any()
        for gradient in family.nll_gradient(EXTREMES).values():
            assert not np.isnan(gradient).any()
        if not isinstance(family, StudentT):
            assert not np.isnan(family.mean())
            assert not np.isnan(family.variance())
        if isinstance(family, Mixture):
            assert not np.isnan(family.score(EXTREMES)).any()
            np.testing.assert_allclose(family.responsibilities(EXTREMES).sum(axis=-1), 1)


@pytest.mark.parametrize("logits", [[1e308, -1e308, 0], [-np.inf, 0, -np.inf], [1e308] * 3])
def test_categorical_has_no_nan_at_the_extremes(logits):
    p = Categorical(logits)
    for y in (0, 1, 2, -1, 3, [0.2, 0.3, 0.5], [0.0, 1.0, 0.0]):
        assert not np.isnan(p.log_prob(y)).any()
        assert not np.isnan(p.nll_gradient(y)["logits"]).any()
    assert not np.isnan(p.entropy())
    assert p.log_prob(-1) == p.log_prob(3) == -np.inf


# What is thrown at every argument of every function: it is a ValueError of one short line that
# names the argument, or it is taken.
ZOO = {
    **NO_NUMBERS,
    "nan": np.nan, "inf": np.inf, "minus inf": -np.inf, "empty text": "", "bytes": b"1",
    "dict": {"a": 1}, "set": {1.0}, "function": len, "class": int, "generator": (i for i in ()),
    "nested": [[1.0, [2.0]], 3.0], "huge": 10**400, "long": list(range(20_000)), "minus 3": -3,
    "date": np.datetime64("2020-01-01"), "timedelta": np.timedelta64(3, "s"),
    "timedeltas": np.array([1, 2], "m8[s]"), "masked": np.ma.array([0.3, 0.5], mask=[0, 1]),
    "all masked": np.ma.masked, "float16": np.float16(0.5), "float16s": np.float16([0.25, 0.5]),
    "scalar array": np.array(0.5), "matrix": [[0.1, 0.9], [0.3, 0.7]],
    "cube": np.full((2, 1, 2), 0.5),
    "none of them": [], "nans": [np.nan, 1.0], "many texts": ["a"] * 100, "2.5": 2.5,
    "a Bernoulli": Bernoulli(0.3), "a Categorical": Categorical([0.0, 1.0, 2.0]),
    "an Empirical": Empirical([1.0, 2.0]), "Normals": Normal([0.0, 1.0], 1.0), "family": Normal,
}  # fmt: skip
N, TWO = Normal(0.0, 1.0), Mixture([0.5, 0.5], (Normal(-1.0, 1.0), Normal(2.0, 1.0)))
X, Y, LABELS = [0.0, 1.0, 2.0, 3.0, 4.0], [0.1, 1.2, 1.9, 3.3, 3.9], [0, 1, 0, 1, 1]
CALLS = {
    "alpha_branches": {"p": TWO},
    "alpha_divergence": {"p": N, "q": N, "alpha": 0.5},
    "best_answer": {"p": TWO, "loss": "zero_one", "tolerance": 0.1},
    "cross_entropy": {"p": N, "q": N},
    "descend": {"p": TWO, "start": N, "direction": "reverse", "method": "adam", "steps": 2,
                "rate": 0.1, "fixed_sigma": 1.0},
    "entropy": {"p": TWO},
    "excess": {"p": TWO, "t": 0.0, "order": 1},
    "fit_alpha_divergence": {"p": TWO, "alpha": 0.5},
    "fit_cross_entropy": {"family": Normal, "p": TWO},
    "fit_forward_kl": {"p": TWO},
    "fit_line": {"x": X, "y": Y},
    "fit_logistic": {"x": X, "y": LABELS},
    "fit_mle": {"family": Normal, "y": Y},
    "fit_reverse_kl": {"p": TWO, "fixed_sigma": 1.0},
    "fit_scaled_line": {"x": X, "y": Y, "link": "exp"},
    "forward_kl": {"p": TWO, "mu": 0.0, "log_sigma": 0.0},
    "head": {"family": "categorical", "classes": 2, "link": "exp", "loss": "full", "center": 0.0,
             "unit": 1.0},
    "highest_density_region": {"p": TWO, "mass": 0.5},
    "interval_risk": {"p": TWO, "low": 0.0, "high": 1.0, "loss": "absolute"},
    "jensen_shannon": {"p": N, "q": TWO},
    "kl": {"p": N, "q": TWO},
    "kl_parts": {"p": N, "q": TWO},
    "log_beta": {"a": 1.0, "b": 2.0},
    "log_bound_gap": {"z": 1.0},
    "log_softplus": {"x": 1.0},
    "nll": {"family": N, "y": Y},
    "renyi_divergence": {"p": N, "q": N, "alpha": 0.5},
    "reverse_branches": {"weights": (0.5, 0.5), "sigmas": (1.0, 1.0), "reach": 2.0},
    "reverse_kl": {"p": TWO, "mu": 0.0, "log_sigma": 0.0},
    "risk": {"p": TWO, "answer": 0.5, "loss": "zero_one", "tolerance": 0.1},
    "scale_of": {"raw": 1.0, "link": "exp"},
    "shortfall": {"p": TWO, "t": 0.0, "order": 1},
    "softplus": {"x": 1.0},
    "softplus_inverse": {"s": 1.0},
    "sum_of_squares": {"x": X, "y": Y, "w": 1.0, "c": 0.0},
    "train": {"x": X, "y": Y, "family": "normal", "hidden": 2, "method": "adam", "rate": 0.1,
              "decay": 0.0, "batch": 0, "steps": 3, "seed": 0, "link": "exp", "loss": "full",
              "held_out": None},
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of what overflows
@pytest.mark.parametrize("name", CALLS)
def test_whatever_is_handed_to_a_function_is_taken_or_refused_by_name(name):
    function, good = getattr(core, name), CALLS[name]
    function(**good)
    for argument in good:
        for what, bad in ZOO.items():
            try:
                function(**{**good, argument: bad})
            except ValueError as error:
                told, (named, _, _) = str(error), str(error).partition(" = ")
                known = (*good, "family", "shapes", " and ".join(("mu", "log_sigma")))
                assert named in known or named.split("[")[0] in good, (argument, what, told)
                assert len(told) <= 300, (argument, what)
                assert "\n" not in told
            except Exception as error:
                raise AssertionError((argument, what)) from error


def test_every_function_is_tried():
    functions = {name for name in core.__all__ if type(getattr(core, name)) is type(core.kl)}
    assert functions - CALLS.keys() == {"divergence_terms", "refuse"}


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_probabilities_of_few_digits_are_taken_as_those_that_sum_to_1(kind):
    rng = np.random.default_rng(0)
    for count in (2, 3, 10, 50):
        logits = rng.normal(size=(20, count)).astype(kind)
        p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        assert p.dtype == kind
        np.testing.assert_allclose(Categorical.from_probabilities(p).probabilities.sum(axis=-1), 1)
        np.testing.assert_array_less(0, Categorical(np.zeros(count)).nll(p))
        Mixture(p[0], (Normal(0, 1),) * count)
    three = Categorical.from_probabilities(np.float32([0.1, 0.2, 0.7]))
    np.testing.assert_allclose(three.nll(2), 0.356674953518, rtol=1e-12)
    with pytest.raises(ValueError, match=r"^p = "):
        Categorical.from_probabilities(np.float64([0.1, 0.2, 0.7]).astype(np.float32).astype(float))


@pytest.mark.parametrize("loss", ["square", "", None, [], np.array(["squared"])])
def test_a_loss_that_is_unknown_is_refused_and_not_taken_for_another(loss):
    for call in (lambda: core.risk(N, 0.0, loss), lambda: core.best_answer(N, loss),
                 lambda: core.interval_risk(N, 0.0, 1.0, loss)):  # fmt: skip
        with pytest.raises(ValueError, match=r"^loss = .*one of 'zero_one', 'absolute', 'squared'"):
            call()


def test_classes_are_counted_within_reason():
    with pytest.raises(ValueError, match=r"^y = .*whole class numbers from 0 to 999999"):
        core.fit_mle(Categorical, [0, 10**9])
    for classes in (2.5, -1, "3", 10**9):
        with pytest.raises(ValueError, match=r"^classes = .*a whole number from 1"):
            core.fit_mle(Categorical, [0, 1], classes=classes)
    assert core.fit_mle(Categorical, [0, 1], classes=np.int64(3)).probabilities.shape == (3,)
