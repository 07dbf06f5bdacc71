"""The remedies, the committed table of their counts, and the pictures of the chapter."""

from dataclasses import replace

import numpy as np
import pytest

from reglib.penalties import L2, SpectralBall
from trial.chapters.recurrent import decay_steps
from trial.chapters.remedies import figures as remedies
from trial.chapters.remedies.figures import (
    APART,
    EXPLODING,
    GAINS,
    LAMS,
    OTHERS,
    PENALTIES,
    SATURATING,
    Remedy,
    Window,
    cell,
    draw_backwards,
    draw_losses,
    draw_window,
    least_lam,
)
from trial.page import apart
from trial.page.style import new_figure

SMALL = replace(EXPLODING[0], seeds=3)
TABLE = apart.read("remedies")


def matrix(trial, w):
    return trial.net.unpack(w)["W"]


@pytest.mark.parametrize("n", [4, 41, 406, 8110])
def test_pure_decay_needs_the_steps_that_the_formula_says(n):
    s, lam = {4: (0.1, 1), 41: (0.1, 0.1), 406: (0.1, 0.01), 8110: (0.1, 5e-4)}[n]
    assert decay_steps(1.5, s, lam) == n
    assert 1.5 * (1 - s * lam) ** n <= 1 < 1.5 * (1 - s * lam) ** (n - 1)


@pytest.mark.parametrize("gain", [1.5, 4.0])
def test_the_least_lam_is_just_in_time(gain):
    lam = least_lam(gain, 0.05, 400)
    assert decay_steps(gain, 0.05, 1.0001 * lam) == 400
    assert decay_steps(gain, 0.05, 0.999 * lam) == 401


def test_no_remedy_is_plain_gradient_descent():
    options = {"learning_rate": 0.01, "n_steps": 3}
    calm = replace(SMALL, gain=0.5)
    _, history = Remedy().apply(calm, **options)
    assert np.array_equal(history.w, calm.run(**options).w)
    assert not np.isclose(history.w, calm.start()).all()


def test_the_projection_holds_from_the_start_and_after_every_step():
    seen = []

    class Watch:
        def start(self, w):
            return None

        def update(self, gradient, *, w, memory):
            seen.append(np.linalg.norm(matrix(SMALL, w), 2, axis=(-2, -1)).max())
            return gradient, None

    remedy = replace(OTHERS["projection, largest singular value 1"], transforms=(Watch(),))
    assert isinstance(remedy.penalty, SpectralBall)
    remedy.apply(SMALL, learning_rate=0.02, n_steps=5)
    assert len(seen) == 5 and max(seen) <= 1 + 1e-12


def test_a_penalty_acts_on_the_recurrent_matrix_only():
    options = {"learning_rate": 1e-9, "n_steps": 1}  # so small that the data do next to nothing
    calm = replace(SMALL, gain=0.1)
    _, history = Remedy(L2(1e8)).apply(calm, **options)
    before, after = calm.net.unpack(calm.start()), calm.net.unpack(history.w)
    assert np.allclose(after["W"], 0.9 * before["W"], atol=1e-6)
    for part in "UV":
        assert np.allclose(after[part], before[part], atol=1e-6)


def test_a_remedy_may_change_the_start_and_the_steps():
    remedy = Remedy(start={"kind": "orthogonal", "gain": 1.0}, steps={"n_steps": 2})
    own, history = remedy.apply(SMALL, learning_rate=1e-9, n_steps=9)
    W = matrix(own, own.start())
    assert np.allclose(W @ W.swapaxes(-1, -2), np.eye(16))
    assert len(history.loss) == 2


def test_the_rows_computed_apart_are_those_of_the_chapter(monkeypatch):
    """One step each, three networks: names, groups and the block of seeds."""
    monkeypatch.setattr(remedies, "RUNS", 3)
    tiny = {
        group: ((replace(t, length=2), {**s, "n_steps": 1}), names)
        for group, ((t, s), names) in APART.items()
    }
    short = {
        name: replace(r, steps={k: v for k, v in r.steps.items() if k != "n_steps"})
        for group in tiny.values()
        for name, r in group[1].items()
    }
    tiny = {g: (trial, {n: short[n] for n in names}) for g, (trial, names) in tiny.items()}
    monkeypatch.setattr(remedies, "APART", tiny)
    rows = list(remedies.apart(0))
    assert [row[0] for row in rows] == [row.name for row in TABLE.rows]
    assert all(0 <= gone + learned <= 3 for _, gone, learned in rows)


def test_a_block_of_seeds_is_another_set_of_networks(monkeypatch):
    again = replace(SMALL, block=1)
    assert not np.isclose(SMALL.start(), again.start()).any()
    asked = []
    monkeypatch.setattr(Remedy, "apply", lambda self, trial, **_: asked.append(trial.block))
    with pytest.raises(TypeError):  # the stand-in returns nothing to count
        next(remedies.apart(1))
    assert asked == [1]


def test_no_penalty_saves_the_exploding_network_and_a_bound_does():
    for name in PENALTIES:
        row = TABLE[f"exploding: {name}"]
        assert min(row.diverged) >= 95 and max(row.learned) <= 5
    for name in OTHERS:
        assert max(TABLE[f"exploding: {name}"].diverged) == 0
    for name in ("projection, largest singular value 1", "clip at 1, then proximal L2, λ = 0.1"):
        assert min(TABLE[f"exploding: {name}"].learned) >= 95
    assert max(TABLE["exploding: Adam, 1500 steps"].learned) <= 5


def test_the_window_is_an_inverted_u():
    low, high, far = (TABLE[f"window: {cell(2.0, lam)}"].learned for lam in (0.0, 0.3, 1.0))
    assert max(far) <= 5 and min(high) >= 80 and sum(high) >= sum(low) + 25


def test_the_window_tells_the_counts_of_the_table_and_draws_them():
    window = Window(TABLE)
    assert window.learned.shape == (len(GAINS), len(LAMS), 2)
    figure = new_figure(layout="none")
    sentence = window(figure, 2.0, 0.1)
    first, second = TABLE["window: gain 2, λ = 0.1"].learned
    assert f"{first} of 100 networks learned, {second} of 100" in sentence
    assert "in 139 steps of 400: in time" in sentence
    image = figure.axes[0].images[0].get_array()
    assert image[GAINS.index(2.0), LAMS.index(0.1)] == first + second
    lines = [line.get_ydata() for line in figure.axes[1].lines[:2]]
    assert [line[LAMS.index(0.1)] for line in lines] == [first, second]


def test_every_cell_of_the_window_can_be_drawn():
    window = Window(TABLE)
    for gain, lam in [(1.0, 0.0), (1.0, 1.0), (4.0, 0.01), (4.0, 0.0)]:
        assert len(window(new_figure(layout="none"), gain, lam)) > 40
    assert window.alone(4.0, 0.01).endswith("too late.")
    assert window.alone(2.0, 0.0) == "Nothing shrinks the gain."
    assert window.alone(1.0, 0.5).startswith("No decay is needed")


def test_runs_that_are_over_are_a_cross_and_the_others_a_line():
    figure = new_figure()
    over = np.array([[1e9, 1e8, 1e7], [np.nan, np.nan, 1.0]])
    draw_losses(figure, {"over": over, "alive": np.full((50, 3), 2.0)})
    cross, line = figure.axes[0].lines
    assert cross.get_marker() == "X" and cross.get_ydata().tolist() == [1e8]
    assert len(line.get_xdata()) == 50 and line.get_ydata()[0] == 2


def test_gradients_are_drawn_relative_to_the_last_time_step():
    figure = new_figure()
    draw_backwards(figure, {"some": np.array([[8.0, 4.0, 2.0], [1.0, 1.0, 1.0], [9.0, 3.0, 3.0]])})
    assert figure.axes[0].lines[0].get_ydata().tolist() == [3.0, 1.0, 1.0]


def test_the_curves_of_the_window_have_one_line_a_gain():
    figure = new_figure()
    draw_window(figure, {1.5: np.arange(8), 2.0: np.arange(8) * 2}, 40)
    assert [line.get_label() for line in figure.axes[0].lines] == ["gain 1.5", "gain 2"]
    assert figure.axes[0].lines[1].get_ydata()[3] == 6


def test_both_trials_are_those_of_the_book():
    (linear, linear_steps), (tanh, tanh_steps) = EXPLODING, SATURATING
    assert (linear.activation, linear.gain, linear.hidden, linear.length) == ("linear", 1.5, 16, 40)
    assert (tanh.activation, tanh.gain, tanh.batch, tanh.seeds) == ("tanh", 2.0, 16, 20)
    assert linear_steps == {"learning_rate": 0.02, "n_steps": 300}
    assert tanh_steps == {"learning_rate": 0.05, "n_steps": 400}
