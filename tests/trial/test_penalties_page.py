"""The pictures of the chapter *What is a penalty?*, and its boundary experiment."""

import re

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.datasets import make_moons

from reglib.diagnostics import effective_dof
from reglib.losses import SquaredError
from reglib.penalties import L1, L2, ElasticNet, GroupLasso, Masked
from reglib.solvers import lasso_path, least_squares, ridge
from trial.chapters.penalties import figures as page
from trial.chapters.penalties import moons as trial
from trial.page import style

POINTS, CLASSES = make_moons(100, noise=0.25, random_state=0)


def squares(at):
    return np.column_stack([np.ones(len(at)), at, at**2, at[:, 0] * at[:, 1], at**3])


def line(at):
    return np.column_stack([np.ones(len(at)), at])


MOONS, STRAIGHT = trial.Moons(POINTS, CLASSES, squares), trial.Moons(POINTS, CLASSES, line)


@pytest.mark.parametrize("lam", [1e-4, 0.01, 1.0])
def test_newton_finds_the_minimum_that_scipy_finds(lam):
    loss, penalty = MOONS.loss, Masked(L2(lam), MOONS.mask)
    theirs = minimize(
        lambda w: loss.value(w) + penalty.value(w),
        np.zeros(8),
        jac=lambda w: loss.gradient(w) + penalty.subgradient(w),
        options={"gtol": 1e-9},
    )
    np.testing.assert_allclose(MOONS.weights(lam), theirs.x, atol=1e-5 * np.abs(theirs.x).max())


def test_a_circle_has_the_length_of_a_circle():
    x, y = np.meshgrid(np.linspace(-2, 2, 401), np.linspace(-2, 2, 401))
    pieces = trial.level_lines(x, y, x**2 + y**2 - 1)
    assert len(pieces) == 1
    np.testing.assert_allclose(trial.lengths(pieces[0]), 2 * np.pi, rtol=1e-4)


def test_the_boundary_of_a_linear_model_is_one_straight_piece():
    for lam in (1e-4, 0.1, 1.0):
        (piece,) = STRAIGHT.boundary(lam)
        chord = np.linalg.norm(piece[-1] - piece[0])
        np.testing.assert_allclose(trial.lengths(piece), chord, rtol=1e-9)
        assert np.abs(line(piece) @ STRAIGHT.weights(lam)).max() < 1e-9


def test_the_score_is_zero_on_a_curved_boundary():
    scores = [squares(piece) @ MOONS.weights(0.01) for piece in MOONS.boundary(0.01)]
    assert scores and max(np.abs(s).max() for s in scores) < 1e-2


def test_accuracy_counts_the_points_on_the_right_side():
    at = np.array([[0.0, 5.0], [0.0, -5.0]])
    side = line(at) @ STRAIGHT.weights(0.01) > 0
    assert STRAIGHT.accuracy(0.01, at, side) == 1
    assert STRAIGHT.accuracy(0.01, at, ~side) == 0


def test_the_limit_is_two_over_the_top_curvature():
    H = MOONS.curvature(0.1) + 0.1 * np.diag(MOONS.mask.astype(float))
    np.testing.assert_allclose(MOONS.limit(0.1), 2 / np.linalg.eigvalsh(H)[-1])


def test_runs_diverge_exactly_beyond_two_over_lam():
    lam, step = np.array([0.1, 0.5, 2.0]), np.array([0.5, 3.0, 5.0])
    grid = {"lam": lam[:, None], "step": step[:, None, None]}
    ends = trial.descend(MOONS, **grid, placement="coupled", n_iter=400).diverged_at
    np.testing.assert_array_equal(ends >= 0, step[:, None] * lam > 2)
    assert (trial.descend(MOONS, **grid, placement="proximal", n_iter=400).diverged_at < 0).all()


def test_the_three_bounds_of_the_logistic_theorem():
    G, rng = np.linalg.norm(MOONS.loss.X, axis=1).mean(), np.random.default_rng(0)
    for step, lam in zip(
        10.0 ** rng.uniform(-1, 2, 20), 10.0 ** rng.uniform(-2, 1, 20), strict=True
    ):
        free = trial.descend(MOONS, 0.0, step, "coupled", 50).path
        k = np.arange(51)
        assert (np.linalg.norm(free, axis=1) <= step * k * G + 1e-9).all()
        near = trial.descend(MOONS, lam, step, "proximal", 50).path[:, 1:]
        assert (np.linalg.norm(near, axis=1) <= G / lam).all()


@pytest.mark.parametrize(
    ("lam", "step", "words"),
    [
        (0.01, 0.5, r"product 0.005: .* coupled L2 keeps ‖w‖ below \d+, proximal L2 keeps"),
        (1.0, 3.0, r"product 3: .* coupled L2 diverges at iteration \d+, proximal L2 keeps"),
    ],
)
def test_the_sentence_says_how_both_runs_end(lam, step, words):
    drawing = trial.Trial(MOONS, [0.01, 1.0], [0.5, 3.0])
    figure = style.new_figure((6, 6.8), layout="none")
    sentence = drawing(figure, lam, step)
    assert f"the boundary is {MOONS.length(lam):.2f} long" in sentence
    assert re.search(words, sentence)
    assert len(figure.axes) == 2 and len(figure.axes[1].lines) == 3


@pytest.mark.parametrize(
    ("penalty", "across", "first", "diagonal"),
    [
        (L1(1.0), np.eye(2), 1.0, 0.5),
        (L2(1.0), np.eye(2), np.sqrt(2), 1.0),
        (ElasticNet(1.0, 0.5), np.eye(2), np.sqrt(5) - 1, None),
        (GroupLasso(1.0, [0, 0, 1]), [[1, 0, 0], [0, 0, 1]], 1 / np.sqrt(2), 1 / (1 + np.sqrt(2))),
        (GroupLasso(1.0, [0, 0, 1]), [[1, 0, 0], [0, 1, 0]], 1 / np.sqrt(2), 0.5),
    ],
    ids=["L1", "L2", "elastic net", "across groups", "within a group"],
)
def test_a_ball_is_where_the_price_is_one(penalty, across, first, diagonal):
    curve = page.ball(penalty, across)
    np.testing.assert_allclose(penalty.value(curve @ np.asarray(across)), 1, rtol=1e-12)
    np.testing.assert_allclose(curve[0], [first, 0], atol=1e-12)
    if diagonal:
        np.testing.assert_allclose(curve[90], [diagonal, diagonal], rtol=1e-9)  # 45 degrees


def test_a_hard_threshold_keeps_a_weight_or_drops_it():
    np.testing.assert_array_equal(page.hard_threshold(np.array([-2, 0.5, 3]), 1.0), [-2, 0, 3])


def test_the_fits_lie_on_the_balls_drawn_through_them():
    for penalty, w in ((L1(1.0), [1.0, -2.0]), (L2(1.0), [1.0, -2.0])):
        np.testing.assert_allclose(penalty.value(np.array(w) / page._reach(penalty, w)), 1)


def test_every_picture_can_be_drawn():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 2)), rng.standard_normal(30)
    found = {
        "none": least_squares(X, y),
        "L1": lasso_path(X, y, [0.01]).w[0],
        "L2": ridge(X, y, 0.1),
    }
    lams = np.geomspace(1e-3, 1, 20)
    dof = effective_dof(X, lams[:, None])
    pictures = [
        (2, page.draw_prices, ()),
        (4, page.draw_balls, ()),
        (2, page.draw_touching, (SquaredError(X, y), found, ("a", "b"))),
        (1, page.draw_beliefs, (lams, (dof - 1.5) ** 2, 0.1)),
        (2, page.draw_complexity, (lams, dof, (dof - 1.5) ** 2)),
        (1, page.draw_singular, ({"before": dof, "after": dof / 2},)),
        (2, trial.draw_boundaries, (MOONS, STRAIGHT, [0.01, 1.0])),
    ]
    for panels, draw, what in pictures:
        figure = style.new_figure()
        assert len(draw(figure, *what)) > 60  # the alternative text
        assert len(figure.axes) == panels
        assert np.ptp(style.pixels(figure, 0.5)) > 100


def test_the_words_of_a_picture_hold_its_numbers():
    lams, errors = np.array([0.01, 0.1, 1.0]), np.array([3.0, 1.0, 2.0])
    assert "lowest at 0.1. " in page.draw_beliefs(style.new_figure(), lams, errors, 0.2)
    words = page.draw_singular(style.new_figure(), {"before": np.array([3.0, 1.0])})
    assert "before from 3 to 1." in words


def test_turning_is_that_of_a_circle_and_of_a_straight_line_on_a_jagged_grid():
    angle = np.linspace(0, 2 * np.pi, 2001)
    for radius in (1.0, 3.0):
        circle = radius * np.column_stack([np.cos(angle), np.sin(angle)])
        assert abs(trial.turning(circle) / (2 * np.pi) - 1) < 0.06 / radius
    jags = 1e-4 * np.random.default_rng(0).standard_normal((2001, 2))
    line = np.column_stack([np.linspace(0, 3, 2001), np.linspace(0, 1, 2001)])
    assert trial.turning(line) < 1e-9 and trial.turning(line + jags) < 0.5
