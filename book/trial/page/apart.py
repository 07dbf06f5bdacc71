"""Tables that are computed apart: runs too long for a page, recomputed by `make test-slow`.

`book/trial/data/apart/NAME.csv` holds, for two blocks of seeds, how many networks diverged
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

import numpy as np
from matplotlib.figure import Figure

from trial import data
from trial.page import style

FOLDER = data.FOLDER / "apart"
SEEDS = 20
"""Networks in one block of seeds, where a chapter says no other number."""
HEADER = ["name", "diverged 1", "learned 1", "diverged 2", "learned 2"]


class Row(NamedTuple):
    """One remedy: runs that diverged and that learned, a number for each block of seeds."""

    name: str
    diverged: tuple[int, int]
    learned: tuple[int, int]


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
    if columns != HEADER:
        raise ValueError(f"{path.name}: the columns must be {HEADER}, got {columns}")
    date = datetime.date.fromisoformat(first.removeprefix(start)[:10])
    size = re.search(r"of (\d+) networks", first)
    of = int(size[1]) if size else SEEDS
    counts = ((r[0], [int(count) for count in r[1:]]) for r in records)
    rows = (Row(label, tuple(c[0::2]), tuple(c[1::2])) for label, c in counts)
    return Table(date, checked(rows, path.name, of), of)


def _named(name: str, prefix: str) -> tuple[Table, list[Row]]:
    """The whole table, and its rows that start with the prefix, without it."""
    table = read(name)
    rows = [row for row in table.rows if row.name.startswith(prefix)]
    if not rows:
        raise ValueError(f"no row of {name} starts with {prefix!r}")
    return table, [row._replace(name=row.name.removeprefix(prefix)) for row in rows]


def _when(table: Table) -> str:
    return (
        f"Two sets of {table.of} networks. Computed apart on {table.date.isoformat()} by "
        "make test-slow."
    )


def show(
    name: str,
    caption: str,
    prefix: str = "",
    first: str = "remedy",
    counted: tuple[str, str] = ("diverged", "learned"),
) -> Table:
    """Display the rows whose name starts with `prefix`, without it; returns the whole table.

    A cell holds the counts of both blocks, which keeps the table narrow enough for a phone. The
    caption says so, and when and by what they were computed. `counted` names the two counts where
    they are others.
    """
    table, rows = _named(name, prefix)
    style.table(
        [first, *counted],
        [[row.name, *(", ".join(map(str, c)) for c in row[1:])] for row in rows],
        caption=f"{caption.rstrip('.')}. {_when(table)}",
    )
    return table


def draw(figure: Figure, rows: list[Row], of: int, counted: tuple[str, str]) -> None:
    """A bar of `of` networks a row: from the right those of the first count, from the left of the
    second, and between them those of neither.
    """
    axes = figure.subplots()
    axes.barh(range(len(rows)), of, 0.4, color=style.FAINT)
    looks = ((1, style.BLUE, ""), (0, style.RED, "///"))
    for k, color, hatch in looks:
        sums = np.array([sum(row[1 + k]) for row in rows])
        left = 0 if k else of - sums
        options = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0}
        axes.barh(range(len(rows)), sums, 0.4, left, label=counted[k], **options)
    for y, row in enumerate(rows):
        axes.text(0, y - 0.27, row.name, va="bottom", fontsize=11)
        axes.text(of, y - 0.27, f"{sum(row.learned)}", va="bottom", ha="right", fontsize=11)
    axes.set(xlim=(0, of), ylim=(len(rows) - 0.6, -0.9), yticks=[], xlabel=f"of {of} networks")
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    figure.legend(loc="outside upper left", ncols=2)


def picture(
    name: str, caption: str, prefix: str = "", counted: tuple[str, str] = ("diverged", "learned")
) -> Table:
    """As `show`, drawn: a table of many rows is seen better than read. Both blocks are pooled."""
    table, rows = _named(name, prefix)
    figure, of = style.new_figure((6, 1.2 + 0.42 * len(rows))), 2 * table.of
    draw(figure, rows, of, counted)
    told = (
        f"{row.name}: {sum(row.diverged)} {counted[0]}, {sum(row.learned)} {counted[1]}"
        for row in rows
    )
    style.show(
        figure,
        alt=f"A bar of {of} networks for each row. {'; '.join(told)}.",
        caption=f"{caption.rstrip('.')}. The number is that of {counted[1]}. {_when(table)}",
    )
    return table
