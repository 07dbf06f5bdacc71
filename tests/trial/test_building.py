"""Frozen terms, the gate around NumPy, the models with two questions, and early stopping."""

import numpy as np
import pytest

from reglib.datasets import article
from reglib.diagnostics import gradient_error, step_limit
from reglib.losses import SquaredError
from reglib.optimizers import ClipByNorm, Optimizer, WeightDecay
from reglib.penalties import L1, L2, Masked
from reglib.solvers import PLACEMENTS, gradient_descent, least_squares, ridge
from reglib.training import train
from reglib.tuning import gcv
from trial.chapters.building import figures as building
from trial.chapters.building import stopping
from trial.chapters.patients import split
from trial.page import style

X, Y, _ = article()
LOSS, START, SLOPE = SquaredError(X, Y), [3.0, 2.0], [False, True]
PENALTY = Masked(L2(1.0), SLOPE)
SGD = Optimizer(learning_rate=0.1)


@pytest.fixture(scope="module")
def models():
    return building.run_models([1, 4, 64], step=0.3)


@pytest.fixture(scope="module")
def few():
    return split(1, 40, held=100)


@pytest.fixture(scope="module")
def descent(few):
    return stopping.Stopped(few.train, step=0.2, n_steps=300)


def path(penalty):
    return gradient_descent(LOSS, penalty, START, step=0.1, tol=0, max_iter=2000, record=True).path[
        :, 1
    ]


@pytest.mark.parametrize(
    ("term", "intercept", "slope"),
    [
        (None, -2.5, 3.5),
        (building.FrozenValue(PENALTY, START), -2.5, 3.5),
        (building.FrozenGradient(PENALTY, START), 0.5, 2.5),
        (PENALTY, 1.0, 7 / 3),
    ],
)
def test_only_the_live_term_leads_to_ridge(term, intercept, slope):
    run = train(LOSS, SGD, START, n_steps=2000, penalty=term)
    np.testing.assert_allclose(run.w, [intercept, slope], atol=1e-6)


@pytest.mark.parametrize("penalty", [PENALTY, L2(3.0), L1(0.5)])
def test_a_frozen_term_is_right_at_the_start_and_nowhere_else(penalty):
    value = building.FrozenValue(penalty, START)
    gradient = building.FrozenGradient(penalty, START)
    points = np.array([START, [-7.0, -5.0]])
    assert value.value(points).tolist() == [penalty.value(START)] * 2
    assert not value.subgradient(points).any()
    np.testing.assert_array_equal(value.prox(points, 0.1), points)
    np.testing.assert_array_equal(gradient.subgradient(points), [penalty.subgradient(START)] * 2)
    assert (gradient.subgradient(points)[1] != penalty.subgradient(points[1])).any()
    np.testing.assert_allclose(gradient.prox(points, 0.1), points - 0.1 * gradient.g)
    assert gradient_error(gradient_of(gradient), points[1]) < 1e-8


def gradient_of(term):
    zero = SquaredError([[0.0, 0.0]], [0.0])
    return building.Total(zero, term)


@pytest.mark.parametrize("lam", [0.5, 1.0, 10.0])
def test_a_frozen_gradient_leads_to_the_slope_of_the_exercise(lam):
    """(7 - lam W0)/2, stable at lam = 10 where the live term diverges."""
    term = building.FrozenGradient(Masked(L2(lam), SLOPE), START)
    run = train(LOSS, SGD, START, n_steps=2000, penalty=term)
    assert abs(run.w[1] - (7 - lam * START[1]) / 2) < 1e-6
    live = train(LOSS, SGD, START, n_steps=2000, penalty=Masked(L2(lam), SLOPE))
    assert live.diverged == (lam == 10.0)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_training_never_asks_for_the_value_of_a_penalty(placement):
    mute = building.Mute(PENALTY)
    with pytest.raises(AssertionError, match="asked for the value"):
        mute.value(START)
    runs = [
        train(LOSS, SGD, START, n_steps=50, penalty=term, placement=placement)
        for term in (mute, PENALTY)
    ]
    np.testing.assert_array_equal(runs[0].w, runs[1].w)


def test_a_gradient_check_finds_a_planted_factor_and_a_frozen_gradient_except_at_the_start():
    frozen = building.FrozenGradient(PENALTY, START).subgradient
    gradients = {
        "right": None,
        "twice": lambda w: 2 * PENALTY.subgradient(w),
        "frozen": frozen,
    }
    errors = {
        name: [gradient_error(building.Total(LOSS, PENALTY, g), w) for w in (START, [-1.0, 5.0])]
        for name, g in gradients.items()
    }
    assert max(errors["right"]) < 1e-7 and min(errors["twice"]) > 1e-3
    assert errors["frozen"][0] < 1e-7 and errors["frozen"][1] > 1e-3


def test_the_gate_lets_in_what_is_allowed_and_nothing_else():
    assert building.run_with({"numpy"}, "import numpy, json; print(numpy.ones(2).sum())") == "2.0"
    assert building.run_with({"numpy"}, "import reglib") == (
        "ModuleNotFoundError: reglib is not allowed here"
    )
    assert building.run_with({"numpy", "reglib"}, "import reglib.losses, matplotlib").endswith(
        "matplotlib is not allowed here"
    )


def test_products_leave_out_the_square_of_two_values():
    table = np.column_stack([[0.0, 1, 2, 5], [-1.0, 1, 1, -1]])
    wide = building.with_products(table)
    np.testing.assert_array_equal(wide[:, 2:], [[0, -0], [1, 1], [4, 2], [25, -5]])


def test_units_move_the_limit_and_not_the_fit(models):
    assert models.counts.tolist() == [1, 4, 64]
    np.testing.assert_allclose(models.limits["uncorrelated"], 2)
    np.testing.assert_allclose(100 * models.limits["times 10"], models.limits["standardized"])
    for unit, losses in models.losses.items():
        fits = [least_squares(f.X, f.y) for f in losses]
        held = [2 * f.value(w) for f, w in zip(models.held[unit], fits, strict=True)]
        trained = [2 * f.value(w) for f, w in zip(losses, fits, strict=True)]
        np.testing.assert_allclose(held, models.held_error, rtol=1e-6)
        np.testing.assert_allclose(trained, models.train_error, rtol=1e-6)
    assert (
        models.held_error[-1] > 3 * models.held_error[1] and (np.diff(models.train_error) < 0).all()
    )


def test_a_model_explodes_above_its_limit_whatever_its_size(models):
    for unit, limits in models.limits.items():
        np.testing.assert_array_equal(models.exploded[unit], limits < 0.3)
    assert models.exploded["times 10"].all() and not models.exploded["uncorrelated"].any()


def test_standardized_columns_have_an_l_between_1_and_their_number(models):
    L = 2 / models.limits["standardized"]
    assert (L >= 1 - 1e-12).all() and (L <= models.counts).all()


def test_the_best_rule_on_sizes_is_found():
    assert building.best_rule([1, 2, 3, 4], [False, False, True, True]) == 1
    assert building.best_rule([1, 2, 3, 4], [True, True, True, True]) == 1
    assert building.best_rule([1, 2, 3, 4], [True, True, False, False]) == 0.5


def test_a_split_uses_every_patient_once_and_scales_by_the_first(few):
    parts = (few.train, few.held, few.test)
    assert [part.n_rows for part in parts] == [40, 100, 302]
    np.testing.assert_allclose(few.train.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(few.train.X.std(axis=0), 1)
    assert abs(few.train.y.mean()) < 1e-10 and abs(few.held.X.mean()) > 1e-3
    rows = np.concatenate([np.column_stack([part.X, part.y]) for part in parts])
    assert len(np.unique(rows, axis=0)) == 442


def test_pooled_rows_are_a_split_with_more_rows_to_train_on(few):
    everything, test = few.pooled().losses
    wide = split(1, 140)
    np.testing.assert_array_equal(everything.X, wide.train.X)
    np.testing.assert_array_equal(everything.y, wide.train.y)
    np.testing.assert_array_equal(test.X, wide.test.X)
    np.testing.assert_array_equal(test.y, wide.test.y)
    assert [everything.n_rows, test.n_rows] == [140, 302]


LAMS = np.geomspace(1e-3, 10, 60)


def test_held_out_rows_are_worth_more_in_training_than_for_stopping():
    """Plain least squares on all 140 rows beats early stopping on 40 in 11 of 12 divisions."""
    options = {"n_steps": 500, "patience": 100}
    errors = np.array(
        [stopping.verdict(split(s, 40, held=100), LAMS, **options) for s in range(12)]
    )
    assert (errors[:, 3] < errors[:, 1]).sum() == 11
    assert (errors[:, 1] < errors[:, 0]).all()


def test_a_verdict_is_five_fits_and_the_test_rows_judge_them(few):
    errors = stopping.verdict(few, LAMS, n_steps=500, patience=100)
    sgd = Optimizer(learning_rate=0.5 * step_limit(few.train))
    early = train(few.train, sgd, np.zeros(10), n_steps=500, validation=few.held).best_w
    held = [few.held.value(ridge(few.train.X, few.train.y, lam)) for lam in LAMS]
    chosen = ridge(few.train.X, few.train.y, LAMS[np.argmin(held)])
    fits = least_squares(few.train.X, few.train.y), early, chosen
    everything, test = few.pooled().losses
    scores = [gcv(everything.X, everything.y, [lam]).mean[0] for lam in LAMS]
    wide = (
        least_squares(everything.X, everything.y),
        ridge(everything.X, everything.y, LAMS[np.argmin(scores)]),
    )
    expected = [
        np.mean((part.X @ w - part.y) ** 2)
        for part, ws in ((few.test, fits), (test, wide))
        for w in ws
    ]
    np.testing.assert_allclose(errors, expected, rtol=1e-10)


def test_clip_then_decay_ends_at_ridge_only_where_the_clip_is_idle():
    """Ridge needs a data gradient of 7/3: a clip at 1 rests at the slope c/lam = 1 instead."""
    decay = WeightDecay(1.0, SLOPE)

    def end(*order):
        return train(LOSS, Optimizer(*order, learning_rate=0.05), [30.0, 20.0], n_steps=2500).w

    np.testing.assert_allclose(end(ClipByNorm(1.0), decay), [5, 1], atol=1e-5)
    np.testing.assert_allclose(end(decay, ClipByNorm(1.0)), [1, 7 / 3], atol=1e-5)
    np.testing.assert_allclose(end(ClipByNorm(3.0), decay), [1, 7 / 3], atol=1e-5)
    assert abs(np.linalg.norm(LOSS.gradient([1.0, 7 / 3])) - 7 / 3) < 1e-12


@pytest.mark.parametrize("start", [0.5, 2.0, 5.0])
def test_a_frozen_gradient_leads_to_the_ridge_fit_of_another_lam(start):
    term = building.FrozenGradient(PENALTY, [3.0, start])
    run = train(LOSS, SGD, START, n_steps=2000, penalty=term)
    other = 14 / (7 - start) - 2
    np.testing.assert_allclose(run.w, ridge(X, Y, other, mask=SLOPE), atol=1e-6)


def test_dropping_columns_never_lowers_the_limit(models):
    for limits in models.limits.values():
        assert (np.diff(limits) < 1e-9).all()


def test_a_stopped_run_takes_the_share_of_the_theorem(few, descent):
    """1 - (1 - s h)^k of the least-squares weights along each eigenvector."""
    h, V = np.linalg.eigh(few.train.X.T @ few.train.X / 40)
    best = least_squares(few.train.X, few.train.y)
    for k in (1, 10, 300):
        shares = 1 - (1 - 0.2 * h) ** k
        np.testing.assert_allclose(descent.path[k], V @ (shares * (V.T @ best)), rtol=1e-8)


def test_the_shares_of_stopping_and_ridge_keep_the_bound_as_the_step_goes_to_zero():
    """0.204 in the limit; at s = 1/L the top direction differs by 1/2, then 1/3."""
    x = np.linspace(0, 60, 600_001)
    gap = 1 / (1 + x) - np.exp(-x)
    assert gap.min() >= 0 and 0.2036 < gap.max() < 0.204
    assert abs((1 + x[gap.argmax()]) ** 2 - np.exp(x[gap.argmax()])) < 1e-3

    def widest(sh):  # with h = 1 and lam = 1/(s k)
        k = np.arange(1, 3001)
        return (1 - (1 - sh) ** k - k * sh / (1 + k * sh)).max()

    assert widest(0.001) < 0.204 < widest(0.01) < widest(0.1) < widest(1.0) == 0.5


def test_the_distance_is_in_lengths_of_the_least_squares_weights(few, descent):
    best = np.linalg.norm(least_squares(few.train.X, few.train.y))
    apart = np.linalg.norm(descent.path[10] - descent.twins([10])[0]) / best
    np.testing.assert_allclose(apart, descent.apart(10, 1 / (0.2 * 10)))


def test_twins_are_ridge_at_one_over_the_time(few, descent):
    np.testing.assert_allclose(
        descent.twins([1, 20]),
        [ridge(few.train.X, few.train.y, lam) for lam in (5.0, 0.25)],
    )


def test_the_figures_show_what_they_say(models, few, descent):
    figure = style.new_figure()
    slopes = {"none": path(None), "a number": path(None), "frozen": path(None), "live": path(None)}
    words = building.draw_programs(figure, slopes, {"none": 3.5, "live": 2.33333})
    assert "none to 3.5, live to 2.333." in words
    (axes,) = figure.axes
    assert len(axes.lines) == 4 and [text.get_text() for text in axes.texts] == ["2.333", "3.5"]
    figure = style.new_figure()
    words = building.draw_models(figure, models, 0.3)
    assert f"falls to {models.held_error.min():.0f} at " in words
    top, bottom = figure.axes
    np.testing.assert_array_equal(top.lines[0].get_ydata(), models.held_error)
    filled = [
        line for line in bottom.lines if line.get_markerfacecolor() == building.LOOKS["times 10"][0]
    ]
    assert max(len(line.get_xdata()) for line in filled) == 3
    figure = style.new_figure()
    assert "side by side: bmi, s5." in descent.draw(figure, few.held, 7, ["bmi", "s5"])
    top, bottom = figure.axes
    assert len(top.lines) == len(bottom.lines) == 4
    assert top.lines[3].get_xdata() == [0.2 * 7] * 2
    np.testing.assert_allclose(top.lines[0].get_ydata()[0], 2 * few.held.value(descent.path[1]))


def test_the_slider_sentence_names_time_and_distance(descent):
    figure = style.new_figure((6, 3.4), layout="none")
    sentence = descent(figure, k=20.0, lam=0.25)
    assert "20 steps of 0.2 are a time of 4; one over it is 0.25." in sentence
    assert f"is {descent.apart(20, 0.25):.0%} of the least-squares length away." in sentence
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), descent.path[20])
    np.testing.assert_allclose([bar.get_height() for bar in axes.patches], descent.ridge(0.25))
