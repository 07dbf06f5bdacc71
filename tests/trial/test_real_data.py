"""The pictures and measures of the chapter on real data."""

import numpy as np
import pytest

from reglib.datasets import diabetes
from reglib.solvers import lasso_path
from trial.chapters.real_data import figures as real_data
from trial.page import style

X, Y, NAMES = diabetes()
CENTERED = Y - Y.mean()


def test_right_digits_count_the_worst_weight():
    assert real_data.right_digits([1.0, 2.0], [1.0, 2.0]) > 15
    np.testing.assert_allclose(real_data.right_digits([1.0, 2.002], [1.0, 2.0]), 3, atol=1e-6)


def test_steps_per_digit_follow_the_condition_number():
    """At condition 3 every step halves the distance."""
    np.testing.assert_allclose(real_data.steps_per_digit(3.0), np.log2(10))


@pytest.mark.parametrize(
    ("lam", "ratio", "words"),
    [
        (1.0, 1.0, "7 of 10 weights are left, the largest is bmi"),
        (1.0, 0.0, "10 of 10 weights are left"),
        (100.0, 1.0, "0 of 10 weights are left; together they are 0%"),
    ],
)
def test_the_sentence_counts_the_weights_that_are_left(lam, ratio, words):
    figure = style.new_figure(layout="none")
    sentence = real_data.Coefficients(X, CENTERED, NAMES)(figure, lam=lam, l1_ratio=ratio)
    assert words in sentence


def test_every_weight_has_a_line_and_the_labeled_ones_a_name():
    figure = style.new_figure()
    real_data.draw_path(figure, lasso_path(X, CENTERED), NAMES, ["bmi", "s5"])
    (axes,) = figure.axes
    assert len(axes.lines) == 10
    assert {text.get_text() for text in axes.texts} == {"bmi", "s5"}
    heights = [text.xy[1] for text in axes.texts]
    assert np.diff(sorted(heights)) > 3  # legible one above the other
    assert len({(line.get_color(), str(line.get_linestyle())) for line in axes.lines}) == 10


def test_the_reference_sets_are_whole_and_drawn_with_every_way():
    sets = real_data.reference_sets()
    assert len(sets) == 11
    assert all(A.shape == (len(b), len(w)) for A, b, w in sets.values())
    ways = {"a": 3.0, "b": -0.2, "c": 16.0}
    figure = style.new_figure((6, 5))
    real_data.draw_digits(figure, dict.fromkeys(sets, ways))
    (axes,) = figure.axes
    assert [line.get_xdata()[0] for line in axes.lines] == [3, 0, 16]
    assert [t.get_text() for t in axes.get_yticklabels()] == list(sets)
