"""Train a whole grid: chunks on the leading axis, spread over workers, finished work kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib.extras import extra
from reglib.inputs import Array, Count, Function, PositiveNumber, checked, finite, shown

Part = dict[str, NDArray[Any]]

CHUNK = 16
"""Configurations in a chunk: enough for one call to pay, few enough to stay in the cache."""
MARK = "of "
"""Before each name on disk: NumPy's `savez` has arguments with names of its own."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The result of a sweep over a grid of shape (m_1, m_2, ...), one axis a hyper-parameter.

    grid: name -> values (m_i,), in the order of the axes. `sweep["w"]` is what `run` returned under
    that name for every configuration, (m_1, m_2, ..., *rest).
    """

    grid: dict[str, Array]
    values: dict[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.values[name]


@checked
def sweep(
    run: Function,
    grid: Mapping[str, ArrayLike],
    *,
    n_jobs: int | None = None,
    chunk: Count = CHUNK,
    folder: str | os.PathLike[str] | None = None,
    progress: Function | None = None,
    timeout: PositiveNumber | None = None,
) -> Sweep:
    """run(**h) for every combination of the grid's values, `chunk` of them in one call.

    `run` gets each hyper-parameter as an array (c, 1), one row a configuration, and returns a dict
    of arrays whose first axis has these c rows. Chunks are spread by joblib: n_jobs is its, None
    being 1 unless a `joblib.parallel_config` says otherwise, so that inside
    `parallel_config("dask")` the chunks go to a Dask cluster. Each finished chunk is written to
    `folder`; the same call after a stop computes only what is missing. The folder belongs to one
    `run`: what it computes is not compared, the grid and the chunks are. `progress=tqdm` shows a
    bar. Random numbers belong into the grid as seeds, so that a chunk does not depend on the
    others. `timeout` is how many seconds may pass without a finished chunk; None waits for ever,
    and joblib then waits for a Dask worker that died, too. Needs joblib.

    ValueError: an empty grid, values that are not finite, a folder of another sweep, a result
    without the rows. TypeError: `run` cannot be sent to a worker. RuntimeError: a worker died, or
    nothing was finished in time.

    >>> from reglib.losses import SquaredError
    >>> from reglib.solvers import ridge
    >>> X, y = [[1.0], [2.0]], [2.0, 4.0]
    >>> result = sweep(lambda lam, share: {"w": share * ridge(X, y, lam)},
    ...                {"lam": [0.0, 2.5], "share": [1.0, 0.5, 0.1]})
    >>> result["w"].shape, result["w"][1, 0].round(6)
    ((2, 3, 1), array([1.]))
    """
    axes = _axes(grid)
    table = np.stack([a.ravel() for a in np.meshgrid(*axes.values(), indexing="ij")], axis=-1)
    pieces = [table[start : start + chunk] for start in range(0, len(table), chunk)]
    shelf = _Shelf(folder, {"grid": {n: a.tolist() for n, a in axes.items()}, "chunk": chunk})
    parts = {k: part for k in range(len(pieces)) if (part := shelf.find(k)) is not None}
    todo = {
        k: dict(zip(axes, piece.T[..., None], strict=True))
        for k, piece in enumerate(pieces)
        if k not in parts
    }

    def finished() -> Iterator[tuple[int, Part]]:
        yield from list(parts.items())
        for k, part in _computed(run, todo, n_jobs, timeout):
            _alike(next(iter(parts.values()), part), part)
            shelf.keep(k, part)
            yield k, part

    steps = _Counted(len(pieces), finished())
    try:
        for k, part in progress(steps) if progress else steps:
            parts[k] = part
    except Exception as error:
        kept = f"and kept in {str(folder)!r}: the same call goes on there" if folder else "and lost"
        error.add_note(f"{len(parts)} of {len(pieces)} chunks of the sweep are finished {kept}")
        raise
    values = {name: np.concatenate([parts[k][name] for k in sorted(parts)]) for name in parts[0]}
    shape = tuple(len(axis) for axis in axes.values())
    return Sweep(axes, {name: v.reshape(shape + v.shape[1:]) for name, v in values.items()})


def _axes(grid: Any) -> dict[str, Array]:
    """The values of each hyper-parameter (m,), in the order given."""
    if not isinstance(grid, Mapping):
        raise TypeError(f"grid must be a dict of values by name, got {shown(grid)}")
    if not grid:
        raise ValueError("grid must name at least one hyper-parameter, got {}")
    if not all(isinstance(name, str) for name in grid):
        raise TypeError(f"every name in grid must be a word, got {shown(list(grid))}")
    return {name: finite(f"grid[{name!r}]", v, ndim=1) for name, v in grid.items()}


def _computed(
    run: Callable[..., Any],
    todo: dict[int, dict[str, Array]],
    n_jobs: int | None,
    timeout: float | None,
) -> Iterator[tuple[int, Part]]:
    """The chunks, in the order in which joblib's workers finish them."""
    # Inside, as joblib: they would take a tenth of the time in which the whole library is imported.
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import TimeoutError as NoAnswerError

    with extra("sweep"):
        from joblib import Parallel, delayed, effective_n_jobs

    if n_jobs is not None and (not isinstance(n_jobs, (int, np.integer)) or n_jobs == 0):
        raise ValueError(f"n_jobs must be None or a whole number, not 0, got {n_jobs!r}")
    if effective_n_jobs(n_jobs) > 1:
        _sendable(run)
    else:
        timeout = None  # there is nobody to wait for, and joblib would warn of it
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", timeout=timeout)
    try:
        yield from parallel(delayed(_part)(run, k, h) for k, h in todo.items())
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a worker died, perhaps for lack of memory (smaller chunks or fewer jobs need less), "
            f"or its error could not be sent back: {error}"
        ) from error
    except NoAnswerError as error:
        raise RuntimeError(
            f"no chunk was finished within {timeout:g} s: a worker died, or needs more time"
        ) from error


def _part(run: Callable[..., Any], k: int, h: dict[str, Array]) -> tuple[int, Part]:
    """What happens on a worker: one call of `run`, its result looked at where it is made."""
    rows, out = len(next(iter(h.values()))), run(**h)
    if not isinstance(out, Mapping) or not out:
        raise TypeError(f"run must return a dict of arrays, got {shown(out)}")
    part = {name: _numbers(name, value) for name, value in out.items()}
    for name, value in part.items():
        if value.shape[:1] != (rows,):
            raise ValueError(
                f"run must return arrays with a first axis of {rows}, the configurations of its "
                f"chunk, got {name!r} of shape {value.shape}"
            )
    return k, part


def _numbers(name: Any, value: Any) -> NDArray[Any]:
    """A copy, since `run` may write its next result into the same array."""
    try:
        array = np.array(value)
    except ValueError:  # NumPy's word for rows of unequal length
        array = np.array(None)
    plain = isinstance(name, str) and not isinstance(value, np.ma.MaskedArray)
    if not plain or array.dtype.kind not in "biufc":
        raise TypeError(f"run must return arrays of numbers by name, got {name!r}: {shown(value)}")
    return array


def _alike(first: Part, part: Part) -> None:
    """Chunks are joined, so each must look like the first but for its number of rows."""
    looks = [{name: value.shape[1:] for name, value in each.items()} for each in (first, part)]
    if looks[0] != looks[1]:
        raise ValueError(
            "run must return the same names and shapes for every chunk, got "
            f"{shown(looks[0])} and {shown(looks[1])}"
        )


def _sendable(run: Callable[..., Any]) -> None:
    from joblib.externals.loky.backend.reduction import dumps  # what joblib itself sends with

    try:
        dumps(run)
    except Exception as error:  # an object may say in any way that it cannot be pickled
        raise TypeError(
            f"run must be something that can be sent to a worker, got {shown(run)}, which "
            f"cannot be pickled: {error}; n_jobs=1 sends nothing"
        ) from error


@dataclass(frozen=True)
class _Counted:
    """An iterable that knows its length, so that a progress bar has an end."""

    length: int
    items: Iterable[Any]

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class _Shelf:
    """Finished chunks on disk, one file each; without a folder, nothing is kept."""

    def __init__(self, folder: str | os.PathLike[str] | None, label: dict[str, Any]) -> None:
        self.folder = None if folder is None else Path(folder)
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        note, words = self.folder / "sweep.json", json.dumps(label)
        known = note.read_text(encoding="utf-8") if note.exists() else ""
        if known != words and (known or any(self.folder.glob("chunk-*.npz"))):
            raise ValueError(
                "folder must be new or hold this sweep, stopped, got one with another grid or "
                f"chunk: {str(folder)!r}"
            )
        note.write_text(words, encoding="utf-8")

    def _file(self, k: int) -> Path:
        return self.folder / f"chunk-{k:05}.npz"

    def find(self, k: int) -> Part | None:
        if self.folder is None or not self._file(k).exists():
            return None
        try:
            with self._file(k).open("rb") as file, np.load(file) as stored:
                return {name.removeprefix(MARK): stored[name] for name in stored.files}
        except (OSError, EOFError, ValueError, BadZipFile):
            return None  # a broken file is a chunk that is missing

    def keep(self, k: int, part: Part) -> None:
        """Written beside and renamed: a stop in the middle leaves no half chunk behind."""
        if self.folder is None:
            return
        beside = self._file(k).with_suffix(".part")
        with beside.open("wb") as file:
            np.savez(file, **{MARK + name: value for name, value in part.items()})
        beside.replace(self._file(k))
