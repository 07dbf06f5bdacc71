"""Cases of linear models: paths of the lasso and the elastic net, cross-validation, ridge."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.gap import worst_gap
from benchmarks.harness import Case, Rival, rival
from benchmarks.problems import Data, grid, problem
from reglib.solvers import elastic_net_path, lasso_path
from reglib.tuning import cross_validate, kfold, ridge_loo

TOLS = (1e-4, 1e-6, 1e-8)
MAX_ITER = 1_000_000
SLOW = "not run: too slow"
"""On 1000 x 2000 celer took 38 s at 1e-06, scikit-learn 315 s at 1e-08."""
LASSO: dict[str, dict[str, float]] = {
    "diabetes 442 x 10": {"1e-08": 0.05},
    "degree-2 diabetes 442 x 64": {"1e-08": 0.05},
    "correlated 500 x 200": {},
    "tall 10000 x 200": {"1e-04": 0.6, "1e-08": 0.6},
    "wide 1000 x 2000": {"1e-04": 0.5, "celer 1e-04": 1.0},
    "wide 500 x 10000": {"1e-04": 0.5, "celer 1e-04": 1.0},
}
"""Goals for ours / theirs at a tolerance; of scikit-learn unless a name says otherwise."""
NET: dict[str, dict[str, float]] = {
    "diabetes 442 x 10": {"1e-08": 0.4},
    "degree-2 diabetes 442 x 64": {"1e-08": 0.4},
    "correlated 500 x 200": {},
    "tall 10000 x 200": {"1e-08": 0.8},
    "wide 1000 x 2000": {"1e-04": 1.5},
}
RIDGE = {"diabetes 442 x 10": 0.05, "tall 10000 x 200": 0.05, "wide 500 x 10000": 0.4}


def cases(seeds: range) -> Iterator[Case]:
    """All of this file."""
    for l1_ratio, problems in ((1.0, LASSO), (0.5, NET)):
        for name, goals in problems.items():
            for seed in seeds:
                yield path(name, seed, l1_ratio, goals)
    for seed in seeds:
        yield cross_validation("diabetes 442 x 10", seed, 0.05)
    for name, goal in RIDGE.items():
        for seed in seeds:
            yield leave_one_out(name, seed, goal)


def path(name: str, seed: int, l1_ratio: float, goals: dict[str, float]) -> Case:
    """A path of 100 lambdas, ours exact, theirs at each of TOLS."""
    X, y = problem(name, seed)
    lams = grid(X, y, l1_ratio)
    if l1_ratio == 1:
        work, ours = "lasso path", lambda: lasso_path(X, y, lams).w
    else:
        work, ours = "elastic-net path", lambda: elastic_net_path(X, y, lams, l1_ratio=l1_ratio).w

    def one(who: str, tol: float, make: Make) -> Rival:
        goal = goals.get(f"{tol:.0e}" if who == "scikit-learn" else f"{who} {tol:.0e}")
        if "wide" in name and tol < 1e-4:
            return Rival(who, f"{tol:.0e}", None, goal, SLOW)
        return rival(who, f"{tol:.0e}", make, goal, _LINEAR if who == "scikit-learn" else "")

    rivals = [one("scikit-learn", tol, _enet(X, y, lams, l1_ratio, tol)) for tol in TOLS]
    if l1_ratio == 1 and "diabetes" not in name:
        for tol in TOLS:
            rivals.append(one("celer", tol, _celer(X, y, lams, tol)))
    return Case(work, name, seed, ours, rivals, lambda w: worst_gap(X, y, w, lams, l1_ratio))


_LINEAR = "sklearn.linear_model"
Make = Callable[[Any], Callable[[], np.ndarray]]


def _enet(X: np.ndarray, y: np.ndarray, lams: np.ndarray, l1_ratio: float, tol: float) -> Make:
    F = np.asfortranarray(X)  # the order that it would otherwise copy X into, inside the time
    options = {"alphas": lams, "l1_ratio": l1_ratio, "tol": tol, "max_iter": MAX_ITER}
    return lambda module: quiet(lambda: module.enet_path(F, y, **options)[1].T)


def _celer(X: np.ndarray, y: np.ndarray, lams: np.ndarray, tol: float) -> Make:
    F = np.asfortranarray(X)
    return lambda module: quiet(
        lambda: module.celer_path(F, y, "lasso", alphas=lams, tol=tol, max_iter=1000)[1].T
    )


def quiet(run: Callable[[], Any]) -> Callable[[], Any]:
    """`run` without its warnings: what was reached is judged from the result."""

    def silent() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return run()

    return silent


def cross_validation(name: str, seed: int, goal: float) -> Case:
    """The lasso's 5-fold errors at 100 lambdas, judged by the most exact of the solvers, ours."""
    X, y = problem(name, seed)
    lams = grid(X, y)
    folds = kfold(len(X), 5, np.random.default_rng(seed))

    def theirs(tol: float) -> Make:
        options = {"alphas": lams, "cv": folds, "tol": tol, "max_iter": MAX_ITER}
        return lambda module: quiet(
            lambda: module.LassoCV(**options).fit(X, y).mse_path_.mean(axis=1)
        )

    def path(Z: np.ndarray, r: np.ndarray, lam: np.ndarray) -> np.ndarray:
        return lasso_path(Z, r, lam[:, 0]).w

    def ours() -> np.ndarray:
        return cross_validate(X, y, lams, folds, fit=path, scale=False).mean

    exact = reference_errors((X, y), folds, lams)
    rivals = [
        rival("scikit-learn", f"{tol:.0e}", theirs(tol), goal if tol == 1e-8 else None, _LINEAR)
        for tol in TOLS
    ]
    return Case(
        "5-fold lasso CV", name, seed, ours, rivals, lambda mse: float(relative(mse, exact))
    )


def reference_errors(data: Data, folds: list, lams: np.ndarray) -> np.ndarray:
    """The same errors fold by fold, from whole paths and not from sums that leave rows out."""
    X, y = data
    errors = []
    for train, test in folds:
        x_mean, y_mean = X[train].mean(axis=0), y[train].mean()
        w = lasso_path(X[train] - x_mean, y[train] - y_mean, lams).w
        errors.append(np.square((X[test] - x_mean) @ w.T + y_mean - y[test][:, None]).mean(axis=0))
    return np.mean(errors, axis=0)


def leave_one_out(name: str, seed: int, goal: float) -> Case:
    """Ridge at 100 lambdas, each row left out once; RidgeCV keeps every row's error as we do."""
    X, y = problem(name, seed)
    n = len(X)
    lams = np.geomspace(10, 1e-2, 100)

    def theirs(module: Any) -> Callable[[], np.ndarray]:
        options = {"alphas": n * lams, "store_cv_results": True}
        return lambda: module.RidgeCV(**options).fit(X, y).cv_results_.mean(axis=0)

    def ours() -> np.ndarray:
        return ridge_loo(X, y, lams).mean

    exact = refitted(X, y, lams[[0, 50, 99]])
    one = rival("scikit-learn", "RidgeCV", theirs, goal, _LINEAR)
    return Case(
        "ridge leave-one-out", name, seed, ours, [one], lambda e: relative(e[[0, 50, 99]], exact)
    )


def refitted(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> np.ndarray:
    """The leave-one-out errors at few lambdas from the definition's hat matrix, by solving."""
    n, Z, r = len(y), X - X.mean(axis=0), y - y.mean()
    errors = []
    for lam in lams:
        if X.shape[1] < n:
            hat = Z @ np.linalg.solve(Z.T @ Z + n * lam * np.eye(X.shape[1]), Z.T)
            left, rest = 1 - 1 / n - np.diag(hat), r - hat @ r
        else:
            inverse = np.linalg.inv(Z @ Z.T + n * lam * np.eye(n))
            rest = n * lam * inverse @ r
            left = n * lam * np.diag(inverse) - 1 / n
        errors.append(np.square(rest / left).mean())
    return np.array(errors)


def relative(found: np.ndarray, exact: np.ndarray) -> float:
    """The largest error beside the size of what is right."""
    return float(np.abs(found / exact - 1).max())
