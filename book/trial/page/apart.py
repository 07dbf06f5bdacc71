"""Tables that are computed apart: runs too long for a page, recomputed by `make test-slow`.

`book/trial/data/apart/NAME.csv` holds, for two or three blocks of seeds, how many networks diverged
and how many learned, with the size of a block and the date; `trial.press.apart` writes it.
"""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from trial import data
from trial.page import style

FOLDER = data.FOLDER / "apart"
SEEDS = 20
"""Networks in one block of seeds, where a chapter says no other number."""
WORDS = {2: "two", 3: "three"}
"""How a number of blocks is written."""


def header(blocks: int) -> list[str]:
    """The columns of a file."""
    counted = (f"{what} {k}" for k in range(1, blocks + 1) for what in ("diverged", "learned"))
    return ["name", *counted]


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
    of: int = SEEDS  # networks in one block

    def __getitem__(self, name: str) -> Row:
        """The row of that name; KeyError for an unknown one."""
        found = [row for row in self.rows if row.name == name]
        if not found:
            raise KeyError(f"no row {name!r} among: {', '.join(row.name for row in self.rows)}")
        return found[0]


def checked(rows: Iterable[Row], where: str, of: int = SEEDS) -> tuple[Row, ...]:
    """The rows, or ValueError when a name stands twice or a count is impossible."""
    rows = tuple(rows)
    names = [row.name for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{where}: {', '.join(twice)} stands twice")
    for row in rows:
        pairs = [*zip(row.diverged, row.learned, strict=True)]
        if any(min(pair) < 0 or sum(pair) > of for pair in pairs):
            raise ValueError(f"{where}: {row.name} must count runs of {of}, got {pairs}")
    return rows


def read(name: str, folder: Path = FOLDER) -> Table:
    """The committed table. ValueError: no date, other columns, impossible counts."""
    path = folder / f"{name}.csv"
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    start = "# computed on "
    if not first.startswith(start):
        raise ValueError(f"{path.name}: the first line must be {start!r} and a date, got {first!r}")
    columns, *records = csv.reader(lines)
    if columns not in [header(blocks) for blocks in WORDS]:
        raise ValueError(f"{path.name}: the columns must be {header(2)}, got {columns}")
    date = datetime.date.fromisoformat(first.removeprefix(start)[:10])
    size = re.search(r"of (\d+) networks", first)
    of = int(size[1]) if size else SEEDS
    counts = ((r[0], [int(count) for count in r[1:]]) for r in records)
    rows = (Row(label, tuple(c[0::2]), tuple(c[1::2])) for label, c in counts)
    return Table(date, checked(rows, path.name, of), of)


def show(
    name: str,
    caption: str,
    prefix: str = "",
    first: str = "remedy",
    counted: tuple[str, str] = ("diverged", "learned"),
) -> Table:
    """Display the rows whose name starts with `prefix`, without it; returns the whole table.

    A cell holds the counts of all blocks, which keeps the table narrow enough for a phone. The
    caption says so, and when and by what they were computed. `counted` names the two counts where
    they are others.
    """
    table = read(name)
    rows = [row for row in table.rows if row.name.startswith(prefix)]
    if not rows:
        raise ValueError(f"no row of {name} starts with {prefix!r}")
    style.table(
        [first, *counted],
        [
            [row.name.removeprefix(prefix), *(", ".join(map(str, c)) for c in row[1:])]
            for row in rows
        ],
        caption=f"{caption.rstrip('.')}. {WORDS[len(rows[0].learned)].capitalize()} sets of "
        f"{table.of} networks. Computed apart on {table.date.isoformat()} by make test-slow.",
    )
    return table
