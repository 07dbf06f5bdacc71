"""The pictures of *What does an exploding gradient look like?*"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import ArrayLike

from reglib.networks import SigmoidUnit
from trial.chapters.cliff.experiment import (
    BOX,
    LAMS,
    LEARNED,
    N_STEPS,
    STEPS,
    Array,
    paths,
    share,
    steepest,
)
from trial.page import style

EDGES = (1e-4, 1e-3, 1e-2, 0.06, 0.3)
# Far apart, or the few colors of a small picture would mix them up.
SHADES = ("#08306b", "#2f7fc1", "#7fb8e6", "#c9e3f7", "#dadada", "#e3c48d")
BANDS = ("1e-4", "1e-3", "1e-2", "0.06", "0.3", "more")


def landscape(unit: SigmoidUnit, ws: Array, bs: Array) -> Array:
    """The loss over a grid as a picture (rows b, columns w, RGB): one shade for each of `BANDS`."""
    points = np.stack(np.meshgrid(ws, bs), axis=-1)
    return ListedColormap(SHADES)(np.digitize(unit.value(points), EDGES))[..., :3]


def lay(axes: Axes, unit: SigmoidUnit, picture: Array, ws: Array, bs: Array) -> None:
    """Put a landscape on the axes, with the wall's limit as a dashed line where it is a wall."""
    ends = (ws[0], ws[-1]), (bs[0], bs[-1])
    axes.imshow(
        picture, extent=(*ends[0], *ends[1]), origin="lower", aspect="auto", interpolation="nearest"
    )
    axes.grid(False)
    below = np.linspace(bs[0], bs[-1], 400)
    below = below[unit.growth(below) > 1]
    axes.plot(unit.wall(below), below, color=style.INK, linestyle="--", linewidth=1.2)
    axes.set(xlim=ends[0], ylim=ends[1], xlabel="weight w", ylabel="bias b")


def shades(axes: Axes) -> None:
    """A legend of the shades, below the axes."""
    handles = [
        Patch(facecolor=shade, edgecolor=style.INK, linewidth=0.5, label=label)
        for shade, label in zip(SHADES, BANDS, strict=True)
    ]
    axes.figure.legend(
        handles=handles,
        title="loss up to",
        loc="outside lower center",
        ncols=6,
        columnspacing=1,
        handlelength=1.2,
    )


def draw_wall(figure: Figure, unit: SigmoidUnit, lengths: Sequence[int], b: float) -> str:
    """Above, cuts through the loss at one b for several lengths; below, the loss from the top.

    Returns the alternative text, as `draw_bounces` and `draw_window` do.
    """
    top, bottom = figure.subplots(2, 1, height_ratios=(1, 1.5))
    ws = np.linspace(4.4, 5.2, 1601)
    for length in lengths:
        cut = SigmoidUnit(length).value(np.stack([ws, np.full_like(ws, b)], axis=-1))
        top.plot(ws, cut, label=f"T = {length}")
    top.axvline(unit.wall(b), color=style.INK, linestyle="--", linewidth=1.2)
    top.set(xlim=(4.4, 5.2), xlabel="weight w", title=f"the loss along b = {b:g}")
    top.legend(loc="upper right")
    ws, bs = np.linspace(4, 7, 601), np.linspace(-3.5, -1, 501)
    lay(bottom, unit, landscape(unit, ws, bs), ws, bs)
    (w, width), (low, height) = ((ends[0], ends[1] - ends[0]) for ends in BOX)
    bottom.add_patch(Rectangle((w, low), width, height, fill=False, linewidth=1.5))
    bottom.text(w + width + 0.05, low + height, "starts", va="top")
    bottom.set_title(f"the loss from above, T = {unit.length}")
    shades(bottom)
    return (
        f"Above, {len(lengths)} curves of the loss against w at b = {b:g}. Each is high on the "
        f"left, falls to almost zero and rises a little again. With {min(lengths)} steps the fall "
        f"is a slope; with {max(lengths)} it is a vertical line at w = {steepest(unit, b)[0]:.3f}. "
        "Below, the loss over w and b: a high plateau at the lower left ends in a wall that runs "
        "along a dashed straight line, and a narrow valley lies at its foot. A box around the "
        "starts is crossed by the wall."
    )


def tables_of_the_wall(
    unit: SigmoidUnit, found: dict[tuple[int, float], tuple[float, float]]
) -> None:
    """Display two tables of `found`, (length, b) -> (w, norm): the norms, and where there is a wall
    the w, beside what theory says.
    """
    lengths, biases = (list(dict.fromkeys(column)) for column in zip(*found, strict=True))
    times = [f"T = {length}" for length in lengths]
    style.table(
        ["bias b", "slope a", *times],
        [
            [f"{b:g}", f"{unit.growth(b):.3f}", *(f"{found[n, b][1]:.4g}" for n in lengths)]
            for b in biases
        ],
        caption="Length of the longest gradient along one b",
    )
    style.table(
        ["bias b", *times, "limit w*"],
        [
            [f"{b:g}", *(f"{found[n, b][0]:.3f}" for n in lengths), f"{unit.wall(b):.3f}"]
            for b in biases
            if unit.growth(b) > 1.1
        ],
        caption="The weight w at which the gradient is longest",
    )


VIEW = np.linspace(-1, 11, 401), np.linspace(-4, 9, 361)
"""The grid (ws, bs) on which paths are drawn."""


def draw_path(axes: Axes, path: Array, color: str, label: str = "", linestyle: str = "-") -> None:
    """One path with a dot for each of its weights, a ring where it starts and a star at its end."""
    axes.plot(*path.T, color=color, linestyle=linestyle, linewidth=1, marker=".", markersize=4)
    ends = {"linestyle": "none", "color": style.INK, "markeredgecolor": "white", "clip_on": True}
    axes.plot(*path[0], marker="o", markersize=9, **ends)
    axes.plot(*path[-1], marker="*", markersize=15, label=label, **ends)


def draw_bounces(figure: Figure, unit: SigmoidUnit, runs: dict[str, Array]) -> str:
    """One panel for each named path, over the same landscape."""
    picture = landscape(unit, *VIEW)
    panels = figure.subplots(len(runs), 1, sharex=True)
    for axes, (name, path) in zip(panels, runs.items(), strict=True):
        lay(axes, unit, picture, *VIEW)
        draw_path(axes, path, style.RED)
        axes.set(title=name, xlabel="")
    panels[-1].set_xlabel("weight w")
    shades(panels[-1])
    jumps = {k: np.linalg.norm(np.diff(path, axis=0), axis=-1).max() for k, path in runs.items()}
    ends = {name: unit.value(path[-1]) for name, path in runs.items()}
    told = (
        f"{name}: the longest stride is {jumps[name]:.1f}, the path ends at w = {path[-1][0]:.1f}, "
        f"b = {path[-1][1]:.1f}, {'in the valley' if ends[name] < LEARNED else 'on a plateau'}."
        for name, path in runs.items()
    )
    return f"{len(runs)} maps of the loss with one path each. {' '.join(told)}"


def draw_window(figure: Figure, lams: Array, shares: dict[str, Array]) -> str:
    """Share of runs that learned against lam, one line for each step; lams[0] = 0 at the left."""
    axes = figure.subplots()
    at = np.concatenate([[lams[1] / 10**0.5], lams[1:]])
    for (name, line), marker in zip(shares.items(), "os", strict=True):
        axes.plot(at, 100 * line, marker=marker, label=name)
    axes.set(xscale="log", ylim=(-5, 105), xlabel="penalty λ", ylabel="runs that learned, %")
    axes.set_xticks(at, ["0", *(f"{lam:g}" for lam in lams[1:])])
    axes.minorticks_off()
    axes.legend(loc="center right")
    told = (
        f"{name}: "
        + ", ".join(f"{share(y, 1)} at {lam:g}" for lam, y in zip(lams, line, strict=True))
        for name, line in shares.items()
    )
    return f"Share of runs that learned against the strength of L2. {'; '.join(told)}."


def parts(tally: dict[tuple[str, float, float], int], of: int) -> dict[str, dict[str, Array]]:
    """Step -> the shares of runs that learned without being thrown, were thrown and learned, and
    were thrown and did not, each along the strengths.
    """

    def along(what: str, step: float) -> Array:
        return np.array([tally[what, step, lam] for lam in LAMS]) / of

    return {
        f"step {step:g}": {
            "never thrown, learned": along("learned", step) - along("back", step),
            "thrown, came back and learned": along("back", step),
            "thrown, not learned": along("thrown", step) - along("back", step),
        }
        for step in STEPS
    }


def draw_returned(figure: Figure, parts: dict[str, dict[str, Array]], lams: Sequence[float]) -> str:
    """A panel for each key, a bar for each lam: the named shares of runs on top of each other.

    Returns the alternative text, with every share.
    """
    panels = np.atleast_1d(figure.subplots(len(parts), 1, sharex=True))
    looks = ((style.BLUE, ""), (style.GREEN, "///"), (style.RED, "..."))
    for axes, (title, shares) in zip(panels, parts.items(), strict=True):
        low = np.zeros(len(lams))
        for (name, share_), (color, hatch) in zip(shares.items(), looks, strict=True):
            options = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0}
            axes.bar(range(len(lams)), 100 * share_, 0.7, low, label=name, **options)
            low = low + 100 * share_
        axes.set(title=title, ylim=(0, 100), ylabel="runs, %")
        axes.grid(False)
    panels[-1].set_xticks(range(len(lams)), [f"{lam:g}" for lam in lams])
    panels[-1].set_xlabel("penalty λ")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=1)
    told = (
        f"{title}: "
        + "; ".join(
            f"{name} {', '.join(f'{share_:.0%}' for share_ in line)}"
            for name, line in shares.items()
        )
        for title, shares in parts.items()
    )
    at = ", ".join(f"{lam:g}" for lam in lams)
    return f"Bars of shares of runs at λ = {at}. {'. '.join(told)}."


class Cliff:
    """One start under every clip and lam: its path over the landscape, and its loss below."""

    def __init__(
        self, unit: SigmoidUnit, w0: ArrayLike, clips: Sequence[float], lams: Sequence[float]
    ) -> None:
        self.unit, self.clips, self.lams = unit, list(clips), list(lams)
        self.paths = paths(unit, w0, clips, lams, step=1.0)
        self.losses = unit.value(self.paths)
        self.picture = landscape(unit, *VIEW)

    def __call__(self, figure: Figure, clip: float, lam: float) -> str:
        """Draw both panels; the sentence says where the run ended and whether it learned."""
        at = self.clips.index(clip), self.lams.index(lam)
        path, loss = self.paths[at], self.losses[at]
        figure.subplots_adjust(left=0.13, right=0.97, top=0.97, bottom=0.09, hspace=0.28)
        top, bottom = figure.subplots(2, 1, height_ratios=(2, 1))
        lay(top, self.unit, self.picture, *VIEW)
        draw_path(top, path, style.RED)
        bottom.plot(np.arange(1, len(loss)), loss[1:], color=style.RED, linewidth=1)
        bottom.axhline(LEARNED, color=style.INK, linewidth=1, linestyle=":")
        bottom.set(xscale="log", yscale="log", ylim=(1e-9, 2), xlabel="step", ylabel="loss")
        # Plain words: ticks set as powers of ten would take half of the time of a frame.
        bottom.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
        bottom.set_yticks([1e-8, 1e-6, 1e-4, 1e-2, 1], ["1e-8", "1e-6", "1e-4", "0.01", "1"])
        bottom.minorticks_off()
        jump = np.linalg.norm(np.diff(path, axis=0), axis=-1).max()
        w, b = path[-1]
        return (
            f"Clip {clip:g}, λ = {lam:g}: the largest jump is {jump:.2g}; after {N_STEPS} steps "
            f"w = {w:.2f}, b = {b:.2f}, {self.ending(path[-1], lam)}."
        )

    def ending(self, weights: Array, lam: float) -> str:
        """Whether the run learned, and if not, what holds it."""
        loss, gradient = self.unit.value_and_gradient(weights)
        if loss < LEARNED:
            return "learned"
        if loss > 0.05 and np.linalg.norm(gradient) < 1e-3:
            return "not learned: it lies on a plateau"
        if np.linalg.norm(gradient + lam * weights) < 1e-6:
            return "not learned: it has settled where loss plus penalty is least"
        return "not learned: it is still on its way"
