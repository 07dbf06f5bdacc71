"""How long may Adam remember? Linear recurrent networks that explode at the first step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reglib.datasets import leaky_memory
from reglib.optimizers import AdamScaling
from reglib.training import Step
from trial.chapters.recurrent import Trial

RUNS = 50
"""Networks in one of the two blocks of the table apart."""
BETAS = 0.9, 0.95, 0.99, 0.999
BUDGETS = 150, 600, 2400


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """Rows (name, diverged, learned) for each beta2 and budget, at the rate 0.005, no clip."""
    for beta2 in BETAS:
        trial = Trial(leaky_memory, "linear", 1.5, seeds=RUNS, block=block)
        kept: dict[int, Any] = {}

        def look(step: Step, kept: dict[int, Any] = kept) -> None:
            if step.k in BUDGETS[:-1]:
                kept[step.k] = step.w.copy()

        adam = AdamScaling(beta2=beta2)
        run = trial.run(adam, learning_rate=0.005, n_steps=BUDGETS[-1], watch=look)
        for k in BUDGETS:
            reached = replace(run, w=kept.get(k, run.w))
            yield f"{beta2:g}, {k} steps", int(run.diverged.sum()), int(trial.success(reached))
