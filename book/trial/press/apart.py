"""Compute the tables of `trial.page.apart` again: `python -m trial.press.apart NAME`.

A chapter's module has `apart(block)`, which yields rows (name, diverged, learned): how many of 20
networks, or of its `RUNS`, diverged and how many learned, with the seeds of block 0 or 1.
"""

from __future__ import annotations

import csv
import datetime
import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from trial.page.apart import FOLDER, HEADER, SEEDS, Row, Table, checked, read

MODULES = {
    "depth": "trial.chapters.depth.experiment",
    "cliff": "trial.chapters.cliff.experiment",
    "remedies": "trial.chapters.remedies.figures",
    "vanishing": "trial.chapters.vanishing.figures",
    "order": "trial.chapters.order.figures",
    "edge": "trial.chapters.step_sizes.edge",
    "memory": "trial.chapters.step_sizes.memory",
    "transformer": "trial.chapters.transformer.runs",
    "sixteen_bits": "trial.chapters.sixteen_bits.loops",
}
"""Name of a table -> the module whose `apart(block)` computes it."""
SLACK = 4
"""Counts of chaotic runs may differ by this many of 20 from machine to machine, more runs by the
square root of their number."""


def write(table: Table, name: str, folder: Path = FOLDER) -> Path:
    """Write a table as `read` reads it; the same table gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        counted = f"of {table.of} networks those that diverged and that learned"
        file.write(f"# computed on {table.date.isoformat()}: {counted}, two blocks of seeds\n")
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(HEADER)
        for row in table.rows:
            pairs = zip(row.diverged, row.learned, strict=True)
            lines.writerow([row.name, *(count for pair in pairs for count in pair)])
    return path


def _bar(rows: Iterable[tuple], name: str, block: int) -> Iterator[tuple]:
    # disable=None: a bar in a terminal, nothing in a log
    return iter(tqdm(rows, desc=f"{name}, seeds {block + 1}", unit="row", disable=None))


def compute(name: str) -> Table:
    """Both blocks of seeds, today. KeyError: a name without a module."""
    module = importlib.import_module(MODULES[name])
    rows, of = module.apart, getattr(module, "RUNS", SEEDS)
    blocks = [list(_bar(rows(block), name, block)) for block in (0, 1)]
    merged = []
    for (one, *ones), (two, *twos) in zip(*blocks, strict=True):
        if one != two:
            raise ValueError(f"{name}: the blocks of seeds have different rows, {one} and {two}")
        diverged, learned = ((int(a), int(b)) for a, b in zip(ones, twos, strict=True))
        merged.append(Row(one, diverged, learned))
    return Table(datetime.date.today(), checked(merged, name, of), of)


def differences(committed: Table, fresh: Table) -> list[str]:
    """Every row that is missing, new, or further away than the slack, in words."""
    slack = SLACK * (fresh.of / SEEDS) ** 0.5
    old, new = ({row.name: row for row in t.rows} for t in (committed, fresh))
    found = [f"{name}: only in the committed table" for name in old if name not in new]
    found += [f"{name}: not in the committed table" for name in new if name not in old]
    for name in (name for name in old if name in new):
        before, after = (row[name].diverged + row[name].learned for row in (old, new))
        if max(abs(b - a) for b, a in zip(before, after, strict=True)) > slack:
            found.append(f"{name}: committed {before}, computed {after}")
    return found


def main(names: Sequence[str], folder: Path = FOLDER) -> int:
    """Compute the named tables, or all of them, and write them."""
    if unknown := [name for name in names if name not in MODULES]:
        raise SystemExit(f"no table {', '.join(unknown)} among: {', '.join(MODULES)}")
    for name in names or MODULES:
        fresh = compute(name)
        changed = (
            differences(read(name, folder), fresh) if (folder / f"{name}.csv").exists() else []
        )
        print(f"{write(fresh, name, folder).name}: {len(fresh.rows)} rows", *changed, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
