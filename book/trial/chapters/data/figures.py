"""What data do to a fit: noisy copies, spoiled cells and targets, samples from one corner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.datasets import add_noise, standardize
from reglib.losses import HuberLoss
from reglib.solvers import gradient_descent, least_squares, ridge
from reglib.tuning import cross_validate, kfold
from trial.chapters.patients import Split
from trial.page import style

Floats = NDArray[np.float64]
Fit = Callable[[Floats, Floats, np.random.Generator], Floats]


def slope_variance(x: Any, y: Any, sigma: float) -> float:
    """Var of one copy's share in the relative error of the slope; divided by m for m copies.

    x (n,) and y (n,) centered. To first order (delta method) the slope sum(xy)/sum(xx) of m noisy
    copies is off by the mean over copies of sum (x + sigma z)(y - w (x + sigma z)) over n sigma^2 +
    sum x^2, w the slope of ridge.
    """
    x, y = np.asarray(x), np.asarray(y)
    power = x @ x + len(x) * sigma**2
    w = x @ y / power
    noise = sigma**2 * np.square(y - 2 * w * x) + 2 * w**2 * sigma**4
    return float(noise.sum() / (w * power) ** 2)


def slope_errors(
    x: Any, y: Any, sigma: float, counts: Iterable[int], total: int, rng: np.random.Generator
) -> Floats:
    """The r.m.s. relative distance of a slope from ridge's, fitted to m copies, m in `counts`.

    `total` copies are drawn once and cut into total // m sets of m.
    """
    x = np.asarray(x)
    X, targets = add_noise(x[:, None], y, sigma, copies=total, rng=rng)
    products = (X[:, 0] * targets).reshape(total, -1).sum(axis=1)
    squares = np.square(X[:, 0]).reshape(total, -1).sum(axis=1)
    goal = x @ y / (x @ x + len(x) * sigma**2)
    errors = []
    for m in counts:
        above, below = (a[: total // m * m].reshape(-1, m).sum(axis=1) for a in (products, squares))
        errors.append(np.sqrt(np.mean(np.square(above / below / goal - 1))))
    return np.array(errors)


def noisy_fit(variances: Iterable[float], copies: int) -> Fit:
    """Least squares on noisy copies, one fit for each variance of the noise."""

    def fit(Z: Floats, r: Floats, rng: np.random.Generator) -> Floats:
        sets = (add_noise(Z, r, np.sqrt(v), copies=copies, rng=rng) for v in variances)
        return np.stack([least_squares(*one) for one in sets])

    return fit


def split_errors(X: Any, y: Any, n: int, seeds: Iterable[int], fit: Fit) -> tuple[Floats, Floats]:
    """Mean square errors on n random rows and on all others, both (seeds, m), of m fits.

    `fit` sees the n rows only, standardized and centered by themselves.
    """
    train_errors, test_errors = [], []
    for seed in seeds:
        rng = np.random.default_rng(500 + seed)
        rows = rng.permutation(len(y))
        one = Split(X, y, (rows[:n], rows[n:]))
        w = fit(one.train.X, one.train.y, rng)
        train_errors.append(2 * one.train.value(w))
        test_errors.append(2 * one.test.value(w))
    return np.array(train_errors), np.array(test_errors)


def limits_with_a_bad_cell(X: Any, factor: float) -> Floats:
    """The largest stable step of least squares with one cell multiplied, (n, p) for each cell."""
    n, p = X.shape
    more = (factor - 1) * X
    grams = np.broadcast_to(X.T @ X, (n, p, p, p)).copy()
    for j in range(p):  # a change d of cell (i, j) adds d x_i to row and column j
        grams[:, j, j, :] += more[:, j, None] * X
        grams[:, j, :, j] += more[:, j, None] * X
        grams[:, j, j, j] += more[:, j] ** 2
    return 2 * n / np.linalg.eigvalsh(grams)[..., -1]


def spoiled(y: Any, count: int, factor: float, rng: np.random.Generator) -> Floats:
    """A copy of y in which `count` random targets are multiplied."""
    y = np.array(y, dtype=float)
    y[rng.choice(len(y), count, replace=False)] *= factor
    return y


def huber_fit(X: Any, y: Any, delta: float) -> Floats:
    """The Huber fit (1 + p,), its intercept first, by gradient descent on orthogonal columns."""
    X = np.column_stack([np.ones(len(X)), X])
    Q, R = np.linalg.qr(X)
    Q *= np.sqrt(len(X))  # then the Hessian is at most the identity, and 1 is a good step
    loss = HuberLoss(Q, y, delta)
    run = gradient_descent(loss, None, np.zeros(X.shape[1]), step=1.0, tol=1e-8 * delta)
    return np.linalg.solve(R, np.sqrt(len(X)) * run.w)


def errors_with_bad_targets(
    X: Any, y: Any, seeds: Iterable[int], *, count: int, factor: float, delta: float, lams: Any
) -> dict[str, Floats]:
    """Mean square errors (seeds,) on 142 clean rows of fits to 300 with some bad targets."""
    errors: dict[str, list[float]] = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(y))
        train, test = rows[:300], rows[300:]
        Z, bad = standardize(X, train).X, spoiled(y[train], count, factor, rng)
        chosen = cross_validate(X[train], bad, lams, kfold(len(train), 5, rng)).best
        clean = y[train].mean(), *least_squares(Z[train], y[train] - y[train].mean())
        squared = bad.mean(), *least_squares(Z[train], bad - bad.mean())
        shrunk = bad.mean(), *ridge(Z[train], bad - bad.mean(), chosen)
        for name, w in (
            ("least squares, clean targets", clean),
            ("least squares", squared),
            ("ridge, λ from 5 folds", shrunk),
            ("Huber loss", huber_fit(Z[train], bad, delta)),
        ):
            error = np.square(w[0] + Z[test] @ w[1:] - y[test]).mean()
            errors.setdefault(name, []).append(error)
    return {name: np.array(values) for name, values in errors.items()}


class Promise(NamedTuple):
    """What cross-validation promises on a sample, the error elsewhere, and the best possible one.

    All are mean square errors; `promised` and `kept` for the lam that it chose, means over
    partitions, `best` for the lam that turns out best on the rows elsewhere.
    """

    promised: float
    kept: float
    best: float


def corners(X: Any, names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """The rows of the lowest and of the highest third of each column with more than two values."""
    found = {}
    for name, column in zip(names, np.asarray(X).T, strict=True):
        ordered, third = np.sort(column), len(column) // 3
        if len(np.unique(column)) > 2:
            found[f"low {name}"] = np.flatnonzero(column <= ordered[third])
            found[f"high {name}"] = np.flatnonzero(column >= ordered[-1 - third])
    return found


def promise(X: Any, y: Any, rows: Any, lams: Any, partitions: int = 5) -> Promise:
    """5-fold cross-validation on some rows against the error on all others."""
    rest = np.setdiff1d(np.arange(len(y)), rows)
    folds = [kfold(len(rows), 5, np.random.default_rng(k)) for k in range(partitions)]
    scores = [cross_validate(X[rows], y[rows], lams, each) for each in folds]
    errors = Split(X, y, (rows, rest)).test_error(scores[0].lam)
    promised = np.mean([score.mean[score.index] for score in scores])
    return Promise(promised, np.mean([errors[score.index] for score in scores]), errors.min())


def draw_lines(figure: Figure, x: Any, y: Any, cloud: Any, slopes: dict[str, float]) -> str:
    """Points, their noisy copies, and a line through the origin for each slope.

    Returns the alternative text, as every function here that draws.
    """
    axes = figure.subplots()
    axes.plot(cloud.X[:, 0], cloud.y, ".", color=style.BROWN, alpha=0.35, label="noisy copies")
    axes.plot(x, y, "o", color=style.INK, markersize=8, label="the article's points")
    ends = np.array([-4.0, 4.0])
    looks = (style.RED, "--", 2), (style.BLUE, "-", 3), (style.INK, ":", 2)
    for (name, slope), (color, dashes, width) in zip(slopes.items(), looks, strict=True):
        axes.plot(ends, slope * ends, dashes, color=color, linewidth=width, label=name)
    axes.set(xlim=ends, ylim=(-12, 14), xlabel="x, centered", title="y, centered")
    axes.legend(loc="upper left", fontsize=10)
    told = ", ".join(f"{name} {slope:.2f}" for name, slope in slopes.items())
    return (
        f"{len(x)} points on a rising curve, each with a horizontal band of shaken copies, and "
        f"three lines. Their slopes: {told}."
    )


def draw_copies(figure: Figure, counts: Any, errors: dict[float, Any], first: Any) -> str:
    """Measured errors as dots, what the delta method says as lines, both axes logarithmic."""
    axes = figure.subplots()
    counts = np.asarray(counts)
    for k, (sigma, error) in enumerate(errors.items()):
        look = {"color": style.COLORS[k]}
        axes.plot(counts, error, "os"[k], label=f"σ = {sigma:g}, measured", **look)
        line = np.sqrt(first[sigma] / counts)
        axes.plot(counts, line, style.STYLES[k], label=f"σ = {sigma:g}, formula", **look)
    axes.axhline(0.01, color=style.INK, linewidth=1, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="copies", title="error of the slope (1 % dotted)")
    axes.legend()
    told = "; ".join(
        f"for σ = {sigma:g} from {error[0]:.1g} to {error[-1]:.1g}"
        for sigma, error in errors.items()
    )
    return (
        "Falling straight lines on logarithmic axes with dots on them, from "
        f"{counts[0]} to {counts[-1]} copies. The error falls {told}."
    )


def draw_errors(figure: Figure, curves: dict[int, Any], dots: dict[int, Any]) -> str:
    """Training and test error against the noise, a panel for each number of rows.

    curves[n] is (variances, train, test) of ridge; dots[n] the same of real copies.
    """
    panels = np.atleast_1d(figure.subplots(len(curves), 1, sharex=True))
    for axes, (n, (at, *lines)) in zip(panels, curves.items(), strict=True):
        for k, (name, line) in enumerate(zip(("training", "test"), lines, strict=True)):
            color = (style.BROWN, style.BLUE)[k]
            axes.plot(at, line, style.STYLES[k], color=color, label=f"{name} error, ridge")
            axes.plot(dots[n][0], dots[n][k + 1], "os"[k], color=color, label=f"{name}, copies")
        axes.set(title=f"mean square error, {n} rows", ylim=(1900, 4500))
    panels[0].legend(ncols=2, loc="lower right", fontsize=10)
    panels[-1].set(xlabel="variance of the noise, which is λ")
    told = (
        f"With {n} rows the training error goes from {train[0]:.0f} to {train[-1]:.0f}; the test "
        f"error is {test[0]:.0f} without noise, smallest at {at[np.argmin(test)]:g} with "
        f"{min(test):.0f}, and {test[-1]:.0f} at the end."
        for n, (at, train, test) in curves.items()
    )
    return (
        f"{len(curves)} panels, error against the variance of the noise. {' '.join(told)} The dots "
        "of the real copies lie on the curves."
    )


def draw_choices(figure: Figure, choices: dict[str, Any]) -> str:
    """A row of dots for each list of chosen lambdas, a bar at their median."""
    axes = figure.subplots()
    for row, chosen in enumerate(choices.values()):
        chosen = np.sort(chosen)
        spread = row + 0.3 * np.sin(2.4 * np.arange(len(chosen)))
        axes.plot(chosen, spread, "os^"[row], color=style.COLORS[row], markersize=4, alpha=0.8)
        middle = np.median(chosen)
        axes.plot([middle, middle], [row - 0.42, row + 0.42], "-", color=style.INK, linewidth=3)
    axes.set_yticks(range(len(choices)), list(choices))
    axes.set(xscale="log", ylim=(len(choices) - 0.4, -0.6), xlabel="λ that 5 folds choose")
    axes.grid(visible=False, axis="y")
    told = "; ".join(
        f"{name}: from {min(chosen):.1g} to {max(chosen):.2g}, median {np.median(chosen):.1g}"
        for name, chosen in choices.items()
    )
    return f"{len(choices)} rows of dots on a logarithmic axis of λ. {told}."


def draw_promises(figure: Figure, groups: dict[str, Sequence[Promise]]) -> str:
    """What was promised against what was kept, the diagonal where both agree."""
    axes = figure.subplots()
    ends = np.array([1900, 3900])
    axes.plot(ends, ends, ":", color=style.INK, linewidth=1.5, label="promise kept")
    for k, (name, group) in enumerate(groups.items()):
        points = np.array([(p.promised, p.kept) for p in group])
        axes.plot(*points.T, "os^D"[k], color=style.COLORS[k], label=name, markersize=(5, 7, 11)[k])
    axes.set(xscale="log", yscale="log", xlabel="error that cross-validation promises")
    axes.set(title="error on all other patients", xlim=ends, ylim=(2500, 30000))
    axes.set_xticks([2000, 2500, 3000, 3500], ["2000", "2500", "3000", "3500"])
    axes.set_yticks([3000, 5000, 10000, 20000], ["3000", "5000", "10000", "20000"])
    axes.minorticks_off()
    axes.legend(loc="upper right")
    ratios = {name: [p.kept / p.promised for p in group] for name, group in groups.items()}
    told = "; ".join(
        f"{name}: {len(found)}, {min(found):.1f} to {max(found):.1f} times the promise"
        for name, found in ratios.items()
    )
    return (
        "Error on other patients against the promised error, both logarithmic, with a dotted "
        f"diagonal. Dots of samples: {told}."
    )
