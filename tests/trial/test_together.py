"""All remedies on all broken runs: what a cure changes, what a word means, what pictures say."""

from dataclasses import replace

import numpy as np
import pytest

from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from reglib.optimizers import ClipByNorm
from reglib.solvers import least_squares
from trial.chapters.together import experiment as tg
from trial.chapters.together import figures as page
from trial.page import style

CASES = tg.cases(seeds=1)
LINE, RAW = CASES["large step"], CASES["raw units"]
SHORT = {name: replace(case, n_steps=3) for name, case in CASES.items()}


@pytest.fixture(scope="module")
def matrix():
    """Three steps of everything: enough for the pictures."""
    return {
        case: {name: tg.treat(broken, cure) for name, cure in tg.CURES.items()}
        for case, broken in SHORT.items()
    }


@pytest.mark.parametrize("case", [LINE, RAW], ids=["large step", "raw units"])
def test_a_regression_diverges_and_scaling_heals_it(case):
    assert tg.treat(case, tg.CURES["nothing"]).word == "explodes"
    assert tg.treat(case, tg.CURES["L2 in the gradient"]).word == "explodes"
    assert tg.treat(case, tg.CURES["scale the features"]).word == "learns"


def test_the_line_is_healed_by_its_step_and_not_by_a_clip():
    assert tg.treat(LINE, tg.CURES["step 1/L"]).word == "learns"
    for name in ("clip", "decay inside the clip", "decay outside the clip", "Adam"):
        assert tg.treat(LINE, tg.CURES[name]).word == "bounded"


def test_a_proximal_penalty_stops_the_explosion_of_the_line_and_moves_it():
    (_, error), strong = LINE.run(tg.CURES["L2 as a proximal step"]), tg.STRENGTHS.index(10.0)
    assert np.isinf(error[0]).all() and LINE.enough < error[strong, 0] < 1


def test_thirty_layers_want_an_orthogonal_start():
    deep = CASES["30 layers"]
    assert tg.treat(deep, tg.CURES["nothing"]).word == "explodes"
    assert tg.treat(deep, tg.CURES["orthogonal start"]).word == "learns"


def test_the_error_of_a_regression_is_its_distance_from_least_squares():
    loss = SquaredError(LINE.X, LINE.y)
    best = loss.value(least_squares(LINE.X, LINE.y))
    assert LINE.relative(best) == 0
    mean = loss.value(np.array([LINE.y.mean(), 0.0]))  # predicts the mean: R² of the best fit
    assert LINE.relative(mean) == pytest.approx(1 - 0.7 / np.var(LINE.y))


@pytest.mark.parametrize("name", tg.CURES)
def test_a_cure_changes_what_it_says_and_nothing_else(name):
    cure = tg.CURES[name]
    said = tg._sentence(cure, 0.3, np.array([False, True]))
    optimizer = said["optimizer"]
    assert [type(t).__name__ for t in optimizer.transforms] == ["ClipByNorm"] * cure.clip + [
        "AdamScaling"
    ] * cure.adam
    assert optimizer.learning_rate == (tg.ADAM_RATE if cure.adam else 0.3)
    assert (said["penalty"] is None) == (not cure.lams)
    w = np.array([2.0, 3.0])
    if cure.lams:
        pulls = said["penalty"].subgradient(np.broadcast_to(w, (len(cure.lams), 1, 2)))
        np.testing.assert_allclose(pulls[:, 0], [[0, 3 * lam] for lam in cure.lams])


def test_inside_and_outside_are_the_same_decay_in_two_places():
    inside, outside = tg.CURES["decay inside the clip"], tg.CURES["decay outside the clip"]
    assert replace(inside, placement="decoupled").__dict__ == outside.__dict__


def test_the_local_step_is_half_the_limit():
    history, _ = replace(LINE, n_steps=1).run(tg.CURES["step 1/L"])
    loss = SquaredError(LINE.X, LINE.y)
    start = np.array(LINE.w0)
    moved = start - float(step_limit(loss)) / 2 * loss.gradient(start)
    np.testing.assert_allclose(history.w[0, 0], moved, rtol=1e-12)


def test_a_bound_on_the_matrix_holds_from_the_start_and_after_every_step():
    linear = SHORT["linear, 40 steps"]
    history, _ = linear.run(tg.CURES["singular values at most 1"])
    assert history.loss[0].max() < 10  # in the free network it is above 1e9
    assert linear.run(tg.CURES["nothing"])[0].loss[0].max() > 1e9
    assert (
        np.linalg.norm(linear.trial.net.unpack(history.w)["W"], 2, axis=(-2, -1)).max() < 1 + 1e-9
    )


def test_a_case_declines_what_cannot_be_done_to_it(matrix):
    for case, row in matrix.items():
        empty = {name for name, outcome in row.items() if outcome is None}
        if case in ("large step", "raw units"):
            assert empty == {n for n in tg.CURES if "orthogonal" in n or "singular" in n}
        else:
            assert empty == {"scale the features"}


@pytest.mark.parametrize(
    ("diverged", "learned", "word"),
    [
        (0, 4, "learns"),
        (0, 3, "bounded"),
        (1, 3, "bounded"),
        (2, 2, "explodes"),
        (4, 0, "explodes"),
    ],
)
def test_a_word_stands_for_all_runs(diverged, learned, word):
    assert tg.Outcome(np.ones((2, 4)), 0.5, diverged, learned).word == word


def test_the_best_strength_counts():
    class Fake:
        n_steps, enough, relative = 2, 0.5, staticmethod(lambda loss: 2 * loss)

        def fits(self, cure):
            return True

        def run(self, cure):
            over = np.array([[5, -1], [-1, -1], [-1, -1]])
            loss = np.broadcast_to(np.arange(3.0)[:, None], (2, 3, 2))
            history = type("H", (), {"diverged": over >= 0, "loss": loss})
            return history, np.array([[np.inf, 9.0], [0.1, 9.0], [0.1, 0.2]])

    best = tg.treat(Fake(), tg.CURES["L2 in the gradient"])
    assert (best.learned, best.diverged) == (2, 0)
    np.testing.assert_array_equal(best.error, 4.0)


def test_the_matrix_has_a_word_in_every_cell(matrix):
    figure = style.new_figure((6, 5.2))
    page.draw_matrix(figure, matrix)
    (axes,) = figure.axes
    cells = [text.get_text() for text in axes.texts]
    assert cells == [page.said(outcome) for row in matrix.values() for outcome in row.values()]
    assert set(cells) <= set(page.LOOKS) and len(axes.patches) == len(cells)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(tg.CURES)


def test_no_box_of_the_chart_lies_on_another_and_no_text_leaves_its_box():
    figure = style.new_figure((6, 5.4), layout="none")
    page.draw_chart(figure)
    style.pixels(figure, 1)
    (axes,) = figure.axes
    boxes = [patch.get_window_extent() for patch in axes.patches]
    boxes = [box for box in boxes if box.width > 50]
    assert len(boxes) == 3 + len(page.LEFT) + len(page.RIGHT)
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:k])
    framed = [*page.TOPS, *page.LEFT, *page.RIGHT, page.BOTTOM]
    for text in axes.texts:
        if text.get_text() in framed:
            inner = text.get_window_extent()
            assert any(
                b.x0 < inner.x0 and inner.x1 < b.x1 and b.y0 < inner.y0 and inner.y1 < b.y1
                for b in boxes
            )


def test_every_frame_says_what_became_of_the_run(matrix):
    healing = page.Healing(matrix)
    for failure, case in enumerate(matrix):
        for cure, name in enumerate(list(tg.CURES)[1:]):
            figure = style.new_figure((6, 3.6), layout="none")
            sentence = healing(figure, failure=failure, cure=cure)
            lines = [x for x in figure.axes[0].lines if not x.get_label().startswith("_")]
            outcome = matrix[case][name]
            assert len(lines) == 1 + (outcome is not None)
            assert sentence.startswith(f"{case}, with nothing done: {matrix[case]['nothing'].word}")
            assert f"{name}: {outcome.word if outcome else 'does not apply'}" in sentence


def test_a_line_that_leaves_the_picture_ends_in_a_cross():
    rising = tg.Outcome(10.0 ** np.arange(0, 40, 2)[:, None], 0.5, 1, 0)
    figure = style.new_figure()
    axes = figure.subplots()
    page.Healing._line(axes, rising, "x", style.RED, "-")
    line, cross = axes.lines
    assert line.get_ydata().max() < page.TOP and cross.get_marker() == "X"
    steady = tg.Outcome(np.ones((5, 2)), 0.5, 0, 0)
    page.Healing._line(axes, steady, "y", style.BLUE, "-")
    assert len(axes.lines) == 3


def test_the_clip_of_a_cure_is_at_one():
    (clip,) = tg._sentence(tg.CURES["clip"], 0.1, np.array([True]))["optimizer"].transforms
    assert isinstance(clip, ClipByNorm) and clip.max_norm == 1
