"""One look for every figure and table, and alternative texts that cannot be forgotten."""

from __future__ import annotations

import base64
import inspect
import io
import os
import re
import textwrap
from collections.abc import Sequence
from html import escape
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito's colors, darkened until each has a contrast of 3 or more on white; line styles
# tell them apart without color.
BLUE, RED, GREEN, PURPLE, BROWN = "#0060a8", "#c4460a", "#00785a", "#a8447e", "#8a6d00"
INK, FAINT = "#1b1f24", "#d9dde2"
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
COLORS = (BLUE, RED, GREEN, PURPLE, BROWN)
LOOK = {
    "figure.figsize": (6.0, 3.8),  # 6 inches with 12-point type stay readable 350 pixels wide
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 12,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titley": 1.0,  # where it would stand anyway; to find that out takes a tenth of a drawing
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=STYLES),
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "lines.linewidth": 2,
    "legend.frameon": False,
    "legend.fontsize": 11,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
WEBP = "data:image/webp;base64,"
PAPER = "REGLIB_PAPER"
"""While this variable is set figures are lines, not dots: the book is being printed."""
SMALLEST_ALT = 40
"""An alternative text shorter than this cannot say what is to be seen."""


def use() -> None:
    """Give matplotlib the book's look."""
    mpl.rcParams.update(LOOK)


def new_figure(figsize: tuple[float, float] | None = None, layout: str = "constrained") -> Figure:
    """A figure that belongs to no window, so that showing it twice is impossible."""
    with mpl.rc_context(LOOK):
        figure = Figure(figsize=figsize or LOOK["figure.figsize"], layout=layout)
    FigureCanvasAgg(figure)
    return figure


def pixels(figure: Figure, density: float) -> Image.Image:
    """The figure drawn at `density` dots per CSS pixel."""
    figure.set_dpi(LOOK["figure.dpi"] * density)
    with mpl.rc_context(LOOK):
        figure.canvas.draw()
    return Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")


def data_uri(image: Image.Image, colors: int) -> str:
    """The picture as a lossless WebP address; few colors make it small without a blur."""
    # Maximum coverage: a median cut would give a thin line the color of its neighbors.
    method = Image.Quantize.MAXCOVERAGE
    few = image.quantize(colors, method=method, dither=Image.Dither.NONE).convert("RGB")
    stream = io.BytesIO()
    few.save(stream, "webp", lossless=True, quality=70, method=4)
    return WEBP + base64.b64encode(stream.getvalue()).decode()


def _png(address: str) -> str:
    """The picture of a WebP address as PNG, the same to the dot, in base64."""
    picture = Image.open(io.BytesIO(base64.b64decode(address.removeprefix(WEBP))))
    few = picture.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE)
    stream = io.BytesIO()
    few.save(stream, "png", optimize=True)
    return base64.b64encode(stream.getvalue()).decode()


Bundle = tuple[dict[str, str], dict[str, dict]]


def bundle(html: str, plain: str, address: str, size: tuple[int, int], alt: str) -> Bundle:
    """Data and metadata of a figure: its HTML, its words, and for viewers that strip HTML a PNG."""
    data = {"text/html": html, "text/plain": plain}
    if not address.startswith(WEBP):
        return data, {}
    width, height = size
    return data | {"image/png": _png(address)}, {
        "image/png": {"width": width, "height": height, "alt": alt}
    }


def lines_uri(figure: Figure) -> str:
    """The figure as an SVG address, sharp at any size."""
    stream = io.BytesIO()
    with mpl.rc_context(LOOK):
        figure.savefig(stream, format="svg")
    # An e-reader wants no address of a document type, and a path that says its (empty) way.
    lines = re.sub(rb"<!DOCTYPE.*?>", b"", stream.getvalue(), flags=re.DOTALL)
    lines = re.sub(rb"<path (?![^>]*\bd=)", b'<path d="" ', lines)
    return "data:image/svg+xml;base64," + base64.b64encode(lines).decode()


def image_tag(address: str, size: tuple[int, int], alt: str) -> str:
    """An <img> with its size in CSS pixels, so that nothing jumps while it loads."""
    width, height = size
    return (
        f'<img src="{address}" alt="{escape(alt)}" width="{width}" height="{height}" '
        'loading="lazy" decoding="async" style="max-width:100%;height:auto">'
    )


def css_size(figure: Figure) -> tuple[int, int]:
    """Width and height of a figure in CSS pixels."""
    return tuple(round(side * LOOK["figure.dpi"]) for side in figure.get_size_inches())


def checked_alt(alt: str) -> str:
    """`alt`, or an error when it is too short to be of use."""
    if not isinstance(alt, str) or len(alt) < SMALLEST_ALT:
        raise ValueError(
            f"alt must say what is to be seen (>= {SMALLEST_ALT} letters), got {alt!r}"
        )
    return alt


def captioned(image: str, caption: str) -> str:
    """An image tag in a <figure> with its caption."""
    return (
        f'<figure class="trial-figure">{image}<figcaption>{escape(caption)}</figcaption></figure>'
    )


def show(figure: Figure, alt: str, caption: str = "") -> None:
    """Display a figure; `alt` says what is to be seen, `caption` what it means."""
    paper = os.environ.get(PAPER)
    address = lines_uri(figure) if paper else data_uri(pixels(figure, 2), 64)
    size = css_size(figure)
    html = captioned(image_tag(address, size, checked_alt(alt)), caption)
    data, metadata = bundle(html, f"{caption}\n{alt}".strip(), address, size, alt)
    display(data, metadata=metadata, raw=True)


def say(text: str) -> None:
    """Display a sentence with numbers that were just computed, as Markdown."""
    display({"text/markdown": text, "text/plain": text}, raw=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], caption: str) -> None:
    """Display rows of ready-made strings; the first cell of a row is its heading."""
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    html = (
        f'<table class="trial-table"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    plain = "\n".join(" | ".join(map(str, row)) for row in [columns, *rows])
    display({"text/html": html, "text/plain": f"{caption}\n{plain}"}, raw=True)


def show_source(*objects: Any) -> None:
    """Display the source of functions, classes or methods: the tested code, never a second copy.

    Where there are several, the name of its class stands above a method.
    """
    listings = [textwrap.dedent(inspect.getsource(o)).rstrip() for o in objects]
    owners = [o.__qualname__.rpartition(".")[0] for o in objects if len(objects) > 1]
    for k, owner in enumerate(owners):
        listings[k] = f"# {owner}\n{listings[k]}" if owner else listings[k]
    listing = "\n\n".join(listings)
    text = f"```python\n{listing}\n```"
    display({"text/markdown": text, "text/plain": listing}, raw=True)
