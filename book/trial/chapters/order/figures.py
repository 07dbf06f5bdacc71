"""Clip and decay in one sentence: runs that are watched, pictures of both orders, their scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.datasets import leaky_memory
from reglib.optimizers import AdamScaling, ClipByNorm, WeightDecay
from reglib.penalties import Masked, SpectralBall
from reglib.training import History, Step
from trial.chapters.recurrent import SEEDS, Trial, band
from trial.page import interval, style
from trial.page.apart import Table

Floats = NDArray[np.float64]
INSIDE, OUTSIDE = (style.RED, "--"), (style.GREEN, "-")
LINES = {
    "neither": (style.BROWN, ":"),
    "clip alone": (style.BLUE, "-."),
    "decay alone": (style.PURPLE, (0, (5, 1, 1, 1, 1, 1))),
    "decay, then clip": INSIDE,
    "clip, then decay": OUTSIDE,
}


def sigma_max(net: Any, w: Any) -> Floats:
    """The largest singular value of W, (...), of weights w (..., P)."""
    return np.linalg.norm(net.unpack(w)["W"], 2, axis=(-2, -1))


@dataclass(frozen=True, eq=False)
class Run:
    """What happened, and what was seen on the way.

    `seen` (n_steps, ...) is the length of the gradient in front of the clip, at the end of the
    sentence without one; `sigma` (k, ...) the largest singular value of W at `steps` (k,): 0, 1,
    every tenth, and after all of them.
    """

    history: History
    steps: NDArray[np.int64]
    sigma: Floats
    seen: Floats


def watched(trial: Trial, *transforms: Any, **options: Any) -> Run:
    """`trial.run`, watched; what stands in front of the clip remembers nothing."""
    net, steps, sigma, seen = trial.net, [], [], []
    before = [*takewhile(lambda t: not isinstance(t, ClipByNorm), transforms)]

    def look(step: Step) -> None:
        if step.k == 1 or step.k % 10 == 0:
            steps.append(step.k)
            sigma.append(sigma_max(net, step.w))
        update = step.gradient
        for transform in before:
            update, _ = transform.update(update, w=step.w, memory=None)
        seen.append(np.linalg.norm(update, axis=-1))

    history = trial.run(*transforms, watch=look, **options)
    steps.append(len(seen))
    sigma.append(sigma_max(net, history.w))
    return Run(history, np.array(steps), np.array(sigma), np.array(seen))


def inside_decay(lam: Any, max_norm: Any, seen: Any) -> Floats:
    """lam min(1, max_norm / seen): what a clip leaves of a decay that went through it.

    `seen` is the length of gradient plus decay in front of the clip.

    >>> float(inside_decay(0.1, 1.0, 1e4))
    1e-05
    """
    return lam * (max_norm / np.maximum(seen, max_norm))


def words(count: int) -> str:
    """A count of 20 chaotic runs in words: a remedy that fails may still have lucky runs.

    >>> words(3), words(20), words(9)
    ('at most 5 of 20', 'at least 19 of 20', 'some of 20')
    """
    return f"at most {SEEDS // 4} of {SEEDS}" if count <= SEEDS // 4 else band(count)


def smooth(x: Floats, window: int = 20) -> Floats:
    """The median of each `window` neighbors in time: one line instead of a cloud."""
    return np.median(np.lib.stride_tricks.sliding_window_view(x, window, axis=0), axis=-1)


def _line(axes: Axes, name: str, x: Any, y: Any) -> None:
    color, dashes = LINES[name]
    axes.plot(x, y, color=color, linestyle=dashes, label=name)


def draw_runs(figure: Figure, runs: dict[str, Run]) -> None:
    """The median network of each cell: the size of W above, the data's gradient below."""
    top, bottom = figure.subplots(2, 1, sharex=True)
    for name, run in runs.items():
        _line(top, name, run.steps, np.median(run.sigma, axis=-1))
        gradient = smooth(np.median(run.history.gradient_norm, axis=-1))
        _line(bottom, name, np.arange(len(gradient)), gradient)
    top.set(yscale="log", title="largest singular value of W")
    bottom.set(yscale="log", title="length of the data's gradient", xlabel="step")
    handles, labels = top.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)


def draw_decay(figure: Figure, seen: Floats, lam: float, max_norm: float) -> None:
    """The decay that arrives at the weights: constant outside the clip, next to nothing inside."""
    axes = figure.subplots()
    arrived, steps = inside_decay(lam, max_norm, seen), np.arange(len(seen))
    low, middle, high = np.quantile(arrived, [0.25, 0.5, 0.75], axis=-1)
    axes.axhline(lam, color=OUTSIDE[0], linestyle=OUTSIDE[1], label="outside the clip")
    axes.plot(steps, middle, color=INSIDE[0], linewidth=1, label="inside, median network")
    axes.fill_between(steps, low, high, color=INSIDE[0], alpha=0.25, linewidth=0)
    axes.set(yscale="log", xlabel="step", title="decay that arrives at the weights")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.93))


def draw_accuracy(figure: Figure, scores: dict[str, Floats], chance: float = 0.1) -> None:
    """One dot for each network, one row for each sentence."""
    axes = figure.subplots()
    for row, (name, score) in enumerate(scores.items()):
        color = LINES.get(name, (style.INK, "-"))[0]
        spread = row + np.linspace(-0.2, 0.2, len(score))
        axes.plot(score, spread, color=color, marker="o", linestyle="none", alpha=0.8)
    axes.axvline(chance, color=style.INK, linewidth=1, linestyle=":")
    axes.text(chance, -0.75, " guessing", va="bottom")
    axes.set_yticks(range(len(scores)), scores)
    axes.set(xlim=(0, 1), ylim=(len(scores) - 0.5, -0.8), xlabel="share of test digits read right")
    axes.grid(visible=False, axis="y")


class Orders:
    """Both orders for every decay and every threshold: one network, the same data everywhere."""

    def __init__(self, trial: Trial, lams: Any, max_norms: Any, n_steps: int = 200) -> None:
        self.trial, self.lams, self.max_norms = trial, list(lams), list(max_norms)
        self.learning_rate, self.n_steps = 0.1, n_steps
        decay = WeightDecay(np.array(lams)[:, None, None, None], trial.net.mask("W"))
        clip = ClipByNorm(np.array(max_norms)[:, None, None])
        w0 = trial.start()
        w0 = np.broadcast_to(w0, (len(self.lams), len(self.max_norms), *w0.shape))
        options = {"learning_rate": self.learning_rate, "n_steps": n_steps, "w0": w0}
        self.inside = watched(trial, decay, clip, **options)
        self.outside = watched(trial, clip, decay, **options)

    def ending(self, sigma: Floats) -> str:
        """Where W stands after the last step, against where it began."""
        share = sigma[-1] / sigma[0]
        if share < 0.4:
            return "shrinks to less than 0.4 of its start"
        return "grows to more than 3 times its start" if share > 3 else "stays near its start"

    def __call__(self, figure: Figure, lam: float, max_norm: float) -> str:
        """Draw both orders; the sentence says how each of them ends."""
        at = self.lams.index(lam), self.max_norms.index(max_norm), 0
        figure.subplots_adjust(left=0.13, right=0.97, top=0.94, bottom=0.11, hspace=0.22)
        top, bottom = figure.subplots(2, 1, sharex=True)
        endings = []
        for run, label, look in (
            (self.outside, "clip, then decay", OUTSIDE),
            (self.inside, "decay, then clip", INSIDE),
        ):
            sigma, color = run.sigma[:, *at], look[0]
            top.plot(run.steps, sigma, color=color, linestyle=look[1], label=label)
            endings.append(self.ending(sigma))
            seen = run.seen[:, *at]
            arrived = inside_decay(lam, max_norm, seen) if run is self.inside else seen * 0 + lam
            bottom.plot(np.maximum(arrived, 1e-9), color=color, linestyle=look[1], linewidth=1.4)
        top.set(yscale="log", ylim=(0.02, 3e5), title="largest singular value of W")
        top.legend(loc="upper right", ncols=2)
        bottom.set(yscale="log", ylim=(5e-10, 5), xlabel="step", title="decay that arrives at W")
        # Ticks take most of the drawing time: these few are enough.
        bottom.set_xticks(np.linspace(0, self.n_steps, 5))
        for axes, ticks in ((top, (0.1, 10, 1e3, 1e5)), (bottom, (1e-8, 1e-4, 1))):
            axes.minorticks_off()
            axes.set_yticks(ticks)
        left = (1 - self.learning_rate * lam) ** self.n_steps
        outside, inside = endings
        told = f"{inside} with the decay inside the clip; it {outside} outside"
        told = f"{inside} in either order" if inside == outside else told
        return (
            f"λ = {lam:g}, clip at {max_norm:g}. In {self.n_steps} steps W {told}. Decay that "
            f"arrives whole multiplies W by {left:.2g}."
        )


def share(table: Table, name: str) -> float:
    """Of a table apart: the share of all networks of a row that learned."""
    row = table[name]
    return sum(row.learned) / (table.of * len(row.learned))


def draw_budgets(figure: Figure, table: Table, names: Sequence[str]) -> None:
    """The share that has learned at each budget, with its 95 % interval, a line a sentence."""
    axes = figure.subplots()
    looks = [
        *LINES.values(),
        (style.RED, "-"),
        (style.RED, ":"),
        (style.BLUE, "-"),
        (style.BLUE, ":"),
    ]
    for name, (color, dashes) in zip(names, looks, strict=False):
        rows = [table[f"budget, {name}, {k} steps"] for k in BUDGETS]
        runs = table.of * len(rows[0].learned)
        ends = np.array([interval(sum(row.learned), runs) for row in rows])
        axes.fill_between(BUDGETS, *ends.T, color=color, alpha=0.15, linewidth=0)
        axes.plot(
            BUDGETS,
            [sum(r.learned) / runs for r in rows],
            color=color,
            linestyle=dashes,
            label=name,
        )
    axes.set(xscale="log", ylim=(-0.02, 1.02), xlabel="steps", title="share that has learned")
    axes.set_xticks(BUDGETS, [str(k) for k in BUDGETS])
    axes.minorticks_off()
    figure.legend(loc="outside lower center", ncols=2)


def draw_scope(figure: Figure, table: Table) -> None:
    """Four panels: strengths, thresholds, gains and Adam's rates, each with its lines of shares."""
    panels = {
        "decay λ, clip at 1": {"outside": "decay: {}, outside", "inside": "decay: {}, inside"},
        "clip at, decay 0.1": {
            "outside": "clip: at {}, outside",
            "inside": "clip: at {}, inside",
            "no decay": "clip: at {}, no decay",
        },
        "gain of the start": {
            "outside": "gain: {}, outside",
            "inside": "gain: {}, inside",
            "no decay": "gain: {}, clip alone",
        },
        "rate of Adam": {
            "outside": "Adam: clip, then AdamW, {}",
            "inside": "Adam: L2, clip, then Adam, {}",
            "no decay": "Adam: clip, then Adam, {}",
        },
    }
    looks = {"outside": OUTSIDE, "inside": INSIDE, "no decay": LINES["clip alone"]}
    for axes, (title, lines) in zip(
        figure.subplots(2, 2, sharey=True).flat, panels.items(), strict=True
    ):
        for label, pattern in lines.items():
            head, tail = pattern.split("{}")
            found = {
                float(row.name.removeprefix(head).removesuffix(tail)): share(table, row.name)
                for row in table.rows
                if row.name.startswith(head) and row.name.endswith(tail)
            }
            color, dashes = looks[label]
            axes.plot(
                *zip(*sorted(found.items()), strict=True),
                "o",
                color=color,
                linestyle=dashes,
                label=label,
            )
        axes.set(xscale="log", ylim=(-0.05, 1.05), title=title)
        axes.minorticks_off()
    figure.axes[2].set_xticks([1, 2, 3, 6], ["1", "2", "3", "6"])
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)


RUNS = 50
"""Networks in one of the two blocks of the tables apart."""
BUDGETS = 400, 1600, 6400
ADAM_RATES = 0.001, 0.003, 0.01, 0.03
BALL = SpectralBall(1.0, (16, 16))


def scope() -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """(name, sentence, what else differs from gain 4, step 0.1, 400 steps) for each row apart.

    Rows that begin with "budget" run on to every one of BUDGETS.
    """
    mask = Trial(leaky_memory, "tanh", 4.0).mask("W")
    clip, decay = ClipByNorm(1.0), WeightDecay(0.1, mask)
    cells = (), (clip,), (decay,), (decay, clip), (clip, decay)
    yield from ((f"budget, {name}", cell, {}) for name, cell in zip(LINES, cells, strict=True))
    for s in (0.3, 1.0):
        yield f"budget, decay, then clip, step {s:g}", (decay, clip), {"learning_rate": s}
        yield f"budget, clip alone, step {s:g}", (clip,), {"learning_rate": s}
    for lam in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0):
        yield f"decay: {lam:g}, outside", (clip, WeightDecay(lam, mask)), {}
    for lam in (0.01, 0.1, 1.0, 10.0):
        yield f"decay: {lam:g}, inside", (WeightDecay(lam, mask), clip), {}
    for gain in (1.0, 2.0, 2.5, 3.0, 6.0):
        for name, cell in zip(
            ("clip alone", "inside", "outside"), (cells[1], *cells[3:]), strict=True
        ):
            yield f"gain: {gain:g}, {name}", cell, {"gain": gain}
    for c in (0.1, 10.0, 100.0):
        other = ClipByNorm(c)
        yield f"clip: at {c:g}, inside", (decay, other), {}
        yield f"clip: at {c:g}, outside", (other, decay), {}
        yield f"clip: at {c:g}, no decay", (other,), {}
    for rate in ADAM_RATES:
        yield f"Adam: clip, then Adam, {rate:g}", (clip, AdamScaling()), {"learning_rate": rate}
        adamw = clip, AdamScaling(), WeightDecay(0.1, mask)
        yield f"Adam: clip, then AdamW, {rate:g}", adamw, {"learning_rate": rate}
        within = WeightDecay(0.1, mask), clip, AdamScaling()
        yield f"Adam: L2, clip, then Adam, {rate:g}", within, {"learning_rate": rate}
    yield "other: singular values of W at most 1", (), {"project": Masked(BALL, mask)}
    yield "other: initial gain 1, nothing else", (), {"gain": 1.0}
    yield "other: orthogonal start, nothing else", (), {"gain": 1.0, "kind": "orthogonal"}
    yield "other: inputs divided by 10", (), {"inputs": 0.1}
    yield "other: inputs divided by 10, clip", (clip,), {"inputs": 0.1}
    yield "other: gates", (), {"gated": True}
    yield "other: gates, clip", (clip,), {"gated": True}


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """Rows (name, diverged, learned) of the scope tables, on one block of RUNS seeds."""
    for name, sentence, other in scope():
        own = ("gain", "kind", "inputs", "gated")
        start = {key: other.pop(key) for key in own if key in other}
        trial = Trial(leaky_memory, "tanh", **({"gain": 4.0} | start), seeds=RUNS, block=block)
        ball, w0 = other.pop("project", None), trial.start()
        if ball:
            w0 = ball.prox(w0, 1.0)
        settings = {"learning_rate": 0.1, "n_steps": 400} | other
        if not name.startswith("budget"):
            history = trial.run(*sentence, **settings, penalty=ball, w0=w0)
            yield name, int(history.diverged.sum()), int(trial.success(history))
            continue
        kept: dict[int, Floats] = {}

        def look(step: Step, kept: dict[int, Floats] = kept) -> None:
            if step.k in BUDGETS[:-1]:
                kept[step.k] = step.w.copy()

        settings["n_steps"] = BUDGETS[-1]
        history = trial.run(*sentence, **settings, w0=w0, watch=look)
        for k in BUDGETS[:-1]:
            reached = replace(history, w=kept[k])
            yield f"{name}, {k} steps", int(history.diverged.sum()), int(trial.success(reached))
        yield (
            f"{name}, {BUDGETS[-1]} steps",
            int(history.diverged.sum()),
            int(trial.success(history)),
        )
