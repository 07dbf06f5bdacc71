"""H v of the networks, which no step decides: the same digits for inputs of any size."""

import numpy as np
import pytest

from reglib.diagnostics import top_eigenvalue
from reglib.networks import GRU, MLP, RNN, Transformer

RNG = np.random.default_rng(0)
X, Y, LABELS = RNG.standard_normal((7, 3)), RNG.standard_normal(7), np.arange(7) % 3
U, TOKENS = RNG.standard_normal((7, 4, 2)), RNG.integers(0, 3, (7, 5))
SMALL = {"vocabulary": 3, "width": 4, "layers": 1}
MAKE = {
    "tanh": lambda size: MLP(size * X, Y, (4, 3)),
    "relu": lambda size: MLP(size * X, LABELS, (4,), "relu", "softmax"),
    "RNN": lambda size: RNN(size * U, Y, 3),
    "RNN, labels": lambda size: RNN(size * U, LABELS, 3, "relu", "softmax"),
    "GRU": lambda size: GRU(size * U, Y, 3),
    "before": lambda size: Transformer(TOKENS, **SMALL, qk_norm=True),
    "after": lambda size: Transformer(TOKENS, **SMALL, norm="post", tied=True),
    "no norm": lambda size: Transformer(TOKENS, **SMALL, norm=None),
}
every_network = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


def weights(net, size, *lead):
    """Weights at which units of inputs of this size are in the bend of their tanh."""
    w = RNG.standard_normal((*lead, net.size)) / 2
    for name, part in net.unpack(w).items():
        if name in ("W1", "U", "Ur", "Uz", "Uc") and not isinstance(net, Transformer):
            part /= size
    return w


@pytest.mark.parametrize("size", [1.0, 100.0, 1e4])
@every_network
def test_it_is_symmetric_to_rounding(make, size):
    net = make(size)
    w, u, v = weights(net, size), RNG.standard_normal(net.size), RNG.standard_normal(net.size)
    H = net.hessian_vector(w, np.eye(net.size))
    np.testing.assert_allclose(H, H.T, rtol=1e-11, atol=1e-13 * np.abs(H).max())
    for pair in (u, v), (v, u):
        np.testing.assert_allclose(net.hessian_vector(w, pair[0]), pair[0] @ H, rtol=1e-9)
    assert top_eigenvalue(net, w, rng=RNG)[0] == pytest.approx(np.linalg.eigvalsh(H)[-1], rel=1e-9)


@every_network
def test_it_is_the_slope_of_the_gradient(make):
    net = make(1.0)
    w, v = weights(net, 1.0), RNG.standard_normal(net.size)
    slope = (net.gradient(w + 1e-6 * v) - net.gradient(w - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(net.hessian_vector(w, v), slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("size", [1.0, 100.0, 1e6])
def test_it_is_pearlmutters_r_operator(size):
    """Written out for one layer of tanh: each line of both passes, and its slope along v."""
    net = MLP(size * X, Y, (4,))
    w, v = weights(net, size), RNG.standard_normal(net.size)
    (W, b, V, c), (RW, Rb, RV, Rc) = (net.unpack(a).values() for a in (w, v))
    h = np.tanh(net.X @ W.T + b)
    Rh = (1 - h**2) * (net.X @ RW.T + Rb)
    d = (h @ V.T + c - Y[:, None]) / 7
    Rd = (Rh @ V.T + h @ RV.T + Rc) / 7
    Re = (Rd @ V + d @ RV) * (1 - h**2) - d @ V * 2 * h * Rh
    there = [Re.T @ net.X, Re.sum(0), Rd.T @ h + d.T @ Rh, Rd.sum(0)]
    np.testing.assert_allclose(
        net.hessian_vector(w, v), np.concatenate([a.ravel() for a in there]), rtol=1e-10
    )


@every_network
def test_leading_axes_fit_together_and_any_length_of_v_will_do(make):
    net = make(1.0)
    w, v = weights(net, 1.0, 3), RNG.standard_normal((2, 1, net.size))
    H = net.hessian_vector(w, v)
    assert H.shape == (2, 3, net.size)
    for i, j in np.ndindex(2, 3):
        one = net.hessian_vector(w[j], v[i, 0])
        np.testing.assert_allclose(H[i, j], one, rtol=1e-9, atol=1e-12)
        for length in (0.0, 1e-250, 1e250):
            far = net.hessian_vector(w[j], length * v[i, 0])
            np.testing.assert_allclose(far, length * one, rtol=1e-12, atol=1e-15 * length)


def test_a_unit_at_the_kink_of_relu_is_off_as_it_is_in_the_gradient():
    net = MLP([[0.0], [1.0]], [1.0, 2.0], (1,), "relu")
    w = np.array([2.0, 0.0, 3.0, 0.0])
    there = net.hessian_vector(w, [[0.0, 1.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0]])
    np.testing.assert_allclose(there[0], -there[1])


def test_a_run_that_diverged_has_no_hessian_and_disturbs_no_other():
    net = MLP(X, Y, (4,))
    w = weights(net, 1.0, 2)
    one = net.hessian_vector(w, np.ones(net.size))
    w[1, 0] = np.nan
    both = net.hessian_vector(w, np.ones(net.size))
    assert np.isnan(both[1]).any() and (both[0] == one[0]).all()
