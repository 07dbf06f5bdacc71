"""`python -m benchmarks.fits`: one fit at one lambda, as a user makes it, to fits.csv.

The goals are those of an outside trial of 2026-12-01, where single fits were 4 to 100 times slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks import harness, table
from benchmarks.gap import relative_gap
from benchmarks.harness import Case, rival
from benchmarks.linear import quiet
from benchmarks.problems import Data, drawn

FITS, FACTS = table.DATA / "fits.csv", table.DATA / "fits.json"
SEEDS, MAX_ITER, TOL = range(3), 100_000, 1e-6
NETS = [(200, 2000), (200, 5000), (200, 10000), (200, 20000), (1000, 5000)]
RIDGES = [(5000, 500), (1000, 5000), (200, 20000)]
LOGISTIC, HUBER = [(500, 500), (500, 1000), (500, 2000)], [(5000, 200), (2000, 1000)]


def cases(seeds: range) -> Iterator[Case]:
    """All of this file."""
    for share in (0.1, 0.01):
        for n, p in NETS:
            for seed in seeds:
                yield sparse("elastic net", (n, p), seed, share, 0.5, 2)
        for seed in seeds:
            yield sparse("lasso", (1000, 5000), seed, share, 1.0, 1.5)
    for make, sizes in ((ridged, RIDGES), (logistic, LOGISTIC), (huber, HUBER)):
        for size in sizes:
            for seed in seeds:
                yield make(size, seed)


def problem(size: tuple[int, int], seed: int) -> Data:
    """Ten columns that matter, centered."""
    X, y = drawn(*size, 10, 0.0, np.random.default_rng(seed))
    return X - X.mean(axis=0), y - y.mean()


def sparse(
    work: str, size: tuple[int, int], seed: int, share: float, ratio: float, goal: float
) -> Case:
    """At a share of the largest lambda that matters; judged by the duality gap."""
    from reglib.solvers import elastic_net_path, lasso_path

    X, y = problem(size, seed)
    lam = share * np.abs(X.T @ y).max() / (len(y) * ratio)
    F, options = np.asfortranarray(X), {"tol": TOL, "max_iter": MAX_ITER, "fit_intercept": False}
    if ratio == 1:
        ours, name = lambda: lasso_path(X, y, [lam]).w[0], "Lasso"
    else:
        ours, name = lambda: elastic_net_path(X, y, [lam], l1_ratio=ratio).w[0], "ElasticNet"
        options["l1_ratio"] = ratio

    def theirs(module: Any) -> Callable[[], Any]:
        return quiet(lambda: getattr(module, name)(alpha=lam, **options).fit(F, y).coef_)

    rivals = [rival("scikit-learn", name, theirs, goal, "sklearn.linear_model")]
    if ratio == 1:
        more = {"tol": TOL, "fit_intercept": False}
        celer = lambda module: quiet(lambda: module.Lasso(alpha=lam, **more).fit(F, y).coef_)  # noqa: E731
        rivals.append(rival("celer", name, celer, goal))
    data = f"{size[0]} x {size[1]}, {share:g} of lam_max"
    return Case(
        f"{work}, one fit", data, seed, ours, rivals, lambda w: relative_gap(X, y, w, lam, ratio)
    )


def smooth(
    work: str, size: tuple[int, int], seed: int, ours: Any, theirs: Any, goal: float, slope: Any
) -> Case:
    """Judged by the objective's gradient, beside the one at 0."""
    first = np.linalg.norm(slope(np.zeros(size[1])))
    one = rival("scikit-learn", *theirs, goal, "sklearn.linear_model")
    judge = lambda w: float(np.linalg.norm(slope(np.ravel(w))) / first)  # noqa: E731
    return Case(f"{work}, one fit", f"{size[0]} x {size[1]}", seed, ours, [one], judge)


def ridged(size: tuple[int, int], seed: int) -> Case:
    """lam = 0.1."""
    from reglib.solvers import ridge

    (X, y), n = problem(size, seed), size[0]
    theirs = lambda m: lambda: m.Ridge(alpha=0.1 * n, fit_intercept=False).fit(X, y).coef_  # noqa: E731
    slope = lambda w: X.T @ (X @ w - y) / n + 0.1 * w  # noqa: E731
    return smooth("ridge", size, seed, lambda: ridge(X, y, 0.1), ("Ridge", theirs), 1.5, slope)


def logistic(size: tuple[int, int], seed: int) -> Case:
    """lam = 0.01, by Barzilai and Borwein's steps: Newton's method would need systems of size n."""
    from reglib.losses import LogisticLoss
    from reglib.penalties import L2
    from reglib.solvers import barzilai_borwein

    (X, y), n = problem(size, seed), size[0]
    loss, start, step = LogisticLoss(X, y > 0), np.zeros(size[1]), n / np.square(X).sum()
    options = {"C": 1 / (0.01 * n), "fit_intercept": False, "tol": TOL, "max_iter": MAX_ITER}
    theirs = lambda m: quiet(lambda: m.LogisticRegression(**options).fit(X, y > 0).coef_)  # noqa: E731
    ours = lambda: barzilai_borwein(loss, start, step=step, penalty=L2(0.01), tol=TOL).w  # noqa: E731
    slope = lambda w: loss.gradient(w) + 0.01 * w  # noqa: E731
    return smooth("logistic", size, seed, ours, ("LogisticRegression", theirs), 3, slope)


def huber(size: tuple[int, int], seed: int) -> Case:
    """Without a penalty, at the scale that scikit-learn finds, which it has to look for as well."""
    from sklearn.linear_model import HuberRegressor

    from reglib.losses import HuberLoss
    from reglib.solvers import barzilai_borwein

    (X, y), n = problem(size, seed), size[0]
    options = {"alpha": 0.0, "fit_intercept": False, "tol": TOL, "max_iter": MAX_ITER}
    scale = HuberRegressor(**options).fit(X, y).scale_
    loss, start, step = HuberLoss(X, y, 1.35 * scale), np.zeros(size[1]), n / np.square(X).sum()
    theirs = lambda m: quiet(lambda: m.HuberRegressor(**options).fit(X, y).coef_)  # noqa: E731
    ours = lambda: barzilai_borwein(loss, start, step=step, tol=TOL).w  # noqa: E731
    return smooth("Huber", size, seed, ours, ("HuberRegressor", theirs), 3, loss.gradient)


def main() -> None:
    """Measure every fit; write fits.csv, and fits.json with the day, the load and the versions."""
    harness.pin()
    load = harness.check_load()
    print(load, flush=True)
    samples = [harness.measure(case) for case in tqdm([*cases(SEEDS)], disable=None)]
    rows = [*harness.rows(samples)]
    for row in rows:
        print(*(row[name] for name in table.SHOWN), sep=" | ")
    table.write(rows, FITS)
    table.write_facts(harness.facts(load), FACTS)


if __name__ == "__main__":
    main()
