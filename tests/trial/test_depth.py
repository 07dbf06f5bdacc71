"""Theory against runs, and the deep trial: its penalties, its start, its counts."""

import numpy as np
import pytest

from reglib.diagnostics import gradient_error
from reglib.networks import MLP
from reglib.penalties import L1, L2, Masked, Orthogonal, SpectralBall
from trial.chapters.depth import experiment as deep_trial
from trial.chapters.depth import figures as depth
from trial.chapters.depth.experiment import (
    DEPTH,
    SHAPE,
    WIDTH,
    Deep,
    Layers,
    Shrunk,
    attempt,
    remedies,
)
from trial.chapters.recurrent import decay_steps
from trial.page import style

WEIGHTS = depth.draws(depth.networks(40, "tanh"))


@pytest.mark.parametrize("gain", [0.9, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_the_measured_rate_is_the_theorys(activation, gain):
    measured = depth.slopes(depth.fan(WEIGHTS, gain, 40, activation)).mean()
    assert abs(measured - depth.rate(gain, activation)) < 0.04


def test_theory_for_the_other_activation_does_not_fit():
    """The tester tested: the tolerance is finer than the difference of the two theories."""
    measured = depth.slopes(depth.fan(WEIGHTS, 1.5, 40, "tanh")).mean()
    assert abs(measured - depth.rate(1.5, "linear")) > 0.3


@pytest.mark.parametrize(
    ("gain", "rate"), [(1.1, 0.0051), (1.5, 0.0652), (2.0, 0.1547), (3.0, 0.3102)]
)
def test_the_mean_field_rate_of_tanh_has_its_known_values(gain, rate):
    assert depth.rate(gain, "tanh") == pytest.approx(rate, abs=1e-4)


def test_chi_agrees_with_a_gauss_hermite_rule_where_that_rule_is_good():
    z, weights = np.polynomial.hermite_e.hermegauss(101)
    q = depth.fixed_point(1.5)
    chi = 1.5**2 * (weights / weights.sum()) @ np.cosh(np.sqrt(q) * z) ** -4
    assert depth.chi(1.5, q) == pytest.approx(chi, rel=1e-6)


@pytest.mark.parametrize("gain", [1.2, 2.0, 3.0])
def test_the_fixed_point_is_fixed_and_attracts(gain):
    q = depth.fixed_point(gain)
    assert depth.variances(gain, 2, q / gain**2)[1] == pytest.approx(q, rel=1e-9)
    assert depth.variances(gain, 500, 9.0)[-1] == pytest.approx(q, rel=1e-9)


def test_at_gain_one_the_variance_falls_like_one_over_twice_the_depth():
    assert depth.variances(1.0, 1000)[-1] == pytest.approx(1 / 2000, rel=0.02)


def test_a_finite_width_slows_the_growth_as_digamma_says():
    scipy_special = pytest.importorskip("scipy.special")
    for width in (2, 4, 24, 64):
        exact = (scipy_special.digamma(width / 2) - np.log(width / 2)) / 2
        assert depth.finite_width(width) == pytest.approx(exact, abs=1e-12)


def test_the_profile_ends_at_one_and_has_the_rate_of_theory():
    line = depth.profile(1.5, 60, "tanh")
    assert line.shape == (60,) and line[-1] == 1
    assert np.log(line[30] / line[31]) == pytest.approx(depth.rate(1.5, "tanh"), abs=1e-6)


def test_a_shallower_network_is_cut_from_the_deep_one():
    w = WEIGHTS[:2]
    net = MLP(
        np.stack([np.random.default_rng(100 + s).standard_normal((8, 64)) for s in range(2)]),
        np.zeros((2, 8)),
        (64,) * 3,
        bias=False,
    )
    norms = []
    for s in range(2):
        parts = [w[s, : 3 * 64 * 64] * 1.5, w[s, -64:]]
        alone = MLP(net.X[s], net.y[s], (64,) * 3, bias=False)
        norms.append([np.linalg.norm(d) for d in alone.deltas(np.concatenate(parts))])
    expected = np.array(norms) / np.array(norms)[:, -1:]
    np.testing.assert_allclose(depth.fan(w, 1.5, 3, "tanh"), expected, rtol=1e-12)


def test_decay_is_counted_as_it_runs():
    for lam in (0.01, 0.1, 1.0, 3.0):
        gain, steps = 1.5, 0
        while gain > 1:
            gain, steps = (1 - 0.1 * lam) * gain, steps + 1
        assert decay_steps(1.5, 0.1, lam) == steps
    assert decay_steps(1.5, 0.1, 5e-4) == 8110


def test_the_first_true_number_is_found():
    assert depth.crossing(lambda k: k * k > 50, 0, 100) == 8


@pytest.mark.parametrize(("gain", "word"), [(0.5, "shrinks to"), (1.0, "keeps"), (2.0, "grows")])
def test_the_sentence_says_what_both_networks_do(gain, word):
    explorer = depth.ByDepth([gain], [5])
    sentence = explorer(style.new_figure(layout="none"), gain=gain, depth=5.0)
    assert sentence.startswith(f"Gain {gain:g}, 5 layers.") and f"linear {word}" in sentence
    assert len(sentence) > style.SMALLEST_ALT


def test_figures_have_a_line_for_each_name():
    fans = {"a": (np.ones((2, 5)), np.ones(5)), "b": (np.full((3, 5), 2.0), np.full(5, 2.0))}
    figure = style.new_figure()
    depth.draw_fans(figure, fans)
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["a", "b"]
    figure = style.new_figure()
    depth.draw_cures(figure, {"a": np.ones(3)}, {"a": np.ones(4)})
    assert len(figure.axes) == 2 and figure.axes[1].get_yscale() == "log"


# The trial

SMALL = 3  # layers, of 2 x 2


def masked(penalty):
    """What `Layers` should add up: one masked penalty for each matrix, V spared."""
    masks = np.zeros((SMALL, SMALL * 4 + 2), bool)
    for k, mask in enumerate(masks):
        mask[4 * k : 4 * k + 4] = True
    return [Masked(penalty, mask) for mask in masks]


@pytest.mark.parametrize(
    "penalty", [L1(0.3), L2(0.3), Orthogonal(0.3, (2, 2)), SpectralBall(1.0, (2, 2))], ids=repr
)
def test_layers_are_a_sum_of_masked_penalties(penalty):
    w = np.random.default_rng(0).standard_normal((4, SMALL * 4 + 2))
    layers, parts = Layers(penalty, SMALL, 4), masked(penalty)
    np.testing.assert_allclose(layers.value(w), sum(p.value(w) for p in parts), rtol=1e-12)
    slopes, after = sum(p.subgradient(w) for p in parts), w
    np.testing.assert_allclose(layers.subgradient(w), slopes, atol=1e-14)
    for part in parts:
        after = part.prox(after, 0.1)
    np.testing.assert_allclose(layers.prox(w, 0.1), after, atol=1e-14)


def test_layers_have_the_gradient_of_their_value():
    w = np.random.default_rng(1).standard_normal(SMALL * 4 + 2)
    layers = Layers(Orthogonal(0.3, (2, 2)), SMALL, 4)
    layers_as_loss = type("Loss", (), {"value": layers.value, "gradient": layers.subgradient})
    assert gradient_error(layers_as_loss, w) < 1e-6


def test_shrinking_ends_in_the_ball_and_projection_ends_nearer():
    w = np.random.default_rng(2).standard_normal((5, 16))
    ball, shrunk = SpectralBall(1.0, (4, 4)), Shrunk(1.0, (4, 4))
    near, far = ball.prox(w, 1.0), shrunk.prox(w, 1.0)
    assert (ball.value(far) == 0).all()
    np.testing.assert_allclose(np.linalg.norm(far.reshape(5, 4, 4), 2, axis=(1, 2)), 1)
    assert (np.linalg.norm(near - w, axis=-1) < np.linalg.norm(far - w, axis=-1)).all()
    np.testing.assert_array_equal(shrunk.prox(0.1 * w, 1.0), 0.1 * w)  # inside already


def test_the_root_mean_square_of_the_singular_values_sets_the_rate():
    trial = Deep("linear", 1.5)
    net = trial.network([np.random.default_rng(s) for s in range(20)], 8)
    for penalty in (Shrunk(1.0, SHAPE), SpectralBall(1.0, SHAPE)):
        w = Layers(penalty).prox(trial.start(), 1.0)
        stack = w[:, : DEPTH * WIDTH**2].reshape(20, DEPTH, WIDTH, WIDTH)
        root = np.sqrt(np.square(stack).sum(axis=(-2, -1)).mean() / WIDTH)
        norms = [np.linalg.norm(d, axis=(-2, -1)) for d in net.deltas(w)]
        assert np.log(norms[0] / norms[-1]).mean() / 29 == pytest.approx(np.log(root), abs=0.04)


def test_a_shifted_block_has_other_seeds_and_the_same_block_the_same():
    assert not np.isin(
        Deep("tanh", 1.0, seeds=2).start(), Deep("tanh", 1.0, seeds=2, block=1).start()
    ).any()
    np.testing.assert_array_equal(
        Deep("tanh", 1.0, seeds=2).teacher, Deep("tanh", 1.0, seeds=2).teacher
    )
    np.testing.assert_allclose(np.linalg.norm(Deep("tanh", 1.0, seeds=3).teacher, axis=-1), 1)


def test_plain_steps_diverge_at_gain_1_5_and_learn_from_an_orthogonal_start():
    trial = Deep("linear", 1.5, seeds=3)
    cures = remedies(trial.mask())
    options = {"n_steps": 60}
    assert Deep.counts(*attempt(trial, cures["none"], **options)) == (3, 0)
    assert Deep.counts(*attempt(trial, cures["orthogonal start, gain 1"], **options)) == (0, 3)
    assert Deep.counts(*attempt(trial, cures["clip at 1"], **options)) == (0, 0)


@pytest.mark.parametrize("name", ["shrink to σ ≤ 1", "project to σ ≤ 1"])
def test_a_constraint_holds_before_the_first_step_and_after_the_last(name):
    trial = Deep("linear", 1.5, seeds=2)
    cure = remedies(trial.mask())[name]
    _, history = attempt(trial, cure, n_steps=2)
    assert history.gradient_norm[0].max() < 1 and (cure["penalty"].value(history.w) == 0).all()


def test_a_network_that_diverged_has_an_infinite_error():
    trial = Deep("linear", 1.5, seeds=2)
    history = trial.run(n_steps=3)
    assert history.diverged.all() and np.isinf(trial.error(history)).all()


def test_the_table_apart_has_a_row_for_each_remedy_and_network(monkeypatch):
    monkeypatch.setattr(deep_trial, "attempt", lambda trial, remedy: (trial, None))
    monkeypatch.setattr(Deep, "counts", lambda trial, history: (0, trial.block))
    rows = list(deep_trial.apart(1))
    names = [name for name, _, _ in rows]
    assert len(set(names)) == len(names) == 2 * len(remedies(np.ones(1, bool)))
    assert {counts for _, *counts in map(tuple, rows) for counts in [tuple(counts)]} == {(0, 1)}
