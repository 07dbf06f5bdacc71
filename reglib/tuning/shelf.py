"""Finished chunks of a sweep on disk, a file each, and what a chunk must look like."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from reglib.inputs import array_of, shown, that

Part = dict[str, NDArray[Any]]
"""The arrays of a chunk by name, whose first axis is its configurations."""


def named(name: str, value: Any) -> Mapping[str, Any]:
    """A dict of arrays by name, of one at least."""
    if not isinstance(value, Mapping) or not all(isinstance(word, str) for word in value):
        raise TypeError(f"{name} must be a dict of arrays by name, got {shown(value)}")
    that(name, value, "have an array by name", value)
    return value


def arrays(out: Any, rows: int) -> Part:
    """Copies of the arrays, since `run` may write its next result into the same ones."""
    part = {}
    for name, value in named("what run returns", out).items():
        array = array_of(f"what run returns as {name!r}", value, "numbers", "biufc")
        if array.shape[:1] != (rows,):
            raise ValueError(
                f"run must return arrays with a first axis of {rows}, the configurations of its "
                f"chunk, got {name!r} of shape {array.shape}"
            )
        part[name] = array.copy()
    return part


def kept(shelf: Path, k: int, h: Part) -> Part | None:
    """What was computed for these rows of the grid; whatever is wrong with its file, it is missing.

    ValueError: the file is whole and belongs to other rows.
    """
    found: dict[str, Part] = {"at": {}, "of": {}}
    try:
        with open(shelf / f"chunk-{k:05}.npz", "rb") as file, np.load(file) as stored:
            for key in stored.files:
                found[key[:2]][key[3:]] = stored[key]
        part = arrays(found["of"], len(next(iter(found["at"].values()))))
    except Exception:
        return None
    there = {name: rows.tolist() for name, rows in found["at"].items()}
    if [*there.items()] != [(name, rows.tolist()) for name, rows in h.items()]:
        raise ValueError(
            "folder must be new or hold this sweep, stopped, got one with another grid or "
            f"chunk: {str(shelf)!r}"
        )
    return part


def keep(shelf: Path, k: int, h: Part, part: Part) -> None:
    """Written under a name of its own and renamed: nobody ever sees half a chunk."""
    held = {f"at {name}": value for name, value in h.items()}
    held |= {f"of {name}": value for name, value in part.items()}
    beside = shelf / f"{uuid4().hex}.part"
    try:
        with beside.open("xb") as file:
            np.savez(file, **held)
        beside.replace(shelf / f"chunk-{k:05}.npz")
    finally:
        beside.unlink(missing_ok=True)
