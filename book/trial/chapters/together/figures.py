"""The pictures of the chapter on all remedies: matrix, decision chart, a run and its cure."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from trial.chapters.together.experiment import Outcome
from trial.page import style

TOP = 16
Matrix = dict[str, dict[str, Outcome | None]]

LOOKS = {
    "learns": (style.GREEN, "white"),
    "bounded": (style.FAINT, style.INK),
    "explodes": (style.RED, "white"),
    "–": ("white", style.INK),
}


def said(outcome: Outcome | None) -> str:
    """The word for one cell of the matrix; a dash where a cure does not apply."""
    return outcome.word if outcome else "–"


def draw_matrix(figure: Figure, matrix: Matrix) -> None:
    """A row for each cure, a column for each case, a word and a color in each cell."""
    axes = figure.subplots()
    cures = list(next(iter(matrix.values())))
    for x, row in enumerate(matrix.values()):
        for y, outcome in enumerate(row.values()):
            color, ink = LOOKS[said(outcome)]
            axes.add_patch(Rectangle((x - 0.47, y - 0.45), 0.94, 0.9, color=color))
            axes.text(x, y, said(outcome), color=ink, ha="center", va="center", fontsize=10.5)
    axes.set(xlim=(-0.5, len(matrix) - 0.5), ylim=(len(cures) - 0.5, -0.5))
    axes.set_yticks(range(len(cures)), cures)
    names = [name.replace(", ", ",\n").replace(" ", "\n", 1) for name in matrix]
    axes.set_xticks(range(len(matrix)), names)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _height(text: str) -> float:
    """What a box around these lines takes of the chart's height."""
    return 0.044 * (text.count("\n") + 1) + 0.022


def _box(axes: Axes, x: float, y: float, text: str, color: str, width: float = 0.46) -> None:
    """A rounded box around (x, y), tall enough for its lines."""
    height = _height(text)
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.015",
            facecolor="white",
            edgecolor=color,
            linewidth=2,
        )
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=11.5, color=style.INK)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], word: str) -> None:
    arrow = {"arrowstyle": "-|>", "color": style.INK, "linewidth": 1.4}
    axes.annotate("", end, start, arrowprops=arrow)
    if word:
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        axes.text(x, y, word, ha="center", va="center", fontsize=11.5, backgroundcolor="white")


LEFT = (
    "1  Scale the features.",
    "2  Step below 2/L, with L2 in\nthe gradient below 2/(L + λ).",
    "3  Keep the penalty for the\nfit. As a proximal step it\ncosts no room.",
)
RIGHT = (
    "1  Start again: orthogonal,\nor a rate of 1 per layer.",
    "2  Clip at the length of a\nhealthy gradient.",
    "3  Decay outside the clip.",
    "4  Recurrent only: hold the\nsingular values at 1.",
)
TOPS = (
    "Training diverged, or it stays finite and learns nothing",
    "Measure before step 1: does the gradient\ngrow by a factor from layer to layer?",
)
BOTTOM = "If it shrinks from layer to layer instead:\nless decay, an orthogonal start, Ω"


def draw_chart(figure: Figure) -> None:
    """The decision chart: one measurement, two columns of remedies in the order to try them."""
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    _box(axes, 0.5, 0.955, TOPS[0], style.RED, 0.96)
    _box(axes, 0.5, 0.83, TOPS[1], style.INK, 0.96)
    _arrow(axes, (0.5, 0.92), (0.5, 0.885), "")
    for x, word, boxes, color in (
        (0.25, "no: the step", LEFT, style.BLUE),
        (0.75, "yes: the product", RIGHT, style.GREEN),
    ):
        _arrow(axes, (x, 0.775), (x, 0.645), word)
        top = 0.645
        for text in boxes:
            top -= _height(text) / 2
            _box(axes, x, top, text, color)
            top -= _height(text) / 2 + 0.02
    _box(axes, 0.5, 0.06, BOTTOM, style.PURPLE, 0.96)


class Healing:
    """One case and one cure: the error with nothing done, and with the cure."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self.failures = list(matrix)
        self.cures = [name for name in next(iter(matrix.values())) if name != "nothing"]

    def __call__(self, figure: Figure, failure: float, cure: float) -> str:
        """Draw both; the sentence says what became of the run."""
        case, name = self.failures[int(failure)], self.cures[int(cure)]
        figure.subplots_adjust(left=0.13, right=0.97, top=0.91, bottom=0.18)
        row, axes = self.matrix[case], figure.subplots()
        self._line(axes, row["nothing"], "nothing", style.RED, "--")
        if row[name]:
            self._line(axes, row[name], name, style.BLUE, "-")
        # Powers of ten on plain axes: a log scale takes twice as long to draw.
        axes.axhline(np.log10(row["nothing"].enough), color=style.INK, linestyle=":", linewidth=1.4)
        axes.set(xlabel="step", xlim=(-0.1, 2.8), ylim=(-4, TOP))
        axes.set_xticks([0, 1, 2], ["1", "10", "100"])
        axes.set_yticks(range(0, TOP + 1, 4), [f"1e{power}" for power in range(0, TOP + 1, 4)])
        axes.set_title(f"relative error: {case}")
        axes.legend(loc="upper right")
        first = f"{case}, with nothing done: {row['nothing'].word}."
        if row[name] is None:
            return f"{first} {name}: does not apply here, there is nothing to do it to."
        return f"{first} {name}: {row[name].word}."

    @staticmethod
    def _line(axes: Axes, outcome: Outcome, label: str, color: str, dashes: str) -> None:
        error = outcome.error[np.isfinite(outcome.error).all(axis=-1)]
        middle = np.log10(np.maximum(np.median(error, axis=-1), 1e-5))
        seen = len(middle) if (middle < TOP).all() else int(np.argmax(middle >= TOP))
        steps = np.log10(np.arange(1, len(middle) + 1))
        axes.plot(steps[:seen], middle[:seen], dashes, color=color, label=label)
        if seen < len(outcome.error):  # it left the picture, or no run is left
            last = max(seen - 1, 0)
            height = min(middle[last], TOP - 1)
            axes.plot(steps[last], height, "X", color=color, markersize=11, clip_on=False)
