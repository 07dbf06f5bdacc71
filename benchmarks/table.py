"""The results as a file, and the comparison of a fresh table with the committed one."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import COLUMNS

FOLDER = Path(__file__).parent
DATA = FOLDER.parent / "book" / "trial" / "data" / "benchmarks"
"""What the page on speed reads."""
RESULTS, MACHINE = DATA / "results.csv", DATA / "machine.json"
KEY = ("work", "data", "rival", "setting")
SHOWN = (*KEY, "ours", "theirs", "ratio", "goal", "note")
"""What is printed of a row."""
Row = dict[str, str]


def write(rows: Sequence[Row], path: Path, columns: Sequence[str] = COLUMNS) -> None:
    """One line a row, in the order in which they were measured."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> list[Row]:
    """The rows of a file written by `write`."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_facts(facts: dict[str, str], path: Path = MACHINE) -> None:
    """What `harness.facts` found, beside the results."""
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _cell(row: Row, name: str) -> str:
    return f"{row[name]} ({row[name + '_low']}-{row[name + '_high']})" if row[name] else ""


def departures(fresh: Sequence[Row], committed: Sequence[Row]) -> list[str]:
    """Which fresh ratios do not agree with the committed ones, in words.

    Two agree when the median of either lies in the range of the other. A row that only one table
    has is told too, unless its rival is missing or was not run.
    """
    old = {_key(row): row for row in committed if row["ratio"]}
    new = {_key(row): row for row in fresh if row["ratio"]}
    found = []
    for key, row in new.items():
        name = ", ".join(part for part in key if part)
        if key not in old:
            found.append(f"{name}: not in the committed table")
        elif not (_inside(row, old[key]) or _inside(old[key], row)):
            was, is_ = _cell(old[key], "ratio"), _cell(row, "ratio")
            found.append(f"{name}: the ratio was {was} and is {is_}")
    return found


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


def _inside(row: Row, other: Row) -> bool:
    return float(other["ratio_low"]) <= float(row["ratio"]) <= float(other["ratio_high"])
