import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from reglib.datasets import article, longley, standardize


def test_the_article_s_points_lie_on_a_parabola():
    X, y, names = article()
    x = X[:, names.index("x")]
    np.testing.assert_array_equal(X[:, 0], 1)
    np.testing.assert_array_equal(y, x * (x + 1) / 2 + 1)


def test_longley_has_nist_s_residual_standard_deviation():
    X, y, names = longley()
    assert X.shape == (16, len(names))
    ones = np.column_stack([np.ones(16), X])
    residual = y - ones @ np.linalg.lstsq(ones, y, rcond=None)[0]
    np.testing.assert_allclose(np.sqrt(residual @ residual / 9), 304.854073561965, rtol=1e-9)


@pytest.mark.parametrize("load", [article, longley])
def test_writing_to_data_does_not_change_the_next_load(load):
    load().X[:] = 0
    load().y[:] = 0
    assert load().X.any() and load().y.any()


def test_standardized_columns_agree_with_scikit_learn():
    X = longley().X
    Z, mean, scale = standardize(X)
    np.testing.assert_allclose(Z, StandardScaler().fit_transform(X), rtol=1e-12)
    np.testing.assert_allclose(Z * scale + mean, X)


def test_test_rows_do_not_leak_into_the_scale():
    X = longley().X
    poisoned = X.copy()
    poisoned[12:] *= 1000
    train = slice(0, 12)
    np.testing.assert_array_equal(
        standardize(X, train).X[train], standardize(poisoned, train).X[train]
    )


def test_constant_columns_are_named():
    X = np.array([[1.0, 0.1, 2.0], [2.0, 0.1, 2.0], [4.0, 0.1, 2.0]])
    with pytest.raises(ValueError, match=r"constant columns \[1, 2\]"):
        standardize(X)


def test_a_column_that_is_constant_on_the_training_rows_only_is_named():
    with pytest.raises(ValueError, match=r"constant columns \[0\]"):
        standardize([[1.0, 1], [1.0, 2], [5.0, 3]], [0, 1])
