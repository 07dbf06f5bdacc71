"""The edge of stability: how the step decides the sharpness of what a small network finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.diagnostics import top_eigenvalue
from reglib.networks import MLP
from reglib.optimizers import Optimizer
from reglib.penalties import L2
from reglib.training import Step, train
from trial.page import style

Floats = NDArray[np.float64]


def network() -> MLP:
    """1-16-16-1, tanh, on 40 points of sin(3x) + 0.3 x^2 + noise with s.d. 0.1, x from -1 to 1."""
    x = np.linspace(-1, 1, 40)
    noise = 0.1 * np.random.default_rng(0).standard_normal(40)
    return MLP(x[:, None], np.sin(3 * x) + 0.3 * x**2 + noise, (16, 16))


@dataclass(frozen=True, eq=False)
class Edge:
    """Full-batch gradient descent from `seeds` starts for each pair (step, lam).

    sharpness and error (k, pairs, seeds) were taken at the iterations `at` (k,): the largest
    eigenvalue of the data loss's Hessian, and the mean square error over the variance of y. NaN
    after a divergence.
    """

    pairs: list[tuple[float, float]]
    at: NDArray[np.int64]
    sharpness: Floats
    error: Floats

    def after(self, k: int, pair: tuple[float, float]) -> Floats:
        """The mean sharpness (seeds,) of a pair over the records from iteration k on."""
        return self.sharpness[self.at >= k][:, self.pairs.index(pair)].mean(axis=0)


def starts(net: MLP, seeds: int, block: int = 0) -> Floats:
    """Initial weights (seeds, P); `block` gives a second and independent set."""
    return net.init([np.random.default_rng(100 * block + s) for s in range(seeds)])


def watch(pairs: Any, seeds: int, n_steps: int, every: int) -> Edge:
    """Train every pair (step, lam) and look every so many steps; L2 is on all weights."""
    net, rng = network(), np.random.default_rng(0)
    steps, lams = (np.array(x)[:, None, None] for x in zip(*pairs, strict=True))
    w0 = np.broadcast_to(starts(net, seeds), (len(pairs), seeds, net.size))
    at, seen = [], []

    def look(step: Step) -> None:
        if (step.k + 1) % every == 0:
            w = np.where(step.alive[..., None], step.after, 0)
            top, _ = top_eigenvalue(net, w, rng=rng, tol=1e-3)
            error = 2 * net.value(w) / net.y.var()
            at.append(step.k + 1)
            seen.append(np.where(step.alive, [top, error], np.nan))

    train(net, Optimizer(learning_rate=steps), w0, n_steps=n_steps, penalty=L2(lams), watch=look)
    return Edge([tuple(p) for p in pairs], np.array(at), *np.stack(seen, axis=1))


def draw_edge(figure: Figure, edge: Edge, settled: int) -> str:
    """Sharpness over the iterations for each step, and at the end against the step.

    Returns the alternative text.
    """
    colors = style.RED, style.BLUE, style.GREEN, style.PURPLE, style.BROWN
    top, bottom = figure.subplots(2, 1)
    plain = [pair for pair in edge.pairs if pair[1] == 0]
    for color, line, pair in zip(colors, style.STYLES, plain, strict=False):
        middle = np.nanmedian(edge.sharpness[:, edge.pairs.index(pair)], axis=1)
        top.plot(edge.at, middle, color=color, linestyle=line, label=f"step {pair[0]:g}")
        top.axhline(2 / pair[0], color=color, linewidth=0.8, linestyle=":")
    top.set(xlabel="iteration", ylabel="sharpness", ylim=(0, 1.3 * 2 / plain[0][0]))
    top.legend(loc="lower left", bbox_to_anchor=(-0.1, 1), ncols=4, columnspacing=1)
    grid = np.linspace(0.8 * plain[0][0], 1.15 * plain[-1][0], 60)
    bottom.plot(grid, 2 / grid, color=style.INK, linewidth=1.2, linestyle="-", label="2/step")
    markers = {0.0: ("o", style.RED), 0.001: ("s", style.BLUE), 0.01: ("^", style.GREEN)}
    shift = {lam: 1 + 0.03 * i for i, lam in enumerate(markers)}
    for lam, (marker, color) in markers.items():
        dots = [
            (s * shift[lam], y)
            for s, x in edge.pairs
            if x == lam
            for y in edge.after(settled, (s, x))
        ]
        options = {"color": color, "marker": marker, "markersize": 5, "linestyle": "none"}
        bottom.plot(*np.transpose(dots), label=f"λ = {lam:g}", alpha=0.7, **options)
    bottom.set(xlabel="step", ylabel="sharpness at the end", ylim=(0, 1.3 * 2 / plain[0][0]))
    bottom.legend(loc="upper right", ncols=2)
    ends = {pair: np.median(edge.after(settled, pair)) for pair in edge.pairs}
    told = (
        f"at step {s:g}{f' with λ = {lam:g}' if lam else ''} it ends at {end:.2g}, 2/step is "
        f"{2 / s:.2g}"
        for (s, lam), end in ends.items()
    )
    return (
        f"Above, the median sharpness over {edge.at[-1]} iterations, a line for each step, with "
        "dotted levels at 2 over the step. Below, the sharpness at the end against the step, a dot "
        f"for each network, and the curve 2/step. Medians: {'; '.join(told)}."
    )


RUNS = 50
"""Networks in one of the two blocks of the table apart."""
STEPS, LAMS, ITERATIONS = (0.4, 0.8, 1.2, 1.6, 2.4), (0.0, 0.01, 0.1), 2000


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """Rows (name, diverged, learned): RUNS networks for each step and lam.

    A network has learned when its mean square error is below half the variance of its targets.
    """
    net = network()
    w0 = starts(net, RUNS, block)
    for lam in LAMS:
        for step in STEPS:
            run = train(net, Optimizer(learning_rate=step), w0, n_steps=ITERATIONS, penalty=L2(lam))
            alive = np.where(run.diverged[:, None], 0, run.w)
            fits = ~run.diverged & (2 * net.value(alive) / net.y.var() < 0.5)
            yield f"λ = {lam:g}, step {step:g}", int(run.diverged.sum()), int(fits.sum())
