"""Paths of 100 lambdas: reglib's against scikit-learn's, time and duality gap side by side.

python benchmarks/lasso_path.py [--l1-ratio 1] [--only diabetes wide] [--seeds 3] [--anyway]
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import sklearn
from sklearn.linear_model import enet_path
from threadpoolctl import threadpool_info, threadpool_limits

import reglib
from reglib.datasets import diabetes, standardize
from reglib.solvers import duality_gap, elastic_net_path, lasso_path

TOLS = (1e-4, 1e-8)
Problem = tuple[str, np.ndarray, np.ndarray]


def degree_two(X: np.ndarray) -> np.ndarray:
    """The columns of X, their squares and products, standardized, each kind once: 64 columns."""
    squares = [X[:, i] * X[:, j] for i in range(X.shape[1]) for j in range(i, X.shape[1])]
    every = standardize(np.column_stack([X, *squares])).X
    same = np.abs(np.triu(every.T @ every / len(X), 1)) > 1 - 1e-9  # the square of sex is sex
    return every[:, ~same.any(axis=0)]


def problems(seeds: int) -> Iterator[Problem]:
    """The data sets of performance.md; those made from random numbers once for each seed."""
    X, y, _ = diabetes()
    y = y - y.mean()
    yield "diabetes", X, y
    yield "degree two", degree_two(X), y
    for name, n, p in (("tall", 10_000, 200), ("wide", 1000, 2000)):
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            X, w = rng.standard_normal((n, p)), np.zeros(p)
            w[: p // 10] = rng.standard_normal(p // 10)
            y = X @ w + np.sqrt(p / 40) * rng.standard_normal(n)
            yield f"{name}, seed {seed}", X, y


def timed(solvers: list[Callable], least: int) -> tuple[list[list[float]], list[np.ndarray]]:
    """Seconds of each solver, taken in turn after a warm-up, and the weights they found."""
    weights = [solve() for solve in solvers]
    seconds: list[list[float]] = [[] for _ in solvers]
    while min(map(len, seconds)) < (least if sum(map(sum, seconds)) < len(solvers) * 3 else 3):
        for solve, taken in zip(solvers, seconds, strict=True):
            start = time.perf_counter()
            solve()
            taken.append(time.perf_counter() - start)
    return seconds, weights


def row(name: str, X: np.ndarray, y: np.ndarray, ratio: float) -> str:
    """One line of the table: median and range in ms, worst gap, our median / theirs."""
    top = np.abs(X.T @ y).max() / (len(y) * ratio)
    lams = np.geomspace(top, top / 1000, 100)

    def theirs(tol: float) -> np.ndarray:
        options = {"alphas": lams, "l1_ratio": ratio, "tol": tol, "max_iter": 1_000_000}
        return enet_path(X, y, **options)[1].T

    ours = lasso_path if ratio == 1 else partial(elastic_net_path, l1_ratio=ratio)
    solvers = [lambda: ours(X, y, lams).w]
    solvers += [lambda tol=tol: theirs(tol) for tol in TOLS]
    seconds, weights = timed(solvers, 7)
    cells = [f"{name} {X.shape[0]}x{X.shape[1]}"]
    for taken, w in zip(seconds, weights, strict=True):
        gap = duality_gap(X, y, w, lams[:, None], ratio).max()
        low, middle, high = 1e3 * np.quantile(taken, [0, 0.5, 1])
        cells.append(f"{middle:.4g} ({low:.4g}-{high:.4g}), gap {gap:.0e}")
    cells += [f"{np.median(seconds[0]) / np.median(taken):.3f}" for taken in seconds[1:]]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table as Markdown, with what it was measured on."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--l1-ratio", type=float, default=1.0)
    options.add_argument("--only", nargs="*", default=[""], help="beginnings of names")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--anyway", action="store_true", help="even on a busy machine")
    options = options.parse_args()
    load = os.getloadavg()[0]
    if load > 0.5 and not options.anyway:
        raise SystemExit(f"load average {load:.2f} > 0.5: times would mean nothing (--anyway)")
    with threadpool_limits(1):
        kernel = {
            f"{x['internal_api']} {x['version']} {x.get('architecture')}"
            for x in threadpool_info()
            if x["user_api"] == "blas"
        }
        lines = [
            f"reglib {reglib.__version__}, NumPy {np.__version__}, scikit-learn "
            f"{sklearn.__version__}, Python {platform.python_version()}, {', '.join(kernel)}, "
            f"1 thread, load {load:.2f}, l1_ratio {options.l1_ratio:g}; ms: median (range)",
            "| data | reglib | scikit-learn 1e-4 | 1e-8 | ratio to 1e-4 | to 1e-8 |",
            "|---|---|---|---|---|---|",
        ]
        for line in lines:
            print(line, flush=True)  # noqa: T201
        for name, X, y in problems(options.seeds):
            if name.startswith(tuple(options.only)):
                print(row(name, X, y, options.l1_ratio), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
