"""What it takes to start: a Python that imports NumPy, reglib, or everything that is in reglib."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from benchmarks.harness import Case, Rival, Sample, clock, time

ROOT = Path(__file__).parents[1]
CORE = "datasets, diagnostics, losses, networks, optimizers, penalties, solvers, training, tuning"
STARTS = {"import reglib": "import reglib", "import all of its core": f"from reglib import {CORE}"}
NUMPY = "import numpy"
GOAL = 1.2


def samples(repeats: int) -> list[Sample]:
    """Processes in turn: NumPy, reglib, its core, NumPy, ..., after one of each as a warm-up."""
    rival = Rival("NumPy", NUMPY, lambda: None, GOAL)
    cases = {
        code: Sample(
            Case("start of Python", name, 0, lambda: None, [rival], float),
            {"": [], f"NumPy {NUMPY}": []},
            {"": 0.0, f"NumPy {NUMPY}": 0.0},
        )
        for name, code in STARTS.items()
    }
    for turn in range(repeats + 1):
        for code, sample in cases.items():
            theirs, ours = seconds(NUMPY), seconds(code)
            if turn:
                sample.seconds[f"NumPy {NUMPY}"].append(theirs)
                sample.seconds[""].append(ours)
    return [*cases.values()]


def seconds(code: str) -> float:
    """Time that a Python takes from its start to its end; on a busy machine what it was given."""
    before, start = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    wall, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
    if clock() is time.perf_counter:
        return wall
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
