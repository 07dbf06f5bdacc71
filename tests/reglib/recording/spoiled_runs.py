"""Which runs the doctor is tried on: good ones, and the same with one thing spoiled.

`print_runs(families)` trains each family with each optimizer and prints the logs; a framework's
script gives the families. The cause of a run is what was spoiled, whatever its log looks like; the
reader of the file (`trial.chapters.diagnose.benchmark`) drops runs in which it does not show.
"""

import csv
import sys
from dataclasses import dataclass, replace

import numpy as np

STEPS = 160
OPTIMIZERS = ("sgd", "momentum", "adam", "adamw", "clip adamw")
LOGGED = (("grad_norm", "lr"), ("lr",), ("grad_norm", "lr", "param_norm"), ("grad_norm",), ())
FAR = 10**9
"""A step that no run reaches."""


@dataclass(frozen=True)
class Setting:
    """How a run is made; a spoiled run differs from its healthy twin in one of the last lines."""

    family: str
    seed: int
    optimizer: str
    rate: float
    schedule: str = "constant"  # or "cosine", with a warm-up of a tenth
    every: int = 1
    steps: int = STEPS
    logged: tuple = ("grad_norm", "lr")
    half: float = 0.0  # the first loss scale of a run whose gradients go through 16 bits
    gain: float = 1.0  # of the first matrices, in a recurrent network of the recurrent one
    deep: bool = False  # ten layers of sigmoids instead
    frozen: bool = False  # no weight is trained
    dead: bool = False  # the biases of the last hidden layer are -100, its units are ReLUs
    inputs: float = 1.0  # inputs are multiplied by it, and a third of it is added
    rows: int = 0  # training rows, 0: all
    decay: float = 0.0
    accumulate: bool = False  # gradients are not set to zero
    bad: tuple = (FAR, 1.0)  # step, factor on the inputs of its batch
    nan: int = FAR  # the step whose batch holds one NaN
    burst: tuple = (FAR, 1.0)  # step, factor on the rate for three steps
    jam: int = FAR  # the step from which on 16 bits overflow at any scale

    def rate_at(self, k):
        """The learning rate of step k."""
        rate = self.rate
        if self.schedule == "cosine":
            warm = self.steps // 10
            done = max(0, k - warm) / (self.steps - warm)
            rate *= min(1.0, (k + 1) / warm) * (1 + np.cos(np.pi * done)) / 2
        return rate * (self.burst[1] if 0 <= k - self.burst[0] < 3 else 1.0)


def log(walk, setting):
    """The log of a run, {column: numbers}, every k-th row of it."""
    names = ["step", "loss", *setting.logged, *(["loss_scale"] if setting.half else [])]
    step, columns = walk(setting), {name: [] for name in names}
    for k in range(setting.steps):
        row = step(k)
        if k % setting.every == 0:
            for name, column in columns.items():
                column.append(float(row.get(name, np.nan)))
    return columns


def middle(losses, part):
    """The median loss of a part of a run, inf if one is not finite."""
    values = np.array(losses[part])
    return np.median(values) if np.isfinite(values).all() else np.inf


def good_rate(walk, setting):
    """The largest rate of the grid within 15 % of the lowest loss at the end, without a peak."""
    found, first = {}, -3.5 if "adam" in setting.optimizer else -2.0
    for rate in 10.0 ** np.arange(first, first + 2.6, 0.5):
        losses = log(walk, replace(setting, rate=rate, seed=0, logged=()))["loss"]
        end = middle(losses, slice(-20, None))
        if end < 0.9 * middle(losses, slice(5)) and max(losses) < 2 * max(losses[:5]):
            found[rate] = end
    return max((r for r, end in found.items() if end <= 1.15 * min(found.values())), default=0.0)


def blows_up(losses):
    start = middle(losses, slice(3))
    return not max(losses) < 20 * start or middle(losses, slice(-20, None)) > 1.3 * start


def too_large(walk, twin):
    """The twin with the first rate of a grid at which it blows up."""
    for factor in 4.0 ** np.arange(1, 8):
        wild = replace(twin, rate=twin.rate * factor)
        if blows_up(log(walk, wild)["loss"]):
            break
    return wild


def spoiled(twin, can):
    """Cause and setting of what may go wrong; `can` says what the family can suffer from."""
    at = twin.every * (40 + 7 * (twin.seed % 9))
    full = tuple(dict.fromkeys(("grad_norm", *twin.logged)))
    yield "step too large", twin
    yield "not finite", replace(twin, nan=at)
    yield "no gradient", replace(twin, frozen=True, logged=full)
    yield "spike|step too large", replace(twin, burst=(at, 30.0))
    yield "gradient bug|step too large", replace(twin, accumulate=True, logged=full)
    yield "number format", replace(twin, half=2.0**16, jam=at, logged=full)
    yield (
        "weight decay too strong",
        replace(twin, decay=0.1 / twin.rate, logged=(*full, "param_norm")),
    )
    if "numbers" in can:
        yield "spike|bad data", replace(twin, bad=(at, 100.0))
        yield "inputs or targets not scaled|step too large", replace(twin, inputs=300.0)
    if "gain" in can:
        yield "explosion through the network|step too large", replace(twin, gain=6.0)
    if "deep" in can:
        yield "vanishing gradient", replace(twin, deep=True, logged=full)
    if "fade" in can:
        yield "vanishing gradient", replace(twin, gain=0.05, logged=full)
    if "dead" in can:
        yield "no gradient|vanishing gradient", replace(twin, dead=True, logged=full)
    if "overfit" in can:
        logged = (*twin.logged, "val_loss")
        yield "overfitting", replace(twin, rows=40, steps=6 * STEPS, every=8, logged=logged)


def print_runs(families):
    """{family: (walk, what it can suffer from)}: every run, one line a row, to the output."""
    out, seed = csv.writer(sys.stdout, lineterminator="\n"), 0
    for family, (walk, can) in families.items():
        for optimizer in OPTIMIZERS:
            best = good_rate(walk, Setting(family, 0, optimizer, 0.1))
            for schedule in ("constant", "cosine") if best else ():
                seed += 1
                every = (1, 1, 2, 3)[seed % 4]
                twin = Setting(
                    family, seed, optimizer, best / 2, schedule, every,
                    steps=STEPS * every, logged=LOGGED[seed % 5],
                )  # fmt: skip
                made = [("healthy", twin), ("healthy", replace(twin, half=2.0**16))]
                for number, (cause, setting) in enumerate([*made, *spoiled(twin, can)]):
                    if cause != "healthy" and (seed + number) % 3:
                        continue
                    if cause == "step too large":
                        setting = too_large(walk, twin)
                    columns = log(walk, setting)
                    out.writerow(
                        ["run", f"{family} {optimizer} {seed} {number}", family, cause, optimizer]
                        + list(columns)
                    )
                    for row in zip(*columns.values(), strict=True):
                        out.writerow([f"{value:.4g}" for value in row])
            print(family, optimizer, f"rate {best:.2g}", file=sys.stderr, flush=True)
