"""The figure of the first page: three runs, and what their sentences say."""

import numpy as np
import pytest

from reglib.diagnostics import step_limit
from trial.chapters.front.figures import LAMS, STEPS, ThreeRuns, hero
from trial.page import style

NAMES = ("no penalty", "L2 in the loss", "L2 as a proximal step")
PLACES = (None, "coupled", "proximal")


@pytest.fixture(scope="module")
def three():
    return ThreeRuns()


def limits(loss, lam):
    plain = float(step_limit(loss))
    return [plain, *(float(step_limit(loss, lam, p)) if lam else plain for p in PLACES[1:])]


@pytest.mark.parametrize("lam", LAMS)
def test_a_run_explodes_just_where_its_step_is_above_its_limit(three, lam):
    for step in STEPS:
        exploded = [run.diverged_at >= 0 for run in three.runs(lam, step).values()]
        assert exploded == [step > limit for limit in limits(three.loss, lam)]


def test_the_penalty_in_the_loss_is_the_first_to_explode(three):
    both = 0
    for lam in LAMS[1:]:
        for step in STEPS:
            first = [three.runs(lam, step)[name].diverged_at for name in NAMES]
            if max(first) >= 0:
                both += 1
                assert first[1] >= 0 and all(k < 0 or k >= first[1] for k in first)
    assert both > 10


def test_without_a_penalty_the_three_runs_are_one(three):
    plain, *others = three.runs(0.0, 0.15).values()
    for run in others:
        np.testing.assert_allclose(run.w, plain.w, atol=1e-9)


def test_the_sentence_says_how_each_run_ends(three):
    sentence = three(style.new_figure(layout="none"), 3.0, 0.15)
    assert sentence.startswith("λ = 3, step 0.15. No penalty: converges in ")
    assert "L2 in the loss: explodes. L2 as a proximal step: converges in 35 steps." in sentence
    assert "All three runs do the same: each explodes" in three(
        style.new_figure(layout="none"), 1.0, 0.4
    )


def test_the_lines_are_lengths_of_gradients(three):
    figure = style.new_figure(layout="none")
    three(figure, 3.0, 0.1)
    plain, coupled, _ = figure.axes[0].lines
    start = np.array(three.w0)
    gradient = three.loss.gradient(start)
    assert plain.get_ydata()[0] == pytest.approx(np.linalg.norm(gradient))
    assert coupled.get_ydata()[0] == pytest.approx(np.linalg.norm(gradient + 3 * start))
    assert plain.get_linestyle() != coupled.get_linestyle()


def test_it_starts_where_only_the_advice_explodes():
    figure = hero()
    assert figure.started == [3.0, 0.15]
