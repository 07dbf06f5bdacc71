"""The rules of `diagnose`: each looks at a trace and returns how sure it is and why, or None.

They are asked in the order of `RULES`, and the first answer counts. The thresholds were chosen on
runs whose cause was known, and are scored on runs of other kinds.
"""

from __future__ import annotations

import numpy as np

from reglib.doctor._trace import SMOOTH, Answer, Trace
from reglib.doctor.causes import DATA, EDGE, HEALTHY, NETWORK, PENALTY, STEP, VANISHING
from reglib.doctor.measures import demands, falls
from reglib.doctor.quiet_rules import healthy, penalty, vanishing

EXPLODES, WILD, NEAR = 30.0, 2000.0, 0.93


def step(t: Trace) -> Answer:
    """Steady geometric growth of the gradient, and of the loss with it."""
    m = t.facts
    if not m.growing or not t.f[-1] > 1.2 * t.f[-1 - m.growing] or t.g[-1] < t.g.max() / 2:
        return None
    if m.growing < 5 and len(t.f) > 10:
        return None
    why = f"the gradient norm grew {m.growth:.3g}-fold a step over the last {m.growing} steps"
    if np.isfinite(m.curvature):
        why += f"; so L is about {m.curvature:.3g} and the limit 2/L is {m.step_limit:.3g}"
        why += f", the learning rate is {t.s[-1]:.3g}"
    return (0.95 if m.growing > 8 else 0.8), why + ".", len(t.f) - 1 - m.growing


def data(t: Trace) -> Answer:
    """NaN or inf out of nowhere, or a loss that jumps after an ordinary gradient."""
    m = t.facts
    at = _loss_first(t)
    if at is not None:
        before = np.median(t.f[max(0, at - 8) : at])
        why = (
            f"at step {at} the loss jumped from about {before:.3g} to {t.f[at]:.3g}, though the "
            f"gradient one step before was ordinary ({t.g[at - 1]:.3g}): the step cannot have "
            "done that, the rows of this step can."
        )
        return 0.9, why, at
    if m.first_bad < 0:
        return None
    if not len(t.f):
        return 0.5, "the first row is not finite already, before any step was taken.", 0
    calm = all(v[-1] <= 10 * np.median(v[-20:]) for v in (t.f, t.g)) and len(t.f) >= 3
    asked = demands(t.f, t.g, t.s)[-5:]
    if calm and not ((asked > EXPLODES).any() and (len(t.f) < 12 or _wild(t) > WILD)):
        why = (
            f"the values of step {m.first_bad} are not finite, and nothing grew before: the "
            f"gradient norm was {t.g[-1]:.3g}, its median over the steps before "
            f"{np.median(t.g[-20:]):.3g}."
        )
        return (0.9 if len(t.f) > 10 else 0.7), why, m.first_bad
    return None


def _loss_first(t: Trace, window: int = 8) -> int | None:
    """The first row whose loss is 20 times all before, though nothing announced it."""
    if len(t.f) <= window + 1:
        return None
    highest = np.lib.stride_tricks.sliding_window_view(t.f, window)[:-1].max(axis=-1)
    able = demands(t.f, t.g, t.s)[window - 1 : -1] > 4  # the step before could have done it
    for at in np.flatnonzero((t.f[window:] > 20 * highest) & ~able) + window:
        g = t.g[at - window : at]
        if t.g[at] > 5 * g.max() and g[-1] <= 4 * np.median(g):
            return int(at)
    return None


def network(t: Trace) -> Answer:
    """A gradient too long for any bowl with this loss: a product of Jacobians, or a wall."""
    if not len(t.f):
        return None
    asked = demands(t.f, t.g, t.s)
    if np.isnan(asked).all():
        return _spike(t)
    high = np.flatnonzero(asked > EXPLODES)
    if not high.size or not (_over(t, high[0]) or _wild(t) > WILD or _idle(t)):
        return None
    at = int(np.nanargmax(asked))
    why = (
        f"at step {at} the gradient norm is {t.g[at]:.3g} with a loss of {t.f[at]:.3g}: the step "
        f"promises {2 * asked[at]:.2g} times the loss there is to lose, which no bowl that the run "
        "could stay in allows"
    )
    if t.facts.first_bad >= 0:
        why += f". The run was over at step {t.facts.first_bad}"
    elif high.size > len(t.f) / 4:
        why += f". So it is in {high.size / len(t.f):.0%} of the steps; something holds the run"
    elif at + 1 < len(t.f):
        why += f". Afterwards the gradient norm has a median of {np.median(t.g[at + 1 :]):.2g}"
    return (0.95 if asked[at] > 1e3 else 0.8), why + ".", at


def _spike(t: Trace) -> Answer:
    """The same without a learning rate: one gradient 100 times its neighbors, not so the loss."""
    if len(t.f) < 8:
        return None
    at = int(t.g.argmax())
    if t.g[at] < 100 * np.median(t.g) or t.f[at] > 10 * np.median(t.f) or t.facts.loss_left < 0.3:
        return None
    why = f"at step {at} the gradient norm is {t.g[at]:.3g}, {t.g[at] / np.median(t.g):.2g} times "
    return 0.6, why + "its median, while the loss was ordinary.", at


def _over(t: Trace, at: int) -> bool:
    """Whether the run ended soon after its first long gradient."""
    return 0 <= t.facts.first_bad <= at + 3


def _idle(t: Trace) -> bool:
    """Whether most of the loss is left though the steps promised 1000 times as much."""
    return t.facts.loss_left > 0.6 and (t.s * t.g**2).sum() > 1e3 * np.median(t.f)


def _wild(t: Trace) -> float:
    """The largest factor by which norm^2 / loss changes in one step, beyond its usual changes.

    On a bowl it lies between twice the curvatures, so it changes little from batch to batch, also
    where Adam or badly scaled features make it large; at a wall it changes by powers of ten.
    """
    with np.errstate(all="ignore"):
        moves = np.abs(np.diff(2 * np.log(t.g) - np.log(t.f)))
    moves = moves[np.isfinite(moves)]
    return float(np.exp(moves.max())) if moves.size else 0.0


def edge(t: Trace) -> Answer:
    """A step within a few percent of the limit, or one beyond it that the loss keeps bounded."""
    m = t.facts
    if m.first_bad >= 0:
        return None
    if m.curvature_share >= NEAR and not m.demand > 2.2:
        why = (
            f"where one direction rules, the loss falls by {1 - m.curvature_share:.1%} of what the "
            f"gradient promises: the step is {m.curvature_share:.3g} of the limit 2/L."
        )
        return 0.85, why, 0
    k, half = len(t.f), len(t.f) // 2
    if k < 12:
        return None
    if m.turns >= 0.85 and m.noise > 1e-4 and m.gradient_left > 0.02:
        why = (
            f"the loss turns around at {m.turns:.0%} of the steps, by {m.noise:.1%} each time, "
            f"and the gradient norm stays at {np.median(t.g[half:]):.2g}."
        )
        return 0.9, why, half
    parts = falls(t.f[half:], t.g[half:], t.s[half:])
    convex = np.mean(parts < 1.1) > 0.95
    promised = float((t.s[half:] * t.g[half:] ** 2).sum())
    came = (t.f[half] - t.f[-1]) / promised if promised > 0 else np.nan
    if convex and abs(came) < 0.2 and m.turns > 0.05 and m.gradient_left > 0.1:
        rate = promised / abs(t.f[-1]) / (k - half)
        idle = m.loss_left > 0.7 and rate > 1
        if 1e-3 < rate < 10 and (SMOOTH < m.noise < 0.15 or idle):
            why = (
                f"in the second half the steps promised {promised / t.f[-1]:.2g} times the loss "
                f"and {came:.1%} of that came; the loss moves by {m.noise:.1%} a step, never "
                "faster than its gradient allows: it bounces."
            )
            return 0.75, why, half
    return None


RULES = {
    STEP: step,
    DATA: data,
    NETWORK: network,
    EDGE: edge,
    VANISHING: vanishing,
    PENALTY: penalty,
    HEALTHY: healthy,
}
