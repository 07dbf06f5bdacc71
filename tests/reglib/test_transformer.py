"""The gated unit and the transformer: gradients by hand against PyTorch and against differences."""

import json

import numpy as np
import pytest

from reglib.datasets import TEXT, copy_task, typed_text
from reglib.networks import GRU, Transformer
from reglib.networks.transformer import attend, rms_norm, softmax
from reglib.optimizers import AdamScaling, Optimizer, WeightDecay
from reglib.penalties import L2, Masked
from reglib.training import train
from tests.reglib import laws_of_networks as laws
from trial.data import FOLDER

CASES = json.loads((FOLDER / "recorded/torch_networks.json").read_text())["cases"]
RNG = np.random.default_rng(0)
U, Y, LABELS = RNG.standard_normal((6, 5, 2)), RNG.standard_normal(6), np.array([0, 2, 1, 1, 0, 2])
TOKENS = RNG.integers(5, size=(3, 7))
SMALL = {"vocabulary": 5, "given": 2, "width": 4, "hidden": 6, "length": 8}


def transformer(**options):
    return Transformer(TOKENS, **(SMALL | options))


NETWORKS = {
    f"Transformer {norm}{' qk' * qk}{' tied' * tied}": transformer(norm=norm, qk_norm=qk, tied=tied)
    for norm in ("pre", "post", None)
    for qk in (False, True)
    for tied in (False, True)
} | {"GRU squared": GRU(U, Y, 4), "GRU softmax": GRU(U, LABELS, 4, "softmax")}
every_network = pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS)


def rngs(n):
    return [np.random.default_rng(i) for i in range(n)]


def started(net, n=None):
    """Initial weights, moved away from gains of 1; no relu stands within 1e-5 of its kink there."""
    w = net.init(np.random.default_rng(1) if n is None else rngs(n))
    return w + 0.1 * np.random.default_rng(3).standard_normal(w.shape)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['kind']} {c.get('options', c)!s:.60}")
def test_value_and_gradient_are_those_of_pytorch(case):
    expected = np.array(case["gradient"])
    w = 0.8 * np.sin(1.7 * np.arange(1, 1 + expected.size))
    if case["kind"] == "gru":
        net = GRU(case["u"], case["y"], case["hidden"], case["loss"])
        np.testing.assert_array_equal(case["w"], w)
    else:
        sizes = {"vocabulary": 5, "given": 3, "width": 6, "hidden": 8, "length": 7}
        net = Transformer(case["tokens"], **sizes, **case["options"])
    value, gradient = net.value_and_gradient(w)
    assert abs(value - case["value"]) <= 1e-12 * abs(case["value"])
    assert np.linalg.norm(gradient - expected) <= 1e-10 * np.linalg.norm(expected)


@every_network
def test_gradient_is_the_slope_of_the_value(net):
    laws.gradient_is_the_slope_of_the_value(net, started(net))


@every_network
def test_a_leading_axis_gives_the_numbers_of_a_loop(net):
    w = started(net, 6).reshape(2, 3, -1)
    laws.a_leading_axis_gives_the_numbers_of_a_loop(net, w, rtol=1e-9, atol=1e-13)
    np.testing.assert_array_equal(net.value_and_gradient(w)[0], net.value(w))
    for i in np.ndindex(2, 3):
        np.testing.assert_allclose(net.output(w)[i], net.output(w[i]), rtol=1e-9, atol=1e-13)


@every_network
def test_a_diverged_seed_leaves_its_neighbors_as_they_were(net):
    looks = [net.output, net.value, net.scores if isinstance(net, Transformer) else net.states]
    laws.a_spoiled_seed_leaves_its_neighbors_as_they_were(
        net, started(net, 3), lambda spoiled: [look(spoiled) for look in looks]
    )


@every_network
def test_on_takes_rows(net):
    laws.parts_of_the_rows_add_up(net, started(net), net.n_rows // 3)
    assert net.on([0]).size == net.size


def test_data_may_carry_the_leading_axes_too():
    u, y, tokens = RNG.standard_normal((3, 6, 5, 2)), RNG.standard_normal((3, 6)), None
    tokens = RNG.integers(5, size=(3, 4, 7))
    pairs = [
        (GRU(u, y, 4), [GRU(*data, 4) for data in zip(u, y, strict=True)]),
        (Transformer(tokens, **SMALL), [Transformer(own, **SMALL) for own in tokens]),
    ]
    for net, alone in pairs:
        w = started(net, 3)
        laws.data_may_carry_the_leading_axes_too(net, alone, w, rtol=1e-9, atol=1e-13)


# What each is


def test_a_gate_that_is_shut_keeps_its_memory():
    """Uz very large and inputs of 1: z = 1, and the state stays at 0; very small: h = c."""
    net = GRU(np.ones((1, 4, 1)), [0.0], 1)
    shut, open_ = ([0, 0, 0.7, 0, size, 0.5, 1.0] for size in (800.0, -800.0))
    assert not net.states(shut).any()
    h = [0.0]
    for _ in range(4):
        h.append(np.tanh(0.5 * 0.7 * h[-1] + 0.5))
    np.testing.assert_allclose(net.states(open_)[:, 0, 0], h, rtol=1e-12)


def test_no_step_looks_ahead():
    net = transformer(given=1)
    w = started(net)
    changed = TOKENS.copy()
    changed[:, 4] = (changed[:, 4] + 1) % 5
    before, after = (Transformer(t, **(SMALL | {"given": 1})).output(w) for t in (TOKENS, changed))
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert (before[:, 4] != after[:, 4]).any()
    assert (net.scores(w)[..., 0, 1:] == -np.inf).all()
    assert net.scores(w).shape == (2, 3, 2, 6, 6)


def test_logits_far_from_zero_give_the_same_softmax():
    s = RNG.standard_normal((4, 6))
    p, back = softmax(s)
    np.testing.assert_allclose(softmax(s + 1e4)[0], p, rtol=1e-10)
    np.testing.assert_allclose(softmax(1e300 * s)[0].sum(axis=-1), 1)
    assert np.abs(back(np.ones((4, 6)))[0]).max() < 1e-15, "a constant moves no probability"


def test_in_front_of_a_norm_only_the_direction_counts():
    x, dy = RNG.standard_normal((2, 5, 4))
    _, back = rms_norm(x, np.ones(4))
    assert np.abs((back(dy)[0] * x).sum(axis=-1)).max() < 1e-5
    np.testing.assert_allclose(
        rms_norm(10 * x, np.ones(4))[1](dy)[0], back(dy)[0] / 10, rtol=1e-4, atol=1e-6
    )


def test_attention_with_equal_scores_is_the_mean_of_what_was():
    v = RNG.standard_normal((5, 3))
    y, _, _ = attend(np.zeros((5, 3)), np.zeros((5, 3)), v)
    np.testing.assert_allclose(y, np.cumsum(v, axis=0) / np.arange(1, 6)[:, None], rtol=1e-12)


def test_initial_weights_have_the_deviation_of_their_kind():
    net = Transformer(TOKENS, 5, width=16, layers=3, length=200)
    parts = net.unpack(net.init(rngs(20)))
    sizes = {"P": 1, "Wq": 1 / 4, "W1": 1 / 4, "Wo": 1 / 4 / 6**0.5, "W2": 1 / 32**0.5 / 6**0.5}
    for name, deviation in sizes.items():
        assert abs(parts[name].std() / deviation - 1) < 0.03, name
    assert (parts["g1"] == 1).all() and (parts["g"] == 1).all()
    unscaled = net.unpack(net.init(rngs(20), scaled=False))
    np.testing.assert_allclose(unscaled["Wo"], 6**0.5 * parts["Wo"], rtol=1e-12)
    np.testing.assert_array_equal(unscaled["W1"], parts["W1"])


def test_a_transformer_learns_to_copy():
    tokens = copy_task(np.random.default_rng(0), 64, half=3, symbols=4)
    net = Transformer(tokens, 4, given=3, width=8)
    adam = Optimizer(AdamScaling(), learning_rate=0.02)
    run = train(net, adam, net.init(rngs(2)), n_steps=200)
    assert (run.loss[-1] < 0.1).all() and run.loss[0].min() > 1


# Data


def test_the_second_half_is_the_first():
    tokens = copy_task(rngs(3), 4, half=5, symbols=7)
    assert tokens.shape == (3, 4, 10) and set(np.unique(tokens)) == set(range(7))
    np.testing.assert_array_equal(tokens[..., :5], tokens[..., 5:])
    np.testing.assert_array_equal(tokens[1], copy_task(rngs(2)[1], 4, half=5, symbols=7))


def test_pieces_of_the_text_stand_in_it():
    letters = np.array(sorted(set(TEXT)))
    for piece in typed_text(rngs(2), 20, length=30).reshape(40, 30):
        assert "".join(letters[piece]) in TEXT
    with pytest.raises(ValueError, match=f"length must be at most {len(TEXT)}, got 9999"):
        typed_text(np.random.default_rng(0), 1, length=9999)


# Groups that decay


def test_each_group_decays_by_its_own_strength():
    net, w = transformer(), started(transformer())
    embeddings, queries = net.mask("E", "P"), net.mask("Wq", "Wk")
    groups = Optimizer(WeightDecay(0.5, embeddings), WeightDecay(0.1, queries), learning_rate=1.0)
    after = train(net, groups, w, n_steps=1).w
    plain = train(net, Optimizer(learning_rate=1.0), w, n_steps=1).w
    np.testing.assert_allclose(plain - after, w * (0.5 * embeddings + 0.1 * queries), atol=1e-12)


def test_a_watch_logs_scores_and_norms_by_group():
    net, log = transformer(), []

    def look(step):
        parts = net.unpack(step.w)
        log.append((net.scores(step.w).max(axis=(-5, -4, -3, -2, -1)), np.abs(parts["E"]).max()))

    train(net, Optimizer(learning_rate=0.1), started(net, 3), n_steps=4, watch=look)
    assert [scores.shape for scores, _ in log] == [(3,)] * 4
    assert np.isfinite(log[-1][0]).all()


# Bad input


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: transformer(heads=3), "heads must divide width = 4, got 3"),
        (lambda: transformer(heads=0), "heads must be >= 1, got 0"),
        (lambda: transformer(length=5), r"tokens must have at most length \+ 1 = 6 steps, got 7"),
        (lambda: transformer(vocabulary=3), "tokens must be whole numbers from 0 to 2, got [34]"),
        (lambda: Transformer(TOKENS - 1, **SMALL), "whole numbers from 0 to 4, got -1"),
        (lambda: Transformer(TOKENS + 0.5, **SMALL), r"whole numbers from 0 to 4, got \d.5"),
        (lambda: Transformer(TOKENS * np.nan, **SMALL), "tokens must be finite"),
        (lambda: transformer(given=7), r"more than given = 7\), got \(3, 7\)"),
        (lambda: Transformer([1, 2], **SMALL), r"more than given = 2\), got \(2,\)"),
        (lambda: transformer(norm="layer"), "norm must be one of 'pre', 'post', got 'layer'"),
        (lambda: transformer().value(np.zeros(3)), "must have 316 entries"),
        (lambda: transformer().mask("g3"), "name must be one of"),
        (lambda: GRU(U[..., 0], Y, 4), r"one input a step is u\[..., None\]"),
        (lambda: GRU(U, Y, 0), "hidden must be >= 1, got 0"),
        (lambda: GRU(U, Y[:5], 4), "one target for each example"),
        (lambda: WeightDecay(0.1, np.zeros(3, bool)), "mask must be True somewhere, got 3 times"),
        (lambda: Masked(L2(0.1), [False, False]), "mask must be True somewhere, got 2 times"),
        (
            lambda: Optimizer(
                WeightDecay(0.1, [True, True, False]),
                AdamScaling(),
                WeightDecay(0.1, [False, True, True]),
                learning_rate=0.1,
            ),
            "groups of weights that decay must not overlap, got 1 of 3 in two",
        ),
        (
            lambda: Optimizer(WeightDecay(0.1), WeightDecay(0.2), learning_rate=0.1),
            "must not overlap, got all of them in two",
        ),
        (
            lambda: Optimizer(
                WeightDecay(0.1, [True, False]), WeightDecay(0.1, [True] * 3), learning_rate=0.1
            ),
            "axes must fit|could not be broadcast",
        ),
    ],
)
def test_bad_values_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_bad_kinds_are_named():
    with pytest.raises(TypeError, match="tied must be True or False, got 'yes'"):
        transformer(tied="yes")
    with pytest.raises(TypeError, match="heads must be a whole number, got 2.0"):
        transformer(heads=2.0)
