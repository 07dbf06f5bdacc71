"""The traces and the pictures of *What is wrong with your run?*"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.datasets import leaky_memory
from reglib.doctor import CAUSES, Diagnosis, diagnose
from reglib.doctor.causes import DATA, HEALTHY, NETWORK, STEP
from reglib.losses import SquaredError
from trial.chapters.diagnose.traces_make import KNOWN, Family, Run, linear, runs
from trial.chapters.diagnose.traces_written import fresh, huge, points, recurrent, squares
from trial.page import style

SEED = range(11, 12)
REPORTER = recurrent(leaky_memory, "tanh")
PATIENTS = {
    "A": Family(
        NETWORK,
        range(11, 12),
        (4.0,),
        fresh(recurrent(leaky_memory, "tanh"), rate=0.05, n_steps=80),
    ),
    "B": Family(
        DATA, range(11, 12), (0.15,), linear(squares(), size=8, n_steps=80, cell=huge(1e3))
    ),
    "C": Family(STEP, range(11, 12), (1.08,), linear(squares(), n_steps=80)),
}
"""A recurrent network of gain 4, a typo in one cell, a step of 1.08 times the limit."""


def patients() -> dict[str, Run]:
    """The three runs, by their letters."""
    return {run.family: run for run in runs(PATIENTS)}


def limit_of(letter: str) -> float:
    """2/L of the data behind a letter, from the data themselves."""
    (seed,) = PATIENTS[letter].seeds
    return 2 / SquaredError(*points(seed)).lipschitz()


def draw_three(figure: Figure, three: dict[str, Run]) -> None:
    """One panel for each run: its gradient norm, and its loss as a dashed line."""
    panels = figure.subplots(len(three), 1, sharex=True)
    for axes, (letter, run) in zip(panels, three.items(), strict=True):
        axes.plot(run.losses, color=style.BLUE, linestyle="--", label="loss")
        axes.plot(run.gradient_norms, color=style.RED, linestyle="-", label="gradient norm")
        axes.set(yscale="log", title=f"run {letter}")
    panels[0].legend(loc="upper right")
    panels[-1].set_xlabel("step")


SHORT = ("step", "network", "vanishing", "edge", "penalty", "data", "healthy", "unknown")
"""`CAUSES` in one word each."""


def words(count: int, of: int) -> str:
    """A count in words: runs at the edge are chaotic, and one or two differ between machines.

    >>> words(32, 32), words(31, 33), words(15, 33), words(2, 33), words(0, 33)
    ('all', 'most', 'some', 'few', '')
    """
    if count in (0, of):
        return "all" if count else ""
    share = count / of
    return "most" if share > 0.85 else "some" if share > 0.15 else "few"


def draw_confusion(figure: Figure, counts: NDArray[np.int64]) -> None:
    """Rows: the known cause and its runs. Columns: what was diagnosed, in words."""
    axes = figure.subplots()
    of = counts.sum(axis=1)
    told = [[words(int(n), int(of[row])) for n in line] for row, line in enumerate(counts)]
    shade = {"all": 0.55, "most": 0.45, "some": 0.3, "few": 0.15, "": 0.0}
    axes.imshow([[shade[t] for t in line] for line in told], cmap="Blues", vmin=0, vmax=1)
    axes.set_aspect("auto")
    axes.grid(False)
    for row, line in enumerate(told):
        for column, text in enumerate(line):
            axes.text(column, row, text, ha="center", va="center", color=style.INK)
    names = [f"{cause} ({n})" for cause, n in zip(KNOWN, of, strict=True)]
    axes.set_yticks(range(len(KNOWN)), names)
    axes.set_xticks(range(len(CAUSES)), SHORT, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_title("diagnosed as")


class Around:
    """Least squares at every share of the limit, from all rows or from batches, each diagnosed."""

    def __init__(self, shares: Sequence[float], sizes: Sequence[int], n_steps: int = 80) -> None:
        """sizes are rows a batch; the data have 60 rows, and 60 stands for all of them."""
        self.shares, self.sizes = list(shares), list(sizes)
        self.found: dict[tuple[int, float], tuple[Run, Diagnosis]] = {}
        for size in sizes:
            make = linear(squares(), size=None if size == 60 else size, n_steps=n_steps)
            family = Family(HEALTHY, SEED, tuple(shares), make)
            for run in runs({"around": family}):
                named = diagnose(run.losses, run.gradient_norms, run.learning_rates)
                self.found[size, run.setting] = run, named

    def __call__(self, figure: Figure, share: float, size: int) -> str:
        """Draw the trace; the sentence says what it is diagnosed as."""
        run, named = self.found[size, share]
        figure.subplots_adjust(left=0.14, right=0.97, top=0.93, bottom=0.13)
        axes = figure.subplots()
        with np.errstate(divide="ignore"):
            logs = [np.log10(v) for v in (run.losses, run.gradient_norms)]
        for values, color, dashes, label in zip(
            logs, (style.BLUE, style.RED), ("--", "-"), ("loss", "gradient norm"), strict=True
        ):
            axes.plot(np.clip(values, -9, 13), color=color, linestyle=dashes, label=label)
        axes.set(ylim=(-8, 12), xlim=(0, 80), xlabel="step", title=named.cause)
        axes.set_yticks([-8, -4, 0, 4, 8, 12], ["1e-8", "1e-4", "1", "1e4", "1e8", "1e12"])
        axes.legend(loc="upper left")
        rows = "all rows" if size == 60 else f"batches of {size}"
        return f"Step {share:g} of the limit, {rows}: {named.cause}. {self._read(named)}"

    def _read(self, named: Diagnosis) -> str:
        """What the trace says about the limit, if anything."""
        facts = named.facts
        if facts.growing:
            return f"The growth of {facts.growth:.3g} a step says {(1 + facts.growth) / 2:.2f}."
        if facts.curvature_share > 0.5:
            return f"The fall of the loss says {facts.curvature_share:.2f}."
        return "The trace does not say where the limit is."
