"""Learning rates that are learned: both hypergradient rules from many starts, mapped and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reglib.optimizers import Hypergradient, Optimizer
from reglib.training import Step, train
from trial.page import style

Floats = NDArray[np.float64]
NEAR = 1e-6
FORMS = {"additive": False, "multiplicative": True}
FATES = {"arrives": "#b9d7c6", "not yet": "#f3e2b3", "diverges": "#f0b49c"}
ARRIVES, NOT_YET, DIVERGES = range(3)


@dataclass(frozen=True, eq=False)
class HyperRuns:
    """Both rules for every beta and every first rate, which is a share of `limit`.

    fate (betas, shares) is ARRIVES (within 1e-6 of the solution at the end), NOT_YET or DIVERGES.
    loss, rate (n_steps, betas, shares); the loss is NaN after a divergence.
    """

    limit: float
    shares: list[float]
    betas: list[float]
    fate: dict[str, NDArray[np.int64]]
    loss: dict[str, Floats]
    rate: dict[str, Floats]


def hyper_runs(
    loss: Any, start: Any, best: Any, limit: float, shares: Any, betas: Any, n_steps: int
) -> HyperRuns:
    """Gradient descent whose rate is learned from share x limit, for all shares and betas."""
    told: dict[str, dict[str, Any]] = {"fate": {}, "loss": {}, "rate": {}}
    first, beta = np.multiply(limit, shares)[:, None], np.reshape(betas, (-1, 1, 1))
    w0, rates = np.broadcast_to(start, (len(beta), len(first), np.size(start))), []

    def look(step: Step) -> None:
        rates.append(np.broadcast_to(step.rate[..., 0], step.alive.shape))

    for form, multiplicative in FORMS.items():
        rates.clear()
        rule = Optimizer(learning_rate=Hypergradient(first, beta, multiplicative))
        run = train(loss, rule, w0, n_steps=n_steps, watch=look)
        near = ~run.diverged & (np.linalg.norm(run.w - best, axis=-1) <= NEAR)
        told["fate"][form] = np.where(near, ARRIVES, np.where(run.diverged, DIVERGES, NOT_YET))
        told["loss"][form], told["rate"][form] = run.loss, np.array(rates)
    return HyperRuns(limit, [*map(float, shares)], [*map(float, betas)], **told)


def draw_fates(figure: Figure, runs: HyperRuns) -> str:
    """What became of every start and beta, a map for each rule; returns the alternative text."""
    grids = figure.subplots(2, 1, sharex=True)
    for axes, (form, fate) in zip(grids, runs.fate.items(), strict=True):
        colors = ListedColormap(list(FATES.values()))
        edges = _edges(runs.betas), _edges(runs.shares)
        axes.pcolormesh(*edges, fate.T, cmap=colors, vmin=0, vmax=2)
        axes.axhline(1, color=style.INK, linewidth=1)
        for share in (0.17, 0.6, 10):  # words on the left, where every fate has a field
            at = np.searchsorted(runs.betas, 1e-7), np.searchsorted(runs.shares, share)
            axes.text(1e-7, share, list(FATES)[fate[at]], va="center")
        axes.set(xscale="log", yscale="log", title=form, ylabel="first rate / limit")
        axes.set_yticks([0.1, 1, 10, 50], ["0.1", "1", "10", "50"])
        axes.minorticks_off()
        axes.grid(visible=False)
    grids[-1].set_xlabel("β, how fast the rate is adapted")
    patches = [Patch(color=color, label=label) for label, color in FATES.items()]
    figure.legend(handles=patches, loc="outside lower center", ncols=3)
    return (
        "Two maps, the first rate upward and β to the right. Additive: runs arrive in a block that "
        "reaches up to between one and three times the limit with a ragged upper edge and ends on "
        "the right near β = 0.01; all beyond it diverge. Multiplicative: for small β runs above "
        "the limit diverge, then nearly all do, and from β = 0.01 on a region of arrival opens "
        "that reaches 50 times the limit before β = 1, where it ends with a sharp edge; a few runs "
        "inside it diverge. In both maps the smallest rates with a small β are not there yet."
    )


def _edges(centers: Any) -> Floats:
    """Borders of cells around `centers`, halfway between them on a logarithmic scale."""
    logs = np.log(centers)
    inner = (logs[1:] + logs[:-1]) / 2
    return np.exp([2 * logs[0] - inner[0], *inner, 2 * logs[-1] - inner[-1]])


class Explorer:
    """Draws one first rate and one beta: the loss and the rate under both rules, step by step."""

    LOOKS = {"additive": (style.RED, "--"), "multiplicative": (style.BLUE, "-")}

    def __init__(self, runs: HyperRuns) -> None:
        self.runs = runs

    def __call__(self, figure: Figure, share: float, beta: float) -> str:
        """Draw both rules; the sentence says how each of them ends."""
        runs, told = self.runs, []
        at = runs.betas.index(beta), runs.shares.index(share)
        figure.subplots_adjust(left=0.15, right=0.97, top=0.94, bottom=0.11, hspace=0.25)
        top, bottom = figure.subplots(2, 1, sharex=True)
        for form, (color, line) in self.LOOKS.items():
            lost, rate = runs.loss[form][:, *at], runs.rate[form][:, *at]
            look = {"color": color, "linestyle": line, "label": form}
            top.plot(lost, **look)
            bottom.plot(np.where(np.isnan(lost), np.nan, rate) / runs.limit, **look)
            told.append(f"The {form} rule {self.ending(form, at)}.")
        top.set(yscale="log", ylim=(0.1, 1e26), title="loss")
        top.set_yticks([1, 1e10, 1e20], ["1", "1e10", "1e20"])  # typeset powers take long to draw
        top.legend(loc="upper right", ncols=2)
        bottom.axhline(1, color=style.INK, linewidth=1, linestyle=":")
        bottom.set_yscale("symlog", linthresh=0.1)
        bottom.set(ylim=(-1e3, 1e3), title="rate / limit", xlabel="step")
        bottom.set_yticks([-100, -1, 0, 1, 100], ["-100", "-1", "0", "1", "100"])
        for axes in (top, bottom):
            axes.minorticks_off()
        return f"Start at {share:g} times the limit, β = {beta:g}. {' '.join(told)}"

    def ending(self, form: str, at: Any) -> str:
        """The fate in words, and whether the rate was ever negative."""
        fate, lost = self.runs.fate[form][at], self.runs.loss[form][:, *at]
        words = {
            ARRIVES: f"is within 1e-6 of the solution after {len(lost)} steps",
            NOT_YET: f"is on its way after {len(lost)} steps",
            DIVERGES: "diverges",
        }[fate]
        below = (self.runs.rate[form][:, *at][~np.isnan(lost)] < 0).any()
        return words + ", and its rate became negative" * bool(below)
