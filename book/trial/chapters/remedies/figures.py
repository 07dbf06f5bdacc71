"""The league table of *Which remedy saves an exploding recurrent network?*, and its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from reglib.datasets import leaky_memory
from reglib.optimizers import AdamScaling, ClipByNorm
from reglib.penalties import L1, L2, Masked, Orthogonal, Spectral, SpectralBall
from reglib.training import History
from trial.chapters.recurrent import Trial, decay_steps
from trial.page import style

SHAPE = (16, 16)
CLIP, ADAM = (ClipByNorm(1.0),), (AdamScaling(),)
ORTHOGONAL = {"kind": "orthogonal", "gain": 1.0}


@dataclass(frozen=True, eq=False)
class Remedy:
    """What is done to plain gradient steps; a penalty acts on the recurrent
    matrix W only.
    """

    penalty: Any = None
    placement: str = "coupled"
    transforms: tuple[Any, ...] = ()
    # how the networks start otherwise; learning_rate and n_steps, if others
    start: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict)

    def apply(self, trial: Trial, **steps: Any) -> tuple[Trial, History]:
        """The trial with its own start, and what became of its networks."""
        trial = replace(trial, **self.start)
        penalty = self.penalty and Masked(self.penalty, trial.mask("W"))
        w0 = trial.start()
        # a constraint holds from the start
        if isinstance(self.penalty, SpectralBall):
            w0 = penalty.prox(w0, 1.0)
        options = {"penalty": penalty, "placement": self.placement}
        options = {**steps, **self.steps, **options}
        return trial, trial.run(*self.transforms, w0=w0, **options)


EXPLODING = Trial(leaky_memory, "linear", 1.5), {"learning_rate": 0.02, "n_steps": 300}
PENALTIES = {
    "none": Remedy(),
    "L2, λ = 0.0001": Remedy(L2(1e-4)),
    "L2, λ = 0.01": Remedy(L2(0.01)),
    "L2, λ = 0.1": Remedy(L2(0.1)),
    "L2, λ = 1": Remedy(L2(1.0)),
    "L2, λ = 5": Remedy(L2(5.0)),
    "L1, λ = 0.001": Remedy(L1(1e-3)),
    "L1, λ = 0.1": Remedy(L1(0.1)),
    "spectral penalty, λ = 0.1": Remedy(Spectral(0.1, SHAPE)),
    "orthogonal penalty, λ = 0.1": Remedy(Orthogonal(0.1, SHAPE)),
}
OTHERS = {
    "projection, largest singular value 1": Remedy(SpectralBall(1.0, SHAPE), "proximal"),
    "start at gain 0.5": Remedy(start={"gain": 0.5}),
    "clip at 1": Remedy(transforms=CLIP),
    "clip at 1, then proximal L2, λ = 0.1": Remedy(L2(0.1), "proximal", CLIP),
    "Adam, learning rate 0.005": Remedy(transforms=ADAM, steps={"learning_rate": 0.005}),
}
LONGER = {
    "orthogonal start": Remedy(start=ORTHOGONAL),
    "orthogonal start, learning rate 0.005": Remedy(
        start=ORTHOGONAL, steps={"learning_rate": 5e-3}
    ),
    "orthogonal start, learning rate 0.001": Remedy(
        start=ORTHOGONAL, steps={"learning_rate": 1e-3}
    ),
    "orthogonal start, clip at 1": Remedy(transforms=CLIP, start=ORTHOGONAL),
    "clip at 1, 1500 steps": Remedy(transforms=CLIP, steps={"n_steps": 1500}),
    "Adam, 1500 steps": Remedy(transforms=ADAM, steps={"learning_rate": 5e-3, "n_steps": 1500}),
    "clip at 1, then Adam": Remedy(transforms=CLIP + ADAM, steps={"learning_rate": 0.005}),
    "learning rate 0.0002": Remedy(steps={"learning_rate": 2e-4}),
    "inputs divided by 10": Remedy(start={"inputs": 0.1}),
    "gates": Remedy(start={"gated": True}),
    "gates, clip at 1": Remedy(transforms=CLIP, start={"gated": True}),
}
BARELY = {
    f"gain {gain:g}, {name}": replace(remedy, start={"gain": gain})
    for gain in (0.8, 0.9, 1.0)
    for name, remedy in {
        "none": Remedy(),
        "L2, λ = 0.1": Remedy(L2(0.1)),
        "L2, λ = 1": Remedy(L2(1.0)),
        "clip at 1": Remedy(transforms=CLIP),
    }.items()
}
SATURATING = Trial(leaky_memory, "tanh", 2.0), {"learning_rate": 0.05, "n_steps": 400}
FIFTHS = 5  # colors of the map; more would not survive the few colors of a frame
GAINS = (1.0, 1.5, 2.0, 3.0, 4.0)
LAMS = (0.0, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 1.0)


def cell(gain: float, lam: float) -> str:
    """The name of one cell of the window.

    >>> cell(2.0, 0.1)
    'gain 2, λ = 0.1'
    """
    return f"gain {gain:g}, λ = {lam:g}"


WINDOW = {cell(gain, lam): Remedy(L2(lam), start={"gain": gain}) for gain in GAINS for lam in LAMS}
BESIDES = {
    "L2, λ = 5": Remedy(L2(5.0)),
    "L1, λ = 0.001": Remedy(L1(1e-3)),
    "L1, λ = 0.03": Remedy(L1(0.03)),
    "L1, λ = 0.1": Remedy(L1(0.1)),
    "clip at 1": Remedy(transforms=CLIP),
    "projection, largest singular value 1": OTHERS["projection, largest singular value 1"],
    "orthogonal start": Remedy(start=ORTHOGONAL),
    "inputs divided by 10": Remedy(start={"inputs": 0.1}),
    "gates": Remedy(start={"gated": True}),
    "gates, clip at 1": Remedy(transforms=CLIP, start={"gated": True}),
}
RUNS = 100
"""Networks in one of the two blocks of the table apart."""
APART = {
    "exploding": (EXPLODING, PENALTIES | OTHERS | LONGER),
    "barely": (EXPLODING, BARELY),
    "window": (SATURATING, WINDOW),
    "tanh": (SATURATING, BESIDES),
}


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """Rows (name, diverged, learned) of every table of the chapter, for `trial.page.apart`."""
    for group, ((trial, steps), remedies) in APART.items():
        for name, remedy in remedies.items():
            many = replace(trial, seeds=RUNS, block=block)
            own, history = remedy.apply(many, **steps)
            yield f"{group}: {name}", int(history.diverged.sum()), int(own.success(history))


def least_lam(gain: float, step: float, n_steps: int) -> float:
    """The smallest lam whose pure decay brings a gain down to 1 in n_steps.

    >>> decay_steps(2.0, 0.05, least_lam(2.0, 0.05, 400) * 1.001)
    np.int64(400)
    """
    return float(-np.expm1(-np.log(gain) / n_steps) / step)


def draw_losses(figure: Figure, losses: dict[str, Any]) -> None:
    """Median loss of the networks by step, a cross where all of them have diverged."""
    axes = figure.subplots()
    for label, loss in losses.items():
        middle = np.median(loss[: np.isfinite(loss).all(axis=-1).sum()], axis=-1)
        steps = np.arange(1, len(middle) + 1)
        if len(middle) < 10:
            axes.plot(steps, middle, "X", color=style.INK, markersize=12, label=label)
        else:
            axes.plot(steps, middle, label=label)
    axes.set(xscale="log", yscale="log", xlabel="step", title="loss, median of the networks")
    figure.legend(loc="outside lower center", ncols=2)


def draw_backwards(figure: Figure, norms: dict[str, Any]) -> None:
    """Median norm of the gradient by time step, relative to the last; a band of the middle half."""
    axes = figure.subplots()
    for label, norm in norms.items():
        relative = norm / norm[..., -1:]
        steps = np.arange(1, norm.shape[-1] + 1)
        (line,) = axes.plot(steps, np.median(relative, axis=0), label=label)
        quarters = np.quantile(relative, [0.25, 0.75], axis=0)
        axes.fill_between(steps, *quarters, color=line.get_color(), alpha=0.15, linewidth=0)
    axes.set(yscale="log", xlabel="time step", title="gradient, relative to the last time step")
    axes.legend(loc="lower right")


def draw_window(figure: Figure, counts: dict[float, Any], of: int) -> None:
    """How many networks learned against lam, one line for each gain."""
    axes = figure.subplots()
    for gain, learned in counts.items():
        axes.plot(range(len(LAMS)), learned, marker=".", label=f"gain {gain:g}")
    _lam_axis(axes)
    axes.set(ylim=(-0.03 * of, 1.05 * of), title=f"networks that learned, of {of}")
    figure.legend(loc="outside lower center", ncols=len(counts))


def _lam_axis(axes: Axes) -> None:
    axes.set_xticks(range(len(LAMS)), [f"{lam:g}" for lam in LAMS])
    axes.set_xlabel("penalty λ")


class Window:
    """One gain and one lam: where they lie on the map of counts, and the row of that gain.

    `table` is the committed table of `trial.page.apart`: nothing is trained while one drags.
    """

    def __init__(self, table: Any) -> None:
        learned = [[table[f"window: {cell(g, x)}"].learned for x in LAMS] for g in GAINS]
        self.learned, self.of = np.array(learned), table.of  # (gains, lams, blocks)

    def __call__(self, figure: Figure, gain: float, lam: float) -> str:
        """Draw map and row; the sentence says how many learned and what decay alone would do."""
        figure.subplots_adjust(left=0.12, right=0.96, top=0.94, bottom=0.18, hspace=0.2)
        top, bottom = figure.subplots(2, 1)
        row, column = GAINS.index(gain), LAMS.index(lam)
        self._map(top, row, column)
        self._row(bottom, row, column)
        first, second = self.learned[row, column]
        return (
            f"Gain {gain:g}, λ = {lam:g}: {first} of {self.of} networks learned, {second} of "
            f"{self.of} with other seeds. {self.alone(gain, lam)}"
        )

    @staticmethod
    def alone(gain: float, lam: float) -> str:
        """What decay would do to the gain if the data did nothing."""
        n_steps, step = SATURATING[1]["n_steps"], SATURATING[1]["learning_rate"]
        if gain <= 1:
            return "No decay is needed to bring the gain down to 1."
        if lam == 0:
            return "Nothing shrinks the gain."
        needed = int(decay_steps(gain, step, lam))
        words = "in time" if needed <= n_steps else "too late"
        return f"Decay alone brings the gain down to 1 in {needed} steps of {n_steps}: {words}."

    def _map(self, axes: Axes, row: int, column: int) -> None:
        colors = LinearSegmentedColormap.from_list("learned", ["white", style.BLUE], N=FIFTHS)
        total = self.learned.sum(axis=-1)
        most = 2 * self.of
        axes.imshow(total, cmap=colors, vmin=0, vmax=most, aspect="auto", origin="lower")
        axes.plot(column, row, marker="o", markersize=13, color=style.INK, linestyle="none")
        axes.plot(column, row, marker="o", markersize=6, color="white", linestyle="none")
        axes.set_yticks(range(len(GAINS)), [f"{gain:g}" for gain in GAINS])
        few, many = most // FIFTHS, most - most // FIFTHS
        words = f"full color: {many} of {most} or more learned, empty: below {few}"
        axes.set(ylabel="gain", title=words, xticks=[])  # λ stands below the row
        axes.grid(False)

    def _row(self, axes: Axes, row: int, column: int) -> None:
        for block, label in enumerate((f"{self.of} networks", f"{self.of} with other seeds")):
            axes.plot(self.learned[row, :, block], marker=".", label=label)
        axes.axvline(column, color=style.FAINT, linewidth=9, zorder=0)
        if GAINS[row] > 1:
            edge = least_lam(GAINS[row], **_named(SATURATING[1]))
            at = np.interp(np.log(edge), np.log(LAMS[1:]), range(1, len(LAMS)))
            axes.axvline(at, color=style.INK, linewidth=2, linestyle=":", label="decay in time")
        axes.set(xlim=(-0.5, len(LAMS) - 0.5), ylim=(-0.05 * self.of, 1.05 * self.of))
        axes.set_title(f"networks of {self.of} that learned, gain {GAINS[row]:g}")
        axes.figure.legend(loc="lower center", ncols=3)
        _lam_axis(axes)


def _named(steps: dict[str, Any]) -> dict[str, Any]:
    return {"step": steps["learning_rate"], "n_steps": steps["n_steps"]}
