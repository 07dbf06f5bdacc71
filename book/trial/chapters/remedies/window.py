"""Counts of 200: where a little L2 helps tanh networks, and what saves linear ones that explode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reglib.penalties import L2
from trial.chapters.remedies.figures import EXPLODING, OTHERS, PENALTIES, SATURATING, Remedy

RUNS = 100
"""Networks in one of the two blocks of the table apart."""
GAINS, LAMS = (2.0, 3.0), (0.0, 0.01, 0.03, 0.1, 0.3, 0.5, 1.0)


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """Rows (name, diverged, learned), with the settings of the chapter's two experiments."""
    tanh, steps = SATURATING
    for gain in GAINS:
        trial = replace(tanh, gain=gain, seeds=RUNS, block=block)
        for lam in LAMS:
            own, run = Remedy(L2(lam)).apply(trial, **steps)
            yield f"gain {gain:g}, λ = {lam:g}", int(run.diverged.sum()), int(own.success(run))
    linear, steps = EXPLODING
    trial = replace(linear, seeds=RUNS, block=block)
    for name, remedy in (PENALTIES | OTHERS).items():
        own, run = remedy.apply(trial, **steps)
        yield f"linear: {name}", int(run.diverged.sum()), int(own.success(run))
