"""Limits and eigenvalues against brute force: spectral radii, bisection by running, NumPy."""

import numpy as np
import pytest

from reglib.datasets import article, longley, standardize
from reglib.diagnostics import condition_number, gradient_error, step_limit, top_eigenvalue
from reglib.losses import SquaredError
from reglib.penalties import L2, Masked
from reglib.solvers import PLACEMENTS, gradient_descent

X, Y, _ = article()
LOSS = SquaredError(X, Y)
H = X.T @ X / 5
SLOPE = [False, True]
RNG = np.random.default_rng(0)


def radius(hessian, s, lam, placement, mask):
    """Largest |eigenvalue| of one step, written down without any of step_limit's algebra."""
    eye, D = np.eye(len(hessian)), np.diag(np.asarray(mask, dtype=float))
    matrix = {
        "coupled": eye - s * (hessian + lam * D),
        "decoupled": (eye - s * lam * D) - s * hessian,
        "shrink_after": (eye - s * lam * D) @ (eye - s * hessian),
        "proximal": np.linalg.inv(eye + s * lam * D) @ (eye - s * hessian),
    }[placement]
    return np.abs(np.linalg.eigvals(matrix)).max()


class Wrong:
    """A loss whose gradient has one entry wrong by a factor."""

    def __init__(self, factor, entry):
        self.factor, self.entry, self.value = factor, entry, LOSS.value

    def gradient(self, w):
        g = LOSS.gradient(w).copy()
        g[..., self.entry] *= self.factor
        return g


def test_a_right_gradient_has_no_error():
    assert gradient_error(LOSS, [0.3, -0.7]) < 1e-8


@pytest.mark.parametrize("entry", [0, 1])
def test_a_gradient_that_is_a_thousandth_wrong_is_caught(entry):
    assert 5e-4 < gradient_error(Wrong(1.001, entry), [0.3, -0.7]) < 2e-3


def test_a_gradient_with_the_wrong_sign_is_caught():
    assert gradient_error(Wrong(-1, 0), [0.3, -0.7]) > 1


def test_limits_of_the_article_s_data_match_the_table():
    """Experiment E2, every weight penalized; no entry is copied from reglib."""
    lams = np.array([[0.0], [0.1], [1.0], [5.0], [10.0], [12.0]])
    expected = {
        "coupled": [0.16905, 0.16763, 0.15587, 0.11883, 0.09161, 0.08392],
        "decoupled": [0.16905, 0.16763, 0.15587, 0.11883, 0.09161, 0.08392],
        "shrink_after": [0.16905, 0.17052, 0.18871, 0.28453, 0.18453, 0.16786],
        "proximal": [0.16905, 0.17049, 0.18466, 0.29278, 1.09233, np.inf],
    }
    for placement, limits in expected.items():
        np.testing.assert_allclose(step_limit(LOSS, lams, placement), limits, atol=6e-6)


def test_limits_with_a_free_intercept_match_the_table():
    lams = np.array([[0.1], [1.0], [5.0], [10.0], [100.0]])
    limits = step_limit(LOSS, lams, "proximal", mask=SLOPE)
    np.testing.assert_allclose(limits, [0.17038, 0.18335, 0.27008, 0.5, 1.81837], atol=6e-6)
    limits = step_limit(LOSS, [[0.01], [1.0], [10.0]], mask=SLOPE)
    np.testing.assert_allclose(limits, [0.168915, 0.156679, 0.093282], rtol=5e-6)


def hessians():
    for n, p in ((20, 3), (3, 5), (40, 1)):
        A = RNG.standard_normal((n, p))
        yield A.T @ A / n


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("lam", [0.0, 0.03, 0.5, 4.0])
@pytest.mark.parametrize("spare", [False, True])
def test_just_below_the_limit_is_stable_and_just_above_is_not(placement, lam, spare):
    for hessian in hessians():
        mask = np.ones(len(hessian), dtype=bool)
        mask[0] = not (spare and len(hessian) > 1)
        s = step_limit(hessian, lam, placement, mask=mask)
        if np.isinf(s):
            assert radius(hessian, 1e6, lam, placement, mask) < 1 + 1e-9
        else:
            assert radius(hessian, s * (1 - 1e-4), lam, placement, mask) <= 1 + 1e-9
            assert radius(hessian, s * (1 + 1e-4), lam, placement, mask) > 1
        for below in np.linspace(0.01, 0.999, 40) * min(s, 1e6):
            assert radius(hessian, below, lam, placement, mask) <= 1 + 1e-9


@pytest.mark.parametrize("mask", [None, SLOPE], ids=["all", "slope"])
@pytest.mark.parametrize("lam", [0.1, 1.0, 10.0, 100.0])
def test_islands_are_all_the_stable_steps(lam, mask):
    intervals = step_limit(LOSS, lam, "shrink_after", mask=mask, islands=True)
    assert (intervals[:, 0] < intervals[:, 1]).all() and intervals[0, 0] == 0
    for s in np.geomspace(1e-3, 30, 3000):
        inside = ((intervals[:, 0] < s) & (s < intervals[:, 1])).any()
        edge = np.abs(intervals / s - 1).min() < 1e-3
        stable = radius(H, s, lam, "shrink_after", [True, True] if mask is None else mask) < 1
        assert edge or inside == stable


def test_shrinking_after_the_step_is_stable_again_at_one_over_lam():
    intervals = step_limit(LOSS, 1.0, "shrink_after", islands=True)
    assert len(intervals) == 2 and intervals[1, 0] < 1.0 < intervals[1, 1]


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_limit_is_where_runs_begin_to_diverge(placement):
    """Against the solver: 4000 steps at 2 % below and above, started at the article's point."""
    limit = step_limit(LOSS, 3.0, placement, mask=SLOPE)
    steps = limit * np.array([[0.98], [1.02]])
    penalty = Masked(L2(3.0), SLOPE)
    run = gradient_descent(LOSS, penalty, [3.0, 2.0], step=steps, placement=placement)
    assert (run.diverged_at >= 0).tolist() == [False, True]


def test_a_loss_and_its_hessian_have_the_same_limit():
    assert step_limit(LOSS, 1.0) == step_limit(LOSS.hessian_vector(np.zeros(2), np.eye(2)), 1.0)


def test_a_flat_loss_has_no_limit():
    assert step_limit([[0.0]]) == np.inf
    assert step_limit([[0.0]], 2.0) == 1.0  # step lam > 2 explodes without any data
    assert step_limit([[0.0]], 2.0, "shrink_after") == 1.0


def test_longley_s_condition_falls_260_fold_while_the_limit_falls_two_percent():
    Z = standardize(longley().X).X
    hessian = Z.T @ Z / 16
    lams = [[0.0], [0.1], [1.0]]
    np.testing.assert_allclose(condition_number(hessian, lams), [12220, 46.857, 5.6013], rtol=1e-4)
    np.testing.assert_allclose(step_limit(hessian, lams), [0.43446, 0.42523, 0.35693], rtol=2e-5)
    raw = SquaredError(np.column_stack([np.ones(16), longley().X]), longley().y)
    np.testing.assert_allclose(step_limit(raw), 1.156e-11, rtol=1e-3)


def test_condition_numbers_of_the_article_s_data_match_the_table():
    np.testing.assert_allclose(condition_number(LOSS), 69.985711, rtol=1e-7)
    lams = [[0.01], [1.0], [10.0]]
    free = condition_number(LOSS, lams, mask=SLOPE)
    np.testing.assert_allclose(free, [69.7469, 54.3149, 38.3072], rtol=2e-6)
    np.testing.assert_allclose(condition_number(LOSS, lams), [66.1328, 10.9756, 2.1468], rtol=2e-5)
    assert condition_number([[1.0, 1.0], [1.0, 1.0]]) == np.inf


@pytest.mark.parametrize("size", [1, 2, 5, 40])
def test_top_eigenvalue_agrees_with_numpy(size):
    loss = SquaredError(RNG.standard_normal((60, size)), np.zeros(60))
    value, vector = top_eigenvalue(loss, np.zeros(size), rng=np.random.default_rng(1))
    np.testing.assert_allclose(value, loss.lipschitz(), rtol=1e-9)
    np.testing.assert_allclose(loss.hessian_vector(vector, vector), value * vector, atol=1e-4)


def test_top_eigenvalue_is_the_largest_not_the_largest_in_size():
    class Saddle:
        def hessian_vector(self, w, v):
            return np.array([-9.0, 1.0, 2.0]) * v

    value, vector = top_eigenvalue(Saddle(), np.zeros(3), rng=np.random.default_rng(0))
    np.testing.assert_allclose(value, 2.0)
    np.testing.assert_allclose(np.abs(vector), [0, 0, 1], atol=1e-6)


def test_top_eigenvalue_of_many_runs_in_one_call():
    class Diagonal:
        d = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0], [-1.0, -2.0, -3.0]])

        def hessian_vector(self, w, v):
            return self.d * v

    value, _ = top_eigenvalue(Diagonal(), np.zeros((3, 3)), rng=np.random.default_rng(0))
    np.testing.assert_allclose(value, [3, 1, -1])


@pytest.mark.parametrize("lam", [1e-1, 1e-5, 1e-10, 1e-17, 1e-300])
def test_a_tiny_penalty_after_the_step_leaves_the_limit(lam):
    """Raw Longley's eigenvalues span 16 decades: nothing may cancel."""
    raw = SquaredError(longley().X, longley().y)
    for hessian in (raw, [[1.0]], np.diag([1e17, 1.0])):
        top = 2 / step_limit(hessian)
        expected = 2 / top if lam / top < 1e-3 else 2 / top / (1 - lam / top)
        np.testing.assert_allclose(step_limit(hessian, lam, "shrink_after"), expected, rtol=0.06)
    assert step_limit(raw, lam, "shrink_after") == pytest.approx(step_limit(raw), rel=1e-9)


def test_nothing_to_learn_leaves_the_limit_to_the_decay():
    zero, mask = np.zeros((2, 2)), [True, False]
    assert step_limit(zero, 1.0, "shrink_after", mask=mask) == 2
    assert step_limit(zero, 1.0, "shrink_after", mask=[False, False]) == np.inf


def test_a_right_gradient_passes_at_a_minimum_too():
    assert gradient_error(LOSS, [-2.5, 3.5]) < 1e-5
    assert gradient_error(SquaredError(X * 1e-9, Y), [1.0, 1.0]) < 1e-5


def test_a_gradient_of_another_shape_is_refused():
    class Nested(Wrong):
        def gradient(self, w):
            return LOSS.gradient(w)[None]

    with pytest.raises(ValueError, match=r"shape of w, \(2,\), got \(1, 2\)"):
        gradient_error(Nested(1, 0), [0.3, -0.7])


def test_an_eigenvector_is_found_beside_a_run_that_needs_more_steps():
    class Diagonal:
        d = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]])

        def hessian_vector(self, w, v):
            return self.d * v

    value, vector = top_eigenvalue(Diagonal(), np.zeros((3, 4)), rng=np.random.default_rng(1))
    np.testing.assert_allclose(value, [1, 4, 0], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(vector, axis=-1), 1)
    np.testing.assert_allclose(Diagonal.d * vector, value[:, None] * vector, atol=1e-6)
