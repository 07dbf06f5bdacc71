"""What can be measured on a trace, without a verdict: growth, curvature, jumps, noise, plateaus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reglib.inputs import Array

SHORTEST = 3
"""Steps of equal growth before it is called steady."""


@dataclass(frozen=True, eq=False)
class Facts:
    """The numbers of a trace; NaN where one cannot be said.

    rows and finite count the rows and those before the first inf or NaN (first_bad, or -1). Growth
    factors are per step: `growth` of the gradient norm over the `growing` last steps that grow
    steadily (NaN if none do), `gradient_growth` and `loss_growth` the medians over the last half.
    curvature L = (1 + growth)/step and step_limit = 2/L belong to a steady growth.
    `curvature_share` is step * L / 2 read off the fall of the loss, where it can be read. `demand`
    is the largest step * norm^2 / (2 loss): on a bowl that a step can handle it stays below 2. jump
    is the largest ratio of two gradient norms in a row, at row jump_at. turns is the share of steps
    at which the loss turns around; noise its median relative change; plateau the share of the run
    at whose end the loss no longer moves. loss_left and gradient_left compare the end with the
    start.
    """

    rows: int
    finite: int
    first_bad: int
    growth: float
    growing: int
    gradient_growth: float
    loss_growth: float
    curvature: float
    step_limit: float
    curvature_share: float
    demand: float
    jump: float
    jump_at: int
    turns: float
    noise: float
    plateau: float
    loss_left: float
    gradient_left: float


def measure(losses: Array, norms: Array, rates: Array) -> Facts:
    """The facts of a trace (k,) each; `rates` may hold NaN where the learning rate is unknown."""
    good = np.isfinite(losses) & np.isfinite(norms)
    first_bad = -1 if good.all() else int(np.argmin(good))
    end = len(losses) if first_bad < 0 else first_bad
    f, g, s = losses[:end], norms[:end], rates[:end]
    with np.errstate(all="ignore"):
        growth, growing = steady_growth(g)
        curvature = (1 + growth) / s[-1] if end else np.nan
        logs = np.diff(np.log(g))
        at = int(np.nanargmax(np.where(np.isfinite(logs), logs, -np.inf))) if end > 1 else -1
        loss_steps = np.diff(np.log(np.abs(f)))
        turned = np.diff(f)
        return Facts(
            rows=len(losses),
            finite=end,
            first_bad=first_bad,
            growth=growth,
            growing=growing,
            gradient_growth=_middle(np.exp(_late(logs))),
            loss_growth=_middle(np.exp(_late(loss_steps))),
            curvature=float(curvature),
            step_limit=float(2 / curvature),
            curvature_share=curvature_share(f, g, s),
            demand=_largest(demands(f, g, s)),
            jump=float(np.exp(logs[at])) if end > 1 else np.nan,
            jump_at=at + 1 if end > 1 else -1,
            turns=float(np.mean(_late(turned[1:] * turned[:-1] < 0))) if end > 2 else np.nan,
            noise=_middle(np.abs(_late(loss_steps))),
            plateau=plateau(f),
            loss_left=_left(f),
            gradient_left=_left(g),
        )


def _late(values: Array) -> Array:
    return values[len(values) // 2 :]


def _middle(values: Array) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else np.nan


def _largest(values: Array) -> float:
    values = values[np.isfinite(values)]
    return float(values.max()) if values.size else np.nan


def _left(values: Array) -> float:
    """The median of the last tenth over that of the first rows (a fiftieth, at least three)."""
    if len(values) < 2:
        return np.nan
    first = values[: max(min(3, len(values) // 4), len(values) // 50, 1)]
    last = values[-max(1, len(values) // 10) :]
    return float(np.median(last) / np.median(first))


def steady_growth(norms: Array) -> tuple[float, int]:
    """The factor by which the last gradient norms grow each step, and over how many steps.

    The longest end of the trace, of at least `SHORTEST` steps, over which log norm is a line: the
    line explains 97 % of its variance, the norm grows tenfold, and the later half grows neither
    twice as fast as the first nor half as fast. (NaN, 0) if there is none.
    """
    whole = np.log(norms[norms > 0]) if (norms > 0).all() else np.zeros(0)
    best = (np.nan, 0)
    steps, longest = SHORTEST, len(whole) - 1
    while steps <= longest:
        found = _line(whole[-steps - 1 :])
        if np.isfinite(found):
            best = float(np.exp(found)), steps
        if steps == longest:
            break
        steps = min(longest, max(steps + 1, int(1.3 * steps)))
    return best


def _line(y: Array) -> float:
    """The slope of a rising line through y, or NaN where y is no such line."""
    t = np.arange(len(y)) - (len(y) - 1) / 2
    slope = (t @ y) / (t @ t)
    rest = y - y.mean() - slope * t
    spread = ((y - y.mean()) ** 2).sum()
    half = len(y) // 2
    early, late = y[half] - y[0], y[-1] - y[-1 - half]
    straight = rest @ rest < 0.03 * spread and early > 0 and 0.5 < late / early < 2
    return slope if straight and slope * (len(y) - 1) > np.log(10) else np.nan


def demands(f: Array, g: Array, s: Array) -> Array:
    """step * norm^2 / (2 loss) for each row: on a quadratic bowl with f >= 0 at most step * L."""
    with np.errstate(all="ignore"):
        return np.where(f > 0, (s * g) * (g / f) / 2, np.nan)


def falls(f: Array, g: Array, s: Array) -> Array:
    """(f_k - f_(k+1)) / (step norm^2): of the fall that the gradient promises, the part that came.

    For plain gradient steps on a quadratic this is 1 - step * h / 2, h the curvature along the
    gradient: near 1 a cautious step, at 0 the edge, below 0 beyond it. A convex loss gives at most
    1; minibatch noise does not keep to that.
    """
    with np.errstate(all="ignore"):
        return (f[:-1] - f[1:]) / (s[:-1] * g[:-1] * g[:-1])


def curvature_share(f: Array, g: Array, s: Array, window: int = 6) -> float:
    """step * L / 2 read off the loss: the largest over `window` steps that agree, or NaN.

    A mode of curvature h adds a rho^(2k) to the squared norm, rho = |1 - step h|, and the share
    D = 1 - step h / 2 of that to the fall of the loss divided by the step. Slower modes add what
    hardly changes, so differences of both tell D, and the ratio of two differences tells rho again.
    Where 1 - rho^2 = 4 D (1 - D) holds within 15 % for `window` steps in a row, the run is plain
    descent, and the largest step h / 2 seen is that of the steepest direction.
    """
    if len(f) <= window + 3:
        return np.nan
    with np.errstate(all="ignore"):
        fell, squares = (f[:-1] - f[1:]) / s[:-1], g * g
        bends, slower = -np.diff(fell), -np.diff(squares)
        D = bends / slower[:-1]
        kept = 1 - slower[1:] / slower[:-1]
        agree = (
            (slower[:-1] > 0) & (D > 0) & (D < 1) & (np.abs(kept / (4 * D * (1 - D)) - 1) < 0.15)
        )
        agree &= np.abs(bends * s[:-2]) > 1e-10 * np.abs(f[:-2])  # else it is rounding
    runs = np.convolve(agree, np.ones(window), "valid") == window
    if not runs.any():
        return np.nan
    means = np.convolve(np.where(agree, 1 - D, 0), np.ones(window) / window, "valid")
    return float(means[runs].max())


def plateau(f: Array, blocks: int = 20) -> float:
    """The share of the run at whose end the loss, in medians of 20 blocks, stays within 2 %."""
    if len(f) < blocks:
        return np.nan
    edges = np.linspace(0, len(f), blocks + 1).astype(int)
    middles = np.array([np.median(f[a:b]) for a, b in zip(edges[:-1], edges[1:], strict=True)])
    off = np.abs(middles - middles[-1]) > 0.02 * np.abs(middles[-1])
    return float(np.argmax(off[::-1]) / blocks) if off.any() else 1.0
