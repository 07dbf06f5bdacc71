"""How a time is taken: pinned, on a quiet machine, in turns, and beside what was reached."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

BUSY = 0.5
"""A load average above which other programs share the processor, so that times mean nothing."""
LONG = 1.0
"""Seconds; what takes longer is repeated 3 times, else 7 times."""
PATIENCE = 240
"""Seconds to wait for what ran just before to leave the load average."""
LEAST = 0.002
"""Seconds; what takes less is called several times for one reading of the clock."""
RIVALS = {"scikit-learn": "sklearn", "celer": "celer", "torch": "torch", "jax": "jax"}
PINS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")


@dataclass(frozen=True)
class Rival:
    """Something to be compared with: at `setting`, with the ratio (ours / theirs) to be reached.

    `run` is None where it is missing, or not run for the reason in `note`.
    """

    name: str
    setting: str
    run: Callable[[], Any] | None
    goal: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Case:
    """One piece of work on one seed's data. `judge` makes of a result how far it is from right."""

    work: str
    data: str
    seed: int
    ours: Callable[[], Any]
    rivals: list[Rival]
    judge: Callable[[Any], float]


@dataclass
class Sample:
    """What one case gave: seconds of each turn, and the judge's number, by rival; "" is ours."""

    case: Case
    seconds: dict[str, list[float]] = field(default_factory=dict)
    judged: dict[str, float] = field(default_factory=dict)


def rival(
    name: str,
    setting: str,
    make: Callable[[Any], Callable[[], Any]],
    goal: float | None = None,
    module: str = "",
) -> Rival:
    """make(module) is the rival's run; where the package cannot be imported it is "missing"."""
    try:
        found = import_module(module or RIVALS[name])
    except ImportError:
        return Rival(name, setting, None, goal, "missing")
    return Rival(name, setting, make(found), goal)


def pin() -> None:
    """One thread for this process: for the BLAS that is loaded, and for rivals loaded later."""
    os.environ.update(dict.fromkeys(PINS, "1"))
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    os.environ["JAX_ENABLE_X64"] = "1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    threadpool_limits(1)
    try:
        import_module("torch").set_num_threads(1)
    except ImportError:
        pass


def check_load(patience: float = PATIENCE) -> str:
    """A sentence about the load; SystemExit above BUSY, unless BENCH_ANYWAY=1 says to go on.

    What ran just before, such as an installation, is still in the average: so many seconds of
    patience let it fall.
    """
    load, anyway, waited = os.getloadavg()[0], os.environ.get("BENCH_ANYWAY") == "1", 0
    while load > BUSY and not anyway and waited < patience:
        print(f"load average {load:.2f}: waiting for {BUSY}", file=sys.stderr, flush=True)
        time.sleep(10)
        load, waited = os.getloadavg()[0], waited + 10
    if load <= BUSY:
        return f"load average {load:.2f}"
    if not anyway:
        raise SystemExit(
            f"the load average is {load:.2f}, above {BUSY}: other programs are running, so times "
            "would mean nothing. Wait a minute, or set BENCH_ANYWAY=1 to go on regardless."
        )
    return f"load average {load:.2f}: A BUSY MACHINE (BENCH_ANYWAY=1)"


def clock() -> Callable[[], float]:
    """Time that passes; on a busy machine the time that this process was given."""
    return time.process_time if os.environ.get("BENCH_ANYWAY") == "1" else time.perf_counter


def facts(load: str) -> dict[str, str]:
    """What the times depend on: date, machine, load, versions, BLAS kernel."""
    known = {"numpy": "NumPy", "scikit-learn": "scikit-learn", "celer": "celer"}
    found = {"date": date.today().isoformat(), "load": load, "processor": processor()}
    found |= {"cores": str(os.cpu_count()), "threads": "1", "Python": platform.python_version()}
    for package, name in (known | {"torch": "torch", "jax": "jax"}).items():
        try:
            found[name] = version(package).split("+")[0]
        except PackageNotFoundError:
            found[name] = "missing"
    blas = {
        f"{x['internal_api']} {x['version']} ({x.get('architecture', 'kernel unknown')})"
        for x in threadpool_info()
        if x["user_api"] == "blas"
    }
    return found | {"BLAS": ", ".join(sorted(blas)) or "unknown"}


def processor() -> str:
    """The processor's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def measure(case: Case, least: int = 7, few: int = 3) -> Sample:
    """Ours and every rival in turn, A B C A B C ..., after a warm-up whose results are judged."""
    sample, now = Sample(case), clock()
    runs = {"": case.ours} | {f"{r.name} {r.setting}": r.run for r in case.rivals if r.run}
    calls = {}
    for name, run in runs.items():
        start = now()
        sample.judged[name] = case.judge(run())
        if now() - start < 100 * LEAST:  # else no second warm-up is needed to count the calls
            start = now()
            run()
        calls[name] = max(1, int(LEAST / max(now() - start, 1e-7)))
        sample.seconds[name] = []
    while True:
        for name, run in runs.items():
            start = now()
            for _ in range(calls[name]):
                run()
            sample.seconds[name].append((now() - start) / calls[name])
        taken = len(sample.seconds[""])
        slowest = max(np.median(seconds) for seconds in sample.seconds.values())
        if taken >= (few if slowest > LONG else least):
            return sample


def rows(samples: Iterable[Sample]) -> Iterator[dict[str, str]]:
    """A row for each rival of each work and data: the seeds together, medians and ranges."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.case.work, sample.case.data), []).append(sample)
    for (work, data), group in groups.items():
        for one in group[0].case.rivals:
            yield {"work": work, "data": data} | _row(one, group)


def _row(one: Rival, group: list[Sample]) -> dict[str, str]:
    name = f"{one.name} {one.setting}"
    ours = np.concatenate([sample.seconds[""] for sample in group])
    row = {"rival": one.name, "setting": one.setting, **_spread("ours", 1e3 * ours)}
    row["ours_error"] = f"{max(sample.judged[''] for sample in group):.0e}"
    if one.run:
        theirs = np.concatenate([sample.seconds[name] for sample in group])
        row |= _spread("theirs", 1e3 * theirs) | _spread("ratio", ours / theirs)
        row["theirs_error"] = f"{max(sample.judged[name] for sample in group):.0e}"
    row |= {"goal": "" if one.goal is None else f"{one.goal:g}", "seeds": str(len(group))}
    return dict.fromkeys(COLUMNS[2:], "") | row | {"note": one.note}


def _spread(name: str, values: np.ndarray) -> dict[str, str]:
    low, middle, high = np.quantile(values, [0, 0.5, 1])
    return {name: f"{middle:.4g}", f"{name}_low": f"{low:.4g}", f"{name}_high": f"{high:.4g}"}


COLUMNS = [
    *("work", "data", "rival", "setting"),
    *(f"{name}{end}" for name in ("ours", "theirs", "ratio") for end in ("", "_low", "_high")),
    *("ours_error", "theirs_error", "goal", "seeds", "note"),
]
"""Of results.csv. Times in ms; ratio is ours / theirs, so below 1 reglib is faster."""
