"""The quick ways of `reglib.fast` give what the plain ones give."""

import numpy as np
import pytest

from reglib.fast import gram, kernel, moments, screened, signs
from reglib.fast.kernel import Kernel
from reglib.losses import SquaredError
from reglib.penalties import ElasticNet
from reglib.solvers import coordinate_descent, duality_gap, elastic_net_path, lasso_path, ridge
from reglib.solvers.homotopy import homotopy


def normal(seed, n, p):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)), rng.standard_normal(n)


def standardized(X, y):
    return (X - X.mean(axis=0)) / X.std(axis=0), y - y.mean()


def raw(X, y):
    """Columns in units a hundredfold apart, none of them centered."""
    return (X + 1) * np.geomspace(0.1, 10, X.shape[1]), 100 * y


SHAPES = [(60, 8), (20, 20), (12, 30), (10, 60)]  # the last one leaves columns out


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("units", [standardized, raw])
def test_the_quick_homotopy_agrees_with_the_plain_one(units, shape, seed):
    """Knots to 1e-12 of the first one, weights to 1e-9 of the largest one."""
    X, y = units(*normal(seed, *shape))
    knots, weights = homotopy(X, y)
    path, near = lasso_path(X, y), pytest.approx
    top, size = knots[0], np.abs(weights).max()
    assert path.lam == near(knots, abs=1e-12 * top)
    assert path.w == near(weights, abs=1e-9 * size)
    lams = np.geomspace(2 * top, top / 1000, 30)
    between = [np.interp(lams[::-1], knots[::-1], w[::-1])[::-1] for w in weights.T]
    assert lasso_path(X, y, lams).w.T == near(np.array(between), abs=1e-9 * size)


def test_nearly_collinear_columns_cost_digits_of_the_weights_and_not_of_the_objective():
    X, y = normal(2, 9, 9)
    assert np.linalg.cond(X) > 1e3
    knots, weights = homotopy(X, y)
    assert lasso_path(X, y).lam == pytest.approx(knots, abs=1e-12 * knots[0])
    assert duality_gap(X, y, weights, knots[:, None]).max() < 1e-11


def whole(seed):
    """Small whole numbers: events that coincide, repeated, dependent and zero columns."""
    rng = np.random.default_rng(seed)
    n, p = rng.integers(1, 12, 2)
    return rng.integers(-2, 3, (n, p)) * 1.0, rng.integers(-2, 3, n) * 1.0


def test_where_events_coincide_the_plain_homotopy_is_right_or_stops():
    stopped = 0
    for seed in range(400):
        X, y = whole(seed)
        try:
            knots, weights = homotopy(X, y)
        except ValueError as error:
            assert str(error).startswith("events coincide at ")
            stopped += 1
        else:
            assert duality_gap(X, y, weights, knots[:, None]).max() < 1e-10
        assert lasso_path(X, y).gap.max() < 1e-10
    assert 50 < stopped < 150


def test_two_columns_that_join_at_once_are_too_much_for_the_plain_homotopy():
    X, y = np.eye(3), np.array([6.0, -6.0, 3.0])
    with pytest.raises(ValueError, match="^events coincide at 2: see lasso_path$"):
        homotopy(X, y)
    assert lasso_path(X, y).lam == pytest.approx([2, 2, 1, 0])


def test_of_equal_columns_the_plain_homotopy_takes_the_first():
    X, y = normal(1, 15, 5)
    knots, weights = homotopy(X, y)
    again, with_copies = homotopy(X[:, [0, 1, 2, 3, 4, 1, 0]], y)
    np.testing.assert_allclose(again, knots, rtol=1e-12)
    np.testing.assert_allclose(with_copies, np.pad(weights, ((0, 0), (0, 2))), atol=1e-14)


@pytest.mark.parametrize("room", ["ROOM", "FIRST"])
@pytest.mark.parametrize("stop", [0.0, 1e-3, 0.1])
@pytest.mark.parametrize("seed", range(4))
def test_leaving_columns_out_until_they_are_needed_changes_no_knot(seed, stop, room, monkeypatch):
    monkeypatch.setattr(screened, room, 0.1 if room == "ROOM" else 1)  # one column to begin with
    X, y = normal(seed, 12, 90)
    knots, S, corners, events = screened.screened(X, y, stop)
    plain, weights = homotopy(X, y)
    above = plain > stop
    assert knots == pytest.approx([*plain[above], stop], rel=1e-9)
    w = np.zeros((len(knots), 90))
    w[:, S] = corners
    assert w[:-1] == pytest.approx(weights[above], abs=1e-9)
    assert [lam for lam, _, _ in events] == knots[:-1].tolist()


def two_of_each(seed):
    X, y = normal(seed, 30, 30)
    return np.column_stack([X, X, X[:, :5] + X[:, 5:10], -X[:, :3]]), y


@pytest.mark.parametrize(
    "data", [normal(11, 60, 150), normal(12, 60, 75), two_of_each(13)], ids=["150", "75", "twice"]
)
@pytest.mark.parametrize("ratio", [0.05, 0.5, 0.9])
def test_n_by_n_systems_give_the_weights_of_those_of_the_columns(data, ratio, monkeypatch):
    """Few or no columns solved for beforehand: then a wrong sign takes a new system."""
    asked = []
    monkeypatch.setattr(Kernel, "begin", lambda *a, begin=Kernel.begin: asked.append(begin(*a)))
    X, y = data
    top = np.abs(X.T @ y).max() / len(y) / ratio
    found = []
    for full, near in ((np.inf, 40), (0.3, 40), (0.3, 3), (0.3, 0)):
        monkeypatch.setattr(signs, "FULL", full)
        monkeypatch.setattr(kernel, "NEAR", near)
        lams = np.geomspace(top, top / 1000, 20)
        found.append(elastic_net_path(X, y, lams, l1_ratio=ratio))
        assert bool(asked) == (full < np.inf)
    for path in found[1:]:
        np.testing.assert_allclose(path.w, found[0].w, atol=1e-9)
        assert path.gap.max() <= 1e-12


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_elastic_net_by_signs_is_that_of_coordinate_descent(shape):
    X, y = standardized(*normal(3, *shape))
    path = elastic_net_path(X, y, l1_ratio=0.5)
    for k in (10, 40, 70):
        plain = coordinate_descent(SquaredError(X, y), ElasticNet(path.lam[k], 0.5), tol=1e-13)
        np.testing.assert_allclose(path.w[k], plain.w, atol=1e-8)


@pytest.mark.parametrize("shape", [(150, 120), (120, 150), (100, 700)], ids=str)
def test_ridge_from_the_smaller_gram_matrix_is_that_of_the_singular_values(shape, monkeypatch):
    X, y = normal(5, *shape)
    mask = np.arange(shape[1]) > 1
    asked = [0.3, [[0.1], [10.0]], [[1e-9], [0.1]], [[0.0], [1.0]]]
    quick = [ridge(X, y, lam, mask=m) for lam in asked for m in (None, mask)]
    monkeypatch.setattr(gram, "LARGE", np.inf)
    plain = [ridge(X, y, lam, mask=m) for lam in asked for m in (None, mask)]
    for one, other in zip(quick, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("lam", [0.1, [[0.1], [1.0]]])
def test_the_smaller_gram_matrix_is_taken_only_where_it_costs_no_digits(lam):
    X, y = normal(6, 120, 110)
    assert gram.by_gram(X, y, lam) is not None and gram.by_gram(X[:90], y[:90], lam) is None
    assert gram.by_gram(X * np.geomspace(1, 1e3, 110), y, 1e-3) is None
    twice = X[:, np.arange(110) % 109]  # one eigenvalue is 0, so e_1 + n lam is all that counts
    top = np.linalg.norm(twice, 2) ** 2 / 120
    assert gram.by_gram(twice, y, top / 9998.5) is not None
    assert gram.by_gram(twice, y, top / 10000) is None


@pytest.mark.parametrize("ratio", [0.01, 0.5, 0.99, 1 - 1e-7])
def test_one_lam_of_many_columns_is_that_of_the_path_and_of_the_gram_matrix(ratio, monkeypatch):
    for seed in range(3):
        X, y = standardized(*normal(seed, 20, 150))
        top = np.abs(X.T @ y).max() / len(y) / ratio
        lams = top * np.geomspace(1, 1e-3, 8)
        path = elastic_net_path(X, y, lams, l1_ratio=ratio)
        assert path.gap.max() < 1e-10
        for k in (2, 5, 7):
            one = elastic_net_path(X, y, [lams[k]], l1_ratio=ratio)
            np.testing.assert_allclose(one.w[0], path.w[k], atol=1e-6)
        monkeypatch.setattr(moments, "MANY", np.inf)
        whole = elastic_net_path(X, y, lams, l1_ratio=ratio)
        monkeypatch.undo()
        np.testing.assert_allclose(path.w, whole.w, atol=1e-6)


def test_where_the_search_for_signs_gives_up_the_homotopy_walks_on_the_near_columns(monkeypatch):
    X, y = standardized(*normal(4, 20, 150))
    right = elastic_net_path(X, y, l1_ratio=0.5)
    newton = signs._newton
    monkeypatch.setattr(signs, "_newton", lambda *given: (*newton(*given)[:2], False))
    slow = elastic_net_path(X, y, right.lam[::10], l1_ratio=0.5)
    np.testing.assert_allclose(slow.w, right.w[::10], atol=1e-8)
