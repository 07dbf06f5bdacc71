"""What a rule of `diagnose` is given and what it answers."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from reglib.doctor.measures import Facts
from reglib.inputs import Array

Answer: TypeAlias = "tuple[float, str, int] | None"
"""Confidence, why, and the row to look at; or nothing."""

SMOOTH = 1e-3
"""A loss that moves by less from step to step has no noise."""


class Trace(NamedTuple):
    """The rows before the first inf or NaN (k,), and what was measured on them."""

    f: Array
    g: Array
    s: Array
    p: Array | None
    facts: Facts


def promised_by(t: Trace) -> float:
    """The sum of step * norm^2: how far the loss would fall if it were flat; NaN without rates."""
    return float((t.s * t.g**2).sum())
