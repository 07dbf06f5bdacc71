"""The loop: placements, sweeps, divergence, batches."""

import pickle
import platform
import subprocess
import sys

import numpy as np
import pytest

from reglib.datasets import leaky_memory
from reglib.losses import SquaredError
from reglib.networks import MLP, RNN, Omega, SigmoidUnit
from reglib.optimizers import AdamScaling, ClipByNorm, Cosine, Momentum, Optimizer, WeightDecay
from reglib.penalties import L1, L2, Masked, SpectralBall
from reglib.solvers import gradient_descent
from reglib.training import train

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 4)), RNG.standard_normal(12)
LOSS = SquaredError(X, Y)
W0 = RNG.standard_normal(4)
SGD = Optimizer(learning_rate=0.1)


class Shaped:
    """An objective that sums over the wrong axes."""

    def __init__(self, value, gradient):
        self.value, self.gradient = lambda w: np.zeros(value), lambda w: np.zeros(gradient)


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


def test_a_function_makes_a_fresh_batch_for_every_step():
    def batch(rng):
        return SquaredError(X, rng.standard_normal(12))

    run = train(batch, Optimizer(learning_rate=1e-9), W0, n_steps=4, rng=np.random.default_rng(0))
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(run.loss, [batch(rng).value(W0) for _ in range(4)], rtol=1e-6)


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
    for record in (run.loss, run.gradient_norm):
        assert np.isfinite(record[k - 1, 1]) and np.isnan(record[k:, 1]).all()
    assert np.abs(run.w[1]).max() >= 1e12


def test_divergence_is_counted_as_in_the_solvers_and_ends_the_loop():
    run = train(LOSS, Optimizer(learning_rate=50.0), W0, n_steps=10_000)
    solver = gradient_descent(LOSS, None, W0, step=50.0)
    assert run.diverged_at == solver.diverged_at == len(run.loss)


def test_an_objective_never_sees_weights_that_diverged():
    seen = []

    class Watched:
        def value(self, w):
            seen.append(np.abs(w).max())
            return LOSS.value(w)

        gradient = staticmethod(LOSS.gradient)

    rates = np.array([0.1, 50.0])[:, None]
    run = train(Watched(), Optimizer(learning_rate=rates), W0, n_steps=30)
    assert run.diverged.tolist() == [False, True] and max(seen) < 1e12


def test_a_start_beyond_the_bound_is_a_divergence_at_0():
    run = train(LOSS, SGD, np.stack([W0, W0 + 1e13]), n_steps=3)
    assert run.diverged_at.tolist() == [-1, 0]
    np.testing.assert_array_equal(run.w[1], W0 + 1e13)
    assert np.isnan(run.loss[:, 1]).all()


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


def test_pascanus_regularizer_takes_minibatches_too():
    net = RNN(RNG.standard_normal((5, 6, 1)), RNG.standard_normal(5), 4)
    w0 = net.init(np.random.default_rng(0))
    run = train(Omega(net, 0.1), SGD, w0, n_epochs=2, batch_size=2, rng=np.random.default_rng(0))
    assert run.loss.shape == (6,)


def test_a_network_learns_a_curve():
    x = np.linspace(-1, 1, 40)[:, None]
    net = MLP(x, np.sin(3 * x[:, 0]), (16,))
    w0 = net.init([np.random.default_rng(s) for s in range(5)])
    run = train(net, Optimizer(Momentum(0.9), learning_rate=0.1), w0, n_steps=2000)
    assert (run.loss[-1] < 0.01 * run.loss[0]).all()


# Early stopping: half of twelve rows is held out, and the runs overfit the other half.
KEPT, HELD = LOSS.on(range(0, 12, 2)), LOSS.on(range(1, 12, 2))
RATES = np.array([0.005, 0.2, 0.5])[:, None]
WATCHED = {"n_steps": 60, "validation": HELD}


def test_watching_a_run_changes_nothing_in_it():
    plain = train(KEPT, Optimizer(learning_rate=RATES), W0, n_steps=60, penalty=L2(0.1))
    watched = train(KEPT, Optimizer(learning_rate=RATES), W0, penalty=L2(0.1), **WATCHED)
    for name in ("w", "loss", "gradient_norm", "diverged_at", "stopped_at"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(watched, name))
    assert (plain.stopped_at == -1).all() and plain.stopped_at.shape == (3,)
    assert plain.validation_loss is plain.best_w is plain.best_at is None


def test_the_best_weights_are_those_of_the_lowest_validation_loss():
    run = train(KEPT, Optimizer(learning_rate=RATES), W0, **WATCHED)
    assert run.validation_loss.shape == (61, 3) and run.best_w.shape == (3, 4)
    np.testing.assert_array_equal(run.best_at, run.validation_loss.argmin(axis=0))
    np.testing.assert_array_equal(HELD.value(run.best_w), run.validation_loss.min(axis=0))
    assert len(set(run.best_at.tolist())) == 3  # three runs, three moments
    for i, k in enumerate(run.best_at):
        until = train(KEPT, Optimizer(learning_rate=RATES[i].item()), W0, n_steps=int(k))
        np.testing.assert_allclose(run.best_w[i], until.w, rtol=1e-12)


def test_step_0_can_be_the_best():
    best = np.linalg.lstsq(HELD.X, HELD.y)[0]
    run = train(KEPT, SGD, best, n_steps=5, validation=HELD)
    assert run.best_at == 0
    np.testing.assert_array_equal(run.best_w, best)


def test_the_penalty_does_not_enter_the_validation_loss():
    run = train(KEPT, SGD, W0, n_steps=3, validation=HELD, penalty=L2(100.0), placement="proximal")
    assert run.validation_loss[0] == HELD.value(W0)
    np.testing.assert_array_equal(run.validation_loss[-1], HELD.value(run.w))


def test_patience_freezes_only_the_run_that_has_lost_it():
    free = train(KEPT, Optimizer(learning_rate=RATES), W0, **WATCHED)
    run = train(KEPT, Optimizer(learning_rate=RATES), W0, **WATCHED, patience=4)
    assert (
        run.stopped_at.tolist() == [-1, *(free.best_at[1:] + 4)] and (run.stopped_at[1:] < 50).all()
    )
    for i, k in enumerate(run.stopped_at):
        k = 60 if k < 0 else k
        until = train(KEPT, Optimizer(learning_rate=RATES[i].item()), W0, n_steps=int(k))
        np.testing.assert_allclose(run.w[i], until.w, rtol=1e-12)
        np.testing.assert_array_equal(run.loss[:k, i], free.loss[:k, i])
        np.testing.assert_array_equal(
            run.validation_loss[: k + 1, i], free.validation_loss[: k + 1, i]
        )
        assert np.isnan(run.loss[k:, i]).all() and np.isnan(run.gradient_norm[k:, i]).all()
        assert np.isnan(run.validation_loss[k + 1 :, i]).all()
    np.testing.assert_array_equal(run.best_w, free.best_w)


def test_runs_stopped_together_are_runs_stopped_one_by_one():
    lams, few = np.array([0.0, 0.1])[:, None, None], WATCHED | {"n_steps": 20}
    optimizer = Optimizer(ClipByNorm(2.0), learning_rate=RATES)
    grid = train(KEPT, optimizer, W0, **few, patience=3, penalty=L2(lams))
    for i, j in np.ndindex(2, 3):
        sgd = Optimizer(ClipByNorm(2.0), learning_rate=RATES[j].item())
        alone = train(KEPT, sgd, W0, **few, patience=3, penalty=L2(lams[i].item()))
        assert (grid.best_at[i, j], grid.stopped_at[i, j]) == (alone.best_at, alone.stopped_at)
        np.testing.assert_allclose(grid.w[i, j], alone.w, rtol=1e-12)
        np.testing.assert_allclose(grid.best_w[i, j], alone.best_w, rtol=1e-12)
        seen = grid.validation_loss[: len(alone.validation_loss), i, j]
        np.testing.assert_allclose(seen, alone.validation_loss, rtol=1e-12)


def test_the_loop_ends_when_every_run_is_over():
    rates = np.array([0.5, 50.0])[:, None]
    run = train(
        KEPT, Optimizer(learning_rate=rates), W0, n_steps=10_000, validation=HELD, patience=20
    )
    assert (
        len(run.loss) == max(run.stopped_at[0], run.diverged_at[1]) == len(run.validation_loss) - 1
    )
    assert run.stopped_at[1] == run.diverged_at[0] == -1


def test_a_diverged_run_keeps_its_best_weights_and_leaves_its_neighbors_theirs():
    calm = train(KEPT, Optimizer(learning_rate=RATES), W0, **WATCHED)
    wild = RATES.copy()
    wild[1] = 20.0
    run = train(KEPT, Optimizer(learning_rate=wild), W0, **WATCHED)
    np.testing.assert_array_equal(run.best_w[[0, 2]], calm.best_w[[0, 2]])
    k = run.diverged_at[1]
    assert 0 < k < 60 and np.isnan(run.validation_loss[k:, 1]).all()
    assert HELD.value(run.best_w[1]) == np.nanmin(run.validation_loss[:, 1])


def test_where_no_validation_loss_is_finite_the_start_is_the_best():
    run = train(LOSS, SGD, np.stack([W0, W0 + 1e13]), n_steps=3, validation=HELD, patience=1)
    assert run.best_at[1] == 0 and run.stopped_at[1] == -1 and run.diverged_at[1] == 0
    np.testing.assert_array_equal(run.best_w[1], W0 + 1e13)
    assert (
        np.isnan(run.validation_loss[:, 1]).all() and np.isfinite(run.validation_loss[:, 0]).all()
    )


def test_a_validation_never_sees_weights_that_diverged():
    seen = []

    class Watched:
        def value(self, w):
            seen.append(np.abs(w).max())
            return HELD.value(w)

    rates = np.array([0.1, 50.0])[:, None]
    train(LOSS, Optimizer(learning_rate=rates), W0, n_steps=30, validation=Watched())
    assert len(seen) == 31 and max(seen) < 1e12


def test_a_plateau_is_no_new_best():
    class Flat:
        def value(self, w):
            return np.zeros(w.shape[:-1])

    run = train(LOSS, SGD, W0, n_steps=9, validation=Flat(), patience=3)
    assert (run.best_at, run.stopped_at, len(run.loss)) == (0, 3, 3)


def test_early_stopping_works_on_minibatches():
    rng = np.random.default_rng(0)
    run = train(KEPT, SGD, W0, n_epochs=4, batch_size=2, rng=rng, validation=HELD)
    assert run.validation_loss.shape == (13,)  # three batches an epoch, and the start


# What is seen on the way: the path, and a watch.
SWEEP = Optimizer(ClipByNorm(0.5), learning_rate=Cosine(np.array([[0.05], [0.1], [0.3]]), 30))
WILD = Optimizer(learning_rate=[[0.05], [50.0], [0.2]])
FIELDS = ("w", "loss", "gradient_norm", "diverged_at", "stopped_at")
STOPPED = ("validation_loss", "best_w", "best_at")


def by_hand(optimizer, batches, penalty, placement):
    """w_0, w_1, ... by the formulas of the docstring, one line a placement."""
    path, memory = [W0], optimizer.start(W0)
    for batch in batches:
        w = path[-1]
        g = batch.gradient(w) + (penalty.subgradient(w) if placement == "coupled" else 0)
        u, memory = optimizer.step(w, gradient=g, memory=memory)
        s = optimizer.rate(memory)
        ends = {
            "coupled": lambda w, u, s: u,
            "decoupled": lambda w, u, s: u - s * penalty.subgradient(w),
            "shrink_after": lambda w, u, s: u - s * penalty.subgradient(u),
            "proximal": lambda w, u, s: penalty.prox(u, s),
        }
        path.append(ends[placement](w, u, s))
    return np.array(path)


@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("rate", [0.1, Cosine(0.1, 13)])
@pytest.mark.parametrize("sentence", [(), (ClipByNorm(0.5),), (Momentum(0.9), ClipByNorm(0.5))])
@pytest.mark.parametrize("placement", ["coupled", "decoupled", "shrink_after", "proximal"])
def test_the_path_has_the_bits_of_a_loop_written_by_hand(placement, sentence, rate, batch_size):
    optimizer, penalty = Optimizer(*sentence, learning_rate=rate), L1(0.3)
    options = {"penalty": penalty, "placement": placement, "n_epochs": 4, "batch_size": batch_size}
    run = train(LOSS, optimizer, W0, **options, rng=np.random.default_rng(0), record=True)
    batches, rng = [LOSS] * 4, np.random.default_rng(0)
    if batch_size:
        orders = [rng.permutation(12) for _ in range(4)]
        batches = [LOSS.on(order[a : a + 5]) for order in orders for a in (0, 5, 10)]
    np.testing.assert_array_equal(run.path, by_hand(optimizer, batches, penalty, placement))
    np.testing.assert_array_equal(run.path[-1], run.w)


@pytest.mark.parametrize("optimizer", [SWEEP, WILD], ids=["calm", "one diverges"])
@pytest.mark.parametrize("patience", [None, 4])
def test_recording_and_watching_change_no_bit(optimizer, patience):
    options = {"n_steps": 30, "validation": HELD, "patience": patience, "penalty": L2(0.1)}
    plain = train(KEPT, optimizer, W0, **options)
    seen = train(KEPT, optimizer, W0, **options, record=True, watch=lambda step: None)
    for name in FIELDS + STOPPED:
        np.testing.assert_array_equal(getattr(plain, name), getattr(seen, name), strict=True)
    assert plain.path is None and seen.path.shape == (len(seen.loss) + 1, 3, 4)
    assert seen.path.nbytes == 8 * 4 * 3 * (len(seen.loss) + 1)


def test_a_watch_sees_every_step_in_the_shape_of_the_sweep():
    steps, rates = [], SWEEP.learning_rate
    run = train(LOSS, SWEEP, W0, n_steps=10, record=True, watch=steps.append)
    assert [step.k for step in steps] == list(range(10))
    for step in steps:
        assert step.loss.shape == (3,) and step.alive.all() and step.alive.shape == (3,)
        np.testing.assert_array_equal(step.w, run.path[step.k], strict=True)
        np.testing.assert_array_equal(step.after, run.path[step.k + 1], strict=True)
        np.testing.assert_array_equal(step.loss, run.loss[step.k])
        norm = np.linalg.norm(step.gradient, axis=-1)
        np.testing.assert_allclose(norm, run.gradient_norm[step.k], rtol=1e-14)
        np.testing.assert_array_equal(step.rate, rates.at(step.k))
    assert train(LOSS, SGD, W0, n_steps=1, watch=lambda step: step.rate == 0.1).stopped_at == 1


def test_a_diverged_run_stays_put_on_its_path_and_is_told_to_be_over():
    steps = []
    run = train(LOSS, WILD, W0, n_steps=30, record=True, watch=steps.append)
    k = run.diverged_at[1]
    assert 0 < k < 20 and np.abs(run.path[k, 1]).max() >= 1e12 > np.abs(run.path[k - 1, 1]).max()
    np.testing.assert_array_equal(run.path[k:, 1], np.tile(run.w[1], (31 - k, 1)))
    assert [bool(step.alive[1]) for step in steps] == [i + 1 < k for i in range(30)]
    for step in steps:
        assert np.isfinite(step.gradient[[0, 2]]).all() and step.alive[[0, 2]].all()
        dead = step.k >= k
        assert np.isnan(step.loss[1]) == dead and np.isnan(step.gradient[1]).all() == dead
        np.testing.assert_array_equal(step.w[1], run.path[step.k, 1])


def test_a_watch_ends_one_configuration_and_leaves_its_neighbors_their_bits():
    free = train(LOSS, SWEEP, W0, n_steps=20, record=True)
    run = train(
        LOSS, SWEEP, W0, n_steps=20, record=True, watch=lambda s: (np.arange(3) == 1) & (s.k >= 6)
    )
    assert run.stopped_at.tolist() == [-1, 7, -1] and (run.diverged_at == -1).all()
    for name in ("path", "loss", "gradient_norm"):
        whole, part = getattr(free, name), getattr(run, name)
        np.testing.assert_array_equal(part[:, [0, 2]], whole[:, [0, 2]])
        np.testing.assert_array_equal(part[:7, 1], whole[:7, 1])
    np.testing.assert_array_equal(run.path[7:, 1], np.tile(free.path[7, 1], (14, 1)))
    assert np.isnan(run.loss[7:, 1]).all() and np.isnan(run.gradient_norm[7:, 1]).all()


@pytest.mark.parametrize("said", [True, np.True_, np.array(True), np.array([True] * 3)], ids=repr)
def test_a_watch_may_end_every_run(said):
    run = train(LOSS, SWEEP, W0, n_steps=20, watch=lambda step: said if step.k == 4 else None)
    assert run.stopped_at.tolist() == [5] * 3 and run.loss.shape == (5, 3)
    np.testing.assert_array_equal(run.w, train(LOSS, SWEEP, W0, n_steps=5).w)


def test_a_watch_and_patience_each_end_their_runs_and_the_first_is_told():
    options = WATCHED | {"patience": 4}
    patient = train(KEPT, Optimizer(learning_rate=RATES), W0, **options)
    run = train(KEPT, Optimizer(learning_rate=RATES), W0, **options, watch=lambda s: s.k == 9)
    assert run.stopped_at.tolist() == [k if 0 <= k < 10 else 10 for k in patient.stopped_at]
    assert min(patient.stopped_at[1:]) < 10 and run.validation_loss.shape == (11, 3)


def test_a_run_goes_on_to_its_bound():
    over = {b: train(LOSS, WILD, W0, n_steps=400, record=True, bound=b) for b in (1e3, np.inf)}
    early, late = (int(run.diverged_at[1]) for run in over.values())
    assert (
        np.abs(over[1e3].path[early, 1]).max() >= 1e3 > np.abs(over[1e3].path[early - 1, 1]).max()
    )
    wild = over[np.inf].path[:, 1]
    assert np.isfinite(wild[:late]).all() and not np.isfinite(wild[late]).all()
    assert np.abs(wild[late - 1]).max() > 1e150
    np.testing.assert_array_equal(over[np.inf].w[[0, 2]], over[1e3].w[[0, 2]])


def test_objectives_penalties_and_optimizers_can_be_sent_to_another_process():
    net = MLP(X, Y, (3,))
    w = net.init(np.random.default_rng(0))
    optimizer = Optimizer(Momentum(0.9), ClipByNorm([[1.0], [2.0]]), learning_rate=0.1)
    penalty = Masked(L2([[0.1], [0.2]]), w > 0)
    here = net, optimizer, w
    there = pickle.loads(pickle.dumps(here))
    sent = pickle.loads(pickle.dumps(penalty))
    one = train(*here, n_steps=5, penalty=penalty, placement="proximal")
    two = train(*there, n_steps=5, penalty=sent, placement="proximal")
    np.testing.assert_array_equal(one.w, two.w)


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
        ({"n_steps": 1, "patience": 3}, "patience goes with validation, got patience=3 alone"),
        ({"n_steps": 1, "validation": LOSS, "patience": 0}, "patience must be >= 1, got 0"),
        ({"n_steps": 1, "bound": 0}, "bound must be > 0, got 0"),
        ({"n_steps": 1, "bound": np.nan}, "bound must be > 0, got nan"),
        (
            {"n_steps": 1, "watch": lambda step: np.array([True, False])},
            r"watch must return one boolean or an array \(\) of them, got shape \(2,\)",
        ),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        train(LOSS, SGD, W0, **options)


@pytest.mark.parametrize("three", [[[0.1], [0.2], [0.3]]])
@pytest.mark.parametrize(
    "make, name",
    [
        (lambda x: (Optimizer(learning_rate=x), None), "learning_rate"),
        (lambda x: (Optimizer(Momentum(), ClipByNorm(x), learning_rate=1), None), "max_norm"),
        (lambda x: (SGD, L2(x)), "lam"),
        (lambda x: (SGD, Masked(L1(x), [True, False] * 2)), "lam"),
    ],
)
def test_sweeps_that_do_not_fit_together_are_named(make, name, three):
    optimizer, penalty = make(three)
    with pytest.raises(ValueError, match=rf"fit together, got \(3, 1\) of {name}, \(2, \d\) of "):
        train(LOSS, optimizer, np.zeros((2, 4)), n_steps=1, penalty=penalty)


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
        (
            lambda: train(Shaped((), (2, 4)), SGD, np.zeros((2, 4)), n_steps=1),
            ValueError,
            r"got shapes \(\) and \(2, 4\) at \(2, 4\)",
        ),
        (
            lambda: train(Shaped((4,), (4, 1)), SGD, W0, n_steps=1),
            ValueError,
            r"got shapes \(4,\) and \(4, 1\) at \(4,\)",
        ),
        (lambda: train(lambda rng: LOSS, SGD, W0, n_steps=1), TypeError, "rng must be a numpy.ran"),
        (
            lambda: train(LOSS, SGD, W0, n_steps=1, progress=True),
            TypeError,
            "progress must be a fu",
        ),
        (
            lambda: train(LOSS, SGD, W0, n_steps=1, watch=3),
            TypeError,
            "watch must be a function, got 3",
        ),
        (
            lambda: train(LOSS, SGD, W0, n_steps=1, watch=lambda step: 1),
            TypeError,
            "watch must return None, True or False, got 1",
        ),
        (
            lambda: train(LOSS, SGD, W0, n_steps=1, watch=lambda step: step.loss),
            TypeError,
            "watch must return None, True or False, got ",
        ),
        (
            lambda: train(LOSS, SGD, W0, n_steps=1, bound="1"),
            TypeError,
            "bound must be an array of",
        ),
        (lambda: train(X, SGD, W0, n_steps=1), TypeError, "objective must have the methods value"),
        (lambda: train(SquaredError, SGD, W0, n_steps=1), TypeError, "objective must have the met"),
        (
            lambda: train(LOSS, SGD, W0, n_steps=1, validation=X),
            TypeError,
            "validation must have the method value, such as .*, got array",
        ),
        (
            lambda: train(LOSS, SGD, W0, n_steps=1, validation=SquaredError),
            TypeError,
            "validation must have the method value, such as",
        ),
        (
            lambda: train(LOSS, SGD, W0, n_steps=1, validation=LOSS, patience=2.0),
            TypeError,
            "patience must be a whole number, got 2.0",
        ),
        (
            lambda: train(LOSS, SGD, W0, n_steps=1, validation=Shaped((4,), ())),
            ValueError,
            r"validation must give a value \(...\) at .*, got shape \(4,\) at \(4,\)",
        ),
        (
            lambda: train(SigmoidUnit(), SGD, [1.0, 0.0], n_epochs=1, batch_size=2, rng=RNG),
            TypeError,
            "batch_size is for an objective with rows, got SigmoidUnit",
        ),
    ],
)
def test_bad_input_is_named(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_a_sweep_that_starts_from_one_place_has_a_status_for_each_run():
    calm = train(LOSS, Optimizer(learning_rate=[[0.1], [0.01], [0.05]]), W0, n_steps=5)
    assert calm.diverged_at.tolist() == [-1, -1, -1]
    assert calm.stopped_at.tolist() == [-1, -1, -1]
    wild = train(LOSS, Optimizer(learning_rate=[[0.1], [1e9], [0.05]]), W0, n_steps=5)
    assert wild.diverged_at.tolist() == [-1, 2, -1]
    assert np.isnan(wild.loss[:, 1]).tolist() == [False, False, True, True, True]
    calm.diverged_at[0] = 7  # nobody else's array


STEPS = """
import resource
import numpy as np
from reglib.networks import MLP
from reglib.optimizers import Optimizer
from reglib.training import train
net = MLP(np.ones((256, 20)), np.ones(256), (64, 64))
def faults(n_steps):
    train(net, Optimizer(learning_rate=0.01), np.zeros(net.size), n_steps=n_steps)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(-faults(50) + faults(100))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no glibc")
def test_a_step_asks_the_system_for_no_memory():
    """Its arrays have 128 KiB and more; in a new process each would be 33 new pages.

    The fewest of three processes: where a busy system takes pages back, they are counted as new.
    """
    command = [sys.executable, "-c", STEPS]
    faults = (int(subprocess.run(command, capture_output=True, check=True).stdout) for _ in "123")
    assert any(count < 200 for count in faults)
