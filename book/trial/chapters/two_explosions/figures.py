"""The pictures of the chapter *Which kind of exploding gradient do you have?*, and its two losses.

The first kind grows over the steps of training, the second over the layers or time steps of the
network. The interactive figure shows both for one recurrent network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reglib.diagnostics import gradient_norms, top_eigenvalue
from reglib.optimizers import Optimizer
from reglib.training import train
from trial.page import style

LINES = ((style.RED, "-"), (style.BLUE, "--"), (style.GREEN, "-."), (style.PURPLE, ":"))
AMPLIFIES = 100.0
"""Above this ratio of front to back the network, not the step, makes the gradient explode."""


class Quartic:
    """w^4/4, whose curvature 3 w^2 has no bound: weights (..., 1)."""

    def value(self, w: Any) -> Any:
        return np.asarray(w)[..., 0] ** 4 / 4

    def gradient(self, w: Any) -> Any:
        return np.asarray(w) ** 3


class Chain:
    """(w^depth - 1)^2 / 2: a linear network of one unit a layer and one shared weight (..., 1)."""

    def __init__(self, depth: int) -> None:
        self.depth = depth

    def value(self, w: Any) -> Any:
        return (np.asarray(w)[..., 0] ** self.depth - 1) ** 2 / 2

    def gradient(self, w: Any) -> Any:
        w = np.asarray(w)
        return (w**self.depth - 1) * self.depth * w ** (self.depth - 1)


def _log_axis(axes: Axes, low: int, high: int, every: int) -> None:
    """An axis for log10 values, named by the powers of ten; drawn faster than a log scale."""
    powers = np.arange(low, high + 1, every)
    axes.set_ylim(low, high)
    axes.set_yticks(powers, [f"1e{p}" for p in powers])


def _norms(axes: Axes, norms: Any, color: str, dashes: Any, label: str | None = None) -> str:
    """Gradient norms over iterations, with a cross at the last one that is a number in view.

    Returns in words what is to be seen.
    """
    norms = np.log10(norms)
    seen = norms < axes.get_ylim()[1]  # NaN is not below anything
    last = len(norms) if seen.all() else int(np.argmin(seen))
    axes.plot(norms[:last], color=color, linestyle=dashes, label=label)
    if last < len(norms):
        axes.plot(last - 1, norms[last - 1], "X", color=color, markersize=10)
    to = f"to {10 ** norms[last - 1]:.0e} at {last - 1}"
    return f"{label} from {10 ** norms[0]:.0e} {to}" + (
        ", with a cross" if last < len(norms) else ""
    )


def draw_two_runs(figure: Figure, runs: dict[str, dict[str, Any]], length: int) -> str:
    """One panel for each run, over the iterations: its gradient norm at two steps; the words."""
    panels, alt = figure.subplots(len(runs), 1, sharex=True), []
    for axes, (title, norms) in zip(panels, runs.items(), strict=True):
        _log_axis(axes, -4, 20, 4)
        for (label, line), (color, dashes) in zip(norms.items(), LINES, strict=False):
            whole = np.full(length + 1, np.nan)  # a record that ends early ended in an explosion
            whole[: len(line)] = line[: length + 1]
            alt.append(f"{title}, {_norms(axes, whole, color, dashes, label)}")
        axes.set(title=title, xlim=(-0.5, length), ylabel="gradient norm")
        axes.legend(loc="upper right")
    panels[-1].set_xlabel("iteration of training")
    return f"Gradient norms over {length} iterations, on a logarithmic scale. {'; '.join(alt)}."


def draw_basin(figure: Figure, steps: Any, edges: dict[str, Any], runs: Any) -> str:
    """The largest safe start against the step: lines from theory, dots from runs; the words."""
    axes, alt = figure.subplots(), []
    for (label, edge), dots, (color, dashes) in zip(edges.items(), runs, LINES, strict=False):
        axes.plot(steps, edge, color=color, linestyle=dashes, label=label)
        axes.plot(steps[::3], dots[::3], "o", color=color, markersize=5)
        alt.append(f"{label} from {edge[0]:.3g} at step {steps[0]:g} to {edge[-1]:.3g}")
    axes.set(title="largest start that does not explode", xlabel="step s", ylabel="|w₀|")
    axes.legend(loc="upper right")
    return f"Falling lines of the largest safe start, dots of runs on them: {'; '.join(alt)}."


def draw_powers(figure: Figure, norms: Any, sigma: float, radius: float) -> str:
    """||J^k|| between the two numbers that people look at: sigma_max^k and (spectral radius)^k.

    Returns in words what is to be seen, as all drawings of this chapter do.
    """
    axes = figure.subplots()
    k = np.arange(1.0, len(norms) + 1)
    _log_axis(axes, -4, 8, 2)
    axes.plot(k, np.log10(norms), color=style.INK, label="norm of the product")
    for (color, dashes), label, base in zip(
        LINES[1:], ("largest singular value", "spectral radius"), (sigma, radius), strict=False
    ):
        powers = k * np.log10(base)
        inside = powers < 8
        axes.plot(
            k[inside], powers[inside], color=color, linestyle=dashes, label=f"{label} to the k"
        )
    axes.axhline(0, color=style.INK, linewidth=1, linestyle=":")
    axes.set(title="k factors of the same matrix", xlabel="k", xlim=(0, len(norms)))
    axes.legend(loc="upper right")
    return (
        f"Three lines over {len(norms)} factors. The norm of the product starts at {norms[0]:.3g}, "
        f"peaks at {np.max(norms):.3g} with {np.argmax(norms) + 1} factors and ends at "
        f"{norms[-1]:.2g}. The powers of the spectral radius fall from the start, far below it; "
        "those of the largest singular value leave the picture at once, far above it."
    )


def draw_products(figure: Figure, logs: dict[str, Any], slopes: dict[str, float]) -> str:
    """log10 norms of random products (runs, K): a fan for each, and the line of its exponent."""
    axes, alt = figure.subplots(), []
    for (label, fan), (color, dashes) in zip(logs.items(), LINES, strict=False):
        k = np.arange(1, fan.shape[-1] + 1)
        axes.plot(k, fan[:30].T, color=color, linestyle="-", linewidth=0.6, alpha=0.35)
        theory = slopes[label] * k
        axes.plot(k, theory, color=color, linestyle=dashes, linewidth=2.5, label=label)
        alt.append(f"{label} to about {fan[..., -1].mean():.0f}")
    axes.set(title="log₁₀ of the norm of a random product", xlabel="factors", xlim=(0, k[-1]))
    axes.legend(loc="upper left")
    return (
        f"Fans of thin lines over {k[-1]} factors, each around a straight line, in powers of ten: "
        f"{'; '.join(alt)}."
    )


def draw_profiles(figure: Figure, profiles: dict[str, Any]) -> str:
    """The gradient norm at each time step, one line for each network."""
    axes, alt = figure.subplots(), []
    _log_axis(axes, -12, 16, 4)
    for (label, line), color, dashes in zip(
        profiles.items(), style.COLORS, style.STYLES, strict=False
    ):
        time = np.arange(1, len(line) + 1)
        axes.plot(time, np.log10(line), color=color, linestyle=dashes, label=label)
        alt.append(f"{label} from {line[-1]:.1g} at the right to {line[0]:.1g} at the left")
    axes.set(title="gradient norm by time step", xlabel="time step (the loss is at the right)")
    axes.legend(loc="upper right", ncols=2)
    return f"Nearly straight lines on a logarithmic scale: {'; '.join(alt)}."


class TwoKinds:
    """One network from a grid of gains, trained at a grid of steps: both kinds in one picture."""

    def __init__(self, net: Any, w: Any, gains: Any, steps: Any, n_steps: int = 40) -> None:
        """w (len(gains), P): the initial weights. Everything is computed here, drawn later."""
        self.gains, self.steps = list(gains), list(steps)
        grid = np.broadcast_to(w[:, None], (len(gains), len(steps), w.shape[-1]))
        rates = np.asarray(steps)[:, None]
        self.history = train(net, Optimizer(learning_rate=rates), grid, n_steps=n_steps)
        self.profiles = gradient_norms(net, w)
        self.ratios = self.profiles[:, 0] / self.profiles[:, -1]
        top, _ = top_eigenvalue(net, w, rng=np.random.default_rng(0))
        self.limits = 2 / top

    def __call__(self, figure: Figure, gain: float, step: float) -> str:
        """Draw both profiles; the sentence says which kind of explosion it is, if any."""
        figure.subplots_adjust(left=0.15, right=0.97, top=0.94, bottom=0.1, hspace=0.55)
        g, s = self.gains.index(gain), self.steps.index(step)
        top, bottom = figure.subplots(2, 1)
        _log_axis(top, -4, 20, 6)
        color, dashes = LINES[0] if self.history.diverged[g, s] else LINES[1]
        _norms(top, self.history.gradient_norm[:, g, s], color, dashes)
        top.plot(0, np.log10(self.history.gradient_norm[0, g, s]), "o", color=color, markersize=7)
        top.set(title="over training", xlabel="iteration", xlim=(-1, 40), ylabel="gradient")
        _log_axis(bottom, -12, 18, 6)
        time = np.arange(1, self.profiles.shape[-1] + 1)
        bottom.plot(time, np.log10(self.profiles).T, color=style.FAINT, linestyle="-")
        bottom.plot(time, np.log10(self.profiles[g]), color=style.INK)
        bottom.set(title="through time, before the first step", xlabel="time step", xlim=(0, None))
        bottom.set_ylabel("gradient")
        return self.sentence(g, s)

    def kind(self, g: int, s: int) -> int:
        """0: no explosion within the run, 1: by the step, 2: by the product of Jacobians."""
        return int(self.history.diverged[g, s]) * (1 + int(self.ratios[g] > AMPLIFIES))

    def sentence(self, g: int, s: int) -> str:
        """The first gradient, what the network multiplies it by, and the kind of explosion."""
        k, share = self.history.diverged_at[g, s], self.steps[s] / self.limits[g]
        words = (
            f"No explosion within {len(self.history.loss)} iterations.",
            f"It explodes at iteration {k}, with {share:.2g} times the stable step: the first "
            "kind, a step too large.",
            f"It explodes at iteration {k}: the second kind. The stable step would be "
            f"{self.limits[g]:.0e}.",
        )
        return (
            f"Gain {self.gains[g]:g}, step {self.steps[s]:g}: the first gradient is "
            f"{self.history.gradient_norm[0, g, s]:.2g}. Time step 1 gets {self.ratios[g]:.2g} "
            f"times what the last one gets. {words[self.kind(g, s)]}"
        )
