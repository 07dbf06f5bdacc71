"""Figures and tables as a page receives them."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from reglib.penalties import L1, L2
from trial.page import style


@pytest.fixture
def shown(monkeypatch):
    """What a cell would display."""
    bundles = []
    monkeypatch.setattr(style, "display", lambda data, **_: bundles.append(data))
    return bundles


ALT = "A straight line that rises from the lower left to the upper right."


def test_a_figure_carries_its_alternative_text_caption_and_size(shown):
    figure = style.new_figure((3, 2))
    figure.subplots().plot([0, 1])
    style.show(figure, alt=ALT, caption="It rises & <rises>.")
    html = shown[0]["text/html"]
    assert f'alt="{ALT}" width="300" height="200" loading="lazy"' in html
    assert "<figcaption>It rises &amp; &lt;rises&gt;.</figcaption>" in html
    assert ALT in shown[0]["text/plain"]  # so that a changed number fails the comparison


def test_a_viewer_that_strips_html_has_the_same_picture_to_the_dot(shown):
    figure = style.new_figure((3, 2))
    axes = figure.subplots()
    for color in style.COLORS:
        axes.plot(np.random.default_rng(0).normal(size=20), color=color, alpha=0.5)
    style.show(figure, alt=ALT)
    address = re.search(f'{style.WEBP}([^"]+)', shown[0]["text/html"])[1]
    ours, plain = (
        Image.open(io.BytesIO(base64.b64decode(text))) for text in (address, shown[0]["image/png"])
    )
    assert plain.format == "PNG"
    assert plain.size == (600, 400)
    assert np.array_equal(np.asarray(ours.convert("RGB")), np.asarray(plain.convert("RGB")))


def test_paper_has_lines_and_no_dots(shown, monkeypatch):
    monkeypatch.setenv(style.PAPER, "1")
    style.show(style.new_figure((3, 2)), alt=ALT)
    assert set(shown[0]) == {"text/html", "text/plain"}
    assert "data:image/svg+xml" in shown[0]["text/html"]


def test_a_figure_without_a_real_alternative_text_is_refused(shown):
    with pytest.raises(ValueError, match=r"must say what is to be seen .*got 'a plot'"):
        style.show(style.new_figure(), alt="a plot")
    assert not shown


def test_a_table_has_headings_a_reader_of_the_screen_can_use(shown):
    style.table(["step", "fate"], [["0.1", "a < b"], ["0.2", "gone"]], caption="Two steps")
    html = shown[0]["text/html"]
    assert re.findall(r'scope="(\w+)"', html) == ["col", "col", "row", "row"]
    assert "a &lt; b" in html and "<caption>Two steps</caption>" in html
    assert shown[0]["text/plain"] == "Two steps\nstep | fate\n0.1 | a < b\n0.2 | gone"


def test_a_listing_is_the_tested_code_itself(shown):
    style.show_source(L2.prox)
    assert "return w / (1 + step * self.lam)" in shown[0]["text/plain"]
    assert shown[0]["text/markdown"].startswith("```python\ndef prox(self")


def test_methods_in_one_listing_are_told_apart_by_their_classes(shown):
    style.show_source(L1.prox, style.show_source, L2.prox)
    lines = shown[0]["text/plain"].splitlines()
    assert [line for line in lines if line.startswith("# ")] == ["# L1", "# L2"]


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("color", style.COLORS)
def test_every_line_stands_out_on_white(color):
    assert 1.05 / (luminance(color) + 0.05) >= 3


def test_no_two_lines_look_alike_without_color():
    assert len(set(style.STYLES)) == len(style.STYLES) == len(style.COLORS)


def test_few_colors_keep_the_paper_white_and_the_lines_in_their_color():
    figure = style.new_figure((3, 2))
    figure.subplots().plot([0, 1], color=style.RED)
    address = style.data_uri(style.pixels(figure, 1.25), 16)
    picture = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB")
    colors = [color for _, color in picture.getcolors()]
    red = tuple(int(style.RED[i : i + 2], 16) for i in (1, 3, 5))
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert min(max(abs(a - b) for a, b in zip(red, color, strict=True)) for color in colors) <= 12
