"""The laws of every penalty. A new one joins CONVEX (or says in its own test why it cannot)."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from reglib.penalties import L1, L2, ElasticNet, Masked, soft_threshold

P = 6
MASK = np.array([False, True, True, False, True, True])
CONVEX = {
    "L1": L1(0.7),
    "L2": L2(0.7),
    "L2 of weight zero": L2(0.0),
    "ElasticNet": ElasticNet(0.7, 0.3),
    "ElasticNet, all L1": ElasticNet(0.7, 1.0),
    "ElasticNet, all L2": ElasticNet(0.7, 0.0),
    "Masked L1": Masked(L1(0.7), MASK),
    "Masked L2": Masked(L2(0.7), MASK),
    "Masked ElasticNet": Masked(ElasticNet(0.7, 0.5), MASK),
}
every_penalty = pytest.mark.parametrize("penalty", CONVEX.values(), ids=CONVEX)
SWEEPS = {
    "L1": lambda lam: L1(lam),
    "L2": lambda lam: L2(lam),
    "ElasticNet": lambda lam: ElasticNet(lam, 0.3),
    "Masked": lambda lam: Masked(ElasticNet(lam, 0.3), MASK),
}


def points(count=200, seed=0):
    """Random weights of several sizes, some entries exactly 0."""
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((count, P)) * 10.0 ** rng.uniform(-2, 2, (count, 1))
    return np.where(rng.random((count, P)) < 0.2, 0.0, w)


@every_penalty
def test_nothing_costs_nothing_and_nothing_costs_less(penalty):
    assert penalty.value(np.zeros(P)) == 0
    assert (penalty.value(points()) >= 0).all()


@every_penalty
def test_value_is_convex_along_segments(penalty):
    a, b = points(seed=1), points(seed=2)
    t = np.random.default_rng(3).random((len(a), 1))
    chord = t[:, 0] * penalty.value(a) + (1 - t[:, 0]) * penalty.value(b)
    assert (penalty.value(t * a + (1 - t) * b) <= chord * (1 + 1e-12) + 1e-12).all()


@every_penalty
def test_subgradient_supports_the_value_from_below(penalty):
    u, w = points(seed=1), points(seed=2)
    below = penalty.value(w) + (penalty.subgradient(w) * (u - w)).sum(-1)
    assert (penalty.value(u) >= below - 1e-9 * (1 + np.abs(below))).all()


@every_penalty
def test_subgradient_is_the_slope_where_there_is_one(penalty):
    w = np.random.default_rng(4).uniform(0.1, 2, (50, P)) * np.where(np.arange(P) % 2, 1, -1)
    h = 1e-5
    moved = [penalty.value(w + h * e) - penalty.value(w - h * e) for e in np.eye(P)]
    np.testing.assert_allclose(penalty.subgradient(w), np.stack(moved, -1) / (2 * h), atol=1e-8)


@every_penalty
def test_subgradient_is_zero_at_zero(penalty):
    assert (penalty.subgradient(np.zeros(P)) == 0).all()


@every_penalty
@pytest.mark.parametrize("step", [0.01, 0.5, 3.0])
def test_prox_step_is_a_subgradient(penalty, step):
    """The certificate: s = (w - p)/step supports P at p = prox(w), judged by `value` alone."""
    w, others = points(seed=5), points(seed=6)
    p = penalty.prox(w, step)
    s = (w - p) / step
    for u in (others, p + 0.01 * others, np.zeros_like(p), w):
        below = penalty.value(p) + (s * (u - p)).sum(-1)
        assert (penalty.value(u) >= below - 1e-9 * (1 + np.abs(below))).all()


@pytest.mark.parametrize("scalar", [L1(0.7), L2(0.7), ElasticNet(0.7, 0.4)], ids=str)
@pytest.mark.parametrize("w", [-3.0, -0.2, 0.1, 1.7])
def test_prox_agrees_with_a_general_minimizer(scalar, w):
    step = 0.8
    cost = lambda u: scalar.value([u]) + (u - w) ** 2 / (2 * step)  # noqa: E731
    best = minimize_scalar(cost, bounds=(-4, 4), method="bounded", options={"xatol": 1e-10})
    np.testing.assert_allclose(scalar.prox([w], step)[0], best.x, atol=1e-6)


@every_penalty
def test_leading_axes_of_weights_equal_a_loop(penalty):
    w = points(6).reshape(2, 3, P)
    for method in (penalty.value, penalty.subgradient, lambda v: penalty.prox(v, 0.5)):
        loop = [[method(v) for v in row] for row in w]
        np.testing.assert_array_equal(method(w), loop)


@pytest.mark.parametrize("make", SWEEPS.values(), ids=SWEEPS)
def test_leading_axes_of_lam_and_step_equal_a_loop(make):
    w = points(1)[0]
    lams, steps = np.array([0.0, 0.5, 20.0]), np.array([0.1, 2.0])
    swept = make(lams[:, None])
    np.testing.assert_allclose(swept.value(w), [make(x).value(w) for x in lams], rtol=1e-14)
    loop = [make(x).subgradient(w) for x in lams]
    np.testing.assert_allclose(swept.subgradient(w), loop, rtol=1e-14)
    loop = [[make(x).prox(w, s) for x in lams] for s in steps]
    np.testing.assert_allclose(swept.prox(w, steps[:, None, None]), loop, rtol=1e-14)


@every_penalty
def test_inputs_are_never_written_to(penalty):
    w = points(3)
    w.flags.writeable = False  # writing would raise
    penalty.value(w), penalty.subgradient(w), penalty.prox(w, 0.5)
    w = points(3)
    penalty.prox(w, 0.5)[...] = 1  # nor does an answer share its memory
    penalty.subgradient(w)[...] = 1
    np.testing.assert_array_equal(w, points(3))


@every_penalty
def test_lists_and_integers_are_weights_too(penalty):
    w = [3, 0, -1, 2, 0, 1]
    as_floats = np.array(w, dtype=float)
    assert penalty.value(w) == penalty.value(as_floats)
    np.testing.assert_array_equal(penalty.subgradient(w), penalty.subgradient(as_floats))
    np.testing.assert_array_equal(penalty.prox(w, 1), penalty.prox(as_floats, 1.0))


@every_penalty
def test_weights_that_went_to_infinity_do_not_disturb_their_neighbors(penalty):
    w = points(4)
    lost = w.copy()
    lost[1], lost[2] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        after, before = penalty.prox(lost, 0.5), penalty.prox(w, 0.5)
    np.testing.assert_array_equal(after[[0, 3]], before[[0, 3]])
    assert not np.isfinite(after[1:3]).any()


def test_an_elastic_net_at_its_ends_is_l1_or_l2():
    w = points()
    for net, end in ((ElasticNet(0.7, 1.0), L1(0.7)), (ElasticNet(0.7, 0.0), L2(0.7))):
        np.testing.assert_allclose(net.value(w), end.value(w), rtol=1e-15)
        np.testing.assert_allclose(net.subgradient(w), end.subgradient(w), rtol=1e-15)
        np.testing.assert_allclose(net.prox(w, 0.5), end.prox(w, 0.5), rtol=1e-15)


def test_numbers_that_can_be_checked_by_hand():
    w = [3.0, -4.0, 0.5]
    assert L2(2.0).value(w) == 25.25
    assert L1(2.0).value(w) == 15.0
    assert ElasticNet(2.0, 0.25).value(w) == 0.25 * 15.0 + 0.75 * 25.25
    np.testing.assert_array_equal(L1(2.0).prox(w, 0.5), [2.0, -3.0, 0.0])
    np.testing.assert_array_equal(L2(2.0).prox(w, 0.5), [1.5, -2.0, 0.25])
    np.testing.assert_array_equal(soft_threshold(w, [[1.0], [4.0]]), [[2, -3, 0], [0, 0, 0]])


def test_spared_weights_are_free():
    penalty = Masked(L1(5.0), MASK)
    w = points(1)[0]
    assert penalty.value(np.where(MASK, 0, w)) == 0
    np.testing.assert_array_equal(penalty.prox(w, 1.0)[~MASK], w[~MASK])
    np.testing.assert_array_equal(penalty.subgradient(w)[~MASK], 0)


def test_a_penalty_keeps_its_own_copy_of_lam():
    lam = np.array([[1.0], [2.0]])
    penalty = L2(lam)
    lam[:] = 100
    np.testing.assert_array_equal(penalty.value([1.0, 1.0]), [1.0, 2.0])
