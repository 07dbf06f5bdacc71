"""The loop: placements, sweeps, divergence, batches."""

import numpy as np
import pytest

from reglib.datasets import leaky_memory
from reglib.losses import SquaredError
from reglib.networks import MLP, RNN
from reglib.optimizers import AdamScaling, ClipByNorm, Momentum, Optimizer, WeightDecay
from reglib.penalties import L1, L2, Masked, SpectralBall
from reglib.solvers import gradient_descent
from reglib.training import train

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 4)), RNG.standard_normal(12)
LOSS = SquaredError(X, Y)
W0 = RNG.standard_normal(4)
SGD = Optimizer(learning_rate=0.1)


@pytest.mark.parametrize("placement", ["coupled", "decoupled", "shrink_after", "proximal"])
@pytest.mark.parametrize("penalty", [L2(0.3), L1(0.3), Masked(L2(0.3), [True, False] * 2)])
def test_plain_training_is_gradient_descent(placement, penalty):
    run = train(LOSS, SGD, W0, n_steps=40, penalty=penalty, placement=placement)
    expected = gradient_descent(
        LOSS, penalty, W0, step=0.1, placement=placement, tol=0.0, max_iter=40
    )
    np.testing.assert_allclose(run.w, expected.w, rtol=1e-12)


@pytest.mark.parametrize("others", [(), (ClipByNorm(0.5),), (Momentum(0.9), ClipByNorm(0.5))])
@pytest.mark.parametrize("placement", ["coupled", "decoupled"])
def test_two_spellings_of_decay_give_equal_iterates(placement, others):
    mask = [True, True, False, True]
    decay = WeightDecay(0.2, mask)
    order = (decay, *others) if placement == "coupled" else (*others, decay)
    spelled = train(LOSS, Optimizer(*order, learning_rate=0.1), W0, n_steps=60)
    named = train(
        LOSS,
        Optimizer(*others, learning_rate=0.1),
        W0,
        n_steps=60,
        penalty=Masked(L2(0.2), mask),
        placement=placement,
    )
    np.testing.assert_allclose(spelled.w, named.w, rtol=1e-12)


def test_a_projection_is_a_penalty_in_the_proximal_place():
    net = RNN(RNG.standard_normal((5, 6, 1)), RNG.standard_normal(5), 4)
    ball = Masked(SpectralBall(0.5, (4, 4)), net.mask("W"))
    w0 = net.init(np.random.default_rng(0), gain=2.0)
    run = train(net, SGD, w0, n_steps=1, penalty=ball, placement="proximal")
    assert np.linalg.norm(net.unpack(run.w)["W"], 2) <= 0.5 * (1 + 1e-12)


def test_history_records_the_data_before_each_step():
    run = train(
        LOSS, Optimizer(ClipByNorm(1e-3), learning_rate=0.1), W0, n_steps=3, penalty=L2(5.0)
    )
    assert run.loss.shape == run.gradient_norm.shape == (3,)
    assert run.loss[0] == LOSS.value(W0)
    np.testing.assert_allclose(run.gradient_norm[0], np.linalg.norm(LOSS.gradient(W0)), rtol=1e-14)


def test_a_grid_of_rates_and_strengths_is_one_call():
    rates, lams = np.array([0.05, 0.1])[:, None, None], np.array([0.0, 0.3, 1.0])[:, None]
    grid = train(LOSS, Optimizer(learning_rate=rates), W0, n_steps=30, penalty=L2(lams))
    assert grid.w.shape == (2, 3, 4) and grid.loss.shape == (30, 2, 3)
    for i, j in np.ndindex(2, 3):
        alone = train(
            LOSS,
            Optimizer(learning_rate=rates[i].item()),
            W0,
            n_steps=30,
            penalty=L2(lams[j].item()),
        )
        np.testing.assert_allclose(grid.w[i, j], alone.w, rtol=1e-12)
        np.testing.assert_allclose(grid.loss[:, i, j], alone.loss, rtol=1e-12)


def test_twenty_seeds_in_one_call_are_twenty_calls():
    def batch(rng):
        return RNN(*leaky_memory(rng, 4, 10), hidden=5)

    net = batch(np.random.default_rng(0))
    starts = [np.random.default_rng(s) for s in range(20)]
    together = train(
        batch,
        Optimizer(AdamScaling(), learning_rate=0.01),
        net.init(starts),
        n_steps=5,
        rng=[np.random.default_rng(100 + s) for s in range(20)],
    )
    for s in (0, 7, 19):
        alone = train(
            batch,
            Optimizer(AdamScaling(), learning_rate=0.01),
            net.init(np.random.default_rng(s)),
            n_steps=5,
            rng=np.random.default_rng(100 + s),
        )
        np.testing.assert_allclose(together.w[s], alone.w, rtol=1e-12)


def test_a_diverged_run_leaves_its_neighbors_as_they_were():
    rates = np.array([0.05, 0.1, 0.2])[:, None]
    calm = train(LOSS, Optimizer(learning_rate=rates), W0, n_steps=200)
    wild = rates.copy()
    wild[1] = 50.0
    run = train(LOSS, Optimizer(learning_rate=wild), W0, n_steps=200)
    np.testing.assert_array_equal(run.w[[0, 2]], calm.w[[0, 2]])
    np.testing.assert_array_equal(run.loss[:, [0, 2]], calm.loss[:, [0, 2]])
    assert run.diverged.tolist() == [False, True, False]
    k = run.diverged_at[1]
    assert np.isfinite(run.loss[k - 1, 1]) and np.isnan(run.loss[k:, 1]).all()
    assert np.abs(run.w[1]).max() >= 1e12


def test_divergence_is_counted_as_in_the_solvers_and_ends_the_loop():
    run = train(LOSS, Optimizer(learning_rate=50.0), W0, n_steps=10_000)
    solver = gradient_descent(LOSS, None, W0, step=50.0)
    assert run.diverged_at == solver.diverged_at == len(run.loss)


def test_a_gradient_of_nan_is_a_divergence():
    class Broken:
        def value(self, w):
            return w.sum(axis=-1)

        def gradient(self, w):
            return np.full(w.shape, np.nan)

    assert train(Broken(), SGD, W0, n_steps=3).diverged_at == 1


def test_an_epoch_visits_every_row_once():
    seen = []

    class Rows:
        n_rows = 7

        def on(self, rows):
            seen.append(rows)
            return LOSS

    train(Rows(), SGD, W0, n_epochs=2, batch_size=3, rng=np.random.default_rng(0))
    assert [len(rows) for rows in seen] == [3, 3, 1, 3, 3, 1]
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert sorted(first) == sorted(second) == list(range(7))
    assert first.tolist() != second.tolist()


def test_minibatches_of_everything_are_full_batches():
    whole = train(LOSS, SGD, W0, n_epochs=5)
    batched = train(LOSS, SGD, W0, n_epochs=5, batch_size=12, rng=np.random.default_rng(0))
    np.testing.assert_allclose(batched.w, whole.w, rtol=1e-12)


def test_a_network_learns_a_curve():
    x = np.linspace(-1, 1, 40)[:, None]
    net = MLP(x, np.sin(3 * x[:, 0]), (16,))
    w0 = net.init([np.random.default_rng(s) for s in range(5)])
    run = train(net, Optimizer(Momentum(0.9), learning_rate=0.1), w0, n_steps=2000)
    assert (run.loss[-1] < 0.01 * run.loss[0]).all()


def test_progress_sees_every_step():
    seen = []

    def progress(steps):
        for step in steps:
            seen.append(step)
            yield step

    train(LOSS, SGD, W0, n_steps=4, progress=progress)
    assert len(seen) == 4


def test_starting_weights_are_not_written_to():
    w0 = W0.copy()
    train(LOSS, SGD, w0, n_steps=3)
    np.testing.assert_array_equal(w0, W0)


@pytest.mark.slow
def test_a_hundred_configurations_at_once_are_eight_times_faster_than_one_by_one():
    from time import perf_counter

    rates = np.logspace(-4, -1, 100)[:, None]
    net = MLP(X, Y, (8, 8))
    w0 = net.init(np.random.default_rng(0))

    def together():
        train(net, Optimizer(learning_rate=rates), w0, n_steps=100)

    def one_by_one():
        for rate in rates[:, 0]:
            train(net, Optimizer(learning_rate=float(rate)), w0, n_steps=100)

    def seconds(f):
        start = perf_counter()
        f()
        return perf_counter() - start

    together()
    ratios = [seconds(one_by_one) / seconds(together) for _ in range(5)]  # both under the same load
    assert np.median(ratios) >= 8, ratios


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "give n_steps or n_epochs, got n_steps=None, n_epochs=None"),
        ({"n_steps": 1, "n_epochs": 1}, "give n_steps or n_epochs, got n_steps=1, n_epochs=1"),
        ({"n_steps": 0}, "n_steps must be >= 1, got 0"),
        ({"n_epochs": 0}, "n_epochs must be >= 1, got 0"),
        ({"n_steps": 1, "batch_size": 3}, "batch_size goes with n_epochs"),
        ({"n_epochs": 1, "batch_size": 0, "rng": RNG}, "batch_size must be >= 1, got 0"),
        ({"n_steps": 1, "placement": "inside"}, "placement must be one of 'coupled'"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        train(LOSS, SGD, W0, **options)


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda: train(LOSS, 0.1, W0, n_steps=1), TypeError, "optimizer must be an Optimizer"),
        (lambda: train(LOSS, SGD, [], n_steps=1), ValueError, "w0 must not be empty"),
        (lambda: train(LOSS, SGD, W0 * np.nan, n_steps=1), ValueError, "w0 must be finite"),
        (lambda: train(LOSS, SGD, W0, n_steps=1, penalty=0.1), TypeError, "penalty must be a pen"),
        (lambda: train(LOSS, SGD, W0[:3], n_steps=1), ValueError, "must have 4 entries"),
        (
            lambda: train(LOSS, SGD, W0, n_epochs=1, batch_size=3),
            TypeError,
            "rng must be a numpy.random.Generator",
        ),
        (lambda: train(lambda rng: LOSS, SGD, W0, n_epochs=1), ValueError, "give n_steps"),
    ],
)
def test_bad_input_is_named(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
