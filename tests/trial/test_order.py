"""Clip and decay: what each order does, in formulas, in bounds, and in runs."""

import numpy as np
import pytest

from reglib.datasets import leaky_memory
from reglib.optimizers import ClipByNorm, Optimizer, WeightDecay
from reglib.penalties import L2, Masked
from trial.chapters.order import figures as order
from trial.chapters.recurrent import Trial, decay_steps
from trial.page import style

TRIAL = Trial(leaky_memory, "tanh", 4.0, seeds=3, batch=8)
NET = TRIAL.net
CLIP, DECAY = ClipByNorm(1.0), WeightDecay(0.1, NET.mask("W"))
ORDERS = {"inside": (DECAY, CLIP), "outside": (CLIP, DECAY)}
SHORT = {"learning_rate": 0.1, "n_steps": 5}


@pytest.fixture(scope="module")
def orders():
    small = Trial(leaky_memory, "tanh", 4.0, seeds=1, batch=8)
    return order.Orders(small, [0.0, 0.1, 0.3], [1.0, 1e9], n_steps=200)


def test_the_sentence_is_carried_out_in_the_order_in_which_it_is_read():
    w, g, lam, s = np.array([30.0, -40.0]), np.array([0.0, 1e4]), 0.1, 0.5
    for sentence, update in (
        ((ClipByNorm(1.0), WeightDecay(lam)), g / 1e4 + lam * w),
        ((WeightDecay(lam), ClipByNorm(1.0)), (g + lam * w) / np.linalg.norm(g + lam * w)),
    ):
        sgd = Optimizer(*sentence, learning_rate=s)
        np.testing.assert_allclose(
            sgd.step(w, gradient=g, memory=sgd.start(w))[0], w - s * update, rtol=1e-14
        )


@pytest.mark.parametrize(("place", "placement"), [("inside", "coupled"), ("outside", "decoupled")])
def test_a_place_in_the_sentence_and_a_placement_of_the_penalty_are_one_iteration(place, placement):
    calm = Trial(leaky_memory, "tanh", 1.0, seeds=3, batch=8)  # chaos would blow up the last bits
    tight, options = ClipByNorm(0.1), {"learning_rate": 0.1, "n_steps": 20}
    penalty = Masked(L2(0.1), NET.mask("W"))
    sentence = {"inside": (DECAY, tight), "outside": (tight, DECAY)}[place]
    one = calm.run(*sentence, **options).w
    two = calm.run(tight, penalty=penalty, placement=placement, **options).w
    other = {"coupled": "decoupled", "decoupled": "coupled"}[placement]
    wrong = calm.run(tight, penalty=penalty, placement=other, **options).w
    np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)
    assert np.abs(one - wrong).max() > 1e-2


@pytest.mark.parametrize("sentence", [(), (CLIP,), (DECAY,), *ORDERS.values()], ids=repr)
def test_a_watch_changes_nothing(sentence):
    run = order.watched(TRIAL, *sentence, **SHORT)
    assert np.array_equal(run.history.w, TRIAL.run(*sentence, **SHORT).w)
    assert (
        run.seen.shape == (5, 3) and run.steps.tolist() == [0, 1, 5] and run.sigma.shape == (3, 3)
    )
    np.testing.assert_allclose(run.sigma[0], order.sigma_max(NET, TRIAL.start()))


def test_a_watch_sees_what_the_clip_sees():
    """The data's gradient when the clip is first, gradient and decay when the decay is."""
    w = TRIAL.start()
    g = TRIAL.network(TRIAL._rngs(7000), TRIAL.batch).gradient(w)
    both = np.linalg.norm(g + 0.1 * w * NET.mask("W"), axis=-1)
    outside, inside = (order.watched(TRIAL, *ORDERS[p], **SHORT) for p in ("outside", "inside"))
    np.testing.assert_allclose(outside.seen[0], np.linalg.norm(g, axis=-1))
    np.testing.assert_allclose(inside.seen[0], both)
    np.testing.assert_array_equal(outside.seen, outside.history.gradient_norm)


def test_sigma_max_is_the_largest_singular_value_of_the_recurrent_matrix():
    w = TRIAL.start()
    expected = [np.linalg.svd(one, compute_uv=False)[0] for one in NET.unpack(w)["W"]]
    np.testing.assert_allclose(order.sigma_max(NET, w), expected)


def test_what_a_clip_leaves_of_the_decay_is_what_the_step_does():
    """Read from the step itself: one more unit of decay, divided by the weight."""
    w, g = np.array([2.0, 0.0]), np.array([0.0, 1e4])
    sgd = Optimizer(WeightDecay(0.1), ClipByNorm(1.0), learning_rate=1.0)
    moved = w - sgd.step(w, gradient=g, memory=sgd.start(w))[0]
    seen = np.linalg.norm(g + 0.1 * w)
    np.testing.assert_allclose(moved[0] / w[0], order.inside_decay(0.1, 1.0, seen), rtol=1e-10)
    assert order.inside_decay(0.1, 1.0, 0.5) == 0.1


@pytest.mark.parametrize(
    ("step", "lam", "expected"),
    [(0.01, 1e-4, 405465), (0.1, 1e-4, 40547), (0.1, 5e-4, 8110), (0.1, 0.01, 406), (0.1, 1.0, 4)],
)
def test_decay_alone_calms_a_gain_in_the_steps_that_the_formula_says(step, lam, expected):
    k = decay_steps(1.5, step, lam)
    assert k == expected
    assert 1.5 * (1 - step * lam) ** k <= 1 < 1.5 * (1 - step * lam) ** (k - 1)


def test_outside_the_weights_stay_bounded_and_inside_they_cannot_move_far():
    options = {"learning_rate": 0.1, "n_steps": 60}
    for lam in (0.1, 1.0):
        heavy = WeightDecay(lam, NET.mask("W"))
        inside = order.watched(TRIAL, heavy, CLIP, **options)
        outside = order.watched(TRIAL, CLIP, heavy, **options)
        bound = np.maximum(outside.sigma[0], 1 / lam)
        assert (outside.sigma <= bound * (1 + 1e-12)).all()
        moved = np.abs(inside.sigma - inside.sigma[0])
        assert (moved <= 0.1 * inside.steps[:, None] + 1e-12).all()


def test_only_the_right_order_shrinks_an_exploding_network(orders):
    """lam = 0.1 and 0.3 with a clip at 1: inside the decay does not arrive, outside it does."""
    for at in (1, 2):
        inside, outside = (run.sigma[:, at, 0, 0] for run in (orders.inside, orders.outside))
        assert orders.ending(inside) == "stays near its start"
        assert orders.ending(outside) == "shrinks to less than 0.4 of its start"


def test_without_decay_or_without_a_clip_there_is_no_order(orders):
    inside, outside = orders.inside.sigma, orders.outside.sigma
    np.testing.assert_array_equal(inside[:, 0], outside[:, 0])
    np.testing.assert_allclose(inside[0, :, 1], outside[0, :, 1])
    first_ten = slice(0, 3)
    np.testing.assert_allclose(inside[first_ten, :, 1], outside[first_ten, :, 1], rtol=1e-9)


@pytest.mark.parametrize(
    ("lam", "max_norm", "ends", "whole"),
    [
        (0.1, 1.0, ("stays near its start", "shrinks to less than 0.4 of its start"), "0.13"),
        (0.0, 1.0, ("stays near its start", "stays near its start"), "1"),
        (0.0, 1e9, ("grows to more than 3 times its start",) * 2, "1"),
    ],
)
def test_the_sentence_says_how_both_orders_end(orders, lam, max_norm, ends, whole):
    figure = style.new_figure((6, 6), layout="none")
    sentence = orders(figure, lam=lam, max_norm=max_norm)
    told = f"{ends[0]} in either order."
    if ends[0] != ends[1]:
        told = f"{ends[0]} with the decay inside the clip; it {ends[1]} outside."
    assert f"In 200 steps W {told}" in sentence
    assert sentence.endswith(f"multiplies W by {whole}.")
    assert [len(axes.lines) for axes in figure.axes] == [2, 2]


def test_the_figures_have_a_line_or_a_row_for_each_sentence():
    run = order.watched(TRIAL, CLIP, DECAY, learning_rate=0.1, n_steps=30)
    figure = style.new_figure()
    order.draw_runs(figure, dict.fromkeys(order.LINES, run))
    assert [len(axes.lines) for axes in figure.axes] == [5, 5]
    figure = style.new_figure()
    order.draw_decay(figure, run.seen, 0.1, 1.0)
    arrived = figure.axes[0].lines[1].get_ydata()
    np.testing.assert_allclose(arrived, np.median(order.inside_decay(0.1, 1, run.seen), axis=-1))
    figure = style.new_figure()
    order.draw_accuracy(figure, {"a": np.array([0.1, 0.2]), "b": np.array([0.9, 0.8])})
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["a", "b"]
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_xdata(), [0.9, 0.8])


def test_smoothing_takes_the_median_of_neighbors():
    np.testing.assert_array_equal(order.smooth(np.array([1.0, 9.0, 2.0, 3.0]), 3), [2.0, 3.0])


def test_a_count_is_told_in_words_with_room_for_chaos():
    few, many = "at most 5 of 20", "at least 19 of 20"
    told = [order.words(count) for count in (0, 5, 6, 18, 19, 20)]
    assert told == [few, few, "some of 20", "some of 20", many, many]


def test_the_rows_apart_have_different_names_and_run_what_they_say(monkeypatch):
    rows = list(order.scope())
    assert len({name for name, _, _ in rows}) == len(rows) > 25
    monkeypatch.setattr(order, "RUNS", 3)
    short = [
        (name, sentence, other | {"n_steps": 2})
        for name, sentence, other in rows
        if name.startswith(("other", "gain: 6"))
    ]
    monkeypatch.setattr(order, "scope", lambda: iter(short))
    done = list(order.apart(0))
    assert [name for name, _, _ in done] == [name for name, _, _ in short]
    assert all(diverged == 0 and 0 <= learned <= order.RUNS for _, diverged, learned in done)


def test_the_projected_row_holds_the_singular_values_from_the_start(monkeypatch):
    starts = []
    run = Trial.run

    def spied(self, *sentence, w0, **options):
        history = run(self, *sentence, w0=w0, **options)
        starts.append([order.sigma_max(self.net, w).max() for w in (w0, history.w)])
        return history

    (row,) = [(n, s, o | {"n_steps": 2}) for n, s, o in order.scope() if "singular" in n]
    monkeypatch.setattr(Trial, "run", spied)
    monkeypatch.setattr(order, "scope", lambda: iter([row]))
    assert len(list(order.apart(1))) == 1
    assert np.max(starts) <= 1 + 1e-9
