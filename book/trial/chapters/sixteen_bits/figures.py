"""Pictures of what flows back in sixteen bits, and of a loss scale that finds its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from trial.chapters.sixteen_bits.backprop import Weights, backprop, digits, log_softmax, start
from trial.chapters.sixteen_bits.rounding import float16, float32
from trial.page import style

COPIES = (1, 64, 4096)
"""The 1797 images so many times: batches of 1,797, 115,008 and 7.4 million rows."""
POWERS = tuple(range(0, 41, 5))
LEAST, LARGEST = -24, 16
"""float16 has 2^-24 and nothing below; from 2^16 on it is infinite."""


def outputs(weights: Weights, X: Any) -> Any:
    """The logits of the network of `backprop`, in float32."""
    z = X
    for W in weights:
        h = z @ W.T
        z = np.tanh(h)
    return h


class Flow:
    """The gradient (p - y) / n at the outputs of the digits' network after 100 steps."""

    def __init__(self) -> None:
        X, Y = digits()
        weights = start(0)
        for _ in range(100):
            _, g = backprop(weights, X, Y, float32)
            weights = [W - G for W, G in zip(weights, g, strict=True)]
        self.d = ((np.exp(log_softmax(outputs(weights, X))) - Y) / len(X)).ravel()

    def shares(self, copies: float, power: float) -> tuple[float, float]:
        """The shares of it that are 0 in float16, and infinite, behind the scale 2^power."""
        d = float16(self.d * np.float32(2**power / copies))
        return float((d == 0).mean()), float(np.isinf(d).mean())

    def __call__(self, figure: Figure, copies: float, power: float) -> str:
        """Draw how large the numbers are, beside what float16 holds."""
        lost, infinite = self.shares(copies, power)
        figure.subplots_adjust(left=0.13, right=0.97, top=0.96, bottom=0.17)
        axes = figure.subplots()
        axes.axvspan(LEAST, -14, color=style.BLUE, alpha=0.08)
        axes.axvspan(-14, LARGEST, color=style.BLUE, alpha=0.18, label="float16 holds")
        sizes = np.log2(np.abs(self.d)) + power - np.log2(copies)
        axes.hist(sizes, bins=np.arange(-60, 40), color=style.RED, label="gradient at the outputs")
        axes.set(xlim=(-60, 40), xlabel="power of 2", ylabel="numbers", ylim=(0, 2600))
        axes.legend(loc="upper left")
        return (
            f"A batch of {1797 * int(copies):,} rows, scale 2^{int(power)}: {lost:.0%} of what "
            f"flows back is 0 in float16, {infinite:.0%} is infinite."
        )


def draw_scale(figure: Figure, log: Sequence[tuple[float, float, bool]]) -> None:
    """Loss above, scale below; a mark where a step was skipped."""
    above, below = figure.subplots(2, sharex=True)
    loss, scale, finite = map(np.array, zip(*log, strict=True))
    k = np.arange(1, len(log) + 1)
    above.semilogy(k, loss, color=style.BLUE)
    below.semilogy(k, scale, "--", base=2, color=style.GREEN, drawstyle="steps-post")
    skipped = ~finite.astype(bool)
    below.plot(k[skipped], scale[skipped], "x", color=style.RED, label="step skipped")
    above.set(ylabel="loss")
    below.set(xlabel="step", ylabel="loss scale")
    below.legend()
