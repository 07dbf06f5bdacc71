import numpy as np
import pytest
from scipy.stats import median_abs_deviation
from sklearn.preprocessing import StandardScaler

from reglib.datasets import (
    add_noise,
    article,
    clean,
    diabetes,
    digits,
    first_input,
    input_dropout,
    leaky_memory,
    longley,
    standardize,
)
from reglib.losses import SquaredError
from reglib.solvers import least_squares, ridge


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


RNG = np.random.default_rng(0)
TABLE, TARGETS = RNG.standard_normal((20, 3)), RNG.standard_normal(20)
DISTURB = {
    "noise": lambda X, y, copies, rng: add_noise(X, y, 0.7, copies=copies, rng=rng),
    "dropout": lambda X, y, copies, rng: input_dropout(X, y, 0.3, copies=copies, rng=rng),
}
each_disturbance = pytest.mark.parametrize("disturb", DISTURB.values(), ids=DISTURB)


def gram(X):
    return X.T @ X / len(X)


@each_disturbance
def test_copies_hold_all_rows_in_order_each_time_with_their_targets(disturb):
    X, y = disturb(TABLE, TARGETS, 500, np.random.default_rng(1))
    assert X.shape == (10_000, 3) and y.shape == (10_000,)
    np.testing.assert_array_equal(y.reshape(500, 20), np.tile(TARGETS, (500, 1)))
    mean = X.reshape(500, 20, 3).mean(axis=0)  # the disturbance has mean 0
    np.testing.assert_allclose(mean, TABLE, atol=0.2)


@each_disturbance
def test_a_disturbance_is_drawn_anew_for_each_copy_and_writes_to_nothing(disturb):
    before = TABLE.copy(), TARGETS.copy()
    X, y = disturb(TABLE, TARGETS, 2, np.random.default_rng(1))
    assert (X[:20] != X[20:]).any()
    y[:] = X[:] = 0
    assert np.array_equal(TABLE, before[0]) and np.array_equal(TARGETS, before[1])


@pytest.mark.parametrize("sigma", [0.5, [0.1, 1.0, 2.0]], ids=str)
def test_noise_adds_its_variance_to_the_diagonal_of_the_hessian(sigma):
    """Each entry of the mean over 4000 copies, to five standard errors."""
    X, _ = add_noise(TABLE, TARGETS, sigma, copies=4000, rng=np.random.default_rng(2))
    each = X.reshape(4000, 20, 3)
    grams = np.einsum("cni,cnj->cij", each, each) / 20
    expected = gram(TABLE) + np.diag(np.broadcast_to(np.square(sigma), 3))
    error = np.abs(grams.mean(axis=0) - expected)
    assert (error < 5 * grams.std(axis=0) / np.sqrt(4000)).all()
    assert error.max() < 0.1 * np.min(np.square(sigma)) + 0.02


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_dropout_adds_p_over_1_minus_p_times_the_diagonal(p):
    """Averaged over all 2^3 patterns of every row, which is the mean itself, without chance."""
    H = gram(TABLE)
    patterns = np.array([[i >> k & 1 for k in range(3)] for i in range(8)], float)
    chances = np.prod(np.where(patterns, 1 - p, p), axis=1)
    mean = sum(c * gram(TABLE * kept / (1 - p)) for c, kept in zip(chances, patterns, strict=True))
    np.testing.assert_allclose(mean, H + p / (1 - p) * np.diag(np.diag(H)), rtol=1e-12)
    X, _ = input_dropout(TABLE, TARGETS, p, copies=4000, rng=np.random.default_rng(3))
    kept = (X / np.tile(TABLE, (4000, 1))).round(12)
    assert set(np.unique(kept)) == {0.0, round(1 / (1 - p), 12)}
    np.testing.assert_allclose((kept == 0).mean(), p, atol=0.005)
    np.testing.assert_allclose(gram(X), mean, atol=0.03)


def test_a_fit_to_many_noisy_copies_is_ridge():
    X, y = add_noise(TABLE, TARGETS, 0.8, copies=20_000, rng=np.random.default_rng(4))
    np.testing.assert_allclose(least_squares(X, y), ridge(TABLE, TARGETS, 0.64), atol=0.01)


def test_plain_copies_change_neither_the_loss_nor_its_gradient_nor_its_limit():
    X, y = add_noise(TABLE, TARGETS, 0.0, copies=5, rng=np.random.default_rng(5))
    one, five, w = SquaredError(TABLE, TARGETS), SquaredError(X, y), RNG.standard_normal(3)
    np.testing.assert_allclose(five.value(w), one.value(w), rtol=1e-14)
    np.testing.assert_allclose(five.gradient(w), one.gradient(w), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(five.lipschitz(), one.lipschitz(), rtol=1e-14)


DIRTY = np.array(
    [
        [1.0, 5, 0],
        [2, 5, 1],
        [1, 5, 0],
        [np.nan, 5, 0],
        [4, 5, 0],
        [3, 5, 0],
        [900, 5, 0],
        [2, 5, 0],
    ]
)
DIRTY_Y = np.array([1.0, 2, 1, 0, np.inf, 3, 4, 5])


def test_cleaning_removes_what_its_rules_say_and_reports_it():
    found = clean(DIRTY, DIRTY_Y, names=["a", "five", "flag"], outliers=5)
    np.testing.assert_array_equal(found.rows, [0, 1, 5, 7])
    np.testing.assert_array_equal(found.columns, [0, 2])
    assert found.names == ("a", "flag")
    np.testing.assert_array_equal(found.X, DIRTY[np.ix_([0, 1, 5, 7], [0, 2])])
    np.testing.assert_array_equal(found.y, DIRTY_Y[[0, 1, 5, 7]])
    assert found.report == [
        "not finite: row 3 (a), row 4 (y)",
        "duplicates: row 2",
        "outliers: row 6 (a); not judged, MAD 0: five, flag",
        "constant: five",
    ]


def test_what_is_left_and_what_was_found_make_up_the_table():
    found = clean(DIRTY, DIRTY_Y, outliers=5)
    rows = np.concatenate([found.rows, *(finding.rows for finding in found.findings)])
    columns = np.concatenate([found.columns, *(finding.columns for finding in found.findings)])
    np.testing.assert_array_equal(np.sort(rows), np.arange(8))
    np.testing.assert_array_equal(np.sort(columns), np.arange(3))


def test_cleaning_twice_finds_nothing_new():
    again = clean(*clean(DIRTY, DIRTY_Y)[:2])
    assert again.report == ["not finite: nothing", "duplicates: nothing", "constant: nothing"]
    assert len(again.rows) == 5


def test_clean_data_stay_as_they_are():
    X, y, names = diabetes()
    found = clean(X, y, names=names)
    assert np.array_equal(found.X, X) and np.array_equal(found.y, y) and found.names == names


def test_the_outlier_rule_is_the_median_and_the_mad_of_scipy():
    X, y, _ = diabetes()
    scale = median_abs_deviation(X, axis=0, scale=1 / 1.4826)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(scale > 0, np.abs(X - np.median(X, axis=0)) / scale, 0)
    for bound in (3.0, 4.5):
        expected = np.flatnonzero((far <= bound).all(axis=1))
        np.testing.assert_array_equal(clean(X, y, outliers=bound).rows, expected)
    assert len(expected) < len(X)


def test_a_row_at_the_bound_stays():
    x = np.array([-1.0, -1.0, 0.0, 1.0, 1.0, 3 * 1.4826, -3 * 1.4826])  # median 0, MAD 1
    assert len(clean(x[:, None], np.arange(7.0), outliers=3.0).X) == 7
    assert len(clean(x[:, None], np.arange(7.0), outliers=2.999).X) == 5


def test_a_zero_with_a_sign_is_still_a_duplicate_and_the_target_counts():
    X = [[0.0, 1.0], [-0.0, 1.0], [0.0, 2.0], [0.0, 1.0]]
    found = clean(X, [1.0, 1.0, 1.0, 2.0])
    np.testing.assert_array_equal(found.rows, [0, 2, 3])
    np.testing.assert_array_equal(clean(X, [1.0, 1, 1, 2], duplicates=False).rows, np.arange(4))


def test_a_wild_target_is_not_judged():
    y = TARGETS.copy()
    y[4] = 1e6
    assert len(clean(TABLE, y, outliers=5).y) == 20


def test_a_column_that_bad_rows_alone_have_made_vary_is_constant():
    found = clean([[1.0, 5.0], [2.0, 5.0], [np.nan, 6.0]], [1.0, 2.0, 3.0])
    assert found.report == [
        "not finite: row 2 (column 0)",
        "duplicates: nothing",
        "constant: column 1",
    ]


def test_a_long_list_of_rows_is_cut_in_the_words_only():
    X = np.vstack([TABLE, np.full((9, 3), np.nan)])
    found = clean(X, np.ones(29), names="a b c".split())
    assert found.report[0].endswith("row 24 (a, b, c) and 4 more")
    assert len(found.findings[0].rows) == 9


def test_cleaning_writes_to_nothing_and_returns_new_arrays():
    before = DIRTY.copy()
    found = clean(DIRTY, DIRTY_Y, outliers=5)
    found.X[:] = found.y[:] = -1
    np.testing.assert_array_equal(DIRTY, before)


@pytest.mark.parametrize(
    ("X", "y", "options", "words"),
    [
        (
            [[np.nan], [1.0]],
            [1.0, np.nan],
            {},
            "a row must be left after the rule 'not finite', got none: row 0 .column 0., row 1 .y.",
        ),
        (
            [[1.0, 2.0]],
            [1.0],
            {},
            "a column must be left after the rule 'constant', got none: column 0, column 1",
        ),
        ([[1.0], [2.0]], [1.0], {}, r"same number of rows, got \(2, 1\) and \(1,\)"),
        ([[1.0], [2.0]], [[1.0], [2.0]], {}, r"y must have shape \(n,\), got \(2, 1\)"),
        ([1.0, 2.0], [1.0, 2.0], {}, r"X must have 2 axes, got shape \(2,\)"),
        (np.ones((0, 2)), [], {}, r"X must not be empty, got shape \(0, 2\)"),
        ([[1.0], [2.0]], [1, 2], {"outliers": 0}, "outliers must be finite and > 0, got 0"),
        ([[1.0], [2.0]], [1, 2], {"outliers": [[3.0]]}, r"outliers must be a number, got shape"),
        (
            [[1.0], [2.0]],
            [1, 2],
            {"names": ["a", "b"]},
            "names must be 1 words, one for each column of X, got .'a', 'b'.",
        ),
    ],
)
def test_cleaning_refuses_what_it_cannot_clean(X, y, options, words):
    with pytest.raises(ValueError, match=words):
        clean(X, y, **options)


@pytest.mark.parametrize(
    ("X", "options", "words"),
    [
        ([["a"], ["b"]], {}, "X must be an array of real numbers"),
        ([[1.0], [2.0, 3.0]], {}, "X must be an array of real numbers"),
        ([[1.0], [2.0]], {"duplicates": 1}, "duplicates must be True or False, got 1"),
        ([[1.0], [2.0]], {"names": "a"}, "names must be a list of words, got 'a'"),
        ([[1.0], [2.0]], {"names": [3]}, r"names must be a list of words, got \[3\]"),
        ([[1.0], [2.0]], {"outliers": "3"}, "outliers must be an array of real numbers"),
    ],
)
def test_cleaning_refuses_what_is_no_number_and_no_word(X, options, words):
    with pytest.raises(TypeError, match=words):
        clean(X, [1.0, 2.0], **options)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda rng: add_noise(TABLE, TARGETS, -1, copies=1, rng=rng),
            ValueError,
            "sigma must be finite and >= 0, got -1",
        ),
        (
            lambda rng: add_noise(TABLE, TARGETS, [1, np.nan, 1], copies=1, rng=rng),
            ValueError,
            "sigma must be finite and >= 0, got nan",
        ),
        (
            lambda rng: add_noise(TABLE, TARGETS, [[1.0]], copies=1, rng=rng),
            ValueError,
            r"sigma must be a number or 3 of them, one for each column of X, got shape \(1, 1\)",
        ),
        (
            lambda rng: add_noise(TABLE, TARGETS, "1", copies=1, rng=rng),
            TypeError,
            "sigma must be an array of real numbers",
        ),
        (
            lambda rng: add_noise(TABLE, TARGETS, 1, copies=0, rng=rng),
            ValueError,
            "copies must be >= 1, got 0",
        ),
        (
            lambda rng: add_noise(TABLE, TARGETS, 1, copies=1.5, rng=rng),
            TypeError,
            "copies must be a whole number, got 1.5",
        ),
        (
            lambda rng: add_noise(TABLE, TARGETS, 1, copies=1, rng=0),
            TypeError,
            "rng must be a numpy.random.Generator, got 0",
        ),
        (
            lambda rng: input_dropout(TABLE, TARGETS, 1, copies=1, rng=rng),
            ValueError,
            "p must be finite and >= 0 and < 1, got 1",
        ),
        (
            lambda rng: input_dropout(TABLE, TARGETS, [[0.5]], copies=1, rng=rng),
            ValueError,
            "p must be a number, got shape",
        ),
        (
            lambda rng: input_dropout(TABLE, TARGETS, 0.5, copies=1, rng=[rng]),
            TypeError,
            "rng must be a numpy.random.Generator, got",
        ),
    ],
)
def test_a_disturbance_that_makes_no_sense(call, error, words):
    with pytest.raises(error, match=words):
        call(np.random.default_rng(0))
