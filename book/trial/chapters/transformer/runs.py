"""Twenty small transformers that learn to copy, with a remedy in front of the step or without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reglib.datasets import TEXT, copy_task, typed_text
from reglib.networks import Transformer
from reglib.networks._units import output_loss
from reglib.optimizers import AdamScaling, ClipByNorm, Cosine, Optimizer, WarmUp, WeightDecay
from reglib.training import History, Step, train

Array = NDArray[np.float64]
RUNS = 50
"""Networks in one of the two blocks of the table apart."""
EVERY = 10
"""A run is looked at every so many steps."""


@dataclass(frozen=True, eq=False)
class Run:
    """What happened, and what was seen of it, each (looks, seeds).

    accuracy and loss are those on new sequences; `shrunk` is (|W_0| / |W|)^2 of what writes into
    the sum, E, P, Wo and W2 together; `logit` the largest of the attention on the first sequences.
    """

    history: History
    accuracy: Array
    loss: Array
    shrunk: Array
    logit: Array

    def counts(self, text: bool) -> tuple[int, int]:
        """How many diverged, and how many are good at each of the last three looks."""
        good = self.loss[-3:] < 1.8 if text else self.accuracy[-3:] >= 0.9
        learned = good.all(axis=0) & ~self.history.diverged
        return int(self.history.diverged.sum()), int(learned.sum())

    def losing(self) -> NDArray[np.bool_]:
        """(looks - 2, seeds): this look and the next two are below one half, .95 was reached."""
        had = np.maximum.accumulate(self.accuracy >= 0.95)
        bad = had & ~(self.accuracy >= 0.5)
        return bad[:-2] & bad[1:-1] & bad[2:]

    def lost(self) -> NDArray[np.bool_]:
        """(seeds,): whether what was learned was lost again."""
        return self.losing().any(axis=0)

    def effective(self, rate: float) -> Array:
        """(lost seeds,): the largest rate (|W_0| / |W|)^2 before the run was lost.

        Where it is lost the weights have already jumped.
        """
        before = np.arange(len(self.shrunk))[:, None] <= self.losing().argmax(axis=0)
        return rate * np.where(before, self.shrunk, 0).max(axis=0)[self.lost()]


@dataclass(frozen=True, eq=False)
class ZLoss:
    """The loss and c times the mean of (log sum exp z)^2 over the outputs z."""

    net: Transformer
    c: float

    def value_and_gradient(self, w: Any) -> tuple[Array, Array]:
        """(...) and (..., P): each output gets 2 c / n log Z p on top of p - answer over n."""
        z, _, back = self.net._forward(w)
        loss, dz = output_loss(z, self.net._flat_answers, "softmax")
        largest = z.max(axis=-1, keepdims=True)
        log_Z = largest + np.log(np.exp(z - largest).sum(axis=-1, keepdims=True))
        extra = 2 * self.c / z.shape[-2] * log_Z * np.exp(z - log_Z)
        return loss + self.c * np.square(log_Z[..., 0]).mean(axis=-1), back(dz + extra)


@dataclass(frozen=True, eq=False)
class Setting:
    """Networks and data, alike in all but the seeds: `seeds` of them in a block."""

    block: int = 0
    seeds: int = 20
    text: bool = False
    scaled: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    def net(self, tokens: Any) -> Transformer:
        own = {"vocabulary": len(set(TEXT)), "width": 32} if self.text else {"vocabulary": 8}
        return Transformer(tokens, given=1 if self.text else 6, **(own | self.options))

    def batch(self, t: int, n: int = 8) -> Transformer:
        """The networks, bound to the fresh sequences of step t."""
        draw = typed_text if self.text else copy_task
        tokens = draw(np.random.default_rng([11, self.block, t]), self.seeds * n)
        return self.net(tokens.reshape(self.seeds, n, -1))

    def start(self) -> Array:
        first = 1000 * self.block
        rngs = [np.random.default_rng([7, first + i]) for i in range(self.seeds)]
        return self.batch(0).init(rngs, self.scaled)

    def matrices(self) -> NDArray[np.bool_]:
        """True at every weight that is not a gain."""
        net = self.batch(0)
        return net.mask(*(name for name in net.shapes if not name.startswith("g")))

    def run(
        self,
        optimizer: Optimizer,
        n_steps: int = 300,
        z_loss: float = 0,
        start: Any = None,
        first: int = 0,
    ) -> Run:
        """Train from step `first`, and look at 16 sequences a network that no step has seen."""
        steps, test, seen = iter(range(first, first + n_steps)), self.batch(10**6, 16), []
        start, own = self.start() if start is None else start, test.mask("E", "P", "Wo", "W2")
        objective = partial(ZLoss, c=z_loss) if z_loss else (lambda net: net)

        def look(step: Step) -> None:
            if (step.k + 1) % EVERY == 0:
                z, right = test._forward(step.after)[0], test._flat_answers
                loss, accuracy = output_loss(z, right, "softmax")[0], z.argmax(axis=-1) == right
                then, now = (np.square(w[..., own]).sum(axis=-1) for w in (start, step.after))
                logit = self.batch(0).scores(step.after).max(axis=(-5, -4, -3, -2, -1))
                seen.append((accuracy.mean(axis=-1), loss, then / now, logit))

        with np.errstate(over="ignore", invalid="ignore"):
            history = train(
                lambda rng: objective(self.batch(next(steps))), optimizer, start,
                n_steps=n_steps, rng=np.random.default_rng(0), watch=look,
            )  # fmt: skip
        looks = np.full((n_steps // EVERY, 4, self.seeds), np.nan)  # all may have diverged before
        looks[: len(seen)] = np.reshape(seen, (len(seen), *looks.shape[1:]))
        return Run(history, *np.moveaxis(looks, 1, 0))


def optimizer(
    setting: Setting, rate: Any, *, l2: float = 0, decay: float = 0, clip: float = 0,
    warm: int = 0, beta2: float = 0.999, adam: bool = True, mask: Any = None,
) -> Optimizer:  # fmt: skip
    """L2 joins the gradient in front of the clip; decay comes last, and is not scaled."""
    mask = setting.matrices() if mask is None else mask
    sentence = [WeightDecay(l2, mask)] if l2 else []
    sentence += [ClipByNorm(clip)] if clip else []
    sentence += [AdamScaling(beta2=beta2)] if adam else []
    sentence += [WeightDecay(decay, mask)] if decay else []
    if warm:
        rate = WarmUp(warm, Cosine(rate, 1, final=rate))
    return Optimizer(*sentence, learning_rate=rate)


PLACE = ("Wq", "Wk")
HIGH = {  # Adam, pre-norm, rate .08
    "nothing": {},
    "L2 0.0001": {"l2": 1e-4},
    "L2 0.001": {"l2": 1e-3},
    "L2 0.01": {"l2": 1e-2},
    "L2 0.1": {"l2": 0.1},
    "decay 0.01": {"decay": 0.01},
    "decay 0.1": {"decay": 0.1},
    "decay 0.3": {"decay": 0.3},
    "decay 1": {"decay": 1.0},
    "decay 3": {"decay": 3.0},
    "clip 1": {"clip": 1.0},
    "clip 0.1": {"clip": 0.1},
    "beta2 0.95": {"beta2": 0.95},
    "warm-up": {"warm": 100},
    "warm-up and clip 1": {"warm": 100, "clip": 1.0},
    "warm-up, clip 1, decay 0.1": {"warm": 100, "clip": 1.0, "decay": 0.1},
    "L2 0.03 on Wq, Wk": {"l2": 0.03, "place": PLACE},
    "L2 0.1 on Wq, Wk": {"l2": 0.1, "place": PLACE},
    "decay 1 on Wq, Wk": {"decay": 1.0, "place": PLACE},
    "QK-norm": {"qk_norm": True},
    "z-loss 0.0001": {"z_loss": 1e-4},
    "z-loss 0.01": {"z_loss": 1e-2},
}
BARE = {  # Adam, no norm, rate .05
    "nothing": {},
    "decay 0.05": {"decay": 0.05},
    "decay 0.1": {"decay": 0.1},
    "decay 0.2": {"decay": 0.2},
    "decay 0.3": {"decay": 0.3},
    "decay 0.5": {"decay": 0.5},
    "L2 0.002": {"l2": 2e-3},
    "L2 0.005": {"l2": 5e-3},
    "L2 0.01": {"l2": 1e-2},
    "L2 0.02": {"l2": 2e-2},
    "clip 1": {"clip": 1.0},
    "warm-up": {"warm": 100},
    "warm-up and clip 1": {"warm": 100, "clip": 1.0},
}
LETTERS = {  # Adam, pre-norm, rate .06, the text
    "nothing": {},
    "L2 0.01": {"l2": 1e-2},
    "decay 0.1": {"decay": 0.1},
    "clip 1": {"clip": 1.0},
    "warm-up": {"warm": 100},
    "warm-up and clip 1": {"warm": 100, "clip": 1.0},
    "QK-norm": {"qk_norm": True},
}
LOST = {  # AdamW, pre-norm, rate .02, 1000 steps: what is decayed by .3
    "nothing": {},
    "decay on E and P": {"decay": 0.3, "only": True},
    "decay on the rest": {"decay": 0.3, "only": False},
    "decay on all": {"decay": 0.3},
    "decay on all, clip 1": {"decay": 0.3, "clip": 1.0},
    "recipe": {"decay": 0.3, "clip": 1.0, "beta2": 0.95, "recipe": True},
}
PLAIN = {  # gradient descent at rate 3 with norms, 1 without
    "nothing": {},
    "clip 1": {"clip": 1.0},
    "L2 0.001": {"l2": 1e-3},
    "L2 0.01": {"l2": 1e-2},
    "L2 0.1": {"l2": 0.1},
}
DEEP = {  # Adam, six layers, norm behind the sum, rate .01
    "nothing": {},
    "warm-up 150": {"warm": 150},
    "L2 0.001": {"l2": 1e-3},
    "decay 0.1": {"decay": 0.1},
    "clip 1": {"clip": 1.0},
}
TURNED = {  # gradient descent at rate .5, 600 steps
    "nothing": {},
    "L2 0.001": {"l2": 1e-3},
    "L2 0.01": {"l2": 1e-2},
    "L2 0.01, clip 1": {"l2": 1e-2, "clip": 1.0},
}


def remedied(setting: Setting, rate: Any, n_steps: int = 300, **remedy: Any) -> Run:
    """A run with one of the remedies of the tables above."""
    place, only = remedy.pop("place", None), remedy.pop("only", None)
    z_loss = remedy.pop("z_loss", 0)
    if remedy.pop("qk_norm", False):
        options = setting.options | {"qk_norm": True}
        setting = Setting(setting.block, setting.seeds, setting.text, setting.scaled, options)
    mask = None
    if place:
        mask = setting.batch(0).mask(*place)
    if only is not None:
        read = setting.batch(0).mask("E", "P")
        mask = read if only else setting.matrices() & ~read
    if remedy.pop("recipe", False):
        rate = WarmUp(50, Cosine(rate, n_steps - 50))
    return setting.run(optimizer(setting, rate, mask=mask, **remedy), n_steps, z_loss)


def learning(
    setting: Setting, prefix: str, remedies: dict[str, Any], rate: float, *more: int, **options: Any
) -> Iterator[tuple[str, int, int]]:
    """A row (name, diverged, learned) for each remedy."""
    for name, remedy in remedies.items():
        run = remedied(setting, rate, *more, **(options | remedy))
        yield f"{prefix}: {name}", *run.counts(setting.text)


def losing(
    setting: Setting, prefix: str, remedies: dict[str, Any], rate: float, *more: int, **options: Any
) -> Iterator[tuple[str, int, int]]:
    """Rows (name, lost, learned and kept), and what the same runs show of (17.1) and of the norm.

    A lost run of L2 0.01 has had an effective rate above 10 or not; Adam's raw gradient norm passes
    1 after step 200 or not.
    """
    for name, remedy in remedies.items():
        run = remedied(setting, rate, *more, **(options | remedy))
        lost, had = run.lost(), (run.accuracy >= 0.95).any(axis=0)
        yield f"{prefix}: {name}", int(lost.sum()), int((had & ~lost).sum())
        if options and name == "L2 0.01":
            high = run.effective(rate) > 10
            yield f"effective rate above 10: {name}", int(high.sum()), int((~high).sum())
        if not options:
            high = run.history.gradient_norm[200:].max(axis=0) > 1
            yield f"gradient above 1: {name}", int(high.sum()), int((~high).sum())


def raised(setting: Setting) -> Iterator[tuple[str, int, int]]:
    """Rows (name, lost, kept): networks of 400 steps without a penalty, at a higher rate for 60."""
    trained = remedied(setting, 0.5, 400, adam=False).history.w
    for rate in (3, 10, 30, 100):
        run = setting.run(Optimizer(learning_rate=rate), 60, start=trained, first=400)
        kept = run.accuracy[-1] >= 0.5
        yield f"raised to {rate}: nothing", int((~kept).sum()), int(kept.sum())


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """All rows of the table, with the seeds of one block."""
    norm, bare = Setting(block, RUNS), Setting(block, RUNS, options={"norm": None})
    behind, before = (
        Setting(block, RUNS, scaled=False, options={"norm": place, "layers": 6})
        for place in ("post", "pre")
    )
    nothing = {"nothing": {}}
    yield from learning(norm, "0.08", HIGH, 0.08)
    yield from learning(bare, "bare 0.05", BARE, 0.05)
    yield from losing(norm, "lost by descent", TURNED, 0.5, 600, adam=False)
    yield from raised(norm)
    yield from losing(norm, "lost", LOST, 0.02, 1000)
    yield from learning(norm, "descent 1", nothing, 1.0, 400, adam=False)
    yield from learning(norm, "descent 2", nothing, 2.0, 400, adam=False)
    yield from learning(norm, "descent 3", PLAIN, 3.0, 400, adam=False)
    yield from learning(bare, "bare descent 1", PLAIN, 1.0, 400, adam=False)
    yield from learning(Setting(block, RUNS, text=True), "text", LETTERS, 0.06)
    yield from learning(behind, "post 0.01", DEEP, 0.01, 400)
    yield from learning(before, "post 0.01", {"norm before": {}}, 0.01, 400)
