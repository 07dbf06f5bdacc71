"""The theorems of the proofs page, each tried in numbers, on both sides of its boundary.

A test is named after its theorem: `test_t4_...` belongs to T4. The last tests read the page.
"""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from reglib.datasets import add_noise, article, diabetes, input_dropout
from reglib.diagnostics import condition_number, jacobian_norms, step_limit
from reglib.losses import LogisticLoss, SquaredError
from reglib.networks.unit import SigmoidUnit
from reglib.optimizers import (
    AdamScaling,
    ClipByNorm,
    InverseSqrt,
    Momentum,
    Optimizer,
    WeightDecay,
)
from reglib.penalties import L1, L2, Masked
from reglib.solvers import gradient_descent, lasso_path, least_squares, proximal_gradient, ridge
from reglib.training import train
from trial.chapters.depth import figures as depth
from trial.chapters.step_sizes.figures import box_minimum
from trial.chapters.two_explosions.figures import Quartic
from trial.sphinx import plain

X, Y, _ = article()
LOSS = SquaredError(X, Y)
START = np.array([3.0, 2.0])
VALUES, VECTORS = np.linalg.eigh(LOSS.curvature())
LOW, TOP = VALUES
LIMIT = 2 / TOP
BEST = least_squares(X, Y)
ONE = SquaredError([[1.0]], [0.0])  # one weight, curvature 1, minimum at 0
MASKS = {"every weight": None, "free intercept": np.array([False, True])}
masks = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
PAGE = (Path(__file__).parents[2] / "book" / "proofs.md").read_text("utf-8")


def path(loss, penalty, w0, step, n, placement="coupled"):
    """n steps from w0, without a stop on the way."""
    run = gradient_descent(
        loss, penalty, w0, step=step, placement=placement, tol=0, max_iter=n, record=True
    )
    return run.path


def diverges(loss, penalty, step, placement="coupled", n=20_000):
    run = gradient_descent(
        loss, penalty, START, step=step, placement=placement, max_iter=n, tol=1e-9
    )
    return bool(run.diverged_at >= 0)


def follow(optimizer, loss, w0, n):
    """The weights of n steps of a sentence, (n + 1, ..., P); fewer if it diverges."""
    w = np.array(w0, dtype=float)
    memory, steps = optimizer.start(w), [w]
    for _ in range(n):
        if np.abs(w).max() > 1e12:
            break
        w, memory = optimizer.step(w, gradient=loss.gradient(w), memory=memory)
        steps.append(w)
    return np.array(steps)


def penalty_on(mask, lam):
    return L2(lam) if mask is None else Masked(L2(lam), mask)


# T1 to T4


def test_t1_gradient_descent_converges_below_two_over_l_and_diverges_above():
    assert not diverges(LOSS, None, 0.999 * LIMIT)
    assert diverges(LOSS, None, 1.001 * LIMIT)
    at = path(LOSS, None, START, LIMIT, 500) - BEST
    tops = at @ VECTORS[:, 1]
    np.testing.assert_allclose(tops, tops[0] * (-1.0) ** np.arange(501), rtol=1e-9)


@pytest.mark.parametrize("ratio", [1.05, 1.5, 3.0])
def test_t1_the_loss_grows_by_the_square_of_s_l_minus_one(ratio):
    values = LOSS.value(path(LOSS, None, START, ratio * LIMIT, 60)) - LOSS.value(BEST)
    assert values[-1] / values[-2] == pytest.approx((2 * ratio - 1) ** 2, rel=1e-4)


def test_t1_a_start_without_a_part_along_the_top_is_one_of_the_few_that_stay():
    calm = gradient_descent(
        SquaredError(np.diag([1.0, 2.0]), [0, 0]), None, [1.0, 0.0], step=1.5, max_iter=200
    )
    assert calm.diverged_at < 0 and np.abs(calm.w).max() < 1e-9  # the curvatures are 0.5 and 2


@masks
@pytest.mark.parametrize("lam", [0.1, 1.0, 10.0])
def test_t2_l2_in_the_gradient_lowers_the_limit_to_two_over_the_top_of_the_sum(lam, mask):
    D = np.diag([1.0, 1.0]) if mask is None else np.diag(mask.astype(float))
    bound = 2 / np.linalg.eigvalsh(LOSS.curvature() + lam * D)[-1]
    assert bound < LIMIT
    if mask is None:
        assert bound == pytest.approx(2 / (TOP + lam), rel=1e-12)
    P = penalty_on(mask, lam)
    assert not diverges(LOSS, P, 0.999 * bound) and diverges(LOSS, P, 1.001 * bound)
    end = gradient_descent(LOSS, P, START, step=0.9 * bound, max_iter=20_000).w
    np.testing.assert_allclose(end, ridge(X, Y, lam, mask=mask), atol=1e-7)


def test_t2_coupled_and_decoupled_are_one_iteration():
    one, other = (path(LOSS, L2(1.0), START, 0.1, 50, kind) for kind in ("coupled", "decoupled"))
    np.testing.assert_allclose(one, other, rtol=1e-10)


@pytest.mark.parametrize(("product", "grows"), [(1.9, False), (2.1, True)])
def test_t2_the_penalty_alone_explodes_beyond_a_product_of_two(product, grows):
    silent = SquaredError(np.zeros((3, 2)), np.zeros(3))
    w = path(silent, L2(product / 0.5), START, 0.5, 20)
    np.testing.assert_allclose(w[1:] / w[:-1], 1 - product, rtol=1e-12)
    assert (np.abs(w[-1]) > np.abs(w[0])).all() == grows


@masks
@pytest.mark.parametrize("lam", [0.1, 1.0, 10.0])
def test_t3_a_proximal_step_raises_the_limit_to_two_over_the_top_of_the_difference(lam, mask):
    D = np.diag([1.0, 1.0]) if mask is None else np.diag(mask.astype(float))
    bound = 2 / np.linalg.eigvalsh(LOSS.curvature() - lam * D)[-1]
    assert bound > LIMIT
    if mask is None:
        assert bound == pytest.approx(2 / (TOP - lam), rel=1e-12)
    P = penalty_on(mask, lam)
    assert not diverges(LOSS, P, 0.98 * bound, "proximal")  # at lam = 10 growth is slow
    assert diverges(LOSS, P, 1.02 * bound, "proximal")


@masks
def test_t3_the_fixed_point_is_ridge_at_every_step(mask):
    exact = ridge(X, Y, 3.0, mask=mask)
    P = penalty_on(mask, 3.0)
    for step in (0.01, 0.2, 5.0):
        np.testing.assert_allclose(P.prox(exact - step * LOSS.gradient(exact), step), exact)


def test_t3_there_is_no_limit_once_lam_reaches_l_unless_a_weight_is_spared():
    for lam, step in ((TOP, 1e6), (20.0, 1e3)):
        assert not diverges(LOSS, L2(lam), step, "proximal")
    assert diverges(LOSS, L2(0.99 * TOP), 1e3, "proximal")
    strong = Masked(L2(1e6), [False, True])
    assert not diverges(LOSS, strong, 1.99, "proximal") and diverges(LOSS, strong, 2.01, "proximal")


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9, 1.0, 1.2, 3.0])
def test_t4_shrinking_widens_the_limit_below_l_and_narrows_it_above(share):
    lam = share * TOP
    first = step_limit(LOSS, lam, "shrink_after")
    assert np.sign(round(first / LIMIT - 1, 9)) == np.sign(1 - share)
    assert first <= 1 / lam + 1 / TOP + 1e-12
    assert not diverges(LOSS, L2(lam), 0.999 * first, "shrink_after")
    assert diverges(LOSS, L2(lam), 1.001 * first, "shrink_after")


@pytest.mark.parametrize("lam", [0.5, 2.0, 30.0])
def test_t4_the_fixed_point_is_ridge_for_a_larger_strength(lam):
    step = 0.5 * min(step_limit(LOSS, lam, "shrink_after"), 1 / lam)
    end = gradient_descent(LOSS, L2(lam), START, step=step, placement="shrink_after").w
    np.testing.assert_allclose(end, ridge(X, Y, lam / (1 - step * lam)), atol=1e-7)
    assert np.abs(end - ridge(X, Y, lam)).max() > 1e-3


@pytest.mark.parametrize(("share", "gap"), [(0.99, True), (1.01, False)])
def test_t4_the_island_is_cut_off_beyond_three_plus_two_roots_of_two(share, gap):
    lam = share * TOP / (3 + 2 * np.sqrt(2))
    middle = (1 / lam + 1 / TOP) / 2
    assert diverges(LOSS, L2(lam), middle, "shrink_after") == gap
    assert not diverges(LOSS, L2(lam), 1 / lam, "shrink_after")
    w = path(LOSS, L2(lam), START, 1 / lam, 3, "shrink_after")
    assert np.abs(w[1:]).max() < 1e-12  # it has learned nothing


# T5 and T6


@pytest.mark.parametrize("lam", [0.1, 10.0])
def test_t5_an_l1_subgradient_leaves_the_limit_and_the_rate(lam):
    below = path(LOSS, L1(lam), START, 0.98 * LIMIT, 5000)
    assert np.abs(below).max() < 1e3
    bound = 1.1 * LIMIT * lam * np.sqrt(2) / (1.1 * 2 - 2)
    start = BEST + 1.01 * bound * VECTORS[:, 1]
    a = np.abs((path(LOSS, L1(lam), start, 1.1 * LIMIT, 100) - BEST) @ VECTORS[:, 1])
    assert (np.diff(a) > 0).all()
    assert a[-1] / a[-2] == pytest.approx(1.1 * 2 - 1, rel=1e-6)


@pytest.mark.parametrize("step", [0.3, 1.0, 1.7, 1.99])
def test_t5_one_weight_ends_in_a_cycle_and_not_at_zero(step):
    w = path(ONE, L1(0.5), [[3.1], [-0.7]], step, 4000)[..., 0]
    np.testing.assert_allclose(np.abs(w[-10:]), step * 0.5 / (2 - step), rtol=1e-6)
    np.testing.assert_array_equal(np.sign(w[-9:]), -np.sign(w[-10:-1]))


def test_t5_one_weight_beyond_the_limit_grows_faster_than_without():
    w = np.abs(path(ONE, L1(0.5), [[1e-3], [2.0]], 2.1, 40)[..., 0])
    np.testing.assert_allclose(w[1:], 1.1 * w[:-1] + 2.1 * 0.5, rtol=1e-12)


def test_t5_a_lucky_start_hits_zero_exactly():
    assert path(ONE, L1(1.0), [3.0], 0.5, 10)[-1, 0] == 0  # 3, 1, 0


@pytest.mark.parametrize("lam", [0.5, 5.0, 40.0])
def test_t6_ista_converges_below_the_limit_from_everywhere(lam):
    starts = 1e5 * np.random.default_rng(0).standard_normal((20, 2))
    run = proximal_gradient(
        LOSS, L1(lam), starts, step=0.99 * LIMIT, accelerated=False, max_iter=20_000, tol=1e-15
    )
    np.testing.assert_allclose(run.w, np.tile(lasso_path(X, Y, [lam]).w, (20, 1)), atol=1e-6)


def test_t6_beyond_the_limit_a_large_start_diverges_and_a_small_one_may_not():
    lam, step = 10.0, 1.2 * LIMIT
    bound = step * lam * np.sqrt(2) / (2.4 - 2)
    for start, gone in ((BEST + 1.01 * bound * VECTORS[:, 1], True), ([0.1, 0.1], False)):
        run = proximal_gradient(LOSS, L1(lam), start, step=step, accelerated=False)
        assert (run.diverged_at >= 0) == gone


def test_t6_the_basin_of_one_weight_ends_at_s_lam_over_s_h_minus_two():
    edge = 2.1 / 0.1
    starts = np.array([[0.999 * edge], [1.001 * edge], [-0.999 * edge]])
    run = proximal_gradient(ONE, L1(1.0), starts, step=2.1, accelerated=False)
    np.testing.assert_array_equal(run.diverged_at >= 0, [False, True, False])
    assert (run.w[[0, 2]] == 0).all()
    cycle = path(SquaredError([[2.0]], [0.0]), L1(1.0), [0.5], 1.0, 4, "proximal")
    np.testing.assert_array_equal(cycle[:, 0], [0.5, -0.5] * 2 + [0.5])  # s h = 4: exact


# T7 and T8


def cosine(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def test_t7_far_from_the_minimum_penalty_and_data_add_up():
    c, rng = X.T @ Y / 5, np.random.default_rng(1)
    w = rng.standard_normal((1000, 2))
    w *= 1.001 * np.linalg.norm(c) / LOW / np.linalg.norm(w, axis=1, keepdims=True)
    g = LOSS.gradient(w)
    assert ((w * g).sum(-1) > 0).all()
    total = np.square(g + 3 * w).sum(-1)
    assert (total > np.square(g).sum(-1) + 9 * np.square(w).sum(-1)).all()
    assert (BEST / 2) @ LOSS.gradient(BEST / 2) < 0  # near the solution they do not


def test_t7_in_an_explosion_the_cosine_tends_to_one_and_with_signs_to_the_sum_of_u():
    w = path(LOSS, None, START, 1.2 * LIMIT, 60)
    assert cosine(LOSS.gradient(w[-1]), w[-1]) == pytest.approx(1, abs=1e-12)
    expected = np.abs(VECTORS[:, 1]).sum() / np.sqrt(2)
    assert expected == pytest.approx(0.8702, abs=5e-5)
    assert cosine(LOSS.gradient(w[-1]), np.sign(w[-1])) == pytest.approx(expected, abs=1e-9)


def test_t7_at_the_ridge_solution_and_after_a_first_short_step_they_oppose():
    for lam in (0.1, 1.0, 10.0):
        w = ridge(X, Y, lam)
        assert cosine(LOSS.gradient(w), w) == pytest.approx(-1, abs=1e-9)
    for share, opposed in ((0.49, True), (0.99, False)):
        w = path(LOSS, None, [0.0, 0.0], share * LIMIT, 1)[1]
        assert (cosine(LOSS.gradient(w), w) < 0) == opposed


@pytest.mark.parametrize("lam", [0.1, 1.0, 10.0])
def test_t8_l2_lowers_the_condition_and_the_best_step_has_the_best_factor(lam):
    kappa = (TOP + lam) / (LOW + lam)
    assert condition_number(LOSS, lam) == pytest.approx(kappa, rel=1e-12)
    assert condition_number(LOSS, 1.01 * lam) < kappa < TOP / LOW
    best = 2 / (TOP + LOW + 2 * lam)
    target, start = ridge(X, Y, lam), START + [0.3, 5]

    def slowest(step):
        d = np.linalg.norm(path(LOSS, L2(lam), start, step, 12) - target, axis=1)
        return (d[1:] / d[:-1]).max()

    bound = (kappa - 1) / (kappa + 1)
    assert bound == pytest.approx((TOP - LOW) / (TOP + LOW + 2 * lam), rel=1e-12)
    assert slowest(best) <= bound * (1 + 1e-6)
    worst = [np.abs(1 - s * (VALUES + lam)).max() for s in (0.98 * best, best, 1.02 * best)]
    assert worst[1] == pytest.approx(bound, rel=1e-12) and worst[1] == min(worst)


# T9 to T12


def test_t9_a_product_is_bounded_by_its_largest_singular_values():
    rng = np.random.default_rng(2)
    W = rng.standard_normal((6, 6)) / 2
    sigma = np.linalg.norm(W, 2)
    factors = [rng.uniform(0, 0.8, 6)[:, None] * W for _ in range(12)]
    assert (jacobian_norms(factors) <= (0.8 * sigma) ** np.arange(1, 13) * (1 + 1e-12)).all()
    shrunk = [factor / (0.8 * sigma) * 0.99 for factor in factors]
    assert (jacobian_norms(shrunk) <= 0.99 ** np.arange(1, 13) * (1 + 1e-12)).all()


def test_t9_a_singular_value_above_one_does_not_suffice():
    assert jacobian_norms([np.diag([2.0, 0.0]), np.diag([0.0, 2.0])])[-1] == 0


def test_t9_a_spectral_radius_below_one_may_grow_forty_fold_first():
    a, b, k = 0.9, 10.0, np.arange(1, 71)
    norms = jacobian_norms([np.array([[a, b], [0, a]])] * 70)
    assert (norms >= k * a ** (k - 1) * b).all()
    assert (norms.argmax() + 1, round(norms.max(), 3)) == (9, 38.746)
    assert (norms < 1).argmax() + 1 == 63
    A = np.array([[0.0, 2.0], [0.0, 0.0]])
    assert (np.linalg.eigvals(A) == 0).all() and (np.linalg.eigvals(A.T) == 0).all()
    np.testing.assert_allclose(jacobian_norms([A, A.T] * 5)[1::2], 4.0 ** np.arange(1, 6))


def squared_factors(gain, slopes, n=40, draws=4000):
    """||D W' v||^2 for unit v: its mean, and the standard error of the mean."""
    rng = np.random.default_rng(3)
    W = gain * rng.standard_normal((draws, n, n)) / np.sqrt(n)
    v = rng.standard_normal(n)
    squares = np.square(slopes(rng, (draws, n)) * (v / np.linalg.norm(v) @ W)).sum(-1)
    return squares.mean(), squares.std() / np.sqrt(draws)


@pytest.mark.parametrize("gain", [0.7, 1.5])
def test_t10_the_mean_square_of_a_layer_is_the_gain_squared_times_the_mean_square_slope(gain):
    mean, error = squared_factors(gain, lambda rng, shape: np.ones(shape))
    assert abs(mean - gain**2) < 4 * error < 0.05 * gain**2
    q = 1.3
    mean, error = squared_factors(
        gain, lambda rng, shape: 1 - np.tanh(np.sqrt(q) * rng.standard_normal(shape)) ** 2
    )
    assert abs(mean - depth.chi(gain, q)) < 4 * error < 0.05 * gain**2


def test_t10_chi_is_above_one_exactly_for_gains_above_one():
    for gain in (1.02, 1.1, 2.0, 5.0):
        q = depth.fixed_point(gain)
        assert q > 0 and depth.chi(gain, q) > 1
    for gain in (0.3, 0.9, 1.0):
        q = np.geomspace(1e-3, 10, 30)
        after = [depth.variances(gain, 2, x / gain**2)[1] for x in q]
        assert (np.array(after) < q).all()
        assert depth.chi(gain, 0.0) == pytest.approx(gain**2, rel=1e-9)


def test_t11_a_gaussian_matrix_stretches_twice_its_gain_at_most_on_average():
    rng, means, radii = np.random.default_rng(4), [], []
    for n, draws in ((5, 400), (20, 200), (100, 30)):
        W = rng.standard_normal((draws, n, n)) / np.sqrt(n)
        s = np.linalg.svd(W, compute_uv=False)
        means.append(s[:, 0].mean())
        radii.append(np.abs(np.linalg.eigvals(W)).max(-1).mean())
        assert np.square(s).mean() == pytest.approx(1, abs=5 * np.sqrt(2 / draws) / n)
    assert (np.diff(means) > 0).all() and means[-1] < 2
    assert means[-1] == pytest.approx(1.946, abs=0.03)  # 2 in the limit
    assert radii[-1] == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("gain", [1.5, 4.0])
@pytest.mark.parametrize("lam", [0.05, 0.5, 5.0])
def test_t12_decay_takes_the_logarithm_of_the_gain_over_its_own(gain, lam):
    step, silent = 0.1, SquaredError(np.zeros((1, 1)), [0.0])
    for placement, rate in (
        ("coupled", -np.log1p(-step * lam)),
        ("proximal", np.log1p(step * lam)),
    ):
        k = int(np.ceil(np.log(gain) / rate))
        w = path(silent, L2(lam), [gain], step, k, placement)[:, 0]
        assert w[k] <= 1 < w[k - 1]
        k = int(np.ceil((gain - 1) / (step * lam) - 1e-9))
        w = path(silent, L1(lam), [gain], step, k, placement)[:, 0]
        assert w[k] <= 1 + 1e-9 and w[k - 1] > 1 + 1e-9


@pytest.mark.parametrize(
    ("step", "lam", "steps"), [(0.1, 1e-4, 40547), (0.1, 5e-4, 8110), (0.1, 0.1, 41), (0.1, 1, 4)]
)
def test_t12_the_table_of_steps_for_a_gain_of_one_and_a_half(step, lam, steps):
    assert int(np.ceil(np.log(1.5) / -np.log1p(-step * lam))) == steps


# T13 to T16


@pytest.mark.parametrize("lam", [0.0, 5.0])
def test_t13_the_basin_of_the_quartic_ends_at_its_root(lam):
    step, edge = 0.1, np.sqrt(2 / 0.1 - lam)
    starts = np.array([[0.999 * edge], [-0.999 * edge], [1.001 * edge]])
    run = gradient_descent(Quartic(), L2(lam), starts, step=step, max_iter=60_000, tol=1e-9)
    np.testing.assert_array_equal(run.diverged_at >= 0, [False, False, True])
    assert (np.abs(run.w[:2]) < 0.01).all()


@pytest.mark.parametrize(("product", "gone"), [(1.9, False), (2.1, True)])
def test_t13_beyond_a_product_of_two_no_start_survives(product, gone):
    run = gradient_descent(Quartic(), L2(product / 0.1), [1e-3], step=0.1, max_iter=2000)
    assert (run.diverged_at >= 0) == gone


@pytest.mark.parametrize(("share", "all_arrive"), [(0.99, True), (1.0, False), (1.3, False)])
def test_t13_a_clip_saves_every_start_exactly_below_its_bound(share, all_arrive):
    step = 0.5  # exact in binary, so that the cycle at the bound is exact too
    c = share * np.sqrt(8 / step**3)
    starts = np.append(np.linspace(-200, 200, 101), step * c / 2)[:, None]
    run = train(Quartic(), Optimizer(ClipByNorm(c), learning_rate=step), starts, n_steps=3000)
    arrived = np.abs(run.w[:, 0]) < 0.1
    assert not run.diverged.any() and arrived[50] and arrived.all() == all_arrive
    if not all_arrive:
        assert np.abs(run.w[-1, 0]) == pytest.approx(step * c / 2, rel=1e-12)


def test_t14_a_clipped_run_beyond_the_limit_ends_in_a_cycle_that_its_start_chooses():
    c, step = 1.0, 2.5
    starts = np.random.default_rng(5).uniform(-30, 30, (500, 1))
    w = follow(Optimizer(ClipByNorm(c), learning_rate=step), ONE, starts, 60)[..., 0]
    np.testing.assert_allclose(w[-1], w[-3], rtol=1e-9)
    np.testing.assert_allclose(np.abs(w[-1] - w[-2]), step * c, rtol=1e-12)
    largest = np.abs(w[-2:]).max(0)
    assert step * c / 2 <= largest.min() < 1.27 and 1.48 < largest.max() <= step * c - c
    multiples = follow(
        Optimizer(ClipByNorm(c), learning_rate=step), ONE, [[0.0], [2.5], [-7.5]], 10
    )
    assert (multiples[-1] == 0).all()


def test_t14_below_the_limit_a_clipped_run_converges():
    starts = np.random.default_rng(5).uniform(-30, 30, (100, 1))
    w = follow(Optimizer(ClipByNorm(1.0), learning_rate=1.98), ONE, starts, 3000)
    assert np.abs(w[-1]).max() < 1e-9


LABELS = np.array([0.0, 1.0, 0.0, 1.0, 1.0])
LOGISTIC = LogisticLoss(X, LABELS)
REACH = np.linalg.norm(X, axis=1).mean()


def test_t15_the_logistic_gradient_is_bounded_and_no_run_beats_a_straight_line():
    w = (
        np.random.default_rng(6).standard_normal((2000, 2))
        * 10.0 ** np.linspace(-2, 4, 2000)[:, None]
    )
    assert (np.linalg.norm(LOGISTIC.gradient(w), axis=1) <= REACH).all()
    for step in (0.1, 10.0, 1e4):
        size = np.linalg.norm(path(LOGISTIC, None, START, step, 300), axis=1)
        line = np.linalg.norm(START) + step * np.arange(301) * REACH
        assert (size <= line * (1 + 1e-12)).all()


@pytest.mark.parametrize(("product", "grows"), [(1.9, False), (2.1, True)])
def test_t15_coupled_l2_explodes_beyond_a_product_of_two(product, grows):
    lam, step = product / 5.0, 5.0
    best = gradient_descent(LOGISTIC, L2(lam), [0.0, 0.0], step=0.05, max_iter=20_000, tol=1e-13).w
    w = path(LOGISTIC, L2(lam), best + [1e-3, 0.0], step, 300)
    size = np.linalg.norm(w - best, axis=1)
    if grows:
        assert (size[1:] >= (product - 1) * size[:-1] * (1 - 1e-6)).all()
        assert size[-1] > 1e9
    else:
        assert np.linalg.norm(w, axis=1).max() <= step * REACH / (1 - abs(1 - product))


@pytest.mark.parametrize(("b", "x0"), [(-2.5, 0.5), (-3.0, 0.5), (-4.0, 1.0)])
def test_t16_the_wall_is_a_fixed_point_with_a_geometric_gradient(b, x0):
    T = 30
    unit = SigmoidUnit(T, x0)
    wall, a = unit.wall(b), unit.growth(b)
    sigma = 1 / (1 + np.exp(-x0))
    assert a == pytest.approx((x0 - b) * (1 - sigma)) and a > 1
    np.testing.assert_allclose(unit.states([wall, b]), x0, rtol=1e-9)
    eps = 1e-7 / a**T
    slope = (unit.states([wall + eps, b]) - unit.states([wall - eps, b]))[-1] / (2 * eps)
    assert slope == pytest.approx(sigma * (a**T - 1) / (a - 1), rel=1e-3)


def test_t16_the_limit_jumps_only_where_the_slope_exceeds_one():
    def jump(b, near):
        unit = SigmoidUnit(2000)
        low, high = (unit.states([unit.wall(b) + side * near, b])[-1] for side in (-1, 1))
        assert low < 0.5 < high
        return high - low

    assert jump(-2.5, 1e-3) > 1 and jump(-2.5, 1e-5) > 1  # growth 1.13
    assert jump(-1.5, 1e-5) < 1e-3  # growth 0.76: no wall


# T17 to T19


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("share", "gone"), [(0.98, False), (1.02, True)])
def test_t17_momentum_multiplies_the_limit(beta, share, gone):
    for factor, scale in ((1 + beta, 1.0), ((1 + beta) / (1 - beta), 1 - beta)):
        step = share * factor * LIMIT
        # The average is the sum times 1 - beta.
        w = follow(Optimizer(Momentum(beta), learning_rate=scale * step), LOSS, START, 6000)
        far = np.abs(w[-1] - BEST).max()
        assert (far > 1e6) if gone else (far < 1e-3)


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_t18_noise_on_the_inputs_is_ridge_and_lowers_the_limit(sigma):
    table = diabetes()
    A, y = table.X[:40], table.y[:40] - table.y[:40].mean()
    many = add_noise(A, y, sigma, copies=4000, rng=np.random.default_rng(7))
    loss, plain = SquaredError(many.X, many.y), SquaredError(A, y)
    w = np.random.default_rng(8).standard_normal(10) * 10
    expected = plain.value(w) + sigma**2 / 2 * w @ w
    assert loss.value(w) == pytest.approx(expected, rel=5e-3)
    assert abs(loss.value(w) / plain.value(w) - 1) > 0.01
    limit = 2 / (plain.lipschitz() + sigma**2)
    assert step_limit(loss) == pytest.approx(limit, rel=5e-3) and limit < 0.99 * step_limit(plain)


def test_t18_input_dropout_is_ridge_with_a_strength_for_each_weight():
    table = diabetes()
    A, y = table.X[:40], table.y[:40] - table.y[:40].mean()
    p = 0.3
    many = input_dropout(A, y, p, copies=4000, rng=np.random.default_rng(9))
    expected = p / (1 - p) * np.diag(np.diag(SquaredError(A, y).curvature()))
    extra = SquaredError(many.X, many.y).curvature() - SquaredError(A, y).curvature()
    np.testing.assert_allclose(extra, expected, atol=0.03)


@pytest.mark.parametrize(
    ("betas", "lam"),
    # The usual betas need far more steps where one bound is active and one weight free (0.3).
    [((0.9, 0.9), lam) for lam in (0.2, 0.3, 1.0, 2.0)]
    + [((0.9, 0.999), lam) for lam in (0.2, 1.0, 2.0)],
)
def test_t19_adamw_ends_at_the_minimum_over_its_box(betas, lam):
    sentence = Optimizer(
        AdamScaling(beta1=betas[0], beta2=betas[1]),
        WeightDecay(lam),
        learning_rate=InverseSqrt(0.2, 50),
    )
    w = follow(sentence, LOSS, START, 20_000)[-1]
    corner = box_minimum(LOSS, lam)
    np.testing.assert_allclose(w, corner, atol=0.02)
    assert np.abs(corner).max() == pytest.approx(1 / lam) or lam == 0.2  # which contains the fit
    assert np.abs(corner - ridge(X, Y, lam)).max() > 0.1  # not what L2 would give


def test_t19_equal_betas_bound_every_update_and_the_usual_ones_do_not():
    rng, largest = np.random.default_rng(10), {}
    for betas in ((0.9, 0.9), (0.9, 0.999)):
        adam = AdamScaling(beta1=betas[0], beta2=betas[1])
        memory, largest[betas] = adam.start(np.zeros(50)), 0.0
        for k in range(400):
            gradient = rng.standard_normal(50) * (100.0 if k >= 390 else 1.0)
            update, memory = adam.update(np.abs(gradient), w=None, memory=memory)
            largest[betas] = max(largest[betas], np.abs(update).max())
    assert largest[0.9, 0.9] <= 1 < largest[0.9, 0.999]


# The page


NUMBERS = [f"t{k}" for k in range(1, 20)]


def test_the_page_has_t1_to_t19_in_order_each_with_a_proof_and_a_sentence_in_words():
    assert re.findall(r"\{prf:theorem\} .+\n:label: thm-t(\d+)\n", PAGE) == [
        name[1:] for name in NUMBERS
    ]
    blocks = re.split(r"^(?=```+\{prf:theorem\})", PAGE, flags=re.M)[1:]
    assert len(blocks) == 19
    for block in blocks:
        assert "```{admonition} Proof\n:class: dropdown\n" in block, block[:60]
        assert re.search(r"^In words: .*\{ref\}`chapter-", block, re.M), block[:60]


def test_every_theorem_of_the_page_has_its_test():
    tested = {name.split("_")[1] for name in globals() if re.match(r"test_t\d+_", name)}
    assert tested == set(NUMBERS)


def test_the_page_leads_to_every_theorem_of_the_chapters():
    folder = Path(__file__).parents[2] / "notebooks"
    labels = set()
    for file in folder.glob("*.ipynb"):
        for cell in nbformat.read(file, as_version=4).cells:
            titles = re.findall(r"^> \*\*Theorem \((.+?)\)\.\*\*", cell.source, re.M)
            labels |= {f"thm-{plain.slug(title)}" for title in titles}
    assert len(labels) >= 28
    assert labels <= set(re.findall(r"\{prf:ref\}`(thm-[\w-]+)`", PAGE))
