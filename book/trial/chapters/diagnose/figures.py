"""The traces and the pictures of *What is wrong with your run?*"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from reglib.datasets import leaky_memory
from reglib.doctor import Report, diagnose
from reglib.losses import SquaredError
from reglib.networks import RNN
from reglib.optimizers import Optimizer
from reglib.training import train
from trial.page import style

N_STEPS = 80
SEED = 11


class Log(NamedTuple):
    """Losses and gradient norms (80,) of a run, the rate, and what was done to it."""

    losses: Any
    gradient_norms: Any
    rate: float
    cause: str

    def report(self) -> Report:
        """What the doctor says; these runs take plain steps."""
        return diagnose(self.losses, self.gradient_norms, self.rate, optimizer="sgd")


def points() -> SquaredError:
    """Least squares on 60 rows of five Gaussian columns, with a little noise."""
    rng = np.random.default_rng(SEED)
    X = rng.standard_normal((60, 5)) * [2.0, 1.5, 1.0, 0.7, 0.5]
    return SquaredError(X, X @ rng.standard_normal(5) + 0.3 * rng.standard_normal(60))


def reporter(rng: np.random.Generator, n: int = 16) -> RNN:
    """A recurrent network of 16 units on n fresh sequences of 40 steps."""
    u, y = leaky_memory(rng, n, 40)
    return RNN(u, y, 16)


def follow(objective: Any, rate: float, w0: Any, cause: str = "healthy") -> Log:
    """Plain steps to the bitter end."""
    rng = np.random.default_rng(SEED)
    optimizer = Optimizer(learning_rate=rate)
    run = train(objective, optimizer, w0, n_steps=N_STEPS, rng=rng, bound=np.inf)
    return Log(run.loss, run.gradient_norm, rate, cause)


def at_share(share: float, size: int = 60, cause: str = "healthy") -> Log:
    """Least squares at a share of the limit 2/L; batches of `size` rows, 60: all of them."""
    loss = points()
    batch: Any = loss if size == 60 else lambda rng: loss.on(rng.integers(60, size=size))
    return follow(batch, share * 2 / loss.lipschitz(), np.zeros(5), cause)


def with_a_typo() -> Log:
    """Batches of eight rows at a low rate; in step 50 one target is a million times too large."""
    loss, steps = points(), iter(range(N_STEPS))
    y = np.array(loss.y)
    y[7] *= 1e6
    spoiled = SquaredError(loss.X, y)

    def batch(rng: np.random.Generator) -> SquaredError:
        rows = rng.integers(60, size=8)
        if next(steps) == 50:
            return spoiled.on(np.append(rows[:7], 7))
        return loss.on(rows)

    return follow(batch, 0.15 * 2 / loss.lipschitz(), np.zeros(5), "bad data")


def three_runs() -> dict[str, Log]:
    """A recurrent network of gain 4, a typo in one cell, a step of 1.08 times the limit."""
    w0 = reporter(np.random.default_rng(0)).init(np.random.default_rng(SEED + 1), 4.0)
    return {
        "A": follow(reporter, 0.05, w0, "explosion through the network"),
        "B": with_a_typo(),
        "C": at_share(1.08, cause="step too large"),
    }


def draw_three(figure: Figure, three: dict[str, Log]) -> None:
    """One panel for each run: its gradient norm, and its loss as a dashed line."""
    panels = figure.subplots(len(three), 1, sharex=True)
    for axes, (letter, run) in zip(panels, three.items(), strict=True):
        axes.plot(run.losses, color=style.BLUE, linestyle="--", label="loss")
        axes.plot(run.gradient_norms, color=style.RED, linestyle="-", label="gradient norm")
        axes.set(yscale="log", title=f"run {letter}")
    panels[0].legend(loc="upper right")
    panels[-1].set_xlabel("step")


class Around:
    """Least squares at every share of the limit, from all rows or from batches, each diagnosed."""

    def __init__(self, shares: Sequence[float], sizes: Sequence[int]) -> None:
        """sizes are rows a batch; the data have 60 rows, and 60 stands for all of them."""
        self.found = {(size, share): at_share(share, size) for size in sizes for share in shares}

    def __call__(self, figure: Figure, share: float, size: int) -> str:
        """Draw the trace; the sentence says what it is diagnosed as."""
        run = self.found[size, share]
        report = run.report()
        figure.subplots_adjust(left=0.14, right=0.97, top=0.93, bottom=0.13)
        axes = figure.subplots()
        with np.errstate(divide="ignore"):
            logs = [np.log10(v) for v in (run.losses, run.gradient_norms)]
        for values, color, dashes, label in zip(
            logs, (style.BLUE, style.RED), ("--", "-"), ("loss", "gradient norm"), strict=True
        ):
            axes.plot(np.clip(values, -9, 13), color=color, linestyle=dashes, label=label)
        axes.set(ylim=(-8, 12), xlim=(0, N_STEPS), xlabel="step", title=report.cause)
        axes.set_yticks([-8, -4, 0, 4, 8, 12], ["1e-8", "1e-4", "1", "1e4", "1e8", "1e12"])
        axes.legend(loc="upper left")
        rows = "all rows" if size == 60 else f"batches of {size}"
        return f"Step {share:g} of the limit, {rows}: {report.cause} ({report.sure}): {report.why}."
