"""The rules for runs that do not explode: nothing moves, something pulls back, or all is well."""

from __future__ import annotations

import numpy as np

from reglib.doctor._trace import SMOOTH, Answer, Trace, promised_by

FLAT = 0.15


def vanishing(t: Trace) -> Answer:
    """A loss that stays, with no gradient to move it, or with one that does not know where to."""
    m = t.facts
    if m.first_bad >= 0 or len(t.f) < 12 or not 0.4 < m.loss_left < 2.5:
        return None
    level = np.median(np.abs(t.f))
    promised = promised_by(t) / level
    if np.median(t.g**2) < 1e-4 * level and promised < 1e-2 and m.gradient_left > 0.01:
        why = (
            f"the gradient norm has a median of {np.median(t.g):.2g} from the start, with a loss "
            f"of {level:.2g} that stays: all {len(t.f)} steps together promise {promised:.1g} "
            "of it."
        )
        return 0.9, why, 0
    early, late = (np.median(t.f[a:b]) for a, b in _thirds(len(t.f)))
    left = late / np.median(t.f[: max(8, len(t.f) // 20)])
    if not 0.62 < left < 1.5 or abs(np.log(late / early)) > FLAT:
        return None
    if m.noise > 0.02 and promised > 1 and not _shrunk(t):
        why = (
            f"the loss stays at its first level ({left:.2g} of it is left) though the "
            f"steps promised {promised:.2g} times as much: what the gradient follows does not "
            "help. The signal may vanish on its way, or the data may hold none."
        )
        return 0.6, why, 0
    return None


def _thirds(k: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """From a twentieth to a third of the run, and its last third."""
    return (max(1, k // 20), max(2, k // 3)), (k - max(1, k // 3), k)


def penalty(t: Trace) -> Answer:
    """A loss at rest on a slope: something that is not in the trace balances the gradient."""
    m, k = t.facts, len(t.f)
    if m.first_bad >= 0 or k < 12 or not m.loss_left > 0.4:
        return None
    rose = t.f[-1] - t.f.min() > 0.005 * (t.f[0] - t.f.min())
    if rose and m.noise < SMOOTH and m.loss_left > 0.9 and m.gradient_left < 0.01:
        return 0.75, _collapse(t), int(t.f.argmin())
    f, g, s = (v[-(k // 4) :] for v in (t.f, t.g, t.s))
    promised = float((s[:-1] * g[:-1] ** 2).sum())  # of the steps between these losses
    level, moved = abs(f[-1]), abs(f[0] - f[-1])
    before = abs(t.f[-(k // 2)] - f[0])
    rests = moved < 0.1 * promised and moved < 0.01 * level
    slows = moved < 0.5 * before or f[-1] > f[0] or m.turns > 0.3 or moved < 1e-6 * level
    if not (promised > 1e-5 * level and rests and slows and g.max() < 1.2 * g.min()):
        return _shrinks(t, promised)
    why = (
        f"the loss rests at {f[-1]:.3g} while the gradient norm stays at {g[-1]:.3g}: the last "
        f"{len(f)} steps promised {promised / level:.1g} of the loss and "
        f"{'none of it' if f[-1] >= f[0] else f'{moved / promised:.1%} of that'} came. Something "
        "pulls back with the same force, as a penalty does"
    )
    if t.p is not None and t.p[-1] < 0.5 * t.p.max():
        return 0.95, f"{why}; the parameter norm fell to {t.p[-1] / t.p.max():.0%}.", k - len(f)
    return 0.85, why + ".", k - len(f)


def _collapse(t: Trace) -> str:
    """A penalty that leaves nothing: the loss turns and rises, and no gradient holds against it."""
    return (
        f"the loss was at {t.f.min():.3g} and rose to {t.f[-1]:.3g} while the gradient norm fell "
        f"to {t.g[-1]:.1g}: something took the weights to a place where the data pull no more, as "
        "a strong penalty does."
    )


def _shrunk(t: Trace) -> bool:
    return t.p is not None and bool(t.p[-1] < 0.3 * t.p.max())


def _shrinks(t: Trace, promised: float) -> Answer:
    """With parameter norms, a penalty shows through minibatch noise: the weights shrink."""
    if t.p is None or not _shrunk(t) or t.facts.loss_left < 0.9:
        return None
    if not promised > 0.1 * abs(t.f[-1]):
        return None
    why = f"the parameter norm fell to {t.p[-1] / t.p.max():.0%} of its largest value, and "
    return 0.7, f"{why}{t.facts.loss_left:.0%} of the first loss is left.", len(t.f) - 1


def healthy(t: Trace) -> Answer:
    """The loss came down, or the gradient did."""
    m = t.facts
    if m.first_bad >= 0 or len(t.f) < 8:
        return None
    came, promised = t.f[0] - t.f[-1], promised_by(t)
    converged = m.loss_left < 1.05 and m.gradient_left < 0.1 and not came < 0.1 * promised
    if not (m.loss_left < 0.95 or converged):
        return None
    why = f"{m.loss_left:.2g} of the first loss and {m.gradient_left:.2g} of the first gradient "
    sure = 0.9 if m.loss_left < 0.5 or m.gradient_left < 0.1 else 0.7
    return sure, why + "norm are left, without a jump on the way.", len(t.f) - 1
