"""A run's trace from the table that its training logger wrote."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

from reglib import inputs as _checks
from reglib.doctor.diagnosis import Diagnosis, diagnose
from reglib.inputs import Array

NAMES = {
    "loss": "loss train_loss training_loss loss_train objective cost total_loss nll batch_loss",
    "gradient_norm": "gradient_norm grad_norm gradnorm grad_2_0_norm_total grad_norm_total "
    "total_grad_norm total_norm global_norm global_grad_norm global_gradient_norm norm_grad "
    "norm_gradient norm_of_gradient grad_l2 grad_l2_norm gradient",
    "learning_rate": "learning_rate lr learningrate step_size stepsize eta lr_0 learning_rate_0",
    "parameter_norm": "parameter_norm param_norm params_norm parameters_norm weight_norm "
    "weights_norm norm_weights norm_params global_param_norm",
}
"""What columns are called; prefixes such as train/ and endings such as _step do not count."""

MISSING = {"", "na", "n/a", "none", "null", "-"}
GONE = -7.7e-307
"""Stands for an empty cell while a table is read; no logger writes it."""


@dataclass(frozen=True, eq=False)
class Log:
    """The trace in a table: arrays (k,), None where no column has it; `notes` say what was done."""

    losses: Array
    gradient_norms: Array
    learning_rates: Array | float | None
    parameter_norms: Array | None
    columns: dict[str, str]
    notes: tuple[str, ...]

    def diagnose(self) -> Diagnosis:
        """`reglib.doctor.diagnose` of it."""
        return diagnose(
            self.losses,
            self.gradient_norms,
            self.learning_rates,
            parameter_norms=self.parameter_norms,
        )


def read_trace(
    source: str | os.PathLike[str] | TextIO,
    *,
    columns: Mapping[str, str] | None = None,
    learning_rate: float | None = None,
) -> Log:
    r"""Read losses, gradient norms and, where they are, rates and parameter norms from a CSV.

    `source` is a path, or an open text file; separators are commas, semicolons or tabs. Columns are
    found by the usual names, whatever their case (`NAMES`), or named: columns={"loss": "my name"}.
    `learning_rate` stands in for a column. Rows without a loss or a gradient norm are left out, a
    missing rate is that of the row before; nan and inf are values, not missing. ValueError: no
    such columns (the message lists those found), text where a number is due, no rows.

    >>> table = io.StringIO("step;Train/Loss;grad_norm;lr\n0;4.0;2.0;0.1\n1;9.0;3.0;0.1")
    >>> read_trace(table).gradient_norms
    array([2., 3.])
    """
    text, name = _text(source)
    head, _, body = text.partition("\n")
    separator = max(",;\t", key=head.count)
    header = [cell.strip() for cell in next(csv.reader([head], delimiter=separator), [])]
    if not any(header):
        raise ValueError(f"{name} must hold a header and rows, got nothing in its first line")
    chosen = _choose(header, dict(columns or {}), name)
    at = [header.index(column) for column in chosen.values()]
    table = _numbers(body, separator, at, list(chosen.values()), name)
    return _log(dict(zip(chosen, table, strict=True)), chosen, learning_rate, name)


def _text(source: Any) -> tuple[str, str]:
    """The whole text without a byte order mark, and what to call it."""
    if hasattr(source, "read"):
        text, name = source.read(), str(getattr(source, "name", "the table"))
        if not isinstance(text, str):
            raise TypeError("source must be a path or a file opened as text, got a binary file")
        return text.lstrip("\ufeff").replace("\r\n", "\n"), name
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"source must be a path or an open file, got {_checks.shown(source)}")
    name = os.path.basename(os.fspath(source))
    with open(source, encoding="utf-8-sig") as file:
        try:
            return file.read(), name
        except UnicodeDecodeError as error:
            raise ValueError(f"{name} must be text in UTF-8, got {error.reason}") from None


def _plain(column: str) -> str:
    """train/Loss_step, lr-Adam -> loss, lr: what a name says without its logger's additions."""
    words = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
    words = re.sub(r"^(train|training|optim|optimizer|metrics)_(?=.)", "", words)
    words = re.sub(r"_(step|epoch|mean|avg)$", "", words)
    return re.sub(r"^lr_.*", "lr", words)


def _choose(header: Sequence[str], named: dict[str, str], name: str) -> dict[str, str]:
    """The column of each quantity: the one that is named, or the first with a usual name."""
    for quantity, column in named.items():
        _checks.one_of("each key of columns", quantity, tuple(NAMES))
        if column not in header:
            raise ValueError(f"{name} must have a column {column!r}, got {', '.join(header)}")
    found = dict(named)
    for quantity, names in NAMES.items():
        for column in header:
            plain = {re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_"), _plain(column)}
            if quantity not in found and plain & set(names.split()):
                found[quantity] = column
    for quantity in ("loss", "gradient_norm"):
        if quantity not in found:
            option = "--" + quantity.replace("_", "-")
            raise ValueError(
                f"{name} must have a column with the {quantity.replace('_', ' ')}, got "
                f"{', '.join(header)}; name it: columns={{{quantity!r}: {header[-1]!r}}}, or "
                f"{option} {header[-1]!r} on the command line"
            )
    return {quantity: found[quantity] for quantity in NAMES if quantity in found}


def _numbers(
    body: str, separator: str, at: Sequence[int], names: Sequence[str], name: str
) -> list[Any]:
    """The columns as masked arrays: masked where a cell is missing."""
    if not body.strip():
        raise ValueError(f"{name} must hold rows below its header, got none")
    if separator == ";":  # where a comma stands before the decimals
        body = body.replace(",", ".")
    try:  # in C, a million rows a second
        filled = _marked(body, separator)
        options = {"delimiter": separator, "usecols": at, "ndmin": 2, "comments": None}
        table = np.loadtxt(io.StringIO(filled), quotechar='"', **options)
        return [np.ma.array(column, mask=column == GONE) for column in table.T]
    except ValueError:  # words for missing cells, rows too short, or text: which one, and where
        pass
    try:
        rows = [row for row in csv.reader(io.StringIO(body), delimiter=separator) if row]
    except csv.Error as error:
        raise ValueError(f"{name} must be a table in text, got: {error}") from None
    return [
        _column([row[i] if i < len(row) else "" for row in rows], column, name)
        for i, column in zip(at, names, strict=True)
    ]


def _marked(body: str, separator: str) -> str:
    """Every empty cell as `GONE`. Twice, for a cell between two empty ones."""
    mark = f"{GONE}"
    body = "\n" + body.rstrip("\n") + "\n"
    for _ in range(2):
        body = body.replace(2 * separator, separator + mark + separator)
    body = body.replace(separator + "\n", separator + mark + "\n")
    return body.replace("\n" + separator, "\n" + mark + separator)


def _column(cells: list[str], column: str, name: str) -> Any:
    gone = np.array([cell.strip().lower() in MISSING for cell in cells])
    values = np.zeros(len(cells))
    for i in np.flatnonzero(~gone):
        try:
            values[i] = float(cells[i])
        except ValueError:
            raise ValueError(
                f"{column} of {name} must hold numbers, got {_checks.shown(cells[i])} in line "
                f"{i + 2}"
            ) from None
    return np.ma.array(values, mask=gone)


def _log(table: dict[str, Any], chosen: dict[str, str], rate: float | None, name: str) -> Log:
    """Rows with a loss and a gradient norm; both may stand in rows of their own."""
    loss, norm = table["loss"], table["gradient_norm"]
    has = [~np.ma.getmaskarray(column) for column in (loss, norm)]
    both, notes = has[0] & has[1], []
    if not both.any() and has[0].sum() == has[1].sum() > 0:
        notes.append("loss and gradient norm never share a row: taken in their order")
        f, g, rows = loss[has[0]].data, norm[has[1]].data, has[0]
    else:
        f, g, rows = loss[both].data, norm[both].data, both
        if (left_out := int((~both).sum())) and both.any():
            notes.append(f"{left_out} rows without a loss or a gradient norm were left out")
    if not rows.any():
        raise ValueError(f"{name} must have rows with a loss and a gradient norm, got none")
    rates: Any = rate
    if rate is None and "learning_rate" in table:
        rates = _filled(table["learning_rate"])[rows]
        rates = None if np.isnan(rates).any() else rates
    sizes = _filled(table["parameter_norm"])[rows] if "parameter_norm" in table else None
    return Log(f, g, rates, sizes, chosen, tuple(notes))


def _filled(column: Any) -> Array:
    """Every missing cell as the one before it; the first ones as the first that is there."""
    there = ~np.ma.getmaskarray(column)
    if not there.any():
        return np.full(len(column), np.nan)
    last = np.maximum.accumulate(np.where(there, np.arange(len(column)), -1))
    return column.data[np.where(last < 0, there.argmax(), last)]
