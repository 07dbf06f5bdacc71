"""The page on conventions: other libraries' rules as loops of a few lines, and its figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.conventions import translate
from reglib.losses import SquaredError
from reglib.optimizers import AdamScaling, Cosine, Optimizer, WeightDecay
from reglib.training import train
from trial.page import style

Floats = NDArray[np.float64]


def descend(A: Floats, b: Floats, n_steps: int = 10_000) -> Floats:
    """Gradient descent on w'A w/2 - b'w from 0, at a step that fits A."""
    w, step = np.zeros(len(b)), 1 / np.linalg.norm(A, 2)
    for _ in range(n_steps):
        w = w - step * (A @ w - b)
    return w


def pytorch(X: Floats, y: Floats, weight_decay: float, reduction: str = "mean") -> Floats:
    """The gradient of MSELoss is 2/n X'(Xw - y), and weight_decay adds itself times w to it."""
    mean = len(X) if reduction == "mean" else 1
    return descend(2 * X.T @ X / mean + weight_decay * np.eye(X.shape[1]), 2 * X.T @ y / mean)


def keras(X: Floats, y: Floats, l2: float) -> Floats:
    """The loss is 1/n |Xw - y|^2 + l2 |w|^2: the gradient of the penalty is 2 l2 w."""
    return descend(2 * X.T @ X / len(X) + 2 * l2 * np.eye(X.shape[1]), 2 * X.T @ y / len(X))


def glmnet(X: Floats, y: Floats, lam: float) -> Floats:
    """y and lambda are divided by s = y's standard deviation before the fit, w is multiplied."""
    s = y.std()
    A = X.T @ X / len(X) + lam / s * np.eye(X.shape[1])
    return s * descend(A, X.T @ (y / s) / len(X))


def decayed(X: Floats, y: Floats, decays: list[float], rate: float, n_steps: int) -> Floats:
    """AdamW on the mean square error for several weight decays at once: weights (k, p)."""
    loss, decay = SquaredError(2**0.5 * X, 2**0.5 * y), WeightDecay(np.array(decays)[:, None])
    adamw = Optimizer(AdamScaling(), decay, learning_rate=Cosine(rate, n_steps))
    return train(loss, adamw, np.zeros((len(decays), X.shape[1])), n_steps=n_steps).w


def draw_fits(figure: Figure, names: tuple[str, ...], before: Any, after: Any) -> None:
    """The weights of every library, for one number and for one lam."""
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    titles = "the number 0.1 for every library", "λ = 0.1, translated for every library"
    places = np.arange(1, 1 + len(names))
    for axes, fits, title in zip(panels, (before, after), titles, strict=True):
        for k, (name, w) in enumerate(fits.items()):
            color = [style.INK, *style.COLORS][k]
            line = ["-", *style.STYLES][k]
            axes.plot(places, w, color=color, linestyle=line, marker="osD^vx"[k], label=name)
        axes.set(title=title, ylabel="weight")
    panels[1].set_xticks(places, names)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)


def draw_adamw(figure: Figure, path: Floats, boxes: Floats, ends: Floats, decays: Any) -> None:
    """Two weights: where ridge can end for any lam, and where AdamW ends."""
    axes = figure.subplots()
    axes.plot(*path.T, color=style.BLUE, label="ridge, every λ")
    axes.plot(*boxes.T, color=style.GREEN, linestyle="--", label="least squares in a box")
    axes.plot(*ends.T, color=style.RED, marker="o", linestyle="none", label="AdamW")
    for w, decay in zip(ends, decays, strict=True):
        axes.annotate(f"{decay:g}", w, xytext=(9, -14), textcoords="offset points")
    axes.set(xlabel="weight of bmi", ylabel="weight of bp", xlim=(0, None), ylim=(0, None))
    axes.legend(loc="upper left")


ROWS = (
    "scikit-learn Ridge",
    "scikit-learn Lasso",
    "scikit-learn LogisticRegression",
    "PyTorch, MSELoss",
    "PyTorch, MSELoss(reduction='sum')",
    "PyTorch, cross-entropy",
    "Keras L2, mse",
    "Keras L2, cross-entropy",
)


def draw_numbers(figure: Figure, n: float, lam: float) -> str:
    """What each library must be told, for n rows and lam; the sentence names the extremes."""
    figure.subplots_adjust(left=0.43, right=0.97, top=0.97, bottom=0.14)
    axes = figure.subplots()
    values = np.array([translate(lam, "ours", name, n=int(n)) for name in ROWS])
    places = np.arange(len(ROWS))
    axes.hlines(places, lam, values, color=style.FAINT, linewidth=4)
    axes.plot(values, places, color=style.RED, marker="o", linestyle="none")
    axes.axvline(lam, color=style.INK, linewidth=1, linestyle=":")
    labels = [name.replace("scikit-learn ", "").replace("reduction=", "") for name in ROWS]
    axes.set_yticks(places, labels)
    axes.set(xscale="log", xlim=(1e-4, 3e4), ylim=(len(ROWS) - 0.5, -0.5), xlabel="what to set")
    axes.set_xticks([1e-3, 0.1, 10, 1e3], ["0.001", "0.1", "10", "1000"])  # a formula takes long
    axes.minorticks_off()
    axes.grid(visible=False, axis="y")
    ridge, C, mse, summed, l2 = values[[0, 2, 3, 4, 6]]
    return (
        f"λ = {lam:g} on {n:g} rows: alpha = {ridge:.3g} in Ridge, C = {C:.3g} in "
        f"LogisticRegression, weight_decay = {mse:.3g} in PyTorch with MSELoss and {summed:.3g} "
        f"with its sum, l2 = {l2:.3g} in Keras."
    )
