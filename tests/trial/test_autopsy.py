"""The helpers of the autopsy: what stops a run, what reading alone can find, and the pictures."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from reglib.datasets import article
from reglib.losses import SquaredError
from reglib.solvers import least_squares
from trial.chapters.autopsy import figures as autopsy
from trial.page import style

ROOT = Path(__file__).parents[2]
X, Y, _ = article()
LOSS = SquaredError(X, Y)
PICTURE = autopsy.TwoUpdates(LOSS, [3, 2])


@pytest.mark.parametrize(
    ("line", "error"),
    [("a = b", NameError), ("a = () / ()", TypeError), ("a = 1 / 0", ZeroDivisionError)],
)
def test_a_run_stops_at_the_first_line_that_raises(line, error):
    stop, values = autopsy.run(["first = 1", line, "first = 2"])
    assert (stop.at, stop.line, stop.error) == (1, line, error)
    assert stop.message and values["first"] == 1


def test_a_run_without_a_fault_has_no_stop_and_leaves_the_caller_alone():
    given = {"a": 1}
    stop, values = autopsy.run(["a = a + 1", "b = a"], **given)
    assert stop is None and values["b"] == 2 and given == {"a": 1}


def test_each_repair_uncovers_the_next_stop():
    lines = ["a = missing", "b = a + ''", "c = gone"]
    repairs = dict(zip(lines, ["a = 1", "b = a + 1", "c = b"], strict=True))
    stops, values = autopsy.repair_in_turn(lines, repairs)
    assert [stop.error for stop in stops] == [NameError, TypeError, NameError]
    assert [stop.at for stop in stops] == [0, 1, 2] and values["c"] == 2
    assert lines[0] == "a = missing"


def test_a_stop_without_a_repair_or_a_bad_repair_is_an_error():
    with pytest.raises(KeyError, match="b = gone"):
        autopsy.repair_in_turn(["a = 1", "b = gone"], {})
    with pytest.raises(KeyError, match="b = lost"):
        autopsy.repair_in_turn(["b = gone"], {"b = gone": "b = lost"})


def test_reading_finds_what_is_never_read_and_what_is_never_given():
    found = autopsy.names_of(["import os", "a = rate * abs(w)", "b = a"], known=["w"])
    assert found.unread == {"os", "b"} and found.unassigned == {"rate"}


def test_reading_finds_nothing_in_sound_code():
    found = autopsy.names_of(["w = w - s * w", "print(w)"], known=["s"])
    assert not found.unread and not found.unassigned


def test_the_decay_ignores_the_data_and_the_gradient_step_finds_the_fit():
    paths = PICTURE.paths(0.1)
    np.testing.assert_allclose(paths["decay"][:, 1], 2 * 0.9 ** np.arange(1001))
    assert (paths["decay"][:, 0] == 3).all()
    np.testing.assert_allclose(paths["gradient"][-1], least_squares(X, Y), atol=1e-6)
    step = np.array([3.0, 2.0]) - 0.1 * LOSS.gradient([3.0, 2.0])
    np.testing.assert_array_equal(paths["gradient"][1], step)


def frame(step, k):
    figure = style.new_figure((6, 6), layout="none")
    sentence = PICTURE(figure, step=step, k=k)
    return sentence, np.asarray(style.pixels(figure, 0.5))


def test_neighboring_frames_differ_in_picture_and_sentence():
    """Neighbors in k and in the step, and two late ones where both updates have run away."""
    frames = [frame(0.1, 1), frame(0.1, 10), frame(0.18, 10), frame(2.2, 300), frame(2.2, 1000)]
    for (one, first), (other, second) in zip(frames, frames[1:], strict=False):
        assert one != other and (first != second).any()


@pytest.mark.parametrize(
    ("step", "k", "words"),
    [
        (0.01, 1000, "decay alone has slope 0.000 and mean squared error 50.2"),
        (0.1, 1000, "gradient step has slope 3.500 and mean squared error 0.7 (the best fit)."),
        (0.18, 1000, "the gradient step has run away."),
        (2.5, 1000, "decay alone has run away; the gradient step has run away."),
        (1.0, 1, "decay alone has slope 0.000"),
    ],
)
def test_the_sentence_says_what_became_of_both(step, k, words):
    sentence, _ = frame(step, k)
    assert sentence.startswith(f"Step {step:g}, {k} iteration") and words in sentence


def test_the_table_of_the_listing_names_every_defect_once_and_before_any_claim():
    cells = nbformat.read(ROOT / "notebooks" / "autopsy.ipynb", as_version=4).cells
    at = next(k for k, cell in enumerate(cells) if "in our words" in cell.source)
    rows = [line for line in cells[at].source.split("\n") if line.startswith("| ")]
    named = [d for row in rows for d in re.findall(r"D\d+", row.rpartition(" | ")[2])]
    assert sorted(named, key=lambda d: int(d[1:])) == [f"D{k}" for k in range(1, 21)]
    assert not any('"D' in cell.source for cell in cells[:at])
