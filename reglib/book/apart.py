"""Tables that are computed apart: runs too long for a page, recomputed by `make test-slow`.

A chapter's module has `apart(block)`, which yields rows (name, diverged, learned): how many of 20
networks diverged and how many learned, with the seeds of block 0 or 1. `book/apart/NAME.csv` holds
both blocks with the date of their computation; `python -m reglib.book.apart NAME` writes it again.
"""

from __future__ import annotations

import csv
import datetime
import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from reglib.book import style
from reglib.book.recurrent import SEEDS

FOLDER = Path(__file__).resolve().parents[2] / "book" / "apart"
MODULES = {
    "depth": "reglib.book.deep_trial",
    "remedies": "reglib.book.remedies",
    "vanishing": "reglib.book.vanishing",
    "order": "reglib.book.order",
    "edge": "reglib.book.edge",
}
"""Name of a table -> the module whose `apart(block)` computes it."""
BLOCKS = 2
SLACK = 4
"""Counts of chaotic runs may differ by this much from machine to machine."""
HEADER = ["name", "diverged 1", "learned 1", "diverged 2", "learned 2"]


class Row(NamedTuple):
    """One remedy: runs of 20 that diverged and that learned, a number for each block of seeds."""

    name: str
    diverged: tuple[int, ...]
    learned: tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """Rows and the day on which they were computed."""

    date: datetime.date
    rows: tuple[Row, ...]

    def __getitem__(self, name: str) -> Row:
        """The row of that name; KeyError for an unknown one."""
        found = [row for row in self.rows if row.name == name]
        if not found:
            raise KeyError(f"no row {name!r} among: {', '.join(row.name for row in self.rows)}")
        return found[0]


def _checked(rows: Iterable[Row], where: str) -> tuple[Row, ...]:
    """The rows, or ValueError when a name stands twice or a count is impossible."""
    rows = tuple(rows)
    names = [row.name for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{where}: {', '.join(twice)} stands twice")
    for row in rows:
        pairs = [*zip(row.diverged, row.learned, strict=True)]
        if any(min(pair) < 0 or sum(pair) > SEEDS for pair in pairs):
            raise ValueError(f"{where}: {row.name} must count runs of {SEEDS}, got {pairs}")
    return rows


def read(name: str, folder: Path = FOLDER) -> Table:
    """The committed table. ValueError: no date, other columns, impossible counts."""
    path = folder / f"{name}.csv"
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    start = "# computed on "
    if not first.startswith(start):
        raise ValueError(f"{path.name}: the first line must be {start!r} and a date, got {first!r}")
    header, *records = csv.reader(lines)
    if header != HEADER:
        raise ValueError(f"{path.name}: the columns must be {HEADER}, got {header}")
    date = datetime.date.fromisoformat(first.removeprefix(start)[:10])
    counts = ((r[0], [int(count) for count in r[1:]]) for r in records)
    rows = (Row(label, tuple(c[0::2]), tuple(c[1::2])) for label, c in counts)
    return Table(date, _checked(rows, path.name))


def write(table: Table, name: str, folder: Path = FOLDER) -> Path:
    """Write a table as `read` reads it; the same table gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        note = f"of {SEEDS} networks those that diverged and that learned, two blocks of seeds"
        file.write(f"# computed on {table.date.isoformat()}: {note}\n")
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
    rows = importlib.import_module(MODULES[name]).apart
    blocks = [list(_bar(rows(block), name, block)) for block in range(BLOCKS)]
    merged = []
    for same in zip(*blocks, strict=True):
        labels, diverged, learned = zip(*same, strict=True)
        if len(set(labels)) > 1:
            raise ValueError(f"{name}: the blocks of seeds have different rows, {labels}")
        merged.append(Row(labels[0], tuple(map(int, diverged)), tuple(map(int, learned))))
    return Table(datetime.date.today(), _checked(merged, name))


def differences(committed: Table, fresh: Table, slack: int = SLACK) -> list[str]:
    """Every row that is missing, new, or further than `slack` away, in words."""
    old, new = ({row.name: row for row in t.rows} for t in (committed, fresh))
    found = [f"{name}: only in the committed table" for name in old if name not in new]
    found += [f"{name}: not in the committed table" for name in new if name not in old]
    for name in (name for name in old if name in new):
        before, after = (row[name].diverged + row[name].learned for row in (old, new))
        if max(abs(b - a) for b, a in zip(before, after, strict=True)) > slack:
            found.append(f"{name}: committed {before}, computed {after}")
    return found


def show(name: str, caption: str, prefix: str = "", first: str = "remedy") -> Table:
    """Display the rows whose name starts with `prefix`, without it; returns the whole table.

    A cell holds the counts of both blocks, which keeps the table narrow enough for a phone. The
    caption says so, and when and by what they were computed.
    """
    table = read(name)
    rows = [row for row in table.rows if row.name.startswith(prefix)]
    if not rows:
        raise ValueError(f"no row of {name} starts with {prefix!r}")
    style.table(
        [first, "diverged", "learned"],
        [
            [row.name.removeprefix(prefix), *(", ".join(map(str, c)) for c in row[1:])]
            for row in rows
        ],
        caption=f"{caption.rstrip('.')}. Two sets of {SEEDS} networks. Computed apart on "
        f"{table.date.isoformat()} by make test-slow.",
    )
    return table


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
