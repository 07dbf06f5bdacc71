"""The diabetes data of Efron et al. 2004, raw and standardized."""

import numpy as np
import pytest

from reglib.datasets import diabetes, standardize
from reglib.diagnostics import condition_number, step_limit
from reglib.losses import SquaredError
from reglib.solvers import least_squares


def test_ten_named_columns_and_442_patients():
    for data in (diabetes(), diabetes(standardized=False)):
        assert data.X.shape == (442, 10) and data.y.shape == (442,)
        assert " ".join(data.names) == "age sex bmi bp s1 s2 s3 s4 s5 s6"


def test_raw_units_are_those_of_the_clinic():
    X, y, names = diabetes(standardized=False)
    np.testing.assert_array_equal(X[0, :4], [59, 2, 32.1, 101])
    assert set(X[:, names.index("sex")]) == {1, 2} and (y.min(), y.max()) == (25, 346)


def test_standardized_columns_have_mean_0_and_deviation_1_and_y_is_left_alone():
    X, y, _ = diabetes()
    raw = diabetes(standardized=False)
    np.testing.assert_array_equal(X, standardize(raw.X).X)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X.std(axis=0), 1)
    np.testing.assert_array_equal(y, raw.y)


def test_the_curvature_of_experiment_e12():
    X, y, _ = diabetes()
    H = X.T @ X / 442
    np.testing.assert_allclose(np.linalg.eigvalsh(H)[[0, -1]], [0.00856, 4.0242], rtol=1e-3)
    np.testing.assert_allclose(condition_number(H), 470.08, rtol=1e-5)
    np.testing.assert_allclose(step_limit(SquaredError(X, y)), 0.496992, rtol=1e-5)


def test_least_squares_explains_51_8_percent():
    X, y, _ = diabetes()
    centered = y - y.mean()
    residual = centered - X @ least_squares(X, centered)
    np.testing.assert_allclose(1 - residual @ residual / (centered @ centered), 0.518, atol=5e-4)


@pytest.mark.parametrize("standardized", [True, False])
def test_writing_to_the_data_does_not_change_the_next_load(standardized):
    for array in diabetes(standardized)[:2]:
        array[:] = 0
    assert diabetes(standardized).X.any() and diabetes(standardized).y.any()
