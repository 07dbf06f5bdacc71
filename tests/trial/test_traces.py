"""The traces with a known cause: labels come from their making, and the two sets are apart."""

import numpy as np
import pytest

from reglib.datasets import leaky_memory
from reglib.diagnostics import gradient_norms
from reglib.doctor import CAUSES, diagnose
from reglib.doctor.causes import HEALTHY
from reglib.losses import SquaredError
from reglib.networks import RNN
from reglib.optimizers import ClipByNorm, Cosine, Momentum, Optimizer
from reglib.solvers import newton
from reglib.training import train
from trial.chapters.diagnose import traces_make as traces
from trial.chapters.diagnose.traces_make import KNOWN, Family, confusion, follow, linear, runs
from trial.chapters.diagnose.traces_scored import SCORED_ON, tides, votes
from trial.chapters.diagnose.traces_seen import FIRST_SCORED_ON
from trial.chapters.diagnose.traces_seen_again import SECOND_SCORED_ON
from trial.chapters.diagnose.traces_written import SILENT, WRITTEN_ON, deep, recurrent, squares

SEEN = WRITTEN_ON | FIRST_SCORED_ON | SECOND_SCORED_ON
CHEAP = [name for name in SCORED_ON if "tides" in name or "votes" in name or "villages" in name]


def test_the_families_scored_on_are_not_those_the_rules_were_written_on():
    assert not set(SCORED_ON) & set(SEEN)
    assert not {f.make for f in SCORED_ON.values()} & {f.make for f in SEEN.values()}


def test_the_seeds_scored_on_are_not_those_the_rules_were_written_on():
    def seeds(families):
        return {seed for family in families.values() for seed in family.seeds}

    assert not seeds(SCORED_ON) & seeds(SEEN | SILENT)


@pytest.mark.parametrize("cause", KNOWN)
def test_the_steps_and_gains_scored_on_are_not_those_the_rules_were_written_on(cause):
    def settings(families):
        return {s for f in families.values() if f.cause == cause for s in f.settings}

    shared = settings(SCORED_ON) & settings(SEEN)
    assert not shared


def test_every_known_cause_has_families_to_write_on_and_to_score_on():
    for families in (WRITTEN_ON, SCORED_ON):
        assert {family.cause for family in families.values()} == set(KNOWN)
    assert set(KNOWN) == set(CAUSES) - {"unknown"}


def test_a_run_is_followed_as_training_does_it():
    loss = squares()(0)
    optimizer = Optimizer(ClipByNorm(3.0), Momentum(0.5), learning_rate=Cosine(0.1, 30))
    record = follow(loss, optimizer, np.zeros((1, 6)), 30)
    history = train(loss, optimizer, np.zeros(6), n_steps=30)
    np.testing.assert_allclose(record.losses[:, 0], history.loss)
    np.testing.assert_allclose(record.gradient_norms[:, 0], history.gradient_norm)
    np.testing.assert_allclose(record.w[0], history.w)
    rates = [Cosine(0.1, 30).at(k) for k in range(30)]
    np.testing.assert_allclose(record.learning_rates[:, 0], rates)


def test_runs_beside_each_other_are_what_they_are_alone():
    family = WRITTEN_ON["squares"]
    together = list(runs({"x": family._replace(seeds=range(1))}))
    for run in together:
        (alone,) = runs({"x": family._replace(seeds=range(1), settings=(run.setting,))})
        np.testing.assert_allclose(run.losses, alone.losses, rtol=1e-9)


def test_a_trace_ends_two_rows_after_it_has_stopped_being_numbers():
    for run in runs({"x": WRITTEN_ON["squares, NaN"]}):
        bad = np.flatnonzero(~np.isfinite(run.losses))
        assert 5 <= bad[0] < 90
        assert len(run.losses) <= bad[0] + 2
    (run, *_) = runs({"x": WRITTEN_ON["squares"]._replace(settings=(20, 1.1), seeds=range(1))})
    assert len(run.losses) == np.flatnonzero(~np.isfinite(run.losses + run.gradient_norms))[0] + 2


@pytest.mark.parametrize("share", [0.9, 1.1])
def test_a_share_of_the_limit_is_one(share):
    """Above 1 the loss grows without end, below it does not; heavy ball at its own limit."""
    for make in (linear(tides, n_steps=400), linear(tides, Momentum(0.5), of=3.0, n_steps=400)):
        record = make(1, np.array([share]))
        assert (record.losses[-1] > 1e3 * record.losses[0]).all() == (share > 1)


def test_a_share_at_the_minimum_is_of_the_curvature_there():
    loss = votes(0.2)(6000)
    make = SCORED_ON["votes"].make
    w = newton(loss, 0.0, np.zeros(5)).w
    top = np.linalg.eigvalsh(loss.hessian_vector(w, np.eye(5)))[-1]
    record = make(6000, np.array([0.5, 1.2]))
    np.testing.assert_allclose(record.learning_rates[0], np.array([1.0, 2.4]) / top)
    settled = np.linalg.norm(record.w - w, axis=-1)
    assert settled[0] < 0.02 < 0.1 < settled[1]


@pytest.mark.parametrize("name", [n for n, f in (SEEN | SCORED_ON).items() if "cliff" in n])
def test_a_run_from_a_cliff_counts_when_a_step_has_thrown_it(name):
    family = (SEEN | SCORED_ON)[name]
    record = family.make(family.seeds[0], np.array(family.settings))
    np.testing.assert_array_equal(record.kept, record.longest > 3)


@pytest.mark.parametrize("gain", [4.0, 6.5])
def test_networks_that_explode_have_jacobians_that_amplify(gain):
    for net_of in (recurrent(leaky_memory, "tanh"), deep("tanh", 30)):
        net = net_of(np.random.default_rng(0), 16)
        w = net.init(np.random.default_rng(1), gain)
        through = gradient_norms(net, w)
        assert through[0] > 100 * through[-1]


def test_networks_whose_gradient_vanishes_have_jacobians_that_shrink():
    net = deep("tanh", 30)(np.random.default_rng(0), 16)
    through = gradient_norms(net, net.init(np.random.default_rng(1), 0.5))
    assert through[0] < through[-1] / 1e4


def test_the_tasks_are_what_they_say():
    from trial.chapters.diagnose.traces_scored import earliest, latest
    from trial.chapters.diagnose.traces_seen_again import adding

    rng = np.random.default_rng(0)
    u, y = adding(rng, 5, 20)
    assert (u[..., 1].sum(axis=-1) == 2).all() and not u[:, 10:, 1].any()
    np.testing.assert_allclose(y, (u[..., 0] * u[..., 1]).sum(axis=-1))
    u, y = earliest(rng, 400, 20)
    np.testing.assert_allclose(y, u[:, :3, 0].sum(axis=-1) / 3**0.5)
    u, y = latest(rng, 400, 20)
    assert RNN(u, y, 4).size and np.corrcoef(y, u[:, -1, 0])[0, 1] > 0.8


def test_a_typo_spoils_one_cell_of_one_batch():
    family = SCORED_ON["tides, typo in a target"]
    record = family.make(6000, np.array(family.settings))
    at = int(record.losses[:, 0].argmax())
    assert 50 <= at < 120
    assert record.losses[at, 0] > 1e4 * record.losses[:at, 0].max()


def test_healthy_runs_lose_a_third_of_their_first_loss_or_settle():
    for run in runs({name: SCORED_ON[name] for name in CHEAP if "calm" in name}):
        fell = np.median(run.losses[-8:]) < 2 / 3 * np.median(run.losses[:3])
        settled = run.gradient_norms[-1] < 0.05 * run.gradient_norms[0]
        assert fell or settled, run.family


def test_the_confusion_counts_every_run_once():
    family = WRITTEN_ON["calm squares"]
    some = {"calm": family, "grows": WRITTEN_ON["squares"]}
    counts = confusion(runs(some))
    assert counts.shape == (len(KNOWN), len(CAUSES)) and counts.sum() == 6 * 4 + 6 * 6
    assert counts[KNOWN.index(HEALTHY), CAUSES.index(HEALTHY)] == 24
    assert counts[0, 0] == 36


def test_the_cheap_families_scored_on_are_diagnosed_right():
    """The others take longer: the chapter runs them all and asserts the whole table."""
    counts = confusion(runs({name: SCORED_ON[name] for name in CHEAP}))
    right = sum(counts[i, CAUSES.index(cause)] for i, cause in enumerate(KNOWN))
    assert counts.sum() > 150 and right >= 0.98 * counts.sum()
    calm = counts[KNOWN.index(HEALTHY)]
    assert calm[CAUSES.index(HEALTHY)] == calm.sum() > 80


def test_little_signal_in_noise_is_where_the_diagnosis_is_wrong():
    counts = confusion(runs(SILENT))
    taken = counts[KNOWN.index(HEALTHY)]
    assert taken[CAUSES.index("vanishing gradient")] > taken.sum() / 2


def test_a_rule_that_always_says_healthy_would_be_noticed(monkeypatch):
    found = diagnose([1.0] * 20, [1.0] * 20, 0.1)
    monkeypatch.setattr(traces, "diagnose", lambda *a, **k: found)
    counts = confusion(runs({"x": WRITTEN_ON["squares"]}))
    assert counts[0, CAUSES.index(found.cause)] == 36 and found.cause != "step too large"


@pytest.mark.slow
@pytest.mark.parametrize("families", [WRITTEN_ON, FIRST_SCORED_ON, SECOND_SCORED_ON])
def test_the_rules_fit_what_they_were_written_on(families):
    counts = confusion(runs(families))
    right = sum(counts[i, CAUSES.index(cause)] for i, cause in enumerate(KNOWN))
    assert right >= 0.95 * counts.sum()
    calm = counts[KNOWN.index(HEALTHY)]
    assert calm[CAUSES.index(HEALTHY)] >= 0.98 * calm.sum()


def test_a_family_without_kept_runs_yields_none():
    never = Family(HEALTHY, range(1), (0.1,), lambda seed, s: dropped(s))
    assert list(runs({"none": never})) == []


def dropped(settings):
    loss = SquaredError(np.eye(2), np.ones(2))
    record = follow(loss, Optimizer(learning_rate=0.1), np.zeros((len(settings), 2)), 3)
    return record._replace(kept=False)
