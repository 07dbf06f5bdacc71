"""Which column of a log is which quantity: the best name wins, and what is ambiguous is asked."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import lt
from typing import Any

from reglib.doctor.names import LAST_OF_LOSS, foes, role, shown, words
from reglib.doctor.readers import Table, read_table

QUANTITIES = (
    "loss",
    "gradient_norm",
    "learning_rate",
    "step",
    "validation",
    "loss_scale",
    "parameter_norm",
)
Column = list[float | None]


@dataclass
class Log:
    """The quantities of a run by row (None: the row has none), and how they were read.

    `lines` are physical lines of the file, `parts` the losses that make up the loss, `names` the
    column of each quantity, `opponents` two losses that pull against each other, `maybe` a column
    that may be the validation loss, `notes` what was read and what was left out.
    """

    losses: Column
    gradient_norms: Column | None = None
    learning_rates: Column | None = None
    steps: Column | None = None
    validation: Column | None = None
    loss_scale: Column | None = None
    parameter_norms: Column | None = None
    lines: Sequence[int] = ()
    parts: dict[str, Column] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    opponents: tuple[str, str] | None = None
    maybe: str | None = None
    notes: tuple[str, ...] = ()


def read_log(*sources: Any, columns: Mapping[str, str] | None = None) -> Log:
    """The log in a file, or in several files that are joined by step.

    A source is a path or an open file; the formats: CSV and other tables with a header, JSON lines,
    trainer_state.json, printed dictionaries, `key: value |`, `key=value`, lines of text, tfevents.
    columns names the column of a quantity (one of `QUANTITIES`) where the names leave it open.
    OSError: a file cannot be opened. ValueError: binary, empty, no loss, or several candidates.
    """
    chosen = dict(columns or {})
    for quantity in chosen:
        if quantity not in QUANTITIES:
            raise ValueError(f"columns must be among {', '.join(QUANTITIES)}, got {quantity}")
    named = set(chosen.values())

    def wanted(name: str) -> bool:
        return name in named or role(name) is not None or name == "Value"

    tables = [read_table(source, wanted) for source in sources]
    for source, table in zip(sources, tables, strict=True):
        _one_scalar(source, table)
    table = tables[0] if len(tables) == 1 else _joined(tables)
    return _Choice(table, chosen).log()


def _one_scalar(source: Any, table: Table) -> None:
    """TensorBoard's download holds one scalar, called Value: the file's name says which."""
    if "Value" not in table.columns or any(_is(n, "loss") for n in table.columns):
        return
    name = os.path.basename(source) if isinstance(source, (str, os.PathLike)) else "Value"
    name = str(name).rsplit(".", 1)[0].rsplit("tag-", 1)[-1]
    table.columns[name if role(name) else "Value"] = table.columns.pop("Value")


def _is(name: str, quantity: str) -> bool:
    found = role(name)
    return found is not None and found[0] == quantity


def _joined(tables: Sequence[Table]) -> Table:
    """Tables as one, row by row in the order of their steps."""
    whole = Table(lambda name: True)
    whole.format = "several files"
    rows: dict[float, tuple[int, dict[str, float | None]]] = {}
    for table in tables:
        steps = _best(table, "step")
        if not steps:
            raise ValueError("several files are joined by their steps, got one without")
        whole.read += table.read
        for at, step in enumerate(table.columns[steps[0]]):
            if step is not None:
                row = rows.setdefault(step, (table.lines[at], {}))[1]
                row["step"] = step
                for name, column in table.columns.items():
                    if name not in steps and column[at] is not None:
                        row.setdefault(name, column[at])
        whole.names.update(table.names)
    for step in sorted(rows):
        whole.add(*rows[step])
    return whole.done()


def _count(column: Column) -> int:
    return len(column) - column.count(None)


def _best(table: Table, quantity: str, names: Sequence[str] | None = None) -> list[str]:
    """The columns of a quantity with the best name, the most numbers, the fewest words."""
    ranked = [
        ((found[1], -_count(table.columns[name]), len(words(name))), name)
        for name in (table.columns if names is None else names)
        if (found := role(name)) and found[0] == quantity and _count(table.columns[name])
    ]
    best = min((key for key, _ in ranked), default=None)
    return [name for key, name in ranked if key == best]


class _Choice:
    """One table on its way to a log."""

    def __init__(self, table: Table, chosen: dict[str, str]) -> None:
        self.table, self.chosen, self.notes = table, chosen, list[str]()
        for quantity, name in chosen.items():
            if name not in table.columns:
                like = [n for n in table.columns if set(words(n)) & set(words(name))]
                have = ", ".join(map(shown, (like or list(table.columns))[:8])) or "none"
                raise ValueError(
                    f"{quantity} must be a column, got {shown(name)}; there are: {have}"
                )

    def log(self) -> Log:
        if not self.table.lines:
            self.refuse("rows of numbers with a loss")
        loss, parts, pair = self.loss()
        held_out, maybe = self.validation(loss)
        used = {"loss": loss}
        for quantity in ("gradient_norm", "learning_rate", "loss_scale", "parameter_norm"):
            used[quantity] = self.other(quantity)
        used |= {"step": self.steps(loss), "validation": held_out}
        columns = {q: self.sum(names) if names else None for q, names in used.items()}
        columns |= {f"part {name}": self.table.columns[name] for name in parts}
        if maybe:
            columns["validation"] = self.table.columns[maybe]
        columns, lines = _merged(columns, self.table.lines)
        names = {q: " + ".join(n) for q, n in used.items() if n}
        self.say(names, lines)
        return Log(
            columns["loss"] or [],
            *(columns[q] for q in ("gradient_norm", "learning_rate", "step", "validation")),
            *(columns[q] for q in ("loss_scale", "parameter_norm")),
            lines=lines,
            parts={name: columns[f"part {name}"] or [] for name in parts},
            names=names,
            opponents=pair,
            maybe=maybe,
            notes=tuple(self.notes),
        )

    def sum(self, names: Sequence[str]) -> Column:
        """The columns' sum by row, None where one is missing."""
        if len(names) == 1:
            return self.table.columns[names[0]]
        rows = zip(*(self.table.columns[name] for name in names), strict=True)
        return [
            None if None in row else math.fsum(row) if all(map(math.isfinite, row)) else math.nan
            for row in rows
        ]  # type: ignore[arg-type]

    def loss(self) -> tuple[list[str], list[str], tuple[str, str] | None]:
        """The column(s) of the loss, its parts, and two opponents."""
        everything = [n for n in self.table.columns if _is(n, "loss")]
        parts = [n for n in everything if role(n) == ("loss", LAST_OF_LOSS)][:50]
        if "loss" in self.chosen:
            return [self.chosen["loss"]], [], None
        best, pair = _best(self.table, "loss"), foes(everything)
        if pair:
            return [pair[0]], [], pair
        if not best:
            if "Value" in self.table.columns:
                raise ValueError(
                    "holds one scalar a file, as TensorBoard's download does, and its name does "
                    "not say which: give the files of loss, gradient norm and learning rate "
                    "together, or --loss Value"
                )
            empty = [n for n in self.table.names if _is(n, "loss")]
            self.refuse(f"numbers in {shown(empty[0])}" if empty else "a column with the loss")
        if len(best) == 1 or len({tuple(self.table.columns[n]) for n in best}) == 1:
            return best[:1], [n for n in parts if n != best[0]], None
        stems = {n.rsplit("/", 1)[0] if "/" in n else "" for n in best}
        if best[0] in parts and len(stems) == 1 and len(best) <= 12 and " - " not in best[0]:
            self.notes.append(f"the loss is the sum of {', '.join(map(shown, best))}")
            return best, best, None
        runs = len({tuple(words(n)) for n in best}) == 1 and " - " in best[0]
        raise ValueError(
            f"{'several runs' if runs else 'several losses'}, name one with --loss: "
            + ", ".join(repr(shown(n)) for n in best[:8])
        )

    def refuse(self, what: str) -> None:
        names = [shown(name) for name in self.table.names if name][:8]
        has = f"the columns {', '.join(names)}" if names else "none that is known by its name"
        raise ValueError(
            f"must hold {what}, got {has}" + ("; name it with --loss" if names else "")
        )

    def other(self, quantity: str) -> list[str]:
        """The column of a quantity that may be missing."""
        if quantity in self.chosen:
            return [self.chosen[quantity]]
        best = _best(self.table, quantity)
        several = len(best) > 1 and quantity in ("gradient_norm", "parameter_norm")
        if several and len({tuple(self.table.columns[n]) for n in best}) > 1:
            named = ", ".join(map(shown, best[:4]))
            option = quantity.replace("_", "-")
            self.notes.append(f"several columns may be the {option}: {named}; name it: --{option}")
            return []
        return best[:1]

    def steps(self, loss: Sequence[str]) -> list[str]:
        """The column that counts; one that starts over each epoch only if there is no other."""
        if "step" in self.chosen:
            return [self.chosen["step"]]
        there = self.table.columns[loss[0]]
        fitting = []
        for name in self.table.columns:
            found = role(name)
            if found and found[0] == "step":
                values = self.table.columns[name]
                if type(values) is not array or type(there) is not array:
                    pairs = zip(values, there, strict=True)
                    values = [v for v, f in pairs if v is not None and f is not None]
                back = sum(map(lt, values[1:], values))
                if len(values) > 2 and min(values) == max(values):
                    continue
                poor = 2 * len(values) < _count(there)
                fitting.append((poor, back > 2 and back > len(values) / 50, found[1], name))
        return [min(fitting)[-1]] if fitting else []

    def validation(self, loss: Sequence[str]) -> tuple[list[str], str | None]:
        """The validation loss, and a column that may be one: its name says of what."""
        if "validation" in self.chosen:
            return [self.chosen["validation"]], None
        best = _best(self.table, "validation")
        if not best or role(best[0]) != ("validation", LAST_OF_LOSS):
            return best[:1], None
        if len(best) == len(loss) > 1:
            return best, None
        same = [n for n in best if {*words(loss[0])} <= {*words(n), "train", "training"}]
        return [], (same or best)[0]

    def say(self, names: Mapping[str, str], lines: Sequence[int]) -> None:
        """What was read and what was left out."""
        read = ", ".join(f"{q.replace('_', ' ')}: {shown(n)}" for q, n in names.items())
        said = f"read {self.table.format}, {len(lines)} rows of {self.table.read} lines ({read})"
        self.notes.insert(0, said if self.table.read else f"read {len(lines)} rows ({read})")
        for why, (count, first) in self.table.left_out.items():
            if why != "no number that is looked for" or count * 2 > len(lines):
                lines_ = "line" if count == 1 else "lines"
                self.notes.append(f"left out {count} {lines_}, the first is {first}: {why}")


def _merged(
    columns: dict[str, Column | None], lines: Sequence[int]
) -> tuple[dict[str, Column | None], Sequence[int]]:
    """Rows of one step that fill each other's gaps (a logger that writes sparsely) as one row."""
    steps = columns["step"]
    given = [c for c in columns.values() if c is not None]
    if steps is None or not any(None in column for column in given):
        return columns, lines
    others = [c for c in given if c is not steps]
    starts: list[int] = []
    for at, step in enumerate(steps):
        if starts and step is not None and step == steps[starts[-1]]:
            first = starts[-1]
            if all(c[at] is None or c[first] is None for c in others):
                for c in others:
                    c[first] = c[at] if c[first] is None else c[first]
                continue
        starts.append(at)
    if len(starts) == len(steps):
        return columns, lines
    kept = {q: None if c is None else [c[at] for at in starts] for q, c in columns.items()}
    return kept, array("q", (lines[at] for at in starts))
