import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import huber
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, mean_squared_error

from reglib.diagnostics import gradient_error, step_limit
from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.penalties import L1, L2
from reglib.solvers import gradient_descent, newton, proximal_gradient

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 5)), RNG.standard_normal(12)
LOSSES = {
    "tall": SquaredError(X, Y),
    "wide": SquaredError(X[:3], Y[:3]),
    "one row": SquaredError(X[:1], Y[:1]),
    "logistic": LogisticLoss(X, Y > 0),
    "logistic, one row": LogisticLoss(X[:1], [1]),
    "huber": HuberLoss(X, Y, 0.5),
    "huber, wide": HuberLoss(X, Y, 20.0),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


@every_loss
def test_gradient_is_the_slope_of_the_value(loss):
    assert gradient_error(loss, RNG.standard_normal(5)) < 1e-7


@every_loss
def test_hessian_vector_is_the_slope_of_the_gradient(loss):
    w, v = RNG.standard_normal((2, 5))
    h = 1.0 if isinstance(loss, SquaredError) else 1e-5  # an affine gradient has no other slope
    slope = (loss.gradient(w + h * v) - loss.gradient(w - h * v)) / (2 * h)
    np.testing.assert_allclose(loss.hessian_vector(w, v), slope, atol=1e-12 if h == 1 else 1e-9)


@every_loss
def test_the_curvature_has_the_lipschitz_constant_and_gives_the_step_limit(loss):
    top = np.linalg.eigvalsh(loss.curvature())[-1]
    assert top == pytest.approx(loss.lipschitz(), rel=1e-12)
    assert step_limit(loss) == pytest.approx(2 / loss.lipschitz(), rel=1e-12)


def test_a_huber_loss_far_from_every_target_is_not_taken_for_a_flat_one():
    assert step_limit(HuberLoss([[1.0], [1.0]], [5.0, 5.0], 1.0)) == 2.0


@every_loss
def test_no_hessian_exceeds_the_lipschitz_constant(loss):
    for w in RNG.standard_normal((50, 5)):
        top = np.linalg.eigvalsh(loss.hessian_vector(w, np.eye(5)))[-1]
        assert top <= loss.lipschitz() * (1 + 1e-12)


@every_loss
def test_a_leading_axis_equals_a_loop(loss):
    w = RNG.standard_normal((2, 3, 5))
    for method in (loss.value, loss.gradient, lambda v: loss.hessian_vector(v, v)):
        loop = [[method(v) for v in row] for row in w]
        np.testing.assert_allclose(method(w), loop, rtol=1e-12, atol=1e-15)


@every_loss
def test_a_run_that_went_to_infinity_does_not_disturb_its_neighbors(loss):
    w = RNG.standard_normal((4, 5))
    lost = w.copy()
    lost[1], lost[2] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        after = loss.gradient(lost)
    np.testing.assert_array_equal(after[[0, 3]], loss.gradient(w)[[0, 3]])


def test_the_loss_is_half_the_mean_squared_error():
    w = RNG.standard_normal(5)
    np.testing.assert_allclose(SquaredError(X, Y).value(w), mean_squared_error(Y, X @ w) / 2)


def test_the_loss_on_some_rows_sees_only_those():
    w = RNG.standard_normal(5)
    rows = [0, 3, 4]
    part = SquaredError(X, Y).on(rows)
    np.testing.assert_allclose(part.value(w), np.mean((X[rows] @ w - Y[rows]) ** 2) / 2)


def test_a_constant_added_to_every_row_is_an_intercept():
    with_ones = SquaredError(np.column_stack([np.ones(12), X]), Y)
    assert with_ones.value([2.0, 0, 0, 0, 0, 0]) == np.mean((2 - Y) ** 2) / 2


def test_the_logistic_loss_is_the_log_loss():
    w, labels = RNG.standard_normal(5), Y > 0
    of_one = 1 / (1 + np.exp(-X @ w))
    np.testing.assert_allclose(LogisticLoss(X, labels).value(w), log_loss(labels, of_one))


def test_the_logistic_gradient_is_never_longer_than_the_mean_row():
    """What keeps gradient descent without a penalty from growing faster than linearly."""
    w = RNG.standard_normal((200, 5)) * 10.0 ** RNG.uniform(-2, 6, (200, 1))
    lengths = np.linalg.norm(LogisticLoss(X, Y > 0).gradient(w), axis=-1)
    assert lengths.max() <= np.linalg.norm(X, axis=1).mean()


def test_huge_weights_overflow_nothing():
    """Warnings are errors here."""
    loss = LogisticLoss([[1.0], [2.0]], [1, 0])
    right, wrong = LogisticLoss([[1.0]], [1]), LogisticLoss([[1.0]], [0])
    for size in (50.0, 1e3, 1e12, 1e300):
        w = np.array([[size], [-size]])
        np.testing.assert_allclose(loss.value(w) / size, [1.0, 0.5])
        np.testing.assert_allclose(loss.gradient(w), [[1.0], [-0.5]])
        assert (loss.hessian_vector(w, [1.0]) < 1e-20).all()
        assert wrong.value([size]) == size and right.value([size]) < 1e-20
    np.testing.assert_allclose(right.value([50.0]), np.exp(-50.0))  # not 0, and not 50 - 50
    np.testing.assert_allclose(right.gradient([50.0]), [-np.exp(-50.0)])


@pytest.mark.parametrize("lam", [0.01, 0.3])
def test_logistic_runs_agree_with_scikit_learn(lam):
    """C = 1/(n lam), for L2 by plain gradient descent and for L1 by FISTA."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((80, 4))
    y = (X @ [1.0, -2, 0, 0.5] + rng.standard_normal(80) > 0).astype(int)
    loss, step = LogisticLoss(X, y), 1 / (LogisticLoss(X, y).lipschitz() + lam)
    runs = {
        0.0: gradient_descent(loss, L2(lam), np.zeros(4), step=step),
        1.0: proximal_gradient(loss, L1(lam / 5), np.zeros(4), step=step),
    }
    strength = {0.0: lam, 1.0: lam / 5}
    for l1_ratio, run in runs.items():
        theirs = LogisticRegression(
            C=1 / (80 * strength[l1_ratio]),
            l1_ratio=l1_ratio,
            solver="saga",
            fit_intercept=False,
            tol=1e-10,
            max_iter=100_000,
            random_state=0,
        ).fit(X, y)
        assert run.converged
        np.testing.assert_allclose(run.w, theirs.coef_[0], atol=1e-6)


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        ([[1.0], [np.nan]], [0, 1], r"X must be finite, got nan at index \(1, 0\)"),
        ([[1.0], [2.0]], [0], r"same number of rows, got \(2, 1\) and \(1,\)"),
        ([[1.0], [2.0]], [[0], [1]], r"y must have shape \(n,\), got \(2, 1\); pass y\[:, 0\]"),
        ([[1.0], [2.0]], [1, 2], "y must hold only 0 and 1, got 2 at index 1"),
        ([[1.0], [2.0]], [-1, 1], "y must hold only 0 and 1, got -1 at index 0"),
    ],
)
def test_a_logistic_loss_refuses_what_it_cannot_use(X, y, words):
    with pytest.raises(ValueError, match=words):
        LogisticLoss(X, y)


def test_the_logistic_loss_on_some_rows_sees_only_those():
    w, labels, rows = RNG.standard_normal(5), Y > 0, np.arange(12) % 3 == 0
    part = LogisticLoss(X, labels).on(rows)
    assert part.value(w) == LogisticLoss(X[rows], labels[rows]).value(w)


@pytest.mark.parametrize("delta", [0.1, 1.0, 3.0])
def test_the_huber_loss_is_scipys(delta):
    w = 3 * RNG.standard_normal((20, 5))
    theirs = huber(delta, w @ X.T - Y).mean(axis=-1)
    np.testing.assert_allclose(HuberLoss(X, Y, delta).value(w), theirs, rtol=1e-12)


def test_with_a_large_delta_the_huber_loss_is_the_squared_error():
    w, v = RNG.standard_normal((2, 4, 5))
    one, other = HuberLoss(X, Y, 1e9), SquaredError(X, Y)
    np.testing.assert_allclose(one.value(w), other.value(w), rtol=1e-12)
    np.testing.assert_allclose(one.gradient(w), other.gradient(w), rtol=1e-12)
    np.testing.assert_allclose(one.hessian_vector(w, v), other.hessian_vector(w, v), rtol=1e-12)


def test_with_a_small_delta_the_huber_loss_counts_absolute_errors():
    w, delta = RNG.standard_normal(5), 1e-9
    np.testing.assert_allclose(HuberLoss(X, Y, delta).value(w) / delta, np.abs(X @ w - Y).mean())


def test_a_sweep_of_deltas_equals_a_loop():
    w, deltas = RNG.standard_normal((3, 5)), np.array([0.1, 1.0, 10.0])
    for at in (w, w[0]):
        sweep = HuberLoss(X, Y, deltas[:, None])
        loop = [HuberLoss(X, Y, d) for d in deltas]
        each = np.broadcast_to(at, (3, 5))
        for method in ("value", "gradient"):
            expected = [getattr(loss, method)(v) for loss, v in zip(loop, each, strict=True)]
            np.testing.assert_allclose(getattr(sweep, method)(at), expected, rtol=1e-12)
        hv = [loss.hessian_vector(v, w[1]) for loss, v in zip(loop, each, strict=True)]
        np.testing.assert_allclose(sweep.hessian_vector(at, w[1]), hv, rtol=1e-12)


def test_a_row_that_is_off_by_exactly_delta_still_bends_the_huber_loss():
    loss = HuberLoss([[1.0]], [0.0], 1.0)
    assert loss.hessian_vector([1.0], [1.0]) == loss.hessian_vector([-1.0], [1.0]) == 1
    assert loss.hessian_vector([1.0 + 1e-15], [1.0]) == 0


def test_a_row_pulls_the_huber_fit_no_harder_than_delta():
    loss, far = HuberLoss([[2.0]], [0.0], 0.5), np.array([[0.1], [0.3], [1e6], [-1e300]])
    np.testing.assert_array_equal(loss.gradient(far), [[0.4], [1.0], [1.0], [-1.0]])
    assert loss.value([1e300]) == 1e300  # no square that overflows


@pytest.mark.parametrize("delta", [0.3, 2.0])
def test_the_huber_minimum_is_the_one_that_scipy_finds(delta):
    loss = HuberLoss(X, Y + 30 * (np.arange(12) == 4), delta)
    run = gradient_descent(loss, None, np.zeros(5), step=1 / loss.lipschitz(), tol=1e-12)
    theirs = minimize(loss.value, np.zeros(5), jac=loss.gradient, options={"gtol": 1e-10})
    assert run.converged
    np.testing.assert_allclose(run.w, theirs.x, atol=1e-6)


def test_the_huber_location_of_a_sample_balances_clipped_residuals():
    """One column of ones: 1, 2, 3 and a wild 1000 with delta 1 meet where the pulls cancel."""
    loss = HuberLoss(np.ones((4, 1)), [1.0, 2.0, 3.0, 1000.0], 1.0)
    run = gradient_descent(loss, None, [0.0], step=1.0)
    np.testing.assert_allclose(run.w, [2.5], atol=1e-9)  # 1 + 0.5 - 0.5 - 1 = 0


def test_the_huber_loss_on_some_rows_keeps_its_delta():
    w, rows = RNG.standard_normal(5), np.arange(12) % 3 == 0
    for delta in (0.5, np.array([[0.5], [2.0]])):
        part = HuberLoss(X, Y, delta).on(rows)
        np.testing.assert_array_equal(part.value(w), HuberLoss(X[rows], Y[rows], delta).value(w))


@pytest.mark.parametrize("delta", [0, -1.0, np.nan, np.inf])
def test_a_delta_that_is_none(delta):
    with pytest.raises(ValueError, match="delta must be finite and > 0, got "):
        HuberLoss(X, Y, delta)
    with pytest.raises(ValueError, match=r"a sweep is delta\[:, None\]"):
        HuberLoss(X, Y, [1.0, 2.0])
    with pytest.raises(TypeError, match="delta must be an array of real numbers"):
        HuberLoss(X, Y, "1")


def prices(seed):
    """Houses at a quarter of a million, some of them far off; the weights that made them."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(500), rng.standard_normal((500, 5))])
    w = np.array([2.5e5, 3e4, -2e4, 1e4, 0, 5e3])
    return X, X @ w + 2e4 * rng.standard_t(2, 500), w


HUBER_FITS = {
    "newton": lambda loss: newton(loss, 0.0, np.zeros(6)),
    "FISTA": lambda loss: proximal_gradient(loss, L2(0.0), np.zeros(6)),
    "descent": lambda loss: gradient_descent(loss, None, np.zeros(6), step=1 / loss.lipschitz()),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fit", HUBER_FITS.values(), ids=HUBER_FITS)
def test_house_prices_are_fitted_with_a_delta_of_their_size(fit, seed):
    X, y, w = prices(seed)
    first = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    delta = 1.345 * 1.4826 * np.median(np.abs(first - np.median(first)))
    run = fit(HuberLoss(X, y, delta))
    assert run.converged and run.n_iter < 100
    # The same fit of prices in units of the scale: the unit decides nothing.
    one = newton(HuberLoss(X, y / delta, 1.0), 0.0, np.zeros(6))
    np.testing.assert_allclose(run.w / delta, one.w, atol=1e-6)
    assert np.abs(run.w - w).max() < 5e3


def test_a_delta_of_one_dollar_is_told_not_to_have_converged():
    X, y, _ = prices(0)
    for fit in HUBER_FITS.values():
        assert not fit(HuberLoss(X, y, 1.0)).converged


def test_at_normal_errors_the_usual_delta_wastes_a_twentieth():
    """var(psi) / E(psi')^2 of the standard normal, by quadrature."""
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    loss = HuberLoss([[1.0]], [0.0], 1.345)
    psi, slope = loss.gradient(z[:, None])[:, 0], loss.hessian_vector(z[:, None], [1.0])[:, 0]
    mean = lambda values: (values * density).sum() * (z[1] - z[0])  # noqa: E731
    assert mean(slope) ** 2 / mean(psi**2) == pytest.approx(0.95, abs=1e-3)
