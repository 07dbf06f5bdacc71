"""Networks: gradients against differences and a recorded oracle, sweeps, initial weights."""

import json

import numpy as np
import pytest

from reglib.diagnostics import gradient_error, gradient_norms, jacobian_norms, top_eigenvalue
from reglib.networks import MLP, RNN, Omega
from reglib.networks.omega import immediate
from tests.reglib import laws_of_networks as laws
from trial.data import FOLDER

CASES = json.loads((FOLDER / "recorded/networks.json").read_text())["cases"]
RNG = np.random.default_rng(0)
X, U = RNG.standard_normal((6, 3)), RNG.standard_normal((6, 5, 2))
Y, LABELS = RNG.standard_normal(6), np.array([0, 2, 1, 1, 0, 2])
NETWORKS = {
    f"{kind} {activation} {loss}": make(activation, loss, LABELS if loss == "softmax" else Y)
    for activation in ("tanh", "relu", "linear")
    for loss in ("squared", "softmax")
    for kind, make in {
        "MLP": lambda a, loss, y: MLP(X, y, (4, 5), a, loss),
        "MLP without bias": lambda a, loss, y: MLP(X, y, (4,), a, loss, bias=False),
        "RNN": lambda a, loss, y: RNN(U, y, 4, a, loss),
    }.items()
}
every_network = pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS)
two_networks = pytest.mark.parametrize(
    "net", [NETWORKS["MLP tanh squared"], NETWORKS["RNN tanh squared"]], ids=["MLP", "RNN"]
)


def rngs(n, first=0):
    return [np.random.default_rng(first + i) for i in range(n)]


def case_name(case):
    bias = " without bias" if case.get("bias") is False else ""
    return f"{case['kind']} {case['activation']} {case['loss']}{bias}"


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_value_and_gradient_are_those_of_automatic_differentiation(case):
    if case["kind"] == "mlp":
        options = {"sizes": case["sizes"], "bias": case["bias"]}
        net = MLP(case["X"], case["y"], activation=case["activation"], loss=case["loss"], **options)
    else:
        net = RNN(case["u"], case["y"], case["hidden"], case["activation"], case["loss"])
    value, gradient = net.value_and_gradient(case["w"])
    expected = np.array(case["gradient"])
    assert abs(value - case["value"]) <= 1e-12 * abs(case["value"])
    assert np.linalg.norm(gradient - expected) <= 1e-10 * np.linalg.norm(expected)


@every_network
def test_gradient_is_the_slope_of_the_value(net):
    laws.gradient_is_the_slope_of_the_value(net, net.init(np.random.default_rng(1)))


@every_network
def test_value_alone_is_the_value_beside_the_gradient(net):
    w = net.init(rngs(3))
    np.testing.assert_array_equal(net.value(w), net.value_and_gradient(w)[0])


@every_network
def test_a_leading_axis_gives_the_numbers_of_a_loop(net):
    w = net.init(rngs(6)).reshape(2, 3, -1)
    laws.a_leading_axis_gives_the_numbers_of_a_loop(net, w, rtol=1e-12, atol=1e-14)


def test_data_may_carry_the_leading_axes_too():
    u, y = RNG.standard_normal((3, 6, 5, 2)), RNG.standard_normal((3, 6))
    X = RNG.standard_normal((3, 6, 2))
    pairs = [
        (RNN(u, y, 4), [RNN(*data, 4) for data in zip(u, y, strict=True)]),
        (MLP(X, y, (4,)), [MLP(*data, (4,)) for data in zip(X, y, strict=True)]),
    ]
    for net, alone in pairs:
        w = net.init(rngs(3))
        laws.data_may_carry_the_leading_axes_too(net, alone, w, rtol=1e-12, atol=1e-14)


@two_networks
def test_a_diverged_configuration_leaves_its_neighbors_as_they_were(net):
    laws.a_spoiled_seed_leaves_its_neighbors_as_they_were(net, net.init(rngs(3)))


@every_network
def test_no_look_at_diverged_weights_warns(net):
    """Warnings are errors here."""
    w = net.init(rngs(2))
    looks = [net.deltas, net.jacobians, net.value, lambda w: net.hessian_vector(w, w)]
    looks.append(net.forward if isinstance(net, MLP) else net.states)
    for bad in (np.nan, np.inf, 1e300):
        w[1] = bad
        for look in looks:
            look(w)


@every_network
def test_inputs_are_never_written_to(net):
    w = net.init(rngs(2))
    data = net.X if isinstance(net, MLP) else net.u
    copies = w.copy(), data.copy()
    net.value_and_gradient(w)
    net.hessian_vector(w, w)
    np.testing.assert_array_equal(w, copies[0])
    np.testing.assert_array_equal(data, copies[1])


def test_unpack_gives_views_in_the_order_of_the_flat_vector():
    net = NETWORKS["MLP tanh softmax"]
    w = np.arange(2.0 * net.size).reshape(2, -1)
    parts = net.unpack(w)
    assert list(parts) == ["W1", "b1", "W2", "b2", "V", "c"]
    assert parts["W1"][1, 0, 1] == w[1, 1] and parts["V"].shape == (2, 3, 5)
    parts["c"][...] = -1
    np.testing.assert_array_equal(w[:, net.mask("c")], -1)
    assert net.mask("W1", "b2").sum() == 4 * 3 + 5


@every_network
def test_on_takes_rows_and_keeps_the_classes(net):
    some = net.on([0, 2])
    assert some.n_rows == 2 and some.size == net.size
    laws.parts_of_the_rows_add_up(net, net.init(np.random.default_rng(0)), 3)


@two_networks
def test_hessian_vector_is_the_slope_of_the_gradient(net):
    w, v = net.init(np.random.default_rng(0)), net.init(np.random.default_rng(1))
    slope = (net.gradient(w + 1e-5 * v) - net.gradient(w - 1e-5 * v)) / 2e-5
    np.testing.assert_allclose(net.hessian_vector(w, v), slope, rtol=1e-6, atol=1e-8)
    assert not net.hessian_vector(w, 0 * v).any()


def test_hessian_vector_keeps_its_digits_at_large_weights():
    """The loss (v w - 1)^2 / 2 of two weights, whose Hessian is known."""
    net = MLP([[1.0]], [1.0], (1,), "linear", bias=False)
    for size in (1e-3, 1.0, 1e5):
        a, b = w = size * np.array([1.0, 0.8])
        H = np.array([[b * b, 2 * a * b - 1], [2 * a * b - 1, a * a]])
        np.testing.assert_allclose(net.hessian_vector(w, np.eye(2)), H, rtol=1e-8, atol=1e-9)


@two_networks
def test_top_eigenvalue_by_products_is_that_of_the_whole_hessian(net):
    w = net.init(rngs(2))
    H = np.stack([net.hessian_vector(w, e) for e in np.eye(net.size)], axis=-2)
    top, _ = top_eigenvalue(net, w, rng=np.random.default_rng(0), tol=1e-8)
    np.testing.assert_allclose(
        top, np.linalg.eigvalsh((H + H.swapaxes(1, 2)) / 2)[:, -1], rtol=1e-6
    )


# Initial weights


@two_networks
def test_a_list_of_generators_gives_what_each_gives_alone(net):
    together = net.init(rngs(3), gain=1.5)
    for i, rng in enumerate(rngs(3)):
        np.testing.assert_array_equal(together[i], net.init(rng, gain=1.5))


@two_networks
def test_a_sweep_of_gains_multiplies_the_same_draws(net):
    w = net.init(rngs(3), gain=np.array([1.0, 2.0])[:, None, None])
    assert w.shape == (2, 3, net.size)
    name = "W1" if isinstance(net, MLP) else "W"
    inside = net.mask(name) | (net.mask("W2") if isinstance(net, MLP) else False)
    np.testing.assert_array_equal(w[1][:, inside], 2 * w[0][:, inside])
    np.testing.assert_array_equal(w[1][:, ~inside], w[0][:, ~inside])


@pytest.mark.parametrize(
    "kind, deviation", [("gaussian", 0.1), ("glorot", (2 / 150) ** 0.5), ("he", 0.02**0.5)]
)
def test_entries_have_the_deviation_of_their_kind(kind, deviation):
    net = MLP(np.zeros((1, 100)), [0.0], (50, 8))
    W = net.unpack(net.init(rngs(20), gain=3.0, kind=kind))["W1"]
    assert abs(W.std() / (3 * deviation) - 1) < 0.01 and abs(W.mean()) < 0.01
    V = net.unpack(net.init(rngs(200), gain=3.0, kind=kind))["V"]
    assert abs(V.std() * 8**0.5 - 1) < 0.1, "the readout is N(0, 1/n) whatever the kind"


@pytest.mark.parametrize("shape", [(4, 4), (3, 6), (6, 3)])
def test_orthogonal_weights_have_all_singular_values_at_the_gain(shape):
    net = MLP(np.zeros((1, shape[1])), [0.0], (shape[0],))
    W = net.unpack(net.init(rngs(5), gain=0.7, kind="orthogonal"))["W1"]
    np.testing.assert_allclose(np.linalg.svd(W, compute_uv=False), 0.7, rtol=1e-12)


def test_orthogonal_weights_favor_no_sign():
    net = RNN(np.zeros((1, 1, 1)), [0.0], 2)
    W = net.unpack(net.init(rngs(400), kind="orthogonal"))["W"]
    assert abs(np.mean(W[:, 0, 0] > 0) - 0.5) < 0.1
    assert abs(np.mean(np.linalg.det(W) > 0) - 0.5) < 0.1


def test_a_recurrent_net_reads_its_input_with_gain_1():
    net = RNN(np.zeros((1, 1, 3)), [0.0], 64)
    parts = net.unpack(net.init(rngs(20), gain=5.0))
    assert abs(parts["U"].std() - 1) < 0.03 and abs(parts["V"].std() * 8 - 1) < 0.05


# Gradients by layer and by time


def test_a_linear_chain_multiplies_its_gradient_by_each_weight():
    net = MLP([[1.0]], [0.0], (1, 1, 1), "linear", bias=False)
    np.testing.assert_allclose(
        gradient_norms(net, [2.0, 3.0, 5.0, 7.0]), [210 * 105, 210 * 35, 210 * 7]
    )


@two_networks
def test_gradient_norms_count_every_row_and_unit(net):
    w = net.init(rngs(2))
    deltas = net.deltas(w) if isinstance(net, MLP) else np.moveaxis(net.deltas(w), -3, 0)
    expected = [np.sqrt(np.square(delta).sum(axis=(-2, -1))) for delta in deltas]
    np.testing.assert_allclose(gradient_norms(net, w), np.stack(expected, -1), rtol=1e-12)


def test_deltas_are_the_products_of_the_jacobians():
    net = NETWORKS["RNN tanh squared"]
    w = net.init(np.random.default_rng(2), gain=2.0)
    deltas, slopes, W = net.deltas(w), net.slopes(w), net.unpack(w)["W"]
    for t in range(4):
        np.testing.assert_allclose(deltas[t], (deltas[t + 1] @ W) * slopes[t], rtol=1e-12)
    J = net.jacobians(w)
    assert len(J) == 4
    np.testing.assert_allclose(J[0][3], np.diag(slopes[1, 3]) @ W, rtol=1e-12)


@pytest.mark.parametrize("kind", ["MLP", "RNN"])
def test_jacobians_are_the_slopes_of_the_states(kind):
    net = NETWORKS[f"{kind} tanh squared"]
    w = net.init(np.random.default_rng(2))
    J = net.jacobians(w)
    if kind == "MLP":
        states, shift = net.forward(w), 1e-6
        W, b = net.unpack(w)["W2"], net.unpack(w)["b2"]
        h, above = states[1], lambda h: np.tanh(h @ W.T + b)
        expected = J[1]
    else:
        states, shift = net.states(w), 1e-6
        parts = net.unpack(w)
        h, above = states[1], lambda h: np.tanh(h @ parts["W"].T + U[:, 1] @ parts["U"].T)
        expected = J[0]
    slope = [(above(h + e) - above(h - e)) / (2 * shift) for e in shift * np.eye(h.shape[1])]
    np.testing.assert_allclose(expected, np.stack(slope, axis=-1), rtol=1e-6, atol=1e-9)


def test_a_product_can_grow_though_every_eigenvalue_is_below_one():
    norms = jacobian_norms([np.array([[0.9, 10.0], [0.0, 0.9]])] * 63)
    assert norms.argmax() == 8 and abs(norms[8] - 38.746) < 5e-4
    assert norms[61] > 1 > norms[62]


def test_logarithms_of_long_products_neither_overflow_nor_vanish():
    factors = [1.1 * np.eye(2)] * 8000
    np.testing.assert_allclose(
        jacobian_norms(factors, log=True)[-1], 8000 * np.log(1.1), rtol=1e-10
    )
    assert jacobian_norms(factors)[-1] == np.inf
    assert jacobian_norms([np.zeros((2, 2)), np.eye(2)], log=True)[-1] == -np.inf


def test_partial_products_are_taken_from_the_right_and_broadcast():
    A, B = RNG.standard_normal((2, 4, 3)), RNG.standard_normal((5, 4))
    norms = jacobian_norms([A, B])
    np.testing.assert_allclose(norms[:, 0], np.linalg.norm(A, 2, axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(norms[:, 1], np.linalg.norm(B @ A, 2, axis=(1, 2)), rtol=1e-12)


# Pascanu's regularizer


def omega_with_frozen(W, deltas, slopes):
    """The formula of the paper, delta and D given."""
    total = 0.0
    for t in range(len(deltas) - 1):
        back = np.linalg.norm((deltas[t + 1] @ W) * slopes[t], axis=-1)
        total += np.mean((back / np.linalg.norm(deltas[t + 1], axis=-1) - 1) ** 2)
    return total


def test_omega_is_the_formula_and_its_gradient_the_immediate_one():
    net = RNN(U, Y, 4)
    w = net.init(np.random.default_rng(3), gain=0.6)
    W, deltas, slopes = net.unpack(w)["W"], net.deltas(w), net.slopes(w)
    value, in_W = immediate(list(deltas), list(slopes))
    np.testing.assert_allclose(value, omega_with_frozen(W, deltas, slopes), rtol=1e-12)
    for i, j in np.ndindex(W.shape):
        shift = np.zeros(W.shape)
        shift[i, j] = 1e-6
        ahead, behind = (omega_with_frozen(W + s * shift, deltas, slopes) for s in (1, -1))
        np.testing.assert_allclose(in_W[i, j], (ahead - behind) / 2e-6, rtol=1e-6, atol=1e-8)


def test_omega_adds_to_the_loss_and_to_the_gradient_in_w_only():
    net = RNN(U, Y, 4)
    w = net.init(rngs(2), gain=0.6)
    objective = Omega(net, 0.3)
    penalty, in_W = immediate(
        list(np.moveaxis(net.deltas(w), -3, 0)), list(np.moveaxis(net.slopes(w), -3, 0))
    )
    np.testing.assert_allclose(objective.value(w), net.value(w) + 0.3 * penalty, rtol=1e-12)
    extra = objective.gradient(w) - net.gradient(w)
    np.testing.assert_allclose(net.unpack(extra)["W"], 0.3 * in_W, rtol=1e-9, atol=1e-14)
    assert not extra[:, ~net.mask("W")].any()
    sweep = Omega(net, np.array([0.0, 0.3])[:, None, None]).value_and_gradient(w)
    np.testing.assert_array_equal(sweep[1][0], net.gradient(w))
    np.testing.assert_allclose(sweep[0][1], objective.value(w), rtol=1e-12)
    np.testing.assert_array_equal(
        objective.on([0, 1]).gradient(w), Omega(net.on([0, 1]), 0.3).gradient(w)
    )


def test_omega_ignores_a_sequence_whose_gradient_is_zero():
    net = RNN(U, np.zeros(6), 4, "relu")
    w = np.zeros(net.size)
    value, gradient = Omega(net, 1.0).value_and_gradient(w)
    assert value == 0 and not gradient.any()


def test_with_one_step_there_is_nothing_for_omega_to_hold():
    net = RNN(U[:, :1], Y, 4)
    w = net.init(rngs(2))
    value, gradient = Omega(net, 0.3).value_and_gradient(w)
    np.testing.assert_array_equal(value, net.value(w))
    np.testing.assert_array_equal(gradient, net.gradient(w))
    assert not net.unpack(gradient)["W"].any() and net.jacobians(w) == []


# Bad input


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: MLP(X, Y, ()), "sizes must have at least one layer"),
        (lambda: MLP(X, Y, (4, 0)), "every entry of sizes must be >= 1, got 0"),
        (lambda: MLP(X[0], Y, (4,)), "X must have at least 2 axes"),
        (lambda: MLP(X, Y[:, None], (4,)), r"y must have shape \(6,\), got \(6, 1\); pass y"),
        (lambda: MLP(X, Y[:5], (4,)), "one target for each example"),
        (lambda: MLP(X * np.nan, Y, (4,)), "X must be finite"),
        (lambda: MLP(X, Y, (4,), activation="sigmoid"), "activation must be one of 'tanh'"),
        (lambda: MLP(X, Y, (4,), loss="hinge"), "loss must be one of 'squared', 'softmax'"),
        (lambda: MLP(X, LABELS - 1, (4,), loss="softmax"), "whole numbers >= 0, got -1"),
        (lambda: MLP(X, LABELS + 0.5, (4,), loss="softmax"), "whole numbers >= 0, got 0.5"),
        (lambda: MLP(X, LABELS, (4,), loss="softmax", classes=2), "below classes = 2, got 2"),
        (lambda: MLP(X, LABELS * 1e30, (4,), loss="softmax"), r"must be below .*, got 2e\+30"),
        (lambda: MLP(X, Y, (4,), classes=3), "classes are for loss='softmax'"),
        (lambda: RNN(U, Y, 0), "hidden must be >= 1, got 0"),
        (lambda: RNN(U[:, :0], Y, 4), r"u must not be empty, got shape \(6, 0, 2\)"),
        (lambda: RNN(U[..., 0], Y, 4), r"one input a step is u\[..., None\]"),
        (lambda: RNN(U, Y, 4).value(np.zeros(3)), "must have 28 entries, got shape"),
        (
            lambda: RNN(U, Y, 4).init(np.random.default_rng(0), gain=0.0),
            "gain must be finite and > 0",
        ),
        (
            lambda: RNN(U, Y, 4).init(np.random.default_rng(0), gain=-1),
            "gain must be finite and > 0",
        ),
        (lambda: RNN(U, Y, 4).init(np.random.default_rng(0), kind="zeros"), "kind must be one of"),
        (lambda: RNN(U, Y, 4).init([]), "a list of them, got no generator"),
        (lambda: RNN(U, Y, 4).mask("W1"), "name must be one of 'W', 'U', 'V'"),
        (lambda: RNN(U, Y, 4).on([6]), "rows must be a slice"),
        (lambda: Omega(RNN(U, Y, 4), -1.0), "lam must be finite and >= 0"),
        (
            lambda: RNN([U, U, U], [Y, Y, Y], 4).value(np.zeros((2, 28))),
            r"leading axes must fit together, got \(2,\) of w, \(3,\) of u",
        ),
        (
            lambda: MLP([X, X, X], [Y, Y, Y], (4,)).value(np.zeros((2, 21))),
            r"leading axes must fit together, got \(2,\) of w, \(3,\) of X",
        ),
        (
            lambda: RNN(U, Y, 4).init(rngs(3), gain=[[1.0], [2.0]]),
            r"got \(2,\) of gain, \(3,\) of rng; give each sweep an axis of its own",
        ),
        (
            lambda: Omega(RNN(U, Y, 4), np.ones((3, 1))).value(np.zeros((2, 28))),
            r"got \(2,\) of w, \(3,\) of lam",
        ),
        (
            lambda: RNN(U, Y, 4).hessian_vector(np.zeros((2, 28)), np.zeros((3, 28))),
            r"axes must fit together, got \(2, 28\) of w, \(3, 28\) of v",
        ),
        (
            lambda: jacobian_norms([np.ones((2, 3, 3)), np.ones((4, 3, 3))]),
            r"got \(2,\) of factors\[0\], \(4,\) of factors\[1\]",
        ),
        (lambda: jacobian_norms([]), "at least one matrix"),
        (lambda: jacobian_norms([np.ones((2, 3)), np.ones((3, 3))]), "one column for each row of"),
        (lambda: jacobian_norms([np.ones(3)]), "at least 2 axes"),
    ],
)
def test_bad_values_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: MLP(X, Y, 4), "sizes must be a list of whole numbers"),
        (lambda: MLP(X, Y, (4.5,)), "every entry of sizes must be a whole number"),
        (lambda: MLP(X, Y, (4,), bias="no"), "bias must be True or False, got 'no'"),
        (lambda: RNN(U, Y, 4).on([[0], [1, 2]]), "rows must be an array of whole numbers"),
        (lambda: gradient_norms(Omega(RNN(U, Y, 4), 1.0), [0.0]), "network must be an MLP or an"),
        (lambda: gradient_error(MLP, [0.0]), "objective must have the methods value and gradient"),
        (lambda: jacobian_norms(None), "factors must be a list of matrices, got None"),
        (lambda: RNN(U, Y, 4).init(0), "rng must be a numpy.random.Generator"),
        (lambda: RNN(U, Y, 4).init([np.random.default_rng(0), 3]), "rng must be a numpy.random"),
        (lambda: Omega(MLP(X, Y, (4,)), 1.0), "network must be an RNN, got MLP"),
    ],
)
def test_bad_kinds_are_named(make, message):
    with pytest.raises(TypeError, match=message):
        make()
