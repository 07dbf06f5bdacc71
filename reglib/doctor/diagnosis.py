"""What is wrong with a run, from its losses, gradient norms and learning rates."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs as _checks
from reglib.doctor._trace import Trace
from reglib.doctor.causes import HEALTHY, REMEDIES, UNKNOWN, Remedy
from reglib.doctor.measures import Facts, measure
from reglib.doctor.rules import RULES
from reglib.inputs import Array


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """A cause (one of `CAUSES`), how sure (0 to 1), why, and what to do, in order.

    `at` is the row to look at. `facts` are the measured numbers, `unsaid` what could not be said
    and why. `str` gives a report of at most 15 lines.
    """

    cause: str
    confidence: float
    why: str
    remedies: tuple[Remedy, ...]
    facts: Facts
    unsaid: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        m = self.facts
        lines = [f"{self.cause} (confidence {self.confidence:.0%})", *_wrapped(self.why)]
        rows = f"{m.rows} rows" if m.first_bad < 0 else f"{m.finite} of {m.rows} rows are numbers"
        if m.finite > 1:
            rows += (
                f"; left of the first loss {m.loss_left:.2g}, of the first gradient norm "
                f"{m.gradient_left:.2g}; largest jump {m.jump:.2g}-fold, at step {m.jump_at}"
            )
        lines += _wrapped(rows)
        if self.remedies:
            lines.append("What to do, in this order:")
        for number, remedy in enumerate(self.remedies, start=1):
            lines.append(f"  {number}. {remedy.what}")
        if self.unsaid:
            lines += _wrapped("what could not be said: " + "; ".join(self.unsaid))
        return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    """The text with a capital, in lines that fit on a screen."""
    return textwrap.wrap(text[:1].upper() + text[1:], 88)


def diagnose(
    losses: ArrayLike,
    gradient_norms: ArrayLike,
    learning_rates: ArrayLike | None,
    *,
    parameter_norms: ArrayLike | None = None,
) -> Diagnosis:
    """The likely cause of a divergence, or of a run that does not move, from its trace.

    losses (k,), gradient_norms (k,) >= 0 and, if known, parameter_norms (k,) >= 0 belong to the
    weights before each step, the gradient to the data, before any clip. learning_rates is a number
    > 0 or (k,) of them, None if unknown. Values may be inf or NaN: when they become so is part of
    the diagnosis. A row is a step: with one row every 10 steps growth and curvature are those of
    10 steps. The rules assume plain gradient steps where they speak of 2/L: with momentum beta and
    growth rho, L is (1 + rho)(1 + beta/rho)/step.
    ValueError: empty, different lengths, negative norms, learning rates negative or all 0.
    TypeError: text.

    >>> run = 1.2 ** np.arange(30.0)
    >>> found = diagnose(run**2, run, 0.1)
    >>> found.cause, round(found.facts.step_limit, 3)
    ('step too large', 0.091)
    """
    f, g, s, p = _arrays(losses, gradient_norms, learning_rates, parameter_norms)
    f, raised = _above_zero(f)
    facts = measure(f, g, s)
    end = facts.finite
    trace = Trace(f[:end], g[:end], s[:end], None if p is None else p[:end], facts)
    unsaid = _unsaid(raised, facts, learning_rates is None, p is None)
    cause, (sure, why, at) = UNKNOWN, (0.0, _nothing(facts), max(0, end - 1))
    with np.errstate(all="ignore"):
        for name, rule in RULES.items():
            answer = rule(trace) if len(f) > 1 or name != HEALTHY else None
            if answer:
                cause, (sure, why, at) = name, answer
                break
    if not facts.growing:
        unsaid = (*unsaid, "L and 2/L, which take a gradient that grows steadily")
    return Diagnosis(cause, sure, why, REMEDIES[cause], facts, unsaid, at)


def _nothing(facts: Facts) -> str:
    if facts.finite < 8:
        return f"{facts.finite} rows are too few to tell."
    return (
        f"nothing stands out: {facts.loss_left:.2g} of the first loss and "
        f"{facts.gradient_left:.2g} of the first gradient norm are left."
    )


def _arrays(
    losses: ArrayLike, norms: ArrayLike, rates: ArrayLike | None, sizes: ArrayLike | None
) -> tuple[Array, Array, Array, Array | None]:
    """All four as arrays of one length, or a worded error."""
    f = _checks.record("losses", losses)
    g = _checks.record("gradient_norms", norms, len(f), least=0.0)
    s = np.full(len(f), np.nan)
    if rates is not None:
        s = _rates(_checks.floats("learning_rates", rates), len(f))
    p = None if sizes is None else _checks.record("parameter_norms", sizes, len(f), least=0.0)
    return f, g, s, p


def _rates(given: Array, size: int) -> Array:
    """A number or one for each step. Warm-up starts at 0, so 0 may be among them, but not alone."""
    s = given if given.ndim else np.full(size, float(given))
    s = _checks.record("learning_rates", s, size, least=0.0)
    if not (np.isfinite(s).all() and s.any()):
        odd = s[~np.isfinite(s)]
        raise ValueError(
            "learning_rates must be finite and some of them > 0, "
            f"got {f'{odd[0]:g}' if odd.size else 'only 0'}"
        )
    return s


def _above_zero(f: Array) -> tuple[Array, float]:
    """Losses raised until none is negative, by a tenth more than it takes, and by how much."""
    finite = f[np.isfinite(f)]
    if not finite.size or finite.min() >= 0:
        return f, 0.0
    span = max(finite[0], np.median(finite)) - finite.min()
    raised = float(0.1 * span - finite.min())
    return f + raised, raised


def _unsaid(raised: float, facts: Facts, no_rates: bool, no_sizes: bool) -> tuple[str, ...]:
    said = []
    if facts.finite < 12:
        said.append(f"oscillation, plateaus and vanishing, with {facts.finite} rows")
    if no_rates:
        said.append("whether the step fits the loss, without a learning rate")
    if no_sizes:
        said.append("whether the weights grew or shrank, without parameter norms")
    if raised:
        said.append(f"what share of the loss is left: some were negative, {raised:.3g} was added")
    return tuple(said)
