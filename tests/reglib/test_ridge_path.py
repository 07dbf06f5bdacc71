"""ridge_path and effective_dof against ridge itself, traces and published numbers."""

import numpy as np
import pytest

from reglib.datasets import article, diabetes
from reglib.diagnostics import effective_dof
from reglib.losses import SquaredError
from reglib.penalties import L2
from reglib.solvers import ridge, ridge_path

Z, Y, _ = diabetes()
RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((12, 5)), RNG.standard_normal(12)


def test_the_ridge_path_is_ridge_at_every_lam_in_descending_order():
    path = ridge_path(A, B, [0.1, 10.0, 0.0, 1.0])
    np.testing.assert_array_equal(path.lam, [10, 1, 0.1, 0])
    for lam, w, value in zip(path.lam, path.w, path.objective, strict=True):
        np.testing.assert_allclose(w, ridge(A, B, lam), rtol=1e-12)
        np.testing.assert_allclose(value, SquaredError(A, B).value(w) + L2(lam).value(w))
    assert path.gap.max() <= 1e-14 and path.events == ()


@pytest.mark.parametrize("X", [A, A.T[:, :5], A[:, [0, 0, 1]], A * 0], ids=lambda X: str(X.shape))
def test_the_ridge_path_is_certified_whatever_the_columns(X):
    assert ridge_path(X, B[: len(X)], [1.0, 1e-3, 0.0]).gap.max() <= 1e-14


def test_the_article_s_ridge_slopes_by_hand():
    X, y, _ = article()
    lams = np.array([10.0, 1.0, 0.0])
    path = ridge_path(X[:, 1:] - 3, y - 8, lams)
    np.testing.assert_allclose(path.w[:, 0], 7 / (2 + lams), rtol=1e-14)


@pytest.mark.parametrize(
    ("lams", "words"),
    [
        ([1.0, -0.5], "lams must be finite and >= 0, got -0.5"),
        ([NAN := float("nan")], r"lams must be finite, got nan at index \(0,\)"),
        ([], r"lams must not be empty, got shape \(0,\)"),
        (1.0, r"lams must have 1 axes, got shape \(\)"),
    ],
)
def test_lams_that_are_none(lams, words):
    with pytest.raises(ValueError, match=words):
        ridge_path(A, B, lams)


def hat_trace(X, lam, mask):
    """The trace of y -> X ridge(X, y), column by column."""
    return sum(X[i] @ ridge(X, e, lam, mask=mask) for i, e in enumerate(np.eye(len(X))))


@pytest.mark.parametrize("lam", [0.0, 0.01, 1.0, 100.0])
@pytest.mark.parametrize("mask", [None, [True, False, True, True, False], [False] * 5], ids=str)
def test_effective_dof_is_the_trace_of_the_hat_matrix(lam, mask):
    np.testing.assert_allclose(effective_dof(A, lam, mask=mask), hat_trace(A, lam, mask))
    ones = np.column_stack([A, np.ones(12)])
    with_ones = [*([True] * 5 if mask is None else mask), False]
    np.testing.assert_allclose(
        effective_dof(A, lam, mask=mask, intercept=True), hat_trace(ones, lam, with_ones)
    )


def test_effective_dof_on_diabetes():
    """E12: 10.377 at the lam of GCV and 11 at 0, counting the intercept."""
    np.testing.assert_allclose(effective_dof(Z, 0.007387, intercept=True), 10.377, atol=5e-4)
    np.testing.assert_allclose(effective_dof(Z, 0.004151, intercept=True), 10.581, atol=5e-4)
    assert effective_dof(Z, 0.0, intercept=True) == 11 and effective_dof(Z, 0.0) == 10


def test_effective_dof_falls_from_the_rank_to_the_number_of_free_directions():
    lams = np.geomspace(1e-8, 1e8, 20)
    mask = [True, True, True, False, True]
    dof = effective_dof(A, lams[:, None], mask=mask)
    assert dof.shape == (20,) and (np.diff(dof) < 0).all()
    np.testing.assert_allclose(dof[[0, -1]], [5, 1], atol=1e-6)
    np.testing.assert_allclose(
        dof, [effective_dof(A, x, mask=[1, 1, 1, 0, 1] == np.ones(5)) for x in lams]
    )


def test_dependent_columns_count_once():
    twice = np.column_stack([A, A[:, 0], A.sum(axis=1)])
    assert effective_dof(twice, 0.0) == 5
    assert effective_dof(twice, 0.0, mask=[False, True, True, True, True, False, True]) == 5
    assert effective_dof(twice[:, [0, 1, 2, 3, 4, 6]], 0.0, mask=[False] * 5 + [True]) == 5
    ones = np.column_stack([A, np.full(12, 7.0)])
    assert effective_dof(ones, 0.0, intercept=True) == 6
    assert effective_dof(A[:3], 0.0) == 3 and effective_dof(A * 0, 0.0) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: effective_dof(A, 1.0, mask=[True]),
            r"mask must have 5 entries.*\(1,\).*\(12, 5\)",
        ),
        (lambda: effective_dof([[1.0, NAN]], 1.0), r"X must be finite, got nan at index \(0, 1\)"),
        (lambda: effective_dof(B, 1.0), r"X must have 2 axes, got shape \(12,\)"),
    ],
)
def test_errors_say_name_rule_and_value(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_inputs_are_never_written_to():
    X, lams = A.copy(), np.array([0.1, 1.0])
    X.flags.writeable = lams.flags.writeable = False
    ridge_path(X, B, lams)
    effective_dof(X, lams[:, None], intercept=True)
    np.testing.assert_array_equal(lams, [0.1, 1.0])
