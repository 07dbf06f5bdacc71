"""The chapter on step sizes: the race, learned rates, AdamW's box, the edge of stability."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import minimize

from reglib.datasets import article, leaky_memory
from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from reglib.optimizers import (
    AdaGrad,
    AdamScaling,
    ClipByNorm,
    Hypergradient,
    InverseSqrt,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
    WeightDecay,
)
from reglib.penalties import L2
from reglib.solvers import barzilai_borwein, gradient_descent, least_squares, ridge
from reglib.training import train
from trial.chapters.recurrent import Trial, band
from trial.chapters.step_sizes import edge
from trial.chapters.step_sizes import figures as step_sizes
from trial.chapters.step_sizes import learned_rates as hyper
from trial.chapters.step_sizes.figures import DIVERGES, LEAVES, NEVER, RULES, STAYS, race
from trial.page import apart, style

X, Y, _ = article()
LOSS, START, BEST = SquaredError(X, Y), [3.0, 2.0], least_squares(X, Y)
LIMIT = step_limit(LOSS)
SIX = np.array([0.1, 0.99, 1.01, 1.5, 5, 50])


def run(name, shares=SIX, n_steps=6000):
    return race(RULES[name], LOSS, START, BEST, np.multiply(shares, LIMIT), n_steps)


def follow(start, n_steps, *sentence, learning_rate, loss=LOSS):
    sgd = Optimizer(*sentence, learning_rate=learning_rate)
    return train(loss, sgd, start, n_steps=n_steps, record=True).path


# The race


@pytest.mark.parametrize(
    ("name", "shares", "counts"),
    [
        ("gradient descent", SIX, [5436, 545, -1, -1, -1, -1]),
        ("momentum", SIX, [317, 240, 237, 252, -1, -1]),
        ("clip at 1", SIX[1:2], [545]),
        ("AdaGrad", SIX[1:], [4400, 4235, 2022, 414, 322]),
        ("Barzilai-Borwein", SIX, [10, 10, 10, 9, 9, 8]),
    ],
)
def test_the_iterations_are_those_of_an_independent_count(name, shares, counts):
    np.testing.assert_array_equal(run(name, shares).needed, counts)


@pytest.mark.parametrize(
    ("name", "shares", "counts", "slack"),
    [
        ("Adam", SIX, [1558, 249, 245, 265, 249, 288], 2),
        ("backtracking", SIX[1:], [543, 535, 483, 311, 383], 10),
    ],
)
def test_counts_that_hang_on_rounding_are_near_an_independent_count(name, shares, counts, slack):
    assert np.abs(run(name, shares).needed - counts).max() <= slack


def test_gradient_descent_races_as_the_solver_does():
    rates = np.array([0.5, 0.9, 1.1]) * LIMIT
    ours = race((), LOSS, START, BEST, rates)
    path = gradient_descent(
        LOSS, None, START, step=rates[:, None], tol=0, max_iter=6000, record=True
    ).path
    near = np.linalg.norm(path - BEST, axis=-1) <= 1e-6
    np.testing.assert_array_equal(ours.needed[:2], near.argmax(axis=0)[:2])
    assert ours.fate.tolist() == [STAYS, STAYS, DIVERGES]


def test_every_fate_is_told_apart():
    fates = {
        "gradient descent": [STAYS, DIVERGES],
        "clip at 1": [STAYS, NEVER],
        "RMSProp": [NEVER, NEVER],
        "Adam": [LEAVES, LEAVES],
    }
    for name, expected in fates.items():
        assert run(name, [0.5, 1.5]).fate.tolist() == expected, name
    assert run("gradient descent", [0.5, 1.5]).words(100) == ["1100", "diverges"]
    assert run("clip at 1", [1.5], 300).words() == ["never"]


@pytest.mark.parametrize(("stay", "fate"), [(99, NEVER), (100, LEAVES), (150, LEAVES)])
def test_a_short_visit_is_no_arrival_and_a_long_one_that_ends_is_told(stay, fate):
    near, away = BEST[None], BEST[None] + 1
    path = np.array([away] * 5 + [near] * stay + [away] * 300)
    result = race(lambda *_, **__: SimpleNamespace(path=path), LOSS, START, BEST, [1.0])
    assert result.fate == fate and result.needed == (-1 if fate == NEVER else 5)


def test_a_race_is_the_same_alone_and_among_others():
    for name in ("momentum", "AdaGrad", "Barzilai-Borwein"):
        together = run(name, [0.1, 1.5, 50], 400)
        for i, share in enumerate((0.1, 1.5, 50)):
            alone = run(name, [share], 400)
            assert alone.needed[0] == together.needed[i] and alone.fate[0] == together.fate[i]


def test_a_peak_is_the_largest_loss_over_the_first():
    steps = np.array([5.0]) * LIMIT
    path = follow(START, 200, RMSProp(), learning_rate=steps[:, None])
    expected = LOSS.value(path).max() / LOSS.value(START)
    np.testing.assert_allclose(race((RMSProp(),), LOSS, START, BEST, steps, 200).peak, expected)
    assert (run("backtracking", n_steps=300).peak == 1).all()


def test_no_scaling_no_clip_and_no_search_ever_diverges():
    for name in ("clip at 1", "AdaGrad", "RMSProp", "Adam", "backtracking", "Barzilai-Borwein"):
        assert not run(name, np.geomspace(0.1, 50, 8), 1500).diverged.any(), name


def test_rmsprop_circles_each_weight_at_half_its_rate():
    path = follow(START, 6000, RMSProp(), learning_rate=0.1)
    np.testing.assert_allclose(np.abs(path[-2:] - BEST), 0.05, rtol=1e-6)
    np.testing.assert_allclose(path[-1] - BEST, BEST - path[-2], atol=1e-7)


def test_the_clip_has_the_cycles_that_the_theorem_says():
    h, c, s = 4.0, 1.0, 0.8  # s > 2/h
    loss = SquaredError([[2.0]], [0.0])
    for w, cycles in ((c / h + 0.01, True), (s * c - c / h - 0.01, True), (c / h - 0.05, False)):
        path = follow([w], 2, ClipByNorm(c), learning_rate=s, loss=loss)[:, 0]
        assert bool(np.isclose(path[2], w, atol=1e-12)) is cycles
        assert not cycles or np.isclose(path[1], w - s * c)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("form", ["heavy ball", "Nesterov"])
def test_momentums_limit_is_where_the_spectral_radius_passes_one(form, beta):
    """The radius is read from the optimizer itself: its step is linear in (w, v)."""
    transform = Momentum(beta) if form == "heavy ball" else Nesterov(beta)
    limit = 2 * (1 + beta) / (1 if form == "heavy ball" else 1 + 2 * beta)

    def radius(sh):
        columns = []
        for w, v in np.eye(2):
            new, (memory,) = Optimizer(transform, learning_rate=sh).step(
                [w], gradient=[w], memory=(np.array([v]),)
            )
            columns.append([new[0], memory[0]])
        return np.abs(np.linalg.eigvals(np.transpose(columns))).max()

    for sh in np.linspace(0.05, 0.999, 7) * limit:
        assert radius(sh) < 1
    assert radius(1.001 * limit) > 1


def test_the_race_is_drawn_with_a_line_for_each_rule():
    races = {name: run(name, [0.5, 1.5], 200) for name in RULES}
    figure = style.new_figure()
    alt = step_sizes.draw_race(figure, np.array([0.5, 1.5]), races)
    told = "gradient descent never arrives from 0.5 times the limit, diverges from 1.5;"
    assert told in alt
    named = [
        line.get_label()
        for axes in figure.axes
        for line in axes.lines
        if line.get_label()[0] != "_"
    ]
    assert named == list(RULES)


# AdamW


@pytest.mark.parametrize("lam", [0.2, 0.3, 0.5, 1.0, 2.0])
def test_the_box_minimum_is_that_of_a_general_solver(lam):
    bounds = [(-1 / lam, 1 / lam)] * 2
    expected = minimize(LOSS.value, [0, 0], jac=LOSS.gradient, bounds=bounds, tol=1e-14).x
    np.testing.assert_allclose(step_sizes.box_minimum(LOSS, lam), expected, atol=1e-4)


def test_a_sweep_of_boxes_is_a_loop():
    together = step_sizes.box_minimum(LOSS, np.array([[0.2], [0.5], [2.0]]))
    alone = [step_sizes.box_minimum(LOSS, lam) for lam in (0.2, 0.5, 2.0)]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


@pytest.mark.parametrize("lam", [1.0, 2.0])
def test_adamw_ends_in_its_box_and_adam_with_l2_at_ridge(lam):
    def end(*sentence):
        return follow(START, 8000, *sentence, learning_rate=InverseSqrt(0.2, 50))[-1]

    inside, outside = end(WeightDecay(lam), AdamScaling()), end(AdamScaling(), WeightDecay(lam))
    np.testing.assert_allclose(inside, ridge(X, Y, lam), atol=1e-6)
    np.testing.assert_allclose(outside, 1 / lam, atol=5e-4)
    figure = style.new_figure()
    alt = step_sizes.draw_boxes(figure, LOSS, {lam: inside[None]}, {lam: outside[None]})
    assert alt.endswith(f"of half widths {1 / lam:.2g}.")
    np.testing.assert_allclose(figure.axes[0].lines[1].get_xydata()[-1], outside)


# Learned rates


def test_a_cell_of_the_map_is_a_run_of_training():
    shares, betas = [0.5, 1.5, 5.0], [1e-3, 0.5]
    runs = hyper.hyper_runs(LOSS, START, BEST, LIMIT, shares, betas, 600)
    for form, multiplicative in hyper.FORMS.items():
        for i, j in np.ndindex(2, 3):
            rule = Hypergradient(shares[j] * LIMIT, betas[i], multiplicative)
            alone = train(LOSS, Optimizer(learning_rate=rule), START, n_steps=600)
            assert (runs.fate[form][i, j] == hyper.DIVERGES) == alone.diverged
            k = min(8, len(alone.loss))  # later the last bits differ
            np.testing.assert_allclose(runs.loss[form][:k, i, j], alone.loss[:k], rtol=1e-6)
            assert runs.rate[form][0, i, j] == shares[j] * LIMIT
            if runs.fate[form][i, j] == hyper.ARRIVES:
                assert np.linalg.norm(alone.w - BEST) < 1e-5


def test_the_additive_rule_rescues_a_little_and_the_multiplicative_rule_a_lot():
    shares, betas = (
        np.array([0.5, 1.2, 1.5, 5, 50]),
        np.array([1e-6, 1e-4, 1e-3, 0.1, 0.5, 0.9, 1.5]),
    )
    fate = hyper.hyper_runs(LOSS, START, BEST, LIMIT, shares, betas, 1500).fate
    added, scaled = fate["additive"], fate["multiplicative"]
    assert (added[:3, :3] == hyper.ARRIVES).all()
    assert (added[:, 3:] == hyper.DIVERGES).all() and (added[3:] == hyper.DIVERGES).all()
    assert (scaled[4:6] == hyper.ARRIVES).all() and (scaled[6] == hyper.DIVERGES).all()


@pytest.mark.parametrize("beta", [0.1, 0.5, 0.99])
def test_below_one_the_multiplicative_rate_stays_positive_whatever_the_gradients(beta):
    rng = np.random.default_rng(0)
    rule = Hypergradient(1.0, beta, multiplicative=True)
    memory = rule.start(np.zeros(3))
    for _ in range(200):
        g = rng.standard_normal(3) * 10.0 ** rng.integers(-9, 9)
        s, memory = rule.next_rate(gradient=g, update=g, memory=memory)
        assert s > 0


def test_the_explorer_says_how_both_rules_end():
    runs = hyper.hyper_runs(LOSS, START, BEST, LIMIT, [0.1, 5.0], [1e-5, 0.5], 1000)
    explorer = hyper.Explorer(runs)
    figure = style.new_figure((6, 5), layout="none")
    told = explorer(figure, share=5.0, beta=0.5)
    assert told == (
        "Start at 5 times the limit, β = 0.5. The additive rule diverges, and its rate became "
        "negative. The multiplicative rule is within 1e-6 of the solution after 1000 steps."
    )
    assert [len(axes.lines) for axes in figure.axes] == [2, 3]
    assert "is on its way after 1000 steps" in explorer(
        style.new_figure(layout="none"), share=0.1, beta=1e-5
    )


def test_the_map_shows_each_fate_where_it_belongs():
    runs = hyper.hyper_runs(LOSS, START, BEST, LIMIT, [0.5, 5, 50], [1e-3, 0.5], 600)
    figure = style.new_figure()
    assert hyper.draw_fates(figure, runs).startswith("Two maps, the first rate upward")
    for axes, fate in zip(figure.axes, runs.fate.values(), strict=True):
        np.testing.assert_array_equal(axes.collections[0].get_array(), fate.T)
        low, high = axes.get_xlim()
        assert low < 1e-3 and high > 0.5


# The edge of stability


def test_the_watched_runs_are_those_of_training_and_the_sharpness_is_an_eigenvalue():
    net, pairs = edge.network(), [(0.2, 0.0), (0.4, 0.01)]
    seen = edge.watch(pairs, seeds=2, n_steps=20, every=10)
    assert seen.at.tolist() == [10, 20] and seen.sharpness.shape == seen.error.shape == (2, 2, 2)
    for i, (step, lam) in enumerate(pairs):
        sgd = Optimizer(learning_rate=step)
        w = train(net, sgd, edge.starts(net, 2), n_steps=20, penalty=L2(lam)).w
        for seed in range(2):
            H = np.stack([net.hessian_vector(w[seed], v) for v in np.eye(net.size)])
            top = np.linalg.eigvalsh((H + H.T) / 2)[-1]
            np.testing.assert_allclose(seen.sharpness[1, i, seed], top, rtol=2e-3)
        np.testing.assert_allclose(seen.error[1, i], 2 * net.value(w) / net.y.var(), rtol=1e-8)
    np.testing.assert_allclose(seen.after(20, pairs[1]), seen.sharpness[1, 1])


def test_a_network_that_diverged_has_no_sharpness_and_spares_the_others():
    seen = edge.watch([(0.2, 0.0), (50.0, 0.0)], seeds=2, n_steps=40, every=20)
    assert np.isnan(seen.sharpness[-1, 1]).all() and np.isfinite(seen.sharpness[:, 0]).all()


def test_the_edge_is_drawn_with_a_line_for_each_step_without_penalty():
    pairs = [(0.2, 0.0), (0.4, 0.0), (0.4, 0.001), (0.4, 0.01)]
    seen = edge.watch(pairs, seeds=2, n_steps=4, every=2)
    figure = style.new_figure()
    alt = edge.draw_edge(figure, seen, 2)
    assert "at step 0.4 with λ = 0.01 it ends at" in alt and "2/step is 5;" in alt
    top, bottom = figure.axes
    assert [t.get_text() for t in top.get_legend().get_texts()] == ["step 0.2", "step 0.4"]
    dots = bottom.lines[1].get_ydata()
    np.testing.assert_allclose(dots, np.concatenate([seen.after(2, p) for p in pairs[:2]]))


def test_the_rows_apart_name_their_step_and_penalty(monkeypatch):
    monkeypatch.setattr(edge, "STEPS", (0.4, 30.0))
    monkeypatch.setattr(edge, "LAMS", (0.0,))
    monkeypatch.setattr(edge, "ITERATIONS", 60)
    (calm, fits), (wild, none) = [(row[1], row[2]) for row in edge.apart(0)]
    assert (calm, none) == (0, 0) and fits >= 25 and wild >= 47
    names = [row.name for row in apart.read("edge").rows]
    assert len(names) == 15 and names[0] == "λ = 0, step 0.4"


@pytest.mark.slow
def test_twenty_networks_end_at_the_edge_and_only_a_strong_penalty_moves_them():
    """Bands of experiment E10(d): step 0.4, 3000 iterations, the mean over the last thousand."""
    pairs = [(0.4, 0.0), (0.4, 1e-3), (0.4, 1e-2)]
    seen = edge.watch(pairs, seeds=20, n_steps=3000, every=100)
    plain, weak, strong = (seen.after(2000, pair) for pair in pairs)
    assert abs(plain.mean() - 5) < 0.15 and plain.std() < 0.3
    assert abs(weak.mean() - 5) < 0.25
    assert abs(strong.mean() - 2.46) < 0.4
    error = np.median(seen.error[-1], axis=1)
    assert error[0] < error[1] < error[2] and error[2] > 2 * error[0]


# Adam


def test_adam_keeps_an_exploding_network_finite_and_teaches_it_nothing():
    trial = Trial(leaky_memory, "linear", gain=1.5, seeds=5)
    alone = trial.run(AdamScaling(), learning_rate=0.005, n_steps=60)
    assert not alone.diverged.any() and trial.success(alone) == 0
    clipped = trial.run(ClipByNorm(1.0), AdamScaling(), learning_rate=0.005, n_steps=150)
    assert trial.success(clipped) == 5 and band(0) == "at most 1 of 20"


def test_adagrads_rate_ends_below_the_limit_and_the_others_pass_it_again():
    """The divisor, read from the memory: g / (what was passed on)."""
    for scaling, stays in ((AdaGrad(), True), (RMSProp(), False), (AdamScaling(), False)):
        rate, w = 1.5 * LIMIT, np.array(START)
        memory, largest = scaling.start(w), 0.0
        for k in range(5000):
            update, memory = scaling.update(LOSS.gradient(w), w=w, memory=memory)
            w = w - rate * update
            v = memory if isinstance(memory, np.ndarray) else memory[1]
            if k > 3000:
                largest = max(largest, (rate / (np.sqrt(v) + 1e-8)).max())
        assert bool(largest < LIMIT) is stays, scaling


def test_barzilai_and_borwein_is_the_solver_that_raced():
    assert RULES["Barzilai-Borwein"] is barzilai_borwein
