"""The first chapter: two kinds of explosion, each known from the other by what was measured."""

import re

import numpy as np
import pytest

from reglib.datasets import leaky_memory
from reglib.diagnostics import gradient_error, jacobian_norms, step_limit
from reglib.losses import SquaredError
from reglib.networks import RNN
from reglib.optimizers import ClipByNorm, Optimizer
from reglib.training import train
from trial.chapters.two_explosions import figures as two
from trial.page import style

GAINS, STEPS = [0.5, 1.5], [1e-3, 0.01, 1.0]
NET = RNN(*leaky_memory(np.random.default_rng(0), 16, 40), 16, "linear")
START = NET.init(np.random.default_rng(2), gain=np.array(GAINS)[:, None])


def titles(figure):
    return [axes.get_title(loc="center") + axes.get_title(loc="left") for axes in figure.axes]


@pytest.fixture(scope="module")
def kinds():
    return two.TwoKinds(NET, START, GAINS, STEPS)


@pytest.mark.parametrize("loss", [two.Quartic(), two.Chain(3), two.Chain(10)])
def test_the_chapter_s_losses_have_the_gradients_of_their_values(loss):
    for w in ([1.5], [-1.2]):
        assert gradient_error(loss, w) < 1e-6
    assert loss.value(np.ones((4, 2, 1))).shape == (4, 2)


@pytest.mark.parametrize(("share", "stuck"), [(0.95, False), (1.05, True)])
def test_clipping_saves_the_quartic_exactly_below_the_bound(share, stuck):
    """At s^3 c^2 = 8 the two-cycle of size s c / 2 reaches the unclipped region."""
    step, c = 0.1, share * np.sqrt(8 / 0.1**3)
    w0 = np.append(np.linspace(-1000, 1000, 201), step * c / 2)[:, None]
    run = train(two.Quartic(), Optimizer(ClipByNorm(c), learning_rate=step), w0, n_steps=500)
    assert (np.abs(run.w[-1]) > 1).all() == stuck
    assert not run.diverged.any() and ((np.abs(run.w) > 1).any() == stuck)


def test_the_product_of_the_saturated_tanh_network_doubles_though_its_radius_is_zero():
    W = np.array([[8.0, 8.0], [-8.0, -8.0]])
    target = np.array([0.0, 0.5])
    x = np.arctanh(target)
    assert np.allclose(W @ np.tanh(x) + (x - W @ target), x)  # the bias makes it a fixed point
    norms = jacobian_norms([W * (1 - np.tanh(x) ** 2)] * 10)
    assert np.allclose(norms[1:] / norms[:-1], 2) and np.allclose(W @ W, 0)


def test_each_kind_is_told_from_the_other(kinds):
    assert [[kinds.kind(g, s) for s in range(3)] for g in range(2)] == [[0, 0, 1], [2, 2, 2]]


def test_the_first_gradient_does_not_depend_on_the_step(kinds):
    first = kinds.history.gradient_norm[0]
    assert (first == first[:, :1]).all() and first[1, 0] > 1e12 * first[0, 0]


def test_a_network_whose_product_is_short_has_no_second_kind():
    """The same weights on sequences of two steps: an explosion there is the step's."""
    short = RNN(*leaky_memory(np.random.default_rng(0), 16, 2), 16, "linear")
    kinds = two.TwoKinds(short, START, GAINS, [1e-3, 10.0])
    assert [[kinds.kind(g, s) for s in range(2)] for g in range(2)] == [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("gain", "step", "words"),
    [
        (0.5, 0.01, r"the first gradient is 9\.1\..* No explosion within 40 iterations\."),
        (0.5, 1.0, r"explodes at iteration \d+, with 36 times the stable step: the first kind"),
        (1.5, 1e-3, r"7\.2e\+15\. .* explodes at iteration 1: the second kind.* be 7e-18\."),
    ],
)
def test_the_sentence_names_the_kind(kinds, gain, step, words):
    figure = style.new_figure((6, 5.4), layout="none")
    sentence = kinds(figure, gain=gain, step=step)
    assert sentence.startswith(f"Gain {gain:g}, step {step:g}: ")
    assert re.search(words, sentence), sentence
    assert titles(figure) == [
        "over training",
        "through time, before the first step",
    ]


def test_a_run_is_drawn_to_its_last_gradient_that_is_a_number():
    figure = style.new_figure()
    runs = {"one": {"a": [1.0, 1e3, np.inf], "b": [1.0, 0.1, 0.01]}, "two": {"a": [10.0]}}
    alt = two.draw_two_runs(figure, runs, length=2)
    lines = [list(line.get_ydata()) for line in figure.axes[0].lines]
    assert lines == [[0, 3], [3], [0, -1, -2]]
    assert [list(line.get_ydata()) for line in figure.axes[1].lines] == [[1], [1]]  # and a cross
    assert titles(figure) == ["one", "two"]
    assert "one, a from 1e+00 to 1e+03 at 1, with a cross; one, b from 1e+00 to 1e-02" in alt


def test_the_pictures_show_what_they_were_given():
    figure = style.new_figure()
    assert "peaks at 10 with 1 factors and ends at 0.1" in two.draw_powers(
        figure, np.array([10.0, 1.0, 0.1]), sigma=10.0, radius=0.1
    )
    drawn = [list(np.round(line.get_ydata(), 9)) for line in figure.axes[0].lines[:3]]
    assert drawn == [[1, 0, -1], [1, 2, 3], [-1, -2, -3]]

    figure = style.new_figure()
    alt = two.draw_profiles(figure, {"a": [1.0, 10.0], "b": [100.0, 1.0]})
    assert "b from 1 at the right to 1e+02 at the left" in alt
    assert [list(line.get_ydata()) for line in figure.axes[0].lines] == [[0, 1], [2, 0]]

    figure = style.new_figure()
    assert "a to about 1." in two.draw_products(figure, {"a": np.ones((5, 7))}, {"a": 0.5})
    assert len(figure.axes[0].lines) == 6
    assert list(figure.axes[0].lines[-1].get_ydata()) == [0.5 * k for k in range(1, 8)]

    figure = style.new_figure()
    alt = two.draw_basin(figure, [1, 2, 3, 4], {"a": [4, 3, 2, 1]}, [np.array([4, 3, 2, 1])])
    assert "a from 4 at step 1 to 1." in alt
    assert list(figure.axes[0].lines[1].get_ydata()) == [4, 1]


def test_fewer_columns_never_lower_the_limit():
    """Interlacing: any subset of any matrix, and equality where the rest has no curvature."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, p = rng.integers(1, 12, 2)
        X = rng.standard_normal((n, p)) * 10 ** rng.uniform(-2, 2, p)
        some = rng.permutation(p)[: rng.integers(1, p + 1)]
        whole, part = (step_limit(SquaredError(A, np.zeros(n))) for A in (X, X[:, some]))
        assert part >= whole * (1 - 1e-12)
    padded = SquaredError([[1.0, 0.0], [2.0, 0.0]], [0.0, 0.0])
    assert step_limit(padded) == step_limit(SquaredError([[1.0], [2.0]], [0.0, 0.0]))
