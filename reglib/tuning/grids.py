"""Train a whole grid: chunks on the leading axis, spread over workers, finished work kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib.extras import extra
from reglib.inputs import Array, Count, Function, PositiveNumber, checked, finite, must, shown, that
from reglib.tuning.shelf import Part, arrays, keep, kept, named


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


def _axes(name: str, grid: Any) -> dict[str, Array]:
    """The values of each hyper-parameter (m,), in the order given."""
    return {word: finite(f"{name}[{word!r}]", v, 1) for word, v in named(name, grid).items()}


def _jobs(name: str, value: Any) -> Any:
    whole = isinstance(value, (int, np.integer)) and value != 0
    that(name, whole, "be None or a whole number, not 0", value)
    return value


Grid = Annotated[Mapping[str, ArrayLike], _axes]
Jobs = Annotated[int, _jobs]
Folder = Annotated[Any, must("be a path", lambda v: isinstance(v, (str, os.PathLike)))]


@checked
def sweep(
    run: Function,
    grid: Grid,
    *,
    n_jobs: Jobs | None = None,
    chunk: Count = 16,
    folder: Folder | None = None,
    progress: Function | None = None,
    timeout: PositiveNumber | None = None,
) -> Sweep:
    """run(**h) for every combination of the grid's values, `chunk` of them in one call.

    `run` gets each hyper-parameter as an array (c, 1), one row a configuration, and returns a dict
    of arrays whose first axis has these c rows. Random numbers belong into the grid, as seeds.
    Chunks are spread by joblib, which this needs: n_jobs is its, and inside
    `joblib.parallel_config("dask")` they go to a Dask cluster. `timeout` is how many seconds may
    pass without a finished chunk; without it a Dask worker that died is waited for.

    Each finished chunk is written to `folder` with its rows of the grid; the same call after a stop
    computes only what is missing. Any number of processes may share the folder, but only one `run`:
    what it computes is not compared. `progress=tqdm` shows a bar.

    ValueError: an empty grid, values that are not finite, a folder of another grid, a result
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
    table = np.stack([a.ravel() for a in np.meshgrid(*grid.values(), indexing="ij")])
    pieces = [table[:, start : start + chunk] for start in range(0, table.shape[1], chunk)]
    asked = [dict(zip(grid, piece[..., None], strict=True)) for piece in pieces]
    shelf = None if folder is None else Path(folder)
    if shelf:
        shelf.mkdir(parents=True, exist_ok=True)
    found = {k: part for k, h in enumerate(asked) if shelf and (part := kept(shelf, k, h))}
    todo = {k: h for k, h in enumerate(asked) if k not in found}
    finished = chain(found.items(), _computed(run, todo, n_jobs, timeout))
    parts, count = {}, range(len(asked))
    try:
        for _, (k, part) in zip(progress(count) if progress else count, finished, strict=True):
            _alike(next(iter(parts.values()), part), part)
            if shelf and k in todo:
                keep(shelf, k, todo[k], part)
            parts[k] = part
    except Exception as error:
        where = f"kept in {str(folder)!r}: the same call goes on there" if shelf else "lost"
        error.add_note(f"{len(parts)} of {len(asked)} chunks of the sweep are finished and {where}")
        raise
    values = {name: np.concatenate([parts[k][name] for k in count]) for name in parts[0]}
    shape = tuple(len(axis) for axis in grid.values())
    return Sweep(grid, {name: v.reshape(shape + v.shape[1:]) for name, v in values.items()})


def _computed(
    run: Callable[..., Any], todo: dict[int, Part], n_jobs: int | None, timeout: float | None
) -> Iterator[tuple[int, Part]]:
    """The chunks, in the order in which joblib's workers finish them."""
    # Inside, as joblib: they would take a tenth of the time in which the whole library is imported.
    from multiprocessing import TimeoutError as NoAnswerError
    from pickle import PicklingError

    with extra("sweep"):
        from joblib import Parallel, delayed, effective_n_jobs

    if effective_n_jobs(n_jobs) == 1:
        timeout = None  # there is nobody to wait for, and joblib would warn of it
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", timeout=timeout)
    try:
        yield from parallel(delayed(_part)(run, k, h) for k, h in todo.items())
    except PicklingError as error:
        raise TypeError(
            f"run must be something that can be sent to a worker, got {shown(run)}, which "
            f"cannot be pickled: {error}; n_jobs=1 sends nothing"
        ) from error
    except NoAnswerError as error:
        raise RuntimeError(
            f"no chunk was finished within {timeout:g} s: a worker died, or needs more time"
        ) from error


def _part(run: Callable[..., Any], k: int, h: Part) -> tuple[int, Part]:
    """One call of `run`, on a worker: its result is looked at where it is made."""
    return k, arrays(run(**h), len(next(iter(h.values()))))


def _alike(first: Part, part: Part) -> None:
    """Chunks are joined, so each must look like the first but for its number of rows."""
    looks = [{name: value.shape[1:] for name, value in each.items()} for each in (first, part)]
    if looks[0] != looks[1]:
        raise ValueError(
            "run must return the same names and shapes for every chunk, got "
            f"{shown(looks[0])} and {shown(looks[1])}"
        )
