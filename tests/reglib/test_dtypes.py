"""The dtype of what comes in decides nothing: arrays are float64 before anything is computed."""

import inspect
from dataclasses import fields, is_dataclass
from importlib import import_module

import numpy as np
import pytest

import reglib
from reglib import (
    conventions,
    diagnostics,
    losses,
    optimizers,
    penalties,
    solvers,
    training,
    tuning,
)
from reglib.networks import MLP, SigmoidUnit
from reglib.solvers.homotopy import homotopy

X = np.column_stack([np.arange(8) % 2, np.arange(8) // 5 * 5, (np.arange(8) % 3) * 3])
Y, W, V = np.array([3, 1, 4, 1, 5, 9, 2, 6]), np.array([1, 3, 2]), np.array([2, 1, 1])
COLUMN, MASK = np.array([[1], [2]]), np.array([True, False, True])
DTYPES = [np.float16, np.float32, np.longdouble, np.int8, np.uint8, np.uint64, ">f8", ">i2", bool]
HALVES = [(np.r_[0:3, 5:7], np.r_[3:5, 7]), (np.r_[3:5, 7], np.r_[0:3, 5:7])]
SQUARED, NET = losses.SquaredError(X, Y), MLP(X, Y, (2,))
SGD = optimizers.Optimizer(optimizers.AdamScaling(), learning_rate=0.1)
RECORDS = ("Augmented", "Cleaned", "Data", "Sequences", "Standardized")


def public(*wanted):
    """Every public function or class that takes arguments of these names."""
    for room in reglib.__all__:
        module = import_module(f"reglib.{room}")
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if callable(thing) and name not in RECORDS:
                if set(wanted) <= set(inspect.signature(thing).parameters):
                    yield name, thing


DATA = {**dict(public("X", "y")), **dict(public("u", "y")), "homotopy": homotopy}
ARRAYS = {"X": X, "y": Y, "u": X[:, :, None], "w": W, "lam": COLUMN, "lams": [2, 1], "sigma": W}
FIXED = {"folds": HALVES, "copies": 2, "p": 0.5, "hidden": 2, "sizes": (2,)}


def of_data(name, function):
    """A call with the table and the targets, and of a class all that its object says."""

    def call(cast):
        needed = inspect.signature(function).parameters
        given = {k: cast(a) for k, a in ARRAYS.items() if k in needed}
        given |= {k: value for k, value in FIXED.items() if k in needed}
        given |= {"rng": np.random.default_rng(1)} if "rng" in needed else {}
        given |= {"delta": cast(COLUMN)} if name == "HuberLoss" else {}
        given |= {"l1_ratio": 0.5} if name == "elastic_net_path" else {}
        if name == "LogisticLoss":
            given["y"] = cast(Y > 3)
        made = function(**given)
        if not isinstance(function, type):
            return made
        w, v = (cast(np.resize(a, getattr(made, "size", 3))) for a in (W, V))
        if name == "HuberLoss":
            w, v = (np.stack([a, a]) for a in (w, v))
        said = [made.value(w), made.gradient(w), made.hessian_vector(w, v), made.on([0, 2])]
        return [made, *said, *(made.lipschitz() for _ in [0] if hasattr(made, "lipschitz"))]

    return call


def steps(cast):
    memory = SGD.start(cast(W))
    return SGD.step(cast(W), gradient=cast(V), memory=memory)


def of_penalty(penalty):
    return lambda cast: [
        (P := penalty(cast)).value(cast(W)),
        P.subgradient(cast(W)),
        P.prox(cast(W), cast(COLUMN)),
    ]


OTHERS = {
    "gradient_descent": lambda c: solvers.gradient_descent(
        SQUARED, penalties.L2(c(COLUMN)), c(W), step=c(COLUMN), max_iter=3
    ),
    "proximal_gradient": lambda c: solvers.proximal_gradient(
        SQUARED, penalties.Masked(penalties.L1(c(COLUMN)), MASK), c(W), step=c(COLUMN), max_iter=3
    ),
    "coordinate_descent": lambda c: solvers.coordinate_descent(
        SQUARED, penalties.L1(c(COLUMN)), c(W), max_iter=3
    ),
    "backtracking": lambda c: solvers.backtracking(SQUARED, c(W), step=c(COLUMN), max_iter=3),
    "barzilai_borwein": lambda c: solvers.barzilai_borwein(SQUARED, c(W), step=c(1), max_iter=3),
    "newton": lambda c: solvers.newton(SQUARED, c(1), c(W), mask=MASK),
    "implicit_gradient": lambda c: tuning.implicit_gradient(SQUARED, SQUARED, c(COLUMN)),
    "one_standard_error": lambda c: tuning.one_standard_error(
        tuning.Scores(c([3, 2, 1]), c([200, 201, 202]), c([[200, 1, 2], [3, 201, 1]]))
    ),
    "train": lambda c: training.train(NET, SGD, c(np.resize(W, NET.size)), n_steps=3, record=True),
    "step": steps,
    "condition_number": lambda c: diagnostics.condition_number(c(np.diag(W)), c(COLUMN)),
    "step_limit": lambda c: diagnostics.step_limit(c(np.diag(W)), c(COLUMN), "shrink_after"),
    "effective_dof": lambda c: diagnostics.effective_dof(c(X), c(COLUMN), intercept=True),
    "jacobian_norms": lambda c: diagnostics.jacobian_norms([c(np.diag(W)), c(np.diag(V))]),
    "gradient_error": lambda c: diagnostics.gradient_error(SQUARED, c(W)),
    "gradient_norms": lambda c: diagnostics.gradient_norms(NET, c(np.resize(W, NET.size))),
    "translate": lambda c: conventions.translate(c(COLUMN), "ours", "scikit-learn Ridge", n=9),
    "SigmoidUnit": lambda c: SigmoidUnit(5).value_and_gradient(c(W[:2])),
    "L1": of_penalty(lambda c: penalties.L1(c(COLUMN))),
    "L2": of_penalty(lambda c: penalties.L2(c(COLUMN))),
    "ElasticNet": of_penalty(lambda c: penalties.ElasticNet(c(COLUMN), c(1))),
    "GroupLasso": of_penalty(lambda c: penalties.GroupLasso(c(COLUMN), [0, 1, 1])),
    "Nuclear": of_penalty(lambda c: penalties.Nuclear(c(COLUMN), (3, 1))),
}


def same(one, other):
    """Both results bit for bit, and float64 wherever there is a fraction."""
    if is_dataclass(one):
        one, other = ([getattr(made, f.name) for f in fields(made)] for made in (one, other))
    if isinstance(one, dict):
        one, other = [*one.items()], [*other.items()]
    if isinstance(one, list | tuple):
        for a, b in zip(one, other, strict=True):
            same(a, b)
    elif isinstance(one, np.ndarray | np.generic | float | int):
        a, b = np.asarray(one), np.asarray(other)
        assert a.dtype == b.dtype and (a.dtype.kind != "f" or a.dtype == np.float64)
        np.testing.assert_array_equal(a, b)
    else:
        assert type(one) is type(other)


CALLS = {name: of_data(name, function) for name, function in DATA.items()} | OTHERS


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).str)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_any_dtype_gives_what_float64_gives(call, dtype):
    first = lambda a: np.asarray(a).astype(dtype)  # noqa: E731
    same(call(first), call(lambda a: first(a).astype(float)))


class Half(losses.SquaredError):
    """A loss that computes in half precision, as one of another library may."""

    def gradient(self, w):
        return super().gradient(w).astype(np.float16)


def test_a_gradient_in_half_precision_has_a_length():
    """300^2 is more than a float16 can hold."""
    loss, w0 = Half([[1.0]], [300.0]), [0.0]
    run = training.train(loss, optimizers.Optimizer(learning_rate=0.5), w0, n_steps=1)
    assert run.gradient_norm.tolist() == [300.0]
    assert solvers.backtracking(loss, w0, step=0.5, max_iter=1).w.tolist() == [150.0]
