"""Exercises of chapter 2, what a penalty is."""

from __future__ import annotations

from typing import Any

import numpy as np

from reglib.datasets import article
from reglib.losses import LogisticLoss
from reglib.penalties import L1, L2, ElasticNet, GroupLasso, Spectral
from reglib.solvers import gradient_descent
from trial.page.exercise import Exercise, Mistake

HAND = np.array([3.0, -0.5])
STEPS, LAMS = np.array([2.0, 6.0, 20.0]), np.array([0.05, 0.2, 0.5])


def by_hand() -> list[Any]:
    """What a prox step of 1 leaves under L1, L2 and half of each."""
    return [P.prox(HAND, 1.0) for P in (L1(1.0), L2(1.0), ElasticNet(1.0, 0.5))]


def cells() -> Any:
    """Which of the nine runs diverge, on five points with labels and all weights penalized."""
    loss = LogisticLoss(article()[0], [0, 1, 0, 1, 1])
    run = gradient_descent(
        loss, L2(LAMS[:, None]), [3.0, 2.0], step=STEPS[:, None, None], tol=0, max_iter=100
    )
    return (run.diverged_at > 0).astype(float)


def norm_prox(w: Any, tau: float, lam: float) -> Any:
    """The prox of lam times the norm: a group lasso of one group, less its factor."""
    return GroupLasso(lam / np.sqrt(len(w)), np.zeros(len(w), dtype=int)).prox(w, tau)


def level(s: Any, k: float) -> float:
    """The largest singular value that the spectral penalty's prox leaves."""
    size = len(s)
    return float(Spectral(k, (size, size)).prox(np.diag(s).ravel(), 1.0).max())


EXERCISES = (
    Exercise(
        id="ex-2.1",
        wanted="three pairs: what the prox makes of w under L1, L2 and the elastic net",
        right=by_hand,
        because="L1 and the elastic net set the small weight to zero. L2 halves both.",
        hints=(
            "L1 takes 1 from the size of each weight. L2 divides each weight by the same number.",
            "L2 divides by 1 + λ. The elastic net first takes 1/2, then divides by 1 + 1/2.",
        ),
        mistakes=(
            Mistake(
                lambda: [by_hand()[0], HAND - HAND, by_hand()[2]],
                "L1 and the elastic net are right. w - λw is a gradient step; the prox of L2 "
                "divides.",
            ),
            Mistake(
                lambda: [*by_hand()[:2], L1(0.5).prox(L2(0.5).prox(HAND, 1.0), 1.0)],
                "L1 and L2 are right. For the elastic net threshold first, then divide.",
            ),
            Mistake(
                lambda: [[3.0, 0.0], *by_hand()[1:]],
                "That is hard thresholding. L1 takes the threshold from the large weight as well.",
            ),
        ),
        rtol=1e-3,
    ),
    Exercise(
        id="ex-2.2",
        wanted="three rows of three: 1 where the run diverges and 0 where not; a row is a step",
        right=cells,
        because="Those with sλ > 2, for these and for any other features.",
        hints=(
            "Far out the data's gradient is negligible. What does a step do to w then?",
            "It multiplies w by 1 - sλ. When is that longer than 1?",
        ),
        mistakes=(
            Mistake(
                lambda: (STEPS[:, None] * LAMS >= 1).astype(float),
                "From sλ = 1 on the weight changes its sign, but its size still falls.",
            ),
            Mistake(
                lambda: [[0, 0, 0], [0, 0, 0], [1, 1, 1]],
                "A long step alone does not explode here: the gradient of the loss is bounded.",
            ),
            Mistake(
                lambda: 1 - cells(),
                "1 is for the runs that diverge.",
            ),
        ),
        rtol=0.0,
    ),
    Exercise(
        id="ex-2.3",
        wanted="a function of w (an array), τ and λ: the prox of the norm",
        right=lambda: norm_prox,
        because="All weights shrink by the same share, or all become zero together.",
        hints=(
            "Of all points u at one distance from 0, which is nearest to w?",
            "So u is w times a number. What is left is an L1 problem for the length of u.",
            "The length ‖w‖ loses τλ and stops at zero; the direction stays.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda w, tau, lam: L1(lam).prox(w, tau),
                "That is L1, which takes τλ from each weight. Here the length loses τλ.",
            ),
            Mistake(
                lambda: lambda w, tau, lam: np.asarray(w) * (1 - tau * lam / np.linalg.norm(w)),
                "Right for a long w. A short one would be turned around: it must stop at zero.",
            ),
            Mistake(
                lambda: lambda w, tau, lam: L2(lam).prox(w, tau),
                "That is the prox of half the squared norm times λ.",
            ),
        ),
        at=(([3.0, 4.0], 0.5, 2.0), ([0.3, -0.4], 1.0, 2.0), ([1.0, -2.0], 2.0, 0.5)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-2.4",
        wanted="a function of s (an array, largest first) and k = τλ: the level t",
        right=lambda: level,
        because="With m values above the level, t is their sum over k + m. For (3, 2, 1): 5/3.",
        hints=(
            "Suppose that m values lie above the level. Then k t = (their sum) - m t.",
            "So t is their sum over k + m. Try m = 1, 2, ... for (3, 2, 1): which one fits?",
            "The one that fits is the largest of all these t.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda s, k: s[0] / (1 + k),
                "That supposes that only the first value is above the level. Is the second?",
            ),
            Mistake(
                lambda: lambda s, k: np.sum(s) / (k + len(s)),
                "That supposes that all values are above the level. Is the last one?",
            ),
            Mistake(
                lambda: lambda s, k: s[0] - k,
                "That is what L1 on the singular values would take from the first.",
            ),
        ),
        at=(([3.0, 2.0, 1.0], 1.0), ([5.0, 1.0, 1.0], 1.0), ([3.0, 2.0, 1.0], 10.0)),
        rtol=1e-6,
    ),
)
