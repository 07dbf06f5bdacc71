"""Runs with a known cause: small networks of this book, trained well and then spoiled.

Every run is made by `record`: a task, an optimizer, a rate that is known to train it, and at most
one thing that is spoiled, which is the cause. Its healthy twin is the same run unspoiled. A family
is a task; `half` says whether the rules may be written looking at it. Runs of PyTorch and JAX come
from the scripts in tests/reglib/recording, by the same plan.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from reglib.datasets import (
    copy_task,
    diabetes,
    digits,
    first_input,
    leaky_memory,
    longley,
    typed_text,
)
from reglib.losses import LogisticLoss, SquaredError
from reglib.networks import MLP, RNN, Transformer
from reglib.optimizers import (
    AdamScaling,
    ClipByNorm,
    Cosine,
    Momentum,
    Optimizer,
    RMSProp,
    WarmUp,
    WeightDecay,
)
from trial.chapters.diagnose.traces import FAMILIES, Run, parse, write

Array = Any
STEPS = 160


class Task(NamedTuple):
    """Data and a model: `whole` has `on(rows)`; start weights for a gain; loss held out."""

    whole: Any
    start: Callable[[float], Array]
    held_out: Any
    batch: int


def half(family: str) -> str:
    """The half a family belongs to, by hashes of names: nobody chose it.

    Of the first ten families those with an odd one are frozen; where there are few, the lower half.
    """
    kin = next(names for names in FAMILIES.values() if family in names)
    hashes = {name: hashlib.sha256(name.encode()).digest() for name in kin}
    if kin is FAMILIES["runs"]:
        return "frozen" if hashes[family][0] % 2 else "written"
    return "frozen" if family in sorted(kin, key=hashes.get)[: len(kin) // 2] else "written"


# ------------------------------------------------------------------------------------- tasks


def _linear(model: Any, X: Array, y: Array, seed: int, batch: int) -> Task:
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(y))
    X = np.column_stack([np.ones(len(y)), X])
    cut = 2 * len(y) // 3
    whole, rest = (model(X[part], y[part]) for part in (rows[:cut], rows[cut:]))
    w = rng.standard_normal(X.shape[1])
    return Task(whole, lambda gain: 0.3 * gain * w, rest, batch)


def _net(made: Callable[[slice], Any], cut: int, seed: int, batch: int, kind: str) -> Task:
    whole, rest = made(slice(cut)), made(slice(cut, None))
    rng = lambda: np.random.default_rng(seed + 1)  # noqa: E731 - the same draws for each gain
    return Task(whole, lambda gain: whole.init(rng(), gain, kind), rest, batch)


def patients(seed: int) -> Task:
    """Least squares on two thirds of the diabetes table."""
    X, y, _ = diabetes()
    return _linear(SquaredError, 20 * X / np.abs(X).max() / 4, y / 77, seed, 32)


def above(seed: int) -> Task:
    """Whether the disease is above the median."""
    X, y, _ = diabetes()
    X = X / X.std(axis=0)
    return _linear(LogisticLoss, X, (y > np.median(y)).astype(float), seed, 32)


def years(seed: int) -> Task:
    """Longley's sixteen years, in batches of ten."""
    X, y, _ = longley()
    X, y = (X - X.mean(0)) / X.std(0), (y - y.mean()) / y.std()
    return _linear(SquaredError, X, y, seed, 10)


def wave(seed: int) -> Task:
    """A ReLU network of two layers on a wave."""
    X = np.random.default_rng(seed).uniform(-2, 2, (400, 3))
    y = np.sin(2 * X[:, 0]) * X[:, 1] - X[:, 2]
    return _net(lambda part: MLP(X[part], y[part], (32, 32), "relu"), 300, seed, 32, "he")


def _pictures(seed: int, n: int) -> tuple[Array, Array]:
    data = digits()
    rows = np.random.default_rng(seed).permutation(len(data.y))[:n]
    return np.asarray(data.u)[rows] - 0.3, np.asarray(data.y)[rows].astype(int)


def pictures(seed: int) -> Task:
    """A tanh network of one layer on digits."""
    u, y = _pictures(seed, 1200)
    X = u.reshape(len(u), -1)
    made = lambda part: MLP(X[part], y[part], (32,), "tanh", loss="softmax", classes=10)  # noqa: E731
    return _net(made, 900, seed, 32, "gaussian")


def deep(seed: int) -> Task:
    """A ReLU network of five layers on digits."""
    u, y = _pictures(seed, 1200)
    X = u.reshape(len(u), -1)
    made = lambda part: MLP(X[part], y[part], (32,) * 5, "relu", loss="softmax", classes=10)  # noqa: E731
    return _net(made, 900, seed, 32, "he")


def patches(seed: int) -> Task:
    """The middle of an edge from the 3 x 3 pixels around it, the same weights for every place."""
    u, _ = _pictures(seed, 120)
    places = [(i, j) for i in range(1, 7) for j in range(1, 7)]
    X = np.concatenate([u[:, i - 1 : i + 2, j - 1 : j + 2].reshape(len(u), 9) for i, j in places])
    y = 3 * (X[:, 5] - X[:, 3]) * X[:, 1] + X[:, 7]
    return _net(lambda part: MLP(X[part], y[part], (24, 24), "tanh"), 3000, seed, 64, "gaussian")


def memory(seed: int) -> Task:
    """A recurrent network on a fading sum."""
    u, y = leaky_memory(np.random.default_rng(seed), 400, 20)
    return _net(lambda part: RNN(u[part], y[part], 16), 300, seed, 32, "orthogonal")


def first(seed: int) -> Task:
    """A recurrent network that must keep its first input."""
    u, y = first_input(np.random.default_rng(seed), 400, 10)
    return _net(lambda part: RNN(u[part], y[part], 24), 300, seed, 32, "orthogonal")


def rows(seed: int) -> Task:
    """A recurrent network that reads a digit row by row."""
    u, y = _pictures(seed, 1200)
    made = lambda part: RNN(u[part], y[part], 24, loss="softmax", classes=10)  # noqa: E731
    return _net(made, 900, seed, 32, "orthogonal")


def _attention(tokens: Array, seed: int, **options: Any) -> Task:
    made = lambda part: Transformer(tokens[part], **options)  # noqa: E731
    whole = made(slice(300))

    def start(gain: float) -> Array:
        w = whole.init(np.random.default_rng(seed + 1))
        return np.where(whole.mask(*(name for name in whole.shapes if name[0] == "W")), gain, 1) * w

    return Task(whole, start, made(slice(300, None)), 16)


def copying(seed: int) -> Task:
    """A transformer that copies five letters; a norm in front of each part."""
    tokens = copy_task(np.random.default_rng(seed), 400, half=5)
    return _attention(tokens, seed, vocabulary=8, given=5)


def typing(seed: int) -> Task:
    """A transformer on a text, letter by letter, without norms."""
    tokens = typed_text(np.random.default_rng(seed), 400, length=13)
    return _attention(tokens, seed, vocabulary=int(tokens.max()) + 1, norm=None)


ALL = (
    patients, above, years, wave, pictures, deep, patches, memory, first, rows, copying, typing
)  # fmt: skip
TASKS = {task.__name__: task for task in ALL}
RECURRENT = {"memory", "first", "rows"}
LAYERED = {"wave", "pictures", "deep", "patches", "copying", "typing"}
OPTIMIZERS: dict[str, tuple[Any, ...]] = {
    "sgd": (),
    "momentum": (Momentum(0.9),),
    "clip": (ClipByNorm(1.0),),
    "adamw": (AdamScaling(), WeightDecay(0.01)),
    "clip adamw": (ClipByNorm(1.0), AdamScaling(), WeightDecay(0.01)),
    "rmsprop": (RMSProp(),),
}


# ------------------------------------------------------------------------------------- a run


@dataclass(frozen=True)
class Setting:
    """What a run is made with; a spoiled run differs from its twin in one field."""

    family: str
    seed: int
    optimizer: str
    rate: float
    gain: float = 1.0
    every: int = 1
    steps: int = STEPS
    schedule: str = "constant"
    decay: float = 0.0
    train_rows: int | None = None
    spoil: Callable[[int, Array, Array], tuple[Array, Array]] | None = None
    target_scale: float = 1.0
    kick: tuple[int, float] | None = None
    half_precision: float = 0.0  # the first loss scale
    accumulate: bool = False
    jam: int = 10**9  # the step from which on gradients are not finite
    logged: tuple[str, ...] = ("grad_norm", "lr")


def record(setting: Setting, cause: str = "healthy") -> Run:
    """Train and log, every k-th row of it."""
    walk = _Walk(setting)
    names = ["step", "loss", *setting.logged, *(["loss_scale"] if setting.half_precision else [])]
    run = Run("", setting.family, cause, setting.optimizer, {name: [] for name in names})
    for k in range(setting.steps):
        row = walk.step(k)
        if k % setting.every == 0:
            for name, column in run.columns.items():
                column.append(row.get(name, float("nan")))
    return run


class _Walk:
    """A run as `train` takes it, with skipped steps, kept gradients and kicks besides."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.task = setting, TASKS[setting.family](setting.seed)
        self.whole, rate = self.task.whole, setting.rate
        if setting.target_scale != 1.0:
            self.whole = _with_targets(self.whole, setting.target_scale)
        if setting.train_rows:
            self.whole = self.whole.on(np.arange(setting.train_rows))
        if setting.schedule == "cosine":
            rate = WarmUp(setting.steps // 10, Cosine(setting.rate, setting.steps))
        chain = OPTIMIZERS[setting.optimizer]
        if setting.decay:
            others = (one for one in chain if not isinstance(one, WeightDecay))
            chain = (*others, WeightDecay(setting.decay))
        self.optimizer = Optimizer(*chain, learning_rate=rate)
        self.w = self.task.start(setting.gain)
        self.memory = self.optimizer.start(self.w)
        self.rng = np.random.default_rng(setting.seed + 500)
        self.kept, self.scale, self.calm = 0.0, setting.half_precision, 0

    def step(self, k: int) -> dict[str, float]:
        """One step; what was there to log before it."""
        setting, w = self.setting, self.w
        rows = self.rng.integers(self.whole.n_rows, size=self.task.batch)
        batch, held_out = self.whole.on(rows), float("nan")
        with np.errstate(all="ignore"):
            loss, g = batch.value(w), batch.gradient(w)
            if "val_loss" in setting.logged and k % (4 * setting.every) == 0:
                held_out = float(self.task.held_out.value(w))
            if setting.spoil:
                loss, g = setting.spoil(k, loss, g)
            if setting.accumulate:
                g = self.kept = self.kept + g
            scale, norm = self.scale, float(np.linalg.norm(g))
            if scale:
                g, norm = self.in_half(k, g)
            if np.isfinite(norm) or not scale:
                self.w, self.memory = self.optimizer.step(w, gradient=g, memory=self.memory)
        if setting.kick and k == setting.kick[0]:
            self.w = self.w + setting.kick[1] * np.random.default_rng(k).standard_normal(w.shape)
        size, rate = float(np.linalg.norm(w)), self.optimizer.rate(self.memory)
        values = (k, float(loss), norm, float(np.max(rate)), size, scale, held_out)
        names = ("step", "loss", "grad_norm", "lr", "param_norm", "loss_scale", "val_loss")
        return dict(zip(names, values, strict=True))

    def in_half(self, k: int, g: Array) -> tuple[Array, float]:
        """The gradient through 16 bits under a dynamic scale: halved at inf, doubled in a calm."""
        low = (g * self.scale).astype(np.float16).astype(float)
        if k >= self.setting.jam or not np.isfinite(low).all():
            self.calm, self.scale = 0, max(self.scale / 2, 2.0**-14)
            return g, float("inf")
        low, self.calm = low / self.scale, self.calm + 1
        if self.calm % 40 == 0:
            self.scale *= 2
        return low, float(np.linalg.norm(low))


def _with_targets(whole: Any, scale: float) -> Any:
    """The same model with targets `scale` times as large."""
    if isinstance(whole, SquaredError):
        return SquaredError(whole.X, scale * np.asarray(whole.y))
    return replace(whole, y=scale * np.asarray(whole.y))


def level(losses: list[float], part: slice) -> float:
    """The median loss of a part of a run; inf if some of it is not finite."""
    values = np.array(losses[part])
    return float(np.median(values)) if np.isfinite(values).all() else float("inf")


def ends_well(run: Run) -> bool:
    """Whether a run learned something and never went far above its start."""
    losses = run.columns["loss"]
    start = level(losses, slice(0, 5))
    return level(losses, slice(-20, None)) < 0.9 * start and max(losses) < 2 * max(losses[:5])


def good_rate(family: str, optimizer: str, seed: int = 0) -> float:
    """The largest rate of the grid whose run ends within 15 % of the lowest loss, and well."""
    found = {}
    for rate in 10 ** np.arange(-3.5, 0.1, 0.5):
        run = record(Setting(family, seed, optimizer, float(rate)))
        if ends_well(run):
            found[float(rate)] = level(run.columns["loss"], slice(-20, None))
    return max((r for r, v in found.items() if v <= 1.15 * min(found.values())), default=0.0)


# ------------------------------------------------------------------------------------- causes


def _nan_from(at: int) -> Callable[..., Any]:
    return lambda k, loss, g: (loss * np.nan, g * np.nan) if k >= at else (loss, g)


def _outlier(at: int, size: float) -> Callable[..., Any]:
    return lambda k, loss, g: (size * loss, size * g) if k == at else (loss, g)


def _zero_from(at: int) -> Callable[..., Any]:
    return lambda k, loss, g: (loss, g * 0.0) if k >= at else (loss, g)


LOGGED = (("grad_norm", "lr"), ("lr",), ("grad_norm", "lr", "param_norm"), ())


def spoiled(twin: Setting) -> Iterator[tuple[str, Setting]]:
    """The causes that fit a family, each as the twin with one field changed."""
    seed, layered = twin.seed, twin.family in LAYERED | RECURRENT
    at = 40 + 7 * (seed % 9)
    for factor in 4.0 ** np.arange(1, 8):
        wild = replace(twin, rate=twin.rate * float(factor))
        if not_well(record(wild).columns["loss"]):
            yield "step too large", wild
            yield "step too large", replace(wild, rate=wild.rate * 8)
            break
    yield "not finite", replace(twin, spoil=_nan_from(at))
    full = tuple(dict.fromkeys(("grad_norm", *twin.logged)))
    yield "no gradient", replace(twin, spoil=_zero_from(0), logged=full)
    if twin.optimizer in ("sgd", "momentum"):
        yield "spike|bad data", replace(twin, spoil=_outlier(at, 300.0))
        yield "gradient bug|step too large", replace(twin, accumulate=True, logged=full)
    if layered:
        size = 4.0 / np.sqrt(len(TASKS[twin.family](seed).start(1.0)))
        yield "spike", replace(twin, kick=(at, 3 * size))
        yield "number format", replace(twin, half_precision=2.0**16, jam=at, logged=full)
        gain = 12.0 if twin.family == "wave" else 6.0
        if twin.optimizer in ("sgd", "momentum", "clip") and twin.family != "pictures":
            yield "explosion through the network|step too large", replace(twin, gain=gain)
        if twin.family in RECURRENT | {"deep"}:
            yield "vanishing gradient", replace(twin, gain=0.05, logged=full)
        yield (
            "weight decay too strong",
            replace(
                twin,
                decay=0.7 / twin.rate if "adam" not in twin.optimizer else 0.3 / twin.rate,
                logged=(*full, "param_norm"),
            ),
        )
    if twin.family in ("pictures", "deep", "rows", "wave", "typing"):
        yield (
            "overfitting",
            replace(
                twin, train_rows=40, steps=6 * STEPS, every=8, logged=(*twin.logged, "val_loss")
            ),
        )
    if twin.family in ("wave", "patches", "memory", "patients", "years"):
        yield "inputs or targets not scaled|step too large", replace(twin, target_scale=1e3)


def not_well(losses: list[float]) -> bool:
    """Whether a run blew up, or ended higher than it began."""
    start = level(losses, slice(0, 3))
    peak = max((v if np.isfinite(v) else np.inf) for v in losses)
    return peak > 20 * start or level(losses, slice(-20, None)) > 1.3 * start


def shows(cause: str, run: Run) -> bool:
    """Whether the run of a cause shows it in the loss at all: a step that heals is none."""
    losses = run.columns["loss"]
    start, end = level(losses, slice(0, 5)), level(losses, slice(-20, None))
    if cause.startswith("step"):
        return not_well(losses)
    if cause.startswith(("explosion", "gradient bug", "inputs")):
        return end > 0.9 * start or not_well(losses)
    if cause == "weight decay too strong":
        return end > 0.7 * start
    if cause == "vanishing gradient":
        return end > 0.9 * start
    if cause.startswith("spike"):
        jump = np.array(losses)
        return bool(np.nanmax(jump[20:]) > 2 * np.nanmedian(jump[20:40]) + 0.1 * start)
    if cause == "overfitting":
        held = [v for v in run.columns["val_loss"] if np.isfinite(v)]
        return held[-1] > 1.3 * min(held) and ends_well(run)
    return True


RARE = {"not finite", "no gradient", "step too large", "number format"}
"""Causes of which every third run is kept: they fit every family and are easy."""


def _kept(runs: Iterable[Run]) -> Iterator[Run]:
    """Healthy runs that learn, and spoiled ones in which the cause shows."""
    for run in runs:
        if ends_well(run) if run.cause == "healthy" else shows(run.cause, run):
            if run.cause == "spike|bad data" and not_well(run.columns["loss"][-40:]):
                run.cause += "|step too large"  # it threw the weights for good
            yield run


def benchmark(families: Iterable[str]) -> Iterator[Run]:
    """Twins and what is spoiled in them."""
    seed = 0
    for family in families:
        for optimizer in OPTIMIZERS:
            best = good_rate(family, optimizer)
            for schedule in ("constant", "cosine") if best else ():
                seed += 1
                every = (1, 1, 2)[seed % 3]
                twin = Setting(
                    family, seed, optimizer, best / 2, schedule=schedule, every=every,
                    steps=STEPS * every, logged=LOGGED[seed % 4],
                )  # fmt: skip
                made = [("healthy", twin)]
                if family in LAYERED | RECURRENT:
                    made.append(("healthy", replace(twin, half_precision=2.0**16, seed=seed + 1)))
                for number, (cause, setting) in enumerate([*made, *spoiled(twin)]):
                    if cause in RARE and (seed + number) % 3:
                        continue
                    run = record(setting, cause)
                    run.name = f"{family} {optimizer} {seed} {number}"
                    yield run


def long_runs() -> Iterator[Run]:
    """Healthy runs of 600 rows, from which windows are cut."""
    for seed, family in enumerate(FAMILIES["runs"], start=1000):
        for k, optimizer in enumerate(("sgd", "momentum", "adamw", "clip adamw")):
            best = good_rate(family, optimizer)
            schedule = ("constant", "cosine")[(seed + k) % 2]
            if best:
                run = record(
                    Setting(family, seed, optimizer, best / 2, schedule=schedule, steps=600)
                )
                if ends_well(run):
                    run.name = f"{family} {optimizer} {schedule}"
                    yield run


def main() -> None:
    """Record `runs`, `long` or `transformers` again, or pack what a framework's script wrote.

    Half an hour in all. The frozen half then is another one, and so is its hash.
    """
    kind, *files = sys.argv[1:]
    if kind == "long":
        runs = long_runs()
    elif files:
        runs = _kept(parse(Path(files[0]).read_text(encoding="utf-8")))
    else:
        runs = _kept(benchmark(FAMILIES[kind]))
    made = list(runs)
    for part in ("written", "frozen"):
        print(write(f"{part}_{kind}", [run for run in made if half(run.family) == part]))


if __name__ == "__main__":
    main()
