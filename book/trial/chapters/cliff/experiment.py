"""200 starts above a cliff, trained with every remedy: what the chapter's pictures are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib.networks import SigmoidUnit
from reglib.optimizers import ClipByNorm, Optimizer
from reglib.penalties import L2, ElasticNet
from reglib.training import train
from trial.page.apart import Table

Array = NDArray[np.float64]
LEARNED = 1e-4
"""A run has learned when its loss, without the penalty, ends below this."""
N_STEPS = 1500
NO_CLIP = 1e12
"""Longer than any gradient here: a clip at this length does nothing."""
BOX = (4.6, 5.6), (-2.6, -2.0)
"""The starts: w and b uniform in these ranges."""


@dataclass(frozen=True)
class Remedy:
    """A clip of the gradient, and a penalty that joins the gradient before the clip."""

    name: str
    clip: float = NO_CLIP
    lam: float = 0.0
    l1_ratio: float = 0.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of n starts: arrays (steps, remedies, n), the last axis the starts.

    loss is the last data loss; `thrown` says that the run has at some time been on a plateau, with
    a loss above 0.05 and a gradient shorter than 0.001; jump is its longest single step.
    """

    loss: Array
    thrown: NDArray[np.bool_]
    jump: Array

    @property
    def learned(self) -> NDArray[np.bool_]:
        return self.loss < LEARNED


def starts(seed: int, n: int = 200) -> Array:
    """n starts (n, 2) uniform in `BOX`; all w are drawn first, then all b."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.uniform(*ends, n) for ends in BOX], axis=-1)


def run(
    unit: Any, remedies: Sequence[Remedy], w0: ArrayLike, steps: ArrayLike, n_steps: int = N_STEPS
) -> Outcome:
    """Train every start with every remedy at every step, in one call."""
    w0, steps = np.asarray(w0), np.asarray(steps)[:, None, None, None]
    clip, lam, ratio = (
        np.array([getattr(remedy, field) for remedy in remedies])[:, None, None]
        for field in ("clip", "lam", "l1_ratio")
    )
    jumps = []
    history = train(
        unit,
        Optimizer(ClipByNorm(clip), learning_rate=steps),
        np.broadcast_to(w0, (len(steps), len(remedies), *w0.shape)),
        n_steps=n_steps,
        penalty=ElasticNet(lam, ratio),
        watch=lambda step: jumps.append(np.linalg.norm(step.after - step.w, axis=-1)),
    )
    thrown = ((history.loss > 0.05) & (history.gradient_norm < 1e-3)).any(axis=0)
    return Outcome(unit.value(history.w), thrown, np.max(jumps, axis=0))


def share(count: int, of: int) -> str:
    """A count of runs in words that another machine's arithmetic does not change.

    >>> share(0, 200), share(66, 200), share(120, 200), share(187, 200), share(200, 200)
    ('none', 'less than half', 'more than half', 'more than 85 %', 'all')
    """
    if count in (0, of):
        return "none" if count == 0 else "all"
    if count > 0.85 * of:
        return "more than 85 %"
    return "more than half" if count > of / 2 else "less than half"


def steepest(unit: SigmoidUnit, b: float) -> tuple[float, float]:
    """(w, norm): where the gradient is longest along one b, near the wall.

    The wall can be a millionth wide, so the search starts with distances to
    its limit from 1e-13 to 0.5, evenly spaced in their logarithm, and then
    closes in.
    """
    away = np.geomspace(1e-13, 0.5, 2000)
    grid = unit.wall(b) + np.concatenate([-away[::-1], [0.0], away])
    for _ in range(10):
        points = np.stack([grid, np.full_like(grid, b)], axis=-1)
        norms = np.linalg.norm(unit.gradient(points), axis=-1)
        i = int(norms.argmax())
        found = float(grid[i]), float(norms[i])
        left, right = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        grid = np.linspace(left, right, 101)
    return found


def paths(
    unit: Any,
    w0: ArrayLike,
    clips: Sequence[float],
    lams: Sequence[float],
    step: float,
    n_steps: int = N_STEPS,
) -> Array:
    """The paths (clips, lams, n_steps + 1, 2) of one start, all trained in one call."""
    clip, lam = np.array(clips)[:, None, None], np.array(lams)[:, None]
    sgd = Optimizer(ClipByNorm(clip), learning_rate=step)
    start = np.broadcast_to(w0, (len(clips), len(lams), 2))
    path = train(unit, sgd, start, n_steps=n_steps, penalty=L2(lam), record=True).path
    return np.moveaxis(path, 0, -2)


def gradient_grid(unit: SigmoidUnit, ws: Array, bs: Array) -> tuple[Array, Array]:
    """The points (rows b, columns w, 2) of a grid and the gradient at each.

    A few rows at a time: arrays that stay in the processor's cache take a third of the time.
    """
    points = np.stack(np.meshgrid(ws, bs), axis=-1)
    blocks = np.array_split(points, max(1, points.size // 20_000))
    return points, np.concatenate([unit.gradient(block) for block in blocks])


RUNS = 1200
"""Starts in one of the two blocks of the table apart: six seeds of 200."""
LAMS, STEPS = (0.0, 3e-4, 1e-3, 3e-3, 1e-2), (0.1, 0.3, 1.0)


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """Rows (name, 0, count) for each step and lam: thrown, learned, and thrown that learned."""
    w0 = np.concatenate([starts(100 * block + k) for k in range(RUNS // 200)])
    remedies = [Remedy(f"λ = {lam:g}", lam=lam) for lam in LAMS]
    outcome = run(SigmoidUnit(50), remedies, w0, STEPS)
    for i, step in enumerate(STEPS):
        for j, remedy in enumerate(remedies):
            thrown, learned = outcome.thrown[i, j], outcome.learned[i, j]
            for what, seen in (
                ("thrown", thrown),
                ("learned", learned),
                ("back", thrown & learned),
            ):
                yield f"{what}: step {step:g}, {remedy.name}", 0, int(seen.sum())


def tally(counted: Table) -> dict[tuple[str, float, float], int]:
    """(thrown, learned or back; step; lam) -> runs of both blocks, from the table apart."""
    return {
        (what, step, lam): sum(counted[f"{what}: step {step:g}, λ = {lam:g}"].learned)
        for what in ("thrown", "learned", "back")
        for step in STEPS
        for lam in LAMS
    }
