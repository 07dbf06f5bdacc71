"""Optimizers: each transform does one job, and the sentence is read from left to right."""

import json

import numpy as np
import pytest

from reglib.losses import SquaredError
from reglib.optimizers import (
    AdaGrad,
    AdamScaling,
    ClipByNorm,
    Cosine,
    Hypergradient,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
    WeightDecay,
)
from trial.data import FOLDER

RNG = np.random.default_rng(0)
TRANSFORMS = {
    "ClipByNorm": ClipByNorm(1.0),
    "WeightDecay": WeightDecay(0.1),
    "WeightDecay on some": WeightDecay(0.1, [True, False, True, True]),
    "Momentum": Momentum(0.9),
    "Nesterov": Nesterov(0.9),
    "AdamScaling": AdamScaling(),
    "AdaGrad": AdaGrad(),
    "RMSProp": RMSProp(),
}
every_transform = pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)


SGD = Optimizer(learning_rate=0.1)


def iterate(optimizer, w, gradient, n=50):
    memory = optimizer.start(w)
    for _ in range(n):
        w, memory = optimizer.step(w, gradient=gradient(w), memory=memory)
    return w


def test_no_transform_is_plain_gradient_descent():
    w, g = RNG.standard_normal((2, 4))
    np.testing.assert_array_equal(SGD.step(w, gradient=g, memory=SGD.start(w))[0], w - 0.1 * g)
    np.testing.assert_array_equal(SGD.step([1, 2], gradient=[10, 10], memory=())[0], [0.0, 1.0])


@every_transform
def test_a_leading_axis_gives_the_numbers_of_a_loop(transform):
    w, h = RNG.standard_normal((3, 4)), RNG.uniform(0.5, 2, (3, 4))
    optimizer = Optimizer(transform, learning_rate=0.1)
    together = iterate(optimizer, w, lambda w: h * w)
    for i in range(3):
        alone = iterate(optimizer, w[i], lambda w, i=i: h[i] * w)
        np.testing.assert_allclose(together[i], alone, rtol=1e-12, atol=1e-300)


@every_transform
def test_a_gradient_with_nan_or_inf_ends_as_nan_and_spares_its_neighbors(transform):
    w, g = RNG.standard_normal((2, 3, 4))
    clean = transform.update(g, w=w, memory=transform.start(w))[0]
    for bad in (np.nan, np.inf):
        spoiled = g.copy()
        spoiled[1, 2] = bad
        with np.errstate(invalid="ignore"):
            out, _ = transform.update(spoiled, w=w, memory=transform.start(w))
        np.testing.assert_array_equal(out[[0, 2]], clean[[0, 2]])
        assert not np.isfinite(out[1]).all()


@every_transform
def test_inputs_are_never_written_to(transform):
    w, g = RNG.standard_normal((2, 4))
    memory = transform.start(w)
    copies = w.copy(), g.copy()
    transform.update(g, w=w, memory=transform.update(g, w=w, memory=memory)[1])
    np.testing.assert_array_equal(w, copies[0])
    np.testing.assert_array_equal(g, copies[1])


@every_transform
def test_every_transform_still_finds_the_minimum(transform):
    loss = SquaredError(np.eye(4), np.zeros(4))
    falling = Optimizer(transform, learning_rate=Cosine(0.1, 3000))
    assert np.abs(iterate(falling, np.ones(4), loss.gradient, 3000)).max() < 1e-3


def test_with_a_constant_rate_rmsprop_ends_in_steps_of_that_length_around_the_minimum():
    optimizer = Optimizer(RMSProp(), learning_rate=0.05)
    w = iterate(optimizer, np.ones(3), lambda w: np.array([1.0, 2.0, 30.0]) * w, 3000)
    np.testing.assert_allclose(np.abs(w), 0.025, rtol=1e-3)


# Clipping


def test_clip_by_norm_keeps_the_direction_and_bounds_the_length():
    g = RNG.standard_normal((100, 4)) * np.logspace(-3, 3, 100)[:, None]
    clipped = ClipByNorm(1.0).update(g, w=None, memory=None)[0]
    before, after = np.linalg.norm(g, axis=1), np.linalg.norm(clipped, axis=1)
    np.testing.assert_allclose(after, np.minimum(before, 1), rtol=1e-12)
    np.testing.assert_allclose(clipped / after[:, None], g / before[:, None], rtol=1e-12)
    np.testing.assert_array_equal(clipped[before <= 1], g[before <= 1])


def test_thresholds_can_be_a_sweep():
    g = np.array([3.0, 4.0])
    out = ClipByNorm(np.array([1.0, 10.0])[:, None]).update(g, w=None, memory=None)[0]
    np.testing.assert_allclose(out, [[0.6, 0.8], [3, 4]], rtol=1e-15)


@pytest.mark.parametrize("size", [1e160, 1e200, 1e308])
def test_norms_that_overflow_when_squared_are_still_norms(size):
    g = np.array([[0.6, 0.8], [1.0, 0.0]]) * np.array([[size], [0.5]])
    out = ClipByNorm(2.0).update(g, w=None, memory=None)[0]
    np.testing.assert_allclose(out, [[1.2, 1.6], [0.5, 0.0]], rtol=1e-12)


@pytest.mark.parametrize("size", [1e-150, 1e-170, 1e-280])
def test_norms_that_underflow_when_squared_are_still_norms(size):
    g = np.array([[0.6, 0.8], [0.0, 0.0], [1e-20, 0.0], [3.0, 4.0]]) * size
    out = ClipByNorm(size / 2).update(g, w=None, memory=None)[0]
    expected = np.array([[0.3, 0.4], [0, 0], [1e-20, 0], [0.3, 0.4]])
    np.testing.assert_allclose(out / size, expected, rtol=1e-12)


# Memory


def test_momentum_is_the_heavy_ball():
    h, s, beta = np.array([1.0, 2.0]), 0.3, 0.8
    w = before = np.array([1.0, -1.0])
    ours = [w]
    optimizer = Optimizer(Momentum(beta), learning_rate=s)
    memory = optimizer.start(w)
    for _ in range(20):
        w, memory = optimizer.step(w, gradient=h * w, memory=memory)
        ours.append(w)
    w = ours[0]
    for k in range(20):  # Polyak's form, with the weights of two steps
        w, before = w - s * h * w + beta * (w - before), w
        np.testing.assert_allclose(ours[k + 1], w, rtol=1e-12)


def test_nesterov_is_the_gradient_one_step_ahead():
    h, s, beta = np.array([1.0, 2.0]), 0.3, 0.8
    optimizer = Optimizer(Nesterov(beta), learning_rate=s)
    theta = w = np.array([1.0, -1.0])
    memory, v = optimizer.start(w), np.zeros(2)
    for _ in range(20):
        v = beta * v - s * h * (theta + beta * v)  # Sutskever et al. 2013, eq. 3 and 4
        theta = theta + v
        w, memory = optimizer.step(w, gradient=h * w, memory=memory)
        np.testing.assert_allclose(w, theta + beta * v, rtol=1e-12)


def test_adam_is_its_published_recursion():
    g = RNG.standard_normal((30, 4))
    adam = AdamScaling(beta1=0.8, beta2=0.9, eps=1e-3)
    m = v = np.zeros(4)
    memory = adam.start(m)
    for k in range(30):
        m, v = 0.8 * m + 0.2 * g[k], 0.9 * v + 0.1 * g[k] ** 2
        expected = (m / (1 - 0.8 ** (k + 1))) / (np.sqrt(v / (1 - 0.9 ** (k + 1))) + 1e-3)
        out, memory = adam.update(g[k], w=None, memory=memory)
        np.testing.assert_allclose(out, expected, rtol=1e-12)


@pytest.mark.parametrize("scaling", [AdamScaling(), AdaGrad(), RMSProp()], ids=repr)
def test_under_a_scaling_an_entry_whose_square_overflows_stands_still(scaling):
    memory = scaling.start(np.zeros(2))
    with np.errstate(over="ignore"):
        for g in ([1e200, 1.0], [1.0, 1.0]):
            out, memory = scaling.update(np.array(g), w=None, memory=memory)
            assert out[0] == 0 and out[1] > 0.5


@pytest.mark.parametrize("scaling", [AdamScaling(), AdaGrad(), RMSProp()], ids=repr)
def test_the_first_scaled_update_does_not_depend_on_the_size_of_the_gradient(scaling):
    g = np.array([3e-3, -40.0, 1e9])
    first, _ = scaling.update(g, w=None, memory=scaling.start(g))
    sizes = {"AdamScaling": 1, "AdaGrad": 1, "RMSProp": 10}
    expected = sizes[type(scaling).__name__] * np.sign(g)
    np.testing.assert_allclose(first, expected, rtol=1e-4)


def test_the_steps_of_adagrad_only_ever_shrink_under_a_constant_gradient():
    adagrad, memory, g = AdaGrad(), np.zeros(1), np.array([5.0])
    for k in range(1, 20):
        out, memory = adagrad.update(g, w=None, memory=memory)
        np.testing.assert_allclose(out, k**-0.5, rtol=1e-9)


# PyTorch

SENTENCES = {
    "Adam": ((AdamScaling(),), 0.1),
    "Adam, other betas": ((AdamScaling(beta1=0.8, beta2=0.95, eps=1e-3),), 0.1),
    "Adam, weight_decay": ((WeightDecay(0.3), AdamScaling()), 0.1),
    "AdamW": ((AdamScaling(), WeightDecay(0.3)), 0.1),
    "RMSProp": ((RMSProp(),), 0.02),
    "RMSProp, other alpha": ((RMSProp(beta=0.9, eps=1e-3),), 0.02),
    "AdaGrad": ((AdaGrad(),), 0.5),
    "SGD": ((), 0.05),
    "SGD, weight_decay": ((WeightDecay(0.3),), 0.05),
    "Momentum": ((Momentum(0.9),), 0.02),
    "Nesterov": ((Nesterov(0.9),), 0.02),
    "Cosine": ((), Cosine(0.05, 30, final=0.001)),
}
RECORDED = json.loads((FOLDER / "recorded/optimizers.json").read_text())["cases"]
WAVES, SHIFT = np.sin(1.7 * np.arange(1.0, 26.0)).reshape(5, 5), 0.3 * np.arange(5.0)[:, None]
GRADIENTS = {
    "line": SquaredError([[1, k] for k in range(1, 6)], [2, 4, 7, 11, 16]).gradient,
    "waves": lambda w: (WAVES * np.cos(w + SHIFT)).sum(axis=1),
}


@pytest.mark.parametrize("case", RECORDED, ids=lambda c: f"{c['optimizer']}, {c['problem']}")
def test_the_iterates_are_those_of_pytorch(case):
    transforms, rate = SENTENCES[case["optimizer"]]
    optimizer, w = Optimizer(*transforms, learning_rate=rate), np.array(case["start"])
    memory = optimizer.start(w)
    for expected in case["path"]:
        w, memory = optimizer.step(w, gradient=GRADIENTS[case["problem"]](w), memory=memory)
        np.testing.assert_allclose(w, expected, rtol=1e-10, atol=1e-10)


def test_every_sentence_was_recorded_on_both_problems():
    assert len(RECORDED) == 2 * len(SENTENCES) and {len(c["path"]) for c in RECORDED} == {30}


# Order


def test_decay_outside_the_clip_keeps_its_strength_and_inside_loses_it():
    w, g = np.array([10.0, 0.0]), np.array([0.0, 1e4])
    outside = Optimizer(ClipByNorm(1.0), WeightDecay(0.1), learning_rate=1.0)
    inside = Optimizer(WeightDecay(0.1), ClipByNorm(1.0), learning_rate=1.0)
    np.testing.assert_allclose(
        outside.step(w, gradient=g, memory=outside.start(w))[0], [9.0, -1.0], rtol=1e-12
    )
    length = np.hypot(1.0, 1e4)
    expected = [10 - 1 / length, -1e4 / length]
    np.testing.assert_allclose(
        inside.step(w, gradient=g, memory=inside.start(w))[0], expected, rtol=1e-12
    )


def test_the_sentence_shows_its_order():
    sentence = repr(Optimizer(ClipByNorm(1.0), WeightDecay(0.1), learning_rate=0.05))
    assert sentence == (
        "Optimizer(ClipByNorm(max_norm=1.0), WeightDecay(lam=0.1, mask=None), learning_rate=0.05)"
    )


def test_decay_spares_the_weights_outside_its_mask():
    out = WeightDecay(0.5, [True, False]).update(np.zeros((3, 2)), w=np.ones((3, 2)), memory=None)[
        0
    ]
    np.testing.assert_array_equal(out, [[0.5, 0.0]] * 3)


# Bad input


@every_transform
def test_no_order_of_gradient_memory_and_weights_is_taken_for_ours(transform):
    """Another library has update(gradient, memory, w): its order would pass on the weights."""
    w, g = RNG.standard_normal((2, 4))
    memory = transform.start(w)
    for order in ((g, memory, w), (g, w, memory)):
        with pytest.raises(TypeError, match="positional"):
            transform.update(*order)
        with pytest.raises(TypeError, match="positional"):
            Optimizer(transform, learning_rate=0.1).step(*order)
        with pytest.raises(TypeError, match="positional"):
            Hypergradient(0.1, 0.1).next_rate(*order)


@pytest.mark.parametrize("kind", [AdaGrad, RMSProp, AdamScaling])
def test_a_first_number_that_is_a_learning_rate_elsewhere_is_not_taken_for_another(kind):
    with pytest.raises(TypeError, match="positional"):
        kind(0.1)
    with pytest.raises(TypeError, match="positional"):
        Cosine(0.1, 100, 0.5)  # elsewhere a share of the first rate


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ClipByNorm(0.0), "max_norm must be finite and > 0, got 0"),
        (lambda: ClipByNorm(-1.0), "max_norm must be finite and > 0, got -1"),
        (lambda: ClipByNorm(np.nan), "max_norm must be finite and > 0"),
        (lambda: ClipByNorm([1.0, 2.0]), r"a sweep is max_norm\[:, None\]"),
        (lambda: WeightDecay(-0.1), "lam must be finite and >= 0"),
        (
            lambda: WeightDecay(0.1, [True]).update(np.zeros(2), w=np.zeros(2), memory=None),
            "must have 1 ent",
        ),
        (lambda: Momentum(1.0), "beta must be finite and >= 0 and < 1, got 1"),
        (lambda: Nesterov(-0.1), "beta must be finite and >= 0 and < 1, got -0.1"),
        (lambda: AdamScaling(beta2=1.0), "beta2 must be finite and >= 0 and < 1"),
        (lambda: AdamScaling(eps=0.0), "eps must be finite and > 0"),
        (lambda: AdaGrad(eps=0.0), "eps must be finite and > 0, got 0"),
        (lambda: RMSProp(beta=1.0), "beta must be finite and >= 0 and < 1, got 1"),
        (lambda: RMSProp(eps=-1), "eps must be finite and > 0, got -1"),
        (lambda: Optimizer(learning_rate=0.0), "learning_rate must be finite and > 0, got 0"),
        (
            lambda: SGD.step(np.zeros(3), gradient=np.zeros((3, 1)), memory=()),
            "last axis of gradient must have 3",
        ),
    ],
)
def test_bad_values_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Optimizer(0.1, learning_rate=1.0), "transform must be a transform such as Clip"),
        (lambda: Optimizer(ClipByNorm, learning_rate=1.0), "transform must be a transform"),
        (lambda: Optimizer(Cosine(0.1, 9), learning_rate=1.0), "transform must be a transform"),
        (lambda: Optimizer(learning_rate=Momentum()), "must be a number > 0 or a rule such as Cos"),
        (lambda: Optimizer(learning_rate=Cosine), "learning_rate must be a number > 0 or a rule"),
        (lambda: Optimizer(learning_rate="0.1"), "rule such as Cosine.0.1, 100., got '0.1'"),
        (lambda: Optimizer(learning_rate=None), "learning_rate must be a number > 0 or a rule"),
        (lambda: WeightDecay(0.1, [[True], [True, False]]), "mask must be an array of True and"),
        (lambda: WeightDecay(0.1, [0, 1]), "mask must be an array of True and False"),
    ],
)
def test_bad_kinds_are_named(make, message):
    with pytest.raises(TypeError, match=message):
        make()
