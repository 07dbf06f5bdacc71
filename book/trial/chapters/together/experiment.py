"""Five broken runs and twelve things to do about each, for the chapter on all remedies together.

A `Cure` says what is changed. A case, `Regression` or `Networks`, knows how that change is made to
it: a regression has no layers, a network no units to rescale. `treat` gives the `Outcome`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reglib.datasets import article, diabetes, leaky_memory, standardize
from reglib.diagnostics import step_limit, top_eigenvalue
from reglib.losses import SquaredError
from reglib.optimizers import AdamScaling, ClipByNorm, Optimizer
from reglib.penalties import L2, Masked, SpectralBall
from reglib.solvers import least_squares
from reglib.training import History, train
from trial.chapters.depth.experiment import BATCH, SHAPE, STEP, Deep, Layers
from trial.chapters.recurrent import Trial

Floats = NDArray[np.float64]
ADAM_RATE = 0.005


@dataclass(frozen=True, eq=False)
class Cure:
    """What is changed; everything that is not named stays as it was."""

    scaled: bool = False  # features of mean 0 and standard deviation 1
    # the step is 1/L, half the limit, with L the curvature at the start
    local: bool = False
    # L2 of each of these strengths; the best of them counts
    lams: tuple[float, ...] = ()
    placement: str = "coupled"
    clip: bool = False  # at norm 1
    adam: bool = False
    orthogonal: bool = False  # an orthogonal start, every singular value 1
    # the largest singular value is held at 1, at the start and at each step
    ball: bool = False


STRENGTHS = (0.1, 1.0, 10.0)
CURES = {
    "nothing": Cure(),
    "scale the features": Cure(scaled=True),
    "step 1/L": Cure(local=True),
    "L2 in the gradient": Cure(lams=STRENGTHS),
    "L2 as a proximal step": Cure(lams=STRENGTHS, placement="proximal"),
    "clip": Cure(clip=True),
    "decay inside the clip": Cure(clip=True, lams=(0.1,)),
    "decay outside the clip": Cure(clip=True, lams=(0.1,), placement="decoupled"),
    "orthogonal start": Cure(orthogonal=True),
    "orthogonal start, clip": Cure(orthogonal=True, clip=True),
    "singular values at most 1": Cure(ball=True),
    "Adam": Cure(adam=True),
}


@dataclass(frozen=True, eq=False)
class Regression:
    """A linear model trained with all its rows at every step; the first column is the intercept."""

    X: Any
    y: Any
    w0: Any
    step: float
    n_steps: int = 500
    enough: float = 0.005

    def fits(self, cure: Cure) -> bool:
        """No matrix to start or to hold: those cures do not apply."""
        return not (cure.orthogonal or cure.ball)

    def relative(self, loss: Floats) -> Floats:
        """How far a loss is above its least, twice and relative to the variance of y."""
        least = SquaredError(self.X, self.y).value(least_squares(self.X, self.y))
        return 2 * (loss - least) / np.var(self.y)

    def run(self, cure: Cure) -> tuple[History, Floats]:
        """The history, and the relative error at its end, inf after a divergence."""
        X = np.column_stack([np.ones(len(self.y)), standardize(self.X[:, 1:]).X])
        loss = SquaredError(X if cure.scaled else self.X, self.y)
        w0 = np.broadcast_to(np.asarray(self.w0, dtype=float), (_many(cure), 1, loss.X.shape[1]))
        rate = step_limit(loss) / 2 if cure.local else self.step
        sentence = _sentence(cure, rate, np.arange(loss.X.shape[1]) > 0)
        history = train(loss, w0=w0, n_steps=self.n_steps, **sentence)
        last = loss.value(np.where(history.diverged[..., None], 0, history.w))
        return history, np.where(history.diverged, np.inf, self.relative(last))


@dataclass(frozen=True, eq=False)
class Networks:
    """Networks that learn from fresh batches: a `Trial` of recurrent or a `Deep` of deep ones."""

    trial: Any
    step: float
    n_steps: int
    enough: float = 0.5

    def fits(self, cure: Cure) -> bool:
        """The inputs are standardized as they come: there is nothing to rescale."""
        return not cure.scaled

    def relative(self, loss: Floats) -> Floats:
        """Twice a loss: the targets have a variance of 1, or nearly so."""
        return 2 * loss

    def run(self, cure: Cure) -> tuple[History, Floats]:
        """The history, and the held-out error relative to the variance of the targets."""
        deep = isinstance(self.trial, Deep)
        start = {"kind": "orthogonal", "gain": 1.0} if cure.orthogonal else {}
        trial = replace(self.trial, **start)
        size, mask = (BATCH, trial.mask()) if deep else (trial.batch, trial.net.mask("W"))
        w0, rate = trial.start(), self.step
        if cure.local:
            fresh = trial.network(trial._rngs(7000), size)
            top, _ = top_eigenvalue(fresh, w0, rng=np.random.default_rng(0), tol=1e-3)
            rate = 1 / top[:, None]
        options = _sentence(cure, rate, mask)
        if cure.ball:
            ball = SpectralBall(1.0, SHAPE if deep else (trial.hidden, trial.hidden))
            penalty = Layers(ball) if deep else Masked(ball, mask)
            options |= {"penalty": penalty, "placement": "proximal"}
            w0 = penalty.prox(w0, 1.0)
        history = train(
            lambda rngs: trial.network(rngs, size),
            w0=np.broadcast_to(w0, (_many(cure), *w0.shape)),
            n_steps=self.n_steps,
            rng=trial._rngs(7000),
            **options,
        )
        return history, trial.error(history)


def _many(cure: Cure) -> int:
    """How many strengths of a penalty are tried at once; one run when there is none."""
    return max(len(cure.lams), 1)


def _sentence(cure: Cure, rate: Any, mask: Any) -> dict[str, Any]:
    """Optimizer, penalty and placement of a cure; lam (k, 1, 1) when it has k strengths."""
    transforms: list[Any] = [ClipByNorm(1.0)] if cure.clip else []
    if cure.adam:
        transforms, rate = [*transforms, AdamScaling()], ADAM_RATE
    penalty = Masked(L2(np.array(cure.lams)[:, None, None]), mask) if cure.lams else None
    optimizer = Optimizer(*transforms, learning_rate=rate)
    return {"optimizer": optimizer, "penalty": penalty, "placement": cure.placement}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one case under one cure, at the best of its strengths.

    error (n_steps, n) of n runs is relative, at each step and on its data, NaN once a run is over;
    `diverged` and `learned` count runs, and a run has learned when it ends below `enough`.
    """

    error: Floats
    enough: float
    diverged: int
    learned: int

    @property
    def word(self) -> str:
        """learns: every run; explodes: at least half of them; bounded: neither."""
        runs = self.error.shape[-1]
        if self.learned == runs:
            return "learns"
        return "explodes" if 2 * self.diverged >= runs else "bounded"


def treat(case: Regression | Networks, cure: Cure) -> Outcome | None:
    """Run a case with a cure; None where it does not apply."""
    if not case.fits(cure):
        return None
    history, error = case.run(cure)
    learned = (error < case.enough).sum(axis=-1)
    diverged = history.diverged.sum(axis=-1)
    best = max(range(_many(cure)), key=lambda k: (learned[k], -diverged[k]))
    shown = np.full((case.n_steps, error.shape[-1]), np.nan)
    shown[: len(history.loss)] = case.relative(history.loss[:, best])
    counts = int(diverged[best]), int(learned[best])
    return Outcome(shown, case.enough, *counts)


def cases(seeds: int = 3) -> dict[str, Regression | Networks]:
    """Five runs that go wrong without help: two regressions, three kinds of `seeds` networks."""
    X, y, _ = article()
    patients, disease, _ = diabetes(standardized=False)
    raw = np.column_stack([np.ones(len(disease)), patients])
    return {
        "large step": Regression(X, y, (3.0, 2.0), 1.5 * float(step_limit(SquaredError(X, y)))),
        "raw units": Regression(raw, disease, np.zeros(11), 0.01),
        "30 layers": Networks(Deep("linear", 1.5, seeds=min(seeds, 2)), STEP, 40),
        "linear, 40 steps": Networks(Trial(leaky_memory, "linear", 1.5, seeds=seeds), 0.02, 150),
        "tanh, 40 steps": Networks(Trial(leaky_memory, "tanh", 4.0, seeds=seeds), 0.1, 120),
    }
