"""How long an explosion stands in the log, against gradient descent itself."""

import numpy as np
import pytest

from trial.chapters.faq.figures import LARGEST, SHARES, Overflow
from trial.page import style


@pytest.fixture(scope="module")
def overflow():
    return Overflow()


def descend(overflow, share, most):
    """Losses of gradient descent up to `most`."""
    w, losses = overflow.w0, []
    while (value := overflow.loss.value(w)) <= most:
        losses.append(value)
        w = w - share * overflow.limit * overflow.loss.gradient(w)
    return np.array(losses)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("precision", ["half", "single"])
def test_gradient_descent_passes_the_largest_float_at_that_step(overflow, share, precision):
    most = float(np.finfo({"half": np.float16, "single": np.float32}[precision]).max)
    losses = descend(overflow, share, most)
    seen, end = overflow.times(share, precision)
    assert end == len(losses) and seen == np.argmax(losses > 10 * losses[0])
    np.testing.assert_allclose(np.exp(overflow.logs(share, end - 1)), losses, rtol=1e-8)


def test_below_the_limit_the_loss_falls_to_its_minimum(overflow):
    logs = overflow.logs(0.9, 4000)
    assert (np.diff(logs) <= 1e-12).all() and logs[-1] == pytest.approx(overflow.least)


@pytest.mark.parametrize("share", SHARES)
def test_more_room_takes_longer_and_the_warning_comes_first(overflow, share):
    seen, ends = zip(*(overflow.times(share, precision) for precision in LARGEST), strict=True)
    assert len(set(seen)) == 1 and 0 < seen[0] < ends[0] < ends[1] < ends[2] < 4000


def test_the_sentence_and_the_marks_say_the_same(overflow):
    figure = style.new_figure(layout="none")
    sentence = overflow(figure, 1.5, 1)
    seen, end = overflow.times(1.5, "single")
    assert f"first value at iteration {seen} and overflows at iteration {end}" in sentence
    top, line, dot, cross = figure.axes[0].lines
    assert dot.get_xdata() == [seen] and cross.get_xdata() == [end - 1]
    assert line.get_ydata()[-1] <= top.get_ydata()[0] == pytest.approx(np.log10(np.finfo("f4").max))
