"""Pictures of transformers that fail calmly, of a window, and of a run that a penalty ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from trial.chapters.transformer.runs import BARE, EVERY, Run
from trial.page import style
from trial.page.apart import Table

COLORS = (style.RED, style.GREEN, style.BLUE)
LINES = ("-", "--", "-.")


def draw_log(figure: Figure, log: Any) -> None:
    """Medians over the networks of (steps, 3, seeds): loss, gradient norm, largest logit."""
    axes = figure.subplots()
    k = np.arange(1, len(log) + 1)
    names = ("loss", "gradient norm", "largest attention logit")
    looks = zip(names, (style.BLUE, style.GREEN, style.RED), ("-.", "--", "-"), strict=True)
    for i, (name, color, line) in enumerate(looks):
        axes.loglog(k, np.median(log[:, i], axis=-1), line, color=color, label=name)
    axes.set(xlabel="step", ylabel="median of the networks")
    axes.legend()


def draw_logits(figure: Figure, runs: Mapping[str, Run]) -> None:
    """Accuracy above, largest attention logit below, medians, for each named run."""
    above, below = figure.subplots(2, sharex=True)
    for (name, run), color, line in zip(runs.items(), COLORS, LINES, strict=True):
        k = EVERY * np.arange(1, len(run.accuracy) + 1)
        above.plot(k, np.median(run.accuracy, axis=-1), line, color=color, label=name)
        below.semilogy(k, np.median(run.logit, axis=-1), line, color=color)
    above.set(ylabel="accuracy", ylim=(0, 1.05))
    below.set(xlabel="step", ylabel="largest logit")
    above.legend()


def draw_window(figure: Figure, counted: Table) -> None:
    """Networks without norms that learned against the strength, a line for each penalty."""
    axes, of = figure.subplots(), 2 * counted.of
    families = {"decoupled decay": "decay", "L2 in the gradient": "L2"}
    for (label, start), color, line in zip(families.items(), COLORS, LINES, strict=False):
        names = [name for name in BARE if name.startswith(start)]
        strengths = [float(name.split()[-1]) for name in names]
        learned = [sum(counted["bare 0.05: " + name].learned) for name in names]
        axes.semilogx(strengths, learned, line, marker="o", color=color, label=label)
    axes.set(xlabel="strength", ylabel=f"learned, of {of}", ylim=(-1, of))
    axes.legend()


def draw_lost(figure: Figure, runs: Mapping[str, Run], rate: float) -> None:
    """Accuracy above, rate (|W_0| / |W|)^2 of E and P below, medians."""
    above, below = figure.subplots(2, sharex=True)
    for (name, run), color, line in zip(runs.items(), COLORS, LINES, strict=False):
        k = EVERY * np.arange(1, len(run.accuracy) + 1)
        above.plot(k, np.median(run.accuracy, axis=-1), line, color=color, label=name)
        below.semilogy(k, rate * np.median(run.shrunk, axis=-1), line, color=color)
    below.axhspan(1, 2, color=style.BROWN, alpha=0.25)
    above.set(ylabel="accuracy", ylim=(0, 1.05))
    below.set(xlabel="step", ylabel="effective rate")
    above.legend()
