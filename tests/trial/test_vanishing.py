"""The experiment behind *What if the gradient shrinks instead?*, and its pictures."""

import numpy as np
import pytest

from reglib.diagnostics import gradient_error, gradient_norms
from reglib.networks import RNN
from trial.chapters.vanishing import figures as vanishing
from trial.page import style


@pytest.fixture(scope="module")
def small():
    """Three networks, and their weights before training."""
    networks = vanishing.trial(seeds=3)
    return networks, networks.start()


def test_every_network_starts_as_a_rotation_times_its_gain(small):
    networks, w = small
    W = networks.net.unpack(w)["W"]
    assert W.swapaxes(-1, -2) @ W == pytest.approx(np.broadcast_to(0.36 * np.eye(16), W.shape))
    assert networks.held_out(2).y == pytest.approx(networks.held_out(2).u[:, 0, 0])


def test_the_other_block_has_other_networks_and_other_data(small):
    networks, w = small
    other = vanishing.trial(seeds=3, block=1)
    assert not np.isclose(other.start(), w).any()
    assert not np.isclose(other.held_out(5).y, networks.held_out(5).y).any()


def test_l2_divides_w_alone_after_the_clipped_step(small):
    networks, w = small
    plain = vanishing.remember(networks, n_steps=1).w
    shrunk = vanishing.remember(networks, lam=2.0, n_steps=1).w
    inside = networks.net.mask("W")
    assert shrunk[:, inside] == pytest.approx(plain[:, inside] / 1.1, rel=1e-12)
    assert shrunk[:, ~inside] == pytest.approx(plain[:, ~inside], rel=1e-12)
    moved = np.linalg.norm(plain - w, axis=-1)
    assert (moved <= 0.05 * (1 + 1e-12)).all()  # a clip at 1, a learning rate of 0.05


def test_a_sweep_over_lam_is_one_run_for_each(small):
    networks, _ = small
    lams = np.array([0.0, 0.1, 1.0])
    together = vanishing.remember(networks, lam=lams[:, None, None], n_steps=4).w
    for lam, w in zip(lams, together, strict=True):
        assert w == pytest.approx(vanishing.remember(networks, lam=lam, n_steps=4).w, rel=1e-12)


def test_omega_changes_w_and_a_second_run_goes_on_from_given_weights(small):
    networks, w = small
    inside = networks.net.mask("W")
    plain, held = (vanishing.remember(networks, omega=x, n_steps=1).w - w for x in (0.0, 0.1))
    assert (np.linalg.norm((plain - held)[:, inside], axis=-1) > 1e-4).all()
    onward = vanishing.remember(networks, n_steps=1, w0=w)
    assert np.array_equal(onward.w, w + plain) or onward.w == pytest.approx(w + plain)


@pytest.mark.parametrize("activation", ["tanh", "linear"])
def test_influence_is_what_a_small_change_of_an_input_makes(activation):
    u = np.random.default_rng(0).standard_normal((1, 5, 2))
    net = RNN(u, [0.0], 4, activation)
    w = net.init(np.random.default_rng(1), 0.9)
    lengths = []
    for t in range(5):
        ends = np.zeros((2, 2, 4))  # input, sign, state
        for i, sign in np.ndindex(2, 2):
            moved = u.copy()
            moved[0, t, i] += (1e-5, -1e-5)[sign]
            ends[i, sign] = RNN(moved, [0.0], 4, activation).states(w)[-1, 0]
        lengths.append(np.linalg.norm(ends[:, 0] - ends[:, 1]) / 2e-5)
    assert vanishing.influence(net, w) == pytest.approx(lengths, rel=1e-7)


def test_influence_is_the_root_mean_square_over_sequences_and_takes_sweeps():
    u = np.random.default_rng(0).standard_normal((2, 4, 1))
    net = RNN(u, np.zeros(2), 3)
    w = net.init([np.random.default_rng(k) for k in range(2)], 0.8)
    both = vanishing.influence(net, w)
    for k in range(2):
        alone = [vanishing.influence(RNN(u[[i]], [0.0], 3), w[k]) for i in range(2)]
        assert both[k] == pytest.approx(np.sqrt(np.mean(np.square(alone), axis=0)))


def test_a_linear_rotation_loses_its_gain_at_every_step():
    net = RNN(np.ones((3, 6, 1)), np.zeros(3), 4, "linear")
    w = net.init(np.random.default_rng(0), 0.5, "orthogonal")
    lengths = vanishing.influence(net, w)
    assert lengths[:-1] / lengths[1:] == pytest.approx(np.full(5, 0.5))


def test_the_frozen_omega_has_the_derivative_that_the_library_returns(small):
    networks, w = small
    net = networks.network(np.random.default_rng(0), 6)
    frozen = vanishing.Frozen(net, w[0])
    W = net.unpack(w[0])["W"].ravel()
    assert gradient_error(frozen, W) < 1e-6
    frozen.slopes = frozen.slopes * 1.01  # the fault: other slopes than those of delta
    assert gradient_error(frozen, W) > 1e-3


def test_with_one_step_back_and_linear_units_nothing_is_left_out():
    """delta_2 does not depend on W, and D is constant: immediate and full derivative agree."""
    u = np.random.default_rng(0).standard_normal((4, 2, 1))
    net = RNN(u, np.zeros(4), 3, "linear")
    w = net.init(np.random.default_rng(1), 0.7)
    delta = net.deltas(w)[1]
    directions = delta / np.linalg.norm(delta, axis=-1, keepdims=True)
    assert abs(directions) == pytest.approx(np.broadcast_to(abs(directions[0]), (4, 3)))  # all V
    short = vanishing.Frozen(net, w).gradient(net.unpack(w)["W"].ravel())
    assert vanishing.full_derivative(net, w).ravel() == pytest.approx(short, rel=1e-6, abs=1e-9)


def test_with_more_steps_the_full_derivative_is_another(small):
    networks, w = small
    net = networks.network(np.random.default_rng(0), 6)
    short = vanishing.Frozen(net, w[0]).gradient(net.unpack(w[0])["W"].ravel())
    full = vanishing.full_derivative(net, w[0]).ravel()
    assert full.shape == short.shape and np.linalg.norm(full - short) > 0.1 * np.linalg.norm(short)


def test_the_table_has_every_row_and_counts_what_ended_as_it_says(monkeypatch):
    asked = []

    def counted(networks, *, lam=0.0, omega=0.0, n_steps=1500, w0=None):
        asked.append((networks.gain, networks.block, lam, omega, n_steps, w0 is not None))
        return true_remember(networks, lam=lam, omega=omega, n_steps=1, w0=w0)

    def two(gain, seeds, **options):  # of the networks: enough to see what is asked for
        return true_trial(gain, 2, **options)

    true_remember, true_trial = vanishing.remember, vanishing.trial
    monkeypatch.setattr(vanishing, "remember", counted)
    monkeypatch.setattr(vanishing, "trial", two)
    rows = list(vanishing.apart(1))
    assert [row[0] for row in rows] == list(vanishing.APART)
    assert all(diverged == 0 and 0 <= learned <= 2 for _, diverged, learned in rows)
    assert asked[0] == (0.6, 1, 0.0, 0.0, 1500, False)
    assert asked[-1] == (1.0, 1, 0.0, 0.0, 1500, False)
    assert (0.6, 1, 0.0, 0.0, 200, True) in asked and len(asked) == len(rows) + 1


def test_the_first_step_below_a_level_is_counted_from_the_end():
    lengths = np.array([1e-9, 1e-7, 1e-5, 0.1, 2.0])
    assert vanishing.first_below(lengths, 1e-6) == 3
    assert vanishing.first_below(lengths, 1e-10) == -1
    assert vanishing.first_below(lengths[::-1].copy(), 1e-10) == -1


@pytest.mark.parametrize(
    ("x", "words"), [(1.8e-7, "10⁻⁷"), (4e-43, "10⁻⁴²"), (1.0, "10⁰"), (230, "10²")]
)
def test_a_power_of_ten_is_written_as_on_paper(x, words):
    assert vanishing.power(x) == words


@pytest.fixture(scope="module")
def fade():
    return vanishing.Fade([0.6, 1.0, 2.0], [0.0, 1.0], length=30, n=4)


def test_the_decay_shrinks_w_as_a_hundred_proximal_steps_do(fade):
    assert fade.sigmas[:, 0] == pytest.approx([0.6, 1.0, 2.0])
    assert fade.sigmas[:, 1] == pytest.approx(fade.sigmas[:, 0] / 1.05**100)


def test_no_gradient_is_longer_than_its_bound(fade):
    back = np.arange(29, -1, -1)
    bound = fade.sigmas[..., None] ** back
    assert (fade.back / fade.back[..., -1:] <= bound * (1 + 1e-12)).all()


@pytest.mark.parametrize(
    ("gain", "lam", "words"),
    [
        (0.6, 0.0, "the bound says 28 at most"),
        (1.0, 0.0, "the bound promises nothing"),
        (2.0, 0.0, "stays above one millionth for all 29 steps"),
        (2.0, 1.0, "falls below one millionth 4 steps back"),
    ],
)
def test_the_sentence_says_when_the_gradient_is_lost(fade, gain, lam, words):
    figure = style.new_figure(layout="none")
    sentence = fade(figure, gain=gain, lam=lam)
    assert words in sentence
    gradient, influence, bound, level = figure.axes[0].lines
    at = fade.at[gain, lam]
    assert gradient.get_ydata()[0] == bound.get_ydata()[0] == influence.get_ydata()[0] == 1
    assert bound.get_ydata()[2] == pytest.approx(fade.sigmas[at] ** 2)
    assert gradient.get_ydata()[-1] == pytest.approx(fade.back[at][0] / fade.back[at][-1])


def test_lengths_are_drawn_beside_their_last_one():
    figure = style.new_figure()
    vanishing.draw_lengths(figure, {"Ω 0.03": np.array([3.0, 1.0, 2.0])}, "a title")
    (line,) = figure.axes[0].lines
    assert line.get_xdata() == pytest.approx([1, 2, 3])
    assert line.get_ydata() == pytest.approx([1.5, 0.5, 1])
    with pytest.raises(KeyError):
        vanishing.draw_lengths(style.new_figure(), {"another": np.ones(2)}, "a title")


def test_the_window_has_a_line_for_each_block():
    figure = style.new_figure()
    vanishing.draw_window(figure, [0.01, 0.1, 1.0], [(1, 2), (20, 19), (5, 6)], 20)
    first, second = figure.axes[0].lines
    assert first.get_ydata() == pytest.approx([1, 20, 5])
    assert second.get_ydata() == pytest.approx([2, 19, 6])


def test_what_the_chapter_measures_shrinks_where_w_shrinks(small):
    """The law behind the pictures: smaller W, shorter gradient and less influence."""
    networks, w = small
    inside, test = networks.net.mask("W"), networks.held_out(10)
    shrunk = np.where(inside, w / 2, w)
    for lengths in (gradient_norms, vanishing.influence):
        plain, less = (lengths(test, v) for v in (w, shrunk))
        assert (less[:, 0] / less[:, -1] < 1e-4 * plain[:, 0] / plain[:, -1]).all()
