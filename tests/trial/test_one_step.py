"""The map of the first chapter: two halves that share no code, and a test that can tell."""

import re

import numpy as np
import pytest

from reglib.datasets import article
from reglib.losses import LogisticLoss, SquaredError
from reglib.penalties import L2, Masked
from reglib.solvers import PLACEMENTS, gradient_descent, ridge
from trial.chapters.one_step import figures as one_step
from trial.page import style

X, Y, _ = article()
LOSS = SquaredError(X, Y)
LIMIT = 2 / LOSS.lipschitz()
CELLS = one_step.run_map(LOSS, [3, 2], np.geomspace(0.1, 50, 12), LIMIT * np.geomspace(0.3, 3, 10))


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_runs_and_theory_agree_away_from_the_boundary(placement):
    share, compared = one_step.agreement(CELLS, placement)
    assert share == 1 and compared > 80


def test_theory_for_another_placement_does_not_agree():
    """The tester tested: swap what two placements did, and the agreement is gone."""
    swapped = one_step.StabilityMap(
        CELLS.loss, CELLS.lams, CELLS.steps, {"proximal": CELLS.diverged["coupled"]}
    )
    assert one_step.agreement(swapped, "proximal")[0] < 0.8


def test_a_map_in_one_call_equals_a_loop():
    for i in (0, 5, 9):
        for j in (0, 6, 11):
            one = one_step.run_map(
                LOSS, [3, 2], CELLS.lams[[j, j]], CELLS.steps[[i, i]], max_iter=2000
            )
            for placement in PLACEMENTS:
                assert one.diverged[placement].all() == CELLS.diverged[placement][i, j]


@pytest.mark.parametrize(
    ("lam", "step", "words"),
    [
        (10, 0.1, r"coupled L2 diverges, a weight passes 1e12 at iteration 164; proximal L2 conv"),
        (0.1, 0.05, r"coupled L2 converges in \d+ iterations; proximal L2 converges in \d+"),
        (0.1, 0.5, r"coupled L2 diverges.*; proximal L2 diverges"),
        (50, 0.5, r"coupled L2 diverges.*; proximal L2 converges"),
    ],
)
def test_the_sentence_says_how_each_run_ends(lam, step, words):
    figure = style.new_figure((6, 6.6), layout="none")
    sentence = one_step.OneStep(CELLS, [3, 2])(figure, lam=lam, step=step)
    assert sentence.startswith(f"λ = {lam:g}, step {step:g} ({step / LIMIT:.2f} of the limit")
    assert re.search(words, sentence)


def test_every_panel_has_its_boundary():
    figure = style.new_figure((6, 6.4))
    one_step.draw_maps(figure, CELLS)
    for axes, placement in zip(figure.axes, PLACEMENTS, strict=True):
        assert (
            axes.get_title(loc="center") + axes.get_title(loc="left") == one_step.NAMES[placement]
        )
        drawn = [line for line in axes.lines if len(line.get_xdata()) == len(CELLS.lams)]
        assert drawn and axes.images


@pytest.mark.parametrize("loss", [LOSS, LogisticLoss(X, Y > 5)], ids=["squares", "logistic"])
def test_a_proximal_step_is_a_coupled_step_of_another_length(loss):
    """The theorem of chapter 3: with every weight penalized, on any loss; not with a spared one."""
    rng = np.random.default_rng(0)
    lam, s = 10 ** rng.uniform(-2, 1.5, (2, 40, 1))
    same = {"tol": 0, "max_iter": 30}
    for penalty, equal in ((L2(lam), True), (Masked(L2(lam), [False, True]), False)):
        proximal = gradient_descent(loss, penalty, [3, 2], step=s, placement="proximal", **same)
        coupled = gradient_descent(loss, penalty, [3, 2], step=s / (1 + s * lam), **same)
        finite = (proximal.diverged_at < 0) & (coupled.diverged_at < 0)
        near = np.isclose(proximal.w[finite], coupled.w[finite], rtol=1e-9, atol=1e-9)
        assert finite.sum() > 10 and near.all() == equal


def test_the_two_placements_need_the_same_at_their_best_steps():
    steps = np.geomspace(0.02, 1, 121)
    goal = ridge(X, Y, 10.0)
    best = {
        place: np.nanmin(one_step.iterations(LOSS, L2(10.0), [3, 2], steps, goal, place))
        for place in ("coupled", "proximal")
    }
    assert abs(best["coupled"] - best["proximal"]) <= 1
    never = one_step.iterations(LOSS, L2(10.0), [3, 2], [0.1], goal, "coupled")
    assert np.isnan(never).all()  # above 2/(L + lam)
