"""Every solver on one small problem: they must land on the same weights, by different ways."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reglib import solvers
from reglib.losses import SquaredError
from reglib.penalties import L1, L2, ElasticNet

LAM, RATIO = 0.2, 0.5
MOST: dict[str, Any] = {"max_iter": 500}
"""Three times what any of them needs here; a wrong solver need not go on for long."""
Array = NDArray[np.float64]


def problem() -> SquaredError:
    """30 rows, four columns of different length, a teacher with a zero weight."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 4)) * [1.0, 0.8, 1.2, 0.6]
    return SquaredError(X, X @ [2.0, -1.0, 0.0, 3.0] + 0.1 * rng.standard_normal(30))


def slope(loss: SquaredError, w: Array) -> Array:
    """X'(X w - y)/n, written out here so that it leans on nothing it is to check."""
    return (loss.X @ w - loss.y) @ loss.X / len(loss.y)


def with_l2() -> dict[str, bool]:
    """Solver -> does the gradient of loss + lam/2 ||w||^2 vanish where it ends?"""
    loss, start = problem(), np.zeros(4)
    X, y, step = loss.X, loss.y, 2.5 / loss.lipschitz()
    calls: dict[str, Any] = {
        "ridge": solvers.ridge(X, y, LAM),
        "ridge path": solvers.ridge_path(X, y, [LAM]).w[0],
        "Newton": solvers.newton(loss, LAM, np.ones(4)).w,
        "backtracking": solvers.backtracking(loss, start, step=step, penalty=L2(LAM), **MOST).w,
        "Barzilai-Borwein": solvers.barzilai_borwein(
            loss, start, step=step, penalty=L2(LAM), **MOST
        ).w,
    }
    for placement in ("coupled", "decoupled", "proximal"):
        calls[placement] = _placed(placement).w
    found = {name: _zero(slope(loss, w) + LAM * w) for name, w in calls.items()}
    found["least squares"] = _zero(slope(loss, solvers.least_squares(X, y)))
    mask = np.array([True, True, True, False])
    spared = solvers.ridge(X, y, LAM, mask=mask)
    return found | {"ridge that spares": _zero(slope(loss, spared) + LAM * mask * spared)}


def with_l1() -> dict[str, bool]:
    """Solver -> do slope and signs fit where it ends, for the lasso and the elastic net?"""
    loss, start = problem(), np.zeros(4)
    both = {1.0: L1(LAM), RATIO: ElasticNet(LAM, RATIO)}
    calls = {}
    for ratio, penalty in both.items():
        calls["proximal gradient", ratio] = solvers.proximal_gradient(
            loss, penalty, start, **MOST
        ).w
        calls["coordinate descent", ratio] = solvers.coordinate_descent(loss, penalty, **MOST).w
    calls["lasso path", 1.0] = solvers.lasso_path(loss.X, loss.y, [LAM]).w[0]
    path = solvers.elastic_net_path(loss.X, loss.y, [LAM], l1_ratio=RATIO)
    calls["elastic net path", RATIO] = path.w[0]
    found = {f"{name}, {ratio:g}": _optimal(loss, w, ratio) for (name, ratio), w in calls.items()}
    found["lasso path, many columns"] = _many_columns()
    found["lasso path, every knot"] = _every_knot()
    grid = solvers.elastic_net_path(loss.X, loss.y, l1_ratio=RATIO)
    top = np.abs(slope(loss, start)).max() / RATIO
    return found | {"first lam of the grid": bool(np.isclose(grid.lam[0], top))}


def objectives() -> dict[str, bool]:
    """Solver -> is the objective it tells that of the weights it tells?"""
    loss, start = problem(), np.zeros(4)
    X, y, net = loss.X, loss.y, ElasticNet(LAM, RATIO)
    ends = {
        (0.0, "gradient descent"): _placed("proximal"),
        (0.0, "ridge path"): solvers.ridge_path(X, y, [LAM]),
        (RATIO, "elastic net path"): solvers.elastic_net_path(X, y, [LAM], l1_ratio=RATIO),
        (1.0, "lasso path"): solvers.lasso_path(X, y, [LAM]),
        (RATIO, "proximal gradient"): solvers.proximal_gradient(loss, net, start, **MOST),
        (RATIO, "coordinate descent"): solvers.coordinate_descent(loss, net, **MOST),
    }
    found = {}
    for (ratio, name), end in ends.items():
        w = end.w.reshape(4)
        cost = LAM * (ratio * np.abs(w).sum() + (1 - ratio) / 2 * w @ w)
        found[name] = bool(np.allclose(end.objective, np.square(X @ w - y).mean() / 2 + cost))
    return found


def stops() -> dict[str, bool]:
    """Solver -> does it stop at the first gradient of the length `tol`, and not at a longer one?"""
    line = SquaredError([[1.0], [2.0]], [2.0, 4.0])  # curvature 2.5, slope -5 at 0, minimum at 2
    found = {}
    for name in ("gradient_descent", "backtracking", "barzilai_borwein"):
        run = partial(getattr(solvers, name), line, step=0.1, **MOST)
        run = partial(run, None, [0.0]) if name == "gradient_descent" else partial(run, [0.0])
        found[name] = bool(run(tol=5.1).n_iter == 1 and run(tol=4.9).n_iter == 2)
    unit = np.sqrt(2.5 + LAM)
    solve = partial(solvers.newton, line, LAM, [0.0])
    quick = solve(tol=5.1 / unit).n_iter == 0 and solve(tol=4.9 / unit).n_iter == 1
    return found | {"Newton": bool(quick)}


def certificates() -> dict[str, bool]:
    """Objectives, gaps and counts of steps that a wrong solver would not have."""
    loss, start = problem(), np.zeros(4)
    X, y, step = loss.X, loss.y, 1 / loss.lipschitz()
    w, size = solvers.ridge(X, y, LAM), np.square(y).mean() / 2
    least = np.square(X @ w - y).mean() / 2 + LAM / 2 * w @ w
    ends = {
        "Newton": solvers.newton(loss, LAM, start),
        "backtracking": solvers.backtracking(loss, start, step=step, penalty=L2(LAM), **MOST),
    }
    found = {f"objective, {k}": bool(np.allclose(r.objective, least)) for k, r in ends.items()}
    best = solvers.least_squares(X, y)
    excess = (np.square(y).mean() - np.square(X @ best - y).mean()) / 2 / size
    found["gap at lam = 0"] = bool(np.isclose(solvers.duality_gap(X, y, start, 0.0), excess))
    net = solvers.coordinate_descent(loss, ElasticNet(LAM, RATIO), **MOST).w
    c = np.abs(slope(loss, start))
    whole = np.square(np.maximum(c - LAM * RATIO, 0)).sum() / (2 * LAM * (1 - RATIO))
    a = LAM * RATIO / c.max()
    part = (1 - a) ** 2 * np.square(X @ best).mean() / 2
    gap = solvers.duality_gap(X, y, start, LAM, RATIO)
    found["gap at w = 0"] = bool(np.isclose(gap, min(whole, part) / size))
    found["gap of the net"] = bool(solvers.duality_gap(X, y, net, LAM, RATIO) < 1e-10)
    short = {"step": step / 100, "max_iter": 100}
    ista, fista = (
        solvers.proximal_gradient(loss, L1(LAM), start, accelerated=a, **short).objective
        for a in (False, True)
    )
    found["FISTA lower than ISTA after 100 short steps"] = bool(fista < ista)
    line = SquaredError([[1.0], [2.0]], [2.0, 4.0])
    quick = solvers.barzilai_borwein(line, [0.0], step=50.0, **MOST)
    return found | {"Barzilai-Borwein in one dimension": bool(quick.n_iter == 3)}


PARTS = stops, with_l2, with_l1, objectives, certificates


def all_agree() -> bool:
    """Every check above."""
    try:
        return all(right for part in PARTS for right in part().values())
    except (ArithmeticError, IndexError, ValueError):  # what a solver runs into is not right
        return False


def _placed(placement: str) -> solvers.Result:
    loss = problem()
    return solvers.gradient_descent(
        loss, L2(LAM), np.zeros(4), step=1 / loss.lipschitz(), placement=placement, **MOST
    )


def _many_columns() -> bool:
    """The lasso on 5 rows and 30 columns, at the end of a path that meets most of them."""
    rng = np.random.default_rng(0)
    loss = SquaredError(rng.standard_normal((5, 30)), rng.standard_normal(5))
    lams = [LAM, LAM / 4]
    path = solvers.lasso_path(loss.X, loss.y, lams)
    return all(_optimal(loss, w, 1.0, lam) for lam, w in zip(lams, path.w, strict=True))


def _every_knot() -> bool:
    """The lasso's whole path, where a weight leaves and comes back: each knot is a minimum."""
    rng = np.random.default_rng(1)
    mixed = np.eye(4) + 0.9 * rng.standard_normal((4, 4))
    loss = SquaredError(rng.standard_normal((12, 4)) @ mixed, rng.standard_normal(12))
    path = solvers.lasso_path(loss.X, loss.y)
    knots = zip(path.lam, path.w, strict=True)
    left = sum(turn < 0 for _, _, turn in path.events) == 1
    first = np.isclose(path.lam[0], np.abs(slope(loss, np.zeros(4))).max())
    return bool(left and first) and all(_optimal(loss, w, 1.0, lam) for lam, w in knots)


def _zero(gradient: Array) -> bool:
    return bool(np.abs(gradient).max() < 1e-8)


def _optimal(loss: SquaredError, w: Array, ratio: float, lam: float = LAM) -> bool:
    g = slope(loss, w) + lam * (1 - ratio) * w
    active = np.abs(g + lam * ratio * np.sign(w))[w != 0]
    return bool((np.abs(g) <= lam * ratio + 1e-8).all() and (active < 1e-8).all())
