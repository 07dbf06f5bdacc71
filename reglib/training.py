"""The training loop: gradient, transforms, step, penalty, and what happened on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib import _checks
from reglib._checks import DIVERGED, PLACEMENTS, Array

__all__ = ["History", "train"]


@dataclass(frozen=True, eq=False)
class History:
    """What a training run did, for every configuration on the leading axes.

    w (..., P) are the last weights, those of a diverged run being the first beyond 1e12.
    loss (k, ...) and gradient_norm (k, ...) belong to the data, without the penalty and before any
    transform, on the batch and at the weights of each step; NaN after a divergence.
    diverged_at (...) is the first k at which w_k is beyond 1e12 or not finite, else -1. The record
    is shorter than n_steps when every run is over.

    With `validation`: validation_loss (k + 1, ...), at w_0, ..., w_k and NaN once a run is over;
    best_w (..., P) and best_at (...), the weights of the lowest of them and their k (w_0 if none
    is finite); stopped_at (...), the k at which patience ended, else -1: w stays as it was then.
    """

    w: Array
    loss: Array
    gradient_norm: Array
    diverged_at: NDArray[np.int64]
    stopped_at: NDArray[np.int64]
    validation_loss: Array | None = None
    best_w: Array | None = None
    best_at: NDArray[np.int64] | None = None

    @property
    def diverged(self) -> NDArray[np.bool_]:
        return self.diverged_at >= 0


def train(
    objective: Any,
    optimizer: Any,
    w0: ArrayLike,
    *,
    n_steps: int | None = None,
    n_epochs: int | None = None,
    batch_size: int | None = None,
    rng: Any = None,
    penalty: Any = None,
    placement: str = "coupled",
    validation: Any = None,
    patience: int | None = None,
    progress: Callable[[Iterable[Any]], Iterable[Any]] | None = None,
) -> History:
    """Minimize objective + penalty; t is what the optimizer's transforms make of a gradient.

    coupled       w <- w - s t(g + P'(w))                   the transforms see the penalty
    decoupled     w <- w - s t(g) - s P'(w)                 they do not; both at the same w
    shrink_after  u = w - s t(g);  w <- u - s P'(u)
    proximal      w <- prox(w - s t(g), s)                  a projection is such a prox

    `objective` has `value` and `gradient` (or `value_and_gradient`) of w (..., P). With n_steps,
    all the data is one batch, used again and again; with n_epochs and batch_size the rows are
    shuffled by `rng` in each epoch. `objective` may also be a function of `rng` that makes the
    objective of a fresh batch for each of n_steps. `progress` wraps the steps: `progress=tqdm`
    shows a bar. A run that diverges is set aside and does not disturb the runs beside it.

    Early stopping: `validation` has a `value` of w, taken at w0 and after every step, without the
    penalty. Each run keeps its best weights, and is set aside once `patience` steps have brought no
    new best. Source: Prechelt 1998.
    ValueError: both or none of n_steps and n_epochs, an unknown placement, an empty w0, patience
    without validation.

    >>> from reglib.losses import SquaredError
    >>> from reglib.optimizers import Optimizer
    >>> loss = SquaredError([[1.0], [2.0]], [2.0, 4.0])
    >>> train(loss, Optimizer(learning_rate=0.1), [0.0], n_steps=200).w.round(6)
    array([2.])
    """
    step = _stepper(optimizer, penalty, _checks.one_of("placement", placement, PLACEMENTS))
    if progress and not callable(progress):
        raise TypeError(f"progress must be a function such as tqdm, got {_checks.shown(progress)}")
    w = _checks.start(w0).copy()
    _fit_together(w, optimizer, penalty)
    memory, losses, norms, kept = optimizer.start(w), [], [], {}  # kept: by this run alone
    alive = np.abs(w).max(axis=-1) < DIVERGED
    diverged_at = np.where(alive, -1, 0)
    watch, watching = _Watch(validation, patience, w), validation is not None
    batches: Iterable[Any] = _batches(objective, n_steps, n_epochs, batch_size, rng)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        watch.look(0, w, alive)
        for k, batch in enumerate(progress(batches) if progress else batches, start=1):
            everyone = alive.all()  # as nearly always, and then there is nothing to set aside
            here = w if everyone else _where(alive, w, 0)
            loss, g = value_and_gradient(batch, here, kept)
            after, memory = step(here, g, memory)
            norm = np.linalg.norm(g, axis=-1)
            losses.append(loss if everyone else np.where(alive, loss, np.nan))
            norms.append(norm if everyone else np.where(alive, norm, np.nan))
            w = after if everyone else _where(alive, after, w)
            within = np.abs(w).max(axis=-1) < DIVERGED
            if everyone and not watching and within.all():
                continue
            diverged_at = np.where(within | (diverged_at >= 0), diverged_at, k)
            watch.look(k, w, alive & within)
            alive = within & (watch.stopped_at < 0)
            if not alive.any():
                break
    lead = w.shape[:-1]
    return History(w, _stack(losses, lead), _stack(norms, lead), **watch.record(lead, diverged_at))


def _where(alive: NDArray[np.bool_], w: Array, other: ArrayLike) -> Array:
    """w, and `other` for a run that is over: zeros there cost nothing and warn of nothing."""
    return w if alive.all() else np.where(alive[..., None], w, other)


class _Watch:
    """The validation loss of every run, the best weights so far, and whose patience is over."""

    def __init__(self, validation: Any, patience: int | None, w: Array) -> None:
        if patience is not None and validation is None:
            raise ValueError(f"patience goes with validation, got patience={patience} alone")
        self.validation = validation
        if validation is not None:
            _checks.valued("validation", validation)
        self.patience = np.inf if patience is None else _checks.count("patience", patience)
        self.losses: list[Array] = []
        self.best_w, self.best = w, np.full(w.shape[:-1], np.inf)
        self.best_at = np.zeros(w.shape[:-1], dtype=np.int64)
        self.stopped_at = self.best_at - 1

    def look(self, k: int, w: Array, alive: NDArray[np.bool_]) -> None:
        """Evaluate w_k; a NaN is never the best, so neither is a run that is over."""
        if self.validation is None:
            return
        loss = np.where(alive, self.validation.value(_where(alive, w, 0)), np.nan)
        if k and loss.shape != w.shape[:-1]:
            raise ValueError(
                "validation must give a value (...) at weights (..., P), "
                f"got shape {loss.shape} at {w.shape}"
            )
        better = loss < self.best
        self.losses.append(loss)
        self.best = np.where(better, loss, self.best)
        self.best_w = np.where(better[..., None], w, self.best_w)
        self.best_at = np.where(better, k, self.best_at)
        self.stopped_at = np.where(alive & (k - self.best_at >= self.patience), k, self.stopped_at)

    def record(self, lead: tuple[int, ...], diverged_at: Array) -> dict[str, Array]:
        """What `History` keeps of it, and of the ends of the runs."""
        ends = {"diverged_at": diverged_at, "stopped_at": self.stopped_at}
        record = {name: np.broadcast_to(at, lead).copy() for name, at in ends.items()}
        if self.validation is None:
            return record
        record |= {"best_w": self.best_w, "best_at": self.best_at}
        return record | {"validation_loss": _stack(self.losses, lead)}


def _fit_together(w: Array, optimizer: Any, penalty: Any) -> None:
    """An error if a sweep of one hyper-parameter cannot be one with that of another."""
    axes = {"w0": w.shape[:-1], **_checks.sweeps("learning_rate", optimizer.learning_rate)}
    axes |= _checks.sweeps("transforms", getattr(optimizer, "transforms", ()))
    _checks.leading(axes | _checks.sweeps("penalty", penalty))


def value_and_gradient(objective: Any, w: Array, kept: Any = None) -> tuple[Array, Array]:
    """Both at once where the objective can, in the arrays of `kept` if marked: (...), (..., P)."""
    both = getattr(objective, "value_and_gradient", None)
    if both is None:
        loss, g = objective.value(w), objective.gradient(w)
    else:
        loss, g = both(w, kept) if getattr(both, "keeps", False) else both(w)
    if np.shape(g)[-1:] != w.shape[-1:] or np.shape(loss) != np.shape(g)[:-1]:
        raise ValueError(
            "an objective must give a value (...) and a gradient (..., P) at weights (..., P), "
            f"got shapes {np.shape(loss)} and {np.shape(g)} at {w.shape}"
        )
    return loss, g


def _stepper(optimizer: Any, penalty: Any, placement: str) -> Callable[..., tuple[Array, Any]]:
    """`_step_with`, or the optimizer's own step without a penalty; errors for what is neither."""
    if not hasattr(optimizer, "step") or not hasattr(optimizer, "learning_rate"):
        raise TypeError(f"optimizer must be an Optimizer, got {type(optimizer).__name__}")
    if penalty is None:
        return optimizer.step
    P = _checks.penalty("penalty", penalty)
    rule = optimizer.learning_rate
    if placement in ("shrink_after", "proximal") and getattr(rule, "signed", False):
        raise ValueError(
            f"placement must be 'coupled' or 'decoupled' with a learning rate that may become "
            f"negative, got {placement!r} with {_checks.shown(rule)}"
        )
    return _step_with(optimizer, P, placement)


def _step_with(optimizer: Any, P: Any, placement: str) -> Callable[..., tuple[Array, Any]]:
    """One step (w, gradient, memory) -> (w, memory) with the penalty where `placement` says."""

    def step(w: Array, g: Array, memory: Any) -> tuple[Array, Any]:
        if placement == "coupled":
            return optimizer.step(w, g + P.subgradient(w), memory)
        u, memory = optimizer.step(w, g, memory)
        s = optimizer.rate(memory)
        if placement == "proximal":
            return _prox(P, u, s), memory
        return u - s * P.subgradient(w if placement == "decoupled" else u), memory

    return step


def _prox(P: Any, u: Array, s: Any) -> Array:
    """prox(u, s), and u where a schedule has come down to a rate of 0."""
    moves = s > 0
    if moves is True or np.all(moves):
        return P.prox(u, s)
    return np.where(moves, P.prox(u, np.where(moves, s, 1.0)), u)


def _batches(
    objective: Any, n_steps: int | None, n_epochs: int | None, batch_size: int | None, rng: Any
) -> Iterator[Any]:
    """The objective of each step in turn."""
    if (n_steps is None) == (n_epochs is None):
        raise ValueError(f"give n_steps or n_epochs, got n_steps={n_steps}, n_epochs={n_epochs}")
    fresh = callable(objective) and not hasattr(objective, "gradient")
    if not fresh and batch_size is None:
        _checks.objective("objective", objective)
    if n_steps is not None:
        if batch_size is not None:
            raise ValueError("batch_size goes with n_epochs, got n_steps")
        steps = _checks.count("n_steps", n_steps)
        if fresh:
            _checks.generators(rng)
        return (objective(rng) if fresh else objective for _ in range(steps))
    if fresh:
        raise ValueError("a function that makes fresh batches has no epochs: give n_steps")
    return _epochs(objective, _checks.count("n_epochs", n_epochs), batch_size, rng)


def _epochs(objective: Any, n_epochs: int, batch_size: int | None, rng: Any) -> Iterator[Any]:
    if batch_size is None:
        return (objective for _ in range(n_epochs))
    if not hasattr(objective, "n_rows") or not hasattr(objective, "on"):
        raise TypeError(f"batch_size is for an objective with rows, got {_checks.shown(objective)}")
    size, n = _checks.count("batch_size", batch_size), objective.n_rows
    rng = _checks.generator(rng)
    orders = (rng.permutation(n) for _ in range(n_epochs))
    return (objective.on(order[a : a + size]) for order in orders for a in range(0, n, size))


def _stack(record: list[Array], lead: tuple[int, ...]) -> Array:
    """(k, ...): the first step may not know the whole sweep yet, so each entry is broadcast."""
    return np.array([np.broadcast_to(entry, lead) for entry in record])
