"""Choosing lambda: splits without leaks, the rules compared, and the pictures of the chapter."""

import numpy as np
import pytest

from reglib.datasets import diabetes, standardize
from reglib.losses import SquaredError
from reglib.solvers import ridge
from reglib.tuning import cross_validate, gcv, kfold, ridge_loo
from trial.chapters.choosing_lambda import figures as choosing
from trial.page import style

RAW, Y, _ = diabetes(standardized=False)
ONE = choosing.split(0, 300)
TRAIN, TEST = ONE.rows


@pytest.fixture(scope="module")
def small():
    return choosing.trials(40, 4)


def test_a_split_uses_every_patient_once_and_scales_by_the_training_rows():
    np.testing.assert_array_equal(np.sort(np.concatenate(ONE.rows)), range(442))
    assert len(TRAIN) == 300
    loss, held_out = ONE.losses
    np.testing.assert_allclose(loss.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(loss.X.std(axis=0), 1)
    np.testing.assert_allclose(loss.y.mean(), 0, atol=1e-12)
    np.testing.assert_array_equal(held_out.X, standardize(RAW, TRAIN).X[TEST])
    np.testing.assert_array_equal(
        TRAIN, np.random.default_rng(0).permutation(442)[:300], "science's split"
    )


def test_a_test_error_is_a_mean_square_without_the_penalty():
    loss, held_out = ONE.losses
    for lam, error in zip((0.1, 0.0), ONE.test_error([0.1, 0.0]), strict=True):
        fit = held_out.X @ ridge(loss.X, loss.y, lam)
        np.testing.assert_allclose(error, np.mean((fit - held_out.y) ** 2))


def test_the_rules_see_training_rows_only():
    spoiled = RAW.copy(), Y.copy()
    spoiled[0][TEST], spoiled[1][TEST] = 1e3, -1e3
    other = choosing.split(0, 300, spoiled)
    np.testing.assert_array_equal(other.scores().mean, ONE.scores().mean)
    np.testing.assert_array_equal(other.gcv().mean, ONE.gcv().mean)
    assert (other.test_error([0.1]) != ONE.test_error([0.1])).all()


def test_trials_report_what_each_rule_chose(small):
    assert list(small.error) == list(choosing.RULES) and small.grid.shape == (4, 101)
    for k in range(4):
        one = choosing.split(500 + k, 40)
        scores = one.scores()
        error = dict(zip(scores.lam, one.test_error(scores.lam), strict=True))
        assert small.chosen[k] == scores.best
        for rule, lam in (("5-fold", scores.best), ("GCV", one.gcv().best), ("λ = 10", 10.0)):
            near = min(error, key=lambda x, lam=lam: abs(x - lam))
            np.testing.assert_allclose(small.error[rule][k], error[near], rtol=1e-12)
        np.testing.assert_allclose(small.error["no penalty"][k], one.test_error([0.0])[0])
        np.testing.assert_allclose(small.error["best grid point"][k], min(error.values()))


def test_a_gain_is_a_paired_difference(small):
    d = small.error["5-fold"] - small.error["no penalty"]
    mean, error, share = small.gain()
    np.testing.assert_allclose([mean, error], [d.mean(), np.sqrt(d.var(ddof=1) / 4)])
    assert share == np.mean(d < 0)


def test_with_40_rows_tuning_wins_and_with_300_it_does_not_matter():
    """E12, on a few of its splits: 88 % of wins with 40 rows, +7.8 with 300."""
    few, many = choosing.trials(40, 60), choosing.trials(300, 40)
    assert few.gain()[0] < -300 and few.gain()[2] > 0.75
    assert abs(many.gain()[0]) < 0.01 * many.error["no penalty"].mean()
    np.testing.assert_array_equal(many.error["best grid point"], many.grid.min(axis=1))
    assert 4700 < many.error["λ = 10"].mean() < 5000


def test_the_choice_over_partitions_has_two_humps():
    """E12: 46 % of the choices below 0.02, few between the humps."""
    Z = diabetes().X
    chosen = np.array(
        [
            cross_validate(Z, Y, choosing.LAMS, kfold(442, 5, np.random.default_rng(s))).best
            for s in range(100)
        ]
    )
    assert 0.3 < (chosen < 0.02).mean() < 0.65
    assert ((chosen > 0.01) & (chosen < 0.03)).mean() < 0.12
    counts, edges = choosing.shares(chosen)
    assert counts.sum() == 100 and edges[0] < 1e-4 and edges[-1] > 10


def test_a_curve_turns_where_it_is_lower_or_higher_than_both_neighbors():
    lows, tops = choosing.turns([5.0, 2.0, 3.0, 4.0, 1.0, 0.5, 6.0, 7.0])
    assert (lows.tolist(), tops.tolist()) == ([1, 5], [3])
    assert [part.tolist() for part in choosing.turns([1.0, 2.0, 3.0])] == [[], []]


def test_the_floor_has_two_dips_and_gcv_sees_them_too():
    """Leave-one-out has one: the left."""
    Z = diabetes().X
    for score, dips in ((gcv, [0.0447, 0.0071]), (ridge_loo, [0.004])):
        scores = score(Z, Y, choosing.LAMS)
        lows, tops = choosing.turns(scores.mean)
        np.testing.assert_allclose(scores.lam[lows], dips, rtol=0.01)
        assert len(tops) == len(dips) - 1


def test_local_minima_are_those_of_a_fine_search():
    loss, held_out = ONE.losses
    grid = np.geomspace(1e-6, 100, 801)
    found = choosing.local_minima(loss, held_out, grid)
    value = held_out.value(ridge(loss.X, loss.y, grid[:, None]))
    inside = 1 + np.flatnonzero((value[1:-1] < value[:-2]) & (value[1:-1] < value[2:]))
    assert len(found) == 2 and found[0] == grid[0]  # one of them at 0
    np.testing.assert_allclose(found[1:], grid[inside], rtol=0.03)
    several = [
        len(choosing.local_minima(*choosing.split(s, 300).losses, grid)) > 1 for s in range(50)
    ]
    assert sum(several) == 14  # E12


def test_a_descent_takes_every_start_by_itself():
    loss, held_out = ONE.losses
    paths = choosing.descend(loss, held_out, [0.5, 5.0, 0.001], 0.02, 200)
    assert paths.shape == (201, 3)
    np.testing.assert_allclose(paths[-1, :2], 0.353990, rtol=2e-6)
    assert paths[-1, 2] < 2e-4
    alone = choosing.descend(loss, held_out, [0.5], 0.02, 5)
    np.testing.assert_allclose(paths[:6, :1], alone, rtol=1e-12)


def test_the_figures_show_every_curve_and_every_bar(small):
    curves = [cross_validate(RAW, Y, choosing.LAMS, kfold(442, 2, np.random.default_rng(0)))] * 3
    others = {"leave-one-out": ridge_loo(RAW, Y, [1.0, 0.1]), "GCV": gcv(RAW, Y, [1.0, 0.1])}
    figure = style.new_figure()
    alt = choosing.draw_choices(figure, curves, others, border=0.02)
    assert alt.endswith(f"{float(curves[0].best < 0.02):.0%} of the choices lie below 0.02.")
    top, bottom = figure.axes
    assert len(top.lines) == 6 and sum(bar.get_height() for bar in bottom.patches) == 3
    np.testing.assert_allclose(top.lines[3].get_xdata(), [curves[0].best] * 3)
    figure = style.new_figure()
    alt = choosing.draw_sizes(figure, [small, choosing.trials(60, 2)])
    assert f"falls from {small.error['no penalty'].mean():.0f} at 40 training rows to" in alt
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), [40, 60])
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata()[0], small.error["5-fold"].mean())
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata()[0], small.gain()[2])
    figure = style.new_figure()
    lams = np.array([0.01, 0.1, 1.0])
    alt = choosing.draw_descent(figure, lams, np.array([3.0, 2.0, 4.0]), np.array([[1.0], [0.1]]))
    assert alt.endswith("run from 1 to 0.1.")
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), [4, 2])


def test_the_sentence_reads_the_curves_at_the_slider():
    curves = choosing.Curves([40, 300])
    figure = style.new_figure(layout="none")
    sentence = curves(figure, n=40.0, lam=0.1)
    scores, formula, test = curves.at[40]
    k = int(np.abs(scores.lam - 0.1).argmin())
    assert sentence.startswith(f"40 training rows, λ = 0.1: test error {test[k]:.0f};")
    assert f"5-fold says {scores.mean[k]:.0f} and GCV {formula.mean[k]:.0f}" in sentence
    assert f"chooses {scores.best:.2g}, with test error {test[scores.index]:.0f}" in sentence
    assert sentence.endswith(f"grid is {test.min():.0f}.")
    assert len(figure.axes[0].lines) == 5 + 6 + 1
    loss, held_out = choosing.split(0, 40).losses
    assert isinstance(held_out, SquaredError) and len(loss.y) == 40
    np.testing.assert_allclose(test[k], 2 * held_out.value(ridge(loss.X, loss.y, scores.lam[k])))
