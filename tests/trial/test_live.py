"""The live form of an interactive figure: drawn once, drawn ahead, and out of the way."""

import io

import pytest
from PIL import Image

from trial.page import live
from trial.page.interactive import explore
from trial.page.live import PAUSE, Live


class Loop:
    """The kernel's loop, turned by hand."""

    def __init__(self):
        self.now, self.waiting = 0.0, []

    def time(self):
        return self.now

    def call_soon_threadsafe(self, call, *arguments):
        self.waiting.append((self.now, call, arguments))

    def call_later(self, delay, call, *arguments):
        self.waiting.append((self.now + delay, call, arguments))

    def turn(self, times=1, late=0.0):
        """Let waiting calls have their turn, each `late` seconds after it was due."""
        for _ in range(times):
            due, call, arguments = self.waiting.pop(0)
            self.now = due + late
            call(*arguments)

    def run(self):
        while self.waiting:
            self.turn()


@pytest.fixture
def loop(monkeypatch):
    loop = Loop()
    monkeypatch.setattr(live.asyncio, "get_running_loop", lambda: loop)
    monkeypatch.setattr(Live, "latest", None)
    return loop


@pytest.fixture
def drawn():
    """The points that were drawn, in their order."""
    return []


@pytest.fixture
def explored(drawn):
    def draw(figure, a, b):
        drawn.append((a, b))
        figure.subplots().plot([0, a], [0, b])
        return f"A line from the origin to the point ({a:g}, {b:g}) <-- here."

    return explore(draw, a=[1, 2, 3], b=[1, 2], start={"b": 0}, figsize=(2, 1.5))


def test_a_slider_shows_the_picture_and_the_sentence_of_its_place(explored):
    shown = Live(explored)
    before = shown.image.value, shown.text.value
    shown.sliders[0].value = 3.0
    assert shown.place == (2, 0)
    assert "point (3, 1) &lt;-- here" in shown.text.value
    assert shown.image.value != before[0] and shown.text.value != before[1]
    assert Image.open(io.BytesIO(shown.image.value)).size == (200, 150)
    assert shown.image.value == Live(explored).at((2, 0))[0]


def test_a_picture_is_drawn_once(explored, drawn):
    shown = Live(explored)
    for k in (0, 1, 0, 1, 2, 1):
        shown.sliders[0].index = k
    assert drawn == [(2, 1), (1, 1), (3, 1)]


def test_the_kernel_draws_ahead_what_is_nearest(explored, drawn, loop):
    Live(explored)
    assert drawn == [(2, 1)]
    loop.turn(4)
    assert drawn[1:] == [(1, 1), (2, 2), (3, 1)]
    loop.turn(3)
    assert drawn[4:] == [(1, 2), (3, 2)]
    assert not loop.waiting  # all are drawn


def test_what_was_drawn_ahead_is_only_looked_up(explored, drawn, loop):
    shown = Live(explored)
    loop.turn(4)
    before = list(drawn)
    shown.sliders[0].index = 0
    assert "point (1, 1)" in shown.text.value and drawn == before


def test_it_draws_first_where_the_slider_is_moving(explored, drawn, loop):
    shown = Live(explored)
    shown.sliders[0].index = 0
    shown.sliders[0].index = 1
    loop.turn(2)
    assert drawn == [(2, 1), (1, 1), (3, 1)]
    shown.sliders[1].index = 1
    loop.turn(2)
    assert drawn[3:] == [(2, 2), (1, 2), (3, 2)]


def test_a_kernel_that_was_busy_is_left_alone(explored, drawn, loop):
    Live(explored)
    loop.turn()
    loop.turn(5, late=2 * PAUSE)
    assert drawn == [(2, 1)]
    loop.turn()
    assert len(drawn) == 2


def test_only_the_figure_moved_last_draws_ahead(explored, loop):
    first = Live(explored)
    loop.turn()
    second = Live(explored)
    loop.run()
    assert len(first.drawn) == 1 and len(second.drawn) == 6
    first.sliders[0].index = 0
    loop.run()
    assert len(first.drawn) == 6
