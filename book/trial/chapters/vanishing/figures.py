"""The experiment and the pictures of *What if the gradient shrinks instead?*

Twenty tanh networks must say the first of 20 numbers after having read them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.datasets import first_input
from reglib.diagnostics import gradient_norms
from reglib.networks import RNN, Omega
from reglib.networks.omega import immediate
from reglib.optimizers import ClipByNorm
from reglib.penalties import L2, Masked
from reglib.training import History
from trial.chapters.recurrent import SEEDS, Trial
from trial.page import style

Array = NDArray[np.float64]
LEARNING_RATE = 0.05
LINES = {
    "before training": (style.BROWN, "-."),
    "clip alone": (style.RED, ":"),
    "L2 0.01": (style.PURPLE, (0, (5, 1, 1, 1, 1, 1))),
    "L2 0.1": (style.GREEN, "--"),
    "Ω 0.03": (style.BLUE, "-"),
}
WINDOW = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 2.0)
"""Strengths of Omega in the table that is computed apart."""
APART = {
    "clip alone": {},
    "L2 0.01": {"lam": 0.01},
    "L2 0.1": {"lam": 0.1},
    **{f"Ω {omega:g}": {"omega": omega} for omega in WINDOW},
    "Ω 1, then 200 steps without": {"omega": 1.0, "then": 200},
    "gain 1": {"gain": 1.0},
    "gain 1, L2 0.1": {"gain": 1.0, "lam": 0.1},
    "gain 1, Ω 0.1": {"gain": 1.0, "omega": 0.1},
    "gain 1, Ω 1": {"gain": 1.0, "omega": 1.0},
    **{f"gain 1, U times {u:g}": {"gain": 1.0, "inputs": u} for u in (0.3, 0.1, 0.03)},
    **{
        f"gain 1, U times {u:g}, 500 steps": {"gain": 1.0, "inputs": u, "n_steps": 500}
        for u in (1.0, 0.1)
    },
    "gain 1, U times 0.1, L2 0.01": {"gain": 1.0, "inputs": 0.1, "lam": 0.01},
    "gain 1, U times 0.1, L2 0.1": {"gain": 1.0, "inputs": 0.1, "lam": 0.1},
    "U times 0.1": {"inputs": 0.1},
    "Gaussian W, U times 0.1": {"gain": 1.0, "inputs": 0.1, "kind": "gaussian"},
    **{
        f"gates, U times {u:g}, {k} steps": {"gated": True, "gain": 1.0, "inputs": u, "n_steps": k}
        for u in (1.0, 0.1)
        for k in (500, 1500)
    },
}
"""The rows of that table by name; every one of them clips at 1. W is orthogonal times 0.6, U, V are
drawn N(0, 1), N(0, 1/16), where a row does not say otherwise. Gates: the GRU."""
RUNS = 50
"""Networks in one of the two blocks of the table."""


def trial(
    gain: float = 0.6, seeds: int = SEEDS, block: int = 0, kind: str = "orthogonal", **options: Any
) -> Trial:
    """tanh networks whose W is `gain` times a rotation; the target is the first of 20 inputs."""
    return Trial(first_input, "tanh", gain, kind, length=20, seeds=seeds, block=block, **options)


def remember(
    networks: Trial,
    *,
    lam: Any = 0.0,
    omega: float = 0.0,
    n_steps: int = 1500,
    w0: Any = None,
) -> History:
    """Train with gradients clipped at 1, L2 on W as a proximal step, Omega before the clip.

    `lam` may be an array (k, 1, 1); `w0` (..., seeds, P) replaces the networks' initial weights.
    """
    start = networks.start() if w0 is None else w0
    return networks.run(
        ClipByNorm(1.0),
        learning_rate=LEARNING_RATE,
        n_steps=n_steps,
        penalty=Masked(L2(lam), networks.mask("W")),
        omega=omega,
        w0=np.broadcast_to(start, np.broadcast_shapes(np.shape(lam)[:-1] + (1,), start.shape)),
    )


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """Rows (name, diverged, learned) of the chapter's table, for `trial.page.apart`."""
    for name, row in APART.items():
        own = {"gain": 0.6} | {k: row[k] for k in ("gain", "kind", "inputs", "gated") if k in row}
        settings = {key: value for key, value in row.items() if key not in own}
        then = settings.pop("then", 0)
        networks = trial(**own, seeds=RUNS, block=block)
        history = remember(networks, **settings)
        if then:
            history = remember(networks, n_steps=then, w0=history.w)
        yield name, int(history.diverged.sum()), int(networks.success(history))


def influence(network: RNN, w: Any) -> Array:
    """||dh_T/du_t|| for t = 1..T, root mean square over the sequences: (..., T).

    dh_T/du_t = D_T W D_{T-1} W ... D_t U, multiplied from the left: what a small change of the
    input at step t makes of the last state.
    """
    parts, slopes = network.unpack(w), network.slopes(w)
    W, U = parts["W"][..., None, :, :], parts["U"][..., None, :, :]
    product = np.eye(network.hidden) * slopes[..., -1, :, None, :]
    lengths = []
    for t in range(slopes.shape[-3])[::-1]:
        squares = np.square(product @ U).sum(axis=(-2, -1))
        lengths.append(np.sqrt(squares.mean(axis=-1)))
        if t:
            product = (product @ W) * slopes[..., t - 1, :, None, :]
    return np.stack(lengths[::-1], axis=-1)


def power(x: float) -> str:
    """The nearest power of ten, as it is written on paper.

    >>> power(1.8e-7), power(12.0)
    ('10⁻⁷', '10¹')
    """
    return "10" + str(round(np.log10(x))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def first_below(lengths: Array, level: float) -> int:
    """How many steps back the gradient first is below `level` times its last length; -1: never.

    `lengths` (T,) are those of time steps 1..T, the last one first to be reached.
    """
    below = lengths[::-1] < level * lengths[-1]
    return int(below.argmax()) if below.any() else -1


class Frozen:
    """sum_t mean (||(delta_{t+1} W) D_t|| / ||delta_{t+1}|| - 1)^2 with delta and D kept as at w.

    Only W is free, given as a flat vector. `value` is the formula written down once more;
    `gradient` is what `reglib.networks.omega.immediate` returns, right at the W inside w.
    """

    def __init__(self, network: RNN, w: Array) -> None:
        self.k = network.hidden
        self.deltas, self.slopes = network.deltas(w), network.slopes(w)

    def value(self, W: Array) -> Array:
        after = self.deltas[1:]  # (T - 1, n, k)
        square = W.reshape(W.shape[:-1] + (1, self.k, self.k))
        lengths = np.linalg.norm((after @ square) * self.slopes[:-1], axis=-1)
        ratios = lengths / np.linalg.norm(after, axis=-1)
        return ((ratios - 1) ** 2).mean(axis=-1).sum(axis=-1)

    def gradient(self, W: Array) -> Array:
        return immediate([*self.deltas], [*self.slopes])[1].ravel()


def full_derivative(network: RNN, w: Array, h: float = 1e-5) -> Array:
    """The derivative (k, k) of Omega's value in W when delta and D follow W, by differences."""
    inside = network.mask("W")
    shifts = h * np.eye(w.size)[inside]
    plain = Omega(network, 1.0)
    ahead, behind = (plain.value(v) - network.value(v) for v in (w + shifts, w - shifts))
    return ((ahead - behind) / (2 * h)).reshape(network.hidden, network.hidden)


def draw_lengths(figure: Figure, lines: dict[str, Array], title: str, low: float = 1e-20) -> None:
    """Lengths by time step, each line divided by its own last value; below `low` it is cut off."""
    axes = figure.subplots()
    for label, lengths in lines.items():
        color, dashes = LINES[label]
        steps = np.arange(1, len(lengths) + 1)
        axes.plot(steps, lengths / lengths[-1], color=color, linestyle=dashes, label=label)
    axes.set(yscale="log", ylim=(low, 300), xlabel="time step", title=title)
    axes.set_xticks([1, 5, 10, 15, 20])
    figure.legend(loc="outside lower center", ncols=2)


def draw_window(figure: Figure, lams: Any, learned: Any, of: int) -> None:
    """How many networks learned against the strength of Omega: a line for each block of seeds."""
    axes = figure.subplots()
    names = ("first seeds", "new seeds")
    for counts, name, marker, dashes in zip(np.transpose(learned), names, "os", "-:", strict=True):
        axes.plot(lams, counts, marker=marker, linestyle=dashes, label=name)
    axes.set(xscale="log", ylim=(-0.03 * of, 1.03 * of), xlabel="λ of Ω")
    axes.set_xticks([0.001, 0.01, 0.1, 1], ["0.001", "0.01", "0.1", "1"])
    axes.set_title(f"networks of {of} that learned")
    axes.legend(loc="lower center")


class Fade:
    """Gain and decay against the length of the gradient: nothing is trained while one drags.

    W is `gain` times one rotation, shrunk by `DECAYS` proximal steps of L2 with strength lam.
    """

    DECAYS, LEVEL = 100, 1e-6

    def __init__(self, gains: Any, lams: Any, length: int = 60, n: int = 30) -> None:
        rng = np.random.default_rng(13)
        network = RNN(*first_input(rng, n, length), 16, "tanh")
        gains, lams = np.asarray(gains, float), np.asarray(lams, float)
        self.sigmas = gains[:, None] * (1 + LEARNING_RATE * lams) ** -self.DECAYS
        w = network.init(np.random.default_rng(1), self.sigmas[..., None], "orthogonal")
        self.at = {(g, x): (i, j) for i, g in enumerate(gains) for j, x in enumerate(lams)}
        self.back, self.forward = gradient_norms(network, w), influence(network, w)

    def __call__(self, figure: Figure, gain: float, lam: float) -> str:
        at = self.at[gain, lam]
        sigma, back, forward = self.sigmas[at], self.back[at], self.forward[at]
        axes, ago = figure.subplots(), np.arange(len(back))
        figure.subplots_adjust(left=0.14, right=0.97, top=0.92, bottom=0.27)
        axes.plot(ago, back[::-1] / back[-1], color=style.BLUE, label="gradient, going back")
        label = "influence of an old input"
        axes.plot(ago, forward[::-1] / forward[-1], color=style.GREEN, ls="--", label=label)
        axes.plot(ago, sigma**ago, color=style.INK, ls=":", label="bound σᵏ on it")
        axes.axhline(self.LEVEL, color=style.RED, linewidth=1, ls="-", label="one millionth")
        axes.set(yscale="log", ylim=(1e-16, 1e6), xlim=(0, len(back) - 1))
        axes.set(xlabel="steps k before the end", title="length, relative to the last step")
        figure.legend(loc="lower center", ncols=2)
        return f"Gain {gain:g}, λ = {lam:g}: σ = {sigma:.3g}. {self._words(back, sigma)}"

    def _words(self, back: Array, sigma: float) -> str:
        steps = first_below(back, self.LEVEL)
        if steps >= 0:
            seen = f"The gradient falls below one millionth {steps} steps back"
        else:
            seen = f"The gradient stays above one millionth for all {len(back) - 1} steps"
        if sigma >= 1:
            return f"{seen}; the bound promises nothing."
        return f"{seen}; the bound says {np.ceil(np.log(self.LEVEL) / np.log(sigma)):.0f} at most."
