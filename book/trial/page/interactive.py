"""Interactive figures in one cell: alive with a kernel, and alive on a page without one.

`explore(draw, lam=[...], step=[...])` takes a function that draws one picture for given values:

    def draw(figure, lam, step):  # figure is empty; draw on it
        ...
        return "lam = 1, step = 0.1: gradient descent converges in 268 steps."

The sentence it returns is the picture's alternative text, the spoken value of the sliders and the
line below them. With a kernel, `live` draws on demand and ahead of it. Without one, self-contained
HTML carries one frame for each combination of values and a native range input for each parameter.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from trial.page import style

Draw = Callable[..., str]
STATIC = "REGLIB_STATIC"
"""While this variable is set nobody is there to move a live slider: builds and tests set it."""
DENSITY, SHADES = 1.25, 24
"""Dots per CSS pixel and colors of a frame, which then takes about 15 kB."""

# The slider positions give the frame's number, as in a table read row by row. Keys are kept from
# JupyterLab, which would move between cells. The markup needs no ids, so any number of figures may
# stand on a page.
SCRIPT = """\
(() => {
  const figure = document.currentScript.parentNode, image = figure.querySelector("img");
  const data = JSON.parse(figure.querySelector("script").textContent);
  const inputs = [...figure.querySelectorAll("input")], outputs = figure.querySelectorAll("output");
  const sentence = figure.querySelector(".trial-sentence");
  const show = () => {
    const at = inputs.reduce((n, input) => n * (+input.max + 1) + +input.value, 0);
    image.src = data.frames[at];
    image.alt = sentence.textContent = data.sentences[at];
    inputs.forEach((input, i) => {
      const value = data.values[i][+input.value];
      outputs[i].textContent = value;
      input.setAttribute("aria-valuetext", value);
    });
  };
  const fetchAll = () => data.frames.forEach((frame) => { new Image().src = frame; });
  for (const type of ["pointerenter", "focusin", "touchstart"])
    figure.addEventListener(type, fetchAll, { once: true, passive: true });
  figure.addEventListener("input", show);
  figure.addEventListener("keydown", (event) => event.stopPropagation());
})();"""


class Explore:
    """A figure with a slider for each parameter; see the module's docstring."""

    def __init__(
        self,
        draw: Draw,
        figsize: tuple[float, float],
        start: dict[str, int],
        labels: dict[str, str],
        grids: dict[str, list[float]],
        words: dict[str, Sequence[str]],
    ) -> None:
        self.draw, self.figsize, self.start = draw, figsize, start
        self.labels, self.grids = labels, grids
        self.words = words
        self.shown = {k: list(words.get(k) or map(number, grid)) for k, grid in grids.items()}

    @cached_property
    def figure(self) -> Figure:
        # Margins are fixed, so that nothing jumps between frames; `draw` may adjust them.
        figure = style.new_figure(self.figsize, layout="none")
        figure.subplots_adjust(left=0.13, right=0.97, top=0.93, bottom=0.14)
        return figure

    def sentence(self, values: Sequence[float]) -> str:
        """Draw one frame on the figure; returns what is to be seen."""
        for axes in self.figure.axes:
            self.figure.delaxes(axes)  # `clear` would first empty each of them, which takes longer
        self.figure.clear()
        with style.mpl.rc_context(style.LOOK):
            sentence = self.draw(self.figure, **dict(zip(self.grids, values, strict=True)))
        return style.checked_alt(sentence)

    def pixels(self, values: Sequence[float], density: float = DENSITY) -> tuple[Image.Image, str]:
        """The picture at `values`, and its sentence."""
        sentence = self.sentence(values)
        return style.pixels(self.figure, density), sentence

    def frame(self, values: Sequence[float]) -> tuple[str, str]:
        """The picture at `values` as a data address, and its sentence."""
        image, sentence = self.pixels(values)
        return style.data_uri(image, SHADES), sentence

    @cached_property
    def frames(self) -> list[tuple[str, str]]:
        """Every frame, the last parameter running fastest; one is packed while another is drawn."""
        with ThreadPoolExecutor(1) as packer:
            packed = []
            for values in itertools.product(*self.grids.values()):
                image, sentence = self.pixels(values)
                packed.append((packer.submit(style.data_uri, image, SHADES), sentence))
        return [(address.result(), sentence) for address, sentence in packed]

    @property
    def started(self) -> list[float]:
        return [grid[self.start[name]] for name, grid in self.grids.items()]

    def worded(self, name: str) -> str:
        """A class for the label of a slider with words: they need a line of their own."""
        return ' class="worded"' if name in self.words else ""

    def html(self) -> str:
        """The form that needs no kernel, no library and no request."""
        first = 0
        for name, grid in self.grids.items():
            first = first * len(grid) + self.start[name]
        addresses, sentences = zip(*self.frames, strict=True)
        values = list(self.shown.values())
        data = {"frames": addresses, "sentences": sentences, "values": values}
        # A sentence that holds "</" must not close the script it stands in.
        payload = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
        controls = "".join(
            f"<label{self.worded(name)}><span>{escape(self.labels[name])}</span>"
            f'<input type="range" min="0" step="1" max="{len(shown) - 1}" '
            f'value="{self.start[name]}" aria-valuetext="{escape(shown[self.start[name]])}" '
            'autocomplete="off">'
            f"<output>{escape(shown[self.start[name]])}</output></label>"
            for name, shown in self.shown.items()
        )
        image = style.image_tag(addresses[first], style.css_size(self.figure), sentences[first])
        return (
            f'<figure class="trial-explore"><div class="trial-controls">{controls}</div>'
            f'<p class="trial-sentence" role="status">{escape(sentences[first])}</p>{image}'
            "<noscript><p>The sliders need JavaScript; this is one of the pictures.</p></noscript>"
            f'<script type="application/json">{payload}</script>'
            f"<script>{SCRIPT}</script></figure>"
        )

    def still(self) -> tuple[str, str]:
        """The frame it shows first, on paper as lines, and its sentence."""
        if not os.environ.get(style.PAPER):
            return self.frame(self.started)
        sentence = self.sentence(self.started)
        return style.lines_uri(self.figure), sentence

    def widget(self) -> Any:
        """The live form: ipywidgets sliders and the picture they ask for."""
        from trial.page.live import Live

        return Live(self).view

    def _repr_mimebundle_(self, **_: Any) -> style.Bundle:
        plain = " x ".join(f"{name} ({len(grid)} values)" for name, grid in self.grids.items())
        address, sentence = self.still()
        size = style.css_size(self.figure)
        html = style.captioned(style.image_tag(address, size, sentence), sentence)
        paper, static = (os.environ.get(name) for name in (style.PAPER, STATIC))
        if static and not paper:
            html = self.html()
        data, metadata = style.bundle(html, f"explore {plain}", address, size, sentence)
        if not (paper or static):
            # JupyterLab shows the live view first; frames for all values would only make it wait.
            data = self.widget()._repr_mimebundle_() | data
        return data, metadata


def number(value: float) -> str:
    """A slider's value with three significant digits."""
    return f"{value:.3g}"


def explore(
    draw: Draw,
    *,
    figsize: tuple[float, float] = style.LOOK["figure.figsize"],
    start: dict[str, int] | None = None,
    labels: dict[str, str] | None = None,
    words: dict[str, Sequence[str]] | None = None,
    **grids: Sequence[float],
) -> Explore:
    """A figure with one slider for each keyword: `explore(draw, lam=[0, 1], step=[0.1, 0.2])`.

    draw(figure, **values) draws on the empty figure and returns a sentence that says what is to be
    seen. `start` gives the position (not the value) at which a slider begins, the middle where
    nothing is said; `labels` the names shown; `words` what a slider shows instead of its numbers,
    one word for each value. ValueError: no slider, or one with fewer than 2 values, a start outside
    its grid, or not as many words as values.
    """
    values = {name: [float(v) for v in grid] for name, grid in grids.items()}
    if not values:
        raise ValueError("explore needs at least one slider, for example lam=[0, 1, 2]")
    for name, grid in values.items():
        if len(grid) < 2 or not np.isfinite(grid).all():
            raise ValueError(f"{name} must have at least 2 values, all finite, got {grid}")
    start = {name: len(grid) // 2 for name, grid in values.items()} | (start or {})
    for name, at in start.items():
        if name not in values or at not in range(len(values[name])):
            raise ValueError(f"start[{name!r}] must be a position on its slider, got {at}")
    if unknown := set(labels or {}) - set(values):
        raise ValueError(f"labels must name sliders, got {sorted(unknown)}")
    labels = {name: name for name in values} | (labels or {})
    for name, spoken in (words or {}).items():
        if name not in values or len(spoken) != len(values[name]):
            raise ValueError(f"words[{name!r}] must have one word for each value of that slider")
    return Explore(draw, figsize, start, labels, values, dict(words or {}))
