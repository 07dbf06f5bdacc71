"""A training loop in sixteen bits, in the right order and in each wrong one.

The transformers, the data and the seeds are those of the chapter on transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reglib.networks import transformer
from reglib.networks._units import output_loss
from trial.chapters.sixteen_bits.rounding import bfloat16, float16
from trial.chapters.transformer.runs import Setting

Array = NDArray[np.float64]
Cast = Callable[[Any], Any]
MICRO = 4
"""Micro-batches of 2 sequences, which make the batch of 8."""
EVERY, STEPS = 10, 200
"""A run is looked at every so many steps, and ends after so many."""


def products(cast: Cast) -> tuple[Any, Any]:
    """`linear` and `attend` of the transformer with what goes in and comes out of a product cast.

    Softmax, norms, sums and the loss stay as they are, as under a framework's autocast.
    """

    def linear(x: Array, W: Array) -> Any:
        x, W = cast(x), cast(W)
        return cast(x @ W.mT), lambda dy: (cast(cast(dy) @ W), cast(cast(dy).mT @ x))

    def attend(q: Array, k: Array, v: Array) -> Any:
        scale, past = q.shape[-1] ** -0.5, np.tri(q.shape[-2], dtype=bool)
        q, k, v = cast(q), cast(k), cast(v)
        s = np.where(past, cast(scale * (q @ k.mT)), -np.inf)
        p, back_softmax = transformer.softmax(s)
        p = cast(p)

        def back(dy: Array) -> tuple[Array, Array, Array]:
            dy = cast(dy)
            ds = cast(scale * back_softmax(cast(dy @ v.mT))[0])
            return cast(ds @ k), cast(ds.mT @ q), cast(p.mT @ dy)

        return cast(p @ v), s, back

    return linear, attend


@contextmanager
def autocast(cast: Cast) -> Iterator[None]:
    """Within it the products of every `Transformer` are rounded by `cast`."""
    exact = transformer.linear, transformer.attend
    transformer.linear, transformer.attend = products(cast)
    try:
        yield
    finally:
        transformer.linear, transformer.attend = exact


@np.errstate(over="ignore", invalid="ignore")
def gradient(net: Any, w: Array, scale: Any, cast: Cast = float16) -> tuple[Array, Array]:
    """The losses (S,), and the gradients (S, P) times scale (S,), in 16 bits; w stays in 64."""
    with autocast(cast):
        z, _, back = net._forward(w)
        loss, dz = output_loss(z, net._flat_answers, "softmax")
        return loss, back(np.asarray(scale)[..., None, None] * dz)


def clip(g: Array, c: float = 1.0) -> Array:
    """g min(1, c / |g|)."""
    return g * (c / np.maximum(np.linalg.norm(g, axis=-1, keepdims=True), c))


def clip_each(g: Array, bounds: Sequence[int]) -> Array:
    """Every tensor by itself; `bounds` are the places where one ends and the next begins."""
    return np.concatenate([clip(part) for part in np.split(g, bounds, axis=-1)], axis=-1)


def clip_values(g: Array, c: float = 1.0) -> Array:
    """Every number by itself, at c over the root of their count: together at most c long."""
    bound = c * g.shape[-1] ** -0.5
    return np.clip(g, -bound, bound)


def clip_by_16_bit_norm(g: Array, S: Array) -> Array:
    """g / S, clipped by a norm whose sum of squares was taken in float16, before g was unscaled."""
    squares = float16(np.square(float16(g))).sum(axis=-1, keepdims=True)
    return g / S * (S / np.maximum(np.sqrt(float16(squares)), S))


ORDERS = {
    "unscale, clip, step": lambda g, S, ends: clip(g.mean(0) / S),
    "no clip": lambda g, S, ends: g.mean(0) / S,
    "clip, unscale, step": lambda g, S, ends: clip(g.mean(0)) / S,
    "clip, never unscale": lambda g, S, ends: clip(g.mean(0)),
    "norm in float16": lambda g, S, ends: clip_by_16_bit_norm(g.mean(0), S),
    "sum, not mean": lambda g, S, ends: clip(g.sum(0) / S),
    "clip each micro-batch": lambda g, S, ends: clip(g / S).mean(0),
    "clip each tensor": lambda g, S, ends: clip_each(g.mean(0) / S, ends),
    "clip each value": lambda g, S, ends: clip_values(g.mean(0) / S),
}
"""What becomes of the scaled gradients g (micro-batches, seeds, P); S (seeds, 1) is the scale."""
LOOPS = (*ORDERS, "no skip", "never zeroed")
"""The last two go wrong around the right update."""


@dataclass
class Scale:
    """A loss scale for each seed: halved where a gradient overflows, doubled after `wait` steps."""

    value: Array
    wait: int = 100
    fixed: bool = False
    good: Any = 0
    skipped: Any = 0

    def update(self, finite: NDArray[np.bool_]) -> None:
        self.skipped = self.skipped + ~finite
        self.good = np.where(finite, self.good + 1, 0)
        grow = self.good == self.wait
        self.good = np.where(grow, 0, self.good)
        if not self.fixed:
            self.value = self.value * np.where(finite, np.where(grow, 2.0, 1.0), 0.5)


@dataclass
class Adam:
    """Adam's scaling with a count of steps for each seed, since seeds skip at different steps."""

    m: Any = 0.0
    v: Any = 0.0
    t: Any = 0

    def update(self, g: Array, act: NDArray[np.bool_]) -> Array:
        """The updates (S, P); where `act` (S, 1) is False the memory stays as it is."""
        self.t = self.t + act
        self.m = np.where(act, 0.9 * self.m + (1 - 0.9) * g, self.m)
        self.v = np.where(act, 0.999 * self.v + (1 - 0.999) * g**2, self.v)
        t = np.maximum(self.t, 1)
        return self.m / (1 - 0.9**t) / (np.sqrt(self.v / (1 - 0.999**t)) + 1e-8)


@dataclass(frozen=True, eq=False)
class Run:
    """The last weights, and for each look (looks, seeds): accuracy and loss on new sequences.

    `first` is the step at which a seed's training loss was first no finite number, -1 for never.
    """

    w: Array
    accuracy: Array
    scale: Scale
    first: NDArray[np.int64]

    def counts(self) -> tuple[int, int]:
        """How many have lost their weights or their loss, and how many have learned."""
        lost = ~np.isfinite(self.w).all(axis=-1) | (self.first >= 0)
        learned = (self.accuracy[-3:] >= 0.9).all(axis=0)
        return int((lost & ~learned).sum()), int(learned.sum())


@np.errstate(over="ignore", invalid="ignore")
def run(
    setting: Setting, loop: str = "unscale, clip, step", rate: float = 3.0, *, adam: bool = False,
    micro: int = MICRO, cast: Cast = float16, n_steps: int = STEPS, start: float = 2.0**16,
    fixed: bool = False,
) -> Run:  # fmt: skip
    """Train one block of seeds with gradient descent, or Adam, in one of the LOOPS."""
    w, g, seen, first = setting.start(), 0.0, [], np.full(setting.seeds, -1)
    scale, rule = Scale(np.full(setting.seeds, start), fixed=fixed), Adam()
    test = setting.batch(10**6, 16)
    ends = np.cumsum([np.prod(shape) for shape in test.shapes.values()])[:-1]
    update = ORDERS.get(loop, ORDERS["unscale, clip, step"])
    for t in range(n_steps):
        tokens = setting.batch(t).tokens.reshape(setting.seeds, micro, 8 // micro, -1)
        net, kept = setting.net(tokens.swapaxes(0, 1)), g if loop == "never zeroed" else 0.0
        loss, g = gradient(net, w, scale.value, cast)
        g = g + kept
        first = np.where((first < 0) & ~np.isfinite(loss).all(axis=0), t, first)
        finite = np.isfinite(g).all(axis=(0, -1))
        act = (finite | (loop == "no skip"))[:, None]
        u = update(g, scale.value[:, None], ends)
        w = np.where(act, w - rate * (rule.update(u, act) if adam else u), w)
        scale.update(finite)
        if (t + 1) % EVERY == 0:
            right = test._flat_answers
            seen.append((test._forward(w)[0].argmax(axis=-1) == right).mean(axis=-1))
    return Run(w, np.array(seen), scale, first)


RATES = (0.1, 0.3, 1.0, 3.0, 10.0)
FORGIVEN = (*LOOPS[:4], "no skip")
"""The loops that are tried with Adam too."""
BACKWARD, FORWARD = 2.0**40, 0.64
"""A scale that overflows on the way back, and a rate of Adam at which logits do."""
RUNS = 50
"""Networks in one of the two blocks of the table apart."""


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """Rows (name, lost, learned): every loop at every rate, some with Adam; overflow either way."""
    setting = Setting(block, RUNS)
    for loop in LOOPS:
        for rate in RATES:
            yield f"{loop}, rate {rate:g}", *run(setting, loop, rate).counts()
    for loop in FORGIVEN:
        yield f"Adam: {loop}", *run(setting, loop, 0.02, adam=True).counts()
    whole = {"adam": True, "micro": 1}
    for name, fixed in {"fixed": True, "dynamic": False}.items():
        found = run(setting, rate=0.02, start=BACKWARD, fixed=fixed, **whole)
        yield f"backward: {name} scale", *found.counts()
    qk = Setting(block, options={"qk_norm": True})
    for name, (where, cast) in {
        "float16": (setting, float16),
        "bfloat16": (setting, bfloat16),
        "float16, QK-norm": (qk, float16),
    }.items():
        found = run(where, "no clip", FORWARD, cast=cast, **whole)
        yield f"forward: {name}", *found.counts()
