"""Interactive figures: the frames, the kernel-free form, the live form, the errors."""

import base64
import io
import json
import re

import pytest
from PIL import Image

from trial.page import style
from trial.page.interactive import STATIC, explore


def draw(figure, a, b):
    figure.subplots().plot([0, a], [0, b])
    return f"A line from the origin to the point ({a:g}, {b:g})."


def make(**options):
    return explore(draw, a=[1, 2, 3], b=[1, 2], figsize=(2, 1.5), **options)


def payload(html):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html)[1])


def picture(address):
    head, data = address.split(",")
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_there_is_a_frame_for_each_combination_in_the_order_of_a_table():
    data = payload(make().html())
    assert data["values"] == [["1", "2", "3"], ["1", "2"]]
    points = [re.findall(r"\((.*)\)", s)[0] for s in data["sentences"]]
    assert points == ["1, 1", "1, 2", "2, 1", "2, 2", "3, 1", "3, 2"]


def test_neighboring_frames_differ():
    frames = payload(make().html())["frames"]
    assert len(set(frames)) == len(frames) == 6


def test_a_frame_is_the_picture_that_draw_made():
    explored = make()
    frame = picture(explored.frame([2.0, 1.0])[0])
    width, height = style.css_size(explored.figure)
    assert frame.size == (int(1.25 * width), int(1.25 * height))
    assert len(frame.getcolors()) > 3  # ink, paper and a line


def test_frames_are_the_same_bytes_every_time():
    assert make().html() == make().html()


def test_the_html_starts_at_the_given_positions_and_says_so():
    html = make(start={"a": 2, "b": 0}, labels={"a": "width <a>"}).html()
    data = payload(html)
    shown = re.search(r'<img src="([^"]+)" alt="([^"]+)" width="200" height="150"', html)
    assert shown[1] == data["frames"][4] and shown[2] == data["sentences"][4]
    assert "width &lt;a&gt;" in html and 'aria-valuetext="3"' in html


def test_a_slider_may_show_words_instead_of_numbers(monkeypatch):
    explored = make(words={"b": ["one & only", "two"]}, start={"b": 0})
    html = explored.html()
    assert payload(html)["values"] == [["1", "2", "3"], ["one & only", "two"]]
    assert html.count('<label class="worded">') == html.count("<label>") == 1
    assert 'aria-valuetext="one &amp; only"' in html and "<output>one &amp; only</output>" in html
    monkeypatch.delenv(STATIC)
    slider = explored.widget().children[1]
    assert slider.options == (("one & only", 1.0), ("two", 2.0))


@pytest.mark.parametrize("words", [{"b": ["one"]}, {"c": ["one", "two"]}])
def test_words_that_do_not_fit_a_slider_are_refused(words):
    with pytest.raises(ValueError, match="must have one word for each value"):
        make(words=words)


def test_the_html_asks_nobody_for_anything():
    html = make().html()
    assert not re.search(r"https?:|src=\"(?!data:)|@import|url\(", html)
    assert " id=" not in html  # so two figures on a page cannot collide


def test_without_a_kernel_there_is_html_and_a_picture(monkeypatch):
    monkeypatch.setenv(STATIC, "1")
    bundle, about = make()._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", "image/png"}
    assert bundle["text/plain"] == "explore a (3 values) x b (2 values)"
    assert about["image/png"]["alt"] == "A line from the origin to the point (2, 2)."


def test_the_live_form_keeps_a_picture_for_readers_without_a_kernel(monkeypatch):
    monkeypatch.delenv(STATIC)
    bundle, _ = make()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "point (2, 2)" in bundle["text/html"]


@pytest.mark.parametrize(
    ("grids", "start", "words"),
    [
        ({}, None, "at least one slider"),
        ({"a": [1]}, None, "a must have at least 2 values"),
        ({"a": [1, 2]}, {"a": 2}, r"start\['a'\] must be a position on its slider, got 2"),
        ({"a": [1, 2]}, {"b": 0}, r"start\['b'\] must be a position on its slider"),
    ],
)
def test_a_figure_that_cannot_be_explored(grids, start, words):
    with pytest.raises(ValueError, match=words):
        explore(draw, start=start, **grids)


def test_a_picture_without_a_sentence_is_refused():
    silent = explore(lambda figure, a: "Too short.", a=[1, 2])
    with pytest.raises(ValueError, match="alt must say what is to be seen"):
        silent.html()
