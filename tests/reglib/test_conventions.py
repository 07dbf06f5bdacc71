"""One fit, many numbers: each library's strength, translated, gives the fit that ours gives."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import lsq_linear
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.neural_network import MLPRegressor

from reglib.conventions import CONVENTIONS, ELASTIC_NETS, translate, translate_elastic_net
from reglib.losses import LogisticLoss, SquaredError
from reglib.optimizers import AdamScaling, Optimizer, WeightDecay
from reglib.penalties import L1, Masked
from reglib.solvers import elastic_net_path, lasso_path, newton, proximal_gradient, ridge
from trial.data import FOLDER

RECORDED = json.loads((FOLDER / "recorded" / "conventions.json").read_text())
LINEAR = json.loads((FOLDER / "recorded" / "linear_models.json").read_text())["fitted"]
X, Y, LABELS = (np.array(RECORDED[name]) for name in ("X", "y", "labels"))
N = len(X)
S, S_FREE = Y.std(), np.sqrt(np.mean(Y**2))
ALIKE = {"n": N, "y_std": S}

SGD = {"learning_rate": "invscaling", "power_t": 0.25, "average": True, "tol": None}
SCIKIT_LEARN = {
    "scikit-learn Ridge": lambda v: Ridge(v),
    "scikit-learn Lasso": lambda v: Lasso(v, tol=1e-12),
    "scikit-learn ElasticNet": lambda v: ElasticNet(v, l1_ratio=0.4, tol=1e-12),
    "scikit-learn SGDRegressor": lambda v: SGDRegressor(
        alpha=v, eta0=0.05, max_iter=8000, random_state=0, **SGD
    ),
    "scikit-learn SGDClassifier, log_loss": lambda v: SGDClassifier(
        "log_loss", alpha=v, eta0=1.0, max_iter=3000, random_state=0, **SGD
    ),
    "scikit-learn MLPRegressor": lambda v: MLPRegressor(
        hidden_layer_sizes=(), activation="identity", solver="lbfgs", alpha=v, tol=1e-14,
        max_iter=10_000, random_state=0,
    ),
    "scikit-learn LogisticRegression": lambda v: LogisticRegression(C=v, tol=1e-10),
    "scikit-learn LogisticRegression, L1": lambda v: LogisticRegression(
        C=v, l1_ratio=1.0, solver="saga", tol=1e-10, max_iter=100_000
    ),
}  # fmt: skip
CLOSE = {"scikit-learn SGDRegressor": 0.01, "scikit-learn SGDClassifier, log_loss": 0.02}
RUN_ELSEWHERE = [case for name in ("torch", "keras", "glmnet") for case in RECORDED[name]]


def strength(case):
    return next(case[name] for name in ("value", "weight_decay", "lambda") if name in case)


def ours(penalty, measures, lam, intercept=True, l1_ratio=0.4, held_intercept=False):
    """(intercept, weights...) at the minimum of the book's objective."""
    table = np.column_stack([np.ones(N), X]) if intercept else X
    mask = np.r_[[held_intercept] * intercept, [True] * 3].astype(bool)
    if measures == "log-loss" and penalty == "L1":
        loss = LogisticLoss(table, LABELS)
        run = proximal_gradient(
            loss, Masked(L1(lam), mask), np.zeros(len(mask)), tol=1e-10, max_iter=10**6
        )
        w = run.w
    elif measures == "log-loss":
        w = newton(LogisticLoss(table, LABELS), lam, np.zeros(len(mask)), mask=mask).w
    elif penalty == "L2":
        w = ridge(table, Y, lam, mask=mask)
    else:
        x_mean, y_mean = (X.mean(axis=0), Y.mean()) if intercept else (np.zeros(3), 0.0)
        path = lasso_path if penalty == "L1" else elastic_net_path
        options = {} if penalty == "L1" else {"l1_ratio": l1_ratio}
        (w,) = path(X - x_mean, Y - y_mean, [lam], **options).w
        w = np.r_[y_mean - x_mean @ w, w] if intercept else w
    return w if intercept else np.r_[0.0, w]


def alike(name, lam, **options):
    c = CONVENTIONS[name]
    _, _, measures = c.family.partition(" with ")
    return ours(c.penalty, measures, lam, **options)


def test_every_convention_is_fitted_here_or_was_fitted_by_its_library():
    fitted = {*SCIKIT_LEARN, *(case["case"] for case in RUN_ELSEWHERE + LINEAR)}
    assert {"ours", *fitted} >= set(CONVENTIONS)


@pytest.mark.parametrize("lam", [0.02, 0.08])
@pytest.mark.parametrize("name", SCIKIT_LEARN)
def test_scikit_learn_fits_the_translated_strength(name, lam):
    y = LABELS if "log-loss" in CONVENTIONS[name].family else Y
    fitted = SCIKIT_LEARN[name](translate(lam, "ours", name, n=N)).fit(X, y)
    layers = hasattr(fitted, "coefs_")
    w = np.ravel(fitted.coefs_[0] if layers else fitted.coef_)
    b = np.ravel(fitted.intercepts_[0] if layers else fitted.intercept_)
    gap = np.abs(np.r_[b, w] - alike(name, lam)).max()
    assert gap < CLOSE.get(name, 1e-4)
    twice = np.abs(alike(name, 2 * lam) - alike(name, lam)).max()
    assert twice > 3 * CLOSE.get(name, 1e-4)  # so a factor of 2 would have been seen


@pytest.mark.parametrize(
    "case", [c for c in RUN_ELSEWHERE if c["case"] in CONVENTIONS and c["case"] != "AdamW"], ids=str
)
def test_what_another_library_fitted_is_our_fit_for_the_translated_strength(case):
    name, intercept = case["case"], case.get("intercept", False)
    lam = translate(strength(case), name, "ours", n=N, y_std=S if intercept else S_FREE)
    expected = alike(name, lam, intercept=intercept)
    np.testing.assert_allclose(case["w"], expected[4 - len(case["w"]) :], rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("case", LINEAR, ids=lambda case: case["case"])
def test_what_statsmodels_xgboost_lightgbm_and_optax_fitted_is_our_fit(case):
    """XGBoost and LightGBM count in single precision."""
    name, w = case["case"], np.array(case["w"])
    lam = float(translate(case["value"], name, "ours", n=N))
    if "leaf" in name:
        expected = ridge(np.column_stack([LABELS == 0, LABELS == 1]).astype(float), Y, lam)
    else:
        expected = alike(name, lam, intercept=len(w) == 4)[4 - len(w) :]
    rough = name.startswith(("XGBoost", "LightGBM"))
    np.testing.assert_allclose(w, expected, rtol=2e-5 if rough else 2e-6, atol=1e-7)
    other = alike(name, 2 * lam, intercept=len(w) == 4)[4 - len(w) :] if len(w) > 2 else 2 * w
    assert np.abs(other - expected).max() > 1e-3


def recorded(name):
    return [case for case in RUN_ELSEWHERE if case["case"] == name]


def test_glmnet_mixes_its_two_parts_in_another_ratio():
    (case,) = recorded("glmnet")
    lam, r = translate_elastic_net(case["lambda"], case["alpha"], "glmnet", "ours", y_std=S)
    assert abs(r - case["alpha"]) > 0.1
    expected = ours("elastic net", "squared error", lam, l1_ratio=r)
    np.testing.assert_allclose(case["w"], expected, rtol=1e-6)


def test_glmnet_with_a_family_object_does_not_scale_y():
    (case,) = recorded("family = gaussian()")
    np.testing.assert_allclose(case["w"], ours("L2", "squared error", case["lambda"]), rtol=1e-6)


def test_weight_decay_on_every_parameter_penalizes_the_intercept_too():
    (case,) = recorded("bias")
    lam = translate(case["weight_decay"], "PyTorch, MSELoss", "ours")
    held = ours("L2", "squared error", lam, held_intercept=True)
    np.testing.assert_allclose(case["w"], held, rtol=1e-6)
    assert abs(held[0] - ours("L2", "squared error", lam)[0]) > 0.1


def test_two_outputs_of_a_softmax_share_the_penalty():
    """w_1 = -w_0 at the minimum, so |w_0|^2 + |w_1|^2 is half of the square of their difference."""
    (case,) = recorded("two outputs")
    w = np.array(case["w"]).reshape(2, 3)
    lam = translate(case["weight_decay"], "PyTorch, cross-entropy", "ours") / 2
    expected = ours("L2", "log-loss", lam, intercept=False)[1:]
    np.testing.assert_allclose(w[1] - w[0], expected, rtol=1e-6)


def test_momentum_divides_a_decoupled_decay():
    """At rest the velocity -s g / (1 - m) undoes the decay s v w: g + (1 - m) v w = 0."""
    (case,) = recorded("momentum 0.9")
    plain = translate(case["value"], "Keras SGD without momentum, mse", "ours")
    expected = ours("L2", "squared error", (1 - 0.9) * plain, intercept=False)[1:]
    np.testing.assert_allclose(case["w"], expected, rtol=1e-6)


def test_adamw_ends_in_a_box_and_no_lam_ends_there():
    lams = np.r_[0, np.geomspace(1e-4, 1e3, 400)][:, None]
    for case in recorded("AdamW, 20000 steps"):
        edge = 1 / case["weight_decay"]
        box = lsq_linear(X, Y, (-edge, edge)).x
        np.testing.assert_allclose(case["w"], box, atol=0.005)
        nearest = np.abs(ridge(X, Y, lams) - case["w"]).max(axis=-1).min()
        assert nearest > 0.05 if edge == 1 else nearest < 1e-4  # in a wide box nothing shrinks


def test_adamw_is_the_same_in_pytorch_in_keras_and_here():
    torch, keras = recorded("AdamW")
    loss, sgd = SquaredError(X, Y), (AdamScaling(), WeightDecay(1.0))
    w, memory = np.zeros(3), None
    for k in range(2000):
        optimizer = Optimizer(*sgd, learning_rate=0.1 * 0.995**k)
        memory = optimizer.start(w) if memory is None else memory
        w, memory = optimizer.step(w, gradient=2 * loss.gradient(w), memory=memory)
    np.testing.assert_allclose(torch["w"], w, rtol=1e-6)
    np.testing.assert_allclose(keras["w"], w, rtol=1e-5)


PAIRS = [
    (a, b)
    for a, b in itertools.product(CONVENTIONS, repeat=2)
    if "AdamW" not in (a, b)
    and len({CONVENTIONS[c].penalty for c in (a, b)} - {"any"}) < 2
    and len({"log" in CONVENTIONS[c].family for c in (a, b) if c != "ours"}) < 2
]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_there_and_back_is_where_it_began(a, b):
    values = np.array([[1e-8], [0.3], [1.0], [1e5]])
    there = translate(values, a, b, **ALIKE)
    np.testing.assert_allclose(translate(there, b, a, **ALIKE), values, rtol=1e-14)
    through = translate(translate(values, a, "ours", **ALIKE), "ours", b, **ALIKE)
    np.testing.assert_allclose(there, through, rtol=1e-14)
    loop = [translate(float(v), a, b, **ALIKE) for v in values[:, 0]]
    np.testing.assert_array_equal(there[:, 0], loop)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(ELASTIC_NETS, repeat=2)))
@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0])
def test_an_elastic_net_comes_back_with_its_ratio(a, b, ratio):
    there = translate_elastic_net(0.7, ratio, a, b, y_std=S)
    back = translate_elastic_net(*there, b, a, y_std=S)
    np.testing.assert_allclose(back, (0.7, ratio), rtol=1e-14)


def evaluated(formula, w, v, name):
    """A formula of the page as arithmetic."""
    margin = (2 * LABELS - 1) * (X @ w)
    values = {
        "‖Xw - y‖²": np.sum((X @ w - Y) ** 2),
        "Σ log-loss": np.logaddexp(0, -margin).sum(),
        "‖w‖²": w @ w,
        "‖w‖₁": np.abs(w).sum(),
        name: v,
    }
    for text, value in values.items():
        formula = formula.replace(text, f"({float(value)!r})")
    formula = re.sub(r"\br\b", "0.4", formula).replace("(2n)", "(2*n)").replace("(2s)", "(2*s)")
    formula = re.sub(r"(?<=[\w)]) (?=[\w(])", "*", formula)
    return eval(formula, {"n": N, "s": S})


@pytest.mark.parametrize("name", [c for c in CONVENTIONS if c not in ("ours", "AdamW")])
def test_the_formula_on_the_page_is_a_multiple_of_ours(name):
    c, lam = CONVENTIONS[name], 0.3
    v = translate(lam, "ours", name, **ALIKE)
    parameter, _, right = c.rule.partition(" = ")
    right = re.sub(r"(?<=[\w)]) (?=[\w(])", "*", right)
    assert eval(right, {"n": N, "s": S, "lam": lam}) == pytest.approx(v)
    log = "log-loss" in c.family
    loss = LogisticLoss(X, LABELS) if log else SquaredError(X, Y)
    ratio = {"L2": 0.0, "L1": 1.0, "elastic net": 0.4}[c.penalty]
    multiples = [
        evaluated(c.objective, w, v, parameter)
        / (loss.value(w) + lam * (ratio * np.abs(w).sum() + (1 - ratio) / 2 * w @ w))
        for w in np.random.default_rng(0).normal(size=(5, 3))
    ]
    np.testing.assert_allclose(multiples, multiples[0], rtol=1e-12)


def test_the_table_on_the_notation_page_is_the_one_in_the_code():
    page = (Path(__file__).parents[2] / "book" / "notation.md").read_text(encoding="utf-8")
    rows = [
        f"| {c.name} | `{c.rule}` |" if c.number else f"| {c.name} | {c.rule} |"
        for c in CONVENTIONS.values()
        if c.name != "ours"
    ]
    head, _, rest = page.partition("| library | in ours |\n|---|---|\n")
    assert rest.partition("\n\n")[0].split("\n") == rows


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: translate(1.0, "ours", "Ridge"), "target must be one of 'ours', .* got 'Ridge'"),
        (lambda: translate(1.0, 3, "ours"), "source must be one of 'ours', .* got 3"),
        (
            lambda: translate(1.0, "ours", "scikit-learn Ridge"),
            "n must be given: 'scikit-learn Ridge' needs it, got None",
        ),
        (lambda: translate(1.0, "scikit-learn Ridge", "ours", n=0), "n must be >= 1, got 0"),
        (
            lambda: translate(1.0, "glmnet, alpha = 0", "ours"),
            "y_std must be given: 'glmnet, alpha = 0' needs it, got None",
        ),
        (
            lambda: translate(1.0, "ours", "glmnet, alpha = 0", y_std=0.0),
            "y_std must be finite and > 0, got 0",
        ),
        (lambda: translate(-1.0, "ours", "Keras L2, mse"), "value must be finite and >= 0, got -1"),
        (
            lambda: translate(0.0, "ours", "scikit-learn LogisticRegression", n=5),
            "value must be finite and > 0, got 0",
        ),
        (
            lambda: translate(1.0, "scikit-learn Ridge", "scikit-learn Lasso", n=5),
            "target must be L2 with squared error, as 'scikit-learn Ridge' is, "
            "got 'scikit-learn Lasso, L1 with squared error'",
        ),
        (
            lambda: translate(1.0, "Keras L2, mse", "PyTorch, cross-entropy"),
            "target must be L2 with squared error, as .* got .*log-loss",
        ),
        (
            lambda: translate(1.0, "ours", "AdamW"),
            "convention must have a lam \\(Adam scales the gradient and not the decay, .*'AdamW'",
        ),
        (lambda: translate(1.0, "AdamW", "ours"), "convention must have a lam .* got 'AdamW'"),
        (
            lambda: translate([0.1, 0.2], "ours", "ours"),
            r"value must be a number or an array whose last axis is 1, got shape \(2,\)",
        ),
        (
            lambda: translate_elastic_net(0.0, 0.5, "ours", "glmnet", y_std=1.0),
            "value must be finite and > 0, got 0",
        ),
        (
            lambda: translate_elastic_net(1.0, 1.5, "ours", "glmnet", y_std=1.0),
            "l1_ratio must be finite and between 0 and 1, got 1.5",
        ),
        (lambda: translate_elastic_net(1.0, 0.5, "ours", "Keras"), "target must be one of 'ours'"),
        (lambda: translate_elastic_net(1.0, 0.5, "ours", "glmnet"), "y_std must be given"),
    ],
)
def test_a_translation_that_cannot_be_made_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(("n", "y_std"), [(2.5, 1.0), ("5", 1.0), (True, 1.0), (5, "one")])
def test_a_number_of_rows_or_a_scale_of_another_kind_is_a_type_error(n, y_std):
    with pytest.raises(TypeError, match="must be a"):
        translate(translate(1.0, "ours", "scikit-learn Ridge", n=n), "scikit-learn Ridge",
                  "glmnet, alpha = 0", n=n, y_std=y_std)  # fmt: skip
