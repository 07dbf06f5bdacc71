"""What can be seen to be wrong in a table, what is removed, and a report that says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reglib.inputs import Array, Names, PositiveNumber, RawTable, RawTargets, checked

NORMAL_MAD = 1.4826
"""So many median absolute deviations of a normal column are one standard deviation."""

Judged = tuple[NDArray[np.bool_], str]
"""Which entries of the columns of X, and of y as the last, are bad; and a remark."""


class Finding(NamedTuple):
    """What a rule removed: indices into the table that was handed in, and the same in words."""

    rule: str
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    words: str


class Cleaned(NamedTuple):
    """X (m, q), y (m,) and the names of the q columns that are left, and what was found.

    rows (m,) and columns (q,) are their indices in the table that was handed in. `findings` holds
    one `Finding` for each rule that was applied, in order, also where it removed nothing.
    """

    X: Array
    y: Array
    names: tuple[str, ...]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    findings: tuple[Finding, ...]

    @property
    def report(self) -> list[str]:
        """One line for each rule."""
        return [f"{finding.rule}: {finding.words}" for finding in self.findings]


@checked
def clean(
    X: RawTable,
    y: RawTargets,
    *,
    names: Names | None = None,
    duplicates: bool = True,
    outliers: PositiveNumber | None = None,
) -> Cleaned:
    """What is left of X (n, p), y (n,) after four rules, and a report of all that they removed.

    Each rule sees what the one before it has left:

    1. not finite: rows with NaN or inf in X or y.
    2. duplicates, unless False: rows equal in X and y to an earlier one, which stays.
    3. outliers, unless None: rows with |x - median| > outliers * 1.4826 MAD in a column, where MAD
       is the median of |x - median|. A column with MAD 0 (more than half of it is one number) has
       no scale: it is not judged, which the report says. Nor is y: `HuberLoss` can live with it.
    4. constant: columns of one number, a column of ones too. Add an intercept afterwards.

    `names` are p words for the report. ValueError: a rule that would leave nothing, row counts that
    differ, outliers not finite and > 0. Source of rule 3: Hampel 1974.

    >>> found = clean([[1, 5], [1, 5], [2, np.nan], [4, 5]], [1, 1, 2, 3], names=["a", "b"])
    >>> found.X.tolist(), found.rows.tolist()
    ([[1.0], [4.0]], [0, 3])
    >>> found.report
    ['not finite: row 2 (b)', 'duplicates: row 1', 'constant: b']
    """
    words = names or tuple(f"column {k}" for k in range(X.shape[1]))
    rules: dict[str, Callable[[Array], Judged]] = {"not finite": lambda t: (~np.isfinite(t), "")}
    if duplicates:
        rules["duplicates"] = _repeated
    if outliers is not None:
        rules["outliers"] = lambda table: _far(table, outliers, words)
    table, rows, findings = np.column_stack([X, y]), np.arange(len(X)), []
    for rule, judge in rules.items():
        bad, remark = judge(table[rows])
        gone = bad.any(axis=1)
        found = [_place(*at, (*words, "y")) for at in zip(rows[gone], bad[gone], strict=True)]
        findings.append(Finding(rule, rows[gone], np.arange(0), _listed(found) + remark))
        rows = _some_left("row", rows[~gone], findings[-1])
    flat = np.ptp(X[rows], axis=0) == 0
    said = _listed([words[k] for k in np.flatnonzero(flat)])
    findings.append(Finding("constant", np.arange(0), np.flatnonzero(flat), said))
    columns = _some_left("column", np.flatnonzero(~flat), findings[-1])
    left = X[np.ix_(rows, columns)], y[rows], tuple(words[k] for k in columns)
    return Cleaned(*left, rows, columns, tuple(findings))


def _repeated(table: Array) -> Judged:
    again = np.ones((len(table), 1), bool)
    again[np.unique(table + 0.0, axis=0, return_index=True)[1]] = False  # -0.0 + 0.0 is 0.0
    return again, ""


def _far(table: Array, bound: float, words: Sequence[str]) -> Judged:
    far = np.abs(table - np.median(table, axis=0))
    mad = np.median(far, axis=0)
    mad[-1] = 0  # y is not judged
    flat = [words[k] for k in np.flatnonzero(mad[:-1] == 0)]
    remark = f"; not judged, MAD 0: {_listed(flat)}" if flat else ""
    return (mad > 0) & (far > bound * NORMAL_MAD * mad), remark


def _place(row: int, cells: NDArray[np.bool_], words: Sequence[str]) -> str:
    """A row and, where single entries were judged, their columns."""
    if len(cells) < len(words):
        return f"row {row}"
    return f"row {row} ({', '.join(words[k] for k in np.flatnonzero(cells))})"


def _listed(found: Sequence[str], most: int = 5) -> str:
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return (", ".join(found[:most]) or "nothing") + more


def _some_left(kind: str, left: NDArray[np.int64], finding: Finding) -> NDArray[np.int64]:
    if not left.size:
        raise ValueError(
            f"a {kind} must be left after the rule {finding.rule!r}, got none: {finding.words}"
        )
    return left
