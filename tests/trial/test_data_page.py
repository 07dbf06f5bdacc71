"""What the chapter on data computes: noise as ridge, bad numbers, samples from one corner."""

import numpy as np
import pytest

from reglib.datasets import Augmented, article, diabetes
from reglib.diagnostics import step_limit
from reglib.losses import HuberLoss, SquaredError
from reglib.solvers import gradient_descent, ridge
from reglib.tuning import cross_validate, kfold
from trial.chapters.data import figures as data_page
from trial.chapters.data import sliders as data_moves
from trial.page import style

X5, Y5, _ = article()
POINTS, CENTERED = X5[:, 1] - 3, Y5 - Y5.mean()
RNG = np.random.default_rng(0)
TABLE, TARGETS = RNG.standard_normal((60, 3)), RNG.standard_normal(60)
LAMS = np.geomspace(1e-3, 10, 9)


@pytest.mark.parametrize(("sigma", "copies"), [(1.0, 584), (0.5, 208)])
def test_a_percent_of_error_takes_hundreds_of_copies(sigma, copies):
    needed = data_page.slope_variance(POINTS, CENTERED, sigma) / 0.01**2
    assert round(needed) == copies


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_the_measured_error_of_the_slope_is_what_the_delta_method_says(sigma):
    counts = [100, 400]
    rng = np.random.default_rng(1)
    errors = data_page.slope_errors(POINTS, CENTERED, sigma, counts, 200_000, rng)
    formula = np.sqrt(data_page.slope_variance(POINTS, CENTERED, sigma) / np.array(counts))
    np.testing.assert_allclose(errors, formula, rtol=0.12)
    np.testing.assert_allclose(errors[0] / errors[1], 2, rtol=0.12)


def test_without_noise_there_is_no_error_and_no_variance():
    rng = np.random.default_rng(1)
    errors = data_page.slope_errors(POINTS, CENTERED, 0.0, [1, 7], 20, rng)
    np.testing.assert_allclose(errors, 0, atol=1e-14)
    assert data_page.slope_variance(POINTS, CENTERED, 0.0) == 0


def test_errors_are_those_of_a_fit_that_saw_the_training_rows_only():
    def fit(Z, r, rng):
        assert Z.shape == (20, 3)
        np.testing.assert_allclose([Z.mean(), r.mean()], 0, atol=1e-14)
        return ridge(Z, r, LAMS[:, None])

    train, test = data_page.split_errors(TABLE, TARGETS, 20, range(4), fit)
    assert train.shape == test.shape == (4, 9)
    assert (np.diff(train, axis=1) > 0).all()  # ridge fits its own rows less closely as lam grows


def test_a_fit_to_noisy_copies_comes_near_to_ridge():
    variances = [0.0, 0.5, 2.0]
    noisy = data_page.noisy_fit(variances, copies=4000)(TABLE, TARGETS, np.random.default_rng(2))
    exact = ridge(TABLE, TARGETS, np.array(variances)[:, None])
    np.testing.assert_allclose(noisy[0], exact[0], atol=1e-12)
    np.testing.assert_allclose(noisy, exact, atol=0.01)


@pytest.mark.parametrize("factor", [1000.0, 0.0, -3.0])
def test_limits_with_a_bad_cell_are_those_of_a_table_that_has_it(factor):
    limits = data_page.limits_with_a_bad_cell(TABLE, factor)
    for i, j in ((0, 0), (7, 2), (59, 1)):
        spoiled = TABLE.copy()
        spoiled[i, j] *= factor
        expected = step_limit(SquaredError(spoiled, TARGETS))
        np.testing.assert_allclose(limits[i, j], expected, rtol=1e-9)
        assert limits[i, j] <= 2 * 60 / max(spoiled[i, j] ** 2, 1e-300)  # the theorem's bound


def test_the_first_cell_of_the_diabetes_data_divides_the_limit_by_360():
    X = diabetes().X
    before = step_limit(SquaredError(X, np.zeros(442)))
    divided = before / data_page.limits_with_a_bad_cell(X, 1000)
    np.testing.assert_allclose([before, divided[0, 0]], [0.496992, 360.5], rtol=1e-3)


def test_spoiled_targets_are_a_copy_with_a_few_multiplied():
    before = TARGETS.copy()
    bad = data_page.spoiled(TARGETS, 5, 20, np.random.default_rng(3))
    assert np.array_equal(TARGETS, before)
    changed = np.flatnonzero(bad != TARGETS)
    assert len(changed) == 5
    np.testing.assert_array_equal(bad[changed], 20 * TARGETS[changed])


@pytest.mark.parametrize("delta", [0.2, 1.0, 50.0])
def test_the_huber_fit_is_the_minimum_that_plain_gradient_descent_finds(delta):
    y = TARGETS + 40 * (np.arange(60) == 3)
    loss = HuberLoss(np.column_stack([np.ones(60), TABLE]), y, delta)
    run = gradient_descent(loss, None, np.zeros(4), step=1 / loss.lipschitz(), tol=1e-10)
    np.testing.assert_allclose(data_page.huber_fit(TABLE, y, delta), run.w, atol=1e-6)


def test_bad_targets_ruin_least_squares_and_leave_the_huber_fit():
    X, y, _ = diabetes(standardized=False)
    errors = data_page.errors_with_bad_targets(
        X, y, range(3), count=5, factor=20, delta=75, lams=LAMS
    )
    clean = errors["least squares, clean targets"]
    assert all(len(values) == 3 for values in errors.values())
    assert (errors["least squares"] > 2 * clean).all()
    assert (errors["Huber loss"] < 1.1 * clean).all()
    harmless = data_page.errors_with_bad_targets(
        X, y, range(1), count=5, factor=1, delta=1e6, lams=[0.0]
    )
    np.testing.assert_allclose(list(harmless.values()), harmless["Huber loss"][0], rtol=1e-6)


def test_corners_are_the_lowest_and_highest_thirds_of_columns_with_values_between():
    X = np.column_stack([np.arange(9.0), np.arange(9) % 2, [5, 5, 5, 5, 1, 2, 3, 4, 9]])
    found = data_page.corners(X, ["a", "two", "tied"])
    assert {name: rows.tolist() for name, rows in found.items()} == {
        "low a": [0, 1, 2, 3],
        "high a": [5, 6, 7, 8],
        "low tied": [4, 5, 6, 7],
        "high tied": [0, 1, 2, 3, 8],
    }


def test_a_promise_is_that_of_cross_validation_and_is_kept_or_not_on_the_other_rows():
    rows = np.arange(0, 60, 2)
    got = data_page.promise(TABLE, TARGETS, rows, LAMS, partitions=1)
    folds = kfold(30, 5, np.random.default_rng(0))
    scores = cross_validate(TABLE[rows], TARGETS[rows], LAMS, folds)
    np.testing.assert_allclose(got.promised, scores.mean.min())
    Z = (TABLE - TABLE[rows].mean(axis=0)) / TABLE[rows].std(axis=0)
    center = TARGETS[rows].mean()
    errors = [
        np.mean(
            (Z[1::2] @ ridge(Z[rows], TARGETS[rows] - center, lam) + center - TARGETS[1::2]) ** 2
        )
        for lam in scores.lam
    ]
    np.testing.assert_allclose(got.kept, errors[scores.index])
    np.testing.assert_allclose(got.best, min(errors))


def test_every_picture_can_be_drawn_and_shows_its_numbers():
    cloud = Augmented(np.ones((3, 1)), np.arange(3.0))
    figure = style.new_figure()
    alt = data_page.draw_lines(figure, POINTS, CENTERED, cloud, {"a": 3.5, "b": 2.0, "c": 1.0})
    assert alt.endswith("Their slopes: a 3.50, b 2.00, c 1.00.")
    assert [line.get_ydata()[1] for line in figure.axes[0].lines[2:]] == [14, 8, 4]
    figure = style.new_figure()
    alt = data_page.draw_copies(figure, [1, 4], {1.0: [0.2, 0.1]}, {1.0: 0.04})
    assert alt.endswith("from 1 to 4 copies. The error falls for σ = 1 from 0.2 to 0.1.")
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), [0.2, 0.1])
    figure = style.new_figure()
    one = np.array([0, 1]), np.array([2000, 2500]), np.array([3000, 2900])
    alt = data_page.draw_errors(figure, {40: one, 300: one}, {40: one, 300: one})
    assert "With 300 rows the training error goes from 2000 to 2500;" in alt
    assert "3000 without noise, smallest at 1 with 2900" in alt
    assert [len(axes.lines) for axes in figure.axes] == [4, 4]
    figure = style.new_figure()
    alt = data_page.draw_choices(figure, {"quiet": [1e-3, 1e-1, 1e-2], "loud": [1.0]})
    assert "quiet: from 0.001 to 0.1, median 0.01;" in alt
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_xdata(), [1e-2, 1e-2])
    figure = style.new_figure()
    alt = data_page.draw_promises(figure, {"random": [data_page.Promise(2000, 3000, 2900)]})
    assert alt.endswith("random: 1, 1.5 to 1.5 times the promise.")
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_xydata(), [[2000, 3000]])


@pytest.fixture
def empty():
    return style.new_figure((6, 5), layout="none")


@pytest.mark.parametrize(
    ("sigma", "copies", "words"),
    [
        (
            0,
            1,
            "The slope is 3.50; ridge with λ = σ² has 3.50, the points alone 3.50. The loss on ",
        ),
        (0, 100, "The loss on the five points is 0.35. The largest stable step is 1.00."),
        (1, 10_000, "ridge with λ = σ² has 2.33, the points alone 3.50. The loss on the five "),
        (2, 10_000, "ridge with λ = σ² has 1.17, the points alone 3.50."),
        (2, 10_000, "The largest stable step is 0.33."),
    ],
)
def test_the_copies_say_what_the_theorem_says(empty, sigma, copies, words):
    sentence = data_moves.NoisyCopies(POINTS, CENTERED)(empty, sigma, copies)
    assert words in sentence and sentence.startswith(f"σ = {sigma}, copies: {copies:g}.")
    assert len(empty.axes[0].lines) == 5
    assert len(empty.axes[0].lines[0].get_xdata()) == min(5 * copies, 400)


def test_the_limit_of_the_copies_is_2_over_h_plus_the_variance(empty):
    sentence = data_moves.NoisyCopies(POINTS, CENTERED)(empty, 1.0, 10_000)
    limit = float(sentence.rstrip(".").rsplit(" ", 1)[1])
    np.testing.assert_allclose(limit, 2 / (2 + 1), rtol=0.02)


def test_a_point_moved_up_moves_a_line_and_no_limit(empty):
    moved = data_moves.OneMoved(X5[:, 1], Y5)
    assert "step is 0.1690, before 0.1690. The slope of least squares is 3.50" in moved(empty, 0, 0)
    far, farther = (moved.fits(moved.x, moved.moved(moved.y, by)) for by in (-20, -40))
    np.testing.assert_allclose(farther[0][1] - far[0][1], -4)  # (5 - 3) / 10 times -20
    np.testing.assert_allclose(farther[1], far[1], atol=1e-6)  # the Huber line has let go
    assert "step is 0.1690, before 0.1690" in moved(empty, 0, -40)


def test_a_point_moved_right_shrinks_the_limit_and_takes_both_lines_along(empty):
    moved = data_moves.OneMoved(X5[:, 1], Y5)
    sentence = moved(empty, 20, 0)
    x = moved.moved(moved.x, 20)
    np.testing.assert_array_equal(x, [1, 2, 3, 4, 25])
    limit = step_limit(SquaredError(np.column_stack([np.ones(5), x]), Y5))
    assert f"step is {limit:.4f}, before 0.1690" in sentence and limit < 0.02
    one, other = (fit[1] for fit in moved.fits(x, moved.y))
    assert max(one, other) < 0.6 and moved.before[1] > 3
