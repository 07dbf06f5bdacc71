"""Bad input gets a worded error: the name, the rule, the value. Nothing is computed first."""

import numpy as np
import pytest

from reglib import datasets, losses, solvers, tuning
from reglib.diagnostics import (
    condition_number,
    effective_dof,
    gradient_error,
    step_limit,
    top_eigenvalue,
)
from reglib.penalties import (
    L1,
    L2,
    ElasticNet,
    GroupLasso,
    Masked,
    Nuclear,
    Orthogonal,
    Spectral,
    SpectralBall,
)
from reglib.solvers.homotopy import homotopy

X, Y = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]), np.array([1.0, 2.0, 3.0])
LOSS = losses.SquaredError(X, Y)
NAN, INF = float("nan"), float("inf")
RNG = np.random.default_rng(0)
HALVES = [([0], [1]), ([1], [0])]


def descend(**options):
    return solvers.gradient_descent(LOSS, None, [0, 0], **{"step": 1, **options})


# Everything that takes a table and targets, a strength, a step: a new function joins the list.
TAKES_DATA = {
    "SquaredError": losses.SquaredError,
    "HuberLoss": lambda X, y: losses.HuberLoss(X, y, 1.0),
    "add_noise": lambda X, y: datasets.add_noise(X, y, 0.1, copies=2, rng=RNG),
    "input_dropout": lambda X, y: datasets.input_dropout(X, y, 0.1, copies=2, rng=RNG),
    "least_squares": solvers.least_squares,
    "ridge": lambda X, y: solvers.ridge(X, y, 1.0),
    "ridge_path": lambda X, y: solvers.ridge_path(X, y, [1.0]),
    "lasso_path": solvers.lasso_path,
    "homotopy": homotopy,
    "elastic_net_path": lambda X, y: solvers.elastic_net_path(X, y, l1_ratio=0.5),
    "duality_gap": lambda X, y: solvers.duality_gap(X, y, np.zeros(3), 1.0),
    "ridge_loo": lambda X, y: tuning.ridge_loo(X, y, [1.0]),
    "gcv": lambda X, y: tuning.gcv(X, y, [1.0]),
    "cross_validate": lambda X, y: tuning.cross_validate(X, y, [1.0], HALVES, scale=False),
}
TAKES_LAM = {
    "L1": L1,
    "L2": L2,
    "ElasticNet": lambda lam: ElasticNet(lam, 0.5),
    "GroupLasso": lambda lam: GroupLasso(lam, [0, 1]),
    "Nuclear": lambda lam: Nuclear(lam, (1, 2)),
    "Spectral": lambda lam: Spectral(lam, (1, 2)),
    "Orthogonal": lambda lam: Orthogonal(lam, (1, 2)),
    "ridge": lambda lam: solvers.ridge(X, Y, lam),
    "duality_gap": lambda lam: solvers.duality_gap(X, Y, [0.0, 0.0], lam),
    "effective_dof": lambda lam: effective_dof(X, lam),
    "step_limit": lambda lam: step_limit(LOSS, lam),
    "step_limit, shrink_after": lambda lam: step_limit(LOSS, lam, "shrink_after"),
    "condition_number": lambda lam: condition_number(LOSS, lam),
}
TAKES_STEP = {
    "L1.prox": lambda step: L1(1.0).prox([1.0], step),
    "L2.prox": lambda step: L2(1.0).prox([1.0], step),
    "ElasticNet.prox": lambda step: ElasticNet(1.0, 0.5).prox([1.0], step),
    "GroupLasso.prox": lambda step: GroupLasso(1.0, [0]).prox([1.0], step),
    "Nuclear.prox": lambda step: Nuclear(1.0, (1, 1)).prox([1.0], step),
    "Spectral.prox": lambda step: Spectral(1.0, (1, 1)).prox([1.0], step),
    "Orthogonal.prox": lambda step: Orthogonal(1.0, (1, 1)).prox([1.0], step),
    "SpectralBall.prox": lambda step: SpectralBall(1.0, (1, 1)).prox([1.0], step),
    "gradient_descent": lambda step: solvers.gradient_descent(LOSS, None, [0.0, 0.0], step=step),
    "backtracking": lambda step: solvers.backtracking(LOSS, [0.0, 0.0], step=step),
    "barzilai_borwein": lambda step: solvers.barzilai_borwein(LOSS, [0.0, 0.0], step=step),
    "proximal_gradient": lambda step: solvers.proximal_gradient(
        LOSS, L1(1.0), [0.0, 0.0], step=step
    ),
}
TAKES_START = {
    "gradient_descent": lambda w0: solvers.gradient_descent(LOSS, None, w0, step=0.1),
    "backtracking": lambda w0: solvers.backtracking(LOSS, w0, step=0.1),
    "barzilai_borwein": lambda w0: solvers.barzilai_borwein(LOSS, w0, step=0.1),
    "proximal_gradient": lambda w0: solvers.proximal_gradient(LOSS, L1(1.0), w0),
    "coordinate_descent": lambda w0: solvers.coordinate_descent(LOSS, L1(1.0), w0),
}
TAKES_WEIGHTS = {
    "value": LOSS.value,
    "gradient": LOSS.gradient,
    "hessian_vector": lambda w: LOSS.hessian_vector(w, [1.0, 1.0]),
    "hessian_vector's v": lambda v: LOSS.hessian_vector([1.0, 1.0], v),
    "Masked": Masked(L2(1.0), [True, False]).value,
    "GroupLasso": GroupLasso(1.0, [0, 1]).value,
    "Nuclear": Nuclear(1.0, (1, 2)).value,
    "SpectralBall": SpectralBall(1.0, (1, 2)).subgradient,
    "LogisticLoss": losses.LogisticLoss(X, [0.0, 1.0, 1.0]).gradient,
    "HuberLoss": losses.HuberLoss(X, Y, 1.0).value,
    "HuberLoss's v": lambda v: losses.HuberLoss(X, Y, 1.0).hessian_vector([1.0, 1.0], v),
    "duality_gap": lambda w: solvers.duality_gap(X, Y, w, 1.0),
    "gradient_error": lambda w: gradient_error(LOSS, w),
    "top_eigenvalue": lambda w: top_eigenvalue(LOSS, w, rng=RNG),
    **TAKES_START,
}


def each(table):
    return pytest.mark.parametrize("call", table.values(), ids=table)


@each(TAKES_DATA)
@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (X * [[1, NAN]], Y, r"X must be finite, got nan at index \(0, 1\)"),
        (X, [1.0, INF, 2.0], r"y must be finite, got inf at index \(1,\)"),
        (X, Y[:2], r"same number of rows, got \(3, 2\) and \(2,\)"),
        (X, Y[:, None], r"y must have shape \(n,\), got \(3, 1\); pass y\[:, 0\]"),
        (X, np.ones((3, 2)), r"y must have 1 axes, got shape \(3, 2\)"),
        (X[:0], Y[:0], r"X must not be empty, got shape \(0, 2\)"),
        (X[:, :0], Y, r"X must not be empty, got shape \(3, 0\)"),
        (Y, Y, r"X must have 2 axes, got shape \(3,\)"),
    ],
)
def test_data_that_cannot_be_fitted(call, X, y, words):
    with pytest.raises(ValueError, match=words):
        call(X, y)


@each(TAKES_DATA)
@pytest.mark.parametrize("bad", [[["a", "b"]], [[1.0], [1.0, 2.0]], [[1j, 2.0]], None], ids=str)
def test_data_that_are_no_numbers(call, bad):
    with pytest.raises(TypeError, match="X must be an array of real numbers, got "):
        call(bad, Y)


@each(TAKES_DATA)
def test_lists_integers_and_more_columns_than_rows_are_fine(call):
    call([[1, 2, 3], [4, 5, 7]], [1, 2])


@each(TAKES_LAM)
@pytest.mark.parametrize(
    ("lam", "words"),
    [
        (-1, r"lam must be finite and >= 0, got -1$"),
        (NAN, r"lam must be finite and >= 0, got nan$"),
        (INF, r"lam must be finite and >= 0, got inf$"),
        ([[1.0], [-2.0]], r"lam must be finite and >= 0, got -2$"),
        (
            [0.1, 1.0],
            r"lam must be a number or .* last axis is 1, got shape \(2,\); .*lam\[:, None\]",
        ),
        (np.ones((0, 1)), r"lam must not be empty"),
    ],
)
def test_a_strength_that_is_none(call, lam, words):
    with pytest.raises(ValueError, match=words):
        call(lam)


@each(TAKES_LAM)
@pytest.mark.parametrize("lam", ["1", None, [["a"]]], ids=str)
def test_a_strength_that_is_no_number(call, lam):
    with pytest.raises(TypeError, match="lam must be an array of real numbers, got "):
        call(lam)


@each(TAKES_LAM)
@pytest.mark.parametrize("lam", [0, 1, 0.5, np.float32(2), [[1], [2]]], ids=str)
def test_integers_and_lists_are_strengths_too(call, lam):
    call(lam)


@each(TAKES_STEP)
@pytest.mark.parametrize(
    ("step", "words"),
    [
        (0, r"step must be finite and > 0, got 0$"),
        (-0.5, r"step must be finite and > 0, got -0.5$"),
        (NAN, r"step must be finite and > 0, got nan$"),
        (INF, r"step must be finite and > 0, got inf$"),
        ([0.1, 1.0], r"step must be a number or .*step\[:, None\]"),
    ],
)
def test_a_step_that_is_none(call, step, words):
    with pytest.raises(ValueError, match=words):
        call(step)


@each(TAKES_START)
@pytest.mark.parametrize("bad", [NAN, INF])
def test_weights_to_start_from_must_be_finite(call, bad):
    with pytest.raises(ValueError, match=r"w0 must be finite, got (nan|inf) at index \(1,\)"):
        call([0.0, bad])


@each(TAKES_START)
def test_weights_to_start_from_need_an_axis(call):
    with pytest.raises(ValueError, match="w0 must have at least one axis, got the scalar 1.0"):
        call(1.0)


@each(TAKES_WEIGHTS)
def test_a_wrong_number_of_weights_names_both_shapes(call):
    with pytest.raises(ValueError, match=r"must have 2 entries.*\(3,\).*\((\d, )?2,?\)"):
        call([1.0, 2.0, 3.0])


@each(TAKES_WEIGHTS)
def test_no_weights_at_all(call):
    with pytest.raises(ValueError, match=r"must (not be empty|have 2 entries).*\(0,\)"):
        call([])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: descend(placement="inside"),
            ValueError,
            "placement must be one of 'coupled', .*, got 'inside'",
        ),
        (
            lambda: step_limit(LOSS, 1.0, "inside"),
            ValueError,
            "placement must be one of 'coupled', .*, got 'inside'",
        ),
        (lambda: descend(max_iter=0), ValueError, "max_iter must be >= 1, got 0"),
        (lambda: descend(max_iter=2.5), TypeError, "max_iter must be a whole number, got 2.5"),
        (lambda: descend(tol=-1), ValueError, "tol must be finite and >= 0, got -1"),
        (
            lambda: ElasticNet(1.0, 1.5),
            ValueError,
            "l1_ratio must be finite and between 0 and 1, got 1.5",
        ),
        (
            lambda: Masked(L2(1.0), [0, 1]),
            TypeError,
            r"mask must be an array of True and False, got \[0, 1\]",
        ),
        (
            lambda: Masked(L2(1.0), [[True]]),
            ValueError,
            r"mask must have one axis and an entry, got shape \(1, 1\)",
        ),
        (
            lambda: GroupLasso(1.0, [0.5, 1.0]),
            TypeError,
            r"groups must be an array of whole numbers, got \[0.5, 1.0\]",
        ),
        (
            lambda: GroupLasso(1.0, [[0, 1]]),
            ValueError,
            r"groups must have one axis and an entry, got shape \(1, 2\)",
        ),
        (
            lambda: GroupLasso(1.0, np.zeros(0, int)),
            ValueError,
            r"groups must have one axis and an entry, got shape \(0,\)",
        ),
        (
            lambda: GroupLasso(1.0, [[0], [1, 2]]),
            TypeError,
            r"groups must be an array of whole numbers, got \[\[0\], \[1, 2\]\]",
        ),
        (lambda: Nuclear(1.0, 6), TypeError, r"shape must be a pair \(rows, columns\), got 6"),
        (lambda: Spectral(1.0, (2, 0)), ValueError, r"shape\[1\] must be >= 1, got 0"),
        (lambda: SpectralBall(0.0, (2, 3)), ValueError, "c must be finite and > 0, got 0"),
        (
            lambda: losses.LogisticLoss(X, [0, 1, -1]),
            ValueError,
            "y must hold only 0 and 1, got -1 at index 2",
        ),
        (
            lambda: solvers.ridge(X, Y, 1.0, mask=[True]),
            ValueError,
            r"mask must have 2 entries.*\(1,\).*\(3, 2\)",
        ),
        (
            lambda: step_limit(np.ones((2, 3))),
            ValueError,
            r"hessian must be square, got shape \(2, 3\)",
        ),
        (lambda: step_limit([[1.0, 2.0], [3.0, 4.0]]), ValueError, "hessian must be symmetric"),
        (
            lambda: step_limit([[1.0, NAN], [NAN, 1.0]]),
            ValueError,
            r"hessian must be finite, got nan at index \(0, 1\)",
        ),
        (
            lambda: step_limit(LOSS, [[1.0]], "shrink_after", islands=True),
            ValueError,
            r"islands need lam to be a number, got an array of shape \(1, 1\)",
        ),
        (
            lambda: step_limit(LOSS, [[1.0]], islands=True),
            ValueError,
            r"islands need lam to be a number, got an array of shape \(1, 1\)",
        ),
        (
            lambda: gradient_error(LOSS, [NAN, 0.0]),
            ValueError,
            r"w must be finite, got nan at index \(0,\)",
        ),
        (
            lambda: top_eigenvalue(LOSS, [0.0, INF], rng=RNG),
            ValueError,
            r"w must be finite, got inf at index \(1,\)",
        ),
        (
            lambda: top_eigenvalue(LOSS, [0.0, 0.0], rng=0),
            TypeError,
            "rng must be a numpy.random.Generator, got 0",
        ),
        (
            lambda: datasets.standardize([[1.0, NAN], [2.0, 3.0]]),
            ValueError,
            r"X must be finite, got nan at index \(0, 1\)",
        ),
        (
            lambda: datasets.standardize(np.ones((0, 2))),
            ValueError,
            r"X must not be empty, got shape \(0, 2\)",
        ),
        (
            lambda: datasets.standardize(X, []),
            ValueError,
            r"rows must not be empty, got shape \(0,\)",
        ),
        (lambda: LOSS.on([]), ValueError, r"rows must not be empty"),
        (lambda: LOSS.on([0, 9]), ValueError, r"rows must be .* from -3 to 2, .* got \[0, 9\]"),
        (
            lambda: LOSS.on([True]),
            ValueError,
            r"rows must be .* 3 times True or False, got \[True\]",
        ),
        (lambda: datasets.standardize(X, "ab"), ValueError, "rows must be a slice, .* got 'ab'"),
        (
            lambda: solvers.gradient_descent(LOSS, 3.0, [0, 0], step=1),
            TypeError,
            r"penalty must be a penalty such as L2\(0.1\), got 3.0",
        ),
        (
            lambda: solvers.gradient_descent(LOSS, L1, [0, 0], step=1),
            TypeError,
            "penalty must be a penalty",
        ),
        (
            lambda: solvers.proximal_gradient(LOSS, None, [0, 0]),
            TypeError,
            "penalty must be a penalty .* got None",
        ),
        (lambda: Masked(3.0, [True]), TypeError, "penalty must be a penalty"),
        (
            lambda: descend(tol=[[1e-3], [1e-6]]),
            ValueError,
            r"tol must be a number, got shape \(2, 1\)",
        ),
        (
            lambda: solvers.gradient_descent(LOSS, None, np.zeros((5, 2)), step=[[1], [2], [3]]),
            ValueError,
            r"axes must fit together, got \(5, 2\) of w0, \(3, 1\) of step; give each sweep",
        ),
        (
            lambda: step_limit([[-3.0]]),
            ValueError,
            "hessian must have no negative eigenvalue, got -3",
        ),
        (lambda: top_eigenvalue(LOSS, 3.0, rng=RNG), ValueError, "w must have at least one axis"),
        (
            lambda: top_eigenvalue(LOSS, [0.0, 0.0], rng=RNG, tol=-1),
            ValueError,
            "tol must be finite and >= 0, got -1",
        ),
        (
            lambda: L1(1.0).value(np.ma.masked_array([1.0, 2.0], [0, 1])),
            TypeError,
            "w must be an array without masked entries",
        ),
    ],
)
def test_every_other_error_says_name_rule_and_value(call, error, words):
    with pytest.raises(error, match=words):
        call()
