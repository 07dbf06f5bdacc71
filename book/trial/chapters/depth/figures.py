"""Random deep networks before any training: theory, measurement and pictures of the gradient.

The theory of a wide tanh network is a mean field: the inputs of a layer's units are Gaussian with
variance q_l, and one step back multiplies the gradient's mean square by chi(q_l). Sources: Poole
et al. 2016; Schoenholz et al. 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator
from numpy.typing import NDArray

from reglib.diagnostics import gradient_norms
from reglib.networks import MLP
from trial.page import style

WIDTH, ROWS, SEEDS = 64, 8, 20
Array = NDArray[np.float64]

# The trapezoid rule: for a smooth function times a Gaussian it is exact to rounding. The
# Gauss-Hermite rule is not the better one here: sech^4 is narrow at large q, and 101 nodes leave
# an error of 0.002 in the rate at gain 3.
_Z = np.linspace(-10, 10, 401)
_DENSITY = np.exp(-(_Z**2) / 2) / np.exp(-(_Z**2) / 2).sum()


def variances(gain: float, depth: int, q0: float = 1.0) -> Array:
    """q_1..q_depth: q_1 = gain^2 q0, q_l = gain^2 E tanh(sqrt(q_{l-1}) z)^2.

    q0 is the mean square of the inputs, z ~ N(0, 1).
    """
    q = [gain**2 * q0]
    while len(q) < depth:
        q.append(gain**2 * _DENSITY @ np.tanh(np.sqrt(q[-1]) * _Z) ** 2)
    return np.array(q)


def chi(gain: float, q: Any) -> Array:
    """gain^2 E sech(sqrt(q) z)^4: a step back multiplies the mean square."""
    roots = np.sqrt(np.asarray(q, dtype=np.float64))[..., None]
    return gain**2 * (1 - np.tanh(roots * _Z) ** 2) ** 2 @ _DENSITY


def fixed_point(gain: float) -> float:
    """The variance that many layers settle at: 0 up to gain 1, positive above.

    >>> fixed_point(0.9), round(fixed_point(2.0), 4)
    (0.0, 2.1215)
    """
    return 0.0 if gain <= 1 else float(variances(gain, 2000)[-1])


def finite_width(width: int) -> float:
    """(psi(n/2) - ln(n/2))/2, the mean of ln ||W'v||/||v|| for n^2 entries N(0, 1/n); n even.

    psi is the digamma function, psi(k) = 1 + 1/2 + ... + 1/(k-1) - 0.5772. About -1/(2n).

    >>> round(finite_width(64), 5)
    -0.00785
    """
    half = width // 2
    return float((1 / np.arange(1, half)).sum() - np.euler_gamma - np.log(half)) / 2


def rate(gain: float, activation: str, width: int = WIDTH) -> float:
    """Logarithm of the factor of a layer far from both ends, in theory."""
    if activation == "linear":
        return float(np.log(gain)) + finite_width(width)
    return float(np.log(chi(gain, fixed_point(gain))) / 2)


def profile(gain: float, depth: int, activation: str) -> Array:
    """Theory of ||delta_l|| / ||delta_L|| for l = 1..L, each layer with its own q_l."""
    logs = np.full(depth - 1, rate(gain, "linear"))
    if activation == "tanh":
        logs = np.log(chi(gain, variances(gain, depth)[:-1])) / 2
    return np.exp(np.append(np.cumsum(logs[::-1])[::-1], 0.0))


def networks(
    depth: int, activation: str, width: int = WIDTH, rows: int = ROWS, seeds: int = SEEDS
) -> MLP:
    """`seeds` networks without biases, each bound to Gaussian rows of its own."""
    X = [np.random.default_rng(100 + s).standard_normal((rows, width)) for s in range(seeds)]
    sizes = (width,) * depth
    return MLP(np.stack(X), np.zeros((seeds, rows)), sizes, activation, bias=False)


def draws(net: MLP, kind: str = "gaussian", seeds: int = SEEDS) -> Array:
    """Their initial weights (seeds, P) at gain 1."""
    return net.init([np.random.default_rng(s) for s in range(seeds)], kind=kind)


def fan(w: Array, gain: float, depth: int, activation: str, rows: int = ROWS) -> Array:
    """||delta_l|| / ||delta_L||, (seeds, depth), of networks cut from the weights w at gain 1.

    A network of `depth` layers takes the first of them, and the readout.
    """
    net = networks(depth, activation, rows=rows, seeds=len(w))
    readout = w[..., -WIDTH:]
    hidden = gain * w[..., : net.size - WIDTH]
    norms = gradient_norms(net, np.concatenate([hidden, readout], axis=-1))
    return norms / norms[..., -1:]


def slopes(norms: Array, skip: int = 10) -> Array:
    """Mean logarithm of the factor per layer, `skip` layers at each end left out: (seeds,)."""
    inner = np.log(norms[..., skip:-skip])
    return (inner[..., 0] - inner[..., -1]) / (inner.shape[-1] - 1)


def _layer_axis(axes: Axes, depth: int) -> None:
    axes.set(yscale="log", xlim=(1, depth), xlabel="layer (the loss is behind the last one)")
    axes.yaxis.set_major_locator(LogLocator(10, numticks=9))
    axes.minorticks_off()


def _fan(axes: Axes, norms: Array, color: str, width: float = 0.6) -> None:
    """One thin line for each network; a gap between them makes one artist of all."""
    gap = np.full((len(norms), 1), np.nan)
    layers = np.tile(np.append(np.arange(1, norms.shape[1] + 1.0), np.nan), len(norms))
    values = np.concatenate([norms, gap], axis=1).ravel()
    axes.plot(layers, values, color=color, linestyle="-", linewidth=width, alpha=0.6)


def draw_fans(figure: Figure, fans: dict[str, tuple[Array, Array]]) -> None:
    """Fans (seeds, L) and their theory (L,), by name."""
    axes = figure.subplots()
    looks = zip(fans.items(), style.COLORS, style.STYLES, strict=False)
    for (name, (norms, theory)), color, dashes in looks:
        _fan(axes, norms, color)
        layers = np.arange(1, len(theory) + 1)
        axes.plot(layers, theory, color=color, linestyle=dashes, linewidth=2.5, label=name)
    _layer_axis(axes, norms.shape[1])
    axes.set_title("gradient, relative to the last layer's")
    axes.legend()


def draw_cures(figure: Figure, values: dict[str, Array], profiles: dict[str, Array]) -> None:
    """Above, the singular values of one layer, largest first; below, the gradient by layer."""
    top, bottom = figure.subplots(2, 1)
    for name, line in values.items():
        top.plot(np.arange(1, len(line) + 1), line, label=name)
    top.axhline(1, color=style.INK, linewidth=1, linestyle=":")
    top.set(title="singular values of the first layer", xlabel="largest first", ylim=(0, None))
    top.legend()
    for name, line in profiles.items():
        bottom.plot(np.arange(1, len(line) + 1), line, label=name)
    _layer_axis(bottom, len(line))
    bottom.set_title("gradient by layer, before training")


def times(factor: float) -> str:
    """A factor in words: `grows 30-fold`, `shrinks to 0.02`, `keeps its size`.

    >>> times(30.2), times(0.0213), times(1.02)
    ('grows 30-fold', 'shrinks to 0.021', 'keeps its size')
    """
    if 0.8 < factor < 1.25:
        return "keeps its size"
    if factor < 1:
        return f"shrinks to {factor:.2g}"
    return f"grows {factor:.2g}-fold"


class ByDepth:
    """The gradient by layer at one gain and depth, linear and tanh, 20 networks and theory."""

    LINES = {"linear": (style.RED, "--"), "tanh": (style.BLUE, "-")}

    def __init__(self, gains: Sequence[float], depths: Sequence[int]) -> None:
        w = draws(networks(max(depths), "tanh"))
        self.deepest = max(depths)
        self.fans = {}
        for depth in map(int, depths):
            ones = fan(w, 1.0, depth, "linear", rows=2)
            for gain in map(float, gains):
                # without a slope, a layer of that gain multiplies once more by the gain
                self.fans[gain, depth, "linear"] = ones * gain ** np.arange(depth - 1.0, -1, -1)
                self.fans[gain, depth, "tanh"] = fan(w, gain, depth, "tanh", rows=2)

    def __call__(self, figure: Figure, gain: float, depth: float) -> str:
        """Draw one frame; the sentence gives the median of each kind of network and theory."""
        figure.subplots_adjust(bottom=0.16)
        depth, words = int(depth), []
        axes = figure.subplots()
        for name, (color, dashes) in self.LINES.items():
            norms, theory = self.fans[gain, depth, name], profile(gain, depth, name)
            _fan(axes, norms, color, width=0.5)
            label = f"{name}, theory"
            axes.plot(np.arange(1, depth + 1), theory, color=color, linestyle=dashes, label=label)
            middle = float(np.median(norms[:, 0]))
            words.append(f"{name} {times(middle)} (theory {theory[0]:.2g})")
        _layer_axis(axes, self.deepest)
        axes.yaxis.set_major_locator(FixedLocator([1e-8, 1, 1e8, 1e16]))
        axes.set(ylim=(1e-9, 1e19), title="gradient, relative to the last layer's")
        axes.legend(loc="upper right")
        return (
            f"Gain {gain:g}, {depth} layers. From the last layer to the first the gradient, in the "
            f"median of {SEEDS} networks: {'; '.join(words)}."
        )


def crossing(good: Callable[[int], bool], low: int, high: int) -> int:
    """The first whole number in (low, high] at which `good` is true, by bisection."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return high
