"""`python -m benchmarks.growth`: how time and memory grow, one size at a time, to growth.csv."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
from tqdm import tqdm

from benchmarks import harness, table
from benchmarks.problems import drawn, grid

COLUMNS = ["size", "value", "ms", "low", "high", "peak_mb", "theory", "why"]
GROWTH = table.DATA / "growth.csv"
SIZES: dict[str, tuple[list[int], float, str]] = {
    "lasso path, rows n": ([1000, 2000, 4000, 8000, 16000, 32000], 1, "X'X takes n p^2"),
    "lasso path, columns p": ([50, 100, 200, 400, 800], 3, "some p knots of p^2 each"),
    "lasso path, lambdas": ([100, 400, 1600, 6400], 1, "each is read off in p"),
    "RNN gradient, steps T": ([25, 50, 100, 200, 400], 1, "one product a step"),
    "RNN gradient, hidden units": ([32, 64, 128, 256, 512], 2, "W has hidden^2 entries"),
    "MLP gradient, configurations": ([10, 20, 40, 80, 160, 320], 1, "each has its own products"),
}
"""Values, the exponent that theory gives for large ones, and why."""


def work(size: str, value: int) -> Callable[[], object]:
    """The call whose cost grows with `value`, everything else held."""
    from reglib.networks import MLP, RNN
    from reglib.solvers import lasso_path

    rng = np.random.default_rng(0)
    if size.startswith("lasso"):
        n = {"rows n": value, "columns p": 2000}.get(size.split(", ")[1], 1000)
        p = value if size.endswith("p") else 100
        X, y = drawn(n, p, p // 5, 0.0, rng)
        lams = grid(X, y)
        if size.endswith("lambdas"):
            lams = np.geomspace(lams[0], lams[-1], value)
        return lambda: lasso_path(X, y, lams)
    if size.startswith("RNN"):
        T, hidden = (value, 50) if size.endswith("T") else (20, value)
        net = RNN(rng.standard_normal((20, T, 2)), rng.standard_normal(20), hidden=hidden)
        w = net.init(rng, gain=0.9)
    else:
        net = MLP(rng.standard_normal((32, 20)), rng.standard_normal(32), sizes=(16,))
        w = np.tile(net.init(rng), (value, 1))
    return lambda: net.value_and_gradient(w)


def peak(run: Callable[[], object]) -> float:
    """Megabytes that a call holds at most, beyond what was there before it."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def measured() -> Iterator[table.Row]:
    """A row for each value of each size: the median of 7 calls, their range, the peak of memory."""
    for size, (values, theory, why) in SIZES.items():
        for value in tqdm(values, desc=size, disable=None):
            run = work(size, value)
            case = harness.Case(size, str(value), 0, run, [], lambda _: 0.0)
            times = 1e3 * np.array(harness.measure(case).seconds[""])
            row = {"ms": np.median(times), "low": times.min(), "high": times.max()}
            row["peak_mb"] = peak(run)
            words = {"size": size, "value": str(value), "theory": str(theory), "why": why}
            yield words | {name: f"{number:.4g}" for name, number in row.items()}


def main() -> None:
    """Measure everything and write growth.csv."""
    harness.pin()
    print(harness.check_load(), flush=True)
    rows = [*measured()]
    for row in rows:
        print(*(row[name] for name in COLUMNS[:6]), sep=" | ")
    table.write(rows, GROWTH, COLUMNS)


if __name__ == "__main__":
    main()
