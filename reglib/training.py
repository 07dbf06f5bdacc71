"""The training loop: gradient, transforms, step, penalty, and what happened on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib import inputs
from reglib.inputs import (
    DIVERGED,
    Array,
    Count,
    Function,
    PenaltyLike,
    Placement,
    Start,
    Valued,
    checked,
    norm,
)

__all__ = ["History", "Step", "train"]

OptimizerLike = Annotated[Any, inputs.must("be an Optimizer", inputs.having("step", "rate"))]
Bound = Annotated[float, inputs.scalar, inputs.above_zero]


@dataclass(frozen=True, eq=False)
class History:
    """What a training run did, for every configuration on the leading axes.

    w (..., P) are the last weights, those of a diverged run being the first beyond `bound`.
    loss (k, ...) and gradient_norm (k, ...) belong to the data, without the penalty and before any
    transform, on the batch and at the weights of each step; NaN once a run is over.
    diverged_at (...) is the first k at which w_k is beyond `bound` or not finite, else -1;
    stopped_at (...) the k at which patience or a watch ended the run, else -1. The record is
    shorter than n_steps when every run is over.

    path (k + 1, ..., P): w_0 to w_k where they were recorded, else None; runs that are over stay
    put. With `validation`: validation_loss (k + 1, ...), at w_0, ..., w_k and NaN once a run is
    over; best_w (..., P) and best_at (...), the weights of the lowest of them and their k (w_0 if
    none is finite).
    """

    w: Array
    loss: Array
    gradient_norm: Array
    diverged_at: NDArray[np.int64]
    stopped_at: NDArray[np.int64]
    validation_loss: Array | None = None
    best_w: Array | None = None
    best_at: NDArray[np.int64] | None = None
    path: Array | None = None

    @property
    def diverged(self) -> NDArray[np.bool_]:
        return self.diverged_at >= 0


class Step(NamedTuple):
    """What a watch sees: the step from w = w_k to after = w_{k+1}, both (..., P), k = 0, 1, ...

    loss (...) and gradient (..., P) are those of the data at w; rate, a number or (..., 1), is the
    learning rate; alive (...) is False where a run is over with this step. Of a run that was over
    before it, w and after stay put, loss and gradient are NaN.
    """

    k: int
    w: Array
    loss: Array
    gradient: Array
    rate: Any
    after: Array
    alive: NDArray[np.bool_]


@checked
def train(
    objective: Any,
    optimizer: OptimizerLike,
    w0: Start,
    *,
    n_steps: Count | None = None,
    n_epochs: Count | None = None,
    batch_size: Count | None = None,
    rng: Any = None,
    penalty: PenaltyLike | None = None,
    placement: Placement = "coupled",
    validation: Valued | None = None,
    patience: Count | None = None,
    record: bool = False,
    watch: Function | None = None,
    bound: Bound = DIVERGED,
    progress: Function | None = None,
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
    shows a bar. A run that diverges, at a weight of `bound` in size, is set aside and does not
    disturb the runs beside it; with bound=inf a run goes on until it overflows.

    `record` keeps w_0, w_1, ...: 8 P bytes a step for each configuration. `watch` is called with
    the `Step` that was just taken. It must not write to its arrays; it returns None, or True where
    a run ends there: a boolean, or one for each configuration (...).

    Early stopping: `validation` has a `value` of w, taken at w0 and after every step, without the
    penalty. Each run keeps its best weights, and is set aside once `patience` steps have brought no
    new best. Source: Prechelt 1998.
    ValueError: both or none of n_steps and n_epochs, an unknown placement, an empty w0, patience
    without validation, a bound that is not > 0.

    >>> from reglib.losses import SquaredError
    >>> from reglib.optimizers import Optimizer
    >>> loss, sgd = SquaredError([[1.0], [2.0]], [2.0, 4.0]), Optimizer(learning_rate=0.1)
    >>> train(loss, sgd, [0.0], n_steps=2, record=True).path.ravel()
    array([0.   , 0.5  , 0.875])
    >>> run = train(loss, sgd, [0.0], n_steps=200, watch=lambda step: step.loss < 1e-6)
    >>> run.w.round(2), int(run.stopped_at)
    (array([2.]), 28)
    """
    step = _stepper(optimizer, penalty, placement)
    w = w0.copy()
    memory = optimizer.start(w)
    batches: Iterable[Any] = _batches(objective, n_steps, n_epochs, batch_size, rng)
    # Once such a block was freed, never written to, glibc keeps all smaller ones for later steps
    # (mallopt, M_MMAP_THRESHOLD); else each step takes new pages from the system and twice as long.
    np.empty(2**25 - 2**16, np.uint8)
    log = _Log(w, optimizer, bound, record, watch, (validation, patience))
    for batch in progress(batches) if progress else batches:
        here = _where(log.alive, log.w, 0)
        loss, g = value_and_gradient(batch, here)
        after, memory = step(here, gradient=g, memory=memory)
        log.add(loss, g, after, memory)
        if not log.alive.any():
            break
    return log.history()


class _Log:
    """What happens on the way: the record, whose run is over, and what the watches say."""

    def __init__(
        self, w: Array, optimizer: Any, bound: Any, record: bool, watch: Any, stopping: Any
    ) -> None:
        self.w, self.optimizer, self.record = w, optimizer, record
        self.losses, self.norms, self.path = [], [], [w]
        self.bound = bound
        self.alive = np.abs(w).max(axis=-1) < self.bound
        self.diverged_at = np.where(self.alive, -1, 0)
        self.stopped_at = np.full(self.alive.shape, -1)
        self.watches = [] if watch is None else [watch]
        self.early = None
        if any(part is not None for part in stopping):
            self.early = _EarlyStopping(*stopping, w, self.alive)
            self.watches.append(self.early)

    def add(self, loss: Array, g: Array, after: Array, memory: Any) -> None:
        """The step from self.w to `after`: nothing of it counts where a run is over."""
        length, before, alive = norm(g)[..., 0], self.w, self.alive
        everyone = alive.all()  # as nearly always, and then there is nothing to set aside
        if not everyone:
            loss, length = (np.where(alive, a, np.nan) for a in (loss, length))
            after = _where(alive, after, before)
        self.w = after
        self.losses.append(loss)
        self.norms.append(length)
        if self.record:
            self.path.append(after)
        within = np.abs(after).max(axis=-1) < self.bound
        if everyone and within.all() and not self.watches:
            return
        k, self.alive = len(self.losses), alive & within
        self.diverged_at = np.where(alive & ~within, k, self.diverged_at)
        if self.watches:
            g = _where(alive, g, np.nan)
            before, g = (np.broadcast_to(a, after.shape) for a in (before, g))
            loss, rate = np.broadcast_to(loss, self.alive.shape), self.optimizer.rate(memory)
            self.ask(Step(k - 1, before, loss, g, rate, after, self.alive))

    def ask(self, step: Step) -> None:
        """Set aside what a watch ends."""
        for watch in self.watches:
            over = step.alive & _ended(watch(step), step.alive.shape)
            self.stopped_at = np.where(over, step.k + 1, self.stopped_at)
            self.alive = self.alive & ~over

    def history(self) -> History:
        lead = self.w.shape[:-1]
        records = (_stack(record, lead) for record in (self.losses, self.norms))
        ends = (np.broadcast_to(at, lead).copy() for at in (self.diverged_at, self.stopped_at))
        path = _stack(self.path, self.w.shape) if self.record else None
        found = self.early.found(lead) if self.early else ()
        return History(self.w, *records, *ends, *found, path=path)


def _ended(said: Any, lead: tuple[int, ...]) -> Any:
    """What a watch has said, as one boolean or an array (...) of them."""
    if said is None:
        return False
    if not isinstance(said, (bool, np.bool_, np.ndarray)) or np.asarray(said).dtype != bool:
        raise TypeError(f"watch must return None, True or False, got {inputs.shown(said)}")
    if np.shape(said) not in ((), lead):
        raise ValueError(
            f"watch must return one boolean or an array {lead} of them, got shape {said.shape}"
        )
    return said


def _where(alive: NDArray[np.bool_], w: Array, other: ArrayLike) -> Array:
    """w, and `other` for a run that is over: zeros there cost nothing and warn of nothing."""
    return w if alive.all() else np.where(alive[..., None], w, other)


class _EarlyStopping:
    """A watch: the validation loss of every run, its best weights, and whose patience is over."""

    def __init__(self, validation: Any, patience: int | None, w: Array, alive: Any) -> None:
        if validation is None:
            raise ValueError(f"patience goes with validation, got patience={patience} alone")
        self.validation = validation
        self.patience = np.inf if patience is None else patience
        self.losses: list[Array] = []
        self.best_w, self.best = w, np.full(w.shape[:-1], np.inf)
        self.best_at = np.zeros(w.shape[:-1], dtype=np.int64)
        self.look(0, w, alive)

    def __call__(self, step: Step) -> NDArray[np.bool_]:
        return self.look(step.k + 1, step.after, step.alive)

    def look(self, k: int, w: Array, alive: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Evaluate w_k; a NaN is never the best, so neither is a run that is over."""
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
        return np.asarray(k - self.best_at >= self.patience)

    def found(self, lead: tuple[int, ...]) -> tuple[Array, Array, NDArray[np.int64]]:
        """validation_loss, best_w and best_at of `History`."""
        return _stack(self.losses, lead), self.best_w, self.best_at


def value_and_gradient(objective: Any, w: Array) -> tuple[Array, Array]:
    """Both at once where the objective can: (...), (..., P)."""
    both = getattr(objective, "value_and_gradient", None)
    loss, g = both(w) if both else (objective.value(w), objective.gradient(w))
    if np.shape(g)[-1:] != w.shape[-1:] or np.shape(loss) != np.shape(g)[:-1]:
        raise ValueError(
            "an objective must give a value (...) and a gradient (..., P) at weights (..., P), "
            f"got shapes {np.shape(loss)} and {np.shape(g)} at {w.shape}"
        )
    return loss, inputs.floats("gradient", g)


def _stepper(optimizer: Any, penalty: Any, placement: str) -> Callable[..., tuple[Array, Any]]:
    """`_step_with`, or the optimizer's own step without a penalty."""
    if penalty is None:
        return optimizer.step
    rule = optimizer.learning_rate
    if placement in ("shrink_after", "proximal") and getattr(rule, "signed", False):
        raise ValueError(
            f"placement must be 'coupled' or 'decoupled' with a learning rate that may become "
            f"negative, got {placement!r} with {inputs.shown(rule)}"
        )
    return _step_with(optimizer, penalty, placement)


def _step_with(
    optimizer: Any,
    P: Any,
    placement: str,
) -> Callable[..., tuple[Array, Any]]:
    """One step of w and its memory, the penalty where `placement` says."""

    def step(w: Array, *, gradient: Array, memory: Any) -> tuple[Array, Any]:
        if placement == "coupled":
            total = gradient + P.subgradient(w)
            return optimizer.step(w, gradient=total, memory=memory)
        u, memory = optimizer.step(w, gradient=gradient, memory=memory)
        s = optimizer.rate(memory)
        if placement == "proximal":
            return _prox(P, u, s), memory
        at = w if placement == "decoupled" else u
        return u - s * P.subgradient(at), memory

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
        inputs.objective("objective", objective)
    if n_steps is not None:
        if batch_size is not None:
            raise ValueError("batch_size goes with n_epochs, got n_steps")
        if fresh:
            inputs.generators(rng)
        return (objective(rng) if fresh else objective for _ in range(n_steps))
    if fresh:
        raise ValueError("a function that makes fresh batches has no epochs: give n_steps")
    return _epochs(objective, n_epochs, batch_size, rng)


def _epochs(objective: Any, n_epochs: int, size: int | None, rng: Any) -> Iterator[Any]:
    if size is None:
        return (objective for _ in range(n_epochs))
    if not hasattr(objective, "n_rows") or not hasattr(objective, "on"):
        raise TypeError(f"batch_size is for an objective with rows, got {inputs.shown(objective)}")
    n, rng = objective.n_rows, inputs.generator("rng", rng)
    orders = (rng.permutation(n) for _ in range(n_epochs))
    return (objective.on(order[a : a + size]) for order in orders for a in range(0, n, size))


def _stack(record: list[Array], lead: tuple[int, ...]) -> Array:
    """(k, ...): the first step may not know the whole sweep yet, so each entry is broadcast."""
    return np.array([np.broadcast_to(entry, lead) for entry in record], dtype=np.float64)
