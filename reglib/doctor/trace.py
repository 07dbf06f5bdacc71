"""A trace: the rows of a run that are numbers, and what became of those that are not."""

from __future__ import annotations

from array import array
from bisect import bisect_left as bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, nan
from operator import lt
from typing import Any

from reglib.doctor.log import Column, Log


@dataclass
class Trace:
    """Rows with a finite loss: losses f, norms g, rates s, scales c, weight norms p; NaN: unknown.

    step and line are the log's own. `skipped` are rows whose norm is not finite beside a finite
    loss, `holes` the losses that were not finite though finite ones follow. `lost` is the place at
    which the losses end though the log goes on: `how` they look there, "NaN" or "missing".
    """

    f: Sequence[float] = ()
    g: Sequence[float] = ()
    s: Sequence[float] = ()
    c: Sequence[float] = ()
    p: Sequence[float] = ()
    step: Sequence[float] = ()
    line: Sequence[int] = ()
    skipped: list[int] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    rows: int = 0
    holes: int = 0
    lost: str = ""
    how: str = ""
    lost_rows: int = 0
    first_part: str = ""
    back: int = 0
    norm_lost: str = ""
    scaled: bool = False
    optimizer: str | None = None
    clip: float | None = None
    precision: str | None = None
    log: Log = field(default_factory=lambda: Log([]))

    @property
    def plain_steps(self) -> bool:
        """Whether a step is the rate times the gradient, as it was said: then 2/L has a meaning."""
        return self.optimizer == "sgd" and self.clip is None

    @property
    def begins(self) -> bool:
        """Whether the log begins where the run does: steps are not known, or start near 0."""
        if not self.log.steps or len(self.step) < 2:
            return True
        return self.step[0] <= 2 * max(self.step[1] - self.step[0], 1.0)

    def at(self, row: int) -> str:
        """Where a row is: its step, and its line if it came from a file."""
        line = f" (line {self.line[row]})" if self.line else ""
        return f"step {_count(self.step[row])}{line}"


def _count(step: float) -> str:
    return f"{step:.0f}" if isfinite(step) and step == int(step) else f"{step:.6g}"


def column(name: str, values: Any, size: int | None = None) -> Column:
    """Numbers, None where one is missing. TypeError: no numbers. ValueError: another length."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a sequence of numbers, got {values!r}"[:200])
    made: Column = []
    for value in values:
        try:
            if isinstance(value, (str, bytes, complex)):
                raise TypeError
            made.append(None if value is None else float(value))
        except (TypeError, ValueError):
            raise TypeError(f"{name} must be numbers, got {value!r}"[:200]) from None
        except OverflowError:
            made.append(inf)
    if size is not None and len(made) != size:
        raise ValueError(f"{name} must have {size} entries, as losses has, got {len(made)}")
    return made


def trace(log: Log, optimizer: str | None, clip: float | None, precision: str | None) -> Trace:
    """The trace of a log. ValueError: no loss at all, or a negative norm."""
    f, size = log.losses, len(log.losses)
    given = (log.gradient_norms, log.learning_rates, log.loss_scale, log.parameter_norms)
    g, s, c, p = given
    for name, norms in (("gradient", g), ("parameter", p)):
        for row, norm in enumerate(norms or ()):
            if norm is not None and norm < 0:
                where = f"line {log.lines[row]}" if len(log.lines) else f"row {row}"
                raise ValueError(f"{name} norms must be >= 0, got {norm:g} in {where}")
    t = Trace(optimizer=optimizer, clip=clip, precision=precision, log=log)
    end = _end(t, f, g, s, log.validation or [])
    kept: Sequence[int] = range(size)
    if end < size or type(f) is not array or not isfinite(sum(f)):
        known = [row for row in range(end) if f[row] is not None]
        kept = array("q", (row for row in known if isfinite(f[row])))  # type: ignore[arg-type]
        t.rows += len(known)
        t.holes = len(known) - len(kept)
    else:
        t.rows = size
    t.f, t.g, t.p = _at(f, kept), _at(g, kept), _at(p, kept)
    t.s, t.c = _carried(s, kept), _carried(c, kept)
    if g is not None and not (type(g) is array and isfinite(sum(t.g))):
        t.skipped = [i for i, row in enumerate(kept) if g[row] is not None and not isfinite(t.g[i])]
        t.g = array("d", (v if isfinite(v) else nan for v in t.g))
    t.step = _carried(log.steps if log.steps is not None else array("d", range(size)), kept)
    t.line = array("q", (log.lines[row] for row in kept) if len(log.lines) else ())
    held = enumerate(log.validation or ())
    t.validation = [(bisect(kept, row), v) for row, v in held if v is not None and isfinite(v)]
    t.back = sum(map(lt, t.step[1:], t.step))
    _unscale(t)
    return t


def _at(values: Sequence[float | None] | None, rows: Sequence[int]) -> array[float]:
    """The values in some rows, NaN where there is none."""
    if values is None:
        return array("d", [nan]) * len(rows)
    if type(values) is array and len(values) == len(rows):
        return values
    return array("d", (nan if (v := values[row]) is None else v for row in rows))


def _carried(values: Sequence[float | None] | None, kept: Sequence[int]) -> array[float]:
    """The last known value at each of the rows; NaN before the first."""
    if values is None or type(values) is array:
        return _at(values, kept)
    made, last, at = array("d"), nan, 0
    for row in kept:
        while at <= row:
            value = values[at]
            last = last if value is None else value
            at += 1
        made.append(last)
    return made


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _end(
    t: Trace, f: Column, g: Column | None, s: Column | None, held: Sequence[float | None]
) -> int:
    """The row from which on no loss is a number; sets what was lost, and how."""
    end = len(f)
    while end and not _is_number(f[end - 1], g and g[end - 1]):
        end -= 1
    if end == len(f) and (g is None or type(g) is array):
        return end
    gaps: list[int] = [0]
    for row, value in enumerate(f):
        gaps[-1] += value is None and not (held and held[row] is not None)
        if value is not None:
            gaps.append(0)
    tail = [r for r in range(end, len(f)) if f[r] is not None or not held or held[r] is None]
    bad = [row for row in tail if f[row] is not None]
    empty = [row for row in tail if f[row] is None and ((s and s[row] is not None) or t.log.steps)]
    if bad or (len(empty) >= 3 and len(empty) > 2 * max(gaps[:-1] or [0])):
        first = (bad or empty)[0]
        t.lost_rows = len(bad or empty)
        t.how = "missing" if not bad else "NaN" if f[first] != f[first] else "not finite"
        if bad and f[first] == 0:
            t.how = "0 beside a norm that is not finite"
        step = t.log.steps[first] if t.log.steps else first
        line = f" (line {t.log.lines[first]})" if len(t.log.lines) else ""
        t.lost = f"step {_count(_or(step, first))}{line}"
        t.rows += t.lost_rows
        parts = [n for n, v in t.log.parts.items() if not _is_number(v[first], 0.0)]
        if bad and 0 < len(parts) < len(t.log.parts):
            t.first_part = parts[0]
    t.norm_lost = _norm_lost(t, g, [row for row in range(end) if f[row] is not None])
    return end


def _norm_lost(t: Trace, g: Column | None, known: Sequence[int]) -> str:
    """Where the norms end, if they stood beside most losses before and the losses go on."""
    there = [row for row in known if g and g[row] is not None]
    if not there or len(known) < 8:
        return ""
    missing = [row for row in known if row > there[-1]]
    if len(missing) < 3 or len(there) <= 0.8 * (len(known) - len(missing)):
        return ""
    step = t.log.steps[missing[0]] if t.log.steps else missing[0]
    return f"step {_count(_or(step, missing[0]))}"


def _is_number(value: float | None, norm: float | None) -> bool:
    """Whether a loss is one: some trainers print 0.0 for NaN, and the norm tells."""
    if value is None or not isfinite(value):
        return False
    return not (value == 0 and norm is not None and not isfinite(norm))


def _unscale(t: Trace) -> None:
    """Divide norms by the loss scale where they carry it: they follow it, and are as large."""
    known = [(g, c) for g, c in zip(t.g, t.c, strict=True) if g > 0 and c > 1]
    half = len(known) // 2
    if half and sorted(c for _, c in known)[half] >= 128:
        if len(known) >= 3 and sorted(g / c for g, c in known)[half] > 0.02:
            t.g = array("d", (g / c if c > 1 else g for g, c in zip(t.g, t.c, strict=True)))
            t.scaled = True
