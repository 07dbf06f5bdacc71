"""The laws of every penalty. A new one joins CONVEX, or NOT_CONVEX, which is spared some laws."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from reglib.penalties import (
    L1,
    L2,
    ElasticNet,
    GroupLasso,
    Masked,
    Nuclear,
    Orthogonal,
    Spectral,
    SpectralBall,
)

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
    "GroupLasso": GroupLasso(0.7, [4, 1, 1, 4, 4, -2]),
    "Nuclear, wide": Nuclear(0.7, (2, 3)),
    "Nuclear, tall": Nuclear(0.7, (3, 2)),
    "Spectral, wide": Spectral(0.7, (2, 3)),
    "Spectral, tall": Spectral(0.7, (3, 2)),
    "SpectralBall, wide": SpectralBall(5.0, (2, 3)),
    "SpectralBall, tall": SpectralBall(5.0, (3, 2)),
    "Masked Nuclear": Masked(Nuclear(0.7, (2, 2)), MASK),
    "Masked Spectral": Masked(Spectral(0.7, (2, 2)), MASK),
}
NOT_CONVEX = {
    "Orthogonal, wide": Orthogonal(0.7, (2, 3)),
    "Orthogonal, tall": Orthogonal(0.7, (3, 2)),
    "Masked Orthogonal": Masked(Orthogonal(0.7, (2, 2)), MASK),
}
ALL = CONVEX | NOT_CONVEX
every_convex_penalty = pytest.mark.parametrize("penalty", CONVEX.values(), ids=CONVEX)
every_penalty = pytest.mark.parametrize("penalty", ALL.values(), ids=ALL)
SWEEPS = {
    "L1": lambda lam: L1(lam),
    "L2": lambda lam: L2(lam),
    "ElasticNet": lambda lam: ElasticNet(lam, 0.3),
    "Masked": lambda lam: Masked(ElasticNet(lam, 0.3), MASK),
    "GroupLasso": lambda lam: GroupLasso(lam, [4, 1, 1, 4, 4, -2]),
    "Nuclear": lambda lam: Nuclear(lam, (2, 3)),
    "Spectral": lambda lam: Spectral(lam, (3, 2)),
    "Orthogonal": lambda lam: Orthogonal(lam, (2, 3)),
    "SpectralBall": lambda lam: SpectralBall(0.1 + lam, (2, 3)),
}


def points(count=200, seed=0):
    """Random weights of several sizes, some entries exactly 0."""
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((count, P)) * 10.0 ** rng.uniform(-2, 2, (count, 1))
    return np.where(rng.random((count, P)) < 0.2, 0.0, w)


@every_convex_penalty
def test_nothing_costs_nothing_and_nothing_costs_less(penalty):
    assert penalty.value(np.zeros(P)) == 0
    assert (penalty.value(points()) >= 0).all()


@every_convex_penalty
def test_value_is_convex_along_segments(penalty):
    a, b = points(seed=1), points(seed=2)
    t = np.random.default_rng(3).random((len(a), 1))
    chord = t[:, 0] * penalty.value(a) + (1 - t[:, 0]) * penalty.value(b)
    assert (penalty.value(t * a + (1 - t) * b) <= chord * (1 + 1e-12) + 1e-12).all()


@every_convex_penalty
def test_subgradient_supports_the_value_from_below(penalty):
    u, w = points(seed=1), points(seed=2)
    w = w[np.isfinite(penalty.value(w))]  # no slope supports an infinite value
    u = u[: len(w)]
    assert len(w) >= 50
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


@every_convex_penalty
@pytest.mark.parametrize("step", [0.01, 0.5, 3.0])
def test_prox_step_is_a_subgradient(penalty, step):
    """The certificate: s = (w - p)/step supports P at p = prox(w), judged by `value` alone."""
    w, others = points(seed=5), points(seed=6)
    p = penalty.prox(w, step)
    s = (w - p) / step
    for u in (others, p + 0.01 * others, np.zeros_like(p), w):
        below = penalty.value(p) + (s * (u - p)).sum(-1)
        rounding = 1e-14 * np.abs(w).max(-1) * np.abs(u - p).sum(-1) / step
        assert (penalty.value(u) >= below - 1e-9 * (1 + np.abs(below)) - rounding).all()


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
        np.testing.assert_allclose(method(w), loop, rtol=1e-14)  # NumPy 2.0 sums in another order


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


def test_a_group_lasso_of_single_weights_is_l1():
    w, groups = points(), GroupLasso(0.7, [3, 1, 4, 15, 9, 2])
    np.testing.assert_allclose(groups.value(w), L1(0.7).value(w), rtol=1e-14)
    np.testing.assert_allclose(groups.subgradient(w), L1(0.7).subgradient(w), rtol=1e-14)
    np.testing.assert_allclose(groups.prox(w, 0.5), L1(0.7).prox(w, 0.5), atol=1e-13)


def test_a_larger_group_pays_the_root_of_its_size():
    """Groups {0, 2, 3} and {1, 4}: sqrt(3) and sqrt(2), whatever the labels and their order."""
    w = np.array([2.0, 3, 1, 2, 4, 0])
    penalty = GroupLasso(0.5, [7, -1, 7, 7, -1, 0])
    np.testing.assert_allclose(penalty.value(w), 0.5 * (np.sqrt(3) * 3 + np.sqrt(2) * 5))
    np.testing.assert_allclose(
        penalty.subgradient(w),
        0.5 * np.array([2 / np.sqrt(3), np.sqrt(2) * 0.6, 1 / np.sqrt(3), 2 / np.sqrt(3)]
                       + [np.sqrt(2) * 0.8, 0]),
    )  # fmt: skip
    p = penalty.prox(w, 4.0)  # thresholds 2 sqrt(3) = 3.46 > 3 and 2 sqrt(2) = 2.83 < 5
    np.testing.assert_allclose(p, np.array([0, 3, 0, 0, 4, 0]) * (1 - 2 * np.sqrt(2) / 5))


def test_on_a_diagonal_matrix_the_nuclear_norm_is_l1():
    d = points()[:, :3]
    w = (d[:, :, None] * np.eye(3)).reshape(-1, 9)
    nuclear, on = Nuclear(0.7, (3, 3)), np.arange(0, 9, 4)
    np.testing.assert_allclose(nuclear.value(w), L1(0.7).value(d), rtol=1e-13)
    np.testing.assert_allclose(nuclear.subgradient(w)[:, on], L1(0.7).subgradient(d), atol=1e-13)
    shrunk = nuclear.prox(w, 0.5)
    np.testing.assert_allclose(shrunk[:, on], L1(0.7).prox(d, 0.5), atol=1e-12)
    assert np.abs(np.delete(shrunk, on, axis=1)).max() < 1e-12


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (2, 3), (3, 3)], ids=str)
def test_a_matrix_of_rank_one_has_a_nuclear_subgradient_of_rank_one(shape):
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal(shape[0]), rng.standard_normal(shape[1])
    expected = 0.7 * np.outer(u, v) / (np.linalg.norm(u) * np.linalg.norm(v))
    ours = Nuclear(0.7, shape).subgradient(np.outer(u, v).ravel())
    np.testing.assert_allclose(ours, expected.ravel(), atol=1e-14)


def test_a_matrix_of_one_entry_makes_the_spectral_penalty_l2():
    w = points().reshape(-1, 1)
    one = Spectral(0.7, (1, 1))
    np.testing.assert_allclose(one.value(w), L2(0.7).value(w))
    np.testing.assert_allclose(one.subgradient(w), L2(0.7).subgradient(w))
    np.testing.assert_allclose(one.prox(w, 0.5), L2(0.7).prox(w, 0.5))


@pytest.mark.parametrize("penalty", [Nuclear(0.7, (2, 3)), Orthogonal(0.7, (2, 3))], ids=str)
def test_turning_a_matrix_changes_no_value_and_turns_its_prox(penalty):
    rng = np.random.default_rng(7)
    w = rng.standard_normal((2, 3))
    Q, R = (
        np.linalg.qr(rng.standard_normal((2, 2)))[0],
        np.linalg.qr(rng.standard_normal((3, 3)))[0],
    )
    turned = Q @ w @ R
    np.testing.assert_allclose(penalty.value(turned.ravel()), penalty.value(w.ravel()))
    both = Q @ penalty.prox(w.ravel(), 0.5).reshape(2, 3) @ R
    np.testing.assert_allclose(penalty.prox(turned.ravel(), 0.5), both.ravel(), atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2)], ids=str)
def test_a_matrix_penalty_reads_flat_weights_row_by_row(shape):
    w = np.arange(6.0)
    s = np.linalg.svd(w.reshape(shape))[1]
    np.testing.assert_allclose(Nuclear(2.0, shape).value(w), 2 * s.sum())
    np.testing.assert_allclose(Spectral(2.0, shape).value(w), s[0] ** 2)
    np.testing.assert_allclose(Orthogonal(2.0, shape).value(w), ((s**2 - 1) ** 2).sum() / 2)


@pytest.mark.parametrize("step", [0.3, 1.0, 20.0])
@pytest.mark.parametrize("penalty", NOT_CONVEX.values(), ids=NOT_CONVEX)
def test_the_orthogonal_prox_is_stationary_and_beats_1000_random_points(penalty, step):
    w = points(30, seed=8)
    p = penalty.prox(w, step)
    tiny = 1e-9 * (1 + np.abs(w).max(axis=-1, keepdims=True)) * (1 + step)
    assert (np.abs(penalty.subgradient(p) + (p - w) / step) <= tiny).all()

    def cost(u):
        return penalty.value(u) + np.square(u - w).sum(-1) / (2 * step)

    rng = np.random.default_rng(9)
    for _ in range(1000):
        near = p + rng.standard_normal(p.shape) * 10.0 ** rng.uniform(-3, 2, (len(p), 1))
        assert (cost(p) <= cost(near) * (1 + 1e-12)).all()


def test_the_orthogonal_prox_of_zero_is_the_nearest_cheap_matrix():
    """a = step lam: below 1 the pull back to 0 wins, above it the values sqrt(1 - 1/a)."""
    for a, x in ((0.5, 0.0), (1.0, 0.0), (4.0, np.sqrt(0.75))):
        p = Orthogonal(a, (2, 3)).prox(np.zeros(6), 1.0).reshape(2, 3)
        np.testing.assert_allclose(np.linalg.svd(p)[1], x, atol=1e-12)


def test_the_orthogonal_prox_of_one_entry_agrees_with_the_roots_of_its_cubic():
    for a in (0.0, 1e-8, 0.5, 1.0, 1.5, 30.0, 1e6):
        for s in (1e-6, 0.3, 1.0, 7.0, 1e5):
            roots = np.roots([a, 0, 1 - a, -s]) if a else np.array([s])
            positive = roots.real[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)]
            ours = Orthogonal(a, (1, 1)).prox([s], 1.0)
            np.testing.assert_allclose(ours, positive, rtol=1e-9)


def test_orthogonal_matrices_cost_nothing_and_zero_does():
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    for shape, W in (((3, 3), turn), ((2, 3), turn[:2]), ((3, 2), turn[:, :2])):
        assert Orthogonal(0.7, shape).value(W.ravel()) < 1e-28
        assert Orthogonal(0.7, shape).value(np.zeros(W.size)) == 0.7 / 4 * min(shape)


@pytest.mark.parametrize("c", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("scale", [0.1, 0.5, 3.0, 1e4])
def test_a_projected_matrix_is_in_the_ball_and_stays_there(scale, c):
    ball = SpectralBall(c, (4, 3))
    w = scale * np.random.default_rng(0).standard_normal((20, 12))
    p = ball.prox(w, 0.1)
    assert (ball.value(p) == 0).all()
    np.testing.assert_allclose(ball.prox(p, 0.1), p, atol=1e-13)
    np.testing.assert_array_equal(ball.prox(w, 7.0), p)  # the step plays no part
    inside = ball.value(w) == 0
    np.testing.assert_allclose(p[inside], w[inside], atol=1e-14)


def test_a_sweep_of_balls_has_its_shape_even_where_nothing_is_to_be_done():
    w = np.ones(6) / 100
    for radii in ([[1.0], [2.0]], [[1e-3], [2.0]]):
        p = SpectralBall(radii, (2, 3)).prox(w, np.ones((4, 1, 1)))
        assert p.shape == (4, 2, 6)
        np.testing.assert_array_equal(p[0, 1], w)


def test_a_ball_is_inf_outside_and_its_projection_clips_the_singular_values():
    w = np.array([[3.0, 0, 0], [0, -0.5, 0]]).ravel()
    assert SpectralBall(1.0, (2, 3)).value(w) == np.inf
    np.testing.assert_allclose(SpectralBall(0.2, (1, 2)).prox([0.3, 0.0], 1.0), [0.2, 0])
    clipped = SpectralBall(1.0, (2, 3)).prox(w, 1.0).reshape(2, 3)
    np.testing.assert_allclose(clipped, [[1, 0, 0], [0, -0.5, 0]], atol=1e-15)
    assert (SpectralBall(1.0, (2, 3)).subgradient(w) == 0).all()
    assert SpectralBall(1.0, (2, 3)).value(np.full(6, np.nan)) == np.inf


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("make", [Nuclear, Spectral, SpectralBall], ids=lambda m: m.__name__)
def test_a_matrix_with_a_nan_is_set_aside_as_it_is(make, bad):
    """LAPACK gives up on a NaN, and would take the whole batch with it."""
    penalty, w = make(0.5, (2, 3)), points(3)
    w[1, 2] = bad
    after = penalty.prox(w, 0.5)
    np.testing.assert_array_equal(after[1], w[1])
    np.testing.assert_array_equal(after[[0, 2]], penalty.prox(w[[0, 2]], 0.5))
    assert (
        np.isfinite(penalty.value(w[[0, 2]])).tolist()
        == np.isfinite(penalty.value(w))[[0, 2]].tolist()
    )
    assert not np.isfinite(penalty.value(w)[1])


def test_numbers_that_can_be_checked_by_hand():
    w = [3.0, -4.0, 0.5]
    assert L2(2.0).value(w) == 25.25
    assert L1(2.0).value(w) == 15.0
    assert ElasticNet(2.0, 0.25).value(w) == 0.25 * 15.0 + 0.75 * 25.25
    np.testing.assert_array_equal(L1(2.0).prox(w, 0.5), [2.0, -3.0, 0.0])
    np.testing.assert_array_equal(L2(2.0).prox(w, 0.5), [1.5, -2.0, 0.25])


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
