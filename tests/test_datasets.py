import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from reglib.datasets import article, digits, first_input, leaky_memory, longley, standardize


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


def test_a_leaky_memory_is_a_sum_that_fades():
    u, y = leaky_memory(np.random.default_rng(0), n=4, length=6, decay=0.7)
    memory = np.zeros(4)
    for t in range(6):
        memory = 0.7 * memory + u[:, t, 0]
    np.testing.assert_allclose(y, np.sqrt(1 - 0.49) * memory, rtol=1e-12)


@pytest.mark.parametrize("task", [leaky_memory, first_input])
def test_a_list_of_generators_gives_the_sequences_that_each_gives_alone(task):
    together = task([np.random.default_rng(s) for s in range(3)], 4, 6)
    for s in range(3):
        alone = task(np.random.default_rng(s), 4, 6)
        np.testing.assert_array_equal(together.u[s], alone.u)
        np.testing.assert_allclose(together.y[s], alone.y, rtol=1e-14)


def test_noise_added_to_the_inputs_leaves_the_target():
    data = first_input(np.random.default_rng(0), 4, 6)
    before = data.y.copy()
    np.testing.assert_array_equal(before, data.u[:, 0, 0])
    data.u[...] += 1
    np.testing.assert_array_equal(data.y, before)


def test_digits_are_read_from_the_top_row_down_with_ink_from_0_to_1():
    u, y = digits()
    assert u.min() == 0 and u.max() == 1 and sorted(set(y)) == list(range(10))
    first = u[y == 1].mean(axis=0)  # a 1 is tall: ink down the middle, none at the sides
    assert first[:, [0, 7]].max() < 0.1 and first[:, 3:5].min() > 0.3


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


@pytest.mark.parametrize("decay", [[0.5], [[0.5], [0.6]]])
def test_a_memory_has_one_decay(decay):
    with pytest.raises(ValueError, match="decay must be a number, got shape"):
        leaky_memory(np.random.default_rng(0), 3, 5, decay=decay)
