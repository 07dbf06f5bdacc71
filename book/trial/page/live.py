"""The live form of an interactive figure: sliders in JupyterLab, answered from pictures at hand.

To draw one picture takes matplotlib about a tenth of a second, which is as long as an answer may
take. So each picture is drawn once and kept (at most 4 MB for a figure of the book), and while the
kernel has nothing else to do the missing ones are drawn ahead, those next to the sliders first.
`draw` must therefore depend on its values alone; who changes it runs the figure's cell again.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import threading
from html import escape
from typing import Any, ClassVar

import ipywidgets

from trial.page import style

Place = tuple[int, ...]
PAUSE = 0.05
"""Seconds between two pictures drawn ahead, in which the kernel sees to what else is asked."""


class Live:
    """One slider for each parameter of an `Explore`; `view` holds them, sentence and picture."""

    latest: ClassVar[Live | None] = None
    """The figure shown or moved last: only this one draws ahead."""

    def __init__(self, explored: Any) -> None:
        self.explored, self.grids = explored, list(explored.grids.values())
        self.drawn: dict[Place, tuple[bytes, str]] = {}
        self.drawing = threading.Lock()  # JupyterLab answers sliders in a thread of their own
        self.sliders = [
            ipywidgets.SelectionSlider(
                options=list(zip(explored.shown[name], grid, strict=True)),
                index=explored.start[name],
                description=explored.labels[name],
                style={"description_width": "initial"},
                layout={"width": "min(100%, 30em)"},
            )
            for name, grid in explored.grids.items()
        ]
        width = f"{style.css_size(explored.figure)[0]}px"  # else the box would stretch it
        self.image = ipywidgets.Image(format="png", layout={"width": width, "max_width": "100%"})
        self.text = ipywidgets.HTML()
        self.view = ipywidgets.VBox([*self.sliders, self.text, self.image])
        try:
            self.loop = asyncio.get_running_loop()  # the kernel's, which runs this cell
        except RuntimeError:
            self.loop = None
        for slider in self.sliders:
            slider.observe(self.show, "index")
        self.shown = self.place
        self.show()

    @property
    def place(self) -> Place:
        return tuple(slider.index for slider in self.sliders)

    def show(self, _: Any = None) -> None:
        """Show the picture where the sliders stand, then draw ahead from there."""
        place = self.place
        # Who moved a slider is likely to move it as far again.
        ways = zip(self.shown, place, self.grids, strict=True)
        self.toward = tuple(min(max(2 * b - a, 0), len(grid) - 1) for a, b, grid in ways)
        self.shown = place
        self.image.value, self.text.value = self.at(place)
        if Live.latest is not self:
            Live.latest = self
            if self.loop:
                self.loop.call_soon_threadsafe(self.wait)

    def at(self, place: Place) -> tuple[bytes, str]:
        """The picture at `place` and its sentence, drawn when it is wanted for the first time."""
        if place not in self.drawn:
            with self.drawing:
                if place not in self.drawn:  # another thread may just have drawn it
                    self.drawn[place] = self.draw(place)
        return self.drawn[place]

    def draw(self, place: Place) -> tuple[bytes, str]:
        values = [grid[k] for grid, k in zip(self.grids, place, strict=True)]
        image, sentence = self.explored.pixels(values, density=1)
        stream = io.BytesIO()
        image.save(stream, "png", compress_level=1)
        return stream.getvalue(), escape(sentence)

    def nearest(self) -> Place | None:
        """Of the places whose picture is missing, the one nearest to where the sliders lead."""
        places = itertools.product(*(range(len(grid)) for grid in self.grids))
        missing = [place for place in places if place not in self.drawn]
        steps = [sum(abs(a - b) for a, b in zip(self.toward, p, strict=True)) for p in missing]
        return missing[steps.index(min(steps))] if missing else None

    def wait(self) -> None:
        self.loop.call_later(PAUSE, self.ahead, self.loop.time() + PAUSE)

    def ahead(self, due: float) -> None:
        """Draw one picture ahead, unless the kernel was busy until now: more may be to come."""
        place = self.nearest()
        if place is None or Live.latest is not self:
            return
        if self.loop.time() - due < PAUSE:
            self.at(place)
        self.wait()
