"""Exercises of chapter 1, the two kinds of explosion."""

from __future__ import annotations

import numpy as np

from reglib.datasets import article
from reglib.losses import SquaredError
from reglib.solvers import gradient_descent, least_squares
from trial.chapters.two_explosions.figures import Chain, Quartic
from trial.page.exercise import Exercise, Mistake, border

X, y, _ = article()
alone = SquaredError(X[:, 1:], y)


def millionfold(step: float) -> list[float]:
    """The factor of the excess loss in one step, and the first iteration above a million times."""
    run = gradient_descent(alone, None, [2.0], step=step, tol=0, max_iter=100, record=True)
    excess = alone.value(run.path) - alone.value(least_squares(alone.X, y))
    return [float(excess[1] / excess[0]), int((excess >= 1e6 * excess[0]).argmax())]


def hump(a: float, b: float) -> float:
    """The largest upper right entry among the first 1000 powers."""
    J = np.array([[a, b], [0.0, a]])
    power, largest = J, b
    for _ in range(999):
        power = power @ J
        largest = max(largest, float(power[0, 1]))
    return largest


def logistic(x: float) -> float:
    """The sigmoid, 1/(1 + e^-x)."""
    return float(1 / (1 + np.exp(-x)))


def wall(x0: float = 0.5, b: float = -2.5) -> list[float]:
    """The w at which x0 stays where it is, and by what a small deviation is multiplied there."""
    w = border(lambda w: w * logistic(x0) + b < x0, 100.0)
    return [w, w * (logistic(x0 + 1e-5) - logistic(x0 - 1e-5)) / 2e-5]


def safe_clip(step: float) -> float:
    """The clip up to which a jump of step times c from one side to the other is not repeated."""
    return border(lambda c: Quartic().gradient(step * c / 2) < c, 1e4)


EXERCISES = (
    Exercise(
        id="ex-1.1",
        wanted="two numbers: the factor, and the iteration at which the loss has grown 10⁶-fold",
        right=lambda: millionfold(0.2),
        because="The factor is (0.2 · 11 - 1)², and its 38th power is the first above a million.",
        hints=(
            "One step multiplies the distance by 1 - sh. The loss holds the square of that.",
            "Divide the logarithm of a million by that of the factor, then round up.",
        ),
        mistakes=(
            Mistake(
                lambda: [1.2, np.ceil(np.log(1e6) / np.log(1.2))],
                "That is the factor of the distance. The loss grows with its square.",
            ),
            Mistake(
                lambda: [millionfold(0.2)[0], millionfold(0.2)[1] - 1],
                "After that many iterations a little is missing: round up.",
            ),
            Mistake(
                lambda: [2.2**2, np.ceil(np.log(1e6) / np.log(2.2**2))],
                "The step takes sh times the distance away: 1 - sh is left, and you kept sh.",
            ),
        ),
        rtol=0.001,
    ),
    Exercise(
        id="ex-1.2",
        wanted="a function of a and b: the largest upper right entry among all powers of J",
        right=lambda: hump,
        because="It is k a^(k-1) b with k the whole number at or just above a/(1 - a).",
        hints=(
            "Multiply out J² and J³. What stands in the upper right corner?",
            "It is k a^(k-1) b. When is the entry for k + 1 larger than that for k?",
            "It grows while k < a/(1 - a): take k = ceil(a/(1 - a)).",
        ),
        mistakes=(
            Mistake(
                lambda: lambda a, b: b,
                "That is the entry of the first power. Compute the second with a = 0.9.",
            ),
            Mistake(
                lambda: lambda a, b: np.ceil(a / (1 - a)) * a ** np.ceil(a / (1 - a)) * b,
                "One factor a too many: of the k factors one gives b, the other k - 1 give a.",
            ),
            Mistake(
                lambda: lambda a, b: -(a ** (-1 / np.log(a) - 1)) * b / np.log(a),
                "Nearly: that is the top of the smooth curve, but k is a whole number.",
            ),
        ),
        at=((0.5, 10.0), (0.85, 10.0), (0.97, 2.0)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-1.3",
        wanted="a number: the λ whose penalty is as long as the first gradient, to 3 digits",
        right=lambda: float(Chain(10).gradient([1.5])[0] / 1.5),
        because="And yet it saves nothing: both gradients push the same way, at every λ.",
        hints=(
            "Find the derivative of (w¹⁰ - 1)²/2 first, and its value at 1.5.",
            "The derivative is 10 w⁹ (w¹⁰ - 1). The penalty's is λ w: set them equal.",
        ),
        mistakes=(
            Mistake(
                lambda: float(Chain(10).gradient([1.5])[0]),
                "That is the length of the gradient. The penalty's gradient is λ w, and w is 1.5.",
            ),
            Mistake(
                lambda: float(Chain(10).gradient([1.5])[0] / 1.5**2),
                "The penalty is λ w²/2; its derivative holds w once.",
            ),
            Mistake(
                lambda: (1.5**10 - 1) / 1.5,
                "That is the residual. The chain rule adds the derivative of w¹⁰.",
            ),
        ),
        rtol=0.002,
    ),
    Exercise(
        id="ex-1.4",
        wanted="two numbers: w, and the factor of a small deviation, to 4 digits",
        right=wall,
        because="As T grows, the wall moves to this w. Beside it the gradient is small.",
        hints=(
            "A fixed point: one step must lead from 0.5 to 0.5. Solve for w.",
            "The factor is the derivative of the step with respect to x, at x = 0.5.",
            "sigmoid'(x) = sigmoid(x) (1 - sigmoid(x)), and w stands in front of it.",
        ),
        mistakes=(
            Mistake(
                lambda: [wall()[0], wall()[1] / wall()[0]],
                "That is the slope of the sigmoid alone. The step multiplies it by w.",
            ),
            Mistake(
                lambda: [(0.5 - 2.5) / logistic(0.5), (0.5 - 2.5) * (1 - logistic(0.5))],
                "Mind the sign of b: w sigmoid(0.5) = 0.5 - b, and b is negative.",
            ),
            Mistake(
                lambda: [wall()[0], 3.0],
                "That is w sigmoid(0.5), the step's value. Its derivative is wanted.",
            ),
        ),
        rtol=2e-4,
    ),
    Exercise(
        id="ex-1.5",
        wanted="a function of s: the clip c below which every start comes down",
        right=lambda: safe_clip,
        because="It is the root of 8/s³. From there on a jump from sc/2 to -sc/2 repeats itself.",
        hints=(
            "A clipped step has length sc. Which w would such a step throw to -w?",
            "From w = sc/2 the run jumps to -sc/2 and back, if the gradient there is clipped.",
            "It is clipped there when (sc/2)³ ≥ c. Solve for c.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda s: np.sqrt(2 / s),
                "That is the largest safe start without a clip. A clip is a length of gradient.",
            ),
            Mistake(
                lambda: lambda s: 8 / s**3,
                "That is the square of the border.",
            ),
            Mistake(
                lambda: lambda s: 1 / s**1.5,
                "The jump leads from w to -w, so its length sc is 2w, not w.",
            ),
        ),
        at=((0.1,), (0.3,), (1.0,)),
        rtol=1e-6,
    ),
)
